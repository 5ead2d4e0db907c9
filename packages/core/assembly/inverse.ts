// The inverse functions of trigonometry on vectors of either dtype; float32 goes through float64 lanes. The polynomials are
// Chebyshev's interpolants, to 2⁻⁵⁵.

import { addThree, HALF, lostByProduct, ONE, shared, upperBits } from './float'
import { inHalves, inHalvesOfBoth, polynomial } from './vector'

const ATAN: usize = memory.data<f64>([
  -0.3333333333333333, 0.19999999999999488, -0.14285714285599188, 0.11111111100917376, -0.09090908620322523,
  0.07692294712540285, -0.06666435677235948, 0.05879578429582425, -0.05240099507994713, 0.04628024868570153,
  -0.03806653672057366, 0.025006503566489507, -0.009215792047089858
], 16)

/** π/4 in two parts; three times the first is exact. */
const EIGHTH: f64 = 0.7853981633974492
const EIGHTH_LOW: f64 = -8.575622497214414e-16

/**
 * The angle from the positive x axis to (x, y). The smaller of |x| and |y| is divided by the other, a quotient q > 1/2 turned by
 * π/4, to (q − 1)/(q + 1), so that a series remains; then whole eighths of a turn and the rest are added as the octant has them.
 */
function angle(y: v128, x: v128): v128 {
  const one = shared<f64>(ONE), sign = f64x2.splat(-0.0)
  const across = f64x2.abs(x), up = f64x2.abs(y)
  const larger = f64x2.max(across, up), smaller = f64x2.min(across, up)
  // Of two infinities the quotient is 1, of two zeros 0.
  const q = v128.andnot(
    v128.bitselect(one, f64x2.div(smaller, larger), f64x2.eq(across, up)), f64x2.eq(larger, f64x2.splat(0))
  )
  // What the rounding of the quotient takes from the angle, of halves, which do not overflow; not a number beside zeros and
  // infinities.
  const half = shared<f64>(HALF)
  const product = f64x2.mul(q, larger)
  const left = f64x2.sub(f64x2.sub(smaller, product), lostByProduct(q, larger, product))
  const below = f64x2.add(f64x2.mul(half, larger), f64x2.mul(q, f64x2.mul(half, smaller)))
  const missing = f64x2.div(f64x2.mul(half, left), below)
  const lost = v128.and(missing, f64x2.eq(missing, missing))
  const turned = f64x2.gt(q, half)
  const t = v128.bitselect(f64x2.div(f64x2.sub(q, one), f64x2.add(q, one)), q, turned)
  const square = f64x2.mul(t, t)
  const rest = f64x2.add(lost, f64x2.mul(t, f64x2.mul(square, polynomial<f64>(ATAN, 13, square))))
  const steep = f64x2.gt(up, across), behind = i64x2.shr_s(x, 63)
  let eighths = v128.and(one, turned)
  eighths = v128.bitselect(f64x2.sub(f64x2.splat(2), eighths), eighths, steep)
  eighths = v128.bitselect(f64x2.sub(f64x2.splat(4), eighths), eighths, behind)
  const flip = v128.and(v128.xor(steep, behind), sign)
  const low = f64x2.add(v128.xor(rest, flip), f64x2.mul(eighths, f64x2.splat(EIGHTH_LOW)))
  const size = addThree<f64>(f64x2.mul(eighths, f64x2.splat(EIGHTH)), v128.xor(t, flip), low)
  return v128.or(v128.andnot(size, sign), v128.and(y, sign))
}

const ASIN: usize = memory.data<f64>([
  0.16666666666666669, 0.07499999999998433, 0.04464285714635543, 0.030381944138531247, 0.02237217294214989,
  0.017352392720869973, 0.013971212973552933, 0.011479177415184906, 0.01032281435018578, 0.005457506718640358,
  0.01740087944269402, -0.014851887071247204, 0.028757851367421566
], 16)

const QUARTER: f64 = 1.5707963267948966
const QUARTER_LOW: f64 = 6.123233995736766e-17

/**
 * arcsin x, or arccos x if `complement` is true, from arcsin |x| in two parts for |x| ≤ 1/2, elsewhere from
 * arccos |x| = 2·arcsin √((1 − |x|)/2), the root in two parts as well; NaN beyond ±1.
 */
function arc(x: v128, complement: bool): v128 {
  const sign = f64x2.splat(-0.0), half = f64x2.splat(0.5), zero = f64x2.splat(0)
  const size = f64x2.abs(x)
  const near = f64x2.le(size, half)
  const square = v128.bitselect(f64x2.mul(x, x), f64x2.mul(half, f64x2.sub(shared<f64>(ONE), size)), near)
  const root = f64x2.sqrt(square)
  const rootHigh = upperBits(root)
  const s = v128.bitselect(size, root, near)
  const series = f64x2.mul(s, f64x2.mul(square, polynomial<f64>(ASIN, 13, square)))
  const rootLow = f64x2.div(
    f64x2.sub(square, f64x2.mul(rootHigh, rootHigh)), f64x2.max(f64x2.add(root, rootHigh), f64x2.splat(1e-300))
  )
  const high = v128.bitselect(s, f64x2.add(rootHigh, rootHigh), near)
  const far = f64x2.add(rootLow, series)
  const low = v128.bitselect(series, f64x2.add(far, far), near)
  // ±(high + low) beside quarters of a turn.
  const negative = v128.and(x, sign)
  const quarter = f64x2.splat(QUARTER), quarterLow = f64x2.splat(QUARTER_LOW)
  let turn: v128, flip: v128
  if (complement) {
    const behind = f64x2.lt(x, zero)
    turn = v128.bitselect(shared<f64>(ONE), v128.and(f64x2.splat(2), behind), near)
    flip = v128.bitselect(v128.xor(negative, sign), negative, near)
  } else {
    turn = v128.andnot(shared<f64>(ONE), near)
    flip = v128.andnot(sign, near)
  }
  const value = addThree<f64>(
    f64x2.mul(turn, quarter), v128.xor(high, flip), f64x2.add(v128.xor(low, flip), f64x2.mul(turn, quarterLow))
  )
  return complement ? value : v128.or(value, negative)
}

@unmanaged class Atan { @inline of(x: v128, _: v128): v128 { return angle(x, shared<f64>(ONE)) } }
@unmanaged class Asin { @inline of(x: v128, _: v128): v128 { return arc(x, false) } }
@unmanaged class Acos { @inline of(x: v128, _: v128): v128 { return arc(x, true) } }
@unmanaged class Atan2 { @inline of(y: v128, x: v128): v128 { return angle(y, x) } }

/** The angle between −π/2 and π/2 whose tangent is x. */
@inline export function atan<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? angle(x, shared<f64>(ONE)) : inHalves<Atan>(x, x)
}

/** The angle between −π/2 and π/2 whose sine is x; NaN beyond ±1. */
@inline export function asin<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? arc(x, false) : inHalves<Asin>(x, x)
}

/** The angle between 0 and π whose cosine is x; NaN beyond ±1. */
@inline export function acos<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? arc(x, true) : inHalves<Acos>(x, x)
}

/** The angle between −π and π of the point (x, y), as C has it for zeros and infinities. */
export function atan2<T>(y: v128, x: v128): v128 {
  return sizeof<T>() == 8 ? angle(y, x) : inHalvesOfBoth<Atan2>(y, x)
}
