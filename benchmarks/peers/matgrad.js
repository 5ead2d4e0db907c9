import { compile } from '@matgrad/autograd'
import * as core from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { inTurns, unpack } from '../harness/batches.js'
import { versionOf } from '../harness/version.js'
import { derivative } from './derivatives.js'

const TYPES = { tanh: [nn.Tanh, nn.mseLoss], relu: [nn.ReLU, nn.crossEntropy] }

/** A multilayer perceptron and its loss. */
function network({ sizes, activation }, dtype = 'float32') {
  const [Activation, loss] = TYPES[activation]
  const layers = sizes.slice(1).flatMap((size, i) => [new nn.Linear(sizes[i], size, { dtype }), new Activation()])
  return { model: new nn.Sequential(...layers.slice(0, -1)), loss }
}

const stepOf = (model, loss, optimizer) => (x, y) => {
  optimizer.zeroGrad()
  const value = loss(model.forward(x), y)
  value.backward()
  optimizer.step()
  return value
}

/** A training step of a multilayer perceptron, compiled or not. */
function train(operands, { optimizer: algorithm, lr, momentum, batches, ...options }, compiled) {
  const { xs, ys, parameters } = unpack(operands, { batches })
  const { model, loss } = network(options, operands[0].dtype)
  for (const [i, { value }] of model.parameters().entries()) value.assign(parameters[i])
  const optimizers = {
    sgd: () => new nn.SGD(model.parameters(), { lr, momentum }),
    adam: () => new nn.Adam(model.parameters(), { lr }),
  }
  const eager = stepOf(model, loss, optimizers[algorithm]())
  const step = compiled ? compile(eager) : eager
  const next = inTurns(xs, ys)
  return () => {
    const [x, y] = next()
    return step(x, y).value
  }
}

/** An epoch: by `fit`, or by compiled steps on ready batches and a compiled forward pass of the validation data. */
function epoch(x, y, validX, validY, { batch, measured, lr, momentum, ...options }, compiled) {
  const { model, loss } = network(options)
  const optimizer = new nn.SGD(model.parameters(), { lr, momentum })
  if (!compiled) {
    const measures = measured ? { metrics: { accuracy: nn.accuracy }, validation: { x: validX, y: validY } } : {}
    const many = (epochs) => nn.fit(model, { x, y }, { loss, optimizer, epochs, batchSize: batch, ...measures })
    return Object.assign(async () => (await many(1)).loss[0], { many })
  }
  const step = compile(stepOf(model, loss, optimizer))
  const validate = compile((x, y) => loss(model.forward(x), y))
  const batches = [...new nn.DataLoader({ x, y }, { batchSize: batch })]
  return () => {
    let total = 0
    for (const each of batches) total += step(each.x, each.y).item() * each.x.rows
    if (measured) validate(validX, validY)
    return total / x.rows
  }
}

/** A whole training, from new weights. */
const training =
  (x, y, { passes, lr, momentum, ...options }) =>
  async () => {
    const { model, loss } = network(options)
    const optimizer = new nn.SGD(model.parameters(), { lr, momentum })
    return (await nn.fit(model, { x, y }, { loss, optimizer, epochs: passes })).loss[passes - 1]
  }

function predict(x, options, compiled) {
  const { model } = network(options)
  model.eval()
  const forward = compile((x) => model.forward(x))
  return compiled ? () => forward(x).value : () => nn.predict(model, x)
}

/** The first call of a compiled step of a new network. */
const trace =
  (x, y, { lr, momentum, ...options }) =>
  () => {
    const { model, loss } = network(options)
    return compile(stepOf(model, loss, new nn.SGD(model.parameters(), { lr, momentum })))(x, y).value
  }

export function start({ threads = 1, algorithm, compiled = false, forward = false }) {
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
      epoch: (...all) => epoch(...all, compiled),
      training,
      predict: (...all) => predict(...all, compiled),
      trace,
      derivative: (...all) => derivative(all.slice(0, -1), all.at(-1), { forward, compiled }),
    },
    output: (y) => (typeof y === 'number' ? [y] : y.data),
  }
}
