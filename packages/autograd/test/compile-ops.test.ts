// Every operation, compiled and not, on other inputs than those it was traced with: exact.

import { compile, grad, type Variable, variable } from '@matgrad/autograd'
import { withoutLooking } from '@matgrad/autograd/internal'
import * as functions from '@matgrad/core'
import { type DType, type Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { identical } from './random-programs.ts'
import { type Case, notDifferentiable, type Row, rows } from './rows.ts'

type Method = (...args: unknown[]) => Variable

/** The operations without a derivative: of a 3x4, and of indices where they take some. */
const discrete: readonly Row[] = notDifferentiable
  .filter((name) => name in functions)
  .map((name) => {
    const call = (x: unknown, ...rest: unknown[]): Variable => (x as Record<string, Method>)[name](...rest)
    const a = matrix([
      [0, -1, 2.5, -0],
      [Number.NaN, 1, -1, Number.POSITIVE_INFINITY],
      [3, 3, 0, 1],
    ])
    const of = (shapes: string, f: (...args: Variable[]) => Variable, ...args: Matrix[]): Case => ({ shapes, f, args })
    const axes = [undefined, 0, 1] as const
    const cases =
      name === 'oneHot'
        ? [
            of('3x1', (x) => call(x.argmax(1), 4)),
            of('3x1, float32', (x) => call(x.argmax(1), 5, { dtype: 'float32' })),
          ]
        : /^(all|any|arg.*)$/.test(name)
          ? axes.map((axis) => of(`axis ${axis ?? 'none'}`, (x) => call(x, axis)))
          : /^is/.test(name)
            ? [of('3x4', (x) => call(x))]
            : [
                of('3x4, 3x4', (x) => call(x, x.flipRows())),
                of('3x4, 3x1', (x) => call(x, x.col(1))),
                of('number', (x) => call(x, 0)),
              ]
    return { name, cases: cases.map((each) => ({ ...each, args: [a] })) }
  })

/** The value of a case, its gradients, and the gradients of the sum of their squares. */
function derivatives({ f }: Case, args: readonly Matrix[]): (Matrix | null)[] {
  const inputs = args.map((each) => variable(each))
  const value = f(...inputs)
  if (!value.requiresGrad) return [value.value]
  const numbers = args.map((_, i) => i)
  const gradients = grad(
    (...variables: Variable[]) =>
      f(...variables)
        .square()
        .sum(),
    numbers,
  )(...inputs)
  const size = gradients.map((each) => each.square().sum()).reduce((total, each) => total.add(each))
  if (size.requiresGrad) size.backward()
  return [value.value, ...gradients.map((each) => each.value), ...inputs.map((each) => each.grad)]
}

/** Inputs with other bits, in the same intervals. */
const others = (a: Matrix, n: number): Matrix => a.mul([0.75, 1][n]).add([0.03, 0][n])

describe.each<DType>(['float32', 'float64'])('%s: values, gradients and second derivatives', (dtype) => {
  test.each([...rows, ...discrete].map((row) => [row.name, row] as const))('%s', (_name, { cases }) => {
    let runs = 0
    const all = (inputs: readonly (readonly Matrix[])[]): (Matrix | null)[][] => {
      runs++
      // Other inputs than probabilities are none.
      return withoutLooking(() => cases.map((each, i) => derivatives(each, inputs[i])))
    }
    const compiled = compile(all)
    for (let n = 0; n < 2; n++) {
      const inputs = cases.map(({ args }) => args.map((a) => others(a.astype(dtype), n)))
      const got = compiled(inputs)
      for (const [i, wanted] of all(inputs).entries()) {
        expect(wanted.length).toBeGreaterThan(0)
        for (const [k, each] of wanted.entries())
          if (!identical(got[i][k], each))
            expect.fail(`${cases[i].shapes}, call ${n}, ${k}: got ${got[i][k]}, wanted ${each}`)
      }
    }
    expect(runs).toBe(1 + 2)
  })
})

test('filterRows by numbers that a program would not ask for again is refused, by an array of booleans it is not', () => {
  const a = matrix([[1], [0]])
  expect(() => compile((x: Matrix) => a.filterRows(x))(a)).toThrow('compile: toArray reads or writes')
  expect(compile((x: Matrix) => x.filterRows([true, false]).mul(2))(a).toArray()).toEqual([[2]])
})
