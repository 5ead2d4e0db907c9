// Training steps of multilayer perceptrons (forward, backward and update) beside a program in C and other libraries:
// the same networks from the same weights on the same batches, which steps take in turns.

import { readFileSync } from 'node:fs'
import { manualSeed, matrix, rand, randn } from '@matgrad/core'
import { Linear } from '@matgrad/nn'
import { measure } from './harness/measure.js'
import { duration, factor, table } from './harness/report.js'
import { start } from './peers/matgrad.js'

/**
 * Features before and after each layer; tanh comes with the mean of squared errors, ReLU with cross-entropy. `wanted`
 * has how many of the limit's times the compiled step may take, and how many times as fast as the peers it is meant to
 * be, and the eager one as PyTorch.
 */
const networks = [
  {
    name: 'xor',
    sizes: [2, 8, 1],
    activation: 'tanh',
    batch: 4,
    wanted: { limit: 7.5, PyTorch: 500, 'jax-js': 250, 'brain.js': 4, eager: 10 },
  },
  {
    name: 'moons',
    sizes: [2, 16, 16, 2],
    activation: 'relu',
    batch: 32,
    wanted: { limit: 1.9, PyTorch: 60, 'jax-js': 50 },
  },
  { name: 'iris', sizes: [4, 32, 3], activation: 'relu', batch: 32, wanted: { limit: 1.9, PyTorch: 55, 'jax-js': 50 } },
  {
    name: 'digits',
    sizes: [64, 64, 64, 10],
    activation: 'relu',
    batch: 64,
    wanted: { limit: 1.4, PyTorch: 3.5, 'jax-js': 4.5, eager: 1.5 },
  },
  {
    name: 'mnist',
    sizes: [784, 128, 10],
    activation: 'relu',
    batch: 64,
    wanted: { limit: 1.25, PyTorch: 0.8, 'PyTorch, two threads': 1.3, 'jax-js': 2 },
  },
  {
    name: 'mnist-large',
    sizes: [784, 512, 512, 10],
    activation: 'relu',
    batch: 128,
    wanted: { limit: 1.2, PyTorch: 0.5, 'PyTorch, two threads': 0.9, 'jax-js': 2 },
  },
]

const optimizers = [
  { name: 'sgd', title: 'SGD with momentum 0.9', settings: { lr: 0.01, momentum: 0.9 } },
  { name: 'adam', title: 'Adam', settings: { lr: 0.001 } },
]

/** Steps whose losses are compared. */
const COMPARED = 200
/** Batches of samples around the centre of their class, for all but XOR. */
const BATCHES = 4
const NOISE = 2

function batches({ name, sizes: [features, ...widths], batch }) {
  if (name === 'xor')
    return {
      xs: [
        matrix([
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ]),
      ],
      ys: [matrix([[0], [1], [1], [0]])],
    }
  const centres = randn(widths.at(-1), features)
  const ys = Array.from({ length: BATCHES }, () => rand(batch, 1).mul(centres.rows).floor())
  const xs = ys.map((y) => centres.gatherRows(y).add(randn(batch, features).mul(NOISE)).div(Math.sqrt(features)))
  return { xs, ys }
}

/** The batches of inputs, those of targets, and each layer's initial weights and biases. */
function operands(network) {
  manualSeed(0)
  const { xs, ys } = batches(network)
  const layers = network.sizes.slice(1).map((size, i) => new Linear(network.sizes[i], size))
  return [...xs, ...ys, ...layers.flatMap((layer) => layer.parameters().map(({ value }) => value))]
}

/**
 * Compares losses with those of the same training in float64. Each step rounds its sums of up to k terms by √k·u on
 * average (Higham & Mary 2019), relative to a loss that is largest at first, and what steps round adds up.
 */
