import { DTypeError, MatgradError, type Matrix } from '@matgrad/core'
import { checkNoMore, describe, flag, readerOf, tracer } from '@matgrad/core/internal'
import { hasHistory } from './arguments.ts'
import { runBothWays } from './check.ts'
import { isRunning, type Program, programOf } from './program.ts'

/** Programs that a compiled function keeps: the one that was made first goes when there is one more. */
const MOST_PROGRAMS = 32

/** So many calls make up for a program. */
const WORTH = 64

/** A function that is traced again so many times in so many calls says why. */
const MANY_TRACES = 5
const RECENT_CALLS = 10

export interface CompileOptions {
  /** Whether each call is made both ways and compared: to find mistakes, for it takes longer. @default false */
  readonly check?: boolean
}

const readCompile = readerOf({ check: flag(false) })

/** A function that was compiled. */
export interface Compiled<Arguments extends unknown[], Result> {
  (...args: Arguments): Result
  /** What the programs do, for people: each call with its shapes, the memory, the estimated work. */
  program(): string
}

/** A function and the programs that were made of its calls. */
export class CompiledFunction<Arguments extends readonly unknown[], Result> {
  private readonly fn: (...args: Arguments) => Result
  private readonly checks: boolean
  private readonly warns: boolean
  private readonly isSparing: boolean
  private readonly programs: Program<Result>[] = []
  private calls = 0
  /** How many programs were made. */
  private made = 0
  /** The calls that were traced again last. */
  private readonly traced: number[] = []
  private warned = false

  /**
   * @param checks whether each replay is compared with what the function does
   * @param warns whether somebody asked for programs: then it says so on the console when it is traced again and again
   * @param isSparing whether the first call, and all that follow a program too soon for another one, are the function as it is
   */
  constructor(
    fn: (...args: Arguments) => Result,
    {
      checks = false,
      warns = false,
      isSparing = false,
    }: { checks?: boolean; warns?: boolean; isSparing?: boolean } = {},
  ) {
    this.fn = fn
    this.checks = checks
    this.warns = warns
    this.isSparing = isSparing
  }

  call(args: readonly unknown[]): Result {
    if (this.warns && tracer?.apart) return tracer.apart(() => this.call(args))
    this.calls++
    const program = this.find(args)
    return program === null ? this.first(args) : this.run(program, args)
  }

  /** What the function gives for these arguments, if there is a program that does it: undefined where there is none. */
  again(args: readonly unknown[]): Result | undefined {
    const program = this.find(args)
    return program === null ? undefined : this.run(program, args)
  }

  private find(args: readonly unknown[]): Program<Result> | null {
    const { programs } = this
    if (tracer !== null || isRunning()) return null
    for (let i = 0; i < programs.length; i++) if (programs[i].serves(args)) return programs[i]
    return null
  }

  private run(program: Program<Result>, args: readonly unknown[]): Result {
    program.take(args)
    return this.checks ? runBothWays(program, this.fn, args) : program.run(args)
  }

  /** What no program does: the function as it is, or a new program. */
  private first(args: readonly unknown[]): Result {
    const { fn, programs } = this
    if (tracer !== null || isRunning() || args.some((each) => hasHistory(each))) return fn(...(args as Arguments))
    if (this.isSparing && this.calls <= 1 + this.made * WORTH) return fn(...(args as Arguments))
    this.made++
    this.complain(args)
    const program = this.trace(args)
    program.runsAgain = !this.warns
    program.prepare()
    if (programs.length === MOST_PROGRAMS) programs.shift()
    programs.push(program)
    return program.result
  }

  private trace(args: readonly unknown[]): Program<Result> {
    try {
      return programOf<Result>(this.fn as unknown as (...args: unknown[]) => Result, args)
    } catch (error) {
      // Nobody asked for programs.
      if (!this.warns && error instanceof MatgradError && error.message.includes('compile: '))
        error.message = `${error.message}; the option compile: false runs it as it is`
      throw error
    }
  }

