// The real Schur form of a Hessenberg matrix by Francis's double-shift QR (LAPACK's dlahqr and dlanv2).

import { at, set } from './block'
import { reflector } from './reflectors'

const ULP: f64 = 2.220446049250313e-16
const LEAST: f64 = 2.2250738585072014e-308

@inline function abs(x: f64): f64 {
  return Math.abs(x)
}

@inline function h(a: usize, n: i32, i: i32, j: i32): f64 {
  return load<f64>(at(a, n, i, j))
}

/** Rows x, y, z −= (x + v₂·y + v₃·z)·(t₁, t₂, t₃), `count` elements; z alone where there are but two. */
function reflectRows(x: usize, ld: i32, count: i32, v2: f64, v3: f64, t1: f64, three: bool): void {
  const y = x + (<usize>ld << 3)
  const z = y + (<usize>ld << 3)
  const a2 = f64x2.splat(v2), a3 = f64x2.splat(v3)
  const s1 = f64x2.splat(t1), s2 = f64x2.splat(t1 * v2), s3 = f64x2.splat(t1 * v3)
  let j: usize = 0
  for (const end = <usize>(count & ~1) << 3; j < end; j += 16) {
    const p = v128.load(x + j), q = v128.load(y + j)
    let sum = f64x2.add(p, f64x2.mul(a2, q))
    if (three) {
      const r = v128.load(z + j)
      sum = f64x2.add(sum, f64x2.mul(a3, r))
      v128.store(z + j, f64x2.sub(r, f64x2.mul(sum, s3)))
    }
    v128.store(x + j, f64x2.sub(p, f64x2.mul(sum, s1)))
    v128.store(y + j, f64x2.sub(q, f64x2.mul(sum, s2)))
  }
  if (count & 1) {
    const p = load<f64>(x + j), q = load<f64>(y + j)
    let sum = p + v2 * q
    if (three) {
      const r = load<f64>(z + j)
      sum = sum + v3 * r
      store<f64>(z + j, r - sum * (t1 * v3))
    }
    store<f64>(x + j, p - sum * t1)
    store<f64>(y + j, q - sum * (t1 * v2))
  }
}

/** The same for the columns that begin at x. */
function reflectColumns(x: usize, ld: i32, count: i32, v2: f64, v3: f64, t1: f64, three: bool): void {
  const t2 = t1 * v2, t3 = t1 * v3
  for (let i = 0; i < count; i++, x += <usize>ld << 3) {
    const p = load<f64>(x), q = load<f64>(x, 8)
    let sum = p + v2 * q
    if (three) {
      const r = load<f64>(x, 16)
      sum = sum + v3 * r
      store<f64>(x, r - sum * t3, 16)
    }
    store<f64>(x, p - sum * t1)
    store<f64>(x, q - sum * t2, 8)
  }
}

/** Row x becomes c·x + s·y, row y c·y − s·x; `step` bytes lead from element to element. */
function rotatePair(x: usize, y: usize, step: usize, count: i32, c: f64, s: f64): void {
  for (let i = 0; i < count; i++, x += step, y += step) {
    const p = load<f64>(x), q = load<f64>(y)
    store<f64>(x, c * p + s * q)
    store<f64>(y, c * q - s * p)
  }
}

let cosine: f64 = 1
let sine: f64 = 0
let imaginary: f64 = 0

/**
 * The Schur form of the 2x2 block at [p, p]: either c = 0, or both diagonal elements are the same and b·c < 0; its rotation is
 * left in cosine and sine, the imaginary part of its first eigenvalue in imaginary (dlanv2).
 */
