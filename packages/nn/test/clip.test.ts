// Clipping against PyTorch and at the ends of its range.

import { type Variable, variable } from '@matgrad/autograd'
import { type DType, DTypeError, full, MatgradError, type Matrix, matrix, zeros } from '@matgrad/core'
import { clipGradNorm, clipGradValue } from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { stepOf } from './run.ts'
import { errorOf, expectClose, type Stored, toMatrix, UNIT } from './support.ts'

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
