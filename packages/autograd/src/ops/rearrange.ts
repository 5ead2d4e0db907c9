import { type Axis, operations as core, Matrix } from '@matgrad/core'
import type { Op } from '../op.ts'

/** For each place in sorted x, in row-major order, where in x its element was. */
function sortedFrom(x: Matrix, axis?: Axis): Matrix {
  const order = x.argsort(axis)
  if (axis === undefined) return order.reshape(x.size, 1)
  const from = order.data.map((at, i) => (axis === 0 ? at * x.cols + (i % x.cols) : i - (i % x.cols) + at))
  return new Matrix(from, x.size, 1)
}

export const astype: Op = { ...core.astype, vjp: [(g, _y, [x]) => g.astype(x.dtype)] }
export const transpose: Op = { ...core.transpose, vjp: [(g) => g.transpose()] }
export const reshape: Op = { ...core.reshape, vjp: [(g, _y, [x]) => g.reshape(x.rows, x.cols)] }
export const slice: Op = {
  ...core.slice,
  vjp: [(g, _y, [x], { rowStart, colStart }) => g.place(x.rows, x.cols, rowStart, colStart)],
}
export const place: Op = {
  ...core.place,
  vjp: [(g, _y, [x], { rowStart, colStart }) => g.slice(rowStart, rowStart + x.rows, colStart, colStart + x.cols)],
}
export const concat: Op = {
  ...core.concat,
  vjp: [
    (g, _y, inputs, { axis }, index) => {
      const start = inputs.slice(0, index).reduce((total, input) => total + input.shape[axis as Axis], 0)
      const end = start + inputs[index].shape[axis as Axis]
      return axis === 0 ? g.slice(start, end) : g.slice(0, g.rows, start, end)
    },
  ],
}
export const gatherRows: Op = {
  ...core.gatherRows,
  vjp: [(g, _y, [x, index]) => g.scatterAddRows(index, x.rows), null],
}
export const scatterAddRows: Op = { ...core.scatterAddRows, vjp: [(g, _y, [, index]) => g.gatherRows(index), null] }
export const oneHot: Op = { ...core.oneHot, vjp: [] }
export const pick: Op = {
  ...core.pick,
  vjp: [(g, _y, [x, index]) => g.mul(index.oneHot(x.cols, { dtype: x.dtype })), null],
}
export const diag: Op = { ...core.diag, vjp: [(g, _y, [x]) => g.diagonal().reshape(x.rows, x.cols)] }
export const diagonal: Op = { ...core.diagonal, vjp: [(g, _y, [x]) => g.diag().place(x.rows, x.cols, 0, 0)] }
export const tril: Op = { ...core.tril, vjp: [(g, _y, _inputs, { k }) => g.tril(k)] }
export const triu: Op = { ...core.triu, vjp: [(g, _y, _inputs, { k }) => g.triu(k)] }
export const flipRows: Op = { ...core.flipRows, vjp: [(g) => g.flipRows()] }
export const flipCols: Op = { ...core.flipCols, vjp: [(g) => g.flipCols()] }
export const argsort: Op = { ...core.argsort, vjp: [] }
export const sort: Op = {
  ...core.sort,
  vjp: [
    (g, _y, [x], { axis }) => {
      const from = sortedFrom(x.value, axis)
      const size = x.rows * x.cols
      return g.reshape(size, 1).scatterAddRows(from, size).reshape(x.rows, x.cols)
    },
  ],
}
