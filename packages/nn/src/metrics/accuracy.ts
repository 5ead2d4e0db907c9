import { type Matrix, ShapeError } from '@matgrad/core'
import { checkInteger, elementsOf, formatShape, readerOf, whole } from '@matgrad/core/internal'
import {
  areProbabilities,
  checkClasses,
  checkIndices,
  classOf,
  placeOf,
  type ThresholdOptions,
  targetOf,
  thresholdOf,
  thresholdOptions,
} from './classes.ts'
import { checkSame, Mean, type MetricFunction, metricOf, type Sum } from './metric.ts'

const readThreshold = readerOf(thresholdOptions)

/**
 * The fraction of rows whose class is the target's. A prediction is a score for each class, nxC, whose first largest counts, or
 * for two classes a probability nx1, compared with the threshold; a target is class indices nx1 or a score for each class. A row
 * with NaN is never right. Defaults: threshold 0.5, or 0 with fromLogits; fromLogits false.
 *
 * @throws ShapeError for another number of rows or of classes, or a class that is out of range; DTypeError for a class that
 * is not a whole number, and for other options; MatgradError for `threshold` beside `fromLogits`, or NaN.
 */
export const accuracy: MetricFunction<ThresholdOptions> = /* @__PURE__ */ metricOf(
  'accuracy',
  readThreshold,
  (settings) => {
    const threshold = thresholdOf('accuracy', settings)
    const sum: Sum = (prediction, target, right) => right + countRight(prediction, target, threshold)
    return {
      start: () => new Mean('rows', sum),
      readsProbabilities: (cols) => cols === 1 && areProbabilities(settings),
    }
  },
)

/** How many rows are right. */
function countRight(prediction: Matrix, target: Matrix, threshold: number): number {
  checkClasses('accuracy', prediction, target)
  const { rows, cols } = prediction
  const predicted = elementsOf('accuracy', prediction)
  const wanted = elementsOf('accuracy', target)
  let right = 0
  for (let i = 0; i < rows; i++) {
    const expected = targetOf(wanted, i, target.cols)
    if (expected < 0) continue
    const isRight =
      cols > 1
        ? placeOf(predicted, i * cols, cols, expected, 1) === 0
        : expected === classOf(predicted, i, 1, threshold)
    if (isRight) right++
  }
  return right
}

/**
 * The fraction of elements of nxk that are on the target's side of the threshold: of k questions with two answers each, as
 * Keras's BinaryAccuracy; the threshold itself says 1, as in `accuracy`. A target is 0 or 1. NaN is never right. Defaults:
 * threshold 0.5, or 0 with fromLogits; fromLogits false.
 *
 * @throws ShapeError when the shapes differ, or for a target out of range; DTypeError for one that is not a whole number, and for
 * other options; MatgradError for `threshold` beside `fromLogits`, or NaN.
 */
export const binaryAccuracy: MetricFunction<ThresholdOptions> = /* @__PURE__ */ metricOf(
  'binaryAccuracy',
  readThreshold,
  (settings) => {
    const threshold = thresholdOf('binaryAccuracy', settings)
    const sum: Sum = (prediction, target, right) => right + countSides(prediction, target, threshold)
    return {
      start: () => new Mean('size', sum),
      readsProbabilities: () => areProbabilities(settings),
    }
  },
)

/** How many elements are right. */
function countSides(prediction: Matrix, target: Matrix, threshold: number): number {
  checkSame('binaryAccuracy', prediction, target)
  const predicted = elementsOf('binaryAccuracy', prediction)
  const wanted = elementsOf('binaryAccuracy', target)
  checkIndices('binaryAccuracy', 'target', target, wanted, 2)
  let right = 0
  for (let i = 0; i < predicted.length; i++)
    if (wanted[i] === 1 ? predicted[i] >= threshold : predicted[i] < threshold) right++
  return right
}

export interface TopKOptions {
  /**
   * How many classes a row may name.
   *
   * @default 5
   */
  readonly k?: number
}

const readTopK = readerOf({ k: whole(5) })

/**
 * The fraction of rows nxC in which the score of the target's class is among the k largest, of equal ones the first: with k = 1
 * it is `accuracy`. A target is class indices nx1 or a score for each class. A row with NaN is never right. Defaults: k 5.
 *
 * @throws ShapeError for predictions of one column, for another number of rows or of classes, a class that is out of range, or k
 * below 1; DTypeError for a class that is not a whole number, and for other options.
 */
export const topK: MetricFunction<TopKOptions> = /* @__PURE__ */ metricOf('topK', readTopK, ({ k }) => {
  checkInteger('topK', 'k', k, 1, Number.MAX_SAFE_INTEGER)
  const sum: Sum = (prediction, target, named) => named + countNamed(prediction, target, k)
  return { start: () => new Mean('rows', sum) }
})

/** In how many rows the target's class is among the first k. */
function countNamed(prediction: Matrix, target: Matrix, k: number): number {
  checkClasses('topK', prediction, target)
  const { rows, cols } = prediction
  if (cols === 1)
    throw new ShapeError(`topK: prediction is ${formatShape(prediction.shape)}, wanted a column for each class`)
  const predicted = elementsOf('topK', prediction)
  const wanted = elementsOf('topK', target)
  let named = 0
  for (let i = 0; i < rows; i++) {
    const expected = targetOf(wanted, i, target.cols)
    if (expected >= 0 && placeOf(predicted, i * cols, cols, expected, k) < k) named++
  }
  return named
}
