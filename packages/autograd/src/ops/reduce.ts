import { type Axis, operations as core, matrix } from '@matgrad/core'
import type { Op } from '../op.ts'
import type { Variable } from '../variable.ts'

/** How many elements of x meet in one of its reduction y. */
const terms = (x: Variable, y: Variable): number => (x.rows * x.cols) / (y.rows * y.cols)

/** The running sums of g from the other end. */
function cumsumBackwards(g: Variable, axis?: Axis): Variable {
  if (axis === 0) return g.flipRows().cumsum(0).flipRows()
  if (axis === 1) return g.flipCols().cumsum(1).flipCols()
  return g.flipRows().flipCols().cumsum().flipCols().flipRows()
}

/** Π over the rest of its line for each element, where a zero forbids dividing the whole product by it. */
function productOfOthers(x: Variable, axis?: Axis): Variable {
  const { rows, cols } = x
  if (axis === 0) return productOfOthers(x.T, 1).T
  if (axis === undefined) return productOfOthers(x.reshape(1, rows * cols), 1).reshape(rows, cols)
  const numbers = Array.from({ length: rows * cols }, (_, i) => i)
  const lines = x.gatherRows(numbers.map((i) => Math.floor(i / cols)))
  const self = matrix(
    Float64Array.from(numbers, (i) => i % cols),
    rows * cols,
    1,
  ).oneHot(cols, { dtype: x.dtype })
  return lines.mul(self.equal(0)).add(self).prod(1).reshape(rows, cols)
}

export const sum: Op = { ...core.sum, vjp: [(g, _y, [x]) => g.broadcastTo(x.rows, x.cols)] }
export const mean: Op = { ...core.mean, vjp: [(g, y, [x]) => g.div(terms(x, y)).broadcastTo(x.rows, x.cols)] }
export const prod: Op = {
  ...core.prod,
  vjp: [(g, y, [x], { axis }) => g.mul(x.value.equal(0).sum().item() === 0 ? y.div(x) : productOfOthers(x, axis))],
}
// Equal extremes share the cotangent evenly, as in PyTorch's amax and amin.
export const max: Op = {
  ...core.max,
  vjp: [
    (g, y, [x], { axis }) => {
      const extreme = x.equal(y)
      return g.div(extreme.sum(axis)).mul(extreme)
    },
  ],
}
export const min: Op = { ...core.min, vjp: max.vjp }
export const argmax: Op = { ...core.argmax, vjp: [] }
export const argmin: Op = { ...core.argmin, vjp: [] }
export const logSumExp: Op = { ...core.logSumExp, vjp: [(g, _y, [x], { axis }) => g.mul(x.softmax(axis))] }
export const cumsum: Op = { ...core.cumsum, vjp: [(g, _y, _inputs, { axis }) => cumsumBackwards(g, axis)] }
export const softmax: Op = {
  ...core.softmax,
  vjp: [(g, y, _inputs, { axis }) => y.mul(g.sub(g.mul(y).sum(axis)))],
}
export const logSoftmax: Op = {
  ...core.logSoftmax,
  vjp: [(g, y, _inputs, { axis }) => g.sub(y.exp().mul(g.sum(axis)))],
}
