import { type NllLossOptions, Variable } from '@matgrad/autograd'
import { checkDistributions, optionsOf, withoutLooking } from '@matgrad/autograd/internal'
import { concat, DTypeError, MatgradError, Matrix, matrix, ShapeError } from '@matgrad/core'
import { checkInteger, checkNumber, describe, elementsOf, formatShape, isPlain } from '@matgrad/core/internal'
import type { Loss } from '../loss.ts'
import type { Dataset } from './data.ts'

// A sample's weight is one column more of its targets, so that it goes the way of the data into a program.

/** A weight for each sample: a column, or an array. */
export type SampleWeight = Matrix | ArrayLike<number>

/**
 * A weight for each class, by its number; those that an object does not name weigh 1. 'balanced': n / (k·rows of the class), of
 * n rows and k classes, as scikit-learn's.
 */
export type ClassWeight = 'balanced' | Matrix | ArrayLike<number> | Readonly<Record<number, number>>

/** Whether a value is an array, of whatever type. */
const isList = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))

/** Whether a value may be weights. */
export const isWeights = (value: unknown): boolean => value instanceof Matrix || isList(value) || isPlain(value)

function checkWeight(what: string, weight: unknown): void {
  checkNumber('fit', what, weight as number)
  if (!Number.isFinite(weight)) throw new MatgradError(`fit: ${what} is ${weight}, wanted a finite number`)
}

/** The weight of each row. @throws DTypeError or ShapeError unless there is one for each, MatgradError unless it is finite. */
export function ofSamples(weights: SampleWeight, rows: number): number[] {
  if (!(weights instanceof Matrix || isList(weights)))
    throw new DTypeError(`fit: sampleWeight is ${describe(weights)}, wanted a column or an array of numbers`)
  const isMatrix = weights instanceof Matrix
  const list = Array.from(isMatrix ? elementsOf('fit', weights) : weights)
  if (list.length !== rows || (isMatrix && weights.cols !== 1))
    throw new ShapeError(
      `fit: sampleWeight is ${isMatrix ? formatShape(weights.shape) : `${list.length} numbers`}, wanted one for each of ${rows} samples, ${rows}x1`,
    )
  for (const [i, weight] of list.entries()) checkWeight(`sampleWeight ${i}`, weight)
  return list
}

/**
 * The weight that a class has.
 *
 * @param y all targets, where they are known
 * @throws DTypeError or MatgradError for what is no number, ShapeError for a class without one.
 */
export function ofClasses(weights: ClassWeight, loss: Loss, y?: Matrix): (what: string, index: number) => number {
  if (weights === 'balanced') {
    if (y === undefined)
      throw new MatgradError(
        "fit: got classWeight 'balanced' and batches, wanted samples as { x, y }, or a DataLoader of them, to count the classes",
      )
    const counts = new Map<number, number>()
    const counted = classesOf(y).filter((index) => index !== ignoredBy(loss))
    for (const each of counted) counts.set(each, (counts.get(each) ?? 0) + 1)
    return (what, index) => {
      checkInteger('fit', what, index, 0, Number.MAX_SAFE_INTEGER)
      return counted.length / (counts.size * (counts.get(index) as number))
    }
  }
  if (isPlain(weights)) {
    const named = new Map<number, number>()
    for (const [name, weight] of Object.entries(weights as Readonly<Record<string, number>>)) {
      checkInteger('fit', 'a class of classWeight', Number(name), 0, Number.MAX_SAFE_INTEGER)
      checkWeight(`classWeight ${name}`, weight)
      named.set(Number(name), weight)
    }
    return (what, index) => {
      checkInteger('fit', what, index, 0, Number.MAX_SAFE_INTEGER)
      return named.get(index) ?? 1
    }
  }
  const isMatrix = weights instanceof Matrix
  if (!isMatrix && !isList(weights))
    throw new DTypeError(`fit: classWeight is ${describe(weights)}, wanted a row, an array or an object of numbers`)
  if (isMatrix && weights.rows !== 1 && weights.cols !== 1)
    throw new ShapeError(`fit: classWeight is ${formatShape(weights.shape)}, wanted a row`)
  const list = Array.from(isMatrix ? elementsOf('fit', weights) : weights)
  for (const [i, weight] of list.entries()) checkWeight(`classWeight ${i}`, weight)
  return (what, index) => {
    checkInteger('fit', what, index, 0, list.length - 1)
    return list[index]
  }
}

/**
 * The class that each row of targets says: an index, or the column of the largest probability.
 *
 * @throws MatgradError for a row that says several, or none
 */
function classesOf(y: Matrix): number[] {
  if (y.cols === 1) return Array.from(elementsOf('fit', y))
  const otherwise = 'use sampleWeight, or posWeight of binaryCrossEntropyWithLogits'
  checkDistributions('fit', 'y, for classWeight,', y, otherwise, false)
  return Array.from(elementsOf('fit', y.argmax(1)))
}

/** The class of which a loss ignores all rows, if there is one. */
const ignoredBy = (loss: Loss): number | undefined => (optionsOf(loss) as NllLossOptions).ignoreIndex

/** Whether a loss ignores all rows of these targets. */
export function ignoresAll(loss: Loss, y: Matrix): boolean {
  const ignored = ignoredBy(loss)
  return ignored !== undefined && y.cols === 1 && y.equal(ignored).all().item() === 1
}

/**
 * The samples with the weights of each and of their classes as the last column of the targets; rows that the loss ignores have
 * none.
 */
export function withWeights(
  { x, y }: Dataset,
  samples: readonly number[] | undefined,
  classes: ReturnType<typeof ofClasses> | undefined,
  loss: Loss,
): Dataset {
  const ignored = ignoredBy(loss)
  const ofRows =
    classes &&
    classesOf(y).map((index) => (index === ignored ? 0 : classes('a class of the targets, for classWeight,', index)))
  const weights = Array.from({ length: y.rows }, (_, i) => [(samples?.[i] ?? 1) * (ofRows?.[i] ?? 1)])
  const column = y.rows === 0 ? y.slice(0, 0, 0, 1) : matrix(weights, { dtype: y.dtype })
  return { x, y: concat([y, column], 1) }
}

/** The targets without their weights. */
export const withoutWeights = (y: Matrix): Matrix => y.slice(0, y.rows, 0, y.cols - 1)

/**
 * Σ wᵢ·lᵢ / n for the n rows' losses lᵢ, the means over their columns, and the weights wᵢ in the last column of the targets, as in
 * Keras; rows that the loss ignores do not count.
 *
 * @throws ShapeError where the loss does not give a row for each sample when it is asked not to reduce.
 */
export function weighedLoss(loss: Loss, prediction: Variable, targets: Matrix): Variable {
  const each: unknown = withoutLooking(() => loss(prediction, withoutWeights(targets), { reduction: 'none' }))
  if (!(each instanceof Variable) || each.rows !== prediction.rows) {
    const got = each instanceof Variable ? formatShape(each.shape) : describe(each)
    throw new ShapeError(
      `fit: loss gave ${got} for { reduction: 'none' }, wanted a row for each of ${prediction.rows} samples, to weigh them`,
    )
  }
  const weighed = each.mean(1).mul(targets.slice(0, targets.rows, -1))
  const ignored = ignoredBy(loss)
  if (ignored === undefined) return weighed.mean()
  const counted = targets.slice(0, targets.rows, 0, 1).notEqual(ignored).sum()
  return weighed.sum().div(counted.astype(weighed.dtype))
}
