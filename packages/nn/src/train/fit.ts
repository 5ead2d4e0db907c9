import { type Generator, MatgradError } from '@matgrad/core'
import {
  anything,
  checkInteger,
  checkNoMore,
  flag,
  generatorOption,
  kind,
  number,
  readerOf,
  required,
  whole,
} from '@matgrad/core/internal'
import type { Loss } from '../losses.ts'
import { checkModule, type Module } from '../module.ts'
import { checkBound } from '../optim/clip.ts'
import { Optimizer } from '../optim/optimizer.ts'
import { Scheduler } from '../optim/schedules.ts'
import { Batches } from './batches.ts'
import { checkBeforehand, inValidation } from './beforehand.ts'
import { type Callback, checkCallbacks, type History, type Training, throwFirst } from './callbacks.ts'
import { checkDataset, DataLoader, type Dataset, isPlainLoader } from './data.ts'
import { EVALUATED, Evaluation } from './evaluate.ts'
import { checkMetrics, isCounted, type Measured, Measurement, type Metric, nameOfValidation } from './metrics.ts'
import { lossOption, metricsOption } from './options.ts'
import { type StepResult, stepOf } from './step.ts'

/** An AbortSignal, whether or not a program has types for it. */
export interface StopSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
}

export interface FitOptions {
  readonly loss: Loss
  readonly optimizer: Optimizer
  readonly epochs: number
  /** Used, with `shuffle`, when the data are not a DataLoader, which has its own. */
  readonly batchSize?: number
  readonly shuffle?: boolean
  /**
   * Draws the order of the samples, as the default generator does when absent. Trainings that run at the same time and share a
   * generator draw from it in an order that depends on the clock, and so have other results every time: give each its own, and
   * each layer that draws, such as Dropout, too.
   */
  readonly generator?: Generator
  /** Evaluated after each epoch. */
  readonly validation?: Dataset | DataLoader
  /** Numbers for each epoch, by names that differ from `loss` and from one another with and without `val` before them. */
  readonly metrics?: Readonly<Record<string, Metric>>
  /** Makes its step at the end of each epoch: after the validation data are evaluated, before `onEpochEnd`. */
  readonly scheduler?: Scheduler
  /**
   * The most that the norm of the gradients of all the optimiser's parameters together may be; larger ones are scaled down
   * before its step.
   */
  readonly clipNorm?: number
  readonly callbacks?: readonly Callback[]
  /**
   * Whether to compile the training step, as unless false. It is needed where the loss or the model looks at numbers while
   * it computes; the results are the same bits.
   */
  readonly compile?: boolean
  /** Ends the training after the current step; `fit` then rejects with its reason. */
  readonly signal?: StopSignal
}

const readFit = readerOf({
  loss: required(lossOption()),
  optimizer: required(kind<Optimizer>('an Optimizer', (value) => value instanceof Optimizer)()),
  epochs: required(whole()),
  batchSize: whole(32),
  shuffle: flag(true),
  generator: generatorOption(),
  validation: anything<Dataset | DataLoader | undefined>(undefined),
  metrics: metricsOption({}),
  scheduler: kind<Scheduler>('a Scheduler', (value) => value instanceof Scheduler)(),
  clipNorm: number(),
  callbacks: kind<readonly Callback[]>('an array', Array.isArray)([]),
  compile: flag(true),
  signal: kind<StopSignal>(
    'an AbortSignal',
    (value) => typeof (value as AbortSignal | null)?.throwIfAborted === 'function',
  )(),
})

/** How long, in milliseconds, training may keep timers, requests and signals waiting. */
const PATIENCE = 100
/** About so often, in milliseconds, the time is asked for, which takes as long as a small step. */
const GLANCE = 5
/** At most so many steps are made without asking, since one may take longer than those before. */
const MOST_UNASKED = 1024

/** Tells when training has kept others waiting long enough. */
class Clock {
  private started = 0
  private asked = 0
  /** How many steps are made between two questions, and how many are left. */
  private steps = 1
  private left = 1

  constructor() {
    this.start()
  }

  start(): void {
    // Not `performance`, which Node loads when it is first used. Somebody may set back the time of day.
    this.started = Date.now()
    this.asked = this.started
  }

