import { Matrix, ShapeError } from '@matgrad/core'
import { checkNoMore, formatShape, type Reader } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'

/** What a metric knows of predictions that come batch by batch. */
export interface Accumulator {
  /** Takes the predictions for a batch, one sample a row, and its targets. */
  add(prediction: Matrix, target: Matrix): void
  /** The metric of all batches so far. */
  result(): number
}

/**
 * A number that says how good predictions are, one sample a row. The prediction comes first, as in losses; scikit-learn has
 * (y_true, y_pred), which is (target, prediction). A function is enough: it is given the predictions of all batches together,
 * which are kept for it, so that its memory grows with the data. A metric with an `accumulator` is not called; a new
 * accumulator is asked for whenever a measurement begins, an epoch of the training or a pass through the validation data, and
 * given each batch, in matrices of its own. All metrics of this package have one.
 *
 * @example
 * const largestError = Object.assign((p: Matrix, t: Matrix) => p.sub(t).abs().max().item(), {
 *   accumulator() {
 *     let largest = 0
 *     return {
 *       add(p: Matrix, t: Matrix) {
 *         largest = Math.max(largest, p.sub(t).abs().max().item())
 *       },
 *       result: () => largest,
 *     }
 *   },
 * })
 * await fit(model, data, { ...options, metrics: { largestError } })
 */
export interface Metric {
  (prediction: Matrix, target: Matrix): number
  accumulator?(): Accumulator
}

/**
 * A metric of this package: `accuracy(prediction, target, options)` is the number, `accuracy(options)` a metric with these
 * options, and `accuracy` itself one with the defaults.
 */
export interface MetricFunction<Options> {
  /** The number. The prediction comes first: scikit-learn's (y_true, y_pred) is the other order. */
  (prediction: Matrix, target: Matrix, options?: Options, ...more: []): number
  /** The metric with these options, to measure with. */
  (options?: Options, ...more: []): Metric
  accumulator(): Accumulator
}

/** A metric of this package with its settings. */
export interface Measure {
  readonly start: () => Accumulator
  /** Whether it takes what is in so many columns for probabilities. */
  readonly readsProbabilities?: (cols: number) => boolean
}

const measures = new WeakMap<Metric, Measure>()

/** What a metric of this package does, undefined for one of somebody else. */
export const measureOf = (metric: Metric): Measure | undefined => measures.get(metric)

/** Whether a metric is this package's. */
export const isKnownMetric = (metric: Metric): boolean => measures.has(metric)

/** Gives a function its name and accumulator, which nobody can exchange: to use it runs nobody's code but this package's. */
function finish<F extends (...args: never[]) => unknown>(name: string, metric: F, measure: Measure) {
  Object.defineProperty(metric, 'name', { value: name })
  const finished = Object.freeze(Object.assign(metric, { accumulator: () => measure.start() }))
  measures.set(finished as unknown as Metric, measure)
  return finished
}

/**
 * The metric of this name.
 *
 * @internal
 * @param prepare gives what is done with settings. @throws MatgradError for those that make no sense
 */
export function metricOf<Options, Settings>(
  name: string,
  read: Reader<Settings>,
  prepare: (settings: Settings) => Measure,
): MetricFunction<Options> {
  const measured = (measure: Measure, prediction: unknown, target: unknown): number => {
    const accumulator = measure.start()
    accumulator.add(prediction as Matrix, target as Matrix)
    return accumulator.result()
  }
  const withOptions = (options: unknown): Metric => {
    const measure = prepare(read(name, options))
    const metric = (prediction: Matrix, target: Matrix, ...more: []): number => {
      checkNoMore(name, 'prediction, target', more, `${name}(options)(prediction, target)`)
      return measured(measure, prediction, target)
    }
    return finish(name, metric, measure)
  }
  const metric = (first: unknown, second: unknown, options: unknown, ...more: []): number | Metric => {
    const isValue = first instanceof Matrix || second !== undefined
    checkNoMore(name, 'prediction, target, options', isValue ? more : [options, ...more])
    return isValue ? measured(prepare(read(name, options)), first, second) : withOptions(first)
  }
  return finish(name, metric, prepare(read(name, undefined))) as MetricFunction<Options>
}

/** @throws DTypeError unless both are matrices. */
export function checkSamples(operation: string, prediction: Matrix, target: Matrix): void {
  // Without the object that names them, which would be one in each batch.
  if (!(prediction instanceof Matrix && target instanceof Matrix)) checkMatrices(operation, { prediction, target })
}

/** @throws ShapeError unless the shapes are the same; DTypeError unless both are matrices. */
export function checkSame(operation: string, prediction: Matrix, target: Matrix): void {
  checkSamples(operation, prediction, target)
  if (prediction.rows !== target.rows || prediction.cols !== target.cols)
    throw new ShapeError(
      `${operation}: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, wanted the same`,
    )
}

/** @throws ShapeError unless a prediction has as many columns as those of earlier batches, if there were some. */
export function checkColumns(operation: string, prediction: Matrix, earlier: number | undefined): void {
  if (earlier !== undefined && prediction.cols !== earlier)
    throw new ShapeError(
      `${operation}: prediction is ${formatShape(prediction.shape)}, wanted ${earlier} columns as in earlier batches`,
    )
}

/** Adds what a batch has to the total, in its order: so the bits of a mean do not depend on the batches. */
export type Sum = (prediction: Matrix, target: Matrix, total: number) => number

/** A mean over the rows or the elements of all batches, in float64. */
export class Mean implements Accumulator {
  private readonly per: 'rows' | 'size'
  private readonly sum: Sum
  private readonly finish: (mean: number) => number
  private total = 0
  private count = 0

  constructor(per: 'rows' | 'size', sum: Sum, finish: (mean: number) => number = (mean) => mean) {
    this.per = per
    this.sum = sum
    this.finish = finish
  }

  add(prediction: Matrix, target: Matrix): void {
    this.total = this.sum(prediction, target, this.total)
    this.count += target[this.per]
  }

  result(): number {
    return this.finish(this.total / this.count)
  }
}
