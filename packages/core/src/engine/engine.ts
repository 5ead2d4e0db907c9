import type { DType } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import { kernels as allKernels, type ModuleSource } from './kernels.generated.ts'
import { nodeModule } from './node.ts'
import { PREAMBLE, sectionsOf } from './sections.ts'

interface NodeBuffer {
  Buffer: { from(text: string, encoding: 'base64'): Uint8Array<ArrayBuffer> }
}

/** What a kernel can read or write: matrix data, or the words of a random state. */
export type Operand = Float32Array | Float64Array | Uint32Array

type Kernel = (...args: number[]) => void

/** Bytes of a page of WebAssembly memory. */
export const PAGE = 65536
/** Kernels load whole vectors and tiles, which may reach this many bytes beyond the last operand. */
export const SLACK = 256
/**
 * An engine whose scratch memory has grown beyond this many bytes is dropped once no call has needed as much for so many
 * milliseconds: a memory cannot shrink, and filling a new one costs a large product a hundredth of its time. An idle timer
 * sees to it, or, where nobody yields to it, every so many calls.
 */
const LARGE = 2 ** 26
const KEPT = 250
const CALLS = 256
/** From this many bytes on, it matters for a copy where in a page of the system its ends are. */
const PAGED = 2048
const HALF_PAGE = 2048
/** Up to this many elements a loop copies faster than `set`. */
const SMALL = 12

/** The name in the module of the kernel that computes in a dtype. */
export const nameOf = (kernel: string, dtype: DType): string => `${kernel}_${dtype === 'float32' ? 'f32' : 'f64'}`

/** The kernels on a memory of their own. Operands are copied to where `scratch` begins, and results back from there. */
export interface Engine {
  /** Whether its memory is shared with workers. */
  readonly shared: boolean
  /** What workers make their kernels of on this memory. @internal */
  readonly workerModules: readonly WebAssembly.Module[]
  /** @internal */
  readonly memory: WebAssembly.Memory
  /** What the modules export, by the names there. @internal */
  readonly functions: WebAssembly.Exports
  /** The kernels that compute in a dtype, by name. */
  readonly kernels: Readonly<Record<DType, Readonly<Record<string, Kernel>>>>
  /** Where the kernels' own data end and their workspace begins. */
  readonly workspace: number
  readonly workspaceBytes: number
  readonly scratch: number
  /** How far calls may use the memory without asking: to its end, or as far as it is not large. */
  end: number
  /** The memory's buffer, which it takes longer to be asked for, and views of it. */
  buffer: ArrayBufferLike
  f32: Float32Array
  f64: Float64Array
  u32: Uint32Array
  /** How many threads `run` uses. */
  threads: number
  /** Makes calls of one kernel that do not depend on one another, in any order. */
  run(kernel: string, dtype: DType, calls: readonly (readonly number[])[]): void
  /** Lets the next call have another engine. */
  drop(): void
}

/**
 * The bytes of a module. In Node its own decoder takes a tenth of the time of a loop, and a loop a tenth of that of
 * `Uint8Array.from`.
 */
