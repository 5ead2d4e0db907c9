// vjp, jvp, hvp, jacobian and hessian: against PyTorch, against one another, and on arrays and objects.

import {
  compile,
  constant,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  noGrad,
  type Variable,
  valueAndGrad,
  variable,
  vjp,
} from '@matgrad/autograd'
import { DTypeError, Generator, MatgradError, Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { rows } from './rows.ts'

const float64 = { dtype: 'float64' } as const
const row = (...values: number[]): Matrix => matrix([values], float64)

interface Stored {
  readonly rows: number
  readonly cols: number
  readonly data: readonly number[]
}

interface Fixture {
  readonly name: string
  readonly inputs: readonly Stored[]
  readonly cotangent: Stored
  readonly tangents: readonly Stored[]
  readonly value: Stored
  readonly vjp: readonly Stored[]
  readonly jvp: Stored
  readonly jacobian: readonly Stored[]
  readonly hessian: readonly (readonly Stored[])[]
  readonly products: readonly (readonly [vectors: readonly Stored[], result: readonly Stored[]])[]
}

const toMatrix = ({ rows, cols, data }: Stored): Matrix => new Matrix(Float64Array.from(data), rows, cols)

/** Each element within `bound` of itself or, where terms cancel, of a hundredth of the largest or of `least`. */
function expectClose(got: Variable | Matrix, wanted: Matrix, bound = 1e-12, least = 1e-12): void {
  expect(got.shape).toEqual(wanted.shape)
  const largest = Math.max(...wanted.data.map(Math.abs), least)
  for (const [i, each] of wanted.data.entries())
    if (!(Math.abs(got.data[i] - each) <= bound * Math.max(Math.abs(each), largest / 100)))
      expect.fail(`element ${i} is ${got.data[i]}, wanted ${each}`)
}

type Program = (...args: Variable[]) => Variable

const PROGRAMS: Readonly<Record<string, Program>> = {
  mlp: (x, w1, b1, w2, b2) => x.matmul(w1).add(b1).tanh().matmul(w2).add(b2),
  recurrence(start, w, b) {
    let h = start
    for (let i = 0; i < 12; i++) h = h.matmul(w).add(b).tanh()
    return h
  },
  attention: (q, k, v) => q.matmul(k, { transposeB: true }).softmax(1).matmul(v),
  rational: (x, y, z) =>
    x
      .mul(y)
      .div(z.square().add(1))
      .add(x.mul(x).neg().exp().mul(y.mul(z).sin().add(2).log())),
}

const total =
  (f: Program): Program =>
  (...args) =>
    f(...args)
      .sin()
      .sum()

/** f of one list. */
const listed =
  (f: Program) =>
  (args: Variable[]): Variable =>
    f(...args)

describe("PyTorch's torch.autograd.functional within 1e-12", async () => {
  const fixtures = await readJson<Fixture[]>('autograd/transforms.json')

  describe.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', (name, fixture) => {
    const f = PROGRAMS[name]
    const inputs = fixture.inputs.map(toMatrix)
    const tangents = fixture.tangents.map(toMatrix)
    const all = (got: readonly (Variable | Matrix)[], wanted: readonly Stored[]): void => {
      expect(got.length).toBe(wanted.length)
      for (const [i, each] of wanted.entries()) expectClose(got[i], toMatrix(each))
    }

    test.each([
      ['eager', <T>(run: T): T => run],
      ['compiled', <T>(run: T): T => compile(run as never) as T],
    ])('%s: vjp and jvp', (_, way) => {
      const back = way((xs: Matrix[], g: Matrix) => {
        const [value, pullback] = vjp(f, ...xs)
        return { value, cotangents: pullback(g) as Variable[] }
      })
      const forth = way((xs: Matrix[], ts: Matrix[]) => jvp(f, xs, ts))
      for (let n = 0; n < 2; n++) {
        const { value, cotangents } = back(inputs, toMatrix(fixture.cotangent))
        all([value], [fixture.value])
        all(cotangents, fixture.vjp)
        all(forth(inputs, tangents), [fixture.value, fixture.jvp])
      }
    })

    test.each([
      ['eager', <T>(run: T): T => run],
      ['compiled', <T>(run: T): T => compile(run as never) as T],
    ])('%s: 5 products with the Hessian', (_, way) => {
      const product = way((xs: Matrix[], vs: Matrix[]) => hvp(total(f), xs, vs) as Variable[])
      for (const [vectors, result] of fixture.products) all(product(inputs, vectors.map(toMatrix)), result)
    })

    test('jacobian and hessian', () => {
      all(jacobian(listed(f), inputs), fixture.jacobian)
      for (const [i, blocks] of hessian(listed(total(f)), inputs).entries()) all(blocks, fixture.hessian[i])
    })

    test('jacobian by columns, where they are fewer', () => {
      for (const [i, x] of inputs.entries()) {
        const of = (t: Variable): Variable => {
          const args = inputs.map(constant)
          args[i] = t
          return f(...args).matmul(constant(zeros(fixture.value.cols, 50, float64).add(1)))
        }
        const wide = jacobian(of, x)
        const narrow = toMatrix(fixture.jacobian[i])
        expect(wide.shape).toEqual([fixture.value.rows * 50, x.size])
        const { cols } = fixture.value
        const summed = Array.from({ length: fixture.value.rows }, (_, r) =>
          narrow.slice(r * cols, (r + 1) * cols).sum(0),
        )
        for (const [r, wanted] of summed.entries()) {
          expectClose(wide.slice(50 * r, 50 * r + 1), wanted)
          expectClose(wide.slice(50 * r + 49, 50 * r + 50), wanted)
        }
      }
    })
  })
})

