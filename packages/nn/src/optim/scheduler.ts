import { DTypeError, MatgradError } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  checkNumber,
  describe,
  guardMethods,
  type KindMaker,
  oneOf,
  readerOf,
} from '@matgrad/core/internal'
import { checkMethods, checkSetting } from '../check.ts'
import { nameOf, nameOfType } from '../names.ts'
import { beginSchedules, follow, type LearningRate, Optimizer } from './optimizer.ts'

/** After what `fit` lets a schedule make its step. */
export type Period = 'epoch' | 'batch'

export interface SchedulerOptions {
  /**
   * After what `fit` lets the schedule make its step: t counts epochs, or batches of all epochs.
   *
   * @default 'epoch'
   */
  readonly by?: Period
}

/** @internal */
export const byOf: KindMaker<Period> = oneOf('epoch', 'batch')

/** A snapshot of a schedule. */
export interface SchedulerState {
  readonly lastEpoch: number
  /** The learning rate that each group began with. */
  readonly baseLrs: readonly number[]
  /** What else a schedule remembers. */
  readonly [name: string]: unknown
}

const readScheduler = readerOf({ by: byOf('epoch') })

/** @throws DTypeError unless `optimizer` is an Optimizer. */
export function checkOptimizer(operation: string, optimizer: Optimizer): void {
  if (!((optimizer as unknown) instanceof Optimizer))
    throw new DTypeError(`${operation}: optimizer is ${describe(optimizer)}, wanted an Optimizer`)
}

/** Begins a schedule, that may be under way, anew from these rates, or those that it began with. */
export let restart: (scheduler: Scheduler, lrs?: readonly number[]) => void
/** Checks a snapshot of a schedule. @returns what goes back to it */
export let loaderOf: (scheduler: Scheduler, state: unknown) => () => void

/**
 * Sets the learning rate of each group of an optimiser, from step to step: in PyTorch's way, from the present one, so that a
 * rate that is set by hand and several schedules of one optimiser compose. `fit` lets it make its steps; t counts them. A
 * subclass says what the rate is at t: a warm-up over 5 epochs, say, is
 *
 * ```ts
 * class Warmup extends Scheduler {
 *   steps = 5
 *   protected rate(base: number, t: number) {
 *     return base * Math.min(1, (t + 1) / this.steps)
 *   }
 * }
 * ```
 *
 * The rate at t = 0 holds from the start: it is set when the optimiser's settings are next read or set, or it makes a step.
 */
export abstract class Scheduler {
  readonly optimizer: Optimizer
  /** After what `fit` lets it make its step. */
  readonly by: Period
  /** The learning rates of the groups when the first schedule of the optimiser was made. */
  protected baseLrs: readonly number[]
  private epoch = 0

  static {
    restart = (scheduler, lrs = scheduler.baseLrs) => {
      for (const [i, { settings }] of scheduler.optimizer.groups.entries()) settings.lr = lrs[i]
      scheduler.enter(0)
      scheduler.epoch = 0
    }
    loaderOf = (scheduler, state) => scheduler.loader(state as SchedulerState)
  }

  /**
   * Defaults: by 'epoch'.
   *
   * @throws DTypeError unless `optimizer` is an Optimizer, and for other options.
   */
  constructor(optimizer: Optimizer, options?: SchedulerOptions, ...more: []) {
    const name = nameOfType(new.target)
    checkOptimizer(name, optimizer)
    checkNoMore(name, 'optimizer, options', more)
    this.by = readScheduler(name, options).by
    this.optimizer = optimizer
    this.baseLrs = follow(optimizer, () => this.enter(0))
  }

  /**
   * The learning rate at t of a group that began with `base`, where it is `lr` before: base·f(t), or what goes on from `lr`, as
   * a rate that was set by hand then does.
   */
  protected abstract rate(base: number, t: number, lr: number): number

  /** Sets what else of a group's settings changes with its rate at t. */
  protected adjust(_settings: LearningRate, _t: number): void {}

  /** Sets everything for t. @param _value what was measured, if anything was */
  protected enter(t: number, _value?: number): void {
    checkMethods(this, 'rate')
    const { groups } = this.optimizer
    const rates = groups.map(({ settings }, i) => this.rate(this.baseLrs[i], t, settings.lr))
    for (const rate of rates) checkSetting(nameOf(this), 'the rate', rate, (rate) => rate >= 0, '0 or more')
    for (const [i, { settings }] of groups.entries()) {
      settings.lr = rates[i]
      this.adjust(settings, t)
    }
  }

  /** How many steps were made: t. */
  get lastEpoch(): number {
    return this.epoch
  }

  /**
   * Ends an epoch, or a batch: sets the learning rates for the next.
   *
   * @param value what was measured, for a schedule that goes by it
   * @throws MatgradError for a rate that is negative or not finite, before one is set; DTypeError for one that is no number.
   */
  step(value?: number): void {
    if (value !== undefined) checkNumber(nameOf(this), 'value', value)
    beginSchedules(this.optimizer)
    this.enter(this.epoch + 1, value)
    this.epoch++
  }

  /** What is remembered beside the number of steps and the rates at the start, for snapshots. */
  protected remembered(): Readonly<Record<string, unknown>> {
    return {}
  }

  /** A snapshot, which later steps do not change. */
  stateDict(): SchedulerState {
    return { lastEpoch: this.epoch, baseLrs: [...this.baseLrs], ...this.remembered() }
  }

  /** Checks a snapshot. @returns what goes back to it */
  protected loader(state: SchedulerState): () => void {
    const name = nameOf(this)
    if (!Array.isArray(state?.baseLrs))
      throw new DTypeError(`${name}: the state is ${describe(state)}, wanted a snapshot by stateDict`)
    const { lastEpoch, baseLrs } = state
    checkInteger(name, 'lastEpoch', lastEpoch, 0, Number.MAX_SAFE_INTEGER)
    if (baseLrs.length !== this.baseLrs.length)
      throw new MatgradError(`${name}: the state has ${baseLrs.length} groups, wanted ${this.baseLrs.length}`)
    for (const lr of baseLrs) checkSetting(name, 'one of baseLrs', lr, (lr) => lr >= 0, '0 or more')
    return () => {
      this.epoch = lastEpoch
      this.baseLrs = [...baseLrs]
    }
  }

  /**
   * Goes back to a snapshot, wholly or not at all. The learning rates themselves are in the optimiser's snapshot.
   *
   * @throws DTypeError for what is no snapshot; ShapeError for a negative epoch; MatgradError for another number of groups
   * or a rate that makes no sense.
   */
  loadStateDict(state: SchedulerState): void {
    const load = this.loader(state)
    beginSchedules(this.optimizer)
    load()
  }

  /** How far it is, and the present rate; so does `console.log` print it. */
  toString(): string {
    return `${nameOf(this)} by ${this.by}, after ${this.epoch} steps: lr ${this.optimizer.lr}`
  }
}

Object.defineProperty(Scheduler.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Scheduler): string {
    return this.toString()
  },
})

guardMethods(Scheduler.prototype, { step: 'value', stateDict: '', loadStateDict: 'state' }, 'scheduler')
