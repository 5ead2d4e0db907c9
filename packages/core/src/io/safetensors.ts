import { itemSize, type TypedArray } from '../base/dtype.ts'
import { DTypeError, FormatError } from '../base/errors.ts'
import { checkNoMore, isPlain } from '../base/options.ts'
import { describe, shorten } from '../base/shape.ts'
import { elementsOf, Matrix } from '../matrix/matrix.ts'
import {
  asBytes,
  isUnicode,
  otherFormat,
  readMatrix,
  STORED,
  type Stored,
  unknownType,
  writeElements,
} from './elements.ts'
import { checkNames, readTensorOptions, sizesFor, type TensorOptions } from './tensor-options.ts'

/** Matrices by name. */
export type Tensors = Readonly<Record<string, Matrix>>

const BY_NAME: ReadonlyMap<unknown, Stored> = new Map(STORED.map((type) => [type.safetensors, type]))
/** The format's own limit on the length of the header. */
const MAX_HEADER = 100_000_000
/** The deepest nesting in a header: the file's object, an entry, its list. */
const DEEPEST = 3
/** The most commas in a header, and how many of a kind of sign may be beside those of tensors. */
const MOST_COMMAS = 2 ** 21
const BESIDE = 2 ** 14

/**
 * Matrices as the bytes of a safetensors file, which PyTorch and Hugging Face's libraries read: 8 bytes with the length
 * of a JSON header, the header, the elements.
 *
 * @throws DTypeError for a value that is not a Matrix or metadata that are not strings; FormatError for the reserved name
 * `__metadata__`, for what is no Unicode, and more names than a header may have; MatgradError where data were detached or
 * resized.
 */
export function encodeSafetensors(
  tensors: Tensors,
  metadata?: Readonly<Record<string, string>>,
  ...more: []
): Uint8Array {
  checkNoMore('encodeSafetensors', 'tensors, metadata', more)
  if (!isPlain(tensors)) throw new DTypeError(`encodeSafetensors: got ${describe(tensors)}, wanted matrices by name`)
  if (metadata !== undefined) {
    if (!isPlain(metadata))
      throw new DTypeError(`encodeSafetensors: metadata is ${describe(metadata)}, wanted strings by name`)
    for (const [key, value] of Object.entries(metadata)) {
      if (typeof value !== 'string')
        throw new DTypeError(`encodeSafetensors: metadata ${shorten(key)} is ${describe(value)}, wanted a string`)
      checkUnicode(`metadata ${shorten(key)}`, key + value)
    }
  }
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    if (!(tensor instanceof Matrix))
      throw new DTypeError(`encodeSafetensors: ${shorten(name)} is ${describe(tensor)}, wanted a Matrix`)
    checkUnicode('the name', name)
    if (name === '__metadata__') throw new FormatError('encodeSafetensors: the name __metadata__ is reserved')
    const { shape, dtype } = tensor
    return { name, shape, dtype: `F${8 * itemSize(dtype)}`, elements: elementsOf('encodeSafetensors', tensor) }
  })
  return encodeTensors(entries, metadata)
}

/** @throws FormatError for what no other reader of JSON takes. */
function checkUnicode(what: string, text: string): void {
  if (!isUnicode(text)) throw new FormatError(`encodeSafetensors: ${what} is ${describe(text)}, wanted Unicode`)
}

/** A tensor as a file has it: its elements are those of a matrix, or integers. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly elements: TypedArray | BigInt64Array
}

/** The bytes of a file with these tensors, of whatever shapes. */
export function encodeTensors(tensors: readonly Tensor[], metadata?: Readonly<Record<string, string>>): Uint8Array {
  // Without a prototype any name is a plain key, even __proto__.
  const header: Record<string, unknown> = Object.create(null)
  if (metadata !== undefined) header.__metadata__ = metadata
  // Wider elements first, as the reference implementation has it, so that every tensor is aligned to its element size.
  const sorted = [...tensors].sort((a, b) => b.elements.BYTES_PER_ELEMENT - a.elements.BYTES_PER_ELEMENT)
  let end = 0
  const parts = sorted.map(({ name, shape, dtype, elements }) => {
    const begin = end
    end += elements.byteLength
    header[name] = { dtype, shape, data_offsets: [begin, end] }
    return { begin, elements }
  })
  const json = new TextEncoder().encode(JSON.stringify(header))
  if (json.length > MAX_HEADER)
    fail(`names and metadata need a header of ${json.length} bytes, wanted at most ${MAX_HEADER}`, 'encodeSafetensors')
  countNames('encodeSafetensors', json)
  const start = 8 + Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(start + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true)
  bytes.fill(0x20, 8, start)
  bytes.set(json, 8)
  for (const { begin, elements } of parts) writeElements(bytes, start + begin, elements)
  return bytes
}

/** A tensor that is not among the matrices, and why. */
export interface SkippedTensor {
  readonly name: string
  readonly reason: string
}

/**
 * The matrices and the metadata in the bytes of a safetensors file, and what of it is no matrix. F16, BF16, F32, BOOL and
 * integers of up to 16 bits become float32; F64 and longer integers become float64. A scalar becomes 1x1, a one-dimensional
 * tensor of n 1xn; where there are more than two dimensions, the last of those of 1 are left out. Other dtypes, tensors of more
 * than two dimensions that are not 1, unless `shapes` says otherwise, and those of integers that float64 does not hold exactly
 * are skipped. Everything is checked before anything is allocated: lengths, the header, shapes, and that the elements fill the
 * rest of the file without gap or overlap.
 *
 * Defaults: names all, shapes as the file has them.
 *
 * @throws FormatError for anything else; MatgradError for a name that the file does not have; ShapeError for sizes that are not
 * those of all elements; DTypeError for what is no bytes, and other options.
 */
