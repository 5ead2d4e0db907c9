// One row an operation or differentiable function, each with the cases that it is checked on. A case runs on matrices as
// well as on variables (through `call`), so that the tests of values can compare the two.

import * as autograd from '@matgrad/autograd'
import { type CrossEntropyOptions, crossEntropy, Variable } from '@matgrad/autograd'
import * as core from '@matgrad/core'
import { type Axis, Generator, type Matrix, matrix, type Operation } from '@matgrad/core'
import { formatShape, operations } from '@matgrad/core/internal'
import { linalgRows } from './linalg-rows.ts'

export interface Case {
  readonly shapes: string
  readonly f: (...args: Variable[]) => Variable
  readonly args: readonly Matrix[]
}

export interface Row {
  readonly name: string
  readonly cases: readonly Case[]
}

const float64 = { dtype: 'float64' } as const

type Draw = (generator: Generator, rows: number, cols: number) => Matrix
type Make = (draw: Draw, rows: number, cols: number) => Matrix
type Functions = Record<string, ((...args: unknown[]) => Variable) | undefined>

const normal: Draw = (generator, rows, cols) => generator.normal(rows, cols, 0, 1, float64)
const positive: Draw = (generator, rows, cols) => generator.uniform(rows, cols, 0.5, 2, float64)
/** At least 0.05 from every multiple of 1/2, where the pieces of floor, round, relu, clip and others meet. */
const awayFromKinks: Draw = (generator, rows, cols) =>
  generator.integers(rows, cols, -2, 2, float64).add(generator.uniform(rows, cols, 0.05, 0.45, float64))
/** Where the tangent and its derivatives are moderate. */
const acute: Draw = (generator, rows, cols) => generator.uniform(rows, cols, -1.2, 1.2, float64)
/** Where arcsine and arccosine have moderate derivatives. */
const inside: Draw = (generator, rows, cols) => generator.uniform(rows, cols, -0.8, 0.8, float64)
/** Numbers of which awayFromKinks leaves a rest that no step of the differences brings to 0. */
const larger: Draw = (generator, rows, cols) => generator.uniform(rows, cols, 2.6, 3.5, float64)
/** At least 0.1 from one another, so that no step of the differences changes their order. */
const separated: Draw = (generator, rows, cols) =>
  generator
    .permutation(rows * cols)
    .reshape(rows, cols)
    .mul(0.2)
    .add(generator.uniform(rows, cols, 0, 0.1, float64))
    .sub(1.03)
/** Separated, and at least 0.05 from the values of `separated`. */
const between: Draw = (generator, rows, cols) =>
  generator
    .permutation(rows * cols)
    .reshape(rows, cols)
    .mul(0.2)
    .sub(0.88)

type Appliable = { apply(operation: Operation, operands: unknown[], attributes: unknown): Variable }

/**
 * The function of this name, on variables or on matrices; the method of the first operand if there is no function, or the
 * operation if there is no method.
 */
function call(name: string, ...operands: unknown[]): Variable {
  const operation = (operations as unknown as Record<string, Operation | undefined>)[name]
  if (operation && !operation.method && !(name in core))
    return (operands.find((each) => typeof each !== 'number') as Appliable).apply(operation, operands, undefined)
  const onVariables = operands.flat().some((each) => each instanceof Variable)
  const f = ((onVariables ? autograd : core) as unknown as Functions)[name]
  return f
    ? f(...operands)
    : ((operands[0] as Functions)[name] as (...rest: unknown[]) => Variable)(...operands.slice(1))
}

/** A row whose random arguments start from its own name: adding one does not change the others. */
function row(name: string, cases: (make: Make) => readonly Case[]): Row {
  const generator = new Generator(name)
  return { name, cases: cases((draw, rows, cols) => draw(generator, rows, cols)) }
}

type Size = readonly [rows: number, cols: number]
const format = (...shapes: Size[]): string => shapes.map(formatShape).join(', ')

const SHAPES: readonly Size[] = [
  [1, 1],
  [1, 4],
  [3, 1],
  [3, 4],
]

