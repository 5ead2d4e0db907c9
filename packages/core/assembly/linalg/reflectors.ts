// Householder's reflectors, one alone and many together.

import { at, dot, get, GROW, multiply, set, SHRINK, subtractProduct, TINY } from './block'

/** Whether elements 1 … m − 1 are all 0. */
function endsInZeros(x: usize, stride: usize, m: i32): bool {
  for (let i = 1; i < m; i++) if (load<f64>(x + <usize>i * stride) != 0) return false
  return true
}

/**
 * The reflector H = I − τ·v·vᵀ, v₀ = 1, that takes the m elements at x, `step` elements apart, to (β, 0, …): v overwrites
 * them but for β in the place of v₀. Returns τ (LAPACK's dlarfg; the caller has scaled the matrix, so that squares do not
 * overflow; what elimination has left of dependent columns may be so small that they vanish).
 */
export function reflector(x: usize, step: i32, m: i32): f64 {
  const stride = <usize>step << 3
  let square: f64 = 0
  for (let i = 1; i < m; i++) {
    const value = load<f64>(x + <usize>i * stride)
    square += value * value
  }
  const alpha = load<f64>(x)
  if (alpha * alpha + square < TINY) {
    if (endsInZeros(x, stride, m)) return 0
    for (let i = 0; i < m; i++) store<f64>(x + <usize>i * stride, load<f64>(x + <usize>i * stride) * GROW)
    const tau = reflector(x, step, m)
    store<f64>(x, load<f64>(x) * SHRINK)
    return tau
  }
  if (square == 0) return 0
  const beta = -copysign<f64>(Math.sqrt(alpha * alpha + square), alpha)
  const scale = 1 / (alpha - beta)
  for (let i = 1; i < m; i++) {
    const to = x + <usize>i * stride
    store<f64>(to, load<f64>(to) * scale)
  }
  store<f64>(x, beta)
  return (beta - alpha) / beta
}

/** Reflectors that are applied together. */
const BLOCK: i32 = 32

/**
 * The first columns of Q = H₀·H₁⋯, `size` x cols at q, from reflectors that are rows of v: number k begins with its 1 at
 * element k + offset. From the last block to the first, Q = (I − V·T·Vᵀ)·Q (Schreiber & Van Loan 1989).
 */
export function formQ(
  q: usize, ld: i32, size: i32, cols: i32, v: usize, ldv: i32, offset: i32, count: i32, taus: usize, work: usize
): void {
  const t = work
  const w = t + BLOCK * BLOCK * 8
  const u = w + (<usize>(BLOCK * cols) << 3)
  const block = u + (<usize>(BLOCK * cols) << 3)
  for (let i = 0; i < size; i++) {
    memory.fill(at(q, ld, i, 0), 0, <usize>cols << 3)
    if (i < cols) store<f64>(at(q, ld, i, i), 1)
  }
  for (let k = count > 0 ? ((count - 1) / BLOCK) * BLOCK : -1; k >= 0; k -= BLOCK) {
    const here = min<i32>(BLOCK, count - k)
    const length = size - k - offset
    const width = cols - k - offset
    for (let i = 0; i < here; i++) {
      memory.fill(at(block, length, i, 0), 0, <usize>i << 3)
      memory.copy(at(block, length, i, i), at(v, ldv, k + i, k + i + offset), <usize>(length - i) << 3)
    }
    // Column j of T: −τ·T·(Vᵀ·v).
    for (let j = 0; j < here; j++) {
      const tau = get(taus, k + j)
      for (let i = 0; i < j; i++) set(w, i, dot(at(block, length, i, 0), at(block, length, j, 0), length))
      for (let i = 0; i < j; i++) {
        let sum: f64 = 0
        for (let r = i; r < j; r++) sum += load<f64>(at(t, BLOCK, i, r)) * get(w, r)
        store<f64>(at(t, BLOCK, i, j), -tau * sum)
        store<f64>(at(t, BLOCK, j, i), 0)
      }
      store<f64>(at(t, BLOCK, j, j), tau)
    }
    const part = at(q, ld, k + offset, k + offset)
    multiply(w, width, block, length, 1, part, ld, 1, here, width, length)
    multiply(u, width, t, BLOCK, 1, w, width, 1, here, width, here)
    subtractProduct(part, ld, block, 1, length, u, width, 1, length, width, here)
  }
}
