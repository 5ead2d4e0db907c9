import { ShapeError } from '../base/errors.ts'
import { checkNoMore, flag, readerOf } from '../base/options.ts'
import { type CheckRows, type CheckSquare, formatShape } from '../base/shape.ts'
import type { ClassOf, ColsIn, Operand, Results, RowsIn, Value } from '../ops/algebra.ts'
import { solveFor } from './lu.ts'
import {
  asFirst,
  type Computed,
  checkSquare,
  checkSystem,
  checkValue,
  computed,
  once,
  resultOf,
  type SquareOf,
} from './operation.ts'

/** A⁻¹, whose errors say that `of` wants it. Its derivative is −A⁻¹·dA·A⁻¹ (Giles 2008, §2.2.3). */
export const inverse: Computed = computed('inv', asFirst, ([a], of) => solveFor(of, a, a.dtype), [
  (g, y) => y.matmul(g, { transposeA: true }).matmul(y, { transposeB: true }).neg(),
])

/** The cotangent of B, of which that of A is made as well. */
const toRight = (g: Value, y: Value, a: Value, of: string): Value => once(g, y, () => solved(of, a.T, g))

/** The solution of A·X = B, whose errors say that `of` wants it. Its derivative is A⁻¹·(dB − dA·X) (Giles 2008, §2.3.1). */
export const solution: Computed = computed(
  'solve',
  ([, b]) => b.shape,
  ([a, b], of) => solveFor(of, a, a.dtype === b.dtype ? a.dtype : 'float64', b),
  [
    (g, y, [a], of) => toRight(g, y, a, of).neg().matmul(y, { transposeB: true }),
    (g, y, [a], of) => toRight(g, y, a, of),
  ],
)

/** A⁻¹ where `of` wants it. */
export const inverted = (of: string, a: Value): Value => resultOf(inverse, [a], of)

/** The X with A·X = B where `of` wants it. */
export const solved = (of: string, a: Value, b: Value): Value => resultOf(solution, [a, b], of)

/**
 * A⁻¹ for an n x n matrix: A·X = I solved with A = P·L·U (LAPACK's dgesv), or where elements are far apart by elimination in
 * numbers of any exponent. Its relative error is up to about n·ε·cond(A); what is 0 by the zeros of A is 0 where elements are
 * far apart.
 *
 * @throws LinAlgError where a pivot is 0, where an element of A⁻¹ lies beyond the range of the dtype, and for NaN and infinities;
 * ShapeError unless a is square; DTypeError unless it is a matrix.
 */
export function inv<V extends Operand>(a: V & CheckSquare<'inv', RowsIn<V>, ColsIn<V>>, ...more: []): SquareOf<V> {
  checkNoMore('inv', 'a', more)
  checkSquare('inv', a)
  return inverted('inv', a) as never
}

export interface SolveOptions {
  /** Whether A is the left factor, A·X = B, or the right one, X·A = B. @default true */
  readonly left?: boolean
}

const readSolve = readerOf({ left: flag(true) })

/** The sizes of X: those of B, of which one is that of A. */
type SolutionOf<A, B, O> = Results<
  O extends { left: true } ? RowsIn<A> & ColsIn<A> & RowsIn<B> : RowsIn<B>,
  ColsIn<B>
>[ClassOf<A | B>]

/** `unknown` where B fits, else a message that no operand is assignable to. */
type CheckRight<A, B, O> = O extends { left: true }
  ? CheckRows<'solve', RowsIn<A> & ColsIn<A>, RowsIn<A> & ColsIn<A>, RowsIn<B>, ColsIn<B>>
  : unknown

/**
 * X (n x k) with A·X = B for A of n x n and B of n x k, or, unless `left`, X (k x n) with X·A = B for B of k x n, by A = P·L·U
 * and substitution (LAPACK's dgesv), or where elements are far apart by elimination in numbers of any exponent. The result has
 * the dtype that both promote to.
 *
 * Defaults: left true.
 *
 * @throws LinAlgError where a pivot is 0, where an element of X lies beyond the range of the dtype, and for NaN and infinities;
 * ShapeError unless a is square with as many rows as b, or columns; DTypeError unless both are matrices.
 */
export function solve<A extends Operand, B extends Operand, const O extends SolveOptions = { left: true }>(
  a: A & CheckSquare<'solve', RowsIn<A>, ColsIn<A>>,
  b: B & CheckRight<A, B, O>,
  options?: O,
  ...more: []
): SolutionOf<A, B, O> {
  checkNoMore('solve', 'a, b, options', more)
  checkSquare('solve', a)
  const { left } = readSolve('solve', options)
  if (left) {
    checkSystem('solve', a, b)
    return solved('solve', a, b as never) as never
  }
  checkValue('solve', 'b', b)
  if (b.cols !== a.cols)
    throw new ShapeError(`solve: a is ${formatShape(a.shape)}, b is ${formatShape(b.shape)}, wanted as many columns`)
  return solved('solve', a.T, b.T).T as never
}
