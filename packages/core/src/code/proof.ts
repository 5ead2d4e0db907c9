import type { TypedArray } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import type { Operand } from '../engine/engine.ts'
import type { Arena } from './arena.ts'

/** What scratch memory is filled with, so that whoever reads there what nobody wrote computes with NaN. */
const POISON = 0xff
/** Bytes of a vector: kernels store whole ones, for which there is room after all that is kept. */
const VECTOR = 16

/** A program wrote what is not its own: no error of its caller's, which nobody must catch. */
export class Trespass extends MatgradError {}

/**
 * A program that proves at each run that it reads no scratch memory before it wrote it, and changes nothing in its arena
 * but its scratch memory and what it may change: not what other programs keep, nor what lies between.
 *
 * @param base where its scratch memory begins, to the end of the arena
 * @param places where its arguments are, in the scratch memory
 * @param changes where the matrices and generators are that it may change
 */
export function proving(
  step: () => void,
  { buffer, start }: Arena,
  base: number,
  places: readonly TypedArray[],
  changes: readonly Operand[],
): () => void {
  // Words: both ends are aligned.
  const kept = new Int32Array(buffer, start, (base - start) / 4)
  const scratch = new Uint8Array(buffer, base)
  return () => {
    const before = kept.slice()
    const given = places.map((place) => place.slice())
    scratch.fill(POISON)
    for (const [i, place] of places.entries()) place.set(given[i])
    try {
      step()
    } finally {
      scratch.fill(POISON)
      for (const elements of changes) {
        const offset = (elements.byteOffset - start) / 4
        const words = Math.ceil(elements.byteLength / VECTOR) * (VECTOR / 4)
        before.set(kept.subarray(offset, offset + words), offset)
      }
      checkSame(kept, before, start)
    }
  }
}

/** @throws Trespass where two pictures of memory from an address on differ. */
function checkSame(now: Int32Array, before: Int32Array, start: number): void {
  for (let i = 0; i < now.length; i++)
    if (now[i] !== before[i])
      throw new Trespass(`debug: a program changed address ${start + 4 * i}, which it does not own`)
}
