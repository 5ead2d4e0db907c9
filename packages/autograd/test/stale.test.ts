// What is differentiated after a matrix that it was computed with has changed in place.

import {
  compile,
  crossEntropy,
  defineOp,
  grad,
  noGrad,
  type Op,
  type Variable,
  valueAndGrad,
  variable,
} from '@matgrad/autograd'
import { full, Generator, MatgradError, type Matrix, matrix } from '@matgrad/core'
import { operations } from '@matgrad/core/internal'
import { describe, expect, test } from 'vitest'
import { type Case, rows } from './rows.ts'

const float64 = { dtype: 'float64' } as const
const row = (...values: number[]): Matrix => matrix([values], float64)
const parameter = (...values: number[]): Variable => variable(row(...values))

/** The gradient of a weighted sum of the value, as a function that has derivatives. */
const weightedGradient = ({ f, args }: Case): ((...variables: Variable[]) => Variable) => {
  const weighted = (x: Variable): Variable =>
    x.mul(new Generator('weights').uniform(x.rows, x.cols, 0.5, 1.5, float64)).sum()
  return (...variables) =>
    grad(
      (...inner: Variable[]) => weighted(f(...inner)),
      args.map((_, i) => i),
    )(...variables)
      .map(weighted)
      .reduce((total, each) => total.add(each))
}

/**
 * The gradients of the function after input `changed`, if any, has changed since the forward pass; null where there is
 * none, or a message where they are refused.
 */
function gradientsAfter(
  f: (...variables: Variable[]) => Variable,
  args: readonly Matrix[],
  changed: number,
): string | null | (number[][] | null)[] {
  const variables = args.map((value) => variable(value.clone()))
  const y = f(...variables)
  if (!y.requiresGrad) return null
  const seed = new Generator('seed').uniform(y.rows, y.cols, 0.5, 1.5, float64)
  if (changed >= 0) variables[changed].value.assign(args[changed].mul(1.25).add(0.375))
  try {
    y.backward(seed)
  } catch (error) {
    expect(error).toBeInstanceOf(MatgradError)
    expect(String(error)).toMatch(/^MatgradError: \w+: operand \d \(\d+x\d+\) was changed in place/)
    for (const { grad } of variables) expect(grad).toBe(null)
    return 'refused'
  }
  return variables.map(({ grad }) => grad?.toArray() ?? null)
}

/** The operations whose derivative with respect to every operand needs none of them. */
const LINEAR = [
  ...['neg', 'sign', 'floor', 'ceil', 'trunc', 'round', 'add', 'sub', 'broadcastTo', 'sum', 'mean', 'cumsum'],
  ...['trace', 'transpose', 'diff', 'gatherCols', 'filterRows', 'pad', 'tile'],
  ...['reshape', 'slice', 'row', 'col', 'gatherRows', 'scatterAddRows', 'pick', 'diag', 'diagonal', 'tril', 'triu'],
  ...['flipRows', 'flipCols', 'concat', 'place', 'astype', 'T'],
]
/** Those that need the result alone. */
const OF_RESULT = ['exp', 'sqrt', 'reciprocal', 'tan', 'tanh', 'sigmoid', 'relu', 'softmax', 'logSoftmax']

describe('an input that changed before the backward pass: the gradient is what it would have been, or refused', () => {
  for (const { name, cases } of rows)
    test(name, () => {
      for (const each of cases)
        for (const [order, f] of [each.f, weightedGradient(each)].entries()) {
          const wanted = gradientsAfter(f, each.args, -1)
          for (const k of each.args.keys()) {
            const got = gradientsAfter(f, each.args, k)
            if (got !== 'refused') expect(got, `${each.shapes}, order ${order + 1}, input ${k}`).toEqual(wanted)
            const single = !/twice|number|places|function|zero/.test(each.shapes)
            if (single && order === 0 && [...LINEAR, ...OF_RESULT].includes(name)) expect(got).not.toBe('refused')
          }
        }
    })
})

