// Bad calls, most of them from callers whom no type checker holds back: each throws the class it should, says which
// operation it was and what it got, and changes nothing.

import * as core from '@matgrad/core'
import {
  DTypeError,
  FormatError,
  Generator,
  LinAlgError,
  MatgradError,
  Matrix,
  matrix,
  ShapeError,
  zeros,
} from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { elementwise, hex } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: these calls are the ones that types forbid
type Untyped = any
type ErrorClass = new (message: string) => Error

/** Title, call, class, and what the message must contain. */
type Row = readonly [title: string, call: (v: Untyped) => unknown, error: ErrorClass, ...parts: readonly string[]]

const fn = core as Untyped

/** Operands of every kind, afresh for each call. */
const operands = () => ({
  a: matrix([
    [1, 2, 3],
    [4, 5, 6],
  ]),
  b: matrix(
    Float64Array.from({ length: 20 }, (_, i) => i),
    4,
    5,
  ),
  square: matrix([
    [2, 1, 0],
    [1, 3, 1],
    [0, 1, 4],
  ]),
  column: matrix([[1], [0]]),
  row: matrix([[1, 2, 3]]),
  g: new Generator(1),
})

const show = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value)
    : typeof value === 'bigint'
      ? `${value}n`
      : Array.isArray(value)
        ? 'an array'
        : String(value)

const BINARY = elementwise(2)
const UNARY = [...elementwise(1), 'clip']
const AXIAL = [
  ...['sum', 'mean', 'prod', 'max', 'min', 'variance', 'std', 'median', 'argmax', 'argmin', 'logSumExp', 'cumsum'],
  ...['all', 'any', 'cumprod'],
  ...['softmax', 'logSoftmax', 'sort', 'argsort'],
]
const OTHER = [
  ...['where', 'broadcastTo', 'trace', 'matmul', 'affine', 'outer', 'kron', 'cov', 'corrcoef', 'transpose', 'reshape'],
  ...[
    'slice',
    'gatherRows',
    'gatherCols',
    'filterRows',
    'pad',
    'tile',
    'diff',
    'oneHot',
    'scatterAddRows',
    'pick',
    'diag',
    'diagonal',
    'tril',
    'triu',
  ],
  ...['flipRows', 'flipCols'],
]

const NOT_A_NUMBER = ['2', null, undefined, 2n, true, [2]]
const NOT_A_MATRIX = ['a', null, undefined, 1n, true, [[1]]]
const NOT_WHOLE = [0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, 1n]

const shapes: Row[] = [
  ...BINARY.map((name): Row => [`${name} of 2x3 and 4x5`, (v) => v.a[name](v.b), ShapeError, name, '2x3', '4x5']),
  ...BINARY.map(
    (name): Row => [`function ${name} of 4x5 and 2x3`, (v) => fn[name](v.b, v.a), ShapeError, name, '4x5', '2x3'],
  ),
  ['add of 2x3 and 1x2', (v) => v.a.add(zeros(1, 2)), ShapeError, 'add', '2x3', '1x2'],
  ['add of 2x3 and 3x1', (v) => v.a.add(zeros(3, 1)), ShapeError, 'add', '2x3', '3x1'],
  ['add of 2x3 and 0x3', (v) => v.a.add(zeros(0, 3)), ShapeError, 'add', '2x3', '0x3'],
  ['matmul of 2x3 and 4x5', (v) => v.a.matmul(v.b), ShapeError, 'matmul', '2x3', '4x5', '3', '4'],
  ['matmul of 2x3 and 2x3', (v) => v.a.matmul(v.a), ShapeError, 'matmul', '2x3'],
  ['matmul AᵀB', (v) => v.a.matmul(v.square, { transposeA: true }), ShapeError, 'matmul', '2x3', '3x3', 'Aᵀ·B'],
  ['matmul ABᵀ', (v) => v.a.matmul(v.b, { transposeB: true }), ShapeError, 'matmul', '2x3', '4x5', 'A·Bᵀ'],
  ['matmul AᵀBᵀ', (v) => v.a.matmul(v.b, { transposeA: true, transposeB: true }), ShapeError, 'matmul', 'Aᵀ·Bᵀ'],
  ['affine of 2x3 and 4x5', (v) => v.a.affine(v.b, zeros(1, 5)), ShapeError, 'affine', '2x3', '4x5', '3', '4'],
  ['affine ABᵀ', (v) => v.a.affine(v.b, zeros(1, 4), { transposeB: true }), ShapeError, 'affine', 'A·Bᵀ'],
  ['affine with a bias of 1x2', (v) => v.a.affine(v.square, zeros(1, 2)), ShapeError, 'affine', '1x2', 'wanted 1x3'],
  ['affine with a bias of 2x3', (v) => v.a.affine(v.square, v.a), ShapeError, 'affine', '2x3', 'wanted 1x3'],
  ['where: condition 2x3, values 4x5', (v) => v.a.where(v.b, 0), ShapeError, 'where', '2x3', '4x5'],
  ['where: values 2x3 and 4x5', (v) => v.row.where(v.a, v.b), ShapeError, 'where', '2x3', '4x5'],
  ['broadcastTo from 2x3 to 4x3', (v) => v.a.broadcastTo(4, 3), ShapeError, 'broadcastTo', '2x3', '4x3'],
  ['broadcastTo from 1x3 to 2x1', (v) => v.row.broadcastTo(2, 1), ShapeError, 'broadcastTo', '1x3', '2x1'],
  ['reshape from 2x3 to 4x2', (v) => v.a.reshape(4, 2), ShapeError, 'reshape', '2x3', '4x2'],
  ['reshape from 2x3 to 0x0', (v) => v.a.reshape(0, 0), ShapeError, 'reshape', '2x3', '0x0'],
  ['outer with a 2x3 on the left', (v) => v.a.outer(v.row), ShapeError, 'outer', '2x3'],
  ['outer with a 2x3 on the right', (v) => v.row.outer(v.a), ShapeError, 'outer', '2x3'],
  ['diag of 2x3', (v) => v.a.diag(), ShapeError, 'diag', '2x3'],
  ['concat of 2x3 and 4x5 below', (v) => fn.concat([v.a, v.b], 0), ShapeError, 'concat', '2x3', '4x5', 'columns'],
  ['concat of 2x3 and 4x5 beside', (v) => fn.concat([v.a, v.b], 1), ShapeError, 'concat', '2x3', '4x5', 'rows'],
  ['concat of nothing', () => fn.concat([], 0), ShapeError, 'concat'],
  [
    'scatterAddRows with too few indices',
    (v) => v.a.scatterAddRows([0], 4),
    ShapeError,
    'scatterAddRows',
    '2x3',
    '1x1',
  ],
  ['pick with too many indices', (v) => v.a.pick([0, 0, 0]), ShapeError, 'pick', '2x3', '3x1'],
  ['gatherRows with a row of indices', (v) => v.a.gatherRows(v.row), ShapeError, 'gatherRows', '1x3'],
  ['pick with a matrix of indices', (v) => v.a.pick(v.a), ShapeError, 'pick', '2x3'],
  ['oneHot of a row', (v) => v.row.oneHot(4), ShapeError, 'oneHot', '1x3'],
  ['place of 2x3 in 1x3', (v) => v.a.place(1, 3, 0, 0), ShapeError, 'place', '0'],
  ['place that leaves on the right', (v) => v.a.place(2, 4, 0, 2), ShapeError, 'place', 'colStart', '2'],
  ['item of 2x3', (v) => v.a.item(), ShapeError, 'item', '2x3'],
  ['item of 0x0', () => zeros(0, 0).item(), ShapeError, 'item', '0x0'],
  ['assign of 4x5 to 2x3', (v) => v.a.assign(v.b), ShapeError, 'assign', '4x5', '2x3'],
  ['assign of 1x3 to 2x3', (v) => v.a.assign(v.row), ShapeError, 'assign', '1x3', '2x3'],
  ['matrix of ragged rows', () => fn.matrix([[1, 2], [3]]), ShapeError, 'matrix', 'row 1', '1', '2'],
  ['matrix of rows that grow', () => fn.matrix([[], [3]]), ShapeError, 'matrix', 'row 1'],
  ['matrix with the wrong sizes', () => fn.matrix([[1, 2]], 2, 2), ShapeError, 'matrix', '2x2'],
  ['matrix of five elements as 2x3', () => fn.matrix(new Float32Array(5), 2, 3), ShapeError, 'matrix', '5', '2x3'],
  ['constructor with too few elements', () => new Matrix(new Float64Array(3), 2, 2), ShapeError, 'matrix', '3', '2x2'],
  ...['max', 'min', 'argmax', 'argmin', 'median'].map(
    (name): Row => [`${name} of 0x3`, () => (zeros(0, 3) as Untyped)[name](), ShapeError, name, '0x3'],
  ),
  ['quantile of 0x3', () => zeros(0, 3).quantile(0.5), ShapeError, 'quantile', '0x3'],
  ['quantile beyond 1', (v) => v.a.quantile(1.5), MatgradError, 'quantile', '1.5', '0 to 1'],
  ['quantile of NaN', (v) => v.a.quantile(Number.NaN), MatgradError, 'quantile', 'NaN'],
  ['quantile in per cent, as text', (v) => v.a.quantile('50%'), DTypeError, 'quantile', '"50%"'],
  ['quantile along axis 2', (v) => v.a.quantile(0.5, 2), ShapeError, 'quantile', '2'],
  ['quantile of null', () => fn.quantile(null, 0.5), DTypeError, 'quantile', 'null'],
  ['cov with a misspelt option', (v) => v.a.cov({ rowVar: false }), DTypeError, 'cov', 'rowVar', 'rowvar'],
  ['corrcoef with an option of another type', (v) => v.a.corrcoef({ rowvar: 0 }), DTypeError, 'corrcoef', 'rowvar'],
]

