// The initialisers' distributions. A sample of N numbers with standard deviation s has a mean within 5s/√N of its own, and
// a variance within 5·√((κ − 1)/N)·s², with the kurtosis κ of 9/5 for uniform and 3 for normal numbers: in a correct
// implementation one seed in two million falls outside.

import { type DType, DTypeError, eye, Generator, linalg, MatgradError } from '@matgrad/core'
import { init, Linear } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { chiSquare, failures, normalCdf } from '../../core/test/statistics.ts'
import { DTYPES, errorOf, round, UNIT } from './support.ts'

const [ROWS, COLS] = [200, 300]
const N = ROWS * COLS

type Row = readonly [title: string, initializer: init.Initializer, mean: number, std: number]

const uniforms: Row[] = [
  ['uniform()', init.uniform(), 0.5, 1 / Math.sqrt(12)],
  ['uniform(-3, 1)', init.uniform(-3, 1), -1, 4 / Math.sqrt(12)],
  ['xavierUniform()', init.xavierUniform(), 0, Math.sqrt(2 / 500)],
  ['xavierUniform, gain 5/3', init.xavierUniform({ gain: 5 / 3 }), 0, (5 / 3) * Math.sqrt(2 / 500)],
  ['kaimingUniform()', init.kaimingUniform(), 0, Math.sqrt(2 / COLS)],
  ['kaimingUniform, fan out', init.kaimingUniform({ mode: 'fanOut' }), 0, Math.sqrt(2 / ROWS)],
  ['kaimingUniform, tanh', init.kaimingUniform({ nonlinearity: 'tanh' }), 0, 5 / 3 / Math.sqrt(COLS)],
  ['kaimingUniform, linear', init.kaimingUniform({ nonlinearity: 'linear' }), 0, 1 / Math.sqrt(COLS)],
]
const normals: Row[] = [
  ['normal()', init.normal(), 0, 1],
  ['normal(2, 0.5)', init.normal(2, 0.5), 2, 0.5],
  ['xavierNormal()', init.xavierNormal(), 0, Math.sqrt(2 / 500)],
  ['xavierNormal, gain 2', init.xavierNormal({ gain: 2 }), 0, 2 * Math.sqrt(2 / 500)],
  ['kaimingNormal()', init.kaimingNormal(), 0, Math.sqrt(2 / COLS)],
  ['kaimingNormal, fan out', init.kaimingNormal({ mode: 'fanOut' }), 0, Math.sqrt(2 / ROWS)],
  ['kaimingNormal, sigmoid', init.kaimingNormal({ nonlinearity: 'sigmoid' }), 0, 1 / Math.sqrt(COLS)],
  ['kaimingNormal, selu', init.kaimingNormal({ nonlinearity: 'selu' }), 0, 0.75 / Math.sqrt(COLS)],
  [
    'kaimingNormal, leakyRelu',
    init.kaimingNormal({ nonlinearity: 'leakyRelu' }),
    0,
    Math.sqrt(2 / (1 + 0.01 ** 2) / COLS),
  ],
  [
    'kaimingNormal, leakyRelu with slope 1 and fan out',
    init.kaimingNormal({ nonlinearity: 'leakyRelu', slope: 1, mode: 'fanOut' }),
    0,
    1 / Math.sqrt(ROWS),
  ],
]

function moments(data: Float32Array | Float64Array): { mean: number; variance: number } {
  let [sum, squares] = [0, 0]
  for (const x of data) sum += x
  const mean = sum / data.length
  for (const x of data) squares += (x - mean) ** 2
  return { mean, variance: squares / data.length }
}

function expectMoments(data: Float32Array | Float64Array, mean: number, std: number, kurtosis: number): void {
  const got = moments(data)
  expect(Math.abs(got.mean - mean)).toBeLessThan((5 * std) / Math.sqrt(N))
  expect(Math.abs(got.variance - std ** 2)).toBeLessThan(5 * Math.sqrt((kurtosis - 1) / N) * std ** 2)
}

