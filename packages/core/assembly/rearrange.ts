// Kernels that move elements and compute nothing.

import { lostByTwo } from './float'
import { lanes } from './vector'

/** Rows of more bytes are copied by `memory.copy`, whose call alone takes as long as to copy so many here. */
const LONG: usize = 512

/** out = a: bytes that are a multiple of 4, and do not overlap. */
@inline function copyBytes(out: usize, a: usize, bytes: usize): void {
  if (bytes > LONG) memory.copy(out, a, bytes)
  else if (bytes < 16) for (let at: usize = 0; at < bytes; at += 4) store<i32>(out + at, load<i32>(a + at))
  else {
    const last = bytes - 16
    for (let at: usize = 0; at < last; at += 16) v128.store(out + at, v128.load(a + at))
    v128.store(out + last, v128.load(a + last))
  }
}

/**
 * out[i·outRow + j·outCol] = a[i·aRow + j·aCol] for rows x cols. Steps count elements and may be 0 (broadcast) or negative
 * (flip): transpose, slice, concat, flip, diagonal and broadcast are all this copy.
 */
function copy<T>(
  out: usize, a: usize, rows: i32, cols: i32, outStart: i32, outRow: i32, outCol: i32, aStart: i32, aRow: i32, aCol: i32
): void {
  const outStep = outCol * sizeof<T>()
  const aStep = aCol * sizeof<T>()
  for (let i = 0; i < rows; i++) {
    let to = out + (outStart + i * outRow) * sizeof<T>()
    let from = a + (aStart + i * aRow) * sizeof<T>()
    if (outCol == 1 && aCol == 1) copyBytes(to, from, <usize>cols * sizeof<T>())
    else for (let j = 0; j < cols; j++, to += outStep, from += aStep) store<T>(to, load<T>(from))
  }
}

/** out[i, :] = a[index[i], :]. */
function gatherRows<T>(out: usize, a: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  const bytes = <usize>cols * sizeof<T>()
  for (let i = 0; i < rows; i++) copyBytes(out + <usize>i * bytes, a + <usize>selected(index, i, wide) * bytes, bytes)
}

/** out[i, :] = a[i, index[:]]. */
function gatherCols<T>(out: usize, a: usize, index: usize, rows: i32, cols: i32, aCols: i32, wide: i32): void {
  for (let i = 0; i < rows; i++, a += <usize>aCols * sizeof<T>())
    for (let j = 0; j < cols; j++, out += sizeof<T>())
      store<T>(out, load<T>(a + <usize>selected(index, j, wide) * sizeof<T>()))
}

/** out (size elements) = value, then the copy above. */
function place<T>(
  out: usize, a: usize, size: i32, value: T, rows: i32, cols: i32,
  outStart: i32, outRow: i32, outCol: i32, aStart: i32, aRow: i32, aCol: i32
): void {
  if (value == 0) memory.fill(out, 0, <usize>size * sizeof<T>())
  else for (let i: usize = 0; i < <usize>size; i++) store<T>(out + i * sizeof<T>(), value)
  copy<T>(out, a, rows, cols, outStart, outRow, outCol, aStart, aRow, aCol)
}

/** Elements below or above diagonal k (j − i = k) become 0: keeps j − i ≤ k, or ≥ k when `upper`. */
function triangle<T>(out: usize, a: usize, rows: i32, cols: i32, k: i32, upper: i32): void {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, out += sizeof<T>(), a += sizeof<T>())
      store<T>(out, (upper ? j - i >= k : j - i <= k) ? load<T>(a) : 0)
}

/** Element i of a selector, which keeps its own dtype: float64 where `wide`. */
@inline function selected(base: usize, i: i32, wide: i32): f64 {
  return wide ? load<f64>(base + (<usize>i << 3)) : <f64>load<f32>(base + (<usize>i << 2))
}

