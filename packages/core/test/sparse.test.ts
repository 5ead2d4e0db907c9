// Sparse matrices against dense matrices and plain loops.

import {
  type DType,
  DTypeError,
  full,
  MatgradError,
  Matrix,
  matrix,
  ones,
  ShapeError,
  sparse,
  zeros,
} from '@matgrad/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  between,
  type Draw,
  DTYPES,
  exactSum,
  identical,
  noise,
  round,
  sample,
  seed,
  size,
  UNIT,
  whole,
} from './support.ts'

const { SparseMatrix } = sparse
type Sparse = sparse.SparseMatrix

/** Draws 0 most of the time. */
const thin =
  (draw: Draw): Draw =>
  (random) =>
    random() < 0.3 ? draw(random) : 0

const wholes = thin(whole(-9, 9))
const reals = thin(between(-1, 1))

/** A copy of everything that a sparse matrix holds. */
const snapshot = ({ rows, cols, dtype, rowStarts, columns, values }: Sparse): unknown =>
  structuredClone({ rows, cols, dtype, rowStarts, columns, values })

/** Whether the entries are in order, which the constructor checks anew, and the elements are those of `b`, bit by bit. */
function expectSame(a: Sparse, b: Matrix): void {
  new SparseMatrix(a.rows, a.cols, a.rowStarts, a.columns, a.values)
  expect(identical(a.toDense(), b)).toBe(true)
}

/** The same elements with every 0 as +0: a sparse matrix does not store −0. */
const positiveZeros = (a: Matrix): Matrix => a.add(0)

