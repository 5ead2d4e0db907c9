// xʸ on vectors of either dtype, with the special values of C99, which NumPy has too. The polynomial is minimax
// (Lawson's iteration in 80 digits).

import { restLow } from './exponential'
import { addThree, HALF, MAGIC, ONE, scale, shared, shiftLeft, subBits, upperBits } from './float'
import { exponentBits, fromBits, isNormal, isSubnormal, lifted, liftOf, mantissa } from './logarithm'
import { powSingle } from './single'
import { entry, polynomial } from './vector'

const LOG_TAIL: usize = memory.data<f64>([
  0.6, 0.42857142857144054, 0.3333333333248208, 0.2727272750340838, 0.23076892413904737, 0.2000220851753957,
  0.17559318011579664, 0.17585122391253816
], 16)

/** 2 / (3 ln 2) in two parts, of which the first has 26 bits, and in one; ln 2 in the same way; 3. */
const FACTORS: usize = memory.data<f64>([
  0.9617966860532761, 7.872699542894897e-09, 0.9617966939259756,
  0.6931471675634384, 1.2996506893889889e-08, 0.6931471805599453, 3
], 16)

@inline function factor(i: i32): v128 {
  return entry<f64>(FACTORS, i)
}

/** 2ᶠ for high + low = n + f and |f| ≤ ½. */
@inline function fractionalPower(high: v128, low: v128, n: v128): v128 {
  const first = f64x2.sub(high, n)
  const upper = upperBits(f64x2.add(first, low))
  const r = f64x2.mul(upper, factor(3))
  const rest = f64x2.sub(
    f64x2.mul(f64x2.sub(f64x2.sub(upper, first), low), factor(5)), f64x2.mul(upper, factor(4))
  )
  return addThree<f64>(shared<f64>(ONE), r, restLow<f64>(r, rest))
}

/** 2^(high + low) though it be subnormal, 0 or infinite. */
function exp2Far(high: v128, low: v128): v128 {
  const bound = f64x2.splat(1100), one = shared<f64>(ONE)
  const highClamped = f64x2.pmin(f64x2.pmax(high, f64x2.neg(bound)), bound)
  const lowClamped = f64x2.pmin(f64x2.pmax(low, f64x2.neg(one)), one)
  const n = f64x2.nearest(f64x2.add(highClamped, lowClamped))
  return scale<f64>(fractionalPower(highClamped, lowClamped, n), n)
}

/**
 * mʸ·2ᵏʸ for √½ ≤ m < √2 and |y| ≤ 10²⁰, after fdlibm's e_pow.c: log₂ m = 2 / (3 ln 2)·(3s + s³ + tail), s = (m − 1) /
 * (m + 1), so exactly in two parts that no finite power is off by more than 2⁻⁵⁴ for it. Every first part has 26 bits,
 * so that products of two are exact.
 */
