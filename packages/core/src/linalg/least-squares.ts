// What the singular value decomposition answers: rank, pseudo-inverse, least squares, the spaces of a matrix.

import { LinAlgError, MatgradError } from '../base/errors.ts'
import { checkNoMore } from '../base/options.ts'
import { type CheckRows, checkNumber, describe } from '../base/shape.ts'
import { full } from '../matrix/create.ts'
import { Matrix } from '../matrix/matrix.ts'
import type { ClassOf, ColsIn, Operand, Results, RowsIn, Value } from '../ops/algebra.ts'
import { shiftedBy } from './equilibrate.ts'
import { type Computed, checkSystem, checkValue, computed, once, resultOf, type Scalar } from './operation.ts'
import { decompose, singularValuesOf, svdvals } from './svd.ts'
import {
  checkFinite,
  checkMatrix,
  checkRange,
  create,
  EPSILON,
  exponentOf,
  largestOf,
  SQUARED,
  scaleFor,
  toDtype,
} from './workspace.ts'

/** @throws DTypeError or MatgradError unless a tolerance is absent or a number from 0 on. */
function checkTolerance(operation: string, what: string, tolerance: number | undefined): void {
  if (tolerance === undefined) return
  checkNumber(operation, what, tolerance)
  if (!(tolerance >= 0)) throw new MatgradError(`${operation}: ${what} is ${describe(tolerance)}, wanted 0 or more`)
}

/** max(m, n)·ε, with the ε of A's dtype: its elements have been rounded to it. */
const defaultRcond = ({ rows, cols, dtype }: Matrix): number => Math.max(rows, cols) * EPSILON[dtype]

/** How many of the descending values are larger than a tolerance. */
function countAbove({ elements: data }: Matrix, tolerance: number): number {
  let rank = 0
  while (rank < data.length && data[rank] > tolerance) rank++
  return rank
}

/** How many singular values are larger than rcond times the largest. */
function rankOf(a: Matrix, S: Matrix, rcond: number | undefined): number {
  return S.size === 0 ? 0 : countAbove(S, (rcond ?? defaultRcond(a)) * S.elements[0])
}

/** The singular values that count as not 0: those above tol, or above rcond times the largest. */
interface Tolerance {
  readonly tol?: number | undefined
  readonly rcond?: number | undefined
}

function rankAbove(a: Matrix, { tol, rcond }: Tolerance): number {
  const { S, scale } = decompose('matrixRank', a, 'none')
  return tol === undefined ? rankOf(a, S, rcond) : countAbove(S, tol * scale)
}

/** The rank as a value, which changes nowhere. */
export const rank: Computed = computed(
  'matrixRank',
  () => [1, 1],
  ([a], tolerance) => full(1, 1, rankAbove(a, tolerance), { dtype: a.dtype }),
  [],
)

/**
 * The number of singular values larger than tol, which is max(m, n)·ε·σ₁ unless given, ε that of A's dtype (NumPy's rule).
 *
 * @throws DTypeError unless a is a matrix and tol a number; MatgradError for a negative tol; what `svd` throws.
 */
export function matrixRank<V extends Operand>(a: V, tol?: number, ...more: []): Scalar<V> {
  checkNoMore('matrixRank', 'a, tol', more)
  checkValue('matrixRank', 'a', a)
  checkTolerance('matrixRank', 'tol', tol)
  return (a instanceof Matrix ? rankAbove(a, { tol }) : resultOf(rank, [a], { tol })) as never
}

/** The first `count` columns of V·diag(1/σ) for V = Vhᵀ. */
function dividedVectors(Vh: Matrix, S: Matrix, count: number): Matrix {
  const out = create('float64', Vh.cols, count)
  for (let j = 0; j < count; j++)
    for (let i = 0; i < Vh.cols; i++) out.elements[i * count + j] = Vh.elements[j * Vh.cols + i] / S.elements[j]
  return out
}

/** A⁺. */
function pseudoInverseOf(a: Matrix, rcond: number | undefined): Matrix {
  const { U, S, Vh, scale } = decompose('pinv', a, 'reduced')
  const rank = rankOf(a, S, rcond)
  const inverse = dividedVectors(Vh, S, rank).matmul(U.slice(0, a.rows, 0, rank), { transposeB: true })
  return checkRange('pinv', toDtype(shiftedBy(inverse, exponentOf(scale)), a.dtype))
}

