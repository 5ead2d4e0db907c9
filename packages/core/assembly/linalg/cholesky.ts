import { at, dot, subtractProduct } from './block'

/** Blocks up to this size are factored element by element. */
const DIRECT: i32 = 12
/** Rows of C = C − X·Xᵀ that are computed together, up to the diagonal block. */
const STRIP: i32 = 48

/** X = A·L⁻ᵀ, in place of A, for the rows of A and a lower triangular L of size n, by halves. */
function solveTransposed(l: usize, a: usize, ld: i32, rows: i32, n: i32): void {
  if (n <= DIRECT) {
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < n; j++) {
        const to = at(a, ld, i, j)
        store<f64>(to, (load<f64>(to) - dot(at(a, ld, i, 0), at(l, ld, j, 0), j)) / load<f64>(at(l, ld, j, j)))
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

/** A = L·Lᵀ by halves (LAPACK's dpotrf2). Returns the first row at which A is not positive definite, or n. */
function factor(a: usize, ld: i32, n: i32): i32 {
  if (n <= DIRECT) {
    for (let j = 0; j < n; j++) {
      const row = at(a, ld, j, 0)
      const square = load<f64>(at(a, ld, j, j)) - dot(row, row, j)
      if (!(square > 0)) return j
      const diagonal = Math.sqrt(square)
      store<f64>(at(a, ld, j, j), diagonal)
      for (let i = j + 1; i < n; i++) {
        const to = at(a, ld, i, j)
        store<f64>(to, (load<f64>(to) - dot(at(a, ld, i, 0), row, j)) / diagonal)
      }
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

/** Overwrites the lower triangle of A (n x n), which alone is read, with L, and the rest with 0; `failed` gets n, or where it failed. */
export function cholesky_f64(a: usize, failed: usize, n: i32): void {
  store<f64>(failed, factor(a, n, n))
  for (let i = 0; i < n; i++) memory.fill(at(a, n, i, i + 1), 0, <usize>(n - i - 1) << 3)
}
