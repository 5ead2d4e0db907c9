import {
  type Attributes,
  type Change,
  change as changeNow,
  type DType,
  evaluate,
  formatShape,
  type Holder,
  MatgradError,
  Matrix,
  type Operation,
  operations,
  restart,
  type Shape,
  type Tracer,
  type TypedArray,
  withTracer,
} from '@matgrad/core'
import { type GradientWatch, withGradientWatch } from '../recording.ts'
import type { Variable } from '../variable.ts'

/**
 * A place for numbers in a program:
 * - an `argument` is copied in from what the compiled function is called with;
 * - `state` belongs to a matrix or generator that goes on from call to call: a parameter, a velocity, a result that
 *   somebody holds;
 * - a `constant` was made while the program was traced, and never changes;
 * - everything else is a `result`, which nobody needs after the call.
 */
export interface Value {
  kind: 'argument' | 'state' | 'constant' | 'result'
  /** The matrix or generator that it was traced with. */
  readonly holder: Holder
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
  inputs: readonly Value[]
  /** What it writes: the result of an operation, or the targets of a change. */
  targets: readonly Value[]
}

export const isChange = (operation: Step['operation']): operation is Change => 'reads' in operation
export const isCheck = (operation: Step['operation']): operation is Check => 'of' in operation
export const isOperation = (operation: Step['operation']): operation is Operation =>
  'forward' in operation && !isChange(operation)
export const isFusion = (operation: Step['operation']): operation is Fusion => 'terms' in operation

/** Whether a step is this operation or change, and not one of a user's that has its name. */
export const does = ({ operation }: Pick<Step, 'operation'>, other: Operation | Change): boolean =>
  'forward' in operation && operation.forward === other.forward && operation.program === other.program

/** Whether a step may throw, so that what is not to change then must not change before it. */
export const mayThrow = ({ operation }: Step): boolean =>
  isCheck(operation) || (isOperation(operation) && operation.program === null)

/** The values that a step reads. */
export const readsOf = ({ operation, inputs, targets }: Step): Value[] =>
  isChange(operation) ? [...inputs, ...targets.slice(0, operation.reads)] : [...inputs]

/** A value that is a matrix. */
export const matrixOf = ({ holder }: Value): Matrix => holder as Matrix

/** Whether two values have one shape and dtype. */
export const sameForm = (a: Value, b: Value): boolean =>
  matrixOf(a).rows === matrixOf(b).rows &&
  matrixOf(a).cols === matrixOf(b).cols &&
  matrixOf(a).dtype === matrixOf(b).dtype

/** The terms of each sum of the product op(A)·op(B). */
export const depthOf = (a: Value, transposeA = false): number => (transposeA ? matrixOf(a).rows : matrixOf(a).cols)

/** What was read of a variable's `grad` before the function set it, and what it was in the end. */
export interface GradientEntry {
  readonly variable: Variable
  readonly atStart: Matrix | null
  readonly read: boolean
}

const ADVICE = 'return it, and read it outside, or compute with operations (`where` instead of a branch)'

/** A matrix that no tracer sees being made. */
const copyOf = (elements: TypedArray, [rows, cols]: Shape): Matrix =>
  withTracer(null, () => new Matrix(elements.slice(), rows, cols))

/** Records what a function does with matrices, while it does it. */
export class Trace implements Tracer, GradientWatch {
  readonly steps: Step[] = []
  readonly conditions: (() => boolean)[] = []
  readonly gradients: Map<Variable, GradientEntry> = new Map()
  private readonly values = new Map<Holder, Value>()
  private readonly args: Value[] = []
  private readonly made = new Set<Holder>()
  private readonly kept = new Set<Holder>()

  /** The result of `fn`, which is watched. */
  run<T>(fn: () => T): T {
    return withTracer(this, () => withGradientWatch(this, fn))
  }

  /** Makes a matrix an argument. */
  argument(matrix: Matrix): Value {
    const value = this.define(matrix, 'argument')
    this.args.push(value)
    return value
  }

  /** Whether a matrix that the function found outside is an argument, too. */
  private isArgument({ elements }: Holder): boolean {
    return this.args.some(({ holder }) => holder.elements === elements)
  }

  private define(holder: Holder, kind: Value['kind'], as: Holder = holder): Value {
    const value: Value = { kind, holder }
    this.values.set(as, value)
    return value
  }

