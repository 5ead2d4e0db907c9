// C = op(A)·op(B) by cache blocks (Goto & van de Geijn 2008): a block of A and one of B are packed into panels that the
// tile kernel reads straight through. Small products read in place what lies as in a panel: A transposed, B plain.
// Strides stand for the four transpose forms: A[i, p] is at a + i·aRow + p·aCol, B[p, j] at b + p·bRow + j·bCol.
//
// The sum over k is split every DEPTH terms and nowhere else, and each part runs through its terms in order. An element's
// bits therefore depend neither on the path nor on the shape of the product around it.
//
// A tile at the edge is computed whole: it reads past the end of a row, and stores what belongs to C.
//
// This file alone is compiled a second time with relaxed SIMD, where a product and a sum are rounded once.

import { bytes, lanes, storeTransposed, storeUpTo } from './vector'

/** Rows of a tile; its columns are two vectors. On 128-bit registers 4 x 2 sums leave room for the operands. */
const TILE_ROWS: i32 = 4

/** Rows of A in a packed block, and terms of the sum in one part. */
const BLOCK_ROWS: i32 = 128
const DEPTH: i32 = 256
/** Bytes of a packed block of B: half of a small second-level cache. */
const B_BYTES: i32 = 512 * 1024

/** Where this instance packs: a block of A, then one of B. Threads share a memory, not a workspace. */
export let workspace: usize = 0
const PACKED_B: usize = (BLOCK_ROWS + TILE_ROWS) * DEPTH * 8

/** The bytes that it takes. */
export const WORKSPACE_BYTES: usize = PACKED_B + B_BYTES + 128

/** Where the free memory begins. */
export const HEAP: usize = (__heap_base + 63) & ~63

/**
 * Products of at most this many multiplications are read in place: packing would take longer than it saves. What must be
 * packed of them fits the workspace as one block.
 */
const SMALL: i32 = 32 * 32 * 32

@inline function tileCols<T>(): i32 {
  return 32 / sizeof<T>()
}

/** Packs `span` bytes of each of `depth` terms, whose elements lie side by side, into panels of `width` bytes. */
function packAcross(out: usize, from: usize, step: usize, span: usize, width: usize, depth: i32): void {
  for (const end = from + span; from < end; from += width) {
    let x = from
    for (let p = 0; p < depth; p++, x += step, out += width) {
      v128.store(out, v128.load(x))
      if (width == 32) v128.store(out, v128.load(x, 16), 16)
    }
  }
}

/**
 * Packs rows whose terms lie side by side, 4 rows at a time: whole vectors of terms, of which the next panel overwrites
 * those beyond `depth`. Rows from `rows` on repeat the last.
 */
export function packAlong<T>(out: usize, from: usize, step: usize, rows: i32, width: usize, depth: i32): void {
  for (let i = 0; i < rows; i += 4, from += 4 * step) {
    const at = bytes<T>(i)
    let to = out + (at & -width) * <usize>depth + (at & (width - 1))
    let x0 = from
    let x1 = i + 1 < rows ? x0 + step : x0
    let x2 = i + 2 < rows ? x1 + step : x1
    let x3 = i + 3 < rows ? x2 + step : x2
    const end = x0 + bytes<T>(depth)
    if (depth) do {
      const y0 = v128.load(x0), y1 = v128.load(x1), y2 = v128.load(x2), y3 = v128.load(x3)
      storeTransposed<T>(y0, y1, y2, y3, to, width, lanes<T>(), lanes<T>())
      if (sizeof<T>() == 8) storeTransposed<T>(y2, y3, y2, y3, to + 16, width, lanes<T>(), lanes<T>())
      to += <usize>lanes<T>() * width
      x0 += 16
      x1 += 16
      x2 += 16
      x3 += 16
    } while (x0 < end)
  }
}

/** Packs `count` rows of A or columns of B, `row` elements apart, into panels that are `width` bytes wide. */
@inline function pack<T>(out: usize, from: usize, row: i32, col: i32, count: i32, width: usize, depth: i32): void {
  if (row == 1) packAcross(out, from, bytes<T>(col), bytes<T>(count), width, depth)
  else packAlong<T>(out, from, bytes<T>(row), count, width, depth)
}

/** c + x·y, with one rounding where the engine has it. */
@inline function multiplyAdd<T>(x: v128, y: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_madd<T>(x, y, c) : v128.add<T>(c, v128.mul<T>(x, y))
}

// What becomes of a sum, in this order: it is added to C or subtracted from it, the bias is added, and negative elements
// become 0. The roundings are those of separate operations.
const ACCUMULATE: i32 = 1
const BIAS: i32 = 2
const RELU: i32 = 4
const SUBTRACT: i32 = 8

