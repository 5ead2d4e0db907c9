import type { DType } from '../base/dtype.ts'
import { createEngine, dropIdle, type Engine, getEngine, nameOf, usesFma } from './engine.ts'

// Threads run the same kernels on one shared memory. Work comes in batches of parts that do not depend on one another; every
// thread, this one included, takes the next part that is left until none is. A worker that has not started yet, or that the
// machine is not running at the moment, takes none, and nobody waits for it.
//
// Parts are numbered through all batches, modulo 2³², so that a worker cannot mistake one batch for another: it takes a
// part by raising the number of the next one, which fails if anything has happened since it looked.

/** The work for which copying operands to the shared memory and waking the workers pays, in multiplications. */
const WORTHWHILE = 160 ** 3
/** The same for a compiled program, whose operands are there already. */
const PROGRAM_WORTHWHILE = 100 ** 3
/** The most threads that 'auto' means, because starting more takes longer than a toy network trains, and that can be had. */
const MOST_AUTO = 8
export const MOST_THREADS = 64
/**
 * Workers give back the memory of programs only when they end, because nothing makes them collect garbage, nor tells whoever
 * never yields to the event loop what is garbage. So they end, and others start, when they would hold more than this
 * many bytes and more than twice what programs hold that earlier workers had, too, and that therefore live.
 */
const MOST_HELD = 2 ** 26
/** What a program takes in a worker beside the memory of its arena, about. */
const PROGRAM_BYTES = 2 ** 15
/** The most calls in the shared memory at once, and the numbers that one takes: its kernel and up to 15 arguments. */
const CALLS = 256
const CALL = 16
const CONTROL_BYTES = 64

/** The words of the control block. */
const WORD = {
  /** Raised when there is something to do: workers that sleep wait for it to change. */
  wake: 0,
  /** The number of the next part, where they end for now, and how many are done. */
  next: 1,
  limit: 2,
  done: 3,
  /** Which parts these are: the number of a table of functions, and that of the part that is the first of the table. */
  table: 4,
  base: 5,
  /** How many messages were sent to each worker: they bring tables. */
  sent: 6,
  /** How many workers sleep, and whether the main thread does. */
  asleep: 7,
  waiting: 8,
  /** How many workers have started. */
  started: 9,
}

/** How often to look for work, or for the others to be done, before going to sleep: some dozen microseconds. */
const SPINS = 3000

// What a worker runs, as text: a bundler would not find a file. Messages reach it only while it is not at work.
const WORKER = `
const WORD = ${JSON.stringify(WORD)}
const tables = new Map()
const arenas = new Map()
let words
let received = 0
function kernelsOf({ modules, memory, workspace }) {
  const kernels = {}
  for (const module of modules) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    exports.workspace.value = workspace
    Object.assign(kernels, exports)
  }
  return kernels
}
function receive(message) {
  received++
  if (message.control !== undefined) {
    const { memory, control, names } = message
    const kernels = kernelsOf(message)
    const calls = new Float64Array(memory.buffer, control + ${CONTROL_BYTES}, ${CALLS * CALL})
    words = new Int32Array(memory.buffer, control, ${CONTROL_BYTES / 4})
    tables.set(0, (part) => {
      const [kernel, ...args] = calls.subarray(part * ${CALL}, (part + 1) * ${CALL})
      kernels[names[kernel]](...args)
    })
    Atomics.add(words, WORD.started, 1)
  } else {
    const { arena, table, memory, program } = message
    if (!arenas.has(arena)) arenas.set(arena, kernelsOf(message))
    const host = () => {}
    const { exports } = new WebAssembly.Instance(program, { env: { ...arenas.get(arena), memory, host } })
    tables.set(table, (part) => exports[part]())
  }
  work()
}
function work() {
  while (Atomics.load(words, WORD.sent) === received) {
    const wake = Atomics.load(words, WORD.wake)
    for (let spins = 0; spins < ${SPINS}; spins++) {
      const next = Atomics.load(words, WORD.next)
      if (((Atomics.load(words, WORD.limit) - next) | 0) <= 0) continue
      const run = tables.get(Atomics.load(words, WORD.table))
      if (!run || Atomics.compareExchange(words, WORD.next, next, (next + 1) | 0) !== next) continue
      run((next - Atomics.load(words, WORD.base)) | 0)
      Atomics.add(words, WORD.done, 1)
      if (Atomics.load(words, WORD.waiting)) Atomics.notify(words, WORD.done)
      spins = 0
    }
    Atomics.add(words, WORD.asleep, 1)
    Atomics.wait(words, WORD.wake, wake)
    Atomics.sub(words, WORD.asleep, 1)
  }
}
if (typeof require === 'function') require('node:worker_threads').parentPort.on('message', receive)
else onmessage = ({ data }) => receive(data)
`

