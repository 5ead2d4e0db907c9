import {
  add,
  constant,
  grad,
  gradcheck,
  hessian,
  matmul,
  mul,
  noGrad,
  Variable,
  valueAndGrad,
  variable,
} from '@matgrad/autograd'
import { DTypeError, Generator, MatgradError, type Matrix, matrix, ShapeError } from '@matgrad/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const float64 = { dtype: 'float64' } as const
const row = (...values: number[]): Matrix => matrix([values], float64)
const scalar = (value: number): Matrix => row(value)

describe('grad', () => {
  test('of Σ x² is 2x', () => {
    expect(grad((x: Variable) => x.square().sum())(row(1, -2, 3)).toArray()).toEqual([[2, -4, 6]])
  })

  test('takes matrices and variables alike', () => {
    const f = grad((x: Variable) => x.square().sum())
    for (const x of [row(1, 2), variable(row(1, 2)), constant(row(1, 2))]) expect(f(x).toArray()).toEqual([[2, 4]])
  })

  test('hands f variables, whatever it is given', () => {
    grad((x: Variable, y: Variable) => {
      expect([x, y].every((each) => each instanceof Variable)).toBe(true)
      return x.mul(y)
    })(scalar(1), scalar(2))
  })

  test('leaves the grad of its arguments alone', () => {
    const x = variable(row(1, 2))
    grad((a: Variable) => a.square().sum())(x)
    expect(x.grad).toBeNull()
  })

  test('of what f does not use is 0, in shape and dtype of the argument', () => {
    const [gx, gy] = grad((x: Variable, _y: Variable) => x.sum(), [0, 1])(
      row(1),
      matrix([[1, 2]], { dtype: 'float32' }),
    )
    expect(gx.toArray()).toEqual([[1]])
    expect([gy.toArray(), gy.dtype]).toEqual([[[0, 0]], 'float32'])
    expect(grad((_: Variable) => constant(scalar(3)))(row(1, 2)).toArray()).toEqual([[0, 0]])
  })

  test('of the identity is 1', () => {
    expect(grad((x: Variable) => x)(scalar(5)).item()).toBe(1)
  })
})

describe('argnums', () => {
  const f = (x: Variable, y: Variable, z: Variable): Variable => x.mul(y.square()).mul(z)
  const args = [scalar(2), scalar(3), scalar(5)] as const

  test('absent is the first argument, a number another', () => {
    expect(grad(f)(...args).item()).toBe(45)
    expect(grad(f, 0)(...args).item()).toBe(45)
    expect(grad(f, 1)(...args).item()).toBe(60)
    expect(grad(f, 2)(...args).item()).toBe(18)
  })

  test('a list gives a list in its own order, repetitions included', () => {
    const items = (of: readonly number[]): number[] => grad(f, of)(...args).map((each) => each.item())
    expect(items([0, 1, 2])).toEqual([45, 60, 18])
    expect(items([2, 0])).toEqual([18, 45])
    expect(items([1, 1])).toEqual([60, 60])
    expect(items([1])).toEqual([60])
    expect(items([])).toEqual([])
  })

  test('the same variable in two places is two arguments', () => {
    const x = variable(scalar(3))
    const [first, second] = grad((a: Variable, b: Variable) => a.square().mul(b), [0, 1])(x, x)
    expect([first.item(), second.item()]).toEqual([18, 9])
  })

  test('arguments that are not differentiated may be anything', () => {
    const scaled = (x: Variable, options: { by: number }): Variable => x.mul(options.by)
    expect(grad(scaled)(scalar(2), { by: 7 }).item()).toBe(7)
  })
})

describe('valueAndGrad', () => {
  test('gives both', () => {
    const [value, gradient] = valueAndGrad((x: Variable) => x.square().sum())(row(1, -2, 3))
    expect(value.item()).toBe(14)
    expect(gradient.toArray()).toEqual([[2, -4, 6]])
  })

  test('calls f once', () => {
    let calls = 0
    valueAndGrad((x: Variable) => {
      calls++
      return x.square()
    })(scalar(1))
    expect(calls).toBe(1)
  })

  test('results hold no history when nothing outside requires a gradient', () => {
    const hidden = constant(row(3, 4))
    const [value, gradient] = valueAndGrad((x: Variable) => x.mul(hidden).square().sum())(row(1, 2))
    for (const each of [value, gradient]) expect([each.origin, each.requiresGrad]).toEqual([null, false])
  })

  test('results have a history when a variable that requires a gradient is an argument or is used', () => {
    const outside = variable(row(3, 4))
    for (const results of [
      valueAndGrad((x: Variable) => x.mul(outside).square().sum())(row(1, 2)),
      valueAndGrad((x: Variable) => x.square().sum())(outside),
    ])
      for (const each of results) expect(each.requiresGrad).toBe(true)
  })

  test('the value, too, can be differentiated with respect to what f used', () => {
    const weight = variable(scalar(3))
    const [value] = valueAndGrad((x: Variable) => x.mul(weight))(scalar(5))
    value.backward()
    expect(weight.grad?.item()).toBe(5)
  })
})

