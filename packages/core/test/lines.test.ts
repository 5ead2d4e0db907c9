// Reductions of lines around the lengths at which the kernels split them, along rows, down columns and over everything.

import { eye, Generator, type Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { DTYPES, exactSum, UNIT } from './support.ts'

const LENGTHS = [1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 300, 383, 384, 385, 1000]

const product = (values: readonly number[]): number => values.reduce((x, y) => x * y, 1)

describe.each(DTYPES)('%s', (dtype) => {
  const generator = new Generator(11)

  /** Every line of `a` along `axis`. */
  const linesOf = (a: Matrix, axis: 0 | 1): number[][] => (axis === 1 ? a.toArray() : a.T.toArray())

  describe.each(LENGTHS)('lines of %d', (length) => {
    for (const axis of [0, 1] as const)
      for (const others of [1, 2, 3, 4, 5, 9]) {
        const a = generator.normal(axis === 0 ? length : others, axis === 0 ? others : length, 0, 1, { dtype })
        const lines = linesOf(a, axis)

        test(`sum and mean along axis ${axis} of ${others} within (log₂ n + 8) u Σ|x|`, () => {
          const [sum, mean] = [a.sum(axis).data, a.mean(axis).data]
          for (const [i, line] of lines.entries()) {
            const bound = (Math.log2(length) + 8) * UNIT[dtype] * exactSum(line.map(Math.abs))
            expect(Math.abs(sum[i] - exactSum(line))).toBeLessThanOrEqual(bound)
            expect(Math.abs(mean[i] - exactSum(line) / length)).toBeLessThanOrEqual(bound / length)
          }
        })

        test(`max, min, argmax and argmin along axis ${axis} of ${others} are exact`, () => {
          const results = [a.max(axis), a.min(axis), a.argmax(axis), a.argmin(axis)].map(({ data }) => Array.from(data))
          const [largest, smallest] = [lines.map((line) => Math.max(...line)), lines.map((line) => Math.min(...line))]
          const places = (values: number[]): number[] => lines.map((line, i) => line.indexOf(values[i]))
          expect(results).toEqual([largest, smallest, places(largest), places(smallest)])
        })

        test(`prod along axis ${axis} of ${others} within n u`, () => {
          const near = a.mul(0.01).add(1)
          const products = near.prod(axis).data
          for (const [i, line] of linesOf(near, axis).entries()) {
            const wanted = product(line)
            expect(Math.abs(products[i] / wanted - 1)).toBeLessThanOrEqual((length + 1) * UNIT[dtype])
          }
        })

        test(`along axis ${axis} of ${others} softmax is within 6 u, its logarithms within (4 + 2 (max|x| + log n)) u`, () => {
          const scaled = a.mul(9)
          const [softmax, logSoftmax] = [scaled.softmax(axis), scaled.logSoftmax(axis)].map((each) =>
            linesOf(each, axis),
          )
          const sums = scaled.logSumExp(axis).data
          for (const [i, line] of linesOf(scaled, axis).entries()) {
            const largest = Math.max(...line)
            const total = exactSum(line.map((x) => Math.exp(x - largest)))
            const spread = 2 * (Math.max(...line.map(Math.abs)) + Math.log(length))
            expect(Math.abs(sums[i] - largest - Math.log(total))).toBeLessThanOrEqual((4 + spread) * UNIT[dtype])
            // By how much of its bound the worst is off: an expectation for each of a million elements takes longest.
            let [worst, logWorst] = [0, 0]
            for (const [j, x] of line.entries()) {
              const [wanted, logWanted] = [Math.exp(x - largest) / total, x - largest - Math.log(total)]
              // What the reference itself may be off by: the exponential multiplies the rounding of the difference.
              const reference = (length + 2 * Math.abs(x - largest)) * UNIT.float64
              worst = Math.max(worst, Math.abs(softmax[i][j] / wanted - 1) / (6 * UNIT[dtype] + reference))
              const bound = (4 + spread + 2 * Math.abs(logWanted)) * UNIT[dtype]
              logWorst = Math.max(logWorst, Math.abs(logSoftmax[i][j] - logWanted) / bound)
            }
            expect(worst).toBeLessThanOrEqual(1)
            expect(logWorst).toBeLessThanOrEqual(1)
          }
        })

        test(`a NaN anywhere in a line of axis ${axis} of ${others} is its max and min`, () => {
          const spoiled = a.clone()
          const [line, place] = [others - 1, length - 1]
          spoiled.set(axis === 0 ? place : line, axis === 0 ? line : place, Number.NaN)
          for (const result of [spoiled.max(axis), spoiled.min(axis), spoiled.sum(axis)])
            expect(Array.from(result.data, Number.isNaN)).toEqual(lines.map((_, i) => i === line))
        })
      }
  })

  test('softmax, its logarithms and cumsum of a column have the same bits whatever the others are', () => {
    const a = generator.normal(40, 9, 0, 9, { dtype })
    for (let i = 0; i < a.rows; i++)
      for (const [j, x] of [1e4, Number.NaN, -1e30, Number.NEGATIVE_INFINITY].entries())
        if (i % 3) a.set(i, 2 * j + 1, x)
    for (const operation of ['softmax', 'logSoftmax', 'logSumExp', 'cumsum'] as const)
      for (let cols = 2; cols < a.cols; cols++) {
        const [some, all] = [a.slice(0, a.rows, 0, cols)[operation](0), a[operation](0)]
        expect(some.toArray()).toEqual(all.slice(0, all.rows, 0, cols).toArray())
      }
  })

  test('softmax, its logarithms and cumsum of a row have the same bits whatever the others are', () => {
    for (const cols of [1, 2, 3, 5, 10, 12, 13, 40]) {
      const a = generator.normal(9, cols, 0, 9, { dtype })
      for (let j = 0; j < cols; j++)
        for (const [i, x] of [1e4, Number.NaN, -1e30, Number.NEGATIVE_INFINITY].entries())
          if (j % 3) a.set(2 * i + 1, j, x)
      for (const operation of ['softmax', 'logSoftmax', 'logSumExp', 'cumsum'] as const)
        for (let rows = 1; rows < a.rows; rows++)
          expect(a.slice(0, rows)[operation](1).toArray()).toEqual(a[operation](1).slice(0, rows).toArray())
    }
  })

  describe('10⁷ terms', () => {
    const terms = generator.uniform(1, 10_000_000, 0, 1, { dtype: 'float32' }).astype(dtype)
    const [even, odd] = [0, 1].map((j) => exactSum(terms.data, j, 2))
    const exact = even + odd

    test.each([
      ['of all', terms, undefined],
      ['along the row', terms, 1],
      ['down the column', terms.reshape(10_000_000, 1), 0],
    ] as const)('sum and mean %s are within 10 eps of the exact ones', (_, a, axis) => {
      const bound = 10 * 2 * UNIT[dtype] * exact
      expect(Math.abs(a.sum(axis).item() - exact)).toBeLessThanOrEqual(bound)
      expect(Math.abs(a.mean(axis).item() * 1e7 - exact)).toBeLessThanOrEqual(bound)
    })

    test('sums and means down two columns are within 10 eps of the exact ones', () => {
      const a = terms.reshape(5_000_000, 2)
      const [sums, means] = [a.sum(0).data, a.mean(0).data]
      for (const [j, sum] of sums.entries()) {
        const wanted = [even, odd][j]
        const bound = 10 * 2 * UNIT[dtype] * wanted
        expect(Math.abs(sum - wanted)).toBeLessThanOrEqual(bound)
        expect(Math.abs(means[j] * 5e6 - wanted)).toBeLessThanOrEqual(bound)
      }
    })
  })
})

test.each([
  ['float64', [1e4, 1e16, 1e30, 1e100, 1e300, 2 ** 1022]],
  ['float32', [1e4, 1e16, 1e30, 2 ** 126]],
] as const)('%s: softmax of logits far apart is exactly 0 and 1, along rows and down columns', (dtype, sizes) => {
  for (const far of sizes)
    for (const near of sizes) {
      const rows = [
        [far, -near, 0],
        [-far, 0, -near],
        [0, -far, -1.5 * near],
      ]
      const [a, wanted] = [matrix(rows, { dtype }), eye(3, { dtype }).gatherRows([0, 1, 0])]
      expect(a.softmax(1).toArray()).toEqual(wanted.toArray())
      expect(a.T.softmax(0).toArray()).toEqual(wanted.T.toArray())
      expect(a.logSoftmax(1).toArray()).toEqual(a.sub(a.max(1)).toArray())
      expect(a.T.logSoftmax(0).toArray()).toEqual(a.sub(a.max(1)).T.toArray())
      expect(a.logSumExp(1).toArray()).toEqual(a.max(1).toArray())
      expect(a.T.logSumExp(0).toArray()).toEqual(a.max(1).T.toArray())
    }
})