/** dA⁺ = −A⁺·dA·A⁺ + A⁺·A⁺ᵀ·dAᵀ·(I − A·A⁺) + (I − A⁺·A)·dAᵀ·A⁺ᵀ·A⁺ where the rank stays (Golub & Pereyra 1973, eq. 4.12). */
export const pseudoInverse: Computed = computed(
  'pinv',
  ([a]) => [a.cols, a.rows],
  ([a], rcond) => pseudoInverseOf(a, rcond),
  [
    (g, y, [a]) => {
      const gT = g.T
      // The trace of A⁺·A. What a full rank leaves of these is rounding, which the squares of A⁺ would enlarge.
      const rank = y.T.mul(a).sum().round()
      const left = gT.sub(a.matmul(y.matmul(gT))).mul(rank.less(a.rows))
      const right = gT.sub(gT.matmul(y).matmul(a)).mul(rank.less(a.cols))
      const middle = y.matmul(g, { transposeA: true }).matmul(y, { transposeB: true })
      return left
        .matmul(y)
        .matmul(y, { transposeB: true })
        .add(y.matmul(y.matmul(right), { transposeA: true }))
        .sub(middle)
    },
  ],
)

/**
 * The pseudo-inverse of Moore and Penrose, V·diag(1/σ)·Uᵀ (n x m), without the singular values up to rcond·σ₁. rcond is max(m,
 * n)·ε unless given, ε that of A's dtype, as NumPy's rtol. Its derivative is that along matrices of the same rank, as if what
 * rcond leaves out were 0: with a large rcond it is wrong by the share of that (PyTorch's is, too).
 *
 * @throws DTypeError unless a is a matrix and rcond a number; MatgradError for a negative rcond; LinAlgError where an element
 * of the result lies beyond the range of the dtype; what `svd` throws.
 */
export function pinv<V extends Operand>(a: V, rcond?: number, ...more: []): Results<ColsIn<V>, RowsIn<V>>[ClassOf<V>] {
  checkNoMore('pinv', 'a, rcond', more)
  checkValue('pinv', 'a', a)
  checkTolerance('pinv', 'rcond', rcond)
  return resultOf(pseudoInverse, [a], rcond) as never
}

/** What `lstsq` gives. */
interface LeastSquares<X, Row, Column, Count> {
  readonly x: X
  readonly residuals: Row
  readonly rank: Count
  readonly singularValues: Column
}

function leastSquaresOf(a: Matrix, b: Matrix, rcond: number | undefined): LeastSquares<Matrix, Matrix, Matrix, number> {
  checkFinite('lstsq', 'b', b)
  const decomposition = decompose('lstsq', a, 'reduced')
  const { U, S, Vh, scale } = decomposition
  const rank = rankOf(a, S, rcond)
  // What is squared and summed is scale·A and a multiple of b.
  const scaleB = scaleFor(largestOf(b), SQUARED)
  const [left, right] = [toDtype(a, 'float64').mul(scale), toDtype(b, 'float64').mul(scaleB)]
  const projected = U.slice(0, a.rows, 0, rank).matmul(right, { transposeA: true })
  const scaledX = dividedVectors(Vh, S, rank).matmul(projected)
  const residuals =
    rank === a.cols && a.rows > a.cols ? left.matmul(scaledX).sub(right).square().sum(0) : create('float64', 1, 0)
  const dtype = a.dtype === b.dtype ? a.dtype : 'float64'
  const by = exponentOf(scale) - exponentOf(scaleB)
  return {
    x: checkRange('lstsq', toDtype(shiftedBy(scaledX, by), dtype), 'x'),
    residuals: toDtype(shiftedBy(residuals, -2 * exponentOf(scaleB)), dtype),
    rank,
    singularValues: singularValuesOf(decomposition, a),
  }
}

/** A⁺·B, with the derivative of the product. */
export const leastSquares: Computed = computed(
  'lstsq',
  ([a, b]) => [a.cols, b.cols],
  ([a, b], rcond) => leastSquaresOf(a, b, rcond).x,
  [
    (g, x, [a, b], rcond) => {
      const inverse = once(g, x, () => resultOf(pseudoInverse, [a], rcond))
      const left = inverse.matmul(g, { transposeA: true })
      const ofResidual = b.sub(a.matmul(x)).matmul(inverse.matmul(left), { transposeB: true })
      const ofNorm = inverse
        .matmul(x, { transposeA: true })
        .matmul(g.sub(a.matmul(left, { transposeA: true })), { transposeB: true })
      return ofResidual.add(ofNorm).sub(left.matmul(x, { transposeB: true }))
    },
    (g, x, [a], rcond) => once(g, x, () => resultOf(pseudoInverse, [a], rcond)).matmul(g, { transposeA: true }),
  ],
)

