import type { DType, TypedArray } from '../base/dtype.ts'
import { DTypeError } from '../base/errors.ts'
import { describe, formatShape, MAX_SIZE, shorten } from '../base/shape.ts'
import { allocate } from '../engine/allocate.ts'
import { type Matrix, owning } from '../matrix/matrix.ts'

/** The order of an element's bytes, in NumPy's letters, that is not the machine's. */
const FOREIGN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? '>' : '<'

/** Changes elements in place between an order and the machine's. */
function reorder(bytes: Uint8Array, size: number, order: string): void {
  if (order !== FOREIGN) return
  for (let begin = 0; begin < bytes.length; begin += size)
    for (let i = begin, j = begin + size - 1; i < j; i++, j--) {
      const byte = bytes[i]
      bytes[i] = bytes[j]
      bytes[j] = byte
    }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** The bytes of a file that a caller gave. @throws DTypeError for what has none: what they say is not looked at yet. */
export function asBytes(operation: string, given: unknown): Uint8Array {
  if (given instanceof Uint8Array) return given
  const isBuffer =
    given instanceof ArrayBuffer || Object.prototype.toString.call(given) === '[object SharedArrayBuffer]'
  if (!isBuffer)
    throw new DTypeError(
      `${operation}: got ${describe(given)}, wanted a Uint8Array or an ArrayBuffer with the bytes of a file`,
    )
  return new Uint8Array(given as ArrayBuffer)
}

/** Whether UTF-8 has a text: no half of a surrogate pair is in it. */
export const isUnicode = (text: string): boolean => !/\p{Surrogate}/u.test(text)

const beginsWith = (bytes: Uint8Array, text: string): boolean =>
  [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0))

/** How .npy files begin. */
export const NPY = '\x93NUMPY'
export const isNpy = (bytes: Uint8Array): boolean => beginsWith(bytes, NPY)

/** What bytes are that begin as a file of another format does; null where that is not known. */
export function otherFormat(bytes: Uint8Array): string | null {
  if (isNpy(bytes)) return 'the bytes are those of .npy, which decodeNpy reads'
  const anew = "torch.save's, which safetensors.torch.save_file is to write anew"
  if (beginsWith(bytes, 'PK'))
    return `the bytes are those of a zip archive, such as .npz, which decodeNpz reads, or ${anew}`
  return beginsWith(bytes, '\x80\x02') ? `the bytes are those of a Python pickle, such as ${anew}` : null
}

/** What files call a type, and how its elements are read. */
export interface Stored {
  readonly safetensors: string
  /** Its names in NumPy, without the order of bytes. */
  readonly npy: readonly string[]
  /** Bytes of one element. */
  readonly size: number
  /** The elements in the bytes, whatever their alignment, or the reason why no matrix can have them. */
  readonly read: (bytes: Uint8Array, order: string) => TypedArray | string
}

interface RawArray<A> {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): A
}

/** A type that is read as `Raw` and then, unless that is the dtype already, converted. */
function stored<A extends ArrayBufferView>(
  safetensors: string,
  npy: string,
  dtype: DType,
  Raw: RawArray<A>,
  convert: (raw: A, data: TypedArray) => string | undefined,
): Stored {
  const size = Raw.BYTES_PER_ELEMENT
  const read = (bytes: Uint8Array, order: string): TypedArray | string => {
    const data = allocate(dtype, bytes.length / size)
    const isRaw = data instanceof Raw
    const raw: A = isRaw ? data : new Raw(data.length)
    const target = bytesOf(raw)
    target.set(bytes)
    reorder(target, size, order)
    return (isRaw ? undefined : convert(raw, data)) ?? data
  }
  return { safetensors, npy: npy.match(/\S+/g) ?? [], size, read }
}

function copy(raw: ArrayLike<number>, data: TypedArray): undefined {
  data.set(raw)
}

function fromBool(raw: Uint8Array, data: TypedArray): undefined {
  for (let i = 0; i < raw.length; i++) data[i] = Number(raw[i] !== 0)
}

