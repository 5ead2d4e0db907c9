// Handwritten digits: a network with one hidden layer learns all of MNIST.

import { join } from 'node:path'
import { manualSeed } from '@matgrad/core'
import {
  accuracy,
  CosineAnnealingLR,
  crossEntropy,
  evaluate,
  fit,
  init,
  Linear,
  plot,
  predict,
  ReLU,
  Sequential,
  SGD,
} from '@matgrad/nn'
import { progress, saveModel } from '@matgrad/nn/node'
import { outputFolder } from '../output.ts'
import { loadMnist } from './data.ts'

manualSeed(0)
const { train, test } = await loadMnist()

const model = new Sequential(new Linear(784, 128, { init: init.kaimingUniform() }), new ReLU(), new Linear(128, 10))
console.log(`${model.summary()}\n${train.x.rows} images to learn from, ${test.x.rows} to be judged by\n`)

// Large steps at first, ever smaller ones in the end.
const epochs = 8
const optimizer = new SGD(model.parameters(), { lr: 0.03, momentum: 0.9 })
const scheduler = new CosineAnnealingLR(optimizer, { tMax: epochs })
const history = await fit(model, train, {
  loss: crossEntropy,
  optimizer,
  scheduler,
  epochs,
  batchSize: 64,
  validation: test,
  metrics: { accuracy },
  callbacks: [progress()],
})
console.log()
console.log(plot.lossCurve(history))

const predicted = predict(model, test.x).argmax(1)
const mistakes = Array.from({ length: test.x.rows }, (_, i) => i).filter(
  (i) => predicted.get(i, 0) !== test.y.get(i, 0),
)
console.log(`\n${mistakes.length} of ${test.x.rows} test images are misread. The first of them:\n`)
const first = mistakes.slice(0, 4)
const titles = first.map((i) => `a ${test.y.get(i, 0)}, read as ${predicted.get(i, 0)}`)
console.log(plot.images(test.x.gatherRows(first), { title: 'misread', titles }))

const path = join(outputFolder('mnist'), 'mnist.safetensors')
await saveModel(path, model)
const { accuracy: final } = evaluate(model, test, { metrics: { accuracy } })
console.log(`\ntest accuracy ${(100 * final).toFixed(2)} %, weights in ${path}`)
