// What pictures are drawn of: numbers, some of which may be none.

import { DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import { describe, isPlain, type KindMaker, kind, numbers } from '@matgrad/core/internal'
import { PALETTE } from './colors.ts'
import { formatNumber } from './text.ts'

export type Range = readonly [low: number, high: number]

/** Options that are labels. @internal */
export const labels: KindMaker<readonly string[]> = kind(
  'an array of strings',
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
)

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
  const others = new Map([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((each) => [each, 0]))
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    const count = Number.isFinite(value) ? undefined : others.get(value)
    if (count !== undefined) others.set(value, count + 1)
    else {
      finite++
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  const list = [...others].filter(([, count]) => count > 0)
  return {
    range: finite > 0 ? [low, high] : [0, 0],
    finite,
    others: list.map(([value, count]) => `${count} ${formatNumber(value)}`).join(', '),
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

/** A range with some room in it, so that one number is in its middle. */
export const widened = ([low, high]: Range): Range =>
  low === high ? [low - (Math.abs(low) / 2 || 1), high + (Math.abs(high) / 2 || 1)] : [low, high]

/** A matrix, or where it has too many rows or columns one of the means of its square blocks. */
export interface Shrunk {
  readonly rows: number
  readonly cols: number
  /** A mean of numbers of which one is NaN is NaN. */
  readonly data: ArrayLike<number>
  /** What was done: 'each the mean of up to 4x4 elements'; empty if nothing was. */
  readonly note: string
}

export function shrunk({ rows, cols, data }: Omit<Shrunk, 'note'>, mostRows: number, mostCols: number): Shrunk {
  const side = Math.max(1, Math.ceil(rows / mostRows), Math.ceil(cols / mostCols))
  if (side === 1) return { rows, cols, data, note: '' }
  const [height, width] = [Math.ceil(rows / side), Math.ceil(cols / side)]
  const means = new Float64Array(height * width)
  for (let i = 0; i < rows; i++) {
    const row = Math.floor(i / side)
    const blockRows = Math.min(side, rows - row * side)
    for (let j = 0; j < cols; j++) {
      const column = Math.floor(j / side)
      means[row * width + column] += data[i * cols + j] / (blockRows * Math.min(side, cols - column * side))
    }
  }
  const block = `${Math.min(side, rows)}x${Math.min(side, cols)}`
  return { rows: height, cols: width, data: means, note: `each the mean of up to ${block} elements` }
}

/** Texts that say something, one after the other. */
export const joined = (parts: readonly string[], separator = ', '): string => parts.filter(Boolean).join(separator)
