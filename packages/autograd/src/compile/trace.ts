import {
  type Attributes,
  MatgradError,
  Matrix,
  type Operation,
  type Shape,
  type TypedArray,
  zeros,
} from '@matgrad/core'
import {
  type Change,
  change as changeNow,
  checkWhole,
  evaluate,
  formatShape,
  type Holder,
  isWhole,
  operations,
  owning,
  replace,
  restart,
  type Slot,
  type Step,
  stackHere,
  type Tracer,
  whereIn,
  withTracer,
} from '@matgrad/core/internal'
import { isBuiltIn } from '../op.ts'
import { type GradientWatch, withGradientWatch } from '../recording.ts'
import { type Variable, variablesMade } from '../variable.ts'
import { asItIs } from './attributes.ts'

const ADVICE = 'return it, and read it outside, or compute with operations (`where` instead of a branch)'

const OUTSIDE = 'read it, and let schedules make their steps, outside'

/** What is done that is no operation, and what to do instead. */
function lookAt(operation: string, holder: Holder): readonly [what: string, advice: string] {
  // An optimiser's, which its property reads.
  if (operation.startsWith('the setting')) return [`${operation} is read or set`, OUTSIDE]
  const does = `${operation} reads or writes`
  return holder instanceof Matrix
    ? [`${does} the elements of a ${formatShape(holder.shape)} matrix`, ADVICE]
    : [`${does} the state of a generator`, 'set it outside, or make a generator in the function']
}

/** Where in a user's code what throws was called, for the end of a message. */
function calledHere(): string {
  const where = whereIn(stackHere())
  return where ? `; called at ${where}` : ''
}

/** A matrix that no tracer sees being made. */
export const copyOf = (elements: TypedArray, [rows, cols]: Shape): Matrix =>
  withTracer(null, () => owning(elements.slice(), rows, cols))

/** The same, of zeros where somebody took the elements away. */
export const likeIt = (matrix: Matrix): Matrix =>
  isWhole(matrix)
    ? copyOf(matrix.elements, matrix.shape)
    : withTracer(null, () => zeros(matrix.rows, matrix.cols, { dtype: matrix.dtype }))

/** Records what a function does with matrices, while it does it. */
export class Trace implements Tracer, GradientWatch {
  readonly isWatching: boolean = true
  readonly steps: Step[] = []
  /** What must give true for the steps to be right: asked after announcements, and asked each time. */
  readonly conditions: (() => boolean)[] = []
  readonly watches: (() => boolean)[] = []
  /** The gradients that were there when they were first looked at (`read`) or set. */
  readonly gradients: Map<Variable, { readonly atStart: Matrix | null; readonly read: boolean }> = new Map()
  protected readonly values: Map<Holder, Slot> = new Map()
  readonly args: Slot[] = []
  /** State that was there before, or is kept: it goes on from call to call, and is no result that somebody holds. */
  private readonly lasting = new Set<Slot>()
  protected readonly made: Set<Holder> = new Set()
  private readonly kept = new Set<Holder>()
  private readonly watched = new Set<object>()
  private readonly before = variablesMade()

  /** The result of `fn`, which is watched. */
  run<T>(fn: () => T): T {
    return withTracer(this, () => withGradientWatch(this, fn))
  }

  /** Makes a matrix an argument, which is known as another where the function sees that. */
  argument(matrix: Matrix, as: Matrix = matrix): void {
    this.args.push(this.define(matrix, 'argument', as))
  }

  /** Whether a matrix that the function found outside is an argument, too. */
  protected isArgument({ elements }: Holder): boolean {
    return this.args.some(({ holder }) => holder.elements === elements)
  }

  private define(holder: Holder, kind: Slot['kind'], as: Holder = holder): Slot {
    const value: Slot = { kind, holder }
    this.values.set(as, value)
    return value
  }

  /** The value of a matrix or generator that an operation uses. */
  valueOf(holder: Holder): Slot {
    const known = this.values.get(holder)
    if (known) return known
    if (!this.made.has(holder) || this.kept.has(holder)) {
      const state = this.define(holder, 'state')
      this.lasting.add(state)
      return state
    }
    if (holder instanceof Matrix) return this.define(copyOf(holder.elements, holder.shape), 'constant', holder)
    // A generator that the function makes starts from the same state in every call.
    const words = new Float32Array(holder.elements.slice().buffer)
    const start: Slot = { kind: 'constant', holder: copyOf(words, [1, words.length]) }
    const generator = this.define(holder, 'state')
    this.add({ kind: 'change', operation: restart, attributes: undefined, inputs: [start], targets: [generator] })
    return generator
  }

