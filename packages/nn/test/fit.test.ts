// Training loops, evaluation and what they leave as it was. What they are compared with is never compiled.

import { crossEntropy as entropyOf, type Variable, variable } from '@matgrad/autograd'
import {
  DTypeError,
  full,
  Generator,
  getDefaultGenerator,
  MatgradError,
  type Matrix,
  manualSeed,
  matrix,
  ShapeError,
  zeros,
} from '@matgrad/core'
import {
  accuracy,
  BatchNorm1d,
  type Callback,
  clipGradNorm,
  crossEntropy,
  DataLoader,
  Dropout,
  type FitOptions,
  type Input,
  init,
  Linear,
  Module,
  mseLoss,
  ReLU,
  Sequential,
  SGD,
  Softmax,
  StepLR,
  Tanh,
  type Training,
} from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { evaluate, fit, predict, stepOf } from './run.ts'
import { bitsOf, DTYPES, errorFrom, errorOf, noise, sample, xor } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const net = (seed: number | string = 1) => {
  const generator = new Generator(seed)
  return new Sequential(new Linear(2, 8, { generator }), new Tanh(), new Linear(8, 1, { generator }))
}
/** Ten samples of three classes. */
const irises = () => {
  const random = noise(4)
  return { x: sample(10, 2, random, { dtype: 'float32' }), y: matrix(Array.from({ length: 10 }, (_, i) => [i % 3])) }
}
const classifier = (seed = 1) => {
  const generator = new Generator(seed)
  return new Sequential(new Linear(2, 5, { generator }), new Tanh(), new Linear(5, 3, { generator }))
}
describe('fit learns', () => {
  test('XOR to a loss below 1e-6 in 300 epochs, from each of five seeds', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const model = net(seed)
      const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
      const { loss } = await fit(model, xor(), { loss: mseLoss, optimizer, epochs: 300 })
      expect(loss).toHaveLength(300)
      expect(loss[0]).toBeGreaterThan(0.1)
      expect(loss[299]).toBeLessThan(1e-6)
      expect(predict(model, xor().x).round().abs().equals(xor().y)).toBe(true)
    }
  })

  test('a linear function to coefficients within 1e-6', async () => {
    const x = sample(64, 2, noise(1), { dtype: 'float64' })
    const y = x.matmul(matrix([[2], [-3]], { dtype: 'float64' })).add(1)
    const model = new Linear(2, 1, { dtype: 'float64', generator: new Generator(1) })
    const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.5 })
    const { loss } = await fit(model, { x, y }, { loss: mseLoss, optimizer, epochs: 100, batchSize: 16 })
    expect(loss[99]).toBeLessThan(1e-12)
    const learned = [...model.weight.value.data, model.bias?.value.item()]
    for (const [i, wanted] of [2, -3, 1].entries()) expect(Math.abs(Number(learned[i]) - wanted)).toBeLessThan(1e-6)
  })

  test('what a plain loop over the same batches learns, bit for bit', async () => {
    const [model, other] = [net(), net()]
    const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
    const options = { batchSize: 3, generator: new Generator(5) }
    const history = await fit(model, xor(), { loss: mseLoss, optimizer, epochs: 4, ...options })
    const sgd = new SGD(other.parameters(), { lr: 0.1, momentum: 0.9 })
    const loader = new DataLoader(xor(), { batchSize: 3, shuffle: true, generator: new Generator(5) })
    for (let epoch = 0; epoch < 4; epoch++) {
      let total = 0
      for (const { x, y } of loader) {
        sgd.zeroGrad()
        const loss = mseLoss(other.forward(x), y)
        loss.backward()
        sgd.step()
        total += loss.item() * x.rows
      }
      expect(history.loss[epoch]).toBe(total / 4)
    }
    expect(bitsOf(model)).toEqual(bitsOf(other))
  })
})

/** What `fit` needs, for a model that learns XOR. */
const optionsFor = (model: Module, more: Partial<FitOptions> = {}): FitOptions => ({
  loss: mseLoss,
  optimizer: new SGD(model.parameters(), { lr: 0.1 }),
  epochs: 2,
  ...more,
})

describe('options', () => {
  test('shuffle in batches of 32 from the default generator, unless told', async () => {
    const data = { x: zeros(70, 2), y: zeros(70, 1) }
    const sizes: number[] = []
    const model = net()
    const loss = (prediction: Variable, target: Matrix): Variable => {
      sizes.push(target.rows)
      return mseLoss(prediction, target)
    }
    const before = getDefaultGenerator().state
    // A replay does not call the loss.
    await fit(model, data, optionsFor(model, { loss, epochs: 1, compile: false }))
    expect(sizes).toEqual([32, 32, 6])
    expect(getDefaultGenerator().state).not.toEqual(before)
  })

  test('the same seed trains the same bits, another one does not', async () => {
    const results = []
    for (const seed of [3, 3, 4]) {
      manualSeed(seed)
      const learner = net()
      await fit(learner, xor(), optionsFor(learner, { batchSize: 1 }))
      results.push(bitsOf(learner))
    }
    expect(results[0]).toEqual(results[1])
    expect(results[0]).not.toEqual(results[2])
  })

  test('without shuffling nothing is drawn', async () => {
    const model = net()
    const before = getDefaultGenerator().state
    await fit(model, xor(), optionsFor(model, { shuffle: false, batchSize: 1 }))
    expect(getDefaultGenerator().state).toEqual(before)
  })

  test('a DataLoader keeps its own batches and order, and beside it is no place for others', async () => {
    const rows: number[][] = []
    const loss = (prediction: Variable, target: Matrix): Variable => {
      rows.push([...target.data])
      return mseLoss(prediction, target)
    }
    const model = net()
    const loader = new DataLoader({ x: xor().x, y: matrix([[0], [1], [2], [3]]) }, { batchSize: 3, dropLast: true })
    // The loss looks at numbers.
    await fit(model, loader, optionsFor(model, { loss, epochs: 2, compile: false }))
    for (const own of [{ batchSize: 1 }, { shuffle: true }, { generator: new Generator(1) }]) {
      const [name] = Object.keys(own)
      await expect(fit(model, loader, optionsFor(model, own))).rejects.toThrow(`fit: got ${name} and batches`)
    }
    expect(rows).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ])
  })

  test('batches are from the iterator that loaders have, where somebody replaced it', async () => {
    const iterate = DataLoader.prototype[Symbol.iterator]
    let passes = 0
    DataLoader.prototype[Symbol.iterator] = function () {
      passes++
      return iterate.call(this)
    }
    try {
      const model = net()
      await fit(model, xor(), optionsFor(model, { epochs: 3 }))
    } finally {
      DataLoader.prototype[Symbol.iterator] = iterate
    }
    expect(passes).toBe(3)
  })

  test('batches are made by the methods of the matrices, where they have their own', async () => {
    let calls = 0
    const { x, y } = xor()
    const own = Object.assign(x.clone(), {
      gatherRows(index: Matrix) {
        calls++
        return x.gatherRows(index)
      },
    })
    const model = net()
    await fit(model, { x: own as unknown as Matrix, y }, optionsFor(model, { epochs: 3, batchSize: 2 }))
    expect(calls).toBe(6)
  })

  test('no epochs change nothing and give an empty history', async () => {
    const model = net()
    const before = bitsOf(model)
    expect(await fit(model, xor(), optionsFor(model, { epochs: 0 }))).toEqual({ loss: [] })
    expect(bitsOf(model)).toEqual(before)
  })

  test('an optimizer goes on with another bound, another loss, another model and other data, as a new one would', async () => {
    const random = noise(5)
    const data = { x: sample(20, 2, random), y: sample(20, 1, random) }
    const more = { x: sample(30, 2, random), y: sample(30, 1, random) }
    const absolute = (prediction: Input, target: Input): Variable =>
      (prediction as Variable)
        .sub(target as Matrix)
        .abs()
        .mean()
    const train = async (optimizerOf: (parameters: Variable[]) => SGD): Promise<unknown> => {
      const model = net()
      const other = new Sequential(...(model.layers as [Linear, Tanh, Linear]), new Tanh())
      const parameters = model.parameters()
      const settings = { loss: mseLoss, epochs: 3, shuffle: false }
      const histories = []
      for (const [each, samples, options] of [
        [model, data, {}],
        [model, data, { clipNorm: 1e-3 }],
        [model, data, { loss: absolute }],
        [model, more, {}],
        [other, data, {}],
        [model, data, {}],
      ] as const)
        histories.push(await fit(each, samples, { optimizer: optimizerOf(parameters), ...settings, ...options }))
      return [histories, parameters.map(({ value }) => value.toArray())]
    }
    const one = new Map<Variable, SGD>()
    const same = (parameters: Variable[]): SGD => {
      const known = one.get(parameters[0]) ?? new SGD(parameters, { lr: 0.1 })
      one.set(parameters[0], known)
      return known
    }
    expect(await train(same)).toEqual(await train((parameters) => new SGD(parameters, { lr: 0.1 })))
  })

  test('a gradient from before does not count', async () => {
    const [model, other] = [net(), net()]
    for (const parameter of other.parameters() as Variable[]) parameter.grad = parameter.value.add(1)
    await fit(model, xor(), optionsFor(model, { shuffle: false }))
    await fit(other, xor(), optionsFor(other, { shuffle: false }))
    expect(bitsOf(model)).toEqual(bitsOf(other))
  })
})

