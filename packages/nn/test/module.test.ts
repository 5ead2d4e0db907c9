// How a module finds its parameters, buffers and parts, and what it does with them.

import { constant, type Variable, variable } from '@matgrad/autograd'
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
import { Dropout, type Input, Linear, Module, mseLoss, ReLU, Sequential, SGD, type StateDict, Tanh } from '@matgrad/nn'
import * as fc from 'fast-check'
import { describe, expect, inject, test } from 'vitest'
import { evaluate, fit, predict, stepOf } from './run.ts'
import { bitsOf, errorOf, noise, sample } from './support.ts'

/** Every kind of member, and some things that are none. */
class Net extends Module<2, 1> {
  readonly hidden = new Linear(2, 3)
  readonly scale = variable(ones(1, 3))
  readonly seen = zeros(1, 1)
  readonly blocks = [new Linear(3, 3), new ReLU(), new Linear(3, 3, { bias: false })]
  readonly offsets = [variable(zeros(1, 3)), 'text', null, zeros(2, 2)]
  readonly note = 'text'
  readonly nothing = null
  readonly out = new Sequential(new Linear(3, 2), new Tanh(), new Sequential(new Linear(2, 1)))

  override forward<N extends number>(x: Input<N, 2>): Variable<N, 1> {
    let y: Variable = this.hidden.forward(x).mul(this.scale)
    for (const block of this.blocks) y = block.forward(y)
    return this.out.forward(y.add(this.offsets[0] as Variable)) as Variable<N, 1>
  }
}

const PARAMETERS = [
  ...['hidden.weight', 'hidden.bias', 'scale', 'blocks.0.weight', 'blocks.0.bias', 'blocks.2.weight', 'offsets.0'],
  ...['out.0.weight', 'out.0.bias', 'out.2.0.weight', 'out.2.0.bias'],
]
const ALL = [
  ...['hidden.weight', 'hidden.bias', 'scale', 'seen', 'blocks.0.weight', 'blocks.0.bias', 'blocks.2.weight'],
  ...['offsets.0', 'offsets.3', 'out.0.weight', 'out.0.bias', 'out.2.0.weight', 'out.2.0.bias'],
]

/** One part used twice, and one variable under two names. */
class Shared extends Module<2, 2> {
  readonly first = new Linear(2, 2)
  readonly again = this.first
  readonly weight = this.first.weight
  readonly own = variable(zeros(1, 2))

  override forward<N extends number>(x: Input<N, 2>): Variable<N, 2> {
    return this.again.forward(this.first.forward(x)).add(this.own) as Variable<N, 2>
  }
}

test('every layer of the package says that programs may be used with it', () => {
  const layers = (Object.values(nn) as { prototype?: unknown }[]).filter(
    (each) => each.prototype instanceof Module && each !== nn.Activation,
  )
  expect(layers.length).toBeGreaterThan(10)
  for (const layer of layers) expect(Object.hasOwn(layer, 'builtIn'), String(layer)).toBe(true)
})

