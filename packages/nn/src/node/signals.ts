/** The signals that end a process which does not listen to them. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * So many milliseconds after a SIGINT another is the same Ctrl-C: npm sends its script what the terminal has sent
 * already.
 */
const TWICE = 200

/** Something that ends early when it is asked, and has changed the terminal. */
export interface Interruptible {
  /** Gives the terminal back as it was. */
  restore(): void
  /** Asks it to end. */
  stop(): void
}

/** Those that run. */
const running = new Set<Interruptible>()
/** When they were asked to end. */
let asked: number | undefined

/** Lets the event loop hear what has arrived: it looks for it between two of these. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

const restore = (): void => {
  for (const each of running) each.restore()
}

/** Who listens to a signal keeps it from its work: it is sent again unless others listen, too, whose it then is. */
function hear(signal: NodeJS.Signals): void {
  restore()
  if (process.listenerCount(signal) > 1) return
  const now = performance.now()
  if (signal === 'SIGINT') {
    if (asked === undefined) {
      asked = now
      for (const each of running) each.stop()
      return
    }
    if (now - asked < TWICE) return
  }
  listenNoMore()
  process.kill(process.pid, signal)
}

function listenNoMore(): void {
  for (const signal of SIGNALS) process.removeListener(signal, hear)
  process.removeListener('exit', restore)
}

/**
 * From now on the first Ctrl-C asks this and all others that run to end, and a second one ends the process, as SIGTERM
 * and SIGHUP do; the terminal is given back before. Signals that others listen to are left to them.
 */
export function listen(one: Interruptible): void {
  if (running.size === 0) {
    for (const signal of SIGNALS) process.on(signal, hear)
    process.on('exit', restore)
  }
  running.add(one)
}

/** Ends that, once what has arrived is heard: a signal is lost where nobody listens any more before that. */
export async function endListening(one: Interruptible): Promise<void> {
  if (!running.has(one)) return
  await turn()
  running.delete(one)
  if (running.size > 0) return
  asked = undefined
  listenNoMore()
}
