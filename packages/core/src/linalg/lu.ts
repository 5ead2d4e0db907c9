import { LinAlgError, ShapeError } from '../base/errors.ts'
import { formatShape } from '../base/shape.ts'
import { Matrix } from '../matrix/matrix.ts'
import {
  checkMatrix,
  checkSquare,
  create,
  enter,
  exponentOf,
  inOrder,
  LINEAR,
  leave,
  type Workspace,
} from './workspace.ts'

/**
 * A = P·L·U for an m x n matrix, k = min(m, n): P a permutation (m x m), L unit lower trapezoidal (m x k), U upper
 * trapezoidal (k x n). Gaussian elimination with partial pivoting by halves of the columns (LAPACK's dgetrf2; Toledo 1997),
 * so that |L| ≤ 1. A singular matrix has factors like any other, with a 0 on the diagonal of U.
 *
 * @throws DTypeError unless a is a matrix; LinAlgError for NaN and infinities.
 */
export function lu(a: Matrix): { P: Matrix; L: Matrix; U: Matrix } {
  checkMatrix('lu', 'a', a)
  const { rows: m, cols: n, dtype } = a
  const k = Math.min(m, n)
  const { engine, kernels, at, scales } = enter('lu', [a], [k], LINEAR)
  kernels.lu(at[0], at[1], m, n)
  const factors = engine.f64.subarray(at[0] / 8)
  const L = create(dtype, m, k)
  const U = create(dtype, k, n)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      const value = factors[i * n + j]
      if (j < i) L.elements[i * k + j] = value
      else U.elements[i * n + j] = value / scales[0]
    }
  for (let i = 0; i < k; i++) L.elements[i * k + i] = 1
  // Row i of P·L is row source[i] of L: the exchanges, undone from the last to the first.
  const source = inOrder(m)
  for (let i = k - 1; i >= 0; i--) {
    const pivot = engine.f64[at[1] / 8 + i]
    ;[source[i], source[pivot]] = [source[pivot], source[i]]
  }
  const P = create(dtype, m, m)
  for (let i = 0; i < m; i++) P.elements[i * m + source[i]] = 1
  return { P, L, U }
}

/** Beyond 2^±300 a factor or a product is brought back. */
const STEP = 300

/** det A = value·2^exponent, with no overflow on the way. */
function determinant(operation: string, a: Matrix): { value: number; exponent: number } {
  checkSquare(operation, a)
  const n = a.rows
  const { engine, kernels, at, scales } = enter(operation, [a], [n], LINEAR)
  kernels.lu(at[0], at[1], n, n)
  let value = 1
  let exponent = -n * exponentOf(scales[0])
  const normalize = (x: number): number => {
    while (Math.abs(x) > 2 ** STEP) {
      x *= 2 ** -STEP
      exponent += STEP
    }
    while (Math.abs(x) < 2 ** -STEP && x !== 0) {
      x *= 2 ** STEP
      exponent -= STEP
    }
    return x
  }
  for (let i = 0; i < n; i++) {
    value = normalize(value * normalize(engine.f64[at[0] / 8 + i * (n + 1)]))
    if (engine.f64[at[1] / 8 + i] !== i) value = -value
  }
  return { value, exponent }
}

/**
 * The determinant of an n x n matrix, a number in float64, from A = P·L·U; 1 for 0x0. What lies beyond the range of float64
 * is ±Infinity or 0; `slogdet` has it.
 *
 * @throws ShapeError unless a is square; DTypeError unless it is a matrix; LinAlgError for NaN and infinities.
 */
export function det(a: Matrix): number {
  let { value, exponent } = determinant('det', a)
  for (; exponent > 1000; exponent -= 1000) value *= 2 ** 1000
  for (; exponent < -1000; exponent += 1000) value *= 2 ** -1000
  return value * 2 ** exponent + 0
}

