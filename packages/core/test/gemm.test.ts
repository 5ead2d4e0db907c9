// What the product kernel does beside the product, against the same as separate operations: the bits agree.

import { type DType, full, type Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { launch } from '../src/engine/engine.ts'
import { between, DTYPES, noise, sample } from './support.ts'

const ACCUMULATE = 1
const BIAS = 2
const RELU = 4
const SUBTRACT = 8

/** A row longer than C's, so that writes beyond a row of C would show. */
const GAP = 3

interface Operands {
  readonly a: Matrix
  readonly b: Matrix
  readonly bias: Matrix
  readonly c: Matrix
}

function operands(m: number, n: number, k: number, dtype: DType): Operands {
  const random = noise(m * 1009 + n * 31 + k)
  const some = (rows: number, cols: number): Matrix => sample(rows, cols, dtype, between(-1, 1), random)
  return { a: some(m, k), b: some(k, n), bias: some(1, n), c: some(m, n + GAP) }
}

/** The kernel on the first n columns of c. */
function fused({ a, b, bias, c }: Operands, mode: number): Matrix {
  const out = c.clone()
  const [m, n, k] = [a.rows, b.cols, a.cols]
  const sizes = [m, n, k, out.cols]
  launch('gemm', c.dtype, [out.data], [a.data, b.data, bias.data], [...sizes, k, 1, n, 1, mode], 1)
  return out
}

function separate({ a, b, bias, c }: Operands, mode: number): Matrix {
  const n = b.cols
  let x = a.matmul(b)
  // C ± A·B takes one part of the sum after another, as the kernel does: 256 terms each.
  if (mode & (ACCUMULATE | SUBTRACT)) {
    x = c.slice(0, c.rows, 0, n)
    for (let p = 0; p < a.cols; p += 256) {
      const end = Math.min(a.cols, p + 256)
      const part = a.slice(0, a.rows, p, end).matmul(b.slice(p, end))
      x = mode & SUBTRACT ? x.sub(part) : x.add(part)
    }
  }
  if (mode & BIAS) x = x.add(bias)
  if (mode & RELU) x = x.relu()
  return x
}

describe.each(DTYPES)('%s', (dtype) => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14])(
    'mode %d: the bits of separate operations, and nothing else is written',
    (mode) => {
      for (const m of [1, 3, 4, 5, 9])
        for (const n of [1, 2, 4, 7, 8, 9, 17])
          for (const k of [0, 1, 5, 16, 256, 257, 600]) {
            const given = operands(m, n, k, dtype)
            const got = fused(given, mode)
            expect(got.slice(0, m, 0, n).equals(separate(given, mode)), `${m}x${k}·${k}x${n}`).toBe(true)
            expect(got.slice(0, m, n, n + GAP).equals(given.c.slice(0, m, n, n + GAP))).toBe(true)
          }
      const large = operands(130, 530, 300, dtype)
      expect(fused(large, mode).slice(0, 130, 0, 530).equals(separate(large, mode))).toBe(true)
    },
  )

  test('NaN passes through the bias and max(x, 0)', () => {
    const given = operands(5, 9, 3, dtype)
    given.bias.assign(full(1, 9, Number.NaN, { dtype }))
    expect(
      fused(given, BIAS + RELU)
        .slice(0, 5, 0, 9)
        .data.every(Number.isNaN),
    ).toBe(true)
  })
})
