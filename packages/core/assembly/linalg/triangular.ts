// Triangular systems by halves: half of the unknowns, a product that takes them out of the other equations, the other half.

import { addScaled, at, dot, subtractProduct } from './block'

/** Systems up to this size are solved row by row. */
const DIRECT: i32 = 16

/** Element [i, j] of a triangle whose steps may be exchanged, which transposes it. */
@inline function element(t: usize, row: i32, col: i32, i: i32, j: i32): usize {
  return t + ((<usize>i * row + <usize>j * col) << 3)
}

/** b −= T[i, first … first + count − 1]·x for the rows x of B. */
@inline function eliminate(
  t: usize, row: i32, col: i32, b: usize, ld: i32, cols: i32, i: i32, first: i32, count: i32
): void {
  const to = at(b, ld, i, 0)
  if (cols == 1 && ld == 1 && col == 1) {
    store<f64>(to, load<f64>(to) - dot(element(t, row, col, i, first), at(b, 1, first, 0), count))
    return
  }
  for (let j = first; j < first + count; j++)
    addScaled(to, at(b, ld, j, 0), -load<f64>(element(t, row, col, i, j)), cols)
}

/** Divides a row by the diagonal element of T, unless that counts as 1. */
@inline function divideRow(t: usize, row: i32, col: i32, b: usize, ld: i32, cols: i32, i: i32, unit: bool): void {
  if (unit) return
  const diagonal = load<f64>(element(t, row, col, i, i))
  for (let j = 0; j < cols; j++) store<f64>(at(b, ld, i, j), load<f64>(at(b, ld, i, j)) / diagonal)
}

/** B = L⁻¹·B for a lower triangular L of size n, element [i, j] of which is i·row + j·col elements on; `unit` has 1 on its diagonal. */
export function solveLower(
  l: usize, row: i32, col: i32, b: usize, ld: i32, n: i32, cols: i32, unit: bool
): void {
  if (n <= DIRECT) {
    for (let i = 0; i < n; i++) {
      eliminate(l, row, col, b, ld, cols, i, 0, i)
      divideRow(l, row, col, b, ld, cols, i, unit)
    }
    return
  }
  const half = (n >> 1) & ~3
  const rest = at(b, ld, half, 0)
  solveLower(l, row, col, b, ld, half, cols, unit)
  subtractProduct(rest, ld, element(l, row, col, half, 0), row, col, b, ld, 1, n - half, cols, half)
  solveLower(element(l, row, col, half, half), row, col, rest, ld, n - half, cols, unit)
}

/** B = U⁻¹·B for an upper triangular U. */
export function solveUpper(
  u: usize, row: i32, col: i32, b: usize, ld: i32, n: i32, cols: i32, unit: bool
): void {
  if (n <= DIRECT) {
    for (let i = n - 1; i >= 0; i--) {
      eliminate(u, row, col, b, ld, cols, i, i + 1, n - i - 1)
      divideRow(u, row, col, b, ld, cols, i, unit)
    }
    return
  }
  const half = (n >> 1) & ~3
  const rest = at(b, ld, half, 0)
  solveUpper(element(u, row, col, half, half), row, col, rest, ld, n - half, cols, unit)
  subtractProduct(b, ld, element(u, row, col, 0, half), row, col, rest, ld, 1, half, cols, n - half)
  solveUpper(u, row, col, b, ld, half, cols, unit)
}
