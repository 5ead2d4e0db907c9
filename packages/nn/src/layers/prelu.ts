import type { Variable } from '@matgrad/autograd'
import { type DType, type Generator, getDefaultDtype, getDefaultGenerator, ShapeError } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  dtypeName,
  formatShape,
  func,
  generatorOption,
  readerOf,
} from '@matgrad/core/internal'
import { checkInitializer } from '../check.ts'
import * as init from '../init.ts'
import type { Accepts, Input } from '../module.ts'
import { parameter, Weighted } from './weighted.ts'

export interface PReLUOptions {
  /** @default init.constant(0.25) */
  readonly init?: init.Initializer
  /** @default the default dtype */
  readonly dtype?: DType
  /** @default the default generator */
  readonly generator?: Generator
}

const readPReLU = readerOf({
  init: func<init.Initializer>()(init.constant(0.25)),
  dtype: dtypeName(),
  generator: generatorOption(),
})

/** The features that go in: as many as there are slopes, or any where there is one. */
type Sloped<Num extends number> = Num extends 1 ? number : Num

/**
 * x where x > 0, else weight·x, with one slope for all columns or one for each (He et al. 2015): nxF → nxF
 *
 * Defaults: num 1, init `init.constant(0.25)`.
 *
 * @throws ShapeError unless num is at least 1, or when the initialiser gives another shape; DTypeError for other options.
 */
export class PReLU<Num extends number = 1> extends Weighted<Variable<1, Num>, Sloped<Num>, Sloped<Num>> {
  static readonly builtIn: string = 'PReLU'

  /** @internal */
  static argumentsOf({ weight }: PReLU): unknown[] {
    return [weight.cols, { dtype: weight.dtype }]
  }

  /** Tells Sequential's types that what goes in comes out. */
  declare readonly keepsFeatures: true

  constructor(num: Num = 1 as Num, options?: PReLUOptions, ...more: []) {
    checkNoMore('PReLU', 'num, options', more)
    checkInteger('PReLU', 'num', num, 1, Number.MAX_SAFE_INTEGER)
    const { init: weightInit, ...settings } = readPReLU('PReLU', options)
    checkInitializer('PReLU: init', weightInit)
    const { dtype = getDefaultDtype(), generator = getDefaultGenerator() } = settings
    super(parameter('PReLU', 'weight', weightInit, [1, num], generator, dtype))
  }

  /** @throws ShapeError where there are several slopes, and another number of columns. */
  override forward<N extends number, F extends number>(
    x: Input<N, F> & Accepts<F, Sloped<Num>>,
  ): Variable<N, F & Sloped<Num>>
  override forward(x: Variable): Variable {
    const weight: Variable = this.weight
    if (weight.cols > 1 && x.cols !== weight.cols)
      throw new ShapeError(`${this.describe()}: x is ${formatShape(x.shape)}, wanted ${weight.cols} columns`)
    const isPositive = x.greater(0)
    // What has no slope is 0 before the product, too: an infinity has none with a gradient of 0.
    return isPositive.where(x, isPositive.where(0, x).mul(weight))
  }

  override describe(): string {
    return `PReLU(${this.weight.cols})`
  }
}
