import { type DType, zeroArray } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { MAX_SIZE } from '../base/shape.ts'
import type { Csr } from './csr.ts'

/** The number of entries in each row of A·B, summed up to where each row starts. */
function productStarts(a: Csr, b: Csr): Uint32Array {
  const starts = new Uint32Array(a.rows + 1)
  const seen = new Uint32Array(b.cols)
  let count = 0
  for (let i = 0; i < a.rows; i++) {
    for (let p = a.rowStarts[i]; p < a.rowStarts[i + 1]; p++) {
      const k = a.columns[p]
      for (let q = b.rowStarts[k]; q < b.rowStarts[k + 1]; q++)
        if (seen[b.columns[q]] <= i) {
          seen[b.columns[q]] = i + 1
          count++
        }
    }
    if (count > MAX_SIZE)
      throw new ShapeError(`matmul: the product has more than ${MAX_SIZE} entries, wanted at most as many`)
    starts[i + 1] = count
  }
  return starts
}

/**
 * A·B row by row: row i is the sum of the rows of B that the entries of A's row i point to (Gustavson 1978), gathered in a
 * dense row. The first of two passes counts, so that no more is allocated than the result takes.
 */
export function timesSparse(dtype: DType, a: Csr, b: Csr): Csr {
  const rowStarts = productStarts(a, b)
  const columns = new Uint32Array(rowStarts[a.rows])
  const values = zeroArray(dtype, columns.length)
  const sums = new Float64Array(b.cols)
  const seen = new Uint32Array(b.cols)
  let end = 0
  for (let i = 0; i < a.rows; i++) {
    for (let p = a.rowStarts[i]; p < a.rowStarts[i + 1]; p++) {
      const [k, x] = [a.columns[p], a.values[p]]
      for (let q = b.rowStarts[k]; q < b.rowStarts[k + 1]; q++) {
        const j = b.columns[q]
        if (seen[j] <= i) {
          seen[j] = i + 1
          sums[j] = 0
          columns[end++] = j
        }
        sums[j] += x * b.values[q]
      }
    }
    columns.subarray(rowStarts[i], end).sort()
    for (let p = rowStarts[i]; p < end; p++) values[p] = sums[columns[p]]
  }
  return { rows: a.rows, cols: b.cols, rowStarts, columns, values }
}
