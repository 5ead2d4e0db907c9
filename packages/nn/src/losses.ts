import { type Reduction, sub, Variable } from '@matgrad/autograd'
import { REDUCTIONS, reduce } from '@matgrad/autograd/internal'
import { DTypeError, Matrix, ShapeError } from '@matgrad/core'
import { checkNoMore, describe, formatShape, kind, oneOf, operations, readerOf } from '@matgrad/core/internal'
import { type Input, variableOf } from './module.ts'

export { type CrossEntropyOptions, crossEntropy, type Reduction } from '@matgrad/autograd'

/** A loss to train with: of predictions and targets, one sample a row, 1x1. */
export type Loss = (prediction: Variable, target: Matrix) => Variable

export interface LossOptions {
  readonly reduction?: Reduction
}

function checkValues(operation: string, name: string, value: unknown): void {
  if (!(value instanceof Variable || value instanceof Matrix))
    throw new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted a Variable or a Matrix`)
}

function checkPair(operation: string, prediction: Input, target: Input): void {
  checkValues(operation, 'prediction', prediction)
  checkValues(operation, 'target', target)
  if (prediction.rows !== target.rows || prediction.cols !== target.cols)
    throw new ShapeError(
      `${operation}: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, wanted the same`,
    )
}

const readMse = readerOf({ reduction: oneOf(...REDUCTIONS)('mean') })

/** (prediction − target)², reduced. @throws ShapeError when the shapes differ; DTypeError for other options. */
export function mseLoss(prediction: Input, target: Input, options?: LossOptions, ...more: []): Variable {
  checkNoMore('mseLoss', 'prediction, target, options', more)
  checkPair('mseLoss', prediction, target)
  const { reduction } = readMse('mseLoss', options)
  return reduce(variableOf('mseLoss', prediction).sub(target).square(), reduction)
}

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Multiplies the terms of positive samples, 1xC. */
  readonly posWeight?: Matrix
}

const readBinary = readerOf({
  reduction: oneOf(...REDUCTIONS)('mean'),
  posWeight: kind<Matrix>('a Matrix', (value) => value instanceof Matrix)(),
})

/**
 * −t·ln σ(x) − (1 − t)·ln(1 − σ(x)), reduced, from logits x and probabilities t: through softplus, so that no logit
 * overflows and none loses its digits.
 *
 * @throws ShapeError when the shapes differ, or posWeight is not 1xC; DTypeError for what is not a Matrix, and for other
 * options.
 */
export function binaryCrossEntropyWithLogits(
  logits: Input,
  target: Input,
  options?: BinaryCrossEntropyOptions,
  ...more: []
): Variable {
  checkNoMore('binaryCrossEntropyWithLogits', 'logits, target, options', more)
  checkPair('binaryCrossEntropyWithLogits', logits, target)
  const { reduction, posWeight } = readBinary('binaryCrossEntropyWithLogits', options)
  if (posWeight && (posWeight.rows !== 1 || posWeight.cols !== logits.cols))
    throw new ShapeError(
      `binaryCrossEntropyWithLogits: posWeight is ${formatShape(posWeight.shape)}, wanted a 1x${logits.cols} Matrix`,
    )
  const [x, t] = [logits, target].map((each) => variableOf('binaryCrossEntropyWithLogits', each))
  /** a·b: what has no weight has no part, though its loss is infinite. */
  const weighed = (a: Variable, b: Variable | Matrix): Variable => a.apply(operations.weigh, [a, b], undefined)
  const positive = weighed(x.neg().softplus(), t)
  const negative = weighed(x.softplus(), sub(1, t))
  return reduce((posWeight ? weighed(positive, posWeight) : positive).add(negative), reduction)
}