function standardize(t: usize, n: i32, p: i32): void {
  let a = h(t, n, p, p), b = h(t, n, p, p + 1), c = h(t, n, p + 1, p), d = h(t, n, p + 1, p + 1)
  let cs: f64 = 1, sn: f64 = 0
  if (c == 0) {
    // Triangular already.
  } else if (b == 0) {
    cs = 0
    sn = 1
    const kept = d
    d = a
    a = kept
    b = -c
    c = 0
  } else if (a - d != 0 || copysign<f64>(1, b) == copysign<f64>(1, c)) {
    const difference = a - d
    const half = 0.5 * difference
    const most = Math.max(abs(b), abs(c))
    const least = Math.min(abs(b), abs(c)) * copysign<f64>(1, b) * copysign<f64>(1, c)
    const scale = Math.max(abs(half), most)
    let z = (half / scale) * half + (most / scale) * least
    if (z >= 4 * ULP) {
      z = half + copysign<f64>(Math.sqrt(scale) * Math.sqrt(z), half)
      a = d + z
      d = d - (most / z) * least
      const tau = Math.hypot(c, z)
      cs = z / tau
      sn = c / tau
      b = b - c
      c = 0
    } else {
      const sigma = b + c
      const tau = Math.hypot(sigma, difference)
      cs = Math.sqrt(0.5 * (1 + abs(sigma) / tau))
      sn = -(half / (tau * cs)) * copysign<f64>(1, sigma)
      const aa = a * cs + b * sn, bb = -a * sn + b * cs
      const cc = c * cs + d * sn, dd = -c * sn + d * cs
      a = aa * cs + cc * sn
      b = bb * cs + dd * sn
      c = -aa * sn + cc * cs
      d = -bb * sn + dd * cs
      const mean = 0.5 * (a + d)
      a = mean
      d = mean
      if (c != 0 && b == 0) {
        b = -c
        c = 0
        const kept = cs
        cs = -sn
        sn = kept
      } else if (c != 0 && copysign<f64>(1, b) == copysign<f64>(1, c)) {
        const rootB = Math.sqrt(abs(b)), rootC = Math.sqrt(abs(c))
        const offset = copysign<f64>(rootB * rootC, c)
        const inverse = 1 / Math.sqrt(abs(b + c))
        a = mean + offset
        d = mean - offset
        b = b - c
        c = 0
        const cs1 = rootB * inverse, sn1 = rootC * inverse
        const kept = cs * cs1 - sn * sn1
        sn = cs * sn1 + sn * cs1
        cs = kept
      }
    }
  }
  store<f64>(at(t, n, p, p), a)
  store<f64>(at(t, n, p, p + 1), b)
  store<f64>(at(t, n, p + 1, p), c)
  store<f64>(at(t, n, p + 1, p + 1), d)
  cosine = cs
  sine = sn
  imaginary = c == 0 ? 0 : Math.sqrt(abs(b)) * Math.sqrt(abs(c))
}

/** Whether the subdiagonal element [k, k − 1] may be set to 0 (Ahues & Tisseur 1997). */
function negligible(t: usize, n: i32, k: i32, low: i32, high: i32, small: f64): bool {
  const off = abs(h(t, n, k, k - 1))
  if (off <= small) return true
  let size = abs(h(t, n, k - 1, k - 1)) + abs(h(t, n, k, k))
  if (size == 0) {
    if (k - 2 >= low) size += abs(h(t, n, k - 1, k - 2))
    if (k + 1 <= high) size += abs(h(t, n, k + 1, k))
  }
  if (off > ULP * size) return false
  const other = abs(h(t, n, k - 1, k))
  const last = abs(h(t, n, k, k)), gap = abs(h(t, n, k - 1, k - 1) - h(t, n, k, k))
  const ab = Math.max(off, other), ba = Math.min(off, other)
  const aa = Math.max(last, gap), bb = Math.min(last, gap)
  const s = aa + ab
  return ba * (ab / s) <= Math.max(small, ULP * (bb * (aa / s)))
}

/**
 * T in place of the Hessenberg matrix t, its eigenvalues in re and im, and the rows of zt (n, `ld` elements apart) multiplied by
 * the transformations, unless it is 0. Without vectors T itself is not completed. Subdiagonal elements up to `small`
 * become 0, and those that are nothing beside their neighbours. Returns how many eigenvalues are missing.
 */
