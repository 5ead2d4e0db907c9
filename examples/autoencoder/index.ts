// Digits through the eye of a needle: a network that gives back its input of 784 pixels remembers it in 16 numbers.

import { concat, linalg, type Matrix, manualSeed } from '@matgrad/core'
import { Adam, fit, init, Linear, mseLoss, plot, predict, ReLU, Sequential, Sigmoid } from '@matgrad/nn'
import { progress } from '@matgrad/nn/node'
import { trainingLength } from '../command-line.ts'
import { loadMnist } from '../mnist/data.ts'
import { outputFolder, savePng } from '../output.ts'

const CODE = 16

manualSeed(0)
const [train, test] = Object.values(await loadMnist((ink) => ink)).map(({ x }) => x)

// 1. Down to the code and up again. No activation follows the code, so that it may be any numbers; pixels are from 0 to 1.
const kaiming = { init: init.kaimingUniform() }
const encoder = new Sequential(new Linear(784, 64, kaiming), new ReLU(), new Linear(64, CODE))
const decoder = new Sequential(new Linear(CODE, 64, kaiming), new ReLU(), new Linear(64, 784), new Sigmoid())
const model = new Sequential(encoder, decoder)
console.log(`${model.summary()}\n`)

// 2. The target is the input: nobody has to say what an image shows.
await fit(
  model,
  { x: train, y: train },
  {
    loss: mseLoss,
    optimizer: new Adam(model.parameters(), { lr: 0.003 }),
    epochs: trainingLength(8),
    batchSize: 128,
    validation: { x: test, y: test },
    callbacks: [progress()],
  },
)

// 3. What 16 numbers can do at best without a nonlinearity: the principal components, those of 10,000 images here.
const mean = train.mean(0)
const { Vh: components } = linalg.randomizedSvd(train.slice(0, 10_000).sub(mean), CODE)
const principal = (x: Matrix): Matrix =>
  x.sub(mean).matmul(components, { transposeB: true }).matmul(components).add(mean)

const error = (name: string, reconstructed: Matrix): void =>
  console.log(`${name.padEnd(22)}${mseLoss(reconstructed, test).item().toFixed(4)}`)
console.log('\nmean squared error of a pixel of the test images')
error('the mean image', mean.broadcastTo(test.rows, 784))
error(`${CODE} components`, principal(test))
error('autoencoder', predict(model, test))

// 4. Images, and below them what came back.
const images = test.slice(0, 10)
const rows = { originals: images, 'from the code': predict(model, images), 'from components': principal(images) }
for (const [title, x] of Object.entries(rows).slice(0, 2)) {
  console.log()
  console.log(plot.images(x.slice(0, 4), { title, range: [0, 1] }))
}
const all = plot.images(concat(Object.values(rows), 0), { perRow: 10, range: [0, 1] })
const path = await savePng(outputFolder('autoencoder'), 'digits.png', all)
console.log(`\noriginals, what came back from the code, and from the components: ${path}`)
