// Products of sparse matrices, with derivatives: against dense ones.

import { compile, constant, grad, gradcheck, hvp, type Variable, variable, vjp } from '@matgrad/autograd'
import { configure, DTypeError, Generator, Matrix, matrix, ShapeError, sparse, zeros } from '@matgrad/core'
import { afterEach, describe, expect, test } from 'vitest'

const { SparseMatrix, spmm } = sparse
type Sparse = sparse.SparseMatrix
const float64 = { dtype: 'float64' } as const
const generator = new Generator('spmm')

afterEach(() => configure({ threads: 'auto' }))

const normal = (rows: number, cols: number): Matrix => generator.normal(rows, cols, 0, 1, float64)
const drawn = (rows: number, cols: number, density: number): Sparse =>
  SparseMatrix.fromDense(normal(rows, cols).mul(generator.bernoulli(rows, cols, density, float64)))
const valuesOf = (a: Sparse): Matrix => new Matrix(a.values.slice(), a.nnz, 1)

const SHAPES: [rows: number, cols: number, k: number, density: number][] = [
  [1, 1, 1, 1],
  [3, 4, 2, 0.5],
  [5, 2, 3, 0.3],
  [1, 6, 4, 0.5],
  [6, 1, 1, 0.6],
  [4, 7, 5, 1],
  [9, 8, 3, 0.1],
]

describe.each(SHAPES)('%ix%i by %i columns, density %d', (rows, cols, k, density) => {
  const a = drawn(rows, cols, density)
  const [x, values] = [normal(cols, k), valuesOf(a)]
  const product = (v: Variable, t: Variable): Variable => spmm(a, t, { values: v })

  test('gradients by x and the values, orders 1 and 2, are those of differences within 1e-6, eager and compiled', () => {
    const args = a.nnz > 0 ? [values, x] : [x]
    const f = (...of: Variable[]): Variable => (a.nnz > 0 ? product(of[0], of[1]) : spmm(a, of[0]))
    for (const mode of ['full', 'random'] as const) {
      gradcheck(f, args, { order: 2, mode })
      gradcheck(compile(f as (...of: Variable[]) => Variable), args, { order: 2, mode })
    }
  })

  test('value and gradients are those of the dense product within 1e-13', () => {
    const g = normal(rows, k)
    const [value, pullback] = vjp(product, values, x)
    const [dense, denseBack] = vjp((d: Variable, t: Variable) => d.matmul(t), a.toDense(), x)
    const [byValues, byX] = pullback(g)
    const [byDense, wanted] = denseBack(g)
    expect(value.value.allClose(dense.value, { rtol: 1e-13, atol: 1e-13 })).toBe(true)
    expect(byX.value.allClose(wanted.value, { rtol: 1e-13, atol: 1e-13 })).toBe(true)
    for (const [p, [i, j]] of a.toTriplets().entries())
      expect(Math.abs(byValues.get(p, 0) - byDense.get(i, j))).toBeLessThanOrEqual(1e-13 * (1 + k))
  })

  test.each(['float32', 'float64'] as const)('compiled has the bits of eager, %s', (dtype) => {
    const single = a.astype(dtype)
    const f = (v: Matrix, t: Matrix) => {
      const loss = (u: Variable, s: Variable): Variable => spmm(single, s, { values: u }).tanh().sum()
      return [spmm(single, t), ...grad(loss, [0, 1])(v, t), ...(hvp(loss, [v, t], [v, t]) as Variable[])]
    }
    const compiled = compile(f)
    for (let n = 0; n < 3; n++) {
      const [v, t] = [valuesOf(single).mul(n + 1), normal(cols, k).astype(dtype)]
      const eager = f(v, t).map((each) => each.data.slice())
      expect(compiled(v, t).map((each) => each.data.slice())).toEqual(eager)
    }
  })
})

test('empty rows, columns and matrices have gradients of 0', () => {
  const a = SparseMatrix.fromTriplets(4, 3, [[2, 1, 5]], float64)
  const x = variable(normal(3, 2))
  a.matmul(x).sum().backward()
  expect(x.grad?.toArray()).toEqual([
    [0, 0],
    [5, 5],
    [0, 0],
  ])
  for (const [m, n, k] of [
    [0, 3, 2],
    [3, 0, 2],
    [3, 2, 0],
    [2, 3, 4],
  ]) {
    const empty = SparseMatrix.fromTriplets(m, n, [], float64)
    const [value, pullback] = vjp(
      (v: Variable, t: Variable) => spmm(empty, t, { values: v }),
      zeros(0, 1, float64),
      normal(n, k),
    )
    expect(value.value.equals(zeros(m, k))).toBe(true)
    const [byValues, byX] = pullback(normal(m, k))
    expect([byValues.shape, byX.value.equals(zeros(n, k))]).toEqual([[0, 1], true])
  }
})

