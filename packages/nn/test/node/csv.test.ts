// Tables in files, and datasets of their rows.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DTypeError, FormatError, MatgradError, matrix, ShapeError, zeros } from '@matgrad/core'
import { fromRows, type Row, toRows } from '@matgrad/nn'
import { readCsv } from '@matgrad/nn/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const flowers = fileURLToPath(new URL('../../../../fixtures/nn/flowers.csv', import.meta.url))

let folder = ''
let path = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matgrad-'))
  path = join(folder, 'table.csv')
})
afterAll(() => rm(folder, { recursive: true }))

describe('readCsv', () => {
  test('a mark of the byte order, quotes, other ends of lines: rows of numbers and strings', async () => {
    expect(await readCsv(flowers)).toEqual([
      { sepal: 5.1, petal: 1.4, 'kind, of flower': 'setosa' },
      { sepal: 7, petal: 4.7, 'kind, of flower': 'versi"color' },
      { sepal: 6.3, petal: 6, 'kind, of flower': 'virginica' },
    ])
  })

  test.each<[name: string, text: string, options: object, rows: Row[]]>([
    [
      'no header',
      '1;a\n2;b',
      { header: false, delimiter: ';' },
      [
        { 0: 1, 1: 'a' },
        { 0: 2, 1: 'b' },
      ],
    ],
    [
      'a type',
      'zip,n\n0123,1\n9,2\n',
      { types: { zip: 'string' } },
      [
        { zip: '0123', n: 1 },
        { zip: '9', n: 2 },
      ],
    ],
    [
      'missing numbers',
      'a,b\n1,\n,x\n',
      { missing: 'nan' },
      [
        { a: 1, b: '' },
        { a: Number.NaN, b: 'x' },
      ],
    ],
    ['all kinds of numbers', 'a\n-1e3\n+.5\n 2. \n\n', {}, [{ a: -1000 }, { a: 0.5 }, { a: 2 }]],
    ['words that JavaScript takes for numbers', 'a\n0x10\nInfinity\n', {}, [{ a: '0x10' }, { a: 'Infinity' }]],
    [
      'numbers without digits as csvLogger writes them, in columns of numbers alone',
      'a,b,c\n1,NaN,nan\n-Infinity,NaN,1\n Infinity ,,\n',
      { missing: 'nan' },
      [
        { a: 1, b: Number.NaN, c: 'nan' },
        { a: Number.NEGATIVE_INFINITY, b: Number.NaN, c: '1' },
        { a: Number.POSITIVE_INFINITY, b: Number.NaN, c: '' },
      ],
    ],
    [
      'whole numbers that float64 rounds, and numbers beyond it, which stay text',
      'a,b\n9007199254740993,1e400\n1,1\n',
      {},
      [
        { a: '9007199254740993', b: '1e400' },
        { a: '1', b: '1' },
      ],
    ],
    [
      'whole numbers of more than 2^53, exact or as JavaScript writes them',
      `a\n${2n ** 60n}\n${2 ** 60}\n+${10n ** 24n}\n-00${2n ** 64n}\n${2 ** 53}\n`,
      {},
      [{ a: 2 ** 60 }, { a: 2 ** 60 }, { a: 1e24 }, { a: -(2 ** 64) }, { a: 2 ** 53 }],
    ],
    [
      'different ends of lines',
      'a,b\r\nx,1\ny,2\rz,3\r\n',
      {},
      [
        { a: 'x', b: 1 },
        { a: 'y', b: 2 },
        { a: 'z', b: 3 },
      ],
    ],
    ['different ends of lines of one cell', '\r\n\na\r\nx\ny\rz\r\n', {}, [{ a: 'x' }, { a: 'y' }, { a: 'z' }]],
    ['a line in a cell', 'a,b\n"x\ny",1\n', {}, [{ a: 'x\ny', b: 1 }]],
    [
      'names of prototypes',
      '__proto__,constructor\n1,2\n',
      {},
      [
        Object.fromEntries([
          ['__proto__', 1],
          ['constructor', 2],
        ]),
      ],
    ],
    ['empty lines between cells of several', '\na,b\n\n1,2\n\n\n', {}, [{ a: 1, b: 2 }]],
    ['names that count', '0,1\n5,6\n', {}, [{ 0: 5, 1: 6 }]],
    ['names that are years beside a word', 'a,2019\nx,6\n', {}, [{ a: 'x', 2019: 6 }]],
    ['names that are years', '2018,2019\n5,6\n', { types: { 2018: 'number' } }, [{ 2018: 5, 2019: 6 }]],
    ['no rows', 'a,b\n', {}, []],
    ['nothing', '', {}, []],
  ])('%s', async (_, text, options, rows) => {
    await writeFile(path, text)
    expect(await readCsv(path, options)).toEqual(rows)
  })

  test.each<[name: string, text: string | Uint8Array, options: object, message: string]>([
    ['an empty cell', 'a,b\n1,2\n3,\n', {}, "b of record 3 is empty, wanted a number, or missing: 'nan'"],
    ['a word in a column of numbers', 'a\n1\nx\n', { types: { a: 'number' } }, 'a of record 3 is "x", wanted a number'],
    ['a number beyond float64', 'a\n1e400\n', { types: { a: 'number' } }, 'a of record 2 is "1e400", wanted a number'],
    [
      'a number that float64 rounds',
      'a\n9007199254740993\n',
      { types: { a: 'number' } },
      'a of record 2 is "9007199254740993", wanted a number of float64',
    ],
    ['an empty line of one cell', 'a\n1\n\n2\n\n', {}, 'a of record 3 is empty, wanted a number'],
    ['another encoding', Uint8Array.of(0x61, 0x0a, 0xe4, 0x0a), {}, 'The encoded data was not valid'],
    ['a short line', 'a,b\n1\n', {}, 'Invalid Record Length'],
    ['a quote without end', 'a\n"1\n', {}, 'Quote Not Closed'],
    ['no header, of numbers', '5,3\n4,2\n', {}, 'the first line is 5, 3, wanted names of columns, or header: false'],
    ['no header, with a fraction', '5.1,setosa\n4.9,setosa\n', {}, 'the first line is 5.1, setosa, wanted names'],
    ['a name twice', 'a,a\n1,2\n', {}, 'two columns are called a'],
  ])('%s is refused', async (_, text, options, message) => {
    await writeFile(path, text)
    await expect(readCsv(path, options)).rejects.toThrow(FormatError)
    await expect(readCsv(path, options)).rejects.toThrow(`table.csv: ${message}`)
  })

  test.each([
    ['digits', `a,b\n${'1'.repeat(2e5)}x,1\n`],
    ['zeros', `a,b\n1${'0'.repeat(2e5)}1,1\n`],
    ['empty lines', `a\n${'\n'.repeat(2e5)}x\n`],
    ['spaces', `a,b\n${' '.repeat(2e5)}x,1\n`],
  ])('200,000 %s in one place, which quadratic time would not end with', async (_, text) => {
    await writeFile(path, text)
    expect((await readCsv(path)).length).toBeGreaterThan(0)
  })

  test('bad options, and no file', async () => {
    await writeFile(path, 'speed,n\n1,2\n')
    await expect(readCsv(path, { types: { sped: 'string' } })).rejects.toThrow('did you mean speed?')
    await expect(readCsv(path, { delimiter: '' })).rejects.toThrow('readCsv: delimiter is ""')
    for (const delimiter of ['\n', '"', ',\r']) await expect(readCsv(path, { delimiter })).rejects.toThrow(MatgradError)
    await expect(readCsv(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(readCsv('')).rejects.toThrow(DTypeError)
  })
})

describe('fromRows', () => {
  test('features and classes', async () => {
    const { x, y, features, classes } = fromRows(await readCsv(flowers), { target: 'kind, of flower' })
    expect(features).toEqual(['sepal', 'petal'])
    expect(classes).toEqual(['setosa', 'versi"color', 'virginica'])
    expect(x.equals(fromRows(await readCsv(flowers), { features: ['sepal', 'petal'], target: 'sepal' }).x)).toBe(true)
    expect(x.toArray().map((row) => row.map((each) => Number(each.toFixed(3))))).toEqual([
      [5.1, 1.4],
      [7, 4.7],
      [6.3, 6],
    ])
    expect(y.toArray()).toEqual([[0], [1], [2]])
  })

  test('the classes of one dataset are those of another', () => {
    const { classes } = fromRows(
      [
        { a: 1, b: 'y' },
        { a: 2, b: 'x' },
      ],
      { target: 'b' },
    )
    expect(fromRows([{ a: 1, b: 'y' }], { target: 'b', classes }).y.item()).toBe(1)
    expect(() => fromRows([{ a: 1, b: 'z' }], { target: 'b', classes })).toThrow(
      'fromRows: b of row 0 is "z", wanted one of x, y',
    )
    const grades = ['3', '3+', '4'].map((b) => ({ a: 1, b }))
    expect(fromRows(grades, { target: 'b', classes: ['3', '3+', '4'] }).y.toArray()).toEqual([[0], [1], [2]])
  })

  test('several targets, chosen features, float64', () => {
    const rows = [
      { a: 0.1, b: 2, c: 3, d: 'x' },
      { d: 'y', c: 30, b: 20, a: 0.2 },
    ]
    const { x, y, ...rest } = fromRows(rows, { features: ['b'], target: ['c', 'a'], dtype: 'float64' })
    expect([x.dtype, x.toArray(), y.toArray()]).toEqual([
      'float64',
      [[2], [20]],
      [
        [3, 0.1],
        [30, 0.2],
      ],
    ])
    expect(rest).toEqual({ features: ['b'] })
  })

  test.each<[name: string, run: () => unknown, type: typeof MatgradError, message: string]>([
    ['no rows', () => fromRows([], { target: 'y' }), MatgradError, 'fromRows: got no rows'],
    ['a matrix', () => fromRows(new Float32Array(2) as never, { target: 'y' }), DTypeError, 'fromRows: rows are'],
    ['rows of numbers', () => fromRows([[1, 2]] as never, { target: 'y' }), DTypeError, 'fromRows: row 0 is'],
    ['no target', () => fromRows([{ a: 1 }], {} as never), DTypeError, 'fromRows: '],
    [
      'a name that is not there',
      () => fromRows([{ age: 1, y: 2 }], { features: ['agee'], target: 'y' }),
      MatgradError,
      'row 0 has no agee, wanted one of age, y: did you mean age?',
    ],
    [
      'a row without it',
      () => fromRows([{ a: 1, y: 2 }, { a: 1 } as never], { target: 'y' }),
      MatgradError,
      'row 1 has no y',
    ],
    [
      'a word as a feature',
      () => fromRows([{ a: 'x', y: 2 }], { target: 'y' }),
      DTypeError,
      'a of row 0 is "x", wanted a number: make a column for each of its values',
    ],
    [
      'classes of which one is a number',
      () =>
        fromRows(
          [
            { a: 1, y: 'x' },
            { a: 1, y: 2 },
          ],
          { target: 'y' },
        ),
      DTypeError,
      'y of row 1 is 2, wanted the name of a class',
    ],
    [
      'numbers of which one is missing, which are no classes',
      () =>
        fromRows(
          ['1.5', 'NA', '2'].map((y) => ({ a: 1, y })),
          { target: 'y' },
        ),
      DTypeError,
      'fromRows: y is "1.5" and "NA", wanted numbers alone',
    ],
    [
      'a target that is not there, before a word as a feature',
      () => fromRows([{ a: 'x', y: 2 }], { target: 'Y' }),
      MatgradError,
      'row 0 has no Y, wanted one of a, y: did you mean y?',
    ],
    [
      'classes of numbers',
      () => fromRows([{ a: 1, y: 2 }], { target: 'y', classes: ['2'] }),
      DTypeError,
      'y of row 0 is 2, wanted the name of a class',
    ],
    [
      'classes of two targets',
      () => fromRows([{ a: 1, y: 2 }], { target: ['y', 'a'], classes: ['2'] }),
      MatgradError,
      'fromRows: got classes and 2 targets',
    ],
  ])('%s', (_, run, type, message) => {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
  })

  test('100,000 rows', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => ({ a: i, b: -i, y: i % 2 ? 'odd' : 'even' }))
    const { x, y } = fromRows(rows, { target: 'y' })
    expect(x.sum().item()).toBe(0)
    expect(y.sum().item()).toBe(50_000)
  })
})

