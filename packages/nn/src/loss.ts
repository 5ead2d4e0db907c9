import { type PartialLoss, type Reduction, Variable } from '@matgrad/autograd'
import { areOptionsAlone, originalOf, reduce, withOptions } from '@matgrad/autograd/internal'
import { DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import { checkNoMore, describe, elementsOf, formatShape, type Reader, tracer } from '@matgrad/core/internal'
import { type Input, variableOf } from './module.ts'

/**
 * A loss to train with: of predictions and targets, one sample a row, 1x1. Where samples are weighed it is asked for the loss of each
 * one instead, nx1 or nxk, by { reduction: 'none' }.
 */
export type Loss = (prediction: Variable, target: Matrix, options?: { readonly reduction?: Reduction }) => Variable

/** A loss of this package. */
export interface LossFunction<Options> {
  /** The loss with these options, to train with: `loss: huberLoss({ delta: 2 })`. */
  (options: Options): PartialLoss
  (prediction: Input, target: Input, options?: Options, ...more: []): Variable
}

/** The losses of this package, with whether they refuse some targets. */
const known = new Map<unknown, boolean>()

/** Makes a loss known as one of this package: what it does depends on numbers in matrices alone, so that programs may do it. */
export function builtIn<L>(loss: L, { refusesTargets }: { refusesTargets: boolean }): L {
  known.set(loss, refusesTargets)
  return loss
}

/** Whether a loss is one of this package. */
export const isKnownLoss = (loss: Loss): boolean => known.has(originalOf(loss))

/** Whether it is one that refuses targets for their numbers. */
export const refusesTargets = (loss: Loss): boolean => known.get(originalOf(loss)) === true

let looks = true

/** The result of `run`, in which losses of this package look at no number: what they give is then what programs give. */
export function withoutLooking<T>(run: () => T): T {
  const before = looks
  looks = false
  try {
    return run()
  } finally {
    looks = before
  }
}

/** A demand on each number of an operand, which is made where it can be seen: not where a function is traced, or replayed. */
interface Demand {
  readonly accepts: (value: number) => boolean
  readonly wanted: string
}

interface Demands {
  readonly prediction?: Demand
  readonly target?: Demand
}

function checkNumbers(operation: string, name: string, { value }: Variable, { accepts, wanted }: Demand): void {
  const elements = elementsOf(operation, value)
  for (let i = 0; i < elements.length; i++)
    if (!accepts(elements[i])) {
      const [row, col] = [Math.floor(i / value.cols), i % value.cols]
      throw new MatgradError(`${operation}: ${name} ${row}, ${col} is ${elements[i]}, wanted ${wanted}`)
    }
}

function checkValues(operation: string, name: string, value: unknown): void {
  if (!(value instanceof Variable || value instanceof Matrix))
    throw new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted a Variable or a Matrix`)
}

function checkPair(operation: string, prediction: Input, target: Input): void {
  checkValues(operation, 'prediction', prediction)
  checkValues(operation, 'target', target)
  if (prediction.rows !== target.rows || prediction.cols !== target.cols)
    throw new ShapeError(
      `${operation}: prediction is ${formatShape(prediction.shape)}, target is ${formatShape(target.shape)}, wanted the same`,
    )
}

/**
 * The loss of this package that is computed element by element by `losses`, and reduced: a prediction and a target have the
 * same shape. 'batchMean' divides the sum by the number of rows.
 *
 * @internal
 */
export function elementwise<Settings extends { readonly reduction: 'mean' | 'sum' | 'none' | 'batchMean' }>(
  name: string,
  read: Reader<Settings>,
  losses: (prediction: Variable, target: Variable, settings: Settings) => Variable,
  demands: Demands = {},
): LossFunction<object> {
  const loss = (prediction: Input, target: Input, given?: object, ...more: []): Variable | PartialLoss => {
    checkNoMore(name, 'prediction, target, options', more)
    if (areOptionsAlone(prediction, target)) {
      read(name, prediction)
      return withOptions(loss, prediction)
    }
    checkPair(name, prediction, target)
    const settings = read(name, given)
    const operands = { prediction: variableOf(name, prediction), target: variableOf(name, target) }
    if (looks && tracer === null)
      for (const each of ['prediction', 'target'] as const) {
        const demand = demands[each]
        if (demand) checkNumbers(name, each, operands[each], demand)
      }
    const each = losses(operands.prediction, operands.target, settings)
    const { reduction } = settings
    return reduction === 'batchMean' ? each.sum().div(prediction.rows) : reduce(each, reduction)
  }
  Object.defineProperty(loss, 'name', { value: name })
  return builtIn(loss as unknown as LossFunction<object>, { refusesTargets: demands.target !== undefined })
}
