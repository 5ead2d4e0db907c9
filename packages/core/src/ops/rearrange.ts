import { checkDType, type DType, type TypedArray } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { dtypeOption } from '../base/options.ts'
import { type Axis, checkInteger, checkRows, checkShape, describe, formatShape, indexError } from '../base/shape.ts'
import type { Machine } from '../engine/machine.ts'
import type { Value } from './algebra.ts'
import {
  type Block,
  type Change,
  type Method,
  type Operation,
  position,
  run,
  runOn,
  runWithRoom,
  unaryMethod,
  vectorLength,
  wide,
} from './operation.ts'

/** @throws ShapeError or DTypeError unless `index` is a column of whole numbers from 0 to `limit` − 1, or `allowed`. */
export function checkIndices(operation: string, what: string, index: Block, limit: number, allowed?: number): void {
  if (index.cols !== 1)
    throw new ShapeError(`${operation}: ${what} is ${formatShape(index.shape)}, wanted a column (nx1)`)
  for (let i = 0; i < index.rows; i++) {
    const value = index.elements[i]
    if (value === allowed) continue
    if (Number.isInteger(value) && value >= 0 && value < limit) continue
    throw indexError(operation, what === 'class' ? `row ${i} has class` : `${what} ${i} is`, value, limit)
  }
}

/** An end of a range of `count`, which the shape of `slice` checks unless it is negative and so counts from the end. */
const bound = (what: string, i: number, count: number): number =>
  typeof i === 'number' && i < 0 ? position('slice', what, i, count) : i

/** @throws DTypeError or ShapeError unless a range is within `count` rows or columns and does not end before it starts. */
function checkBounds(what: 'row' | 'col', start: number, end: number, count: number): void {
  checkInteger('slice', `${what}Start`, start, 0, count)
  checkInteger('slice', `${what}End`, end, 0, count)
  if (end < start)
    throw new ShapeError(
      `slice: ${what}Start is ${start}, ${what}End is ${end} of ${count}, wanted the end at or behind the start`,
    )
}

/** A copy of a rows x cols part of `a` that starts at an element and moves by a step to the next row and column. */
const strided = (machine: Machine, out: Block, a: Block, start: number, rowStep: number, colStep: number): void =>
  run(machine, 'copy', out.dtype, out, [a], [out.rows, out.cols, 0, out.cols, 1, start, rowStep, colStep])

export const transpose: Operation = {
  name: 'transpose',
  method: unaryMethod,
  vjp: [(g) => g.transpose()],
  shape: ([a]) => [a.cols, a.rows],
  forward: (out, [a], _attributes, machine) => strided(machine, out, a, 0, 1, a.cols),
}

/** out = a, in the dtype of out. */
function convert(machine: Machine, out: TypedArray, a: Block): void {
  const same = out instanceof (a.dtype === 'float32' ? Float32Array : Float64Array)
  if (out.length > 0) machine.launch(same ? 'move' : 'convert', a.dtype, [out], [a.elements], [out.length])
}

/** What gives the numbers in their order. */
const copying: Pick<Operation, 'forward' | 'program'> = {
  forward: (out, [a]) => out.elements.set(a.elements),
  program: (out, [a], _attributes, machine) => convert(machine, out.elements, a),
}

/** The same numbers. */
export const clone: Operation = {
  name: 'clone',
  vjp: [],
  shape: ([a]) => a.shape,
  ...copying,
}

/** The same numbers in another precision. */
export const astype: Operation = {
  name: 'astype',
  method: { operands: 1, takes: 'dtype', attributes: (dtype: DType) => ({ dtype }) },
  vjp: [(g, _y, [x]) => g.astype(x.dtype)],
  dtype: ({ dtype }) => dtype,
  shape([a], { dtype }) {
    checkDType('astype', dtype)
    return a.shape
  },
  ...copying,
}

/** Overwrites a matrix with another's elements. */
export const assign: Change = {
  name: 'assign',
  reads: 0,
  forward: ([target], [source]) => target.elements.set(source.elements),
  program: ([target], [source], _attributes, machine) => convert(machine, target.elements as TypedArray, source),
}

/** −1 for one of two sizes is the one that a matrix with so many elements has beside the other. */
function found(size: number, rows: number, cols: number): { rows: number; cols: number } {
  if (rows !== -1 && cols !== -1) return { rows, cols }
  if (rows === cols) throw new ShapeError('reshape: both sizes are -1, wanted one of them')
  const [what, given] = rows === -1 ? ['the number of columns', cols] : ['the number of rows', rows]
  checkInteger('reshape', what, given, 0, Number.MAX_SAFE_INTEGER)
  if (given === 0 || size % given !== 0)
    throw new ShapeError(`reshape: ${what} is ${given}, wanted a divisor of ${size}, the number of elements`)
  return rows === -1 ? { rows: size / given, cols } : { rows, cols: size / given }
}

