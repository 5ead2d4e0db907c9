// Matrix products: square ones of all sizes, and the three forms that a layer's forward and backward passes need.

import { randn } from '@matgrad/core'
import { measure } from './harness/measure.js'
import { comparison, digits, table } from './harness/report.js'
import { ratio } from './harness/timing.js'

const peersOf = {
  float32: ['NumPy', 'ONNX Runtime', 'tfjs-wasm', 'jax-js', 'numpy-ts'],
  float64: ['NumPy', 'ONNX Runtime', 'jax-js', 'numpy-ts', 'ml-matrix'],
}
const parallel = ['matgrad', 'matgrad, two threads', 'NumPy, two threads', 'matgrad, Strassen']

/** Multiplications of the plain loop that a result is checked against; a sample of the rows where there are more. */
const CHECKED = 2 ** 26

/**
 * Compares rows of op(A)·op(B) with sums in float64. Each element may be off by k·u·|a|·|b| for its row a and column b
 * of k terms: the bound on rounding in any order of summation (Higham 2002, §3.1) with Cauchy's inequality.
 */
function checkProduct([a, b], { transposeA, transposeB }) {
  const [m, k] = transposeA ? [a.cols, a.rows] : [a.rows, a.cols]
  const n = transposeB ? b.rows : b.cols
  const unit = a.data instanceof Float32Array ? 2 ** -24 : 2 ** -53
  const stepsOfA = transposeA ? [1, m] : [k, 1]
  const stepsOfB = transposeB ? [1, k] : [n, 1]
  const samples = Math.max(2, Math.min(m, Math.floor(CHECKED / (n * k))))
  const norms = new Float64Array(n)
  for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) norms[j] += b.data[p * stepsOfB[0] + j * stepsOfB[1]] ** 2
  const rows = Array.from({ length: samples }, (_, sample) => {
    const i = Math.round((sample * (m - 1)) / (samples - 1))
    const expected = new Float64Array(n)
    let square = 0
    for (let p = 0; p < k; p++) {
      const x = a.data[i * stepsOfA[0] + p * stepsOfA[1]]
      square += x * x
      for (let j = 0; j < n; j++) expected[j] += x * b.data[p * stepsOfB[0] + j * stepsOfB[1]]
    }
    return { i, expected, norm: Math.sqrt(square) }
  })
  return (result) => {
    if (result.length !== m * n) throw new Error(`${result.length} elements instead of ${m * n}`)
    for (const { i, expected, norm } of rows)
      for (let j = 0; j < n; j++)
        if (!(Math.abs(result[i * n + j] - expected[j]) <= k * unit * norm * Math.sqrt(norms[j])))
          throw new Error(`[${i}, ${j}] is ${result[i * n + j]} instead of ${expected[j]}`)
  }
}

const product = (name, dtype, m, k, n, options = {}) => ({
  name,
  op: 'matmul',
  dtype,
  options,
  flops: 2 * m * k * n,
  sides: ['matgrad', 'limit', ...peersOf[dtype]],
  inputs: () => [
    options.transposeA ? randn(k, m, { dtype }) : randn(m, k, { dtype }),
    options.transposeB ? randn(n, k, { dtype }) : randn(k, n, { dtype }),
  ],
  check: (inputs) => checkProduct(inputs, options),
})

const squares = (dtype, sizes) => sizes.map((n) => product(String(n), dtype, n, n, n))
const forms = (dtype) => [
  product('A·B', dtype, 64, 784, 128),
  product('Aᵀ·B', dtype, 64, 784, 128, { transposeA: true }),
  product('A·Bᵀ', dtype, 64, 784, 128, { transposeB: true }),
]

const groups = [
  {
    dtype: 'float32',
    title: 'n x n',
    label: 'n',
    works: squares('float32', [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]),
  },
  { dtype: 'float64', title: 'n x n', label: 'n', works: squares('float64', [4, 8, 16, 32, 64, 128, 256, 512, 1024]) },
  { dtype: 'float32', title: '64x784 by 784x128', label: 'form', works: forms('float32') },
  { dtype: 'float64', title: '64x784 by 784x128', label: 'form', works: forms('float64') },
]
const threaded = squares('float32', [512, 1024, 2048]).map((work) => ({ ...work, sides: parallel }))

/** GFLOP/s here and in the limit, and the fraction of it that is reached. */
function limitTable(results, label) {
  const rows = results.map(({ work, times: { matgrad, limit } }) => {
    const speed = ({ median }) => digits(work.flops / median / 1e9, 3)
    if (!limit) return [work.name, speed(matgrad), '–', '–', '–']
    const fractions = [ratio(limit, matgrad), limit.best / matgrad.best].map((each) => `${Math.round(100 * each)}%`)
    return [work.name, speed(matgrad), speed(limit), ...fractions]
  })
  return table([label, 'matgrad, GFLOP/s', 'limit, GFLOP/s', 'of the limit', 'of the limit, best slices'], rows)
}

export async function products() {
  const works = [...groups.flatMap((group) => group.works), ...threaded]
  const { results, abouts } = await measure(works)
  const of = (group) => results.filter(({ work }) => group.includes(work))
  const sections = groups.map(
    ({ dtype, title, label, works }) => `### ${dtype}, ${title}

${limitTable(of(works), label)}

${comparison(of(works), peersOf[dtype], { label })}`,
  )
  return {
    abouts,
    text: `The limit is a product written by hand in C with 128-bit vectors, multiplications and additions.

${sections.join('\n\n')}

### float32, n x n, two threads, and Strassen's algorithm on one

${comparison(of(threaded), parallel.slice(1), { label: 'n' })}`,
  }
}
