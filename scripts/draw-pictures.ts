// Draws the pictures of the README into docs/pictures/, the same at each run.

import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { concat, fromFunction, manualSeed, matrix } from '../packages/core/src/index.ts'
import * as nn from '../packages/nn/src/index.ts'

const { crossEntropy, Linear, mseLoss, plot, Sequential, SGD, Tanh } = nn

const folder = fileURLToPath(new URL('../docs/pictures/', import.meta.url))
mkdirSync(folder, { recursive: true })

const generator = manualSeed(3)
const halfMoon = (centre: readonly [number, number], sign: number) =>
  fromFunction(60, 2, (i, j) => centre[j] + sign * (j === 0 ? Math.cos : Math.sin)((Math.PI * i) / 59))
const x = concat([halfMoon([0, 0], 1), halfMoon([1, 0.5], -1)], 0).add(generator.normal(120, 2, 0, 0.1))
const moons: nn.Dataset = { x, y: fromFunction(120, 1, (i) => Number(i >= 60)) }
const classifier = new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 2))
await nn.fit(classifier, moons, {
  loss: crossEntropy,
  optimizer: new SGD(classifier.parameters(), { lr: 0.1, momentum: 0.9 }),
  epochs: 100,
})
const boundary = plot.decisionBoundary(classifier, moons, { title: 'moons', classes: ['upper moon', 'lower moon'] })
writeFileSync(`${folder}moons.svg`, boundary.toSVG())

const xor = matrix([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])
const network = new Sequential(new Linear(2, 4), new Tanh(), new Linear(4, 1))
await nn.fit(
  network,
  { x: xor, y: matrix([[0], [1], [1], [0]]) },
  { loss: mseLoss, optimizer: new SGD(network.parameters(), { lr: 0.1, momentum: 0.9 }), epochs: 300 },
)
writeFileSync(`${folder}xor.svg`, plot.graph(network).toSVG())
