// What `fit` takes beside samples, a loss and an optimiser, each compared with a loop that does the same by hand.

import { constant, type Variable, variable } from '@matgrad/autograd'
import { replays } from '@matgrad/autograd/internal'
import {
  concat,
  DTypeError,
  Generator,
  getDefaultGenerator,
  MatgradError,
  type Matrix,
  manualSeed,
  matrix,
  ones,
  ShapeError,
  zeros,
} from '@matgrad/core'
import {
  accuracy,
  auc,
  BatchNorm1d,
  binaryCrossEntropyWithLogits,
  type Callback,
  crossEntropy,
  DataLoader,
  type Dataset,
  Dropout,
  type FitOptions,
  huberLoss,
  Lambda,
  Linear,
  LinearWarmup,
  Module,
  mseLoss,
  OneCycleLR,
  oneHot,
  ReduceLROnPlateau,
  ReLU,
  Scheduler,
  Sequential,
  SequentialLR,
  SGD,
  StepLR,
  TrainingError,
} from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { evaluate, fit } from './run.ts'
import { bitsOf, errorFrom, errorOf, noise, sample } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const SIZES = [
  { rows: 10, features: 2, width: 4, batchSize: 4 },
  { rows: 700, features: 300, width: 64, batchSize: 128 },
] as const

type Sizes = (typeof SIZES)[number]

const netOf = ({ features, width }: Sizes, seed = 1) => {
  const generator = new Generator(seed)
  return new Sequential(
    new Linear(features, width, { generator }),
    new ReLU(),
    new Dropout(0.2, { generator: new Generator(5) }),
    new Linear(width, 3, { generator }),
  )
}

const dataOf = ({ rows, features }: Sizes): Dataset => ({
  x: sample(rows, features, noise(4), { dtype: 'float32' }),
  y: matrix(Array.from({ length: rows }, (_, i) => [(i * 7) % 3])),
})

const optimizerOf = (model: Module): SGD => new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })

/** What a training with these options leaves. */
async function trained(sizes: Sizes, data: Parameters<typeof fit>[1], options: Partial<FitOptions> = {}) {
  const model = netOf(sizes)
  const history = await fit(model, data, {
    loss: crossEntropy,
    optimizer: optimizerOf(model),
    epochs: 3,
    // Batches are made already.
    ...('x' in data && { batchSize: sizes.batchSize, generator: new Generator(9) }),
    ...options,
  })
  return { bits: bitsOf(model), history }
}

