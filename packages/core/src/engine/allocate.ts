import { type DType, itemSize, type TypedArray, zeroArray } from '../base/dtype.ts'

/**
 * Up to this many bytes V8 keeps an array's elements in its own heap. For more it asks the system, which takes longer than
 * most operations on a small matrix: such arrays therefore share buffers, as Node's Buffers do.
 */
const IN_HEAP = 64
const MOST_SHARED = 8192
/** Arrays of as many vectors of 16 bytes share a buffer, so many of them: one that is kept keeps less than four times its bytes. */
const NEIGHBOURS = 3
/** Temporaries of up to 2 KB share buffers of this size, those of up to 4 and 8 KB ones that are as much larger. */
const TEMPORARY_BYTES = 16384

/** A buffer that several arrays share, which therefore nobody outside may be given. */
class Slab extends ArrayBuffer {
  used = 0
  readonly temporary: boolean

  constructor(bytes: number, temporary: boolean) {
    super(bytes)
    this.temporary = temporary
  }
}

/** The slab that is being filled with arrays of each number of vectors, and with temporaries of each size. */
const slabs: (Slab | undefined)[] = Array(MOST_SHARED / 16 + 1).fill(undefined)
const temporarySlabs: (Slab | undefined)[] = Array(3).fill(undefined)
let temporary = false

/**
 * The result of `run`, whose matrices are mostly garbage at its end: they share larger buffers, which is faster. What stays
 * must be moved by `settled`.
 */
export function withTemporaries<T>(on: boolean, run: () => T): T {
  const before = temporary
  temporary = on
  try {
    return run()
  } finally {
    temporary = before
  }
}

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
  if (bytes <= IN_HEAP || bytes > MOST_SHARED) return zeroArray(dtype, size)
  const slab = temporary ? temporarySlab(bytes) : sharedSlab(bytes)
  const start = slab.used
  slab.used += (bytes + 15) & ~15
  return dtype === 'float32' ? new Float32Array(slab, start, size) : new Float64Array(slab, start, size)
}

function sharedSlab(bytes: number): Slab {
  const vectors = (bytes + 15) >>> 4
  const slab = slabs[vectors]
  const most = vectors * 16 * NEIGHBOURS
  if (slab !== undefined && slab.used < most) return slab
  const next = new Slab(most, false)
  slabs[vectors] = next
  return next
}

function temporarySlab(bytes: number): Slab {
  const doublings = 32 - Math.clz32((bytes - 1) >>> 11)
  const slab = temporarySlabs[doublings]
  const most = TEMPORARY_BYTES << doublings
  if (slab !== undefined && slab.used + bytes <= most) return slab
  const next = new Slab(most, true)
  temporarySlabs[doublings] = next
  return next
}

/** The slab that an array lies in. The buffer of an array in V8's heap is not asked for: that would make one. */
function slabOf(elements: TypedArray): Slab | undefined {
  const bytes = elements.length * elements.BYTES_PER_ELEMENT
  if (bytes <= IN_HEAP || bytes > MOST_SHARED) return undefined
  const { buffer } = elements
  return buffer instanceof Slab ? buffer : undefined
}

/** The same array, or a copy in a buffer of its own if it shares one. */
export const unshared = (elements: TypedArray): TypedArray =>
  slabOf(elements) === undefined ? elements : elements.slice()

/** The same array, or a copy if it shares a buffer with temporaries: for when they are over. */
export function settled(dtype: DType, elements: TypedArray): TypedArray {
  if (slabOf(elements)?.temporary !== true) return elements
  const copy = allocate(dtype, elements.length)
  copy.set(elements)
  return copy
}
