import { type Variable, variable } from '@matgrad/autograd'
import { type DType, getDefaultDtype, ones, ShapeError, zeros } from '@matgrad/core'
import { checkInteger, checkNoMore, dtypeName, flag, formatShape, number, readerOf } from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import type { Accepts, Input } from '../module.ts'
import { scaled } from './batch-norm.ts'
import { takeRoom } from './room.ts'
import { Biased } from './weighted.ts'

export interface LayerNormOptions {
  /**
   * What is added to the variance, so that its root is not 0.
   *
   * @default 1e-5
   */
  readonly eps?: number
  /**
   * Whether there are a weight and a bias.
   *
   * @default true
   */
  readonly affine?: boolean
  /**
   * Whether there is a bias, if there is a weight.
   *
   * @default true
   */
  readonly bias?: boolean
  /** @default the default dtype */
  readonly dtype?: DType
}

const readLayerNorm = readerOf({ eps: number(1e-5), affine: flag(true), bias: flag(true), dtype: dtypeName() })

/**
 * (x − μ) / √(σ² + eps)·weight + bias in each row: nxFeatures → nxFeatures, with the mean μ and the variance σ² (÷ Features) of the
 * row, learning or not (Ba, Kiros & Hinton 2016). What is float32 is normalised in float64 and rounded once.
 *
 * Defaults: eps 1e-5, affine true, bias true.
 *
 * @throws ShapeError unless there is at least one feature; MatgradError for an eps that makes no sense; DTypeError for other
 * options.
 */
export class LayerNorm<Features extends number = number> extends Biased<
  Variable<1, Features> | null,
  Variable<1, Features> | null,
  Features,
  Features
> {
  static readonly builtIn: string = 'LayerNorm'

  /** @internal */
  static argumentsOf({ numFeatures, eps, weight, bias }: LayerNorm): unknown[] {
    return [numFeatures, { eps, affine: weight !== null, bias: bias !== null, ...(weight && { dtype: weight.dtype }) }]
  }

  readonly eps: number
  readonly numFeatures: Features

  constructor(features: Features, options?: LayerNormOptions, ...more: []) {
    checkNoMore('LayerNorm', 'features, options', more)
    checkInteger('LayerNorm', 'features', features, 1, Number.MAX_SAFE_INTEGER)
    const { eps, affine, bias, dtype = getDefaultDtype() } = readLayerNorm('LayerNorm', options)
    checkSetting('LayerNorm', 'eps', eps, (eps) => eps >= 0, '0 or more')
    takeRoom('LayerNorm', Number(affine) * (1 + Number(bias)), features)
    super(
      affine ? variable(ones(1, features, { dtype }), { name: 'weight' }) : null,
      affine && bias ? variable(zeros(1, features, { dtype }), { name: 'bias' }) : null,
      true,
    )
    this.numFeatures = features
    this.eps = eps
  }

  /** @throws ShapeError for another number of features. */
  override forward<N extends number, F extends number>(x: Input<N, F> & Accepts<F, Features>): Variable<N, Features>
  override forward(x: Variable): Variable {
    if (x.cols !== this.numFeatures)
      throw new ShapeError(`LayerNorm: x is ${formatShape(x.shape)}, wanted ${this.numFeatures} columns`)
    const wide = x.astype('float64')
    const deviation = wide.sub(wide.mean(1))
    const variance = deviation.square().mean(1)
    const normal = deviation.div(variance.add(this.eps).sqrt()).astype(x.dtype)
    return scaled(normal, this.weight, this.bias)
  }

  override describe(): string {
    return `LayerNorm(${this.numFeatures})`
  }
}
