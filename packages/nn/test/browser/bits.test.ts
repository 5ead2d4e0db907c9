import { configure, engineInfo, io, type Matrix } from '@matgrad/core'
import { describe, expect, inject, test } from 'vitest'
import { seeded } from '../seeded.ts'

/** The first element whose bits differ, but for those of NaN, which no computation defines. */
const firstDifference = (a: Matrix, b: Matrix): number => a.data.findIndex((x, i) => !Object.is(x, b.data[i]))

describe('every bit is that of Node', async () => {
  const bytes = Uint8Array.from(atob(inject('seededInNode')), (character) => character.charCodeAt(0))
  const { tensors: wanted } = io.decodeSafetensors(bytes)
  const got = await seeded()

  test('in each of more than 500 results', () => {
    expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort())
    expect(Object.keys(got).length).toBeGreaterThan(500)
  })

  test.each(Object.keys(wanted))('%s', (name) => {
    const [a, b] = [got[name], wanted[name]]
    expect([a.shape, a.dtype]).toEqual([b.shape, b.dtype])
    expect(firstDifference(a, b)).toBe(-1)
  })

  test('the comparison sees the last bit of one element', () => {
    const [a, b] = [wanted['float64 tanh, wide'], wanted['float64 tanh, wide'].clone()]
    new Uint8Array(b.data.buffer)[8 * (b.size - 1)] ^= 1
    expect(firstDifference(a, b)).toBe(b.size - 1)
  })
})

describe('the page', () => {
  test('is isolated, and so may share memory, exactly where the server asks for it', () => {
    expect(crossOriginIsolated).toBe(inject('isolated'))
    expect(typeof SharedArrayBuffer).toBe(inject('isolated') ? 'function' : 'undefined')
  })

  test.skipIf(inject('isolated'))('computes with one thread without isolation, whatever is asked for', () => {
    expect(engineInfo().threads).toBe(1)
    configure({ threads: 4 })
    expect(engineInfo().threads).toBe(1)
    configure({ threads: 'auto' })
  })
})
