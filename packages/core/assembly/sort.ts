// Stable sorting of lines in ascending order, NaN last and −0 beside 0, as NumPy's: short ones by insertion, others by the
// bytes of their keys, from the last byte to the first (an LSD radix sort; Knuth 1998, §5.2.5), in time proportional to
// their length. Long ones are sorted by 11 bits at a time, whose table costs them nothing.

import { at } from './lines'
import { bytes } from './vector'

/** Lines up to this long are sorted by insertion. */
const SHORT: i32 = 32
/** Lines from this long on are sorted by more bits at a time. */
const LONG: i32 = 8192
const BITS: i32 = 8
const LONG_BITS: i32 = 11

/** A whole number of the size of T in the order of elements: equal ones have the same, and NaN the largest. */
@inline function keyOf<T, K>(x: T): K {
  if (x != x) return <K>-1
  const sign: K = <K>1 << (8 * sizeof<T>() - 1)
  // −0 + 0 is 0.
  const key = reinterpret<K>(x + 0)
  return key & sign ? ~key : key | sign
}

@inline function digitOf(key: u64, shift: i32, bits: i32): usize {
  return <usize>((key >> <u64>shift) & ((1 << bits) - 1))
}

function sortByInsertion<T, K>(values: usize, positions: usize, count: i32): void {
  for (let i = 1; i < count; i++) {
    const value = load<T>(at<T>(values, i, 1)), position = positions ? load<i32>(at<i32>(positions, i, 1)) : 0
    const key = keyOf<T, K>(value)
    let j = i
    for (; j > 0; j--) {
      const before = load<T>(at<T>(values, j - 1, 1))
      if (keyOf<T, K>(before) <= key) break
      store<T>(at<T>(values, j, 1), before)
      if (positions) store<i32>(at<i32>(positions, j, 1), load<i32>(at<i32>(positions, j - 1, 1)))
    }
    store<T>(at<T>(values, j, 1), value)
    if (positions) store<i32>(at<i32>(positions, j, 1), position)
  }
}

/** How many keys have each digit, for each place of a digit. */
@inline function countDigits<T, K>(counts: usize, values: usize, count: i32, bits: i32): void {
  const width = 8 * sizeof<T>()
  memory.fill(counts, 0, <usize>((width + bits - 1) / bits) << (bits + 2))
  for (let i = 0; i < count; i++) {
    const key = <u64>keyOf<T, K>(load<T>(at<T>(values, i, 1)))
    let table = counts
    for (let shift = 0; shift < <i32>width; shift += bits, table += 4 << bits) {
      const to = table + (digitOf(key, shift, bits) << 2)
      store<i32>(to, load<i32>(to) + 1)
    }
  }
}

/** Sorts by one digit, as the keys with each are counted, and keeps the order of those with the same. */
@inline function sortByDigit<T, K>(
  toValues: usize, toPositions: usize, values: usize, positions: usize, count: i32, shift: i32, bits: i32, counts: usize
): void {
  let start = 0
  for (let digit = 0; digit < 1 << bits; digit++) {
    const to = at<i32>(counts, digit, 1)
    const length = load<i32>(to)
    store<i32>(to, start)
    start += length
  }
  for (let i = 0; i < count; i++) {
    const value = load<T>(at<T>(values, i, 1))
    const place = counts + (digitOf(<u64>keyOf<T, K>(value), shift, bits) << 2)
    const to = load<i32>(place)
    store<i32>(place, to + 1)
    store<T>(at<T>(toValues, to, 1), value)
    if (positions) store<i32>(at<i32>(toPositions, to, 1), load<i32>(at<i32>(positions, i, 1)))
  }
}

/** Whether all keys have the same digit as this one. */
@inline function isCommon(key: u64, shift: i32, bits: i32, counts: usize, count: i32): bool {
  return load<i32>(counts + (digitOf(key, shift, bits) << 2)) == count
}

/**
 * Sorts `count` values by digits of so many bits, and where `positions` is not 0 their positions with them; each has as much room
 * behind it as it takes. Returns whether they are there now.
 */
@inline function sortByDigits<T, K>(values: usize, positions: usize, count: i32, bits: i32, counts: usize): bool {
  countDigits<T, K>(counts, values, count, bits)
  let from = values, to = at<T>(values, count, 1)
  let fromPositions = positions, toPositions = positions ? at<i32>(positions, count, 1) : 0
  const key = <u64>keyOf<T, K>(load<T>(values))
  for (let shift = 0; shift < <i32>(8 * sizeof<T>()); shift += bits, counts += 4 << bits) {
    if (isCommon(key, shift, bits, counts, count)) continue
    sortByDigit<T, K>(to, toPositions, from, fromPositions, count, shift, bits, counts)
    const values = from, positions = fromPositions
    from = to
    to = values
    fromPositions = toPositions
    toPositions = positions
  }
  return from != values
}