const numbersOf = ({ data }: Variable | Matrix): number[] => Array.from(data)

const dot = (a: readonly (Variable | Matrix)[], b: readonly (Variable | Matrix)[]): number =>
  a.reduce((sum, each, i) => sum + numbersOf(each).reduce((part, x, at) => part + x * b[i].data[at], 0), 0)

describe.each(rows.map(({ name, cases }) => [name, cases] as const))('%s', (name, cases) => {
  const generator = new Generator(name)
  const like = ({ rows: m, cols: n }: Variable | Matrix): Matrix => generator.normal(m, n, 0, 1, float64)

  test('⟨g, jvp(t)⟩ = ⟨vjp(g), t⟩ within 1e-10, jacobian gives both', () => {
    for (const { f, args } of cases) {
      const tangents = args.map(like)
      const [value, pullback] = vjp(f, ...args)
      const g = like(value)
      const [same, tangent] = jvp(f, args, tangents)
      expect(same.value.equals(value.value) || numbersOf(value).some(Number.isNaN)).toBe(true)
      const [forward, back] = [dot([g], [tangent]), dot(pullback(g) as Variable[], tangents)]
      const size = 1 + Math.abs(forward) + numbersOf(g).reduce((sum, x, i) => sum + Math.abs(x * tangent.data[i]), 0)
      expect(Math.abs(forward - back)).toBeLessThanOrEqual(1e-10 * size)
      const blocks = jacobian(listed(f), [...args])
      const column = blocks
        .map((block, i) => block.matmul(tangents[i].reshape(args[i].size, 1)))
        .reduce((sum, each) => sum.add(each))
      expectClose(column.reshape(value.rows, value.cols), tangent.value, 1e-10, 1)
    }
  })

  test('hvp is the Hessian times the vector within 1e-9, and its product of two vectors is symmetric', () => {
    for (const { f, args } of cases) {
      const curved = (...xs: Variable[]): Variable =>
        f(...xs)
          .sin()
          .sum()
      const [v, w] = [args.map(like), args.map(like)]
      const [hv, hw] = [hvp(curved, args, v) as Variable[], hvp(curved, args, w) as Variable[]]
      const blocks = hessian(listed(curved), [...args])
      const [left, right] = [dot(hv, w), dot(hw, v)]
      expect(Math.abs(left - right)).toBeLessThanOrEqual(
        1e-9 * (1 + Math.abs(left) + Math.sqrt(dot(hv, hv) * dot(w, w))),
      )
      for (const [i, line] of blocks.entries()) {
        const product = line
          .map((block, j) => block.matmul(v[j].reshape(v[j].size, 1)))
          .reduce((sum, each) => sum.add(each))
        const norm = 1 + Math.sqrt(dot([hv[i]], [hv[i]])) + Math.sqrt(dot(line, line) * dot(v, v))
        const difference = product.reshape(args[i].rows, args[i].cols).sub(hv[i])
        expect(Math.sqrt(dot([difference], [difference]))).toBeLessThanOrEqual(1e-9 * norm)
      }
    }
  })
})

