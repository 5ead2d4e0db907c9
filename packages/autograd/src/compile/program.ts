import { DTypeError, getDefaultDtype, LinAlgError, MatgradError, Matrix } from '@matgrad/core'
import {
  announcements,
  type Bound,
  bind,
  describe,
  describeProgram,
  type Holder,
  isKept,
  type Layout,
  layOut,
  mayThrow,
  NoMemory,
  optimised,
  type Slot,
  type Step,
  Trespass,
  threadsFor,
  tick,
  ticks,
} from '@matgrad/core/internal'
import { isRecording } from '../recording.ts'
import { mapTree } from '../tree.ts'
import { cutOff, gradientWrites, Variable } from '../variable.ts'
import { type Input, type Pattern, type Stand, standFor } from './arguments.ts'
import { Trace } from './trace.ts'

/** How many programs are running: what they call in JavaScript must not run another, which would use the same memory. */
let running = 0

let count = 0

/** How often programs have run. */
export const replays = (): number => count

/** Whether a program is running. */
export const isRunning = (): boolean => running > 0

// biome-ignore lint/suspicious/noExplicitAny: any function
type AnyFunction<Result> = (...args: any[]) => Result

/** What stands for arguments while a function is traced, and the matrices among them. */
export function standForAll(args: readonly unknown[]): { stands: readonly Stand[]; inputs: readonly Input[] } {
  const inputs: Input[] = []
  const stands = args.map((argument, i) => standFor(argument, inputs, `argument ${i}`))
  return { stands, inputs }
}

/** Calls `fn`, and records what it does for a program. @throws what it throws, and for what no program can do. */
export function programOf<Result>(
  fn: AnyFunction<Result>,
  args: readonly unknown[],
  trace: Trace = new Trace(),
): Program<Result> {
  const { stands, inputs } = standForAll(args)
  for (const { matrix } of inputs) trace.argument(matrix)
  const result = trace.run(() => fn(...stands.map(({ own }) => own)))
  if (result instanceof Promise)
    throw new MatgradError('compile: got an asynchronous function, wanted a synchronous one')
  for (const [i, stand] of stands.entries())
    if (!stand.isIntact())
      throw new MatgradError(
        `compile: the function changes argument ${i}, ${describe(args[i])}, which later calls would not, wanted it as it was`,
      )
  const program = new Program<Result>(fn, stands, inputs, trace, result)
  program.giveGradients()
  return program
}

/** What a function did when it was traced, and how to do it again. */
export class Program<Result> {
  readonly result: Result
  readonly inputs: readonly { input: Input; value: Slot }[]
  private readonly fn: AnyFunction<Result>
  private readonly patterns: readonly Pattern[]
  readonly trace: Trace
  private readonly watches: readonly (() => boolean)[]
  readonly gradients: readonly { readonly variable: Variable; grad: Matrix | null }[]
  private readonly dtype = getDefaultDtype()
  private readonly recording = isRecording()
  /** The announcements that the conditions were asked after. */
  private asked = announcements
  /** Whether variables have the gradients that it computes; else whoever calls it says what they have. */
  givesGradients = true
  /** Whether the function is called for each error, as it says where in it that came up: it must be nobody's who would see that. */
  runsAgain = false
  /** How often gradients had been set when they last had them. */
  private given = -1
  private steps: readonly Step[] = []
  private layout: Layout | null = null
  private bound: Bound | null = null
  /** What goes on from call to call and is changed. */
  lasting: ReadonlySet<Holder> = new Set()
  /** What is changed before something may throw: it is taken back then. */
  private undoings: readonly Undoing[] = []
  /** What is changed or overwritten, but for what only an optimiser sees. */
  private changed: readonly Slot[] = []
  /** Their versions. */
  private told = 0

  /**
   * @param fn what is called where the program cannot: it is in no memory, or it throws
   * @param trace what it did with `inputs` as its arguments
   * @param result what the function gave
   */
  constructor(
    fn: AnyFunction<Result>,
    stands: readonly Stand[],
    inputs: readonly Input[],
    trace: Trace,
    result: Result,
  ) {
    this.fn = fn
    this.patterns = stands.map(({ pattern }) => pattern)
    this.inputs = inputs.map((input, i) => ({ input, value: trace.args[i] }))
    this.trace = trace
    this.result = held(result, trace) as Result
    const gradients = []
    const watches = [...trace.watches]
    for (const [variable, { atStart, read }] of trace.gradients) {
      gradients.push({ variable, grad: variable.present && trace.hold(variable.present) })
      // What the function makes has no gradient at first.
      if (read && trace.isFromOutside(variable)) watches.push(() => variable.present === atStart)
    }
    this.gradients = gradients
    this.watches = watches
  }

  /** Lets variables have the gradients that it computes. */
  giveGradients(): void {
    if (this.given === gradientWrites()) return
    const { gradients } = this
    for (let i = 0; i < gradients.length; i++) {
      const { variable, grad } = gradients[i]
      if (variable.present !== grad) variable.grad = grad
    }
    this.given = gradientWrites()
  }

  /** Plans it and gives it memory. */
  prepare(): void {
    this.steps = optimised(this.trace.steps)
    this.lasting = lastingOf(this.steps, this.trace)
    for (const { input } of this.inputs) input.refused = this.lasting
    this.undoings = undoingsOf(this.steps, this.trace)
    this.changed = changedOf(this.steps)
    this.layout = layOut(this.steps, this.trace.args)
    this.bound = this.bind(this.layout)
  }

