import { DTypeError, MatgradError, matrix } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  checkNumber,
  describe,
  flag,
  func,
  kind,
  number,
  oneOf,
  readerOf,
  required,
  shorten,
  text,
  whole,
} from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import { type Mode, modeByName } from '../mode.ts'
import type { LearningRate, Optimizer } from './optimizer.ts'
import {
  adopt,
  byOf,
  checkOptimizer,
  loaderOf,
  type Period,
  restart,
  Scheduler,
  type SchedulerOptions,
  type SchedulerState,
} from './scheduler.ts'

// PyTorch's schedules, in the recursive form that it computes: lr on the right is the present rate, base the first.

const TAKES = 'optimizer, options'

/** A number by a function of matrices, which has the same bits everywhere: those of `Math.cos` and `**` are the engine's own. */
const cosine = (x: number): number =>
  matrix([[x]], { dtype: 'float64' })
    .cos()
    .item()
const power = (x: number, y: number): number =>
  matrix([[x]], { dtype: 'float64' })
    .pow(y)
    .item()

const atLeast = (operation: string, what: string, value: number, least: number): void =>
  checkInteger(operation, what, value, least, Number.MAX_SAFE_INTEGER)
const notNegative = (operation: string, what: string, value: number): void =>
  checkSetting(operation, what, value, (value) => value >= 0, '0 or more')
const fraction = (operation: string, what: string, value: number): void =>
  checkSetting(operation, what, value, (value) => value >= 0 && value <= 1, '0 to 1')
const positive = (operation: string, what: string, value: number): void =>
  checkSetting(operation, what, value, (value) => value > 0, 'above 0')

/** @throws ShapeError or DTypeError unless milestones are whole numbers of at least `least`, each `gap` or more above the one before. */
function checkMilestones(operation: string, milestones: readonly number[], least: number, gap: number): void {
  for (const [i, milestone] of milestones.entries())
    atLeast(operation, `milestone ${i}`, milestone, i === 0 ? least : milestones[i - 1] + gap)
}

const list = kind<readonly number[]>('an array of numbers', Array.isArray)

const readStep = readerOf({ stepSize: required(whole()), gamma: number(0.1), by: byOf('epoch') })

export interface StepOptions extends SchedulerOptions {
  /** After how many steps the rate falls. */
  readonly stepSize: number
  /**
   * By what it is multiplied then.
   *
   * @default 0.1
   */
  readonly gamma?: number
}

/** lr·gamma where t is a multiple of stepSize: base·gamma^⌊t / stepSize⌋ */
export class StepLR extends Scheduler {
  static readonly builtIn = 'StepLR'

  readonly stepSize: number
  readonly gamma: number

  /**
   * Defaults: gamma 0.1, by 'epoch'.
   *
   * @throws ShapeError unless stepSize is at least 1; MatgradError for a negative gamma; DTypeError for other options.
   */
  constructor(optimizer: Optimizer, options: StepOptions, ...more: []) {
    checkNoMore('StepLR', TAKES, more)
    const { stepSize, gamma, by } = readStep('StepLR', options)
    atLeast('StepLR', 'stepSize', stepSize, 1)
    notNegative('StepLR', 'gamma', gamma)
    super(optimizer, { by })
    this.stepSize = stepSize
    this.gamma = gamma
  }

  protected override rate(_base: number, t: number, lr: number): number {
    return t > 0 && t % this.stepSize === 0 ? lr * this.gamma : lr
  }
}

const readMultiStep = readerOf({ milestones: required(list()), gamma: number(0.1), by: byOf('epoch') })

export interface MultiStepOptions extends SchedulerOptions {
  /** After how many steps the rate falls, each time: in order, one that is there twice counts twice. */
  readonly milestones: readonly number[]
  /**
   * By what it is multiplied then.
   *
   * @default 0.1
   */
  readonly gamma?: number
}

/** lr·gamma where t is one of milestones: base·gammaⁿ after n of them */
export class MultiStepLR extends Scheduler {
  static readonly builtIn = 'MultiStepLR'

