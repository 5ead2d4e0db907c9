import { DTypeError, getDefaultDtype, MatgradError, Matrix } from '@matgrad/core'
import {
  type Bound,
  bind,
  describe,
  describeProgram,
  fuseCrossEntropy,
  fuseLoops,
  fuseProducts,
  type Layout,
  layOut,
  type Slot,
  type Step,
  threadsFor,
  tracer,
  withoutCopies,
  withoutDead,
} from '@matgrad/core/internal'
import { isRecording } from '../recording.ts'
import { Variable, variablesMade } from '../variable.ts'
import { hasHistory, type Input, isPlain, type Pattern, patternOf } from './arguments.ts'
import { Trace } from './trace.ts'

/** Programs that a compiled function keeps: the one that was made first goes when there is one more. */
const MOST_PROGRAMS = 32

/** A function that was compiled. */
export interface Compiled<Arguments extends unknown[], Result> {
  (...args: Arguments): Result
  /** What the programs do, for people: each call with its shapes, the memory, the estimated work. */
  program(): string
}

/** Whether a program is running: what it calls in JavaScript must not run another, which would use the same memory. */
let running = false

/** What a function did when it was traced, and how to do it again. */
class Program<Result> {
  readonly patterns: readonly Pattern[]
  private readonly conditions: readonly (() => boolean)[]
  private readonly steps: readonly Step[]
  private readonly inputs: readonly { input: Input; value: Slot }[]
  private readonly layout: Layout
  private readonly gradients: readonly { readonly variable: Variable; readonly grad: Matrix | null }[]
  private readonly dtype = getDefaultDtype()
  private readonly recording = isRecording()
  readonly result: Result
  private bound: Bound

  /** Calls `fn`, and remembers what it does. */
  constructor(fn: (...args: unknown[]) => Result, args: readonly unknown[]) {
    const inputs: Input[] = []
    const pairs = args.map((argument) => patternOf(argument, inputs))
    this.patterns = pairs.map(([pattern]) => pattern)
    const trace = new Trace()
    this.inputs = inputs.map((input) => ({ input, value: trace.argument(input.matrix) }))
    const before = variablesMade()
    const result = trace.run(() => fn(...pairs.map(([, own]) => own)))
    if (result instanceof Promise)
      throw new MatgradError('compile: got an asynchronous function, wanted a synchronous one')
    this.result = held(result, trace) as Result
    const gradients = []
    const conditions = trace.conditions
    for (const { variable, atStart, read } of trace.gradients.values()) {
      const grad = variable.grad && trace.hold(variable.grad)
      variable.grad = grad
      gradients.push({ variable, grad })
      // What the function makes has no gradient at first.
      if (read && variable.created < before) conditions.push(() => variable.grad === atStart)
    }
    this.gradients = gradients
    this.conditions = conditions
    this.steps = fuseLoops(withoutCopies(fuseCrossEntropy(fuseProducts(withoutDead(trace.steps)))))
    this.layout = layOut(
      this.steps,
      this.inputs.map(({ value }) => value),
    )
    this.bound = bind(this.steps, this.inputs, this.layout)
  }

  /** Whether it does what the function would do with these arguments. */
  serves(args: readonly unknown[]): boolean {
    const { patterns, conditions } = this
    if (args.length !== patterns.length || this.dtype !== getDefaultDtype() || this.recording !== isRecording())
      return false
    for (let i = 0; i < patterns.length; i++) if (!patterns[i](args[i])) return false
    for (let i = 0; i < conditions.length; i++) if (!conditions[i]()) return false
    return true
  }

  run(): Result {
    const { arena, threads } = this.bound
    if (!arena.serves(threads) || threadsFor(this.layout.work) !== threads)
      this.bound = bind(this.steps, this.inputs, this.layout)
    const { inputs, gradients } = this
    for (let i = 0; i < inputs.length; i++) inputs[i].input.copyIn()
    running = true
    try {
      this.bound.step()
    } finally {
      running = false
    }
    for (let i = 0; i < gradients.length; i++) gradients[i].variable.grad = gradients[i].grad
    return this.result
  }

