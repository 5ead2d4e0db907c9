import { LinAlgError, ShapeError } from '../base/errors.ts'
import { checkNoMore, flag, readerOf, required } from '../base/options.ts'
import { type CheckSquare, formatShape } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { ClassOf, ColsIn, Operand, Results, RowsIn, Value } from '../ops/algebra.ts'
import { LEAST_DIVISOR, LEAST_SOLUTION, pivotSizes, solveFor } from './lu.ts'
import { type Computed, checkSquare, checkSystem, checkValue, computed, once, resultOf } from './operation.ts'
import { checkRange, enter, leave, SQUARED, UNSCALED } from './workspace.ts'

/** Which triangle of A counts, and whether its diagonal counts as 1. */
interface Triangle {
  readonly upper: boolean
  readonly unitDiagonal: boolean
}

/** That triangle, without the diagonal where it counts as 1: what a cotangent of A has. */
const partOf = (a: Value, { upper, unitDiagonal }: Triangle): Value => {
  const k = Number(unitDiagonal)
  return upper ? a.triu(k) : a.tril(-k)
}

/** The triangle as a matrix that is solved as any other. */
function whole(a: Matrix, triangle: Triangle): Matrix {
  const out = partOf(a as unknown as Value, triangle) as unknown as Matrix
  if (triangle.unitDiagonal) for (let i = 0; i < a.rows; i++) out.set(i, i, 1)
  return out
}

function substituted(of: string, a: Matrix, b: Matrix, triangle: Triangle): Matrix {
  const { upper, unitDiagonal } = triangle
  const n = a.rows
  const { cols } = b
  const dtype = a.dtype === b.dtype ? a.dtype : 'float64'
  const workspace = enter(of, [a, b], [1], SQUARED, UNSCALED)
  const { engine, kernels, at, scales, sizes } = workspace
  for (let i = 0; i < n; i++)
    if (unitDiagonal) engine.f64[at[0] / 8 + i * (n + 1)] = scales[0]
    else if (a.elements[i * (n + 1)] === 0)
      throw new LinAlgError(`${of}: pivot ${i} is 0, wanted a matrix of full rank`)
  const [least, most] = pivotSizes(workspace, n)
  if (least >= LEAST_DIVISOR && most <= Number.MAX_VALUE) {
    const right = engine.f64.subarray(at[1] / 8, at[1] / 8 + b.size)
    // Backwards, the elements of a lower triangle are those of an upper one.
    if (!upper) for (const each of [engine.f64.subarray(at[0] / 8, at[0] / 8 + a.size), right]) each.reverse()
    kernels.solveUpper(at[0], n, at[1], cols, n, cols)
    if (!upper) right.reverse()
    kernels.largest(at[2], at[1], b.size)
    const largest = engine.f64[at[2] / 8]
    if (sizes[1] === 0 || (largest >= LEAST_SOLUTION && largest <= Number.MAX_VALUE))
      return checkRange(of, leave(workspace, at[1], n, cols, dtype, 1 / scales[0]))
  }
  return solveFor(of, whole(a, triangle), dtype, b)
}

interface Attributes extends Triangle {
  readonly of: string
}

/** The cotangent of B, of which that of A is made as well. */
const toRight = (g: Value, y: Value, a: Value, attributes: Attributes): Value =>
  once(g, y, () => substitution(attributes.of, a.T, g, { ...attributes, upper: !attributes.upper }))

/** The solution of A·X = B, A triangular. Its derivative is A⁻¹·(dB − dA·X), of the triangle of dA (Giles 2008, §2.3.1). */
export const triangularSolution: Computed = computed(
  'solveTriangular',
  ([, b]) => b.shape,
  ([a, b], attributes: Attributes) => substituted(attributes.of, a, b, attributes),
  [
    (g, y, [a], attributes: Attributes) =>
      partOf(toRight(g, y, a, attributes).matmul(y, { transposeB: true }), attributes).neg(),
    (g, y, [a], attributes: Attributes) => toRight(g, y, a, attributes),
  ],
)

/** The X with A·X = B where `of` wants it. */
export const substitution = (of: string, a: Value, b: Value, { upper, unitDiagonal }: Triangle): Value =>
  resultOf(triangularSolution, [a, b], { of, upper, unitDiagonal })

export interface SolveTriangularOptions {
  /** Whether A is its upper triangle, or its lower one: the elements of the other are not read. */
  readonly upper: boolean
  /** Whether the diagonal counts as 1, and is not read. @default false */
  readonly unitDiagonal?: boolean
  /** Whether Aᵀ takes the place of A, of which `upper` tells all the same. @default false */
  readonly transpose?: boolean
  /** Whether A is the left factor, A·X = B, or the right one, X·A = B. @default true */
  readonly left?: boolean
}

const readTriangular = readerOf({
  upper: required(flag()),
  unitDiagonal: flag(false),
  transpose: flag(false),
  left: flag(true),
})

/**
 * X (n x k) with A·X = B for a triangular A of n x n and B of n x k, or, unless `left`, X (k x n) with X·A = B for B of k x n,
 * by substitution by halves (BLAS's dtrsm), which takes n²·k multiplications. Elements that are not read must be finite as
 * well. The result has the dtype that both promote to.
 *
 * Defaults: unitDiagonal false, transpose false, left true.
 *
 * @throws LinAlgError where an element of the diagonal is 0, where an element of X lies beyond the range of the dtype, and for NaN
 * and infinities; ShapeError unless a is square with as many rows as b, or columns; DTypeError unless both are matrices, and
 * where `upper` is not given.
 */
export function solveTriangular<A extends Operand, B extends Operand>(
  a: A & CheckSquare<'solveTriangular', RowsIn<A>, ColsIn<A>>,
  b: B,
  options: SolveTriangularOptions,
  ...more: []
): Results<RowsIn<B>, ColsIn<B>>[ClassOf<A | B>] {
  checkNoMore('solveTriangular', 'a, b, options', more)
  checkSquare('solveTriangular', a)
  const { upper, unitDiagonal, transpose, left } = readTriangular('solveTriangular', options)
  if (left) checkSystem('solveTriangular', a, b)
  else checkValue('solveTriangular', 'b', b)
  if (!left && b.cols !== a.cols)
    throw new ShapeError(
      `solveTriangular: a is ${formatShape(a.shape)}, b is ${formatShape(b.shape)}, wanted as many columns`,
    )
  // X·A = B is Aᵀ·Xᵀ = Bᵀ.
  const turned = transpose === left
  const x = substitution('solveTriangular', turned ? a.T : a, (left ? b : b.T) as Value, {
    upper: upper !== turned,
    unitDiagonal,
  })
  return (left ? x : x.T) as never
}
