// Models that fixtures/nn/onnx.ts has ONNX Runtime compute, with samples for them.

import { constant, type Variable } from '@matgrad/autograd'
import { concat, fromFunction, Generator, type Matrix, manualSeed, matrix } from '@matgrad/core'
import {
  BatchNorm1d,
  Dropout,
  Embedding,
  GELU,
  Lambda,
  LayerNorm,
  Linear,
  LogSoftmax,
  type Module,
  PReLU,
  ReLU,
  Residual,
  SELU,
  Sequential,
  Softmax,
  Tanh,
} from '@matgrad/nn'

/** Versions of operators, before and after the axes of reductions became an input. */
export const OPSETS: readonly number[] = [17, 18]

export interface OnnxCase {
  readonly name: string
  readonly model: Module
  readonly x: Matrix
}

const of = (f: (x: Variable) => unknown): Module => new Lambda(f as (x: Variable) => Variable)

/** A model of two parts and a normalisation whose statistics have moved. */
function normalised(generator: Generator): Module {
  const normed = new BatchNorm1d(20)
  normed.forward(generator.normal(50, 20, 3, 2))
  return new Sequential(
    normed,
    new Linear(20, 31, { generator }),
    new LayerNorm(31),
    new PReLU(31),
    new Dropout(0.5),
    new LogSoftmax(),
  )
}

const unary = [
  'exp',
  'log',
  'log1p',
  'log2',
  'log10',
  'expm1',
  'sin',
  'cos',
  'tan',
  'tanh',
  'sigmoid',
  'silu',
  'elu',
  'gelu',
]
  .concat([
    'erf',
    'softplus',
    'neg',
    'abs',
    'sign',
    'sqrt',
    'square',
    'reciprocal',
    'relu',
    'leakyRelu',
    'floor',
    'ceil',
  ])
  .concat(['trunc', 'round', 'isNaN', 'isFinite'])

const others: Readonly<Record<string, (x: Variable) => unknown>> = {
  pow: (x) => x.abs().pow(1.7),
  mod: (x) => x.mod(3),
  extremes: (x) => x.maximum(x.mul(-2)).minimum(3),
  clip: (x) => x.clip(-1, 1),
  where: (x) => x.greater(0).where(x, x.mul(0.5)),
  sums: (x) => concat([x.sum(1), x.mean(1), x.max(1), x.min(1), x.prod(1), x.std(1), x.variance(1), x.logSumExp(1)], 1),
  places: (x) => concat([x.argmax(1), x.argmin(1)], 1),
  running: (x) => concat([x.cumsum(1), x.diff(1)], 1),
  flipped: (x) => x.flipCols(),
  padded: (x) => x.pad(0, 0, 1, 2, 7),
  sliced: (x) => x.slice(0, x.rows, 1, 3),
  gathered: (x) => x.gatherCols([0, 2, 2]),
  tiled: (x) => x.tile(1, 2),
  reshaped: (x) =>
    x
      .reshape(x.rows * 2, 2)
      .mul(2)
      .reshape(x.rows, 4),
  repeated: (x) =>
    x
      .mean(1)
      .broadcastTo(x.rows, 3)
      .add(constant(matrix([[1, 2, 3]])).broadcastTo(x.rows, 3)),
  product: (x) => x.matmul(constant(fromFunction(4, 5, (i, j) => i - j))),
  compared: (x) => concat([x.less(0), x.lessEqual(0), x.greater(0), x.greaterEqual(0), x.equal(0), x.notEqual(0)], 1),
  transposed: (x) => x.transpose().mul(2).transpose(),
  picked: (x) => x.pick(x.argmax(1)),
  hot: (x) => x.argmax(1).oneHot(4),
}

export function onnxCases(): OnnxCase[] {
  manualSeed('onnx')
  const generator = new Generator('samples')
  const normal = (rows: number, cols: number): Matrix => generator.normal(rows, cols, 0, 3)
  const float64 = { dtype: 'float64' } as const
  const shared = new Linear(6, 6)
  return [
    {
      name: 'of real size',
      model: new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10)),
      x: normal(64, 784),
    },
    { name: 'normalised', model: normalised(generator), x: normal(7, 20) },
    {
      name: 'of indices',
      model: new Sequential(new Embedding(50, 7), new Linear(7, 3)),
      x: generator.integers(40, 1, 0, 50),
    },
    {
      name: 'of three indices',
      model: new Sequential(new Embedding(50, 7), new Linear(21, 3), new Softmax()),
      x: generator.integers(8, 3, 0, 50),
    },
    {
      name: 'a residual, shared',
      model: new Sequential(
        shared,
        new Residual(new Sequential(shared, new SELU(), new GELU({ approximate: 'tanh' }))),
      ),
      x: normal(5, 6),
    },
    { name: 'in float64', model: new Sequential(new Linear(6, 6, float64), new Tanh()), x: normal(5, 6) },
    { name: 'of one sample', model: new Sequential(new Linear(6, 3, { bias: false }), new Tanh()), x: normal(1, 6) },
    ...unary.map((name) => ({ name, model: of((x) => x[name as 'exp']()), x: normal(5, 4) })),
    ...Object.entries(others).map(([name, f]) => ({ name, model: of(f), x: normal(5, 4) })),
  ]
}
