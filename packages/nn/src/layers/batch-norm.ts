import { type Variable, variable } from '@matgrad/autograd'
import { type DType, getDefaultDtype, type Matrix, ones, ShapeError, zeros } from '@matgrad/core'
import { checkInteger, checkNoMore, dtypeName, flag, formatShape, number, readerOf } from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import { type Accepts, type Input, Module, variableOf } from '../module.ts'

export interface BatchNormOptions {
  /** What is added to the variance, so that its root is not 0. */
  readonly eps?: number
  /** How much of the running statistics each batch replaces. */
  readonly momentum?: number
  /** Whether there are a weight and a bias. */
  readonly affine?: boolean
  /** Whether there are running statistics, to use out of learning; without them it is always the batch's that are used. */
  readonly trackRunningStats?: boolean
  readonly dtype?: DType
}

const readBatchNorm = readerOf({
  eps: number(1e-5),
  momentum: number(0.1),
  affine: flag(true),
  trackRunningStats: flag(true),
  dtype: dtypeName(),
})

/**
 * (x − μ) / √(σ² + eps)·weight + bias in each column: nxFeatures → nxFeatures (Ioffe & Szegedy 2015). While learning, μ and
 * σ² are the mean and the variance of the batch; otherwise they are the running ones, which every batch moves by
 * running += momentum·(batch − running), its variance taken without bias (÷ n − 1), as in PyTorch.
 */
export class BatchNorm1d<Features extends number = number> extends Module<Features, Features> {
  static readonly builtIn = true

  readonly weight: Variable<1, Features> | null
  readonly bias: Variable<1, Features> | null
  readonly runningMean: Matrix<1, Features> | null
  readonly runningVar: Matrix<1, Features> | null
  readonly eps: number
  readonly momentum: number
  readonly numFeatures: Features

  /**
   * @throws ShapeError unless there is at least one feature; MatgradError for an eps or a momentum that makes no sense;
   * DTypeError for other options.
   */
  constructor(features: Features, options?: BatchNormOptions, ...more: []) {
    super()
    checkNoMore('BatchNorm1d', 'features, options', more)
    checkInteger('BatchNorm1d', 'features', features, 1, Number.MAX_SAFE_INTEGER)
    const settings = readBatchNorm('BatchNorm1d', options)
    const { eps, momentum, affine, trackRunningStats, dtype = getDefaultDtype() } = settings
    checkSetting('BatchNorm1d', 'eps', eps, (eps) => eps >= 0, '0 or more')
    checkSetting('BatchNorm1d', 'momentum', momentum, (momentum) => momentum >= 0 && momentum <= 1, '0 to 1')
    this.numFeatures = features
    this.eps = eps
    this.momentum = momentum
    this.weight = affine ? variable(ones(1, features, { dtype }), { name: 'weight' }) : null
    this.bias = affine ? variable(zeros(1, features, { dtype }), { name: 'bias' }) : null
    this.runningMean = trackRunningStats ? zeros(1, features, { dtype }) : null
    this.runningVar = trackRunningStats ? ones(1, features, { dtype }) : null
  }

  override get leastRows(): number {
    return this.runningMean && this.runningVar && !this.training ? 1 : 2
  }

  /** @throws ShapeError for another number of features, or for a batch of fewer than two samples that gives the statistics. */
  override forward<N extends number, F extends number>(x: Input<N, F> & Accepts<F, Features>): Variable<N, Features> {
    const samples: Variable = variableOf('BatchNorm1d', x as Input)
    if (samples.cols !== this.numFeatures)
      throw new ShapeError(`BatchNorm1d: x is ${formatShape(samples.shape)}, wanted ${this.numFeatures} columns`)
    const { runningMean, runningVar } = this
    const normal =
      runningMean && runningVar && !this.training
        ? samples.sub(runningMean as Matrix).div((runningVar as Matrix).add(this.eps).sqrt())
        : this.normalize(samples)
    const scaled = this.weight ? normal.mul(this.weight as Variable) : normal
    return (this.bias ? scaled.add(this.bias as Variable) : scaled) as Variable<N, Features>
  }

  /** x with the mean 0 and, but for eps, the variance 1 in each column; the running statistics see the batch's. */
  private normalize(x: Variable): Variable {
    if (x.rows < 2)
      throw new ShapeError(`BatchNorm1d: x is ${formatShape(x.shape)}, wanted at least two rows, for their variance`)
    const mean = x.mean(0)
    const deviation = x.sub(mean)
    const variance = deviation.square().mean(0)
    move(this.runningMean, mean.value, this.momentum)
    move(this.runningVar, variance.value.mul(x.rows / (x.rows - 1)), this.momentum)
    return deviation.div(variance.add(this.eps).sqrt())
  }

  override describe(): string {
    return `BatchNorm1d(${this.numFeatures})`
  }
}

/** running = (1 − momentum)·running + momentum·batch, in place. */
function move(running: Matrix | null, batch: Matrix, momentum: number): void {
  running?.assign(running.mul(1 - momentum).add(batch.mul(momentum)))
}
