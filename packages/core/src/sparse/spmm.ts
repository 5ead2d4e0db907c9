import { DTypeError, ShapeError } from '../base/errors.ts'
import { checkNoMore, kind, readerOf } from '../base/options.ts'
import { checkShape, describe, formatShape } from '../base/shape.ts'
import { isValue, Matrix, owning } from '../matrix/matrix.ts'
import type { Beside, ColsIn, Operand, Results, Value } from '../ops/algebra.ts'
import { productShape } from '../ops/matmul.ts'
import type { Operation } from '../ops/operation.ts'
import { withTracer } from '../ops/tracer.ts'
import { type Csr, checkWhole, transposed } from './csr.ts'

/** A column of numbers that no program takes for one that a function makes. */
const columnOf = (numbers: Float64Array): Matrix => withTracer(null, () => owning(numbers, numbers.length, 1))

/** Where the entries of a sparse matrix are, and what derivatives need of it, made when it is asked for. */
class Pattern {
  readonly csr: Omit<Csr, 'values'>
  private rowsOf: Matrix | undefined
  private columnsOf: Matrix | undefined
  private other: { readonly pattern: Pattern; readonly order: Matrix } | undefined

  constructor(csr: Omit<Csr, 'values'>) {
    this.csr = csr
  }

  /** The row of each entry. */
  get rowOf(): Matrix {
    if (this.rowsOf) return this.rowsOf
    const { rows, rowStarts, columns } = this.csr
    const numbers = new Float64Array(columns.length)
    for (let i = 0; i < rows; i++) numbers.fill(i, rowStarts[i], rowStarts[i + 1])
    this.rowsOf = columnOf(numbers)
    return this.rowsOf
  }

  /** The column of each entry. */
  get columnOf(): Matrix {
    this.columnsOf ??= columnOf(Float64Array.from(this.csr.columns))
    return this.columnsOf
  }

  /** The transpose, and which entry of this one each of its entries is. */
  get transpose(): { readonly pattern: Pattern; readonly order: Matrix } {
    if (this.other) return this.other
    const numbers = Float64Array.from({ length: this.csr.columns.length }, (_, p) => p)
    const { values, ...csr } = transposed({ ...this.csr, values: numbers })
    this.other = { pattern: new Pattern(csr), order: columnOf(values as Float64Array) }
    return this.other
  }
}

interface Of {
  readonly pattern: Pattern
}

/**
 * A·x for the sparse A that has `values`, nnz x 1, where the pattern has entries. With respect to values the cotangent is the
 * product G·xᵀ at the entries alone, with respect to x it is Aᵀ·G.
 */
export const spmmOperation: Operation = {
  name: 'spmm',
  program: 'host',
  vjp: [
    (g, _y, [, x], { pattern }: Of) => g.gatherRows(pattern.rowOf).mul(x.gatherRows(pattern.columnOf)).sum(1),
    (g, _y, [values], { pattern }: Of) => {
      const { pattern: other, order } = pattern.transpose
      return g.apply(spmmOperation, [values.gatherRows(order), g], { pattern: other })
    },
  ],
  shape([values, x], { pattern: { csr } }: Of) {
    const count = csr.columns.length
    if (values.rows !== count || values.cols !== 1)
      throw new ShapeError(`spmm: values are ${formatShape(values.shape)}, wanted ${count}x1, one for each entry`)
    const shape = [csr.rows, csr.cols] as const
    return productShape('spmm', { rows: csr.rows, cols: csr.cols, shape }, x, {})
  },
  forward(out, [values, x], { pattern }: Of, machine) {
    const { rows, rowStarts, columns } = pattern.csr
    if (out.elements.length === 0) return
    const operands = [rowStarts, columns, values.elements, x.elements]
    machine.launch('spmm', out.dtype, [out.elements], operands, [rows, out.cols])
  },
}

/** What is known of sparse matrices that were multiplied: the pattern, and their values as a matrix. */
const known = new WeakMap<Csr, { readonly pattern: Pattern; readonly values: Matrix }>()

function partsOf(a: Csr): { readonly pattern: Pattern; readonly values: Matrix } {
  const parts = known.get(a)
  if (parts) return parts
  const made = {
    pattern: new Pattern({ rows: a.rows, cols: a.cols, rowStarts: a.rowStarts, columns: a.columns }),
    values: withTracer(null, () => new Matrix(a.values, a.values.length, 1)),
  }
  known.set(a, made)
  return made
}

/** A·x, by an operation on A's values, or others, and x. */
export function times(operation: string, a: Csr & { readonly nnz: number }, x: Value, others?: Value): Value {
  productShape(operation, { rows: a.rows, cols: a.cols, shape: [a.rows, a.cols] }, x, {})
  checkWhole(operation, a, a.nnz)
  checkShape(operation, a.rows, x.cols)
  const { pattern, values } = partsOf(a)
  return x.apply(spmmOperation, [others ?? values, x], { pattern })
}

export interface SpmmOptions<V extends Operand = Operand> {
  /**
   * The values of the entries, nnz x 1, row by row in the order of the columns, in the place of those that the matrix has: a
   * variable where their gradient is wanted.
   *
   * @default those of the matrix
   */
  readonly values?: V
}

const readSpmm = readerOf({ values: kind<Value>('a Matrix or a Variable', isValue)() })

/**
 * A·x for a sparse A of m x n and a dense x of n x k: m x k, as `torch.sparse.mm`. Where x or the values are variables it is
 * one, with derivatives of every order with respect to both. The entries stay where they are: there is no gradient elsewhere.
 *
 * Defaults: values those of the matrix.
 *
 * @throws DTypeError unless A is a SparseMatrix and x a Matrix or a Variable; ShapeError where the sizes do not fit, or for another
 * number of values than A has entries.
 */
export function spmm<R extends number, X extends Operand, V extends Operand = Matrix>(
  a: Csr & { readonly rows: R; readonly nnz: number },
  x: X,
  options?: SpmmOptions<V>,
  ...more: []
): Results<R, ColsIn<X>>[Beside<'matrix', X | V>] {
  checkNoMore('spmm', 'a, x, options', more)
  if (!(a?.rowStarts instanceof Uint32Array))
    throw new DTypeError(`spmm: operand 1 is ${describe(a)}, wanted a SparseMatrix`)
  if (!isValue(x)) throw new DTypeError(`spmm: operand 2 is ${describe(x)}, wanted a Matrix or a Variable`)
  const { values } = readSpmm('spmm', options)
  return times('spmm', a, x, values) as unknown as Results<R, ColsIn<X>>[Beside<'matrix', X | V>]
}
