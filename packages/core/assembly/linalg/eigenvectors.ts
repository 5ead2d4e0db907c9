// Eigenvalues and eigenvectors of a general matrix: balanced, reduced, in real Schur form, of which the vectors are found by
// substitution (LAPACK's dgeev and dtrevc).

import { at, dot, get, multiply, set, transposeSquare } from './block'
import { balance, highest, lowest, powerOfTwo, reduceToHessenberg, rescale, TOP, undoBalance } from './hessenberg'
import { formQ } from './reflectors'
import { iterate } from './schur'

const ULP: f64 = 2.220446049250313e-16
const LEAST: f64 = 2.2250738585072014e-308
/** A vector whose elements grow beyond 2^20 is scaled down, so that its products with T are below about 2^500. */
const GROWN: f64 = 1048576
/** No quotient is larger than 2^500: multiplied by T it is a number, and neither is what keeps it bounded 0 for the least pivot. */
const LARGE: f64 = 3.273390607896142e150

let quotientRe: f64 = 0
let quotientIm: f64 = 0

/** (a + ib) / (c + id), robustly (Smith 1962). */
function divideComplex(a: f64, b: f64, c: f64, d: f64): void {
  if (Math.abs(c) >= Math.abs(d)) {
    const r = d / c
    const s = c + d * r
    quotientRe = (a + b * r) / s
    quotientIm = (b - a * r) / s
  } else {
    const r = c / d
    const s = c * r + d
    quotientRe = (a * r + b) / s
    quotientIm = (b * r - a) / s
  }
}

let firstRe: f64 = 0
let firstIm: f64 = 0
let secondRe: f64 = 0
let secondIm: f64 = 0
let shrink: f64 = 1

/**
 * [[a − iw, b], [c, d − iw]]·(first, second) = (r₀, r₁) by elimination with complete pivoting; a pivot smaller than `small` is
 * replaced by it (LAPACK's dlaln2). The solution is that for the right side times `shrink`, which keeps it bounded.
 */
function solvePair(
  a: f64, b: f64, c: f64, d: f64, w: f64, re0: f64, im0: f64, re1: f64, im1: f64, small: f64
): void {
  const sizeA = Math.abs(a) + Math.abs(w), sizeD = Math.abs(d) + Math.abs(w)
  const diagonal = Math.max(sizeA, sizeD) >= Math.max(Math.abs(b), Math.abs(c))
  // The system with the largest element as its first: [[p, q], [r, s]]·(u, v) = (f, g).
  const bottom = diagonal ? sizeD > sizeA : Math.abs(c) > Math.abs(b)
  const right = diagonal ? bottom : !bottom
  let pRe = diagonal ? (bottom ? d : a) : bottom ? c : b
  let pIm = diagonal ? -w : 0
  const qRe = diagonal ? (bottom ? c : b) : bottom ? d : a
  const qIm = diagonal ? 0 : -w
  const rRe = diagonal ? (bottom ? b : c) : bottom ? a : d
  const rIm = diagonal ? 0 : -w
  const sRe = diagonal ? (bottom ? a : d) : bottom ? b : c
  const sIm = diagonal ? -w : 0
  if (Math.abs(pRe) + Math.abs(pIm) < small) {
    pRe = small
    pIm = 0
  }
  divideComplex(rRe, rIm, pRe, pIm)
  const lRe = quotientRe, lIm = quotientIm
  let lastRe = sRe - (lRe * qRe - lIm * qIm)
  let lastIm = sIm - (lRe * qIm + lIm * qRe)
  if (Math.abs(lastRe) + Math.abs(lastIm) < small) {
    lastRe = small
    lastIm = 0
  }
  shrink = bounding(Math.abs(re0) + Math.abs(im0) + Math.abs(re1) + Math.abs(im1), Math.abs(lastRe) + Math.abs(lastIm))
  const fRe = shrink * (bottom ? re1 : re0), fIm = shrink * (bottom ? im1 : im0)
  const gRe = shrink * (bottom ? re0 : re1), gIm = shrink * (bottom ? im0 : im1)
  divideComplex(gRe - (lRe * fRe - lIm * fIm), gIm - (lRe * fIm + lIm * fRe), lastRe, lastIm)
  const vRe = quotientRe, vIm = quotientIm
  divideComplex(fRe - (qRe * vRe - qIm * vIm), fIm - (qRe * vIm + qIm * vRe), pRe, pIm)
  firstRe = right ? vRe : quotientRe
  firstIm = right ? vIm : quotientIm
  secondRe = right ? quotientRe : vRe
  secondIm = right ? quotientIm : vIm
}