test.each([1, 2])('10,000 rows and 100,000 entries, with %i threads', (threads) => {
  configure({ threads })
  const n = 10_000
  const triplets = Array.from(generator.integers(100_000, 1, 0, n * n - 1, float64).data, (at, p) => {
    return [Math.floor(at / n), at % n, ((p % 17) - 8) / 8] as const
  })
  const a = SparseMatrix.fromTriplets(n, n, triplets, float64)
  const [x, g] = [normal(n, 8), normal(n, 8)]
  const [value, pullback] = vjp((v: Variable, t: Variable) => spmm(a, t, { values: v }), valuesOf(a), x)
  const [byValues, byX] = pullback(g)
  const of = (s: Sparse, t: Matrix): Float64Array => {
    const out = new Float64Array(s.rows * t.cols)
    for (const [i, j, v] of s.toTriplets())
      for (let c = 0; c < t.cols; c++) out[i * t.cols + c] += v * t.data[j * t.cols + c]
    return out
  }
  const close = (got: Variable, wanted: Float64Array): boolean =>
    wanted.every((each, i) => Math.abs(got.data[i] - each) <= 1e-12 * (1 + Math.abs(each)))
  expect(close(value, of(a, x))).toBe(true)
  expect(close(byX, of(a.T, g))).toBe(true)
  const products = Float64Array.from(a.toTriplets(), ([i, j]) => {
    let sum = 0
    for (let c = 0; c < 8; c++) sum += g.data[i * 8 + c] * x.data[j * 8 + c]
    return sum
  })
  expect(close(byValues, products)).toBe(true)
  gradcheck((v, t) => spmm(a, t, { values: v }), [valuesOf(a), x], { order: 2, mode: 'random' })
})

test('values that change in place are seen by the next product, compiled too', () => {
  const a = SparseMatrix.identity(2, float64)
  const f = compile((t: Matrix) => a.matmul(t))
  const x = matrix([[1], [2]], float64)
  for (const factor of [1, 3, 5]) {
    a.values.fill(factor)
    expect(f(x).toArray()).toEqual([[factor], [2 * factor]])
    expect(a.matmul(x).toArray()).toEqual([[factor], [2 * factor]])
  }
})

test('a result is a variable where x or the values are, in the wider dtype', () => {
  const a = SparseMatrix.identity(2)
  expect(spmm(a, zeros(2, 3))).toBeInstanceOf(Matrix)
  expect(a.matmul(constant(zeros(2, 3))).requiresGrad).toBe(false)
  const v = variable(matrix([[1], [2]], float64))
  const y = spmm(a, zeros(2, 3).add(1), { values: v })
  y.sum().backward()
  expect([y.dtype, v.grad?.toArray()]).toEqual(['float64', [[3], [6 / 2]]])
})

test('errors name what is wrong', () => {
  const a = SparseMatrix.identity(2)
  // biome-ignore lint/suspicious/noExplicitAny: what the types refuse
  const untyped = spmm as any
  for (const [run, type, message] of [
    [() => untyped(zeros(2, 2), zeros(2, 2)), DTypeError, 'spmm: operand 1 is Matrix, wanted a SparseMatrix'],
    [() => untyped(a, 2), DTypeError, 'spmm: operand 2 is 2, wanted a Matrix or a Variable'],
    [() => untyped(a, zeros(3, 2)), ShapeError, 'spmm: left is 2x2, right is 3x2'],
    [() => untyped(a, zeros(2, 2), { values: zeros(1, 2) }), ShapeError, 'spmm: values are 1x2, wanted 2x1'],
    [() => untyped(a, zeros(2, 2), { values: 2 }), DTypeError, 'spmm: values is 2, wanted a Matrix or a Variable'],
    [() => untyped(a, zeros(2, 2), { value: 2 }), DTypeError, 'spmm: got value'],
    [() => untyped(a, zeros(2, 2), {}, 1), DTypeError, 'spmm: got 1 in excess'],
  ] as const) {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
  }
})
