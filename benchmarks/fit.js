// Whole calls of `fit` and `predict` beside the compiled steps that they consist of and other libraries' training loops:
// what people call, with shuffled batches, metrics and validation data. Also starting: a process, a short training, a trace.

import { manualSeed, matrix, rand, randn } from '@matgrad/core'
import { measure } from './harness/measure.js'
import { duration, factor, table } from './harness/report.js'
import { startUps } from './harness/start-up.js'

/**
 * Features before and after each layer; tanh comes with the mean of squared errors, ReLU with cross-entropy. `wanted` has how
 * many of the compiled steps' times `fit` may take, alone and with accuracy and validation data, and how many times as fast as
 * the peers it is meant to be.
 */
const networks = [
  {
    name: 'xor',
    sizes: [2, 8, 1],
    activation: 'tanh',
    rows: 4,
    batch: 4,
    wanted: { fit: 6, measured: 8, PyTorch: 60, 'tfjs-wasm': 200 },
  },
  {
    name: 'moons',
    sizes: [2, 16, 16, 2],
    activation: 'relu',
    rows: 400,
    batch: 32,
    wanted: { fit: 1.4, measured: 1.6, PyTorch: 40, 'tfjs-wasm': 100 },
  },
  {
    name: 'iris',
    sizes: [4, 32, 3],
    activation: 'relu',
    rows: 150,
    batch: 32,
    wanted: { fit: 1.5, measured: 1.7, PyTorch: 40 },
  },
  {
    name: 'digits',
    sizes: [64, 64, 64, 10],
    activation: 'relu',
    rows: 1797,
    batch: 64,
    wanted: { fit: 1.1, measured: 1.15, PyTorch: 4 },
  },
  {
    name: 'mnist',
    sizes: [784, 128, 10],
    activation: 'relu',
    rows: 12800,
    batch: 64,
    wanted: { fit: 1.05, measured: 1.1, PyTorch: 1.3, 'tfjs-wasm': 10 },
  },
]

/** Epochs whose losses are looked at. */
const LOOKED_AT = 30
/** Seconds of a slice, in which a training begins anew. */
const SLICE = 0.4
/** One validation sample for so many others. */
const HELD_OUT = 4
const NOISE = 2

const SQUARE = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

function samples({ name, sizes: [features, ...widths] }, rows) {
  if (name === 'xor') return [matrix(SQUARE), matrix([[0], [1], [1], [0]])]
  const centres = randn(widths.at(-1), features)
  const y = rand(rows, 1).mul(centres.rows).floor()
  return [centres.gatherRows(y).add(randn(rows, features).mul(NOISE)).div(Math.sqrt(features)), y]
}

/** Samples and targets, and those that are held out. */
function operands(network) {
  manualSeed(0)
  return [...samples(network, network.rows), ...samples(network, Math.ceil(network.rows / HELD_OUT))]
}

/** Every library trains from weights, and in an order, of its own: its loss has to fall. */
const checkLosses = () => (losses) => {
  if (losses.length !== LOOKED_AT) throw new Error(`${losses.length} losses instead of ${LOOKED_AT}`)
  if (!(losses.at(-1) < losses[0])) throw new Error(`the loss went from ${losses[0]} to ${losses.at(-1)}`)
}

const FIT = 'matgrad'
const STEPS = 'matgrad, compiled'
const PEERS = ['PyTorch', 'tfjs-wasm']

const work = (network, measured) => ({
  name: network.name + (measured ? ', measured' : ''),
  op: 'epoch',
  dtype: 'float32',
  options: {
    ...{ sizes: network.sizes, activation: network.activation, batch: network.batch, measured },
    ...{ lr: 0.05, momentum: 0.9 },
  },
  calls: LOOKED_AT,
  slice: SLICE,
  network,
  measured,
  sides: [FIT, STEPS, ...(measured ? [] : PEERS)],
  inputs: () => operands(network),
  check: checkLosses,
})

/** Whole trainings of XOR. */
const training = (passes, wanted) => ({
  name: `${passes} passes`,
  op: 'training',
  dtype: 'float32',
  options: { sizes: [2, 8, 1], activation: 'tanh', passes, lr: 0.1, momentum: 0.9 },
  sides: [FIT, 'brain.js'],
  inputs: () => operands(networks[0]).slice(0, 2),
  check: () => (loss) => {
    if (!(loss[0] < 0.3)) throw new Error(`the loss is ${loss}`)
  },
  wanted,
})

