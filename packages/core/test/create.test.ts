import {
  arange,
  DTypeError,
  eye,
  fromFunction,
  full,
  getDefaultDtype,
  linspace,
  type Matrix,
  matrix,
  ones,
  rand,
  setDefaultDtype,
  zeros,
} from '@matgrad/core'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { DTYPES, round, size } from './support.ts'

afterEach(() => setDefaultDtype('float32'))

describe('matrix', () => {
  test('copies an array of rows', () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ]
    const a = matrix(rows)
    rows[0][0] = 9
    expect(a.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(a.shape).toEqual([2, 3])
    expect(a.dtype).toBe('float32')
  })

  test.each([
    ['no rows', [], [0, 0]],
    ['rows of nothing', [[], []], [2, 0]],
    ['one number', [[7]], [1, 1]],
  ])('%s', (_, rows, shape) => {
    expect(matrix(rows).shape).toEqual(shape)
  })

  test('keeps NaN, infinities and −0, and rounds to float32 once', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.1]
    expect(matrix([values], { dtype: 'float64' }).toArray()).toEqual([values])
    expect(matrix([values]).toArray()).toEqual([[...values.slice(0, 4), Math.fround(0.1)]])
  })

  test('wraps a typed array without copying: one row, or the sizes given', () => {
    for (const data of [new Float32Array([1, 2, 3, 4, 5, 6]), new Float64Array([1, 2, 3, 4, 5, 6])]) {
      const row = matrix(data)
      expect(row.shape).toEqual([1, 6])
      const a = matrix(data, 2, 3)
      expect(a.data).toBe(data)
      expect(a.dtype).toBe(data instanceof Float32Array ? 'float32' : 'float64')
      data[5] = 60
      expect(a.get(1, 2)).toBe(60)
      a.set(0, 0, -1)
      expect(data[0]).toBe(-1)
    }
  })

  test('copies a typed array when a dtype asks for the other precision, and only then', () => {
    const data = new Float32Array([0.1, 2])
    expect(matrix(data, { dtype: 'float32' }).data).toBe(data)
    expect(matrix(data, 2, 1, { dtype: 'float32' }).data).toBe(data)
    const wide = matrix(data, 2, 1, { dtype: 'float64' })
    expect(wide.dtype).toBe('float64')
    expect(wide.toArray()).toEqual([[Math.fround(0.1)], [2]])
  })

  test('a typed array ignores the default dtype', () => {
    setDefaultDtype('float64')
    expect(matrix(new Float32Array(2)).dtype).toBe('float32')
  })

  test.each([Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array])(
    'converts %o to the default dtype or the one asked for',
    (Type) => {
      const data = Type.from([1, 2, 3, 120])
      const a = matrix(data)
      expect([a.dtype, a.toArray()]).toEqual(['float32', [[1, 2, 3, 120]]])
      data[0] = 9
      expect(a.get(0, 0)).toBe(1)
      const sized = matrix(data, 2, 2, { dtype: 'float64' })
      expect([sized.dtype, sized.toArray()]).toEqual([
        'float64',
        [
          [9, 2],
          [3, 120],
        ],
      ])
      expect(matrix([Type.from([1, 2]), [3, 4]]).toArray()).toEqual([
        [1, 2],
        [3, 4],
      ])
    },
  )

  test('rows that are typed arrays bring their dtype: float64 if one does, float32 if all do, else the default', () => {
    const [narrow, wide, whole] = [Float32Array.of(0.1, 2), Float64Array.of(0.1, 3), Int32Array.of(1, 2)]
    expect(matrix([narrow, wide]).dtype).toBe('float64')
    expect(matrix([narrow, wide]).toArray()).toEqual([
      [Math.fround(0.1), 2],
      [0.1, 3],
    ])
    setDefaultDtype('float64')
    expect(matrix([narrow, narrow]).dtype).toBe('float32')
    expect(matrix([narrow, whole]).dtype).toBe('float64')
    expect(matrix([wide], { dtype: 'float32' }).toArray()).toEqual([[Math.fround(0.1), 3]])
  })

  test('takes sizes for a list of elements, of one and of a million', () => {
    expect(matrix([1, 2, 3, 4, 5, 6], 2, 3, { dtype: 'float64' }).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(matrix([7], 1, 1).item()).toBe(7)
    expect(matrix([], 0, 3).shape).toEqual([0, 3])
    const many = matrix(
      Array.from({ length: 1e6 }, (_, i) => i),
      1000,
      1000,
    )
    expect(many.get(999, 999)).toBe(999999)
  })

  test('takes sizes for an array of rows', () => {
    expect(matrix([[1, 2, 3, 4]], 2, 2).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ])
  })
})

