// XOR: the smallest problem that a network without a hidden layer cannot solve.

import { manualSeed, matrix } from '@matgrad/core'
import { fit, Linear, mseLoss, plot, predict, Sequential, SGD, Tanh } from '@matgrad/nn'

manualSeed(7)
const x = matrix([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])
const y = matrix([[0], [1], [1], [0]])

const model = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1))
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
const history = await fit(model, { x, y }, { loss: mseLoss, optimizer, epochs: 300 })

console.log(plot.lossCurve(history))
const answers = predict(model, x)
for (let i = 0; i < 4; i++)
  console.log(`${x.get(i, 0)} xor ${x.get(i, 1)} = ${answers.get(i, 0).toFixed(4)}, wanted ${y.get(i, 0)}`)
console.log(`loss ${history.loss[history.loss.length - 1].toExponential(1)} after ${history.loss.length} steps`)
