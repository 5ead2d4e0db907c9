import { checkNoMore, flag, readerOf } from '../base/options.ts'
import { checkInteger } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { isDiagonal } from './equilibrate.ts'
import { roomForQr } from './qr.ts'
import {
  ascending,
  checkConverged,
  checkMatrix,
  checkRange,
  create,
  enter,
  even,
  inOrder,
  leaveColumns,
  roomForQ,
  roomForRotations,
  SQUARED,
  toDtype,
} from './workspace.ts'

export interface SvdOptions {
  /** Whether U is m x m and Vh n x n, or with k = min(m, n) m x k and k x n. @default false */
  readonly fullMatrices?: boolean
}

const readSvd = readerOf({ fullMatrices: flag(false) })

export interface Svd {
  readonly U: Matrix
  readonly S: Matrix
  readonly Vh: Matrix
}

/** What a decomposition of scale·A gives. */
interface ScaledSvd extends Svd {
  readonly scale: number
}

type Vectors = 'none' | 'reduced' | 'full'

/** From this many rows a column on, the SVD of R takes less time than that of A (LAPACK's dgesdd has 11/6). */
const TALL = 1.6

/** U, S and V of scale·A in float64, for at least as many rows as columns; column j of V belongs to S[j]. */
function decomposeTall(
  operation: string,
  a: Matrix,
  vectors: Vectors,
): { u: Matrix; s: Matrix; v: Matrix; scale: number } {
  const { rows: m, cols: n } = a
  const tall = n > 0 && m >= TALL * n
  const cols = vectors === 'none' ? 0 : vectors === 'full' ? m : n
  // What the kernel sees is R, or A.
  const rows = tall ? n : m
  const colsU = tall ? Math.min(cols, n) : cols
  const [ldu, ldv] = [even(rows), even(n)]
  const rooms = [n, colsU * ldu, cols > 0 ? n * ldv : 0, 1, rows * colsU, n * rows]
  // Four vectors of n, then what forms either Q or the rotations of both sides, one after the other.
  const work = 3 * n + ldv + Math.max(roomForQ(rows, colsU), roomForQ(n, n), 2 * roomForRotations(n))
  const roomsOfQr = tall ? [n * n, m * cols, roomForQr(m, n, cols), cols > 0 ? m * n : 0] : []
  const workspace = enter(operation, [a], [...rooms, work, ...roomsOfQr], SQUARED)
  const { engine, kernels, at, scales } = workspace
  const [address, d, ut, vt, failed, workU, left, rest, t, q, qrWork, product] = at
  if (tall) {
    kernels.qr(address, t, q, qrWork, m, n, cols)
    const start = address / 8
    for (let i = 1; i < n; i++) engine.f64.fill(0, start + i * n, start + i * n + i)
  }
  kernels.svd(address, d, ut, vt, failed, workU, left, rest, rows, n, colsU, ldu, ldv)
  checkConverged(operation, 'singular values', engine.f64[failed / 8], n)
  // Values of a diagonal matrix are found in the order of the diagonal, but may have vanished beside the largest.
  const exact = scales[0] < 1 && isDiagonal(a)
  const found = exact ? a.diagonal().elements : engine.f64.subarray(d / 8, d / 8 + n)
  const sizes = found.map((value) => -Math.abs(value))
  const order = ascending(sizes, n)
  const s = create('float64', n, 1)
  for (let j = 0; j < n; j++) s.elements[j] = -sizes[order[j]] + 0
  const scale = exact ? 1 : scales[0]
  if (vectors === 'none') return { u: s, s, v: s, scale }

  const v = leaveColumns(workspace, vt, ldv, n, order, 'float64')
  for (let j = 0; j < n; j++)
    if (found[order[j]] < 0) for (let i = 0; i < n; i++) v.elements[i * n + j] = -v.elements[i * n + j]
  if (!tall) {
    const all = inOrder(cols)
    all.set(order)
    return { u: leaveColumns(workspace, ut, ldu, m, all, 'float64'), s, v, scale }
  }
  // [Q₁·U, Q₂]: the product (m x n) in the order of its columns, then the columns of Q (m x cols) from number n on.
  kernels.gemm(product, q, ut, 0, m, n, n, n, cols, 1, 1, ldu, 0)
  const u = create('float64', m, cols)
  const { f64 } = engine
  for (let i = 0; i < m; i++)
    for (let j = 0; j < cols; j++)
      u.elements[i * cols + j] = j < n ? f64[product / 8 + i * n + order[j]] : f64[q / 8 + i * cols + j]
  return { u, s, v, scale }
}