export function iterate(
  t: usize, zt: usize, ld: i32, re: usize, im: usize, v: usize, n: i32, low: i32, high: i32, small: f64
): i32 {
  const vectors = zt != 0
  const most = 30 * max<i32>(10, high - low + 1)
  for (let i = 0; i < n; i++)
    if (i < low || i > high) {
      set(re, i, h(t, n, i, i))
      set(im, i, 0)
    }
  let deflations = 0
  for (let last = high; last >= low; ) {
    let first = low
    let done = false
    for (let turn = 0; turn <= most; turn++) {
      let k = last
      while (k > first && !negligible(t, n, k, low, high, small)) k--
      first = k
      if (first > low) store<f64>(at(t, n, first, first - 1), 0)
      if (first >= last - 1) {
        done = true
        break
      }
      deflations++
      // Two shifts: the eigenvalues of the last 2x2 block, or now and then of another, where it goes round in circles.
      let h11: f64, h12: f64, h21: f64, h22: f64
      if (deflations % 10 == 0) {
        const end = deflations % 20 == 0
        const s = end
          ? abs(h(t, n, last, last - 1)) + abs(h(t, n, last - 1, last - 2))
          : abs(h(t, n, first + 1, first)) + abs(h(t, n, first + 2, first + 1))
        h11 = 0.75 * s + (end ? h(t, n, last, last) : h(t, n, first, first))
        h12 = -0.4375 * s
        h21 = s
        h22 = h11
      } else {
        h11 = h(t, n, last - 1, last - 1)
        h12 = h(t, n, last - 1, last)
        h21 = h(t, n, last, last - 1)
        h22 = h(t, n, last, last)
      }
      let re1: f64 = 0, im1: f64 = 0, re2: f64 = 0, im2: f64 = 0
      const s = abs(h11) + abs(h12) + abs(h21) + abs(h22)
      if (s != 0) {
        h11 /= s
        h12 /= s
        h21 /= s
        h22 /= s
        const mean = (h11 + h22) / 2
        const determinant = (h11 - mean) * (h22 - mean) - h12 * h21
        const root = Math.sqrt(abs(determinant))
        if (determinant >= 0) {
          re1 = re2 = mean * s
          im1 = root * s
          im2 = -im1
        } else {
          const a = mean + root, b = mean - root
          re1 = re2 = (abs(a - h22) <= abs(b - h22) ? a : b) * s
        }
      }
      // Two consecutive small subdiagonal elements allow to begin further down.
      let m = last - 2
      let v1: f64 = 0, v2: f64 = 0, v3: f64 = 0
      for (; ; m--) {
        const d0 = h(t, n, m, m), d1 = h(t, n, m + 1, m + 1), below = h(t, n, m + 1, m)
        let size = abs(d0 - re2) + abs(im2) + abs(below)
        const scaled = below / size
        v1 = scaled * h(t, n, m, m + 1) + (d0 - re1) * ((d0 - re2) / size) - im1 * (im2 / size)
        v2 = scaled * (d0 + d1 - re1 - re2)
        v3 = scaled * h(t, n, m + 2, m + 1)
        size = abs(v1) + abs(v2) + abs(v3)
        v1 /= size
        v2 /= size
        v3 /= size
        if (m == first) break
        const around = abs(h(t, n, m - 1, m - 1)) + abs(d0) + abs(d1)
        if (abs(h(t, n, m, m - 1)) * (abs(v2) + abs(v3)) <= ULP * abs(v1) * around) break
      }
      const top = vectors ? 0 : first
      const end = vectors ? n : last + 1
      for (let k = m; k < last; k++) {
        const three = k < last - 1
        if (k > m) {
          v1 = h(t, n, k, k - 1)
          v2 = h(t, n, k + 1, k - 1)
          if (three) v3 = h(t, n, k + 2, k - 1)
        }
        store<f64>(v, v1)
        store<f64>(v, v2, 8)
        store<f64>(v, v3, 16)
        const tau = reflector(v, 1, three ? 3 : 2)
        if (k > m) {
          store<f64>(at(t, n, k, k - 1), load<f64>(v))
          store<f64>(at(t, n, k + 1, k - 1), 0)
          if (three) store<f64>(at(t, n, k + 2, k - 1), 0)
        } else if (m > first) store<f64>(at(t, n, k, k - 1), h(t, n, k, k - 1) * (1 - tau))
        const w2 = load<f64>(v, 8), w3 = load<f64>(v, 16)
        reflectRows(at(t, n, k, k), n, end - k, w2, w3, tau, three)
        reflectColumns(at(t, n, top, k), n, min<i32>(k + 3, last) + 1 - top, w2, w3, tau, three)
        if (vectors) reflectRows(at(zt, ld, k, 0), ld, n, w2, w3, tau, three)
      }
    }
    if (!done) return last + 1 - low
    if (first == last) {
      set(re, last, h(t, n, last, last))
      set(im, last, 0)
    } else {
      const p = last - 1
      standardize(t, n, p)
      set(re, p, h(t, n, p, p))
      set(re, last, h(t, n, last, last))
      set(im, p, imaginary)
      set(im, last, 0 - imaginary)
      if (vectors) {
        rotatePair(at(t, n, p, last + 1), at(t, n, last, last + 1), 8, n - last - 1, cosine, sine)
        rotatePair(at(t, n, 0, p), at(t, n, 0, last), <usize>n << 3, p, cosine, sine)
        rotatePair(at(zt, ld, p, 0), at(zt, ld, last, 0), 8, n, cosine, sine)
      }
    }
    deflations = 0
    last = first - 1
  }
  return 0
}
