// Choosing by probabilities: sums, quotients and comparisons alone, so that the same numbers choose the same everywhere.

import type { TypedArray } from '../base/dtype.ts'
import { DTypeError, MatgradError, ShapeError } from '../base/errors.ts'
import { checkNumber, describe } from '../base/shape.ts'
import { vectorLength } from '../ops/operation.ts'
import { elementsOf, Matrix } from './matrix.ts'

/** A number for each thing that may be chosen. */
export type Probabilities = Matrix | TypedArray | readonly number[]

/** How far from 1 a sum of probabilities of this type may be: the root of the distance from 1 to the next number, as in NumPy. */
const toleranceOf = (p: ArrayLike<number>): number => (p instanceof Float32Array ? 2 ** -11.5 : 2 ** -26)

/**
 * The probabilities as float64.
 *
 * @throws DTypeError, ShapeError or MatgradError unless they are numbers from 0, `count` of them if that is given, whose sum is 1
 * within 2⁻²⁶, or 2⁻¹¹·⁵ for float32.
 */
export function probabilitiesOf(operation: string, p: unknown, count?: number): Float64Array {
  if (p instanceof Matrix) vectorLength(operation, p)
  const list = p instanceof Matrix ? elementsOf(operation, p) : p
  if (!Array.isArray(list) && !(list instanceof Float32Array || list instanceof Float64Array))
    throw new DTypeError(`${operation}: p is ${describe(p)}, wanted probabilities in an array, a row or a column`)
  if (count !== undefined && list.length !== count)
    throw new ShapeError(`${operation}: p has ${list.length} elements, wanted ${count}`)
  let sum = 0
  for (let i = 0; i < list.length; i++) {
    checkNumber(operation, `p ${i}`, list[i])
    if (!(list[i] >= 0 && list[i] < Infinity))
      throw new MatgradError(`${operation}: p ${i} is ${list[i]}, wanted 0 to 1`)
    sum += list[i]
  }
  if (!(Math.abs(sum - 1) <= toleranceOf(list)))
    throw new MatgradError(`${operation}: the sum of p is ${sum}, wanted 1`)
  return Float64Array.from(list)
}

/**
 * The rows of a matrix, weights that may have any sum, as float64.
 *
 * @throws MatgradError for a weight that is negative or not finite, and for a row without one that is more than 0.
 */
export function weightsOf(operation: string, a: Matrix): Float64Array[] {
  const elements = elementsOf(operation, a)
  return Array.from({ length: a.rows }, (_, i) => {
    const row = Float64Array.from(elements.subarray(i * a.cols, (i + 1) * a.cols))
    const wrong = row.findIndex((x) => !(x >= 0 && x < Infinity))
    if (wrong >= 0)
      throw new MatgradError(`${operation}: weight ${i}, ${wrong} is ${row[wrong]}, wanted 0 or more, and finite`)
    if (!row.some((x) => x > 0))
      throw new MatgradError(`${operation}: row ${i} has no weight that is more than 0, wanted one`)
    return row
  })
}

/** How many of some probabilities are not 0. */
export const countOf = (p: Float64Array): number => p.reduce((count, x) => count + Number(x > 0), 0)

/** Running sums over their last, so that it is 1. */
export function cumulative(p: Float64Array): Float64Array {
  let sum = 0
  const sums = p.map((x) => {
    sum += x
    return sum
  })
  // Of the largest numbers the sum is infinite; there are less than 2⁵³.
  return sum < Infinity ? sums.map((x) => x / sum) : cumulative(p.map((x) => x * 2 ** -53))
}

/** The first place whose running sum is more than x, for 0 ≤ x < 1: one with the probability 0 never is. */
export function placeOf(sums: Float64Array, x: number): number {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sums[middle] > x) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * `size` different places. As many numbers as are missing choose at once, those that were chosen before have the probability 0,
 * and of equal ones the first counts (NumPy's Generator.choice).
 */
export function differentPlaces(p: Float64Array, size: number, draw: (count: number) => TypedArray): Float64Array {
  const found = new Set<number>()
  const left = p.slice()
  while (found.size < size) {
    const sums = cumulative(left)
    for (const x of draw(size - found.size)) found.add(placeOf(sums, x))
    for (const place of found) left[place] = 0
  }
  return Float64Array.from(found)
}
