import { type DType, dtypeOf, type TypedArray, zeroArray } from '../base/dtype.ts'
import { DTypeError, MatgradError, ShapeError } from '../base/errors.ts'
import { checkNoMore, dtypeOption, guardMethods } from '../base/options.ts'
import {
  type CheckMatmul,
  checkInteger,
  checkNumber,
  checkShape,
  describe,
  formatShape,
  type Shape,
} from '../base/shape.ts'
import { allocate } from '../engine/allocate.ts'
import type { CreationOptions } from '../matrix/create.ts'
import { elementsOf, formatNumber, isValue, Matrix, owning, shown } from '../matrix/matrix.ts'
import type { Beside, ColsIn, Operand, Results, RowsIn } from '../ops/algebra.ts'
import { productShape } from '../ops/matmul.ts'
import { position } from '../ops/operation.ts'
import { type Csr, checkCsr, checkSizes, checkWhole, startsOf, transposed, writeRows } from './csr.ts'
import { timesSparse } from './product.ts'
import { times } from './spmm.ts'

/** An entry: a[row, column] = value. */
export type Triplet = readonly [row: number, column: number, value: number]

/**
 * A sparse matrix of float32 or float64 in compressed sparse rows: only its entries are stored, every other element is 0.
 * Nothing but `fromDense` and `toDense` takes time or memory in proportion to rows·columns.
 *
 * An entry may be 0. Which entries a result has follows from which the operands have, whatever their values; only
 * `eliminateZeros` drops some. A zero that is not stored takes no part: 0·NaN and 0·∞ make NaN in a dense product and
 * nothing here.
 */
export class SparseMatrix<R extends number = number, C extends number = number> implements Csr {
  readonly rows: R
  readonly cols: C
  readonly dtype: DType
  /** Row i has the entries from rowStarts[i] up to rowStarts[i + 1]. */
  readonly rowStarts: Uint32Array
  /** The column of each entry, ascending within a row. */
  readonly columns: Uint32Array
  /** The value of each entry. */
  readonly values: TypedArray
  /** The number of entries, zeros among them. */
  readonly nnz: number

  /**
   * Wraps the three arrays without copying them; the type of `values` gives the dtype. Other matrices may share
   * `rowStarts` and `columns`, so that neither may change.
   *
   * @throws DTypeError for arrays of another type; ShapeError unless rowStarts has rows + 1 elements that rise from 0 to the
   * number of entries, and the columns of each row are in range and ascend.
   */
  constructor(rows: R, cols: C, rowStarts: Uint32Array, columns: Uint32Array, values: TypedArray) {
    checkCsr({ rows, cols, rowStarts, columns, values })
    this.rows = rows
    this.cols = cols
    this.dtype = dtypeOf(values)
    this.rowStarts = rowStarts
    this.columns = columns
    this.values = values
    this.nnz = values.length
  }

  /**
   * From the arrays of SciPy's `csr_matrix((values, columns, rowStarts))`. Typed arrays of the constructor's types are
   * wrapped, others are copied.
   *
   * @throws as the constructor does, and DTypeError for indices that are not whole numbers or values that are not numbers.
   */
  static fromCsr<R extends number, C extends number>(
    rows: R,
    cols: C,
    rowStarts: ArrayLike<number>,
    columns: ArrayLike<number>,
    values: ArrayLike<number>,
    options?: CreationOptions,
  ): SparseMatrix<R, C> {
    const dtype = dtypeOption('fromCsr', options, isTyped(values) ? dtypeOf(values) : undefined)
    checkSizes('fromCsr', rows, cols)
    const numbers = toValues(values, dtype)
    return new SparseMatrix(rows, cols, toIndices('rowStarts', rowStarts), toIndices('columns', columns), numbers)
  }

