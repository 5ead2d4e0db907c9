// Operations run when their result is asked for, and consume a reference to each operand.

import { init, jit, nn, numpy as np, random, valueAndGrad } from '@jax-js/jax'
import { inTurns, unpack } from '../harness/batches.js'
import { versionOf } from '../harness/version.js'

// It asks whether data are of this class, which Node 20 lacks.
globalThis.Float16Array ??= class {}

/** Like PyTorch's: what becomes of a value, its moments and its gradient, by the rates of the step of that number. */
const optimizers = {
  sgd: ({ lr, momentum }) => ({
    rates: () => [lr],
    update: (value, [v], gradient, [rate]) => {
      const velocity = v.mul(momentum).add(gradient)
      return [value.sub(velocity.ref.mul(rate)), [velocity]]
    },
    moments: 1,
  }),
  adam: ({ lr }) => ({
    rates: (t) => [lr / (1 - 0.9 ** t), 1 / Math.sqrt(1 - 0.999 ** t)],
    update: (value, [m, v], gradient, [rate, scale]) => {
      const mean = m.mul(0.9).add(gradient.ref.mul(1 - 0.9))
      const square = v.mul(0.999).add(np.square(gradient).mul(1 - 0.999))
      const step = mean.ref.mul(rate).div(np.sqrt(square.ref).mul(scale).add(1e-8))
      return [value.sub(step), [mean, square]]
    },
    moments: 2,
  }),
}

/** A compiled training step of a multilayer perceptron. */
function train(operands, { sizes, activation, optimizer, batches, ...settings }) {
  const { xs, ys, parameters } = unpack(operands, { batches })
  const { rates, update, moments } = optimizers[optimizer](settings)
  const tanh = activation === 'tanh'
  const oneHot = (y) => nn.oneHot(y.reshape([-1]).astype(np.int32), sizes.at(-1))
  const next = inTurns(xs, tanh ? ys : ys.map(oneHot))
  const loss = (values, x, y) => {
    let h = x
    for (let i = 0; i < values.length; i += 2) {
      const z = np.matmul(h, np.transpose(values[i])).add(values[i + 1])
      h = i === values.length - 2 ? z : tanh ? np.tanh(z) : nn.relu(z)
    }
    return tanh ? np.mean(np.square(h.sub(y))) : np.mean(np.sum(nn.logSoftmax(h, 1).mul(y), 1)).mul(-1)
  }
  const step = jit((values, memory, x, y, rate) => {
    const [value, gradients] = valueAndGrad(loss)(
      values.map((each) => each.ref),
      x,
      y,
    )
    const updated = values.map((each, i) =>
      update(
        each,
        memory[i],
        gradients[i],
        rate.map((one) => one.ref),
      ),
    )
    for (const one of rate) one.dispose()
    return [value, updated.map(([each]) => each), updated.map(([, remembered]) => remembered)]
  })
  let values = parameters
  let memory = parameters.map((each) => Array.from({ length: moments }, () => np.zerosLike(each.ref)))
  let t = 0
  return () => {
    const [x, y] = next()
    const [value, ...state] = step(
      values,
      memory,
      x.ref,
      y.ref,
      rates(++t).map((rate) => np.array(rate)),
    )
    ;[values, memory] = state
    return value.blockUntilReady()
  }
}

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
      train: (...all) => train(all.slice(0, -1), all.at(-1)),
    },
    output: (y) => y.ref.dataSync(),
    release: (y) => y.dispose(),
  }
}
