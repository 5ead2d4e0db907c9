// Thresholds are for samples drawn once from a fixed seed. Four standard errors, or the quantile that a right generator
// passes 999 times in 1000, are what "4σ" and "p > 0.001" mean in the names.

import {
  type DType,
  Generator,
  type GeneratorState,
  MatgradError,
  type Matrix,
  manualSeed,
  matrix,
  normal,
  permutation,
  rand,
  randint,
  randn,
  ShapeError,
  uniform,
} from '@matgrad/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DTYPES, hex } from './support.ts'

const N = 100_000

/** The quantile 0.999 of χ² (Wilson & Hilferty 1931). */
const chiSquareLimit = (freedom: number): number => {
  const spread = 2 / (9 * freedom)
  return freedom * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3
}

const chiSquare = (counts: readonly number[], expected: number): number =>
  counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0)

/** sup |Fₙ − F| · √n; its quantile 0.999 is 1.95 (Kolmogorov 1933). */
function kolmogorov(values: Float32Array | Float64Array, distribution: (x: Float64Array) => ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort()
  const below = distribution(sorted)
  const n = sorted.length
  let largest = 0
  for (let i = 0; i < n; i++) largest = Math.max(largest, (i + 1) / n - below[i], below[i] - i / n)
  return largest * Math.sqrt(n)
}
const KOLMOGOROV_LIMIT = 1.95

/** The k-th central moments, k from 1 (the mean itself) to 4. */
function moments(values: ArrayLike<number>): [number, number, number, number] {
  const n = values.length
  let sum = 0
  for (let i = 0; i < n; i++) sum += values[i]
  const mean = sum / n
  const powers = [0, 0, 0]
  for (let i = 0; i < n; i++) for (const k of [0, 1, 2]) powers[k] += (values[i] - mean) ** (k + 2) / n
  return [mean, powers[0], powers[1], powers[2]]
}

