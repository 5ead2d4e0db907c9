// Bad calls of linear algebra: each throws the class it should, names the operation and what is wrong, and changes nothing.

import { DTypeError, LinAlgError, linalg, MatgradError, type Matrix, ones, ShapeError, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { fill, growth, identity } from './linalg-matrices.ts'
import { DTYPES, hex } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: these calls are the ones that types forbid
type Untyped = any
type ErrorClass = new (message: string) => Error
type Row = readonly [title: string, call: () => unknown, error: ErrorClass, ...parts: readonly string[]]

const la = linalg as Untyped

/** Whatever comes behind the matrix. */
const REST: Readonly<Record<string, (a: Untyped) => unknown[]>> = {
  solve: (a) => [a?.rows === 4 ? identity(4) : ones(4, 1)],
  lstsq: (a) => [ones(a?.rows ?? 4, 1)],
  truncatedSvd: () => [1],
  randomizedSvd: () => [1],
  matrixPower: () => [3],
}

const SQUARE = [
  ...['inv', 'det', 'slogdet', 'solve', 'cholesky', 'eig', 'eigvals', 'eigh', 'eigvalsh', 'expm', 'matrixPower'],
]
const ANY = [
  ...['pinv', 'lstsq', 'matrixRank', 'cond', 'norm', 'lu', 'qr', 'svd', 'svdvals', 'truncatedSvd', 'randomizedSvd'],
  ...['nullSpace', 'orth'],
]
const ALL = [...SQUARE, ...ANY]

const call = (name: string, a: Untyped): unknown => la[name](a, ...(REST[name]?.(a) ?? []))

const NOT_MATRICES: readonly [string, Untyped][] = [
  ['undefined', undefined],
  ['null', null],
  ['3', 3],
  ['NaN', Number.NaN],
  ['"x"', 'x'],
  ['true', true],
  ['1n', 1n],
  ['an array', [[1, 2]]],
  ['Object', {}],
  ['Float64Array', new Float64Array(4)],
  ['the shape of a matrix', { rows: 4, cols: 4, data: new Float64Array(16), dtype: 'float64' }],
]

const notMatrices: Row[] = ALL.flatMap((name) =>
  NOT_MATRICES.map(([title, value]): Row => [`${name}(${title})`, () => call(name, value), DTypeError, name, 'a is']),
)

/** 4x4, positive definite but for one element. */
const spoilt = (dtype: 'float32' | 'float64', i: number, j: number, value: number): Matrix => {
  const a = fill(4, 4, (p, q) => (p === q ? 4 : 1 / (p + q + 1))).astype(dtype)
  a.set(i, j, value)
  return a
}

/** A norm has an answer for every matrix. */
const WANT_FINITE = ALL.filter((name) => name !== 'norm')

const notFinite: Row[] = WANT_FINITE.flatMap((name) =>
  DTYPES.flatMap((dtype) =>
    [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].flatMap((value) =>
      [
        [0, 0],
        [2, 1],
        [0, 3],
      ].map(([i, j]): Row => {
        const [title, where] = [`${name}(${dtype}, ${value} at ${i}, ${j})`, `${name}: a[${i}, ${j}] is ${value}`]
        return [title, () => call(name, spoilt(dtype, i, j, value)), LinAlgError, where]
      }),
    ),
  ),
)

const notSquare: Row[] = SQUARE.flatMap((name) =>
  [
    [2, 3],
    [3, 2],
    [0, 3],
    [1, 0],
  ].map(
    ([rows, cols]): Row => [
      `${name}(${rows}x${cols})`,
      () => call(name, zeros(rows, cols)),
      ShapeError,
      name,
      `${rows}x${cols}`,
    ],
  ),
)

const good = spoilt('float64', 0, 0, 4)
const diagonal = (...values: number[]): Matrix =>
  fill(values.length, values.length, (i, j) => (i === j ? values[i] : 0))
const huge = diagonal(710, 1)

const singular: Row[] = [
  ...(['inv', 'solve'] as const).flatMap((name): Row[] => [
    [`${name}, zeros`, () => call(name, zeros(4, 4)), LinAlgError, `${name}: pivot 0 is 0`],
    [`${name}, ones`, () => call(name, ones(4, 4)), LinAlgError, `${name}: pivot 1 is 0`],
    [`${name}, a diagonal`, () => call(name, diagonal(1, 2, 3, 0)), LinAlgError, `${name}: pivot 3 is 0`],
  ]),
  ...(['inv', 'solve'] as const).flatMap((name): Row[] => [
    [
      `${name}, float64, beyond`,
      () => call(name, diagonal(1, 1, 1, 2 ** -1060)),
      LinAlgError,
      name,
      '[3, 3]',
      'float64',
    ],
    [
      `${name}, float32, beyond`,
      () =>
        la[name](
          diagonal(1, 2 ** -130).astype('float32'),
          ...(name === 'solve' ? [identity(2).astype('float32')] : []),
        ),
      ...([LinAlgError, name, '[1, 1]', 'float32'] as const),
    ],
  ]),
  ['lu, beyond', () => la.lu(growth(3).mul(2 ** 1022)), LinAlgError, 'lu: element [2, 2] of U', 'float64'],
  [
    'lu, float32, beyond',
    () =>
      la.lu(
        growth(3)
          .mul(2 ** 126)
          .astype('float32'),
      ),
    LinAlgError,
    '[2, 2] of U',
    'float32',
  ],
  ...['svd', 'svdvals', 'truncatedSvd', 'randomizedSvd', 'qr', 'eigh', 'eigvalsh', 'eig', 'eigvals'].flatMap((name) =>
    DTYPES.map((dtype): Row => {
      const most = dtype === 'float32' ? 2 ** 127 : 2 ** 1023
      return [`${name}, ${dtype}, beyond`, () => call(name, ones(4, 4, { dtype }).mul(most)), LinAlgError, name, dtype]
    }),
  ),
  ['pinv, beyond', () => la.pinv(diagonal(2 ** -1030)), LinAlgError, 'pinv: element [0, 0]', 'float64'],
  ['lstsq, beyond', () => la.lstsq(diagonal(2 ** -600), diagonal(2 ** 600)), LinAlgError, 'lstsq: element [0, 0] of x'],
  ['matrixPower, singular', () => la.matrixPower(ones(3, 3), -2), LinAlgError, 'matrixPower: pivot 1 is 0'],
  ['cholesky, zeros', () => la.cholesky(zeros(3, 3)), LinAlgError, 'cholesky', 'row 0'],
  ['cholesky, ones', () => la.cholesky(ones(3, 3)), LinAlgError, 'cholesky', 'row 1'],
  ['cholesky, negative', () => la.cholesky(diagonal(1, 1, -1)), LinAlgError, 'cholesky', 'row 2'],
  [
    'cholesky, indefinite',
    () => la.cholesky(fill(2, 2, (i, j) => (i === j ? 1 : 2))),
    LinAlgError,
    'cholesky',
    'row 1',
  ],
  ['expm, overflow', () => la.expm(huge), LinAlgError, 'expm', 'beyond'],
  ['expm, very large', () => la.expm(diagonal(1e300, 1)), LinAlgError, 'expm', 'beyond'],
  ['cond, 0x0', () => la.cond(zeros(0, 0)), LinAlgError, 'cond', '0x0'],
  ['cond, 0x3', () => la.cond(zeros(0, 3)), LinAlgError, 'cond', '0x3'],
  ['norm, −1 of no columns', () => la.norm(zeros(3, 0), -1), LinAlgError, 'norm', '3x0'],
  ['norm, −2 of nothing', () => la.norm(zeros(0, 3), -2), LinAlgError, 'norm', '0x3'],
  ['norm, −Infinity of no rows', () => la.norm(zeros(0, 3), Number.NEGATIVE_INFINITY), LinAlgError, 'norm', '0x3'],
]

const secondOperand: Row[] = (['solve', 'lstsq'] as const).flatMap((name): Row[] => [
  ...NOT_MATRICES.map(
    ([title, value]): Row => [`${name}(a, ${title})`, () => la[name](good, value), DTypeError, name, 'b is'],
  ),
  [`${name}, 3 rows`, () => la[name](good, ones(3, 1)), ShapeError, name, '4x4', '3x1'],
  [`${name}, no rows`, () => la[name](good, ones(0, 1)), ShapeError, name, '0x1'],
  [`${name}, NaN`, () => la[name](good, spoilt('float64', 2, 1, Number.NaN)), LinAlgError, `${name}: b[2, 1] is NaN`],
  [
    `${name}, Infinity`,
    () => la[name](good, spoilt('float32', 0, 1, Number.POSITIVE_INFINITY)),
    LinAlgError,
    `${name}: b[0, 1] is Infinity`,
  ],
])

const upper = { upper: true }
const triangular: Row[] = [
  ...NOT_MATRICES.flatMap(([title, value]): Row[] => [
    [`solveTriangular(${title}, b)`, () => la.solveTriangular(value, good, upper), DTypeError, 'solveTriangular: a is'],
    [`solveTriangular(a, ${title})`, () => la.solveTriangular(good, value, upper), DTypeError, 'solveTriangular: b is'],
  ]),
  ['solveTriangular, 2x3', () => la.solveTriangular(ones(2, 3), good, upper), ShapeError, 'solveTriangular', '2x3'],
  ['solveTriangular, 3 rows', () => la.solveTriangular(good, ones(3, 1), upper), ShapeError, '4x4', '3x1'],
  [
    'solveTriangular, 3 columns',
    () => la.solveTriangular(good, ones(1, 3), { upper: true, left: false }),
    ...([ShapeError, '4x4', '1x3', 'columns'] as const),
  ],
  ['solveTriangular without upper', () => la.solveTriangular(good, good, {}), DTypeError, 'solveTriangular', 'upper'],
  ['solveTriangular without options', () => la.solveTriangular(good, good), DTypeError, 'solveTriangular', 'upper'],
  ['solveTriangular with more', () => la.solveTriangular(good, good, upper, 1), MatgradError, 'in excess'],
  ...[true, false].map(
    (each): Row => [
      `solveTriangular, singular, upper ${each}`,
      () => la.solveTriangular(diagonal(1, 2, 0, 3), ones(4, 1), { upper: each }),
      ...([LinAlgError, 'solveTriangular: pivot 2 is 0'] as const),
    ],
  ),
  [
    'solveTriangular, beyond',
    () => la.solveTriangular(diagonal(1, 2 ** -1060), ones(2, 1), upper),
    ...([LinAlgError, 'solveTriangular', '[1, 0]', 'float64'] as const),
  ],
  [
    'solveTriangular, NaN in b',
    () => la.solveTriangular(good, spoilt('float64', 2, 1, Number.NaN), upper),
    ...([LinAlgError, 'solveTriangular: b[2, 1] is NaN'] as const),
  ],
  [
    'solveTriangular, NaN beside the triangle',
    () => la.solveTriangular(spoilt('float64', 2, 1, Number.NaN), good, upper),
    ...([LinAlgError, 'solveTriangular: a[2, 1] is NaN'] as const),
  ],
]

const NOT_TOLERANCES: readonly [Untyped, ErrorClass][] = [
  ['x', DTypeError],
  [null, DTypeError],
  [true, DTypeError],
  [{}, DTypeError],
  [-1, MatgradError],
  [Number.NaN, MatgradError],
]
const NOT_OPTIONS: readonly Untyped[] = [null, 1, 'x', true]
const NOT_COUNTS: readonly [Untyped, ErrorClass][] = [
  [-1, ShapeError],
  [5, ShapeError],
  [1.5, DTypeError],
  [Number.NaN, DTypeError],
  ['1', DTypeError],
  [undefined, DTypeError],
]

const others: Row[] = [
  ...['pinv', 'matrixRank', 'nullSpace', 'orth'].flatMap((name) =>
    NOT_TOLERANCES.map(([value, error]): Row => [`${name}(a, ${value})`, () => la[name](good, value), error, name]),
  ),
  ...NOT_TOLERANCES.map(
    ([value, error]): Row => [
      `lstsq(a, b, ${value})`,
      () => la.lstsq(good, ones(4, 1), value),
      error,
      'lstsq: rcond is',
    ],
  ),
  ...['qr', 'svd'].flatMap((name) =>
    NOT_OPTIONS.map((value): Row => [`${name}(a, ${value})`, () => la[name](good, value), DTypeError, name, 'options']),
  ),
  ...NOT_OPTIONS.map(
    (value): Row => [`randomizedSvd(a, 1, ${value})`, () => la.randomizedSvd(good, 1, value), DTypeError, 'options'],
  ),
  ...NOT_OPTIONS.map(
    (value): Row => [`orthogonal(2, 2, ${value})`, () => la.orthogonal(2, 2, value), DTypeError, 'options'],
  ),
  ...['truncatedSvd', 'randomizedSvd'].flatMap((name) =>
    NOT_COUNTS.map(([k, error]): Row => [`${name}(a, ${k})`, () => la[name](good, k), error, name, 'k is']),
  ),
  ...['oversampling', 'powerIterations'].flatMap((option) =>
    NOT_COUNTS.filter(([k]) => k !== 5 && k !== undefined).map(
      ([k, error]): Row => [
        `randomizedSvd, ${option} ${k}`,
        () => la.randomizedSvd(good, 1, { [option]: k }),
        error,
        `randomizedSvd: ${option} is`,
      ],
    ),
  ),
  ...['full', 'r', 1, null, true].map(
    (mode): Row => [`qr, mode ${mode}`, () => la.qr(good, { mode }), MatgradError, 'qr: mode is'],
  ),
  ...['x', 3, 0, null, Number.NaN, true, []].flatMap((ord): Row[] => [
    [`norm, ord ${ord}`, () => la.norm(good, ord), MatgradError, 'norm: ord is'],
    [`cond, ord ${ord}`, () => la.cond(good, ord), MatgradError, 'cond: ord is'],
  ]),
  ['cond, ord max', () => la.cond(good, 'max'), MatgradError, 'cond: ord is'],
  ['cond, ord 1, 2x3', () => la.cond(ones(2, 3), 1), ShapeError, 'cond', '2x3'],
  ...[1.5, Number.NaN, '2', null, undefined, Number.POSITIVE_INFINITY].map(
    (n): Row => [`matrixPower(a, ${n})`, () => la.matrixPower(good, n), DTypeError, 'matrixPower: n is'],
  ),
  ...[1, 'seed', null, {}].flatMap((generator): Row[] => [
    [`orthogonal, generator ${generator}`, () => la.orthogonal(2, 2, { generator }), DTypeError, 'generator is'],
    [
      `randomizedSvd, generator ${generator}`,
      () => la.randomizedSvd(good, 1, { generator }),
      DTypeError,
      'generator is',
    ],
  ]),
  ...([-1, 1.5, '3', undefined] as const).flatMap((size): Row[] => [
    [`orthogonal(${size}, 2)`, () => la.orthogonal(size, 2), size === -1 ? ShapeError : DTypeError, 'orthogonal: '],
    [`orthogonal(2, ${size})`, () => la.orthogonal(2, size), size === -1 ? ShapeError : DTypeError, 'orthogonal: '],
  ]),
  ['orthogonal, dtype', () => la.orthogonal(2, 2, { dtype: 'int8' }), DTypeError, 'orthogonal: dtype is'],
]

const rcond = 1e-6
/** All that each function takes. */
const ARGUMENTS: Readonly<Record<string, readonly Untyped[]>> = {
  ...Object.fromEntries(ALL.map((name) => [name, [good, ...(REST[name]?.(good) ?? [])]])),
  ...{ pinv: [good, rcond], matrixRank: [good, rcond], nullSpace: [good, rcond], orth: [good, rcond] },
  ...{ lstsq: [good, good, rcond], norm: [good, 'fro'], cond: [good, 1], qr: [good, {}], svd: [good, {}] },
  ...{ randomizedSvd: [good, 1, {}], orthogonal: [2, 2, {}], solve: [good, good, {}] },
}
const ODD: readonly [string, unknown][] = [
  ['{ upper: true }', { upper: true }],
  ['a symbol', Symbol('odd')],
  ['7n', 7n],
  ['null', null],
  ['a function', () => 1],
  ['an array', [good]],
]

const generated: Row[] = Object.entries(ARGUMENTS).flatMap(([name, given]) =>
  Array.from({ length: given.length + 1 }, (_, i) => i).flatMap((i) =>
    ODD.map(([title, value]): Row => {
      const args = [...given]
      args[i] = value
      const inExcess = i === given.length
      const parts = inExcess
        ? ['in excess, wanted', `${name}(a`.replace('orthogonal(a', 'orthogonal(rows')]
        : ['wanted']
      const what = `argument ${i}${inExcess ? ', which there is not' : ''}`
      return [`${name} with ${title} for ${what}`, () => la[name](...args), MatgradError, `${name}: `, ...parts]
    }),
  ),
)

const groups: Readonly<Record<string, readonly Row[]>> = {
  generated,

  notMatrices,
  notFinite,
  notSquare,
  singular,
  secondOperand,
  triangular,
  others,
}

describe.each(Object.entries(groups))('%s', (_, rows) => {
  test.each(rows.map((row) => [row[0], row] as const))('%s', (_title, [, run, wanted, ...parts]) => {
    const before = hex(good)
    let thrown: unknown
    try {
      run()
    } catch (error) {
      thrown = error
    }
    if (!(thrown instanceof wanted)) expect.fail(`threw ${thrown}, wanted ${wanted.name}`)
    for (const part of parts) expect(thrown.message).toContain(part)
    expect(thrown.message).toMatch(/^\w+: /)
    expect(hex(good)).toBe(before)
  })
})

test('there are at least 900 bad calls above, and no title twice', () => {
  const titles = Object.values(groups).flatMap((rows) => rows.map(([title]) => title))
  expect(titles.length).toBeGreaterThan(900)
  expect(new Set(titles).size).toBe(titles.length)
})

test('functions of one matrix may be given to map, which passes an index and the array; with two arguments they refuse them', () => {
  expect([good, good].map(linalg.inv).map(hex)).toEqual([good, good].map((a) => hex(linalg.inv(a))))
  expect([good].map(linalg.svdvals).map(hex)).toEqual([hex(linalg.svdvals(good))])
  expect(() => [good].map(la.pinv)).toThrow('pinv: got an array in excess, wanted pinv(a, rcond)')
  expect(hex(la.inv(good, 0))).toBe(hex(linalg.inv(good)))
  for (const more of [-1, 0.5, '0', {}]) expect(() => la.inv(good, more)).toThrow('in excess, wanted inv(a)')
  expect(() => la.pinv(good, 1e-9, 0)).toThrow('pinv: got 0 in excess')
})

test.each(WANT_FINITE)('%s of 300x300 with one NaN throws within 2 seconds', { timeout: 2000 }, (name) => {
  const a = fill(300, 300, (i, j) => Math.sin(i * 300 + j) + (i === j ? 100 : 0))
  a.set(299, 299, Number.NaN)
  expect(() => la[name](a, ...(name in REST ? [name === 'solve' || name === 'lstsq' ? ones(300, 1) : 1] : []))).toThrow(
    LinAlgError,
  )
})