/** Elements `from` to `to` of x, and of y where it is complex, are multiplied by a factor. */
function scaleVector(x: usize, y: usize, complex: bool, from: i32, to: i32, factor: f64): void {
  if (factor == 1) return
  for (let i = from; i <= to; i++) {
    set(x, i, get(x, i) * factor)
    if (complex) set(y, i, get(y, i) * factor)
  }
}

/** x and y, elements `from` to `to`, are scaled down where one of the first `count` has grown beyond bounds. */
function keepBounded(x: usize, y: usize, complex: bool, from: i32, count: i32, to: i32): void {
  let size: f64 = 0
  for (let i = from; i < from + count; i++) {
    size = Math.max(size, Math.abs(get(x, i)))
    if (complex) size = Math.max(size, Math.abs(get(y, i)))
  }
  if (size > GROWN) scaleVector(x, y, complex, from, to, 1 / size)
}

/** The factor that keeps a quotient bounded whose numerator and denominator have these sizes. */
@inline function bounding(numerator: f64, denominator: f64): f64 {
  return numerator > LARGE * denominator ? (LARGE * denominator) / numerator : 1
}

/**
 * The eigenvector x + iy of T for the eigenvalue wr + i·wi at place `k`, or at k − 1 and k where it is complex (wi > 0): elements
 * 0 … k. Where T − λ is singular, `small` stands for 0.
 */
function substitute(t: usize, n: i32, k: i32, wr: f64, wi: f64, x: usize, y: usize, small: f64): void {
  const complex = wi != 0
  memory.fill(x, 0, <usize>n << 3)
  if (complex) memory.fill(y, 0, <usize>n << 3)
  let j: i32
  if (complex) {
    const b = load<f64>(at(t, n, k - 1, k)), c = load<f64>(at(t, n, k, k - 1))
    if (Math.abs(b) >= Math.abs(c)) {
      set(x, k - 1, 1)
      set(y, k, wi / b)
    } else {
      set(x, k - 1, -wi / c)
      set(y, k, 1)
    }
    j = k - 2
  } else {
    set(x, k, 1)
    j = k - 1
  }
  for (; j >= 0; j--) {
    const paired = j > 0 && load<f64>(at(t, n, j, j - 1)) != 0
    const count = k - j
    const re1 = -dot(at(t, n, j, j + 1), x + (<usize>(j + 1) << 3), count)
    const im1 = complex ? -dot(at(t, n, j, j + 1), y + (<usize>(j + 1) << 3), count) : 0
    let d1 = load<f64>(at(t, n, j, j)) - wr
    if (!paired) {
      if (Math.abs(d1) + Math.abs(wi) < small) d1 = small
      const factor = bounding(Math.abs(re1) + Math.abs(im1), Math.abs(d1) + Math.abs(wi))
      scaleVector(x, y, complex, j + 1, k, factor)
      if (complex) {
        divideComplex(re1 * factor, im1 * factor, d1, -wi)
        set(x, j, quotientRe)
        set(y, j, quotientIm)
      } else set(x, j, (re1 * factor) / d1)
      keepBounded(x, y, complex, j, 1, k)
      continue
    }
    const i = j - 1
    const re0 = -dot(at(t, n, i, j + 1), x + (<usize>(j + 1) << 3), count)
    const im0 = complex ? -dot(at(t, n, i, j + 1), y + (<usize>(j + 1) << 3), count) : 0
    solvePair(load<f64>(at(t, n, i, i)) - wr, load<f64>(at(t, n, i, j)), load<f64>(at(t, n, j, i)), d1, wi, re0, im0, re1, im1, small)
    scaleVector(x, y, complex, j + 1, k, shrink)
    set(x, i, firstRe)
    set(x, j, secondRe)
    if (complex) {
      set(y, i, firstIm)
      set(y, j, secondIm)
    }
    keepBounded(x, y, complex, i, 2, k)
    j--
  }
}