describe.each(SIZES)('of $rows samples of $features', (sizes) => {
  const data = dataOf(sizes)
  const { rows, batchSize } = sizes
  const inOrder = [...new DataLoader(data, { batchSize })]
  const plain = () => trained(sizes, data, { shuffle: false })

  describe('batches that come one after another give the bits of samples in their order', () => {
    test('an array', async () => {
      expect(await trained(sizes, inOrder)).toEqual(await plain())
    })

    test('an iterable that begins anew', async () => {
      const batches = {
        *[Symbol.iterator]() {
          yield* inOrder
        },
      }
      expect(await trained(sizes, batches)).toEqual(await plain())
    })

    test('an asynchronous iterable, at once and late', async () => {
      for (const delay of [0, 1]) {
        const batches = {
          async *[Symbol.asyncIterator]() {
            for (const batch of inOrder) {
              if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
              yield batch
            }
          },
        }
        expect(await trained(sizes, batches)).toEqual(await plain())
      }
    })

    test('a generator, for one epoch; a second is an error that says so', async () => {
      const batches = function* () {
        yield* inOrder
      }
      expect(await trained(sizes, batches(), { epochs: 1 })).toEqual(
        await trained(sizes, data, { shuffle: false, epochs: 1 }),
      )
      const error = await errorFrom<Untyped>(trained(sizes, batches(), { epochs: 2 }))
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message).toContain('gave no batch in epoch 1')
    })
  })

  test('validationSplit takes the last samples, and is validation with them', async () => {
    const count = Math.round(0.3 * rows)
    const part = (start: number, end: number): Dataset => ({ x: data.x.slice(start, end), y: data.y.slice(start, end) })
    const [head, tail] = [part(0, rows - count), part(rows - count, rows)]
    const metrics = { accuracy }
    const { history, bits } = await trained(sizes, data, { validationSplit: 0.3, metrics })
    expect({ history, bits }).toEqual(await trained(sizes, head, { validation: tail, metrics }))
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'valLoss', 'valAccuracy'])
  })

  test('initialEpoch counts epochs as done', async () => {
    const epochs: number[] = []
    const callback: Callback = { onEpochBegin: (epoch) => void epochs.push(epoch) }
    const { history } = await trained(sizes, data, { initialEpoch: 4, epochs: 6, callbacks: [callback] })
    expect(epochs).toEqual([4, 5])
    expect(history.loss).toHaveLength(2)
    expect((await trained(sizes, data, { initialEpoch: 6, epochs: 6 })).history.loss).toEqual([])
  })

  /** What a loop by hand gives, whose loss is Σ w·l / n. */
  function weighedByHand(weights: Matrix) {
    const model = netOf(sizes)
    const optimizer = optimizerOf(model)
    const history: number[] = []
    for (let epoch = 0; epoch < 3; epoch++) {
      let total = 0
      for (let at = 0; at < rows; at += batchSize) {
        const end = Math.min(rows, at + batchSize)
        optimizer.zeroGrad()
        const each = crossEntropy(model.forward(data.x.slice(at, end)), data.y.slice(at, end), { reduction: 'none' })
        const loss = each.mul(weights.slice(at, end)).mean()
        loss.backward()
        optimizer.step()
        total += loss.item() * (end - at)
      }
      history.push(total / rows)
    }
    return { bits: bitsOf(model), history: { loss: history } }
  }

  describe('weights of samples and classes give the bits of a loop whose loss is Σ w·l / n', () => {
    const random = noise(8)
    const list = Array.from({ length: rows }, () => Math.fround(random() * 3))
    const column = matrix(list.map((weight) => [weight]))
    const ofClasses = [0.5, 2, 0]
    const classColumn = matrix(data.y.toArray().map(([index]) => [ofClasses[index]]))

    test('of samples, as a column and as an array', async () => {
      const wanted = weighedByHand(column)
      expect(await trained(sizes, data, { shuffle: false, sampleWeight: column })).toEqual(wanted)
      expect(await trained(sizes, data, { shuffle: false, sampleWeight: list })).toEqual(wanted)
      const loader = new DataLoader(data, { batchSize })
      expect(await trained(sizes, loader, { sampleWeight: list })).toEqual(wanted)
    })

    test('of classes, as an array, a row and an object, also of batches', async () => {
      const wanted = weighedByHand(classColumn)
      for (const classWeight of [ofClasses, matrix([ofClasses]), { 0: 0.5, 1: 2, 2: 0 }]) {
        expect(await trained(sizes, data, { shuffle: false, classWeight })).toEqual(wanted)
        expect(await trained(sizes, inOrder, { classWeight })).toEqual(wanted)
      }
      expect(await trained(sizes, data, { shuffle: false, classWeight: {} })).toEqual(weighedByHand(ones(rows, 1)))
    })

    test('of classes that are one-hot or likely', async () => {
      const trainedWith = async (y: Matrix, classWeight: FitOptions['classWeight'] & {}) =>
        (await trained(sizes, { x: data.x, y }, { shuffle: false, classWeight })).history.loss
      for (const classWeight of [ofClasses, 'balanced'] as const) {
        const wanted = await trainedWith(data.y, classWeight)
        const hot = await trainedWith(oneHot(data.y, 3), classWeight)
        for (const [i, each] of wanted.entries()) expect(Math.abs(hot[i] - each)).toBeLessThan(1e-5)
        const smooth = oneHot(data.y, 3).mul(0.9).add(0.033)
        const target = (p: Variable, t: Matrix, options?: object) => crossEntropy(p, t.argmax(1), options)
        const { history } = await trained(
          sizes,
          { x: data.x, y: smooth },
          { shuffle: false, classWeight, loss: target },
        )
        expect(history.loss).toEqual(wanted)
      }
    })

    test("of classes, 'balanced' as scikit-learn's n / (k·count), of the samples that are trained with", async () => {
      const classes = data.y.toArray().flat()
      const counts = [0, 1, 2].map((each) => classes.filter((index) => index === each).length)
      const present = counts.filter((count) => count > 0).length
      const classWeight = counts.map((count) => (count === 0 ? 1 : rows / (present * count)))
      const wanted = await trained(sizes, data, { shuffle: false, classWeight })
      expect(await trained(sizes, data, { shuffle: false, classWeight: 'balanced' })).toEqual(wanted)
      const loader = new DataLoader(data, { batchSize })
      expect(await trained(sizes, loader, { classWeight: 'balanced' })).toEqual(wanted)
    })

    test('both multiply', async () => {
      const wanted = weighedByHand(column.mul(classColumn))
      expect(await trained(sizes, data, { shuffle: false, sampleWeight: list, classWeight: ofClasses })).toEqual(wanted)
    })

    test('shuffled with their samples: weights of 0 leave out', async () => {
      // Targets of the left out are wrong on purpose: they must not be learned.
      const left = Array.from({ length: rows }, (_, i) => Number(i % 2 === 0))
      const wrong = { x: data.x, y: matrix(data.y.toArray().map(([index], i) => [left[i] ? index : 2])) }
      expect(await trained(sizes, wrong, { sampleWeight: left })).toEqual(
        await trained(sizes, data, { sampleWeight: left }),
      )
    })

    test('metrics see the targets without weights', async () => {
      const seen: (readonly number[])[] = []
      const shapes = (_prediction: Matrix, target: Matrix): number => {
        seen.push(target.shape)
        return 0
      }
      const { history } = await trained(sizes, data, { sampleWeight: list, metrics: { shapes }, epochs: 1 })
      expect(seen).toEqual([[rows, 1]])
      expect(history).toMatchObject({ shapes: [0] })
      const counted = await trained(sizes, data, { sampleWeight: ones(rows, 1), metrics: { accuracy } })
      expect(counted).toEqual(await trained(sizes, data, { metrics: { accuracy }, sampleWeight: list.map(() => 1) }))
    })

    test('the default is `compile: false`, bit for bit', async () => {
      const options = { sampleWeight: list, classWeight: ofClasses, metrics: { accuracy }, epochs: 5 }
      expect(await trained(sizes, data, { ...options, compile: true })).toEqual(
        await trained(sizes, data, { ...options, compile: false }),
      )
    })
  })

  test('schedules by batch and by epoch make their steps there, several each its own', async () => {
    const rates: number[] = []
    class Halving extends Scheduler {
      override readonly by = 'batch'
      protected override rate(base: number, t: number): number {
        let rate = base
        for (let i = 0; i < t; i++) rate /= 2
        return rate
      }
    }
    const model = netOf(sizes)
    const optimizer = new SGD(model.parameters(), { lr: 1 / 1024 })
    const callback: Callback = { onBatchEnd: (_batch, _logs, training) => void rates.push(training.optimizer.lr) }
    await fit(model, data, {
      loss: crossEntropy,
      optimizer,
      epochs: 2,
      batchSize,
      scheduler: new Halving(optimizer),
      callbacks: [callback],
    })
    const count = 2 * Math.ceil(rows / batchSize)
    expect(rates).toEqual(Array.from({ length: count }, (_, i) => 2 ** -(11 + i)))
    const other = new SGD(model.parameters(), { lr: 1 })
    const scheduler = [new StepLR(other, { stepSize: 1, gamma: 0.5 }), new StepLR(other, { stepSize: 2, gamma: 0.25 })]
    await fit(model, data, { loss: crossEntropy, optimizer: other, epochs: 0, scheduler })
    expect(other.lr).toBe(1)
  })
})

