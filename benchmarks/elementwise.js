// Element-wise functions, reductions and the order of a million elements, the cost of a call on four, and normal random numbers.

import { randn } from '@matgrad/core'
import { measure } from './harness/measure.js'
import { comparison } from './harness/report.js'

const peers = ['NumPy', 'ONNX Runtime', 'tfjs-wasm', 'jax-js', 'numpy-ts', 'ml-matrix']
const N = 1000
const UNIT = 2 ** -24

/** erf(x) = 2/√π·exp(-x²)·Σ 2ⁿ·x²ⁿ⁺¹/(2n+1)!!, a series of terms of one sign (Abramowitz & Stegun, 7.1.6). */
function erf(x) {
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) sum += term *= (2 * x * x) / (2 * n + 1)
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** Compares with values in float64: 16 units in the last place, of the value or of `scale` where that is larger. */
function near(scale, expectedOf) {
  return (inputs) => {
    const expected = expectedOf(...inputs.map(({ data }) => data))
    return (result) => {
      if (result.length !== expected.length) throw new Error(`${result.length} elements instead of ${expected.length}`)
      for (let i = 0; i < expected.length; i++)
        if (!(Math.abs(result[i] - expected[i]) <= 16 * UNIT * Math.max(scale, Math.abs(expected[i]))))
          throw new Error(`element ${i} is ${result[i]} instead of ${expected[i]}`)
    }
  }
}

const each = (f, scale = 1) => near(scale, (x, y) => Float64Array.from(x, (value, i) => f(value, y?.[i])))

const softmax = near(1 / N, (x) => {
  const powers = Float64Array.from(x, Math.exp)
  for (let i = 0; i < N; i++) {
    const row = powers.subarray(i * N, (i + 1) * N)
    const total = row.reduce((a, b) => a + b)
    row.forEach((power, j) => {
      row[j] = power / total
    })
  }
  return powers
})

/** The sum, which may be off by n·u·Σ|x| (Higham 2002, §4.2). */
function sum([{ data }]) {
  const expected = data.reduce((a, b) => a + b, 0)
  const bound = data.length * UNIT * data.reduce((a, b) => a + Math.abs(b), 0)
  return ([result]) => {
    if (!(Math.abs(result - expected) <= bound)) throw new Error(`${result} instead of ${expected}`)
  }
}

function sorted([{ data }]) {
  const expected = data.slice().sort()
  return (result) => {
    const at = expected.findIndex((x, i) => result[i] !== x)
    if (at >= 0 || result.length !== expected.length) throw new Error(`place ${at} has ${result[at]}`)
  }
}

/** Whether the elements at the places ascend, each of which comes once. */
function places([{ data }]) {
  return (result) => {
    if (new Set(result).size !== data.length) throw new Error('a place is missing')
    for (let i = 1; i < result.length; i++)
      if (data[result[i - 1]] > data[result[i]]) throw new Error(`places ${i - 1} and ${i} are out of order`)
  }
}

function middle([{ data }]) {
  const order = data.slice().sort()
  const [low, high] = [order[data.length / 2 - 1], order[data.length / 2]]
  return ([result]) => {
    if (!(Math.abs(result - (low + high) / 2) <= UNIT * Math.abs(high)))
      throw new Error(`${result} instead of ${(low + high) / 2}`)
  }
}

/** Moments of N(0, 1), within five standard errors. */
function normal() {
  const moments = [
    { order: 1, expected: 0, variance: 1 },
    { order: 2, expected: 1, variance: 2 },
    { order: 4, expected: 3, variance: 96 },
  ]
  return (result) => {
    if (result.length !== N * N) throw new Error(`${result.length} numbers instead of ${N * N}`)
    for (const { order, expected, variance } of moments) {
      const mean = result.reduce((total, x) => total + x ** order, 0) / result.length
      if (!(Math.abs(mean - expected) <= 5 * Math.sqrt(variance / result.length)))
        throw new Error(`the mean of x^${order} is ${mean} instead of ${expected}`)
    }
  }
}

const work = (name, op, check, { count = 1, n = N, options } = {}) => ({
  name,
  op,
  dtype: 'float32',
  options,
  sides: ['matgrad', ...peers],
  inputs: () => Array.from({ length: count }, () => randn(n, n)),
  check,
})

const works = [
  work('exp', 'exp', each(Math.exp, 0)),
  work('tanh', 'tanh', each(Math.tanh)),
  work(
    'sigmoid',
    'sigmoid',
    each((x) => 1 / (1 + Math.exp(-x))),
  ),
  work(
    'gelu',
    'gelu',
    each((x) => (x / 2) * (1 + erf(x * Math.SQRT1_2))),
  ),
  work('softmax of rows', 'softmax', softmax),
  work('sum', 'sum', sum),
  work(
    'add',
    'add',
    each((x, y) => x + y),
    { count: 2 },
  ),
  work(
    'mul',
    'mul',
    each((x, y) => x * y),
    { count: 2 },
  ),
  work(
    'add, 2x2',
    'add',
    each((x, y) => x + y),
    { count: 2, n: 2 },
  ),
  work('sort', 'sort', sorted),
  work('argsort', 'argsort', places),
  work('median', 'median', middle),
  work('normal numbers', 'randn', normal, { count: 0, options: { rows: N, cols: N } }),
]

export async function elementwise() {
  const { results, abouts } = await measure(works)
  return { abouts, text: comparison(results, peers, { label: 'float32, 1000x1000' }) }
}
