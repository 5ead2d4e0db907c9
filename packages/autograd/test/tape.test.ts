import * as autograd from '@matgrad/autograd'
import {
  concat,
  constant,
  defineOp,
  grad,
  gradcheck,
  maximum,
  minimum,
  noGrad,
  type Op,
  type Rule,
  Variable,
  variable,
  where,
} from '@matgrad/autograd'
import * as core from '@matgrad/core'
import {
  type Block,
  DTypeError,
  eye,
  full,
  Generator,
  MatgradError,
  Matrix,
  matrix,
  ones,
  ShapeError,
  zeros,
} from '@matgrad/core'
import * as functions from '@matgrad/core/functions'
import { describe as describeValue, operations } from '@matgrad/core/internal'
import { afterEach, describe, expect, test } from 'vitest'

const { mul, neg } = operations as unknown as Readonly<Record<'mul' | 'neg', Op>>

import { isRecording } from '../src/recording.ts'
import { history } from '../src/tape.ts'
import { rows } from './rows.ts'

const float64 = { dtype: 'float64' } as const
const row = (...values: number[]): Matrix => matrix([values], float64)
const parameter = (...values: number[]): Variable => variable(row(...values))
/** Values of a gradient that must be there. */
const gradient = ({ grad }: Variable): number[][] => {
  if (!grad) throw new Error('the variable has no gradient')
  return grad.toArray()
}

afterEach(() => {
  expect(isRecording()).toBe(true)
})

const NOTHING =
  'backward: nothing that the value was computed from requires a gradient, wanted a variable that does: was the history lost ' +
  '(noGrad, detach, value, constant), or has an operation no derivative, or are all frozen (requiresGrad)?'

test('a variable has the sizes of its value', () => {
  const x = variable(zeros(2, 3, { dtype: 'float64' }))
  expect([x.rows, x.cols, x.shape, x.size, x.dtype]).toEqual([2, 3, [2, 3], 6, 'float64'])
})

