// What precedes the iteration for the eigenvalues of a general matrix: balancing (Parlett & Reinsch 1969; LAPACK's dgebal),
// and the reduction to upper Hessenberg form by reflectors (dgehrd).

import { addScaled, at, dot, get, set, swapRows } from './block'
import { reflector } from './reflectors'

const LEAST: f64 = 2.2250738585072014e-308
/** Scales stay within 2^±400, so that vectors that are multiplied by them neither overflow nor vanish. */
const MOST: f64 = 2.582249878086909e120

/** The range of rows and columns that balancing has left to reduce. */
export let lowest: i32 = 0
export let highest: i32 = 0

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
      let row: f64 = 0, col: f64 = 0
      for (let j = low; j <= high; j++) {
        const x = load<f64>(at(a, n, i, j)), y = load<f64>(at(a, n, j, i))
        row += x * x
        col += y * y
      }
      row = Math.sqrt(row)
      col = Math.sqrt(col)
      if (row < LEAST || col < LEAST) continue
      let factor: f64 = 1, c = col, r = row
      while (c < r / 2 && factor < 1e150) {
        factor *= 2
        c *= 2
        r /= 2
      }
      while (c >= r * 2 && factor > 1e-150) {
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

/** Rows of vt are eigenvectors of the balanced matrix: makes them those of the given one (dgebak). */
export function undoBalance(vt: usize, ld: i32, count: i32, scales: usize, n: i32, low: i32, high: i32): void {
  for (let k = 0; k < count; k++) {
    const row = at(vt, ld, k, 0)
    for (let i = low; i <= high; i++) set(row, i, get(row, i) * get(scales, i))
    for (let i = low - 1; i >= 0; i--) swap(row, i, <i32>get(scales, i))
    for (let i = high + 1; i < n; i++) swap(row, i, <i32>get(scales, i))
  }
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
