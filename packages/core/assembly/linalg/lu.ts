import { at, get, set, subtractProduct, swapRows } from './block'
import { solveLower, solveUpper } from './triangular'

/** Panels up to this many columns are factored column by column. */
const DIRECT: i32 = 16

/** Where the largest element of column j is, from row j on: the first of equal ones. NaN counts as the largest. */
function pivotOf(a: usize, ld: i32, m: i32, j: i32): i32 {
  let pivot = j
  // Sizes are in the order of their bits, of which NaN has the largest. Without a branch, which would often be guessed wrong.
  let largest: i64 = -1
  for (let i = j; i < m; i++) {
    const size = reinterpret<i64>(Math.abs(load<f64>(at(a, ld, i, j))))
    const larger = size > largest
    largest = select<i64>(size, largest, larger)
    pivot = select<i32>(i, pivot, larger)
  }
  return pivot
}

/** Row x −= factor·row y from element `from` on, two at a time; where it is odd, the element before it stays. */
@inline function eliminate(x: usize, y: usize, factor: f64, from: i32, n: i32): void {
  const f = f64x2.splat(factor)
  let p = from
  if (p & 1 && p < n) {
    const before = (<usize>p - 1) << 3
    const pair = f64x2.replace_lane(v128.load(y + before), 0, 0)
    v128.store(x + before, f64x2.sub(v128.load(x + before), f64x2.mul(f, pair)))
    p++
  }
  for (; p + 2 <= n; p += 2) {
    const here = <usize>p << 3
    v128.store(x + here, f64x2.sub(v128.load(x + here), f64x2.mul(f, v128.load(y + here))))
  }
  if (p < n) set(x, p, get(x, p) - factor * get(y, p))
}

function factorDirectly(a: usize, ld: i32, m: i32, n: i32, pivots: usize): void {
  const step = <usize>ld << 3
  for (let j = 0; j < min<i32>(m, n); j++) {
    const pivot = pivotOf(a, ld, m, j)
    set(pivots, j, pivot)
    const row = at(a, ld, j, 0)
    if (pivot != j) swapRows(row, at(a, ld, pivot, 0), n)
    const diagonal = get(row, j)
    if (diagonal == 0) continue
    let to = row + step
    for (let i = j + 1; i < m; i++, to += step) {
      const factor = get(to, j) / diagonal
      eliminate(to, row, factor, j + 1, n)
      set(to, j, factor)
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
  solveLower(a, ld, right, ld, done, n - left)
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
  solveLower(a, n, b, cols, n, cols)
  solveUpper(a, n, b, cols, n, cols)
}
