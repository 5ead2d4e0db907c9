import { type DType, itemSize } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import { type Engine, nameOf, type Operand, PAGE } from '../engine/engine.ts'
import { type Signature, signatures } from '../engine/kernels.generated.ts'
import type { Machine } from '../engine/machine.ts'
import { stepsOf } from '../engine/product.ts'
import { inThreads, threadsFor } from '../engine/threads.ts'
import type { Block } from '../ops/operation.ts'
import type { Arena } from './arena.ts'
import { type Area, encodeLoop, INTEGER_LOCALS, type Loop, type Product } from './loop.ts'
import { encodeTiles, type Factors, TILE_LOCALS, vectorsAcross } from './tiles.ts'
import { CALL, type Code, constant, moduleOf, unless, unsigned } from './wasm.ts'

/** Bytes of the narrowest panel that the kernel packs. */
const LEAST_PANEL = 32

/** A term of a loop, which may come from memory, is as much work as so many multiplications of a product. */
const TERM_WORK = 2

/** Elements of a part of a loop are a multiple of this: whole vectors of any dtype, and cache lines. */
const GRAIN = 64

/** The same as several loops over parts of the elements, where each element of a result is made of those at its place. */
function partsOf(loop: Loop, count: number): Loop[] {
  const { rows, cols, terms, stores } = loop
  const size = rows * cols
  const isWhole = (block: Area): boolean => block.rows === rows && block.cols === cols
  const isSplit = terms.every((term) => !('load' in term) || isWhole(term.load) || term.load.elements.length === 1)
  if (count === 1 || !isSplit) return [loop]
  const length = Math.ceil(size / count / GRAIN) * GRAIN
  return Array.from({ length: Math.ceil(size / length) }, (_, i) => {
    const [start, end] = [i * length, Math.min(size, (i + 1) * length)]
    const partOf = (block: Area): Area =>
      isWhole(block) ? { rows: 1, cols: end - start, elements: block.elements.subarray(start, end) } : block
    return {
      ...loop,
      ...{ rows: 1, cols: end - start },
      terms: terms.map((term) => ('load' in term ? { load: partOf(term.load) } : term)),
      stores: stores.map(({ term, block }) => ({ term, block: partOf(block) })),
    }
  })
}

/** The name of the function that programs call in JavaScript. */
const HOST = 'host'

/** What programs can call: the kernels and that function. */
const callable: Readonly<Record<string, Signature>> = { ...signatures, [HOST]: { parameters: 'i', results: '' } }

/**
 * Writes a program: a WebAssembly module with functions that make kernel calls whose arguments are constants, a tenth of
 * what a call from JavaScript costs, and have loops in between. Without threads it has one function; else calls that may
 * be made at the same time have one each, and what is between them another.
 */
export class ProgramWriter implements Machine {
  private readonly serial: Engine
  private readonly divided: Engine
  private readonly arena: Arena
  private readonly roomAt: number
  /** The code of the functions, and which of them are a batch: from one to another. */
  private readonly bodies: Code[][] = [[]]
  private readonly batches: [number, number][] = []
  /** The functions that it calls, in the order of their numbers. */
  private readonly called: string[] = []
  private readonly hosts: (() => void)[] = []
  private vectors = 0
  /** The most bytes that a call wanted for itself. */
  wanted = 0

  /** @param roomAt where the scratch memory begins that calls may use for themselves */
  constructor(arena: Arena, roomAt: number, threads: number) {
    this.arena = arena
    this.roomAt = roomAt
    this.serial = { ...arena.engine, run: (...batch) => this.body.push(...this.callsOf(...batch)) }
    this.divided = { ...arena.engine, threads, run: (...batch) => this.inParts(this.callsOf(...batch)) }
  }

  engineFor(work: number): Engine {
    return threadsFor(work) > 1 ? this.divided : this.serial
  }

  /** Gives each part a function of its own. */
  private inParts(parts: readonly Code[]): void {
    this.endBatch()
    for (const [i, part] of parts.entries()) {
      if (i > 0) this.bodies.push([])
      this.body.push(part)
    }
    this.endBatch()
  }

  private get body(): Code[] {
    return this.bodies[this.bodies.length - 1]
  }

  /** Makes the functions since the last batch one, if they do anything. */
  private endBatch(): void {
    if (this.body.length === 0) return
    this.batches.push([this.batches.at(-1)?.[1] ?? 0, this.bodies.length])
    this.bodies.push([])
  }

  private numberOf(name: string): number {
    const known = this.called.indexOf(name)
    return known >= 0 ? known : this.called.push(name) - 1
  }

  private call(kernel: string, dtype: DType, args: readonly number[]): void {
    this.body.push(this.callOf(nameOf(kernel, dtype), args))
  }

  private callOf(name: string, args: readonly number[]): Code {
    const { parameters } = callable[name]
    return [args.map((value, i) => constant(parameters[i], value)), CALL, unsigned(this.numberOf(name))]
  }

