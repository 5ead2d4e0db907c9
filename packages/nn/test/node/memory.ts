// Prints by how many bytes 100,000 training steps, compiled or not as its argument says, grew the heap after the first 10,000. Its own process, because a
// collection has to be forced (--expose-gc) and nothing else may live on the heap.

import { compile, type Variable } from '@matgrad/autograd'
import { Generator, matrix } from '@matgrad/core'
import { Linear, mseLoss, Sequential, SGD, Tanh } from '@matgrad/nn'

const [WARM_UP, STEPS] = [10_000, 100_000]
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

let runs = 0
function train(): Variable {
  runs++
  model.zeroGrad()
  const loss = mseLoss(model.forward(x), y)
  loss.backward()
  optimizer.step()
  return loss
}
const step = process.argv[2] === 'compiled' ? compile(train) : train

let [before, loss] = [0, 0]
for (let i = 0; i < STEPS; i++) {
  if (i === WARM_UP) before = used()
  loss = step().item()
}
console.log(JSON.stringify({ grown: used() - before, loss, runs }))