/**
 * Sorts each line: out has its elements in order, or as float64 where in the line they were if `asks` for that.
 *
 * @param room for twice the elements of a line, twice as many numbers of 4 bytes if it asks for positions, and 1536 of them for
 * each byte of an element
 */
@inline function sortLines<T, K>(
  out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32, asks: bool
): void {
  const values = room, places = at<T>(values, count, 2), counts = asks ? at<i32>(places, count, 2) : places
  for (let l = 0; l < lines; l++) {
    const line = at<T>(a, l, lineStep)
    for (let i = 0; i < count; i++) store<T>(at<T>(values, i, 1), load<T>(at<T>(line, i, step)))
    if (asks) for (let i = 0; i < count; i++) store<i32>(at<i32>(places, i, 1), i)
    let moved = false
    if (count <= SHORT) sortByInsertion<T, K>(values, asks ? places : 0, count)
    else if (count < LONG) moved = sortByDigits<T, K>(values, asks ? places : 0, count, BITS, counts)
    else moved = sortByDigits<T, K>(values, asks ? places : 0, count, LONG_BITS, counts)
    if (asks) {
      const sorted = moved ? at<i32>(places, count, 1) : places
      const to = at<f64>(out, l, lineStep)
      for (let i = 0; i < count; i++) store<f64>(at<f64>(to, i, step), load<i32>(at<i32>(sorted, i, 1)))
    } else {
      const sorted = moved ? at<T>(values, count, 1) : values
      const to = at<T>(out, l, lineStep)
      for (let i = 0; i < count; i++) store<T>(at<T>(to, i, step), load<T>(at<T>(sorted, i, 1)))
    }
  }
}

/** Bits that selection looks at in one pass: more than a byte, since the first of floating-point numbers differ little. */
const SELECTING: i32 = 11
const SELECTED: i32 = 1 << SELECTING

/**
 * The k-th smallest of the elements of a line, from 0, in the order above: those with its bits are kept, from the first bits
 * of the keys on. The last bits may be some that were looked at already, and are the same in all then.
 */
function kthOf<T, K>(line: usize, count: i32, step: i32, k: i32, room: usize): T {
  const counts = at<T>(room, count, 1)
  let from = line, left = count
  for (let shift: i32 = 8 * sizeof<T>() - SELECTING; left > 1; shift = max<i32>(0, shift - SELECTING)) {
    memory.fill(counts, 0, bytes<i32>(SELECTED))
    for (let i = 0; i < left; i++) {
      const to = counts + (partOf(<u64>keyOf<T, K>(load<T>(at<T>(from, i, step))), shift) << 2)
      store<i32>(to, load<i32>(to) + 1)
    }
    let part: usize = 0
    for (let length = load<i32>(counts); k >= length; length = load<i32>(counts + (++part << 2))) k -= length
    let kept = 0
    for (let i = 0; i < left; i++) {
      const value = load<T>(at<T>(from, i, step))
      // Without a branch, which would often be guessed wrong.
      store<T>(at<T>(room, kept, 1), value)
      kept += i32(partOf(<u64>keyOf<T, K>(value), shift) == part)
    }
    left = kept
    from = room
    step = 1
    if (shift == 0) break
  }
  return load<T>(at<T>(from, k, step))
}

@inline function partOf(key: u64, shift: i32): usize {
  return <usize>((key >> <u64>shift) & (SELECTED - 1))
}

/** out[l] = the k-th smallest element of line l. The room is for a line and 2048 numbers of 4 bytes. */
function kthOfLines<T, K>(
  out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32, k: i32
): void {
  for (let l = 0; l < lines; l++)
    store<T>(at<T>(out, l, 1), kthOf<T, K>(at<T>(a, l, lineStep), count, step, k, room))
}

export function sort_f32(out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  sortLines<f32, u32>(out, a, room, lines, lineStep, count, step, false)
}

export function sort_f64(out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  sortLines<f64, u64>(out, a, room, lines, lineStep, count, step, false)
}

export function argsort_f32(out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  sortLines<f32, u32>(out, a, room, lines, lineStep, count, step, true)
}

export function argsort_f64(out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32): void {
  sortLines<f64, u64>(out, a, room, lines, lineStep, count, step, true)
}

export function kthValue_f32(
  out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32, k: i32
): void {
  kthOfLines<f32, u32>(out, a, room, lines, lineStep, count, step, k)
}

export function kthValue_f64(
  out: usize, a: usize, room: usize, lines: i32, lineStep: i32, count: i32, step: i32, k: i32
): void {
  kthOfLines<f64, u64>(out, a, room, lines, lineStep, count, step, k)
}