describe('a scheduler and clipNorm', () => {
  test('train what a plain loop with both trains, bit for bit', async () => {
    const [model, other] = [net(), net()]
    const optimizer = new SGD(model.parameters(), { lr: 0.5, momentum: 0.9 })
    const scheduler = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 })
    const options = { shuffle: false, batchSize: 3, epochs: 5, scheduler, clipNorm: 0.1 }
    const history = await fit(model, xor(), { loss: mseLoss, optimizer, ...options })
    const sgd = new SGD(other.parameters(), { lr: 0.5, momentum: 0.9 })
    for (const lr of [0.5, 0.5, 0.25, 0.25, 0.125]) {
      sgd.lr = lr
      for (const { x, y } of new DataLoader(xor(), { batchSize: 3 })) {
        sgd.zeroGrad()
        mseLoss(other.forward(x), y).backward()
        expect(clipGradNorm(other.parameters(), 0.1).item()).toBeGreaterThan(0)
        sgd.step()
      }
    }
    expect(bitsOf(model)).toEqual(bitsOf(other))
    expect([scheduler.lastEpoch, optimizer.lr]).toEqual([5, 0.125])
    expect(history.loss).toHaveLength(5)
  })

  test('clipNorm bounds each step, and none without it', async () => {
    for (const [more, longest] of [
      [{ clipNorm: 1e-3 }, 1e-3],
      [{}, Number.POSITIVE_INFINITY],
    ] as const) {
      const model = net()
      const before = model.stateDict()
      await fit(
        model,
        xor(),
        optionsFor(model, { optimizer: new SGD(model.parameters(), { lr: 1 }), epochs: 1, ...more }),
      )
      const moved = Object.entries(model.stateDict()).map(([name, value]) =>
        value.sub(before[name]).square().sum().item(),
      )
      const distance = Math.sqrt(moved.reduce((total, each) => total + each, 0))
      expect(distance).toBeLessThan(longest * (1 + 1e-3))
      expect(distance).toBeGreaterThan(0.9e-3)
    }
  })

  test.each([true, false])('clipNorm bounds gradients whose squares overflow (compile: %s)', async (compile) => {
    const parameter = variable(zeros(1, 1, { dtype: 'float64' }))
    const model = Object.assign(new Linear(1, 1, { dtype: 'float64' }), { parameter })
    const loss = (prediction: Variable): Variable =>
      parameter
        .mul(2 ** 700)
        .sum()
        .add(prediction.sum().mul(0))
    const optimizer = new SGD(model.parameters(), { lr: 1 })
    const data = { x: zeros(64, 1, { dtype: 'float64' }), y: zeros(64, 1) }
    await fit(model, data, { loss, optimizer, epochs: 3, batchSize: 4, clipNorm: 2 ** -4, compile } as never)
    expect(parameter.item()).toBe(-3)
  })

  test.each([true, false])(
    "clipNorm is for the optimiser's parameters, whatever the model has (compile: %s)",
    async (compile) => {
      const [extra, unused] = [variable(zeros(1, 1)), variable(zeros(1, 1))]
      const model = Object.assign(net(), { unused })
      const loss = (prediction: Variable, target: Matrix): Variable =>
        mseLoss(prediction, target).add(extra.sub(100).square().sum())
      const [weight] = model.parameters()
      // What the optimiser does not have piles up gradients, and takes nothing of the norm.
      weight.grad = full(weight.rows, weight.cols, 1e6)
      const optimizer = new SGD([extra, unused], { lr: 1 })
      const options = { loss, optimizer, epochs: 3, batchSize: 4, clipNorm: 0.25, compile }
      await fit(model, xor(), options as never)
      expect(extra.value.item()).toBeCloseTo(0.75, 5)
    },
  )

  test('the scheduler has made its step when onEpochEnd is called, not when the validation is evaluated', async () => {
    const model = net()
    const optimizer = new SGD(model.parameters(), { lr: 1 })
    const scheduler = new StepLR(optimizer, { stepSize: 1, gamma: 0.5 })
    const seen: [string, number][] = []
    const metrics = {
      rate: () => {
        seen.push(['metric', optimizer.lr])
        return optimizer.lr
      },
    }
    const callback: Callback = { onEpochEnd: () => void seen.push(['end', optimizer.lr]) }
    const options = { optimizer, scheduler, metrics, callbacks: [callback], validation: xor(), epochs: 2 }
    const history = await fit(model, xor(), optionsFor(model, options))
    expect(seen).toEqual([
      ['metric', 1],
      ['metric', 1],
      ['end', 0.5],
      ['metric', 0.5],
      ['metric', 0.5],
      ['end', 0.25],
    ])
    expect(history.valRate).toEqual([1, 0.5])
  })
})

