import { checkNoMore } from '../base/options.ts'
import { type CheckSquare, checkInteger } from '../base/shape.ts'
import { eye } from '../matrix/create.ts'
import { Matrix } from '../matrix/matrix.ts'
import type { ColsIn, Operand, RowsIn, Value } from '../ops/algebra.ts'
import type { Attributes, Rule } from '../ops/operation.ts'
import { negated, reachable, scaledBy, triangleOf } from './equilibrate.ts'
import { solveFor } from './lu.ts'
import { absoluteSums } from './norm.ts'
import { asFirst, type Computed, checkSquare, computed, isAtHand, resultOf, type SquareOf } from './operation.ts'
import { inverted } from './solve.ts'
import { checkFinite, checkRange, create, exponentOf, shifted, toDtype } from './workspace.ts'

/**
 * The rule of f(A) for f a power series: f([[Aᵀ, G], [0, Aᵀ]]) has the cotangent of A at the upper right (Mathias 1996; Higham
 * 2008, theorem 3.6).
 */
const ofSeries =
  (f: (a: Value, attributes: Attributes) => Value): Rule =>
  (g, _y, [a], attributes) => {
    const n = a.rows
    const transposed = a.T
    const block = transposed
      .pad(0, n, 0, n)
      .add(g.pad(0, n, n, 0))
      .add(transposed.pad(n, 0, n, 0))
    return f(block, attributes).slice(0, n, n)
  }

/** Aⁿ. */
function powerOf(a: Matrix, n: number): Matrix {
  checkFinite('matrixPower', 'a', a)
  let square = toDtype(a, 'float64')
  if (n < 0) square = solveFor('matrixPower', square, 'float64')
  let power: Matrix | undefined
  for (let left = Math.abs(n); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = power ? power.matmul(square) : square
    if (left > 1) square = square.matmul(square)
  }
  return n === 1 ? a.clone() : toDtype(power ?? eye(a.rows, { dtype: 'float64' }), a.dtype)
}

export const powers: Computed = computed('matrixPower', asFirst, ([a], n) => powerOf(a, n), [
  ofSeries((block, n) => resultOf(powers, [block], n)),
])

/**
 * Aⁿ for a square matrix and any whole n, by repeated squaring in float64: the identity for 0, powers of A⁻¹ below. What lies
 * beyond the range of the dtype is ±Infinity, or NaN where that meets 0 or infinities of both signs meet.
 *
 * @throws ShapeError unless a is square; DTypeError unless it is a matrix and n a whole number; LinAlgError for NaN and infinities,
 * and where n is negative and A⁻¹ is none, or beyond the range of float64.
 */
export function matrixPower<V extends Operand>(
  a: V & CheckSquare<'matrixPower', RowsIn<V>, ColsIn<V>>,
  n: number,
  ...more: []
): SquareOf<V> {
  checkNoMore('matrixPower', 'a, n', more)
  checkSquare('matrixPower', a)
  checkInteger('matrixPower', 'n', n, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  if (n >= 0 || isAtHand(a)) return resultOf(powers, [a], n) as never
  const { dtype } = a as Value
  // The rule of a power of the inverse would solve with blocks, whose condition is the square.
  const inverse = inverted('matrixPower', (a as Value).astype('float64'))
  return resultOf(powers, [inverse], -n).astype(dtype) as never
}

/** Padé coefficients of the numerator of eˣ, lowest first, by degree (Higham 2005, table 2.3). */
const PADE: Readonly<Record<number, readonly number[]>> = {
  3: [120, 60, 12, 1],
  5: [30240, 15120, 3360, 420, 30, 1],
  7: [17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1],
  9: [17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1],
  13: [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
  ],
}

/** Up to these norms of powers a degree is exact to a unit roundoff (Al-Mohy & Higham 2009, table 3.1). */
const THETA: Readonly<Record<number, number>> = {
  3: 1.495585217958292e-2,
  5: 2.53939833006323e-1,
  7: 9.504178996162932e-1,
  9: 2.097847961257068,
  13: 4.25,
}

/** 1/|c₂ₘ₊₁|, the first coefficient of the backward error. */
const BACKWARD: Readonly<Record<number, number>> = {
  3: 100800,
  5: 10059033600,
  7: 4487938430976000,
  9: 5.914384781877412e21,
  13: 1.1325077560602111e35,
}

/** ‖A‖₁, the largest column sum. */
const norm1 = (a: Matrix): number => absoluteSums(a, true).reduce((most, sum) => Math.max(most, sum), 0)

/** How many more halvings the degree needs, for A whose powers are smaller than those of |A| (Al-Mohy & Higham 2009, eq. 5.1). */
function moreHalvings({ elements: data, rows: n }: Matrix, norm: number, degree: number, halvings: number): number {
  // ‖|A|^(2m+1)‖₁ is the largest element of (|A|ᵀ)^(2m+1)·1; scaled in every step, so that it does not overflow.
  const factor = 2 ** -halvings
  let vector = new Float64Array(n).fill(1)
  for (let power = 0; power < 2 * degree + 1; power++) {
    const next = new Float64Array(n)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) next[j] += Math.abs(data[i * n + j]) * factor * vector[i]
    vector = next
  }
  const size = vector.reduce((most, x) => Math.max(most, x), 0)
  if (size === 0) return 0
  const ratio = size / (norm * factor * BACKWARD[degree] * 2 ** -53)
  // ⌈log₂(ratio)/2m⌉ without a logarithm, whose bits depend on the engine.
  let more = 0
  for (let most = 1; ratio > most; most *= 2 ** (2 * degree)) more++
  return more
}

