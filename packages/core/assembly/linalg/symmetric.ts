// Eigenvalues of a symmetric matrix: Householder's tridiagonal form, then implicit QL or QR with Wilkinson's shift
// (LAPACK's dsytrd and dsteqr). The caller has scaled the matrix, so that squares neither overflow nor vanish.

import { addScaled, at, dot, get, set, transposeSquare } from './block'
import { formQ, reflector } from './reflectors'
import { applyRecord, cosine, createRecord, radius, rotate, sine } from './rotations'

const EPSILON: f64 = 1.1102230246251565e-16
const LEAST: f64 = 2.2250738585072014e-308

/**
 * A (n x n, both triangles) = Q·tridiag(d, e)·Qᵀ. Row k of A gets the reflector k from its element k + 1 on, with its 1;
 * taus its factors. `p` has room for n elements.
 */
function tridiagonalize(a: usize, d: usize, e: usize, taus: usize, p: usize, n: i32): void {
  for (let k = 0; k < n - 1; k++) {
    set(d, k, load<f64>(at(a, n, k, k)))
    const count = n - k - 1
    const v = at(a, n, k, k + 1)
    const tau = reflector(v, 1, count)
    set(e, k, load<f64>(v))
    set(taus, k, tau)
    store<f64>(v, 1)
    if (tau == 0) continue
    // p = τ·A·v, w = p − (τ/2)(pᵀv)·v, A −= v·wᵀ + w·vᵀ.
    for (let i = 0; i < count; i++) set(p, i, tau * dot(at(a, n, k + 1 + i, k + 1), v, count))
    addScaled(p, v, -0.5 * tau * dot(p, v, count), count)
    for (let i = 0; i < count; i++) {
      const row = at(a, n, k + 1 + i, k + 1)
      const x = f64x2.splat(get(v, i)), y = f64x2.splat(get(p, i))
      let j = 0
      for (; j + 2 <= count; j += 2) {
        const to = row + (<usize>j << 3)
        const change = f64x2.add(f64x2.mul(x, v128.load(p + (<usize>j << 3))), f64x2.mul(y, v128.load(v + (<usize>j << 3))))
        v128.store(to, f64x2.sub(v128.load(to), change))
      }
      if (j < count) set(row, j, get(row, j) - (get(v, i) * get(p, j) + get(p, i) * get(v, j)))
    }
  }
  if (n > 0) set(d, n - 1, load<f64>(at(a, n, n - 1, n - 1)))
}

/** Eigenvalues of [[a, b], [b, c]] with the vector of the first, which has the larger modulus (LAPACK's dlaev2). */
let first: f64 = 0
let second: f64 = 0
let vectorX: f64 = 0
let vectorY: f64 = 0

function eigenOf2x2(a: f64, b: f64, c: f64): void {
  const sum = a + c
  const difference = a - c
  const twice = b + b
  const root = Math.hypot(difference, twice)
  const larger = Math.abs(a) > Math.abs(c) ? a : c
  const smaller = Math.abs(a) > Math.abs(c) ? c : a
  if (sum == 0) {
    first = 0.5 * root
    second = -0.5 * root
  } else {
    first = 0.5 * (sum + copysign<f64>(root, sum))
    second = (larger / first) * smaller - (b / first) * b
  }
  const signOfSum: f64 = sum < 0 ? -1 : 1
  const signOfDifference: f64 = difference < 0 ? -1 : 1
  const cs = difference + signOfDifference * root
  if (Math.abs(cs) > Math.abs(twice)) {
    const cotangent = -twice / cs
    vectorY = 1 / Math.sqrt(1 + cotangent * cotangent)
    vectorX = cotangent * vectorY
  } else if (twice == 0) {
    vectorX = 1
    vectorY = 0
  } else {
    const tangent = -cs / twice
    vectorX = 1 / Math.sqrt(1 + tangent * tangent)
    vectorY = tangent * vectorX
  }
  if (signOfSum == signOfDifference) {
    const kept = vectorX
    vectorX = -vectorY
    vectorY = kept
  }
}

@inline function negligible(e: f64, d0: f64, d1: f64): bool {
  return e * e <= EPSILON * EPSILON * Math.abs(d0) * Math.abs(d1) + LEAST
}