  /**
   * From a dense matrix, without the elements that are at most `tol` in size; NaN is kept.
   *
   * @throws DTypeError unless `a` is a Matrix and `tol` a number; MatgradError unless tol ≥ 0.
   */
  static fromDense<R extends number, C extends number>(a: Matrix<R, C>, tol = 0): SparseMatrix<R, C> {
    if (!(a instanceof Matrix)) throw new DTypeError(`fromDense: operand 1 is ${describe(a)}, wanted a Matrix`)
    checkTolerance('fromDense', tol)
    let count = 0
    const elements = elementsOf('fromDense', a)
    for (const x of elements) if (!(Math.abs(x) <= tol)) count++
    const rowStarts = new Uint32Array(a.rows + 1)
    const columns = new Uint32Array(count)
    const values = zeroArray(a.dtype, count)
    let used = 0
    for (let i = 0; i < a.rows; i++) {
      for (let j = 0; j < a.cols; j++) {
        const x = elements[i * a.cols + j]
        if (Math.abs(x) <= tol) continue
        columns[used] = j
        values[used++] = x
      }
      rowStarts[i + 1] = used
    }
    return new SparseMatrix(a.rows, a.cols, rowStarts, columns, values)
  }

  /**
   * From [row, column, value] in any order. Values of the same element are added in the order in which they are given, in
   * float64, and rounded to the dtype at the end. Zeros are kept, as in SciPy.
   *
   * @throws DTypeError for what is no triplet of two whole numbers and a number; ShapeError for an index out of range.
   */
  static fromTriplets<R extends number, C extends number>(
    rows: R,
    cols: C,
    triplets: readonly Triplet[],
    options?: CreationOptions,
  ): SparseMatrix<R, C> {
    checkSizes('fromTriplets', rows, cols)
    const dtype = dtypeOption('fromTriplets', options)
    checkTriplets(rows, cols, triplets)
    const inColumns = new Uint32Array(triplets.length)
    for (let p = 0; p < triplets.length; p++) inColumns[p] = triplets[p][1]
    const byColumn = {
      rows: cols,
      cols: rows,
      rowStarts: startsOf(cols, inColumns),
      columns: new Uint32Array(triplets.length),
      values: new Float64Array(triplets.length),
    }
    const next = byColumn.rowStarts.slice()
    for (let p = 0; p < triplets.length; p++) {
      const at = next[inColumns[p]]++
      byColumn.columns[at] = triplets[p][0]
      byColumn.values[at] = triplets[p][2]
    }
    const { rowStarts, columns, values } = transposed(byColumn)
    const summed = writeRows(rows, cols, dtype, columns.length, (i, push) => {
      for (let p = rowStarts[i]; p < rowStarts[i + 1]; ) {
        const column = columns[p]
        let sum = values[p++]
        for (; p < rowStarts[i + 1] && columns[p] === column; p++) sum += values[p]
        push(column, sum)
      }
    })
    return wrap(summed)
  }

  /** The nxn identity. @throws DTypeError or ShapeError for another n. */
  static identity<N extends number>(n: N, options?: CreationOptions): SparseMatrix<N, N> {
    checkSizes('identity', n, n)
    const values = zeroArray(dtypeOption('identity', options), n)
    const starts = Uint32Array.from({ length: n + 1 }, (_, i) => i)
    return new SparseMatrix(n, n, starts, starts.slice(0, n), values.fill(1))
  }

  get shape(): Shape<R, C> {
    return [this.rows, this.cols]
  }

  /** Entries per element: nnz/(rows·cols), and 0 where there are no elements. */
  get density(): number {
    return this.nnz && this.nnz / this.rows / this.cols
  }

  /** The number of entries of each row, rows x 1 in float64. Those of the columns are `a.T.nnzByRow()`. */
  nnzByRow(): Matrix<R, 1> {
    checkWhole('nnzByRow', this, this.nnz)
    const counts = new Float64Array(this.rows)
    for (let i = 0; i < counts.length; i++) counts[i] = this.rowStarts[i + 1] - this.rowStarts[i]
    return owning(counts, this.rows, 1)
  }

