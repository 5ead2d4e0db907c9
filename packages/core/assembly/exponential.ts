// eˣ and eˣ − 1 on vectors of either dtype, and what they share with the functions made of them. No call leaves the module,
// so every engine gives the same bits. The polynomials are minimax (Sollya's fpminimax), with coefficients of the dtype.
// Constants are loaded from memory: one instruction, where V8 builds a literal anew in every turn of a loop, in several.

import { timesExpm1Single } from './single'
import { entry, polynomial } from './vector'

export const LOG2_E: i32 = 0
export const LN2_HIGH: i32 = 1
export const LN2_LOW: i32 = 2
export const MAGIC: i32 = 3
export const ONE: i32 = 4
export const TWO: i32 = 5
export const HALF: i32 = 6
/** Where eˣ is a normal number: |x| up to this. */
export const MODERATE: i32 = 7
const LOWEST: i32 = 8
const HIGHEST: i32 = 9
const WITHOUT_SIGN: i32 = 10
const UPPER_BITS: i32 = 11
const SHARED_F64: usize = memory.data<f64>([
  1.4426950408889634, 6.93147180369123816490e-1, 1.90821492927058770002e-10, 6755399441055744, 1, 2, 0.5,
  708, -760, 710, reinterpret<f64>(0x7fffffffffffffff), reinterpret<f64>(0xfffffffff8000000)
], 16)
const SHARED_F32: usize = memory.data<f32>([
  1.4426950408889634, 0.693145751953125, 1.42860682030941723212e-6, 12582912, 1, 2, 0.5,
  87, -105, 89, reinterpret<f32>(0x7fffffff)
], 16)

/** A constant of the dtype in all lanes. */
@inline export function shared<T>(constant: i32): v128 {
  return entry<T>(sizeof<T>() == 8 ? SHARED_F64 : SHARED_F32, constant)
}

@inline export function shiftLeft<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.shl(x, 52) : i32x4.shl(x, 23)
}

@inline export function addBits<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.add(x, y) : i32x4.add(x, y)
}

@inline export function subBits<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.sub(x, y) : i32x4.sub(x, y)
}

/** The whole n for which x − n·ln 2 is smallest, added to 1.5·2ᵖ, p the bits of the significand: n is in its last bits. */
@inline export function withExponent<T>(x: v128): v128 {
  return v128.add<T>(v128.mul<T>(x, shared<T>(LOG2_E)), shared<T>(MAGIC))
}

/** n itself. */
@inline export function exponentIn<T>(whole: v128): v128 {
  return v128.sub<T>(whole, shared<T>(MAGIC))
}

/** 2ⁿ where that is normal. */
@inline export function powerOfTwo<T>(whole: v128): v128 {
  return addBits<T>(shared<T>(ONE), shiftLeft<T>(whole))
}

/** x·2ⁿ in two factors, so that it may be subnormal or infinite. */
@inline export function scale<T>(x: v128, n: v128): v128 {
  const half = v128.floor<T>(v128.mul<T>(n, shared<T>(HALF)))
  const magic = shared<T>(MAGIC)
  return v128.mul<T>(
    v128.mul<T>(x, powerOfTwo<T>(v128.add<T>(half, magic))), powerOfTwo<T>(v128.add<T>(v128.sub<T>(n, half), magic))
  )
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
  return sizeof<T>() == 8 ? polynomial<T>(EXP_TAIL_F64, 11, x) : polynomial<T>(EXP_TAIL_F32, 6, x)
}

/** x − n·ln 2 with the high part of ln 2 alone, which has zeros for last bits: exact. */
@inline export function restHigh<T>(x: v128, n: v128): v128 {
  return v128.sub<T>(x, v128.mul<T>(n, shared<T>(LN2_HIGH)))
}

/** What the high part of ln 2 leaves of n·ln 2. */
@inline export function lowPart<T>(n: v128): v128 {
  return v128.mul<T>(n, shared<T>(LN2_LOW))
}

/** eʳ − 1 − high for r = high − low, low much smaller: little. */
@inline export function restLow<T>(high: v128, low: v128): v128 {
  const r = v128.sub<T>(high, low)
  return v128.sub<T>(v128.mul<T>(v128.mul<T>(r, r), expTail<T>(r)), low)
}

/** a + b − sum, exactly, where sum is the rounded a + b and |a| ≥ |b| or a = 0 (Dekker 1971). */
@inline export function lostBy<T>(a: v128, b: v128, sum: v128): v128 {
  return v128.sub<T>(b, v128.sub<T>(sum, a))
}

/** a + b + small for |a| ≥ |b| or a = 0, rounded little more than once. */
@inline export function addThree<T>(a: v128, b: v128, small: v128): v128 {
  const sum = v128.add<T>(a, b)
  return v128.add<T>(sum, v128.add<T>(lostBy<T>(a, b, sum), small))
}

