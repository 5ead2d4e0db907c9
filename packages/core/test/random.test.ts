// Samples come from fixed seeds. "p > 10⁻⁶" in a name: what is tested deviates by no more than a right generator does in all
// but one of a million samples.

import {
  type DType,
  Generator,
  type GeneratorState,
  getDefaultGenerator,
  MatgradError,
  type Matrix,
  manualSeed,
  matrix,
  normal,
  permutation,
  rand,
  randint,
  randn,
  uniform,
} from '@matgrad/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  binomial,
  chiSquare,
  correlation,
  evenness,
  failures,
  normalCdf,
  normality,
  normalTails,
  numbers,
  poisson,
  type Sample,
  uniformity,
} from './statistics.ts'
import { DTYPES, hex, noise } from './support.ts'

const N = 1_000_000

/** Random bits of a uniform number. */
const BITS: Readonly<Record<DType, number>> = { float32: 24, float64: 53 }

const WORD = 2n ** 64n - 1n
const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & WORD

type Stream = readonly [first: bigint, second: bigint]

/** A step of xoroshiro128++ as its authors have it: the next state. */
function next([first, second]: Stream): Stream {
  const sum = first ^ second
  return [rotate(first, 49n) ^ sum ^ ((sum << 21n) & WORD), rotate(sum, 28n)]
}

/** The first words of a stream. */
function words(stream: Stream, count: number): bigint[] {
  const list: bigint[] = []
  for (let s = stream; list.length < count; s = next(s)) list.push((rotate((s[0] + s[1]) & WORD, 17n) + s[0]) & WORD)
  return list
}

/** The state of a generator of these two streams. */
const stateOf = (a: Stream, b: Stream): number[] =>
  [a[0], b[0], a[1], b[1]].flatMap((word) => [Number(word & 0xffffffffn), Number(word >> 32n)])

function streamsOf(state: GeneratorState): [Stream, Stream] {
  const word = (i: number): bigint => BigInt(state[i]) | (BigInt(state[i + 1]) << 32n)
  return [
    [word(0), word(4)],
    [word(2), word(6)],
  ]
}

