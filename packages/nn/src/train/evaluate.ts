import { constant, type Variable } from '@matgrad/autograd'
import { CompiledFunction } from '@matgrad/autograd/internal'
import { MatgradError, Matrix } from '@matgrad/core'
import { checkInteger, checkNoMore, flag, readerOf, whole } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { checkEnd, isKnownLoss, type Loss } from '../loss.ts'
import type { Metric } from '../metrics/metric.ts'
import { checkModule, forwardOf, type Module } from '../module.ts'
import { Batches } from './batches.ts'
import { checkDataset, DataLoader, type Dataset, isPlainLoader } from './data.ts'
import { forwardFor, inEvaluation, passOf, quietly } from './forward.ts'
import { checked } from './given.ts'
import type { Evaluated, Metrics } from './history.ts'
import { areKnown, areWatching, checkMetrics, joined, type Logs, type Measured, Measurement } from './metrics.ts'
import { lossOf, lossOption, metricsOption } from './options.ts'
import { isKnown } from './step.ts'

export interface EvaluateOptions<M extends object = Metrics> {
  readonly loss?: Loss
  /** Numbers by name. @default {} */
  readonly metrics?: { readonly [Name in keyof M]: Metric }
  /** How many samples go through the model at a time, where the data are no DataLoader. @default 256 */
  readonly batchSize?: number
  /** Whether to compile the forward pass. @default true */
  readonly compile?: boolean
}

/** What an evaluation gives, and whether it compiles the forward pass. */
interface EvaluationSettings {
  readonly loss: Loss | undefined
  readonly metrics: Readonly<Record<string, Metric>>
  readonly compiles: boolean
}

/** So many samples are evaluated at a time unless told. */
export const EVALUATED = 256

const readEvaluate = readerOf({
  loss: lossOption(),
  metrics: metricsOption({}),
  batchSize: whole(EVALUATED),
  compile: flag(true),
})

/** The evaluation of a model on a loader's data, as often as it is made. */
export class Evaluation {
  private readonly operation: string
  private readonly model: Module
  private readonly loader: DataLoader
  private readonly settings: EvaluationSettings
  private readonly batches: Batches
  /** The model's values for all samples in one batch, and their loss. */
  private readonly whole: CompiledFunction<[Matrix, Matrix], { prediction: Variable; loss: Variable }> | undefined
  /** What was found when others last had control: the parts of a model of this package, and its function of samples. */
  private found: { readonly modules: readonly Module[]; readonly forward: (x: Matrix) => Variable } | undefined

  /**
   * @param operation whose errors are thrown
   * @param isRepeated whether it is worth a program of its own
   */
  constructor(operation: string, model: Module, loader: DataLoader, settings: EvaluationSettings, isRepeated = false) {
    this.operation = operation
    this.model = model
    this.loader = loader
    this.settings = settings
    this.batches = new Batches(operation, loader, null)
    const { loss, compiles } = settings
    if (isRepeated && compiles && loader.length === 1 && loss && isKnownLoss(loss))
      this.whole = new CompiledFunction(
        (x, y) => {
          const prediction = forwardOf(operation, model, x)
          return { prediction, loss: lossOf(operation, loss, prediction, y) }
        },
        { isSparing: true },
      )
  }

  /** Whether the last one ran nobody's code but this package's. */
  get isAlone(): boolean {
    return this.found !== undefined
  }

  /**
   * @param wasGiven whether others may have had control since the last time
   * @throws what the model, the loss and the metrics throw; DTypeError for a metric that gives no number
   */
  run(wasGiven: boolean): Measured[] {
    const { operation, model, settings, loader, whole } = this
    if (wasGiven) this.found = undefined
    if (this.found === undefined && isKnown(model) && isPlainLoader(loader) && !areWatching(settings.metrics))
      this.found = { modules: [...model.modules()], forward: forwardFor(operation, model, settings.compiles) }
    if (this.found === undefined) return inEvaluation(model, () => this.go(checked(operation, loader), undefined))
    const { modules, forward } = this.found
    return quietly(modules, () => {
      const batches = this.batches.pass(isTrue)
      // Somebody may have exchanged the data for more.
      return whole && loader.length === 1 ? this.goAtOnce(whole, batches) : this.go(batches, forward)
    })
  }

  private goAtOnce(whole: NonNullable<Evaluation['whole']>, batches: Iterable<Dataset>): Measured[] {
    const measurement = new Measurement(this.operation, this.settings.loss, this.settings.metrics)
    let value = 0
    for (const { x, y } of batches) {
      const { prediction, loss } = whole.call([x, y])
      value = loss.value.item()
      measurement.add(prediction.value, y)
    }
    return [['loss', value], ...measurement.results()]
  }