describe('backward', () => {
  test('gives each parameter its gradient: d(Σ x·y²) = (y², 2xy)', () => {
    const [x, y] = [parameter(2, 3), parameter(5, 7)]
    x.mul(y.square()).sum().backward()
    expect(gradient(x)).toEqual([[25, 49]])
    expect(gradient(y)).toEqual([[20, 42]])
  })

  test('adds to the gradient that is there', () => {
    const x = parameter(2)
    x.square().backward()
    x.square().backward()
    x.mul(3).backward()
    expect(gradient(x)).toEqual([[4 + 4 + 3]])
    x.grad = null
    x.mul(3).backward()
    expect(gradient(x)).toEqual([[3]])
  })

  describe('gives each leaf a gradient that nobody else has, which the next pass changes in place', () => {
    const seed = matrix([[1, 2]], float64)
    const kept = matrix([[3, 4]], float64)
    let computed: Variable | undefined
    const giving = (rule: Rule): ((x: Variable) => Variable) => {
      const op = defineOp({ ...neg, name: 'giving', vjp: [rule] })
      return (x) => op([x])
    }
    const outside = constant(kept)
    test.each<[string, (x: Variable, y: Variable) => Variable]>([
      ['the cotangent that came to both', (x, y) => x.add(y)],
      ['the cotangent that came to one', (x, y) => x.broadcastTo(1, 2).sub(y)],
      ['sums', (x, y) => x.add(x).add(y).add(y)],
      ['the same bias of one row', (x, y) => x.affine(eye(2, float64), y as Variable<1, 2>)],
      ["a rule's constant from outside", (x, y) => giving(() => outside)(x).add(y)],
      ["a rule's constant from inside", (x, y) => giving(() => constant(kept))(x).add(y)],
      ["a rule's input", (x, y) => giving((_g, _y, [input]) => input)(x).add(y)],
      [
        'what the rule of an operation that is applied as it is computes and keeps',
        (x, y) => x.apply({ ...neg, vjp: [(g: Variable) => (computed ??= g.mul(2))] } as Op, [x], undefined).add(y),
      ],
      ['what a rule computes and keeps', (x, y) => giving((g) => (computed ??= g.mul(2)))(x).add(y)],
    ])('%s', (_, f) => {
      computed = undefined
      const [x, y] = [parameter(5, 6), parameter(7, 8)]
      const backward = (): void => f(x, y).backward(seed)
      backward()
      const others = (): (number[][] | undefined)[] =>
        [seed, kept, x.value, y.value, computed?.value].map((each) => each?.toArray())
      const [before, first] = [others(), [x, y].map(gradient)]
      backward()
      expect(others()).toEqual(before)
      const twice = (g: number[][]): number[][] => g.map((each) => each.map((value) => 2 * value))
      expect([x, y].map(gradient)).toEqual(first.map(twice))
    })
  })

  test('may walk the same history twice', () => {
    const x = parameter(2)
    const y = x.square()
    y.backward()
    y.backward()
    expect(gradient(x)).toEqual([[8]])
  })

  test('may be called by a rule, for a history with some of the same variables', () => {
    const [x, y] = [parameter(2), parameter(3)]
    const other = x.square().mul(y).square()
    const same = defineOp({
      name: 'same',
      shape: ([a]) => a.shape,
      forward: (out, [a]) => out.data.set(a.data),
      vjp: [
        (g) => {
          other.backward()
          return g
        },
      ],
    })
    same([x.mul(y)]).backward()
    // Of x⁴y²: 4x³y² and 2x⁴y.
    expect(gradient(x)).toEqual([[288 + 3]])
    expect(gradient(y)).toEqual([[96 + 2]])
  })

  test('leaves a gradient at leaves only', () => {
    const x = parameter(2)
    const middle = x.square()
    const end = middle.exp()
    end.backward()
    expect([middle.grad, end.grad]).toEqual([null, null])
    expect(x.grad).not.toBeNull()
  })

  test('of a leaf itself is 1', () => {
    const x = parameter(2)
    x.backward()
    expect(gradient(x)).toEqual([[1]])
  })

  test('sums over every use in a diamond', () => {
    const x = parameter(3)
    const [left, right] = [x.square(), x.mul(5)]
    left.mul(right).add(left).sub(right).backward()
    // d(5x³ + x² − 5x) = 15x² + 2x − 5
    expect(gradient(x)).toEqual([[15 * 9 + 6 - 5]])
  })

  test('sums over a variable used a thousand times', () => {
    const x = parameter(3)
    let total: Variable = x.mul(0)
    for (let i = 0; i < 1000; i++) total = total.add(x)
    total.backward()
    expect(gradient(x)).toEqual([[1000]])
  })

  test('visits each node of a ladder of 60 diamonds once, not 2⁶⁰ times', () => {
    const x = parameter(1)
    let y: Variable = x
    for (let i = 0; i < 60; i++) y = y.add(y).mul(0.5)
    y.backward()
    expect(gradient(x)).toEqual([[1]])
  })

  test('of a chain of 100,000 nodes neither overflows the stack nor takes 10 s', { timeout: 10_000 }, () => {
    const x = parameter(1)
    let y: Variable = x
    for (let i = 0; i < 100_000; i++) y = y.neg()
    y.backward()
    expect(gradient(x)).toEqual([[1]])
    expect(history(y, new Set())).toHaveLength(100_001)
  })

  test('with a gradient is that of Σ gradient∘value', () => {
    const x = parameter(2, 3)
    x.square().backward(row(10, 100))
    expect(gradient(x)).toEqual([[40, 600]])
  })

  test('converts the given gradient to the dtype of the value', () => {
    const x = variable(matrix([[2, 3]], { dtype: 'float32' }))
    x.square().backward(row(10, 100))
    expect(x.grad?.dtype).toBe('float32')
    expect(gradient(x)).toEqual([[40, 600]])
    x.grad = null
    x.backward(row(10, 100))
    expect(x.grad).toEqual(matrix([[10, 100]], { dtype: 'float32' }))
  })

  test('reaches only what the value was computed from', () => {
    const [x, y] = [parameter(2), parameter(3)]
    const unused = x.mul(y)
    x.square().backward()
    expect(unused.requiresGrad).toBe(true)
    expect(y.grad).toBeNull()
  })

  test('gives constants, matrices and detached variables none', () => {
    const x = parameter(2)
    const [c, d] = [constant(row(3)), x.mul(7).detach()]
    x.mul(c).mul(d).mul(row(5)).backward()
    expect([c.grad, d.grad]).toEqual([null, null])
    expect(gradient(x)).toEqual([[3 * 14 * 5]])
  })

  test('inside noGrad still follows a history recorded outside', () => {
    const x = parameter(2)
    const y = x.square()
    noGrad(() => y.backward())
    expect(gradient(x)).toEqual([[4]])
  })

  test('records nothing on its way down', () => {
    const seen: boolean[] = []
    const watched = defineOp({
      ...neg,
      vjp: [
        (g) => {
          seen.push(isRecording(), g.requiresGrad)
          return g.neg()
        },
      ],
    })
    const x = parameter(2)
    watched([x.square()]).square().backward()
    expect(seen).toEqual([false, false])
  })

  describe('throws a named error and leaves gradients as they were', () => {
    const failures: [string, (x: Variable) => void, typeof MatgradError, string][] = [
      [
        'a value that is not 1x1',
        (x) => x.square().backward(),
        ShapeError,
        'backward: the value is 1x2, wanted 1x1, as sum() or mean() gives; `jacobian` differentiates all elements',
      ],
      [
        'a gradient of another shape',
        (x) => x.square().backward(ones(2, 1)),
        ShapeError,
        "backward: the value is 1x2, wanted the gradient's shape, 2x1",
      ],
      ['a constant', () => constant(row(1)).backward(), MatgradError, NOTHING],
      ['a value computed in noGrad', (x) => noGrad(() => x.sum()).backward(), MatgradError, NOTHING],
      ['a detached value', (x) => x.sum().detach().backward(), MatgradError, NOTHING],
      ['a comparison', (x) => x.greater(0).sum().backward(), MatgradError, NOTHING],
      ...([0, 1, null, 'one', [[1, 1]], {}] as unknown[]).map(
        (wrong): [string, (x: Variable) => void, typeof MatgradError, string] => [
          `the gradient ${JSON.stringify(wrong)}`,
          (x) => x.square().backward(wrong as Matrix),
          DTypeError,
          `backward: gradient is ${describeValue(wrong)}, wanted a Matrix`,
        ],
      ),
      [
        'a Variable as gradient',
        (x) => x.square().backward(x as unknown as Matrix),
        DTypeError,
        'backward: gradient is Variable, wanted a Matrix',
      ],
      [
        'a rule that throws half way down',
        (x) => {
          const broken = defineOp({
            ...neg,
            vjp: [
              () => {
                throw new MatgradError('broken: on purpose')
              },
            ],
          })
          x.square()
            .add(broken([x]))
            .sum()
            .backward()
        },
        MatgradError,
        'broken: on purpose',
      ],
    ]

    test.each(failures)('%s', (_title, run, type, message) => {
      const x = parameter(2, 3)
      const before = row(1, 1)
      x.grad = before
      expect(() => run(x)).toThrow(new type(message))
      expect(x.grad).toBe(before)
      expect(before.toArray()).toEqual([[1, 1]])
    })
  })
})

