// A compiled function asks before each replay whether the modules that it went through are what they were.

import { compile, type Variable, variable } from '@matgrad/autograd'
import { replays } from '@matgrad/autograd/internal'
import { Generator, getDefaultGenerator, type Matrix, ones, rand, zeros } from '@matgrad/core'
import {
  BatchNorm1d,
  Dropout,
  Embedding,
  type Input,
  LayerNorm,
  LeakyReLU,
  Linear,
  Module,
  PReLU,
  ReLU,
  Residual,
  Sequential,
  Tanh,
} from '@matgrad/nn'
import { describe, expect, test } from 'vitest'

class Net extends Module {
  body: Module = new Linear(2, 3)
  head: Module = new Linear(3, 1)
  temperature = 1
  flags: unknown[] = [true]
  settings = { offset: { value: 1 } }
  scale: Variable = variable(ones(1, 1))

  forward(x: Input): Variable {
    const y = this.head.forward(this.body.forward(x)).mul(this.temperature).mul(this.scale)
    return (this.flags[0] ? y : y.neg()).add(this.settings.offset.value)
  }
}

/** What it computes is in containers in containers. */
class Held extends Module {
  readonly table = [[1, 2], [[3]]]
  readonly parts: { list: Module[] }[] = [{ list: [new Linear(2, 3)] }]
  readonly byName = new Map<string, unknown>([
    ['factor', 2],
    ['parts', [new Linear(3, 3)]],
  ])
  readonly factors = new Set([2, 3])
  #hidden: Module = this.register('hidden', new Linear(3, 3))

  replace(hidden: Module): void {
    this.#hidden = this.register('hidden', hidden)
  }

  override forward(x: Input): Variable {
    let y: Variable = this.parts[0].list[0].forward(x)
    for (const part of this.byName.get('parts') as Module[]) y = part.forward(y)
    y = this.#hidden.forward(y).mul(this.byName.get('factor') as number)
    for (const factor of this.factors) y = y.add(factor).mul(factor)
    return y.mul(this.table[0][1] as number)
  }
}

/** A Sequential with properties of its own. */
class Scaled extends Sequential<readonly [Module]> {
  factor = 2
  readonly factors = [[2]]
  override forward<N extends number>(x: Input): Variable<N> {
    return super
      .forward(x as never)
      .mul(this.factor)
      .mul(this.factors[0][0]) as Variable<N>
  }
}

/** A module whose forward is a property. */
class Arrow extends Module {
  inner = new Linear(2, 2)
  power = 2
  override forward = (x: Input): Variable => this.inner.forward(x).pow(this.power)
}

class Doubling extends Module {
  override forward(x: Input): Variable {
    return (x as Variable).mul(2)
  }
}

const inSequence = (...layers: readonly Module[]): Sequential => new Sequential(...(layers as [Module]))
type Layers = Module[]

