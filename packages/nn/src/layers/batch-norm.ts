import { type Variable, variable } from '@matgrad/autograd'
import { type DType, getDefaultDtype, type Matrix, ones, ShapeError, zeros } from '@matgrad/core'
import { checkInteger, checkNoMore, dtypeName, flag, formatShape, kind, number, readerOf } from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import type { Accepts, Input } from '../module.ts'
import { takeRoom } from './room.ts'
import { Biased } from './weighted.ts'

export interface BatchNormOptions {
  /**
   * What is added to the variance, so that its root is not 0.
   *
   * @default 1e-5
   */
  readonly eps?: number
  /**
   * How much of the running statistics each batch replaces; null for the mean of all batches, which counts them.
   *
   * @default 0.1
   */
  readonly momentum?: number | null
  /**
   * Whether there are a weight and a bias.
   *
   * @default true
   */
  readonly affine?: boolean
  /**
   * Whether there are running statistics, to use out of learning; without them it is always the batch's that are used.
   *
   * @default true
   */
  readonly trackRunningStats?: boolean
  /** @default the default dtype */
  readonly dtype?: DType
}

const readBatchNorm = readerOf({
  eps: number(1e-5),
  momentum: kind<number | null>('a number or null', (value) => value === null || typeof value === 'number')(0.1),
  affine: flag(true),
  trackRunningStats: flag(true),
  dtype: dtypeName(),
})

/**
 * (x − μ) / √(σ² + eps)·weight + bias in each column: nxFeatures → nxFeatures (Ioffe & Szegedy 2015). While learning, μ and
 * σ² are the mean and the variance of the batch; otherwise they are the running ones, which every batch moves by
 * running += momentum·(batch − running), its variance taken without bias (÷ n − 1), as in PyTorch. A momentum of null is
 * 1 / the number of batches so far.
 *
 * Defaults: eps 1e-5, momentum 0.1, affine true, trackRunningStats true.
 *
 * @throws ShapeError unless there is at least one feature; MatgradError for an eps or a momentum that makes no sense;
 * DTypeError for other options.
 */
export class BatchNorm1d<Features extends number = number> extends Biased<
  Variable<1, Features> | null,
  Variable<1, Features> | null,
  Features,
  Features
> {
  static readonly builtIn: string = 'BatchNorm1d'

  /** @internal */
  static argumentsOf({ numFeatures, eps, momentum, weight, runningMean }: BatchNorm1d): unknown[] {
    return [
      numFeatures,
      {
        eps,
        momentum,
        affine: weight !== null,
        trackRunningStats: runningMean !== null,
        dtype: (weight ?? runningMean)?.dtype,
      },
    ]
  }

  readonly runningMean: Matrix<1, Features> | null
  readonly runningVar: Matrix<1, Features> | null
  /** How many batches the running statistics have seen, where momentum is null. */
  readonly numBatchesTracked: Matrix<1, 1> | null
  readonly eps: number
  readonly momentum: number | null
  readonly numFeatures: Features

  constructor(features: Features, options?: BatchNormOptions, ...more: []) {
    checkNoMore('BatchNorm1d', 'features, options', more)
    checkInteger('BatchNorm1d', 'features', features, 1, Number.MAX_SAFE_INTEGER)
    const settings = readBatchNorm('BatchNorm1d', options)
    const { eps, momentum, affine, trackRunningStats, dtype = getDefaultDtype() } = settings
    checkSetting('BatchNorm1d', 'eps', eps, (eps) => eps >= 0, '0 or more')
    if (momentum !== null)
      checkSetting('BatchNorm1d', 'momentum', momentum, (momentum) => momentum >= 0 && momentum <= 1, '0 to 1')
    takeRoom('BatchNorm1d', 2 * (Number(affine) + Number(trackRunningStats)), features)
    super(
      affine ? variable(ones(1, features, { dtype }), { name: 'weight' }) : null,
      affine ? variable(zeros(1, features, { dtype }), { name: 'bias' }) : null,
      true,
    )
    this.numFeatures = features
    this.eps = eps
    this.momentum = momentum
    this.runningMean = trackRunningStats ? zeros(1, features, { dtype }) : null
    this.runningVar = trackRunningStats ? ones(1, features, { dtype }) : null
    this.numBatchesTracked = trackRunningStats && momentum === null ? zeros(1, 1, { dtype: 'float64' }) : null
  }

  override get leastRows(): number {
    return this.runningMean && this.runningVar && !this.training ? 1 : 2
  }

  /** @throws ShapeError for another number of features, or for a batch of fewer than two samples that gives the statistics. */
  override forward<N extends number, F extends number>(x: Input<N, F> & Accepts<F, Features>): Variable<N, Features>
  override forward(x: Variable): Variable {
    if (x.cols !== this.numFeatures)
      throw new ShapeError(`BatchNorm1d: x is ${formatShape(x.shape)}, wanted ${this.numFeatures} columns`)
    const runningMean: Matrix | null = this.runningMean
    const runningVar: Matrix | null = this.runningVar
    const normal =
      runningMean && runningVar && !this.training
        ? x.sub(runningMean).div(runningVar.add(this.eps).sqrt())
        : this.normalize(x)
    return scaled(normal, this.weight, this.bias)
  }

  /** x with the mean 0 and, but for eps, the variance 1 in each column; the running statistics see the batch's. */
  private normalize(x: Variable): Variable {
    if (x.rows < 2)
      throw new ShapeError(`BatchNorm1d: x is ${formatShape(x.shape)}, wanted at least two rows, for their variance`)
    const mean = x.mean(0)
    const deviation = x.sub(mean)
    const variance = deviation.square().mean(0)
    const part = this.nextPart()
    move(this.runningMean, mean.value, part)
    move(this.runningVar, variance.value.mul(x.rows / (x.rows - 1)), part)
    return deviation.div(variance.add(this.eps).sqrt())
  }

  /** How much of the running statistics the present batch replaces, which is counted where that matters. */
  private nextPart(): number | Matrix {
    const { momentum, numBatchesTracked: count } = this
    if (momentum !== null) return momentum
    count?.assign(count.add(1))
    return count ? count.reciprocal() : 0
  }

  override describe(): string {
    return `BatchNorm1d(${this.numFeatures})`
  }
}

/** x·weight + bias, of those that there are. */
export function scaled(x: Variable, weight: Variable | null, bias: Variable | null): Variable {
  const weighted = weight ? x.mul(weight) : x
  return bias ? weighted.add(bias) : weighted
}

/** running = (1 − part)·running + part·batch, in place. */
function move(running: Matrix | null, batch: Matrix, part: number | Matrix): void {
  const rest = typeof part === 'number' ? 1 - part : part.neg().add(1)
  running?.assign(running.mul(rest).add(batch.mul(part)))
}