/** scale·A = U·diag(S)·Vh in float64, whatever the dtype of A: `scale` is a power of two, 1 unless A is very large or small. */
export function decompose(operation: string, a: Matrix, vectors: Vectors): ScaledSvd {
  checkMatrix(operation, 'a', a)
  const isWide = a.rows < a.cols
  const { u, s, v, scale } = decomposeTall(operation, isWide ? a.T : a, vectors)
  const [left, right] = isWide ? [v, u] : [u, v]
  return { U: left, S: s, Vh: vectors === 'none' ? right : right.T, scale }
}

/** S of A from S of scale·A, in the dtype of A. */
export function singularValuesOf({ S, scale }: ScaledSvd, { dtype }: Matrix): Matrix {
  const out = create(dtype, S.rows, 1)
  for (let i = 0; i < S.rows; i++) out.elements[i] = S.elements[i] / scale
  return out
}

/** What a decomposition of scale·A says of A, in the dtype of A. */
const resultOf = (operation: string, scaled: ScaledSvd, a: Matrix): Svd => ({
  U: toDtype(scaled.U, a.dtype),
  S: checkRange(operation, singularValuesOf(scaled, a), 'S'),
  Vh: toDtype(scaled.Vh, a.dtype),
})

/**
 * A = U·diag(S)·Vh for an m x n matrix, k = min(m, n): S (k x 1) descending and never negative, U (m x k) and Vh (k x n) with
 * UᵀU = I and Vh·Vhᵀ = I; with fullMatrices they are square. Bidiagonal form, then implicit QR that finds small singular
 * values of it to high relative accuracy (LAPACK's dgebrd and dbdsqr; Demmel & Kahan 1990); from 1.6 rows a column on, or
 * columns a row, on the R of a QR factorisation (Chan 1982). The error of a singular value of A is about n·ε·‖A‖.
 *
 * Defaults: fullMatrices false.
 *
 * @throws DTypeError unless a is a matrix; LinAlgError for NaN and infinities, where a singular value lies beyond the range of the
 * dtype, and where the iteration does not converge.
 */
export function svd(a: Matrix, options?: SvdOptions, ...more: []): Svd {
  checkNoMore('svd', 'a, options', more)
  checkMatrix('svd', 'a', a)
  const { fullMatrices } = readSvd('svd', options)
  return resultOf('svd', decompose('svd', a, fullMatrices ? 'full' : 'reduced'), a)
}

/** The singular values (k x 1) that `svd` gives, bit for bit. Throws what `svd` throws. */
export function svdvals(a: Matrix, ...more: []): Matrix {
  checkNoMore('svdvals', 'a', more)
  return checkRange('svdvals', singularValuesOf(decompose('svdvals', a, 'none'), a), 'S')
}

/** What the first k triplets of a decomposition of scale·A say of A. */
export const firstOf = (operation: string, { U, S, Vh, scale }: ScaledSvd, k: number, a: Matrix): Svd =>
  resultOf(operation, { U: U.slice(0, U.rows, 0, k), S: S.slice(0, k), Vh: Vh.slice(0, k), scale }, a)

/** @throws DTypeError unless `a` is a matrix; ShapeError or DTypeError unless k is a whole number from 0 to min(m, n). */
export function checkTriplets(operation: string, a: Matrix, k: number): void {
  checkMatrix(operation, 'a', a)
  checkInteger(operation, 'k', k, 0, Math.min(a.rows, a.cols))
}

/**
 * The k largest singular values of an m x n matrix with their vectors: U (m x k), S (k x 1), Vh (k x n). No matrix of rank k
 * is nearer to A than U·diag(S)·Vh, in the 2-norm and in Frobenius's (Eckart & Young 1936). They are the first of `svd`.
 *
 * @throws ShapeError unless 0 ≤ k ≤ min(m, n), DTypeError unless it is a whole number and a is a matrix; what `svd` throws.
 */
export function truncatedSvd(a: Matrix, k: number, ...more: []): Svd {
  checkNoMore('truncatedSvd', 'a, k', more)
  checkTriplets('truncatedSvd', a, k)
  return firstOf('truncatedSvd', decompose('truncatedSvd', a, 'reduced'), k, a)
}
