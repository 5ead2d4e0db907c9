// What precedes the iteration for the eigenvalues of a general matrix: balancing (Parlett & Reinsch 1969; LAPACK's dgebal),
// and the reduction to upper Hessenberg form by reflectors (dgehrd).

import { addScaled, at, dot, get, set, swapRows, TINY } from './block'
import { reflector } from './reflectors'
import { largest_f64 } from './sizes'

/** Scales and their quotients stay within 2^±970, and are multiplied and divided by without care. */
const MOST: f64 = 9.979201547673599e291
/** Largest elements near 2^480 can be squared and summed, and leave room below them for what is 2^1500 times smaller. */
export const TOP: i32 = 480

/** The range of rows and columns that balancing has left to reduce. */
export let lowest: i32 = 0
export let highest: i32 = 0

/** e for 2^e ≤ |x| < 2^(e + 1), −1023 for what is smaller than normal numbers. */
@inline function exponentOf(x: f64): i32 {
  return <i32>((reinterpret<u64>(x) >> 52) & 0x7ff) - 1023
}

/** 2^k for |k| ≤ 1022. */
@inline export function powerOfTwo(k: i32): f64 {
  return reinterpret<f64>(<u64>(k + 1023) << 52)
}

/**
 * Multiplies `count` elements by the power of two up to 2^limit that brings the largest near 2^480, unless it lies between that
 * and 2^most. Returns the exponent, and leaves at `size` how large the largest is now.
 */
export function rescale(a: usize, count: i32, most: i32, limit: i32, size: usize): i32 {
  largest_f64(size, a, count)
  const exponent = exponentOf(load<f64>(size))
  const k = min<i32>(max<i32>(TOP - exponent, min<i32>(0, most - exponent)), limit)
  const factor = powerOfTwo(k)
  store<f64>(size, load<f64>(size) * factor)
  if (k != 0) for (let i = 0; i < count; i++) set(a, i, get(a, i) * factor)
  return k
}

/** The largest |x| of elements that are `step` bytes apart. */
function largestOf(x: usize, step: usize, count: i32): f64 {
  let most: f64 = 0
  for (let i = 0; i < count; i++, x += step) most = Math.max(most, Math.abs(load<f64>(x)))
  return most
}

/** Their 2-norm: where squares overflow or vanish, those of their quotients by the largest. */
function normOf(x: usize, step: usize, count: i32, unit: f64 = 1): f64 {
  let sum: f64 = 0
  for (let i = 0, from = x; i < count; i++, from += step) {
    const part = load<f64>(from) / unit
    sum += part * part
  }
  if (sum >= TINY && sum < Infinity) return Math.sqrt(sum) * unit
  const most = largestOf(x, step, count)
  return most == 0 ? 0 : normOf(x, step, count, most)
}

function swapColumns(a: usize, n: i32, p: i32, q: i32): void {
  for (let i = 0; i < n; i++) {
    const kept = load<f64>(at(a, n, i, p))
    store<f64>(at(a, n, i, p), load<f64>(at(a, n, i, q)))
    store<f64>(at(a, n, i, q), kept)
  }
}

function exchange(a: usize, n: i32, scales: usize, p: i32, q: i32): void {
  set(scales, q, p)
  if (p == q) return
  swapColumns(a, n, p, q)
  swapRows(at(a, n, p, 0), at(a, n, q, 0), n)
}

/** Whether row i has nothing but its diagonal element in columns `from` to `to`. */
function aloneInRow(a: usize, n: i32, i: i32, from: i32, to: i32): bool {
  for (let j = from; j <= to; j++) if (j != i && load<f64>(at(a, n, i, j)) != 0) return false
  return true
}

function aloneInColumn(a: usize, n: i32, j: i32, from: i32, to: i32): bool {
  for (let i = from; i <= to; i++) if (i != j && load<f64>(at(a, n, i, j)) != 0) return false
  return true
}

/**
 * Exchanges rows and columns so that eigenvalues that can be read off stand at both ends, and where `evens` scales the others
 * by powers of two until rows and columns have norms alike. scales[i] is the scale, or outside the range what i was exchanged with.
 */
