import { type DType, type Matrix, matrix, normal, zeros } from '@matgrad/core'
import { evaluate, operations } from '@matgrad/core/internal'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DTYPES, identical, noise } from './support.ts'

const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const SPECIAL = [nan, -nan, 0, -0, inf, -inf, 1, 1, -1, 5e-324, 1e-45, -1e-45]

/** Elements of one kind, so that lines have ties, neighbours in the last bit, or all exponents; some are special. */
function drawn(rows: number, cols: number, dtype: DType, seed: number): Matrix {
  const random = noise(seed)
  const kinds = [
    () => Math.floor(random() * 9) - 4,
    () => 1 + Math.floor(random() * 40) * 2 ** (dtype === 'float32' ? -23 : -52),
    () => (random() - 0.5) * 2 ** Math.floor(random() * 2000 - 1000),
    () => random() - 0.5,
  ]
  const kind = kinds[Math.floor(random() * kinds.length)]
  const a = zeros(rows, cols, { dtype })
  for (let i = 0; i < a.size; i++) a.data[i] = random() < 0.1 ? SPECIAL[Math.floor(random() * SPECIAL.length)] : kind()
  return a
}

/** NaN last; what is equal keeps its place. */
const ascending = (x: number, y: number): number =>
  Number.isNaN(x) || Number.isNaN(y) ? Number(Number.isNaN(x)) - Number(Number.isNaN(y)) : Number(x > y) - Number(x < y)

const AXES = [undefined, 0, 1] as const

function positionsOf({ rows, cols }: Matrix, axis: 0 | 1 | undefined): number[][] {
  const [lines, lineStep, count, step] =
    axis === undefined ? [1, 0, rows * cols, 1] : axis === 0 ? [cols, 1, rows, cols] : [rows, cols, cols, 1]
  return Array.from({ length: lines }, (_, l) => Array.from({ length: count }, (_, i) => l * lineStep + i * step))
}

/** Compares sort, argsort and the k-th values with JavaScript's own stable sort. */
function check(a: Matrix): void {
  // A property of an import is looked up anew each time here.
  const { data } = a
  for (const axis of AXES) {
    const [sorted, places] = [a.sort(axis).data, a.argsort(axis).data]
    const lines = positionsOf(a, axis)
    const orders = lines.map((line) => line.map((_, i) => i).sort((i, j) => ascending(data[line[i]], data[line[j]])))
    for (const [l, line] of lines.entries())
      for (const [i, position] of line.entries()) {
        if (places[position] !== orders[l][i] || !Object.is(sorted[position], data[line[orders[l][i]]]))
          throw new Error(`axis ${axis}, line ${l}, place ${i} of ${a}`)
      }
    const { length } = lines[0] ?? []
    for (const k of [0, 1, length >> 1, length - 1].filter((k) => k >= 0 && k < length)) {
      const kth = evaluate(operations.kthValue, [a], { k, axis }).data
      const wanted = Float64Array.from(lines, (line, l) => data[line[orders[l][k]]])
      expect([k, identical(matrix(Float64Array.from(kth)), matrix(wanted))]).toStrictEqual([k, true])
    }
  }
}

describe.each(DTYPES)('%s', (dtype) => {
  test('sort, argsort and the k-th value are those of a stable comparison, bit for bit', () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 700 }))
    fc.assert(
      fc.property(length, fc.integer({ min: 1, max: 7 }), fc.integer(), fc.boolean(), (long, short, seed, isTall) =>
        check(drawn(...(isTall ? ([long, short] as const) : ([short, long] as const)), dtype, seed)),
      ),
      { numRuns: 60 },
    )
  })

  test('so they are of 70,000 elements, and of 500 columns of 150', () => {
    for (const seed of [1, 2, 3, 4]) check(drawn(1, 70_000, dtype, seed))
    check(drawn(150, 500, dtype, 5))
  })

  test('sort of 10⁶ is the engine’s own', () => {
    const a = normal(1, 1_000_000, 0, 1, { dtype })
    expect(identical(a.sort(), matrix(a.data.slice().sort()))).toBe(true)
  })
})

