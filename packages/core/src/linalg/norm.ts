import { LinAlgError, MatgradError } from '../base/errors.ts'
import { checkNoMore } from '../base/options.ts'
import { describe, formatShape, type Shape } from '../base/shape.ts'
import { full } from '../matrix/create.ts'
import { Matrix } from '../matrix/matrix.ts'
import type { Operand, Value } from '../ops/algebra.ts'
import { trueExponent } from './equilibrate.ts'
import { scaledInverse, solvePlainly } from './lu.ts'
import { type Computed, checkSquare, checkValue, computed, resultOf, type Scalar } from './operation.ts'
import { inverted } from './solve.ts'
import { decompose, svd } from './svd.ts'
import {
  allFinite,
  arrange,
  enter,
  largestOf,
  SQUARED,
  scaleFor,
  shifted,
  toDtype,
  type Workspace,
} from './workspace.ts'

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

/** So many numbers as a line may have, each smaller than this, have a sum. */
const MOST_SUMMED = 2 ** 990

/** What squares below 2^−1022 lose is below 2^−1074 each, nothing beside such a sum. */
const LEAST_SUM = 2 ** -900

function extreme(operation: string, a: Matrix, values: ArrayLike<number>, least: boolean): number {
  if (least && values.length === 0)
    throw new LinAlgError(`${operation}: a is ${formatShape(a.shape)}, which has no smallest sum or singular value`)
  let found = values.length > 0 ? values[0] : 0
  for (let i = 1; i < values.length; i++) found = least ? Math.min(found, values[i]) : Math.max(found, values[i])
  return found
}

/** Σa² of `count` elements at at[0]. */
function squares({ engine, kernels, at }: Pick<Workspace, 'engine' | 'kernels' | 'at'>, count: number): number {
  kernels.squares(at[1], at[0], count)
  return engine.f64[at[1] / 8]
}

/** What an order makes of a matrix with NaN or infinities. */
function normOfNotFinite(operation: string, a: Matrix, ord: NormOrder): number {
  const largest = largestOf(a)
  if (Number.isNaN(largest) || ord === -2) return Number.NaN
  if (typeof ord === 'number' && ord !== 2) return extreme(operation, a, absoluteSums(a, Math.abs(ord) === 1), ord < 0)
  return largest
}

function normOf(operation: string, a: Matrix, ord: NormOrder): number {
  const sum = squares(arrange(operation, [a], [1]), a.size)
  if (!Number.isFinite(sum) && !allFinite(operation, a)) return normOfNotFinite(operation, a, ord)
  switch (ord) {
    case 'fro': {
      if (sum >= LEAST_SUM && sum < Number.POSITIVE_INFINITY) return Math.sqrt(sum)
      // Squares have overflowed, or vanished and been missed.
      const workspace = enter(operation, [a], [1], SQUARED)
      return Math.sqrt(squares(workspace, a.size)) / workspace.scales[0]
    }
    case 'max':
      return largestOf(a)
    case 'nuc':
    case 2:
    case -2: {
      const { S, scale } = decompose(operation, a, 'none')
      const data = Array.from(S.elements)
      return (
        (ord === 'nuc' ? data.reduce((sum, value) => sum + value, 0) : extreme(operation, a, data, ord < 0)) / scale
      )
    }
    default:
      return extreme(operation, a, absoluteSums(a, Math.abs(ord) === 1), ord < 0)
  }
}

function conditionOf(a: Matrix, ord: ConditionOrder): number {
  if (ord === 2 || ord === -2) {
    const { elements: data } = decompose('cond', a, 'none').S
    const [largest, smallest] = [data[0], data[data.length - 1]]
    if (largest === 0) return Number.POSITIVE_INFINITY
    return ord === 2 ? largest / smallest : smallest / largest
  }
  // The condition is that of a multiple whose norm and inverse are neither very large nor very small.
  const scale = scaleFor(largestOf(a), SQUARED)
  const whole = toDtype(a, 'float64')
  const near = scale === 1 ? whole : whole.mul(scale)
  const plain = solvePlainly('cond', near, 'float64')
  // A multiple may have lost what keeps A from being singular.
  if (typeof plain === 'number' && scale === 1) return Number.POSITIVE_INFINITY
  if (plain instanceof Matrix) {
    const product = normOf('cond', near, ord) * normOf('cond', plain, ord)
    if (product < Number.POSITIVE_INFINITY) return product
  }
  // A smallest sum is not to vanish beside others.
  const own = typeof ord === 'number' && ord < 0 && largestOf(whole) < MOST_SUMMED ? whole : near
  const solution = scaledInverse(own, ord)
  if (solution === undefined) return Number.POSITIVE_INFINITY
  const [x, y] = [normOf('cond', own, ord), normOf('cond', solution.inverse, ord)]
  const [ofX, ofY] = [trueExponent(x), trueExponent(y)]
  return shifted(shifted(x, -ofX) * shifted(y, -ofY), ofX + ofY + solution.exponent)
}

type ConditionOrder = Exclude<NormOrder, 'max'>