/** The residuals, which do not change with x: Aᵀ·(A·x − b) is 0 (Golub & Pereyra 1973). */
export const residualsOf: Computed = computed(
  'lstsq',
  ([a, b]) => [1, a.rows > a.cols ? b.cols : 0],
  ([a, b], rcond) => {
    const { residuals, rank } = leastSquaresOf(a, b, rcond)
    if (a.rows > a.cols && rank < a.cols)
      throw new LinAlgError(`lstsq: the rank is ${rank}, wanted ${a.cols} where there are residuals`)
    return residuals
  },
  [
    (g, y, [a, b], rcond) => {
      if (y.cols === 0) return a.mul(0)
      const x = resultOf(leastSquares, [a, b], rcond)
      return a.matmul(x).sub(b).mul(g).mul(2).matmul(x, { transposeB: true })
    },
    (g, y, [a, b], rcond) =>
      y.cols === 0
        ? b.mul(0)
        : b
            .sub(a.matmul(resultOf(leastSquares, [a, b], rcond)))
            .mul(g)
            .mul(2),
  ],
)

/** The same of values, the rest of it when it is asked for. */
function traced(a: Value, b: Value, rcond: number | undefined): LeastSquares<Value, Value, Value, Value> {
  const x = resultOf(leastSquares, [a, b], rcond)
  return {
    x,
    get residuals() {
      return resultOf(residualsOf, [a, b], rcond)
    },
    get rank() {
      return resultOf(rank, [a], { rcond })
    },
    get singularValues() {
      return svdvals(a as never) as Value
    },
  }
}

/**
 * The x (n x k) of the least ‖A·x − b‖₂ for A (m x n) and each column of b (m x k), and among those the one of the least norm:
 * V·diag(1/σ)·Uᵀ·b without the singular values up to rcond·σ₁. rcond is max(m, n)·ε unless given, ε that of A's dtype, as in
 * NumPy. `rank` counts the others, `singularValues` (min(m, n) x 1) has all. `residuals` (1 x k) are ‖A·x − b‖₂² for each
 * column; 1 x 0, as in NumPy, unless m > n and the rank is n. Both are Infinity beyond the range. The results have the dtype
 * that both promote to, the singular values that of A. Its derivative is that along matrices of the same rank; of what is no
 * Matrix, `rank` and the others are values as well, and there are residuals for a full rank alone.
 *
 * @throws DTypeError unless both are matrices and rcond a number; MatgradError for a negative rcond; ShapeError unless a and b have
 * as many rows; LinAlgError for NaN and infinities, where an element of x lies beyond the range of its dtype, and where the
 * iteration does not converge.
 */
export function lstsq<A extends Operand, B extends Operand>(
  a: A,
  b: B & CheckRows<'lstsq', RowsIn<A>, ColsIn<A>, RowsIn<B>, ColsIn<B>>,
  rcond?: number,
  ...more: []
): LeastSquares<
  Results<ColsIn<A>, ColsIn<B>>[ClassOf<A | B>],
  Results<1, number>[ClassOf<A | B>],
  Results<number, 1>[ClassOf<A>],
  Scalar<A>
> {
  checkNoMore('lstsq', 'a, b, rcond', more)
  checkSystem('lstsq', a, b)
  checkTolerance('lstsq', 'rcond', rcond)
  const [left, right]: unknown[] = [a, b]
  return (
    left instanceof Matrix && right instanceof Matrix
      ? leastSquaresOf(left, right, rcond)
      : traced(left as Value, right as Value, rcond)
  ) as never
}

/**
 * The columns (n x (n − rank)) are an orthonormal basis of all x with A·x = 0: the rows of Vh that belong to singular values up
 * to rcond·σ₁, max(m, n)·ε·σ₁ unless given.
 *
 * @throws DTypeError unless a is a matrix and rcond a number; MatgradError for a negative rcond; what `svd` throws.
 */
export function nullSpace(a: Matrix, rcond?: number, ...more: []): Matrix {
  checkNoMore('nullSpace', 'a, rcond', more)
  checkMatrix('nullSpace', 'a', a)
  checkTolerance('nullSpace', 'rcond', rcond)
  const { S, Vh } = decompose('nullSpace', a, a.rows < a.cols ? 'full' : 'reduced')
  return toDtype(Vh.slice(rankOf(a, S, rcond), a.cols).T, a.dtype)
}

/**
 * The columns (m x rank) are an orthonormal basis of all A·x: those of U that belong to singular values above rcond·σ₁,
 * max(m, n)·ε·σ₁ unless given.
 *
 * @throws DTypeError unless a is a matrix and rcond a number; MatgradError for a negative rcond; what `svd` throws.
 */
export function orth(a: Matrix, rcond?: number, ...more: []): Matrix {
  checkNoMore('orth', 'a, rcond', more)
  checkMatrix('orth', 'a', a)
  checkTolerance('orth', 'rcond', rcond)
  const { U, S } = decompose('orth', a, 'reduced')
  return toDtype(U.slice(0, a.rows, 0, rankOf(a, S, rcond)), a.dtype)
}
