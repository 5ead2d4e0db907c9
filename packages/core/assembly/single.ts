// Functions of float32 that are computed in float64, two elements at a time, and rounded once. They need no more than
// the 24 bits of the result and a few, which takes fewer operations than float32 that makes its roundings good. The
// rational functions are minimax (Lawson's iteration in 50 digits), so that all are within 0.6 ulp.

import { entry, inHalves, polynomial, step, upperHalf } from './vector'

const MAGIC: i32 = 0
const ONE: i32 = 1
const TWO: i32 = 2
const MINUS_LOG2_E: i32 = 3
const LOG2_E: i32 = 4
const TWICE_LOG2_E: i32 = 5
const MINUS_HALF_LOG2_E: i32 = 6
const EVEN: i32 = 7
const ODD: i32 = 8
const ODD_SQUARE: i32 = 9
const LOWEST: i32 = 10
const NO_TAIL: i32 = 11
const NUMBERS: usize = memory.data<f64>([
  6755399441055744, 1, 2, -1.4426950408889634, 1.4426950408889634, 2.8853900817779268, -0.7213475204444817,
  20.818171681342747, 7.215028498805808, 0.05770035337587153, -1000, 20
], 16)

@inline function number(constant: i32): v128 {
  return entry<f64>(NUMBERS, constant)
}

// 2ᵗ = 2ⁿ·2ᶠ for |t| ≤ 1000, n whole and |f| ≤ 1/2. 2ᶠ = (even + odd) / (even − odd), where odd / even is tanh(f·ln 2 /
// 2), f times a rational function of f², to 2⁻³⁰ of itself. A function with another denominator divides once.

/** t + 1.5·2⁵²: n is in its last bits. */
@inline function withWhole(t: v128): v128 {
  return f64x2.add(t, number(MAGIC))
}

/** f, exactly. */
@inline function fraction(t: v128, whole: v128): v128 {
  return f64x2.sub(t, f64x2.sub(whole, number(MAGIC)))
}

@inline function even(f: v128): v128 {
  return f64x2.add(number(EVEN), f64x2.mul(f, f))
}

@inline function odd(f: v128): v128 {
  return f64x2.mul(f, step<f64>(number(ODD_SQUARE), f64x2.mul(f, f), number(ODD)))
}

/** x·2ⁿ for a normal x. */
@inline function timesPower(x: v128, whole: v128): v128 {
  return i64x2.add(x, i64x2.shl(whole, 52))
}

/** The numerator of 2ᵗ. */
@inline function above(f: v128, whole: v128): v128 {
  return timesPower(f64x2.add(even(f), odd(f)), whole)
}

/** The denominator of 2ᵗ. */
@inline function below(f: v128): v128 {
  return f64x2.sub(even(f), odd(f))
}

/** eˣ of two float64 x ≤ 0 to 2⁻³⁰ of itself, and 0 to float32 far below. */
@inline export function expPair(x: v128): v128 {
  const t = f64x2.pmax(f64x2.mul(x, number(LOG2_E)), number(LOWEST))
  const whole = withWhole(t)
  const f = fraction(t, whole)
  return f64x2.div(above(f, whole), below(f))
}

const BOUNDS: usize = memory.data<f32>([-120, 120, -3.93, 3.93], 16)

/** x, or the bound beyond which it lies; NaN stays. */
@inline function clamp(x: v128, low: i32, high: i32): v128 {
  return f32x4.pmin(f32x4.pmax(x, entry<f32>(BOUNDS, low)), entry<f32>(BOUNDS, high))
}

/** x where what is made of eˣ is not yet constant in float32. */
@inline function clampExponent(x: v128): v128 {
  return clamp(x, 0, 1)
}

/** 1 / (1 + e⁻ˣ) */
@unmanaged class Sigmoid {
  @inline of(x: v128, _: v128): v128 {
    const t = f64x2.mul(x, number(MINUS_LOG2_E))
    const whole = withWhole(t)
    const f = fraction(t, whole)
    return f64x2.div(below(f), f64x2.add(below(f), above(f, whole)))
  }
}

@inline export function sigmoidSingle(x: v128): v128 {
  return inHalves<Sigmoid>(clampExponent(x), x)
}