export function balance(a: usize, scales: usize, n: i32, evens: bool): void {
  let low = 0, high = n - 1
  for (let found = true; found; ) {
    found = false
    for (let i = high; i >= 0 && high > 0; i--)
      if (aloneInRow(a, n, i, 0, high)) {
        exchange(a, n, scales, i, high)
        high--
        found = true
        break
      }
  }
  for (let found = true; found; ) {
    found = false
    for (let j = low; j <= high && low < high; j++)
      if (aloneInColumn(a, n, j, low, high)) {
        exchange(a, n, scales, j, low)
        low++
        found = true
        break
      }
  }
  for (let i = low; i <= high; i++) set(scales, i, 1)
  for (let changed = evens; changed; ) {
    changed = false
    for (let i = low; i <= high; i++) {
      const step = <usize>n << 3
      const row = normOf(at(a, n, i, low), 8, high - low + 1), col = normOf(at(a, n, low, i), step, high - low + 1)
      if (row == 0 || col == 0) continue
      // What stands outside the range must not overflow with it.
      const above = largestOf(at(a, n, 0, i), step, low), right = largestOf(at(a, n, i, high + 1), 8, n - 1 - high)
      let factor: f64 = 1, c = col, r = row
      while (c < r / 2 && factor < MOST && above * factor < MOST) {
        factor *= 2
        c *= 2
        r /= 2
      }
      while (c >= r * 2 && factor > 1 / MOST && right < MOST * factor) {
        factor /= 2
        c /= 2
        r *= 2
      }
      if (!(c + r < 0.95 * (col + row))) continue
      const scale = get(scales, i) * factor
      if (!(scale <= MOST && scale >= 1 / MOST)) continue
      changed = true
      set(scales, i, scale)
      for (let j = 0; j < n; j++) {
        store<f64>(at(a, n, i, j), load<f64>(at(a, n, i, j)) / factor)
        store<f64>(at(a, n, j, i), load<f64>(at(a, n, j, i)) * factor)
      }
    }
  }
  lowest = low
  highest = high
}

/**
 * x + iy, y unless it is 0, is a multiple of an eigenvector of the balanced matrix: makes it one of the given matrix (dgebak) whose
 * largest element is near 1.
 */
export function undoBalance(x: usize, y: usize, scales: usize, n: i32, low: i32, high: i32): void {
  let most = -1 << 30
  for (let i = 0; i < n; i++) {
    const size = Math.max(Math.abs(get(x, i)), y ? Math.abs(get(y, i)) : 0)
    if (size > 0) most = max<i32>(most, exponentOf(size) + exponentAt(scales, i, low, high))
  }
  undoOne(x, most, scales, n, low, high)
  if (y) undoOne(y, most, scales, n, low, high)
}

@inline function exponentAt(scales: usize, i: i32, low: i32, high: i32): i32 {
  return i >= low && i <= high ? exponentOf(get(scales, i)) : 0
}

function undoOne(x: usize, most: i32, scales: usize, n: i32, low: i32, high: i32): void {
  for (let i = 0; i < n; i++) {
    if (get(x, i) == 0) continue
    // In two steps, either of which is a number: the product is at most about 1.
    const k = max<i32>(exponentAt(scales, i, low, high) - most, -2000), half = k >> 1
    set(x, i, get(x, i) * powerOfTwo(half) * powerOfTwo(k - half))
  }
  for (let i = low - 1; i >= 0; i--) swap(x, i, <i32>get(scales, i))
  for (let i = high + 1; i < n; i++) swap(x, i, <i32>get(scales, i))
}

@inline function swap(row: usize, p: i32, q: i32): void {
  const kept = get(row, p)
  set(row, p, get(row, q))
  set(row, q, kept)
}

/**
 * A = Q·H·Qᵀ with zeros below the subdiagonal of H, for rows and columns low to high. Row k of v (n x n) gets reflector k, from
 * element k + 1 on. `w` has room for n elements.
 */
export function reduceToHessenberg(a: usize, v: usize, taus: usize, w: usize, n: i32, low: i32, high: i32): void {
  memory.fill(taus, 0, <usize>n << 3)
  memory.fill(v, 0, <usize>(n * n) << 3)
  for (let k = 0; k < n - 1; k++) store<f64>(at(v, n, k, k + 1), 1)
  for (let k = low; k < high - 1; k++) {
    const count = high - k
    const x = at(v, n, k, k + 1)
    for (let i = 0; i < count; i++) set(x, i, load<f64>(at(a, n, k + 1 + i, k)))
    const tau = reflector(x, 1, count)
    set(taus, k, tau)
    store<f64>(at(a, n, k + 1, k), get(x, 0))
    for (let i = k + 2; i <= high; i++) store<f64>(at(a, n, i, k), 0)
    set(x, 0, 1)
    if (tau == 0) continue
    // From the left on columns k + 1 …: w = τ·xᵀ·A, A −= x·w; from the right on all rows: A −= (τ·A·x)·xᵀ.
    const width = n - k - 1
    memory.fill(w, 0, <usize>width << 3)
    for (let i = 0; i < count; i++) addScaled(w, at(a, n, k + 1 + i, k + 1), tau * get(x, i), width)
    for (let i = 0; i <= high; i++) {
      const row = at(a, n, i, k + 1)
      if (i > k) addScaled(row, w, -get(x, i - k - 1), width)
      addScaled(row, x, -tau * dot(row, x, count), count)
    }
  }
}
