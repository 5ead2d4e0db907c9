import type { FileEntry } from '@zip.js/zip.js'
import { DTypeError, FormatError, inNameOf, MatgradError } from '../base/errors.ts'
import { checkNoMore, flag, isPlain, readerOf } from '../base/options.ts'
import { describe, MAX_SIZE, shorten } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { asBytes, isNpy, isUnicode, otherFormat } from './elements.ts'
import { encodeNpy, MAX_HEADER, readNpy } from './npy.ts'
import type { Tensors } from './safetensors.ts'
import { checkNames, readTensorOptions, type TensorOptions } from './tensor-options.ts'

const SUFFIX = '.npy'
/** An array is no larger than its elements and its header. */
const LARGEST = MAX_SIZE * 8 + MAX_HEADER
/** Deflate makes data at most so many times smaller (zlib's technical details). */
const MOST_DEFLATED = 1032
/** The most bytes of a file's name. */
const MOST_NAME = 0xffff
/** As NumPy has it: files have no time. */
const TIME = new Date(1980, 0, 1)

type Zip = typeof import('@zip.js/zip.js')

/** The library, when somebody asks for it, without workers, in which pages may not let it run. */
async function loadZip(): Promise<Zip> {
  const zip = await import('@zip.js/zip.js')
  zip.configure({ useWebWorkers: false })
  return zip
}

export interface NpzOptions {
  /** Whether the arrays are deflated, as by `np.savez_compressed`. @default false */
  readonly compressed?: boolean
}

/**
 * @throws FormatError for a name that would not come back: it is kept as UTF-8, whose length has two bytes, and ends by \0 for
 * Python.
 */
function fileName(name: string): string {
  const file = name + SUFFIX
  if (name.includes('\0') || !isUnicode(name) || new TextEncoder().encode(file).length > MOST_NAME)
    throw new FormatError(`encodeNpz: the name is ${describe(name)}, wanted Unicode without \\0, less than 64 kB`)
  return file
}

const readEncode = readerOf({ compressed: flag(false) })

/**
 * Matrices by name as the bytes of an .npz file, a zip archive of .npy files, as `np.savez` writes it.
 *
 * Defaults: compressed false.
 *
 * @throws DTypeError for a value that is not a Matrix, and other options; FormatError for a name that a zip archive does not
 * keep; MatgradError where data were detached or resized.
 */
export async function encodeNpz(matrices: Tensors, options?: NpzOptions, ...more: []): Promise<Uint8Array> {
  checkNoMore('encodeNpz', 'matrices, options', more)
  if (!isPlain(matrices)) throw new DTypeError(`encodeNpz: got ${describe(matrices)}, wanted matrices by name`)
  const { compressed } = readEncode('encodeNpz', options)
  const files = Object.entries(matrices).map(
    ([name, matrix]) => [fileName(name), inNameOf('encodeNpz', () => encodeNpy(matrix))] as const,
  )
  const zip = await loadZip()
  const writer = new zip.ZipWriter(new zip.Uint8ArrayWriter(), {
    level: compressed ? 6 : 0,
    lastModDate: TIME,
    extendedTimestamp: false,
  })
  for (const [name, bytes] of files) await writer.add(name, new zip.Uint8ArrayReader(bytes))
  return writer.close()
}

/**
 * The matrices in the bytes of an .npz file, stored or deflated, by name: each array as `decodeNpy` reads it. Sizes are looked
 * at before anything is inflated, and checksums afterwards.
 *
 * Defaults: names all, shapes as the file has them.
 *
 * @param options which arrays are read, and how: one that no matrix can hold is an error unless it is left out, or its shape is
 * given
 * @throws FormatError for bytes that are no such file, and what `decodeNpy` refuses; MatgradError for a name that it does not have;
 * ShapeError for sizes that are not those of all elements; DTypeError for what is no bytes, and other options.
 */
export async function decodeNpz(
  bytes: Uint8Array | ArrayBuffer,
  options?: TensorOptions,
  ...more: []
): Promise<Record<string, Matrix>> {
  checkNoMore('decodeNpz', 'bytes, options', more)
  const { names, shapes } = readTensorOptions('decodeNpz', options)
  const given = asBytes('decodeNpz', bytes)
  const zip = await loadZip()
  const found: Record<string, Matrix> = Object.create(null)
  try {
    // Entries that share bytes could inflate to far more than the file has. Names, such as w:0, lead to no file here.
    const options = { checkSignature: true, checkOverlappingEntry: true, filenameValidation: 'tolerant' } as const
    const entries = await new zip.ZipReader(new zip.Uint8ArrayReader(given), options).getEntries()
    const files = new Map<string, FileEntry>()
    for (const entry of entries) {
      if (entry.directory || !entry.filename.endsWith(SUFFIX)) continue
      const name = entry.filename.slice(0, -SUFFIX.length)
      if (files.has(name)) throw new FormatError(`decodeNpz: ${shorten(name)} is there twice`)
      files.set(name, entry)
    }
    checkNames('decodeNpz', 'array', [...(names ?? []), ...Object.keys(shapes)], [...files.keys()])
    const asked = names && new Set(names)
    for (const [name, entry] of files) {
      if (asked && !asked.has(name)) continue
      const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined
      found[name] = readNpy(`decodeNpz: ${shorten(name)}`, await inflate(name, entry, zip), shape)
    }
  } catch (error) {
    if (error instanceof MatgradError) throw error
    const why = `the bytes are no zip archive that can be read: ${shorten((error as Error).message)}`
    throw new FormatError(`decodeNpz: ${(isNpy(given) && otherFormat(given)) || why}`)
  }
  return found
}

/** The bytes of a file in an archive. @throws FormatError for more than an array has, or than deflate makes of so few. */
async function inflate(name: string, entry: FileEntry, { Uint8ArrayWriter }: Zip): Promise<Uint8Array> {
  const { uncompressedSize: size, compressedSize } = entry
  if (size > LARGEST || size > MOST_DEFLATED * compressedSize + MAX_HEADER)
    throw new FormatError(`decodeNpz: ${shorten(name)} has ${size} bytes, wanted those of an array`)
  return entry.getData(new Uint8ArrayWriter())
}
