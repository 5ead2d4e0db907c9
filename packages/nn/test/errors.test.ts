// Bad calls that the other tests of this package do not make, most of them from callers whom no type checker holds back:
// each throws the class it should, says which operation it was and what it got, and changes nothing.

import type { Variable } from '@matgrad/autograd'
import * as autograd from '@matgrad/autograd'
import * as core from '@matgrad/core'
import {
  DTypeError,
  Generator,
  getDefaultGenerator,
  MatgradError,
  type Matrix,
  matrix,
  ones,
  ShapeError,
  zeros,
} from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import * as running from './run.ts'
import { bitsOf, errorOf } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: these calls are the ones that types forbid
type Untyped = any
type ErrorClass = new (message: string) => Error

const { run, stepOf } = running
const untyped: Untyped = { ...nn, ...running }

/** Operands of every kind, afresh for each call. */
const operands = () => {
  const generator = new Generator(1)
  const model = new nn.Sequential(
    new nn.Linear(2, 3, { generator }),
    new nn.Dropout(0.5, { generator }),
    new nn.Tanh(),
    new nn.Linear(3, 2, { generator }),
  )
  const optimizer = new nn.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
  const data = { x: zeros(4, 2), y: matrix([[0], [1], [0], [1]]) }
  stepOf(
    () => {
      nn.crossEntropy(model.forward(data.x), data.y).backward()
      optimizer.step()
    },
    model,
    optimizer,
    generator,
  )()
  return { generator, model, optimizer, data, prediction: zeros(4, 2), probabilities: matrix([[0.5], [0.5]]) }
}

type Operands = ReturnType<typeof operands>
type Row = readonly [title: string, call: (v: Operands) => unknown, error: ErrorClass, ...parts: readonly string[]]

/** Values of the wrong type with the words that a message has for them. */
const wrong: [value: unknown, shown: string][] = [
  ['text', '"text"'],
  [null, 'null'],
  [undefined, 'undefined'],
  [[[1, 2]], 'an array'],
  [{}, 'Object'],
  [Number.NaN, 'NaN'],
  [true, 'true'],
  [10n, '10n'],
]

/** Functions of one operand that must be a Matrix, a Variable or a Module, with the words of their messages. */
const takers: [string, (value: unknown, v: Operands) => unknown, string][] = [
  ['mseLoss, prediction', (value, v) => run(untyped.mseLoss, value, v.prediction), 'mseLoss: prediction is'],
  ['mseLoss, target', (value, v) => run(untyped.mseLoss, v.prediction, value), 'mseLoss: target is'],
  [
    'binaryCrossEntropyWithLogits, logits',
    (value, v) => run(untyped.binaryCrossEntropyWithLogits, value, v.prediction),
    'binaryCrossEntropyWithLogits: prediction is',
  ],
  [
    'binaryCrossEntropyWithLogits, target',
    (value, v) => run(untyped.binaryCrossEntropyWithLogits, v.prediction, value),
    'binaryCrossEntropyWithLogits: target is',
  ],
  ['accuracy, prediction', (value, v) => untyped.accuracy(value, v.data.y), 'accuracy: prediction is'],
  ['accuracy, target', (value, v) => untyped.accuracy(v.prediction, value), 'accuracy: target is'],
  ['standardize', (value) => untyped.standardize(value), 'standardize: x is'],
  ['predict, model', (value, v) => untyped.predict(value, v.data.x), 'predict: model is'],
  ['predict, x', (value, v) => untyped.predict(v.model, value), 'predict: x is'],
  ['evaluate, model', (value, v) => untyped.evaluate(value, v.data, { loss: nn.crossEntropy }), 'evaluate: model is'],
  ['Sequential', (value) => new untyped.Sequential(value), 'Sequential: layer 0 is'],
  ['Sequential.forward', (value, v) => run((x) => v.model.forward(x as Untyped), value), 'Sequential: operand is'],
  ['ReLU.forward', (value) => run((x) => new nn.ReLU().forward(x as Untyped), value), 'ReLU: operand is'],
  ['Softmax.forward', (value) => run((x) => new nn.Softmax().forward(x as Untyped), value), 'Softmax: operand is'],
  ['Identity.forward', (value) => run((x) => new nn.Identity().forward(x as Untyped), value), 'Identity: operand is'],
]
/** The operations take a number for a 1x1. */
const isOperand = (title: string, value: unknown): boolean =>
  /ReLU|Softmax|Sequential\.f/.test(title) && typeof value === 'number'

