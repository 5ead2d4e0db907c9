import type { Axis } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import type { Operation, Rule } from './operation.ts'
import { clone } from './rearrange.ts'

/**
 * A value that was computed from x with the derivative of its formula: through what it was computed with, such as `scale`, the
 * powers of two that scaled x, cotangents would overflow where the derivative does not.
 */
const formula = (name: string, rule: Rule): Operation => ({ ...clone, name, vjp: [null, rule, null] })

const deviation = (x: Value, axis?: Axis): Value => x.sub(x.mean(axis))

/** The part of `scale`, a power of two near the largest element of each line, by which x is divided so that no sum overflows. */
const excess = (scale: Value): Value => scale.div(scale.minimum(2 ** 500))

export const variance: Operation = formula('variance', (g, _y, [, x, scale], { axis, divisor }) => {
  const over = excess(scale)
  return deviation(x.div(over), axis).mul(g.mul(2 / divisor).mul(over))
})
/** The root has no derivative at 0: there it is 0, as for PyTorch's std. */
export const std: Operation = formula('std', (g, y, [, x, scale], { axis, divisor }) => {
  const constant = y.equal(0)
  const over = excess(scale)
  const quotient = deviation(x.div(over), axis).div(constant.where(1, y.div(over)))
  return constant.where(0, quotient.mul(g.div(divisor)))
})
/** Of the rows of x. */
export const cov: Operation = formula('cov', (g, _y, [, x, scale], { divisor }) => {
  const over = excess(scale)
  return g
    .add(g.T)
    .div(divisor)
    .mul(over.T)
    .matmul(deviation(x.div(over), 1))
})
