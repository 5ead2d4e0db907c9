import { type Generator, MatgradError, Matrix } from '@matgrad/core'
import {
  anything,
  checkInteger,
  didYouMean,
  flag,
  generatorOption,
  isOfAnotherCopy,
  isPlain,
  kind,
  listNames,
  number,
  readerOf,
  required,
  shorten,
  suggestion,
  whole,
} from '@matgrad/core/internal'
import type { Loss } from '../losses.ts'
import type { Metric } from '../metrics/metric.ts'
import { checkModule, type Module } from '../module.ts'
import { nameOf } from '../names.ts'
import { checkBound } from '../optim/clip.ts'
import { beginSchedules, Optimizer } from '../optim/optimizer.ts'
import { Scheduler } from '../optim/scheduler.ts'
import { SequentialLR } from '../optim/schedules.ts'
import { checkBeforehand } from './beforehand.ts'
import { type Callback, checkCallbacks } from './callbacks.ts'
import { type Checkpoint, checkPass, checkResume } from './checkpoint.ts'
import { checkDataset, DataLoader, type Dataset, isPlainLoader } from './data.ts'
import { EVALUATED, Evaluation } from './evaluate.ts'
import { isPromise } from './given.ts'
import type { History, Metrics, Validation } from './history.ts'
import { checkMetrics, nameOfValidation } from './metrics.ts'
import { lossOption, metricsOption } from './options.ts'
import { type ClassWeight, isWeights, ofClasses, ofSamples, type SampleWeight, withWeights } from './weights.ts'

/** An AbortSignal, whether or not a program has types for it. */
export interface StopSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
}

/** What to train with: samples, a loader of batches, or batches that come one after another, again in each epoch. */
export type TrainingData = Dataset | DataLoader | Iterable<Dataset> | AsyncIterable<Dataset>

export interface FitOptions<
  M extends object = Metrics,
  V extends Validation = Validation,
  S extends number | undefined = number | undefined,
> {
  readonly loss: Loss
  readonly optimizer: Optimizer
  /** How many epochs the training has, those before `initialEpoch` counted. */
  readonly epochs: number
  /** The number of the first epoch: what was trained before, as in Keras. @default 0 */
  readonly initialEpoch?: number
  /** Goes on where a checkpoint was made, as if it had not been interrupted: with the batch after it, and its history. */
  readonly resume?: Checkpoint | undefined
  /** How many samples a batch has, where the data are neither a DataLoader nor batches. @default 32 */
  readonly batchSize?: number
  /** Whether every epoch goes through the samples in a new random order, where the data are no DataLoader. @default true */
  readonly shuffle?: boolean
  /**
   * Draws the order of the samples, as the default generator does when absent. Trainings that run at the same time and share a
   * generator draw from it in an order that depends on the clock, and so have other results every time: give each its own, and
   * each layer that draws, such as Dropout, too.
   */
  readonly generator?: Generator
  /** Evaluated after each epoch. */
  readonly validation?: V
  /** Which part of the samples, the last of them, is evaluated after each epoch and not trained with, as in Keras: 0.2, say. */
  readonly validationSplit?: S
  /**
   * Numbers for each epoch, by names that differ from `loss` and from one another with and without `val` before them.
   *
   * @default {}
   */
  readonly metrics?: { readonly [Name in keyof M]: Metric }
  /**
   * How much each sample counts, nx1: the loss of a batch is Σ wᵢ·lᵢ / n, as in Keras. The loss gets { reduction: 'none' } as
   * its third argument, which those of this package know. Rows of its `ignoreIndex` do not count in n, and their class wants no
   * weight. Weights and targets are those that there are when the training begins.
   */
  readonly sampleWeight?: SampleWeight
  /**
   * How much the samples of each class count: a number for each, an object in which absent ones have 1, or 'balanced', by which all
   * classes count as much (scikit-learn's n / (k·rows of the class)). Targets are class indices nx1, one-hot or probabilities of
   * classes that exclude each other: other rows have no class to weigh.
   */
  readonly classWeight?: ClassWeight
  /**
   * Makes its step at the end of each epoch, after the validation data are evaluated and before `onEpochEnd`, or after each batch,
   * as its `by` says. Of several each makes its own.
   */
  readonly scheduler?: Scheduler | readonly Scheduler[]
  /**
   * The most that the norm of the gradients of all the optimiser's parameters together may be; larger ones are scaled down
   * before its step.
   */
  readonly clipNorm?: number
  /** Whether a loss that is NaN or infinite ends the training with a TrainingError. @default true */
  readonly stopOnNaN?: boolean
  /** Called while the model learns, in their order. @default [] */
  readonly callbacks?: readonly Callback[]
  /**
   * Whether to compile the training step. False is needed where the loss or the model looks at numbers while
   * it computes; the results are the same bits. @default true
   */
  readonly compile?: boolean
  /** Ends the training after the current step; `fit` then rejects with its reason, which has the history so far. */
  readonly signal?: StopSignal
}

