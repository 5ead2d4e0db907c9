import { DTypeError, type Matrix } from '@matgrad/core'
import { isPlain } from '@matgrad/core/internal'
import type { Variable } from './variable.ts'

/** What losses make of the loss of each sample. */
export const REDUCTIONS = ['mean', 'sum', 'none'] as const

/** The mean of all losses, their sum, or `none`: each of them. */
export type Reduction = (typeof REDUCTIONS)[number]

/** The mean or sum of all elements, or the elements. */
export const reduce = (losses: Variable, reduction: Reduction): Variable =>
  reduction === 'none' ? losses : losses[reduction]()

/** Losses with options of their own, and what they are of. */
const originals = new WeakMap<object, { readonly loss: object; readonly options: object }>()

/** What a loss with options of its own is of; any other is its own. */
export const originalOf = (loss: object): object => originals.get(loss)?.loss ?? loss

/** The options that a loss has of its own. */
export const optionsOf = (loss: object): object => originals.get(loss)?.options ?? {}

/**
 * Whether a loss was called with options alone, which gives a loss that has them.
 *
 * @throws DTypeError where it was called with nothing
 */
export function areOptionsAlone(operation: string, first: unknown, target: unknown): boolean {
  if (first === undefined && target === undefined)
    throw new DTypeError(
      `${operation}: got nothing, wanted a prediction and a target: the loss with its defaults is ${operation}, without ()`,
    )
  return target === undefined && isPlain(first)
}

/** A loss with options of its own. */
export type PartialLoss = (
  prediction: Variable,
  target: Matrix,
  options?: { readonly reduction?: Reduction },
) => Variable

/** A loss that has these options, as they are now, and others that it is given. */
export function withOptions(loss: (...args: never) => unknown, options: object): PartialLoss {
  const own = { ...options }
  const call = loss as unknown as (prediction: unknown, target: unknown, options: object) => Variable
  const partial: PartialLoss = (prediction, target, others) =>
    call(prediction, target, others ? { ...own, ...others } : own)
  Object.defineProperty(partial, 'name', { value: loss.name })
  originals.set(partial, { loss, options: own })
  return partial
}
