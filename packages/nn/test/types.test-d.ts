// Sizes as types: layers that fit compile with the sizes they should have, layers that do not fit do not compile.

import { constant, type Variable, variable } from '@matgrad/autograd'
import { type Matrix, matrix, ones, zeros } from '@matgrad/core'
import {
  accuracy,
  BatchNorm1d,
  type Callback,
  crossEntropy,
  Dropout,
  decodeCheckpoint,
  Embedding,
  type EvaluateOptions,
  encodeCheckpoint,
  evaluate,
  type FitOptions,
  fit,
  fromJSON,
  fromRows,
  type History,
  huberLoss,
  Identity,
  type Input,
  Lambda,
  LayerNorm,
  LeakyReLU,
  Linear,
  type Logs,
  type Loss,
  type Metric,
  type ModelJson,
  Module,
  ModuleDict,
  ModuleList,
  mseLoss,
  PReLU,
  plot,
  predict,
  ReLU,
  Residual,
  Sequential,
  SGD,
  Softmax,
  type StateDict,
  Tanh,
  toModule,
  toOnnx,
  toRows,
} from '@matgrad/nn'
import { describe, expectTypeOf, test } from 'vitest'

declare const n: number
declare const loose: Matrix
declare const flag: boolean

describe('BatchNorm1d', () => {
  test('keeps its number of features, as a type, too', () => {
    const layer = new BatchNorm1d(16)
    expectTypeOf(layer.weight).toEqualTypeOf<Variable<1, 16> | null>()
    expectTypeOf(layer.runningVar).toEqualTypeOf<Matrix<1, 16> | null>()
    expectTypeOf(layer.forward(zeros(5, 16))).toEqualTypeOf<Variable<5, 16>>()
    expectTypeOf(layer.forward(loose)).toEqualTypeOf<Variable<number, 16>>()
    expectTypeOf(new Sequential(new Linear(2, 16), layer, new Tanh())).toExtend<Module<2, 16>>()
    // @ts-expect-error forward: got 3 features, wanted 16
    layer.forward(zeros(5, 3))
    // @ts-expect-error Sequential: 8 features reach a layer that takes 16
    new Sequential(new Linear(2, 8), layer)
  })
})

describe('Linear', () => {
  test('literal sizes are literal types', () => {
    expectTypeOf(new Linear(2, 16)).toEqualTypeOf<Linear<2, 16>>()
    expectTypeOf(new Linear(2, 16).weight).toEqualTypeOf<Variable<16, 2>>()
    expectTypeOf(new Linear(2, 16).bias).toEqualTypeOf<Variable<1, 16> | null>()
    expectTypeOf(new Linear(n, 16)).toEqualTypeOf<Linear<number, 16>>()
  })

  test('forward keeps the number of samples', () => {
    const layer = new Linear(3, 16)
    expectTypeOf(layer.forward(zeros(5, 3))).toEqualTypeOf<Variable<5, 16>>()
    expectTypeOf(layer.forward(constant(zeros(5, 3)))).toEqualTypeOf<Variable<5, 16>>()
    expectTypeOf(layer.forward(zeros(n, 3))).toEqualTypeOf<Variable<number, 16>>()
  })

  test('takes sizes that the types do not know', () => {
    const layer = new Linear(3, 16)
    expectTypeOf(layer.forward(loose)).toEqualTypeOf<Variable<number, 16>>()
    expectTypeOf(layer.forward(constant(loose))).toEqualTypeOf<Variable<number, 16>>()
    expectTypeOf(layer.forward(matrix([[1, 2, 3]]))).toEqualTypeOf<Variable<number, 16>>()
    expectTypeOf(layer.forward(zeros(5, n))).toEqualTypeOf<Variable<5, 16>>()
    expectTypeOf(new Linear(n, n).forward(zeros(5, 3))).toEqualTypeOf<Variable<5, number>>()
    const either = new Linear(flag ? 2 : 3, 1)
    expectTypeOf(either.forward(zeros(5, 3))).toEqualTypeOf<Variable<5, 1>>()
  })

  test('does not take another number of features', () => {
    // @ts-expect-error forward: got 4 features, wanted 3
    new Linear(3, 16).forward(zeros(5, 4))
    // @ts-expect-error the same for a variable
    new Linear(3, 16).forward(constant(zeros(5, 4)))
    // @ts-expect-error a number is no sample
    new Linear(1, 1).forward(3)
    // @ts-expect-error nor is an array
    new Linear(1, 1).forward([[3]])
    // @ts-expect-error a size is a number
    new Linear('3', 16)
    // @ts-expect-error there is no such option
    new Linear(3, 16, { activation: 'relu' })
  })
})

