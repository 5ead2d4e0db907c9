// Triangular systems by halves: half of the unknowns, a product that takes them out of the other equations, the other half.

import { addScaled, at, dot, get, set, subtractProduct } from './block'

/** Systems up to this size are solved a group of rows at a time. */
const DIRECT: i32 = 32
const GROUP: i32 = 4

/** x /= divisor for elements side by side. */
function divide(x: usize, divisor: f64, count: i32): void {
  const d = f64x2.splat(divisor)
  let j = 0
  for (; j + 2 <= count; j += 2, x += 16) v128.store(x, f64x2.div(v128.load(x), d))
  if (j < count) store<f64>(x, load<f64>(x) / divisor)
}

/** B = L⁻¹·B for the n rows of B and a lower triangular L whose diagonal counts as 1. */
export function solveLower(l: usize, ld: i32, b: usize, ldb: i32, n: i32, cols: i32): void {
  if (cols == 1 && ldb == 1) {
    for (let i = 1; i < n; i++) set(b, i, get(b, i) - dot(at(l, ld, i, 0), b, i))
    return
  }
  if (n <= DIRECT) {
    for (let i = 0; i < n; i += GROUP) {
      const rows = min<i32>(GROUP, n - i)
      const to = at(b, ldb, i, 0)
      if (i > 0) subtractProduct(to, ldb, at(l, ld, i, 0), ld, 1, b, ldb, 1, rows, cols, i)
      for (let r = 1; r < rows; r++)
        for (let p = 0; p < r; p++)
          addScaled(at(to, ldb, r, 0), at(to, ldb, p, 0), -load<f64>(at(l, ld, i + r, i + p)), cols)
    }
    return
  }
  const half = (n >> 1) & ~3
  const rest = at(b, ldb, half, 0)
  solveLower(l, ld, b, ldb, half, cols)
  subtractProduct(rest, ldb, at(l, ld, half, 0), ld, 1, b, ldb, 1, n - half, cols, half)
  solveLower(at(l, ld, half, half), ld, rest, ldb, n - half, cols)
}

/** B = U⁻¹·B for an upper triangular U. */
export function solveUpper(u: usize, ld: i32, b: usize, ldb: i32, n: i32, cols: i32): void {
  if (cols == 1 && ldb == 1) {
    for (let i = n - 1; i >= 0; i--) {
      const rest = dot(at(u, ld, i, i + 1), b + (<usize>(i + 1) << 3), n - i - 1)
      set(b, i, (get(b, i) - rest) / load<f64>(at(u, ld, i, i)))
    }
    return
  }
  if (n <= DIRECT) {
    for (let end = n; end > 0; end -= GROUP) {
      const start = max<i32>(0, end - GROUP)
      const to = at(b, ldb, start, 0)
      if (end < n) subtractProduct(to, ldb, at(u, ld, start, end), ld, 1, at(b, ldb, end, 0), ldb, 1, end - start, cols, n - end)
      for (let r = end - 1; r >= start; r--) {
        for (let p = r + 1; p < end; p++) addScaled(at(b, ldb, r, 0), at(b, ldb, p, 0), -load<f64>(at(u, ld, r, p)), cols)
        divide(at(b, ldb, r, 0), load<f64>(at(u, ld, r, r)), cols)
      }
    }
    return
  }
  const half = (n >> 1) & ~3
  const rest = at(b, ldb, half, 0)
  solveUpper(at(u, ld, half, half), ld, rest, ldb, n - half, cols)
  subtractProduct(b, ldb, at(u, ld, 0, half), ld, 1, rest, ldb, 1, half, cols, n - half)
  solveUpper(u, ld, b, ldb, half, cols)
}
