import { type Attributes, Matrix, type Operation } from '@matgrad/core'
import {
  atOnce,
  type Change,
  change as changeNow,
  does,
  evaluate,
  fused,
  type Holder,
  isWhole,
  operations,
  type Slot,
  type Step,
  setFused,
  type Tracer,
  tick,
  ticks,
  withTracer,
} from '@matgrad/core/internal'
import { type GradientWatch, withGradientWatch } from '../recording.ts'
import { matricesOf } from '../tree.ts'
import { type Variable, variablesMade } from '../variable.ts'
import { same } from './attributes.ts'
import { isLargeAndPinned } from './gentle-trace.ts'
import { elementsOf, type Kept } from './kept.ts'
import { type Debtor, isPending, pendingLike, suspend } from './pending.ts'
import { Uses } from './uses.ts'

/** What a function did so far, put off: an operation with its result, or a change. */
interface Done {
  readonly step: Step
  readonly inputs: readonly Matrix[]
  readonly targets: readonly Holder[]
  /** When it was done, for the version of what it changed. */
  readonly time: number
}

/**
 * Runs a function as it is, but puts off what its operations compute, as long as they are those that were recorded, on the
 * same matrices. Once they are not, or somebody looks at an element, all that was put off is computed, in its order, and the
 * function goes on with nothing put off: whatever happens, it does what it would have done by itself.
 *
 * Matrices that the function makes of numbers are taken as they are this time, not as they were recorded.
 */
export class Guide implements Tracer, GradientWatch, Debtor {
  readonly isWatching = false
  private readonly steps: readonly Step[]
  private readonly inputs: ReadonlyMap<Slot, Matrix>
  /** How products rounded when the function began. */
  private readonly fused = fused
  /** The step that is expected next. */
  private next = 0
  /** Whether it goes on being put off: if not, all that was done is computed. */
  isFollowing = true
  private readonly done: Done[] = []
  private readonly made = new Set<Holder>()
  /** The values of what operations gave, and of what the function made once operations have used it. */
  private readonly slots = new Map<Holder, Slot>()
  /** The constants that have the elements of this call. */
  private readonly taken = new Set<Slot>()
  /** What the function made and changed: it is no constant any more, and has no elements until they are computed. */
  private readonly suspended = new Map<Holder, ReturnType<typeof suspend>>()
  private readonly others = new Set<Holder>()
  /** The variables whose gradients were set. */
  private readonly written = new Set<Variable>()
  private readonly uses = new Uses()
  private readonly before = variablesMade()

  /**
   * @param steps what was recorded but for checks, which are made here
   * @param inputs the arguments of this call
   */
  constructor(steps: readonly Step[], inputs: ReadonlyMap<Slot, Matrix>) {
    this.steps = steps
    this.inputs = inputs
  }

  /** As it was recorded: what was made before is not computed with at once from here on. */
  startRest(): void {
    for (const holder of this.made) this.others.add(holder)
  }

  /** The result of `fn`, whose operations are put off. What it throws comes after all that it did before. */
  run<T>(fn: () => T): T {
    try {
      return withTracer(this, () => withGradientWatch(this, fn))
    } catch (error) {
      this.pay()
      throw error
    }
  }

  /** Whether the function did all that was recorded, and nothing else, so that a program may do it. */
  get hasFollowed(): boolean {
    return this.isFollowing && this.next === this.steps.length && this.uses.areIntact && fused === this.fused
  }

  /** Whether these are the matrices that were recorded as what the function gives. */
  gave(result: unknown, values: readonly Slot[]): boolean {
    const matrices = [...matricesOf(result)]
    return matrices.length === values.length && matrices.every((matrix, i) => this.is(matrix, values[i]))
  }

  /** Whether gradients are what they were when it was recorded what the function left. */
  left(gradients: ReadonlyMap<Variable, Slot | null>): boolean {
    for (const [{ present }, value] of gradients)
      if (present === null ? value !== null : value === null || !this.is(present, value)) return false
    for (const variable of this.written) if (this.isFromOutside(variable) && !gradients.has(variable)) return false
    return true
  }

  isFromOutside({ created }: Variable): boolean {
    return created < this.before
  }

  pay(): void {
    if (!this.isFollowing) return
    this.isFollowing = false
    for (const resume of this.suspended.values()) resume()
    const before = fused
    setFused(this.fused)
    try {
      withTracer(null, () => {
        for (const done of this.done) this.compute(done)
      })
    } finally {
      setFused(before)
    }
  }

  private compute({ step, inputs, targets }: Done): void {
    const [target] = targets
    // Versions were told when it was done.
    if (step.kind === 'change') step.operation.forward(targets, inputs, step.attributes, atOnce)
    // What the function made is there already; a program would copy it.
    else if (step.kind === 'operation' && isPending(target))
      target.elements = evaluate(step.operation, inputs, step.attributes).elements
  }

  /**
   * Nothing will be computed any more: a program has done it. Its values are left to whoever has kept them.
   *
   * @param others what else the program has changed, after what was put off
   */
  leave(kept: Kept, others: ReadonlySet<Holder>): void {
    this.isFollowing = false
    const copyOf = kept.copies()
    for (const { step, targets, time } of this.done)
      for (const [i, target] of targets.entries()) {
        const copy = copyOf(step.targets[i])
        if (copy && isPending(target)) target.leave(copy)
        else if (copy) this.suspended.get(target)?.(elementsOf(copy))
        // Variables that were made of it since are no older than it.
        if (target.version !== time && step.kind === 'change' && !others.has(target)) target.version = time
      }
    this.done.length = 0
  }

  created(holder: Holder): void {
    if (this.isFollowing) this.made.add(holder)
  }

