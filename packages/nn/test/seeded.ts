// What has the same bits everywhere: every operation and its derivative, kernels over wide ranges and beyond the sizes of
// their tiles and pieces, linear algebra, everything random, and training; all of it from seeds.

import { variable } from '@matgrad/autograd'
import {
  concat,
  type DType,
  eye,
  fromFunction,
  Generator,
  linalg,
  Matrix,
  manualSeed,
  matrix,
  rand,
  sparse,
} from '@matgrad/core'
import {
  AdamW,
  BatchNorm1d,
  CosineAnnealingLR,
  crossEntropy,
  type Dataset,
  Dropout,
  fit,
  init,
  LayerNorm,
  Linear,
  PReLU,
  predict,
  SELU,
  Sequential,
  SGD,
  Tanh,
  trainTestSplit,
} from '@matgrad/nn'
import { rows } from '../../autograd/test/rows.ts'
import { elementwise as namesOf } from '../../core/test/support.ts'
import { DTYPES } from './support.ts'

type Results = Record<string, Matrix>

const UNARY = namesOf(1)
const BINARY = namesOf(2)
const AXIAL = [
  ...['sum', 'mean', 'prod', 'variance', 'max', 'min', 'argmax', 'argmin', 'logSumExp'],
  ...['all', 'any', 'cumprod', 'cumsum', 'softmax', 'logSoftmax', 'sort', 'argsort'],
]