/** xⁿ for a whole n > 0 by products, since the bits of a power depend on the engine. */
function power(x: number, n: number): number {
  let product = x
  for (let i = 1; i < n; i++) product *= x
  return product
}

/** Σ coefficients[i]·terms[i], term by term. */
function combine(n: number, coefficients: readonly number[], terms: readonly Matrix[]): Matrix {
  const out = create('float64', n, n)
  for (let k = 0; k < terms.length; k++) {
    const { elements: data } = terms[k]
    for (let i = 0; i < out.size; i++) out.elements[i] += coefficients[k] * data[i]
  }
  return out
}

/** (V − U)⁻¹·(V + U), U the odd terms of the numerator and V the even ones; `squares` are I, A², A⁴ and so on. */
function pade(a: Matrix, degree: number, squares: readonly Matrix[]): Matrix {
  const n = a.rows
  const [even, odd] = [0, 1].map((parity) => PADE[degree].filter((_, i) => i % 2 === parity))
  /** Of degree 13 the squares end with A⁶, which is taken out of the terms behind it. */
  const sum = (coefficients: readonly number[]): Matrix => {
    const first = combine(n, coefficients, squares)
    const rest = coefficients.slice(squares.length)
    return rest.length === 0 ? first : first.add(squares[3].matmul(combine(n, rest, squares.slice(1))))
  }
  const u = a.matmul(sum(odd))
  const v = sum(even)
  return solveFor('expm', v.sub(u), 'float64', v.add(u))
}

/** 2^30 to the power of 27 has no overflow. */
const MOST = 30

/** Sums of a row or column times 2^−60 have no overflow. */
const ROOM = 60
/** Balancing halves the exponents of what is too large in every sweep. */
const SWEEPS = 100

/**
 * The exponents of a diagonal D of powers of two for which rows of D⁻¹·A·D are about as large as the columns of their number
 * (Parlett & Reinsch 1969). Sums count with the diagonal and as 1 at least, so that a row without a column becomes small, too.
 */
function balance({ elements: data, rows: n }: Matrix): Int32Array {
  const shifts = new Int32Array(n)
  let moved = true
  for (let sweep = 0; moved && sweep < SWEEPS; sweep++) {
    moved = false
    for (let i = 0; i < n; i++) {
      let [down, along] = [0, 0]
      for (let k = 0; k < n; k++) {
        if (k === i) continue
        down += Math.abs(shifted(data[k * n + i], shifts[i] - shifts[k] - ROOM))
        along += Math.abs(shifted(data[i * n + k], shifts[k] - shifts[i] - ROOM))
      }
      const own = Math.abs(data[i * (n + 1)]) * 2 ** -ROOM
      const size = (sum: number): number => Math.max(2 ** -ROOM, own + sum)
      const by = Math.round((exponentOf(size(along)) - exponentOf(size(down))) / 2)
      if (size(shifted(down, by)) + size(shifted(along, -by)) < 0.95 * (size(down) + size(along))) {
        shifts[i] += by
        moved = true
      }
    }
  }
  return shifts
}

/**
 * Writes the diagonal of exp(factor·A) for a triangular A, which is that of its eigenvalues, and the elements beside it, into what
 * approximates it (Higham 2008, Code Fragments 10.1 and 10.2): squaring does not let their errors grow then. `step` leads from an
 * element of the diagonal to that beside it.
 */
function setExactly(power: Matrix, a: Matrix, factor: number, step: number): void {
  const n = a.rows
  const line = (count: number, f: (at: number) => number): Matrix =>
    new Matrix(
      Float64Array.from({ length: count }, (_, i) => f(i * (n + 1))),
      1,
      count,
    )
  const value = (at: number): number => a.elements[at] * factor
  const rise = (at: number): number => value(at + n + 1) - value(at)
  const exponentials = line(n, value).exp().elements
  const rises = line(Math.max(0, n - 1), rise).expm1().elements
  for (let i = 0, at = 0; i < n; i++, at += n + 1) {
    power.elements[at] = exponentials[i]
    if (i === n - 1) break
    // (e^λ₂ − e^λ₁)/(λ₂ − λ₁), whose numerator cancels where they are close.
    const by = rise(at)
    const quotient =
      Math.abs(by) > 1 ? (exponentials[i + 1] - exponentials[i]) / by : exponentials[i] * (by === 0 ? 1 : rises[i] / by)
    power.elements[at + step] = value(at + step) * quotient
  }
}