describe('toRows', () => {
  test('gives back the rows that fromRows was given', async () => {
    const rows = await readCsv(flowers)
    const { x, y, features, classes } = fromRows(rows, { target: 'kind, of flower', dtype: 'float64' })
    const [numbers, names] = [toRows(x, features), toRows(y, ['kind, of flower'], { classes })]
    expect(numbers.map((row, i) => ({ ...row, ...names[i] }))).toEqual(rows)
    expect(Object.keys(toRows(matrix([[1, 2]]), ['__proto__', 'b'])[0])).toEqual(['__proto__', 'b'])
    expect(toRows(zeros(0, 2), ['a', 'b'])).toEqual([])
    expect(toRows(zeros(2, 0), [])).toEqual([{}, {}])
  })

  // biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
  const rowsOf = toRows as any
  test.each<[name: string, run: () => unknown, type: typeof MatgradError, message: string]>([
    ['no matrix', () => rowsOf([[1]], ['a']), DTypeError, 'toRows: a is an array, wanted a Matrix'],
    ['no names', () => rowsOf(zeros(1, 1), 'a'), DTypeError, 'toRows: columns are "a", wanted an array of names'],
    ['a name too few', () => rowsOf(zeros(1, 2), ['a']), ShapeError, 'toRows: got 1 names, a is 1x2, wanted 2'],
    ['a name twice', () => rowsOf(zeros(1, 2), ['a', 'a']), MatgradError, 'toRows: a is there twice'],
    ['no such class', () => rowsOf(matrix([[0], [2]]), ['a'], { classes: ['x', 'y'] }), ShapeError, 'a of row 1 is 2'],
    ['half a class', () => rowsOf(matrix([[0.5]]), ['a'], { classes: ['x'] }), DTypeError, 'a of row 0 is 0.5'],
  ])('%s is refused', (_, run, type, message) => {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
  })
})