/** A bfloat16 is the upper half of a float32. */
function fromBfloat16(raw: Uint16Array, data: TypedArray): undefined {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  for (let i = 0; i < raw.length; i++) bits[i] = raw[i] << 16
}

/** The bits of a float16, moved to their places in a float32, say a number 2¹¹² times too small, a subnormal one as well. */
function fromFloat16(raw: Uint16Array, data: TypedArray): undefined {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  for (let i = 0; i < raw.length; i++) {
    bits[i] = ((raw[i] & 0x8000) << 16) | ((raw[i] & 0x7fff) << 13)
    if ((raw[i] & 0x7c00) === 0x7c00) bits[i] |= 0x7f800000
    else data[i] *= 2 ** 112
  }
}

function fromInt64(raw: BigInt64Array | BigUint64Array, data: TypedArray): string | undefined {
  for (let i = 0; i < raw.length; i++) {
    data[i] = Number(raw[i])
    // Anything less is exact.
    if (Math.abs(data[i]) >= 2 ** 53 && BigInt(data[i]) !== raw[i])
      return `element ${i} is ${raw[i]}, wanted an integer that float64 holds exactly`
  }
  return undefined
}

/** Every type that is read: as float32 where that holds all of its values, as float64 else. */
export const STORED: readonly Stored[] = [
  stored('F16', 'f2 e half float16', 'float32', Uint16Array, fromFloat16),
  stored('BF16', '', 'float32', Uint16Array, fromBfloat16),
  stored('F32', 'f4 f single float32', 'float32', Float32Array, copy),
  stored('F64', 'f8 d double float float64', 'float64', Float64Array, copy),
  stored('I8', 'i1 b byte int8', 'float32', Int8Array, copy),
  stored('U8', 'u1 B ubyte uint8', 'float32', Uint8Array, copy),
  stored('I16', 'i2 h short int16', 'float32', Int16Array, copy),
  stored('U16', 'u2 H ushort uint16', 'float32', Uint16Array, copy),
  stored('I32', 'i4 i intc int32', 'float64', Int32Array, copy),
  stored('U32', 'u4 I uintc uint32', 'float64', Uint32Array, copy),
  // C's long has 4 bytes on Windows alone, whose files are then too short.
  stored('I64', 'i8 l q n p int int_ intp long longlong int64', 'float64', BigInt64Array, fromInt64),
  stored('U64', 'u8 L Q N P uint uintp ulong ulonglong uint64', 'float64', BigUint64Array, fromInt64),
  stored('BOOL', 'b1 ? bool bool_', 'float32', Uint8Array, fromBool),
]

/** Why elements of a type that is none of those are not read. */
export const unknownType = (dtype: string): string =>
  `dtype is ${shorten(dtype)}, wanted floats of 16, 32 or 64 bits, integers or booleans`

/**
 * The matrix of all elements in the bytes, or the reason why there is none. Without sizes it is 1x1, with one of n 1xn; where there
 * are more than two, the last of those that are 1 are left out.
 */
export function readMatrix(
  bytes: Uint8Array,
  type: Stored,
  sizes: readonly number[],
  order = '<',
  byColumns = false,
): Matrix | string {
  let more = sizes.length - 2
  const [cols = 1, rows = 1, ...others] = [...sizes].reverse().filter((size) => size !== 1 || more-- <= 0)
  if (others.length > 0)
    return `shape is (${shorten(sizes.join(', '))}), wanted at most two sizes that are not 1, or another shape by the option, [${sizes[0]}, -1] say`
  if (rows * cols > MAX_SIZE) return `shape is ${formatShape([rows, cols])}, wanted at most ${MAX_SIZE} elements`
  const data = type.read(bytes, order)
  if (typeof data === 'string') return data
  return byColumns ? owning(data, cols, rows).transpose() : owning(data, rows, cols)
}

/** Copies elements into a file's bytes, little-endian. */
export function writeElements(bytes: Uint8Array, start: number, data: TypedArray | BigInt64Array): void {
  const target = bytes.subarray(start, start + data.byteLength)
  target.set(bytesOf(data))
  reorder(target, data.BYTES_PER_ELEMENT, '<')
}
