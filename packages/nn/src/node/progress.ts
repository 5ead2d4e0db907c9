import { DTypeError } from '@matgrad/core'
import { checkNoMore, describe } from '@matgrad/core/internal'
import { SingleBar } from 'cli-progress'
import type { Callback } from '../train/callbacks.ts'
import type { Logs } from '../train/metrics.ts'

const format = (logs: Logs): string =>
  Object.entries(logs)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join('  ')

/** What `progress` writes to: a stream of Node. */
export interface TextStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** The signals that end a process which does not listen to them. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Lets the event loop hear what has arrived: it looks for it between two of these. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/**
 * Shows how far training is: a bar for each epoch on a terminal, and one line for each epoch when it is over. The terminal has
 * its cursor and wraps its lines again however the process ends, but by a signal that cannot be heard.
 *
 * @param stream where to write; standard output unless given
 * @throws DTypeError for what is no stream.
 */
export function progress(stream: TextStream = process.stdout, ...more: []): Callback {
  checkNoMore('progress', 'stream', more)
  if (typeof stream?.write !== 'function')
    throw new DTypeError(`progress: stream is ${describe(stream)}, wanted a stream to write to`)
  let bar: SingleBar | undefined
  let listens = false
  let began = 0
  const title = (epoch: number, epochs: number): string =>
    `epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`
  const remove = (): void => {
    bar?.stop()
    bar = undefined
  }
  // Through the whole training, as a signal that has arrived is lost where nobody listens any more before it is heard.
  const listen = (): void => {
    if (listens) return
    listens = true
    for (const signal of SIGNALS) process.on(signal, leave)
    process.on('exit', remove)
  }
  const listenNoMore = (): void => {
    listens = false
    for (const signal of SIGNALS) process.removeListener(signal, leave)
    process.removeListener('exit', remove)
  }
  /** Who listens to a signal keeps it from its work: it is sent again unless others listen, too. */
  const leave = (signal: NodeJS.Signals): void => {
    remove()
    listenNoMore()
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  return {
    onEpochBegin(epoch, { epochs, batches }) {
      began = performance.now()
      if (!stream.isTTY) return
      const layout = `${title(epoch, epochs)} {bar} {value}/{total}  loss {loss}  {eta_formatted} left`
      bar = new SingleBar({
        stream: stream as NodeJS.WriteStream,
        format: layout,
        barsize: 24,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
      })
      listen()
      bar.start(batches ?? 0, 0, { loss: '…' })
    },
    onBatchEnd(batch, { loss }) {
      bar?.update(batch + 1, { loss: loss.toFixed(4) })
    },
    onEpochEnd(epoch, logs, { epochs }) {
      remove()
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      stream.write(`${title(epoch, epochs)}  ${format(logs)}  ${seconds} s\n`)
    },
    async onTrainEnd() {
      remove()
      if (!listens) return
      await turn()
      listenNoMore()
    },
  }
}
