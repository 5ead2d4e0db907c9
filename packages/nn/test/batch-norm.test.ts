// Batch normalisation against PyTorch, its derivatives against differences, and its state.

import { constant, type Variable, variable } from '@matgrad/autograd'
import { DTypeError, Generator, MatgradError, type Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { BatchNorm1d, type BatchNormOptions, Linear, mseLoss, Sequential, SGD, Tanh } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { gradcheck, predict, run, stepOf } from './run.ts'
import { bitsOf, DTYPES, errorOf, expectClose, noise, type Stored, sample, toMatrix } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const float64 = { dtype: 'float64' } as const
type State = Readonly<Record<string, Stored>>

interface Batch {
  readonly x: Stored
  readonly cotangent: Stored
  readonly y: Stored
  readonly gradients: readonly Stored[]
  readonly state: State
}

interface Run {
  readonly name: string
  readonly options: BatchNormOptions
  readonly state: State
  readonly learning: readonly Batch[]
  readonly evaluation: Batch
}

/** PyTorch's rows of features as 1xn matrices. */
const matricesOf = (state: State): Record<string, Matrix> =>
  Object.fromEntries(Object.entries(state).map(([name, stored]) => [name, toMatrix(stored)]))

// In float64 a column of 16 numbers around at most 10 times their deviation has statistics with fewer than 16 + 10 roundings
// of numbers that are at most 100 times as large as what is compared: 2600·2⁻⁵³ is below 10⁻¹² in all.
describe('values, gradients and running statistics are those of PyTorch within 10⁻¹²', async () => {
  const runs = await readJson<readonly Run[]>('nn/batch-norm.json')

  test('in every setting', () => {
    expect(runs).toHaveLength(5)
  })

  test.each(runs.map((run) => [run.name, run] as const))('%s', (_name, { options, state, learning, evaluation }) => {
    const layer = new BatchNorm1d(3, { ...options, ...float64 })
    layer.loadStateDict(matricesOf(state))
    const pass = (samples: Matrix, cotangent: Matrix): { y: Variable; gradients: Matrix[] } => {
      layer.zeroGrad()
      const x: Variable = variable(samples)
      const y = layer.forward(x)
      y.backward(cotangent as Matrix<number, 3>)
      return { y, gradients: [x, ...layer.parameters()].map(({ grad }) => grad as Matrix) }
    }
    function compare(batch: Batch, step: typeof pass): void {
      const { y, gradients } = step(toMatrix(batch.x), toMatrix(batch.cotangent))
      expectClose(y.value, toMatrix(batch.y), 1e-12, 1e-12)
      expect(gradients).toHaveLength(batch.gradients.length)
      for (const [i, gradient] of gradients.entries()) expectClose(gradient, toMatrix(batch.gradients[i]), 1e-12, 1e-12)
      const now = layer.stateDict()
      expect(Object.keys(now)).toEqual(Object.keys(batch.state))
      for (const [name, wanted] of Object.entries(matricesOf(batch.state))) expectClose(now[name], wanted, 1e-12)
    }
    const step = stepOf(pass, layer)
    for (const batch of learning) compare(batch, step)
    layer.eval()
    compare(evaluation, stepOf(pass, layer))
  })
})

describe('gradcheck to second order', () => {
  const draw = (rows: number, cols: number, seed: number): Matrix => sample(rows, cols, noise(seed))
  const args = [draw(5, 3, 1), draw(1, 3, 2), draw(1, 3, 3)]
  /** The layer as a function of its input and its parameters. */
  const layerOf = (training: boolean) => (x: Variable, weight: Variable, bias: Variable) => {
    const layer = Object.assign(new BatchNorm1d(3, float64), { weight, bias }).train(training)
    layer.runningMean?.assign(draw(1, 3, 4))
    return layer.forward(x)
  }

  test('through the statistics of the batch', () => {
    gradcheck(layerOf(true), args, { order: 2 })
  })

  test('with the running statistics, which are constant', () => {
    gradcheck(layerOf(false), args, { order: 2 })
  })
})

describe('BatchNorm1d', () => {
  test.each(DTYPES)('has the parameters and buffers of PyTorch, in %s', (dtype) => {
    const layer = new BatchNorm1d(2, { dtype })
    expect(layer.namedParameters().map(([name]) => name)).toEqual(['weight', 'bias'])
    const state = layer.stateDict()
    expect(Object.entries(state).map(([name, value]) => [name, value.toArray(), value.dtype])).toEqual([
      ['weight', [[1, 1]], dtype],
      ['bias', [[0, 0]], dtype],
      ['runningMean', [[0, 0]], dtype],
      ['runningVar', [[1, 1]], dtype],
    ])
    expect(layer.describe()).toBe('BatchNorm1d(2)')
    expect(Object.keys(new Sequential(new Linear(2, 2), layer).stateDict())).toContain('1.runningVar')
  })

  test('changes its running statistics in place, while learning alone', () => {
    const layer = new BatchNorm1d(1, { momentum: 0.5, ...float64 })
    const { runningMean, runningVar } = layer
    const x = matrix([[1], [3]], float64)
    stepOf((samples: Matrix) => layer.forward(samples), layer)(x)
    expect([layer.runningMean, layer.runningVar]).toEqual([runningMean, runningVar])
    expect([runningMean?.item(), runningVar?.item()]).toEqual([1, 1.5])
    run((samples: Matrix) => layer.eval().forward(samples), x)
    expect([runningMean?.item(), runningVar?.item()]).toEqual([1, 1.5])
  })

  test('uses the statistics of the batch out of learning, too, where it tracks none', () => {
    const layer = new BatchNorm1d(1, { trackRunningStats: false, eps: 0, ...float64 })
    const x = matrix([[1], [3]], float64)
    const y = run((samples: Matrix) => layer.eval().forward(samples), x)
    expect(y.value.toArray()).toEqual([[-1], [1]])
    expect(Object.keys(layer.stateDict())).toEqual(['weight', 'bias'])
  })

  test('records nothing for the running statistics', () => {
    const layer = new BatchNorm1d(2)
    const x = constant(sample(4, 2, noise(1), { dtype: 'float32' }))
    stepOf(() => layer.forward(x).sum().backward(), layer)()
    expect(x.grad).toBe(null)
    expect(layer.parameters().map(({ grad }) => grad !== null)).toEqual([true, true])
  })

  test('trains between layers, and goes on from a snapshot bit for bit', () => {
    const make = () => {
      const generator = new Generator(2)
      const model = new Sequential(
        new Linear(2, 5, { generator }),
        new BatchNorm1d(5),
        new Tanh(),
        new Linear(5, 1, { generator }),
      )
      const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
      const step = (): void => {
        optimizer.zeroGrad()
        mseLoss(model.forward(x), y).backward()
        optimizer.step()
      }
      return { model, optimizer, step: stepOf(step, model, optimizer) }
    }
    const random = noise(7)
    const [x, y] = [sample(16, 2, random, { dtype: 'float32' }), sample(16, 1, random, { dtype: 'float32' })]
    const learn = ({ step }: ReturnType<typeof make>, steps: number): void => {
      for (let i = 0; i < steps; i++) step()
    }
    const whole = make()
    learn(whole, 4)
    const snapshot = { model: whole.model.stateDict(), optimizer: whole.optimizer.stateDict() }
    learn(whole, 5)
    const resumed = make()
    resumed.model.loadStateDict(snapshot.model)
    resumed.optimizer.loadStateDict(snapshot.optimizer)
    learn(resumed, 5)
    expect(bitsOf(resumed.model)).toEqual(bitsOf(whole.model))
    expect(predict(resumed.model, x).equals(predict(whole.model, x))).toBe(true)
  })

  test.each([
    ['no feature', () => new BatchNorm1d(0), ShapeError, 'features is 0, wanted at least 1'],
    ['half a feature', () => new BatchNorm1d(0.5), DTypeError, 'features is 0.5, wanted a whole number'],
    ['a negative eps', () => new BatchNorm1d(1, { eps: -1 }), MatgradError, 'eps is -1, wanted 0 or more'],
    ['an eps that is a string', () => new BatchNorm1d(1, { eps: '1' } as Untyped), DTypeError, 'eps is "1"'],
    ['a momentum above 1', () => new BatchNorm1d(1, { momentum: 2 }), MatgradError, 'momentum is 2, wanted 0 to 1'],
    [
      'a momentum that is a string',
      () => new BatchNorm1d(1, { momentum: '1' } as Untyped),
      DTypeError,
      'momentum is "1"',
    ],
    [
      'affine by name',
      () => new BatchNorm1d(1, { affine: 'no' } as Untyped),
      DTypeError,
      'affine is "no", wanted true',
    ],
  ] as const)('%s throws', (_title, make, kind, message) => {
    const error = errorOf(make)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(`BatchNorm1d: ${message}`)
  })

  test.each([
    ['a sample alone', zeros(1, 3), 'x is 1x3, wanted at least two rows, for their variance'],
    ['no sample', zeros(0, 3), 'x is 0x3, wanted at least two rows, for their variance'],
    ['one column, which would broadcast', zeros(4, 1), 'x is 4x1, wanted 3 columns'],
    ['more columns', zeros(4, 5), 'x is 4x5, wanted 3 columns'],
  ])('%s throws while learning and changes nothing', (_title, x: Matrix, message) => {
    const layer = new BatchNorm1d(3)
    const before = layer.stateDict()
    const error = errorOf(() => run((samples: Matrix) => layer.forward(samples as Untyped), x))
    expect(error).toBeInstanceOf(ShapeError)
    expect(error.message).toBe(`BatchNorm1d: ${message}`)
    expect(layer.stateDict()).toEqual(before)
  })

  test('takes one sample, or none, out of learning', () => {
    const layer = new BatchNorm1d(3, { eps: 0 }).eval()
    const forward = stepOf((x: Matrix) => layer.forward(x as Matrix<number, 3>).value)
    expect(forward(matrix([[1, 2, 3]])).toArray()).toEqual([[1, 2, 3]])
    expect(forward(zeros(0, 3)).shape).toEqual([0, 3])
  })
})