  /** Asked after each step. */
  isDue(): boolean {
    if (--this.left > 0) return false
    const now = Date.now()
    this.steps =
      Math.abs(now - this.asked) < GLANCE ? Math.min(2 * this.steps, MOST_UNASKED) : Math.max(1, this.steps >> 1)
    this.left = this.steps
    this.asked = now
    return Math.abs(now - this.started) > PATIENCE
  }
}

/** Lets whatever waits for the event loop run. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** How the validation data are gone through. */
function loaderOfValidation(validation: Dataset | DataLoader): DataLoader {
  if (!(validation instanceof DataLoader)) checkDataset('fit: validation', validation)
  const loader = validation instanceof DataLoader ? validation : new DataLoader(validation, { batchSize: EVALUATED })
  if (loader.length === 0) throw new MatgradError('fit: the validation data have no batch, wanted at least one')
  return loader
}

/** What `fit` was asked for. @throws DTypeError or MatgradError for what makes no sense. */
function planOf(model: Module, data: Dataset | DataLoader, options: FitOptions) {
  checkModule('fit', model)
  const settings = readFit('fit', options)
  const { optimizer, epochs, batchSize, shuffle, generator, validation, scheduler, clipNorm, callbacks } = settings
  // The history has a list for each from the start.
  const metrics = { ...settings.metrics }
  checkInteger('fit', 'epochs', epochs, 0, Number.MAX_SAFE_INTEGER)
  checkMetrics('fit', metrics)
  if (scheduler && scheduler.optimizer !== optimizer)
    throw new MatgradError('fit: the scheduler has another optimizer, wanted the one that is given')
  if (clipNorm !== undefined) checkBound('fit', 'clipNorm', clipNorm)
  checkCallbacks('fit', callbacks)
  const validating = validation === undefined ? undefined : loaderOfValidation(validation)
  if (!(data instanceof DataLoader)) checkDataset('fit', data)
  const loader =
    data instanceof DataLoader ? data : new DataLoader(data, { batchSize, shuffle, ...(generator && { generator }) })
  if (loader.length === 0) throw new MatgradError('fit: the data have no batch, wanted at least one')
  if (epochs > 0) checkBeforehand({ model, optimizer, loss: settings.loss, metrics, loader, validation: validating })
  const evaluation =
    validating &&
    new Evaluation('evaluate', model, validating, { loss: settings.loss, metrics, compiles: settings.compile }, true)
  const names = ['loss', ...Object.keys(metrics)]
  const namesOfValidation = new Map(names.map((name) => [name, nameOfValidation(name)]))
  const listed = [...names, ...(validation ? namesOfValidation.values() : [])].map((name) => [name, []] as const)
  const history = Object.fromEntries(listed) as unknown as History
  const hasOthers = scheduler !== undefined || !isCounted(metrics)
  /** Whether somebody's code runs between two epochs. There may be callbacks that were not there at the start. */
  const isWatched = (): boolean => hasOthers || callbacks.length > 0
  return { ...settings, metrics, loader, evaluation, namesOfValidation, history, isWatched }
}

/**
 * Trains a model: for each batch, the gradient of the loss and a step of the optimiser. Timers, requests and signals wait for
 * it, for about a tenth of a second at a time: a callback that awaits something lets them have their turn earlier.
 *
 * @returns the loss and the metrics of every epoch: those of the training data as they were met, during the epoch
 * @throws DTypeError or MatgradError for options that make no sense, before the first step, and for a metric that gives no
 * number; ShapeError or DTypeError, before it too, for batches and targets, of the validation as well, that layers and losses of
 * this package will not take, and MatgradError for an optimiser without any parameter of the model; what the loss, a metric or a callback throws; the signal's reason. Of several errors it is the first: what
 * `onTrainEnd` throws after it is in its `suppressed`.
 */
