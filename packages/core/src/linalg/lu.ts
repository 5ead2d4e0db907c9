import type { DType } from '../base/dtype.ts'
import { LinAlgError } from '../base/errors.ts'
import { eye } from '../matrix/create.ts'
import { Matrix } from '../matrix/matrix.ts'
import { largestExponents, negated, scaledBy, shiftedBy, trueExponent } from './equilibrate.ts'
import { type Extended, eliminate } from './extended.ts'
import { factorise } from './householder.ts'
import {
  checkRange,
  create,
  EPSILON,
  enter,
  exponentOf,
  inOrder,
  LINEAR,
  largestOf,
  leave,
  SQUARED,
  shifted,
  toDtype,
  UNSCALED,
  type Workspace,
} from './workspace.ts'

/** Pivots from here on divide what is neither very large nor very small without care. */
export const LEAST_DIVISOR: number = 2 ** -300
/** Pivots that are so many times larger than all elements say that elimination may have lost as many units in the last place. */
const GROWTH = 2 ** 8
/** Solutions whose largest element is at least this have lost nothing to underflow that is seen beside it. */
export const LEAST_SOLUTION: number = 2 ** -500
/** Numbers so many times smaller than others are not seen beside them. */
const APART = 2 ** -64
/** Products of two numbers so many times smaller than others are not seen beside those. */
const HALF_APART = 2 ** -26
/** Pivots of many rows that are so many times smaller than others may be what rounding has left. */
const LEFT = 2 ** -48
/**
 * Of few rows pivots less far apart make elements be looked at, and pivots less small are taken for vanished. To eliminate what
 * is far apart takes long for many, where rows and columns may be scaled instead.
 */
const [FEW, MANY] = [16, 128]
/** Elements near 2^−900 may grow by 2^1900. */
const LOW = -900

const identity = (n: number): Matrix => eye(n, { dtype: 'float64' })

/** The sizes of the smallest and the largest pivot of n x n factors, NaN where there is one. */
export function pivotSizes({ engine: { f64 }, at }: Workspace, n: number): [least: number, most: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < n; i++) {
    const size = Math.abs(f64[at[0] / 8 + i * (n + 1)])
    least = Math.min(least, size)
    most = Math.max(most, size)
  }
  return [least, most]
}

/** Whether A, whose pivots and what it was multiplied by hint at it, is wide, or so wide that pivots have vanished. */
function isFar(a: Matrix, [least, most]: readonly [number, number], scale: number): boolean {
  const isFew = a.rows <= FEW
  const isMany = a.rows > MANY
  if (least >= (isFew ? 2 ** -16 : isMany ? LEAST_DIVISOR : LEFT) * most && scale === 1) return false
  const vanished = !isMany && least < (isFew ? HALF_APART : LEFT) * most
  return isWide(a, vanished ? HALF_APART : APART)
}

/** Whether A has elements, not 0, that are less than `apart` of the largest: unless it is given they are not seen beside that. */
function isWide({ elements: data }: Matrix, apart: number = APART): boolean {
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i])
    if (size > 0) least = Math.min(least, size)
    most = Math.max(most, size)
  }
  return least < apart * most
}

/** R·A·C whose rows and columns have largest elements near 1 (LAPACK's dgeequb), unless it is wide, or A of few rows is. */
function balanced(a: Matrix): { rows: Int32Array; cols: Int32Array; near: Matrix } | undefined {
  if (a.rows <= MANY && isWide(a)) return undefined
  const rows = negated(largestExponents(a, new Int32Array(a.rows), false))
  const cols = negated(largestExponents(a, rows, true))
  const near = scaledBy(a, rows, cols)
  return isWide(near) ? undefined : { rows, cols, near }
}

/** The factors of A in its place, then the pivots and one number. */
function factored(operation: string, a: Matrix, range: number): Workspace {
  const workspace = enter(operation, [a], [Math.min(a.rows, a.cols), 1], range)
  const { kernels, at } = workspace
  kernels.lu(at[0], at[1], a.rows, a.cols)
  return workspace
}

/** Whether all factors are finite. */
function isFinished({ engine, kernels, at }: Workspace, count: number): boolean {
  kernels.largest(at[2], at[0], count)
  return Number.isFinite(engine.f64[at[2] / 8])
}

