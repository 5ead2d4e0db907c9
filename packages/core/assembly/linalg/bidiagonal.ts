// Singular values: Golub and Kahan's bidiagonal form, then implicit QR that finds small singular values of it to high
// relative accuracy (Demmel & Kahan 1990; LAPACK's dgebrd and dbdsqr). The caller has scaled the matrix.

import { addScaled, at, dot, get, set, transposeSquare } from './block'
import { formQ, reflector } from './reflectors'
import { applyRecord, cosine, createRecord, radius, Record, rotate, sine } from './rotations'

const EPSILON: f64 = 1.1102230246251565e-16
const LEAST: f64 = 2.2250738585072014e-308
/** What an element of e may be of its neighbours: min(100, ε^(−1/8))·ε. */
const TOLERANCE: f64 = 98.70149282610239 * EPSILON
/** Iterations a pair of singular values, at most. */
const MOST: i32 = 6
const SWEEPS: i32 = 48

/**
 * A (m x n, m ≥ n) = Q·B·Pᵀ, B upper bidiagonal with the diagonal d and e above it. Row k of `left` (n x m) gets the reflector
 * of column k from its element k on, row k of A that of the row from element k + 1 on. `w` has room for n elements.
 */
function bidiagonalize(
  a: usize, left: usize, d: usize, e: usize, tausLeft: usize, tausRight: usize, w: usize, m: i32, n: i32
): void {
  for (let k = 0; k < n; k++) {
    const v = at(left, m, k, k)
    for (let i = k; i < m; i++) set(v, i - k, load<f64>(at(a, n, i, k)))
    const tau = reflector(v, 1, m - k)
    set(d, k, get(v, 0))
    set(tausLeft, k, tau)
    set(v, 0, 1)
    const count = n - k - 1
    if (count == 0) continue
    // w = τ·vᵀ·A
    memory.fill(w, 0, <usize>count << 3)
    if (tau != 0) for (let i = k; i < m; i++) addScaled(w, at(a, n, i, k + 1), tau * get(v, i - k), count)
    const first = at(a, n, k, k + 1)
    addScaled(first, w, -1, count)
    const tauRight = reflector(first, 1, count)
    set(e, k, get(first, 0))
    set(tausRight, k, tauRight)
    set(first, 0, 1)
    // Both reflectors in one pass over the rows below.
    for (let i = k + 1; i < m; i++) {
      const row = at(a, n, i, k + 1)
      addScaled(row, w, -get(v, i - k), count)
      addScaled(row, first, -tauRight * dot(row, first, count), count)
    }
  }
}

let smaller: f64 = 0
let larger: f64 = 0
let leftCosine: f64 = 0
let leftSine: f64 = 0
let rightCosine: f64 = 0
let rightSine: f64 = 0

/** The singular values of [[f, g], [0, h]] and the rotations that diagonalise it (LAPACK's dlasv2). */
function svdOf2x2(f: f64, g: f64, h: f64): void {
  const swap = Math.abs(h) > Math.abs(f)
  const ft = swap ? h : f
  const ht = swap ? f : h
  const fa = Math.abs(ft), ha = Math.abs(ht), ga = Math.abs(g)
  let largest = swap ? 3 : 1
  let clt: f64 = 1, crt: f64 = 1, slt: f64 = 0, srt: f64 = 0
  smaller = ha
  larger = fa
  if (ga != 0) {
    if (ga > fa) largest = 2
    if (ga > fa && fa / ga < EPSILON) {
      larger = ga
      smaller = ha > 1 ? fa / (ga / ha) : (fa / ga) * ha
      slt = ht / g
      srt = 1
      crt = ft / g
    } else {
      const difference = fa - ha
      let l = difference == fa ? 1 : difference / fa
      const q = g / ft
      let t = 2 - l
      const s = Math.sqrt(t * t + q * q)
      const r = l == 0 ? Math.abs(q) : Math.sqrt(l * l + q * q)
      const mean = 0.5 * (s + r)
      smaller = ha / mean
      larger = fa * mean
      if (q * q == 0) t = l == 0 ? copysign<f64>(2, ft) * copysign<f64>(1, g) : g / copysign<f64>(difference, ft) + q / t
      else t = (q / (s + t) + q / (r + l)) * (1 + mean)
      l = Math.sqrt(t * t + 4)
      crt = 2 / l
      srt = t / l
      clt = (crt + srt * q) / mean
      slt = ((ht / ft) * srt) / mean
    }
  }
  leftCosine = swap ? srt : clt
  leftSine = swap ? crt : slt
  rightCosine = swap ? slt : crt
  rightSine = swap ? clt : srt
  let sign: f64
  if (largest == 1) sign = copysign<f64>(1, rightCosine) * copysign<f64>(1, leftCosine) * copysign<f64>(1, f)
  else if (largest == 2) sign = copysign<f64>(1, rightSine) * copysign<f64>(1, leftCosine) * copysign<f64>(1, g)
  else sign = copysign<f64>(1, rightSine) * copysign<f64>(1, leftSine) * copysign<f64>(1, h)
  larger = copysign<f64>(larger, sign)
  smaller = copysign<f64>(smaller, sign * copysign<f64>(1, f) * copysign<f64>(1, h))
}

