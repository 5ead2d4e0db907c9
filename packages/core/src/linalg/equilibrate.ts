// Rows and columns multiplied by powers of two, which loses nothing that is seen beside their largest elements.

import { eye } from '../matrix/create.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { create, exponentOf, shifted } from './workspace.ts'

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
 * The assignment of rows to columns whose exponents have the largest sum, by shortest augmenting paths (Kuhn 1955; Jonker &
 * Volgenant 1987), and its dual variables: times 2^rows[i] and 2^cols[j] no element is larger than about 1, and those assigned
 * are about 1. Or the number of the first row that is left over where every assignment has a 0.
 */
export function assigned({
  elements: data,
  rows: n,
}: Matrix): { rows: Int32Array; cols: Int32Array; rowOf: Int32Array } | number {
  const costs = Float64Array.from(data, (x) => (x === 0 ? Infinity : -trueExponent(x)))
  const [ofRows, ofCols] = [new Float64Array(n), new Float64Array(n + 1)]
  /** The row that each column has; the last column is where a path begins. */
  const rowOf = new Int32Array(n + 1).fill(-1)
  const from = new Int32Array(n)
  for (let start = 0; start < n; start++) {
    const least = new Float64Array(n).fill(Infinity)
    const isReached = new Uint8Array(n + 1)
    let col = n
    rowOf[n] = start
    while (rowOf[col] >= 0) {
      isReached[col] = 1
      const row = rowOf[col]
      let [next, step] = [-1, Infinity]
      for (let j = 0; j < n; j++) {
        if (isReached[j]) continue
        const cost = costs[row * n + j] - ofRows[row] - ofCols[j]
        if (cost < least[j]) {
          least[j] = cost
          from[j] = col
        }
        if (least[j] < step) [next, step] = [j, least[j]]
      }
      if (next < 0) return start
      for (let j = 0; j <= n; j++)
        if (isReached[j]) {
          ofRows[rowOf[j]] += step
          ofCols[j] -= step
        } else if (j < n) least[j] -= step
      col = next
    }
    for (; col !== n; col = from[col]) rowOf[col] = rowOf[from[col]]
  }
  return { rows: Int32Array.from(ofRows), cols: Int32Array.from(ofCols.subarray(0, n)), rowOf: rowOf.subarray(0, n) }
}

/** A, row i and column j multiplied by 2^rows[i] and 2^cols[j], in float64. */
export function scaledBy(a: Matrix, rows: Int32Array, cols: Int32Array): Matrix {
  const out = create('float64', a.rows, a.cols)
  for (let i = 0, k = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++, k++) out.elements[k] = shifted(a.elements[k], rows[i] + cols[j])
  return out
}

/** a·2^k in float64. */
export const shiftedBy = (a: Matrix, k: number): Matrix =>
  scaledBy(a, new Int32Array(a.rows).fill(k), new Int32Array(a.cols))

export const negated = (exponents: Int32Array): Int32Array => exponents.map((exponent) => -exponent)

/** 1 where a power of A may have an element that is not 0, else 0. */
export function reachable(a: Matrix): Matrix {
  let paths = a.notEqual(0).add(eye(a.rows, { dtype: 'float64' })) as Matrix
  for (let length = 1; length < a.rows; length *= 2) paths = paths.matmul(paths).sign()
  return paths
}

/** The step from the diagonal of a triangular matrix to the elements beside it, undefined for others. */
export function triangleOf({ elements: data, rows: n }: Matrix): number | undefined {
  const isZero = (upper: boolean): boolean =>
    data.every((x, at) => x === 0 || (upper ? at % n >= Math.floor(at / n) : at % n <= Math.floor(at / n)))
  return isZero(true) ? 1 : isZero(false) ? n : undefined
}

/** Whether all elements beside the diagonal are 0. */
export const isDiagonal = ({ elements: data, cols }: Matrix): boolean =>
  data.every((x, at) => x === 0 || Math.floor(at / cols) === at % cols)
