// Bytes that may be broken, and what decoders make of them.

import { FormatError } from '@matgrad/core'
import { expect } from 'vitest'

/** The same bytes at an odd place of a larger buffer. */
export function unaligned(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 9).fill(0xee)
  larger.set(bytes, 3)
  return larger.subarray(3, 3 + bytes.length)
}

/** Runs a decoder on bytes that may be broken: whatever it throws is a FormatError, and it throws or answers. */
export function survives(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): 'read' | 'refused' {
  try {
    decode(bytes)
    return 'read'
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return 'refused'
  }
}

/** The FormatError that `run` throws. */
export function errorOf(run: () => unknown): FormatError {
  try {
    run()
  } catch (error) {
    if (error instanceof FormatError) return error
    throw error
  }
  expect.fail('nothing was thrown')
}

/** Overwrites, cuts, inserts or repeats a few bytes. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const below = (n: number): number => Math.floor(random() * n)
  let result = Array.from(bytes)
  for (let times = 1 + below(4); times > 0; times--) {
    // Most of what can go wrong is in the header.
    const at = below(random() < 0.7 ? Math.min(result.length, 160) : result.length)
    const kind = below(6)
    if (kind === 0) result[at] = below(256)
    else if (kind === 1) result[at] ^= 1 << below(8)
    else if (kind === 2) result = result.slice(0, at)
    else if (kind === 3) result.splice(at, 1 + below(5))
    else if (kind === 4) result.splice(at, 0, ...Array.from({ length: 1 + below(9) }, () => below(256)))
    else result[at] = '0123456789-[]{},":eE.'.charCodeAt(below(21))
    if (result.length === 0) result = [below(256)]
  }
  return Uint8Array.from(result)
}
