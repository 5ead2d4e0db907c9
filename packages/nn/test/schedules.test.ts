// Learning rates by the step: PyTorch's, when they begin, and what a schedule refuses.

import { compile, type Variable, variable } from '@matgrad/autograd'
import { replays } from '@matgrad/autograd/internal'
import { DTypeError, MatgradError, ones, ShapeError, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import {
  Adam,
  CosineAnnealingLR,
  ExponentialLR,
  LambdaLR,
  LinearWarmup,
  MultiStepLR,
  OneCycleLR,
  Optimizer,
  ReduceLROnPlateau,
  Scheduler,
  SequentialLR,
  SGD,
  StepLR,
  type StoredSettings,
  type Update,
} from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { errorOf, type Stored, toMatrix } from './support.ts'

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

interface Described {
  readonly schedule: string
  readonly options: Untyped
  readonly parts?: readonly Described[]
}

interface Runs {
  readonly lrs: readonly number[]
  readonly runs: readonly {
    readonly optimizer: string
    readonly schedules: readonly Described[]
    readonly values?: readonly number[]
    readonly byHand?: Readonly<Record<string, number>>
    readonly rates: Stored
    readonly momenta: readonly number[]
  }[]
}

function made(optimizer: Optimizer, { schedule, options, parts }: Described): Scheduler {
  if (parts)
    return new SequentialLR(
      parts.map((each) => made(optimizer, each)),
      options,
    )
  if (schedule === 'LambdaLR')
    return new LambdaLR(optimizer, { lambda: (t) => options.table[t % options.table.length] })
  // So that OneCycleLR may be a part among others.
  return new (nn as Untyped)[schedule](optimizer, { ...options, by: 'epoch' })
}

const momentumOf = ({ groups: [{ settings }] }: Untyped): number => settings.betas?.[0] ?? settings.momentum ?? 0

/** All schedules of this package by name. */
const kinds: readonly string[] = Object.entries(nn as Untyped)
  .filter(([, each]) => (each as Untyped).prototype instanceof Scheduler)
  .map(([name]) => name)

describe("the rates of two groups, and the momentum, over 40 steps are PyTorch's within 1e-12", async () => {
  const { lrs, runs } = await readJson<Runs>('nn/schedules.json')

  test('of every schedule', () => {
    const all = runs.flatMap(({ schedules }) => schedules.map(({ schedule }) => schedule))
    expect(new Set(all)).toEqual(new Set(kinds))
  })

  const start = (optimizer: string): Optimizer =>
    new (nn as Untyped)[optimizer](
      lrs.map((lr) => ({ params: [variable(zeros(1, 1))], lr })),
      { lr: 1 },
    )

  /** A training at the start or where another is, by snapshots. */
  function trainingOf({ optimizer: name, schedules, values, byHand = {} }: Runs['runs'][number], before?: Untyped) {
    const optimizer = start(name)
    const all = schedules.map((each) => made(optimizer, each))
    if (before) {
      for (const [i, each] of all.entries()) each.loadStateDict(before.schedules[i])
      optimizer.loadStateDict(before.optimizer)
    }
    const state = () =>
      JSON.parse(
        JSON.stringify({ optimizer: { ...optimizer.stateDict() }, schedules: all.map((each) => each.stateDict()) }),
      )
    const step = (t: number): void => {
      if (String(t) in byHand) optimizer.lr = byHand[t]
      for (const each of all) each.step(values?.[t])
    }
    return { optimizer, state, step }
  }

  const titleOf = ({ schedule, options, parts = [] }: Described): string =>
    [schedule, JSON.stringify(options), ...parts.map((each) => `of ${titleOf(each)}`)].join(' ')

  test.each(
    runs.map(
      (run) => [run.schedules.map(titleOf).join(' and ') + (run.byHand ? ' with rates by hand' : ''), run] as const,
    ),
  )('%s, also of what goes on from snapshots', (_title, run) => {
    const wanted = toMatrix(run.rates).toArray()
    let training = trainingOf(run)
    for (const [t, rates] of wanted.entries()) {
      const got = [...ratesOf(training.optimizer), momentumOf(training.optimizer)]
      for (const [i, each] of [...rates, run.momenta[t]].entries())
        expect(Math.abs(got[i] - each), `step ${t}: ${got[i]}, wanted ${each}`).toBeLessThanOrEqual(1e-12 * each)
      if (t % 8 === 5 || t < 2) training = trainingOf(run, training.state())
      if (t + 1 < wanted.length) training.step(t)
    }
  })

  test('steps of schedules that only multiply are bit for bit', () => {
    for (const run of runs) {
      if (!run.schedules.every(({ schedule }) => ['StepLR', 'ExponentialLR'].includes(schedule))) continue
      const { optimizer, step } = trainingOf(run)
      const got = toMatrix(run.rates)
        .toArray()
        .map((_, t) => {
          if (t > 0) step(t - 1)
          return ratesOf(optimizer)
        })
      expect(got).toEqual(toMatrix(run.rates).toArray())
    }
  })

  test('a cosine ends at etaMin exactly, and begins at the first rate', () => {
    const rates = ratesAfter(new CosineAnnealingLR(optimizerOf([0.5]), { tMax: 8, etaMin: 0.25 }), 9)
    expect([rates[0], rates[8]]).toEqual([[0.5], [0.25]])
  })
})

/** A warm-up of a user, whose length is a field. */
class Warmup extends Scheduler {
  steps = 4
  readonly seen: unknown[] = []
  protected override rate(base: number, t: number, lr: number): number {
    this.seen.push([base, t, lr])
    return base * Math.min(1, (t + 1) / this.steps)
  }
}

describe('the rate at t = 0 holds from the start', () => {
  const gradient = (p: Variable): Variable => Object.assign(p, { grad: ones(1, 1) })

  test.each<[string, (optimizer: SGD, p: Variable) => number]>([
    ['the rate', ({ lr }) => lr],
    ['the settings of a group', ({ groups: [{ settings }] }) => settings.lr],
    ['all of them', ({ groups: [{ settings }] }) => ({ ...settings }).lr],
    ['a snapshot', (optimizer) => optimizer.stateDict().groups[0].lr],
    [
      'a step',
      (optimizer, p) => {
        gradient(p)
        optimizer.step()
        return -p.value.item()
      },
    ],
  ])('when one looks at %s', (_title, look) => {
    const p = variable(zeros(1, 1))
    const optimizer = new SGD([p], { lr: 8 })
    const scheduler = new Warmup(optimizer)
    expect(look(optimizer, p)).toBe(2)
    expect(scheduler.seen).toEqual([[8, 0, 8]])
    scheduler.step()
    expect(optimizer.lr).toBe(4)
    expect(scheduler.seen.at(-1)).toEqual([8, 1, 2])
  })

  test('when a schedule steps at once, and when it is loaded', () => {
    const optimizer = optimizerOf([8])
    const scheduler = new Warmup(optimizer)
    scheduler.step()
    expect([optimizer.lr, scheduler.lastEpoch]).toEqual([4, 1])
    const other = optimizerOf([8])
    const loaded = new Warmup(other)
    loaded.loadStateDict(scheduler.stateDict())
    other.loadStateDict(optimizer.stateDict())
    expect([other.lr, loaded.lastEpoch]).toEqual([4, 1])
  })

  test('a rate that is set at once is the later one', () => {
    const optimizer = optimizerOf([8])
    const scheduler = new LinearWarmup(optimizer, { steps: 2, startFactor: 0.5 })
    optimizer.lr = 3
    expect(optimizer.lr).toBe(3)
    scheduler.step()
    expect(optimizer.lr).toBe(3 * 1.5)
  })

  test.each([
    ['compiled', (step: () => unknown) => compile(step as () => Variable)],
    ['not compiled', (step: () => unknown) => step],
  ])('of the next step of a training that is %s and under way', (_title, wrap) => {
    const p: Variable = variable(zeros(1, 1))
    const optimizer = new SGD([p], { lr: 8 })
    const step = wrap(() => {
      optimizer.zeroGrad()
      const loss = p.sum()
      loss.backward()
      optimizer.step()
      return loss
    })
    const before = replays()
    for (let i = 0; i < 3; i++) step()
    expect(p.value.item()).toBe(-24)
    const scheduler = new Warmup(optimizer)
    step()
    expect(p.value.item()).toBe(-26)
    for (let i = 0; i < 3; i++) {
      scheduler.step()
      step()
    }
    expect(p.value.item()).toBe(-26 - 4 - 6 - 8)
    if (_title === 'compiled') expect(replays() - before).toBe(6)
  })

  test.each([true, false])('of an optimiser of a user, which asks for its rate alone (compiled: %s)', (compiled) => {
    class Plain extends Optimizer {
      protected override check(): void {}
      protected override start(): Record<string, never> {
        return {}
      }
      protected override updateOf(group: StoredSettings<{ lr: number }>): Update {
        return ({ value }, g) => value.assign(value.sub(g.mul(group.number('lr', value.dtype))))
      }
    }
    const p: Variable = variable(zeros(1, 1))
    const optimizer = new Plain([p], { lr: 8 })
    const plain = (): void => {
      p.grad = ones(1, 1)
      optimizer.step()
    }
    const step = compiled ? compile(plain) : plain
    // The first is begun while a function is traced, which computes a cosine.
    new OneCycleLR(optimizer, { maxLr: 8, divFactor: 2, totalSteps: 9, cycleMomentum: false })
    step()
    step()
    expect(p.value.item()).toBe(-8)
    new Warmup(optimizer)
    step()
    // OneCycleLR's first rate is what it starts from.
    expect(p.value.item()).toBe(-9)
  })

  test('unless a snapshot of the optimiser is loaded, which is the later one', () => {
    const optimizer = optimizerOf([8])
    const state = optimizer.stateDict()
    new Warmup(optimizer)
    optimizer.loadStateDict(state)
    expect(optimizer.lr).toBe(8)
  })

  test('of `fit`, from its first epoch, for a schedule with fields', async () => {
    const rates: number[] = []
    for (const compiled of [true, false]) {
      const model = new nn.Linear(1, 1)
      const optimizer = new SGD(model.parameters(), { lr: 8 })
      const data = { x: ones(4, 1), y: ones(4, 1) }
      const before = model.weight.value.item()
      // The slope of a sum is the number of rows, whatever the weight.
      const loss = (prediction: Variable): Variable => prediction.sum()
      const options = { optimizer, epochs: 1, compile: compiled, loss, batchSize: 4 }
      await nn.fit(model, data, { ...options, scheduler: new Warmup(optimizer) } as Untyped)
      rates.push((before - model.weight.value.item()) / 4)
    }
    for (const rate of rates) expect(rate).toBeCloseTo(2, 5)
  })

  test('a rate that makes no sense is an error of the schedule, and the rates stay', () => {
    class Odd extends Scheduler {
      protected override rate(base: number, t: number): number {
        return base / t
      }
    }
    const optimizer = optimizerOf([8])
    const scheduler = new Odd(optimizer)
    const error = errorOf(() => optimizer.step())
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toBe('Odd: the rate is Infinity, wanted 0 or more')
    scheduler.step()
    scheduler.step()
    expect(optimizer.lr).toBe(4)
  })

  test('no group has another rate where that of one makes no sense', () => {
    class Odd extends Scheduler {
      protected override rate(base: number, t: number): Untyped {
        return t === 0 ? base : base < 2 ? 0.5 : [Number.NaN, -1, 'fast', undefined][t - 1]
      }
    }
    for (let t = 1; t < 5; t++) {
      const optimizer = optimizerOf([1, 2])
      const scheduler = new Odd(optimizer)
      scheduler.loadStateDict({ lastEpoch: t - 1, baseLrs: [1, 2] })
      expect(errorOf(() => scheduler.step()).message).toMatch(/^Odd: the rate is .*, wanted/)
      expect([scheduler.lastEpoch, ...ratesOf(optimizer)]).toEqual([t - 1, 1, 2])
    }
  })

  test('all schedules of an optimiser have the first rate for a base', () => {
    const optimizer = optimizerOf([8])
    const first = new Warmup(optimizer)
    const second = new Warmup(optimizer)
    expect(optimizer.lr).toBe(2)
    expect([first, second].map(({ seen }) => seen)).toEqual([[[8, 0, 8]], [[8, 0, 2]]])
    optimizer.lr = 5
    new LambdaLR(optimizer, { lambda: () => 0.5 })
    expect(optimizer.lr).toBe(4)
  })
})

describe('by epoch or by batch', () => {
  test('a schedule says when `fit` lets it step: OneCycleLR by batch', () => {
    const optimizer = optimizerOf([1])
    expect(new StepLR(optimizer, { stepSize: 1 }).by).toBe('epoch')
    expect(new StepLR(optimizer, { stepSize: 1, by: 'batch' }).by).toBe('batch')
    expect(new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 3 }).by).toBe('batch')
    expect(new Warmup(optimizer).by).toBe('epoch')
    expect(new Warmup(optimizer, { by: 'batch' }).by).toBe('batch')
    const parts = [2, 3].map((stepSize) => new StepLR(optimizer, { stepSize, by: 'batch' }))
    expect(new SequentialLR(parts, { milestones: [2] }).by).toBe('batch')
  })
})

