import { DTypeError, MatgradError, type Matrix } from '@matgrad/core'
import { checkNoMore, describe } from '@matgrad/core/internal'
import type { Variable } from './variable.ts'

let recording = true

/** Whether operations remember how they came about. */
export const isRecording = (): boolean => recording

/** The result of `run`, called with recording on or off; the former state comes back whatever happens. */
export function withRecording<T>(on: boolean, run: () => T): T {
  const before = recording
  recording = on
  try {
    return run()
  } finally {
    recording = before
  }
}

/**
 * The result of `run`, whose operations record nothing: no gradient flows through them and no memory is held.
 *
 * @throws DTypeError unless `run` is a function; MatgradError if it returns a promise, whose work would go on after
 * recording is back on.
 */
export function noGrad<T>(run: () => T, ...more: []): T {
  checkNoMore('noGrad', 'run', more)
  if (typeof run !== 'function') throw new DTypeError(`noGrad: got ${describe(run)}, wanted a function`)
  const result = withRecording(false, run)
  if (result instanceof Promise)
    throw new MatgradError('noGrad: got an asynchronous function, wanted a synchronous one')
  return result
}

/** Sees what is done with variables and their gradients while a function is traced. */
export interface GradientWatch {
  /** An operation is about to ask whether a variable requires a gradient. */
  usedVariable(variable: Variable): void
  /** A gradient is looked at, or else set, that is `present` so far. */
  usedGradient(variable: Variable, present: Matrix | null, read: boolean): void
  /** A gradient goes back through the operation that gave a variable. */
  wentThrough(variable: Variable): void
}

/** The present watch: null in all but the first call of a compiled function. */
export let gradientWatch: GradientWatch | null = null

/** The result of `run`, called with another watch; the former comes back whatever happens. */
export function withGradientWatch<T>(watch: GradientWatch | null, run: () => T): T {
  const before = gradientWatch
  gradientWatch = watch
  try {
    return run()
  } finally {
    gradientWatch = before
  }
}
