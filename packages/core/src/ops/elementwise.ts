import type { TypedArray } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { broadcastShapes, checkNumber, checkShape, formatShape } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import {
  binaryMethod,
  colStep,
  type Operation,
  opcodeOf,
  type Rule,
  rowStep,
  run,
  runOn,
  unaryMethod,
  wide,
} from './operation.ts'

/**
 * The most elements that go through a kernel at once. Larger operands take their turn in pieces that stay in the cache,
 * and need no more WebAssembly memory than a piece.
 */
const PIECE = 16384

/** Calls `visit` with the starts and ends of pieces of at most `size` that make up 0 … length − 1. */
function inPieces(length: number, size: number, visit: (start: number, end: number) => void): void {
  for (let start = 0; start < length; start += size) visit(start, Math.min(length, start + size))
}

/** Zeros, also for an infinite g, where g·0 would be NaN. */
const flat: Rule = (g) => g.where(0, 0)

/**
 * out[i, j] = f(a[i, j]). `attributes` makes an object of the numbers that the operation takes beside its input, at most two,
 * and their defaults.
 */
function unary(name: string, rule?: Rule, attributes?: (...numbers: number[]) => Record<string, number>): Operation {
  const opcode = opcodeOf(name)
  const parameters = Object.keys(attributes?.() ?? {})
  const [first, second] = parameters
  return {
    name,
    method: attributes ? { operands: 1, takes: parameters.join(', '), attributes } : unaryMethod,
    elementwise: true,
    vjp: rule ? [rule] : [],
    shape([a], attributes) {
      for (const parameter of parameters) checkNumber(name, parameter, attributes[parameter])
      return a.shape
    },
    forward(out, [a], attributes, machine) {
      const p = first ? attributes[first] : 0
      const q = second ? attributes[second] : 0
      const size = out.elements.length
      if (size <= PIECE) {
        runOn(machine, 'unary', out.dtype, out.elements, [a.elements], [opcode, size, p, q])
        return
      }
      inPieces(size, PIECE, (start, end) => {
        const numbers = [opcode, end - start, p, q]
        const [to, from] = [out, a].map(({ elements }) => elements.subarray(start, end))
        runOn(machine, 'unary', out.dtype, to, [from], numbers)
      })
    },
  }
}

/** out[i, j] = f(a[i, j], b[i, j]), with broadcasting. */
function binary(name: string, vjp: readonly Rule[] = []): Operation {
  const opcode = opcodeOf(name)
  return {
    name,
    method: binaryMethod,
    elementwise: true,
    vjp,
    shape: ([a, b]) => broadcastShapes(name, a.shape, b.shape),
    forward(out, [a, b], _attributes, machine) {
      let { rows, cols } = out
      const size = out.elements.length
      let [aRow, aCol, bRow, bCol] = [rowStep(a), colStep(a), rowStep(b), colStep(b)]
      // Longer rows are faster: a column is one, and so is a matrix whose operands go on from row to row.
      if (cols === 1) [rows, cols, aRow, aCol, bRow, bCol] = [1, size, 0, aRow, 0, bRow]
      else if (aRow === aCol * cols && bRow === bCol * cols) [rows, cols] = [1, size]
      if (size <= PIECE) {
        const numbers = [opcode, rows, cols, aRow, aCol, bRow, bCol]
        runOn(machine, 'binary', out.dtype, out.elements, [a.elements, b.elements], numbers)
        return
      }
      const [length, aStep, bStep, outStep] = rows === 1 ? [cols, aCol, bCol, 1] : [rows, aRow, bRow, cols]
      inPieces(length, Math.max(1, Math.floor(PIECE / outStep)), (start, end) => {
        const partOf = (data: TypedArray, step: number): TypedArray =>
          step === 0 ? data : data.subarray(start * step, end * step)
        const operands = [partOf(a.elements, aStep), partOf(b.elements, bStep)]
        const [pieceRows, pieceCols] = rows === 1 ? [1, end - start] : [end - start, cols]
        const numbers = [opcode, pieceRows, pieceCols, aRow, aCol, bRow, bCol]
        runOn(machine, 'binary', out.dtype, partOf(out.elements, outStep), operands, numbers)
      })
    },
  }
}

