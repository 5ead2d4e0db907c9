import type { DType } from '../base/dtype.ts'
import { LinAlgError } from '../base/errors.ts'
import { type CheckRows, type CheckSquare, checkRows } from '../base/shape.ts'
import { eye } from '../matrix/create.ts'
import { Matrix } from '../matrix/matrix.ts'
import { equilibrate, largestExponents, negated, scaledBy, trueExponent } from './equilibrate.ts'
import { qr } from './qr.ts'
import {
  checkMatrix,
  checkRange,
  checkSquare,
  create,
  EPSILON,
  enter,
  exponentOf,
  inOrder,
  LINEAR,
  leave,
  SQUARED,
  shifted,
  toDtype,
  UNSCALED,
  type Workspace,
} from './workspace.ts'

/** Pivots from here on are so far above what is lost to underflow that nothing of it is seen in a determinant. */
const LEAST_PIVOT = 2 ** -900
/** Pivots from here on divide what is neither very large nor very small without care. */
const LEAST_DIVISOR = 2 ** -300
/** Pivots that are so many times larger than all elements say that elimination may have lost as many units in the last place. */
const GROWTH = 2 ** 8
/** Solutions whose largest element is at least this have lost nothing to underflow that is seen beside it. */
const LEAST_SOLUTION = 2 ** -500
/** Columns whose largest elements are near 2^−900 may grow by 2^1900, and what vanishes beside them is not seen. */
const LOW = 900

/** Pivots so many times smaller than others say that rows are, whose multipliers may have vanished. */
const APART = 2 ** -900

/** The largest pivot of n x n factors. */
function largestPivot({ engine: { f64 }, at }: Workspace, n: number): number {
  let most = 0
  for (let i = 0; i < n; i++) most = Math.max(most, Math.abs(f64[at[0] / 8 + i * (n + 1)]))
  return most
}

