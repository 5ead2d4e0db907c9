// The initialisers' distributions. A sample of N numbers with standard deviation s has a mean within 5s/√N of its own, and
// a variance within 5·√((κ − 1)/N)·s², with the kurtosis κ of 9/5 for uniform and 3 for normal numbers: in a correct
// implementation one seed in two million falls outside.

import { type DType, DTypeError, Generator, MatgradError } from '@matgrad/core'
import { init, Linear } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
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
    [
      'uniform without end',
      () => init.uniform(0, Number.POSITIVE_INFINITY),
      MatgradError,
      'uniform: got 0 to Infinity',
    ],
    ['normal with a negative deviation', () => init.normal(0, -1), MatgradError, 'normal: std is -1'],
    ['xavierUniform with NaN', () => init.xavierUniform({ gain: Number.NaN }), MatgradError, 'uniform: got NaN'],
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