describe('discovery', () => {
  test('parameters by name, in the order of definition', () => {
    const net = new Net()
    expect(net.namedParameters().map(([name]) => name)).toEqual(PARAMETERS)
    expect(net.parameters()).toEqual(net.namedParameters().map(([, parameter]) => parameter))
    expect(new Map(net.namedParameters()).get('blocks.2.weight')).toBe((net.blocks[2] as Linear).weight)
  })

  test('buffers are in the state and are not trained', () => {
    const net = new Net()
    expect(Object.keys(net.stateDict())).toEqual(ALL)
    expect(net.parameters()).not.toContain(net.seen)
  })

  test("names are PyTorch's: 0.weight", () => {
    const model = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 1, { bias: false }))
    expect(Object.keys(model.stateDict())).toEqual(['0.weight', '0.bias', '2.weight'])
  })

  test('parts, each once', () => {
    const net = new Net()
    const kinds = [...net.modules()].map((module) => module.constructor.name)
    expect(kinds).toEqual([
      ...['Net', 'Linear', 'Linear', 'ReLU', 'Linear', 'Sequential', 'Linear', 'Tanh', 'Sequential', 'Linear'],
    ])
    const shared = new Shared()
    expect([...shared.modules()]).toEqual([shared, shared.first])
  })

  test('a shared part and a shared variable are one parameter, by its first name; the state has all', () => {
    const shared = new Shared()
    expect(shared.namedParameters().map(([name]) => name)).toEqual([...['first.weight', 'first.bias', 'own']])
    expect(Object.keys(shared.stateDict())).toEqual([
      ...['first.weight', 'first.bias', 'again.weight', 'again.bias', 'weight', 'own'],
    ])
    expect(shared.parameters()).toEqual([shared.first.weight, shared.first.bias, shared.own])
    const model = new Sequential(shared.first, new Tanh(), shared.first)
    expect(model.parameters()).toHaveLength(2)
    expect(Object.keys(model.stateDict())).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
  })

  test("a subclass of Sequential has its layers' parameters and its own", () => {
    class Scaled extends Sequential<readonly [Linear<2, 2>, ReLU]> {
      readonly scale = variable(ones(1, 2))
      readonly head = new Linear(2, 2)
    }
    const names = new Scaled(new Linear(2, 2), new ReLU()).namedParameters().map(([name]) => name)
    expect(names).toEqual(['0.weight', '0.bias', 'scale', 'head.weight', 'head.bias'])
  })

  test('a member that is replaced is found, the former is not', () => {
    class Grown extends Module {
      part: Module = new Linear(2, 2)
      override forward(x: Input): Variable {
        return this.part.forward(x)
      }
    }
    const grown = new Grown()
    const replacement = new Linear(2, 2)
    grown.part = replacement
    expect(grown.parameters()).toEqual([replacement.weight, replacement.bias])
  })
})

test.skipIf(inject('compiles'))(
  '20,000 modules, each in the one before, and as many arrays in one another, have their parameters',
  {
    timeout: 60_000,
  },
  () => {
    class Link extends Module {
      readonly own = variable(zeros(1, 1))
      readonly next: unknown
      constructor(next: unknown) {
        super()
        this.next = next
      }
      override forward(x: Input): Variable {
        return mseLoss(x, x)
      }
    }
    let [chain, nested]: [Link, unknown] = [new Link(null), [variable(zeros(1, 1))]]
    for (let i = 1; i < 20_000; i++) [chain, nested] = [new Link(chain), [nested]]
    expect(chain.parameters().length).toBe(20_000)
    expect([...chain.modules()].length).toBe(20_000)
    expect(chain.summary()).toMatch(/20000 parameters, 20000 of them trainable; 80000 bytes$/)
    expect(chain.toString().split('\n')).toHaveLength(2 * 20_000 - 1)
    expect(chain.eval().training).toBe(false)
    expect(new Link(nested).parameters().length).toBe(2)
  },
)

/** Parts in every kind of container, in one another, and in a field that nobody sees. */
class Held extends Module {
  readonly blocks = [[new Linear(2, 2), new ReLU()], [[new Linear(2, 1, { bias: false })]]]
  readonly heads = { left: new Linear(2, 1), deep: { right: [variable(ones(1, 1))] }, note: 'text' }
  readonly byName = new Map<unknown, unknown>([
    ['a', new Linear(2, 1, { bias: false })],
    [7, zeros(1, 3)],
    [{}, new Map([['b', variable(ones(1, 2))]])],
  ])
  readonly set = new Set([new Dropout(0.5), new Linear(1, 1)])
  readonly #hidden = this.register('hidden', new Linear(2, 2))
  readonly #scales = this.register('scales', [variable(ones(1, 2))])

  override forward(x: Input): Variable {
    return this.#hidden.forward(x).mul(this.#scales[0])
  }
}

