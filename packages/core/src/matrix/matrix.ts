import { type DType, dtypeOf, type TypedArray } from '../base/dtype.ts'
import { DTypeError, MatgradError, ShapeError } from '../base/errors.ts'
import { number, readerOf } from '../base/options.ts'
import { checkNumber, checkShape, describe, formatShape, MAX_SIZE, type Shape } from '../base/shape.ts'
import { allocate, allocateResult, type Pool, settled, unshared } from '../engine/allocate.ts'
import { atOnce } from '../engine/machine.ts'
import type { Algebra, Value } from '../ops/algebra.ts'
import { installMethods, isOfAlgebra } from '../ops/methods.ts'
import { type Attributes, type Operation, position } from '../ops/operation.ts'
import { assign, clone } from '../ops/rearrange.ts'
import { change, changing, checkWhole, moved, tracer } from '../ops/tracer.ts'
import { type MatrixJson, toJsonNumber } from './json.ts'

declare module '../ops/algebra.ts' {
  interface Results<R extends number, C extends number> {
    matrix: Matrix<R, C>
  }
}

const readTolerances = readerOf({ rtol: number(1e-5), atol: number(1e-8) })

/** Rows and columns that `toString` shows before it leaves out the middle. */
const SHOWN = 8

/**
 * A dense matrix of float32 or float64, row-major. Every value is one: a scalar is 1x1, a row 1xn, a column nx1.
 *
 * The type parameters are the numbers of rows and columns where they are known; a product whose sizes do not fit then
 * does not compile. `Matrix` alone is a matrix of any shape.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: installMethods below gives the class what the interface declares
export class Matrix<R extends number = number, C extends number = number> {
  /** How many rows it has. */
  readonly rows: R
  /** How many columns it has. */
  readonly cols: C
  /** What its elements are. */
  readonly dtype: DType
  /**
   * Where the elements are at present: other matrices may share the buffer, and a program that uses them takes them into its
   * memory.
   *
   * @internal
   */
  elements: TypedArray
  /** Tells when the elements last changed in place. @internal */
  version = 0
  /** Whether `data` was given by or to somebody: it stays what it is then. @internal */
  pinned = true

  /**
   * Wraps `data` without copying it; its type gives the dtype.
   *
   * @throws DTypeError unless data is a Float32Array or Float64Array; ShapeError unless it has rows·cols elements; MatgradError
   * where its buffer was detached or resized.
   */
  constructor(data: TypedArray, rows: R, cols: C) {
    if (!(data instanceof Float32Array || data instanceof Float64Array))
      throw new DTypeError(`matrix: data is ${describe(data)}, wanted a Float32Array or a Float64Array`)
    checkShape('matrix', rows, cols)
    if (data.length === 0) checkAttached(data)
    if (data.length !== rows * cols)
      throw new ShapeError(`matrix: got ${data.length} elements, wanted ${rows * cols} for ${rows}x${cols}`)
    this.rows = rows
    this.cols = cols
    this.dtype = dtypeOf(data)
    this.elements = data
    if (tracer !== null) tracer.created(this)
  }

  /**
   * The elements, row by row: a[i, j] is data[i·cols + j]. It is the array that was wrapped, or one that has `data.buffer` to
   * itself, so that it may be transferred; always the same, with the present elements. Compiled programs keep the elements of
   * other matrices in their own memory, and copy those of a matrix whose data was asked for in and out.
   *
   * What is written here is not seen by a gradient whose forward pass used the elements before; `set` and `assign` are.
   *
   * @throws MatgradError while `compile` traces, if they are not known then; where their buffer was detached or resized.
   */
  get data(): TypedArray {
    const elements = elementsOf('data', this)
    if (this.pinned) return elements
    const own = unshared(elements, this.dtype)
    // Nobody changes what is frozen, and it stays where it is.
    if (Object.isFrozen(this)) return own
    this.elements = own
    this.pinned = true
    if (own !== elements) moved()
    return own
  }

  /** [rows, cols] */
  get shape(): Shape<R, C> {
    return [this.rows, this.cols]
  }

  /** How many elements it has: rows·cols. */
  get size(): number {
    return this.rows * this.cols
  }

  private position(operation: string, i: number, j: number): number {
    return (
      position(operation, 'the row index', i, this.rows) * this.cols +
      position(operation, 'the column index', j, this.cols)
    )
  }

  /** a[i, j]; negative positions count from the end. @throws ShapeError when it lies outside. */
  get(i: number, j: number): number {
    return elementsOf('get', this)[this.position('get', i, j)]
  }

  /**
   * a[i, j] = value, in place.
   *
   * @throws ShapeError when it lies outside; DTypeError unless value is a number; MatgradError for a frozen matrix.
   */
  set(i: number, j: number, value: number): void {
    checkNumber('set', 'the value', value)
    const elements = elementsOf('set', this)
    const position = this.position('set', i, j)
    changing('set', this)
    elements[position] = value
  }

  /** The only element. @throws ShapeError unless the matrix is 1x1. */
  item(): number {
    if (this.size !== 1) throw new ShapeError(`item: got ${formatShape(this.shape)}, wanted 1x1`)
    return elementsOf('item', this)[0]
  }

  /** A copy with elements of its own. */
  clone(): Matrix<R, C> {
    if (tracer !== null) return evaluate(clone, [this], undefined) as Matrix<R, C>
    return owning(elementsOf('clone', this).slice(), this.rows, this.cols)
  }

  /**
   * Overwrites the elements with those of `source`, converted to this matrix's dtype.
   *
   * @throws ShapeError on another shape; DTypeError unless it is a Matrix.
   */
  assign(source: Matrix): this {
    if (!(source instanceof Matrix)) throw new DTypeError(`assign: source is ${describe(source)}, wanted a Matrix`)
    if (source.rows !== this.rows || source.cols !== this.cols)
      throw new ShapeError(`assign: source is ${formatShape(source.shape)}, wanted ${formatShape(this.shape)}`)
    change(assign, [this], [source], undefined)
    return this
  }

  /** The rows as arrays of numbers. */
  toArray(): number[][] {
    const { cols } = this
    const elements = elementsOf('toArray', this)
    return Array.from({ length: this.rows }, (_, i) => Array.from(elements.subarray(i * cols, (i + 1) * cols)))
  }

  /**
   * What `JSON.stringify` writes: `{ rows, cols, dtype, data }`, the elements row by row, with every bit but NaN's own.
   * Those that JSON has no numbers for are 'NaN', 'Infinity', '-Infinity' and '-0'.
   */
  toJSON(): MatrixJson {
    const { rows, cols, dtype } = this
    return { rows, cols, dtype, data: Array.from(elementsOf('toJSON', this), (x) => toJsonNumber(x, dtype)) }
  }

  /**
   * Whether the shapes and all elements are the same; NaN equals nothing. The dtypes may differ.
   *
   * @throws DTypeError unless b is a Matrix.
   */
  equals(b: Matrix): boolean {
    if (!(b instanceof Matrix)) throw new DTypeError(`equals: right is ${describe(b)}, wanted a Matrix`)
    return areClose('equals', this, b, 0, 0)
  }

  /**
   * Whether |a − b| ≤ atol + rtol·|b| everywhere and the shapes are the same (NumPy's rule); NaN is close to nothing.
   * Defaults: rtol 1e-5, atol 1e-8.
   *
   * @throws DTypeError unless b is a Matrix, and for other options.
   */
  allClose(b: Matrix, options?: { rtol?: number; atol?: number }): boolean {
    if (!(b instanceof Matrix)) throw new DTypeError(`allClose: right is ${describe(b)}, wanted a Matrix`)
    const { rtol, atol } = readTolerances('allClose', options)
    return areClose('allClose', this, b, rtol, atol)
  }

  /** The shape, the dtype and the elements to four decimals; the middle of a large matrix is left out. */
  toString(): string {
    const head = `Matrix ${formatShape(this.shape)} ${this.dtype}`
    if (this.size === 0) return head
    const elements = elementsOf('toString', this)
    const cells = shown(this.rows).map((i) =>
      i === undefined
        ? ['⋮']
        : shown(this.cols).map((j) => (j === undefined ? '…' : formatNumber(elements[i * this.cols + j]))),
    )
    const width = Math.max(...cells.flat().map((cell) => cell.length))
    return [head, ...cells.map((row) => `  ${row.map((cell) => cell.padStart(width)).join('  ')}`)].join('\n')
  }

  /** Runs an operation on operands, this matrix one of them; numbers become 1x1 and do not change the dtype. */
  apply(operation: Operation, operands: readonly unknown[], attributes: Attributes): Matrix {
    if (typeof operation !== 'object' || operands === undefined) throw notApplied(operation, operands)
    if (areAlike(operands)) return evaluate(operation, operands, attributes)
    // A value of another class, such as a variable, knows what becomes of matrices beside it.
    for (let i = 0; i < operands.length; i++) {
      const other = operands[i]
      if (!(other instanceof Matrix) && isValue(other))
        return other.apply(operation, operands, attributes) as unknown as Matrix
    }
    return evaluate(operation, converted(operation, operands), attributes)
  }
}