const types: Row[] = [
  ...UNARY.map((name): Row => [`${name} of a string`, () => fn[name]('a'), DTypeError, name, '"a"']),
  ...[...AXIAL, ...OTHER].map((name): Row => [`${name} of null`, () => fn[name](null), DTypeError, name, 'null']),
  ...BINARY.map((name): Row => [`${name} with a string`, (v) => v.a[name]('a'), DTypeError, name, '"a"']),
  ...NOT_A_MATRIX.map((x): Row => [`add with ${show(x)}`, (v) => v.a.add(x), DTypeError, 'add', 'operand 2', show(x)]),
  ...NOT_A_MATRIX.map(
    (x): Row => [`function add with ${show(x)} first`, (v) => fn.add(x, v.a), DTypeError, 'add', 'operand 1'],
  ),
  ...NOT_A_MATRIX.map((x): Row => [`matmul with ${show(x)}`, (v) => v.a.matmul(x), DTypeError, 'matmul', show(x)]),
  ...NOT_A_MATRIX.map((x): Row => [`outer with ${show(x)}`, (v) => v.row.outer(x), DTypeError, 'outer', show(x)]),
  ...NOT_A_MATRIX.map((x): Row => [`kron with ${show(x)}`, (v) => v.a.kron(x), DTypeError, 'kron', show(x)]),
  ...NOT_A_MATRIX.map((x): Row => [`where with ${show(x)}`, (v) => v.a.where(v.a, x), DTypeError, 'where', show(x)]),
  ...NOT_A_MATRIX.map((x): Row => [`equals ${show(x)}`, (v) => v.a.equals(x), DTypeError, 'equals', show(x)]),
  ...NOT_A_MATRIX.map((x): Row => [`allClose ${show(x)}`, (v) => v.a.allClose(x), DTypeError, 'allClose', show(x)]),
  ...NOT_A_MATRIX.map((x): Row => [`assign ${show(x)}`, (v) => v.a.assign(x), DTypeError, 'assign', show(x)]),
  ...NOT_A_MATRIX.map((x): Row => [`shuffle ${show(x)}`, (v) => v.g.shuffle(x), DTypeError, 'shuffle', show(x)]),
  ...NOT_A_MATRIX.map(
    (x): Row => [`concat with ${show(x)}`, (v) => fn.concat([v.a, x], 0), DTypeError, 'concat', show(x)],
  ),
  ...['a', null, undefined, 3, true].map(
    (x): Row => [`concat of ${show(x)}`, () => fn.concat(x, 0), DTypeError, 'concat', show(x)],
  ),
  ...['a', null, undefined, true, 3].map(
    (x): Row => [`gatherRows by ${show(x)}`, (v) => v.a.gatherRows(x), DTypeError, 'gatherRows', show(x)],
  ),
  ...NOT_A_NUMBER.map((x): Row => [`set to ${show(x)}`, (v) => v.a.set(0, 0, x), DTypeError, 'set', show(x)]),
  ...NOT_A_NUMBER.map((x): Row => [`full of ${show(x)}`, () => fn.full(2, 2, x), DTypeError, 'full', show(x)]),
  ...NOT_A_NUMBER.map((x): Row => [`clip from ${show(x)}`, (v) => v.a.clip(x, 1), DTypeError, 'clip', 'low', show(x)]),
  ...NOT_A_NUMBER.map(
    (x): Row => [`matrix of ${show(x)}`, () => fn.matrix([[1, x]]), DTypeError, 'matrix', '0, 1', show(x)],
  ),
  ...NOT_A_NUMBER.map(
    (x): Row => [
      `fromFunction giving ${show(x)}`,
      () => fn.fromFunction(1, 1, () => x),
      DTypeError,
      'fromFunction',
      show(x),
    ],
  ),
  ...['1', null, 1n, [1]].map(
    (x): Row => [`leakyRelu with slope ${show(x)}`, (v) => v.a.leakyRelu(x), DTypeError, 'leakyRelu', 'slope', show(x)],
  ),
  ...['1', null, 1n, [1]].map(
    (x): Row => [`elu with alpha ${show(x)}`, (v) => v.a.elu(x), DTypeError, 'elu', 'alpha', show(x)],
  ),
  ...['1', null, 1n, [1]].map(
    (x): Row => [`variance with ddof ${show(x)}`, (v) => v.a.variance(0, { ddof: x }), DTypeError, 'ddof', show(x)],
  ),
  ...['1', null, 1n, [1]].map(
    (x): Row => [`cov with ddof ${show(x)}`, (v) => v.a.cov({ ddof: x }), DTypeError, 'cov', 'ddof', show(x)],
  ),
  ...['a', null, undefined, 5, {}, [1, 2, 3], new BigInt64Array(2), new DataView(new ArrayBuffer(8))].map(
    (x): Row => [`matrix of data ${String(x)}`, () => fn.matrix(x), DTypeError, 'matrix'],
  ),
  ...['a', null, undefined, [1], new Int32Array(1), new ArrayBuffer(8)].map(
    (x): Row => [`constructor with data ${String(x)}`, () => new Matrix(x as Untyped, 1, 1), DTypeError, 'matrix'],
  ),
  ...[null, undefined, true, 1n, [1], {}].map(
    (x): Row => [`seed ${typeof x} ${String(x)}`, () => new Generator(x as Untyped), DTypeError, 'Generator'],
  ),
  ...[null, 'a', 7, [1, 2, 3], [1, 2, 3, 0.5], [1, 2, 3, '4'], {}].map(
    (x): Row => [`state ${String(x)}`, (v) => Object.assign(v.g, { state: x }), DTypeError, 'Generator'],
  ),
]