describe('history', () => {
  test('has the loss and the metrics of each epoch, with val before those of the validation', async () => {
    const model = classifier()
    const data = irises()
    const validation = { x: data.x.slice(0, 5), y: data.y.slice(0, 5) }
    const optimizer = new SGD(model.parameters(), { lr: 0.5 })
    const metrics = { accuracy, rows: (p: Matrix) => p.rows }
    const history = await fit(model, data, {
      loss: crossEntropy,
      optimizer,
      epochs: 3,
      batchSize: 4,
      validation,
      metrics,
    })
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'rows', 'valLoss', 'valAccuracy', 'valRows'])
    for (const values of Object.values(history)) expect(values).toHaveLength(3)
    expect(history.rows).toEqual([10, 10, 10])
    expect(history.valRows).toEqual([5, 5, 5])
    const { loss, accuracy: last } = evaluate(model, validation, { loss: crossEntropy, metrics })
    expect(history.valLoss[2]).toBe(loss)
    expect(history.valAccuracy[2]).toBe(last)
    expect(history.loss[2]).toBeLessThan(history.loss[0])
  })

  test('has any name of a metric that is not taken, also those that objects inherit', async () => {
    const model = net()
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valid', 'ß', 'valAccuracy', '0']
    const metrics = Object.fromEntries(names.map((name, i) => [name, () => i]))
    const seen: string[][] = []
    const callbacks: Callback[] = [{ onEpochEnd: (_epoch, logs) => void seen.push(Object.keys(logs)) }]
    const history = await fit(model, xor(), optionsFor(model, { metrics, validation: xor(), callbacks }))
    for (const [i, name] of names.entries()) {
      expect(Object.getOwnPropertyDescriptor(history, name)?.value, name).toEqual([i, i])
      const evaluated = evaluate(model, xor(), { metrics })
      expect(Object.getOwnPropertyDescriptor(evaluated, name)?.value, name).toBe(i)
    }
    expect(history.val__proto__).toEqual([2, 2])
    expect(Object.keys(history)).toHaveLength(2 + 2 * names.length)
    expect(seen.map((keys) => keys.length)).toEqual([2 + 2 * names.length, 2 + 2 * names.length])
    expect(Object.getPrototypeOf(history)).toBe(Object.prototype)
  })

  test('has the metrics that there were at the start', async () => {
    const model = net()
    const metrics: Record<string, () => number> = { first: () => 1 }
    const adding: Callback = {
      onEpochBegin() {
        metrics.second = () => 2
      },
    }
    const history = await fit(model, xor(), optionsFor(model, { metrics, validation: xor(), callbacks: [adding] }))
    expect(Object.keys(history)).toEqual(['loss', 'first', 'valLoss', 'valFirst'])
  })

  test.each([
    ['loss', ['loss']],
    ['valLoss', ['valLoss']],
    ['Loss', ['Loss']],
    ['valAccuracy', ['accuracy', 'valAccuracy']],
    ['accuracy', ['valAccuracy', 'accuracy']],
    ['Accuracy', ['accuracy', 'Accuracy']],
    ['""', ['']],
  ])('refuses a metric called %s whose name is taken or none', async (shown, names) => {
    const model = net()
    const metrics = Object.fromEntries(names.map((name) => [name, () => 0]))
    const message = `a metric is called ${shown}, wanted a name`
    const error = (await errorFrom(fit(model, xor(), optionsFor(model, { metrics })))) as Error
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toContain(`fit: ${message}`)
    expect(errorOf(() => evaluate(model, xor(), { metrics })).message).toContain(`evaluate: ${message}`)
  })

  test.each([
    ['undefined', undefined, 'undefined, wanted a number'],
    ['a string', '1', '"1", wanted a number'],
    ['a promise', Promise.resolve(1), 'Promise, wanted a number'],
    ['a matrix', matrix([[1]]), 'Matrix, wanted a number, such as its item() if it is 1x1'],
    ['a variable', variable(matrix([[1]])), 'Variable, wanted a number, such as its item() if it is 1x1'],
    ['null', null, 'null, wanted a number'],
    ['a boolean', true, 'true, wanted a number'],
  ])('a metric that gives %s throws', async (_title, value, message) => {
    const model = net()
    const metrics = { good: () => 1, odd: () => value as Untyped }
    const error = (await errorFrom(fit(model, xor(), optionsFor(model, { metrics })))) as Error
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toBe(`fit: metric odd gave ${message}`)
    expect(errorOf(() => evaluate(model, xor(), { metrics })).message).toBe(`evaluate: metric odd gave ${message}`)
  })

  test('without validation and metrics has the loss alone', async () => {
    const model = net()
    expect(Object.keys(await fit(model, xor(), optionsFor(model)))).toEqual(['loss'])
  })

  test('a metric is that of all predictions, not a mean over batches', async () => {
    // With a learning rate of 0 all batches of an epoch see one model.
    const model = classifier()
    const data = irises()
    const optimizer = new SGD(model.parameters(), { lr: 0 })
    const calls: [Matrix, Matrix][] = []
    const worst = (prediction: Matrix, target: Matrix): number => {
      calls.push([prediction, target])
      return prediction.max().item() - target.mean().item()
    }
    const options = { loss: crossEntropy, optimizer, epochs: 2, shuffle: false, metrics: { worst } }
    const history = await fit(model, data, { ...options, batchSize: 3 })
    const wanted = predict(model, data.x)
    expect(calls).toHaveLength(2)
    for (const [prediction, target] of calls) {
      expect(prediction.data).toEqual(wanted.data)
      expect(target.data).toEqual(data.y.data)
    }
    const value = worst(wanted, data.y)
    expect(history.worst).toEqual([value, value])
  })

  test('the loss is the mean over samples, whatever the batches', async () => {
    const data = irises()
    const losses = await Promise.all(
      [1, 3, 4, 10].map(async (batchSize) => {
        const model = classifier()
        const optimizer = new SGD(model.parameters(), { lr: 0 })
        const history = await fit(model, data, { loss: crossEntropy, optimizer, epochs: 1, batchSize, shuffle: false })
        return history.loss[0]
      }),
    )
    for (const loss of losses) expect(Math.abs(loss - losses[0])).toBeLessThan(20 * 2 ** -24)
  })
})

