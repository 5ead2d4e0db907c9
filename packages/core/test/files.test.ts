// Files of others, which fixtures/core/files.py wrote, and what NumPy reads in them.

import { FormatError, io, Matrix, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readBytes, readJson } from '../../../fixtures/read.ts'
import { errorOf, mutate, survives, unaligned } from './corrupt.ts'
import { identical, noise } from './support.ts'

const { decodeNpy, decodeSafetensors, encodeSafetensors } = io

interface Stored {
  readonly shape: readonly [number, number]
  readonly dtype: 'float32' | 'float64'
  readonly elements: string
}
const { read, refused, safetensors } = await readJson<{
  read: (Stored & { name: string; file: string })[]
  refused: { name: string; file: string; why: string }[]
  safetensors: { tensors: Record<string, Stored>; skipped: { name: string; reason: string }[] }
}>('core/files.json')

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (each) => each.charCodeAt(0))
const stored = ({ shape: [rows, cols], dtype, elements }: Stored): Matrix => {
  const { buffer } = fromBase64(elements)
  return new Matrix(dtype === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer), rows, cols)
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]
/** An .npy file with elements that are made in place. */
function npy(descr: string, rows: number, cols: number, size: number, fill: (view: DataView) => void): Uint8Array {
  const header = new TextEncoder().encode(
    `{'descr': '${descr}', 'fortran_order': False, 'shape': (${rows}, ${cols})}\n`,
  )
  const bytes = new Uint8Array(10 + header.length + rows * cols * size)
  bytes.set([...MAGIC, header.length, 0])
  bytes.set(header, 10)
  fill(new DataView(bytes.buffer, 10 + header.length))
  return bytes
}

/** A safetensors file of one tensor. */
function tensor(dtype: string, shape: readonly number[], elements: Uint8Array): Uint8Array {
  const header = { a: { dtype, shape, data_offsets: [0, elements.length] } }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + elements.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(elements, 8 + text.length)
  return bytes
}

