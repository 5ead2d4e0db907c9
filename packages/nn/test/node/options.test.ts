// Everything that takes options, in all packages: what is none, names and types that are not known are refused, by an error
// that names the operation, before anything has changed. A function that takes options and has no row here fails.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import * as autograd from '@matgrad/autograd'
import * as core from '@matgrad/core'
import { DTypeError, engineInfo, Generator, getDefaultGenerator, MatgradError, matrix, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { checkpoint, csvLogger, loadModel, loadTensors, progress, readCsv, saveModel } from '@matgrad/nn/node'
import { afterAll, describe, expect, test } from 'vitest'
import { bitsOf } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: these calls are the ones that types forbid
type Untyped = any
type Options = Record<string, unknown>
const untyped: Untyped = { ...core, ...autograd, ...nn }

const folder = mkdtempSync(join(tmpdir(), 'matgrad-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Operands of every kind, afresh for each call. */
function operands() {
  const generator = new Generator(1)
  const model = new nn.Linear(2, 1, { generator })
  const optimizer = new nn.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
  const data = {
    x: matrix([
      [0, 1],
      [1, 0],
      [1, 1],
      [0, 0],
    ]),
    y: matrix([[0], [1], [1], [0]]),
  }
  return { generator, model, optimizer, data, parameters: model.parameters(), a: data.x, y: data.y }
}
type Operands = ReturnType<typeof operands>

const stateOf = ({ generator, model, optimizer, data }: Operands): string =>
  JSON.stringify([
    bitsOf(model),
    [model.training, model.parameters().map(({ grad }) => grad)],
    [optimizer.stateDict(), generator.state, getDefaultGenerator().state, engineInfo()],
    [data.x.toArray(), data.y.toArray()],
  ])

/** The calls with these options, and the options that must be there. */
type Row = {
  calls: ((options: Untyped, v: Operands) => unknown)[]
  needs?: (v: Operands) => Options
  awaits?: string[]
}
const row = (...calls: Row['calls']): Row => ({ calls })

const { sparse, linalg } = core
/** The optimisers that have a default for each of their settings. */
const optimizers = (Object.values(nn) as Untyped[]).filter(
  (each) => each.prototype instanceof nn.Optimizer && each !== nn.SGD,
)
/** By the name that the message begins with. */
const rows: Record<string, Row> = {
  compile: row((o) => autograd.compile((x: core.Matrix) => x, o)),
  matrix: row((o) => core.matrix([[1]], 1, 1, o)),
  'matrix without sizes': row(
    (o) => core.matrix([[1]], o),
    (o) => core.matrix(new Float32Array(1), o),
  ),
  zeros: row((o) => core.zeros(1, 1, o)),
  ones: row((o) => core.ones(1, 1, o)),
  full: row((o) => core.full(1, 1, 2, o)),
  eye: row((o) => core.eye(2, 2, o)),
  fromFunction: row((o) => core.fromFunction(1, 1, () => 1, o)),
  arange: row((o) => core.arange(0, 2, 1, o)),
  linspace: row((o) => core.linspace(0, 2, 3, o)),
  uniform: row((o, v) => v.generator.uniform(1, 1, 0, 1, o)),
  normal: row((o, v) => v.generator.normal(1, 1, 0, 1, o)),
  integers: row((o, v) => v.generator.integers(1, 1, 0, 5, o)),
  bernoulli: row((o, v) => v.generator.bernoulli(1, 1, 0.5, o)),
  choice: row((o, v) => v.generator.choice(3, 2, o)),
  multinomial: row((o, v) => v.generator.multinomial(v.a.add(1), o)),
  'multinomial from a generator': row((o, v) => core.multinomial(v.a.add(1), o)),
  'uniform from a generator': row((o) => core.uniform(1, 1, 0, 1, o)),
  'normal from a generator': row((o) => core.normal(1, 1, 0, 1, o)),
  rand: row((o) => core.rand(1, 1, o)),
  randn: row((o) => core.randn(1, 1, o)),
  randint: row((o) => core.randint(1, 1, 0, 5, o)),
  permutation: row((o) => core.permutation(3, o)),
  allClose: row((o, v) => v.a.allClose(v.a, o)),
  variance: row(
    (o, v) => v.a.variance(0, o),
    (o, v) => autograd.variance(v.a, 0, o),
  ),
  std: row(
    (o, v) => v.a.std(0, o),
    (o, v) => core.std(v.a, 0, o),
  ),
  gelu: row((o, v) => v.a.gelu(o)),
  cov: row((o, v) => v.a.cov(o)),
  corrcoef: row((o, v) => v.a.corrcoef(o)),
  oneHot: row(
    (o, v) => v.y.oneHot(2, o),
    (o, v) => autograd.oneHot(v.y, 2, o),
  ),
  matmul: row(
    (o, v) => v.a.matmul(zeros(2, 4), o),
    (o, v) => autograd.matmul(v.a, zeros(2, 4), o),
  ),
  affine: row((o, v) => v.a.affine(zeros(2, 4), zeros(1, 4), o)),
  configure: row((o) => core.configure(o === undefined ? {} : o)),
  qr: row((o, v) => linalg.qr(v.a, o)),
  solveTriangular: {
    ...row((o) => linalg.solveTriangular(core.eye(2), core.ones(2, 1), o)),
    needs: () => ({ upper: true }),
  },
  solve: row((o) => linalg.solve(core.eye(2), core.ones(2, 1), o)),
  svd: row((o, v) => linalg.svd(v.a, o)),
  randomizedSvd: row((o, v) => linalg.randomizedSvd(v.a, 1, o)),
  orthogonal: row((o) => linalg.orthogonal(2, 2, o)),
  fromCsr: row((o) => sparse.SparseMatrix.fromCsr(1, 1, [0, 0], [], [], o)),
  fromTriplets: row((o) => sparse.SparseMatrix.fromTriplets(1, 1, [], o)),
  identity: row((o) => sparse.SparseMatrix.identity(2, o)),
  spmm: row((o) => sparse.spmm(sparse.SparseMatrix.identity(2), zeros(2, 1), o)),
  variable: row((o, v) => autograd.variable(v.a, o)),
  tape: row((o) => autograd.tape(autograd.variable(zeros(1, 1)), o)),
  gradcheck: row((o) => autograd.gradcheck((x) => x, [zeros(1, 1, { dtype: 'float64' })], o)),
  crossEntropy: row((o, v) => nn.crossEntropy(v.a, zeros(4, 1), o)),
  nllLoss: row((o, v) => nn.nllLoss(v.a.sub(9), zeros(4, 1), o)),
  ...Object.fromEntries(
    ['mseLoss', 'l1Loss', 'huberLoss', 'smoothL1Loss', 'binaryCrossEntropy'].map((name) => [
      name,
      row((o, v) => untyped[name](v.a, v.a, o)),
    ]),
  ),
  klDiv: row((o, v) => nn.klDiv(v.y.sub(1), v.y, o)),
  hingeLoss: row((o, v) => nn.hingeLoss(v.a, core.ones(4, 2), o)),
  binaryCrossEntropyWithLogits: row((o, v) => nn.binaryCrossEntropyWithLogits(v.y, v.y, o)),
  'init.orthogonal': row((o) => nn.init.orthogonal(o)),
  'init.sparse': { calls: [(o) => nn.init.sparse(o)], needs: () => ({ sparsity: 0.5 }) },
  'init.truncatedNormal': row((o) => nn.init.truncatedNormal(o)),
  'init.xavierUniform': row((o) => nn.init.xavierUniform(o)),
  'init.xavierNormal': row((o) => nn.init.xavierNormal(o)),
  'init.kaimingUniform': row((o) => nn.init.kaimingUniform(o)),
  'init.kaimingNormal': row((o) => nn.init.kaimingNormal(o)),
  clipGradNorm: row((o, v) => nn.clipGradNorm(v.parameters, 1, o)),
  loadStateDict: row((o, v) => v.model.loadStateDict(v.model.stateDict(), o)),
  Linear: row((o) => new nn.Linear(2, 2, o)),
  BatchNorm1d: row((o) => new nn.BatchNorm1d(2, o)),
  Dropout: row((o) => new nn.Dropout(0.5, o)),
  Embedding: row((o) => new nn.Embedding(2, 2, o)),
  GELU: row((o) => new nn.GELU(o)),
  LayerNorm: row((o) => new nn.LayerNorm(2, o)),
  PReLU: row((o) => new nn.PReLU(1, o)),
  Lambda: row((o) => new nn.Lambda((x) => x, o)),
  SGD: { calls: [(o, v) => new nn.SGD(v.parameters, o)], needs: () => ({ lr: 0.1 }) },
  'SGD: group 1': row(
    (o, v) => new nn.SGD([{ params: [v.parameters[0]] }, { ...o, params: [v.parameters[1]] }] as Untyped, { lr: 1 }),
  ),
  ...Object.fromEntries(optimizers.map((Type) => [Type.name, row((o, v) => new Type(v.parameters, o))])),
  StepLR: { calls: [(o, v) => new nn.StepLR(v.optimizer, o)], needs: () => ({ stepSize: 2 }) },
  Scheduler: row((o, v) => new untyped.Scheduler(v.optimizer, o)),
  MultiStepLR: { calls: [(o, v) => new nn.MultiStepLR(v.optimizer, o)], needs: () => ({ milestones: [2] }) },
  ExponentialLR: { calls: [(o, v) => new nn.ExponentialLR(v.optimizer, o)], needs: () => ({ gamma: 0.5 }) },
  PolynomialLR: { calls: [(o, v) => new nn.PolynomialLR(v.optimizer, o)], needs: () => ({ steps: 2 }) },
  CosineAnnealingLR: { calls: [(o, v) => new nn.CosineAnnealingLR(v.optimizer, o)], needs: () => ({ tMax: 2 }) },
  LinearWarmup: { calls: [(o, v) => new nn.LinearWarmup(v.optimizer, o)], needs: () => ({ steps: 2 }) },
  LambdaLR: { calls: [(o, v) => new nn.LambdaLR(v.optimizer, o)], needs: () => ({ lambda: () => 1 }) },
  OneCycleLR: { calls: [(o, v) => new nn.OneCycleLR(v.optimizer, o)], needs: () => ({ maxLr: 1, totalSteps: 2 }) },
  ReduceLROnPlateau: row((o, v) => new nn.ReduceLROnPlateau(v.optimizer, o)),
  SequentialLR: {
    calls: [(o, v) => new nn.SequentialLR([new nn.StepLR(v.optimizer, { stepSize: 2 })], o)],
    needs: () => ({ milestones: [] }),
  },
  DataLoader: row((o, v) => new nn.DataLoader(v.data, o)),
  trainTestSplit: row((o, v) => nn.trainTestSplit(v.data, o)),
  kFold: row((o, v) => nn.kFold(v.data, 2, o)),
  minMaxScale: row((o, v) => nn.minMaxScale(v.a, o)),
  ...Object.fromEntries(
    (['accuracy', 'binaryAccuracy', 'precision', 'recall', 'f1', 'auc', 'confusionMatrix'] as const).map((name) => [
      name,
      row((o, v) => untyped[name](v.y, v.y, o)),
    ]),
  ),
  topK: row((o, v) => nn.topK(v.a, v.y, o)),
  fit: {
    calls: [(o, v) => nn.fit(v.model, v.data, o)],
    needs: ({ optimizer }) => ({ loss: nn.mseLoss, optimizer, epochs: 1 }),
  },
  evaluate: row((o, v) => nn.evaluate(v.model, v.data, o)),
  predict: row((o, v) => nn.predict(v.model, v.a, o)),
  toModule: row((o, v) => nn.toModule(v.model, o)),
  toOnnx: row((o, v) => nn.toOnnx(v.model, o)),
  encodeNpz: row((o) => core.io.encodeNpz({}, o)),
  decodeNpy: row((o) => core.io.decodeNpy(core.io.encodeNpy(core.zeros(2, 2)), o)),
  decodeNpz: row((o) =>
    core.io.decodeNpz(
      new Uint8Array(readFileSync(new URL('../../../../fixtures/core/stored.npz', import.meta.url))),
      o,
    ),
  ),
  readCsv: row((o) => readCsv(fileURLToPath(new URL('../../../../fixtures/nn/flowers.csv', import.meta.url)), o)),
  fromRows: {
    calls: [(o) => nn.fromRows([{ a: 1, b: 2 }], o)],
    needs: () => ({ target: 'b' }),
  },
  toRows: row((o) => nn.toRows(core.zeros(1, 1), ['a'], o)),
  decodeSafetensors: row((o) => core.io.decodeSafetensors(core.io.encodeSafetensors({}), o)),
  loadModel: row(async (o, v) => {
    const path = join(folder, 'load.safetensors')
    await saveModel(path, v.model)
    return loadModel(path, v.model, o)
  }),
  loadTensors: row((o) =>
    loadTensors(fileURLToPath(new URL('../../../../fixtures/nn/pytorch/mlp.safetensors', import.meta.url)), o),
  ),
  saveModel: row((o, v) => saveModel(join(folder, 'saved.safetensors'), v.model, o)),
  earlyStopping: row((o) => nn.earlyStopping(o)),
  fromJSON: row((o, v) => nn.fromJSON(v.model.toJSON(), o)),
  lossCurve: row((o) => nn.plot.lossCurve({ loss: [1, 2] }, o)),
  lines: row((o) => nn.plot.lines({ a: [1, 2] }, o)),
  scatter: row((o, v) => nn.plot.scatter({ a: v.data.x }, o)),
  decisionBoundary: row((o, v) => nn.plot.decisionBoundary(v.model, v.data, o)),
  heatmap: row((o, v) => nn.plot.heatmap(v.a, o)),
  images: row((o) => nn.plot.images(zeros(2, 4), o)),
  histogram: row((o, v) => nn.plot.histogram(v.a, o)),
  toString: row((o, v) => nn.plot.heatmap(v.a).toString(o)),
  toPNG: row((o, v) => nn.plot.heatmap(v.a).toPNG(o)),
  progress: row((o) => progress(o)),
  csvLogger: row((o) => csvLogger('none.csv', o)),
  checkpoint: row((o) => checkpoint('none', o)),
}
/** Rows of functions with the name of another. */
const operationOf = (title: string): string => title.replace(/ (from|without) .*$/, '')

/** What the call throws, whether at once or later; undefined where it does not. */
async function thrownBy(call: () => unknown): Promise<Error | undefined> {
  try {
    await call()
  } catch (error) {
    return error as Error
  }
  return undefined
}

/** An error that begins with the operation and says `parts`, from each of the calls, which change nothing. */
async function expectRefused(title: string, given: (v: Operands) => unknown, ...parts: string[]): Promise<string> {
  let message = ''
  for (const call of rows[title].calls) {
    const v = operands()
    const options = given(v)
    const before = stateOf(v)
    const error = await thrownBy(() => call(options, v))
    expect(error, parts[0] ?? title).toBeInstanceOf(DTypeError)
    message = error?.message ?? ''
    expect(message.startsWith(`${operationOf(title)}: `), message).toBe(true)
    for (const part of parts) expect(message).toContain(part)
    expect(stateOf(v)).toBe(before)
  }
  return message
}

class Settings {
  readonly lr = 1
}

/** Options that are texts. */
const TEXTS = [
  'inputName',
  'delimiter',
  'target',
  'outputName',
  'name',
  'monitor',
  'separator',
  'title',
  'xLabel',
  'yLabel',
  'marks',
]

/** What is no options, with the word for it. */
const none: [unknown, string][] = [
  [3, '3'],
  ['x', '"x"'],
  [null, 'null'],
  [true, 'true'],
  [[], 'an array'],
  [() => 0, 'a function'],
  [nn.mseLoss, 'the function mseLoss'],
  [zeros(1, 1), 'Matrix'],
  [new Generator(0), 'Generator'],
  [new Settings(), 'Settings'],
]

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const needsOf = (title: string, v: Operands): Options => rows[title].needs?.(v) ?? {}

describe.each(Object.keys(rows))('%s', (title) => {
  /** The names that the message says there are. */
  const names = async (): Promise<string[]> => {
    const message = await expectRefused(title, (v) => ({ ...needsOf(title, v), nonsense: 1 }), 'got nonsense, wanted ')
    const list = message.slice(message.indexOf('wanted ') + 'wanted '.length)
    return list.split(/, | or /)
  }

  test('refuses what is no object with options', async () => {
    // The settings of a group are in an object in any case.
    if (title.includes('group')) return
    // A number is that of the rows.
    const values = title === 'matrix without sizes' ? none.slice(1) : none
    for (const [value, shown] of values)
      await expectRefused(title, () => value, `options are ${shown}, wanted an object`)
  })

  test('refuses names that are none of the options, and says which is meant', async () => {
    for (const name of await names())
      for (const wrong of new Set([snakeCase(name), `${name}${name.at(-1)}`]))
        if (wrong !== name)
          await expectRefused(
            title,
            (v) => ({ ...needsOf(title, v), [wrong]: 1 }),
            `got ${wrong}, wanted `,
            `: did you mean ${name}?`,
          )
  })

  test('refuses a value of another type for each option', async () => {
    for (const name of await names())
      for (const value of [
        ...(title === 'BatchNorm1d' && name === 'momentum' ? [] : [null]),
        ...[new Settings(), 10n, ...(TEXTS.includes(name) ? [] : ['false'])],
      ])
        await expectRefused(
          title,
          (v) => ({ ...needsOf(title, v), [name]: value }),
          name === 'validation' ? 'wanted' : `${name} is `,
        )
  })

  test('takes undefined for an option that is absent', async () => {
    const absent = Object.fromEntries((await names()).map((name) => [name, undefined]))
    for (const call of rows[title].calls) {
      const v = operands()
      expect(await thrownBy(() => call({ ...absent, ...needsOf(title, v) }, v))).toBeUndefined()
      if (!rows[title].needs) expect(await thrownBy(() => call(undefined, v))).toBeUndefined()
      for (const name of Object.keys(needsOf(title, v)))
        await expectRefused(
          title,
          (own) => ({ ...needsOf(title, own), [name]: undefined }),
          `${name} is undefined, wanted `,
        )
      if (rows[title].needs) await expectRefused(title, () => undefined, 'options are undefined, wanted an object')
    }
  })
})

/** The sources of all packages. */
function sources(): string[] {
  const packages = new URL('../../../', import.meta.url)
  return ['core', 'autograd', 'nn'].flatMap((name) => {
    const source = new URL(`${name}/src/`, packages)
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    return files.map((file) => readFileSync(new URL(file, source), 'utf8'))
  })
}

/** What in a source is exported and has a parameter called `options` or `settings`, by the names that errors begin with. */
function takersIn(text: string): string[] {
  const found: string[] = []
  let [owner, name, exported] = ['', '', false]
  for (const line of text.split('\n')) {
    const declared = /^(?:export )?(?:async |abstract )?(?:class|interface|function|const|type|let) (\w+)/.exec(line)
    if (declared)
      [owner, name, exported] = [declared[1], declared[1], line.startsWith('export') && !line.startsWith('export type')]
    const method = /^ {2}(?:static |async )?(\w+)[<(]/.exec(line)
    if (method) name = method[1] === 'constructor' ? owner : method[1]
    if (exported && /\b(options|settings)(\?: |: (FitOptions|EngineOptions|Partial|\{))/.test(line)) found.push(name)
  }
  return found
}

test('all that takes options has a row above, and reads them as all do', () => {
  const texts = sources()
  const titles = Object.keys(rows).map((title) => title.replace(/^init\./, ''))
  // What a function of an operation takes, its method takes as well.
  const takers = new Set(texts.flatMap(takersIn).filter((name) => !/Functions?$/.test(name)))
  expect([...takers].filter((name) => !titles.includes(name))).toEqual([])
  expect(takers.size).toBeGreaterThan(50)
  // A default of {} is what lets everything else pass for no options.
  for (const text of texts) expect(text).not.toMatch(/\}: [^;]*\} = \{\}/)
})

test.each([
  ['Adam', 'learningRate', 'lr'],
  ['Adam', 'learning_rate', 'lr'],
  ['SGD: group 1', 'learningRate', 'lr'],
  ['SGD', 'decay', 'weightDecay'],
  ['Adam', 'epsilon', 'eps'],
  ['Adam', 'beta_1', 'betas'],
  ['Linear', 'useBias', 'bias'],
  ['Linear', 'use_bias', 'bias'],
  ['Linear', 'kernelInitializer', 'init'],
  ['Linear', 'bais', 'bias'],
  ['DataLoader', 'batch_size', 'batchSize'],
  ['DataLoader', 'batchsize', 'batchSize'],
  ['DataLoader', 'dropRemainder', 'dropLast'],
  ['fit', 'validationData', 'validation'],
  ['fit', 'validation_data', 'validation'],
  ['fit', 'lr_scheduler', 'scheduler'],
  ['fit', 'criterion', 'loss'],
  ['variance', 'correction', 'ddof'],
  ['rand', 'seed', 'generator'],
  ['variable', 'requires_grad', 'requiresGrad'],
])('%s knows what %s means', async (title, name, meant) => {
  const parts = [`got ${name}, wanted `, `: did you mean ${meant}?`]
  await expectRefused(title, (v) => ({ ...needsOf(title, v), [name]: 1 }), ...parts)
})

test('a name that is like no other is not guessed', async () => {
  for (const name of ['nonsense', 'x', '__proto__', 'toString']) {
    const given = Object.defineProperty({}, name, { value: 1, enumerable: true })
    expect(await expectRefused('Linear', () => given, `got ${name}, wanted `)).not.toContain('did you mean')
  }
})

test('an object without a prototype, or of another realm, is as good as any, and what all objects inherit is no option', () => {
  const { data } = operands()
  for (const given of [Object.assign(Object.create(null), { batchSize: 3 }), runInNewContext('({ batchSize: 3 })')])
    expect(new nn.DataLoader(data, given).batchSize).toBe(3)
  const prototype = Object.prototype as Untyped
  prototype.polluted = true
  try {
    expect(new nn.DataLoader(data, { batchSize: 3 }).batchSize).toBe(3)
  } finally {
    delete prototype.polluted
  }
})

/** Arguments in the place of others, and none where one is needed: what, the call, and the message. */
const misplaced: [string, (v: Operands) => unknown, string][] = [
  ['fromFunction without one', () => untyped.fromFunction(2, 2), 'fromFunction: f is undefined, wanted a function'],
  ['fromFunction of a number', () => untyped.fromFunction(2, 2, 1), 'fromFunction: f is 1, wanted a function'],
  ['grad, argnums', () => untyped.grad((x: Untyped) => x, null), 'grad: argnums is null, wanted a number or an array'],
  ['grad, argnums', () => untyped.grad((x: Untyped) => x, '0'), 'grad: argnums is "0", wanted a number or an array'],
  ['noGrad without a function', () => untyped.noGrad(), 'noGrad: got undefined, wanted a function'],
  ['grad, x at once', () => untyped.grad((x: Untyped) => x, zeros(1, 1)), 'array of numbers: did you mean grad(f)(x)?'],
  ['defineOp of nothing', () => untyped.defineOp(), 'defineOp: op is undefined, wanted an object with name, shape'],
  ['gradcheck without a function', () => untyped.gradcheck(), 'gradcheck: f is undefined, wanted a function'],
  ['gradcheck of a matrix', (v) => untyped.gradcheck(() => v.a, v.a), 'gradcheck: args are Matrix, wanted an array'],
  ['train', (v) => v.model.train('false' as Untyped), 'Linear: training is "false", wanted true or false'],
  ['Softmax', () => new untyped.Softmax('1'), 'Softmax: axis is "1", wanted 0, 1 or none'],
  ['LogSoftmax', () => new untyped.LogSoftmax({}), 'LogSoftmax: axis is Object, wanted 0, 1 or none'],
  ['Dropout', () => new untyped.Dropout({ p: 0.5 }), 'Dropout: p is Object, wanted a number'],
  ['init.uniform', () => untyped.init.uniform({ low: 0 }), 'init.uniform: low is Object, wanted a number'],
  ['init.normal', () => untyped.init.normal(0, null), 'init.normal: std is null, wanted a number'],
  ['init.constant', () => untyped.init.constant(), 'init.constant: value is undefined, wanted a number'],
  ['std', (v) => untyped.std(v.a, { ddof: 1 }), 'std: axis is Object, wanted 0, 1 or none'],
  ['clipGradNorm', (v) => untyped.clipGradNorm(v.parameters, { maxNorm: 1 }), 'clipGradNorm: maxNorm is Object'],
  [
    'SGD of a method',
    (v) => new untyped.SGD(v.model.parameters, { lr: 1 }),
    'SGD: params is the function parameters, wanted an array of variables or groups: did you mean model.parameters()?',
  ],
  [
    'Adam of a model',
    (v) => new untyped.Adam(v.model),
    'params is Linear, wanted an array of variables or groups: did you mean model.parameters()?',
  ],
  ...(['0.3', null, -1, 2, Number.NaN] as const).map((p): [string, (v: Operands) => unknown, string] => [
    `Dropout whose p was set to ${p}`,
    (v) => Object.assign(new untyped.Dropout(0.5), { p }).forward(v.a),
    `Dropout: p is ${typeof p === 'string' ? `"${p}"` : p}, wanted `,
  ]),
]

test.each(misplaced)('%s refuses what it cannot take', async (_title, call, message) => {
  const v = operands()
  const before = stateOf(v)
  const error = await thrownBy(() => call(v))
  expect(error).toBeInstanceOf(MatgradError)
  expect(error?.message).toContain(message)
  expect(stateOf(v)).toBe(before)
})
