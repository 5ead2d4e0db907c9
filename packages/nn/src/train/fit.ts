import { constant, noGrad, Variable } from '@matgrad/autograd'
import { concat, DTypeError, type Generator, MatgradError, type Matrix } from '@matgrad/core'
import {
  anything,
  checkInteger,
  describe,
  flag,
  generatorOption,
  isPlain,
  kind,
  number,
  readerOf,
  required,
  whole,
} from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import type { Loss } from '../losses.ts'
import { checkModule, type Module } from '../module.ts'
import { checkBound } from '../optim/clip.ts'
import { Optimizer } from '../optim/optimizer.ts'
import { Scheduler } from '../optim/schedules.ts'
import { type Callback, checkCallbacks, type History, type Training, throwFirst } from './callbacks.ts'
import { batchesOf, checkDataset, DataLoader, type Dataset, isPlainLoader } from './data.ts'
import { checkMetrics, type Logs, type Metric, measure, nameOfValidation } from './metrics.ts'
import { passOf, TrainingStep } from './step.ts'

export interface FitOptions {
  readonly loss: Loss
  readonly optimizer: Optimizer
  readonly epochs: number
  /** Used, with `shuffle`, when the data are not a DataLoader, which has its own. */
  readonly batchSize?: number
  readonly shuffle?: boolean
  readonly generator?: Generator
  /** Evaluated after each epoch. */
  readonly validation?: Dataset
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
  readonly signal?: AbortSignal
}

const lossKind = kind<Loss>('a function of predictions and targets', (value) => typeof value === 'function')
const metricsKind = kind<Readonly<Record<string, Metric>>>('functions by name', isPlain)

const readFit = readerOf({
  loss: required(lossKind()),
  optimizer: required(kind<Optimizer>('an Optimizer', (value) => value instanceof Optimizer)()),
  epochs: required(whole()),
  batchSize: whole(32),
  shuffle: flag(true),
  generator: generatorOption(),
  validation: anything<Dataset | undefined>(undefined),
  metrics: metricsKind({}),
  scheduler: kind<Scheduler>('a Scheduler', (value) => value instanceof Scheduler)(),
  clipNorm: number(),
  callbacks: kind<readonly Callback[]>('an array', Array.isArray)([]),
  compile: flag(true),
  signal: kind<AbortSignal>(
    'an AbortSignal',
    (value) => typeof (value as AbortSignal | null)?.throwIfAborted === 'function',
  )(),
})

/** How long, in milliseconds, training may keep timers, requests and signals waiting. */
const PATIENCE = 100

/** Lets whatever waits for the event loop run. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/**
 * Trains a model: for each batch, the gradient of the loss and a step of the optimiser.
 *
 * @returns the loss and the metrics of every epoch: those of the training data as they were met, during the epoch
 * @throws DTypeError or MatgradError for options that make no sense, before the first step, and for a metric that gives no
 * number; what the loss, a metric or a callback throws; the signal's reason. Of several errors it is the first: what
 * `onTrainEnd` throws after it is in its `suppressed`.
 */
export async function fit(model: Module, data: Dataset | DataLoader, options: FitOptions): Promise<History> {
  checkModule('fit', model)
  const settings = readFit('fit', options)
  const { loss, optimizer, epochs, batchSize, shuffle, generator, compile: compiles } = settings
  const { validation, scheduler, clipNorm, callbacks, signal } = settings
  // The history has a list for each from the start.
  const metrics = { ...settings.metrics }
  checkInteger('fit', 'epochs', epochs, 0, Number.MAX_SAFE_INTEGER)
  checkMetrics('fit', metrics)
  if (scheduler && scheduler.optimizer !== optimizer)
    throw new MatgradError('fit: the scheduler has another optimizer, wanted the one that is given')
  if (clipNorm !== undefined) checkBound('fit', 'clipNorm', clipNorm)
  checkCallbacks('fit', callbacks)
  if (validation !== undefined) checkDataset('fit: validation', validation)
  if (validation?.x.rows === 0) throw new MatgradError('fit: the validation data have no rows, wanted at least one')
  const loader =
    data instanceof DataLoader ? data : new DataLoader(data, { batchSize, shuffle, ...(generator && { generator }) })
  if (loader.length === 0) throw new MatgradError('fit: the data have no batch, wanted at least one')

  const names = ['loss', ...Object.keys(metrics)]
  const history = Object.fromEntries(
    [...names, ...(validation ? names.map(nameOfValidation) : [])].map((name) => [name, []]),
  ) as unknown as History
  let stopped = false
  const stop = (): void => {
    stopped = true
  }
  const training: Training = { model, optimizer, epochs, batches: loader.length, history, stop }
  const step = new TrainingStep(model, optimizer, loss, clipNorm)
  const isWatched = callbacks.length > 0 || names.length > 1 || scheduler !== undefined || validation !== undefined
  let rested = performance.now()
  /** Whether nobody's code runs between two batches. */
  const isQuiet = (): boolean => isPlainLoader(loader) && (!signal || isPlainSignal(signal))
  let isPlain = isQuiet()
  signal?.throwIfAborted()
  const errors: unknown[] = []
  try {
    for (const callback of callbacks) await callback.onTrainBegin?.(training)
    for (let epoch = 0; epoch < epochs && !stopped; epoch++) {
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch, training)
      if (stopped) break
      const results = new Results(metrics)
      model.train()
      if (isWatched) {
        step.giveBack()
        isPlain = isQuiet()
      }
      let batch = 0
      for (const samples of isPlain && step.isKnown ? batchesOf(loader, true) : loader) {
        signal?.throwIfAborted()
        const { x, y } = samples
        if (!isPlain) step.giveBack(x, y)
        const { prediction, loss: value } = compiles ? step.run(x, y) : step.asItIs(x, y)
        results.add(prediction.value, y, value.item())
        let isCalled = false
        for (const callback of callbacks) {
          if (!('onBatchEnd' in callback)) continue
          isCalled = true
          const result: unknown = callback.onBatchEnd?.(batch, { loss: results.loss }, training)
          // To wait for nothing takes longer than many a step.
          if (isPromise(result)) await result
        }
        if (isCalled) step.giveBack()
        if (stopped) break
        batch++
        if (performance.now() - rested > PATIENCE) {
          await pause()
          step.giveBack()
          isPlain = isQuiet()
          rested = performance.now()
        }
      }
      signal?.throwIfAborted()
      const logs: Logs = results.logs()
      if (validation)
        for (const [name, value] of Object.entries(evaluate(model, validation, { loss, metrics, compile: compiles })))
          logs[nameOfValidation(name)] = value
      scheduler?.step()
      for (const [name, value] of Object.entries(logs)) history[name].push(value)
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs, training)
    }
    signal?.throwIfAborted()
  } catch (error) {
    errors.push(error)
  }
  for (const callback of callbacks)
    try {
      await callback.onTrainEnd?.(training)
    } catch (error) {
      errors.push(error)
    }
  throwFirst(errors)
  return history
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'