describe.each(DTYPES)('%s', (dtype) => {
  const dense = (rows: number, cols: number, seed: number, draw: Draw = wholes): Matrix =>
    positiveZeros(sample(rows, cols, dtype, draw, noise(seed)))

  test('fromDense and toDense are each other’s inverse, and store what is not 0', () => {
    fc.assert(
      fc.property(size, size, seed, (rows, cols, seed) => {
        const a = dense(rows, cols, seed, reals)
        const s = SparseMatrix.fromDense(a)
        expectSame(s, a)
        expect([s.rows, s.cols, s.shape, s.dtype]).toEqual([rows, cols, [rows, cols], dtype])
        const count = a.data.filter((x) => x !== 0).length
        expect(s.nnz).toBe(count)
        expect(s.density).toBe(count === 0 ? 0 : count / rows / cols)
        expect(Array.from(s.nnzByRow().data)).toEqual(a.toArray().map((row) => row.filter((x) => x !== 0).length))
        expect(s.nnzByRow().shape).toEqual([rows, 1])
        for (let i = -rows; i < rows; i++) for (let j = -cols; j < cols; j++) expect(s.get(i, j)).toBe(a.get(i, j))
      }),
    )
  })

  test('fromDense and eliminateZeros drop what is at most tol in size and keep NaN', () => {
    const a = matrix(
      [
        [0.5, -0.5, 0.75, -0],
        [Number.NaN, Number.NEGATIVE_INFINITY, 0, -0.25],
      ],
      { dtype },
    )
    const kept = [
      [0, 2, 0.75],
      [1, 0, Number.NaN],
      [1, 1, Number.NEGATIVE_INFINITY],
    ]
    expect(SparseMatrix.fromDense(a, 0.5).toTriplets()).toEqual(kept)
    expect(SparseMatrix.fromDense(a).eliminateZeros(0.5).toTriplets()).toEqual(kept)
    expect(SparseMatrix.fromDense(a).nnz).toBe(6)
  })

  test('triplets: any order, duplicates add, as in a plain loop: whole numbers exactly', () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    const triplet = fc.tuple(fc.nat(8), fc.nat(8), fc.integer({ min: -9, max: 9 }))
    fc.assert(
      fc.property(shape, fc.array(triplet, { maxLength: 60 }), ([rows, cols], drawn) => {
        const triplets = drawn.map(([i, j, v]) => [i % rows, j % cols, v] as const)
        const before = structuredClone(triplets)
        const wanted = zeros(rows, cols, { dtype })
        for (const [i, j, v] of triplets) wanted.set(i, j, wanted.get(i, j) + v)
        const s = SparseMatrix.fromTriplets(rows, cols, triplets, { dtype })
        expectSame(s, positiveZeros(wanted))
        expect(s.nnz).toBe(new Set(triplets.map(([i, j]) => i * cols + j)).size)
        expect(triplets).toEqual(before)
        const again = SparseMatrix.fromTriplets(rows, cols, s.toTriplets().reverse(), { dtype })
        expect(snapshot(again)).toEqual(snapshot(s))
      }),
    )
  })

  test('duplicates are added in the order given, in float64, and rounded once', () => {
    const terms = [1 + 2 ** -30, 2 ** -53, 2 ** -53, -1]
    const s = SparseMatrix.fromTriplets(
      1,
      2,
      terms.map((x) => [0, 1, x] as const),
      { dtype },
    )
    expect(s.get(0, 1)).toBe(
      round(
        terms.reduce((sum, x) => sum + x),
        dtype,
      ),
    )
    expect(s.nnz).toBe(1)
  })

  test('zeros among triplets and sums that come to 0 are entries until eliminateZeros', () => {
    const triplets = [
      [1, 2, 0],
      [0, 1, 5],
      [0, 0, 3],
      [0, 1, -5],
    ] as const
    const s = SparseMatrix.fromTriplets(2, 3, triplets, { dtype })
    expect(s.toTriplets()).toEqual([
      [0, 0, 3],
      [0, 1, 0],
      [1, 2, 0],
    ])
    expect(s.eliminateZeros().toTriplets()).toEqual([[0, 0, 3]])
    expect(s.add(s.scale(-1)).nnz).toBe(3)
    expect(s.add(s.scale(-1)).eliminateZeros().nnz).toBe(0)
  })

  test('the transpose, twice the matrix itself', () => {
    fc.assert(
      fc.property(size, size, seed, (rows, cols, seed) => {
        const a = dense(rows, cols, seed, reals)
        const s = SparseMatrix.fromDense(a)
        const before = snapshot(s)
        expectSame(s.T, a.T)
        expect(snapshot(s.T.T)).toEqual(before)
        expect(snapshot(s)).toEqual(before)
      }),
    )
  })

  test('add and scale have the bits of the dense operations', () => {
    fc.assert(
      fc.property(size, size, seed, fc.double({ min: -10, max: 10, noNaN: true }), (rows, cols, seed, factor) => {
        const [a, b] = [dense(rows, cols, seed, reals), dense(rows, cols, seed + 1, reals)]
        const [s, t] = [SparseMatrix.fromDense(a), SparseMatrix.fromDense(b)]
        const before = [snapshot(s), snapshot(t)]
        expectSame(s.add(t), a.add(b))
        expect(positiveZeros(s.scale(factor).toDense()).equals(positiveZeros(a.mul(factor)))).toBe(true)
        const either = a.data.filter((x, i) => x !== 0 || b.data[i] !== 0).length
        expect(s.add(t).nnz).toBe(either)
        expect(s.scale(0).nnz).toBe(s.nnz)
        expect([snapshot(s), snapshot(t)]).toEqual(before)
      }),
    )
  })

  test('row sums in float64, rounded once: within (n u₆₄ + u)·Σ|x|', () => {
    fc.assert(
      fc.property(size, size, seed, (rows, cols, seed) => {
        const a = dense(rows, cols, seed, reals)
        const sums = SparseMatrix.fromDense(a).rowSums()
        expect([sums.rows, sums.cols, sums.dtype]).toEqual([rows, 1, dtype])
        for (const [i, row] of a.toArray().entries()) {
          const bound = (cols * UNIT.float64 + UNIT[dtype]) * exactSum(row.map(Math.abs))
          expect(Math.abs(sums.data[i] - exactSum(row))).toBeLessThanOrEqual(bound)
        }
      }),
    )
  })

  /** Compares C with Σ a·b of each element, which in float64 may be off by as much as n·u of Σ |a·b|. */
  function checkProduct(c: Matrix, a: Matrix, b: Matrix, unit: number): void {
    expect([c.rows, c.cols, c.dtype]).toEqual([a.rows, b.cols, dtype])
    for (let i = 0; i < a.rows; i++)
      for (let j = 0; j < b.cols; j++) {
        let [sum, bound] = [0, 0]
        for (let k = 0; k < a.cols; k++) {
          sum += a.get(i, k) * b.get(k, j)
          bound += Math.abs(a.get(i, k) * b.get(k, j))
        }
        expect(Math.abs(c.get(i, j) - sum)).toBeLessThanOrEqual(unit * bound)
      }
  }

  describe('products', () => {
    test('whole numbers: those of the dense product, exactly', () => {
      fc.assert(
        fc.property(size, size, size, seed, (m, k, n, seed) => {
          const [a, b] = [dense(m, k, seed), dense(k, n, seed + 1)]
          const [s, t] = [SparseMatrix.fromDense(a), SparseMatrix.fromDense(b)]
          const before = [snapshot(s), snapshot(t), b.clone(), a.clone()]
          const wanted = positiveZeros(a.matmul(b))
          expect(identical(s.matmul(b), wanted)).toBe(true)
          expect(identical(sparse.matmul(s, b), wanted)).toBe(true)
          expect(identical(sparse.matmul(a, t), wanted)).toBe(true)
          expectSame(s.matmul(t), wanted)
          expectSame(sparse.matmul(s, t), wanted)
          expect(snapshot(t.T.matmul(s.T))).toEqual(snapshot(s.matmul(t).T))
          expect(identical(t.T.matmul(a.T), wanted.T)).toBe(true)
          expect([snapshot(s), snapshot(t), b, a]).toEqual(before)
        }),
      )
    })

    test('with a dense matrix within k(u + u₆₄)·|A||B|, with a sparse one within (2k u₆₄ + u)·|A||B|', () => {
      fc.assert(
        fc.property(size, size, size, seed, (m, k, n, seed) => {
          const [a, b, full] = [
            dense(m, k, seed, reals),
            dense(k, n, seed + 1, reals),
            dense(k, n, seed, between(-1, 1)),
          ]
          const s = SparseMatrix.fromDense(a)
          checkProduct(s.matmul(full), a, full, k * (UNIT[dtype] + UNIT.float64))
          checkProduct(s.matmul(SparseMatrix.fromDense(b)).toDense(), a, b, 2 * k * UNIT.float64 + UNIT[dtype])
        }),
      )
    })

    test.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 64, 65])(
      'every %d columns have the bits of each column alone, and of rounded sums in the order of the entries',
      (n) => {
        const [a, b] = [dense(13, 40, n, reals), dense(40, n, n + 1, between(-1, 1))]
        const s = SparseMatrix.fromDense(a)
        const c = s.matmul(b)
        for (let j = 0; j < n; j++) expect(identical(s.matmul(b.col(j)), c.col(j))).toBe(true)
        const wanted = zeros(13, n, { dtype })
        for (const [i, k, x] of s.toTriplets())
          for (let j = 0; j < n; j++) wanted.set(i, j, wanted.get(i, j) + round(x * b.get(k, j), dtype))
        expect(identical(c, wanted)).toBe(true)
      },
    )

    test('by the identity: the matrix itself', () => {
      const a = dense(17, 9, 4, reals)
      const s = SparseMatrix.fromDense(a)
      expect(identical(SparseMatrix.identity(17, { dtype }).matmul(a), a)).toBe(true)
      expect(snapshot(SparseMatrix.identity(17, { dtype }).matmul(s))).toEqual(snapshot(s))
      expect(snapshot(s.matmul(SparseMatrix.identity(9, { dtype })))).toEqual(snapshot(s))
    })

    test('the entries of a product are where entries meet, even where they cancel', () => {
      const s = SparseMatrix.fromTriplets(
        1,
        2,
        [
          [0, 0, 1],
          [0, 1, 1],
        ],
        { dtype },
      )
      const t = SparseMatrix.fromTriplets(
        2,
        3,
        [
          [0, 2, 1],
          [1, 2, -1],
        ],
        { dtype },
      )
      expect(s.matmul(t).toTriplets()).toEqual([[0, 2, 0]])
    })

    test('NaN and infinities are met by entries alone, zeros that are stored among them', () => {
      const s = SparseMatrix.fromTriplets(
        3,
        2,
        [
          [0, 0, 1],
          [1, 1, 1],
          [2, 1, 0],
        ],
        { dtype },
      )
      const b = matrix(
        [
          [2, 3],
          [Number.NaN, Number.POSITIVE_INFINITY],
        ],
        { dtype },
      )
      expect(s.matmul(b).toArray()).toEqual([
        [2, 3],
        [Number.NaN, Number.POSITIVE_INFINITY],
        [Number.NaN, Number.NaN],
      ])
    })

    test('a product larger than the memory that the module begins with: exact', () => {
      const n = 700_001
      const a = SparseMatrix.fromTriplets(
        2,
        n,
        [
          [1, n - 1, 3],
          [1, 5, 2],
        ],
        { dtype },
      )
      const b = new Matrix(dtype === 'float32' ? new Float32Array(n).fill(7) : new Float64Array(n).fill(7), n, 1)
      expect(a.matmul(b).toArray()).toEqual([[0], [35]])
    })

    test.each([
      [2_000_000, 1],
      [200_000, 19],
    ])(
      'a row of %i terms times %i columns: within (512 + log₂(n/512))·u·Σ|t|, as where sums are pairwise',
      (n, cols) => {
        const values = full(1, n, 0.0005, { dtype }).data
        const every = new Uint32Array(n)
        for (let i = 0; i < n; i++) every[i] = i
        const a = new SparseMatrix(1, n, Uint32Array.of(0, n), every, values)
        const exact = n * values[0]
        const bound = (512 + Math.ceil(Math.log2(n / 512))) * UNIT[dtype] * exact
        for (const x of a.matmul(ones(n, cols, { dtype })).data) expect(Math.abs(x - exact)).toBeLessThanOrEqual(bound)
      },
    )

    test('data that begin in the middle of a buffer', () => {
      const pool = dtype === 'float32' ? new Float32Array(30) : new Float64Array(30)
      for (let i = 0; i < 30; i++) pool[i] = i
      const words = Uint32Array.of(9, 0, 1, 3, 0, 1, 2, 9)
      const s = new SparseMatrix(2, 3, words.subarray(1, 4), words.subarray(4, 7), pool.subarray(5, 8))
      const b = matrix(pool.subarray(7, 19), 3, 4)
      expect(identical(s.matmul(b), s.toDense().matmul(b.clone()))).toBe(true)
    })
  })

  test('the identity', () => {
    for (const n of [0, 1, 5]) {
      const s = SparseMatrix.identity(n, { dtype })
      expect(s.toTriplets()).toEqual(Array.from({ length: n }, (_, i) => [i, i, 1]))
      expect([s.rows, s.cols, s.dtype]).toEqual([n, n, dtype])
    }
  })

  test('fromCsr takes arrays, copies them, and wraps typed arrays of the right types', () => {
    const [starts, columns, values] = [
      [0, 2, 2, 3],
      [0, 3, 1],
      [1, 2, 3],
    ]
    const s = SparseMatrix.fromCsr(3, 4, starts, columns, values, { dtype })
    const wanted = matrix(
      [
        [1, 0, 0, 2],
        [0, 0, 0, 0],
        [0, 3, 0, 0],
      ],
      { dtype },
    )
    expectSame(s, wanted)
    const wrapped = SparseMatrix.fromCsr(3, 4, s.rowStarts, s.columns, s.values)
    expect(wrapped.values).toBe(s.values)
    expect(wrapped.columns).toBe(s.columns)
    expect(wrapped.rowStarts).toBe(s.rowStarts)
    expectSame(SparseMatrix.fromCsr(3, 4, Int32Array.from(starts), Int32Array.from(columns), s.values), wanted)
    const other = dtype === 'float32' ? 'float64' : 'float32'
    expectSame(SparseMatrix.fromCsr(3, 4, starts, columns, s.values, { dtype: other }), wanted.astype(other))
  })

  test('matrices without elements or entries', () => {
    for (const [rows, cols] of [
      [0, 0],
      [0, 3],
      [3, 0],
      [3, 2],
    ]) {
      const s = SparseMatrix.fromTriplets(rows, cols, [], { dtype })
      const empty = zeros(rows, cols, { dtype })
      expectSame(s, empty)
      expectSame(SparseMatrix.fromDense(empty), empty)
      expectSame(s.T, zeros(cols, rows, { dtype }))
      expectSame(s.add(s), empty)
      expectSame(s.scale(2), empty)
      expectSame(s.eliminateZeros(), empty)
      expectSame(s.astype('float64'), zeros(rows, cols, { dtype: 'float64' }))
      expectSame(s.matmul(s.T), zeros(rows, rows, { dtype }))
      expect(identical(s.rowSums(), zeros(rows, 1, { dtype }))).toBe(true)
      expect([s.nnz, s.density, s.toTriplets()]).toEqual([0, 0, []])
      for (const n of [0, 1, 5]) {
        expect(identical(s.matmul(zeros(cols, n, { dtype })), zeros(rows, n, { dtype }))).toBe(true)
        expect(identical(sparse.matmul(zeros(n, rows, { dtype }), s), zeros(n, cols, { dtype }))).toBe(true)
      }
    }
  })

  test('as wide as an index can count, with time and memory for the entries alone', () => {
    const s = SparseMatrix.fromCsr(1, 2 ** 29, [0, 2], [7, 2 ** 29 - 1], [1, 2], { dtype })
    expect(s.get(0, 2 ** 29 - 1)).toBe(2)
    expect(s.rowSums().item()).toBe(3)
    expect(s.add(s).nnz).toBe(2)
  })
})

