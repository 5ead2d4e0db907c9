import { collect, launch, place } from './engine.ts'
import { engineFor } from './threads.ts'

/**
 * What the kernels of an operation run on: one operation, two interpreters. `atOnce` makes the calls; a program that is being
 * written takes them down, to make them later with the same arguments.
 */
export interface Machine {
  /** What work of so many multiplications is made on: several threads, perhaps. */
  readonly engineFor: typeof engineFor
  /** Runs a kernel. */
  readonly launch: typeof launch
  /** Says where operands are, and what is free beside them. */
  readonly place: typeof place
  /** Ends a call whose operands `place` has placed: the outputs are what they are then. */
  readonly collect: typeof collect
}

export const atOnce: Machine = { engineFor, launch, place, collect }
