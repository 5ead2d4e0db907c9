// Values and gradients of orders 1 and 2 where there are zeros and infinities: what takes no part has the gradient 0, and what
// has a limit has it. All of it compiled, too, with the same bits.

import { atan2, compile, crossEntropy, grad, pow, type Variable, variable } from '@matgrad/autograd'
import { type DType, full, Generator, type Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { operations } from '@matgrad/core/internal'
import { describe, expect, test } from 'vitest'
import { identical } from './random-programs.ts'

const { NaN: nan, POSITIVE_INFINITY: inf } = Number

interface Case {
  readonly name: string
  readonly f: (x: Variable) => Variable
  readonly x: readonly (readonly number[])[]
  /** The cotangent of each element of the value, 1 unless given. */
  readonly g?: number
  readonly value?: readonly (readonly number[])[]
  readonly gradient: readonly (readonly number[])[]
  /** The derivative of the sum of the gradient of f's sum. */
  readonly second?: readonly (readonly number[])[]
}

/** The matrix with the dtype of a variable. */
const like = (x: Variable, elements: readonly (readonly number[])[]): Matrix =>
  matrix(elements as number[][], { dtype: x.dtype })

const LN2 = Math.LN2
const LINES = [
  [inf, 0, 1],
  [-inf, 0, 0],
  [inf, inf, 0],
  [-inf, -inf, -inf],
]
const SHARES = [
  [1, 0, 0],
  [0, 0.5, 0.5],
  [0.5, 0.5, 0],
  [1 / 3, 1 / 3, 1 / 3],
]
const MASKED = [[-inf, 0, 0]]

/** Of a function of one element, at ∞ and −∞. */
const limits = (name: string, f: (x: Variable) => Variable, atInfinity: number, atMinusInfinity: number): Case => ({
  name: `${name} at ±∞`,
  f,
  x: [[inf, -inf]],
  gradient: [[atInfinity, atMinusInfinity]],
  second: [[0, 0]],
})

/** What takes part in a selection alone gets the cotangent, infinite or NaN. */
const selections = (g: number): Case[] => {
  const of = (name: string, f: Case['f'], x: Case['x'], gradient: Case['gradient']): Case => ({
    ...{ name: `${name} under the cotangent ${g}`, f, x, g, gradient },
  })
  return [
    of(
      'pick',
      (x) => x.pick([1, 0]),
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [0, g, 0],
        [g, 0, 0],
      ],
    ),
    of(
      'max',
      (x) => x.max(1),
      [
        [1, 2, 3],
        [5, 5, 4],
        [-inf, 0, inf],
      ],
      [
        [0, 0, g],
        [g, g, 0],
        [0, 0, g],
      ],
    ),
    of(
      'max of all',
      (x) => x.max(),
      [
        [1, 2],
        [-inf, 0],
      ],
      [
        [0, g],
        [0, 0],
      ],
    ),
    of(
      'min',
      (x) => x.min(0),
      [
        [1, -inf],
        [2, 0],
      ],
      [
        [g, g],
        [0, 0],
      ],
    ),
    of('maximum', (x) => x.maximum(1), [[0, 1, 2]], [[0, g, g]]),
    of('minimum', (x) => x.minimum(1), [[0, 1, 2]], [[g, g, 0]]),
    of('where', (x) => x.greater(0).where(x, 1), [[-1, 2]], [[0, g]]),
    of('clip', (x) => x.clip(-1, 1), [[-inf, 0.5, 2]], [[0, g, 0]]),
    of('relu', (x) => x.relu(), [[-inf, -1, 0, 2]], [[0, 0, 0, g]]),
    of('slice', (x) => x.slice(0, 1), [[1], [2]], [[g], [0]]),
    of('gatherRows', (x) => x.gatherRows([1]), [[1], [2]], [[0], [g]]),
    of(
      'diagonal',
      (x) => x.diagonal(),
      [
        [1, 2],
        [3, 4],
      ],
      [
        [g, 0],
        [0, g],
      ],
    ),
    of(
      'tril',
      (x) => x.tril(),
      [
        [1, 2],
        [3, 4],
      ],
      [
        [g, 0],
        [g, g],
      ],
    ),
  ]
}

