// 200 steps of training, compiled and not: the results of every step, and every tenth time parameters, buffers, gradients and
// what the optimiser remembers, are the same bits; nearly all compiled steps are replays.

import { compile, type Variable } from '@matgrad/autograd'
import { type DType, Generator, type Matrix, manualSeed } from '@matgrad/core'
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  BatchNorm1d,
  CosineAnnealingLR,
  clipGradNorm,
  clipGradValue,
  crossEntropy,
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  LinearWarmup,
  Lion,
  type Module,
  mseLoss,
  OneCycleLR,
  type Optimizer,
  PReLU,
  ReLU,
  Residual,
  RMSprop,
  type Scheduler,
  SELU,
  Sequential,
  SGD,
  StepLR,
  Tanh,
} from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { identical } from '../../autograd/test/random-programs.ts'

const STEPS = 200
const [FEATURES, CLASSES] = [5, 3]

// biome-ignore lint/suspicious/noExplicitAny: any function
type Wrap = <F extends (...args: any[]) => unknown>(fn: F) => F

/** A training that is run twice, once with functions that `wrap` compiles and once with the functions themselves. */
interface Training {
  /** Does step n and gives what it computed. */
  step(n: number): readonly Matrix[]
  readonly models: readonly Module[]
  readonly optimizers: readonly Optimizer[]
}

interface Scenario {
  readonly title: string
  /** How often functions are traced: everything else is a replay. */
  readonly traces: number
  make(wrap: Wrap): Training
}

function stateOf({ models, optimizers }: Training): [string, Matrix][] {
  return [
    ...models.flatMap((model) => Object.entries(model.stateDict())),
    ...models.flatMap((model) =>
      model.namedParameters().flatMap(([name, { grad }]): [string, Matrix][] => (grad ? [[`${name}.grad`, grad]] : [])),
    ),
    ...optimizers.flatMap((optimizer) => Object.entries(optimizer.stateDict().matrices)),
  ]
}

function compare({ make, traces }: Scenario): void {
  let runs = 0
  const compiling: Wrap = (fn) =>
    compile((...args) => {
      runs++
      return fn(...args)
    }) as unknown as typeof fn
  const trainings = [make((fn) => fn), make(compiling)]
  for (let n = 0; n < STEPS; n++) {
    const [wanted, got] = trainings.map((training) => {
      manualSeed(n)
      const results = training.step(n).map((each, i): [string, Matrix] => [`result ${i}`, each])
      return n % 10 === 9 ? [...results, ...stateOf(training)] : results
    })
    expect(got.map(([name]) => name)).toEqual(wanted.map(([name]) => name))
    for (const [i, [name, value]] of wanted.entries())
      if (!identical(got[i][1], value)) expect.fail(`step ${n}, ${name}: got ${got[i][1]}, wanted ${value}`)
  }
  expect(runs).toBe(traces)
}

/** A batch, every seventh smaller, with the class of each sample. */
function batch(n: number, dtype: DType = 'float32') {
  const generator = new Generator(`batch ${n}`)
  const rows = n % 7 === 6 ? 11 : 16
  const x: Matrix = generator.normal(rows, FEATURES, 0, 1, { dtype })
  return { x, labels: x.argmax(1).div(2).floor() as Matrix }
}

function network(dtype: DType = 'float32', ...between: Module[]): Module {
  const options = { dtype, generator: new Generator('network') }
  return new Sequential(
    new Linear(FEATURES, 9, options),
    ...(between as [Module]),
    new Tanh(),
    new Linear(9, 8, options),
    new ReLU(),
    new Linear(8, CLASSES, options),
  )
}

/** The usual step. */
const stepOf =
  (model: Module, optimizer: Optimizer, clip?: () => unknown) =>
  ({ x, labels }: { x: Matrix; labels: Matrix }): Variable => {
    optimizer.zeroGrad()
    const loss = crossEntropy(model.forward(x), labels)
    loss.backward()
    clip?.()
    optimizer.step()
    return loss
  }

type Make = (model: Module) => Optimizer

