// Products of matrices in programs, where small ones are loops with what follows on their sums: exact.

import { compile } from '@matgrad/autograd'
import { type DType, Generator, type Matrix, where, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { identical } from './random-programs.ts'

const DTYPES: readonly DType[] = ['float32', 'float64']
const SIDES = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })))

/** A matrix with zeros of both signs, infinities and NaN among its numbers where `special`. */
function draw(generator: Generator, rows: number, cols: number, dtype: DType, special = false): Matrix {
  const a = generator.normal(rows, cols, 0, 1, { dtype })
  if (!special) return a
  const kind = generator.uniform(rows, cols, 0, 1, { dtype })
  const specials = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
  return specials.reduce(
    (all, each, i) => where(kind.less(0.04 * (i + 1)).mul(kind.greaterEqual(0.04 * i)), each, all),
    a,
  )
}

/**
 * Compares what a function gives compiled, in the call that traces it and in the next, which may have special numbers,
 * with what it gives.
 */
function expectSame(
  f: (...inputs: Matrix[]) => Matrix[],
  draws: (special: boolean) => Matrix[],
  names: (i: number) => string,
): void {
  const compiled = compile(f)
  for (let call = 0; call < 2; call++) {
    const inputs = draws(call === 1)
    const got = compiled(...inputs)
    for (const [i, each] of f(...inputs).entries())
      if (!identical(got[i], each)) expect.fail(`${names(i)}, call ${call}: got ${got[i]}, wanted ${each}`)
  }
}

const sidesOf = ({ transposeA, transposeB }: (typeof SIDES)[number]): string =>
  `${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'}`

const cases = DTYPES.flatMap((dtype) => SIDES.map((sides) => ({ name: `${dtype}, ${sidesOf(sides)}`, dtype, sides })))

describe.each(cases)('$name', ({ dtype, sides }) => {
  const operands = (generator: Generator, m: number, n: number, k: number, special: boolean): Matrix[] => [
    sides.transposeA ? draw(generator, k, m, dtype, special) : draw(generator, m, k, dtype, special),
    sides.transposeB ? draw(generator, n, k, dtype, special) : draw(generator, k, n, dtype, special),
  ]

  test('products of all shapes of tiles', () => {
    const generator = new Generator('shapes')
    const shapes = [1, 2, 3, 4, 5, 9].flatMap((m) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 33].flatMap((n) => [1, 2, 3, 4, 5, 6, 13].map((k) => [m, n, k] as const)),
    )
    const f = (...inputs: Matrix[]): Matrix[] => shapes.map((_, i) => inputs[2 * i].matmul(inputs[2 * i + 1], sides))
    const draws = (special: boolean): Matrix[] => shapes.flatMap(([m, n, k]) => operands(generator, m, n, k, special))
    expectSame(f, draws, (i) => shapes[i].join('x'))
  })

  test.each([
    [5, 7, 3],
    [8, 16, 9],
    [3, 4, 20],
    [1, 9, 6],
    [2, 33, 5],
    [9, 1, 4],
    [70, 70, 70],
  ])('what follows on the sums of %i x %i, %i terms', (m, n, k) => {
    const generator = new Generator(`${m} ${n} ${k}`)
    const f = (a: Matrix, b: Matrix, row: Matrix, column: Matrix, y: Matrix): Matrix[] => {
      const product = (): Matrix => a.matmul(b, sides)
      const kept = product()
      const twice = product()
      return [
        product().add(row),
        product().add(row).relu(),
        product().relu(),
        row.sub(product()),
        product().add(column).mul(2).clip(-1, 1),
        where(y.greater(0), product(), 0),
        where(y, product(), y),
        product().mul(y.square().neg().add(1)),
        ...[kept, kept.add(row), kept.add(column).abs().sqrt()],
        twice.add(twice).add(y),
        product().sum(0),
        ...(m === k && !sides.transposeA ? [product().add(a)] : []),
      ]
    }
    const draws = (special: boolean): Matrix[] => [
      ...operands(generator, m, n, k, special),
      ...[draw(generator, 1, n, dtype), draw(generator, m, 1, dtype), draw(generator, m, n, dtype, special)],
    ]
    expectSame(f, draws, (i) => `result ${i}`)
  })

  test.each([
    [64, 64, 64],
    [64, 65, 64],
    [3, 2, 256],
    [3, 2, 257],
    [3, 0, 4],
    [0, 3, 4],
    [3, 4, 0],
  ])('%i x %i, %i terms, where loops end', (m, n, k) => {
    const generator = new Generator(`ends ${m} ${n} ${k}`)
    const f = (a: Matrix, b: Matrix, row: Matrix): Matrix[] => [a.matmul(b, sides).add(row).relu()]
    expectSame(
      f,
      () => [...operands(generator, m, n, k, false), draw(generator, 1, n, dtype)],
      () => 'it',
    )
  })
})

test('a small product and what follows are one operation of the program, a large one ends in its bias and relu', () => {
  const layer = compile((x: Matrix, w: Matrix, b: Matrix) => x.matmul(w, { transposeB: true }).add(b).relu())
  layer(zeros(4, 3), zeros(5, 3), zeros(1, 5))
  expect(layer.program()).toContain('1 operations, 160 flops\n  matmul add relu 4x3, 5x3, 1x5 → 4x5')
  layer(zeros(70, 70), zeros(70, 70), zeros(1, 70))
  expect(layer.program()).toContain('1 operations, 686000 flops\n  affine 70x70, 70x70, 1x70 → 70x70')
})

test('a product of a matrix that its result replaces', () => {
  const generator = new Generator('replaced')
  const [w, v] = [draw(generator, 9, 9, 'float32'), draw(generator, 9, 9, 'float32')]
  const [eager, other] = [
    [w.clone(), v.clone()],
    [w.clone(), v.clone()],
  ]
  const step = ([w, v]: Matrix[], p: Matrix): Matrix => {
    w.assign(w.matmul(p).add(1))
    v.assign(p.matmul(v, { transposeB: true }).tanh())
    return w.sum()
  }
  const compiled = compile((p: Matrix) => step(other, p))
  for (let call = 0; call < 4; call++) {
    const p = draw(generator, 9, 9, 'float32')
    const sum = step(eager, p)
    expect(identical(compiled(p), sum)).toBe(true)
    for (const [i, each] of eager.entries()) expect(identical(other[i], each)).toBe(true)
  }
})

test('a product lies beside the operand that is needed for the last time', () => {
  const generator = new Generator('chain')
  const f = (x: Matrix, a: Matrix, b: Matrix): Matrix[] => [
    x.matmul(a).matmul(b).matmul(x).add(1).matmul(x, { transposeB: true }).relu(),
  ]
  expectSame(
    f,
    () => [1, 2, 3].map(() => draw(generator, 8, 8, 'float64')),
    () => 'it',
  )
})