types.push(
  ['matrix of a list', () => fn.matrix([1, 2, 3]), DTypeError, 'matrix: row 0 is 1', 'did you mean [[1, 2, 3]]'],
  ['matrix of a long list', () => fn.matrix(Array(100).fill(1)), DTypeError, 'did you mean [[1, 1, 1, 1, 1, 1, …]]'],
  ['matrix of a list of wrong sizes', () => fn.matrix([1, 2, 3], 2, 2), ShapeError, 'matrix', '3 elements', '2x2'],
  ['matrix of a list with a string', () => fn.matrix([1, '2'], 1, 2), DTypeError, 'matrix', 'element 1', '"2"'],
  [
    'matrix of a list with a hole',
    () => fn.matrix([1, ...Array(1), 2], 1, 3),
    DTypeError,
    'matrix',
    'element 1',
    'undefined',
  ],
  ['matrix of a list and a row', () => fn.matrix([1, [2]], 1, 2), DTypeError, 'matrix', 'element 1', 'an array'],
  ['matrix of a row and a list', () => fn.matrix([[2], 1]), DTypeError, 'matrix', 'row 1 is 1'],
  ['matrix of BigInts', () => fn.matrix(BigInt64Array.of(1n)), DTypeError, 'matrix', 'BigInt64Array'],
  ['matrix of rows of BigInts', () => fn.matrix([BigInt64Array.of(1n)]), DTypeError, 'matrix', 'BigInt64Array'],
  [
    'matrix of ragged typed rows',
    () => fn.matrix([Int8Array.of(1), Int8Array.of(1, 2)]),
    ShapeError,
    'matrix',
    'row 1',
  ],
  ['matrix of bytes with one size', () => fn.matrix(Uint8Array.of(1, 2), 2), DTypeError, 'matrix', 'columns'],
  ['eye of −1 columns', () => fn.eye(2, -1), ShapeError, 'eye', 'columns', '-1'],
  ['eye with a string', () => fn.eye(2, '3'), DTypeError, 'eye', 'columns', '"3"'],
  ['eye with null', () => fn.eye(2, null), DTypeError, 'eye', 'options', 'null'],
  ['eye with another option', () => fn.eye(2, { type: 'float64' }), DTypeError, 'eye', 'type', 'dtype'],
  ...['a', null, undefined, 3, true, {}].map(
    (x): Row => [`filterRows by ${String(x)}`, (v) => v.a.filterRows(x), DTypeError, 'filterRows', 'booleans'],
  ),
  ['filterRows by indices', (v) => v.a.filterRows([0, 2]), DTypeError, 'filterRows', 'mask 1', '2', '1 or 0'],
  ['filterRows by NaN', (v) => v.a.filterRows([Number.NaN, 1]), DTypeError, 'filterRows', 'mask 0', 'NaN'],
  ['filterRows by strings', (v) => v.a.filterRows(['true', 'false']), DTypeError, 'filterRows', '"true"'],
  ['filterRows by three', (v) => v.a.filterRows([true, true, false]), ShapeError, 'filterRows', '3 elements', '2 rows'],
  ['filterRows by a row', (v) => v.a.filterRows(v.row), ShapeError, 'filterRows', '1x3', '2 rows'],
  ['gatherCols with a row of indices', (v) => v.a.gatherCols(v.row), ShapeError, 'gatherCols', '1x3'],
  ['reshape to -1 and -1', (v) => v.a.reshape(-1, -1), ShapeError, 'reshape', 'both', '-1'],
  ['reshape of 6 to -1 and 4', (v) => v.a.reshape(-1, 4), ShapeError, 'reshape', 'columns is 4', '6'],
  ['reshape of 6 to 0 and -1', (v) => v.a.reshape(0, -1), ShapeError, 'reshape', 'rows is 0', '6'],
  ['reshape to -2 rows', (v) => v.a.reshape(-2, 3), ShapeError, 'reshape', '-2'],
  ['reshape to -1 alone', (v) => v.a.reshape(-1), DTypeError, 'reshape', 'undefined'],
  ['reshape to a shape in an array', (v) => v.a.reshape([3, 2]), DTypeError, 'reshape', 'an array'],
  ...[-1, 0.5, '1', null, undefined].flatMap((n): Row[] => [
    [`pad by ${show(n)} above`, (v) => v.a.pad(n, 0, 0, 0), n === -1 ? ShapeError : DTypeError, 'pad', 'top', show(n)],
    [`pad by ${show(n)} on the right`, (v) => v.a.pad(0, 0, 0, n), n === -1 ? ShapeError : DTypeError, 'pad', 'right'],
    [`tile ${show(n)} times below`, (v) => v.a.tile(n, 1), n === -1 ? ShapeError : DTypeError, 'tile', 'rows', show(n)],
    [`tile ${show(n)} times beside`, (v) => v.a.tile(1, n), n === -1 ? ShapeError : DTypeError, 'tile', 'cols'],
  ]),
  ['pad with a string', (v) => v.a.pad(1, 1, 1, 1, '0'), DTypeError, 'pad', 'value', '"0"'],
  ['pad with options', (v) => v.a.pad(1, 1, 1, 1, { value: 0 }), DTypeError, 'pad', 'value'],
  ['pad to 2³⁰ elements', (v) => v.a.pad(2 ** 29, 0, 0, 0), ShapeError, 'pad', 'elements'],
  ['tile to 2³⁰ elements', (v) => v.a.tile(2 ** 15, 2 ** 15), ShapeError, 'tile', 'elements'],
  ...NOT_WHOLE.flatMap((k): Row[] => [
    [`diag with k ${show(k)}`, (v) => v.row.diag(k), DTypeError, 'diag', 'k is', show(k)],
    [`diagonal with k ${show(k)}`, (v) => v.a.diagonal(k), DTypeError, 'diagonal', 'k is', show(k)],
    [`trace with k ${show(k)}`, (v) => v.a.trace(k), DTypeError, 'trace', 'k is', show(k)],
    [`diff ${show(k)} times`, (v) => v.a.diff(1, k), DTypeError, 'diff', 'n is', show(k)],
  ]),
  ['diff −1 times', (v) => v.a.diff(1, -1), ShapeError, 'diff', 'n is -1'],
  ['diff along axis 2', (v) => v.a.diff(2), ShapeError, 'diff', 'axis is 2'],
  ['diag that is too far out', (v) => v.row.diag(2 ** 20), ShapeError, 'diag', 'elements'],
)

const axes: Row[] = AXIAL.flatMap((name) =>
  [2, -1, 0.5, Number.NaN, '0', null].map(
    (axis): Row => [`${name} along axis ${show(axis)}`, (v) => v.a[name](axis), ShapeError, name, show(axis)],
  ),
)
axes.push(
  ['concat without an axis', (v) => fn.concat([v.a]), ShapeError, 'concat', 'axis'],
  ['concat along axis 2', (v) => fn.concat([v.a], 2), ShapeError, 'concat', 'axis', '2'],
)

/** Calls that take an index from 0 to 1, with the operation's name. */
const indexed: readonly (readonly [string, (v: Untyped, i: unknown) => unknown])[] = [
  ['get', (v, i) => v.a.get(i, 0)],
  ['set', (v, i) => v.a.set(i, 0, 1)],
  ['row', (v, i) => v.a.row(i)],
  ['col', (v, i) => v.column.T.col(i)],
  ['gatherRows', (v, i) => v.a.gatherRows([1, i])],
  ['gatherCols', (v, i) => v.column.T.gatherCols([1, i])],
  ['pick', (v, i) => v.column.T.pick([i])],
  ['scatterAddRows', (v, i) => v.a.scatterAddRows([0, i], 2)],
]
/** What counts from the end where it is negative. */
const isPosition = (name: string): boolean => ['get', 'set', 'row', 'col'].includes(name)
const indices: Row[] = [
  ...indexed.flatMap(([name, call]) => [
    ...NOT_WHOLE.map((i): Row => [`${name} at ${show(i)}`, (v) => call(v, i), DTypeError, name, show(i)]),
    ...(isPosition(name) ? [-3, 2, 2 ** 40] : [-1, 2, 2 ** 40]).map(
      (i): Row => [
        `${name} at ${i}`,
        (v) => call(v, i),
        ShapeError,
        name,
        String(i),
        isPosition(name) ? '-2 to 1' : '0 or 1',
      ],
    ),
  ]),
  ...[0.5, Number.NaN, Number.POSITIVE_INFINITY].map(
    (i): Row => [
      `oneHot of class ${i}`,
      () => matrix([[0], [i]]).oneHot(3),
      DTypeError,
      'oneHot',
      'row 1 has class',
      String(i),
    ],
  ),
  ...[-1, 3].map(
    (i): Row => [
      `oneHot of class ${i} among 3`,
      () => matrix([[0], [i]]).oneHot(3),
      ShapeError,
      'oneHot',
      String(i),
      '0 to 2',
    ],
  ),
  ['get of a column outside', (v) => v.a.get(0, 3), ShapeError, 'get', 'column', '3', '-3 to 2'],
  ['get with one index', (v) => v.a.get(0), DTypeError, 'get', 'column', 'undefined'],
  ['get of nothing', () => zeros(0, 0).get(0, 0), ShapeError, 'get'],
  ['slice from 2 to 1', (v) => v.a.slice(2, 1), ShapeError, 'slice', 'rowEnd', '1'],
  ['slice to row 3 of 2', (v) => v.a.slice(0, 3), ShapeError, 'slice', 'rowEnd', '3'],
  ['slice from row −3 of 2', (v) => v.a.slice(-3, 1), ShapeError, 'slice', 'rowStart', '-3', '-2 to 1'],
  ['slice to column −4 of 3', (v) => v.a.slice(0, 1, 0, -4), ShapeError, 'slice', 'colEnd', '-4', '-3 to 2'],
  [
    'slice from the last row to the first',
    (v) => v.a.slice(-1, -2),
    ShapeError,
    'slice: rowStart is 1, rowEnd is 0 of 2',
  ],
  ...['row', 'col'].map(
    (name): Row => [
      `${name} −1 of none`,
      () => (zeros(0, 0) as Untyped)[name](-1),
      ShapeError,
      `${name}: the index is -1 of 0`,
    ],
  ),
  ['gatherRows of none', () => zeros(0, 3).gatherRows([0]), ShapeError, 'gatherRows: row index 0 is 0 of 0'],
  ['slice to column 4 of 3', (v) => v.a.slice(0, 1, 0, 4), ShapeError, 'slice', 'colEnd', '4'],
  ['slice from column 4 of 3', (v) => v.a.slice(0, 1, 4), ShapeError, 'slice', 'colStart', '4'],
  ['slice of nothing', (v) => v.a.slice(), DTypeError, 'slice', 'rowStart', 'undefined'],
  ...NOT_WHOLE.map((i): Row => [`slice from ${show(i)}`, (v) => v.a.slice(i, 1), DTypeError, 'slice', show(i)]),
  ...NOT_WHOLE.map((k): Row => [`tril with k ${show(k)}`, (v) => v.a.tril(k), DTypeError, 'tril', show(k)]),
  ...NOT_WHOLE.map((k): Row => [`triu with k ${show(k)}`, (v) => v.a.triu(k), DTypeError, 'triu', show(k)]),
]