interface WorkerHandle {
  postMessage(message: object): void
  terminate(): unknown
}

/** What workers need to run the parts of a program. */
export interface Parts {
  readonly program: WebAssembly.Module
  readonly engine: Engine
}

/** A pool of workers: an engine on shared memory that runs calls on all of them, and how to end them. */
interface Pool {
  /** Which of all pools it is, from 1 on. */
  readonly number: number
  readonly engine: Engine
  /** Whether all workers have started: what is sent to others waits, and so does their end. */
  isReady(): boolean
  /** Lets the workers have a program, one that an earlier pool had where `again`; the number of the table of its parts. */
  share(parts: Parts, again: boolean): number
  /** Whether the workers would then hold too much. */
  isFull(parts: Parts, again: boolean): boolean
  /** Runs the parts of a table from one number to another, in any order. */
  run(table: number, parts: readonly (() => void)[], from: number, to: number): void
  /** Hears that so many bytes that the workers hold are garbage. */
  waste(bytes: number): void
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

let url: string | undefined

/**
 * Starts a worker that keeps no process alive.
 *
 * @param failed what to do if it turns out later that it cannot run
 * @throws where that is known at once.
 */
function startWorker(failed: () => void): WorkerHandle {
  const node = nodeModule<NodeWorkers>('node:worker_threads')
  if (node) {
    const worker = new node.Worker(WORKER, { eval: true, execArgv: [] })
    worker.on('error', failed)
    worker.unref()
    return worker
  }
  url ??= URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }))
  const worker = new Worker(url)
  worker.onerror = (event) => {
    event.preventDefault()
    failed()
  }
  return worker
}

/** Starts so many workers for the pool of this number, or ends those that did start and throws. */
function startWorkers(count: number, number: number): WorkerHandle[] {
  const workers: WorkerHandle[] = []
  // Made here, because workers keep it until the event loop hears of their end, and with it what a pool's functions keep.
  const failed = (): void => {
    if (pool?.number === number) giveUp()
  }
  try {
    while (workers.length < count) workers.push(startWorker(failed))
  } catch (error) {
    for (const worker of workers) worker.terminate()
    throw error
  }
  return workers
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
    Atomics.wait(words, WORD.wake, -1, 0)
    return true
  } catch {
    return false
  }
}

/** Where a worker packs its operands: each has a workspace of its own, above that of the main thread. */
const workspaceOf = ({ workspace, workspaceBytes }: Engine, worker: number): number =>
  workspace + (worker + 1) * workspaceBytes

/** The last pool that had the memory of an arena, and under which number. */
interface Place {
  pool: number
  arena: number
  readonly bytes: number
}

const places = new WeakMap<Engine, Place>()

/** Tells the pool that what its workers hold is garbage here. */
const collected = new FinalizationRegistry<Place>((place) => {
  if (pool?.number === place.pool) pool.waste(place.bytes)
})

function placeOf(engine: Engine): Place {
  const known = places.get(engine)
  if (known) return known
  const place = { pool: 0, arena: 0, bytes: engine.memory.buffer.byteLength }
  places.set(engine, place)
  collected.register(engine, place)
  return place
}

let pools = 0

