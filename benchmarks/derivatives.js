// Gradients through linear algebra and products with Hessians, in units of the function itself, which takes its turns in the
// same rounds. All results are compared with those of an eager pass in this process, PyTorch's too, which checks ours.

import { eye, Generator } from '@matgrad/core'
import { measure } from './harness/measure.js'
import { digits, duration, table } from './harness/report.js'
import { ratio } from './harness/timing.js'
import { start } from './peers/matgrad.js'

const N = 128
const STEPS = 200
/** Results may differ by so much of the largest: the condition of the operands times what factorisations of 128 round. */
const TOLERANCE = 1e-8

const random = new Generator(1)
const normal = (rows, cols = rows, std = 1) => random.normal(rows, cols, 0, std, { dtype: 'float64' })
const definite = () => {
  const b = normal(N)
  return b
    .matmul(b, { transposeB: true })
    .div(N)
    .add(eye(N, { dtype: 'float64' }))
}
const symmetric = () => {
  const b = normal(N)
  return b.add(b.T)
}

/**
 * The operands of each, as peers/derivatives.js takes them; the vectors of a product with the Hessian are as large as the first.
 */
const functions = [
  { of: 'inv', title: `inv, ${N}x${N}`, inputs: () => [normal(N), normal(N)] },
  { of: 'solve', title: `solve, ${N}x${N} and ${N}x1`, inputs: () => [normal(N), normal(N, 1)] },
  { of: 'svd', title: `svd, ${N}x${N}`, inputs: () => [normal(N), normal(N)] },
  { of: 'eigh', title: `eigh, ${N}x${N}`, inputs: () => [symmetric(), normal(N)] },
  { of: 'cholesky', title: `cholesky, ${N}x${N}`, inputs: () => [definite(), normal(N)] },
  {
    of: 'mlp',
    title: 'hvp, network [64, 64, 10], batch 64',
    hvp: true,
    inputs() {
      const parameters = () => [normal(64, 64, 0.1), normal(1, 64, 0.1), normal(64, 10, 0.1), normal(1, 10, 0.1)]
      return [...parameters(), normal(64), random.integers(64, 1, 0, 10, { dtype: 'float64' }), ...parameters()]
    },
  },
  {
    of: 'recurrence',
    title: `hvp, ${STEPS} steps of tanh(h·W + x), W 32x32, batch 16`,
    hvp: true,
    inputs: () => [normal(32, 32, 0.15), normal(16, 32), normal(STEPS, 32), normal(32)],
  },
]

const SIDES = ['matgrad', 'matgrad, compiled', 'PyTorch']
const forwardOf = (side) => `${side}, forward`

/** @returns a function that throws unless a result is that of an eager pass */
function checkDerivatives(inputs, options) {
  const [derivatives, values] = [false, true].map((forward) =>
    start({ forward })
      .ops.derivative(...inputs, options)()
      .flatMap(({ data }) => Array.from(data)),
  )
  return (result, side) => {
    const expected = side.endsWith('forward') ? values : derivatives
    if (result.length !== expected.length) throw new Error(`${result.length} elements instead of ${expected.length}`)
    const bound = TOLERANCE * expected.reduce((most, each) => Math.max(most, Math.abs(each)), 0)
    for (const [i, each] of expected.entries())
      if (!(Math.abs(result[i] - each) <= bound)) throw new Error(`element ${i} is ${result[i]} instead of ${each}`)
  }
}

function work({ of, title, hvp = false, inputs }) {
  const options = { of, hvp }
  return {
    name: title,
    op: 'derivative',
    dtype: 'float64',
    options,
    sides: SIDES.flatMap((side) => [side, forwardOf(side)]),
    inputs,
    check: (operands) => checkDerivatives(operands, options),
  }
}

/** The time of the derivative with the best slice, and of the function's in the same rounds. */
function cells({ times, verdicts }, side) {
  const [own, forward] = [times[side], times[forwardOf(side)]]
  if (!own || !forward) return [verdicts[side] ?? verdicts[forwardOf(side)] ?? '–', '–']
  const best = digits(own.best / forward.best, 2)
  return [`${duration(own.median)} (${duration(own.best)})`, `${digits(ratio(own, forward), 2)}x (${best}x)`]
}

export async function derivatives() {
  const { results, abouts } = await measure(functions.map(work))
  const rows = results.map((result) => [result.work.name, ...SIDES.flatMap((side) => cells(result, side))])
  return {
    abouts,
    text: `Gradients with the value, and products with the Hessian (hvp), each beside the time of the function alone. Brackets have
the best slices.

${table(['', ...SIDES.flatMap((side) => [side, "of the function's time"])], rows)}`,
  }
}
