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

/** How much of a change may be left, beside its size, where vectors of near values change places in a function that is the same for all. */
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

/** How x changes where the vectors of near values turn into one another, and how large the terms of that are. */
export interface Turn {
  readonly x: Value
  readonly most: Value
}

/**
 * x/d where derivatives of decompositions have it: both (m x n) vanish together at repeated values where the differentiated function is
 * defined there. Near 0, beside `size`, it is the limit dx/dd (l'Hôpital's rule) by the changes of both along a direction, if they are
 * given, and if x is what the limit makes it but for what rounding leaves of numbers as large as `most`, and stays so where vectors turn.
 */
export const division: Computed = computed(
  'quotient',
  asFirst,
  ([x, d, size, most, dx, dd, turned, mostTurned], of) => {
    if (turned) checkTurn(of, turned, mostTurned.elements[0], d, size.elements[0])
    return quotientOf(of, x, d, size.elements[0], most?.elements[0], dx, dd)
  },
  [
    (g, _y, [, d, size], of) => resultOf(division, [g, d, size], of),
    (g, y, [, d, size], of) => resultOf(division, [g.mul(y).neg(), d, size], of),
    null,
  ],
)

const notUnique = ({ name, values }: Wanted): LinAlgError =>
  new LinAlgError(
    `${name}: the derivative is that of a function of vectors that belong to equal ${values}, which are not unique, ` +
      'wanted ones that are apart, or a function of the matrix that is the same for all such vectors',
  )

/** @throws LinAlgError where x does not stay 0 when vectors turn: it was 0 for these alone, which others might have been. */
function checkTurn(of: Wanted, { elements, dtype }: Matrix, most: number, d: Matrix, size: number): void {
  for (const [i, change] of elements.entries())
    if (Math.abs(d.elements[i]) <= NEAR[dtype] * size && Math.abs(change) > UNTURNED[dtype] * most) throw notUnique(of)
}

function quotientOf(
  of: Wanted,
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
    else throw notUnique(of)
  }
  return out
}

/** x/d, or its limit; see `division`. */
export function quotient(of: Wanted, { x, d }: Terms, size: Value, most: Value, slope?: Terms, turn?: Turn): Value {
  const changes = [...(slope ? [slope.x, slope.d] : []), ...(slope && turn ? [turn.x, turn.most] : [])]
  return resultOf(division, [x, d, size, most, ...changes], of)
}

/** Any numbers, of sizes from 0.5 to 1.5, where d is near 0 beside `size`, and 0 elsewhere; a square matrix of them is skew-symmetric. */
export const turning: Computed = computed(
  'turning',
  asFirst,
  ([d, size]) => {
    const { rows, cols, dtype } = d
    const out = create(dtype, rows, cols)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < cols; j++) {
        const any = 0.5 + ((Math.min(i, j) * 0.7548776662466927 + Math.max(i, j) * 0.5698402909980532) % 1)
        const isNear = Math.abs(d.elements[i * cols + j]) <= NEAR[dtype] * size.elements[0]
        if (isNear && (i !== j || rows !== cols)) out.elements[i * cols + j] = i < j ? any : -any
      }
    return out
  },
  [null, null],
)
