import { type Axis, arange, operations as core, type Matrix } from '@matgrad/core'
import type { Op } from '../op.ts'
import type { Variable } from '../variable.ts'

/** For each place in sorted x, in row-major order, where in x its element was: a column. */
function sortedFrom(x: Variable, axis?: Axis): Variable {
  const { rows, cols } = x
  const order = x.argsort(axis)
  const upTo = (count: number): Matrix => arange(0, count, 1, { dtype: 'float64' })
  const from =
    axis === 0 ? order.mul(cols).add(upTo(cols)) : axis === 1 ? order.add(upTo(rows).reshape(rows, 1).mul(cols)) : order
  return from.reshape(rows * cols, 1)
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
      const from = sortedFrom(x, axis)
      const size = x.rows * x.cols
      return g.reshape(size, 1).scatterAddRows(from, size).reshape(x.rows, x.cols)
    },
  ],
}
