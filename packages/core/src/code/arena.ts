import { debugs } from '../base/debug.ts'
import type { DType, TypedArray } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import { createEngine, type Engine, fused, type Operand, SLACK, usesFma } from '../engine/engine.ts'
import { threadCount } from '../engine/threads.ts'
import type { Holder } from '../ops/operation.ts'
import { moved } from '../ops/tracer.ts'

/** Bytes to which every place in memory is aligned: a cache line. */
const ALIGNMENT = 64
/** How much more than it needs at once an arena has, for what later programs bring. */
const SPARE = 1.5
/** How many times as much as a new program needs its arena holds at most for programs that were there before. */
const OTHERS = 4
/** The bytes that WebAssembly can address. */
const MOST_BYTES = 2 ** 32
/** Bytes after each matrix that belong to nobody, where programs prove what they write. */
const GUARD = ALIGNMENT

/** A program needs more memory than can be had: what it does is then done without it. */
export class NoMemory extends MatgradError {}

/** So many bytes, in whole cache lines. */
export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

/** The arena where each matrix or generator was given a place last. */
const homes = new WeakMap<Holder, Arena>()

/** Counts down when a matrix is collected. A WeakRef would keep it, and with it the whole memory, until its job is over. */
const collected = new FinalizationRegistry<{ readonly kept: Arena['kept']; readonly bytes: number }>(
  ({ kept, bytes }) => {
    kept.bytes -= bytes
  },
)

/** Whether elements may lie elsewhere: nobody has their array, and their holder can be told. */
const mayMove = (holder: Holder): boolean => !holder.pinned && !Object.isFrozen(holder)

/**
 * A WebAssembly memory of fixed size, where compiled programs that share matrices run. From below it fills with what the
 * programs keep: it takes the elements of matrices and generators, which are views on it from then on, or, where they are
 * pinned, gives them a place for copies. From above it is scratch memory for the program that is running. Each part ends
 * where the other begins, at the latest: what is kept never reaches into the scratch memory of any program that was ever
 * given some here, nor scratch memory below what is kept.
 *
 * Nothing in it is ever given to anybody else: an array that was handed out stays what it was. An arena that is full is
 * replaced by a new one, to which the living matrices move; the old one is the garbage collector's, once no array is left
 * that looks at it.
 */
export class Arena {
  readonly engine: Engine
  readonly threads: number
  /** The memory as it was first seen: a shared one may give another object once a worker has it. */
  readonly buffer: ArrayBuffer
  /** Whether its products round once. */
  readonly fma: boolean
  /** Whether a matrix has left it, so that the programs that ran here must move, too. */
  deserted = false
  /** Where what is kept begins. */
  readonly start: number
  /** The bytes of matrices that are kept here and, as far as the collector has told, alive. */
  readonly kept: { bytes: number } = { bytes: 0 }
  private readonly places = new WeakMap<Holder, Operand>()
  /** Where what is kept ends. */
  private top: number
  /** Where the scratch memory begins that the program which needs the most was given; it ends at `end`. */
  private bottom: number
  private readonly end: number

  /**
   * @param bytes how much it must hold at least: all that is kept, and the scratch memory of any program
   * @param threads for how many threads it is, each with a workspace
   * @throws NoMemory where so much memory cannot be had.
   */
  constructor(bytes: number, threads: number) {
    this.threads = threads
    this.fma = usesFma()
    try {
      const reserved = (workspaceBytes: number): number => (threads - 1) * workspaceBytes
      this.engine = createEngine(threads > 1, fused, reserved, (scratch) => {
        const sizeFor = (room: number): number => align(scratch) + align(room) + SLACK
        return Math.max(sizeFor(bytes), Math.min(sizeFor(bytes * SPARE), MOST_BYTES))
      })
    } catch {
      throw new NoMemory(`compile: the program needs ${bytes} bytes of WebAssembly memory, which cannot be had`)
    }
    this.buffer = this.engine.memory.buffer
    this.start = align(this.engine.scratch)
    this.top = this.start
    this.end = this.buffer.byteLength - SLACK
    this.bottom = this.end
  }

  /** Whether programs for so many threads may run here, with the present kernels. */
  serves(threads: number): boolean {
    return !this.deserted && this.threads >= threads && this.fma === usesFma()
  }

  /** Whether so many bytes can be kept beside the scratch memory of a program, and that of all that were here before. */
  fits(kept: number, scratch: number): boolean {
    return this.top + kept <= Math.min(this.bottom, this.end - align(scratch))
  }