/** A = P·L·U, as `lu` gives it. */
export function factorsOf(operation: string, a: Matrix): { P: Matrix; L: Matrix; U: Matrix } {
  const { rows: m, cols: n, dtype } = a
  const k = Math.min(m, n)
  let workspace = factored(operation, a, LINEAR)
  let cols: Int32Array | undefined
  if (workspace.scales[0] < 1 || !isFinished(workspace, a.size)) {
    // No element of U is more than 2^(k − 1) times the largest of its column: what could overflow is made smaller, and no more.
    const most = Math.max(0, 1022 - k)
    const rows = new Int32Array(m)
    cols = largestExponents(a, rows, true).map((exponent) => Math.min(0, most - exponent))
    workspace = factored(operation, scaledBy(a, rows, cols), UNSCALED)
  }
  const { engine, at, scales } = workspace
  const factors = engine.f64.subarray(at[0] / 8)
  const L = create(dtype, m, k)
  const U = create(dtype, k, n)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      const value = factors[i * n + j]
      if (j < i) L.elements[i * k + j] = value
      else U.elements[i * n + j] = cols ? shifted(value, -cols[j]) : value / scales[0]
    }
  for (let i = 0; i < k; i++) L.elements[i * k + i] = 1
  checkRange(operation, U, 'U')
  // Row i of P·L is row source[i] of L: the exchanges, undone from the last to the first.
  const source = inOrder(m)
  for (let i = k - 1; i >= 0; i--) {
    const pivot = engine.f64[at[1] / 8 + i]
    ;[source[i], source[pivot]] = [source[pivot], source[i]]
  }
  const P = create(dtype, m, m)
  for (let i = 0; i < m; i++) P.elements[i * m + source[i]] = 1
  return { P, L, U }
}

/** Beyond 2^±300 a factor or a product is brought back. */
const STEP = 300

/** How many times 2^300 brings a size above it down to it, or, negative, one below 2^−300 up to that. */
function stepsOf(x: number): number {
  const size = Math.abs(x)
  if ((size <= 2 ** STEP && size >= 2 ** -STEP) || x === 0) return 0
  const exponent = trueExponent(x)
  return exponent > 0 ? Math.floor(exponent / STEP) : -Math.floor((-1 - exponent) / STEP)
}

/** det A = value·2^exponent, with no overflow on the way. */
function determinant(operation: string, a: Matrix): { value: number; exponent: number } {
  const n = a.rows
  let workspace = factored(operation, a, SQUARED)
  let exponent = -n * exponentOf(workspace.scales[0])
  const sizes = pivotSizes(workspace, n)
  const far = isFar(a, sizes, workspace.scales[0])
  let most = sizes[1]
  const scaled = far && n > MANY && balanced(a)
  if (scaled) {
    const { value, exponent } = determinant(operation, scaled.near)
    return { value, exponent: scaled.rows.reduce((sum, row, i) => sum - row - scaled.cols[i], exponent) }
  }
  if (!far && !(most <= Number.MAX_VALUE)) {
    const low = LOW - trueExponent(largestOf(a))
    workspace = factored(operation, shiftedBy(a, low), UNSCALED)
    exponent = -n * low
    most = pivotSizes(workspace, n)[1]
  }
  if (far || !(most <= Number.MAX_VALUE)) {
    const found = eliminate(a, create('float64', n, 0))
    return { value: found.det, exponent: found.exponent }
  }
  const { engine, at } = workspace
  let value = 1
  const normalize = (x: number): number => {
    const steps = stepsOf(x)
    if (steps === 0) return x
    exponent += steps * STEP
    return shifted(x, -steps * STEP)
  }
  for (let i = 0; i < n; i++) {
    value = normalize(value * normalize(engine.f64[at[0] / 8 + i * (n + 1)]))
    if (engine.f64[at[1] / 8 + i] !== i) value = -value
  }
  return { value, exponent }
}

/** det A. */
export function determinantOf(operation: string, a: Matrix): number {
  const { value, exponent } = determinant(operation, a)
  return shifted(value, exponent) + 0
}

/** The sign of det A and ln |det A|. */
export function signedLogarithm(operation: string, a: Matrix): { sign: number; logAbsDet: number } {
  const { value, exponent } = determinant(operation, a)
  // The logarithm whose bits do not depend on the machine.
  const log = new Matrix(Float64Array.of(Math.abs(value)), 1, 1).log().item()
  return { sign: Math.sign(value) + 0, logAbsDet: log + exponent * Math.LN2 }
}

/** The workspace for A·X = B: A, B, the pivots and one number. B is the identity unless given. */
function enterSystem(operation: string, a: Matrix, b: Matrix | undefined): Workspace {
  const n = a.rows
  // Nothing of B is lost beside its largest element: what overflows is noticed.
  if (b) return enter(operation, [a, b], [n, 1], SQUARED, UNSCALED)
  const workspace = enter(operation, [a], [n * n, n, 1], SQUARED)
  const { engine, at } = workspace
  const start = at[1] / 8
  engine.f64.fill(0, start, start + n * n)
  for (let i = 0; i < n; i++) engine.f64[start + i * (n + 1)] = 1
  return workspace
}

/** The number of the first pivot that is 0 in n x n factors. */
function zeroPivot({ engine: { f64 }, at }: Workspace, n: number): number {
  let i = 0
  while (i < n && f64[at[0] / 8 + i * (n + 1)] !== 0) i++
  return i
}

/** Solves in place of B, and gives the largest element of X. */
function substitute({ engine, kernels, at }: Workspace, n: number, cols: number): number {
  const [address, right, pivots, room] = at
  kernels.luSolve(right, address, pivots, n, cols)
  kernels.largest(room, right, n * cols)
  return engine.f64[room / 8]
}

