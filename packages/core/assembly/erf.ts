// erf and gelu on vectors of either dtype; float32 is in single.ts. The polynomials and the rational function are
// minimax (Lawson's iteration in 80 digits).

import { expModerate, exponentIn, lowPart, restHigh, restLow, withExponent } from './exponential'
import { addThree, HALF, lostBy, ONE, scale, shared, shiftLeft, upperBits } from './float'
import { erfSingle, geluSingle } from './single'
import { polynomial, step } from './vector'

// y·Φ(−y)·e^(y²/2) = MILLS + above / below for 0.85 ≤ y ≤ 38.7, to 2⁻⁵⁹ of itself, Φ the standard normal distribution.
// It grows from 0.23 to 0.4, so that what it has beside MILLS is small, and with it what the rounding of the quotient
// does.

const MILLS: f64 = 0.3125
const MILLS_ABOVE: usize = memory.data<f64>([
  -0.31249999991307503, -0.2594179039972114, -0.044010864830997955, 0.05695154999128833, 0.04992683393941678,
  0.02158445210664764, 0.00607744413198891, 0.0011823444389639595, 0.00015752938745910238, 1.3338772475871121e-05,
  5.650589658386858e-07
], 16)
const MILLS_BELOW: usize = memory.data<f64>([
  1, 2.430137289798329, 2.752439149133406, 1.9193071905076402, 0.9158912275401939, 0.3139731012151694,
  0.07876555954857471, 0.014390002079268086, 0.0018525333526799265, 0.00015430842885929365, 6.536835483921421e-06
], 16)

@inline function millsAbove(y: v128): v128 {
  return polynomial<f64>(MILLS_ABOVE, 11, y)
}

@inline function millsBelow(y: v128): v128 {
  return polynomial<f64>(MILLS_BELOW, 11, y)
}

const ERF_NEAR: usize = memory.data<f64>([
  0.12837916709551256, -0.37612638903183515, 0.11283791670944136, -0.026866170643106015, 0.005223977606086279,
  -0.0008548325928184068, 0.00012055293551588853, -1.4924711928544039e-05, 1.6447127932486061e-06,
  -1.620629112143742e-07, 1.3710898684461027e-08, -7.779338095142724e-10
], 16)

/** x + x·(erf x / x − 1) for |x| ≤ 1, the term in brackets in powers of x². */
@inline function erfNear(x: v128): v128 {
  return f64x2.add(x, f64x2.mul(x, polynomial<f64>(ERF_NEAR, 12, f64x2.mul(x, x))))
}

/** 1 − 2Φ(−√2·|x|) with the sign of x for |x| ≥ 1; beyond 6 it rounds to 1. */
@inline function erfFar(x: v128): v128 {
  const size = f64x2.pmin(f64x2.abs(x), f64x2.splat(6))
  const y = f64x2.mul(size, f64x2.splat(1.4142135623730951))
  const power = expModerate<f64>(f64x2.neg(f64x2.mul(size, size)))
  const below = millsBelow(y)
  const sum = f64x2.mul(f64x2.splat(1.4142135623730951), f64x2.add(f64x2.mul(f64x2.splat(MILLS), below), millsAbove(y)))
  const tail = f64x2.div(f64x2.mul(power, sum), f64x2.mul(size, below))
  return v128.or(f64x2.sub(shared<f64>(ONE), tail), v128.and(x, f64x2.splat(-0.0)))
}

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt */
export function erf<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return erfSingle(x)
  const near = f64x2.lt(f64x2.abs(x), shared<f64>(ONE))
  const value = erfNear(x)
  return v128.all_true<i64>(near) ? value : v128.bitselect(value, erfFar(x), near)
}

const GELU_NEAR: usize = memory.data<f64>([
  -0.06649038006690536, 0.009973557010031735, -0.0011873282154078934, 0.00011543468696084218,
  -9.444652857087858e-06, 6.659585803331513e-07, -4.1205509366006395e-08, 2.248252711213984e-09,
  -9.605482445486433e-11
], 16)

/**
 * x/2 + x²/2 + x²·(q − ½) for |x| ≤ 0.85, where q = (Φ(x) − ½)/x, about 0.38, in powers of x². What the rounding of x²
 * loses is made good, so that nothing shows where the first two terms cancel.
 */
@inline function geluNear(x: v128): v128 {
  const half = shared<f64>(HALF)
  const square = f64x2.mul(x, x)
  const upper = upperBits(x)
  const lost = f64x2.add(
    f64x2.sub(f64x2.mul(upper, upper), square), f64x2.mul(f64x2.sub(x, upper), f64x2.add(x, upper))
  )
  const series = step<f64>(polynomial<f64>(GELU_NEAR, 9, square), square, f64x2.splat(-0.10105771959856732))
  const rest = f64x2.add(f64x2.mul(square, series), f64x2.mul(lost, f64x2.splat(0.38)))
  const value = addThree<f64>(f64x2.mul(half, x), f64x2.mul(half, square), rest)
  // 0 keeps its sign.
  return v128.or(value, v128.and(x, f64x2.splat(-0.0)))
}

/**
 * max(x, 0) − |x|·Φ(−|x|) for |x| ≥ 0.85. The factors of the second term, e^(−x²/2) and its rest, are in two parts, so
 * is the exponent: the exponential would multiply its rounding.
 */
@inline function geluFar(x: v128): v128 {
  const size = f64x2.pmin(f64x2.abs(x), f64x2.splat(39))
  const upper = upperBits(size)
  const half = f64x2.splat(-0.5)
  const exponent = f64x2.mul(half, f64x2.mul(upper, upper))
  const extra = f64x2.mul(half, f64x2.mul(f64x2.sub(size, upper), f64x2.add(size, upper)))
  const whole = withExponent<f64>(exponent)
  const n = exponentIn<f64>(whole)
  const high = restHigh<f64>(exponent, n)
  const power = f64x2.add(high, restLow<f64>(high, f64x2.sub(lowPart<f64>(n), extra)))
  const bulk = f64x2.splat(MILLS)
  const quotient = f64x2.div(millsAbove(size), millsBelow(size))
  const mills = f64x2.add(bulk, quotient)
  const lost = lostBy<f64>(bulk, quotient, mills)
  const rest = f64x2.add(f64x2.mul(power, mills), f64x2.add(lost, f64x2.mul(power, lost)))
  const product = f64x2.add(mills, rest)
  const normal = v128.all_true<i64>(f64x2.lt(size, f64x2.splat(37)))
  const tail = normal ? i64x2.add(product, shiftLeft<f64>(whole)) : scale<f64>(product, n)
  // −0 less a tail of 0 is −0.
  return f64x2.sub(f64x2.pmax(x, f64x2.splat(-0.0)), tail)
}

/** x·Φ(x), the exact form (Hendrycks & Gimpel 2016). */
export function gelu<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return geluSingle(x)
  const near = f64x2.lt(f64x2.abs(x), f64x2.splat(0.85))
  const value = geluNear(x)
  return v128.all_true<i64>(near) ? value : v128.bitselect(value, geluFar(x), near)
}