const isScheduler = (value: unknown): boolean => value instanceof Scheduler

const readFit = readerOf({
  loss: required(lossOption()),
  optimizer: required(kind<Optimizer>('an Optimizer', (value) => value instanceof Optimizer)()),
  epochs: required(whole()),
  initialEpoch: whole(),
  resume: kind<Checkpoint>('what loadCheckpoint gives', (value) => isPlain(value) && 'progress' in value)(),
  batchSize: whole(32),
  shuffle: flag(true),
  generator: generatorOption(),
  validation: anything<Validation>(undefined),
  validationSplit: number(),
  metrics: metricsOption({}),
  sampleWeight: kind<SampleWeight>('a column or an array of numbers', isWeights)(),
  classWeight: kind<ClassWeight>(
    "'balanced', or a row, an array or an object of numbers",
    (value) => value === 'balanced' || isWeights(value),
  )(),
  scheduler: kind<Scheduler | readonly Scheduler[]>(
    'a Scheduler or an array of them',
    (value) => isScheduler(value) || (Array.isArray(value) && value.every(isScheduler)),
  )(),
  clipNorm: number(),
  stopOnNaN: flag(true),
  callbacks: kind<readonly Callback[]>('an array', Array.isArray)([]),
  compile: flag(true),
  signal: kind<StopSignal>(
    'an AbortSignal',
    (value) => typeof (value as AbortSignal | null)?.throwIfAborted === 'function',
  )(),
})

/** Whether data are batches that come one after another. */
const isStream = (data: unknown): data is Iterable<Dataset> | AsyncIterable<Dataset> =>
  typeof data === 'object' &&
  data !== null &&
  !(data instanceof Matrix) &&
  !isOfAnotherCopy(data) &&
  (Symbol.asyncIterator in data || (Symbol.iterator in data && !(Array.isArray(data) && !mayBeBatch(data[0]))))

/** Not so [x, y], which are no batches. */
const mayBeBatch = (value: unknown): boolean => isPlain(value) || isPromise(value)

/** The first samples, to train with, and the last, to validate with. @throws MatgradError unless both have some. */
function split({ x, y }: Dataset, part: number): [train: Dataset, validation: Dataset] {
  const count = part > 0 && part < 1 ? Math.round(part * x.rows) : 0
  if (count < 1 || count >= x.rows)
    throw new MatgradError(
      `fit: validationSplit is ${part} of ${x.rows} samples, wanted a part between 0 and 1 that leaves at least one to each`,
    )
  const of = (start: number, end: number): Dataset => ({ x: x.slice(start, end), y: y.slice(start, end) })
  const at = x.rows - count
  return [of(0, at), of(at, x.rows)]
}

/** How validation data are gone through, if there are some. */
function validatorOf(validation: Validation): DataLoader | undefined {
  if (validation === undefined) return undefined
  if (!(validation instanceof DataLoader)) checkDataset('fit: validation', validation)
  const loader = validation instanceof DataLoader ? validation : new DataLoader(validation, { batchSize: EVALUATED })
  if (loader.length === 0) throw new MatgradError('fit: the validation data have no batch, wanted at least one')
  return loader
}

/** What `fit` was asked for, complete. */
export interface Plan {
  readonly model: Module
  readonly optimizer: Optimizer
  readonly loss: Loss
  readonly metrics: Metrics
  readonly epochs: number
  /** The number of the first epoch. */
  readonly first: number
  /** Where a checkpoint was made. */
  readonly resume: Checkpoint | undefined
  /** What goes through the data, or else the batches that come one after another. */
  readonly loader: DataLoader | undefined
  readonly stream: Iterable<Dataset> | AsyncIterable<Dataset> | undefined
  /** What a stream draws from. */
  readonly generator: Generator | undefined
  /** Whether the targets have a column of weights, and what gives it to a batch that has none yet. */
  readonly weighs: boolean
  readonly weigh: ((batch: Dataset) => Dataset) | undefined
  readonly evaluation: Evaluation | undefined
  /** What the loss and the metrics are called for validation data. */
  readonly namesOfValidation: ReadonlyMap<string, string>
  readonly schedulers: readonly Scheduler[]
  readonly clipNorm: number | undefined
  readonly stopOnNaN: boolean
  readonly callbacks: readonly Callback[]
  readonly compile: boolean
  readonly signal: StopSignal | undefined
  readonly history: History
}

