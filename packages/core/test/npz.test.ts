// .npz files: NumPy's, ours, and what is none.

import { DTypeError, FormatError, io, MatgradError, Matrix, matrix, zeros } from '@matgrad/core'
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import { describe, expect, test } from 'vitest'
import { readBytes } from '../../../fixtures/read.ts'
import { mutate } from './corrupt.ts'
import { identical, noise } from './support.ts'

const { decodeNpz, encodeNpz } = io
const float64 = { dtype: 'float64' } as const
const ramp = Array.from({ length: 6 }, (_, i) => i / 7)

/** The same bytes but for one. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

describe('npz', () => {
  const wanted: Readonly<Record<string, Matrix>> = {
    f8: matrix(Float64Array.from(ramp), 2, 3),
    f4: matrix(Float32Array.from(ramp), 2, 3),
    big: matrix([ramp], float64),
    half: matrix([0, 0.142822265625, 0.28564453125, 0.428466796875, 0.5712890625, 0.71435546875], 3, 2),
    integers: matrix(
      [
        [1, -2],
        [3, 2 ** 40],
      ],
      float64,
    ),
    flags: matrix([[1, 0, 1]]),
    scalar: matrix([[0.1]], float64),
    thin: matrix([ramp], float64),
    nothing: zeros(0, 3, float64),
    'folder/name': matrix(new Float64Array(2000).fill(1), 40, 50),
  }
  test.each(['stored', 'deflated'])('%s: all that NumPy wrote and a matrix can hold', async (name) => {
    const bytes = await readBytes(`core/${name}.npz`)
    const names = Object.keys(wanted)
    const found = await decodeNpz(bytes, { names })
    expect(Object.keys(found)).toEqual(names)
    for (const [key, each] of Object.entries(wanted)) expect(identical(found[key], each), key).toBe(true)
    const copy = bytes.slice()
    expect(Object.keys(await decodeNpz(copy.buffer, { names: ['f4'] }))).toEqual(['f4'])
  })

  test('what no matrix can hold is an error that names it', async () => {
    const bytes = await readBytes('core/deflated.npz')
    await expect(decodeNpz(bytes)).rejects.toThrow('decodeNpz: cube: shape is (2, 2, 2)')
    const { cube } = await decodeNpz(bytes, { names: ['cube'], shapes: { cube: [2, -1] } })
    expect(cube.shape).toEqual([2, 4])
    await expect(decodeNpz(bytes, { names: ['cube'], shapes: { cube: [3, -1] } })).rejects.toThrow(
      'decodeNpz: cube: the array is (2, 2, 2), wanted sizes of 8 elements, not [3, -1]',
    )
    await expect(decodeNpz(bytes, { names: ['text'] })).rejects.toThrow('decodeNpz: text: dtype is')
    await expect(decodeNpz(bytes, { names: ['F8'] })).rejects.toThrow(
      'decodeNpz: the file has no array F8, wanted one of f8, f4',
    )
    await expect(decodeNpz(bytes, { names: ['F8'] })).rejects.toThrow(MatgradError)
  })

  test('a file that is no .npy is passed over, one that is broken is an error', async () => {
    const archive = async (files: Record<string, Uint8Array>): Promise<Uint8Array> => {
      const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
      for (const [name, bytes] of Object.entries(files)) await writer.add(name, new Uint8ArrayReader(bytes))
      await writer.add('folder/', undefined, { directory: true })
      return writer.close()
    }
    const array = io.encodeNpy(matrix([[1]]))
    const { a } = await decodeNpz(await archive({ 'a.npy': array, note: new Uint8Array(3) }))
    expect(a.item()).toBe(1)
    const broken = decodeNpz(await archive({ 'a.npy': array.slice(0, 40) }))
    await expect(broken).rejects.toThrow('decodeNpz: a: the header is cut short')
    await expect(broken).rejects.toThrow(FormatError)
  })

  test('entries that share bytes are refused: 1,000 of one array would inflate to a thousand times as much', async () => {
    const bytes = await encodeNpz({ ab: zeros(100, 100) }, { compressed: true })
    const view = new DataView(bytes.buffer)
    const end = bytes.length - 22
    const start = view.getUint32(end + 16, true)
    const entry = bytes.subarray(start, end)
    const many = Array.from({ length: 1000 }, (_, i) => {
      const copy = entry.slice()
      // The name, ab.npy, is behind 46 bytes.
      copy.set([0x30 + (i % 40), 0x30 + Math.floor(i / 40)], 46)
      return copy
    })
    const bomb = new Uint8Array(start + many.length * entry.length + 22)
    bomb.set(bytes.subarray(0, start))
    for (const [i, each] of many.entries()) bomb.set(each, start + i * entry.length)
    bomb.set(bytes.subarray(end), bomb.length - 22)
    const tail = new DataView(bomb.buffer, bomb.length - 22)
    for (const place of [8, 10]) tail.setUint16(place, many.length, true)
    tail.setUint32(12, many.length * entry.length, true)
    await expect(decodeNpz(bomb)).rejects.toThrow(/^decodeNpz: .*Overlapping entry found/)
  })

  test.each([false, true])('every bit comes back, compressed %s, of a million elements, too', async (compressed) => {
    const random = noise(1)
    const large = matrix(
      Float32Array.from({ length: 2 ** 20 }, () => random()),
      1024,
      1024,
    )
    const strange = matrix([[Number.NaN, -0, 2 ** -1074, Number.NEGATIVE_INFINITY]], float64)
    const bytes = await encodeNpz({ large, strange, 'a b/ü': zeros(0, 2), ['__proto__']: strange }, { compressed })
    const found = await decodeNpz(bytes)
    expect(Object.keys(found)).toEqual(['large', 'strange', 'a b/ü', '__proto__'])
    expect(identical(found.large, large)).toBe(true)
    expect(identical(found.strange, strange)).toBe(true)
    expect(found['a b/ü'].shape).toEqual([0, 2])
    expect(await encodeNpz({ strange }, { compressed })).toEqual(await encodeNpz({ strange }, { compressed }))
  })

  test.each(['a\0b', '\ud800', 'x'.repeat(65_532)])(
    'a name that does not come back is a FormatError (%#)',
    async (name) => {
      await expect(encodeNpz({ [name]: zeros(1, 1) })).rejects.toThrow(FormatError)
      await expect(encodeNpz({ [name]: zeros(1, 1) })).rejects.toThrow(/^encodeNpz: the name is ".*", wanted/)
    },
  )

  test('odd names come back', async () => {
    const names = ['', 'größe 😀', '\ufeffa', 'toString', '__proto__', 'a.npy', 'w:0', '../a', '/a', 'a\\b']
    const bytes = await encodeNpz(Object.fromEntries(names.map((name, i) => [name, matrix([[i]])])))
    const found = await decodeNpz(bytes)
    expect(Object.entries(found).map(([name, a]) => [name, a.item()])).toEqual(names.map((name, i) => [name, i]))
  })

  test('is refused where it is none, or was changed', async () => {
    const bytes = await encodeNpz({ a: matrix([[1, 2, 3]]) })
    for (const [given, message] of [
      [new Uint8Array(), 'decodeNpz: the bytes are no zip archive'],
      [io.encodeNpy(zeros(2, 2)), 'decodeNpz: the bytes are those of .npy, which decodeNpy reads'],
      [bytes.slice(0, 100), 'decodeNpz: the bytes are no zip archive'],
      [
        changed(
          bytes,
          bytes.findIndex((each, i) => each === 0x40 && bytes[i + 1] === 0x40),
          0x41,
        ),
        'CRC32',
      ],
    ] as const) {
      await expect(decodeNpz(given as Uint8Array)).rejects.toThrow(FormatError)
      await expect(decodeNpz(given as Uint8Array)).rejects.toThrow(message)
    }
    await expect(decodeNpz('weights.npz' as never)).rejects.toThrow(DTypeError)
    await expect(encodeNpz({ a: 3 as unknown as Matrix })).rejects.toThrow('encodeNpz: got 3, wanted a Matrix')
  })

  test('300 changed files are read or refused, each under a second', async () => {
    const random = noise(7)
    const good = [
      await encodeNpz({ a: zeros(3, 4), b: zeros(2, 2) }),
      await encodeNpz({ a: zeros(30, 40) }, { compressed: true }),
    ]
    let refused = 0
    for (let i = 0; i < 300; i++) {
      const bytes = mutate(good[i % 2], random)
      const start = performance.now()
      try {
        for (const each of Object.values(await decodeNpz(bytes))) expect(each).toBeInstanceOf(Matrix)
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError)
        refused++
      }
      expect(performance.now() - start).toBeLessThan(1000)
    }
    expect(refused).toBeGreaterThan(200)
  })
})
