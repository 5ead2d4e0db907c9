import { DTypeError } from './errors.ts'
import { describe } from './shape.ts'

export type DType = 'float32' | 'float64'

/** The storage of a matrix, row-major. */
export type TypedArray = Float32Array | Float64Array

let defaultDType: DType = 'float32'

/** The dtype of matrices made from arrays, sizes and random numbers when none is given. */
export function getDefaultDtype(): DType {
  return defaultDType
}

/**
 * Sets the dtype of matrices made without one: 'float32' at the start.
 *
 * @throws DTypeError for any other name.
 */
export function setDefaultDtype(dtype: DType): void {
  defaultDType = checkDType('setDefaultDtype', dtype)
}

/** `dtype` itself. @throws DTypeError unless it is the name of a dtype. */
export function checkDType(operation: string, dtype: DType): DType {
  if (dtype !== 'float32' && dtype !== 'float64')
    throw new DTypeError(`${operation}: dtype is ${describe(dtype)}, wanted 'float32' or 'float64'`)
  return dtype
}

export const dtypeOf = (data: TypedArray): DType => (data instanceof Float32Array ? 'float32' : 'float64')

/** The dtype of indices: exact up to 2⁵³. */
export const exactIndex = (): DType => 'float64'

/** Bytes of one element. */
export const itemSize = (dtype: DType): 4 | 8 => (dtype === 'float32' ? 4 : 8)

/**
 * Up to this many bytes V8 keeps an array's elements in its own heap. For more it asks the system, which takes longer than
 * most operations on a small matrix: such arrays therefore share slabs, as Node's Buffers do.
 */
const IN_HEAP = 64
const MOST_SHARED = 8192
/** Arrays of up to 2 KB share slabs of this size, those of up to 4 and 8 KB slabs that are as much larger. */
const SLAB_BYTES = 16384

interface Slab {
  buffer: ArrayBuffer
  used: number
}

/** What is being filled for each size: an array that is kept keeps its slab, at most sixteen of its size from 2 KB on. */
const slabs: Slab[] = Array.from({ length: 3 }, () => ({ buffer: new ArrayBuffer(0), used: 0 }))

/**
 * On Linux, a freed array of more than 128 KB goes back to the system, which gives memory for the next page by page: that
 * takes longer than most operations. glibc learns from what is freed, up to 32 MB, to keep as much, and twice as much in
 * all (mallopt(3), M_MMAP_THRESHOLD). It is taught by a buffer of which no page is ever touched.
 */
const LESSON = 2 ** 25 - 2 ** 16
let taught = false

/** Zeros, perhaps in a buffer that other arrays share. */
export function allocate(dtype: DType, size: number): TypedArray {
  if (!taught) {
    new ArrayBuffer(LESSON)
    taught = true
  }
  const bytes = size * itemSize(dtype)
  if (bytes <= IN_HEAP || bytes > MOST_SHARED)
    return dtype === 'float32' ? new Float32Array(size) : new Float64Array(size)
  const doublings = 32 - Math.clz32((bytes - 1) >>> 11)
  const slab = slabs[doublings]
  if (slab.used + bytes > slab.buffer.byteLength) {
    slab.buffer = new ArrayBuffer(SLAB_BYTES << doublings)
    slab.used = 0
  }
  const start = slab.used
  slab.used += (bytes + 15) & ~15
  return dtype === 'float32' ? new Float32Array(slab.buffer, start, size) : new Float64Array(slab.buffer, start, size)
}
