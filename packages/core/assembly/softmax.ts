// Softmax and its logarithms of lines. The exponentials and their sums are in float64, two elements at a time:
// neighbours of a row, or two columns.

import { expDifference } from './exponential'
import { along, at, BLOCK, down, Largest } from './lines'
import { log } from './logarithm'
import { expPair } from './single'
import { bytes, lanes, loadPair, storePair, storeUpTo, upperHalf } from './vector'

/** e^(x − shift) for x ≤ shift; the difference of two float32 is exact enough. */
@inline function power<T>(x: v128, shift: v128): v128 {
  return sizeof<T>() == 8 ? expDifference(x, shift) : expPair(f64x2.sub(x, shift))
}

/**
 * Σ e^(x − shift) of `count` pairs that are `step` bytes apart, in halves, so that the error grows with log₂ count.
 * Where out is not 0, its pairs, or their first elements if `single`, become the terms.
 */
function sumPowers<T>(out: usize, a: usize, count: i32, step: usize, shift: v128, single: bool): v128 {
  if (count > BLOCK) {
    const half = count >> 1
    const offset = <usize>half * step
    const first = sumPowers<T>(out, a, half, step, shift, single)
    return f64x2.add(first, sumPowers<T>(out ? out + offset : 0, a + offset, count - half, step, shift, single))
  }
  // Two at a time: each waits for its quotient.
  let even = f64x2.splat(0), odd = even
  for (let i = 1; i < count; i += 2, a += 2 * step) {
    const first = power<T>(loadPair<T>(a), shift), second = power<T>(loadPair<T>(a + step), shift)
    even = f64x2.add(even, first)
    odd = f64x2.add(odd, second)
    if (out) {
      storePair<T>(out, first, single)
      storePair<T>(out + step, second, single)
      out += 2 * step
    }
  }
  if (count & 1) {
    const last = power<T>(loadPair<T>(a), shift)
    even = f64x2.add(even, last)
    if (out) storePair<T>(out, last, single)
  }
  return f64x2.add(even, odd)
}

/** Σ e^(x − shift) of a row. */
function sumRow<T>(out: usize, a: usize, count: i32, shift: T): f64 {
  const shifts = f64x2.splat(<f64>shift)
  const sums = sumPowers<T>(out, a, count >> 1, bytes<T>(2), shifts, false)
  const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
  if (!(count & 1)) return sum
  const last = bytes<T>(count - 1)
  const term = power<T>(f64x2.splat(<f64>load<T>(a + last)), shifts)
  if (out) storePair<T>(out + last, term, true)
  return sum + f64x2.extract_lane(term, 0)
}

// What becomes of the sum of a line.

@unmanaged class Plain { @inline of(sum: v128, shift: v128): v128 { return sum } }
@unmanaged class Log { @inline of(sum: v128, shift: v128): v128 { return log<f64>(sum) } }
@unmanaged class ShiftedLog { @inline of(sum: v128, shift: v128): v128 { return f64x2.add(shift, log<f64>(sum)) } }

/** F of Σ e^(x − shift) of a row, in all lanes. */
@inline function ofRow<T, F>(out: usize, a: usize, count: i32, shift: T): v128 {
  const sum = f64x2.splat(sumRow<T>(out, a, count, shift))
  return v128.splat<T>(<T>f64x2.extract_lane(changetype<F>(0).of(sum, f64x2.splat(<f64>shift)), 0))
}

/** F of Σ e^(x − shift) of each of the first `width` columns of a vector, which are `step` bytes from row to row. */
function ofColumns<T, F>(out: usize, a: usize, count: i32, step: usize, shifts: v128, width: i32): v128 {
  const f = changetype<F>(0)
  if (sizeof<T>() == 8) return f.of(sumPowers<T>(out, a, count, step, shifts, width == 1), shifts)
  const lowShifts = f64x2.promote_low_f32x4(shifts)
  const low = f32x4.demote_f64x2_zero(f.of(sumPowers<T>(out, a, count, step, lowShifts, width == 1), lowShifts))
  if (width <= 2) return low
  const highShifts = f64x2.promote_low_f32x4(upperHalf(shifts))
  const highSums = sumPowers<T>(out ? out + 8 : 0, a + 8, count, step, highShifts, width == 3)
  return v128.shuffle<i64>(low, f32x4.demote_f64x2_zero(f.of(highSums, highShifts)), 0, 2)
}

