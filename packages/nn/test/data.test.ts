// Batches, splits and standardised columns.

import {
  DTypeError,
  full,
  Generator,
  getDefaultGenerator,
  MatgradError,
  Matrix,
  manualSeed,
  matrix,
  ones,
  ShapeError,
  zeros,
} from '@matgrad/core'
import { DataLoader, type Dataset, minMaxScale, oneHot, standardize, trainTestSplit } from '@matgrad/nn'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { DTYPES, errorOf, expectClose, noise, round, type Stored, sample, toMatrix, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const { scaled } = await readJson<{
  scaled: { options: { low: number; high: number }; x: Stored; samples: Stored; transformed: Stored; inverse: Stored }[]
}>('nn/metrics.json')

/** Rows that name themselves: row i of x is (i, −i), row i of y is 10i. */
const numbered = (rows: number): Dataset => ({
  x: matrix(
    Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? i / 2 : -(i - 1) / 2)),
    rows,
    2,
  ),
  y: matrix(
    Float64Array.from({ length: rows }, (_, i) => 10 * i),
    rows,
    1,
  ),
})

/** The numbers of the rows in a dataset made of `numbered`, whose x and y still belong together. */
function numbersOf({ x, y }: Dataset): number[] {
  expect(x.rows).toBe(y.rows)
  return x.toArray().map(([number, negative], i) => {
    expect([number + negative, y.get(i, 0)]).toEqual([0, 10 * number])
    return number
  })
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b)