/** Whether all elements are whole numbers from 0 to limit − 1. */
function areIndices<T>(a: usize, count: i32, limit: i32): i32 {
  const zero = v128.splat<T>(0), end = v128.splat<T>(<T>limit)
  let valid = v128.eq<T>(zero, zero), x = a, left = count
  for (; left >= lanes<T>(); left -= lanes<T>(), x += 16) {
    const element = v128.load(x)
    const inside = v128.and(v128.ge<T>(element, zero), v128.lt<T>(element, end))
    valid = v128.and(valid, v128.and(inside, v128.eq<T>(v128.floor<T>(element), element)))
  }
  for (; left > 0; left--, x += sizeof<T>()) {
    const element = load<T>(x)
    if (!(element >= 0 && element < <T>limit && floor<T>(element) == element)) return 0
  }
  return i32(i32x4.all_true(valid))
}

/**
 * out (rows x cols) = 0, then out[index[i], :] += a[i, :] in the order of i. The sums are float64 in `room`, which has as many
 * numbers as out; of float64 it has what each addition loses, which is left out where a sum is infinite.
 */
function scatterAddRows<T>(
  out: usize, a: usize, index: usize, room: usize, count: i32, cols: i32, rows: i32, wide: i32
): void {
  const size = <usize>rows * cols
  memory.fill(room, 0, size << 3)
  if (sizeof<T>() == 8) memory.fill(out, 0, size << 3)
  for (let i = 0; i < count; i++) {
    const start = (<usize>selected(index, i, wide) * cols) << 3
    let to = out + start, rest = room + start
    for (let j = 0; j < cols; j++, a += sizeof<T>(), to += 8, rest += 8) {
      const x = <f64>load<T>(a)
      if (sizeof<T>() == 4) store<f64>(rest, load<f64>(rest) + x)
      else {
        const total = load<f64>(to), sum = total + x
        store<f64>(rest, load<f64>(rest) + lostByTwo(total, x, sum))
        store<f64>(to, sum)
      }
    }
  }
  for (let i: usize = 0; i < size; i++) {
    const to = out + i * sizeof<T>(), rest = load<f64>(room + (i << 3))
    if (sizeof<T>() == 4) store<T>(to, <T>rest)
    else if (Math.abs(<f64>load<T>(to)) < Infinity) store<T>(to, load<T>(to) + <T>rest)
  }
}

/** out[i, j] = 1 where j = index[i], else 0. */
function oneHot<T>(out: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  memory.fill(out, 0, <usize>rows * cols * sizeof<T>())
  for (let i = 0; i < rows; i++) store<T>(out + (<usize>i * cols + <usize>selected(index, i, wide)) * sizeof<T>(), 1)
}

/** out[i] = a[i, index[i]]. */
function pick<T>(out: usize, a: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  for (let i = 0; i < rows; i++)
    store<T>(out + <usize>i * sizeof<T>(), load<T>(a + (<usize>i * cols + <usize>selected(index, i, wide)) * sizeof<T>()))
}

/** out[i, j] = a[i, j] where condition[i, j] ≠ 0, else b[i, j]; a step of 0 repeats an operand. */
function where<T>(
  out: usize, condition: usize, a: usize, b: usize, rows: i32, cols: i32,
  conditionRow: i32, conditionCol: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32, wide: i32
): void {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, out += sizeof<T>()) {
      const from = selected(condition, i * conditionRow + j * conditionCol, wide) != 0
        ? a + (<usize>i * aRow + <usize>j * aCol) * sizeof<T>()
        : b + (<usize>i * bRow + <usize>j * bCol) * sizeof<T>()
      store<T>(out, load<T>(from))
    }
}

export function copy_f32(
  out: usize, a: usize, rows: i32, cols: i32, outStart: i32, outRow: i32, outCol: i32, aStart: i32, aRow: i32, aCol: i32
): void {
  copy<f32>(out, a, rows, cols, outStart, outRow, outCol, aStart, aRow, aCol)
}

export function copy_f64(
  out: usize, a: usize, rows: i32, cols: i32, outStart: i32, outRow: i32, outCol: i32, aStart: i32, aRow: i32, aCol: i32
): void {
  copy<f64>(out, a, rows, cols, outStart, outRow, outCol, aStart, aRow, aCol)
}

export function triangle_f32(out: usize, a: usize, rows: i32, cols: i32, k: i32, upper: i32): void {
  triangle<f32>(out, a, rows, cols, k, upper)
}