describe('OneCycleLR', () => {
  test('reaches maxLr exactly, holds the last rate after its last step and refuses another', () => {
    for (const annealStrategy of ['cos', 'linear'] as const) {
      const optimizer = optimizerOf([1])
      const scheduler = new OneCycleLR(optimizer, { maxLr: 0.7, totalSteps: 10, annealStrategy })
      const rates = ratesAfter(scheduler, 10).flat()
      expect(Math.max(...rates)).toBe(0.7)
      scheduler.step()
      expect(optimizer.lr).toBe(rates[9])
      const before = [optimizer.stateDict(), scheduler.stateDict()]
      expect(errorOf(() => scheduler.step()).message).toBe(
        'OneCycleLR: this is step 11, wanted at most the 10 of totalSteps',
      )
      expect([optimizer.stateDict(), scheduler.stateDict()]).toEqual(before)
    }
  })

  test('phases of no length are left out', () => {
    for (const [totalSteps, pctStart] of [
      [1, 0.3],
      [10, 0.1],
      [10, 0],
      [10, 1],
      [2, 0.5],
    ])
      for (const threePhase of [false, true]) {
        const optimizer = optimizerOf([1])
        const rates = ratesAfter(new OneCycleLR(optimizer, { maxLr: 1, totalSteps, pctStart, threePhase }), totalSteps)
        for (const [rate] of rates) expect(rate >= 0 && rate <= 1).toBe(true)
      }
  })
})

