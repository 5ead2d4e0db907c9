// When a training ends early, and with which weights.

import { DTypeError, Generator, MatgradError, ShapeError } from '@matgrad/core'
import {
  BatchNorm1d,
  type Callback,
  type EarlyStoppingOptions,
  earlyStopping,
  Linear,
  type Logs,
  type Module,
  mseLoss,
  Sequential,
  SGD,
} from '@matgrad/nn'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fit } from './run.ts'
import { bitsOf, errorOf, noise, sample, xor } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: what fit gives is made by hand
type Untyped = any

const { NaN: none, POSITIVE_INFINITY: infinity } = Number

/** What becomes of a training whose logs have these values one after another. */
async function follow(values: readonly number[], options: EarlyStoppingOptions = {}, name = 'loss') {
  const callback = earlyStopping(options)
  let stopped = false
  const stop = (): void => {
    stopped = true
  }
  const training: Untyped = { history: { loss: [], [name]: [] }, model: new Linear(1, 1), stop }
  await callback.onTrainBegin?.(training)
  let epochs = 0
  for (const [epoch, value] of values.entries()) {
    const logs: Logs = { loss: 0, [name]: value }
    await callback.onEpochEnd?.(epoch, logs, training)
    epochs++
    if (stopped) break
  }
  await callback.onTrainEnd?.(training)
  const { best, bestEpoch, stoppedEpoch } = callback
  return { epochs, best, bestEpoch, stoppedEpoch }
}

describe('when it ends a training', () => {
  test.each<[string, number[], EarlyStoppingOptions, number]>([
    ['with patience 0, after the first epoch that is no better', [3, 2, 2, 1], {}, 3],
    ['with patience 1, too', [3, 2, 2, 1], { patience: 1 }, 3],
    ['with patience 2, after the second in a row', [3, 2, 2, 1, 1, 4, 0], { patience: 2 }, 6],
    ['not before that', [3, 4, 2, 4, 1, 4], { patience: 2 }, 6],
    ['where nothing is better by minDelta', [3, 2.5, 2, 1.6, 1.5], { minDelta: 1, patience: 2 }, 3],
    ['not where a slow fall sums up to more than minDelta', [3, 2.6, 1.9, 1.5, 0.8], { minDelta: 1, patience: 2 }, 5],
    ['after NaN, which is no better', [3, none, 2, 1], {}, 2],
    ['not after the first epoch, whatever it is', [none, 3, 2, 3, 1], {}, 4],
    ['after infinities, which are no better', [infinity, infinity, 1], {}, 2],
    ['where more is better', [3, 4, 4, 5], { mode: 'max' }, 3],
    ['only from an epoch on', [1, 2, 3, 4, 3, 3, 1], { startFromEpoch: 3 }, 6],
  ])('%s', async (_title, values, options, epochs) => {
    expect((await follow(values, options)).epochs).toBe(epochs)
  })

  test('it says what was best, and when', async () => {
    const wanted = { epochs: 5, best: 1, bestEpoch: 2, stoppedEpoch: 4 }
    expect(await follow([3, none, 1, 1, 2, 0], { patience: 2 })).toEqual(wanted)
    expect(await follow([3, 1], { patience: 2 })).toEqual({ epochs: 2, best: 1, bestEpoch: 1, stoppedEpoch: null })
    expect(await follow([none, none])).toEqual({ epochs: 2, best: null, bestEpoch: null, stoppedEpoch: 1 })
  })

  test('as a plain loop over all values does (property)', async () => {
    const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(none)), {
      minLength: 1,
      maxLength: 30,
    })
    const settings = fc.record({
      patience: fc.nat(4),
      minDelta: fc.nat(2),
      startFromEpoch: fc.nat(4),
      mode: fc.constantFrom('min', 'max'),
    })
    await fc.assert(
      fc.asyncProperty(values, settings, async (values, options) => {
        const { patience, minDelta, startFromEpoch, mode } = options
        const sign = mode === 'min' ? 1 : -1
        let bestEpoch: number | null = null
        let end = values.length
        for (let i = startFromEpoch; i < values.length; i++) {
          const isBetter =
            bestEpoch === null ? !Number.isNaN(values[i]) : sign * (values[bestEpoch] - values[i]) > minDelta
          if (isBetter) bestEpoch = i
          else if (i > 0 && i - (bestEpoch ?? startFromEpoch - 1) >= patience) {
            end = i + 1
            break
          }
        }
        const got = await follow(values, options)
        expect([got.epochs, got.bestEpoch]).toEqual([end, bestEpoch])
      }),
    )
  })
})