  readonly milestones: readonly number[]
  readonly gamma: number

  /**
   * Defaults: gamma 0.1, by 'epoch'.
   *
   * @throws ShapeError for milestones that are negative or not in order; MatgradError for a negative gamma; DTypeError for other
   * options.
   */
  constructor(optimizer: Optimizer, options: MultiStepOptions, ...more: []) {
    checkNoMore('MultiStepLR', TAKES, more)
    const { milestones, gamma, by } = readMultiStep('MultiStepLR', options)
    checkMilestones('MultiStepLR', milestones, 0, 0)
    notNegative('MultiStepLR', 'gamma', gamma)
    super(optimizer, { by })
    this.milestones = Object.freeze([...milestones])
    this.gamma = gamma
  }

  protected override rate(_base: number, t: number, lr: number): number {
    return this.milestones.reduce((rate, milestone) => (milestone === t ? rate * this.gamma : rate), lr)
  }
}

const readExponential = readerOf({ gamma: required(number()), by: byOf('epoch') })

export interface ExponentialOptions extends SchedulerOptions {
  /** By what each step multiplies the rate. */
  readonly gamma: number
}

/** lr·gamma: base·gammaᵗ */
export class ExponentialLR extends Scheduler {
  static readonly builtIn = 'ExponentialLR'

  readonly gamma: number

  /**
   * Defaults: by 'epoch'.
   *
   * @throws MatgradError for a negative gamma; DTypeError for other options.
   */
  constructor(optimizer: Optimizer, options: ExponentialOptions, ...more: []) {
    checkNoMore('ExponentialLR', TAKES, more)
    const { gamma, by } = readExponential('ExponentialLR', options)
    notNegative('ExponentialLR', 'gamma', gamma)
    super(optimizer, { by })
    this.gamma = gamma
  }

  protected override rate(_base: number, t: number, lr: number): number {
    return t > 0 ? lr * this.gamma : lr
  }
}

const readPolynomial = readerOf({ steps: required(whole()), power: number(1), by: byOf('epoch') })

export interface PolynomialOptions extends SchedulerOptions {
  /** After how many steps the rate is 0. */
  readonly steps: number
  /**
   * The degree.
   *
   * @default 1
   */
  readonly power?: number
}

/** base·(1 − t/steps)^power until t = steps, where it is 0 (PyTorch's total_iters is `steps`) */
export class PolynomialLR extends Scheduler {
  static readonly builtIn = 'PolynomialLR'

  readonly steps: number
  readonly power: number

  /**
   * Defaults: power 1, by 'epoch'.
   *
   * @throws ShapeError unless steps is at least 1; MatgradError for a negative power; DTypeError for other options.
   */
  constructor(optimizer: Optimizer, options: PolynomialOptions, ...more: []) {
    checkNoMore('PolynomialLR', TAKES, more)
    const { steps, power, by } = readPolynomial('PolynomialLR', options)
    atLeast('PolynomialLR', 'steps', steps, 1)
    notNegative('PolynomialLR', 'power', power)
    super(optimizer, { by })
    this.steps = steps
    this.power = power
  }

  protected override rate(_base: number, t: number, lr: number): number {
    const { steps } = this
    return t === 0 || t > steps ? lr : lr * power((1 - t / steps) / (1 - (t - 1) / steps), this.power)
  }
}

const readCosine = readerOf({ tMax: required(whole()), etaMin: number(0), by: byOf('epoch') })

export interface CosineAnnealingOptions extends SchedulerOptions {
  /** After how many steps the rate is least. */
  readonly tMax: number
  /**
   * The least rate.
   *
   * @default 0
   */
  readonly etaMin?: number
}

/**
 * etaMin + (base − etaMin)·(1 + cos(π·t / tMax)) / 2 (Loshchilov & Hutter 2017, without restarts): from lr by the quotient of
 * 1 + cos at t and before.
 */
export class CosineAnnealingLR extends Scheduler {
  static readonly builtIn = 'CosineAnnealingLR'