/** X, times 2^exponent. */
function rounded({ values, exponents }: Extended, dtype: DType, rows: number, exponent = 0): Matrix {
  const out = create(dtype, rows, rows === 0 ? 0 : values.length / rows)
  for (let i = 0; i < out.size; i++) out.elements[i] = shifted(values[i], exponents[i] + exponent)
  return out
}

/**
 * X with A·X = B, B the identity unless given, where nothing is very large or small on the way, else undefined. The number of the
 * pivot that is 0 where nothing that vanished made it so.
 */
export function solvePlainly(operation: string, a: Matrix, dtype: DType, b?: Matrix): Matrix | number | undefined {
  const n = a.rows
  const workspace = enterSystem(operation, a, b)
  const { kernels, at, scales, sizes } = workspace
  kernels.lu(at[0], at[2], n, n)
  const [least, most] = pivotSizes(workspace, n)
  if (isFar(a, [least, most], scales[0])) return undefined
  if (least === 0 && most <= Number.MAX_VALUE) return zeroPivot(workspace, n)
  if (!(least >= LEAST_DIVISOR && most <= Number.MAX_VALUE)) return undefined
  const cols = b ? b.cols : n
  const largest = substitute(workspace, n, cols)
  const isZero = b ? sizes[1] === 0 : n === 0
  if (!isZero && !(largest >= LEAST_SOLUTION && largest <= Number.MAX_VALUE)) return undefined
  const x = leave(workspace, at[1], n, cols, dtype, 1 / scales[0])
  if (most > GROWTH * sizes[0]) {
    const near = toDtype(a, 'float64').mul(scales[0])
    const right = b ?? identity(n)
    if (!solves(near, toDtype(x, 'float64').mul(1 / scales[0]), right, EPSILON[dtype])) {
      // Elements of R do not grow, and R·X = Qᵀ·B is solved as any other system.
      const { Q, R } = factorise('qr', near, false)
      const again = solvePlainly(operation, R, 'float64', Q.matmul(right, { transposeA: true }))
      return again instanceof Matrix ? checkRange(operation, toDtype(again.mul(scales[0]), dtype)) : undefined
    }
  }
  // What float32 can hold float64 can.
  return Number.isFinite(Math.fround(largest * scales[0])) ? x : checkRange(operation, x)
}

/** Whether ‖A·x − b‖ is at most n·ε·‖A‖·‖x‖ for each column, in the norm of the largest row sum. */
function solves(a: Matrix, x: Matrix, b: Matrix, epsilon: number): boolean {
  const off = a.matmul(x).sub(b).abs().max(0)
  const unit = a.rows * epsilon * a.abs().sum(1).max().item()
  const most = x.abs().max(0)
  return off.elements.every((residual, j) => residual <= unit * most.elements[j])
}

/** X = C·(R·A·C)⁻¹·R·B where neither R·A·C nor R·B, its columns brought near 1, is wide, else X in numbers of any exponent. */
function solveScaled(operation: string, a: Matrix, dtype: DType, b: Matrix): Matrix | Extended | number {
  const scaled = balanced(a)
  if (scaled) {
    const { rows, cols, near } = scaled
    const across = largestExponents(b, rows, true)
    const right = scaledBy(b, rows, negated(across))
    const x = isWide(right) ? undefined : solvePlainly(operation, near, 'float64', right)
    if (x instanceof Matrix) return checkRange(operation, toDtype(scaledBy(x, cols, across), dtype))
    if (x !== undefined) return x
  }
  return eliminate(a, b).x
}

/** X with A·X = B, B the identity unless given. @throws LinAlgError where a pivot is 0 or X beyond the range of the dtype. */
export function solveFor(operation: string, a: Matrix, dtype: DType, b?: Matrix): Matrix {
  const found = solvePlainly(operation, a, dtype, b) ?? solveScaled(operation, a, dtype, b ?? identity(a.rows))
  if (typeof found === 'number')
    throw new LinAlgError(`${operation}: pivot ${found} is 0, wanted a matrix of full rank`)
  return found instanceof Matrix ? found : checkRange(operation, rounded(found, dtype, a.rows))
}

/**
 * A⁻¹ = 2^exponent·inverse in float64, the largest element of `inverse` near 1, or of its smallest column or row for the orders −1
 * and −∞ of a norm, others of which are infinite then; undefined where a pivot is 0.
 */
export function scaledInverse(a: Matrix, ord: number | string): { inverse: Matrix; exponent: number } | undefined {
  const n = a.rows
  const { x } = eliminate(a, identity(n))
  if (typeof x === 'number') return undefined
  const isLeast = ord === -1 || ord === -Infinity
  /** The exponent of the largest element of each line, or of all. */
  const largest = new Int32Array(isLeast ? n : 1).fill(-0x80000000)
  for (let i = 0, k = 0; i < n; i++)
    for (let j = 0; j < n; j++, k++) {
      const line = ord === -1 ? j : isLeast ? i : 0
      if (x.values[k] !== 0) largest[line] = Math.max(largest[line], x.exponents[k])
    }
  const exponent = largest.reduce((least, x) => Math.min(least, x))
  return { inverse: rounded(x, 'float64', n, -exponent), exponent }
}
