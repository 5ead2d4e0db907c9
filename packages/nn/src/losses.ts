import { crossEntropy, nllLoss, type Reduction, sub, type Variable } from '@matgrad/autograd'
import { LOG_PROBABILITY, PROBABILITY, REDUCTIONS } from '@matgrad/autograd/internal'
import { Matrix, ShapeError } from '@matgrad/core'
import {
  binaryCrossEntropy as binary,
  clampedLogs,
  flag,
  formatShape,
  kind,
  number,
  oneOf,
  operations,
  readerOf,
} from '@matgrad/core/internal'
import { checkSetting } from './check.ts'
import { builtIn, elementwise, type LossFunction } from './loss.ts'

export { type CrossEntropyOptions, crossEntropy, type NllLossOptions, nllLoss, type Reduction } from '@matgrad/autograd'
export type { Loss, LossFunction } from './loss.ts'

builtIn('crossEntropy', crossEntropy, {
  refuses: { prediction: false, target: true },
  unfit: { Softmax: 'leave Softmax out, for logits, or end in LogSoftmax and use nllLoss' },
})
const WANTS_LOGARITHMS = { Softmax: 'end in LogSoftmax', Sigmoid: 'end in LogSoftmax' }
builtIn('nllLoss', nllLoss, { refuses: { prediction: true, target: true }, unfit: WANTS_LOGARITHMS })

export interface LossOptions {
  /**
   * The mean or the sum of the losses of all elements, or these.
   * @default 'mean'
   */
  readonly reduction?: Reduction
}

const reduction = oneOf(...REDUCTIONS)('mean')

/** a·b: what has no weight has no part, though its loss is infinite. */
const weighed = (a: Variable, b: Variable | Matrix): Variable => a.apply(operations.weigh, [a, b], undefined)

/**
 * (prediction − target)², reduced.
 *
 * Defaults: reduction 'mean'.
 *
 * @throws ShapeError when the shapes differ; DTypeError for what is no Matrix, and for other options.
 */
export const mseLoss: LossFunction<LossOptions> = /* @__PURE__ */ elementwise(
  'mseLoss',
  readerOf({ reduction }),
  (x, t) => x.sub(t).square(),
)

/**
 * |prediction − target|, reduced. The derivative is 0 where they are equal.
 *
 * Defaults: reduction 'mean'.
 *
 * @throws ShapeError when the shapes differ; DTypeError for what is no Matrix, and for other options.
 */
export const l1Loss: LossFunction<LossOptions> = /* @__PURE__ */ elementwise(
  'l1Loss',
  readerOf({ reduction }),
  (x, t) => x.sub(t).abs(),
)

export interface HuberLossOptions extends LossOptions {
  /**
   * δ: the difference from which on the loss is linear.
   * @default 1
   */
  readonly delta?: number
}

export interface SmoothL1LossOptions extends LossOptions {
  /**
   * β: the difference from which on the loss is linear.
   * @default 1
   */
  readonly beta?: number
}

/** z = |x − t|, m = min(z, knee) and z − m/2, of which m·(z − m/2) is z²/2 up to the knee, and then linear: no square overflows. */
function bent(x: Variable, t: Variable, knee: number): { m: Variable; rest: Variable } {
  const z = x.sub(t).abs()
  const m = z.minimum(knee)
  return { m, rest: z.sub(m.mul(0.5)) }
}

/**
 * Of z = |prediction − target|, reduced: z²/2 where z < δ, δ·(z − δ/2) from there on (Huber 1964).
 *
 * Defaults: delta 1, reduction 'mean'.
 *
 * @throws ShapeError when the shapes differ; MatgradError unless delta is positive and finite; DTypeError for what is no Matrix,
 * and for other options.
 */
export const huberLoss: LossFunction<HuberLossOptions> = /* @__PURE__ */ elementwise(
  'huberLoss',
  readerOf({ delta: number(1), reduction }),
  (x, t, { delta }) => {
    checkSetting('huberLoss', 'delta', delta, (value) => value > 0, 'a positive number')
    const { m, rest } = bent(x, t, delta)
    return m.mul(rest)
  },
)

/**
 * Of z = |prediction − target|, reduced: z²/(2β) where z < β, z − β/2 from there on (Girshick 2015): huberLoss divided by β. For
 * β = 0 it is l1Loss.
 *
 * Defaults: beta 1, reduction 'mean'.
 *
 * @throws ShapeError when the shapes differ; MatgradError unless beta is 0 or more and finite; DTypeError for what is no Matrix,
 * and for other options.
 */
export const smoothL1Loss: LossFunction<SmoothL1LossOptions> = /* @__PURE__ */ elementwise(
  'smoothL1Loss',
  readerOf({ beta: number(1), reduction }),
  (x, t, { beta }) => {
    checkSetting('smoothL1Loss', 'beta', beta, (value) => value >= 0, '0 or more')
    if (beta === 0) return x.sub(t).abs()
    const { m, rest } = bent(x, t, beta)
    return m.div(beta).mul(rest)
  },
)

export interface HingeLossOptions extends LossOptions {
  /**
   * How far a prediction must be on the right side for no loss.
   * @default 1
   */
  readonly margin?: number
}