describe('a loss that is no number', () => {
  const diverging = (options: Partial<FitOptions> = {}) => {
    const model = new Linear(1, 1, { generator: new Generator(0) })
    const data = { x: sample(100, 1, noise(2)), y: sample(100, 1, noise(3)) }
    const optimizer = new SGD(model.parameters(), { lr: 1e3 })
    return fit(model, data, { loss: mseLoss, optimizer, batchSize: 10, epochs: 9, ...options })
  }

  test('ends the training with an error that says where, with the history before', async () => {
    let ended = 0
    const callback: Callback = { onTrainEnd: () => void ended++ }
    const error = await errorFrom<Untyped>(diverging({ callbacks: [callback], metrics: { accuracy: () => 1 } }))
    expect(error).toBeInstanceOf(TrainingError)
    expect(error).toBeInstanceOf(MatgradError)
    const { epoch, batch, history, message } = error
    expect(epoch).toBeGreaterThan(0)
    expect(message).toMatch(new RegExp(`^fit: the loss is (NaN|Infinity) in batch ${batch} of epoch ${epoch}, wanted`))
    expect(history.loss).toHaveLength(epoch)
    expect(history.accuracy).toHaveLength(epoch)
    expect(history.loss.every(Number.isFinite)).toBe(true)
    expect(ended).toBe(1)
  })

  test('goes on with stopOnNaN: false', async () => {
    const { loss } = await diverging({ stopOnNaN: false })
    expect(loss).toHaveLength(9)
    expect(loss[8]).toBeNaN()
  })
})

test('an abort rejects with its reason, which has the history so far', async () => {
  const [sizes] = SIZES
  const controller = new AbortController()
  const callback: Callback = {
    onEpochEnd(epoch) {
      if (epoch === 1) controller.abort()
    },
  }
  const untyped = { callbacks: [callback], signal: controller.signal, epochs: 5 }
  const error = await errorFrom<Untyped>(trained(sizes, dataOf(sizes), untyped))
  expect(error).toBe(controller.signal.reason)
  expect(error.history.loss).toHaveLength(2)
  const primitive = new AbortController()
  primitive.abort('because')
  expect(await errorFrom<Untyped>(trained(sizes, dataOf(sizes), { signal: primitive.signal }))).toBe('because')
})

test('an abort ends the wait for a batch that never comes, and the batches are told', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const controller = new AbortController()
  let begun = 0
  const batches = {
    async *[Symbol.asyncIterator]() {
      begun++
      yield data
      setTimeout(() => controller.abort(), 1)
      await new Promise(() => {})
    },
  }
  expect(await errorFrom<Untyped>(trained(sizes, batches, { signal: controller.signal }))).toBe(
    controller.signal.reason,
  )
  expect(begun).toBe(1)
  let returned = 0
  const stopped = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false as const, value: data }),
      return: async () => {
        returned++
        return { done: true as const, value: undefined }
      },
    }),
  }
  const stop: Callback = { onBatchEnd: (_batch, _logs, training) => training.stop() }
  await trained(sizes, stopped, { callbacks: [stop] })
  expect(returned).toBe(1)
})

test('an error of the batches, or a batch that is none, ends the training', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const failing = {
    async *[Symbol.asyncIterator]() {
      yield data
      throw new RangeError('no more')
    },
  }
  expect(await errorFrom<Untyped>(trained(sizes, failing))).toBeInstanceOf(RangeError)
  const of = (batch: unknown) => errorFrom<Untyped>(trained(sizes, [data, batch] as Untyped))
  expect(await of(3)).toBeInstanceOf(DTypeError)
  expect((await of({ x: data.x })).message).toContain('fit: batch 1: y is undefined')
  expect(await of({ x: data.x, y: data.y.slice(1) })).toBeInstanceOf(ShapeError)
  expect((await of({ x: data.x.slice(0, 0), y: data.y.slice(0, 0) })).message).toContain('wanted at least one row')
  expect(await errorFrom<Untyped>(trained(sizes, [] as Untyped))).toBeInstanceOf(MatgradError)
})