  /** a[i, j], by bisection of row i; negative positions count from the end. @throws ShapeError when it lies outside. */
  get(i: number, j: number): number {
    const row = position('get', 'the row index', i, this.rows)
    const column = position('get', 'the column index', j, this.cols)
    checkWhole('get', this, this.nnz)
    const end = this.rowStarts[row + 1]
    let [low, high] = [this.rowStarts[row], end]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.columns[middle] < column) low = middle + 1
      else high = middle
    }
    return low < end && this.columns[low] === column ? this.values[low] : 0
  }

  /** The same elements, dense. @throws ShapeError where they are more than a Matrix can have. */
  toDense(): Matrix<R, C> {
    checkShape('toDense', this.rows, this.cols)
    checkWhole('toDense', this, this.nnz)
    const data = allocate(this.dtype, this.rows * this.cols)
    for (let i = 0; i < this.rows; i++)
      for (let p = this.rowStarts[i]; p < this.rowStarts[i + 1]; p++)
        data[i * this.cols + this.columns[p]] = this.values[p]
    return owning(data, this.rows, this.cols)
  }

  /** The entries as [row, column, value], by rows and then by columns. */
  toTriplets(): [row: number, column: number, value: number][] {
    checkWhole('toTriplets', this, this.nnz)
    const triplets: [number, number, number][] = []
    for (let i = 0; i < this.rows; i++)
      for (let p = this.rowStarts[i]; p < this.rowStarts[i + 1]; p++)
        triplets.push([i, this.columns[p], this.values[p]])
    return triplets
  }

  /** The same entries in another precision. */
  astype(dtype: DType): SparseMatrix<R, C> {
    checkWhole('astype', this, this.nnz)
    return this.withValues(new Matrix(this.values, 1, this.nnz).astype(dtype).data)
  }

  /** The transpose, a new matrix made in time proportional to rows, columns and entries. */
  get T(): SparseMatrix<C, R> {
    checkWhole('transpose', this, this.nnz)
    return wrap(transposed(this))
  }

  /** factor·A. The factor is rounded to the dtype first, as it is where a Matrix is multiplied by a number. */
  scale(factor: number): SparseMatrix<R, C> {
    checkNumber('scale', 'the factor', factor)
    checkWhole('scale', this, this.nnz)
    return this.withValues(new Matrix(this.values, 1, this.nnz).mul(factor).data)
  }

  /**
   * A + B, with an entry wherever one of them has one.
   *
   * @throws DTypeError unless `b` is sparse; ShapeError on another shape.
   */
  add(b: SparseMatrix<R, C>): SparseMatrix<R, C> {
    if (!(b instanceof SparseMatrix)) throw new DTypeError(`add: operand 2 is ${describe(b)}, wanted a SparseMatrix`)
    if (b.rows !== this.rows || b.cols !== this.cols)
      throw new ShapeError(
        `add: left is ${formatShape(this.shape)}, right is ${formatShape(b.shape)}, wanted the same shape`,
      )
    checkWhole('add', this, this.nnz)
    checkWhole('add', b, b.nnz)
    const total = writeRows(this.rows, this.cols, promote(this, b), this.nnz + b.nnz, (i, push) => {
      let [p, q] = [this.rowStarts[i], b.rowStarts[i]]
      const [endP, endQ] = [this.rowStarts[i + 1], b.rowStarts[i + 1]]
      while (p < endP || q < endQ) {
        const left = p < endP ? this.columns[p] : this.cols
        const right = q < endQ ? b.columns[q] : this.cols
        if (left < right) push(left, this.values[p++])
        else if (right < left) push(right, b.values[q++])
        else push(left, this.values[p++] + b.values[q++])
      }
    })
    return wrap(total)
  }

  /** Σⱼ a[i, j] of each row, rows x 1: added in float64 and rounded to the dtype at the end. */
  rowSums(): Matrix<R, 1> {
    checkWhole('rowSums', this, this.nnz)
    const sums = allocate(this.dtype, this.rows)
    for (let i = 0; i < this.rows; i++) {
      let sum = 0
      for (let p = this.rowStarts[i]; p < this.rowStarts[i + 1]; p++) sum += this.values[p]
      sums[i] = sum
    }
    return owning(sums, this.rows, 1)
  }

  /** The same matrix without the entries that are at most `tol` in size; NaN is kept. */
  eliminateZeros(tol = 0): SparseMatrix<R, C> {
    checkTolerance('eliminateZeros', tol)
    checkWhole('eliminateZeros', this, this.nnz)
    const kept = writeRows(this.rows, this.cols, this.dtype, this.nnz, (i, push) => {
      for (let p = this.rowStarts[i]; p < this.rowStarts[i + 1]; p++)
        if (!(Math.abs(this.values[p]) <= tol)) push(this.columns[p], this.values[p])
    })
    return wrap(kept)
  }

  /**
   * A·B: dense where B is dense, a variable where it is one, sparse where it is sparse. With a dense B the terms of an element
   * are added in the dtype, in the order of A's columns: |C − Ĉ| ≤ p·u·|A|·|B| for p entries in a row. With a sparse B they are
   * added in float64, and rounded to the dtype at the end.
   *
   * @throws DTypeError unless `b` is a Matrix or sparse; ShapeError unless A has as many columns as B has rows.
   */
  matmul<R2 extends number, C2 extends number>(b: SparseMatrix<R2, C2> & CheckMatmul<C, R2>): SparseMatrix<R, C2>
  matmul<B extends Operand>(b: B & CheckMatmul<C, RowsIn<B>>): Results<R, ColsIn<B>>[Beside<'matrix', B>]
  matmul(b: unknown): unknown {
    if (isValue(b)) return times('matmul', this, b)
    if (!(b instanceof SparseMatrix))
      throw new DTypeError(`matmul: operand 2 is ${describe(b)}, wanted a Matrix or a SparseMatrix`)
    productShape('matmul', this, b, {})
    checkWhole('matmul', this, this.nnz)
    checkWhole('matmul', b, b.nnz)
    return wrap(timesSparse(promote(this, b), this, b))
  }

  /** The shape, the dtype, how many entries there are, and the first and last of them. */
  toString(): string {
    checkWhole('toString', this, this.nnz)
    const percent = formatNumber(this.density * 100)
    const head = `SparseMatrix ${formatShape(this.shape)} ${this.dtype}, ${this.nnz} stored (${percent} %)`
    const places = shown(this.nnz)
    let i = 0
    const lines = places.map((p) => {
      if (p === undefined) return '  ⋮'
      while (this.rowStarts[i + 1] <= p) i++
      return `  [${i}, ${this.columns[p]}]  ${formatNumber(this.values[p])}`
    })
    return [head, ...lines].join('\n')
  }

  private withValues(values: TypedArray): SparseMatrix<R, C> {
    return new SparseMatrix(this.rows, this.cols, this.rowStarts, this.columns, values)
  }
}