/** eᴬ. */
function exponentialOf(a: Matrix): Matrix {
  checkFinite('expm', 'a', a)
  const whole = toDtype(a, 'float64')
  if (norm1(whole) < 2 ** MOST) return checkRange('expm', toDtype(exponential(whole, 0), a.dtype))
  const shifts = balance(whole)
  const balanced = scaledBy(whole, negated(shifts), shifts)
  const size = norm1(balanced.mul(2 ** -ROOM))
  const halvings = size < 2 ** (MOST - ROOM) ? 0 : exponentOf(size) + ROOM + 1
  // What rounding leaves where eᴬ has a 0 may not grow as its neighbours do.
  const power = exponential(balanced.mul(2 ** -halvings), halvings).mul(reachable(whole))
  return checkRange('expm', toDtype(scaledBy(power, shifts, negated(shifts)), a.dtype))
}

export const exponentials: Computed = computed('expm', asFirst, ([a]) => exponentialOf(a), [
  ofSeries((block) => resultOf(exponentials, [block])),
])

/**
 * eᴬ = Σ Aᵏ/k! for a square matrix: A is halved s times, the Padé approximant of degree 3, 5, 7, 9 or 13 taken, and the result
 * squared s times. Degree and s follow from the norms of A², A⁴ and A⁶ (Higham 2005; Al-Mohy & Higham 2009, with products of
 * those norms where they estimate those of A⁸ and A¹⁰). A matrix of a norm from 2^30 on is balanced before. Where
 * A² is 0, I + A is taken.
 *
 * @throws LinAlgError where an element of eᴬ lies beyond the range of the dtype, and for NaN and infinities; ShapeError unless a is
 * square; DTypeError unless it is a matrix.
 */
export function expm<V extends Operand>(a: V & CheckSquare<'expm', RowsIn<V>, ColsIn<V>>, ...more: []): SquareOf<V> {
  checkNoMore('expm', 'a', more)
  checkSquare('expm', a)
  return resultOf(exponentials, [a]) as never
}

/** exp(x·2^halvings) for ‖x‖ < 2^30. */
function exponential(x: Matrix, halvings: number): Matrix {
  const square = x.matmul(x)
  // The series ends with its second term.
  if (norm1(square) === 0) return eye(x.rows, { dtype: 'float64' }).add(x.mul(2 ** halvings)) as Matrix
  const { r, more } = approximate(x, square)
  const squarings = halvings + more
  const step = squarings > 0 ? triangleOf(x) : undefined
  let power = r
  if (step !== undefined) setExactly(power, x, 2 ** -more, step)
  for (let i = 1; i <= squarings; i++) {
    power = checkRange('expm', power.matmul(power))
    if (step !== undefined) setExactly(power, x, 2 ** (i - more), step)
  }
  return power
}

/**
 * The approximant of exp(x·2^−more) by x and x², with as few products as its accuracy allows; a norm is compared with a power
 * of θ.
 */
function approximate(x: Matrix, square: Matrix): { r: Matrix; more: number } {
  const norm = norm1(x)
  const serves = (degree: number): boolean => moreHalvings(x, norm, degree, 0) === 0
  const squares = [eye(x.rows, { dtype: 'float64' }) as Matrix, square]
  const norm2 = norm1(squares[1])
  if (norm2 < power(THETA[3], 2) && serves(3)) return { r: pade(x, 3, squares), more: 0 }
  squares.push(squares[1].matmul(squares[1]))
  const norm4 = norm1(squares[2])
  if (norm4 < power(THETA[5], 4) && norm2 * norm4 < power(THETA[5], 6) && serves(5))
    return { r: pade(x, 5, squares), more: 0 }
  squares.push(squares[1].matmul(squares[2]))
  const norm6 = norm1(squares[3])
  const within = (theta: number): boolean => norm4 <= power(theta, 4) && norm6 <= power(theta, 6)
  if (within(THETA[7]) && serves(7)) return { r: pade(x, 7, squares), more: 0 }
  if (within(THETA[9]) && serves(9)) return { r: pade(x, 9, [...squares, squares[2].matmul(squares[2])]), more: 0 }
  let more = 0
  let theta = THETA[13]
  while (!within(theta) && !(norm4 <= power(theta, 4) && norm4 * norm6 <= power(theta, 10))) {
    more++
    theta *= 2
  }
  more += moreHalvings(x, norm, 13, more)
  const scaled = squares.map((square, i) => square.mul(2 ** (-2 * i * more)))
  return { r: pade(x.mul(2 ** -more), 13, scaled), more }
}
