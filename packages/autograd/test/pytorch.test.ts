// Against values, gradients and second-order gradients that PyTorch 1.13 gave (fixtures/autograd/make.py).

import * as autograd from '@matgrad/autograd'
import { grad, type Variable } from '@matgrad/autograd'
import { Matrix } from '@matgrad/core'
import { formatShape } from '@matgrad/core/internal'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'

interface Stored {
  readonly rows: number
  readonly cols: number
  readonly data: readonly (number | string)[]
}

interface Fixture {
  readonly name: string
  readonly call: readonly [string, ...unknown[]]
  readonly inputs: readonly Stored[]
  readonly cotangent: Stored
  readonly value: Stored
  readonly gradients: readonly Stored[]
  readonly second: readonly Stored[] | null
}

const toMatrix = ({ rows, cols, data }: Stored): Matrix => new Matrix(Float64Array.from(data, Number), rows, cols)

/** An argument of a call: {input: i} is variable i, {constant} a matrix; what holds some is looked through. */
function resolve(argument: unknown, variables: readonly Variable[]): unknown {
  if (typeof argument !== 'object' || argument === null) return argument
  if (Array.isArray(argument)) return argument.map((each) => resolve(each, variables))
  if ('input' in argument) return variables[argument.input as number]
  if ('constant' in argument) return toMatrix(argument.constant as Stored)
  return Object.fromEntries(Object.entries(argument).map(([name, each]) => [name, resolve(each, variables)]))
}

const functionOf =
  ({ call: [name, ...args] }: Fixture) =>
  (...variables: Variable[]): Variable =>
    (autograd as unknown as Record<string, (...of: unknown[]) => Variable>)[name](
      ...args.map((each) => resolve(each, variables)),
    )

/** What is left of a sum whose terms cancel altogether, such as the second derivatives of x / x. */
const NOISE = 2e-15

/** The elements must agree within `bound` times their own size or, where terms cancel, 1 % of the largest in the matrix. */
function expectClose(got: Matrix, stored: Stored, what: string, bound: number): void {
  const wanted = toMatrix(stored)
  expect(formatShape(got.shape), what).toBe(formatShape(wanted.shape))
  const largest = Math.max(0, ...Array.from(wanted.data, Math.abs).filter(Number.isFinite))
  for (const [i, each] of wanted.data.entries()) {
    const same = Object.is(got.data[i], each) || got.data[i] === each
    const close = Math.abs(got.data[i] - each) <= Math.max(bound * Math.max(Math.abs(each), 0.01 * largest), NOISE)
    if (!same && !close) expect.fail(`${what}, entry ${i}: got ${got.data[i]}, PyTorch gives ${each}`)
  }
}

function compare(fixture: Fixture, bound = 1e-12): void {
  const f = functionOf(fixture)
  const inputs = fixture.inputs.map(toMatrix)
  const cotangent = toMatrix(fixture.cotangent)
  const every = inputs.map((_, i) => i)
  const weighted = (...variables: Variable[]): Variable =>
    f(...variables)
      .mul(cotangent)
      .sum()
  const squares = (...variables: Variable[]): Variable =>
    grad(
      weighted,
      every,
    )(...variables)
      .map((gradient) => gradient.square().sum())
      .reduce((total, each) => total.add(each))
  expectClose(f(...inputs.map(autograd.constant)).value, fixture.value, 'the value', bound)
  for (const [i, { value }] of grad(weighted, every)(...inputs).entries())
    expectClose(value, fixture.gradients[i], `the gradient of input ${i}`, bound)
  if (!fixture.second) return
  for (const [i, { value }] of grad(squares, every)(...inputs).entries())
    expectClose(value, fixture.second[i], `the second-order gradient of input ${i}`, bound)
}

const GROUPS = {
  elementwise: 'element-wise functions',
  reductions: 'reductions and scans',
  rearranging: 'products and rearrangements',
  kinks: 'kinks and special points',
  cross_entropy: 'crossEntropy',
}

describe.each(Object.entries(GROUPS))("%s: value, first and second order are PyTorch's within 1e-12", async (group) => {
  const fixtures = await readJson<Fixture[]>(`autograd/${group}.json`)

  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => compare(fixture))

  test('the comparison sees a relative error of 1e-11 in any result', () => {
    for (const fixture of fixtures.slice(0, 5))
      for (const key of ['gradients', 'second'] as const)
        for (const [i, stored] of (fixture[key] ?? []).entries()) {
          const data = stored.data.map((each) => Number(each) * (1 + 1e-11))
          if (!data.some((each) => Math.abs(each) > 1e-2 && Number.isFinite(each))) continue
          const wrong = fixture[key]?.map((each, at) => (at === i ? { ...each, data } : each))
          expect(() => compare({ ...fixture, [key]: wrong }), fixture.name).toThrow('PyTorch gives')
        }
  })
})