describe('a change in place is refused where the gradient needs what was there', () => {
  test('names the op, the operand and its variable', () => {
    const [x, w] = [variable(row(1, 2)), variable(row(3, 4), { name: 'weight' })]
    const y = x.mul(w)
    w.value.set(0, 1, 5)
    expect(() => y.backward(row(1, 1))).toThrow('mul: operand 2 (weight, 1x2) was changed in place')
    expect(x.grad).toBe(null)
    const z = x.square().exp()
    z.value.assign(row(0, 0))
    expect(() => z.backward(row(1, 1))).toThrow('exp: the result (1x2) was changed in place')
  })

  test('a step between two backward passes', () => {
    const [first, second] = [parameter(2), parameter(3)]
    const out = first.mul(row(1)).mul(second)
    const [one, other] = [out.sum(), out.square().sum()]
    one.backward()
    for (const each of [first, second]) each.value.assign(each.value.sub(each.grad as Matrix))
    expect(() => other.backward()).toThrow('mul: operand 2 (1x1) was changed in place')
  })

  test('a history from outside, in replays of what goes back through it', () => {
    for (const size of [1, 300]) {
      const [v, w] = [variable(full(1, size, 3)), variable(full(1, size, 3))]
      const [square, sum] = [v.square(), w.add(1)]
      const step = compile((x: Matrix) => {
        v.grad = null
        w.grad = null
        square.mul(x).sum().backward()
        sum.mul(x).sum().backward()
        return (v.grad as unknown as Matrix).mul(1)
      })
      for (const n of [1, 2]) expect(step(full(1, size, n)).get(0, size - 1)).toBe(6 * n)
      w.value.set(0, 0, 5)
      expect(step(full(1, size, 3)).get(0, size - 1)).toBe(18)
      v.value.set(0, 0, 5)
      expect(() => step(full(1, size, 3))).toThrow('square: operand 1')
      expect(() => step(full(1, size, 3))).toThrow('square: operand 1')
    }
  })

  test('a weight whose derivative needs the input alone', () => {
    const [x, w] = [row(1, 2), variable(row(3).T)]
    const y = w.matmul(x)
    w.value.set(0, 0, 9)
    y.backward(row(1, 1))
    expect(w.grad?.toArray()).toEqual([[3]])
  })

  test('a matrix among the operands, also one of another dtype, which is converted', () => {
    for (const dtype of ['float64', 'float32'] as const) {
      const [x, c] = [parameter(2), matrix([[3]], { dtype })]
      const y = x.mul(c)
      c.set(0, 0, 7)
      if (dtype === 'float64') expect(() => y.backward()).toThrow('mul: operand 2 (1x1) was changed in place')
      else {
        y.backward()
        expect(x.grad?.item()).toBe(3)
      }
    }
  })

  test('a gradient that is on a tape and added to', () => {
    const x = parameter(2)
    x.square().backward()
    const penalty = x.mul(x.grad as Matrix)
    x.square().backward()
    expect(() => penalty.backward()).toThrow('mul: operand 2 (1x1) was changed in place')
  })

  test('changes before the forward pass, and after the backward pass, are none', () => {
    const x = parameter(2)
    const square = (): Variable => x.square()
    x.value.set(0, 0, 3)
    const [y, z] = [square(), square()]
    y.backward()
    expect(x.grad?.item()).toBe(6)
    x.value.set(0, 0, 4)
    square().backward()
    expect(x.grad?.item()).toBe(6 + 8)
    expect(() => z.backward()).toThrow('was changed in place')
  })

  test('in grad and valueAndGrad, whose function changes what it computed with', () => {
    const f = (x: Variable): Variable => {
      const y = x.square()
      x.value.set(0, 0, 5)
      return y
    }
    expect(() => grad(f)(row(1))).toThrow('square: operand 1 (1x1) was changed in place')
    expect(() => valueAndGrad(f)(parameter(1))).toThrow('square: operand 1 (1x1) was changed in place')
    expect(() => noGrad(() => grad(f)(row(1)))).toThrow('square: operand 1 (1x1) was changed in place')
  })

  test('crossEntropy, whose classes or logits change', () => {
    for (const changed of ['logits', 'classes']) {
      const [x, t] = [parameter(1, 2, 3), row(1)]
      const y = crossEntropy(x, t)
      ;(changed === 'logits' ? x.value : t).set(0, 0, 2)
      expect(() => y.backward()).toThrow(/^crossEntropy: operand [12] \(1x[13]\) was changed in place/)
    }
  })
})

