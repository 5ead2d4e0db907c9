// The matrix product against a plain loop in float64, around every edge of a vector, a tile and a cache block.

import { type DType, Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { between, type Draw, DTYPES, noise, sample, UNIT, whole } from './support.ts'

const FORMS = [
  { transposeA: false, transposeB: false },
  { transposeA: true, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: true },
] as const

type Form = (typeof FORMS)[number]

const label = ({ transposeA, transposeB }: Form): string => `${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'}`

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 64, 65]

const transpose = (a: Matrix): Matrix => {
  const data = a.data.slice()
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) data[j * a.rows + i] = a.data[i * a.cols + j]
  return new Matrix(data, a.cols, a.rows)
}

interface Problem {
  readonly a: Matrix
  readonly b: Matrix
  /** Σ a·b and Σ |a·b| of each element, in float64. */
  readonly sums: Float64Array
  readonly sizes: Float64Array
}

function problem(m: number, n: number, k: number, dtype: DType, draw: Draw, seed: number): Problem {
  const random = noise(seed)
  const a = sample(m, k, dtype, draw, random)
  const b = sample(k, n, dtype, draw, random)
  const [x, y] = [a.data, b.data]
  const sums = new Float64Array(m * n)
  const sizes = new Float64Array(m * n)
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) {
        const term = x[i * k + p] * y[p * n + j]
        sums[i * n + j] += term
        sizes[i * n + j] += Math.abs(term)
      }
  return { a, b, sums, sizes }
}

/** The product in one of its forms: the operands that the form transposes are stored transposed. */
const product = (a: Matrix, b: Matrix, form: Form): Matrix =>
  (form.transposeA ? transpose(a) : a).matmul(form.transposeB ? transpose(b) : b, form)

function check(m: number, n: number, k: number, dtype: DType, form: Form, exact: boolean): void {
  const { a, b, sums, sizes } = problem(
    m,
    n,
    k,
    dtype,
    exact ? whole(-9, 9) : between(-1, 1),
    m * 7919 + n * 104729 + k,
  )
  const c = product(a, b, form)
  const where = `${label(form)} ${m}x${k}·${k}x${n} ${dtype}`
  if (c.rows !== m || c.cols !== n || c.dtype !== dtype || c.data.length !== m * n)
    throw new Error(`${where}: got ${c.rows}x${c.cols} ${c.dtype}`)
  // The reference in float64 may be off by as much again.
  const unit = UNIT[dtype] + UNIT.float64
  for (let i = 0; i < sums.length; i++) {
    const off = Math.abs(c.data[i] - sums[i])
    const limit = exact ? 0 : k * unit * sizes[i]
    if (!(off <= limit)) throw new Error(`${where}: element ${i} is ${c.data[i]}, wanted ${sums[i]}: off by ${off}`)
  }
}

describe.each(DTYPES)('%s', (dtype) => {
  describe.each(FORMS.map((form) => [label(form), form] as const))('%s', (_, form) => {
    test('every size around a vector and a tile: within k u |A||B|', () => {
      for (const m of SIZES) for (const n of SIZES) for (const k of SIZES) check(m, n, k, dtype, form, false)
    })

    test('whole numbers: exact', () => {
      for (const m of [1, 3, 8, 17, 65])
        for (const n of [1, 5, 9, 33]) for (const k of [0, 1, 4, 31, 257]) check(m, n, k, dtype, form, true)
    })

    test.each([
      [5, 9, 255],
      [5, 9, 256],
      [5, 9, 257],
      [5, 9, 513],
      [63, 17, 30],
      [64, 17, 30],
      [65, 17, 30],
      [129, 5, 257],
      [3, 511, 17],
      [3, 512, 17],
      [3, 513, 17],
      [66, 514, 258],
    ])('across cache blocks, m = %d, n = %d, k = %d: within k u |A||B|, and whole numbers exactly', (m, n, k) => {
      check(m, n, k, dtype, form, false)
      check(m, n, k, dtype, form, true)
    })

    test('the bits of an element are those of its row times its column alone', () => {
      const [m, n, k] = [70, 520, 300]
      const { a, b } = problem(m, n, k, dtype, between(-1, 1), 5)
      const whole = product(a, b, form)
      for (const [i, j] of [
        [0, 0],
        [3, 7],
        [63, 511],
        [64, 512],
        [69, 519],
        [30, 8],
      ])
        expect(product(a.row(i), b.col(j), form).item()).toBe(whole.get(i, j))
      const part = product(a.slice(61, 68), b.slice(0, k, 505, 516), form)
      expect(part.equals(whole.slice(61, 68, 505, 516))).toBe(true)
    })

    test('affine has the bits of matmul and add', () => {
      for (const [m, n, k] of [
        [0, 3, 2],
        [1, 1, 1],
        [3, 5, 0],
        [4, 8, 2],
        [5, 17, 31],
        [70, 65, 300],
      ]) {
        const { a, b } = problem(m, n, k, dtype, between(-1, 1), 6)
        const bias = sample(1, n, dtype, between(-1, 1), noise(8)) as Matrix<1, number>
        const [left, right] = [form.transposeA ? transpose(a) : a, form.transposeB ? transpose(b) : b]
        const wanted = product(a, b, form).add(bias)
        expect(left.affine(right, bias, form).equals(wanted)).toBe(true)
        // What programs alone ask for.
        expect(() => left.affine(right, bias, Object.assign({ relu: true }, form) as typeof form)).toThrow(
          'affine: got relu',
        )
      }
    })

    test('NaN and infinities stay in their row and column', () => {
      const { a, b } = problem(6, 10, 7, dtype, between(1, 2), 9)
      a.set(2, 3, Number.NaN)
      b.set(5, 4, Number.POSITIVE_INFINITY)
      const c = product(a, b, form)
      for (let i = 0; i < 6; i++)
        for (let j = 0; j < 10; j++) {
          const wanted = i === 2 ? Number.NaN : j === 4 ? Number.POSITIVE_INFINITY : null
          if (wanted === null) expect(Number.isFinite(c.get(i, j))).toBe(true)
          else expect(c.get(i, j)).toBe(wanted)
        }
    })
  })

  test('the four forms give the same bits', () => {
    const { a, b } = problem(67, 515, 259, dtype, between(-1, 1), 3)
    const [first, ...others] = FORMS.map((form) => product(a, b, form))
    for (const other of others) expect(other.equals(first)).toBe(true)
  })

  test('a matrix times itself, and times its own transpose', () => {
    const { a } = problem(9, 9, 9, dtype, whole(-9, 9), 4)
    expect(a.matmul(a).equals(a.matmul(a.clone()))).toBe(true)
    expect(a.matmul(a, { transposeB: true }).equals(a.matmul(transpose(a)))).toBe(true)
  })

  test('data that begin in the middle of a buffer', () => {
    const pool = dtype === 'float32' ? new Float32Array(40) : new Float64Array(40)
    for (let i = 0; i < 40; i++) pool[i] = i
    const [a, b] = [matrix(pool.subarray(3, 15), 3, 4), matrix(pool.subarray(7, 27), 4, 5)]
    expect(a.matmul(b).equals(a.clone().matmul(b.clone()))).toBe(true)
  })

  test('more memory than the module begins with: exact', () => {
    const a = sample(1, 600_000, dtype, whole(-2, 2), noise(1))
    let wanted = 0
    for (const x of a.data) wanted += x * x
    expect(a.matmul(a, { transposeB: true }).item()).toBe(wanted)
  })
})
