// What the singular value decomposition answers: rank, pseudo-inverse, least squares, the spaces of a matrix.

import { MatgradError } from '../base/errors.ts'
import { checkNoMore } from '../base/options.ts'
import { type CheckRows, checkNumber, checkRows, describe } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { shiftedBy } from './equilibrate.ts'
import { decompose, singularValuesOf } from './svd.ts'
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

/** @throws DTypeError or MatgradError unless `a` is a matrix and a tolerance absent or a number from 0 on. */
function checkTolerance(operation: string, a: Matrix, what: string, tolerance: number | undefined): void {
  checkMatrix(operation, 'a', a)
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

/**
 * The number of singular values larger than tol, which is max(m, n)·ε·σ₁ unless given, ε that of A's dtype (NumPy's rule).
 *
 * @throws DTypeError unless a is a matrix and tol a number; MatgradError for a negative tol; what `svd` throws.
 */
export function matrixRank(a: Matrix, tol?: number, ...more: []): number {
  checkNoMore('matrixRank', 'a, tol', more)
  checkTolerance('matrixRank', a, 'tol', tol)
  const { S, scale } = decompose('matrixRank', a, 'none')
  return tol === undefined ? rankOf(a, S, undefined) : countAbove(S, tol * scale)
}

/** The first `count` columns of V·diag(1/σ) for V = Vhᵀ. */
function dividedVectors(Vh: Matrix, S: Matrix, count: number): Matrix {
  const out = create('float64', Vh.cols, count)
  for (let j = 0; j < count; j++)
    for (let i = 0; i < Vh.cols; i++) out.elements[i * count + j] = Vh.elements[j * Vh.cols + i] / S.elements[j]
  return out
}

/**
 * The pseudo-inverse of Moore and Penrose, V·diag(1/σ)·Uᵀ (n x m), without the singular values up to rcond·σ₁. rcond is
 * max(m, n)·ε unless given, ε that of A's dtype, as NumPy's rtol.
 *
 * @throws DTypeError unless a is a matrix and rcond a number; MatgradError for a negative rcond; LinAlgError where an element of the
 * result lies beyond the range of the dtype; what `svd` throws.
 */
export function pinv<R extends number, C extends number>(a: Matrix<R, C>, rcond?: number, ...more: []): Matrix<C, R> {
  checkNoMore('pinv', 'a, rcond', more)
  checkTolerance('pinv', a, 'rcond', rcond)
  const { U, S, Vh, scale } = decompose('pinv', a, 'reduced')
  const rank = rankOf(a, S, rcond)
  const inverse = dividedVectors(Vh, S, rank).matmul(U.slice(0, a.rows, 0, rank), { transposeB: true })
  return checkRange('pinv', toDtype(shiftedBy(inverse, exponentOf(scale)), a.dtype)) as Matrix<C, R>
}

/**
 * The x (n x k) of the least ‖A·x − b‖₂ for A (m x n) and each column of b (m x k), and among those the one of the least norm:
 * V·diag(1/σ)·Uᵀ·b without the singular values up to rcond·σ₁. rcond is max(m, n)·ε unless given, ε that of A's dtype, as in
 * NumPy. `rank` counts the others, `singularValues` (min(m, n) x 1) has all. `residuals` (1 x k) are ‖A·x − b‖₂² for each column;
 * 1 x 0, as in NumPy, unless m > n and the rank is n. Both are Infinity beyond the range. The results have the dtype that both
 * promote to, the singular values that of A.
 *
 * @throws DTypeError unless both are matrices and rcond a number; MatgradError for a negative rcond; ShapeError unless a and b have
 * as many rows; LinAlgError for NaN and infinities, where an element of x lies beyond the range of its dtype, and where the
 * iteration does not converge.
 */
export function lstsq<R extends number, C extends number, R2 extends number, C2 extends number>(
  a: Matrix<R, C>,
  b: Matrix<R2, C2> & CheckRows<'lstsq', R, C, R2, C2>,
  rcond?: number,
  ...more: []
): { x: Matrix<C, C2>; residuals: Matrix<1, number>; rank: number; singularValues: Matrix<number, 1> } {
  checkNoMore('lstsq', 'a, b, rcond', more)
  checkTolerance('lstsq', a, 'rcond', rcond)
  checkMatrix('lstsq', 'b', b)
  checkRows('lstsq', 'a is', a.shape, 'b is', b.shape)
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
    x: checkRange('lstsq', toDtype(shiftedBy(scaledX, by), dtype), 'x') as Matrix<C, C2>,
    residuals: toDtype(shiftedBy(residuals, -2 * exponentOf(scaleB)), dtype) as Matrix<1, number>,
    rank,
    singularValues: singularValuesOf(decomposition, a) as Matrix<number, 1>,
  }
}

/**
 * The columns (n x (n − rank)) are an orthonormal basis of all x with A·x = 0: the rows of Vh that belong to singular values up
 * to rcond·σ₁, max(m, n)·ε·σ₁ unless given.
 *
 * @throws DTypeError unless a is a matrix and rcond a number; MatgradError for a negative rcond; what `svd` throws.
 */
export function nullSpace(a: Matrix, rcond?: number, ...more: []): Matrix {
  checkNoMore('nullSpace', 'a, rcond', more)
  checkTolerance('nullSpace', a, 'rcond', rcond)
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
  checkTolerance('orth', a, 'rcond', rcond)
  const { U, S } = decompose('orth', a, 'reduced')
  return toDtype(U.slice(0, a.rows, 0, rankOf(a, S, rcond)), a.dtype)
}
