import { DTypeError, getDefaultDtype, MatgradError, Matrix } from '@matgrad/core'
import {
  announcements,
  type Bound,
  bind,
  describe,
  describeProgram,
  fuseCrossEntropy,
  fuseLoops,
  fuseProducts,
  type Holder,
  type Layout,
  layOut,
  mayThrow,
  type Slot,
  type Step,
  threadsFor,
  withoutCopies,
  withoutDead,
} from '@matgrad/core/internal'
import { isRecording } from '../recording.ts'
import { cutOff, Variable } from '../variable.ts'
import { type Input, isPlain, type Pattern, standFor } from './arguments.ts'
import { Trace } from './trace.ts'

/** How many programs are running: what they call in JavaScript must not run another, which would use the same memory. */
let running = 0

/** Whether a program is running. */
export const isRunning = (): boolean => running > 0

// biome-ignore lint/suspicious/noExplicitAny: any function
type AnyFunction<Result> = (...args: any[]) => Result

/** What a function did when it was traced, and how to do it again. */
export class Program<Result> {
  readonly result: Result
  private readonly fn: AnyFunction<Result>
  private readonly patterns: readonly Pattern[]
  private readonly conditions: readonly (() => boolean)[]
  private readonly watches: readonly (() => boolean)[]
  private readonly steps: readonly Step[]
  private readonly inputs: readonly { input: Input; value: Slot }[]
  private readonly layout: Layout
  private readonly gradients: readonly { readonly variable: Variable; readonly grad: Matrix | null }[]
  private readonly dtype = getDefaultDtype()
  private readonly recording = isRecording()
  /** What is changed before something may throw: it is taken back then. */
  private readonly undoings: readonly Undoing[]
  /** The announcements that the conditions were asked after. */
  private asked = announcements
  private bound: Bound | null

  /** Calls `fn`, and remembers what it does. @throws what it throws; MatgradError or DTypeError for what no program can do. */
  constructor(fn: AnyFunction<Result>, args: readonly unknown[]) {
    const inputs: Input[] = []
    const stands = args.map((argument, i) => standFor(argument, inputs, `argument ${i}`))
    const trace = new Trace()
    this.fn = fn
    this.patterns = stands.map(({ pattern }) => pattern)
    this.inputs = inputs.map((input) => ({ input, value: trace.argument(input.matrix) }))
    const result = trace.run(() => fn(...stands.map(({ own }) => own)))
    if (result instanceof Promise)
      throw new MatgradError('compile: got an asynchronous function, wanted a synchronous one')
    for (const [i, stand] of stands.entries())
      if (!stand.isIntact())
        throw new MatgradError(
          `compile: the function changes argument ${i}, ${describe(args[i])}, which later calls would not, wanted it as it was`,
        )
    this.result = held(result, trace) as Result
    const gradients = []
    const watches = trace.watches
    for (const { variable, atStart, read } of trace.gradients.values()) {
      const grad = variable.grad && trace.hold(variable.grad)
      variable.grad = grad
      gradients.push({ variable, grad })
      // What the function makes has no gradient at first.
      if (read && trace.isFromOutside(variable)) watches.push(() => variable.grad === atStart)
    }
    this.gradients = gradients
    this.conditions = trace.conditions
    this.watches = watches
    this.steps = fuseLoops(withoutCopies(fuseCrossEntropy(fuseProducts(withoutDead(trace.steps)))))
    this.undoings = undoingsOf(this.steps, trace)
    this.layout = layOut(
      this.steps,
      this.inputs.map(({ value }) => value),
    )
    this.bound = this.tryToBind()
  }

  /** Gives it memory. Where so much cannot be had the function is called as it is. */
  private tryToBind(): Bound | null {
    try {
      return bind(this.steps, this.inputs, this.layout)
    } catch (error) {
      if (error instanceof MatgradError) return null
      throw error
    }
  }

  /** Whether it does what the function would do with these arguments. */
  serves(args: readonly unknown[]): boolean {
    const { patterns, conditions, watches } = this
    if (args.length !== patterns.length || this.dtype !== getDefaultDtype() || this.recording !== isRecording())
      return false
    for (let i = 0; i < patterns.length; i++) {
      const { input } = patterns[i]
      if (input ? !input.accepts(args[i]) : !patterns[i].accepts(args[i])) return false
    }
    for (let i = 0; i < watches.length; i++) if (!watches[i]()) return false
    if (this.asked !== announcements) {
      for (let i = 0; i < conditions.length; i++) if (!conditions[i]()) return false
      this.asked = announcements
    }
    return true
  }