  /** Where a program's `bytes` of scratch memory begin, which are never what is kept. */
  reserve(bytes: number): number {
    const start = this.end - align(bytes)
    this.bottom = Math.min(this.bottom, start)
    this.checkBorder()
    return start
  }

  /** The bytes of all that is kept, from `start` on. */
  keptBytes(): Uint8Array {
    return new Uint8Array(this.buffer.slice(this.start, this.top))
  }

  /** Where the elements of a matrix or generator are in programs here, if they use it. */
  placeOf(holder: Holder): Operand | undefined {
    return this.places.get(holder)
  }

  /** Gives a matrix or generator a place, and moves its elements there unless they are pinned. */
  take(holder: Holder): void {
    const address = this.top
    this.top += sizeOf(holder)
    this.checkBorder()
    const { elements, size } = holder
    const Type = elements.constructor as new (buffer: ArrayBuffer, start: number, length: number) => Operand
    const place = new Type(this.buffer, address, size)
    if (mayMove(holder)) {
      homes.get(holder)?.release(holder)
      place.set(elements)
      holder.elements = place
    }
    this.settle(holder, place)
  }

  private settle(holder: Holder, place: Operand): void {
    const bytes = sizeOf(holder)
    this.places.set(holder, place)
    homes.set(holder, this)
    this.kept.bytes += bytes
    collected.register(holder, { kept: this.kept, bytes }, place)
  }

  /** Forgets a matrix or generator, whose place it gives back. */
  private leave(holder: Holder): Operand {
    const place = this.places.get(holder) as Operand
    this.places.delete(holder)
    homes.delete(holder)
    this.kept.bytes -= sizeOf(holder)
    collected.unregister(place)
    moved()
    return place
  }

  /** What is kept and scratch memory must not meet: whoever is about to make them has not asked `fits`. */
  private checkBorder(): void {
    if (this.top > this.bottom)
      throw new MatgradError(`compile: what is kept, to ${this.top}, meets scratch memory, from ${this.bottom}`)
  }

  /** Lets a matrix move away. */
  private release(holder: Holder): void {
    this.deserted = true
    this.leave(holder)
  }

  /** Gives the place of a matrix to another. */
  pass(from: Holder, to: Holder): void {
    const place = this.leave(from)
    if (mayMove(from)) from.elements = place.slice()
    place.set(to.elements)
    to.elements = place
    this.settle(to, place)
  }

  /** `length` elements at an address. */
  at(dtype: DType, address: number, length: number): TypedArray {
    return new (dtype === 'float32' ? Float32Array : Float64Array)(this.buffer, address, length)
  }
}

/** The bytes that the elements of a matrix or generator take in an arena: as many as it has, though it may have lost them. */
const sizeOf = ({ elements, size }: Holder): number => align(size * elements.BYTES_PER_ELEMENT) + (debugs ? GUARD : 0)

const sizesOf = (holders: readonly Holder[]): number => holders.reduce((total, each) => total + sizeOf(each), 0)

/**
 * Gives a program memory: the arena for one that keeps these matrices and generators, with all of them in it, and where
 * its scratch memory begins there. The arena is the one where they are, or a new one if they are in none, or it is full.
 *
 * @throws NoMemory where so much memory cannot be had; nothing has moved then.
 */
export function gather(
  holders: readonly Holder[],
  scratch: number,
  threads: number,
): { readonly arena: Arena; readonly base: number } {
  const known = new Set(holders.map((each) => homes.get(each)).filter((each) => each !== undefined))
  const newcomers = (arena: Arena): Holder[] => holders.filter((each) => arena.placeOf(each) === undefined)
  const usable = [...known].find((each) => each.serves(threads) && each.fits(sizesOf(newcomers(each)), scratch))
  const needed = sizesOf(holders) + align(scratch)
  // Those that live will move here as well. In a job that does not end nobody tells that matrices were collected: a new
  // program does not believe in all of them; one that moves, and so lives, does, or those that live might never fit.
  const isNew = holders.some((each) => !homes.has(each))
  const living = Math.max(0, ...[...known].map((each) => each.kept.bytes))
  const others = isNew ? Math.min(living, OTHERS * needed) : living
  const most = Math.max(threads, ...[...known].map((each) => each.threads))
  const arena = usable ?? new Arena(needed + others, Math.min(most, threadCount()))
  const base = arena.reserve(scratch)
  for (const holder of newcomers(arena)) arena.take(holder)
  return { arena, base }
}

/** Gives the place of a matrix in programs to another, which is equal; the first keeps its elements for itself. */
export function replace(matrix: Holder, by: Holder): void {
  homes.get(matrix)?.pass(matrix, by)
}
