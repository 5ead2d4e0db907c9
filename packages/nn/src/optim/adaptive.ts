import type { Variable } from '@matgrad/autograd'
import { type Matrix, zeros } from '@matgrad/core'
import { adam_, checkNoMore, flag, type KindMaker, number, numbers, readerOf } from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import { type LearningRate, Optimizer, type Parameters, type Update } from './optimizer.ts'
import type { StoredSettings } from './settings.ts'

export interface AdamSettings extends LearningRate {
  /** How much of the first and of the second moment each step keeps. */
  betas: readonly [first: number, second: number]
  /** What is added to the denominator, so that it is not 0. */
  eps: number
  weightDecay: number
  /** Whether weight decay shrinks the parameter itself, by lr·weightDecay, instead of adding to the gradient. */
  decoupledWeightDecay: boolean
}

const KINDS = {
  lr: number(1e-3),
  betas: (numbers(2) as KindMaker<AdamSettings['betas']>)([0.9, 0.999]),
  eps: number(1e-8),
  weightDecay: number(0),
  decoupledWeightDecay: flag(false),
}
const readAdam = readerOf(KINDS)
const readAdamW = readerOf({ ...KINDS, weightDecay: number(0.01), decoupledWeightDecay: flag(true) })

interface Moments extends Record<string, Matrix> {
  first: Matrix
  second: Matrix
  step: Matrix
}

/**
 * Adam (Kingma & Ba 2015) by PyTorch's rule: d = g + weightDecay·p; m = β₁·m + (1 − β₁)·d; v = β₂·v + (1 − β₂)·d²;
 * in step t, p −= lr/(1 − β₁ᵗ)·m / (√v/√(1 − β₂ᵗ) + eps).
 */
export class Adam extends Optimizer<AdamSettings, Moments> {
  static readonly builtIn: unknown = this.prototype.updateOf

  /** @throws MatgradError for a negative setting, or betas that are not below 1; DTypeError for other settings. */
  constructor(params: Parameters<AdamSettings>, settings?: Partial<AdamSettings>, ...more: []) {
    checkNoMore(new.target.name, 'params, settings', more)
    super(params, readAdam(new.target.name, settings))
  }

  protected override check({ lr, betas, eps, weightDecay }: AdamSettings): void {
    const { name } = this.constructor
    checkSetting(name, 'lr', lr, (lr) => lr >= 0, '0 or more')
    for (const beta of betas)
      checkSetting(name, 'one of betas', beta, (beta) => beta >= 0 && beta < 1, '0 or more and below 1')
    checkSetting(name, 'eps', eps, (eps) => eps >= 0, '0 or more')
    checkSetting(name, 'weightDecay', weightDecay, (weightDecay) => weightDecay >= 0, '0 or more')
  }

  protected override start({ rows, cols, dtype }: Variable): Moments {
    const moment = (): Matrix => zeros(rows, cols, { dtype })
    return { first: moment(), second: moment(), step: zeros(1, 1, { dtype: 'float64' }) }
  }

  protected override updateOf(group: StoredSettings<AdamSettings>): Update {
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
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019): d = g, and p *= 1 − lr·weightDecay before each step. */
export class AdamW extends Adam {
  static override readonly builtIn: unknown = this.prototype.updateOf

  constructor(params: Parameters<AdamSettings>, settings?: Partial<AdamSettings>, ...more: []) {
    checkNoMore(new.target.name, 'params, settings', more)
    super(params, readAdamW(new.target.name, settings))
  }
}
