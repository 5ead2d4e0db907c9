// Prints by how many bytes 25,000 training steps grew the heap after the first 10,000, and as many batches of `fit` after a
// training before. Its own process, because a collection has to be forced (--expose-gc) and nothing else may live on the heap.

import { Generator, matrix } from '@matgrad/core'
import { accuracy, fit, Linear, mseLoss, Sequential, SGD, Tanh } from '@matgrad/nn'

const [WARM_UP, STEPS] = [10_000, 25_000]
const generator = new Generator('memory')
const x = matrix([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])
const y = matrix([[0], [1], [1], [0]])
const model = new Sequential(new Linear(2, 8, { generator }), new Tanh(), new Linear(8, 1, { generator }))
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })

function used(): number {
  if (!globalThis.gc) throw new Error('run with --expose-gc')
  globalThis.gc()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

let [before, loss] = [0, 0]
for (let step = 0; step < STEPS; step++) {
  if (step === WARM_UP) before = used()
  model.zeroGrad()
  const value = mseLoss(model.forward(x), y)
  value.backward()
  optimizer.step()
  loss = value.item()
}
const grown = used() - before

const data = { x, y }
const settings = { loss: mseLoss, optimizer, batchSize: 2, metrics: { accuracy }, validation: data }
await fit(model, data, { ...settings, epochs: WARM_UP / 2 })
before = used()
// Of its history four numbers an epoch are left, which are no part of what is asked.
const { loss: losses } = await fit(model, data, { ...settings, epochs: STEPS / 2 })
const history = 4 * 8 * losses.length
console.log(JSON.stringify({ grown, fitted: used() - before - history, loss }))