describe('DataLoader', () => {
  test.each([false, true])(
    'sees a dataset that changes during a pass, and methods of its matrices (shuffle: %s)',
    (shuffle) => {
      const data = { x: zeros(4, 1), y: zeros(4, 1) }
      const sums: number[] = []
      for (const { x } of new DataLoader(data, { batchSize: 2, shuffle })) {
        sums.push(x.sum().item())
        data.x = ones(4, 1)
      }
      expect(sums).toEqual([0, 2])
      class Sevens extends Matrix {
        override gatherRows(index: Matrix | readonly number[]): Matrix {
          return super.gatherRows(index).mul(0).add(7)
        }
        override slice(...bounds: [number, number]): Matrix {
          return super
            .slice(...bounds)
            .mul(0)
            .add(7)
        }
      }
      const sevens = { x: new Sevens(new Float32Array(4), 4, 1), y: zeros(4, 1) }
      for (const { x } of new DataLoader(sevens, { batchSize: 2, shuffle })) expect(x.toArray()).toEqual([[7], [7]])
    },
  )

  test('gives every row exactly once a pass, in batches that are full but for the last', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 45 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        (rows, batchSize, shuffle, dropLast, seed) => {
          const generator = new Generator(seed)
          const loader = new DataLoader(numbered(rows), { batchSize, shuffle, dropLast, generator })
          for (let pass = 0; pass < 2; pass++) {
            const batches = [...loader].map(numbersOf)
            const full = Math.floor(rows / batchSize)
            const rest = dropLast ? 0 : rows % batchSize
            expect(batches.map(({ length }) => length)).toEqual([
              ...Array(full).fill(batchSize),
              ...(rest > 0 ? [rest] : []),
            ])
            expect(loader.length).toBe(batches.length)
            const numbers = batches.flat()
            expect(new Set(numbers).size).toBe(numbers.length)
            if (!dropLast) expect(ascending(numbers)).toEqual(range(rows))
            if (!shuffle) expect(numbers).toEqual(range(full * batchSize + rest))
          }
        },
      ),
    )
  })

  test('has batches of 32 in order, the last one too, unless told', () => {
    const loader = new DataLoader(numbered(70))
    expect([...loader].map(({ x }) => x.rows)).toEqual([32, 32, 6])
    expect([loader.batchSize, loader.shuffle, loader.dropLast]).toEqual([32, false, false])
    expect([...loader].flatMap(numbersOf)).toEqual(range(70))
  })

  test('shuffles differently in each pass, and the same with the same seed', () => {
    const passes = (seed: number): number[][] => {
      const loader = new DataLoader(numbered(50), { batchSize: 8, shuffle: true, generator: new Generator(seed) })
      return range(3).map(() => [...loader].flatMap(numbersOf))
    }
    const [first, again, other] = [passes(1), passes(1), passes(2)]
    expect(first).toEqual(again)
    expect(new Set([...first, ...other].map(String)).size).toBe(6)
    expect(first.map(String)).not.toContain(String(range(50)))
  })

  test('puts each row in each place about as often, by a χ² below 5 standard deviations', () => {
    const [n, passes] = [10, 2000]
    const loader = new DataLoader(numbered(n), { batchSize: 3, shuffle: true, generator: new Generator(8) })
    const counts = zeros(n, n, { dtype: 'float64' })
    for (let pass = 0; pass < passes; pass++)
      for (const [place, number] of [...loader].flatMap(({ x }) => Array.from(x.col(0).data)).entries())
        counts.set(place, number, counts.get(place, number) + 1)
    const chi = Array.from(counts.data).reduce((sum, count) => sum + (count - passes / n) ** 2 / (passes / n), 0)
    // (n − 1)² degrees of freedom, variance twice that.
    expect(chi).toBeLessThan((n - 1) ** 2 + 5 * Math.sqrt(2 * (n - 1) ** 2))
  })

  test('draws from the default generator unless it is given one, and nothing in order', () => {
    const loader = new DataLoader(numbered(20), { shuffle: true })
    const [a, b] = [3, 3].map((seed) => {
      manualSeed(seed)
      return [...loader].flatMap(numbersOf)
    })
    expect(a).toEqual(b)
    const before = getDefaultGenerator().state
    for (const options of [{}, { shuffle: true, generator: new Generator(1) }])
      for (const batch of new DataLoader(numbered(20), options)) numbersOf(batch)
    expect(getDefaultGenerator().state).toEqual(before)
  })

  test('can be iterated twice at the same time', () => {
    const loader = new DataLoader(numbered(9), { batchSize: 2, shuffle: true, generator: new Generator(1) })
    const [a, b] = [loader[Symbol.iterator](), loader[Symbol.iterator]()]
    const [left, right]: [number[], number[]] = [[], []]
    for (let i = 0; i < loader.length; i++) {
      left.push(...numbersOf(a.next().value))
      right.push(...numbersOf(b.next().value))
    }
    expect([a.next().done, b.next().done]).toEqual([true, true])
    expect([ascending(left), ascending(right)]).toEqual([range(9), range(9)])
  })

  test.each([false, true])('gives copies in the precision of the data (shuffle %s)', (shuffle) => {
    const dataset = numbered(4)
    const [batch] = new DataLoader(dataset, { shuffle, generator: new Generator(1) })
    expect([batch.x.dtype, batch.y.dtype]).toEqual(['float32', 'float64'])
    batch.x.data.fill(7)
    batch.y.data.fill(7)
    expect(numbersOf(dataset)).toEqual(range(4))
  })

  test('of no rows has no batch', () => {
    for (const shuffle of [false, true]) {
      const loader = new DataLoader(numbered(0), { shuffle })
      expect([loader.length, [...loader]]).toEqual([0, []])
    }
  })

  test.each([
    ['other numbers of rows', { x: zeros(3, 2), y: zeros(2, 1) }, {}, ShapeError, 'x is 3x2, y is 2x1'],
    ['y missing', { x: zeros(3, 2) }, {}, DTypeError, 'y is undefined, wanted a Matrix'],
    ['an array', { x: [[1]], y: zeros(1, 1) }, {}, DTypeError, 'x is an array, wanted a Matrix'],
    ['null', null, {}, DTypeError, 'the dataset is null, wanted matrices x and y'],
    ['a string', 'data.csv', {}, DTypeError, 'the dataset is "data.csv", wanted matrices x and y'],
    ['batches of 0', numbered(2), { batchSize: 0 }, ShapeError, 'batchSize is 0, wanted at least 1'],
    ['batches of −1', numbered(2), { batchSize: -1 }, ShapeError, 'batchSize is -1, wanted at least 1'],
    ['half a row', numbered(2), { batchSize: 0.5 }, DTypeError, 'batchSize is 0.5, wanted a whole number'],
    ['a string as size', numbered(2), { batchSize: '8' }, DTypeError, 'batchSize is "8", wanted a whole number'],
  ] as const)('with %s throws', (_title, dataset, options, kind, message) => {
    const error = errorOf(() => new DataLoader(dataset as Untyped, options as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(`DataLoader: ${message}`)
  })
})