function checkLosses(inputs, { sizes, batch }, options) {
  const step = start({}).ops.train(...inputs.map((each) => each.astype('float64')), options)
  const expected = Array.from({ length: COMPARED }, () => step().item())
  const tolerance = COMPARED * Math.sqrt(Math.max(...sizes, batch)) * 2 ** -24 * expected[0]
  return (losses, side) => {
    if (losses.length !== COMPARED) throw new Error(`${losses.length} losses instead of ${COMPARED}`)
    if (side === 'brain.js') {
      if (!(losses.at(-1) < losses[0])) throw new Error(`the loss went from ${losses[0]} to ${losses.at(-1)}`)
      return
    }
    for (const [i, loss] of losses.entries())
      if (!(Math.abs(loss - expected[i]) <= tolerance))
        throw new Error(`the loss of step ${i + 1} is ${loss} instead of ${expected[i]}`)
  }
}

/** Whether the processor has vectors of 512 bits. */
function hasAvx512() {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f')
  } catch {
    return false
  }
}

const PEERS = ['PyTorch', ...(hasAvx512() ? ['PyTorch, AVX-512'] : []), 'jax-js', 'tfjs-wasm', 'brain.js']
const COMPILED = 'matgrad, compiled'
const LIMIT = 'limit of steps'
const PARALLEL = [`${COMPILED}, two threads`, 'PyTorch, two threads']

function work(network, { name: optimizer, settings }) {
  const { name, sizes, activation, wanted } = network
  const options = { network: name, sizes, activation, optimizer, ...settings, batches: name === 'xor' ? 1 : BATCHES }
  const peers = PEERS.filter((peer) => peer !== 'brain.js' || (wanted['brain.js'] && optimizer === 'sgd'))
  return {
    name,
    op: 'train',
    dtype: 'float32',
    options,
    calls: COMPARED,
    network,
    sides: ['matgrad', COMPILED, LIMIT, ...peers, ...(wanted['PyTorch, two threads'] ? PARALLEL : [])],
    inputs: () => operands(network),
    check: (inputs) => checkLosses(inputs, network, options),
  }
}

const time = ({ times, verdicts }, side) =>
  times[side] ? `${duration(times[side].median)} (${duration(times[side].best)})` : (verdicts[side] ?? '–')
const title = ({ network: { name, sizes, batch } }) => `${name} [${sizes.join(', ')}], batch ${batch}`

const timesTable = (results) => {
  const sides = [LIMIT, COMPILED, 'matgrad', ...PEERS]
  return table(
    ['network', 'limit', ...sides.slice(1)],
    results.map((result) => [title(result.work), ...sides.map((side) => time(result, side))]),
  )
}

const ratiosTable = (results) =>
  table(
    [
      'network',
      "compiled, of the limit's time",
      ...PEERS.map((peer) => `speed against ${peer}`),
      'eager against PyTorch',
    ],
    results.map(({ work, times }) => {
      const { wanted } = work.network
      return [
        work.name,
        factor(times[COMPILED], times[LIMIT], wanted.limit),
        ...PEERS.map((peer) => factor(times[peer], times[COMPILED], wanted[peer])),
        factor(times.PyTorch, times.matgrad, wanted.eager),
      ]
    }),
  )

const parallelTable = (results) => {
  const [ours, theirs] = PARALLEL
  const rows = results
    .filter(({ work }) => work.sides.includes(ours))
    .map((result) => [
      result.work.name,
      time(result, ours),
      time(result, theirs),
      factor(result.times[theirs], result.times[ours], result.work.network.wanted[theirs]),
    ])
  return table(['network', ours, theirs, 'speed against PyTorch'], rows)
}

export async function steps() {
  const { results, abouts } = await measure(
    optimizers.flatMap((optimizer) => networks.map((network) => work(network, optimizer))),
  )
  const sections = optimizers.map(({ name, title }) => {
    const own = results.filter(({ work }) => work.options.optimizer === name)
    return `### ${title}

${timesTable(own)}

${ratiosTable(own)}

Two threads:

${parallelTable(own)}`
  })
  return {
    abouts,
    text: `A step is forward, backward and update; the losses of the first ${COMPARED} are compared with those in float64. Brackets
have the best slices. The limit is written by hand in C for each network, with 128-bit vectors, multiplications and
additions. PyTorch's products use vectors of 256 bits (AVX2) on every processor, and of 512 where it says so. brain.js
trains one sample after the other, from weights of its own.

${sections.join('\n\n')}`,
  }
}