describe('what makes no sense is refused before anything is changed', () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const loader = new DataLoader(data, { batchSize: 4 })
  const weights = Array.from({ length: 10 }, () => 1)
  const several = { x: data.x, y: zeros(10, 3).add(matrix([[1, 0, 1]])) }
  const none = { x: data.x, y: concat([oneHot(data.y.slice(0, 9), 3), zeros(1, 3)], 0) }
  const wrong: readonly [string, Untyped, Untyped, string][] = [
    [
      'weights of several classes in a row',
      several,
      { classWeight: [1, 2, 3], loss: binaryCrossEntropyWithLogits },
      'row 0 of y, for classWeight, has the sum 2',
    ],
    [
      'balanced rows of several classes',
      several,
      { classWeight: 'balanced', loss: binaryCrossEntropyWithLogits },
      'posWeight of binaryCrossEntropyWithLogits',
    ],
    ['weights of no class in a row', none, { classWeight: { 1: 2 } }, 'row 9 of y, for classWeight, has the sum 0'],
    ['weights of values', { x: data.x, y: data.x }, { classWeight: [1, 2, 3], loss: mseLoss }, 'y, for classWeight,'],
    ['batches of several classes in a row', [several], { classWeight: [1, 2, 3] }, 'row 0 of y, for classWeight,'],
    ['validation twice', data, { validation: data, validationSplit: 0.5 }, 'wanted one of them'],
    ['a split of batches', loader, { validationSplit: 0.5 }, 'wanted samples as { x, y }'],
    ['a split of 0', data, { validationSplit: 0 }, 'wanted a part between 0 and 1'],
    ['a split of 1', data, { validationSplit: 1 }, 'wanted a part between 0 and 1'],
    ['a split that leaves nothing', data, { validationSplit: 0.01 }, 'leaves at least one'],
    ['too few weights', data, { sampleWeight: [1, 2] }, 'sampleWeight is 2 numbers, wanted one for each of 10'],
    ['a row of weights', data, { sampleWeight: matrix([weights]) }, 'sampleWeight is 1x10'],
    ['a weight that is NaN', data, { sampleWeight: [...weights.slice(1), Number.NaN] }, 'sampleWeight 9 is NaN'],
    ['a weight that is a string', data, { sampleWeight: [...weights.slice(1), '1'] }, 'sampleWeight 9'],
    ['weights of batches', [data], { sampleWeight: weights }, 'wanted samples as { x, y }'],
    ['too few classes', data, { classWeight: [1, 2] }, 'a class of the targets, for classWeight,'],
    ['balanced batches', [data], { classWeight: 'balanced' }, "got classWeight 'balanced' and batches"],
    ['another word', data, { classWeight: 'equal' }, 'classWeight is "equal", wanted \'balanced\', or a row'],
    ['a class by name', data, { classWeight: { cat: 1 } }, 'a class of classWeight'],
    ['a number for weights', data, { classWeight: 3 }, 'classWeight is 3'],
    [
      'a loss that does not know samples',
      data,
      { sampleWeight: weights, loss: (p: Variable, t: Matrix) => mseLoss(p.sum(1), t) },
      "for { reduction: 'none' }",
    ],
    ['initialEpoch below 0', data, { initialEpoch: -1 }, 'initialEpoch'],
    ['schedulers that are none', data, { scheduler: [3] }, 'a Scheduler or an array of them'],
  ]
  for (const [name, given, options, message] of wrong)
    test(name, async () => {
      const model = netOf(sizes)
      const before = bitsOf(model)
      const error = await errorFrom<Untyped>(
        fit(model, given, {
          loss: crossEntropy,
          optimizer: optimizerOf(model),
          epochs: 2,
          ...('x' in given && { batchSize: 10 }),
          ...options,
        } as Untyped),
      )
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message).toContain(message)
      expect(bitsOf(model)).toEqual(before)
    })
})

test('an abort that came before the wait for a batch ends it', async () => {
  const [sizes] = SIZES
  const controller = new AbortController()
  const data = dataOf(sizes)
  let calls = 0
  const batches = {
    [Symbol.asyncIterator]: () => ({
      next: () => (calls++ > 0 ? new Promise<never>(() => {}) : Promise.resolve({ done: false as const, value: data })),
    }),
  }
  const callbacks = [{ onBatchEnd: () => controller.abort() }]
  const error = await errorFrom<Untyped>(trained(sizes, batches, { signal: controller.signal, callbacks }))
  expect(error).toBe(controller.signal.reason)
})

test('what an asynchronous generator returns is no batch, and undefined among batches is an error', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  let batches = 0
  const callbacks = [{ onBatchEnd: () => void batches++ }]
  const returning = {
    async *[Symbol.asyncIterator]() {
      yield data
      return data
    },
  }
  await trained(sizes, returning, { epochs: 1, callbacks })
  expect(batches).toBe(1)
  const holes = {
    async *[Symbol.asyncIterator]() {
      yield data
      yield undefined
    },
  }
  expect(await errorFrom<Untyped>(trained(sizes, holes as Untyped))).toBeInstanceOf(DTypeError)
})

test('a training of which nothing is learned is an error that says so, and nothing is changed', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  for (const compile of [true, false]) {
    const frozen = netOf(sizes)
    for (const parameter of frozen.parameters()) parameter.requiresGrad = false
    const cut = (p: Variable, t: Matrix) => crossEntropy(variable(p.value.clone()), t)
    for (const [model, loss] of [
      [frozen, crossEntropy],
      [netOf(sizes), cut],
    ] as const) {
      const before = bitsOf(model)
      const error = await errorFrom<Untyped>(
        fit(model, data, { loss, optimizer: optimizerOf(model), epochs: 2, compile }),
      )
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message).toContain("depends on none of the optimizer's parameters")
      expect(bitsOf(model)).toEqual(before)
    }
  }
})

