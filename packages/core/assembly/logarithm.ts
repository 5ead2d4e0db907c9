// ln x, log₂ x, log₁₀ x and ln(1 + x) on vectors of either dtype. The polynomials are minimax (Sollya's fpminimax).

import { addBits, addThree, HALF, LN2_HIGH, LN2_LOW, MAGIC, ONE, shared, shiftLeft, subBits, TWO } from './float'
import { entry, inHalves, polynomial } from './vector'

const LOG_TAIL_F64: usize = memory.data<f64>([
  0.666666666666667, 0.39999999999898983, 0.2857142862639721, 0.2222221105416218, 0.18182895430200505,
  0.15331503882689582, 0.1461920272457911
], 16)
const LOG_TAIL_F32: usize = memory.data<f32>([
  0.6666666865348816, 0.39999550580978394, 0.28589606285095215, 0.22578752040863037
], 16)

/** (ln((1 + √x) / (1 − √x)) / √x − 2) / x for 0 ≤ x ≤ 0.0295, to 2⁻⁵⁰ or 2⁻²⁵ of itself. */
@inline function logTail<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? polynomial<T>(LOG_TAIL_F64, 7, x) : polynomial<T>(LOG_TAIL_F32, 4, x)
}

const ROOT_HALF: i32 = 0
const SMALLEST: i32 = 1
const LARGEST: i32 = 2
const LIFTED: i32 = 3
const NUMBERS_F64: usize = memory.data<f64>([
  0.70710678118654752, 2.2250738585072014e-308, f64.MAX_VALUE, 18014398509481984
], 16)
const NUMBERS_F32: usize = memory.data<f32>([
  0.70710678118654752, 1.1754943508222875e-38, f32.MAX_VALUE, 16777216
], 16)

@inline function number<T>(constant: i32): v128 {
  return entry<T>(sizeof<T>() == 8 ? NUMBERS_F64 : NUMBERS_F32, constant)
}

// u = 2ᵏ·m with √½ ≤ m < √2 for a normal u.

/** k in the bits of a whole number. */
@inline export function exponentBits<T>(u: v128): v128 {
  const above = subBits<T>(u, number<T>(ROOT_HALF))
  return sizeof<T>() == 8 ? i64x2.shr_s(above, 52) : i32x4.shr_s(above, 23)
}

/** m */
@inline export function mantissa<T>(u: v128, exponent: v128): v128 {
  return subBits<T>(u, shiftLeft<T>(exponent))
}

/** A small whole number given by its bits. */
@inline export function fromBits<T>(x: v128): v128 {
  return v128.sub<T>(addBits<T>(x, shared<T>(MAGIC)), shared<T>(MAGIC))
}

/** Lanes that are positive normal numbers. */
@inline export function isNormal<T>(x: v128): v128 {
  return v128.and(v128.ge<T>(x, number<T>(SMALLEST)), v128.le<T>(x, number<T>(LARGEST)))
}

/** Lanes of |x| that are less than any normal number. */
@inline export function isSubnormal<T>(size: v128): v128 {
  return v128.lt<T>(size, number<T>(SMALLEST))
}

/** x, or where the mask holds x·2^lift. */
@inline export function lifted<T>(x: v128, mask: v128): v128 {
  return v128.bitselect(v128.mul<T>(x, number<T>(LIFTED)), x, mask)
}

/** The bits of lift where the mask holds, else 0. */
@inline export function liftOf<T>(mask: v128): v128 {
  return v128.and(sizeof<T>() == 8 ? i64x2.splat(54) : i32x4.splat(24), mask)
}

/**
 * k·ln 2 + ln(1 + f), where low is the low part of k·ln 2: ln(1 + f) = f − (f²/2 − s·(f²/2 + R)), s = f / (2 + f), where R
 * is what the series of ln in s has beyond 2s (fdlibm's e_log.c).
 */
@inline function logParts<T>(k: v128, f: v128, low: v128): v128 {
  const s = v128.div<T>(f, v128.add<T>(f, shared<T>(TWO)))
  const square = v128.mul<T>(s, s)
  const half = v128.mul<T>(shared<T>(HALF), v128.mul<T>(f, f))
  const product = v128.mul<T>(s, v128.add<T>(half, v128.mul<T>(square, logTail<T>(square))))
  const small = v128.sub<T>(half, v128.add<T>(product, low))
  return v128.sub<T>(v128.mul<T>(k, shared<T>(LN2_HIGH)), v128.sub<T>(small, f))
}

/** ln u − lift·ln 2 + correction for normal u = 2ᵏ·(1 + f). The correction is small: it is added before the large terms. */
@inline function logNormal<T>(u: v128, lift: v128, correction: v128): v128 {
  const exponent = exponentBits<T>(u)
  const k = fromBits<T>(subBits<T>(exponent, lift))
  const f = v128.sub<T>(mantissa<T>(u, exponent), shared<T>(ONE))
  return logParts<T>(k, f, v128.add<T>(v128.mul<T>(k, shared<T>(LN2_LOW)), correction))
}

