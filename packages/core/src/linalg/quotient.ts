import { LinAlgError } from '../base/errors.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { Value } from '../ops/algebra.ts'
import { asFirst, type Computed, computed, resultOf } from './operation.ts'
import { create, EPSILON } from './workspace.ts'

/** How near to 0 a denominator is, beside its size, for the limit to be nearer than a quotient of what rounding leaves, by dtype. */
const NEAR = { float32: 2 ** -14, float64: 2 ** -29 }

/** Whether some numbers are near one another, or one of them near 0 if that counts, beside the largest. */
export function areNear(values: ArrayLike<number>, dtype: 'float32' | 'float64', withZero: boolean): boolean {
  const sorted = Float64Array.from(values).sort()
  const size = sorted.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  const near = NEAR[dtype] * size
  return sorted.some((x, i) => (i > 0 && x - sorted[i - 1] <= near) || (withZero && Math.abs(x) <= near))
}

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

/**
 * x/d where derivatives of decompositions have it: both (m x n) vanish together at repeated values where the differentiated function is
 * defined there. Near 0, beside `size`, it is the limit dx/dd (l'Hôpital's rule) by the changes of both along a direction, if they are
 * given, and if x is what the limit makes it but for what rounding leaves of numbers as large as `most`.
 */
export const division: Computed = computed(
  'quotient',
  asFirst,
  ([x, d, size, most, dx, dd], of) => quotientOf(of, x, d, size.elements[0], most?.elements[0], dx, dd),
  [
    (g, _y, [, d, size], of) => resultOf(division, [g, d, size], of),
    (g, y, [, d, size], of) => resultOf(division, [g.mul(y).neg(), d, size], of),
    null,
  ],
)

function quotientOf(
  { name, values }: Wanted,
  x: Matrix,
  d: Matrix,
  size: number,
  most: number | undefined,
  dx?: Matrix,
  dd?: Matrix,
): Matrix {
  const { rows, cols, dtype } = x
  const out = create(dtype, rows, cols)
  const unit = 16 * Math.max(rows, cols) * EPSILON[dtype]
  for (let i = 0; i < out.size; i++) {
    const [numerator, denominator] = [x.elements[i], d.elements[i]]
    if (Math.abs(denominator) > NEAR[dtype] * size) {
      out.elements[i] = numerator / denominator
      continue
    }
    // Of a quotient's own derivative, which is not known here, but is multiplied by this.
    if (most === undefined && numerator === 0) continue
    const limit = dx && dd ? dx.elements[i] / dd.elements[i] : Number.NaN
    const off = Math.abs(numerator - limit * denominator)
    if (off <= unit * (most ?? 0) + Math.abs(limit * denominator) * 2 ** -10) out.elements[i] = limit
    else if (dx && Math.abs(denominator) > unit * size) out.elements[i] = numerator / denominator
    else
      throw new LinAlgError(
        `${name}: the derivative is that of a function of vectors that belong to equal ${values}, which are not unique, ` +
          'wanted ones that are apart, or a function of the matrix that is the same for all such vectors',
      )
  }
  return out
}

/** x/d, or its limit; see `division`. */
export function quotient(of: Wanted, { x, d }: Terms, size: Value, most: Value, slope?: Terms): Value {
  return resultOf(division, slope ? [x, d, size, most, slope.x, slope.d] : [x, d, size, most], of)
}
