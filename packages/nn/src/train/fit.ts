import { compile, constant, noGrad, Variable } from '@matgrad/autograd'
import { concat, DTypeError, type Generator, MatgradError, type Matrix } from '@matgrad/core'
import { checkInteger, describe } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import type { Loss } from '../losses.ts'
import { checkModule, type Module } from '../module.ts'
import { checkBound, clipGradNorm } from '../optim/clip.ts'
import { Optimizer } from '../optim/optimizer.ts'
import { Scheduler } from '../optim/schedules.ts'
import { checkDataset, DataLoader, type Dataset } from './data.ts'
import type { Metric } from './metrics.ts'

/** What was measured in an epoch: `loss`, the metrics by name, and for validation data the same with `val` before it. */
export type Logs = Record<string, number>

/** What was measured in every epoch so far, by name. */
export type History = { loss: number[] } & Record<string, number[]>

/** What a callback sees of the training. */
export interface Training {
  readonly model: Module
  readonly optimizer: Optimizer
  readonly epochs: number
  /** Batches in an epoch. */
  readonly batches: number
  readonly history: History
  /** Ends the training after this epoch. */
  stop(): void
}

/** Functions that are called while a model learns; epochs and batches count from 0. */
export interface Callback {
  onTrainBegin?(training: Training): void | Promise<void>
  onEpochBegin?(epoch: number, training: Training): void | Promise<void>
  /** `loss` is the mean over the epoch so far. */
  onBatchEnd?(batch: number, logs: { loss: number }, training: Training): void
  onEpochEnd?(epoch: number, logs: Logs, training: Training): void | Promise<void>
  /** Called however the training ends: after the last epoch, by `stop`, or by an error or the signal. */
  onTrainEnd?(training: Training): void | Promise<void>
}

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
  readonly metrics?: Readonly<Record<string, Metric>>
  /** Makes its step at the end of each epoch: after the validation data are evaluated, before `onEpochEnd`. */
  readonly scheduler?: Scheduler
  /** The most that the norm of all gradients together may be; larger ones are scaled down before the optimiser's step. */
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

/** How long, in milliseconds, training may keep timers, requests and signals waiting. */
const PATIENCE = 100

/** Lets whatever waits for the event loop run. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/**
 * Trains a model: for each batch, the gradient of the loss and a step of the optimiser.
 *
 * @returns the loss and the metrics of every epoch: those of the training data as they were met, during the epoch
 * @throws DTypeError or MatgradError for options that make no sense, before the first step; what the loss, a metric or a
 * callback throws; the signal's reason.
 */
export async function fit(model: Module, data: Dataset | DataLoader, options: FitOptions): Promise<History> {
  checkModule('fit', model)
  if (typeof options !== 'object' || options === null)
    throw new DTypeError(`fit: options is ${describe(options)}, wanted an object with loss, optimizer and epochs`)
  const { loss, optimizer, epochs, batchSize = 32, shuffle = true, generator } = options
  const { validation, metrics = {}, scheduler, clipNorm, callbacks = [], signal, compile: compiles = true } = options
  checkInteger('fit', 'epochs', epochs, 0, Number.MAX_SAFE_INTEGER)
  checkFunctions('fit', { loss })
  checkMetrics('fit', metrics)
  if (!((optimizer as unknown) instanceof Optimizer))
    throw new DTypeError(`fit: optimizer is ${describe(optimizer)}, wanted an Optimizer`)
  if (scheduler !== undefined && !((scheduler as unknown) instanceof Scheduler))
    throw new DTypeError(`fit: scheduler is ${describe(scheduler)}, wanted a Scheduler`)
  if (scheduler && scheduler.optimizer !== optimizer)
    throw new MatgradError('fit: the scheduler has another optimizer, wanted the one that is given')
  if (clipNorm !== undefined) checkBound('fit', 'clipNorm', clipNorm)
  if (!Array.isArray(callbacks)) throw new DTypeError(`fit: callbacks is ${describe(callbacks)}, wanted an array`)
  checkSwitch('fit', compiles)
  if (validation) checkDataset('fit', validation)
  if (validation?.x.rows === 0) throw new MatgradError('fit: the validation data have no rows, wanted at least one')
  const loader =
    data instanceof DataLoader ? data : new DataLoader(data, { batchSize, shuffle, ...(generator && { generator }) })
  if (loader.length === 0) throw new MatgradError('fit: the data have no batch, wanted at least one')

  const history: History = { loss: [] }
  let stopped = false
  const stop = (): void => {
    stopped = true
  }
  const training: Training = { model, optimizer, epochs, batches: loader.length, history, stop }
  const step = ({ x, y }: Dataset): { prediction: Variable; loss: Variable } =>
    trainBatch(x, y, training, loss, clipNorm)
  const train = compiles ? compile(step) : step
  let rested = performance.now()
  signal?.throwIfAborted()
  try {
    for (const callback of callbacks) await callback.onTrainBegin?.(training)
    for (let epoch = 0; epoch < epochs && !stopped; epoch++) {
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch, training)
      const results = new Results(metrics)
      model.train()
      let batch = 0
      for (const samples of loader) {
        signal?.throwIfAborted()
        const { prediction, loss: value } = train(samples)
        results.add(prediction.value, samples.y, value.item())
        for (const callback of callbacks) callback.onBatchEnd?.(batch, { loss: results.loss }, training)
        batch++
        if (performance.now() - rested > PATIENCE) {
          await pause()
          rested = performance.now()
        }
      }
      signal?.throwIfAborted()
      const logs: Logs = results.logs()
      if (validation)
        for (const [name, value] of Object.entries(evaluate(model, validation, { loss, metrics, compile: compiles })))
          logs[`val${name[0].toUpperCase()}${name.slice(1)}`] = value
      scheduler?.step()
      for (const [name, value] of Object.entries(logs)) {
        history[name] ??= []
        history[name].push(value)
      }
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs, training)
    }
  } finally {
    for (const callback of callbacks) await callback.onTrainEnd?.(training)
  }
  return history
}

