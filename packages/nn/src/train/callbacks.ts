import { DTypeError, type Generator } from '@matgrad/core'
import { describe, didYouMean, suggestion, unknownName } from '@matgrad/core/internal'
import type { Module } from '../module.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { Scheduler } from '../optim/scheduler.ts'
import type { Position } from './checkpoint.ts'
import type { History } from './history.ts'
import type { Logs } from './metrics.ts'

/** What a callback sees of the training. */
export interface Training {
  readonly model: Module
  readonly optimizer: Optimizer
  /** The schedules of its learning rates. */
  readonly scheduler: readonly Scheduler[]
  /** Draws the order of the samples, if it is not the default generator. */
  readonly generator?: Generator
  readonly epochs: number
  /** Batches in an epoch; undefined where it is not known, as they come one after another. */
  readonly batches: number | undefined
  /** Samples that are trained in an epoch; undefined as well. */
  readonly samples: number | undefined
  readonly history: History
  /** How many epochs are over, and how many batches of the present one: one that is cut is not over. */
  readonly epoch: number
  readonly batch: number
  /** Whether `stop` ended the last epoch before its last batch. */
  readonly isCut: boolean
  /** What a checkpoint needs beside matrices. @internal */
  readonly position: Position
  /**
   * Ends the training: no further batch is trained. In `onBatchEnd` it ends the epoch, too, whose logs are then of the
   * batches so far; the validation data are evaluated, the scheduler makes its step and `onEpochEnd` is called as at the
   * end of any epoch. In `onEpochBegin` it ends the training before that epoch, which has no logs and no `onEpochEnd`.
   */
  stop(): void
}

/** Functions that are called while a model learns, and waited for; epochs and batches count from 0. */
export interface Callback {
  onTrainBegin?(training: Training): void | Promise<void>
  onEpochBegin?(epoch: number, training: Training): void | Promise<void>
  /** `loss` is the mean over the epoch so far. */
  onBatchEnd?(batch: number, logs: { loss: number }, training: Training): void | Promise<void>
  onEpochEnd?(epoch: number, logs: Logs, training: Training): void | Promise<void>
  /** Called however the training ends, if it began: after the last epoch, by `stop`, or by an error or the signal. */
  onTrainEnd?(training: Training): void | Promise<void>
}

const MEMBERS = ['onTrainBegin', 'onEpochBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainEnd'] as const
/** Words of a member's name after `on`. */
const WORDS = /^on_+(.*_)?(train|epoch|batch|begin|start|end)(_|$)/

/** The names of an object's own members and of those of its classes. */
function* membersOf(callback: object): Iterable<string> {
  for (let each = callback; each && each !== Object.prototype; each = Object.getPrototypeOf(each))
    yield* Object.getOwnPropertyNames(each)
}

/** Whether somebody who calls a member so will expect it to be called. */
function looksLikeMember(name: string): boolean {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return WORDS.test(words) || (/^on/i.test(name) && suggestion(name, MEMBERS) !== undefined)
}

/** @throws DTypeError for what is no object, a member that is no function, and one whose name is nearly that of another. */
export function checkCallbacks(operation: string, callbacks: readonly unknown[]): void {
  for (const [i, callback] of callbacks.entries()) {
    const what = `${operation}: callback ${i}`
    if (callback instanceof Scheduler)
      throw new DTypeError(`${what} is ${describe(callback)}, wanted it as the option scheduler`)
    if (typeof callback !== 'object' || callback === null || Array.isArray(callback))
      throw new DTypeError(
        `${what} is ${describe(callback)}, wanted an object with functions${didYouMean(made(callback))}`,
      )
    for (const name of MEMBERS) {
      const member = (callback as Record<string, unknown>)[name]
      if (member !== undefined && typeof member !== 'function')
        throw new DTypeError(`${what}: ${name} is ${describe(member)}, wanted a function`)
    }
    for (const name of membersOf(callback))
      if (!(MEMBERS as readonly string[]).includes(name) && looksLikeMember(name))
        throw unknownName(what, name, MEMBERS)
  }
}

/** How what may make a callback is called. */
function made(maker: unknown): string | undefined {
  if (typeof maker !== 'function' || !maker.name) return undefined
  return /^class\b/.test(Function.prototype.toString.call(maker)) ? `new ${maker.name}()` : `${maker.name}()`
}

/** Throws the first of the errors, if there is one, as it is; an object has the later ones in `suppressed`. */
export function throwFirst(errors: readonly unknown[]): void {
  if (errors.length === 0) return
  const [first, ...suppressed] = errors
  if (suppressed.length > 0 && Object.isExtensible(first)) Object.assign(first as object, { suppressed })
  throw first
}