/** The cases of an operation on one value, which may be repeated or used once more. */
function casesOf(make: Make, draw: Draw, f: (x: Variable) => Variable, suffix = '', shapes = SHAPES): Case[] {
  return [
    ...shapes.map((shape) => ({ shapes: format(shape) + suffix, f, args: [make(draw, ...shape)] })),
    { shapes: `1x4 repeated to 3x4${suffix}`, f: (x) => f(call('broadcastTo', x, 3, 4)), args: [make(draw, 1, 4)] },
    { shapes: `2x3 used twice${suffix}`, f: (x) => f(x).mul(x.sum()), args: [make(draw, 2, 3)] },
  ]
}

const unary = (name: string, draw: Draw, ...attributes: unknown[]): Row =>
  row(name, (make) => casesOf(make, draw, (x) => call(name, x, ...attributes)))

const AXES: readonly (Axis | undefined)[] = [undefined, 0, 1]

/** Every axis on every shape. */
const axial = (name: string, draw: Draw, ...options: unknown[]): Row =>
  row(name, (make) =>
    AXES.flatMap((axis) => casesOf(make, draw, (x) => call(name, x, axis, ...options), `, axis ${axis ?? 'none'}`)),
  )

const PAIRS: readonly (readonly [Size, Size])[] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [1, 1],
    [3, 4],
  ],
  [
    [3, 4],
    [1, 1],
  ],
  [
    [1, 4],
    [3, 4],
  ],
  [
    [3, 4],
    [1, 4],
  ],
  [
    [3, 1],
    [3, 4],
  ],
  [
    [3, 4],
    [3, 1],
  ],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [1, 4],
    [3, 1],
  ],
  [
    [3, 4],
    [3, 4],
  ],
]

/** Both operands of every broadcast, numbers and matrices in either place, and one operand in both. */
function binary(name: string, drawA: Draw, drawB: Draw = drawA): Row {
  const f = (a: unknown, b: unknown): Variable => call(name, a, b)
  return row(name, (make) => {
    const fixed = make(drawB, 3, 4)
    return [
      ...PAIRS.map(([a, b]) => ({ shapes: format(a, b), f, args: [make(drawA, ...a), make(drawB, ...b)] })),
      { shapes: '3x4, number', f: (a) => f(a, 1.23), args: [make(drawA, 3, 4)] },
      { shapes: 'number, 3x4', f: (b) => f(1.23, b), args: [make(drawB, 3, 4)] },
      { shapes: '1x4, matrix 3x4', f: (a) => f(a, fixed), args: [make(drawA, 1, 4)] },
      { shapes: '3x4 in both places', f: (x) => f(x, x), args: [make(drawA, 3, 4)] },
      { shapes: '3x4 and its function', f: (x) => f(x, x.neg().exp()), args: [make(drawA, 3, 4)] },
    ]
  })
}

const zerosAt = (x: Matrix, ...places: readonly Size[]): Matrix => {
  for (const [i, j] of places) x.set(i, j, 0)
  return x
}

const pow = row('pow', (make) => [
  ...binary('pow', positive).cases,
  {
    shapes: '3x4, 3x4 with zeros',
    f: (a, b) => call('pow', a, b),
    args: [make(positive, 3, 4), zerosAt(make(normal, 3, 4), [0, 1], [2, 3])],
  },
  ...[0, 1, 2, 3].map((k) => ({
    shapes: `3x4 with zeros and negative, number ${k}`,
    f: (a: Variable) => call('pow', a, k),
    args: [zerosAt(make(normal, 3, 4), [0, 1], [2, 3])],
  })),
])

const CONDITION = matrix(
  [
    [1, 0, 1, 0],
    [0, 0, -2, 1],
    [1, 1, 0, 0],
  ],
  float64,
)

