// Copies of models, which share nothing with the original.

import { constant, type Variable, variable } from '@matgrad/autograd'
import { DTypeError, Generator, getDefaultGenerator, MatgradError, matrix, ones, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { fit, predict } from './run.ts'
import { bitsOf, errorOf, noise, sample } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const x = sample(5, 4, noise(3), { dtype: 'float32' })

/** A class of one's own with every kind of property, and no word on how it is made. */
class Own extends nn.Module {
  readonly inner = new nn.Linear(4, 4)
  readonly again = this.inner
  readonly heads = { left: [new nn.Linear(4, 2)], right: new Map([['a', new nn.Linear(4, 2)]]) }
  readonly all = new Set([this.heads.left[0]])
  readonly scale = variable(ones(1, 4), { name: 'scale' })
  readonly seen = zeros(1, 1)
  readonly sizes = new Float64Array([1, 2])
  readonly generator = new Generator(5)
  readonly owner = { model: this }
  readonly shift: number

  constructor(shift: number) {
    super()
    if (typeof shift !== 'number') throw new Error('made without an argument')
    this.shift = shift
  }

  override forward(x: Variable): Variable {
    const y = this.again.forward(this.inner.forward(x)).mul(this.scale).add(this.shift)
    return this.heads.left[0].forward(y).add((this.heads.right.get('a') as nn.Linear).forward(y))
  }
}

/** One that says how it is made, and has parts that nobody sees. */
class Hidden extends nn.Module {
  static argumentsOf(layer: Hidden): unknown[] {
    return [layer.size, layer.activation]
  }

  readonly size: number
  readonly activation: (x: Variable) => Variable
  readonly #inner: nn.Linear

  constructor(size: number, activation: (x: Variable) => Variable) {
    super()
    this.size = size
    this.activation = activation
    this.#inner = this.register('inner', new nn.Linear(size, size))
  }

  override forward(x: Variable): Variable {
    return this.activation(this.#inner.forward(x))
  }
}

/** One whose parts are all registered. */
class Registering extends nn.Module {
  static argumentsOf(_layer: Registering): unknown[] {
    return []
  }

  readonly #first = this.register('first', new nn.Linear(4, 4))
  readonly #rest = this.register('rest', {
    drop: new nn.Dropout(0.5, { generator: new Generator(4) }),
    last: [new nn.Linear(4, 4)],
  })
  #act: nn.Module = this.register('act', new nn.Tanh())

  get parts(): { first: nn.Linear; last: nn.Linear; drop: nn.Dropout } {
    return { first: this.#first, last: this.#rest.last[0], drop: this.#rest.drop }
  }

  replace(act: nn.Module): this {
    this.#act = this.register('act', act)
    return this
  }

  override forward(x: Variable): Variable {
    const y = this.#rest.drop.forward(this.#act.forward(this.#first.forward(x)))
    return this.#rest.last[0].forward(y)
  }
}

class Wide extends nn.Linear {
  note = 'wide'
}

const shared = new nn.Linear(4, 4)
const tied = new nn.Linear(4, 4)
tied.weight = shared.weight

const models: Record<string, () => nn.Module> = {
  'layers of this package': () =>
    new nn.Sequential(
      new nn.Linear(4, 4, { bias: false }),
      new nn.BatchNorm1d(4),
      new nn.LayerNorm(4),
      new nn.PReLU(4),
      new nn.LeakyReLU(0.3),
      new nn.Dropout(0.5, { generator: new Generator(2) }),
      new nn.Residual(new nn.Sequential(new nn.ELU(2), new nn.Linear(4, 4), new nn.SELU())),
      new nn.Lambda((x) => x.tanh(), { name: 'tanh' }),
      new nn.Softmax(),
    ) as nn.Module,
  'an embedding': () =>
    new nn.Sequential(new nn.Lambda((x) => x.greater(0)), new nn.Embedding(3, 2, { paddingIndex: 1 })) as nn.Module,
  'a layer that is there twice': () => new nn.Sequential(shared, new nn.Tanh(), shared) as nn.Module,
  'a weight that two layers share': () => new nn.Sequential(shared, tied) as nn.Module,
  'a class of one’s own': () => new Own(3),
  'one with parts that nobody sees': () =>
    new nn.Sequential(new Hidden(4, (x) => x.relu()), new Hidden(4, (x) => x)) as nn.Module,
  'a subclass of a layer': () => new nn.Sequential(new Wide(4, 4), new Own(1)) as nn.Module,
  'lists and dictionaries': () => {
    const list = new nn.ModuleList([shared])
    return Object.assign(new Own(2), { list, dict: new nn.ModuleDict({ a: shared, b: new nn.Linear(2, 1) }) })
  },
}

describe.each(Object.entries(models))('a copy of %s', (_title, make) => {
  const prepared = (): nn.Module => {
    const model = make()
    model.parameters().at(-1)?.value.set(0, 0, 0.75)
    for (const [i, parameter] of model.parameters().entries()) {
      parameter.requiresGrad = i !== 0
      if (i === 1) parameter.grad = ones(...(parameter.shape as [number, number]))
    }
    ;[...model.modules()].at(-1)?.eval()
    return model
  }

  test('has the same class, names, values, gradients and settings, and draws nothing', () => {
    const model = prepared()
    const { state } = getDefaultGenerator()
    const copy = model.clone()
    expect(getDefaultGenerator().state).toEqual(state)
    expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(model))
    expect(copy.toString()).toBe(model.toString())
    expect(bitsOf(copy)).toEqual(bitsOf(model))
    const told = (of: nn.Module): unknown =>
      of
        .namedParameters()
        .map(([name, { grad, requiresGrad, dtype, name: own }]) => [name, grad?.toArray(), requiresGrad, dtype, own])
    expect(told(copy)).toEqual(told(model))
    expect(copy.parameters().length).toBe(model.parameters().length)
    const modes = (of: nn.Module): boolean[] => [...of.modules()].map(({ training }) => training)
    expect(modes(copy)).toEqual(modes(model))
    expect(predict(copy, x).data).toEqual(predict(model, x).data)
    expect([...copy.modules()].map((each) => Object.keys(each))).toEqual(
      [...model.modules()].map((each) => Object.keys(each)),
    )
  })

  test('shares no module, parameter, buffer or generator, so that training one leaves the other as it is', async () => {
    const model = prepared()
    const copy = model.clone()
    const parts = new Set<unknown>([
      ...model.modules(),
      ...model.parameters(),
      ...model.parameters().map(({ value }) => value),
    ])
    for (const part of [...copy.modules(), ...copy.parameters(), ...copy.parameters().map(({ value }) => value)])
      expect(parts).not.toContain(part)
    const before = bitsOf(model)
    const drawn = [...model.modules()].map((each) => (each as Untyped).generator?.state)
    const cols = predict(copy, x).cols
    const optimizer = new nn.SGD(copy.train().requiresGrad_().parameters(), { lr: 0.1 })
    await fit(copy, { x, y: zeros(5, cols) }, { loss: nn.mseLoss, optimizer, epochs: 2 })
    expect(bitsOf(copy)).not.toEqual(before)
    expect(bitsOf(model)).toEqual(before)
    expect([...model.modules()].map((each) => (each as Untyped).generator?.state)).toEqual(drawn)
    expect(model.parameters()[0].requiresGrad).toBe(false)
  })
})

