import { LinAlgError } from '../base/errors.ts'
import { checkNoMore } from '../base/options.ts'
import type { CheckSquare } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { ColsIn, Operand, RowsIn } from '../ops/algebra.ts'
import { asFirst, type Computed, checkSquare, computed, resultOf, type SquareOf } from './operation.ts'
import { solved } from './solve.ts'
import { enter, leave, UNSCALED } from './workspace.ts'

/** Products of matrices from here on lose nothing to underflow that is seen beside their largest element. */
const LEAST = 2 ** -900

/** L. */
function factorOf(a: Matrix): Matrix {
  const n = a.rows
  // L·Lᵀ has no square larger than the diagonal of A, but some that vanish where A is very small.
  const workspace = enter('cholesky', [a], [1], UNSCALED)
  const [address, failed] = workspace.at
  const { f64 } = workspace.engine
  const root = workspace.sizes[0] < LEAST ? 2 ** 250 : 1
  if (root !== 1) for (let i = address / 8; i < address / 8 + n * n; i++) f64[i] *= root * root
  workspace.kernels.cholesky(address, failed, n)
  const row = f64[failed / 8]
  if (row < n)
    throw new LinAlgError(
      `cholesky: the rows up to row ${row} are not positive definite, wanted a positive definite matrix`,
    )
  return leave(workspace, address, n, n, a.dtype, root)
}

/**
 * L as an operation: dL = L·Φ(L⁻¹·dA·L⁻ᵀ), Φ the lower triangle with half of the diagonal (Murray 2016, eq. 8). The cotangent
 * of A is symmetric, as PyTorch's.
 */
export const factor: Computed = computed('cholesky', asFirst, ([a]) => factorOf(a), [
  (g, y) => {
    const inside = y.matmul(g.tril(), { transposeA: true })
    const symmetric = inside.tril().add(inside.tril(-1).T)
    const half = solved('the derivative of cholesky', y.T, symmetric)
    return solved('the derivative of cholesky', y.T, half.T).mul(0.5)
  },
])

/**
 * The lower triangular L (n x n) with a positive diagonal and A = L·Lᵀ, for a symmetric positive definite A, by halves
 * (LAPACK's dpotrf2). Only the lower triangle of A is read, as by NumPy, but all of it must be finite. A gradient is that of a
 * symmetric A: both triangles get half of it.
 *
 * @throws LinAlgError where a is not positive definite, and for NaN and infinities; ShapeError unless a is square; DTypeError
 * unless it is a matrix.
 */
export function cholesky<V extends Operand>(
  a: V & CheckSquare<'cholesky', RowsIn<V>, ColsIn<V>>,
  ...more: []
): SquareOf<V> {
  checkNoMore('cholesky', 'a', more)
  checkSquare('cholesky', a)
  return resultOf(factor, [a]) as never
}