const where = row('where', (make) => {
  const f = (a: unknown, b: unknown): Variable => call('where', CONDITION, a, b)
  return [
    ...PAIRS.map(([a, b]) => ({
      shapes: `3x4, ${format(a, b)}`,
      f,
      args: [make(normal, ...a), make(normal, ...b)],
    })),
    {
      shapes: '1x1, 1x1, 1x1',
      f: (a, b) => call('where', CONDITION.slice(0, 1, 0, 1), a, b),
      args: [make(normal, 1, 1), make(normal, 1, 1)],
    },
    {
      shapes: '1x4, 3x4, 3x1',
      f: (a, b) => call('where', CONDITION.row(0), a, b),
      args: [make(normal, 3, 4), make(normal, 3, 1)],
    },
    {
      shapes: '3x1, 3x4, 3x4',
      f: (a, b) => call('where', CONDITION.col(0), a, b),
      args: [make(normal, 3, 4), make(normal, 3, 4)],
    },
    { shapes: '3x4, number, 3x4', f: (b) => f(0.5, b), args: [make(normal, 3, 4)] },
    { shapes: '3x4, 3x4, number', f: (a) => f(a, 0.5), args: [make(normal, 3, 4)] },
    { shapes: '3x4 in both places', f: (x) => f(x, x.square()), args: [make(normal, 3, 4)] },
    { shapes: '3x4 in all places', f: (x) => x.greater(0).where(x.exp(), x.sin()), args: [make(awayFromKinks, 3, 4)] },
  ]
})

const broadcastTo = row('broadcastTo', (make) => [
  { shapes: '1x1 to 1x1', f: (x) => call('broadcastTo', x, 1, 1), args: [make(normal, 1, 1)] },
  { shapes: '1x1 to 3x4', f: (x) => call('broadcastTo', x, 3, 4), args: [make(normal, 1, 1)] },
  { shapes: '1x4 to 3x4', f: (x) => call('broadcastTo', x, 3, 4), args: [make(normal, 1, 4)] },
  { shapes: '3x1 to 3x4', f: (x) => call('broadcastTo', x, 3, 4), args: [make(normal, 3, 1)] },
  { shapes: '3x4 to 3x4', f: (x) => call('broadcastTo', x, 3, 4), args: [make(normal, 3, 4)] },
  { shapes: '1x3 used twice', f: (x) => call('broadcastTo', x, 2, 3).mul(x), args: [make(normal, 1, 3)] },
])

/** Lines of one element have the deviation 0, where the root has no derivative, so 1x1 and lines across are left out. */
const std = row('std', (make) => [
  ...([undefined, 1] as const).flatMap((axis) =>
    casesOf(make, separated, (x) => call('std', x, axis), `, axis ${axis ?? 'none'}`, [
      [1, 4],
      [3, 4],
    ]),
  ),
  ...([undefined, 0] as const).map((axis) => ({
    shapes: `3x1, axis ${axis ?? 'none'}`,
    f: (x: Variable) => call('std', x, axis),
    args: [make(separated, 3, 1)],
  })),
  { shapes: '3x4, axis 0, ddof 1', f: (x) => call('std', x, 0, { ddof: 1 }), args: [make(separated, 3, 4)] },
])

const prodWithZeros = row('prod', (make) => [
  ...axial('prod', positive).cases,
  ...[1, 2, 5, 7].map(
    (length): Case => ({
      shapes: `2x${length} with two zeros in a line where there is room, axis 1`,
      f: (x) => call('prod', x, 1),
      args: [zerosAt(make(normal, 2, length), [0, length - 1], [0, length >> 1])],
    }),
  ),
  ...AXES.flatMap((axis): Case[] => [
    {
      shapes: `3x4 with a zero, axis ${axis ?? 'none'}`,
      f: (x) => call('prod', x, axis),
      args: [zerosAt(make(normal, 3, 4), [1, 2])],
    },
    {
      shapes: `3x4 with two zeros in a line, axis ${axis ?? 'none'}`,
      f: (x) => call('prod', x, axis),
      args: [zerosAt(make(normal, 3, 4), [1, 2], [1, 0], [0, 2])],
    },
    {
      shapes: `2x3 with three zeros, axis ${axis ?? 'none'}`,
      f: (x) => call('prod', x, axis),
      args: [zerosAt(make(normal, 2, 3), [1, 0], [1, 1], [1, 2])],
    },
  ]),
])