describe.each(DTYPES)('in %s', (dtype: DType) => {
  test.each(uniforms)('%s fills its interval, within 20/N of the ends', (title, initializer, mean, std) => {
    const a = initializer(ROWS, COLS, new Generator(title), dtype)
    expect([a.rows, a.cols, a.dtype]).toEqual([ROWS, COLS, dtype])
    const half = std * Math.sqrt(3)
    const slack = 4 * UNIT[dtype] * (Math.abs(mean) + half)
    const [low, high] = [a.min().item(), a.max().item()]
    expect(low).toBeGreaterThanOrEqual(mean - half - slack)
    expect(high).toBeLessThanOrEqual(mean + half + slack)
    expect(low).toBeLessThan(mean - half + (40 * half) / N)
    expect(high).toBeGreaterThan(mean + half - (40 * half) / N)
    expectMoments(a.data, mean, std, 9 / 5)
  })

  test.each(normals)('%s has its moments, and a fourth one of 3 within 0.1', (title, initializer, mean, std) => {
    const a = initializer(ROWS, COLS, new Generator(title), dtype)
    expect([a.rows, a.cols, a.dtype]).toEqual([ROWS, COLS, dtype])
    expectMoments(a.data, mean, std, 3)
    // The variance of the estimate is 24/N: 0.1 is 5 standard deviations.
    const fourth = Array.from(a.data).reduce((sum, x) => sum + ((x - mean) / std) ** 4, 0) / N
    expect(Math.abs(fourth - 3)).toBeLessThan(0.1)
  })

  test.each([
    ['constant(0.1)', init.constant(0.1), 0.1],
    ['zeros', init.zeros, 0],
    ['ones', init.ones, 1],
  ] as const)('%s is one value and draws nothing', (_title, initializer, value) => {
    const generator = new Generator(1)
    const before = generator.state
    const a = initializer(3, 4, generator, dtype)
    expect([a.rows, a.cols, a.dtype]).toEqual([3, 4, dtype])
    expect([...a.data]).toEqual(Array(12).fill(round(value, dtype)))
    expect(generator.state).toEqual(before)
  })

  test.each([...uniforms, ...normals])('%s repeats with the same seed only', (_title, initializer) => {
    const [a, b, c] = [1, 1, 2].map((seed) => initializer(4, 5, new Generator(seed), dtype).data)
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
  })
})

/** Moments of N(0, 1) between a and b by Simpson's rule, on the density relative to its largest value. */
function truncatedMoments(a: number, b: number): { mean: number; variance: number } {
  const nearest = Math.min(Math.max(0, a), b)
  const [from, to] = [Math.max(a, nearest - 9), Math.min(b, nearest + 9)]
  const STEPS = 20_000
  const sums = [0, 0, 0]
  for (let i = 0; i <= STEPS; i++) {
    const d = from - nearest + ((to - from) * i) / STEPS
    const weight = (i === 0 || i === STEPS ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-d * (nearest + d / 2))
    for (let k = 0; k < 3; k++) sums[k] += weight * d ** k
  }
  const mean = sums[1] / sums[0]
  return { mean: nearest + mean, variance: sums[2] / sums[0] - mean ** 2 }
}