describe('ReduceLROnPlateau', () => {
  test('takes NaN for no better value, and needs one', () => {
    const optimizer = optimizerOf([1])
    const scheduler = new ReduceLROnPlateau(optimizer, { patience: 1, monitor: 'accuracy', mode: 'max' })
    expect(scheduler.monitor).toBe('accuracy')
    for (const [value, rate] of [
      [0.5, 1],
      [Number.NaN, 1],
      [Number.NaN, 0.1],
      [0.5001, 0.1],
      [0.6, 0.1],
    ]) {
      scheduler.step(value)
      expect(optimizer.lr).toBeCloseTo(rate, 12)
    }
    const before = scheduler.stateDict()
    expect(errorOf(() => scheduler.step()).message).toBe('ReduceLROnPlateau: value is undefined, wanted a number')
    expect(scheduler.stateDict()).toEqual(before)
  })
})

describe('SequentialLR', () => {
  test('takes over parts that had begun', () => {
    const rates = (looks: boolean): number[][] => {
      const optimizer = optimizerOf([1])
      const parts = [
        new LinearWarmup(optimizer, { steps: 2, startFactor: 0.5 }),
        new ExponentialLR(optimizer, { gamma: 0.5 }),
      ]
      if (looks) expect(optimizer.lr).toBe(0.5)
      return ratesAfter(new SequentialLR(parts, { milestones: [3] }), 6)
    }
    expect(rates(true)).toEqual([[0.5], [0.75], [1], [1], [0.5], [0.25]])
    expect(rates(false)).toEqual(rates(true))
  })

  test('goes by values where a part does, and in another one', () => {
    const optimizer = optimizerOf([1])
    const inner = new SequentialLR(
      [new LambdaLR(optimizer, { lambda: () => 0.5 }), new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 })],
      { milestones: [1] },
    )
    const outer = new SequentialLR([new LambdaLR(optimizer, { lambda: () => 2 }), inner], { milestones: [2] })
    const rates = [3, 3, 3, 3, 4, 4].map((value) => {
      const { lr } = optimizer
      outer.step(value)
      return lr
    })
    expect(rates).toEqual([2, 2, 0.5, 1, 1, 0.5])
  })
})

