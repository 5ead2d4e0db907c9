import type { Matrix } from '@matgrad/core'
import { type Holder, type Slot, type Step, tracer } from '@matgrad/core/internal'
import { matricesOf } from '../tree.ts'
import type { Variable } from '../variable.ts'
import { GentleTrace } from './gentle-trace.ts'
import { Guide } from './guide.ts'
import { hasGradient, historyOf, isLike, type Node, nodesOf } from './history.ts'
import { Kept } from './kept.ts'
import { isRunning, Program, standForAll } from './program.ts'

/** Programs that are kept: the one that was made first goes when there is one more. */
const MOST_PROGRAMS = 8
/** So many replays make up for one record that was in vain. */
const REPLAYS = 64
/** The most calls that are not recorded after many records in vain, and the most that a record must be followed by first. */
const MOST_WAITING = 1024
const MOST_TRIALS = 64

/** A function in two parts. */
export interface Parts<Arguments extends readonly unknown[], Result> {
  /** May hold a user's code, which may do anything: it is run in every call. */
  first(...args: Arguments): Result
  /** What is done with the result. */
  rest?(result: Result): void
  /**
   * Whether what `rest` does depends on what `first` did with matrices, the history of `root` and gradients alone, and on what
   * is announced.
   *
   * @param result what `first` gave, unless it has yet to be called
   */
  isRestKnown(result?: Result): boolean
  /** Whose history the rest goes back through. */
  root?(result: Result): Variable
}

/** What a call did, and how a program does it again. */
interface Entry {
  readonly program: Program<void>
  /** The steps that a call must do again, but for checks. */
  readonly steps: readonly Step[]
  readonly guidesRest: boolean
  /** What must hold for the rest to be what it was, once `first` has run. */
  readonly conditions: readonly (() => boolean)[]
  /** What `first` gave. */
  readonly results: readonly Slot[]
  /** What it left of gradients: those that it has looked at or set. */
  readonly gradients: ReadonlyMap<Variable, Slot | null>
  /** The history of `root`. */
  readonly nodes: readonly Node[]
  /** The gradients of variables that the function made, with their numbers in it. */
  readonly own: readonly (readonly [number, Slot])[]
  /** What the rest changes. */
  readonly changed: ReadonlySet<Holder>
  /** What is kept of values after a call, for whoever sees them. */
  readonly kept: Kept
  /** How often it was followed. */
  followed: number
}

/**
 * The function of both parts, faster, and not to be told apart from it: the user's code in it runs in every call, and a
 * program computes only what it is seen to do. Its operations are put off until it is over; where they are the recorded ones
 * a program does them all, and else they are done as they are.
 */
export class Guided<Arguments extends readonly unknown[], Result> {
  private readonly parts: Parts<Arguments, Result>
  private readonly entries: Entry[] = []
  /** What is done where a program cannot. */
  private otherwise = (): void => {}
  private failures = 0
  private replays = 0
  private waiting = 0

  constructor(parts: Parts<Arguments, Result>) {
    this.parts = parts
  }

  call(...args: Arguments): Result {
    if (tracer !== null || isRunning()) return this.plain(args)
    if (this.waiting > 0) {
      this.waiting--
      return this.plain(args)
    }
    const isRestKnown = this.parts.isRestKnown()
    const entry = this.entries.find(({ program, guidesRest }) => (guidesRest || isRestKnown) && program.serves(args))
    return entry ? this.follow(entry, args) : this.record(args)
  }

  /** Gradients that somebody holds stay as they are. */
  release(): void {
    for (const { program } of this.entries) program.release()
  }

  private plain(args: Arguments): Result {
    const result = this.parts.first(...args)
    this.parts.rest?.(result)
    return result
  }

