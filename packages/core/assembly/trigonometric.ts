// sin and cos on vectors of float64; float32 is computed in it and rounded. Constants are loaded from memory, which takes one
// instruction. The polynomials are minimax (Sollya's fpminimax), the rest follows fdlibm's k_sin.c, k_cos.c, e_rem_pio2.c.

import { entry, inHalves, polynomial } from './vector'

const SIN: usize = memory.data<f64>([
  -0.16666666666666666, 0.008333333333331295, -0.00019841269837062405, 2.7557316212105944e-06,
  -2.5051149214805595e-08, 1.5919134415794752e-10
], 16)

/** (sin √x / √x − 1) / x for 0 ≤ x ≤ (π/4)², to 2⁻⁵² of itself. */
@inline function sinTail(x: v128): v128 {
  return polynomial<f64>(SIN, 6, x)
}

const COS: usize = memory.data<f64>([
  0.041666666666666664, -0.0013888888888887057, 2.480158729845373e-05, -2.755731715520326e-07,
  2.087612725485496e-09, -1.1381505501998007e-11
], 16)

/** (cos √x − 1 + x / 2) / x² for 0 ≤ x ≤ (π/4)², to 2⁻⁵⁴ of itself. */
@inline function cosTail(x: v128): v128 {
  return polynomial<f64>(COS, 6, x)
}

/** π/2 in three parts, of which two have zeros for last bits: their products with a whole number up to 2²⁰ are exact. */
const REDUCTION: usize = memory.data<f64>([
  0.6366197723675814, 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21, 6755399441055744, 0.5, 1
], 16)

/** Beyond this, more of π is needed: such elements go to a function of one number. */
const LIMIT: f64 = 1e6

/** sin x, or cos x where `turn` is 1: sin and cos of what x leaves over a whole number of quarter turns. |x| ≤ LIMIT. */
@inline function sinTurned(x: v128, turn: i32): v128 {
  const n = f64x2.nearest(f64x2.mul(x, v128.load64_splat(REDUCTION)))
  const first = f64x2.sub(x, f64x2.mul(n, v128.load64_splat(REDUCTION, 8)))
  const second = f64x2.mul(n, v128.load64_splat(REDUCTION, 16))
  const r = f64x2.sub(first, second)
  const low = f64x2.sub(f64x2.sub(f64x2.sub(first, r), second), f64x2.mul(n, v128.load64_splat(REDUCTION, 24)))
  const square = f64x2.mul(r, r)
  const half = f64x2.mul(square, v128.load64_splat(REDUCTION, 40))
  const one = v128.load64_splat(REDUCTION, 48)
  const cubic = f64x2.mul(f64x2.mul(r, square), sinTail(square))
  const sine = f64x2.add(r, f64x2.add(cubic, f64x2.mul(low, f64x2.sub(one, half))))
  const top = f64x2.sub(one, half)
  const rest = f64x2.sub(f64x2.mul(f64x2.mul(square, square), cosTail(square)), f64x2.mul(r, low))
  const cosine = f64x2.add(top, f64x2.add(f64x2.sub(f64x2.sub(one, top), half), rest))
  const quarter = i64x2.add(f64x2.add(n, v128.load64_splat(REDUCTION, 32)), i64x2.splat(turn))
  const odd = i64x2.ne(v128.and(quarter, i64x2.splat(1)), i64x2.splat(0))
  const sign = i64x2.shl(v128.and(quarter, i64x2.splat(2)), 62)
  return v128.xor(v128.bitselect(cosine, sine, odd), sign)
}

/** sin x, or cos x where `turn` is 1, for two float64. */
@inline function pair(x: v128, turn: i32): v128 {
  if (v128.all_true<i64>(f64x2.le(f64x2.abs(x), f64x2.splat(LIMIT)))) {
    const value = sinTurned(x, turn)
    // 0 keeps its sign.
    return turn ? value : v128.bitselect(x, value, f64x2.eq(x, f64x2.splat(0)))
  }
  const a = f64x2.extract_lane(x, 0), b = f64x2.extract_lane(x, 1)
  return turn ? f64x2.replace_lane(f64x2.splat(Math.cos(a)), 1, Math.cos(b)) : f64x2.replace_lane(f64x2.splat(Math.sin(a)), 1, Math.sin(b))
}

const TURNS: usize = memory.data<f64>([
  0.3183098861837907, 3.1415926534682512, 1.215420101301179e-10, 6755399441055744, 0.5
], 16)
const SIN_SINGLE: usize = memory.data<f64>([
  0.9999999946822709, -0.1666665667940344, 0.008333025034943565, -0.00019807411236344636, 2.6018864108501814e-06
], 16)

/** (−1)ⁿ·sin r for |r| ≤ π/2 and the n in the last bits of `whole`, to 2⁻²⁷ of itself. */
@inline function sinSingle(r: v128, whole: v128): v128 {
  const sine = f64x2.mul(r, polynomial<f64>(SIN_SINGLE, 5, f64x2.mul(r, r)))
  return v128.xor(sine, i64x2.shl(whole, 63))
}

/** sin x = (−1)ⁿ·sin(x − nπ), for float32. */
@unmanaged class Sin {
  @inline of(x: v128, _: v128): v128 {
    const whole = f64x2.add(f64x2.mul(x, entry<f64>(TURNS, 0)), entry<f64>(TURNS, 3))
    const n = f64x2.sub(whole, entry<f64>(TURNS, 3))
    const first = f64x2.sub(x, f64x2.mul(n, entry<f64>(TURNS, 1)))
    return sinSingle(f64x2.sub(first, f64x2.mul(n, entry<f64>(TURNS, 2))), whole)
  }
}

/** cos x = (−1)ⁿ·sin((n + ½)π − x), for float32. */
@unmanaged class Cos {
  @inline of(x: v128, _: v128): v128 {
    const half = entry<f64>(TURNS, 4)
    const whole = f64x2.add(f64x2.sub(f64x2.mul(x, entry<f64>(TURNS, 0)), half), entry<f64>(TURNS, 3))
    const n = f64x2.add(f64x2.sub(whole, entry<f64>(TURNS, 3)), half)
    const first = f64x2.sub(f64x2.mul(n, entry<f64>(TURNS, 1)), x)
    return sinSingle(f64x2.add(first, f64x2.mul(n, entry<f64>(TURNS, 2))), whole)
  }
}

/** What is beyond LIMIT goes through float64. */
function sinFar(x: v128): v128 { return inHalves<DoubleSin>(x, x) }
function cosFar(x: v128): v128 { return inHalves<DoubleCos>(x, x) }
@unmanaged class DoubleSin { @inline of(x: v128, _: v128): v128 { return pair(x, 0) } }
@unmanaged class DoubleCos { @inline of(x: v128, _: v128): v128 { return pair(x, 1) } }

/** Whether sin and cos of float32 need no more of π than the two parts here. */
@inline function isClose(x: v128): bool {
  return v128.all_true<i32>(f32x4.le(f32x4.abs(x), f32x4.splat(<f32>LIMIT)))
}

/** sin x */
export function sin<T>(x: v128): v128 {
  if (sizeof<T>() == 8) return pair(x, 0)
  return isClose(x) ? inHalves<Sin>(x, x) : sinFar(x)
}

/** cos x */
export function cos<T>(x: v128): v128 {
  if (sizeof<T>() == 8) return pair(x, 1)
  return isClose(x) ? inHalves<Cos>(x, x) : cosFar(x)
}