/** Whether all pivots of n x n factors have sizes from `least` to `most`. */
function pivotsWithin({ engine: { f64 }, at }: Workspace, n: number, least: number, most: number): boolean {
  for (let i = 0; i < n; i++) {
    const size = Math.abs(f64[at[0] / 8 + i * (n + 1)])
    if (!(size >= least && size <= most)) return false
  }
  return true
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

/**
 * A = P·L·U for an m x n matrix, k = min(m, n): P a permutation (m x m), L unit lower trapezoidal (m x k), U upper
 * trapezoidal (k x n). Gaussian elimination with partial pivoting by halves of the columns (LAPACK's dgetrf2; Toledo 1997),
 * so that |L| ≤ 1. A singular matrix has factors like any other, with a 0 on the diagonal of U.
 *
 * @throws DTypeError unless a is a matrix; LinAlgError for NaN and infinities, and where an element of U lies beyond the range
 * of the dtype.
 */
export function lu(a: Matrix): { P: Matrix; L: Matrix; U: Matrix } {
  checkMatrix('lu', 'a', a)
  const { rows: m, cols: n, dtype } = a
  const k = Math.min(m, n)
  let workspace = factored('lu', a, LINEAR)
  let cols: Int32Array | undefined
  if (workspace.scales[0] < 1 || !isFinished(workspace, a.size)) {
    // No element of U is more than 2^(k − 1) times the largest of its column: what could overflow is made smaller, and no more.
    const most = Math.max(0, 1022 - k)
    const rows = new Int32Array(m)
    cols = largestExponents(a, rows, true).map((exponent) => Math.min(0, most - exponent))
    workspace = factored('lu', scaledBy(a, rows, cols), UNSCALED)
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
  checkRange('lu', U, 'U')
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
  checkSquare(operation, a)
  const n = a.rows
  let workspace = factored(operation, a, LINEAR)
  let exponent = -n * exponentOf(workspace.scales[0])
  const least = Math.max(LEAST_PIVOT, APART * largestPivot(workspace, n))
  if (!pivotsWithin(workspace, n, least, Number.MAX_VALUE)) {
    const { rows, cols } = equilibrate(a)
    const low = cols.map((exponent) => exponent - LOW)
    workspace = factored(operation, scaledBy(a, rows, low), UNSCALED)
    if (!pivotsWithin(workspace, n, 0, Number.MAX_VALUE))
      throw new LinAlgError(`${operation}: elements grow by more than 2^1900 in the elimination, wanted less`)
    exponent = 0
    for (let i = 0; i < n; i++) exponent -= rows[i] + low[i]
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

/**
 * The determinant of an n x n matrix, a number in float64, from A = P·L·U; 1 for 0x0. What lies beyond the range of float64
 * is ±Infinity or 0; `slogdet` has it.
 *
 * @throws What `slogdet` throws.
 */
export function det<R extends number, C extends number>(a: Matrix<R, C> & CheckSquare<'det', R, C>): number {
  const { value, exponent } = determinant('det', a)
  return shifted(value, exponent) + 0
}

/**
 * det A = sign·e^logAbsDet for an n x n matrix, numbers in float64: sign 0 and −Infinity where U has a 0 on its diagonal.
 *
 * @throws ShapeError unless a is square; DTypeError unless it is a matrix; LinAlgError for NaN and infinities, and where elements
 * grow by more than 2^1900.
 */
export function slogdet<R extends number, C extends number>(
  a: Matrix<R, C> & CheckSquare<'slogdet', R, C>,
): { sign: number; logAbsDet: number } {
  const { value, exponent } = determinant('slogdet', a)
  // The logarithm whose bits do not depend on the machine.
  const log = new Matrix(Float64Array.of(Math.abs(value)), 1, 1).log().item()
  return { sign: Math.sign(value) + 0, logAbsDet: log + exponent * Math.LN2 }
}

/** The first pivot that is 0 in n x n factors, or −1. */
function zeroPivot({ engine: { f64 }, at }: Workspace, n: number): number {
  for (let i = 0; i < n; i++) if (f64[at[0] / 8 + i * (n + 1)] === 0) return i
  return -1
}

/** X whose element [i, j] is values[i·cols + j]·2^(down[i] + across[j]). */
interface ScaledSolution {
  readonly values: Float64Array
  readonly down: Int32Array
  readonly across: Int32Array
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

/** Solves in place of B, and gives the largest element of X. */
function substitute({ engine, kernels, at }: Workspace, n: number, cols: number): number {
  const [address, right, pivots, room] = at
  kernels.luSolve(right, address, pivots, n, cols)
  kernels.largest(room, right, n * cols)
  return engine.f64[room / 8]
}

/**
 * X with A·X = B by the factors of R·A·C for powers of two R and C: X = C·(R·A·C)⁻¹·R·B, each column of R·B brought near 1. Or
 * the number of the pivot that is 0.
 */
function solveScaled(operation: string, a: Matrix, b?: Matrix): ScaledSolution | number {
  const n = a.rows
  const { rows, cols } = equilibrate(a)
  const right = b ?? (eye(n, { dtype: 'float64' }) as Matrix)
  const across = largestExponents(right, rows, true)
  const [left, hand] = [scaledBy(a, rows, cols), scaledBy(right, rows, negated(across))]
  let workspace = enter(operation, [left, hand], [n, 1], UNSCALED)
  workspace.kernels.lu(workspace.at[0], workspace.at[2], n, n)
  if (!pivotsWithin(workspace, n, 0, GROWTH)) {
    // Elements of R do not grow, and R·X = Qᵀ·B is solved as any other system.
    const { Q, R } = qr(left)
    workspace = enter(operation, [R, Q.matmul(hand, { transposeA: true })], [n, 1], UNSCALED)
    workspace.kernels.lu(workspace.at[0], workspace.at[2], n, n)
  }
  const singular = zeroPivot(workspace, n)
  if (singular >= 0) return singular
  substitute(workspace, n, right.cols)
  const start = workspace.at[1] / 8
  return { values: workspace.engine.f64.slice(start, start + right.size), down: cols, across }
}

/** X, times 2^exponent. */
function unscaled({ values, down, across }: ScaledSolution, dtype: DType, exponent = 0): Matrix {
  const out = create(dtype, down.length, across.length)
  for (let i = 0, k = 0; i < out.rows; i++)
    for (let j = 0; j < out.cols; j++, k++) out.elements[k] = shifted(values[k], down[i] + across[j] + exponent)
  return out
}

/** X with A·X = B, B the identity unless given, where nothing is very large or small on the way. */
export function solvePlainly(operation: string, a: Matrix, dtype: DType, b?: Matrix): Matrix | undefined {
  const n = a.rows
  const workspace = enterSystem(operation, a, b)
  const { kernels, at, scales, sizes } = workspace
  kernels.lu(at[0], at[2], n, n)
  if (!pivotsWithin(workspace, n, LEAST_DIVISOR, Number.MAX_VALUE)) return undefined
  const grown = !pivotsWithin(workspace, n, 0, GROWTH * sizes[0])
  const cols = b ? b.cols : n
  const largest = substitute(workspace, n, cols)
  const isZero = b ? sizes[1] === 0 : n === 0
  if (!isZero && !(largest >= LEAST_SOLUTION && largest <= Number.MAX_VALUE)) return undefined
  const x = leave(workspace, at[1], n, cols, dtype, 1 / scales[0])
  if (grown && !solves(a, x, b)) return undefined
  // What float32 can hold float64 can.
  return Number.isFinite(Math.fround(largest * scales[0])) ? x : checkRange(operation, x)
}

/** Whether ‖A·x − b‖ is at most n·ε·‖A‖·‖x‖ for each column, in the norm of the largest row sum. */
function solves(a: Matrix, x: Matrix, b: Matrix | undefined): boolean {
  const [left, right] = [toDtype(a, 'float64'), toDtype(x, 'float64')]
  const off = left
    .matmul(right)
    .sub(b ?? eye(a.rows, { dtype: 'float64' }))
    .abs()
    .max(0)
  const unit = a.rows * EPSILON[x.dtype] * left.abs().sum(1).max().item()
  const most = right.abs().max(0)
  return off.elements.every((residual, j) => residual <= unit * most.elements[j])
}

/** X with A·X = B, B the identity unless given. @throws LinAlgError where a pivot is 0 or X beyond the range of the dtype. */
export function solveFor(operation: string, a: Matrix, dtype: DType, b?: Matrix): Matrix {
  const x = solvePlainly(operation, a, dtype, b)
  if (x !== undefined) return x
  const solution = solveScaled(operation, a, b)
  if (typeof solution === 'number')
    throw new LinAlgError(`${operation}: pivot ${solution} is 0, wanted a matrix of full rank`)
  return checkRange(operation, unscaled(solution, dtype))
}

/**
 * A⁻¹ = 2^exponent·inverse in float64, the largest element of `inverse` near 1, or of its smallest column or row for the orders −1
 * and −∞ of a norm, others of which are infinite then; undefined where a pivot is 0, or A⁻¹ beyond all range.
 */
export function scaledInverse(
  operation: string,
  a: Matrix,
  ord: number | string,
): { inverse: Matrix; exponent: number } | undefined {
  const solution = solveScaled(operation, a)
  if (typeof solution === 'number' || !solution.values.every(Number.isFinite)) return undefined
  const { values, down, across } = solution
  const n = a.rows
  const isLeast = ord === -1 || ord === -Infinity
  /** The exponent of the largest element of each line, or of all. */
  const largest = new Int32Array(isLeast ? n : 1).fill(-0x80000000)
  for (let i = 0, k = 0; i < n; i++)
    for (let j = 0; j < n; j++, k++) {
      const line = ord === -1 ? j : isLeast ? i : 0
      if (values[k] !== 0) largest[line] = Math.max(largest[line], trueExponent(values[k]) + down[i] + across[j])
    }
  const exponent = largest.reduce((least, x) => Math.min(least, x))
  return { inverse: unscaled(solution, 'float64', -exponent), exponent }
}

/**
 * A⁻¹ for an n x n matrix: A·X = I solved with A = P·L·U (LAPACK's dgesv), of rows and columns scaled by powers of two where
 * their sizes ask for it (dgeequb). Its relative error is up to about n·ε·cond(A).
 *
 * @throws LinAlgError where a pivot is 0, where an element of A⁻¹ lies beyond the range of the dtype, and for NaN and infinities;
 * ShapeError unless a is square; DTypeError unless it is a matrix.
 */
export function inv<R extends number, C extends number>(
  a: Matrix<R, C> & CheckSquare<'inv', R, C>,
): Matrix<R & C, R & C> {
  checkSquare('inv', a)
  return solveFor('inv', a, a.dtype) as Matrix<R & C, R & C>
}

/**
 * X (n x k) with A·X = B for A of n x n and B of n x k, by A = P·L·U and substitution (LAPACK's dgesv), of rows and columns
 * scaled by powers of two where their sizes ask for it (dgeequb). The result has the dtype that both promote to.
 *
 * @throws LinAlgError where a pivot is 0, where an element of X lies beyond the range of the dtype, and for NaN and infinities;
 * ShapeError unless a is square with as many rows as b; DTypeError unless both are matrices.
 */
export function solve<R extends number, C extends number, R2 extends number, C2 extends number>(
  a: Matrix<R, C> & CheckSquare<'solve', R, C>,
  b: Matrix<R2, C2> & CheckRows<'solve', R & C, R & C, R2, C2>,
): Matrix<R & C & R2, C2> {
  checkSquare('solve', a)
  checkMatrix('solve', 'b', b)
  checkRows('solve', 'a is', a.shape, 'b is', b.shape)
  return solveFor('solve', a, a.dtype === b.dtype ? a.dtype : 'float64', b) as Matrix<R & C & R2, C2>
}
