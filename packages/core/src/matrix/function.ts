// What operations are as functions: each is the method of its first operand. They are for all classes of values, a tape's variables
// as well, and each has one signature: TypeScript explains what it refuses by the last of several.

import { type DType, getDefaultDtype } from '../base/dtype.ts'
import { DTypeError } from '../base/errors.ts'
import { elementUnder, isIterations } from '../base/options.ts'
import { type Axis, describe, type ReducedCols, type ReducedRows } from '../base/shape.ts'
import type {
  Broadcast,
  ClassOf,
  ColsIn,
  GeluOptions,
  MatmulBias,
  MatmulOperand,
  MatmulOptions,
  MatmulResult,
  Operand,
  Other,
  Results,
  RowsIn,
  SizeFound,
  Value,
} from '../ops/algebra.ts'
import { takenBy } from '../ops/methods.ts'
import { isValue, type Matrix, scalar } from './matrix.ts'

type Index = Matrix | readonly number[]

/** An element-wise operation on one value. */
export type UnaryFunction = <V extends Operand | number>(a: V) => Results<RowsIn<V>, ColsIn<V>>[ClassOf<V>]

/** An element-wise operation on two values. */
export type BinaryFunction<Name extends string> = <A extends Operand | number, B extends Operand | number>(
  a: A,
  b: Other<Name, RowsIn<A>, ColsIn<A>, B>,
) => Broadcast<ClassOf<A>, RowsIn<A>, ColsIn<A>, B>

/** A reduction. */
export type ReductionFunction<Options extends unknown[] = []> = <
  V extends Operand,
  A extends Axis | undefined = undefined,
>(
  a: V,
  axis?: A,
  ...options: Options
) => Results<ReducedRows<RowsIn<V>, A>, ReducedCols<ColsIn<V>, A>>[ClassOf<V>]

export type QuantileFunction = <V extends Operand, A extends Axis | undefined = undefined>(
  a: V,
  q: number,
  axis?: A,
) => Results<ReducedRows<RowsIn<V>, A>, ReducedCols<ColsIn<V>, A>>[ClassOf<V>]

/** An operation with numbers of its own whose result has the shape of the value. */
export type SameShapeFunction<Arguments extends unknown[]> = <V extends Operand>(
  a: V,
  ...rest: Arguments
) => Results<RowsIn<V>, ColsIn<V>>[ClassOf<V>]

/** An operation on one value whose result has a shape that the types do not follow. */
export type LooseFunction<Arguments extends unknown[]> = <V extends Operand>(
  a: V,
  ...rest: Arguments
) => Results<number, number>[ClassOf<V>]

/** The same on two values. */
export type PairFunction = <A extends Operand, B extends Operand>(a: A, b: B) => Results<number, number>[ClassOf<A | B>]

export type WhereFunction = <Condition extends Operand, A extends Operand | number, B extends Operand | number>(
  condition: Condition,
  a: A,
  b: B,
) => Results<number, number>[ClassOf<Condition | A | B>]

export type ConcatFunction = <V extends Operand>(list: readonly V[], axis: Axis) => Results<number, number>[ClassOf<V>]

export type TransposeFunction = <V extends Operand>(a: V) => Results<ColsIn<V>, RowsIn<V>>[ClassOf<V>]

export type ReshapeFunction = <V extends Operand, R extends number, C extends number>(
  a: V,
  rows: R,
  cols: C,
) => Results<SizeFound<R>, SizeFound<C>>[ClassOf<V>]

export type TraceFunction = <V extends Operand>(a: V, k?: number) => Results<1, 1>[ClassOf<V>]

export type MatmulFunction = <
  A extends Operand,
  B extends Operand,
  const O extends MatmulOptions = Record<never, never>,
>(
  a: A,
  b: MatmulOperand<RowsIn<A>, ColsIn<A>, B, O>,
  options?: O,
) => MatmulResult<ClassOf<A>, RowsIn<A>, ColsIn<A>, B, O>

/** The same with a row added. */
export type AffineFunction = <
  A extends Operand,
  B extends Operand,
  D extends Operand,
  const O extends MatmulOptions = Record<never, never>,
