import { checkNoMore } from '../base/options.ts'
import type { ClassOf, Operand, Results, Value } from '../ops/algebra.ts'
import type { Rule } from '../ops/operation.ts'
import { factorsOf } from './lu.ts'
import { type Computed, checkValue, computed, isAtHand, resultOf, stacked } from './operation.ts'
import { substitution } from './triangular.ts'

const WANTED = 'the derivative of lu'

/** P, which changes nowhere. */
export const permutation: Computed = computed(
  'luPermutation',
  ([a]) => [a.rows, a.rows],
  ([a]) => factorsOf('lu', a).P,
  [],
)

/**
 * The cotangent of A from those of L and U. With k = min(m, n) the first k rows and columns of Pᵀ·A are L₁·U₁, whose cotangent is
 * L₁⁻ᵀ·Φ·U₁⁻ᵀ, where Φ has tril(L₁ᵀ·gL₁, −1) + triu(gU₁·U₁ᵀ) (PyTorch's linalg_lu_backward); rows L₂·U₁ below and columns L₁·U₂
 * beside them take L₂ᵀ·gL₂ from its upper part, and gU₂·U₂ᵀ from its lower one.
 */
const toMatrix: Rule = (g, packed, [a]) => {
  const { rows: m, cols: n } = a
  const k = Math.min(m, n)
  if (k === 0) return a.mul(0)
  const [L, U, gL, gU] = [packed.slice(0, m), packed.slice(m).T, g.slice(0, m), g.slice(m).T]
  const [L1, U1, gL1, gU1] = [L.slice(0, k), U.slice(0, k, 0, k), gL.slice(0, k), gU.slice(0, k, 0, k)]
  const fromLeft = (right: Value): Value => substitution(WANTED, L1.T, right, { upper: true, unitDiagonal: true })
  const fromRight = (left: Value): Value => substitution(WANTED, U1, left.T, { upper: true, unitDiagonal: false }).T
  let [lower, upper] = [L1.matmul(gL1, { transposeA: true }), gU1.matmul(U1, { transposeB: true })]
  if (n > k) lower = lower.sub(gU.slice(0, k, k).matmul(U.slice(0, k, k), { transposeB: true }))
  if (m > k) upper = upper.sub(L.slice(k).matmul(gL.slice(k), { transposeA: true }))
  let inside = fromLeft(fromRight(lower.tril(-1).add(upper.triu())))
  if (n > k) inside = inside.pad(0, 0, 0, n - k).add(fromLeft(gU.slice(0, k, k)).pad(0, 0, k, 0))
  if (m > k) inside = inside.pad(0, m - k, 0, 0).add(fromRight(gL.slice(k)).pad(k, 0, 0, 0))
  return resultOf(permutation, [a]).matmul(inside)
}

/** L (m x k), and below it Uᵀ (n x k), k = min(m, n). */
export const factors: Computed = computed(
  'lu',
  ([a]) => [a.rows + a.cols, Math.min(a.rows, a.cols)],
  ([a]) => {
    const { L, U } = factorsOf('lu', a)
    return stacked(L, U.T as never)
  },
  [toMatrix],
)

/** What `lu` gives. */
interface Factors<P, LU> {
  readonly P: P
  readonly L: LU
  readonly U: LU
}

/**
 * A = P·L·U for an m x n matrix, k = min(m, n): P a permutation (m x m), L unit lower trapezoidal (m x k), U upper
 * trapezoidal (k x n). Gaussian elimination with partial pivoting by halves of the columns (LAPACK's dgetrf2; Toledo 1997),
 * so that |L| ≤ 1. A singular matrix has factors like any other, with a 0 on the diagonal of U.
 *
 * L and U have derivatives, for the same P, where the diagonal of U has no 0.
 *
 * @throws DTypeError unless a is a matrix; LinAlgError for NaN and infinities, and where an element of U lies beyond the range
 * of the dtype.
 */
export function lu<V extends Operand>(
  a: V,
  ...more: []
): Factors<Results<number, number>[ClassOf<V>], Results<number, number>[ClassOf<V>]> {
  checkNoMore('lu', 'a', more)
  checkValue('lu', 'a', a)
  const { rows } = a as Value
  if (isAtHand(a)) return factorsOf('lu', a) as never
  const both = resultOf(factors, [a])
  return {
    L: both.slice(0, rows),
    U: both.slice(rows).T,
    get P() {
      return resultOf(permutation, [a])
    },
  } as never
}
