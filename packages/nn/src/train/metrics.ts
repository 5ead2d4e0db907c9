import { type Matrix, ShapeError } from '@matgrad/core'
import { checkInteger, elementsOf, formatShape } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'

/** A number that says how good predictions are, one sample a row. */
export type Metric = (prediction: Matrix, target: Matrix) => number

/** The class of each row, nx1: the column of its largest number, or for one column whether it reaches the threshold. */
function classes(a: Matrix, threshold: number): Matrix {
  return a.cols === 1 ? a.greaterEqual(threshold) : a.argmax(1)
}

/**
 * The fraction of rows whose class is the target's. A prediction is a score for each class, nxC, or for two classes a
 * probability nx1, compared with the threshold (0 for logits); a target is class indices nx1 or a score for each class.
 *
 * @throws ShapeError for another number of rows or of classes, or a class that is out of range; DTypeError for a class that
 * is not a whole number.
 */
export function accuracy(prediction: Matrix, target: Matrix, { threshold = 0.5 }: { threshold?: number } = {}): number {
  checkMatrices('accuracy', { prediction, target })
  if (prediction.rows !== target.rows || (target.cols !== 1 && target.cols !== prediction.cols))
    throw new ShapeError(
      `accuracy: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, ` +
        `wanted as many rows, and class indices or as many columns`,
    )
  if (target.cols === 1)
    for (const each of elementsOf('accuracy', target))
      checkInteger('accuracy', 'a class', each, 0, Math.max(2, prediction.cols) - 1)
  const expected = target.cols === 1 ? target : classes(target, threshold)
  return classes(prediction, threshold).equal(expected).mean().item()
}