describe('one within another', () => {
  const f = (x: Variable): Variable => x.pow(4).add(x.prod()).sum()
  const x = row(0.5, -1.5, 2)
  const v = row(1, 0.25, -3)
  const h = hessian(f, x)
  const hv = h.matmul(v.T).T

  test('jvp of grad, grad of jvp and grad of vjp are hvp', () => {
    expectClose((hvp(f, [x], [v]) as Variable[])[0], hv.value)
    expectClose(jvp(grad(f), [x], [v])[1], hv.value)
    expectClose(grad((t: Variable) => jvp(f, [t], [v])[1])(x), hv.value)
    const slope = (t: Variable): Variable => {
      const [, pullback] = vjp(f, t)
      return pullback(row(1))[0].mul(v).sum()
    }
    expectClose(grad(slope)(x), hv.value)
    expectClose(vjp((t) => vjp(f, t)[1]()[0], x)[1](v)[0], hv.value)
    expectClose(jacobian(grad(f), x), h.value)
    expectClose(
      jacobian((t: Variable) => jacobian(f, t), x),
      h.value,
    )
  })

  test('third derivatives: along three vectors, and a gradient of a product with the Hessian', () => {
    const cube = (t: Variable): Variable => t.pow(3).sum()
    const along = (g: (t: Variable) => Variable) => (t: Variable) => jvp(g, [t], [v])[1]
    expectClose(along(along(along(cube)))(constant(x)), v.pow(3).sum().mul(6))
    const form = (t: Variable): Variable => (hvp(cube, [t], [v]) as Variable[])[0].mul(v).sum()
    expectClose(grad(form)(x), v.square().mul(6))
    expectClose(
      hessian((t: Variable) => hessian(cube, t).mul(2).sum(), x),
      zeros(3, 3, float64),
    )
  })

  test('perturbations of different levels are told apart', () => {
    // d/dx x·(d/dy (x + y)) = 1, where x and y are perturbed at once.
    const outer = (a: Variable): Variable => a.mul(jvp((b) => a.add(b), [row(1)], [row(1)])[1])
    expect(jvp(outer, [row(3)], [row(1)])[1].item()).toBe(1)
    expect(grad(outer)(row(3)).item()).toBe(1)
  })

  test('inside and around compiled functions, in the same bits', () => {
    const eager = [hessian(f, x), jacobian((t) => t.outer(t), x), ...(hvp(f, [x], [v]) as Variable[])]
    const inside = compile((t: Matrix, u: Matrix) => [
      hessian(f, t),
      jacobian((s) => s.outer(s), t),
      ...(hvp(f, [t], [u]) as Variable[]),
    ])
    const around = compile(f as (t: Variable) => Variable)
    around(constant(x))
    for (let n = 0; n < 3; n++) {
      for (const [i, each] of inside(x, v).entries()) expect(each.value.equals(eager[i].value)).toBe(true)
      expect(hessian(around, x).value.equals(eager[0].value)).toBe(true)
      expect((hvp(around, [x], [v]) as Variable[])[0].value.equals(eager[2].value)).toBe(true)
      expect(jvp(grad(around), [x], [v])[1].value.equals(jvp(grad(f), [x], [v])[1].value)).toBe(true)
    }
  })

  test('a compiled function that looks at what it differentiates with respect to behind its arguments is an error', () => {
    let hidden = constant(x)
    const around = compile(() => hidden.square().sum())
    const of = (t: Variable): Variable => {
      hidden = t
      return around()
    }
    for (const run of [() => jvp(of, [x], [v]), () => hvp(of, [x], [v]), () => vjp(of, x)[1](), () => hessian(of, x)])
      expect(run).toThrow('was given by a compiled function, which has no history')
  })
})

