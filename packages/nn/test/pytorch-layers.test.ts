// Layers with parameters of their own against PyTorch, and their derivatives against differences.

import { constant, type Variable, variable } from '@matgrad/autograd'
import {
  DTypeError,
  full,
  Generator,
  getDefaultGenerator,
  MatgradError,
  Matrix,
  matrix,
  ShapeError,
} from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { gradcheck, run, stepOf } from './run.ts'
import { DTYPES, errorOf, expectClose, noise, type Stored, sample, toMatrix, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const float64 = { dtype: 'float64' } as const

interface Case {
  readonly name: string
  readonly layer: 'LayerNorm' | 'Embedding' | 'SELU' | 'PReLU'
  readonly args: readonly unknown[]
  readonly state: Readonly<Record<string, Stored>>
  readonly x: Stored
  readonly cotangent: Stored
  readonly y: Stored
  readonly gradients: readonly (Stored | null)[]
}

/** The layer of a case, in float64, with its parameters. */
function make({ layer, args, state }: Case): nn.Module {
  const [options, ...sizes] = [...args].reverse() as [object | undefined, ...number[]]
  const isSizeLast = typeof options === 'number'
  const given = isSizeLast ? [options, float64] : [...sizes.reverse(), { ...options, ...float64 }]
  const Layer = (nn as Untyped)[layer]
  const module: nn.Module =
    layer === 'SELU'
      ? new Layer()
      : layer === 'PReLU' && args.length === 0
        ? new Layer(1, float64)
        : new Layer(...given)
  module.loadStateDict(Object.fromEntries(Object.entries(state).map(([name, value]) => [name, toMatrix(value)])))
  return module
}

const cases = await readJson<readonly Case[]>('nn/layers.json')

test('there are cases of every kind', () => {
  expect(cases.length).toBeGreaterThan(10)
})

// Sums of 300 numbers have fewer than 300 roundings in float64: 300·2⁻⁵³ is below 10⁻¹³.
test.each(cases.map((each) => [`${each.layer}, ${each.name}`, each] as const))(
  '%s: values and gradients are those of PyTorch within 10⁻¹²',
  (_title, each) => {
    const layer = make(each)
    const isIndexed = each.gradients[0] === null
    const pass = stepOf((samples: Matrix, cotangent: Matrix) => {
      layer.zeroGrad()
      const x: Variable = isIndexed ? constant(samples) : variable(samples)
      const y = layer.forward(x)
      y.backward(cotangent)
      return { y: y.value, gradients: [x, ...layer.parameters()].map(({ grad }) => grad) }
    }, layer)
    const { y, gradients } = pass(toMatrix(each.x), toMatrix(each.cotangent))
    expectClose(y, toMatrix(each.y), 1e-12, 1e-12)
    expect(gradients).toHaveLength(each.gradients.length)
    for (const [i, wanted] of each.gradients.entries())
      if (wanted) expectClose(gradients[i] as Matrix, toMatrix(wanted), 1e-12, 1e-12)
      else expect(gradients[i]).toBeNull()
  },
)

describe('gradcheck to second order', () => {
  const draw = (rows: number, cols: number, seed: number): Matrix => sample(rows, cols, noise(seed))

  test('LayerNorm', () => {
    gradcheck(
      (x, weight, bias) => Object.assign(new nn.LayerNorm(4, float64), { weight, bias }).forward(x),
      [draw(3, 4, 1), draw(1, 4, 2), draw(1, 4, 3)],
      { order: 2 },
    )
  })

  test('Embedding, with and without padding', () => {
    const indices = matrix([
      [0, 2],
      [1, 2],
    ])
    for (const options of [{}, { paddingIndex: 1 }]) {
      const kept = matrix([[1], [options.paddingIndex === undefined ? 1 : 0], [1]], float64)
      const layer = new nn.Embedding(3, 2, { ...options, ...float64 })
      gradcheck(
        (weight) => {
          // What is padding has the gradient 0, and so must not depend on the weight here.
          const masked = weight.mul(kept)
          return Object.assign(layer, { weight: masked }).forward(indices).square()
        },
        [draw(3, 2, 4)],
        { order: 2 },
      )
    }
  })

  test('PReLU and SELU', () => {
    const x = draw(3, 4, 5)
    gradcheck((x, weight) => Object.assign(new nn.PReLU(4, float64), { weight }).forward(x), [x, draw(1, 4, 6)], {
      order: 2,
    })
    gradcheck((x, weight) => Object.assign(new nn.PReLU(1, float64), { weight }).forward(x), [x, draw(1, 1, 7)], {
      order: 2,
    })
    gradcheck((x) => new nn.SELU().forward(x), [x], { order: 2 })
  })

  test('Residual', () => {
    gradcheck((x) => new nn.Residual(new nn.Sequential(new nn.Tanh(), new nn.Sigmoid())).forward(x), [draw(3, 2, 8)], {
      order: 2,
    })
  })
})

describe('LayerNorm', () => {
  test.each(DTYPES)('has the parameters of PyTorch, in %s', (dtype) => {
    const state = new nn.LayerNorm(2, { dtype }).stateDict()
    expect(Object.entries(state).map(([name, value]) => [name, value.toArray(), value.dtype])).toEqual([
      ['weight', [[1, 1]], dtype],
      ['bias', [[0, 0]], dtype],
    ])
    expect(Object.keys(new nn.LayerNorm(2, { bias: false }).stateDict())).toEqual(['weight'])
    expect(Object.keys(new nn.LayerNorm(2, { affine: false }).stateDict())).toEqual([])
    expect(new nn.LayerNorm(2).describe()).toBe('LayerNorm(2)')
  })

  // In float32 what is exact is normalised with float64's roundings and rounded once.
  test('in float32 is within 2 units of roundoff, whatever the mean, and so large that squares overflow', () => {
    for (const [mean, scale] of [
      [0, 1],
      [2 ** 20, 1],
      [-(2 ** 23), 4],
      [0, 2 ** 100],
    ]) {
      const cols = 300
      const values = Array.from({ length: cols }, (_, j) => mean + scale * ((j * 7) % 16))
      const average = values.reduce((sum, x) => sum + (x - mean) / scale, 0) / cols
      const deviations = values.map((x) => (x - mean) / scale - average)
      const variance = deviations.reduce((sum, d) => sum + d * d, 0) / cols
      const root = Math.sqrt(variance + 1e-5 / scale / scale)
      const wanted = matrix([deviations.map((d) => d / root)], float64)
      const y = run((x: Matrix) => new nn.LayerNorm(cols).forward(x), matrix([values], { dtype: 'float32' }))
      expectClose(y.value, wanted, 2 * UNIT.float32)
    }
  })

  test('is the same learning or not, takes one row and none, and gives 0 for a constant row', () => {
    const layer = new nn.LayerNorm(3, { ...float64 })
    const forward = stepOf((x: Matrix) => layer.forward(x as Matrix<number, 3>).value)
    expect(forward(full(1, 3, 7, float64)).toArray()).toEqual([[0, 0, 0]])
    expect(forward(new Matrix(new Float64Array(0), 0, 3)).shape).toEqual([0, 3])
    const x = sample(4, 3, noise(1))
    expect(layer.eval().forward(x).value.data).toEqual(layer.train().forward(x).value.data)
  })

  test('NaN and infinities stay in their rows', () => {
    const y = run(
      (x: Matrix) => new nn.LayerNorm(2).forward(x),
      matrix([
        [Number.NaN, 1],
        [1, 3],
        [Number.POSITIVE_INFINITY, 1],
      ]),
    )
    expect(y.toArray()[0]).toEqual([Number.NaN, Number.NaN])
    expect(y.toArray()[1][1]).toBeCloseTo(1, 4)
    expect(y.toArray()[2][0]).toBeNaN()
  })
})

describe('Embedding', () => {
  test('draws N(0, 1) from its generator alone', () => {
    const before = getDefaultGenerator().state
    const [a, b] = [1, 1].map((seed) => new nn.Embedding(300, 40, { generator: new Generator(seed) }).weight.value)
    expect(a.data).toEqual(b.data)
    expect(getDefaultGenerator().state).toEqual(before)
    // 12,000 draws: the mean has the deviation 1/√12000, the variance √(2/12000).
    expect(Math.abs(a.mean().item())).toBeLessThan(5 / Math.sqrt(12000))
    expect(Math.abs(a.variance().item() - 1)).toBeLessThan(5 * Math.sqrt(2 / 12000))
  })

  test('gives rows of its weight side by side, in both dtypes of indices', () => {
    const { weight, ...layer } = { weight: new nn.Embedding(7, 2), forward: 0 }
    expect(layer).toEqual({ forward: 0 })
    for (const dtype of DTYPES) {
      const indices = matrix(
        [
          [6, 0],
          [3, 3],
        ],
        { dtype },
      )
      const y = run((x: Matrix) => weight.forward(x), indices)
      const rows = weight.weight.toArray()
      expect(y.toArray()).toEqual([
        [...rows[6], ...rows[0]],
        [...rows[3], ...rows[3]],
      ])
    }
  })

  test('padding begins as zeros, and training leaves it so', () => {
    const layer = new nn.Embedding(4, 3, { paddingIndex: -2 })
    expect(layer.paddingIndex).toBe(2)
    expect(layer.weight.toArray()[2]).toEqual([0, 0, 0])
    expect(layer.weight.toArray()[1]).not.toContain(0)
    const optimizer = new nn.SGD(layer.parameters(), { lr: 0.1 })
    const step = stepOf(
      (x: Matrix) => {
        optimizer.zeroGrad()
        layer.forward(x).sub(1).square().sum().backward()
        optimizer.step()
      },
      layer,
      optimizer,
    )
    const before = layer.weight.toArray()
    step(matrix([[2, 1, 2, 2]]))
    expect(layer.weight.toArray()[2]).toEqual([0, 0, 0])
    expect(layer.weight.toArray()[1]).not.toEqual(before[1])
    expect(layer.weight.toArray()[0]).toEqual(before[0])
  })

  test.each([
    ['10', [[1], [10]], ShapeError, 'Embedding: index 1 is 10, wanted 0 to 9'],
    ['-1', [[0, -1]], ShapeError, 'Embedding: index 1 is -1, wanted 0 to 9'],
    ['1.5', [[1.5]], DTypeError, 'Embedding: index 0 is 1.5, wanted a whole number from 0 to 9'],
    ['NaN', [[Number.NaN]], DTypeError, 'Embedding: index 0 is NaN, wanted a whole number from 0 to 9'],
  ] as const)('of index %s throws, the first time and later', (_title, indices, kind, message) => {
    const layer = new nn.Embedding(10, 2)
    const forward = stepOf((x: Matrix) => layer.forward(x).value)
    const good = matrix(indices.map((row) => row.map(() => 0)))
    for (let i = 0; i < 2; i++) {
      forward(good)
      const error = errorOf(() => forward(matrix(indices.map((row) => [...row]))))
      expect(error).toBeInstanceOf(kind)
      expect(error.message).toBe(message)
    }
  })

  test.each([
    ['no vector', () => new nn.Embedding(0, 2), ShapeError, 'count is 0, wanted at least 1'],
    ['no feature', () => new nn.Embedding(2, 0), ShapeError, 'features is 0, wanted at least 1'],
    [
      'a padding that is no index',
      () => new nn.Embedding(2, 2, { paddingIndex: 2 }),
      ShapeError,
      'paddingIndex is 2, wanted -2 to 1',
    ],
    [
      'half a padding',
      () => new nn.Embedding(2, 2, { paddingIndex: 0.5 }),
      DTypeError,
      'paddingIndex is 0.5, wanted a whole number',
    ],
    [
      'a maker',
      () => new nn.Embedding(2, 2, { init: nn.init.normal as Untyped }),
      DTypeError,
      'did you mean init.normal()?',
    ],
  ] as const)('%s throws', (_title, make, kind, message) => {
    const error = errorOf(make)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})

describe('PReLU', () => {
  test('begins with a slope of ¼, and an infinity has no part in the gradient of another slope', () => {
    expect(new nn.PReLU(3).weight.toArray()).toEqual([[0.25, 0.25, 0.25]])
    const layer = new nn.PReLU()
    const slopeAt = stepOf((x: Matrix) => {
      layer.zeroGrad()
      layer.forward(x).sum().backward()
      return layer.weight.grad as Matrix
    }, layer)
    expect(slopeAt(matrix([[Number.POSITIVE_INFINITY, -2, 0]])).item()).toBe(-2)
  })

  // [slope, y, gradient of x] as PyTorch 1.13 prints them, in both dtypes; the gradient of the slope is NaN.
  test.each(
    DTYPES.flatMap((dtype) =>
      [
        [0.25, [-Infinity, -0, 0, Number.NaN, Infinity, -0.5, 3], [0.25, 0.5, 0.75, 1, 5, 1.5, 7]],
        [0, [Number.NaN, -0, 0, Number.NaN, Infinity, -0, 3], [0, 0, 0, 0, 5, 0, 7]],
        [-1, [Infinity, 0, -0, Number.NaN, Infinity, 2, 3], [-1, -2, -3, -4, 5, -6, 7]],
        [
          ...[Number.NaN, [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Infinity, Number.NaN, 3]],
          [Number.NaN, Number.NaN, Number.NaN, Number.NaN, 5, Number.NaN, 7],
        ],
        [
          ...[Infinity, [-Infinity, Number.NaN, Number.NaN, Number.NaN, Infinity, -Infinity, 3]],
          [Infinity, Infinity, Infinity, Infinity, 5, Infinity, 7],
        ],
      ].map(([slope, y, gradient]) => [dtype, slope as number, y as number[], gradient as number[]] as const),
    ),
  )('of ±∞, ±0 and NaN is exactly that of PyTorch, in %s with slope %d', (dtype, slope, y, gradient) => {
    const layer = new nn.PReLU(1, { dtype, init: nn.init.constant(slope) })
    const pass = stepOf((samples: Matrix, cotangent: Matrix) => {
      layer.zeroGrad()
      const x = variable(samples)
      const result = layer.forward(x)
      result.backward(cotangent)
      return [result.value, x.grad as Matrix, layer.weight.grad as Matrix]
    }, layer)
    const x = matrix([[-Infinity, -0, 0, Number.NaN, Infinity, -2, 3]], { dtype })
    const got = pass(x, matrix([[1, 2, 3, 4, 5, 6, 7]], { dtype })).map((each) => Array.from(each.data))
    expect(got).toEqual([y, gradient, [Number.NaN]])
  })

  test('of another number of columns throws', () => {
    const error = errorOf(() => run((x: Matrix) => new nn.PReLU(3).forward(x as Untyped), matrix([[1, 2]])))
    expect(error).toBeInstanceOf(ShapeError)
    expect(error.message).toBe('PReLU(3): x is 1x2, wanted 3 columns')
  })
})

describe('Residual', () => {
  test('is x + inner(x) bit for bit, and its parts are named', () => {
    const inner = new nn.Linear(3, 3)
    const layer = new nn.Residual(inner)
    const x = sample(4, 3, noise(2), { dtype: 'float32' })
    const y = run((samples: Matrix) => layer.forward(samples as Matrix<number, 3>).value, x)
    expect(y.data).toEqual(x.add(inner.forward(x).value).data)
    expect(Object.keys(layer.stateDict())).toEqual(['inner.weight', 'inner.bias'])
  })

  test('of an inner that gives another shape throws, also where it would broadcast', () => {
    const layer = new nn.Residual(new nn.Linear(3, 1) as nn.Module)
    const error = errorOf(() => run((x: Matrix) => layer.forward(x), sample(4, 3, noise(2))))
    expect(error).toBeInstanceOf(ShapeError)
    expect(error.message).toBe('Residual: x is 4x3, inner gives 4x1, wanted the same')
    expect(errorOf(() => new nn.Residual((() => 0) as Untyped)).message).toBe(
      'Residual: inner is a function, wanted a Module: did you mean new Lambda(f)?',
    )
  })
})

describe('Lambda', () => {
  test('is its function of a variable, with a name', () => {
    const layer = new nn.Lambda((x) => x.square())
    const y = run((x: Matrix) => layer.forward(x), matrix([[3]]))
    expect(y.item()).toBe(9)
    expect(layer.describe()).toBe('Lambda')
    expect(new nn.Lambda((x) => x, { name: 'same' }).describe()).toBe('Lambda(same)')
    expect(
      new nn.Lambda(function cube(x) {
        return x.pow(3)
      }).describe(),
    ).toBe('Lambda(cube)')
    expect(layer.parameters()).toEqual([])
  })

  test('refuses what is no function, and one that gives no Variable', () => {
    expect(errorOf(() => new nn.Lambda(3 as Untyped)).message).toBe('Lambda: f is 3, wanted a function')
    const error = errorOf(() =>
      new nn.Lambda(((x: Variable) => x.value) as Untyped, { name: 'raw' }).forward(matrix([[1]])),
    )
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toBe('Lambda(raw): f gave Matrix, wanted a Variable')
  })
})

describe('ModuleList and ModuleDict', () => {
  class Net extends nn.Module {
    readonly blocks = new nn.ModuleList([new nn.Linear(2, 2), new nn.Tanh()])
    readonly heads = new nn.ModuleDict<Record<string, nn.Module>>({
      left: new nn.Linear(2, 1, { bias: false }),
      'b c': new nn.ReLU(),
    })
    forward(x: Variable): Variable {
      let y = x
      for (const block of this.blocks) y = block.forward(y)
      return this.heads.get('left').forward(y)
    }
  }

  test('name their modules as PyTorch does, and are gone through', () => {
    const net = new Net()
    net.blocks.append(new nn.Linear(2, 2))
    expect(Object.keys(net.stateDict())).toEqual([
      ...['blocks.0.weight', 'blocks.0.bias', 'blocks.2.weight', 'blocks.2.bias', 'heads.left.weight'],
    ])
    expect([net.blocks.length, net.heads.size]).toEqual([3, 2])
    expect(net.blocks.at(-1)).toBe([...net.blocks][2])
    expect([...net.heads].map(([name]) => name)).toEqual(['left', 'b c'])
    expect([net.heads.has('left'), net.heads.has('right')]).toEqual([true, false])
    const right = new nn.Linear(2, 2)
    expect(net.heads.set('right', right).get('right')).toBe(right)
    expect(net.parameters()).toHaveLength(7)
    expect([...net.eval().modules()].some(({ training }) => training)).toBe(false)
  })

  test('a program sees what is appended and set', () => {
    const net = new Net()
    const x = matrix([[1, 2]])
    const forward = stepOf((samples: Matrix) => net.forward(samples as Untyped).value)
    expect(forward(x).equals(net.forward(x as Untyped).value)).toBe(true)
  })

  test.each([
    [
      'forward of a list',
      () => (new nn.ModuleList() as nn.Module).forward(matrix([[1]])),
      MatgradError,
      'ModuleList: got samples, wanted a forward of the module that has it',
    ],
    [
      'forward of a dict',
      () => (new nn.ModuleDict() as nn.Module).forward(matrix([[1]])),
      MatgradError,
      'ModuleDict: got samples, wanted a forward',
    ],
    [
      'a list of a number',
      () => new nn.ModuleList([3 as Untyped]),
      DTypeError,
      'ModuleList: module 0 is 3, wanted a Module',
    ],
    [
      'no list',
      () => new nn.ModuleList(3 as Untyped),
      DTypeError,
      'ModuleList: modules is 3, wanted an array of modules',
    ],
    [
      'append nothing',
      () => new nn.ModuleList().append(null as Untyped),
      DTypeError,
      'ModuleList: module 0 is null, wanted a Module',
    ],
    [
      'a module of an empty list',
      () => new nn.ModuleList().at(0),
      ShapeError,
      'ModuleList: at is 0 of 0, wanted at least one',
    ],
    [
      'a module after the last',
      () => new nn.ModuleList([new nn.ReLU()]).at(1),
      ShapeError,
      'ModuleList: at is 1 of 1, wanted -1 to 0',
    ],
    [
      'a layer after the last',
      () => new nn.Sequential(new nn.ReLU()).at(-2),
      ShapeError,
      'Sequential: at is -2 of 1, wanted -1 to 0',
    ],
    [
      'half a place',
      () => new nn.Sequential(new nn.ReLU()).at(0.5),
      DTypeError,
      'Sequential: at is 0.5, wanted a whole number',
    ],
    [
      'a name with a dot',
      () => new nn.ModuleDict({ 'a.b': new nn.ReLU() }),
      MatgradError,
      'ModuleDict: name is "a.b", wanted one without dots',
    ],
    [
      'no name',
      () => new nn.ModuleDict({ '': new nn.ReLU() }),
      MatgradError,
      'ModuleDict: name is "", wanted one without dots',
    ],
    [
      'a dict of a list',
      () => new nn.ModuleDict([new nn.ReLU()] as Untyped),
      DTypeError,
      'ModuleDict: modules is an array, wanted modules by name',
    ],
    [
      'a name that is near one',
      () => new nn.ModuleDict({ left: new nn.ReLU() }).get('lft' as Untyped),
      MatgradError,
      'ModuleDict: got "lft", wanted left: did you mean left?',
    ],
  ] as const)('%s throws', (_title, call, kind, message) => {
    const error = errorOf(call)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })

  test('Sequential has a length, its layers at places, and goes through them', () => {
    const layers = [new nn.Linear(2, 3), new nn.Tanh()] as const
    const model = new nn.Sequential(...layers)
    expect(model.length).toBe(2)
    expect([model.at(0), model.at(-1)]).toEqual([layers[0], layers[1]])
    expect([...model]).toEqual([...layers])
  })
})

describe('a Matrix in the place of a parameter is refused, and so is what is none', () => {
  const layers: [nn.Module, (string | null)[]][] = [
    [new nn.Linear(2, 3), ['weight']],
    [new nn.BatchNorm1d(2), []],
    [new nn.LayerNorm(2), []],
    [new nn.Embedding(2, 3), ['weight']],
    [new nn.PReLU(), ['weight']],
  ]
  test.each(layers.map(([layer, needed]) => [layer.describe(), layer, needed] as const))(
    '%s',
    (_title, layer, needed) => {
      for (const [name, parameter] of layer.namedParameters()) {
        const error = errorOf(() => Object.assign(layer, { [name]: parameter.value }))
        expect(error).toBeInstanceOf(DTypeError)
        expect(error.message).toContain(`${name} is Matrix, wanted a Variable`)
        expect(error.message).toContain(`use ${name}.value.assign(matrix) or variable(matrix)`)
        expect(errorOf(() => Object.assign(layer, { [name]: 3 })).message).toContain(`${name} is 3, wanted a Variable`)
        expect(errorOf(() => Object.assign(layer, { [name]: undefined })).message).toContain(
          `${name} is undefined, wanted`,
        )
        expect((layer as Untyped)[name]).toBe(parameter)
        if (needed.includes(name))
          expect(errorOf(() => Object.assign(layer, { [name]: null })).message).toContain('is null')
        else expect(Object.assign(layer, { [name]: null })).toBe(layer)
      }
      expect(layer.parameters()).toHaveLength(needed.length)
    },
  )
})
