import type { DType, TypedArray } from '../base/dtype.ts'
import { DTypeError, ShapeError } from '../base/errors.ts'
import { checkNoMore, didYouMean, dtypeOption } from '../base/options.ts'
import { checkInteger, checkNumber, checkShape, describe } from '../base/shape.ts'
import { allocate } from '../engine/allocate.ts'
import { checkAttached, Matrix, owning } from './matrix.ts'

export interface CreationOptions {
  /** The dtype of the new matrix. @default the default dtype, or that of a typed array */
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

/** What is converted to a dtype: typed arrays of anything but BigInts. */
type NumberArray =
  | TypedArray
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array

type Row = readonly number[] | NumberArray

const isNumberArray = (data: unknown): data is NumberArray =>
  ArrayBuffer.isView(data) &&
  !(data instanceof DataView || data instanceof BigInt64Array || data instanceof BigUint64Array)

/**
 * A matrix from an array of rows, which is copied, or from a list of elements in row-major order: with sizes, or as one row where
 * it is a typed array. A Float32Array or Float64Array is wrapped unless a dtype asks for the other precision; other typed arrays
 * are converted. Rows that are Float32Arrays, or some Float64Array among them, bring their dtype.
 *
 * @throws ShapeError for rows of different lengths or a size that is not rows·cols; DTypeError for elements that are not
 * numbers.
 */
export function matrix(data: readonly Row[], options?: CreationOptions): Matrix
export function matrix(data: NumberArray, options?: CreationOptions): Matrix<1, number>
export function matrix<R extends number, C extends number>(
  data: NumberArray | readonly number[] | readonly Row[],
  rows: R,
  cols: C,
  options?: CreationOptions,
): Matrix<R, C>
export function matrix(
  data: NumberArray | readonly number[] | readonly Row[],
  second?: number | CreationOptions,
  third?: number,
  fourth?: CreationOptions,
  ...more: []
): Matrix {
  const sized = typeof second === 'number' || third !== undefined
  checkNoMore('matrix', sized ? 'data, rows, cols, options' : 'data, options', sized ? more : [fourth, ...more])
  const options = sized ? fourth : (second as CreationOptions | undefined)
  const shaped = (elements: TypedArray, make: (...of: [TypedArray, number, number]) => Matrix): Matrix =>
    sized ? make(elements, second as number, third as number) : make(elements, 1, elements.length)
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const wrapped = shaped(data, (...of) => new Matrix(...of))
    const dtype = dtypeOption('matrix', options, wrapped.dtype)
    return dtype === wrapped.dtype ? wrapped : wrapped.astype(dtype)
  }
  if (isNumberArray(data) || (sized && isFlat(data))) return shaped(listOf(data, options), owning)
  const made = fromRows(data as readonly Row[], options)
  return sized ? owning(made.elements, second as number, third as number) : made
}

const isFlat = (data: unknown): data is readonly number[] =>
  Array.isArray(data) && data.length > 0 && !(Array.isArray(data[0]) || isNumberArray(data[0]))

/** A list of elements in the dtype that options ask for. */
function listOf(data: readonly number[] | NumberArray, options: CreationOptions | undefined): TypedArray {
  if (!Array.isArray(data) && data.length === 0) checkAttached(data as NumberArray)
  for (let i = 0; i < data.length; i++) checkNumber('matrix', `element ${i}`, data[i])
  const { elements } = allocateMatrix('matrix', 1, data.length, options)
  elements.set(data)
  return elements
}

function fromRows(rows: readonly Row[], options: CreationOptions | undefined): Matrix {
  if (!Array.isArray(rows))
    throw new DTypeError(`matrix: data is ${describe(rows)}, wanted an array of rows or a typed array of numbers`)
  for (const [i, row] of rows.entries()) {
    if (!Array.isArray(row) && !isNumberArray(row))
      throw new DTypeError(`matrix: row ${i} is ${describe(row)}, wanted an array of numbers${hint(rows)}`)
    if (row.length !== rows[0].length)
      throw new ShapeError(`matrix: row ${i} has ${row.length} elements, row 0 has ${rows[0].length}, wanted as many`)
    for (let j = 0; j < row.length; j++) checkNumber('matrix', `element ${i}, ${j}`, row[j])
  }
  const dtype = dtypeOption('matrix', options, dtypeOfRows(rows))
  const made = allocateMatrix('matrix', rows.length, rows[0]?.length ?? 0, { dtype })
  for (const [i, row] of rows.entries()) made.elements.set(row, i * made.cols)
  return made
}

function dtypeOfRows(rows: readonly Row[]): DType | undefined {
  if (rows.some((row) => row instanceof Float64Array)) return 'float64'
  return rows.length > 0 && rows.every((row) => row instanceof Float32Array) ? 'float32' : undefined
}

/** What somebody meant who gave a list of numbers. */
function hint(data: readonly unknown[]): string {
  if (!data.every((each) => typeof each === 'number')) return ''
  const shown = data.slice(0, HINTED).join(', ')
  return didYouMean(`[[${shown}${data.length > HINTED ? ', …' : ''}]], or are the sizes missing`)
}

