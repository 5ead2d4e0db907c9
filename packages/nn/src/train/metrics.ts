import { Variable } from '@matgrad/autograd'
import { concat, DTypeError, MatgradError, Matrix, ShapeError, type TypedArray } from '@matgrad/core'
import { checkInteger, checkNoMore, describe, elementsOf, formatShape, number, readerOf } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { binaryCrossEntropyWithLogits, type Loss } from '../losses.ts'

/** A number that says how good predictions are, one sample a row. */
export type Metric = (prediction: Matrix, target: Matrix) => number

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

/**
 * The class that row i says: the first column with its largest number, or for one column whether it reaches the threshold. −1
 * where there is NaN.
 */
function classOf(data: TypedArray, i: number, cols: number, threshold: number): number {
  const start = i * cols
  let largest = start
  for (let at = start; at < start + cols; at++) {
    if (Number.isNaN(data[at])) return -1
    if (data[at] > data[largest]) largest = at
  }
  return cols === 1 ? Number(data[start] >= threshold) : largest - start
}

/** From it on a probability says the second class, unless told. */
const THRESHOLD = 0.5

const readAccuracy = readerOf({ threshold: number(THRESHOLD) })

/**
 * The fraction of rows whose class is the target's. A prediction is a score for each class, nxC, or for two classes a
 * probability nx1, compared with the threshold (0 for logits); a target is class indices nx1 or a score for each class.
 * A row with NaN is never right.
 *
 * @throws ShapeError for another number of rows or of classes, or a class that is out of range; DTypeError for a class that
 * is not a whole number, and for other options.
 */
export function accuracy(prediction: Matrix, target: Matrix, options?: { threshold?: number }, ...more: []): number {
  checkNoMore('accuracy', 'prediction, target, options', more)
  checkMatrices('accuracy', { prediction, target })
  return countRight(prediction, target, readAccuracy('accuracy', options).threshold) / target.rows
}

/** How many rows are right. */
function countRight(prediction: Matrix, target: Matrix, threshold: number): number {
  if (prediction.rows !== target.rows || (target.cols !== 1 && target.cols !== prediction.cols))
    throw new ShapeError(
      `accuracy: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, ` +
        `wanted as many rows, and class indices or as many columns`,
    )
  const { rows, cols } = prediction
  const [predicted, wanted] = [elementsOf('accuracy', prediction), elementsOf('accuracy', target)]
  const isIndex = target.cols === 1
  const last = Math.max(2, cols) - 1
  let right = 0
  for (let i = 0; i < rows; i++) {
    const expected = isIndex ? wanted[i] : classOf(wanted, i, cols, threshold)
    if (isIndex && !(expected >= 0 && expected <= last && Math.floor(expected) === expected))
      checkInteger('accuracy', 'a class', expected, 0, last)
    const isRight =
      cols > 1
        ? isFirstLargest(predicted, i * cols, cols, expected | 0)
        : expected >= 0 && expected === classOf(predicted, i, cols, threshold)
    if (isRight) right++
  }
  return right
}

/** Whether the number in this column is the first of the largest in its row, which has no NaN. */
function isFirstLargest(data: TypedArray, start: number, cols: number, column: number): boolean {
  if (column < 0) return false
  const own = data[start + column]
  let j = 0
  while (j < column && data[start + j] < own) j++
  if (j < column) return false
  while (j < cols && data[start + j] <= own) j++
  return j === cols
}

/** Whether the metrics are `accuracy` and nothing else: then it is enough to count. */
export const isCounted = (metrics: Readonly<Record<string, Metric>>): boolean =>
  Object.values(metrics).every((metric) => metric === accuracy)

/**
 * @throws MatgradError where the model's one value is a logit, by its loss, which `accuracy`, if it is one of the metrics, would
 * take for a probability.
 */
export function checkThreshold(
  operation: string,
  loss: Loss | undefined,
  metrics: Readonly<Record<string, Metric>>,
  prediction: Matrix,
): void {
  if (loss !== binaryCrossEntropyWithLogits || prediction.cols !== 1 || !Object.values(metrics).includes(accuracy))
    return
  throw new MatgradError(
    `${operation}: accuracy compares with ${THRESHOLD}, and binaryCrossEntropyWithLogits takes logits, whose threshold is 0: ` +
      'wanted (prediction, target) => accuracy(prediction, target, { threshold: 0 })',
  )
}

/** What metrics make of predictions that come batch by batch: of all of them together. */
export class Measurement {
  private readonly operation: string
  private readonly metrics: Readonly<Record<string, Metric>>
  private readonly names: readonly string[]
  private readonly counts: boolean
  private readonly loss: Loss | undefined
  private readonly predictions: Matrix[] = []
  private readonly targets: Matrix[] = []
  private right = 0
  private rows = 0

  /** @param operation whose errors are thrown */
  constructor(operation: string, loss: Loss | undefined, metrics: Readonly<Record<string, Metric>>) {
    this.operation = operation
    this.loss = loss
    this.metrics = metrics
    this.names = Object.keys(metrics)
    this.counts = isCounted(metrics)
  }

  /** Adds a batch, whose matrices may be overwritten afterwards. */
  add(prediction: Matrix, target: Matrix): void {
    if (this.names.length === 0) return
    if (this.rows === 0) checkThreshold(this.operation, this.loss, this.metrics, prediction)
    this.rows += target.rows
    if (this.counts) this.right += countRight(prediction, target, THRESHOLD)
    else {
      this.predictions.push(prediction.clone())
      this.targets.push(target.clone())
    }
  }

  /** What the metrics give, by name: nothing without a batch. @throws DTypeError for what is not a number. */
  results(): Measured[] {
    const { operation, metrics, names, rows, right, predictions, targets } = this
    if (rows === 0) return []
    if (this.counts) return names.map((name) => [name, right / rows])
    const [prediction, target] = [joined(predictions), joined(targets)]
    return names.map((name) => {
      const metric = metrics[name]
      const value: unknown = metric(prediction, target)
      if (typeof value === 'number') return [name, value]
      const hint = value instanceof Matrix || value instanceof Variable ? ', such as its item() if it is 1x1' : ''
      throw new DTypeError(`${operation}: metric ${name} gave ${describe(value)}, wanted a number${hint}`)
    })
  }
}

/** Matrices below one another: itself where there is one. */
export const joined = (parts: readonly Matrix[]): Matrix => (parts.length === 1 ? parts[0] : concat(parts, 0))
