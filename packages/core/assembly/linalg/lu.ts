import { at, subtractProduct, swapRows } from './block'
import { solveLower, solveUpper } from './triangular'

/** Panels up to this many columns are factored column by column. */
const DIRECT: i32 = 8

/** Where the largest element of column j is, from row j on: the first of equal ones. NaN counts as the largest. */
function pivotOf(a: usize, ld: i32, m: i32, j: i32): i32 {
  let pivot = j
  let largest: f64 = -1
  for (let i = j; i < m; i++) {
    const size = Math.abs(load<f64>(at(a, ld, i, j)))
    if (size > largest || size != size) {
      largest = size
      pivot = i
      if (size != size) break
    }
  }
  return pivot
}

function factorDirectly(a: usize, ld: i32, m: i32, n: i32, pivots: usize): void {
  for (let j = 0; j < min<i32>(m, n); j++) {
    const pivot = pivotOf(a, ld, m, j)
    store<f64>(pivots + (<usize>j << 3), pivot)
    if (pivot != j) swapRows(at(a, ld, j, 0), at(a, ld, pivot, 0), n)
    const diagonal = load<f64>(at(a, ld, j, j))
    if (diagonal == 0) continue
    for (let i = j + 1; i < m; i++) {
      const to = at(a, ld, i, j)
      const factor = load<f64>(to) / diagonal
      store<f64>(to, factor)
      for (let p = j + 1; p < n; p++)
        store<f64>(at(a, ld, i, p), load<f64>(at(a, ld, i, p)) - factor * load<f64>(at(a, ld, j, p)))
    }
  }
}

/** Exchanges the rows of a block as the factorisation of others did. */
export function permuteRows(a: usize, ld: i32, cols: i32, pivots: usize, first: i32, count: i32): void {
  for (let i = first; i < first + count; i++) {
    const pivot = <i32>load<f64>(pivots + (<usize>i << 3))
    if (pivot != i) swapRows(at(a, ld, i, 0), at(a, ld, pivot, 0), cols)
  }
}

/** A (m x n) = P·L·U with partial pivoting, by halves of the columns (Toledo 1997; LAPACK's dgetrf2). */
function factor(a: usize, ld: i32, m: i32, n: i32, pivots: usize): void {
  if (n <= DIRECT) {
    factorDirectly(a, ld, m, n, pivots)
    return
  }
  const left = max<i32>(4, min<i32>(m, n >> 1) & ~3)
  factor(a, ld, m, left, pivots)
  const right = at(a, ld, 0, left)
  const below = at(a, ld, left, left)
  const done = min<i32>(m, left)
  permuteRows(right, ld, n - left, pivots, 0, done)
  solveLower(a, ld, 1, right, ld, done, n - left, true)
  if (m <= left) return
  subtractProduct(below, ld, at(a, ld, left, 0), ld, 1, right, ld, 1, m - left, n - left, left)
  const rest = pivots + (<usize>left << 3)
  factor(below, ld, m - left, n - left, rest)
  permuteRows(at(a, ld, left, 0), ld, left, rest, 0, min<i32>(m - left, n - left))
  for (let i = left; i < min<i32>(m, n); i++) {
    const to = pivots + (<usize>i << 3)
    store<f64>(to, load<f64>(to) + left)
  }
}

/** Overwrites A with U above and L, whose diagonal is 1, below; pivots[i] is the row that row i was exchanged with. */
export function lu_f64(a: usize, pivots: usize, m: i32, n: i32): void {
  factor(a, n, m, n, pivots)
}

/** b (n x cols) = A⁻¹·b, from the factors of lu. */
export function luSolve_f64(b: usize, a: usize, pivots: usize, n: i32, cols: i32): void {
  permuteRows(b, cols, cols, pivots, 0, n)
  solveLower(a, n, 1, b, cols, n, cols, true)
  solveUpper(a, n, 1, b, cols, n, cols, false)
}