const table: Row[] = [
  ...takers.flatMap(([title, call, words]) =>
    wrong
      .filter(([value]) => !isOperand(title, value))
      .map(([value, shown]): Row => [`${title}: ${shown}`, (v) => call(value, v), DTypeError, words, shown]),
  ),
  ...wrong.map(
    ([value, shown]): Row => [
      `crossEntropy: ${shown}`,
      // A number is an operand as in autograd, whatever its value: its shape is wrong here.
      (v) => run(untyped.crossEntropy, v.prediction, value),
      typeof value === 'number' ? ShapeError : DTypeError,
      'crossEntropy: ',
    ],
  ),
  ...['DataLoader', 'trainTestSplit'].flatMap((name) =>
    wrong.map(
      ([value, shown]): Row => [
        `${name}: ${shown}`,
        () => (name === 'DataLoader' ? new untyped.DataLoader(value) : untyped.trainTestSplit(value)),
        DTypeError,
        `${name}: `,
        typeof value === 'object' && value !== null && !Array.isArray(value) ? 'x is undefined' : shown,
      ],
    ),
  ),
  ...wrong
    .filter(([value]) => value !== undefined)
    .flatMap(([value, shown]): Row[] => [
      [`Dropout: ${shown}`, () => new untyped.Dropout(value), MatgradError, 'Dropout: p is', shown],
      [`Linear: ${shown}`, () => new untyped.Linear(value, 2), DTypeError, 'Linear: inFeatures is', shown],
      [`Linear, init: ${shown}`, () => new untyped.Linear(2, 2, { init: value }), DTypeError, 'Linear: init is', shown],
      [`SGD, params: ${shown}`, () => new untyped.SGD(value, { lr: 1 }), DTypeError, 'SGD: param'],
      [
        `SGD, lr: ${shown}`,
        ({ model }) => new untyped.SGD(model.parameters(), { lr: value }),
        MatgradError,
        'SGD: lr is',
        shown,
      ],
      [
        `SGD, nesterov: ${shown}`,
        ({ model }) => new untyped.SGD(model.parameters(), { lr: 1, nesterov: value === true ? 1 : value }),
        DTypeError,
        'SGD: nesterov is',
      ],
      [
        `a learning rate set to ${shown}`,
        ({ optimizer }) => {
          optimizer.lr = value as Untyped
        },
        MatgradError,
        'SGD: lr is',
        shown,
      ],
      [
        `loadStateDict: ${shown}`,
        ({ model }) => model.loadStateDict(value as Untyped),
        MatgradError,
        'loadStateDict: ',
        shown === 'Object' ? 'missing 0.weight' : `state is ${shown}`,
      ],
      [
        `loadStateDict of a matrix: ${shown}`,
        ({ model }) => model.loadStateDict({ ...model.stateDict(), '3.bias': value as Untyped }),
        DTypeError,
        `loadStateDict: 3.bias is ${shown}, wanted a Matrix`,
      ],
      [
        `loadStateDict of an optimiser: ${shown}`,
        ({ optimizer }) => optimizer.loadStateDict(value as Untyped),
        DTypeError,
        `SGD: the state is ${shown}, wanted a snapshot`,
      ],
      [
        `a reduction: ${shown}`,
        ({ prediction }) => run(untyped.mseLoss, prediction, prediction, { reduction: value }),
        DTypeError,
        `mseLoss: reduction is ${shown}`,
      ],
    ]),
  ['a negative number of features', () => new nn.Linear(-2, 3), ShapeError, 'Linear: inFeatures is -2', 'at least 1'],
  ['an endless number of features', () => new nn.Linear(2, 1 / 0), DTypeError, 'Linear: outFeatures is Infinity'],
  [
    'more features than memory',
    () => new nn.Linear(2 ** 20, 2 ** 20),
    ShapeError,
    'init.xavierUniform: 1048576x1048576',
  ],
  [
    'samples of another width',
    ({ model }) => run((x: Matrix) => model.forward(x as Untyped), zeros(4, 3)),
    ShapeError,
    'Linear(2 → 3): x is 4x3, wanted 2 columns',
  ],
  [
    'a label out of range',
    ({ prediction }) => run(nn.crossEntropy, prediction, matrix([[0], [1], [2], [0]])),
    ShapeError,
    'crossEntropy: row 2 has class 2, wanted 0 or 1',
  ],
  [
    'a label that is a fraction',
    ({ prediction }) => run(nn.crossEntropy, prediction, matrix([[0], [1], [0.5], [0]])),
    DTypeError,
    'crossEntropy: row 2 has class 0.5, wanted a whole number',
  ],
  [
    'a label that is NaN',
    ({ prediction }) => run(nn.crossEntropy, prediction, matrix([[0], [1], [Number.NaN], [0]])),
    DTypeError,
    'crossEntropy: row 2 has class NaN, wanted a whole number',
  ],
  [
    'a wrong threshold',
    ({ probabilities }) => untyped.accuracy(probabilities, probabilities.round(), { threshold: 'half' }),
    DTypeError,
    '"half"',
  ],
]