const cumprod = row('cumprod', (make) => [
  ...axial('cumprod', positive).cases,
  ...AXES.flatMap((axis): Case[] => [
    {
      shapes: `3x4 with a zero, axis ${axis ?? 'none'}`,
      f: (x) => call('cumprod', x, axis),
      args: [zerosAt(make(normal, 3, 4), [1, 2])],
    },
    {
      shapes: `3x4 with two zeros in a line and one that begins it, axis ${axis ?? 'none'}`,
      f: (x) => call('cumprod', x, axis),
      args: [zerosAt(make(normal, 3, 4), [0, 0], [1, 2], [1, 1], [2, 2])],
    },
  ]),
  ...[0, 1].map(
    (axis): Case => ({
      shapes: `3x4 with zeros and what is added, axis ${axis}`,
      f: (a, b) => (a as Appliable).apply(operations.cumprod, [a, b], { axis, initial: 2 }),
      args: [zerosAt(make(normal, 3, 4), [0, 1], [1, 2], [1, 1]), make(normal, 3, 4)],
    }),
  ),
])

const cumprodGradient = row('cumprodGradient', (make) =>
  [0, 1].flatMap((axis) =>
    [0, 2].flatMap((initial) =>
      [
        [],
        [
          [1, 1],
          [1, 2],
          [2, 1],
        ],
      ].map(
        (zeros): Case => ({
          shapes: `3x4 with ${zeros.length} zeros, axis ${axis}, ${initial} before it`,
          f: (a, b, h) => (a as Appliable).apply(operations.cumprodGradient, [a, b, h], { axis, initial }),
          args: [zerosAt(make(normal, 3, 4), ...(zeros as [number, number][])), make(normal, 3, 4), make(normal, 3, 4)],
        }),
      ),
    ),
  ),
)

const varianceWithDdof = row('variance', (make) => [
  ...axial('variance', normal).cases,
  { shapes: '3x4, axis 1, ddof 1', f: (x) => call('variance', x, 1, { ddof: 1 }), args: [make(normal, 3, 4)] },
])

const FORMS = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const

/** The size of X where op(X), which transposes or not, is m x n. */
const size = (transposed: boolean, m: number, n: number): [number, number] => (transposed ? [n, m] : [m, n])

const matmul = row('matmul', (make) =>
  FORMS.flatMap(([transposeA, transposeB]): Case[] => {
    const form = `${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'}`
    const options = { transposeA, transposeB }
    const f = (a: unknown, b: unknown): Variable => call('matmul', a, b, options)
    const a = (m: number, n: number): Matrix => make(normal, ...size(transposeA, m, n))
    const b = (m: number, n: number): Matrix => make(normal, ...size(transposeB, m, n))
    const [left, right] = [a(2, 3), b(3, 4)]
    return [
      { shapes: `${form}, 1x1 by 1x1`, f, args: [a(1, 1), b(1, 1)] },
      { shapes: `${form}, row by matrix`, f, args: [a(1, 3), b(3, 4)] },
      { shapes: `${form}, matrix by column`, f, args: [a(3, 4), b(4, 1)] },
      { shapes: `${form}, column by row`, f, args: [a(3, 1), b(1, 4)] },
      { shapes: `${form}, row by column`, f, args: [a(1, 4), b(4, 1)] },
      { shapes: `${form}, 2x3 by 3x4`, f, args: [a(2, 3), b(3, 4)] },
      { shapes: `${form}, 2x3 by 3x4, the left a matrix`, f: (x) => f(left, x), args: [b(3, 4)] },
      { shapes: `${form}, 2x3 by 3x4, the right a matrix`, f: (x) => f(x, right), args: [a(2, 3)] },
      { shapes: `${form}, 3x3 in both places`, f: (x) => f(x, x), args: [make(normal, 3, 3)] },
    ]
  }),
)

