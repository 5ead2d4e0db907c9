// Tests of randomness on large samples. Each gives its p, the probability that a right generator deviates as much or more.

import { matrix } from '@matgrad/core'

/** What is found unlikely, a p below it, would be found once in a million tests of right generators. */
const SIGNIFICANCE = 1e-6

export type Sample = Float32Array | Float64Array
/** p by the name of the test. */
export type Verdicts = Readonly<Record<string, number>>

/** The names of the tests that the sample fails. */
export const failures = (verdicts: Verdicts): string[] =>
  Object.keys(verdicts).filter((name) => !(verdicts[name] >= SIGNIFICANCE))

const erf = (x: Float64Array): Sample => matrix(x).erf().data

/** The distribution function of N(0, 1). */
export const normalCdf = (z: Sample): Float64Array =>
  erf(Float64Array.from(z, (x) => x * Math.SQRT1_2)).map((x) => (1 + x) / 2) as Float64Array

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

/** The mean of xᵏ, k from 1 to 4, by what the means of x⁰ … x⁸ should be. */
function moments(x: Sample, expected: readonly number[]): Verdicts {
  const sums = [0, 0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    let power = 1
    for (let k = 0; k < 4; k++) {
      power *= x[i]
      sums[k] += power
    }
  }
  return Object.fromEntries(
    sums.map((sum, i) => {
      const k = i + 1
      const deviation = Math.sqrt((expected[2 * k] - expected[k] ** 2) / x.length)
      return [`moment ${k}`, normalTails((sum / x.length - expected[k]) / deviation)]
    }),
  )
}

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
  Object.fromEntries(LAGS.map((lag) => [`${name} at lag ${lag}`, correlation(x, x.subarray(lag), variance)]))

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

/** How often each of the first `bits` bits of a number is 1, and how often it is another than in the number before. */
function bitBalance(u: Sample, bits: number): Verdicts {
  const ones = new Uint32Array(bits)
  const changes = new Uint32Array(bits)
  const before = new Uint8Array(bits)
  for (let i = 0; i < u.length; i++) {
    let rest = u[i]
    for (let bit = 0; bit < bits; bit++) {
      rest *= 2
      const one = rest >= 1 ? 1 : 0
      rest -= one
      ones[bit] += one
      changes[bit] += one ^ before[bit]
      before[bit] = one
    }
  }
  const verdicts: Record<string, number> = {}
  for (let bit = 0; bit < bits; bit++) {
    verdicts[`ones in bit ${bit + 1}`] = binomial(ones[bit], u.length, 1 / 2)
    verdicts[`changes of bit ${bit + 1}`] = binomial(changes[bit], u.length, 1 / 2)
  }
  return verdicts
}

/** Independent and uniform on [0, 1), with so many random bits. */
export function uniformity(u: Sample, bits: number): Verdicts {
  const centred = Float64Array.from(u, (x) => x - 0.5)
  const expected = Array.from({ length: 9 }, (_, k) => (k % 2 === 0 ? 0.5 ** k / (k + 1) : 0))
  return {
    'Kolmogorov–Smirnov': kolmogorov(Float64Array.from(u)),
    ...moments(centred, expected),
    'χ² of cells': cells(u),
    ...Object.fromEntries([1, 2, 4].map((lag) => [`χ² of pairs at lag ${lag}`, pairs(u, lag)])),
    ...autocorrelations('correlation', centred, 1 / 12),
    ...bitBalance(u, bits),
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
  const squares = Float64Array.from(z, (x) => x * x - 1)
  return {
    'Kolmogorov–Smirnov': kolmogorov(u),
    ...moments(z, [1, 0, 1, 0, 3, 0, 15, 0, 105]),
    'χ² of cells': cells(u),
    ...Object.fromEntries([1, 2, 4].map((lag) => [`χ² of pairs at lag ${lag}`, pairs(u, lag)])),
    ...autocorrelations('correlation', z, 1),
    ...autocorrelations('correlation of squares', squares, 2),
    ...Object.fromEntries(
      TAILS.map(([limit, probability]) => {
        let count = 0
        for (let i = 0; i < z.length; i++) if (Math.abs(z[i]) > limit) count++
        return [`beyond ±${limit}`, poisson(count, z.length * probability)]
      }),
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