/** From below the smallest float32 to beyond the largest float64. */
const SCALES = [1e-310, 1e-42, 1e-20, 1e-8, 1e-3, 0.1, 1, 10, 100, 1000, 1e8, 1e30, 1e38, 1e300, 1e308]
const SPECIAL = [0, -0, 0.5, -1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

const call = (a: Matrix, name: string, ...args: unknown[]): Matrix =>
  (a as unknown as Record<string, (...args: unknown[]) => Matrix>)[name](...args)

const flat = (a: Matrix): Matrix => a.reshape(1, a.size)

/** The value and gradients of each case of each operation, one after the other. */
const operations = (dtype: DType): Results =>
  Object.fromEntries(
    rows.map(({ name, cases }) => [
      name,
      concat(
        cases.flatMap(({ f, args }) => {
          const inputs = args.map((each) => variable(each.astype(dtype)))
          const result = f(...inputs)
          result.square().sum().backward()
          return [result.value, ...inputs.flatMap(({ grad }) => grad ?? [])].map(flat)
        }),
        1,
      ),
    ]),
  )

function elementwise(dtype: DType, generator: Generator): Results {
  const scaled = SCALES.map((scale) => generator.normal(1, 67, 0, 1, { dtype }).mul(scale))
  const wide = concat([matrix([SPECIAL], { dtype }), ...scaled], 1)
  const other = generator.shuffle(wide.T).T
  const [large, row] = [generator.normal(300, 131, 0, 1, { dtype }), generator.normal(1, 131, 0, 1, { dtype })]
  return {
    ...Object.fromEntries(UNARY.map((name) => [`${name}, wide`, call(wide, name)])),
    ...Object.fromEntries(BINARY.map((name) => [`${name}, wide`, call(wide, name, other)])),
    'gelu by tanh, wide': wide.gelu({ approximate: 'tanh' }),
    'tanh(300x131 · 1x131)': large.mul(row).tanh(),
  }
}

function reductions(dtype: DType, generator: Generator): Results {
  const results: Results = {}
  for (const [m, n] of [
    [5, 131],
    [131, 5],
    [1, 1025],
  ]) {
    const a = generator.normal(m, n, 0, 1, { dtype })
    for (const axis of [undefined, 0, 1])
      for (const name of AXIAL) results[`${name} of ${m}x${n}, axis ${axis}`] = call(a, name, axis)
  }
  results['sum of 10⁶'] = generator.uniform(1000, 1000, 0, 1, { dtype }).sum()
  return results
}

function products(dtype: DType, generator: Generator): Results {
  const results: Results = {}
  const normal = (m: number, n: number): Matrix => generator.normal(m, n, 0, 1, { dtype })
  for (const [m, k, n] of [
    [1, 131, 1],
    [3, 5, 7],
    [33, 65, 17],
    [130, 300, 97],
  ]) {
    results[`${m}x${k} · ${k}x${n}`] = normal(m, k).matmul(normal(k, n))
    results[`(${k}x${m})ᵀ · ${k}x${n}`] = normal(k, m).matmul(normal(k, n), { transposeA: true })
    results[`${m}x${k} · (${n}x${k})ᵀ`] = normal(m, k).matmul(normal(n, k), { transposeB: true })
  }
  results['190x310 · 310x170, on threads where there are any'] = normal(190, 310).matmul(normal(310, 170))
  results["Strassen's product"] = normal(1025, 1024).matmul(normal(1024, 1024), { algorithm: 'strassen' }).sum(0)
  const thin = normal(37, 130).mul(generator.bernoulli(37, 130, 0.1, { dtype }))
  const compressed = sparse.SparseMatrix.fromDense(thin)
  results['sparse · dense'] = compressed.matmul(normal(130, 39))
  results['sparse · sparse'] = compressed.matmul(compressed.T).toDense()
  return results
}

/** The numbers in a result, one after the other. */
const numbersIn = (result: unknown): number[] =>
  result instanceof Matrix
    ? Array.from(result.data)
    : typeof result === 'number'
      ? [result]
      : Object.values(result as object).flatMap(numbersIn)

/** A column of powers of two. */
const farApart = (rows: number): Matrix =>
  fromFunction(rows, 1, (i) => 2 ** (i % 2 === 0 ? 250 : -250), { dtype: 'float64' })

/** Elimination doubles its last column in every step. */
const grown = (n: number): Matrix =>
  fromFunction(n, n, (i, j) => (i === j || j === n - 1 ? 1 : j < i ? -1 : 0), { dtype: 'float64' })

const OF_SQUARE: Readonly<Record<string, (a: Matrix, b: Matrix, generator: Generator) => unknown>> = {
  inv: (a) => linalg.inv(a),
  det: (a) => linalg.det(a),
  slogdet: (a) => linalg.slogdet(a),
  solve: (a, b) => linalg.solve(a, b),
  solveTriangular: (a, b) => linalg.solveTriangular(a.add(eye(a.rows).mul(9)), b, { upper: false }),
  cholesky: (a) => linalg.cholesky(a.matmul(a, { transposeB: true }).add(eye(a.rows))),
  eig: (a) => linalg.eig(a),
  eigh: (a) => linalg.eigh(a),
  expm: (a) => linalg.expm(a),
  'expm, small': (a) => linalg.expm(a.mul(2 ** -7)),
  'expm, large': (a) => linalg.expm(a.mul(8)),
  matrixPower: (a) => linalg.matrixPower(a, -5),
  'inv, rows far apart': (a) => linalg.inv(a.astype('float64').mul(farApart(a.rows))),
  'slogdet, rows far apart': (a) => linalg.slogdet(a.astype('float64').mul(farApart(a.rows))),
  'solve, elements that grow': (a, b) => linalg.solve(grown(a.rows).mul(a.mul(0.01).add(1)), b),
  'expm, balanced': (a) => linalg.expm(a.astype('float64').mul(farApart(a.rows)).div(farApart(a.rows).T)),
  'expm, triangular': (a) => linalg.expm(a.triu().mul(2)),
}
const OF_ANY: typeof OF_SQUARE = {
  pinv: (a) => linalg.pinv(a),
  lstsq: (a, b) => linalg.lstsq(a, b),
  cond: (a) => linalg.cond(a),
  norm: (a) => linalg.norm(a),
  'norm, tiny': (a) =>
    linalg.norm(
      a
        .mul(2 ** -120)
        .astype('float64')
        .mul(2 ** -500),
    ),
  lu: (a) => linalg.lu(a),
  qr: (a) => linalg.qr(a),
  'qr, complete': (a) => linalg.qr(a, { mode: 'complete' }),
  svd: (a) => linalg.svd(a, { fullMatrices: true }),
  randomizedSvd: (a, _, generator) => linalg.randomizedSvd(a, 2, { generator }),
  orthogonal: ({ rows, cols, dtype }, _, generator) => linalg.orthogonal(rows, cols, { dtype, generator }),
}

/** Up to sizes whose factors are products for the most part. */
function linearAlgebra(dtype: DType, generator: Generator): Results {
  const results: Results = {}
  for (const [m, n] of [
    [2, 2],
    [7, 7],
    [33, 33],
    [130, 130],
    [37, 20],
    [20, 37],
  ]) {
    const [a, b] = [generator.normal(m, n, 0, 1, { dtype }), generator.normal(m, 3, 0, 1, { dtype })]
    for (const [name, f] of Object.entries(m === n ? { ...OF_SQUARE, ...OF_ANY } : OF_ANY))
      results[`${name} of ${m}x${n}`] = matrix([numbersIn(f(a, b, generator))], { dtype: 'float64' })
  }
  return results
}

const draws = (dtype: DType, generator: Generator): Results => ({
  uniform: generator.uniform(17, 61, -1, 2, { dtype }),
  normal: generator.normal(17, 61, 1, 3, { dtype }),
  integers: generator.integers(17, 61, -5, 1000, { dtype }),
  bernoulli: generator.bernoulli(17, 61, 0.3, { dtype }),
  permutation: generator.permutation(1001),
  choice: generator.choice(3, 101, { p: [0.2, 0.3, 0.5] }),
  'choice without replacement': generator.choice(4, 3, { p: [0.1, 0.2, 0.3, 0.4], replace: false }),
  'counts of multinomial': generator.multinomial(101, [0.2, 0.3, 0.5]),
  multinomial: generator.multinomial(generator.uniform(17, 61, 0, 1, { dtype }), { count: 3 }),
  'multinomial without replacement': generator.multinomial(generator.uniform(17, 61, 0, 1, { dtype }), {
    ...{ count: 3, replacement: false },
  }),
  orthogonal: init.orthogonal()(17, 61, generator, dtype),
  sparse: init.sparse({ sparsity: 0.4 })(17, 61, generator, dtype),
  truncatedNormal: init.truncatedNormal()(17, 61, generator, dtype),
  shuffle: generator.shuffle(generator.uniform(61, 3, 0, 1, { dtype })),
  state: matrix([generator.state], { dtype: 'float64' }),
})

/** Points of a square, those above its diagonal in a class of their own. */
function points(dtype: DType): { train: Dataset; test: Dataset } {
  manualSeed('training')
  const x = rand(200, 3, { dtype })
  return trainTestSplit({ x, y: fromFunction(200, 1, (i) => Number(x.get(i, 0) + x.get(i, 1) > 1)) })
}

/** 100 steps with dropout, momentum and shuffling. */
async function training(dtype: DType, compile: boolean): Promise<Results> {
  const { train, test } = points(dtype)
  const model = new Sequential(new Linear(3, 33, { dtype }), new Tanh(), new Dropout(0.3), new Linear(33, 2, { dtype }))
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-3 })
  const options = { loss: crossEntropy, optimizer, epochs: 10, batchSize: 16, validation: test, compile }
  const history = await fit(model, train, options)
  return {
    ...model.stateDict(),
    ...optimizer.stateDict().matrices,
    prediction: predict(model, test.x, { compile }),
    history: matrix(Object.values(history), { dtype: 'float64' }),
  }
}