/** @throws DTypeError unless all are functions. */
function checkFunctions(operation: string, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(functions))
    if (typeof value !== 'function')
      throw new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted a function of predictions and targets`)
}

/** @throws DTypeError unless all are functions; MatgradError for one whose name would hide the loss. */
function checkMetrics(operation: string, metrics: Readonly<Record<string, Metric>>): void {
  checkFunctions(operation, metrics)
  if (Object.hasOwn(metrics, 'loss'))
    throw new MatgradError(`${operation}: a metric is called loss, wanted a name that is not taken`)
}

/** @throws DTypeError unless `compile` is true or false. */
function checkSwitch(operation: string, compile: unknown): void {
  if (typeof compile !== 'boolean')
    throw new DTypeError(`${operation}: compile is ${describe(compile)}, wanted true or false`)
}

/** One step: the gradient of the loss of a batch, scaled down where it is too large, and the optimiser's update. */
function trainBatch(
  x: Matrix,
  y: Matrix,
  { model, optimizer }: Training,
  loss: Loss,
  clipNorm: number | undefined,
): { prediction: Variable; loss: Variable } {
  optimizer.zeroGrad()
  const prediction = model.forward(x)
  const value = loss(prediction, y)
  if (!((value as unknown) instanceof Variable))
    throw new DTypeError(`fit: loss gave ${describe(value)}, wanted a Variable`)
  value.backward()
  if (clipNorm !== undefined) clipGradNorm(model.parameters(), clipNorm)
  optimizer.step()
  return { prediction, loss: value }
}

/** The compiled forward pass of each model that was evaluated. */
const forwards = new WeakMap<Module, (x: Matrix) => Variable>()

/** A model's function of samples, which may overwrite its last result. */
function forwardOf(model: Module, compiles: boolean): (x: Matrix) => Variable {
  if (!compiles) return (x) => model.forward(x)
  const known = forwards.get(model)
  if (known) return known
  const forward = compile((x: Matrix): Variable => model.forward(x))
  forwards.set(model, forward)
  return forward
}

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
    return { ...logs, ...measure(this.metrics, concat(this.predictions, 0), concat(this.targets, 0)) }
  }
}

const measure = (metrics: Readonly<Record<string, Metric>>, prediction: Matrix, target: Matrix): Logs =>
  Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, metric(prediction, target)]))

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

/**
 * The loss over a dataset, if there is one, and metrics by name, with the model out of learning: of all predictions
 * together, so that the size of the batches does not change them.
 */
export function evaluate(
  model: Module,
  data: Dataset | DataLoader,
  { loss, metrics = {}, batchSize = 256, compile: compiles = true }: EvaluateOptions = {},
): Logs {
  checkModule('evaluate', model)
  if (loss !== undefined) checkFunctions('evaluate', { loss })
  checkMetrics('evaluate', metrics)
  checkSwitch('evaluate', compiles)
  const loader = data instanceof DataLoader ? data : new DataLoader(data, { batchSize })
  if (loader.length === 0) throw new MatgradError('evaluate: the data have no batch, wanted at least one')
  return inEvaluation(model, () => {
    const predictions: Matrix[] = []
    const targets: Matrix[] = []
    const forward = forwardOf(model, compiles)
    for (const { x, y } of loader) {
      predictions.push(forward(x).value.clone())
      targets.push(y)
    }
    const [prediction, target] = [concat(predictions, 0), concat(targets, 0)]
    const logs: Logs = loss ? { loss: loss(constant(prediction), target).item() } : {}
    return { ...logs, ...measure(metrics, prediction, target) }
  })
}

/** The model's values for samples, one a row, computed in batches with the model out of learning. */
export function predict(
  model: Module,
  x: Matrix,
  { batchSize = 256, compile: compiles = true }: { batchSize?: number; compile?: boolean } = {},
): Matrix {
  checkModule('predict', model)
  checkMatrices('predict', { x })
  checkInteger('predict', 'batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER)
  checkSwitch('predict', compiles)
  return inEvaluation(model, () => {
    const forward = forwardOf(model, compiles)
    const parts: Matrix[] = []
    for (let start = 0; start === 0 || start < x.rows; start += batchSize)
      parts.push(forward(x.slice(start, Math.min(x.rows, start + batchSize))).value.clone())
    return concat(parts, 0)
  })
}
