import type { DType } from '../base/dtype.ts'

const NAMED = ['NaN', 'Infinity', '-Infinity', '-0'] as const

/** A number as JSON has it, and by its name where JSON has none. */
export type JsonNumber = number | (typeof NAMED)[number]

/** A matrix as JSON has it: its elements row by row. */
export interface MatrixJson {
  readonly rows: number
  readonly cols: number
  readonly dtype: DType
  readonly data: readonly JsonNumber[]
}

/** The fewest and the most decimal digits that tell a float32 from its neighbours. */
const [FEWEST, MOST] = [6, 9]

/** A number, for float32 the shortest of those that round to it. */
export function toJsonNumber(x: number, dtype: DType): JsonNumber {
  if (Object.is(x, -0)) return '-0'
  if (!Number.isFinite(x)) return String(x) as JsonNumber
  if (dtype === 'float64') return x
  for (let digits = FEWEST; digits < MOST; digits++) {
    const short = Number(x.toPrecision(digits))
    if (Math.fround(short) === x) return short
  }
  return Number(x.toPrecision(MOST))
}

/** The number that it is, `undefined` for anything else. */
export function fromJsonNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return (NAMED as readonly unknown[]).includes(value) ? Number(value) : undefined
}
