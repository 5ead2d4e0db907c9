// Memory of many fresh models in one job that never yields, by steps that are compiled and by `fit`, whose end is awaited:
// `node --expose-gc scripts/soak-memory.js [models] [threads …]` after `tsc -b`. No part of `test`.

import { compile } from '../packages/autograd/dist/index.js'
import { configure, rand } from '../packages/core/dist/index.js'
import { Linear, mseLoss, ReLU, Sequential, SGD, fit as train } from '../packages/nn/dist/index.js'

const [models = 2000, ...counts] = process.argv.slice(2).map(Number)
const [x, y] = [rand(1000, 64), rand(1000, 10)]
const megabytes = () => Math.round(process.memoryUsage().rss / 1e6)

const works = {
  compiled() {
    const model = new Sequential(new Linear(64, 256), new ReLU(), new Linear(256, 10))
    const optimizer = new SGD(model.parameters(), { lr: 0.01 })
    const step = compile((inputs, targets) => {
      optimizer.zeroGrad()
      const loss = mseLoss(model.forward(inputs), targets)
      loss.backward()
      optimizer.step()
      return loss
    })
    for (let start = 0; start < 1000; start += 500) step(x.slice(start, start + 500), y.slice(start, start + 500))
  },
  fit() {
    const model = new Sequential(new Linear(64, 256), new ReLU(), new Linear(256, 10))
    const optimizer = new SGD(model.parameters(), { lr: 0.01 })
    return train(model, { x, y }, { loss: mseLoss, optimizer, epochs: 1, batchSize: 500 })
  },
}

for (const threads of counts.length > 0 ? counts : [1, 2, 3, 4])
  for (const [name, work] of Object.entries(works)) {
    configure({ threads })
    await new Promise((resolve) => setTimeout(resolve, 200))
    globalThis.gc?.()
    const [start, before] = [performance.now(), megabytes()]
    let most = 0
    for (let i = 0; i < models; i++) {
      // A promise that is already fulfilled lets no task of the event loop in.
      await work()
      if (i % 20 === 0) most = Math.max(most, megabytes() - before)
    }
    const each = (performance.now() - start) / models
    console.log(`${name}, ${threads} threads: grew by ${most} MB at most, ${each.toFixed(1)} ms a model`)
  }