describe.each(DTYPES)('in %s', (dtype: DType) => {
  const unit = UNIT[dtype]

  test.each([
    ['a wide', 200, 7],
    ['a tall', 7, 200],
    ['a large', 130, 260],
    ['a square', 33, 33],
    ['a single', 1, 1],
    ['a row', 1, 9],
  ] as const)(
    '%s orthogonal one has QᵀQ = gain²·1 within 4·n units, and no other signs than a uniform one',
    (title, m, n) => {
      const gain = 3
      const a = init.orthogonal({ gain })(m, n, new Generator(title), dtype)
      expect([a.rows, a.cols, a.dtype]).toEqual([m, n, dtype])
      const q = a.astype('float64')
      const product = m >= n ? q.matmul(q, { transposeA: true }) : q.matmul(q, { transposeB: true })
      const off = product.sub(eye(product.rows, product.rows, { dtype: 'float64' }).mul(gain ** 2))
      expect(off.abs().max().item()).toBeLessThanOrEqual(4 * Math.max(m, n) * unit * gain ** 2)
      const same = linalg.orthogonal(m, n, { generator: new Generator(title), dtype: 'float64' })
      expect(a.equals(same.mul(gain).astype(dtype))).toBe(true)
    },
  )

  // Each entry of a uniform orthogonal matrix has the mean 0 and the variance 1/n: of 1000 of them the mean is within 5/√1000n.
  test('the first entry of an orthogonal one is negative as often as not, and small enough', () => {
    const generator = new Generator('signs')
    const COUNT = 1000
    let [sum, squares] = [0, 0]
    for (let i = 0; i < COUNT; i++) {
      const x = init.orthogonal()(4, 4, generator, dtype).get(0, 0)
      sum += x
      squares += x * x
    }
    expect(Math.abs(sum / COUNT)).toBeLessThan(5 * Math.sqrt(1 / 4 / COUNT))
    // The variance of x² is 2(n − 1) / n²(n + 2).
    expect(Math.abs(squares / COUNT - 1 / 4)).toBeLessThan(5 * Math.sqrt(6 / 96 / COUNT))
  })

  test('identity is 1 on the diagonal and draws nothing', () => {
    const generator = new Generator(1)
    const before = generator.state
    for (const [m, n] of [
      [3, 3],
      [2, 300],
      [300, 2],
    ])
      expect(init.identity(m, n, generator, dtype).equals(eye(m, n, { dtype }))).toBe(true)
    expect(init.identity(2, 2, generator, dtype).dtype).toBe(dtype)
    expect(generator.state).toEqual(before)
    expect(new Linear(3, 3, { init: init.identity }).weight.value.trace().item()).toBe(3)
  })

  test.each([
    [0.1, 200, 20],
    [0.9, 200, 180],
    [0.25, 9, 3],
    [0, 50, 0],
    [1, 50, 50],
  ])('sparse: of sparsity %d each of 300 columns of %d has %d zeros, elsewhere N(0, std²)', (sparsity, rows, zeros) => {
    const std = 0.5
    const a = init.sparse({ sparsity, std })(rows, 300, new Generator('sparse'), dtype)
    expect([a.rows, a.cols, a.dtype]).toEqual([rows, 300, dtype])
    expect(a.equal(0).sum(0).toArray()[0]).toEqual(Array(300).fill(zeros))
    const rest = a.data.filter((x) => x !== 0)
    if (rest.length < 1000) return
    const { mean, variance } = moments(rest)
    expect(Math.abs(mean)).toBeLessThan((5 * std) / Math.sqrt(rest.length))
    expect(Math.abs(variance - std ** 2)).toBeLessThan(5 * Math.sqrt(2 / rest.length) * std ** 2)
    // How often a row is 0 in 300 columns that are drawn apart, 5 deviations.
    const deviation = Math.sqrt(300 * (zeros / rows) * (1 - zeros / rows))
    for (const [count] of a.equal(0).sum(1).toArray())
      expect(Math.abs(count - (300 * zeros) / rows)).toBeLessThanOrEqual(5 * deviation)
  })

  // Four moments at most of what lies in an interval: a deviation of the variance is less than that of squares of its width.
  test.each([
    [{}, 0, 1, -2, 2],
    [{ mean: 1, std: 3 }, 1, 3, -2, 2],
    [{ low: -20, high: 30 }, 0, 1, -20, 30],
    [{ mean: 5, std: 0.5, low: 4, high: 4.5 }, 5, 0.5, 4, 4.5],
    [{ low: 0, high: Infinity }, 0, 1, 0, Infinity],
    [{ low: 6, high: 100 }, 0, 1, 6, 100],
    [{ low: -1000, high: -30 }, 0, 1, -1000, -30],
    [{ mean: 0.3, std: 0.02, low: 0.29, high: 0.31 }, 0.3, 0.02, 0.29, 0.31],
  ] as const)(
    'truncatedNormal(%o) is in its bounds and has their mean and variance, within 6 deviations',
    (options, mean, std, low, high) => {
      const a = init.truncatedNormal(options)(ROWS, COLS, new Generator('truncated'), dtype)
      expect([a.rows, a.cols, a.dtype]).toEqual([ROWS, COLS, dtype])
      expect(a.min().item()).toBeGreaterThanOrEqual(round(low, dtype))
      expect(a.max().item()).toBeLessThanOrEqual(round(high, dtype))
      const wanted = truncatedMoments((low - mean) / std, (high - mean) / std)
      const got = moments(a.astype('float64').data)
      const rounding = unit * (Math.abs(mean) + 30 * std)
      const error = got.mean - mean - std * wanted.mean
      expect(Math.abs(error)).toBeLessThan(6 * std * Math.sqrt(wanted.variance / N) + rounding)
      // The kurtosis is at most that of the exponential distribution, 9.
      const spread = got.variance - std ** 2 * wanted.variance
      expect(Math.abs(spread)).toBeLessThan(6 * std ** 2 * wanted.variance * Math.sqrt(8 / N) + rounding * std)
    },
  )

  test('truncatedNormal between −1.5 and 1: cells as full as they should be, χ² p > 10⁻⁶', () => {
    const a = init.truncatedNormal({ low: -1.5, high: 1 })(ROWS, COLS, new Generator('cells'), dtype)
    const CELLS = 50
    const counts = new Float64Array(CELLS)
    for (const x of a.data) counts[Math.min(CELLS - 1, Math.floor(((x + 1.5) / 2.5) * CELLS))]++
    const ends = Float64Array.from({ length: CELLS + 1 }, (_, i) => -1.5 + (2.5 * i) / CELLS)
    const below = normalCdf(ends)
    const chance = (i: number): number => (below[i + 1] - below[i]) / (below[CELLS] - below[0])
    expect(failures({ 'χ²': chiSquare(counts, (i) => N * chance(i)) })).toEqual([])
  })

  test.each([
    ['orthogonal()', init.orthogonal()],
    ['sparse', init.sparse({ sparsity: 0.3 })],
    ['truncatedNormal()', init.truncatedNormal()],
  ] as const)('%s repeats with the same seed only, and takes no rows and no columns', (_title, initializer) => {
    const [a, b, c] = [1, 1, 2].map((seed) => initializer(40, 50, new Generator(seed), dtype).data)
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
    for (const [m, n] of [
      [0, 3],
      [3, 0],
    ]) {
      const none = initializer(m, n, new Generator(1), dtype)
      expect([none.rows, none.cols, none.dtype]).toEqual([m, n, dtype])
    }
    expect(new Linear(3, 2, { init: initializer, dtype }).weight.dtype).toBe(dtype)
    expect(initializer(2, 2, new Generator(1)).dtype).toBe('float32')
  })
})

