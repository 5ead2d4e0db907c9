// sin and cos on vectors of float64; float32 is computed in it and rounded. Constants are loaded from memory, which takes one
// instruction. The polynomials are minimax (Sollya's fpminimax), the rest follows fdlibm's k_sin.c, k_cos.c, e_rem_pio2.c.

import { step } from './vector'

const SIN: usize = memory.data<f64>([
  -0.16666666666666666, 0.008333333333331295, -0.00019841269837062405, 2.7557316212105944e-06,
  -2.5051149214805595e-08, 1.5919134415794752e-10
], 16)

/** (sin √x / √x − 1) / x for 0 ≤ x ≤ (π/4)², to 2⁻⁵² of itself. */
@inline function sinTail(x: v128): v128 {
  let y = v128.load64_splat(SIN, 40)
  y = step<f64>(y, x, v128.load64_splat(SIN, 32))
  y = step<f64>(y, x, v128.load64_splat(SIN, 24))
  y = step<f64>(y, x, v128.load64_splat(SIN, 16))
  y = step<f64>(y, x, v128.load64_splat(SIN, 8))
  y = step<f64>(y, x, v128.load64_splat(SIN, 0))
  return y
}

const COS: usize = memory.data<f64>([
  0.041666666666666664, -0.0013888888888887057, 2.480158729845373e-05, -2.755731715520326e-07,
  2.087612725485496e-09, -1.1381505501998007e-11
], 16)

/** (cos √x − 1 + x / 2) / x² for 0 ≤ x ≤ (π/4)², to 2⁻⁵⁴ of itself. */
@inline function cosTail(x: v128): v128 {
  let y = v128.load64_splat(COS, 40)
  y = step<f64>(y, x, v128.load64_splat(COS, 32))
  y = step<f64>(y, x, v128.load64_splat(COS, 24))
  y = step<f64>(y, x, v128.load64_splat(COS, 16))
  y = step<f64>(y, x, v128.load64_splat(COS, 8))
  y = step<f64>(y, x, v128.load64_splat(COS, 0))
  return y
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

@inline function turned<T>(x: v128, turn: i32): v128 {
  if (sizeof<T>() == 8) return pair(x, turn)
  const low = f32x4.demote_f64x2_zero(pair(f64x2.promote_low_f32x4(x), turn))
  const high = f32x4.demote_f64x2_zero(pair(f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1)), turn))
  return v128.shuffle<i64>(low, high, 0, 2)
}

/** sin x */
export function sin<T>(x: v128): v128 {
  return turned<T>(x, 0)
}

/** cos x */
export function cos<T>(x: v128): v128 {
  return turned<T>(x, 1)
}
