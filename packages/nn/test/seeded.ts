// Trains a small network with dropout and shuffling, all of it from one seed, and prints a hash of every bit of the result.

import { createHash } from 'node:crypto'
import { fromFunction, io, manualSeed, rand } from '@matgrad/core'
import { crossEntropy, Dropout, fit, init, Linear, predict, ReLU, Sequential, SGD, trainTestSplit } from '@matgrad/nn'

manualSeed(process.argv[2] ?? 'seeded')
const x = rand(200, 3)
const y = fromFunction(200, 1, (i) => Number(x.get(i, 0) + x.get(i, 1) > 1))
const { train, test } = trainTestSplit({ x, y })
const model = new Sequential(
  new Linear(3, 33, { init: init.kaimingNormal() }),
  new ReLU(),
  new Dropout(0.3),
  new Linear(33, 2),
)
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-3 })
const history = await fit(model, train, { loss: crossEntropy, optimizer, epochs: 10, batchSize: 16, validation: test })
const state = { ...model.stateDict(), ...optimizer.stateDict().matrices, prediction: predict(model, test.x) }
const hash = createHash('sha256').update(io.encodeSafetensors(state)).update(JSON.stringify(history))
console.log(hash.digest('hex'))