test('float32 is the dtype unless another is asked for, and mixed operands give float64', () => {
  const single = SparseMatrix.fromTriplets(2, 2, [
    [0, 1, 0.1],
    [1, 0, 3],
  ])
  const double = SparseMatrix.identity(2, { dtype: 'float64' })
  expect([single.dtype, SparseMatrix.identity(1).dtype]).toEqual(['float32', 'float32'])
  const wide = single.toDense().astype('float64')
  const dtypes: DType[] = []
  for (const product of [single.matmul(wide), single.matmul(double), double.matmul(single), single.add(double)])
    dtypes.push(product.dtype)
  dtypes.push(double.matmul(single.toDense()).dtype, sparse.matmul(wide, single).dtype)
  expect(dtypes).toEqual(Array(6).fill('float64'))
  expect(identical(double.matmul(single.toDense()), wide)).toBe(true)
  expectSame(double.matmul(single), wide)
  expectSame(single.astype('float64'), wide)
  expectSame(single.astype('float64').astype('float32'), single.toDense())
  expect(single.astype('float32').values).not.toBe(single.values)
  expect(single.scale(2).dtype).toBe('float32')
})

test('how it prints', () => {
  const s = SparseMatrix.fromTriplets(3, 40, [
    [0, 1, 1.5],
    [2, 39, -2],
  ])
  expect(s.toString()).toBe('SparseMatrix 3x40 float32, 2 stored (1.6667 %)\n  [0, 1]  1.5000\n  [2, 39]  -2')
  const lines = String(SparseMatrix.identity(100)).split('\n')
  expect(lines).toHaveLength(10)
  expect(lines[5]).toBe('  ⋮')
  expect(lines[9]).toBe('  [99, 99]  1')
  expect(String(SparseMatrix.identity(0))).toBe('SparseMatrix 0x0 float32, 0 stored (0 %)')
  const inspect = Symbol.for('nodejs.util.inspect.custom')
  expect((s as unknown as Record<symbol, () => string>)[inspect]()).toBe(s.toString())
})

