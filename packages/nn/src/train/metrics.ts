import { Variable } from '@matgrad/autograd'
import { DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import { checkInteger, describe, elementsOf, formatShape, number, readerOf } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'

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

/** What the metrics give, by name. @throws DTypeError for what is not a number. */
export function measure(
  operation: string,
  metrics: Readonly<Record<string, Metric>>,
  prediction: Matrix,
  target: Matrix,
): Measured[] {
  return Object.keys(metrics).map((name) => {
    const metric = metrics[name]
    const value: unknown = metric(prediction, target)
    if (typeof value === 'number') return [name, value]
    const hint = value instanceof Matrix || value instanceof Variable ? ', such as its item() if it is 1x1' : ''
    throw new DTypeError(`${operation}: metric ${name} gave ${describe(value)}, wanted a number${hint}`)
  })
}

/**
 * The class that row i says: the first column with its largest number, or for one column whether it reaches the threshold. −1
 * where there is NaN.
 */
function classOf(data: ArrayLike<number>, i: number, cols: number, threshold: number): number {
  const start = i * cols
  let largest = start
  for (let at = start; at < start + cols; at++) {
    if (Number.isNaN(data[at])) return -1
    if (data[at] > data[largest]) largest = at
  }
  return cols === 1 ? Number(data[start] >= threshold) : largest - start
}

const readAccuracy = readerOf({ threshold: number(0.5) })

/**
 * The fraction of rows whose class is the target's. A prediction is a score for each class, nxC, or for two classes a
 * probability nx1, compared with the threshold (0 for logits); a target is class indices nx1 or a score for each class.
 * A row with NaN is never right.
 *
 * @throws ShapeError for another number of rows or of classes, or a class that is out of range; DTypeError for a class that
 * is not a whole number, and for other options.
 */
export function accuracy(prediction: Matrix, target: Matrix, options?: { threshold?: number }): number {
  checkMatrices('accuracy', { prediction, target })
  const { threshold } = readAccuracy('accuracy', options)
  if (prediction.rows !== target.rows || (target.cols !== 1 && target.cols !== prediction.cols))
    throw new ShapeError(
      `accuracy: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, ` +
        `wanted as many rows, and class indices or as many columns`,
    )
  const [predicted, wanted] = [elementsOf('accuracy', prediction), elementsOf('accuracy', target)]
  const isIndex = target.cols === 1
  if (isIndex) for (const each of wanted) checkInteger('accuracy', 'a class', each, 0, Math.max(2, prediction.cols) - 1)
  let right = 0
  for (let i = 0; i < target.rows; i++) {
    const expected = isIndex ? wanted[i] : classOf(wanted, i, target.cols, threshold)
    if (expected >= 0 && expected === classOf(predicted, i, prediction.cols, threshold)) right++
  }
  return right / target.rows
}
