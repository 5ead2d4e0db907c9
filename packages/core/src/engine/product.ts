import { type DType, itemSize } from '../base/dtype.ts'
import type { Engine } from './engine.ts'

/** A matrix in an engine's memory: element [i, j] is at `address`, plus i·row + j·col elements. */
export interface Region {
  readonly address: number
  readonly row: number
  readonly col: number
}

/** The elements from row to row and from column to column of op(X), which is X or, where `transposed`, Xᵀ. */
export const stepsOf = ({ cols }: { readonly cols: number }, transposed = false): [row: number, col: number] =>
  transposed ? [1, cols] : [cols, 1]

export interface ProductSize {
  readonly m: number
  readonly n: number
  readonly k: number
}

/** Parts of a product for each thread: one that the machine slows down takes fewer. */
const PARTS = 4
/** The least rows and columns of a part; both are whole tiles of every dtype. */
const LEAST = 32

/** How the rows and columns of C are divided, into parts about as wide as high: each part packs its own operands. */
function divide(m: number, n: number, threads: number): { rows: number; cols: number } {
  let [rows, cols] = [m, n]
  const half = (size: number): number => Math.ceil(size / 2 / LEAST) * LEAST
  for (let parts = 1; threads > 1 && parts < threads * PARTS && Math.max(rows, cols) > LEAST; parts *= 2)
    if (rows > cols) rows = half(rows)
    else cols = half(cols)
  return { rows, cols }
}

/** What the kernel does with a product, in this order: see gemm.ts in assembly. Their sum is a mode. */
export const ACCUMULATE = 1
export const BIAS = 2
export const RELU = 4

/**
 * C = A·B for regions of m x k and k x n; C's rows are contiguous. `mode` says what else happens, `bias` where
 * the row is that is added. The sum over k is never divided, so that the bits do not depend on the number of threads.
 */
export function multiply(
  engine: Engine,
  dtype: DType,
  c: Region,
  a: Region,
  b: Region,
  { m, n, k }: ProductSize,
  mode: number,
  bias = 0,
): void {
  const size = itemSize(dtype)
  const { rows, cols } = divide(m, n, engine.threads)
  const calls: number[][] = []
  for (let i = 0; i < m; i += rows)
    for (let j = 0; j < n; j += cols) {
      const addresses = [
        c.address + (i * c.row + j) * size,
        a.address + i * a.row * size,
        b.address + j * b.col * size,
        bias && bias + j * size,
      ]
      const sizes = [Math.min(rows, m - i), Math.min(cols, n - j), k]
      calls.push([...addresses, ...sizes, c.row, a.row, a.col, b.row, b.col, mode])
    }
  engine.run('gemm', dtype, calls)
}
