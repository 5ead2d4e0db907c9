import { DTypeError, FormatError, full, io, Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { describe as describeValue } from '@matgrad/core/internal'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readBytes } from '../../../fixtures/read.ts'
import { errorOf, mutate, survives, unaligned } from './corrupt.ts'
import { DTYPES, identical, noise, sample, seed, size } from './support.ts'

const { decodeNpy, decodeSafetensors, encodeNpy, encodeSafetensors } = io
const { NaN: nan, POSITIVE_INFINITY: inf } = Number

const fixture = (name: string): Promise<Uint8Array> => readBytes(`core/${name}`)

const ANY = (random: () => number): number =>
  [nan, inf, -inf, -0, 2 ** -149, 1e300][Math.floor(random() * 20)] ?? random() - 0.5

const some = (rows: number, cols: number, kind: number, random: () => number): Matrix => {
  const a = sample(rows, cols, DTYPES[kind % 2], ANY, random)
  // Every other one begins in the middle of a buffer.
  if (kind % 4 < 2) return a
  const pool = a.dtype === 'float32' ? new Float32Array(a.size + 3) : new Float64Array(a.size + 3)
  pool.set(a.data, 1)
  return new Matrix(pool.subarray(1, 1 + a.size), rows, cols)
}

describe('npy', () => {
  test('encode then decode gives every bit back, whatever the alignment', () => {
    fc.assert(
      fc.property(size, size, fc.nat(3), seed, (rows, cols, kind, seed) => {
        const a = some(rows, cols, kind, noise(seed))
        const bytes = encodeNpy(a)
        return identical(decodeNpy(bytes), a) && identical(decodeNpy(unaligned(bytes)), a)
      }),
    )
  })

  const seventh = (i: number): number => i / 7
  const ramp = Array.from({ length: 6 }, (_, i) => seventh(i))
  const files: readonly (readonly [string, Matrix])[] = [
    ['f4-2x3', matrix(Float32Array.from(ramp), 2, 3)],
    ['f8-2x3', matrix(Float64Array.from(ramp), 2, 3)],
    ['f8-0x3', zeros(0, 3, { dtype: 'float64' })],
    ['f4-3x0', zeros(3, 0)],
    ['f8-1x1', matrix([[Math.PI]], { dtype: 'float64' })],
  ]
  test.each(files)('%s is read as NumPy wrote it, and written byte for byte as np.save does', async (name, a) => {
    const bytes = await fixture(`${name}.npy`)
    expect(identical(decodeNpy(bytes), a)).toBe(true)
    expect(encodeNpy(a)).toEqual(bytes)
  })

  const others: readonly (readonly [string, Matrix])[] = [
    ['f8-fortran-2x3', matrix(Float64Array.from(ramp), 2, 3)],
    ['f4-fortran-3x2', matrix(Float32Array.from(ramp), 3, 2)],
    ['f8-version2-2x3', matrix(Float64Array.from(ramp), 2, 3)],
    ['f8-version3-2x3', matrix(Float64Array.from(ramp), 2, 3)],
    ['f8-1d-5', matrix([[1.5, -0, nan, inf, -inf]], { dtype: 'float64' })],
    ['f4-0d', matrix([[0.1]])],
  ]
  test.each(others)('%s is read', async (name, a) => {
    const bytes = await fixture(`${name}.npy`)
    expect(identical(decodeNpy(bytes), a)).toBe(true)
    expect(identical(decodeNpy(unaligned(bytes)), a)).toBe(true)
  })

  test('decoded data do not share memory with the bytes', async () => {
    const bytes = await fixture('f8-2x3.npy')
    const a = decodeNpy(bytes)
    bytes.fill(0)
    expect(a.get(0, 1)).toBe(1 / 7)
  })

  /** A file with this header dictionary and so many bytes after it. */
  const file = (dictionary: string, after = 0): Uint8Array => {
    const header = new TextEncoder().encode(dictionary)
    const bytes = new Uint8Array(10 + header.length + after)
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8])
    bytes.set(header, 10)
    return bytes
  }
  const dictionary = (shape: string, descr = '<f4'): string =>
    `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`

  test('the hand-made file is read', () => {
    expect(decodeNpy(file(dictionary('(1, 2)'), 8)).shape).toEqual([1, 2])
  })

  test.each([
    ['a size that no number holds', dictionary('(99999999999999999999, 0)')],
    ['a size of 400 digits', dictionary(`(${'9'.repeat(400)}, 0)`)],
    ['a huge product', dictionary('(4294967296, 4294967296)')],
    ['a product that wraps to 0 in 32 bits', dictionary('(65536, 65536)')],
    ['a negative size', dictionary('(-1, 0)')],
    ['a fraction', dictionary('(1.5, 0)')],
    ['no shape', "{'descr': '<f4', 'fortran_order': False, }\n"],
    ['no order', "{'descr': '<f4', 'shape': (0, 0), }\n"],
    ['no dtype', "{'fortran_order': False, 'shape': (0, 0), }\n"],
    ['a comma alone', dictionary('(,)')],
    ['two commas', dictionary('(1, , 1)')],
    ['no comma', dictionary('(1 1)')],
    ['a sum', dictionary('(1 + 1)')],
    ['a string with an escape', dictionary('(1, 1)', '<f\\x34')],
    ['a second dictionary', dictionary('(1, 1)').repeat(2)],
    ['nothing', ''],
    ['not text', '\u0000\u0001\u0002'],
    ['a list for a shape', dictionary('[1, 1]')],
    ['a tuple that ends as a list', dictionary('(1, 1]')],
    ['a number in brackets for a shape', dictionary('(1)')],
    ['an order before the name of a dtype', dictionary('(1, 1)', '<float32')],
    ['a word of JSON', "{'descr': '<f4', 'fortran_order': false, 'shape': (1, 1), }\n"],
  ])('%s in the header is a FormatError', (_, header) => {
    expect(survives(decodeNpy, file(header, 64))).toBe('refused')
  })

  test.each([0, 4, 255])('version %d is a FormatError', async (version) => {
    const bytes = await fixture('f4-2x3.npy')
    bytes[6] = version
    expect(survives(decodeNpy, bytes)).toBe('refused')
  })

  test('a header of 4 GiB in 12 bytes is a FormatError', () => {
    const bytes = Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255])
    expect(survives(decodeNpy, bytes)).toBe('refused')
  })

  test.each([
    ['of 2 MB', "'shape': (".repeat(2e5), 'bytes, wanted at most 10000'],
    [
      'with a long dtype',
      `{'descr': '${'x\n'.repeat(4000)}', 'fortran_order': False, 'shape': (), }`,
      'wanted floats of 16,',
    ],
    [
      'with a long gap',
      `{'descr': '<f4', 'fortran_order': False, 'shape': (1,${'\n'.repeat(9000)}1e), }`,
      'wanted descr',
    ],
    [
      'with a dtype nested deep',
      `{'descr': ${'['.repeat(4000)}${']'.repeat(4000)}, 'fortran_order': False, 'shape': (), }`,
      'structured',
    ],
    [
      'with a shape nested deep',
      `{'descr': '<f4', 'fortran_order': False, 'shape': ${'('.repeat(4000)}${')'.repeat(4000)}, }`,
      'wanted descr',
    ],
    [
      'with a key of its own, which np.load refuses',
      "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 0), 'order': 'C'}",
      'and nothing else',
    ],
    [
      'with the name of a prototype for a key',
      "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 0), '__proto__': 1}",
      'and nothing else',
    ],
    ['of brackets', '['.repeat(9000), 'wanted descr'],
    ['of quotes', `'\\`.repeat(4500), 'wanted descr'],
    [
      'of 4,000 sizes',
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${'2,'.repeat(4000)}), }`,
      'needs Infinity bytes',
    ],
    [
      'of 4,000 sizes that are 0',
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${'0,'.repeat(4000)}), }`,
      'wanted at most two',
    ],
    [
      'with a long size',
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${'1'.repeat(9000)},), }`,
      'a shape of whole numbers',
    ],
  ])('a header %s: FormatError in one line of less than 250 characters', (_, header, why) => {
    const text = new TextEncoder().encode(header)
    const bytes = new Uint8Array(12 + text.length)
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0])
    new DataView(bytes.buffer).setUint32(8, text.length, true)
    bytes.set(text, 12)
    const { message } = errorOf(() => decodeNpy(bytes))
    expect(message).toContain(why)
    expect(message.length).toBeLessThan(250)
    expect(message).not.toContain('\n')
  })

  test.each([
    [0, 0],
    [1, 1],
    [2, 5],
    [3, 255],
    [4, 0],
  ])('version %d.%d, which np.load refuses', (major, minor) => {
    const bytes = encodeNpy(matrix([[1]]))
    bytes.set([major, minor], 6)
    expect(errorOf(() => decodeNpy(bytes)).message).toBe(
      `decodeNpy: version is ${major}.${minor}, wanted 1.0, 2.0 or 3.0`,
    )
  })

  test('20,000 mutations: read or a FormatError, never another error', async () => {
    const names = ['f4-2x3', 'f8-fortran-2x3', 'f8-version2-2x3', 'f8-1d-5', 'f4-0d']
    const originals = await Promise.all(names.map((name) => fixture(`${name}.npy`)))
    const random = noise(1)
    const counts = { read: 0, refused: 0 }
    for (let i = 0; i < 20_000; i++) counts[survives(decodeNpy, mutate(originals[i % 5], random))]++
    expect(counts.read).toBeGreaterThan(500)
    expect(counts.refused).toBeGreaterThan(1000)
  })

  test.each([[null], [undefined], ['bytes'], [3], [[1, 2]], [new Uint16Array(8)], [new DataView(new ArrayBuffer(8))]])(
    'no bytes, %o: DTypeError, and bytes that are no file: FormatError',
    async (bytes) => {
      const none = bytes as unknown as Uint8Array
      const wanted = 'wanted a Uint8Array or an ArrayBuffer with the bytes of a file'
      for (const decode of [decodeNpy, decodeSafetensors]) {
        expect(() => decode(none)).toThrow(DTypeError)
        expect(() => decode(none)).toThrow(`${decode.name}: got ${describeValue(bytes)}, ${wanted}`)
        expect(() => decode(new ArrayBuffer(8))).toThrow(FormatError)
      }
      await expect(io.decodeNpz(none)).rejects.toThrow(DTypeError)
      await expect(io.decodeNpz(none)).rejects.toThrow(`decodeNpz: got ${describeValue(bytes)}, ${wanted}`)
    },
  )
})

describe('safetensors', () => {
  const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '0', '12', 'ä\n"\\', '😀'))

  test('encode then decode gives every bit, every name and the metadata back', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, size, size, fc.nat(3)), { maxLength: 5, selector: ([each]) => each }),
        fc.array(fc.tuple(name, fc.string()), { maxLength: 4 }),
        seed,
        (list, strings, seed) => {
          const random = noise(seed)
          const tensors: Record<string, Matrix> = Object.create(null)
          for (const [each, rows, cols, kind] of list) tensors[each] = some(rows, cols, kind, random)
          const metadata: Record<string, string> = Object.create(null)
          for (const [key, value] of strings) metadata[key] = value
          const bytes = encodeSafetensors(tensors, metadata)
          for (const read of [decodeSafetensors(bytes), decodeSafetensors(unaligned(bytes))]) {
            expect(Object.keys(read.tensors).sort()).toEqual(list.map(([each]) => each).sort())
            for (const [each, a] of Object.entries(tensors)) expect(identical(read.tensors[each], a)).toBe(true)
            expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort())
          }
        },
      ),
    )
  })

  test('no tensors, no metadata', () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors({}))
    expect(Object.keys(tensors)).toEqual([])
    expect(Object.keys(metadata)).toEqual([])
  })

  test('a file made by the letter of the format is read', async () => {
    const { tensors, metadata } = decodeSafetensors(await fixture('five.safetensors'))
    expect(metadata).toEqual({ format: 'np', note: 'ä\n' })
    expect(Object.keys(tensors)).toEqual(['layer.weight', 'bias', 'scale', 'none', 'größe'])
    expect(
      identical(
        tensors['layer.weight'],
        matrix(
          Float32Array.from({ length: 6 }, (_, i) => i / 7),
          2,
          3,
        ),
      ),
    ).toBe(true)
    expect(identical(tensors.bias, matrix([[0.1, -0, inf]], { dtype: 'float64' }))).toBe(true)
    expect(identical(tensors.scale, matrix([[2.5]]))).toBe(true)
    expect(identical(tensors.none, zeros(0, 4))).toBe(true)
    expect(tensors.größe.toArray()).toEqual([[nan]])
  })

  test('the header is a multiple of 8 bytes and every tensor aligned to its elements', () => {
    const bytes = encodeSafetensors({ a: zeros(1, 3), b: zeros(1, 1, { dtype: 'float64' }), c: zeros(1, 1) })
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    expect(length % 8).toBe(0)
    expect(header).toEqual({
      b: { dtype: 'F64', shape: [1, 1], data_offsets: [0, 8] },
      a: { dtype: 'F32', shape: [1, 3], data_offsets: [8, 20] },
      c: { dtype: 'F32', shape: [1, 1], data_offsets: [20, 24] },
    })
    expect(bytes.length).toBe(8 + length + 24)
  })

  test('names beside colons in strings are counted right', () => {
    const metadata = { 'a:"b\\': '{":":":"}', ['__proto__']: 'x', '': '\\' }
    expect(decodeSafetensors(encodeSafetensors({ 'a:b\\"': zeros(1, 1) }, metadata)).metadata).toEqual(metadata)
  })

  test.each([
    ['a name that is half a pair', { '\ud83d': zeros(1, 1) }, {}, 'the name is'],
    ['half a pair in metadata', {}, { a: '\udc00' }, 'metadata a is'],
    [
      'metadata of 17,000 names',
      {},
      Object.fromEntries(Array(17_000).entries()),
      'the header has 2 objects, 0 lists and 16999 commas',
    ],
    ['metadata of 100 MB', {}, { a: 'x'.repeat(1e8) }, 'need a header of 1000000'],
  ])('%s, which no reader takes, is not written', (_, tensors, metadata, message) => {
    const strings = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, String(value)]))
    expect(errorOf(() => encodeSafetensors(tensors as Record<string, Matrix>, strings)).message).toMatch(
      new RegExp(`^encodeSafetensors: .*${message}`),
    )
  })

  test('encoding leaves the tensors alone and shares nothing with them', () => {
    const a = matrix([[1, 2]])
    const bytes = encodeSafetensors({ a })
    a.set(0, 0, 9)
    expect(decodeSafetensors(bytes).tensors.a.toArray()).toEqual([[1, 2]])
    bytes.fill(0)
    expect(a.toArray()).toEqual([[9, 2]])
  })

  /** A file with this header and so many bytes after it. */
  const file = (header: unknown, after: number): Uint8Array => {
    const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
    const bytes = new Uint8Array(8 + text.length + after)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
    bytes.set(text, 8)
    return bytes
  }
  const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32'): object => ({
    dtype,
    shape,
    data_offsets: offsets,
  })

  test('the hand-made file is read', () => {
    const bytes = file({ a: entry([1, 2], [0, 8]), b: entry([], [8, 12]) }, 12)
    expect(decodeSafetensors(bytes).tensors.b.shape).toEqual([1, 1])
  })

  const broken: readonly (readonly [string, unknown, number])[] = [
    ['overlapping tensors', { a: entry([1, 2], [0, 8]), b: entry([1, 2], [4, 12]) }, 12],
    ['the same bytes twice', { a: entry([1, 2], [0, 8]), b: entry([1, 2], [0, 8]) }, 8],
    ['a gap between tensors', { a: entry([1, 1], [0, 4]), b: entry([1, 1], [8, 12]) }, 12],
    ['a gap before the first', { a: entry([1, 1], [4, 8]) }, 8],
    ['bytes left over', { a: entry([1, 1], [0, 4]) }, 5],
    ['bytes left over without tensors', {}, 1],
    ['bytes missing', { a: entry([1, 2], [0, 8]) }, 7],
    ['offsets beyond the file', { a: entry([1, 2], [2 ** 40, 2 ** 40 + 8]) }, 8],
    ['offsets the wrong way round', { a: entry([1, 0], [4, 0]) }, 4],
    ['negative offsets', { a: entry([1, 1], [-4, 0]) }, 0],
    ['offsets that are fractions', { a: entry([1, 1], [0.5, 4.5]) }, 4],
    ['offsets beyond 2⁵³', '{"a":{"dtype":"F32","shape":[1,0],"data_offsets":[1e300,1e300]}}', 0],
    ['three offsets', { a: entry([1, 1], [0, 4, 8]) }, 4],
    ['no offsets', { a: { dtype: 'F32', shape: [1, 1] } }, 4],
    ['a shape that does not fill its bytes', { a: entry([2, 2], [0, 12]) }, 12],
    ['four dimensions that do not fill their bytes', { a: entry([2, 1, 2, 1], [0, 12]) }, 12],
    ['dimensions whose product overflows', { a: entry([...Array(99).fill(2 ** 53 - 1), 0], [0, 0]) }, 0],
    ['half precision that does not fill its bytes', { a: entry([1, 2], [0, 8], 'BF16') }, 8],
    ['an overlap with what is skipped', { a: entry([1, 2], [0, 8]), b: entry([2], [4, 12], 'F8_E4M3') }, 12],
    ['a gap beside what is skipped', { a: entry([1, 2], [0, 8]), b: entry([2], [9, 12], 'F8_E4M3') }, 12],
    ['bytes left over behind what is skipped', { b: entry([2], [0, 2], 'F8_E4M3') }, 3],
    ['a negative size of what is skipped', { b: entry([-2], [0, 2], 'F8_E4M3') }, 2],
    ['a dtype too wide for its bytes', { a: entry([1, 2], [0, 8], 'F64') }, 8],
    ['a negative size', { a: entry([-1, -1], [0, 4]) }, 4],
    ['a size that is a fraction', { a: entry([0.5, 2], [0, 4]) }, 4],
    ['a size that is a string', { a: entry(['1', 1], [0, 4]) }, 4],
    ['a huge size', { a: entry([2 ** 53, 0], [0, 0]) }, 0],
    ['a huge product', { a: entry([2 ** 30, 2 ** 30], [0, 2 ** 62]) }, 0],
    ['a shape that is no list', { a: entry('1x1', [0, 4]) }, 4],
    ['a dtype that is no string', { a: entry([1, 1], [0, 4], { constructor: null }) }, 4],
    ['a tensor that is null', { a: null }, 0],
    ['a tensor that is a list', { a: [] }, 0],
    ['metadata that are no object', { __metadata__: 'x' }, 0],
    ['metadata that are numbers', { __metadata__: { a: 1 } }, 0],
    ['a header that is a list', [], 0],
    [
      'two tensors of one name',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}',
      4,
    ],
    ['two shapes', '{"a":{"dtype":"F32","shape":[1,2],"shape":[2,1],"data_offsets":[0,8]}}', 8],
    ['metadata twice', '{"__metadata__":{},"__metadata__":{"a":"b"}}', 0],
    ['two metadata of one name', '{"__metadata__":{"a":"b","\\u0061":"c"}}', 0],
    ['a byte order mark', '\ufeff{}', 0],
    ['a header that is null', null, 0],
    ['a header that is no JSON', '{"a":', 0],
    ['an empty header', '', 0],
    ['a header nested 100,000 deep', `${'['.repeat(100_000)}`, 0],
  ]
  test.each(broken)('%s: FormatError', (_, header, after) => {
    expect(survives(decodeSafetensors, file(header, after))).toBe('refused')
  })

  test.each([9n, 100n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])(
    'a header of %s bytes in a file of 16: FormatError',
    (length) => {
      const bytes = new Uint8Array(16)
      new DataView(bytes.buffer).setBigUint64(0, length, true)
      expect(survives(decodeSafetensors, bytes)).toBe('refused')
    },
  )

  test.each([
    ['nested too deep', `{"a":{"b":[[]]}}`, 'nested at most 3 deep'],
    ['of 4 MB of brackets', '['.repeat(4e6), 'nested at most 3 deep'],
    ['of 3 million numbers', `{"a":{"shape":[${'0,'.repeat(3e6)}0]}}`, 'has 3000000 commas, wanted at most 2097152'],
    ['of a million numbers', `{"a":{"shape":[${'0,'.repeat(1e6)}0]}}`, '2 objects, 1 lists and 1000000 commas'],
    ['of a million empty tensors', `{${'"a":{},'.repeat(1e6)}"a":{}}`, '1000002 objects, 0 lists'],
    ['of a million empty lists', `{"a":[${'[],'.repeat(1e6)}[]]}`, '1 objects, 1000002 lists'],
    ['of a million metadata', `{"__metadata__":{${'"":"",'.repeat(1e6)}"":""}}`, '1000000 commas'],
    ['with a name of 4 MB', `{"${'x\\n'.repeat(1e6)}":0}`, 'is not an object'],
    ['with a dtype of 4 MB', `{"a":{"dtype":"${'x'.repeat(4e6)}"}}`, 'a shape that is not'],
    ['of 4 MB of text', 'x'.repeat(4e6), 'the header is not JSON'],
  ])('a header %s: FormatError in one line of less than 250 characters', (_, header, why) => {
    const { message } = errorOf(() => decodeSafetensors(file(header, 0)))
    expect(message).toContain(why)
    expect(message.length).toBeLessThan(250)
    expect(message).not.toContain('\n')
  })

  test('brackets, quotes and commas in names and metadata do not count as those of the header', () => {
    const name = '[[[[{{{{\\"\\\\'
    const read = decodeSafetensors(encodeSafetensors({ [name]: zeros(1, 1) }, { [name]: `]]]]"${','.repeat(3e6)}` }))
    expect(Object.keys(read.tensors)).toEqual([name])
    expect(read.metadata[name]).toHaveLength(3e6 + 5)
  })

  test('5,000 tensors are written and read', () => {
    const tensors = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`layer.${i}`, full(1, 1, i)]))
    const read = decodeSafetensors(encodeSafetensors(tensors)).tensors
    expect(Object.keys(read)).toHaveLength(5_000)
    expect(read['layer.4999'].item()).toBe(4_999)
  })

  test('a header that is not UTF-8: FormatError', () => {
    const bytes = file('{"a?":1}', 0)
    bytes[11] = 0xff
    expect(survives(decodeSafetensors, bytes)).toBe('refused')
  })

  test('every length but the right one is a FormatError', async () => {
    const bytes = await fixture('five.safetensors')
    for (let length = 0; length < bytes.length; length++)
      expect(survives(decodeSafetensors, bytes.slice(0, length))).toBe('refused')
    expect(survives(decodeSafetensors, Uint8Array.from([...bytes, 0]))).toBe('refused')
  })

  test('20,000 mutations: read or a FormatError, never another error', async () => {
    const originals = [
      await fixture('five.safetensors'),
      encodeSafetensors({ w: zeros(3, 2), b: zeros(1, 2, { dtype: 'float64' }) }, { step: '1' }),
    ]
    const random = noise(2)
    const counts = { read: 0, refused: 0 }
    for (let i = 0; i < 20_000; i++) counts[survives(decodeSafetensors, mutate(originals[i % 2], random))]++
    expect(counts.read).toBeGreaterThan(200)
    expect(counts.refused).toBeGreaterThan(1000)
  })
})

