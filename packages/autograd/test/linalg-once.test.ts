// What rules of linear algebra share in a walk, scales, and dependences that a limit does not see.

import {
  constant,
  detectAnomaly,
  grad,
  gradcheck,
  hvp,
  linalg,
  noGrad,
  type Variable,
  variable,
  vjp,
} from '@matgrad/autograd'
import { eye, Generator, LinAlgError, type Matrix, matrix, zeros } from '@matgrad/core'
import { tracer } from '@matgrad/core/internal'
import { describe, expect, test } from 'vitest'

const float64 = { dtype: 'float64' } as const
const generator = new Generator('once')
const normal = (rows: number, cols: number): Matrix => generator.normal(rows, cols, 0, 1, float64)

describe('a pullback of solve that is called again', () => {
  const [a, b, g] = [normal(3, 3).add(eye(3, float64).mul(3)), normal(3, 2), normal(3, 2)]
  const wanted = (of: Matrix): Matrix[] =>
    vjp((x, y) => linalg.solve(x, y), a, b)[1](constant(of.clone())).map(({ value }) => value)

  test('sees a cotangent, or results, that have changed in place since', () => {
    const [, pullback] = vjp((x, y) => linalg.solve(x, y), a, b)
    const cotangent = constant(g.clone())
    const first = pullback(cotangent)
    for (const { value } of first) value.assign(zeros(...(value.shape as [number, number])))
    expect(pullback(cotangent).map(({ value }) => value.toArray())).toEqual(wanted(g).map((each) => each.toArray()))
    cotangent.value.assign(g.mul(2))
    expect(pullback(cotangent).map(({ value }) => value.toArray())).toEqual(
      wanted(g.mul(2)).map((each) => each.toArray()),
    )
  })

  test('records what it computes, whatever another did not', () => {
    const [x, y] = [variable(matrix([[2]], float64)), variable(matrix([[3]], float64))]
    const [, pullback] = vjp((p, q) => linalg.solve(p, q), x, y)
    const one = constant(matrix([[1]], float64))
    noGrad(() => pullback(one))
    const [p, q] = pullback(one)
    // −b/a² + 1/a has the derivative 2b/a³ − 1/a² by a.
    p.add(q).sum().backward()
    expect(x.grad?.item()).toBe(0.5)
  })
})

test.each([1e-30, 1e-9, 1, 1e5, 1e8, 1e13, 1e30])(
  'decompositions of matrices of the size %d have the derivatives of their multiples',
  (scale) => {
    const weights = normal(4, 4)
    const symmetric = (x: Variable): Variable => x.add(x.T)
    const functions: Record<string, (x: Variable) => Variable> = {
      eigh: (x) => linalg.eigh(symmetric(x)).vectors.square().mul(weights).sum(),
      svd: (x) => linalg.svd(x).U.square().mul(weights).sum(),
      eig: (x) => linalg.eig(x).vectors.re.square().mul(weights).sum(),
    }
    const a = normal(4, 4)
    for (const [name, f] of Object.entries(functions)) {
      const wanted = grad(f)(a).value
      const got = grad(f)(a.mul(scale)).value.mul(scale)
      expect(got.sub(wanted).abs().max().item(), name).toBeLessThan(1e-9 * wanted.abs().max().item())
    }
    if (scale < 1e-9 || scale > 1e8) return
    const small = a.astype('float32')
    for (const [name, f] of Object.entries(functions)) {
      const [wanted, got] = [grad(f)(a).value, grad(f)(small.mul(scale)).value.astype('float64').mul(scale)]
      expect(got.sub(wanted).abs().max().item(), name).toBeLessThan(1e-3 * wanted.abs().max().item())
    }
  },
)

test('where what is differentiated moves otherwise, too, equal values have no limit, and it is an error', () => {
  const W = matrix([[1, 2], [2, 3]], float64) // biome-ignore format: rows
  const I = eye(2, float64)
  const twice = (a: Variable): Variable =>
    linalg.eigh(a).vectors.mul(linalg.eigvalsh(a).T).matmul(linalg.eigh(a).vectors.T).mul(W).sum()
  const quotients = (a: Variable): Variable => {
    const { vectors } = linalg.eigh(a)
    return vectors.mul(vectors.T.matmul(a).matmul(vectors).diagonal().T).matmul(vectors.T).mul(W).sum()
  }
  const mixed = (a: Variable): Variable =>
    linalg.svd(a).U.mul(linalg.svdvals(a).T).matmul(linalg.svd(a).Vh).mul(W).sum()
  for (const f of [twice, quotients, mixed]) {
    expect(() => grad(f)(I)).toThrow(LinAlgError)
    gradcheck((x) => f(x.add(x.T)), [normal(2, 2)])
  }
})

test('Hessian-vector products of negative powers are those of powers of the inverse within 1e-6 at a condition of 1e8', () => {
  const a = matrix([[1, 0.5], [0.3, 0.15 + 1e-8]], float64) // biome-ignore format: rows
  const [v, w] = [normal(2, 2), normal(2, 2)]
  for (const n of [1, 2]) {
    const inverse = (x: Variable): Variable => (n === 1 ? linalg.inv(x) : linalg.inv(x).matmul(linalg.inv(x)))
    const [wanted] = hvp((x: Variable) => inverse(x).mul(w).sum(), [a], [v])
    const [got] = hvp((x: Variable) => linalg.matrixPower(x, -n).mul(w).sum(), [a], [v])
    expect(got.value.sub(wanted.value).abs().max().item()).toBeLessThan(1e-6 * wanted.value.abs().max().item())
  }
})

test('detectAnomaly is over where what its function gives cannot be looked at', () => {
  const refuse = (): never => {
    throw new Error('odd')
  }
  const odd = Object.defineProperty({}, 'then', { get: refuse })
  expect(() => detectAnomaly(() => odd)).toThrow('odd')
  expect(tracer).toBe(null)
  expect(zeros(1, 1).log().item()).toBe(Number.NEGATIVE_INFINITY)
})