/**
 * max(0, margin − target·prediction), reduced, for targets of −1 and 1 (Keras' Hinge). The derivative is 0 at the kink.
 *
 * Defaults: margin 1, reduction 'mean'.
 *
 * Other targets are an error where they can be seen: `fit` looks before its first step, a program does not.
 *
 * @throws ShapeError when the shapes differ; MatgradError for other targets, and a margin that is not finite; DTypeError for what
 * is no Matrix, and for other options.
 */
export const hingeLoss: LossFunction<HingeLossOptions> = /* @__PURE__ */ elementwise(
  'hingeLoss',
  readerOf({ margin: number(1), reduction }),
  (x, t, { margin }) => {
    checkSetting('hingeLoss', 'margin', margin, () => true, 'a finite number')
    return weighed(x, t).neg().add(margin).relu()
  },
  () => ({ target: { accepts: (value) => value === -1 || value === 1, wanted: '-1 or 1' } }),
)

/**
 * −t·ln p − (1 − t)·ln(1 − p), reduced, from probabilities p and t. As in PyTorch the logarithms are at least −100, and the
 * derivative is (p − t) / max(p·(1 − p), 10⁻¹²). Of logits, binaryCrossEntropyWithLogits keeps digits that p has not.
 *
 * Defaults: reduction 'mean'.
 *
 * What is no probability is an error where it can be seen. A compiled program does not look, nor do `fit` and `evaluate` while they
 * compute: the loss is then NaN.
 *
 * @throws ShapeError when the shapes differ; MatgradError for predictions or targets below 0 or above 1; DTypeError for what is
 * no Matrix, and for other options.
 */
export const binaryCrossEntropy: LossFunction<LossOptions> = /* @__PURE__ */ elementwise(
  'binaryCrossEntropy',
  readerOf({ reduction }),
  (p, t) => {
    const [ofOne, ofZero] = clampedLogs(p.value) as [Matrix, Matrix]
    const value = sub(t.value, 1).mul(ofZero).sub(ofOne.mul(t.value))
    return p.apply(binary, [value, p, t], undefined)
  },
  () => ({ prediction: PROBABILITY, target: PROBABILITY }),
)

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Multiplies the terms of positive samples, 1xC: 1 if absent. */
  readonly posWeight?: Matrix
}

/**
 * −t·ln σ(x) − (1 − t)·ln(1 − σ(x)), reduced, from logits x and probabilities t: through softplus, so that no logit
 * overflows and none loses its digits.
 *
 * Defaults: reduction 'mean', no posWeight.
 *
 * @throws ShapeError when the shapes differ, or posWeight is not 1xC; MatgradError for targets below 0 or above 1; DTypeError for
 * what is not a Matrix, and for other options.
 */
export const binaryCrossEntropyWithLogits: LossFunction<BinaryCrossEntropyOptions> = /* @__PURE__ */ elementwise(
  'binaryCrossEntropyWithLogits',
  readerOf({ posWeight: kind<Matrix>('a Matrix', (value) => value instanceof Matrix)(), reduction }),
  (x, t, { posWeight }) => {
    if (posWeight && (posWeight.rows !== 1 || posWeight.cols !== x.cols))
      throw new ShapeError(
        `binaryCrossEntropyWithLogits: posWeight is ${formatShape(posWeight.shape)}, wanted a 1x${x.cols} Matrix`,
      )
    const positive = weighed(x.neg().softplus(), t)
    const negative = weighed(x.softplus(), sub(1, t))
    return (posWeight ? weighed(positive, posWeight) : positive).add(negative)
  },
  () => ({ target: PROBABILITY }),
  { Sigmoid: 'leave Sigmoid out, for logits, or use binaryCrossEntropy' },
)

export interface KlDivOptions {
  /**
   * Whether the target is logarithms of probabilities, too.
   * @default false
   */
  readonly logTarget?: boolean
  /**
   * The mean of all elements, or as 'batchMean' their sum divided by the number of rows, which is the divergence.
   * @default 'mean'
   */
  readonly reduction?: Reduction | 'batchMean'
}

/**
 * Kullback and Leibler's divergence (1951; PyTorch's kl_div), reduced: t·(ln t − x) from logarithms of probabilities x and
 * probabilities t, or their logarithms. What has the probability 0 has no part, whatever x is.
 *
 * Defaults: logTarget false, reduction 'mean'.
 *
 * What is no probability, or no logarithm of one, is an error where it can be seen: `fit` looks at the first batch, and at all
 * targets, before its first step, a program does not.
 *
 * @throws ShapeError when the shapes differ; MatgradError for logarithms above 0, and targets below 0 or above 1; DTypeError for
 * what is no Matrix, and for other options.
 */
export const klDiv: LossFunction<KlDivOptions> = /* @__PURE__ */ elementwise(
  'klDiv',
  readerOf({ logTarget: flag(false), reduction: oneOf(...REDUCTIONS, 'batchMean')('mean') }),
  (x, t, { logTarget }) => {
    const p = logTarget ? t.exp() : t
    const isIdle = p.value.equal(0)
    const select = (otherwise: number, value: Variable): Variable =>
      value.apply(operations.where, [isIdle, otherwise, value], undefined)
    const logarithm = logTarget ? select(0, t) : select(1, t).log()
    return weighed(p, logarithm.sub(select(0, x)))
  },
  ({ logTarget }) => ({ prediction: LOG_PROBABILITY, target: logTarget ? LOG_PROBABILITY : PROBABILITY }),
  WANTS_LOGARITHMS,
)
