import type { Variable } from '@matgrad/autograd'
import { full, MatgradError, type Matrix, sub, zeros } from '@matgrad/core'
import { checkNoMore, dependsOn, flag, number, readerOf, required } from '@matgrad/core/internal'
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

const readSGD = readerOf({
  lr: required(number()),
  momentum: number(0),
  dampening: number(0),
  weightDecay: number(0),
  nesterov: flag(false),
})

/**
 * Stochastic gradient descent (Robbins & Monro 1951) with momentum (Polyak 1964; Sutskever et al. 2013), by PyTorch's
 * rule: d = g + λ·p; v = momentum·v + (1 − dampening)·d, d itself at first; p −= lr·v, or lr·(d + momentum·v) with
 * Nesterov's momentum.
 */
export class SGD extends Optimizer<SGDSettings, { velocity: Matrix; step: Matrix }> {
  static readonly builtIn: unknown = this.prototype.updateOf

  /**
   * @throws MatgradError for a negative setting, or Nesterov's momentum without momentum or with dampening; DTypeError for
   * other settings, and without lr.
   */
  constructor(params: Parameters<SGDSettings>, settings: Partial<SGDSettings> & LearningRate, ...more: []) {
    checkNoMore(new.target.name, 'params, settings', more)
    super(params, readSGD(new.target.name, settings))
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
    // So that it is d itself at first: 0 and a d of −0 would be 0.
    return { velocity: full(rows, cols, -0, { dtype }), step: zeros(1, 1, { dtype: 'float64' }) }
  }

  protected override updateOf(group: StoredSettings<SGDSettings>): Update {
    const uses = (name: keyof SGDSettings): boolean => dependsOn(() => Boolean(group.settings[name]))
    const [remembers, dampens] = [uses('momentum'), uses('dampening')]
    const [decays, looksAhead] = [uses('weightDecay'), uses('nesterov')]
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const [lr, momentum] = [group.number('lr', dtype), group.number('momentum', dtype)]
      const d = decays ? g.add(p.mul(group.number('weightDecay', dtype))) : g
      let direction = d
      if (remembers) {
        const { velocity, step } = this.recall(parameter)
        let taken = d
        if (dampens) {
          const factor = step.equal(0).where(1, sub(1, group.number('dampening', 'float64')))
          taken = d.mul(factor.astype(dtype))
        }
        step.assign(step.add(1))
        velocity.assign(velocity.mul(momentum).add(taken))
        direction = looksAhead ? d.add(velocity.mul(momentum)) : velocity
      }
      p.assign(p.sub(direction.mul(lr)))
    }
  }
}