/** Finishes the sums of a row of a tile, one vector or two, and stores what of them lies inside C: `cols` columns. */
@inline function storeRow<T>(wide: bool, c0: v128, c1: v128, to: usize, bias: usize, cols: i32, mode: i32): void {
  let x0 = c0, x1 = c1
  if (mode) {
    if (mode & ACCUMULATE) {
      x0 = v128.add<T>(v128.load(to), x0)
      if (wide) x1 = v128.add<T>(v128.load(to, 16), x1)
    }
    if (mode & SUBTRACT) {
      x0 = v128.sub<T>(v128.load(to), x0)
      if (wide) x1 = v128.sub<T>(v128.load(to, 16), x1)
    }
    if (mode & BIAS) {
      x0 = v128.add<T>(x0, v128.load(bias))
      if (wide) x1 = v128.add<T>(x1, v128.load(bias, 16))
    }
    if (mode & RELU) {
      x0 = v128.pmax<T>(x0, v128.splat<T>(0))
      if (wide) x1 = v128.pmax<T>(x1, v128.splat<T>(0))
    }
  }
  if (wide) {
    v128.store(to, x0)
    storeUpTo<T>(to + 16, x1, cols - lanes<T>())
  } else storeUpTo<T>(to, x0, cols)
}

/**
 * A tile of C, two vectors wide or one, from `depth` terms. The elements of a term are side by side in both operands;
 * steps lead from term to term. The loop tests at its end because V8 computes addresses that it does not change before
 * the loop only then, and steps at its start, which was the fastest of several orders. An exit between the rows, which
 * is never taken, makes two blocks of the products and sums that V8 writes in turn: a ninth less time on Zen 3, probably
 * because not all products queue for the same half of the vector unit then.
 */
@inline function tile<T>(
  wide: bool, out: usize, ld: usize, a0: usize, aStep: usize, b0: usize, bStep: usize, bias: usize,
  depth: i32, rows: i32, cols: i32, mode: i32
): void {
  const size: usize = sizeof<T>()
  let c00 = v128.splat<T>(0), c01 = c00, c10 = c00, c11 = c00
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00
  let y0: v128, y1 = c00, x0: v128, x1: v128, x2: v128, x3: v128
  let a = a0 - aStep, b = b0 - bStep
  const last = b + <usize>depth * bStep
  if (depth) do {
    a += aStep
    b += bStep
    y0 = v128.load(b)
    if (wide) y1 = v128.load(b, 16)
    x0 = v128.load_splat<T>(a)
    x1 = v128.load_splat<T>(a, size)
    x2 = v128.load_splat<T>(a, 2 * size)
    x3 = v128.load_splat<T>(a, 3 * size)
    c00 = multiplyAdd<T>(x0, y0, c00)
    if (wide) c01 = multiplyAdd<T>(x0, y1, c01)
    c10 = multiplyAdd<T>(x1, y0, c10)
    if (wide) c11 = multiplyAdd<T>(x1, y1, c11)
    if (b > last) break
    c20 = multiplyAdd<T>(x2, y0, c20)
    if (wide) c21 = multiplyAdd<T>(x2, y1, c21)
    c30 = multiplyAdd<T>(x3, y0, c30)
    if (wide) c31 = multiplyAdd<T>(x3, y1, c31)
  } while (b < last)
  storeRow<T>(wide, c00, c01, out, bias, cols, mode)
  if (rows > 1) storeRow<T>(wide, c10, c11, out + ld, bias, cols, mode)
  if (rows > 2) storeRow<T>(wide, c20, c21, out + 2 * ld, bias, cols, mode)
  if (rows > 3) storeRow<T>(wide, c30, c31, out + 3 * ld, bias, cols, mode)
}

/** The tiles of C below one another; `aNext` bytes lead from their rows of A to the next. */
@inline function column<T>(
  wide: bool, out: usize, ld: usize, a: usize, aNext: usize, aStep: usize, b: usize, bStep: usize, bias: usize,
  depth: i32, rows: i32, cols: i32, mode: i32
): void {
  for (let left = rows; left > 0; left -= TILE_ROWS, a += aNext, out += <usize>TILE_ROWS * ld)
    tile<T>(wide, out, ld, a, aStep, b, bStep, bias, depth, left, cols, mode)
}

function wideColumn<T>(
  out: usize, ld: usize, a: usize, aNext: usize, aStep: usize, b: usize, bStep: usize, bias: usize,
  depth: i32, rows: i32, cols: i32, mode: i32
): void {
  column<T>(true, out, ld, a, aNext, aStep, b, bStep, bias, depth, rows, cols, mode)
}

function narrowColumn<T>(
  out: usize, ld: usize, a: usize, aNext: usize, aStep: usize, b: usize, bStep: usize, bias: usize,
  depth: i32, rows: i32, cols: i32, mode: i32
): void {
  column<T>(false, out, ld, a, aNext, aStep, b, bStep, bias, depth, rows, cols, mode)
}