describe('trainTestSplit', () => {
  test('shares out the rows, round(n·testSize) of them to the test', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 10, max: 90 }).map((percent) => percent / 100),
        fc.integer(),
        (rows, testSize, seed) => {
          const count = Math.round(rows * testSize)
          fc.pre(count >= 1 && count < rows)
          const parts = trainTestSplit(numbered(rows), { testSize, generator: new Generator(seed) })
          const [train, held] = [numbersOf(parts.train), numbersOf(parts.test)]
          expect(held).toHaveLength(count)
          expect(ascending([...train, ...held])).toEqual(range(rows))
        },
      ),
    )
  })

  test.each([1, 3, 9])('holds out %i of 10 rows', (testSize) => {
    const parts = trainTestSplit(numbered(10), { testSize, generator: new Generator(1) })
    expect([parts.test.x.rows, parts.train.y.rows]).toEqual([testSize, 10 - testSize])
    expect(ascending([...numbersOf(parts.train), ...numbersOf(parts.test)])).toEqual(range(10))
  })

  test('holds out a quarter unless told, at random', () => {
    const split = (seed: number) => trainTestSplit(numbered(100), { generator: new Generator(seed) })
    const [a, b, c] = [1, 1, 2].map((seed) => numbersOf(split(seed).test))
    expect(a).toHaveLength(25)
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
    expect(ascending(a)).not.toEqual(range(25))
    manualSeed(1)
    const d = numbersOf(trainTestSplit(numbered(100)).test)
    expect(d).toEqual(a)
  })

  test.each([
    ['none held out', numbered(10), { testSize: 0 }, MatgradError, 'testSize is 0 of 10 rows'],
    ['all held out', numbered(10), { testSize: 10 }, MatgradError, 'testSize is 10 of 10 rows'],
    ['more than there are', numbered(10), { testSize: 11 }, MatgradError, 'testSize is 11 of 10 rows'],
    [
      'neither a part nor a count',
      numbered(10),
      { testSize: 1.5 },
      MatgradError,
      'testSize is 1.5 of 10 rows, wanted a part between 0 and 1, or a number of rows, that leaves at least one row to each',
    ],
    ['too large a part', numbered(10), { testSize: 0.99 }, MatgradError, 'testSize is 0.99 of 10 rows'],
    ['a negative fraction', numbered(10), { testSize: -0.5 }, MatgradError, 'testSize is -0.5 of 10 rows'],
    ['too small a fraction', numbered(10), { testSize: 0.01 }, MatgradError, 'testSize is 0.01 of 10 rows'],
    ['NaN', numbered(10), { testSize: Number.NaN }, MatgradError, 'testSize is NaN of 10 rows'],
    ['a string', numbered(10), { testSize: '0.5' }, DTypeError, 'testSize is "0.5", wanted a number'],
    ['one row', numbered(1), {}, MatgradError, 'testSize is 0.25 of 1 rows'],
    ['no rows', numbered(0), {}, MatgradError, 'testSize is 0.25 of 0 rows'],
    ['other numbers of rows', { x: zeros(3, 2), y: zeros(2, 1) }, {}, ShapeError, 'x is 3x2, y is 2x1'],
    ['null', null, {}, DTypeError, 'the dataset is null'],
  ] as const)('with %s throws and draws nothing', (_title, dataset, options, kind, message) => {
    const before = getDefaultGenerator().state
    const error = errorOf(() => trainTestSplit(dataset as Untyped, options as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(`trainTestSplit: ${message}`)
    expect(getDefaultGenerator().state).toEqual(before)
  })
})

