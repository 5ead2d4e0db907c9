import { checkNoMore } from '../base/options.ts'
import type { CheckSquare } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { triangleOf } from './equilibrate.ts'
import {
  ascending,
  checkConverged,
  checkRange,
  checkSquare,
  enter,
  even,
  inOrder,
  leave,
  leaveColumns,
  roomForQ,
  UNSCALED,
  type Workspace,
} from './workspace.ts'

/** Complex numbers as their two parts, of the same shape. */
export interface Complex<R extends number = number, C extends number = number> {
  readonly re: Matrix<R, C>
  readonly im: Matrix<R, C>
}

function decompose(
  operation: string,
  a: Matrix,
  vectors: boolean,
  more: readonly unknown[],
): { values: Complex; vectors: Complex | undefined } {
  checkNoMore(operation, 'a', more)
  checkSquare(operation, a)
  const { rows: n, dtype } = a
  const ld = even(n)
  const square = vectors ? n * n : 0
  const rooms = [n, n, square, square, 2, vectors ? n * ld : 0, n * n, 3 * n + 4 + roomForQ(n, n)]
  const attempt = (balanced: boolean): Workspace => {
    const workspace = enter(operation, [a], rooms, UNSCALED)
    const [address, ...others] = workspace.at
    workspace.kernels.eig(address, ...others, n, ld, Number(vectors), Number(balanced))
    return workspace
  }
  const missingFrom = ({ engine, at }: Workspace): number => engine.f64[at[5] / 8]
  let workspace = attempt(true)
  // Elements that are hundreds of binary orders apart can be scaled to where the iteration does not converge.
  if (missingFrom(workspace) > 0) workspace = attempt(false)
  const { engine, at } = workspace
  const [, re, im, xt, yt, failed] = at
  checkConverged(operation, 'eigenvalues', missingFrom(workspace), n)
  const scale = engine.f64[failed / 8 + 1]
  const part = (from: number): Matrix => checkRange(operation, leave(workspace, from, n, 1, dtype, scale), 'values')
  const columns = (from: number): Matrix => leaveColumns(workspace, from, n, n, inOrder(n), dtype)
  const values = { re: part(re), im: part(im) }
  if (triangleOf(a) !== undefined) {
    // What was found is the diagonal in some order, but may have vanished beside the largest element.
    const diagonal = a.diagonal().elements
    const order = ascending(diagonal, n)
    for (const [i, at] of ascending(values.re.elements, n).entries()) values.re.elements[at] = diagonal[order[i]]
  }
  return {
    values,
    vectors: vectors ? { re: columns(xt), im: columns(yt) } : undefined,
  }
}

/**
 * A·V = V·diag(values) for an n x n matrix: complex values (n x 1) in no order but that conjugates are neighbours, the one
 * with the positive imaginary part first; vectors are the columns of V (n x n), of norm 1, the largest element of a complex
 * one real. A defective matrix has vectors that are parallel, or nearly. Balanced, reduced to Hessenberg form, double-shift QR,
 * substitution (LAPACK's dgeev). The residual A·v − λ·v is about n·ε·‖A‖ unless balancing has to scale by many orders of
 * magnitude, as where elements span more than twelve of them at random: it is small for the balanced matrix then, and may be
 * anything for A, with LAPACK too (Watkins 2006). Where the iteration does not converge it begins anew without balancing.
 *
 * @throws LinAlgError for NaN and infinities, where a value lies beyond the range of the dtype, and where the
 * iteration does not converge; ShapeError unless a is square; DTypeError unless it is a matrix.
 */
export const eig = <R extends number, C extends number>(
  a: Matrix<R, C> & CheckSquare<'eig', R, C>,
  ...more: []
): { values: Complex<R & C, 1>; vectors: Complex<R & C, R & C> } =>
  decompose('eig', a, true, more) as { values: Complex<R & C, 1>; vectors: Complex<R & C, R & C> }

/** The values of `eig` without its vectors, bit for bit. Throws what `eig` throws. */
export const eigvals = <R extends number, C extends number>(
  a: Matrix<R, C> & CheckSquare<'eigvals', R, C>,
  ...more: []
): Complex<R & C, 1> => decompose('eigvals', a, false, more).values as Complex<R & C, 1>
