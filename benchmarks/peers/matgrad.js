import { compile } from '@matgrad/autograd'
import * as core from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { inTurns, unpack } from '../harness/batches.js'
import { versionOf } from '../harness/version.js'

/** A training step of a multilayer perceptron, compiled or not. */
function train(operands, { sizes, activation, optimizer: algorithm, lr, momentum, batches }, compiled) {
  const { xs, ys, parameters } = unpack(operands, { batches })
  const [Activation, loss] = { tanh: [nn.Tanh, nn.mseLoss], relu: [nn.ReLU, nn.crossEntropy] }[activation]
  const { dtype } = operands[0]
  const layers = sizes.slice(1).flatMap((size, i) => [new nn.Linear(sizes[i], size, { dtype }), new Activation()])
  const model = new nn.Sequential(...layers.slice(0, -1))
  for (const [i, { value }] of model.parameters().entries()) value.assign(parameters[i])
  const optimizers = {
    sgd: () => new nn.SGD(model.parameters(), { lr, momentum }),
    adam: () => new nn.Adam(model.parameters(), { lr }),
  }
  const optimizer = optimizers[algorithm]()
  const eager = (x, y) => {
    optimizer.zeroGrad()
    const value = loss(model.forward(x), y)
    value.backward()
    optimizer.step()
    return value
  }
  const step = compiled ? compile(eager) : eager
  const next = inTurns(xs, ys)
  return () => {
    const [x, y] = next()
    return step(x, y).value
  }
}

export function start({ threads = 1, algorithm, compiled = false }) {
  if (threads > 1 && !core.configure) throw new Error('it has no threads')
  core.configure?.({ threads })
  const unary = (f) => (x) => () => f(x)
  const binary = (f) => (a, b) => () => f(a, b)
  const { linalg } = core
  return {
    about: `matgrad ${versionOf('@matgrad/core')}`,
    input: core.matrix,
    ops: {
      matmul: (a, b, options) => {
        const all = algorithm ? { ...options, algorithm } : options
        return () => core.matmul(a, b, all)
      },
      exp: unary(core.exp),
      tanh: unary(core.tanh),
      sigmoid: unary(core.sigmoid),
      gelu: unary(core.gelu),
      sum: unary(core.sum),
      sort: unary(core.sort),
      argsort: unary(core.argsort),
      median: unary(core.median),
      softmax: (x) => () => core.softmax(x, 1),
      add: binary(core.add),
      mul: binary(core.mul),
      randn:
        ({ rows, cols }) =>
        () =>
          core.randn(rows, cols),
      inv: unary(linalg.inv),
      solve: binary(linalg.solve),
      det: unary(linalg.det),
      cholesky: unary(linalg.cholesky),
      pinv: unary(linalg.pinv),
      qr: (a) => () => {
        const { Q, R } = linalg.qr(a)
        return [Q, R]
      },
      svd: (a) => () => {
        const { U, S, Vh } = linalg.svd(a)
        return [U, S, Vh]
      },
      eigh: (a) => () => {
        const { values, vectors } = linalg.eigh(a)
        return [values, vectors]
      },
      eig: (a) => () => {
        const { values, vectors } = linalg.eig(a)
        return [values.re, values.im, vectors.re, vectors.im]
      },
      train: (...all) => train(all.slice(0, -1), all.at(-1), compiled),
    },
    output: (y) => (typeof y === 'number' ? [y] : y.data),
  }
}