const cases: readonly Case[] = [
  limits('gelu', (x) => x.gelu(), 1, 0),
  limits('gelu by tanh', (x) => x.gelu({ approximate: 'tanh' }), 1, 0),
  limits('silu', (x) => x.silu(), 1, 0),
  limits('softplus', (x) => x.softplus(), 1, 0),
  limits('elu', (x) => x.elu(), 1, 0),
  ...[-40, -17, -10, -1].flatMap((x): Case[] => {
    const of = (name: string, f: Case['f'], y: number): Case => ({
      ...{ name: `${name} at ${x}`, f, x: [[x]], value: [[y]], gradient: [[Math.exp(x)]], second: [[Math.exp(x)]] },
    })
    return [
      of('elu', (z) => z.elu(), Math.expm1(x)),
      of('elu with alpha', (z) => z.elu(4).div(4), Math.expm1(x)),
      of('expm1', (z) => z.expm1(), Math.expm1(x)),
    ]
  }),
  {
    name: 'elu under the cotangent ∞',
    f: (x) => x.elu(),
    x: [[-80, -17, -1, 2]],
    g: inf,
    gradient: [[inf, inf, inf, inf]],
  },
  {
    name: 'elu of what has no power, and at its kink',
    f: (x) => x.elu(),
    x: [[1000, 0]],
    gradient: [[1, 1]],
    second: [[0, 1]],
  },
  ...(
    [
      ['aᵇ by a, b large', (x) => x.pow(3), 0.1, 2 ** 127, 0.03],
      ['aᵇ by a, b negative', (x) => x.pow(-3), 0.5, 2 ** 122, -48],
      ['1 / x', (x) => x.reciprocal(), 2 ** -70, 2 ** -100, -(2 ** 140)],
    ] as const satisfies readonly (readonly [string, Case['f'], number, number, number])[]
  ).map(
    ([name, f, x, g, factor]): Case => ({
      name: `${name}, under a cotangent that brings it into the range, of float32`,
      ...{ f, x: [[x]], g, gradient: [[factor * g]] },
    }),
  ),
  {
    name: 'a⁰ is constant, under the cotangent NaN',
    f: (x) => pow(x, like(x, [[0, 2]])).mul(like(x, [[nan, 1]])),
    x: [[1, 3]],
    gradient: [[0, 6]],
  },
  limits('erf', (x) => x.erf(), 0, 0),
  limits('tanh', (x) => x.tanh(), 0, 0),
  limits('sigmoid', (x) => x.sigmoid(), 0, 0),
  limits('leakyRelu', (x) => x.leakyRelu(0.5), 1, 0.5),
  limits('abs', (x) => x.abs(), 1, -1),
  limits('atan', (x) => x.atan(), 0, 0),
  limits('atan2 by y', (y) => y.atan2(2), 0, 0),
  limits('atan2 by x', (x) => atan2(2, x), 0, 0),
  limits('logAddExp', (x) => x.logAddExp(1), 1, 0),
  {
    name: 'logAddExp of infinities, of which equal ones share',
    f: (x) => x.logAddExp(like(x, [[inf, -inf, -inf, inf]])),
    x: [[inf, -inf, 3, -inf]],
    value: [[inf, -inf, 3, inf]],
    gradient: [[0.5, 0.5, 1, 0]],
    second: [[0, 0, 0, 0]],
  },
  {
    name: 'logAddExp of equal numbers',
    f: (x) => x.logAddExp(like(x, [[3, -700]])),
    x: [[3, -700]],
    gradient: [[0.5, 0.5]],
    second: [[0.25, 0.25]],
  },
  ...[-100, 100].map(
    (k): Case => ({
      name: `atan2 of numbers near 2^${k}, whose squares leave the range of float32`,
      f: (y) => y.atan2(4 * 2 ** k),
      x: [[3 * 2 ** k]],
      gradient: [[0.16 * 2 ** -k]],
    }),
  ),
  {
    name: 'aᵇ by b at a = ∞',
    f: (x) => pow(like(x, [[inf, inf, 0]]), x),
    x: [[-1, -2, 2]],
    value: [[0, 0, 0]],
    gradient: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  ...[1, inf, -inf].flatMap((g): Case[] => [
    {
      name: `a⁰ is constant, under the cotangent ${g}`,
      f: (x) => x.pow(0),
      x: [[nan, inf, -inf, 0, -0, 1e-320, -2]],
      ...{ g, value: [[1, 1, 1, 1, 1, 1, 1]], gradient: [[0, 0, 0, 0, 0, 0, 0]] },
    },
    {
      name: `1ᵇ is constant, under the cotangent ${g}`,
      f: (x) => pow(1, x),
      x: [[-inf, -2, 0, 3, inf]],
      ...{ g, value: [[1, 1, 1, 1, 1]], gradient: [[0, 0, 0, 0, 0]] },
    },
    {
      name: `a^±∞ where it is 0, under the cotangent ${g}`,
      f: (x) => pow(x, like(x, [[inf, inf, inf, -inf, -inf]])),
      x: [[0.5, -0.5, 0, 2, -inf]],
      ...{ g, value: [[0, 0, 0, 0, 0]], gradient: [[0, 0, 0, 0, 0]] },
    },
  ]),
  ...[inf, -inf, nan].flatMap((g): Case[] => {
    const at = (i: number, j: number): Case => {
      const gradients = [
        [[g], [g, 0], [0, 0, 0]],
        [[g], [0, g], [0, g, 0]],
        [[g], [2 * g, g], [6 * g, 3 * g, 2 * g]],
      ]
      const row = [0, 0, 0].map((zero, k) => gradients[i][j][k] ?? zero)
      const x = [
        [0, 2, 0],
        [2, 0, 3],
        [1, 2, 3],
      ][i]
      return {
        name: `element ${j} of cumprod of ${x}, under the cotangent ${g}`,
        f: (x) => x.cumprod(1).col(j),
        x: [x],
        g,
        gradient: [row],
      }
    }
    const places = Number.isNaN(g)
      ? [
          [0, 0],
          [1, 0],
          [2, 0],
          [2, 1],
          [2, 2],
        ]
      : [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => [i, j]))
    return places.map(([i, j]) => at(i, j))
  }),
  ...[inf, -inf].flatMap((g): Case[] => [
    {
      name: `prod of zeros, under the cotangent ${g}`,
      f: (x) => x.prod(1),
      x: [
        [0, 2, 3],
        [0, 5, 0],
        [1, 2, 3],
      ],
      g,
      value: [[0], [0], [6]],
      gradient: [
        [g, 0, 0],
        [0, 0, 0],
        [g, g, g],
      ],
    },
    {
      name: `logSumExp of infinities, under the cotangent ${g}`,
      f: (x) => x.logSumExp(1),
      x: [
        [-inf, 1, 2],
        [-inf, -inf, -inf],
        [inf, 1, -2000],
        [0, 1, -2000],
      ],
      g,
      gradient: [
        [0, g, g],
        [g, g, g],
        [g, 0, 0],
        [g, g, 0],
      ],
    },
  ]),
  {
    name: 'logSumExp of infinities, of which equal ones share',
    f: (x) => x.logSumExp(1),
    x: LINES,
    value: [[inf], [LN2], [inf], [-inf]],
    gradient: SHARES,
  },
  {
    name: 'logSumExp down columns',
    f: (x) => x.T.logSumExp(0),
    x: LINES,
    value: [[inf, LN2, inf, -inf]],
    gradient: SHARES,
  },
  {
    name: 'softmax with a cotangent of ∞ at probability 0',
    f: (x) => x.softmax(1).pick([0]),
    x: MASKED,
    g: inf,
    gradient: [[0, 0, 0]],
  },
  {
    name: 'logSoftmax, the cotangents of whose others are ∞',
    f: (x) => x.logSoftmax(1).slice(0, 1, 1, 2),
    x: [[-inf, 0, -inf]],
    g: inf,
    gradient: [[0, nan, 0]],
  },
  {
    name: 'the cross-entropy of a class beside a masked one, under the cotangent ∞',
    f: (x) => crossEntropy(x, matrix([[1]]), { reduction: 'none' }),
    x: MASKED,
    g: inf,
    value: [[LN2]],
    gradient: [[0, -inf, inf]],
  },
  { name: 'abs under the cotangent ∞', f: (x) => x.abs(), x: [[0, -0, 2, -2]], g: inf, gradient: [[0, 0, inf, -inf]] },
  {
    name: 'the gradient of the cross-entropy for a masked class, under the cotangent ∞',
    f: (x) => grad((z: Variable) => crossEntropy(z, matrix([[1]])))(x).slice(0, 1, 0, 1),
    x: MASKED,
    g: inf,
    gradient: [[0, 0, 0]],
  },
  ...[
    { name: 'maximum with NaN', f: (x: Variable) => x.maximum(1) },
    { name: 'minimum with NaN', f: (x: Variable) => x.minimum(1) },
  ].map(({ name, f }) => ({ name, f, x: [[nan, 1]], value: [[nan, 1]], gradient: [[1, 0.5]] })),
  ...[inf, -inf, nan].flatMap(selections),
  ...[
    { name: 'probability 0', target: [[0, 1, 0]], options: {}, loss: LN2, gradient: [0, -0.5, 0.5] },
    {
      name: 'weight 0',
      target: [[0.5, 0.5, 0]],
      options: { weight: [[0, 1, 1]] },
      loss: LN2 / 2,
      gradient: [0, -0.25, 0.25],
    },
    { name: 'probability above 0', target: [[0.5, 0.5, 0]], options: {}, loss: inf, gradient: [-0.5, 0, 0.5] },
    {
      name: 'the class, of weight 0',
      target: [[0]],
      options: { weight: [[0, 1, 1]], reduction: 'sum' },
      loss: 0,
      gradient: [0, 0, 0],
    },
    {
      name: 'smoothed classes, of weight 0',
      target: [[1]],
      options: { weight: [[0, 1, 1]], labelSmoothing: 0.75 },
      loss: 0.75 * LN2,
      gradient: [0, -0.125, 0.125],
    },
    {
      name: 'the class, smoothed away',
      target: [[0]],
      options: { weight: [[0, 1, 1]], labelSmoothing: 1, reduction: 'sum' },
      loss: (2 * LN2) / 3,
      gradient: [0, 0, 0],
    },
  ].map(
    ({
      name,
      target,
      options: { weight, ...options },
      loss,
      gradient,
    }: {
      name: string
      target: number[][]
      options: { weight?: number[][]; labelSmoothing?: number; reduction?: string }
      loss: number
      gradient: number[]
    }): Case => ({
      name: `crossEntropy of a logit of −∞: ${name}`,
      f: (x) =>
        crossEntropy(x, like(x, target), {
          ...(options as { labelSmoothing?: number; reduction?: 'sum' }),
          ...(weight && { weight: like(x, weight) }),
        }),
      x: MASKED,
      value: [[loss]],
      gradient: [gradient],
    }),
  ),
]