describe('activations', () => {
  test('keep both sizes', () => {
    for (const layer of [new ReLU(), new LeakyReLU(0.1), new Tanh(), new Softmax(), new Dropout(0.1), new Identity()]) {
      expectTypeOf(layer.forward(zeros(5, 4))).toEqualTypeOf<Variable<5, 4>>()
      expectTypeOf(layer.forward(loose)).toEqualTypeOf<Variable<number, number>>()
    }
  })
})

describe('Sequential', () => {
  test('layers that fit', () => {
    const model = new Sequential(new Linear(2, 16), new ReLU(), new Linear(16, 1))
    expectTypeOf(model.forward(zeros(4, 2))).toEqualTypeOf<Variable<4, 1>>()
    expectTypeOf(model.forward(loose)).toEqualTypeOf<Variable<number, 1>>()
    expectTypeOf(model.forward(zeros(n, 2))).toEqualTypeOf<Variable<number, 1>>()
  })

  test('sizes go through activations, at the ends too', () => {
    const model = new Sequential(
      ...([new Dropout(0.1), new Linear(3, 8), new Tanh(), new Dropout(0.5), new Linear(8, 2), new Softmax()] as const),
    )
    expectTypeOf(model.forward(zeros(4, 3))).toEqualTypeOf<Variable<4, 2>>()
    // @ts-expect-error forward: got 8 features, wanted 3
    model.forward(zeros(4, 8))
  })

  test('go into each other', () => {
    const inner = new Sequential(new Linear(4, 8), new ReLU())
    const model = new Sequential(new Linear(2, 4), inner, new Linear(8, 1))
    expectTypeOf(model.forward(zeros(3, 2))).toEqualTypeOf<Variable<3, 1>>()
    // @ts-expect-error 2 features reach a layer that takes 4
    new Sequential(new Linear(3, 2), inner)
    // @ts-expect-error 8 features reach a layer that takes 4
    new Sequential(inner, new Linear(4, 1))
  })

  test('layers that do not fit', () => {
    // @ts-expect-error 16 features reach a layer that takes 8
    new Sequential(new Linear(2, 16), new ReLU(), new Linear(8, 1))
    // @ts-expect-error 16 features reach a layer that takes 8
    new Sequential(new Linear(2, 16), new Linear(8, 1))
    // @ts-expect-error the second pair
    new Sequential(new Linear(2, 16), new Tanh(), new Linear(16, 4), new Dropout(0.5), new Linear(5, 1))
  })

  test('what is no layer', () => {
    // @ts-expect-error a function
    new Sequential(new Linear(2, 2), (x: Matrix) => x)
    // @ts-expect-error a class
    new Sequential(new Linear(2, 2), ReLU)
    // @ts-expect-error an array
    new Sequential([new Linear(2, 2)])
  })

  test('sizes that the types do not know', () => {
    const model = new Sequential(new Linear(2, n), new ReLU(), new Linear(8, n), new Linear(n, 1))
    expectTypeOf(model.forward(zeros(4, 2))).toEqualTypeOf<Variable<4, 1>>()
    expectTypeOf(new Sequential(new Linear(n, n)).forward(zeros(4, 2))).toEqualTypeOf<Variable<4, number>>()
    const layers: Module[] = [new Linear(2, 3), new ReLU(), new Linear(3, 1)]
    expectTypeOf(new Sequential(...layers).forward(loose)).toEqualTypeOf<Variable<number, number>>()
  })

  test('has its layers, each of its own type', () => {
    const model = new Sequential(new Linear(2, 8), new Tanh(), new Sequential(new Linear(8, 3)))
    expectTypeOf(model.layers[0].weight).toEqualTypeOf<Variable<8, 2>>()
    expectTypeOf(model.at(0).weight).toEqualTypeOf<Variable<8, 2>>()
    expectTypeOf(model.layers[2].layers[0].bias).toEqualTypeOf<Variable<1, 3> | null>()
    expectTypeOf(model.length).toEqualTypeOf<3>()
    expectTypeOf(model.at(-1)).toExtend<Module>()
    for (const layer of model) expectTypeOf(layer).toExtend<Module>()
    expectTypeOf(model).toExtend<Sequential>()
    const layers: Module[] = [new Linear(2, 3)]
    expectTypeOf(new Sequential(...layers).layers[0]).toEqualTypeOf<Module>()
  })

  test('does not take another number of features', () => {
    // @ts-expect-error forward: got 3 features, wanted 2
    new Sequential(new Linear(2, 1), new ReLU()).forward(zeros(4, 3))
  })
})