/** The operation, which only rules, losses and composed methods call. */
const inner = ({ method: _, ...operation }: Operation): Operation => operation

/**
 * The largest power of two that is not more than |x|, at least the smallest normal number: ∞ for infinities and NaN. What is
 * divided by it, and multiplied again, keeps its bits.
 */
export const binade: Operation = inner({ ...unary('binade', flat), vjp: [] })

export const neg: Operation = unary('neg', (g) => g.neg())
export const abs: Operation = unary('abs', (g, _y, [x]) => weighed(g, x.sign()))
export const sign: Operation = unary('sign', flat)
export const exp: Operation = unary('exp', (g, y) => g.mul(y))
export const log: Operation = unary('log', (g, _y, [x]) => g.div(x))
export const log1p: Operation = unary('log1p', (g, _y, [x]) => g.div(x.add(1)))
export const log2: Operation = unary('log2', (g, _y, [x]) => g.mul(Math.LOG2E).div(x))
export const log10: Operation = unary('log10', (g, _y, [x]) => g.mul(Math.LOG10E).div(x))
export const expm1: Operation = unary('expm1', (g, _y, [x]) => g.mul(x.exp()))
export const sqrt: Operation = unary('sqrt', (g, y) => g.div(y.mul(2)))
export const square: Operation = unary('square', (g, _y, [x]) => g.mul(x.mul(2)))
export const reciprocal: Operation = unary('reciprocal', (g, y) => g.mul(y).mul(y).neg())
export const sin: Operation = unary('sin', (g, _y, [x]) => g.mul(x.cos()))
export const cos: Operation = unary('cos', (g, _y, [x]) => g.mul(x.sin()).neg())
export const tan: Operation = unary('tan', (g, y) => g.mul(y.square().add(1)))
/** (1 − x)·(1 + x) loses nothing where x is near ±1. */
const cosineOf = (x: Value): Value => x.neg().add(1).mul(x.add(1)).sqrt()
export const asin: Operation = unary('asin', (g, _y, [x]) => g.div(cosineOf(x)))
export const acos: Operation = unary('acos', (g, _y, [x]) => g.div(cosineOf(x)).neg())
export const sinh: Operation = unary('sinh', (g, _y, [x]) => g.mul(x.cosh()))
export const cosh: Operation = unary('cosh', (g, _y, [x]) => g.mul(x.sinh()))
export const tanh: Operation = unary('tanh', (g, y) => g.mul(y.apply(sub, [1, y.square()], undefined)))
export const sigmoid: Operation = unary('sigmoid', (g, y) => g.mul(y).mul(y.neg().add(1)))
// At a kink the derivative is PyTorch's: 0 for relu, the side of x ≤ 0 for leakyRelu and elu, 1 at both ends for clip,
// half to each of two equal operands.
export const relu: Operation = unary('relu', (g, y) => y.where(g, 0))
export const leakyRelu: Operation = unary(
  'leakyRelu',
  (g, _y, [x], { slope }) => x.greater(0).where(g, g.mul(slope)),
  (slope = 0.01) => ({ slope }),
)
export const elu: Operation = unary(
  'elu',
  (g, _y, [x], { alpha }) => {
    const positive = x.greater(0)
    // Not y + alpha, which has no digits left where y is near −alpha; and of no x whose power is infinite.
    return positive.where(g, g.mul(positive.where(0, x).exp().mul(alpha)))
  },
  (alpha = 1) => ({ alpha }),
)
/** x, but 10⁴ where it is ±∞, for factors beside others that are 0 from far below 10⁴ on. */
export const finite: Operation = inner(
  unary('finite', (g, _y, [x]) => x.abs().equal(Number.POSITIVE_INFINITY).where(0, g)),
)
const near = (x: Value): Value => x.apply(finite, [x], undefined)
/** The normal density at 0. */
const DENSITY = 1 / Math.sqrt(2 * Math.PI)
/** Φ(x) + x·φ(x), φ the normal density. */
export const gelu: Operation = inner(
  unary('gelu', (g, _y, [x]) => {
    const z = near(x)
    const density = z.square().mul(-0.5).exp().mul(DENSITY)
    const distribution = x.mul(Math.SQRT1_2).erf().add(1).mul(0.5)
    return g.mul(distribution.add(z.mul(density)))
  }),
)
/** What the logistic function is taken of in place of Φ(x), (1 + tanh u)/2 = sigmoid 2u: √(8/π)·(x + 0.044715·x³) */
const LINEAR = Math.sqrt(8 / Math.PI)
const CUBIC = LINEAR * 0.044715
/** s + x·s·(1 − s)·t′, s the sigmoid of t = x·(LINEAR + CUBIC·x²). Beyond ±30 it is 0 or 1, and x² might be infinite. */
export const geluTanh: Operation = inner(
  unary('geluTanh', (g, _y, [x]) => {
    const z = x.abs().greater(30).where(x.sign().mul(30), x)
    const square = z.square()
    const s = z.mul(square.mul(CUBIC).add(LINEAR)).sigmoid()
    const slope = z.mul(square.mul(3 * CUBIC).add(LINEAR))
    return g.mul(s.add(s.mul(s.apply(sub, [1, s], undefined)).mul(slope)))
  }),
)
/** s + x·s·(1 − s), s the sigmoid of x. */
export const silu: Operation = unary('silu', (g, _y, [x]) => {
  const s = x.sigmoid()
  return g.mul(s).mul(
    near(x)
      .mul(s.apply(sub, [1, s], undefined))
      .add(1),
  )
})
export const softplus: Operation = unary('softplus', (g, _y, [x]) => g.mul(x.sigmoid()))
const ERF_SLOPE = 2 / Math.sqrt(Math.PI)
export const erf: Operation = unary('erf', (g, _y, [x]) => g.mul(near(x).square().neg().exp().mul(ERF_SLOPE)))
export const floor: Operation = unary('floor', flat)
export const ceil: Operation = unary('ceil', flat)
export const trunc: Operation = unary('trunc', flat)
export const round: Operation = unary('round', flat)
export const clip: Operation = unary(
  'clip',
  (g, _y, [x], { low, high }) => x.greaterEqual(low).mul(x.lessEqual(high)).where(g, 0),
  (low, high) => ({ low, high }),
)
// biome-ignore lint/suspicious/noShadowRestrictedNames: NumPy's and PyTorch's name
export const isNaN: Operation = unary('isNaN')
// biome-ignore lint/suspicious/noShadowRestrictedNames: NumPy's and PyTorch's name
export const isFinite: Operation = unary('isFinite')