describe('the stream', () => {
  test('the reference here gives the numbers of the authors from the state 1, 2', () => {
    expect(words([1n, 2n], 10)).toEqual([
      393217n,
      669327710093319n,
      1732421326133921491n,
      11394790081659126983n,
      9555452776773192676n,
      3586421180005889563n,
      1691397964866707553n,
      10735626796753111697n,
      15216282715349408991n,
      14247243556711267923n,
    ])
  })

  test('is two of xoroshiro128++ side by side: uniform numbers are the first bits of their words', () => {
    const g = new Generator('streams')
    const streams = streamsOf(g.state)
    const [a, b] = streams.map((stream) => words(stream, 50))
    const wanted = a.flatMap((word, i) => [word, b[i]])
    const u = g.uniform(1, 100, 0, 1, { dtype: 'float64' })
    // 52 bits from the top, one from the end.
    expect(Array.from(u.data, (x) => BigInt(x * 2 ** 53))).toEqual(wanted.map((x) => ((x >> 12n) << 1n) | (x & 1n)))
    g.state = stateOf(...streams)
    const halves = wanted.flatMap((word) => [word & 0xffffffffn, word >> 32n])
    const v = g.uniform(1, 200, 0, 1, { dtype: 'float32' })
    expect(Array.from(v.data, (x) => BigInt(x * 2 ** 24))).toEqual(halves.map((half) => half >> 8n))
  })

  test('the second of them is 2⁶⁴ steps ahead of the first', () => {
    // A step is linear over GF(2): a matrix, here the images of the 128 bits of a state. Squared 64 times it is 2⁶⁴ steps.
    const join = ([first, second]: Stream): bigint => first | (second << 64n)
    const split = (state: bigint): Stream => [state & WORD, state >> 64n]
    const apply = (images: readonly bigint[], state: bigint): bigint =>
      images.reduce((sum, image, bit) => ((state >> BigInt(bit)) & 1n ? sum ^ image : sum), 0n)
    let images = Array.from({ length: 128 }, (_, bit) => join(next(split(1n << BigInt(bit)))))
    for (let i = 0; i < 64; i++) images = images.map((image) => apply(images, image))
    for (const seed of [0, 1, 'ahead']) {
      const [a, b] = streamsOf(new Generator(seed).state)
      expect(apply(images, join(a))).toBe(join(b))
    }
  })

  describe.each(DTYPES)('%s', (dtype) => {
    /** A generator whose next words are all `word`: rotate(first + second, 17) + first for first = 1. */
    const giving = (word: bigint): Generator => {
      const stream: Stream = [1n, (rotate((word - 1n) & WORD, 47n) - 1n) & WORD]
      expect(words(stream, 1)).toEqual([word])
      const g = new Generator(0)
      g.state = stateOf(stream, stream)
      return g
    }
    const ulp = 2 ** -BITS[dtype]
    const chance = dtype === 'float32' ? 2 ** -31 : 2 ** -53

    test('the smallest word gives the smallest numbers', () => {
      expect(giving(0n).uniform(1, 1, 0, 1, { dtype }).item()).toBe(0)
      expect(giving(0n).bernoulli(1, 1, 0, { dtype }).item()).toBe(0)
      expect(giving(0n).bernoulli(1, 1, chance, { dtype }).item()).toBe(1)
      expect(giving(0n).integers(1, 1, -5, 1019, { dtype }).item()).toBe(-5)
    })

    test('the largest word gives the largest numbers', () => {
      expect(giving(WORD).uniform(1, 1, 0, 1, { dtype }).item()).toBe(1 - ulp)
      expect(giving(WORD).bernoulli(1, 1, 1, { dtype }).item()).toBe(1)
      expect(
        giving(WORD)
          .bernoulli(1, 1, 1 - chance, { dtype })
          .item(),
      ).toBe(0)
      expect(giving(WORD).integers(1, 1, -5, 1019, { dtype }).item()).toBe(1018)
    })

    test('a word and its complement give opposite normal numbers, none of them 0', () => {
      for (const word of [0n, 1n, 2n ** 31n, 2n ** 50n, 2n ** 40n + 2n ** 8n]) {
        // The first 8 bits of a word are the layer, which is the same for both.
        const mirror = word ^ (dtype === 'float32' ? 0x00ffffff00ffffffn : 2n ** 56n - 1n)
        const [z, y] = [word, mirror].map((each) => giving(each).normal(1, 1, 0, 1, { dtype }).item())
        expect(z).not.toBe(0)
        expect(y).toBe(-z)
      }
    })
  })

  // Whatever changes these changes every result that anybody has published with a seed.
  test.each([
    [
      0,
      [2553471588, 3464255860, 131710583, 3897301479, 557476837, 2897867512, 2930082247, 2738780533],
      '6017533e98abce3ed556083f6058703d',
      '2cd263837e8ef6bf30b68242cae71140029e834fd484fa3f',
      '3cb050bfa80a0cbfe868d4beff993c3f',
      '98405415fef2e5bf7662dd0cef1ae33fb0e94bb33a79b63f',
      [661, 651, 410, 112, 990, 358, 294, 872],
      [3, 2, 1, 0, 7, 6, 5, 4],
      [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0],
      [749234945, 2907044076, 4212676594, 187072859, 1510956262, 549223846, 3964796826, 1794504629],
    ],
    [
      'matgrad',
      [81126319, 2430958363, 3140681866, 258413666, 1930295778, 1406196835, 3656509556, 205179133],
      'adf93f3fa8897f3e372f0d3f3e284a3f',
      'fb0cc2bbf199114056a3cd5cddbef0bfea3fc5f10e780940',
      '6691283f5eeb803fdd6a433f4a4d2abf',
      'f0c338944c0bf3bf8a3fa02a3df6f6bf686948a298a0fbbf',
      [692, 712, 629, 561, 605, 23, 976, 183],
      [5, 2, 4, 7, 1, 0, 3, 6],
      [0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1],
      [643920313, 2637710994, 3170893110, 2472333477, 2434442392, 86865726, 3752572319, 4279565967],
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

  test('generators of neighbouring seeds are independent: correlations, χ² of 16x16 cells, p > 10⁻⁶', () => {
    const verdicts: Record<string, number> = {}
    const seeds = [0, 1, 2, 3, 10, 11, -1, 'a', 'b', 'aa']
    const drawn = seeds.map((seed) => {
      const g = new Generator(seed)
      return [g.uniform(1, 100_000).data, g.normal(1, 100_000).data]
    })
    for (const [i, [u, z]] of drawn.entries())
      for (const [j, [v, y]] of drawn.entries()) {
        if (j <= i) continue
        const counts = new Uint32Array(256)
        for (let k = 0; k < u.length; k++) counts[16 * Math.floor(16 * u[k]) + Math.floor(16 * v[k])]++
        verdicts[`cells of ${seeds[i]} and ${seeds[j]}`] = chiSquare(counts, () => u.length / 256)
        verdicts[`correlation of ${seeds[i]} and ${seeds[j]}`] = correlation(z, y, 1)
      }
    expect(failures(verdicts)).toEqual([])
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
    for (const refused of [
      [1, 2, 3, 4, 5, 6, 7, 2 ** 32],
      [0, 0, 1, 1, 0, 0, 1, 1],
      [1, 1, 0, 0, 1, 1, 0, 0],
    ]) {
      expect(() => {
        g.state = refused
      }).toThrow(MatgradError)
      expect(g.state).toEqual(before)
    }
    g.state = [1, 0, 0, 0, 0, 0, 0, 1]
    expect(g.state).toEqual([1, 0, 0, 0, 0, 0, 0, 1])
  })

  describe.each(DTYPES)('%s', (dtype) => {
    const vector = dtype === 'float32' ? 4 : 2
    const parts: readonly (readonly [string, readonly number[], (g: Generator, count: number) => Matrix])[] = [
      ['uniform', [vector, 3 * vector, 5], (g, count) => g.uniform(1, count, -1, 3, { dtype })],
      ['bernoulli', [vector, 3 * vector, 5], (g, count) => g.bernoulli(1, count, 0.3, { dtype })],
      ['uniform', [16_384, 32_768, 1], (g, count) => g.uniform(1, count, -1, 3, { dtype })],
      ['normal', [16_384, 32_768, 7], (g, count) => g.normal(1, count, -1, 3, { dtype })],
      ['integers', [16_384, 32_768, 9], (g, count) => g.integers(1, count, -7, 2 ** 24 - 100, { dtype })],
    ]
    test.each(parts)('%s of %j elements, call after call, is that of all of them at once', (_, counts, draw) => {
      const [a, b] = [new Generator(3), new Generator(3)]
      const whole = draw(
        a,
        counts.reduce((sum, count) => sum + count),
      )
      expect(counts.flatMap((count) => Array.from(draw(b, count).data))).toEqual(Array.from(whole.data))
      expect(a.state).toEqual(b.state)
    })
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
    const before = getDefaultGenerator()
    expect(manualSeed('11')).toBe(before)
    expect(hex(draw())).toBe(first)
  })
})

describe.each(DTYPES)('uniform, %s', (dtype) => {
  const bits = BITS[dtype]

  test(`a million: distribution, moments, lags, pairs and each of ${bits} bits are right, p > 10⁻⁶`, () => {
    const { data } = new Generator(101).uniform(1, N, 0, 1, { dtype })
    expect(failures(uniformity(data, bits))).toEqual([])
  })

  test('a million from −2 below 6, taken back to [0, 1), are right as well, p > 10⁻⁶', () => {
    const { data } = new Generator(102).uniform(1, N, -2, 6, { dtype })
    expect(
      failures(
        uniformity(
          numbers(data.length, (i) => (data[i] + 2) / 8),
          bits - 4,
        ),
      ),
    ).toEqual([])
  })

  test('between two neighbours of the upper bound, both numbers that there are come as often, p > 10⁻⁶', () => {
    const step = dtype === 'float32' ? 2 ** -23 : 2 ** -52
    const { data } = new Generator(103).uniform(1, N, 1, 1 + 2 * step, { dtype })
    const lower = data.filter((x) => x === 1).length
    expect(data.filter((x) => x === 1 + step).length).toBe(N - lower)
    expect(failures({ lower: binomial(lower, N, 1 / 2) })).toEqual([])
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
    [-3e38, 3e38],
  ])('bounds %d and %d that float32 does not tell apart or hold are a MatgradError, not a hang', (low, high) => {
    expect(() => new Generator(1).uniform(1, 1, low, high, { dtype: 'float32' })).toThrow(MatgradError)
    expect(new Generator(1).uniform(1, 1, low, high, { dtype: 'float64' }).size).toBe(1)
  })
})

describe.each(DTYPES)('normal, %s', (dtype) => {
  test('a million: distribution, moments, tails, lags and pairs are right, p > 10⁻⁶', () => {
    const { data } = new Generator(201).normal(1, N, 0, 1, { dtype })
    expect(failures(normality(data))).toEqual([])
  })

  test('a million of mean 3 and deviation 2, taken back to 0 and 1, are right as well, p > 10⁻⁶', () => {
    const { data } = new Generator(202).normal(1, N, 3, 2, { dtype })
    expect(failures(normality(numbers(data.length, (i) => (data[i] - 3) / 2)))).toEqual([])
  })

  test('twenty million: a histogram from −4 to 4, and what lies beyond 4, 4.5, 5, 5.5 on either side, p > 10⁻⁶', () => {
    const g = new Generator(203)
    const total = 20 * N
    const limits = [4, 4.5, 5, 5.5]
    const above = new Uint32Array(4)
    const below = new Uint32Array(4)
    const bars = new Uint32Array(64)
    for (let drawn = 0; drawn < total; drawn += N) {
      const { data } = g.normal(1, N, 0, 1, { dtype })
      for (let i = 0; i < N; i++) {
        const z = data[i]
        if (z >= -4 && z < 4) bars[Math.floor(8 * (z + 4))]++
        else for (let k = 0; k < 4; k++) if (Math.abs(z) > limits[k]) (z > 0 ? above : below)[k]++
      }
    }
    const cdf = normalCdf(Float64Array.from({ length: 65 }, (_, i) => i / 8 - 4))
    const verdicts: Record<string, number> = { histogram: chiSquare(bars, (i) => total * (cdf[i + 1] - cdf[i])) }
    for (const [k, limit] of limits.entries()) {
      const expected = (total * normalTails(limit)) / 2
      verdicts[`above ${limit}`] = poisson(above[k], expected)
      verdicts[`below −${limit}`] = poisson(below[k], expected)
    }
    expect(failures(verdicts)).toEqual([])
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
    [0, 10, 'float32'],
    [5, 38, 'float32'],
    [0, 1000, 'float32'],
    [0, 2, 'float64'],
    [-500, 500, 'float64'],
    [0, 257, 'float64'],
    [2 ** 53 - 7, 2 ** 53 - 1, 'float64'],
  ]
  test.each(cases)('a million from %d below %d, %s: each as likely, χ² p > 10⁻⁶', (low, high, dtype) => {
    const { data } = new Generator(301).integers(1, N, low, high, { dtype })
    expect(failures(evenness(data, low, high - low))).toEqual([])
  })

  test('one possible number', () => {
    expect(new Generator(302).integers(1, 3, 5, 6).toArray()).toEqual([[5, 5, 5]])
  })

  // Without rejection the product with 32 bits would have every third of these numbers twice as often as the others.
  test('3·2³⁰ of them: each remainder by 3, and each twelfth, is as likely, χ² p > 10⁻⁶', () => {
    const { data } = new Generator(303).integers(1, N, 0, 3 * 2 ** 30, { dtype: 'float64' })
    expect(failures(evenness(data.map((x) => x % 3) as Sample, 0, 3))).toEqual([])
    expect(failures(evenness(data.map((x) => Math.floor(x / 2 ** 28)) as Sample, 0, 12))).toEqual([])
  })

  test.each([2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 3 * 2 ** 51, 2 ** 53])(
    '%d of them: each sixteenth, and the last three bits, are as likely, χ² p > 10⁻⁶',
    (range) => {
      const low = range === 2 ** 53 ? -(2 ** 52) : 0
      const { data } = new Generator(304).integers(1, N, low, low + range, { dtype: 'float64' })
      expect(data.every((x) => Number.isSafeInteger(x))).toBe(true)
      const sixteenths = data.map((x) => Math.floor((x - low) / (range / 16)))
      expect(failures(evenness(sixteenths as Sample, 0, 16))).toEqual([])
      expect(failures(evenness(data.map((x) => (((x - low) % 8) + 8) % 8) as Sample, 0, 8))).toEqual([])
    },
  )

  test('more than 2⁵³, or larger ones than the dtype holds, are a MatgradError', () => {
    const g = new Generator(305)
    expect(() => g.integers(1, 1, -(2 ** 53) + 1, 2 ** 53 - 1, { dtype: 'float64' })).toThrow(MatgradError)
    expect(() => g.integers(1, 1, 0, 2 ** 24 + 2, { dtype: 'float32' })).toThrow(MatgradError)
    expect(g.integers(1, 1, -(2 ** 52), 2 ** 52, { dtype: 'float64' }).size).toBe(1)
    expect(g.integers(1, 1, -(2 ** 24), 2 ** 24 + 1, { dtype: 'float32' }).size).toBe(1)
  })
})

describe.each(DTYPES)('bernoulli, %s', (dtype) => {
  test.each([1e-5, 0.5, 0.93])('p = %d: a million of 0 and 1 alone, their share and that of pairs, p > 10⁻⁶', (p) => {
    const { data } = new Generator(401).bernoulli(1, N, p, { dtype })
    const counts = [1, 2, 4].map((lag) => {
      let both = 0
      for (let i = lag; i < N; i++) both += data[i] * data[i - lag]
      return [`pairs at lag ${lag}`, poisson(both, (N - lag) * p * p)]
    })
    const ones = data.filter((x) => x === 1).length
    expect(data.filter((x) => x === 0).length).toBe(N - ones)
    expect(failures({ ones: binomial(ones, N, p), ...Object.fromEntries(counts) })).toEqual([])
  })

  test('p = 0 is never, p = 1 always', () => {
    expect(new Generator(402).bernoulli(1, 1000, 0, { dtype }).sum().item()).toBe(0)
    expect(new Generator(402).bernoulli(1, 1000, 1, { dtype }).sum().item()).toBe(1000)
  })
})

describe('permutation and shuffle', () => {
  test.each([0, 1, 2, 3, 10, 1000, 40_000])('of %d: each number once, a float64 column', (n) => {
    const p = new Generator(501).permutation(n)
    expect([p.rows, p.cols, p.dtype]).toEqual([n, 1, 'float64'])
    expect(Array.from(p.data).sort((x, y) => x - y)).toEqual(Array.from({ length: n }, (_, i) => i))
  })

  test('of 4: each of the 24 as likely, χ² p > 10⁻⁶', () => {
    const g = new Generator(502)
    const counts = new Map<string, number>()
    for (let i = 0; i < 48_000; i++) {
      const key = g.permutation(4).data.join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    expect(failures({ 'χ²': chiSquare([...counts.values()], () => 2000) })).toEqual([])
  })

  test('of 16: each number is as likely in each place, χ² p > 10⁻⁶', () => {
    const g = new Generator(503)
    const counts = Array.from({ length: 16 }, () => new Uint32Array(16))
    for (let i = 0; i < 20_000; i++) for (const [at, x] of g.permutation(16).data.entries()) counts[at][x]++
    const verdicts = Object.fromEntries(counts.map((row, at) => [`place ${at}`, chiSquare(row, () => 1250)]))
    expect(failures(verdicts)).toEqual([])
  })

  test('of 1000: once on average a number stays in its place, p > 10⁻⁶', () => {
    const g = new Generator(504)
    let kept = 0
    for (let i = 0; i < 500; i++) for (const [at, x] of g.permutation(1000).data.entries()) if (at === x) kept++
    expect(failures({ kept: poisson(kept, 500) })).toEqual([])
  })

  test('shuffle moves whole rows and leaves the original alone', () => {
    const a = matrix(
      Float32Array.from({ length: 60 }, (_, i) => i),
      20,
      3,
    )
    const before = a.clone()
    const shuffled = new Generator(505).shuffle(a)
    expect(a.equals(before)).toBe(true)
    expect(shuffled.equals(a.gatherRows(new Generator(505).permutation(20)))).toBe(true)
    expect(shuffled.equals(a)).toBe(false)
    expect(shuffled.toArray().sort(([x], [y]) => x - y)).toEqual(a.toArray())
  })
})

describe('the tests above fail a wrong generator:', () => {
  const random = noise(1)
  const uniform = (): Float64Array => numbers(N, random)
  const gaussian = (): Float64Array =>
    numbers(N, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))

  test('none fails on numbers of another one, which is right', () => {
    expect(failures(uniformity(uniform(), 32))).toEqual([])
    expect(failures(normality(gaussian()))).toEqual([])
    expect(failures(evenness(uniform().map((x) => Math.floor(1000 * x)) as Sample, 0, 1000))).toEqual([])
  })

  const wrongUniform: readonly (readonly [string, string, (u: Float64Array) => Float64Array])[] = [
    [
      'a linear congruential one modulo 2²⁴, whose last bit alternates',
      'changes of bit 24',
      (u) => {
        let state = 1
        return u.map(() => {
          state = (Math.imul(state, 1664525) + 1013904223) & 0xffffff
          return state / 2 ** 24
        })
      },
    ],
    ['numbers of 23 bits', 'ones in bit 24', (u) => u.map((x) => Math.floor(x * 2 ** 23) / 2 ** 23)],
    [
      'a bit that is set once in a hundred times too often',
      'ones in bit 20',
      (u) => u.map((x, i) => (i % 100 || (x * 2 ** 20) % 2 >= 1 ? x : x + 2 ** -20)),
    ],
    ['u to the power of 1.01', 'Kolmogorov–Smirnov', (u) => u.map((x) => x ** 1.01)],
    ['u that is 0.005 lower in the middle', 'moment 1', (u) => u.map((x) => x - 0.005 * Math.sin(Math.PI * x) ** 2)],
    [
      'a hundredth of the number four before',
      'correlation at lag 4',
      (u) => u.map((x, i) => (i < 4 ? x : 0.99 * x + 0.01 * u[i - 4])),
    ],
    [
      'ordered pairs',
      'χ² of pairs at lag 1',
      (u) => u.map((x, i) => (i % 2 ? Math.max(x, u[i - 1]) : Math.min(x, u[i + 1] ?? 1))),
    ],
    ['multiples of 1/4096, once in 256 times', 'χ² of cells', (u) => u.map((x, i) => (i % 256 ? x : 0.5))],
    ['a low discrepancy sequence, too even', 'χ² of cells', (u) => u.map((_, i) => (i * 0.6180339887498949) % 1)],
  ]
  test.each(wrongUniform)('%s: %s', (_, name, corrupt) => {
    expect(failures(uniformity(corrupt(uniform()), 24), [name])).toEqual([name])
  })

  const wrongNormal: readonly (readonly [string, string, (z: Float64Array) => Float64Array])[] = [
    ['a deviation of 1.01', 'moment 2', (z) => z.map((x) => 1.01 * x)],
    ['a mean of 0.01', 'moment 1', (z) => z.map((x) => x + 0.01)],
    ['positive numbers that are 1% larger', 'moment 3', (z) => z.map((x) => (x > 0 ? 1.01 * x : x))],
    [
      'the sum of twelve uniform numbers',
      'moment 4',
      (z) =>
        z.map(() => {
          let sum = -6
          for (let i = 0; i < 12; i++) sum += random()
          return sum
        }),
    ],
    ['no tail beyond 4', 'beyond ±4', (z) => z.map((x) => (Math.abs(x) > 4 ? x / 2 : x))],
    ['no tail beyond 3', 'beyond ±3', (z) => z.map((x) => (Math.abs(x) > 3 ? x / 2 : x))],
    ['a tail that is too heavy', 'beyond ±5', (z) => z.map((x, i) => (i % 100_000 ? x : x + 5 * Math.sign(x)))],
    ['0 for the top layer of the ziggurat', 'χ² of cells', (z) => z.map((x, i) => (i % 256 ? x : 0))],
    [
      'one size for both of a pair',
      'correlation of squares at lag 1',
      (z) => z.map((x, i) => (i % 20 === 1 ? Math.sign(x) * Math.abs(z[i - 1]) : x)),
    ],
    [
      '0.01 of the number in the last piece',
      'correlation at lag 16384',
      (z) => z.map((x, i) => (i < 16_384 ? x : x + 0.01 * z[i - 16_384])),
    ],
    [
      'the logistic distribution of that variance',
      'Kolmogorov–Smirnov',
      (z) =>
        z.map(() => {
          const u = random()
          return (Math.log(u / (1 - u)) * Math.sqrt(3)) / Math.PI
        }),
    ],
  ]
  test.each(wrongNormal)('%s: %s', (_, name, corrupt) => {
    expect(failures(normality(corrupt(gaussian())), [name])).toEqual([name])
  })

  test('whole numbers from 12 bits by their remainder: χ²', () => {
    const values = uniform().map((x) => Math.floor(x * 4096) % 1000) as Sample
    expect(failures(evenness(values, 0, 1000))).toEqual(['χ²'])
  })

  test('a whole number out of range: in range', () => {
    const values = uniform().map((x, i) => (i ? Math.floor(10 * x) : 10)) as Sample
    expect(failures(evenness(values, 0, 10))).toEqual(['in range'])
  })
})
