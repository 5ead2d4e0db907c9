// The special values of pow: C99, annex F.9.4.4, row by row.

import { type DType, matrix } from '@matgrad/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DTYPES, round } from './support.ts'

const { NaN: nan, POSITIVE_INFINITY: inf } = Number

const either = (...values: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...values)
const signed = (size: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.tuple(size, fc.boolean()).map(([x, negative]) => (negative ? -x : x))

const oddSize = fc.integer({ min: 0, max: 2 ** 22 }).map((k) => 2 * k + 1)
const evenSize = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 22 }).map((k) => 2 * k),
  either(2 ** 24, 2 ** 53, 2 ** 100),
)
const fractionSize = fc.integer({ min: 0, max: 2 ** 20 }).map((k) => k + 0.5)
const notOddSize = fc.oneof(evenSize, fractionSize)
const negative = (size: fc.Arbitrary<number>): fc.Arbitrary<number> => size.map((x) => -x)

/** Below and above 1: subnormal in float32, ordinary, next to 1, huge. float32 holds each of them, as it does all exponents here. */
const small = either(2 ** -149, 2 ** -126, 2 ** -100, 0.5, 1 - 2 ** -24)
const large = either(1 + 2 ** -23, 1.5, 7, 2 ** 100, 2 ** 127)
const finite = fc.oneof(small, large, either(1))
const anything = fc.oneof(signed(finite), either(0, -0, inf, -inf, nan))
const zero = either(0, -0)
const infinite = either(inf, -inf)

type Row = readonly [string, fc.Arbitrary<number>, fc.Arbitrary<number>, (x: number, y: number) => number]

const TABLE: readonly Row[] = [
  ['pow(±0, y) is ±∞ for odd y < 0', zero, negative(oddSize), (x) => 1 / x],
  ['pow(±0, y) is ∞ for y < 0 that is not odd', zero, negative(notOddSize), () => inf],
  ['pow(±0, −∞) is ∞', zero, either(-inf), () => inf],
  ['pow(±0, y) is ±0 for odd y > 0', zero, oddSize, (x) => x],
  ['pow(±0, y) is 0 for y > 0 that is not odd', zero, fc.oneof(notOddSize, either(inf)), () => 0],
  ['pow(−1, ±∞) is 1', either(-1), infinite, () => 1],
  ['pow(1, y) is 1 for any y, even NaN', either(1), anything, () => 1],
  ['pow(x, ±0) is 1 for any x, even NaN', anything, zero, () => 1],
  [
    'pow(x, y) is NaN for finite x < 0 and finite y that is no integer',
    negative(finite),
    signed(fractionSize),
    () => nan,
  ],
  ['pow(x, −∞) is ∞ for |x| < 1', signed(small), either(-inf), () => inf],
  ['pow(x, −∞) is 0 for |x| > 1', signed(large), either(-inf), () => 0],
  ['pow(x, ∞) is 0 for |x| < 1', signed(small), either(inf), () => 0],
  ['pow(x, ∞) is ∞ for |x| > 1', signed(large), either(inf), () => inf],
  ['pow(−∞, y) is −0 for odd y < 0', either(-inf), negative(oddSize), () => -0],
  ['pow(−∞, y) is 0 for y < 0 that is not odd', either(-inf), fc.oneof(negative(notOddSize), either(-inf)), () => 0],
  ['pow(−∞, y) is −∞ for odd y > 0', either(-inf), oddSize, () => -inf],
  ['pow(−∞, y) is ∞ for y > 0 that is not odd', either(-inf), fc.oneof(notOddSize, either(inf)), () => inf],
  ['pow(∞, y) is 0 for y < 0', either(inf), negative(fc.oneof(finite, either(inf))), () => 0],
  ['pow(∞, y) is ∞ for y > 0', either(inf), fc.oneof(finite, either(inf)), () => inf],
  ['pow(NaN, y) is NaN for y ≠ 0', either(nan), fc.oneof(signed(finite), infinite, either(nan)), () => nan],
  ['pow(x, NaN) is NaN for x ≠ 1', anything.filter((x) => x !== 1), either(nan), () => nan],
  ['what is too large is ∞', either(2, 2 ** 100, 2 ** 127), either(1e4, 2 ** 100), () => inf],
  ['what is too small is 0', either(0.5, 2 ** -100, 2 ** -149), either(1e4, 2 ** 100), () => 0],
  ['what is too large is −∞ for odd y and x < 0', either(-1.5, -(2 ** 100)), either(2 ** 24 - 1), () => -inf],
  ['what is too small is −0 for odd y and x < 0', either(-0.5, -(2 ** -100)), either(2 ** 24 - 1), () => -0],
]

/** pow of pairs, among pairs that are not special, so that lanes of both kinds meet in a vector. */
function pow(pairs: readonly (readonly [number, number])[], dtype: DType): number[] {
  const all = pairs.flatMap(([x, y]) => [
    [x, y],
    [1.5, 2],
  ])
  const column = (j: number) => matrix([all.map((pair) => pair[j])], { dtype })
  const result = Array.from(column(0).pow(column(1)).data)
  expect(result.filter((_, i) => i % 2 === 1)).toEqual(pairs.map(() => 2.25))
  return result.filter((_, i) => i % 2 === 0)
}

describe.each(DTYPES)('%s', (dtype) => {
  test.each(TABLE)('%s', (_, xs, ys, wanted) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(xs, ys), { minLength: 1, maxLength: 9 }), (pairs) => {
        expect(pow(pairs, dtype)).toEqual(pairs.map(([x, y]) => wanted(x, y)))
      }),
    )
  })

  test('a negative base has the bits of the positive one, with the sign that the parity of the exponent gives', () => {
    const ordinary = fc.double({ min: 2 ** -8, max: 2 ** 8, noNaN: true }).map((x) => round(x, dtype))
    fc.assert(
      fc.property(ordinary, fc.integer({ min: -12, max: 12 }), (x, n) => {
        const [positive, negative] = pow(
          [
            [x, n],
            [-x, n],
          ],
          dtype,
        )
        expect(negative).toBe(n % 2 === 0 ? positive : -positive)
      }),
    )
  })

  test('whole powers of whole numbers are exact where the dtype holds them', () => {
    const bits = dtype === 'float64' ? 53 : 24
    const pairs: [number, number][] = []
    for (let x = 2; x < 2 ** 12; x++) for (let n = 1; n * Math.log2(x) < bits; n++) pairs.push([x, n])
    expect(pow(pairs, dtype)).toEqual(pairs.map(([x, n]) => Number(BigInt(x) ** BigInt(n))))
  })
})
