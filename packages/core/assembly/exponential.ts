// Exponentials, logarithms and what is made of them, on vectors of either dtype. No call leaves the module, so every engine
// gives the same bits. The polynomials are minimax (Sollya's fpminimax), with coefficients of the dtype. Constants are
// loaded from memory: one instruction, where V8 builds a literal anew in every turn of a loop, in several.

import { step } from './vector'

const LOG2_E: i32 = 0
const LN2_HIGH: i32 = 1
const LN2_LOW: i32 = 2
const BIAS: i32 = 3
const MAGIC: i32 = 4
const LOWEST: i32 = 5
const HIGHEST: i32 = 6
const ONE: i32 = 7
const TWO: i32 = 8
const HALF: i32 = 9
const SHARED_F64: usize = memory.data<f64>([
  1.4426950408889634, 6.93147180369123816490e-1, 1.90821492927058770002e-10, 1023, 6755399441055744, -750, 710, 1, 2, 0.5
], 16)
const SHARED_F32: usize = memory.data<f32>([
  1.4426950408889634, 0.693145751953125, 1.42860682030941723212e-6, 127, 12582912, -105, 89, 1, 2, 0.5
], 16)

/** A constant of the dtype in all lanes. */
@inline function shared<T>(constant: i32): v128 {
  return sizeof<T>() == 8 ? v128.load64_splat(SHARED_F64 + (constant << 3)) : v128.load32_splat(SHARED_F32 + (constant << 2))
}

@inline function shiftLeft<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.shl(x, 52) : i32x4.shl(x, 23)
}

@inline function shiftRight<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.shr_s(x, 52) : i32x4.shr_s(x, 23)
}

@inline function addBits<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.add(x, y) : i32x4.add(x, y)
}

@inline function subBits<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.sub(x, y) : i32x4.sub(x, y)
}

/** 2ⁿ for a whole n such that 2ⁿ is normal. To 1.5·2ᵖ, p the bits of the significand, n + bias adds as its last bits. */
@inline function powerOfTwo<T>(n: v128): v128 {
  return shiftLeft<T>(v128.add<T>(v128.add<T>(n, shared<T>(BIAS)), shared<T>(MAGIC)))
}

/** x·2ⁿ for a whole n, in two factors, so that it may be subnormal or infinite. */
@inline function scale<T>(x: v128, n: v128): v128 {
  const half = v128.floor<T>(v128.mul<T>(n, shared<T>(HALF)))
  return v128.mul<T>(v128.mul<T>(x, powerOfTwo<T>(half)), powerOfTwo<T>(v128.sub<T>(n, half)))
}

/** The whole n for which x − n·ln 2 is smallest. */
@inline function exponentOf<T>(x: v128): v128 {
  return v128.nearest<T>(v128.mul<T>(x, shared<T>(LOG2_E)))
}

const EXP_TAIL_F64: usize = memory.data<f64>([
  0.5, 0.1666666666666667, 0.041666666666666644, 0.008333333333325876, 0.0013888888888905066,
  0.00019841269875519422, 2.4801587271873552e-05, 2.7557254657490843e-06, 2.7557326813948607e-07,
  2.5105488777300314e-08, 2.0896546313285756e-09
], 16)
const EXP_TAIL_F32: usize = memory.data<f32>([
  0.5, 0.1666666716337204, 0.041666507720947266, 0.008333197794854641, 0.001393088256008923, 0.0001995280326809734
], 16)

/** (eˣ − 1 − x) / x² for |x| ≤ ln 2 / 2, to 2⁻⁶² or 2⁻³¹ of eˣ. */
@inline function expTail<T>(x: v128): v128 {
  if (sizeof<T>() == 8) {
    let y = v128.load64_splat(EXP_TAIL_F64, 80)
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 72))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 64))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 56))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 48))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 40))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 32))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 24))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 16))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 8))
    y = step<T>(y, x, v128.load64_splat(EXP_TAIL_F64, 0))
    return y
  }
  let y = v128.load32_splat(EXP_TAIL_F32, 20)
  y = step<T>(y, x, v128.load32_splat(EXP_TAIL_F32, 16))
  y = step<T>(y, x, v128.load32_splat(EXP_TAIL_F32, 12))
  y = step<T>(y, x, v128.load32_splat(EXP_TAIL_F32, 8))
  y = step<T>(y, x, v128.load32_splat(EXP_TAIL_F32, 4))
  y = step<T>(y, x, v128.load32_splat(EXP_TAIL_F32, 0))
  return y
}