function decode({ base64 }: ModuleSource): Uint8Array<ArrayBuffer> {
  const node = nodeModule<NodeBuffer>('node:buffer')
  if (node) return node.Buffer.from(base64, 'base64')
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** The same for a memory of one thread. */
function decodeAlone(source: ModuleSource): Uint8Array<ArrayBuffer> {
  const bytes = decode(source)
  bytes[source.sharedFlag] = 1
  return bytes
}

/**
 * For whom a module is: for a memory of one thread, for one that is shared with workers, or for those workers. An instance
 * writes the tables of its kernels into its memory, which on a memory where others compute already must not happen.
 */
type Audience = 'alone' | 'shared' | 'worker'

const compiled = new Map<ModuleSource, Partial<Record<Audience, WebAssembly.Module>>>()

/** A module, which is compiled once: what V8 has optimised serves every instance. */
function moduleOf(source: ModuleSource, audience: Audience): WebAssembly.Module {
  const modules = compiled.get(source) ?? {}
  compiled.set(source, modules)
  const known = modules[audience]
  if (known) return known
  const bytes = audience === 'alone' ? decodeAlone(source) : decode(source)
  modules[audience] = new WebAssembly.Module(audience === 'worker' ? withoutData(bytes) : bytes)
  return modules[audience]
}

/** Sections with what a module writes to its memory at the start. */
const [DATA, DATA_COUNT] = [11, 12]

/** A module without that, in the place of its bytes. */
function withoutData(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let top = PREAMBLE
  for (const { id, bytes: section } of sectionsOf(bytes)) {
    if (id === DATA || id === DATA_COUNT) continue
    bytes.set(section, top)
    top += section.length
  }
  return bytes.subarray(0, top)
}

/** The bytes of the kernels for a memory of one thread. @internal */
export const kernelBytes = (): Uint8Array<ArrayBuffer> => decodeAlone(allKernels)

/** Whether what runs this has the instructions of a module. */
export const isRunnable = (source: ModuleSource): boolean => WebAssembly.validate(decode(source))

/**
 * A buffer that goes when a shared memory goes: V8 counts no shared memory as a reason to collect garbage, so that dropped
 * ones would pile up by the gigabyte. A resizable buffer comes from the system, page by page when it is written to, and none
 * of these ever is. It has twice the bytes of the memory: what V8 lets pile up, 64 MB, is then 32 of memory.
 */
const ballasts = new WeakMap<WebAssembly.Memory, ArrayBuffer>()

/** Adds pages to a memory, if any, and gives a shared one its ballast. @throws where the pages cannot be had. */
function grow(memory: WebAssembly.Memory, pages: number): void {
  // V8 accesses the elements of all arrays more slowly once a buffer was detached, which growing by 0 does, too.
  if (pages > 0) memory.grow(pages)
  const { buffer } = memory
  if (buffer instanceof ArrayBuffer) return
  const bytes = 2 * (buffer as SharedArrayBuffer).byteLength
  try {
    ballasts.set(memory, Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: bytes }]))
  } catch {
    // Memory so large goes later, but goes.
  }
}

/**
 * The kernels on a new memory, shared with threads or not, with the product that `fused` has, if there is such a module.
 * Above the workspace of these kernels, `reserved(workspaceBytes)` bytes are left out of the scratch memory;
 * the memory has `sizeFor(scratch)` bytes at least, where that begins at `scratch`.
 *
 * @throws where the memory cannot be had.
 */
export function createEngine(
  shared: boolean,
  fused: ModuleSource | null,
  reserved: (workspaceBytes: number) => number,
  sizeFor = (scratch: number): number => scratch,
): Engine {
  const sources = fused ? [allKernels, fused] : [allKernels]
  const modules = sources.map((source) => moduleOf(source, shared ? 'shared' : 'alone'))
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 65536, shared })
  const instances = modules.map((module) => new WebAssembly.Instance(module, { env: { memory } }).exports)
  const numberOf = (name: string): number => (instances[0][name] as WebAssembly.Global).value
  const workspace = numberOf('HEAP')
  const workspaceBytes = numberOf('WORKSPACE_BYTES')
  const scratch = workspace + workspaceBytes + reserved(workspaceBytes)
  const missing = Math.ceil((sizeFor(scratch) - memory.buffer.byteLength) / PAGE)
  grow(memory, missing)
  for (const exports of instances) setWorkspace(exports, workspace)
  const functions: WebAssembly.Exports = Object.assign({}, ...instances)
  const kernels = kernelsOf(functions)
  return {
    shared,
    workerModules: shared ? sources.map((source) => moduleOf(source, 'worker')) : [],
    memory,
    functions,
    kernels,
    workspace,
    workspaceBytes,
    scratch,
    ...viewsOf(memory),
    end: memory.buffer.byteLength,
    threads: 1,
    run(kernel, dtype, calls) {
      for (const call of calls) kernels[dtype][kernel](...call)
    },
    drop() {},
  }
}

function setWorkspace({ workspace }: WebAssembly.Exports, address: number): void {
  ;(workspace as WebAssembly.Global).value = address
}

