// A training in a process of its own: `whole`, to its end; `killed` by kill -9 in the middle of it, while it saves a checkpoint after each
// batch; or `resumed` from the file. At the end it prints what was learned. Arguments: how, the optimiser, the file, and after how many
// batches it is killed.

import { createHash } from 'node:crypto'
import { Generator, manualSeed } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { checkpoint, loadCheckpoint } from '@matgrad/nn/node'

const [how, name, file, batches] = process.argv.slice(2)
const [ROWS, FEATURES, EPOCHS] = [100, 40, 4]

// Another process begins with other numbers.
manualSeed(how === 'resumed' ? 99 : 1)
const data = (() => {
  const generator = new Generator(5)
  return { x: generator.normal(ROWS, FEATURES), y: generator.integers(ROWS, 1, 0, 3) }
})()
const generator = new Generator(how === 'resumed' ? 98 : 2)
const model = new nn.Sequential(
  new nn.Linear(FEATURES, 32, { generator }),
  new nn.BatchNorm1d(32),
  new nn.PReLU(),
  new nn.Dropout(0.2),
  new nn.LayerNorm(32),
  new nn.Linear(32, 3, { generator }),
)
type Type = new (parameters: ReturnType<typeof model.parameters>, settings: object) => nn.Optimizer
const Optimizer = (nn as unknown as Record<string, Type>)[name]
const optimizer = new Optimizer(model.parameters(), { lr: 0.01, ...(name === 'SGD' && { momentum: 0.9 }) })
const scheduler = [
  new nn.OneCycleLR(optimizer, { maxLr: 0.05, totalSteps: EPOCHS * 7, cycleMomentum: name === 'SGD' }),
  new nn.ReduceLROnPlateau(optimizer, { patience: 0 }),
]
const parts = { model, optimizer, scheduler, generator }
const resume = how === 'resumed' ? await loadCheckpoint(file, parts) : undefined
let left = Number(batches)
const killer: nn.Callback = {
  onBatchEnd() {
    if (how === 'killed' && left-- === 0) process.kill(process.pid, 'SIGKILL')
  },
}
const saver = how === 'killed' ? [checkpoint(file, { by: 'batch' }), killer] : []
const history = await nn.fit(model, data, {
  ...{ loss: nn.crossEntropy, optimizer, scheduler, generator, epochs: EPOCHS, batchSize: 16, validation: data },
  ...(resume && { resume }),
  callbacks: saver,
})
const hash = createHash('sha256')
const { matrices } = optimizer.stateDict()
for (const state of [model.stateDict(), matrices])
  for (const [name, value] of Object.entries(state)) hash.update(name).update(value.data)
console.log(JSON.stringify([hash.digest('hex'), history, scheduler.map((each) => each.stateDict())]))