/** The error for what `apply` cannot run. */
export const notApplied = (operation: unknown, operands: unknown): DTypeError =>
  new DTypeError(
    `apply: got ${describe(operation)} and ${describe(operands)}, wanted an operation and a list of operands`,
  )

export interface Matrix<R extends number, C extends number> extends Algebra<'matrix', R, C> {}

installMethods(Matrix.prototype, {
  ...{ item: '', clone: '', assign: 'source', toArray: '', equals: 'b', allClose: 'b, options' },
})

Object.defineProperty(Matrix.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: Matrix.prototype.toString })

/** A matrix with elements that nobody else has. */
export function owning<R extends number, C extends number>(elements: TypedArray, rows: R, cols: C): Matrix<R, C> {
  const made = new Matrix(elements, rows, cols)
  made.pinned = false
  return made
}

/** Moves the elements of a matrix, if they share a buffer, to where they may be kept alone. */
export function settle(a: Matrix): void {
  // Nothing shares a buffer while a program is traced, and what is put off has no elements.
  if (tracer !== null) return
  const { elements } = a
  const own = settled(elements, a.dtype)
  if (own !== elements) a.elements = own
}

/** An array without elements may be all that is left of one. */
export function checkAttached(data: { fill(value: number): unknown }): void {
  try {
    data.fill(0)
  } catch {
    throw new MatgradError('matrix: the data were detached or resized, wanted the elements that they had')
  }
}

