// Prints how many bytes the heap grew by 5,000 steps, once for forward passes alone and once with backward, by 300 of what
// differentiates otherwise, and by a tape of 100,000 operations. Its own process,
// because a collection has to be forced (--expose-gc) and nothing else may live on the heap.

import { hessian, hvp, jvp, type Variable, variable, vjp } from '@matgrad/autograd'
import { Generator } from '@matgrad/core'

const STEPS = 5_000
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
  transforms: () => {
    const of = (w: Variable): Variable => w.T.matmul(x).T.add(bias).tanh()
    vjp(of, weight)[1](of(weight).value)
    jvp(of, [weight], [weight])
    hvp((w: Variable) => of(w).sum(), [weight], [weight])
    hessian((b: Variable) => b.tanh().sum(), bias)
  },
  tape: () => {
    const long = (b: Variable): Variable => {
      let y = b
      for (let i = 0; i < 100_000; i++) y = y.mul(1)
      return y.square().sum()
    }
    hvp(long, [bias], [bias])
  },
}
const counts: Record<string, number> = { transforms: 300, tape: 1 }

function used(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const grown: Record<string, number> = {}
for (const [name, step] of Object.entries(steps)) {
  const count = counts[name] ?? STEPS
  for (let i = 0; i < count / 10; i++) step()
  const before = used()
  for (let i = 0; i < count; i++) step()
  grown[name] = used() - before
}
console.log(JSON.stringify(grown))
