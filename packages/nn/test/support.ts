// What the tests of this package share: data, distances.

import { type DType, Matrix, matrix } from '@matgrad/core'
import type { Module } from '@matgrad/nn'
import { expect } from 'vitest'

export const DTYPES: readonly DType[] = ['float32', 'float64']

/** The unit roundoff: half the distance from 1 to the next number. */
export const UNIT: Readonly<Record<DType, number>> = { float32: 2 ** -24, float64: 2 ** -53 }

/** x rounded to the dtype. */
export const round = (x: number, dtype: DType): number => (dtype === 'float32' ? Math.fround(x) : x)

/** A small generator of its own (mulberry32), so that test data do not come from what is tested. */
export function noise(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** rows x cols numbers from low to high. */
export function sample(
  rows: number,
  cols: number,
  random: () => number,
  { dtype = 'float64', low = -1, high = 1 }: { dtype?: DType; low?: number; high?: number } = {},
): Matrix {
  const data = dtype === 'float32' ? new Float32Array(rows * cols) : new Float64Array(rows * cols)
  for (let i = 0; i < data.length; i++) data[i] = low + (high - low) * random()
  return new Matrix(data, rows, cols)
}

/** The four samples of XOR. */
export const xor = (dtype: DType = 'float32') => ({
  x: matrix(
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    { dtype },
  ),
  y: matrix([[0], [1], [1], [0]], { dtype }),
})

/** Every number of a model's parameters and buffers, by name: equal only if all bits are (but for the sign of NaN). */
export const bitsOf = (model: Module) =>
  Object.fromEntries(Object.entries(model.stateDict()).map(([name, { data }]) => [name, data]))

/** A matrix in a fixture: fixtures/nn/make.py writes what PyTorch gives. */
export interface Stored {
  readonly rows: number
  readonly cols: number
  readonly data: readonly number[]
}

export const toMatrix = ({ rows, cols, data }: Stored): Matrix => new Matrix(Float64Array.from(data), rows, cols)

/** Fails unless the shapes are the same and |got − wanted| ≤ bound·|wanted| + floor everywhere. */
export function expectClose(got: Matrix, wanted: Matrix, bound: number, floor = 0): void {
  expect(got.shape).toEqual(wanted.shape)
  for (const [i, each] of wanted.data.entries()) {
    const distance = got.data[i] === each ? 0 : Math.abs(got.data[i] - each)
    if (!(distance <= (Number.isFinite(each) ? bound * Math.abs(each) : 0) + floor))
      expect.fail(`entry ${i}: got ${got.data[i]}, wanted ${each}, ${distance} away`)
  }
}

/** The error that `run` throws. */
export function errorOf(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
    expect.fail(`threw ${String(error)}, wanted an Error`)
  }
  expect.fail('nothing was thrown')
}

/** What a promise is rejected with. */
export const errorFrom = <E = Error>(promise: Promise<unknown>): Promise<E> =>
  promise.then(
    () => expect.fail('the promise was fulfilled'),
    (error: E) => error,
  )
