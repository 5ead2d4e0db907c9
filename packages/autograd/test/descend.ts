// What optimisers do, on matrices, and settings for it.

import { full, type Matrix } from '@matgrad/core'
import type { AdamNumbers } from '@matgrad/core/internal'

/** Settings in matrices, which may change between steps. */
export type Settings = AdamNumbers & Readonly<Record<keyof AdamNumbers | 'momentum', Matrix>>

const numbers = { lr: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.01, decoupled: 0, momentum: 0.5 }

export const settingsOf = (): Settings =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [name, full(1, 1, value, { dtype: 'float64' })]),
  ) as Settings

/** A step down the gradient, with a velocity if there is one. */
export function descend(parameter: Matrix, velocity: Matrix | null, gradient: Matrix, settings: Settings): void {
  const [lr, momentum, decay] = [settings.lr, settings.momentum, settings.weightDecay].map((each) =>
    each.astype(parameter.dtype),
  )
  const d = gradient.add(parameter.mul(decay))
  velocity?.assign(velocity.mul(momentum).add(d))
  parameter.assign(parameter.sub((velocity ?? d).mul(lr)))
}
