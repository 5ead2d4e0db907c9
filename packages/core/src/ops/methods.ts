import { isOurs } from '../base/copies.ts'
import { DTypeError, MatgradError, ShapeError } from '../base/errors.ts'
import { checkNoMore, flag, guardMethods, number, oneOf, readerOf } from '../base/options.ts'
import {
  type Axis,
  checkAxis,
  checkInteger,
  checkNumber,
  checkShape,
  describe,
  formatShape,
  lineLength,
} from '../base/shape.ts'
import type { Algebra, GeluOptions, Value } from './algebra.ts'
import * as operations from './index.ts'
import { type Method, type Operation, position, vectorLength } from './operation.ts'

const readVariance = readerOf({ ddof: number(0) })
const readGelu = readerOf({ approximate: oneOf('none', 'tanh')('none') })
const readCovariance = readerOf({ rowvar: flag(true), ddof: number(1) })
const readCorrelation = readerOf({ rowvar: flag(true) })

/** The index of row or column i as a range of one, checked here because `slice` would accept an empty range. */
function single(operation: string, i: number, count: number): [number, number] {
  const start = position(operation, 'the index', i, count)
  return [start, start + 1]
}

/** Where `mask` holds. @throws ShapeError or DTypeError unless it is a truth value for each of `rows` rows. */
function chosenRows(mask: unknown, rows: number): number[] {
  const column = mask as Value & { toArray(): number[][] }
  if (!Array.isArray(mask) && !(typeof column?.rows === 'number' && typeof column.toArray === 'function'))
    throw new DTypeError(`filterRows: mask is ${describe(mask)}, wanted an array of booleans or a column of 0 and 1`)
  const list = Array.isArray(mask)
  if (list ? mask.length !== rows : column.rows !== rows || column.cols !== 1)
    throw new ShapeError(
      `filterRows: mask is ${list ? `${mask.length} elements` : formatShape(column.shape)}, wanted one for each of ${rows} rows`,
    )
  const chosen: number[] = []
  for (const [i, holds] of (list ? mask : column.toArray().flat()).entries()) {
    if (holds === true || holds === 1) chosen.push(i)
    else if (holds !== false && holds !== 0)
      throw new DTypeError(`filterRows: mask ${i} is ${describe(holds)}, wanted true or false, or 1 or 0`)
  }
  return chosen
}

/** x so many times below itself. */
const stack = (x: Value, times: number): Value =>
  x
    .reshape(1, x.rows * x.cols)
    .broadcastTo(times, x.rows * x.cols)
    .reshape(times * x.rows, x.cols)

/** Whether an object is of a class of this copy that has the methods of Algebra. */
export const isOfAlgebra = (value: object): boolean => isOurs(value) && 'gatherRows' in value

/** @throws DTypeError unless `b` is a value with methods: what is written with them needs one. */
function checkOperand(operation: string, b: Value): void {
  if (typeof b !== 'object' || b === null || !isOfAlgebra(b))
    throw new DTypeError(`${operation}: operand 2 is ${describe(b)}, wanted a Matrix`)
}

/** How many elements a line has. @throws ShapeError unless axis is one, and there is an element to choose from. */
function checkChoice(operation: string, { shape }: Value, axis?: Axis): number {
  checkAxis(operation, axis)
  const length = lineLength(shape, axis)
  if (length === 0)
    throw new ShapeError(`${operation}: got ${formatShape(shape)}, wanted at least one element to choose from`)
  return length
}

const kth = (x: Value, k: number, axis?: Axis): Value => x.apply(operations.kthValue, [x], { k, axis })

/** NaN for the lines of x that have one, which comes last in order, where what is chosen from does not see it. */
function unlessNaN(x: Value, axis: Axis | undefined, chosen: Value): Value {
  const largest = x.max(axis)
  return largest.equal(largest).where(chosen, largest)
}

/**
 * In float64, and divided by a power of two near the largest element of each line: squares then neither overflow nor vanish,
 * and other bits stay what they are.
 */
function scaled(x: Value, axis?: Axis): { wide: Value; y: Value; scale: Value } {
  const wide = x.dtype === 'float64' ? x : x.astype('float64')
  const scale: Value = wide.apply(
    operations.binade,
    [lineLength(x.shape, axis) === 0 ? wide.sum(axis) : wide.abs().max(axis)],
    undefined,
  )
  return { wide, y: wide.div(scale), scale }
}

/** What `finish` makes of the variance of each line divided by the square of `scale`, with the derivative of `operation`. */
function ofVariance(
  operation: Operation,
  x: Value,
  axis: Axis | undefined,
  options: { ddof?: number } | undefined,
  finish: (variance: Value, scale: Value) => Value,
): Value {
  const { ddof } = readVariance(operation.name, options)
  checkAxis(operation.name, axis)
  const { wide, y, scale } = scaled(x, axis)
  const divisor = Math.max(0, lineLength(x.shape, axis) - ddof)
  const value = finish(y.sub(y.mean(axis)).square().sum(axis).div(divisor), scale)
  return value.apply(operation, [value, wide, scale], { axis, divisor }).astype(x.dtype)
}