describe('higher derivatives', () => {
  test('grad(grad(grad(f))) of x⁵ is 60x²', () => {
    const f = (x: Variable): Variable => x.pow(5)
    expect(grad(f)(scalar(2)).item()).toBeCloseTo(80, 10)
    expect(grad(grad(f))(scalar(2)).item()).toBeCloseTo(160, 10)
    expect(grad(grad(grad(f)))(scalar(2)).item()).toBeCloseTo(240, 10)
    expect(grad(grad(grad(grad(f))))(scalar(2)).item()).toBeCloseTo(240, 10)
    expect(grad(grad(grad(grad(grad(grad(f))))))(scalar(2)).item()).toBe(0)
  })

  test('the eighth derivative of sin is sin, within 1e-15', () => {
    let f = (x: Variable): Variable => x.sin()
    for (let n = 0; n < 8; n++) f = grad(f)
    expect(Math.abs(f(variable(scalar(0.7))).item() - Math.sin(0.7))).toBeLessThan(1e-15)
  })

  test('a mixed derivative: ∂²(x²y³)/∂x∂y = 6xy²', () => {
    const f = (x: Variable, y: Variable): Variable => x.square().mul(y.pow(3))
    const byX = grad(f, 0)
    expect(grad(byX, 1)(scalar(2), scalar(3)).item()).toBeCloseTo(6 * 2 * 9, 12)
    const byY = grad(f, 1)
    expect(grad(byY, 0)(scalar(2), scalar(3)).item()).toBeCloseTo(6 * 2 * 9, 12)
  })

  test('the Hessian of ½xᵀAx is (A + Aᵀ)/2, row by row', () => {
    const a = new Generator('hessian').normal(4, 4, 0, 1, float64)
    const f = (x: Variable): Variable => matmul(matmul(x.T, a), x).mul(0.5)
    const hessianRow = (i: number): Variable =>
      grad((x: Variable) => grad(f)(x).row(i))(row(1, 2, 3, 4).T).T as Variable
    const expected = a.add(a.T).mul(0.5)
    for (let i = 0; i < 4; i++) expect(hessianRow(i).value.allClose(expected.row(i), { rtol: 1e-14 })).toBe(true)
  })

  test('perturbation confusion: d/dx (x · d/dy (x + y)) is 1, not 2', () => {
    const inner = (x: Variable): Variable => grad((y: Variable) => x.add(y))(scalar(1))
    expect(grad((x: Variable) => x.mul(inner(x)))(scalar(1)).item()).toBe(1)
  })

  test('perturbation confusion: d/dx of (d/dy (x·y) at y = x) is 1', () => {
    const f = (x: Variable): Variable => grad((y: Variable) => mul(x, y))(x)
    expect(f(variable(scalar(3))).item()).toBe(3)
    expect(grad(f)(scalar(3)).item()).toBe(1)
  })

  test('perturbation confusion: d/dx (x · d/dy (x·y²) at y = x) is 6x²', () => {
    const f = (x: Variable): Variable => x.mul(grad((y: Variable) => x.mul(y.square()))(x))
    expect(grad(f)(scalar(5)).item()).toBe(150)
  })

  test('the inner argument is told apart from the same variable in the closure', () => {
    const x = variable(scalar(3))
    const gradient = grad((y: Variable) => y.mul(x))(x)
    expect(gradient.item()).toBe(3)
    gradient.backward()
    expect(x.grad?.item()).toBe(1)
  })

  test('gradcheck of a function that takes a gradient, order 2', () => {
    const inner = (x: Variable): Variable => grad((y: Variable) => y.exp().mul(x).sum())(x.sin())
    gradcheck(inner, [row(0.3, -0.8)], { order: 2 })
  })
})

