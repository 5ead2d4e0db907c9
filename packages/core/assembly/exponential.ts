// eˣ and eˣ − 1 on vectors of either dtype, and what they share with the functions made of them. No call leaves the
// module, so every engine gives the same bits. The polynomials are minimax (Sollya's fpminimax), with coefficients of
// the dtype.

import {
  addBits, addThree, HIGHEST, LN2_HIGH, LN2_LOW, LOG2_E, LOWEST, MAGIC, MINUS_MODERATE, MODERATE, ONE, powerOfTwo, scale, shared,
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
 * The lanes in which |x| is more than MODERATE, or NaN: bits without the sign are in the order of numbers, and NaN comes
 * last. Other lanes must not change with them: what depends on its neighbours would depend on where it is in a matrix.
 */
@inline function beyondModerate<T>(x: v128): v128 {
  const size = v128.and(x, shared<T>(WITHOUT_SIGN))
  const limit = shared<T>(MODERATE)
  return sizeof<T>() == 8 ? i64x2.gt_s(size, limit) : i32x4.gt_s(size, limit)
}

/** factor·eˣ for any x: where eˣ is 0, the product may still be subnormal. */
export function timesExp<T>(factor: v128, x: v128): v128 {
  const clamped = v128.pmin<T>(v128.pmax<T>(x, shared<T>(LOWEST)), shared<T>(HIGHEST))
  const n = exponentIn<T>(withExponent<T>(clamped))
  const high = restHigh<T>(clamped, n)
  return scale<T>(v128.mul<T>(factor, addThree<T>(shared<T>(ONE), high, restLow<T>(high, lowPart<T>(n)))), n)
}

/** 2ⁿ·(1 + (eʳ − 1)), off by 0.9 ulp at most, where r = high − low. */
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

/** factor·eˣ instead of `value` in the lanes beyond MODERATE. */
function expBeyond<T>(value: v128, factor: v128, x: v128): v128 {
  return v128.bitselect(timesExp<T>(factor, x), value, beyondModerate<T>(x))
}

/** eˣ */
@inline export function exp<T>(x: v128): v128 {
  const value = expModerate<T>(x)
  return v128.any_true(beyondModerate<T>(x)) ? expBeyond<T>(value, shared<T>(ONE), x) : value
}

/** (x − shift) − difference, where difference is the rounded x − shift (Møller 1965). */
@inline function lostByDifference<T>(x: v128, shift: v128, difference: v128): v128 {
  const taken = v128.sub<T>(difference, x)
  return v128.sub<T>(v128.sub<T>(x, v128.sub<T>(difference, taken)), v128.add<T>(shift, taken))
}

/** e^(x − shift) for x ≤ shift, or 0 where it is less than e^(−MODERATE), little more than the least normal number. */
@inline export function expDifferenceNormal<T>(x: v128, shift: v128): v128 {
  const difference = v128.sub<T>(x, shift)
  const lost = lostByDifference<T>(x, shift, difference)
  const whole = withExponent<T>(difference)
  const n = exponentIn<T>(whole)
  const high = restHigh<T>(difference, n)
  const rest = v128.add<T>(high, restLow<T>(high, v128.sub<T>(lowPart<T>(n), lost)))
  // The product of NaN and anything is NaN, while a sum of their bits may be a number.
  const power = v128.mul<T>(v128.add<T>(shared<T>(ONE), rest), powerOfTwo<T>(whole))
  return v128.andnot(power, v128.lt<T>(difference, shared<T>(MINUS_MODERATE)))
}

/** e^(x − shift), with what the rounding of the difference loses (Møller 1965): the exponential would multiply it. */
@inline export function expDifference(x: v128, shift: v128): v128 {
  const difference = f64x2.sub(x, shift)
  const lost = lostByDifference<f64>(x, shift, difference)
  const whole = withExponent<f64>(difference)
  const n = exponentIn<f64>(whole)
  const value = assemble<f64>(whole, restHigh<f64>(difference, n), f64x2.sub(lowPart<f64>(n), lost))
  if (!v128.any_true(beyondModerate<f64>(difference))) return value
  // Where the power is 0 or infinite, what the difference lost may be anything.
  const matters = f64x2.lt(f64x2.abs(difference), f64x2.splat(1024))
  return expBeyond<f64>(value, f64x2.add(shared<f64>(ONE), v128.and(lost, matters)), difference)
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