export const add: Operation = binary('add', [(g) => g, (g) => g])
export const sub: Operation = binary('sub', [(g) => g, (g) => g.neg()])
export const mul: Operation = binary('mul', [(g, _y, [, b]) => g.mul(b), (g, _y, [a]) => g.mul(a)])
/**
 * a·b, but 0·∞ is 0: what has no weight contributes nothing, however large it is. All else has the bits of `mul`.
 */
export const weigh: Operation = inner(binary('weigh', [(g, _y, [, b]) => weighed(g, b), (g, _y, [a]) => weighed(g, a)]))
export const weighed = (a: Value, b: Value): Value => a.apply(weigh, [a, b], undefined)
export const div: Operation = binary('div', [(g, _y, [, b]) => g.div(b), (g, y, [, b]) => g.mul(y).div(b).neg()])
/** 1 and minus the whole quotient. */
export const mod: Operation = binary('mod', [(g) => g, (g, y, [a, b]) => g.mul(a.sub(y).div(b).round()).neg()])
/** b·aᵇ⁻¹, 0 where b is 0 whatever a is; aᵇ·ln a, 0 where a is 1, 0 and b is not negative, or ∞ and b negative. */
export const pow: Operation = binary('pow', [
  // A factor of 0 and not a selected 0 where b is 0: it has the derivative g·aᵇ⁻¹ with respect to b, where that is finite.
  (g, _y, [a, b]) => {
    const idle = g.div(a).isFinite().less(b.equal(0))
    return weighed(weighed(idle.where(0, g), idle.where(1, a).pow(b.sub(1))), b)
  },
  (g, y, [a, b]) => {
    const infinite = a.equal(Number.POSITIVE_INFINITY).mul(b.less(0))
    const constant = a.equal(0).mul(b.greaterEqual(0)).add(infinite)
    return constant.where(0, weighed(g.mul(y), constant.where(1, a).log()))
  },
])
/** A derivative that is 0 where x is ±∞; it is made of what is finite. */
const unlessInfinite = (x: Value, derivative: Value): Value =>
  x.abs().equal(Number.POSITIVE_INFINITY).where(0, derivative)
