// Operations run when their result is asked for, and consume a reference to each operand.

import { init, nn, numpy as np, random } from '@jax-js/jax'
import { versionOf } from '../harness/version.js'

// It asks whether data are of this class, which Node 20 lacks.
globalThis.Float16Array ??= class {}

export async function start() {
  await init('wasm')
  const unary = (f) => (x) => () => f(x.ref).blockUntilReady()
  const binary = (f) => (a, b) => () => f(a.ref, b.ref).blockUntilReady()
  const key = random.key(0)
  return {
    about: `jax-js ${versionOf('@jax-js/jax')} with its wasm backend`,
    input: (data, rows, cols) => np.array(data).reshape([rows, cols]),
    ops: {
      matmul: (a, b, { transposeA, transposeB }) => {
        const left = (x) => (transposeA ? np.transpose(x) : x)
        const right = (x) => (transposeB ? np.transpose(x) : x)
        return () => np.matmul(left(a.ref), right(b.ref)).blockUntilReady()
      },
      exp: unary(np.exp),
      tanh: unary(np.tanh),
      sigmoid: unary(nn.sigmoid),
      softmax: unary((x) => nn.softmax(x, 1)),
      gelu: unary((x) => nn.gelu(x, { approximate: false })),
      sum: unary((x) => np.sum(x)),
      add: binary(np.add),
      mul: binary(np.multiply),
      randn:
        ({ rows, cols }) =>
        () =>
          random.normal(key.ref, [rows, cols]).blockUntilReady(),
    },
    output: (y) => y.ref.dataSync(),
    release: (y) => y.dispose(),
  }
}
