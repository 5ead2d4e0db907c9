import type { Axis } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import type { Operation, Rule } from './operation.ts'
import { clone } from './rearrange.ts'

/**
 * A value that was computed from x with the derivative of its formula: through what it was computed with, such as `scale`, the
 * powers of two that scaled x, cotangents would overflow where the derivative does not.
 */
export const formula = (name: string, ...rules: readonly Rule[]): Operation => ({
  ...clone,
  name,
  vjp: [null, ...rules, null],
})

/**
 * `down`, powers of two, 1 but where the largest elements are so large that differences may overflow, and (x − mean)·down: the
 * mean itself does not overflow.
 */
function deviation(x: Value, scale: Value, axis?: Axis): { down: Value; part: Value } {
  const down = scale.minimum(2 ** 500).div(scale)
  return { down, part: x.mul(down).sub(x.mean(axis).mul(down)) }
}

export const variance: Operation = formula('variance', (g, _y, [, x, scale], { axis, divisor }) => {
  const { down, part } = deviation(x, scale, axis)
  return part.mul(g.mul(2 / divisor).div(down))
})
/** The root has no derivative at 0: there it is 0, as for PyTorch's std. */
export const std: Operation = formula('std', (g, y, [, x, scale], { axis, divisor }) => {
  const constant = y.equal(0)
  const { down, part } = deviation(x, scale, axis)
  return constant.where(0, part.div(constant.where(1, y.mul(down))).mul(g.div(divisor)))
})
/** Of the rows of x. */
export const cov: Operation = formula('cov', (g, _y, [, x, scale], { divisor }) => {
  const { down, part } = deviation(x, scale, 1)
  return g.add(g.T).div(divisor).div(down.T).matmul(part)
})