describe('a gradient is a value that can be differentiated further', () => {
  test('gradient penalty: backward through grad gives ∂/∂w Σ (∂/∂x tanh(x·w))²', () => {
    const generator = new Generator('penalty')
    const [x, w] = [generator.normal(3, 4, 0, 1, float64), variable(generator.normal(4, 1, 0, 1, float64))]
    const penalty = (weight: Variable): Variable =>
      grad((input: Variable) => matmul(input, weight).tanh().sum())(x)
        .square()
        .sum()
    penalty(w).backward()
    gradcheck(penalty, [w], { order: 2 })
    expect(w.grad?.equals(grad(penalty)(w.value).value)).toBe(true)
    expect(w.grad?.abs().sum().item()).toBeGreaterThan(0.1)
  })

  test('gradient penalty: with L = (wx)², ∂/∂w (∂L/∂x)² = 16w³x²', () => {
    const w = variable(scalar(2))
    grad((x: Variable) => x.mul(w).square())(scalar(3))
      .square()
      .backward()
    expect(w.grad?.item()).toBe(16 * 8 * 9)
  })

  test('a gradient with respect to a variable can be followed back to it', () => {
    const x = variable(scalar(2))
    grad((y: Variable) => y.pow(3))(x).backward()
    expect(x.grad?.item()).toBeCloseTo(12, 14)
  })

  test('backward inside f stops at the argument', () => {
    const x = variable(scalar(2))
    const y = grad((z: Variable) => z.square())(x.mul(3))
    y.backward()
    expect(x.grad?.item()).toBe(6)
  })
})

describe('noGrad', () => {
  test('around grad: the gradient is right and holds no history', () => {
    const w = variable(scalar(2))
    const gradient = noGrad(() => grad((x: Variable) => x.mul(w).square())(scalar(3)))
    expect(gradient.item()).toBe(24)
    expect([gradient.origin, gradient.requiresGrad]).toEqual([null, false])
    const [value] = noGrad(() => valueAndGrad((x: Variable) => x.mul(w).square())(scalar(3)))
    expect([value.item(), value.origin, value.requiresGrad]).toEqual([36, null, false])
  })

  test('around grad of grad: the second derivative is right, too', () => {
    expect(noGrad(() => grad(grad((x: Variable) => x.pow(3)))(scalar(2))).item()).toBeCloseTo(12, 14)
  })

  test('inside f cuts what it covers', () => {
    const f = (x: Variable): Variable => x.mul(noGrad(() => x.square()))
    expect(grad(f)(scalar(3)).item()).toBe(9)
  })

  test('inside f around a grad makes that gradient a constant', () => {
    const f = (x: Variable): Variable => x.mul(noGrad(() => grad((y: Variable) => y.square())(x)))
    expect(grad(f)(scalar(3)).item()).toBe(6)
  })

  test('comes back when f throws', () => {
    const w = variable(scalar(2))
    noGrad(() => {
      expect(() =>
        grad((_: Variable): Variable => {
          throw new RangeError('in f')
        })(scalar(3)),
      ).toThrow(new RangeError('in f'))
      expect(w.square().requiresGrad).toBe(false)
    })
    expect(w.square().requiresGrad).toBe(true)
  })
})

describe('errors', () => {
  const loose = grad as unknown as (f: unknown, argnums?: unknown) => (...args: unknown[]) => unknown
  const square = (x: Variable): Variable => x.square()

  test.each([
    [
      'a value that is not 1x1',
      () => loose(square)(row(1, 2)),
      ShapeError,
      'grad: the value is 1x2, wanted 1x1, as sum() or mean() gives; `jacobian` differentiates all elements',
    ],
    ['a number', () => loose(square)(2), DTypeError, 'grad: argument 0 is 2, wanted a Variable or a Matrix'],
    ['a string', () => loose(square)('x'), DTypeError, 'grad: argument 0 is "x", wanted a Variable or a Matrix'],
    ['null', () => loose(square)(null), DTypeError, 'grad: argument 0 is null, wanted a Variable or a Matrix'],
    [
      'an object in the second place',
      () => loose(square, [0, 1])(scalar(1), {}),
      DTypeError,
      'grad: argument 1 is Object, wanted a Variable or a Matrix',
    ],
    ['f giving a number', () => loose(() => 2)(scalar(1)), DTypeError, 'grad: f gave 2, wanted a Variable'],
    [
      'f giving a matrix',
      () => loose(() => scalar(1))(scalar(1)),
      DTypeError,
      'grad: f gave Matrix, wanted a Variable',
    ],
    ['f giving nothing', () => loose(() => {})(scalar(1)), DTypeError, 'grad: f gave undefined, wanted a Variable'],
    ['no arguments', () => loose(square)(), MatgradError, 'grad: argnums has 0, wanted whole numbers below 0'],
    [
      'argnums 1 of 1',
      () => loose(square, 1)(scalar(1)),
      MatgradError,
      'grad: argnums has 1, wanted whole numbers below 1',
    ],
    [
      'argnums −1',
      () => loose(square, -1)(scalar(1)),
      MatgradError,
      'grad: argnums has -1, wanted whole numbers below 1',
    ],
    [
      'argnums ½',
      () => loose(square, [0.5])(scalar(1)),
      MatgradError,
      'grad: argnums has 0.5, wanted whole numbers below 1',
    ],
    [
      'argnums "0"',
      () => loose(square, ['0'])(scalar(1)),
      MatgradError,
      'grad: argnums has "0", wanted whole numbers below 1',
    ],
    ['f a string', () => loose('f')(scalar(1)), DTypeError, 'grad: f is "f", wanted a function'],
    ['no f', () => loose(undefined)(scalar(1)), DTypeError, 'grad: f is undefined, wanted a function'],
  ])('%s', (_, run, type, message) => {
    expect(run).toThrow(new type(message))
    expect(variable(scalar(1)).square().requiresGrad).toBe(true)
  })
})