describe('callbacks', () => {
  /** Writes down each call, and its promises a moment later. */
  const spy = (name: string, log: string[]): Callback => {
    const late = async (text: string): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      log.push(`${name} ${text}`)
    }
    return {
      onTrainBegin: () => late('begins'),
      onEpochBegin: (epoch) => late(`epoch ${epoch}`),
      onBatchEnd: (batch) => {
        log.push(`${name} batch ${batch}`)
      },
      onEpochEnd: (epoch) => late(`epoch ${epoch} over`),
      onTrainEnd: () => late('ends'),
    }
  }

  test('are called in order and waited for', async () => {
    const log: string[] = []
    const model = net()
    await fit(model, xor(), optionsFor(model, { batchSize: 2, callbacks: [spy('a', log), spy('b', log)] }))
    const each = (text: string): string[] => [`a ${text}`, `b ${text}`]
    const epoch = (n: number): string[] => [
      ...each(`epoch ${n}`),
      ...each('batch 0'),
      ...each('batch 1'),
      ...each(`epoch ${n} over`),
    ]
    expect(log).toEqual([...each('begins'), ...epoch(0), ...epoch(1), ...each('ends')])
  })

  test('see the training: its model, optimiser, sizes and history so far', async () => {
    const model = net()
    const options = optionsFor(model, { batchSize: 3 })
    const seen: unknown[] = []
    const losses: number[] = []
    const callback: Callback = {
      onEpochBegin(_epoch, training) {
        expect(training.model).toBe(model)
        expect(training.optimizer).toBe(options.optimizer)
        seen.push([training.epochs, training.batches, training.history.loss.length])
      },
      onBatchEnd(_batch, { loss }) {
        losses.push(loss)
      },
      onEpochEnd(epoch, logs, { history }) {
        expect(logs).toEqual({ loss: history.loss[epoch] })
        expect(losses.at(-1)).toBe(logs.loss)
      },
    }
    await fit(model, xor(), { ...options, callbacks: [callback, {}] })
    expect(seen).toEqual([
      [2, 2, 0],
      [2, 2, 1],
    ])
  })

  /** Calls stop() in the callback `when`, in epoch 1. */
  const stopping = (when: keyof Callback): Callback => {
    let epoch = -1
    return {
      onEpochBegin: (at) => {
        epoch = at
      },
      [when]: (...rest: unknown[]) => {
        if (when === 'onEpochBegin') epoch = rest[0] as number
        const training = rest.at(-1) as Training
        if (epoch === 1 || when === 'onTrainBegin') training.stop()
      },
    }
  }

  test.each([
    ['onTrainBegin', 0, 0, ['a begins', 'a ends']],
    ['onEpochBegin', 1, 2, ['a epoch 0 over', 'a epoch 1', 'a ends']],
    ['onBatchEnd', 2, 3, ['a epoch 1', 'a batch 0', 'a epoch 1 over', 'a ends']],
    ['onEpochEnd', 2, 4, ['a batch 0', 'a batch 1', 'a epoch 1 over', 'a ends']],
  ] as const)('stop() in %s trains no further batch', async (when, epochs, batches, last) => {
    const log: string[] = []
    const model = net()
    const callbacks = [stopping(when), spy('a', log)]
    const more = { epochs: 9, batchSize: 2, callbacks, validation: xor() }
    const history = await fit(model, xor(), optionsFor(model, more))
    expect(history.loss).toHaveLength(epochs)
    expect(history.valLoss).toHaveLength(epochs)
    expect(log.filter((line) => line.includes('batch'))).toHaveLength(batches)
    expect(log.slice(-last.length)).toEqual(last)
  })

  test('the logs of an epoch that onBatchEnd ends are of the batches so far', async () => {
    const model = net()
    const losses: number[] = []
    const stopper: Callback = {
      onBatchEnd(batch, { loss }, training) {
        losses.push(loss)
        if (batch === 1) training.stop()
      },
    }
    const metrics = { rows: (p: Matrix) => p.rows }
    const options = optionsFor(model, { batchSize: 1, callbacks: [stopper], metrics, validation: xor() })
    const { loss, rows, valRows } = await fit(model, xor(), options)
    expect(losses).toHaveLength(2)
    expect({ loss, rows, valRows }).toEqual({ loss: [losses[1]], rows: [2], valRows: [4] })
  })

  test('a loss that is no number any more ends the training in that batch', async () => {
    const model = new Linear(1, 1, { generator: new Generator(0) })
    let batches = 0
    const stopper: Callback = {
      onBatchEnd(_batch, { loss }, training) {
        batches++
        if (!Number.isFinite(loss)) training.stop()
      },
    }
    const data = { x: sample(200, 1, noise(2)), y: sample(200, 1, noise(3)) }
    const optimizer = new SGD(model.parameters(), { lr: 1e30 })
    const { loss } = await fit(model, data, {
      loss: mseLoss,
      optimizer,
      batchSize: 10,
      epochs: 5,
      callbacks: [stopper],
      stopOnNaN: false,
    })
    expect(batches).toBeLessThan(6)
    expect(loss).toHaveLength(1)
  })

  test('a promise of onBatchEnd is waited for before the next batch, and its error ends the training', async () => {
    const log: string[] = []
    const slow: Callback = {
      async onBatchEnd(batch, _logs, training) {
        log.push(`${batch} begins`)
        await new Promise((resolve) => setTimeout(resolve, 1))
        log.push(`${batch} ends`)
        if (batch === 1) training.stop()
        if (log.length > 6) throw new Error('not stopped')
      },
    }
    const model = net()
    await fit(model, xor(), optionsFor(model, { batchSize: 1, callbacks: [slow] }))
    expect(log).toEqual(['0 begins', '0 ends', '1 begins', '1 ends'])
    const failing: Callback = { onBatchEnd: () => Promise.reject(new Error('thrown late')) }
    const error = await errorFrom(fit(model, xor(), optionsFor(model, { callbacks: [failing, spy('a', log)] })))
    expect(String(error)).toContain('thrown late')
    expect(log.slice(4)).toEqual(['a begins', 'a epoch 0', 'a ends'])
  })

  test('onTrainEnd that throws hides neither the first error nor the end of others', async () => {
    const first = new Error('first')
    const thrown = ['second', 'third'].map((text) => new Error(text))
    const log: string[] = []
    const callbacks: Callback[] = [
      { onTrainEnd: () => Promise.reject(thrown[0]) },
      {
        onTrainEnd: () => {
          throw thrown[1]
        },
      },
      spy('a', log),
    ]
    const model = net()
    const bad = (): number => {
      throw first
    }
    for (const [options, error, suppressed] of [
      [optionsFor(model, { callbacks, metrics: { bad } }), first, thrown],
      [optionsFor(model, { callbacks }), thrown[0], [thrown[1]]],
      [optionsFor(model, { callbacks, epochs: 0 }), thrown[0], [thrown[1]]],
    ] as const) {
      const got = (await errorFrom(fit(model, xor(), options))) as Error & { suppressed: unknown }
      expect(got).toBe(error)
      expect(got.suppressed).toEqual(suppressed)
      expect(log.at(-1)).toBe('a ends')
    }
    // What nothing can be attached to is thrown all the same.
    for (const reason of ['enough', null, Object.freeze(new Error('frozen'))]) {
      const aborting: Callback = {
        onEpochEnd() {
          throw reason
        },
      }
      const error = await errorFrom(fit(model, xor(), optionsFor(model, { callbacks: [aborting, ...callbacks] })))
      expect(error).toBe(reason)
    }
  })

  test('are objects of any class, with members of their own', async () => {
    class Base {
      readonly seen: string[] = []
      onEpochEnd(epoch: number): void {
        this.seen.push(`epoch ${epoch}`)
      }
    }
    class Counter extends Base {
      count = 0
      once = true
      onReady(): void {}
      onlineTraining(): void {}
      onTrainEnd(): void {
        this.seen.push('end')
      }
    }
    const counter = new Counter()
    const model = net()
    await fit(model, xor(), optionsFor(model, { callbacks: [counter] }))
    expect(counter.seen).toEqual(['epoch 0', 'epoch 1', 'end'])
  })

  test.each([
    ['a callback', { callbacks: [{ onBatchEnd: () => expect.fail('thrown') }] }],
    ['a promise of a callback', { callbacks: [{ onEpochEnd: () => Promise.reject(new Error('thrown')) }] }],
    ['the loss', { loss: () => expect.fail('thrown') }],
    ['a metric', { metrics: { bad: () => expect.fail('thrown') } }],
  ] as [string, Partial<FitOptions>][])(
    'what %s throws ends the training, and onTrainEnd is called',
    async (_title, more) => {
      const log: string[] = []
      const model = net()
      const callbacks = [...(more.callbacks ?? []), spy('a', log)]
      const error = await errorFrom(fit(model, xor(), optionsFor(model, { ...more, callbacks })))
      expect(String(error)).toContain('thrown')
      expect(log.filter((line) => line === 'a ends')).toHaveLength(1)
    },
  )
})

describe('a signal', () => {
  /** Counts steps and aborts after that many. */
  const aborting = (after: number, reason: unknown) => {
    const controller = new AbortController()
    let steps = 0
    const callback: Callback = {
      onBatchEnd() {
        if (++steps === after) controller.abort(reason)
      },
    }
    return { controller, callback, count: () => steps }
  }

  test('that has fired before rejects with its reason before anything else', async () => {
    const model = net()
    const before = bitsOf(model)
    const reason = new Error('too late')
    const callbacks: Callback[] = [{ onTrainBegin: () => expect.fail('called') }]
    const options = optionsFor(model, { signal: AbortSignal.abort(reason), callbacks })
    expect(await errorFrom(fit(model, xor(), options))).toBe(reason)
    expect(bitsOf(model)).toEqual(before)
  })

  test.each([1, 2, 3, 4])('that fires during step %s of 4 rejects with its reason after that step', async (after) => {
    const reason = { why: 'enough' }
    const { controller, callback, count } = aborting(after, reason)
    const model = net()
    const ended: string[] = []
    const callbacks = [callback, { onTrainEnd: () => void ended.push('ended') }]
    const options = optionsFor(model, { batchSize: 2, signal: controller.signal, callbacks })
    expect(await errorFrom(fit(model, xor(), options))).toBe(reason)
    expect(count()).toBe(after)
    expect(ended).toEqual(['ended'])
  })

  test.each(['onTrainBegin', 'onEpochBegin', 'onBatchEnd', 'onEpochEnd'] as const)(
    'that fires in the last %s rejects with its reason',
    async (when) => {
      for (const stops of [false, true]) {
        const controller = new AbortController()
        const callback: Callback = {
          [when]: (...rest: unknown[]) => {
            controller.abort('too late')
            if (stops) (rest.at(-1) as Training).stop()
          },
        }
        const model = net()
        const options = optionsFor(model, { epochs: 1, callbacks: [callback], signal: controller.signal })
        expect(await errorFrom(fit(model, xor(), options))).toBe('too late')
      }
    },
  )

  test('leaves the model usable: it predicts, is saved and learns on', async () => {
    const { controller, callback } = aborting(3, undefined)
    const model = net()
    const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
    const options = { loss: mseLoss, optimizer, epochs: 300, callbacks: [callback], signal: controller.signal }
    const error = await errorFrom(fit(model, xor(), options))
    expect((error as Error).name).toBe('AbortError')
    expect(predict(model, xor().x).data.every(Number.isFinite)).toBe(true)
    expect(Object.keys(model.stateDict())).toHaveLength(4)
    const { loss } = await fit(model, xor(), { loss: mseLoss, optimizer, epochs: 300 })
    expect(loss[299]).toBeLessThan(1e-6)
  })

  test('by a timer is heard within one long epoch', async () => {
    const model = net()
    const data = { x: zeros(200_000, 2), y: zeros(200_000, 1) }
    let steps = 0
    const callbacks: Callback[] = [{ onBatchEnd: () => void steps++ }]
    const options = optionsFor(model, { epochs: 1, batchSize: 1, callbacks, signal: AbortSignal.timeout(250) })
    expect(((await errorFrom(fit(model, data, options))) as Error).name).toBe('TimeoutError')
    expect(steps).toBeGreaterThan(0)
    expect(steps).toBeLessThan(200_000)
  })
})

test('timers run while a model learns: at least three times in a second of steps', async () => {
  const model = net()
  const end = performance.now() + 1000
  let ticks = 0
  const timer = setInterval(() => {
    ticks++
  }, 1)
  const stopper: Callback = {
    onBatchEnd(_batch, _logs, { stop }) {
      if (performance.now() > end) stop()
    },
  }
  await fit(model, xor(), optionsFor(model, { epochs: 1e9, callbacks: [stopper] }))
  clearInterval(timer)
  // One pause in 100 ms is due: ten.
  expect(ticks).toBeGreaterThanOrEqual(3)
})