test('gains are those of PyTorch’s calculate_gain, within 2 units', () => {
  const of = (nonlinearity: init.Nonlinearity, slope?: number): number => init.gainOf(nonlinearity, slope)
  for (const [got, wanted] of [
    [of('linear'), 1],
    [of('sigmoid'), 1],
    [of('tanh'), 1.6666666666666667],
    [of('relu'), Math.SQRT2],
    [of('leakyRelu'), 1.4141428569978354],
    [of('leakyRelu', 0.2), 1.3867504905630728],
    [of('selu'), 0.75],
  ])
    expect(Math.abs(got - wanted)).toBeLessThanOrEqual(4 * UNIT.float64)
})

test('float64 numbers use more bits than float32 has', () => {
  for (const [title, initializer] of [...uniforms, ...normals]) {
    const { data } = initializer(10, 10, new Generator(1), 'float64')
    expect(data.filter((x) => x !== Math.fround(x)).length, title).toBeGreaterThan(90)
  }
})

test('without a dtype, the default one', () => {
  for (const [, initializer] of [...uniforms, ...normals])
    expect(initializer(1, 1, new Generator(1)).dtype).toBe('float32')
})

test('fan in is the features that enter a Linear, fan out those that leave', () => {
  // 100 numbers into 1: the bounds √(6/100) and √6 are far apart.
  const spread = (mode: 'fanIn' | 'fanOut'): number =>
    new Linear(100, 1, { init: init.kaimingUniform({ mode }) }).weight.value.abs().max().item()
  expect(spread('fanIn')).toBeLessThanOrEqual(Math.fround(Math.sqrt(6 / 100)))
  expect(spread('fanOut')).toBeGreaterThan(0.5 * Math.sqrt(6))
})