describe('Embedding', () => {
  const layer = new Embedding(10, 4)

  test('gives a vector for each index', () => {
    expectTypeOf(layer.weight).toEqualTypeOf<Variable<10, 4>>()
    expectTypeOf(layer.forward(zeros(5, 1))).toEqualTypeOf<Variable<5, 4>>()
    expectTypeOf(layer.forward(zeros(5, 2))).toEqualTypeOf<Variable<5, number>>()
    expectTypeOf(layer.forward(loose)).toEqualTypeOf<Variable<number, number>>()
  })

  test('takes indices, not features', () => {
    new Sequential(layer, new Linear(4, 1))
    // @ts-expect-error 10 features reach a layer that takes indices
    new Sequential(new Linear(2, 10), layer)
  })
})

describe('layers that keep the number of features', () => {
  test('Residual, of what keeps it', () => {
    new Sequential(new Linear(2, 8), new Residual(new Linear(8, 8)), new Linear(8, 1))
    new Sequential(new Linear(2, 8), new Residual(new Tanh()), new Linear(8, 1))
    const narrow = new Residual(new Sequential(new Linear(8, 4), new Linear(4, 8)))
    expectTypeOf(narrow.forward(zeros(2, 8))).toEqualTypeOf<Variable<2, 8>>()
    expectTypeOf(new Residual(new ReLU()).forward(zeros(2, 8))).toEqualTypeOf<Variable<2, 8>>()
    // @ts-expect-error Residual: inner takes 8 features and gives 4
    new Residual(new Linear(8, 4))
    // @ts-expect-error 8 features reach a layer that takes 9
    new Sequential(new Linear(2, 8), new Residual(new Tanh()), new Linear(9, 1))
    // @ts-expect-error 7 features reach a layer that takes 8
    new Sequential(new Linear(2, 7), new Residual(new Linear(8, 8)))
  })

  test('a layer of one’s own takes what its forward declares, and a Matrix by an overload', () => {
    class Centre extends Module {
      override forward(x: Variable): Variable {
        return x.sub(x.mean(1))
      }
    }
    class Open extends Module {
      override forward(x: Input): Variable
      override forward(x: Variable): Variable {
        return x.sub(x.mean(1))
      }
    }
    const x = zeros(2, 2)
    // @ts-expect-error: a Matrix for a Variable
    new Centre().forward(x)
    expectTypeOf(new Centre().forward(constant(x))).toEqualTypeOf<Variable>()
    expectTypeOf(new Open().forward(x)).toEqualTypeOf<Variable>()
    expectTypeOf(new Sequential(new Centre(), new Open()).forward(x)).toEqualTypeOf<Variable<2, number>>()
    expectTypeOf(new Centre().clone().requiresGrad_(false)).toEqualTypeOf<Centre>()
  })

  test('PReLU and LayerNorm', () => {
    new Sequential(new Linear(2, 8), new PReLU(), new PReLU(8), new LayerNorm(8), new Linear(8, 1))
    expectTypeOf(new PReLU().weight).toEqualTypeOf<Variable<1, 1>>()
    // @ts-expect-error 8 features reach a layer that takes 7
    new Sequential(new Linear(2, 8), new PReLU(7))
    // @ts-expect-error 8 features reach a layer that takes 7
    new Sequential(new Linear(2, 8), new LayerNorm(7))
  })
})

