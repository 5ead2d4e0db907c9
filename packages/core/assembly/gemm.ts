// C = op(A)·op(B) by cache blocks (Goto & van de Geijn 2008): a block of A and one of B are packed into panels that the
// tile kernel reads straight through. Small products read A, and B where its rows are contiguous, in place.
// Strides stand for the four transpose forms: A[i, p] is at a + i·aRow + p·aCol, B[p, j] at b + p·bRow + j·bCol.
//
// The sum over k is split every DEPTH terms and nowhere else, and each part runs through its terms in order. An element's
// bits therefore depend neither on the path nor on the shape of the product around it.
//
// A tile at the edge is computed whole: it reads past the end of a row, or the last row again, and stores what belongs to C.
//
// This file alone is compiled a second time with relaxed SIMD, where a product and a sum are rounded once.

import { bytes, lanes } from './vector'

/** Rows of a tile; its columns are two vectors. On 128-bit registers 4 x 2 sums leave room for the operands. */
const TILE_ROWS: i32 = 4

/** Rows of A in a packed block, and terms of the sum in one part. */
const BLOCK_ROWS: i32 = 128
const DEPTH: i32 = 256
/** Bytes of a packed block of B: half of a small second-level cache. */
const B_BYTES: i32 = 512 * 1024

/** Where this instance packs: one tile, then a block of A, then one of B. Threads share a memory, not a workspace. */
export let workspace: usize = 0
const PACKED_A: usize = 128
const PACKED_B: usize = PACKED_A + (BLOCK_ROWS + TILE_ROWS) * DEPTH * 8

/** The bytes that it takes. */
export const WORKSPACE_BYTES: usize = PACKED_B + B_BYTES + 128

/** Where the free memory begins. */
export const HEAP: usize = (__heap_base + 63) & ~63

/** Products with fewer multiplications than this read A in place: packing it would take longer than it saves. */
const SMALL: i32 = 20 * 20 * 20

@inline function tileCols<T>(): i32 {
  return 32 / sizeof<T>()
}

/** Packs panels whose elements lie side by side, `width` bytes of them for each of `depth` terms. */
function packAcross(out: usize, from: usize, step: usize, panels: i32, width: usize, depth: i32): void {
  for (let panel = 0; panel < panels; panel++, from += width) {
    let x = from
    for (let p = 0; p < depth; p++, x += step, out += width) {
      v128.store(out, v128.load(x))
      if (width == 32) v128.store(out, v128.load(x, 16), 16)
    }
  }
}

/**
 * Packs one group of 4 rows whose terms lie side by side: the elements of a term next to one another, `outStep` bytes
 * from term to term. Rows from `rows` on repeat the last.
 */
function packAlong<T>(out: usize, a0: usize, step: usize, rows: i32, outStep: usize, depth: i32): void {
  const a1 = rows > 1 ? a0 + step : a0
  const a2 = rows > 2 ? a1 + step : a1
  const a3 = rows > 3 ? a2 + step : a2
  let p = 0
  for (let at: usize = 0; p + lanes<T>() <= depth; p += lanes<T>(), at += 16, out += <usize>lanes<T>() * outStep) {
    const x0 = v128.load(a0 + at), x1 = v128.load(a1 + at), x2 = v128.load(a2 + at), x3 = v128.load(a3 + at)
    if (sizeof<T>() == 4) {
      const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5)
      const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7)
      v128.store(out, v128.shuffle<i64>(low01, low23, 0, 2))
      v128.store(out + outStep, v128.shuffle<i64>(low01, low23, 1, 3))
      v128.store(out + 2 * outStep, v128.shuffle<i64>(high01, high23, 0, 2))
      v128.store(out + 3 * outStep, v128.shuffle<i64>(high01, high23, 1, 3))
    } else {
      v128.store(out, v128.shuffle<i64>(x0, x1, 0, 2))
      v128.store(out, v128.shuffle<i64>(x2, x3, 0, 2), 16)
      v128.store(out + outStep, v128.shuffle<i64>(x0, x1, 1, 3))
      v128.store(out + outStep, v128.shuffle<i64>(x2, x3, 1, 3), 16)
    }
  }
  for (; p < depth; p++, out += outStep) {
    const at = bytes<T>(p)
    store<T>(out, load<T>(a0 + at))
    store<T>(out, load<T>(a1 + at), sizeof<T>())
    store<T>(out, load<T>(a2 + at), 2 * sizeof<T>())
    store<T>(out, load<T>(a3 + at), 3 * sizeof<T>())
  }
}

/** Packs rows x depth of A into panels of TILE_ROWS rows. */
function packA<T>(a: usize, aRow: i32, aCol: i32, rows: i32, depth: i32): void {
  const width = TILE_ROWS * sizeof<T>()
  const out = workspace + PACKED_A
  if (aRow == 1) return packAcross(out, a, bytes<T>(aCol), (rows + TILE_ROWS - 1) / TILE_ROWS, width, depth)
  for (let i = 0; i < rows; i += TILE_ROWS)
    packAlong<T>(out + bytes<T>(i * depth), a + bytes<T>(i * aRow), bytes<T>(aRow), rows - i, width, depth)
}

