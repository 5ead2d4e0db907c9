import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { versionOf } from '../harness/version.js'

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
    },
    output: (y) => y.dataSync(),
    release: (y) => y.dispose(),
  }
}