describe('Lambda', () => {
  test('has the sizes of its function', () => {
    new Sequential(new Linear(2, 8), new Lambda((x) => x.square()), new Linear(8, 1))
    const sum = new Lambda((x: Variable<number, 3>) => x.sum(1))
    expectTypeOf(sum).toEqualTypeOf<Lambda<3, 1>>()
    // @ts-expect-error 1 features reach a layer that takes 2
    new Sequential(sum, new Linear(2, 2))
    // @ts-expect-error a function of a number
    new Lambda((x: number) => x)
  })
})

describe('modules in a list, and by name', () => {
  test('have their types', () => {
    expectTypeOf(new ModuleList([new Linear(2, 3)]).at(0)).toEqualTypeOf<Linear<2, 3>>()
    const heads = new ModuleDict({ left: new Linear(2, 3), right: new Tanh() })
    expectTypeOf(heads.get('left').weight).toEqualTypeOf<Variable<3, 2>>()
    // @ts-expect-error there is none of this name
    heads.get('middle')
    expectTypeOf(new ModuleDict().get('any')).toEqualTypeOf<Module>()
  })
})

/** A layer of one's own: it is always handed variables. */
class Centre extends Module {
  scale = variable(ones(1, 4))
  forward(x: Variable) {
    return x.sub(x.mean(1)).mul(this.scale)
  }
}

/** The shortest module of one's own. */
class Short extends Module {
  readonly inner = new Linear(2, 2)
  override forward(x: Input): Variable {
    return this.inner.forward(x).relu()
  }
}

/** One with sizes. */
class Sized extends Module<3, 2> {
  readonly inner = new Linear(3, 2)
  override forward<N extends number>(x: Input<N, 3>): Variable<N, 2> {
    return this.inner.forward(x)
  }
}

/** One of two operands, which nobody but its own code calls. */
class Two extends Module {
  readonly inner = new Linear(2, 1)
  override forward(a: Variable, b: Variable): Variable {
    return this.inner.forward(a.add(b))
  }
}

