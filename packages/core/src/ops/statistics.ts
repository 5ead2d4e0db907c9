import type { Axis } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import type { Operation, Rule } from './operation.ts'
import { clone } from './rearrange.ts'

/**
 * A value that was computed from x with the derivative of its formula: through what it was computed with, such as powers of two
 * that scaled x, cotangents would overflow where the derivative does not.
 */
const formula = (name: string, rule: Rule): Operation => ({ ...clone, name, vjp: [null, rule] })

const deviation = (x: Value, axis?: Axis): Value => x.sub(x.mean(axis))

export const variance: Operation = formula('variance', (g, _y, [, x], { axis, divisor }) =>
  deviation(x, axis).mul(g.mul(2 / divisor)),
)
/** The root has no derivative at 0: there it is 0, as for PyTorch's std. */
export const std: Operation = formula('std', (g, y, [, x], { axis, divisor }) => {
  const constant = y.equal(0)
  return constant.where(0, deviation(x.div(constant.where(1, y)), axis).mul(g.div(divisor)))
})
/** Of the rows of x. */
export const cov: Operation = formula('cov', (g, _y, [, x], { divisor }) =>
  g.add(g.T).div(divisor).matmul(deviation(x, 1)),
)