  /** Leaves the gradients that it has computed to whoever holds them, and computes others from now on. */
  release(): void {
    // Several variables may have the same.
    const replaced = new Map<Matrix, Matrix>()
    for (const gradient of this.gradients) {
      const { grad } = gradient
      if (grad === null) continue
      const other = replaced.get(grad) ?? this.trace.replace(grad)
      replaced.set(grad, other)
      gradient.grad = other
    }
    this.told = 0
    this.given = -1
  }

  /** Whether it was given memory, if it could be had. */
  get isPrepared(): boolean {
    return this.layout !== null
  }

  /** Gives it memory. Where so much cannot be had the function is called as it is. */
  private bind(layout: Layout): Bound | null {
    try {
      return bind(this.steps, this.inputs, layout)
    } catch (error) {
      if (error instanceof NoMemory) return null
      throw error
    }
  }

  /** Whether it does what the function would do with these arguments. */
  serves(args: readonly unknown[]): boolean {
    const { patterns, watches } = this
    if (args.length !== patterns.length || this.dtype !== getDefaultDtype() || this.recording !== isRecording())
      return false
    for (let i = 0; i < patterns.length; i++) {
      const { input } = patterns[i]
      if (input ? !input.accepts(args[i]) : !patterns[i].accepts(args[i])) return false
    }
    for (let i = 0; i < watches.length; i++) if (!watches[i]()) return false
    if (this.asked !== announcements) {
      const { conditions } = this.trace
      for (let i = 0; i < conditions.length; i++) if (!conditions[i]()) return false
      this.asked = announcements
    }
    return true
  }

  /** Takes the matrices of arguments that it serves. */
  take(args: readonly unknown[]): void {
    const { patterns } = this
    for (let i = 0; i < patterns.length; i++) {
      const { input } = patterns[i]
      if (input) input.give(args[i])
      else patterns[i].give(args[i])
    }
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

  /** Does what the function does, with arguments that it serves and has taken. */
  run(args: readonly unknown[]): Result {
    const { inputs, undoings, changed } = this
    const layout = this.layout as Layout
    let { bound } = this
    const threads = threadsFor(layout.work)
    if (bound?.threads !== threads || !bound.arena.serves(threads) || !bound.residents.areHere()) {
      bound = this.bind(layout)
      this.bound = bound
    }
    if (bound === null) return this.fn(...args)
    const { residents } = bound
    if (residents.arePinned) {
      if (!residents.copyIn()) return this.fn(...args)
      for (const { input } of inputs) if (residents.isChangedWith(input.given)) return this.fn(...args)
    }
    for (let i = 0; i < inputs.length; i++) inputs[i].input.copyIn()
    for (let i = 0; i < undoings.length; i++) undoings[i].remember()
    running++
    try {
      bound.step()
    } catch (error) {
      running--
      return this.runAgain(error, args)
    }
    running--
    residents.copyOut()
    count++
    if (this.givesGradients) this.giveGradients()
    // Where nothing ticked since, no variable is newer than the last versions.
    if (this.told !== ticks) {
      this.told = tick()
      for (let i = 0; i < changed.length; i++) changed[i].holder.version = this.told
    }
    return this.result
  }

  /**
   * What the function itself makes of arguments that are an error: it leaves gradients and state as it must. What linear algebra
   * refuses in a program it may have a limit for.
   */
  private runAgain(error: unknown, args: readonly unknown[]): Result {
    const { undoings, gradients, runsAgain } = this
    const isPlain = undoings.length === 0 && gradients.length === 0 && !(error instanceof LinAlgError)
    if (error instanceof Trespass || (isPlain && !runsAgain)) throw error
    for (const undoing of undoings) undoing.takeBack()
    return this.fn(...args)
  }

  toString(): string {
    return describeProgram(this.steps, this.trace.args, this.layout as Layout)
  }
}

/** The elements of a matrix or generator as they were. */
export class Undoing {
  readonly holder: Holder
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
  const before = steps.slice(0, Math.max(0, steps.findLastIndex(mayThrow)))
  return [...lastingOf(before, trace)].map((holder) => new Undoing(holder))
}

/** All that goes on from call to call and that steps change. */
function lastingOf(steps: readonly Step[], trace: Trace): Set<Holder> {
  const changed = steps.flatMap(({ targets }) => targets)
  return new Set(changed.filter((target) => trace.isLasting(target)).map(({ holder }) => holder))
}

/** The matrices that each call changes or overwrites, unless nobody else can hold them. */
function changedOf(steps: readonly Step[]): Slot[] {
  const targets = steps.flatMap((step) => step.targets).filter(({ kind }) => kind === 'state')
  return [...new Set(targets)].filter(({ holder }) => holder instanceof Matrix && !isKept(holder))
}

/** A result with the matrices that its caller will hold. */
const held = (result: unknown, trace: Trace): unknown =>
  mapTree('compile', 'the result', result, (leaf) => {
    if (leaf instanceof Matrix) return trace.hold(leaf)
    if (leaf instanceof Variable) {
      const value = trace.hold(leaf.matrix)
      if (!leaf.requiresGrad) return new Variable(value, false)
      if (leaf.origin) return cutOff(value)
      // The function may have made it of an argument or a constant, which another matrix then stands for.
      return value === leaf.matrix ? leaf : Object.assign(leaf, { matrix: value })
    }
    if (typeof leaf === 'function' || (typeof leaf === 'object' && leaf !== null))
      throw new DTypeError(
        `compile: the function gives ${describe(leaf)}, wanted matrices, variables, numbers and strings, in arrays and plain objects`,
      )
    return leaf
  })
