import { debugs } from '../base/debug.ts'
import type { TypedArray } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import { formatShape, type Shape } from '../base/shape.ts'
import { type Arena, gather } from '../code/arena.ts'
import { proving } from '../code/proof.ts'
import { ProgramWriter } from '../code/writer.ts'
import type { Operand } from '../engine/engine.ts'
import { atOnce } from '../engine/machine.ts'
import { threadsFor } from '../engine/threads.ts'
import { Matrix } from '../matrix/matrix.ts'
import type { Attributes, Block, Holder, Operation } from '../ops/operation.ts'
import { isWhole, moves } from '../ops/tracer.ts'
import type { Layout } from './plan.ts'
import { keptBy, matrixOf, type Slot, type Step } from './step.ts'

/** A program at its addresses in an arena. */
export interface Bound {
  readonly arena: Arena
  /** For how many threads it is. */
  readonly threads: number
  /** What it keeps, to be copied in before each step and out afterwards where that is pinned. */
  readonly residents: Residents
  /** Runs it on what is in the places of the arguments. A call of WebAssembly by itself is faster than in another function. */
  readonly step: () => void
}

/** A function that calls the `shape` of an operation, which throws if the elements of the inputs are not what they should. */
function checkOf(
  operation: Operation,
  [rows, cols]: Shape,
  inputs: readonly Block[],
  attributes: Attributes,
): () => void {
  return () => {
    const wanted = operation.shape(inputs, attributes)
    if (wanted[0] !== rows || wanted[1] !== cols)
      throw new MatgradError(
        `${operation.name}: the result is ${formatShape(wanted)} and was ${rows}x${cols} when the function was traced, ` +
          'wanted a shape that depends on the shapes of the inputs alone',
      )
  }
}

/** Bytes that calls may use for themselves, unless they turn out to want more: then a program is written twice. */
const ROOM = 65536

/** A program that was written for its places in an arena, and what it keeps there. @internal */
export interface Written {
  readonly writer: ProgramWriter
  readonly arena: Arena
  /** Where its scratch memory begins. */
  readonly base: number
  readonly residents: Residents
  /** The elements of a value at its place. */
  readonly placeOf: (value: Slot) => TypedArray
}

/** Gives a program memory: everything that it keeps in one arena, and its calls with the addresses there. @internal */
export function written(steps: readonly Step[], layout: Layout, threads: number): Written {
  const kept = keptBy(steps)
  const holders = [...new Set(kept.map(({ holder }) => holder))]
  const changed = new Set(steps.flatMap(({ targets }) => targets))
  for (let room = ROOM; ; ) {
    const { arena, base } = gather(holders, layout.bytes + room, threads)
    const writer = new ProgramWriter(arena, base + layout.bytes, threads)
    const blocks = new Map<Slot, Matrix>()
    const blockOf = (value: Slot): Matrix => {
      const known = blocks.get(value)
      if (known) return known
      const { rows, cols, dtype, size } = matrixOf(value)
      const offset = layout.offsets.get(value)
      const place = offset === undefined ? arena.placeOf(value.holder) : arena.at(dtype, base + offset, size)
      const block = new Matrix(place as TypedArray, rows, cols)
      blocks.set(value, block)
      return block
    }
    const residents = new Residents(arena, kept, changed)
    for (const step of steps) write(writer, step, blockOf, residents)
    if (writer.wanted <= room) return { writer, arena, base, residents, placeOf: (value) => blockOf(value).elements }
    room = writer.wanted
  }
}

/** Gives a program memory, and its inputs their places there. */
export function bind(
  steps: readonly Step[],
  inputs: readonly { input: { place: TypedArray }; value: Slot }[],
  layout: Layout,
): Bound {
  const threads = threadsFor(layout.work)
  const { writer, arena, base, residents, placeOf } = written(steps, layout, threads)
  const places = inputs.map(({ value }) => placeOf(value))
  for (const [i, { input }] of inputs.entries()) input.place = places[i]
  const run = writer.finish()
  const step = debugs ? proving(run, arena, base, places, residents.written) : run
  return { arena, threads, residents, step }
}

/** A matrix or generator that a program uses, at its place in the arena. */
interface Resident {
  readonly value: Slot
  readonly place: Operand
  readonly isWritten: boolean
}

