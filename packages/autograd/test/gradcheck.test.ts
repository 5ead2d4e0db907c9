import { defineOp, gradcheck, linalg, type Op, type Rule, Variable, variable } from '@matgrad/autograd'
import { type Attributes, Generator, MatgradError, type Matrix, matrix, zeros } from '@matgrad/core'
import * as functions from '@matgrad/core/functions'
import { operations as ops } from '@matgrad/core/internal'
import { describe, expect, test } from 'vitest'
import { history } from '../src/tape.ts'
import { notDifferentiable, rows } from './rows.ts'

const { checkIndices: _c, copyRows: _r, assign: _a, clone: _d, weighed: _w, ...rest } = ops
const table = rest as unknown as Readonly<Record<string, Op>>
const exp = ops.exp as unknown as Op
const isDifferentiable = (op: Op): boolean => op.vjp.some((rule) => rule !== null)
const differentiable = Object.values(table).filter(isDifferentiable)
const casesOf = (name: string) => rows.filter((row) => row.name === name).flatMap((row) => row.cases)

describe('the table', () => {
  const names = rows.map(({ name }) => name)

  test('has a row for every op with a derivative', () => {
    expect(differentiable.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([])
    expect(differentiable.length).toBeGreaterThan(50)
  })

  test('lists every op without one', () => {
    const without = Object.values(table).filter((op) => !isDifferentiable(op))
    const composed = ['all', 'any']
    expect([...without.map(({ name }) => name), ...composed].sort()).toEqual([...notDifferentiable].sort())
    for (const { vjp } of without) expect(vjp).toEqual([])
  })

  test('has a row for every function, too', () => {
    const covered = [...names, ...notDifferentiable]
    expect(Object.keys(functions).filter((name) => !covered.includes(name))).toEqual([])
  })

  test('knows each op by the name it is exported as', () => {
    for (const [name, op] of Object.entries(table)) expect(op.name).toBe(name)
  })

  test('has at least five different cases a row', () => {
    for (const { name, cases } of rows) {
      expect(new Set(cases.map(({ shapes }) => shapes)).size, name).toBe(cases.length)
      expect(cases.length, name).toBeGreaterThanOrEqual(5)
    }
  })
})

const titled = rows.flatMap(({ name, cases }) => cases.map((each) => [`${name}: ${each.shapes}`, each] as const))

const MODES = ['full', 'random'] as const

// Second derivatives in random directions alone, which take less time. That a wrong one shows in them is tested below.
describe('the tape agrees with differences within 1e-6', () => {
  test.each(titled)('%s: every entry', (_title, { f, args }) => {
    gradcheck(f, args, { mode: 'full' })
  })

  test.each(titled)('%s: in random directions, orders 1 and 2', (_title, { f, args }) => {
    gradcheck(f, args, { order: 2, mode: 'random' })
  })
})

/** Zero wherever it is defined, so that a factor does not show. */
const flat = ['sign', 'floor', 'ceil', 'trunc', 'round']

/** The rules of an op with the numbers of inputs to corrupt them at: of concat's one rule, the first two. */
const inputsOf = (op: Op): number[] =>
  op.name === 'concat' ? [0, 1] : op.vjp.flatMap((rule, i) => (rule === null ? [] : [i]))

const at = (op: Op, wrong: number, corrupt: (...of: Parameters<Rule>) => Variable): Op => ({
  ...op,
  vjp:
    op.name === 'concat'
      ? [onlyAt(op.vjp[0], wrong, corrupt)]
      : op.vjp.map((rule, i) => (i === wrong ? corrupt : rule)),
})

const onlyAt =
  (rule: Rule | null, wrong: number, corrupt: Rule): Rule =>
  (g, y, inputs, attributes, index, ...rest) =>
    (index === wrong ? corrupt : (rule as Rule))(g, y, inputs, attributes, index, ...rest)

const ruleAt = (op: Op, i: number): Rule => op.vjp[Math.min(i, op.vjp.length - 1)] as Rule

/** What gradcheck says of the cases of a row, one after another as they are asked for, while its op has another rule. */
function* complaints(op: Op, i: number, corrupt: Rule, mode: 'full' | 'random' = 'full'): IterableIterator<string> {
  const { vjp } = op
  Object.assign(op, { vjp: at(op, i, corrupt).vjp })
  try {
    for (const { f, args } of casesOf(op.name))
      try {
        gradcheck(f, args, { mode })
      } catch (error) {
        if (!(error instanceof MatgradError)) throw error
        yield error.message
      }
  } finally {
    Object.assign(op, { vjp })
  }
}

const COMPLAINT =
  /^gradcheck of \w+, order 1: argument \d \(\dx\d\), (entry \d, \d|random direction \d): the tape says .*, differences say .*$/

describe.each(MODES)('a corrupted rule is caught by the row of its op, mode %s', (mode) => {
  const kinds: [string, (op: Op, input: number) => boolean, (rule: Rule) => Rule][] = [
    [
      '0.1 % too large',
      () => true,
      (rule) =>
        (...of) =>
          rule(...of).mul(1.001),
    ],
    [
      '0.1 % too small',
      () => true,
      (rule) =>
        (...of) =>
          rule(...of).mul(0.999),
    ],
    [
      'of the wrong sign',
      // The sum of gradcheck itself would take the sign of sum back.
      ({ name }) => name !== 'sum',
      (rule) =>
        (...of) =>
          rule(...of).neg(),
    ],
    [
      'the cotangent itself',
      // Of these it is the rule.
      ({ name }, i) =>
        !['add', 'sub', 'finite', 'broadcastTo', 'astype'].includes(name) && !['affine2', 'mod0'].includes(name + i),
      () => (g) => g,
    ],
    [
      'transposed',
      // A vector's transpose has the same elements in the same order.
      ({ name }) => name !== 'diag',
      (rule) =>
        (...of) => {
          const g = rule(...of)
          return g.T.reshape(g.rows, g.cols)
        },
    ],
    [
      'with its elements one place further',
      ({ name }) => !['sum'].includes(name),
      (rule) =>
        (...of) => {
          const g = rule(...of)
          const n = g.rows * g.cols
          const line = g.reshape(1, n)
          return n < 2 ? g.mul(1.001) : line.gatherCols([n - 1, ...Array(n - 1).keys()]).reshape(g.rows, g.cols)
        },
    ],
    [
      'zero',
      () => true,
      (rule) =>
        (...of) =>
          rule(...of).mul(0),
    ],
  ]
  const corruptions = differentiable
    .filter(({ name }) => !flat.includes(name))
    .flatMap((op) =>
      inputsOf(op).flatMap((i) =>
        kinds
          .filter(([, applies]) => applies(op, i))
          .map(([title, , corrupt]) => [`${op.name}, input ${i}: ${title}`, op, i, corrupt] as const),
      ),
    )

  test.each(corruptions)('%s', (_title, op, i, corrupt) => {
    // The row is as good as its best case: the first that complains of the derivative itself ends the search.
    const found: string[] = []
    for (const message of complaints(op, i, corrupt(ruleAt(op, i)), mode)) {
      found.push(message)
      if (message.startsWith(`${op.name}: its derivative is `)) continue
      expect(message).toMatch(COMPLAINT)
      break
    }
    expect(found.length).toBeGreaterThan(0)
  })

  test.each(flat)('%s, input 0: the cotangent instead of zero', (name) => {
    const found = [...complaints(table[name], 0, (g) => g, mode)]
    expect(found).toHaveLength(casesOf(name).length)
    for (const message of found) expect(message).toMatch(COMPLAINT)
  })

  test('without a corruption none of these complains', () => {
    for (const op of differentiable)
      for (const i of inputsOf(op)) expect([...complaints(op, i, ruleAt(op, i), mode)]).toEqual([])
  })
})

interface Call {
  readonly inputs: readonly Matrix[]
  readonly attributes: Attributes
  /** The inputs with a rule. */
  readonly wanted: readonly number[]
}

/** The last of the largest calls of the op in its row, all inputs different and, if they have a rule, differentiable. */
function callOf(op: Op): Call {
  const calls = casesOf(op.name).flatMap(({ f, args }) =>
    history(f(...args.map((each) => variable(each))), new Set()).flatMap(({ origin }): Call[] => {
      if (origin?.op !== op || new Set(origin.inputs).size < origin.inputs.length) return []
      const wanted = origin.inputs.flatMap((_, i) => (ruleAt(op, i) ? [i] : []))
      if (!wanted.every((i) => origin.inputs[i].requiresGrad)) return []
      return [{ inputs: origin.inputs.map(({ value }) => value), attributes: origin.attributes, wanted }]
    }),
  )
  const size = ({ inputs, wanted }: Call): number => wanted.reduce((total, i) => total + inputs[i].size, 0)
  return calls.reduce((a, b) => (size(b) >= size(a) ? b : a))
}

/** What the method of a formula's name makes of its input: the other input of the formula. */
function valueFor({ name }: Op, x: Variable, { axis, divisor }: Attributes): Variable {
  if (name === 'cov') return x.detach().cov({ ddof: x.cols - divisor })
  const options = { ddof: (axis === undefined ? x.rows * x.cols : x.shape[axis as 0 | 1]) - divisor }
  return name === 'std' ? x.detach().std(axis, options) : x.detach().variance(axis, options)
}

/** The op as a function of its differentiable inputs, the others fixed. */
const functionOf =
  (op: Op, { inputs, attributes, wanted }: Call) =>
  (...variables: Variable[]): Variable => {
    const given = inputs.map((input, i) => (wanted.includes(i) ? variables[wanted.indexOf(i)] : input))
    if (['variance', 'std', 'cov'].includes(op.name)) given[0] = valueFor(op, variables[0], attributes)
    return defineOp(op)(given, attributes)
  }

const everyInput = differentiable.flatMap((op) => inputsOf(op).map((i) => [`${op.name}, input ${i}`, op, i] as const))

describe('gradcheck names the argument and the entry', () => {
  test.each(everyInput)('%s', (_title, op, i) => {
    const called = callOf(op)
    const { rows: m, cols: n } = called.inputs[i]
    const [r, c] = [m - 1, Math.floor((n - 1) / 2)]
    const error = zeros(m, n, { dtype: 'float64' })
    error.set(r, c, 1e-3)
    const corrupted = at(op, i, (...of) => ruleAt(op, i)(...of).add(error))
    const args = called.wanted.map((each) => called.inputs[each])
    expect(() => gradcheck(functionOf(op, called), args)).not.toThrow()
    expect(() => gradcheck(functionOf(corrupted, called), args)).toThrow(
      `gradcheck of f, order 1: argument ${called.wanted.indexOf(i)} (${m}x${n}), entry ${r}, ${c}: the tape says `,
    )
    if (flat.includes(op.name)) return
    const negative = at(op, i, (...of) => ruleAt(op, i)(...of).neg())
    expect(() => gradcheck(functionOf(negative, called), args)).toThrow(COMPLAINT)
  })
})

/** A cotangent that depends on the arguments, so that a rule that is linear in it has a second derivative. */
const curve =
  (f: (...of: Variable[]) => Variable) =>
  (...of: Variable[]): Variable => {
    return f(...of)
      .square()
      .log1p()
  }

describe('a rule right in first order alone is caught by order 2 alone', () => {
  const mode = 'random'
  const check = (op: Op, corrupted: Op, i: number): void => {
    const called = callOf(op)
    const args = called.wanted.map((each) => called.inputs[each])
    const f = curve(functionOf(corrupted, called))
    expect(() => gradcheck(curve(functionOf(op, called)), args, { order: 2, mode })).not.toThrow()
    expect(() => gradcheck(f, args, { order: 1, mode })).not.toThrow()
    expect(() => gradcheck(f, args, { order: 2, mode })).toThrow(
      new RegExp(`^gradcheck of .*, order 2: argument ${called.wanted.indexOf(i)} `),
    )
  }

  test.each(everyInput)('%s: a term of value 0 and derivative 1, in random directions', (_title, op, i) => {
    const corrupted = at(op, i, (...of) => {
      const input = of[2][i]
      return ruleAt(op, i)(...of).add(input.sub(input.detach()))
    })
    check(op, corrupted, i)
  })

  const curved = differentiable.filter(({ name }) => !flat.includes(name)).map((op) => [op.name, op] as const)
  test.each(curved)('%s: detached, every entry', (_title, op) => {
    const detached = op.vjp.map((rule): Rule | null =>
      rule === null
        ? null
        : (g, y, inputs, attributes, index, ...rest) =>
            rule(
              g.detach(),
              y.detach(),
              inputs.map((x) => x.detach()),
              attributes,
              index,
              ...rest,
            ),
    )
    const called = callOf(op)
    const args = called.wanted.map((each) => called.inputs[each])
    const f = curve(functionOf({ ...op, vjp: detached }, called))
    expect(() => gradcheck(f, args, { order: 1 })).not.toThrow()
    expect(() => gradcheck(f, args, { order: 2 })).toThrow(/^gradcheck of .*, order 2: argument \d /)
  })
})

describe('gradcheck itself', () => {
  const x = matrix([[0.3, -0.7]], { dtype: 'float64' })
  const slightlyOff = defineOp({ ...exp, vjp: [(g, y) => g.mul(y).mul(1 + 1e-4)] })
  const cubeOff = defineOp({
    ...exp,
    name: 'cubeOff',
    vjp: [(g, y, [a]) => g.mul(y).add(a.sub(a.detach()).square())],
  })

  test('names the function that is wrong', () => {
    const wrong = (a: Variable): Variable => slightlyOff([a])
    expect(() => gradcheck(wrong, [x])).toThrow('gradcheck of wrong, order 1: argument 0 (1x2), entry ')
  })

  test('a looser rtol forgives, the default does not', () => {
    expect(() => gradcheck((a) => slightlyOff([a]), [x], { rtol: 1e-3 })).not.toThrow()
    expect(() => gradcheck((a) => slightlyOff([a]), [x])).toThrow(MatgradError)
  })

  test('order 3 sees what orders 1 and 2 do not', () => {
    expect(() => gradcheck((a) => cubeOff([a]), [x], { order: 2 })).not.toThrow()
    expect(() => gradcheck((a) => cubeOff([a]), [x], { order: 3 })).toThrow(', order 3: argument 0 (1x2), entry ')
  })

  test('order 4 of a composition holds', () => {
    gradcheck((a) => a.exp().mul(a.sin()), [x], { order: 4 })
  })

  test('sees an error in any entry of a result that is not 1x1, and between entries that cancel in a plain sum', () => {
    const swapped = defineOp({ ...exp, vjp: [(g, y) => g.flipCols().mul(y)] })
    expect(() => gradcheck((a) => swapped([a]), [x])).toThrow(MatgradError)
  })

  test('NaN on the tape or in the differences is an error', () => {
    const nan = defineOp({ ...exp, vjp: [(g) => g.mul(Number.NaN)] })
    expect(() => gradcheck((a) => nan([a]), [x])).toThrow('the tape says NaN')
    expect(() => gradcheck((a) => a.log(), [x])).toThrow('differences say NaN')
  })

  test('the numbers of a message are those of f where it is 1x1, and said to be those of a sum where it is not', () => {
    const half = defineOp({ ...exp, vjp: [(g, y) => g.mul(y).mul(0.5)] })
    const one = zeros(1, 1, { dtype: 'float64' })
    expect(() => gradcheck((a) => half([a]), [one])).toThrow(
      /the tape says 0\.5, differences say (1|0\.9999999)\d*(\.\d+)?$/,
    )
    expect(() => gradcheck((a) => half([a]), [x])).toThrow('(of a sum with random weights)')
  })

  test('a function that gives something else in each call is an error that says so', () => {
    const generator = new Generator(1)
    const noisy = (a: Variable) => a.mul(generator.uniform(a.rows, a.cols, 0, 1, { dtype: 'float64' }))
    for (const mode of ['full', 'random'] as const)
      expect(() => gradcheck(noisy, [x], { mode })).toThrow(
        /^gradcheck of noisy: it gives \S+, and \S+ when it is called again, wanted the same/,
      )
  })

  test('what is no variable is refused, such as all that qr gives', () => {
    expect(() => gradcheck((a) => linalg.qr(a) as never, [x])).toThrow('gradcheck: f gave Object, wanted a Variable')
    expect(() => gradcheck((a) => a.value as never, [x])).toThrow('gradcheck: f gave Matrix, wanted a Variable')
  })

  test('gives variables, matrices and the default generator back as they were', () => {
    const parameter = variable(x.clone())
    const before = x.toArray()
    gradcheck((a, b) => a.mul(b).exp(), [parameter, x], { order: 2 })
    expect([parameter.toArray(), x.toArray(), parameter.grad]).toEqual([before, before, null])
  })

  test('gives the same verdict every time', () => {
    const message = (): string => {
      try {
        gradcheck((a) => slightlyOff([a]), [x])
        return ''
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(message()).not.toBe('')
    expect(message()).toBe(message())
  })

  describe('in random directions', () => {
    const generator = new Generator('large')
    const normal = (rows: number, cols: number): Matrix => generator.normal(rows, cols, 0, 0.3, { dtype: 'float64' })
    const args = [normal(64, 200), normal(200, 100), normal(1, 100)]
    const layer =
      (activation: (a: Variable) => Variable) =>
      (a: Variable, w: Variable, b: Variable): Variable =>
        activation(a.matmul(w).add(b))

    test('checks 32,900 entries of three arguments, orders 1 and 2', () => {
      gradcheck(
        layer((a) => a.tanh()),
        args,
        { order: 2, mode: 'random' },
      )
    })

    test('calls f 14 times beside the gradient, however many entries there are', () => {
      let calls = 0
      const counted = (a: Variable): Variable => {
        calls++
        return a.sin()
      }
      gradcheck(counted, [args[0]], { mode: 'random' })
      expect(calls).toBe(15)
    })

    test('sees an error of 0.1 % in one of two rules of a large product, and names the argument that is worst', () => {
      for (const [wrong, shape] of [
        [0, '64x200'],
        [1, '200x100'],
      ] as const) {
        const product = defineOp(
          at(ops.matmul as unknown as Op, wrong, (...of) =>
            ruleAt(ops.matmul as unknown as Op, wrong)(...of).mul(1.001),
          ),
        )
        const f = (a: Variable, w: Variable): Variable => product([a, w], { transposeA: false, transposeB: false })
        expect(() => gradcheck(f, args.slice(0, 2), { mode: 'random' })).toThrow(
          `gradcheck of f, order 1: argument ${wrong} (${shape}), random direction 0: the tape says `,
        )
      }
    })

    test('NaN is an error there, too', () => {
      expect(() => gradcheck((a) => a.log(), [args[0]], { mode: 'random' })).toThrow('the tape says ')
    })
  })

  test('wants at least order 1', () => {
    for (const order of [0, -1, 1.5, Number.NaN])
      expect(() => gradcheck((a) => a.exp(), [x], { order })).toThrow(`gradcheck: order is ${order}`)
  })

  test('wants float64', () => {
    const single = new Generator(0).normal(1, 2)
    expect(() => gradcheck((a) => a, [single])).toThrow('gradcheck: argument 0 is ')
    expect(() => gradcheck((a) => a, ['x' as unknown as Matrix])).toThrow(
      'gradcheck: argument 0 is "x", wanted a float64 Matrix or Variable',
    )
  })
})

test('the ops of the table that users call are Variable methods, or concat', () => {
  const methods = Object.keys(table).filter((name) => table[name].method)
  expect(
    methods.filter((name) => typeof (Variable.prototype as unknown as Record<string, unknown>)[name] !== 'function'),
  ).toEqual([])
})
