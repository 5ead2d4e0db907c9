import { MatgradError } from '../base/errors.ts'
import { checkNoMore, flag, readerOf } from '../base/options.ts'
import { checkInteger } from '../base/shape.ts'
import { eye, fromFunction, zeros } from '../matrix/create.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { ClassOf, Operand, Results, Value } from '../ops/algebra.ts'
import type { Rule } from '../ops/operation.ts'
import { isDiagonal } from './equilibrate.ts'
import { roomForQr } from './householder.ts'
import { type Computed, checkValue, computed, isAtHand, resultOf, rowAt, stacked } from './operation.ts'
import { areNear, asideAlong, quotient, type Turn, turning } from './quotient.ts'
import {
  ascending,
  checkConverged,
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

export interface Svd<M = Matrix> {
  readonly U: M
  readonly S: M
  readonly Vh: M
}

/** The same of values of V's class. */
type SvdOf<V> = Svd<Results<number, number>[ClassOf<V>]>

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
const svdOf = (operation: string, scaled: ScaledSvd, a: Matrix): Svd => ({
  U: toDtype(scaled.U, a.dtype),
  S: checkRange(operation, singularValuesOf(scaled, a), 'S'),
  Vh: toDtype(scaled.Vh, a.dtype),
})

const WANTED = { name: 'svd', values: 'singular values' }

/** The parts of what `decomposition` gives for an m x n matrix. */
const partsOf = (packed: Value, m: number): { U: Value; s: Value; V: Value } => ({
  U: packed.slice(0, m),
  s: packed.slice(m, m + 1),
  V: packed.slice(m + 1),
})

/** U and V, or their cotangents or changes. */
interface Sides {
  readonly U: Value
  readonly V: Value
}

/** Of cotangents of U and V: those with respect to rotations of both, of both apart, and what is across to U and V. */
function turnsOf({ U, V }: Sides, g: Sides): Value[] {
  const [u, v] = [U.matmul(g.U, { transposeA: true }), V.matmul(g.V, { transposeA: true })]
  const [x, y] = [u.sub(u.T), v.sub(v.T)]
  return [x.add(y), x.sub(y), g.U.sub(U.matmul(u)), g.V.sub(V.matmul(v))]
}

/**
 * How these change as vectors of equal singular values turn into one another, those of 0 on either side and into the
 * complement, too.
 *
 * @param turnings rotations of both, of U alone, and what U and V take of the complements
 * @param change that of the cotangents along one of U and V, and of what is aside
 */
function turnedFor(
  { U, V }: Sides,
  g: Sides,
  [both, apart, acrossU, acrossV]: readonly Value[],
  change: (dU: Value, dV: Value) => { g: Sides; aside: Turn },
): { xs: readonly Value[]; most: Value; aside: Turn } {
  const complement = (side: Value, any: Value): Value => any.sub(side.matmul(side.matmul(any, { transposeA: true })))
  const dU = U.matmul(both.add(apart)).add(complement(U, acrossU))
  const dV = V.matmul(both).add(complement(V, acrossV))
  const { g: dg, aside } = change(dU, dV)
  const inside = (side: Value, other: Value): Value => side.matmul(other, { transposeA: true })
  const du = inside(dU, g.U).add(inside(U, dg.U))
  const dv = inside(dV, g.V).add(inside(V, dg.V))
  const [x, y] = [du.sub(du.T), dv.sub(dv.T)]
  const across = (side: Value, d: Value, own: Value, changed: Value, dOwn: Value): Value =>
    changed.sub(d.matmul(own)).sub(side.matmul(dOwn))
  return {
    xs: [x.add(y), x.sub(y), across(U, dU, inside(U, g.U), dg.U, du), across(V, dV, inside(V, g.V), dg.V, dv)],
    most: dg.U.abs().max().maximum(dg.V.abs().max()),
    aside,
  }
}

/**
 * Townsend 2016, eq. 26, its quotients taken apart: (xᵢⱼ·sⱼ + sᵢ·yᵢⱼ)/(sⱼ² − sᵢ²) has halves over sⱼ − sᵢ and sⱼ + sᵢ, of which
 * x + y vanishes with the first where the function is the same for all U and V of equal singular values, and x − y with the
 * second.
 */
const toMatrix: Rule = (g, packed, [a, ...values], _attributes, _i, slope) => {
  const { rows: m, cols: n, dtype } = a
  const k = Math.min(m, n)
  if (k === 0) return a
  const { U, s, V } = partsOf(packed, m)
  const own = partsOf(g, m)
  const one = eye(k, { dtype }) as unknown as Value
  const turns = (gU: Value, gV: Value): Value[] => turnsOf({ U, V }, { U: gU, V: gV })
  /** What these are divided by. */
  const divisors = (row: Value): Value[] => [
    row.sub(row.T).add(one.mul(row.max())),
    row.add(row.T),
    row.broadcastTo(m, k),
    row.broadcastTo(n, k),
  ]
  // Along it all singular values become different, and larger than 0.
  const along = fromFunction(1, k, (_, j) => k - j, { dtype })
  const alongAll = stacked(zeros(m, k, { dtype }), along, zeros(n, k, { dtype }))
  const change =
    slope && partsOf(values.length > 0 ? slope.along(alongAll, along.T as Matrix) : slope.along(alongAll), m)
  const size = s.max()
  const [xs, ds] = [turns(own.U, own.V), divisors(s)]
  const slopes = change && { x: turns(change.U, change.V), d: divisors(along as unknown as Value) }
  const most = own.U.abs().max().maximum(own.V.abs().max())
  const turned =
    slope &&
    turnedFor(
      { U, V },
      own,
      ds.map((d) => resultOf(turning, [d, size])),
      (dU, dV) => {
        const direction = dU.pad(0, 1 + n, 0, 0).add(dV.pad(m + 1, 0, 0, 0))
        return { g: partsOf(slope.along(direction), m), aside: asideAlong(slope, direction) }
      },
    )
  const over = (i: number): Value =>
    quotient(
      WANTED,
      { x: xs[i], d: ds[i] },
      size,
      most,
      slopes && { x: slopes.x[i], d: slopes.d[i] },
      turned && { x: turned.xs[i], most: turned.most.add(most) },
      turned?.aside,
    )
  const inside = over(0).add(over(1)).mul(0.5).add(own.s.diag())
  let left = U.matmul(inside)
  if (m > k) left = left.add(over(2))
  const product = left.matmul(V, { transposeB: true })
  return n > k ? product.add(U.matmul(over(3), { transposeB: true })) : product
}

/**
 * U (m x k), below it S as a row, and below that V (n x k), k = min(m, n); S may be given beside A, where a value has it
 * already: what is computed with that moves with it.
 */
export const decomposition: Computed = computed(
  'svd',
  ([a]) => [a.rows + 1 + a.cols, Math.min(a.rows, a.cols)],
  ([a]) => {
    const { U, S, Vh } = svdOf('svd', decompose('svd', a, 'reduced'), a)
    return stacked(U, S.T as Matrix, Vh.T as Matrix)
  },
  [toMatrix, null],
  (packed, [a]) => areNear(rowAt(packed, a.rows), packed.dtype, true),
)

/** U, S and Vh of a value as operations give them. */
function traced(a: Value, ...values: readonly Value[]): Svd<Value> {
  const { U, s, V } = partsOf(resultOf(decomposition, [a, ...values]), a.rows)
  return { U, S: s.T, Vh: V.T }
}

/**
 * A = U·diag(S)·Vh for an m x n matrix, k = min(m, n): S (k x 1) descending and never negative, U (m x k) and Vh (k x n) with
 * UᵀU = I and Vh·Vhᵀ = I; with fullMatrices they are square. Bidiagonal form, then implicit QR that finds small singular
 * values of it to high relative accuracy (LAPACK's dgebrd and dbdsqr; Demmel & Kahan 1990); from 1.6 rows a column on, or
 * columns a row, on the R of a QR factorisation (Chan 1982). The error of a singular value of A is about n·ε·‖A‖.
 *
 * It has a derivative, without fullMatrices, where singular values are apart and not 0, and elsewhere for functions of A that are
 * the same for all U and Vh, such as U·Vh: they are taken to the limit, and have no second derivative there.
 *
 * Defaults: fullMatrices false.
 *
 * @throws DTypeError unless a is a matrix; LinAlgError for NaN and infinities, where a singular value lies beyond the range of the
 * dtype, and where the iteration does not converge.
 */
export function svd<V extends Operand>(a: V, options?: SvdOptions, ...more: []): SvdOf<V> {
  checkNoMore('svd', 'a, options', more)
  checkValue('svd', 'a', a)
  const { fullMatrices } = readSvd('svd', options)
  const isSquare = a.rows === a.cols
  if (isAtHand(a)) return svdOf('svd', decompose('svd', a, fullMatrices ? 'full' : 'reduced'), a) as never
  if (fullMatrices && !isSquare)
    throw new MatgradError('svd: fullMatrices is true, which has no derivative, wanted false')
  return traced(a) as never
}

/** The singular values alone, whose derivative is that of functions of them where some are equal. */
export const spectrum: Computed = computed(
  'svdvals',
  ([a]) => [Math.min(a.rows, a.cols), 1],
  ([a]) => checkRange('svdvals', singularValuesOf(decompose('svdvals', a, 'none'), a), 'S'),
  [
    (g, y, [a]) => {
      const { U, Vh } = traced(a, y)
      return U.mul(g.T).matmul(Vh)
    },
  ],
)

/**
 * The singular values (k x 1) that `svd` gives, bit for bit. Where some are equal, the derivative is that of functions in which
 * they may change places, and for others, such as the largest, that for the vectors found: a subgradient. Throws what `svd`
 * throws.
 */
export function svdvals<V extends Operand>(a: V, ...more: []): Results<number, 1>[ClassOf<V>] {
  checkNoMore('svdvals', 'a', more)
  checkValue('svdvals', 'a', a)
  return resultOf(spectrum, [a]) as never
}

/** What the first k triplets of a decomposition of scale·A say of A. */
export const firstOf = (operation: string, { U, S, Vh, scale }: ScaledSvd, k: number, a: Matrix): Svd =>
  svdOf(operation, { U: U.slice(0, U.rows, 0, k), S: S.slice(0, k), Vh: Vh.slice(0, k), scale }, a)

/** @throws ShapeError or DTypeError unless k is a whole number from 0 to min(m, n). */
export function checkTriplets(operation: string, a: Value, k: number): void {
  checkInteger(operation, 'k', k, 0, Math.min(a.rows, a.cols))
}

/**
 * The k largest singular values of an m x n matrix with their vectors: U (m x k), S (k x 1), Vh (k x n). No matrix of rank k
 * is nearer to A than U·diag(S)·Vh, in the 2-norm and in Frobenius's (Eckart & Young 1936). They are the first of `svd`,
 * and so are their derivatives.
 *
 * @throws ShapeError unless 0 ≤ k ≤ min(m, n), DTypeError unless it is a whole number and a is a matrix; what `svd` throws.
 */
export function truncatedSvd<V extends Operand>(a: V, k: number, ...more: []): SvdOf<V> {
  checkNoMore('truncatedSvd', 'a, k', more)
  checkValue('truncatedSvd', 'a', a)
  checkTriplets('truncatedSvd', a, k)
  const { rows } = a as Value
  if (isAtHand(a)) return firstOf('truncatedSvd', decompose('truncatedSvd', a, 'reduced'), k, a) as never
  const { U, S, Vh } = traced(a)
  return { U: U.slice(0, rows, 0, k), S: S.slice(0, k), Vh: Vh.slice(0, k) } as never
}
