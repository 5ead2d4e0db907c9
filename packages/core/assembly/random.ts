// xoshiro128++ 1.0 (Blackman & Vigna 2019): four 32-bit words of state, which every kernel reads first and writes back last.

let s0: u32 = 0
let s1: u32 = 0
let s2: u32 = 0
let s3: u32 = 0

function loadState(state: usize): void {
  s0 = load<u32>(state)
  s1 = load<u32>(state, 4)
  s2 = load<u32>(state, 8)
  s3 = load<u32>(state, 12)
}

function storeState(state: usize): void {
  store<u32>(state, s0)
  store<u32>(state, s1, 4)
  store<u32>(state, s2, 8)
  store<u32>(state, s3, 12)
}

@inline function next(): u32 {
  const result = rotl<u32>(s0 + s3, 7) + s0
  const shifted = s1 << 9
  s2 ^= s0
  s3 ^= s1
  s1 ^= s2
  s0 ^= s3
  s2 ^= shifted
  s3 = rotl<u32>(s3, 11)
  return result
}

/** 53 random bits. */
@inline function next53(): u64 {
  const high = <u64>(next() >>> 5)
  return (high << 26) | <u64>(next() >>> 6)
}

/** Uniform on [0, 1): as many random bits as the significand of T holds. */
@inline function nextUniform<T>(): T {
  if (sizeof<T>() == 4) return <T>(<f32>(next() >>> 8) * <f32>(1.0 / 16777216.0))
  return <T>(<f64>next53() * (1.0 / 9007199254740992.0))
}

/** low + (high − low) · u, kept below high where rounding would reach it. */
function uniform<T>(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  loadState(state)
  const end = out + <usize>count * sizeof<T>()
  for (; out < end; out += sizeof<T>()) {
    let value = <T>(low + (high - low) * <f64>nextUniform<T>())
    while (value >= <T>high && low < high) value = <T>(low + (high - low) * <f64>nextUniform<T>())
    store<T>(out, value)
  }
  storeState(state)
}

/** mean + std · N(0, 1), in pairs by Marsaglia's polar method. */
function normal<T>(state: usize, out: usize, count: i32, mean: f64, std: f64): void {
  loadState(state)
  for (let i = 0; i < count; i += 2) {
    let x: f64, y: f64, square: f64
    do {
      x = 2 * nextUniform<f64>() - 1
      y = 2 * nextUniform<f64>() - 1
      square = x * x + y * y
    } while (square >= 1 || square == 0)
    const factor = Math.sqrt((-2 * Math.log(square)) / square)
    const to = out + <usize>i * sizeof<T>()
    store<T>(to, <T>(mean + std * (x * factor)))
    if (i + 1 < count) store<T>(to + sizeof<T>(), <T>(mean + std * (y * factor)))
  }
  storeState(state)
}

/** A whole number in [0, range), every one as likely: bits above the range are masked off, what is still too large drawn again. */
@inline function nextBelow(range: u64): u64 {
  const mask = <u64>-1 >> clz<u64>((range - 1) | 1)
  let value = next53() & mask
  while (value >= range) value = next53() & mask
  return value
}

/** Whole numbers in [low, high), at most 2⁵³ of them. */
function integers<T>(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  loadState(state)
  const range = <u64>(high - low)
  const end = out + <usize>count * sizeof<T>()
  for (; out < end; out += sizeof<T>()) store<T>(out, <T>(low + <f64>nextBelow(range)))
  storeState(state)
}

/** out = the numbers 0 … count − 1 in random order (Fisher–Yates). */
export function permutation_f64(state: usize, out: usize, count: i32): void {
  loadState(state)
  for (let i = 0; i < count; i++) {
    const j = <i32>nextBelow(<u64>i + 1)
    const to = out + (<usize>i << 3)
    const other = out + (<usize>j << 3)
    store<f64>(to, load<f64>(other))
    store<f64>(other, i)
  }
  storeState(state)
}

export function uniform_f32(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  uniform<f32>(state, out, count, low, high)
}

export function uniform_f64(state: usize, out: usize, count: i32, low: f64, high: f64): void {
  uniform<f64>(state, out, count, low, high)
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