describe('noGrad', () => {
  test('records nothing and gives the result', () => {
    const x = parameter(2)
    const y = noGrad(() => x.square())
    expect([y.item(), y.requiresGrad, y.origin]).toEqual([4, false, null])
  })

  test('nests', () => {
    const x = parameter(2)
    noGrad(() => {
      noGrad(() => x.square())
      expect(x.square().requiresGrad).toBe(false)
    })
    expect(x.square().requiresGrad).toBe(true)
  })

  test('ends when its function throws', () => {
    expect(() =>
      noGrad(() => {
        throw new RangeError('from inside')
      }),
    ).toThrow(new RangeError('from inside'))
    expect(parameter(2).square().requiresGrad).toBe(true)
  })

  test('refuses an asynchronous function', () => {
    expect(() => noGrad(async () => 1)).toThrow(
      new MatgradError('noGrad: got an asynchronous function, wanted a synchronous one'),
    )
    expect(parameter(2).square().requiresGrad).toBe(true)
  })

  test('leaves leaves that are made inside as they ask', () => {
    expect(noGrad(() => parameter(2)).requiresGrad).toBe(true)
  })
})

describe('detach', () => {
  test('keeps the value and drops the history', () => {
    const x = parameter(2)
    const y = x.square()
    const cut = y.detach()
    expect(cut.value).toBe(y.value)
    expect([cut.requiresGrad, cut.origin]).toEqual([false, null])
    y.mul(cut).backward()
    expect(gradient(x)).toEqual([[4 * 4]])
  })
})

describe('constants', () => {
  test('make constants, with no history at all', () => {
    const y = constant(row(1, 2)).mul(row(3, 4)).sum()
    expect([y.requiresGrad, y.origin]).toEqual([false, null])
  })

  test('comparisons, argmax and one-hot of a parameter are constants', () => {
    const x = parameter(1, 2)
    const flat = [x.less(1.5), x.equal(x), x.argmax(), x.argsort(1), x.T.oneHot(3)]
    expect(flat.map(({ requiresGrad }) => requiresGrad)).toEqual(flat.map(() => false))
    expect(flat.map(({ origin }) => origin)).toEqual(flat.map(() => null))
  })

  test('a parameter that only selects does not make the result differentiable', () => {
    const index = variable(matrix([[1], [0]], float64))
    const x = constant(
      matrix(
        [
          [1, 2],
          [3, 4],
        ],
        float64,
      ),
    )
    const selected = [x.gatherRows(index), x.scatterAddRows(index, 2), x.pick(index), index.where(x, 0)]
    expect(selected.map(({ requiresGrad }) => requiresGrad)).toEqual([false, false, false, false])
  })
})

const bytes = ({ data }: Matrix): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

describe('values', () => {
  const shared = rows.filter(({ name }) => name !== 'crossEntropy')
  const asMatrices = (f: (...args: Variable[]) => Variable): ((...args: Matrix[]) => Matrix) =>
    f as unknown as (...args: Matrix[]) => Matrix

  test.each(shared.map((each) => [each.name, each] as const))(
    '%s: the bits of core, float64 and float32',
    (_, each) => {
      for (const { shapes, f, args } of each.cases)
        for (const dtype of ['float64', 'float32'] as const) {
          const matrices = args.map((arg) => arg.astype(dtype))
          const expected = asMatrices(f)(...matrices)
          for (const requiresGrad of [true, false]) {
            const { value } = f(...matrices.map((arg) => variable(arg, { requiresGrad })))
            expect(value.shape, shapes).toEqual(expected.shape)
            expect(value.dtype, shapes).toBe(expected.dtype)
            expect(bytes(value), shapes).toEqual(bytes(expected))
          }
        }
    },
  )

  test('every function of core that there is a method for is here, too, and the other way round', () => {
    const creation = ['arange', 'eye', 'fromFunction', 'full', 'linspace', 'matrix', 'ones', 'zeros']
    const methods = Object.keys(core).filter((name) => name in Matrix.prototype || name === 'concat')
    expect(methods.length).toBeGreaterThan(60)
    expect(methods.filter((name) => !(name in autograd) && !creation.includes(name))).toEqual([])
    const here = Object.keys(autograd).filter(
      (name) => Object.getOwnPropertyDescriptor(Variable.prototype, name)?.value,
    )
    expect(here.filter((name) => !(name in core))).toEqual([])
  })

  test('comparisons and indices: the bits of core', () => {
    const generator = new Generator('comparisons')
    const [a, b] = [generator.integers(3, 4, 0, 3, float64), generator.integers(1, 4, 0, 3, float64)]
    for (const name of ['less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual'] as const)
      expect(variable(a)[name](b).value.equals(a[name](b)), name).toBe(true)
    for (const name of ['argmax', 'argmin', 'argsort'] as const)
      for (const axis of [undefined, 0, 1] as const)
        expect(variable(a)[name](axis).value.equals(a[name](axis)), name).toBe(true)
    expect(variable(b.T).oneHot(3).value.equals(b.T.oneHot(3))).toBe(true)
  })
})

describe('inputs and cotangents', () => {
  test.each(rows.map((each) => [each.name, each] as const))('%s changes none of them', (_, { cases }) => {
    for (const { shapes, f, args } of cases) {
      const before = args.map((arg) => arg.clone())
      const variables = args.map((arg) => variable(arg))
      const y = f(...variables)
      const cotangent = new Generator(shapes).normal(y.rows, y.cols, 0, 1, float64)
      const [value, seed] = [y.value.clone(), cotangent.clone()]
      y.backward(cotangent)
      const first = variables.map((each) => each.grad?.clone())
      y.backward(cotangent)
      expect(
        args.every((arg, i) => arg.equals(before[i])),
        shapes,
      ).toBe(true)
      expect(y.value.equals(value), shapes).toBe(true)
      expect(cotangent.equals(seed), shapes).toBe(true)
      // The second pass sees what the first saw: it gives exactly the same once more.
      for (const [i, each] of variables.entries())
        expect(each.grad?.equals((first[i] as Matrix).mul(2)), shapes).toBe(true)
    }
  })

  test('two parameters never share a gradient, nor with the cotangent or a value', () => {
    const [x, y, z] = [parameter(1, 2), parameter(3, 4), parameter(5, 6)]
    const cotangent = row(1, 1)
    const sum = x.add(y).add(z)
    sum.backward(cotangent)
    x.grad?.set(0, 0, 99)
    expect([gradient(y), gradient(z), cotangent.toArray(), sum.toArray()]).toEqual([
      [[1, 1]],
      [[1, 1]],
      [[1, 1]],
      [[9, 12]],
    ])
  })

  test('the next pass adds to the gradient in place, and so to one that the user keeps', () => {
    const x = parameter(1, 2)
    x.sum().backward()
    const kept = x.grad as Matrix
    x.sum().backward()
    expect(x.grad).toBe(kept)
    expect(kept.toArray()).toEqual([[2, 2]])
  })
})

