import { DTypeError, Matrix, ShapeError } from '@matgrad/core'
import {
  checkNoMore,
  formatShape,
  kind,
  crossEntropy as losses,
  number,
  oneOf,
  operations,
  readerOf,
} from '@matgrad/core/internal'
import { REDUCTIONS, type Reduction, reduce } from './reduction.ts'
import { applyOp, toVariable, type Variable } from './variable.ts'

export interface CrossEntropyOptions {
  /** ε: the target becomes (1 − ε)·target + ε/C. */
  readonly labelSmoothing?: number
  /** The weight of each class, 1xC. */
  readonly weight?: Matrix
  /** 'mean' divides by the number of rows, or, for weighted class indices, by the sum of their weights. */
  readonly reduction?: Reduction
}

const readOptions = readerOf({
  labelSmoothing: number(0),
  weight: kind<Matrix>('a Matrix', (value) => value instanceof Matrix)(),
  reduction: oneOf(...REDUCTIONS)('mean'),
})

/**
 * The cross-entropy −Σⱼ wⱼ·tᵢⱼ·ln softmax(logitsᵢ)ⱼ of each row, reduced (PyTorch's `cross_entropy`). Where classes are given,
 * a row's loss is within 8 units of roundoff and its gradient within 10, however certain the class is.
 *
 * What has no weight, such as a class of probability 0, contributes 0, though its logit is −∞.
 *
 * @param logits nxC, unnormalised, C > 1
 * @param target the class of each row, nx1, or its distribution over the classes, nxC
 * @returns 1x1, or nx1 with the reduction 'none'
 * @throws ShapeError for logits of one class, a target of another shape or a class that is out of range; DTypeError for a class that is not a
 * whole number, or an option of the wrong type.
 */
export function crossEntropy(
  logits: Variable | Matrix,
  target: Variable | Matrix,
  options?: CrossEntropyOptions,
  ...more: []
): Variable {
  checkNoMore('crossEntropy', 'logits, target, options', more)
  const { labelSmoothing, weight, reduction } = readOptions('crossEntropy', options)
  const x = toVariable('crossEntropy', logits, 'float64')
  const t = toVariable('crossEntropy', target, x.dtype)
  check(x, t, labelSmoothing, weight)
  /** a·b: a class without weight has no part, though its loss is infinite. */
  const weighed = (a: Variable, b: Variable | Matrix | number): Variable => applyOp(operations.weigh, [a, b], undefined)
  /** The sum of each row of −terms, each with the weight of its class. */
  const ofAllClasses = (terms: Variable): Variable => (weight ? weighed(terms.neg(), weight) : terms.neg()).sum(1)
  if (t.cols === x.cols) {
    const smooth = labelSmoothing ? t.mul(1 - labelSmoothing).add(labelSmoothing / x.cols) : t
    return reduce(ofAllClasses(weighed(smooth, x.logSoftmax(1))), reduction)
  }
  const ofClass = applyOp(losses, [x, t], undefined)
  const weights = weight?.T.gatherRows(t.value)
  const own = weights ? weighed(ofClass, weights) : ofClass
  const each = labelSmoothing
    ? weighed(own, 1 - labelSmoothing).add(ofAllClasses(x.logSoftmax(1)).mul(labelSmoothing / x.cols))
    : own
  return weights && reduction === 'mean' ? each.sum().div(weights.sum()) : reduce(each, reduction)
}

function check(x: Variable, t: Variable, labelSmoothing: number, weight: Matrix | undefined): void {
  if (x.cols === 1)
    throw new ShapeError(
      `crossEntropy: logits are ${formatShape(x.shape)}, one class, whose loss is 0 whatever they are, ` +
        'wanted two classes or more: for one column use binaryCrossEntropyWithLogits',
    )
  if (t.rows !== x.rows || (t.cols !== 1 && t.cols !== x.cols))
    throw new ShapeError(
      `crossEntropy: logits are ${formatShape(x.shape)}, target is ${formatShape(t.shape)}, ` +
        `wanted ${x.rows}x1 class indices or ${formatShape(x.shape)} probabilities`,
    )
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new DTypeError(`crossEntropy: labelSmoothing is ${labelSmoothing}, wanted 0 to 1`)
  if (weight && (weight.rows !== 1 || weight.cols !== x.cols))
    throw new ShapeError(`crossEntropy: weight is ${formatShape(weight.shape)}, wanted a 1x${x.cols} Matrix`)
}