test('schedules that would throw in the middle are refused before the first step', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const model = netOf(sizes)
  const optimizer = optimizerOf(model)
  const before = bitsOf(model)
  const cases: readonly [Scheduler, string][] = [
    [
      new ReduceLROnPlateau(optimizer, { monitor: 'valAcuracy', mode: 'max' }),
      'monitors valAcuracy, wanted one of loss',
    ],
    [new ReduceLROnPlateau(optimizer, { monitor: 'loss', by: 'batch' }), "wanted by: 'epoch'"],
    [new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 5 }), 'totalSteps 5, wanted at least 6'],
  ]
  for (const [scheduler, message] of cases) {
    const error = await errorFrom<Untyped>(
      fit(model, data, { loss: crossEntropy, optimizer, epochs: 2, batchSize: 4, scheduler }),
    )
    expect(error.message).toContain(message)
  }
  const twice = new StepLR(optimizer, { stepSize: 1 })
  const error = await errorFrom<Untyped>(
    fit(model, data, { loss: crossEntropy, optimizer, epochs: 2, scheduler: [twice, twice] }),
  )
  expect(error.message).toContain('twice')
  expect(bitsOf(model)).toEqual(before)
})

test('a plateau in a sequence goes by what it monitors, and by accuracy it wants more', async () => {
  const [sizes] = SIZES
  const rates = async (make: (optimizer: SGD) => Scheduler) => {
    const model = netOf(sizes)
    const optimizer = new SGD(model.parameters(), { lr: 1 / 64 })
    let score = 0
    const metrics = { myAccuracy: () => ++score }
    await fit(model, dataOf(sizes), { loss: crossEntropy, optimizer, epochs: 5, metrics, scheduler: make(optimizer) })
    return optimizer.lr
  }
  const plateau = (optimizer: SGD) => new ReduceLROnPlateau(optimizer, { monitor: 'myAccuracy', patience: 0 })
  expect(await rates(plateau)).toBe(1 / 64)
  const sequence = (optimizer: SGD) =>
    new SequentialLR([new LinearWarmup(optimizer, { steps: 1, startFactor: 1 }), plateau(optimizer)], {
      milestones: [1],
    })
  expect(await rates(sequence)).toBe(1 / 64)
  expect(() => plateau(optimizerOf(netOf(sizes)))).not.toThrow()
  expect(() => new ReduceLROnPlateau(optimizerOf(netOf(sizes)), { monitor: 'score' })).toThrow('mode is undefined')
})

describe('losses with options beforehand', () => {
  test('are the losses with these options, known to programs, with their guards', async () => {
    const [sizes] = SIZES
    const data = dataOf(sizes)
    const options = { labelSmoothing: 0.1 }
    const before = replays()
    const known = await trained(sizes, data, { loss: crossEntropy(options), epochs: 6, compile: true })
    expect(known).toEqual(
      await trained(sizes, data, { loss: (p, t) => crossEntropy(p, t, { labelSmoothing: 0.1 }), epochs: 6 }),
    )
    expect(known).toEqual(await trained(sizes, data, { loss: crossEntropy(options), epochs: 6, compile: false }))
    expect(replays()).toBeGreaterThan(before)
    const changed = { delta: 2 }
    const loss = huberLoss(changed)
    changed.delta = 0.1
    const [x, y] = [matrix([[9]]), matrix([[0]])]
    expect(loss(constant(x) as Variable, y).item()).toBe(huberLoss(x, y, { delta: 2 }).item())
    expect(() => huberLoss({ delt: 2 } as Untyped)).toThrow('did you mean delta')
    const error = await errorFrom<Untyped>(
      trained(sizes, data, { loss: crossEntropy({ weight: ones(1, 3) }), metrics: { auc } }),
    )
    expect(error.message).toContain('auc({ fromLogits: true })')
  })
})

describe('a part that is out of learning while its model is in it stays so', () => {
  const build = () => {
    const generator = new Generator(3)
    return new Sequential(
      new Linear(2, 4, { generator }),
      new BatchNorm1d(4),
      new ReLU(),
      new Linear(4, 3, { generator }),
    )
  }
  const data = dataOf(SIZES[0])

  for (const compile of [true, false])
    test(`compile: ${compile}`, async () => {
      const model = build()
      const [, norm] = model.layers as readonly [Module, BatchNorm1d, ...Module[]]
      norm.eval()
      const before = bitsOf(norm)
      // Callbacks that evaluate leave a model out of learning.
      const callbacks: Callback[] = [{ onEpochEnd: (_epoch, _logs, training) => void training.model.eval() }]
      const optimizer = new SGD(model.parameters(), { lr: 0.1 })
      for (const each of [[], callbacks]) {
        await fit(model, data, { loss: crossEntropy, optimizer, epochs: 3, callbacks: each, compile })
        expect(norm.training).toBe(false)
        model.train()
        norm.eval()
      }
      expect(norm.runningMean?.toArray()).toEqual([[0, 0, 0, 0]])
      expect(bitsOf(norm)).not.toEqual(before)
      model.eval()
      await fit(model, data, { loss: crossEntropy, optimizer, epochs: 1, compile })
      expect(norm.training).toBe(true)
      expect(norm.runningMean?.toArray()).not.toEqual([[0, 0, 0, 0]])
    })
})

