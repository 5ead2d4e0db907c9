import { checkReduction, mul, neg, type Reduction, reduce, softplus, sub, Variable } from '@matgrad/autograd'
import { DTypeError, Matrix, ShapeError } from '@matgrad/core'
import { describe, formatShape } from '@matgrad/core/internal'
import type { Input } from './module.ts'

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

function checkPair(operation: string, prediction: Input, target: Input, reduction: Reduction): void {
  checkValues(operation, 'prediction', prediction)
  checkValues(operation, 'target', target)
  checkReduction(operation, reduction)
  if (prediction.rows !== target.rows || prediction.cols !== target.cols)
    throw new ShapeError(
      `${operation}: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, wanted the same`,
    )
}

/** (prediction − target)², reduced. @throws ShapeError when the shapes differ. */
export function mseLoss(prediction: Input, target: Input, { reduction = 'mean' }: LossOptions = {}): Variable {
  checkPair('mseLoss', prediction, target, reduction)
  return reduce(sub(prediction, target).square(), reduction)
}

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Multiplies the terms of positive samples, 1xC. */
  readonly posWeight?: Matrix
}

/**
 * −t·ln σ(x) − (1 − t)·ln(1 − σ(x)), reduced, from logits x and probabilities t: through softplus, so that no logit
 * overflows and none loses its digits.
 *
 * @throws ShapeError when the shapes differ, or posWeight is not 1xC; DTypeError for what is not a Matrix.
 */
export function binaryCrossEntropyWithLogits(
  logits: Input,
  target: Input,
  { reduction = 'mean', posWeight }: BinaryCrossEntropyOptions = {},
): Variable {
  checkPair('binaryCrossEntropyWithLogits', logits, target, reduction)
  if (
    posWeight !== undefined &&
    !(posWeight instanceof Matrix && posWeight.rows === 1 && posWeight.cols === logits.cols)
  )
    throw new ShapeError(
      `binaryCrossEntropyWithLogits: posWeight is ${(posWeight as unknown) instanceof Matrix ? formatShape(posWeight.shape) : describe(posWeight)}, wanted a 1x${logits.cols} Matrix`,
    )
  const positive = mul(softplus(neg(logits)), target)
  const negative = mul(softplus(logits), sub(1, target))
  return reduce((posWeight ? positive.mul(posWeight) : positive).add(negative), reduction)
}
