// The functions that bend between the layers of a network, on vectors of either dtype; float32 is in single.ts, gelu in
// erf.ts.

import { expm1, expModerate, exponentIn, lowPart, restHigh, restLow, timesExp, withExponent } from './exponential'
import { HALF, lostBy, lostByAny, lostByProduct, MODERATE, ONE, powerOfTwo, shared, TWO } from './float'
import { geluTanhSingle, sigmoidSingle, siluSingle, softplusSingle, tanhSingle, timesExpm1Single } from './single'
import { inHalvesOfBoth, polynomial } from './vector'

const SIGN: f64 = -0.0

/** −|x|, or where that is less −MODERATE. */
@inline function minusSize(x: v128): v128 {
  return f64x2.pmax(v128.or(x, f64x2.splat(SIGN)), f64x2.neg(shared<f64>(MODERATE)))
}

/** Lanes of x less than −MODERATE, where 1 + eˣ is 1. */
@inline function isFar(x: v128): v128 {
  return f64x2.lt(x, f64x2.neg(shared<f64>(MODERATE)))
}

/** eˣ instead of `value` far out. */
function expFar(value: v128, x: v128): v128 {
  return v128.bitselect(timesExp<f64>(shared<f64>(ONE), x), value, isFar(x))
}

/** x·eˣ or x instead of `value` beyond ±MODERATE; −0 at −∞. */
function siluFar(value: v128, x: v128): v128 {
  const negative = timesExp<f64>(f64x2.pmax(x, f64x2.splat(-800)), x)
  const far = v128.bitselect(negative, x, f64x2.lt(x, f64x2.splat(0)))
  return v128.bitselect(far, value, f64x2.gt(f64x2.abs(x), shared<f64>(MODERATE)))
}

/** (a + low) / (b + lost) for 1 ≤ b ≤ 2 and small second terms, whose share needs 1 / b to a few per cent only. */
@inline function divideExact(a: v128, low: v128, b: v128, lost: v128): v128 {
  const quotient = f64x2.div(a, b)
  const inverse = f64x2.sub(f64x2.splat(1.457), f64x2.mul(shared<f64>(HALF), b))
  return f64x2.add(quotient, f64x2.mul(f64x2.sub(low, f64x2.mul(quotient, lost)), inverse))
}

/**
 * 1 / (1 + e⁻ˣ), or factor / (1 + e⁻ˣ) if `times` is true, for |x| ≤ MODERATE: through y = e^(−|x|), which does not
 * overflow, as y / (1 + y) where x < 0. Every term is in two parts: two roundings would show.
 * If `exact` is false x is x + low.
 */
@inline function sigmoidNear(x: v128, times: bool, factor: v128, exact: bool, low: v128): v128 {
  const one = shared<f64>(ONE)
  const zero = f64x2.splat(0)
  const clamped = minusSize(x)
  const whole = withExponent<f64>(clamped)
  const n = exponentIn<f64>(whole)
  const high = restHigh<f64>(clamped, n)
  const sum = f64x2.add(one, high)
  const lower = exact ? lowPart<f64>(n) : f64x2.add(lowPart<f64>(n), v128.xor(low, v128.and(x, f64x2.splat(SIGN))))
  const rest = f64x2.add(lostBy<f64>(one, high, sum), restLow<f64>(high, lower))
  const rounded = f64x2.add(sum, rest)
  const scale = powerOfTwo<f64>(whole)
  const power = f64x2.mul(rounded, scale)
  const powerLow = f64x2.mul(lostBy<f64>(sum, rest, rounded), scale)
  const negative = f64x2.lt(x, zero)
  const above = v128.bitselect(power, one, negative)
  const aboveLow = v128.and(powerLow, negative)
  const below = f64x2.add(one, power)
  const belowLow = f64x2.add(lostBy<f64>(one, power, below), powerLow)
  if (!times) return divideExact(above, aboveLow, below, belowLow)
  const product = f64x2.mul(factor, above)
  const productLow = f64x2.add(lostByProduct(factor, above, product), f64x2.mul(factor, aboveLow))
  return divideExact(product, productLow, below, belowLow)
}

/** 1 / (1 + e⁻ˣ) */
@inline export function sigmoid<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return sigmoidSingle(x)
  const value = sigmoidNear(x, false, x, true, x)
  return v128.any_true(isFar(x)) ? expFar(value, x) : value
}

/** x / (1 + e⁻ˣ) */
@inline export function silu<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return siluSingle(x)
  // 0 keeps its sign.
  const value = v128.or(sigmoidNear(x, true, x, true, x), v128.and(x, f64x2.splat(SIGN)))
  return v128.any_true(f64x2.gt(f64x2.abs(x), shared<f64>(MODERATE))) ? siluFar(value, x) : value
}

const GELU_LINEAR: f64 = 1.5957691216057308
const GELU_LINEAR_LOW: f64 = -9.96930880911092e-17
const GELU_CUBIC: f64 = 0.044715
const GELU_CUBIC_LOW: f64 = 2.1960211427085595e-18

/**
 * x / (1 + e⁻ᵗ), t = √(8/π)·(x + 0.044715·x³): x·(1 + tanh t/2) / 2. Where t is large its rounding would show, so that it is
 * in two parts, like every term of sigmoidNear.
 */
