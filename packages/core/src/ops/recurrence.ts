import { type Axis, lineLayout } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import { weighed } from './elementwise.ts'
import { type Block, type Operation, run, runWithRoom } from './operation.ts'

const flip = (x: Value, axis: Axis): Value => (axis === 0 ? x.flipRows() : x.flipCols())

/** Each element one place further on its line, after another number. */
function delay(x: Value, axis: Axis, first: number): Value {
  if (x.shape[axis] === 0) return x
  return axis === 0 ? x.slice(0, -1).pad(1, 0, 0, 0, first) : x.slice(0, x.rows, 0, -1).pad(0, 0, 1, 0, first)
}

/** μ[i] = h[i] + a[i + 1]·μ[i + 1]: what v[i] = b[i] + a[i]·v[i − 1] has for ∂/∂b where it has h for ∂/∂v. */
const adjoint = (h: Value, a: Value, axis: Axis): Value =>
  flip(recur(delay(flip(a, axis), axis, 0), flip(h, axis), { axis, initial: 0 }), axis)

interface Line {
  readonly axis: Axis
  readonly initial: number
}

const recur = (a: Value, b: Value, line: Line): Value => a.apply(cumprod, [a, b], line)
const gradient = (a: Value, b: Value, h: Value, line: Line): Value => a.apply(cumprodGradient, [a, b, h], line)

/** The lines of a, and how they begin; b may be one number. */
const layout = (a: Block, b: Block, { axis, initial }: Line): number[] => [
  ...lineLayout(a.shape, axis),
  Number(b.rows * b.cols === 1),
  initial,
]

/** y[i] = b[i] + a[i]·y[i − 1] along each line, y[−1] = initial: the running products of a where that is 1 and b is −0. */
export const cumprod: Operation = {
  name: 'cumprod',
  vjp: [(g, _y, [a, b], line) => gradient(a, b, g, line), (g, _y, [a], { axis }) => adjoint(g, a, axis)],
  shape: ([a]) => a.shape,
  forward: (out, inputs, line, machine) =>
    run(machine, 'recurrence', out.dtype, out, inputs, layout(out, inputs[1], line)),
}

/**
 * v[i − 1]·μ[i] for v = cumprod(a, b) and μ the adjoint of h, which may leave the range of numbers where the product does not;
 * 0·∞ is 0. It needs no division, which a zero would forbid, and its derivatives are again such.
 */
export const cumprodGradient: Operation = {
  name: 'cumprodGradient',
  vjp: [
    (g, _y, [a, b, h], line) =>
      gradient(a, toMu(g, a, b, line), h, { ...line, initial: 0 }).add(gradient(a, b, toV(g, a, h, line), line)),
    (g, _y, [a, , h], line) => adjoint(toV(g, a, h, line), a, line.axis),
    (g, _y, [a, b], line) => recur(a, toMu(g, a, b, line), { ...line, initial: 0 }),
  ],
  shape: ([a]) => a.shape,
  forward(out, inputs, line, machine) {
    const numbers = layout(out, inputs[1], line)
    runWithRoom(machine, 'cumprodGradient', out.dtype, [out.elements], inputs, 16 * numbers[2], numbers)
  },
}

/** The cotangents of μ and of v where g is that of cumprodGradient. */
const toMu = (g: Value, a: Value, b: Value, line: Line): Value =>
  weighed(g, delay(recur(a, b, line), line.axis, line.initial))
const toV = (g: Value, a: Value, h: Value, { axis }: Line): Value =>
  flip(delay(flip(weighed(g, adjoint(h, a, axis)), axis), axis, 0), axis)

/** g·Π over the rest of its line for each element of x, g one number a line. */
export function productOfOthers(g: Value, x: Value, axis?: Axis): Value {
  const { rows, cols } = x
  if (axis === undefined) return productOfOthers(g, x.reshape(1, rows * cols), 1).reshape(rows, cols)
  if (x.shape[axis] === 0) return x
  const ofLast = g.place(rows, cols, axis === 0 ? rows - 1 : 0, axis === 1 ? cols - 1 : 0)
  return x.apply(cumprodGradient, [x, -0, ofLast], { axis, initial: 1 })
}