/** out = e^(x − max) / Σ e^(x − max) on every line. */
export function softmaxLines<T>(out: usize, a: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  if (step == 1) {
    for (let l = 0; l < lines; l++) {
      const to = at<T>(out, l, lineStep), from = at<T>(a, l, lineStep)
      const total = ofRow<T, Plain>(to, from, count, along<T, Largest<T>>(from, count))
      for (let i = 0; i < count; i += lanes<T>())
        storeUpTo<T>(to + bytes<T>(i), v128.div<T>(v128.load(to + bytes<T>(i)), total), count - i)
    }
    return
  }
  const row = bytes<T>(step)
  for (let l = 0; l < lines; l += lanes<T>()) {
    const to = out + bytes<T>(l), from = a + bytes<T>(l)
    const totals = ofColumns<T, Plain>(to, from, count, row, down<T, Largest<T>>(from, count, row), lines - l)
    for (let i = 0; i < count; i++)
      storeUpTo<T>(to + <usize>i * row, v128.div<T>(v128.load(to + <usize>i * row), totals), lines - l)
  }
}

/**
 * out = (x − max) − ln Σ e^(x − max) on every line: the maximum is not added back, so it cannot swallow the logarithm's
 * digits.
 */
export function logSoftmaxLines<T>(out: usize, a: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  if (step == 1) {
    for (let l = 0; l < lines; l++) {
      const to = at<T>(out, l, lineStep), from = at<T>(a, l, lineStep)
      const shift = along<T, Largest<T>>(from, count)
      const shifts = v128.splat<T>(shift), total = ofRow<T, Log>(0, from, count, shift)
      for (let i = 0; i < count; i += lanes<T>()) {
        const difference = v128.sub<T>(v128.load(from + bytes<T>(i)), shifts)
        storeUpTo<T>(to + bytes<T>(i), v128.sub<T>(difference, total), count - i)
      }
    }
    return
  }
  const row = bytes<T>(step)
  for (let l = 0; l < lines; l += lanes<T>()) {
    const to = out + bytes<T>(l), from = a + bytes<T>(l)
    const shifts = down<T, Largest<T>>(from, count, row)
    const totals = ofColumns<T, Log>(0, from, count, row, shifts, lines - l)
    for (let i = 0; i < count; i++) {
      const difference = v128.sub<T>(v128.load(from + <usize>i * row), shifts)
      storeUpTo<T>(to + <usize>i * row, v128.sub<T>(difference, totals), lines - l)
    }
  }
}

/** Infinite maxima instead of a value made of their differences with themselves. */
@inline function unlessInfinite<T>(value: v128, maxima: v128): v128 {
  return v128.bitselect(maxima, value, v128.eq<T>(v128.abs<T>(maxima), v128.splat<T>(<T>Infinity)))
}

/** out[l] = max + ln Σ e^(x − max) of line l */
export function logSumExpLines<T>(out: usize, a: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  if (step == 1) {
    for (let l = 0; l < lines; l++) {
      const from = at<T>(a, l, lineStep)
      const largest = along<T, Largest<T>>(from, count)
      const value = unlessInfinite<T>(ofRow<T, ShiftedLog>(0, from, count, largest), v128.splat<T>(largest))
      store<T>(at<T>(out, l, 1), v128.extract_lane<T>(value, 0))
    }
    return
  }
  const row = bytes<T>(step)
  for (let l = 0; l < lines; l += lanes<T>()) {
    const from = a + bytes<T>(l)
    const maxima = down<T, Largest<T>>(from, count, row)
    const values = ofColumns<T, ShiftedLog>(0, from, count, row, maxima, lines - l)
    storeUpTo<T>(out + bytes<T>(l), unlessInfinite<T>(values, maxima), lines - l)
  }
}