describe('what it watches', () => {
  test.each([
    ['loss', 'min'],
    ['valLoss', 'min'],
    ['meanAbsoluteError', 'min'],
    ['valRootMeanSquaredError', 'min'],
    ['mse', 'min'],
    ['accuracy', 'max'],
    ['valAccuracy', 'max'],
    ['valBinaryAccuracy', 'max'],
    ['acc', 'max'],
    ['auc', 'max'],
    ['valF1', 'max'],
    ['precision', 'max'],
    ['recall', 'max'],
    ['valR2', 'max'],
    ['topK', 'max'],
    ['top5', 'max'],
  ])('%s is better where it is %simal', async (monitor, mode) => {
    expect((await follow([1, 2, 3, 2, 1], { monitor, patience: 9 }, monitor)).bestEpoch).toBe(mode === 'max' ? 2 : 0)
    const other = mode === 'max' ? 'min' : 'max'
    expect((await follow([1, 2, 3, 2, 1], { monitor, mode: other, patience: 9 }, monitor)).bestEpoch).toBe(
      mode === 'max' ? 0 : 2,
    )
  })

  test('a name that does not say what is better wants a mode, before the first step', async () => {
    const error = await follow([1, 2], { monitor: 'half' }, 'half').catch((e) => e)
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toBe("earlyStopping: mode is undefined for half, wanted 'min' or 'max'")
    expect((await follow([1, 2], { monitor: 'half', mode: 'min' }, 'half')).bestEpoch).toBe(0)
  })

  test('the loss of the validation data if there are some, and else the loss', async () => {
    for (const validation of [undefined, xor()]) {
      const model = new Linear(2, 1, { generator: new Generator(1) })
      const callback = earlyStopping({ patience: 99 })
      const optimizer = new SGD(model.parameters(), { lr: 0.1 })
      const given = { loss: mseLoss, optimizer, epochs: 3, callbacks: [callback] }
      const history = await fit(model, xor(), validation ? { ...given, validation } : given)
      expect(callback.best).toBe(Math.min(...history[validation ? 'valLoss' : 'loss']))
    }
  })

  test('a name that is not in the logs is refused, before the first step, with those that are', async () => {
    const model = new Linear(2, 1)
    const before = bitsOf(model)
    const optimizer = new SGD(model.parameters(), { lr: 0.1 })
    const run = (monitor: string) => {
      const metrics = { half: () => 0.5 }
      const given = { loss: mseLoss, optimizer, epochs: 3, validation: xor(), metrics }
      return fit(model, xor(), { ...given, callbacks: [earlyStopping({ monitor })] })
    }
    const wanted = 'wanted one of loss, half, valLoss, valHalf'
    await expect(run('val_loss')).rejects.toThrow(
      new MatgradError(`earlyStopping: monitor is val_loss, ${wanted}: did you mean valLoss?`),
    )
    await expect(run('__proto__')).rejects.toThrow(new MatgradError(`earlyStopping: monitor is __proto__, ${wanted}`))
    expect(bitsOf(model)).toEqual(before)
  })
})

test('options that make no sense are refused', () => {
  expect(errorOf(() => earlyStopping({ patience: -1 }))).toBeInstanceOf(ShapeError)
  expect(errorOf(() => earlyStopping({ startFromEpoch: -1 }))).toBeInstanceOf(ShapeError)
  expect(errorOf(() => earlyStopping({ patience: 0.5 }))).toBeInstanceOf(DTypeError)
  for (const minDelta of [-1, none, infinity])
    expect(errorOf(() => earlyStopping({ minDelta })).message).toContain(
      `earlyStopping: minDelta is ${minDelta}, wanted 0 or more`,
    )
  expect(errorOf(() => earlyStopping({ mode: 'less' } as Untyped)).message).toBe(
    `earlyStopping: mode is "less", wanted 'min' or 'max'`,
  )
})

