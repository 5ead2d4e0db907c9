import { LinAlgError } from '../base/errors.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { Value } from '../ops/algebra.ts'
import type { Slope } from '../ops/operation.ts'
import { asFirst, type Computed, computed, resultOf } from './operation.ts'
import { create, EPSILON } from './workspace.ts'

/**
 * How near to 0 a denominator is, beside its size, for the limit to be nearer than a quotient of what rounding leaves, by dtype.
 */
const NEAR = { float32: 2 ** -14, float64: 2 ** -29 }

/** Whether some numbers are near one another, or one of them near 0 if that counts, beside the largest. */
export function areNear(values: ArrayLike<number>, dtype: 'float32' | 'float64', withZero: boolean): boolean {
  const sorted = Float64Array.from(values).sort()
  const size = sorted.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  const near = NEAR[dtype] * size
  return sorted.some((x, i) => (i > 0 && x - sorted[i - 1] <= near) || (withZero && Math.abs(x) <= near))
}

/**
 * How much of a change may be left, beside its size, where vectors of near values change places in a function that is the same
 * for all.
 */
const UNTURNED = { float32: 2 ** -8, float64: 2 ** -20 }

/** Which derivative wants a quotient, and the values that are apart where it has one. */
interface Wanted {
  readonly name: string
  readonly values: string
}

/** The terms of a quotient. */
export interface Terms {
  readonly x: Value
  readonly d: Value
}

/** How something changes where the vectors of near values turn into one another, and how large the terms of that are. */
export interface Turn {
  readonly x: Value
  readonly most: Value
}

const notUnique = ({ name, values }: Wanted): LinAlgError =>
  new LinAlgError(
    `${name}: the derivative is that of a function of vectors that belong to equal ${values}, which are not unique, ` +
      'wanted ones that are apart, or a function of the matrix that is the same for all such vectors',
  )

/** Whether a denominator is too near 0 for its quotient to be more than what rounding leaves. */
const isNear = (d: number, size: number, dtype: 'float32' | 'float64'): boolean => Math.abs(d) <= NEAR[dtype] * size

/** x/d where d is not near 0 beside `size`; there it is 0 if x, of terms as large as `most`, has none. */
export const division: Computed = computed(
  'quotient',
  asFirst,
  ([x, d, size, most], of) => {
    const out = create(x.dtype, x.rows, x.cols)
    for (let i = 0; i < out.size; i++) {
      const [numerator, denominator] = [x.elements[i], d.elements[i]]
      if (!isNear(denominator, size.elements[0], x.dtype)) out.elements[i] = numerator / denominator
      // Of a quotient's own derivative `most` is not known here, but it is multiplied by this.
      else if (numerator !== 0 || (most?.elements[0] ?? 0) > 0) throw notUnique(of)
    }
    return out
  },
  [
    (g, _y, [, d, size], of) => resultOf(division, [g, d, size], of),
    (g, y, [, d, size], of) => resultOf(division, [g.mul(y).neg(), d, size], of),
    null,
    null,
  ],
)

/**
 * 1 where x/d is the limit dx/dd: where d is near 0 and x is what the limit makes it, but for what rounding leaves, and stays
 * so where vectors turn: else it was 0 for these alone, which others might have been.
 */
const limits: Computed = computed(
  'limits',
  asFirst,
  ([x, d, { elements: sizes }, { elements: mosts }, dx, dd, ...turns], of) => {
    const { rows, cols, dtype } = x
    const out = create(dtype, rows, cols)
    const [size, most] = [sizes[0], mosts[0]]
    const unit = 16 * Math.max(rows, cols) * EPSILON[dtype]
    const isTurned = (change: number, terms: Matrix): boolean => Math.abs(change) > UNTURNED[dtype] * terms.elements[0]
    const [turned, mostTurned, aside, mostAside] = turns
    for (let i = 0; i < out.size; i++) {
      const [numerator, denominator] = [x.elements[i], d.elements[i]]
      if (!isNear(denominator, size, dtype)) continue
      if (isTurned(turned.elements[i], mostTurned) || isTurned(aside.elements[0], mostAside)) throw notUnique(of)
      const limit = (dx.elements[i] / dd.elements[i]) * denominator
      const off = Math.abs(numerator - limit)
      if (off <= unit * most + Math.abs(limit) * 2 ** -10) out.elements[i] = 1
      else if (!(Math.abs(denominator) > unit * size)) throw notUnique(of)
    }
    return out
  },
  [],
)

/** dx/dd for the limit of x/d. It is linear in dx, which has derivatives; those by d would be of a higher order. */
const limit: Computed = computed('limit', asFirst, ([dx, dd]) => dx.div(dd) as Matrix, [
  (g, _y, [, dd]) => g.div(dd),
  null,
  (g, _y, _inputs, of) => resultOf(noSecond, [g], of),
])

/** Nothing, where nothing is asked for. */
const noSecond: Computed = computed(
  'limit',
  asFirst,
  ([g], { name, values }: Wanted) => {
    if (g.elements.some((x) => x !== 0))
      throw new LinAlgError(
        `${name}: the second derivative is asked for where ${values} are equal, which it is not known for, wanted ones that are ` +
          'apart, or first derivatives alone',
      )
    return g
  },
  [(g, _y, _inputs, of) => resultOf(noSecond, [g], of)],
)

/**
 * x/d where derivatives of decompositions have it: both (m x n) vanish together at repeated values where the differentiated
 * function is defined there. Near 0, beside `size`, it is the limit dx/dd (l'Hôpital's rule) by the changes of both along a
 * direction, if they are given.
 *
 * @param most how large the terms of x are
 * @param turn how x changes as vectors turn, and `aside` how the derivatives by what else it depends on do
 */
export function quotient(
  of: Wanted,
  { x, d }: Terms,
  size: Value,
  most: Value,
  slope?: Terms,
  turn?: Turn,
  aside?: Turn,
): Value {
  if (!slope || !turn || !aside) return resultOf(division, [x, d, size, most], of)
  const isLimit = resultOf(limits, [x, d, size, most, slope.x, slope.d, turn.x, turn.most, aside.x, aside.most], of)
  return isLimit.where(resultOf(limit, [slope.x, slope.d, d], of), x.div(isLimit.where(1, d)))
}

/** How much what is aside changes along a direction in which vectors turn, and along one of that size where nothing cancels. */
export const asideAlong = (slope: Slope, direction: Value): Turn => ({
  x: slope.aside(direction),
  most: slope.aside(direction.abs()),
})

/**
 * Any numbers, of sizes from 0.5 to 1.5, where d is near 0 beside `size`, and 0 elsewhere; a square matrix of them is
 * skew-symmetric.
 */
export const turning: Computed = computed(
  'turning',
  asFirst,
  ([d, size]) => {
    const { rows, cols, dtype } = d
    const out = create(dtype, rows, cols)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < cols; j++) {
        const any = 0.5 + ((Math.min(i, j) * 0.7548776662466927 + Math.max(i, j) * 0.5698402909980532) % 1)
        if (isNear(d.elements[i * cols + j], size.elements[0], dtype) && (i !== j || rows !== cols))
          out.elements[i * cols + j] = i < j ? any : -any
      }
    return out
  },
  [null, null],
)