/** The sweeps whose rotations are recorded before they are applied. */
const SWEEPS: i32 = 48

/**
 * d = the eigenvalues of tridiag(d, e), unordered; the rows of Z (n, of `cols` elements) are rotated along, unless cols is 0.
 * Returns how many elements of e have not become 0. A step `way` of 1 is QL, −1 is QR: LAPACK's dsteqr written once.
 */
function iterate(d: usize, e: usize, n: i32, z: usize, ld: i32, cols: i32, memory: usize): i32 {
  const record = createRecord(memory, SWEEPS * (2 * n + 3))
  let left = 30 * n
  for (let start = 0; start < n; ) {
    let stop = start
    while (stop < n - 1 && !(Math.abs(get(e, stop)) <= Math.sqrt(Math.abs(get(d, stop))) * Math.sqrt(Math.abs(get(d, stop + 1))) * EPSILON)) stop++
    if (stop < n - 1) set(e, stop, 0)
    const next = stop + 1
    // From the end of the block with the smaller diagonal element.
    const way = Math.abs(get(d, stop)) < Math.abs(get(d, start)) ? -1 : 1
    let l = way > 0 ? start : stop
    const last = way > 0 ? stop : start
    // Element i of the off-diagonal towards the last.
    const off: i32 = way > 0 ? 0 : -1
    while ((last - l) * way >= 0) {
      let m = l
      while (m != last && !negligible(get(e, m + off), get(d, m), get(d, m + way))) m += way
      if (m != last) set(e, m + off, 0)
      if (m == l) {
        l += way
        continue
      }
      if (cols > 0 && !record.fits(n)) applyRecord(record, z, ld, cols)
      if (m == l + way) {
        const upper = min<i32>(l, m)
        eigenOf2x2(get(d, upper), get(e, upper), get(d, upper + 1))
        set(d, upper, first)
        set(d, upper + 1, second)
        set(e, upper, 0)
        if (cols > 0) {
          record.begin(upper, 1)
          record.add(vectorX, vectorY)
        }
        l += 2 * way
        continue
      }
      if (left-- == 0) {
        if (cols > 0) applyRecord(record, z, ld, cols)
        let rest = 0
        for (let i = 0; i < n - 1; i++) if (get(e, i) != 0) rest++
        return rest
      }
      let p = get(d, l)
      let g = (get(d, l + way) - p) / (2 * get(e, l + off))
      g = get(d, m) - p + get(e, l + off) / (g + copysign<f64>(Math.sqrt(g * g + 1), g))
      let c: f64 = 1, s: f64 = 1
      p = 0
      if (cols > 0) record.begin(m, -way)
      for (let i = m - way; ; i -= way) {
        const f = s * get(e, i + off)
        const b = c * get(e, i + off)
        rotate(g, f)
        c = cosine
        s = sine
        if (i != m - way) set(e, i + way + off, radius)
        g = get(d, i + way) - p
        const r = (get(d, i) - g) * s + 2 * c * b
        p = s * r
        set(d, i + way, g + p)
        g = c * r - b
        if (cols > 0) record.add(c, way > 0 ? -s : s)
        if (i == l) break
      }
      set(d, l, get(d, l) - p)
      set(e, l + off, g)
    }
    start = next
  }
  if (cols > 0) applyRecord(record, z, ld, cols)
  return 0
}

/**
 * d = the eigenvalues of the symmetric A, unordered; the rows of zt (n x n, `ld` even elements from row to row) are their
 * vectors, unless `vectors` is 0. `failed` gets how many have not converged. `work` has room for 3·n + 96·n + … elements.
 */
export function eigh_f64(a: usize, d: usize, zt: usize, failed: usize, work: usize, n: i32, ld: i32, vectors: i32): void {
  const e = work
  const taus = e + (<usize>n << 3)
  const p = taus + (<usize>n << 3)
  const rest = p + (<usize>(n + (n & 1)) << 3)
  tridiagonalize(a, d, e, taus, p, n)
  if (vectors) {
    // The rows of zt are the columns of Q.
    formQ(zt, ld, n, n, a, n, 1, n - 1, taus, rest)
    transposeSquare(zt, ld, n)
  }
  store<f64>(failed, iterate(d, e, n, zt, ld, vectors ? n : 0, rest))
}