/** Calls that take a number of rows or columns. What is random reports itself under the generator's name for it. */
const measured: readonly (readonly [string, (n: unknown, v: Untyped) => unknown])[] = [
  ['zeros', (n) => fn.zeros(n, 2)],
  ['zeros', (n) => fn.zeros(2, n)],
  ['ones', (n) => fn.ones(n, 2)],
  ['full', (n) => fn.full(2, n, 1)],
  ['eye', (n) => fn.eye(n)],
  ['fromFunction', (n) => fn.fromFunction(n, 2, () => 0)],
  ['matrix', (n) => fn.matrix(new Float32Array(2), n, 2)],
  ['matrix', (n) => new Matrix(new Float32Array(2), n as number, 2)],
  ['rand', (n) => fn.rand(n, 2)],
  ['randn', (n) => fn.randn(2, n)],
  ['uniform', (n, v) => v.g.uniform(n, 2)],
  ['normal', (n, v) => v.g.normal(n, 2)],
  ['integers', (n, v) => v.g.integers(n, 2, 0, 9)],
  ['permutation', (n) => fn.permutation(n)],
  ['broadcastTo', (n, v) => v.row.broadcastTo(n, 3)],
  ['place', (n, v) => v.a.place(n, 3, 0, 0)],
  ['oneHot', (n, v) => v.column.oneHot(n)],
  ['scatterAddRows', (n, v) => v.a.scatterAddRows([0, 0], n)],
]
const sizes: Row[] = [
  ...measured.flatMap(([name, call], at) => [
    ...[...NOT_WHOLE, undefined].map(
      (n): Row => [`${name} (${at}) of size ${show(n)}`, (v) => call(n, v), DTypeError, name, show(n)],
    ),
    ...[-1, 2 ** 30, 2 ** 53, 1e300].map(
      (n): Row => [`${name} (${at}) of size ${n}`, (v) => call(n, v), ShapeError, name, String(n)],
    ),
  ]),
  ['eye of 2³² elements', () => fn.eye(2 ** 16), ShapeError, 'eye', '65536x65536'],
  ['add to 2³⁰ elements', () => zeros(2 ** 15, 1).add(zeros(1, 2 ** 15)), ShapeError, 'add', '32768x32768'],
  ['outer to 2³⁰ elements', () => zeros(2 ** 15, 1).outer(zeros(1, 2 ** 15)), ShapeError, '32768x32768'],
  ['matmul to 2³⁰ elements', () => zeros(2 ** 15, 1).matmul(zeros(1, 2 ** 15)), ShapeError, 'matmul', '32768x32768'],
  ['diag to 2³⁰ elements', () => zeros(2 ** 15, 1).diag(), ShapeError, 'diag', '32768x32768'],
  ['oneHot to 2³⁰ elements', () => zeros(2 ** 15, 1).oneHot(2 ** 15), ShapeError, 'oneHot', '32768x32768'],
  ['sum of 0 rows and 2⁴⁰ columns', () => zeros(0, 2 ** 40).sum(0), ShapeError, 'sum', '1099511627776'],
  ['arange without an end', () => fn.arange(0, Number.POSITIVE_INFINITY), ShapeError, 'arange', 'Infinity'],
  ['arange by 0', () => fn.arange(0, 1, 0), ShapeError, 'arange', '0'],
  ['arange from NaN', () => fn.arange(Number.NaN), ShapeError, 'arange', 'NaN'],
  ['arange of 10¹² numbers', () => fn.arange(1e12), ShapeError, 'arange', '1000000000000'],
  ...NOT_A_NUMBER.filter((x) => x !== undefined).map(
    (x): Row => [`arange from ${show(x)}`, () => fn.arange(x, 3), DTypeError, 'arange', show(x)],
  ),
  ...NOT_A_NUMBER.map(
    (x): Row => [`linspace from ${show(x)}`, () => fn.linspace(x, 3), DTypeError, 'linspace', show(x)],
  ),
  ...NOT_A_NUMBER.map((x): Row => [`linspace to ${show(x)}`, () => fn.linspace(3, x), DTypeError, 'linspace', show(x)]),
  ...NOT_WHOLE.map(
    (x): Row => [`linspace of ${show(x)} numbers`, () => fn.linspace(0, 1, x), DTypeError, 'linspace', show(x)],
  ),
  ['linspace of −1 numbers', () => fn.linspace(0, 1, -1), ShapeError, 'linspace', '-1'],
  ['linspace of 10¹² numbers', () => fn.linspace(0, 1, 1e12), ShapeError, 'linspace', '1000000000000'],
]

const BAD_DTYPES = ['int32', 'Float32', '', null, 32, {}]
const dtypes: Row[] = [
  ...BAD_DTYPES.flatMap((dtype): Row[] => {
    const shown = typeof dtype === 'object' && dtype ? 'Object' : show(dtype)
    return [
      [`zeros in ${shown}`, () => fn.zeros(1, 1, { dtype }), DTypeError, 'zeros', 'dtype', shown],
      [`ones in ${shown}`, () => fn.ones(1, 1, { dtype }), DTypeError, 'ones', 'dtype', shown],
      [`eye in ${shown}`, () => fn.eye(1, { dtype }), DTypeError, 'eye', 'dtype', shown],
      [`matrix in ${shown}`, () => fn.matrix([[1]], { dtype }), DTypeError, 'matrix', 'dtype', shown],
      [
        `matrix of a typed array in ${shown}`,
        () => fn.matrix(new Float32Array(1), { dtype }),
        DTypeError,
        'dtype',
        shown,
      ],
      [`arange in ${shown}`, () => fn.arange(3, 4, 1, { dtype }), DTypeError, 'arange', 'dtype', shown],
      [`astype ${shown}`, (v) => v.a.astype(dtype), DTypeError, 'astype', 'dtype', shown],
      [`rand in ${shown}`, () => fn.rand(1, 1, { dtype }), DTypeError, 'rand', 'dtype', shown],
      [`randn in ${shown}`, () => fn.randn(1, 1, { dtype }), DTypeError, 'randn', 'dtype', shown],
      [`randint in ${shown}`, () => fn.randint(1, 1, 0, 2, { dtype }), DTypeError, 'randint', 'dtype', shown],
      [`setDefaultDtype ${shown}`, () => fn.setDefaultDtype(dtype), DTypeError, 'setDefaultDtype', shown],
    ]
  }),
  ...['float64', null, 3, true].flatMap((options): Row[] => [
    [
      `matrix with options ${show(options)}`,
      () => fn.matrix([[1]], 1, 1, options),
      DTypeError,
      'matrix',
      show(options),
    ],
    [
      `matrix of a typed array with options ${show(options)}`,
      () => fn.matrix(new Float32Array(1), 1, 1, options),
      DTypeError,
      'matrix',
      show(options),
    ],
    [`zeros with options ${show(options)}`, () => fn.zeros(1, 1, options), DTypeError, 'zeros', show(options)],
    [`rand with options ${show(options)}`, () => fn.rand(1, 1, options), DTypeError, 'rand', show(options)],
    [
      `randint with options ${show(options)}`,
      () => fn.randint(1, 1, 0, 2, options),
      DTypeError,
      'randint',
      show(options),
    ],
  ]),
  ['matrix with a dtype in place of options', () => fn.matrix([[1]], 'float64'), DTypeError, 'matrix', 'float64'],
  ['astype without one', (v) => v.a.astype(), DTypeError, 'astype', 'undefined'],
]