/**
 * det A = sign·e^logAbsDet for an n x n matrix, numbers in float64: sign 0 and −Infinity where U has a 0 on its diagonal.
 *
 * @throws ShapeError unless a is square; DTypeError unless it is a matrix; LinAlgError for NaN and infinities.
 */
export function slogdet(a: Matrix): { sign: number; logAbsDet: number } {
  const { value, exponent } = determinant('slogdet', a)
  // The logarithm whose bits do not depend on the machine.
  const log = new Matrix(Float64Array.of(Math.abs(value)), 1, 1).log().item()
  return { sign: Math.sign(value) + 0, logAbsDet: log + exponent * Math.LN2 }
}

/** X with A·X = B for B of n x cols at at[1], in its place. Returns the first pivot that is 0, or −1. */
function solveInPlace({ engine, kernels, at }: Workspace, n: number, cols: number): number {
  const [a, b, pivots] = at
  kernels.lu(a, pivots, n, n)
  for (let i = 0; i < n; i++) if (engine.f64[a / 8 + i * (n + 1)] === 0) return i
  kernels.luSolve(b, a, pivots, n, cols)
  return -1
}

/** A⁻¹, or the number of the pivot that is 0. */
export function invert(operation: string, a: Matrix): Matrix | number {
  checkSquare(operation, a)
  const n = a.rows
  const workspace = enter(operation, [a], [n * n, n], LINEAR)
  const start = workspace.at[1] / 8
  workspace.engine.f64.fill(0, start, start + n * n)
  for (let i = 0; i < n; i++) workspace.engine.f64[start + i * (n + 1)] = 1
  const singular = solveInPlace(workspace, n, n)
  return singular < 0 ? leave(workspace, workspace.at[1], n, n, a.dtype, 1 / workspace.scales[0]) : singular
}

function throwSingular(operation: string, pivot: number): never {
  throw new LinAlgError(`${operation}: pivot ${pivot} is 0, wanted a matrix of full rank`)
}

/** A⁻¹ on behalf of an operation. Throws what `inv` throws. */
export function inverseOf(operation: string, a: Matrix): Matrix {
  const inverse = invert(operation, a)
  return typeof inverse === 'number' ? throwSingular(operation, inverse) : inverse
}

/**
 * A⁻¹ for an n x n matrix: A·X = I solved with A = P·L·U (LAPACK's dgesv). Its relative error is up to about n·ε·cond(A).
 *
 * @throws LinAlgError where a pivot is 0, and for NaN and infinities; ShapeError unless a is square; DTypeError unless it is
 * a matrix.
 */
export const inv = <N extends number>(a: Matrix<N, N>): Matrix<N, N> => inverseOf('inv', a) as Matrix<N, N>

/**
 * X (n x k) with A·X = B for A of n x n and B of n x k, by A = P·L·U and substitution (LAPACK's dgesv). The result has the
 * dtype that both promote to.
 *
 * @throws LinAlgError where a pivot is 0, and for NaN and infinities; ShapeError unless a is square with as many rows as b;
 * DTypeError unless both are matrices.
 */
export function solve<N extends number, K extends number>(a: Matrix<N, N>, b: Matrix<N, K>): Matrix<N, K> {
  checkSquare('solve', a)
  checkMatrix('solve', 'b', b)
  if (a.rows !== b.rows)
    throw new ShapeError(`solve: a is ${formatShape(a.shape)}, b is ${formatShape(b.shape)}, wanted as many rows`)
  const workspace = enter('solve', [a, b], [a.rows], LINEAR)
  const singular = solveInPlace(workspace, a.rows, b.cols)
  if (singular >= 0) throwSingular('solve', singular)
  const dtype = a.dtype === b.dtype ? a.dtype : 'float64'
  const [scaleA, scaleB] = workspace.scales
  return leave(workspace, workspace.at[1], b.rows, b.cols, dtype, scaleB / scaleA) as Matrix<N, K>
}