describe('npy', () => {
  test('the fixture has every dtype, order of bytes, version and layout, and other spellings', () => {
    expect(read.length).toBeGreaterThan(300)
    expect(new Set(read.map(({ name }) => name)).size).toBe(read.length)
  })

  test.each(read.map((each) => [each.name, each] as const))('%s', (_, { file, ...wanted }) => {
    const bytes = fromBase64(file)
    expect(identical(decodeNpy(bytes), stored(wanted))).toBe(true)
    expect(identical(decodeNpy(unaligned(bytes)), stored(wanted))).toBe(true)
  })

  test.each(refused.map((each) => [each.name, each] as const))('%s: FormatError', (_, { file, why }) => {
    const { message } = errorOf(() => decodeNpy(fromBase64(file)))
    expect(message).toMatch(/^decodeNpy: /)
    expect(message).toContain(why)
    expect(message).toContain('wanted')
  })

  test('a file that is cut at any byte is a FormatError, unless nothing but what is behind the array is cut', () => {
    for (const { name, file } of read) {
      const bytes = fromBase64(file)
      const behind = name === 'an array behind it' ? 152 : Number(name === 'bytes behind it')
      for (let length = 0; length < bytes.length; length++)
        expect(survives(decodeNpy, bytes.slice(0, length)), name).toBe(
          length < bytes.length - behind ? 'refused' : 'read',
        )
    }
  })

  test('20,000 mutations: read or a FormatError, never another error', () => {
    const originals = read.map(({ file }) => fromBase64(file))
    const random = noise(3)
    const counts = { read: 0, refused: 0 }
    for (let i = 0; i < 20_000; i++) counts[survives(decodeNpy, mutate(originals[i % originals.length], random))]++
    expect(counts.read).toBeGreaterThan(200)
    expect(counts.refused).toBeGreaterThan(1000)
  })

  const PLAIN: readonly (readonly [
    string,
    number,
    (view: DataView, at: number, little: boolean) => number | bigint,
  ])[] = [
    ['f4', 4, (view, at, little) => view.getFloat32(at, little)],
    ['f8', 8, (view, at, little) => view.getFloat64(at, little)],
    ['i1', 1, (view, at) => view.getInt8(at)],
    ['u1', 1, (view, at) => view.getUint8(at)],
    ['i2', 2, (view, at, little) => view.getInt16(at, little)],
    ['u2', 2, (view, at, little) => view.getUint16(at, little)],
    ['i4', 4, (view, at, little) => view.getInt32(at, little)],
    ['u4', 4, (view, at, little) => view.getUint32(at, little)],
    ['i8', 8, (view, at, little) => view.getBigInt64(at, little)],
    ['u8', 8, (view, at, little) => view.getBigUint64(at, little)],
  ]
  test.each(PLAIN)(
    '300,000 elements of %s in either order of bytes are those that a DataView reads',
    (letter, size, get) => {
      const random = noise(4)
      for (const order of '<>') {
        const little = order === '<'
        let view: DataView = new DataView(new ArrayBuffer(0))
        const bytes = npy(order + letter, 300, 1000, size, (elements) => {
          view = elements
          for (let at = 0; at < elements.byteLength; at++) elements.setUint8(at, random() * 256)
          // Ten bits less: what remains of 64 has a float64.
          if (letter.endsWith('8') && letter !== 'f8')
            for (let at = 0; at < elements.byteLength; at += 8) elements.setUint16(at + (little ? 0 : 6), 0)
        })
        const { data } = decodeNpy(bytes)
        const wrong = data.findIndex((each, i) => !Object.is(each, Number(get(view, i * size, little))))
        expect(wrong).toBe(-1)
      }
    },
  )

  test('integers beside each power of two up to 2^63 are read if and only if float64 holds them', () => {
    const powers = Array.from({ length: 64 }, (_, bits) => 2n ** BigInt(bits))
    for (const power of powers)
      for (const off of powers.slice(0, 13).flatMap((each) => [each - 1n, each, -each]))
        for (const value of [power + off, -power - off]) {
          if (BigInt.asIntN(64, value) !== value) continue
          const bytes = npy('<i8', 1, 1, 8, (view) => view.setBigInt64(0, value, true))
          if (BigInt(Number(value)) === value) expect(BigInt(decodeNpy(bytes).item())).toBe(value)
          else expect(survives(decodeNpy, bytes)).toBe('refused')
        }
  })

  test('an integer that float64 does not hold: the last of 300,000', () => {
    const last = npy('>u8', 300, 1000, 8, (view) => view.setBigUint64(299_999 * 8, 2n ** 53n + 1n))
    expect(errorOf(() => decodeNpy(last)).message).toBe(
      'decodeNpy: element 299999 is 9007199254740993, wanted an integer that float64 holds exactly',
    )
  })
})

describe('halves', () => {
  const patterns = (little: boolean) => (view: DataView) => {
    for (let i = 0; i < 2 ** 16; i++) view.setUint16(2 * i, i, little)
  }
  const bitsOf = ({ data }: Matrix): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.length)
  const differing = (a: Matrix, bits: ArrayLike<number>): number => bitsOf(a).findIndex((each, i) => each !== bits[i])

  test("all 65,536 float16 are NumPy's float32, bit for bit", async () => {
    const wanted = bitsOf(decodeNpy(await readBytes('core/float16.npy')))
    expect(wanted).toHaveLength(2 ** 16)
    for (const order of '<>') {
      const bytes = npy(`${order}f2`, 256, 256, 2, patterns(order === '<'))
      expect(differing(decodeNpy(bytes), wanted)).toBe(-1)
      if (order === '<') {
        const { tensors } = decodeSafetensors(tensor('F16', [256, 256], bytes.slice(-(2 ** 17))))
        expect(tensors.a.dtype).toBe('float32')
        expect(differing(tensors.a, wanted)).toBe(-1)
      }
    }
  })

  test('all 65,536 bfloat16 are the upper half of their float32', () => {
    const elements = new Uint8Array(2 ** 17)
    patterns(true)(new DataView(elements.buffer))
    const { tensors } = decodeSafetensors(tensor('BF16', [256, 256], elements))
    expect(tensors.a.dtype).toBe('float32')
    expect(
      differing(
        tensors.a,
        Array.from({ length: 2 ** 16 }, (_, i) => i * 2 ** 16),
      ),
    ).toBe(-1)
  })
})