export const reshape: Operation = {
  name: 'reshape',
  method: {
    operands: 1,
    takes: 'rows, cols',
    attributes(this: Value, rows: number, cols: number) {
      return found(this.rows * this.cols, rows, cols)
    },
  },
  vjp: [(g, _y, [x]) => g.reshape(x.rows, x.cols)],
  shape([a], { rows, cols }) {
    checkShape('reshape', rows, cols)
    if (rows * cols !== a.elements.length)
      throw new ShapeError(
        `reshape: got ${formatShape(a.shape)} (${a.elements.length} elements), wanted ${rows}x${cols} (${rows * cols})`,
      )
    return [rows, cols]
  },
  ...copying,
}

/** Up to this many elements of a row a loop copies faster than `set`. */
const SHORT = 24

/**
 * out[i, :] = a[index[first + i], colStart …], or a[first + i, colStart …] without an index. Only what is read is touched: a
 * batch must not cost as much as the whole dataset, as it would if a kernel had to be given all of `a`.
 */
export function copyRows(out: Block, a: Block, index: ArrayLike<number> | null, first = 0, colStart = 0): void {
  const { rows, cols, elements } = out
  const source = a.elements
  if (index === null && cols === a.cols) {
    elements.set(source.subarray(first * cols, (first + rows) * cols))
    return
  }
  let at = 0
  for (let i = first; i < first + rows; i++) {
    const start = (index === null ? i : index[i]) * a.cols + colStart
    if (cols > SHORT) elements.set(source.subarray(start, start + cols), at)
    else for (let j = 0; j < cols; j++) elements[at + j] = source[start + j]
    at += cols
  }
}

/** Rows rowStart … rowEnd − 1 and columns colStart … colEnd − 1. */
export const slice: Operation = {
  name: 'slice',
  method: {
    operands: 1,
    takes: 'rowStart, rowEnd, colStart, colEnd',
    attributes(this: Value, rowStart: number, rowEnd = this.rows, colStart = 0, colEnd = this.cols) {
      return {
        rowStart: bound('rowStart', rowStart, this.rows),
        rowEnd: bound('rowEnd', rowEnd, this.rows),
        colStart: bound('colStart', colStart, this.cols),
        colEnd: bound('colEnd', colEnd, this.cols),
      }
    },
  },
  vjp: [(g, _y, [x], { rowStart, colStart }) => g.place(x.rows, x.cols, rowStart, colStart)],
  shape([a], { rowStart, rowEnd, colStart, colEnd }) {
    checkBounds('row', rowStart, rowEnd, a.rows)
    checkBounds('col', colStart, colEnd, a.cols)
    return [rowEnd - rowStart, colEnd - colStart]
  },
  forward: (out, [a], { rowStart, colStart }) => copyRows(out, a, null, rowStart, colStart),
  program: (out, [a], { rowStart, colStart }, machine) =>
    strided(machine, out, a, rowStart * a.cols + colStart, a.cols, 1),
}

/** `a` in a rows x cols matrix of one value, 0 as a method, its first element at (rowStart, colStart): the adjoint of slice. */
export const place: Operation = {
  name: 'place',
  method: {
    operands: 1,
    takes: 'rows, cols, rowStart, colStart',
    attributes: (rows: number, cols: number, rowStart: number, colStart: number) => ({
      rows,
      cols,
      rowStart,
      colStart,
      value: 0,
    }),
  },
  vjp: [(g, _y, [x], { rowStart, colStart }) => g.slice(rowStart, rowStart + x.rows, colStart, colStart + x.cols)],
  shape([a], { rows, cols, rowStart, colStart }) {
    checkShape('place', rows, cols)
    checkInteger('place', 'rowStart', rowStart, 0, rows - a.rows)
    checkInteger('place', 'colStart', colStart, 0, cols - a.cols)
    return [rows, cols]
  },
  forward(out, [a], { rowStart, colStart, value }, machine) {
    const layout = [a.rows, a.cols, rowStart * out.cols + colStart, out.cols, 1, 0, a.cols, 1]
    run(machine, 'place', out.dtype, out, [a], [out.elements.length, value, ...layout])
  },
}

