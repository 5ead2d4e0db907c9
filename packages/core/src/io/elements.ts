import { type DType, itemSize, type TypedArray } from '../base/dtype.ts'
import { allocate } from '../engine/allocate.ts'

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Swaps the bytes of each element in place on a big-endian machine: files are little-endian. */
function toFileOrder(bytes: Uint8Array, size: number): void {
  if (littleEndian) return
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse()
}

/** Copies `count` little-endian elements out of a file's bytes, whatever their alignment. */
export function readElements(bytes: Uint8Array, start: number, dtype: DType, count: number): TypedArray {
  const data = allocate(dtype, count)
  const target = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  target.set(bytes.subarray(start, start + target.length))
  toFileOrder(target, itemSize(dtype))
  return data
}

/** Copies elements into a file's bytes, little-endian. */
export function writeElements(bytes: Uint8Array, start: number, data: TypedArray): void {
  const target = bytes.subarray(start, start + data.byteLength)
  target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  toFileOrder(target, data.BYTES_PER_ELEMENT)
}