  readonly tMax: number
  readonly etaMin: number

  /**
   * Defaults: etaMin 0, by 'epoch'.
   *
   * @throws ShapeError unless tMax is at least 1; MatgradError for a negative etaMin; DTypeError for other options.
   */
  constructor(optimizer: Optimizer, options: CosineAnnealingOptions, ...more: []) {
    checkNoMore('CosineAnnealingLR', TAKES, more)
    const { tMax, etaMin, by } = readCosine('CosineAnnealingLR', options)
    atLeast('CosineAnnealingLR', 'tMax', tMax, 1)
    notNegative('CosineAnnealingLR', 'etaMin', etaMin)
    super(optimizer, { by })
    this.tMax = tMax
    this.etaMin = etaMin
  }

  protected override rate(base: number, t: number, lr: number): number {
    const { tMax, etaMin } = this
    if (t === 0) return lr
    // The quotient has no value where the rate was least before.
    if ((t - 1 - tMax) % (2 * tMax) === 0) return lr + ((base - etaMin) * (1 - cosine(Math.PI / tMax))) / 2
    const height = (t: number): number => 1 + cosine((Math.PI * t) / tMax)
    return (height(t) / height(t - 1)) * (lr - etaMin) + etaMin
  }
}

const readWarmup = readerOf({ steps: required(whole()), startFactor: number(1 / 3), by: byOf('epoch') })

export interface LinearWarmupOptions extends SchedulerOptions {
  /** After how many steps the rate is the whole. */
  readonly steps: number
  /**
   * Which part of it the first is.
   *
   * @default 1/3
   */
  readonly startFactor?: number
}

/** base·(startFactor + (1 − startFactor)·t/steps) until t = steps, where it is base (PyTorch's LinearLR to the end factor 1) */
export class LinearWarmup extends Scheduler {
  static readonly builtIn = 'LinearWarmup'

  readonly steps: number
  readonly startFactor: number

  /**
   * Defaults: startFactor 1/3, by 'epoch'.
   *
   * @throws ShapeError unless steps is at least 1; MatgradError unless startFactor is above 0 and at most 1; DTypeError for other
   * options.
   */
  constructor(optimizer: Optimizer, options: LinearWarmupOptions, ...more: []) {
    checkNoMore('LinearWarmup', TAKES, more)
    const { steps, startFactor, by } = readWarmup('LinearWarmup', options)
    atLeast('LinearWarmup', 'steps', steps, 1)
    // From 0 no factor leads on.
    checkSetting('LinearWarmup', 'startFactor', startFactor, (each) => each > 0 && each <= 1, 'above 0 and at most 1')
    super(optimizer, { by })
    this.steps = steps
    this.startFactor = startFactor
  }

  protected override rate(_base: number, t: number, lr: number): number {
    const { steps, startFactor } = this
    if (t === 0) return lr * startFactor
    const rise = 1 - startFactor
    return t > steps ? lr : lr * (1 + rise / (steps * startFactor + (t - 1) * rise))
  }
}

const readLambda = readerOf({ lambda: required(func<(t: number) => number>()()), by: byOf('epoch') })

export interface LambdaLROptions extends SchedulerOptions {
  /** By what the first rate is multiplied at t. */
  readonly lambda: (t: number) => number
}

/** base·lambda(t). Snapshots are without the function. */
export class LambdaLR extends Scheduler {
  static readonly builtIn = 'LambdaLR'

  readonly lambda: (t: number) => number

  /**
   * Defaults: by 'epoch'.
   *
   * @throws DTypeError for other options.
   */
  constructor(optimizer: Optimizer, options: LambdaLROptions, ...more: []) {
    checkNoMore('LambdaLR', TAKES, more)
    const { lambda, by } = readLambda('LambdaLR', options)
    super(optimizer, { by })
    this.lambda = lambda
  }

  protected override rate(base: number, t: number): number {
    return base * this.lambda(t)
  }
}