/** The inputs below one another (axis 0) or side by side (axis 1). */
export const concat: Operation = {
  name: 'concat',
  vjp: [
    (g, _y, inputs, { axis }, index) => {
      const start = inputs.slice(0, index).reduce((total, input) => total + input.shape[axis as Axis], 0)
      const end = start + inputs[index].shape[axis as Axis]
      return axis === 0 ? g.slice(start, end) : g.slice(0, g.rows, start, end)
    },
  ],
  shape(inputs, { axis }) {
    if (axis === undefined) throw new ShapeError('concat: got no axis, wanted 0 or 1')
    if (axis !== 0 && axis !== 1) throw new ShapeError(`concat: axis is ${describe(axis)}, wanted 0 or 1`)
    const [first] = inputs
    const across = 1 - axis
    for (const input of inputs)
      if (input.shape[across] !== first.shape[across])
        throw new ShapeError(
          `concat: got ${inputs.map((each) => formatShape(each.shape)).join(', ')}, ` +
            `wanted the same number of ${axis === 0 ? 'columns' : 'rows'}`,
        )
    const total = inputs.reduce((length, input) => length + input.shape[axis as Axis], 0)
    return axis === 0 ? [total, first.cols] : [first.rows, total]
  },
  forward(out, inputs, { axis }) {
    let start = 0
    for (const input of inputs) {
      if (axis === 0) out.elements.set(input.elements, start * out.cols)
      else
        for (let i = 0; i < out.rows; i++)
          out.elements.set(input.elements.subarray(i * input.cols, (i + 1) * input.cols), i * out.cols + start)
      start += input.shape[axis as Axis]
    }
  },
  program(out, inputs, { axis }, machine) {
    let start = 0
    for (const input of inputs) {
      const numbers = [input.rows, input.cols, start, out.cols, 1, 0, input.cols, 1]
      runOn(machine, 'copy', out.dtype, out.elements, [input.elements], numbers)
      start += axis === 0 ? input.elements.length : input.cols
    }
  },
}

/** f(a, index) */
const indexMethod: Method = { operands: 2, takes: 'index' }

/** out[i, :] = a[index[i], :]. */
export const gatherRows: Operation = {
  name: 'gatherRows',
  method: indexMethod,
  vjp: [(g, _y, [x, index]) => g.scatterAddRows(index, x.rows), null],
  selector: 1,
  shape([a, index]) {
    checkIndices('gatherRows', 'row index', index, a.rows)
    return [index.rows, a.cols]
  },
  forward: (out, [a, index]) => copyRows(out, a, index.elements),
  program: (out, inputs, _attributes, machine) =>
    run(machine, 'gatherRows', out.dtype, out, inputs, [out.rows, out.cols, wide(inputs[1])]),
  indices: ([a, index]) => ({ index, limit: a.rows }),
}

/** out[:, j] = a[:, index[j]]. */
export const gatherCols: Operation = {
  name: 'gatherCols',
  method: indexMethod,
  vjp: [(g, _y, [x, index]) => g.transpose().scatterAddRows(index, x.cols).transpose(), null],
  selector: 1,
  shape([a, index]) {
    checkIndices('gatherCols', 'column index', index, a.cols)
    return [a.rows, index.rows]
  },
  forward: (out, inputs, _attributes, machine) =>
    run(machine, 'gatherCols', out.dtype, out, inputs, [out.rows, out.cols, inputs[0].cols, wide(inputs[1])]),
  indices: ([a, index]) => ({ index, limit: a.cols }),
}

/** A matrix of zeros with `rows` rows, to whose row index[i] row i of `a` is added: the adjoint of gatherRows. */
export const scatterAddRows: Operation = {
  name: 'scatterAddRows',
  method: { operands: 2, takes: 'index, rows', attributes: (rows: number) => ({ rows }) },
  vjp: [(g, _y, [, index]) => g.gatherRows(index), null],
  selector: 1,
  shape([a, index], { rows }) {
    checkInteger('scatterAddRows', 'the number of rows', rows, 0, Number.MAX_SAFE_INTEGER)
    checkIndices('scatterAddRows', 'row index', index, rows)
    checkRows('scatterAddRows', 'left is', a.shape, 'index is', index.shape)
    return [rows, a.cols]
  },
  forward(out, inputs, _attributes, machine) {
    const sums = out.elements.length * 8
    const parameters = [inputs[0].rows, out.cols, out.rows, wide(inputs[1])]
    runWithRoom(machine, 'scatterAddRows', out.dtype, [out.elements], inputs, sums, parameters)
  },
  indices: ([, index], { rows }) => ({ index, limit: rows }),
}