describe('what cannot be encoded', () => {
  const encode = encodeSafetensors as (tensors: unknown, metadata?: unknown) => Uint8Array
  test.each([
    ['a number for a tensor', { a: 1 }, undefined, DTypeError],
    ['an array for a tensor', { a: [[1]] }, undefined, DTypeError],
    ['null for a tensor', { a: null }, undefined, DTypeError],
    ['null for the tensors', null, undefined, DTypeError],
    ['a list of tensors', [zeros(1, 1)], undefined, DTypeError],
    ['undefined for the tensors', undefined, undefined, DTypeError],
    ['the reserved name', { __metadata__: zeros(1, 1) }, undefined, FormatError],
    ['metadata that are numbers', {}, { epoch: 3 }, DTypeError],
    ['metadata that are a string', {}, 'epoch', DTypeError],
    ['metadata that are null', {}, null, DTypeError],
  ])('%s', (_, tensors, metadata, error) => {
    expect(() => encode(tensors, metadata)).toThrow(error)
    expect(() => encode(tensors, metadata)).toThrow('encodeSafetensors')
  })

  test.each([[null], [undefined], [1], [[[1]]], [new Float32Array(2)]])('encodeNpy of %o', (value) => {
    expect(() => encodeNpy(value as unknown as Matrix)).toThrow(DTypeError)
    expect(() => encodeNpy(value as unknown as Matrix)).toThrow('encodeNpy')
  })
})

