// What pictures are drawn of: numbers, some of which may be none.

import { DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import { describe, isPlain, type KindMaker, numbers } from '@matgrad/core/internal'
import { PALETTE } from './colors.ts'

export type Range = readonly [low: number, high: number]

/** Options that are two numbers, of which the first is the smaller one. @internal */
export const range: KindMaker<Range> = numbers(2) as unknown as KindMaker<Range>

/** @throws DTypeError for other than numbers; MatgradError unless they are finite and ascend. */
export function checkRange(operation: string, what: string, given: Range | undefined): void {
  if (given === undefined) return
  const [low, high] = given
  for (const each of given)
    if (typeof each !== 'number') throw new DTypeError(`${operation}: ${what} has ${describe(each)}, wanted numbers`)
  if (!(low < high && Number.isFinite(high - low)))
    throw new MatgradError(
      `${operation}: ${what} is [${low}, ${high}], wanted two finite numbers, the smaller one first`,
    )
}

/** @throws ShapeError unless there are as many labels as things. */
export function checkCount(operation: string, what: string, list: readonly unknown[] | undefined, count: number): void {
  if (list && list.length !== count)
    throw new ShapeError(`${operation}: ${what} has ${list.length} elements, wanted ${count}`)
}

/** Things by name. @throws DTypeError for other than an object; MatgradError for nothing, and more than colours tell apart. */
export function checkGroups(operation: string, what: string, given: unknown): [name: string, value: unknown][] {
  if (!isPlain(given))
    throw new DTypeError(`${operation}: ${what} are ${describe(given)}, wanted an object with a name for each`)
  const entries = Object.entries(given)
  if (entries.length === 0 || entries.length > PALETTE.length)
    throw new MatgradError(`${operation}: got ${entries.length} ${what}, wanted 1 to ${PALETTE.length}`)
  return entries
}

/** @throws DTypeError unless a value is a list of numbers. */
export function numbersOf(operation: string, what: string, values: unknown): ArrayLike<number> {
  if (values instanceof Matrix) return values.data
  const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView))
  if (!isList) throw new DTypeError(`${operation}: ${what} is ${describe(values)}, wanted numbers or a Matrix`)
  const list = values as unknown as ArrayLike<unknown>
  for (let i = 0; i < list.length; i++)
    if (typeof list[i] !== 'number')
      throw new DTypeError(`${operation}: element ${i} of ${what} is ${describe(list[i])}, wanted a number`)
  return list as ArrayLike<number>
}

/** The power of ten that a number begins with, in four digits. */
export const exponentOf = (value: number): number => Number(value.toExponential(3).split('e')[1])

/** A number in so many digits, and a whole one in all of its own, the same everywhere. */
export function formatDigits(value: number, digits: number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', '∞')
  if (Number.isSafeInteger(value)) return String(value)
  const power = exponentOf(value)
  return power >= -4 && power < 6
    ? String(Number(value.toPrecision(digits)))
    : value.toExponential(digits - 1).replace(/\.?0*e\+?/, 'e')
}

/** A number where it stands alone. */
export const formatNumber = (value: number): string => formatDigits(value, 4)

/** How numbers in a range are written that are `step` apart: alike, and with the digits that tell them from each other. */
export function formatOf([low, high]: Range, step: number): (value: number) => string {
  if (!(step > 0 && Number.isFinite(step))) return formatNumber
  const size = Math.max(-low, high)
  const last = exponentOf(step)
  const isPlain = size < (step > 1 ? 1e6 : 1e16) && (step >= 1e-5 || size >= 1)
  return (value) => {
    if (Math.abs(value) < Number(`5e${last - 1}`)) return isPlain ? (0).toFixed(Math.max(0, -last)) : '0'
    return isPlain
      ? value.toFixed(Math.max(0, -last))
      : value.toExponential(Math.min(16, Math.max(0, exponentOf(value) - last))).replace('e+', 'e')
  }
}

/** What there is among numbers. */
export interface Census {
  /** The smallest and the largest finite number; both 0 where there is none. */
  readonly range: Range
  readonly finite: number
  /** 2 NaN, 1 ∞; empty where all are finite. */
  readonly others: string
}

export function censusOf(values: ArrayLike<number>): Census {
  let [low, high, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  const others = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => ({ value, count: 0 }))
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (Number.isFinite(value)) {
      finite++
      if (value < low) low = value
      if (value > high) high = value
    } else others[Number.isNaN(value) ? 0 : value > 0 ? 1 : 2].count++
  }
  return {
    range: finite > 0 ? [low, high] : [0, 0],
    finite,
    others: others.flatMap(({ value, count }) => (count > 0 ? [`${count} ${formatNumber(value)}`] : [])).join(', '),
  }
}

/** Where a value is between two others, from 0 to 1, and in the middle where these are the same. */
export function partOf(value: number, [low, high]: Range): number {
  if (low === high) return 0.5
  const size = high - low
  // In halves where the difference overflows.
  const part = Number.isFinite(size) ? (value - low) / size : (value / 2 - low / 2) / (high / 2 - low / 2)
  return Math.min(1, Math.max(0, part))
}

/** What is at a part of the way from one number to another. */
export const between = ([low, high]: Range, part: number): number => low * (1 - part) + high * part

/** A range with room on both sides. */
export const roomy = ([low, high]: Range, room: number): Range => [
  Math.max(-Number.MAX_VALUE, low - room),
  Math.min(Number.MAX_VALUE, high + room),
]

/** A range that is more than one number, which is in its middle otherwise, a half from the ends as in NumPy. */
export const widened = (range: Range): Range =>
  range[0] === range[1] ? roomy(range, Math.max(0.5, Math.abs(range[0]) / 2 ** 20)) : range

/** The rows of a matrix, or where it has more than `most` rows or columns of the means of its square blocks. */
export interface Shrunk {
  readonly rows: number
  readonly cols: number
  /** A mean of numbers of which one is NaN is NaN. */
  readonly grid: readonly (readonly number[])[]
  /** What was done: 'each the mean of up to 4x4 elements'; empty if nothing was. */
  readonly note: string
}

export function shrunk(rows: number, cols: number, data: ArrayLike<number>, most: number): Shrunk {
  const side = Math.max(1, Math.ceil(Math.max(rows, cols) / most))
  const [height, width] = [Math.ceil(rows / side), Math.ceil(cols / side)]
  const grid = Array.from({ length: height }, () => Array<number>(width).fill(0))
  for (let i = 0; i < rows; i++) {
    const row = Math.floor(i / side)
    const blockRows = Math.min(side, rows - row * side)
    for (let j = 0; j < cols; j++) {
      const column = Math.floor(j / side)
      grid[row][column] += data[i * cols + j] / (blockRows * Math.min(side, cols - column * side))
    }
  }
  const note = side > 1 ? `each the mean of up to ${Math.min(side, rows)}x${Math.min(side, cols)} elements` : ''
  return { rows: height, cols: width, grid, note }
}