/** The most numbers that a hint repeats. */
const HINTED = 6

/**
 * rows x cols zeros.
 *
 * @throws DTypeError unless sizes are whole numbers, and for other options; ShapeError for negative ones, and more than 2²⁹
 * elements.
 */
export function zeros<R extends number, C extends number>(
  rows: R,
  cols: C,
  options?: CreationOptions,
  ...more: []
): Matrix<R, C> {
  checkNoMore('zeros', 'rows, cols, options', more)
  return allocateMatrix('zeros', rows, cols, options)
}

/** rows x cols ones. @throws as `zeros`. */
export function ones<R extends number, C extends number>(
  rows: R,
  cols: C,
  options?: CreationOptions,
  ...more: []
): Matrix<R, C> {
  checkNoMore('ones', 'rows, cols, options', more)
  const made = allocateMatrix('ones', rows, cols, options)
  made.elements.fill(1)
  return made
}

/** rows x cols of one value. @throws DTypeError unless it is a number; as `zeros`. */
export function full<R extends number, C extends number>(
  rows: R,
  cols: C,
  value: number,
  options?: CreationOptions,
  ...more: []
): Matrix<R, C> {
  checkNoMore('full', 'rows, cols, value, options', more)
  checkNumber('full', 'the value', value)
  const made = allocateMatrix('full', rows, cols, options)
  made.elements.fill(value)
  return made
}

/** 1 where the row is the column, else 0: the nxn identity, or nxm. @throws as `zeros`. */
export function eye<N extends number>(n: N, options?: CreationOptions): Matrix<N, N>
export function eye<N extends number, M extends number>(n: N, m: M, options?: CreationOptions): Matrix<N, M>
export function eye(n: number, second?: number | CreationOptions, third?: CreationOptions, ...more: []): Matrix {
  checkNoMore('eye', 'n, m, options', more)
  const sized = third !== undefined || (second !== undefined && typeof second !== 'object')
  const [m, options] = sized ? [second === undefined ? n : (second as number), third] : [n, second as CreationOptions]
  const made = allocateMatrix('eye', n, m, options)
  for (let i = 0; i < Math.min(n, m); i++) made.elements[i * (m + 1)] = 1
  return made
}

/** a[i, j] = f(i, j), rows x cols. @throws DTypeError unless f is a function and gives numbers; as `zeros`. */
export function fromFunction<R extends number, C extends number>(
  rows: R,
  cols: C,
  f: (i: number, j: number) => number,
  options?: CreationOptions,
  ...more: []
): Matrix<R, C> {
  checkNoMore('fromFunction', 'rows, cols, f, options', more)
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

/**
 * The row start, start + step, … up to stop, which is left out, 1x⌈(stop − start) / step⌉; arange(n) is 0 … n − 1. The step is
 * 1 unless given. Without numbers between, it is 1x0.
 *
 * @throws DTypeError unless all are numbers, and for other options; ShapeError where the row has no end.
 */
export function arange(
  start: number,
  stop?: number,
  step = 1,
  options?: CreationOptions,
  ...more: []
): Matrix<1, number> {
  checkNoMore('arange', 'start, stop, step, options', more)
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  for (const [what, value] of Object.entries({ start: from, stop: to, step })) checkNumber('arange', what, value)
  const range = to - from
  // A distance that is too large for a number is divided in parts; a quotient that is too small for one is not 0.
  const steps = Number.isFinite(range) ? range / step : to / step - from / step
  const least = step !== 0 && range !== 0 && range > 0 === step > 0 ? 1 : 0
  const count = Math.max(least, Math.ceil(steps))
  if (!Number.isFinite(count))
    throw new ShapeError(`arange: ${from} to ${to} by ${step} has no end, wanted a finite row`)
  const at = (j: number): number => {
    const way = j * step
    return Number.isFinite(way) ? from + way : (from / 2 + j * (step / 2)) * 2
  }
  return row('arange', count, (j) => (Number.isFinite(step) ? at(j) : from), options)
}

/**
 * The row, 1xcount, of evenly spaced numbers from start to stop, both included; 50 unless given.
 *
 * @throws DTypeError unless all are numbers, count a whole one, and for other options; ShapeError for a negative count.
 */
export function linspace(
  start: number,
  stop: number,
  count = 50,
  options?: CreationOptions,
  ...more: []
): Matrix<1, number> {
  checkNoMore('linspace', 'start, stop, count, options', more)
  checkNumber('linspace', 'start', start)
  checkNumber('linspace', 'stop', stop)
  checkInteger('linspace', 'count', count, 0, Number.MAX_SAFE_INTEGER)
  const step = (stop - start) / (count - 1)
  const between = (j: number): number => {
    // A subnormal step has lost digits that its multiples have.
    if (Math.abs(step) < 2 ** -1022) return start + (j / (count - 1)) * (stop - start)
    if (Number.isFinite(step)) return start + j * step
    // The distance is too large for a number, or an end is infinite.
    const part = j / (count - 1)
    return start * (1 - part) + stop * part
  }
  return row('linspace', count, (j) => (j === 0 ? start + 0 : j === count - 1 ? stop : between(j)), options)
}
