// What the tests of this package share: data, distances, shapes.

import { type DType, Matrix, type Operation } from '@matgrad/core'
import { operations } from '@matgrad/core/internal'
import * as fc from 'fast-check'

export const DTYPES: readonly DType[] = ['float32', 'float64']

/** The names of the element-wise methods with so many operands, `this` among them, that need no numbers of their own. */
export const elementwise = (operands: number): string[] => [
  ...(Object.values(operations) as Operation[])
    .filter(({ elementwise, method, name }) => elementwise && method?.operands === operands && name !== 'clip')
    .map(({ name }) => name),
  // Its method chooses between two operations.
  ...(operands === 1 ? ['gelu'] : []),
]

/** The unit roundoff: half the distance from 1 to the next number. */
export const UNIT: Readonly<Record<DType, number>> = { float32: 2 ** -24, float64: 2 ** -53 }

/** x rounded to the dtype. */
export const round = (x: number, dtype: DType): number => (dtype === 'float32' ? Math.fround(x) : x)

const float64 = new Float64Array(1)
const bits64 = new BigInt64Array(float64.buffer)
const float32 = new Float32Array(1)
const bits32 = new Int32Array(float32.buffer)

/** The place of x among the numbers of its dtype, in order; 0 and −0 share one. */
function place(x: number, dtype: DType): bigint {
  if (dtype === 'float32') {
    float32[0] = x
    return BigInt(bits32[0] < 0 ? -(bits32[0] & 0x7fffffff) : bits32[0])
  }
  float64[0] = x
  return bits64[0] < 0n ? -(bits64[0] & 0x7fffffffffffffffn) : bits64[0]
}

/** How many steps from one number of the dtype to the next lie between x and y; NaN is 0 from NaN and infinitely far from all else. */
export function ulps(x: number, y: number, dtype: DType): number {
  if (Object.is(x, y)) return 0
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.POSITIVE_INFINITY
  const distance = place(x, dtype) - place(y, dtype)
  return Math.abs(Number(distance))
}

/** The bytes of the elements. */
const bytesOf = ({ data }: Matrix): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** The bytes of the elements in hexadecimal. */
export const hex = (a: Matrix): string => Array.from(bytesOf(a), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Whether shape, dtype and every bit are the same. */
export function identical(a: Matrix, b: Matrix): boolean {
  if (a.rows !== b.rows || a.cols !== b.cols || a.dtype !== b.dtype) return false
  const [bytes, others] = [bytesOf(a), bytesOf(b)]
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== others[i]) return false
  return true
}

/** A small generator of its own (mulberry32), so that test data do not come from what is tested. */
export function noise(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How to draw an element of test data. */
export type Draw = (random: () => number) => number

/** Draws from one of `special` one time in five. */
export const sprinkled =
  (draw: Draw, special: readonly number[]): Draw =>
  (random) =>
    random() < 0.2 ? special[Math.floor(random() * special.length)] : draw(random)

export const between =
  (low: number, high: number): Draw =>
  (random) =>
    low + (high - low) * random()

/** Whole numbers, so that equal elements are common. */
export const whole =
  (low: number, high: number): Draw =>
  (random) =>
    low + Math.floor((high - low + 1) * random())

export function sample(rows: number, cols: number, dtype: DType, draw: Draw, random: () => number): Matrix {
  const data = dtype === 'float32' ? new Float32Array(rows * cols) : new Float64Array(rows * cols)
  for (let i = 0; i < data.length; i++) data[i] = draw(random)
  return new Matrix(data, rows, cols)
}

/** Nothing, one, every remainder of a vector or a tile, and their neighbours. */
export const size: fc.Arbitrary<number> = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33)
export const positive: fc.Arbitrary<number> = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33)
export const seed: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 31 - 1 })

/** The positions of each line along an axis, written out. */
export function lines(rows: number, cols: number, axis: 0 | 1 | undefined): number[][] {
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
  if (axis === undefined) return [range(rows * cols)]
  if (axis === 0) return range(cols).map((j) => range(rows).map((i) => i * cols + j))
  return range(rows).map((i) => range(cols).map((j) => i * cols + j))
}

// Fixed-point numbers of 256 bits after the point: for |x| ≤ 6 the Maclaurin series of erf loses 2⁵² of them to
// cancellation, which leaves a reference that no rounding reaches.

const FRACTION = 256n
const ONE = 1n << FRACTION
const TWO_OVER_SQRT_PI =
  (11283791670955125738961589031215451716881012586579977136881714434212849368829868289734873204042147269n << FRACTION) /
  10n ** 100n
const SQRT_HALF =
  (7071067811865475244008443621048490392848359376884740365883398689953662392310535194251938n << FRACTION) / 10n ** 88n

function toFixed(x: number): bigint {
  let [scaled, shift] = [x, 0n]
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    shift++
  }
  return (BigInt(scaled) << FRACTION) >> shift
}

function fromFixed(x: bigint): number {
  const length = (x < 0n ? -x : x).toString(2).length
  const drop = Math.max(0, length - 64)
  return Number(x >> BigInt(drop)) * 2 ** (drop - Number(FRACTION))
}

/** erf z = 2/√π Σ (−1)ⁿ z²ⁿ⁺¹ / (n!(2n + 1)) */
function erfFixed(z: bigint): bigint {
  const square = (z * z) >> FRACTION
  let [power, sum] = [z, z]
  for (let n = 1n; power > 1n || power < -1n; n++) {
    power = -((power * square) >> FRACTION) / n
    sum += power / (2n * n + 1n)
  }
  return (sum * TWO_OVER_SQRT_PI) >> FRACTION
}

/** erf x for |x| ≤ 6, off by at most an ulp. */
export const erf = (x: number): number => fromFixed(erfFixed(toFixed(x)))

/** x/2 · (1 + erf(x/√2)) for |x| ≤ 6, off by at most an ulp. */
export function gelu(x: number): number {
  const z = toFixed(x)
  return fromFixed((z * (ONE + erfFixed((z * SQRT_HALF) >> FRACTION))) >> (FRACTION + 1n))
}

/** The sum of every `step`th term from `start` on, whose error does not grow with their number (Neumaier 1974). */
export function exactSum(terms: ArrayLike<number>, start = 0, step = 1): number {
  let [total, lost] = [0, 0]
  for (let i = start; i < terms.length; i += step) {
    const x = terms[i]
    const next = total + x
    lost += Math.abs(total) >= Math.abs(x) ? total - next + x : x - next + total
    total = next
  }
  return total + (Number.isNaN(lost) ? 0 : lost)
}