const DTYPES: readonly DType[] = ['float64', 'float32']
const titled = DTYPES.flatMap((dtype) => cases.map((each) => [`${dtype}, ${each.name}`, dtype, each] as const))

const UNIT = { float64: 2 ** -53, float32: 2 ** -24 }

function expectClose(got: Matrix, wanted: readonly (readonly number[])[], dtype: DType): void {
  expect([got.dtype, ...got.shape]).toEqual([dtype, wanted.length, wanted[0].length])
  for (const [k, want] of wanted.flat().entries())
    if (!(Object.is(got.data[k] + 0, want) || Math.abs(got.data[k] - want) <= 8 * UNIT[dtype] * Math.abs(want)))
      expect.fail(`element ${k} of ${got.toArray()} is ${got.data[k]}, wanted ${want}`)
}

// Of a few operations, each off by 2 units of roundoff at most.
test.each(titled)('%s, within 8 units of roundoff', (_title, dtype, { f, x, g = 1, value, gradient, second }) => {
  const total = (at: Variable): Variable => grad((z: Variable) => f(z).sum())(at).sum()
  const all = (input: Matrix): Matrix[] => {
    const leaf = variable(input)
    const y = f(leaf)
    y.backward(full(y.rows, y.cols, g, { dtype }))
    return [y.value, leaf.grad as Matrix, ...(second ? [grad(total)(input).value] : [])]
  }
  const input = matrix(x as number[][], { dtype })
  const results = all(input)
  if (value) expectClose(results[0], value, dtype)
  expectClose(results[1], gradient, dtype)
  if (second) expectClose(results[2], second, dtype)
  const compiled = compile(all)
  for (const from of [zeros(input.rows, input.cols, { dtype }), input]) compiled(from)
  for (const [i, each] of compiled(input).entries()) expect(identical(each, results[i])).toBe(true)
})