describe('parts in containers', () => {
  const names = [
    ...['blocks.0.0.weight', 'blocks.0.0.bias', 'blocks.1.0.0.weight', 'heads.left.weight', 'heads.left.bias'],
    ...['heads.deep.right.0', 'byName.a.weight', 'byName.7', 'byName.2.b', 'set.1.weight', 'set.1.bias'],
    ...['hidden.weight', 'hidden.bias', 'scales.0'],
  ]

  test('are found in arrays, objects, Maps and Sets in one another, and registered ones', () => {
    const held = new Held()
    expect(Object.keys(held.stateDict())).toEqual(names)
    expect(held.namedParameters().map(([name]) => name)).toEqual(names.filter((name) => name !== 'byName.7'))
    expect([...held.modules()].map((module) => module.constructor.name)).toEqual([
      ...['Held', 'Linear', 'ReLU', 'Linear', 'Linear', 'Linear', 'Dropout', 'Linear', 'Linear'],
    ])
    expect([...held.eval().modules()].some(({ training }) => training)).toBe(false)
    expect(held.summary().split('\n').at(-1)).toMatch(new RegExp(`^${6 + 2 + 3 + 1 + 2 + 2 + 2 + 6 + 2} parameters`))
  })

  test('are saved, loaded, trained and have their gradients forgotten', () => {
    const [source, target] = [new Held(), new Held()]
    for (const { value } of source.parameters()) value.assign(value.add(1))
    target.loadStateDict(source.stateDict())
    expect(bitsOf(target)).toEqual(bitsOf(source))
    const optimizer = new SGD(target.parameters(), { lr: 0.1 })
    const step = () => {
      target.zeroGrad()
      target
        .parameters()
        .reduce((sum: Variable, each) => sum.add(each.sum()), target.forward(ones(1, 2)).sum().mul(0))
        .backward()
      optimizer.step()
    }
    stepOf(step, target, optimizer)()
    const moved = target.parameters().map(({ value }, i) => !value.equals(source.parameters()[i].value))
    expect(moved).toEqual(Array(13).fill(true))
    target.zeroGrad()
    expect(target.parameters().every(({ grad }) => grad === null)).toBe(true)
  })

  test('that are put in, replaced or registered later are found, those that were are not', () => {
    const held = new Held()
    held.byName.set('a', new Linear(1, 1))
    held.byName.delete(7)
    held.blocks[0].pop()
    ;(held.blocks[1] as Module[][]).push([new Linear(3, 1)])
    expect(Object.keys(held.stateDict())).toContain('blocks.1.1.0.bias')
    expect(Object.keys(held.stateDict())).toContain('byName.a.bias')
    expect(Object.keys(held.stateDict())).not.toContain('byName.7')
    expect([...held.modules()].filter((module) => module instanceof ReLU)).toEqual([])
  })

  test('what a forward leaves is no parameter, and no optimiser takes what was computed', () => {
    class Keeping extends Module {
      w = variable(ones(2, 2))
      last: Variable | null = null
      all: Variable[] = []

      override forward(x: Variable): Variable {
        this.last = x.matmul(this.w)
        this.all.push(this.last.relu())
        return this.last
      }
    }
    const model = new Keeping()
    model.forward(constant(ones(3, 2)))
    expect(model.namedParameters().map(([name]) => name)).toEqual(['w'])
    expect(Object.keys(model.stateDict())).toEqual(['w'])
    const layer = new Linear(2, 2)
    layer.weight = model.w.mul(2)
    expect(layer.namedParameters().map(([name]) => name)).toEqual(['bias'])
    expect(() => new SGD([model.w, model.w.mul(2)], { lr: 0.1 })).toThrow('SGD: parameter 1 was computed by mul')
  })

  test('what is computed when it is read is not read', () => {
    class Lazy extends ReLU {
      readonly parts = {
        get part(): Module {
          return expect.fail('was read')
        },
      }
    }
    expect(new Lazy().parameters()).toEqual([])
  })

  test('containers that hold themselves are gone through once', () => {
    class Ring extends ReLU {
      readonly list: unknown[] = [new Linear(1, 1)]
      readonly map = new Map<string, unknown>()
      constructor() {
        super()
        this.list.push(this.list, this.map)
        this.map.set('list', this.list).set('self', this)
      }
    }
    const ring = new Ring()
    expect(Object.keys(ring.stateDict())).toEqual(['list.0.weight', 'list.0.bias'])
  })

  test('a name that two have is refused where it would lose one of them', () => {
    class Twice extends ReLU {
      readonly heads = { a: { b: zeros(1, 1) }, 'a.b': zeros(1, 1) }
    }
    const message = 'two members are called heads.a.b, wanted a name for each'
    expect(errorOf(() => new Twice().stateDict()).message).toBe(`stateDict: ${message}`)
    expect(errorOf(() => new Twice().loadStateDict({})).message).toBe(`loadStateDict: ${message}`)
  })

  test('any name but those of the methods may be a property; a method that is hidden is named', () => {
    class Named extends ReLU {
      readonly named = new Linear(1, 1)
      readonly watch = [new Linear(1, 1)]
      readonly registered = [zeros(1, 1)]
    }
    expect(Object.keys(new Named().stateDict())).toHaveLength(5)
    const ensemble = Object.assign(new ReLU(), { members: [new Linear(1, 1)] })
    for (const walk of [() => ensemble.parameters(), () => ensemble.stateDict(), () => ensemble.eval()])
      expect(errorOf(walk).message).toBe('ReLU: members is an array, wanted the method of Module: give it another name')
  })

  test.each([
    ['', new ReLU(), 'name is "", wanted a string'],
    [3, new ReLU(), 'name is 3, wanted a string'],
    ['part', 3, 'part is 3, wanted a Variable, a Matrix or a Module, or an array, Map, Set or object of them'],
    ['part', new Date(), 'part is Date, wanted a Variable'],
  ])('register refuses %s, %s', (name, part, message) => {
    const held = new Held() as unknown as { register(name: unknown, part: unknown): unknown; stateDict(): StateDict }
    const error = errorOf(() => held.register(name, part))
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toContain(`Held: register: ${message}`)
    expect(Object.keys(held.stateDict())).toEqual(names)
  })
})

