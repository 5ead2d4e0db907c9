// Models as JSON: what comes back, what is refused, and that nothing in a text does anything.

import { variable } from '@matgrad/autograd'
import {
  FormatError,
  Generator,
  getDefaultGenerator,
  MatgradError,
  manualSeed,
  matrix,
  ones,
  zeros,
} from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { BatchNorm1d, Dropout, ELU, fromJSON, type Input, Linear, Module, Sequential, Tanh } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { fit, predict } from './run.ts'
import { bitsOf, DTYPES, errorOf, noise, sample } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const again = (model: Module, options?: Untyped): Module => fromJSON(JSON.parse(JSON.stringify(model)), options)

/** Every layer of this package with settings that are not the defaults. */
const layers: Record<string, () => Module[]> = {
  Linear: () => [new Linear(2, 3), new Linear(2, 3, { bias: false, dtype: 'float64' })],
  Sequential: () => [new Sequential(), new Sequential(new Linear(2, 3), new Sequential(new Tanh(), new Linear(3, 1)))],
  BatchNorm1d: () => [
    new BatchNorm1d(3, { eps: 0.1, momentum: 0.3, dtype: 'float64' }),
    new BatchNorm1d(3, { affine: false }),
    new BatchNorm1d(3, { trackRunningStats: false }),
    new BatchNorm1d(3, { momentum: null }),
    new BatchNorm1d(3, { affine: false, trackRunningStats: false }),
  ],
  Embedding: () => [new nn.Embedding(5, 2), new nn.Embedding(5, 2, { paddingIndex: 0, dtype: 'float64' })],
  LayerNorm: () => [
    new nn.LayerNorm(3, { eps: 0.1, dtype: 'float64' }),
    new nn.LayerNorm(3, { bias: false }),
    new nn.LayerNorm(3, { affine: false }),
  ],
  PReLU: () => [new nn.PReLU(), new nn.PReLU(3, { dtype: 'float64' })],
  Residual: () => [new nn.Residual(new Sequential(new Linear(3, 3), new Tanh()))],
  ModuleList: () => [new nn.ModuleList(), new nn.ModuleList([new Linear(2, 3), new Tanh()])],
  ModuleDict: () => [new nn.ModuleDict(), new nn.ModuleDict({ left: new Linear(2, 3), right: new Tanh() })],
  Dropout: () => [new Dropout(0.1), new Dropout(0.2, { generator: new Generator(1) })],
  LeakyReLU: () => [new nn.LeakyReLU(0.3), new nn.LeakyReLU(Number.NaN), new nn.LeakyReLU(-0)],
  ELU: () => [new ELU(0.3), new ELU(Number.POSITIVE_INFINITY)],
  GELU: () => [new nn.GELU(), new nn.GELU({ approximate: 'tanh' })],
  Softmax: () => [new nn.Softmax(0)],
  LogSoftmax: () => [new nn.LogSoftmax(0)],
  ...Object.fromEntries(
    ['ReLU', 'SELU', 'SiLU', 'Tanh', 'Sigmoid', 'Softplus', 'Identity'].map((name) => [
      name,
      () => [new (nn as Untyped)[name]()],
    ]),
  ),
}

/** All settings of a layer that can be seen. */
const settingsOf = (model: Module): unknown =>
  [...model.modules()].map((module) => {
    const entries = Object.entries(module).filter(([, value]) => ['number', 'boolean', 'string'].includes(typeof value))
    return [module.constructor.name, entries]
  })

describe('every layer of this package', () => {
  test('is in the table above, but for Lambda, whose function no JSON has', () => {
    const names = Object.entries(nn).filter(
      ([, each]) => (each as Untyped).prototype instanceof Module && Object.hasOwn(each, 'builtIn'),
    )
    expect([...Object.keys(layers), 'Lambda'].sort()).toEqual(names.map(([name]) => name).sort())
  })

  test.each(Object.keys(layers))('%s comes back with its settings and every bit', (name) => {
    for (const layer of layers[name]()) {
      const numbers = noise(1)
      for (const value of Object.values(layer.stateDict())) expect(value.size).toBeGreaterThan(0)
      const state = Object.entries(layer.stateDict()).map(([name, { rows, cols, dtype }]) => [
        name,
        sample(rows, cols, numbers, { dtype }),
      ])
      layer.loadStateDict(Object.fromEntries(state))
      const made = again(layer)
      expect(made.constructor).toBe(layer.constructor)
      expect(settingsOf(made)).toEqual(settingsOf(layer))
      expect(bitsOf(made)).toEqual(bitsOf(layer))
      expect(JSON.stringify(made)).toBe(JSON.stringify(layer))
    }
  })
})