/** What modules export, by dtype and the names of the kernels. */
function kernelsOf(functions: WebAssembly.Exports): Record<DType, Record<string, Kernel>> {
  const kernels: Record<DType, Record<string, Kernel>> = { float32: {}, float64: {} }
  for (const [name, kernel] of Object.entries(functions)) {
    if (name.endsWith('_f32')) kernels.float32[name.slice(0, -4)] = kernel as Kernel
    if (name.endsWith('_f64')) kernels.float64[name.slice(0, -4)] = kernel as Kernel
  }
  return kernels
}

const extended = new WeakMap<Engine, Engine['kernels']>()

/** The kernels of an engine, with those of one more module, always the same, which is compiled when they are first needed. */
export function extend(engine: Engine, source: ModuleSource): Engine['kernels'] {
  const known = extended.get(engine)
  if (known) return known
  const { exports } = new WebAssembly.Instance(moduleOf(source, 'alone'), { env: { memory: engine.memory } })
  setWorkspace(exports, engine.workspace)
  const own = kernelsOf(exports)
  const { float32, float64 } = engine.kernels
  const all = { float32: { ...float32, ...own.float32 }, float64: { ...float64, ...own.float64 } }
  extended.set(engine, all)
  return all
}

const viewsOf = ({ buffer }: WebAssembly.Memory): Pick<Engine, 'buffer' | 'f32' | 'f64' | 'u32'> => ({
  buffer,
  f32: new Float32Array(buffer),
  f64: new Float64Array(buffer),
  u32: new Uint32Array(buffer),
})

let engine: Engine | undefined
/** The product that rounds once, where it is on. */
export let fused: ModuleSource | null = null

/** The engine of one thread, whose memory is not shared: copying to and from a shared one takes three times as long. */
export function getEngine(): Engine {
  dropIdle()
  return engine ?? startEngine()
}

function startEngine(): Engine {
  const started = createEngine(false, fused, () => 0)
  started.drop = () => {
    if (engine === started) engine = undefined
  }
  engine = started
  return started
}

/** The engines whose memory is large, when a call last needed it, and how many calls there were since. */
const large: Engine[] = []
let needed = 0
let calls = 0
/** Whether such a call has begun, and whether a timer runs. */
let busy = false
let waiting = false

/** Asks now and then whether the large engines are needed. */
export function dropIdle(): void {
  if (large.length > 0 && ++calls % CALLS === 0) dropUnneeded()
}

function dropUnneeded(): void {
  if (performance.now() - needed < KEPT) return
  for (const each of large) each.drop()
  large.length = 0
}

/** Notes that a call needs a large memory. */
function keep(engine: Engine): void {
  if (!large.includes(engine)) large.push(engine)
  needed = performance.now()
  calls = 0
  busy = true
  if (!waiting) dropLater()
}

function dropLater(): void {
  waiting = true
  const timer: unknown = setTimeout(
    () => {
      waiting = false
      dropUnneeded()
      if (large.length > 0) dropLater()
    },
    KEPT + needed - performance.now(),
  )
  // In Node it must not keep the process alive.
  const { unref } = timer as { unref?(): void }
  unref?.call(timer)
}

/** Whether products round each multiplication and addition once. */
export const usesFma = (): boolean => fused !== null

/** Lets products round once, by a module whose users alone need have it, or not. */
export function setFused(source: ModuleSource | null): void {
  if (source !== fused) engine = undefined
  fused = source
}

/** Lets a call use the memory up to `end`. */
function reach(engine: Engine, end: number, kernel: string): void {
  const missing = Math.ceil((end - engine.buffer.byteLength) / PAGE)
  if (missing > 0) {
    try {
      grow(engine.memory, missing)
    } catch {
      throw new MatgradError(`${kernel}: the operands need ${end} bytes of WebAssembly memory, which cannot be had`)
    }
    Object.assign(engine, viewsOf(engine.memory))
  }
  const most = engine.scratch + LARGE
  engine.end = Math.min(most, engine.buffer.byteLength)
  if (end > most) keep(engine)
}

// A small operand is copied by a loop for its type: one for all types would ask at every element which it is.

function copyIn({ f32, f64, u32 }: Engine, data: Operand, address: number): void {
  const { length } = data
  if (data instanceof Float32Array) {
    const start = address >>> 2
    if (length > SMALL) f32.set(data, start)
    else for (let i = 0; i < length; i++) f32[start + i] = data[i]
  } else if (data instanceof Float64Array) {
    const start = address >>> 3
    if (length > SMALL) f64.set(data, start)
    else for (let i = 0; i < length; i++) f64[start + i] = data[i]
  } else u32.set(data, address >>> 2)
}