describe('arrays and objects', () => {
  const parameters = { w: row(1, 2), layers: [{ b: row(3) }, { b: row(-1) }] }
  const f = (p: { w: Variable; layers: { b: Variable }[] }, x: Variable): Variable =>
    p.w.mul(x).sum().mul(p.layers[0].b).add(p.layers[1].b.square())
  const x = row(5, 7)
  /** The values in a tree. */
  const plain = (tree: unknown): unknown => JSON.parse(JSON.stringify(tree), (_, each) => each?.data ?? each)

  test('grad and valueAndGrad give the structure of the argument', () => {
    expect(plain(grad(f)(parameters, x))).toEqual({ w: [15, 21], layers: [{ b: [19] }, { b: [-2] }] })
    const [value, [p, slope]] = valueAndGrad(f, [0, 1])(parameters, x)
    expect([value.item(), plain(p), plain(slope)]).toEqual([
      58,
      { w: [15, 21], layers: [{ b: [19] }, { b: [-2] }] },
      [3, 6],
    ])
  })

  test('an argument that is not differentiated is one of variables, too', () => {
    const [, gradient] = valueAndGrad(f, 1)(parameters, x)
    expect(plain(gradient)).toEqual([3, 6])
    const options = { scale: 2 }
    grad((t: Variable, given: { scale: number }) => {
      expect(given).toBe(options)
      return t.mul(given.scale).sum()
    })(x, options)
  })

  test('vjp, jvp and hvp take and give them', () => {
    const g = (p: typeof of, t: Variable) => ({ product: p.a.mul(t), rest: [p.b] })
    const of = { a: constant(row(2, 3)), b: constant(row(4)) }
    const [value, pullback] = vjp(g, of, x)
    expect(plain(value)).toEqual({ product: [10, 21], rest: [[4]] })
    const cotangent = { rest: [row(1)], product: row(1, 10) }
    expect(plain(pullback(cotangent))).toEqual([{ a: [5, 70], b: [1] }, [2, 30]])
    const [, tangent] = jvp(g, [of, x], [{ b: row(9), a: row(1, 1) }, row(0, 1)])
    expect(plain(tangent)).toEqual({ product: [5, 7 + 3], rest: [[9]] })
    const quadratic = (p: typeof of): Variable => p.a.square().sum().mul(p.b)
    expect(plain(hvp(quadratic, [of], [{ a: row(1, 0), b: row(1) }]))).toEqual([{ a: [2 * 4 + 4, 6], b: [4] }])
  })

  test('jacobian and hessian are objects of matrices, rows of them where f gives an object', () => {
    const of = { a: row(2, 3), b: row(4) }
    const g = (p: { a: Variable; b: Variable }) => ({ scaled: p.a.mul(p.b), b: p.b })
    expect(plain(jacobian(g, of))).toEqual({
      scaled: { a: [4, 0, 0, 4], b: [2, 3] },
      b: { a: [0, 0], b: [1] },
    })
    const { a, b } = hessian((p: { a: Variable; b: Variable }) => p.a.square().sum().mul(p.b), of)
    expect(plain({ a, b })).toEqual({ a: { a: [8, 0, 0, 8], b: [4, 6] }, b: { a: [4, 6], b: [0] } })
    expect([a.a.shape, a.b.shape, b.a.shape]).toEqual([
      [2, 2],
      [2, 1],
      [1, 2],
    ])
  })

  test('compile takes and gives them', () => {
    const step = compile((p: typeof parameters, t: Matrix) => grad(f)(p, t))
    for (let n = 0; n < 3; n++) expect(plain(step(parameters, x))).toEqual(plain(grad(f)(parameters, x)))
  })

  test('the same variable in two places is two arguments', () => {
    const a = variable(row(3))
    expect(plain(grad((p: { a: Variable; b: Variable }) => p.a.mul(p.b).mul(p.b))({ a, b: a }))).toEqual({
      a: [9],
      b: [18],
    })
    expect(a.grad).toBeNull()
  })
})

