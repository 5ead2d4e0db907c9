// Two half moons that hold each other: no straight line parts them, a small network does.

import { concat, fromFunction, type Generator, manualSeed } from '@matgrad/core'
import {
  accuracy,
  crossEntropy,
  type Dataset,
  evaluate,
  fit,
  Linear,
  plot,
  Sequential,
  SGD,
  Tanh,
  trainTestSplit,
} from '@matgrad/nn'

const generator: Generator = manualSeed(3)

/** `count` points on each of two half circles, the second shifted and turned round, with noise. */
function makeMoons(count: number, noise: number): Dataset {
  const angle = (i: number): number => (Math.PI * i) / (count - 1)
  const upper = fromFunction(count, 2, (i, j) => (j === 0 ? Math.cos(angle(i)) : Math.sin(angle(i))))
  const lower = fromFunction(count, 2, (i, j) => (j === 0 ? 1 - Math.cos(angle(i)) : 0.5 - Math.sin(angle(i))))
  const x = concat([upper, lower], 0)
  return { x: x.add(generator.normal(x.rows, 2, 0, noise)), y: fromFunction(x.rows, 1, (i) => Number(i >= count)) }
}

const { train, test } = trainTestSplit(makeMoons(250, 0.1), { testSize: 0.2, generator })
const model = new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 16), new Tanh(), new Linear(16, 2))
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
const history = await fit(model, train, { loss: crossEntropy, optimizer, epochs: 150, validation: test })

console.log(plot.lossCurve(history))
console.log()
console.log(
  plot.decisionBoundary(model, test, { title: 'the test set', classes: ['the upper moon', 'the lower moon'] }),
)
const result = evaluate(model, test, { metrics: { accuracy } })
console.log(`\ntest accuracy ${(100 * result.accuracy).toFixed(1)} %`)