const optimizers: readonly [title: string, make: Make][] = [
  ['SGD', (model) => new SGD(model.parameters(), { lr: 0.1 })],
  ['SGD with momentum', (model) => new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })],
  ["SGD with Nesterov's momentum", (model) => new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true })],
  ['SGD with dampening', (model) => new SGD(model.parameters(), { lr: 0.1, momentum: 0.8, dampening: 0.3 })],
  ['SGD with weight decay', (model) => new SGD(model.parameters(), { lr: 0.1, weightDecay: 0.01 })],
  [
    'SGD in groups',
    (model) => {
      const [first, ...rest] = model.parameters()
      return new SGD(
        [
          { params: [first], lr: 0.3 },
          { params: rest, momentum: 0.5, weightDecay: 0.1 },
        ],
        { lr: 0.05 },
      )
    },
  ],
  ['Adam', (model) => new Adam(model.parameters())],
  [
    'Adam with weight decay',
    (model) => new Adam(model.parameters(), { lr: 0.01, betas: [0.8, 0.9], weightDecay: 0.1 }),
  ],
  ['AdamW', (model) => new AdamW(model.parameters(), { lr: 0.01 })],
  ['Adam by the largest moment', (model) => new Adam(model.parameters(), { amsgrad: true, weightDecay: 0.1 })],
  ['AdamW by the largest moment', (model) => new AdamW(model.parameters(), { amsgrad: true })],
  ['Adamax', (model) => new Adamax(model.parameters())],
  ['RMSprop', (model) => new RMSprop(model.parameters(), { lr: 0.003 })],
  ['RMSprop, centered', (model) => new RMSprop(model.parameters(), { lr: 0.003, centered: true, momentum: 0.5 })],
  ['Adagrad', (model) => new Adagrad(model.parameters(), { lrDecay: 0.01, weightDecay: 0.01 })],
  ['Adadelta', (model) => new Adadelta(model.parameters(), { weightDecay: 0.01 })],
  ['Lion', (model) => new Lion(model.parameters(), { lr: 0.003 })],
]

/** Two groups of each kind, all of whose settings differ. */
const inGroups: readonly [title: string, make: (first: Variable[], rest: Variable[]) => Optimizer][] = [
  [
    'Adam',
    (params, rest) =>
      new Adam([
        { params, amsgrad: true, weightDecay: 0.1 },
        { params: rest, decoupledWeightDecay: true, weightDecay: 0.2, betas: [0.5, 0.9] },
      ]),
  ],
  [
    'Adamax',
    (params, rest) =>
      new Adamax([
        { params, weightDecay: 0.1 },
        { params: rest, betas: [0.5, 0.9], eps: 0.01 },
      ]),
  ],
  [
    'RMSprop',
    (params, rest) =>
      new RMSprop([
        { params, centered: true, weightDecay: 0.1 },
        { params: rest, momentum: 0.5, alpha: 0.9 },
      ]),
  ],
  [
    'Adagrad',
    (params, rest) =>
      new Adagrad([
        { params, lrDecay: 0.1 },
        { params: rest, initialAccumulatorValue: 0.5, weightDecay: 0.1 },
      ]),
  ],
  [
    'Adadelta',
    (params, rest) =>
      new Adadelta([
        { params, rho: 0.5 },
        { params: rest, lr: 0.5, weightDecay: 0.1 },
      ]),
  ],
  [
    'Lion',
    (params, rest) =>
      new Lion([
        { params, betas: [0.5, 0.9] },
        { params: rest, lr: 0.01, weightDecay: 0.1 },
      ]),
  ],
]

const simple = (title: string, makeOptimizer: Make, dtype: DType): Scenario => ({
  title: `${title}, ${dtype}, the learning rate changed between steps`,
  traces: 2,
  make(wrap) {
    const model = network(dtype)
    const optimizer = makeOptimizer(model)
    const train = wrap(stepOf(model, optimizer))
    return {
      models: [model],
      optimizers: [optimizer],
      step(n) {
        if (n % 40 === 39) optimizer.lr *= 0.7
        return [train(batch(n, dtype)).value]
      },
    }
  },
})

