// Tests of randomness on large samples. Each gives its p, the probability that a right generator deviates as much or more.

import { matrix } from '@matgrad/core'

/** What is found unlikely, a p below it, would be found once in a million tests of right generators. */
const SIGNIFICANCE = 1e-6

export type Sample = Float32Array | Float64Array
/** p by the name of the test, or what gives it. */
export type Verdicts = Readonly<Record<string, number | (() => number)>>

const probabilityOf = (verdict: number | (() => number)): number => (typeof verdict === 'number' ? verdict : verdict())

/** The names of the tests that the sample fails, of all or of those named. */
export const failures = (verdicts: Verdicts, names = Object.keys(verdicts)): string[] =>
  names.filter((name) => !(probabilityOf(verdicts[name]) >= SIGNIFICANCE))

/** n numbers: f(0), f(1), … A loop, since `Float64Array.from` takes ten times as long. */
export function numbers(n: number, f: (i: number) => number): Float64Array {
  const values = new Float64Array(n)
  for (let i = 0; i < n; i++) values[i] = f(i)
  return values
}

const erf = (x: Float64Array): Sample => matrix(x).erf().data

/** The distribution function of N(0, 1). */
export const normalCdf = (z: Sample): Float64Array =>
  erf(numbers(z.length, (i) => z[i] * Math.SQRT1_2)).map((x) => (1 + x) / 2) as Float64Array

/** Both tails of N(0, 1) beyond ±z. */
export const normalTails = (z: number): number => 1 - erf(Float64Array.of(Math.abs(z) * Math.SQRT1_2))[0]

/** χ² of counts, in either direction: too even is unlikely, too (Wilson & Hilferty 1931). */
export function chiSquare(counts: ArrayLike<number>, expected: (cell: number) => number): number {
  let sum = 0
  for (let i = 0; i < counts.length; i++) sum += (counts[i] - expected(i)) ** 2 / expected(i)
  const freedom = counts.length - 1
  const variance = 2 / (9 * freedom)
  return normalTails((Math.cbrt(sum / freedom) - (1 - variance)) / Math.sqrt(variance))
}

/** A count of rare events of which `mean` are expected, twice the probability of its side. */
export function poisson(count: number, mean: number): number {
  let logarithm = -mean
  let below = 0
  for (let k = 0; k < count; k++) {
    below += Math.exp(logarithm)
    logarithm += Math.log(mean / (k + 1))
  }
  return 2 * Math.min(below + Math.exp(logarithm), 1 - below)
}

/** A count of `n` events of probability `p` each, by the normal approximation. */
export const binomial = (count: number, n: number, p: number): number =>
  normalTails((count - n * p) / Math.sqrt(n * p * (1 - p)))

/** sup |Fₙ − F|·√n, F uniform on [0, 1] (Kolmogorov 1933: 2e^(−2x²), less what is below its square). */
function kolmogorov(u: Float64Array): number {
  const sorted = u.slice().sort()
  const n = sorted.length
  let largest = 0
  for (let i = 0; i < n; i++) largest = Math.max(largest, (i + 1) / n - sorted[i], sorted[i] - i / n)
  return 2 * Math.exp(-2 * n * largest ** 2)
}

/** The tests of a kind by their names. */
const each = <T>(of: readonly T[], nameOf: (one: T) => string, test: (one: T) => number): Verdicts =>
  Object.fromEntries(of.map((one) => [nameOf(one), () => test(one)]))

/** The mean of xᵏ by what the means of x⁰ … x⁸ should be. */
function moment(x: Sample, k: number, expected: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) {
    let power = x[i]
    for (let j = 1; j < k; j++) power *= x[i]
    sum += power
  }
  const deviation = Math.sqrt((expected[2 * k] - expected[k] ** 2) / x.length)
  return normalTails((sum / x.length - expected[k]) / deviation)
}

const moments = (x: Sample, expected: readonly number[]): Verdicts =>
  each(
    [1, 2, 3, 4],
    (k) => `moment ${k}`,
    (k) => moment(x, k, expected),
  )

/** The mean product of two samples of mean 0 and the same variance. */
export function correlation(x: Sample, y: Sample, variance: number): number {
  const n = Math.min(x.length, y.length)
  let sum = 0
  for (let i = 0; i < n; i++) sum += x[i] * y[i]
  return normalTails(sum / (variance * Math.sqrt(n)))
}

/** Neighbours, what the same lane of a vector gives, and what the same place of a piece of 16384 elements does. */
const LAGS = [1, 2, 3, 4, 5, 6, 7, 8, 16_384]

