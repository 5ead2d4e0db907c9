// C = A·B by cache blocks (Goto & van de Geijn 2008): a block of A and a block of B are packed into panels that the tile
// kernel reads straight through; strides serve all four transpose forms. Edges are padded in the packed copies alone.
// The sum over k is split every DEPTH terms whatever the sizes of A and B, so that an element's bits do not depend on
// the shape of the product around it.

const TILE_ROWS: i32 = 4

/** Rows of A, columns of B and terms of the sum in one block. */
const BLOCK_ROWS: i32 = 64
const BLOCK_COLS: i32 = 512
const DEPTH: i32 = 256

/** Room for one tile and a packed block of each operand, at the start of the free memory. */
const WORKSPACE: usize = (__heap_base + 15) & ~15

/** Where the memory begins that the module leaves to its caller. */
export const SCRATCH: usize = WORKSPACE + 128 + (BLOCK_ROWS + BLOCK_COLS) * DEPTH * 8

/** Columns of a tile: two vectors. */
@inline function tileCols<T>(): i32 {
  return 32 / sizeof<T>()
}

/** Packs rows x depth of a matrix into panels of `width` rows, the elements of one column side by side, padded with 0. */
function pack<T>(out: usize, a: usize, rowStep: i32, colStep: i32, rows: i32, depth: i32, width: i32): void {
  const down = <usize>rowStep * sizeof<T>()
  const along = <usize>colStep * sizeof<T>()
  for (let first = 0; first < rows; first += width) {
    const filled = min<i32>(width, rows - first)
    for (let p = 0; p < depth; p++) {
      let from = a + <usize>first * down + <usize>p * along
      let i = 0
      for (; i < filled; i++, out += sizeof<T>(), from += down) store<T>(out, load<T>(from))
      for (; i < width; i++, out += sizeof<T>()) store<T>(out, 0)
    }
  }
}

/** tile = A panel · B panel, TILE_ROWS rows of two vectors each. */
function multiplyPanels<T>(tile: usize, a: usize, b: usize, depth: i32): void {
  let c00 = v128.splat<T>(0), c01 = c00, c10 = c00, c11 = c00
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16)
    let x = v128.splat<T>(load<T>(a))
    c00 = v128.add<T>(c00, v128.mul<T>(x, b0))
    c01 = v128.add<T>(c01, v128.mul<T>(x, b1))
    x = v128.splat<T>(load<T>(a, sizeof<T>()))
    c10 = v128.add<T>(c10, v128.mul<T>(x, b0))
    c11 = v128.add<T>(c11, v128.mul<T>(x, b1))
    x = v128.splat<T>(load<T>(a, 2 * sizeof<T>()))
    c20 = v128.add<T>(c20, v128.mul<T>(x, b0))
    c21 = v128.add<T>(c21, v128.mul<T>(x, b1))
    x = v128.splat<T>(load<T>(a, 3 * sizeof<T>()))
    c30 = v128.add<T>(c30, v128.mul<T>(x, b0))
    c31 = v128.add<T>(c31, v128.mul<T>(x, b1))
    a += TILE_ROWS * sizeof<T>()
    b += 32
  }
  v128.store(tile, c00)
  v128.store(tile, c01, 16)
  v128.store(tile, c10, 32)
  v128.store(tile, c11, 48)
  v128.store(tile, c20, 64)
  v128.store(tile, c21, 80)
  v128.store(tile, c30, 96)
  v128.store(tile, c31, 112)
}

/** out (leading dimension ld) = tile, or += tile, for the rows x cols of the tile that lie inside the result. */
function storeTile<T>(out: usize, ld: i32, tile: usize, rows: i32, cols: i32, accumulate: bool): void {
  for (let i = 0; i < rows; i++) {
    const from = tile + (<usize>i << 5)
    const to = out + <usize>i * <usize>ld * sizeof<T>()
    for (let j = 0; j < cols; j++) {
      const offset = <usize>j * sizeof<T>()
      const value = load<T>(from + offset)
      store<T>(to + offset, accumulate ? load<T>(to + offset) + value : value)
    }
  }
}

/** out (m x n) = A (m x k) · B (k x n), where A[i, p] is at a + i·aRow + p·aCol and B[p, j] at b + p·bRow + j·bCol. */
function gemm<T>(
  out: usize, a: usize, b: usize, m: i32, n: i32, k: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  if (k == 0) {
    memory.fill(out, 0, <usize>m * n * sizeof<T>())
    return
  }
  const tile = WORKSPACE
  const packedA = WORKSPACE + 128
  const packedB = packedA + BLOCK_ROWS * DEPTH * sizeof<T>()
  const width = tileCols<T>()
  for (let j0 = 0; j0 < n; j0 += BLOCK_COLS) {
    const cols = min<i32>(BLOCK_COLS, n - j0)
    for (let p0 = 0; p0 < k; p0 += DEPTH) {
      const depth = min<i32>(DEPTH, k - p0)
      pack<T>(packedB, b + (<usize>p0 * bRow + <usize>j0 * bCol) * sizeof<T>(), bCol, bRow, cols, depth, width)
      for (let i0 = 0; i0 < m; i0 += BLOCK_ROWS) {
        const rows = min<i32>(BLOCK_ROWS, m - i0)
        pack<T>(packedA, a + (<usize>i0 * aRow + <usize>p0 * aCol) * sizeof<T>(), aRow, aCol, rows, depth, TILE_ROWS)
        for (let j = 0; j < cols; j += width) {
          const panelB = packedB + <usize>j * depth * sizeof<T>()
          for (let i = 0; i < rows; i += TILE_ROWS) {
            multiplyPanels<T>(tile, packedA + <usize>i * depth * sizeof<T>(), panelB, depth)
            const to = out + (<usize>(i0 + i) * n + j0 + j) * sizeof<T>()
            storeTile<T>(to, n, tile, min<i32>(TILE_ROWS, rows - i), min<i32>(width, cols - j), p0 > 0)
          }
        }
      }
    }
  }
}

export function gemm_f32(
  out: usize, a: usize, b: usize, m: i32, n: i32, k: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  gemm<f32>(out, a, b, m, n, k, aRow, aCol, bRow, bCol)
}

export function gemm_f64(
  out: usize, a: usize, b: usize, m: i32, n: i32, k: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32
): void {
  gemm<f64>(out, a, b, m, n, k, aRow, aCol, bRow, bCol)
}