describe('a part that knows the one it is in', () => {
  class Child extends Module {
    readonly layer = new Linear(1, 1)
    parent: Module | null = null
    siblings: readonly Child[] = []
    override forward(x: Input): Variable {
      return this.layer.forward(x)
    }
  }
  class Parent extends Module {
    readonly children: readonly Child[]
    constructor(count: number) {
      super()
      this.children = Array.from({ length: count }, () => new Child())
      for (const child of this.children) {
        child.parent = this
        child.siblings = this.children
      }
    }
    override forward(x: Input): Variable {
      return this.children.reduce<Input>((y, child) => child.forward(y), x) as Variable
    }
  }

  // With every path to a part, 12 children would have 12! names.
  test.each([1, 2, 12])('every parameter of %i children is there once, by its first name', (count) => {
    const parent = new Parent(count)
    const weights = parent.children.flatMap(({ layer }) => [layer.weight, layer.bias])
    expect(new Set(parent.parameters())).toEqual(new Set(weights))
    expect(parent.namedParameters()).toHaveLength(2 * count)
    expect(Object.keys(parent.stateDict())[0]).toBe('children.0.layer.weight')
    expect([...parent.modules()]).toHaveLength(1 + 2 * count)
    expect(parent.summary().split('\n').at(-1)).toMatch(new RegExp(`^${2 * count} parameters`))
    const other = new Parent(count)
    other.loadStateDict(parent.stateDict())
    expect(bitsOf(other)).toEqual(bitsOf(parent))
    parent.forward(ones(1, 1)).backward()
    parent.zeroGrad()
    expect(weights.every((each) => each?.grad === null)).toBe(true)
    expect([...parent.eval().modules()].some(({ training }) => training)).toBe(false)
  })

  test('trains, compiled and not', async () => {
    const parent = new Parent(2)
    const before = bitsOf(parent)
    const optimizer = new SGD(parent.parameters(), { lr: 0.1 })
    stepOf(
      () => {
        parent.zeroGrad()
        mseLoss(parent.forward(ones(3, 1)), zeros(3, 1)).backward()
        optimizer.step()
      },
      parent,
      optimizer,
    )()
    for (const [name, data] of Object.entries(bitsOf(parent))) expect(data, name).not.toEqual(before[name])
  })
})

