import { constant, type Variable } from '@matgrad/autograd'
import { CompiledFunction } from '@matgrad/autograd/internal'
import { MatgradError, Matrix } from '@matgrad/core'
import { checkInteger, checkNoMore, flag, readerOf, whole } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import type { Loss } from '../losses.ts'
import { checkModule, type Module } from '../module.ts'
import { Batches } from './batches.ts'
import { checkDataset, DataLoader, type Dataset, isPlainLoader } from './data.ts'
import { forwardFor, inEvaluation, passOf, quietly } from './forward.ts'
import { checkMetrics, isCounted, joined, type Logs, type Measured, Measurement, type Metric } from './metrics.ts'
import { lossOf, lossOption, metricsOption } from './options.ts'
import { isKnown, isKnownLoss } from './step.ts'

export interface EvaluateOptions {
  readonly loss?: Loss
  readonly metrics?: Readonly<Record<string, Metric>>
  readonly batchSize?: number
  /** Whether to compile the forward pass, as unless false. */
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
  /** How often it was made by this package's code alone. A program takes longer to make than it saves once. */
  private runs = 0
  /** The loss of predictions and targets, where it is one of this package. */
  private readonly loss: CompiledFunction<[Matrix, Matrix], Variable>
  /** What was found when others last had control: the parts of a model of this package, and its function of samples. */
  private found: { readonly modules: readonly Module[]; readonly forward: (x: Matrix) => Variable } | undefined

  /** @param operation whose errors are thrown */
  constructor(operation: string, model: Module, loader: DataLoader, settings: EvaluationSettings) {
    this.operation = operation
    this.model = model
    this.loader = loader
    this.settings = settings
    this.batches = new Batches(operation, loader, false)
    const { loss } = settings
    this.loss = new CompiledFunction((prediction, target) =>
      lossOf(operation, loss as Loss, constant(prediction), target),
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
    const { operation, model, settings } = this
    if (wasGiven) this.found = undefined
    if (this.found === undefined && isKnown(model) && isPlainLoader(this.loader))
      this.found = { modules: [...model.modules()], forward: forwardFor(operation, model, settings.compiles) }
    if (this.found === undefined) return inEvaluation(model, () => this.go(this.loader, undefined))
    const { modules, forward } = this.found
    this.runs++
    return quietly(modules, () => this.go(this.batches.pass(isTrue), forward))
  }

  /** @param forward the model's function of samples, where nobody else's code runs between batches */
  private go(batches: Iterable<Dataset>, forward: ((x: Matrix) => Variable) | undefined): Measured[] {
    const { operation, model, loader, settings } = this
    const { loss, metrics, compiles } = settings
    const measurement = new Measurement(operation, metrics)
    const isAll = forward !== undefined && loader.length === 1
    const predictions: Matrix[] = []
    const targets: Matrix[] = []
    for (const { x, y } of batches) {
      // Whoever gives the batches may have changed the model.
      const { value } = (forward ?? forwardFor(operation, model, compiles))(x)
      measurement.add(value, y)
      if (loss === undefined) continue
      predictions.push(isAll ? value : value.clone())
      targets.push(isAll ? y : y.clone())
    }
    if (loss === undefined) return measurement.results()
    const all = [joined(predictions), joined(targets)] as const
    const isCompiled = forward !== undefined && compiles && isKnownLoss(loss) && this.runs > 1
    const value = isCompiled ? this.loss.call(all) : lossOf(operation, loss, constant(all[0]), all[1])
    return [['loss', value.item()], ...measurement.results()]
  }
}

const isTrue = (): boolean => true

/**
 * The loss over a dataset, if there is one, and metrics by name, with the model out of learning: of all predictions
 * together, so that the size of the batches does not change them.
 *
 * @throws DTypeError or MatgradError for options that make no sense, and a metric that gives no number; what they throw.
 */
export function evaluate(model: Module, data: Dataset | DataLoader, options?: EvaluateOptions, ...more: []): Logs {
  checkNoMore('evaluate', 'model, data, options', more)
  checkModule('evaluate', model)
  const { loss, metrics, batchSize, compile: compiles } = readEvaluate('evaluate', options)
  checkMetrics('evaluate', metrics)
  if (!(data instanceof DataLoader)) checkDataset('evaluate', data)
  const loader = data instanceof DataLoader ? data : new DataLoader(data, { batchSize })
  if (loader.length === 0) throw new MatgradError('evaluate: the data have no batch, wanted at least one')
  // One batch, which a program serves, with measures of this package: nothing else need be looked at.
  const isOne = loader !== data && loader.length === 1 && compiles && (!loss || isKnownLoss(loss)) && isCounted(metrics)
  const prediction = isOne ? passOf(model).again(loader.dataset.x) : null
  if (prediction === null)
    return Object.fromEntries(new Evaluation('evaluate', model, loader, { loss, metrics, compiles }).run(true))
  const { y } = loader.dataset
  const measurement = new Measurement('evaluate', metrics)
  measurement.add(prediction.value, y)
  const value = loss && lossOf('evaluate', loss, prediction, y).item()
  return Object.fromEntries([...(value === undefined ? [] : [['loss', value] as const]), ...measurement.results()])
}

const readPredict = readerOf({ batchSize: whole(EVALUATED), compile: flag(true) })

/** The model's values for samples, one a row, computed in batches with the model out of learning. */
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
  const known = compiles && x.rows <= batchSize ? passOf(model).again(x) : null
  if (known) return known.value.clone()
  return inEvaluation(model, () => {
    const forward = forwardFor('predict', model, compiles)
    const parts: Matrix[] = []
    for (let start = 0; start === 0 || start < x.rows; start += batchSize)
      parts.push(forward(x.slice(start, Math.min(x.rows, start + batchSize))).value.clone())
    return joined(parts)
  })
}