/** x − n·ln 2 with the high part of ln 2 alone, which has zeros for last bits: exact. */
@inline function restHigh<T>(x: v128, n: v128): v128 {
  return v128.sub<T>(x, v128.mul<T>(n, shared<T>(LN2_HIGH)))
}

/** What eʳ − 1 has beyond that, r = x − n·ln 2: little. */
@inline function restLow<T>(high: v128, n: v128): v128 {
  const low = v128.mul<T>(n, shared<T>(LN2_LOW))
  const r = v128.sub<T>(high, low)
  return v128.sub<T>(v128.mul<T>(v128.mul<T>(r, r), expTail<T>(r)), low)
}

/** a + b + small for |a| ≥ |b|, rounded little more than once: what the rounding of a + b loses goes to the small term. */
@inline function addThree<T>(a: v128, b: v128, small: v128): v128 {
  const sum = v128.add<T>(a, b)
  return v128.add<T>(sum, v128.add<T>(v128.sub<T>(b, v128.sub<T>(sum, a)), small))
}

/** x within what has a finite and positive exponential, and a little beyond; NaN stays. */
@inline function clampExponent<T>(x: v128): v128 {
  return v128.pmin<T>(v128.pmax<T>(x, shared<T>(LOWEST)), shared<T>(HIGHEST))
}

/** eˣ = 2ⁿ·(1 + (eʳ − 1)). */
@inline export function exp<T>(x: v128): v128 {
  const clamped = clampExponent<T>(x)
  const n = exponentOf<T>(clamped)
  const high = restHigh<T>(clamped, n)
  return scale<T>(addThree<T>(shared<T>(ONE), high, restLow<T>(high, n)), n)
}

/** eˣ − 1 = (2ⁿ − 1) + 2ⁿ·(eʳ − 1), whose first term is exact; far out it is eˣ. */
@inline export function expm1<T>(x: v128): v128 {
  const one = shared<T>(ONE)
  const clamped = clampExponent<T>(x)
  const n = exponentOf<T>(clamped)
  const high = restHigh<T>(clamped, n)
  const low = restLow<T>(high, n)
  const far = v128.splat<T>(sizeof<T>() == 8 ? 60 : 30)
  const power = powerOfTwo<T>(v128.pmin<T>(v128.pmax<T>(n, v128.neg<T>(far)), far))
  const close = addThree<T>(v128.sub<T>(power, one), v128.mul<T>(power, high), v128.mul<T>(power, low))
  const value = v128.bitselect(scale<T>(addThree<T>(one, high, low), n), close, v128.gt<T>(n, far))
  // 0 keeps its sign.
  return v128.bitselect(x, value, v128.eq<T>(x, v128.splat<T>(0)))
}

const LOG_TAIL_F64: usize = memory.data<f64>([
  0.666666666666667, 0.39999999999898983, 0.2857142862639721, 0.2222221105416218, 0.18182895430200505,
  0.15331503882689582, 0.1461920272457911
], 16)
const LOG_TAIL_F32: usize = memory.data<f32>([
  0.6666666865348816, 0.39999550580978394, 0.28589606285095215, 0.22578752040863037
], 16)

/** (ln((1 + √x) / (1 − √x)) / √x − 2) / x for 0 ≤ x ≤ 0.0295, to 2⁻⁵⁰ or 2⁻²⁵ of itself. */
@inline function logTail<T>(x: v128): v128 {
  if (sizeof<T>() == 8) {
    let y = v128.load64_splat(LOG_TAIL_F64, 48)
    y = step<T>(y, x, v128.load64_splat(LOG_TAIL_F64, 40))
    y = step<T>(y, x, v128.load64_splat(LOG_TAIL_F64, 32))
    y = step<T>(y, x, v128.load64_splat(LOG_TAIL_F64, 24))
    y = step<T>(y, x, v128.load64_splat(LOG_TAIL_F64, 16))
    y = step<T>(y, x, v128.load64_splat(LOG_TAIL_F64, 8))
    y = step<T>(y, x, v128.load64_splat(LOG_TAIL_F64, 0))
    return y
  }
  let y = v128.load32_splat(LOG_TAIL_F32, 12)
  y = step<T>(y, x, v128.load32_splat(LOG_TAIL_F32, 8))
  y = step<T>(y, x, v128.load32_splat(LOG_TAIL_F32, 4))
  y = step<T>(y, x, v128.load32_splat(LOG_TAIL_F32, 0))
  return y
}

