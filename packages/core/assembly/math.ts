// Functions that the standard library lacks, in float64. No call leaves the module, so every engine gives the same bits.

const TWO_OVER_SQRT_PI: f64 = 1.1283791670955126
const SQRT_PI: f64 = 1.772453850905516

/** Where the series for erf hands over to the continued fraction for erfc. */
const SERIES_END: f64 = 2.0

/** erf x = 2/√π · e^(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, a sum of positive terms (DLMF 7.6.2). */
function erfSeries(x: f64): f64 {
  const square = x * x
  let term = x
  let sum = x
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2.0 * square) / <f64>(2 * n + 1)
    sum += term
  }
  return TWO_OVER_SQRT_PI * Math.exp(-square) * sum
}

/** e^(−x²) without the error that rounding x² would multiply by x². */
function expMinusSquare(x: f64): f64 {
  const high = reinterpret<f64>(reinterpret<u64>(x) & 0xffffffff00000000)
  return Math.exp(-high * high) * Math.exp((high - x) * (high + x))
}

/** erfc x for x ≥ 2: the continued fraction 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))) (DLMF 7.9.1), from its tail. */
function erfcFraction(x: f64): f64 {
  if (x > 27.3) return 0
  let tail = x
  for (let n = 60; n > 0; n--) tail = x + (<f64>n * 0.5) / tail
  return expMinusSquare(x) / (tail * SQRT_PI)
}

export function erf(x: f64): f64 {
  if (x != x) return x
  const size = Math.abs(x)
  const value = size < SERIES_END ? (size < 1e-150 ? TWO_OVER_SQRT_PI * size : erfSeries(size)) : 1 - erfcFraction(size)
  return copysign<f64>(value, x)
}

export function erfc(x: f64): f64 {
  if (x < SERIES_END) return 1 - erf(x)
  return erfcFraction(x)
}

/** 1 / (1 + e⁻ˣ), never through the exponential of a large number. */
export function sigmoid(x: f64): f64 {
  const small = Math.exp(-Math.abs(x))
  return x < 0 ? small / (1 + small) : 1 / (1 + small)
}

/** log(1 + eˣ), never through the exponential of a large number. */
export function softplus(x: f64): f64 {
  return max<f64>(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

/** x · Φ(x), the exact form (Hendrycks & Gimpel 2016), with Φ through erfc so that the negative tail keeps its digits. */
export function gelu(x: f64): f64 {
  if (x < -40) return x == -Infinity ? -0.0 : x * 0
  return 0.5 * x * erfc(-x * Math.SQRT1_2)
}