/** The smaller singular value of [[f, g], [0, h]] (LAPACK's dlas2). */
function smallerOf2x2(f: f64, g: f64, h: f64): f64 {
  const fa = Math.abs(f), ga = Math.abs(g), ha = Math.abs(h)
  const low = Math.min(fa, ha), high = Math.max(fa, ha)
  if (low == 0) return 0
  const ratio = 1 + low / high
  const gap = (high - low) / high
  if (ga < high) {
    const u = (ga / high) * (ga / high)
    return low * (2 / (Math.sqrt(ratio * ratio + u) + Math.sqrt(gap * gap + u)))
  }
  const u = high / ga
  if (u == 0) return (low * high) / ga
  const c = 1 / (Math.sqrt(1 + ratio * u * (ratio * u)) + Math.sqrt(1 + gap * u * (gap * u)))
  return 2 * (low * c * u)
}

/** The mean of products by which a block's smallest singular value is bounded, or −1 where an element of e could be set to 0. */
function lowerBound(d: usize, e: usize, from: i32, to: i32): f64 {
  const way = from <= to ? 1 : -1
  const off = way > 0 ? 0 : -1
  let mu = Math.abs(get(d, from))
  let least = mu
  for (let i = from; i != to; i += way) {
    if (Math.abs(get(e, i + off)) <= TOLERANCE * mu) {
      set(e, i + off, 0)
      return -1
    }
    mu = Math.abs(get(d, i + way)) * (mu / (mu + Math.abs(get(e, i + off))))
    least = Math.min(least, mu)
  }
  return least
}

/** A zero-shift sweep from element `from` to `to`: no difference is taken, so that small values keep their digits. */
function sweepWithoutShift(d: usize, e: usize, from: i32, to: i32, right: Record, left: Record): void {
  const way = from < to ? 1 : -1
  const off = way > 0 ? 0 : -1
  let c: f64 = 1, oldC: f64 = 1, oldS: f64 = 0
  for (let i = from; i != to; i += way) {
    rotate(get(d, i) * c, get(e, i + off))
    c = cosine
    const s = sine
    if (i != from) set(e, i - way + off, oldS * radius)
    rotate(oldC * radius, get(d, i + way) * s)
    oldC = cosine
    oldS = sine
    set(d, i, radius)
    if (way > 0) {
      right.add(c, s)
      left.add(oldC, oldS)
    } else {
      right.add(oldC, -oldS)
      left.add(c, -s)
    }
  }
  const h = get(d, to) * c
  set(d, to, h * oldC)
  set(e, to - way + off, h * oldS)
}

/** A sweep with a shift from element `from` to `to`. */
function sweepWithShift(d: usize, e: usize, from: i32, to: i32, shift: f64, right: Record, left: Record): void {
  const way = from < to ? 1 : -1
  const off = way > 0 ? 0 : -1
  const start = get(d, from)
  let f = (Math.abs(start) - shift) * (copysign<f64>(1, start) + shift / start)
  let g = get(e, from + off)
  for (let i = from; i != to; i += way) {
    const at0 = i + off
    rotate(f, g)
    const c = cosine, s = sine
    if (i != from) set(e, at0 - way, radius)
    f = c * get(d, i) + s * get(e, at0)
    set(e, at0, c * get(e, at0) - s * get(d, i))
    g = s * get(d, i + way)
    set(d, i + way, c * get(d, i + way))
    rotate(f, g)
    set(d, i, radius)
    f = cosine * get(e, at0) + sine * get(d, i + way)
    set(d, i + way, cosine * get(d, i + way) - sine * get(e, at0))
    if (i + way != to) {
      g = sine * get(e, at0 + way)
      set(e, at0 + way, cosine * get(e, at0 + way))
    }
    if (way > 0) {
      right.add(c, s)
      left.add(cosine, sine)
    } else {
      right.add(cosine, -sine)
      left.add(c, -s)
    }
  }
  set(e, to - way + off, f)
}

/**
 * d = the singular values of bidiag(d, e), not ordered, perhaps negative. The rows of ut (`colsU` elements) and vt (`colsV`)
 * are rotated along. Returns how many elements of e have not become 0.
 */