/** What takes no more than these arguments. */
const full: [title: string, call: (v: Operands, ...more: unknown[]) => unknown, wanted: string][] = [
  ['ReLU', (_, ...more) => new untyped.ReLU(...more), 'ReLU()'],
  ['Tanh', (_, ...more) => new untyped.Tanh(...more), 'Tanh()'],
  ['Identity', (_, ...more) => new untyped.Identity(...more), 'Identity()'],
  ['LeakyReLU', (_, ...more) => new untyped.LeakyReLU(0.1, ...more), 'LeakyReLU(slope)'],
  ['ELU', (_, ...more) => new untyped.ELU(1, ...more), 'ELU(alpha)'],
  ['Softmax', (_, ...more) => new untyped.Softmax(1, ...more), 'Softmax(axis)'],
  ['LogSoftmax', (_, ...more) => new untyped.LogSoftmax(1, ...more), 'LogSoftmax(axis)'],
  ['Dropout', (_, ...more) => new untyped.Dropout(0.5, {}, ...more), 'Dropout(p, options)'],
  ['Linear', (_, ...more) => new untyped.Linear(2, 3, {}, ...more), 'Linear(inFeatures, outFeatures, options)'],
  ['LayerNorm', (_, ...more) => new untyped.LayerNorm(2, {}, ...more), 'LayerNorm(features, options)'],
  ['Embedding', (_, ...more) => new untyped.Embedding(2, 2, {}, ...more), 'Embedding(count, features, options)'],
  ['PReLU', (_, ...more) => new untyped.PReLU(1, {}, ...more), 'PReLU(num, options)'],
  ['Lambda', (_, ...more) => new untyped.Lambda((x: Variable) => x, {}, ...more), 'Lambda(f, options)'],
  ['Residual', (_, ...more) => new untyped.Residual(new nn.ReLU(), ...more), 'Residual(inner)'],
  ['ModuleList', (_, ...more) => new untyped.ModuleList([], ...more), 'ModuleList(modules)'],
  ['ModuleDict', (_, ...more) => new untyped.ModuleDict({}, ...more), 'ModuleDict(modules)'],
  ['BatchNorm1d', (_, ...more) => new untyped.BatchNorm1d(2, {}, ...more), 'BatchNorm1d(features, options)'],
  ['forward', ({ model, data }, ...more) => (model as Untyped).forward(data.x, ...more), 'forward(x)'],
  ['parameters', ({ model }, ...more) => (model as Untyped).parameters(...more), 'model.parameters()'],
  ['stateDict', ({ model }, ...more) => (model as Untyped).stateDict(...more), 'model.stateDict()'],
  ['SGD', ({ model }, ...more) => new untyped.SGD(model.parameters(), { lr: 1 }, ...more), 'SGD(params, settings)'],
  ['Adam', ({ model }, ...more) => new untyped.Adam(model.parameters(), {}, ...more), 'Adam(params, settings)'],
  ['AdamW', ({ model }, ...more) => new untyped.AdamW(model.parameters(), {}, ...more), 'AdamW(params, settings)'],
  ['step', ({ optimizer }, ...more) => (optimizer as Untyped).step(...more), 'optimizer.step()'],
  [
    'step of a scheduler',
    ({ optimizer }, ...more) => (new nn.StepLR(optimizer, { stepSize: 1 }) as Untyped).step(1, ...more),
    'scheduler.step(value)',
  ],
  ['StepLR', (v, ...more) => new untyped.StepLR(v.optimizer, { stepSize: 1 }, ...more), 'StepLR(optimizer, options)'],
  ['mseLoss', (v, ...more) => untyped.mseLoss(v.prediction, v.prediction, {}, ...more), 'mseLoss(prediction, target'],
  ['crossEntropy', (v, ...more) => untyped.crossEntropy(v.prediction, v.data.y, {}, ...more), 'crossEntropy(logits, '],
  ['accuracy', (v, ...more) => untyped.accuracy(v.prediction, v.data.y, {}, ...more), 'accuracy(prediction, target'],
  ['DataLoader', (v, ...more) => new untyped.DataLoader(v.data, {}, ...more), 'DataLoader(dataset, options)'],
  ['trainTestSplit', (v, ...more) => untyped.trainTestSplit(v.data, {}, ...more), 'trainTestSplit(dataset, options)'],
  ['kFold', (v, ...more) => untyped.kFold(v.data, 2, {}, ...more), 'kFold(dataset, k, options)'],
  ['predict', (v, ...more) => (nn as Untyped).predict(v.model, v.data.x, {}, ...more), 'predict(model, x, options)'],
  [
    'evaluate',
    (v, ...more) => (nn as Untyped).evaluate(v.model, v.data, {}, ...more),
    'evaluate(model, data, options)',
  ],
  ['init.uniform', (_, ...more) => untyped.init.uniform(0, 1, ...more), 'init.uniform(low, high)'],
  ['init.normal', (_, ...more) => untyped.init.normal(0, 1, ...more), 'init.normal(mean, std)'],
  ['init.constant', (_, ...more) => untyped.init.constant(1, ...more), 'init.constant(value)'],
  ...['xavierUniform', 'xavierNormal', 'kaimingUniform', 'kaimingNormal'].map((name): (typeof full)[number] => [
    `init.${name}`,
    (_, ...more) => untyped.init[name]({}, ...more),
    `init.${name}(options)`,
  ]),
  ['clipGradNorm', (v, ...more) => untyped.clipGradNorm(v.model.parameters(), 1, {}, ...more), 'clipGradNorm(param'],
]
const odd: [value: unknown, shown: string][] = [
  [{ inplace: true }, '{ inplace }'],
  [Symbol('odd'), 'Symbol(odd)'],
  [null, 'null'],
  [7n, '7n'],
  [function odd() {}, 'the function odd'],
  [2, '2'],
]
table.push(
  ...full.flatMap(([title, call, words]) =>
    odd.map(
      ([value, shown]): Row => [
        `${title} with ${shown} in excess`,
        (v) => call(v, value),
        DTypeError,
        `got ${shown} in excess, wanted ${words}`,
      ],
    ),
  ),
  [
    'a group with the method for its result',
    ({ model }) => new untyped.SGD([{ params: model.parameters }], { lr: 1 }),
    DTypeError,
    'SGD: params of group 0 is the function parameters',
    'did you mean model.parameters()?',
  ],
  [
    'one that makes an initialiser for the initialiser',
    () => new untyped.Linear(2, 3, { init: nn.init.xavierUniform }),
    DTypeError,
    'Linear: init is the function xavierUniform',
    'did you mean init.xavierUniform()?',
  ],
  [
    'one that makes an initialiser for that of the bias',
    () => new untyped.Linear(2, 3, { biasInit: nn.init.constant }),
    DTypeError,
    'Linear: biasInit is the function constant',
  ],
  ['evaluate of a list', (v) => untyped.evaluate(v.model, [v.data.x]), DTypeError, 'evaluate: the dataset is an array'],
)