describe('dtypes', () => {
  test('a float32 leaf in a float64 expression has a float32 gradient, a float64 leaf a float64 one', () => {
    const single = variable(matrix([[0.5, 2]], { dtype: 'float32' }))
    const double = parameter(3, 4)
    const y = single.mul(double).exp().sum()
    expect(y.dtype).toBe('float64')
    y.backward()
    expect([single.grad?.dtype, double.grad?.dtype]).toEqual(['float32', 'float64'])
    expect(gradient(single)).toEqual([[Math.fround(3 * Math.exp(1.5)), Math.fround(4 * Math.exp(8))]])
    single.add(double).sum().backward()
    expect(single.grad?.dtype).toBe('float32')
  })

  test('the result is a variable, with its history, where one operand is, and a matrix where none is', () => {
    const w = parameter(1, 2)
    const results: unknown[] = [
      ...[
        autograd.add(1, w),
        autograd.mul(row(3, 4), w),
        autograd.matmul(row(3, 4), w.T),
        where(row(1, 0), row(3, 4), w),
      ],
      concat([row(3, 4), w], 0),
      ...[row(3, 4).sub(w), row(3, 4).affine(w.T, variable(full(1, 1, 1, float64)))],
    ]
    for (const each of results) {
      expect(each).toBeInstanceOf(Variable)
      w.grad = null
      ;(each as Variable).sum().backward()
      expect(w.grad).not.toBe(null)
    }
    for (const each of [
      autograd.exp(2),
      autograd.sum(row(1, 2)),
      autograd.add(row(1, 2), 3),
      concat([row(1), row(2)], 1),
    ])
      expect(each).toBeInstanceOf(Matrix)
  })

  const several = rows.filter(({ cases }) => cases.some(({ args }) => args.length > 1))

  test.each(several.map((each) => [each.name, each] as const))(
    '%s: matrices in any places do what constants there do, bit for bit',
    (_, { cases }) => {
      for (const { shapes, f, args } of cases)
        for (let places = 1; places < 2 ** args.length - 1; places++) {
          const [result, expected] = [(matrix: Matrix) => matrix as unknown as Variable, constant].map((given) => {
            const operands = args.map((arg, i) => ((places >> i) & 1 ? given(arg) : variable(arg)))
            const value = f(...operands)
            value.square().sum().backward()
            return [value.value, ...operands.flatMap(({ grad }) => grad ?? [])].map(bytes)
          })
          expect(result.length, shapes).toBeGreaterThan(1)
          expect(result, shapes).toEqual(expected)
        }
    },
  )

  test('functions are the same objects as in core', () => {
    const own = autograd as Readonly<Record<string, unknown>>
    for (const [name, each] of Object.entries(functions)) expect(own[name], name).toBe(each)
  })

  const mixed: [string, (a: Variable, b: Variable) => Variable][] = [
    ['add', (a, b) => a.add(b)],
    ['sub', (a, b) => a.sub(b)],
    ['mul', (a, b) => a.mul(b)],
    ['div', (a, b) => a.div(b)],
    ['pow', (a, b) => a.pow(b)],
    ['maximum', (a, b) => a.maximum(b)],
    ['minimum', (a, b) => a.minimum(b)],
    ['where', (a, b) => where(row(1, 0), a, b)],
    ['matmul', (a, b) => a.matmul(b, { transposeB: true })],
    ['concat', (a, b) => concat([a, b], 0).mul(row(2, 3))],
  ]

  test.each(mixed)('%s of float32 and float64 loses no digit of float64 in the rules', (_, f) => {
    const single = matrix([[0.3, 1.7]], { dtype: 'float32' })
    for (const [a, b] of [
      [single, row(2.7, 0.001)],
      [row(2.7, 0.001), single],
    ]) {
      const [mixedA, mixedB] = [variable(a), variable(b)]
      const [wideA, wideB] = [variable(a.astype('float64')), variable(b.astype('float64'))]
      f(mixedA, mixedB).square().sum().backward()
      f(wideA, wideB).square().sum().backward()
      for (const [narrow, wide] of [
        [mixedA, wideA],
        [mixedB, wideB],
      ])
        expect(gradient(narrow)).toEqual(wide.grad?.astype(narrow.dtype).toArray())
    }
  })

  test('a constant that is converted has no history', () => {
    const y = parameter(3, 4).mul(constant(matrix([[0.5, 2]], { dtype: 'float32' })))
    expect(y.origin?.inputs.map(({ origin, requiresGrad }) => [origin, requiresGrad])).toEqual([
      [null, true],
      [null, false],
    ])
  })

  test('numbers do not change the dtype of a value or of a gradient', () => {
    const x = variable(matrix([[0.5, 2]], { dtype: 'float32' }))
    const y = x.mul(3).add(1).pow(2).clip(0, 100).sum()
    y.backward()
    expect([y.dtype, x.grad?.dtype]).toEqual(['float32', 'float32'])
  })

  test('a rule that gives another dtype is converted to that of its input', () => {
    const wide = defineOp({ ...neg, name: 'wide', vjp: [(g) => g.mul(row(-1, -1))] })
    const x = variable(matrix([[0.5, 2]], { dtype: 'float32' }))
    wide([x]).exp().sum().backward()
    expect(x.grad?.dtype).toBe('float32')
  })

  test('astype takes the cotangent back to the dtype of its input', () => {
    const x = variable(matrix([[0.5, 2]], { dtype: 'float32' }))
    x.astype('float64').exp().sum().backward()
    expect(x.grad?.dtype).toBe('float32')
    expect(gradient(x)).toEqual([[Math.fround(Math.exp(0.5)), Math.fround(Math.exp(2))]])
  })
})