const readCycle = readerOf({
  maxLr: required(
    kind<number | readonly number[]>(
      'a number, or one for each group',
      (value) => typeof value === 'number' || Array.isArray(value),
    )(),
  ),
  totalSteps: required(whole()),
  pctStart: number(0.3),
  annealStrategy: oneOf('cos', 'linear')('cos'),
  cycleMomentum: flag(true),
  baseMomentum: number(0.85),
  maxMomentum: number(0.95),
  divFactor: number(25),
  finalDivFactor: number(1e4),
  threePhase: flag(false),
  by: byOf('batch'),
})

export interface OneCycleOptions {
  /** The largest rate, of all groups or of each. */
  readonly maxLr: number | readonly number[]
  /** How many steps the cycle takes: the number of all batches. */
  readonly totalSteps: number
  /**
   * Which part of them the rate rises.
   *
   * @default 0.3
   */
  readonly pctStart?: number
  /**
   * How it rises and falls.
   *
   * @default 'cos'
   */
  readonly annealStrategy?: 'cos' | 'linear'
  /**
   * Whether momentum, or the first of betas, falls while the rate rises, and rises while it falls.
   *
   * @default true
   */
  readonly cycleMomentum?: boolean
  /**
   * The least momentum.
   *
   * @default 0.85
   */
  readonly baseMomentum?: number
  /**
   * The largest momentum, which is that of the start.
   *
   * @default 0.95
   */
  readonly maxMomentum?: number
  /**
   * How many times maxLr is the first rate.
   *
   * @default 25
   */
  readonly divFactor?: number
  /**
   * How many times the first rate is the last.
   *
   * @default 1e4
   */
  readonly finalDivFactor?: number
  /**
   * Whether the rate falls to the first rate as it rose, and only then to the last.
   *
   * @default false
   */
  readonly threePhase?: boolean
  /**
   * After what `fit` lets the schedule make its step.
   *
   * @default 'batch'
   */
  readonly by?: Period
}

/** A part of the cycle, which ends with a step; rates are multiples of the largest, and the momentum is the largest where it is 1. */
interface Phase {
  readonly end: number
  readonly lr: number
  readonly momentum: number
}

/**
 * The 1cycle policy (Smith & Topin 2018) by PyTorch's rule: from maxLr/divFactor up to maxLr in pctStart·totalSteps steps, and
 * down to maxLr/divFactor/finalDivFactor in the others, along cosines or straight lines; momentum goes the other way.
 * The last rate holds after totalSteps − 1 steps.
 */
export class OneCycleLR extends Scheduler {
  static readonly builtIn = 'OneCycleLR'

  readonly totalSteps: number
  private readonly phases: readonly Phase[]
  private readonly isCosine: boolean
  private readonly momenta: readonly [least: number, largest: number] | null

