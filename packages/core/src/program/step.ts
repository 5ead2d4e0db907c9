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

/** Something that a program does, of one of four kinds. */
type StepOf<Kind extends string, Does> = {
  readonly kind: Kind
  readonly operation: Does
  readonly attributes: Attributes
  inputs: readonly Slot[]
  /** What it writes: the result of an operation, or the targets of a change. A check has none. */
  targets: readonly Slot[]
}

/** An operation, out = operation(inputs); a change of its targets; operations in one loop; a check of indices. */
export type Step =
  | StepOf<'operation', Operation>
  | StepOf<'change', Change>
  | StepOf<'loop', Fusion>
  | StepOf<'check', Check>

/** Whether a step is this operation or change. */
export const does = ({ operation }: Step, other: Operation | Change): boolean => operation === other

/** Whether a step may write each element of its result where it reads that of an input: a user's operation finds zeros. */
export const isInPlace = (step: Step): boolean =>
  step.kind === 'operation' && step.operation.elementwise === true && step.operation.program !== 'host'

/** Whether a step may throw, so that what is not to change then must not change before it. */
export const mayThrow = (step: Step): boolean =>
  step.kind === 'check' || (step.kind === 'operation' && step.operation.program === 'host')

/** The values that a step reads. */
export const readsOf = (step: Step): Slot[] =>
  step.kind === 'change' ? [...step.inputs, ...step.targets.slice(0, step.operation.reads)] : [...step.inputs]

/** The values that steps keep from call to call. */
export const keptBy = (steps: readonly Step[]): Slot[] => {
  const values = new Set(steps.flatMap(({ inputs, targets }) => [...inputs, ...targets]))
  return [...values].filter(({ kind }) => kind === 'state' || kind === 'constant')
}

/** A value that is a matrix. */
export const matrixOf = ({ holder }: Slot): Matrix => holder as Matrix

/** Whether two values have one shape and dtype. */
export const sameForm = (a: Slot, b: Slot): boolean =>
  matrixOf(a).rows === matrixOf(b).rows &&
  matrixOf(a).cols === matrixOf(b).cols &&
  matrixOf(a).dtype === matrixOf(b).dtype

/** The terms of each sum of the product op(A)·op(B). */
export const depthOf = (a: Slot, transposeA = false): number => (transposeA ? matrixOf(a).rows : matrixOf(a).cols)
