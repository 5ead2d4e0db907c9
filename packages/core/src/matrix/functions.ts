// Every operation as a function of its first operand. What each computes stands at the method of the same name (Algebra).

import type { DType } from '../base/dtype.ts'
import { DTypeError, ShapeError } from '../base/errors.ts'
import { checkNoMore } from '../base/options.ts'
import { type Axis, describe } from '../base/shape.ts'
import type { GeluOptions, Value } from '../ops/algebra.ts'
import { concat as concatenate } from '../ops/rearrange.ts'
import {
  type AffineFunction,
  type ConcatFunction,
  functionOf,
  type LooseFunction,
  type MatmulFunction,
  type PairFunction,
  type QuantileFunction,
  type ReductionFunction,
  type ReshapeFunction,
  type SameShapeFunction,
  type TraceFunction,
  type TransposeFunction,
  type WhereFunction,
} from './function.ts'
import { isValue, type Matrix } from './matrix.ts'

export * from './functions.generated.ts'

type Index = Matrix | readonly number[]

export const leakyRelu: SameShapeFunction<[slope?: number]> = functionOf('leakyRelu')
export const elu: SameShapeFunction<[alpha?: number]> = functionOf('elu')
/** x·Φ(x), or its approximation by tanh. Defaults: approximate 'none'. */
export const gelu: SameShapeFunction<[options?: GeluOptions]> = functionOf('gelu')
export const clip: SameShapeFunction<[low: number, high: number]> = functionOf('clip')

export const where: WhereFunction = functionOf('where')
export const broadcastTo: LooseFunction<[rows: number, cols: number]> = functionOf('broadcastTo')

export const sum: ReductionFunction = functionOf('sum')
export const mean: ReductionFunction = functionOf('mean')
export const prod: ReductionFunction = functionOf('prod')
export const max: ReductionFunction = functionOf('max')
export const min: ReductionFunction = functionOf('min')
/** Σ (x − mean)² / (n − ddof). Defaults: ddof 0. */
export const variance: ReductionFunction<[options?: { ddof?: number }]> = functionOf('variance')
/** √variance. Defaults: ddof 0. */
export const std: ReductionFunction<[options?: { ddof?: number }]> = functionOf('std')
export const median: ReductionFunction = functionOf('median')
export const quantile: QuantileFunction = functionOf('quantile')
export const argmax: ReductionFunction = functionOf('argmax')
export const argmin: ReductionFunction = functionOf('argmin')
export const logSumExp: ReductionFunction = functionOf('logSumExp')
export const cumsum: SameShapeFunction<[axis?: Axis]> = functionOf('cumsum')
export const all: ReductionFunction = functionOf('all')
export const any: ReductionFunction = functionOf('any')
export const cumprod: SameShapeFunction<[axis?: Axis]> = functionOf('cumprod')
export const diff: LooseFunction<[axis?: Axis, n?: number]> = functionOf('diff')
export const softmax: SameShapeFunction<[axis?: Axis]> = functionOf('softmax')
export const logSoftmax: SameShapeFunction<[axis?: Axis]> = functionOf('logSoftmax')
export const trace: TraceFunction = functionOf('trace')

/** A·B, or with transposed operands. Defaults: transposeA false, transposeB false, algorithm 'auto'. */
export const matmul: MatmulFunction = functionOf('matmul')
/** A·B + bias. Defaults: transposeA false, transposeB false, algorithm 'auto'. */
export const affine: AffineFunction = functionOf('affine')
export const outer: PairFunction = functionOf('outer')
export const kron: PairFunction = functionOf('kron')
/** The covariances of the rows, or without `rowvar` of the columns. Defaults: rowvar true, ddof 1. */
export const cov: LooseFunction<[options?: { rowvar?: boolean; ddof?: number }]> = functionOf('cov')
/** The correlations of the rows, or without `rowvar` of the columns. Defaults: rowvar true. */
export const corrcoef: LooseFunction<[options?: { rowvar?: boolean }]> = functionOf('corrcoef')

export const transpose: TransposeFunction = functionOf('transpose')
export const reshape: ReshapeFunction = functionOf('reshape')
export const slice: LooseFunction<[rowStart: number, rowEnd?: number, colStart?: number, colEnd?: number]> =
  functionOf('slice')
export const gatherRows: LooseFunction<[index: Index]> = functionOf('gatherRows')
export const gatherCols: LooseFunction<[index: Index]> = functionOf('gatherCols')
export const filterRows: LooseFunction<[mask: Matrix | readonly boolean[]]> = functionOf('filterRows')
export const pad: LooseFunction<[top: number, bottom: number, left: number, right: number, value?: number]> =
  functionOf('pad')
export const tile: LooseFunction<[rows: number, cols: number]> = functionOf('tile')
export const oneHot: LooseFunction<[count: number, options?: { dtype?: DType }]> = functionOf('oneHot')
export const scatterAddRows: LooseFunction<[index: Index, rows: number]> = functionOf('scatterAddRows')
export const pick: LooseFunction<[index: Index]> = functionOf('pick')
export const diag: LooseFunction<[k?: number]> = functionOf('diag')
export const diagonal: LooseFunction<[k?: number]> = functionOf('diagonal')
export const tril: SameShapeFunction<[k?: number]> = functionOf('tril')
export const triu: SameShapeFunction<[k?: number]> = functionOf('triu')
export const flipRows: SameShapeFunction<[]> = functionOf('flipRows')
export const flipCols: SameShapeFunction<[]> = functionOf('flipCols')
export const sort: SameShapeFunction<[axis?: Axis]> = functionOf('sort')
export const argsort: SameShapeFunction<[axis?: Axis]> = functionOf('argsort')

/**
 * The values below one another (axis 0, as many columns) or side by side (axis 1, as many rows).
 *
 * @throws ShapeError for an empty list or sizes that differ across the axis.
 */
export const concat: ConcatFunction = (list: readonly Value[], axis: Axis, ...more: []): never => {
  checkNoMore('concat', 'list, axis', more)
  if (!Array.isArray(list)) throw new DTypeError(`concat: got ${describe(list)}, wanted an array of matrices`)
  for (const [i, each] of list.entries())
    if (!isValue(each)) throw new DTypeError(`concat: operand ${i + 1} is ${describe(each)}, wanted a Matrix`)
  if (list.length === 0) throw new ShapeError('concat: got an empty list, wanted at least one matrix')
  // What is put off keeps it, and the caller may change its own.
  return list[0].apply(concatenate, [...list], { axis }) as never
}
