import type { DType } from '../base/dtype.ts'
import type { Shape } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { Attributes, Change, Holder, Operation } from '../ops/operation.ts'

/**
 * A place for numbers in a program:
 * - an `argument` is copied in from what the compiled function is called with;
 * - `state` belongs to a matrix or generator that goes on from call to call: a parameter, a velocity, a result that
 *   somebody holds;
 * - a `constant` was made while the program was traced, and never changes;
 * - everything else is a `result`, which nobody needs after the call.
 */
export interface Slot {
  kind: 'argument' | 'state' | 'constant' | 'result'
  /** The matrix or generator that it was traced with, or that took its place. */
  holder: Holder
}

/**
 * A term of a loop: it loads the input of a number, computes from terms before it, or, as the first, is a product of two
 * inputs.
 */
export type FusedTerm =
  | { readonly load: number }
  | { readonly operation: string; readonly inputs: readonly number[]; readonly attributes: Attributes }
  | { readonly product: readonly [number, number]; readonly transposeA: boolean; readonly transposeB: boolean }

/** Elementwise operations in one loop, perhaps on a product. */
export interface Fusion {
  readonly name: string
  readonly rows: number
  readonly cols: number
  readonly dtype: DType
  readonly terms: readonly FusedTerm[]
  /** The term of each target. */
  readonly stores: readonly number[]
}

/** What an operation demands of its indices. */
export interface Check {
  readonly name: string
  readonly of: Operation
  readonly indices: NonNullable<Operation['indices']>
  /** The shape of its result. */
  readonly shape: Shape
}

/**
 * Something that a program does: an operation, out = operation(inputs), a change of targets, operations in one loop, or a
 * check, which has no target.
 */
export interface Step {
  readonly operation: Operation | Change | Fusion | Check
  readonly attributes: Attributes
  inputs: readonly Slot[]
  /** What it writes: the result of an operation, or the targets of a change. */
  targets: readonly Slot[]
}

export const isChange = (operation: Step['operation']): operation is Change => 'reads' in operation
export const isCheck = (operation: Step['operation']): operation is Check => 'of' in operation
export const isOperation = (operation: Step['operation']): operation is Operation =>
  'forward' in operation && !isChange(operation)
export const isFusion = (operation: Step['operation']): operation is Fusion => 'terms' in operation

/** Whether a step is this operation or change. */
export const does = ({ operation }: Pick<Step, 'operation'>, other: Operation | Change): boolean => operation === other

/** Whether a step may write each element of its result where it reads that of an input: a user's operation finds zeros. */
export const isInPlace = ({ operation }: Step): boolean =>
  isOperation(operation) && operation.elementwise === true && operation.program !== null

/** Whether a step may throw, so that what is not to change then must not change before it. */
export const mayThrow = ({ operation }: Step): boolean =>
  isCheck(operation) || (isOperation(operation) && operation.program === null)

/** The values that a step reads. */
export const readsOf = ({ operation, inputs, targets }: Step): Slot[] =>
  isChange(operation) ? [...inputs, ...targets.slice(0, operation.reads)] : [...inputs]

/** A value that is a matrix. */
export const matrixOf = ({ holder }: Slot): Matrix => holder as Matrix

/** Whether two values have one shape and dtype. */
export const sameForm = (a: Slot, b: Slot): boolean =>
  matrixOf(a).rows === matrixOf(b).rows &&
  matrixOf(a).cols === matrixOf(b).cols &&
  matrixOf(a).dtype === matrixOf(b).dtype

/** The terms of each sum of the product op(A)·op(B). */
export const depthOf = (a: Slot, transposeA = false): number => (transposeA ? matrixOf(a).rows : matrixOf(a).cols)