  /** Says why the function is traced again, where that happens too often. */
  private complain(args: readonly unknown[]): void {
    const { programs, traced, calls } = this
    if (!this.warns || programs.length === 0) return
    traced.push(calls)
    if (traced.length > MANY_TRACES) traced.shift()
    if (this.warned || traced.length < MANY_TRACES || calls - traced[0] >= RECENT_CALLS) return
    this.warned = true
    console.warn(
      `compile: a function was traced again ${MANY_TRACES} times in ${calls - traced[0] + 1} calls, which takes longer than ` +
        `calling it as it is: ${programs.at(-1)?.whyNot(args)}`,
    )
  }

  /** Leaves the gradients that were computed to whoever holds them. */
  release(): void {
    for (const program of this.programs) program.release()
  }

  program(): string {
    return this.programs.join('\n\n')
  }
}

/**
 * The same function, faster: f(x) → f(x), bit for bit. The first call with arguments of new shapes runs `fn` as it is and
 * records what it does with matrices: forward, backward, updates in place, random numbers. Later calls do the same again, as
 * one list of kernel calls over memory that was laid out once, and run nothing of `fn` itself.
 *
 * - Matrices, and constant variables, are arguments by their shapes, alone or in arrays and objects. Anything else is an
 *   argument by its identity: numbers, strings, variables that require a gradient; a new one is recorded anew. Parameters of
 *   `fn` without a type are matrices.
 * - Matrices that `fn` finds outside (parameters, an optimiser's state, a generator) are state: what one side changes, the
 *   other finds, and calls that are compiled and calls that are not may alternate. Those whose `data` somebody has are copied
 *   to the program's memory and back in each call.
 * - Matrices that `fn` makes of numbers are constants, and so are the numbers themselves: what changes from call to call must
 *   be an argument, or a matrix outside. What a layer is made of, its settings and `training`, an optimiser's settings and
 *   `requiresGrad` may change.
 * - A matrix or variable that is returned, or left in a variable's `grad`, is overwritten by the next call: `clone()` what
 *   should stay. A returned variable has no history: `backward` through it throws.
 * - Called with a variable that has a history while operations are recorded, or by another compiled function, it is `fn`.
 *
 * With `check`, each call is made both ways: by the program and, from the same state, by `fn`, whose results count. So a
 * number that changes, or a branch, is found where it happens. What `fn` does to what is no matrix or gradient (a list that
 * it appends to, a property that it sets) it then does in each call, and without `check` in the first alone.
 *
 * A function that is traced again and again says why, once, on the console.
 *
 * Defaults: check false.
 *
 * @throws MatgradError while recording, when `fn` looks at elements (`data`, `get`, `item`, `toArray`, …), which would be the
 * first call's in all later ones, changes an argument, or is asynchronous; DTypeError for an argument that may change
 * unseen, such as a typed array, has holes, symbols or getters, or contains itself, and for unknown options; what `fn`
 * throws; with `check`, MatgradError that says where a call was another than the program.
 */
export function compile<Arguments extends unknown[] = Matrix[], Result = unknown>(
  fn: (...args: Arguments) => Result,
  options?: CompileOptions,
  ...more: []
): Compiled<Arguments, Result> {
  checkNoMore('compile', 'fn, options', more)
  if (typeof fn !== 'function') throw new DTypeError(`compile: fn is ${describe(fn)}, wanted a function`)
  const own = new CompiledFunction(fn, { checks: readCompile('compile', options).check, warns: true })
  /** Arrays for 0 to 4 arguments. */
  const arrays = [0, 1, 2, 3, 4].map((count) => new Array<unknown>(count).fill(undefined))
  /** Makes no array of its arguments where they are few: a replay allocates nothing. */
  function compiled(a?: unknown, b?: unknown, c?: unknown, d?: unknown): Result {
    // biome-ignore lint/complexity/noArguments: rest parameters are an array
    const given = arguments
    const count = given.length
    if (count > 4) return own.call(Array.from(given))
    const few = arrays[count]
    if (count > 0) few[0] = a
    if (count > 1) few[1] = b
    if (count > 2) few[2] = c
    if (count > 3) few[3] = d
    return own.call(few)
  }
  const typed = compiled as unknown as (...args: Arguments) => Result
  return Object.assign(typed, { program: () => own.program() })
}
