// Kernels compute several elements at a time, and take another way where one of them is far out. What the others get must
// not depend on it.

import { type Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { between, DTYPES, elementwise, noise } from './support.ts'

/** Lanes of the widest vector. */
const LANES = 4

const extremes = [
  ...[0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1, 1e-45, 1e-310, 1e-40],
  ...[80, -80, 87.5, -87.5, 100, -100, 104, -104, 700, -700, 709.5, -745, 800, -800, 7000, 1e5, -1e5, 1e7, -1e7],
  ...[1e20, -1e20, 3e38, -3e38, 1e300, -1e300],
]
const random = noise(11)
const moderate = Array.from({ length: 60 }, (_, i) => between(-1, 1)(random) * [0.3, 1, 5, 30, 60, 3000][i % 6])
const values = [...moderate, ...extremes]

const call = (a: Matrix, name: string, ...args: Matrix[]): Matrix =>
  (a as unknown as Record<string, (...args: Matrix[]) => Matrix>)[name](...args)

describe.each(DTYPES)('%s', (dtype) => {
  const row = (elements: number[]): Matrix => matrix([elements], { dtype })

  test.each(elementwise(1))('the bits of %s of an element are the same beside any other', (name) => {
    const alone = values.map((x) => call(row(Array(LANES).fill(x)), name).data[0])
    // Each value beside each extreme one, at either place of a pair.
    const pairs = values.flatMap((x) => extremes.flatMap((y) => [x, y, y, x]))
    const got = call(row(pairs), name).data
    const changed = alone.flatMap((wanted, i) =>
      extremes
        .filter((_, j) => [0, 3].some((place) => !Object.is(got[(i * extremes.length + j) * 4 + place], wanted)))
        .map((y) => `${name}(${values[i]}) beside ${y}`),
    )
    expect(changed).toEqual([])
  })

  test('the bits of pow of two elements are the same beside any others', () => {
    const operands = values.flatMap((x, i) => [0, 7, 19, 31].map((step) => [x, values[(i * 5 + step) % values.length]]))
    const wanted = operands.map(([x, y]) => row(Array(LANES).fill(x)).pow(row(Array(LANES).fill(y))).data[0])
    const others = operands.map((_, i) => operands[(i * 37 + 11) % operands.length])
    const bases = row(operands.flatMap(([x], i) => [x, others[i][0], others[i][0], x]))
    const exponents = row(operands.flatMap(([, y], i) => [y, others[i][1], others[i][1], y]))
    const got = bases.pow(exponents).data
    for (const [i, [x, y]] of operands.entries())
      expect([got[4 * i], got[4 * i + 3]], `${x} to ${y} beside ${others[i]}`).toEqual([wanted[i], wanted[i]])
  })
})