/** 100 steps with batch normalisation, AdamW, a cosine schedule and clipping. */
async function adaptiveTraining(dtype: DType, compile: boolean): Promise<Results> {
  const { train } = points(dtype)
  const model = new Sequential(
    new Linear(3, 33, { dtype }),
    new BatchNorm1d(33, { dtype }),
    new SELU(),
    new LayerNorm(33, { dtype }),
    new PReLU(33, { dtype }),
    new Tanh(),
    new Linear(33, 2, { dtype }),
  )
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 })
  const scheduler = new CosineAnnealingLR(optimizer, { tMax: 7, etaMin: 1e-4 })
  const options = { loss: crossEntropy, optimizer, scheduler, epochs: 10, batchSize: 15, clipNorm: 0.5, compile }
  await fit(model, train, options)
  const results = {
    ...model.stateDict(),
    ...optimizer.stateDict().matrices,
    rate: matrix([[optimizer.lr]], { dtype: 'float64' }),
  }
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [`AdamW ${name}`, result]))
}

/** @param compile whether the training is compiled, which must change nothing */
export async function seeded({ compile = true }: { compile?: boolean } = {}): Promise<Results> {
  const results: Results = {}
  for (const dtype of DTYPES) {
    const generator = new Generator(`seeded ${dtype}`)
    const groups = [
      operations(dtype),
      ...[elementwise, reductions, products, linearAlgebra, draws].map((f) => f(dtype, generator)),
    ]
    for (const group of [...groups, await training(dtype, compile), await adaptiveTraining(dtype, compile)])
      for (const [name, result] of Object.entries(group)) results[`${dtype} ${name}`] = result
  }
  return results
}