const random: Row[] = [
  ['uniform from 1 to 1', (v) => v.g.uniform(1, 1, 1, 1), MatgradError, 'uniform', '1'],
  ['uniform from 2 to 1', (v) => v.g.uniform(1, 1, 2, 1), MatgradError, 'uniform', '2', '1'],
  ['uniform from NaN', (v) => v.g.uniform(1, 1, Number.NaN, 1), MatgradError, 'uniform', 'NaN'],
  ['uniform to infinity', (v) => v.g.uniform(1, 1, 0, Number.POSITIVE_INFINITY), MatgradError, 'uniform', 'Infinity'],
  [
    'uniform over more than a double holds',
    (v) => v.g.uniform(1, 1, -1.7e308, 1.7e308, { dtype: 'float64' }),
    MatgradError,
    'uniform',
  ],
  ['normal with a negative deviation', (v) => v.g.normal(1, 1, 0, -1), MatgradError, 'normal', '-1'],
  ['normal around nothing', (v) => v.g.normal(1, 1, Number.NaN, 1), MatgradError, 'normal', 'NaN'],
  ['normal at any distance', (v) => v.g.normal(1, 1, 0, Number.POSITIVE_INFINITY), MatgradError, 'normal', 'Infinity'],
  ['normal beyond float32', (v) => v.g.normal(1, 1, 1e39, 1), MatgradError, 'normal', '1e+39'],
  ['normal with deviation NaN', (v) => v.g.normal(1, 1, 0, Number.NaN), MatgradError, 'normal', 'NaN'],
  ['integers from 3 to 3', (v) => v.g.integers(1, 1, 3, 3), ShapeError, 'integers', '3'],
  ['integers from 3 to 1', (v) => v.g.integers(1, 1, 3, 1), ShapeError, 'integers', '1'],
  ['integers beyond float32', (v) => v.g.integers(1, 1, 0, 2 ** 25), MatgradError, 'integers', String(2 ** 25)],
  ['bernoulli with p = −0.1', (v) => v.g.bernoulli(1, 1, -0.1), MatgradError, 'bernoulli', '-0.1'],
  ['bernoulli with p = 1.1', (v) => v.g.bernoulli(1, 1, 1.1), MatgradError, 'bernoulli', '1.1'],
  ['bernoulli with p = NaN', (v) => v.g.bernoulli(1, 1, Number.NaN), MatgradError, 'bernoulli', 'NaN'],
  ['a state of four words', (v) => Object.assign(v.g, { state: [1, 2, 3, 4] }), DTypeError, 'Generator', '8'],
  [
    'a state that is zeros in one stream',
    (v) => Object.assign(v.g, { state: [1, 1, 0, 0, 1, 1, 0, 0] }),
    MatgradError,
    'Generator',
    '2, 3, 6, 7',
    'zeros',
  ],
  [
    'a state with a negative word',
    (v) => Object.assign(v.g, { state: [1, 2, 3, 4, 5, 6, 7, -1] }),
    ShapeError,
    'Generator',
    '-1',
  ],
  ...['1', null, 1n, [1]].flatMap((x): Row[] => [
    [`uniform from ${show(x)}`, (v) => v.g.uniform(1, 1, x, 2), DTypeError, 'uniform', show(x)],
    [`uniform to ${show(x)}`, (v) => v.g.uniform(1, 1, 0, x), DTypeError, 'uniform', show(x)],
    [`normal with mean ${show(x)}`, (v) => v.g.normal(1, 1, x, 1), DTypeError, 'normal', show(x)],
    [`normal with deviation ${show(x)}`, (v) => v.g.normal(1, 1, 0, x), DTypeError, 'normal', show(x)],
    [`bernoulli with p ${show(x)}`, (v) => v.g.bernoulli(1, 1, x), DTypeError, 'bernoulli', show(x)],
    [`integers to ${show(x)}`, (v) => v.g.integers(1, 1, 0, x), DTypeError, 'integers', show(x)],
  ]),
  ['integers to 1.5', (v) => v.g.integers(1, 1, 0, 1.5), DTypeError, 'integers', '1.5'],
]

const P = [0.5, 0.25, 0.25]
random.push(
  ...['a', null, undefined, true, 1n, [1], {}].map(
    (x): Row => [
      `choice of ${String(x)} ${typeof x}`,
      (v) => v.g.choice(x, 1),
      DTypeError,
      'choice',
      'to choose rows from',
    ],
  ),
  ...[-1, 2 ** 30].map((n): Row => [`choice of ${n}`, (v) => v.g.choice(n, 1), ShapeError, 'choice', String(n)]),
  ...[0.5, Number.NaN, '1', null].map(
    (n): Row => [`choice of size ${show(n)}`, (v) => v.g.choice(3, n), DTypeError, 'choice', show(n)],
  ),
  ['choice of size −1', (v) => v.g.choice(3, -1), ShapeError, 'choice', '-1'],
  ['choice of 0.5', (v) => v.g.choice(0.5, 1), DTypeError, 'choice', '0.5'],
  ['choice from nothing', (v) => v.g.choice(0, 1), MatgradError, 'choice: size is 1, wanted at most 0'],
  ['choice from no rows', (v) => v.g.choice(zeros(0, 3), 2), MatgradError, 'choice: size is 2, wanted at most 0'],
  [
    'choice of 4 of 3 without replacement',
    (v) => v.g.choice(3, 4, { replace: false }),
    MatgradError,
    'choice: size is 4, wanted at most 3',
  ],
  [
    'choice of 3 of 2 that have a probability',
    (v) => v.g.choice(3, 3, { replace: false, p: [0.5, 0.5, 0] }),
    MatgradError,
    'wanted at most 2',
  ],
  ['choice with a number for options', (v) => v.g.choice(3, 1, false), DTypeError, 'choice: options', 'false'],
  [
    'choice with replacement misspelt',
    (v) => v.g.choice(3, 1, { replacement: true }),
    DTypeError,
    'got replacement, wanted replace or p',
  ],
  [
    'choice with NumPy’s axis',
    (v) => v.g.choice(v.a, 1, { axis: 0 }),
    DTypeError,
    'choice: got axis, wanted replace or p',
  ],
  ['choice with replace 1', (v) => v.g.choice(3, 1, { replace: 1 }), DTypeError, 'choice: replace is 1'],
  ['choice with too few probabilities', (v) => v.g.choice(3, 1, { p: [0.5, 0.5] }), ShapeError, 'choice: p has 2', '3'],
  ['choice with p that is a 2x3', (v) => v.g.choice(6, 1, { p: v.a }), ShapeError, 'choice', '2x3'],
  ...['a', null, 0.5, {}, Int8Array.of(1)].map(
    (x): Row => [`choice with p ${String(x)}`, (v) => v.g.choice(1, 1, { p: x }), DTypeError, 'choice: p is', 'array'],
  ),
  ...[-0.25, Number.NaN, Number.POSITIVE_INFINITY].flatMap((x): Row[] => [
    [
      `choice with a probability ${x}`,
      (v) => v.g.choice(3, 1, { p: [...P.slice(1), x] }),
      MatgradError,
      'p 2 is',
      String(x),
    ],
    [
      `multinomial with a probability ${x}`,
      (v) => v.g.multinomial(3, [x]),
      MatgradError,
      'multinomial: p 0',
      String(x),
    ],
  ]),
  ['choice with a probability "1"', (v) => v.g.choice(1, 1, { p: ['1'] }), DTypeError, 'choice: p 0 is "1"'],
  ['choice with probabilities of 0.9', (v) => v.g.choice(2, 1, { p: [0.4, 0.5] }), MatgradError, 'the sum of p is 0.9'],
  ['choice with counts for probabilities', (v) => v.g.choice(2, 1, { p: [3, 4] }), MatgradError, 'the sum of p is 7'],
  ...NOT_WHOLE.map(
    (n): Row => [`multinomial of ${show(n)} trials`, (v) => v.g.multinomial(n, P), DTypeError, 'multinomial', show(n)],
  ),
  ['multinomial of −1 trials', (v) => v.g.multinomial(-1, P), ShapeError, 'multinomial', '-1'],
  ['multinomial of nothing', (v) => v.g.multinomial(3, []), MatgradError, 'multinomial: the sum of p is 0'],
  ...[-0.25, Number.NaN, Number.POSITIVE_INFINITY].map(
    (x): Row => [
      `multinomial of a weight ${x}`,
      (v) =>
        v.g.multinomial(
          matrix([
            [1, 2, 3],
            [1, x, 0],
          ]),
        ),
      MatgradError,
      `multinomial: weight 1, 1 is ${x}, wanted 0 or more, and finite`,
    ],
  ),
  [
    'multinomial of a row of zeros',
    (v) =>
      v.g.multinomial(
        matrix([
          [1, 2],
          [0, 0],
        ]),
      ),
    MatgradError,
    'multinomial: row 1 has no weight that is more than 0',
  ],
  [
    'multinomial of more than there are',
    (v) =>
      v.g.multinomial(
        matrix([
          [1, 2, 3],
          [1, 2, 0],
        ]),
        { count: 3, replacement: false },
      ),
    MatgradError,
    'multinomial: count is 3 without replacement, wanted at most 2, the weights of row 1',
  ],
  ['multinomial of -1', (v) => v.g.multinomial(v.a, { count: -1 }), ShapeError, 'multinomial', '-1'],
  ['multinomial of half', (v) => v.g.multinomial(v.a, { count: 0.5 }), DTypeError, 'multinomial: count is 0.5'],
  ['multinomial of a list', (v) => v.g.multinomial([0.5, 0.5]), DTypeError, 'multinomial: weights are an array'],
  ['multinomial without probabilities', (v) => v.g.multinomial(3), DTypeError, 'multinomial: p is undefined'],
  ['multinomial with options', (v) => v.g.multinomial(3, { p: P }), DTypeError, 'multinomial: p is Object'],
)