/** Groups, a parameter whose gradient is there now and then, and a state that goes round. */
const grouped = (title: string, make: (typeof inGroups)[number][1], dtype: DType): Scenario => ({
  title: `${title} in groups, with a layer that is frozen now and then, from snapshots, ${dtype}`,
  // Two sizes of batches, with the layer and without.
  traces: 4,
  make(wrap) {
    const model = network(dtype)
    const [first, second, ...rest] = model.parameters()
    const optimizer = make([first, second], rest)
    const train = wrap(stepOf(model, optimizer))
    return {
      models: [model],
      optimizers: [optimizer],
      step(n) {
        for (const each of [first, second]) each.requiresGrad = n % 20 > 5
        if (n % 50 === 49) optimizer.loadStateDict(optimizer.stateDict())
        if (n % 40 === 39) optimizer.groups[1].settings.lr *= 0.7
        return [train(batch(n, dtype)).value]
      },
    }
  },
})

const others: readonly Scenario[] = [
  {
    title: 'what is remembered only now and then: centered, momentum and amsgrad that are switched on and off',
    traces: 8,
    make(wrap) {
      const model = network()
      const [first, ...rest] = model.parameters()
      const optimizers: [RMSprop, Adam] = [new RMSprop([first], { lr: 0.003 }), new Adam(rest)]
      const train = wrap(({ x, labels }: ReturnType<typeof batch>) => {
        for (const each of optimizers) each.zeroGrad()
        const loss = crossEntropy(model.forward(x), labels)
        loss.backward()
        for (const each of optimizers) each.step()
        return loss
      })
      return {
        models: [model],
        optimizers,
        step(n) {
          optimizers[0].groups[0].settings.centered = n % 40 >= 10
          optimizers[0].groups[0].settings.momentum = n % 40 >= 20 ? 0.5 : 0
          optimizers[1].groups[0].settings.amsgrad = n % 40 >= 30
          if (n === 120) for (const each of optimizers) each.loadStateDict(each.stateDict() as never)
          return [train(batch(n)).value]
        },
      }
    },
  },
  {
    title: 'OneCycleLR by the batch, which changes the momentum, too, after a warm-up that is made meanwhile',
    traces: 4,
    make(wrap) {
      const model = network()
      const optimizer = new SGD(model.parameters(), { lr: 0.1 })
      const train = wrap(stepOf(model, optimizer))
      let scheduler: Scheduler | undefined
      return {
        models: [model],
        optimizers: [optimizer],
        step(n) {
          if (n === 20) scheduler = new LinearWarmup(optimizer, { steps: 50 })
          if (n === 80) scheduler = new OneCycleLR(optimizer, { maxLr: 0.2, totalSteps: 150 })
          const loss = train(batch(n)).value
          scheduler?.step()
          return [loss]
        },
      }
    },
  },
  {
    title: 'momentum that is switched on and off',
    // Without momentum there are other updates: two sizes of batches, with and without.
    traces: 4,
    make(wrap) {
      const model = network()
      const optimizer = new SGD(model.parameters(), { lr: 0.1 })
      const train = wrap(stepOf(model, optimizer))
      return {
        models: [model],
        optimizers: [optimizer],
        step(n) {
          optimizer.groups[0].settings.momentum = n % 30 < 15 ? 0 : 0.9
          return [train(batch(n)).value]
        },
      }
    },
  },
  {
    title: 'StepLR, and gradients clipped by their norm',
    traces: 2,
    make(wrap) {
      const model = network()
      const optimizer = new Adam(model.parameters(), { lr: 0.05 })
      const scheduler = new StepLR(optimizer, { stepSize: 3, gamma: 0.8 })
      let norm: Matrix | undefined
      const clip = (): void => {
        norm = clipGradNorm(model.parameters(), 0.1)
      }
      const train = wrap((samples: ReturnType<typeof batch>) => {
        const loss = stepOf(model, optimizer, clip)(samples)
        return { loss, norm: norm as Matrix }
      })
      return {
        models: [model],
        optimizers: [optimizer],
        step(n) {
          if (n % 10 === 9) scheduler.step()
          const { loss, norm } = train(batch(n))
          return [loss.value, norm]
        },
      }
    },
  },
  {
    title: 'CosineAnnealingLR, and gradients clipped by their values',
    traces: 2,
    make(wrap) {
      const model = network()
      const optimizer = new SGD(model.parameters(), { lr: 0.5, momentum: 0.9 })
      const scheduler = new CosineAnnealingLR(optimizer, { tMax: 30, etaMin: 0.001 })
      const train = wrap(stepOf(model, optimizer, () => clipGradValue(model.parameters(), 0.02)))
      return {
        models: [model],
        optimizers: [optimizer],
        step(n) {
          if (n % 5 === 4) scheduler.step()
          return [train(batch(n)).value]
        },
      }
    },
  },
  ...(['float32', 'float64'] as const).map(
    (dtype): Scenario => ({
      title: `BatchNorm1d and Dropout, learning and not, ${dtype}`,
      // Two sizes of batches to learn from, one to predict.
      traces: 3,
      make(wrap) {
        const model = network(dtype, new BatchNorm1d(9, { dtype }), new Dropout(0.3))
        const optimizer = new AdamW(model.parameters(), { lr: 0.01 })
        const train = wrap(stepOf(model, optimizer))
        const predict = wrap((x: Matrix) => model.forward(x))
        return {
          models: [model],
          optimizers: [optimizer],
          step(n) {
            const loss = train(batch(n, dtype)).value
            if (n % 4 !== 3) return [loss]
            const prediction = predict(model.eval() && batch(7, dtype).x).value
            model.train()
            return [loss, prediction]
          },
        }
      },
    }),
  ),
  ...(['float32', 'float64'] as const).map(
    (dtype): Scenario => ({
      title: `LayerNorm, Residual, PReLU, SELU and BatchNorm1d with the mean of all batches, ${dtype}`,
      traces: 2,
      make(wrap) {
        const inner = new Sequential(
          new LayerNorm(9, { dtype }),
          new Linear(9, 9, { dtype, generator: new Generator('inner') }),
          new PReLU(9, { dtype }),
        )
        const norm = new BatchNorm1d(9, { dtype, momentum: null })
        const model = network(dtype, new Residual(inner), norm, new SELU(), new Dropout(0.2), new PReLU(1, { dtype }))
        const optimizer = new AdamW(model.parameters(), { lr: 0.01 })
        const train = wrap(stepOf(model, optimizer))
        return { models: [model], optimizers: [optimizer], step: (n) => [train(batch(n, dtype)).value] }
      },
    }),
  ),
  ...[undefined, 3].map(
    (paddingIndex): Scenario => ({
      title: `Embedding of several indices, ${paddingIndex === undefined ? 'without' : 'with'} padding`,
      traces: 2,
      make(wrap) {
        const embedding = new Embedding(7, 4, {
          generator: new Generator('embedding'),
          ...(paddingIndex && { paddingIndex }),
        })
        const head = new Linear(4 * FEATURES, CLASSES, { generator: new Generator('head') })
        const model: Module = new Sequential(embedding, new Tanh(), head)
        const optimizer = new Adam(model.parameters(), { lr: 0.01 })
        const train = wrap(stepOf(model, optimizer))
        return {
          models: [model],
          optimizers: [optimizer],
          step(n) {
            const { x, labels } = batch(n)
            return [train({ x: x.mul(2).add(3).floor().clip(0, 6), labels }).value]
          },
        }
      },
    }),
  ),
  {
    title: 'Dropout with a generator of its own, which goes back in between',
    traces: 2,
    make(wrap) {
      const generator = new Generator('dropout')
      const model = network('float32', new Dropout(0.4, { generator }))
      const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
      const train = wrap(stepOf(model, optimizer))
      const { state } = generator
      return {
        models: [model],
        optimizers: [optimizer],
        step(n) {
          if (n % 50 === 49) generator.state = state
          const loss = train(batch(n)).value
          // What is drawn outside goes on from what is drawn inside.
          return [loss, generator.uniform(1, 5)]
        },
      }
    },
  },
  ...[true, false].map(
    (updates): Scenario => ({
      title: `gradients of three batches added up, then ${updates ? 'a compiled' : 'an eager'} update`,
      // Either size without gradients before, which makes gradients of its own; then the larger one onto both of these, and
      // the smaller one onto those of the larger. An update for both.
      traces: 2 + 3 + (updates ? 2 : 0),
      make(wrap) {
        const model = network()
        const optimizer = new Adam(model.parameters(), { lr: 0.01 })
        const accumulate = wrap(({ x, labels }: ReturnType<typeof batch>) => {
          const loss = crossEntropy(model.forward(x), labels).div(3)
          loss.backward()
          return loss
        })
        const update = updates ? wrap(() => optimizer.step()) : () => optimizer.step()
        return {
          models: [model],
          optimizers: [optimizer],
          step(n) {
            if (n % 3 === 0) optimizer.zeroGrad()
            const loss = accumulate(batch(n))
            if (n % 3 === 2) update()
            return [loss.value]
          },
        }
      },
    }),
  ),
  {
    title: 'two compiled functions and two models that share a layer',
    traces: 3,
    make(wrap) {
      const body = new Linear(FEATURES, 9, { generator: new Generator('body') })
      const heads = [CLASSES, 1].map((size) => new Linear(9, size, { generator: new Generator(`head ${size}`) }))
      const [classifier, regressor] = heads.map((head) => new Sequential(body, new Tanh(), head) as Module)
      const optimizer = new Adam([...new Set([...classifier.parameters(), ...regressor.parameters()])])
      const classify = wrap(stepOf(classifier, optimizer))
      const regress = wrap((x: Matrix) => {
        optimizer.zeroGrad()
        const loss = mseLoss(regressor.forward(x), x.sum(1))
        loss.backward()
        optimizer.step()
        return loss
      })
      return {
        models: [classifier, regressor],
        optimizers: [optimizer],
        step(n) {
          const samples = batch(n)
          return [(n % 3 === 1 ? regress(batch(0).x) : classify(samples)).value]
        },
      }
    },
  },
  {
    title: 'eager steps in between',
    traces: 2,
    make(wrap) {
      const model = network()
      const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
      const eager = stepOf(model, optimizer)
      const train = wrap(eager)
      return {
        models: [model],
        optimizers: [optimizer],
        step: (n) => [(n % 5 === 3 ? eager : train)(batch(n)).value],
      }
    },
  },
  {
    title: 'parameters and optimiser set back, and written to, in between',
    traces: 2,
    make(wrap) {
      const model = network()
      const optimizer = new Adam(model.parameters(), { lr: 0.01 })
      const train = wrap(stepOf(model, optimizer))
      let snapshot = { model: model.stateDict(), optimizer: optimizer.stateDict() }
      return {
        models: [model],
        optimizers: [optimizer],
        step(n) {
          const loss = train(batch(n)).value
          if (n === 60) snapshot = { model: model.stateDict(), optimizer: optimizer.stateDict() }
          if (n === 120) {
            model.loadStateDict(snapshot.model)
            optimizer.loadStateDict(snapshot.optimizer)
          }
          const [{ value }] = model.parameters()
          if (n % 25 === 24) value.set(1, 2, n / 100)
          if (n % 25 === 12) value.assign(value.mul(0.5))
          if (n % 25 === 5) value.data[3] += 0.125
          return [loss]
        },
      }
    },
  },
]

describe('compiled training is eager training, bit for bit', () => {
  test.each(
    [
      ...optimizers.map(([title, make]) => simple(title, make, 'float32')),
      ...optimizers
        .filter(([title]) => /momentum|groups|AdamW|largest|Adamax|RMSprop|Adagrad|Adadelta|Lion/.test(title))
        .map(([title, make]) => simple(title, make, 'float64')),
      ...inGroups.flatMap(([title, make]) =>
        (['float32', 'float64'] as const).map((dtype) => grouped(title, make, dtype)),
      ),
      ...others,
    ].map((scenario) => [scenario.title, scenario] as const),
  )('%s', (_title, scenario) => compare(scenario))
})
