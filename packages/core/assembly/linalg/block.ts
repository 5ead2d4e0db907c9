// What the factorisations share: blocks of float64 matrices, stored by rows, `ld` elements from row to row.

import { gemm } from '../gemm'

const SUBTRACT: i32 = 8

/** Sums of squares below 2^−900 have lost digits to underflow: what is squared is multiplied by 2^500 first, and divided after. */
export const TINY: f64 = 1.1830521861667747e-271
export const GROW: f64 = 3.273390607896142e150
export const SHRINK: f64 = 3.054936363499605e-151

/** The address of element [i, j]. */
@inline export function at(a: usize, ld: i32, i: i32, j: i32): usize {
  return a + ((<usize>i * ld + j) << 3)
}

/** Element i of a vector. */
@inline export function get(x: usize, i: i32): f64 {
  return load<f64>(x + (<usize>i << 3))
}

@inline export function set(x: usize, i: i32, value: f64): void {
  store<f64>(x + (<usize>i << 3), value)
}

/** C = A·B for m x k and k x n; the steps of A and B stand for transposes. */
export function multiply(
  c: usize, ldc: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, m: i32, n: i32, k: i32
): void {
  if (m > 0 && n > 0) gemm<f64>(c, a, b, 0, m, n, k, ldc, aRow, aCol, bRow, bCol, 0)
}

/** C −= A·B. */
export function subtractProduct(
  c: usize, ldc: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, m: i32, n: i32, k: i32
): void {
  if (m > 0 && n > 0) gemm<f64>(c, a, b, 0, m, n, k, ldc, aRow, aCol, bRow, bCol, SUBTRACT)
}

/** Exchanges two rows of `count` elements. */
export function swapRows(x: usize, y: usize, count: i32): void {
  let j = 0
  for (; j + 2 <= count; j += 2, x += 16, y += 16) {
    const kept = v128.load(x)
    v128.store(x, v128.load(y))
    v128.store(y, kept)
  }
  if (j < count) {
    const kept = load<f64>(x)
    store<f64>(x, load<f64>(y))
    store<f64>(y, kept)
  }
}

/** x·y for elements side by side. */
export function dot(x: usize, y: usize, count: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0
  let j = 0
  for (; j + 4 <= count; j += 4, x += 32, y += 32) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x), v128.load(y)))
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)))
  }
  s0 = f64x2.add(s0, s1)
  let total = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1)
  for (; j < count; j++, x += 8, y += 8) total += load<f64>(x) * load<f64>(y)
  return total
}

/** y += factor·x for elements side by side. */
export function addScaled(y: usize, x: usize, factor: f64, count: i32): void {
  const f = f64x2.splat(factor)
  let j = 0
  for (; j + 4 <= count; j += 4, x += 32, y += 32) {
    v128.store(y, f64x2.add(v128.load(y), f64x2.mul(f, v128.load(x))))
    v128.store(y, f64x2.add(v128.load(y, 16), f64x2.mul(f, v128.load(x, 16))), 16)
  }
  for (; j < count; j++, x += 8, y += 8) store<f64>(y, load<f64>(y) + factor * load<f64>(x))
}

/** A = Aᵀ for a square A. */
export function transposeSquare(a: usize, ld: i32, n: i32): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const kept = load<f64>(at(a, ld, i, j))
      store<f64>(at(a, ld, i, j), load<f64>(at(a, ld, j, i)))
      store<f64>(at(a, ld, j, i), kept)
    }
}