/** Calls as users of other libraries write them. */
const habits: Row[] = [
  ...[
    'sum',
    'mean',
    'prod',
    'max',
    'min',
    'variance',
    'std',
    'median',
    'argmax',
    'all',
    'any',
    'cumsum',
    'cumprod',
  ].map(
    (name): Row => [
      `${name} of { axis }`,
      (v) => v.a[name]({ axis: 0 }),
      ShapeError,
      `${name}: axis is Object`,
      '0, 1',
    ],
  ),
  ...['softmax', 'logSoftmax', 'logSumExp', 'sort', 'argsort'].map(
    (name): Row => [`${name} of { dim }`, (v) => v.a[name]({ dim: 1 }), ShapeError, `${name}: axis is Object`],
  ),
  ...['sum', 'max', 'softmax', 'cumprod', 'diff'].map(
    (name): Row => [`${name} along "rows"`, (v) => v.a[name]('rows'), ShapeError, `${name}: axis is "rows"`],
  ),
  ...['sum', 'cumprod', 'all', 'diff'].map(
    (name): Row => [`function ${name} along [0]`, (v) => fn[name](v.a, [0]), ShapeError, `${name}: axis is an array`],
  ),
  ['variance with PyTorch’s unbiased', (v) => v.a.variance(0, { unbiased: true }), DTypeError, 'mean ddof'],
  ['std with PyTorch’s correction', (v) => v.a.std(0, { correction: 1 }), DTypeError, 'std', 'mean ddof'],
  ['std with ddof in another case', (v) => v.a.std(0, { DDOF: 1 }), DTypeError, 'std', 'mean ddof'],
  ['variance with a number for options', (v) => v.a.variance(0, 1), DTypeError, 'variance: options are 1', 'ddof'],
  ['cov with a number for options', (v) => v.a.cov(1), DTypeError, 'cov: options are 1', 'ddof'],
  ['matmul with transpose_a', (v) => v.a.matmul(v.a, { transpose_a: true }), DTypeError, 'mean transposeA'],
  ['matmul with transA', (v) => v.a.matmul(v.a, { transA: true }), DTypeError, 'matmul: got transA'],
  ['matmul with a flag for options', (v) => v.a.matmul(v.a, true), DTypeError, 'matmul: options are true'],
  ['matmul without an operand', (v) => v.a.matmul(), DTypeError, 'matmul: operand 2 is undefined'],
  ['matmul with rows in an array', (v) => v.a.matmul([[1], [2], [3]]), DTypeError, 'matmul: operand 2 is an array'],
  ['affine without a bias', (v) => v.a.affine(v.square), DTypeError, 'affine: operand 3 is undefined'],
  ['allClose with tolerance misspelt', (v) => v.a.allClose(v.a, { rtoll: 1 }), DTypeError, 'allClose', 'mean rtol'],
  ['allClose with a number for options', (v) => v.a.allClose(v.a, 1e-3), DTypeError, 'allClose: options are 0.001'],
  ['add without an operand', (v) => v.a.add(), DTypeError, 'add: operand 2 is undefined'],
  ['mod without an operand', (v) => v.a.mod(), DTypeError, 'mod: operand 2 is undefined'],
  ['mod of nothing', () => fn.mod(), DTypeError, 'mod: operand 1 is undefined'],
  ['where without values', (v) => v.a.where(), DTypeError, 'where: operand 2 is undefined'],
  ['where without the second value', (v) => v.a.where(1), DTypeError, 'where: operand 3 is undefined'],
  ['where of a boolean', (v) => fn.where(true, v.a, v.a), DTypeError, 'where: operand 1 is true'],
  ['clip with an array of bounds', (v) => v.a.clip([0, 1]), DTypeError, 'clip: low is an array'],
  ['clip without the upper bound', (v) => v.a.clip(0), DTypeError, 'clip: high is undefined'],
  ['clip with { min, max }', (v) => v.a.clip({ min: 0, max: 1 }), DTypeError, 'clip: low is Object'],
  ['transpose of nothing', () => fn.transpose(), DTypeError, 'transpose: operand 1 is undefined'],
  ['exp of an array', () => fn.exp([1, 2]), DTypeError, 'exp: operand 1 is an array'],
  ['tan of a typed array', () => fn.tan(Float32Array.of(1)), DTypeError, 'tan: operand 1 is Float32Array'],
  ["isNaN of 'NaN'", () => fn.isNaN('NaN'), DTypeError, 'isNaN: operand 1 is "NaN"'],
  ['isFinite of undefined', () => fn.isFinite(), DTypeError, 'isFinite: operand 1 is undefined'],
  ['concat of two operands', (v) => fn.concat(v.a, v.a), DTypeError, 'concat: got Matrix', 'an array of matrices'],
  ['concat along { axis }', (v) => fn.concat([v.a, v.a], { axis: 0 }), ShapeError, 'concat: axis is Object'],
  ['oneHot without a count', (v) => v.column.oneHot(), DTypeError, 'oneHot: count is undefined'],
  [
    'oneHot with a dtype for options',
    (v) => v.column.oneHot(2, 'float64'),
    DTypeError,
    'oneHot: options are "float64"',
  ],
  ['astype without a dtype', (v) => v.a.astype(), DTypeError, 'astype: dtype is undefined'],
  ['astype to NumPy’s name', (v) => v.a.astype('f8'), DTypeError, 'astype: dtype is "f8"', "'float64'"],
  [
    'gatherRows by numbers of their own',
    (v) => v.a.gatherRows(0, 1),
    DTypeError,
    'gatherRows: got 1 in excess',
    'a.gatherRows(index)',
  ],
  ['gatherCols by one number', (v) => v.a.gatherCols(0), DTypeError, 'gatherCols: operand 2 is 0'],
  ['gatherRows by a mask', (v) => v.a.gatherRows([true, false]), DTypeError, 'gatherRows: index 0 is true'],
  ['gatherCols by names', (v) => v.a.gatherCols(['x']), DTypeError, 'gatherCols: index 0 is "x"'],
  [
    'gatherCols by a typed array',
    (v) => v.a.gatherCols(Int32Array.of(0)),
    DTypeError,
    'gatherCols: operand 2 is Int32Array',
  ],
  ['slice by arrays', (v) => v.a.slice([0, 1], [0, 2]), DTypeError, 'slice: rowStart is an array'],
  ['slice as Python writes it', (v) => v.a.slice('0:1'), DTypeError, 'slice: rowStart is "0:1"'],
  ['slice by null', (v) => v.a.slice(null, 1), DTypeError, 'slice: rowStart is null'],
  ['slice to "-1"', (v) => v.a.slice(0, '-1'), DTypeError, 'slice: rowEnd is "-1"'],
  ['slice to −1.5', (v) => v.a.slice(0, -1.5), DTypeError, 'slice: rowEnd is -1.5'],
  ['slice from −∞', (v) => v.a.slice(Number.NEGATIVE_INFINITY), DTypeError, 'slice: rowStart is -Infinity'],
  ['get by an array', (v) => v.a.get([0, 1]), DTypeError, 'get: the row index is an array'],
  ['get of row −3 of 2', (v) => v.a.get(-3, 0), ShapeError, 'get: the row index is -3', '-2 to 1'],
  ['set of column −4 of 3', (v) => v.a.set(0, -4, 1), ShapeError, 'set: the column index is -4', '-3 to 2'],
  ['set without a value', (v) => v.a.set(0, 0), DTypeError, 'set: the value is undefined'],
  ['set of a matrix', (v) => v.a.set(0, 0, v.row), DTypeError, 'set: the value is Matrix'],
  ['row by nothing', (v) => v.a.row(), DTypeError, 'row: the index is undefined'],
  ['col by a string', (v) => v.a.col('x'), DTypeError, 'col: the index is "x"'],
  ['zeros of a shape in an array', () => fn.zeros([2, 3]), DTypeError, 'zeros: the number of rows is an array'],
  ['zeros of one size', () => fn.zeros(3), DTypeError, 'zeros: the number of columns is undefined'],
  ['zeros with a dtype for options', () => fn.zeros(2, 2, 'float64'), DTypeError, 'zeros: options are "float64"'],
  ['ones of type', () => fn.ones(2, 2, { type: 'float64' }), DTypeError, 'ones: got type, wanted dtype'],
  ['ones of Dtype', () => fn.ones(2, 2, { Dtype: 'float64' }), DTypeError, 'ones: got Dtype', 'mean dtype'],
  ['full without a value', () => fn.full(2, 2), DTypeError, 'full: the value is undefined'],
  ['full with options for a value', () => fn.full(2, 2, { dtype: 'float64' }), DTypeError, 'full: the value is Object'],
  ['fromFunction without a function', () => fn.fromFunction(2, 2), DTypeError, 'fromFunction: f is undefined'],
  ['arange with options for a stop', () => fn.arange(3, { dtype: 'float64' }), DTypeError, 'arange: stop is Object'],
  ['arange of nothing', () => fn.arange(), DTypeError, 'arange: stop is undefined'],
  ['linspace without a stop', () => fn.linspace(0), DTypeError, 'linspace: stop is undefined'],
  [
    'linspace with options for a count',
    () => fn.linspace(0, 1, { dtype: 'float64' }),
    DTypeError,
    'linspace: count is Object',
  ],
  ['linspace of 2.5', () => fn.linspace(0, 1, 2.5), DTypeError, 'linspace: count is 2.5'],
  ['rand with a seed', () => fn.rand(1, 1, { seed: 1 }), DTypeError, 'rand: got seed', 'mean generator'],
  ['randn with rng', (v) => fn.randn(1, 1, { rng: v.g }), DTypeError, 'randn: got rng', 'mean generator'],
  ['rand with a seed for a generator', () => fn.rand(1, 1, { generator: 1 }), DTypeError, 'rand: generator is 1'],
  ['rand with a generator for options', (v) => fn.rand(1, 1, v.g), DTypeError, 'rand: options are Generator'],
  ['permutation of a matrix', (v) => fn.permutation(v.a), DTypeError, 'permutation', 'Matrix'],
  ['randint without a range', () => fn.randint(2, 2), DTypeError, 'randint: low is undefined'],
  ['randint of one bound', () => fn.randint(2, 2, 5), DTypeError, 'randint: high is undefined'],
  ['tile by a shape in an array', (v) => v.a.tile([2, 2]), DTypeError, 'tile: rows is an array'],
  [
    'pad by NumPy’s pairs',
    (v) =>
      v.a.pad([
        [1, 1],
        [0, 0],
      ]),
    DTypeError,
    'pad: top is an array',
  ],
  ['pad by one number', (v) => v.a.pad(1), DTypeError, 'pad: bottom is undefined'],
  ['diag of an array', () => fn.diag([1, 2, 3]), DTypeError, 'diag: operand 1 is an array'],
  ['trace by { offset }', (v) => v.a.trace({ offset: 1 }), DTypeError, 'trace: k is Object'],
  ['diff of { n }', (v) => v.a.diff({ n: 2 }), ShapeError, 'diff: axis is Object'],
  ['outer without an operand', (v) => v.row.outer(), DTypeError, 'outer: operand 2 is undefined'],
  ['kron with what has a shape alone', (v) => v.a.kron({ rows: 1, cols: 1 }), DTypeError, 'kron: operand 2 is Object'],
  [
    'add with what has methods alone',
    (v) => v.a.add({ rows: 1, cols: 1, apply() {} }),
    DTypeError,
    'operand 2 is Object',
  ],
]

