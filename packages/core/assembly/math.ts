// Functions that the standard library lacks, in float64. No call leaves the module, so every engine gives the same bits.

/** erf x / x in powers of x² for |x| < 1/2, and below (1 + 2x)·e^(x²)·erfc x in powers of t = (x − 5) / (x + 4) for x ≥ 1/2:
 * Chebyshev series from 50 digits, cut off below 10⁻¹⁷. The second is Shepherd & Laframboise's form (1981). */
const ERF: StaticArray<f64> = [
  1.1283791670955126, -0.37612638903183476, 0.11283791670925457, -0.026866170632921085, 0.005223977373542183,
  -0.0008548297798086192, 0.00012053337222877719, -1.4845900896375835e-05, 1.4726381680017032e-06,
]
const ERFC: StaticArray<f64> = [
  1.217751015063755, -0.11926270752256947, 0.025079168438501397, 0.023265926756404886, -0.037224599565018175,
  0.03218454560451887, -0.02094783329995275, 0.010905934848397263, -0.004529247138157213, 0.0014194217242708724,
  -0.0002739407577784668, -7.20879947328512e-06, 2.5872859470534885e-05, -7.4642688633863335e-06,
  -3.825411496366544e-07, 8.524166449323046e-07, -1.499875669206463e-07, -6.494117968687001e-08,
  2.7797920382285437e-08, 3.6531522610144755e-09, -3.3781941218524148e-09, -1.1647283840666715e-10,
  2.4885224209528796e-10,
]

/** Where erf's own series ends; beyond it erf is 1 − erfc. */
const SERIES_END: f64 = 0.5

function polynomial(coefficients: StaticArray<f64>, x: f64): f64 {
  let value: f64 = 0
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + unchecked(coefficients[i])
  return value
}

/** e^(−scale·x²), where the rounding error of x² (Dekker 1971) is made good: the exponential would multiply it by x². */
function expMinusSquare(scale: f64, x: f64): f64 {
  const square = x * x
  const high = reinterpret<f64>(reinterpret<u64>(x) & 0xfffffffff8000000)
  const low = x - high
  const error = high * high - square + 2 * high * low + low * low
  const value = Math.exp(-scale * square)
  return value - value * (scale * error)
}

/** e^(x²)·erfc x for x ≥ 1/2. */
function erfcx(x: f64): f64 {
  return polynomial(ERFC, (x - 5) / (x + 4)) / (1 + 2 * x)
}

/** 1 − erf x for x ≥ 1/2, which is 0 from 27.3 on. */
function erfcTail(x: f64): f64 {
  return x > 27.3 ? 0 : erfcx(x) * expMinusSquare(1, x)
}

export function erf(x: f64): f64 {
  const size = Math.abs(x)
  return size < SERIES_END ? x * polynomial(ERF, x * x) : copysign<f64>(1 - erfcTail(size), x)
}

export function erfc(x: f64): f64 {
  return x < SERIES_END ? 1 - erf(x) : erfcTail(x)
}

/** 1 / (1 + e⁻ˣ), never through the exponential of a large number. */
function sigmoid(x: f64): f64 {
  const small = Math.exp(-Math.abs(x))
  return x < 0 ? small / (1 + small) : 1 / (1 + small)
}

/** x / (1 + e⁻ˣ). Far out the sigmoid underflows before its product with x does, and its product with −∞ would be NaN. */
export function silu(x: f64): f64 {
  if (x > -700) return x * sigmoid(x)
  const half = Math.exp(x * 0.5)
  return x == -Infinity ? -0.0 : x * half * half
}

/**
 * x · Φ(x), the exact form (Hendrycks & Gimpel 2016). Φ is erfc of −x/√2, so that the negative tail keeps its digits; there
 * the exponent is −x²/2 itself, not the square of a rounded quotient.
 */
export function gelu(x: f64): f64 {
  if (x < -40) return x == -Infinity ? -0.0 : x * 0
  const z = -x * Math.SQRT1_2
  return z < SERIES_END ? 0.5 * x * erfc(z) : 0.5 * x * erfcx(z) * expMinusSquare(0.5, x)
}

/** xᵖ as in C and NumPy: 1 to any power is 1, even to NaN, and −1 to an infinite one too; JavaScript has NaN. */
export function pow(x: f64, p: f64): f64 {
  return x == 1 || (x == -1 && Math.abs(p) == Infinity) ? 1 : Math.pow(x, p)
}