/** x / (1 + e⁻ˣ) */
@unmanaged class Silu {
  @inline of(x: v128, _: v128): v128 {
    const t = f64x2.pmax(f64x2.mul(x, number(MINUS_LOG2_E)), number(LOWEST))
    const whole = withWhole(t)
    const f = fraction(t, whole)
    return f64x2.div(f64x2.mul(x, below(f)), f64x2.add(below(f), above(f, whole)))
  }
}

@inline export function siluSingle(x: v128): v128 {
  return inHalves<Silu>(f32x4.pmax(x, entry<f32>(BOUNDS, 0)), x)
}

/**
 * 2ᵗ − 1 times the denominator of 2ᵗ: ((2ⁿ + 1)·odd − (1 − 2ⁿ)·even), which keeps the digits and the sign of a t near
 * 0.
 */
@inline function aboveMinusBelow(f: v128, power: v128): v128 {
  return f64x2.sub(
    f64x2.mul(f64x2.add(power, number(ONE)), odd(f)), f64x2.mul(f64x2.sub(number(ONE), power), even(f))
  )
}

/** tanh x = (e²ˣ − 1) / (e²ˣ + 1) */
@unmanaged class Tanh {
  @inline of(x: v128, _: v128): v128 {
    const t = f64x2.mul(x, number(TWICE_LOG2_E))
    const whole = withWhole(t)
    const f = fraction(t, whole)
    const power = timesPower(number(ONE), whole)
    return f64x2.div(aboveMinusBelow(f, power), f64x2.add(f64x2.mul(power, f64x2.add(even(f), odd(f))), below(f)))
  }
}

@inline export function tanhSingle(x: v128): v128 {
  return inHalves<Tanh>(clampExponent(x), x)
}

/** factor·(eˣ − 1) */
@unmanaged class TimesExpm1 {
  @inline of(x: v128, factor: v128): v128 {
    const t = f64x2.mul(x, number(LOG2_E))
    const whole = withWhole(t)
    const f = fraction(t, whole)
    const power = timesPower(number(ONE), whole)
    return f64x2.div(f64x2.mul(factor, aboveMinusBelow(f, power)), below(f))
  }
}

/** factor·(eˣ − 1) for a factor in all lanes. */
@inline export function timesExpm1Single(x: v128, factor: v128): v128 {
  return inHalves<TimesExpm1>(clampExponent(x), f64x2.promote_low_f32x4(factor))
}

const LOG1P: usize = memory.data<f64>([
  2.000000007919883, 0.6666631473116672, 0.40024907628909595, 0.2796064529299984, 0.2817812931878244
], 16)

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^(−|x|)), and ln(1 + y) in powers of s = y / (2 + y), to 2⁻²⁸ of itself. */
@unmanaged class Softplus {
  @inline of(x: v128, _: v128): v128 {
    const t = f64x2.pmax(f64x2.mul(f64x2.abs(x), number(MINUS_LOG2_E)), number(LOWEST))
    const whole = withWhole(t)
    const f = fraction(t, whole)
    const y = above(f, whole)
    const s = f64x2.div(y, f64x2.add(y, f64x2.mul(number(TWO), below(f))))
    const logarithm = f64x2.mul(s, polynomial<f64>(LOG1P, 5, f64x2.mul(s, s)))
    return f64x2.add(f64x2.pmax(x, f64x2.splat(0)), logarithm)
  }
}

@inline export function softplusSingle(x: v128): v128 {
  return inHalves<Softplus>(x, x)
}

const ERF_ABOVE: usize = memory.data<f64>([
  1.1283791691534453, 0.18515281255625288, 0.05425492627783792, 0.003840440078670261, 0.00037714969716473227,
  4.619450914477197e-06, -1.285515220819736e-08
], 16)
const ERF_BELOW: usize = memory.data<f64>([
  1, 0.49742081467743515, 0.11388863086972753, 0.015435072395123898, 0.0013024156282420566, 6.249517376327847e-05
], 16)

/** erf x as x times a rational function of x² for |x| ≤ 3.93, beyond which it rounds to 1. */
@unmanaged class Erf {
  @inline of(x: v128, _: v128): v128 {
    const square = f64x2.mul(x, x)
    return f64x2.div(
      f64x2.mul(x, polynomial<f64>(ERF_ABOVE, 7, square)), polynomial<f64>(ERF_BELOW, 6, square)
    )
  }
}

