import { constant, linalg, type Variable, variable } from '@matgrad/autograd'
import {
  eye,
  Generator,
  getDefaultGenerator,
  type Matrix,
  manualSeed,
  matrix,
  normal,
  rand,
  randint,
  randn,
} from '@matgrad/core'
import {
  Adam,
  BatchNorm1d,
  Dropout,
  ELU,
  Embedding,
  fit,
  GELU,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  type Module,
  mseLoss,
  PReLU,
  predict,
  ReLU,
  Residual,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
  toModule,
} from '@matgrad/nn'
import { describe, expect, it } from 'vitest'
import { followingCount, of } from './exported-models.ts'
import { difference, load } from './exported-module.ts'

const tested: [name: string, make: () => Module, x: () => Matrix][] = [
  ['an MLP', () => new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1), new Sigmoid()), () => randn(9, 2)],
  ['of real size', () => new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10)), () => randn(100, 784)],
  ['of one number', () => new Linear(1, 1), () => randn(17, 1)],
  [
    'in float64',
    () => new Sequential(new Linear(30, 17, { dtype: 'float64' }), new Softmax()),
    () => randn(8, 30, { dtype: 'float64' }),
  ],
  ['of both dtypes', () => new Sequential(new Linear(3, 4), new Linear(4, 5, { dtype: 'float64' })), () => randn(3, 3)],
  [
    'normalised',
    () => {
      const normed = new BatchNorm1d(20)
      normed.forward(normal(50, 20, 3, 2))
      return new Sequential(
        normed,
        new Linear(20, 31),
        new LayerNorm(31),
        new PReLU(31),
        new Dropout(0.5),
        new LogSoftmax(),
      )
    },
    () => randn(33, 20),
  ],
  [
    'a residual',
    () => new Sequential(new Linear(6, 6), new Residual(new Sequential(new Linear(6, 6), new GELU()))),
    () => randn(5, 6),
  ],
  ['of indices', () => new Sequential(new Embedding(50, 7), new Linear(7, 3)), () => randint(40, 1, 0, 50)],
  [
    'of activations',
    () => new Sequential(new ELU(), new SiLU(), new LeakyReLU(), new Softplus(), new GELU({ approximate: 'tanh' })),
    () => randn(10, 5),
  ],
]

