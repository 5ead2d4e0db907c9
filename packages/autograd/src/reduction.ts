import type { Variable } from './variable.ts'

/** What losses make of the loss of each sample. */
export const REDUCTIONS = ['mean', 'sum', 'none'] as const

export type Reduction = (typeof REDUCTIONS)[number]

/** The mean or sum of all elements, or the elements. */
export const reduce = (losses: Variable, reduction: Reduction): Variable =>
  reduction === 'none' ? losses : losses[reduction]()
