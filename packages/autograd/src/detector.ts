import { type Attributes, DTypeError, MatgradError, Matrix, type Operation, type TypedArray } from '@matgrad/core'
import {
  type Change,
  change as changeNow,
  checkNoMore,
  describe,
  evaluate,
  formatShape,
  type Holder,
  registerPackage,
  setTracer,
  stackHere,
  type Tracer,
  tracer,
  whereIn,
  withTracer,
} from '@matgrad/core/internal'
import type { Origin, Variable } from './variable.ts'

registerPackage(() => new Error().stack)

/** Which operation computed a matrix, and where it was called. */
interface Call {
  readonly name: string
  readonly stack: string | undefined
}

/** What numbers there are among elements, from the best to the worst. */
const FINITE = 0
const INFINITE = 1
const NAN = 2

function worstOf(elements: TypedArray): number {
  let worst = FINITE
  for (let i = 0; i < elements.length; i++) {
    const x = elements[i]
    if (x - x === 0) continue
    if (Number.isNaN(x)) return NAN
    worst = INFINITE
  }
  return worst
}

const worstOfAll = (matrices: readonly Matrix[]): number =>
  matrices.reduce((worst, { elements }) => (worst === NAN ? worst : Math.max(worst, worstOf(elements))), FINITE)

/** Whether a result is worse than what it was made from: what is infinite may give what is infinite, but no NaN. */
const isAnomaly = (result: number, operands: number): boolean => (result === NAN ? operands !== NAN : result > operands)

/** The first element that is as bad as `worst`, and its place. */
function firstOf({ elements, cols }: Matrix, worst: number): { place: string; i: number; value: number } {
  const i = elements.findIndex((x) => (worst === NAN ? Number.isNaN(x) : !Number.isFinite(x)))
  return { place: `${Math.floor(i / cols)}, ${i % cols}`, i, value: elements[i] }
}

/** From the smallest to the largest of some elements, and the one at i. */
function rangeOf(elements: TypedArray, i: number): string {
  if (elements.length === 0) return 'without elements'
  let [low, high] = [elements[0], elements[0]]
  for (const x of elements) {
    if (x < low) low = x
    if (x > high) high = x
  }
  const range = low === high ? `all ${low}` : `from ${low} to ${high}`
  return i < 0 || low === high ? range : `${range}, ${elements[i]} there`
}

interface Operand {
  readonly what: string
  readonly matrix: Matrix
  /** The elements, where they have changed since. */
  readonly elements?: TypedArray
}

/** Sees all that is done with matrices, and stops at the first NaN or infinity. */
class Detector implements Tracer {
  readonly mayLook = true
  readonly isWatching = false
  private readonly calls = new WeakMap<Matrix, Call>()
  /** The op whose rule is running. */
  private node: Variable | null = null

  evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes): Matrix {
    const out = withTracer(null, () => evaluate(operation, inputs, attributes))
    const { node } = this
    if (node !== null) {
      // What a rule computes on the way may be infinite and have no part in its result, which is what is looked at.
      const { name, stack } = this.callOf(node)
      this.calls.set(out, { name: `${operation.name} in the backward of ${name}`, stack })
      return out
    }
    const call = { name: operation.name, stack: stackHere() }
    this.calls.set(out, call)
    const operands = inputs.map((matrix, i) => ({ what: `operand ${i + 1}`, matrix }))
    if (isAnomaly(worstOf(out.elements), worstOfAll(inputs))) throw anomaly(call, 'the result', out, operands)
    return out
  }

  change(change: Change, targets: readonly Holder[], inputs: readonly Matrix[], attributes: Attributes): void {
    const changed = targets.filter((target): target is Matrix => target instanceof Matrix)
    const read = changed.slice(0, change.reads)
    const before = read.map((matrix, i) => ({
      what: `target ${i + 1}`,
      matrix,
      elements: matrix.elements.slice() as TypedArray,
    }))
    const worst = worstOfAll([...read, ...inputs])
    withTracer(null, () => changeNow(change, targets, inputs, attributes))
    for (const target of changed)
      if (isAnomaly(worstOf(target.elements), worst))
        throw anomaly({ name: change.name, stack: stackHere() }, 'what it changed', target, [
          ...before,
          ...inputs.map((matrix, i) => ({ what: `operand ${i + 1}`, matrix })),
        ])
  }

  /** The gradient of input i of the op that gave `node`, for the gradient g of its result: what `rule` gives. */
  watchRule(node: Variable, i: number, g: Variable, rule: () => Variable): Variable {
    const outer = this.node
    this.node = node
    let given: Variable
    try {
      given = rule()
    } finally {
      this.node = outer
    }
    const { matrix } = given ?? {}
    if (!(matrix instanceof Matrix)) return given
    const { inputs } = node.origin as Origin
    const worst = worstOfAll([g.matrix, ...inputs.map((input) => input.matrix)])
    if (outer !== null || !isAnomaly(worstOf(matrix.elements), worst)) return given
    const { name, stack } = this.callOf(node)
    const operands = inputs.map((input, j) => ({
      what: `operand ${j + 1}${input.name ? `, ${input.name},` : ''}`,
      matrix: input.matrix,
    }))
    const gradient = { what: 'the gradient of the result', matrix: g.matrix }
    const what = inputs.length > 1 ? `the gradient of operand ${i + 1}` : 'the gradient'
    throw anomaly({ name: `backward of ${name}`, stack }, what, matrix, [gradient, ...operands], true)
  }

  /** Where the operation that gave a variable was called, for the end of a message. */
  whereComputed(variable: Variable): string {
    const { name, stack } = this.calls.get(variable.matrix) ?? {}
    const where = whereIn(stack)
    return where ? `; ${name} was called at ${where}` : ''
  }

  private callOf(node: Variable): Call {
    return this.calls.get(node.matrix) ?? { name: (node.origin as Origin).op.name, stack: undefined }
  }

  created(): void {}
  touched(): void {}
  assume(): void {}
  watch(): void {}
  keep(): void {}
}