/** A smooth expression of the 2x2 matrices x and y, with the text that rebuilds it. */
interface Expression {
  readonly text: string
  readonly f: (x: Variable, y: Variable) => Variable
}

const UNARY: Record<string, (a: Variable) => Variable> = {
  sin: (a) => a.sin(),
  tanh: (a) => a.tanh(),
  sigmoid: (a) => a.sigmoid(),
  softplus: (a) => a.softplus(),
  gelu: (a) => a.gelu(),
  erf: (a) => a.erf(),
  softmax: (a) => a.softmax(1),
  'exp∘tanh': (a) => a.tanh().exp(),
  'log1p∘square': (a) => a.square().log1p(),
  transpose: (a) => a.T as Variable,
  'Σ down': (a) => a.sum(0),
  'mean along': (a) => a.mean(1).broadcastTo(2, 2),
  cumsum: (a) => a.cumsum(0).tanh(),
}

const BINARY: Record<string, (a: Variable, b: Variable) => Variable> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.tanh().mul(b),
  div: (a, b) => a.div(b.sigmoid().add(0.5)),
  matmul: (a, b) => matmul(a.broadcastTo(2, 2).tanh(), b.broadcastTo(2, 2)),
  concat: (a, b) => a.mul(b.slice(0, 1)).add(b),
}

const { expression } = fc.letrec<{ expression: Expression; leaf: Expression; one: Expression; two: Expression }>(
  (tie) => ({
    expression: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('one'), tie('two')),
    leaf: fc.constantFrom<Expression>(
      { text: 'x', f: (x) => x },
      { text: 'y', f: (_x, y) => y },
      { text: '0.7', f: (x) => x.mul(0).add(0.7) },
    ),
    one: fc.tuple(fc.constantFrom(...Object.keys(UNARY)), tie('expression')).map(([name, a]) => ({
      text: `${name}(${a.text})`,
      f: (x, y) => UNARY[name](a.f(x, y)).broadcastTo(2, 2),
    })),
    two: fc
      .tuple(fc.constantFrom(...Object.keys(BINARY)), tie('expression'), tie('expression'))
      .map(([name, a, b]) => ({
        text: `${name}(${a.text}, ${b.text})`,
        f: (x, y) => BINARY[name](a.f(x, y), b.f(x, y)),
      })),
  }),
)

const printed = expression.map((each) => Object.assign(each, { [fc.toStringMethod]: () => each.text }))
const point = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 })
  .map((values) => matrix(Float64Array.from(values), 2, 2))

type Pair = readonly [Matrix, Matrix]
const gradientsOf = (f: Expression['f'], [x, y]: Pair): Matrix[] =>
  grad((a: Variable, b: Variable) => f(a, b).sum(), [0, 1])(x, y).map(({ value }) => value)

/** Whether a and b agree within `bound` times the largest element of b, or 1. */
const agree = (a: Matrix, b: Matrix, bound: number): boolean =>
  a.sub(b).abs().max().item() <= bound * Math.max(1, b.abs().max().item())

const SEED = { seed: 20_240_607, numRuns: 100 }

