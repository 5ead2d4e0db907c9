import { MatgradError, type Matrix, ShapeError, type TypedArray } from '@matgrad/core'
import { elementsOf, flag, formatShape, indexError, type Kind, number } from '@matgrad/core/internal'
import { checkSamples } from './metric.ts'

/** How one value says which of two classes it is. */
export interface ThresholdOptions {
  /**
   * From it on a value says class 1.
   *
   * @default 0.5, or 0 where `fromLogits` is true
   */
  readonly threshold?: number
  /**
   * Whether values are logits, and no probabilities: the threshold is 0 then.
   *
   * @default false
   */
  readonly fromLogits?: boolean
}

interface ThresholdSettings {
  readonly threshold: number | undefined
  readonly fromLogits: boolean
}

/** @internal */
export const thresholdOptions: { readonly [Name in keyof ThresholdSettings]: Kind<ThresholdSettings[Name]> } = {
  threshold: number(),
  fromLogits: flag(false),
}

/** @throws MatgradError for NaN, and for two settings of which each says what the threshold is. */
export function thresholdOf(operation: string, { threshold, fromLogits }: ThresholdSettings): number {
  if (threshold === undefined) return fromLogits ? 0 : 0.5
  if (fromLogits)
    throw new MatgradError(
      `${operation}: threshold is ${threshold} and fromLogits is true, whose threshold is 0: wanted one of them`,
    )
  if (Number.isNaN(threshold)) throw new MatgradError(`${operation}: threshold is NaN, wanted a number`)
  return threshold
}

/** Whether nobody said that values are anything but probabilities. */
export const areProbabilities = ({ threshold, fromLogits }: ThresholdSettings): boolean =>
  threshold === undefined && !fromLogits

/** How many classes a prediction of so many columns is about. */
export const classesIn = (cols: number): number => Math.max(2, cols)

/** @throws ShapeError for an index that is none of so many classes; DTypeError for one that is no whole number. */
export function checkIndices(
  operation: string,
  what: 'prediction' | 'target',
  matrix: Matrix,
  indices: TypedArray,
  classes: number,
): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]
    if (index >= 0 && index < classes && Math.floor(index) === index) continue
    const which = `row ${Math.floor(i / matrix.cols)} of ${what} has class`
    // scikit-learn has them in the other order.
    const hint = what === 'target' ? `: the target comes second, ${operation}(prediction, target)` : ''
    throw indexError(operation, which, index, classes, hint)
  }
}

/**
 * @param count of the classes, if it is not the prediction's columns that say how many there are
 * @throws ShapeError unless there is a prediction for each target, which is a class index or has a column for each class, or for a
 * class that is out of range; DTypeError for one that is no whole number.
 */
export function checkClasses(operation: string, prediction: Matrix, target: Matrix, count?: number): void {
  checkSamples(operation, prediction, target)
  const classes = count ?? classesIn(prediction.cols)
  if (prediction.rows !== target.rows || (target.cols !== 1 && target.cols !== classes) || prediction.cols === 0)
    throw new ShapeError(
      `${operation}: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, ` +
        `wanted as many rows, and class indices or as many columns${target.cols > 1 && prediction.cols === 1 ? `: the target comes second, ${operation}(prediction, target)` : ''}`,
    )
  if (target.cols === 1) checkIndices(operation, 'target', target, elementsOf(operation, target), classes)
}

/**
 * The class that row i says: the first column with its largest number, or for one column whether it reaches the threshold. −1
 * where there is NaN.
 */
export function classOf(data: TypedArray, i: number, cols: number, threshold: number): number {
  const start = i * cols
  let largest = start
  for (let at = start; at < start + cols; at++) {
    if (Number.isNaN(data[at])) return -1
    if (data[at] > data[largest]) largest = at
  }
  return cols === 1 ? Number(data[start] >= threshold) : largest - start
}

/** The class of row i of a target: its index, or the first column with its largest number. −1 where there is NaN. */
export const targetOf = (data: TypedArray, i: number, cols: number): number =>
  cols === 1 ? data[i] : classOf(data, i, cols, 0)

/**
 * How many numbers of a row come before that in this column, in descending order, equal ones from the left; `most` if it is as
 * many, or where there is NaN.
 */
export function placeOf(data: TypedArray, start: number, cols: number, column: number, most: number): number {
  const own = data[start + column]
  let before = 0
  for (let j = 0; j < cols && before < most; j++) {
    const each = data[start + j]
    if (j < column ? each < own : each <= own) continue
    if (Number.isNaN(each) || Number.isNaN(own)) return most
    before++
  }
  return before
}