describe('no overflow on the way', () => {
  const float32 = (rows: number[][]): Matrix => matrix(rows)
  const float64 = (rows: number[][]): Matrix => matrix(rows, { dtype: 'float64' })

  test.each([
    ['mean', float32([[3e38, 3e38]]).mean(), Math.fround(3e38)],
    ['mean of a column', float64([[2 ** 1023], [2 ** 1023], [2 ** 1023]]).mean(0), 2 ** 1023],
    ['mean with an infinity', float64([[1e308, 1e308, inf]]).mean(), inf],
    ['mean of infinities of both signs', float64([[inf, -inf]]).mean(), nan],
    ['prod', float64([[2 ** 700, 2 ** -700, 2 ** 700, 2 ** -699]]).prod(), 2],
    ['prod of a column', float32([[2 ** -100], [2 ** -100], [2 ** 100], [2 ** 103], [3]]).prod(0), 24],
    ['prod beyond the largest number', float64([[-1e200, 1e200, 1e200, 1e-30]]).prod(), -inf],
    ['prod below the least number', float32([[1e-30, 1e-30, 1e-30, 1e30]]).prod(), 0],
    ['prod of 0 and what overflows', float64([[1e200, 0, 1e200, 1e200]]).prod(), 0],
    ['prod of an infinity and what vanishes', float64([[1e-200, -inf, 1e-200, 1e-200]]).prod(), -inf],
    ['prod of 0 and an infinity', float64([[0, 1, inf]]).prod(), nan],
    ['prod of NaN and 0', float64([[nan, 0, 1e300, 1e300]]).prod(), nan],
    ['median', float32([[3e38, 3e38]]).median(), Math.fround(3e38)],
    ['median of the least numbers', float64([[5e-324, 5e-324]]).median(), 5e-324],
    ['median of infinities', float64([[inf, inf, -inf, inf]]).median(), inf],
    ['quantile', float64([[2 ** 1023, -(2 ** 1023)]]).quantile(0.75), 2 ** 1022],
    ['quantile beside an infinity', float64([[1, 2, inf]]).quantile(0.75), inf],
    ['std', float64([[1e200, -1e200]]).std(), 1e200],
    ['std of what is nearly the largest number', float64([[1.5e308, -1.5e308]]).std(), 1.5e308],
    ['std of small numbers', float64([[1e-200, -1e-200]]).std(), 1e-200],
    ['std of the least numbers', float64([[2e-310, -2e-310]]).std(), 2e-310],
    ['variance', float64([[1e150, -1e150]]).variance(), 1e150 ** 2],
    ['variance beyond the largest number', float64([[1e200, -1e200]]).variance(), inf],
    ['float32 variance of what has a large mean', float32([[2 ** 23, 2 ** 23 + 1]]).variance(), 0.25],
  ])('%s', (_, result, wanted) => expect(result.item()).toBe(wanted))

  test('a row has the correlation 1 with itself, exactly, whatever its size', () => {
    for (const dtype of DTYPES)
      for (const scale of [1, 1e-30, 1e30]) {
        const a = normal(300, 7, 0, scale, { dtype })
        expect(new Set(a.corrcoef().diagonal().data)).toEqual(new Set([1]))
      }
  })

  test('covariances of rows whose sizes are 10³⁰⁰ apart', () => {
    const a = float64([
      [2 ** 600, -(2 ** 600)],
      [2 ** -600, 2 ** -599],
    ])
    expect(a.cov().toArray()).toStrictEqual([
      [2 ** 1201 === inf ? inf : 0, -1],
      [-1, 0],
    ])
    for (const [i, each] of [...a.corrcoef().data].entries()) expect(each).toBeCloseTo(i % 3 === 0 ? 1 : -1, 14)
  })
})

test('running sums of 5·10⁶ equal terms are within an ulp, in order and scattered', () => {
  const term = Math.fround(0.0005)
  const a = matrix(new Float32Array(5_000_000).fill(term), 1, 5_000_000)
  const exact = Math.fround(term * 5_000_000)
  expect(a.cumsum(1).get(0, 4_999_999)).toBe(exact)
  expect(a.cumsum().get(0, 4_999_999)).toBe(exact)
  expect(a.T.cumsum(0).get(4_999_999, 0)).toBe(exact)
  expect(a.T.scatterAddRows(zeros(5_000_000, 1), 1).item()).toBe(exact)
})

test('float64 running sums keep what additions lose, and infinities', () => {
  const a = matrix([[1, 1e100, 1, -1e100, inf, 1]], { dtype: 'float64' })
  expect([...a.cumsum(1).data]).toStrictEqual([1, 1e100, 1e100, 2, inf, inf])
  const scattered = a.T.scatterAddRows(matrix([[0], [0], [0], [0], [1], [1]]), 3)
  expect([...scattered.data]).toStrictEqual([2, inf, 0])
})
