import { type PartialLoss, type Reduction, Variable } from '@matgrad/autograd'
import {
  areOptionsAlone,
  checkNumbers,
  type Demand,
  isLooking,
  originalOf,
  reduce,
  withOptions,
} from '@matgrad/autograd/internal'
import { DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import { checkNoMore, describe, formatShape, type Reader } from '@matgrad/core/internal'
import { type Input, isBuiltIn, type Module, variableOf } from './module.ts'
import { nameOf } from './names.ts'

/**
 * A loss to train with: of predictions and targets, one sample a row, 1x1. Where samples are weighed it is asked for the loss
 * of each one instead, nx1 or nxk, by { reduction: 'none' }.
 */
export type Loss = (prediction: Variable, target: Matrix, options?: { readonly reduction?: Reduction }) => Variable

/**
 * A loss of this package, of a prediction and a target of nxk: 1x1, or with the reduction 'none' nxk. `crossEntropy` and `nllLoss`
 * take targets of other shapes.
 */
export interface LossFunction<Options> {
  /** The loss with these options, to train with: `loss: huberLoss({ delta: 2 })`. */
  (options: Options): PartialLoss
  (prediction: Input, target: Input, options?: Options, ...more: []): Variable
}

/** What a loss of this package refuses. */
interface Traits {
  /** Whether it refuses some predictions, or some targets, for their numbers. */
  readonly refuses: { readonly prediction: boolean; readonly target: boolean }
  /** The layers that a model must not end in, by their names, and what fits instead. */
  readonly unfit?: Readonly<Record<string, string>>
}

const known = new Map<unknown, Traits>()

/**
 * Makes a loss known as one of this package: what it does depends on numbers in matrices alone, so that programs may do it. It is
 * given its name, which messages show, and which bundlers change.
 */
export function builtIn<L>(name: string, loss: L, traits: Traits): L {
  Object.defineProperty(loss, 'name', { value: name })
  known.set(loss, traits)
  return loss
}

/** Whether a loss is one of this package. */
export const isKnownLoss = (loss: Loss): boolean => known.has(originalOf(loss))

/** Whether it is one that refuses predictions, or targets, for their numbers. */
export const refuses = (loss: Loss, what: 'prediction' | 'target'): boolean =>
  known.get(originalOf(loss))?.refuses[what] === true

/** A class of this package that says which layer gives what its layers give. */
interface Ending {
  endOf?(layer: Module): Module | undefined
}

/** @throws MatgradError for a model that ends in a layer of this package which gives what the loss does not take. */
export function checkEnd(operation: string, model: Module, loss: Loss): void {
  const unfit = known.get(originalOf(loss))?.unfit
  if (unfit === undefined) return
  const within: Module[] = []
  for (let next: Module | undefined = model; next; next = (next.constructor as Ending).endOf?.(next)) within.push(next)
  const name = nameOf(within.at(-1) as Module)
  if (Object.hasOwn(unfit, name) && within.every(isBuiltIn))
    throw new MatgradError(
      `${operation}: the model ends in ${name}, whose values are not what ${loss.name} takes: ${unfit[name]}`,
    )
}

interface Demands {
  readonly prediction?: Demand
  readonly target?: Demand
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
 * @param demandsOf what is demanded of each number, in the order in which they are looked at
 * @param unfit the layers that a model must not end in, and what fits instead
 *
 * @internal
 */
export function elementwise<Settings extends { readonly reduction: 'mean' | 'sum' | 'none' | 'batchMean' }>(
  name: string,
  read: Reader<Settings>,
  losses: (prediction: Variable, target: Variable, settings: Settings) => Variable,
  demandsOf: (settings: Settings) => Demands = () => ({}),
  unfit?: Traits['unfit'],
): LossFunction<object> {
  const loss = (prediction: Input, target: Input, given?: object, ...more: []): Variable | PartialLoss => {
    checkNoMore(name, 'prediction, target, options', more)
    if (areOptionsAlone(name, prediction, target)) {
      read(name, prediction)
      return withOptions(loss, prediction)
    }
    checkPair(name, prediction, target)
    const settings = read(name, given)
    const operands = { prediction: variableOf(name, prediction), target: variableOf(name, target) }
    if (isLooking())
      for (const [each, demand] of Object.entries(demandsOf(settings)) as [keyof Demands, Demand][])
        checkNumbers(name, each, operands[each], demand)
    const each = losses(operands.prediction, operands.target, settings)
    const { reduction } = settings
    return reduction === 'batchMean' ? each.sum().div(prediction.rows) : reduce(each, reduction)
  }
  const demands = demandsOf(read(name, undefined))
  const refuses = { prediction: demands.prediction !== undefined, target: demands.target !== undefined }
  return builtIn(name, loss as unknown as LossFunction<object>, { refuses, ...(unfit && { unfit }) })
}
