import { type DType, itemSize, type TypedArray, zeroArray } from '../base/dtype.ts'

/**
 * Up to this many bytes V8 keeps an array's elements in its own heap. For more it asks the system, which takes longer than
 * most operations on a small matrix: such arrays therefore share buffers, as Node's Buffers do.
 */
const IN_HEAP = 64
const MOST_SHARED = 8192
const TEMPORARY_BYTES = 65536

/** A buffer that several arrays share, which therefore nobody outside may be given. */
class Slab extends ArrayBuffer {
  used = 0
  /** Whether each of its arrays may be kept alone. */
  readonly single: boolean

  constructor(bytes: number, single: boolean) {
    super(bytes)
    this.single = single
  }
}

/** Where arrays share a buffer with so many of their size, counted in vectors of 16 bytes. */
export interface Pool {
  readonly neighbours: number
  /** What is being filled, by the size. */
  readonly slabs: (Slab | undefined)[]
}

const pool = (neighbours: number): Pool => ({ neighbours, slabs: Array(MOST_SHARED / 16 + 1).fill(undefined) })

/** For arrays of which each may be kept alone: it then keeps less than four times its bytes. */
const single = pool(3)
/** For arrays on a tape, which are mostly kept and dropped together. */
export const taped: Pool = pool(16)

/** Where temporaries are, one after the other. */
let temporaries = new Slab(0, false)
/** Whether there are temporaries, and whether results are some at present. */
let occupied = false
let temporary = false

/** From here on results are temporaries, whose memory `endTemporaries` gives back. Gives false if they are some already. */
export function startTemporaries(): boolean {
  if (occupied) return false
  occupied = true
  return true
}

/** Whether results are temporaries from here on, between `startTemporaries` and `endTemporaries`. */
export function useTemporaries(on: boolean): void {
  temporary = on
}

/** Uses the memory of all temporaries anew. What stays must have been moved by `settled`. */
export function endTemporaries(): void {
  occupied = false
  temporary = false
  temporaries.used = 0
}

/**
 * On Linux, a freed array of more than 128 KB goes back to the system, which gives memory for the next page by page: that
 * takes longer than most operations. glibc learns from what is freed, up to 32 MB, to keep as much, and twice as much in
 * all (mallopt(3), M_MMAP_THRESHOLD). It is taught by a buffer of which no page is ever touched.
 */
const LESSON = 2 ** 25 - 2 ** 16
let taught = false

/** Zeros, perhaps in a buffer that other arrays share. */
export function allocate(dtype: DType, size: number, from: Pool = single): TypedArray {
  if (!taught) {
    new ArrayBuffer(LESSON)
    taught = true
  }
  const bytes = size * itemSize(dtype)
  if (bytes <= IN_HEAP || bytes > MOST_SHARED) return zeroArray(dtype, size)
  const vectors = (bytes + 15) >>> 4
  const most = vectors * 16 * from.neighbours
  let slab = from.slabs[vectors]
  if (slab === undefined || slab.used === most) {
    slab = new Slab(most, from === single)
    from.slabs[vectors] = slab
  }
  return nextOf(slab, dtype, size)
}

/** An array for what will be written wholly: a temporary, whose numbers are any, or zeros. */
export function allocateResult(dtype: DType, size: number, from?: Pool): TypedArray {
  const bytes = size * itemSize(dtype)
  if (!temporary || bytes <= IN_HEAP || bytes > MOST_SHARED) return allocate(dtype, size, from)
  if (temporaries.used + bytes > temporaries.byteLength) temporaries = new Slab(TEMPORARY_BYTES, false)
  return nextOf(temporaries, dtype, size)
}

function nextOf(slab: Slab, dtype: DType, size: number): TypedArray {
  const start = slab.used
  slab.used += (size * itemSize(dtype) + 15) & ~15
  return dtype === 'float32' ? new Float32Array(slab, start, size) : new Float64Array(slab, start, size)
}

/** The slab that an array lies in. The buffer of an array in V8's heap is not asked for: that would make one. */
function slabOf(elements: TypedArray, dtype: DType): Slab | undefined {
  const bytes = elements.length * itemSize(dtype)
  if (bytes <= IN_HEAP || bytes > MOST_SHARED) return undefined
  const { buffer } = elements
  return buffer instanceof Slab ? buffer : undefined
}

/** The same array, or a copy in a buffer of its own if it shares one: a slab, or the memory of programs. */
export const unshared = (elements: TypedArray, dtype: DType): TypedArray =>
  elements.byteOffset === 0 && slabOf(elements, dtype) === undefined ? elements : elements.slice()

/** The same array, or a copy that may be kept alone: for temporaries, and for what was on a tape. */
export function settled(elements: TypedArray, dtype: DType): TypedArray {
  const slab = slabOf(elements, dtype)
  if (slab === undefined || slab.single) return elements
  const copy = allocate(dtype, elements.length)
  copy.set(elements)
  return copy
}
