// What a caller without types may pass. Every call throws an error of ours whose message begins with the operation, and
// changes nothing.

import * as autograd from '@matgrad/autograd'
import { type CrossEntropyOptions, constant, crossEntropy, Variable, variable } from '@matgrad/autograd'
import { DTypeError, MatgradError, Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { afterEach, describe, expect, test } from 'vitest'

const float64 = { dtype: 'float64' } as const
const ROWS = [
  [0.5, 1, 2],
  [3, 4, 5],
]
const x = variable(matrix(ROWS, float64))
const gradient = matrix(ROWS, float64)
x.grad = gradient

afterEach(() => {
  expect(x.toArray()).toEqual(ROWS)
  expect(x.grad).toBe(gradient)
  expect(gradient.toArray()).toEqual(ROWS)
  // Recording is still on.
  expect(x.neg().requiresGrad).toBe(true)
})

type Loose = (...args: unknown[]) => Variable
const functions = autograd as unknown as Record<string, Loose>
const method = (name: string): Loose => (x as unknown as Record<string, Loose>)[name].bind(x) as Loose

/** An error of ours, of this type, that begins with the operation and says all of `parts`. */
function expectError(run: () => unknown, type: typeof MatgradError, operation: string, ...parts: string[]): void {
  let error: unknown
  try {
    run()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(MatgradError)
  const { name, message } = error as MatgradError
  expect(name).toBe(new type().name)
  expect(message.slice(0, operation.length + 2)).toBe(`${operation}: `)
  for (const part of parts) expect(message).toContain(part)
}

const wrongTypes: [string, unknown][] = [
  ['"1"', '1'],
  ['null', null],
  ['undefined', undefined],
  ['Object', {}],
  ['an array', [[1, 2, 3]]],
  ['true', true],
]

const BINARY = [
  ...['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum'],
  ...['less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual'],
]

describe('an operand of a wrong type is a DTypeError', () => {
  test.each(BINARY)('%s, second operand', (name) => {
    for (const [described, value] of wrongTypes) {
      const parts = [`operand 2 is ${described}`, 'wanted a Matrix or a number']
      expectError(() => method(name)(value), DTypeError, name, ...parts)
      expectError(() => functions[name](x, value), DTypeError, name, ...parts)
    }
  })

  test.each([...BINARY, 'exp', 'relu', 'sum', 'softmax', 'transpose', 'sort', 'where'])('%s, first operand', (name) => {
    for (const [described, value] of wrongTypes)
      expectError(
        () => functions[name](value, x, x),
        DTypeError,
        name,
        `operand 1 is ${described}, wanted a Matrix or a number`,
      )
  })

  test('where, in the branches', () => {
    for (const [described, value] of wrongTypes) {
      expectError(() => method('where')(value, x), DTypeError, 'where', `operand 2 is ${described}`)
      expectError(() => method('where')(x, value), DTypeError, 'where', `operand 3 is ${described}`)
    }
  })

  test('matmul', () => {
    for (const [described, value] of wrongTypes)
      expectError(() => method('matmul')(value), DTypeError, 'matmul', `operand 2 is ${described}`)
  })

  test('affine', () => {
    for (const [described, value] of wrongTypes) {
      expectError(() => method('affine')(value, x), DTypeError, 'affine', `operand 2 is ${described}`)
      expectError(() => method('affine')(x.T, value), DTypeError, 'affine', `operand 3 is ${described}`)
      expectError(
        () => functions.affine(value, x, x),
        DTypeError,
        'affine',
        `operand 1 is ${described}, wanted a Matrix`,
      )
    }
  })

  test('concat: no list, a wrong operand', () => {
    for (const value of ['x', null, undefined, {}, 3, x])
      expectError(() => functions.concat(value, 0), DTypeError, 'concat', 'wanted an array of matrices')
    for (const [described, value] of [...wrongTypes, ['3', 3] as const])
      expectError(
        () => functions.concat([x, value], 0),
        DTypeError,
        'concat',
        `operand 2 is ${described}, wanted a Matrix`,
      )
  })

  test('a gradient that somebody set', () => {
    for (const [described, value] of [...wrongTypes, ['0', 0] as const]) {
      if (value === null) continue
      const w = variable(zeros(2, 3), { name: 'w' })
      w.grad = value as typeof w.grad
      expectError(() => w.sum().backward(), DTypeError, 'backward', 'w', `is ${described}, wanted a Matrix or null`)
    }
    const w = variable(zeros(2, 3))
    w.grad = zeros(3, 2) as Matrix as typeof w.grad
    expectError(() => w.sum().backward(), ShapeError, 'backward', 'is 3x2', '2x3 variable')
  })

  test('variable and constant', () => {
    for (const [described, value] of [...wrongTypes, ['3', 3] as const])
      for (const name of ['variable', 'constant'])
        expectError(() => functions[name](value), DTypeError, name, `value is ${described}, wanted a Matrix`)
  })
})

describe('shapes that do not fit are a ShapeError with both', () => {
  test.each(BINARY)('%s', (name) => {
    for (const [m, n] of [
      [2, 2],
      [3, 3],
      [3, 2],
      [1, 4],
      [4, 1],
    ]) {
      const other = zeros(m, n, float64)
      for (const each of [other, constant(other), variable(other)])
        expectError(() => method(name)(each), ShapeError, name, 'left is 2x3', `right is ${m}x${n}`)
      expectError(() => functions[name](other, x), ShapeError, name, `left is ${m}x${n}`, 'right is 2x3')
    }
  })

  test('where', () => {
    expectError(() => x.where(zeros(2, 2), 1), ShapeError, 'where', '2x2', '2x3')
    expectError(() => x.where(zeros(3, 1), zeros(2, 1)), ShapeError, 'where', '3x1', '2x1')
  })

  test.each([
    [{}, 2, 3, ''],
    [{ transposeA: true }, 3, 3, ' (Aᵀ·B)'],
    [{ transposeB: true }, 3, 2, ' (A·Bᵀ)'],
    [{ transposeA: true, transposeB: true }, 2, 3, ' (Aᵀ·Bᵀ)'],
  ])('matmul %o', (options, m, n, form) => {
    expectError(
      () => method('matmul')(zeros(m, n), options),
      ShapeError,
      'matmul',
      `left is 2x3, right is ${m}x${n}${form}, wanted`,
    )
  })

  test('concat', () => {
    expectError(() => functions.concat([x, zeros(2, 2)], 0), ShapeError, 'concat', '2x3, 2x2', 'columns')
    expectError(() => functions.concat([x, zeros(1, 3)], 1), ShapeError, 'concat', '2x3, 1x3', 'rows')
    expectError(() => functions.concat([], 0), ShapeError, 'concat', 'an empty list')
    for (const axis of [undefined, 2, -1, 0.5, Number.NaN, '0', null])
      expectError(() => functions.concat([x, x], axis), ShapeError, 'concat', 'axis', 'wanted 0')
  })

  test.each<[string, unknown[], string[]]>([
    ['reshape', [4, 2], ['2x3', '4x2']],
    ['reshape', [7, 1], ['2x3', '7x1']],
    ['broadcastTo', [3, 3], ['2x3', '3x3']],
    ['broadcastTo', [2, 1], ['2x3', '2x1']],
    ['slice', [0, 3], ['rowEnd is 3', '0 to 2']],
    ['slice', [-3, 1], ['rowStart is -3', '-2 to 1']],
    ['slice', [2, 1], ['rowStart is 2, rowEnd is 1 of 2']],
    ['slice', [0, 1, 0, 4], ['colEnd is 4', '0 to 3']],
    ['row', [2], ['the index is 2', '-2 to 1']],
    ['row', [-3], ['the index is -3']],
    ['col', [3], ['the index is 3', '-3 to 2']],
    ['place', [1, 3, 0, 0], ['rowStart']],
    ['place', [2, 3, 0, 1], ['colStart is 1']],
    ['diag', [], ['2x3', 'a row or a column']],
    ['outer', [zeros(1, 2)], ['2x3', 'a row or a column']],
    ['oneHot', [3], ['2x3', 'a column']],
  ])('%s(%o)', (name, args, parts) => {
    expectError(() => method(name)(...args), ShapeError, name, ...parts)
  })
})

describe('an axis that there is not is a ShapeError', () => {
  const axial = ['sum', 'mean', 'prod', 'max', 'min', 'argmax', 'argmin', 'logSumExp']
  const scans = ['cumsum', 'softmax', 'logSoftmax', 'sort', 'argsort']
  test.each([...axial, ...scans])('%s', (name) => {
    for (const axis of [2, -1, 0.5, Number.NaN, '0', null, {}])
      expectError(() => method(name)(axis), ShapeError, name, 'axis is ', 'wanted 0, 1 or none')
  })

  test.each(['max', 'min', 'argmax', 'argmin'])('%s of no elements', (name) => {
    expectError(() => functions[name](variable(zeros(0, 3))), ShapeError, name, '0x3', 'at least one element')
  })
})

describe('an index that is not a whole number is a DTypeError, one out of range a ShapeError', () => {
  const asColumn = (values: number[]): Matrix => new Matrix(Float64Array.from(values), values.length, 1)

  test.each<[string, unknown[], string]>([
    ['gatherRows', [], '0 or 1'],
    ['scatterAddRows', [2], '0 or 1'],
    ['pick', [], '0 to 2'],
  ])('%s', (name, rest, range) => {
    for (const bad of [0.5, -0.25, Number.NaN, Number.POSITIVE_INFINITY])
      for (const index of [[0, bad], asColumn([0, bad]), constant(asColumn([0, bad]))])
        expectError(() => method(name)(index, ...rest), DTypeError, name, `index 1 is ${bad}`, 'a whole number')
    for (const bad of [-1, 3, 1e9])
      for (const index of [[0, bad], asColumn([0, bad]), constant(asColumn([0, bad]))])
        expectError(() => method(name)(index, ...rest), ShapeError, name, `index 1 is ${bad}, wanted ${range}`)
    for (const [described, value] of wrongTypes.filter(([, each]) => !Array.isArray(each)))
      expectError(() => method(name)(value, ...rest), DTypeError, name, `operand 2 is ${described}`)
    for (const value of [
      ['0', 1],
      [null, 0],
      [[0], [1]],
    ])
      expectError(() => method(name)(value, ...rest), DTypeError, name, 'index 0 is ', 'wanted a number')
    expectError(() => method(name)(zeros(1, 2), ...rest), ShapeError, name, 'index is 1x2', 'a column')
  })

  test('pick and scatterAddRows want as many indices as rows', () => {
    expectError(() => x.pick([0]), ShapeError, 'pick', 'left is 2x3', 'index is 1x1')
    expectError(() => x.scatterAddRows([0, 1, 0], 2), ShapeError, 'scatterAddRows', 'left is 2x3', 'index is 3x1')
  })
})

describe('numbers of another kind', () => {
  test.each<[string, unknown[], typeof MatgradError]>([
    ['reshape', [1.5, 4], DTypeError],
    ['reshape', ['6', 1], DTypeError],
    ['reshape', [-6, -1], ShapeError],
    ['reshape', [Number.NaN, 1], DTypeError],
    ['broadcastTo', ['2', 3], DTypeError],
    ['broadcastTo', [2.5, 3], DTypeError],
    ['slice', [0.5, 1], DTypeError],
    ['slice', [0, '1'], DTypeError],
    ['slice', [0, null], DTypeError],
    ['row', [0.5], DTypeError],
    ['row', [undefined], DTypeError],
    ['col', ['0'], DTypeError],
    ['place', [4, 4, 0.5, 0], DTypeError],
    ['place', [4, 4, 0, null], DTypeError],
    ['scatterAddRows', [[0, 1], 2.5], DTypeError],
    ['scatterAddRows', [[0, 1], -1], ShapeError],
    ['tril', [0.5], DTypeError],
    ['triu', ['1'], DTypeError],
    ['clip', ['0', 1], DTypeError],
    ['clip', [0], DTypeError],
    ['leakyRelu', ['0.1'], DTypeError],
    ['leakyRelu', [null], DTypeError],
    ['elu', [{}], DTypeError],
    ['astype', ['float16'], DTypeError],
    ['astype', [undefined], DTypeError],
    ['oneHot', [2.5], DTypeError],
  ])('%s(%o) is a %o', (name, args, type) => {
    expectError(() => method(name)(...args), type, name)
  })
})

describe('crossEntropy', () => {
  const classes = (...values: number[]): Matrix => new Matrix(Float64Array.from(values), values.length, 1)
  const loose = crossEntropy as unknown as (logits: unknown, target: unknown, options?: unknown) => Variable

  test('wants class indices in a column or probabilities of the shape of the logits', () => {
    for (const [m, n] of [
      [1, 1],
      [3, 1],
      [2, 2],
      [1, 3],
      [3, 3],
      [1, 2],
    ])
      expectError(
        () => crossEntropy(x, zeros(m, n)),
        ShapeError,
        'crossEntropy',
        'logits are 2x3',
        `target is ${m}x${n}`,
        'wanted 2x1 class indices or 2x3 probabilities',
      )
  })

  test('refuses a class out of range or not whole, with every option', () => {
    const options: CrossEntropyOptions[] = [
      {},
      { weight: matrix([[1, 2, 3]], float64) },
      { labelSmoothing: 0.1 },
      { labelSmoothing: 0.1, weight: matrix([[1, 2, 3]], float64) },
    ]
    for (const each of options) {
      for (const bad of [-1, 3, 100])
        expectError(
          () => crossEntropy(x, classes(0, bad), each),
          ShapeError,
          'crossEntropy',
          `row 1 has class ${bad}, wanted 0 to 2`,
        )
      for (const bad of [0.5, Number.NaN, Number.POSITIVE_INFINITY])
        expectError(
          () => crossEntropy(x, classes(0, bad), each),
          DTypeError,
          'crossEntropy',
          `row 1 has class ${bad}, wanted a whole number`,
        )
    }
  })

  test('refuses operands of other types', () => {
    for (const [described, value] of wrongTypes) {
      expectError(() => loose(value, classes(0, 1)), DTypeError, 'crossEntropy', `operand is ${described}`)
      expectError(() => loose(x, value), DTypeError, 'crossEntropy', `operand is ${described}`)
    }
  })

  test('refuses a reduction that there is not', () => {
    for (const [described, reduction] of [...wrongTypes, ['"max"', 'max'] as const].filter(
      ([, each]) => each !== undefined,
    ))
      expectError(
        () => loose(x, classes(0, 1), { reduction }),
        DTypeError,
        'crossEntropy',
        `reduction is ${described}, wanted 'mean', 'sum' or 'none'`,
      )
  })

  test('refuses a weight that is not one number a class', () => {
    for (const [m, n] of [
      [3, 1],
      [1, 2],
      [2, 3],
    ])
      expectError(
        () => crossEntropy(x, classes(0, 1), { weight: zeros(m, n) }),
        ShapeError,
        'crossEntropy',
        `weight is ${m}x${n}, wanted a 1x3 Matrix`,
      )
    for (const weight of ['1', null, [1, 2, 3], 2, x])
      expectError(
        () => loose(x, classes(0, 1), { weight }),
        DTypeError,
        'crossEntropy',
        'weight is ',
        'wanted a Matrix',
      )
  })

  test('refuses a labelSmoothing outside 0 to 1', () => {
    for (const [labelSmoothing, wanted] of [
      ...[-0.1, 1.1, Number.NaN].map((each) => [each, '0 to 1'] as const),
      ...['0.1', null, {}].map((each) => [each, 'a number'] as const),
    ])
      expectError(
        () => loose(x, classes(0, 1), { labelSmoothing }),
        DTypeError,
        'crossEntropy',
        'labelSmoothing is ',
        `wanted ${wanted}`,
      )
  })
})

test('gradcheck of no arguments has nothing to check', () => {
  expectError(() => functions.gradcheck((a: Variable) => a, []), MatgradError, 'gradcheck', 'args are empty')
})

test('what takes no more arguments names what it takes', () => {
  const calls: [string, () => unknown, string][] = [
    ['variable', () => functions.variable(gradient, {}, true), 'variable(value, options)'],
    ['constant', () => functions.constant(gradient, true), 'constant(value)'],
    ['grad', () => functions.grad(() => x, 0, { allowUnused: true }), 'grad(f, argnums)'],
    ['gradcheck', () => functions.gradcheck(() => x, [x], {}, 1e-6), 'gradcheck(f, args, options)'],
    ['compile', () => functions.compile(() => x, {}, 'static'), 'compile(fn, options)'],
    ['noGrad', () => functions.noGrad(() => x, x), 'noGrad(run)'],
    ['backward', () => method('backward')(gradient, { retainGraph: true }), 'a.backward(gradient)'],
    ['detach', () => method('detach')(true), 'a.detach()'],
    ['exp', () => method('exp')({ out: x }), 'a.exp()'],
    ['std', () => method('std')(0, { ddof: 1 }, { keepdims: true }), 'a.std(axis, options)'],
  ]
  for (const [name, call, wanted] of calls) expectError(call, DTypeError, name, `in excess, wanted ${wanted}`)
  expect([x, x].map(autograd.exp).map(({ shape }) => shape)).toEqual([x.shape, x.shape])
})

test('a compiled function refuses what is nested too deep, or in itself', () => {
  let nested: unknown = 1
  for (let i = 0; i < 20_000; i++) nested = [nested]
  const itself: unknown[] = []
  itself.push(itself)
  const compiled = (f: () => unknown) => functions.compile(f) as unknown as Loose
  expectError(() => compiled(() => 1)(nested), DTypeError, 'compile', 'an argument has more than 1000 arrays')
  for (const [result, message] of [
    [nested, 'the result has more than 1000 arrays'],
    [itself, 'the result[0] contains itself'],
  ] as const)
    expectError(() => compiled(() => result)(), DTypeError, 'compile', message)
})

test('a variable is of a matrix', () => {
  for (const [value, shown] of [
    [3, '3'],
    [[[1]], 'an array'],
    [x, 'Variable'],
  ] as const) {
    const call = (): unknown => new Variable(value as never, true)
    expectError(call, DTypeError, 'Variable', `value is ${shown}, wanted a Matrix`)
  }
})

test('apply of a variable wants an operation and operands', () => {
  expectError(() => (x as unknown as { apply(): void }).apply(), DTypeError, 'apply', 'wanted an operation and a list')
})

test('a program that would change a frozen matrix is refused before it does', () => {
  const a = Object.freeze(constant(gradient).value.clone())
  const before = a.toArray()
  const program = functions.compile(() => a.assign(a.neg()))
  for (let i = 0; i < 3; i++) expectError(program as never, MatgradError, 'assign', 'got a matrix that is frozen')
  expect(a.toArray()).toEqual(before)
})