  /**
   * Defaults: pctStart 0.3, annealStrategy 'cos', cycleMomentum true, baseMomentum 0.85, maxMomentum 0.95, divFactor 25,
   * finalDivFactor 1e4, threePhase false, by 'batch'.
   *
   * @throws ShapeError unless totalSteps is at least 1; MatgradError for an optimiser without momentum or betas if momentum is to
   * change, another number of rates than groups, and numbers that make no sense; DTypeError for other options.
   */
  constructor(optimizer: Optimizer, options: OneCycleOptions, ...more: []) {
    const name = 'OneCycleLR'
    checkNoMore(name, TAKES, more)
    const { maxLr, totalSteps, pctStart, annealStrategy, cycleMomentum, by, ...given } = readCycle(name, options)
    const { baseMomentum, maxMomentum, divFactor, finalDivFactor, threePhase } = given
    atLeast(name, 'totalSteps', totalSteps, 1)
    fraction(name, 'pctStart', pctStart)
    for (const [what, momentum] of Object.entries({ baseMomentum, maxMomentum }))
      checkSetting(name, what, momentum, (each) => each >= 0 && each < 1, '0 or more and below 1')
    positive(name, 'divFactor', divFactor)
    positive(name, 'finalDivFactor', finalDivFactor)
    for (const lr of typeof maxLr === 'number' ? [maxLr] : maxLr) notNegative(name, 'maxLr', lr)
    checkOptimizer(name, optimizer)
    const { groups } = optimizer
    if (typeof maxLr === 'object' && maxLr.length !== groups.length)
      throw new MatgradError(
        `${name}: maxLr has ${maxLr.length} numbers, wanted one for each of ${groups.length} groups`,
      )
    if (cycleMomentum && !groups.every(({ settings }) => 'momentum' in settings || 'betas' in settings))
      throw new MatgradError(`${name}: the optimizer has no momentum and no betas, wanted one, or cycleMomentum false`)
    // Of what is refused the optimizer must not know.
    super(optimizer, { by })
    this.baseLrs = groups.map((_, i) => (typeof maxLr === 'number' ? maxLr : maxLr[i]))
    this.totalSteps = totalSteps
    this.isCosine = annealStrategy === 'cos'
    this.momenta = cycleMomentum ? [baseMomentum, maxMomentum] : null
    const first = 1 / divFactor
    this.phases = [
      { end: 0, lr: first, momentum: 1 },
      { end: pctStart * totalSteps - 1, lr: 1, momentum: 0 },
      ...(threePhase ? [{ end: 2 * pctStart * totalSteps - 2, lr: first, momentum: 1 }] : []),
      { end: totalSteps - 1, lr: first / finalDivFactor, momentum: 1 },
    ]
  }

  /** What `value` gives at t, between the phases. @throws MatgradError beyond the cycle. */
  private between(t: number, value: (phase: Phase) => number): number {
    const { phases, totalSteps } = this
    if (t > totalSteps)
      throw new MatgradError(`OneCycleLR: this is step ${t}, wanted at most the ${totalSteps} of totalSteps`)
    const found = phases.findIndex(({ end }, i) => i > 0 && t <= end)
    const i = found < 0 ? phases.length - 1 : found
    const [from, to] = [phases[i - 1], phases[i]]
    const part = to.end === from.end ? 1 : Math.min(1, (t - from.end) / (to.end - from.end))
    const [start, end] = [value(from), value(to)]
    return this.isCosine ? end + ((start - end) / 2) * (cosine(Math.PI * part) + 1) : (end - start) * part + start
  }

  protected override rate(base: number, t: number): number {
    return this.between(t, ({ lr }) => base * lr)
  }

  protected override adjust(
    settings: LearningRate & { momentum?: number; betas?: readonly number[] },
    t: number,
  ): void {
    if (!this.momenta) return
    const momentum = this.between(t, (phase) => this.momenta?.[phase.momentum] as number)
    if (settings.betas) settings.betas = [momentum, ...settings.betas.slice(1)]
    else settings.momentum = momentum
  }
}

const readPlateau = readerOf({
  mode: oneOf('min', 'max')(),
  factor: number(0.1),
  patience: whole(10),
  threshold: number(1e-4),
  thresholdMode: oneOf('rel', 'abs')('rel'),
  cooldown: whole(0),
  minLr: number(0),
  eps: number(1e-8),
  monitor: text(),
  by: byOf('epoch'),
})

export interface ReduceLROnPlateauOptions extends SchedulerOptions {
  /**
   * Whether less is better, or more.
   *
   * @default what the monitor's name says, as for earlyStopping; 'min' without one
   */
  readonly mode?: Mode
  /**
   * By what the rate is multiplied.
   *
   * @default 0.1
   */
  readonly factor?: number
  /**
   * After how many steps in succession without a better value it stays, before it falls in the next.
   *
   * @default 10
   */
  readonly patience?: number
  /**
   * By how much a value must be better than the best.
   *
   * @default 1e-4
   */
  readonly threshold?: number
  /**
   * Whether that is a part of the best, or a number.
   *
   * @default 'rel'
   */
  readonly thresholdMode?: 'rel' | 'abs'
  /**
   * How many steps after a fall do not count.
   *
   * @default 0
   */
  readonly cooldown?: number
  /**
   * The least rate.
   *
   * @default 0
   */
  readonly minLr?: number
  /**
   * A fall by no more than this is none.
   *
   * @default 1e-8
   */
  readonly eps?: number
  /**
   * The name of what `fit` passes to `step`; without it the loss, of the validation if there is one.
   *
   * @default undefined
   */
  readonly monitor?: string
}

