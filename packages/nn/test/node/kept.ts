// Prints how many bytes of array buffers small results of each kind hold for a byte of theirs, while others come and go
// between them. Its own process, because collections have to be forced (--expose-gc).

import { setTimeout } from 'node:timers/promises'
import { noGrad, type Variable, valueAndGrad } from '@matgrad/autograd'
import { type Matrix, manualSeed, rand } from '@matgrad/core'
import { Linear, mseLoss, Sequential, SGD, Tanh } from '@matgrad/nn'

const KEPT = 500
/** A byte more than a vector: what a size wastes by being rounded up is most. */
const WIDTH = 17

manualSeed(0)
const x = rand(5, WIDTH)
const [rows, target] = [rand(3, WIDTH), rand(3, 1)]
const model = new Sequential(new Linear(WIDTH, WIDTH), new Tanh(), new Linear(WIDTH, 1))
const hidden = model.layers[0] as Linear
const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 })

function step(): Variable {
  optimizer.zeroGrad()
  const loss = mseLoss(model.forward(rows), target)
  loss.backward()
  optimizer.step()
  return loss
}

/** What gives one matrix, or several, with what is garbage afterwards. */
const kinds: Record<string, () => Matrix | Matrix[]> = {
  operation: () => x.mean(0),
  random: () => rand(1, WIDTH),
  value: () => hidden.forward(rows).tanh().value,
  'detached value': () => hidden.forward(rows).tanh().detach().value,
  prediction: () => noGrad(() => hidden.forward(rows)).value,
  gradient: () => {
    step()
    return hidden.weight.grad as Matrix
  },
  'gradient of a row': () => {
    step()
    return hidden.bias?.grad as Matrix
  },
  grad: () => valueAndGrad((a: Variable) => a.tanh().square().sum())(x)[1].value,
  state: () => Object.values(model.stateDict()),
}

async function held(): Promise<number> {
  globalThis.gc?.()
  await setTimeout(10)
  globalThis.gc?.()
  return process.memoryUsage().arrayBuffers
}

const factors: Record<string, number> = {}
for (const [name, make] of Object.entries(kinds)) {
  const garbage = (): void => {
    for (let i = 0; i < 2; i++) make()
    for (let i = 0; i < 5; i++) x.mul(2).add(rand(1, WIDTH))
    step()
  }
  garbage()
  const kept: Matrix[] = []
  const before = await held()
  for (let i = 0; i < KEPT; i++) {
    kept.push(...[make()].flat())
    garbage()
  }
  let bytes = 0
  for (const { size } of kept) if (size * 4 > 64) bytes += size * 4
  // What was dropped may be freed a little later.
  let grown = Number.POSITIVE_INFINITY
  for (let i = 0; i < 20 && grown > 4 * bytes; i++) grown = (await held()) - before
  factors[name] = grown / bytes
  kept.length = 0
}
console.log(JSON.stringify(factors))
