import { DTypeError, Generator, MatgradError, Matrix } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  elementsOf,
  formatShape,
  number,
  readerOf,
  whole,
} from '@matgrad/core/internal'
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
}

const readGradcheck = readerOf({ eps: number(1e-4), atol: number(1e-8), rtol: number(1e-6), order: whole(1) })

type Function = (...args: Variable[]) => Variable

/** f′(0) from four values, with an error of h⁴·f⁽⁵⁾/30 (Abramowitz & Stegun 25.3.6). */
const centralDifference = (f: (step: number) => number, h: number): number =>
  (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)

/**
 * Compares the gradients of f that the tape gives with differences of its values, for every entry of every argument. A
 * value that is not 1x1 is summed with fixed random weights, so that an error in any entry shows.
 *
 * Defaults: eps 1e-4, atol 1e-8, rtol 1e-6, order 1.
 *
 * @throws MatgradError that names the worst entry where they differ, and for no arguments; DTypeError unless f is a function, every argument float64, and the options are numbers;
 * ShapeError unless order is at least 1.
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
  const { eps, atol, rtol, order } = readGradcheck('gradcheck', options)
  checkInteger('gradcheck', 'order', order, 1, Number.MAX_SAFE_INTEGER)
  const values = args.map((argument, i) => {
    const value = argument instanceof Variable ? argument.value : argument
    if (!(value instanceof Matrix) || value.dtype !== 'float64')
      throw new DTypeError(`gradcheck: argument ${i} is ${describe(value)}, wanted a float64 Matrix or Variable`)
    return value
  })
  const generator = new Generator('gradcheck')
  const weighted = (x: Variable): Variable =>
    x.mul(generator.uniform(x.rows, x.cols, 0.5, 1.5, { dtype: 'float64' })).sum()
  const everyArgument = values.map((_, i) => i)

  let checked = freezeWeights((...variables) => weighted(f(...variables)), generator)
  for (let n = 1; n <= order; n++) {
    const gradient = grad(checked, everyArgument)
    compare(`${f.name || 'f'}, order ${n}`, checked, gradient, values, { eps, atol, rtol })
    const sum: Function = (...variables) =>
      gradient(...variables)
        .map(weighted)
        .reduce((total, each) => total.add(each))
    checked = freezeWeights(sum, generator)
  }
}

/** f, drawing the same random weights in every call. */
function freezeWeights(f: Function, generator: Generator): Function {
  const { state } = generator
  return (...variables) => {
    generator.state = state
    return f(...variables)
  }
}

function compare(
  what: string,
  f: Function,
  gradient: (...args: Matrix[]) => readonly Variable[],
  values: readonly Matrix[],
  { eps, atol, rtol }: Required<Omit<GradcheckOptions, 'order'>>,
): void {
  const gradients = gradient(...values.map((value) => value.clone()))
  let worst = { excess: 0, message: '' }
  for (const [n, value] of values.entries())
    for (let entry = 0; entry < value.size; entry++) {
      const x = elementsOf('gradcheck', value)[entry]
      const numeric = centralDifference(
        (step) => {
          const moved = values.map((each) => each.clone())
          moved[n].elements[entry] = x + step
          return noGrad(() => f(...moved.map((each) => constant(each)))).item()
        },
        eps * Math.max(1, Math.abs(x)),
      )
      const tape = elementsOf('gradcheck', gradients[n].value)[entry]
      const error = Math.abs(tape - numeric)
      const excess = error / (atol + rtol * Math.abs(numeric))
      // Written so that a NaN on either side is an excess, too.
      if (!(excess <= Math.max(1, worst.excess)))
        worst = {
          excess: Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess,
          message:
            `gradcheck of ${what}: argument ${n} (${formatShape(value.shape)}), entry ` +
            `${Math.floor(entry / value.cols)}, ${entry % value.cols}: the tape says ${tape}, differences say ${numeric}`,
        }
    }
  if (worst.message) throw new MatgradError(worst.message)
}