const network = () => {
  const generator = new Generator(1)
  const hidden = new Sequential(new Linear(3, 8, { generator }), new BatchNorm1d(8), new nn.GELU())
  return new Sequential(hidden, new Dropout(0.2), new Linear(8, 2, { generator }))
}

test('a model that was trained predicts the same, and can be trained on', async () => {
  const model = network()
  const data = { x: sample(20, 3, noise(1), { dtype: 'float32' }), y: sample(20, 2, noise(2), { dtype: 'float32' }) }
  const train = (model: Module) =>
    fit(model, data, {
      loss: nn.mseLoss,
      optimizer: new nn.SGD(model.parameters(), { lr: 0.1 }),
      epochs: 3,
      generator: new Generator(5),
    })
  await train(model)
  const made = again(model)
  expect(predict(made, data.x).toArray()).toEqual(predict(model, data.x).toArray())
  manualSeed(3)
  await train(model)
  manualSeed(3)
  await train(made)
  expect(bitsOf(made)).toEqual(bitsOf(model))
})

const hard = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0,
  5e-324,
  1.4e-45,
  0.1,
  1 / 3,
  -1e-9,
  2 ** 53 - 1,
  3.4e38,
]

test.each(DTYPES)('%s numbers come back bit for bit: hard ones, and 10,000 of all sizes', (dtype) => {
  const random = noise(4)
  const bits = new Uint32Array(20_000).map(() => random() * 2 ** 32)
  const all = dtype === 'float32' ? new Float32Array(bits.buffer) : new Float64Array(bits.buffer)
  const numbers = [...hard, ...all.subarray(0, 10_000)]
  const layer = new Linear(numbers.length, 1, { dtype, bias: false })
  layer.weight.value.data.set(numbers)
  const data = again(layer).stateDict().weight.data
  expect(data.constructor).toBe(layer.weight.value.data.constructor)
  // NaN has many bits, of which a text says none.
  const seen = data.findIndex((each, i) => !Object.is(each, layer.weight.value.data[i]))
  expect(seen).toBe(-1)
})

test('float32 are written with no more than nine digits', () => {
  const layer = new Linear(1000, 1, { bias: false })
  for (const number of layer.toJSON().state.weight.data)
    expect(String(number).replace(/^-?0?\.?0*|\.|e.*$/g, '').length).toBeLessThanOrEqual(9)
  layer.weight.value.data.fill(0.1)
  expect(layer.toJSON().state.weight.data[0]).toBe(0.1)
})

test('200 levels come back', () => {
  const model = Array.from({ length: 200 }).reduce<Module>((inner) => new Sequential(inner), new Tanh())
  expect(JSON.stringify(again(model))).toBe(JSON.stringify(model))
})

test('a layer that is used twice stays one', () => {
  const shared = new Linear(2, 2)
  const block = new Sequential(shared, new Tanh())
  const made = again(new Sequential(block, new Linear(2, 2), block, shared)) as Untyped
  expect(made.layers[0]).toBe(made.layers[2])
  expect(made.layers[0].layers[0]).toBe(made.layers[3])
  expect(made.layers[1]).not.toBe(made.layers[3])
  expect(made.parameters().length).toBe(4)
})

test('nothing is drawn from the default generator, also where the text is bad', () => {
  const json = JSON.parse(JSON.stringify(network()))
  const { state } = getDefaultGenerator()
  fromJSON(json)
  expect(getDefaultGenerator().state).toEqual(state)
  expect(() => fromJSON({ ...json, state: {} })).toThrow(FormatError)
  expect(getDefaultGenerator().state).toEqual(state)
})

