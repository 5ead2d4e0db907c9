// Arrays that are handed over: what is computed with them afterwards is refused, and nobody else notices.

import { type DType, Generator, io, linalg, MatgradError, Matrix, matrix, rand, sparse, zeros } from '@matgrad/core'
import { adam_, checkWhole } from '@matgrad/core/internal'
import { describe, expect, test } from 'vitest'

// biome-ignore lint/suspicious/noExplicitAny: methods are called by their names
type Untyped = any

const DTYPES: readonly DType[] = ['float32', 'float64']
const SIZE = 3

const arrayOn = (dtype: DType, buffer: ArrayBuffer, length?: number) =>
  dtype === 'float32' ? new Float32Array(buffer, 0, length) : new Float64Array(buffer, 0, length)

const transfer = (buffer: ArrayBufferLike): void => {
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
}

/** A buffer of `bytes` with a resizable length. */
const resizable = (bytes: number): ArrayBuffer & { resize(bytes: number): void } =>
  new (ArrayBuffer as Untyped)(bytes, { maxByteLength: 2 * bytes })

/** Arrays of `size` numbers, and what then makes them other ones. */
const losses: Record<string, (dtype: DType, size: number) => [data: Float32Array | Float64Array, lose: () => void]> = {
  transferred: (dtype, size) => {
    const data = arrayOn(dtype, new ArrayBuffer(size * 8), size)
    return [data, () => transfer(data.buffer)]
  },
  shrunk: (dtype, size) => {
    const buffer = resizable(size * 8)
    return [arrayOn(dtype, buffer, size), () => buffer.resize(dtype === 'float32' ? size * 4 - 4 : size * 8 - 8)]
  },
  grown: (dtype, size) => {
    const bytes = size * (dtype === 'float32' ? 4 : 8)
    const buffer = resizable(bytes)
    return [arrayOn(dtype, buffer), () => buffer.resize(bytes + 8)]
  },
}

/** A well-conditioned matrix that has lost its data. */
function lost(how: string, dtype: DType): Matrix {
  const [data, lose] = losses[how](dtype, SIZE * SIZE)
  const a = new Matrix(data, SIZE, SIZE)
  lose()
  return a
}

const REFUSED = /: the data of a 3x3 (sparse )?matrix were detached or resized, got \d+ (elements|values)/

function expectRefused(what: string, call: () => unknown): void {
  let given: unknown
  try {
    given = call()
  } catch (error) {
    expect(error, what).toBeInstanceOf(MatgradError)
    expect(String(error), what).toMatch(REFUSED)
    return
  }
  expect.fail(`${what} gave ${given}`)
}

const healthy = new Generator(1).normal(SIZE, SIZE)
const indices = matrix([[0], [1], [2]])