/**
 * lr·factor, but minLr at least, where a value that is measured has not been better than its best for more than patience steps.
 * NaN is never better. A value is better that is below best·(1 − threshold) or best − threshold, or, with the mode 'max', above
 * best·(1 + threshold) or best + threshold (PyTorch's rule).
 */
export class ReduceLROnPlateau extends Scheduler {
  static readonly builtIn = 'ReduceLROnPlateau'

  readonly monitor: string | undefined
  readonly mode: Mode
  private readonly options: Readonly<ReturnType<typeof readPlateau>>
  /** The best value, null before there was one. */
  private best: number | null = null
  private badEpochs = 0
  private cooldownLeft = 0

  /**
   * Defaults: mode by the monitor's name or 'min', factor 0.1, patience 10, threshold 1e-4, thresholdMode 'rel', cooldown 0, minLr 0, eps 1e-8, by 'epoch'.
   *
   * @throws MatgradError unless factor is from 0 and below 1, for a negative threshold, minLr or eps, and for a monitor whose name does not say
   * what is better, without a mode; ShapeError for a negative
   * patience or cooldown; DTypeError for other options.
   */
  constructor(optimizer: Optimizer, options?: ReduceLROnPlateauOptions, ...more: []) {
    const name = 'ReduceLROnPlateau'
    checkNoMore(name, TAKES, more)
    const settings = readPlateau(name, options)
    checkSetting(name, 'factor', settings.factor, (factor) => factor >= 0 && factor < 1, '0 or more and below 1')
    for (const what of ['patience', 'cooldown'] as const) atLeast(name, what, settings[what], 0)
    for (const what of ['threshold', 'minLr', 'eps'] as const) notNegative(name, what, settings[what])
    const { monitor } = settings
    const mode = settings.mode ?? (monitor === undefined ? 'min' : modeByName(monitor))
    if (mode === undefined)
      throw new MatgradError(`${name}: mode is undefined for ${shorten(monitor as string)}, wanted 'min' or 'max'`)
    super(optimizer, { by: settings.by })
    this.options = settings
    this.monitor = settings.monitor
    this.mode = mode
  }

  protected override rate(_base: number, _t: number, lr: number): number {
    const { factor, minLr, eps } = this.options
    const next = Math.max(lr * factor, minLr)
    return lr - next > eps ? next : lr
  }

  protected override enter(t: number, value?: number): void {
    if (t === 0) return
    checkNumber('ReduceLROnPlateau', 'value', value as number)
    const isBetter = this.isBetter(value as number)
    const isCooling = this.cooldownLeft > 0
    const badEpochs = isBetter || isCooling ? 0 : this.badEpochs + 1
    const falls = badEpochs > this.options.patience
    if (falls) super.enter(t)
    if (isBetter) this.best = value as number
    this.badEpochs = falls ? 0 : badEpochs
    this.cooldownLeft = falls ? this.options.cooldown : Math.max(0, this.cooldownLeft - 1)
  }

  private isBetter(value: number): boolean {
    const { threshold, thresholdMode } = this.options
    const { mode } = this
    const best = this.best ?? (mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY)
    const margin = mode === 'min' ? -threshold : threshold
    const bound = thresholdMode === 'rel' ? best * (1 + margin) : best + margin
    return mode === 'min' ? value < bound : value > bound
  }

  protected override remembered(): Readonly<Record<string, unknown>> {
    const { best, badEpochs, cooldownLeft } = this
    return { best, badEpochs, cooldownLeft }
  }

