import type { Variable } from '@matgrad/autograd'
import type { Matrix } from '@matgrad/core'
import { adam_, flag, type KindMaker, number, numbers, readerOf } from '@matgrad/core/internal'
import { nameOf } from '../names.ts'
import { type BuiltIn, type LearningRate, Optimizer, type Parameters, type Update } from './optimizer.ts'
import { checkSettings, givenSettings, type StoredSettings } from './settings.ts'
import { average, correction, count, decayed, noSteps, shrunk, uses, zerosLike } from './terms.ts'

/** How much of the first and of the second moment each step keeps. */
export type Betas = readonly [first: number, second: number]

/** @internal */
export const betasOf = numbers(2) as KindMaker<Betas>

export interface AdamSettings extends LearningRate {
  /**
   * The learning rate.
   *
   * @default 1e-3
   */
  lr: number
  /**
   * How much of the first and of the second moment each step keeps.
   *
   * @default [0.9, 0.999]
   */
  betas: Betas
  /**
   * What is added to the denominator, so that it is not 0.
   *
   * @default 1e-8
   */
  eps: number
  /**
   * How much the parameter is drawn to 0.
   *
   * @default 0 for Adam, 0.01 for AdamW
   */
  weightDecay: number
  /**
   * Whether weight decay shrinks the parameter itself, by lr·weightDecay, instead of adding to the gradient.
   *
   * @default false for Adam, true for AdamW
   */
  decoupledWeightDecay: boolean
  /**
   * Whether the largest second moment so far takes the place of the present one (Reddi et al. 2018).
   *
   * @default false
   */
  amsgrad: boolean
}

const KINDS = {
  lr: number(1e-3),
  betas: betasOf([0.9, 0.999]),
  eps: number(1e-8),
  weightDecay: number(0),
  decoupledWeightDecay: flag(false),
  amsgrad: flag(false),
}
const readAdam = readerOf(KINDS)
const readAdamW = readerOf({ ...KINDS, weightDecay: number(0.01), decoupledWeightDecay: flag(true) })

interface Moments extends Record<string, Matrix> {
  first: Matrix
  second: Matrix
  step: Matrix
  largest: Matrix
}

/**
 * Adam (Kingma & Ba 2015) by PyTorch's rule: d = g + weightDecay·p; m = β₁·m + (1 − β₁)·d; v = β₂·v + (1 − β₂)·d²;
 * in step t, p −= lr/(1 − β₁ᵗ)·m / (√v/√(1 − β₂ᵗ) + eps). With amsgrad, the largest v so far is in the place of v;
 * with decoupledWeightDecay, d = g and p *= 1 − lr·weightDecay before.
 *
 * Defaults: lr 1e-3, betas [0.9, 0.999], eps 1e-8, weightDecay 0, decoupledWeightDecay false, amsgrad false.
 *
 * @throws MatgradError for a negative setting, or betas that are not below 1; DTypeError for other settings.
 */
export class Adam extends Optimizer<AdamSettings, Moments> {
  static readonly builtIn: BuiltIn = { name: 'Adam', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<AdamSettings>, settings?: Partial<AdamSettings>, ...more: []) {
    super(params, givenSettings(new.target, readAdam, settings, more))
  }

  protected override check(settings: AdamSettings): void {
    checkSettings(nameOf(this), settings)
  }

  protected override start(parameter: Variable): Moments {
    const moment = (): Matrix => zerosLike(parameter)
    return { first: moment(), second: moment(), step: noSteps(), largest: moment() }
  }

  protected override get optional(): readonly ['largest'] {
    return ['largest']
  }

  protected override updateOf(group: StoredSettings<AdamSettings>): Update {
    if (uses(group, 'amsgrad')) return this.updateByLargest(group)
    const exact = (name: keyof AdamSettings, i = 0): Matrix<1, 1> => group.number(name, 'float64', i)
    const settings = {
      lr: exact('lr'),
      beta1: exact('betas', 0),
      beta2: exact('betas', 1),
      eps: exact('eps'),
      weightDecay: exact('weightDecay'),
      decoupled: exact('decoupledWeightDecay'),
    }
    return (parameter, gradient) => {
      const { first, second, step } = this.recall(parameter)
      adam_(parameter.value, first, second, step, gradient, settings)
    }
  }

  private updateByLargest(group: StoredSettings<AdamSettings>): Update {
    const exact = (name: keyof AdamSettings, i = 0): Matrix<1, 1> => group.number(name, 'float64', i)
    const isDecoupled = uses(group, 'decoupledWeightDecay')
    const shrink = isDecoupled ? shrunk(group) : (p: Matrix): Matrix => p
    const gradientOf = isDecoupled ? (_: Matrix, g: Matrix): Matrix => g : decayed(group)
    const [averageFirst, averageSecond] = [average(group, 'betas', 0), average(group, 'betas', 1)]
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const { first, second, step, largest } = this.recall(parameter, 'largest')
      // All that is one number comes first, so that the rest is one loop.
      const t = count(step)
      const rate = exact('lr')
        .div(correction(exact('betas', 0), t))
        .astype(dtype)
      const scale = correction(exact('betas', 1), t).sqrt().astype(dtype)
      const kept = shrink(p)
      const d = gradientOf(p, g)
      averageFirst(first, d)
      averageSecond(second, d.square())
      largest.assign(largest.maximum(second))
      const denominator = largest.sqrt().div(scale).add(group.number('eps', dtype))
      p.assign(kept.sub(first.mul(rate).div(denominator)))
    }
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019): d = g, and p *= 1 − lr·weightDecay before each step.
 *
 * Defaults: lr 1e-3, betas [0.9, 0.999], eps 1e-8, weightDecay 0.01, decoupledWeightDecay true, amsgrad false.
 *
 * @throws MatgradError for a negative setting, or betas that are not below 1; DTypeError for other settings.
 */
export class AdamW extends Adam {
  static override readonly builtIn: BuiltIn = { name: 'AdamW', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<AdamSettings>, settings?: Partial<AdamSettings>, ...more: []) {
    super(params, givenSettings(new.target, readAdamW, settings, more))
  }
}
