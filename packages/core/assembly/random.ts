// xoroshiro128++ 1.0 (Blackman & Vigna 2021) in both 64-bit lanes of a vector: two streams side by side. The state is two
// vectors, the first and the second words of the streams. A kernel draws random words to where its results will be, then
// turns each into the result in its place; what has to be drawn again is drawn after those.

import { bytes } from './vector'

@inline function rotate(x: v128, count: i32): v128 {
  return v128.or(i64x2.shl(x, count), i64x2.shr_u(x, 64 - count))
}

/** Fills the memory from `to` to `end` with random words, in whole vectors: the last may reach beyond. */
function draw(state: usize, to: usize, end: usize): void {
  let first = v128.load(state), second = v128.load(state, 16)
  for (; to < end; to += 16) {
    v128.store(to, i64x2.add(rotate(i64x2.add(first, second), 17), first))
    second = v128.xor(second, first)
    first = v128.xor(v128.xor(rotate(first, 49), second), i64x2.shl(second, 21))
    second = rotate(second, 28)
  }
  v128.store(state, first)
  v128.store(state, second, 16)
}

const SPARE: usize = memory.data(16, 16)

/** The word that the first stream gives in a step of its own; that of the second is at SPARE + 8. */
function drawSpare(state: usize): u64 {
  draw(state, SPARE, SPARE + 16)
  return load<u64>(SPARE)
}

const JUMP: usize = memory.data<u64>([0x2bd7a6a6e99c2ddc, 0x0992ccaf6a6fca05])

/** Puts the second stream 2⁶⁴ steps ahead of the first (`jump` of the reference implementation). */
export function jump_f64(state: usize): void {
  const first = load<u64>(state), second = load<u64>(state, 16)
  let aheadFirst: u64 = 0, aheadSecond: u64 = 0
  for (let bit = 0; bit < 128; bit++) {
    if ((load<u8>(JUMP + (bit >> 3)) >> <u8>(bit & 7)) & 1) {
      aheadFirst ^= load<u64>(state)
      aheadSecond ^= load<u64>(state, 16)
    }
    drawSpare(state)
  }
  store<u64>(state, first)
  store<u64>(state, aheadFirst, 8)
  store<u64>(state, second, 16)
  store<u64>(state, aheadSecond, 24)
}

/** Uniform on [0, 1): 53 bits of a word. */
@inline function unit(word: u64): f64 {
  return <f64>(word >>> 11) * (1.0 / 9007199254740992.0)
}

const ONE: usize = memory.data<f64>([1], 16)
const ULP: usize = memory.data<f32>([5.9604644775390625e-8], 16)

/** Uniform on [0, 1): 24 or 53 bits of a word. In float64 52 bits after 1 make 1 + u; what is taken off is 1, or 1 − 2⁻⁵³. */
@inline function units<T>(words: v128): v128 {
  if (sizeof<T>() == 4) return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), v128.load32_splat(ULP))
  const one = v128.load64_splat(ONE)
  const last = i64x2.shr_u(i64x2.shl(words, 63), 63)
  return f64x2.sub(v128.or(i64x2.shr_u(words, 12), one), i64x2.sub(one, last))
}

/** low + (high − low)·u. What is rounded to high becomes low, which makes low as likely as the numbers between. */
function uniform<T>(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  const lows = v128.splat<T>(<T>low), highs = v128.splat<T>(<T>high), range = v128.sub<T>(highs, lows)
  const end = out + bytes<T>(count)
  draw(state, out, end)
  for (; out < end; out += 16) {
    const x = v128.add<T>(lows, v128.mul<T>(range, units<T>(v128.load(out))))
    v128.store(out, v128.bitselect(x, lows, v128.lt<T>(x, highs)))
  }
}

