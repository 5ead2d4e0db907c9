import type { Arena } from './arena.ts'
import type { DType } from './dtype.ts'
import { MatgradError } from './errors.ts'
import { signatures } from './kernels.generated.ts'
import { type Engine, type Operand, type Sink, withSink } from './kernels.ts'

/** A kernel call whose arguments are constants, or a call of a function in JavaScript. */
type Call = { readonly kernel: string; readonly args: readonly number[] } | { readonly host: () => void }

const TYPES = { i: 0x7f, f: 0x7d, F: 0x7c } as const
const I32_CONST = 0x41
const F32_CONST = 0x43
const F64_CONST = 0x44
const CALL = 0x10
const END = 0x0b

function unsigned(value: number): number[] {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

function signed(value: number): number[] {
  const bytes = []
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 127]
    bytes.push((rest & 127) | 128)
  }
}

const floats = (type: 'f' | 'F', value: number): number[] => [
  ...new Uint8Array((type === 'f' ? Float32Array : Float64Array).of(value).buffer),
]

const constant = (type: string, value: number): number[] =>
  type === 'i'
    ? [I32_CONST, ...signed(value)]
    : [type === 'f' ? F32_CONST : F64_CONST, ...floats(type as 'f' | 'F', value)]

const vector = (items: readonly number[][]): number[] => [...unsigned(items.length), ...items.flat()]
const section = (id: number, contents: number[]): number[] => [id, ...unsigned(contents.length), ...contents]
const text = (value: string): number[] => vector([...new TextEncoder().encode(value)].map((byte) => [byte]))

/** A flat list of calls, made by one function of a WebAssembly module: a call there costs a tenth of one from JavaScript. */
function assemble(calls: readonly Call[]): Uint8Array<ArrayBuffer> {
  const kernels = [...new Set(calls.map((call) => ('kernel' in call ? call.kernel : '')))]
  const types = [...new Set(kernels.map((name) => (name ? signatures[name] : 'i'))), '']
  const typeOf = (name: string): number => types.indexOf(name ? signatures[name] : 'i')
  const hosts = calls.filter((call) => 'host' in call)
  const body = calls.map((call) => {
    if ('host' in call) return [...constant('i', hosts.indexOf(call)), CALL, ...unsigned(kernels.indexOf(''))]
    const args = call.args.map((value, i) => constant(signatures[call.kernel][i], value))
    return [...args.flat(), CALL, ...unsigned(kernels.indexOf(call.kernel))]
  })
  const step = [0, ...body.flat(), END]
  const functionType = (letters: string): number[] => [
    0x60,
    ...vector([...letters].map((letter) => [TYPES[letter as keyof typeof TYPES]])),
    0,
  ]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types.map(functionType))),
    ...section(2, vector(kernels.map((name) => [...text('k'), ...text(name), 0, ...unsigned(typeOf(name))]))),
    ...section(3, vector([[types.length - 1]])),
    ...section(7, vector([[...text('step'), 0, ...unsigned(kernels.length)]])),
    ...section(10, vector([[...unsigned(step.length), ...step]])),
  ])
}

/** Writes a program: what runs inside `record` has its kernel calls written down instead of made. */
export class ProgramWriter implements Sink {
  readonly engine: Engine
  private readonly arena: Arena
  private readonly calls: Call[] = []
  private readonly roomAt: number
  /** The most bytes that a call wanted for itself. */
  wanted = 0

  /** @param roomAt where the scratch memory begins that calls may use for themselves */
  constructor(arena: Arena, roomAt: number) {
    this.arena = arena
    this.roomAt = roomAt
    this.engine = {
      ...arena.engine,
      run: (kernel, dtype, calls) => {
        for (const args of calls) this.write(kernel, dtype, args)
      },
    }
  }

  private write(kernel: string, dtype: DType, args: readonly number[]): void {
    this.calls.push({ kernel: `${kernel}_${dtype === 'float32' ? 'f32' : 'f64'}`, args })
  }

  addressOf(operand: Operand): number {
    if (operand.length === 0) return 0
    if (operand.buffer !== this.arena.buffer)
      throw new MatgradError('compile: a kernel is given what is not in the memory of the program')
    return operand.byteOffset
  }

  room(bytes: number): number {
    this.wanted = Math.max(this.wanted, bytes)
    return this.roomAt
  }

  launch(kernel: string, dtype: DType, operands: readonly (readonly Operand[])[], parameters: readonly number[]): void {
    const addresses = operands.flat().map((operand) => this.addressOf(operand))
    this.write(kernel, dtype, [...addresses, ...parameters])
  }

  /** Writes down the kernel calls that `run` makes. */
  record(run: () => void): void {
    withSink(this, run)
  }

  /** Writes down a call of a function in JavaScript. */
  callback(host: () => void): void {
    this.calls.push({ host })
  }

  /** How many calls it has. */
  get length(): number {
    return this.calls.length
  }

  /** The function that makes all calls, in their order. */
  finish(): () => void {
    const hosts = this.calls.filter((call) => 'host' in call).map(({ host }) => host)
    const { kernels } = this.arena.engine
    const imports: Record<string, WebAssembly.ImportValue> = { '': (i: number) => hosts[i]() }
    for (const call of this.calls)
      if ('kernel' in call) {
        const dtype = call.kernel.endsWith('_f32') ? 'float32' : 'float64'
        imports[call.kernel] = kernels[dtype][call.kernel.slice(0, -4)]
      }
    const instance = new WebAssembly.Instance(new WebAssembly.Module(assemble(this.calls)), { k: imports })
    return instance.exports.step as () => void
  }
}