/** Whether |a − b| ≤ atol + rtol·|b| everywhere, and the shapes are the same. */
function areClose(operation: string, a: Matrix, b: Matrix, rtol: number, atol: number): boolean {
  if (b.rows !== a.rows || b.cols !== a.cols) return false
  const [left, right] = [elementsOf(operation, a), elementsOf(operation, b)]
  for (let i = 0; i < left.length; i++) {
    const [x, y] = [left[i], right[i]]
    if (x !== y && !(Number.isFinite(y) && Math.abs(x - y) <= atol + rtol * Math.abs(y))) return false
  }
  return true
}

/** The elements for what is no operation and reads or writes them. @throws what `data` throws. */
export function elementsOf(operation: string, a: Matrix): TypedArray {
  if (tracer !== null) tracer.touched(a, operation)
  checkWhole(operation, a)
  return a.elements
}

/** The indices of the rows or columns that are shown, `undefined` for those left out. */
export function shown(count: number): (number | undefined)[] {
  if (count <= SHOWN) return Array.from({ length: count }, (_, i) => i)
  const half = SHOWN / 2
  return Array.from({ length: SHOWN + 1 }, (_, i) => (i < half ? i : i === half ? undefined : count - SHOWN - 1 + i))
}

export function formatNumber(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 1e9) return String(x)
  const size = Math.abs(x)
  return size >= 1e-3 && size < 1e6 ? x.toFixed(4) : x.toPrecision(4)
}

