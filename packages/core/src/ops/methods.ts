import { DTypeError, ShapeError } from '../base/errors.ts'
import { number, readerOf } from '../base/options.ts'
import { type Axis, checkAxis, checkInteger, describe, formatShape, lineLength } from '../base/shape.ts'
import type { Algebra, Value } from './algebra.ts'
import * as operations from './index.ts'
import { type Method, type Operation, vectorLength } from './operation.ts'

const readVariance = readerOf({ ddof: number(0) })
const readCovariance = readerOf({ ddof: number(1) })

/** The index of row or column i as a range of one, checked here because `slice` would accept an empty range. */
function single(operation: string, i: number, count: number): [number, number] {
  checkInteger(operation, 'the index', i, 0, count - 1)
  return [i, i + 1]
}

/** @throws DTypeError unless `b` is a value with a shape: what is written with `b`'s own methods needs one. */
function checkOperand(operation: string, b: Value): void {
  if (typeof b?.rows !== 'number') throw new DTypeError(`${operation}: operand 2 is ${describe(b)}, wanted a Matrix`)
}

/** Methods that are written with others, and so need no kernel and no derivative of their own. */
const composed = {
  variance(axis?: Axis, options?: { ddof?: number }) {
    checkAxis('variance', axis)
    const { ddof } = readVariance('variance', options)
    const divisor = Math.max(0, lineLength(this.shape, axis) - ddof)
    const deviation = this.sub(this.mean(axis))
    return deviation.square().sum(axis).div(divisor)
  },
  std(axis?: Axis, options?: { ddof?: number }) {
    checkAxis('std', axis)
    const variance = this.variance(axis, readVariance('std', options))
    // The root has no derivative at 0: there it is selected, which has the derivative 0 (PyTorch's std).
    const constant = variance.equal(0)
    return constant.where(0, constant.where(1, variance).sqrt())
  },
  median(axis?: Axis) {
    checkAxis('median', axis)
    if (lineLength(this.shape, axis) === 0)
      throw new ShapeError(`median: got ${formatShape(this.shape)}, wanted at least one element to choose from`)
    const largest = this.max(axis)
    const line = axis === undefined ? this.reshape(1, this.rows * this.cols).sort(1) : this.sort(axis)
    const length = lineLength(this.shape, axis)
    const middle = (end: number): Value =>
      axis === 0 ? line.slice(end - 1, end) : line.slice(0, line.rows, end - 1, end)
    const lower = middle((length + 1) >> 1)
    const value = length % 2 === 1 ? lower : lower.add(middle((length >> 1) + 1)).mul(0.5)
    // A NaN sorts to the end, where the middle does not see it; the maximum does.
    return largest.equal(largest).where(value, largest)
  },
  trace() {
    return this.diagonal().sum()
  },

  outer(b: Value) {
    checkOperand('outer', b)
    const [m, n] = [vectorLength('outer', this), vectorLength('outer', b)]
    return this.reshape(m, 1).mul(b.reshape(1, n))
  },
  kron(b: Value) {
    checkOperand('kron', b)
    const { rows: m, cols: n } = this
    const { rows: p, cols: q } = b
    const [rows, cols] = [m * p, n * q].map((size) => Array.from({ length: size }, (_, i) => i))
    const repeat = (x: Value, i: number[], j: number[]): Value => x.gatherRows(i).transpose().gatherRows(j).transpose()
    const block = (size: number) => (i: number) => Math.floor(i / size)
    const within = (size: number) => (i: number) => i % size
    const blocks: Value = repeat(this, rows.map(block(p)), cols.map(block(q)))
    return blocks.mul(repeat(b, rows.map(within(p)), cols.map(within(q))))
  },
  cov(options?: { ddof?: number }) {
    const { ddof } = readCovariance('cov', options)
    const deviation = this.sub(this.mean(1))
    return deviation.matmul(deviation, { transposeB: true }).div(Math.max(0, this.cols - ddof))
  },
  corrcoef() {
    const covariance = this.cov()
    const deviation = covariance.diagonal().sqrt()
    return covariance.div(deviation).div(deviation.T).clip(-1, 1)
  },

  row(i: number) {
    return this.slice(...single('row', i, this.rows))
  },
  col(j: number) {
    return this.slice(0, this.rows, ...single('col', j, this.cols))
  },
} satisfies Partial<Algebra<'value', number, number>> & ThisType<Value>

type AnyMethod = (this: Value, ...args: unknown[]) => Value

/** What runs an operation as a method. There is one for each number of operands, as V8 makes no list of those. */
function methodOf(operation: Operation, { operands, attributes }: Method): AnyMethod {
  const plain: readonly AnyMethod[] = [
    function () {
      return this.apply(operation, [this], undefined)
    },
    function (b) {
      return this.apply(operation, [this, b], undefined)
    },
    function (b, c) {
      return this.apply(operation, [this, b, c], undefined)
    },
  ]
  if (!attributes) return plain[operands - 1]
  const particular: readonly AnyMethod[] = [
    function (...rest) {
      return this.apply(operation, [this], attributes.apply(this, rest))
    },
    function (b, ...rest) {
      return this.apply(operation, [this, b], attributes.apply(this, rest))
    },
    function (b, c, ...rest) {
      return this.apply(operation, [this, b, c], attributes.apply(this, rest))
    },
  ]
  return particular[operands - 1]
}

/** Gives a class that has `apply`, rows, cols and shape every method of Algebra: apply(operation, operands, attributes) runs one. */
export function installMethods(prototype: object): void {
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
  for (const operation of Object.values(operations) as Operation[])
    if (operation.method) define(operation.name, methodOf(operation, operation.method))
  for (const [name, method] of Object.entries(composed)) define(name, method)
  Object.defineProperty(prototype, 'T', {
    get(this: Value) {
      return this.transpose()
    },
    configurable: true,
  })
}