/**
 * ln u + correction, from u = 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2: ln(1 + f) = f − (f²/2 − s·(f²/2 + R)), s = f / (2 + f),
 * where R is what the series of ln in s has beyond 2s (fdlibm's e_log.c). The correction is small, and added before the
 * large terms.
 */
@inline function logWith<T>(u: v128, correction: v128): v128 {
  const one = shared<T>(ONE)
  const subnormal = v128.lt<T>(u, v128.splat<T>(sizeof<T>() == 8 ? <T>2.2250738585072014e-308 : <T>1.1754943508222875e-38))
  const lift: T = sizeof<T>() == 8 ? <T>54 : <T>24
  const normal = v128.bitselect(v128.mul<T>(u, v128.splat<T>(sizeof<T>() == 8 ? <T>18014398509481984 : <T>16777216)), u, subnormal)
  const root = v128.splat<T>(<T>0.70710678118654752)
  const above = subBits<T>(normal, root)
  const bits = shiftRight<T>(above)
  const k = v128.sub<T>(v128.sub<T>(addBits<T>(bits, shared<T>(MAGIC)), shared<T>(MAGIC)), v128.and(subnormal, v128.splat<T>(lift)))
  const f = v128.sub<T>(subBits<T>(normal, shiftLeft<T>(bits)), one)
  const s = v128.div<T>(f, v128.add<T>(f, shared<T>(TWO)))
  const square = v128.mul<T>(s, s)
  const tail = v128.mul<T>(square, logTail<T>(square))
  const half = v128.mul<T>(shared<T>(HALF), v128.mul<T>(f, f))
  const low = v128.add<T>(v128.mul<T>(k, shared<T>(LN2_LOW)), correction)
  const small = v128.sub<T>(half, v128.add<T>(v128.mul<T>(s, v128.add<T>(half, tail)), low))
  const value = v128.sub<T>(v128.mul<T>(k, shared<T>(LN2_HIGH)), v128.sub<T>(small, f))
  const infinity = v128.splat<T>(<T>Infinity)
  const zero = v128.splat<T>(0)
  const positive = v128.bitselect(infinity, value, v128.eq<T>(u, infinity))
  const defined = v128.bitselect(v128.neg<T>(infinity), positive, v128.eq<T>(u, zero))
  return v128.bitselect(defined, v128.splat<T>(<T>NaN), v128.ge<T>(u, zero))
}

/** ln x; −∞ at 0, NaN below. */
@inline export function log<T>(x: v128): v128 {
  return logWith<T>(x, v128.splat<T>(0))
}

/** ln(1 + x): the logarithm of the rounded sum, corrected by what the rounding lost, divided by the sum. */
@inline export function log1p<T>(x: v128): v128 {
  const one = shared<T>(ONE)
  const u = v128.add<T>(one, x)
  const lostOfOne = v128.sub<T>(one, v128.sub<T>(u, x))
  const lostOfX = v128.sub<T>(x, v128.sub<T>(u, one))
  const lost = v128.bitselect(lostOfOne, lostOfX, v128.gt<T>(x, one))
  const value = logWith<T>(u, v128.div<T>(lost, u))
  // 0 keeps its sign, infinity minus itself is no correction, and ln 0 needs none.
  const plain = v128.or(v128.eq<T>(x, v128.splat<T>(0)), v128.eq<T>(x, v128.splat<T>(<T>Infinity)))
  const pole = v128.eq<T>(u, v128.splat<T>(0))
  return v128.bitselect(x, v128.bitselect(v128.splat<T>(<T>-Infinity), value, pole), plain)
}