describe('the stream', () => {
  test('is xoshiro128++: the first ten numbers from the state 1, 2, 3, 4 are those of its authors', () => {
    const published = [
      641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011, 621204420,
    ]
    const g = new Generator(0)
    g.state = [1, 2, 3, 4]
    const u = g.uniform(1, 10, 0, 1, { dtype: 'float32' })
    expect(Array.from(u.data, (x) => x * 2 ** 24)).toEqual(published.map((word) => word >>> 8))
    g.state = [1, 2, 3, 4]
    const pairs = g.uniform(1, 5, 0, 1, { dtype: 'float64' })
    const joined = [0, 2, 4, 6, 8].map((i) => (published[i] >>> 5) * 2 ** 26 + (published[i + 1] >>> 6))
    expect(Array.from(pairs.data, (x) => x * 2 ** 53)).toEqual(joined)
  })

  // Whatever changes these changes every result that anybody has published with a seed.
  test.each([
    [
      0,
      [2553471588, 3464255860, 557476837, 2897867512],
      '00d9693d2037133e686a603fc276de3e',
      '825b92495b3cfebfe05ad4c9662af23fd8ef12a585d6da3f',
      '8f6c95bfbb73dbbe7c0e0940cca68dbf',
      '4cbbe065c350dabfb64684126cedfd3f42182e495342e5bf',
      [95, 491, 891, 267, 193, 927, 28, 336],
      [7, 6, 4, 2, 0, 5, 3, 1],
      [1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0],
      [3017326890, 1031177357, 410764392, 3971857217],
    ],
    [
      'matgrad',
      [81126319, 2430958363, 1930295778, 1406196835],
      'd86bb03e7acbab3eb8aef43d356a0b3f',
      'e2bbfc0ad122ffbfa0296e792921e03f8018196fc918eebf',
      'ba2fe63da2b8833e953d173f3b54b6be',
      '9ec7ab53bb59ff3f691f76f7fe8e0d40800e22deaa25f5bf',
      [744, 945, 49, 885, 230, 574, 221, 643],
      [3, 0, 5, 4, 7, 6, 1, 2],
      [1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0],
      [2264132922, 3777096173, 3053297098, 3772977109],
    ],
  ] as const)('the bits of seed %j are pinned', (seed, before, u32, u64, n32, n64, integers, order, coins, after) => {
    const g = new Generator(seed)
    expect(g.state).toEqual(before)
    expect(hex(g.uniform(1, 4, 0, 1, { dtype: 'float32' }))).toBe(u32)
    expect(hex(g.uniform(1, 3, -2, 5, { dtype: 'float64' }))).toBe(u64)
    expect(hex(g.normal(1, 4, 0, 1, { dtype: 'float32' }))).toBe(n32)
    expect(hex(g.normal(1, 3, 1, 2, { dtype: 'float64' }))).toBe(n64)
    expect(Array.from(g.integers(1, 8, -5, 1000).data)).toEqual(integers)
    expect(Array.from(g.permutation(8).data)).toEqual(order)
    expect(Array.from(g.bernoulli(1, 12, 0.3).data)).toEqual(coins)
    expect(g.state).toEqual(after)
  })

  test('a seed repeats; another seed, and an empty one, give other numbers', () => {
    const first = (seed: string | number): string => hex(new Generator(seed).uniform(1, 8))
    expect(first(42)).toBe(first(42))
    expect(first(1)).toBe(first('1'))
    const seeds = [0, 1, 2, -1, 0.5, 2 ** 40, Number.NaN, '', 'a', 'b', 'A', 'é']
    expect(new Set(seeds.map(first)).size).toBe(seeds.length)
  })

  test('neighbouring seeds are not correlated: 4σ', () => {
    const [a, b] = [new Generator(1), new Generator(2)].map((g) => g.normal(1, N, 0, 1, { dtype: 'float64' }))
    expect(Math.abs(a.mul(b).mean().item()) * Math.sqrt(N)).toBeLessThan(4)
  })

  test('a saved state resumes with the same bits, in another generator as well', () => {
    const g = new Generator(7)
    g.normal(3, 3)
    const state = g.state
    const wanted = hex(g.normal(5, 5))
    g.state = state
    expect(hex(g.normal(5, 5))).toBe(wanted)
    const other = new Generator('other')
    other.state = JSON.parse(JSON.stringify(state)) as GeneratorState
    expect(hex(other.normal(5, 5))).toBe(wanted)
  })

  test('a state is a copy, and a refused one changes nothing', () => {
    const g = new Generator(7)
    const before = g.state
    ;(g.state as unknown as number[])[0] = 0
    expect(g.state).toEqual(before)
    expect(() => {
      g.state = [1, 2, 3, 2 ** 32] as GeneratorState
    }).toThrow(ShapeError)
    expect(g.state).toEqual(before)
  })

  test('drawing in parts gives the numbers of drawing at once', () => {
    const [a, b] = [new Generator(3), new Generator(3)]
    const whole = a.uniform(1, 10).data
    expect([...b.uniform(1, 4).data, ...b.uniform(2, 3).data]).toEqual([...whole])
  })

  test('drawing nothing takes nothing from the stream', () => {
    const g = new Generator(3)
    const before = g.state
    const none = [g.uniform(0, 3), g.normal(3, 0), g.integers(0, 0, 0, 5), g.permutation(0), g.bernoulli(0, 1, 0.5)]
    expect(none.map(({ size }) => size)).toEqual([0, 0, 0, 0, 0])
    expect(g.state).toEqual(before)
  })
})