/** What a program keeps in an arena. The elements of some are pinned elsewhere: there are copies at their places. */
export class Residents {
  private readonly arena: Arena
  private readonly all: readonly Resident[]
  private pinned: readonly Resident[] = []
  /** Those among them that are written. */
  private changing: readonly Resident[] = []
  /** Whether they are in one another's way: what is written to one would be seen in another, which copies do not show. */
  private overlap = false
  /** The moves after which they were looked at. */
  private seen = moves

  constructor(arena: Arena, kept: readonly Slot[], written: ReadonlySet<Slot>) {
    this.arena = arena
    this.all = kept.map((value) => ({
      value,
      place: arena.placeOf(value.holder) as Operand,
      isWritten: written.has(value),
    }))
    this.look()
  }

  private look(): void {
    this.pinned = this.all.filter(({ value, place }) => value.holder.elements !== place)
    this.changing = this.pinned.filter(({ isWritten }) => isWritten)
    this.overlap = this.pinned.some((resident) => this.isChangedWith(resident.value.holder, resident))
    this.seen = moves
  }

  /** The places of those that the program writes. */
  get written(): readonly Operand[] {
    return this.all.filter(({ isWritten }) => isWritten).map(({ place }) => place)
  }

  /** Whether some are pinned elsewhere. */
  get arePinned(): boolean {
    return this.pinned.length > 0
  }

  /** Whether they all have their places still. */
  areHere(): boolean {
    if (this.seen === moves) return true
    if (!this.all.every(({ value, place }) => this.arena.placeOf(value.holder) === place)) return false
    this.look()
    return true
  }

  /** Whether a program changes elements of a matrix as those of another one that it keeps, since both look at one array. */
  isChangedWith({ elements }: Holder, own?: Resident): boolean {
    const { changing } = this
    for (let i = 0; i < changing.length; i++) {
      const other = changing[i].value.holder.elements
      if (changing[i] !== own && elements.buffer === other.buffer && meet(elements, other)) return true
    }
    return false
  }

  /** Gives the places of what is pinned its elements, or gives false if they are not there any more, or overlap. */
  copyIn(): boolean {
    const { pinned } = this
    if (this.overlap) return false
    for (let i = 0; i < pinned.length; i++) if (!isWhole(pinned[i].value.holder)) return false
    for (let i = 0; i < pinned.length; i++) pinned[i].place.set(pinned[i].value.holder.elements)
    return true
  }

  /** Gives what is pinned the elements that the program has computed. */
  copyOut(): void {
    if (this.seen !== moves) this.look()
    const { pinned } = this
    for (let i = 0; i < pinned.length; i++) {
      const { value, place, isWritten } = pinned[i]
      if (isWritten) value.holder.elements.set(place)
    }
  }
}

/** Whether two arrays on one buffer have bytes in common. */
const meet = (a: Operand, b: Operand): boolean =>
  a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength

function write(writer: ProgramWriter, step: Step, blockOf: (value: Slot) => Matrix, residents: Residents): void {
  const { attributes } = step
  const inputs = step.inputs.map(blockOf)
  switch (step.kind) {
    case 'check': {
      const { of, indices, shape } = step.operation
      writer.callbackUnlessIndices(indices(inputs, attributes), checkOf(of, shape, inputs, attributes))
      return
    }
    case 'change': {
      const { operation } = step
      const targets = step.targets.map((target) => (target.holder instanceof Matrix ? blockOf(target) : target.holder))
      ;(operation.program ?? operation.forward).call(operation, targets, inputs, attributes, writer)
      return
    }
    case 'loop': {
      const { terms, stores } = step.operation
      writer.loop({
        ...step.operation,
        terms: terms.map((term) => {
          if ('load' in term) return { load: inputs[term.load] }
          return 'product' in term ? { ...term, product: [inputs[term.product[0]], inputs[term.product[1]]] } : term
        }),
        stores: stores.map((term, i) => ({ term, block: blockOf(step.targets[i]) })),
      })
      return
    }
    case 'operation': {
      const { operation } = step
      const out = blockOf(step.targets[0])
      if (operation.program !== 'host') {
        ;(operation.program ?? operation.forward).call(operation, out, inputs, attributes, writer)
        return
      }
      const check = checkOf(operation, out.shape, inputs, attributes)
      writer.callback(() => {
        // It may look at them, too.
        residents.copyOut()
        check()
        // As a new matrix has it.
        out.elements.fill(0)
        operation.forward(out, inputs, attributes, atOnce)
      })
    }
  }
}