/** Scales x + iy to norm 1; a complex one also so that its largest element is real (dgeev). */
function normalize(x: usize, y: usize, complex: bool, n: i32): void {
  let largest: f64 = 0
  for (let i = 0; i < n; i++) {
    largest = Math.max(largest, Math.abs(get(x, i)))
    if (complex) largest = Math.max(largest, Math.abs(get(y, i)))
  }
  if (largest == 0) return
  const inverse = 1 / largest
  let square: f64 = 0, most: f64 = -1
  let place = 0
  for (let i = 0; i < n; i++) {
    set(x, i, get(x, i) * inverse)
    let size = get(x, i) * get(x, i)
    if (complex) {
      set(y, i, get(y, i) * inverse)
      size += get(y, i) * get(y, i)
    }
    square += size
    if (size > most) {
      most = size
      place = i
    }
  }
  const norm = Math.sqrt(square)
  if (!complex) {
    for (let i = 0; i < n; i++) set(x, i, get(x, i) / norm)
    return
  }
  const modulus = Math.sqrt(most)
  const c = get(x, place) / modulus / norm, s = get(y, place) / modulus / norm
  for (let i = 0; i < n; i++) {
    const p = get(x, i), q = get(y, i)
    set(x, i, c * p + s * q)
    set(y, i, c * q - s * p)
  }
  set(y, place, 0)
}

/**
 * re + i·im = the eigenvalues of A (n x n); the rows of xt and yt are the real and imaginary parts of the vectors, unless
 * `vectors` is 0. Unless `balanced` is 0 rows and columns are scaled, and all that is dropped is small beside what is near it, not
 * beside the largest element alone. Balancing comes before all else that scales: what is far below the largest element may not be
 * after it. A, zt (n rows of ld elements), v (n x n) and `work` (4·n + what formQ takes) are overwritten; `failed` gets how many
 * eigenvalues are missing, and the power of two that re and im were multiplied by.
 */
export function eig_f64(
  a: usize, re: usize, im: usize, xt: usize, yt: usize, failed: usize, zt: usize, v: usize, work: usize,
  n: i32, ld: i32, vectors: i32, balanced: i32
): void {
  const scales = work
  const taus = scales + (<usize>n << 3)
  const w = taus + (<usize>n << 3)
  const rest = w + (<usize>(n + 4) << 3)
  const up = rescale(a, n * n, 1000, 1000, w)
  balance(a, scales, n, balanced != 0)
  store<f64>(failed, powerOfTwo(up + rescale(a, n * n, TOP, 1000 - up, w)), 8)
  const size = load<f64>(w)
  const low = lowest, high = highest
  reduceToHessenberg(a, v, taus, w, n, low, high)
  if (vectors) {
    formQ(zt, ld, n, n, v, n, 1, n - 1, taus, rest)
    transposeSquare(zt, ld, n)
  }
  const missing = iterate(a, vectors ? zt : 0, ld, re, im, w, n, low, high, balanced ? LEAST * (<f64>(high - low + 1) / ULP) : ULP * size)
  store<f64>(failed, missing)
  if (!vectors || missing) return
  // The vectors of T, rows of v: both parts of a pair in its two rows.
  for (let k = n - 1; k >= 0; k--) {
    const wi = Math.abs(get(im, k))
    const small = Math.max(ULP * (Math.abs(get(re, k)) + wi), LEAST * (<f64>n / ULP))
    if (wi != 0) {
      substitute(a, n, k, get(re, k), wi, at(v, n, k - 1, 0), at(v, n, k, 0), small)
      k--
    } else substitute(a, n, k, get(re, k), 0, at(v, n, k, 0), 0, small)
  }
  multiply(xt, n, v, n, 1, zt, ld, 1, n, n, n)
  memory.fill(yt, 0, <usize>(n * n) << 3)
  for (let k = 0; k < n; k++) {
    const x = at(xt, n, k, 0)
    if (get(im, k) == 0) {
      undoBalance(x, 0, scales, n, low, high)
      normalize(x, 0, false, n)
      continue
    }
    const next = at(xt, n, k + 1, 0)
    undoBalance(x, next, scales, n, low, high)
    normalize(x, next, true, n)
    memory.copy(at(yt, n, k, 0), next, <usize>n << 3)
    memory.copy(next, x, <usize>n << 3)
    for (let i = 0; i < n; i++) store<f64>(at(yt, n, k + 1, i), -load<f64>(at(yt, n, k, i)))
    k++
  }
}
