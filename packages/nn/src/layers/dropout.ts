import type { Variable } from '@matgrad/autograd'
import { type Generator, getDefaultGenerator, type Matrix } from '@matgrad/core'
import { checkNoMore, generatorOption, readerOf } from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import type { Input } from '../module.ts'
import { Activation } from './activations.ts'

const readDropout = readerOf({ generator: generatorOption() })

const checkProbability = (p: number): void => checkSetting('Dropout', 'p', p, (p) => p >= 0 && p <= 1, '0 to 1')

/**
 * While learning, sets each element to 0 with probability p and divides the others by 1 − p, so that the expected value
 * stays (Srivastava et al. 2014); otherwise x itself: nxF → nxF.
 *
 * Defaults: p 0.5, the default generator.
 *
 * @throws MatgradError unless 0 ≤ p ≤ 1; DTypeError for other options.
 */
export class Dropout extends Activation {
  static readonly builtIn: string = 'Dropout'

  /** @internal */
  static argumentsOf({ p }: Dropout): unknown[] {
    return [p]
  }

  readonly p: number
  readonly generator: Generator | undefined

  constructor(p = 0.5, options?: { generator?: Generator }, ...more: []) {
    super()
    checkNoMore('Dropout', 'p, options', more)
    checkProbability(p)
    this.p = p
    this.generator = readDropout('Dropout', options).generator
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    // Nothing keeps plain JavaScript from setting it.
    checkProbability(this.p)
    if (!this.training || this.p === 0) return x
    const generator = this.generator ?? getDefaultGenerator()
    const kept: Matrix = generator.bernoulli(x.rows, x.cols, 1 - this.p, { dtype: x.dtype })
    // Selected, not multiplied by 0, which infinities have no product with.
    return kept.where(this.p < 1 ? x.mul(1 / (1 - this.p)) : x, 0)
  }

  override describe(): string {
    return `Dropout(${this.p})`
  }
}