/** Every public function and class, with its name. */
const everything = Object.entries({
  ...{ ...core, ...autograd, ...nn },
  ...Object.fromEntries(Object.entries(nn.init).map(([name, value]) => [`init.${name}`, value])),
}).filter((entry): entry is [string, Untyped] => typeof entry[1] === 'function')

/** What makes little sense to nearly all of them, whatever they take. */
const SENSELESS = ['x', Number.NaN, null, -1.5, ones(0, 3), {}, () => 'x', { odd: 1 }]

test.each(everything)('errors of %s, and of what it gives, speak of it', async (name, call) => {
  const isClass = String(call).startsWith('class')
  const own = name.slice(name.indexOf('.') + 1)
  // A constructor of matrices is called by matrix, too; errors take any text.
  if (isClass && (own === 'Matrix' || call.prototype instanceof Error)) return
  const attempts: unknown[][] = [
    [],
    ...[1, 2, 3, 4].flatMap((count) => SENSELESS.map((each) => Array(count).fill(each))),
  ]
  // A good beginning leads to other checks.
  for (const each of SENSELESS)
    attempts.push([ones(2, 2), each], [ones(2, 2), ones(2, 2), each], [1, each], [1, 1, each])
  for (const args of attempts)
    try {
      const made: unknown = isClass ? new call(...args) : await call(...args)
      if (typeof made === 'function') made(...args)
    } catch (error) {
      if (!(error instanceof MatgradError)) continue
      const spoken = error.message.slice(0, error.message.search(/[:(]/))
      expect([name, own, `${own}.forward`], `${error.message} for ${args}`).toContain(spoken)
    }
})

/** Everything that a call could have changed. */
const stateOf = ({ generator, model, optimizer, data, prediction }: Operands): unknown => [
  bitsOf(model),
  model.parameters().map(({ grad }) => grad?.data),
  [...model.modules()].map(({ training }) => training),
  optimizer.stateDict(),
  generator.state,
  getDefaultGenerator().state,
  [data.x.data, data.y.data, prediction.data],
]

describe('a bad call throws and changes nothing', () => {
  test.each(table.map((row) => [row[0], row] as const))('%s', (_title, [, call, kind, ...parts]) => {
    const values = operands()
    const before = JSON.stringify(stateOf(values))
    const error = errorOf(() => call(values))
    expect(error).toBeInstanceOf(kind)
    expect(error.name).toMatch(/^(Matgrad|Shape|DType)Error$/)
    for (const part of parts) expect(error.message).toContain(part)
    expect(JSON.stringify(stateOf(values))).toBe(before)
  })
})

describe('a bad call of an asynchronous function rejects and changes nothing', () => {
  test.each(wrong)('%o', async (value, shown) => {
    const values = operands()
    const { model, data, optimizer } = values
    const before = JSON.stringify(stateOf(values))
    const options = { loss: nn.crossEntropy, optimizer, epochs: 1, shuffle: false }
    const calls: [string, () => Promise<unknown>][] = [
      ['fit: model', () => untyped.fit(value, data, options)],
      ['fit: ', () => untyped.fit(model, value, options)],
      ['fit: loss', () => untyped.fit(model, data, { ...options, loss: value })],
      ['fit: optimizer', () => untyped.fit(model, data, { ...options, optimizer: value })],
      ['fit: epochs', () => untyped.fit(model, data, { ...options, epochs: value })],
      ['fit: accuracy', () => untyped.fit(model, data, { ...options, metrics: { accuracy: value } })],
    ]
    for (const [words, call] of calls) {
      const error = await call().then(
        () => expect.fail(`${words} did not reject`),
        (reason: unknown) => reason,
      )
      expect(error, words).toBeInstanceOf(DTypeError)
      expect((error as Error).message).toContain(words)
      if (words !== 'fit: ') expect((error as Error).message).toContain(shown)
    }
    expect(JSON.stringify(stateOf(values))).toBe(before)
  })
})

test('fit says how it is called, and which data are wrong', async () => {
  const { model, data, optimizer } = operands()
  const { x, y } = data
  const options = { loss: nn.mseLoss, optimizer, epochs: 1 }
  const two = { x, y: zeros(4, 2) }
  await expect((nn as Untyped).fit(model, [x, y], options)).rejects.toThrow(
    'fit: the dataset is an array, wanted matrices x and y: did you mean { x, y }?',
  )
  await expect((nn as Untyped).fit(model, x, y, options)).rejects.toThrow('wanted fit(model, data, options)')
  await expect(nn.fit(model, two, { ...options, validation: { x, y: zeros(4, 3) } })).rejects.toThrow(
    new ShapeError('fit: validation: mseLoss: prediction is 4x2, target is 4x3, wanted the same'),
  )
  const own = (...of: Parameters<nn.Loss>) => nn.mseLoss(...of)
  await expect(nn.fit(model, two, { ...options, loss: own, validation: { x, y: zeros(4, 3) } })).rejects.toThrow(
    new ShapeError('fit: validation: mseLoss: prediction is 4x2, target is 4x3, wanted the same'),
  )
})

describe('a forward that gives no Variable', () => {
  const { data } = operands()
  const make = (forward: unknown): nn.Module => {
    class Odd extends (nn.Module as Untyped) {
      weight = new nn.Linear(2, 2)
    }
    if (forward) Object.assign(Odd.prototype, { forward })
    return new (Odd as Untyped)()
  }

  test.each<[string, unknown, string]>([
    ['none', undefined, 'Odd has no method forward'],
    ['a Matrix', (x: Variable) => x.value, 'Odd: forward gave Matrix, wanted a Variable'],
    ['nothing', () => {}, 'Odd: forward gave undefined, wanted a Variable'],
    ['a promise', async () => {}, 'the forward of Odd gave Promise, wanted a Variable'],
  ])('%s', async (_, forward, message) => {
    for (const compile of [true, false]) {
      const model = make(forward)
      const optimizer = new nn.SGD(model.parameters(), { lr: 0.1 })
      const options = { loss: nn.crossEntropy, optimizer, epochs: 1, compile }
      await expect(nn.fit(model, data, options)).rejects.toThrow(message)
      expect(() => nn.predict(model, data.x, { compile })).toThrow(message)
      expect(() => nn.evaluate(model, data, { loss: nn.crossEntropy, compile })).toThrow(message)
    }
  })
})

test('a learning rate that is no number is a DTypeError', () => {
  const { optimizer } = operands()
  for (const lr of [Symbol('lr'), Object.create(null), '1', null])
    expect(() => Object.assign(optimizer, { lr })).toThrow(DTypeError)
  expect(optimizer.lr).toBe(0.1)
})

test('what JavaScript passes to a method that it calls for each element, or when a promise is kept, is not in excess', async () => {
  const { model, optimizer, data }: Untyped = operands()
  expect(([data.x] as Untyped).map(model.forward, model)[0].shape).toEqual([4, 2])
  for (const method of [optimizer.step, optimizer.zeroGrad, optimizer.stateDict]) [data.x, 7].forEach(method, optimizer)
  await Promise.resolve().then(optimizer.zeroGrad.bind(optimizer))
  expect(() => optimizer.step(data.x, 1, [7])).toThrow('step: got Matrix in excess')
})

test('an initialiser that is called without a generator wants one', () => {
  for (const name of ['uniform', 'normal', 'xavierUniform', 'xavierNormal', 'kaimingUniform', 'kaimingNormal'])
    for (const [given, shown] of [
      [undefined, 'undefined'],
      [7, '7'],
    ] as const) {
      const call = (): unknown => untyped.init[name]()(2, 2, given)
      expect(call).toThrow(DTypeError)
      expect(call).toThrow(`init.${name}: generator is ${shown}, wanted a Generator`)
    }
  expect(untyped.init.zeros(1, 1).item()).toBe(0)
})

test('a subclass that lacks a method, and a setting that is sought in its group, are named', () => {
  const { model, optimizer }: Untyped = operands()
  class Half extends (untyped.Optimizer as new (...args: unknown[]) => object) {
    check(): void {}
  }
  class Constant extends (untyped.Scheduler as new (...args: unknown[]) => object) {}
  const before = JSON.stringify(optimizer.groups)
  const calls: [call: () => unknown, error: ErrorClass, shown: string][] = [
    [
      () => new untyped.Optimizer(model.parameters(), { lr: 1 }),
      DTypeError,
      'Optimizer: check is undefined, wanted the',
    ],
    [
      () => (new Half(model.parameters(), { lr: 1 }) as Untyped).step(),
      DTypeError,
      'Half: start is undefined, wanted the',
    ],
    [() => (new Constant(optimizer) as Untyped).step(), DTypeError, 'Constant: rate is undefined, wanted the method'],
    [() => (optimizer.groups[0].lr = 0.5), MatgradError, 'SGD: got groups[0].lr, wanted groups[0].settings.lr'],
    [
      () => optimizer.groups[0].momentum,
      MatgradError,
      'SGD: got groups[0].momentum, wanted groups[0].settings.momentum',
    ],
  ]
  for (const [call, error, shown] of calls) {
    expect(call).toThrow(error)
    expect(call).toThrow(shown)
  }
  expect(JSON.stringify(optimizer.groups)).toBe(before)
})

test('data under another name say which is meant', async () => {
  const { model, optimizer, data }: Untyped = operands()
  const options = { optimizer, epochs: 1, loss: nn.crossEntropy }
  await expect(nn.fit(model, { x: data.x, Y: data.y } as Untyped, options)).rejects.toThrow(
    'fit: got Y, wanted x or y: did you mean y?',
  )
  await expect(nn.fit(model, { x: data.x, y: undefined } as Untyped, options)).rejects.toThrow('fit: y is undefined')
})
