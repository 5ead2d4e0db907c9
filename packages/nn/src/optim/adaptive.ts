import type { Variable } from '@matgrad/autograd'
import { full, type Matrix } from '@matgrad/core'
import { flag, number, readerOf } from '@matgrad/core/internal'
import { nameOf } from '../names.ts'
import { type BuiltIn, type LearningRate, Optimizer, type Parameters, type Update } from './optimizer.ts'
import { checkSettings, givenSettings, type StoredSettings } from './settings.ts'
import { average, count, decayed, noSteps, uses, zerosLike } from './terms.ts'

// Each parameter's elements have learning rates of their own, by the squares of their gradients so far.

export interface AdagradSettings extends LearningRate {
  /**
   * The learning rate.
   *
   * @default 0.01
   */
  lr: number
  /**
   * How fast the learning rate falls: it is lr/(1 + (t − 1)·lrDecay) in step t.
   *
   * @default 0
   */
  lrDecay: number
  /**
   * λ of the term λ·p, the gradient of λ/2·‖p‖².
   *
   * @default 0
   */
  weightDecay: number
  /**
   * What the sum of squares begins with.
   *
   * @default 0
   */
  initialAccumulatorValue: number
  /**
   * What is added to the denominator, so that it is not 0.
   *
   * @default 1e-10
   */
  eps: number
}

const readAdagrad = readerOf({
  lr: number(0.01),
  lrDecay: number(0),
  weightDecay: number(0),
  initialAccumulatorValue: number(0),
  eps: number(1e-10),
})

/**
 * Adagrad (Duchi et al. 2011) by PyTorch's rule: d = g + weightDecay·p; s = s + d²;
 * in step t, p −= lr/(1 + (t − 1)·lrDecay)·d / (√s + eps).
 *
 * Defaults: lr 0.01, lrDecay 0, weightDecay 0, initialAccumulatorValue 0, eps 1e-10.
 *
 * @throws MatgradError for a negative setting; DTypeError for other settings.
 */
export class Adagrad extends Optimizer<AdagradSettings, { sum: Matrix; step: Matrix }> {
  static readonly builtIn: BuiltIn = { name: 'Adagrad', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<AdagradSettings>, settings?: Partial<AdagradSettings>, ...more: []) {
    super(params, givenSettings(new.target, readAdagrad, settings, more))
  }

  protected override check(settings: AdagradSettings): void {
    checkSettings(nameOf(this), settings)
  }

  protected override start(
    { rows, cols, dtype }: Variable,
    { initialAccumulatorValue }: AdagradSettings,
  ): { sum: Matrix; step: Matrix } {
    return { sum: full(rows, cols, initialAccumulatorValue, { dtype }), step: noSteps() }
  }

  protected override updateOf(group: StoredSettings<AdagradSettings>): Update {
    const gradientOf = decayed(group)
    const slows = uses(group, 'lrDecay')
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const { sum, step } = this.recall(parameter)
      const d = gradientOf(p, g)
      let rate: Matrix = group.number('lr', dtype)
      if (slows) {
        const slowness = step.mul(group.number('lrDecay', 'float64')).add(1)
        rate = group.number('lr', 'float64').div(slowness).astype(dtype)
      }
      count(step)
      sum.assign(sum.add(d.square()))
      p.assign(p.sub(d.mul(rate).div(sum.sqrt().add(group.number('eps', dtype)))))
    }
  }
}

export interface RMSpropSettings extends LearningRate {
  /**
   * The learning rate.
   *
   * @default 0.01
   */
  lr: number
  /**
   * How much of the mean square each step keeps.
   *
   * @default 0.99
   */
  alpha: number
  /**
   * What is added to the denominator, so that it is not 0.
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
  /**
   * How much of the last step goes on in the next.
   *
   * @default 0
   */
  momentum: number
  /**
   * Whether to divide by the standard deviation of gradients instead of their root mean square.
   *
   * @default false
   */
  centered: boolean
}

const readRMSprop = readerOf({
  lr: number(0.01),
  alpha: number(0.99),
  eps: number(1e-8),
  weightDecay: number(0),
  momentum: number(0),
  centered: flag(false),
})

interface Squares extends Record<string, Matrix> {
  square: Matrix
  mean: Matrix
  velocity: Matrix
}