test('what is in a copy of one’s own class is a copy, and what is there twice is there once', () => {
  const model = new Own(3)
  model.generator.uniform(2, 2)
  const copy = model.clone()
  expect(copy.again).toBe(copy.inner)
  expect([...copy.all][0]).toBe(copy.heads.left[0])
  expect(copy.owner).toEqual({ model: copy })
  expect(copy.sizes).toEqual(model.sizes)
  expect(copy.sizes).not.toBe(model.sizes)
  expect(copy.seen).not.toBe(model.seen)
  expect(copy.generator.uniform(1, 3).toArray()).toEqual(model.generator.uniform(1, 3).toArray())
  expect(copy.scale.name).toBe('scale')
})

test.each([
  [
    'a function',
    () => Object.assign(new Own(1), { activation: (x: Variable) => x }),
    'clone: activation of Own is the function activation, wanted static argumentsOf(layer), the arguments of its constructor',
  ],
  [
    'a forward of its own',
    () => Object.assign(new Own(1), { forward: (x: Variable) => x }),
    'clone: forward of Own is the function forward',
  ],
  [
    'an object of another class',
    () => Object.assign(new Own(1), { when: new Date(0) }),
    'clone: when of Own is Date, wanted',
  ],
  [
    'a registered part',
    () =>
      new (class Mine extends Own {
        readonly #part = this.register('part', new nn.Linear(1, 1))
        get part(): nn.Linear {
          return this.#part
        }
      })(1),
    'clone: what is registered of Mine is not public',
  ],
  [
    'private fields, and no word on how it is made',
    () =>
      new (class Mine extends nn.Module {
        readonly #inner = new nn.Linear(4, 4)
        override forward(x: Variable): Variable {
          return this.#inner.forward(x)
        }
      })() as nn.Module,
    'clone: a #private field of Mine is not public',
  ],
  [
    'a private field that is only asked for',
    () =>
      new (class Mine extends Own {
        readonly #mark = 1
        has(other: object): boolean {
          return #mark in other
        }
      })(1) as nn.Module,
    'clone: a #private field of Mine is not public',
  ],
  [
    'a function in an object',
    () => {
      const own = new Own(1)
      return Object.assign(own, { options: { run: (x: Variable) => own.inner.forward(x) } })
    },
    'clone: options.run of Own is the function run, wanted static argumentsOf(layer)',
  ],
  [
    'a function in an array in a Map',
    () => Object.assign(new Own(1), { all: new Map([['a', [(x: Variable) => x]]]) }),
    'clone: all.value.0 of Own is a function, wanted',
  ],
  [
    'an object of another class in a Set',
    () => Object.assign(new Own(1), { all: new Set([new Date(0)]) }),
    'clone: all.value of Own is Date, wanted',
  ],
  [
    'a Map of a class of its own',
    () => Object.assign(new Own(1), { cache: new (class Cache extends Map {})() }),
    'clone: cache of Own is Cache, wanted',
  ],
  [
    'a generator of a class of its own',
    () => Object.assign(new Own(1), { generator: new (class Mine extends Generator {})(1) }),
    'clone: generator of Own is Mine, wanted',
  ],
  [
    'an accessor in an object',
    () =>
      Object.assign(new Own(1), { options: Object.defineProperty({}, 'scale', { get: () => 2, enumerable: true }) }),
    'clone: options.scale of Own is the function get, wanted',
  ],
  [
    'a function in the place of what its constructor made',
    () => Object.assign(new Hidden(2, (x) => x), { forward: (x: Variable) => x }) as nn.Module,
    'clone: forward of Hidden is the function forward, wanted it from argumentsOf as it is, or in a #private field that the constructor fills',
  ],
  [
    'another registered part than its constructor makes',
    () => Object.assign(new Registering(), { note: 'changed' }).replace(new nn.ReLU()),
    'clone: the constructors made other parts than Registering',
  ],
  [
    'a registered part that all of its class share',
    () =>
      new (class Mine extends Registering {
        static override argumentsOf = () => []
        readonly #common = this.register('common', shared)
        get common(): nn.Module {
          return this.#common
        }
      })(),
    'clone: the constructors made other parts than Mine',
  ],
  [
    'an accessor of its own',
    () => Object.defineProperty(new Own(1), 'doubled', { get: () => 2, enumerable: true }),
    'clone: doubled of Own is an accessor',
  ],
  [
    'another forward of a layer of this package',
    () => {
      const layer = new nn.Linear(4, 4)
      const original = layer.forward.bind(layer)
      return Object.assign(layer, { forward: (x: Variable) => original(x).relu() }) as nn.Module
    },
    'clone: forward of Linear is the function forward',
  ],
  [
    'arguments that make another',
    () =>
      new (class Mine extends Hidden {
        static override argumentsOf = (layer: Hidden) => [3, layer.activation]
      })(2, (x) => x),
    'clone: the constructors made other parts than Mine',
  ],
  [
    'arguments that make other parameters than it names itself',
    () =>
      new (class Mine extends nn.Module {
        static argumentsOf = () => [3]
        readonly #scale: Variable
        constructor(size: number) {
          super()
          this.#scale = variable(ones(1, size))
        }
        protected override members(): [string, Variable][] {
          return [['scale', this.#scale]]
        }
        override forward(x: Variable): Variable {
          return x.mul(this.#scale)
        }
      })(4) as nn.Module,
    'clone: the constructors made others than scale, wanted the same by argumentsOf',
  ],
  [
    'no arguments',
    () =>
      new (class Mine extends Hidden {
        static override argumentsOf = (() => 3) as Untyped
      })(2, (x) => x),
    'clone: argumentsOf of Mine gave 3, wanted an array',
  ],
])('a model with %s is refused, and left as it is', (_title, make, message) => {
  const model = make()
  const before = bitsOf(model)
  const error = errorOf(() => model.clone())
  expect(error).toBeInstanceOf(MatgradError)
  expect(error.message).toContain(message)
  expect(bitsOf(model)).toEqual(before)
})

describe('a class that says how it is made, of which something was changed since', () => {
  const common = new Generator(3)
  const factor = Symbol('factor')
  class Net extends nn.Module {
    static argumentsOf({ size }: Net): unknown[] {
      return [size]
    }

    a: nn.Linear
    act: nn.Module = new nn.Tanh()
    drop = new nn.Dropout(0.5, { generator: common })
    options = { scale: 1 }
    b: nn.Linear
    list: nn.Module[] = []
    extra?: nn.Module = new nn.Tanh()
    readonly generator = common

    readonly size: number

    constructor(size: number) {
      super()
      this.size = size
      this.a = new nn.Linear(4, size)
      this.b = new nn.Linear(size, 4)
    }

    override forward(x: Variable): Variable {
      const { options, list, extra } = this as Untyped
      const h = this.b.forward(this.drop.forward(this.act.forward(this.a.forward(x)))).mul(options.scale)
      const y = (extra ? extra.forward(h) : h).mul(options[factor] ?? 1).mul(list.factor ?? 1)
      return this.list.reduce((y, layer) => layer.forward(y), y)
    }
  }

  const changes: Record<string, (net: Net) => void> = {
    'a part': (net) => (net.act = new nn.ReLU()),
    'a setting of a part': (net) => Object.assign(net.drop, { p: 0.1 }),
    'a setting of its own': (net) => (net.options.scale = 5),
    'a weight, which two share': (net) => (net.b.weight = net.a.weight),
    'what a generator has drawn': (net) => void net.forward(constant(x)),
    'a part more': (net) => void net.list.push(new nn.ReLU()),
    'a property less': (net) => Reflect.deleteProperty(net, 'extra'),
    'a name that is a symbol': (net) => Object.assign(net.options, { [factor]: 3 }),
    'a property of an array': (net) => Object.assign(net.list, { factor: 3 }),
    'parameters more': (net) => void net.list.push(new nn.Linear(4, 4)),
  }
  test.each(Object.entries(changes))('%s is what the copy has, and trains alike', async (_title, change) => {
    const net = new Net(4)
    change(net)
    const copy = net.clone()
    expect(copy.parameters().length).toBe(net.parameters().length)
    expect(copy.drop.p).toBe(net.drop.p)
    expect(copy.generator).not.toBe(net.generator)
    const before = bitsOf(net)
    const train = async (model: nn.Module): Promise<unknown> => {
      await fit(
        model,
        { x, y: ones(5, 4) },
        { loss: nn.mseLoss, optimizer: new nn.SGD(model.parameters(), { lr: 0.1 }), epochs: 3, shuffle: false },
      )
      return bitsOf(model)
    }
    const trained = await train(copy)
    expect(bitsOf(net)).toEqual(before)
    expect(await train(net)).toEqual(trained)
  })
})

test('registered parts of a copy have the settings, ties and generators that those of the original have become', async () => {
  const model = new Registering()
  model.parts.last.weight = model.parts.first.weight
  Object.assign(model.parts.drop, { p: 0.25 })
  model.forward(constant(x))
  const copy = model.clone()
  expect(copy.parts.drop.p).toBe(0.25)
  expect(copy.parameters().length).toBe(3)
  expect(copy.parts.last.weight).toBe(copy.parts.first.weight)
  expect(copy.parts.first.weight).not.toBe(model.parts.first.weight)
  expect(copy.forward(constant(x)).value.data).toEqual(model.forward(constant(x)).value.data)
})

test('generators of a model from which a constructor draws are as before, and the copy’s are the same', () => {
  const generator = new Generator(8)
  class Drawing extends nn.Module {
    static argumentsOf = (layer: Drawing) => [layer.generator]
    readonly inner: nn.Linear
    readonly generator: Generator
    constructor(generator: Generator) {
      super()
      this.generator = generator
      this.inner = new nn.Linear(4, 4, { generator })
      common.uniform(1, 1)
    }
    readonly common = common
    override forward(x: Variable): Variable {
      return this.inner.forward(x)
    }
  }
  const common = new Generator(9)
  const model = new Drawing(generator)
  const states = [generator.state, common.state]
  const copy = model.clone()
  expect([generator.state, common.state]).toEqual(states)
  expect([copy.generator.state, copy.common.state]).toEqual(states)
  expect(copy.generator).not.toBe(generator)
})

// A browser has none.
test.skipIf(typeof Buffer === 'undefined')('bytes of Node are copied', () => {
  const model = Object.assign(new Own(1), { bytes: Buffer.from([1, 2]) })
  const { bytes } = model.clone()
  model.bytes[0] = 7
  expect([...bytes]).toEqual([1, 2])
})

describe('requiresGrad_', () => {
  test('freezes all parameters of a part, which an optimiser and clipping leave out, and lets them go', async () => {
    const model = new nn.Sequential(new nn.Linear(4, 3), new nn.Tanh(), new nn.Linear(3, 1))
    expect(model.layers[0].requiresGrad_(false)).toBe(model.layers[0])
    const optimizer = new nn.Adam(model.parameters())
    const frozen = model.layers[0].weight.value.clone()
    const free = model.layers[2].weight.value.clone()
    const step = () => fit(model, { x, y: ones(5, 1) }, { loss: nn.mseLoss, optimizer, epochs: 1, clipNorm: 1 })
    await step()
    expect(model.layers[0].weight.value.equals(frozen)).toBe(true)
    expect(model.layers[2].weight.value.equals(free)).toBe(false)
    expect(model.requiresGrad_()).toBe(model)
    await step()
    expect(model.layers[0].weight.value.equals(frozen)).toBe(false)
  })

  test('of no boolean throws and changes nothing; what was computed is no parameter', () => {
    const model = Object.assign(new Own(1), { last: variable(matrix([[1]])).mul(2) })
    const error = errorOf(() => model.requiresGrad_(0 as Untyped))
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toContain('requiresGrad_: got 0, wanted true or false')
    expect(model.inner.weight.requiresGrad).toBe(true)
    model.requiresGrad_(false)
    expect([model.inner.weight.requiresGrad, model.last.requiresGrad]).toEqual([false, true])
  })
})
