import { at, dot, get, set, subtractProduct } from './block'

/** Blocks up to this size are factored a panel of columns at a time. */
const DIRECT: i32 = 64
const PANEL: i32 = 4
/** Rows that are computed together: of C = C − X·Xᵀ, up to the diagonal block, and of X = A·L⁻ᵀ. */
const STRIP: i32 = 48

/** X = A·L⁻ᵀ, in place of A, for the rows of A and a lower triangular L of size n ≤ PANEL. */
function substitute(l: usize, a: usize, ld: i32, rows: i32, n: i32): void {
  const step = <usize>ld << 3
  if (n < PANEL) {
    for (let i = 0; i < rows; i++, a += step)
      for (let j = 0; j < n; j++) {
        let left = get(a, j)
        for (let p = 0; p < j; p++) left -= get(a, p) * load<f64>(at(l, ld, j, p))
        set(a, j, left / load<f64>(at(l, ld, j, j)))
      }
    return
  }
  const l1 = l + step, l2 = l1 + step, l3 = l2 + step
  const l10 = get(l1, 0), l20 = get(l2, 0), l21 = get(l2, 1), l30 = get(l3, 0), l31 = get(l3, 1), l32 = get(l3, 2)
  const d0 = 1 / get(l, 0), d1 = 1 / get(l1, 1), d2 = 1 / get(l2, 2), d3 = 1 / get(l3, 3)
  for (let i = 0; i < rows; i++, a += step) {
    const x0 = get(a, 0) * d0
    const x1 = (get(a, 1) - x0 * l10) * d1
    const x2 = (get(a, 2) - x0 * l20 - x1 * l21) * d2
    set(a, 0, x0)
    set(a, 1, x1)
    set(a, 2, x2)
    set(a, 3, (get(a, 3) - x0 * l30 - x1 * l31 - x2 * l32) * d3)
  }
}

/** X = A·L⁻ᵀ, in place of A, for the rows of A and a lower triangular L of size n, by halves. */
function solveTransposed(l: usize, a: usize, ld: i32, rows: i32, n: i32): void {
  if (n <= DIRECT) {
    for (let i = 0; i < rows; i += STRIP) {
      const count = min<i32>(STRIP, rows - i)
      const strip = at(a, ld, i, 0)
      for (let j = 0; j < n; j += PANEL) {
        const width = min<i32>(PANEL, n - j)
        const panel = strip + (<usize>j << 3)
        if (j > 0) subtractProduct(panel, ld, strip, ld, 1, at(l, ld, j, 0), 1, ld, count, width, j)
        substitute(at(l, ld, j, j), panel, ld, count, width)
      }
    }
    return
  }
  const half = (n >> 1) & ~3
  const rest = at(a, ld, 0, half)
  solveTransposed(l, a, ld, rows, half)
  subtractProduct(rest, ld, a, ld, 1, at(l, ld, half, 0), 1, ld, rows, n - half, half)
  solveTransposed(at(l, ld, half, half), rest, ld, rows, n - half)
}

/** The lower triangle of C −= X·Xᵀ for X of n x k, and of what lies above it in the blocks of the diagonal. */
function subtractSquare(c: usize, x: usize, ld: i32, n: i32, k: i32): void {
  for (let i = 0; i < n; i += STRIP) {
    const rows = min<i32>(STRIP, n - i)
    subtractProduct(at(c, ld, i, 0), ld, at(x, ld, i, 0), ld, 1, x, 1, ld, rows, i + rows, k)
  }
}

/** A = L·Lᵀ for n ≤ PANEL: row by row, or unrolled; returns what `factor` does. */
function factorCorner(a: usize, ld: i32, n: i32): i32 {
  if (n < PANEL) {
    for (let j = 0; j < n; j++) {
      const row = at(a, ld, j, 0)
      substitute(a, row, ld, 1, j)
      const square = get(row, j) - dot(row, row, j)
      if (!(square > 0)) return j
      set(row, j, Math.sqrt(square))
    }
    return n
  }
  const step = <usize>ld << 3
  const a1 = a + step, a2 = a1 + step, a3 = a2 + step
  const s0 = get(a, 0)
  if (!(s0 > 0)) return 0
  const d0 = Math.sqrt(s0)
  const l10 = get(a1, 0) / d0, l20 = get(a2, 0) / d0, l30 = get(a3, 0) / d0
  const s1 = get(a1, 1) - l10 * l10
  if (!(s1 > 0)) return 1
  const d1 = Math.sqrt(s1)
  const l21 = (get(a2, 1) - l20 * l10) / d1, l31 = (get(a3, 1) - l30 * l10) / d1
  const s2 = get(a2, 2) - l20 * l20 - l21 * l21
  if (!(s2 > 0)) return 2
  const d2 = Math.sqrt(s2)
  const l32 = (get(a3, 2) - l30 * l20 - l31 * l21) / d2
  const s3 = get(a3, 3) - l30 * l30 - l31 * l31 - l32 * l32
  if (!(s3 > 0)) return 3
  set(a, 0, d0)
  set(a1, 0, l10)
  set(a1, 1, d1)
  set(a2, 0, l20)
  set(a2, 1, l21)
  set(a2, 2, d2)
  set(a3, 0, l30)
  set(a3, 1, l31)
  set(a3, 2, l32)
  set(a3, 3, Math.sqrt(s3))
  return n
}

/** A = L·Lᵀ by halves (LAPACK's dpotrf2). Returns the first row at which A is not positive definite, or n. */
function factor(a: usize, ld: i32, n: i32): i32 {
  if (n <= DIRECT) {
    for (let j = 0; j < n; j += PANEL) {
      const width = min<i32>(PANEL, n - j)
      const corner = at(a, ld, j, j)
      const left = at(a, ld, j, 0)
      if (j > 0) subtractProduct(corner, ld, left, ld, 1, left, 1, ld, n - j, width, j)
      const failed = factorCorner(corner, ld, width)
      if (failed < width) return j + failed
      substitute(corner, at(a, ld, j + width, j), ld, n - j - width, width)
    }
    return n
  }
  const half = (n >> 1) & ~3
  const failed = factor(a, ld, half)
  if (failed < half) return failed
  const left = at(a, ld, half, 0)
  const below = at(a, ld, half, half)
  solveTransposed(a, left, ld, n - half, half)
  subtractSquare(below, left, ld, n - half, half)
  return half + factor(below, ld, n - half)
}

/**
 * Overwrites the lower triangle of A (n x n), which alone is read, with L, and the rest with 0; `failed` gets n, or where it
 * failed.
 */
export function cholesky_f64(a: usize, failed: usize, n: i32): void {
  store<f64>(failed, factor(a, n, n))
  // In place of memory.fill, a call of which takes longer than a short row.
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) store<f64>(at(a, n, i, j), 0)
}