/** What makes callbacks. */
const progress = (): Callback => ({})
class Early {
  onEpochEnd(): void {}
}

describe('wrong options throw before the first step', () => {
  const bad: [string, Untyped, new (message: string) => Error, string][] = [
    ['a model that is none', { model: {} }, DTypeError, 'fit: model is Object, wanted a Module'],
    ['a model that is null', { model: null }, DTypeError, 'fit: model is null, wanted a Module'],
    ['no data', { data: undefined }, DTypeError, 'fit: the dataset is undefined'],
    ['data without y', { data: { x: zeros(4, 2) } }, DTypeError, 'y is undefined, wanted a Matrix'],
    ['x and y of other numbers', { data: { x: zeros(4, 2), y: zeros(3, 1) } }, ShapeError, 'x is 4x2, y is 3x1'],
    ['no rows', { data: { x: zeros(0, 2), y: zeros(0, 1) } }, MatgradError, 'fit: the data have no batch'],
    [
      'samples of another width',
      { data: { x: zeros(4, 3), y: zeros(4, 1) } },
      ShapeError,
      'Linear(2 → 8): x is 4x3, wanted 2 columns',
    ],
    ['targets of another width', { data: { x: zeros(4, 2), y: zeros(4, 2) } }, ShapeError, 'target is 4x2'],
    ['no options', { options: undefined }, DTypeError, 'fit: options are undefined, wanted an object'],
    ['no loss', { loss: undefined }, DTypeError, 'fit: loss is undefined, wanted a function'],
    ['a metric called loss', { metrics: { loss: () => 0 } }, MatgradError, 'fit: a metric is called loss'],
    ['a loss by name', { loss: 'mse' }, DTypeError, 'fit: loss is "mse", wanted a function'],
    ['a loss that gives a number', { loss: () => 1 }, DTypeError, 'fit: loss gave 1, wanted a Variable'],
    ['a loss for each row', { loss: (p: Variable) => p }, ShapeError, 'fit: loss gave 4x1, wanted 1x1'],
    [
      'a loss of nothing',
      { loss: () => variable(zeros(1, 1), { requiresGrad: false }) },
      MatgradError,
      'the loss depends on none of',
    ],
    ['no optimiser', { optimizer: undefined }, DTypeError, 'fit: optimizer is undefined, wanted an Optimizer'],
    ['an optimiser by name', { optimizer: 'sgd' }, DTypeError, 'fit: optimizer is "sgd", wanted an Optimizer'],
    ['a scheduler by name', { scheduler: 'step' }, DTypeError, 'fit: scheduler is "step", wanted a Scheduler'],
    [
      'the scheduler of another optimiser',
      { scheduler: new StepLR(new SGD(net().parameters(), { lr: 1 }), { stepSize: 1 }) },
      MatgradError,
      'fit: the scheduler has another optimizer, wanted the one that is given',
    ],
    ['a norm by name', { clipNorm: '1' }, DTypeError, 'fit: clipNorm is "1", wanted a number'],
    ['a negative norm', { clipNorm: -1 }, MatgradError, 'fit: clipNorm is -1, wanted 0 or more'],
    ['no epochs', { epochs: undefined }, DTypeError, 'fit: epochs is undefined, wanted a whole number'],
    ['half an epoch', { epochs: 1.5 }, DTypeError, 'fit: epochs is 1.5, wanted a whole number'],
    ['−1 epochs', { epochs: -1 }, ShapeError, 'fit: epochs is -1, wanted at least 0'],
    ['endless epochs', { epochs: Number.POSITIVE_INFINITY }, DTypeError, 'fit: epochs is Infinity'],
    ['batches of 0', { batchSize: 0 }, ShapeError, 'batchSize is 0, wanted at least 1'],
    [
      'a metric by name',
      { metrics: { accuracy: 'accuracy' } },
      DTypeError,
      'fit: accuracy is "accuracy", wanted a fun',
    ],
    [
      'one callback for a list',
      { callbacks: { onEpochEnd() {} } },
      DTypeError,
      'fit: callbacks is Object, wanted an array',
    ],
    [
      'a function for a callback',
      { callbacks: [() => 0] },
      DTypeError,
      'fit: callback 0 is a function, wanted an object with functions',
    ],
    [
      'what makes a callback for a callback',
      { callbacks: [{}, progress] },
      DTypeError,
      'fit: callback 1 is the function progress, wanted an object with functions: did you mean progress()?',
    ],
    ['a class for a callback', { callbacks: [Early] }, DTypeError, ': did you mean new Early()?'],
    ['nothing for a callback', { callbacks: [null] }, DTypeError, 'fit: callback 0 is null, wanted an object'],
    ['a hole for a callback', { callbacks: new Array(1) }, DTypeError, 'fit: callback 0 is undefined'],
    ['a list for a callback', { callbacks: [[]] }, DTypeError, 'fit: callback 0 is an array'],
    ['a text for a function', { callbacks: [{ onEpochEnd: 'x' }] }, DTypeError, 'fit: callback 0: onEpochEnd is "x"'],
    ...[
      ['on_epoch_end', 'onEpochEnd'],
      ['onepochend', 'onEpochEnd'],
      ['onEpchEnd', 'onEpochEnd'],
      ['on_train_batch_end', 'onBatchEnd'],
      ['onTrainBatchEnd', 'onBatchEnd'],
      ['onEpochStart', 'onEpochBegin'],
      ['onTrainStart', 'onTrainBegin'],
      ['on_train_begin', 'onTrainBegin'],
    ].map(([name, meant]): [string, Untyped, typeof DTypeError, string] => [
      `a callback's ${name}`,
      { callbacks: [{ [name]: () => 0 }] },
      DTypeError,
      `fit: callback 0: got ${name}, wanted onTrainBegin, onEpochBegin, onBatchEnd, onEpochEnd or onTrainEnd: did you mean ${meant}?`,
    ]),
    [
      'a callback that is called by others',
      { callbacks: [{ onValidationEnd: () => 0 }] },
      DTypeError,
      'fit: callback 0: got onValidationEnd, wanted onTrainBegin',
    ],
    [
      'a misnamed method of a class',
      {
        callbacks: [
          new (class {
            onEpochEnded() {}
          })(),
        ],
      },
      DTypeError,
      'got onEpochEnded, wanted',
    ],
    ['a metric for metrics', { metrics: accuracy }, DTypeError, 'fit: metrics is the function accuracy'],
    ['metrics in a list', { metrics: [accuracy] }, DTypeError, 'fit: metrics is an array, wanted functions by name'],
    ["Keras's name of the validation", { validationData: xor() }, DTypeError, ': did you mean validation?'],
    ['a signal that is none', { signal: {} }, DTypeError, 'fit: signal is Object, wanted an AbortSignal'],
    [
      "another model's optimiser",
      { optimizer: new SGD(net().parameters(), { lr: 1 }) },
      MatgradError,
      "fit: the optimizer has none of the model's 4 parameters, wanted those of model.parameters()",
    ],
    [
      'a model of nothing to train',
      { model: new ReLU() },
      MatgradError,
      'fit: ReLU has no parameters, wanted some: those in #private fields it must register',
    ],
    [
      'a row of targets',
      { data: { x: zeros(4, 2), y: zeros(1, 4) } },
      ShapeError,
      'x is 4x2, y is 1x4, wanted as many rows: y is a row, y.T the column',
    ],
    [
      'a row of samples',
      { data: { x: zeros(1, 4), y: zeros(4, 1) } },
      ShapeError,
      'x is 1x4, y is 4x1, wanted as many rows: x is a row, x.T the column',
    ],
    [
      'a validation of another width',
      { validation: { x: zeros(4, 3), y: zeros(4, 1) } },
      ShapeError,
      'fit: x is 4x2, x of the validation is 4x3, wanted as many columns',
    ],
    [
      'a validation with targets of another width',
      { validation: { x: zeros(4, 2), y: zeros(4, 2) } },
      ShapeError,
      'mseLoss: prediction is 4x1, target is 4x2',
    ],
    [
      'a loader of no batch for the validation',
      { validation: new DataLoader(xor(), { batchSize: 5, dropLast: true }) },
      MatgradError,
      'fit: the validation data have no batch',
    ],
    [
      'no validation',
      { validation: null },
      DTypeError,
      'fit: validation: the dataset is null, wanted matrices x and y',
    ],
    ['a validation without y', { validation: { x: zeros(1, 2) } }, DTypeError, 'fit: validation: y is undefined'],
    [
      'an empty validation',
      { validation: { x: zeros(0, 2), y: zeros(0, 1) } },
      MatgradError,
      'fit: the validation data',
    ],
  ]

  test.each(bad)('%s', async (_title, more, kind, message) => {
    const own = net()
    const before = bitsOf(own)
    const { model = own, data, options, ...rest } = { data: xor(), options: optionsFor(own), ...more }
    const chosen = 'model' in more ? more.model : model
    const given = options && { ...options, ...rest }
    const error = await errorFrom(fit(chosen, data, given))
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toContain(message)
    expect(bitsOf(own)).toEqual(before)
  })
})

