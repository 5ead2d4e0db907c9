import type { Matrix } from '@matgrad/core'
import { checkNoMore, elementsOf, type Reader } from '@matgrad/core/internal'
import { type Accumulator, checkColumns, checkSame, Mean, type MetricFunction, metricOf, type Sum } from './metric.ts'

const readNothing: Reader<unknown> = (name, given) => checkNoMore(name, 'prediction, target', [given as undefined])

/** The metric of this name that is the mean of what each error, prediction − target, counts. */
const meanOf = (
  name: string,
  weigh: (error: number) => number,
  finish?: (mean: number) => number,
): MetricFunction<never> => {
  const sum: Sum = (prediction, target, before) => {
    checkSame(name, prediction, target)
    const predicted = elementsOf(name, prediction)
    const wanted = elementsOf(name, target)
    let total = before
    for (let i = 0; i < predicted.length; i++) total += weigh(predicted[i] - wanted[i])
    return total
  }
  return metricOf(name, readNothing, () => ({ start: () => new Mean('size', sum, finish) }))
}

const square = (error: number): number => error * error

/**
 * The mean of (prediction − target)² over all elements of nxk, in float64. NaN where an element is NaN.
 *
 * @throws ShapeError when the shapes differ; DTypeError for what is not a Matrix.
 */
export const meanSquaredError: MetricFunction<never> = /* @__PURE__ */ meanOf('meanSquaredError', square)

/**
 * The square root of `meanSquaredError`, of all columns together, as in Keras; scikit-learn takes the root of each column and then
 * the mean. NaN where an element is NaN.
 *
 * @throws ShapeError when the shapes differ; DTypeError for what is not a Matrix.
 */
export const rootMeanSquaredError: MetricFunction<never> = /* @__PURE__ */ meanOf(
  'rootMeanSquaredError',
  square,
  Math.sqrt,
)

/**
 * The mean of |prediction − target| over all elements of nxk, in float64. NaN where an element is NaN.
 *
 * @throws ShapeError when the shapes differ; DTypeError for what is not a Matrix.
 */
export const meanAbsoluteError: MetricFunction<never> = /* @__PURE__ */ meanOf('meanAbsoluteError', Math.abs)

/**
 * The coefficient of determination, 1 − Σ(prediction − target)² / Σ(target − its mean)² of each column of nxk, and of several
 * columns the mean (scikit-learn's r2_score): 1 is best, 0 what the mean of the targets would have. A column whose targets are all
 * the same has 1 if it is predicted exactly, and 0 if not. NaN for fewer than two rows, and where an element is NaN.
 *
 * @throws ShapeError when the shapes differ; DTypeError for what is not a Matrix.
 */
export const r2: MetricFunction<never> = /* @__PURE__ */ metricOf('r2', readNothing, () => ({
  start: () => new Determination(),
}))

class Determination implements Accumulator {
  private rows = 0
  /** Of the targets so far, a number each column: their mean, and their squared distances from it. */
  private mean: Float64Array | undefined
  private spread = new Float64Array(0)
  /** The squared errors of each column. */
  private errors = new Float64Array(0)

  add(prediction: Matrix, target: Matrix): void {
    checkSame('r2', prediction, target)
    checkColumns('r2', prediction, this.mean?.length)
    const { rows, cols } = prediction
    const predicted = elementsOf('r2', prediction)
    const wanted = elementsOf('r2', target)
    if (this.mean === undefined) [this.spread, this.errors] = [new Float64Array(cols), new Float64Array(cols)]
    this.mean ??= new Float64Array(cols)
    const { mean, spread, errors } = this
    // Row by row (Welford 1962): the bits do not depend on the batches, and equal targets have no spread.
    for (let i = 0, at = 0; i < rows; i++) {
      this.rows++
      for (let j = 0; j < cols; j++, at++) {
        const distance = wanted[at] - mean[j]
        mean[j] += distance / this.rows
        spread[j] += distance * (wanted[at] - mean[j])
        errors[j] += square(predicted[at] - wanted[at])
      }
    }
  }

  result(): number {
    const { rows, spread, errors } = this
    if (rows < 2) return Number.NaN
    let total = 0
    for (let j = 0; j < errors.length; j++)
      if (spread[j] !== 0) total += 1 - errors[j] / spread[j]
      else total += Number.isNaN(errors[j]) ? Number.NaN : Number(errors[j] === 0)
    return total / errors.length
  }
}
