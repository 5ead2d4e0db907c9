import { detectAnomaly, type Variable, variable } from '@matgrad/autograd'
import { full, Generator, MatgradError, type Matrix, matrix } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { describe, expect, test } from 'vitest'

/** A small classifier with layers of several kinds, and 80 samples. */
function world(lr = 0.1) {
  const generator = new Generator(1)
  const model = new nn.Sequential(
    new nn.Linear(6, 40, { generator }),
    new nn.BatchNorm1d(40),
    new nn.GELU(),
    new nn.Dropout(0.2, { generator }),
    new nn.Residual(new nn.Sequential(new nn.LayerNorm(40), new nn.Linear(40, 40, { generator }), new nn.Tanh())),
    new nn.Linear(40, 3, { generator }),
  )
  const data = { x: generator.normal(80, 6, 0, 1), y: generator.integers(80, 1, 0, 3) }
  const optimizer = new nn.SGD(model.parameters(), { lr, momentum: 0.9 })
  return { model, data, optimizer, generator }
}

/** A layer of somebody's, which takes the root of 0. */
class Root extends nn.Module {
  forward(x: Variable) {
    return x.relu().sqrt()
  }
}

const errorOf = async (run: () => unknown): Promise<MatgradError> => {
  const error = await Promise.resolve()
    .then(run)
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(error).toBeInstanceOf(MatgradError)
  return error as MatgradError
}

describe('around fit', () => {
  test('a training that goes well has the same bits', async () => {
    const train = async (around: typeof detectAnomaly) => {
      const { model, data, optimizer, generator } = world()
      const history = await around(() =>
        nn.fit(model, data, {
          ...{ loss: nn.crossEntropy, optimizer, epochs: 3, generator, clipNorm: 1 },
          metrics: { accuracy: nn.accuracy, f1: nn.f1({ average: 'macro' }) },
          validationSplit: 0.2,
        }),
      )
      return [history, ...Object.values(model.stateDict()).map((each) => each.toArray())]
    }
    expect(await train(detectAnomaly)).toEqual(await train((run) => run()))
  })

  test('one that diverges names the operation, and the line of the call', async () => {
    const { model, data, optimizer } = world(1e20)
    const options = { loss: nn.mseLoss, optimizer, epochs: 20 }
    const x = data.x
    const y = x.slice(0, 80, 0, 3)
    const { message } = await errorOf(() => detectAnomaly(() => nn.fit(model, { x, y }, options)))
    expect(message).toMatch(
      /^in layers\.1, BatchNorm1d\(40\): square: .* is Infinity at \d+, \d+, wanted finite numbers; operand 1 is \d+x\d+, /,
    )
    expect(message).toMatch(/detect-anomaly\.test\.ts(?:\?[^:]*)?:\d+:\d+$/)
  })

  test('the backward pass of a layer of somebody’s, after it has waited', async () => {
    const root = new nn.Sequential(new nn.Linear(2, 16), new Root(), new nn.Linear(16, 1))
    const optimizer = new nn.Adam(root.parameters())
    const batches = {
      async *[Symbol.asyncIterator]() {
        await new Promise((resolve) => setTimeout(resolve, 1))
        yield { x: full(4, 2, 1), y: full(4, 1, 1) }
      },
    }
    const { message } = await errorOf(() =>
      detectAnomaly(() => nn.fit(root, batches, { loss: nn.mseLoss, optimizer, epochs: 2 })),
    )
    expect(message).toMatch(
      /^backward of sqrt: the gradient \(4x16\) is (NaN|-?Infinity) at 0, \d+, .*detect-anomaly\.test\.ts(?:\?[^:]*)?:2\d:/,
    )
  })

  test('without it, the error of a loss that is not finite says that there is one', async () => {
    const { model, data, optimizer } = world(1e20)
    const y = data.x.slice(0, 80, 0, 3)
    const { message } = await errorOf(() =>
      nn.fit(model, { x: data.x, y }, { loss: nn.mseLoss, optimizer, epochs: 20 }),
    )
    expect(message).toContain('detectAnomaly(() => fit(…)) finds the operation')
  })

  test('evaluate and predict', () => {
    const { model, data } = world()
    const run = (): unknown => [
      nn.evaluate(model, data, { loss: nn.crossEntropy, metrics: { accuracy: nn.accuracy } }),
      nn.predict(model, data.x).toArray(),
    ]
    run()
    expect(detectAnomaly(run)).toEqual(run())
  })
})

describe('losses of what is at the edge of what they take have no anomaly in their values and gradients', () => {
  const hard = matrix([[0, 1], [1, 0], [1, 1]]) // biome-ignore format: rows
  const distributions = matrix([[0, 1], [1, 0], [0.5, 0.5]]) // biome-ignore format: rows
  const signs = matrix([[-1, 1], [1, 1], [-1, -1]]) // biome-ignore format: rows
  const far = matrix([[-80, 90], [100, -1000], [0, 0]]) // biome-ignore format: rows
  const classes = matrix([[0], [1], [-100]])
  const losses: Record<string, [(x: Variable, y: Matrix) => Variable, x: Matrix, y: Matrix]> = {
    mseLoss: [nn.mseLoss, far, hard],
    l1Loss: [nn.l1Loss, hard, hard],
    huberLoss: [nn.huberLoss, far, hard],
    smoothL1Loss: [nn.smoothL1Loss, hard, hard],
    hingeLoss: [nn.hingeLoss, far, signs],
    binaryCrossEntropy: [nn.binaryCrossEntropy, hard, full(3, 2, 1).sub(hard)],
    binaryCrossEntropyWithLogits: [nn.binaryCrossEntropyWithLogits, far, hard],
    klDiv: [(x, y) => nn.klDiv(x.logSoftmax(1), y), far, hard],
    'klDiv of logarithms': [(x, y) => nn.klDiv(x, y, { logTarget: true }), far.abs().neg(), far.abs().neg()],
    crossEntropy: [nn.crossEntropy({ ignoreIndex: -100 }), far, classes],
    'crossEntropy of probabilities': [nn.crossEntropy, far, distributions],
    'crossEntropy, smoothed': [nn.crossEntropy({ ignoreIndex: -100, labelSmoothing: 0.1 }), far, classes],
  }
  test.each(Object.entries(losses))('%s', (_name, [loss, x, y]) => {
    const run = (): unknown => {
      const leaf = variable(x.clone())
      const value = loss(leaf, y)
      value.backward()
      return [value.item(), leaf.grad?.toArray()]
    }
    expect(detectAnomaly(run)).toEqual(run())
  })

  test('what a loss refuses it refuses', () => {
    expect(() => detectAnomaly(() => nn.binaryCrossEntropy(full(1, 1, 2), full(1, 1, 1)))).toThrow(
      'binaryCrossEntropy: prediction 0, 0 is 2',
    )
  })
})