/** @throws DTypeError or MatgradError for options that make no sense; what `checkBeforehand` throws. */
export function planOf(model: Module, data: TrainingData, given: FitOptions): Plan {
  checkModule('fit', model)
  const settings = readFit('fit', given)
  const { optimizer, loss, epochs, initialEpoch = 0, resume, compile: compiles } = settings
  // The history has a list for each from the start.
  const metrics = { ...settings.metrics }
  const schedulers = [settings.scheduler ?? []].flat() as readonly Scheduler[]
  checkOptions(settings, metrics, schedulers)
  if (resume) checkResume(resume, { model, optimizer, scheduler: schedulers })
  const sources = sourcesOf(data, given, settings)
  const { loader, validation } = sources
  if (resume) checkPass(resume, loader)
  if (epochs > initialEpoch) checkBeforehand({ model, optimizer, loss, metrics, loader, validation })
  const evaluation = validation && new Evaluation('evaluate', model, validation, { loss, metrics, compiles }, true)
  const names = ['loss', ...Object.keys(metrics)]
  const namesOfValidation = new Map(names.map((name) => [name, nameOfValidation(name)]))
  const listed = [...names, ...(validation ? namesOfValidation.values() : [])]
  const plan = {
    ...settings,
    ...sources,
    ...weightsOf(sources, settings),
    model,
    metrics,
    evaluation,
    schedulers,
    namesOfValidation,
    first: resume?.epoch ?? initialEpoch,
    history: historyOf(listed, resume),
  }
  for (const scheduler of schedulers) checkScheduler(scheduler, plan, listed)
  // One whose first rate makes no sense says so here.
  if (epochs > plan.first) beginSchedules(optimizer)
  return plan
}

type FitSettings = ReturnType<typeof readFit>

/** @throws ShapeError, DTypeError or MatgradError for options that make no sense whatever the data are. */
function checkOptions(settings: FitSettings, metrics: Metrics, schedulers: readonly Scheduler[]): void {
  const { optimizer, epochs, initialEpoch, resume, clipNorm, callbacks } = settings
  for (const [name, count] of Object.entries({ epochs, initialEpoch }))
    if (count !== undefined) checkInteger('fit', name, count, 0, Number.MAX_SAFE_INTEGER)
  if (resume && initialEpoch !== undefined)
    throw new MatgradError(`fit: got resume and initialEpoch, wanted one of them: a checkpoint knows its epoch`)
  checkMetrics('fit', metrics)
  if (schedulers.some((each) => each.optimizer !== optimizer))
    throw new MatgradError('fit: the scheduler has another optimizer, wanted the one that is given')
  const all = schedulers.flatMap((each) => [each, ...(each instanceof SequentialLR ? each.schedulers : [])])
  if (new Set(all).size < all.length)
    throw new MatgradError('fit: a scheduler is there twice, alone or in a SequentialLR, wanted it once')
  if (clipNorm !== undefined) checkBound('fit', 'clipNorm', clipNorm)
  checkCallbacks('fit', callbacks)
}

/** What is trained and validated with. */
interface Sources {
  readonly loader: DataLoader | undefined
  readonly stream: Plan['stream']
  readonly validation: DataLoader | undefined
  /** Whether the samples come one by one and each has its place: in them, or in a DataLoader of this package. */
  readonly areSamples: boolean
  /** The weights of those that are trained with. */
  readonly weights: readonly number[] | undefined
}

