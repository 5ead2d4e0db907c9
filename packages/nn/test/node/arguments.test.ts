// Every argument of the functions, layers, optimisers and schedules in turn is left out or of a kind that the types forbid, as
// plain JavaScript may do it: an error of this package that begins with a name of the call, and nothing changed.

import { Generator, getDefaultGenerator, MatgradError, matrix, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { loadModel, saveModel } from '@matgrad/nn/node'
import { expect, test } from 'vitest'
import { bitsOf } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: these calls are the ones that types forbid
type Untyped = any

const untyped: Untyped = nn
const operands = () => {
  const model = new nn.Sequential(new nn.Linear(2, 1, { generator: new Generator(1) }))
  const optimizer = new nn.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
  const data = { x: zeros(4, 2), y: matrix([[0], [1], [1], [0]]) }
  const scheduler = new nn.StepLR(optimizer, { stepSize: 1 })
  return { model, optimizer, scheduler, data, parameters: model.parameters() }
}
type Operands = ReturnType<typeof operands>

/** A call of these arguments, those that are right, and what begins the messages unless it is the title. */
type Row = [
  title: string,
  call: (v: Operands, ...args: Untyped[]) => unknown,
  args: (v: Operands) => unknown[],
  begin?: RegExp,
]
const make =
  (name: string) =>
  (_: Operands, ...args: Untyped[]): unknown =>
    new untyped[name](...args)
const call =
  (name: string) =>
  (_: Operands, ...args: Untyped[]): unknown =>
    untyped[name](...args)

const rows: Row[] = [
  ['Linear', make('Linear'), () => [2, 3]],
  ['BatchNorm1d', make('BatchNorm1d'), () => [2]],
  ['LayerNorm', make('LayerNorm'), () => [2]],
  ['Embedding', make('Embedding'), () => [2, 3]],
  ['Residual', make('Residual'), () => [new nn.ReLU()]],
  ['Sequential', make('Sequential'), () => [new nn.ReLU(), new nn.Tanh()]],
  ...['SGD', 'Adam', 'AdamW', 'Adamax', 'RMSprop', 'Adagrad', 'Adadelta', 'Lion'].map(
    (name): Row => [name, make(name), (v) => [v.parameters, ...(name === 'SGD' ? [{ lr: 0.1 }] : [])]],
  ),
  ['StepLR', make('StepLR'), (v) => [v.optimizer, { stepSize: 2 }]],
  ['MultiStepLR', make('MultiStepLR'), (v) => [v.optimizer, { milestones: [2] }]],
  ['ExponentialLR', make('ExponentialLR'), (v) => [v.optimizer, { gamma: 0.5 }]],
  ['PolynomialLR', make('PolynomialLR'), (v) => [v.optimizer, { steps: 2 }]],
  ['CosineAnnealingLR', make('CosineAnnealingLR'), (v) => [v.optimizer, { tMax: 2 }]],
  ['LinearWarmup', make('LinearWarmup'), (v) => [v.optimizer, { steps: 2 }]],
  ['LambdaLR', make('LambdaLR'), (v) => [v.optimizer, { lambda: () => 1 }]],
  ['OneCycleLR', make('OneCycleLR'), (v) => [v.optimizer, { maxLr: 1, totalSteps: 2 }]],
  ['ReduceLROnPlateau', make('ReduceLROnPlateau'), (v) => [v.optimizer]],
  ['SequentialLR', make('SequentialLR'), (v) => [[v.scheduler], { milestones: [] }]],
  ['DataLoader', make('DataLoader'), (v) => [v.data]],
  ['trainTestSplit', call('trainTestSplit'), (v) => [v.data]],
  ['standardize', call('standardize'), (v) => [v.data.x]],
  ['clipGradNorm', call('clipGradNorm'), (v) => [v.parameters, 1]],
  ['clipGradValue', call('clipGradValue'), (v) => [v.parameters, 1]],
  ['minMaxScale', call('minMaxScale'), (v) => [v.data.x]],
  ...['accuracy', 'binaryAccuracy', 'f1', 'auc', 'confusionMatrix', 'r2', 'meanSquaredError'].map(
    (name): Row => [name, call(name), (v) => [v.data.y, v.data.y]],
  ),
  ['topK', call('topK'), (v) => [v.data.x, v.data.y]],
  [
    'fit',
    call('fit'),
    (v) => [v.model, v.data, { loss: nn.mseLoss, optimizer: v.optimizer, epochs: 1 }],
    /^(fit|DataLoader): /,
  ],
  ['evaluate', call('evaluate'), (v) => [v.model, v.data], /^(evaluate|DataLoader): /],
  ['predict', call('predict'), (v) => [v.model, v.data.x]],
  ['saveModel', (_, ...args) => saveModel(...(args as [Untyped, Untyped])), (v) => ['/nowhere/model', v.model]],
  ['loadModel', (_, ...args) => loadModel(...(args as [Untyped, Untyped])), (v) => ['/nowhere/model', v.model]],
  ['Sequential.forward', (v, x) => v.model.forward(x), (v) => [v.data.x], /^Sequential: /],
  ['loadStateDict', (v, state) => v.model.loadStateDict(state), (v) => [v.model.stateDict()]],
  ['SGD.loadStateDict', (v, state) => v.optimizer.loadStateDict(state), (v) => [v.optimizer.stateDict()], /^SGD: /],
  [
    'StepLR.loadStateDict',
    (v, state) => v.scheduler.loadStateDict(state),
    (v) => [v.scheduler.stateDict()],
    /^StepLR: /,
  ],
]

/** Values that none of these arguments may be. */
const wrong = [undefined, null, true, '1', Number.NaN, 10n, Symbol('s'), () => 0, [1], {}, new Date(0), new Map()]

const stateOf = ({ model, optimizer, scheduler, data }: Operands): string =>
  JSON.stringify([
    [bitsOf(model), model.training, optimizer.stateDict(), scheduler.stateDict()],
    [data.x.toArray(), data.y.toArray(), getDefaultGenerator().state],
  ])

const calls = rows.flatMap(([title, run, args, begin = new RegExp(`^${title}: `)]) =>
  args(operands()).flatMap((_, i) =>
    wrong
      // A path may be any string.
      .filter((value) => !(title.endsWith('Model') && value === '1'))
      .map((value, j) => [`${title}, argument ${i}: ${j}, ${String(value)}`, run, args, i, value, begin] as const),
  ),
)

test('there are more than 300 of them', () => {
  expect(calls.length).toBeGreaterThan(300)
})

test.each(calls)('%s', async (_title, run, args, i, value, begin) => {
  const v = operands()
  const given = args(v)
  given[i] = value
  const before = stateOf(v)
  let error: unknown
  try {
    await run(v, ...given)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(MatgradError)
  expect((error as Error).message).toMatch(begin)
  expect((error as Error).message).toMatch(/wanted|missing/)
  expect(stateOf(v)).toBe(before)
})
