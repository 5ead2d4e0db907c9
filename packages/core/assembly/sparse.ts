// C = A·B for A in compressed sparse rows and B dense: each entry of A adds a multiple of a row of B to a row of C.

import { bytes, lanes, storeUpTo } from './vector'

/** The vectors of C that stay in registers through a row of A; eight are no faster. */
const STRIP: i32 = 4

/**
 * out (m x n) = A·B. Row i of A has the entries from starts[i] to starts[i + 1] of `columns` and `values`. An element's terms
 * are added in the order of the entries, whatever n is. A vector at the edge reads past the end of a row of B.
 */
function spmm<T>(out: usize, starts: usize, columns: usize, values: usize, b: usize, m: i32, n: i32): void {
  const step = bytes<T>(n)
  for (let i = 0; i < m; i++, starts += 4) {
    const first = <usize>load<u32>(starts)
    const end = columns + <usize>load<u32>(starts, 4) * 4
    let left = n
    let from = b
    for (; left >= STRIP * lanes<T>(); left -= STRIP * lanes<T>(), out += STRIP * 16, from += STRIP * 16) {
      let c0 = v128.splat<T>(0), c1 = c0, c2 = c0, c3 = c0
      for (let at = columns + first * 4, value = values + first * sizeof<T>(); at < end; at += 4, value += sizeof<T>()) {
        const x = v128.load_splat<T>(value)
        const row = from + <usize>load<u32>(at) * step
        c0 = v128.add<T>(c0, v128.mul<T>(x, v128.load(row)))
        c1 = v128.add<T>(c1, v128.mul<T>(x, v128.load(row, 16)))
        c2 = v128.add<T>(c2, v128.mul<T>(x, v128.load(row, 32)))
        c3 = v128.add<T>(c3, v128.mul<T>(x, v128.load(row, 48)))
      }
      v128.store(out, c0)
      v128.store(out, c1, 16)
      v128.store(out, c2, 32)
      v128.store(out, c3, 48)
    }
    for (; left > 0; left -= lanes<T>(), from += 16) {
      let c = v128.splat<T>(0)
      for (let at = columns + first * 4, value = values + first * sizeof<T>(); at < end; at += 4, value += sizeof<T>())
        c = v128.add<T>(c, v128.mul<T>(v128.load_splat<T>(value), v128.load(from + <usize>load<u32>(at) * step)))
      storeUpTo<T>(out, c, left)
      out += bytes<T>(min<i32>(left, lanes<T>()))
    }
  }
}

export function spmm_f32(out: usize, starts: usize, columns: usize, values: usize, b: usize, m: i32, n: i32): void {
  spmm<f32>(out, starts, columns, values, b, m, n)
}

export function spmm_f64(out: usize, starts: usize, columns: usize, values: usize, b: usize, m: i32, n: i32): void {
  spmm<f64>(out, starts, columns, values, b, m, n)
}
