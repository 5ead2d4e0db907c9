// Models that are exported, some of which fixtures/nn/onnx.ts has ONNX Runtime compute, with samples for them.

import { constant, linalg, type Variable, variable } from '@matgrad/autograd'
import { concat, fromFunction, Generator, type Matrix, manualSeed, matrix, zeros } from '@matgrad/core'
import {
  BatchNorm1d,
  Dropout,
  ELU,
  Embedding,
  GELU,
  Identity,
  Lambda,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  type Module,
  PReLU,
  ReLU,
  Residual,
  SELU,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from '@matgrad/nn'

/** Versions of operators, before and after the axes of reductions became an input. */
export const OPSETS: readonly number[] = [17, 18]

export interface OnnxCase {
  readonly name: string
  readonly model: Module
  readonly x: Matrix
}

export const of = (f: (x: Variable) => unknown): Module => new Lambda(f as (x: Variable) => Variable)

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

const unary = (
  'exp log log1p log2 log10 expm1 sin cos tan tanh sigmoid silu elu gelu erf softplus neg abs sign sqrt square reciprocal relu ' +
  'leakyRelu floor ceil trunc round isNaN isFinite'
).split(' ')

/** Functions of samples of 4 numbers. */
export const functions: Readonly<Record<string, (x: Variable) => unknown>> = {
  ...Object.fromEntries(unary.map((name) => [name, (x: Variable) => x[name as 'exp']()])),
  pow: (x) => x.abs().pow(1.7),
  mod: (x) => concat([x.mod(3), x.mod(-3), x.mul(1000).mod(0.1)], 1),
  angles: (x) =>
    concat([x.mul(0.05).asin(), x.mul(0.05).acos(), x.atan(), x.atan2(x.flipCols()), x.sign().atan2(0)], 1),
  'angles of none': (x) => concat([x.mul(0).abs().atan2(0), x.atan2(-1), x.mul(0).abs().atan2(x)], 1),
  hyperbolic: (x) => concat([x.mul(0.3).sinh(), x.mul(0.3).cosh()], 1),
  'added in logarithms': (x) => concat([x.logAddExp(x.flipCols()), x.mul(100).logAddExp(3), x.logAddExp(x)], 1),
  'of what is near 0': (x) => concat([x.mul(1e-6).expm1(), x.mul(1e-6).log1p()], 1).mul(1e6),
  extremes: (x) => x.maximum(x.mul(-2)).minimum(3),
  clip: (x) => x.clip(-1, 1),
  where: (x) => x.greater(0).where(x, x.mul(0.5)),
  sums: (x) => concat([x.sum(1), x.mean(1), x.max(1), x.min(1), x.prod(1), x.std(1), x.variance(1), x.logSumExp(1)], 1),
  places: (x) => concat([x.argmax(1), x.argmin(1)], 1),
  running: (x) => concat([x.cumsum(1), x.diff(1)], 1),
  flipped: (x) => concat([x.flipCols(), x.transpose().flipRows().transpose()], 1),
  sorted: (x) => concat([x.sort(1), x.argsort(1), x.median(1), x.quantile(0.3, 1)], 1),
  padded: (x) => x.pad(0, 0, 1, 2, 7),
  sliced: (x) => x.slice(0, x.rows, 1, 3),
  'sliced from the end': (x) => concat([x.slice(0, -1), x.slice(-1)], 0),
  'sliced, transposed': (x) => x.transpose().slice(0, 2).transpose(),
  'padded, transposed': (x) => x.transpose().pad(1, 2, 0, 1, 5).slice(0, 7, 0, x.rows).transpose(),
  'all of it': (x) => concat([x.softmax(), x.argmax().broadcastTo(x.rows, 1)], 1).mul(0),
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

/** Functions of samples of 2 numbers that are others for one sample than for several, which their values need not show. */
export const followingCount: Readonly<Record<string, (x: Variable) => Variable>> = {
  'an operation for one sample': (x) => (x.rows === 1 ? x.clip(-20, 20) : x.mul(1)),
  'one operation less for one sample': (x) => (x.rows === 1 ? x : x.clip(-20, 20)),
  'another operand for one sample': (x) => {
    const [near, far] = [x.clip(-20, 20), x.clip(-30, 30)]
    return (x.rows === 1 ? near : far).mul(2)
  },
  'a constant for several samples': (x) => {
    const nothing = x.mul(0)
    return x.add(x.rows === 1 ? nothing : constant(zeros(x.rows, 2)))
  },
  'more operands for one sample': (x) => concat(x.rows === 1 ? [x, x, x] : [x, x], 1),
  'more operands for several samples': (x) => concat(x.rows === 1 ? [x, x] : [x, x, x], 1),
  'another result for one sample': (x) => [x.clip(-20, 20), x.clip(-30, 30)][x.rows === 1 ? 0 : 1],
  'settings that follow the number of samples': (x) => x.clip(-100, 100 * x.rows),
  'constants that follow the number of samples': (x) => x.minimum(100 * x.rows),
  'parts that follow the number of samples': (x) =>
    x.tile(1, 4).slice(0, x.rows, 0, Math.min(x.rows, 3)).abs().sum(1).mul(0),
  'rows that are repeated for pairs of samples': (x) =>
    x.add(
      x
        .slice(0, 1)
        .mul(0)
        .broadcastTo(x.rows * (x.rows + 1), 2)
        .sum(0),
    ),
}

/** What is computed of parameters alone may be what ONNX does not have. */
function ofParameters(generator: Generator): Module {
  const weight = variable(generator.normal(4, 4))
  return of((x) => x.matmul(linalg.inv(weight)).matmul(weight.tril()).add(weight.softmax().slice(0, 1)))
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
    {
      name: 'of more layers',
      model: new Sequential(
        ...[new Identity(), new LeakyReLU(0.2), new SiLU(), new ELU(0.5), new Softplus(), new Sigmoid()],
      ),
      x: normal(5, 6),
    },
    { name: 'of parameters', model: ofParameters(generator), x: normal(5, 4) },
    { name: 'in float64', model: new Sequential(new Linear(6, 6, float64), new Tanh()), x: normal(5, 6) },
    { name: 'of one sample', model: new Sequential(new Linear(6, 3, { bias: false }), new Tanh()), x: normal(1, 6) },
    ...Object.entries(functions).map(([name, f]) => ({ name, model: of(f), x: normal(5, 4) })),
  ]
}
