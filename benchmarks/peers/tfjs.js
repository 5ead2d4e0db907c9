import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { inTurns, unpack } from '../harness/batches.js'
import { versionOf } from '../harness/version.js'

/** A training step of a multilayer perceptron. */
function train(operands, { sizes, activation, optimizer: algorithm, lr, momentum, batches }) {
  if (algorithm !== 'sgd') return undefined
  const { xs, ys, parameters } = unpack(operands, { batches })
  const oneHot = (y) => tf.oneHot(tf.cast(tf.squeeze(y, [1]), 'int32'), sizes.at(-1))
  const [activate, loss] = {
    tanh: [tf.tanh, tf.losses.meanSquaredError],
    relu: [tf.relu, tf.losses.softmaxCrossEntropy],
  }[activation]
  const values = parameters.map((initial) => tf.variable(initial))
  const optimizer = tf.train.momentum(lr, momentum)
  const forward = (x) => {
    let h = x
    for (let i = 0; i < values.length; i += 2) {
      const z = tf.add(tf.matMul(h, values[i], false, true), values[i + 1])
      h = i === values.length - 2 ? z : activate(z)
    }
    return h
  }
  const next = inTurns(xs, activation === 'tanh' ? ys : ys.map(oneHot))
  return () => {
    const [x, y] = next()
    return optimizer.minimize(() => loss(y, forward(x)), true)
  }
}

/** An epoch of `model.fit`. */
function epoch(x, y, _validX, _validY, { sizes, activation, batch, lr, momentum }) {
  const model = tf.sequential()
  for (const [i, units] of sizes.slice(1).entries())
    model.add(
      tf.layers.dense({
        units,
        ...(i === 0 && { inputShape: [sizes[0]] }),
        ...(i < sizes.length - 2 && { activation }),
      }),
    )
  const isRegression = activation === 'tanh'
  const ofLogits = (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits)
  model.compile({
    optimizer: tf.train.momentum(lr, momentum),
    loss: isRegression ? 'meanSquaredError' : ofLogits,
  })
  const target = isRegression ? y : tf.oneHot(tf.cast(tf.squeeze(y, [1]), 'int32'), sizes.at(-1))
  const many = (epochs) => model.fit(x, target, { epochs, batchSize: batch, shuffle: true, verbose: 0 })
  return Object.assign(async () => (await many(1)).history.loss[0], { many })
}

export async function start() {
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`)
  await tf.setBackend('wasm')
  await tf.ready()
  const unary = (f) => (x) => () => f(x)
  const binary = (f) => (a, b) => () => f(a, b)
  return {
    about: `TensorFlow.js ${versionOf('@tensorflow/tfjs')} with its wasm backend`,
    input: (data, rows, cols) => tf.tensor2d(data, [rows, cols]),
    ops: {
      matmul:
        (a, b, { transposeA, transposeB }) =>
        () =>
          tf.matMul(a, b, transposeA, transposeB),
      exp: unary(tf.exp),
      tanh: unary(tf.tanh),
      sigmoid: unary(tf.sigmoid),
      softmax: unary(tf.softmax),
      gelu: (x) => () => tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))),
      sum: unary(tf.sum),
      add: binary(tf.add),
      mul: binary(tf.mul),
      randn:
        ({ rows, cols }) =>
        () =>
          tf.randomNormal([rows, cols]),
      train: (...all) => train(all.slice(0, -1), all.at(-1)),
      epoch,
    },
    output: (y) => (typeof y === 'number' ? [y] : y.dataSync()),
    release(y) {
      if (typeof y !== 'number') y.dispose()
    },
  }
}
