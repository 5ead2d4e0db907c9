// The layers against plain loops and formulas, and the gradients of whole networks against differences.

import { constant, grad, Variable, variable } from '@matgrad/autograd'
import {
  type DType,
  DTypeError,
  full,
  Generator,
  getDefaultGenerator,
  MatgradError,
  type Matrix,
  manualSeed,
  matrix,
  ones,
  ShapeError,
  setDefaultDtype,
  zeros,
} from '@matgrad/core'
import * as nn from '@matgrad/nn'
import {
  Activation,
  crossEntropy,
  Dropout,
  ELU,
  GELU,
  Identity,
  init,
  LeakyReLU,
  Linear,
  LogSoftmax,
  type Module,
  mseLoss,
  ReLU,
  SELU,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from '@matgrad/nn'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { gradcheck, run, stepOf } from './run.ts'
import { DTYPES, errorOf, expectClose, noise, sample, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

afterEach(() => setDefaultDtype('float32'))

/** One, every remainder of a tile, and their neighbours. */
const size = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)

describe('Linear', () => {
  test('is x·Wᵀ + b within 2(in + 1) units of Σ|x·w| + |b|', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 9, 17),
        size,
        size,
        fc.constantFrom(...DTYPES),
        fc.boolean(),
        fc.integer(),
        (n, into, out, dtype, bias, seed) => {
          const random = noise(seed)
          const draw = (rows: number, cols: number): Matrix => sample(rows, cols, random, { dtype })
          const layer = new Linear(into, out, { bias, dtype, init: draw, biasInit: draw })
          const x = draw(n, into)
          const y = run((samples: Matrix) => layer.forward(samples), x)
          expect([y.rows, y.cols, y.dtype]).toEqual([n, out, dtype])
          for (let i = 0; i < n; i++)
            for (let j = 0; j < out; j++) {
              let [wanted, scale] = layer.bias ? [layer.bias.value.data[j], Math.abs(layer.bias.value.data[j])] : [0, 0]
              for (let k = 0; k < into; k++) {
                const term = x.data[i * into + k] * layer.weight.value.data[j * into + k]
                wanted += term
                scale += Math.abs(term)
              }
              const error = Math.abs(y.value.data[i * out + j] - wanted)
              expect(error).toBeLessThanOrEqual(2 * (into + 1) * UNIT[dtype] * scale)
            }
        },
      ),
    )
  })

  test('starts with a Xavier-uniform weight and a bias of zeros, both to be learned', () => {
    const { weight, bias } = new Linear(30, 20)
    const bound = Math.sqrt(6 / 50)
    expect(weight.shape).toEqual([20, 30])
    expect(weight.value.data.every((w) => Math.abs(w) <= Math.fround(bound))).toBe(true)
    expect(Math.max(...weight.value.data)).toBeGreaterThan(0.9 * bound)
    expect(bias?.value.equals(zeros(1, 20))).toBe(true)
    expect([weight.requiresGrad, bias?.requiresGrad, weight.name, bias?.name]).toEqual([true, true, 'weight', 'bias'])
  })

  test('without a bias has none', () => {
    expect(new Linear(2, 3, { bias: false }).bias).toBeNull()
    expect(new Linear(2, 3, { bias: false }).parameters()).toHaveLength(1)
  })

  test('gives its initialisers sizes, generator and dtype', () => {
    const calls: unknown[] = []
    const spy =
      (name: string): init.Initializer =>
      (...args) => {
        calls.push([name, ...args])
        return zeros(args[0], args[1])
      }
    const generator = new Generator(5)
    const layer = new Linear(2, 3, { init: spy('init'), biasInit: spy('biasInit'), generator, dtype: 'float64' })
    expect(calls).toEqual([
      ['init', 3, 2, generator, 'float64'],
      ['biasInit', 1, 3, generator, 'float64'],
    ])
    expect([layer.weight.dtype, layer.bias?.dtype]).toEqual(['float64', 'float64'])
  })

  test('draws from its generator alone, or from the default one', () => {
    const before = getDefaultGenerator().state
    const [a, b] = [1, 1].map((seed) => new Linear(4, 4, { generator: new Generator(seed) }).weight.value)
    expect(a.data).toEqual(b.data)
    expect(getDefaultGenerator().state).toEqual(before)
    const [c, d] = [3, 3].map((seed) => {
      manualSeed(seed)
      return new Linear(4, 4).weight.value
    })
    expect(c.data).toEqual(d.data)
    expect(c.data).not.toEqual(a.data)
  })

  test('has the default dtype unless it is given one', () => {
    expect(new Linear(2, 2).weight.dtype).toBe('float32')
    setDefaultDtype('float64')
    expect(new Linear(2, 2).weight.dtype).toBe('float64')
    expect(new Linear(2, 2, { dtype: 'float32' }).bias?.dtype).toBe('float32')
  })

  test.each([
    [0, 3, ShapeError, 'Linear: inFeatures is 0, wanted at least 1'],
    [3, 0, ShapeError, 'Linear: outFeatures is 0, wanted at least 1'],
    [-1, 3, ShapeError, 'Linear: inFeatures is -1, wanted at least 1'],
    [3, 2.5, DTypeError, 'Linear: outFeatures is 2.5, wanted a whole number'],
    [Number.NaN, 3, DTypeError, 'Linear: inFeatures is NaN, wanted a whole number'],
    ['2', 3, DTypeError, 'Linear: inFeatures is "2", wanted a whole number'],
    [2, undefined, DTypeError, 'Linear: outFeatures is undefined, wanted a whole number'],
    [2, null, DTypeError, 'Linear: outFeatures is null, wanted a whole number'],
  ] as const)('of %s and %s features throws and draws nothing', (into, out, kind, message) => {
    const before = getDefaultGenerator().state
    const error = errorOf(() => new Linear(into as Untyped, out as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(message)
    expect(getDefaultGenerator().state).toEqual(before)
  })

  const bad: [options: Untyped, kind: new (message: string) => Error, message: string][] = [
    [{ init: () => zeros(2, 3) }, ShapeError, 'Linear: the initialiser of weight gave 2x3, wanted 3x2'],
    [{ init: () => zeros(3, 1) }, ShapeError, 'Linear: the initialiser of weight gave 3x1, wanted 3x2'],
    [{ biasInit: () => zeros(3, 1) }, ShapeError, 'Linear: the initialiser of bias gave 3x1, wanted 1x3'],
    [{ init: () => [[1, 2]] }, DTypeError, 'Linear: the initialiser of weight gave an array, wanted a Matrix'],
    [{ biasInit: () => undefined }, DTypeError, 'Linear: the initialiser of bias gave undefined, wanted a Matrix'],
    [{ init: 'zeros' }, DTypeError, 'Linear: init is "zeros", wanted a function'],
    [{ biasInit: null }, DTypeError, 'Linear: biasInit is null, wanted a function'],
    [{ dtype: 'float16' }, DTypeError, "dtype is \"float16\", wanted 'float32' or 'float64'"],
  ]
  test.each(bad)('with %o throws', (options, kind, message) => {
    const error = errorOf(() => new Linear(2, 3, options))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })

  test('of samples with another number of features throws', () => {
    const layer: Linear = new Linear(2, 3)
    const error = errorOf(() => run((x: Matrix) => layer.forward(x), zeros(4, 3)))
    expect(error).toBeInstanceOf(ShapeError)
    expect(error.message).toContain('Linear(2 → 3): x is 4x3, wanted 2 columns')
    expect(error.message).toContain('4x3')
  })
})