export function decodeSafetensors(
  file: Uint8Array | ArrayBuffer,
  options?: TensorOptions,
  ...more: []
): { tensors: Record<string, Matrix>; metadata: Record<string, string>; skipped: SkippedTensor[] } {
  checkNoMore('decodeSafetensors', 'bytes, options', more)
  const { names, shapes } = readTensorOptions('decodeSafetensors', options)
  const bytes = asBytes('decodeSafetensors', file)
  if (bytes.length < 8) fail(`got ${bytes.length} bytes, wanted at least 8`)
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  if (headerLength > MAX_HEADER || headerLength > bytes.length - 8)
    fail(
      otherFormat(bytes) ??
        `the header has ${headerLength} bytes, the file has ${bytes.length}: it is cut short, or no safetensors file`,
    )
  const start = 8 + headerLength
  const { __metadata__, ...header } = parseHeader(bytes.subarray(8, start))
  const entries = Object.entries(header).map(([name, entry]) => readEntry(name, entry))
  let end = 0
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end)
      fail(`${shorten(entry.name)} begins at ${entry.begin}, wanted ${end}: the elements overlap or leave a gap`)
    end = entry.end
  }
  if (end !== bytes.length - start) fail(`the tensors need ${end} bytes, got ${bytes.length - start}`)
  const metadata = readMetadata(__metadata__)
  const tensors: Record<string, Matrix> = Object.create(null)
  const skipped: SkippedTensor[] = []
  checkNames('decodeSafetensors', 'tensor', [...(names ?? []), ...Object.keys(shapes)], Object.keys(header))
  const asked = names && new Set(names)
  for (const { name, dtype, shape, begin, end } of entries) {
    if (asked && !asked.has(name)) continue
    const type = BY_NAME.get(dtype)
    const sizes = Object.hasOwn(shapes, name) ? sizesFor('decodeSafetensors', name, shapes[name], shape) : shape
    const a = type ? readMatrix(bytes.subarray(start + begin, start + end), type, sizes) : unknownType(dtype)
    if (typeof a === 'string') skipped.push({ name, reason: a })
    else tensors[name] = a
  }
  return { tensors, metadata, skipped }
}

function fail(why: string, operation = 'decodeSafetensors'): never {
  throw new FormatError(`${operation}: ${why}`)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const CODE = {
  quote: 0x22,
  backslash: 0x5c,
  comma: 0x2c,
  colon: 0x3a,
  brace: 0x7b,
  endOfBrace: 0x7d,
  bracket: 0x5b,
  endOfBracket: 0x5d,
}

/**
 * How many names a header has, of which no more than the signs are read: what takes JSON.parse far more memory and time than its
 * length is refused. An object is a tensor, which has two lists and at least three commas, and one before the next.
 */
function countNames(operation: string, bytes: Uint8Array): number {
  let [depth, objects, lists, commas, colons, quoted] = [0, 0, 0, 0, 0, false]
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === CODE.quote) quoted = !quoted
    else if (quoted) i += Number(byte === CODE.backslash)
    else if (byte === CODE.comma) commas++
    else if (byte === CODE.colon) colons++
    else if (byte === CODE.brace || byte === CODE.bracket) {
      depth++
      if (byte === CODE.brace) objects++
      else lists++
    } else if (byte === CODE.endOfBrace || byte === CODE.endOfBracket) depth--
    if (depth > DEEPEST) fail(`the header is not JSON that is nested at most ${DEEPEST} deep`, operation)
  }
  if (commas > MOST_COMMAS) fail(`the header has ${commas} commas, wanted at most ${MOST_COMMAS}`, operation)
  if (4 * objects > commas + BESIDE || lists > 2 * objects + BESIDE || commas > 16 * objects + BESIDE)
    fail(`the header has ${objects} objects, ${lists} lists and ${commas} commas, wanted those of tensors`, operation)
  return colons
}

/** How many names are in objects. */
const namesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((sum, each) => sum + Number(!Array.isArray(value)) + namesIn(each), 0)
    : 0

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  const names = countNames('decodeSafetensors', bytes)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    fail(`the header is not JSON (${shorten((error as Error).message)})`)
  }
  if (!isObject(header)) fail('the header is not an object')
  // The format forbids it, and JSON.parse keeps the last one.
  if (namesIn(header) !== names) fail('the header has a name twice')
  return header
}

/** Absent or null, as the reference implementation has it, is none. */
function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (!isObject(value) || Object.values(value).some((each) => typeof each !== 'string'))
    fail('__metadata__ is not an object of strings')
  return value as Record<string, string>
}

interface Entry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

function readEntry(name: string, entry: unknown): Entry {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
  if (!isObject(entry)) fail(`${shorten(name)} is not an object`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string') fail(`${shorten(name)} has dtype ${describe(dtype)}, wanted a string`)
  if (!Array.isArray(shape) || !shape.every(isCount))
    fail(`${shorten(name)} has a shape that is not a list of whole numbers`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1])
    fail(`${shorten(name)} has data_offsets that are not a range`)
  const [begin, end] = offsets
  const size = BY_NAME.get(dtype)?.size
  if (size !== undefined && shape.reduce((product, each) => product * each, size) !== end - begin)
    fail(`${shorten(name)} is (${shorten(shape.join(', '))}) ${dtype}, which does not fill ${end - begin} bytes`)
  return { name, dtype, shape, begin, end }
}
