import type { Variable } from '@matgrad/autograd'
import type { Matrix } from '@matgrad/core'
import { number, readerOf } from '@matgrad/core/internal'
import { nameOf } from '../names.ts'
import { type Betas, betasOf } from './adam.ts'
import { type BuiltIn, type LearningRate, Optimizer, type Parameters, type Update } from './optimizer.ts'
import { checkSettings, givenSettings, type StoredSettings } from './settings.ts'
import { average, shrunk, zerosLike } from './terms.ts'

export interface LionSettings extends LearningRate {
  /**
   * The learning rate.
   *
   * @default 1e-4
   */
  lr: number
  /**
   * How much of the momentum counts in a step, and how much of it the step keeps.
   *
   * @default [0.9, 0.99]
   */
  betas: Betas
  /**
   * How much the parameter itself shrinks, by lr·weightDecay.
   *
   * @default 0
   */
  weightDecay: number
}

const readLion = readerOf({ lr: number(1e-4), betas: betasOf([0.9, 0.99]), weightDecay: number(0) })

/**
 * Lion (Chen et al. 2023): p *= 1 − lr·weightDecay; p −= lr·sign(β₁·m + (1 − β₁)·g); m = β₂·m + (1 − β₂)·g.
 *
 * Defaults: lr 1e-4, betas [0.9, 0.99], weightDecay 0.
 *
 * @throws MatgradError for a negative setting, or betas that are not below 1; DTypeError for other settings.
 */
export class Lion extends Optimizer<LionSettings, { momentum: Matrix }> {
  static readonly builtIn: BuiltIn = { name: 'Lion', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<LionSettings>, settings?: Partial<LionSettings>, ...more: []) {
    super(params, givenSettings(new.target, readLion, settings, more))
  }

  protected override check(settings: LionSettings): void {
    checkSettings(nameOf(this), settings)
  }

  protected override start(parameter: Variable): { momentum: Matrix } {
    return { momentum: zerosLike(parameter) }
  }

  protected override updateOf(group: StoredSettings<LionSettings>): Update {
    const shrink = shrunk(group)
    const follow = average(group, 'betas', 1)
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const { momentum } = this.recall(parameter)
      const kept = shrink(p)
      const seen = momentum.mul(group.number('betas', dtype, 0)).add(g.mul(group.complement('betas', dtype, 0)))
      // PyTorch's sign, which is 0 for NaN: loops have comparisons.
      const sign = seen.greater(0).sub(seen.less(0))
      p.assign(kept.sub(sign.mul(group.number('lr', dtype))))
      follow(momentum, g)
    }
  }
}