describe('Sequential', () => {
  test('applies its layers in order', () => {
    const [first, second] = [new Linear(3, 4), new Linear(4, 2)]
    const x = sample(5, 3, noise(1), { dtype: 'float32' })
    const wanted = second.forward(first.forward(x).tanh()).softmax(1)
    const model: Module = new Sequential(first, new Tanh(), second, new Softmax())
    const got = run((samples: Matrix) => model.forward(samples), x)
    expect(got.value.data).toEqual(wanted.value.data)
  })

  test('of nothing gives its input as a variable', () => {
    const x = ones(2, 3)
    const y = new Sequential().forward(x)
    expect(y).toBeInstanceOf(Variable)
    expect(y.value).toBe(x)
  })

  test('lets gradients through to a variable', () => {
    const model = new Sequential(new Linear(2, 2, { init: init.ones }), new Sequential(new Identity()))
    const slopeAt = stepOf((samples: Matrix<1, 2>) => {
      const x = variable(samples)
      model.forward(x).sum().backward()
      return x.grad
    }, model)
    expect(slopeAt(ones(1, 2))?.toArray()).toEqual([[2, 2]])
  })

  test.each([
    [null, 'null'],
    [(x: Matrix) => x, 'a function'],
    ['relu', '"relu"'],
    [ReLU, 'the function ReLU'],
    [[new ReLU()], 'an array'],
  ])('with %s as a layer throws', (layer, shown) => {
    const error = errorOf(() => new Sequential(new Linear(2, 2), layer as Untyped))
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toContain(`Sequential: layer 1 is ${shown}`)
  })
})