/** What each operation takes as a method of its receiver; other arguments stand for those of the same name everywhere. */
const ARGUMENTS: Readonly<Record<string, (v: Untyped) => readonly unknown[]>> = {
  ...Object.fromEntries(elementwise(1).map((name) => [name, () => []])),
  ...Object.fromEntries(BINARY.map((name) => [name, (v: Untyped) => [v.a]])),
  ...Object.fromEntries(AXIAL.map((name) => [name, () => [0]])),
  variance: () => [0, { ddof: 1 }],
  std: () => [0, { ddof: 1 }],
  quantile: () => [0.5, 0],
  diff: () => [1, 1],
  where: (v) => [v.a, v.a],
  clip: () => [0, 1],
  leakyRelu: () => [0.1],
  elu: () => [1],
  gelu: () => [{}],
  broadcastTo: () => [2, 3],
  matmul: (v) => [v.square, {}],
  affine: (v) => [v.square, v.row, {}],
  kron: (v) => [v.a],
  outer: (v) => [v.row],
  cov: () => [{}],
  corrcoef: () => [{}],
  transpose: () => [],
  flipRows: () => [],
  flipCols: () => [],
  reshape: () => [3, 2],
  slice: () => [0, 1, 0, 1],
  gatherRows: () => [[0]],
  gatherCols: () => [[0]],
  filterRows: () => [[true, false]],
  pad: () => [1, 1, 1, 1, 0],
  tile: () => [1, 2],
  oneHot: () => [2, {}],
  scatterAddRows: () => [[0, 1], 2],
  pick: () => [[0, 1]],
  place: () => [3, 4, 0, 0],
  ...Object.fromEntries(['trace', 'diag', 'diagonal', 'tril', 'triu'].map((name) => [name, () => [0]])),
  row: () => [0],
  col: () => [0],
  astype: () => ['float64'],
  get: () => [0, 0],
  set: () => [0, 0, 1],
  assign: (v) => [v.a],
  equals: (v) => [v.a],
  allClose: (v) => [v.a, {}],
  ...Object.fromEntries(['item', 'clone', 'toArray'].map((name) => [name, () => []])),
}
/** Those whose receiver is not of 2x3. */
const RECEIVERS: Readonly<Record<string, string>> = { outer: 'row', diag: 'row', oneHot: 'column', item: 'one' }

const receiverOf = (name: string, v: Untyped): Untyped => (name === 'item' ? zeros(1, 1) : v[RECEIVERS[name] ?? 'a'])

/** What nobody takes anywhere. */
const ODD: readonly [title: string, value: unknown][] = [
  ['{ descending: true }', { descending: true }],
  ['a symbol', Symbol('odd')],
  ['7n', 7n],
  ['null', null],
  ['a function', () => 1],
]
/** Where more arguments are not refused, since nothing may slow these down. */
const HOT = ['get', 'set']

/** Functions that are no operations, and what they take. */
const FUNCTIONS: Readonly<Record<string, (v: Untyped) => readonly unknown[]>> = {
  matrix: () => [[1, 2], 1, 2, {}],
  zeros: () => [1, 2, {}],
  ones: () => [1, 2, {}],
  full: () => [1, 2, 3, {}],
  eye: () => [2, 2, {}],
  fromFunction: () => [1, 2, () => 0, {}],
  arange: () => [0, 3, 1, {}],
  linspace: () => [0, 1, 3, {}],
  concat: (v) => [[v.a], 0],
  rand: () => [1, 2, {}],
  randn: () => [1, 2, {}],
  uniform: () => [1, 2, 0, 1, {}],
  normal: () => [1, 2, 0, 1, {}],
  randint: () => [1, 2, 0, 9, {}],
  permutation: () => [3, {}],
  multinomial: (v) => [v.a.abs().add(1), {}],
  manualSeed: () => [1],
  setDefaultDtype: () => ['float32'],
  configure: () => [{}],
}
/** Methods of a generator, and what they take. */
const DRAWS: Readonly<Record<string, (v: Untyped) => readonly unknown[]>> = {
  uniform: () => [1, 2, 0, 1, {}],
  normal: () => [1, 2, 0, 1, {}],
  integers: () => [1, 2, 0, 9, {}],
  bernoulli: () => [1, 2, 0.5, {}],
  permutation: () => [3],
  choice: () => [3, 2, {}],
  multinomial: () => [3, [0.5, 0.5]],
  shuffle: (v) => [v.a],
}

/** A call with something odd for each of its arguments in turn. */
const odd = (
  title: string,
  given: (v: Untyped) => readonly unknown[],
  call: (v: Untyped, args: unknown[]) => unknown,
): Row[] =>
  given(operands()).flatMap((expected, i) =>
    ODD.filter(([, value]) => typeof value !== typeof expected || value === null).map(
      ([shown, value]): Row => [
        `${title} with ${shown} for argument ${i}`,
        (v) => call(v, given(v).with(i, value)),
        MatgradError,
        'wanted',
      ],
    ),
  )

const generated: Row[] = [
  ...Object.entries(FUNCTIONS).flatMap(([name, given]) => odd(name, given, (_, args) => fn[name](...args))),
  ...Object.entries(DRAWS).flatMap(([name, given]) => odd(`generator.${name}`, given, (v, args) => v.g[name](...args))),
]

/** What takes no more than these arguments. */
const FULL: readonly [wanted: string, call: (...more: unknown[]) => unknown][] = [
  ['zeros(rows, cols, options)', (...more) => fn.zeros(1, 1, {}, ...more)],
  ['ones(rows, cols, options)', (...more) => fn.ones(1, 1, {}, ...more)],
  ['full(rows, cols, value, options)', (...more) => fn.full(1, 1, 1, {}, ...more)],
  ['eye(n, m, options)', (...more) => fn.eye(1, 1, {}, ...more)],
  ['fromFunction(rows, cols, f, options)', (...more) => fn.fromFunction(1, 1, () => 1, {}, ...more)],
  ['arange(start, stop, step, options)', (...more) => fn.arange(0, 1, 1, {}, ...more)],
  ['linspace(start, stop, count, options)', (...more) => fn.linspace(0, 1, 2, {}, ...more)],
  ['matrix(data, options)', (...more) => fn.matrix([[1]], undefined, undefined, ...more)],
  ['matrix(data, rows, cols, options)', (...more) => fn.matrix([1], 1, 1, {}, ...more)],
  ['rand(rows, cols, options)', (...more) => fn.rand(1, 1, {}, ...more)],
  ['randn(rows, cols, options)', (...more) => fn.randn(1, 1, {}, ...more)],
  ['uniform(rows, cols, low, high, options)', (...more) => fn.uniform(1, 1, 0, 1, {}, ...more)],
  ['normal(rows, cols, mean, std, options)', (...more) => fn.normal(1, 1, 0, 1, {}, ...more)],
  ['randint(rows, cols, low, high, options)', (...more) => fn.randint(1, 1, 0, 1, {}, ...more)],
  ['permutation(n, options)', (...more) => fn.permutation(1, {}, ...more)],
  ['manualSeed(seed)', (...more) => fn.manualSeed(1, ...more)],
  ['Generator(seed)', (...more) => new fn.Generator(1, ...more)],
  ['setDefaultDtype(dtype)', (...more) => fn.setDefaultDtype('float64', ...more)],
  ['configure(options)', (...more) => fn.configure({}, ...more)],
  ['engineInfo()', (...more) => fn.engineInfo(...more)],
  ['encodeSafetensors(tensors, metadata)', (...more) => fn.io.encodeSafetensors({}, {}, ...more)],
  ['decodeSafetensors(bytes, options)', (...more) => fn.io.decodeSafetensors(fn.io.encodeSafetensors({}), {}, ...more)],
]

