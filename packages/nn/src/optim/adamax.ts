import type { Variable } from '@matgrad/autograd'
import type { Matrix } from '@matgrad/core'
import { number, readerOf } from '@matgrad/core/internal'
import { nameOf } from '../names.ts'
import { type Betas, betasOf } from './adam.ts'
import { type BuiltIn, type LearningRate, Optimizer, type Parameters, type Update } from './optimizer.ts'
import { checkSettings, givenSettings, type StoredSettings } from './settings.ts'
import { average, correction, count, decayed, noSteps, zerosLike } from './terms.ts'

export interface AdamaxSettings extends LearningRate {
  /**
   * The learning rate.
   *
   * @default 2e-3
   */
  lr: number
  /**
   * How much of the first moment, and of the largest gradient, each step keeps.
   *
   * @default [0.9, 0.999]
   */
  betas: Betas
  /**
   * What is added to the size of each gradient, so that the largest is not 0.
   *
   * @default 1e-8
   */
  eps: number
  /**
   * λ of the term λ·p, the gradient of λ/2·‖p‖².
   *
   * @default 0
   */
  weightDecay: number
}

const readAdamax = readerOf({
  lr: number(2e-3),
  betas: betasOf([0.9, 0.999]),
  eps: number(1e-8),
  weightDecay: number(0),
})

interface Moments extends Record<string, Matrix> {
  first: Matrix
  largest: Matrix
  step: Matrix
}

/**
 * Adamax (Kingma & Ba 2015, Adam by the infinity norm) by PyTorch's rule: d = g + weightDecay·p; m = β₁·m + (1 − β₁)·d;
 * u = max(β₂·u, |d| + eps); in step t, p −= lr/(1 − β₁ᵗ)·m / u.
 *
 * Defaults: lr 2e-3, betas [0.9, 0.999], eps 1e-8, weightDecay 0.
 *
 * @throws MatgradError for a negative setting, or betas that are not below 1; DTypeError for other settings.
 */
export class Adamax extends Optimizer<AdamaxSettings, Moments> {
  static readonly builtIn: BuiltIn = { name: 'Adamax', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<AdamaxSettings>, settings?: Partial<AdamaxSettings>, ...more: []) {
    super(params, givenSettings(new.target, readAdamax, settings, more))
  }

  protected override check(settings: AdamaxSettings): void {
    checkSettings(nameOf(this), settings)
  }

  protected override start(parameter: Variable): Moments {
    return { first: zerosLike(parameter), largest: zerosLike(parameter), step: noSteps() }
  }

  protected override updateOf(group: StoredSettings<AdamaxSettings>): Update {
    const gradientOf = decayed(group)
    const follow = average(group, 'betas', 0)
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const { first, largest, step } = this.recall(parameter)
      // All that is one number comes first, so that the rest is one loop.
      const correct = correction(group.number('betas', 'float64', 0), count(step))
      const rate = group.number('lr', 'float64').div(correct).astype(dtype)
      const d = gradientOf(p, g)
      follow(first, d)
      largest.assign(largest.mul(group.number('betas', dtype, 1)).maximum(d.abs().add(group.number('eps', dtype))))
      p.assign(p.sub(first.mul(rate).div(largest)))
    }
  }
}