@inline export function erfSingle(x: v128): v128 {
  return inHalves<Erf>(clamp(x, 2, 3), x)
}

const GELU_ABOVE: usize = memory.data<f64>([
  0.5000000029909272, 0.438504325307098, 0.18339049599626558, 0.04068566157259734, 0.004124105627863778
], 16)
const GELU_BELOW: usize = memory.data<f64>([
  1, 1.6748936365362344, 1.2031479239290583, 0.4698808010456514, 0.10199020632581308, 0.010337481755808843
], 16)

/**
 * x·Φ(x) = max(x, 0) − |x|·Φ(−|x|), where Φ(−y) = e^(−y²/2)·h(y) with a rational h for y ≤ 14.6. Beyond, both functions
 * go on to 0 in float32.
 */
@unmanaged class Gelu {
  @inline of(x: v128, _: v128): v128 {
    const size = f64x2.pmin(f64x2.abs(x), number(NO_TAIL))
    const t = f64x2.mul(f64x2.mul(size, size), number(MINUS_HALF_LOG2_E))
    const whole = withWhole(t)
    const f = fraction(t, whole)
    const numerator = f64x2.mul(f64x2.mul(size, above(f, whole)), polynomial<f64>(GELU_ABOVE, 5, size))
    const tail = f64x2.div(numerator, f64x2.mul(below(f), polynomial<f64>(GELU_BELOW, 6, size)))
    return f64x2.sub(f64x2.pmax(x, f64x2.splat(0)), tail)
  }
}

/** x / (1 + e⁻ᵗ), t = √(8/π)·(x + 0.044715·x³), which for x ≤ −12 is 0 in float32. */
@unmanaged class GeluTanh {
  @inline of(x: v128, _: v128): v128 {
    const least = f64x2.pmax(x, f64x2.splat(-12))
    const factor = f64x2.add(f64x2.splat(-2.302208198144325), f64x2.mul(f64x2.splat(-0.1029432395800235), f64x2.mul(least, least)))
    const t = f64x2.pmax(f64x2.mul(least, factor), number(LOWEST))
    const whole = withWhole(t)
    const f = fraction(t, whole)
    return f64x2.div(f64x2.mul(least, below(f)), f64x2.add(below(f), above(f, whole)))
  }
}

@inline export function geluTanhSingle(x: v128): v128 {
  return inHalves<GeluTanh>(x, x)
}

@inline export function geluSingle(x: v128): v128 {
  return inHalves<Gelu>(x, x)
}

const LOG2: usize = memory.data<f64>([
  2.885390081790086, 0.9617966733419451, 0.5770835849310625, 0.4116727211789658, 0.34073006554409996
], 16)

/** mʸ·2ᵏʸ for √½ ≤ m < √2, of two elements: log₂ m in powers of s = (m − 1) / (m + 1), to 2⁻³⁷ of itself. */
@inline function powPair(m: v128, k: v128, y: v128): v128 {
  const s = f64x2.div(f64x2.sub(m, number(ONE)), f64x2.add(m, number(ONE)))
  const log = f64x2.add(k, f64x2.mul(s, polynomial<f64>(LOG2, 5, f64x2.mul(s, s))))
  const t = f64x2.pmin(f64x2.pmax(f64x2.mul(y, log), number(LOWEST)), f64x2.neg(number(LOWEST)))
  const whole = withWhole(t)
  const f = fraction(t, whole)
  return f32x4.demote_f64x2_zero(f64x2.div(above(f, whole), below(f)))
}

/** The same of four float32, where k is whole numbers of 32 bits. */
@inline export function powSingle(m: v128, k: v128, y: v128): v128 {
  const low = powPair(f64x2.promote_low_f32x4(m), f64x2.convert_low_i32x4_s(k), f64x2.promote_low_f32x4(y))
  const mHigh = f64x2.promote_low_f32x4(upperHalf(m)), yHigh = f64x2.promote_low_f32x4(upperHalf(y))
  return v128.shuffle<i64>(low, powPair(mHigh, f64x2.convert_low_i32x4_s(upperHalf(k)), yHigh), 0, 2)
}