  private callsOf(kernel: string, dtype: DType, calls: readonly (readonly number[])[]): Code[] {
    return calls.map((args) => this.callOf(nameOf(kernel, dtype), args))
  }

  private addressOf(operand: Operand): number {
    if (operand.length === 0) return 0
    if (operand.buffer !== this.arena.buffer)
      throw new MatgradError('compile: a kernel is given what is not in the memory of the program')
    return operand.byteOffset
  }

  private room(bytes: number): number {
    this.wanted = Math.max(this.wanted, bytes)
    return this.roomAt
  }

  launch(
    kernel: string,
    dtype: DType,
    outputs: readonly Operand[],
    inputs: readonly Operand[],
    parameters: readonly number[],
  ): void {
    this.call(kernel, dtype, [...this.addressesOf(outputs, inputs), ...parameters])
  }

  private addressesOf(...operands: readonly (readonly Operand[])[]): number[] {
    return operands.flat().map((operand) => this.addressOf(operand))
  }

  /** Operands have their places already. */
  place(
    _engine: Engine,
    _kernel: string,
    outputs: readonly Operand[],
    inputs: readonly Operand[],
    _inPlace: number,
    more: number,
    addresses: number[],
  ): number {
    for (const [i, address] of this.addressesOf(outputs, inputs).entries()) addresses[i] = address
    return this.room(more)
  }

  collect(): void {}

  /** Writes down a call of a function in JavaScript. */
  callback(host: () => void): void {
    this.body.push(this.callOf(HOST, [this.hosts.push(host) - 1]))
  }

  /** The same, which is made only if not all elements are whole numbers from 0 to `limit` − 1. */
  callbackUnlessIndices({ index, limit }: { index: Block; limit: number }, host: () => void): void {
    const { elements, dtype } = index
    const check = this.callOf(nameOf('areIndices', dtype), [this.addressOf(elements), elements.length, limit])
    this.body.push(unless(check, this.callOf(HOST, [this.hosts.push(host) - 1])))
  }

  /** Writes down a loop. */
  loop(loop: Loop): void {
    if (loop.rows * loop.cols === 0) return
    const addressOf = ({ elements }: Area): number => this.addressOf(elements)
    const [first] = loop.terms
    if ('product' in first) {
      this.vectors = Math.max(this.vectors, loop.terms.length + TILE_LOCALS)
      this.body.push(encodeTiles(loop, this.factorsOf(first, loop), addressOf))
    } else {
      this.vectors = Math.max(this.vectors, loop.terms.length)
      const work = loop.rows * loop.cols * loop.terms.length * TERM_WORK
      const parts = partsOf(loop, threadsFor(work) > 1 ? this.divided.threads : 1)
      if (parts.length === 1) this.body.push(encodeLoop(loop, addressOf))
      else this.inParts(parts.map((part) => encodeLoop(part, addressOf)))
    }
  }

  /** Where the operands of a product are. One whose columns lie along its rows is packed into panels as wide as tiles. */
  private factorsOf({ product: [a, b], transposeA, transposeB }: Product, { rows, cols, dtype }: Loop): Factors {
    const size = itemSize(dtype)
    const depth = transposeA ? a.rows : a.cols
    const [aRow, aCol] = stepsOf(a, transposeA).map((step) => step * size)
    const panel = 16 * vectorsAcross(rows, cols, depth, dtype)
    const common = { depth, a: this.addressOf(a.elements), aRow, aCol, fused: this.arena.fma }
    if (!transposeB) return { ...common, b: this.addressOf(b.elements), bRow: cols * size, bPanel: panel }
    const width = Math.max(LEAST_PANEL, 2 ** Math.ceil(Math.log2(panel)))
    // The kernel packs whole vectors of terms.
    const room = this.room(Math.ceil((cols * size) / width) * width * (depth + 4))
    this.call('pack', dtype, [room, this.addressOf(b.elements), depth * size, cols, width, depth])
    return { ...common, b: room, bRow: width, bPanel: width * depth }
  }

  /** The module, and the functions that it calls, by their names in `env`. */
  encode(): { readonly code: Uint8Array<ArrayBuffer>; readonly called: readonly string[] } {
    const { called, bodies } = this
    const { memory, shared } = this.arena.engine
    const imports = called.map((name) => ({ name, signature: callable[name] }))
    const size = { pages: memory.buffer.byteLength / PAGE, shared }
    return { code: moduleOf(size, imports, INTEGER_LOCALS, this.vectors, bodies), called }
  }

  /** The function that does all that was written down, in its order. */
  finish(): () => void {
    const { hosts, arena, bodies, batches } = this
    const { memory, functions } = arena.engine
    if (batches.length > 0) this.endBatch()
    const env = { ...functions, memory, [HOST]: (i: number) => hosts[i]() }
    const program = new WebAssembly.Module(this.encode().code)
    const { exports } = new WebAssembly.Instance(program, { env })
    const parts = bodies.map((_, i) => exports[i] as () => void)
    return batches.length > 0 ? inThreads(parts, batches, { program, engine: arena.engine }) : parts[0]
  }
}