/** (a + low) / (b + lost) for 1 ≤ b ≤ 2 and small second terms, whose share needs 1 / b to a few per cent only. */
@inline function divideExact<T>(a: v128, low: v128, b: v128, lost: v128): v128 {
  const quotient = v128.div<T>(a, b)
  const inverse = v128.sub<T>(v128.splat<T>(<T>1.457), v128.mul<T>(shared<T>(HALF), b))
  return v128.add<T>(quotient, v128.mul<T>(v128.sub<T>(low, v128.mul<T>(quotient, lost)), inverse))
}

/** 1 / (1 + e⁻ˣ), through the exponential of −|x|, which does not overflow, in two parts: two roundings would show. */
@inline export function sigmoid<T>(x: v128): v128 {
  const one = shared<T>(ONE)
  const zero = v128.splat<T>(0)
  const clamped = clampExponent<T>(v128.neg<T>(v128.abs<T>(x)))
  const n = exponentOf<T>(clamped)
  const high = restHigh<T>(clamped, n)
  const sum = v128.add<T>(one, high)
  const rest = v128.add<T>(v128.sub<T>(high, v128.sub<T>(sum, one)), restLow<T>(high, n))
  const rounded = v128.add<T>(sum, rest)
  const power = scale<T>(rounded, n)
  const powerLow = scale<T>(v128.sub<T>(rest, v128.sub<T>(rounded, sum)), n)
  const negative = v128.lt<T>(x, zero)
  const denominator = v128.add<T>(one, power)
  const lost = v128.add<T>(v128.sub<T>(power, v128.sub<T>(denominator, one)), powerLow)
  return divideExact<T>(
    v128.bitselect(power, one, negative), v128.bitselect(powerLow, zero, negative), denominator, lost
  )
}

const TANH_TAIL_F32: usize = memory.data<f32>([
  -0.3333333134651184, 0.1333305984735489, -0.05390019714832306, 0.02125685103237629, -0.00651645427569747
], 16)

/** (tanh √x / √x − 1) / x for 0 ≤ x ≤ 0.3165, to 2⁻²⁴ of itself, for float32. */
@inline function tanhTail<T>(x: v128): v128 {
  let y = v128.load32_splat(TANH_TAIL_F32, 16)
  y = step<T>(y, x, v128.load32_splat(TANH_TAIL_F32, 12))
  y = step<T>(y, x, v128.load32_splat(TANH_TAIL_F32, 8))
  y = step<T>(y, x, v128.load32_splat(TANH_TAIL_F32, 4))
  y = step<T>(y, x, v128.load32_splat(TANH_TAIL_F32, 0))
  return y
}

/**
 * tanh |x| with the sign of x: −t / (t + 2), t = e^(−2|x|) − 1. In float32 the error of t is too much of the result: there it
 * is x + x³·tail near 0, and 1 − 2 / (e^(2|x|) + 1) beyond.
 */
@inline export function tanh<T>(x: v128): v128 {
  const size = v128.abs<T>(x)
  const two = shared<T>(TWO)
  const sign = v128.splat<T>(<T>-0.0)
  if (sizeof<T>() == 8) {
    const t = expm1<T>(v128.mul<T>(size, v128.splat<T>(-2)))
    const denominator = v128.add<T>(t, two)
    const lost = v128.sub<T>(t, v128.sub<T>(denominator, two))
    return v128.or(divideExact<T>(v128.abs<T>(t), v128.splat<T>(0), denominator, lost), v128.and(x, sign))
  }
  const square = v128.mul<T>(x, x)
  const near = v128.add<T>(size, v128.mul<T>(v128.mul<T>(size, square), tanhTail<T>(square)))
  const one = shared<T>(ONE)
  const far = v128.sub<T>(one, v128.div<T>(two, v128.add<T>(exp<T>(v128.mul<T>(size, two)), one)))
  const value = v128.bitselect(near, far, v128.lt<T>(size, v128.splat<T>(<T>0.5625)))
  return v128.or(value, v128.and(x, sign))
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^(−|x|)). */
@inline export function softplus<T>(x: v128): v128 {
  const rest = log1p<T>(exp<T>(v128.neg<T>(v128.abs<T>(x))))
  return v128.add<T>(v128.max<T>(x, v128.splat<T>(0)), rest)
}
