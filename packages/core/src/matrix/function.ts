// What operations are as functions: each is the method of its first operand. Another class of values, such as a tape's variable,
// adds its own signatures to the interfaces here, and has every function with them.

import { getDefaultDtype } from '../base/dtype.ts'
import { DTypeError } from '../base/errors.ts'
import { type Axis, describe, type ReducedCols, type ReducedRows } from '../base/shape.ts'
import type {
  Broadcast,
  CheckBias,
  CheckProduct,
  Kind,
  MatmulOptions,
  MatmulResult,
  Other,
  Results,
  Value,
} from '../ops/algebra.ts'
import { isValue, type Matrix, scalar } from './matrix.ts'

/** An element-wise operation on one value. */
export interface UnaryFunction {
  <R extends number = 1, C extends number = 1>(a: Matrix<R, C> | number): Matrix<R, C>
}

/** An element-wise operation on two values. */
export interface BinaryFunction<Name extends string> {
  <R1 extends number = 1, C1 extends number = 1, R2 extends number = 1, C2 extends number = 1>(
    a: Matrix<R1, C1> | number,
    b: Other<'matrix', Name, R1, C1, R2, C2>,
  ): Broadcast<'matrix', R1, C1, R2, C2>
}

/** A reduction. */
export interface ReductionFunction<Options extends unknown[] = []> {
  <R extends number, C extends number, A extends Axis | undefined = undefined>(
    a: Matrix<R, C>,
    axis?: A,
    ...options: Options
  ): Matrix<ReducedRows<R, A>, ReducedCols<C, A>>
}

/** An operation with numbers of its own whose result has the shape of the value. */
export interface SameShapeFunction<Arguments extends unknown[]> {
  <R extends number = 1, C extends number = 1>(a: Matrix<R, C>, ...rest: Arguments): Matrix<R, C>
}

/** An operation on one value whose result has a shape that the types do not follow. */
export interface LooseFunction<Arguments extends unknown[]> {
  (a: Matrix, ...rest: Arguments): Matrix
}

/** The same on two values. */
export interface PairFunction {
  (a: Matrix, b: Matrix): Matrix
}

export interface WhereFunction {
  (condition: Matrix, a: Matrix | number, b: Matrix | number): Matrix
}

type Classes = Exclude<Kind, 'value'>

/** The result is a Matrix if all are. */
export type ConcatFunction = <V extends Results<number, number>[Classes]>(
  list: readonly V[],
  axis: Axis,
) => [V] extends [Matrix] ? Matrix : Results<number, number>[Exclude<Classes, 'matrix'>]

export interface TransposeFunction {
  <R extends number, C extends number>(a: Matrix<R, C>): Matrix<C, R>
}

export interface ReshapeFunction {
  <R extends number, C extends number>(a: Matrix, rows: R, cols: C): Matrix<R, C>
}

export interface TraceFunction {
  (a: Matrix): Matrix<1, 1>
}

/** The class of what operands of these types give. */
export type ClassOf<V> = [V] extends [Matrix] ? 'matrix' : Exclude<Classes, 'matrix'>

type Operand = Results<number, number>[Classes]

type ProductOf<K extends Kind, A extends Operand, B extends Operand, O> = MatmulResult<
  K,
  A['rows'],
  A['cols'],
  B['rows'],
  B['cols'],
  O
>

/** One signature for operands of all classes: TypeScript explains what it refuses by the last of several. */
export type MatmulFunction = <
  A extends Operand,
  B extends Operand,
  const O extends MatmulOptions = Record<never, never>,
>(
  a: A,
  b: B & CheckProduct<A['rows'], A['cols'], B['rows'], B['cols'], O>,
  options?: O,
) => ProductOf<ClassOf<A | B>, A, B, O>

/** The same with a row added. */
export type AffineFunction = <
  A extends Operand,
  B extends Operand,
  D extends Operand,
  const O extends MatmulOptions = Record<never, never>,
>(
  a: A,
  b: B & CheckProduct<A['rows'], A['cols'], B['rows'], B['cols'], O>,
  bias: D & CheckBias<D['rows'], D['cols'], B['rows'], B['cols'], O>,
  options?: O,
) => ProductOf<ClassOf<A | B | D>, A, B, O>

/** The method as a function. A number in the first place becomes a 1x1 of the dtype of the first value after it. */
// biome-ignore lint/suspicious/noExplicitAny: the declared type of each function says what it takes and gives
export function functionOf(name: string): any {
  return (first: unknown, ...rest: unknown[]) => {
    if (!isValue(first) && typeof first !== 'number')
      throw new DTypeError(`${name}: operand 1 is ${describe(first)}, wanted a Matrix or a number`)
    const receiver: Value = isValue(first) ? first : scalar(first, rest.find(isValue)?.dtype ?? getDefaultDtype())
    return (receiver as unknown as Record<string, (...args: unknown[]) => Value>)[name](...rest)
  }
}