test('what is no such file is said to be what it is', () => {
  const { decodeNpy, decodeSafetensors } = io
  const zip = Uint8Array.of(0x50, 0x4b, 3, 4, ...new Uint8Array(20))
  const pickle = Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20)
  const archive =
    ": the bytes are those of a zip archive, such as .npz, which decodeNpz reads, or torch.save's, which safetensors.torch.save_file is to write anew"
  const npy = ': the bytes are those of .npy, which decodeNpy reads'
  for (const [decode, bytes, end] of [
    [decodeNpy, zip, archive],
    [decodeSafetensors, zip, archive],
    [decodeSafetensors, io.encodeNpy(full(2, 2, 1)), npy],
    [
      decodeSafetensors,
      pickle,
      ": the bytes are those of a Python pickle, such as torch.save's, which safetensors.torch.save_file is to write anew",
    ],
    [decodeNpy, io.encodeSafetensors({}), 'the bytes do not begin as an .npy file does'],
  ] as const) {
    const { message } = errorOf(() => decode(bytes))
    expect(message.slice(-end.length)).toBe(end)
  }
  const { buffer } = io.encodeNpy(full(2, 2, 1)).slice()
  expect(decodeNpy(buffer).toArray()).toEqual([
    [1, 1],
    [1, 1],
  ])
  expect(decodeSafetensors(io.encodeSafetensors({ a: full(1, 1, 3) }).slice().buffer).tensors.a.item()).toBe(3)
})

