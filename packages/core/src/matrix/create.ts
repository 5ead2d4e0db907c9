import type { DType, TypedArray } from '../base/dtype.ts'
import { DTypeError, ShapeError } from '../base/errors.ts'
import { dtypeOption } from '../base/options.ts'
import { checkInteger, checkNumber, checkShape, describe } from '../base/shape.ts'
import { allocate } from '../engine/allocate.ts'
import { Matrix, owning } from './matrix.ts'

export interface CreationOptions {
  /** The dtype of the new matrix; the default one, or that of a typed array, when absent. */
  readonly dtype?: DType
}

/** A matrix of zeros after every argument is checked. */
function allocateMatrix<R extends number, C extends number>(
  operation: string,
  rows: R,
  cols: C,
  options: CreationOptions | undefined,
): Matrix<R, C> {
  checkShape(operation, rows, cols)
  return owning(allocate(dtypeOption(operation, options), rows * cols), rows, cols)
}

/**
 * A matrix from an array of rows, which is copied, or from a typed array in row-major order, which is wrapped unless a
 * dtype asks for the other precision. A typed array without sizes is one row.
 *
 * @throws ShapeError for rows of different lengths or a size that is not rows·cols; DTypeError for elements that are not
 * numbers.
 */
export function matrix(data: readonly (readonly number[])[], options?: CreationOptions): Matrix
export function matrix(data: TypedArray, options?: CreationOptions): Matrix<1, number>
export function matrix<R extends number, C extends number>(
  data: TypedArray | readonly (readonly number[])[],
  rows: R,
  cols: C,
  options?: CreationOptions,
): Matrix<R, C>
export function matrix(
  data: TypedArray | readonly (readonly number[])[],
  second?: number | CreationOptions,
  third?: number,
  fourth?: CreationOptions,
): Matrix {
  const sized = typeof second === 'number' || third !== undefined
  const options = sized ? fourth : (second as CreationOptions | undefined)
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const wrapped = sized ? new Matrix(data, second as number, third as number) : new Matrix(data, 1, data.length)
    const dtype = dtypeOption('matrix', options, wrapped.dtype)
    return dtype === wrapped.dtype ? wrapped : wrapped.astype(dtype)
  }
  const made = fromRows(data, options)
  return sized ? owning(made.elements, second as number, third as number) : made
}

function fromRows(rows: readonly (readonly number[])[], options: CreationOptions | undefined): Matrix {
  if (!Array.isArray(rows))
    throw new DTypeError(`matrix: data is ${describe(rows)}, wanted an array of rows, a Float32Array or a Float64Array`)
  for (const [i, row] of rows.entries()) {
    if (!Array.isArray(row)) throw new DTypeError(`matrix: row ${i} is ${describe(row)}, wanted an array of numbers`)
    if (row.length !== rows[0].length)
      throw new ShapeError(`matrix: row ${i} has ${row.length} elements, row 0 has ${rows[0].length}, wanted as many`)
    for (let j = 0; j < row.length; j++) checkNumber('matrix', `element ${i}, ${j}`, row[j])
  }
  const made = allocateMatrix('matrix', rows.length, rows[0]?.length ?? 0, options)
  for (const [i, row] of rows.entries()) made.elements.set(row, i * made.cols)
  return made
}

/** rows x cols zeros. */
export const zeros = <R extends number, C extends number>(rows: R, cols: C, options?: CreationOptions): Matrix<R, C> =>
  allocateMatrix('zeros', rows, cols, options)

/** rows x cols ones. */
export function ones<R extends number, C extends number>(rows: R, cols: C, options?: CreationOptions): Matrix<R, C> {
  const made = allocateMatrix('ones', rows, cols, options)
  made.elements.fill(1)
  return made
}

/** rows x cols of one value. */
export function full<R extends number, C extends number>(
  rows: R,
  cols: C,
  value: number,
  options?: CreationOptions,
): Matrix<R, C> {
  checkNumber('full', 'the value', value)
  const made = allocateMatrix('full', rows, cols, options)
  made.elements.fill(value)
  return made
}

/** The nxn identity. */
export function eye<N extends number>(n: N, options?: CreationOptions): Matrix<N, N> {
  const made = allocateMatrix('eye', n, n, options)
  for (let i = 0; i < n; i++) made.elements[i * (n + 1)] = 1
  return made
}

/** a[i, j] = f(i, j). @throws DTypeError unless f is a function and gives numbers. */
export function fromFunction<R extends number, C extends number>(
  rows: R,
  cols: C,
  f: (i: number, j: number) => number,
  options?: CreationOptions,
): Matrix<R, C> {
  if (typeof f !== 'function') throw new DTypeError(`fromFunction: f is ${describe(f)}, wanted a function`)
  const made = allocateMatrix('fromFunction', rows, cols, options)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      const value = f(i, j)
      checkNumber('fromFunction', `element ${i}, ${j}`, value)
      made.elements[i * cols + j] = value
    }
  return made
}

/** The row f(0), f(1), … */
function row(operation: string, count: number, f: (j: number) => number, options?: CreationOptions): Matrix<1, number> {
  const made = allocateMatrix(operation, 1, count, options)
  for (let j = 0; j < count; j++) made.elements[j] = f(j)
  return made
}

/** The row start, start + step, … up to stop, which is left out; arange(n) is 0 … n − 1. */
export function arange(start: number, stop?: number, step = 1, options?: CreationOptions): Matrix<1, number> {
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  for (const [what, value] of Object.entries({ start: from, stop: to, step })) checkNumber('arange', what, value)
  const count = Math.max(0, Math.ceil((to - from) / step))
  if (!Number.isFinite(count))
    throw new ShapeError(`arange: ${from} to ${to} by ${step} has no end, wanted a finite row`)
  return row('arange', count, (j) => from + j * step, options)
}

/** The row of `count` evenly spaced numbers from start to stop, both included. */
export function linspace(start: number, stop: number, count = 50, options?: CreationOptions): Matrix<1, number> {
  checkNumber('linspace', 'start', start)
  checkNumber('linspace', 'stop', stop)
  checkInteger('linspace', 'count', count, 0, Number.MAX_SAFE_INTEGER)
  const step = (stop - start) / (count - 1)
  return row('linspace', count, (j) => (j === count - 1 && j > 0 ? stop : start + (j && j * step)), options)
}
