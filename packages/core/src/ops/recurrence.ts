import { type Axis, lineLayout } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import { type Operation, run } from './operation.ts'

const flip = (x: Value, axis: Axis): Value => (axis === 0 ? x.flipRows() : x.flipCols())

/** Each element one place further on its line, after a 0. */
function delay(x: Value, axis: Axis): Value {
  const { rows, cols } = x
  if (x.shape[axis] === 0) return x
  return axis === 0
    ? x.slice(0, rows - 1).place(rows, cols, 1, 0)
    : x.slice(0, rows, 0, cols - 1).place(rows, cols, 0, 1)
}

/** What y[i] = b[i] + a[i]·y[i − 1] has for ∂/∂b: λ[i] = g[i] + a[i + 1]·λ[i + 1]. */
const adjoint = (g: Value, a: Value, axis: Axis): Value =>
  flip(g.apply(cumprod, [delay(flip(a, axis), axis), flip(g, axis)], { axis }), axis)

/**
 * y[0] = b[0] and y[i] = b[i] + a[i]·y[i − 1] along each line: the running products of a where b is a[0] and then −0, which
 * changes nothing that it is added to. Its derivatives are again such, without a division, which a zero would forbid.
 */
export const cumprod: Operation = {
  name: 'cumprod',
  vjp: [
    (g, y, [a], { axis }) => adjoint(g, a, axis).mul(delay(y, axis)),
    (g, _y, [a], { axis }) => adjoint(g, a, axis),
  ],
  shape: ([a]) => a.shape,
  forward: (out, inputs, { axis }, machine) =>
    run(machine, 'recurrence', out.dtype, out, inputs, lineLayout(out.shape, axis)),
}