/** Packs depth x cols of B into panels of two vectors. */
function packB<T>(b: usize, bRow: i32, bCol: i32, cols: i32, depth: i32): void {
  const width = tileCols<T>()
  const out = workspace + PACKED_B
  if (bCol == 1) return packAcross(out, b, bytes<T>(bRow), (cols + width - 1) / width, 32, depth)
  for (let j = 0; j < cols; j += 4) {
    const panel = out + bytes<T>((j / width) * width * depth) + bytes<T>(j % width)
    packAlong<T>(panel, b + bytes<T>(j * bCol), bytes<T>(bCol), cols - j, 32, depth)
  }
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

@inline function finish<T>(sum: v128, to: usize, bias: usize, mode: i32): void {
  let x = sum
  if (mode & ACCUMULATE) x = v128.add<T>(v128.load(to), x)
  if (mode & SUBTRACT) x = v128.sub<T>(v128.load(to), x)
  if (mode & BIAS) x = v128.add<T>(x, v128.load(bias))
  if (mode & RELU) x = v128.max<T>(x, v128.splat<T>(0))
  v128.store(to, x)
}

/** Copies the rows x cols of a tile that lie inside C; `step` bytes lead from row to row. */
function copyEdge<T>(out: usize, outStep: usize, from: usize, step: usize, rows: i32, cols: i32): void {
  for (let i = 0; i < rows; i++, out += outStep, from += step)
    for (let at: usize = 0; at < bytes<T>(cols); at += sizeof<T>()) store<T>(out + at, load<T>(from + at))
}

/**
 * A tile of C from `depth` terms, for A and B packed, or in place with steps between A's rows and terms and B's terms.
 *
 * Two packed terms a turn take fewer instructions, whose number is the bound in float32. The test between them is there so
 * that V8 does not mix them, which would take more registers than there are.
 */
@inline function tile<T>(
  packed: bool, out: usize, ld: usize, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, bias: usize,
  depth: i32, rows: i32, cols: i32, mode: i32
): void {
  let c00 = v128.splat<T>(0), c01 = c00, c10 = c00, c11 = c00
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00
  let b0: v128, b1: v128, x: v128
  const end = b + <usize>depth * bRow
  if (packed) {
    const size: usize = sizeof<T>()
    const terms: usize = sizeof<T>() == 4 ? 2 : 1
    for (; b < end; b += terms * 32, a += terms * TILE_ROWS * size) {
      b0 = v128.load(b)
      b1 = v128.load(b, 16)
      x = v128.load_splat<T>(a)
      c00 = multiplyAdd<T>(x, b0, c00)
      c01 = multiplyAdd<T>(x, b1, c01)
      x = v128.load_splat<T>(a, size)
      c10 = multiplyAdd<T>(x, b0, c10)
      c11 = multiplyAdd<T>(x, b1, c11)
      x = v128.load_splat<T>(a, 2 * size)
      c20 = multiplyAdd<T>(x, b0, c20)
      c21 = multiplyAdd<T>(x, b1, c21)
      x = v128.load_splat<T>(a, 3 * size)
      c30 = multiplyAdd<T>(x, b0, c30)
      c31 = multiplyAdd<T>(x, b1, c31)
      if (terms == 1) continue
      if (b + 32 >= end) break
      b0 = v128.load(b, 32)
      b1 = v128.load(b, 48)
      x = v128.load_splat<T>(a, 4 * size)
      c00 = multiplyAdd<T>(x, b0, c00)
      c01 = multiplyAdd<T>(x, b1, c01)
      x = v128.load_splat<T>(a, 5 * size)
      c10 = multiplyAdd<T>(x, b0, c10)
      c11 = multiplyAdd<T>(x, b1, c11)
      x = v128.load_splat<T>(a, 6 * size)
      c20 = multiplyAdd<T>(x, b0, c20)
      c21 = multiplyAdd<T>(x, b1, c21)
      x = v128.load_splat<T>(a, 7 * size)
      c30 = multiplyAdd<T>(x, b0, c30)
      c31 = multiplyAdd<T>(x, b1, c31)
    }
  } else {
    let a1 = rows > 1 ? a + aRow : a
    let a2 = rows > 2 ? a1 + aRow : a1
    let a3 = rows > 3 ? a2 + aRow : a2
    for (; b < end; b += bRow, a += aCol, a1 += aCol, a2 += aCol, a3 += aCol) {
      b0 = v128.load(b)
      b1 = v128.load(b, 16)
      x = v128.load_splat<T>(a)
      c00 = multiplyAdd<T>(x, b0, c00)
      c01 = multiplyAdd<T>(x, b1, c01)
      x = v128.load_splat<T>(a1)
      c10 = multiplyAdd<T>(x, b0, c10)
      c11 = multiplyAdd<T>(x, b1, c11)
      x = v128.load_splat<T>(a2)
      c20 = multiplyAdd<T>(x, b0, c20)
      c21 = multiplyAdd<T>(x, b1, c21)
      x = v128.load_splat<T>(a3)
      c30 = multiplyAdd<T>(x, b0, c30)
      c31 = multiplyAdd<T>(x, b1, c31)
    }
  }
  const whole = rows >= TILE_ROWS && cols >= tileCols<T>()
  const to0 = whole ? out : workspace
  const step = whole ? ld : 32
  const to1 = to0 + step, to2 = to1 + step, to3 = to2 + step
  if (mode == 0) {
    v128.store(to0, c00)
    v128.store(to0, c01, 16)
    v128.store(to1, c10)
    v128.store(to1, c11, 16)
    v128.store(to2, c20)
    v128.store(to2, c21, 16)
    v128.store(to3, c30)
    v128.store(to3, c31, 16)
  } else {
    if (!whole && mode & (ACCUMULATE | SUBTRACT))
      copyEdge<T>(to0, 32, out, ld, min<i32>(rows, TILE_ROWS), min<i32>(cols, tileCols<T>()))
    finish<T>(c00, to0, bias, mode)
    finish<T>(c01, to0 + 16, bias + 16, mode)
    finish<T>(c10, to1, bias, mode)
    finish<T>(c11, to1 + 16, bias + 16, mode)
    finish<T>(c20, to2, bias, mode)
    finish<T>(c21, to2 + 16, bias + 16, mode)
    finish<T>(c30, to3, bias, mode)
    finish<T>(c31, to3 + 16, bias + 16, mode)
  }
  if (!whole) copyEdge<T>(out, ld, to0, 32, min<i32>(rows, TILE_ROWS), min<i32>(cols, tileCols<T>()))
}

function packedTile<T>(
  out: usize, ld: usize, a: usize, b: usize, bias: usize, depth: i32, rows: i32, cols: i32, mode: i32
): void {
  tile<T>(true, out, ld, a, 0, 0, b, 32, bias, depth, rows, cols, mode)
}

function directTile<T>(
  out: usize, ld: usize, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, bias: usize,
  depth: i32, rows: i32, cols: i32, mode: i32
): void {
  tile<T>(false, out, ld, a, aRow, aCol, b, bRow, bias, depth, rows, cols, mode)
}

/**
 * out (m x n, `ld` elements from row to row) = op(A)·op(B). `mode` sums up what else happens: 1 adds it to what is there
 * (C += A·B), 8 subtracts it (C −= A·B), 2 then adds the row `bias`, 4 then takes max(x, 0).
 */
export function gemm<T>(
  out: usize, a: usize, b: usize, bias: usize, m: i32, n: i32, k: i32, ld: i32,
  aRow: i32, aCol: i32, bRow: i32, bCol: i32, mode: i32
): void {
  const width = tileCols<T>()
  const step = bytes<T>(ld)
  const small = <f64>m * <f64>n * <f64>k < <f64>SMALL
  const packsB = !small || bCol != 1
  const blockCols = packsB ? B_BYTES / (DEPTH * sizeof<T>()) : n
  const blockRows = small ? m : BLOCK_ROWS
  for (let j0 = 0; j0 < n; j0 += blockCols) {
    const cols = min<i32>(blockCols, n - j0)
    // A product of no terms is 0: one part of depth 0.
    for (let p0 = 0; p0 == 0 || p0 < k; p0 += DEPTH) {
      const depth = min<i32>(DEPTH, k - p0)
      const sign = mode & (ACCUMULATE | SUBTRACT)
      const modeHere = (p0 > 0 && !sign ? ACCUMULATE : sign) | (p0 + DEPTH < k ? 0 : mode & (BIAS | RELU))
      const blockB = b + bytes<T>(p0 * bRow + j0 * bCol)
      if (packsB) packB<T>(blockB, bRow, bCol, cols, depth)
      for (let i0 = 0; i0 < m; i0 += blockRows) {
        const rows = min<i32>(blockRows, m - i0)
        const blockA = a + bytes<T>(i0 * aRow + p0 * aCol)
        if (!small) packA<T>(blockA, aRow, aCol, rows, depth)
        for (let j = 0; j < cols; j += width) {
          const panelB = packsB ? workspace + PACKED_B + bytes<T>(j * depth) : blockB + bytes<T>(j)
          const stepB = packsB ? <usize>32 : bytes<T>(bRow)
          const biasHere = bias + bytes<T>(j0 + j)
          let to = out + bytes<T>(j0 + j) + <usize>i0 * step
          for (let i = 0; i < rows; i += TILE_ROWS, to += <usize>TILE_ROWS * step)
            if (small)
              directTile<T>(
                to, step, blockA + bytes<T>(i * aRow), bytes<T>(aRow), bytes<T>(aCol), panelB, stepB, biasHere,
                depth, rows - i, cols - j, modeHere
              )
            else
              packedTile<T>(
                to, step, workspace + PACKED_A + bytes<T>(i * depth), panelB, biasHere, depth, rows - i, cols - j, modeHere
              )
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