describe('the default generator', () => {
  const draws: readonly (readonly [string, (generator?: Generator) => Matrix, (g: Generator) => Matrix])[] = [
    ['rand', (generator) => rand(2, 3, generator && { generator }), (g) => g.uniform(2, 3)],
    ['randn', (generator) => randn(2, 3, generator && { generator }), (g) => g.normal(2, 3)],
    ['uniform', (generator) => uniform(2, 3, -1, 4, generator && { generator }), (g) => g.uniform(2, 3, -1, 4)],
    ['normal', (generator) => normal(2, 3, 5, 2, generator && { generator }), (g) => g.normal(2, 3, 5, 2)],
    ['randint', (generator) => randint(2, 3, -9, 9, generator && { generator }), (g) => g.integers(2, 3, -9, 9)],
    ['permutation', (generator) => permutation(6, generator && { generator }), (g) => g.permutation(6)],
  ]
  test.each(draws)('%s draws from it, or from the one it is given', (_, draw, wanted) => {
    manualSeed(11)
    const first = hex(draw())
    expect(hex(wanted(new Generator(11)))).toBe(first)
    expect(hex(draw(new Generator(11)))).toBe(first)
    expect(hex(draw())).not.toBe(first)
    manualSeed('11')
    expect(hex(draw())).toBe(first)
  })
})

describe.each(DTYPES)('uniform, %s', (dtype) => {
  test('mean and variance within 4σ, Kolmogorov–Smirnov p > 0.001, bounds kept', () => {
    const { data } = new Generator(101).uniform(1, N, -2, 6, { dtype })
    const [mean, variance] = moments(data)
    expect(Math.abs(mean - 2)).toBeLessThan(4 * 8 * Math.sqrt(1 / 12 / N))
    expect(Math.abs(variance - 64 / 12)).toBeLessThan(4 * 64 * Math.sqrt(1 / 180 / N))
    expect(kolmogorov(data, (x) => x.map((each) => (each + 2) / 8))).toBeLessThan(KOLMOGOROV_LIMIT)
    expect(data.every((x) => x >= -2 && x < 6)).toBe(true)
  })

  test('neighbours are independent: χ² over 16x16 cells, p > 0.001', () => {
    const { data } = new Generator(102).uniform(1, 2 * N, 0, 1, { dtype })
    const counts = new Array<number>(256).fill(0)
    for (let i = 0; i < 2 * N; i += 2) counts[16 * Math.floor(16 * data[i]) + Math.floor(16 * data[i + 1])]++
    expect(chiSquare(counts, N / 256)).toBeLessThan(chiSquareLimit(255))
  })

  test(`every one of the ${dtype === 'float32' ? 24 : 53} bits is 1 half of the time: 4.5σ`, () => {
    const bits = dtype === 'float32' ? 24 : 53
    const { data } = new Generator(103).uniform(1, 20_000, 0, 1, { dtype })
    const ones = new Array<number>(bits).fill(0)
    for (const x of data) {
      let rest = x
      for (let bit = 0; bit < bits; bit++) {
        rest *= 2
        if (rest >= 1) {
          ones[bit]++
          rest--
        }
      }
    }
    for (const count of ones) expect(Math.abs(count - 10_000)).toBeLessThan(4.5 * Math.sqrt(5_000))
  })

  test('low ≤ x < high for bounds that are neighbours, of any size, in this dtype', () => {
    const step = dtype === 'float32' ? 2 ** -23 : 2 ** -52
    const g = new Generator(104)
    for (const [low, high] of [
      [1, 1 + step],
      [1, 1 + 2 * step],
      [-1 - step, -1],
      [0, dtype === 'float32' ? 2 ** -149 : 2 ** -1074],
      [-(2 ** -140), 2 ** -140],
      [2 ** 24, 2 ** 24 + 2],
      [-(2 ** 100), 2 ** 100],
    ])
      for (const x of g.uniform(1, 200, low, high, { dtype }).data) {
        expect(x).toBeGreaterThanOrEqual(low)
        expect(x).toBeLessThan(high)
      }
  })

  test('low ≤ x < high for random bounds, each rounded to the dtype', () => {
    const g = new Generator(105)
    const bound =
      dtype === 'float32'
        ? fc.float({ noNaN: true, noDefaultInfinity: true })
        : fc.double({ min: -1e300, max: 1e300, noNaN: true })
    fc.assert(
      fc.property(bound, bound, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        fc.pre(low < high && Number.isFinite(Math.fround(high - low)))
        const { data } = g.uniform(1, 20, low, high, { dtype })
        return data.every((x) => x >= low && x < high)
      }),
      { numRuns: 300 },
    )
  })
})