test('shapes: a Jacobian is counted row by row, of empty matrices empty, of what does not depend 0', () => {
  const x = matrix(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    float64,
  )
  const transposed = jacobian((t) => t.T, x)
  for (let i = 0; i < 2; i++)
    for (let j = 0; j < 3; j++)
      for (let k = 0; k < 6; k++) expect(transposed.get(j * 2 + i, k)).toBe(Number(k === i * 3 + j))
  expect(jacobian((t) => t.sum(0), zeros(0, 3, float64)).shape).toEqual([3, 0])
  expect(jacobian((t) => t.slice(0, 0), x).shape).toEqual([0, 6])
  expect(jacobian((_: Variable) => constant(row(1, 2)), x).value.equals(zeros(2, 6))).toBe(true)
  expect(hessian((t) => t.sum(), x).value.equals(zeros(6, 6))).toBe(true)
  expect(jvp((_: Variable) => constant(row(1, 2)), [x], [x])[1].value.equals(zeros(1, 2))).toBe(true)
  expect(jacobian((t: Variable) => t.astype('float64'), zeros(2, 2)).dtype).toBe('float32')
  expect(jvp((t: Variable) => t, [x], [x.mul(2)])[1].value.equals(x.mul(2))).toBe(true)
})

test('results have a history only where somebody may differentiate them', () => {
  const w = variable(row(2, 3))
  const of = (t: Variable): Variable => t.mul(w).square()
  const x = row(1, 1)
  for (const result of [jvp(of, [x], [x]).flat(), [vjp(of, x)[0], ...vjp(of, x)[1](x)], [jacobian(of, x)]].flat()) {
    expect(result.requiresGrad).toBe(true)
    noGrad(() => expect(jacobian(of, x).requiresGrad).toBe(false))
  }
  jvp(of, [x], [x])[1].sum().backward()
  expect(w.grad?.toArray()).toEqual([[8, 12]])
  const free = (t: Variable): Variable => t.square()
  for (const result of [...jvp(free, [x], [x]), vjp(free, x)[0], ...vjp(free, x)[1](x), jacobian(free, x)])
    expect([result.requiresGrad, result.origin]).toEqual([false, null])
  expect(vjp(free, x)[1](variable(x))[0].requiresGrad).toBe(true)
})

test('what does not lead to an argument is not computed, and no compiled result in it is refused', () => {
  const w = variable(row(2))
  const cut = compile((t: Matrix) => w.mul(t))(row(3))
  expect(() => grad((t: Variable) => t.mul(cut))(row(5))).toThrow('which has no history')
  expect(grad((t: Variable) => t.mul(cut.detach()))(row(5)).item()).toBe(6)
})

