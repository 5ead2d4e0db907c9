// Clipping against PyTorch and at the ends of its range.

import { type Variable, variable } from '@matgrad/autograd'
import { type DType, DTypeError, full, MatgradError, type Matrix, matrix, zeros } from '@matgrad/core'
import { clipGradNorm, clipGradValue } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { stepOf } from './run.ts'
import { DTYPES, errorOf, expectClose, type Stored, toMatrix, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

/** A parameter with a gradient. */
function withGradient(gradient: Matrix): Variable {
  const parameter: Variable = variable(zeros(gradient.rows, gradient.cols, { dtype: gradient.dtype }))
  parameter.grad = gradient
  return parameter
}
/** A clipping of the gradients that there are, compiled or not. */
const clippingOf = <Result>(clip: (parameters: Variable[], bound: number) => Result, parameters: Variable[]) =>
  stepOf((bound: number) => clip(parameters, bound), ...parameters)
const gradientsOf = (parameters: readonly Variable[]): unknown[] =>
  parameters.map(({ grad }) => grad?.toArray() ?? null)

interface Runs {
  readonly gradients: readonly Stored[]
  readonly runs: readonly {
    readonly function: 'clipGradNorm' | 'clipGradValue'
    readonly bound: number
    readonly total: number | null
    readonly gradients: readonly Stored[]
  }[]
}

describe('22 numbers are clipped as PyTorch does, within 22 + 10 roundings', async () => {
  const { gradients, runs } = await readJson<Runs>('nn/clip.json')
  const roundings = 32 * UNIT.float64

  test('in every run', () => {
    expect(runs).toHaveLength(5)
  })

  test.each(runs.map((run) => [`${run.function} ${run.bound}`, run] as const))('%s', (_title, run) => {
    const parameters = gradients.map((each) => withGradient(toMatrix(each)))
    if (run.function === 'clipGradValue') clippingOf(clipGradValue, parameters)(run.bound)
    else {
      const total = clippingOf(clipGradNorm, parameters)(run.bound)
      expectClose(total, full(1, 1, Number(run.total), { dtype: 'float64' }), roundings)
    }
    for (const [i, { grad }] of parameters.entries())
      expectClose(grad as Matrix, toMatrix(run.gradients[i]), run.function === 'clipGradValue' ? 0 : roundings)
  })
})

describe('clipGradNorm', () => {
  test('changes the matrices in place, skips what has no gradient, and keeps each dtype', () => {
    const [a, b] = [matrix([[3]], { dtype: 'float32' }), matrix([[4]], { dtype: 'float64' })]
    const parameters = [withGradient(a), variable(zeros(2, 2)), withGradient(b)]
    const total = clippingOf(clipGradNorm, parameters)(2.5)
    expect([total.item(), total.dtype]).toEqual([5, 'float64'])
    expect(parameters.map(({ grad }) => grad)).toEqual([a, null, b])
    expect([a.dtype, b.dtype]).toEqual(['float32', 'float64'])
    // The coefficient 2.5/(5 + 10⁻⁶) is 10⁻⁷ below ½.
    expect(Math.abs(a.item() - 1.5)).toBeLessThan(1e-6)
    expect(Math.abs(b.item() - 2)).toBeLessThan(1e-6)
  })

  test('leaves gradients of a smaller norm as they are, bit for bit', () => {
    const parameters = [withGradient(matrix([[0.1, -0.2]])), withGradient(matrix([[0.3]]))]
    const before = gradientsOf(parameters)
    const clip = clippingOf(clipGradNorm, parameters)
    clip(10)
    clip(Number.POSITIVE_INFINITY)
    expect(gradientsOf(parameters)).toEqual(before)
  })

  test.each<[string, DType, number]>([
    ['large float32 whose squares overflow', 'float32', 1e30],
    ['small float32 whose squares vanish', 'float32', 1e-30],
  ])('takes the norm of %s', (_title, dtype, size) => {
    const parameters = [withGradient(full(1, 4, size, { dtype }))]
    expect(Math.abs(clippingOf(clipGradNorm, parameters)(1).item() / (2 * size) - 1)).toBeLessThan(4 * UNIT.float32)
    expect(Math.abs(Number(parameters[0].grad?.get(0, 0)) / Math.min(0.5, size) - 1)).toBeLessThan(1e-6)
  })

  // All of these are powers of two, or sums of squares that are, so that what is wanted is exact. 10⁻⁶ is nothing beside a
  // norm of 2³⁴ and more in float64.
  test.each<[string, DType, number, number, number, number, number]>([
    ['large float64 whose squares overflow', 'float64', 2, 2 ** 700, 1, 2 ** 701, 2 ** -1],
    ['4096 of them', 'float64', 64, 2 ** 700, 1, 2 ** 706, 2 ** -6],
    ['the sum of whose squares alone does', 'float64', 64, 2 ** 511, 8, 2 ** 517, 2 ** -3],
    ['numbers whose norm is beyond all', 'float64', 2, 2 ** 1023, 1, Number.POSITIVE_INFINITY, 2 ** -1],
    ['those for a bound that is not reached', 'float64', 2, 2 ** 700, 2 ** 800, 2 ** 701, 2 ** 700],
    ['small float64 whose squares vanish', 'float64', 2, 2 ** -700, 1, 2 ** -699, 2 ** -700],
    ['4096 of them', 'float64', 64, 2 ** -700, 1, 2 ** -694, 2 ** -700],
    ['the least float64', 'float64', 2, 2 ** -1074, 1, 2 ** -1073, 2 ** -1074],
  ])('takes the exact norm of %s, and scales by it', (_title, dtype, side, size, bound, total, wanted) => {
    const parameters = [withGradient(full(side, side, size, { dtype }))]
    expect(clippingOf(clipGradNorm, parameters)(bound).item()).toBe(total)
    expect(new Set(parameters[0].grad?.data)).toEqual(new Set([wanted]))
  })

  test('several gradients of which one overflows are clipped together', () => {
    const parameters = [
      full(1, 1, 3 * 2 ** 700, { dtype: 'float64' }),
      full(1, 1, 2 ** 90),
      full(2, 2, 2 ** 701, { dtype: 'float64' }),
    ].map(withGradient)
    expect(clippingOf(clipGradNorm, parameters)(5).item()).toBe(5 * 2 ** 700)
    expect(gradientsOf(parameters)).toEqual([
      [[3]],
      [[0]],
      [
        [2, 2],
        [2, 2],
      ],
    ])
  })

  test('NaN and infinities go on as in PyTorch, unless an error is asked for, which changes nothing', () => {
    for (const dtype of DTYPES)
      for (const [bad, total, clipped] of [
        [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, [[Number.NaN, 0]]],
        [Number.NaN, Number.NaN, [[Number.NaN, Number.NaN]]],
      ] as const) {
        const parameters = [withGradient(matrix([[bad, 1]], { dtype }))]
        const before = gradientsOf(parameters)
        const error = errorOf(() => clipGradNorm(parameters, 1, { errorIfNonfinite: true }))
        expect(error).toBeInstanceOf(MatgradError)
        expect(error.message).toBe(`clipGradNorm: the norm of the gradients is ${total}, wanted a finite one`)
        expect(gradientsOf(parameters)).toEqual(before)
        expect(clippingOf(clipGradNorm, parameters)(1).item()).toBe(total)
        expect(gradientsOf(parameters)).toEqual([clipped])
      }
    const usual = [withGradient(matrix([[3, 4]], { dtype: 'float64' }))]
    expect(clipGradNorm(usual, 1, { errorIfNonfinite: true }).item()).toBe(5)
  })

  test('gives 0 where there is no gradient', () => {
    expect(clippingOf(clipGradNorm, [])(1).toArray()).toEqual([[0]])
    expect(clippingOf(clipGradNorm, [variable(zeros(2, 2))])(1).toArray()).toEqual([[0]])
  })
})

test('clipGradValue changes the matrices in place', () => {
  const gradient = matrix([[-3, -0.5, 0, 2]])
  const parameter = withGradient(gradient)
  clippingOf(clipGradValue, [parameter, variable(zeros(1, 1))])(1)
  expect(parameter.grad).toBe(gradient)
  expect(gradient.toArray()).toEqual([[-1, -0.5, 0, 1]])
})

describe.each([
  ['clipGradNorm', clipGradNorm, 'maxNorm'],
  ['clipGradValue', clipGradValue, 'value'],
] as const)('%s throws before anything changes', (name, clip, bound) => {
  const broken = variable(zeros(1, 1))
  broken.grad = 'steep' as Untyped
  test.each([
    ['a variable', broken, 1, DTypeError, 'parameters are Variable, wanted an array of variables'],
    ['nothing', undefined, 1, DTypeError, 'parameters are undefined, wanted an array of variables'],
    ['a matrix', [zeros(1, 1)], 1, DTypeError, 'parameter 1 is Matrix, wanted a Variable'],
    ['a bad gradient', [broken], 1, DTypeError, 'the gradient of parameter 1 is "steep", wanted a Matrix'],
    ['a negative bound', [], -1, MatgradError, `${bound} is -1, wanted 0 or more`],
    ['NaN', [], Number.NaN, MatgradError, `${bound} is NaN, wanted 0 or more`],
    ['a string', [], '1', DTypeError, `${bound} is "1", wanted a number`],
  ] as const)('%s', (_title, rest, value, kind, message) => {
    const first = withGradient(matrix([[5]]))
    const error = errorOf(
      stepOf(() => clip((Array.isArray(rest) ? [first, ...rest] : rest) as Untyped, value as Untyped)),
    )
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toBe(`${name}: ${message}`)
    expect(first.grad?.item()).toBe(5)
  })
})

test('a frozen parameter takes no part in clipping', () => {
  for (const clip of [clipGradNorm, clipGradValue]) {
    const [a, b] = [withGradient(matrix([[3, 4]])), withGradient(matrix([[1e6, 1e6]]))]
    b.requiresGrad = false
    clippingOf<unknown>(clip, [a, b])(5)
    expect(a.grad?.toArray()[0].map(Math.round)).toEqual([3, 4])
    expect(b.grad?.toArray()).toEqual([[1e6, 1e6]])
  }
})