const changes: [title: string, make: () => Module, change: (model: never) => unknown][] = [
  ['a part', () => new Net(), (model: Net) => Object.assign(model, { head: new Linear(3, 1) })],
  ['a number', () => new Net(), (model: Net) => Object.assign(model, { temperature: 3 })],
  ['a parameter', () => new Net(), (model: Net) => Object.assign(model, { scale: variable(ones(1, 1).mul(5)) })],
  [
    'a number in an object in an object',
    () => new Net(),
    (model: Net) => Object.assign(model.settings.offset, { value: 2 }),
  ],
  ['an element of an array', () => new Net(), (model: Net) => model.flags.splice(0, 1, false)],
  ['a number in an array in an array', () => new Held(), (model: Held) => model.table[0].splice(1, 1, 9)],
  [
    'a part in an array in an object in an array',
    () => new Held(),
    (model: Held) => model.parts[0].list.splice(0, 1, new Linear(2, 3)),
  ],
  ['a number in a Map', () => new Held(), (model: Held) => model.byName.set('factor', 5)],
  [
    'a part more in an array in a Map',
    () => new Held(),
    (model: Held) => (model.byName.get('parts') as Module[]).push(new Tanh()),
  ],
  ['an array in a Map', () => new Held(), (model: Held) => model.byName.set('parts', [])],
  ['one more in a Set', () => new Held(), (model: Held) => model.factors.add(5)],
  [
    'the order of a Set',
    () => new Held(),
    ({ factors }: Held) => {
      factors.delete(2)
      factors.add(2)
    },
  ],
  ['a part that is registered', () => new Held(), (model: Held) => model.replace(new Linear(3, 3))],
  ['a number of a Sequential', () => new Scaled(new Tanh()), (model: Scaled) => Object.assign(model, { factor: 3 })],
  [
    'a number in an array in an array of a Sequential',
    () => new Scaled(new Tanh()),
    (model: Scaled) => (model.factors[0] = [7]),
  ],
  [
    "a layer's weight",
    () => new Linear(2, 3),
    (model: Linear) => Object.assign(model, { weight: variable(ones(3, 2)) }),
  ],
  ["a layer's bias", () => new Linear(2, 3), (model: Linear) => Object.assign(model, { bias: null })],
  [
    'the weight of a layer that a part reads itself',
    () => {
      const linear = new Linear(2, 3)
      return new (class extends Module {
        linear = linear
        override forward(x: Input): Variable {
          return (x as Matrix).matmul(this.linear.weight.value.T) as unknown as Variable
        }
      })()
    },
    (model: { linear: Linear }) => Object.assign(model.linear, { weight: variable(ones(3, 2)) }),
  ],
  [
    'a layer of several',
    () => inSequence(new Linear(2, 3), new Tanh()),
    (model: Sequential) => ((model.layers as Layers)[1] = new ReLU()),
  ],
  [
    'a layer more',
    () => inSequence(new Linear(2, 3)),
    (model: Sequential) => (model.layers as Layers).push(new ReLU()),
  ],
  [
    'a layer less',
    () => inSequence(new Linear(2, 3), new ReLU()),
    (model: Sequential) => (model.layers as Layers).pop(),
  ],
  [
    'a layer deep inside',
    () => inSequence(inSequence(inSequence(new Net()))),
    (model: Sequential) => {
      for (const module of model.modules()) if (module instanceof Net) module.temperature = 7
    },
  ],
  [
    'a slope',
    () => inSequence(new Linear(2, 3), new LeakyReLU()),
    (model: Sequential) => Object.assign(model.layers[1], { slope: 0.5 }),
  ],
  ['eps', () => inSequence(new BatchNorm1d(2)), (model: Sequential) => Object.assign(model.layers[0], { eps: 10 })],
  [
    'eps of LayerNorm',
    () => inSequence(new LayerNorm(2)),
    (model: Sequential) => Object.assign(model.layers[0], { eps: 10 }),
  ],
  [
    'the weight of LayerNorm',
    () => inSequence(new LayerNorm(2)),
    (model: Sequential) => Object.assign(model.layers[0], { weight: null }),
  ],
  [
    'the slope of PReLU',
    () => inSequence(new PReLU()),
    (model: Sequential) => Object.assign(model.layers[0], { weight: variable(ones(1, 1)) }),
  ],
  [
    'the inner of Residual',
    () => inSequence(new Residual(new Tanh())),
    (model: Sequential) => Object.assign(model.layers[0], { inner: new ReLU() }),
  ],
  [
    'the weight of Embedding',
    () => {
      const embedding: Module = new Embedding(1, 3)
      return new (class extends Module {
        embedding = embedding
        override forward(x: Input): Variable {
          return this.embedding.forward(x.mul(0))
        }
      })()
    },
    (model: { embedding: Embedding }) => Object.assign(model.embedding, { weight: variable(ones(1, 3)) }),
  ],
  ['p', () => inSequence(new Dropout(0.5)), (model: Sequential) => Object.assign(model.layers[0], { p: 0 })],
  ['training', () => inSequence(new Dropout(0.5)), (model: Sequential) => model.eval()],
  [
    'training of a part',
    () => inSequence(new BatchNorm1d(2), new Dropout(0.5)),
    (model: Sequential) => model.layers[1].eval(),
  ],
  [
    'a part of a module whose forward is a property',
    () => inSequence(new Arrow()),
    (model: Sequential) => Object.assign(model.layers[0], { power: 3 }),
  ],
  [
    'the forward of a layer',
    () => inSequence(new Linear(2, 3), new Tanh()),
    (model: Sequential) => Object.assign(model.layers[1], { forward: (x: Variable) => x.relu() }),
  ],
  [
    'the forward of a layer with parameters',
    () => inSequence(new Linear(2, 3)),
    (model: Sequential) => Object.assign(model.layers[0], { forward: (x: Variable) => x.mul(2) }),
  ],
  [
    'the forward of the whole',
    () => inSequence(new Linear(2, 3)),
    (model: Sequential) => Object.assign(model, { forward: (x: Matrix) => variable(x.mul(2)) }),
  ],
  [
    'the forward of a class',
    () => inSequence(new Linear(2, 3), new Doubling()),
    () => {
      Doubling.prototype.forward = (x) => (x as Variable).mul(3)
    },
  ],
]

describe('a compiled function computes with what its modules are now, and replays it', () => {
  test.each(changes)('%s', (_, make, change) => {
    const model = make()
    const x = rand(4, 2, { generator: new Generator(1) })
    const f = compile((x: Matrix) => model.forward(x))
    const call = (fn: (x: Matrix) => Variable | Matrix): number[][] => fn(x).toArray()
    for (let round = 0; round < 2; round++) {
      if (round === 1) change(model as never)
      f(x)
      const before = replays()
      for (let n = 0; n < 3; n++)
        expect(fromHere(() => call(f))).toEqual(fromHere(() => call((given) => model.forward(given))))
      expect(replays() - before).toBe(3)
    }
  })
})

/** What `run` gives with the random numbers that come next, which then come again. */
function fromHere<T>(run: () => T): T {
  const generator = getDefaultGenerator()
  const { state } = generator
  try {
    return run()
  } finally {
    generator.state = state
  }
}

test('a forward of two arguments gets both, or one', () => {
  class Two extends Module {
    override forward(x: Input, y: Matrix = zeros(1, 1)): Variable {
      return new Tanh().forward(x).add(y)
    }
  }
  const two = new Two()
  expect(two.forward(ones(1, 1), ones(1, 1)).item()).toBeCloseTo(1 + Math.tanh(1), 6)
  expect(two.forward(ones(1, 1)).item()).toBeCloseTo(Math.tanh(1), 6)
})