describe('uniform in float32', () => {
  test.each([
    [1, 1 + 2 ** -40],
    [0, 1e-60],
    [0, 1e300],
    [-1e300, 0],
  ])('bounds %d and %d that float32 does not tell apart or hold are a MatgradError, not a hang', (low, high) => {
    expect(() => new Generator(1).uniform(1, 1, low, high, { dtype: 'float32' })).toThrow(MatgradError)
    expect(new Generator(1).uniform(1, 1, low, high, { dtype: 'float64' }).size).toBe(1)
  })
})

describe.each(DTYPES)('normal, %s', (dtype) => {
  test('four moments within 4σ, Kolmogorov–Smirnov p > 0.001', () => {
    const { data } = new Generator(201).normal(1, N, 3, 2, { dtype })
    const z = Float64Array.from(data, (x) => (x - 3) / 2)
    const [mean, variance, third, fourth] = moments(z)
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(N))
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / N))
    expect(Math.abs(third / variance ** 1.5)).toBeLessThan(4 * Math.sqrt(6 / N))
    expect(Math.abs(fourth / variance ** 2 - 3)).toBeLessThan(4 * Math.sqrt(24 / N))
    const distribution = (x: Float64Array): ArrayLike<number> => matrix(x).mul(Math.SQRT1_2).erf().add(1).mul(0.5).data
    expect(kolmogorov(z, distribution)).toBeLessThan(KOLMOGOROV_LIMIT)
  })

  test('the two of a pair, and neighbouring pairs, are not correlated: 4σ', () => {
    const { data } = new Generator(202).normal(1, N, 0, 1, { dtype })
    for (const lag of [1, 2]) {
      let sum = 0
      for (let i = 0; i + lag < N; i++) sum += data[i] * data[i + lag]
      expect(Math.abs(sum) / Math.sqrt(N)).toBeLessThan(4)
    }
  })

  test('the tails are there: beyond 3 and 4 deviations within 4σ of what they should be', () => {
    const { data } = new Generator(203).normal(1, 4 * N, 0, 1, { dtype })
    for (const [limit, probability] of [
      [3, 0.0026997960632601866],
      [4, 6.334248366623996e-5],
    ]) {
      const expected = 4 * N * probability
      const count = data.filter((x) => Math.abs(x) > limit).length
      expect(Math.abs(count - expected)).toBeLessThan(4 * Math.sqrt(expected))
    }
  })

  test('an odd number of elements is filled, and std 0 gives the mean', () => {
    const { data } = new Generator(204).normal(3, 5, 0, 1, { dtype })
    expect(new Set(data).size).toBe(15)
    expect(new Generator(204).normal(1, 3, 7, 0, { dtype }).toArray()).toEqual([[7, 7, 7]])
  })
})