/** The covariances of the rows, divided by `scale`, a column, and its transpose. */
function scaledCovariance(x: Value, divisor: number): { covariance: Value; scale: Value; wide: Value } {
  const { wide, y, scale } = scaled(x, 1)
  const deviation = y.sub(y.mean(1))
  return { covariance: deviation.matmul(deviation, { transposeB: true }).div(divisor), scale, wide }
}

/** Methods that are written with others, and so need no kernel and no derivative of their own. */
const composed = {
  gelu(options?: GeluOptions) {
    const { approximate } = readGelu('gelu', options)
    return this.apply(approximate === 'tanh' ? operations.geluTanh : operations.gelu, [this], undefined)
  },
  variance(axis?: Axis, options?: { ddof?: number }) {
    return ofVariance(operations.variance, this, axis, options, (variance, scale) => variance.mul(scale).mul(scale))
  },
  std(axis?: Axis, options?: { ddof?: number }) {
    return ofVariance(operations.std, this, axis, options, (variance, scale) => variance.sqrt().mul(scale))
  },
  median(axis?: Axis) {
    const length = checkChoice('median', this, axis)
    const lower = kth(this, (length - 1) >> 1, axis)
    if (length % 2 === 1) return unlessNaN(this, axis, lower)
    const upper = kth(this, length >> 1, axis)
    // Halves are exact, and so have no overflow, but for the least numbers, whose sum has none.
    const isSmall = lower.abs().maximum(upper.abs()).less(1)
    const middle = isSmall.where(lower.add(upper).mul(0.5), lower.mul(0.5).add(upper.mul(0.5)))
    return unlessNaN(this, axis, middle)
  },
  quantile(q: number, axis?: Axis) {
    checkNumber('quantile', 'q', q)
    if (!(q >= 0 && q <= 1)) throw new MatgradError(`quantile: q is ${q}, wanted 0 to 1`)
    const length = checkChoice('quantile', this, axis)
    const k = Math.floor(q * (length - 1))
    const part = q * (length - 1) - k
    const lower = kth(this, k, axis)
    if (part === 0) return unlessNaN(this, axis, lower)
    const upper = kth(this, k + 1, axis)
    const between = lower
      .mul(1 - part)
      .add(upper.mul(part))
      .maximum(lower)
      .minimum(upper)
    return unlessNaN(this, axis, lower.equal(upper).where(lower, between))
  },
  trace(k = 0) {
    checkInteger('trace', 'k', k, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    return this.diagonal(k).sum()
  },
  all(axis?: Axis) {
    checkAxis('all', axis)
    return this.notEqual(0).prod(axis)
  },
  any(axis?: Axis) {
    checkAxis('any', axis)
    return this.notEqual(0).sum(axis).greater(0)
  },
  cumprod(axis?: Axis) {
    checkAxis('cumprod', axis)
    const { rows, cols } = this
    if (axis === undefined)
      return this.reshape(1, rows * cols)
        .cumprod(1)
        .reshape(rows, cols)
    return this.apply(operations.cumprod, [this, -0], { axis, initial: 1 })
  },
  diff(axis: Axis = 1, n = 1) {
    checkAxis('diff', axis)
    checkInteger('diff', 'n', n, 0, Number.MAX_SAFE_INTEGER)
    const { rows } = this
    let result: Value = this.slice(0, rows)
    for (let i = 0; i < n && result.shape[axis] > 0; i++)
      result =
        axis === 0
          ? result.slice(1).sub(result.slice(0, -1))
          : result.slice(0, rows, 1).sub(result.slice(0, rows, 0, -1))
    return result
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
  cov(options?: { rowvar?: boolean; ddof?: number }) {
    const { rowvar, ddof } = readCovariance('cov', options)
    const samples = rowvar ? this : this.T
    const divisor = Math.max(0, samples.cols - ddof)
    const { covariance, scale, wide } = scaledCovariance(samples, divisor)
    const [left, right] = [scale, scale.T]
    const value = covariance.mul(left.maximum(right)).mul(left.minimum(right))
    return value.apply(operations.cov, [value, wide, scale], { divisor }).astype(this.dtype)
  },
  corrcoef(options?: { rowvar?: boolean }) {
    const { rowvar } = readCorrelation('corrcoef', options)
    const samples = rowvar ? this : this.T
    const { covariance } = scaledCovariance(samples, Math.max(0, samples.cols - 1))
    const variance = covariance.diagonal()
    // The root of a square is exact, so that a row has the correlation 1 with itself.
    return covariance.div(variance.mul(variance.T).sqrt()).clip(-1, 1).astype(this.dtype)
  },

  pad(top: number, bottom: number, left: number, right: number, value = 0) {
    for (const [what, count] of Object.entries({ top, bottom, left, right }))
      checkInteger('pad', what, count, 0, Number.MAX_SAFE_INTEGER)
    checkNumber('pad', 'value', value)
    const [rows, cols] = [top + this.rows + bottom, left + this.cols + right]
    checkShape('pad', rows, cols)
    return this.apply(operations.place, [this], { rows, cols, rowStart: top, colStart: left, value })
  },
  tile(rows: number, cols: number) {
    checkInteger('tile', 'rows', rows, 0, Number.MAX_SAFE_INTEGER)
    checkInteger('tile', 'cols', cols, 0, Number.MAX_SAFE_INTEGER)
    checkShape('tile', rows * this.rows, cols * this.cols)
    return stack(stack(this.transpose(), cols).transpose(), rows)
  },
  filterRows(mask: unknown) {
    return this.gatherRows(chosenRows(mask, this.rows))
  },
  row(i: number) {
    return this.slice(...single('row', i, this.rows))
  },
  col(j: number) {
    return this.slice(0, this.rows, ...single('col', j, this.cols))
  },
} satisfies Partial<Algebra<'value', number, number>> & ThisType<Value>

/** What they take. */
const takes: Readonly<Record<keyof typeof composed, string>> = {
  ...{
    gelu: 'options',
    variance: 'axis, options',
    std: 'axis, options',
    median: 'axis',
    quantile: 'q, axis',
    trace: 'k',
  },
  ...{ all: 'axis', any: 'axis', cumprod: 'axis', diff: 'axis, n' },
  ...{ outer: 'b', kron: 'b', cov: 'options', corrcoef: 'options' },
  ...{ pad: 'top, bottom, left, right, value', tile: 'rows, cols', filterRows: 'mask', row: 'i', col: 'j' },
}

/** What the method of this name takes beside its receiver. */
export const takenBy = (name: string): string =>
  (operations as unknown as Readonly<Record<string, Partial<Operation> | undefined>>)[name]?.method?.takes ??
  (takes as Readonly<Record<string, string>>)[name]

type AnyMethod = (this: Value, ...args: unknown[]) => Value

/** What runs an operation as a method. There is one for each number of operands, as V8 makes no list of those. */
function methodOf(operation: Operation, { operands, takes, attributes }: Method): AnyMethod {
  const check = (more: readonly unknown[]): void =>
    checkNoMore(operation.name, takes, more, `a.${operation.name}(${takes})`)
  const others: AnyMethod = function (...all) {
    check(all.slice(operands - 1))
    return this.apply(operation, [this, ...Array.from({ length: operands - 1 }, (_, i) => all[i])], undefined)
  }
  // Rest parameters would be an array in each call; V8 makes none of arguments that are counted and passed on.
  const plain: readonly AnyMethod[] = [
    function () {
      // biome-ignore lint/complexity/noArguments: see above
      const given = arguments
      return given.length === 0 ? this.apply(operation, [this], undefined) : others.apply(this, given as never)
    },
    function (b) {
      // biome-ignore lint/complexity/noArguments: see above
      const given = arguments
      return given.length === 1 ? this.apply(operation, [this, b], undefined) : others.apply(this, given as never)
    },
    function (b, c) {
      // biome-ignore lint/complexity/noArguments: see above
      const given = arguments
      return given.length === 2 ? this.apply(operation, [this, b, c], undefined) : others.apply(this, given as never)
    },
  ]
  if (!attributes) return plain[operands - 1]
  const most = takes.split(', ').length - operands + 1
  const particular: readonly AnyMethod[] = [
    function (...rest) {
      if (rest.length > most) check(rest.splice(most))
      return this.apply(operation, [this], attributes.apply(this, rest))
    },
    function (b, ...rest) {
      if (rest.length > most) check(rest.splice(most))
      return this.apply(operation, [this, b], attributes.apply(this, rest))
    },
    function (b, c, ...rest) {
      if (rest.length > most) check(rest.splice(most))
      return this.apply(operation, [this, b, c], attributes.apply(this, rest))
    },
  ]
  return particular[operands - 1]
}

/**
 * Gives a class that has `apply`, rows, cols and shape every method of Algebra: apply(operation, operands, attributes) runs one.
 * These, and the class's own, by what they take, refuse more arguments.
 */
export function installMethods(prototype: object, own: Readonly<Record<string, string>> = {}): void {
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
  for (const operation of Object.values(operations) as Operation[])
    if (operation.method) define(operation.name, methodOf(operation, operation.method))
  for (const [name, method] of Object.entries(composed)) define(name, method)
  guardMethods(prototype, { ...takes, ...own })
  // JavaScript's operators know numbers alone: what they would make of a matrix is NaN.
  Object.defineProperty(prototype, Symbol.toPrimitive, {
    value(this: object, hint: string) {
      if (hint !== 'number') return this.toString()
      throw new DTypeError(
        `number: got ${describe(this)}, wanted a method in the place of an operator, such as mul, or item()`,
      )
    },
    configurable: true,
  })
  Object.defineProperty(prototype, 'T', {
    get(this: Value) {
      return this.transpose()
    },
    configurable: true,
  })
}