/** Where values are their extreme, 1 shared evenly among equal ones, as by the derivative of `max`. */
function shares(values: Value, extreme: Value): Value {
  const equal = values.equal(extreme)
  return equal.div(equal.sum())
}

/** The gradient of a norm, y: a subgradient where there is none, as PyTorch's. */
function gradientOf(a: Value, y: Value, ord: NormOrder): Value {
  if (ord === 'fro') {
    const isZero = y.equal(0)
    return isZero.where(0, a.div(isZero.where(1, y)))
  }
  if (ord === 'max') return a.sign().mul(shares(a.abs(), a.abs().max()))
  if (ord === 'nuc' || Math.abs(ord) === 2) {
    const { U, S, Vh } = svd(a as never) as { [Name in 'U' | 'S' | 'Vh']: Value }
    if (ord === 'nuc') return U.matmul(Vh)
    return U.mul(shares(S, ord === 2 ? S.max() : S.min()).T).matmul(Vh)
  }
  const sums = a.abs().sum(Math.abs(ord) === 1 ? 0 : 1)
  return a.sign().mul(shares(sums, ord > 0 ? sums.max() : sums.min()))
}

const one = (): Shape => [1, 1]

export const length: Computed = computed(
  'norm',
  one,
  ([a], ord) => full(1, 1, normOf('norm', a, ord), { dtype: a.dtype }),
  [(g, y, [a], ord) => (a.rows * a.cols === 0 ? a : g.mul(gradientOf(a, y, ord)))],
)

/** A condition that has a derivative. */
const regular: Computed = computed(
  'cond',
  one,
  ([y]) => {
    if (y.elements[0] === Number.POSITIVE_INFINITY)
      throw new LinAlgError(
        'the derivative of cond: a singular value is 0 and cond Infinity, wanted a matrix of full rank',
      )
    return y
  },
  [(g) => g],
)

/** ‖A‖·‖A⁻¹‖: the sum of the relative changes of both norms; of a quotient of singular values that of them. */
export const condition: Computed = computed(
  'cond',
  one,
  ([a], ord) => full(1, 1, conditionOf(a, ord), { dtype: a.dtype }),
  [
    (g, y, [a], ord: ConditionOrder) => {
      const relative = (x: Value, order: NormOrder): Value => {
        const size = resultOf(length, [x], order)
        return gradientOf(x, size, order).div(size)
      }
      if (ord === 2) return g.mul(resultOf(regular, [y])).mul(relative(a, 2).sub(relative(a, -2)))
      if (ord === -2) {
        // The smallest may be 0, as the value then is.
        const largest = resultOf(length, [a], 2)
        const value = resultOf(regular, [y])
        const change = gradientOf(a, largest.mul(value), -2).sub(gradientOf(a, largest, 2).mul(value))
        return g.mul(change.div(largest))
      }
      const inverse = inverted('the derivative of cond', a)
      const ofInverse = inverse
        .matmul(relative(inverse, ord), { transposeA: true })
        .matmul(inverse, { transposeB: true })
      return g.mul(y).mul(relative(a, ord).sub(ofInverse))
    },
  ],
)

/**
 * A norm of an m x n matrix, a number in float64; 0 for an empty one. Equal extremes share its gradient evenly. The orders are
 * NumPy's and 'max', the largest |a|. NaN gives NaN, and infinities Infinity, but for the smallest of sums of which others are
 * finite; a smallest singular value is NaN then.
 *
 * @throws DTypeError unless a is a matrix; MatgradError for another order; LinAlgError for a smallest sum or singular value
 * where there is none, and where singular values do not converge.
 */
export function norm<V extends Operand>(a: V, ord: NormOrder = 'fro', ...more: []): Scalar<V> {
  checkNoMore('norm', 'a, ord', more)
  checkValue('norm', 'a', a)
  checkOrder('norm', ord)
  return (a instanceof Matrix ? normOf('norm', a, ord) : resultOf(length, [a], ord)) as never
}

/**
 * The condition number, a number in float64: σ₁/σₖ for order 2, which is the default, and for any m x n; σₖ/σ₁ for −2;
 * ‖A‖·‖A⁻¹‖ for the other orders of a square matrix (NumPy's rule). Infinity where σₖ or a pivot comes out as 0, except that −2
 * gives 0 unless all of A is 0; rounding may make σₖ of a singular matrix about ε·σ₁. There is no derivative where it is
 * Infinity.
 *
 * @throws DTypeError unless a is a matrix; ShapeError unless it is square, but for 2 and −2; MatgradError for another order;
 * LinAlgError for an empty matrix, and for NaN and infinities.
 */
export function cond<V extends Operand>(a: V, ord: ConditionOrder = 2, ...more: []): Scalar<V> {
  checkNoMore('cond', 'a, ord', more)
  checkValue('cond', 'a', a)
  checkOrder('cond', ord, ['max'])
  if (a.rows * a.cols === 0) throw new LinAlgError(`cond: a is ${formatShape(a.shape)}, wanted a matrix with elements`)
  if (ord !== 2 && ord !== -2) checkSquare('cond', a)
  return (a instanceof Matrix ? conditionOf(a, ord) : resultOf(condition, [a], ord)) as never
}