/** out[i, j] = 1 where j is index[i], else 0. */
export const oneHot: Operation = {
  name: 'oneHot',
  method: {
    operands: 1,
    takes: 'count, options',
    attributes(this: Value, count: number, options?: { dtype?: DType }) {
      return { count, dtype: dtypeOption('oneHot', options, this.dtype) }
    },
  },
  vjp: [],
  selector: 0,
  dtype: ({ dtype }) => dtype,
  shape([index], { count }) {
    checkInteger('oneHot', 'count', count, 0, Number.MAX_SAFE_INTEGER)
    checkIndices('oneHot', 'class', index, count)
    return [index.rows, count]
  },
  forward: (out, inputs, _attributes, machine) =>
    run(machine, 'oneHot', out.dtype, out, inputs, [out.rows, out.cols, wide(inputs[0])]),
  indices: ([index], { count }) => ({ index, limit: count }),
}

/** out[i] = a[i, index[i]]. */
export const pick: Operation = {
  name: 'pick',
  method: indexMethod,
  vjp: [(g, _y, [x, index]) => index.oneHot(x.cols, { dtype: x.dtype }).where(g, 0), null],
  selector: 1,
  shape([a, index]) {
    checkIndices('pick', 'column index', index, a.cols)
    checkRows('pick', 'left is', a.shape, 'index is', index.shape)
    return [a.rows, 1]
  },
  forward: (out, inputs, _attributes, machine) =>
    run(machine, 'pick', out.dtype, out, inputs, [out.rows, inputs[0].cols, wide(inputs[1])]),
  indices: ([a, index]) => ({ index, limit: a.cols }),
}

const diagonalMethod: Method = { operands: 1, takes: 'k', attributes: (k = 0) => ({ k }) }

const checkDiagonal = (operation: string, k: number): void =>
  checkInteger(operation, 'k', k, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

/** The row and column where diagonal k (j − i = k) begins. */
const beginOf = (k: number): [number, number] => [Math.max(0, -k), Math.max(0, k)]

/** An nx1 or 1xn matrix on diagonal k of a square matrix of zeros that has room for it. */
export const diag: Operation = {
  name: 'diag',
  method: diagonalMethod,
  vjp: [(g, _y, [x], { k }) => g.diagonal(k).reshape(x.rows, x.cols)],
  shape([a], { k }) {
    checkDiagonal('diag', k)
    const size = vectorLength('diag', a) + Math.abs(k)
    return [size, size]
  },
  forward(out, [a], { k }, machine) {
    const [row, col] = beginOf(k)
    const layout = [a.elements.length, 1, row * out.cols + col, out.cols + 1, 1, 0, 1, 1]
    run(machine, 'place', out.dtype, out, [a], [out.elements.length, 0, ...layout])
  },
}

/** The elements a[i, i + k], as a column. */
export const diagonal: Operation = {
  name: 'diagonal',
  method: diagonalMethod,
  vjp: [
    (g, _y, [x], { k }) => {
      const [row, col] = beginOf(k)
      return g.diag().place(x.rows, x.cols, Math.min(row, x.rows), Math.min(col, x.cols))
    },
  ],
  shape([a], { k }) {
    checkDiagonal('diagonal', k)
    const [row, col] = beginOf(k)
    return [Math.max(0, Math.min(a.rows - row, a.cols - col)), 1]
  },
  forward(out, [a], { k }, machine) {
    const [row, col] = beginOf(k)
    strided(machine, out, a, row * a.cols + col, a.cols + 1, 1)
  },
}

/** The part of a matrix on one side of its k-th diagonal (j − i = k), with zeros on the other. */
const triangle = (name: 'tril' | 'triu'): Operation => ({
  name,
  method: diagonalMethod,
  vjp: [(g, _y, _inputs, { k }) => g[name](k)],
  shape([a], { k }) {
    checkDiagonal(name, k)
    return a.shape
  },
  forward(out, inputs, { k }, machine) {
    const nearest = Math.max(-out.rows, Math.min(out.cols, k))
    run(machine, 'triangle', out.dtype, out, inputs, [out.rows, out.cols, nearest, Number(name === 'triu')])
  },
})

export const tril: Operation = triangle('tril')
export const triu: Operation = triangle('triu')

/** The lines in reverse order. `layout` gives where the last of them starts, and the steps to the next row and column. */
const flip = (name: 'flipRows' | 'flipCols', layout: (a: Block) => [number, number, number]): Operation => ({
  name,
  method: unaryMethod,
  vjp: [(g) => g[name]()],
  shape: ([a]) => a.shape,
  forward: (out, [a], _attributes, machine) => strided(machine, out, a, ...layout(a)),
})

export const flipRows: Operation = flip('flipRows', (a) => [(a.rows - 1) * a.cols, -a.cols, 1])
export const flipCols: Operation = flip('flipCols', (a) => [a.cols - 1, a.cols, -1])