describe('safetensors', () => {
  test('a file with a tensor of each dtype: the rest is skipped and listed', async () => {
    const bytes = await readBytes('core/types.safetensors')
    for (const each of [bytes, unaligned(bytes)]) {
      const { tensors, metadata, skipped } = decodeSafetensors(each)
      expect(metadata).toEqual({})
      expect(Object.keys(tensors)).toEqual(Object.keys(safetensors.tensors))
      for (const [name, wanted] of Object.entries(safetensors.tensors))
        expect(identical(tensors[name], stored(wanted)), name).toBe(true)
      expect(skipped).toEqual(
        safetensors.skipped.map(({ name, reason }) => ({ name, reason: expect.stringContaining(reason) })),
      )
    }
  })

  test('what is skipped has reasons of one line, however long what is in the file', () => {
    const shape = Array(16_000).fill(1)
    const cases: [string, number[]][] = [
      ['\n'.repeat(1e6), [4]],
      ['F32', [...shape, 1, 1, 1]],
      ['U8', [...shape, 2, 1, 2, 1, 1]],
      ['U8', [2, 2, ...shape, 1]],
      ['U8', [2, 2, 1, ...Array(10_000).fill(0)]],
    ]
    for (const [dtype, sizes] of cases) {
      const size = sizes.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 1)
      const { tensors, skipped } = decodeSafetensors(tensor(dtype, sizes, new Uint8Array(size)))
      expect(Object.keys(tensors).length + skipped.length).toBe(1)
      for (const { reason } of skipped) {
        expect(reason.length).toBeLessThan(250)
        expect(reason).not.toContain('\n')
      }
    }
  })

  test('a file cut at any byte is a FormatError', async () => {
    const bytes = await readBytes('core/types.safetensors')
    for (let length = 0; length < bytes.length; length++)
      expect(survives(decodeSafetensors, bytes.slice(0, length))).toBe('refused')
    expect(survives(decodeSafetensors, Uint8Array.from([...bytes, 0]))).toBe('refused')
  })

  test('20,000 mutations: a FormatError, or each tensor of the file is either read or skipped', async () => {
    const bytes = await readBytes('core/types.safetensors')
    const random = noise(5)
    const counts = { read: 0, refused: 0 }
    for (let i = 0; i < 20_000; i++) {
      const mutant = mutate(bytes, random)
      const outcome = survives((each) => {
        const { tensors, skipped } = decodeSafetensors(each)
        const length = Number(new DataView(each.buffer).getBigUint64(0, true))
        const { __metadata__: _, ...header } = JSON.parse(new TextDecoder().decode(each.subarray(8, 8 + length)))
        const names = [...Object.keys(tensors), ...skipped.map(({ name }) => name)]
        expect(names.sort()).toEqual(Object.keys(header).sort())
      }, mutant)
      counts[outcome]++
    }
    expect(counts.read).toBeGreaterThan(200)
    expect(counts.refused).toBeGreaterThan(1000)
  })

  test('what encodeSafetensors writes is read without anything skipped', () => {
    expect(decodeSafetensors(encodeSafetensors({ a: zeros(2, 3) })).skipped).toEqual([])
  })

  test('metadata that are null are none', () => {
    const text = '{"__metadata__":null}'
    const bytes = new Uint8Array(8 + text.length)
    bytes[0] = text.length
    bytes.set(new TextEncoder().encode(text), 8)
    expect(decodeSafetensors(bytes)).toEqual({ tensors: {}, metadata: {}, skipped: [] })
    expect(errorOf(() => decodeSafetensors(bytes.fill(0x20, 23, 28)))).toBeInstanceOf(FormatError)
  })
})
