import { checkInteger, checkNoMore, kind, readerOf, whole } from '@matgrad/core/internal'
import type { Callback } from '../train/callbacks.ts'
import { Bar, formatEpoch, formatLogs } from './bar.ts'
import { endListening, type Interruptible, listen } from './signals.ts'

/** What `progress` writes to: a stream of Node. */
export interface TextStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface ProgressOptions {
  /**
   * After how many epochs a line is written. The last one has a line in any case.
   *
   * @default 1
   */
  readonly every?: number
  /**
   * Where to write.
   *
   * @default process.stdout
   */
  readonly stream?: TextStream
}

const readProgress = readerOf({
  every: whole(1),
  stream: kind<TextStream>(
    'a stream to write to',
    (value) => typeof (value as TextStream | null)?.write === 'function',
  )(),
})

/**
 * Shows how far training is: a line for every `every`-th epoch and the last, with what was measured and the seconds of
 * that epoch. On a terminal there is a bar below them, for each epoch. There, Ctrl-C ends the training as `stop` does:
 * after the batch, and `fit` gives its history; a second Ctrl-C ends the process. The terminal has its cursor and wraps
 * its lines again however the process ends, but by a signal that cannot be heard. Where the program listens to SIGINT
 * itself, Ctrl-C is left to it.
 *
 * Defaults: every 1, stream process.stdout.
 *
 * @throws ShapeError unless every is at least 1; DTypeError for other options.
 */
export function progress(options?: ProgressOptions, ...more: []): Callback {
  checkNoMore('progress', 'options', more)
  const { every, stream = process.stdout } = readProgress('progress', options)
  checkInteger('progress', 'every', every, 1, Number.MAX_SAFE_INTEGER)
  const isTerminal = stream.isTTY === true
  let bar: Bar | undefined
  let interruptible: Interruptible
  let began = 0
  /** The line of the last epoch, while it is not written. */
  let line: (() => string) | undefined
  const write = (text: string): void => {
    bar?.remove()
    stream.write(text)
  }
  const writeLine = (): void => {
    if (line) write(line())
    line = undefined
  }
  const lines: Callback = {
    onTrainBegin(training) {
      line = undefined
      if (!isTerminal) return
      const own = new Bar(stream as NodeJS.WriteStream, training)
      bar = own
      interruptible = {
        restore: () => own.remove(),
        stop() {
          training.stop()
          write('The training ends; Ctrl-C again ends the process.\n')
        },
      }
      listen(interruptible)
    },
    onEpochBegin(epoch) {
      began = performance.now()
      bar?.beginEpoch(epoch)
    },
    onEpochEnd(epoch, logs, { epochs }) {
      const seconds = (performance.now() - began) / 1000
      line = () => `${formatEpoch(epoch, epochs)}  ${formatLogs(logs)}  ${seconds.toFixed(1)} s\n`
      bar?.endEpoch(logs)
      if ((epoch + 1) % every === 0 || epoch + 1 === epochs) writeLine()
    },
    async onTrainEnd() {
      bar?.remove()
      writeLine()
      if (isTerminal) await endListening(interruptible)
    },
  }
  // Who has no onBatchEnd does not keep a training waiting.
  return isTerminal ? { ...lines, onBatchEnd: (batch, { loss }) => bar?.endBatch(batch, loss) } : lines
}
