// What is chosen by probabilities, against a plain loop over the same uniform numbers, and how often.

import { Generator, type Matrix, matrix } from '@matgrad/core'
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