describe('stateDict', () => {
  test('is a snapshot that training does not change', () => {
    const net = new Net()
    const before = net.stateDict()
    const numbers = Object.fromEntries(Object.entries(before).map(([name, each]) => [name, each.data.slice()]))
    const optimizer = new SGD(net.parameters(), { lr: 0.1 })
    stepOf(
      () => {
        mseLoss(net.forward(ones(2, 2)), ones(2, 1)).backward()
        optimizer.step()
      },
      net,
      optimizer,
    )()
    net.seen.set(0, 0, 7)
    expect(bitsOf(net)).not.toEqual(numbers)
    for (const [name, { data }] of Object.entries(before)) expect(data, name).toEqual(numbers[name])
  })

  test('does not change the module when it is written to', () => {
    const net = new Net()
    const before = bitsOf(net)
    for (const each of Object.values(net.stateDict())) each.data.fill(9)
    expect(bitsOf(net)).toEqual(before)
  })
})

describe('loadStateDict', () => {
  const model = () => new Sequential(new Linear(2, 3), new Tanh(), new Linear(3, 1))

  test('gives another model of the same structure the same bits', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const source = new Net()
        const random = noise(seed)
        for (const parameter of source.parameters())
          parameter.value.assign(sample(parameter.rows, parameter.cols, random, { dtype: 'float32' }))
        source.seen.set(0, 0, random())
        const target = new Net()
        expect(target.loadStateDict(source.stateDict())).toEqual({ missing: [], unexpected: [] })
        expect(bitsOf(target)).toEqual(bitsOf(source))
      }),
      { numRuns: 20 },
    )
  })

  test('copies: neither side changes the other later, and the matrices of the model stay the same objects', () => {
    const target = model()
    const values = target.parameters().map(({ value }) => value)
    const state = model().stateDict()
    target.loadStateDict(state)
    expect(target.parameters().every(({ value }, i) => value === values[i])).toBe(true)
    state['0.weight'].data.fill(5)
    expect(target.stateDict()['0.weight'].data).not.toContain(5)
  })

  test('converts to the precision of the model', () => {
    const [single, double] = [new Linear(2, 2), new Linear(2, 2, { dtype: 'float64' })]
    const third = matrix([[1 / 3, 1 / 3]], { dtype: 'float64' })
    single.loadStateDict({ bias: third }, { strict: false })
    double.loadStateDict({ bias: third }, { strict: false })
    expect(single.stateDict().bias.data).toEqual(new Float32Array([1 / 3, 1 / 3]))
    expect(double.stateDict().bias.data).toEqual(new Float64Array([1 / 3, 1 / 3]))
  })

  test('takes an object without a prototype, as a file gives it', () => {
    const [source, target] = [model(), model()]
    target.loadStateDict(Object.assign(Object.create(null), source.stateDict()))
    expect(bitsOf(target)).toEqual(bitsOf(source))
  })

  const without = ({ '2.bias': _, ...rest }: StateDict): StateDict => rest
  const bad: [string, (state: StateDict) => unknown, new (message: string) => Error, string][] = [
    ['a missing name', without, MatgradError, 'loadStateDict: missing 2.bias; unexpected none'],
    [
      'an unexpected name',
      (state) => ({ ...state, '3.bias': zeros(1, 1) }),
      MatgradError,
      'loadStateDict: missing none; unexpected 3.bias',
    ],
    [
      'a name that objects inherit',
      (state) => ({ ...state, toString: zeros(1, 1) }),
      MatgradError,
      'loadStateDict: missing none; unexpected toString',
    ],
    [
      'another shape',
      (state) => ({ ...state, '2.weight': zeros(3, 1) }),
      ShapeError,
      'loadStateDict: 2.weight is 3x1, wanted 1x3',
    ],
    [
      'another number of columns',
      (state) => ({ ...state, '2.weight': zeros(1, 4) }),
      ShapeError,
      'loadStateDict: 2.weight is 1x4, wanted 1x3',
    ],
    [
      'an array',
      (state) => ({ ...state, '2.weight': [1, 2, 3] }),
      DTypeError,
      'loadStateDict: 2.weight is an array, wanted a Matrix',
    ],
    [
      'a variable',
      (state) => ({ ...state, '2.bias': variable(zeros(1, 1)) }),
      DTypeError,
      'loadStateDict: 2.bias is Variable, wanted a Matrix',
    ],
    [
      'undefined',
      (state) => ({ ...state, '2.bias': undefined }),
      DTypeError,
      'loadStateDict: 2.bias is undefined, wanted a Matrix',
    ],
    ['null', () => null, DTypeError, 'loadStateDict: state is null, wanted matrices by name'],
    ['a string', () => 'weights', DTypeError, 'loadStateDict: state is "weights", wanted matrices by name'],
  ]

  test.each(bad)('%s throws and changes nothing', (_title, change, kind, message) => {
    const target = model()
    const before = bitsOf(target)
    const state = change(model().stateDict()) as StateDict
    const error = errorOf(() => target.loadStateDict(state))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(message)
    expect(bitsOf(target)).toEqual(before)
  })

  test('not strict, loads what there is and names the rest', () => {
    const target = model()
    const before = bitsOf(target)
    const source = model().stateDict()
    const result = target.loadStateDict({ ...without(source), other: zeros(1, 1) }, { strict: false })
    expect(result).toEqual({ missing: ['2.bias'], unexpected: ['other'] })
    expect(bitsOf(target)).toEqual({
      ...Object.fromEntries(Object.entries(source).map(([name, { data }]) => [name, data])),
      '2.bias': before['2.bias'],
    })
  })

  test.each([
    ['shape', () => zeros(3, 1), ShapeError],
    ['type', () => [[1, 2, 3]], DTypeError],
  ] as const)('not strict, another %s still throws and changes nothing', (_title, wrong, kind) => {
    const target = model()
    const before = bitsOf(target)
    const state = { ...model().stateDict(), '2.weight': wrong() as Matrix }
    expect(() => target.loadStateDict(state, { strict: false })).toThrow(kind)
    expect(bitsOf(target)).toEqual(before)
  })
})

