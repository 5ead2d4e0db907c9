import type { DType } from './dtype.ts'
import { createEngine, type Engine, getEngine, sink, usesFma } from './kernels.ts'

// Threads run the same kernels on one shared memory. Work comes as a list of calls that do not depend on one another; every
// thread, this one included, takes the next call that is left until none is. A worker that has not started yet, or that the
// machine is not running at the moment, takes none, and nobody waits for it.

/** The work for which copying operands to the shared memory and waking the workers pays, in multiplications. */
const WORTHWHILE = 160 ** 3
/** The most threads that 'auto' means, because starting more takes longer than a toy network trains, and that can be had. */
const MOST_AUTO = 8
export const MOST_THREADS = 64
/** The most calls in the shared memory at once, and the numbers that one takes: its kernel and up to 15 arguments. */
const CALLS = 256
const CALL = 16
const CONTROL_BYTES = 64

/** The words of the control block: how often there was work, the calls that nobody has taken, those that are done. */
const ROUND = 0
const LEFT = 1
const DONE = 2

/** How often to look whether the others are done before going to sleep: some microseconds. */
const SPINS = 1000

// What a worker runs, as text: a bundler would not find a file.
const WORKER = `
function start({ modules, memory, workspace, control, names }) {
  const kernels = {}
  for (const module of modules) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    exports.workspace.value = workspace
    Object.assign(kernels, exports)
  }
  const words = new Int32Array(memory.buffer, control, 3)
  const calls = new Float64Array(memory.buffer, control + ${CONTROL_BYTES}, ${CALLS * CALL})
  for (let round = 0; ; round = Atomics.load(words, ${ROUND})) {
    Atomics.wait(words, ${ROUND}, round)
    for (let call; (call = Atomics.sub(words, ${LEFT}, 1) - 1) >= 0; ) {
      const [kernel, ...args] = calls.subarray(call * ${CALL}, (call + 1) * ${CALL})
      kernels[names[kernel]](...args)
      Atomics.add(words, ${DONE}, 1)
      Atomics.notify(words, ${DONE})
    }
  }
}
if (typeof require === 'function') start(require('node:worker_threads').workerData)
else onmessage = ({ data }) => start(data)
`

interface WorkerHandle {
  terminate(): unknown
}

/** A pool of workers: an engine on shared memory that runs calls on all of them, and how to end them. */
interface Pool {
  readonly engine: Engine
  stop(): void
}

/** Modules of Node, without an import that a bundler would follow; nothing elsewhere, nor before Node 20.16. */
function nodeModule<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  return process?.getBuiltinModule?.(name) as T | undefined
}

interface NodeWorkers {
  Worker: new (
    source: string,
    options: object,
  ) => WorkerHandle & { unref(): void; on(event: 'error', listener: () => void): void }
}

/** Starts a worker that keeps no process alive. One that cannot run, because a page forbids it, is as one that never starts. */
function startWorker(workerData: object): WorkerHandle {
  const node = nodeModule<NodeWorkers>('node:worker_threads')
  if (node) {
    const worker = new node.Worker(WORKER, { eval: true, workerData, execArgv: [] })
    worker.on('error', () => {})
    worker.unref()
    return worker
  }
  const url = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }))
  const worker = new Worker(url)
  worker.onerror = (event) => event.preventDefault()
  worker.postMessage(workerData)
  return worker
}

/** How many threads this machine runs at once: 0 where memory cannot be shared with workers. */
function countCores(): number {
  const node = nodeModule<{ availableParallelism(): number }>('node:os')
  if (node) return node.availableParallelism()
  const { crossOriginIsolated, Worker, navigator } = globalThis as Partial<typeof globalThis>
  return crossOriginIsolated && Worker ? (navigator?.hardwareConcurrency ?? 1) : 0
}

/** Whether this thread may sleep: a browser's main thread may not. */
function maySleep(words: Int32Array<SharedArrayBuffer>): boolean {
  try {
    Atomics.wait(words, ROUND, -1, 0)
    return true
  } catch {
    return false
  }
}

function startPool(threads: number): Pool {
  const sharedBytes = CONTROL_BYTES + CALLS * CALL * 8
  const engine = createEngine(true, usesFma(), (workspaceBytes) => (threads - 1) * workspaceBytes + sharedBytes)
  const { memory, modules, workspace, workspaceBytes, kernels } = engine
  const control = engine.scratch - sharedBytes
  const buffer = memory.buffer as unknown as SharedArrayBuffer
  const words = new Int32Array(buffer, control, CONTROL_BYTES / 4)
  const slots = new Float64Array(buffer, control + CONTROL_BYTES, CALLS * CALL)
  const names = Object.keys(kernels.float32).flatMap((name) => [`${name}_f32`, `${name}_f64`])
  const workers = Array.from({ length: threads - 1 }, (_, i) =>
    startWorker({ modules, memory, control, names, workspace: workspace + (i + 1) * workspaceBytes }),
  )
  const sleeps = maySleep(words)

  function runBatch(kernel: string, dtype: DType, calls: readonly (readonly number[])[]): void {
    const number = names.indexOf(`${kernel}_${dtype === 'float32' ? 'f32' : 'f64'}`)
    for (const [i, call] of calls.entries()) slots.set([number, ...call], i * CALL)
    Atomics.store(words, DONE, 0)
    Atomics.store(words, LEFT, calls.length)
    Atomics.store(words, ROUND, (words[ROUND] + 1) & 0x7fffffff)
    Atomics.notify(words, ROUND)
    for (let i = Atomics.sub(words, LEFT, 1) - 1; i >= 0; i = Atomics.sub(words, LEFT, 1) - 1) {
      kernels[dtype][kernel](...calls[i])
      Atomics.add(words, DONE, 1)
    }
    let spins = 0
    for (let done = Atomics.load(words, DONE); done < calls.length; done = Atomics.load(words, DONE))
      if (sleeps && ++spins > SPINS) Atomics.wait(words, DONE, done)
  }

  engine.threads = threads
  engine.run = (kernel, dtype, calls) => {
    for (let i = 0; i < calls.length; i += CALLS) runBatch(kernel, dtype, calls.slice(i, i + CALLS))
  }
  return {
    engine,
    stop() {
      for (const worker of workers) worker.terminate()
    },
  }
}

let cores: number | undefined
let wanted: number | 'auto' = 'auto'
let pool: Pool | undefined

/** How many threads large products use. */
export function threadCount(): number {
  cores ??= countCores()
  if (cores === 0) return 1
  return wanted === 'auto' ? Math.min(cores, MOST_AUTO) : wanted
}

/** Ends the threads. They start anew, as many as `threads` and with the present kernels, when there is work. */
export function restartThreads(threads: number | 'auto' = wanted): void {
  pool?.stop()
  pool = undefined
  wanted = threads
}

/** The engine for a product of m·n·k multiplications, say `work` of them. */
export function engineFor(work: number): Engine {
  if (sink !== null) return sink.engine
  if (work < WORTHWHILE) return getEngine()
  const threads = threadCount()
  if (threads === 1) return getEngine()
  pool ??= startPool(threads)
  return pool.engine
}