describe.each(DTYPES)('constant matrices, %s', (dtype) => {
  test('zeros, ones, full and eye: exact for every size', () => {
    fc.assert(
      fc.property(size, size, fc.double(), (rows, cols, value) => {
        const check = (a: Matrix, of: (i: number, j: number) => number): void => {
          expect(a.shape).toEqual([rows, cols])
          expect(a.dtype).toBe(dtype)
          expect(a.data.every((x, at) => Object.is(x, of(Math.floor(at / cols), at % cols)))).toBe(true)
        }
        check(zeros(rows, cols, { dtype }), () => 0)
        check(ones(rows, cols, { dtype }), () => 1)
        check(full(rows, cols, value, { dtype }), () => round(value, dtype))
        check(
          fromFunction(rows, cols, (i, j) => i - j / 7, { dtype }),
          (i, j) => round(i - j / 7, dtype),
        )
        cols = rows
        check(eye(rows, { dtype }), (i, j) => Number(i === j))
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    [[4], [0, 1, 2, 3]],
    [
      [2, 5],
      [2, 3, 4],
    ],
    [
      [2, 5, 2],
      [2, 4],
    ],
    [
      [5, 0, -2],
      [5, 3, 1],
    ],
    [
      [0, 1, 0.25],
      [0, 0.25, 0.5, 0.75],
    ],
    [[3, 3], []],
    [[5, 2], []],
    [[-1.5], []],
    [[2.5], [0, 1, 2]],
    [
      [0, -0.5, -0.25],
      [0, -0.25],
    ],
  ])('arange(%j) is %j', (args, wanted) => {
    const [start, stop, step] = args
    expect(arange(start, stop, step, { dtype }).toArray()).toEqual([wanted])
    expect(arange(start, stop, step, { dtype }).dtype).toBe(dtype)
  })

  test.each([
    [0, 1, 5, [0, 0.25, 0.5, 0.75, 1]],
    [1, 0, 3, [1, 0.5, 0]],
    [2, 9, 1, [2]],
    [2, 9, 0, []],
    [3, 3, 3, [3, 3, 3]],
  ])('linspace(%d, %d, %d) is %j', (start, stop, count, wanted) => {
    expect(linspace(start, stop, count, { dtype }).toArray()).toEqual([wanted])
  })

  test('eye of two sizes', () => {
    expect(eye(2, 3, { dtype }).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ])
    expect(eye(3, 1, { dtype }).toArray()).toEqual([[1], [0], [0]])
    expect(eye(300, 200).sum().item()).toBe(200)
  })

  test.each([
    ['a step beyond the end', [0, 1, Number.POSITIVE_INFINITY], [0]],
    ['one downwards', [0, -1, Number.NEGATIVE_INFINITY], [0]],
    ['one the other way', [0, 1, Number.NEGATIVE_INFINITY], []],
    ['a quotient that underflows', [0, 1e-300, 1e300], [0]],
  ])('arange with %s', (_, [start, stop, step], wanted) => {
    expect(arange(start, stop, step, { dtype }).toArray()).toEqual([wanted])
  })

  test.each([
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 4, Array(4).fill(Number.POSITIVE_INFINITY)],
    [0, Number.POSITIVE_INFINITY, 3, [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]],
    [Number.POSITIVE_INFINITY, 0, 3, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0]],
    [Number.NEGATIVE_INFINITY, 5, 2, [Number.NEGATIVE_INFINITY, 5]],
  ])('linspace(%d, %d, %d) is %j', (start, stop, count, wanted) => {
    expect(linspace(start, stop, count, { dtype }).toArray()).toEqual([wanted])
  })

  test('linspace begins and ends exactly where it should', () => {
    const bound = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: 2, max: 60 }), (start, stop, count) => {
        const { data } = linspace(start, stop, count, { dtype })
        // Adding 0 leaves every number but −0 alone.
        expect(data[0] + 0).toBe(round(start, dtype) + 0)
        expect(data[count - 1] + 0).toBe(round(stop, dtype) + 0)
      }),
    )
  })

  test('linspace has 50 elements by default, ends exactly at stop, and rises evenly within 2 ulp of stop', () => {
    const a = linspace(0.1, 0.7, undefined, { dtype })
    expect(a.cols).toBe(50)
    expect(a.get(0, 0)).toBe(round(0.1, dtype))
    expect(a.get(0, 49)).toBe(round(0.7, dtype))
    const ulp = dtype === 'float32' ? 2 ** -24 : 2 ** -53
    for (let j = 0; j < 50; j++)
      expect(Math.abs(a.get(0, j) - (0.1 * (49 - j) + 0.7 * j) / 49)).toBeLessThanOrEqual(2 * ulp)
  })
})

