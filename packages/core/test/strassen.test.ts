// Strassen's algorithm against the default product, whose own error is far below its bound.

import { type DType, MatgradError, type Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { between, DTYPES, noise, sample, UNIT, whole } from './support.ts'

/** Below it sizes are not halved. */
const CROSSOVER = 1024

/** Higham 2002, §23.2.2, Winograd's form, for the largest size n, halved `levels` times: in units of u·max|A|·max|B|. */
function bound(n: number, levels: number): number {
  const least = n / 2 ** levels
  return 18 ** levels * (least ** 2 + 6 * least) - 6 * n
}

const largest = (a: Matrix): number => a.abs().max().item()

function check(m: number, n: number, k: number, dtype: DType, levels: number): void {
  const a = sample(m, k, dtype, between(-1, 1), noise(m))
  const b = sample(k, n, dtype, between(-1, 1), noise(n))
  const product = a.matmul(b, { algorithm: 'strassen' })
  const off = largest(product.sub(a.matmul(b)))
  expect(product.dtype).toBe(dtype)
  expect(product.shape).toEqual([m, n])
  expect(off).toBeLessThan(bound(Math.max(m, n, k), levels) * UNIT[dtype])
  // The default product has other bits: this was the algorithm.
  expect(off).toBeGreaterThan(0)
}

describe.each(DTYPES)('%s', (dtype) => {
  test.each([
    [1024, 1024, 1024],
    [1027, 1031, 1029],
    [1100, 2047, 1024],
  ])("%d x %d with %d terms, halved once: within Higham's bound", (m, n, k) => check(m, n, k, dtype, 1))

  test('affine adds the bias to the product', () => {
    const [a, b, bias] = [1024, 1024, 1].map((rows) => sample(rows, 1024, dtype, between(-1, 1), noise(rows)))
    const options = { algorithm: 'strassen' } as const
    expect(a.affine(b, bias as Matrix<1, number>, options).equals(a.matmul(b, options).add(bias))).toBe(true)
  })

  test.each([
    [CROSSOVER - 1, CROSSOVER, CROSSOVER],
    [CROSSOVER, CROSSOVER - 1, CROSSOVER],
    [CROSSOVER, CROSSOVER, CROSSOVER - 1],
    [0, 3, 4],
    [3, 4, 0],
    [5, 6, 7],
  ])('%d x %d with %d terms, not halved: the bits of the default', (m, n, k) => {
    const a = sample(m, k, dtype, between(-1, 1), noise(m))
    const b = sample(k, n, dtype, between(-1, 1), noise(n))
    expect(a.matmul(b, { algorithm: 'strassen' }).equals(a.matmul(b))).toBe(true)
  })

  test('whole numbers: exact in every form', () => {
    const a = sample(1026, 1031, dtype, whole(-2, 2), noise(1))
    const b = sample(1031, 1025, dtype, whole(-2, 2), noise(2))
    const wanted = a.matmul(b)
    const algorithm = 'strassen'
    expect(a.matmul(b, { algorithm }).equals(wanted)).toBe(true)
    expect(a.T.matmul(b, { algorithm, transposeA: true }).equals(wanted)).toBe(true)
    expect(a.matmul(b.T, { algorithm, transposeB: true }).equals(wanted)).toBe(true)
    expect(a.T.matmul(b.T, { algorithm, transposeA: true, transposeB: true }).equals(wanted)).toBe(true)
  })
})

// Sizes are halved alike for both types.
test.each([
  [1025, 1024, 1024],
  [1024, 1025, 1024],
  [1024, 1024, 1025],
])("%d x %d with %d terms in float32, halved once: within Higham's bound", (m, n, k) => check(m, n, k, 'float32', 1))

test("halved twice in float32: within Higham's bound", () => check(2049, 2051, 2053, 'float32', 2))

test('an algorithm of another name is a MatgradError', () => {
  const a = sample(2, 2, 'float32', between(0, 1), noise(0))
  const call = (): Matrix => a.matmul(a, { algorithm: 'karatsuba' as never })
  expect(call).toThrow(MatgradError)
  expect(call).toThrow(`matmul: algorithm is "karatsuba", wanted 'auto' or 'strassen'`)
})