export const atan: Operation = unary('atan', (g, _y, [x]) => unlessInfinite(x, g.div(near(x).square().add(1))))
/** g·part / (y² + x²), y and x divided by what is near their size, so that squares neither overflow nor vanish; 0 at infinities. */
function around(g: Value, y: Value, x: Value, part: Value): Value {
  const [up, across] = [near(y), near(x)]
  const size = up.abs().maximum(across.abs())
  const scale = size.apply(binade, [size], undefined)
  const square = up.div(scale).square().add(across.div(scale).square())
  return unlessInfinite(y.abs().maximum(x.abs()), g.mul(near(part).div(scale)).div(square).div(scale))
}
export const atan2: Operation = binary('atan2', [
  (g, _y, [y, x]) => around(g, y, x, x),
  (g, _y, [y, x]) => around(g, y, x, y).neg(),
])
/** a − b, but 0 for infinities that are the same. */
const apart = (a: Value, b: Value): Value => a.equal(b).greater(a.isFinite()).where(0, a.sub(b))
export const logAddExp: Operation = binary('logAddExp', [
  (g, _y, [a, b]) => g.mul(apart(a, b).sigmoid()),
  (g, _y, [a, b]) => g.mul(apart(b, a).sigmoid()),
])
export const maximum: Operation = binary('maximum', [
  (g, _y, [a, b]) => a.less(b).where(0, a.equal(b).where(g.mul(0.5), g)),
  (g, _y, [a, b]) => b.less(a).where(0, a.equal(b).where(g.mul(0.5), g)),
])
export const minimum: Operation = binary('minimum', [
  (g, _y, [a, b]) => a.greater(b).where(0, a.equal(b).where(g.mul(0.5), g)),
  (g, _y, [a, b]) => b.greater(a).where(0, a.equal(b).where(g.mul(0.5), g)),
])
export const less: Operation = binary('less')
export const lessEqual: Operation = binary('lessEqual')
export const greater: Operation = binary('greater')
export const greaterEqual: Operation = binary('greaterEqual')
export const equal: Operation = binary('equal')
export const notEqual: Operation = binary('notEqual')

/** out[i, j] = condition[i, j] ≠ 0 ? a[i, j] : b[i, j], with broadcasting. */
export const where: Operation = {
  name: 'where',
  method: { operands: 3, takes: 'a, b' },
  vjp: [null, (g, _y, [condition]) => condition.where(g, 0), (g, _y, [condition]) => condition.where(0, g)],
  selector: 0,
  elementwise: true,
  shape: ([condition, a, b]) => broadcastShapes('where', broadcastShapes('where', a.shape, b.shape), condition.shape),
  forward(out, inputs, _attributes, machine) {
    const [condition, a, b] = inputs
    const [conditionRow, conditionCol] = [rowStep(condition), colStep(condition)]
    const [aRow, aCol, bRow, bCol] = [rowStep(a), colStep(a), rowStep(b), colStep(b)]
    const numbers = [out.rows, out.cols, conditionRow, conditionCol, aRow, aCol, bRow, bCol, wide(condition)]
    run(machine, 'where', out.dtype, out, inputs, numbers)
  },
}

/** `a` repeated to a larger shape: each of its sizes is 1 or already the wanted one. */
export const broadcastTo: Operation = {
  name: 'broadcastTo',
  method: { operands: 1, takes: 'rows, cols', attributes: (rows: number, cols: number) => ({ rows, cols }) },
  vjp: [(g) => g],
  shape([a], { rows, cols }) {
    checkShape('broadcastTo', rows, cols)
    if ((a.rows !== rows && a.rows !== 1) || (a.cols !== cols && a.cols !== 1))
      throw new ShapeError(`broadcastTo: ${formatShape(a.shape)} does not repeat to ${rows}x${cols}`)
    return [rows, cols]
  },
  forward(out, [a], _attributes, machine) {
    run(machine, 'copy', out.dtype, out, [a], [out.rows, out.cols, 0, out.cols, 1, 0, rowStep(a), colStep(a)])
  },
}