>(
  a: A,
  b: MatmulOperand<RowsIn<A>, ColsIn<A>, B, O>,
  bias: MatmulBias<B, D, O>,
  options?: O,
) => MatmulResult<ClassOf<A | D>, RowsIn<A>, ColsIn<A>, B, O>

/** The functions of operations, but for those that work element by element on one or two values, which the rows tell. */
export interface Functions {
  leakyRelu: SameShapeFunction<[slope?: number]>
  elu: SameShapeFunction<[alpha?: number]>
  gelu: SameShapeFunction<[options?: GeluOptions]>
  clip: SameShapeFunction<[low: number, high: number]>

  where: WhereFunction
  broadcastTo: LooseFunction<[rows: number, cols: number]>

  sum: ReductionFunction
  mean: ReductionFunction
  prod: ReductionFunction
  max: ReductionFunction
  min: ReductionFunction
  variance: ReductionFunction<[options?: { ddof?: number }]>
  std: ReductionFunction<[options?: { ddof?: number }]>
  median: ReductionFunction
  quantile: QuantileFunction
  argmax: ReductionFunction
  argmin: ReductionFunction
  logSumExp: ReductionFunction
  cumsum: SameShapeFunction<[axis?: Axis]>
  all: ReductionFunction
  any: ReductionFunction
  cumprod: SameShapeFunction<[axis?: Axis]>
  diff: LooseFunction<[axis?: Axis, n?: number]>
  softmax: SameShapeFunction<[axis?: Axis]>
  logSoftmax: SameShapeFunction<[axis?: Axis]>
  trace: TraceFunction

  matmul: MatmulFunction
  affine: AffineFunction
  outer: PairFunction
  kron: PairFunction
  cov: LooseFunction<[options?: { rowvar?: boolean; ddof?: number }]>
  corrcoef: LooseFunction<[options?: { rowvar?: boolean }]>

  transpose: TransposeFunction
  reshape: ReshapeFunction
  slice: LooseFunction<[rowStart: number, rowEnd?: number, colStart?: number, colEnd?: number]>
  gatherRows: LooseFunction<[index: Index]>
  gatherCols: LooseFunction<[index: Index]>
  filterRows: LooseFunction<[mask: Matrix | readonly boolean[]]>
  pad: LooseFunction<[top: number, bottom: number, left: number, right: number, value?: number]>
  tile: LooseFunction<[rows: number, cols: number]>
  oneHot: LooseFunction<[count: number, options?: { dtype?: DType }]>
  scatterAddRows: LooseFunction<[index: Index, rows: number]>
  pick: LooseFunction<[index: Index]>
  diag: LooseFunction<[k?: number]>
  diagonal: LooseFunction<[k?: number]>
  tril: SameShapeFunction<[k?: number]>
  triu: SameShapeFunction<[k?: number]>
  flipRows: SameShapeFunction<[]>
  flipCols: SameShapeFunction<[]>
  sort: SameShapeFunction<[axis?: Axis]>
  argsort: SameShapeFunction<[axis?: Axis]>
}

/**
 * The method as a function. A number in the first place becomes a 1x1 of the dtype of the first value after it. It does without
 * what JavaScript's own iteration passes behind an element.
 */
// biome-ignore lint/suspicious/noExplicitAny: the declared type of each function says what it takes and gives
export function functionOf(name: string): any {
  const takes = takenBy(name)
  const names = takes === '' ? [] : takes.split(', ')
  const call = `${name}(${['a', ...names].join(', ')})`
  const most = names.length
  return (first: unknown, ...rest: unknown[]) => {
    const { length } = rest
    const element = length > 2 ? rest[length - 3] : first
    if (length > 1 && Object.is(elementUnder(rest[length - 2], rest[length - 1]), element)) rest.length -= 2
    else if (length === most + 1 && isIterations(rest.slice(most), call)) rest.length = most
    if (!isValue(first) && typeof first !== 'number')
      throw new DTypeError(`${name}: operand 1 is ${describe(first)}, wanted a Matrix or a number`)
    const receiver: Value = isValue(first) ? first : scalar(first, rest.find(isValue)?.dtype ?? getDefaultDtype())
    return (receiver as unknown as Record<string, (...args: unknown[]) => Value>)[name](...rest)
  }
}
