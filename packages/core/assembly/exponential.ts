// eˣ and eˣ − 1 on vectors of either dtype, and what they share with the functions made of them. No call leaves the
// module, so every engine gives the same bits. The polynomials are minimax (Sollya's fpminimax), with coefficients of
// the dtype.

import {
  addBits, addThree, HIGHEST, LN2_HIGH, LN2_LOW, LOG2_E, LOWEST, MAGIC, MODERATE, ONE, powerOfTwo, scale, shared,
  shiftLeft, WITHOUT_SIGN
} from './float'
import { timesExpm1Single } from './single'
import { polynomial } from './vector'

/** The whole n for which x − n·ln 2 is smallest, in the last bits of MAGIC. */
@inline export function withExponent<T>(x: v128): v128 {
  return v128.add<T>(v128.mul<T>(x, shared<T>(LOG2_E)), shared<T>(MAGIC))
}

/** n itself. */
@inline export function exponentIn<T>(whole: v128): v128 {
  return v128.sub<T>(whole, shared<T>(MAGIC))
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

/**
 * Whether |x| is at most MODERATE in all lanes. Bits without the sign are in the order of numbers, and NaN comes last.
 */
@inline function isModerate<T>(x: v128): bool {
  const size = v128.and(x, shared<T>(WITHOUT_SIGN))
  const limit = shared<T>(MODERATE)
  return !v128.any_true(sizeof<T>() == 8 ? i64x2.gt_s(size, limit) : i32x4.gt_s(size, limit))
}

// An element has the same bits whichever way its neighbours make it go.

/** 1 + (eʳ − 1), off by 0.9 ulp at most, where r = high − low. */
@inline function significand<T>(high: v128, low: v128): v128 {
  return v128.add<T>(shared<T>(ONE), v128.add<T>(high, restLow<T>(high, low)))
}

/** eˣ = 2ⁿ·(1 + (eʳ − 1)) for |x| ≤ MODERATE. */
@inline export function expModerate<T>(x: v128): v128 {
  const whole = withExponent<T>(x)
  const n = exponentIn<T>(whole)
  return addBits<T>(significand<T>(restHigh<T>(x, n), lowPart<T>(n)), shiftLeft<T>(whole))
}

/** x where eˣ is not yet 0 or infinite; NaN stays. */
@inline function clampExponent<T>(x: v128): v128 {
  return v128.pmin<T>(v128.pmax<T>(x, shared<T>(LOWEST)), shared<T>(HIGHEST))
}

/** eˣ for any x. */
export function expFar<T>(x: v128): v128 {
  const clamped = clampExponent<T>(x)
  const n = exponentIn<T>(withExponent<T>(clamped))
  return scale<T>(significand<T>(restHigh<T>(clamped, n), lowPart<T>(n)), n)
}

/** eˣ */
@inline export function exp<T>(x: v128): v128 {
  return isModerate<T>(x) ? expModerate<T>(x) : expFar<T>(x)
}

/** factor·eˣ for any x: where eˣ is 0, the product may still be subnormal. */
export function timesExp(factor: v128, x: v128): v128 {
  const clamped = clampExponent<f64>(x)
  const n = exponentIn<f64>(withExponent<f64>(clamped))
  const high = restHigh<f64>(clamped, n)
  return scale<f64>(f64x2.mul(factor, addThree<f64>(shared<f64>(ONE), high, restLow<f64>(high, lowPart<f64>(n)))), n)
}

/** e^(x + extra) for a much smaller extra and |x| ≤ MODERATE. */
@inline function expWith(x: v128, extra: v128): v128 {
  const whole = withExponent<f64>(x)
  const n = exponentIn<f64>(whole)
  return i64x2.add(significand<f64>(restHigh<f64>(x, n), f64x2.sub(lowPart<f64>(n), extra)), shiftLeft<f64>(whole))
}

/** The same for any x. */
function expWithFar(x: v128, extra: v128): v128 {
  const finite = f64x2.lt(f64x2.abs(x), f64x2.splat(Infinity))
  const far = timesExp(f64x2.add(shared<f64>(ONE), v128.and(extra, finite)), x)
  return v128.bitselect(expWith(x, extra), far, f64x2.le(f64x2.abs(x), shared<f64>(MODERATE)))
}

/** e^(x − shift), with what the rounding of the difference loses (Møller 1965): the exponential would multiply it. */
@inline export function expDifference(x: v128, shift: v128): v128 {
  const difference = f64x2.sub(x, shift)
  const taken = f64x2.sub(difference, x)
  const lost = f64x2.sub(f64x2.sub(x, f64x2.sub(difference, taken)), f64x2.add(shift, taken))
  return isModerate<f64>(difference) ? expWith(difference, lost) : expWithFar(difference, lost)
}

/** eˣ instead of `value` where x is more than MODERATE. */
function expAbove(value: v128, x: v128): v128 {
  return v128.bitselect(expFar<f64>(x), value, f64x2.gt(x, shared<f64>(MODERATE)))
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
