import { type Attributes, Matrix, type Operation } from '@matgrad/core'
import { type Change, change as changeNow, type Holder, type Slot, withTracer } from '@matgrad/core/internal'
import { isBuiltIn } from '../op.ts'
import type { Variable } from '../variable.ts'
import { likeIt, Trace } from './trace.ts'

/** Whoever has its array may write there at any time, and to find that out takes longer than what a program saves. */
export const isLargeAndPinned = ({ pinned, size }: Matrix): boolean => pinned && size > MOST_COMPARED

const MOST_COMPARED = 4096

/**
 * Records what a function does that must not be disturbed: where a program could not do the same, it is the record that
 * is broken.
 */
export class GentleTrace extends Trace {
  isBroken = false
  /** What was made before the rest of the function: it may be other numbers in another call, which the rest does not see. */
  private readonly others = new Set<Holder>()

  /** From here on the function is not run in every call. */
  startRest(): void {
    for (const holder of this.made) this.others.add(holder)
  }

  protected override areFixed(constants: readonly Matrix[]): boolean {
    return !constants.some((constant) => this.others.has(constant))
  }

  override touched(holder: Holder): void {
    const value = this.values.get(holder)
    if (value && (value.kind !== 'argument' || this.steps.some(({ inputs }) => inputs.includes(value))))
      this.isBroken = true
  }

  override valueOf(holder: Holder): Slot {
    if (this.made.has(holder) && !(holder instanceof Matrix)) this.isBroken = true
    return super.valueOf(holder)
  }

  override change(change: Change, targets: readonly Holder[], inputs: readonly Matrix[], attributes: Attributes): void {
    if (this.isBroken || targets.some((target) => this.isArgument(target))) {
      this.isBroken = true
      withTracer(null, () => changeNow(change, targets, inputs, attributes))
    } else super.change(change, targets, inputs, attributes)
  }

  /** What a user's operation does with elements may be something else each time, and throw, and be seen by others. */
  override evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes): Matrix {
    if (!isBuiltIn(operation) || inputs.some(isLargeAndPinned)) this.isBroken = true
    return super.evaluate(operation, inputs, attributes)
  }

  /** What a user compiled is called as it is. */
  apart<T>(run: () => T): T {
    this.isBroken = true
    return withTracer(null, run)
  }

  override keep(matrix: Matrix): void {
    if (this.made.has(matrix) && this.values.has(matrix)) this.isBroken = true
    else super.keep(matrix)
  }

  /** What is not announced need not be asked, but for histories: the function is run each time. */
  override readonly isWatching = false

  /** What the function makes is made anew in each call, and its gradients with it. */
  override usedGradient(variable: Variable, present: Matrix | null, read: boolean): void {
    if (this.isFromOutside(variable)) super.usedGradient(variable, present, read)
  }

  /** The gradients so far that the function has looked at or set. */
  gradientsNow(): ReadonlyMap<Variable, Slot | null> {
    return new Map(
      [...this.gradients.keys()].map((variable) => [variable, variable.present && this.valueOf(variable.present)]),
    )
  }

  /** What takes the place of a result in later calls: the one of this call is its caller's, who may keep it. */
  override hold(matrix: Matrix): Matrix {
    const value = this.valueOf(matrix)
    if (value.kind === 'state') return value.holder as Matrix
    const held = super.hold(matrix)
    if (held !== matrix) return held
    const other = likeIt(matrix)
    this.values.set(other, value)
    value.holder = other
    return other
  }

  /** Whether the function computed a value, which somebody may hold. */
  isComputed(value: Slot): boolean {
    return value.kind === 'result' || (value.kind === 'state' && !this.isLasting(value))
  }
}
