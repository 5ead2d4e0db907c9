import type { DType } from '../base/dtype.ts'
import { collect, type Engine, launch, type Operand, place } from './engine.ts'
import { engineFor } from './threads.ts'

/**
 * What the kernels of an operation run on: one operation, two interpreters. `atOnce` makes the calls; a program that is being
 * written takes them down, to make them later with the same arguments.
 */
export interface Machine {
  /** What work of so many multiplications is made on: several threads, perhaps. */
  engineFor(work: number): Engine
  /**
   * Runs the kernel of this name that computes in `dtype`: `kernel(…addresses of outputs, …addresses of inputs,
   * …parameters)`. The first `inPlace` outputs are read as well as written.
   */
  launch(
    kernel: string,
    dtype: DType,
    outputs: readonly Operand[],
    inputs: readonly Operand[],
    parameters: readonly number[],
    inPlace?: number,
  ): void
  /** Writes where outputs and then inputs are into `addresses`, and returns where `more` bytes are free. */
  place(
    engine: Engine,
    kernel: string,
    outputs: readonly Operand[],
    inputs: readonly Operand[],
    inPlace: number,
    more: number,
    addresses: number[],
  ): number
  /** Ends a call whose operands `place` has placed: the outputs are what they are then. */
  collect(engine: Engine, outputs: readonly Operand[], addresses: readonly number[]): void
}

export const atOnce: Machine = { engineFor, launch, place, collect }