/** `value` with probability p, rounded to 31 or 53 bits, else 0. */
function bernoulli<T>(state: usize, out: usize, count: i32, p: f64, value: f64): void {
  const values = v128.splat<T>(<T>value)
  const last32 = i32x4.splat(<i32>(nearest<f64>(p * 2147483648) - 1))
  const last64 = i64x2.splat(<i64>nearest<f64>(p * 9007199254740992) - 1)
  const end = out + bytes<T>(count)
  draw(state, out, end)
  for (; out < end; out += 16) {
    const words = v128.load(out)
    const above =
      sizeof<T>() == 4 ? i32x4.gt_s(i32x4.shr_u(words, 1), last32) : i64x2.gt_s(i64x2.shr_u(words, 11), last64)
    v128.store(out, v128.andnot(values, above))
  }
}

// The ziggurat (Marsaglia & Tsang 2000): LAYERS rectangles of the same area, one on the other, cover the density e^(−x²/2).
// A word gives a layer and, in other bits (Doornik 2005), a place in its width. Layer i ends at x[i], and inside x[i + 1] all
// of it is under the density. Layer 0 consists of what is below the density at R = x[1] and the tail beyond; x[0] is the
// width that it would have as a rectangle.

const LAYERS: i32 = 256
const R: f64 = 3.654152885361009
const AREA: f64 = 0.004928673233974655

/** x[i]·2⁻⁶³ */
const WIDTH: usize = memory.data(LAYERS << 3, 16)
/** 2⁶³·x[i + 1] / x[i] */
const INSIDE: usize = memory.data(LAYERS << 3, 16)
/** e^(−x[i]²/2), up to x[LAYERS] = 0 */
const DENSITY: usize = memory.data((LAYERS + 1) << 3, 16)

function density(x: f64): f64 {
  return Math.exp(-0.5 * x * x)
}

/** Fills the tables, unless they are: the end of the last is written last. */
function buildLayers(): void {
  if (load<f64>(DENSITY + (LAYERS << 3)) == 1) return
  let x = AREA / density(R)
  let next = R
  for (let i = 0; i < LAYERS; i++) {
    const at = <usize>i << 3
    store<f64>(WIDTH + at, x * (1.0 / 9223372036854775808.0))
    store<i64>(INSIDE + at, <i64>(9223372036854775808.0 * (next / x)))
    store<f64>(DENSITY + at, density(x))
    x = next
    next = i < LAYERS - 2 ? Math.sqrt(-2 * Math.log(AREA / x + density(x))) : 0
  }
  store<f64>(DENSITY + (LAYERS << 3), 1)
}

@inline function layerOf(word: u64): usize {
  return <usize>(word >>> 56) << 3
}

/** From −2⁶³ to 2⁶³, both excluded, and never 0. */
@inline function placeOf(word: u64): i64 {
  return word << 8 | 128
}

/** The size of a normal number that is beyond R (Marsaglia 1964). */
function tail(state: usize): f64 {
  let x: f64, y: f64
  do {
    x = Math.log(1 - unit(drawSpare(state))) / R
    y = Math.log(1 - unit(load<u64>(SPARE, 8)))
  } while (-2 * y < x * x)
  return R - x
}

/** A number from N(0, 1), made of the word and, where that does not give one, of others. */
function standardNormal(state: usize, word: u64): f64 {
  while (true) {
    const layer = layerOf(word)
    const place = placeOf(word)
    const x = <f64>place * load<f64>(WIDTH + layer)
    if (abs(place) < load<i64>(INSIDE + layer)) return x
    if (layer == 0) return copysign<f64>(tail(state), x)
    const bottom = load<f64>(DENSITY + layer), top = load<f64>(DENSITY + layer, 8)
    if (bottom + (top - bottom) * unit(drawSpare(state)) < density(x)) return x
    word = load<u64>(SPARE, 8)
  }
}

/** A word of the size of T, filled up to 64 bits: to the middle of those that begin with it. */
@inline function load64<T>(at: usize): u64 {
  return sizeof<T>() == 4 ? <u64>load<u32>(at) << 32 | 0x80000000 : load<u64>(at)
}

// Results that follow from their word alone are made in loops without a call, because an engine keeps the variables of a loop
// with a call in memory. Such a loop ends at the first word that needs more.