  protected override loader(state: SchedulerState): () => void {
    const load = super.loader(state)
    const { best, badEpochs, cooldownLeft } = state as SchedulerState & {
      best: number
      badEpochs: number
      cooldownLeft: number
    }
    if (best !== null) checkNumber('ReduceLROnPlateau', 'best', best)
    atLeast('ReduceLROnPlateau', 'badEpochs', badEpochs, 0)
    atLeast('ReduceLROnPlateau', 'cooldownLeft', cooldownLeft, 0)
    return () => {
      load()
      this.best = best
      this.badEpochs = badEpochs
      this.cooldownLeft = cooldownLeft
    }
  }
}

const readSequence = readerOf({ milestones: required(list()) })

export interface SequentialOptions {
  /** After how many steps each schedule but the first begins, in order. */
  readonly milestones: readonly number[]
}

/**
 * One schedule after another, each from the rates that it began with and its own t = 0: at a milestone the next one takes over.
 * Warm-up and a cosine, say:
 *
 * ```ts
 * new SequentialLR([new LinearWarmup(optimizer, { steps: 5 }), new CosineAnnealingLR(optimizer, { tMax: 95 })], { milestones: [5] })
 * ```
 */
export class SequentialLR extends Scheduler {
  static readonly builtIn = 'SequentialLR'

  readonly schedulers: readonly Scheduler[]
  /** What is monitored by the first part that monitors something of a name. */
  get monitor(): string | undefined {
    return this.schedulers.map((each) => (each as { monitor?: string }).monitor).find((name) => name !== undefined)
  }

  readonly milestones: readonly number[]

  /**
   * @throws DTypeError for what is no array of schedules, and other options; MatgradError for schedules of several optimisers, or
   * by epoch and by batch, and unless there is a milestone between each two; ShapeError for milestones that are not in order.
   */
  constructor(schedulers: readonly Scheduler[], options: SequentialOptions, ...more: []) {
    const name = 'SequentialLR'
    checkNoMore(name, 'schedulers, options', more)
    if (!Array.isArray(schedulers) || schedulers.length === 0)
      throw new DTypeError(`${name}: schedulers is ${describe(schedulers)}, wanted an array of schedules`)
    for (const [i, each] of schedulers.entries())
      if (!(each instanceof Scheduler))
        throw new DTypeError(`${name}: schedule ${i} is ${describe(each)}, wanted a Scheduler`)
    const [{ optimizer, by }] = schedulers
    for (const [i, each] of schedulers.entries()) {
      if (each.optimizer !== optimizer)
        throw new MatgradError(`${name}: schedule ${i} has another optimizer, wanted one for all`)
      if (each.by !== by) throw new MatgradError(`${name}: schedule ${i} goes by ${each.by}, wanted ${by} as the first`)
    }
    const { milestones } = readSequence(name, options)
    checkMilestones(name, milestones, 1, 1)
    if (milestones.length !== schedulers.length - 1)
      throw new MatgradError(
        `${name}: got ${milestones.length} milestones, wanted ${schedulers.length - 1}, one between each two schedules`,
      )
    super(optimizer, { by })
    this.schedulers = Object.freeze([...schedulers])
    this.milestones = Object.freeze([...milestones])
    for (const each of schedulers) adopt(each)
  }

  /** Its parts set the rates. */
  protected override rate(_base: number, _t: number, lr: number): number {
    return lr
  }

  protected override enter(t: number, value?: number): void {
    const i = this.milestones.filter((milestone) => milestone <= t).length
    if (t === (i === 0 ? 0 : this.milestones[i - 1])) restart(this.schedulers[i])
    else this.schedulers[i].step(value)
  }

  protected override remembered(): Readonly<Record<string, unknown>> {
    return { schedulers: this.schedulers.map((each) => each.stateDict()) }
  }

  protected override loader(state: SchedulerState): () => void {
    const load = super.loader(state)
    const { schedulers: parts } = state
    if (!Array.isArray(parts) || parts.length !== this.schedulers.length)
      throw new MatgradError(`SequentialLR: the state has other schedules, wanted ${this.schedulers.length}`)
    const loads = this.schedulers.map((each, i) => loaderOf(each, parts[i]))
    return () => {
      for (const each of [load, ...loads]) each()
    }
  }
}
