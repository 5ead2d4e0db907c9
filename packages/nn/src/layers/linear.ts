import type { Variable } from '@matgrad/autograd'
import { type DType, type Generator, getDefaultDtype, getDefaultGenerator, ShapeError } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  dtypeName,
  flag,
  formatShape,
  func,
  generatorOption,
  readerOf,
} from '@matgrad/core/internal'
import { checkInitializer } from '../check.ts'
import * as init from '../init.ts'
import type { Accepts, Input } from '../module.ts'
import { Biased, parameter } from './weighted.ts'

export interface LinearOptions {
  /**
   * Whether there is a bias.
   *
   * @default true
   */
  readonly bias?: boolean
  /** @default init.xavierUniform() */
  readonly init?: init.Initializer
  /** @default init.zeros */
  readonly biasInit?: init.Initializer
  /** @default the default dtype */
  readonly dtype?: DType
  /** @default the default generator */
  readonly generator?: Generator
}

const readLinear = readerOf({
  bias: flag(true),
  init: func<init.Initializer>()(init.xavierUniform()),
  biasInit: func<init.Initializer>()(init.zeros),
  dtype: dtypeName(),
  generator: generatorOption(),
})

/**
 * x·Wᵀ + b: nxIn → nxOut, with W of OutxIn and b of 1xOut, as in PyTorch.
 *
 * Defaults: bias true, init `init.xavierUniform()`, biasInit `init.zeros`.
 *
 * @throws ShapeError unless both counts are at least 1, or when an initialiser gives another shape; DTypeError for other
 * options, and an initialiser that gives something that is not a Matrix.
 */
export class Linear<In extends number = number, Out extends number = number> extends Biased<
  Variable<Out, In>,
  Variable<1, Out> | null,
  In,
  Out
> {
  static readonly builtIn: string = 'Linear'

  /** @internal */
  static argumentsOf({ weight, bias }: Linear): unknown[] {
    return [weight.cols, weight.rows, { bias: bias !== null, dtype: weight.dtype }]
  }

  constructor(inFeatures: In, outFeatures: Out, options?: LinearOptions, ...more: []) {
    checkNoMore('Linear', 'inFeatures, outFeatures, options', more)
    checkInteger('Linear', 'inFeatures', inFeatures, 1, Number.MAX_SAFE_INTEGER)
    checkInteger('Linear', 'outFeatures', outFeatures, 1, Number.MAX_SAFE_INTEGER)
    const { bias, init: weightInit, biasInit, ...settings } = readLinear('Linear', options)
    checkInitializer('Linear: init', weightInit)
    checkInitializer('Linear: biasInit', biasInit)
    const { dtype = getDefaultDtype(), generator = getDefaultGenerator() } = settings
    const weight = parameter('Linear', 'weight', weightInit, [outFeatures, inFeatures], generator, dtype)
    super(weight, bias ? parameter('Linear', 'bias', biasInit, [1, outFeatures], generator, dtype) : null)
  }

  /** @throws ShapeError for another number of features. */
  override forward<N extends number, F extends number>(x: Input<N, F> & Accepts<F, In>): Variable<N, Out>
  override forward(x: Variable): Variable {
    const weight: Variable = this.weight
    const bias: Variable<1, number> | null = this.bias
    if (x.cols !== weight.cols)
      throw new ShapeError(`${this.describe()}: x is ${formatShape(x.shape)}, wanted ${weight.cols} columns`)
    return bias ? x.affine(weight, bias, { transposeB: true }) : x.matmul(weight, { transposeB: true })
  }

  override describe(): string {
    return `Linear(${this.weight.cols} → ${this.weight.rows}${this.bias ? '' : ', no bias'})`
  }
}