describe('kinks and special values', () => {
  const gradientOf = (f: (x: Variable) => Variable, ...values: number[]): number[] => {
    const x = parameter(...values)
    f(x).sum().backward()
    return gradient(x)[0]
  }

  test('relu is flat at 0', () => {
    expect(gradientOf((x) => x.relu(), -1, 0, -0, 1, Number.NaN)).toEqual([0, 0, 0, 1, 1])
  })

  test('abs is flat at 0', () => {
    expect(gradientOf((x) => x.abs(), -2, 0, 3)).toEqual([-1, 0, 1])
  })

  test('leakyRelu and elu take the side of x ≤ 0 at 0', () => {
    expect(gradientOf((x) => x.leakyRelu(0.25), -1, 0, 1)).toEqual([0.25, 0.25, 1])
    expect(gradientOf((x) => x.elu(3), 0, 1)).toEqual([3, 1])
  })

  test('clip passes the cotangent at both ends', () => {
    expect(gradientOf((x) => x.clip(-1, 1), -2, -1, 0, 1, 2)).toEqual([0, 1, 1, 1, 0])
  })

  test('maximum and minimum give half to each of two equal operands', () => {
    for (const f of [maximum, minimum]) {
      const [a, b] = [parameter(1, 2, 3), parameter(3, 2, 1)]
      f(a, b).sum().backward()
      expect((a.grad as Matrix).add(b.grad as Matrix).toArray()).toEqual([[1, 1, 1]])
      expect([a.grad?.get(0, 1), b.grad?.get(0, 1)]).toEqual([0.5, 0.5])
    }
    expect(gradientOf((x) => x.maximum(2), 1, 2, 3)).toEqual([0, 0.5, 1])
    expect(gradientOf((x) => x.minimum(2), 1, 2, 3)).toEqual([1, 0.5, 0])
    expect(gradientOf((x) => x.maximum(x), 1, 2)).toEqual([1, 1])
  })

  test('max and min share the cotangent evenly among ties', () => {
    expect(gradientOf((x) => x.max(), 3, 1, 3, 3)).toEqual([1 / 3, 0, 1 / 3, 1 / 3])
    expect(gradientOf((x) => x.min(1), 3, 1, 3, 1)).toEqual([0, 0.5, 0, 0.5])
    expect(gradientOf((x) => x.T.max(0), 2, 2)).toEqual([0.5, 0.5])
    expect(gradientOf((x) => x.max(0), 2, 2)).toEqual([1, 1])
  })

  test('pow: b·aᵇ⁻¹ is 0 where b is 0, also for a = 0, aᵇ·ln a is 0 where a is 0', () => {
    const [a, b] = [parameter(0, 0, 0, 2), parameter(0, 1, 2, 0)]
    a.pow(b).sum().backward()
    expect(gradient(a)).toEqual([[0, 1, 0, 0]])
    expect(gradient(b)).toEqual([[0, 0, 0, Math.log(2)]])
    expect(gradientOf((x) => x.pow(0), 0, -1, Number.POSITIVE_INFINITY).map((g) => g + 0)).toEqual([0, 0, 0])
    expect(gradientOf((x) => x.pow(3), -2, 0, 2)).toEqual([12, 0, 12])
    expect(gradientOf((x) => x.pow(0.5), 0)).toEqual([Number.POSITIVE_INFINITY])
    expect(gradientOf((x) => x.pow(-1), 0)).toEqual([Number.NEGATIVE_INFINITY])
  })

  test('the second derivative of x² by pow is 2, at 0 too', () => {
    expect(grad(grad((x: Variable) => x.pow(2)))(row(0)).item()).toBe(2)
    expect(grad(grad((x: Variable) => x.pow(3)))(row(0)).item()).toBe(0)
    for (const k of [0, 1]) expect(grad(grad((x: Variable) => x.pow(k)))(row(0)).item() + 0).toBe(0)
  })

  test('the second derivatives of aᵇ at a = 0, b = 2 and 3 are ∂²/∂a² = 2 and 0 and else 0, not NaN', () => {
    const gradients = (a: Variable, b: Variable): Variable => {
      const [byA, byB] = grad((x: Variable, y: Variable) => x.pow(y).sum(), [0, 1])(a, b)
      return byA.add(byB).sum()
    }
    const [byA, byB] = grad(gradients, [0, 1])(row(0, 0), row(2, 3))
    expect([byA.toArray(), byB.toArray()]).toEqual([[[2, 0]], [[0, 0]]])
  })

  test.each([
    ['no zero', [2, 3, 5], [15, 10, 6]],
    ['one zero', [2, 0, 5], [0, 10, 0]],
    ['two zeros', [0, 3, 0], [0, 0, 0]],
    ['three zeros', [0, 0, 0], [0, 0, 0]],
  ])('prod with %s in a line: the product of the others', (_, values, expected) => {
    expect(gradientOf((x) => x.prod(), ...values)).toEqual(expected)
    expect(gradientOf((x) => x.prod(1), ...values)).toEqual(expected)
    expect(gradientOf((x) => x.T.prod(0), ...values)).toEqual(expected)
  })

  test('prod where some lines have zeros and others do not', () => {
    const x = variable(
      matrix(
        [
          [2, 0, 5],
          [0, 3, 0],
          [2, 3, 5],
        ],
        float64,
      ),
    )
    x.prod(1).sum().backward()
    expect(gradient(x)).toEqual([
      [0, 10, 0],
      [0, 0, 0],
      [15, 10, 6],
    ])
  })

  test('prod with two zeros has second derivatives: ∂²/∂x₀∂x₂ of x₀·3·x₂ is 3', () => {
    const hessianOnes = grad((x: Variable) => grad((y: Variable) => y.prod())(x).sum())(row(0, 3, 0))
    expect(hessianOnes.toArray()).toEqual([[3 + 0, 0, 3 + 0]])
  })

  test.each([
    ['no zero', [2, 3, 5], [1 + 3 + 15, 2 + 10, 6]],
    ['one zero', [2, 0, 5], [1, 2 + 10, 0]],
    ['two zeros', [0, 3, 0], [1 + 3, 0, 0]],
    ['three zeros', [0, 0, 0], [1, 0, 0]],
  ])('cumprod with %s in a line: the sums of the products of the others', (_, values, expected) => {
    expect(gradientOf((x) => x.cumprod().sum(), ...values)).toEqual(expected)
    expect(gradientOf((x) => x.cumprod(1).sum(), ...values)).toEqual(expected)
    expect(gradientOf((x) => x.T.cumprod(0).sum(), ...values)).toEqual(expected)
  })

  test('where: nothing of the branch that is not taken comes through, neither NaN nor infinity', () => {
    expect(gradientOf((x) => where(x.greater(0), x.log(), x), -1, 2)).toEqual([1, 0.5])
    expect(gradientOf((x) => where(x.greater(0), x, x.log()), 2, 4)).toEqual([1, 1])
    // As in PyTorch, log itself makes NaN of the cotangent 0 at 0, so its operand has to be harmless there.
    expect(gradientOf((x) => where(x.greater(0), x.log(), x), 0)).toEqual([Number.NaN])
    expect(gradientOf((x) => where(x.greater(0), where(x.greater(0), x, 1).log(), x), -1, 0, 2)).toEqual([1, 1, 0.5])
    const [a, b] = [parameter(1, 2), parameter(3, 4)]
    where(row(1, 0), a, b).backward(row(Number.NaN, Number.POSITIVE_INFINITY))
    expect([gradient(a), gradient(b)]).toEqual([[[Number.NaN, 0]], [[0, Number.POSITIVE_INFINITY]]])
  })

  test('an infinite cotangent does not become NaN on the flat side of a piece', () => {
    const infinite = (f: (x: Variable) => Variable, ...values: number[]): number[] => {
      const x = parameter(...values)
      const y = f(x)
      y.backward(full(y.rows, y.cols, Number.POSITIVE_INFINITY, float64))
      return gradient(x)[0]
    }
    const infinity = Number.POSITIVE_INFINITY
    expect(infinite((x) => x.relu(), -1, 1)).toEqual([0, infinity])
    expect(infinite((x) => x.clip(0, 1), -1, 0.5, 2)).toEqual([0, infinity, 0])
    expect(infinite((x) => x.maximum(0), -1, 1)).toEqual([0, infinity])
    expect(infinite((x) => x.minimum(0), -1, 1)).toEqual([infinity, 0])
    expect(infinite((x) => x.floor(), 0.5)).toEqual([0])
    expect(infinite((x) => x.ceil(), 0.5)).toEqual([0])
    expect(infinite((x) => x.trunc(), 0.5)).toEqual([0])
    expect(infinite((x) => x.round(), 0.4)).toEqual([0])
    expect(infinite((x) => x.sign(), 3)).toEqual([0])
    expect(infinite((x) => x.tanh(), -0.5, 0, 0.5)).toEqual([infinity, infinity, infinity])
    expect(infinite((x) => x.tan(), -0.5, 0, 0.5)).toEqual([infinity, infinity, infinity])
  })

  test('softmax, logSoftmax and logSumExp at ±1000 have finite gradients', () => {
    const huge = [1000, -1000, 999]
    const total = 1 + Math.exp(-1)
    expect(gradientOf((x) => x.logSumExp(), ...huge)).toEqual([
      expect.closeTo(1 / total, 14),
      0,
      expect.closeTo(Math.exp(-1) / total, 14),
    ])
    for (const f of [(x: Variable) => x.softmax(1).square(), (x: Variable) => x.logSoftmax(1)])
      expect(gradientOf(f, ...huge).every(Number.isFinite)).toBe(true)
  })

  test('sigmoid, tanh, softplus, silu, gelu, elu and erf at ±1000 have the gradients of their limits', () => {
    const limits: [(x: Variable) => Variable, number, number][] = [
      [(x) => x.sigmoid(), 0, 0],
      [(x) => x.tanh(), 0, 0],
      [(x) => x.softplus(), 0, 1],
      [(x) => x.silu(), 0, 1],
      [(x) => x.gelu(), 0, 1],
      [(x) => x.gelu({ approximate: 'tanh' }), 0, 1],
      [(x) => x.elu(), 0, 1],
      [(x) => x.erf(), 0, 0],
    ]
    for (const [f, low, high] of limits) expect(gradientOf(f, -1000, 1000).map((g) => g + 0)).toEqual([low, high])
  })

  test('std of equal elements has the gradient 0, and rows beside them keep theirs', () => {
    expect(gradientOf((x) => x.std(), 3, 3, 3)).toEqual([0, 0, 0])
    const x = variable(
      matrix(
        [
          [2, 2],
          [0, 2],
        ],
        float64,
      ),
    )
    x.std(1).sum().backward()
    expect(gradient(x)).toEqual([
      [0, 0],
      [-0.5, 0.5],
    ])
  })

  test('a NaN in one entry stays in that entry', () => {
    for (const f of [(x: Variable) => x.exp(), (x: Variable) => x.square(), (x: Variable) => x.mul(x)])
      expect(gradientOf(f, Number.NaN, 0)[1]).not.toBeNaN()
  })

  test('class weights do not turn a masked logit of −∞ into NaN', () => {
    const x = parameter(Number.NEGATIVE_INFINITY, 0, 0)
    const target = matrix([[1]], float64)
    for (const weight of [undefined, row(1, 2, 3)]) {
      x.grad = null
      const loss = autograd.crossEntropy(x, target, weight ? { weight } : {})
      loss.backward()
      expect(loss.item()).toBeCloseTo(Math.LN2, 14)
      expect(gradient(x)).toEqual([[0, expect.closeTo(-0.5, 14), expect.closeTo(0.5, 14)]])
    }
  })
})

