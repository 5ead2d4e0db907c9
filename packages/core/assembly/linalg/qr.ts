// Householder's QR by halves of the columns with the compact WY form (Schreiber & Van Loan 1989; Elmroth & Gustavson 2000):
// Q = H₁·H₂⋯ = I − V·T·Vᵀ, V unit lower trapezoidal, T upper triangular.

import { addScaled, at, multiply, subtractProduct } from './block'
import { reflector } from './reflectors'

/** Panels up to this many columns are reduced one reflector at a time. */
const DIRECT: i32 = 8

/** Copies the reflectors below the diagonal of a panel to v, with their ones and the zeros above. */
function unpack(v: usize, a: usize, ld: i32, m: i32, n: i32): void {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      store<f64>(at(v, n, i, j), i > j ? load<f64>(at(a, ld, i, j)) : i == j ? 1 : 0)
}

/** One reflector after another; row `w` of the work memory has room for n. */
function factorDirectly(a: usize, ld: i32, t: usize, ldt: i32, m: i32, n: i32, w: usize): void {
  for (let j = 0; j < n; j++) {
    const tau = reflector(at(a, ld, j, j), ld, m - j)
    const first = at(a, ld, j, j + 1)
    const count = n - j - 1
    // w = vᵀ·A, then A −= v·(τ·w).
    memory.copy(w, first, <usize>count << 3)
    for (let i = j + 1; i < m; i++) addScaled(w, at(a, ld, i, j + 1), load<f64>(at(a, ld, i, j)), count)
    addScaled(first, w, -tau, count)
    for (let i = j + 1; i < m; i++) addScaled(at(a, ld, i, j + 1), w, -tau * load<f64>(at(a, ld, i, j)), count)
    // Column j of T: −τ·T·(Vᵀ·v).
    for (let p = 0; p < j; p++) {
      let sum = load<f64>(at(a, ld, j, p))
      for (let i = j + 1; i < m; i++) sum += load<f64>(at(a, ld, i, p)) * load<f64>(at(a, ld, i, j))
      store<f64>(w + (<usize>p << 3), sum)
    }
    for (let p = 0; p < j; p++) {
      let sum: f64 = 0
      for (let q = p; q < j; q++) sum += load<f64>(at(t, ldt, p, q)) * load<f64>(w + (<usize>q << 3))
      store<f64>(at(t, ldt, p, j), -tau * sum)
      store<f64>(at(t, ldt, j, p), 0)
    }
    store<f64>(at(t, ldt, j, j), tau)
  }
}

/**
 * A (m x n, m ≥ n) = Q·R: R overwrites the upper triangle, V what is below, T the n x n at t. The work memory has room for
 * 2·m·n + n² elements.
 */
function factor(a: usize, ld: i32, t: usize, ldt: i32, m: i32, n: i32, work: usize): void {
  if (n <= DIRECT) {
    factorDirectly(a, ld, t, ldt, m, n, work)
    return
  }
  const left = (n >> 1) & ~3
  const right = n - left
  const rightA = at(a, ld, 0, left)
  const t12 = at(t, ldt, 0, left)
  const t22 = at(t, ldt, left, left)
  factor(a, ld, t, ldt, m, left, work)

  // A₂ −= V₁·(T₁ᵀ·(V₁ᵀ·A₂))
  const v = work
  const w = v + (<usize>(m * left) << 3)
  const u = w + (<usize>(left * right) << 3)
  unpack(v, a, ld, m, left)
  multiply(w, right, v, 1, left, rightA, ld, 1, left, right, m)
  multiply(u, right, t, 1, ldt, w, right, 1, left, right, left)
  subtractProduct(rightA, ld, v, left, 1, u, right, 1, m, right, left)

  const below = at(a, ld, left, left)
  factor(below, ld, t22, ldt, m - left, right, u)

  // T₁₂ = −T₁·(V₁ᵀ·V₂)·T₂; V₂ begins in row `left`.
  unpack(v, a, ld, m, left)
  const v2 = w
  const product = v2 + (<usize>((m - left) * right) << 3)
  const half = product + (<usize>(left * right) << 3)
  unpack(v2, below, ld, m - left, right)
  multiply(product, right, at(v, left, left, 0), 1, left, v2, right, 1, left, right, m - left)
  multiply(half, right, product, right, 1, t22, ldt, 1, left, right, right)
  for (let i = 0; i < left; i++) memory.fill(at(t12, ldt, i, 0), 0, <usize>right << 3)
  subtractProduct(t12, ldt, t, ldt, 1, half, right, 1, left, right, left)
  for (let i = 0; i < right; i++) memory.fill(at(t, ldt, left + i, 0), 0, <usize>left << 3)
}

/**
 * For A (m x n): R upper trapezoidal in place of A with V below it, T (k x k), k = min(m, n), and the first `cols` columns of
 * Q (m x cols, k ≤ cols ≤ m). `work` has room for 3·m·k + 2·k² elements.
 */
export function qr_f64(a: usize, t: usize, q: usize, work: usize, m: i32, n: i32, cols: i32): void {
  const k = min<i32>(m, n)
  factor(a, n, t, k, m, k, work)
  const v = work
  const w = v + (<usize>(m * k) << 3)
  unpack(v, a, n, m, k)
  if (n > k) {
    // What is right of a square: A₂ = Qᵀ·A₂.
    const right = n - k
    const u = w + (<usize>(k * right) << 3)
    multiply(w, right, v, 1, k, at(a, n, 0, k), n, 1, k, right, m)
    multiply(u, right, t, 1, k, w, right, 1, k, right, k)
    subtractProduct(at(a, n, 0, k), n, v, k, 1, u, right, 1, m, right, k)
  }
  // Q = I − V·(T·Vᵀ), of whose right factor the first columns are wanted: rows of V.
  memory.fill(q, 0, <usize>(m * cols) << 3)
  for (let i = 0; i < cols; i++) store<f64>(at(q, cols, i, i), 1)
  multiply(w, cols, t, k, 1, v, 1, k, k, cols, k)
  subtractProduct(q, cols, v, k, 1, w, cols, 1, m, cols, k)
}