describe('a schedule', () => {
  test('counts its steps', () => {
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
    [
      () => new StepLR(optimizer, { stepSize: 1, by: 'step' as Untyped }),
      DTypeError,
      `StepLR: by is "step", wanted 'epoch' or 'batch'`,
    ],
    [() => new Warmup(optimizer, { steps: 1 } as Untyped), DTypeError, 'Warmup: got steps, wanted by'],
    [
      () => new MultiStepLR(optimizer, { milestones: [3, 2] }),
      ShapeError,
      'MultiStepLR: milestone 1 is 2, wanted at least 3',
    ],
    [() => new MultiStepLR(optimizer, { milestones: ['1'] as Untyped }), DTypeError, 'MultiStepLR: milestone 0 is "1"'],
    [
      () => new LinearWarmup(optimizer, { steps: 3, startFactor: 0 }),
      MatgradError,
      'LinearWarmup: startFactor is 0, wanted above 0 and at most 1',
    ],
    [
      () => new LambdaLR(optimizer, { lambda: 0.5 as Untyped }),
      DTypeError,
      'LambdaLR: lambda is 0.5, wanted a function',
    ],
    [
      () => new LambdaLR(optimizer, { lambda: () => Number.NaN }),
      MatgradError,
      'LambdaLR: lambda(0) is NaN, wanted 0 or more',
    ],
    [() => new LambdaLR(optimizer, { lambda: () => -1 }), MatgradError, 'LambdaLR: lambda(0) is -1, wanted 0 or more'],
    ...['0.5', undefined, 1n, null].map(
      (factor) =>
        [
          () => new LambdaLR(optimizer, { lambda: () => factor as Untyped }),
          DTypeError,
          `LambdaLR: lambda(0) is ${factor === '0.5' ? '"0.5"' : factor}`,
        ] as const,
    ),
    [
      () => new ReduceLROnPlateau(optimizer, { factor: 1 }),
      MatgradError,
      'ReduceLROnPlateau: factor is 1, wanted 0 or more and below 1',
    ],
    [
      () => new OneCycleLR(optimizer, { maxLr: [1, 2], totalSteps: 3 }),
      MatgradError,
      'OneCycleLR: maxLr has 2 numbers, wanted one for each of 1 groups',
    ],
    [
      () => new OneCycleLR(new nn.Adagrad([variable(zeros(1, 1))]), { maxLr: 1, totalSteps: 3 }),
      MatgradError,
      'OneCycleLR: the optimizer has no momentum and no betas, wanted one, or cycleMomentum false',
    ],
    [() => new SequentialLR([], { milestones: [] }), DTypeError, 'SequentialLR: schedulers is an array, wanted'],
    [
      () => new SequentialLR([new ExponentialLR(optimizer, { gamma: 1 })], { milestones: [1] }),
      MatgradError,
      'SequentialLR: got 1 milestones, wanted 0',
    ],
    [
      () =>
        new SequentialLR(
          [optimizer, optimizerOf([1])].map((each) => new ExponentialLR(each, { gamma: 1 })),
          { milestones: [1] },
        ),
      MatgradError,
      'SequentialLR: schedule 1 has another optimizer, wanted one for all',
    ],
    [
      () =>
        new SequentialLR(
          [new ExponentialLR(optimizer, { gamma: 1 }), new ExponentialLR(optimizer, { gamma: 1, by: 'batch' })],
          { milestones: [1] },
        ),
      MatgradError,
      "SequentialLR: schedule 1, ExponentialLR, goes by batch, schedule 0, ExponentialLR, by epoch, wanted by: 'batch' in the options",
    ],
    [
      () =>
        new SequentialLR(
          [new LinearWarmup(optimizer, { steps: 5 }), new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 10 })],
          { milestones: [5] },
        ),
      MatgradError,
      "SequentialLR: schedule 1, OneCycleLR, goes by batch, schedule 0, LinearWarmup, by epoch, wanted by: 'batch' in the options " +
        "of all, with milestones in batches, or by: 'epoch'",
    ],
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

test('a schedule that is refused leaves no trace on its optimiser', () => {
  const optimizer = optimizerOf([0.5])
  for (const factor of [Number.NaN, 'fast', -1] as Untyped[])
    errorOf(() => new LambdaLR(optimizer, { lambda: () => factor }))
  errorOf(() => new OneCycleLR(optimizer, { maxLr: [1, 2], totalSteps: 3 }))
  expect(optimizer.lr).toBe(0.5)
  new LambdaLR(optimizer, { lambda: () => 0.5 })
  expect(optimizer.lr).toBe(0.25)
})

test('a function that gives no rate later is an error of that step, which says where, and nothing is changed', () => {
  for (const [factor, message] of [
    [Number.NaN, 'LambdaLR: lambda(2) is NaN, wanted 0 or more'],
    [-0.5, 'LambdaLR: lambda(2) is -0.5, wanted 0 or more'],
    ['1', 'LambdaLR: lambda(2) is "1", wanted a number'],
  ] as Untyped[]) {
    const optimizer = optimizerOf([1, 3])
    const scheduler = new LambdaLR(optimizer, { lambda: (t) => (t < 2 ? 0.5 : factor) })
    scheduler.step()
    expect(errorOf(() => scheduler.step()).message).toBe(message)
    expect([scheduler.lastEpoch, ...ratesOf(optimizer)]).toEqual([1, 0.5, 1.5])
  }
})

test('schedules go on from a rate that is set by hand', () => {
  const optimizer = optimizerOf([1])
  const scheduler = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 })
  optimizer.lr = 0.3
  scheduler.step()
  expect(optimizer.lr).toBe(0.3)
  scheduler.step()
  expect(optimizer.lr).toBe(0.15)
})