describe('what would throw after the first step throws before it', () => {
  const generator = new Generator(3)
  const normalized = (...more: readonly Module[]) =>
    new Sequential(
      new Linear(2, 4, { generator }),
      new BatchNorm1d(4),
      ...(more as []),
      new Linear(4, 1, { generator }),
    )
  const rows = (count: number) => ({ x: sample(count, 2, noise(1)), y: sample(count, 1, noise(2)) })
  const labelled = (count: number, ...classes: readonly number[]) => ({
    x: sample(count, 2, noise(1)),
    y: matrix(Array.from({ length: count }, (_, i) => [classes[i - count + classes.length] ?? 0])),
  })
  class Own extends Module {
    readonly layers = [[normalized()]]
    override forward(x: Input): Variable {
      return this.layers[0][0].forward(x as never)
    }
  }
  class Free extends Sequential<readonly []> {
    override get leastRows(): number {
      return 5
    }
  }
  const withoutStatistics = () =>
    new Sequential(new Linear(2, 4), new BatchNorm1d(4, { trackRunningStats: false }), new Linear(4, 1))

  const least = 'BatchNorm1d(4) wants at least 2 in a batch; wanted a'
  const orDrop = `${least} DataLoader with dropLast: true, or another batchSize`
  const larger = `${least} larger batchSize, and as many rows`
  const bad: [string, () => Module, Untyped, Untyped, string][] = [
    [
      'a last batch of one row',
      normalized,
      rows(33),
      {},
      `fit: got 33 rows of data in batches of 32: the last has 1, ${orDrop}`,
    ],
    ['the same by a loader', normalized, new DataLoader(rows(5), { batchSize: 2 }), {}, orDrop],
    ['batches of one row', normalized, rows(4), { batchSize: 1 }, `batches of 1: the last has 1, ${larger}`],
    ['data of one row', normalized, rows(1), {}, `got 1 rows of data in batches of 32: the last has 1, ${larger}`],
    [
      'fewer rows than a layer says that it takes',
      () => new Sequential(new Linear(2, 1), new Free()),
      rows(12),
      { batchSize: 8 },
      'the last has 4, Free wants at least 5 in a batch',
    ],
    [
      'a last batch of one row of the validation, where it is normalised by itself',
      withoutStatistics,
      rows(8),
      { validation: rows(257) },
      `got 257 rows of validation data in batches of 256: the last has 1, ${orDrop}`,
    ],
    [
      'the same by a loader',
      withoutStatistics,
      rows(8),
      { validation: new DataLoader(rows(3), { batchSize: 2 }) },
      `got 3 rows of validation data in batches of 2: the last has 1, ${orDrop}`,
    ],
  ]
  test.each(bad)('%s', async (_title, make, data, more, message) => {
    const model = make()
    model.parameters()[0].grad = full(4, 2, 1)
    const before = bitsOf(model)
    const error = await errorFrom(fit(model, data, optionsFor(model, more)))
    expect(error).toBeInstanceOf(ShapeError)
    expect((error as Error).message).toContain(message)
    expect(bitsOf(model)).toEqual(before)
    expect(model.parameters()[0].grad).not.toBeNull()
  })

  test.each([
    ['above the last, in the last batch', labelled(40, 3), {}, 'class'],
    ['below 0', labelled(40, -1, 0), {}, 'class'],
    ['between two', labelled(40, 0.5, 2), {}, 'class'],
    ['that is NaN', labelled(40, Number.NaN), {}, 'class'],
    ['above the last, in the validation', labelled(40), { validation: labelled(300, 7) }, 'class'],
    ['between two, in a loader', labelled(40), { validation: new DataLoader(labelled(9, 1.5)) }, 'class'],
    ['with the wrong number of columns', labelled(40), { validation: { ...labelled(4), y: zeros(4, 2) } }, '4x2'],
  ])('a class %s', async (_title, data, more, message) => {
    const model = classifier()
    const before = bitsOf(model)
    const { state } = getDefaultGenerator()
    const options = { ...optionsFor(model, { batchSize: 8, ...more }), loss: crossEntropy }
    const error = await errorFrom(fit(model, data, options))
    expect(error).toBeInstanceOf(MatgradError)
    expect((error as Error).message).toContain('crossEntropy: ')
    expect((error as Error).message).toContain(message)
    expect(bitsOf(model)).toEqual(before)
    expect(getDefaultGenerator().state).toEqual(state)
    expect([...model.modules()].every(({ training }) => training)).toBe(true)
  })

  test('with dropLast, without a last batch of one row, or with nothing to learn it trains', async () => {
    for (const [data, more] of [
      [new DataLoader(rows(33), { batchSize: 32, dropLast: true }), {}],
      [rows(34), {}],
      [rows(2), {}],
      [rows(8), { validation: rows(257) }],
      [rows(33), { epochs: 0 }],
    ] as const) {
      const model = normalized()
      await fit(model, data, optionsFor(model, more))
    }
  })

  test('a model of its own may take care of a last batch of one row', async () => {
    class Careful extends Module {
      readonly linear = new Linear(2, 1, { generator })
      readonly norm = new BatchNorm1d(1)
      readonly after: (y: Variable, norm: BatchNorm1d) => Variable
      constructor(after: (y: Variable, norm: BatchNorm1d) => Variable) {
        super()
        this.after = after
      }
      override forward(x: Input): Variable {
        return this.after(this.linear.forward(x as never), this.norm)
      }
    }
    for (const after of [
      (y: Variable, norm: BatchNorm1d) => (y.rows > 1 ? norm.forward(y as never) : y),
      (y: Variable) => y,
      (y: Variable, norm: BatchNorm1d) => (norm.eval() as BatchNorm1d).forward(y as never),
    ]) {
      const model = new Careful(after as never)
      const { loss } = await fit(model, rows(33), optionsFor(model, { validation: rows(257) }))
      expect(loss).toHaveLength(2)
    }
  })

  test('a class that is wrong is named by its row in the data', async () => {
    const options = (model: Module) => ({ ...optionsFor(model, { batchSize: 8 }), loss: crossEntropy })
    for (const [data, shown] of [
      [labelled(100, 3), 'row 99 has class 3'],
      [labelled(100, 3, 0, 0), 'row 97 has class 3'],
      [labelled(100, -1, ...Array(97).fill(0)), 'row 2 has class -1'],
      [labelled(100, 0.5, 0), 'row 98 has class 0.5'],
    ] as const) {
      const model = classifier()
      expect(String(await errorFrom(fit(model, data, options(model))))).toContain(`crossEntropy: ${shown}, wanted`)
    }
  })

  test('a layer that a model keeps out of learning may have one row', async () => {
    class Frozen extends Own {
      override train(training?: boolean): this {
        super.train(training)
        ;(this.layers[0][0].layers[1] as Module).eval()
        return this
      }
    }
    const model = new Frozen().eval()
    const { loss } = await fit(model, rows(33), optionsFor(model))
    expect(loss).toHaveLength(2)
  })
})

