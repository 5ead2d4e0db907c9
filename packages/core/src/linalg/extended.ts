// Elimination in numbers that have exponents of their own: nothing overflows, and nothing vanishes.

import { Matrix } from '../matrix/matrix.ts'
import { assigned, reachable, trueExponent } from './equilibrate.ts'
import { exponentOf, inOrder, shifted } from './workspace.ts'

/** values[i]·2^exponents[i] for 1 ≤ |values[i]| < 2, or 0 with the exponent of nothing. */
export interface Extended {
  readonly values: Float64Array
  readonly exponents: Int32Array
}

/** The exponent of 0, far below all that others can have. */
const NOTHING = -(2 ** 30)
/** Numbers that are more binary orders below another are not seen beside it. */
const SEEN = 64
/** Elements may grow by so many binary orders before they are pivots instead of those assigned. */
const GROWTH = 6
/** 2^−3·SEEN … 2^3·SEEN. */
const POWERS = Float64Array.from({ length: 6 * SEEN + 1 }, (_, i) => 2 ** (i - 3 * SEEN))

function write({ values, exponents }: Extended, at: number, x: number, exponent: number): void {
  const own = exponentOf(x)
  values[at] = x === 0 ? 0 : x * POWERS[3 * SEEN - own]
  exponents[at] = x === 0 ? NOTHING : own + exponent
}

/** Takes element `by` times the columns `at` of row `from` from those of row `to`, and gives the largest exponent there. */
function takeRow(a: Extended, by: number, from: number, to: number, at: Int32Array): number {
  const { values, exponents } = a
  const [value, exponent] = [values[by], exponents[by]]
  let most = NOTHING
  for (let j = 0; j < at.length; j++) {
    const [source, target] = [from + at[j], to + at[j]]
    if (values[source] === 0) continue
    const above = exponent + exponents[source] - exponents[target]
    if (above > SEEN) write(a, target, -value * values[source], exponent + exponents[source])
    else if (above >= -SEEN)
      write(a, target, values[target] - value * values[source] * POWERS[3 * SEEN + above], exponents[target])
    most = Math.max(most, exponents[target])
  }
  return most
}

/** Whether an odd number of exchanges leads to a permutation. */
function isOdd(permutation: Int32Array): boolean {
  let odd = false
  for (let i = 0; i < permutation.length; i++)
    for (let j = 0; j < i; j++) if (permutation[j] > permutation[i]) odd = !odd
  return odd
}

/**
 * An order of the columns, and of the rows assigned to them, for which A is block upper triangular with irreducible blocks, and
 * where the block of each column ends. Columns of a block reach one another, and more columns than those of the blocks behind.
 */
function blocksOf(a: Matrix, rowOf: Int32Array): { order: Int32Array; ends: Int32Array } {
  const n = a.rows
  const paths = reachable(
    new Matrix(
      Float64Array.from(a.elements, (_, at) => a.elements[rowOf[Math.floor(at / n)] * n + (at % n)]),
      n,
      n,
    ),
  ).elements
  const [count, first, ends] = [new Int32Array(n), new Int32Array(n).fill(n), new Int32Array(n).fill(n)]
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      count[i] += paths[i * n + j]
      if (paths[i * n + j] > 0 && paths[j * n + i] > 0) first[i] = Math.min(first[i], j)
    }
  const order = Int32Array.from(first.keys()).sort((i, j) => count[j] - count[i] || first[i] - first[j] || i - j)
  for (let k = n - 2; k >= 0; k--) ends[k] = first[order[k]] === first[order[k + 1]] ? ends[k + 1] : k + 1
  return { order, ends }
}

/**
 * det A = det·2^exponent, and X with A·X = B or the number of a pivot that is 0. Rows and columns are scaled so that no element
 * is larger than about 1 and those of the assignment with the largest product are about 1 (Olschowka & Neumaier 1996; MC64 of
 * Duff & Koster 2001). Those are the pivots, the largest first, unless others have grown far beyond them, of which the largest is
 * one then. Where exponents differ products hardly ever cancel, and each element of X is about as accurate as those of A.
 * Pivots are looked for in one irreducible block after the other: X is 0 where the zeros of A make it so.
 */