  private record(args: Arguments): Result {
    const { stands, inputs } = standForAll(args)
    const trace = new GentleTrace()
    for (const { matrix, source } of inputs) trace.argument(matrix, source)
    let end = 0
    let conditions = 0
    let results: readonly Slot[] = []
    let gradients: ReadonlyMap<Variable, Slot | null> = new Map()
    let variables: readonly Variable[] = []
    let nodes: readonly Node[] = []
    const result = trace.run(() => {
      const given = this.parts.first(...args)
      end = trace.steps.length
      conditions = trace.conditions.length
      results = [...matricesOf(given)].map((matrix) => trace.valueOf(matrix))
      gradients = trace.gradientsNow()
      variables = historyOf(this.parts.root?.(given))
      nodes = nodesOf(variables, trace)
      if (hasGradient(variables, trace)) trace.isBroken = true
      trace.startRest()
      this.parts.rest?.(given)
      return given
    })
    if (trace.isBroken) {
      this.fail()
      return result
    }
    // A gradient that `first` leaves is an object that its user may hold, and what is done to it must be done to this one.
    const leavesGradient = [...gradients.values()].some((value) => value !== null && !trace.isLasting(value))
    const guidesRest = leavesGradient || !this.parts.isRestKnown(result)
    // What is run in each call does not depend on what was.
    trace.conditions.splice(0, guidesRest ? trace.conditions.length : conditions)
    const steps = trace.steps.slice(0, guidesRest ? undefined : end).filter(({ kind }) => kind !== 'check')
    const own = variables.flatMap((variable, i) =>
      variable.present && !trace.isFromOutside(variable) ? [[i, trace.valueOf(variable.present)] as const] : [],
    )
    const program = new Program<void>(() => this.otherwise(), stands, inputs, trace, undefined)
    program.givesGradients = !guidesRest
    if (!guidesRest) program.giveGradients()
    /** What the function may have kept. */
    const seen = [...own.map(([, value]) => value), ...steps.flatMap(({ targets }) => targets)]
    const computed = seen.filter((value) => trace.isComputed(value))
    for (const { holder } of computed) trace.hold(holder as Matrix)
    const rest = guidesRest ? [] : trace.steps.slice(end)
    const changed = new Set(rest.flatMap(({ targets }) => targets.map(({ holder }) => holder)))
    if (this.entries.length === MOST_PROGRAMS) {
      this.entries.shift()
      this.fail()
    }
    this.entries.push({
      program,
      steps,
      guidesRest,
      conditions: [...trace.conditions, ...trace.watches],
      kept: new Kept(computed),
      ...{ results, gradients, nodes, own, changed },
      followed: 0,
    })
    return result
  }

  private follow(entry: Entry, args: Arguments): Result {
    const { program, steps, guidesRest, conditions, results, gradients, nodes, own, changed, kept } = entry
    const { first, rest, root } = this.parts
    let variables: readonly Variable[] = []
    program.take(args)
    const guide = new Guide(steps, new Map(program.inputs.map(({ input, value }) => [value, input.given])))
    const result = guide.run(() => {
      const given = first(...args)
      variables = historyOf(root?.(given))
      const isSame = guide.gave(given, results) && guide.left(gradients) && isLike(variables, nodes, guide)
      const isRestSame =
        guidesRest ||
        (this.parts.isRestKnown(given) && conditions.every((holds) => holds()) && !hasGradient(variables, guide))
      if (!(isRestSame && isSame)) guide.pay()
      if (guidesRest) {
        guide.startRest()
        rest?.(given)
      }
      return given
    })
    const otherwise = (): void => {
      guide.pay()
      if (!guidesRest) rest?.(result)
    }
    if (!guide.hasFollowed) {
      this.entries.splice(this.entries.indexOf(entry), 1)
      this.fail()
      otherwise()
      return result
    }
    entry.followed++
    if (!program.isPrepared) {
      if (entry.followed < this.trials) {
        otherwise()
        return result
      }
      program.prepare()
    }
    this.otherwise = otherwise
    program.run(args)
    // It may have found no memory, or thrown, and called the function.
    if (guide.isFollowing) {
      guide.leave(kept, changed)
      if (!guidesRest) for (const [i, gradient] of own) variables[i].grad = (gradient.holder as Matrix).clone()
    }
    this.succeed()
    return result
  }

  /** How often a record must be followed before a program is made of it, which takes longer than many calls. */
  private get trials(): number {
    return this.failures < 2 ? 1 : Math.min(MOST_TRIALS, 2 ** this.failures)
  }

  /** A record was in vain: after several, fewer calls are recorded. */
  private fail(): void {
    this.failures++
    this.waiting = this.failures < 3 ? 0 : Math.min(MOST_WAITING, 2 ** (this.failures - 2))
  }

  private succeed(): void {
    this.replays++
    if (this.replays % REPLAYS === 0 && this.failures > 0) this.failures--
  }
}
