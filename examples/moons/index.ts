// Two half moons that hold each other: no straight line parts them, a small network does.

import { concat, fromFunction, type Generator, type Matrix, manualSeed } from '@matgrad/core'
import {
  accuracy,
  crossEntropy,
  type Dataset,
  evaluate,
  fit,
  Linear,
  predict,
  Sequential,
  SGD,
  Tanh,
  trainTestSplit,
} from '@matgrad/nn'
import { lossChart } from '../terminal.ts'

const generator: Generator = manualSeed(3)

/** `count` points on each of two half circles, the second shifted and turned round, with noise. */
function makeMoons(count: number, noise: number): Dataset {
  const angle = (i: number): number => (Math.PI * i) / (count - 1)
  const upper = fromFunction(count, 2, (i, j) => (j === 0 ? Math.cos(angle(i)) : Math.sin(angle(i))))
  const lower = fromFunction(count, 2, (i, j) => (j === 0 ? 1 - Math.cos(angle(i)) : 0.5 - Math.sin(angle(i))))
  const x = concat([upper, lower], 0)
  return { x: x.add(generator.normal(x.rows, 2, 0, noise)), y: fromFunction(x.rows, 1, (i) => Number(i >= count)) }
}

const { train, test } = trainTestSplit(makeMoons(250, 0.15), { testSize: 0.2, generator })
const model = new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 16), new Tanh(), new Linear(16, 2))
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
const history = await fit(model, train, { loss: crossEntropy, optimizer, epochs: 60, validation: test })

console.log(`${lossChart(history)}\n`)
console.log(boundary(test, 72, 26))
const result = evaluate(model, test, { metrics: { accuracy } })
console.log(
  `\ntest accuracy ${(100 * result.accuracy).toFixed(1)} %: o and x are test points, the shade is what the model says`,
)

/** The plane around the points: the class that the model gives each place as a shade, the points on top. */
function boundary({ x, y }: Dataset, width: number, height: number): string {
  const [low, high] = [x.min(0).sub(0.3), x.max(0).add(0.3)]
  const place = (axis: 0 | 1, cell: number, cells: number): number =>
    low.get(0, axis) + ((cell + 0.5) / cells) * (high.get(0, axis) - low.get(0, axis))
  const places: Matrix = fromFunction(width * height, 2, (i, axis) =>
    axis === 0 ? place(0, i % width, width) : place(1, height - 1 - Math.floor(i / width), height),
  )
  const classes = predict(model, places).argmax(1)
  const cells = Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j): string => (classes.get(i * width + j, 0) === 0 ? '·' : '░')),
  )
  const cellOf = (axis: 0 | 1, value: number, count: number): number =>
    Math.floor(((value - low.get(0, axis)) / (high.get(0, axis) - low.get(0, axis))) * count)
  for (let i = 0; i < x.rows; i++)
    cells[height - 1 - cellOf(1, x.get(i, 1), height)][cellOf(0, x.get(i, 0), width)] = y.get(i, 0) === 0 ? 'o' : 'x'
  return cells.map((row) => row.join('')).join('\n')
}