test('a model’s own train, which leaves a part out of learning, is called', async () => {
  class Own extends Module {
    readonly norm = new BatchNorm1d(2)
    readonly inner = new Linear(2, 3, { generator: new Generator(1) })
    override train(training = true): this {
      super.train(training)
      this.norm.training = false
      return this
    }
    override forward(x: Variable): Variable {
      return this.inner.forward(this.norm.forward(x))
    }
  }
  const model = new Own()
  await fit(model, dataOf(SIZES[0]), { loss: crossEntropy, optimizer: optimizerOf(model), epochs: 2 })
  expect(model.norm.runningMean?.toArray()).toEqual([[0, 0]])
})

test('a model of one’s own, with weights, has the bits of compile: false', async () => {
  class Own extends Module {
    readonly inner = new Linear(2, 3, { generator: new Generator(1) })
    readonly scale = variable(ones(1, 3))
    override forward(x: Variable): Variable {
      return this.inner.forward(x).mul(this.scale)
    }
  }
  const data = dataOf(SIZES[0])
  const sampleWeight = Array.from({ length: 10 }, (_, i) => i / 4)
  const run = async (compile: boolean) => {
    const model = new Own()
    const optimizer = optimizerOf(model)
    manualSeed(3)
    const history = await fit(model, data, {
      loss: crossEntropy,
      optimizer,
      epochs: 9,
      batchSize: 3,
      sampleWeight,
      compile,
    })
    return { bits: bitsOf(model), history, state: getDefaultGenerator().state }
  }
  expect(await run(true)).toEqual(await run(false))
})

test('fit takes no array of matrices for batches', () => {
  const data = dataOf(SIZES[0])
  const model = netOf(SIZES[0])
  const options = { loss: crossEntropy, optimizer: optimizerOf(model), epochs: 1 }
  return expect(fit(model, [data.x, data.y] as Untyped, options)).rejects.toThrow('{ x, y }')
})

describe('iterators that are made by hand', () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const batches = [...new DataLoader(data, { batchSize: 4 })]
  const done = { done: true, value: undefined }
  /** One that gives these results of next(). */
  const giving = (results: readonly unknown[], more: object = {}, key: symbol = Symbol.iterator): Untyped => ({
    [key]() {
      let i = 0
      return { next: () => results[i++] ?? done, ...more }
    },
  })
  const of = (value: unknown) => ({ done: false, value })
  const [first] = batches

  test.each<[string, (key: symbol) => Untyped, string]>([
    [
      'next that is missing',
      (key) => ({ [key]: () => ({}) }),
      'of the batches gave Object, wanted an iterator, which has next()',
    ],
    [
      'no iterator',
      (key) => ({ [key]: () => undefined }),
      'of the batches gave undefined, wanted an iterator, which has next()',
    ],
    ['no function', (key) => ({ [key]: 3 }), 'of the batches is 3, wanted a function'],
    [
      'next that gives a number',
      (key) => giving([of(first), 5], {}, key),
      'fit: batch 1: next() gave 5, wanted { done, value }',
    ],
    [
      'next that gives null',
      (key) => giving([of(first), of(first), false], {}, key),
      'fit: batch 2: next() gave false',
    ],
    ['a value that is missing', (key) => giving([of(first), {}], {}, key), 'fit: batch 1: the dataset is undefined'],
    ['a value that is no batch', (key) => giving([of(7)], {}, key), 'fit: batch 0: the dataset is 7'],
    ['a batch without targets', (key) => giving([of({ x: first.x })], {}, key), 'fit: batch 0: y is undefined'],
  ])('%s: the error says so', async (_title, make, message) => {
    for (const key of [Symbol.iterator, Symbol.asyncIterator]) {
      const error = await errorFrom(trained(sizes, make(key)))
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message).toContain(message)
      expect(error.message).toContain('fit: ')
    }
    class Own extends DataLoader {
      override [Symbol.iterator]() {
        return make(Symbol.iterator)[Symbol.iterator]()
      }
    }
    if (message.includes('wanted a function')) return
    const loader = new Own(data, { batchSize: 4 })
    expect((await errorFrom(trained(sizes, loader))).message).toContain(message)
    const evaluation = errorOf(() => evaluate(netOf(sizes), loader, { loss: crossEntropy }))
    expect(evaluation.message).toContain(message.replace('fit: ', 'evaluate: '))
  })

  test('what they throw is thrown as it is; where something else ends the training, that is', async () => {
    const own = new RangeError('my own')
    const fails = () => {
      throw own
    }
    const stop: Callback = { onBatchEnd: (_batch, _logs, training) => training.stop() }
    expect(await errorFrom(trained(sizes, { [Symbol.iterator]: fails } as Untyped))).toBe(own)
    expect(await errorFrom(trained(sizes, giving([], { next: fails })))).toBe(own)
    const endless = giving([of(first), of(first)], { return: fails })
    expect(await errorFrom(trained(sizes, endless, { callbacks: [stop] }))).toBe(own)
    expect((await errorFrom(trained(sizes, giving([of(first), 5], { return: fails })))).message).toContain('batch 1')
    expect(
      (await trained(sizes, giving([of(first), of(first)], { return: () => 3 }), { callbacks: [stop] })).history.loss,
    ).toHaveLength(1)
    const odd = await errorFrom(trained(sizes, giving([of(first), of(first)], { return: 3 }), { callbacks: [stop] }))
    expect(odd.message).toBe("fit: return of the batches' iterator is 3, wanted a function")
    const later = giving([of(first), of(first)], { return: fails }, Symbol.asyncIterator)
    expect((await trained(sizes, later, { callbacks: [stop] })).history.loss).toHaveLength(1)
  })

  test('it is ended where a batch is none', async () => {
    for (const key of [Symbol.iterator, Symbol.asyncIterator]) {
      let ended = 0
      const end = () => {
        ended++
        return done
      }
      await errorFrom(trained(sizes, giving([of(first), of(3)], { return: end }, key)))
      expect(ended).toBe(1)
    }
  })
})

