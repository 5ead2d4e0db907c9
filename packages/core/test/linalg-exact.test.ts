// Errors against exact values, beside those that NumPy makes on the same matrices (fixtures/core/linalg.py).

import { linalg, Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'

/** The float64 nearest to each value, and what is missing. */
interface Exact {
  readonly near: readonly number[]
  readonly rest: readonly number[]
}

type Name = 'det' | 'inv' | 'solve' | 'eigh' | 'svd' | 'expm'

interface Case extends Record<Name, Exact & { readonly error: number }> {
  readonly kind: string
  readonly n: number
  readonly a: readonly number[]
  readonly b: readonly number[]
  readonly eig: { readonly re: Exact; readonly im: Exact; readonly error: number }
}

const cases = await readJson<Case[]>('core/linalg.json')

const square = ({ a, n }: Case): Matrix => new Matrix(Float64Array.from(a), n, n)

/** max |x − exact| / max |exact| */
function errorOf(found: ArrayLike<number>, { near, rest }: Exact): number {
  const off = near.map((value, i) => Math.abs(found[i] - value - rest[i]))
  return Math.max(...off) / Math.max(...near.map(Math.abs))
}

const COMPUTED: Readonly<Record<Name, (a: Matrix, b: Matrix) => ArrayLike<number>>> = {
  det: (a) => [linalg.det(a)],
  inv: (a) => linalg.inv(a).data,
  solve: (a, b) => linalg.solve(a, b).data,
  eigh: (a) => linalg.eigvalsh(a).data,
  svd: (a) => linalg.svdvals(a).data,
  expm: (a) => linalg.expm(a).data,
}

/** The largest distance of an eigenvalue to the exact one that is nearest to it, each taken once. */
function errorOfEigenvalues({ re, im }: linalg.Complex, exact: Case['eig']): number {
  const left = Array.from(re.data, (x, i) => [x, im.data[i]])
  let [most, size] = [0, 0]
  for (const [i, x] of exact.re.near.entries()) {
    const y = exact.im.near[i]
    const off = left.map(([p, q]) => Math.hypot(p - x - exact.re.rest[i], q - y - exact.im.rest[i]))
    const nearest = off.indexOf(Math.min(...off))
    most = Math.max(most, off[nearest])
    size = Math.max(size, Math.hypot(x, y))
    left.splice(nearest, 1)
  }
  return most / size
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((x, y) => x - y)[Math.ceil(q * values.length) - 1]

/** Our errors in units of NumPy's, or of the roundoff of one result where NumPy's is smaller. */
function check(errors: readonly (readonly [ours: number, numpys: number])[]): void {
  const ratios = errors.map(([ours, numpys]) => ours / Math.max(numpys, 2 ** -53))
  expect(ratios).toHaveLength(36)
  expect(quantile(ratios, 0.5)).toBeLessThanOrEqual(2)
  expect(quantile(ratios, 0.95)).toBeLessThanOrEqual(10)
}

describe('36 matrices: the median error at most twice that of NumPy, the 95th percentile ten times', () => {
  test.each(Object.entries(COMPUTED))('%s', (name, compute) => {
    check(
      cases.map((each) => {
        const b = new Matrix(Float64Array.from(each.b), each.n, 2)
        return [errorOf(compute(square(each), b), each[name as Name]), each[name as Name].error]
      }),
    )
  })

  test('eig', () => {
    check(cases.map((each) => [errorOfEigenvalues(linalg.eigvals(square(each)), each.eig), each.eig.error]))
  })
})

test('an exact value that is off by 2⁻³⁶ is noticed', () => {
  const [first] = cases
  const changed = { ...first.inv, near: first.inv.near.map((x, i) => (i === 0 ? x + 2 ** -36 : x)) }
  expect(errorOf(linalg.inv(square(first)).data, changed)).toBeGreaterThan(1000 * first.inv.error)
})
