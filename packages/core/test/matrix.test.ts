import { fromFunction, Matrix, matrix, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'

const { NaN: nan, POSITIVE_INFINITY: inf } = Number

const sixth = (): Matrix =>
  matrix([
    [1, 2, 3],
    [4, 5, 6],
  ])

describe('the class', () => {
  test('wraps its data without copying', () => {
    const data = new Float64Array(6)
    const a = new Matrix(data, 2, 3)
    expect(a.data).toBe(data)
    expect([a.rows, a.cols, a.shape, a.size, a.dtype]).toEqual([2, 3, [2, 3], 6, 'float64'])
  })

  test('get and set are row-major', () => {
    const a = sixth()
    expect([a.get(0, 0), a.get(0, 2), a.get(1, 0), a.get(1, 2)]).toEqual([1, 3, 4, 6])
    a.set(1, 0, -7)
    expect(Array.from(a.data)).toEqual([1, 2, 3, -7, 5, 6])
  })

  test('set rounds to the dtype and takes NaN', () => {
    const a = zeros(1, 2)
    a.set(0, 0, 0.1)
    a.set(0, 1, nan)
    expect(a.toArray()).toEqual([[Math.fround(0.1), nan]])
  })

  test('item is the only element', () => {
    expect(matrix([[42]]).item()).toBe(42)
  })

  test('clone, slice, row, col, reshape, astype and T share nothing with the original', () => {
    const a = sixth()
    const copies = [a.clone(), a.slice(0, 2), a.row(0), a.col(0), a.reshape(3, 2), a.astype('float32'), a.T]
    for (const copy of copies) copy.data.fill(0)
    expect(a.equals(sixth())).toBe(true)
  })

  test('clone keeps the dtype, the shape and NaN', () => {
    const a = matrix([[nan, -0]], { dtype: 'float64' })
    expect(a.clone().dtype).toBe('float64')
    expect(a.clone().toArray()).toEqual([[nan, -0]])
  })

  test('a clone of a part of a buffer holds the part alone', () => {
    const a = matrix(new Float32Array([0, 1, 2, 3]).subarray(1, 3))
    expect(a.clone().data.buffer.byteLength).toBe(8)
    expect(a.clone().toArray()).toEqual([[1, 2]])
  })

  test('assign overwrites in place, rounds to the dtype, and gives the matrix itself', () => {
    const a = zeros(1, 2)
    const data = a.data
    expect(a.assign(matrix([[0.1, 2]], { dtype: 'float64' }))).toBe(a)
    expect(a.data).toBe(data)
    expect(a.toArray()).toEqual([[Math.fround(0.1), 2]])
    expect(a.assign(a).toArray()).toEqual([[Math.fround(0.1), 2]])
  })

  test('toArray copies', () => {
    const a = sixth()
    a.toArray()[0][0] = 9
    expect(a.get(0, 0)).toBe(1)
    expect(zeros(0, 3).toArray()).toEqual([])
    expect(zeros(2, 0).toArray()).toEqual([[], []])
  })
})

describe("JavaScript's operators", () => {
  const a = sixth() as unknown as number

  test.each<[string, () => unknown]>([
    ['+a', () => +a],
    ['a * 2', () => a * 2],
    ['2 - a', () => 2 - a],
    ['a ** 2', () => a ** 2],
    ['a > 1', () => a > 1],
    ['Math.sqrt(a)', () => Math.sqrt(a)],
  ])('%s is no number, and says so', (_, compute) => {
    expect(compute).toThrow('number: got Matrix, wanted a method in the place of an operator, such as mul, or item()')
  })

  test('a text has the elements', () => {
    expect(`${a}`).toContain('4  5  6')
    expect(`x ${a}`).toBe(`x ${a}`)
  })
})

describe('equals', () => {
  test.each([
    ['the same', [[1, 2]], [[1, 2]], true],
    ['one differs', [[1, 2]], [[1, 3]], false],
    ['0 and −0', [[0]], [[-0]], true],
    ['NaN', [[nan]], [[nan]], false],
    ['infinities', [[inf, -inf]], [[inf, -inf]], true],
    ['infinities of two signs', [[inf]], [[-inf]], false],
    ['infinity and a number', [[inf]], [[1]], false],
    ['a number and infinity', [[1]], [[inf]], false],
    ['the smallest difference', [[0]], [[2 ** -149]], false],
    ['another shape', [[1, 2]], [[1], [2]], false],
    ['empty', [], [], true],
  ])('%s', (_, a, b, wanted) => {
    expect(matrix(a).equals(matrix(b))).toBe(wanted)
  })

  test('compares across dtypes by value', () => {
    expect(matrix([[0.5]]).equals(matrix([[0.5]], { dtype: 'float64' }))).toBe(true)
    expect(matrix([[0.1]]).equals(matrix([[0.1]], { dtype: 'float64' }))).toBe(false)
  })
})

describe('allClose: |a − b| ≤ atol + rtol·|b|', () => {
  const wide = (x: number): Matrix => matrix([[x]], { dtype: 'float64' })
  test.each([
    [1.25, 1, { rtol: 0.25, atol: 0 }, true],
    [1.2500001, 1, { rtol: 0.25, atol: 0 }, false],
    [1.25, 1, { rtol: 0, atol: 0.25 }, true],
    [1.2500001, 1, { rtol: 0, atol: 0.25 }, false],
    [1.5, 1, { rtol: 0.25, atol: 0.25 }, true],
    [0, 1, { rtol: 1, atol: 0 }, true],
    [1, 0, { rtol: 1, atol: 0 }, false],
    [1 + 0.9e-5, 1, {}, true],
    [1 + 1.2e-5, 1, {}, false],
    [0.9e-8, 0, {}, true],
    [1.1e-8, 0, {}, false],
    [nan, nan, { atol: inf }, false],
    [inf, inf, {}, true],
    [inf, -inf, { rtol: 2 }, false],
    [1, inf, { rtol: 2 }, false],
    [inf, 1, { rtol: 2 }, false],
  ])('%d, %d, %j: %s', (x, y, options, wanted) => {
    expect(wide(x).allClose(wide(y), options)).toBe(wanted)
  })

  test('another shape is not close, even where it would broadcast', () => {
    expect(zeros(1, 1).allClose(zeros(2, 2))).toBe(false)
  })
})

describe('toString', () => {
  test('shows the shape, the dtype and the elements', () => {
    expect(sixth().toString()).toBe('Matrix 2x3 float32\n  1  2  3\n  4  5  6')
    expect(`${matrix([[1.5, -2.25]], { dtype: 'float64' })}`).toBe('Matrix 1x2 float64\n   1.5000  -2.2500')
  })

  test('knows empty matrices and special values', () => {
    expect(zeros(0, 3).toString()).toBe('Matrix 0x3 float32')
    expect(matrix([[nan, inf, -inf]]).toString()).toBe('Matrix 1x3 float32\n        NaN   Infinity  -Infinity')
  })

  test('writes very small and very large numbers with four digits', () => {
    const cells = (x: number): string =>
      matrix([[x]], { dtype: 'float64' })
        .toString()
        .split('\n')[1]
        .trim()
    expect(cells(1.23456e-7)).toBe('1.235e-7')
    expect(cells(1.23456e20)).toBe('1.235e+20')
    expect(cells(123456.789)).toBe('123456.7890')
    expect(cells(-0.00123456)).toBe('-0.0012')
    expect(cells(12345678)).toBe('12345678')
  })

  test('shows eight rows and columns in full, and four at each end of more', () => {
    const place = (n: number): Matrix => fromFunction(n, n, (i, j) => 100 * i + j)
    const shown = place(8).toString().split('\n')
    expect(shown).toHaveLength(9)
    expect(shown[1].trim().split(/\s+/)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    const cut = place(12).toString().split('\n')
    expect(cut).toHaveLength(10)
    expect(cut[1].trim().split(/\s+/)).toEqual(['0', '1', '2', '3', '…', '8', '9', '10', '11'])
    expect(cut[5].trim()).toBe('⋮')
    expect(cut[9].trim().split(/\s+/)).toEqual(['1100', '1101', '1102', '1103', '…', '1108', '1109', '1110', '1111'])
  })

  test('prints a matrix of a million elements in under 20 lines', () => {
    expect(zeros(1000, 1000).toString().split('\n').length).toBeLessThan(20)
  })
})
