import { at } from './lines'

/**
 * out[i] = b[i] + a[i]·out[i − 1] along each line, out[−1] = initial, and nothing where that is 0, whatever a[0] is; b is one
 * number where it is `single`. Each is computed in float64 from the one before as it was before it was rounded.
 */
function recurrence<T>(
  out: usize, a: usize, b: usize, lines: i32, lineStep: i32, count: i32, step: i32, single: i32, initial: f64
): void {
  for (let l = 0; l < lines; l++) {
    let value = initial
    for (let i = 0; i < count; i++) {
      const place = at<T>(at<T>(0, l, lineStep), i, step)
      const factor = i == 0 && initial == 0 ? 0 : <f64>load<T>(a + place)
      value = <f64>load<T>(single ? b : b + place) + factor * value
      store<T>(out + place, <T>value)
    }
  }
}

// Numbers m·2⁵¹²ᵉ beyond the range of float64: 2⁻²⁵⁶ ≤ |m| < 2²⁵⁶, or m is 0, infinite or NaN and e is 0.

const DOWN: f64 = reinterpret<f64>(<u64>(1023 - 512) << 52), UP: f64 = 1 / DOWN

/** Whether 2⁻²⁵⁶ ≤ |x| < 2²⁵⁶. */
@inline function isInside(x: f64): bool {
  return <u32>((reinterpret<u64>(x) >> 52) & 0x7ff) - 767 < 512
}

/** The exponent e of what was computed last. */
let exponent: i32 = 0

function normal(m: f64, e: i32): f64 {
  const isNumber = m != 0 && Math.abs(m) < Infinity
  if (isNumber && !isInside(m)) return Math.abs(m) < 1 ? normal(m * UP, e - 1) : normal(m * DOWN, e + 1)
  exponent = isNumber ? e : 0
  return m
}

/** m·2⁵¹²ᵉ as a float64. */
function rounded(m: f64, e: i32): f64 {
  for (; e < 0 && m != 0; e++) m *= DOWN
  for (; e > 0 && Math.abs(m) < Infinity; e--) m *= UP
  return m
}

/** x·y, but 0·∞ is 0. */
@inline function weighed(x: f64, y: f64): f64 {
  const product = x * y
  return product == product || x != x || y != y ? product : 0
}

/** b + a·m·2⁵¹²ᵉ, e the exponent of what was computed last. */
@inline function next(b: f64, a: f64, m: f64, e: i32): f64 {
  const product = a * m, sum = b + product
  return e == 0 && isInside(product) && isInside(sum) ? sum : nextFar(b, a, m, e)
}

function nextFar(b: f64, a: f64, m: f64, e: i32): f64 {
  const factor = normal(a, 0)
  const product = normal(weighed(factor, m), exponent + e)
  const ofProduct = exponent
  const term = normal(b, 0)
  if (product == 0) return term == 0 ? term + product : term
  if (term == 0) exponent = ofProduct
  if (term == 0 || exponent == ofProduct) return normal(product + term, exponent)
  // What is smaller by more than 2⁵¹² is next to nothing.
  return exponent > ofProduct
    ? normal(term + product * DOWN, exponent)
    : normal(product + term * DOWN, ofProduct)
}

/**
 * out[i] = v[i − 1]·μ[i] for v[i] = b[i] + a[i]·v[i − 1], v[−1] = initial, and μ[i] = h[i] + a[i + 1]·μ[i + 1]: what is computed
 * on the way neither overflows nor vanishes. An initial 0, and zeros of h at the end of a line, are nothing, whatever stands there.
 * `room` is for 16 bytes an element of a line.
 */
function cumprodGradient<T>(
  out: usize, a: usize, b: usize, h: usize, room: usize,
  lines: i32, lineStep: i32, count: i32, step: i32, single: i32, initial: f64
): void {
  for (let l = 0; l < lines; l++) {
    const line = at<T>(0, l, lineStep)
    let m = normal(initial, 0)
    for (let i = 0; i < count; i++) {
      const place = at<T>(line, i, step)
      store<f64>(room + (<usize>i << 4), m)
      store<i32>(room + (<usize>i << 4), exponent, 8)
      const factor = i == 0 && initial == 0 ? 0 : <f64>load<T>(a + place)
      m = next(<f64>load<T>(single ? b : b + place), factor, m, exponent)
    }
    let i = count - 1
    for (; i >= 0 && <f64>load<T>(h + at<T>(line, i, step)) == 0; i--) store<T>(out + at<T>(line, i, step), 0)
    let after: f64 = 0
    m = normal(0, 0)
    for (; i >= 0; i--) {
      const place = at<T>(line, i, step)
      m = next(<f64>load<T>(h + place), after, m, exponent)
      after = <f64>load<T>(a + place)
      const v = room + (<usize>i << 4)
      store<T>(out + place, <T>rounded(weighed(load<f64>(v), m), exponent + load<i32>(v, 8)))
    }
    if (initial == 0 && count > 0) store<T>(out + line, 0)
  }
}

/** The product of a line that gave `product`, which is 0, infinite or NaN, perhaps for what it was on the way. */
export function productBeyond<T>(product: T, a: usize, count: i32, step: i32): T {
  let m = normal(1, 0), special: f64 = 1
  for (let i = 0; i < count; i++) {
    const x = <f64>load<T>(at<T>(a, i, step))
    if (x == 0 && product == 0) return product
    if (x != 0 && Math.abs(x) < Infinity) m = next(-0.0, x, m, exponent)
    else special *= x
  }
  return <T>(special == 1 ? rounded(m, exponent) : special * m)
}

export function recurrence_f32(
  out: usize, a: usize, b: usize, lines: i32, lineStep: i32, count: i32, step: i32, single: i32, initial: f64
): void {
  recurrence<f32>(out, a, b, lines, lineStep, count, step, single, initial)
}

export function recurrence_f64(
  out: usize, a: usize, b: usize, lines: i32, lineStep: i32, count: i32, step: i32, single: i32, initial: f64
): void {
  recurrence<f64>(out, a, b, lines, lineStep, count, step, single, initial)
}

export function cumprodGradient_f32(
  out: usize, a: usize, b: usize, h: usize, room: usize,
  lines: i32, lineStep: i32, count: i32, step: i32, single: i32, initial: f64
): void {
  cumprodGradient<f32>(out, a, b, h, room, lines, lineStep, count, step, single, initial)
}

export function cumprodGradient_f64(
  out: usize, a: usize, b: usize, h: usize, room: usize,
  lines: i32, lineStep: i32, count: i32, step: i32, single: i32, initial: f64
): void {
  cumprodGradient<f64>(out, a, b, h, room, lines, lineStep, count, step, single, initial)
}