export function eliminate(a: Matrix, b: Matrix): { det: number; exponent: number; x: Extended | number } {
  const [n, width, size] = [a.rows, b.cols, a.rows + b.cols]
  const found = assigned(a)
  if (typeof found === 'number') return { det: 0, exponent: 0, x: found }
  const { rows, cols, rowOf } = found
  /** [A, B], scaled. */
  const all = { values: new Float64Array(n * size), exponents: new Int32Array(n * size) }
  const { values, exponents } = all
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < size; j++, at++) {
      const element = j < n ? a.elements[i * n + j] : b.elements[i * width + j - n]
      const own = trueExponent(element)
      write(all, at, shifted(element, -own), own + rows[i] + (j < n ? cols[j] : 0))
    }
  const { order, ends } = blocksOf(a, rowOf)
  const rowAt = order.map((col) => rowOf[col])
  const colAt = inOrder(size)
  colAt.set(order)
  const isLess = (at: number, other: number): boolean =>
    exponents[at] < exponents[other] ||
    (exponents[at] === exponents[other] && Math.abs(values[at]) < Math.abs(values[other]))
  let [det, exponent, highest] = [1, 0, 0]
  for (let k = 0; k < n; k++) {
    let [pivot, row, col] = [rowAt[k] * size + colAt[k], k, k]
    for (let i = k + 1; i < ends[k]; i++) {
      const at = rowAt[i] * size + colAt[i]
      if (isLess(pivot, at)) [pivot, row, col] = [at, i, i]
    }
    if (exponents[pivot] < highest - GROWTH) {
      let [most, r, c] = [pivot, row, col]
      for (let i = k; i < ends[k]; i++)
        for (let j = k; j < ends[k]; j++) {
          const at = rowAt[i] * size + colAt[j]
          if (isLess(most, at)) [most, r, c] = [at, i, j]
        }
      highest = exponents[most]
      if (exponents[pivot] < highest - GROWTH) [pivot, row, col] = [most, r, c]
    }
    if (values[pivot] === 0) return { det: 0, exponent: 0, x: k }
    ;[rowAt[k], rowAt[row]] = [rowAt[row], rowAt[k]]
    ;[colAt[k], colAt[col]] = [colAt[col], colAt[k]]
    det *= values[pivot]
    exponent += exponents[pivot] + exponentOf(det) - rows[rowAt[k]] - cols[colAt[k]]
    det *= 2 ** -exponentOf(det)
    if (k + 1 === ends[k]) highest = 0
    const [own, others] = [colAt.subarray(k + 1, ends[k]), colAt.subarray(ends[k])]
    for (let i = k + 1; i < ends[k]; i++) {
      const [from, to] = [rowAt[k] * size, rowAt[i] * size]
      const at = to + colAt[k]
      if (values[at] === 0) continue
      write(all, at, values[at] / values[pivot], exponents[at] - exponents[pivot])
      highest = Math.max(highest, takeRow(all, at, from, to, own))
      takeRow(all, at, from, to, others)
    }
  }
  const x = { values: new Float64Array(n * width), exponents: new Int32Array(n * width) }
  const ofB = colAt.subarray(n)
  for (let k = n - 1; k >= 0; k--) {
    const [from, pivot] = [rowAt[k] * size, rowAt[k] * size + colAt[k]]
    for (let j = 0, at = from + n; j < width; j++, at++) {
      if (values[at] !== 0) write(all, at, values[at] / values[pivot], exponents[at] - exponents[pivot])
      x.values[colAt[k] * width + j] = values[at]
      x.exponents[colAt[k] * width + j] = exponents[at] + cols[colAt[k]]
    }
    for (let i = 0; i < k; i++) {
      const at = rowAt[i] * size + colAt[k]
      if (values[at] !== 0) takeRow(all, at, from, rowAt[i] * size, ofB)
    }
  }
  return { det: isOdd(rowAt) === isOdd(colAt) ? det : -det, exponent, x }
}
