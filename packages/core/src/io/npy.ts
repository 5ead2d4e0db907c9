import { type DType, itemSize } from '../base/dtype.ts'
import { DTypeError, FormatError } from '../base/errors.ts'
import { describe, formatShape, MAX_SIZE, shorten } from '../base/shape.ts'
import { elementsOf, Matrix, owning } from '../matrix/matrix.ts'
import { readElements, writeElements } from './elements.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const ALIGNMENT = 64
/** NumPy's own limit on the length of a header, which is beyond what a matrix needs. */
const MAX_HEADER = 10_000
const DESCRIPTORS: Record<DType, string> = { float32: '<f4', float64: '<f8' }

/**
 * A matrix as the bytes of an .npy file, version 1.0 (NumPy Enhancement Proposal 1). @throws DTypeError unless it is one; MatgradError
 * where its data were detached or resized.
 */
export function encodeNpy(a: Matrix): Uint8Array {
  if (!(a instanceof Matrix)) throw new DTypeError(`encodeNpy: got ${describe(a)}, wanted a Matrix`)
  const elements = elementsOf('encodeNpy', a)
  const dictionary = `{'descr': '${DESCRIPTORS[a.dtype]}', 'fortran_order': False, 'shape': (${a.rows}, ${a.cols}), }`
  const unpadded = MAGIC.length + 4 + dictionary.length + 1
  const start = Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT
  const header = `${dictionary.padEnd(dictionary.length + start - unpadded)}\n`
  const bytes = new Uint8Array(start + elements.byteLength)
  bytes.set(MAGIC)
  bytes.set([1, 0, header.length & 0xff, header.length >> 8], MAGIC.length)
  bytes.set(new TextEncoder().encode(header), MAGIC.length + 4)
  writeElements(bytes, start, elements)
  return bytes
}

/**
 * The matrix in the bytes of an .npy file, versions 1 to 3. A one-dimensional array of n becomes 1xn, a
 * zero-dimensional one 1x1.
 *
 * @throws FormatError for anything but float32 or float64, little-endian, of at most two dimensions, or for bytes that
 * are missing or left over.
 */
export function decodeNpy(bytes: Uint8Array): Matrix {
  const fail = (why: string): never => {
    throw new FormatError(`decodeNpy: ${why}`)
  }
  if (!(bytes instanceof Uint8Array)) fail('wanted a Uint8Array')
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    fail('the bytes do not begin as an .npy file does')
  const version = bytes[6]
  if (version < 1 || version > 3) fail(`version is ${version}, wanted 1 to 3`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (version > 1 && bytes.length < 12) fail('the header is cut short')
  const headerStart = version === 1 ? 10 : 12
  const start = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true))
  if (start > bytes.length) fail('the header is cut short')
  if (start - headerStart > MAX_HEADER)
    fail(`the header has ${start - headerStart} bytes, wanted at most ${MAX_HEADER}`)
  const header = new TextDecoder().decode(bytes.subarray(headerStart, start))
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1]
  const shape = /'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1]
  if (descriptor === undefined || fortran === undefined || shape === undefined)
    return fail(`the header is ${describe(header.trim())}, wanted descr, fortran_order and shape`)
  const dtype = (Object.keys(DESCRIPTORS) as DType[]).find((each) => DESCRIPTORS[each] === descriptor)
  if (!dtype) return fail(`dtype is '${shorten(descriptor)}', wanted '<f4' or '<f8'`)
  const sizes = shape
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number)
  if (sizes.length > 2) fail(`got ${sizes.length} dimensions, wanted at most 2`)
  const [rows, cols] = sizes.length === 2 ? sizes : [1, sizes[0] ?? 1]
  if (!sizes.every(Number.isSafeInteger) || rows * cols > MAX_SIZE)
    fail(`shape is (${shorten(shape)}), wanted whole numbers that make at most ${MAX_SIZE} elements`)
  const length = rows * cols * itemSize(dtype)
  if (length !== bytes.length - start)
    fail(`${formatShape([rows, cols])} ${dtype} needs ${length} bytes, got ${bytes.length - start}`)
  const data = readElements(bytes, start, dtype, rows * cols)
  return fortran === 'True' && sizes.length === 2 ? owning(data, cols, rows).transpose() : owning(data, rows, cols)
}
