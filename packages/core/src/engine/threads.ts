import type { DType } from '../base/dtype.ts'
import { CALL, CALLS, CONTROL_BYTES, SPINS, WORD } from './control.ts'
import { createEngine, dropIdle, type Engine, fused, getEngine, nameOf } from './engine.ts'
import { nodeModule } from './node.ts'
import { WORKER } from './worker.generated.ts'
import type { News } from './worker.ts'

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
interface WorkerHandle {
  postMessage(message: object): void
  terminate(): unknown
}

/** What workers need to run the parts of a program. @internal */
export interface ProgramParts {
  readonly program: WebAssembly.Module
  readonly engine: Engine
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
interface Holding {
  pool: number
  arena: number
  readonly bytes: number
}

const holdings = new WeakMap<Engine, Holding>()

/** Tells the pool that what its workers hold is garbage here. */
const collected = new FinalizationRegistry<Holding>((holding) => {
  if (pool?.number === holding.pool) pool.waste(holding.bytes)
})

function holdingOf(engine: Engine): Holding {
  const known = holdings.get(engine)
  if (known) return known
  const holding = { pool: 0, arena: 0, bytes: engine.memory.buffer.byteLength }
  holdings.set(engine, holding)
  collected.register(engine, holding)
  return holding
}

let pools = 0

/** Workers, and an engine on shared memory that runs calls on all of them. */
class WorkerPool {
  /** Which of all pools it is, from 1 on. */
  readonly number: number
  readonly engine: Engine
  private readonly workers: readonly WorkerHandle[]
  private readonly words: Int32Array<SharedArrayBuffer>
  private readonly slots: Float64Array
  private readonly names: readonly string[]
  private readonly sleeps: boolean
  private stopped = false
  private tables = 0
  /** Bytes that the workers hold, those of them that live for certain, and those that do not. */
  private held = 0
  private living = 0
  private wasted = 0

  /** @throws where a worker cannot start, or memory cannot be had. */
  constructor(threads: number) {
    this.number = ++pools
    const sharedBytes = CONTROL_BYTES + CALLS * CALL * 8
    const engine = createEngine(true, fused, (workspaceBytes) => (threads - 1) * workspaceBytes + sharedBytes)
    const control = engine.scratch - sharedBytes
    const buffer = engine.memory.buffer as unknown as SharedArrayBuffer
    this.engine = engine
    this.words = new Int32Array(buffer, control, CONTROL_BYTES / 4)
    this.slots = new Float64Array(buffer, control + CONTROL_BYTES, CALLS * CALL)
    this.names = Object.keys(engine.kernels.float32).flatMap((name) => [`${name}_f32`, `${name}_f64`])
    this.workers = startWorkers(threads - 1, this.number)
    this.sleeps = maySleep(this.words)
    this.send({ control, names: this.names })
    engine.threads = threads
    engine.drop = () => {
      if (pool === this) restartThreads()
    }
    engine.run = (kernel, dtype, calls) => {
      for (let i = 0; i < calls.length; i += CALLS) this.runCalls(kernel, dtype, calls.slice(i, i + CALLS))
    }
  }

  /** Whether all workers have started: what is sent to others waits, and so does their end. */
  get isReady(): boolean {
    return Atomics.load(this.words, WORD.started) === this.workers.length
  }

  private wake(): void {
    Atomics.add(this.words, WORD.wake, 1)
    if (Atomics.load(this.words, WORD.asleep) > 0) Atomics.notify(this.words, WORD.wake)
  }

  private send(news: News, engine = this.engine): void {
    const { workerModules: modules, memory } = engine
    for (const [i, worker] of this.workers.entries())
      worker.postMessage({ ...news, modules, memory, workspace: workspaceOf(engine, i) })
    Atomics.add(this.words, WORD.sent, 1)
    this.wake()
  }

  /** Runs parts `from` … `to` − 1 of a table, in any order, which this thread can run by `run`. */
  run(table: number, from: number, to: number, run: (part: number) => void): void {
    const { words, sleeps } = this
    // A worker that is about to end must not take a part with it.
    if (this.stopped) {
      for (let part = from; part < to; part++) run(part)
      return
    }
    const start = Atomics.load(words, WORD.limit)
    const limit = (start + to - from) | 0
    const base = (start - from) | 0
    Atomics.store(words, WORD.table, table)
    Atomics.store(words, WORD.base, base)
    Atomics.store(words, WORD.limit, limit)
    this.wake()
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

  private runCalls(kernel: string, dtype: DType, calls: readonly (readonly number[])[]): void {
    const number = this.names.indexOf(nameOf(kernel, dtype))
    const own = this.engine.kernels[dtype][kernel]
    for (const [i, call] of calls.entries()) this.slots.set([number, ...call], i * CALL)
    this.run(0, 0, calls.length, (part) => own(...calls[part]))
  }

  private bytesOf({ engine }: ProgramParts): number {
    const holding = holdingOf(engine)
    return PROGRAM_BYTES + (holding.pool === this.number ? 0 : holding.bytes)
  }

  /** Whether the workers would hold too much with a program, one that an earlier pool had where `again`. */
  isFull(parts: ProgramParts, again: boolean): boolean {
    const bytes = this.bytesOf(parts)
    return this.held > 0 && this.held + bytes > Math.max(MOST_HELD, 2 * (this.living + (again ? bytes : 0)))
  }

  /** Lets the workers have such a program; the number of the table of its parts. */
  share(parts: ProgramParts, again: boolean): number {
    const bytes = this.bytesOf(parts)
    this.held += bytes
    if (again) this.living += bytes
    const table = ++this.tables
    const holding = holdingOf(parts.engine)
    if (holding.pool !== this.number) Object.assign(holding, { pool: this.number, arena: table })
    this.send({ arena: holding.arena, table, program: parts.program }, parts.engine)
    return table
  }

  /** Hears that so many bytes that the workers hold are garbage. */
  waste(bytes: number): void {
    this.wasted += bytes
    if (this.wasted > MOST_HELD) restartThreads()
  }

  stop(): void {
    this.stopped = true
    for (const worker of this.workers) worker.terminate()
  }
}

let cores: number | undefined
let wanted: number | 'auto' = 'auto'
let pool: WorkerPool | undefined

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
function getPool(): WorkerPool | undefined {
  const threads = threadCount()
  if (threads === 1) return undefined
  try {
    pool ??= new WorkerPool(threads)
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
 *
 * @internal
 */
export function inThreads(
  parts: readonly (() => void)[],
  batches: readonly (readonly [number, number])[],
  code: ProgramParts,
): () => void {
  /** The number of the pool that has the program, which this must not keep, and of its table there. */
  let [of, table] = [0, 0]
  const getShared = (): WorkerPool | undefined => {
    const known = getPool()
    if (known?.number === of) return known
    if (!known?.isReady) return undefined
    if (known.isFull(code, of > 0)) {
      restartThreads()
      getPool()
      return undefined
    }
    table = known.share(code, of > 0)
    of = known.number
    return known
  }
  const run = (part: number): void => parts[part]()
  return () => {
    const shared = getShared()
    for (let i = 0; i < batches.length; i++) {
      const [from, to] = batches[i]
      if (shared && to - from > 1) shared.run(table, from, to, run)
      else for (let part = from; part < to; part++) run(part)
    }
  }
}