const affine = row('affine', (make) =>
  FORMS.flatMap(([transposeA, transposeB]): Case[] => {
    const form = `${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'}`
    const f = (a: unknown, b: unknown, bias: unknown): Variable =>
      call('affine', a, b, bias, { transposeA, transposeB })
    const [a, b] = [make(normal, ...size(transposeA, 2, 3)), make(normal, ...size(transposeB, 3, 4))]
    const bias = make(normal, 1, 4)
    const row = make(normal, ...size(transposeA, 1, 3))
    return [
      { shapes: `${form}, 2x3 by 3x4 and a row`, f, args: [a, b, bias] },
      { shapes: `${form}, row by 3x4 and a row`, f, args: [row, b, bias] },
      { shapes: `${form}, the products' operands matrices`, f: (x) => f(a, b, x), args: [bias] },
      { shapes: `${form}, the bias a matrix`, f: (x, y) => f(x, y, bias), args: [a, b] },
    ]
  }),
)

/** The cases of an operation whose result has a shape of its own. */
const shaped = (name: string, draw: Draw, ...cases: readonly (readonly [Size, ...unknown[]])[]): Row =>
  row(name, (make) => [
    ...cases.map(([shape, ...attributes]) => ({
      shapes: `${format(shape)} (${attributes.map((each) => (Array.isArray(each) ? `[${each}]` : each)).join(', ')})`,
      f: (x: Variable) => call(name, x, ...attributes),
      args: [make(draw, ...shape)],
    })),
    {
      shapes: `${format(cases[cases.length - 1][0])} used twice`,
      f: (x) => call(name, x, ...cases[cases.length - 1].slice(1)).mul(x.sum()),
      args: [make(draw, ...cases[cases.length - 1][0])],
    },
  ])

const index = (...values: number[]): Matrix => matrix(Float64Array.from(values), values.length, 1)

/** As arrays, matrices of either dtype and variables, with repeated and missing rows. */
const indexed = (name: string, shapes: readonly Size[], indices: readonly number[][], ...rest: unknown[]): Row =>
  row(name, (make) => [
    ...shapes.map((shape, i) => ({
      shapes: `${format(shape)}, [${indices[i]}]`,
      f: (x: Variable) => call(name, x, indices[i], ...rest),
      args: [make(normal, ...shape)],
    })),
    {
      shapes: '3x4, float32 index',
      f: (x) => call(name, x, index(2, 0, 2).astype('float32'), ...rest),
      args: [make(normal, 3, 4)],
    },
    {
      shapes: '3x4 used twice',
      f: (x) => call(name, x.exp(), index(2, 0, 2), ...rest).mul(x.mean()),
      args: [make(normal, 3, 4)],
    },
    {
      shapes: '3x4, index computed from the same',
      f: (x) => call(name, x, x.argmin(1).mul(0).add(1), ...rest),
      args: [make(separated, 3, 4)],
    },
  ])

const filterRows = row('filterRows', (make) => {
  const f =
    (mask: unknown) =>
    (x: Variable): Variable =>
      call('filterRows', x, mask)
  return [
    { shapes: '1x1 (true)', f: f([true]), args: [make(normal, 1, 1)] },
    { shapes: '1x4 (false)', f: f([false]), args: [make(normal, 1, 4)] },
    { shapes: '3x1 (first and last)', f: f([true, false, true]), args: [make(normal, 3, 1)] },
    { shapes: '3x4 (all but the first)', f: f([false, true, true]), args: [make(normal, 3, 4)] },
    { shapes: '3x4 used twice', f: (x) => f([false, true, false])(x).mul(x.sum()), args: [make(normal, 3, 4)] },
  ]
})

const concat = row('concat', (make) => {
  const below = (...list: unknown[]): Variable => call('concat', list, 0)
  const beside = (...list: unknown[]): Variable => call('concat', list, 1)
  const fixed = make(normal, 2, 4)
  return [
    { shapes: '1x1 alone, axis 0', f: below, args: [make(normal, 1, 1)] },
    { shapes: '1x1, 1x1, axis 1', f: beside, args: [make(normal, 1, 1), make(normal, 1, 1)] },
    { shapes: '1x4, 3x4, axis 0', f: below, args: [make(normal, 1, 4), make(normal, 3, 4)] },
    { shapes: '3x1, 3x4, axis 1', f: beside, args: [make(normal, 3, 1), make(normal, 3, 4)] },
    { shapes: '2x3, 1x3, 3x3, axis 0', f: below, args: [make(normal, 2, 3), make(normal, 1, 3), make(normal, 3, 3)] },
    { shapes: '2x3, 2x1, 2x2, axis 1', f: beside, args: [make(normal, 2, 3), make(normal, 2, 1), make(normal, 2, 2)] },
    { shapes: '3x4, matrix 2x4, axis 0', f: (x) => below(x, fixed, x), args: [make(normal, 3, 4)] },
    { shapes: '2x2 twice and squared, axis 1', f: (x) => beside(x, x, x.square()), args: [make(normal, 2, 2)] },
  ]
})