describe.each(DTYPES)('%s: a·b of what has no weight', (dtype) => {
  const { weigh } = operations
  const values = [0, -0, 1, -2.5, 1e-300, 1e300, inf, -inf, nan]
  const [a, b] = [matrix([values], { dtype }).T, matrix([values], { dtype })]
  const weighed = (x: Matrix, y: Matrix): Matrix => x.apply(weigh, [x, y], undefined)

  test('has the bits of the product, but 0 for that of 0 and ∞', () => {
    const [got, product] = [weighed(a, b), a.mul(b)]
    const compiled = compile((x: Matrix, y: Matrix) => weighed(x.add(0), y).neg().neg())
    compiled(zeros(values.length, 1, { dtype }), zeros(1, values.length, { dtype }))
    for (const result of [got, compiled(a, b)])
      for (let i = 0; i < values.length; i++)
        for (let j = 0; j < values.length; j++) {
          const factors = [a.get(i, 0), b.get(0, j)]
          const wanted = factors.some(Number.isNaN) || !Number.isNaN(product.get(i, j)) ? product.get(i, j) : 0
          expect(result.get(i, j) + 0, `${values[i]} · ${values[j]}`).toBe(wanted + 0)
        }
  })
})

describe('derivatives of statistics of x·2ᵏ are those of x, shifted by the powers that their formulas have: all bits', () => {
  const statistics: Readonly<Record<string, { f: (x: Variable) => Variable; powers: readonly number[] }>> = {
    variance: { f: (x) => x.variance(0, { ddof: 1 }), powers: [1, 0] },
    'variance of all': { f: (x) => x.variance(), powers: [1, 0] },
    std: { f: (x) => x.std(1), powers: [0, -1] },
    cov: { f: (x) => x.cov({ rowvar: false }), powers: [1, 0] },
    corrcoef: { f: (x) => x.corrcoef(), powers: [-1, -2] },
  }
  const shapes = [
    [3, 2],
    [40, 130],
  ]
  test.each(Object.entries(statistics).flatMap(([name, each]) => shapes.map((shape) => [name, shape, each] as const)))(
    '%s of %s',
    (_name, [rows, cols], { f, powers }) => {
      const x = new Generator(7).normal(rows, cols, 0.5, 1, { dtype: 'float64' })
      const draw = (seed: number, m: number, n: number): Matrix =>
        new Generator(seed).normal(m, n, 0, 1, { dtype: 'float64' })
      const [weights, directions] = [draw(3, 130, 130), draw(4, rows, cols)]
      const total = (z: Variable): Variable => {
        const y = f(z)
        return y.mul(weights.slice(0, y.rows, 0, y.cols)).sum()
      }
      const first = grad(total)
      const second = grad((z: Variable) => first(z).mul(directions).sum())
      const all = (z: Matrix): Matrix[] => [first(z).value, second(z).value]
      const compiled = compile(all)
      compiled(x)
      const plain = all(x)
      for (const k of [-990, -500, 500, 990]) {
        const shifted = all(x.mul(2 ** k))
        for (const [i, each] of compiled(x.mul(2 ** k)).entries()) {
          expect(identical(each, shifted[i])).toBe(true)
          // What overflows or vanishes by its formula has no bits to compare.
          if (Math.abs(k * powers[i]) < 1000)
            expect(each.toArray(), `order ${i + 1}, k = ${k}`).toEqual(plain[i].mul(2 ** (k * powers[i])).toArray())
        }
      }
    },
  )

  const third = Math.sqrt(1 / 6)
  const [near, far] = [Math.sqrt(1 / 48), -Math.sqrt(9 / 48)]
  const most = 1.7 * (8 / 9) * 1e308
  test.each<[string, (x: Variable) => Variable, number[], number[]]>([
    ['std of a mean far beyond its deviation', (x) => x.std(1), [1e15 + 1, 1e15 + 2, 1e15 + 3], [-third, 0, third]],
    [
      'std of a spread beyond the largest number',
      (x) => x.std(),
      [1.7e308, 1.7e308, 1.7e308, -1.7e308],
      [near, near, near, far],
    ],
    ['variance of such a spread', (x) => x.variance(), [1.7e308, -1.7e308, -1.7e308], [most, -most / 2, -most / 2]],
    ['cov of such a spread', (x) => x.cov({ ddof: 0 }), [1.7e308, -1.7e308, -1.7e308], [most, -most / 2, -most / 2]],
  ])('%s, within 8 units of roundoff, compiled and not', (_name, f, x, wanted) => {
    const first = grad((z: Variable) => f(z).sum())
    const compiled = compile((z: Matrix) => first(z).value)
    compiled(matrix([x.map((_, i) => i)], { dtype: 'float64' }))
    for (const g of [(z: Matrix) => first(z).value, compiled])
      expectClose(g(matrix([x], { dtype: 'float64' })), [wanted], 'float64')
  })

  test('std of equal elements has the gradient 0 under the cotangent ∞', () => {
    const x = variable(full(3, 2, 5))
    x.std(0).backward(full(1, 2, inf))
    expect(x.grad?.toArray()).toEqual(zeros(3, 2).toArray())
  })
})