describe('errors, before f is called', () => {
  const never = (): Variable => expect.fail('f was called')
  const x = row(1, 2)
  // biome-ignore lint/suspicious/noExplicitAny: what the types refuse
  const untyped = { vjp, jvp, hvp, jacobian, hessian } as any
  test.each<[string, () => unknown, new (message: string) => Error, string]>([
    ['vjp without f', () => untyped.vjp(), DTypeError, 'vjp: f is undefined, wanted a function'],
    ['vjp of a number', () => untyped.vjp(never, 2), DTypeError, 'vjp: argument 0 is 2, wanted a Variable or a Matrix'],
    [
      'vjp of a number in an object',
      () => untyped.vjp(never, { a: [x, 2] }),
      DTypeError,
      'vjp: argument 0.a[1] is 2, wanted a Variable or a Matrix',
    ],
    ['jvp of no list', () => untyped.jvp(never, x, [x]), DTypeError, 'jvp: args are Matrix, wanted an array'],
    ['jvp along no list', () => untyped.jvp(never, [x], x), DTypeError, 'jvp: tangents are Matrix, wanted an array'],
    [
      'jvp along too few',
      () => untyped.jvp(never, [x, x], [x]),
      MatgradError,
      'jvp: got 2 arguments and 1 tangents, wanted as many',
    ],
    [
      'jvp along another shape',
      () => untyped.jvp(never, [x, { a: x }], [x, { a: row(1) }]),
      ShapeError,
      'jvp: tangent 1.a is 1x1, wanted 1x2',
    ],
    [
      'hvp along another structure',
      () => untyped.hvp(never, [{ a: x, b: x }], [{ a: x, c: x }]),
      DTypeError,
      'hvp: vector 0 has a, c, wanted a, b',
    ],
    [
      'hvp along a matrix',
      () => untyped.hvp(never, [[x]], [x]),
      DTypeError,
      'hvp: vector 0 is Matrix, wanted an array',
    ],
    ['jacobian of nothing', () => untyped.jacobian(never), DTypeError, 'jacobian: x is undefined, wanted a Variable'],
    ['jacobian of much', () => untyped.jacobian(never, x, x), DTypeError, 'jacobian: got Matrix in excess'],
    ['hessian without f', () => untyped.hessian(x, x), DTypeError, 'hessian: f is Matrix, wanted a function'],
    [
      'hessian of a row',
      () => untyped.hessian((t: Variable) => t, x),
      ShapeError,
      'hessian: the value is 1x2, wanted 1x1',
    ],
    ['hvp of a row', () => untyped.hvp((t: Variable) => t, [x], [x]), ShapeError, 'hvp: the value is 1x2, wanted 1x1'],
    [
      'vjp of what gives a matrix',
      () => untyped.vjp((t: Variable) => ({ y: t.value }), x),
      DTypeError,
      'vjp: f gave Matrix for the value.y, wanted a Variable',
    ],
    [
      'a pullback of another shape',
      () => untyped.vjp((t: Variable) => t, x)[1](row(1)),
      ShapeError,
      'vjp: the cotangent is 1x1, wanted 1x2',
    ],
    [
      'a pullback of nothing',
      () => untyped.vjp((t: Variable) => t, x)[1](),
      ShapeError,
      'vjp: the value is 1x2, wanted 1x1',
    ],
    [
      'an asynchronous f',
      () => untyped.jvp(async (t: Variable) => t, [x], [x]),
      DTypeError,
      'jvp: f gave Promise, wanted a Variable',
    ],
  ])('%s', (_, run, type, message) => {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
    expect(variable(x).square().requiresGrad).toBe(true)
  })

  test('an argument that changes in place between vjp and the pullback', () => {
    const state = row(1, 2)
    const [, pullback] = vjp((t) => t.square(), state)
    expect(pullback(x)[0].toArray()).toEqual([[2, 8]])
    state.set(0, 0, 7)
    expect(() => pullback(x)).toThrow('was changed in place')
  })
})

test('15,000 operations: vjp, jvp and hvp of a product of 1 + x/n', () => {
  const n = 5_000
  const power = (x: Variable): Variable => {
    let y = constant(row(1))
    for (let i = 0; i < n; i++) y = y.mul(x.div(n).add(1))
    return y
  }
  const x = row(0.5)
  const slope = (1 + 0.5 / n) ** (n - 1)
  const curvature = ((n - 1) / n) * (1 + 0.5 / n) ** (n - 2)
  expect(vjp(power, x)[1]()[0].item()).toBeCloseTo(slope, 9)
  expect(jvp(power, [x], [row(2)])[1].item()).toBeCloseTo(2 * slope, 9)
  expect((hvp(power, [x], [row(3)]) as Variable[])[0].item()).toBeCloseTo(3 * curvature, 9)
})

test('results share no matrix with the caller, also of the identity and of sums', () => {
  const identity = (x: Variable): Variable => x
  const twice = (x: Variable): Variable[] => [x, x.add(0), x]
  for (const f of [identity, twice]) {
    const [x, g] = [row(1, 2), row(3, 4)]
    const like = f === identity ? g : [g, g, g]
    const [value, pullback] = vjp(f as typeof identity, x)
    const results = [value, pullback(like as Matrix), jvp(f as typeof identity, [x], [g])].flat(3) as Variable[]
    const before = results.map((each) => each.toArray())
    x.set(0, 0, 100)
    g.set(0, 0, 100)
    expect(results.map((each) => each.toArray())).toEqual(before)
  }
})