  /** Why it does not, for people. */
  whyNot(args: readonly unknown[]): string {
    const { patterns } = this
    if (args.length !== patterns.length) return `${args.length} arguments after ${patterns.length}`
    const i = patterns.findIndex((pattern, at) => !pattern.accepts(args[at]))
    if (i >= 0) return `argument ${i} ${patterns[i].differs(args[i])}`
    if (this.dtype !== getDefaultDtype()) return `the default dtype is ${getDefaultDtype()} after ${this.dtype}`
    if (this.recording !== isRecording()) return 'operations are recorded in one call and not in another'
    const changed = this.gradients.find(({ variable, grad }) => variable.grad !== grad)
    if (changed) return `a gradient of a ${changed.variable.rows}x${changed.variable.cols} variable was made outside`
    return 'a part, a parameter or a setting that it depends on was changed'
  }

  /** Does what the function does, with arguments that it serves. */
  run(args: readonly unknown[]): Result {
    const { inputs, gradients, undoings } = this
    const { bound } = this
    if (bound === null || !bound.arena.serves(bound.threads) || threadsFor(this.layout.work) !== bound.threads)
      this.bound = this.tryToBind()
    if (this.bound === null) return this.fn(...args)
    for (let i = 0; i < inputs.length; i++) inputs[i].input.copyIn()
    for (let i = 0; i < undoings.length; i++) undoings[i].remember()
    running++
    try {
      this.bound.step()
    } catch (error) {
      running--
      return this.runAgain(error, args)
    }
    running--
    for (let i = 0; i < gradients.length; i++) gradients[i].variable.grad = gradients[i].grad
    return this.result
  }

  /** What the function itself makes of arguments that are an error: it leaves gradients and state as it must. */
  private runAgain(error: unknown, args: readonly unknown[]): Result {
    const { undoings, gradients } = this
    if (undoings.length === 0 && gradients.length === 0) throw error
    for (const undoing of undoings) undoing.takeBack()
    return this.fn(...args)
  }

  toString(): string {
    return describeProgram(
      this.steps,
      this.inputs.map(({ value }) => value),
      this.layout,
    )
  }
}

/** The elements of a matrix or generator as they were. */
class Undoing {
  private readonly holder: Holder
  private readonly before: Holder['elements']

  constructor(holder: Holder) {
    this.holder = holder
    this.before = holder.elements.slice()
  }

  remember(): void {
    this.before.set(this.holder.elements)
  }

  takeBack(): void {
    this.holder.elements.set(this.before)
  }
}

/** For all that goes on from call to call and that steps change before the last one which may throw. */
function undoingsOf(steps: readonly Step[], trace: Trace): Undoing[] {
  const changed = steps.slice(0, Math.max(0, steps.findLastIndex(mayThrow))).flatMap(({ targets }) => targets)
  const lasting = changed.filter((target) => trace.isLasting(target)).map(({ holder }) => holder)
  return [...new Set(lasting)].map((holder) => new Undoing(holder))
}

/** A result with the matrices that its caller will hold. */
function held(result: unknown, trace: Trace): unknown {
  if (result instanceof Matrix) return trace.hold(result)
  if (result instanceof Variable) {
    const value = trace.hold(result.value)
    if (!result.requiresGrad) return new Variable(value, false)
    if (result.origin) return cutOff(value)
    // The function may have made it of an argument or a constant, which another matrix then stands for.
    return value === result.value ? result : Object.assign(result, { value })
  }
  if (Array.isArray(result)) return result.map((each) => held(each, trace))
  if (isPlain(result)) return Object.fromEntries(Object.entries(result).map(([key, each]) => [key, held(each, trace)]))
  if (typeof result === 'function' || (typeof result === 'object' && result !== null))
    throw new DTypeError(
      `compile: the function gives ${describe(result)}, wanted matrices, variables, numbers and strings, in arrays and plain objects`,
    )
  return result
}