describe('weights beside the ignoreIndex of the loss: rows of it do not count', () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const y = matrix(data.y.toArray().map(([each], i) => [i % 3 === 1 ? -100 : each]))
  const kept = [...y.toArray().keys()].filter((i) => i % 3 !== 1)
  const without = { x: data.x.gatherRows(kept), y: y.gatherRows(kept) }
  const loss = crossEntropy({ ignoreIndex: -100 })
  const classWeight = [0.5, 2, 1]
  const sampleWeight = Array.from({ length: sizes.rows }, (_, i) => 1 + (i % 4))

  test.each<[string, Partial<FitOptions>, Partial<FitOptions>]>([
    ['of classes', { classWeight }, { classWeight }],
    ['of classes by name', { classWeight: { 1: 2 } }, { classWeight: { 1: 2 } }],
    ['of samples', { sampleWeight }, { sampleWeight: kept.map((i) => sampleWeight[i]) }],
    ['of both', { sampleWeight, classWeight }, { sampleWeight: kept.map((i) => sampleWeight[i]), classWeight }],
  ])('%s, within 1e-6 of what they are without these rows', async (_title, options, others) => {
    const model = () => new Linear(sizes.features, 3, { generator: new Generator(3) })
    const run = async (samples: Dataset, settings: Partial<FitOptions>) => {
      const own = model()
      const optimizer = new SGD(own.parameters(), { lr: 0.5 })
      const common = { loss, optimizer, epochs: 3, batchSize: 32, shuffle: false }
      const history = await fit(own, samples, { ...common, ...settings })
      return [...history.loss, ...own.weight.value.data, ...(own.bias?.value.data ?? [])]
    }
    const [got, wanted] = [await run({ x: data.x, y }, options), await run(without, others)]
    for (const [i, each] of wanted.entries()) expect(Math.abs(got[i] - each)).toBeLessThan(1e-6)
    // In batches one after another, too.
    if (!options.sampleWeight) {
      const own = model()
      const optimizer = new SGD(own.parameters(), { lr: 0.5 })
      const history = await fit(own, [{ x: data.x, y }], { loss, optimizer, epochs: 3, ...options })
      for (const [i, each] of history.loss.entries()) expect(Math.abs(each - wanted[i])).toBeLessThan(1e-6)
    }
  })

  test('weights of 1 give the loss itself', async () => {
    const losses: number[][] = []
    for (const options of [{}, { classWeight: [1, 1, 1] }]) {
      const own = new Linear(sizes.features, 3, { generator: new Generator(3) })
      const optimizer = new SGD(own.parameters(), { lr: 0.5 })
      losses.push((await fit(own, { x: data.x, y }, { loss, optimizer, epochs: 2, shuffle: false, ...options })).loss)
    }
    for (const [i, each] of losses[0].entries()) expect(Math.abs(each - losses[1][i])).toBeLessThan(1e-6)
  })

  test('another class that is none is still an error', async () => {
    const error = await errorFrom(trained(sizes, { x: data.x, y }, { classWeight }))
    expect(error.message).toContain('has class -100')
  })
})

describe('what is wrong is said in words of what was given', () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)

  test.each<[string, Untyped, Partial<FitOptions>, string]>([
    ['no batches', [], {}, 'fit: the data have no batch'],
    [
      'a promise for a batch',
      [Promise.resolve(data)],
      {},
      'fit: batch 0 is Promise, wanted matrices x and y: batches that',
    ],
    ['a promise for the second batch', [data, Promise.resolve(data)], {}, 'fit: batch 1 is Promise'],
    ['x and y in an array', [data.x, data.y], {}, '{ x, y }'],
    [
      'a wider batch',
      [data, { x: zeros(4, 3), y: zeros(4, 1) }],
      {},
      'fit: batch 1 of epoch 0, whose x has 3 columns, not 2 as the first: in layers.0, Linear',
    ],
    [
      'targets of another width',
      [data, { x: data.x, y: zeros(10, 2) }],
      {},
      'fit: batch 1 of epoch 0, whose y has 2 columns, not 1 as the first: crossEntropy: ',
    ],
    [
      'targets that are all ignored',
      { x: data.x, y: zeros(10, 1).sub(100) },
      { loss: crossEntropy({ ignoreIndex: -100 }) },
      'wanted a finite number: no row counts: all have the class of ignoreIndex; stopOnNaN',
    ],
    [
      'weighed targets that are all ignored',
      { x: data.x, y: zeros(10, 1).sub(100) },
      { loss: crossEntropy({ ignoreIndex: -100 }), classWeight: [1, 2, 3] },
      'no row counts: all have the class of ignoreIndex',
    ],
  ])('%s', async (_title, given, options, message) => {
    expect((await errorFrom<Untyped>(trained(sizes, given, options))).message).toContain(message)
  })

  test('batches of several widths that a model takes are trained with', async () => {
    const model = new Sequential(new Lambda((x: Variable) => x.sum(1)), new Linear(1, 3))
    const batches = [data, { x: zeros(4, 3), y: zeros(4, 1) }]
    const optimizer = new SGD(model.parameters(), { lr: 0.1 })
    expect((await fit(model, batches, { loss: crossEntropy, optimizer, epochs: 2 })).loss.length).toBe(2)
  })

  test('x and y in the place of a dataset for evaluate', () => {
    const error = errorOf(() => (evaluate as Untyped)(netOf(sizes), data.x, data.y))
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toContain('evaluate: the dataset is Matrix, wanted matrices x and y: did you mean { x, y }?')
  })

  test('weights in typed arrays are those in arrays', async () => {
    const sampleWeight = Array.from({ length: sizes.rows }, (_, i) => 1 + (i % 4) / 2)
    const classWeight = [0.5, 2, 1]
    const wanted = await trained(sizes, data, { sampleWeight, classWeight })
    for (const type of [Float32Array, Float64Array])
      expect(
        await trained(sizes, data, { sampleWeight: type.from(sampleWeight), classWeight: type.from(classWeight) }),
      ).toEqual(wanted)
    expect((await errorFrom<Untyped>(trained(sizes, data, { sampleWeight: new Float32Array(3) }))).message).toContain(
      'sampleWeight is 3 numbers',
    )
  })
})