const beyond: Row[] = FULL.flatMap(([wanted, call]) =>
  (
    [
      ['options', { dtype: 'float64' }],
      ['text', 'float64'],
      ['a half', 0.5],
    ] as const
  ).map(
    ([title, value]): Row => [
      `${wanted} with ${title} in excess`,
      () => call(value),
      DTypeError,
      `${wanted.replace(/\(.*/, '')}: got `,
      `in excess, wanted ${wanted}`,
    ],
  ),
)

const excessive: Row[] = Object.entries(ARGUMENTS).flatMap(([name, given]) => {
  const count = given(operands()).length
  return Array.from({ length: count + 1 - Number(HOT.includes(name)) }, (_, i) => i).flatMap((i) =>
    [...ODD, ...(i === count ? ([['2', 2]] as const) : [])].map(
      ([title, value]): Row => [
        `${name} with ${title} for argument ${i}${i === count ? ', which there is not' : ''}`,
        (v) => {
          const args = [...given(v)]
          args[i] = value
          return receiverOf(name, v)[name](...args)
        },
        MatgradError,
        `${name}: `,
        ...(i === count ? ['in excess, wanted a.', `${name}(`] : ['wanted']),
      ],
    ),
  )
})

const groups: Readonly<Record<string, readonly Row[]>> = {
  generated,
  excessive,
  beyond,
  shapes,
  types,
  axes,
  indices,
  sizes,
  dtypes,
  random,
  habits,
}

/** Every bit of every operand, and the state of the generator. */
const bits = (v: ReturnType<typeof operands>): string =>
  JSON.stringify(
    Object.values(v).map((each) => (each instanceof Matrix ? [each.rows, each.cols, hex(each)] : each.state)),
  )

describe.each(Object.entries(groups))('%s', (_, rows) => {
  test.each(rows.map((row) => [row[0], row] as const))('%s', (_title, [, call, wanted, ...parts]) => {
    const v = operands()
    const before = bits(v)
    const dtype = core.getDefaultDtype()
    let thrown: unknown
    try {
      call(v)
    } catch (error) {
      thrown = error
    }
    if (!(thrown instanceof wanted))
      expect.fail(
        `threw ${thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : 'nothing'}, wanted ${wanted.name}`,
      )
    for (const part of parts) expect(thrown.message).toContain(part)
    expect(thrown.message).toMatch(/^\w+: /)
    expect(bits(v)).toBe(before)
    expect(core.getDefaultDtype()).toBe(dtype)
  })
})

describe('what Array.prototype.map and its like pass behind an element is no argument', () => {
  const list = [1, 2, 3].map((n) => core.full(2, 2, n))
  const values = (of: readonly Matrix[]): number[] => of.map((a) => a.get(0, 0))

  test('map, forEach, flatMap and reduce', () => {
    expect(values(list.map(core.exp))).toEqual(values(list.map((a) => a.exp())))
    expect(values(list.flatMap(core.square))).toEqual([1, 4, 9])
    expect(list.reduce(core.add).toArray()).toEqual(core.full(2, 2, 6).toArray())
    expect(list.reduceRight(core.sub).get(0, 0)).toBe(0)
    expect(list.forEach(core.neg)).toBe(undefined)
    expect(values([4, 9].map(core.sqrt))).toEqual([2, 3])
  })

  test('and the index is not taken for an axis or a diagonal', () => {
    expect(values(list.map(fn.sum))).toEqual([4, 8, 12])
    expect(values(list.map(fn.trace))).toEqual([2, 4, 6])
    expect(() => list.map(fn.add)).toThrow('add: operand 2 is undefined')
  })

  test('nor what Array.from and the methods of a Map, a Set and typed arrays pass', () => {
    const seen: unknown[] = []
    const passed: [name: string, run: (f: Untyped) => unknown][] = [
      ['Array.from', (f) => Array.from(list, f)],
      ['Map', (f) => new Map([['a', list[0]]]).forEach(f)],
      ['Map by objects', (f) => new Map([[{}, list[0]]]).forEach(f)],
      ['Set', (f) => new Set(list).forEach(f)],
      ['typed array', (f) => Float64Array.of(4, 9).forEach(f)],
    ]
    for (const [, run] of passed) for (const f of [fn.exp, fn.neg]) run((...args: unknown[]) => seen.push(f(...args)))
    expect(seen.length).toBe(2 * (3 + 1 + 1 + 3 + 2))
    expect(Array.from(list, core.linalg.det)).toEqual([0, 0, 0])
    // As the reduce of an iterator calls it.
    expect(core.full(1, 1, 5).equals(fn.add(core.full(1, 1, 2), core.full(1, 1, 3), 1))).toBe(true)
    new Map([[{}, list[0]]]).forEach(fn.sum)
    for (const f of [fn.round, fn.log]) expect(() => Array.from(list, f)).toThrow('in excess')
  })

  test('and methods do without it as functions do', () => {
    const a: Untyped = core.full(2, 2, 3)
    const g: Untyped = new core.Generator(1)
    expect(values([1, 2].map(a.mul, a))).toEqual([3, 6])
    expect(values(['', ''].map(a.exp, a))).toEqual(values([a.exp(), a.exp()]))
    expect((([0, 1] as Untyped).map(a.row, a) as Matrix[]).map(({ shape }) => shape)).toEqual(Array(2).fill([1, 2]))
    expect(list.filter(a.equals, a)).toEqual([list[2]])
    list.forEach(a.assign, a)
    expect(a.get(1, 1)).toBe(3)
    expect(([3] as Untyped).map(g.permutation, g)[0].rows).toBe(3)
    expect(a.clone.bind(a)(undefined).equals(a)).toBe(true)
    const wrongly: [call: () => unknown, shown: string][] = [
      [() => a.round(2), 'round: got 2 in excess, wanted a.round()'],
      [() => a.sum(0, 1), 'sum: got 1 in excess, wanted a.sum(axis)'],
      [() => a.mul(2, 1), 'mul: got 1 in excess, wanted a.mul(b)'],
      [() => a.mul(2, 1, [0]), 'mul: got 1 in excess'],
      [() => a.clone('x', 0, ['y']), 'clone: got "x" in excess'],
      [() => fn.exp(a, -1), 'exp: got -1 in excess'],
      [() => fn.exp(a, 0.5), 'exp: got 0.5 in excess'],
      [() => fn.sum(a, 0, 1), 'sum: got 1 in excess'],
      [() => fn.sort(a, 1, { descending: true }), 'sort: got { descending } in excess'],
    ]
    for (const [call, shown] of wrongly) expect(call).toThrow(shown)
  })

  test('a number or an array by themselves are refused', () => {
    expect(() => fn.round(list[0], 2)).toThrow('round: got 2 in excess, wanted a.round()')
    expect(() => fn.exp(list[0], 0, [])).toThrow('exp: got 0 in excess')
    expect(() => fn.concat(list, 0, { axis: 1 })).toThrow('concat: got { axis } in excess, wanted concat(list, axis)')
    expect(() => fn.mean(list[0], 0, { axes: 1 })).toThrow('wanted a.mean(axis): did you mean axis?')
    expect(fn.add(list[0], list[1], undefined).get(0, 0)).toBe(3)
  })
})

test('a frozen matrix is refused before anything is written', () => {
  const a = Object.freeze(core.eye(2))
  for (const [name, call] of [
    ['set', () => a.set(0, 0, 5)],
    ['assign', () => a.assign(core.full(2, 2, 7))],
  ] as const) {
    expect(call).toThrow(MatgradError)
    expect(call).toThrow(`${name}: got a matrix that is frozen, wanted one that may change`)
    expect(a.toArray()).toEqual([
      [1, 0],
      [0, 1],
    ])
  }
})

test('apply wants an operation and operands', () => {
  const a = core.eye(2) as Untyped
  for (const [args, shown] of [
    [[], 'undefined and undefined'],
    [['exp', [a]], '"exp" and an array'],
    [[{}], 'Object and undefined'],
  ] as const) {
    expect(() => a.apply(...args)).toThrow(DTypeError)
    expect(() => a.apply(...args)).toThrow(`apply: got ${shown}, wanted an operation and a list of operands`)
  }
})

describe('the classes', () => {
  test.each([ShapeError, DTypeError, LinAlgError, FormatError])(
    '%o extends MatgradError and knows its name',
    (Class) => {
      const error = new Class('add: why')
      expect(error).toBeInstanceOf(MatgradError)
      expect(error).toBeInstanceOf(Error)
      expect(error.name).toBe(Class.name)
      expect(String(error)).toBe(`${Class.name}: add: why`)
    },
  )

  test('there are at least 1900 bad calls above, and no title twice', () => {
    const titles = Object.values(groups).flatMap((rows) => rows.map(([title]) => title))
    expect(titles.length).toBeGreaterThan(1900)
    expect(new Set(titles).size).toBe(titles.length)
  })
})
