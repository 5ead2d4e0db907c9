import type { DType } from '../base/dtype.ts'
import { DTypeError, ShapeError } from '../base/errors.ts'
import { dtypeOption, flag, number, oneOf, readerOf } from '../base/options.ts'
import { type Axis, checkAxis, checkInteger, describe, formatShape, lineLength } from '../base/shape.ts'
import type { MatmulOptions, Value } from './algebra.ts'
import * as elementwise from './elementwise.ts'
import { affine, matmul } from './matmul.ts'
import type { Operation } from './operation.ts'
import * as rearrange from './rearrange.ts'
import * as reduce from './reduce.ts'

type Other = Value | number

const readVariance = readerOf({ ddof: number(0) })
const readCovariance = readerOf({ ddof: number(1) })
const readMatmul = readerOf({
  transposeA: flag(false),
  transposeB: flag(false),
  algorithm: oneOf('auto', 'strassen')('auto'),
})

/** The index of row or column i as a range of one, checked here because `slice` would accept an empty range. */
function single(operation: string, i: number, count: number): [number, number] {
  checkInteger(operation, 'the index', i, 0, count - 1)
  return [i, i + 1]
}

/** @throws DTypeError unless `b` is a value with a shape: what is written with `b`'s own methods needs one. */
function checkOperand(operation: string, b: Value): void {
  if (typeof b?.rows !== 'number') throw new DTypeError(`${operation}: operand 2 is ${describe(b)}, wanted a Matrix`)
}

const vectorLength = (operation: string, a: Value): number => {
  if (a.rows !== 1 && a.cols !== 1)
    throw new ShapeError(`${operation}: got ${formatShape(a.shape)}, wanted a row or a column`)
  return a.rows * a.cols
}

/** Operations without arguments of their own. */
const plain: readonly Operation[] = [
  ...[elementwise.neg, elementwise.abs, elementwise.sign, elementwise.exp, elementwise.log, elementwise.log1p],
  ...[elementwise.expm1, elementwise.sqrt, elementwise.square, elementwise.reciprocal, elementwise.sin],
  ...[elementwise.cos, elementwise.tanh, elementwise.sigmoid, elementwise.relu, elementwise.gelu, elementwise.silu],
  ...[elementwise.softplus, elementwise.erf, elementwise.floor, elementwise.round],
  ...[rearrange.transpose, rearrange.diag, rearrange.diagonal, rearrange.flipRows, rearrange.flipCols],
]

/** Operations on the receiver and one other value. */
const binary: readonly Operation[] = [
  ...[elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.pow],
  ...[elementwise.maximum, elementwise.minimum, elementwise.less, elementwise.lessEqual, elementwise.greater],
  ...[elementwise.greaterEqual, elementwise.equal, elementwise.notEqual, rearrange.gatherRows, rearrange.pick],
]

/** Operations along an axis. */
const axial: readonly Operation[] = [
  ...[reduce.sum, reduce.mean, reduce.prod, reduce.max, reduce.min, reduce.argmax, reduce.argmin, reduce.logSumExp],
  ...[reduce.cumsum, reduce.softmax, reduce.logSoftmax, rearrange.sort, rearrange.argsort],
]

/** Operations with attributes, and those that are written with others and so need no derivative of their own. */
const particular: Record<string, unknown> & ThisType<Value> = {
  leakyRelu(slope = 0.01) {
    return this.apply(elementwise.leakyRelu, [this], { slope })
  },
  elu(alpha = 1) {
    return this.apply(elementwise.elu, [this], { alpha })
  },
  clip(low: number, high: number) {
    return this.apply(elementwise.clip, [this], { low, high })
  },
  where(a: Other, b: Other) {
    return this.apply(elementwise.where, [this, a, b], undefined)
  },
  broadcastTo(rows: number, cols: number) {
    return this.apply(elementwise.broadcastTo, [this], { rows, cols })
  },

  variance(axis?: Axis, options?: { ddof?: number }) {
    checkAxis('variance', axis)
    const { ddof } = readVariance('variance', options)
    const deviation = this.sub(this.mean(axis))
    return deviation
      .square()
      .sum(axis)
      .div(Math.max(0, lineLength(this.shape, axis) - ddof))
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

  matmul(b: Value, options?: MatmulOptions) {
    return this.apply(matmul, [this, b], readMatmul('matmul', options))
  },
  affine(b: Value, bias: Value, options?: MatmulOptions) {
    return this.apply(affine, [this, b, bias], readMatmul('affine', options))
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
    const pick = (size: number, index: (i: number) => number): number[] =>
      Array.from({ length: size }, (_, i) => index(i))
    const repeat = (x: Value, rows: number[], cols: number[]): Value =>
      x.gatherRows(rows).transpose().gatherRows(cols).transpose()
    const blocks: Value = repeat(
      this,
      pick(m * p, (i) => Math.floor(i / p)),
      pick(n * q, (j) => Math.floor(j / q)),
    )
    return blocks.mul(
      repeat(
        b,
        pick(m * p, (i) => i % p),
        pick(n * q, (j) => j % q),
      ),
    )
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

  astype(dtype: DType) {
    return this.apply(rearrange.astype, [this], { dtype })
  },
  reshape(rows: number, cols: number) {
    return this.apply(rearrange.reshape, [this], { rows, cols })
  },
  slice(rowStart: number, rowEnd: number, colStart = 0, colEnd?: number) {
    return this.apply(rearrange.slice, [this], { rowStart, rowEnd, colStart, colEnd: colEnd ?? this.cols })
  },
  row(i: number) {
    return this.slice(...single('row', i, this.rows))
  },
  col(j: number) {
    return this.slice(0, this.rows, ...single('col', j, this.cols))
  },
  oneHot(count: number, options?: { dtype?: DType }) {
    return this.apply(rearrange.oneHot, [this], { count, dtype: dtypeOption('oneHot', options, this.dtype) })
  },
  scatterAddRows(index: Value, rows: number) {
    return this.apply(rearrange.scatterAddRows, [this, index], { rows })
  },
  place(rows: number, cols: number, rowStart: number, colStart: number) {
    return this.apply(rearrange.place, [this], { rows, cols, rowStart, colStart })
  },
  tril(k = 0) {
    return this.apply(rearrange.tril, [this], { k })
  },
  triu(k = 0) {
    return this.apply(rearrange.triu, [this], { k })
  },
}

/** Gives a class that has `apply`, rows, cols and shape every method of Algebra: apply(operation, operands, attributes) runs one. */
export function installMethods(prototype: object): void {
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
  for (const operation of plain)
    define(operation.name, function (this: Value) {
      return this.apply(operation, [this], undefined)
    })
  for (const operation of binary)
    define(operation.name, function (this: Value, other: Other) {
      return this.apply(operation, [this, other], undefined)
    })
  for (const operation of axial)
    define(operation.name, function (this: Value, axis?: Axis) {
      return this.apply(operation, [this], { axis })
    })
  for (const [name, method] of Object.entries(particular)) define(name, method)
  Object.defineProperty(prototype, 'T', {
    get(this: Value) {
      return this.transpose()
    },
    configurable: true,
  })
}