const autocorrelations = (name: string, x: Sample, variance: number): Verdicts =>
  each(
    LAGS,
    (lag) => `${name} at lag ${lag}`,
    (lag) => correlation(x, x.subarray(lag), variance),
  )

const CELLS = 4096

function cells(u: Sample): number {
  const counts = new Uint32Array(CELLS)
  for (let i = 0; i < u.length; i++) counts[Math.floor(CELLS * u[i])]++
  return chiSquare(counts, () => u.length / CELLS)
}

/** χ² of 32x32 cells for pairs `lag` apart, none of which share a number. */
function pairs(u: Sample, lag: number): number {
  const counts = new Uint32Array(1024)
  let total = 0
  for (let start = 0; start + 2 * lag <= u.length; start += 2 * lag)
    for (let i = start; i < start + lag; i++, total++)
      counts[32 * Math.floor(32 * u[i]) + Math.floor(32 * u[i + lag])]++
  return chiSquare(counts, () => total / 1024)
}

/** χ² of pairs at several lags. */
const allPairs = (u: Sample): Verdicts =>
  each(
    [1, 2, 4],
    (lag) => `χ² of pairs at lag ${lag}`,
    (lag) => pairs(u, lag),
  )

/** How often a bit of a number, 1 the first, is 1, or is another than in the number before. */
function bitBalance(u: Sample, bit: number, isOfChanges: boolean): number {
  const scale = 2 ** bit
  let [count, before] = [0, 0]
  for (let i = 0; i < u.length; i++) {
    const cell = Math.floor(u[i] * scale)
    const one = cell - 2 * Math.floor(cell / 2)
    count += isOfChanges ? Math.abs(one - before) : one
    before = one
  }
  return binomial(count, u.length, 1 / 2)
}

/** How often each of the first `bits` bits of a number is 1, and how often it is another than in the number before. */
function bitBalances(u: Sample, bits: number): Verdicts {
  const all = Array.from({ length: bits }, (_, i) => i + 1)
  return {
    ...each(
      all,
      (bit) => `ones in bit ${bit}`,
      (bit) => bitBalance(u, bit, false),
    ),
    ...each(
      all,
      (bit) => `changes of bit ${bit}`,
      (bit) => bitBalance(u, bit, true),
    ),
  }
}

/** Independent and uniform on [0, 1), with so many random bits. */
export function uniformity(u: Sample, bits: number): Verdicts {
  const centred = numbers(u.length, (i) => u[i] - 0.5)
  const expected = Array.from({ length: 9 }, (_, k) => (k % 2 === 0 ? 0.5 ** k / (k + 1) : 0))
  return {
    'Kolmogorov–Smirnov': () => kolmogorov(new Float64Array(u)),
    ...moments(centred, expected),
    'χ² of cells': () => cells(u),
    ...allPairs(u),
    ...autocorrelations('correlation', centred, 1 / 12),
    ...bitBalances(u, bits),
  }
}

/** P(|Z| > limit). */
const TAILS: readonly (readonly [limit: number, probability: number])[] = [
  [3, 2.6997960632601866e-3],
  [4, 6.334248366623996e-5],
  [5, 5.733031437583878e-7],
]

/** Independent, from N(0, 1). */
export function normality(z: Sample): Verdicts {
  const u = normalCdf(z)
  const squares = numbers(z.length, (i) => z[i] ** 2 - 1)
  return {
    'Kolmogorov–Smirnov': () => kolmogorov(u),
    ...moments(z, [1, 0, 1, 0, 3, 0, 15, 0, 105]),
    'χ² of cells': () => cells(u),
    ...allPairs(u),
    ...autocorrelations('correlation', z, 1),
    ...autocorrelations('correlation of squares', squares, 2),
    ...each(
      TAILS,
      ([limit]) => `beyond ±${limit}`,
      ([limit, probability]) => {
        let count = 0
        for (let i = 0; i < z.length; i++) if (Math.abs(z[i]) > limit) count++
        return poisson(count, z.length * probability)
      },
    ),
  }
}

/** Each whole number from `low` on as likely as the others, `count` of them, and neither less nor more. */
export function evenness(values: Sample, low: number, count: number): Verdicts {
  const counts = new Uint32Array(count)
  let strays = 0
  for (let i = 0; i < values.length; i++) {
    const cell = values[i] - low
    if (Number.isInteger(cell) && cell >= 0 && cell < count) counts[cell]++
    else strays++
  }
  return { 'in range': strays === 0 ? 1 : 0, 'χ²': chiSquare(counts, () => values.length / count) }
}