  /** The value of a matrix or generator that an operation uses. */
  valueOf(holder: Holder): Value {
    const known = this.values.get(holder)
    if (known) return known
    if (!this.made.has(holder) || this.kept.has(holder)) return this.define(holder, 'state')
    if (holder instanceof Matrix) return this.define(copyOf(holder.elements, holder.shape), 'constant', holder)
    // A generator that the function makes starts from the same state in every call.
    const words = new Float32Array(holder.elements.slice().buffer)
    const start: Value = { kind: 'constant', holder: copyOf(words, [1, words.length]) }
    const generator = this.define(holder, 'state')
    this.steps.push({ operation: restart, attributes: undefined, inputs: [start], targets: [generator] })
    return generator
  }

  created(holder: Holder): void {
    this.made.add(holder)
  }

  keep(matrix: Matrix): void {
    if (this.made.has(matrix) ? this.values.has(matrix) : this.valueOf(matrix).kind !== 'state')
      throw new MatgradError(
        `keep: the ${formatShape(matrix.shape)} matrix is computed or used while a function is traced, which every call ` +
          'does again, wanted a new one, such as zeros, to compute with afterwards',
      )
    this.kept.add(matrix)
  }

  assume(holds: () => boolean): void {
    this.conditions.push(holds)
  }

  touched(holder: Holder): void {
    // What the function itself made is known, until operations have used it.
    if (this.made.has(holder) && !this.values.has(holder)) return
    const [what, advice] =
      holder instanceof Matrix
        ? [`the elements of a ${formatShape(holder.shape)} matrix are`, ADVICE]
        : ['the state of a generator is', 'set it outside, or make a generator in the function']
    throw new MatgradError(
      `compile: ${what} read or written while the function is traced, wanted only operations: ${advice}`,
    )
  }

  evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes): Matrix {
    // Programs join products with what follows them by rules of their own.
    if (does({ operation }, operations.affine)) {
      operation.shape(inputs, attributes)
      const [a, b, bias] = inputs
      return this.evaluate(operations.add, [this.evaluate(operations.matmul, [a, b], attributes), bias], undefined)
    }
    const values = inputs.map((input) => this.valueOf(input))
    const out = withTracer(null, () => evaluate(operation, inputs, attributes))
    if (values.every(({ kind }) => kind === 'constant')) {
      this.made.add(out)
      return out
    }
    if (operation.indices)
      this.steps.push({
        operation: { name: 'check', of: operation, indices: operation.indices, shape: out.shape },
        attributes,
        inputs: values,
        targets: [],
      })
    this.steps.push({ operation, attributes, inputs: values, targets: [this.define(out, 'result')] })
    return out
  }

  change(change: Change, targets: readonly Holder[], inputs: readonly Matrix[], attributes: Attributes): void {
    const values = inputs.map((input) => this.valueOf(input))
    const changed = targets.map((target, i) => {
      const value = this.valueOf(target)
      if (value.kind === 'argument' || this.isArgument(target))
        throw new MatgradError(
          `compile: ${change.name} changes an argument of the compiled function, wanted a matrix that it finds outside`,
        )
      if (value.kind !== 'constant') return value
      const own = this.define(target, 'result')
      if (i < change.reads)
        this.steps.push({ operation: operations.clone, attributes: undefined, inputs: [value], targets: [own] })
      return own
    })
    withTracer(null, () => changeNow(change, targets, inputs, attributes))
    this.steps.push({ operation: change, attributes, inputs: values, targets: changed })
  }

  readGradient(variable: Variable, grad: Matrix | null): void {
    if (!this.gradients.has(variable)) this.gradients.set(variable, { variable, atStart: grad, read: true })
  }

  wroteGradient(variable: Variable, before: Matrix | null): void {
    if (!this.gradients.has(variable)) this.gradients.set(variable, { variable, atStart: before, read: false })
  }

  /** Makes a matrix that somebody holds after the call state; returns it, or what takes its place. */
  hold(matrix: Matrix): Matrix {
    const value = this.valueOf(matrix)
    if (value.kind === 'state') return matrix
    if (value.kind === 'result' && value.holder === matrix) {
      value.kind = 'state'
      return matrix
    }
    const own = withTracer(null, () => matrix.clone())
    const copy = this.define(own, 'state')
    this.steps.push({ operation: operations.clone, attributes: undefined, inputs: [value], targets: [copy] })
    return own
  }
}