const prediction = (name, sizes, rows, wanted) => ({
  name,
  op: 'predict',
  dtype: 'float32',
  options: { sizes, activation: 'relu' },
  sides: [FIT, STEPS],
  inputs() {
    manualSeed(0)
    return [randn(rows, sizes[0])]
  },
  check:
    ([x]) =>
    (values) => {
      if (values.length !== x.rows * sizes.at(-1)) throw new Error(`${values.length} values`)
    },
  wanted,
})

const trace = {
  name: 'xor',
  op: 'trace',
  dtype: 'float32',
  options: { sizes: [2, 8, 1], activation: 'tanh', lr: 0.1, momentum: 0.9 },
  sides: [FIT],
  inputs: () => operands(networks[0]).slice(0, 2),
  check: () => () => {},
}

const perBatch = (times, { rows, batch }) => (times ? duration(times.median / Math.ceil(rows / batch)) : '–')

const title = ({ name, sizes, rows, batch }) => `${name} [${sizes.join(', ')}], ${rows} rows by ${batch}`

export async function fitting() {
  const epochs = networks.flatMap((network) => [work(network, false), work(network, true)])
  const trainings = [training(300, 1), training(20000, 1.2)]
  const predictions = [
    prediction('4x2 by [2, 8, 1]', [2, 8, 1], 4, 2.5),
    prediction('1x784 by [784, 128, 10]', [784, 128, 10], 1, 1.3),
  ]
  const { results, abouts } = await measure([...epochs, ...trainings, ...predictions, trace])
  const of = (works) => results.filter(({ work }) => works.includes(work))
  const fits = of(epochs).filter(({ work }) => !work.measured)
  const fitTable = table(
    ['network', 'step', 'fit', "of the step's time", ...PEERS.map((peer) => `speed against ${peer}`)],
    fits.map(({ work: { network }, times }) => [
      title(network),
      perBatch(times[STEPS], network),
      perBatch(times[FIT], network),
      factor(times[FIT], times[STEPS], network.wanted.fit),
      ...PEERS.map((peer) => factor(times[peer], times[FIT], network.wanted[peer])),
    ]),
  )
  const measuredTable = table(
    ['network', 'step and validation', 'fit', 'of their time'],
    of(epochs)
      .filter(({ work }) => work.measured)
      .map(({ work: { network }, times }) => [
        network.name,
        perBatch(times[STEPS], network),
        perBatch(times[FIT], network),
        factor(times[FIT], times[STEPS], network.wanted.measured),
      ]),
  )
  const trainingTable = table(
    ['XOR', 'fit', 'brain.js', 'speed against brain.js'],
    of(trainings).map(({ work, times }) => [
      work.name,
      duration(times[FIT].median),
      times['brain.js'] ? duration(times['brain.js'].median) : '–',
      factor(times['brain.js'], times[FIT], work.wanted),
    ]),
  )
  const predictTable = table(
    ['samples', 'compiled forward', 'predict', 'of its time'],
    of(predictions).map(({ work, times }) => [
      work.name,
      duration(times[STEPS].median),
      duration(times[FIT].median),
      factor(times[FIT], times[STEPS], work.wanted),
    ]),
  )
  const [{ times: traced }] = of([trace])
  return {
    abouts,
    text: `\`fit\` a batch, in a training that goes on for ${SLICE} seconds, beside the compiled step on ready batches. PyTorch goes through a
shuffled DataLoader and reads the loss of each batch, TensorFlow.js runs \`model.fit\`. Brackets have the best slices.

${fitTable}

With accuracy and validation data (a quarter as many), beside the steps and one compiled forward pass and loss of the validation
data in an epoch:

${measuredTable}

Whole trainings in a process that has trained before:

${trainingTable}

Predictions:

${predictTable}

A new step of XOR is traced, and its program made, in ${duration(traced[FIT].median)} (${duration(traced[FIT].best)}).

Starting a process that imports and trains XOR for 300 epochs with the packages as they are published:

${await startUps()}`,
  }
}
