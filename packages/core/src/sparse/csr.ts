import { type DType, type TypedArray, zeroArray } from '../base/dtype.ts'
import { DTypeError, MatgradError, ShapeError } from '../base/errors.ts'
import { checkInteger, describe, formatShape, MAX_SIZE } from '../base/shape.ts'

/** Compressed sparse rows: the entries row by row, and where each row starts. */
export interface Csr {
  readonly rows: number
  readonly cols: number
  /** Row i has the entries from rowStarts[i] up to rowStarts[i + 1]. */
  readonly rowStarts: Uint32Array
  /** The column of each entry, ascending within a row. */
  readonly columns: Uint32Array
  /** The value of each entry. */
  readonly values: TypedArray
}

/** @throws DTypeError or ShapeError unless rows and columns are whole numbers that an index of 32 bits can count. */
export function checkSizes(operation: string, rows: number, cols: number): void {
  checkInteger(operation, 'the number of rows', rows, 0, MAX_SIZE)
  checkInteger(operation, 'the number of columns', cols, 0, MAX_SIZE)
}

/** @throws DTypeError or ShapeError unless the arrays are of the types and in the order that Csr asks for. */
export function checkCsr({ rows, cols, rowStarts, columns, values }: Csr): void {
  checkSizes('SparseMatrix', rows, cols)
  for (const [what, list] of Object.entries({ rowStarts, columns }))
    if (!((list as unknown) instanceof Uint32Array))
      throw new DTypeError(`SparseMatrix: ${what} is ${describe(list)}, wanted a Uint32Array`)
  if (!(values instanceof Float32Array || values instanceof Float64Array))
    throw new DTypeError(`SparseMatrix: values is ${describe(values)}, wanted a Float32Array or a Float64Array`)
  if (rowStarts.length !== rows + 1)
    throw new ShapeError(
      `SparseMatrix: rowStarts has ${rowStarts.length} elements, wanted ${rows + 1} for ${rows} rows`,
    )
  if (columns.length !== values.length)
    throw new ShapeError(`SparseMatrix: got ${columns.length} columns and ${values.length} values, wanted as many`)
  if (rowStarts[0] !== 0) throw new ShapeError(`SparseMatrix: rowStarts begins with ${rowStarts[0]}, wanted 0`)
  if (rowStarts[rows] !== values.length)
    throw new ShapeError(`SparseMatrix: rowStarts ends with ${rowStarts[rows]}, wanted ${values.length}, the entries`)
  for (let i = 0; i < rows; i++)
    if (rowStarts[i] > rowStarts[i + 1])
      throw new ShapeError(`SparseMatrix: row ${i} starts at ${rowStarts[i]} and ends at ${rowStarts[i + 1]}`)
  for (let i = 0; i < rows; i++)
    for (let p = rowStarts[i], least = 0; p < rowStarts[i + 1]; least = columns[p++] + 1)
      if (columns[p] < least || columns[p] >= cols)
        throw new ShapeError(
          `SparseMatrix: entry ${p}, in row ${i}, is in column ${columns[p]}, wanted columns that ascend below ${cols}`,
        )
}

/** @throws MatgradError unless the arrays are as long as they were, which they are not once somebody detached or resized one. */
export function checkWhole(operation: string, { rows, cols, rowStarts, columns, values }: Csr, nnz: number): void {
  if (rowStarts.length !== rows + 1 || columns.length !== nnz || values.length !== nnz)
    throw new MatgradError(
      `${operation}: the data of a ${formatShape([rows, cols])} sparse matrix were detached or resized, ` +
        `got ${values.length} values and ${columns.length} columns, wanted ${nnz}`,
    )
}

/** Where the entries of each of `count` groups start if sorted by the group that `keys` tells. */
export function startsOf(count: number, keys: Uint32Array): Uint32Array {
  const starts = new Uint32Array(count + 1)
  for (let p = 0; p < keys.length; p++) starts[keys[p] + 1]++
  for (let i = 0; i < count; i++) starts[i + 1] += starts[i]
  return starts
}

/** The transpose by counting. It sorts: columns may come in any order, and those that are equal stay in theirs. */
export function transposed({ rows, cols, rowStarts, columns, values }: Csr): Csr {
  const starts = startsOf(cols, columns)
  const result = { columns: new Uint32Array(columns.length), values: values.slice() }
  const next = starts.slice()
  for (let i = 0; i < rows; i++)
    for (let p = rowStarts[i]; p < rowStarts[i + 1]; p++) {
      const at = next[columns[p]]++
      result.columns[at] = i
      result.values[at] = values[p]
    }
  return { rows: cols, cols: rows, rowStarts: starts, ...result }
}

/**
 * A matrix with at most `capacity` entries, row by row: `row` is called with the number of each and gives its entries to `push`,
 * their columns ascending.
 */
export function writeRows(
  rows: number,
  cols: number,
  dtype: DType,
  capacity: number,
  row: (i: number, push: (column: number, value: number) => void) => void,
): Csr {
  const rowStarts = new Uint32Array(rows + 1)
  const columns = new Uint32Array(capacity)
  const values = zeroArray(dtype, capacity)
  let used = 0
  const push = (column: number, value: number): void => {
    columns[used] = column
    values[used++] = value
  }
  for (let i = 0; i < rows; i++) {
    row(i, push)
    rowStarts[i + 1] = used
  }
  if (used === capacity) return { rows, cols, rowStarts, columns, values }
  return { rows, cols, rowStarts, columns: columns.slice(0, used), values: values.slice(0, used) }
}
