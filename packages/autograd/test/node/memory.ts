// Prints how many bytes the heap grew by 20,000 steps, once for forward passes alone and once with backward. Its own
// process, because a collection has to be forced (--expose-gc) and nothing else may live on the heap.

import { variable } from '@matgrad/autograd'
import { Generator } from '@matgrad/core'

const STEPS = 20_000
const generator = new Generator('memory')
const weight = variable(generator.normal(4, 8))
const bias = variable(generator.normal(1, 8))
const x = generator.normal(4, 4)

const forward = () => weight.T.matmul(x).T.add(bias).tanh().square().mean()

const steps = {
  forward: () => {
    forward()
  },
  backward: () => {
    forward().backward()
    weight.grad = null
    bias.grad = null
  },
  // Gradients that add up keep one matrix, not the passes that they came from.
  accumulate: () => {
    forward().backward()
  },
}

function used(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const grown: Record<string, number> = {}
for (const [name, step] of Object.entries(steps)) {
  for (let i = 0; i < 2_000; i++) step()
  const before = used()
  for (let i = 0; i < STEPS; i++) step()
  grown[name] = used() - before
}
console.log(JSON.stringify(grown))