describe("a user's rule is refused what has changed, however it looks at it", () => {
  const uses: Record<string, (x: Variable) => unknown> = {
    'an operation on the variable': (x) => x.exp(),
    'an operation on its matrix': (x) => x.value.exp(),
    data: (x) => x.value.data,
    get: (x) => x.value.get(0, 0),
    item: (x) => x.item(),
    toArray: (x) => x.toArray(),
    clone: (x) => x.value.clone(),
    equals: (x) => row(1).equals(x.value),
  }
  const doubled = (use: (x: Variable) => unknown) =>
    defineOp({
      name: 'doubled',
      shape: ([a]) => a.shape,
      forward: (out, [a]) => out.data.set(a.data.map((x) => 2 * x)),
      vjp: [
        (g, _y, [x]) => {
          use(x)
          return g.mul(2)
        },
      ],
    })
  for (const [name, use] of Object.entries(uses))
    test(name, () => {
      const x = parameter(3)
      const y = doubled(use)([x])
      y.backward()
      expect(x.grad?.item()).toBe(2)
      x.value.set(0, 0, 4)
      expect(() => y.backward()).toThrow('doubled: operand 1 (1x1) was changed in place')
    })

  test('its shape and dtype are not refused', () => {
    const x = parameter(3)
    const y = doubled(({ rows, cols, shape, dtype }) => [rows, cols, shape, dtype])([x])
    x.value.set(0, 0, 4)
    y.backward()
    expect(x.grad?.item()).toBe(2)
  })

  test('as what the rule gives it is', () => {
    const itself = defineOp({
      name: 'itself',
      shape: ([a]) => a.shape,
      forward: (out, [a]) => out.data.set(a.data),
      vjp: [(_g, _y, [x]) => x],
    })
    const x = parameter(3)
    const y = itself([x])
    x.value.set(0, 0, 4)
    expect(() => y.backward()).toThrow('itself: operand 1 (1x1) was changed in place')
  })
})

describe('what stays after a backward pass is what it was, whatever passes come later', () => {
  const draw = (seed: string): Matrix => new Generator(seed).normal(8, 8)
  const { tanh } = operations as unknown as Record<'tanh', Op>

  test("what a user's rule is given, what it computes, and what it differentiates itself", () => {
    const kept: Variable[] = []
    const watched = defineOp({
      name: 'watched',
      shape: ([a]) => a.shape,
      forward: (out, [a]) => out.data.set(a.data),
      vjp: [
        (g) => {
          const given = g.mul(1)
          const own = grad((x: Variable) => x.tanh().square().mul(g).sum())(draw('x'))
          kept.push(g, g.exp(), given, own, g.add(own))
          return given
        },
      ],
    })
    const x = variable(draw('x'))
    const pass = (factor: number): void =>
      watched([x.tanh().mul(factor)])
        .square()
        .exp()
        .neg()
        .sum()
        .backward()
    pass(1)
    const before = kept.map((each) => each.toArray())
    pass(2)
    pass(3)
    expect(kept).toHaveLength(15)
    expect(kept.slice(0, 5).map((each) => each.toArray())).toEqual(before)
  })

  test('the pass that a rule was called by, where the rule makes one of its own', () => {
    const gradient = (within: () => void): number[][] | undefined => {
      const op = defineOp({
        name: 'within',
        shape: ([a]) => a.shape,
        forward: (out, [a]) => out.data.set(a.data),
        vjp: [
          (g) => {
            within()
            return g.mul(1)
          },
        ],
      })
      const x = variable(draw('x'))
      const h = x.tanh()
      const other = h.exp()
      other
        .mul(op([h.mul(2).tanh().cos().exp().neg()]))
        .square()
        .sum()
        .backward()
      return x.grad?.toArray()
    }
    const own = (): void => {
      grad((x: Variable) => x.exp().tanh().sum())(draw('y'))
    }
    expect(gradient(own)).toEqual(gradient(() => {}))
  })

  const functions: Record<string, (x: Variable) => Variable> = {
    'a cotangent that is passed on': (x) => x.add(draw('a')).tanh(),
    'one for two': (x) => x.add(x).tanh(),
    'a sum of two': (x) => x.tanh().mul(x.exp()),
    'a sum down': (x) => x.slice(0, 1, 0, 8).add(draw('a')).exp(),
    'a product': (x) => x.matmul(draw('a')).tanh().matmul(x),
    "a user's op first": (x) => defineOp(tanh)([x]).exp(),
    "a user's op last": (x) => defineOp(tanh)([x.exp()]),
  }
  for (const [name, f] of Object.entries(functions))
    test(name, () => {
      const gradients: Record<string, () => Matrix> = {
        backward: () => {
          const x = variable(draw('x'))
          f(x).backward(draw('seed'))
          return x.grad as Matrix
        },
        grad: () => grad((x: Variable) => f(x).sum())(draw('x')).matrix,
        'grad of a part': () => grad((x: Variable) => f(x.mul(2)).sum())(variable(draw('x'))).matrix,
        'grad outside of recordings': () => noGrad(() => grad((x: Variable) => f(x).sum())(draw('x'))).matrix,
      }
      for (const [name, gradient] of Object.entries(gradients)) {
        const [kept, wanted] = [gradient(), gradient().toArray()]
        for (let i = 0; i < 3; i++) variable(draw('y')).exp().mul(draw('z')).tanh().cos().sum().backward()
        expect(kept.toArray(), name).toEqual(wanted)
      }
    })
})
