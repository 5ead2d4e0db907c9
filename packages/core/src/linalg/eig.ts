import { LinAlgError } from '../base/errors.ts'
import { checkNoMore } from '../base/options.ts'
import type { CheckSquare } from '../base/shape.ts'
import { eye } from '../matrix/create.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { ClassOf, ColsIn, Operand, Results, RowsIn, Value } from '../ops/algebra.ts'
import type { Rule } from '../ops/operation.ts'
import { type Complex, conjugateTransposed, divided, minus, product } from './complex.ts'
import { triangleOf } from './equilibrate.ts'
import {
  asFirst,
  type Computed,
  checkSquare,
  computed,
  isAtHand,
  resultOf,
  type SquareOf,
  stacked,
} from './operation.ts'
import { quotient } from './quotient.ts'
import {
  ascending,
  checkConverged,
  checkRange,
  EPSILON,
  enter,
  even,
  inOrder,
  largestOf,
  leave,
  leaveColumns,
  roomForQ,
  UNSCALED,
  type Workspace,
} from './workspace.ts'

function decompose(operation: string, a: Matrix, vectors: boolean): { values: Complex; vectors: Complex | undefined } {
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

const WANTED = { name: 'eig', values: 'eigenvalues' }

/** The parts of what `decomposition` gives for an n x n matrix, and of its cotangent. */
const partsOf = (packed: Value, n: number): { values: Complex<Value>; vectors: Complex<Value> } => ({
  values: { re: packed.slice(0, 1), im: packed.slice(1, 2) },
  vectors: { re: packed.slice(2, n + 2), im: packed.slice(n + 2) },
})

/** A gradient x for the cotangent g, unless it is as large as rounding makes it where vectors should be parallel. */
const trusted: Computed = computed(
  'eig',
  asFirst,
  ([x, g], of: string) => {
    if (largestOf(x) * x.rows * EPSILON[x.dtype] > largestOf(g))
      throw new LinAlgError(
        `the derivative of ${of}: eigenvectors are parallel but for rounding, those of a defective matrix, wanted independent ones`,
      )
    return x
  },
  [(g) => g, null],
)

/** The cotangent of vectors that may turn in the complex plane, from that of vectors of which one element each stays real. */
function freely(g: Complex<Value>, V: Complex<Value>): Complex<Value> {
  // A real element that is as large as any: it is not 0.
  const size = V.im.equal(0).where(V.re.abs(), -1)
  const fixed = size.argmax(0).T.oneHot(V.re.rows, { dtype: V.re.dtype }).T
  const turn = g.re.mul(V.im).sub(g.im.mul(V.re)).sum(0)
  return { re: g.re, im: g.im.add(fixed.mul(turn.div(fixed.mul(V.re).sum(0)))) }
}

/**
 * V⁻ᴴ·(diag(gλ) + (Vᴴ·gV − Vᴴ·V·diag(Re Vᴴ·gV))/conj(λⱼ − λᵢ))·Vᴴ for vectors of norm 1 (Giles 2008, §3.1; Boeddeker et al.
 * 2017, eq. 4.77).
 */
const toMatrix: Rule = (g, packed, [a]) => {
  const n = a.rows
  if (n === 0) return a
  const { values, vectors: V } = partsOf(packed, n)
  const own = partsOf(g, n)
  const one = eye(n, { dtype: a.dtype }) as unknown as Value
  const adjoint = conjugateTransposed(V)
  const inside = product(adjoint, freely(own.vectors, V))
  const along = inside.re.mul(one).sum(0)
  const x = minus(inside, product(adjoint, { re: V.re.mul(along), im: V.im.mul(along) }))
  const [re, im] = [values.re.sub(values.re.T), values.im.sub(values.im.T)]
  const largest = values.re.square().add(values.im.square()).max()
  const apart = re.square().add(im.square()).add(one.mul(largest))
  // What is near 0 is the square of a gap.
  const size = largest.mul(EPSILON[a.dtype] / 4)
  const most = own.vectors.re.abs().max().maximum(own.vectors.im.abs().max())
  // x/conj(e) = x·e/|e|².
  const over = (numerator: Value): Value => quotient(WANTED, { x: numerator.mul(one.equal(0)), d: apart }, size, most)
  const middle = {
    re: over(x.re.mul(re).sub(x.im.mul(im))).add(own.values.re.diag()),
    im: over(x.re.mul(im).add(x.im.mul(re))).add(own.values.im.diag()),
  }
  return divided('the derivative of eig', adjoint, product(middle, adjoint)).re
}

/** The real parts of the values as a row and below them the imaginary ones, then those of the vectors (n x n each). */
export const decomposition: Computed = computed(
  'eig',
  ([a]) => [2 * a.rows + 2, a.rows],
  ([a]) => {
    const { values, vectors } = decompose('eig', a, true)
    const { re, im } = vectors as Complex
    return stacked(values.re.T as Matrix, values.im.T as Matrix, re, im)
  },
  [toMatrix],
)

/** The values and vectors of a value as operations give them. */
function traced(a: Value): { values: Complex<Value>; vectors: Complex<Value> } {
  const { values, vectors } = partsOf(resultOf(decomposition, [a]), a.rows)
  return { values: { re: values.re.T, im: values.im.T }, vectors }
}

/** The values alone, the real parts in one column and the imaginary ones in another. */
export const spectrum: Computed = computed(
  'eigvals',
  ([a]) => [a.rows, 2],
  ([a]) => {
    const { re, im } = decompose('eigvals', a, false).values
    return stacked(re.T as Matrix, im.T as Matrix).T as Matrix
  },
  [
    (g, _y, [a]) => {
      const adjoint = conjugateTransposed(traced(a).vectors)
      const scaled = { re: g.col(0), im: g.col(1) }
      // diag(g)·Vᴴ
      const right = {
        re: scaled.re.mul(adjoint.re).sub(scaled.im.mul(adjoint.im)),
        im: scaled.re.mul(adjoint.im).add(scaled.im.mul(adjoint.re)),
      }
      return resultOf(trusted, [divided('the derivative of eigvals', adjoint, right).re, g], 'eigvals')
    },
  ],
)

/** Complex columns of values of V's class, as many as V is square. */
type ColumnOf<V> = Complex<Results<RowsIn<V> & ColsIn<V>, 1>[ClassOf<V>]>

/**
 * A·V = V·diag(values) for an n x n matrix: complex values (n x 1) in no order but that conjugates are neighbours, the one with
 * the positive imaginary part first; vectors are the columns of V (n x n), of norm 1, the largest element of a complex one
 * real. A defective matrix has vectors that are parallel, or nearly. Balanced, reduced to Hessenberg form, double-shift QR,
 * substitution (LAPACK's dgeev). The residual A·v − λ·v is about n·ε·‖A‖ unless balancing has to scale by many orders of
 * magnitude, as where elements span more than twelve of them at random: it is small for the balanced matrix then, and may be
 * anything for A, with LAPACK too (Watkins 2006). Where the iteration does not converge it begins anew without balancing. There
 * is a derivative where the values are apart, and of the values alone where the vectors are independent. Near a defective
 * matrix it is as large as 1/√δ and more at a distance δ, so that few of its digits are right.
 *
 * @throws LinAlgError for NaN and infinities, where a value lies beyond the range of the dtype, and where the
 * iteration does not converge; ShapeError unless a is square; DTypeError unless it is a matrix.
 */
export function eig<V extends Operand>(
  a: V & CheckSquare<'eig', RowsIn<V>, ColsIn<V>>,
  ...more: []
): { values: ColumnOf<V>; vectors: Complex<SquareOf<V>> } {
  checkNoMore('eig', 'a', more)
  checkSquare('eig', a)
  return (isAtHand(a) ? decompose('eig', a, true) : traced(a)) as never
}

/** The values of `eig` without its vectors, bit for bit. Throws what `eig` throws. */
export function eigvals<V extends Operand>(
  a: V & CheckSquare<'eigvals', RowsIn<V>, ColsIn<V>>,
  ...more: []
): ColumnOf<V> {
  checkNoMore('eigvals', 'a', more)
  checkSquare('eigvals', a)
  const both = resultOf(spectrum, [a])
  return { re: both.col(0), im: both.col(1) } as never
}