/** A model with buffers. */
const make = (): Module => {
  const generator = new Generator(3)
  return new Sequential(new Linear(2, 3, { generator }), new BatchNorm1d(3), new Linear(3, 1, { generator }))
}

/** The bits of the model after each epoch, and at the end of a training whose metric takes these values. */
async function restored(values: readonly number[], options: EarlyStoppingOptions, more: Callback = {}, model = make()) {
  const callback = earlyStopping({ monitor: 'accuracy', restoreBest: true, ...options })
  const after: unknown[] = []
  const collect: Callback = { onEpochEnd: (_epoch, _logs, { model }) => void after.push(bitsOf(model)) }
  let epoch = 0
  const error = await fit(
    model,
    { x: sample(8, 2, noise(1), { dtype: 'float32' }), y: sample(8, 1, noise(2), { dtype: 'float32' }) },
    {
      loss: mseLoss,
      optimizer: new SGD(model.parameters(), { lr: 0.1 }),
      epochs: values.length,
      metrics: { accuracy: () => values[epoch++] },
      callbacks: [callback, collect, more],
    },
  ).catch((error) => error)
  return { callback, after, end: bitsOf(model), error }
}

describe('restoreBest', () => {
  test('gives back weights and buffers of the best epoch where it stopped', async () => {
    const { callback, after, end } = await restored([1, 3, 2, 2, 9], { patience: 2 })
    expect(callback).toMatchObject({ best: 3, bestEpoch: 1, stoppedEpoch: 3 })
    expect(end).toEqual(after[1])
    expect(after[3]).not.toEqual(after[1])
  })

  test('where the training ended without it', async () => {
    const { callback, after, end } = await restored([1, 3, 2, 2], { patience: 9 })
    expect(callback).toMatchObject({ best: 3, bestEpoch: 1, stoppedEpoch: null })
    expect(end).toEqual(after[1])
  })

  test('where another stopped it, or it ended by an error', async () => {
    const stops: Callback = {
      onBatchEnd: (_batch, _logs, { history, stop }) => void (history.loss.length === 2 && stop()),
    }
    const fails: Callback = { onEpochBegin: (epoch) => void (epoch === 3 && expect.fail('thrown')) }
    for (const more of [stops, fails]) {
      const { after, end } = await restored([1, 3, 2, 2], { patience: 9 }, more)
      expect(after.length).toBe(3)
      expect(end).toEqual(after[1])
    }
  })

  test('leaves the last weights where nothing was ever best, and unless it is asked for', async () => {
    const never = await restored([none, none, none], { patience: 9 })
    expect(never.end).toEqual(never.after[2])
    const unasked = await restored([3, 2, 1], { patience: 9, restoreBest: false })
    expect(unasked.end).toEqual(unasked.after[2])
  })

  test('begins anew in each training', async () => {
    const model = make()
    const callback = earlyStopping({ monitor: 'accuracy', restoreBest: true, patience: 2 })
    const optimizer = new SGD(model.parameters(), { lr: 0.1 })
    for (const [values, best, bestEpoch, stoppedEpoch, epochs] of [
      [[5, 4, 4, 9], 5, 0, 2, 3],
      [[1, 2, 3], 3, 2, null, 3],
      [[none, none, 1], null, null, 1, 2],
    ] as const) {
      const after: unknown[] = []
      const collect: Callback = { onEpochEnd: () => void after.push(bitsOf(model)) }
      let epoch = 0
      const metrics = { accuracy: () => values[epoch++] }
      const given = { loss: mseLoss, optimizer, epochs: values.length, metrics }
      const { loss } = await fit(model, xor(), { ...given, callbacks: [callback, collect] })
      expect([callback.best, callback.bestEpoch, callback.stoppedEpoch]).toEqual([best, bestEpoch, stoppedEpoch])
      expect(loss.length).toBe(epochs)
      expect(bitsOf(model)).toEqual(after[bestEpoch ?? epochs - 1])
    }
  })
})
