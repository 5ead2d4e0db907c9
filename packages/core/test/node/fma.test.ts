// Products with fused multiply-add, where there is one: a flag turns it on in Node 20.

import { setFlagsFromString } from 'node:v8'
import { configure, type DType, engineInfo, matrix } from '@matgrad/core'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { between, DTYPES, noise, sample, UNIT } from '../support.ts'

beforeAll(() => setFlagsFromString('--experimental-wasm-relaxed-simd'))

afterEach(() => configure({ fma: false, threads: 'auto' }))

/** (1 + ε)² − (1 + 2ε) with ε² below the last bit of 1: ε² if the product is not rounded, else 0. */
function squareBeyondOne(dtype: DType, columns: number): number[] {
  const epsilon = dtype === 'float32' ? 2 ** -12 : 2 ** -27
  const a = matrix([[1 + 2 * epsilon, 1 + epsilon]], { dtype })
  const b = matrix([Array(columns).fill(-1), Array(columns).fill(1 + epsilon)], { dtype })
  return [...a.matmul(b).data]
}

test('it is off at first', () => {
  expect(engineInfo().fma).toBe(false)
})

describe.each(DTYPES)('%s', (dtype) => {
  test('a product is rounded twice without it, and once with it, on the vectors of a tile and at its edge', () => {
    const fused = dtype === 'float32' ? 2 ** -24 : 2 ** -54
    expect(squareBeyondOne(dtype, 11)).toEqual(Array(11).fill(0))
    configure({ fma: true })
    expect(engineInfo().fma).toBe(true)
    expect(squareBeyondOne(dtype, 11)).toEqual(Array(11).fill(fused))
    configure({ fma: false })
    expect(squareBeyondOne(dtype, 11)).toEqual(Array(11).fill(0))
  })

  test('products within k u |A||B|, and threads give the bits of one', () => {
    const [m, n, k] = [190, 210, 300]
    const a = sample(m, k, dtype, between(-1, 1), noise(1))
    const b = sample(k, n, dtype, between(-1, 1), noise(2))
    const exact = a.astype('float64').matmul(b.astype('float64'))
    const size = a.astype('float64').abs().matmul(b.astype('float64').abs())
    configure({ fma: true, threads: 1 })
    const one = a.matmul(b)
    configure({ threads: 3 })
    expect(a.matmul(b).equals(one)).toBe(true)
    // The reference in float64 may be off by as much again.
    const limit = size.mul(k * (UNIT[dtype] + UNIT.float64))
    expect(one.sub(exact).abs().lessEqual(limit).min().item()).toBe(1)
  })
})
