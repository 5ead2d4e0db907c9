import { DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import {
  checkNoMore,
  classesOf,
  crossEntropyOfClasses,
  formatShape,
  kind,
  crossEntropy as losses,
  number,
  ofClass,
  oneOf,
  operations,
  readerOf,
  whole,
} from '@matgrad/core/internal'
import { checkDistributions, checkNumbers, isLooking, LOG_PROBABILITY } from './demand.ts'
import { areOptionsAlone, type PartialLoss, REDUCTIONS, type Reduction, reduce, withOptions } from './reduction.ts'
import { applyOp, toVariable, type Variable } from './variable.ts'

export interface NllLossOptions {
  /** The weight of each class, 1xC: 1 for all if absent. */
  readonly weight?: Matrix
  /**
   * Rows of this class have no part: their loss is 0, and no mean counts them. It may be a number that is no class, such as −100,
   * PyTorch's default.
   *
   * @default none
   */
  readonly ignoreIndex?: number
  /**
   * 'mean' divides by the number of rows that are not ignored, or by the sum of the weights of their classes; with probabilities
   * for targets by the number of rows.
   * @default 'mean'
   */
  readonly reduction?: Reduction
}

export interface CrossEntropyOptions extends NllLossOptions {
  /**
   * ε: the target becomes (1 − ε)·target + ε/C.
   * @default 0
   */
  readonly labelSmoothing?: number
}

const ofClasses = {
  weight: kind<Matrix>('a Matrix', (value) => value instanceof Matrix)(),
  ignoreIndex: whole(),
  reduction: oneOf(...REDUCTIONS)('mean'),
}
type OfClasses = ReturnType<typeof readNllLoss>

const readNllLoss = readerOf(ofClasses)
const readCrossEntropy = readerOf({ labelSmoothing: number(0), ...ofClasses })

/** a·b: what has no weight has no part, though its loss is infinite. */
const weighed = (a: Variable, b: Variable | Matrix | number): Variable => applyOp(operations.weigh, [a, b], undefined)

/**
 * What `lossOf` gives for the classes of rows, which `weigh` multiplies by their weights, reduced. Rows of the class
 * ignoreIndex have no part.
 */
function reduceClasses(
  operation: string,
  target: Matrix,
  count: number,
  { weight, ignoreIndex, reduction }: OfClasses,
  lossOf: (index: Matrix, weigh: (losses: Variable) => Variable) => Variable,
): Variable {
  const { index, kept } = classesOf(operation, target, count, ignoreIndex)
  const ofRows = weight?.apply(ofClass, [weight, index], undefined)
  const weights = kept && ofRows ? kept.where(ofRows, 0) : ofRows
  const losses = lossOf(index, (each) => (weights ? weighed(each, weights) : each))
  const each = kept ? applyOp(operations.where, [kept, losses, 0], undefined) : losses
  const counts = weights ?? kept
  if (reduction !== 'mean' || counts === undefined) return reduce(each, reduction)
  const total = counts.sum()
  return each.sum().div(weights || total.dtype === each.dtype ? total : total.astype(each.dtype))
}

/**
 * The loss with these options, to train with: `loss: nllLoss({ weight })`.
 *
 * Defaults: reduction 'mean', no weight, no ignoreIndex.
 */
export function nllLoss(options: NllLossOptions): PartialLoss
/**
 * The negative logarithm of the probability of each row's class, −w·x[i, class], reduced (PyTorch's `nll_loss`): of what
 * LogSoftmax gives. A class without weight has no part, though its loss is infinite.
 *
 * Defaults: reduction 'mean', no weight, no ignoreIndex.
 *
 * Numbers above 0, which are logits or probabilities and no logarithms, are an error where they can be seen: `fit` looks at the
 * first batch before its first step, a program does not.
 *
 * @param logProbabilities x, nxC
 * @param classes the class of each row, nx1
 * @returns 1x1, or nx1 with the reduction 'none'; NaN for a mean of no rows, or of rows that are all ignored
 * @throws ShapeError for classes of another shape, or one that is out of range; DTypeError for a class that is not a whole number,
 * what is no Matrix, and for other options; MatgradError for numbers above 0.
 */
export function nllLoss(
  logProbabilities: Variable | Matrix,
  classes: Variable | Matrix,
  options?: NllLossOptions,
  ...more: []
): Variable
export function nllLoss(
  logProbabilities: unknown,
  classes?: unknown,
  options?: NllLossOptions,
  ...more: []
): Variable | PartialLoss {
  checkNoMore('nllLoss', 'logProbabilities, classes, options', more)
  if (areOptionsAlone('nllLoss', logProbabilities, classes)) {
    readNllLoss('nllLoss', logProbabilities)
    return withOptions(nllLoss, logProbabilities as object)
  }
  const settings = readNllLoss('nllLoss', options)
  const x = toVariable('nllLoss', logProbabilities, 'float64')
  const t = toVariable('nllLoss', classes, x.dtype)
  if (t.rows !== x.rows || t.cols !== 1)
    throw new ShapeError(
      `nllLoss: logProbabilities are ${formatShape(x.shape)}, classes are ${formatShape(t.shape)}, wanted ${x.rows}x1`,
    )
  checkWeight('nllLoss', x, settings.weight)
  if (isLooking()) checkNumbers('nllLoss', 'logProbabilities', x, LOG_PROBABILITY)
  return reduceClasses('nllLoss', t.value, x.cols, settings, (index, weigh) =>
    weigh(applyOp(ofClass, [x, index], undefined).neg()),
  )
}

/**
 * The loss with these options, to train with: `loss: crossEntropy({ labelSmoothing: 0.1 })`.
 *
 * Defaults: labelSmoothing 0, reduction 'mean', no weight, no ignoreIndex.
 */
export function crossEntropy(options: CrossEntropyOptions): PartialLoss
/**
 * The cross-entropy −Σⱼ wⱼ·tᵢⱼ·ln softmax(logitsᵢ)ⱼ of each row, reduced (PyTorch's `cross_entropy`). Where classes are given,
 * a row's loss is within 8 units of roundoff and its gradient within 10, however certain the class is.
 *
 * What has no weight, such as a class of probability 0, contributes 0, though its logit is −∞.
 *
 * Defaults: labelSmoothing 0, reduction 'mean', no weight, no ignoreIndex.
 *
 * A row of probabilities whose sum is more than 0.1 from 1, which PyTorch takes, is an error where it can be seen: `fit` looks
 * before its first step, a program does not. A row of zeros has no part but counts as a row.
 *
 * @param logits nxC, unnormalised, C > 1
 * @param target the class of each row, nx1, or its distribution over the classes, nxC
 * @returns 1x1, or nx1 with the reduction 'none'; NaN for a mean of no rows, or of rows that are all ignored
 * @throws ShapeError for logits of one class, a target of another shape or a class that is out of range; DTypeError for a class
 * that is not a whole number, or an option of the wrong type; MatgradError for a row that is no distribution, and an
 * ignoreIndex beside probabilities, which have no index.
 */
export function crossEntropy(
  logits: Variable | Matrix,
  target: Variable | Matrix,
  options?: CrossEntropyOptions,
  ...more: []
): Variable
export function crossEntropy(
  logits: unknown,
  target?: unknown,
  options?: CrossEntropyOptions,
  ...more: []
): Variable | PartialLoss {
  checkNoMore('crossEntropy', 'logits, target, options', more)
  if (areOptionsAlone('crossEntropy', logits, target)) {
    readCrossEntropy('crossEntropy', logits)
    return withOptions(crossEntropy, logits as object)
  }
  const settings = readCrossEntropy('crossEntropy', options)
  const { labelSmoothing, weight, ignoreIndex, reduction } = settings
  const x = toVariable('crossEntropy', logits, 'float64')
  const t = toVariable('crossEntropy', target, x.dtype)
  check(x, t, labelSmoothing, ignoreIndex)
  checkWeight('crossEntropy', x, weight)
  /** The sum of each row of −terms, each with the weight of its class. */
  const ofAllClasses = (terms: Variable): Variable => (weight ? weighed(terms.neg(), weight) : terms.neg()).sum(1)
  if (t.cols === x.cols) {
    if (isLooking()) checkDistributions('crossEntropy', 'target', t.value, 'use binaryCrossEntropyWithLogits', true)
    const smooth = labelSmoothing ? t.mul(1 - labelSmoothing).add(labelSmoothing / x.cols) : t
    return reduce(ofAllClasses(weighed(smooth, x.logSoftmax(1))), reduction)
  }
  const smoothed = (own: Variable): Variable =>
    labelSmoothing
      ? weighed(own, 1 - labelSmoothing).add(ofAllClasses(x.logSoftmax(1)).mul(labelSmoothing / x.cols))
      : own
  // What most do, in one operation that checks the target.
  if (weight === undefined && ignoreIndex === undefined)
    return reduce(smoothed(applyOp(losses, [x, t], undefined)), reduction)
  return reduceClasses('crossEntropy', t.value, x.cols, settings, (index, weigh) =>
    smoothed(weigh(applyOp(crossEntropyOfClasses, [x, index], undefined))),
  )
}

function check(x: Variable, t: Variable, labelSmoothing: number, ignoreIndex: number | undefined): void {
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
  if (t.cols > 1 && ignoreIndex !== undefined)
    throw new MatgradError(
      `crossEntropy: ignoreIndex is ${ignoreIndex} and target ${formatShape(t.shape)}, probabilities, wanted class indices`,
    )
}

function checkWeight(operation: string, { cols }: Variable, weight: Matrix | undefined): void {
  if (weight && (weight.rows !== 1 || weight.cols !== cols))
    throw new ShapeError(`${operation}: weight is ${formatShape(weight.shape)}, wanted a 1x${cols} Matrix`)
}