describe('wrong settings throw and draw nothing', () => {
  // biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
  const untyped = init as any
  test.each([
    ['uniform with equal bounds', () => init.uniform(1, 1), MatgradError, 'uniform: got 1 to 1'],
    ['uniform with a string', () => untyped.uniform('0', 1), DTypeError, 'uniform: low is "0"'],
    ['a gain of a string', () => untyped.gainOf('leakyRelu', 'a'), DTypeError, 'init.gainOf: slope is "a"'],
    ['a gain of an object', () => untyped.gainOf('leakyRelu', { slope: 1 }), DTypeError, 'init.gainOf: slope is'],
    [
      'uniform without end',
      () => init.uniform(0, Number.POSITIVE_INFINITY),
      MatgradError,
      'uniform: got 0 to Infinity',
    ],
    ['normal with a negative deviation', () => init.normal(0, -1), MatgradError, 'normal: got mean 0 and std -1'],
    [
      'xavierUniform with NaN',
      () => init.xavierUniform({ gain: Number.NaN }),
      MatgradError,
      'init.xavierUniform: got NaN',
    ],
    [
      'kaimingNormal with an unknown nonlinearity',
      () => untyped.kaimingNormal({ nonlinearity: 'relu6' }),
      MatgradError,
      "init.kaimingNormal: nonlinearity is \"relu6\", wanted 'linear', 'sigmoid', 'tanh', 'relu', 'leakyRelu' or 'selu'",
    ],
    [
      'kaimingUniform with a name that objects inherit',
      () => untyped.kaimingUniform({ nonlinearity: 'toString' }),
      MatgradError,
      'init.kaimingUniform: nonlinearity is "toString"',
    ],
    [
      "kaimingUniform with PyTorch's name of a mode",
      () => untyped.kaimingUniform({ mode: 'fan_out' }),
      MatgradError,
      "init.kaimingUniform: mode is \"fan_out\", wanted 'fanIn' or 'fanOut'",
    ],
    ['orthogonal with a string', () => untyped.orthogonal({ gain: '1' }), DTypeError, 'init.orthogonal: gain is "1"'],
    ['sparse without sparsity', () => untyped.sparse(), DTypeError, 'init.sparse: options are undefined'],
    ['sparse of more than all', () => init.sparse({ sparsity: 1.5 }), MatgradError, 'init.sparse: sparsity is 1.5'],
    ['sparse of NaN', () => init.sparse({ sparsity: Number.NaN }), MatgradError, 'init.sparse: sparsity is NaN'],
    ['sparse with a negative deviation', () => init.sparse({ sparsity: 0, std: -1 }), MatgradError, 'std is -1'],
    ['truncatedNormal, std 0', () => init.truncatedNormal({ std: 0 }), MatgradError, 'init.truncatedNormal: std is 0'],
    ['truncatedNormal, mean ∞', () => init.truncatedNormal({ mean: Infinity }), MatgradError, 'mean is Infinity'],
    [
      'truncatedNormal with equal bounds',
      () => init.truncatedNormal({ low: 2 }),
      MatgradError,
      'init.truncatedNormal: low is 2, high is 2, wanted the first below the second',
    ],
    ['truncatedNormal to NaN', () => init.truncatedNormal({ high: Number.NaN }), MatgradError, 'high is NaN'],
    ['constant of a string', () => untyped.constant('1'), DTypeError, 'init.constant: value is "1"'],
  ] as const)('%s', (_title, make, kind, message) => {
    const generator = new Generator(1)
    const before = generator.state
    const error = errorOf(() => make()(2, 2, generator))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
    expect(generator.state).toEqual(before)
  })
})
