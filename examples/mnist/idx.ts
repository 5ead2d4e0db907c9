// The IDX format of the MNIST files: two zero bytes, the element type, the number of dimensions, each dimension as a
// big-endian 32-bit number, then the elements (yann.lecun.com/exdb/mnist).

import { readFile } from 'node:fs/promises'
import { FormatError } from '@matgrad/core'

const UNSIGNED_BYTE = 0x08

/**
 * The sizes and the elements of an IDX file of unsigned bytes.
 *
 * @throws FormatError for any other file.
 */
export function decodeIdx(bytes: Uint8Array): { sizes: number[]; elements: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint16(0) !== 0)
    throw new FormatError('decodeIdx: the bytes do not begin as an IDX file does')
  if (bytes[2] !== UNSIGNED_BYTE)
    throw new FormatError(`decodeIdx: the element type is ${bytes[2]}, wanted ${UNSIGNED_BYTE} (unsigned bytes)`)
  const start = 4 + 4 * bytes[3]
  if (bytes.length < start) throw new FormatError('decodeIdx: the header is cut short')
  const sizes = Array.from({ length: bytes[3] }, (_, i) => view.getUint32(4 + 4 * i))
  const count = sizes.reduce((product, size) => product * size, 1)
  if (bytes.length - start !== count)
    throw new FormatError(`decodeIdx: ${sizes.join('x')} is ${count} elements, got ${bytes.length - start}`)
  return { sizes, elements: bytes.subarray(start) }
}

/** The sizes and the elements of the IDX file at `path`. @throws FormatError when it is not one. */
export const readIdx = async (path: string): Promise<{ sizes: number[]; elements: Uint8Array }> =>
  decodeIdx(await readFile(path))