/** Whether asking a signal runs nobody's code. */
const isPlainSignal = (signal: AbortSignal): boolean =>
  Object.getPrototypeOf(signal) === AbortSignal.prototype && !Object.hasOwn(signal, 'throwIfAborted')

/** The mean loss of the samples seen so far, and what metrics need of them. */
class Results {
  private readonly metrics: Readonly<Record<string, Metric>>
  private readonly predictions: Matrix[] = []
  private readonly targets: Matrix[] = []
  private total = 0
  private samples = 0

  constructor(metrics: Readonly<Record<string, Metric>>) {
    this.metrics = metrics
  }

  add(prediction: Matrix, target: Matrix, loss: number): void {
    this.total += loss * target.rows
    this.samples += target.rows
    if (Object.keys(this.metrics).length === 0) return
    // The next step overwrites it.
    this.predictions.push(prediction.clone())
    this.targets.push(target)
  }

  get loss(): number {
    return this.total / this.samples
  }

  logs(): Logs {
    const logs: Logs = { loss: this.loss }
    if (this.predictions.length === 0) return logs
    return { ...logs, ...measure('fit', this.metrics, concat(this.predictions, 0), concat(this.targets, 0)) }
  }
}

/** The result of `run` with all parts of the model out of learning; each goes back to what it was. */
function inEvaluation<T>(model: Module, run: () => T): T {
  const states = [...model.modules()].map((module) => [module, module.training] as const)
  model.eval()
  try {
    return noGrad(run)
  } finally {
    for (const [module, training] of states) module.training = training
  }
}

export interface EvaluateOptions {
  readonly loss?: Loss
  readonly metrics?: Readonly<Record<string, Metric>>
  readonly batchSize?: number
  /** Whether to compile the forward pass, as unless false. */
  readonly compile?: boolean
}

const readEvaluate = readerOf({
  loss: lossKind(),
  metrics: metricsKind({}),
  batchSize: whole(256),
  compile: flag(true),
})

/**
 * The loss over a dataset, if there is one, and metrics by name, with the model out of learning: of all predictions
 * together, so that the size of the batches does not change them.
 *
 * @throws DTypeError or MatgradError for options that make no sense, and a metric that gives no number; what they throw.
 */
export function evaluate(model: Module, data: Dataset | DataLoader, options?: EvaluateOptions): Logs {
  checkModule('evaluate', model)
  const { loss, metrics, batchSize, compile: compiles } = readEvaluate('evaluate', options)
  checkMetrics('evaluate', metrics)
  const loader = data instanceof DataLoader ? data : new DataLoader(data, { batchSize })
  if (loader.length === 0) throw new MatgradError('evaluate: the data have no batch, wanted at least one')
  return inEvaluation(model, () => {
    const predictions: Matrix[] = []
    const targets: Matrix[] = []
    const isPlain = isPlainLoader(loader)
    let forward = passOf('evaluate', model, compiles)
    for (const { x, y } of loader) {
      // Whoever gives the batches may have changed the model.
      if (!isPlain) forward = passOf('evaluate', model, compiles)
      predictions.push(forward(x).value.clone())
      targets.push(y)
    }
    const [prediction, target] = [concat(predictions, 0), concat(targets, 0)]
    const logs: Logs = {}
    if (loss) {
      const value: unknown = loss(constant(prediction), target)
      if (!(value instanceof Variable))
        throw new DTypeError(`evaluate: loss gave ${describe(value)}, wanted a Variable`)
      logs.loss = value.item()
    }
    return { ...logs, ...measure('evaluate', metrics, prediction, target) }
  })
}

const readPredict = readerOf({ batchSize: whole(256), compile: flag(true) })

/** The model's values for samples, one a row, computed in batches with the model out of learning. */
export function predict(model: Module, x: Matrix, options?: { batchSize?: number; compile?: boolean }): Matrix {
  checkModule('predict', model)
  checkMatrices('predict', { x })
  const { batchSize, compile: compiles } = readPredict('predict', options)
  checkInteger('predict', 'batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER)
  return inEvaluation(model, () => {
    const forward = passOf('predict', model, compiles)
    const parts: Matrix[] = []
    for (let start = 0; start === 0 || start < x.rows; start += batchSize)
      parts.push(forward(x.slice(start, Math.min(x.rows, start + batchSize))).value.clone())
    return concat(parts, 0)
  })
}
