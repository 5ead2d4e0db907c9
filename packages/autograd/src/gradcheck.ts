import { DTypeError, Generator, MatgradError, Matrix } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  elementsOf,
  formatShape,
  number,
  oneOf,
  readerOf,
  whole,
} from '@matgrad/core/internal'
import { withoutLooking } from './demand.ts'
import { noGrad } from './recording.ts'
import { type Argument, grad } from './transforms.ts'
import { constant, Variable } from './variable.ts'

export interface GradcheckOptions {
  /** The step of the differences, times max(1, |x|). @default 1e-4 */
  readonly eps?: number
  /** |tape − differences| may be atol + rtol·|differences|. @default 1e-8 */
  readonly atol?: number
  /** @default 1e-6 */
  readonly rtol?: number
  /** 2 checks the derivatives of the gradient, too, and so on. @default 1 */
  readonly order?: number
  /**
   * 'full' checks every entry, by four values of f each; 'random' the derivatives in a few random directions of all arguments at
   * once, which takes no longer for large ones.
   * @default 'full'
   */
  readonly mode?: 'full' | 'random'
}

const readGradcheck = readerOf({
  eps: number(1e-4),
  atol: number(1e-8),
  rtol: number(1e-6),
  order: whole(1),
  mode: oneOf('full', 'random')('full'),
})

/** So many random directions are checked. */
const DIRECTIONS = 3
/** A random direction is no longer than this: differences are of the fourth order in their length. */
const LONGEST = 10

const float64 = { dtype: 'float64' } as const

type Function = (...args: Variable[]) => Variable

/** f′(0) from four values, with an error of h⁴·f⁽⁵⁾/30 (Abramowitz & Stegun 25.3.6). */
const centralDifference = (f: (step: number) => number, h: number): number =>
  (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)

/**
 * Compares the gradients of f that the tape gives with differences of its values, for every entry of every argument or in
 * random directions. A value that is not 1x1 is summed with fixed random weights, so that an error in any entry shows, and so are
 * gradients whose derivatives are checked: the numbers in an error's message are then those of the sum.
 *
 * Defaults: eps 1e-4, atol 1e-8, rtol 1e-6, order 1, mode 'full'.
 *
 * @throws MatgradError that names the worst entry, or the argument that is worst in a direction, where they differ, where f
 * gives another value when it is called again (it draws random numbers, say), and for no arguments; DTypeError unless f is a
 * function that gives a Variable, every argument float64, and the options are numbers; ShapeError unless order is at least 1.
 */
export function gradcheck(
  f: (...args: Variable[]) => Variable,
  args: readonly Argument[],
  options?: GradcheckOptions,
  ...more: []
): void {
  checkNoMore('gradcheck', 'f, args, options', more)
  if (typeof f !== 'function') throw new DTypeError(`gradcheck: f is ${describe(f)}, wanted a function`)
  if (!Array.isArray(args)) throw new DTypeError(`gradcheck: args are ${describe(args)}, wanted an array of matrices`)
  if (args.length === 0) throw new MatgradError('gradcheck: args are empty, wanted at least one to differentiate by')
  const { eps, atol, rtol, order, mode } = readGradcheck('gradcheck', options)
  checkInteger('gradcheck', 'order', order, 1, Number.MAX_SAFE_INTEGER)
  const values = args.map((argument, i) => {
    const value = argument instanceof Variable ? argument.value : argument
    if (!(value instanceof Matrix) || value.dtype !== 'float64')
      throw new DTypeError(
        `gradcheck: argument ${i} is ${value instanceof Matrix ? 'float32' : describe(value)}, wanted a float64 Matrix or ` +
          "Variable, as astype('float64') gives: differences of float32 say little",
      )
    return value
  })
  const generator = new Generator('gradcheck')
  const weighted = (x: Variable): Variable =>
    x.mul(generator.uniform(x.rows, x.cols, 0.5, 1.5, { dtype: 'float64' })).sum()
  const everyArgument = values.map((_, i) => i)

  let isSum = false
  const scalar = (y: Variable): Variable => {
    if (!(y instanceof Variable)) throw new DTypeError(`gradcheck: f gave ${describe(y)}, wanted a Variable`)
    isSum = y.rows !== 1 || y.cols !== 1
    return isSum ? weighted(y) : y
  }
  let checked = freezeWeights((...variables) => scalar(f(...variables)), generator)
  const [first, again] = [valueAt(checked, values), valueAt(checked, values)]
  if (!Object.is(first, again))
    throw new MatgradError(
      `gradcheck of ${f.name || 'f'}: it gives ${first}, and ${again} when it is called again, wanted the same: does it draw ` +
        'random numbers (Dropout, say), or change what it computes with?',
    )
  for (let n = 1; n <= order; n++) {
    const gradient = grad(checked, everyArgument)
    const gradients = gradient(...args).map(({ value }) => value)
    const message =
      mode === 'full'
        ? worstOf(checked, values, entriesOf(values, gradients, eps), { atol, rtol })
        : worstDirection(checked, values, gradients, generator, { eps, atol, rtol })
    if (message)
      throw new MatgradError(
        `gradcheck of ${f.name || 'f'}, order ${n}: ${message}${isSum || n > 1 ? ' (of a sum with random weights)' : ''}`,
      )
    const sum: Function = (...variables) =>
      gradient(...variables)
        .map(weighted)
        .reduce((total, each) => total.add(each))
    checked = freezeWeights(sum, generator)
  }
}

