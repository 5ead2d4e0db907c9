// Learning rates by the epoch: PyTorch's, and what a schedule refuses.

import { variable } from '@matgrad/autograd'
import { DTypeError, MatgradError, ShapeError, zeros } from '@matgrad/core'
import { Adam, CosineAnnealingLR, type Optimizer, type Scheduler, SGD, StepLR } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { errorOf, type Stored, toMatrix, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const optimizerOf = (lrs: readonly number[]): SGD =>
  new SGD(
    lrs.map((lr) => ({ params: [variable(zeros(1, 1))], lr })),
    { lr: 1 },
  )
const ratesOf = ({ groups }: Optimizer): number[] => groups.map(({ settings }) => settings.lr)

/** The rates of all groups, one epoch a row. */
function ratesAfter(scheduler: Scheduler, epochs: number): number[][] {
  return Array.from({ length: epochs }, (_, i) => {
    if (i > 0) scheduler.step()
    return ratesOf(scheduler.optimizer)
  })
}

interface Runs {
  readonly lrs: readonly number[]
  readonly runs: readonly {
    readonly schedule: 'StepLR' | 'CosineAnnealingLR'
    readonly options: Untyped
    readonly rates: Stored
  }[]
}

describe('the rates of two groups over 40 epochs', async () => {
  const { lrs, runs } = await readJson<Runs>('nn/schedules.json')
  const of = (kind: string) =>
    runs.filter(({ schedule }) => schedule === kind).map((run) => [JSON.stringify(run.options), run] as const)

  test('there are two of each kind', () => {
    expect([of('StepLR'), of('CosineAnnealingLR')].map(({ length }) => length)).toEqual([2, 2])
  })

  test.each(of('StepLR'))("StepLR %s: PyTorch's, bit for bit", (_title, { options, rates }) => {
    expect(ratesAfter(new StepLR(optimizerOf(lrs), options), 41)).toEqual(toMatrix(rates).toArray())
  })

  // PyTorch goes from rate to rate by the quotient of 1 + cos at both. Next to its zero that is π²/(2·tMax²), so that the
  // roundings of the cosine, at most two of a number below 1, become 4·tMax²/π² of it; each epoch adds three more.
  test.each(of('CosineAnnealingLR'))(
    "CosineAnnealingLR %s: PyTorch's within tMax² + 120 roundings of the first rate",
    (_title, { options, rates }) => {
      const got = ratesAfter(new CosineAnnealingLR(optimizerOf(lrs), options), 41)
      const bound = (options.tMax ** 2 + 120) * UNIT.float64
      for (const [t, wanted] of toMatrix(rates).toArray().entries())
        for (const [i, rate] of wanted.entries()) expect(Math.abs(got[t][i] - rate)).toBeLessThanOrEqual(bound * lrs[i])
    },
  )

  test('a cosine ends at etaMin exactly, and begins at the first rate', () => {
    const rates = ratesAfter(new CosineAnnealingLR(optimizerOf([0.5]), { tMax: 8, etaMin: 0.25 }), 9)
    expect([rates[0], rates[8]]).toEqual([[0.5], [0.25]])
  })
})

describe('a schedule', () => {
  test('leaves the rates alone until its first step, and counts epochs', () => {
    const optimizer = optimizerOf([1, 2])
    const scheduler = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 })
    expect([scheduler.lastEpoch, ...ratesOf(optimizer)]).toEqual([0, 1, 2])
    scheduler.step()
    expect([scheduler.lastEpoch, ...ratesOf(optimizer)]).toEqual([1, 1, 2])
    scheduler.step()
    expect([scheduler.lastEpoch, ...ratesOf(optimizer)]).toEqual([2, 0.5, 1])
  })

  test('works on any optimiser', () => {
    const optimizer = new Adam([variable(zeros(1, 1))], { lr: 1 })
    new StepLR(optimizer, { stepSize: 1, gamma: 0.25 }).step()
    expect(optimizer.lr).toBe(0.25)
  })

  test.each([
    ['StepLR', (optimizer: Optimizer) => new StepLR(optimizer, { stepSize: 3, gamma: 0.5 })],
    ['CosineAnnealingLR', (optimizer: Optimizer) => new CosineAnnealingLR(optimizer, { tMax: 9 })],
  ])('%s goes on from snapshots of itself and its optimiser', (_name, make) => {
    const first = optimizerOf([0.5, 1])
    const scheduler = make(first)
    for (let i = 0; i < 4; i++) scheduler.step()
    const [state, optimizerState] = [scheduler.stateDict(), first.stateDict()]
    const wanted = ratesAfter(scheduler, 8)
    expect(state).toEqual({ lastEpoch: 4, baseLrs: [0.5, 1] })

    const second = optimizerOf([7, 8])
    const resumed = make(second)
    resumed.loadStateDict(state)
    second.loadStateDict(optimizerState)
    expect(ratesAfter(resumed, 8)).toEqual(wanted)
    expect(state).toEqual({ lastEpoch: 4, baseLrs: [0.5, 1] })
  })

  test.each([
    ['nothing', undefined, DTypeError, 'StepLR: the state is undefined, wanted a snapshot'],
    ['no rates', { lastEpoch: 1 }, DTypeError, 'StepLR: the state is Object, wanted a snapshot'],
    ['no epoch', { baseLrs: [1] }, DTypeError, 'StepLR: lastEpoch is undefined, wanted a whole number'],
    ['a negative epoch', { lastEpoch: -1, baseLrs: [1] }, ShapeError, 'StepLR: lastEpoch is -1, wanted at least 0'],
    ['another group', { lastEpoch: 1, baseLrs: [1, 2] }, MatgradError, 'StepLR: the state has 2 groups, wanted 1'],
    ['a bad rate', { lastEpoch: 1, baseLrs: [-1] }, MatgradError, 'StepLR: one of baseLrs is -1, wanted 0 or more'],
  ] as const)('refuses a state with %s and stays as it was', (_title, state, kind, message) => {
    const scheduler = new StepLR(optimizerOf([0.5]), { stepSize: 1 })
    scheduler.step()
    const before = scheduler.stateDict()
    const error = errorOf(() => scheduler.loadStateDict(state as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
    expect(scheduler.stateDict()).toEqual(before)
  })

  const optimizer = optimizerOf([1])
  test.each([
    [() => new StepLR({} as Untyped, { stepSize: 1 }), DTypeError, 'StepLR: optimizer is Object, wanted an Optimizer'],
    [() => new StepLR(optimizer, {} as Untyped), DTypeError, 'StepLR: stepSize is undefined, wanted a whole number'],
    [() => new StepLR(optimizer, { stepSize: 0 }), ShapeError, 'StepLR: stepSize is 0, wanted at least 1'],
    [() => new StepLR(optimizer, { stepSize: 1, gamma: -1 }), MatgradError, 'StepLR: gamma is -1, wanted 0 or more'],
    [() => new CosineAnnealingLR(optimizer, { tMax: 1.5 }), DTypeError, 'CosineAnnealingLR: tMax is 1.5'],
    [
      () => new CosineAnnealingLR(optimizer, { tMax: 0 }),
      ShapeError,
      'CosineAnnealingLR: tMax is 0, wanted at least 1',
    ],
    [
      () => new CosineAnnealingLR(optimizer, { tMax: 1, etaMin: Number.NaN }),
      MatgradError,
      'CosineAnnealingLR: etaMin is NaN, wanted 0 or more',
    ],
  ] as const)('%o throws', (make, kind, message) => {
    const error = errorOf(make)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})

test('a rate set between epochs lasts until the next step of the schedule', () => {
  const optimizer = optimizerOf([1])
  const scheduler = new StepLR(optimizer, { stepSize: 1, gamma: 0.5 })
  optimizer.lr = 3
  expect(ratesOf(optimizer)).toEqual([3])
  scheduler.step()
  expect(ratesOf(optimizer)).toEqual([0.5])
})
