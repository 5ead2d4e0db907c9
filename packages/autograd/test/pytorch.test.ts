// Against values, gradients and second-order gradients that PyTorch 1.13 gave (fixtures/autograd/make.py).

import type { Variable } from '@matgrad/autograd'
import * as autograd from '@matgrad/autograd'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { compare, type Fixture, type Stored, toMatrix } from './pytorch.ts'

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

const GROUPS = {
  elementwise: 'element-wise functions',
  reductions: 'reductions and scans',
  rearranging: 'products and rearrangements',
  kinks: 'kinks and special points',
  cross_entropy: 'crossEntropy',
}

describe.each(Object.entries(GROUPS))("%s: value, first and second order are PyTorch's within 1e-12", async (group) => {
  const fixtures = await readJson<Fixture[]>(`autograd/${group}.json`)

  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) =>
    compare(fixture, functionOf(fixture)),
  )

  test('the comparison sees a relative error of 1e-11 in any result', () => {
    for (const fixture of fixtures.slice(0, 5))
      for (const key of ['gradients', 'second'] as const)
        for (const [i, stored] of (fixture[key] ?? []).entries()) {
          const data = stored.data.map((each) => Number(each) * (1 + 1e-11))
          if (!data.some((each) => Math.abs(each) > 1e-2 && Number.isFinite(each))) continue
          const wrong = fixture[key]?.map((each, at) => (at === i ? { ...each, data } : each))
          expect(() => compare({ ...fixture, [key]: wrong }, functionOf(fixture)), fixture.name).toThrow(
            'PyTorch gives',
          )
        }
  })
})