const valueAt = (f: Function, values: readonly Matrix[]): number =>
  noGrad(() => f(...values.map((each) => constant(each)))).item()

/** f, drawing the same random weights in every call. */
function freezeWeights(f: Function, generator: Generator): Function {
  const { state } = generator
  return (...variables) => {
    generator.state = state
    // A step of the differences takes probabilities to what are none.
    return withoutLooking(() => f(...variables))
  }
}

/** A derivative to check. */
interface Probe {
  readonly where: string
  /** What the tape says. */
  readonly tape: number
  /** The step of the differences, in units of what `move` does. */
  readonly h: number
  /** Adds `step` times the direction of the derivative to copies of the arguments. */
  move(values: readonly Matrix[], step: number): void
}

const titleOf = (n: number, { shape }: Matrix): string => `argument ${n} (${formatShape(shape)})`

/** The derivatives by each entry of each argument. */
function* entriesOf(values: readonly Matrix[], gradients: readonly Matrix[], eps: number): IterableIterator<Probe> {
  for (const [n, value] of values.entries())
    for (let entry = 0; entry < value.size; entry++) {
      const x = elementsOf('gradcheck', value)[entry]
      yield {
        where: `${titleOf(n, value)}, entry ${Math.floor(entry / value.cols)}, ${entry % value.cols}`,
        tape: elementsOf('gradcheck', gradients[n])[entry],
        h: eps * Math.max(1, Math.abs(x)),
        move(moved, step) {
          moved[n].elements[entry] = x + step
        },
      }
    }
}

interface Tolerances {
  readonly atol: number
  readonly rtol: number
}

/** What is said of the probe at which tape and differences differ most, nothing where none exceeds the tolerances. */
function worstOf(f: Function, values: readonly Matrix[], probes: Iterable<Probe>, { atol, rtol }: Tolerances): string {
  let worst = { excess: 0, message: '' }
  for (const { where, tape, h, move } of probes) {
    const numeric = centralDifference((step) => {
      const moved = values.map((each) => each.clone())
      move(moved, step)
      return valueAt(f, moved)
    }, h)
    const error = Math.abs(tape - numeric)
    const excess = error / (atol + rtol * Math.abs(numeric))
    // Written so that a NaN on either side is an excess, too.
    if (!(excess <= Math.max(1, worst.excess)))
      worst = {
        excess: Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess,
        message: `${where}: the tape says ${tape}, differences say ${numeric}`,
      }
  }
  return worst.message
}

/** Of each sign, and as large as the arguments are, as the steps of single entries. */
function directionLike(value: Matrix, generator: Generator): Matrix {
  const { rows, cols } = value
  const signs = generator.bernoulli(rows, cols, 0.5, float64).mul(2).sub(1)
  return generator.uniform(rows, cols, 0.5, 1.5, float64).mul(signs).mul(value.abs().maximum(1))
}

/** The derivative along directions of the arguments whose numbers are `moved`. */
function along(
  where: string,
  moved: readonly number[],
  directions: readonly Matrix[],
  gradients: readonly Matrix[],
  eps: number,
): Probe {
  const square = moved.reduce((sum, n) => sum + directions[n].square().sum().item(), 0)
  return {
    where,
    tape: moved.reduce((sum, n) => sum + gradients[n].mul(directions[n]).sum().item(), 0),
    h: eps * Math.min(1, LONGEST / Math.sqrt(square)),
    move(values, step) {
      for (const n of moved) values[n].assign(values[n].add(directions[n].mul(step)))
    },
  }
}

/** The same for random directions: of the first that exceeds the tolerances, the argument that is worst in it. */
function worstDirection(
  f: Function,
  values: readonly Matrix[],
  gradients: readonly Matrix[],
  generator: Generator,
  { eps, ...tolerances }: Tolerances & { readonly eps: number },
): string {
  const every = values.map((_, n) => n)
  for (let k = 0; k < DIRECTIONS; k++) {
    const directions = values.map((value) => directionLike(value, generator))
    const probe = along(`all arguments, random direction ${k}`, every, directions, gradients, eps)
    const message = worstOf(f, values, [probe], tolerances)
    if (!message) continue
    const single = every.map((n) =>
      along(`${titleOf(n, values[n])}, random direction ${k}`, [n], directions, gradients, eps),
    )
    return worstOf(f, values, single, tolerances) || message
  }
  return ''
}