describe('matrices without elements', () => {
  test('have gradients of their shape', () => {
    for (const [m, n] of [
      [0, 3],
      [3, 0],
      [0, 0],
    ]) {
      const x = variable(zeros(m, n, float64))
      x.exp().mul(2).add(1).sum().backward()
      expect(x.grad?.shape).toEqual([m, n])
    }
  })

  test('as one operand of concat and matmul leave the other its gradient', () => {
    const [empty, x] = [variable(zeros(0, 2, float64)), parameter(3, 4)]
    concat([empty, x], 0).sum().backward()
    expect(empty.grad?.shape).toEqual([0, 2])
    expect(gradient(x)).toEqual([[1, 1]])
    const inner = variable(zeros(2, 0, float64))
    inner
      .matmul(zeros(0, 3, float64))
      .sum()
      .backward()
    expect(inner.grad?.shape).toEqual([2, 0])
  })

  test('bias added to a batch without rows has the gradient 0', () => {
    const bias = parameter(1, 2)
    constant(zeros(0, 2, float64))
      .add(bias)
      .sum()
      .backward()
    expect(gradient(bias)).toEqual([[0, 0]])
  })
})

describe('defineOp', () => {
  /** scale·x³, with its attribute in the derivative. */
  const scaledCube: Op = {
    name: 'scaledCube',
    shape: ([a], { scale }) => {
      if (typeof scale !== 'number')
        throw new DTypeError(`scaledCube: scale is ${describeValue(scale)}, wanted a number`)
      return a.shape
    },
    forward: (out, [a], { scale }) => {
      for (let i = 0; i < out.data.length; i++) out.data[i] = scale * a.data[i] ** 3
    },
    vjp: [(g, _y, [x], { scale }) => g.mul(x.square().mul(3 * scale))],
  }

  test('an op with an attribute has the right value and orders 1 to 3', () => {
    const cube = defineOp(scaledCube)
    const x = row(0.5, -2)
    expect(cube([x], { scale: 2 }).toArray()).toEqual([[0.25, -16]])
    gradcheck((a) => cube([a], { scale: 2 }), [x], { order: 3 })
  })

  test('is forward only on matrices', () => {
    const y = defineOp(scaledCube)([row(1)], { scale: 2 })
    expect(y).toBeInstanceOf(Variable)
    expect(y.requiresGrad).toBe(false)
  })

  /** Σ wᵢ·xᵢ², wᵢ = 1, 2, 3 …: one rule for any number of inputs. */
  const weightedSquares: Op = {
    name: 'weightedSquares',
    shape: ([a]) => a.shape,
    forward: (out, inputs) => {
      out.data.fill(0)
      for (const [n, input] of inputs.entries())
        for (let i = 0; i < out.data.length; i++) out.data[i] += (n + 1) * input.data[i] ** 2
    },
    vjp: [(g, _y, inputs, _attributes, index) => g.mul(inputs[index].mul(2 * (index + 1)))],
  }

  test('one rule serves any number of inputs, and is told which', () => {
    const f = defineOp(weightedSquares)
    const inputs = [row(1, 2), row(3, 4), row(5, 6), row(7, 8)]
    for (let n = 1; n <= 4; n++) gradcheck((...of) => f(of), inputs.slice(0, n), { order: 2 })
    gradcheck((x) => f([x, x, x.exp()]), [row(0.3, -0.2)], { order: 2 })
  })

  test('a rule that is not told which input it is for serves one, as does null', () => {
    const { name, shape, forward } = weightedSquares
    const rule: Rule = (g, _y, [a]) => g.mul(a.mul(2))
    for (const [vjp, got] of [
      [[rule], 'weightedSquares: got 3 inputs and one rule'],
      [[rule, rule], 'weightedSquares: got 3 inputs and 2 rules'],
      [[rule, null], 'weightedSquares: got 3 inputs and 2 rules'],
    ] as const) {
      const f = defineOp({ name, shape, forward, vjp })
      const x = parameter(1, 2)
      expect(() => f([x, x, x])).toThrow(got)
      expect(f([x, x].slice(0, vjp.length)).shape).toEqual([1, 2])
    }
    expect(defineOp({ name, shape, forward, vjp: [] })([parameter(1), parameter(2)]).requiresGrad).toBe(false)
  })

  test('an input without a rule has no gradient and may select', () => {
    const gate: Op = {
      name: 'gate',
      selector: 1,
      shape: ([a]) => a.shape,
      forward: (out, [a, open]) => {
        for (let i = 0; i < out.data.length; i++) out.data[i] = open.data[i] ? a.data[i] : 0
      },
      vjp: [(g, _y, [, open]) => open.where(g, 0), null],
    }
    const f = defineOp(gate)
    const [x, open] = [parameter(3, 4), variable(matrix([[1, 0]], { dtype: 'float32' }))]
    const y = f([x, open])
    expect(y.dtype).toBe('float64')
    y.sum().backward()
    expect(gradient(x)).toEqual([[1, 0]])
    expect(open.grad).toBeNull()
    expect(f([row(1, 2), open]).requiresGrad).toBe(false)
  })

  test('a rule may give the cotangent of the shape that its input was broadcast to', () => {
    const f = defineOp({ ...mul, name: 'product' })
    gradcheck((a, b) => f([a, b]), [row(1, 2, 3), matrix([[4], [5]], float64)], { order: 2 })
  })

  test('a number as an input is a 1x1 of the dtype of the others', () => {
    const f = defineOp({ ...mul, name: 'product' })
    expect(f([3, variable(matrix([[2]], { dtype: 'float32' }))]).dtype).toBe('float32')
  })

  test('its list of inputs may be used again', () => {
    const times = defineOp({
      name: 'times',
      shape: ([a]) => a.shape,
      forward: (out, [a, b]) => out.data.set(a.data.map((each, i) => each * b.data[i])),
      vjp: [(g, _y, [, b]) => g.mul(b), (g, _y, [a]) => g.mul(a)],
    })
    const [a, b, other] = [parameter(2), parameter(5), parameter(7)]
    const list = [a, b]
    const y = times(list)
    list[0] = other
    list[1] = other
    y.backward()
    expect([gradient(a), gradient(b), other.grad]).toEqual([[[5]], [[2]], null])
  })

  test('a shape that is none', () => {
    for (const shape of [undefined, [1], [-1, 1], [1.5, 1], [Number.NaN, 1], 'ab', [1, 1, 1]]) {
      const op = defineOp({ name: 'odd', shape: () => shape as never, forward() {}, vjp: [] })
      expect(() => op([row(1)])).toThrow(ShapeError)
      expect(() => op([row(1)])).toThrow('odd: its shape gives')
    }
  })

  test('a forward that gives its result, for the elements of out are then what they were', () => {
    const { shape } = scaledCube
    const given = (forward: (out: Block, inputs: readonly Block[]) => unknown) =>
      defineOp({ name: 'odd', shape, forward: forward as Op['forward'], vjp: [] })([row(1, 2)], { scale: 1 })
    const message = (what: string) =>
      new DTypeError(`odd: its forward gives ${what}, wanted nothing: it writes to out.data`)
    expect(() => given((_, [x]) => x.data.map((each) => each ** 3))).toThrow(message('Float64Array'))
    expect(() => given((_, [x]) => (x as Matrix).pow(3))).toThrow(message('Matrix'))
    expect(() => given(async () => {})).toThrow(message('Promise'))
    // What `fill` gives, or an assignment, is no result.
    expect(given((out) => out.data.fill(2)).toArray()).toEqual([[2, 2]])
    expect(given((out) => out.data.fill(2).length).toArray()).toEqual([[2, 2]])
  })

  describe('rejects a broken contract', () => {
    const contracts: [string, unknown, string][] = [
      ['no name', { ...scaledCube, name: undefined }, 'defineOp: the op has no name'],
      ['a function', (x: unknown) => x, 'wanted an object with name, shape, forward and vjp'],
      ['an empty name', { ...scaledCube, name: '' }, 'defineOp: the op has no name'],
      [
        'no shape',
        { ...scaledCube, shape: undefined },
        'defineOp: shape of scaledCube is undefined, wanted a function',
      ],
      [
        'forward a string',
        { ...scaledCube, forward: 'x' },
        'defineOp: forward of scaledCube is "x", wanted a function',
      ],
      ['no vjp', { ...scaledCube, vjp: undefined }, 'defineOp: vjp of scaledCube is undefined, wanted a list of rules'],
      ['vjp a function', { ...scaledCube, vjp: scaledCube.vjp[0] }, 'wanted a list of rules'],
      [
        'a rule left out',
        { ...scaledCube, vjp: [undefined] },
        'defineOp: rule 0 of scaledCube is undefined, wanted a function or null',
      ],
      [
        'a rule that is no function',
        { ...scaledCube, vjp: [3] },
        'defineOp: rule 0 of scaledCube is 3, wanted a function or null',
      ],
    ]
    test.each(contracts)('%s', (_, op, message) => {
      expect(() => defineOp(op as Op)).toThrow(DTypeError)
      expect(() => defineOp(op as Op)).toThrow(message)
    })

    test.each([
      ['numbers alone', [1, 2], 'scaledCube: inputs are an array, wanted a list with a Variable or a Matrix'],
      ['no inputs', [], 'scaledCube: inputs are an array, wanted a list with a Variable or a Matrix'],
      ['no list', row(1), 'scaledCube: inputs are Matrix, wanted a list with a Variable or a Matrix'],
      ['a string among them', [row(1), 'x'], 'scaledCube: operand 2 is "x", wanted a Matrix or a number'],
    ])('a call with %s', (_, inputs, message) => {
      const f = defineOp(scaledCube)
      expect(() => f(inputs as unknown[], { scale: 1 })).toThrow(new DTypeError(message))
    })

    test('a call with a bad attribute is what shape throws', () => {
      expect(() => defineOp(scaledCube)([row(1)], { scale: '2' })).toThrow(
        new DTypeError('scaledCube: scale is "2", wanted a number'),
      )
    })

    test('a rule of the wrong shape is a ShapeError that names the op and both shapes', () => {
      const f = defineOp({ ...scaledCube, vjp: [(g) => g.T] })
      const x = parameter(1, 2)
      expect(() => f([x], { scale: 1 }).sum().backward()).toThrow(
        new ShapeError("scaledCube: its derivative is 2x1, wanted 1x2, the input's shape"),
      )
      expect(x.grad).toBeNull()
    })

    test.each([
      ['a matrix', row(1, 2), 'Matrix'],
      ['a number', 3, '3'],
      ['nothing', undefined, 'undefined'],
      ['null', null, 'null'],
    ])('a rule that gives %s is a DTypeError that names the op', (_, given, described) => {
      const f = defineOp({ ...scaledCube, vjp: [() => given as unknown as Variable] })
      const x = parameter(1, 2)
      expect(() => f([x], { scale: 1 }).sum().backward()).toThrow(
        new DTypeError(`scaledCube: its derivative is ${described}, wanted a Variable`),
      )
      expect(x.grad).toBeNull()
    })
  })
})

describe('printing', () => {
  test('shows the shape, dtype, name and whether it is constant', () => {
    expect(String(variable(row(1, 2), { name: 'weight' }))).toBe('Variable 1x2 float64 weight\n  1  2')
    expect(String(constant(row(1, 2)))).toBe('Variable 1x2 float64 constant\n  1  2')
  })
})