describe('toModule', () => {
  for (const [name, make, x] of tested)
    it(`${name}: as predict, in every bit, for samples together and alone`, async () => {
      manualSeed(name)
      const model = make()
      const samples = x()
      const predicted = await load(toModule(model, { features: samples.cols }))
      const wanted = predict(model, samples).toArray()
      const rows = samples.toArray()
      expect(difference(predicted(rows), wanted)).toBeUndefined()
      expect(
        difference(
          rows.slice(0, 3).flatMap((row) => predicted([Float64Array.from(row)])),
          wanted.slice(0, 3),
        ),
      ).toBeUndefined()
      expect(predicted([])).toEqual([])
    })

  it('holds the parameters as they were, and leaves the model as it was', async () => {
    const train = async (exports: boolean) => {
      manualSeed(3)
      const model = new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 1))
      const x = randn(64, 2)
      const data = { x, y: x.square().sum(1) }
      const optimizer = new Adam(model.parameters(), { lr: 0.01 })
      await fit(model, data, { loss: mseLoss, optimizer, epochs: 3 })
      const source = exports ? toModule(model) : ''
      const before = predict(model, x).toArray()
      await fit(model, data, { loss: mseLoss, optimizer, epochs: 3 })
      return { source, before, rows: x.toArray(), after: predict(model, x).toArray() }
    }
    const { source, before, rows, after } = await train(true)
    expect(difference((await load(source))(rows), before)).toBeUndefined()
    expect(difference(after, (await train(false)).after)).toBeUndefined()
    expect(difference(after, before)).toBeDefined()
  })

  it('is small: under 15 kB with gzip for XOR, and 1.02 of its weights for 784 → 128 → 10', async () => {
    const size = async (model: Module) => {
      const stream = new Blob([toModule(model)]).stream().pipeThrough(new CompressionStream('gzip'))
      return (await new Response(stream).arrayBuffer()).byteLength
    }
    expect(await size(new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1), new Sigmoid()))).toBeLessThan(
      15_000,
    )
    const mnist = new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10))
    expect(await size(mnist)).toBeLessThan(1.02 * 4 * (785 * 128 + 129 * 10))
  })

  it('refuses samples that are none, and says which', async () => {
    const predicted = await load(toModule(new Sequential(new Embedding(5, 2), new Linear(2, 3))))
    const good = [[0], [4]]
    const wanted = predicted(good)
    for (const [rows, message] of [
      [[[1], [1, 2]], 'predict: row 1 has 2 numbers, wanted 1'],
      [[[1], 7], 'predict: row 1 has no numbers, wanted 1'],
      [[['1']], 'predict: number 0 of row 0 is 1, wanted a number'],
      [[[1], [undefined]], 'predict: number 0 of row 1 is undefined, wanted a number'],
      [[[5]], 'predict: Embedding: an index is no whole number in range'],
      [[[0.5]], 'predict: Embedding: an index is no whole number in range'],
      [undefined, 'predict: wanted an array of samples'],
    ] as const) {
      expect(() => predicted(rows as unknown as number[][])).toThrow(message)
      expect(predicted(good)).toEqual(wanted)
    }
  })

  it('refuses models that no module can be', () => {
    const alone = 'depends on that alone'
    for (const [model, message] of [
      [of((x) => x.sub(x.mean(0))), alone],
      [of((x) => x.sum(0)), alone],
      [of((x) => x.flipRows()), alone],
      [
        new Sequential(new Tanh(), new Residual(of((x) => x.matmul(linalg.pinv(x.transpose().matmul(x).add(eye(3))))))),
        'in layers.1.inner, Lambda: toModule: pinv is computed in JavaScript',
      ],
      [
        of((x) => x.add(rand(x.rows, x.cols, { generator: new Generator(1) }).mul(x))),
        'in Lambda: toModule: draw changes',
      ],
    ] as const)
      expect(() => toModule(model, { features: 3 })).toThrow(message)
    let calls = 0
    expect(() =>
      toModule(
        of((x) => x.mul(++calls)),
        { features: 3 },
      ),
    ).toThrow('or on the call')
    expect(() => toModule(new ReLU())).toThrow(
      'toModule: no layer says how many features a sample has, wanted the option features',
    )
    expect(() => toModule(new Linear(2, 3), { features: 3 })).toThrow('wanted 2')
    expect(() => toModule(new Linear(2, 3), { features: 0 })).toThrow('toModule: features')
    expect(() => toModule(matrix([[1]]) as unknown as Module)).toThrow('toModule: ')
  })

  it.each(Object.entries(followingCount))('refuses %s', (_, f) => {
    expect(() => toModule(of(f), { features: 2 })).toThrow(
      'toModule: what the model computes with depends on how many samples there are',
    )
  })

  it('leaves generators as they were where it refuses random numbers', () => {
    const own = new Generator(1)
    for (const generator of [getDefaultGenerator(), own]) {
      const before = generator.state
      const drawn = (x: Variable) => x.add(randn(1, 2, { generator }))
      const orElse = (x: Variable) => {
        try {
          return drawn(x)
        } catch {
          return x.neg()
        }
      }
      for (const f of [drawn, orElse]) expect(() => toModule(of(f), { features: 2 })).toThrow('toModule: draw changes')
      expect(generator.state).toEqual(before)
    }
  })

  it('computes once what follows parameters alone, and takes results that follow nothing else, or are the samples', async () => {
    const weight = variable(randn(3, 3))
    for (const f of [
      (x: Variable) => x.matmul(linalg.inv(weight)),
      (x: Variable) => weight.slice(0, 1).exp().broadcastTo(x.rows, 3),
      (x: Variable) => constant(matrix([[1, 2, 3]])).broadcastTo(x.rows, 3),
      (x: Variable) => x,
    ]) {
      const x = randn(11, 3)
      const predicted = await load(toModule(of(f), { features: 3 }))
      expect(difference(predicted(x.toArray()), predict(of(f), x).toArray())).toBeUndefined()
    }
  })
})