/** The number m·2ᵉ for an integer m, rounded. */
function scaled(m: bigint, e: number): number {
  const excess = Math.max(0, m.toString(2).length - 64)
  // Of what is shifted out, one bit tells whether there was some.
  const kept = (m >> BigInt(excess)) | BigInt((m >> BigInt(excess)) << BigInt(excess) !== m)
  let [value, power] = [Number(kept), e + excess]
  for (; power !== 0; power -= Math.sign(power) * Math.min(500, Math.abs(power)))
    value *= 2 ** (Math.sign(power) * Math.min(500, Math.abs(power)))
  return value
}

describe('derivatives of products', () => {
  const row = (elements: readonly number[]): Matrix => matrix([elements], { dtype: 'float64' })
  const along = (f: (x: Variable) => Variable, w: readonly number[]) => (x: Variable) =>
    grad((z: Variable) => grad(f)(z).mul(row(w)).sum())(x)
  /** The derivative of the running products of x in the direction t. */
  const moved = (t: readonly number[]) => (x: Variable) =>
    grad((g: Variable) =>
      grad((z: Variable) => z.cumprod().mul(g).sum())(x)
        .mul(row(t))
        .sum(),
    )(row(t.map(() => 1)))
  const prod = (x: Variable): Variable => x.prod()
  test.each<[string, (x: Variable) => Variable, number[], number[]]>([
    [
      'of others beyond the range, by a cotangent that brings them back',
      grad((x: Variable) => x.prod().mul(1e-300)),
      [1e200, 1e200, 1e-300],
      [0, 0, 1e100],
    ],
    [
      'of others below the range, by a cotangent that brings them back',
      grad((x: Variable) => x.prod().mul(1e300)),
      [1e-200, 1e-200, 1e200],
      [1e300, 1e300, 1e-100],
    ],
    ['of order 2 beside NaN', along(prod, [1, -1]), [0, nan], [-1, 1]],
    ['of order 2 beyond the range', along(prod, [1, 0, 0]), [1e200, 1e200, 1e-300], [0, 1e-300, 1e200]],
    ['in a direction, from ∞ on', moved([1, 1, 1]), [inf, 2, 3], [1, inf, inf]],
    ['in a direction, from NaN on', moved([1, 0]), [nan, 2], [1, nan]],
    ['that stop before NaN', grad((x: Variable) => x.cumprod().col(1).sum()), [2, 5, nan, 3], [5, 2, 0, 0]],
  ])('%s, within 8 units of roundoff, compiled and not', (_name, f, x, wanted) => {
    const all = (z: Matrix): Matrix => f(variable(z)).value
    const compiled = compile(all)
    compiled(row(x.map((_, i) => i)))
    for (const g of [all, compiled]) expectClose(g(row(x)), [wanted], 'float64')
  })
})

