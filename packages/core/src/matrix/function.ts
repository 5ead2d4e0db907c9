// What operations are as functions: each is the method of its first operand. They are for all classes of values, a tape's variables
// as well, and each has one signature: TypeScript explains what it refuses by the last of several.

import { getDefaultDtype } from '../base/dtype.ts'
import { DTypeError } from '../base/errors.ts'
import { elementUnder, isIterations } from '../base/options.ts'
import { type Axis, describe, type ReducedCols, type ReducedRows } from '../base/shape.ts'
import type {
  Broadcast,
  ClassOf,
  ColsIn,
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
import { isValue, scalar } from './matrix.ts'

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
