// Lines: line l starts at element l · lineStep and has `count` elements, `step` apart: the rows of a matrix (lineStep =
// cols, step = 1), its columns (lineStep = 1, step = cols), or all of it as one line. This file merges one row or a few
// columns.

import { bytes, lanes } from './vector'

/** Up to this many terms are merged in a few sums side by side; longer lines are split in halves. */
export const BLOCK: i32 = 128

@inline export function at<T>(base: usize, index: i32, step: i32): usize {
  return base + <usize>index * <usize>step * sizeof<T>()
}

// How two elements become one, as vectors and alone, and the element that changes nothing. Merging in halves is
// pairwise summation: the error grows with log₂ count, not with count (Higham 2002, §4.2).

@unmanaged export class Sum<T> {
  @inline identity(): T { return 0 }
  @inline merge(x: v128, y: v128): v128 { return v128.add<T>(x, y) }
  @inline one(x: T, y: T): T { return x + y }
}
@unmanaged export class Product<T> {
  @inline identity(): T { return 1 }
  @inline merge(x: v128, y: v128): v128 { return v128.mul<T>(x, y) }
  @inline one(x: T, y: T): T { return x * y }
}
/** The largest element; NaN if there is one. */
@unmanaged export class Largest<T> {
  @inline identity(): T { return <T>-Infinity }
  @inline merge(x: v128, y: v128): v128 { return v128.max<T>(x, y) }
  @inline one(x: T, y: T): T { return max<T>(x, y) }
}
@unmanaged export class Smallest<T> {
  @inline identity(): T { return <T>Infinity }
  @inline merge(x: v128, y: v128): v128 { return v128.min<T>(x, y) }
  @inline one(x: T, y: T): T { return min<T>(x, y) }
}

/** The lanes of a vector merged, in halves. */
@inline function mergeLanes<T, F>(x: v128): T {
  const f = changetype<F>(0)
  if (sizeof<T>() == 8) return f.one(v128.extract_lane<T>(x, 0), v128.extract_lane<T>(x, 1))
  return f.one(
    f.one(v128.extract_lane<T>(x, 0), v128.extract_lane<T>(x, 1)),
    f.one(v128.extract_lane<T>(x, 2), v128.extract_lane<T>(x, 3))
  )
}

/** Elements side by side, merged. */
export function along<T, F>(a: usize, count: i32): T {
  const f = changetype<F>(0)
  if (count > BLOCK) {
    const half = max<i32>(BLOCK, (count >> 1) & -BLOCK)
    return f.one(along<T, F>(a, half), along<T, F>(a + bytes<T>(half), count - half))
  }
  const identity = v128.splat<T>(f.identity())
  let x0 = identity, x1 = identity, x2 = identity, x3 = identity
  const end = a + bytes<T>(count)
  for (; a + 64 <= end; a += 64) {
    x0 = f.merge(x0, v128.load(a))
    x1 = f.merge(x1, v128.load(a, 16))
    x2 = f.merge(x2, v128.load(a, 32))
    x3 = f.merge(x3, v128.load(a, 48))
  }
  for (; a + 16 <= end; a += 16) x0 = f.merge(x0, v128.load(a))
  let rest = f.identity()
  for (; a < end; a += sizeof<T>()) rest = f.one(rest, load<T>(a))
  return f.one(mergeLanes<T, F>(f.merge(f.merge(x0, x1), f.merge(x2, x3))), rest)
}

/** As many columns as a vector has lanes, `step` bytes from row to row, merged down the rows. */
export function down<T, F>(a: usize, rows: i32, step: usize): v128 {
  const f = changetype<F>(0)
  if (rows > BLOCK) {
    const half = rows >> 1
    return f.merge(down<T, F>(a, half, step), down<T, F>(a + <usize>half * step, rows - half, step))
  }
  const identity = v128.splat<T>(f.identity())
  let x0 = identity, x1 = identity, x2 = identity, x3 = identity
  let i = 0
  for (; i + 4 <= rows; i += 4, a += 4 * step) {
    x0 = f.merge(x0, v128.load(a))
    x1 = f.merge(x1, v128.load(a + step))
    x2 = f.merge(x2, v128.load(a + 2 * step))
    x3 = f.merge(x3, v128.load(a + 3 * step))
  }
  for (; i < rows; i++, a += step) x0 = f.merge(x0, v128.load(a))
  return f.merge(f.merge(x0, x1), f.merge(x2, x3))
}

/**
 * Twice as many columns as a vector has lanes, merged down at most BLOCK rows as by `down`, and divided. Columns side by
 * side share the addresses of their rows.
 */
export function downPair<T, F>(out: usize, a: usize, rows: i32, step: usize, divisors: v128): void {
  const f = changetype<F>(0)
  const identity = v128.splat<T>(f.identity())
  let x0 = identity, x1 = identity, x2 = identity, x3 = identity
  let y0 = identity, y1 = identity, y2 = identity, y3 = identity
  let left = rows
  if (left >= 4) do {
    const b = a + step, c = b + step, d = c + step
    x0 = f.merge(x0, v128.load(a))
    y0 = f.merge(y0, v128.load(a, 16))
    x1 = f.merge(x1, v128.load(b))
    y1 = f.merge(y1, v128.load(b, 16))
    x2 = f.merge(x2, v128.load(c))
    y2 = f.merge(y2, v128.load(c, 16))
    x3 = f.merge(x3, v128.load(d))
    y3 = f.merge(y3, v128.load(d, 16))
    a = d + step
    left -= 4
  } while (left >= 4)
  for (; left > 0; left--, a += step) {
    x0 = f.merge(x0, v128.load(a))
    y0 = f.merge(y0, v128.load(a, 16))
  }
  v128.store(out, v128.div<T>(f.merge(f.merge(x0, x1), f.merge(x2, x3)), divisors))
  v128.store(out, v128.div<T>(f.merge(f.merge(y0, y1), f.merge(y2, y3)), divisors), 16)
}
