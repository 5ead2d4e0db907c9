// sin, cos and tan on vectors of either dtype, for any argument. The polynomials are minimax (Sollya's fpminimax; Lawson's
// iteration for float32), the rest follows fdlibm's k_sin.c, k_cos.c and e_rem_pio2.c.

import { lostBy, lostByProduct } from './float'
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

// sin(r + low) is r, and cos(r + low) is `top` = 1 − r²/2, with a small rest.

@inline function sineRest(r: v128, low: v128, square: v128, top: v128): v128 {
  return f64x2.add(f64x2.mul(f64x2.mul(r, square), sinTail(square)), f64x2.mul(low, top))
}

@inline function cosineRest(r: v128, low: v128, square: v128, half: v128, top: v128): v128 {
  const rest = f64x2.sub(f64x2.mul(f64x2.mul(square, square), cosTail(square)), f64x2.mul(r, low))
  return f64x2.add(f64x2.sub(f64x2.sub(entry<f64>(REDUCTION, 6), top), half), rest)
}

@inline function isOdd(quarter: v128): v128 {
  return i64x2.ne(v128.and(quarter, i64x2.splat(1)), i64x2.splat(0))
}

/** sin(r + low + quarter·π/2) for |r| ≤ π/4, a small low, and quarters of which the last two bits matter. */
@inline function sinReduced(r: v128, low: v128, quarter: v128): v128 {
  const square = f64x2.mul(r, r)
  const half = f64x2.mul(square, entry<f64>(REDUCTION, 5))
  const top = f64x2.sub(entry<f64>(REDUCTION, 6), half)
  const sine = f64x2.add(r, sineRest(r, low, square, top))
  const cosine = f64x2.add(top, cosineRest(r, low, square, half, top))
  const sign = i64x2.shl(v128.and(quarter, i64x2.splat(2)), 62)
  return v128.xor(v128.bitselect(cosine, sine, isOdd(quarter)), sign)
}

/**
 * tan(r + low + quarter·π/2): the quotient of sine and cosine, or of minus the cosine and the sine in odd quarters, corrected by
 * what the roundings of both and of the quotient lost.
 */
@inline function tanReduced(r: v128, low: v128, quarter: v128): v128 {
  const square = f64x2.mul(r, r)
  const half = f64x2.mul(square, entry<f64>(REDUCTION, 5))
  const top = f64x2.sub(entry<f64>(REDUCTION, 6), half)
  const sineLow = sineRest(r, low, square, top), cosineLow = cosineRest(r, low, square, half, top)
  const sine = f64x2.add(r, sineLow), sineLost = lostBy<f64>(r, sineLow, sine)
  const cosine = f64x2.add(top, cosineLow), cosineLost = lostBy<f64>(top, cosineLow, cosine)
  const odd = isOdd(quarter)
  const above = v128.bitselect(f64x2.neg(cosine), sine, odd), below = v128.bitselect(sine, cosine, odd)
  const aboveLost = v128.bitselect(f64x2.neg(cosineLost), sineLost, odd)
  const belowLost = v128.bitselect(sineLost, cosineLost, odd)
  const value = f64x2.div(above, below), product = f64x2.mul(value, below)
  const left = f64x2.sub(f64x2.sub(above, product), lostByProduct(value, below, product))
  return f64x2.add(value, f64x2.div(f64x2.add(left, f64x2.sub(aboveLost, f64x2.mul(value, belowLost))), below))
}

/**
 * π/2 in three parts, of which two have zeros for last bits: their products with a whole number up to 2²⁰ are exact.
 */
const REDUCTION: usize = memory.data<f64>([
  0.6366197723675814, 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21, 6755399441055744, 0.5, 1
], 16)

/** Beyond this, more of π is needed. */
const LIMIT: f64 = 1e6

/** The bits of 2/π after the point, behind 64 zeros. */
const TWO_OVER_PI: usize = memory.data<u64>([
  0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
  0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
  0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
  0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab
])

// What reduceFar finds: a fraction of a quarter turn in two parts, and how many quarter turns there are beside it.
let fractionHigh: f64 = 0
let fractionLow: f64 = 0
let quarters: i64 = 0

// What reducePair finds: r, what its rounding lost, and the quarter turns.
let farRest: v128 = f64x2(0, 0)
let farLost: v128 = f64x2(0, 0)
let farQuarters: v128 = i64x2(0, 0)

/** 64 bits of 2/π from a place in TWO_OVER_PI. */
@inline function bitsFrom(place: i64): u64 {
  const word = TWO_OVER_PI + (<usize>(place >> 6) << 3)
  const shift = place & 63
  return shift ? load<u64>(word) << shift | load<u64>(word, 8) >> (64 - shift) : load<u64>(word)
}

/** The upper half of the 128 bits of x·y. */
function upperProduct(x: u64, y: u64): u64 {
  const xLow = x & 0xffffffff, xHigh = x >> 32, yLow = y & 0xffffffff, yHigh = y >> 32
  const middle = xHigh * yLow + (xLow * yLow >> 32)
  return xHigh * yHigh + (middle >> 32) + ((middle & 0xffffffff) + xLow * yHigh >> 32)
}

/**
 * Finds what |x| > LIMIT leaves over a whole number of quarter turns (Payne & Hanek 1983): x = m·2ᵉ, and of x·2/π only
 * the bits that are worth less than 4 matter, 126 of them after the point.
 */