// Each element is a sum of products of n factors and a cotangent, all of them positive or with one sign: every product has
// at most n roundings, every sum as many.
describe('gradients of running products that leave the range on the way, within (2n + 2) units of roundoff', () => {
  test.each(DTYPES)('%s', (dtype) => {
    const n = 40
    let count = 0
    const [range, top] = dtype === 'float64' ? [304, 1024] : [48, 128]
    const generator = new Generator(11)
    const whole = (low: number, high: number): number => generator.integers(1, 1, low, high).item()
    for (let trial = 0; trial < 20; trial++) {
      /** Powers that drift and come back, with a zero in every third. */
      const powers = Array.from(
        { length: n },
        (_, i) => whole(-range, range + 1) + (i < n / 2 ? range / 8 : -range / 8) * (1 - 2 * (trial % 2)),
      )
      const factors = Array.from({ length: n }, (_, i) => (trial % 3 === 0 && i === 7 ? 0 : whole(1, 4)))
      const cotangents = Array.from({ length: n }, (_, i) => (trial % 2 && i < n - 1 ? 0 : whole(0, 3)))
      const x = matrix([factors.map((m, i) => m * 2 ** powers[i])], { dtype })
      const all = (input: Matrix): Matrix[] => {
        const [ofAll, ofLast] = [variable(input), variable(input)]
        ofAll.cumprod().backward(matrix([cotangents], { dtype }))
        ofLast.prod().backward()
        return [ofAll.grad as Matrix, ofLast.grad as Matrix]
      }
      const compiled = compile(all)
      compiled(x)
      const results = all(x)
      for (const [k, each] of compiled(x).entries()) expect(identical(each, results[k])).toBe(true)
      for (const [k, got] of results.entries())
        for (let i = 0; i < n; i++) {
          // The terms as integers times 2^-floor.
          const floor = 400 * n
          let sum = 0n
          let [product, power] = [1n, 0]
          for (let j = 0; j < n; j++) {
            if (j !== i) {
              product *= BigInt(factors[j])
              power += powers[j]
            }
            const g = k === 0 ? cotangents[j] : Number(j === n - 1)
            if (j >= i) sum += (BigInt(g) * product) << BigInt(power + floor)
          }
          const wanted = scaled(sum, -floor)
          const rounded = dtype === 'float32' ? Math.fround(wanted) : wanted
          if (rounded === 0 || rounded === inf) expect(got.data[i], `${k}: ${i} of ${trial}`).toBe(rounded)
          // Numbers below have fewer digits.
          else if (rounded > 2 ** (4 - top)) {
            count++
            expect(Math.abs(got.data[i] - wanted) / wanted, `${k}: ${i} of ${trial}`).toBeLessThan(
              (2 * n + 2) * UNIT[dtype],
            )
          }
        }
    }
    expect(count).toBeGreaterThan(300)
  })
})

describe('crossEntropy of one class, whose loss is always 0, is an error', () => {
  test.each([
    ['classes', matrix([[0], [0]])],
    ['probabilities', matrix([[0.5], [1]])],
  ])('for %s, compiled and not', (_title, target) => {
    const loss = (x: Matrix): Matrix => crossEntropy(x, target).value
    for (const f of [loss, compile(loss)])
      expect(() => f(zeros(2, 1))).toThrow(
        new ShapeError(
          'crossEntropy: logits are 2x1, one class, whose loss is 0 whatever they are, ' +
            'wanted two classes or more: for one column use binaryCrossEntropyWithLogits',
        ),
      )
  })
})
