import { LinAlgError, MatgradError } from '../base/errors.ts'
import { describe, formatShape } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { invert } from './lu.ts'
import { singularValues } from './svd.ts'
import { arrange, checkMatrix, checkSquare, enter, SQUARED, type Workspace } from './workspace.ts'

/**
 * 'fro' √Σa² · 'nuc' Σσ · 2 the largest σ, −2 the smallest · 1 the largest column sum of |a|, −1 the smallest · Infinity
 * the largest row sum of |a|, −Infinity the smallest · 'max' the largest |a|.
 */
export type NormOrder = 'fro' | 'nuc' | 'max' | number

const NAMES = ['fro', 'nuc', 'max']
const NUMBERS = [1, 2, Number.POSITIVE_INFINITY]
const WANTED = "'fro', 'nuc', 'max', 1, -1, 2, -2, Infinity or -Infinity"

function checkOrder(operation: string, ord: NormOrder, others: readonly unknown[] = []): void {
  const isOrder = typeof ord === 'number' ? NUMBERS.includes(Math.abs(ord)) : NAMES.includes(ord)
  if (!isOrder || others.includes(ord))
    throw new MatgradError(`${operation}: ord is ${describe(ord)}, wanted ${WANTED}`)
}

/** Sums of |a| down the columns or along the rows. */
export function absoluteSums({ elements: data, rows, cols }: Matrix, down: boolean): Float64Array {
  const sums = new Float64Array(down ? cols : rows)
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < cols; j++, at++) sums[down ? j : i] += Math.abs(data[at])
  return sums
}

/** What squares below 2^−1022 lose is below 2^−1074 each, nothing beside such a sum. */
const LEAST_SUM = 2 ** -900

function extreme(operation: string, a: Matrix, values: ArrayLike<number>, least: boolean): number {
  if (least && values.length === 0)
    throw new LinAlgError(`${operation}: a is ${formatShape(a.shape)}, which has no smallest sum or singular value`)
  let found = values.length > 0 ? values[0] : 0
  for (let i = 1; i < values.length; i++) found = least ? Math.min(found, values[i]) : Math.max(found, values[i])
  return found
}

/** √Σa², scaled only where the plain sum says that squares have overflowed, or vanished and been missed. */
function frobenius(operation: string, a: Matrix): number {
  const squares = ({ engine, kernels, at }: Pick<Workspace, 'engine' | 'kernels' | 'at'>): number => {
    kernels.squares(at[1], at[0], a.size)
    return engine.f64[at[1] / 8]
  }
  const sum = squares(arrange(operation, [a], [1]))
  if (sum >= LEAST_SUM && sum < Number.POSITIVE_INFINITY) return Math.sqrt(sum)
  const workspace = enter(operation, [a], [1], SQUARED)
  return Math.sqrt(squares(workspace)) / workspace.scales[0]
}

function normOf(operation: string, a: Matrix, ord: NormOrder): number {
  const size = frobenius(operation, a)
  switch (ord) {
    case 'fro':
      return size
    case 'max':
      return extreme(operation, a, a.elements.map(Math.abs), false)
    case 'nuc':
      return Array.from(singularValues(operation, a).elements).reduce((sum, value) => sum + value, 0)
    case 2:
    case -2:
      return extreme(operation, a, singularValues(operation, a).elements, ord < 0)
    default:
      return extreme(operation, a, absoluteSums(a, Math.abs(ord) === 1), ord < 0)
  }
}

/**
 * A norm of an m x n matrix, a number in float64; 0 for an empty one. The orders are NumPy's and 'max', the largest |a|.
 *
 * @throws DTypeError unless a is a matrix; MatgradError for another order; LinAlgError for NaN and infinities, and for a
 * smallest sum or singular value where there is none.
 */
export function norm(a: Matrix, ord: NormOrder = 'fro'): number {
  checkMatrix('norm', 'a', a)
  checkOrder('norm', ord)
  return normOf('norm', a, ord)
}

/**
 * The condition number, a number in float64: σ₁/σₖ for order 2, which is the default, and for any m x n; σₖ/σ₁ for −2;
 * ‖A‖·‖A⁻¹‖ for the other orders of a square matrix (NumPy's rule). Infinity for a singular one, except that −2 gives 0
 * unless all of A is 0.
 *
 * @throws DTypeError unless a is a matrix; ShapeError unless it is square, but for 2 and −2; MatgradError for another order;
 * LinAlgError for an empty matrix, and for NaN and infinities.
 */
export function cond(a: Matrix, ord: Exclude<NormOrder, 'max'> = 2): number {
  checkMatrix('cond', 'a', a)
  checkOrder('cond', ord, ['max'])
  if (a.size === 0) throw new LinAlgError(`cond: a is ${formatShape(a.shape)}, wanted a matrix with elements`)
  if (ord === 2 || ord === -2) {
    const { elements: data } = singularValues('cond', a)
    const [largest, smallest] = [data[0], data[data.length - 1]]
    if (largest === 0) return Number.POSITIVE_INFINITY
    return ord === 2 ? largest / smallest : smallest / largest
  }
  checkSquare('cond', a)
  const inverse = invert('cond', a)
  return typeof inverse === 'number' ? Number.POSITIVE_INFINITY : normOf('cond', a, ord) * normOf('cond', inverse, ord)
}