const twoVectors = (name: string, pairs: readonly (readonly [Size, Size])[]): Row =>
  row(name, (make) => {
    const fixed = make(normal, 1, 2)
    return [
      ...pairs.map(([a, b]) => ({
        shapes: format(a, b),
        f: (x: Variable, y: Variable) => call(name, x, y),
        args: [make(normal, ...a), make(normal, ...b)],
      })),
      { shapes: '1x3, matrix 1x2', f: (x) => call(name, x, fixed), args: [make(normal, 1, 3)] },
      { shapes: 'matrix 1x2, 1x3', f: (x) => call(name, fixed, x), args: [make(normal, 1, 3)] },
      { shapes: '1x3 in both places', f: (x) => call(name, x, x), args: [make(normal, 1, 3)] },
    ]
  })

const crossEntropyRow = row('crossEntropy', (make) => {
  const [weight, labels] = [make(positive, 1, 4), index(3, 0, 3)]
  const probabilities = make(normal, 3, 4).softmax(1)
  const variants: [string, CrossEntropyOptions][] = [
    ['plain', {}],
    ['weight', { weight }],
    ['labelSmoothing', { labelSmoothing: 0.1 }],
    ['weight and labelSmoothing', { weight, labelSmoothing: 0.1 }],
  ]
  return [
    { shapes: '1x4, class', f: (x) => crossEntropy(x, index(2)), args: [make(normal, 1, 4)] },
    { shapes: '3x4 used twice', f: (x) => crossEntropy(x.mul(x), labels).mul(x.sum()), args: [make(normal, 3, 4)] },
    { shapes: '3x4 against itself', f: (x) => crossEntropy(x, x.softmax(1)), args: [make(normal, 3, 4)] },
    ...variants.flatMap(([title, options]) =>
      (['mean', 'sum', 'none'] as const).flatMap((reduction): Case[] => [
        {
          shapes: `3x4, classes, ${title}, ${reduction}`,
          f: (x) => crossEntropy(x, labels, { ...options, reduction }),
          args: [make(normal, 3, 4)],
        },
        {
          shapes: `3x4, probabilities, ${title}, ${reduction}`,
          f: (x, t) => crossEntropy(x, t, { ...options, reduction }),
          args: [make(normal, 3, 4), probabilities],
        },
      ]),
    ),
  ]
})