/** What the methods of a matrix are called with; without an entry, nothing. */
const METHODS = new Map<string, unknown[]>(
  Object.entries({
    get: [0, 0],
    set: [0, 0, 1],
    assign: [healthy],
    equals: [healthy],
    allClose: [healthy],
    ...Object.fromEntries(
      [
        ...['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'less', 'lessEqual', 'greater', 'greaterEqual'],
        ...['equal', 'notEqual', 'mod', 'atan2', 'logAddExp', 'matmul', 'kron'],
      ].map((name) => [name, [healthy]]),
    ),
    clip: [0, 1],
    where: [1, 0],
    broadcastTo: [SIZE, SIZE],
    affine: [healthy, zeros(1, SIZE)],
    gatherRows: [indices],
    gatherCols: [indices],
    filterRows: [[true, false, true]],
    pad: [1, 0, 0, 0],
    quantile: [0.3],
    tile: [2, 1],
    pick: [indices],
    scatterAddRows: [indices, SIZE],
    astype: ['float64'],
    reshape: [1, SIZE * SIZE],
    slice: [0, 1],
    row: [0],
    col: [0],
    place: [SIZE, SIZE, 0, 0],
  }),
)
/** What needs another shape, or does not look at the elements. */
const OTHERS = ['constructor', 'apply', 'position', 'shape', 'size', 'item', 'outer', 'diag', 'oneHot']

describe.each(Object.keys(losses))('a matrix whose array was %s is refused by', (how) => {
  const prototype = Object.getOwnPropertyDescriptors(Matrix.prototype)
  for (const [name, { get }] of Object.entries(prototype))
    if (!OTHERS.includes(name))
      test(name, () => {
        for (const dtype of DTYPES) {
          const a = lost(how, dtype) as Untyped
          expectRefused(name, () => (get ? a[name] : a[name](...(METHODS.get(name) ?? []))))
          expect(a.version).toBe(0)
        }
      })

  test('operations and functions that have it as another operand', () => {
    for (const dtype of DTYPES) {
      const a = lost(how, dtype) as Matrix
      const before = healthy.clone()
      for (const call of [
        () => healthy.add(a),
        () => healthy.matmul(a),
        () => healthy.where(healthy, a),
        () => healthy.assign(a),
        () => healthy.equals(a),
        () => matrix([[1]]).add(a),
        () => sparse.SparseMatrix.fromDense(a),
        () => sparse.SparseMatrix.identity(SIZE).matmul(a),
        () => sparse.matmul(a, sparse.SparseMatrix.identity(SIZE)),
        () => io.encodeNpy(a),
        () => io.encodeSafetensors({ a }),
        () => new Generator(0).shuffle(a),
        () => linalg.solve(healthy, a),
        () => linalg.lstsq(healthy, a),
      ])
        expectRefused(String(call), call)
      expect(healthy.equals(before)).toBe(true)
    }
  })

  test('linear algebra', () => {
    const ARGUMENTS: Record<string, unknown[]> = {
      solve: [healthy],
      solveTriangular: [healthy, { upper: true }],
      lstsq: [healthy],
      matrixPower: [2],
      randomizedSvd: [1],
      truncatedSvd: [1],
    }
    for (const dtype of DTYPES)
      for (const [name, f] of Object.entries(linalg) as [string, Untyped][])
        if (name !== 'orthogonal') expectRefused(name, () => f(lost(how, dtype), ...(ARGUMENTS[name] ?? [])))
  })

  test('updates, which then change nothing', () => {
    const number = (value: number): Matrix => matrix([[value]], { dtype: 'float64' })
    const [lr, beta1, beta2, eps] = [0.1, 0.9, 0.99, 1e-8].map(number)
    const settings = { lr, beta1, beta2, eps, weightDecay: number(0), decoupled: number(0) }
    for (const dtype of DTYPES) {
      const fresh = (): Matrix => healthy.astype(dtype)
      const step = zeros(1, 1, { dtype: 'float64' })
      const [p, v, g, bad] = [fresh(), fresh(), fresh(), lost(how, dtype)]
      expectRefused('adam', () => adam_(bad, v, fresh(), step, g, settings))
      expectRefused('adam', () => adam_(p, v, fresh(), step, bad, settings))
      expectRefused('adam', () => adam_(p, v, bad, step, g, settings))
      for (const each of [p, v, g]) expect(each.equals(fresh())).toBe(true)
      expect(step.item()).toBe(0)
    }
  })
})

test('a matrix of an array that is gone is not made, not even an empty one', () => {
  for (const dtype of DTYPES) {
    const data = arrayOn(dtype, new ArrayBuffer(32))
    transfer(data.buffer)
    for (const call of [() => matrix(data), () => matrix(data, 2, 2), () => new Matrix(data, 0, 3)])
      expect(call).toThrow(/^matrix: the data were detached or resized/)
  }
})

describe('a sparse matrix that has lost', () => {
  const whole = (): sparse.SparseMatrix => sparse.SparseMatrix.fromDense(healthy)
  const calls: Record<string, (a: sparse.SparseMatrix) => unknown> = {
    get: (a) => a.get(0, 0),
    nnzByRow: (a) => a.nnzByRow(),
    toDense: (a) => a.toDense(),
    toTriplets: (a) => a.toTriplets(),
    astype: (a) => a.astype('float64'),
    transpose: (a) => a.T,
    scale: (a) => a.scale(2),
    add: (a) => a.add(whole()),
    'add, right': (a) => whole().add(a),
    rowSums: (a) => a.rowSums(),
    eliminateZeros: (a) => a.eliminateZeros(),
    matmul: (a) => a.matmul(healthy),
    'matmul, sparse': (a) => a.matmul(whole()),
    'matmul, right': (a) => whole().matmul(a),
    'matmul of a dense one': (a) => sparse.matmul(healthy, a),
    'toString()': (a) => a.toString(),
  }
  for (const part of ['values', 'columns', 'rowStarts'] as const)
    test(`its ${part} is refused by every method`, () => {
      for (const [name, call] of Object.entries(calls)) {
        const a = whole()
        transfer(a[part].buffer)
        expectRefused(name, () => call(a))
      }
    })
})

/** Matrices that came about in as many ways, of sizes whose arrays share buffers where they may. */
const makers: Record<string, (rows: number, cols: number, dtype: DType) => Matrix> = {
  zeros: (m, n, dtype) => zeros(m, n, { dtype }),
  random: (m, n, dtype) => rand(m, n, { dtype }),
  'an operation': (m, n, dtype) => zeros(m, n, { dtype }).add(1),
  'a product': (m, n, dtype) => rand(m, 3, { dtype }).matmul(rand(3, n, { dtype })),
  'a row of a matrix': (m, n, dtype) => rand(m, n, { dtype }).row(0),
  clone: (m, n, dtype) => rand(m, n, { dtype }).clone(),
  'linear algebra': (m, n, dtype) => linalg.qr(rand(m, n, { dtype })).Q,
  'a dense product with a sparse one': (m, n, dtype) => sparse.SparseMatrix.identity(m, { dtype }).matmul(rand(m, n)),
  'a file': (m, n, dtype) => io.decodeNpy(io.encodeNpy(rand(m, n, { dtype }))),
}
const SIZES = [
  [1, 1],
  [2, 4],
  [5, 5],
  [1, 20],
  [20, 30],
  [32, 32],
  [50, 50],
] as const

describe('data that are handed over are those of one matrix', () => {
  for (const [name, make] of Object.entries(makers))
    test(name, () => {
      for (const dtype of DTYPES)
        for (const [rows, cols] of SIZES) {
          const all = Array.from({ length: 7 }, () => make(rows, cols, dtype))
          const copies = all.map((each) => each.clone())
          const given = all[3]
          const { data } = given
          expect(given.data).toBe(data)
          expect(data.buffer.byteLength).toBe(data.byteLength)
          expect(given.equals(copies[3])).toBe(true)
          transfer(data.buffer)
          expect(() => given.add(1)).toThrow('detached')
          for (const [i, each] of all.entries()) if (i !== 3) expect(each.equals(copies[i])).toBe(true)
        }
    })

  test('is seen by code that was optimised for arrays of resizable buffers, too', () => {
    const some = [zeros(1, 4), zeros(1, 4, { dtype: 'float64' }), matrix(new Float32Array(resizable(16)), 1, 4)]
    for (const each of some) expect(each.data).toHaveLength(4)
    for (let i = 0; i < 300_000; i++) checkWhole('test', some[i % 3])
    const last = zeros(10, 10)
    transfer(last.data.buffer)
    expect(() => checkWhole('test', last)).toThrow('detached')
    expect(() => last.add(1)).toThrow('detached')
  })

  test('what is written to data is what the matrix holds', () => {
    const a = zeros(1, 20)
    a.data[3] = 7
    expect(a.get(0, 3)).toBe(7)
    a.set(0, 4, 8)
    expect(a.data[4]).toBe(8)
  })

  test('an array that was wrapped stays where it is', () => {
    const buffer = new ArrayBuffer(400)
    const view = new Float32Array(buffer, 40, 25)
    const a = matrix(view, 5, 5)
    expect(a.data).toBe(view)
    a.set(0, 0, 3)
    expect(view[0]).toBe(3)
  })

  test("values of sparse matrices are no others' and no matrix's", () => {
    const a = sparse.SparseMatrix.fromDense(rand(5, 6))
    const results = [a.scale(2), a.astype('float64'), a.T, a.add(a), a.matmul(rand(6, 4)), a.matmul(a.T), a.rowSums()]
    const shown = results.map(String)
    const made = [a.eliminateZeros(), a.add(a), a.scale(1), a.T, a.matmul(a.T), sparse.SparseMatrix.identity(30)]
    for (const each of made) {
      expect(each.values.buffer.byteLength).toBe(each.values.byteLength)
      transfer(each.values.buffer)
    }
    expect(results.map(String)).toEqual(shown)
  })
})
