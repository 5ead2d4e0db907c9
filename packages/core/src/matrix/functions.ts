// Every operation as a function of its first operand. What each computes stands at the method of the same name (Algebra).

import { type DType, getDefaultDtype } from '../base/dtype.ts'
import { DTypeError, ShapeError } from '../base/errors.ts'
import { type Axis, describe } from '../base/shape.ts'
import type {
  AffineFunction,
  BinaryFunction,
  Index,
  LooseFunction,
  MatmulFunction,
  ReductionFunction,
  SameShapeFunction,
  UnaryFunction,
} from '../ops/algebra.ts'
import { concat as concatenate } from '../ops/rearrange.ts'
import { Matrix, scalar } from './matrix.ts'

type Unary = UnaryFunction<'matrix'>
type Binary<Name extends string> = BinaryFunction<'matrix', Name>
type Reduction<Options extends unknown[] = []> = ReductionFunction<'matrix', Options>
type SameShape<Arguments extends unknown[]> = SameShapeFunction<'matrix', Arguments>
type Loose<Arguments extends unknown[]> = LooseFunction<'matrix', Arguments>

/** The method as a function. A number in the first place becomes a 1x1 of the dtype of the first matrix after it. */
// biome-ignore lint/suspicious/noExplicitAny: the declared type of each function below says what it takes and gives
function method(name: string): any {
  return (first: unknown, ...rest: unknown[]) => {
    if (first instanceof Matrix)
      return (first as unknown as Record<string, (...args: unknown[]) => Matrix>)[name](...rest)
    if (typeof first !== 'number')
      throw new DTypeError(`${name}: operand 1 is ${describe(first)}, wanted a Matrix or a number`)
    const dtype = rest.find((value) => value instanceof Matrix)?.dtype ?? getDefaultDtype()
    return method(name)(scalar(first, dtype), ...rest)
  }
}

export const neg: Unary = method('neg')
export const abs: Unary = method('abs')
export const sign: Unary = method('sign')
export const exp: Unary = method('exp')
export const log: Unary = method('log')
export const log1p: Unary = method('log1p')
export const expm1: Unary = method('expm1')
export const sqrt: Unary = method('sqrt')
export const square: Unary = method('square')
export const reciprocal: Unary = method('reciprocal')
export const sin: Unary = method('sin')
export const cos: Unary = method('cos')
export const tanh: Unary = method('tanh')
export const sigmoid: Unary = method('sigmoid')
export const relu: Unary = method('relu')
export const leakyRelu: SameShape<[slope?: number]> = method('leakyRelu')
export const elu: SameShape<[alpha?: number]> = method('elu')
export const gelu: Unary = method('gelu')
export const silu: Unary = method('silu')
export const softplus: Unary = method('softplus')
export const erf: Unary = method('erf')
export const floor: Unary = method('floor')
export const round: Unary = method('round')
export const clip: SameShape<[low: number, high: number]> = method('clip')

export const add: Binary<'add'> = method('add')
export const sub: Binary<'sub'> = method('sub')
export const mul: Binary<'mul'> = method('mul')
export const div: Binary<'div'> = method('div')
export const pow: Binary<'pow'> = method('pow')
export const maximum: Binary<'maximum'> = method('maximum')
export const minimum: Binary<'minimum'> = method('minimum')
export const less: Binary<'less'> = method('less')
export const lessEqual: Binary<'lessEqual'> = method('lessEqual')
export const greater: Binary<'greater'> = method('greater')
export const greaterEqual: Binary<'greaterEqual'> = method('greaterEqual')
export const equal: Binary<'equal'> = method('equal')
export const notEqual: Binary<'notEqual'> = method('notEqual')
export const where: Loose<[a: Matrix | number, b: Matrix | number]> = method('where')
export const broadcastTo: Loose<[rows: number, cols: number]> = method('broadcastTo')

export const sum: Reduction = method('sum')
export const mean: Reduction = method('mean')
export const prod: Reduction = method('prod')
export const max: Reduction = method('max')
export const min: Reduction = method('min')
export const variance: Reduction<[options?: { ddof?: number }]> = method('variance')
export const std: Reduction<[options?: { ddof?: number }]> = method('std')
export const median: Reduction = method('median')
export const argmax: Reduction = method('argmax')
export const argmin: Reduction = method('argmin')
export const logSumExp: Reduction = method('logSumExp')
export const cumsum: SameShape<[axis?: Axis]> = method('cumsum')
export const softmax: SameShape<[axis?: Axis]> = method('softmax')
export const logSoftmax: SameShape<[axis?: Axis]> = method('logSoftmax')
export const trace: (a: Matrix) => Matrix<1, 1> = method('trace')

export const matmul: MatmulFunction<'matrix'> = method('matmul')
export const affine: AffineFunction<'matrix'> = method('affine')
export const outer: Loose<[b: Matrix]> = method('outer')
export const kron: Loose<[b: Matrix]> = method('kron')
export const cov: Loose<[options?: { ddof?: number }]> = method('cov')
export const corrcoef: Loose<[]> = method('corrcoef')

export const transpose: <R extends number, C extends number>(a: Matrix<R, C>) => Matrix<C, R> = method('transpose')
export const reshape: <R extends number, C extends number>(a: Matrix, rows: R, cols: C) => Matrix<R, C> =
  method('reshape')
export const slice: Loose<[rowStart: number, rowEnd: number, colStart?: number, colEnd?: number]> = method('slice')
export const gatherRows: Loose<[index: Index<'matrix'>]> = method('gatherRows')
export const oneHot: Loose<[count: number, options?: { dtype?: DType }]> = method('oneHot')
export const scatterAddRows: Loose<[index: Index<'matrix'>, rows: number]> = method('scatterAddRows')
export const pick: Loose<[index: Index<'matrix'>]> = method('pick')
export const diag: Loose<[]> = method('diag')
export const diagonal: Loose<[]> = method('diagonal')
export const tril: SameShape<[k?: number]> = method('tril')
export const triu: SameShape<[k?: number]> = method('triu')
export const flipRows: SameShape<[]> = method('flipRows')
export const flipCols: SameShape<[]> = method('flipCols')
export const sort: SameShape<[axis?: Axis]> = method('sort')
export const argsort: SameShape<[axis?: Axis]> = method('argsort')

/**
 * The matrices below one another (axis 0, as many columns) or side by side (axis 1, as many rows).
 *
 * @throws ShapeError for an empty list or sizes that differ across the axis.
 */
export function concat(list: readonly Matrix[], axis: Axis): Matrix {
  if (!Array.isArray(list)) throw new DTypeError(`concat: got ${describe(list)}, wanted an array of matrices`)
  for (const [i, each] of list.entries())
    if (!(each instanceof Matrix))
      throw new DTypeError(`concat: operand ${i + 1} is ${describe(each)}, wanted a Matrix`)
  if (list.length === 0) throw new ShapeError('concat: got an empty list, wanted at least one matrix')
  // What is put off keeps it, and the caller may change its own.
  return list[0].apply(concatenate, [...list], { axis })
}