function iterate(
  d: usize, e: usize, n: i32, ut: usize, ldu: i32, colsU: i32, vt: usize, ldv: i32, colsV: i32, memory: usize
): i32 {
  const room = 4 + SWEEPS * (2 * n + 3)
  const left = createRecord(memory, room)
  const right = createRecord(memory + (<usize>room << 3), room)
  let least = Math.abs(get(d, 0))
  let mu = least
  for (let i = 1; i < n && least != 0; i++) {
    mu = Math.abs(get(d, i)) * (mu / (mu + Math.abs(get(e, i - 1))))
    least = Math.min(least, mu)
  }
  const threshold = Math.max((TOLERANCE * least) / Math.sqrt(n), MOST * (<f64>n * (<f64>n * LEAST)))
  let budget: i64 = <i64>MOST * n * n
  let way = 0
  let oldFirst = -1, oldLast = -1
  for (let last = n - 1; last > 0; ) {
    if (!left.fits(n)) {
      applyRecord(left, ut, ldu, colsU)
      applyRecord(right, vt, ldv, colsV)
    }
    if (budget < 0) break
    // The block that ends at `last` and has no 0 in e.
    let largest = Math.abs(get(d, last))
    let first = last
    while (first > 0) {
      if (Math.abs(get(e, first - 1)) <= threshold) {
        set(e, first - 1, 0)
        break
      }
      first--
      largest = Math.max(largest, Math.max(Math.abs(get(d, first)), Math.abs(get(e, first))))
    }
    if (first == last) {
      last--
      continue
    }
    if (first == last - 1) {
      svdOf2x2(get(d, first), get(e, first), get(d, last))
      set(d, first, larger)
      set(e, first, 0)
      set(d, last, smaller)
      right.begin(first, 1)
      right.add(rightCosine, rightSine)
      left.begin(first, 1)
      left.add(leftCosine, leftSine)
      last -= 2
      continue
    }
    // Chase the bulge from the larger end to the smaller.
    if (first > oldLast || last < oldFirst) way = Math.abs(get(d, first)) >= Math.abs(get(d, last)) ? 1 : -1
    const from = way > 0 ? first : last
    const to = way > 0 ? last : first
    const final = way > 0 ? last - 1 : first
    if (Math.abs(get(e, final)) <= TOLERANCE * Math.abs(get(d, to))) {
      set(e, final, 0)
      continue
    }
    const bound = lowerBound(d, e, from, to)
    if (bound < 0) continue
    oldFirst = first
    oldLast = last
    let shift: f64 = 0
    if (<f64>n * TOLERANCE * (bound / largest) > Math.max(EPSILON, 0.01 * TOLERANCE)) {
      const start = Math.abs(get(d, from))
      shift = way > 0
        ? smallerOf2x2(get(d, last - 1), get(e, last - 1), get(d, last))
        : smallerOf2x2(get(d, first), get(e, first), get(d, first + 1))
      if (start > 0 && (shift / start) * (shift / start) < EPSILON) shift = 0
    }
    budget -= last - first
    right.begin(from, way)
    left.begin(from, way)
    if (shift == 0) sweepWithoutShift(d, e, from, to, right, left)
    else sweepWithShift(d, e, from, to, shift, right, left)
    if (Math.abs(get(e, final)) <= threshold) set(e, final, 0)
  }
  applyRecord(left, ut, ldu, colsU)
  applyRecord(right, vt, ldv, colsV)
  let rest = 0
  for (let i = 0; i < n - 1; i++) if (get(e, i) != 0) rest++
  return rest
}

/**
 * For A (m x n, m ≥ n): d = the singular values, unordered, perhaps negative; the rows of ut (m x m or n x m) and of vt (n x n)
 * are their vectors. `colsQ` is the number of rows of ut, 0 for values alone; u (m x colsQ) and the rest are work memory.
 */
export function svd_f64(
  a: usize, d: usize, ut: usize, vt: usize, failed: usize, u: usize, left: usize, work: usize,
  m: i32, n: i32, colsQ: i32, ldu: i32, ldv: i32
): void {
  const e = work
  const tausLeft = e + (<usize>n << 3)
  const tausRight = tausLeft + (<usize>n << 3)
  const w = tausRight + (<usize>n << 3)
  const rest = w + (<usize>(n + (n & 1)) << 3)
  bidiagonalize(a, left, d, e, tausLeft, tausRight, w, m, n)
  if (colsQ > 0) {
    formQ(u, colsQ, m, colsQ, left, m, 0, n, tausLeft, rest)
    for (let i = 0; i < colsQ; i++) for (let j = 0; j < m; j++) store<f64>(at(ut, ldu, i, j), load<f64>(at(u, colsQ, j, i)))
    formQ(vt, ldv, n, n, a, n, 1, n - 1, tausRight, rest)
    transposeSquare(vt, ldv, n)
  }
  const vectors = colsQ > 0
  store<f64>(failed, iterate(d, e, n, ut, ldu, vectors ? m : 0, vt, ldv, vectors ? n : 0, rest))
}