  /** @param forward the model's function of samples, where nobody else's code runs between batches */
  private go(batches: Iterable<Dataset>, forward: ((x: Matrix) => Variable) | undefined): Measured[] {
    const { operation, model, settings } = this
    const { loss, metrics, compiles } = settings
    const measurement = new Measurement(operation, loss, metrics)
    const predictions: Matrix[] = []
    const targets: Matrix[] = []
    for (const { x, y } of batches) {
      // Whoever gives the batches may have changed the model.
      const { value } = (forward ?? forwardFor(operation, model, compiles))(x)
      measurement.add(value, y)
      if (loss === undefined) continue
      predictions.push(value.clone())
      targets.push(y.clone())
    }
    if (loss === undefined) return measurement.results()
    const value = lossOf(operation, loss, constant(joined(predictions)), joined(targets)).item()
    return [['loss', value], ...measurement.results()]
  }
}

const isTrue = (): boolean => true

/**
 * The loss over a dataset, if there is one, and metrics by name, with the model out of learning: of all predictions
 * together, so that the size of the batches does not change them.
 *
 * Defaults: metrics {}, batchSize 256, compile true.
 *
 * @throws DTypeError or MatgradError for options that make no sense, and a metric that gives no number; what they throw.
 */
export function evaluate<M extends object = Record<never, never>>(
  model: Module,
  data: Dataset | DataLoader,
  options: EvaluateOptions<M> & { readonly loss: Loss },
  ...more: []
): Evaluated<M>
/**
 * The same without a loss: metrics alone.
 *
 * Defaults: metrics {}, batchSize 256, compile true.
 *
 * @throws as with a loss.
 */
export function evaluate<M extends object = Record<never, never>>(
  model: Module,
  data: Dataset | DataLoader,
  options?: EvaluateOptions<M> & { readonly loss?: undefined },
  ...more: []
): Omit<Evaluated<M>, 'loss'>
/**
 * The same with options of which nobody knows whether they have a loss.
 *
 * Defaults: metrics {}, batchSize 256, compile true.
 *
 * @throws as with a loss.
 */
export function evaluate(model: Module, data: Dataset | DataLoader, options?: EvaluateOptions, ...more: []): Logs
export function evaluate(model: Module, data: Dataset | DataLoader, options?: EvaluateOptions, ...more: []): Logs {
  checkNoMore('evaluate', 'model, data, options', more)
  checkModule('evaluate', model)
  // Before the options, which y is not where a dataset is x and y.
  if (!(data instanceof DataLoader)) checkDataset('evaluate', data)
  const { loss, metrics, batchSize, compile: compiles } = readEvaluate('evaluate', options)
  checkMetrics('evaluate', metrics)
  if (loss) checkEnd('evaluate', model, loss)
  const loader = data instanceof DataLoader ? data : new DataLoader(data, { batchSize })
  if (loader.length === 0) throw new MatgradError('evaluate: the data have no batch, wanted at least one')
  // One batch, which a program serves, with measures of this package: nothing else need be looked at.
  const isOne = loader !== data && loader.length === 1 && compiles && (!loss || isKnownLoss(loss)) && areKnown(metrics)
  const prediction = isOne ? passOf(model).again('evaluate', loader.dataset.x) : null
  if (prediction === null)
    return Object.fromEntries(new Evaluation('evaluate', model, loader, { loss, metrics, compiles }).run(true))
  const { y } = loader.dataset
  const value = loss && lossOf('evaluate', loss, prediction, y).item()
  const measurement = new Measurement('evaluate', loss, metrics)
  measurement.add(prediction.value, y)
  return Object.fromEntries([...(value === undefined ? [] : [['loss', value] as const]), ...measurement.results()])
}

const readPredict = readerOf({ batchSize: whole(EVALUATED), compile: flag(true) })

/**
 * The model's values for samples, one a row, computed in batches with the model out of learning: nxIn → nxOut.
 *
 * Defaults: batchSize 256, compile true.
 *
 * @throws DTypeError for what is no Module or no Matrix, and for other options; ShapeError unless batchSize is at least 1; what the
 * model throws.
 */
export function predict(
  model: Module,
  x: Matrix,
  options?: { batchSize?: number; compile?: boolean },
  ...more: []
): Matrix {
  checkNoMore('predict', 'model, x, options', more)
  checkModule('predict', model)
  if (!(x instanceof Matrix)) checkMatrices('predict', { x })
  const { batchSize, compile: compiles } = readPredict('predict', options)
  checkInteger('predict', 'batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER)
  const known = compiles && x.rows <= batchSize ? passOf(model).again('predict', x) : null
  if (known) return known.value.clone()
  return inEvaluation(model, () => {
    const forward = forwardFor('predict', model, compiles)
    const parts: Matrix[] = []
    for (let start = 0; start === 0 || start < x.rows; start += batchSize)
      parts.push(forward(x.slice(start, Math.min(x.rows, start + batchSize))).value.clone())
    return joined(parts)
  })
}