/** `dtype` of the computing inputs: float64 if one of them is. */
function promote(operation: Operation, inputs: readonly unknown[]): DType {
  let dtype: DType | undefined
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]
    if (i === operation.selector || !(input instanceof Matrix)) continue
    if (dtype !== 'float64') dtype = input.dtype
  }
  return dtype ?? (inputs.find((input) => input instanceof Matrix) as Matrix).dtype
}

/** A number as a 1x1. */
export function scalar(value: number, dtype: DType): Matrix<1, 1> {
  const data = allocate(dtype, 1)
  data[0] = value
  return owning(data, 1, 1)
}

/** An input as a matrix of the dtype that the operation computes in; a selector keeps its own. */
function toInput(operation: Operation, input: unknown, i: number, dtype: DType): Matrix {
  const selects = i === operation.selector
  if (input instanceof Matrix) return selects || input.dtype === dtype ? input : input.astype(dtype)
  if (selects && Array.isArray(input)) {
    for (const [at, value] of input.entries()) checkNumber(operation.name, `index ${at}`, value)
    return owning(Float64Array.from(input), input.length, 1)
  }
  if (typeof input !== 'number' || selects) {
    const wanted = selects ? 'a Matrix or an array of numbers' : 'a Matrix or a number'
    // A sparse matrix, whose class is not known here.
    const instead = Object(input) === input && 'nnz' in (input as object) ? ': did you mean sparse.spmm(a, x)?' : ''
    throw new DTypeError(`${operation.name}: operand ${i + 1} is ${describe(input)}, wanted ${wanted}${instead}`)
  }
  return scalar(input, dtype)
}

/** Whether something is a Matrix, or of another class that operations compute with. */
export const isValue = (value: unknown): value is Value =>
  value instanceof Matrix || (typeof value === 'object' && value !== null && isOfAlgebra(value))

/** Whether operands are matrices of one dtype, as most are. */
function areAlike(operands: readonly unknown[]): operands is readonly Matrix[] {
  const [first] = operands
  if (!(first instanceof Matrix)) return false
  const { dtype } = first
  for (let i = 1; i < operands.length; i++) {
    const operand = operands[i]
    if (!(operand instanceof Matrix && operand.dtype === dtype)) return false
  }
  return true
}

/** The operands as matrices of one dtype, the promoted one; a selector keeps its own. At least one must be a matrix. */
export function toInputs(operation: Operation, operands: readonly unknown[]): readonly Matrix[] {
  return areAlike(operands) ? operands : converted(operation, operands)
}

/** The same where some are not matrices of the dtype. */
function converted(operation: Operation, operands: readonly unknown[]): Matrix[] {
  const dtype = promote(operation, operands)
  // `map` takes longer, here where indices, numbers and conditions pass.
  const inputs: Matrix[] = Array(operands.length)
  for (let i = 0; i < inputs.length; i++) inputs[i] = toInput(operation, operands[i], i, dtype)
  return inputs
}

/**
 * The result of an operation on matrices of one dtype, in a new matrix.
 *
 * @throws MatgradError unless all their elements are there.
 */
export function evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes, pool?: Pool): Matrix {
  if (tracer !== null) return tracer.evaluate(operation, inputs, attributes) as Matrix
  for (let i = 0; i < inputs.length; i++) checkWhole(operation.name, inputs[i])
  const [rows, cols] = operation.shape(inputs, attributes)
  // Broadcasting, oneHot and diag turn small inputs into results that may be too large.
  if (rows * cols > MAX_SIZE) checkShape(operation.name, rows, cols)
  const dtype = operation.dtype?.(attributes) ?? inputs[operation.selector === 0 ? 1 : 0].dtype
  const out = owning(allocateResult(dtype, rows * cols, pool), rows, cols)
  operation.forward(out, inputs, attributes, atOnce)
  return out
}