describe('integers', () => {
  const cases: readonly (readonly [number, number, DType])[] = [
    [0, 2, 'float32'],
    [-3, 4, 'float32'],
    [0, 10, 'float64'],
    [5, 38, 'float64'],
    [0, 257, 'float32'],
  ]
  test.each(cases)('from %d below %d, %s: each as likely, χ² p > 0.001', (low, high, dtype) => {
    const { data } = new Generator(301).integers(1, N, low, high, { dtype })
    const counts = new Array<number>(high - low).fill(0)
    for (const x of data) counts[x - low]++
    expect(counts.reduce((sum, count) => sum + count)).toBe(N)
    expect(chiSquare(counts, N / counts.length)).toBeLessThan(chiSquareLimit(counts.length - 1))
  })

  test('one possible number', () => {
    expect(new Generator(302).integers(1, 3, 5, 6).toArray()).toEqual([[5, 5, 5]])
  })

  test('3·2⁵¹ of them: a third lies in the last third, 4σ, where a modulus or a product would be biased', () => {
    const range = 3 * 2 ** 51
    const { data } = new Generator(303).integers(1, N, 0, range, { dtype: 'float64' })
    const last = data.filter((x) => x >= 2 ** 52).length
    expect(Math.abs(last - N / 3)).toBeLessThan(4 * Math.sqrt((N * 2) / 9))
    expect(data.every((x) => Number.isSafeInteger(x) && x >= 0 && x < range)).toBe(true)
    expect(data.filter((x) => x % 2 === 1).length).toBeGreaterThan(N / 2 - 2 * Math.sqrt(N))
  })

  test('more than 2⁵³, or larger ones than the dtype holds, are a MatgradError', () => {
    const g = new Generator(304)
    expect(() => g.integers(1, 1, -(2 ** 53) + 1, 2 ** 53 - 1, { dtype: 'float64' })).toThrow(MatgradError)
    expect(() => g.integers(1, 1, 0, 2 ** 24 + 2, { dtype: 'float32' })).toThrow(MatgradError)
    expect(g.integers(1, 1, -(2 ** 52), 2 ** 52, { dtype: 'float64' }).size).toBe(1)
    expect(g.integers(1, 1, -(2 ** 24), 2 ** 24 + 1, { dtype: 'float32' }).size).toBe(1)
  })
})

describe('bernoulli', () => {
  test.each([0.1, 0.5, 0.93])('p = %d: 0 and 1 alone, their share within 4σ', (p) => {
    const { data } = new Generator(401).bernoulli(1, N, p)
    const ones = data.filter((x) => x === 1).length
    expect(data.every((x) => x === 0 || x === 1)).toBe(true)
    expect(Math.abs(ones - N * p)).toBeLessThan(4 * Math.sqrt(N * p * (1 - p)))
  })

  test('p = 0 is never, p = 1 always', () => {
    expect(new Generator(402).bernoulli(1, 1000, 0).sum().item()).toBe(0)
    expect(new Generator(402).bernoulli(1, 1000, 1).sum().item()).toBe(1000)
  })
})

describe('permutation and shuffle', () => {
  test.each([0, 1, 2, 3, 10, 1000])('of %d: each number once, a float64 column', (n) => {
    const p = new Generator(501).permutation(n)
    expect([p.rows, p.cols, p.dtype]).toEqual([n, 1, 'float64'])
    expect(Array.from(p.data).sort((x, y) => x - y)).toEqual(Array.from({ length: n }, (_, i) => i))
  })

  test('of 4: each of the 24 as likely, χ² p > 0.001', () => {
    const g = new Generator(502)
    const counts = new Map<string, number>()
    for (let i = 0; i < 24_000; i++) {
      const key = g.permutation(4).data.join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    expect(chiSquare([...counts.values()], 1000)).toBeLessThan(chiSquareLimit(23))
  })

  test('of 1000: no place keeps its number more often than once on average, 4σ', () => {
    const g = new Generator(503)
    let kept = 0
    for (let i = 0; i < 500; i++) for (const [at, x] of g.permutation(1000).data.entries()) if (at === x) kept++
    expect(Math.abs(kept - 500)).toBeLessThan(4 * Math.sqrt(500))
  })

  test('shuffle moves whole rows and leaves the original alone', () => {
    const a = matrix(
      Float32Array.from({ length: 60 }, (_, i) => i),
      20,
      3,
    )
    const before = a.clone()
    const shuffled = new Generator(504).shuffle(a)
    expect(a.equals(before)).toBe(true)
    expect(shuffled.equals(a.gatherRows(new Generator(504).permutation(20)))).toBe(true)
    expect(shuffled.equals(a)).toBe(false)
    expect(shuffled.toArray().sort(([x], [y]) => x - y)).toEqual(a.toArray())
  })
})
