// Core's functions take variables, too: their signatures with them. A result is a Variable where an operand is one.

import type { Axis, Broadcast, Matrix, Other, ReducedCols, ReducedRows } from '@matgrad/core'
import type { Variable } from './variable.ts'

export * from '@matgrad/core/functions'

type Operand<R extends number = number, C extends number = number> = Variable<R, C> | Matrix<R, C>

declare module '@matgrad/core' {
  interface UnaryFunction {
    <R extends number = 1, C extends number = 1>(a: Variable<R, C>): Variable<R, C>
  }

  interface BinaryFunction<Name extends string> {
    <R1 extends number = 1, C1 extends number = 1, R2 extends number = 1, C2 extends number = 1>(
      a: Variable<R1, C1>,
      b: Other<'variable', Name, R1, C1, R2, C2>,
    ): Broadcast<'variable', R1, C1, R2, C2>
    <R1 extends number = 1, C1 extends number = 1, R2 extends number = 1, C2 extends number = 1>(
      a: Matrix<R1, C1> | number,
      b: Variable<R2, C2> & Other<'variable', Name, R1, C1, R2, C2>,
    ): Broadcast<'variable', R1, C1, R2, C2>
  }

  interface ReductionFunction<Options extends unknown[] = []> {
    <R extends number, C extends number, A extends Axis | undefined = undefined>(
      a: Variable<R, C>,
      axis?: A,
      ...options: Options
    ): Variable<ReducedRows<R, A>, ReducedCols<C, A>>
  }

  interface SameShapeFunction<Arguments extends unknown[]> {
    <R extends number = 1, C extends number = 1>(a: Variable<R, C>, ...rest: Arguments): Variable<R, C>
  }

  interface LooseFunction<Arguments extends unknown[]> {
    (a: Variable, ...rest: Arguments): Variable
  }

  interface PairFunction {
    (a: Variable, b: Operand): Variable
    (a: Matrix, b: Variable): Variable
  }

  interface WhereFunction {
    (condition: Variable, a: Operand | number, b: Operand | number): Variable
    (condition: Matrix, a: Variable, b: Operand | number): Variable
    (condition: Matrix, a: Matrix | number, b: Variable): Variable
  }

  interface TransposeFunction {
    <R extends number, C extends number>(a: Variable<R, C>): Variable<C, R>
  }

  interface ReshapeFunction {
    <R extends number, C extends number>(a: Variable, rows: R, cols: C): Variable<R, C>
  }

  interface TraceFunction {
    (a: Variable): Variable<1, 1>
  }
}
