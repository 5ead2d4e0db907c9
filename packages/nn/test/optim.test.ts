// SGD against a plain loop, bit for bit, and against PyTorch.

import { type Variable, variable } from '@matgrad/autograd'
import { replays } from '@matgrad/autograd/internal'
import { type DType, DTypeError, Generator, MatgradError, Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  Linear,
  Lion,
  mseLoss,
  type Optimizer,
  type OptimizerState,
  RMSprop,
  Sequential,
  SGD,
  type SGDSettings,
  Tanh,
} from '@matgrad/nn'
import { describe, expect, inject, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { stepOf } from './run.ts'
import {
  bitsOf,
  DTYPES,
  errorOf,
  expectClose,
  noise,
  round,
  type Stored,
  sample,
  toMatrix,
  UNIT,
  xor,
} from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

/** A step of an optimiser with given gradients of parameters. */
const stepOn = (optimizer: Optimizer, parameters: readonly Variable[]) =>
  stepOf(
    (...gradients: (Matrix | null)[]) => {
      for (const [i, parameter] of parameters.entries()) parameter.grad = gradients[i]
      optimizer.step()
    },
    ...parameters,
    optimizer,
  )

/** The same optimiser, whose updates are made operation by operation, as anybody's are. */
const ownOf = <T extends new (...args: never[]) => Optimizer>(Kind: T): T =>
  class extends (Kind as never as typeof SGD) {} as never

test.skipIf(inject('compiles')).each([
  ['SGD', SGD, { lr: 0.05 }],
  ['SGD with all it has', SGD, { lr: 0.05, momentum: 0.9, weightDecay: 0.01, dampening: 0.1 }],
  ['SGD that looks ahead', SGD, { lr: 0.05, momentum: 0.9, nesterov: true }],
  ['Adam', Adam, { lr: 0.01 }],
  ['AdamW', AdamW, { lr: 0.01 }],
  ['Adam by the largest moment', Adam, { amsgrad: true, weightDecay: 0.1 }],
  ['Adamax', Adamax, { lr: 0.01 }],
  ['RMSprop', RMSprop, { lr: 0.01 }],
  ['RMSprop with all it has', RMSprop, { lr: 0.01, momentum: 0.5, centered: true, weightDecay: 0.1 }],
  ['Adagrad', Adagrad, { lrDecay: 0.1, initialAccumulatorValue: 0.1 }],
  ['Adadelta', Adadelta, {}],
  ['Lion', Lion, { weightDecay: 0.1 }],
] as const)('%s: 400 eager steps, many of them by programs, have the bits of its operations', (_, Kind, settings) => {
  const run = (Used: Untyped): unknown[] => {
    const generator = new Generator('eager')
    const parameters = [
      ...[
        [3, 5],
        [1, 5],
        [300, 40],
      ].map(([rows, cols]) => variable(generator.normal(rows, cols) as Matrix)),
      variable(generator.normal(2, 2, 0, 1, { dtype: 'float64' }) as Matrix),
    ]
    const optimizer = new Used(parameters, settings as never) as Optimizer
    const { data } = parameters[1].value
    const seen: unknown[] = []
    for (let n = 0; n < 400; n++) {
      for (const [i, each] of parameters.entries())
        each.grad = (n + i) % 7 === 3 ? null : generator.normal(each.rows, each.cols, 0, 1, { dtype: 'float64' })
      if (n % 60 === 59) optimizer.lr /= 2
      if (n === 80) data[0] = 3
      if (n === 120) optimizer.loadStateDict(optimizer.stateDict() as never)
      if (n === 150 && Kind === SGD) (optimizer as SGD).groups[0].settings.momentum = 0.5
      optimizer.step()
      if (n % 20 === 19) seen.push(...parameters.map(({ value }) => Array.from(value.clone().data)))
    }
    return [
      ...seen,
      Object.entries(optimizer.stateDict().matrices).map(([name, each]) => [name, Array.from(each.data)]),
    ]
  }
  const before = replays()
  const got = run(Kind)
  expect(replays() - before).toBeGreaterThan(100)
  const [plain] = [replays()]
  expect(got).toEqual(run(ownOf(Kind)))
  expect(replays()).toBe(plain)
})

const SHAPES = [
  [1, 1],
  [3, 5],
  [1, 9],
  [16, 17],
] as const

/** One parameter's trajectory, one number at a time, each operation rounded to the dtype. */
function plainSgd(dtype: DType, { lr, momentum, dampening, weightDecay, nesterov }: SGDSettings) {
  const r = (x: number): number => round(x, dtype)
  let velocity: number[] | null = null
  return (p: readonly number[], gradient: ArrayLike<number>): number[] => {
    const d = p.map((each, i) => (weightDecay === 0 ? gradient[i] : r(gradient[i] + r(r(weightDecay) * each))))
    if (momentum === 0) return p.map((each, i) => r(each - r(r(lr) * d[i])))
    const before = velocity
    const v = d.map((each, i) => (before ? r(r(r(momentum) * before[i]) + r(r(1 - dampening) * each)) : each))
    velocity = v
    const direction = nesterov ? d.map((each, i) => r(each + r(r(momentum) * v[i]))) : v
    return p.map((each, i) => r(each - r(r(lr) * direction[i])))
  }
}

const combinations = [0, 0.9].flatMap((momentum) =>
  [0, 0.3].flatMap((dampening) =>
    [0, 0.07].flatMap((weightDecay) =>
      [false, true].map((nesterov): SGDSettings => ({ lr: 0.1, momentum, dampening, weightDecay, nesterov })),
    ),
  ),
)
const isSensible = ({ momentum, dampening, nesterov }: SGDSettings): boolean =>
  !nesterov || (momentum > 0 && dampening === 0)
const show = (settings: object): string => JSON.stringify(settings).replaceAll('"', '')

describe('SGD is a plain loop bit for bit', () => {
  const cases = combinations.filter(isSensible).flatMap((settings) => DTYPES.map((dtype) => [dtype, settings] as const))

  test.each(cases.map(([dtype, settings]) => [`${dtype} ${show(settings)}`, dtype, settings] as const))(
    '%s',
    (_title, dtype, settings) => {
      const random = noise(1)
      const parameters = SHAPES.map(([rows, cols]) => variable(sample(rows, cols, random, { dtype })))
      const optimizer = new SGD(parameters, settings)
      const update = stepOn(optimizer, parameters)
      const references = parameters.map(() => plainSgd(dtype, settings))
      let wanted = parameters.map(({ value }) => Array.from(value.data))
      for (let step = 0; step < 6; step++) {
        const gradients = SHAPES.map(([rows, cols]) => sample(rows, cols, random, { dtype, low: -2, high: 2 }))
        update(...gradients)
        wanted = wanted.map((p, i) => references[i](p, gradients[i].data))
        expect(parameters.map(({ value }) => Array.from(value.data))).toEqual(wanted)
      }
    },
  )

  test('there are ten combinations', () => {
    expect(cases).toHaveLength(2 * 10)
  })
})

describe('SGD', () => {
  const one = (value: number): Matrix => matrix([[value]], { dtype: 'float64' })
  /** A parameter of 0 that is given the gradients 1. */
  const parameterOf = (): Variable => variable(one(0))
  function steps(optimizer: SGD, parameters: readonly Variable[], count: number): void {
    const step = stepOn(optimizer, parameters)
    for (let i = 0; i < count; i++) step(...parameters.map(() => one(1)))
  }

  test('does not dampen the first step', () => {
    const p = parameterOf()
    const optimizer = new SGD([p], { lr: 1, momentum: 0.5, dampening: 0.75 })
    steps(optimizer, [p], 1)
    expect(p.value.item()).toBe(-1)
    steps(optimizer, [p], 1)
    expect(p.value.item()).toBe(-1 - (0.5 + 0.25))
  })

  test('changes the matrix of the variable in place', () => {
    const p = parameterOf()
    const { value } = p
    steps(new SGD([p], { lr: 1 }), [p], 1)
    expect(p.value).toBe(value)
    expect(value.item()).toBe(-1)
  })

  test('needs only a learning rate', () => {
    const { settings } = new SGD([parameterOf()], { lr: 0.5 }).groups[0]
    expect(settings).toEqual({ lr: 0.5, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false })
  })

  test('gives each group its own settings', () => {
    const [a, b, c] = [parameterOf(), parameterOf(), parameterOf()]
    const optimizer = new SGD([{ params: [a] }, { params: [b, c], lr: 0.5, momentum: 0 }], { lr: 1, momentum: 0.5 })
    steps(optimizer, [a, b, c], 2)
    expect([a, b, c].map((p) => p.value.item())).toEqual([-1 - 1.5, -1, -1])
  })

  test('the learning rate is that of the first group, and setting it sets all', () => {
    const [a, b] = [parameterOf(), parameterOf()]
    const optimizer = new SGD([{ params: [a], lr: 0.25 }, { params: [b] }], { lr: 1 })
    expect(optimizer.lr).toBe(0.25)
    optimizer.lr = 2
    steps(optimizer, [a, b], 1)
    expect([optimizer.lr, a.value.item(), b.value.item()]).toEqual([2, -2, -2])
    optimizer.lr = 0
    steps(optimizer, [a, b], 1)
    expect(a.value.item()).toBe(-2)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined])('refuses the learning rate %s', (lr) => {
    const optimizer = new SGD([parameterOf()], { lr: 0.5 })
    const error = errorOf(() => {
      optimizer.lr = lr as Untyped
    })
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toMatch(/^SGD: lr is/)
    expect(optimizer.lr).toBe(0.5)
  })

  test('reads its settings anew in each step', () => {
    const p = parameterOf()
    const optimizer = new SGD([p], { lr: 1 })
    steps(optimizer, [p], 1)
    optimizer.groups[0].settings.momentum = 0.5
    steps(optimizer, [p], 2)
    expect(p.value.item()).toBe(-1 - 1 - 1.5)
  })

  test('its settings are plain properties', () => {
    const settings = { lr: 1, momentum: 0.5, dampening: 0, weightDecay: 0.25, nesterov: true }
    const [{ settings: own }] = new SGD([parameterOf()], settings).groups
    expect(own).toEqual(settings)
    expect({ ...own }).toEqual(settings)
    expect(JSON.parse(JSON.stringify(own))).toEqual(settings)
    Object.assign(own, { lr: 2, nesterov: false })
    expect(own).toEqual({ ...settings, lr: 2, nesterov: false })
  })

  test.each([
    ['lr', -1, MatgradError, 'SGD: lr is -1, wanted 0 or more'],
    ['momentum', '0.9', DTypeError, 'SGD: momentum is "0.9", wanted a number'],
    ['momentum', 0, MatgradError, 'SGD: nesterov is true, wanted momentum above 0'],
    ['nesterov', 1, DTypeError, 'SGD: nesterov is 1, wanted true or false'],
  ] as const)('refuses to set %s to %s, and keeps what it was', (name, value, kind, message) => {
    const settings = { lr: 1, momentum: 0.5, dampening: 0, weightDecay: 0, nesterov: true }
    const [{ settings: own }] = new SGD([parameterOf()], settings).groups
    const error = errorOf(() => {
      own[name] = value as never
    })
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
    expect(own).toEqual(settings)
  })

  test('does not dampen the first step with momentum, even after steps without', () => {
    const p = parameterOf()
    const optimizer = new SGD([p], { lr: 1, dampening: 0.75 })
    steps(optimizer, [p], 1)
    optimizer.groups[0].settings.momentum = 0.5
    steps(optimizer, [p], 2)
    expect(p.value.item()).toBe(-1 - 1 - (0.5 + 0.25))
  })

  test('leaves a parameter without gradient, its velocity and its decay alone', () => {
    const [a, b] = [variable(one(3)), variable(one(3))]
    const optimizer = new SGD([a, b], { lr: 1, momentum: 0.5, dampening: 0.75, weightDecay: 1 })
    const step = stepOn(optimizer, [a, b])
    step(one(0), null)
    expect([a.value.item(), b.value.item()]).toEqual([0, 3])
    expect(Object.keys(optimizer.stateDict().matrices)).toEqual(['velocity.0', 'step.0'])
    // The first gradient that b has is its first step, which is not dampened.
    step(null, one(1))
    expect([a.value.item(), b.value.item()]).toEqual([0, 3 - (1 + 3)])
  })

  test('has no velocity without momentum', () => {
    const p = parameterOf()
    const optimizer = new SGD([p], { lr: 1 })
    steps(optimizer, [p], 2)
    expect(optimizer.stateDict().matrices).toEqual({})
  })

  test('zeroGrad forgets the gradients of its parameters', () => {
    const [a, b] = [parameterOf(), parameterOf()]
    a.grad = one(1)
    b.grad = one(1)
    new SGD([a], { lr: 1 }).zeroGrad()
    expect([a.grad, b.grad?.item()]).toEqual([null, 1])
  })

  test('takes a gradient of another precision', () => {
    const p: Variable = variable(zeros(1, 1))
    stepOn(new SGD([p], { lr: 1 }), [p])(one(1 / 3))
    expect(p.value.data).toEqual(new Float32Array([-1 / 3]))
  })
})

describe('a step with a bad gradient throws before anything changes', () => {
  test.each([
    ['of another shape', zeros(2, 1), ShapeError, 'SGD: the gradient is 2x1, the parameter 1x2, wanted the same'],
    ['that would broadcast', zeros(1, 1), ShapeError, 'SGD: the gradient is 1x1, the parameter 1x2, wanted the same'],
    ['that is an array', [[1, 2]], DTypeError, 'SGD: a gradient is an array, wanted a Matrix'],
    ['that is a string', 'steep', DTypeError, 'SGD: a gradient is "steep", wanted a Matrix'],
  ] as const)('%s', (_title, gradient, kind, message) => {
    const [a, b]: Variable[] = [variable(zeros(1, 2)), variable(zeros(1, 2))]
    const optimizer = new SGD([{ params: [a] }, { params: [b] }], { lr: 1, momentum: 0.9 })
    const step = stepOn(optimizer, [a, b])
    const error = errorOf(() => step(matrix([[1, 1]]), gradient as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(message)
    expect([a.value.toArray(), b.value.toArray()]).toEqual([[[0, 0]], [[0, 0]]])
    expect(optimizer.stateDict().matrices).toEqual({})
  })
})

describe('wrong settings', () => {
  test.each(combinations.filter((each) => !isSensible(each)).map((each) => [show(each), each] as const))(
    '%s throw',
    (_title, settings) => {
      const error = errorOf(() => new SGD([variable(zeros(1, 1))], settings))
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message).toContain('SGD: nesterov is true, wanted momentum above 0')
    },
  )

  test.each([
    [{}, DTypeError, 'SGD: lr is undefined, wanted a number'],
    [{ lr: '0.1' }, DTypeError, 'SGD: lr is "0.1", wanted a number'],
    [{ lr: -1 }, MatgradError, 'SGD: lr is -1, wanted 0 or more'],
    [{ lr: Number.NaN }, MatgradError, 'SGD: lr is NaN, wanted 0 or more'],
    [{ lr: 1, momentum: -0.1 }, MatgradError, 'SGD: momentum is -0.1, wanted 0 or more'],
    [{ lr: 1, momentum: null }, DTypeError, 'SGD: momentum is null, wanted a number'],
    [{ lr: 1, momentum: 0.9, dampening: Number.POSITIVE_INFINITY }, MatgradError, 'SGD: dampening is Infinity'],
    [{ lr: 1, weightDecay: -1e-9 }, MatgradError, 'SGD: weightDecay is -1e-9, wanted 0 or more'],
    [{ lr: 1, nesterov: 'false', momentum: 0.9 }, DTypeError, 'SGD: nesterov is "false", wanted true or false'],
  ] as const)('%o throw', (settings, kind, message) => {
    const error = errorOf(() => new SGD([variable(zeros(1, 1))], settings as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
    // A group's own settings are checked like the others.
    const group = { params: [variable(zeros(1, 1))], ...settings }
    if ('lr' in settings) expect(() => new SGD([group as Untyped], { lr: 1 })).toThrow(message)
  })

  const p = variable(zeros(1, 1))
  test.each([
    ['nothing', undefined, DTypeError, 'SGD: params is undefined, wanted an array of variables or groups'],
    ['one variable', p, DTypeError, 'SGD: params is Variable, wanted an array of variables or groups'],
    ['an empty list', [], MatgradError, 'SGD: got no parameters, wanted at least one'],
    ['empty groups', [{ params: [] }], MatgradError, 'SGD: got no parameters, wanted at least one'],
    ['a matrix', [p, zeros(1, 1)], DTypeError, 'SGD: parameter 1 is Matrix, wanted a Variable'],
    ['null', [p, null], DTypeError, 'SGD: parameter 1 is null, wanted a Variable'],
    ['variables and groups', [p, { params: [p] }], DTypeError, 'SGD: parameter 1 is Object, wanted a Variable'],
    ['a variable twice', [p, p], MatgradError, 'SGD: a parameter is named twice, wanted once'],
    ['a variable in two groups', [{ params: [p] }, { params: [p] }], MatgradError, 'SGD: a parameter is named twice'],
  ] as const)('parameters that are %s throw', (_title, parameters, kind, message) => {
    const error = errorOf(() => new SGD(parameters as Untyped, { lr: 1 }))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})

describe('stateDict and loadStateDict', () => {
  test('what holds matrices in another way is no snapshot', () => {
    const layer = new Linear(2, 1)
    const optimizer = new Adam(layer.parameters(), { lr: 0.1 })
    const { groups } = optimizer.stateDict()
    for (const given of [new Map(), [], new Date()]) {
      const matrices = given as unknown as Record<string, Matrix>
      expect(() => optimizer.loadStateDict({ groups, matrices })).toThrow(DTypeError)
      expect(() => layer.loadStateDict(matrices, { strict: false })).toThrow(DTypeError)
    }
  })

  const { x, y } = xor()
  const settings = { lr: 0.1, momentum: 0.9, dampening: 0.1, weightDecay: 0.01 }
  function start(lr = settings.lr) {
    const generator = new Generator(1)
    const model = new Sequential(new Linear(2, 4, { generator }), new Tanh(), new Linear(4, 1, { generator }))
    const [first, second] = [model.parameters().slice(0, 2), model.parameters().slice(2)]
    const groups = [{ params: first }, { params: second, weightDecay: 0 }]
    const optimizer = new SGD(groups, { ...settings, lr })
    const step = (): void => {
      optimizer.zeroGrad()
      mseLoss(model.forward(x), y).backward()
      optimizer.step()
    }
    return { model, optimizer, step: stepOf(step, model, optimizer) }
  }
  function learn({ step }: ReturnType<typeof start>, count: number): void {
    for (let i = 0; i < count; i++) step()
  }

  test('resume bit for bit, twice from one snapshot', () => {
    const whole = start()
    learn(whole, 7)
    const snapshot = { model: whole.model.stateDict(), optimizer: whole.optimizer.stateDict() }
    learn(whole, 8)
    for (let i = 0; i < 2; i++) {
      const resumed = start(0.7)
      learn(resumed, 3)
      resumed.model.loadStateDict(snapshot.model)
      resumed.optimizer.loadStateDict(snapshot.optimizer)
      expect(resumed.optimizer.lr).toBe(settings.lr)
      learn(resumed, 8)
      expect(bitsOf(resumed.model)).toEqual(bitsOf(whole.model))
      expect(resumed.optimizer.stateDict()).toEqual(whole.optimizer.stateDict())
    }
  })

  test('without the velocities the resumed training differs', () => {
    const whole = start()
    learn(whole, 7)
    const other = start()
    other.model.loadStateDict(whole.model.stateDict())
    learn(whole, 1)
    learn(other, 1)
    expect(bitsOf(other.model)).not.toEqual(bitsOf(whole.model))
  })

  test('a snapshot does not change with the optimiser, nor the optimiser with it', () => {
    const training = start()
    learn(training, 2)
    const snapshot = training.optimizer.stateDict()
    const numbers = structuredClone({
      groups: snapshot.groups,
      matrices: Object.entries(snapshot.matrices).map(([name, { data }]) => [name, data]),
    })
    learn(training, 2)
    training.optimizer.lr = 3
    expect(snapshot.groups).toEqual(numbers.groups)
    expect(Object.entries(snapshot.matrices).map(([name, { data }]) => [name, data])).toEqual(numbers.matrices)
    const before = training.optimizer.stateDict()
    training.optimizer.stateDict().matrices['velocity.0'].data.fill(5)
    expect(training.optimizer.stateDict()).toEqual(before)
  })

  test('what a snapshot does not know of starts anew', () => {
    const [whole, other] = [start(), start()]
    const snapshot = { model: other.model.stateDict(), optimizer: other.optimizer.stateDict() }
    learn(whole, 3)
    whole.model.loadStateDict(snapshot.model)
    whole.optimizer.loadStateDict(snapshot.optimizer)
    learn(whole, 4)
    learn(other, 4)
    expect(bitsOf(whole.model)).toEqual(bitsOf(other.model))
    expect(whole.optimizer.stateDict()).toEqual(other.optimizer.stateDict())
  })

  test('loading changes settings together, whatever makes sense in between', () => {
    const [a, b] = [{ momentum: 0.5, nesterov: true }, { momentum: 0 }].map(
      (settings) => new SGD([variable(zeros(1, 1))], { lr: 1, ...settings }),
    )
    const state = a.stateDict()
    a.loadStateDict(b.stateDict())
    b.loadStateDict(state)
    expect([a, b].map(({ groups }) => [groups[0].settings.momentum, groups[0].settings.nesterov])).toEqual([
      [0, false],
      [0.5, true],
    ])
  })

  type State = OptimizerState<SGDSettings>
  const bad: [string, (state: State) => unknown, new (message: string) => Error, string][] = [
    ['nothing', () => undefined, DTypeError, 'SGD: the state is undefined, wanted a snapshot by stateDict'],
    ['null', () => null, DTypeError, 'SGD: the state is null'],
    ['no matrices', ({ groups }) => ({ groups }), DTypeError, 'SGD: the state is Object'],
    [
      'fewer groups',
      ({ groups, matrices }) => ({ groups: groups.slice(1), matrices }),
      MatgradError,
      'SGD: the state has 1 groups, wanted 2',
    ],
    [
      'settings that make no sense',
      ({ groups, matrices }) => ({ groups: [groups[0], { ...groups[1], lr: -1 }], matrices }),
      MatgradError,
      'SGD: lr is -1',
    ],
    [
      'a parameter too many',
      ({ groups, matrices }) => ({ groups, matrices: { ...matrices, 'velocity.4': zeros(1, 1) } }),
      MatgradError,
      'SGD: the state has velocity.4, wanted one of 4 parameters',
    ],
    [
      'a name without number',
      ({ groups, matrices }) => ({ groups, matrices: { ...matrices, 'velocity.': zeros(4, 2) } }),
      MatgradError,
      'SGD: the state has velocity., wanted one of 4 parameters',
    ],
    [
      'a name that is unknown',
      ({ groups, matrices }) => ({ groups, matrices: { ...matrices, 'speed.3': zeros(1, 1) } }),
      MatgradError,
      'SGD: the state has speed.3, wanted velocity or step',
    ],
    [
      'a velocity without its step',
      ({ groups, matrices: { 'step.3': _, ...matrices } }) => ({ groups, matrices }),
      MatgradError,
      'SGD: the state has velocity.3, wanted step.3 with it',
    ],
    [
      'a step of another shape',
      ({ groups, matrices }) => ({ groups, matrices: { ...matrices, 'step.0': zeros(4, 2) } }),
      ShapeError,
      'SGD: step.0 is 4x2, wanted 1x1',
    ],
    [
      'a matrix of another shape',
      ({ groups, matrices }) => ({ groups, matrices: { ...matrices, 'velocity.3': zeros(2, 1) } }),
      ShapeError,
      'SGD: velocity.3 is 2x1, wanted 1x1',
    ],
    [
      'an array for a matrix',
      ({ groups, matrices }) => ({ groups, matrices: { ...matrices, 'velocity.3': [1] } }),
      ShapeError,
      'SGD: velocity.3 is an array, wanted 1x1',
    ],
  ]

  test.each(bad)('a state with %s throws and changes nothing', (_title, change, kind, message) => {
    const [other, training] = [start(), start(0.3)]
    learn(other, 2)
    learn(training, 3)
    const before = training.optimizer.stateDict()
    const error = errorOf(() => training.optimizer.loadStateDict(change(other.optimizer.stateDict()) as State))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
    expect(training.optimizer.stateDict()).toEqual(before)
  })
})

interface Trajectories {
  readonly first: readonly Stored[]
  readonly x: Stored
  readonly y: Stored
  readonly runs: readonly {
    readonly optimizer: string
    readonly settings: Untyped
    readonly losses: readonly number[]
    readonly parameters: readonly Stored[]
  }[]
}

/** All optimisers of this package by name. */
const types: Record<string, Untyped> = Object.fromEntries(
  Object.entries(nn as Untyped).filter(([, each]) => (each as Untyped).prototype instanceof nn.Optimizer),
)

describe('60 steps are those of PyTorch within 1e-12, and 1e-14 for a parameter near 0', async () => {
  const { first, x, y, runs } = await readJson<Trajectories>('nn/trajectories.json')

  test('of every optimiser, twice at least', () => {
    for (const name of Object.keys(types))
      expect(runs.filter(({ optimizer }) => optimizer === name).length).toBeGreaterThanOrEqual(2)
  })

  test.each(runs.map((run) => [`${run.optimizer} ${show(run.settings)}`, run] as const))('%s', (_name, run) => {
    const { losses, parameters } = run
    const dtype = 'float64'
    const model = new Sequential(new Linear(3, 4, { dtype }), new Tanh(), new Linear(4, 2, { dtype }))
    for (const [i, parameter] of model.parameters().entries()) parameter.value.assign(toMatrix(first[i]))
    const optimizer: Optimizer = new types[run.optimizer](model.parameters(), run.settings)
    const step = stepOf(
      (samples: Matrix<number, 3>, targets: Matrix): Variable => {
        optimizer.zeroGrad()
        const loss = mseLoss(model.forward(samples), targets)
        loss.backward()
        optimizer.step()
        return loss
      },
      model,
      optimizer,
    )
    const got = losses.map(() => step(toMatrix(x) as Matrix<number, 3>, toMatrix(y)).item())
    expectClose(matrix([got], { dtype }), matrix([[...losses]], { dtype }), 1e-12)
    for (const [i, { value }] of model.parameters().entries()) expectClose(value, toMatrix(parameters[i]), 1e-12, 1e-14)
  })
})

describe.each([
  ['SGD', SGD],
  ['Adam', Adam],
] as const)('many steps of %s', (name, Type: Untyped) => {
  /** The same, of which no program is ever made. */
  const Plain = ownOf(Type)
  /** The parameters after 120 steps, before each of which `prepare` sets gradients. */
  const trained = (Made: Untyped, prepare: (parameters: Variable[], t: number) => void): string => {
    const random = noise(3)
    const parameters = [sample(2, 3, random), sample(2, 3, random)].map((each) => variable(each))
    const optimizer: Optimizer = new Made(parameters, { lr: 0.01 })
    for (let t = 0; t < 120; t++) {
      prepare(parameters, t)
      optimizer.step()
    }
    return JSON.stringify(parameters.map(({ value }) => value.toArray()))
  }

  test.each<[string, (parameters: Variable[], t: number) => void]>([
    ['one is a parameter', ([a, b]) => Object.assign(a, { grad: b.value })],
    [
      'it is the parameter itself, from the 80th step on',
      ([a], t) => Object.assign(a, { grad: t < 80 ? a.value.neg() : a.value }),
    ],
    ['one looks at the array of a parameter', ([a, b]) => Object.assign(a, { grad: new Matrix(b.value.data, 2, 3) })],
    [
      'they are there now and then',
      ([a, b], t) => {
        a.grad = t % 3 ? a.value.neg() : null
        b.grad = t % 5 ? b.value.neg() : null
      },
    ],
  ])('are those of one step after the other, where of the gradients %s', (_title, prepare) => {
    const before = replays()
    expect(trained(Type, prepare)).toBe(trained(Plain, prepare))
    expect(replays() - before).toBeLessThan(60)
  })

  test('refuse a gradient that was detached with the same words', () => {
    for (const steps of [0, 60]) {
      const p = variable(matrix([[1, 2]]))
      const optimizer: Optimizer = new Type([p], { lr: 0.1 })
      for (let t = 0; t < steps; t++) {
        p.grad = matrix([[1, 1]])
        optimizer.step()
      }
      p.grad = matrix([[1, 1]])
      structuredClone(p.grad.data, { transfer: [p.grad.data.buffer as ArrayBuffer] })
      const before = p.value.toArray()
      expect(errorOf(() => optimizer.step()).message).toMatch(`${name}: the data of a 1x2 matrix were detached`)
      expect(p.value.toArray()).toEqual(before)
    }
  })
})

test('the first velocity of SGD is the gradient, −0 as well', () => {
  const p = variable(matrix([[-0, 1]]))
  p.grad = matrix([[-0, 2]])
  const optimizer = new SGD([p], { lr: 1, momentum: 0.5 })
  optimizer.step()
  expect(Array.from(optimizer.stateDict().matrices['velocity.0'].data)).toEqual([-0, 2])
  expect(Array.from(p.value.data)).toEqual([0, -1])
})

interface Steps {
  readonly start: Stored
  readonly gradients: Stored
  readonly runs: readonly {
    readonly optimizer: string
    readonly settings: Untyped
    readonly float32: Stored
    readonly float64: Stored
  }[]
}

// What one step adds to the error, in roundings u, with numbers of at most 2 and lr = 0.01. The parameter: 2u. SGD: the
// velocity, at most 20, is rounded 3 times and remembers it for 10 steps: lr·600u. Adam: the quotient of the moments, at most
// 2, is off by 20u from the first, by 150u from the second (half of 3 roundings in each of 100 steps, its mean age), by 500u
// from √(1 − β₂ᵗ): lr·2·670u. Below 15u in all, and 200 steps on both sides make 6·10³.
describe('200 steps with given gradients are those of PyTorch within 6·10³ roundings', async () => {
  const { start, gradients, runs } = await readJson<Steps>('nn/steps.json')
  test('of every optimiser', () => {
    expect(new Set(runs.map(({ optimizer }) => optimizer))).toEqual(new Set(Object.keys(types)))
  })

  test.each(
    runs.flatMap((run) =>
      DTYPES.map((dtype) => [`${run.optimizer} ${show(run.settings)} ${dtype}`, dtype, run] as const),
    ),
  )('%s', (_title, dtype, run) => {
    const p = variable(toMatrix(start).astype(dtype))
    const step = stepOn(new types[run.optimizer]([p], run.settings), [p])
    const wanted = toMatrix(run[dtype])
    const every = gradients.rows / wanted.rows
    for (let i = 0; i < gradients.rows; i++) {
      step(toMatrix(gradients).row(i).astype(dtype))
      if ((i + 1) % every === 0) expectClose(p.value, wanted.row((i + 1) / every - 1), 0, 6e3 * UNIT[dtype])
    }
  })
})

describe.each(Object.entries(types))('%s', (name, Type) => {
  const settings = { lr: 0.01 }

  test('has a name that no bundler shortens, and a class of a user its own', () => {
    const shortened = Type.name
    Object.defineProperty(Type, 'name', { value: 'W' })
    try {
      expect(() => new Type([variable(zeros(1, 1))], { lr: -1 })).toThrow(`${name}: lr is -1, wanted 0 or more`)
      expect(() => new Type([])).toThrow(name === 'SGD' ? 'SGD: options are' : `${name}: got no parameters`)
      class Mine extends (Type as typeof SGD) {}
      expect(() => new Mine([variable(zeros(1, 1))], { lr: -1 })).toThrow('Mine: lr is -1')
    } finally {
      Object.defineProperty(Type, 'name', { value: shortened })
    }
  })

  test.each(DTYPES)('the step after loading has the same bits, also after JSON of its settings, %s', (dtype) => {
    const start = (): { parameters: Variable[]; optimizer: Optimizer } => {
      const random = noise(5)
      const parameters = SHAPES.map(([rows, cols]) => variable(sample(rows, cols, random, { dtype })))
      return { parameters, optimizer: new Type(parameters, settings) }
    }
    const step = ({ parameters, optimizer }: ReturnType<typeof start>, t: number): void => {
      const random = noise(t)
      for (const [i, each] of parameters.entries())
        each.grad = (t + i) % 3 ? sample(each.rows, each.cols, random, { dtype }) : null
      optimizer.step()
    }
    const whole = start()
    for (let t = 0; t < 9; t++) step(whole, t)
    const resumed = start()
    for (const [i, { value }] of resumed.parameters.entries()) value.assign(whole.parameters[i].value)
    const { groups, matrices } = whole.optimizer.stateDict()
    resumed.optimizer.loadStateDict({ groups: JSON.parse(JSON.stringify(groups)), matrices })
    for (let t = 9; t < 20; t++) for (const each of [whole, resumed]) step(each, t)
    for (const [i, { value }] of resumed.parameters.entries())
      expect(value.data).toEqual(whole.parameters[i].value.data)
    expect(resumed.optimizer.stateDict()).toEqual(whole.optimizer.stateDict())
  })

  test('leaves a frozen parameter alone, whatever its gradient', () => {
    const [a, b] = [variable(matrix([[1, 2]])), variable(matrix([[1, 2]]))]
    const optimizer: Optimizer = new Type([a, b], settings)
    const step = stepOf(
      () => {
        for (const each of [a, b]) each.grad = matrix([[1, -1]])
        optimizer.step()
      },
      a,
      b,
      optimizer,
    )
    b.requiresGrad = false
    step()
    expect(b.value.toArray()).toEqual([[1, 2]])
    expect(a.value.toArray()).not.toEqual([[1, 2]])
    expect(Object.keys(optimizer.stateDict().matrices).every((each) => each.endsWith('.0'))).toBe(true)
  })

  test.each(
    Object.entries(new Type([variable(zeros(1, 1))], settings).groups[0].settings).filter(
      ([setting, value]) => typeof value !== 'boolean' && setting !== 'dampening',
    ),
  )('refuses a negative %s, and one that is not finite, and keeps what it was', (setting, value) => {
    const optimizer: Optimizer = new Type([variable(zeros(1, 1))], settings)
    const before = optimizer.stateDict()
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1']) {
      const given = Array.isArray(value) ? [value[0], bad] : bad
      for (const call of [
        () => Object.assign(optimizer.groups[0].settings, { [setting]: given }),
        () => new Type([variable(zeros(1, 1))], { ...settings, [setting]: given }),
      ]) {
        const error = errorOf(call)
        expect(error).toBeInstanceOf(MatgradError)
        expect(error.message).toMatch(new RegExp(`^${name}: (one of )?${setting} is `))
      }
    }
    expect(optimizer.stateDict()).toEqual(before)
  })
})

test('what a rule does not ask for is not remembered, and what it does from when it asks', () => {
  const p: Variable = variable(zeros(1, 1))
  const optimizer = new RMSprop([p])
  const names = (): string[] => {
    p.grad = matrix([[1]])
    optimizer.step()
    return Object.keys(optimizer.stateDict().matrices)
  }
  expect(names()).toEqual(['square.0'])
  optimizer.groups[0].settings.momentum = 0.5
  expect(names()).toEqual(['square.0', 'velocity.0'])
  const other = new RMSprop([variable(zeros(1, 1))])
  other.loadStateDict(optimizer.stateDict())
  expect(other.stateDict()).toEqual(optimizer.stateDict())
  expect(() => other.loadStateDict({ ...optimizer.stateDict(), matrices: { 'velocity.0': zeros(1, 1) } })).toThrow(
    'RMSprop: the state has velocity.0, wanted square.0 with it',
  )
})

test('a constant gradient, whose variance is nothing but roundings at last, does not make RMSprop NaN', () => {
  const p: Variable = variable(zeros(1, 3, { dtype: 'float32' }))
  const optimizer = new RMSprop([p], { lr: 1e-9, alpha: 0.5, centered: true })
  for (let t = 0; t < 200; t++) {
    p.grad = matrix([[0.1, 1 / 3, 0.7]])
    optimizer.step()
  }
  expect(p.value.isFinite().all().item()).toBe(1)
})
