import type { Matrix } from '@matgrad/core'
import { elementsOf } from '@matgrad/core/internal'

const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const START = 0x811c9dc5
/** Odd, so that no two sums become one by it: that of the golden ratio (Knuth, vol. 3, 6.4). */
const FACTOR = 0x9e3779b1

/**
 * 32 bits of a text and the shapes and bits of matrices, the same on every machine. It is another one wherever a single word
 * is, and of any other change it misses one in 2³².
 */
export function checksum(operation: string, text: string, matrices: Iterable<Matrix>): string {
  let sum = START
  const add = (word: number): void => {
    sum = Math.imul(((sum << 5) | (sum >>> 27)) ^ word, FACTOR)
  }
  for (let i = 0; i < text.length; i++) add(text.charCodeAt(i))
  for (const matrix of matrices) {
    const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: size } = elementsOf(operation, matrix)
    add(matrix.rows)
    add(matrix.cols)
    add(size)
    const words = new Uint32Array(buffer, byteOffset, byteLength / 4)
    // The lower half of a float64 first.
    const swap = Number(!IS_LITTLE && size === 8)
    for (let i = 0; i < words.length; i++) add(words[i ^ swap])
  }
  return (sum >>> 0).toString(16).padStart(8, '0')
}
