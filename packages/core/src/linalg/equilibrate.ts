// Rows and columns multiplied by powers of two, which loses nothing that is seen beside their largest elements.

import type { Matrix } from '../matrix/matrix.ts'
import { create, exponentOf, shifted } from './workspace.ts'

/** Rows whose largest elements are not more than so many binary orders apart are exchanged as they are. */
const ALIKE = 200

/** The exponents of the powers of two that rows and columns were multiplied by. */
export interface Scaling {
  readonly rows: Int32Array
  readonly cols: Int32Array
}

/** The exponent of x, whose size may be below normal numbers. */
export const trueExponent = (x: number): number =>
  Math.abs(x) < 2 ** -1022 ? exponentOf(x * 2 ** 54) - 54 : exponentOf(x)

/** The exponents of the largest elements of the rows or columns of 2^shifts·A, the shifts those of its rows; 0 where all are 0. */
export function largestExponents(a: Matrix, shifts: Int32Array, down: boolean): Int32Array {
  const { elements: data, rows, cols } = a
  const none = -0x80000000
  const found = new Int32Array(down ? cols : rows).fill(none)
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, at++) {
      if (data[at] === 0) continue
      const to = down ? j : i
      found[to] = Math.max(found[to], trueExponent(data[at]) + shifts[i])
    }
  return found.map((exponent) => (exponent === none ? 0 : exponent))
}

/**
 * What brings the largest element of every column near 1, and before that of every row (LAPACK's dgeequb): unless rows differ
 * by many orders they are left, since columns change neither pivots nor L.
 */
export function equilibrate(a: Matrix): Scaling {
  const left = new Int32Array(a.rows)
  const sizes = largestExponents(a, left, false)
  const rows = extent(sizes) > ALIKE ? sizes.map((exponent) => -exponent) : left
  return { rows, cols: largestExponents(a, rows, true).map((exponent) => -exponent) }
}

const extent = (values: Int32Array): number =>
  values.reduce((most, x) => Math.max(most, x), values[0]) - values.reduce((least, x) => Math.min(least, x), values[0])

/** A, row i and column j multiplied by 2^rows[i] and 2^cols[j], in float64. */
export function scaledBy(a: Matrix, rows: Int32Array, cols: Int32Array): Matrix {
  const out = create('float64', a.rows, a.cols)
  for (let i = 0, k = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++, k++) out.elements[k] = shifted(a.elements[k], rows[i] + cols[j])
  return out
}

export const negated = (exponents: Int32Array): Int32Array => exponents.map((exponent) => -exponent)