@inline function powDouble(m: v128, k: v128, y: v128): v128 {
  const one = shared<f64>(ONE), three = factor(6)
  const above = f64x2.sub(m, one), below = f64x2.add(m, one)
  const inverse = f64x2.div(one, below)
  const s = f64x2.mul(above, inverse)
  const sHigh = upperBits(s), belowHigh = upperBits(below)
  const belowLow = f64x2.sub(m, f64x2.sub(belowHigh, one))
  const sLow = f64x2.mul(
    inverse, f64x2.sub(f64x2.sub(above, f64x2.mul(sHigh, belowHigh)), f64x2.mul(sHigh, belowLow))
  )
  const square = f64x2.mul(s, s)
  const tail = f64x2.add(
    f64x2.mul(f64x2.mul(square, square), polynomial<f64>(LOG_TAIL, 8, square)), f64x2.mul(sLow, f64x2.add(sHigh, s))
  )
  const squareHigh = f64x2.mul(sHigh, sHigh)
  const bracket = upperBits(f64x2.add(f64x2.add(three, squareHigh), tail))
  const bracketLow = f64x2.sub(tail, f64x2.sub(f64x2.sub(bracket, three), squareHigh))
  const product = f64x2.mul(sHigh, bracket)
  const productLow = f64x2.add(f64x2.mul(sLow, bracket), f64x2.mul(bracketLow, s))
  const sum = upperBits(f64x2.add(product, productLow))
  const sumLow = f64x2.sub(productLow, f64x2.sub(sum, product))
  const log = f64x2.mul(factor(0), sum)
  const logLow = f64x2.add(f64x2.mul(factor(1), sum), f64x2.mul(factor(2), sumLow))
  const log2 = upperBits(f64x2.add(f64x2.add(log, logLow), k))
  const log2Low = f64x2.sub(logLow, f64x2.sub(f64x2.sub(log2, k), log))
  const yHigh = upperBits(y)
  const high = f64x2.mul(yHigh, log2)
  const low = f64x2.add(f64x2.mul(f64x2.sub(y, yHigh), log2), f64x2.mul(y, log2Low))
  const exponent = f64x2.add(high, low)
  if (v128.any_true(f64x2.gt(f64x2.abs(exponent), f64x2.splat(1020)))) return exp2Far(high, low)
  const whole = f64x2.add(exponent, shared<f64>(MAGIC))
  return i64x2.add(fractionalPower(high, low, f64x2.sub(whole, shared<f64>(MAGIC))), shiftLeft<f64>(whole))
}

/** (x·2^−lift)ʸ for normal x > 0 and |y| ≤ 10²⁰. */
@inline function powNormal<T>(x: v128, lift: v128, y: v128): v128 {
  const exponent = exponentBits<T>(x)
  const m = mantissa<T>(x, exponent)
  const k = subBits<T>(exponent, lift)
  return sizeof<T>() == 4 ? powSingle(m, k, y) : powDouble(m, fromBits<T>(k), y)
}

@inline function greatest<T>(): v128 {
  return v128.splat<T>(<T>1e20)
}

/** xʸ for any x and y. */
function powAny<T>(x: v128, y: v128): v128 {
  const zero = v128.splat<T>(0), one = shared<T>(ONE), infinity = v128.splat<T>(<T>Infinity)
  const size = v128.abs<T>(x)
  const subnormal = isSubnormal<T>(size)
  const bounded = v128.pmin<T>(v128.pmax<T>(y, v128.neg<T>(greatest<T>())), greatest<T>())
  const power = powNormal<T>(lifted<T>(size, subnormal), liftOf<T>(subnormal), bounded)
  // 0 and ∞ become themselves or each other.
  const pole = v128.or(v128.eq<T>(size, zero), v128.eq<T>(size, infinity))
  const limit = v128.bitselect(v128.div<T>(one, size), size, v128.lt<T>(y, zero))
  const positive = v128.bitselect(limit, power, pole)
  const half = v128.mul<T>(shared<T>(HALF), y)
  const integer = v128.eq<T>(v128.nearest<T>(y), y)
  const odd = v128.andnot(integer, v128.eq<T>(v128.nearest<T>(half), half))
  const signed = v128.or(positive, v128.and(v128.and(x, v128.splat<T>(<T>-0.0)), odd))
  const root = v128.andnot(v128.andnot(v128.lt<T>(x, zero), integer), pole)
  const invalid = v128.or(root, v128.or(v128.ne<T>(x, x), v128.ne<T>(y, y)))
  const value = v128.bitselect(v128.splat<T>(<T>NaN), signed, invalid)
  return v128.bitselect(one, value, v128.or(v128.eq<T>(x, one), v128.eq<T>(y, zero)))
}

/** xʸ */
export function pow<T>(x: v128, y: v128): v128 {
  const plain = v128.and(isNormal<T>(x), v128.le<T>(v128.abs<T>(y), greatest<T>()))
  return v128.any_true(v128.not(plain)) ? powAny<T>(x, y) : powNormal<T>(x, v128.splat<T>(0), y)
}