test('after loadStateDict or a step of an optimiser, an earlier forward pass has only gradients that need no weights', () => {
  const x = new Generator(1).normal(3, 4)
  const changes: ((layer: Linear) => void)[] = [
    (layer) => layer.loadStateDict(layer.stateDict()),
    (layer) => new SGD(layer.parameters(), { lr: 0.1 }).step(),
  ]
  for (const change of changes) {
    const layer = new Linear(4, 2)
    layer.forward(x).sum().backward()
    const [input, wanted] = [variable(x), layer.weight.grad?.clone() as Matrix]
    const [first, second] = [layer.forward(x).sum(), layer.forward(input).sum()]
    change(layer)
    expect(() => second.backward()).toThrow('affine: operand 2 (weight, 2x4) was changed in place')
    expect(input.grad).toBe(null)
    layer.zeroGrad()
    first.backward()
    expect(layer.weight.grad?.equals(wanted)).toBe(true)
  }
})

describe('train and eval', () => {
  const flags = (module: Module): boolean[] => [...module.modules()].map(({ training }) => training)

  test('a new module and all its parts are learning', () => {
    expect(flags(new Net())).toEqual(Array(10).fill(true))
  })

  test('reach every part and return the module', () => {
    const net = new Net()
    expect(net.eval()).toBe(net)
    expect(flags(net)).toEqual(Array(10).fill(false))
    expect(net.train()).toBe(net)
    expect(flags(net)).toEqual(Array(10).fill(true))
    expect(net.train(false)).toBe(net)
    expect(flags(net)).toEqual(Array(10).fill(false))
  })

  test('a part alone leaves the others', () => {
    const net = new Net()
    net.out.eval()
    expect(flags(net)).toEqual([true, true, true, true, true, false, false, false, false, false])
  })
})

test('zeroGrad forgets the gradients of all parameters, shared ones too', () => {
  for (const model of [new Net(), new Shared()]) {
    stepOf(() => model.forward(ones(2, 2)).sum().backward(), model)()
    expect(model.parameters().every(({ grad }) => grad !== null)).toBe(true)
    model.zeroGrad()
    expect(model.parameters().every(({ grad }) => grad === null)).toBe(true)
  }
})

/** A model with parts in parts, a shared one, a frozen one and a buffer. */
function varied() {
  const shared = new Linear(4, 4)
  const frozen = new Linear(4, 1, { bias: false })
  frozen.weight.requiresGrad = false
  return new Sequential(
    new Linear(2, 4),
    new nn.Residual(new Sequential(shared, new Tanh(), shared)),
    new nn.BatchNorm1d(4),
    new Dropout(0.5, { generator: new Generator(1) }),
    frozen,
  )
}