/** The product as one block, of which only what lies otherwise than in a panel is packed. */
function small<T>(
  out: usize, a0: usize, b0: usize, bias: usize, m: i32, n: i32, k: i32, step: usize,
  aRow: i32, aCol: i32, bRow: i32, bCol: i32, mode: i32
): void {
  let a = a0, aStep = bytes<T>(aCol), aNext = bytes<T>(TILE_ROWS)
  if (aRow != 1) {
    a = workspace
    packAlong<T>(a, a0, bytes<T>(aRow), m, aNext, k)
    aStep = aNext
    aNext *= k
  }
  let b = b0, bStep = bytes<T>(bRow), bNext: usize = 32
  if (bCol != 1) {
    b = workspace + PACKED_B
    packAlong<T>(b, b0, bytes<T>(bCol), n, bNext, k)
    bStep = bNext
    bNext *= k
  }
  for (let left = n; left > 0; left -= tileCols<T>(), out += 32, bias += 32, b += bNext)
    if (left > lanes<T>()) wideColumn<T>(out, step, a, aNext, aStep, b, bStep, bias, k, m, left, mode)
    else narrowColumn<T>(out, step, a, aNext, aStep, b, bStep, bias, k, m, left, mode)
}

/**
 * out (m x n, `ld` elements from row to row) = op(A)·op(B). `mode` sums up what else happens: 1 adds it to what is there
 * (C += A·B), 8 subtracts it (C −= A·B), 2 then adds the row `bias`, 4 then takes max(x, 0).
 */
export function gemm<T>(
  out: usize, a: usize, b: usize, bias: usize, m: i32, n: i32, k: i32, ld: i32,
  aRow: i32, aCol: i32, bRow: i32, bCol: i32, mode: i32
): void {
  const step = bytes<T>(ld)
  if (k <= DEPTH && <i64>m * n * k <= SMALL)
    return small<T>(out, a, b, bias, m, n, k, step, aRow, aCol, bRow, bCol, mode)
  const packedA = workspace, packedB = workspace + PACKED_B
  const aStep = bytes<T>(TILE_ROWS)
  const blockCols = B_BYTES / (DEPTH * sizeof<T>())
  for (let j0 = 0; j0 < n; j0 += blockCols) {
    const cols = min<i32>(blockCols, n - j0)
    for (let p0 = 0; p0 < k; p0 += DEPTH) {
      const depth = min<i32>(DEPTH, k - p0)
      const aNext = <usize>depth * aStep
      const sign = mode & (ACCUMULATE | SUBTRACT)
      const modeHere = (p0 > 0 && !sign ? ACCUMULATE : sign) | (p0 + DEPTH < k ? 0 : mode & (BIAS | RELU))
      pack<T>(packedB, b + bytes<T>(p0 * bRow + j0 * bCol), bCol, bRow, cols, 32, depth)
      for (let i0 = 0; i0 < m; i0 += BLOCK_ROWS) {
        const rows = min<i32>(BLOCK_ROWS, m - i0)
        pack<T>(packedA, a + bytes<T>(i0 * aRow + p0 * aCol), aRow, aCol, rows, aStep, depth)
        for (let j = 0; j < cols; j += tileCols<T>()) {
          const panel = packedB + bytes<T>(j * depth)
          const biasHere = bias + bytes<T>(j0 + j)
          const to = out + bytes<T>(j0 + j) + <usize>i0 * step
          const left = cols - j
          // Written out here because V8 unrolls a loop the more, the more loops are around it: here by four terms.
          if (left > lanes<T>())
            column<T>(true, to, step, packedA, aNext, aStep, panel, 32, biasHere, depth, rows, left, modeHere)
          else narrowColumn<T>(to, step, packedA, aNext, aStep, panel, 32, biasHere, depth, rows, left, modeHere)
        }
      }
    }
  }
}

export function gemm_f32(
  out: usize, a: usize, b: usize, bias: usize, m: i32, n: i32, k: i32, ld: i32,
  aRow: i32, aCol: i32, bRow: i32, bCol: i32, mode: i32
): void {
  gemm<f32>(out, a, b, bias, m, n, k, ld, aRow, aCol, bRow, bCol, mode)
}

export function gemm_f64(
  out: usize, a: usize, b: usize, bias: usize, m: i32, n: i32, k: i32, ld: i32,
  aRow: i32, aCol: i32, bRow: i32, bCol: i32, mode: i32
): void {
  gemm<f64>(out, a, b, bias, m, n, k, ld, aRow, aCol, bRow, bCol, mode)
}

/** Columns of B that lie along its rows, in panels: see packAlong. */
export function pack_f32(out: usize, from: usize, step: usize, rows: i32, width: usize, depth: i32): void {
  packAlong<f32>(out, from, step, rows, width, depth)
}

export function pack_f64(out: usize, from: usize, step: usize, rows: i32, width: usize, depth: i32): void {
  packAlong<f64>(out, from, step, rows, width, depth)
}