describe('trainTestSplit with stratify', () => {
  /** Rows that are numbered, of these classes. */
  const classed = (classes: readonly number[]): Dataset => ({
    x: numbered(classes.length).x,
    y: matrix(classes.map((each) => [each])),
  })
  const rowsOf = ({ x }: Dataset): number[] => [...x.col(0).data]
  const countsOf = (classes: readonly number[]): Map<number, number> => {
    const counts = new Map<number, number>()
    for (const each of classes) counts.set(each, (counts.get(each) ?? 0) + 1)
    return counts
  }

  test('shares out each class as all rows, but for less than one row, and every row once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 30 }), { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.integer(),
        (sizes, testSize, seed) => {
          const classes = sizes.flatMap((size, i) => new Array<number>(size).fill(3 * i))
          const rows = classes.length
          const count = Math.round(rows * testSize)
          fc.pre(Math.min(count, rows - count) >= sizes.length)
          const generator = new Generator(seed)
          const { train, test: held } = trainTestSplit(classed(classes), { testSize, stratify: true, generator })
          expect(held.y.rows).toBe(count)
          expect(ascending([...rowsOf(train), ...rowsOf(held)])).toEqual(range(rows))
          const counts = countsOf([...held.y.data])
          for (const [each, size] of countsOf(classes)) {
            const exact = (size * count) / rows
            expect(Math.abs((counts.get(each) ?? 0) - exact)).toBeLessThan(1)
          }
          for (const part of [train, held])
            for (const [i, number] of rowsOf(part).entries()) expect(part.y.get(i, 0)).toBe(classes[number])
        },
      ),
    )
  })

  test('the rows that are left over are of the classes that lost most, of equal ones the first', () => {
    // 10 of 24: 5, 2.5 and 2.5.
    const classes = [12, 6, 6].flatMap((size, i) => new Array<number>(size).fill(i))
    const { test: held } = trainTestSplit(classed(classes), { testSize: 10, stratify: true })
    expect([...countsOf([...held.y.data])].sort()).toEqual([
      [0, 5],
      [1, 3],
      [2, 2],
    ])
  })

  test('draws rows at random, as often as without, by the generator', () => {
    const classes = Array.from({ length: 60 }, (_, i) => i % 3)
    const split = (seed: number) => {
      const generator = new Generator(seed)
      const rows = rowsOf(trainTestSplit(classed(classes), { stratify: true, generator }).test)
      return [rows, generator.state]
    }
    const plain = new Generator(1)
    trainTestSplit(classed(classes), { generator: plain })
    expect(split(1)).toEqual(split(1))
    expect(split(1)[1]).toEqual(plain.state)
    expect(split(1)[0]).not.toEqual(split(2)[0])
    expect(split(1)[0]).not.toEqual(ascending(split(1)[0] as number[]))
  })

  test.each([
    [
      'one row of a class',
      classed([0, 0, 1, 2, 2]),
      { testSize: 2 },
      MatgradError,
      'class 1 has 1 row, wanted at least 2',
    ],
    [
      'fewer rows than classes',
      classed([0, 0, 1, 1, 2, 2]),
      { testSize: 2 },
      MatgradError,
      'of 6 rows 2 are for the test',
    ],
    [
      'fewer rows left',
      classed([0, 0, 1, 1, 2, 2]),
      { testSize: 4 },
      MatgradError,
      'as there are classes to stratify by, 3',
    ],
    ['values', classed([0, 0.5, 0, 0.5]), {}, DTypeError, 'a class is 0.5, wanted a whole number'],
    ['a class below 0', classed([0, -1, 0, -1]), {}, ShapeError, 'a class is -1, wanted at least 0'],
    ['scores', { x: zeros(4, 1), y: zeros(4, 3) }, {}, ShapeError, 'y is 4x3, wanted class indices nx1'],
    ['a word', classed([0, 0, 1, 1]), { stratify: 'y' }, DTypeError, 'stratify is "y", wanted true or false'],
  ] as const)('of %s throws and draws nothing', (_title, dataset, options, kind, message) => {
    const before = getDefaultGenerator().state
    const error = errorOf(() => trainTestSplit(dataset, { stratify: true, ...options } as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toMatch(/^trainTestSplit: /)
    expect(error.message).toContain(message)
    expect(getDefaultGenerator().state).toEqual(before)
  })
})

