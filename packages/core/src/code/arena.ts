import type { DType, TypedArray } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import { createEngine, type Engine, type Operand, PAGE, SLACK, usesFma } from '../engine/engine.ts'
import { threadCount } from '../engine/threads.ts'
import type { Holder } from '../ops/operation.ts'

const ALIGNMENT = 64
/** How much more than it needs at once an arena has, for what later programs bring. */
const SPARE = 1.5

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

/** The arena that each array was made in. */
const homes = new WeakMap<Operand, Arena>()

/** How many bytes of living matrices an arena keeps. */
interface Kept {
  bytes: number
}

/** Counts down when a matrix is collected. A WeakRef would keep it, and with it the whole memory, until its job is over. */
const collected = new FinalizationRegistry<{ readonly kept: Kept; readonly bytes: number }>(({ kept, bytes }) => {
  kept.bytes -= bytes
})

/** The arena where the elements of a matrix or generator are, if they are in one. */
const homeOf = ({ elements }: Holder): Arena | undefined => homes.get(elements)

/**
 * A WebAssembly memory of fixed size, where compiled programs that share matrices run. From below it fills with what the
 * programs keep: it takes the elements of matrices and generators, which are views on it from then on. Its end is scratch
 * memory for the program that is running.
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
  private readonly kept: Kept = { bytes: 0 }
  private top: number

  /**
   * @param bytes how much it must hold at least: all that is kept, and the scratch memory of any program
   * @param threads for how many threads it is, each with a workspace
   */
  constructor(bytes: number, threads: number) {
    this.threads = threads
    this.fma = usesFma()
    try {
      this.engine = createEngine(threads > 1, this.fma, (workspaceBytes) => (threads - 1) * workspaceBytes)
      const { memory, scratch } = this.engine
      const pages = Math.ceil((scratch + bytes * SPARE + SLACK - memory.buffer.byteLength) / PAGE)
      if (pages > 0) memory.grow(pages)
    } catch {
      throw new MatgradError(`compile: the program needs ${bytes} bytes of WebAssembly memory, which cannot be had`)
    }
    this.buffer = this.engine.memory.buffer
    this.top = align(this.engine.scratch)
  }

  /** Whether programs for so many threads may run here, with the present kernels. */
  serves(threads: number): boolean {
    return !this.deserted && this.threads >= threads && this.fma === usesFma()
  }

  /** Where a program's `bytes` of scratch memory begin. */
  scratch(bytes: number): number {
    return this.buffer.byteLength - SLACK - align(bytes)
  }

  /** Whether so many bytes can be kept beside a program that needs so much scratch memory. */
  fits(kept: number, scratch: number): boolean {
    return this.top + kept <= this.scratch(scratch)
  }

  /** The bytes of matrices that are kept here and, as far as the collector has told, alive. */
  get living(): number {
    return this.kept.bytes
  }

  /** Moves the elements of a matrix or generator here. */
  take(holder: Holder): void {
    const { elements } = holder
    const former = homeOf(holder)
    former?.release(holder)
    const view = this.view(elements, this.top)
    view.set(elements)
    const bytes = align(elements.byteLength)
    this.top += bytes
    homes.set(view, this)
    this.kept.bytes += bytes
    collected.register(holder, { kept: this.kept, bytes }, holder)
    holder.elements = view
  }

  /** Forgets a matrix that moves away. */
  private release(holder: Holder): void {
    this.deserted = true
    this.kept.bytes -= align(holder.elements.byteLength)
    collected.unregister(holder)
  }

  /** An array like another at an address. */
  private view(like: Operand, address: number): Operand {
    const Type = like.constructor as new (buffer: ArrayBuffer, start: number, length: number) => Operand
    return new Type(this.buffer, address, like.length)
  }

  /** `length` elements at an address. */
  at(dtype: DType, address: number, length: number): TypedArray {
    return new (dtype === 'float32' ? Float32Array : Float64Array)(this.buffer, address, length)
  }
}

/** The bytes that these take in an arena. */
const bytesOf = (holders: readonly Holder[]): number =>
  holders.reduce((total, { elements }) => total + align(elements.byteLength), 0)

/**
 * The arena for a program that keeps these matrices and generators and needs so much scratch memory, with all of them in
 * it: the one where they are, or a new one if they are in none, or it is full.
 */
export function gather(holders: readonly Holder[], scratch: number, threads: number): Arena {
  const known = new Set(holders.map(homeOf).filter((each) => each !== undefined))
  const newcomers = (arena?: Arena): Holder[] => holders.filter((each) => homeOf(each) !== arena || !arena)
  const usable = [...known].find((each) => each.serves(threads) && each.fits(bytesOf(newcomers(each)), scratch))
  const largest = Math.max(0, ...[...known].map((each) => each.living))
  const most = Math.max(threads, ...[...known].map((each) => each.threads))
  const arena = usable ?? new Arena(largest + bytesOf(holders) + scratch, Math.min(most, threadCount()))
  for (const holder of newcomers(arena)) arena.take(holder)
  return arena
}