export function geluTanh<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return geluTanhSingle(x)
  const one = shared<f64>(ONE)
  // Beyond ±25 the sigmoid is 0 or 1.
  const near = f64x2.pmin(f64x2.pmax(x, f64x2.splat(-25)), f64x2.splat(25))
  const cubic = f64x2.splat(GELU_CUBIC)
  const linear = f64x2.splat(GELU_LINEAR)
  const square = f64x2.mul(near, near)
  const squareLow = lostByProduct(near, near, square)
  const term = f64x2.mul(cubic, square)
  const termLow = f64x2.add(
    lostByProduct(cubic, square, term),
    f64x2.add(f64x2.mul(cubic, squareLow), f64x2.mul(f64x2.splat(GELU_CUBIC_LOW), square))
  )
  const factor = f64x2.add(one, term)
  const factorLow = f64x2.add(lostByAny(one, term, factor), termLow)
  const scaled = f64x2.mul(linear, near)
  const scaledLow = f64x2.add(lostByProduct(linear, near, scaled), f64x2.mul(f64x2.splat(GELU_LINEAR_LOW), near))
  const t = f64x2.mul(scaled, factor)
  const low = f64x2.add(
    lostByProduct(scaled, factor, t), f64x2.add(f64x2.mul(scaled, factorLow), f64x2.mul(scaledLow, factor))
  )
  // 0 keeps its sign.
  const value = v128.or(sigmoidNear(t, true, near, false, low), v128.and(x, f64x2.splat(SIGN)))
  const far = timesExp<f64>(f64x2.add(near, f64x2.mul(near, low)), t)
  return v128.bitselect(far, v128.bitselect(x, value, f64x2.gt(t, shared<f64>(MODERATE))), isFar(t))
}

/** tanh |x| with the sign of x: −t / (2 + t), t = e^(−2|x|) − 1 in two parts. */
@inline export function tanh<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return tanhSingle(x)
  const two = shared<f64>(TWO)
  const clamped = f64x2.pmax(f64x2.mul(f64x2.abs(x), f64x2.splat(-2)), f64x2.splat(-40))
  const whole = withExponent<f64>(clamped)
  const n = exponentIn<f64>(whole)
  const high = restHigh<f64>(clamped, n)
  const power = powerOfTwo<f64>(whole)
  const first = f64x2.sub(power, shared<f64>(ONE))
  const second = f64x2.mul(power, high)
  const sum = f64x2.add(first, second)
  const rest = f64x2.add(lostBy<f64>(first, second, sum), f64x2.mul(power, restLow<f64>(high, lowPart<f64>(n))))
  const t = f64x2.add(sum, rest)
  const tLow = lostBy<f64>(sum, rest, t)
  const below = f64x2.add(two, t)
  const value = divideExact(f64x2.neg(t), f64x2.neg(tLow), below, f64x2.add(lostBy<f64>(two, t, below), tLow))
  return v128.or(f64x2.abs(value), v128.and(x, f64x2.splat(SIGN)))
}

const LOG1P_TAIL: usize = memory.data<f64>([
  0.6666666666666666, 0.4000000000001482, 0.2857142856705111, 0.2222222272280079, 0.18181789185402333,
  0.153855766348042, 0.1331404312021966, 0.12001979101231403, 0.08796357908955335, 0.16172866282557552
], 16)

/**
 * ln(1 + eˣ) = max(x, 0) + ln(1 + y), y = e^(−|x|), and ln(1 + y) = y − (y²/2 − s·(y²/2 + R)), s = y / (2 + y), where R
 * is what the series of ln in s has beyond 2s (fdlibm's e_log.c).
 */
@inline export function softplus<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return softplusSingle(x)
  const y = expModerate<f64>(minusSize(x))
  const s = f64x2.div(y, f64x2.add(y, shared<f64>(TWO)))
  const square = f64x2.mul(s, s)
  const half = f64x2.mul(shared<f64>(HALF), f64x2.mul(y, y))
  const tail = f64x2.mul(square, polynomial<f64>(LOG1P_TAIL, 10, square))
  const logarithm = f64x2.sub(y, f64x2.sub(half, f64x2.mul(s, f64x2.add(half, tail))))
  const value = f64x2.add(f64x2.pmax(x, f64x2.splat(0)), logarithm)
  return v128.any_true(isFar(x)) ? expFar(value, x) : value
}

function logOfBoth(x: v128, y: v128): v128 {
  // Of two that are the same the difference is 0, of infinities as well.
  const distance = v128.andnot(f64x2.abs(f64x2.sub(x, y)), f64x2.eq(x, y))
  return f64x2.add(f64x2.max(x, y), softplus<f64>(f64x2.neg(distance)))
}

@unmanaged class LogAddExp { @inline of(x: v128, y: v128): v128 { return logOfBoth(x, y) } }

/** ln(eˣ + eʸ) = max(x, y) + ln(1 + e^(−|x − y|)) */
export function logAddExp<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? logOfBoth(x, y) : inHalvesOfBoth<LogAddExp>(x, y)
}

/** x where x > 0, elsewhere alpha·(eˣ − 1). */
@inline export function elu<T>(x: v128, alpha: v128): v128 {
  const negative = sizeof<T>() == 4 ? timesExpm1Single(x, alpha) : f64x2.mul(alpha, expm1<f64>(x))
  return v128.bitselect(x, negative, v128.gt<T>(x, v128.splat<T>(0)))
}
