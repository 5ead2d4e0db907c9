import { DTypeError } from '@matgrad/core'
import { describe } from '@matgrad/core/internal'
import type { Variable } from './variable.ts'

/** What losses make of the loss of each sample. */
export const REDUCTIONS = ['mean', 'sum', 'none'] as const

export type Reduction = (typeof REDUCTIONS)[number]

/** The mean or sum of all elements, or the elements. @throws DTypeError for another reduction. */
export function reduce(losses: Variable, reduction: Reduction): Variable {
  if (reduction === 'mean') return losses.mean()
  if (reduction === 'sum') return losses.sum()
  if (reduction === 'none') return losses
  throw new DTypeError(`reduce: reduction is ${describe(reduction)}, wanted 'mean', 'sum' or 'none'`)
}
