import { type Axis, operations as core } from '@matgrad/core'
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

/**
 * Π over the rest of its line for each element, without a division, which a zero would forbid. The halves of the line are
 * multiplied into one of half the length, and what that gives for a pair is multiplied by the other element of the pair:
 * all of it O(n) products in O(log n) operations.
 */
function productOfOthers(x: Variable, axis?: Axis): Variable {
  const { rows, cols } = x
  if (axis === undefined) return productOfOthers(x.reshape(1, rows * cols), 1).reshape(rows, cols)
  const length = x.shape[axis]
  if (length < 2) return x.where(1, 1)
  const part = (line: Variable, start: number, end: number): Variable =>
    axis === 0 ? line.slice(start, end) : line.slice(0, rows, start, end)
  const join = (...parts: Variable[]): Variable => x.apply(core.concat, parts, { axis })
  const half = length >> 1
  const [left, right] = [part(x, 0, half), part(x, half, 2 * half)]
  /** What is left over where the length is odd. */
  const rest = (line: Variable, start: number): Variable[] => (length % 2 ? [part(line, start, start + 1)] : [])
  const others = productOfOthers(join(left.mul(right), ...rest(x, 2 * half)), axis)
  const ofPair = part(others, 0, half)
  return join(ofPair.mul(right), ofPair.mul(left), ...rest(others, half))
}

export const sum: Op = { ...core.sum, vjp: [(g, _y, [x]) => g.broadcastTo(x.rows, x.cols)] }
export const mean: Op = { ...core.mean, vjp: [(g, y, [x]) => g.div(terms(x, y)).broadcastTo(x.rows, x.cols)] }
export const prod: Op = {
  ...core.prod,
  vjp: [(g, _y, [x], { axis }) => g.mul(productOfOthers(x, axis))],
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
