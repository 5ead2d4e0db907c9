import { checkNoMore } from '../base/options.ts'
import type { CheckSquare } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { triangleOf } from './equilibrate.ts'
import {
  ascending,
  checkConverged,
  checkRange,
  checkSquare,
  create,
  enter,
  even,
  leaveColumns,
  roomForQ,
  roomForRotations,
  SQUARED,
} from './workspace.ts'

function decompose(
  operation: string,
  a: Matrix,
  vectors: boolean,
  more: readonly unknown[],
): { values: Matrix; vectors: Matrix | undefined } {
  checkNoMore(operation, 'a', more)
  checkSquare(operation, a)
  const { rows: n, dtype } = a
  const ld = even(n)
  // Three vectors of n, then what forms Q or the rotations, one after the other.
  const room = 2 * n + ld + Math.max(roomForQ(n, n), roomForRotations(n))
  const workspace = enter(operation, [a], [n, vectors ? n * ld : 0, 1, room], SQUARED)
  const { engine, kernels, at, scales } = workspace
  const [address, d, zt, failed, work] = at
  const { f64 } = engine
  const start = address / 8
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) f64[start + j * n + i] = f64[start + i * n + j]
  kernels.eigh(address, d, zt, failed, work, n, ld, Number(vectors))
  checkConverged(operation, 'eigenvalues', f64[failed / 8], n)
  // Values of a diagonal matrix are found in the order of the diagonal, but may have vanished beside the largest.
  const exact = scales[0] < 1 && triangleOf(a) === 1
  const found = exact ? a.diagonal().elements : f64.subarray(d / 8, d / 8 + n).map((value) => value / scales[0])
  const order = ascending(found, n)
  const values = create(dtype, n, 1)
  for (let i = 0; i < n; i++) values.elements[i] = found[order[i]]
  checkRange(operation, values, 'values')
  return { values, vectors: vectors ? leaveColumns(workspace, zt, ld, n, order, dtype) : undefined }
}

/**
 * A·V = V·diag(values) for a symmetric n x n matrix: the values (n x 1) ascending, the vectors the columns of V (n x n) with
 * VᵀV = I. Only the lower triangle of A is read, as by NumPy, but all of it must be finite. Tridiagonal form, then implicit
 * QL or QR (LAPACK's dsytrd and dsteqr). The error of a value is about n·ε·‖A‖.
 *
 * @throws LinAlgError for NaN and infinities, where a value lies beyond the range of the dtype, and where the
 * iteration does not converge; ShapeError unless a is square; DTypeError unless it is a matrix.
 */
export const eigh = <R extends number, C extends number>(
  a: Matrix<R, C> & CheckSquare<'eigh', R, C>,
  ...more: []
): { values: Matrix<R & C, 1>; vectors: Matrix<R & C, R & C> } =>
  decompose('eigh', a, true, more) as { values: Matrix<R & C, 1>; vectors: Matrix<R & C, R & C> }

/** The values of `eigh` without its vectors, bit for bit. Throws what `eigh` throws. */
export const eigvalsh = <R extends number, C extends number>(
  a: Matrix<R, C> & CheckSquare<'eigvalsh', R, C>,
  ...more: []
): Matrix<R & C, 1> => decompose('eigvalsh', a, false, more).values as Matrix<R & C, 1>