describe('summary', () => {
  test('is a table of the parts with their names in the state and their parameters', () => {
    expect(varied().summary().split('\n')).toEqual([
      'Sequential',
      '  0: Linear(2 → 4)                      weight 4x2, bias 1x4  12',
      '  1: Residual',
      '    1.inner: Sequential',
      '      1.inner.0: Linear(4 → 4)          weight 4x4, bias 1x4  20',
      '      1.inner.1: Tanh',
      '      1.inner.2: Linear(4 → 4) (again)',
      '  2: BatchNorm1d(4)                     weight 1x4, bias 1x4  8',
      '  3: Dropout(0.5)',
      '  4: Linear(4 → 1, no bias)             weight 1x4            4 (4 frozen)',
      '44 parameters, 40 of them trainable; 208 bytes',
    ])
  })

  test('has the shapes that come out, for any number of rows or for one', () => {
    const lines = varied().summary(2).split('\n')
    expect(lines[0]).toMatch(/^Sequential +nx1$/)
    expect(lines[4]).toMatch(/^ {6}1.inner.0: Linear\(4 → 4\) +nx4 {2}weight 4x4, bias 1x4 {2}20$/)
    expect(varied().summary([7, 2]).split('\n')[8]).toMatch(/^ {2}3: Dropout\(0.5\) +7x4$/)
    expect(varied().summary([1, 2]).split('\n')[0]).toMatch(/^Sequential +1x1$/)
    // One row for all is no row for each.
    expect(new nn.Lambda((x) => x.sum(0)).summary(5).split('\n')[0]).toMatch(/^Lambda +1x5$/)
  })

  test('changes nothing: no state, mode, gradient, generator, nor what a layer of a user does', () => {
    class Noisy extends Module {
      readonly seen = zeros(1, 1)
      readonly generator = new Generator(4)
      forward(x: Variable): Variable {
        this.seen.set(0, 0, this.seen.item() + 1)
        return x.add(this.generator.next()).add(getDefaultGenerator().next())
      }
    }
    const noisy = new Noisy()
    const model = new Sequential(varied(), noisy)
    const dropout = model.layers[0].layers[3]
    dropout.eval()
    const look = () => [
      bitsOf(model),
      [...model.modules()].map(({ training }) => training),
      model.parameters().map(({ grad }) => grad),
      [noisy.generator, getDefaultGenerator(), dropout.generator as Generator].map(({ state }) => [...state]),
    ]
    const before = look()
    expect(model.summary(2).split('\n')[0]).toMatch(/^Sequential +nx1$/)
    expect(look()).toEqual(before)
    expect(() => model.summary(3)).toThrow('Linear(2 → 4): x is 3x3, wanted 2 columns')
    expect(look()).toEqual(before)
  })

  test.each([
    ['0', 0, ShapeError, 'summary: features is 0, wanted at least 1'],
    ['no row', [0, 2], ShapeError, 'summary: rows is 0, wanted at least 1'],
    ['a string', '2', DTypeError, 'summary: inputShape is "2", wanted a number of features or [rows, features]'],
    ['three numbers', [1, 2, 3], DTypeError, 'summary: inputShape is an array, wanted'],
    ['half a feature', 0.5, DTypeError, 'summary: features is 0.5, wanted a whole number'],
  ])('of %s throws', (_title, shape, kind, message) => {
    const error = errorOf(() => varied().summary(shape as never))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })

  test('counts a shared parameter once, and its bytes with those of buffers', () => {
    expect(new Shared().summary().split('\n').at(-1)).toBe('8 parameters, 8 of them trainable; 32 bytes')
    const count = 9 + 3 + 12 + 9 + 3 + 8 + 3
    expect(new Net().summary().split('\n').at(-1)).toBe(
      `${count} parameters, ${count} of them trainable; ${4 * (count + 1 + 4)} bytes`,
    )
    expect(new Linear(2, 2, { dtype: 'float64' }).summary()).toMatch(/; 48 bytes$/)
  })

  test('of a module without parameters', () => {
    expect(new ReLU().summary()).toBe('ReLU\n0 parameters, 0 of them trainable; 0 bytes')
  })
})

