import type { Variable } from '@matgrad/autograd'
import { MatgradError, type Matrix, zeros } from '@matgrad/core'
import { dependsOn, flag, number, readerOf, required, sgd_ } from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import { type LearningRate, Optimizer, type Parameters, type Update } from './optimizer.ts'
import type { StoredSettings } from './settings.ts'

export interface SGDSettings extends LearningRate {
  momentum: number
  /** How much of the gradient momentum leaves out. */
  dampening: number
  /** λ of the term λ·p, the gradient of λ/2·‖p‖². */
  weightDecay: number
  /** Whether to look ahead along the momentum. */
  nesterov: boolean
}

/** The order in which `sgd_` reads them. */
const NAMES = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov'] as const
const readSGD = readerOf({
  lr: required(number()),
  momentum: number(0),
  dampening: number(0),
  weightDecay: number(0),
  nesterov: flag(false),
})
const MOMENTUM = NAMES.indexOf('momentum')

/**
 * Whether a parameter has a velocity: the one thing about the settings that changes what is computed, not with what. Every
 * compiled step asks, so that it looks at the number itself: a getter would make an object of it.
 */
const usesMomentum = (numbers: Matrix): boolean => numbers.elements[MOMENTUM] !== 0

/**
 * Stochastic gradient descent (Robbins & Monro 1951) with momentum (Polyak 1964; Sutskever et al. 2013), by PyTorch's
 * rule: d = g + λ·p; v = momentum·v + (1 − dampening)·d, d itself at first; p −= lr·v, or lr·(d + momentum·v) with
 * Nesterov's momentum.
 */
export class SGD extends Optimizer<SGDSettings, { velocity: Matrix; step: Matrix }> {
  static readonly builtIn = true

  /**
   * @throws MatgradError for a negative setting, or Nesterov's momentum without momentum or with dampening; DTypeError for
   * other settings, and without lr.
   */
  constructor(params: Parameters<SGDSettings>, settings: Partial<SGDSettings> & LearningRate) {
    super(params, NAMES, readSGD(new.target.name, settings))
  }

  protected override check({ lr, momentum, dampening, weightDecay, nesterov }: SGDSettings): void {
    checkSetting('SGD', 'lr', lr, (lr) => lr >= 0, '0 or more')
    checkSetting('SGD', 'momentum', momentum, (momentum) => momentum >= 0, '0 or more')
    checkSetting('SGD', 'dampening', dampening, () => true, 'a finite number')
    checkSetting('SGD', 'weightDecay', weightDecay, (weightDecay) => weightDecay >= 0, '0 or more')
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new MatgradError('SGD: nesterov is true, wanted momentum above 0 and no dampening with it')
  }

  protected override start({ rows, cols, dtype }: Variable): { velocity: Matrix; step: Matrix } {
    return { velocity: zeros(rows, cols, { dtype }), step: zeros(1, 1, { dtype: 'float64' }) }
  }

  protected override updateOf({ numbers }: StoredSettings<SGDSettings>): Update {
    if (!dependsOn(() => usesMomentum(numbers)))
      return (parameter, gradient) => sgd_(parameter.value, null, null, gradient, numbers)
    return (parameter, gradient) => {
      const { velocity, step } = this.recall(parameter)
      sgd_(parameter.value, velocity, step, gradient, numbers)
    }
  }
}