function reduceFar(x: f64): void {
  const bits = reinterpret<u64>(x)
  if (!(abs(x) < Infinity)) {
    fractionHigh = NaN
    fractionLow = 0
    quarters = 0
    return
  }
  const place = (<i64>(bits >> 52 & 0x7ff) - 1075) + 62
  const m = bits & 0xfffffffffffff | 0x10000000000000
  const second = bitsFrom(place + 64)
  const lower = upperProduct(m, bitsFrom(place + 128))
  const low = m * second + lower
  const high = m * bitsFrom(place) + upperProduct(m, second) + u64(low < lower)
  // Two bits of quarters, and the fraction of one, which is a negative one with the next quarter if that is nearer.
  let fraction = high << 2 | low >> 62, rest = low << 2
  const count = (high >> 62) + (fraction >> 63)
  const above = <i64>fraction < 0
  if (above) {
    rest = ~rest
    fraction = ~fraction
  }
  const shift = clz(fraction)
  if (shift) fraction = fraction << shift | rest >> (64 - shift)
  const unit = reinterpret<f64>(959 - shift << 52)
  const sign: f64 = above != x < 0 ? -1 : 1
  fractionHigh = <f64>(fraction & ~0x7ff) * unit * sign
  fractionLow = (<f64>(fraction & 0x7ff) + <f64>(rest << shift) * 5.421010862427522e-20) * unit * sign
  quarters = x < 0 ? -count : count
}

/** The same for two |x| > LIMIT, times π/2. */
function reducePair(x: v128): void {
  reduceFar(f64x2.extract_lane(x, 0))
  const firstHigh = fractionHigh, firstLow = fractionLow, firstQuarters = quarters
  reduceFar(f64x2.extract_lane(x, 1))
  const high = f64x2.replace_lane(f64x2.splat(firstHigh), 1, fractionHigh)
  const low = f64x2.replace_lane(f64x2.splat(firstLow), 1, fractionLow)
  const turn = f64x2.splat(1.5707963267948966)
  farRest = f64x2.mul(high, turn)
  const beyond = f64x2.add(f64x2.mul(high, f64x2.splat(6.123233995736766e-17)), f64x2.mul(low, turn))
  farLost = f64x2.add(lostByProduct(high, turn, farRest), beyond)
  farQuarters = i64x2.replace_lane(i64x2.splat(firstQuarters), 1, quarters)
}

/**
 * sin x, or cos x where `turn` is 1, or tan x where it is 2, of two float64: that of what x leaves over a whole number of quarter
 * turns.
 */
@inline function pair(x: v128, turn: i32): v128 {
  const n = f64x2.nearest(f64x2.mul(x, entry<f64>(REDUCTION, 0)))
  const first = f64x2.sub(x, f64x2.mul(n, entry<f64>(REDUCTION, 1)))
  const second = f64x2.mul(n, entry<f64>(REDUCTION, 2))
  let r = f64x2.sub(first, second)
  let low = f64x2.sub(f64x2.sub(f64x2.sub(first, r), second), f64x2.mul(n, entry<f64>(REDUCTION, 3)))
  let quarter = f64x2.add(n, entry<f64>(REDUCTION, 4))
  const near = f64x2.le(f64x2.abs(x), f64x2.splat(LIMIT))
  if (!v128.all_true<i64>(near)) {
    reducePair(v128.bitselect(f64x2.splat(1e9), x, near))
    r = v128.bitselect(r, farRest, near)
    low = v128.bitselect(low, farLost, near)
    quarter = v128.bitselect(quarter, farQuarters, near)
  }
  if (turn == 1) return sinReduced(r, low, i64x2.add(quarter, i64x2.splat(1)))
  const value = turn == 2 ? tanReduced(r, low, quarter) : sinReduced(r, low, quarter)
  // 0 keeps its sign.
  return v128.bitselect(x, value, f64x2.eq(x, f64x2.splat(0)))
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

@unmanaged class DoubleSin { @inline of(x: v128, _: v128): v128 { return pair(x, 0) } }
@unmanaged class DoubleTan { @inline of(x: v128, _: v128): v128 { return pair(x, 2) } }
@unmanaged class DoubleCos { @inline of(x: v128, _: v128): v128 { return pair(x, 1) } }

@inline function isNear(x: v128): v128 {
  return f32x4.le(f32x4.abs(x), f32x4.splat(<f32>LIMIT))
}

// What is beyond LIMIT goes the way of float64, and nothing else does.

function sinFar(value: v128, x: v128): v128 {
  return v128.bitselect(value, inHalves<DoubleSin>(x, x), isNear(x))
}

function cosFar(value: v128, x: v128): v128 {
  return v128.bitselect(value, inHalves<DoubleCos>(x, x), isNear(x))
}

/** sin x */
export function sin<T>(x: v128): v128 {
  if (sizeof<T>() == 8) return pair(x, 0)
  const value = inHalves<Sin>(x, x)
  return v128.all_true<i32>(isNear(x)) ? value : sinFar(value, x)
}

/** cos x */
export function cos<T>(x: v128): v128 {
  if (sizeof<T>() == 8) return pair(x, 1)
  const value = inHalves<Cos>(x, x)
  return v128.all_true<i32>(isNear(x)) ? value : cosFar(value, x)
}

/** tan x */
export function tan<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? pair(x, 2) : inHalves<DoubleTan>(x, x)
}
