import { DTypeError, MatgradError, matrix } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  guardMethods,
  number,
  readerOf,
  required,
  whole,
} from '@matgrad/core/internal'
import { checkMethods, checkSetting } from '../check.ts'
import { Optimizer } from './optimizer.ts'

/** A snapshot of a schedule. */
export interface SchedulerState {
  readonly lastEpoch: number
  /** The learning rate that each group began with. */
  readonly baseLrs: readonly number[]
}

/**
 * Sets the learning rate of each group of an optimiser, epoch by epoch, from the one that it had when the schedule was
 * made. `step` ends an epoch. A subclass says what the rate is in epoch t, counted from 0.
 */
export abstract class Scheduler {
  readonly by: 'epoch' | 'batch' = 'epoch'
  readonly optimizer: Optimizer
  private baseLrs: readonly number[]
  private epoch = 0

  /** @throws DTypeError unless `optimizer` is an Optimizer. */
  constructor(optimizer: Optimizer) {
    if (!((optimizer as unknown) instanceof Optimizer))
      throw new DTypeError(`${this.constructor.name}: optimizer is ${describe(optimizer)}, wanted an Optimizer`)
    this.optimizer = optimizer
    this.baseLrs = optimizer.groups.map(({ settings }) => settings.lr)
  }

  /** The learning rate in epoch t of a group that began with `base`. */
  protected abstract rate(base: number, t: number): number

  /** How many epochs are over. */
  get lastEpoch(): number {
    return this.epoch
  }

  /** Ends an epoch: sets the learning rates for the next. */
  step(): void {
    checkMethods(this, 'rate')
    this.epoch++
    for (const [i, { settings }] of this.optimizer.groups.entries())
      settings.lr = this.rate(this.baseLrs[i], this.epoch)
  }

  stateDict(): SchedulerState {
    return { lastEpoch: this.epoch, baseLrs: [...this.baseLrs] }
  }

  /**
   * Goes back to a snapshot, wholly or not at all. The learning rates themselves are in the optimiser's snapshot.
   *
   * @throws DTypeError for what is no snapshot; ShapeError for a negative epoch; MatgradError for another number of groups
   * or a rate that makes no sense.
   */
  loadStateDict(state: SchedulerState): void {
    const { name } = this.constructor
    if (!Array.isArray(state?.baseLrs))
      throw new DTypeError(`${name}: the state is ${describe(state)}, wanted a snapshot by stateDict`)
    checkInteger(name, 'lastEpoch', state.lastEpoch, 0, Number.MAX_SAFE_INTEGER)
    if (state.baseLrs.length !== this.baseLrs.length)
      throw new MatgradError(`${name}: the state has ${state.baseLrs.length} groups, wanted ${this.baseLrs.length}`)
    for (const lr of state.baseLrs) checkSetting(name, 'one of baseLrs', lr, (lr) => lr >= 0, '0 or more')
    this.epoch = state.lastEpoch
    this.baseLrs = [...state.baseLrs]
  }
}

guardMethods(Scheduler.prototype, { step: '', stateDict: '', loadStateDict: 'state' }, 'scheduler')

const readStep = readerOf({ stepSize: required(whole()), gamma: number(0.1) })

/** base·γ^⌊t / stepSize⌋ */
export class StepLR extends Scheduler {
  readonly stepSize: number
  readonly gamma: number

  /** @throws ShapeError unless stepSize is at least 1; MatgradError for a negative gamma; DTypeError for other options. */
  constructor(optimizer: Optimizer, options: { stepSize: number; gamma?: number }, ...more: []) {
    checkNoMore('StepLR', 'optimizer, options', more)
    super(optimizer)
    const { stepSize, gamma } = readStep('StepLR', options)
    checkInteger('StepLR', 'stepSize', stepSize, 1, Number.MAX_SAFE_INTEGER)
    checkSetting('StepLR', 'gamma', gamma, (gamma) => gamma >= 0, '0 or more')
    this.stepSize = stepSize
    this.gamma = gamma
  }

  protected override rate(base: number, t: number): number {
    let rate = base
    // One factor after the other, as PyTorch does: `**` has bits of the engine's own.
    for (let left = Math.floor(t / this.stepSize); left > 0; left--) rate *= this.gamma
    return rate
  }
}

const readCosine = readerOf({ tMax: required(whole()), etaMin: number(0) })

/** etaMin + (base − etaMin)·(1 + cos(π·t / tMax)) / 2 (Loshchilov & Hutter 2017, without restarts) */
export class CosineAnnealingLR extends Scheduler {
  readonly tMax: number
  readonly etaMin: number

  /** @throws ShapeError unless tMax is at least 1; MatgradError for a negative etaMin; DTypeError for other options. */
  constructor(optimizer: Optimizer, options: { tMax: number; etaMin?: number }, ...more: []) {
    checkNoMore('CosineAnnealingLR', 'optimizer, options', more)
    super(optimizer)
    const { tMax, etaMin } = readCosine('CosineAnnealingLR', options)
    checkInteger('CosineAnnealingLR', 'tMax', tMax, 1, Number.MAX_SAFE_INTEGER)
    checkSetting('CosineAnnealingLR', 'etaMin', etaMin, (etaMin) => etaMin >= 0, '0 or more')
    this.tMax = tMax
    this.etaMin = etaMin
  }

  protected override rate(base: number, t: number): number {
    // Not Math.cos, whose bits are the engine's own.
    const cosine = matrix([[(Math.PI * t) / this.tMax]], { dtype: 'float64' })
      .cos()
      .item()
    return this.etaMin + ((base - this.etaMin) * (1 + cosine)) / 2
  }
}
