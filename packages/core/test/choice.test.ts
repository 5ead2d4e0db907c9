// What is chosen by probabilities, against a plain loop over the same uniform numbers, and how often.

import { configure, Generator, type Matrix, manualSeed, matrix, multinomial, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { chiSquare, failures } from './statistics.ts'
import { identical } from './support.ts'

const float64 = { dtype: 'float64' } as const
const P = [0.5, 0, 0.3, 0.2, 0]

const uniform = (g: Generator, count: number): number[] => g.uniform(1, count, 0, 1, float64).toArray()[0]

/** The first of `p` whose running sum over the whole one is more than x. */
function chosen(p: readonly number[], x: number): number {
  const sums: number[] = []
  for (const each of p) sums.push((sums.at(-1) ?? 0) + each)
  return sums.findIndex((sum) => sum / sums[p.length - 1] > x)
}

const columnOf = (list: readonly number[]): Matrix => matrix(Float64Array.from(list), list.length, 1)

test('next is a uniform number of float64', () => {
  const [g, other] = [new Generator(1), new Generator(1)]
  for (let i = 0; i < 5; i++) expect(g.next()).toBe(other.uniform(1, 1, 0, 1, float64).item())
  expect(g.state).toEqual(other.state)
})

describe('choice', () => {
  test('without probabilities: integers, or the first of a permutation', () => {
    expect(identical(new Generator(2).choice(10, 7), new Generator(2).integers(7, 1, 0, 10, float64))).toBe(true)
    const different = new Generator(2).choice(10, 7, { replace: false })
    expect(identical(different, new Generator(2).permutation(10).slice(0, 7))).toBe(true)
    expect(new Generator(2).choice(5).shape).toEqual([1, 1])
    expect(new Generator(2).choice(0, 0).shape).toEqual([0, 1])
    expect(new Generator(2).choice(4, 4, { replace: false }).toArray().flat().sort()).toEqual([0, 1, 2, 3])
  })

  test.each([1, 5, 40_000])('%d with probabilities: the plain loop, bit for bit', (count) => {
    const wanted = uniform(new Generator(3), count).map((x) => chosen(P, x))
    expect(identical(new Generator(3).choice(5, count, { p: P }), columnOf(wanted))).toBe(true)
    for (const p of [Float64Array.from(P), matrix([P], float64), matrix([P], float64).T])
      expect(identical(new Generator(3).choice(5, count, { p }), columnOf(wanted))).toBe(true)
  })

  test('of a thousand things: the plain loop, with and without replacement', () => {
    const weights = uniform(new Generator(4), 1000).map((x, i) => (i % 10 === 0 ? 0 : x))
    const sum = weights.reduce((total, x) => total + x, 0)
    const p = weights.map((x) => x / sum)
    const numbers = uniform(new Generator(5), 2000)
    const wanted = numbers.map((x) => chosen(p, x))
    expect(identical(new Generator(5).choice(1000, 2000, { p }), columnOf(wanted))).toBe(true)

    const [g, left, found] = [new Generator(6), [...p], [] as number[]]
    while (found.length < 900) {
      for (const x of uniform(g, 900 - found.length).map((x) => chosen(left, x))) if (!found.includes(x)) found.push(x)
      for (const each of found) left[each] = 0
    }
    expect(identical(new Generator(6).choice(1000, 900, { p, replace: false }), columnOf(found))).toBe(true)
    expect(found.every((each) => each % 10 !== 0)).toBe(true)
  })

  test('rows of a matrix are those of the index', () => {
    const a = new Generator(7).normal(5, 3)
    for (const options of [{}, { replace: false }, { p: P }, { p: P, replace: false }]) {
      const index = new Generator(8).choice(5, 3, options)
      expect(identical(new Generator(8).choice(a, 3, options), a.gatherRows(index))).toBe(true)
    }
  })

  test('two without replacement come as pᵢ·pⱼ / (1 − pᵢ), χ² p > 10⁻⁶', () => {
    const [g, counts] = [new Generator(9), new Map<string, number>()]
    for (let i = 0; i < 20_000; i++) {
      const pair = g.choice(5, 2, { p: P, replace: false }).data.join()
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
    }
    const pairs = [...counts.keys()].sort()
    expect(pairs).toEqual(['0,2', '0,3', '2,0', '2,3', '3,0', '3,2'])
    const expected = pairs.map((pair) => {
      const [i, j] = pair.split(',').map((each) => P[Number(each)])
      return (20_000 * i * j) / (1 - i)
    })
    expect(
      failures({
        'χ²': chiSquare(
          pairs.map((pair) => counts.get(pair) as number),
          (cell) => expected[cell],
        ),
      }),
    ).toEqual([])
  })

  test('probabilities may be off as far as their dtype rounds', () => {
    const tenths = Array(10).fill(0.1)
    expect(() => new Generator(0).choice(10, 1, { p: tenths })).not.toThrow()
    expect(() => new Generator(0).choice(10, 1, { p: matrix([tenths]) })).not.toThrow()
    expect(() => new Generator(0).choice(3, 1, { p: matrix([[0.3333, 0.3333, 0.3333]]) })).not.toThrow()
    expect(() => new Generator(0).choice(3, 1, { p: [0.3333, 0.3333, 0.3333] })).toThrow('the sum of p is 0.9999')
  })
})

describe('multinomial', () => {
  test.each([0, 1, 7, 16_384, 50_000])('%d trials: how often choice chooses each', (n) => {
    const counts = new Generator(10).multinomial(n, P)
    const wanted = P.map(() => 0)
    for (const each of new Generator(10).choice(5, n, { p: P }).data) wanted[each]++
    expect([counts.dtype, counts.toArray()]).toEqual(['float64', [wanted]])
  })

  test('a million trials come as their probabilities, χ² p > 10⁻⁶', () => {
    const p = [0.1, 0.2, 0.3, 0.4]
    const counts = new Generator(11).multinomial(1e6, p)
    expect(counts.sum().item()).toBe(1e6)
    expect(failures({ 'χ²': chiSquare(counts.data, (cell) => p[cell] * 1e6) })).toEqual([])
  })
})

describe('multinomial of rows of weights', () => {
  const WEIGHTS = [
    [5, 0, 3, 2, 0],
    [0, 0, 0, 0, 1e-300],
    [1e308, 1e308, 0, 1e308, 0],
    [1, 1, 1, 1, 1],
  ]
  /** A plain loop over the same uniform numbers, a row's in a row. */
  const loop = (weights: readonly (readonly number[])[], count: number, numbers: readonly number[]): number[] =>
    weights.flatMap((row, i) => {
      const largest = Math.max(...row)
      const p = row.map((x) => x / largest)
      return numbers.slice(i * count, (i + 1) * count).map((x) => chosen(p, x))
    })

  test.each([0, 1, 2, 1000, 20_000])('%d of each: the plain loop', (count) => {
    const got = new Generator(12).multinomial(matrix(WEIGHTS, float64), { count, replacement: true })
    expect([got.rows, got.cols, got.dtype]).toEqual([4, count, 'float64'])
    const wanted = loop(WEIGHTS, count, count === 0 ? [] : uniform(new Generator(12), 4 * count))
    expect(Array.from(got.data)).toEqual(wanted)
  })

  test('1000 rows of 300 weights, one of each: the plain loop, and an index of rows', () => {
    const weights = new Generator(13).uniform(1000, 300).sub(0.3).relu()
    const got = new Generator(14).multinomial(weights)
    expect(Array.from(got.data)).toEqual(loop(weights.toArray(), 1, uniform(new Generator(14), 1000)))
    expect(weights.pick(got).min().item()).toBeGreaterThan(0)
    expect(zeros(300, 2).gatherRows(got).shape).toEqual([1000, 2])
  })

  test('weights of float32 are taken as they are, and one row gives what choice does', () => {
    const p = matrix([[0.5, 0.25, 0.125, 0.125]])
    for (const replacement of [true, false]) {
      const got = new Generator(15).multinomial(p, { count: 3, replacement })
      expect(identical(got.T, new Generator(15).choice(4, 3, { p, replace: replacement }))).toBe(true)
    }
  })

  test('without replacement all of a row differ, and rows are drawn one after the other as choice does', () => {
    const weights = new Generator(16).uniform(50, 30, 0, 1, float64)
    const got = new Generator(17).multinomial(weights, { count: 30, replacement: false })
    const g = new Generator(17)
    for (const [i, row] of got.toArray().entries()) {
      expect([...row].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, j) => j))
      const p = weights.row(i)
      expect(row).toEqual(g.choice(30, 30, { p: p.div(p.sum()), replace: false }).T.toArray()[0])
    }
  })

  test('a row’s numbers come as its weights, χ² p > 10⁻⁶', () => {
    const weights = [
      [3, 1, 4, 1, 5],
      [9, 2, 6, 5, 3],
    ]
    const got = new Generator(18).multinomial(matrix(weights), { count: 100_000, replacement: true })
    for (const [i, row] of weights.entries()) {
      const counts = row.map(() => 0)
      for (const each of got.row(i).data) counts[each]++
      const sum = row.reduce((total, x) => total + x, 0)
      expect(failures({ 'χ²': chiSquare(counts, (cell) => (100_000 * row[cell]) / sum) })).toEqual([])
    }
  })

  test('of one from a thousand rows each, two without replacement come as pᵢ·pⱼ / (1 − pᵢ), χ² p > 10⁻⁶', () => {
    const p = [0.5, 0.3, 0.2]
    const got = new Generator(19).multinomial(matrix([p]).tile(20_000, 1), { count: 2, replacement: false })
    const counts = new Float64Array(9)
    for (const [i, j] of got.toArray()) counts[3 * i + j]++
    const cells = [1, 2, 3, 5, 6, 7]
    expect(counts.reduce((total, x) => total + x, 0)).toBe(cells.reduce((total, cell) => total + counts[cell], 0))
    const expected = cells.map((cell) => {
      const [i, j] = [Math.floor(cell / 3), cell % 3]
      return (20_000 * p[i] * p[j]) / (1 - p[i])
    })
    const found = cells.map((cell) => counts[cell])
    expect(failures({ 'χ²': chiSquare(found, (cell) => expected[cell]) })).toEqual([])
  })

  test('the function draws from the default generator or the one given, with any number of threads', () => {
    const weights = new Generator(20).uniform(300, 400)
    manualSeed(21)
    const first = multinomial(weights, { count: 5 })
    expect(identical(first, new Generator(21).multinomial(weights, { count: 5 }))).toBe(true)
    expect(identical(multinomial(weights, { count: 5 }), first)).toBe(false)
    try {
      for (const threads of [1, 2, 4]) {
        configure({ threads })
        expect(identical(multinomial(weights, { count: 5, generator: new Generator(21) }), first)).toBe(true)
      }
    } finally {
      configure({ threads: 'auto' })
    }
  })

  test('no rows give none, but no columns are an error', () => {
    expect(new Generator(0).multinomial(zeros(0, 3), { count: 2 }).shape).toEqual([0, 2])
    expect(() => new Generator(0).multinomial(zeros(1, 0))).toThrow('multinomial: row 0 has no weight')
  })
})
