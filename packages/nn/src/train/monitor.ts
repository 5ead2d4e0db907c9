import { MatgradError } from '@matgrad/core'
import { didYouMean, listNames, shorten, suggestion } from '@matgrad/core/internal'
import { type Mode, modeByName } from '../mode.ts'
import type { Training } from './callbacks.ts'

/** What is watched in the logs of a training. */
export interface Monitor {
  readonly name: string
  /** Whether a value is better than the best so far, if there is one, by more than `minDelta`. NaN never is. */
  isBetter(value: number, best: number | null, minDelta?: number): boolean
}

/**
 * What a callback of this name watches in a training that begins: the loss of the validation data unless it was told, or
 * without them the loss; the better is what its name says unless it was told.
 *
 * @throws MatgradError for a name that will not be in the logs, and for one that says nothing.
 */
export function monitorOf(operation: string, { history }: Training, monitor?: string, mode?: Mode): Monitor {
  const names = Object.keys(history)
  const name = monitor ?? (names.includes('valLoss') ? 'valLoss' : 'loss')
  if (!names.includes(name))
    throw new MatgradError(
      `${operation}: monitor is ${shorten(name)}, wanted one of ${listNames(names)}${didYouMean(suggestion(name, names))}`,
    )
  const better = mode ?? modeByName(name)
  if (better === undefined)
    throw new MatgradError(`${operation}: mode is undefined for ${shorten(name)}, wanted 'min' or 'max'`)
  const isBetter: Monitor['isBetter'] =
    better === 'min'
      ? (value, best, minDelta = 0) => value + minDelta < (best ?? Number.POSITIVE_INFINITY)
      : (value, best, minDelta = 0) => value - minDelta > (best ?? Number.NEGATIVE_INFINITY)
  return { name, isBetter }
}