/** The error for a result that is worse than what it was computed from. */
function anomaly(
  { name, stack }: Call,
  what: string,
  result: Matrix,
  operands: readonly Operand[],
  isBackward = false,
): MatgradError {
  const { place, i, value } = firstOf(result, worstOf(result.elements))
  const isLike = ({ shape }: Matrix): boolean => formatShape(shape) === formatShape(result.shape)
  const given = operands.map(
    ({ what, matrix, elements = matrix.elements }) =>
      `${what} is ${formatShape(matrix.shape)}, ${rangeOf(elements, isLike(matrix) ? i : -1)}`,
  )
  const where = whereIn(stack)
  const called = where ? [`${isBackward ? 'the operation was called' : 'called'} at ${where}`] : []
  const unseen = isBackward && !stack ? ['the operation was called before detectAnomaly, which saw not where'] : []
  return new MatgradError(
    [
      `${name}: ${what} (${formatShape(result.shape)}) is ${value} at ${place}, wanted finite numbers`,
      ...given,
      ...called,
      ...unseen,
    ].join('; '),
    isBackward && stack ? { cause: callOf(name, stack) } : {},
  )
}

/** The call of the forward pass, as an error whose stack is what it was then. */
function callOf(name: string, stack: string): Error {
  const call = new Error(`${name.replace(/^backward of /, '')} was called here`)
  const [head, ...calls] = stack.split('\n')
  call.stack = [/^\s*at |@/.test(head) ? head : `Error: ${call.message}`, ...calls].join('\n')
  return call
}

/** Who looks for NaN and infinities: null unless somebody asked for it. */
export let detector: Detector | null = null

/** Where the operation that gave a variable was called, for the end of a message, if somebody has looked. */
export const whereComputed = (variable: Variable): string => detector?.whereComputed(variable) ?? ''

/** How many calls of `detectAnomaly` are not over. */
let asking = 0

function begin(): void {
  asking++
  detector ??= new Detector()
  setTracer(detector)
}

/** @param before who looked when it began */
function end(before: Tracer | null): void {
  asking--
  if (asking === 0) detector = null
  setTracer(before ?? detector)
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Promise<unknown>>).then === 'function'

/** What a promise gives; until it is settled, operations are looked at. */
async function settled<T>(promise: PromiseLike<T>): Promise<T> {
  try {
    return await promise
  } finally {
    end(null)
  }
}

/**
 * The result of `run`, in which the first operation that makes a NaN or an infinity is an error: it names the operation, or
 * `backward of` it where it is its derivative that does so, the shapes of its operands with their smallest and largest elements, and
 * the line of your code that called it. For a derivative that is the line of the forward pass, if it ran in `run`, and the error's
 * `cause` has the stack.
 *
 * An operation is at fault if no operand has what its result has: a NaN where there was none, or an infinity of finite operands. So
 * infinities that were put in on purpose (the −∞ of a mask) go through, until one becomes a NaN; `zeros(1, 1).log()`, which
 * PyTorch lets pass, is an error. Of a derivative the gradients that it gives are looked at, not what it computes on the way.
 *
 * It works around `fit` as well, `await detectAnomaly(() => fit(…))`: where `run` is asynchronous, operations are looked at until its
 * promise is settled, those of all other code that runs meanwhile, too. Nothing is compiled: `fit` and compiled functions
 * run as they are, with the same numbers, slowly. It costs nothing while nobody asks for it.
 *
 * @throws MatgradError for the first NaN or infinity, and in a compiled function, whose later calls it would not see; DTypeError unless `run` is a function; what `run`
 * throws.
 */
export function detectAnomaly<T>(run: () => T, ...more: []): T {
  checkNoMore('detectAnomaly', 'run', more)
  if (typeof run !== 'function') throw new DTypeError(`detectAnomaly: got ${describe(run)}, wanted a function`)
  if (tracer?.apart) return tracer.apart(() => detectAnomaly(run))
  const before = tracer
  if (before !== null && before !== detector)
    throw new MatgradError(
      'detectAnomaly: called while a function is compiled, whose later calls it would not see, wanted it around the calls',
    )
  begin()
  let result: T
  let isLater: boolean
  try {
    result = run()
    isLater = isPromise(result)
  } catch (error) {
    end(before)
    throw error
  }
  if (!isLater) {
    end(before)
    return result
  }
  // Here others go on, who are looked at, too.
  setTracer(detector)
  return settled(result as T & PromiseLike<unknown>) as T
}
