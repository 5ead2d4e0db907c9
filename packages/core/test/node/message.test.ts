// Matrices to a worker and back.

import { Worker } from 'node:worker_threads'
import {
  DTypeError,
  FormatError,
  fromMessage,
  type MatgradError,
  type Matrix,
  matrix,
  toMessage,
  zeros,
} from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { identical } from '../support.ts'

const state = (): Record<string, Matrix> => ({
  'a.weight': matrix([
    [1, -0, Number.NaN],
    [2 ** -149, 4, Number.POSITIVE_INFINITY],
  ]),
  bias: matrix([[Math.PI]], { dtype: 'float64' }),
  none: zeros(0, 3),
})

describe('toMessage and fromMessage', () => {
  test('every bit comes back from a worker, transferred or copied, and the matrices stay', async () => {
    const worker = new Worker(
      "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (each) => parentPort.postMessage(each))",
      { eval: true },
    )
    for (const transfers of [true, false]) {
      const given = { state: state(), epochs: [1, 'two', null, true, { deep: zeros(2, 2) }] }
      const { message, transfer } = toMessage(given)
      expect(transfer.length).toBe(4)
      const answer = new Promise((resolve) => worker.once('message', resolve))
      worker.postMessage(message, transfers ? transfer : [])
      const back = fromMessage<typeof given>(await answer)
      for (const [name, each] of Object.entries(state())) {
        expect(identical(back.state[name], each)).toBe(true)
        expect(identical(given.state[name], each)).toBe(true)
      }
      expect(back.epochs.slice(0, 4)).toEqual([1, 'two', null, true])
      back.state.bias.set(0, 0, 1)
      expect(given.state.bias.item()).toBe(Math.PI)
    }
    await worker.terminate()
  })

  test('structuredClone takes what it gives, of a matrix alone, too, and of a million elements', () => {
    const large = zeros(1000, 1000).add(0.1)
    expect(identical(fromMessage<Matrix>(structuredClone(toMessage(large).message)), large)).toBe(true)
    expect(fromMessage(toMessage({ text: 'a', bytes: Uint8Array.of(1) }).message)).toEqual({
      text: 'a',
      bytes: Uint8Array.of(1),
    })
  })

  test.each<[name: string, run: () => unknown, type: typeof MatgradError, message: string]>([
    ['a Map', () => toMessage({ all: new Map() }), DTypeError, 'toMessage: value.all is Map'],
    ['a function', () => toMessage([() => 1]), DTypeError, 'toMessage: value[0] is a function'],
    [
      'what stands for a matrix',
      () => toMessage([{ rows: 1, cols: 1, data: 'x' }]),
      DTypeError,
      'toMessage: value[0] has rows, cols and data',
    ],
    ['what contains itself', () => toMessage(circular()), DTypeError, 'toMessage: value'],
    [
      'other sizes',
      () => fromMessage({ rows: 2, cols: 2, data: new Float32Array(3) }),
      FormatError,
      'fromMessage: value is 2x2 of',
    ],
    [
      'sizes that are none',
      () => fromMessage({ rows: -1, cols: -3, data: new Float32Array(3) }),
      FormatError,
      'fromMessage: value is -1x-3 of',
    ],
    [
      'a matrix that was sent as it is',
      () => fromMessage(structuredClone({ all: [zeros(2, 2)] })),
      FormatError,
      'fromMessage: value.all[0] is a Matrix that was sent as it is, wanted what toMessage gives',
    ],
    [
      'integers',
      () => fromMessage({ a: { rows: 1, cols: 1, data: [1] } }),
      FormatError,
      'fromMessage: value.a is 1x1 of',
    ],
  ])('%s', (_, run, type, message) => {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
  })

  function circular(): unknown {
    const all: unknown[] = []
    all.push(all)
    return all
  }
})

test('what is twice in a value is one in the copy, and a value in itself twice sixty times takes no time', () => {
  const a = matrix([[1, 2]])
  const { message, transfer } = toMessage({ a, b: a, list: [{ a }] })
  expect(transfer.length).toBe(1)
  const back = fromMessage<{ a: Matrix; b: Matrix; list: { a: Matrix }[] }>(structuredClone(message, { transfer }))
  expect(identical(back.a, a)).toBe(true)
  expect(back.b).toBe(back.a)
  expect(back.list[0].a).toBe(back.a)
  const deep = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, { inner }], [a])
  const there = fromMessage<unknown[]>(structuredClone(toMessage(deep).message))
  expect((there[1] as { inner: unknown }).inner).toBe(there[0])
})

test('a symbol is no data', () => {
  expect(() => toMessage({ a: Symbol('x') })).toThrow(DTypeError)
  expect(() => toMessage({ a: Symbol('x') })).toThrow('toMessage: value.a is a symbol, wanted data')
})
