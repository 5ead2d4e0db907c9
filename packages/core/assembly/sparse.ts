// C = A·B for A in compressed sparse rows and B dense: each entry of A adds a multiple of a row of B to a row of C.

import { bytes, lanes, storeUpTo } from './vector'

/** The vectors of C that stay in registers through a row of A. */
const WIDE: i32 = 8
const NARROW: i32 = 4

/**
 * `WIDE` or `NARROW` vectors of a row of C, from the entries between `column` and `end` and the columns of B from `b` on.
 */
@inline function strip<T>(wide: bool, out: usize, column: usize, end: usize, value: usize, b: usize, step: usize): void {
  let c0 = v128.splat<T>(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0
  for (; column < end; column += 4, value += sizeof<T>()) {
    const x = v128.load_splat<T>(value)
    const row = b + <usize>load<u32>(column) * step
    c0 = v128.add<T>(c0, v128.mul<T>(x, v128.load(row)))
    c1 = v128.add<T>(c1, v128.mul<T>(x, v128.load(row, 16)))
    c2 = v128.add<T>(c2, v128.mul<T>(x, v128.load(row, 32)))
    c3 = v128.add<T>(c3, v128.mul<T>(x, v128.load(row, 48)))
    if (!wide) continue
    c4 = v128.add<T>(c4, v128.mul<T>(x, v128.load(row, 64)))
    c5 = v128.add<T>(c5, v128.mul<T>(x, v128.load(row, 80)))
    c6 = v128.add<T>(c6, v128.mul<T>(x, v128.load(row, 96)))
    c7 = v128.add<T>(c7, v128.mul<T>(x, v128.load(row, 112)))
  }
  v128.store(out, c0)
  v128.store(out, c1, 16)
  v128.store(out, c2, 32)
  v128.store(out, c3, 48)
  if (!wide) return
  v128.store(out, c4, 64)
  v128.store(out, c5, 80)
  v128.store(out, c6, 96)
  v128.store(out, c7, 112)
}

/**
 * out (m x n) = A·B. Row i of A has the entries from starts[i] to starts[i + 1] of `columns` and `values`. An element's terms
 * are added in the order of the entries, whatever n is. A vector at the edge reads past the end of a row of B.
 */
function spmm<T>(out: usize, starts: usize, columns: usize, values: usize, b: usize, m: i32, n: i32): void {
  const step = bytes<T>(n)
  const width = lanes<T>()
  for (let i = 0; i < m; i++, out += step, starts += 4) {
    const first = <usize>load<u32>(starts)
    const column = columns + first * 4
    const value = values + first * sizeof<T>()
    const end = columns + <usize>load<u32>(starts, 4) * 4
    let j = 0
    for (; j + WIDE * width <= n; j += WIDE * width)
      strip<T>(true, out + bytes<T>(j), column, end, value, b + bytes<T>(j), step)
    for (; j + NARROW * width <= n; j += NARROW * width)
      strip<T>(false, out + bytes<T>(j), column, end, value, b + bytes<T>(j), step)
    for (; j < n; j += width) {
      let c = v128.splat<T>(0)
      const from = b + bytes<T>(j)
      for (let at = column, x = value; at < end; at += 4, x += sizeof<T>())
        c = v128.add<T>(c, v128.mul<T>(v128.load_splat<T>(x), v128.load(from + <usize>load<u32>(at) * step)))
      storeUpTo<T>(out + bytes<T>(j), c, n - j)
    }
  }
}

export function spmm_f32(out: usize, starts: usize, columns: usize, values: usize, b: usize, m: i32, n: i32): void {
  spmm<f32>(out, starts, columns, values, b, m, n)
}

export function spmm_f64(out: usize, starts: usize, columns: usize, values: usize, b: usize, m: i32, n: i32): void {
  spmm<f64>(out, starts, columns, values, b, m, n)
}