export function triangle_f64(out: usize, a: usize, rows: i32, cols: i32, k: i32, upper: i32): void {
  triangle<f64>(out, a, rows, cols, k, upper)
}

export function scatterAddRows_f32(
  out: usize, a: usize, index: usize, room: usize, count: i32, cols: i32, rows: i32, wide: i32
): void {
  scatterAddRows<f32>(out, a, index, room, count, cols, rows, wide)
}

export function scatterAddRows_f64(
  out: usize, a: usize, index: usize, room: usize, count: i32, cols: i32, rows: i32, wide: i32
): void {
  scatterAddRows<f64>(out, a, index, room, count, cols, rows, wide)
}

export function oneHot_f32(out: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  oneHot<f32>(out, index, rows, cols, wide)
}

export function oneHot_f64(out: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  oneHot<f64>(out, index, rows, cols, wide)
}

export function pick_f32(out: usize, a: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  pick<f32>(out, a, index, rows, cols, wide)
}

export function pick_f64(out: usize, a: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  pick<f64>(out, a, index, rows, cols, wide)
}

export function where_f32(
  out: usize, condition: usize, a: usize, b: usize, rows: i32, cols: i32,
  conditionRow: i32, conditionCol: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32, wide: i32
): void {
  where<f32>(out, condition, a, b, rows, cols, conditionRow, conditionCol, aRow, aCol, bRow, bCol, wide)
}

export function where_f64(
  out: usize, condition: usize, a: usize, b: usize, rows: i32, cols: i32,
  conditionRow: i32, conditionCol: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32, wide: i32
): void {
  where<f64>(out, condition, a, b, rows, cols, conditionRow, conditionCol, aRow, aCol, bRow, bCol, wide)
}

export function place_f32(
  out: usize, a: usize, size: i32, value: f32, rows: i32, cols: i32,
  outStart: i32, outRow: i32, outCol: i32, aStart: i32, aRow: i32, aCol: i32
): void {
  place<f32>(out, a, size, value, rows, cols, outStart, outRow, outCol, aStart, aRow, aCol)
}

export function place_f64(
  out: usize, a: usize, size: i32, value: f64, rows: i32, cols: i32,
  outStart: i32, outRow: i32, outCol: i32, aStart: i32, aRow: i32, aCol: i32
): void {
  place<f64>(out, a, size, value, rows, cols, outStart, outRow, outCol, aStart, aRow, aCol)
}

export function gatherCols_f32(
  out: usize, a: usize, index: usize, rows: i32, cols: i32, aCols: i32, wide: i32
): void {
  gatherCols<f32>(out, a, index, rows, cols, aCols, wide)
}

export function gatherRows_f32(out: usize, a: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  gatherRows<f32>(out, a, index, rows, cols, wide)
}

export function gatherCols_f64(
  out: usize, a: usize, index: usize, rows: i32, cols: i32, aCols: i32, wide: i32
): void {
  gatherCols<f64>(out, a, index, rows, cols, aCols, wide)
}

export function gatherRows_f64(out: usize, a: usize, index: usize, rows: i32, cols: i32, wide: i32): void {
  gatherRows<f64>(out, a, index, rows, cols, wide)
}

export function areIndices_f32(a: usize, count: i32, limit: i32): i32 {
  return areIndices<f32>(a, count, limit)
}

export function areIndices_f64(a: usize, count: i32, limit: i32): i32 {
  return areIndices<f64>(a, count, limit)
}

/** out[i] = a[i] for i < count. */
export function move_f32(out: usize, a: usize, count: i32): void {
  memory.copy(out, a, <usize>count << 2)
}

export function move_f64(out: usize, a: usize, count: i32): void {
  memory.copy(out, a, <usize>count << 3)
}

/** out[i] = a[i] in the other dtype, from float32. */
export function convert_f32(out: usize, a: usize, count: i32): void {
  for (let i = 0; i < count; i++, out += 8, a += 4) store<f64>(out, <f64>load<f32>(a))
}

/** The same from float64. */
export function convert_f64(out: usize, a: usize, count: i32): void {
  for (let i = 0; i < count; i++, out += 4, a += 8) store<f32>(out, <f32>load<f64>(a))
}