describe('minMaxScale', () => {
  test.each(scaled)(
    'of $options is scikit-learn’s within 8 units of roundoff of the range',
    ({ options, ...stored }) => {
      const [x, samples] = [toMatrix(stored.x), toMatrix(stored.samples)]
      const { transform, inverse } = minMaxScale(x, options)
      expectClose(transform(samples), toMatrix(stored.transformed), 8 * UNIT.float64, 64 * UNIT.float64)
      expectClose(inverse(samples), toMatrix(stored.inverse), 8 * UNIT.float64, 64 * UNIT.float64)
    },
  )

  test('meets low and high exactly in each column, and inverse the numbers within 4 units of the range', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        fc.constantFrom(...DTYPES),
        fc.integer(),
        (rows, from, width, dtype, seed) => {
          const [low, high] = [from, from + width].map((each) => Math.fround(each) + 0)
          const x = sample(rows, 3, noise(seed), { dtype, low: -7, high: 9 })
          const { x: y, inverse, transform, min, max } = minMaxScale(x, { low, high })
          expect([y.dtype, min.shape, max.shape]).toEqual([dtype, [1, 3], [1, 3]])
          expect(y.min(0).toArray()).toEqual([[low, low, low]])
          expect(y.max(0).toArray()).toEqual([[high, high, high]])
          expect(transform(x).data).toEqual(y.data)
          const back = inverse(y)
          expect([back.min(0).data, back.max(0).data]).toEqual([min.data, max.data])
          // What low takes of the digits of a result counts by how much larger it is than the range.
          const bound = 4 * UNIT[dtype] * 16 * (1 + Math.abs(low / (high - low)))
          expect(back.sub(x).abs().max().item()).toBeLessThanOrEqual(bound)
        },
      ),
    )
  })

  test('is from 0 to 1 unless told, and goes on beyond', () => {
    const { x, transform, inverse } = minMaxScale(matrix([[2], [6], [3]]))
    expect(x.toArray()).toEqual([[0], [1], [0.25]])
    expect(transform(matrix([[10], [-2], [Number.POSITIVE_INFINITY]])).toArray()).toEqual([
      [2],
      [-1],
      [Number.POSITIVE_INFINITY],
    ])
    expect(transform(matrix([[Number.NaN]])).item()).toBeNaN()
    expect(inverse(matrix([[2], [-1]])).toArray()).toEqual([[10], [-2]])
  })

  test.each([0.1, 0, -5, 1e20])('makes a constant column of %f low, and back', (value) => {
    const x = full(4, 1, value, { dtype: 'float64' })
    const { x: y, inverse } = minMaxScale(x, { low: -1, high: 1 })
    expect(y.equals(full(4, 1, -1))).toBe(true)
    expect(inverse(y).equals(x)).toBe(true)
  })

  test.each([
    ['an array', () => minMaxScale([[1]] as Untyped), DTypeError, 'minMaxScale: x is an array, wanted a Matrix'],
    ['no rows', () => minMaxScale(zeros(0, 2)), ShapeError, 'minMaxScale: x is 0x2, wanted at least one row'],
    ['no range', () => minMaxScale(zeros(2, 1), { low: 1, high: 1 }), MatgradError, 'minMaxScale: low is 1, high is 1'],
    [
      'an endless range',
      () => minMaxScale(zeros(2, 1), { high: Number.POSITIVE_INFINITY }),
      MatgradError,
      'wanted finite',
    ],
    ['a list', () => minMaxScale(zeros(2, 1), [0, 1] as Untyped), DTypeError, 'minMaxScale: options are an array'],
    [
      'an infinity',
      () =>
        minMaxScale(
          matrix([
            [1, 2],
            [1, Number.POSITIVE_INFINITY],
          ]),
        ),
      MatgradError,
      'minMaxScale: the range of column 1 is Infinity, wanted columns of finite numbers',
    ],
    ['NaN', () => minMaxScale(matrix([[1], [Number.NaN]])), MatgradError, 'minMaxScale: the range of column 0 is NaN'],
    [
      'other samples',
      () => minMaxScale(zeros(3, 2)).transform(zeros(4, 1)),
      ShapeError,
      'samples are 4x1, wanted 2 columns',
    ],
    [
      'others back',
      () => minMaxScale(zeros(3, 2)).inverse(zeros(4, 1)),
      ShapeError,
      'samples are 4x1, wanted 2 columns',
    ],
  ] as const)('of %s throws', (_title, run, kind, message) => {
    const error = errorOf(run)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})