describe('for random expressions', () => {
  test('they are not trivial: most combine operations, and all operations occur', () => {
    const texts = fc.sample(expression, { ...SEED, numRuns: 1000 }).map(({ text }) => text)
    expect(texts.filter((text) => text.split('(').length > 3).length).toBeGreaterThan(200)
    for (const name of [...Object.keys(UNARY), ...Object.keys(BINARY)])
      expect(
        texts.some((text) => text.includes(`${name}(`)),
        name,
      ).toBe(true)
  })

  test('the tape agrees with differences within 1e-6, orders 1 and 2', () => {
    fc.assert(
      fc.property(printed, point, point, ({ f }, x, y) => gradcheck(f, [x, y], { order: 2 })),
      { ...SEED, numRuns: 60 },
    )
  })

  test('linearity: ∇(αf + βg) = α∇f + β∇g within 1e-13', () => {
    const factor = fc.double({ min: -3, max: 3, noNaN: true })
    fc.assert(
      fc.property(printed, printed, factor, factor, point, point, (f, g, alpha, beta, x, y) => {
        const sum = gradientsOf((a, b) => f.f(a, b).mul(alpha).add(g.f(a, b).mul(beta)), [x, y])
        const [ofF, ofG] = [gradientsOf(f.f, [x, y]), gradientsOf(g.f, [x, y])]
        return sum.every((each, i) => agree(each, ofF[i].mul(alpha).add(ofG[i].mul(beta)), 1e-13))
      }),
      SEED,
    )
  })

  test('product rule: ∇(f·g) = g·∇f + f·∇g for 1x1 f and g, within 1e-13', () => {
    fc.assert(
      fc.property(printed, printed, point, point, (f, g, x, y) => {
        const [one, other] = [f, g].map(
          ({ f: matrixValued }): Expression['f'] =>
            (a, b) =>
              matrixValued(a, b).mean(),
        )
        const product = gradientsOf((a, b) => one(a, b).mul(other(a, b)), [x, y])
        const [ofOne, ofOther] = [gradientsOf(one, [x, y]), gradientsOf(other, [x, y])]
        const [u, v] = [one, other].map((each) => each(constant(x), constant(y)).value)
        return product.every((each, i) => agree(each, ofOne[i].mul(v).add(ofOther[i].mul(u)), 1e-13))
      }),
      SEED,
    )
  })

  test('chain rule: ∇(g∘f) is the pullback of ∇g at f(x, y) through f, within 1e-13', () => {
    fc.assert(
      fc.property(printed, printed, point, point, (f, g, x, y) => {
        const whole = gradientsOf((a, b) => g.f(f.f(a, b), b.detach()), [x, y])
        const middle = f.f(constant(x), constant(y)).value
        const [outer] = gradientsOf(g.f, [middle, y])
        const pulled = gradientsOf((a, b) => add(f.f(a, b).mul(outer), 0), [x, y])
        return whole.every((each, i) => agree(each, pulled[i], 1e-13))
      }),
      SEED,
    )
  })

  test('second derivatives commute: ∂/∂y of 1ᵀ·∂f/∂x·u is ∂/∂x of … within 1e-12', () => {
    const u = matrix(Float64Array.of(0.3, -1.1, 0.8, 0.5), 2, 2)
    const v = matrix(Float64Array.of(-0.4, 0.9, 1.2, -0.7), 2, 2)
    fc.assert(
      fc.property(printed, point, point, ({ f }, x, y) => {
        const total = (a: Variable, b: Variable): Variable => f(a, b).sum()
        const alongX = (a: Variable, b: Variable): Variable => grad(total, 0)(a, b).mul(u).sum()
        const alongY = (a: Variable, b: Variable): Variable => grad(total, 1)(a, b).mul(v).sum()
        const [xy, yx] = [grad(alongX, 1)(x, y).mul(v).sum(), grad(alongY, 0)(x, y).mul(u).sum()]
        return agree(xy.value, yx.value, 1e-12)
      }),
      SEED,
    )
  })
})

describe('f that computes with a variable it was called with, and not with its parameter,', () => {
  const v = variable(matrix([[1, 2]], float64))
  const wanted = 'f computes with'
  test('is refused by hessian, and by a gradient in a gradient', () => {
    expect(() => hessian(() => v.square().sum(), v)).toThrow(`hessian: ${wanted} x itself`)
    const inner = (x: Variable): Variable => grad((_: Variable) => v.square().sum())(x).sum()
    expect(() => grad(inner)(v)).toThrow(`grad: ${wanted}`)
  })

  test('but not where it is a constant beside the parameter', () => {
    expect(hessian((x) => x.mul(v).square().sum(), v).value.toArray()).toEqual([
      [2, 0],
      [0, 8],
    ])
  })
})
