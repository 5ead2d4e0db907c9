// C = A·B for A in compressed sparse rows and B dense: each entry of A adds a multiple of a row of B to a row of C.

import { workspace } from './gemm'
import { bytes, lanes, storeUpTo } from './vector'

/** The vectors of C that stay in registers through a row of A; eight are no faster. */
const STRIP: i32 = 4
/** Up to this many terms are added one after another; more are split in halves, so that the error grows with log₂ of them. */
const BLOCK: i32 = 512

/** Adds up `count` terms of a strip of C, and stores them. */
@inline function addStrip<T>(to: usize, from: usize, step: usize, at: usize, value: usize, count: i32): void {
  let c0 = v128.splat<T>(0), c1 = c0, c2 = c0, c3 = c0
  for (const end = at + (<usize>count << 2); at < end; at += 4, value += sizeof<T>()) {
    const x = v128.load_splat<T>(value)
    const row = from + <usize>load<u32>(at) * step
    c0 = v128.add<T>(c0, v128.mul<T>(x, v128.load(row)))
    c1 = v128.add<T>(c1, v128.mul<T>(x, v128.load(row, 16)))
    c2 = v128.add<T>(c2, v128.mul<T>(x, v128.load(row, 32)))
    c3 = v128.add<T>(c3, v128.mul<T>(x, v128.load(row, 48)))
  }
  v128.store(to, c0)
  v128.store(to, c1, 16)
  v128.store(to, c2, 32)
  v128.store(to, c3, 48)
}

/** The same for any count, with room for halves. */
function addLongStrip<T>(to: usize, from: usize, step: usize, at: usize, value: usize, count: i32, room: usize): void {
  if (count <= BLOCK) return addStrip<T>(to, from, step, at, value, count)
  const half = count >> 1
  addLongStrip<T>(to, from, step, at, value, half, room)
  addLongStrip<T>(room, from, step, at + (<usize>half << 2), value + bytes<T>(half), count - half, room + STRIP * 16)
  for (let i: usize = 0; i < <usize>STRIP * 16; i += 16)
    v128.store(to + i, v128.add<T>(v128.load(to + i), v128.load(room + i)))
}

/** The sum of `count` terms of one vector of C. */
@inline function addVector<T>(from: usize, step: usize, at: usize, value: usize, count: i32): v128 {
  let c = v128.splat<T>(0)
  for (const end = at + (<usize>count << 2); at < end; at += 4, value += sizeof<T>())
    c = v128.add<T>(c, v128.mul<T>(v128.load_splat<T>(value), v128.load(from + <usize>load<u32>(at) * step)))
  return c
}

/** The same for any count. */
function addLongVector<T>(from: usize, step: usize, at: usize, value: usize, count: i32): v128 {
  if (count <= BLOCK) return addVector<T>(from, step, at, value, count)
  const half = count >> 1
  return v128.add<T>(
    addLongVector<T>(from, step, at, value, half),
    addLongVector<T>(from, step, at + (<usize>half << 2), value + bytes<T>(half), count - half)
  )
}

/**
 * out (m x n) = A·B. Row i of A has the entries from starts[i] to starts[i + 1] of `columns` and `values`. An element's terms
 * are added in the same order whatever n is. A vector at the edge reads past the end of a row of B.
 */
function spmm<T>(out: usize, starts: usize, columns: usize, values: usize, b: usize, m: i32, n: i32): void {
  const step = bytes<T>(n)
  for (let i = 0; i < m; i++, starts += 4) {
    const first = <usize>load<u32>(starts)
    const count = <i32>(load<u32>(starts, 4) - <u32>first)
    const at = columns + (first << 2), value = values + first * sizeof<T>()
    let left = n
    let from = b
    for (; left >= STRIP * lanes<T>(); left -= STRIP * lanes<T>(), out += STRIP * 16, from += STRIP * 16)
      if (count <= BLOCK) addStrip<T>(out, from, step, at, value, count)
      else addLongStrip<T>(out, from, step, at, value, count, workspace)
    for (; left > 0; left -= lanes<T>(), from += 16) {
      const c = count <= BLOCK ? addVector<T>(from, step, at, value, count) : addLongVector<T>(from, step, at, value, count)
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
