// A large network learns a few images by heart, wrong labels and all. What dropout, weight decay and stopping early do
// about it.

import { type Matrix, manualSeed } from '@matgrad/core'
import {
  AdamW,
  accuracy,
  crossEntropy,
  type Dataset,
  Dropout,
  earlyStopping,
  evaluate,
  fit,
  init,
  Linear,
  plot,
  ReLU,
  Sequential,
} from '@matgrad/nn'
import { trainingLength } from '../command-line.ts'
import { loadMnist } from '../mnist/data.ts'

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
console.log(`${makeModel(0).summary()}\n${SAMPLES} images, ${wrong} with a wrong label\n`)

// 2. The same training four times. Dropout leaves out half of what each layer found, in each step another half; decay
// draws all weights towards 0 at each step, so that only those stay large that are needed again and again. Who stops early
// ends when five epochs were no better than one before, and takes the network as it was after that one.
const epochs = trainingLength(60)
const curves: Record<string, number[]> = {}
const rows: string[][] = []
for (const [name, { dropout = 0, weightDecay = 0, callbacks = [] }] of Object.entries({
  neither: {},
  dropout: { dropout: 0.5 },
  'weight decay': { weightDecay: 5 },
  'stopping early': { callbacks: [earlyStopping({ patience: 5, restoreBest: true })] },
})) {
  const model = makeModel(dropout)
  const optimizer = new AdamW(model.parameters(), { lr: 1e-3, weightDecay })
  const { valLoss } = await fit(model, train, { loss: crossEntropy, optimizer, epochs, validation, callbacks })
  // Stopped early, it is the first curve up to there.
  if (valLoss.length === epochs) curves[name] = valLoss
  const learnt = evaluate(model, train, { loss: crossEntropy })
  const unknown = evaluate(model, validation, { loss: crossEntropy, metrics: { accuracy } })
  const best = valLoss.indexOf(Math.min(...valLoss)) + 1
  const accuracyOf = `${(100 * unknown.accuracy).toFixed(1)} %`
  rows.push([name, learnt.loss.toFixed(3), unknown.loss.toFixed(3), accuracyOf, String(best), String(valLoss.length)])
}

console.log(plot.lines(curves, { title: 'validation loss', xLabel: 'epoch', start: 1 }))
console.log('\n                    training    validation                  best')
console.log('                        loss          loss    accuracy     epoch    epochs')
for (const [name, ...cells] of rows)
  console.log(name.padEnd(14) + cells.map((cell, i) => cell.padStart([14, 14, 12, 10, 10][i])).join(''))