export async function fit(
  model: Module,
  data: Dataset | DataLoader,
  options: FitOptions,
  ...more: []
): Promise<History> {
  checkNoMore('fit', 'model, data, options', more)
  const { loader, evaluation, namesOfValidation, history, isWatched, ...settings } = planOf(model, data, options)
  const { loss, optimizer, epochs, compile, metrics, scheduler, callbacks, signal } = settings
  let stopped = false
  const stop = (): void => {
    stopped = true
  }
  const training: Training = { model, optimizer, epochs, batches: loader.length, history, stop }
  const step = stepOf(model, settings)
  const batches = new Batches('fit', loader, compile ? (data) => step.copyOf(data) : null)
  const isKnown = (): boolean => step.isKnown
  const clock = new Clock()
  /** Whether nobody's code runs between two batches. */
  let isPlain = false
  /** Whether others had control since the epoch began, and may have changed anything. */
  let wasGiven = true
  const giveBack = (): void => {
    step.giveBack()
    batches.giveBack()
  }
  const isQuiet = (): boolean =>
    isPlainLoader(loader) && !step.changes(loader.dataset) && (!signal || isPlainSignal(signal))
  signal?.throwIfAborted()
  const errors: unknown[] = []
  // There is no `await` where control need not be given away: whoever gets it may change anything.
  try {
    for (const callback of callbacks) await callback.onTrainBegin?.(training)
    for (let epoch = 0; epoch < epochs && !stopped; epoch++) {
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch, training)
      if (stopped) break
      const results = new Seen(loss, metrics)
      if (isWatched() || wasGiven || !isPlain || !step.isKnown) {
        model.train()
        giveBack()
        isPlain = isQuiet()
        wasGiven = false
      }
      let batch = 0
      for (const samples of isPlain && step.isKnown ? batches.pass(isKnown) : loader) {
        signal?.throwIfAborted()
        if (!isPlain) step.giveBack(samples)
        results.add(step.run(samples))
        if (callbacks.some(hasBatchEnd)) {
          for (const result of endBatch(callbacks, batch, results, training)) await result
          giveBack()
        }
        if (stopped) break
        batch++
        if (clock.isDue()) {
          await pause()
          wasGiven = true
          giveBack()
          isPlain = isQuiet()
          clock.start()
        }
      }
      signal?.throwIfAborted()
      const measured = results.measured()
      if (evaluation) {
        const validated = inValidation(() => evaluation.run(isWatched() || wasGiven || !isPlain || !step.isKnown))
        for (const [name, value] of validated) measured.push([namesOfValidation.get(name) as string, value])
        if (!evaluation.isAlone) wasGiven = true
      }
      scheduler?.step()
      for (const [name, value] of measured) history[name].push(value)
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, Object.fromEntries(measured), training)
    }
    signal?.throwIfAborted()
  } catch (error) {
    errors.push(error)
  }
  step.rest()
  for (const callback of callbacks)
    try {
      await callback.onTrainEnd?.(training)
    } catch (error) {
      errors.push(error)
    }
  throwFirst(errors)
  return history
}

const hasBatchEnd = (callback: Callback): boolean => 'onBatchEnd' in callback

/** Ends a batch for all callbacks; gives what they make one wait for, as to wait for nothing takes longer than many a step. */
function* endBatch(
  callbacks: readonly Callback[],
  batch: number,
  { loss }: Seen,
  training: Training,
): Iterable<PromiseLike<unknown>> {
  for (const callback of callbacks) {
    const result: unknown = callback.onBatchEnd?.(batch, { loss }, training)
    if (isPromise(result)) yield result
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'

const { throwIfAborted } = AbortSignal.prototype

/** Whether asking a signal runs nobody's code. */
const isPlainSignal = (signal: StopSignal): boolean =>
  Object.getPrototypeOf(signal) === AbortSignal.prototype && signal.throwIfAborted === throwIfAborted

/** The mean loss of the samples seen so far, and what metrics say of them. */
class Seen {
  private readonly measurement: Measurement
  private total = 0
  private samples = 0

  constructor(loss: Loss, metrics: Readonly<Record<string, Metric>>) {
    this.measurement = new Measurement('fit', loss, metrics)
  }

  add({ prediction, target, loss }: StepResult): void {
    this.total += loss.value.item() * target.rows
    this.samples += target.rows
    this.measurement.add(prediction.value, target)
  }

  get loss(): number {
    return this.total / this.samples
  }

  measured(): Measured[] {
    return [['loss', this.loss], ...this.measurement.results()]
  }
}