function copyOut({ buffer, f32, f64 }: Engine, data: Operand, address: number): void {
  const { length } = data
  if (data instanceof Float32Array) {
    const start = address >>> 2
    if (length > SMALL) data.set(new Float32Array(buffer, address, length))
    else for (let i = 0; i < length; i++) data[i] = f32[start + i]
  } else if (data instanceof Float64Array) {
    const start = address >>> 3
    if (length > SMALL) data.set(new Float64Array(buffer, address, length))
    else for (let i = 0; i < length; i++) data[i] = f64[start + i]
  } else data.set(new Uint32Array(buffer, address, length))
}

/** As `byteLength`, which takes far longer where arrays have several types; so would a test that most of them fail. */
const bytesOf = (data: Operand): number =>
  data.length * (data instanceof Float32Array ? 4 : data instanceof Float64Array ? 8 : 4)

/**
 * Where an operand of this length goes if the memory is free from `top` on. The system places large arrays just above the
 * start of a page; a copy whose target is a little further up in its page than its source takes five times as long on some
 * processors, so that ours stay half a page away from both ends of such a copy.
 */
export const startOf = (top: number, bytes: number): number =>
  bytes < PAGED ? top : top + ((HALF_PAGE - top) & (2 * HALF_PAGE - 1))

/**
 * Places outputs, then inputs, in the scratch memory, writes their addresses into `addresses` from its start on, and
 * returns where `more` bytes follow. The inputs are copied there, and the first `inPlace` outputs, which are read as well
 * as written.
 *
 * @throws MatgradError where `kernel` would need more memory than can be had.
 */
export function place(
  engine: Engine,
  kernel: string,
  outputs: readonly Operand[],
  inputs: readonly Operand[],
  inPlace: number,
  more: number,
  addresses: number[],
): number {
  let top = engine.scratch
  for (let i = 0; i < outputs.length + inputs.length; i++) {
    const bytes = bytesOf(i < outputs.length ? outputs[i] : inputs[i - outputs.length])
    const start = startOf(top, bytes)
    addresses[i] = start
    // Not `(bytes + 15) & ~15`, which is negative from 2 GiB on.
    top = start + bytes + (-bytes & 15)
  }
  if (top + more + SLACK > engine.end) reach(engine, top + more + SLACK, kernel)
  for (let i = 0; i < inPlace; i++) copyIn(engine, outputs[i], addresses[i])
  for (let i = 0; i < inputs.length; i++) copyIn(engine, inputs[i], addresses[outputs.length + i])
  return top
}

/** Copies the outputs out of the scratch memory, from where `place` put them. */
export function collect(engine: Engine, outputs: readonly Operand[], addresses: readonly number[]): void {
  for (let i = 0; i < outputs.length; i++) copyOut(engine, outputs[i], addresses[i])
  // A large call may take long.
  if (busy) {
    needed = performance.now()
    busy = false
  }
}

/**
 * The arguments of a call, an array for each number of them: to make one takes longer than a small kernel. They begin as
 * what is no number, or V8 would keep all as doubles once one was a fraction, which every call would convert.
 */
const argumentLists: (number | null)[][] = []

/**
 * Runs the kernel of this name that computes in `dtype`: `kernel(…addresses of outputs, …addresses of inputs,
 * …parameters)`. The first `inPlace` outputs are read as well as written.
 */
export function launch(
  kernel: string,
  dtype: DType,
  outputs: readonly Operand[],
  inputs: readonly Operand[],
  parameters: readonly number[],
  inPlace = 0,
): void {
  const engine = getEngine()
  const operands = outputs.length + inputs.length
  const count = operands + parameters.length
  argumentLists[count] ??= Array.from({ length: count }, () => null)
  const args = argumentLists[count] as number[]
  place(engine, kernel, outputs, inputs, inPlace, 0, args)
  for (let i = 0; i < parameters.length; i++) args[operands + i] = parameters[i]
  engine.kernels[dtype][kernel](...args)
  collect(engine, outputs, args)
}