describe('an optimiser that is older than a part of the model', () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const options = { loss: crossEntropy, epochs: 1, batchSize: 4 }

  test.each([true, false])(
    'is an error before its first step, which says what to do (compile: %s)',
    async (compile) => {
      class Own extends Module {
        head = new Linear(2, 3)
        override forward(x: Variable): Variable {
          return this.head.forward(x)
        }
      }
      const replace: readonly [Module & Untyped, (model: Untyped) => void][] = [
        [netOf(sizes), (model) => (model.layers[0] = new Linear(2, 4))],
        [
          new Sequential(new Linear(2, 4), new Linear(4, 2), new Own()),
          (model) => (model.layers[2].head = new Linear(2, 3)),
        ],
      ]
      for (const [model, change] of replace) {
        const optimizer = optimizerOf(model)
        await fit(model, data, { ...options, compile, optimizer })
        change(model)
        const before = bitsOf(model)
        const error = await errorFrom(fit(model, data, { ...options, compile, optimizer }))
        expect(error).toBeInstanceOf(MatgradError)
        expect(error.message).toContain(
          "fit: 2 of the optimizer's parameters are no part of the model any more, and 2 of the model's none of the optimizer's: a layer was replaced",
        )
        expect(bitsOf(model)).toEqual(before)
        await fit(model, data, { ...options, compile, optimizer: optimizerOf(model) })
      }
    },
  )

  test('none where parameters are left out, frozen, or of the loss', async () => {
    const model = netOf(sizes)
    const scale = variable(ones(1, 1))
    const loss = (p: Variable, t: Matrix) => crossEntropy(p.mul(scale), t)
    const [weight, bias] = model.parameters()
    await fit(model, data, { ...options, optimizer: new SGD([weight], { lr: 0.1 }) })
    await fit(model, data, { ...options, loss, optimizer: new SGD([weight, scale], { lr: 0.1 }) })
    await fit(model, data, { ...options, optimizer: new SGD([...model.parameters(), scale], { lr: 0.1 }) })
    await fit(model, data, { ...options, optimizer: new SGD([weight, variable(ones(1, 1))], { lr: 0.1 }) })
    for (const each of model.parameters()) if (each !== weight) each.requiresGrad = false
    await fit(model, data, { ...options, optimizer: new SGD([weight, bias], { lr: 0.1 }) })
  })

  test('none where heads with one optimiser take turns on a trunk that is left out, or a trunk goes on under another head', async () => {
    const trunk = new Linear(2, 4)
    const heads = [new Linear(4, 3), new Linear(4, 3)]
    const optimizer = new SGD(
      heads.flatMap((head) => head.parameters()),
      { lr: 0.1 },
    )
    for (const head of [...heads, ...heads]) await fit(new Sequential(trunk, head), data, { ...options, optimizer })
    const whole = new Sequential(trunk, heads[0])
    const ofWhole = new SGD(whole.parameters(), { lr: 0.1 })
    await fit(whole, data, { ...options, optimizer: ofWhole })
    await fit(new Sequential(trunk, new Linear(4, 3)), data, { ...options, optimizer: ofWhole })
  })

  test.each([true, false])(
    'one that a callback replaces is refused by the next fit, whatever was compiled (%s)',
    async (compile) => {
      const model: Untyped = netOf(sizes)
      const optimizer = new SGD((model as Module).parameters(), { lr: 0.1 })
      const onEpochEnd = (epoch: number): void => {
        if (epoch === 1) model.layers[0] = new Linear(2, 4)
      }
      await fit(model, data, { ...options, compile, optimizer, epochs: 4, callbacks: [{ onEpochEnd }] })
      expect((await errorFrom(fit(model, data, { ...options, compile, optimizer }))).message).toContain(
        'a layer was replaced',
      )
    },
  )
})

test('a first rate that makes no sense is an error before anything is changed', async () => {
  class Odd extends Scheduler {
    protected override rate(): number {
      return Number.NaN
    }
  }
  const [sizes] = SIZES
  const model = new Sequential(new Linear(2, 3), new BatchNorm1d(3))
  const optimizer = optimizerOf(model)
  const before = bitsOf(model)
  const settings = { loss: crossEntropy, optimizer, scheduler: new Odd(optimizer), epochs: 1 }
  expect((await errorFrom(fit(model, dataOf(sizes), settings))).message).toBe('Odd: the rate is NaN, wanted 0 or more')
  expect(bitsOf(model)).toEqual(before)
})
