import { operations as core } from '@matgrad/core'
import type { Op, Rule } from '../op.ts'

/** Zeros, also for an infinite g, where g·0 would be NaN. */
const flat: Rule = (g) => g.where(0, 0)

export const neg: Op = { ...core.neg, vjp: [(g) => g.neg()] }
export const abs: Op = { ...core.abs, vjp: [(g, _y, [x]) => g.mul(x.sign())] }
export const sign: Op = { ...core.sign, vjp: [flat] }
export const floor: Op = { ...core.floor, vjp: [flat] }
export const round: Op = { ...core.round, vjp: [flat] }
export const exp: Op = { ...core.exp, vjp: [(g, y) => g.mul(y)] }
export const log: Op = { ...core.log, vjp: [(g, _y, [x]) => g.div(x)] }
export const log1p: Op = { ...core.log1p, vjp: [(g, _y, [x]) => g.div(x.add(1))] }
export const expm1: Op = { ...core.expm1, vjp: [(g, y) => g.mul(y.add(1))] }
export const sqrt: Op = { ...core.sqrt, vjp: [(g, y) => g.div(y.mul(2))] }
export const square: Op = { ...core.square, vjp: [(g, _y, [x]) => g.mul(x.mul(2))] }
export const reciprocal: Op = { ...core.reciprocal, vjp: [(g, y) => g.mul(y.square()).neg()] }
export const sin: Op = { ...core.sin, vjp: [(g, _y, [x]) => g.mul(x.cos())] }
export const cos: Op = { ...core.cos, vjp: [(g, _y, [x]) => g.mul(x.sin()).neg()] }
export const tanh: Op = { ...core.tanh, vjp: [(g, y) => g.sub(g.mul(y.square()))] }
export const sigmoid: Op = { ...core.sigmoid, vjp: [(g, y) => g.mul(y).mul(y.neg().add(1))] }
export const softplus: Op = { ...core.softplus, vjp: [(g, _y, [x]) => g.mul(x.sigmoid())] }
export const erf: Op = {
  ...core.erf,
  vjp: [
    (g, _y, [x]) =>
      g.mul(
        x
          .square()
          .neg()
          .exp()
          .mul(2 / Math.sqrt(Math.PI)),
      ),
  ],
}
// At a kink the derivative is PyTorch's: 0 for relu, the side of x ≤ 0 for leakyRelu and elu, 1 at both ends for clip,
// half to each of two equal operands.
export const relu: Op = { ...core.relu, vjp: [(g, y) => y.where(g, 0)] }
export const leakyRelu: Op = {
  ...core.leakyRelu,
  vjp: [(g, _y, [x], { slope }) => x.greater(0).where(g, g.mul(slope))],
}
export const elu: Op = {
  ...core.elu,
  vjp: [(g, y, [x], { alpha }) => x.greater(0).where(g, g.mul(y.add(alpha)))],
}
/** Φ(x) + x·φ(x), φ the normal density. */
export const gelu: Op = {
  ...core.gelu,
  vjp: [
    (g, _y, [x]) => {
      const density = x
        .square()
        .mul(-0.5)
        .exp()
        .mul(1 / Math.sqrt(2 * Math.PI))
      const distribution = x.mul(Math.SQRT1_2).erf().add(1).mul(0.5)
      return g.mul(distribution.add(x.mul(density)))
    },
  ],
}
/** s + x·s·(1 − s), s the sigmoid of x. */
export const silu: Op = {
  ...core.silu,
  vjp: [
    (g, _y, [x]) => {
      const s = x.sigmoid()
      return g.mul(s).mul(x.mul(s.neg().add(1)).add(1))
    },
  ],
}
export const clip: Op = {
  ...core.clip,
  vjp: [(g, _y, [x], { low, high }) => x.greaterEqual(low).mul(x.lessEqual(high)).where(g, 0)],
}

export const add: Op = { ...core.add, vjp: [(g) => g, (g) => g] }
export const sub: Op = { ...core.sub, vjp: [(g) => g, (g) => g.neg()] }
export const mul: Op = { ...core.mul, vjp: [(g, _y, [, b]) => g.mul(b), (g, _y, [a]) => g.mul(a)] }
export const div: Op = { ...core.div, vjp: [(g, _y, [, b]) => g.div(b), (g, y, [, b]) => g.mul(y).div(b).neg()] }
/** b·aᵇ⁻¹, 0 where both are 0; aᵇ·ln a, 0 where a is 0 and b is not negative. */
export const pow: Op = {
  ...core.pow,
  vjp: [
    // A factor of 0 and not a selected 0 where b is 0: it has the derivative aᵇ⁻¹ with respect to b.
    (g, _y, [a, b]) => {
      const both = a.equal(0).mul(b.equal(0))
      return g.mul(b).mul(both.where(1, a).pow(b.sub(1)))
    },
    (g, y, [a, b]) => {
      const constant = a.equal(0).mul(b.greaterEqual(0))
      return constant.where(0, g.mul(y).mul(constant.where(1, a).log()))
    },
  ],
}
export const maximum: Op = {
  ...core.maximum,
  vjp: [
    (g, _y, [a, b]) => a.greater(b).where(g, a.equal(b).where(g.mul(0.5), 0)),
    (g, _y, [a, b]) => b.greater(a).where(g, a.equal(b).where(g.mul(0.5), 0)),
  ],
}
export const minimum: Op = {
  ...core.minimum,
  vjp: [
    (g, _y, [a, b]) => a.less(b).where(g, a.equal(b).where(g.mul(0.5), 0)),
    (g, _y, [a, b]) => b.less(a).where(g, a.equal(b).where(g.mul(0.5), 0)),
  ],
}
export const less: Op = { ...core.less, vjp: [] }
export const lessEqual: Op = { ...core.lessEqual, vjp: [] }
export const greater: Op = { ...core.greater, vjp: [] }
export const greaterEqual: Op = { ...core.greaterEqual, vjp: [] }
export const equal: Op = { ...core.equal, vjp: [] }
export const notEqual: Op = { ...core.notEqual, vjp: [] }
export const where: Op = {
  ...core.where,
  vjp: [null, (g, _y, [condition]) => condition.where(g, 0), (g, _y, [condition]) => condition.where(0, g)],
}
export const broadcastTo: Op = { ...core.broadcastTo, vjp: [(g) => g] }