test('validation data may be a DataLoader, in its batches and order', async () => {
  const data = { x: sample(10, 2, noise(1), { dtype: 'float32' }), y: sample(10, 1, noise(2), { dtype: 'float32' }) }
  const train = (validation: Untyped) => {
    const model = net()
    return fit(
      model,
      xor(),
      optionsFor(model, { shuffle: false, validation, metrics: { rows: (p: Matrix) => p.rows } }),
    )
  }
  const whole = await train(data)
  expect(await train(new DataLoader(data, { batchSize: 3 }))).toEqual(whole)
  const { valRows } = await train(new DataLoader(data, { batchSize: 4, dropLast: true }))
  expect([whole.valRows, valRows]).toEqual([
    [10, 10],
    [8, 8],
  ])
})

/** Writes down whether it is learning whenever it is used. */
class Witness extends Module {
  readonly seen: boolean[] = []
  override forward(x: Input): Variable {
    this.seen.push(this.training)
    return variable('value' in x ? x.value : x, { requiresGrad: false })
  }
}

test('a model learns in training mode, also after each validation, which is out of it', async () => {
  const witness = new Witness()
  const model = new Sequential(new Sequential(witness), new Linear(2, 1))
  model.eval()
  // A replay does not call the witness.
  await fit(model, xor(), optionsFor(model, { epochs: 2, batchSize: 2, validation: xor(), compile: false }))
  expect(witness.seen).toEqual([true, true, false, true, true, false])
  expect([...model.modules()].every(({ training }) => training)).toBe(true)
})