guardMethods(SparseMatrix.prototype, {
  ...{ nnzByRow: '', toDense: '', toTriplets: '', astype: 'dtype', scale: 'factor', add: 'b' },
  ...{ rowSums: '', eliminateZeros: 'tol', matmul: 'b' },
})
guardMethods(
  SparseMatrix,
  {
    ...{ fromCsr: 'rows, cols, rowStarts, columns, values, options', fromDense: 'a, tol' },
    ...{ fromTriplets: 'rows, cols, triplets, options', identity: 'n, options' },
  },
  'SparseMatrix',
)

Object.defineProperty(SparseMatrix.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value: SparseMatrix.prototype.toString,
})

/**
 * A·B where at least one is sparse: what `a.matmul(b)` gives for a sparse A, and (Bᵀ·Aᵀ)ᵀ, dense, where only B is.
 *
 * @throws as the method does.
 */
export function matmul<R extends number, C extends number, R2 extends number, C2 extends number>(
  a: SparseMatrix<R, C>,
  b: SparseMatrix<R2, C2> & CheckMatmul<C, R2>,
): SparseMatrix<R, C2>
export function matmul<R extends number, C extends number, R2 extends number, C2 extends number>(
  a: SparseMatrix<R, C> | Matrix<R, C>,
  b: (SparseMatrix<R2, C2> | Matrix<R2, C2>) & CheckMatmul<C, R2>,
): Matrix<R, C2>
export function matmul(a: SparseMatrix | Matrix, b: SparseMatrix | Matrix, ...more: []): SparseMatrix | Matrix {
  checkNoMore('matmul', 'a, b', more)
  if (a instanceof SparseMatrix) return a.matmul(b as Matrix)
  if (!(a instanceof Matrix))
    throw new DTypeError(`matmul: operand 1 is ${describe(a)}, wanted a Matrix or a SparseMatrix`)
  if (!(b instanceof SparseMatrix))
    throw new DTypeError(`matmul: operand 2 is ${describe(b)}, wanted a SparseMatrix, as operand 1 is dense`)
  productShape('matmul', a, b, {})
  return b.T.matmul(a.T).T
}

