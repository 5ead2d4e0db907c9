// sinh x and cosh x on vectors of either dtype; float32 goes through float64 lanes.

import { exponentIn, lowPart, restHigh, restLow, withExponent } from './exponential'
import { lostBy, MAGIC, ONE, powerOfTwo, scale, shared } from './float'
import { inHalves, polynomial } from './vector'

/** (sinh √x / √x − 1) / x for 0 ≤ x ≤ 1, Chebyshev's interpolant, to 2⁻⁵⁶. */
const SINH: usize = memory.data<f64>([
  0.16666666666666666, 0.008333333333333299, 0.00019841269841324198, 2.7557319191381816e-06,
  2.5052117695907823e-08, 1.6057679623801638e-10, 7.746178593018827e-13
], 16)

/**
 * (eˢ − e⁻ˢ)/2 for s = |x| ≥ 1, or the sum if `even` is true: 2ⁿ⁻¹·(p ∓ 2⁻²ⁿ/p), p = eʳ in two parts. From n = 40 on the second
 * term is not seen.
 */
function halves(x: v128, even: bool): v128 {
  const one = shared<f64>(ONE)
  // e⁷¹¹/2 is infinite.
  const size = f64x2.min(f64x2.abs(x), f64x2.splat(711))
  const n = exponentIn<f64>(withExponent<f64>(size))
  const high = restHigh<f64>(size, n)
  const sum = f64x2.add(one, high)
  const rest = f64x2.add(lostBy<f64>(one, high, sum), restLow<f64>(high, lowPart<f64>(n)))
  const m = f64x2.pmin(n, f64x2.splat(40))
  const square = powerOfTwo<f64>(f64x2.add(f64x2.mul(m, f64x2.splat(-2)), shared<f64>(MAGIC)))
  const other = f64x2.div(square, f64x2.add(sum, rest))
  const power = f64x2.add(sum, even ? f64x2.add(rest, other) : f64x2.sub(rest, other))
  return scale<f64>(power, f64x2.sub(n, one))
}

function doubleSinh(x: v128): v128 {
  const square = f64x2.mul(x, x)
  const near = f64x2.add(x, f64x2.mul(x, f64x2.mul(square, polynomial<f64>(SINH, 7, square))))
  const far = v128.or(halves(x, false), v128.and(x, f64x2.splat(-0.0)))
  return v128.bitselect(near, far, f64x2.lt(f64x2.abs(x), shared<f64>(ONE)))
}

@unmanaged class Sinh { @inline of(x: v128, _: v128): v128 { return doubleSinh(x) } }
@unmanaged class Cosh { @inline of(x: v128, _: v128): v128 { return halves(x, true) } }

/** (eˣ − e⁻ˣ) / 2 */
@inline export function sinh<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? doubleSinh(x) : inHalves<Sinh>(x, x)
}

/** (eˣ + e⁻ˣ) / 2 */
@inline export function cosh<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? halves(x, true) : inHalves<Cosh>(x, x)
}
