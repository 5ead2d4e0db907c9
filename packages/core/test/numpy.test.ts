// Against values that fixtures/core/make.py wrote: element-wise functions from mpmath, the rest from NumPy.

import { concat, Generator, type Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { DTYPES, UNIT, ulps } from './support.ts'

/** JSON has no NaN and no infinities: they are strings there. */
type Stored = number | string

type Callable = (...args: unknown[]) => Matrix
const methods = (a: Matrix): Record<string, Callable> => a as unknown as Record<string, Callable>

const elementwise = await readJson<Record<string, { x: Stored[]; p?: Stored[]; y: Stored[] }>>('core/elementwise.json')

const BOUNDS = { float64: 2, float32: 1 }

describe('element-wise functions against the exact value, rounded', () => {
  test('the file has 16 functions on at least 70 points each', () => {
    expect(Object.keys(elementwise)).toHaveLength(16)
    for (const { x, y } of Object.values(elementwise)) {
      expect(x.length).toBeGreaterThanOrEqual(70)
      expect(y).toHaveLength(x.length)
    }
  })

  describe.each(DTYPES)('%s', (dtype) => {
    test.each(Object.keys(elementwise))(
      `%s: within ${BOUNDS[dtype]} ulp, from the smallest to the largest argument`,
      (name) => {
        const { x, p, y } = elementwise[name]
        const points = x
          .map((value, i) => [Number(value), Number(p?.[i] ?? 0), Number(y[i])])
          .filter(
            ([value, exponent]) => dtype === 'float64' || [value, exponent].every((each) => Math.fround(each) === each),
          )
        expect(points.length).toBeGreaterThan(50)
        const column = (at: number): Matrix =>
          matrix(
            points.map((point) => [point[at]]),
            { dtype },
          )
        const result = methods(column(0))[name](...(p ? [column(1)] : []))
        for (const [i, [value, exponent, exact]] of points.entries()) {
          const wanted = dtype === 'float32' ? Math.fround(exact) : exact
          const off = ulps(result.data[i], wanted, dtype)
          if (!(off <= BOUNDS[dtype]))
            expect.fail(
              `${name}(${value}${p ? `, ${exponent}` : ''}) is ${result.data[i]}, wanted ${wanted}: ${off} ulp off`,
            )
        }
      },
    )
  })
})

interface Case {
  readonly op: string
  readonly a: string
  readonly b?: string
  readonly args: readonly unknown[]
  readonly shape: readonly [number, number]
  readonly out: readonly Stored[]
}

const { matrices, cases } = await readJson<{ matrices: Record<string, Stored[][]>; cases: Case[] }>('core/numpy.json')

const operand = (name: string): Matrix =>
  matrix(
    matrices[name].map((row) => row.map(Number)),
    { dtype: 'float64' },
  )

const u = UNIT.float64
const finite = (a: Matrix): number[] => Array.from(a.data).filter(Number.isFinite)
const largest = (a: Matrix): number => Math.max(0, ...finite(a).map(Math.abs))
const total = (a: Matrix): number => finite(a).reduce((sum, x) => sum + Math.abs(x), 0)
/** Squared deviations are at most the spread squared, and the mean that they are taken from is off by n u max|x|. */
const squares = (a: Matrix): number => {
  const spread = Math.max(...finite(a)) - Math.min(...finite(a))
  return a.size * u * (4 * largest(a) + spread) * spread + (a.size * u * largest(a)) ** 2
}
const smallestVariance = (a: Matrix): number => Math.min(...a.variance(1).data)

type Limit = (a: Matrix, want: number) => number

/** How far from NumPy's the result may be. Both are off: each bound is twice that of one of them. */
const limits: Readonly<Record<string, readonly [string, Limit]>> = {
  sum: ['2n u Σ|x|', (a) => 2 * a.size * u * total(a)],
  mean: ['2n u Σ|x|', (a) => 2 * a.size * u * total(a)],
  trace: ['2n u Σ|x|', (a) => 2 * a.size * u * total(a)],
  cumsum: ['2n u Σ|x|', (a) => 2 * a.size * u * total(a)],
  prod: ['2n u |Π x|', (a, want) => 2 * a.size * u * Math.abs(want)],
  variance: ['2n u (4 max|x| + spread) spread', (a) => 2 * squares(a)],
  std: ['2n u (4 max|x| + spread) spread / std', (a, want) => (want === 0 ? 0 : (2 * squares(a)) / want)],
  cov: ['2n u (4 max|x| + spread) spread', (a) => 2 * squares(a)],
  corrcoef: ['4n u (4 max|x| + spread) spread / min variance', (a) => (4 * squares(a)) / smallestVariance(a)],
  logSumExp: ['2 (n + 4 + 2 max|x|) u', (a) => 2 * (a.size + 4 + 2 * largest(a)) * u],
  softmax: ['2 (n + 6 + 2 max|x|) u of the result', (a, want) => 2 * (a.size + 6 + 2 * largest(a)) * u * want],
  logSoftmax: ['2 (n + 4 + 2 max|x|) u', (a) => 2 * (a.size + 4 + 2 * largest(a)) * u],
  matmul: ['2 (n max|x|)² u', (a) => 2 * (a.size * largest(a)) ** 2 * u],
}

const TRANSCENDENTAL = ['exp', 'log', 'tanh', 'expm1', 'log1p', 'sin', 'cos', 'pow']

function agree(got: number, want: number, op: string, a: Matrix): boolean {
  // NumPy gives 0 where the sign of a zero is not part of the answer.
  if (got === want || Object.is(got, want)) return true
  if (TRANSCENDENTAL.includes(op)) return ulps(got, want, 'float64') <= 4
  const limit = limits[op]?.[1](a, want) ?? 0
  return Math.abs(got - want) <= limit
}

describe('float64 against NumPy', () => {
  const names = [...new Set(cases.map(({ op }) => op))]

  test('the file has at least 780 cases of 60 operations', () => {
    expect(cases.length).toBeGreaterThanOrEqual(780)
    expect(names.length).toBeGreaterThanOrEqual(60)
  })

  const bound = (op: string): string =>
    TRANSCENDENTAL.includes(op) ? 'within 4 ulp' : op in limits ? `within ${limits[op][0]}` : 'exact'

  test.each(names.map((op) => [op, bound(op)]))('%s: %s', (op) => {
    for (const each of cases.filter((one) => one.op === op)) {
      const a = operand(each.a)
      const others = each.b === undefined ? [] : [operand(each.b)]
      const args = each.args.map((arg) => (arg === null ? undefined : arg))
      const result =
        op === 'concat' ? concat([a, ...others], each.args[0] as 0 | 1) : methods(a)[op](...others, ...args)
      const where = `${op}(${each.a}${each.b ? `, ${each.b}` : ''}, ${JSON.stringify(each.args)})`
      expect([result.rows, result.cols], where).toEqual(each.shape)
      for (const [i, stored] of each.out.entries()) {
        const [got, want] = [result.data[i], Number(stored)]
        if (!agree(got, want, op, a)) expect.fail(`${where}: element ${i} is ${got}, wanted ${want}`)
      }
    }
  })
})

test('correlations of proportional rows are within [−1, 1], as NumPy clips them', () => {
  const generator = new Generator(0)
  for (let i = 0; i < 200; i++) {
    const row = generator.normal(1, 7, 0, 1, { dtype: 'float64' })
    const r = concat([row, row.mul(3), row.mul(-0.7)], 0).corrcoef()
    expect(Math.max(...r.data.map(Math.abs))).toBeLessThanOrEqual(1)
  }
})