/** @throws DTypeError, ShapeError or MatgradError for data that are none, and options that do not belong to data of their kind. */
function sourcesOf(data: TrainingData, given: FitOptions, settings: FitSettings): Sources {
  const { batchSize, shuffle, generator, validation, validationSplit, sampleWeight } = settings
  const stream = !(data instanceof DataLoader) && isStream(data) ? data : undefined
  const isLoader = data instanceof DataLoader
  // What a stream draws from is in checkpoints.
  for (const name of ['batchSize', 'shuffle', 'generator'] as const)
    if (given[name] !== undefined && (isLoader || (stream && name !== 'generator')))
      throw new MatgradError(
        `fit: got ${name} and batches, wanted it where the batches are made, or samples as { x, y }`,
      )
  if (validationSplit !== undefined && validation)
    throw new MatgradError('fit: got validation and validationSplit, wanted one of them')
  if (validationSplit !== undefined && (isLoader || stream))
    throw new MatgradError('fit: got validationSplit and batches, wanted samples as { x, y } to split')
  if (Array.isArray(data) && data.length === 0)
    throw new MatgradError('fit: the data have no batch, wanted at least one')
  const areSamples = !stream && (!isLoader || isPlainLoader(data))
  if (sampleWeight && !areSamples)
    throw new MatgradError('fit: got sampleWeight and batches, wanted samples as { x, y }, or a DataLoader of them')
  if (stream) return { loader: undefined, stream, validation: validatorOf(validation), areSamples, weights: undefined }
  if (!isLoader) checkDataset('fit', data as Dataset)
  const dataset = isLoader ? data.dataset : (data as Dataset)
  const [train, rest] = validationSplit === undefined ? [dataset, validation] : split(dataset, validationSplit)
  const weights = sampleWeight && ofSamples(sampleWeight, dataset.x.rows).slice(0, train.x.rows)
  const validator = validatorOf(rest)
  const loader = isLoader ? data : new DataLoader(train, { batchSize, shuffle, ...(generator && { generator }) })
  if (loader.length === 0) throw new MatgradError('fit: the data have no batch, wanted at least one')
  return { loader, stream, validation: validator, areSamples, weights }
}

/** @throws MatgradError for a schedule that would throw in the middle of the training. */
function checkScheduler(
  scheduler: Scheduler & { readonly monitor?: string | undefined; readonly totalSteps?: number },
  { epochs, first, resume, loader }: Pick<Plan, 'epochs' | 'first' | 'resume' | 'loader'>,
  names: readonly string[],
): void {
  const { monitor, totalSteps, by, lastEpoch } = scheduler
  if (monitor !== undefined && by === 'batch')
    throw new MatgradError(
      `fit: ${nameOf(scheduler)} monitors ${shorten(monitor)} by batch, wanted by: 'epoch', or no monitor`,
    )
  if (monitor !== undefined && !names.includes(monitor))
    throw new MatgradError(
      `fit: ${nameOf(scheduler)} monitors ${shorten(monitor)}, wanted one of ${listNames(names)}${didYouMean(suggestion(monitor, names))}`,
    )
  if (totalSteps === undefined || (by === 'batch' && !loader)) return
  const each = by === 'batch' && loader ? loader.length : 1
  const steps = lastEpoch + (epochs - first) * each - (by === 'batch' ? (resume?.batch ?? 0) : 0)
  if (steps > totalSteps)
    throw new MatgradError(
      `fit: ${nameOf(scheduler)} has totalSteps ${totalSteps}, wanted at least ${steps}, the ${by === 'batch' ? 'batches' : 'epochs'} of the training`,
    )
}

/** Lists of these names, with what was measured before. @throws MatgradError where a checkpoint has other names. */
function historyOf(names: readonly string[], resume: Checkpoint | undefined): History {
  const before: Readonly<Record<string, readonly number[]>> | undefined = resume?.history
  const known = before && Object.keys(before)
  if (known && known.length > 0 && [...known].sort().join() !== [...names].sort().join())
    throw new MatgradError(`fit: the checkpoint's history has ${listNames(known)}, wanted ${listNames(names)}`)
  return Object.fromEntries(names.map((name) => [name, [...(before?.[name] ?? [])]])) as unknown as History
}

/**
 * The loader, with weights in its targets where there are some, or else what gives them to a batch.
 *
 * @throws what is wrong with the weights of classes
 */
function weightsOf(
  { loader, areSamples, weights }: Sources,
  { classWeight, loss }: FitSettings,
): Pick<Plan, 'loader' | 'weighs' | 'weigh'> {
  const classes = classWeight && ofClasses(classWeight, loss, loader && areSamples ? loader.dataset.y : undefined)
  if (!(weights || classes)) return { loader, weighs: false, weigh: undefined }
  const weigh = (batch: Dataset): Dataset => withWeights(batch, weights, classes, loss)
  if (!(loader && areSamples)) return { loader, weighs: true, weigh }
  const { dataset, batchSize, shuffle, dropLast, generator } = loader
  const settings = { batchSize, shuffle, dropLast, ...(generator && { generator }) }
  return { loader: new DataLoader(weigh(dataset), settings), weighs: true, weigh: undefined }
}