test('String and console.log show parts in one another', () => {
  const wanted = [
    'Sequential(',
    '  0: Linear(2 → 4)',
    '  1: Residual(',
    '    inner: Sequential(',
    '      0: Linear(4 → 4)',
    '      1: Tanh',
    '      2: Linear(4 → 4) (again)',
    '    )',
    '  )',
    '  2: BatchNorm1d(4)',
    '  3: Dropout(0.5)',
    '  4: Linear(4 → 1, no bias)',
    ')',
  ].join('\n')
  expect(String(varied())).toBe(wanted)
  expect((varied() as unknown as Record<symbol, () => string>)[Symbol.for('nodejs.util.inspect.custom')]()).toBe(wanted)
  expect(String(new ReLU())).toBe('ReLU')
  expect(String(new Held()).split('\n')[1]).toBe('  blocks.0.0: Linear(2 → 2)')
})

describe('names', () => {
  const layers = (Object.entries(nn) as [string, { builtIn?: unknown; prototype?: unknown }][]).filter(
    ([, each]) => each.prototype instanceof Module && each !== nn.Activation,
  )

  test.each(layers)('%s knows its name where a bundler has shortened that of its class', (name, Layer) => {
    expect(Layer.builtIn).toBe(name)
  })

  test('messages, tables and descriptions have it; a class of a user has its own', () => {
    const { name } = ReLU
    Object.defineProperty(ReLU, 'name', { value: 'Xc' })
    try {
      expect(String(new ReLU())).toBe('ReLU')
      expect(new ReLU().summary()).toContain('ReLU')
      expect(errorOf(() => new ReLU().forward(3 as never)).message).toContain('ReLU: operand is 3')
      expect(errorOf(() => new (ReLU as unknown as new (x: number) => ReLU)(3)).message).toContain(
        'ReLU: got 3 in excess',
      )
      expect(errorOf(() => new ReLU().train('no' as never)).message).toContain('ReLU: training is "no"')
    } finally {
      Object.defineProperty(ReLU, 'name', { value: name })
    }
    class Mine extends ReLU {}
    expect(String(new Mine())).toBe('Mine')
  })
})

describe('a forward is handed variables', () => {
  class Centre extends Module {
    scale = variable(ones(1, 4))
    forward(x: Variable) {
      return x.sub(x.mean(1)).mul(this.scale)
    }
  }
  const x = sample(6, 4, noise(3), { dtype: 'float32' })

  test('when it is called with a matrix, in Sequential, fit, predict and evaluate', async () => {
    const centre: Module = new Centre()
    expect(centre.forward(x).value.data).toEqual(x.sub(x.mean(1)).data)
    const model = new Sequential(new Centre(), new Linear(4, 1))
    const data = { x, y: zeros(6, 1) }
    for (const each of [model, new Centre()]) {
      const target = { x, y: each === model ? data.y : x }
      const optimizer = new SGD(each.parameters(), { lr: 0.1 })
      const history = await fit(each, target, { loss: mseLoss, optimizer, epochs: 5 })
      expect(history.loss[4]).toBeLessThan(history.loss[0])
      expect(predict(each, x).rows).toBe(6)
      expect(evaluate(each, target, { loss: mseLoss }).loss).toBeLessThan(history.loss[4])
    }
  })

  test('every matrix among its arguments, and nothing else; in an arrow of a field, too, by fit and predict', () => {
    class Many extends Module {
      forward(x: Variable, ...more: unknown[]): Variable {
        given = [x, ...more]
        return x
      }
    }
    let given: unknown[] = []
    const many = new Many() as unknown as { forward(...args: unknown[]): Variable }
    const own = variable(x)
    many.forward(x, own, x, 3, 'a', [x])
    expect([given[0], given[2]].map((each) => (each as Variable).value)).toEqual([x, x])
    expect((given[2] as Variable).requiresGrad).toBe(false)
    expect(given.slice(3)).toEqual([3, 'a', [x]])
    expect(given[1]).toBe(own)
    class Arrow extends Module {
      override forward = (x: Input): Variable => (x as Variable).mul(2)
    }
    expect(predict(new Arrow(), x).data).toEqual(x.mul(2).data)
  })
})
