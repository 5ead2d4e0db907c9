// What elementary functions share: constants, the parts of a number, and sums and products with what their rounding
// loses. Constants are loaded from memory: one instruction, where V8 builds a literal anew in every turn of a loop, in
// several.

import { entry } from './vector'

export const LOG2_E: i32 = 0
export const LN2_HIGH: i32 = 1
export const LN2_LOW: i32 = 2
/** 1.5·2ᵖ, p the bits of the significand: a whole number added to it is in its last bits. */
export const MAGIC: i32 = 3
export const ONE: i32 = 4
export const TWO: i32 = 5
export const HALF: i32 = 6
/** The largest |x| for which eˣ is certainly normal. */
export const MODERATE: i32 = 7
/** Beyond these, eˣ is 0 or infinite, and even x·eˣ is 0. */
export const LOWEST: i32 = 8
export const HIGHEST: i32 = 9
export const WITHOUT_SIGN: i32 = 10
/** The least x for which eˣ is certainly normal. */
export const MINUS_MODERATE: i32 = 11
const UPPER_BITS: i32 = 12
const SHARED_F64: usize = memory.data<f64>([
  1.4426950408889634, 6.93147180369123816490e-1, 1.90821492927058770002e-10, 6755399441055744, 1, 2, 0.5,
  708, -760, 710, reinterpret<f64>(0x7fffffffffffffff), -708, reinterpret<f64>(0xfffffffff8000000)
], 16)
const SHARED_F32: usize = memory.data<f32>([
  1.4426950408889634, 0.693145751953125, 1.42860682030941723212e-6, 12582912, 1, 2, 0.5,
  87, -105, 89, reinterpret<f32>(0x7fffffff), -87
], 16)

/** A constant of the dtype in all lanes. */
@inline export function shared<T>(constant: i32): v128 {
  return entry<T>(sizeof<T>() == 8 ? SHARED_F64 : SHARED_F32, constant)
}

/** x in the place of the exponent. */
@inline export function shiftLeft<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.shl(x, 52) : i32x4.shl(x, 23)
}

@inline export function addBits<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.add(x, y) : i32x4.add(x, y)
}

@inline export function subBits<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.sub(x, y) : i32x4.sub(x, y)
}

/** 2ⁿ where that is normal, for the n that is in the last bits of `whole`. */
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

/** a + b − sum, exactly, where sum is the rounded a + b and |a| ≥ |b| or a = 0 (Dekker 1971). */
@inline export function lostBy<T>(a: v128, b: v128, sum: v128): v128 {
  return v128.sub<T>(b, v128.sub<T>(sum, a))
}

/** a + b − sum, exactly, where sum is the rounded a + b (Knuth 1998, §4.2.2). */
@inline export function lostByAny(a: v128, b: v128, sum: v128): v128 {
  const added = f64x2.sub(sum, a)
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, added)), f64x2.sub(b, added))
}

/** The same of two numbers. */
@inline export function lostByTwo(a: f64, b: f64, sum: f64): f64 {
  const added = sum - a
  return (a - (sum - added)) + (b - added)
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
