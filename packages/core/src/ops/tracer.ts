import { MatgradError } from '../base/errors.ts'
import { formatShape } from '../base/shape.ts'
import { atOnce } from '../engine/machine.ts'
import type { Attributes, Block, Change, Holder, Operation, Stored } from './operation.ts'

/** The last tick. */
export let ticks = 0

/** A number larger than every one before: what is older than what is told by it. */
export const tick = (): number => ++ticks

/**
 * Says that elements change in place: a gradient that needs what they were is refused from then on.
 *
 * @throws MatgradError for a matrix that is frozen: it is asked before anything is written
 */
export function changing(operation: string, holder: Holder): void {
  try {
    holder.version = tick()
  } catch {
    throw frozen(operation)
  }
}

const frozen = (operation: string): MatgradError =>
  new MatgradError(`${operation}: got a matrix that is frozen, wanted one that may change`)

/** How often elements have moved, so that a program may find them no more where they were. */
export let moves = 0

/** Says that elements have moved. */
export function moved(): void {
  moves++
}

/**
 * Whether all elements are there, which they are not once somebody detached or resized their buffer: the array is then one
 * that somebody has, and the holder pinned. Code that V8 has optimised for arrays of resizable buffers as well gives the old length
 * of a detached one, up to Node 22, but not its elements.
 */
export function isWhole(holder: Holder): boolean {
  // What is put off has no elements yet, and is not pinned.
  if (!holder.pinned) return true
  const { elements, size } = holder
  return elements.length === size && (size === 0 || elements[size - 1] !== undefined)
}

/** @throws MatgradError unless all elements are there. */
export function checkWhole(operation: string, holder: Holder): void {
  if (!isWhole(holder)) throw notWhole(operation, holder)
}

/** Apart from the check, which every operation makes of its inputs: V8 inlines what is short. */
function notWhole(operation: string, holder: Holder & Partial<Pick<Block, 'shape'>>): MatgradError {
  const { elements, size, shape } = holder
  return new MatgradError(
    `${operation}: the data of a ${shape ? `${formatShape(shape)} matrix` : 'generator'} were detached or resized, ` +
      `got ${elements.length} elements, wanted ${size}`,
  )
}

/** Sees everything that is done with matrices while a program is traced, and does it. */
export interface Tracer {
  /** A matrix or generator was made. */
  created(holder: Holder): void
  /**
   * The elements of a matrix, or the state of a generator, are about to be read or written by `operation`, which is none that
   * is recorded.
   */
  touched(holder: Holder, operation: string): void
  evaluate(operation: Operation, inputs: readonly Stored[], attributes: Attributes): Stored
  change(change: Change, targets: readonly Holder[], inputs: readonly Stored[], attributes: Attributes): void
  /** What is traced is only right while `holds` gives true: it is asked again after each `announce`. */
  assume(holds: () => boolean): void
  /** Whether elements may be looked at, as where nothing is traced: nobody does again what is done. */
  readonly mayLook?: boolean
  /** Whether it asks for what is watched. */
  readonly isWatching: boolean
  /** The same for an object that may be met again: what `look` gives, if anything, is asked before each use. */
  watch(object: object, look: () => (() => boolean) | null): void
  /** Calls what runs a program of its own, where that must not be part of what is traced. */
  apart?<T>(run: () => T): T
  /** A matrix that was made during the trace is state, which goes on from call to call, and no constant. */
  keep(matrix: Stored): void
}

/** The present tracer: null in all but the first call of a compiled function, and what is watched. */
export let tracer: Tracer | null = null

/** Lets another tracer, or none, see what is done from now on. */
export function setTracer(other: Tracer | null): void {
  tracer = other
}

/** Whether elements may be looked at: what is done once does not depend on them later. */
export const mayLook = (): boolean => tracer === null || tracer.mayLook === true

/** The result of `run`, called with another tracer, or none; the former comes back whatever happens. */
export function withTracer<T>(other: Tracer | null, run: () => T): T {
  const before = tracer
  tracer = other
  try {
    return run()
  } finally {
    tracer = before
  }
}

/** How often something was announced that `dependsOn` reads. */
export let announcements = 0

/** Says that something which `dependsOn` reads may have changed: programs ask whether they still hold. */
export function announce(): void {
  announcements++
}

/**
 * What `read` gives, for code that does one thing or another according to the state of an object, whose changes are
 * announced. A program that is being traced is used only while it gives the same, and otherwise traced anew.
 */
export function dependsOn<T>(read: () => T): T {
  if (tracer === null) return read()
  const value = withTracer(null, read)
  tracer.assume(() => read() === value)
  return value
}

/**
 * Makes a program that is being traced depend on an object whose changes nobody announces: what `look` gives, once for
 * each object and if there is anything to ask, must give true before each use of the program.
 */
export function watch(object: object, look: () => (() => boolean) | null): void {
  if (tracer?.isWatching) tracer.watch(object, look)
}

const kept = new WeakSet<Holder>()

/**
 * Marks a matrix as state that goes on from call to call, wherever it was made, and that only its owner computes with: an
 * optimiser's velocity, say.
 */
export function keep<M extends Stored>(matrix: M): M {
  tracer?.keep(matrix)
  kept.add(matrix)
  return matrix
}

/** Whether a matrix was marked so. */
export const isKept = (holder: Holder): boolean => kept.has(holder)

/** Changes the targets in place. @throws MatgradError, before it does, unless all elements are there and the targets may change. */
export function change(
  change: Change,
  targets: readonly Holder[],
  inputs: readonly Stored[],
  attributes: Attributes,
): void {
  if (tracer !== null) {
    if (targets.some(Object.isFrozen)) throw frozen(change.name)
    tracer.change(change, targets, inputs, attributes)
    return
  }
  for (let i = 0; i < inputs.length; i++) checkWhole(change.name, inputs[i])
  for (let i = 0; i < targets.length; i++) checkWhole(change.name, targets[i])
  for (let i = 0; i < targets.length; i++) changing(change.name, targets[i])
  change.forward(targets, inputs, attributes, atOnce)
}
