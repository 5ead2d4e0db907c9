// The optimisers' steps against plain loops, bit for bit.

import { type DType, type Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { adam_, sgd_ } from '@matgrad/core/internal'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { between, DTYPES, noise, round, sample, seed, size } from './support.ts'

const number = fc.constantFrom(0, 0.1, 0.5, 0.9, 1)
const count = fc.constantFrom(0, 1, 2, 7, 1000)
const float64 = { dtype: 'float64' } as const
const row = (...numbers: number[]): Matrix => matrix([numbers], float64)

/** Some matrices of one shape, the copies of their data, and the rounding of their dtype. */
function operands(dtype: DType, rows: number, cols: number, seed: number, howMany: number) {
  const random = noise(seed)
  const matrices = Array.from({ length: howMany }, () => sample(rows, cols, dtype, between(-2, 2), random))
  return { matrices, copies: matrices.map((each) => each.clone().data), r: (x: number): number => round(x, dtype) }
}

describe.each(DTYPES)('in place what a plain loop gives, each operation rounded to %s: exact', (dtype) => {
  const sgdNumbers = fc.record({
    lr: number,
    momentum: number,
    dampening: number,
    weightDecay: number,
    nesterov: fc.boolean(),
  })

  test('sgd_ with a velocity', () => {
    fc.assert(
      fc.property(size, size, seed, sgdNumbers, count, (rows, cols, seed, settings, steps) => {
        const { matrices, copies, r } = operands(dtype, rows, cols, seed, 3)
        const [[parameter, velocity, gradient], [p, v, g]] = [matrices, copies]
        const { lr, momentum, dampening, weightDecay, nesterov } = settings
        for (let i = 0; i < p.length; i++) {
          const d = weightDecay === 0 ? g[i] : r(g[i] + r(r(weightDecay) * p[i]))
          v[i] = steps === 0 ? d : r(r(r(momentum) * v[i]) + r(r(1 - dampening) * d))
          p[i] = r(p[i] - r(r(lr) * (nesterov ? r(d + r(r(momentum) * v[i])) : v[i])))
        }
        const [step, numbers] = [row(steps), row(lr, momentum, dampening, weightDecay, Number(nesterov))]
        sgd_(parameter, velocity, step, gradient, numbers)
        expect(parameter.data).toEqual(p)
        expect(velocity.data).toEqual(v)
        expect(step.item()).toBe(steps + 1)
        expect(gradient.data).toEqual(g)
        expect(numbers.toArray()).toEqual([[lr, momentum, dampening, weightDecay, Number(nesterov)]])
      }),
    )
  })

  test('sgd_ without a velocity: no momentum, whatever the numbers', () => {
    fc.assert(
      fc.property(size, size, seed, sgdNumbers, (rows, cols, seed, { lr, momentum, dampening, weightDecay }) => {
        const { matrices, copies, r } = operands(dtype, rows, cols, seed, 2)
        const [[parameter, gradient], [p, g]] = [matrices, copies]
        for (let i = 0; i < p.length; i++)
          p[i] = r(p[i] - r(r(lr) * (weightDecay === 0 ? g[i] : r(g[i] + r(r(weightDecay) * p[i])))))
        sgd_(parameter, null, null, gradient, row(lr, momentum, dampening, weightDecay, 1))
        expect(parameter.data).toEqual(p)
        expect(gradient.data).toEqual(g)
      }),
    )
  })

  /** xⁿ, its products in the order of repeated squaring. */
  function power(x: number, n: number): number {
    let [result, square] = [1, x]
    for (const bit of n.toString(2).split('').reverse()) {
      if (bit === '1') result *= square
      square *= square
    }
    return result
  }

  const adamNumbers = fc.record({
    lr: number,
    beta1: fc.constantFrom(0, 0.5, 0.9),
    beta2: fc.constantFrom(0, 0.9, 0.999),
    eps: fc.constantFrom(1e-8, 1e-3),
    weightDecay: number,
    decoupled: fc.boolean(),
  })

  test('adam_', () => {
    fc.assert(
      fc.property(size, size, seed, adamNumbers, count, (rows, cols, seed, settings, steps) => {
        const { matrices, copies, r } = operands(dtype, rows, cols, seed, 4)
        const [parameter, first, , gradient] = matrices
        const second = matrices[2].square()
        const [p, m, , g] = copies
        const v = second.clone().data
        const { lr, beta1, beta2, eps, weightDecay, decoupled } = settings
        const rate = r(lr / (1 - power(beta1, steps + 1)))
        const scale = r(1 / Math.sqrt(1 - power(beta2, steps + 1)))
        for (let i = 0; i < p.length; i++) {
          if (decoupled) p[i] = r(p[i] * r(1 - lr * weightDecay))
          const d = decoupled || weightDecay === 0 ? g[i] : r(g[i] + r(r(weightDecay) * p[i]))
          m[i] = r(r(r(beta1) * m[i]) + r(r(1 - beta1) * d))
          v[i] = r(r(r(beta2) * v[i]) + r(r(r(1 - beta2) * d) * d))
          const denominator = r(r(r(Math.sqrt(v[i])) * scale) + r(eps))
          p[i] = r(p[i] - r(r(rate * m[i]) / denominator))
        }
        const step = row(steps)
        const numbers = row(lr, beta1, beta2, eps, weightDecay, Number(decoupled))
        adam_(parameter, first, second, step, gradient, numbers)
        expect(parameter.data).toEqual(p)
        expect(first.data).toEqual(m)
        expect(second.data).toEqual(v)
        expect(step.item()).toBe(steps + 1)
        expect(gradient.data).toEqual(g)
      }),
    )
  })
})

describe('a ShapeError that changes nothing', () => {
  const [p, step] = [zeros(2, 3), zeros(1, 1, float64)]
  const gradient = zeros(2, 3).add(1)
  const wide = zeros(2, 3, float64)
  const [five, six] = [row(1, 0.9, 0, 0, 0), row(1, 0.9, 0.9, 0, 0, 0)]
  const moment = (): Matrix => zeros(2, 3)

  test.each([
    ['a gradient of another shape', () => sgd_(p, null, null, zeros(3, 2), five), 'sgd_: got 3x2 float32'],
    ['a velocity of another shape', () => sgd_(p, zeros(2, 2), step, gradient, five), 'sgd_: got 2x2 float32'],
    ['a gradient of another dtype', () => sgd_(p, null, null, wide, five), 'sgd_: got 2x3 float64'],
    ['a velocity of another dtype', () => sgd_(p, wide, step, gradient, five), 'sgd_: got 2x3 float64'],
    ['a velocity without a step', () => sgd_(p, moment(), null, gradient, five), 'sgd_: step is null, wanted 1x1'],
    ['a float32 step', () => sgd_(p, moment(), zeros(1, 1), gradient, five), 'sgd_: step is 1x1 float32, wanted 1x1'],
    ['other numbers', () => sgd_(p, null, null, gradient, six), 'sgd_: numbers is 1x6 float64, wanted 1x5 float64'],
    ['float32 numbers', () => sgd_(p, null, null, gradient, zeros(1, 5)), 'sgd_: numbers is 1x5 float32'],
    ['Adam, a gradient of another shape', () => adam_(p, moment(), moment(), step, zeros(3, 2), six), 'adam_: got 3x2'],
    ['Adam, a first moment of another dtype', () => adam_(p, wide, moment(), step, gradient, six), 'adam_: got 2x3'],
    ['Adam, a second of another shape', () => adam_(p, moment(), zeros(1, 3), step, gradient, six), 'adam_: got 1x3'],
    ['Adam, a row of steps', () => adam_(p, moment(), moment(), five, gradient, six), 'adam_: step is 1x5 float64'],
    ['Adam, other numbers', () => adam_(p, moment(), moment(), step, gradient, five), 'adam_: numbers is 1x5 float64'],
  ])('%s', (_title, run, message) => {
    expect(run).toThrow(ShapeError)
    expect(run).toThrow(message)
    expect(p.equals(zeros(2, 3))).toBe(true)
    expect(step.item()).toBe(0)
  })
})