describe('bad calls', () => {
  // biome-ignore lint/suspicious/noExplicitAny: these calls are the ones that types forbid
  const S = SparseMatrix as any
  const u = (...words: number[]): Uint32Array => Uint32Array.of(...words)
  const f = (...values: number[]): Float32Array => Float32Array.of(...values)
  const s = SparseMatrix.fromTriplets(2, 3, [
    [0, 1, 2],
    [1, 0, 4],
  ])
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const any = s as any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const matmul = sparse.matmul as any
  const before = snapshot(s)

  const calls: [title: string, call: () => unknown, error: new () => Error, message: RegExp][] = [
    ['a fraction of a row', () => new S(1.5, 1, u(0), u(), f()), DTypeError, /rows is 1.5/],
    ['fewer rows than none', () => new S(-1, 1, u(), u(), f()), ShapeError, /rows is -1/],
    ['too many columns', () => new S(0, 2 ** 29 + 1, u(0), u(), f()), ShapeError, /columns is 536870913/],
    ['a string for columns', () => new S(0, '3', u(0), u(), f()), DTypeError, /columns is "3"/],
    ['starts in an array', () => new S(0, 0, [0], u(), f()), DTypeError, /rowStarts is an array/],
    ['columns in another array', () => new S(0, 0, u(0), new Int32Array(), f()), DTypeError, /columns is Int32Array/],
    ['values in an array', () => new S(0, 0, u(0), u(), []), DTypeError, /values is an array/],
    ['no arrays', () => new S(2, 2), DTypeError, /rowStarts is undefined/],
    ['too few starts', () => new S(2, 2, u(0, 0), u(), f()), ShapeError, /rowStarts has 2 elements, wanted 3/],
    ['more columns than values', () => new S(1, 2, u(0, 2), u(0, 1), f(1)), ShapeError, /2 columns and 1 values/],
    ['a first start that is not 0', () => new S(1, 2, u(1, 2), u(0, 1), f(1, 2)), ShapeError, /begins with 1/],
    [
      'a last start beyond the entries',
      () => new S(1, 2, u(0, 3), u(0, 1), f(1, 2)),
      ShapeError,
      /ends with 3, wanted 2/,
    ],
    [
      'starts that fall',
      () => new S(3, 2, u(0, 2, 1, 2), u(0, 1), f(1, 2)),
      ShapeError,
      /row 1 starts at 2 and ends at 1/,
    ],
    ['a start beyond all', () => new S(2, 9, u(0, 5, 2), u(0, 1), f(1, 2)), ShapeError, /row 1 starts at 5/],
    [
      'columns out of order',
      () => new S(1, 3, u(0, 2), u(2, 1), f(1, 2)),
      ShapeError,
      /entry 1, in row 0, is in column 1/,
    ],
    ['a column twice', () => new S(1, 3, u(0, 2), u(1, 1), f(1, 2)), ShapeError, /entry 1, in row 0, is in column 1/],
    ['a column out of range', () => new S(1, 3, u(0, 1), u(3), f(1)), ShapeError, /column 3, wanted .* below 3/],
    ['fromCsr: a negative column', () => S.fromCsr(1, 3, [0, 1], [-1], [1]), ShapeError, /element 0 of columns is -1/],
    ['fromCsr: a fraction', () => S.fromCsr(1, 3, [0, 1.5], [1], [1]), DTypeError, /element 1 of rowStarts is 1.5/],
    ['fromCsr: a string', () => S.fromCsr(1, 3, [0, 1], [1], ['1']), DTypeError, /element 0 of values is "1"/],
    [
      'fromCsr: a hole',
      () => S.fromCsr(1, 3, [0, 1], [1], new Array(1)),
      DTypeError,
      /element 0 of values is undefined/,
    ],
    ['fromCsr: no array', () => S.fromCsr(1, 3, 7, [1], [1]), DTypeError, /rowStarts is 7/],
    [
      'fromCsr: a DataView',
      () => S.fromCsr(1, 3, [0, 1], [1], new DataView(new ArrayBuffer(8))),
      DTypeError,
      /DataView/,
    ],
    ['fromCsr: a column too far', () => S.fromCsr(1, 3, [0, 1], [3], [1]), ShapeError, /column 3/],
    ['fromCsr: no such dtype', () => S.fromCsr(1, 3, [0, 0], [], [], { dtype: 'int8' }), DTypeError, /int8/],
    ['fromCsr: no size', () => S.fromCsr(Number.NaN, 3, [0], [], []), DTypeError, /rows is NaN/],
    ['fromDense: an array', () => S.fromDense([[1]]), DTypeError, /operand 1 is an array/],
    ['fromDense: a sparse matrix', () => S.fromDense(s), DTypeError, /operand 1 is SparseMatrix/],
    ['fromDense: tol as a string', () => S.fromDense(zeros(1, 1), '1'), DTypeError, /tol is "1"/],
    ['fromDense: a negative tol', () => S.fromDense(zeros(1, 1), -1), MatgradError, /tol is -1/],
    ['fromDense: tol NaN', () => S.fromDense(zeros(1, 1), Number.NaN), MatgradError, /tol is NaN/],
    ['fromTriplets: no triplets', () => S.fromTriplets(1, 1), DTypeError, /got undefined/],
    ['fromTriplets: two numbers', () => S.fromTriplets(1, 1, [[0, 0]]), DTypeError, /triplet 0 is an array/],
    ['fromTriplets: no array', () => S.fromTriplets(1, 1, [[0, 0, 1], 5]), DTypeError, /triplet 1 is 5/],
    ['fromTriplets: a row too far', () => S.fromTriplets(2, 2, [[2, 0, 1]]), ShapeError, /row of triplet 0 is 2/],
    [
      'fromTriplets: a negative column',
      () => S.fromTriplets(2, 2, [[0, -1, 1]]),
      ShapeError,
      /column of triplet 0 is -1/,
    ],
    ['fromTriplets: a fraction', () => S.fromTriplets(2, 2, [[0.5, 0, 1]]), DTypeError, /row of triplet 0 is 0.5/],
    ['fromTriplets: a string', () => S.fromTriplets(2, 2, [[0, 0, '1']]), DTypeError, /value of triplet 0 is "1"/],
    ['fromTriplets: an element of none', () => S.fromTriplets(0, 2, [[0, 0, 1]]), ShapeError, /row of triplet 0 is 0/],
    ['fromTriplets: a negative size', () => S.fromTriplets(-2, 2, []), ShapeError, /rows is -2/],
    ['fromTriplets: no such dtype', () => S.fromTriplets(1, 1, [], { dtype: 'int8' }), DTypeError, /int8/],
    ['fromTriplets: options', () => S.fromTriplets(1, 1, [], 'float64'), DTypeError, /options are "float64"/],
    ['identity: half', () => S.identity(0.5), DTypeError, /rows is 0.5/],
    ['identity: too large', () => S.identity(2 ** 29 + 1), ShapeError, /rows is 536870913/],
    ['get: a row too far', () => s.get(2, 0), ShapeError, /row index is 2/],
    ['get: a row too far back', () => s.get(-3, 0), ShapeError, /row index is -3/],
    ['get: a column too far', () => s.get(0, 3), ShapeError, /column index is 3/],
    ['get: a fraction', () => s.get(0.5, 0), DTypeError, /row index is 0.5/],
    [
      'toDense: too large',
      () => SparseMatrix.fromTriplets(2 ** 15, 2 ** 15, []).toDense(),
      ShapeError,
      /1073741824 elements/,
    ],
    ['add: another shape', () => any.add(s.T), ShapeError, /left is 2x3, right is 3x2/],
    ['add: a dense matrix', () => any.add(zeros(2, 3)), DTypeError, /operand 2 is Matrix/],
    ['scale: a matrix', () => any.scale(zeros(1, 1)), DTypeError, /factor is Matrix/],
    ['astype: no such dtype', () => any.astype('int8'), DTypeError, /int8/],
    ['eliminateZeros: a negative tol', () => s.eliminateZeros(-1), MatgradError, /tol is -1/],
    ['matmul: a number', () => any.matmul(2), DTypeError, /operand 2 is 2/],
    ['matmul: sizes', () => any.matmul(zeros(2, 3)), ShapeError, /left is 2x3, right is 2x3, wanted 3 and 2/],
    ['matmul: sizes, sparse', () => any.matmul(s), ShapeError, /left is 2x3, right is 2x3, wanted 3 and 2/],
    [
      'matmul: too large',
      () => SparseMatrix.fromTriplets(2 ** 16, 1, []).matmul(zeros(1, 2 ** 14)),
      ShapeError,
      /elements/,
    ],
    ['matmul(): a dense left and sizes', () => matmul(zeros(2, 3), s), ShapeError, /left is 2x3, right is 2x3/],
    ['matmul(): a number first', () => matmul(2, s), DTypeError, /operand 1 is 2/],
    ['matmul(): two dense', () => matmul(zeros(2, 3), zeros(3, 2)), DTypeError, /operand 2 is Matrix/],
  ]

  test.each(calls)('%s', (_, call, error, message) => {
    let thrown: unknown
    try {
      call()
    } catch (caught) {
      thrown = caught
    }
    expect(thrown).toBeInstanceOf(error)
    expect((thrown as Error).message).toMatch(message)
    expect(snapshot(s)).toEqual(before)
  })
})