  protected add(step: Step): void {
    this.steps.push({ ...step, attributes: asItIs(step.attributes) })
  }

  private copy(value: Slot, to: Slot): void {
    this.add({ kind: 'operation', operation: operations.clone, attributes: undefined, inputs: [value], targets: [to] })
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

  watch(object: object, look: () => (() => boolean) | null): void {
    if (this.watched.has(object)) return
    this.watched.add(object)
    const holds = withTracer(null, look)
    if (holds !== null) this.watches.push(holds)
  }

  touched(holder: Holder, operation: string): void {
    // What the function itself made is known, until operations have used it.
    if (this.made.has(holder) && !this.values.has(holder)) return
    const [what, advice] = lookAt(operation, holder)
    throw new MatgradError(
      `compile: ${what} while the function is traced, wanted only operations: ${advice}${calledHere()}`,
    )
  }

  evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes): Matrix {
    for (const input of inputs) checkWhole(operation.name, input)
    const values = inputs.map((input) => this.valueOf(input))
    // What a user's does with elements is not known: programs call it.
    const isKnown = isBuiltIn(operation) || operation.program !== undefined
    const known: Operation = isKnown ? operation : { ...operation, program: 'host' }
    const out = withTracer(null, () => evaluate(operation, inputs, attributes))
    if (values.every(({ kind }) => kind === 'constant') && this.areFixed(inputs)) {
      this.made.add(out)
      return out
    }
    if (operation.indices) {
      const check = { name: 'check', of: operation, indices: operation.indices, shape: out.shape }
      this.add({ kind: 'check', operation: check, attributes, inputs: values, targets: [] })
    }
    const targets = [this.define(out, 'result')]
    this.add({ kind: 'operation', operation: known, attributes, inputs: values, targets })
    return out
  }

  /** Whether constants are the same in every call. */
  protected areFixed(_constants: readonly Matrix[]): boolean {
    return true
  }

  change(change: Change, targets: readonly Holder[], inputs: readonly Matrix[], attributes: Attributes): void {
    for (const holder of [...inputs, ...targets]) checkWhole(change.name, holder)
    const values = inputs.map((input) => this.valueOf(input))
    const changed = targets.map((target, i) => {
      const value = this.valueOf(target)
      if (value.kind === 'argument' || this.isArgument(target))
        throw new MatgradError(
          `compile: ${change.name} changes an argument of the compiled function, wanted a matrix that it finds outside${calledHere()}`,
        )
      if (value.kind !== 'constant') return value
      const own = this.define(target, 'result')
      if (i < change.reads) this.copy(value, own)
      return own
    })
    withTracer(null, () => changeNow(change, targets, inputs, attributes))
    this.add({ kind: 'change', operation: change, attributes, inputs: values, targets: changed })
  }

  usedVariable(variable: Variable): void {
    if (!this.isFromOutside(variable) || variable.origin !== null || this.watched.has(variable)) return
    this.watched.add(variable)
    const { requiresGrad } = variable
    this.assume(() => variable.requiresGrad === requiresGrad)
  }

  usedGradient(variable: Variable, present: Matrix | null, read: boolean): void {
    if (!this.gradients.has(variable)) this.gradients.set(variable, { atStart: present, read })
  }

  /** What a history from outside was computed from must be what it was, or its gradient is refused. */
  wentThrough(variable: Variable): void {
    const { created, origin, matrix } = variable
    if (!this.isFromOutside(variable)) return
    const fresh = [matrix, ...(origin?.inputs ?? []).map((input) => input.matrix)].filter(
      ({ version }) => version <= created,
    )
    this.watches.push(() => fresh.every(({ version }) => version <= created))
  }

  /** Whether a value goes on from call to call. */
  isLasting(value: Slot): boolean {
    return this.lasting.has(value)
  }

  /** Whether a variable was there before the function was called. */
  isFromOutside(variable: Variable): boolean {
    return variable.created < this.before
  }

  /** Another matrix for a result that is written to this one, which keeps the elements that it has for itself. */
  replace(matrix: Matrix): Matrix {
    const value = this.valueOf(matrix)
    if (this.isLasting(value)) return matrix
    const other = likeIt(matrix)
    replace(matrix, other)
    this.values.set(other, value)
    this.values.delete(matrix)
    value.holder = other
    return other
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
    this.copy(value, this.define(own, 'state'))
    return own
  }
}
