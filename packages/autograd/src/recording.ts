import { MatgradError } from '@matgrad/core'

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
 * @throws MatgradError if `run` returns a promise, whose work would go on after recording is back on.
 */
export function noGrad<T>(run: () => T): T {
  const result = withRecording(false, run)
  if (result instanceof Promise)
    throw new MatgradError('noGrad: got an asynchronous function, wanted a synchronous one')
  return result
}