  toString(): string {
    return describeProgram(
      this.steps,
      this.inputs.map(({ value }) => value),
      this.layout,
    )
  }
}

/** A result with the matrices that its caller will hold. */
function held(result: unknown, trace: Trace): unknown {
  if (result instanceof Matrix) return trace.hold(result)
  if (result instanceof Variable) {
    const value = trace.hold(result.value)
    if (!result.requiresGrad || result.origin) return new Variable(value, false)
    // The function may have made it of an argument or a constant, which another matrix then stands for.
    return value === result.value ? result : Object.assign(result, { matrix: value })
  }
  if (Array.isArray(result)) return result.map((each) => held(each, trace))
  if (isPlain(result)) return Object.fromEntries(Object.entries(result).map(([key, each]) => [key, held(each, trace)]))
  if (typeof result === 'function' || (typeof result === 'object' && result !== null))
    throw new DTypeError(
      `compile: the function gives ${describe(result)}, wanted matrices, variables, numbers and strings, in arrays and plain objects`,
    )
  return result
}

/**
 * The same function, faster: f(x) → f(x), bit for bit. The first call with arguments of new shapes runs `fn` as it is and
 * records what it does with matrices: forward, backward, updates in place, random numbers. Later calls do the same again, as
 * one list of kernel calls over memory that was laid out once, and run nothing of `fn` itself.
 *
 * - Matrices, and constant variables, are arguments by their shapes, alone or in arrays and objects. Anything else is an
 *   argument by its identity: numbers, strings, variables that require a gradient; a new one is recorded anew.
 * - Matrices that `fn` finds outside (parameters, an optimiser's state, a generator) are state: what one side changes, the
 *   other finds, and calls that are compiled and calls that are not may alternate. They move into the program's memory, so
 *   keep the matrix, not its `data`.
 * - Matrices that `fn` makes of numbers are constants, and so are the numbers themselves: what changes from call to call must
 *   be an argument, or a matrix outside. A layer's `training` and an optimiser's settings may change.
 * - A matrix or variable that is returned, or left in a variable's `grad`, is overwritten by the next call: `clone()` what
 *   should stay. A returned variable has no history.
 * - Called with a variable that has a history while operations are recorded, or by another compiled function, it is `fn`.
 *
 * @throws MatgradError while recording, when `fn` looks at elements (`data`, `get`, `item`, `toArray`, …), which would be the
 * first call's in all later ones, changes an argument in place, or is asynchronous; what `fn` throws.
 */
export function compile<Arguments extends unknown[], Result>(
  fn: (...args: Arguments) => Result,
): Compiled<Arguments, Result> {
  if (typeof fn !== 'function') throw new DTypeError(`compile: fn is ${describe(fn)}, wanted a function`)
  const programs: Program<Result>[] = []
  /** What no program does: `fn` as it is, or a new program. */
  const first = (args: readonly unknown[]): Result => {
    if (tracer !== null || running || args.some(hasHistory)) return fn(...(args as Arguments))
    const program = new Program(fn as (...args: unknown[]) => Result, args)
    if (programs.length === MOST_PROGRAMS) programs.shift()
    programs.push(program)
    return program.result
  }
  const call = (args: readonly unknown[]): Result => {
    if (tracer === null && !running)
      for (let i = 0; i < programs.length; i++) if (programs[i].serves(args)) return programs[i].run()
    return first(args)
  }
  /** Arrays for 0 to 4 arguments. */
  const arrays = [0, 1, 2, 3, 4].map((count) => new Array<unknown>(count).fill(undefined))
  /** Makes no array of its arguments where they are few: a replay allocates nothing. */
  function compiled(a?: unknown, b?: unknown, c?: unknown, d?: unknown): Result {
    // biome-ignore lint/complexity/noArguments: rest parameters are an array
    const given = arguments
    const count = given.length
    if (count > 4) return call(Array.from(given))
    const few = arrays[count]
    if (count > 0) few[0] = a
    if (count > 1) few[1] = b
    if (count > 2) few[2] = c
    if (count > 3) few[3] = d
    return call(few)
  }
  const typed = compiled as unknown as (...args: Arguments) => Result
  return Object.assign(typed, { program: () => programs.join('\n\n') })
}