  touched(holder: Holder): void {
    const isUsed = ({ inputs, targets }: Done): boolean =>
      (inputs as readonly Holder[]).includes(holder) || targets.includes(holder)
    if (this.isFollowing && (this.slots.has(holder) || this.done.some(isUsed))) this.pay()
  }

  /** Whether a matrix is, in this call, what a value was when it was recorded. */
  is(holder: Holder, slot: Slot): boolean {
    const known = this.slots.get(holder)
    if (known) return known === slot
    if (this.made.has(holder)) return this.takesConstant(holder, slot)
    if (slot.kind === 'argument') return this.inputs.get(slot) === holder
    return slot.kind === 'state' && slot.holder === holder
  }

  /** Gives a constant the elements of what the function made this time. */
  private takesConstant(holder: Holder, slot: Slot): boolean {
    const { holder: constant } = slot
    if (slot.kind !== 'constant' || !(holder instanceof Matrix && constant instanceof Matrix)) return false
    if (holder.rows !== constant.rows || holder.cols !== constant.cols || holder.dtype !== constant.dtype) return false
    if (this.taken.has(slot) || !isWhole(holder)) return false
    constant.elements.set(holder.elements)
    this.taken.add(slot)
    this.slots.set(holder, slot)
    return true
  }

  private areConstant(inputs: readonly Matrix[]): boolean {
    return inputs.every((input) => {
      if (this.others.has(input)) return false
      const kind = this.slots.get(input)?.kind
      return kind === 'constant' || (kind === undefined && this.made.has(input))
    })
  }

  /** The next step, if it is expected to do this with these inputs. */
  private expect(operation: Operation | Change, inputs: readonly Matrix[], attributes: Attributes): Step | undefined {
    const step = this.steps[this.next]
    if (!step || !does(step, operation) || step.inputs.length !== inputs.length || fused !== this.fused)
      return undefined
    for (let i = 0; i < inputs.length; i++)
      if (!(this.is(inputs[i], step.inputs[i]) && isWhole(inputs[i])) || isLargeAndPinned(inputs[i])) return undefined
    return same(step.attributes, attributes) ? step : undefined
  }

  evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes): Matrix {
    if (this.isFollowing && this.areConstant(inputs)) {
      const out = withTracer(null, () => evaluate(operation, inputs, attributes))
      this.made.add(out)
      return out
    }
    // Indices are checked where the function asks, or it could not catch the error.
    const index = this.isFollowing ? operation.indices?.(inputs, attributes).index : undefined
    if (index && this.done.some(({ targets }) => targets.includes(index as Matrix))) this.pay()
    else if (index) operation.shape(inputs, attributes)
    const step = this.isFollowing ? this.expect(operation, inputs, attributes) : undefined
    if (!step) {
      this.pay()
      return withTracer(null, () => evaluate(operation, inputs, attributes))
    }
    const [value] = step.targets
    const out = pendingLike(value.holder as Matrix, this)
    this.slots.set(out, value)
    this.putOff(step, inputs, [out])
    return out
  }

  change(change: Change, targets: readonly Holder[], inputs: readonly Matrix[], attributes: Attributes): void {
    if (this.isFollowing && this.follow(change, targets, inputs, attributes)) return
    this.pay()
    withTracer(null, () => changeNow(change, targets, inputs, attributes))
  }

  /** Puts off a change, if it is expected. */
  private follow(
    change: Change,
    targets: readonly Holder[],
    inputs: readonly Matrix[],
    attributes: Attributes,
  ): boolean {
    // Whoever has its array would see that it is put off, and what is sealed, or no matrix, cannot be.
    const isOpen = (target: Holder): boolean => !target.pinned && !Object.isSealed(target)
    if (!targets.every((each) => isOpen(each) && (each instanceof Matrix || !this.made.has(each)))) return false
    // What is made, and read before it is changed, was recorded as copied from a constant first.
    for (const target of targets.slice(0, change.reads).filter((each) => this.isNew(each))) {
      const copy = this.expect(operations.clone, [target], undefined)
      if (!copy) return false
      this.putOff(copy, [target], [target])
      this.own(target, copy.targets[0])
    }
    const step = this.expect(change, inputs, attributes)
    if (!step?.targets.every((value, i) => this.isNew(targets[i]) || this.is(targets[i], value))) return false
    this.putOff(step, inputs, targets)
    for (const [i, target] of targets.entries()) {
      target.version = ticks
      if (this.made.has(target)) this.own(target as Matrix, step.targets[i])
    }
    return true
  }

  /** Whether the function made a matrix, and has not changed it. */
  private isNew(target: Holder): target is Matrix {
    return this.made.has(target) && !this.suspended.has(target)
  }

  /** What the function made is from now on what a step gives, and has no elements until they are computed. */
  private own(target: Matrix, value: Slot): void {
    this.slots.set(target, value)
    if (!this.suspended.has(target)) this.suspended.set(target, suspend(target, this))
  }

  private putOff(step: Step, inputs: readonly Matrix[], targets: readonly Holder[]): void {
    this.done.push({ step, inputs: this.uses.take(inputs), targets, time: tick() })
    this.next++
  }

  /** What a user compiled is called as it is. */
  apart<T>(run: () => T): T {
    this.pay()
    return withTracer(null, run)
  }

  assume(): void {}
  watch(): void {}
  keep(): void {
    // It was recorded as a part of the function's first call; in a later one it is new, and something else.
    this.pay()
  }
  usedVariable(): void {}
  wentThrough(): void {}
  usedGradient(variable: Variable, _present: Matrix | null, read: boolean): void {
    if (this.isFollowing && !read) this.written.add(variable)
  }
}
