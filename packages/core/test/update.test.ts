import { type Matrix, type SgdStep, ShapeError, sgd_, zeros } from '@matgrad/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { between, DTYPES, noise, round, sample, seed, size } from './support.ts'

const number = fc.constantFrom(0, 0.1, 0.5, 0.9, 1)

describe.each(DTYPES)('sgd_, %s', (dtype) => {
  test('in place what a plain loop gives, each operation rounded to the dtype: exact', () => {
    const options = fc.record({
      lr: number,
      momentum: number,
      dampening: number,
      weightDecay: number,
      nesterov: fc.boolean(),
      first: fc.boolean(),
    })
    fc.assert(
      fc.property(size, size, seed, options, (rows, cols, seed, step) => {
        const random = noise(seed)
        const some = (): Matrix => sample(rows, cols, dtype, between(-2, 2), random)
        const [parameter, velocity, gradient] = [some(), some(), some()]
        const [p, v, g] = [parameter, velocity, gradient].map((each) => each.clone().data)
        const r = (x: number): number => round(x, dtype)
        const [lr, momentum, decay] = [r(step.lr), r(step.momentum), r(step.weightDecay)]
        const kept = r(1 - r(step.dampening))
        for (let i = 0; i < p.length; i++) {
          let d = decay === 0 ? g[i] : r(g[i] + r(decay * p[i]))
          if (momentum !== 0) {
            v[i] = step.first ? d : r(r(momentum * v[i]) + r(kept * d))
            d = step.nesterov ? r(d + r(momentum * v[i])) : v[i]
          }
          p[i] = r(p[i] - r(lr * d))
        }
        const before = gradient.clone()
        sgd_(parameter, velocity, gradient, step, step.first)
        expect(parameter.data).toEqual(p)
        expect(velocity.data).toEqual(v)
        expect(gradient.data).toEqual(before.data)
      }),
    )
  })

  test('without a velocity there is no momentum', () => {
    const random = noise(3)
    const [a, g] = [sample(3, 5, dtype, between(-2, 2), random), sample(3, 5, dtype, between(-2, 2), random)]
    const [b, velocity] = [a.clone(), zeros(3, 5, { dtype })]
    const step: SgdStep = { lr: 0.1, momentum: 0, dampening: 0, weightDecay: 0.5, nesterov: false }
    sgd_(a, null, g, { ...step, momentum: 0.9 })
    sgd_(b, velocity, g, step, true)
    expect(a.equals(b)).toBe(true)
    expect(velocity.equals(zeros(3, 5))).toBe(true)
  })
})

test('another shape or dtype is a ShapeError that changes nothing', () => {
  const step: SgdStep = { lr: 1, momentum: 0.9, dampening: 0, weightDecay: 0, nesterov: false }
  const p = zeros(2, 3)
  const [gradient, wide] = [zeros(2, 3).add(1), zeros(2, 3, { dtype: 'float64' })]
  for (const [v, g, got] of [
    [null, zeros(3, 2), '3x2'],
    [zeros(2, 2), gradient, '2x2'],
    [null, wide, '2x3 float64'],
    [wide, gradient, '2x3 float64'],
  ] as const) {
    expect(() => sgd_(p, v, g, step)).toThrow(ShapeError)
    expect(() => sgd_(p, v, g, step)).toThrow(`sgd_: got ${got}`)
  }
  expect(p.equals(zeros(2, 3))).toBe(true)
})