/**
 * RMSprop (Tieleman & Hinton 2012) by PyTorch's rule: d = g + weightDecay·p; v = α·v + (1 − α)·d²; u = d / (√v + eps);
 * p −= lr·u, or with momentum b = momentum·b + u and p −= lr·b. Centered (Graves 2013), m = α·m + (1 − α)·d, and v − m² is in
 * the place of v, or 0 where rounding makes it less, which is NaN in PyTorch.
 *
 * Defaults: lr 0.01, alpha 0.99, eps 1e-8, weightDecay 0, momentum 0, centered false.
 *
 * @throws MatgradError for a negative setting; DTypeError for other settings.
 */
export class RMSprop extends Optimizer<RMSpropSettings, Squares> {
  static readonly builtIn: BuiltIn = { name: 'RMSprop', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<RMSpropSettings>, settings?: Partial<RMSpropSettings>, ...more: []) {
    super(params, givenSettings(new.target, readRMSprop, settings, more))
  }

  protected override check(settings: RMSpropSettings): void {
    checkSettings(nameOf(this), settings)
  }

  protected override start(parameter: Variable): Squares {
    return { square: zerosLike(parameter), mean: zerosLike(parameter), velocity: zerosLike(parameter) }
  }

  protected override get optional(): readonly ['mean', 'velocity'] {
    return ['mean', 'velocity']
  }

  protected override updateOf(group: StoredSettings<RMSpropSettings>): Update {
    const gradientOf = decayed(group)
    const [remembers, isCentered] = [uses(group, 'momentum'), uses(group, 'centered')]
    const follow = average(group, 'alpha')
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const { square } = this.recall(parameter)
      const d = gradientOf(p, g)
      let variance = follow(square, d.square())
      if (isCentered) {
        const { mean } = this.recall(parameter, 'mean')
        variance = square.sub(follow(mean, d).square()).maximum(0)
      }
      let direction = d.div(variance.sqrt().add(group.number('eps', dtype)))
      if (remembers) {
        const { velocity } = this.recall(parameter, 'velocity')
        direction = velocity.assign(velocity.mul(group.number('momentum', dtype)).add(direction))
      }
      p.assign(p.sub(direction.mul(group.number('lr', dtype))))
    }
  }
}

export interface AdadeltaSettings extends LearningRate {
  /**
   * What multiplies each step.
   *
   * @default 1
   */
  lr: number
  /**
   * How much of the mean squares each step keeps.
   *
   * @default 0.9
   */
  rho: number
  /**
   * What is added to both mean squares, so that the first step is not 0.
   *
   * @default 1e-6
   */
  eps: number
  /**
   * λ of the term λ·p, the gradient of λ/2·‖p‖².
   *
   * @default 0
   */
  weightDecay: number
}

const readAdadelta = readerOf({ lr: number(1), rho: number(0.9), eps: number(1e-6), weightDecay: number(0) })

/**
 * Adadelta (Zeiler 2012) by PyTorch's rule: d = g + weightDecay·p; v = ρ·v + (1 − ρ)·d²; δ = √(u + eps)/√(v + eps)·d;
 * u = ρ·u + (1 − ρ)·δ²; p −= lr·δ.
 *
 * Defaults: lr 1, rho 0.9, eps 1e-6, weightDecay 0.
 *
 * @throws MatgradError for a negative setting, or rho above 1; DTypeError for other settings.
 */
export class Adadelta extends Optimizer<AdadeltaSettings, { square: Matrix; delta: Matrix }> {
  static readonly builtIn: BuiltIn = { name: 'Adadelta', updateOf: this.prototype.updateOf }

  constructor(params: Parameters<AdadeltaSettings>, settings?: Partial<AdadeltaSettings>, ...more: []) {
    super(params, givenSettings(new.target, readAdadelta, settings, more))
  }

  protected override check(settings: AdadeltaSettings): void {
    checkSettings(nameOf(this), settings, { upTo1: ['rho'] })
  }

  protected override start(parameter: Variable): { square: Matrix; delta: Matrix } {
    return { square: zerosLike(parameter), delta: zerosLike(parameter) }
  }

  protected override updateOf(group: StoredSettings<AdadeltaSettings>): Update {
    const gradientOf = decayed(group)
    const follow = average(group, 'rho')
    return (parameter, g) => {
      const { value: p, dtype } = parameter
      const { square, delta: squareOfDelta } = this.recall(parameter)
      const eps = group.number('eps', dtype)
      const d = gradientOf(p, g)
      follow(square, d.square())
      const delta = squareOfDelta.add(eps).sqrt().div(square.add(eps).sqrt()).mul(d)
      follow(squareOfDelta, delta.square())
      p.assign(p.sub(delta.mul(group.number('lr', dtype))))
    }
  }
}
