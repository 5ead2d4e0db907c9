import type { Variable } from '@matgrad/autograd'
import { full, MatgradError, type Matrix } from '@matgrad/core'
import { flag, number, readerOf, required } from '@matgrad/core/internal'
import { nameOf } from '../names.ts'
import { type BuiltIn, type LearningRate, Optimizer, type Parameters, type Update } from './optimizer.ts'
import { checkSettings, givenSettings, type StoredSettings } from './settings.ts'
import { count, decayed, noSteps, uses } from './terms.ts'

export interface SGDSettings extends LearningRate {
  /**
   * How much of the last step goes on in the next.
   *
   * @default 0
   */
  momentum: number
  /**
   * How much of the gradient momentum leaves out.
   *
   * @default 0
   */
  dampening: number
  /**
   * λ of the term λ·p, the gradient of λ/2·‖p‖².
   *
   * @default 0
   */
  weightDecay: number
  /**
   * Whether to look ahead along the momentum.
   *
   * @default false
   */
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
 *
 * Defaults: momentum 0, dampening 0, weightDecay 0, nesterov false; lr must be there.
 *
 * @throws MatgradError for a negative setting, or Nesterov's momentum without momentum or with dampening; DTypeError for
 * other settings, and without lr.
 */
export class SGD extends Optimizer<SGDSettings, { velocity: Matrix; step: Matrix }> {
  static readonly builtIn: BuiltIn = { name: 'SGD', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<SGDSettings>, settings: Partial<SGDSettings> & LearningRate, ...more: []) {
    super(params, givenSettings(new.target, readSGD, settings, more))
  }

  protected override check(settings: SGDSettings): void {
    const name = nameOf(this)
    checkSettings(name, settings, { signed: ['dampening'] })
    const { momentum, dampening, nesterov } = settings
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new MatgradError(`${name}: nesterov is true, wanted momentum above 0 and no dampening with it`)
  }

  protected override start({ rows, cols, dtype }: Variable): { velocity: Matrix; step: Matrix } {
    // So that it is d itself at first: 0 and a d of −0 would be 0.
    return { velocity: full(rows, cols, -0, { dtype }), step: noSteps() }
  }

  protected override updateOf(group: StoredSettings<SGDSettings>): Update {
    const [remembers, dampens, looksAhead] = [
      uses(group, 'momentum'),
      uses(group, 'dampening'),
      uses(group, 'nesterov'),
    ]
    const gradientOf = decayed(group)
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const momentum = group.number('momentum', dtype)
      const d = gradientOf(p, g)
      let direction = d
      if (remembers) {
        const { velocity, step } = this.recall(parameter)
        let taken = d
        if (dampens) {
          const factor = step.equal(0).where(1, group.complement('dampening', 'float64'))
          taken = d.mul(factor.astype(dtype))
        }
        count(step)
        velocity.assign(velocity.mul(momentum).add(taken))
        direction = looksAhead ? d.add(velocity.mul(momentum)) : velocity
      }
      p.assign(p.sub(direction.mul(group.number('lr', dtype))))
    }
  }
}
