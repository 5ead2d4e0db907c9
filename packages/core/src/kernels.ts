import type { DType } from './dtype.ts'
import { MatgradError } from './errors.ts'
import { kernelsBase64 } from './kernels.generated.ts'

/** What a kernel can read or write: matrix data, or the words of a random state. */
export type Operand = Float32Array | Float64Array | Uint32Array

const PAGE = 65536
/** Kernels load whole vectors and tiles, which may reach this many bytes beyond the last operand. */
const SLACK = 256
/** Below this many elements a loop copies faster than `set`. */
const SMALL = 48

type Kernel = (...args: number[]) => void

interface Engine {
  /** The kernels that compute in a dtype, by name. */
  readonly kernels: Readonly<Record<DType, Record<string, Kernel>>>
  readonly memory: WebAssembly.Memory
  /** Where the kernels' own memory ends. */
  readonly scratch: number
  /** Where the memory ends. */
  end: number
  f32: Float32Array
  f64: Float64Array
  u32: Uint32Array
}

let engine: Engine | undefined

/** Instantiated by the first call, so that importing the package does nothing. */
function getEngine(): Engine {
  if (engine) return engine
  const bytes = Uint8Array.from(atob(kernelsBase64), (character) => character.charCodeAt(0))
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 65536 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const kernels: Record<DType, Record<string, Kernel>> = { float32: {}, float64: {} }
  for (const [name, kernel] of Object.entries(exports)) {
    if (name.endsWith('_f32')) kernels.float32[name.slice(0, -4)] = kernel as Kernel
    if (name.endsWith('_f64')) kernels.float64[name.slice(0, -4)] = kernel as Kernel
  }
  engine = { kernels, memory, scratch: (exports.SCRATCH as WebAssembly.Global).value, ...viewsOf(memory) }
  return engine
}

const viewsOf = ({ buffer }: WebAssembly.Memory): Pick<Engine, 'end' | 'f32' | 'f64' | 'u32'> => ({
  end: buffer.byteLength,
  f32: new Float32Array(buffer),
  f64: new Float64Array(buffer),
  u32: new Uint32Array(buffer),
})

/** The names of the kernels in the module. */
export const kernelNames = (): string[] => Object.keys(getEngine().kernels.float64)

function reserve(engine: Engine, end: number, kernel: string): void {
  if (end <= engine.end) return
  try {
    engine.memory.grow(Math.ceil((end - engine.end) / PAGE))
  } catch {
    throw new MatgradError(`${kernel}: the operands need ${end} bytes of WebAssembly memory, which cannot be had`)
  }
  Object.assign(engine, viewsOf(engine.memory))
}

const viewFor = (engine: Engine, data: Operand): Operand =>
  data instanceof Float32Array ? engine.f32 : data instanceof Float64Array ? engine.f64 : engine.u32

function copyIn(engine: Engine, data: Operand, address: number): void {
  const view = viewFor(engine, data)
  const start = address / data.BYTES_PER_ELEMENT
  if (data.length > SMALL) view.set(data, start)
  else for (let i = 0; i < data.length; i++) view[start + i] = data[i]
}

function copyOut(engine: Engine, data: Operand, address: number): void {
  const view = viewFor(engine, data)
  const start = address / data.BYTES_PER_ELEMENT
  if (data.length > SMALL) data.set(view.subarray(start, start + data.length))
  else for (let i = 0; i < data.length; i++) data[i] = view[start + i]
}

/**
 * Runs the kernel of this name that computes in `dtype`: `kernel(…addresses of outputs, …addresses of inputs,
 * …parameters)`. Operands are copied into scratch memory and outputs back out of it. The first `inPlace` outputs are read
 * as well as written.
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
  const operands = inputs.length + outputs.length
  const args = new Array<number>(operands + parameters.length)
  let top = engine.scratch
  for (let i = 0; i < operands; i++) {
    const data = i < outputs.length ? outputs[i] : inputs[i - outputs.length]
    args[i] = top
    top += (data.byteLength + 15) & ~15
  }
  for (let i = 0; i < parameters.length; i++) args[operands + i] = parameters[i]
  reserve(engine, top + SLACK, kernel)
  for (let i = 0; i < inPlace; i++) copyIn(engine, outputs[i], args[i])
  for (let i = 0; i < inputs.length; i++) copyIn(engine, inputs[i], args[outputs.length + i])
  engine.kernels[dtype][kernel](...args)
  for (let i = 0; i < outputs.length; i++) copyOut(engine, outputs[i], args[i])
}