describe('standardize', () => {
  const columns = (a: Matrix): number[][] => a.T.toArray()

  test.each(DTYPES)('gives columns mean 0 and standard deviation 1 within 4·n units in %s', (dtype) => {
    const n = 50
    const x = sample(n, 4, noise(2), { dtype, low: 10, high: 14 })
    const result = standardize(x)
    expect([result.x.dtype, result.mean.shape, result.std.shape]).toEqual([dtype, [1, 4], [1, 4]])
    // The mean is about 12, ten standard deviations: what it is rounded by counts as much more in the result.
    const bound = 4 * n * UNIT[dtype]
    for (const column of columns(result.x)) {
      const mean = column.reduce((sum, each) => sum + each, 0) / n
      const variance = column.reduce((sum, each) => sum + (each - mean) ** 2, 0) / n
      expect(Math.abs(mean)).toBeLessThan(bound)
      expect(Math.abs(variance - 1)).toBeLessThan(bound)
    }
  })

  test.each(DTYPES)('is (x − mean) / std, bit for bit, in %s', (dtype) => {
    const x = sample(9, 3, noise(3), { dtype })
    const { x: result, mean, std } = standardize(x)
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 3; j++) {
        const shifted = round(x.get(i, j) - mean.get(0, j), dtype)
        expect(result.get(i, j)).toBe(round(shifted / std.get(0, j), dtype))
      }
  })

  test('makes a constant column exactly 0, whatever its value', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.constantFrom(...DTYPES),
        (rows, value, dtype) => {
          const varied = sample(rows, 1, noise(rows), { dtype })
          const x = matrix(
            varied.toArray().map(([each]) => [value, each]),
            { dtype },
          )
          const { x: result, mean, std } = standardize(x)
          expect([...result.col(0).data].every((each) => each === 0)).toBe(true)
          expect([mean.get(0, 0), std.get(0, 0)]).toEqual([x.get(0, 0), 0])
          expect([...result.data].every(Number.isFinite)).toBe(true)
        },
      ),
    )
  })

  test('gives new samples the same shift and scale', () => {
    const x = sample(10, 2, noise(1))
    const { x: result, mean, std, transform } = standardize(x)
    expect(transform(x).data).toEqual(result.data)
    expect(transform(mean).equals(zeros(1, 2))).toBe(true)
    expect(transform(mean.add(std)).allClose(matrix([[1, 1]]), { rtol: 1e-14 })).toBe(true)
  })

  test('inverse is x·std + mean, and takes back what transform did, within 4 units of the largest number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), fc.constantFrom(...DTYPES), fc.integer(), (rows, dtype, seed) => {
        const x = sample(rows, 3, noise(seed), { dtype, low: -8, high: 8 })
        const { x: y, mean, std, inverse } = standardize(x)
        expect(inverse(y).data).toEqual(y.mul(std).add(mean).data)
        expect(inverse(y).sub(x).abs().max().item()).toBeLessThanOrEqual(4 * UNIT[dtype] * 16)
      }),
    )
  })

  test('inverse gives a constant column its value again, and new samples theirs', () => {
    const x = full(30, 1, 0.1, { dtype: 'float64' })
    const { x: y, transform, inverse } = standardize(x)
    expect(inverse(y).equals(x)).toBe(true)
    expect(inverse(transform(matrix([[5.5]], { dtype: 'float64' }))).item()).toBeCloseTo(5.5, 14)
  })

  test('gives new samples of a constant column their distance from it', () => {
    expect(
      standardize(matrix([[3], [3]]))
        .transform(matrix([[5]]))
        .item(),
    ).toBe(2)
  })

  test('leaves its argument alone', () => {
    const x = sample(5, 2, noise(1))
    const before = x.clone()
    standardize(x)
    expect(x.data).toEqual(before.data)
  })

  test.each([
    ['an array', () => standardize([[1]] as Untyped), DTypeError, 'standardize: x is an array, wanted a Matrix'],
    ['null', () => standardize(null as Untyped), DTypeError, 'standardize: x is null, wanted a Matrix'],
    ['no rows', () => standardize(zeros(0, 2)), ShapeError, 'standardize: x is 0x2, wanted at least one row'],
    [
      'NaN',
      () => standardize(matrix([[1, 2, Number.NaN]])),
      MatgradError,
      'standardize: the mean of column 2 is NaN, wanted columns of finite numbers',
    ],
    [
      'an infinity',
      () =>
        standardize(
          matrix([
            [1, Number.POSITIVE_INFINITY],
            [1, 2],
          ]),
        ),
      MatgradError,
      'standardize: the mean of column 1 is Infinity, wanted columns of finite numbers',
    ],
    // One column would broadcast.
    [
      'new samples with one column, back',
      () => standardize(zeros(3, 2)).inverse(zeros(4, 1)),
      ShapeError,
      'standardize: samples are 4x1, wanted 2 columns',
    ],
    [
      'new samples with one column',
      () => standardize(zeros(3, 2)).transform(zeros(4, 1)),
      ShapeError,
      'standardize: samples are 4x1, wanted 2 columns',
    ],
    [
      'new samples that are an array',
      () => standardize(zeros(3, 2)).transform([[1, 2]] as Untyped),
      DTypeError,
      'standardize: samples is an array, wanted a Matrix',
    ],
  ] as const)('of %s throws', (_title, run, kind, message) => {
    const error = errorOf(run)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(message)
  })
})

test('oneHot is there, too', () => {
  expect(oneHot(matrix([[1], [0]]), 3).toArray()).toEqual([
    [0, 1, 0],
    [1, 0, 0],
  ])
})
