import { itemSize } from '../base/dtype.ts'
import { DTypeError, FormatError } from '../base/errors.ts'
import { checkNoMore, kind, readerOf } from '../base/options.ts'
import { describe, shorten } from '../base/shape.ts'
import { elementsOf, Matrix } from '../matrix/matrix.ts'
import {
  asBytes,
  isNpy,
  NPY,
  otherFormat,
  readMatrix,
  STORED,
  type Stored,
  unknownType,
  writeElements,
} from './elements.ts'
import { sizesFor } from './tensor-options.ts'

const MAGIC = Uint8Array.from(NPY, (letter) => letter.charCodeAt(0))
const ALIGNMENT = 64
/** NumPy's own limit on the length of a header, which is beyond what a matrix needs. */
export const MAX_HEADER = 10_000

/**
 * A matrix as the bytes of an .npy file, version 1.0 (NumPy Enhancement Proposal 1). @throws DTypeError unless it is one;
 * MatgradError where its data were detached or resized.
 */
export function encodeNpy(a: Matrix, ...more: []): Uint8Array {
  checkNoMore('encodeNpy', 'a', more)
  if (!(a instanceof Matrix)) throw new DTypeError(`encodeNpy: got ${describe(a)}, wanted a Matrix`)
  const elements = elementsOf('encodeNpy', a)
  const dictionary = `{'descr': '<f${itemSize(a.dtype)}', 'fortran_order': False, 'shape': (${a.rows}, ${a.cols}), }`
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

const BY_NAME: ReadonlyMap<string, Stored> = new Map(STORED.flatMap((type) => type.npy.map((name) => [name, type])))

/** A string without escapes, a whole number, a word or any other character of a Python literal. */
const TOKEN = /[uU]?(?:'[^'\\]*'|"[^"\\]*")|\d+L?|\w+|\S/g
/** What else a literal has, in JSON, which has no tuples. */
const JSON_OF: ReadonlyMap<string, string> = new Map([
  ...['[', ']', '{', '}', ',', ':'].map((each) => [each, each] as const),
  ['True', 'true'],
  ['False', 'false'],
  ['(', '{"tuple":['],
  [')', ']}'],
])

/** What a Python literal without fractions and escapes says, read as JSON; undefined for what is none. */
function parseLiteral(text: string): unknown {
  const tokens = text.match(TOKEN) ?? []
  const isTrailing = (token: string, i: number): boolean =>
    token === ',' && /^[)\]}]/.test(tokens[i + 1]) && !/^[([{,]/.test(tokens[i - 1])
  // In Python (6) is a number, and (6,) a tuple.
  if (tokens.some((token, i) => token === ')' && tokens[i - 2] === '(')) return undefined
  const json = tokens
    .filter((token, i) => !isTrailing(token, i))
    .map((token) => {
      const string = /^[uU]?['"](.*)['"]$/s.exec(token)
      if (string) return JSON.stringify(string[1])
      return JSON_OF.get(token) ?? /^(\d+)L?$/.exec(token)?.[1] ?? '?'
    })
  try {
    return JSON.parse(json.join(' '))
  } catch {
    return undefined
  }
}

const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isSafeInteger)

/** Of a dtype as a header has it, the order of bytes and the type; NumPy allows an order before a letter and a size alone. */
function typeOf(descr: unknown): { order: string; type: Stored | undefined } {
  const [, order, name] = (typeof descr === 'string' && /^([<>=|]?)(.*)$/s.exec(descr)) || ['', '', '']
  return { order, type: order === '' || name.length <= 2 ? BY_NAME.get(name) : undefined }
}

export interface NpyOptions {
  /**
   * The rows and columns of the matrix, above all of an array of more than two dimensions, whose elements go row by row; one of
   * them may be −1, which is then found from the other.
   *
   * @default as the file has it
   */
  readonly shape?: readonly [rows: number, cols: number] | undefined
}

const readOptions = readerOf({ shape: kind<NonNullable<NpyOptions['shape']>>('[rows, cols]', Array.isArray)() })

/**
 * The matrix in the bytes of an .npy file, versions 1 to 3, as np.load reads it, whatever is behind it. Float16, float32, bool
 * and integers of up to 16 bits become float32; float64 and longer integers become float64. A zero-dimensional array becomes
 * 1x1, a one-dimensional one of n 1xn; where there are more than two dimensions, the last of those of 1 are left out.
 *
 * Default: shape as the file has it.
 *
 * @throws FormatError for other dtypes, more than two dimensions that are not 1, unless `shape` says otherwise, which it cannot
 * for those in Fortran's order, integers that float64 does not hold exactly, bytes that are missing, and a header that NumPy
 * does not write; ShapeError for sizes that are not those of all elements; DTypeError for what is no bytes.
 */
export function decodeNpy(file: Uint8Array | ArrayBuffer, options?: NpyOptions, ...more: []): Matrix {
  checkNoMore('decodeNpy', 'bytes, options', more)
  const { shape } = readOptions('decodeNpy', options)
  return readNpy('decodeNpy', asBytes('decodeNpy', file), shape)
}

/** The same for the bytes of an array that another file has in it. */
export function readNpy(operation: string, bytes: Uint8Array, asked: NpyOptions['shape']): Matrix {
  const fail = (why: string): never => {
    throw new FormatError(`${operation}: ${why}`)
  }
  if (!isNpy(bytes)) fail(otherFormat(bytes) ?? 'the bytes do not begin as an .npy file does')
  if (bytes.length < 10) fail('the header is cut short')
  const version = bytes[6]
  if (version < 1 || version > 3 || bytes[7] !== 0) fail(`version is ${version}.${bytes[7]}, wanted 1.0, 2.0 or 3.0`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (version > 1 && bytes.length < 12) fail('the header is cut short')
  const headerStart = version === 1 ? 10 : 12
  const start = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true))
  if (start > bytes.length) fail('the header is cut short')
  if (start - headerStart > MAX_HEADER)
    fail(`the header has ${start - headerStart} bytes, wanted at most ${MAX_HEADER}`)
  const header = new TextDecoder().decode(bytes.subarray(headerStart, start))
  const read = Object(parseLiteral(header)) as Record<string, unknown>
  const { descr, fortran_order: fortran } = read
  const shape = Object(read.shape).tuple as unknown
  // One more key may change what the others mean.
  if (descr === undefined || Object.keys(read).length > 3 || typeof fortran !== 'boolean' || !isSizes(shape))
    return fail(
      `the header is ${describe(header.trim())}, wanted descr, fortran_order and a shape of whole numbers, and nothing else`,
    )
  const { order, type } = typeOf(descr)
  if (!type) return fail(unknownType(typeof descr === 'string' ? descr : 'structured'))
  const length = shape.reduce((product, size) => product * size, type.size)
  if (!(length <= bytes.length - start))
    fail(`shape (${shorten(shape.join(', '))}) of ${descr} needs ${length} bytes, got ${bytes.length - start}`)
  const sizes = asked === undefined ? shape : sizesFor(operation, 'the array', asked, shape)
  if (fortran && asked !== undefined && shape.length > 1)
    fail("the array is in Fortran's order, wanted C's for another shape, as np.ascontiguousarray gives")
  const a = readMatrix(bytes.subarray(start, start + length), type, sizes, order, fortran && asked === undefined)
  return typeof a === 'string' ? fail(a) : a
}