test('decodeNpy gives an array the shape that is asked for, row by row', () => {
  const { decodeNpy } = io
  const npy = (dictionary: string, elements: Float32Array): Uint8Array => {
    const header = new TextEncoder().encode(dictionary)
    return Uint8Array.of(
      0x93,
      ...new TextEncoder().encode('NUMPY'),
      1,
      0,
      header.length,
      0,
      ...header,
      ...new Uint8Array(elements.buffer),
    )
  }
  const elements = Float32Array.from({ length: 12 }, (_, i) => i)
  const cube = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2)}", elements)
  for (const shape of [
    [2, 6],
    [-1, 6],
    [2, -1],
  ] as const)
    expect(decodeNpy(cube, { shape }).toArray()).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10, 11],
    ])
  expect(() => decodeNpy(cube)).toThrow('wanted at most two sizes that are not 1')
  expect(() => decodeNpy(cube, { shape: [5, -1] })).toThrow(ShapeError)
  expect(() => decodeNpy(cube, { shape: [3, 5] })).toThrow(
    'decodeNpy: the array is (2, 3, 2), wanted sizes of 12 elements, not [3, 5]',
  )
  const fortran = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2)}", elements)
  expect(() => decodeNpy(fortran, { shape: [2, 6] })).toThrow("the array is in Fortran's order")
  const list = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (12,)}", elements)
  expect(decodeNpy(list, { shape: [-1, 1] }).shape).toEqual([12, 1])
})

test('what holds matrices in another way is no set of tensors: nothing is left out without a word', () => {
  for (const given of [new Map([['a', zeros(1, 1)]]), new (class Model {})(), new Date()])
    expect(() => io.encodeSafetensors(given as unknown as Record<string, Matrix>)).toThrow(DTypeError)
})