/** Those that need arguments, or numbers, of their own. */
const particular: readonly Row[] = [
  unary('abs', awayFromKinks),
  unary('sign', awayFromKinks),
  unary('log', positive),
  unary('log1p', positive),
  unary('log2', positive),
  unary('log10', positive),
  unary('tan', acute),
  unary('asin', inside),
  unary('acos', inside),
  unary('sqrt', positive),
  unary('reciprocal', positive),
  unary('relu', awayFromKinks),
  unary('leakyRelu', awayFromKinks),
  { ...unary('leakyRelu', awayFromKinks, 0.2), name: 'leakyRelu(0.2)' },
  unary('elu', awayFromKinks),
  { ...unary('elu', awayFromKinks, 1.3), name: 'elu(1.3)' },
  { ...unary('gelu', normal, { approximate: 'tanh' }), name: 'gelu by tanh' },
  unary('gelu', normal),
  unary('geluTanh', normal),
  unary('finite', normal),
  unary('floor', awayFromKinks),
  unary('round', awayFromKinks),
  unary('ceil', awayFromKinks),
  unary('trunc', awayFromKinks),
  unary('clip', awayFromKinks, -1.5, 0.5),
  binary('add', normal),
  binary('sub', normal),
  binary('mul', normal),
  binary('weigh', normal),
  binary('div', normal, positive),
  binary('mod', awayFromKinks, larger),
  pow,
  binary('atan2', normal, positive),
  binary('logAddExp', normal),
  binary('maximum', separated, between),
  binary('minimum', separated, between),
  where,
  broadcastTo,
  axial('sum', normal),
  axial('mean', normal),
  prodWithZeros,
  axial('max', separated),
  axial('min', separated),
  varianceWithDdof,
  std,
  axial('median', separated),
  row('kthValue', (make) =>
    AXES.flatMap((axis) =>
      [0, 1].flatMap((k) =>
        casesOf(
          make,
          separated,
          (x) => {
            const length = axis === undefined ? x.rows * x.cols : x.shape[axis]
            return (x as Appliable).apply(operations.kthValue, [x], { k: Math.min(k, length - 1), axis })
          },
          `, k ${k}, axis ${axis ?? 'none'}`,
        ),
      ),
    ),
  ),
  row('quantile', (make) =>
    AXES.flatMap((axis) =>
      [0, 0.3, 0.5, 1].flatMap((q) =>
        casesOf(make, separated, (x) => call('quantile', x, q, axis), `, q ${q}, axis ${axis ?? 'none'}`),
      ),
    ),
  ),
  axial('logSumExp', normal),
  axial('cumsum', normal),
  cumprod,
  cumprodGradient,
  shaped('diff', normal, [[1, 1]], [[1, 4]], [[3, 1], 0], [[3, 4], 0, 2], [[3, 4], 1, 3], [[3, 4], 1, 0], [[3, 4]]),
  axial('softmax', normal),
  axial('logSoftmax', normal),
  axial('sort', separated),
  shaped('trace', normal, [[1, 1]], [[1, 4]], [[3, 1]], [[3, 3], 1], [[3, 4], -2], [[3, 4], 5], [[3, 4]]),
  matmul,
  affine,
  twoVectors('outer', [
    [
      [1, 1],
      [1, 1],
    ],
    [
      [1, 3],
      [1, 4],
    ],
    [
      [3, 1],
      [1, 4],
    ],
    [
      [1, 3],
      [4, 1],
    ],
    [
      [3, 1],
      [4, 1],
    ],
  ]),
  twoVectors('kron', [
    [
      [1, 1],
      [1, 1],
    ],
    [
      [1, 3],
      [2, 1],
    ],
    [
      [3, 1],
      [1, 2],
    ],
    [
      [2, 2],
      [1, 1],
    ],
    [
      [2, 3],
      [2, 2],
    ],
  ]),
  shaped('cov', normal, [[1, 1], { ddof: 0 }], [[1, 4]], [[3, 4], { ddof: 0 }], [[4, 2]], [[3, 4]]),
  shaped('corrcoef', normal, [[1, 4]], [[2, 3]], [[3, 4]], [[4, 3]], [[2, 6]]),
  shaped('transpose', normal, [[1, 1]], [[1, 4]], [[3, 1]], [[3, 3]], [[3, 4]]),
  row('T', (make) => [
    ...SHAPES.map((shape) => ({ shapes: format(shape), f: (x: Variable) => x.T, args: [make(normal, ...shape)] })),
    { shapes: '3x3 used twice', f: (x) => x.T.mul(x), args: [make(normal, 3, 3)] },
  ]),
  shaped(
    'reshape',
    normal,
    [[3, 4], -1, 2],
    [[1, 1], 1, 1],
    [[1, 4], 2, 2],
    [[4, 1], 1, 4],
    [[3, 4], 12, 1],
    [[3, 4], 2, 6],
  ),
  shaped(
    'slice',
    normal,
    [[3, 4], -2, -1, -3],
    [[4, 3], -3],
    [[1, 1], 0, 1],
    [[1, 4], 0, 1, 1, 3],
    [[3, 1], 1, 3],
    [[3, 4], 1, 1],
    [[3, 4], 1, 3, 2, 4],
  ),
  shaped('row', normal, [[1, 1], 0], [[1, 4], 0], [[3, 1], 2], [[3, 3], 1], [[4, 3], -1], [[3, 4], 2]),
  shaped('col', normal, [[1, 1], 0], [[1, 4], 3], [[3, 1], 0], [[3, 3], 1], [[4, 3], -1], [[3, 4], 2]),
  shaped(
    'place',
    normal,
    [[1, 1], 1, 1, 0, 0],
    [[1, 4], 3, 5, 2, 1],
    [[3, 1], 3, 4, 0, 3],
    [[3, 4], 3, 4, 0, 0],
    [[2, 3], 4, 5, 1, 1],
  ),
  concat,
  indexed(
    'gatherRows',
    [
      [1, 1],
      [1, 4],
      [3, 1],
      [3, 4],
      [3, 4],
    ],
    [[0, 0], [0], [2, 0], [2, 0, 2, 1, 0], []],
  ),
  indexed(
    'gatherCols',
    [
      [1, 1],
      [4, 1],
      [1, 3],
      [3, 4],
      [3, 4],
    ],
    [[0, 0], [0], [2, 0], [2, 0, 2, 1, 3], []],
  ),
  filterRows,
  shaped('pad', normal, [[1, 1], 0, 1, 2, 0], [[1, 4], 1, 0, 0, 0, 3], [[3, 1], 0, 0, 0, 0], [[3, 4], 2, 0, 1, 1, -2]),
  shaped('tile', normal, [[1, 1], 2, 3], [[1, 4], 1, 1], [[3, 1], 0, 2], [[3, 4], 1, 2], [[3, 4], 3, 2]),
  indexed(
    'scatterAddRows',
    [
      [1, 1],
      [1, 4],
      [3, 1],
      [3, 4],
      [5, 2],
    ],
    [[0], [2], [2, 0, 2], [1, 0, 1], [2, 0, 2, 1, 0]],
    4,
  ),
  indexed(
    'pick',
    [
      [1, 1],
      [1, 4],
      [3, 1],
      [3, 4],
      [3, 4],
    ],
    [[0], [2], [0, 0, 0], [3, 0, 3], [1, 1, 1]],
  ),
  shaped('diag', normal, [[1, 3], 1], [[3, 1], -2], [[1, 1]], [[1, 2]], [[2, 1]], [[1, 4]], [[3, 1]]),
  shaped(
    'diagonal',
    normal,
    [[3, 4], 1],
    [[3, 4], -2],
    [[3, 4], 7],
    [[3, 4], -7],
    [[1, 1]],
    [[1, 4]],
    [[3, 1]],
    [[4, 3]],
    [[3, 4]],
  ),
  shaped('tril', normal, [[1, 1]], [[1, 4], 1], [[3, 1], -1], [[3, 4], -4], [[3, 4], 1], [[3, 4]]),
  shaped('triu', normal, [[1, 1]], [[1, 4], 1], [[3, 1], -1], [[3, 4], -4], [[3, 4], 1], [[3, 4]]),
  unary('flipRows', normal),
  unary('flipCols', normal),
  unary('astype', normal, 'float64'),
  crossEntropyRow,
]

/** An operation on one element without arguments, which is smooth unless it has a row of its own above. */
const isSmooth = ({ elementwise, method, vjp, name }: Operation): boolean =>
  elementwise === true &&
  method?.operands === 1 &&
  !method.attributes &&
  vjp.length > 0 &&
  !particular.some((row) => row.name === name)

export const rows: readonly Row[] = [
  ...particular,
  ...(Object.values(operations) as Operation[]).filter(isSmooth).map(({ name }) => unary(name, normal)),
  ...linalgRows,
]

/** The operations whose derivative is nowhere defined: whole numbers and truth values. */
export const notDifferentiable: readonly string[] = [
  ...['less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual', 'isNaN', 'isFinite', 'all', 'any'],
  ...['argmax', 'argmin', 'argsort', 'oneHot', 'binade'],
]