describe('a module of one’s own', () => {
  test('of two operands is called with both', () => {
    expectTypeOf(
      new Two().forward(constant(zeros(4, 2)) as Variable, constant(zeros(4, 2)) as Variable),
    ).toEqualTypeOf<Variable>()
    // @ts-expect-error of one operand alone
    new Two().forward(constant(zeros(4, 2)) as Variable)
  })

  test('without sizes fits everywhere', () => {
    expectTypeOf(new Short().forward(zeros(4, 2))).toEqualTypeOf<Variable>()
    const model = new Sequential(new Linear(3, 2), new Short(), new Linear(2, 1))
    expectTypeOf(model.forward(zeros(4, 3))).toEqualTypeOf<Variable<4, 1>>()
  })

  test('may say that it takes a variable', () => {
    const model = new Sequential(new Linear(2, 4), new Centre(), new Linear(4, 1))
    expectTypeOf(model.forward(zeros(3, 2))).toEqualTypeOf<Variable<3, 1>>()
    const centre: Module = new Centre()
    expectTypeOf(centre.forward(zeros(3, 4))).toEqualTypeOf<Variable>()
  })

  test('with sizes is checked like a layer', () => {
    expectTypeOf(new Sized().forward(zeros(4, 3))).toEqualTypeOf<Variable<4, 2>>()
    const model = new Sequential(new Sized(), new ReLU(), new Linear(2, 1))
    expectTypeOf(model.forward(zeros(4, 3))).toEqualTypeOf<Variable<4, 1>>()
    // @ts-expect-error 4 features reach a layer that takes 3
    new Sequential(new Linear(1, 4), new Sized())
    // @ts-expect-error 2 features reach a layer that takes 3
    new Sequential(new Sized(), new Linear(3, 1))
  })

  test('must give the features that it promises', () => {
    class Wrong extends Module<3, 2> {
      // @ts-expect-error 5 features, not 2
      override forward(x: Input): Variable<number, 5> {
        return new Linear(3, 5).forward(x)
      }
    }
    expectTypeOf(new Wrong().features).toEqualTypeOf<readonly [3, 2]>()
  })

  test('needs a forward', () => {
    // @ts-expect-error forward is missing
    class Empty extends Module {}
    expectTypeOf<Empty>().toExtend<Module>()
  })

  test('every layer is a Module', () => {
    expectTypeOf<Linear<2, 3>>().toExtend<Module>()
    expectTypeOf<Sized>().toExtend<Module>()
    expectTypeOf(new Sequential(new Linear(2, 3), new ReLU())).toExtend<Module>()
    expectTypeOf(new Sized().parameters()).toEqualTypeOf<Variable[]>()
    expectTypeOf(new Sized().namedParameters()).toEqualTypeOf<[name: string, parameter: Variable][]>()
    expectTypeOf(new Sized().stateDict()).toEqualTypeOf<StateDict>()
    expectTypeOf(new Sized().eval()).toEqualTypeOf<Sized>()
  })
})