function normalInside<T>(out: usize, stop: usize, mean: f64, std: f64): usize {
  for (; out < stop; out += sizeof<T>()) {
    const word = load64<T>(out)
    const layer = layerOf(word)
    const place = placeOf(word)
    if (abs(place) >= load<i64>(INSIDE + layer)) break
    store<T>(out, <T>(mean + std * (<f64>place * load<f64>(WIDTH + layer))))
  }
  return out
}

/** mean + std·N(0, 1), computed in float64. */
function normal<T>(state: usize, out: usize, count: i32, mean: f64, std: f64): void {
  buildLayers()
  const end = out + bytes<T>(count)
  draw(state, out, end)
  for (; out < end; out += sizeof<T>()) {
    out = normalInside<T>(out, end, mean, std)
    if (out < end) store<T>(out, <T>(mean + std * standardNormal(state, load64<T>(out))))
  }
}

// A whole number below range ≤ 2³² is the upper half of the product of range and the upper half of a word (Lemire 2019).
// Products whose lower half is less than 2³² mod range are drawn again: as many are left for each number.

@inline function product(word: u64, range: u64): u64 {
  return (word >>> 32) * range
}

/** Whether the lower half is not even less than range, which saves a division. Never for larger ranges. */
@inline function isFair(product: u64, range: u64): bool {
  return (product & 0xffffffff) >= range
}

/** A whole number in [0, range). For range > 2³² it is as many bits as range − 1 has, drawn until they are below range. */
function below(state: usize, word: u64, range: u64): u64 {
  if (range > <u64>1 << 32) {
    const shift = clz<u64>(range - 1)
    while (word >>> shift >= range) word = drawSpare(state)
    return word >>> shift
  }
  const unfair = (<u64>1 << 32) % range
  while ((product(word, range) & 0xffffffff) < unfair) word = drawSpare(state)
  return product(word, range) >>> 32
}

function integersFair<T>(out: usize, stop: usize, low: i64, range: u64): usize {
  for (; out < stop; out += sizeof<T>()) {
    const scaled = product(load64<T>(out), range)
    if (!isFair(scaled, range)) break
    store<T>(out, <T>(low + <i64>(scaled >>> 32)))
  }
  return out
}

/** Whole numbers in [low, high), at most 2⁵³ of them. */
function integers<T>(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  const first = <i64>low
  const range = <u64>(high - low)
  const end = out + bytes<T>(count)
  draw(state, out, end)
  for (; out < end; out += sizeof<T>()) {
    out = integersFair<T>(out, end, first, range)
    if (out < end) store<T>(out, <T>(first + <i64>below(state, load64<T>(out), range)))
  }
}

/** out = the numbers 0 … count − 1 in random order (Fisher–Yates): each changes places with itself or one before it. */
export function permutation_f64(state: usize, out: usize, count: i32): void {
  draw(state, out, out + bytes<f64>(count))
  for (let i = 0, to = out; i < count; i++, to += 8) {
    const word = load<u64>(to)
    const range = <u64>i + 1
    const scaled = product(word, range)
    const other = out + (<usize>(isFair(scaled, range) ? scaled >>> 32 : below(state, word, range)) << 3)
    store<f64>(to, load<f64>(other))
    store<f64>(other, i)
  }
}

export function uniform_f32(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  uniform<f32>(state, out, count, low, high)
}

export function uniform_f64(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  uniform<f64>(state, out, count, low, high)
}

export function bernoulli_f32(state: usize, out: usize, count: i32, p: f64, value: f64): void {
  bernoulli<f32>(state, out, count, p, value)
}

export function bernoulli_f64(state: usize, out: usize, count: i32, p: f64, value: f64): void {
  bernoulli<f64>(state, out, count, p, value)
}

export function normal_f32(state: usize, out: usize, count: i32, mean: f64, std: f64): void {
  normal<f32>(state, out, count, mean, std)
}

export function normal_f64(state: usize, out: usize, count: i32, mean: f64, std: f64): void {
  normal<f64>(state, out, count, mean, std)
}

export function integers_f32(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  integers<f32>(state, out, count, low, high)
}

export function integers_f64(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  integers<f64>(state, out, count, low, high)
}
