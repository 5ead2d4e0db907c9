// Derivatives of random compositions of operations: gradients against central differences of values, products with the Hessian
// against those of gradients, and compiled ones against eager ones.

import { compile, hvp, type Variable, valueAndGrad } from '@matgrad/autograd'
import { Generator, type Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { UNIT } from '../../core/test/support.ts'
import { type Composition, compose, names } from './random-gradients.ts'

/** So many programs, of which every fifth has sizes as real networks have. */
const PROGRAMS = 160
/** Steps of the differences along a direction of length √(its elements), but no more than 10. */
const STEPS = [2 ** -8, 2 ** -11, 2 ** -14]
const LONGEST = 10

const numbersOf = (list: readonly (Matrix | Variable)[]): number[] => list.flatMap(({ data }) => Array.from(data))
const lengthOf = (list: readonly number[]): number => Math.sqrt(list.reduce((sum, x) => sum + x * x, 0))
const distance = (a: readonly number[], b: readonly number[]): number => lengthOf(a.map((x, i) => x - b[i]))

/** The value, the gradient and the Hessian's product with `vectors`. */
const derivativesOf =
  ({ f, inputs }: Composition) =>
  (at: readonly Matrix[], vectors: readonly Matrix[]) => {
    const [value, gradient] = valueAndGrad(
      f,
      inputs.map((_, i) => i),
    )(...at)
    return { value, gradient, product: hvp(f, [...at], [...vectors]) }
  }

/** f′(0) of a list, of the fourth order in h (Abramowitz & Stegun 25.3.6). */
function centralDifferences(f: (step: number) => readonly number[], h: number): number[] {
  const [a, b, c, d] = [h, -h, 2 * h, -2 * h].map(f)
  return a.map((_, i) => (8 * (a[i] - b[i]) - (c[i] - d[i])) / (12 * h))
}

/** Programs of which differences say too little. */
const silent = new Set<string>()

/**
 * How far derivatives along a direction are from the differences D(h/2), in units of what the error of these may be. Its part of
 * h⁴ is a fifteenth of |D(h) − D(h/2)|; besides, each of the `count` operations and its derivative round `size`, and the
 * difference divides that by h. Of a few h the one counts for which that is least.
 *
 * A program of which the differences say too little, as an error of 1e-6 would not show, is added to `silent`.
 */
function excessOf(
  f: (step: number) => readonly number[],
  derivatives: readonly number[],
  size: number,
  count: number,
  title: string,
): number {
  let best = { bound: Number.POSITIVE_INFINITY, error: Number.NaN }
  for (const h of STEPS) {
    const [rough, fine] = [centralDifferences(f, h), centralDifferences(f, h / 2)]
    const bound = distance(rough, fine) + (20 * count * UNIT.float64 * size) / h
    if (bound < best.bound) best = { bound, error: distance(derivatives, fine) }
    if (bound < 1e-9 * size) break
  }
  if (!(best.bound < 1e-6 * (size + lengthOf(derivatives)))) silent.add(title)
  return best.error / best.bound
}

function check(seed: string, first: string, large: boolean): readonly string[] {
  const composition = compose(seed, first, large)
  const { f, inputs, operations } = composition
  const title = `${seed}: ${operations.join('; ')}`
  const generator = new Generator(seed)
  const all = inputs.reduce((sum, { size }) => sum + size, 0)
  const scale = Math.min(1, LONGEST / Math.sqrt(all))
  const vectors = inputs.map(({ rows, cols }) => generator.normal(rows, cols, 0, scale, { dtype: 'float64' }))
  const derivatives = derivativesOf(composition)
  const eager = derivatives(inputs, vectors)
  const gradients = numbersOf(eager.gradient)

  const along = valueAndGrad(
    f,
    inputs.map((_, i) => i),
  )
  const seen = new Map<number, { value: number[]; gradient: number[] }>()
  const at = (step: number) => {
    const found = seen.get(step)
    if (found) return found
    const [value, gradient] = along(...inputs.map((input, i) => input.add(vectors[i].mul(step))))
    const numbers = { value: [value.item()], gradient: numbersOf(gradient) }
    seen.set(step, numbers)
    return numbers
  }
  const direction = numbersOf(vectors)
  const slope = gradients.reduce((sum, x, i) => sum + x * direction[i], 0)
  const count = operations.length + 2
  // Each value is at most 4, and their weights are of length 1.
  const excess = [
    excessOf((step) => at(step).value, [slope], 10 + lengthOf(gradients), count, title),
    excessOf((step) => at(step).gradient, numbersOf(eager.product), 10 + lengthOf(gradients), count, title),
  ]
  for (const [i, each] of excess.entries()) expect(each, `${['gradient', 'hvp'][i]} of ${title}`).toBeLessThanOrEqual(1)

  const compiled = compile(derivatives)
  for (const step of [0, STEPS[0], 0]) {
    const moved = inputs.map((input, i) => input.add(vectors[i].mul(step)))
    const { value, gradient, product } = compiled(moved, vectors)
    const wanted = step === 0 ? eager : derivatives(moved, vectors)
    const got = numbersOf([value, ...gradient, ...product])
    const same = numbersOf([wanted.value, ...wanted.gradient, ...wanted.product]).every((x, i) => Object.is(x, got[i]))
    expect(same, `compiled ${title}`).toBe(true)
  }
  return operations
}

describe('gradients and products with the Hessian are within the error of central differences, compiled in the same bits', () => {
  const used = new Set<string>()
  const groups = Array.from({ length: 8 }, (_, group) => group)
  test.each(groups)(`${PROGRAMS / 8} programs, group %i`, (group) => {
    for (let i = group; i < PROGRAMS; i += 8)
      for (const name of check(`program ${i}`, names[i % names.length], i % 5 === 0)) used.add(name)
  })

  test('differences say enough of all but one in a hundred', () => {
    expect([...silent].length, [...silent].join('; ')).toBeLessThanOrEqual(PROGRAMS / 100)
  })

  test('every operation was in one of them', () => {
    expect(names.filter((name) => !used.has(name))).toEqual([])
    expect(names.length).toBeLessThan(PROGRAMS)
  })
})
