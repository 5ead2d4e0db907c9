import type { Variable } from '@matgrad/autograd'
import { DTypeError, describe, MatgradError, type Matrix, sgd_, zeros } from '@matgrad/core'
import { checkSetting, type LearningRate, Optimizer, type Parameters } from './optimizer.ts'

export interface SGDSettings extends LearningRate {
  momentum: number
  /** How much of the gradient momentum leaves out. */
  dampening: number
  /** λ of the term λ·p, the gradient of λ/2·‖p‖². */
  weightDecay: number
  /** Whether to look ahead along the momentum. */
  nesterov: boolean
}

/**
 * Stochastic gradient descent (Robbins & Monro 1951) with momentum (Polyak 1964; Sutskever et al. 2013), by PyTorch's
 * rule: d = g + λ·p; v = momentum·v + (1 − dampening)·d, d itself at first; p −= lr·v, or lr·(d + momentum·v) with
 * Nesterov's momentum.
 */
export class SGD extends Optimizer<SGDSettings> {
  /** @throws MatgradError for a negative setting, or Nesterov's momentum without momentum or with dampening. */
  constructor(params: Parameters<SGDSettings>, settings: Partial<SGDSettings> & LearningRate) {
    super(params, { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, ...settings })
  }

  protected override check({ lr, momentum, dampening, weightDecay, nesterov }: SGDSettings): void {
    checkSetting('SGD', 'lr', lr, lr >= 0, '0 or more')
    checkSetting('SGD', 'momentum', momentum, momentum >= 0, '0 or more')
    checkSetting('SGD', 'dampening', dampening, true, 'a finite number')
    checkSetting('SGD', 'weightDecay', weightDecay, weightDecay >= 0, '0 or more')
    if (typeof nesterov !== 'boolean')
      throw new DTypeError(`SGD: nesterov is ${describe(nesterov)}, wanted true or false`)
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new MatgradError('SGD: nesterov is true, wanted momentum above 0 and no dampening with it')
  }

  protected override update(parameter: Variable, gradient: Matrix, settings: SGDSettings): void {
    const { value } = parameter
    const known = this.recall(parameter, 'velocity')
    const fresh = (): Matrix => zeros(value.rows, value.cols, { dtype: value.dtype })
    const velocity = settings.momentum === 0 ? null : (known ?? this.remember(parameter, 'velocity', fresh()))
    sgd_(value, velocity, gradient, settings, !known)
  }
}