/** A class of one's own, with an argument and a part in a private field. */
class Scaled extends Module {
  readonly factor: number
  readonly options: Readonly<Record<string, unknown>>
  readonly scale = variable(ones(1, 1))
  readonly #inner: Module
  static argumentsOf(layer: Scaled): unknown[] {
    return [layer.#inner, layer.factor, layer.options]
  }
  constructor(inner: Module, factor: number, options: Record<string, unknown> = {}) {
    super()
    this.factor = factor
    this.options = options
    this.#inner = this.register('inner', inner)
  }
  override forward(x: Input) {
    return this.#inner.forward(x).mul(this.scale).mul(this.factor)
  }
}

describe('a class of one’s own', () => {
  test('comes back where it says how it is made, and is given', () => {
    const model = new Sequential(
      new Scaled(new Linear(2, 2), -0, { list: [1, null, 'x', true], missing: undefined }),
      new Tanh(),
    )
    const made = again(model, { classes: { Scaled } }) as Untyped
    expect(made.layers[0]).toBeInstanceOf(Scaled)
    expect(Object.is(made.layers[0].factor, -0)).toBe(true)
    expect(made.layers[0].options).toEqual({ list: [1, null, 'x', true] })
    expect(bitsOf(made)).toEqual(bitsOf(model))
    expect(errorOf(() => again(model)).message).toBe(
      'fromJSON: model.arguments[0].class is "Scaled", wanted one of the option classes, which has none',
    )
  })

  test('does not take the place of a layer of this package with its name, nor the other way', () => {
    const Own = {
      Tanh: class Tanh extends Scaled {
        static override argumentsOf = () => [new nn.Tanh(), 1]
      },
    }.Tanh
    expect(again(new Tanh(), { classes: { Tanh: Own } })).toBeInstanceOf(nn.Tanh)
    expect(() => fromJSON({ format: 'matgrad', version: 1, model: { class: 'Tanh' }, state: {} })).toThrow(
      'wanted one of the option classes',
    )
  })
})

/** A class that makes its parts itself. */
class Block extends Module {
  static argumentsOf(layer: Block): unknown[] {
    return [layer.size]
  }
  readonly size: number
  readonly parts: readonly [Linear, Dropout]
  readonly table = { of: [1, { x: 2 }] }
  last: unknown = null
  constructor(size: number) {
    super()
    this.size = size
    this.parts = [new Linear(size, size), new Dropout(0.5)]
  }
  override forward(x: Input) {
    const y = this.parts[1].forward(this.parts[0].forward(x))
    this.last = y
    return y
  }
}

describe('a layer that its constructor would make otherwise is refused by toJSON:', () => {
  const { NaN: nan } = Number
  test.each<[string, () => Module, (layer: Untyped) => void, string]>([
    [
      'a setting',
      () => new Dropout(0.5),
      (l) => (l.p = 7),
      'Dropout: its constructor refuses its arguments (Dropout: p is 7',
    ],
    [
      'a bias of two rows',
      () => new Linear(2, 3),
      (l) => (l.bias = variable(zeros(2, 3))),
      'Linear: bias is 2x3 float32, its constructor makes it 1x3 float32',
    ],
    [
      'another dtype',
      () => new Linear(2, 3),
      (l) => (l.bias = variable(zeros(1, 3, { dtype: 'float64' }))),
      'bias is 1x3 float64',
    ],
    [
      'a parameter more',
      () => new Linear(2, 3),
      (l) => (l.scale = variable(ones(1, 1))),
      'scale is 1x1 float32, its constructor makes it missing',
    ],
    [
      'a buffer less',
      () => new BatchNorm1d(3),
      (l) => (l.runningVar = null),
      'runningVar is missing, its constructor makes it 1x3 float32',
    ],
    [
      'a bias without a weight',
      () => new nn.LayerNorm(3),
      (l) => (l.weight = null),
      'bias is 1x3 float32, its constructor makes it missing',
    ],
    [
      'a weight of other features',
      () => new BatchNorm1d(3),
      (l) => (l.weight = variable(zeros(1, 4))),
      'weight is 1x4 float32',
    ],
    [
      'a name of its own',
      () => new ELU(),
      (l) => (l.note = 'mine'),
      'ELU: note is "mine", its constructor makes it undefined',
    ],
    [
      'a number in a class of one’s own',
      () => new Block(2),
      (l) => (l.count = 3),
      'Block: count is 3, its constructor makes it undefined',
    ],
    ['data in it', () => new Block(2), (l) => (l.table.of[1].x = nan), 'Block: table is'],
    [
      'another part in it',
      () => new Block(2),
      (l) => (l.parts = [l.parts[0], new Tanh()]),
      'parts.1 is Tanh, its constructor makes it Dropout',
    ],
    [
      'a part of another size',
      () => new Block(2),
      (l) => (l.parts[0].weight = variable(zeros(2, 3))),
      'parts.0.weight is 2x3',
    ],
    [
      'a setting of a part',
      () => new Block(2),
      (l) => (l.parts[1].p = 0.25),
      'parts.1.p is 0.25, its constructor makes it 0.5',
    ],
    [
      'code of a part',
      () => new Block(2),
      (l) => (l.parts[0].forward = (x: Untyped) => x),
      'parts.0 has code of its own',
    ],
  ])('%s', (_title, make, change, message) => {
    const model = new Sequential(make())
    const { state } = getDefaultGenerator()
    expect(() => again(model, { classes: { Block } })).not.toThrow()
    expect(getDefaultGenerator().state).toEqual(state)
    change(model.layers[0])
    const error = errorOf(() => JSON.stringify(model))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toMatch(/^toJSON: model\.arguments\[0\] is /)
    expect(error.message).toContain(message)
    expect(getDefaultGenerator().state).toEqual(state)
  })

  test('not one that has computed something, is frozen, evaluates or draws from a generator of its own', () => {
    const block = new Block(2)
    block.forward(zeros(1, 2))
    block.parts[0].weight.requiresGrad = false
    const model = new Sequential(block, new Dropout(0.5, { generator: new Generator(1) }))
    model.eval()
    expect(bitsOf(again(model, { classes: { Block } }))).toEqual(bitsOf(model))
  })
})

describe('toJSON refuses', () => {
  class Plain extends Module {
    override forward(x: Input) {
      return variable(zeros(1, 1)).mul(x as Untyped)
    }
  }
  const changed = new Linear(2, 2)
  changed.forward = (x: Untyped) => x
  const [a, b] = [new Linear(2, 2), new Linear(2, 2)]
  b.weight = a.weight
  const loop: Untyped = new Sequential(new Tanh())
  loop.layers = [loop]
  test.each([
    [
      'a class that does not say how it is made',
      new Sequential(new Plain()),
      'toJSON: model.arguments[0] is Plain, which does not say how it is made, wanted static argumentsOf(layer), the arguments of its constructor: did you mean saveModel?',
    ],
    [
      'a subclass that does not',
      new (class Mine extends Linear {})(2, 2),
      'toJSON: model is Mine, which does not say how it is made',
    ],
    ['a layer with code of its own', changed, 'toJSON: model is Linear with code of its own'],
    [
      'a parameter in two layers',
      new Sequential(a, b),
      'toJSON: the weight of Linear(2 → 2) is the weight of Linear(2 → 2), too, wanted one for each: did you mean saveModel?',
    ],
    ['a layer in itself', loop, 'toJSON: model.arguments[0] is in itself'],
    [
      'an argument that is a function',
      new Scaled(new Tanh(), 1, { f: () => 0 }),
      'toJSON: model.arguments[2].f is the function f, which JSON does not keep',
    ],
    [
      'an argument that is a matrix',
      new Scaled(new Tanh(), 1, { m: zeros(1, 1) }),
      'toJSON: model.arguments[2].m is Matrix, which JSON does not keep',
    ],
    [
      'a name that is a sign',
      new Scaled(new Tanh(), 1, { layer: 'x' }),
      'toJSON: model.arguments[2] has layer, which stands for something else',
    ],
    [
      'layers that are in more places than fromJSON takes',
      Array.from({ length: 17 }).reduce<Module>((inner) => new Sequential(inner, inner), new Tanh()),
      'places, wanted at most 65536: did you mean saveModel?',
    ],
    [
      'layers that are deeper in one another than fromJSON takes',
      Array.from({ length: 201 }).reduce<Module>((inner) => new Sequential(inner), new Tanh()),
      'is too deep, wanted at most 200 levels',
    ],
  ])('%s', (_title, model, message) => {
    const error = errorOf(() => JSON.stringify(model))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toContain(message)
  })
})

describe('fromJSON refuses', () => {
  const model = { layer: 'Linear', arguments: [2, 1] }
  const weight = { rows: 1, cols: 2, dtype: 'float32', data: [1, 2] }
  const bias = { rows: 1, cols: 1, dtype: 'float32', data: [1] }
  const good = { format: 'matgrad', version: 1, model, state: { weight, bias } }
  const withModel = (model: unknown, more = {}) => ({ ...good, model, ...more })
  const withState = (more: object) => ({ ...good, state: { weight, bias, ...more } })
  const deep = {
    ...good,
    model: JSON.parse(`${'{"layer":"Sequential","arguments":['.repeat(5000)}${']}'.repeat(5000)}`),
  }
  const parsed = (text: string): unknown => JSON.parse(text)

  test('nothing of a good one', () => {
    expect(fromJSON(good).stateDict().weight.toArray()).toEqual([[1, 2]])
  })

  test.each<[string, unknown, string]>([
    ['a text', JSON.stringify(good), 'json is "{'],
    ['null', null, 'json is null, wanted an object'],
    ['a list', [good], 'json is an array, wanted an object'],
    ['a state alone', good.state, 'json has weight, wanted format, version, model, state'],
    ['another format', { ...good, format: 'keras' }, 'format is "keras", wanted "matgrad"'],
    ['a later version', { ...good, version: 2 }, 'version is 2, wanted 1'],
    ['no model', { ...good, model: undefined }, 'model is undefined, wanted a layer'],
    ['a model that is none', withModel({ number: '-0' }), 'model is 0, wanted a layer'],
    [
      'an unknown layer',
      withModel({ layer: 'Linea' }),
      'model.layer is "Linea", wanted a layer of this package: did you mean Linear?',
    ],
    ['what all objects have', withModel({ layer: 'constructor' }), 'model.layer is "constructor", wanted a layer'],
    ['a class that is no layer', withModel({ layer: 'fit' }), 'model.layer is "fit", wanted a layer'],
    [
      'a class that was not given',
      withModel({ class: 'toString' }),
      'model.class is "toString", wanted one of the option classes',
    ],
    [
      'a name that is not known',
      withModel({ ...model, argument: 1 }),
      'model has argument, wanted layer, arguments: did you mean arguments?',
    ],
    [
      'arguments that are no list',
      withModel({ ...model, arguments: { length: 2 } }),
      'model.arguments is Object, wanted an array',
    ],
    [
      'arguments that make no layer',
      withModel({ layer: 'Linear', arguments: [2, 0] }),
      'model: Linear: outFeatures is 0, wanted at least 1',
    ],
    [
      'options that are not known',
      withModel({ layer: 'Linear', arguments: [2, 1, { bais: 1 }] }),
      'did you mean bias?',
    ],
    [
      'an option that would be code',
      withModel({ layer: 'Linear', arguments: [2, 1, { init: 'alert(1)' }] }),
      'Linear: init is "alert(1)", wanted a function',
    ],
    [
      'a part that is no layer',
      withModel({ layer: 'Sequential', arguments: [3] }),
      'model: Sequential: layer 0 is 3, wanted a Module',
    ],
    [
      'a part in a part',
      withModel({ layer: 'Sequential', arguments: [model, { layer: 'x' }] }),
      'model.arguments[1].layer is "x"',
    ],
    [
      'a layer that is not there yet',
      withModel({ layer: 'Sequential', arguments: [{ same: 1 }] }),
      'model.arguments[0].same is 1, wanted the number of a layer before it',
    ],
    [
      'a layer in itself',
      withModel({ layer: 'Sequential', arguments: [{ same: 0 }] }),
      'model.arguments[0].same is 0, wanted',
    ],
    [
      'a method in the place of a layer',
      withModel({ layer: 'Sequential', arguments: [model, { same: 'push' }] }),
      '.same is "push", wanted',
    ],
    [
      'a number that is none',
      withModel({ layer: 'ELU', arguments: [{ number: 'one' }] }),
      'model.arguments[0].number is "one", wanted a number',
    ],
    ...(
      [
        ['Linear', [20_000, 20_000]],
        ['Embedding', [5e8, 1]],
        ['LayerNorm', [5e8]],
        ['BatchNorm1d', [5e8, { affine: false }]],
        ['PReLU', [5e8]],
      ] as const
    ).map(
      ([layer, given]) =>
        [`a ${layer} of gigabytes, before it is made`, withModel({ layer, arguments: given }), `model: ${layer}: `] as [
          string,
          unknown,
          string,
        ],
    ),
    [
      '30 layers of 50,000 elements each',
      withModel({ layer: 'Sequential', arguments: Array(30).fill({ layer: 'Linear', arguments: [500, 100] }) }),
      'Linear: 100x500 elements are more than there are numbers for',
    ],
    [
      'layers twice in one another 60 times',
      withModel(
        Array.from({ length: 60 }, (_, i) => ({ same: 60 - i })).reduce<object>(
          (inner, same) => ({ layer: 'Sequential', arguments: [inner, same] }),
          { layer: 'Tanh' },
        ),
      ),
      'places, wanted at most 65536',
    ],
    ['too many levels', deep, 'is too deep, wanted at most 200 levels'],
    [
      'a prototype',
      withModel(parsed('{"layer":"Linear","arguments":[2,1,{"__proto__":{"bias":false}}]}')),
      'Linear: got __proto__, wanted',
    ],
    [
      'a prototype of everything',
      parsed('{"__proto__":{"format":"matgrad"},"version":1}'),
      'json has __proto__, wanted',
    ],
    ['a prototype of the state', { ...good, state: parsed('{"__proto__":{"weight":1}}') }, "state['__proto__']"],
    ['a state that is none', { ...good, state: [] }, 'state is an array, wanted matrices by name'],
    ['a missing matrix', { ...good, state: { weight } }, 'state: loadStateDict: missing bias; unexpected none'],
    ['a matrix too many', withState({ kernel: bias }), 'state: loadStateDict: missing none; unexpected kernel'],
    ['a matrix of another shape', withState({ bias: weight }), 'state: loadStateDict: bias is 1x2, wanted 1x1'],
    [
      'another dtype',
      withState({ bias: { ...bias, dtype: 'float64' } }),
      "state['bias'].dtype is \"float64\", wanted 'float32'",
    ],
    [
      'an unknown dtype',
      withState({ bias: { ...bias, dtype: 'int8' } }),
      "state['bias'].dtype is \"int8\", wanted 'float32' or",
    ],
    [
      'too few elements',
      withState({ weight: { ...weight, data: [1] } }),
      "state['weight']: matrix: got 1 elements, wanted 2 for 1x2",
    ],
    [
      'sizes that are none',
      withState({ weight: { ...weight, rows: '1' } }),
      'state[\'weight\']: matrix: the number of rows is "1"',
    ],
    [
      'elements that are none',
      withState({ weight: { ...weight, data: [1, null] } }),
      "state['weight'].data[1] is null, wanted a number",
    ],
    [
      'elements in rows',
      withState({ weight: { ...weight, data: [[1, 2]] } }),
      "state['weight'].data[0] is an array, wanted a number",
    ],
  ])('%s', (_title, json, message) => {
    const error = errorOf(() => fromJSON(json))
    expect(error).toBeInstanceOf(FormatError)
    expect(error.message).toMatch(/^fromJSON: /)
    expect(error.message).toContain(message)
    expect(({} as Untyped).format).toBeUndefined()
  })

  test('classes that are none', () => {
    for (const classes of [{ X: 3 }, { X: () => 0 }, { X: class {} }])
      expect(errorOf(() => fromJSON(good, { classes } as Untyped)).message).toMatch(
        /^fromJSON: class X is .*, wanted a class of Module$/,
      )
  })

  test('any change of one piece by an error of this package, or makes another model of it (200 changes)', () => {
    const text = JSON.stringify(network())
    const random = noise(7)
    let refused = 0
    for (let i = 0; i < 200; i++) {
      const tokens = text.split(/([{}[\],:]|"[^"]*")/).filter((token) => token !== '')
      tokens[Math.floor(random() * tokens.length)] = ['null', '0', '"x"', '[]', '{}', '-1', 'true'][
        Math.floor(random() * 7)
      ]
      let json: unknown
      try {
        json = JSON.parse(tokens.join(''))
      } catch {
        continue
      }
      try {
        expect(fromJSON(json)).toBeInstanceOf(Module)
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(10)
  })
})

test('matrices and variables are JSON, too', () => {
  const a = matrix([
    [1, Number.NaN],
    [-0, 0.1],
  ])
  const wanted = { rows: 2, cols: 2, dtype: 'float32', data: [1, 'NaN', '-0', 0.1] }
  expect(JSON.parse(JSON.stringify([a, variable(a)]))).toEqual([wanted, wanted])
})