/** The first 26 bits of the significand of each float64: the product of two such numbers is exact. */
@inline export function upperBits(x: v128): v128 {
  return v128.and(x, shared<f64>(UPPER_BITS))
}

/** x·y − product to 2⁻¹⁰⁴ of it, where product is the rounded x·y (Dekker 1971). */
@inline export function lostByProduct(x: v128, y: v128, product: v128): v128 {
  const xHigh = upperBits(x), xLow = f64x2.sub(x, xHigh)
  const yHigh = upperBits(y), yLow = f64x2.sub(y, yHigh)
  const cross = f64x2.add(f64x2.sub(f64x2.mul(xHigh, yHigh), product), f64x2.mul(xHigh, yLow))
  return f64x2.add(f64x2.add(cross, f64x2.mul(xLow, yHigh)), f64x2.mul(xLow, yLow))
}

/** Whether |x| is at most MODERATE in all lanes. Bits without the sign are in the order of numbers, and NaN comes last. */
@inline function isModerate<T>(x: v128): bool {
  const size = v128.and(x, shared<T>(WITHOUT_SIGN))
  const limit = shared<T>(MODERATE)
  return !v128.any_true(sizeof<T>() == 8 ? i64x2.gt_s(size, limit) : i32x4.gt_s(size, limit))
}

/** factor·eˣ for any x: where eˣ is 0, the product may still be subnormal. */
export function timesExp<T>(factor: v128, x: v128): v128 {
  const clamped = v128.pmin<T>(v128.pmax<T>(x, shared<T>(LOWEST)), shared<T>(HIGHEST))
  const n = exponentIn<T>(withExponent<T>(clamped))
  const high = restHigh<T>(clamped, n)
  return scale<T>(v128.mul<T>(factor, addThree<T>(shared<T>(ONE), high, restLow<T>(high, lowPart<T>(n)))), n)
}

/** 2ⁿ·(1 + (eʳ − 1)), off by 0.85 ulp at most, where r = high − low. */
@inline function assemble<T>(whole: v128, high: v128, low: v128): v128 {
  const power = v128.add<T>(shared<T>(ONE), v128.add<T>(high, restLow<T>(high, low)))
  return addBits<T>(power, shiftLeft<T>(whole))
}

/** eˣ for |x| ≤ MODERATE. */
@inline export function expModerate<T>(x: v128): v128 {
  const whole = withExponent<T>(x)
  const n = exponentIn<T>(whole)
  return assemble<T>(whole, restHigh<T>(x, n), lowPart<T>(n))
}

/** eˣ */
@inline export function exp<T>(x: v128): v128 {
  return isModerate<T>(x) ? expModerate<T>(x) : timesExp<T>(shared<T>(ONE), x)
}

/** e^(x − shift), with what the rounding of the difference loses (Møller 1965): the exponential would multiply it. */
@inline export function expDifference<T>(x: v128, shift: v128): v128 {
  const difference = v128.sub<T>(x, shift)
  const taken = v128.sub<T>(difference, x)
  const lost = v128.sub<T>(v128.sub<T>(x, v128.sub<T>(difference, taken)), v128.add<T>(shift, taken))
  if (!isModerate<T>(difference)) {
    const finite = v128.lt<T>(v128.abs<T>(difference), v128.splat<T>(<T>Infinity))
    return timesExp<T>(v128.add<T>(shared<T>(ONE), v128.and(lost, finite)), difference)
  }
  const whole = withExponent<T>(difference)
  const n = exponentIn<T>(whole)
  return assemble<T>(whole, restHigh<T>(difference, n), v128.sub<T>(lowPart<T>(n), lost))
}

/** eˣ instead of `value` where x is more than MODERATE. */
function expAbove(value: v128, x: v128): v128 {
  return v128.bitselect(timesExp<f64>(shared<f64>(ONE), x), value, f64x2.gt(x, shared<f64>(MODERATE)))
}

/** eˣ − 1 = (2ⁿ − 1) + 2ⁿ·(eʳ − 1), whose first term is exact. */
@inline export function expm1<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return timesExpm1Single(x, f32x4.splat(1))
  const clamped = f64x2.pmax(x, f64x2.splat(-50))
  const whole = withExponent<f64>(clamped)
  const n = exponentIn<f64>(whole)
  const high = restHigh<f64>(clamped, n)
  const power = powerOfTwo<f64>(whole)
  const near = addThree<f64>(
    f64x2.sub(power, shared<f64>(ONE)), f64x2.mul(power, high), f64x2.mul(power, restLow<f64>(high, lowPart<f64>(n)))
  )
  // 0 keeps its sign.
  const signed = v128.or(near, v128.and(x, v128.splat<f64>(-0.0)))
  return v128.any_true(f64x2.gt(x, shared<f64>(MODERATE))) ? expAbove(signed, x) : signed
}
