// A large network learns a few images by heart, wrong labels and all. What dropout, weight decay and stopping early do
// about it.

import { type Matrix, manualSeed } from '@matgrad/core'
import {
  AdamW,
  accuracy,
  crossEntropy,
  type Dataset,
  Dropout,
  evaluate,
  fit,
  init,
  Linear,
  ReLU,
  Sequential,
} from '@matgrad/nn'
import { trainingLength } from '../command-line.ts'
import { loadMnist } from '../mnist/data.ts'
import { lineChart } from '../terminal.ts'

const SAMPLES = 400
/** The part of the training labels that are drawn at random. */
const NOISE = 0.3

// 1. Few images of which some have a wrong label, and others to see what a network makes of images that it does not know.
const generator = manualSeed(1)
const { train: mnist } = await loadMnist()
const part = (start: number, end: number): Dataset => ({ x: mnist.x.slice(start, end), y: mnist.y.slice(start, end) })
const clean = part(0, SAMPLES)
const isNoise: Matrix = generator.bernoulli(SAMPLES, 1, NOISE)
const train = { x: clean.x, y: isNoise.where(generator.integers(SAMPLES, 1, 0, 10), clean.y) }
const validation = part(10_000, 11_000)

/** The network with the same first weights each time. */
function makeModel(dropout: number): Sequential {
  const settings = { init: init.kaimingUniform(), generator: manualSeed(2) }
  return new Sequential(
    new Linear(784, 128, settings),
    new ReLU(),
    new Dropout(dropout),
    new Linear(128, 128, settings),
    new ReLU(),
    new Dropout(dropout),
    new Linear(128, 10, settings),
  )
}
const wrong = SAMPLES - train.y.equal(clean.y).sum().item()
const size = makeModel(0)
  .parameters()
  .reduce((sum, { value }) => sum + value.size, 0)
console.log(`${SAMPLES} images, ${wrong} with a wrong label; ${size} parameters\n`)

// 2. The same training three times. Dropout leaves out half of what each layer found, in each step another half; decay
// draws all weights towards 0 at each step, so that only those stay large that are needed again and again.
const epochs = trainingLength(60)
const curves: Record<string, number[]> = {}
const rows: string[][] = []
for (const [name, { dropout, weightDecay }] of Object.entries({
  neither: { dropout: 0, weightDecay: 0 },
  dropout: { dropout: 0.5, weightDecay: 0 },
  'weight decay': { dropout: 0, weightDecay: 5 },
})) {
  const model = makeModel(dropout)
  const optimizer = new AdamW(model.parameters(), { lr: 1e-3, weightDecay })
  const { valLoss, valAccuracy } = await fit(model, train, {
    loss: crossEntropy,
    optimizer,
    epochs,
    validation,
    metrics: { accuracy },
  })
  curves[name] = valLoss
  // Who stops early takes the network as it was when it did best.
  const best = valLoss.indexOf(Math.min(...valLoss))
  const shown = (epoch: number): string[] => [valLoss[epoch].toFixed(3), `${(100 * valAccuracy[epoch]).toFixed(1)} %`]
  const learnt = evaluate(model, train, { loss: crossEntropy }).loss
  rows.push([name, learnt.toFixed(3), ...shown(epochs - 1), ...shown(best), String(best + 1)])
}

console.log(`${lineChart('validation loss by epoch', curves)}\n`)
console.log('                training    after the last epoch    stopped at its best epoch')
console.log('                    loss        loss    accuracy        loss    accuracy    epoch')
for (const [name, ...cells] of rows)
  console.log(name.padEnd(12) + cells.map((cell, i) => cell.padStart(i === cells.length - 1 ? 9 : 12)).join(''))