/** erf by its Maclaurin series: enough for |x| ≤ 3. */
function erf(x: number): number {
  let [term, sum] = [x, x]
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const softmaxOf = (row: number[]): number[] => {
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0)
  return row.map((x) => Math.exp(x) / total)
}

/** Each activation, the operation that it is, and its formula for a row. */
const activations: [Activation, (x: Variable) => Variable, (row: number[]) => number[]][] = [
  [new ReLU(), (x) => x.relu(), (row) => row.map((x) => Math.max(x, 0))],
  [new LeakyReLU(), (x) => x.leakyRelu(0.01), (row) => row.map((x) => (x > 0 ? x : 0.01 * x))],
  [new LeakyReLU(0.3), (x) => x.leakyRelu(0.3), (row) => row.map((x) => (x > 0 ? x : 0.3 * x))],
  [new ELU(), (x) => x.elu(1), (row) => row.map((x) => (x > 0 ? x : Math.expm1(x)))],
  [new ELU(0.5), (x) => x.elu(0.5), (row) => row.map((x) => (x > 0 ? x : 0.5 * Math.expm1(x)))],
  [
    new SELU(),
    (x) => x.elu(1.6732632423543772).mul(1.0507009873554805),
    (row) => row.map((x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
  ],
  [
    new GELU({ approximate: 'tanh' }),
    (x) => x.gelu({ approximate: 'tanh' }),
    (row) => row.map((x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
  ],
  [new GELU(), (x) => x.gelu(), (row) => row.map((x) => 0.5 * x * (1 + erf(x / Math.SQRT2)))],
  [new SiLU(), (x) => x.silu(), (row) => row.map((x) => x / (1 + Math.exp(-x)))],
  [new Tanh(), (x) => x.tanh(), (row) => row.map(Math.tanh)],
  [new Sigmoid(), (x) => x.sigmoid(), (row) => row.map((x) => 1 / (1 + Math.exp(-x)))],
  [new Softplus(), (x) => x.softplus(), (row) => row.map((x) => Math.log1p(Math.exp(x)))],
  [new Softmax(), (x) => x.softmax(1), softmaxOf],
  [new LogSoftmax(), (x) => x.logSoftmax(1), (row) => softmaxOf(row).map(Math.log)],
  [new Identity(), (x) => x, (row) => row],
]
const named = activations.map(
  ([layer, ...rest]) =>
    [
      `${layer.constructor.name} ${Object.values(layer).filter((value) => typeof value === 'number')}`,
      layer,
      ...rest,
    ] as const,
)

describe('an activation', () => {
  test('of the package is in the table above, but for Dropout, which draws', () => {
    const tested = new Set<unknown>([Dropout, ...activations.map(([layer]) => layer.constructor)])
    const all = Object.values(nn).filter((each) => Object.getPrototypeOf(each) === Activation)
    expect(all.filter((each) => !tested.has(each))).toEqual([])
  })

  test.each(named)('%s is its operation bit for bit and keeps shapes', (_title, layer, operation) => {
    for (const dtype of DTYPES)
      for (const [rows, cols] of [
        [0, 3],
        [1, 1],
        [3, 5],
        [7, 17],
      ]) {
        const x = sample(rows, cols, noise(rows), { dtype, low: -3, high: 3 })
        const y = run((samples: Matrix) => layer.forward(samples), x)
        expect(y).toBeInstanceOf(Variable)
        expect([y.rows, y.cols, y.dtype]).toEqual([rows, cols, dtype])
        expect(y.value.data).toEqual(operation(constant(x)).value.data)
        const onVariable = (samples: Matrix) => layer.forward(variable(samples))
        expect(run(onVariable, x).value.data).toEqual(y.value.data)
      }
  })

  test.each(named)('%s is within 1e-14 of its formula', (_title, layer, _operation, formula) => {
    const x = sample(6, 7, noise(3), { low: -3, high: 3 })
    const y = run((samples: Matrix) => layer.forward(samples), x)
    expectClose(y.value, matrix(x.toArray().map(formula), { dtype: 'float64' }), 1e-14, 1e-14)
  })

  test('Softmax and LogSoftmax along the rows are those of the transpose', () => {
    const x = sample(4, 3, noise(4), { dtype: 'float64' })
    for (const Layer of [Softmax, LogSoftmax]) {
      const along = run((samples: Matrix) => new Layer(0).forward(samples), x)
      const across = run((samples: Matrix) => new Layer().forward(samples.T).T, x)
      expect(along.value.data).toEqual(across.value.data)
    }
  })

  test('has no parameters', () => {
    for (const [layer] of activations) expect(layer.parameters()).toEqual([])
  })

  test.each([
    ['LeakyReLU', () => new LeakyReLU('0.1' as Untyped), 'LeakyReLU: slope is "0.1", wanted a number'],
    ['ELU', () => new ELU(null as Untyped), 'ELU: alpha is null, wanted a number'],
    ['Softmax', () => new Softmax(2 as Untyped), 'Softmax: axis is 2, wanted 0, 1 or none'],
  ])('%s with a wrong setting throws', (_title, make, message) => {
    const error = errorOf(() => run<[], unknown>(make))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toBe(message)
  })
})

describe('Dropout', () => {
  const N = 100_000
  /** A layer's function, compiled or not, which draws what it would draw. */
  const forwardOf = (layer: Dropout) =>
    stepOf((x: Matrix) => layer.forward(x).value, layer.generator ?? getDefaultGenerator())
  const scale = (p: number, dtype: DType): number => (dtype === 'float32' ? Math.fround(1 / (1 - p)) : 1 / (1 - p))

  test.each([0.1, 0.5, 0.9])('of %s keeps a fraction 1 − p and the mean, each within 5 standard deviations', (p) => {
    const layer = new Dropout(p, { generator: new Generator(`dropout ${p}`) })
    const { data } = forwardOf(layer)(ones(1000, N / 1000, { dtype: 'float64' }))
    const kept = data.filter((x) => x !== 0).length / N
    expect(Math.abs(kept - (1 - p))).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / N))
    const mean = Array.from(data).reduce((sum, x) => sum + x, 0) / N
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(p / (1 - p) / N))
  })

  test.each(DTYPES)('sets each element to 0 or to exactly x·1/(1 − p) in %s', (dtype) => {
    for (const p of [0.25, 0.3, 0.7]) {
      const x = sample(20, 20, noise(7), { dtype })
      const { data, shape } = forwardOf(new Dropout(p, { generator: new Generator(1) }))(x)
      expect(shape).toEqual([20, 20])
      const results = data.map((y, i) => {
        const wanted = x.data[i] * scale(p, dtype)
        return Number(y !== 0) && Number(y === (dtype === 'float32' ? Math.fround(wanted) : wanted) ? 1 : -1)
      })
      expect([...new Set(results)].sort()).toEqual([0, 1])
    }
  })

  test('drops elements one by one, not whole rows or columns', () => {
    const kept = forwardOf(new Dropout(0.5, { generator: new Generator(1) }))(ones(40, 40))
    for (const axis of [0, 1] as const) {
      expect(kept.max(axis).min().item()).toBe(2)
      expect(kept.min(axis).max().item()).toBe(0)
    }
  })

  /** The value of a layer, and the gradient of its sum. */
  const passThrough = (layer: Dropout, at: Matrix): { y: Matrix; slope: Matrix } =>
    stepOf((from: Matrix) => {
      const x: Variable = variable(from)
      const y = layer.forward(x)
      y.sum().backward()
      return { y: y.value, slope: x.grad as Matrix }
    }, layer.generator ?? getDefaultGenerator())(at)

  test('gives the gradient of the elements that it kept', () => {
    const x = sample(8, 8, noise(1), { low: 1, high: 2 })
    const { y, slope } = passThrough(new Dropout(0.4, { generator: new Generator(2) }), x)
    expect(y.data).toEqual(slope.mul(x).data)
    expect(slope.data).toContain(0)
  })

  test.each([
    ['out of learning', () => new Dropout(0.5, { generator: new Generator(1) }).eval()],
    ['with p = 0', () => new Dropout(0, { generator: new Generator(1) })],
  ])('%s is x itself and draws nothing', (_title, make) => {
    const layer = make()
    const before = layer.generator?.state
    const x = ones(3, 3)
    expect(layer.forward(x).value).toBe(x)
    const v = variable(x)
    expect(layer.forward(v)).toBe(v)
    expect(layer.generator?.state).toEqual(before)
  })

  test.each([0.5, 1])('of %s gives 0 for what it drops, be it infinite or NaN, and so is its gradient', (p) => {
    const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
    for (const value of values) {
      const generator = new Generator(2)
      const layer = new Dropout(p, { generator })
      const [y, slope] = stepOf((from: Matrix) => {
        const x: Variable = variable(from)
        const y = layer.forward(x)
        y.backward(full(30, 70, value))
        return [y.value, x.grad as Matrix]
      }, generator)(full(30, 70, value))
      expect(new Set(y.data)).toEqual(new Set(p === 1 ? [0] : [0, value]))
      expect(slope.data).toEqual(y.data)
    }
  })

  test('with p = 1 is zero, and so is its gradient', () => {
    const { y, slope } = passThrough(new Dropout(1), ones(5, 5))
    expect(y.equals(zeros(5, 5))).toBe(true)
    expect(slope.equals(zeros(5, 5))).toBe(true)
  })

  test('repeats with the same seed, and draws anew in every call', () => {
    const x = ones(10, 10)
    const [a, b] = [1, 1].map((seed) => forwardOf(new Dropout(0.5, { generator: new Generator(seed) })))
    const [first, second] = [a(x).data, a(x).data]
    expect(b(x).data).toEqual(first)
    expect(b(x).data).toEqual(second)
    expect(second).not.toEqual(first)
    const [c, d] = [4, 4].map((seed) => {
      manualSeed(seed)
      return forwardOf(new Dropout())(x).data
    })
    expect(c).toEqual(d)
  })

  test('drops half unless told', () => {
    expect(new Dropout().p).toBe(0.5)
  })

  test.each([
    [-0.1, MatgradError, 'Dropout: p is -0.1, wanted 0 to 1'],
    [1.1, MatgradError, 'Dropout: p is 1.1, wanted 0 to 1'],
    [Number.NaN, MatgradError, 'Dropout: p is NaN, wanted 0 to 1'],
    ['0.5', DTypeError, 'Dropout: p is "0.5", wanted a number'],
    [null, DTypeError, 'Dropout: p is null, wanted a number'],
  ])('with p = %s throws', (p, kind, message) => {
    const error = errorOf(() => new Dropout(p as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(message)
  })
})

/** The loss of a model as a function of its parameters, in the order of `parameters()`. */
const lossOf =
  (model: Module, loss: (prediction: Variable) => Variable, x: Matrix) =>
  (...values: Variable[]): Variable => {
    let next = 0
    for (const module of model.modules())
      if (module instanceof Linear)
        Object.assign(module, { weight: values[next++], ...(module.bias && { bias: values[next++] }) })
    return loss(model.forward(x))
  }

describe('the gradients of a network with respect to its parameters', () => {
  const random = noise(11)
  const dtype = 'float64'
  const x = sample(4, 3, random)
  const y = sample(4, 2, random)
  const classes = matrix([[0], [1], [1], [0]], { dtype })
  const linear = (into: number, out: number, bias = true): Linear =>
    new Linear(into, out, { dtype, bias, generator: new Generator(into + out), biasInit: init.uniform(-0.5, 0.5) })
  const squared = (prediction: Variable): Variable => mseLoss(prediction, y)
  const entropy = (prediction: Variable): Variable => crossEntropy(prediction, classes)
  const networks: [string, () => Module, (prediction: Variable) => Variable][] = [
    ['tanh, squared error', () => new Sequential(linear(3, 4), new Tanh(), linear(4, 2)), squared],
    ['relu, cross-entropy', () => new Sequential(linear(3, 4), new ReLU(), linear(4, 2)), entropy],
    [
      'three layers, gelu and sigmoid, no bias',
      () => new Sequential(linear(3, 3, false), new GELU(), linear(3, 3), new Sigmoid(), linear(3, 2, false)),
      entropy,
    ],
    ['silu and softmax', () => new Sequential(linear(3, 3), new SiLU(), linear(3, 2), new Softmax()), squared],
    ['elu, softplus', () => new Sequential(linear(3, 3), new ELU(), linear(3, 2), new Softplus()), squared],
  ]

  test.each(networks)('agree with differences within 1e-6, orders 1 and 2: %s', (_title, make, loss) => {
    const model = make()
    const values = model.parameters().map(({ value }) => value)
    gradcheck(lossOf(model, loss, x), values, { order: 2 })
  })

  test.each(networks)('by backward are those of grad: %s', (_title, make, loss) => {
    const model = make()
    const parameters = model.parameters()
    stepOf(() => loss(model.forward(x)).backward(), model)()
    const everyArgument = parameters.map((_, i) => i)
    const gradients = grad(lossOf(make(), loss, x), everyArgument)(...parameters.map(({ value }) => value))
    for (const [i, { grad: got }] of parameters.entries()) expect(got?.data).toEqual(gradients[i].value.data)
  })
})