describe('distances too large for a number', () => {
  const wide = { dtype: 'float64' } as const
  test('linspace of subnormal steps goes evenly, each of its numbers that nearest', () => {
    const least = 2 ** -1074
    for (const [start, stop, count] of [
      [0, 10, 11],
      [0, 3, 11],
      [0, 6, 11],
      [-3, 5, 7],
      [0, 100, 34],
    ]) {
      const wanted = Array.from({ length: count }, (_, j) => start + Math.round((j / (count - 1)) * (stop - start)))
      const found = Array.from(linspace(start * least, stop * least, count, wide).data, (x) => x / least)
      expect(found).toEqual(wanted)
    }
  })

  test('linspace goes from −10³⁰⁸ to 10³⁰⁸ evenly, within 2 ulp of the ends', () => {
    expect(linspace(-1e308, 1e308, 3, wide).toArray()).toEqual([[-1e308, 0, 1e308]])
    const { data } = linspace(-1.5e308, 1.5e308, 1001, wide)
    for (const [j, x] of data.entries())
      expect(Math.abs(x - ((j - 500) / 500) * 1.5e308)).toBeLessThanOrEqual(2 * 2 ** 971)
  })

  test('arange as well', () => {
    expect(arange(-1e308, 1e308, 1e308, wide).toArray()).toEqual([[-1e308, 0]])
    expect(arange(-1.5 * 2 ** 1023, 1.5 * 2 ** 1023, 2 ** 1023, wide).toArray()).toEqual([
      [-1.5 * 2 ** 1023, -0.5 * 2 ** 1023, 0.5 * 2 ** 1023],
    ])
  })
})

describe('the default dtype', () => {
  test('is float32 until it is set', () => {
    expect(getDefaultDtype()).toBe('float32')
    setDefaultDtype('float64')
    expect(getDefaultDtype()).toBe('float64')
    const made = [zeros(1, 1), ones(1, 1), full(1, 1, 2), eye(1), matrix([[1]]), arange(2), linspace(0, 1), rand(1, 1)]
    expect(made.map((a) => a.dtype)).toEqual(made.map(() => 'float64'))
  })

  test('gives way to the dtype asked for', () => {
    setDefaultDtype('float64')
    expect(zeros(1, 1, { dtype: 'float32' }).dtype).toBe('float32')
  })

  test('stays when a wrong one is set', () => {
    expect(() => setDefaultDtype('int8' as 'float32')).toThrow(DTypeError)
    expect(getDefaultDtype()).toBe('float32')
  })
})