describe('training', () => {
  const model = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 1))
  const optimizer = new SGD(model.parameters(), { lr: 0.1 })
  const data = { x: zeros(4, 2), y: ones(4, 1) }

  test('a loss and a metric', () => {
    expectTypeOf(mseLoss).toExtend<Loss>()
    expectTypeOf(crossEntropy).toExtend<Loss>()
    expectTypeOf((p: Matrix, t: Matrix) => p.sub(t).abs().max().item()).toExtend<Metric>()
  })

  test('results', () => {
    const settings = { loss: mseLoss, optimizer, epochs: 1 }
    expectTypeOf(fit(model, data, settings)).resolves.toEqualTypeOf<{ loss: number[] }>()
    expectTypeOf(fit(model, data, { ...settings, metrics: { accuracy } })).resolves.toEqualTypeOf<{
      loss: number[]
      accuracy: number[]
    }>()
    type Validated = { loss: number[]; accuracy: number[]; valLoss: number[]; valAccuracy: number[] }
    const metrics = { accuracy }
    expectTypeOf(fit(model, data, { ...settings, metrics, validation: data })).resolves.toEqualTypeOf<Validated>()
    expectTypeOf(fit(model, data, { ...settings, metrics, validationSplit: 0.2 })).resolves.toEqualTypeOf<Validated>()
    expectTypeOf(fit(model, data, settings as FitOptions)).resolves.toEqualTypeOf<History>()
    // @ts-expect-error there is no validation
    fit(model, data, settings).then((history) => history.valLoss)
    const batches = async function* () {
      yield data
    }
    fit(model, batches(), settings)
    fit(model, [data], settings)
    const inline = { ...settings, metrics: { e: (p: Matrix, t: Matrix) => p.sub(t).abs().max().item(), accuracy } }
    expectTypeOf(fit(model, data, inline)).resolves.toEqualTypeOf<{ loss: number[]; e: number[]; accuracy: number[] }>()
    // Functions among the options have the types of losses and metrics.
    fit(model, data, { ...settings, metrics: { e: (p, t) => p.sub(t).abs().max().item() } })
    fit(model, data, { ...settings, loss: (p, t, o) => mseLoss(p, t, o) })
    fit(model, data, { ...settings, loss: huberLoss({ delta: 2 }) })
    fit(model, data, { ...settings, loss: crossEntropy({ labelSmoothing: 0.1 }) })
    // @ts-expect-error no such option of the loss
    fit(model, data, { ...settings, loss: huberLoss({ beta: 2 }) })
    // @ts-expect-error matrices are no batches
    fit(model, [data.x], settings)
    expectTypeOf(evaluate(model, data, { loss: mseLoss })).toEqualTypeOf<{ loss: number }>()
    type Both = { loss: number; accuracy: number }
    expectTypeOf(evaluate(model, data, { loss: mseLoss, metrics: { accuracy } })).toEqualTypeOf<Both>()
    expectTypeOf(evaluate(model, data, { loss: crossEntropy, metrics: inline.metrics }).e).toEqualTypeOf<number>()
    expectTypeOf(evaluate(model, data, { metrics: { accuracy } })).toEqualTypeOf<{ accuracy: number }>()
    // @ts-expect-error without a loss there is none
    evaluate(model, data, { metrics: { accuracy } }).loss
    // @ts-expect-error no metric of this name
    evaluate(model, data, { loss: mseLoss, metrics: { accuracy } }).recall
    const maybe = undefined as Loss | undefined
    expectTypeOf(evaluate(model, data, { loss: maybe, metrics: { accuracy } } as EvaluateOptions)).toEqualTypeOf<Logs>()
    expectTypeOf(evaluate(model, data, {} as EvaluateOptions)).toEqualTypeOf<Logs>()
    expectTypeOf(evaluate(model, data, { loss: (p, t) => mseLoss(p, t) }).loss).toEqualTypeOf<number>()
    const largest = evaluate(model, data, { metrics: { e: (p, t) => p.sub(t).abs().max().item() } })
    expectTypeOf(largest).toEqualTypeOf<{ e: number }>()
    expectTypeOf(predict(model, data.x)).toEqualTypeOf<Matrix>()
    expectTypeOf<History['loss']>().toEqualTypeOf<number[]>()
    expectTypeOf<History['valLoss']>().toEqualTypeOf<number[]>()
  })

  test('required and wrong options', () => {
    // @ts-expect-error no optimiser
    fit(model, data, { loss: mseLoss, epochs: 1 })
    // @ts-expect-error a loss by name
    fit(model, data, { loss: 'mse', optimizer, epochs: 1 })
    // @ts-expect-error no such option
    fit(model, data, { loss: mseLoss, optimizer, epochs: 1, verbose: true })
    // @ts-expect-error a learning rate is needed
    new SGD(model.parameters(), {})
    // @ts-expect-error no such setting
    new SGD(model.parameters(), { lr: 0.1, beta: 0.9 })
    new SGD([{ params: model.parameters(), lr: 1, momentum: 0.5 }], { lr: 0.1 })
    const callback: Callback = {
      onEpochEnd(_epoch, logs) {
        expectTypeOf(logs).toEqualTypeOf<Logs>()
      },
    }
    fit(model, data, { loss: mseLoss, optimizer, epochs: 1, callbacks: [callback] })
  })
})