/** @throws where a worker cannot start, or memory cannot be had. */
function startPool(threads: number): Pool {
  const number = ++pools
  const sharedBytes = CONTROL_BYTES + CALLS * CALL * 8
  const engine = createEngine(true, usesFma(), (workspaceBytes) => (threads - 1) * workspaceBytes + sharedBytes)
  const { memory, kernels } = engine
  const control = engine.scratch - sharedBytes
  const buffer = memory.buffer as unknown as SharedArrayBuffer
  const words = new Int32Array(buffer, control, CONTROL_BYTES / 4)
  const slots = new Float64Array(buffer, control + CONTROL_BYTES, CALLS * CALL)
  const names = Object.keys(kernels.float32).flatMap((name) => [`${name}_f32`, `${name}_f64`])
  const workers = startWorkers(threads - 1, number)
  const sleeps = maySleep(words)
  let stopped = false

  function wake(): void {
    Atomics.add(words, WORD.wake, 1)
    if (Atomics.load(words, WORD.asleep) > 0) Atomics.notify(words, WORD.wake)
  }

  function send(message: object, of: Engine = engine): void {
    for (const [i, worker] of workers.entries())
      worker.postMessage({ ...message, modules: of.workerModules, memory: of.memory, workspace: workspaceOf(of, i) })
    Atomics.add(words, WORD.sent, 1)
    wake()
  }

  /** Runs parts `from` … `to` − 1 of a table, which this thread can run by `run`. */
  function runParts(table: number, from: number, to: number, run: (part: number) => void): void {
    // A worker that is about to end must not take a part with it.
    if (stopped) {
      for (let part = from; part < to; part++) run(part)
      return
    }
    const start = Atomics.load(words, WORD.limit)
    const limit = (start + to - from) | 0
    const base = (start - from) | 0
    Atomics.store(words, WORD.table, table)
    Atomics.store(words, WORD.base, base)
    Atomics.store(words, WORD.limit, limit)
    wake()
    for (;;) {
      const next = Atomics.load(words, WORD.next)
      if (next === limit) break
      if (Atomics.compareExchange(words, WORD.next, next, (next + 1) | 0) !== next) continue
      run((next - base) | 0)
      Atomics.add(words, WORD.done, 1)
    }
    for (let spins = 0; Atomics.load(words, WORD.done) !== limit; ) {
      if (!sleeps || ++spins < SPINS) continue
      Atomics.store(words, WORD.waiting, 1)
      const done = Atomics.load(words, WORD.done)
      if (done !== limit) Atomics.wait(words, WORD.done, done)
      Atomics.store(words, WORD.waiting, 0)
    }
  }

  function runCalls(kernel: string, dtype: DType, calls: readonly (readonly number[])[]): void {
    const number = names.indexOf(nameOf(kernel, dtype))
    for (const [i, call] of calls.entries()) slots.set([number, ...call], i * CALL)
    runParts(0, 0, calls.length, (part) => kernels[dtype][kernel](...calls[part]))
  }

  let tables = 0
  /** Bytes that the workers hold, those of them that live for certain, and those that do not. */
  let [held, living, wasted] = [0, 0, 0]
  const bytesOf = ({ engine: of }: Parts): number => {
    const place = placeOf(of)
    return PROGRAM_BYTES + (place.pool === number ? 0 : place.bytes)
  }

  const isReady = (): boolean => Atomics.load(words, WORD.started) === workers.length

  function isFull(parts: Parts, again: boolean): boolean {
    const bytes = bytesOf(parts)
    return held > 0 && held + bytes > Math.max(MOST_HELD, 2 * (living + (again ? bytes : 0)))
  }

  function share(parts: Parts, again: boolean): number {
    const { program, engine: of } = parts
    const bytes = bytesOf(parts)
    held += bytes
    if (again) living += bytes
    const table = ++tables
    const place = placeOf(of)
    if (place.pool !== number) Object.assign(place, { pool: number, arena: table })
    const { arena } = place
    send({ arena, table, program }, of)
    return table
  }

  function waste(bytes: number): void {
    wasted += bytes
    if (wasted > MOST_HELD) restartThreads()
  }

  send({ control, names })
  engine.threads = threads
  engine.drop = () => {
    if (pool?.number === number) restartThreads()
  }
  engine.run = (kernel, dtype, calls) => {
    for (let i = 0; i < calls.length; i += CALLS) runCalls(kernel, dtype, calls.slice(i, i + CALLS))
  }
  return {
    ...{ number, engine, isReady, share, isFull, waste },
    run: (table, parts, from, to) => runParts(table, from, to, (part) => parts[part]()),
    stop() {
      stopped = true
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

/** Ends the threads for good: a permission or a limit keeps workers from starting. */
function giveUp(): void {
  restartThreads()
  cores = 0
  console.warn('matgrad: workers cannot start here, so that everything runs on one thread')
}

/** The pool, which starts if it has not: none for one thread. */
function getPool(): Pool | undefined {
  const threads = threadCount()
  if (threads === 1 || pool) return threads === 1 ? undefined : pool
  try {
    pool = startPool(threads)
  } catch {
    giveUp()
  }
  return pool
}

/** The engine for a product of m·n·k multiplications, say `work` of them. */
export function engineFor(work: number): Engine {
  dropIdle()
  return (work < WORTHWHILE ? undefined : getPool()?.engine) ?? getEngine()
}

/** How many threads a product of so many multiplications in a compiled program is divided for. */
export const threadsFor = (work: number): number => (work < PROGRAM_WORTHWHILE ? 1 : threadCount())

/**
 * A function that runs the parts of a program in batches, each of parts that do not depend on one another: on all threads
 * where there are several parts.
 */
export function inThreads(
  parts: readonly (() => void)[],
  batches: readonly (readonly [number, number])[],
  code: Parts,
): () => void {
  /** The number of the pool that has the program, which this must not keep, and of its table there. */
  let [of, table] = [0, 0]
  const getShared = (): Pool | undefined => {
    const known = getPool()
    if (known?.number === of) return known
    if (!known?.isReady()) return undefined
    if (known.isFull(code, of > 0)) {
      restartThreads()
      getPool()
      return undefined
    }
    table = known.share(code, of > 0)
    of = known.number
    return known
  }
  return () => {
    const shared = getShared()
    for (let i = 0; i < batches.length; i++) {
      const [from, to] = batches[i]
      if (shared && to - from > 1) shared.run(table, parts, from, to)
      else for (let part = from; part < to; part++) parts[part]()
    }
  }
}