const wrap = <R extends number, C extends number>(csr: Csr): SparseMatrix<R, C> =>
  new SparseMatrix(csr.rows as R, csr.cols as C, csr.rowStarts, csr.columns, csr.values)

/** float64 if one of them is. */
const promote = (a: SparseMatrix, b: SparseMatrix | Matrix): DType => (a.dtype === 'float64' ? a.dtype : b.dtype)

function checkTolerance(operation: string, tol: number): void {
  checkNumber(operation, 'tol', tol)
  if (!(tol >= 0)) throw new MatgradError(`${operation}: tol is ${tol}, wanted 0 or more`)
}

function checkTriplets(rows: number, cols: number, triplets: readonly Triplet[]): void {
  if (!Array.isArray(triplets))
    throw new DTypeError(`fromTriplets: got ${describe(triplets)}, wanted an array of [row, column, value]`)
  for (let p = 0; p < triplets.length; p++) {
    const triplet = triplets[p]
    if (!Array.isArray(triplet) || triplet.length !== 3)
      throw new DTypeError(`fromTriplets: triplet ${p} is ${describe(triplet)}, wanted [row, column, value]`)
    checkInteger('fromTriplets', `the row of triplet ${p}`, triplet[0], 0, rows - 1)
    checkInteger('fromTriplets', `the column of triplet ${p}`, triplet[1], 0, cols - 1)
    checkNumber('fromTriplets', `the value of triplet ${p}`, triplet[2])
  }
}

const isTyped = (values: unknown): values is TypedArray =>
  values instanceof Float32Array || values instanceof Float64Array

/** @throws DTypeError unless `list` is an array or a typed array of numbers. */
function checkList(what: string, list: ArrayLike<number>): void {
  if (!Array.isArray(list) && (!ArrayBuffer.isView(list) || list instanceof DataView))
    throw new DTypeError(`fromCsr: ${what} is ${describe(list)}, wanted an array of numbers`)
}

function toIndices(what: string, list: ArrayLike<number>): Uint32Array {
  if (list instanceof Uint32Array) return list
  checkList(what, list)
  for (let p = 0; p < list.length; p++) checkInteger('fromCsr', `element ${p} of ${what}`, list[p], 0, 2 ** 32 - 1)
  return Uint32Array.from(list)
}

function toValues(list: ArrayLike<number>, dtype: DType): TypedArray {
  if (isTyped(list) && dtypeOf(list) === dtype) return list
  checkList('values', list)
  for (let p = 0; p < list.length; p++) checkNumber('fromCsr', `element ${p} of values`, list[p])
  return dtype === 'float32' ? Float32Array.from(list) : Float64Array.from(list)
}
