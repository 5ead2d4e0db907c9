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
  type Reader,
  readerOf,
  required,
  shorten,
  text,
  whole,
} from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import { type Mode, modeByName } from '../mode.ts'
import { nameOf, nameOfType } from '../names.ts'
import { type LearningRate, type Optimizer, rebase } from './optimizer.ts'
import {
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

/** A number by a function of matrices, which has the same bits everywhere: those of `Math.cos` and `**` are the engine's own. */
const cosine = (x: number): number =>
  matrix([[x]], { dtype: 'float64' })
    .cos()
    .item()
const power = (x: number, y: number): number =>
  matrix([[x]], { dtype: 'float64' })
    .pow(y)
    .item()

/** What throws, in the name of an operation, for a setting that makes no sense. */
type Demand<T> = (operation: string, what: string, value: T) => void

const within =
  (isSensible: (value: number) => boolean, wanted: string): Demand<number> =>
  (operation, what, value) =>
    checkSetting(operation, what, value, isSensible, wanted)
const atLeast =
  (least: number): Demand<number> =>
  (operation, what, value) =>
    checkInteger(operation, what, value, least, Number.MAX_SAFE_INTEGER)
const notNegative = within((value) => value >= 0, '0 or more')
const positive = within((value) => value > 0, 'above 0')
const belowOne = within((value) => value >= 0 && value < 1, '0 or more and below 1')

/** Milestones are whole numbers of at least `least`, each `gap` or more above the one before. */
const inOrder =
  (least: number, gap: number): Demand<readonly number[]> =>
  (operation, _what, milestones) => {
    for (const [i, milestone] of milestones.entries())
      atLeast(i === 0 ? least : milestones[i - 1] + gap)(operation, `milestone ${i}`, milestone)
  }

/** The settings that the constructor of a schedule was given. @throws what `read` and the demands do, and for more arguments */
function settingsOf<Settings extends object>(
  type: { readonly name: string },
  read: Reader<Settings>,
  options: unknown,
  more: readonly unknown[],
  demands: { readonly [Name in keyof Settings]?: Demand<Settings[Name]> },
): Settings {
  const name = nameOfType(type)
  checkNoMore(name, 'optimizer, options', more)
  const settings = read(name, options)
  for (const each of Object.keys(demands) as (keyof Settings & string)[]) demands[each]?.(name, each, settings[each])
  return settings
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

/**
 * lr·gamma where t is a multiple of stepSize: base·gamma^⌊t / stepSize⌋
 *
 * Defaults: gamma 0.1, by 'epoch'.
 *
 * @throws ShapeError unless stepSize is at least 1; MatgradError for a negative gamma; DTypeError for other options.
 */
export class StepLR extends Scheduler {
  static readonly builtIn = 'StepLR'

  declare readonly stepSize: number
  declare readonly gamma: number

  constructor(optimizer: Optimizer, options: StepOptions, ...more: []) {
    const { by, ...own } = settingsOf(new.target, readStep, options, more, { stepSize: atLeast(1), gamma: notNegative })
    super(optimizer, { by })
    Object.assign(this, own)
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

/**
 * lr·gamma where t is one of milestones: base·gammaⁿ after n of them
 *
 * Defaults: gamma 0.1, by 'epoch'.
 *
 * @throws ShapeError for milestones that are negative or not in order; MatgradError for a negative gamma; DTypeError for other
 * options.
 */
export class MultiStepLR extends Scheduler {
  static readonly builtIn = 'MultiStepLR'

  declare readonly milestones: readonly number[]
  declare readonly gamma: number

  constructor(optimizer: Optimizer, options: MultiStepOptions, ...more: []) {
    const { by, ...own } = settingsOf(new.target, readMultiStep, options, more, {
      milestones: inOrder(0, 0),
      gamma: notNegative,
    })
    super(optimizer, { by })
    Object.assign(this, own, { milestones: Object.freeze([...own.milestones]) })
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

/**
 * lr·gamma: base·gammaᵗ
 *
 * Defaults: by 'epoch'.
 *
 * @throws MatgradError for a negative gamma; DTypeError for other options.
 */
export class ExponentialLR extends Scheduler {
  static readonly builtIn = 'ExponentialLR'

  declare readonly gamma: number

  constructor(optimizer: Optimizer, options: ExponentialOptions, ...more: []) {
    const { by, ...own } = settingsOf(new.target, readExponential, options, more, { gamma: notNegative })
    super(optimizer, { by })
    Object.assign(this, own)
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

/**
 * base·(1 − t/steps)^power until t = steps, where it is 0 (PyTorch's total_iters is `steps`)
 *
 * Defaults: power 1, by 'epoch'.
 *
 * @throws ShapeError unless steps is at least 1; MatgradError for a negative power; DTypeError for other options.
 */
export class PolynomialLR extends Scheduler {
  static readonly builtIn = 'PolynomialLR'

  declare readonly steps: number
  declare readonly power: number

  constructor(optimizer: Optimizer, options: PolynomialOptions, ...more: []) {
    const { by, ...own } = settingsOf(new.target, readPolynomial, options, more, {
      steps: atLeast(1),
      power: notNegative,
    })
    super(optimizer, { by })
    Object.assign(this, own)
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
 *
 * Defaults: etaMin 0, by 'epoch'.
 *
 * @throws ShapeError unless tMax is at least 1; MatgradError for a negative etaMin; DTypeError for other options.
 */
export class CosineAnnealingLR extends Scheduler {
  static readonly builtIn = 'CosineAnnealingLR'

  declare readonly tMax: number
  declare readonly etaMin: number

  constructor(optimizer: Optimizer, options: CosineAnnealingOptions, ...more: []) {
    const { by, ...own } = settingsOf(new.target, readCosine, options, more, { tMax: atLeast(1), etaMin: notNegative })
    super(optimizer, { by })
    Object.assign(this, own)
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

/** From 0 no factor leads on. */
const startFactor = within((value) => value > 0 && value <= 1, 'above 0 and at most 1')

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

/**
 * base·(startFactor + (1 − startFactor)·t/steps) until t = steps, where it is base (PyTorch's LinearLR to the end factor 1)
 *
 * Defaults: startFactor 1/3, by 'epoch'.
 *
 * @throws ShapeError unless steps is at least 1; MatgradError unless startFactor is above 0 and at most 1; DTypeError for other
 * options.
 */
export class LinearWarmup extends Scheduler {
  static readonly builtIn = 'LinearWarmup'

  declare readonly steps: number
  declare readonly startFactor: number

  constructor(optimizer: Optimizer, options: LinearWarmupOptions, ...more: []) {
    const { by, ...own } = settingsOf(new.target, readWarmup, options, more, { steps: atLeast(1), startFactor })
    super(optimizer, { by })
    Object.assign(this, own)
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

/** What a function gives at t. @throws DTypeError unless it is a number; MatgradError unless it is finite and 0 or more. */
function factorOf(operation: string, lambda: (t: number) => number, t: number): number {
  const factor = lambda(t)
  notNegative(operation, `lambda(${t})`, factor)
  return factor
}

/**
 * base·lambda(t). Snapshots are without the function, which is called for t = 0 at once, so that one that gives no rate is refused.
 *
 * Defaults: by 'epoch'.
 *
 * @throws DTypeError where lambda gives no number for 0, and for other options; MatgradError where it is negative or not finite.
 */
export class LambdaLR extends Scheduler {
  static readonly builtIn = 'LambdaLR'

  declare readonly lambda: (t: number) => number

  constructor(optimizer: Optimizer, options: LambdaLROptions, ...more: []) {
    const { by, ...own } = settingsOf(new.target, readLambda, options, more, {
      lambda: (operation, _what, lambda) => void factorOf(operation, lambda, 0),
    })
    super(optimizer, { by })
    Object.assign(this, own)
  }

  protected override rate(base: number, t: number): number {
    return base * factorOf(nameOf(this), this.lambda, t)
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

/**
 * A part of the cycle, which ends with a step; rates are multiples of the largest, and the momentum is the largest where it is 1.
 */
interface Phase {
  readonly end: number
  readonly lr: number
  readonly momentum: number
}

/**
 * The 1cycle policy (Smith & Topin 2018) by PyTorch's rule: from maxLr/divFactor up to maxLr in pctStart·totalSteps steps, and
 * down to maxLr/divFactor/finalDivFactor in the others, along cosines or straight lines; momentum goes the other way.
 * The last rate holds after totalSteps − 1 steps. The first is what schedules of the optimiser that are made later start from.
 *
 * Defaults: pctStart 0.3, annealStrategy 'cos', cycleMomentum true, baseMomentum 0.85, maxMomentum 0.95, divFactor 25,
 * finalDivFactor 1e4, threePhase false, by 'batch'.
 *
 * @throws ShapeError unless totalSteps is at least 1; MatgradError for an optimiser without momentum or betas if momentum is to
 * change, another number of rates than groups, and numbers that make no sense; DTypeError for other options.
 */
export class OneCycleLR extends Scheduler {
  static readonly builtIn = 'OneCycleLR'

  readonly totalSteps: number
  private readonly phases: readonly Phase[]
  private readonly isCosine: boolean
  private readonly momenta: readonly [least: number, largest: number] | null

  constructor(optimizer: Optimizer, options: OneCycleOptions, ...more: []) {
    const name = nameOfType(new.target)
    const { maxLr, totalSteps, pctStart, annealStrategy, cycleMomentum, by, ...given } = settingsOf(
      new.target,
      readCycle,
      options,
      more,
      {
        totalSteps: atLeast(1),
        pctStart: within((value) => value >= 0 && value <= 1, '0 to 1'),
        baseMomentum: belowOne,
        maxMomentum: belowOne,
        divFactor: positive,
        finalDivFactor: positive,
        maxLr(operation, what, rates) {
          for (const lr of [rates].flat() as number[]) notNegative(operation, what, lr)
        },
      },
    )
    const { baseMomentum, maxMomentum, divFactor, finalDivFactor, threePhase } = given
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
    rebase(
      optimizer,
      this.baseLrs.map((lr) => lr / divFactor),
    )
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
 *
 * Defaults: mode by the monitor's name or 'min', factor 0.1, patience 10, threshold 1e-4, thresholdMode 'rel', cooldown 0,
 * minLr 0, eps 1e-8, by 'epoch'.
 *
 * @throws MatgradError unless factor is from 0 and below 1, for a negative threshold, minLr or eps, and for a monitor whose
 * name does not say what is better, without a mode; ShapeError for a negative patience or cooldown; DTypeError for other
 * options.
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

  constructor(optimizer: Optimizer, options?: ReduceLROnPlateauOptions, ...more: []) {
    const name = nameOfType(new.target)
    const settings = settingsOf(new.target, readPlateau, options, more, {
      factor: belowOne,
      patience: atLeast(0),
      cooldown: atLeast(0),
      threshold: notNegative,
      minLr: notNegative,
      eps: notNegative,
    })
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
    for (const [what, count] of Object.entries({ badEpochs, cooldownLeft }))
      atLeast(0)('ReduceLROnPlateau', what, count)
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
 * One schedule after another, each from the rates that it began with and its own t = 0: at a milestone the next one takes over. The
 * first one begins with those that the optimiser's schedules start from at last, OneCycleLR's if it is among them (PyTorch's rule).
 * Warm-up and a cosine, say:
 *
 * ```ts
 * new SequentialLR([new LinearWarmup(optimizer, { steps: 5 }), new CosineAnnealingLR(optimizer, { tMax: 95 })], { milestones: [5] })
 * ```
 *
 * @throws DTypeError for what is no array of schedules, and other options; MatgradError for schedules of several optimisers, or
 * by epoch and by batch, and unless there is a milestone between each two; ShapeError for milestones that are not in order.
 */
export class SequentialLR extends Scheduler {
  static readonly builtIn = 'SequentialLR'

  readonly schedulers: readonly Scheduler[]
  /** What is monitored by the first part that monitors something of a name. */
  get monitor(): string | undefined {
    return this.schedulers.map((each) => (each as { monitor?: string }).monitor).find((name) => name !== undefined)
  }

  readonly milestones: readonly number[]

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
      if (each.by === by) continue
      const all = `by: '${each.by}' in the options of all, with milestones in ${each.by === 'epoch' ? 'epochs' : 'batches'}`
      throw new MatgradError(
        `${name}: schedule ${i}, ${nameOf(each)}, goes by ${each.by}, schedule 0, ${nameOf(schedulers[0])}, by ${by}, wanted ${all}, or ` +
          `by: '${by}'`,
      )
    }
    const { milestones } = readSequence(name, options)
    inOrder(1, 1)(name, 'milestones', milestones)
    if (milestones.length !== schedulers.length - 1)
      throw new MatgradError(
        `${name}: got ${milestones.length} milestones, wanted ${schedulers.length - 1}, one between each two schedules`,
      )
    super(optimizer, { by })
    this.schedulers = Object.freeze([...schedulers])
    this.milestones = Object.freeze([...milestones])
  }

  /** Its parts set the rates. */
  protected override rate(_base: number, _t: number, lr: number): number {
    return lr
  }

  protected override enter(t: number, value?: number): void {
    const i = this.milestones.filter((milestone) => milestone <= t).length
    if (t === 0) restart(this.schedulers[0], this.baseLrs)
    else if (t === this.milestones[i - 1]) restart(this.schedulers[i])
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