describe('plot', () => {
  test('pictures are text and SVG, those of pixels PNG', async () => {
    const data = { x: zeros(4, 2), y: zeros(4, 1) }
    const model = new Linear(2, 1)
    const optimizer = new SGD(model.parameters(), { lr: 0.1 })
    const history = await fit(model, data, { loss: mseLoss, optimizer, epochs: 1, validation: data })
    expectTypeOf(plot.lossCurve(history)).toEqualTypeOf<plot.Picture>()
    expectTypeOf(plot.lossCurve(history).toSVG()).toEqualTypeOf<string>()
    expectTypeOf(plot.lossCurve(history, { yScale: 'log', initialEpoch: 3 })).toEqualTypeOf<plot.Picture>()
    // @ts-expect-error wanted 'linear' or 'log'
    plot.lines({ a: [1] }, { yScale: 'symlog' })
    expectTypeOf(plot.lines({ a: [1], b: new Float32Array(1), c: zeros(1, 2) })).toEqualTypeOf<plot.Picture>()
    expectTypeOf(plot.heatmap(loose, { colorMap: 'gray', range: [0, 1] })).toEqualTypeOf<plot.PixelPicture>()
    expectTypeOf(plot.images(loose).toPNG({ scale: 2 })).resolves.toEqualTypeOf<Uint8Array>()
    expectTypeOf(plot.decisionBoundary(model, data)).toExtend<plot.Picture>()
    // @ts-expect-error a curve has no pixels
    plot.lossCurve(history).toPNG()
    // @ts-expect-error wanted 'viridis' or 'gray'
    plot.heatmap(loose, { colorMap: 'jet' })
    // @ts-expect-error two numbers
    plot.histogram([1], { range: [1] })
    // @ts-expect-error wanted matrices
    plot.scatter({ a: [1, 2] })
  })
})

describe('rows of objects', () => {
  const rows = [
    { size: 1, kind: 'a' },
    { size: 2, kind: 'b' },
  ]

  test('become datasets, and results become such rows', () => {
    const { x, y, features, classes } = fromRows(rows, { target: 'kind' })
    expectTypeOf(x).toEqualTypeOf<Matrix>()
    expectTypeOf(features).toEqualTypeOf<readonly string[]>()
    expectTypeOf(classes).toEqualTypeOf<readonly string[] | undefined>()
    expectTypeOf(toRows(zeros(3, 2), ['a', 'b'])).toEqualTypeOf<Record<'a' | 'b', number>[]>()
    expectTypeOf(toRows(x, features)).toEqualTypeOf<Record<string, number>[]>()
    expectTypeOf(toRows(y, ['kind'], { classes: ['a', 'b'] })).toEqualTypeOf<Record<'kind', string>[]>()
    expectTypeOf(toRows(y, ['kind'], { classes })).toEqualTypeOf<Record<'kind', number | string>[]>()
    expectTypeOf(fromRows(toRows(x, features), { target: 'size' }).x).toEqualTypeOf<Matrix>()
  })

  test('a name for each column, and what is no row', () => {
    // @ts-expect-error: toRows: got 1 names, the matrix has 2 columns
    toRows(zeros(3, 2), ['a'])
    // @ts-expect-error: the names of columns are strings
    toRows(zeros(3, 1), [1])
    // @ts-expect-error: a target is needed
    fromRows(rows, {})
    // @ts-expect-error: cells are numbers and strings
    fromRows([{ size: true }], { target: 'size' })
  })
})

describe('models elsewhere', () => {
  const model = new Sequential(new Linear(2, 3), new Tanh())

  test('are JSON, bytes and sources', () => {
    expectTypeOf(model.toJSON()).toEqualTypeOf<ModelJson>()
    expectTypeOf(fromJSON(model.toJSON())).toEqualTypeOf<Module>()
    expectTypeOf(toOnnx(model)).toEqualTypeOf<Uint8Array>()
    expectTypeOf(toModule(model)).toEqualTypeOf<string>()
    // @ts-expect-error: no model
    toOnnx(zeros(1, 1))
    // @ts-expect-error: classes by name
    fromJSON({}, { classes: [Linear] })
  })

  test('are checkpoints', () => {
    const bytes = encodeCheckpoint({ model, optimizer: new SGD(model.parameters(), { lr: 0.1 }), epoch: 2 })
    expectTypeOf(bytes).toEqualTypeOf<Uint8Array>()
    const { epoch, batch, history } = decodeCheckpoint(bytes, { model })
    expectTypeOf([epoch, batch]).toEqualTypeOf<number[]>()
    expectTypeOf(history.loss).toEqualTypeOf<number[]>()
    // @ts-expect-error: what goes on needs a model
    decodeCheckpoint(bytes, {})
    // @ts-expect-error: no bytes
    decodeCheckpoint('model.safetensors', { model })
  })
})
