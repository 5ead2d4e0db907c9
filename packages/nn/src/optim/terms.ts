import type { Variable } from '@matgrad/autograd'
import { type Matrix, sub, zeros } from '@matgrad/core'
import { dependsOn } from '@matgrad/core/internal'
import type { StoredSettings } from './settings.ts'

// What rules of optimisers have in common. Numbers that a step needs once are computed in float64, and rounded to the
// parameter's dtype then.

/** Zeros of a parameter's shape and dtype. */
export const zerosLike = ({ rows, cols, dtype }: Variable): Matrix => zeros(rows, cols, { dtype })

/** A count of steps, of which there was none. */
export const noSteps = (): Matrix => zeros(1, 1, { dtype: 'float64' })

/** Whether a setting is true, or another number than 0: what is compiled is made anew when that changes. */
export const uses = <S extends object>(group: StoredSettings<S>, name: keyof S): boolean =>
  dependsOn(() => Boolean(group.settings[name]))

/** d = g + weightDecay·p */
export function decayed<S extends { weightDecay: number }>(group: StoredSettings<S>): (p: Matrix, g: Matrix) => Matrix {
  if (!uses(group, 'weightDecay')) return (_, g) => g
  return (p, g) => g.add(p.mul(group.number('weightDecay', p.dtype)))
}

/** Decoupled weight decay (Loshchilov & Hutter 2019): p·(1 − lr·weightDecay) */
export function shrunk<S extends { lr: number; weightDecay: number }>(group: StoredSettings<S>): (p: Matrix) => Matrix {
  if (!uses(group, 'weightDecay')) return (p) => p
  const kept = sub(1, group.number('lr', 'float64').mul(group.number('weightDecay', 'float64')))
  return (p) => p.mul(kept.astype(p.dtype))
}

/** mean = β·mean + (1 − β)·x, in place, β being a setting, or one of several. */
export function average<S>(group: StoredSettings<S>, name: keyof S, i = 0): (mean: Matrix, x: Matrix) => Matrix {
  return (mean, x) => {
    const { dtype } = mean
    return mean.assign(mean.mul(group.number(name, dtype, i)).add(x.mul(group.complement(name, dtype, i))))
  }
}

/** Counts a step: t = step + 1, in place. */
export const count = (step: Matrix): Matrix => step.assign(step.add(1))

/** 1 − βᵗ, what an average that began with 0 has in the place of 1 after t steps. */
export const correction = (beta: Matrix, t: Matrix): Matrix => sub(1, beta.pow(t))
