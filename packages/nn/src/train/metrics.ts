import { Variable } from '@matgrad/autograd'
import { originalOf } from '@matgrad/autograd/internal'
import { concat, DTypeError, MatgradError, Matrix } from '@matgrad/core'
import { describe } from '@matgrad/core/internal'
import { isKnownLoss, type Loss } from '../loss.ts'
import { binaryCrossEntropyWithLogits, crossEntropy } from '../losses.ts'
import { confusionMatrix } from '../metrics/index.ts'
import { type Accumulator, isKnownMetric, type Metric, measureOf } from '../metrics/metric.ts'

/** What was measured in an epoch: `loss`, the metrics by name, and for validation data the same with `val` before it. */
export type Logs = Record<string, number>

/** One of them. */
export type Measured = [name: string, value: number]

/** What the loss or a metric of the validation data is called. */
export const nameOfValidation = (name: string): string => `val${name[0].toUpperCase()}${name.slice(1)}`

/** @throws DTypeError unless all are functions; MatgradError for names of which two would be the same in the logs. */
export function checkMetrics(operation: string, metrics: Readonly<Record<string, Metric>>): void {
  const taken = new Set(['loss', nameOfValidation('loss')])
  for (const [name, metric] of Object.entries(metrics)) {
    if (typeof metric !== 'function')
      throw new DTypeError(`${operation}: ${name} is ${describe(metric)}, wanted a function of predictions and targets`)
    if ((metric as unknown) === confusionMatrix)
      throw new DTypeError(
        `${operation}: ${name} is ${describe(metric)}, which gives a Matrix, wanted a function that gives a number: ` +
          'call it with what predict gives',
      )
    if (isKnownLoss(metric as unknown as Loss))
      throw new DTypeError(
        `${operation}: ${name} is ${describe(metric)}, a loss, wanted a function that gives a number, such as meanSquaredError`,
      )
    if (metric.accumulator !== undefined && typeof metric.accumulator !== 'function')
      throw new DTypeError(`${operation}: accumulator of ${name} is ${describe(metric.accumulator)}, wanted a function`)
    if (name === '') throw new MatgradError(`${operation}: a metric is called "", wanted a name`)
    for (const own of [name, nameOfValidation(name)]) {
      if (taken.has(own))
        throw new MatgradError(
          `${operation}: a metric is called ${name}, wanted a name that is not taken, as ${own} is`,
        )
      taken.add(own)
    }
  }
}

/** Whether all metrics are this package's: then nobody else's code runs. */
export const areKnown = (metrics: Readonly<Record<string, Metric>>): boolean =>
  Object.values(metrics).every(isKnownMetric)

/** Whether one of somebody else accumulates, and so runs in each batch. */
export const areWatching = (metrics: Readonly<Record<string, Metric>>): boolean =>
  Object.values(metrics).some((metric) => metric.accumulator !== undefined && !isKnownMetric(metric))

/**
 * @throws MatgradError where the model gives logits, by its loss, which a metric of this package would take for probabilities.
 */
export function checkLogits(
  operation: string,
  loss: Loss | undefined,
  metrics: Readonly<Record<string, Metric>>,
  prediction: Matrix,
): void {
  const original = loss && originalOf(loss)
  if (loss === undefined || (original !== binaryCrossEntropyWithLogits && original !== crossEntropy)) return
  for (const metric of Object.values(metrics))
    if (measureOf(metric)?.readsProbabilities?.(prediction.cols))
      throw new MatgradError(
        `${operation}: ${metric.name} takes probabilities, and ${loss.name} logits: ` +
          `wanted ${metric.name}({ fromLogits: true }) in the metrics`,
      )
}

/** What metrics make of predictions that come batch by batch: of all of them together. */
export class Measurement {
  private readonly operation: string
  private readonly metrics: Readonly<Record<string, Metric>>
  private readonly names: readonly string[]
  private readonly loss: Loss | undefined
  /** In the order of the names, undefined for metrics that are functions alone. */
  private readonly accumulators: readonly (Accumulator | undefined)[]
  private readonly areKnown: boolean
  /** All batches, where a metric is a function alone. */
  private readonly predictions: Matrix[] = []
  private readonly targets: Matrix[] = []
  private rows = 0

  /**
   * @param operation whose errors are thrown
   * @throws DTypeError for a metric whose accumulator is none
   */
  constructor(operation: string, loss: Loss | undefined, metrics: Readonly<Record<string, Metric>>) {
    this.operation = operation
    this.loss = loss
    this.metrics = metrics
    this.names = Object.keys(metrics)
    this.accumulators = this.names.map((name) => accumulatorOf(operation, name, metrics[name]))
    this.areKnown = areKnown(metrics)
  }

  /** Adds a batch, whose matrices may be overwritten afterwards. */
  add(prediction: Matrix, target: Matrix): void {
    if (this.names.length === 0) return
    if (this.rows === 0) checkLogits(this.operation, this.loss, this.metrics, prediction)
    this.rows += target.rows
    if (this.areKnown) this.give(prediction, target)
    else this.share(prediction.clone(), target.clone())
  }

  private give(prediction: Matrix, target: Matrix): void {
    for (let i = 0; i < this.accumulators.length; i++) this.accumulators[i]?.add(prediction, target)
  }

  /** Gives a batch to somebody else's metrics, too, which may keep it. */
  private share(prediction: Matrix, target: Matrix): void {
    this.give(prediction, target)
    if (!this.accumulators.includes(undefined)) return
    this.predictions.push(prediction)
    this.targets.push(target)
  }

  /** What the metrics give, by name: nothing without a batch. @throws DTypeError for what is not a number. */
  results(): Measured[] {
    const { operation, metrics, names, rows, accumulators, predictions, targets } = this
    if (rows === 0) return []
    const all = predictions.length > 0 ? ([joined(predictions), joined(targets)] as const) : undefined
    return names.map((name, i) => {
      const metric = metrics[name]
      const value: unknown = all && !accumulators[i] ? metric(...all) : accumulators[i]?.result()
      if (typeof value === 'number') return [name, value]
      const hint = value instanceof Matrix || value instanceof Variable ? ', such as its item() if it is 1x1' : ''
      throw new DTypeError(`${operation}: metric ${name} gave ${describe(value)}, wanted a number${hint}`)
    })
  }
}

/** A new accumulator of a metric, if it has some. @throws DTypeError for what is none. */
function accumulatorOf(operation: string, name: string, metric: Metric): Accumulator | undefined {
  const accumulator: Accumulator | undefined = metric.accumulator?.()
  if (metric.accumulator === undefined) return undefined
  for (const member of ['add', 'result'] as const)
    if (typeof accumulator?.[member] !== 'function')
      throw new DTypeError(
        `${operation}: accumulator() of metric ${name} gave ${describe(accumulator)}, wanted an object with add and result`,
      )
  return accumulator
}

/** Matrices below one another: itself where there is one. */
export const joined = (parts: readonly Matrix[]): Matrix => (parts.length === 1 ? parts[0] : concat(parts, 0))
