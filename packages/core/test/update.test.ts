// Adam's step against a plain loop, bit for bit.

import { type DType, type Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { type AdamNumbers, adam_ } from '@matgrad/core/internal'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { between, DTYPES, noise, round, sample, seed, size } from './support.ts'

const number = fc.constantFrom(0, 0.1, 0.5, 0.9, 1)
const count = fc.constantFrom(0, 1, 2, 7, 1000)
const float64 = { dtype: 'float64' } as const
const row = (...numbers: number[]): Matrix => matrix([numbers], float64)
const numbersOf = (settings: Record<keyof AdamNumbers, number>): AdamNumbers =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, row(value)])) as unknown as AdamNumbers

/** Some matrices of one shape, the copies of their data, and the rounding of their dtype. */
function operands(dtype: DType, rows: number, cols: number, seed: number, howMany: number) {
  const random = noise(seed)
  const matrices = Array.from({ length: howMany }, () => sample(rows, cols, dtype, between(-2, 2), random))
  return { matrices, copies: matrices.map((each) => each.clone().data), r: (x: number): number => round(x, dtype) }
}

describe.each(DTYPES)('in place what a plain loop gives, each operation rounded to %s: exact', (dtype) => {
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
        adam_(parameter, first, second, step, gradient, numbersOf({ ...settings, decoupled: Number(decoupled) }))
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
  const numbers = numbersOf({ lr: 1, beta1: 0.9, beta2: 0.9, eps: 0, weightDecay: 0, decoupled: 0 })
  const moment = (): Matrix => zeros(2, 3)

  test.each([
    ['a gradient of another shape', () => adam_(p, moment(), moment(), step, zeros(3, 2), numbers), 'adam_: got 3x2'],
    ['a gradient of another dtype', () => adam_(p, moment(), moment(), step, wide, numbers), 'adam_: got 2x3 float64'],
    ['a first moment of another dtype', () => adam_(p, wide, moment(), step, gradient, numbers), 'adam_: got 2x3'],
    ['a second of another shape', () => adam_(p, moment(), zeros(1, 3), step, gradient, numbers), 'adam_: got 1x3'],
    ['a row of steps', () => adam_(p, moment(), moment(), row(1, 2), gradient, numbers), 'adam_: step is 1x2 float64'],
    [
      'a float32 step',
      () => adam_(p, moment(), moment(), zeros(1, 1), gradient, numbers),
      'adam_: step is 1x1 float32',
    ],
    [
      'a row of numbers',
      () => adam_(p, moment(), moment(), step, gradient, { ...numbers, beta1: row(1, 2) }),
      'adam_: beta1 is 1x2 float64, wanted 1x1 float64',
    ],
    [
      'float32 numbers',
      () => adam_(p, moment(), moment(), step, gradient, { ...numbers, lr: zeros(1, 1) }),
      'adam_: lr is 1x1 float32',
    ],
  ])('%s', (_title, run, message) => {
    expect(run).toThrow(ShapeError)
    expect(run).toThrow(message)
    expect(p.equals(zeros(2, 3))).toBe(true)
    expect(step.item()).toBe(0)
  })
})
