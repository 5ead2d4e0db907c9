// What a worker runs. It gets there as text, worker.generated.ts, because a bundler would not find a file. Messages reach it
// only while it is not at work.

import { CALL, CALLS, CONTROL_BYTES, SPINS, WORD } from './control.ts'
import { nodeModule } from './node.ts'

/** What workers hear: once where the words are, and the kernels that calls name by number; then of each program. */
export type News =
  | { readonly control: number; readonly names: readonly string[] }
  | { readonly arena: number; readonly table: number; readonly program: WebAssembly.Module }

/** What the kernels for it are made of: on which memory, and where in it their workspace is. */
interface KernelSource {
  readonly modules: readonly WebAssembly.Module[]
  readonly memory: WebAssembly.Memory
  readonly workspace: number
}

type Functions = Record<string, (...args: number[]) => void>

const tables = new Map<number, (part: number) => void>()
const arenas = new Map<number, Functions>()
let words: Int32Array
let received = 0

function kernelsOf({ modules, memory, workspace }: KernelSource): Functions {
  const kernels: Functions = {}
  for (const module of modules) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    ;(exports.workspace as WebAssembly.Global).value = workspace
    Object.assign(kernels, exports)
  }
  return kernels
}

function receive(message: News & KernelSource): void {
  received++
  const { memory } = message
  if ('control' in message) {
    const { control, names } = message
    const kernels = kernelsOf(message)
    const calls = new Float64Array(memory.buffer, control + CONTROL_BYTES, CALLS * CALL)
    words = new Int32Array(memory.buffer, control, CONTROL_BYTES / 4)
    tables.set(0, (part) => {
      const [kernel, ...args] = calls.subarray(part * CALL, (part + 1) * CALL)
      kernels[names[kernel]](...args)
    })
    Atomics.add(words, WORD.started, 1)
  } else {
    const { arena, table, program } = message
    const kernels = arenas.get(arena) ?? kernelsOf(message)
    arenas.set(arena, kernels)
    const { exports } = new WebAssembly.Instance(program, { env: { ...kernels, memory, host() {} } })
    tables.set(table, (part) => (exports as Functions)[part]())
  }
  work()
}

function work(): void {
  while (Atomics.load(words, WORD.sent) === received) {
    const wake = Atomics.load(words, WORD.wake)
    for (let spins = 0; spins < SPINS; spins++) {
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

interface Port {
  readonly parentPort: { on(event: 'message', listener: typeof receive): void }
}

const node = nodeModule<Port>('node:worker_threads')
if (node) node.parentPort.on('message', receive)
else globalThis.onmessage = ({ data }: MessageEvent): void => receive(data)