/** The logarithm of u whose value is right for finite u > 0: −∞ at 0, NaN below. */
@inline function atEdges<T>(u: v128, value: v128): v128 {
  const zero = v128.splat<T>(0)
  const infinity = v128.splat<T>(<T>Infinity)
  const positive = v128.bitselect(infinity, value, v128.eq<T>(u, infinity))
  const defined = v128.bitselect(v128.neg<T>(infinity), positive, v128.eq<T>(u, zero))
  return v128.bitselect(defined, v128.splat<T>(<T>NaN), v128.ge<T>(u, zero))
}

/** The same for any u: −∞ at 0, NaN below. */
function logAny<T>(u: v128, correction: v128): v128 {
  const subnormal = isSubnormal<T>(u)
  return atEdges<T>(u, logNormal<T>(lifted<T>(u, subnormal), liftOf<T>(subnormal), correction))
}

@inline function logWith<T>(u: v128, correction: v128): v128 {
  if (!v128.any_true(v128.not(isNormal<T>(u)))) return logNormal<T>(u, v128.splat<T>(0), correction)
  return logAny<T>(u, correction)
}

/** ln x; −∞ at 0, NaN below. */
@inline export function log<T>(x: v128): v128 {
  return logWith<T>(x, v128.splat<T>(0))
}

// 1 / ln b and log_b 2 for the bases 2 and 10, each in two parts; the first has zeros for last bits, so that its product with a
// number of few bits is exact (FreeBSD's e_log2.c and e_log10.c).
const BASE_2: usize = memory.data<f64>([1.4426950407214463, 1.6751713164886512e-10, 1, 0], 16)
const BASE_10: usize = memory.data<f64>([
  0.4342944818781689, 2.5082946711645275e-11, 0.30102999566361177, 3.694239077158931e-13
], 16)

/** log_b u − lift·log_b 2 for normal u = 2ᵏ·(1 + f): ln(1 + f) = high + low, where the last 32 bits of `high` are zeros. */
@inline function logNormalTo(base: usize, u: v128, lift: v128): v128 {
  const exponent = exponentBits<f64>(u)
  const k = fromBits<f64>(subBits<f64>(exponent, lift))
  const f = f64x2.sub(mantissa<f64>(u, exponent), shared<f64>(ONE))
  const s = f64x2.div(f, f64x2.add(f, shared<f64>(TWO)))
  const square = f64x2.mul(s, s)
  const half = f64x2.mul(shared<f64>(HALF), f64x2.mul(f, f))
  const high = v128.and(f64x2.sub(f, half), i64x2.splat(0xffffffff00000000))
  const product = f64x2.mul(s, f64x2.add(half, f64x2.mul(square, logTail<f64>(square))))
  const low = f64x2.add(f64x2.sub(f64x2.sub(f, high), half), product)
  const factor = entry<f64>(base, 0), factorLow = entry<f64>(base, 1)
  const whole = f64x2.mul(k, entry<f64>(base, 2)), part = f64x2.mul(high, factor)
  const lows = f64x2.add(f64x2.mul(f64x2.add(low, high), factorLow), f64x2.mul(low, factor))
  return addThree<f64>(whole, part, f64x2.add(f64x2.mul(k, entry<f64>(base, 3)), lows))
}

/** The same for any u: −∞ at 0, NaN below. */
@inline function logTo(base: usize, u: v128): v128 {
  const subnormal = isSubnormal<f64>(u)
  return atEdges<f64>(u, logNormalTo(base, lifted<f64>(u, subnormal), liftOf<f64>(subnormal)))
}

@unmanaged class Log2 { @inline of(x: v128, _: v128): v128 { return logTo(BASE_2, x) } }
@unmanaged class Log10 { @inline of(x: v128, _: v128): v128 { return logTo(BASE_10, x) } }

/** log₂ x, whole where x is a power of 2; −∞ at 0, NaN below. */
export function log2<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? logTo(BASE_2, x) : inHalves<Log2>(x, x)
}

/** log₁₀ x, whole where x is the number nearest to a power of 10; −∞ at 0, NaN below. */
export function log10<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? logTo(BASE_10, x) : inHalves<Log10>(x, x)
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

/** ln(1 + x) for 0 ≤ x ≤ 2¹⁰⁰, or NaN: 1 + x = 2ᵏ·(1 + f), and f = 2⁻ᵏ·x + (2⁻ᵏ − 1) is rounded once. */
@inline export function log1pModerate<T>(x: v128): v128 {
  const one = shared<T>(ONE)
  const exponent = exponentBits<T>(v128.add<T>(one, x))
  const power = subBits<T>(one, shiftLeft<T>(exponent))
  const k = fromBits<T>(exponent)
  const f = v128.add<T>(v128.mul<T>(x, power), v128.sub<T>(power, one))
  return logParts<T>(k, f, v128.mul<T>(k, shared<T>(LN2_LOW)))
}