describe('evaluate and predict', () => {
  /** 45 samples of five numbers, and a network of sizes that no tile divides. */
  const setup = (dtype: 'float32' | 'float64') => {
    const generator = new Generator(2)
    const options = { dtype, generator }
    const model = new Sequential(
      new Linear(5, 17, options),
      new ReLU(),
      new Dropout(0.5, { generator }),
      new Linear(17, 3, options),
      new Softmax(),
    )
    const x = sample(45, 5, noise(1), { dtype })
    return { model, data: { x, y: matrix(Array.from({ length: 45 }, (_, i) => [i % 3])) } }
  }
  const loss = (prediction: Variable, target: Matrix): Variable => entropyOf(prediction, target)

  test.each(DTYPES)('do not depend on the batch size, bit for bit, in %s', (dtype) => {
    const { model, data } = setup(dtype)
    const whole = predict(model, data.x)
    const wanted = evaluate(model, data, { loss, metrics: { accuracy } })
    expect(whole.shape).toEqual([45, 3])
    for (const batchSize of [1, 2, 3, 4, 5, 7, 8, 16, 44, 45, 1000]) {
      expect(predict(model, data.x, { batchSize }).data, `batches of ${batchSize}`).toEqual(whole.data)
      const got = evaluate(model, data, { loss, metrics: { accuracy }, batchSize })
      expect(got, `batches of ${batchSize}`).toEqual(wanted)
    }
  })

  test('predict is forward out of learning, and drops nothing', () => {
    const { model, data } = setup('float32')
    const got = predict(model, data.x)
    expect(got.data).toEqual(model.eval().forward(data.x).value.data)
    expect(got.data).not.toEqual(model.train().forward(data.x).value.data)
  })

  test('evaluate is the loss and the metrics of those predictions', () => {
    const { model, data } = setup('float64')
    const prediction = predict(model, data.x)
    const result = evaluate(model, data, { loss, metrics: { accuracy, rows: (p) => p.rows } })
    expect(result).toEqual({
      loss: loss(variable(prediction), data.y).item(),
      accuracy: accuracy(prediction, data.y),
      rows: 45,
    })
    expect(evaluate(model, data, { metrics: { accuracy } })).toEqual({ accuracy: result.accuracy })
    expect(evaluate(model, new DataLoader(data, { batchSize: 4 }), { loss })).toEqual({ loss: result.loss })
  })

  test('a weighted mean is that over all samples', () => {
    const { model, data } = setup('float64')
    const weight = matrix([[1, 5, 20]], { dtype: 'float64' })
    const weighted = (prediction: Variable, target: Matrix): Variable => entropyOf(prediction, target, { weight })
    const wanted = weighted(variable(predict(model, data.x)), data.y).item()
    expect(evaluate(model, data, { loss: weighted, batchSize: 4 }).loss).toBe(wanted)
  })

  test.each([
    ['predict', (model: Module, x: Matrix) => predict(model, x)],
    ['evaluate', (model: Module, x: Matrix) => evaluate(model, { x, y: zeros(x.rows, 1) }, { loss })],
  ])('%s leaves flags, gradients, parameters and generators as they were', (_title, run) => {
    const { model, data } = setup('float32')
    const [parts, dropout] = [[...model.modules()], model.layers[2] as Dropout]
    for (const [i, part] of parts.entries()) part.training = i % 2 === 0
    const flags = parts.map(({ training }) => training)
    for (const parameter of model.parameters() as Variable[]) parameter.grad = parameter.value.add(1)
    const gradients = model.parameters().map(({ grad }) => grad)
    const values = gradients.map((each) => each?.data.slice())
    const before = [bitsOf(model), dropout.generator?.state]
    run(model, data.x)
    expect(parts.map(({ training }) => training)).toEqual(flags)
    expect(model.parameters().every(({ grad }, i) => grad === gradients[i])).toBe(true)
    expect(gradients.map((each) => each?.data)).toEqual(values)
    expect([bitsOf(model), dropout.generator?.state]).toEqual(before)
    // Also when it fails half-way.
    expect(() => run(model, zeros(3, 4))).toThrow(ShapeError)
    expect(parts.map(({ training }) => training)).toEqual(flags)
    model.train()
    stepOf(
      (x: Matrix) =>
        model
          .forward(x as Matrix<number, 5>)
          .sum()
          .backward(),
      model,
    )(data.x)
  })

  test('record nothing', () => {
    const seen: boolean[] = []
    class Recorder extends Module {
      readonly scale = variable(matrix([[2]]))
      override forward(x: Input): Variable {
        const y = this.scale.mul(x) as Variable
        seen.push(y.requiresGrad)
        return y
      }
    }
    const model = new Recorder()
    const data = { x: zeros(2, 1), y: zeros(2, 1) }
    model.forward(data.x)
    // Within a replay the model is not called, and sees nothing.
    predict(model, data.x, { compile: false })
    evaluate(model, data, { loss: mseLoss, compile: false })
    model.forward(data.x)
    expect(seen).toEqual([true, false, false, true])
  })

  test('predict of no rows has none', () => {
    const { model } = setup('float32')
    expect(predict(model, zeros(0, 5)).shape).toEqual([0, 3])
  })

  test.each([
    ['predict without a model', () => predict(null as Untyped, zeros(1, 1)), DTypeError, 'predict: model is null'],
    ['predict of an array', () => predict(net(), [[0, 1]] as Untyped), DTypeError, 'predict: x is an array'],
    ['predict of undefined', () => predict(net(), undefined as Untyped), DTypeError, 'predict: x is undefined'],
    ['predict in batches of 0', () => predict(net(), zeros(1, 2), { batchSize: 0 }), ShapeError, 'batchSize is 0'],
    ['predict in halves', () => predict(net(), zeros(1, 2), { batchSize: 0.5 }), DTypeError, 'batchSize is 0.5'],
    [
      'predict of another width',
      () => predict(net(), zeros(1, 3)),
      ShapeError,
      'Linear(2 → 8): x is 1x3, wanted 2 columns',
    ],
    ['evaluate without a model', () => evaluate({} as Untyped, xor()), DTypeError, 'evaluate: model is Object'],
    ['evaluate without data', () => evaluate(net(), null as Untyped), DTypeError, 'the dataset is null'],
    [
      'evaluate with a loss by name',
      () => evaluate(net(), xor(), { loss: 'mse' as Untyped }),
      DTypeError,
      'evaluate: loss is "mse", wanted a function',
    ],
    [
      'evaluate with a loss that gives a number',
      () => evaluate(net(), xor(), { loss: (() => 1) as Untyped }),
      DTypeError,
      'evaluate: loss gave 1, wanted a Variable',
    ],
    [
      'evaluate with a loss for each row',
      () => evaluate(net(), xor(), { loss: (p) => p }),
      ShapeError,
      'evaluate: loss gave 4x1, wanted 1x1',
    ],
    [
      'evaluate of no rows',
      () => evaluate(net(), { x: zeros(0, 2), y: zeros(0, 1) }, { loss: mseLoss }),
      MatgradError,
      'evaluate: the data have no batch',
    ],
  ] as const)('%s throws', (_title, run, kind, message) => {
    const error = errorOf(run)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})

describe('batches of a model of this package are in matrices that the next ones overwrite', () => {
  const wide = (rows: number, dtype: 'float32' | 'float64' = 'float32') => {
    const random = noise(9)
    return {
      x: sample(rows, 40, random, { dtype }),
      y: matrix(Array.from({ length: rows }, (_, i) => [i % 3])),
    }
  }
  const model = (seed = 1): Sequential => {
    const generator = new Generator(seed)
    return new Sequential(new Linear(40, 300, { generator }), new ReLU(), new Linear(300, 3, { generator }))
  }

  /** Keeps the samples that it is given. */
  class Keeper extends Module {
    readonly kept: [Matrix, number[][]][] = []
    forward(x: Input): Variable {
      const { value } = x as Variable
      const samples = value ?? (x as unknown as Matrix)
      this.kept.push([samples, samples.toArray()])
      return new ReLU().forward(x)
    }
  }

  test.each([true, false])('but not those that a layer of a user has had (compile: %s)', async (compile) => {
    const keeper = new Keeper()
    const net = model()
    const layers = net.layers as Module[]
    const exchange: Callback = {
      onBatchEnd(batch) {
        if (batch === 1) layers.unshift(keeper)
        if (batch === 5) layers.shift()
      },
    }
    const optimizer = new SGD(net.parameters(), { lr: 0.01 })
    await fit(net, wide(700), {
      loss: crossEntropy,
      optimizer,
      epochs: 2,
      batchSize: 64,
      compile,
      callbacks: [exchange],
    })
    expect(keeper.kept.length).toBeGreaterThanOrEqual(6)
    for (const [samples, before] of keeper.kept) expect(samples.toArray()).toEqual(before)
  })

  test('and metrics of users keep what they were given', async () => {
    const kept: [Matrix, number[][]][] = []
    const keep = (...matrices: Matrix[]): number => {
      for (const each of matrices) kept.push([each, each.toArray()])
      return 0
    }
    const net = model()
    const optimizer = new SGD(net.parameters(), { lr: 0.01 })
    const validation = wide(300)
    await fit(net, wide(64), { loss: crossEntropy, optimizer, epochs: 3, batchSize: 64, validation, metrics: { keep } })
    expect(kept).toHaveLength(12)
    for (const [matrix, before] of kept) expect(matrix.toArray()).toEqual(before)
  })

  test('accuracy and validation beside it are the bits of a plain loop, with a last batch that is not full', async () => {
    const run = async (compile: boolean): Promise<unknown> => {
      const net = model(3)
      const optimizer = new SGD(net.parameters(), { lr: 0.05, momentum: 0.9 })
      const validation = new DataLoader(wide(333), { batchSize: 50, shuffle: true, generator: new Generator(5) })
      const history = await fit(net, wide(777), {
        ...{ loss: crossEntropy, optimizer, epochs: 4, batchSize: 64, generator: new Generator(2), compile },
        ...{ validation, metrics: { accuracy } },
      })
      return { history, bits: bitsOf(net) }
    }
    expect(await run(true)).toEqual(await run(false))
  })

  test('data that a callback exchanges are used from the next batch on, of another dtype too', async () => {
    const run = async (loaderOf: (data: { x: Matrix; y: Matrix }) => DataLoader): Promise<unknown> => {
      const data = wide(200)
      const net = model(2)
      const exchange: Callback = {
        onBatchEnd(batch) {
          if (batch === 1) Object.assign(data, wide(200, 'float64'))
        },
      }
      const optimizer = new SGD(net.parameters(), { lr: 0.05 })
      const options = { loss: crossEntropy, optimizer, epochs: 2, callbacks: [exchange] }
      return { history: await fit(net, loaderOf(data), options), bits: bitsOf(net) }
    }
    class Own extends DataLoader {}
    expect(await run((data) => new DataLoader(data, { batchSize: 32 }))).toEqual(
      await run((data) => new Own(data, { batchSize: 32 })),
    )
  })

  test.each([
    ['fewer rows', ShapeError, (data: { x: Matrix; y: Matrix }) => Object.assign(data, wide(100))],
    [
      'fewer rows of targets',
      ShapeError,
      (data: { x: Matrix; y: Matrix }) => Object.assign(data, { y: data.y.slice(0, 100) }),
    ],
    [
      'elements that were taken away',
      MatgradError,
      (data: { x: Matrix }) => void structuredClone(0, { transfer: [data.x.data.buffer as ArrayBuffer] }),
    ],
  ])('data of which a callback leaves %s are an error in the next batch', async (_, kind, change) => {
    const data = wide(200)
    const net = model()
    const optimizer = new SGD(net.parameters(), { lr: 0.05 })
    let after: unknown
    const callback: Callback = {
      onBatchEnd(batch) {
        if (batch !== 1) return
        change(data)
        after = bitsOf(net)
      },
    }
    const options = { loss: crossEntropy, optimizer, epochs: 2, batchSize: 32, callbacks: [callback] }
    const error = await errorFrom(fit(net, data, options))
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toMatch(/^fit: /)
    expect(bitsOf(net)).toEqual(after)
  })
})

test.each([true, false])(
  'a callback that comes later is one: the model learns in training mode again (compile: %s)',
  async (compile) => {
    const modes: boolean[] = []
    const run = async (callbacks: Callback[]): Promise<number> => {
      const net = new Sequential(new Linear(2, 3), new BatchNorm1d(3), new Linear(3, 1))
      const norm = net.layers[1] as BatchNorm1d
      let epochs = 0
      const stopping: Callback = {
        onEpochEnd(_epoch, _logs, training) {
          modes.push(norm.training)
          net.eval()
          if (++epochs === 5) training.stop()
        },
      }
      const optimizer = new SGD(net.parameters(), { lr: 1e-3 })
      setTimeout(() => callbacks.push(stopping), 30)
      await fit(net, xor(), { loss: mseLoss, optimizer, epochs: 1e7, compile, callbacks })
      return epochs
    }
    expect(await run([])).toBe(5)
    expect(modes).toEqual([true, true, true, true, true])
  },
)

test.each([
  ['of the data', {}],
  ['of the validation', { validation: { x: zeros(5, 2), y: matrix([[0], [1], [2], [1], [5]]) } }],
])('targets %s that accuracy does not take are an error before the first step', async (what, more) => {
  const net = new Sequential(new Linear(2, what === 'of the data' ? 1 : 3))
  const before = bitsOf(net)
  const y = what === 'of the data' ? matrix([[0.5], [1], [0], [1.296]]) : matrix([[0], [1], [2], [1]])
  const loss = what === 'of the data' ? mseLoss : (p: Variable, t: Matrix) => crossEntropy(p, t)
  const optimizer = new SGD(net.parameters(), { lr: 0.1 })
  const options = { loss, optimizer, epochs: 2, metrics: { accuracy }, ...more }
  const error = await errorFrom(fit(net, { x: zeros(4, 2), y }, options))
  expect((error as Error).message).toMatch(/^(fit: validation: )?accuracy: row \d+ of target has class/)
  expect(bitsOf(net)).toEqual(before)
})

test('crossEntropy of a model of one output is an error at the first batch, and nothing is changed', async () => {
  const model = net()
  const before = bitsOf(model)
  const error = await errorFrom(fit(model, xor(), optionsFor(model, { loss: crossEntropy })))
  expect(error).toBeInstanceOf(ShapeError)
  expect(error).toMatchObject({ message: expect.stringContaining('logits are 4x1, one class, whose loss is 0') })
  expect(bitsOf(model)).toEqual(before)
})

test('a network that overflows says so in its history, and goes on, without stopOnNaN', async () => {
  const model = new Linear(1, 1, { init: init.constant(1e30) })
  const data = { x: matrix([[1e30]]), y: matrix([[0]]) }
  const { loss } = await fit(model, data, optionsFor(model, { epochs: 2, stopOnNaN: false }))
  expect(loss[0]).toBe(Number.POSITIVE_INFINITY)
  expect(loss).toHaveLength(2)
})
