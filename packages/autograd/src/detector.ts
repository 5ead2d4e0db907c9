import { type Attributes, MatgradError, Matrix, type Operation, type TypedArray } from '@matgrad/core'
import {
  type Change,
  change as changeNow,
  evaluate,
  formatShape,
  type Holder,
  registerPackage,
  setTracer,
  stackHere,
  type Tracer,
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

/** Looks at what is done from now on. */
export function begin(): void {
  asking++
  detector ??= new Detector()
  setTracer(detector)
}

/** @param before who looked when it began */
export function end(before: Tracer | null): void {
  asking--
  if (asking === 0) detector = null
  setTracer(before ?? detector)
}
