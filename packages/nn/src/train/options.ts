import { isPlain, type KindMaker, kind } from '@matgrad/core/internal'
import type { Loss } from '../losses.ts'
import type { Metric } from './metrics.ts'

/** An option that is a loss. */
export const lossOption: KindMaker<Loss> = kind(
  'a function of predictions and targets',
  (value) => typeof value === 'function',
)

/** An option that has metrics by name. */
export const metricsOption: KindMaker<Readonly<Record<string, Metric>>> = kind('functions by name', isPlain)
