// The pictures of the README are those that are drawn now: `vitest run -u` draws them again.

import { concat, cos, linspace, manualSeed, matrix, sin } from '@matgrad/core'
import { crossEntropy, fit, Linear, mseLoss, plot, Sequential, SGD, Tanh } from '@matgrad/nn'
import { expect, test } from 'vitest'

test('two moons', async () => {
  const generator = manualSeed(3)
  // By the operations of the library, which give the same bits everywhere, as Math.sin does not.
  const angle = linspace(0, Math.PI, 60).T
  const upper = concat([cos(angle), sin(angle)], 1)
  const lower = matrix([[1, 0.5]]).sub(upper)
  const x = concat([upper, lower], 0).add(generator.normal(120, 2, 0, 0.1))
  const y = matrix(Array.from({ length: 120 }, (_, i) => [Number(i >= 60)]))
  const model = new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 2))
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
  await fit(model, { x, y }, { loss: crossEntropy, optimizer, epochs: 100 })
  const picture = plot.decisionBoundary(model, { x, y }, { title: 'moons', classes: ['upper moon', 'lower moon'] })
  await expect(picture.toSVG()).toMatchFileSnapshot('../../docs/pictures/moons.svg')
})

test('XOR', async () => {
  manualSeed(3)
  const x = matrix([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])
  const y = matrix([[0], [1], [1], [0]])
  const model = new Sequential(new Linear(2, 4), new Tanh(), new Linear(4, 1))
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
  await fit(model, { x, y }, { loss: mseLoss, optimizer, epochs: 300 })
  await expect(plot.graph(model).toSVG()).toMatchFileSnapshot('../../docs/pictures/xor.svg')
})
