// What PyTorch gave, and how values and derivatives are compared with it.

import * as autograd from '@matgrad/autograd'
import { grad, type Variable } from '@matgrad/autograd'
import { Matrix } from '@matgrad/core'
import { formatShape } from '@matgrad/core/internal'
import { expect } from 'vitest'

export interface Stored {
  readonly rows: number
  readonly cols: number
  readonly data: readonly (number | string)[]
}

export interface Fixture {
  readonly name: string
  readonly call: readonly [string, ...unknown[]]
  readonly inputs: readonly Stored[]
  readonly cotangent: Stored
  readonly value: Stored
  readonly gradients: readonly Stored[]
  readonly second: readonly Stored[] | null
}

export const toMatrix = ({ rows, cols, data }: Stored): Matrix =>
  new Matrix(Float64Array.from(data, Number), rows, cols)

/** What is left of a sum whose terms cancel altogether, such as the second derivatives of x / x. */
const NOISE = 2e-15

/** The elements must agree within `bound` times their own size or, where terms cancel, 1 % of the largest in the matrix. */
function expectClose(got: Matrix, stored: Stored, what: string, bound: number, noise: number): void {
  const wanted = toMatrix(stored)
  expect(formatShape(got.shape), what).toBe(formatShape(wanted.shape))
  const largest = Math.max(0, ...Array.from(wanted.data, Math.abs).filter(Number.isFinite))
  for (const [i, each] of wanted.data.entries()) {
    const same = Object.is(got.data[i], each) || got.data[i] === each
    const close = Math.abs(got.data[i] - each) <= Math.max(bound * Math.max(Math.abs(each), 0.01 * largest), noise)
    if (!same && !close) expect.fail(`${what}, entry ${i}: got ${got.data[i]}, PyTorch gives ${each}`)
  }
}

/** Compares values and derivatives of both orders, relative to each. */
export function compare(
  fixture: Fixture,
  f: (...variables: Variable[]) => Variable,
  bound = 1e-12,
  noise = NOISE,
): void {
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
  expectClose(f(...inputs.map(autograd.constant)).value, fixture.value, 'the value', bound, noise)
  for (const [i, { value }] of grad(weighted, every)(...inputs).entries())
    expectClose(value, fixture.gradients[i], `the gradient of input ${i}`, bound, noise)
  if (!fixture.second) return
  for (const [i, { value }] of grad(squares, every)(...inputs).entries())
    expectClose(value, fixture.second[i], `the second-order gradient of input ${i}`, bound, noise)
}
