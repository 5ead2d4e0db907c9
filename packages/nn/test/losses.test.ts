// The losses against plain loops, PyTorch, and what they must be for logits that overflow a careless formula.

import { type Variable, variable } from '@matgrad/autograd'
import { DTypeError, Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { binaryCrossEntropyWithLogits, crossEntropy, mseLoss, type Reduction } from '@matgrad/nn'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { gradcheck, run } from './run.ts'
import { DTYPES, errorOf, expectClose, noise, type Stored, sample, toMatrix, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: options from fixtures, and calls that the types forbid
type Untyped = any

const REDUCTIONS: readonly Reduction[] = ['mean', 'sum', 'none']
const losses = { mseLoss, crossEntropy, binaryCrossEntropyWithLogits }

/** The value of a loss and the gradient of its sum with respect to the prediction. */
function both(
  loss: (prediction: Variable) => Variable,
  prediction: Matrix,
): { value: Matrix; gradient: Matrix; dtype: string } {
  const pass = (from: Matrix) => {
    const x: Variable = variable(from)
    const y = loss(x)
    y.sum().backward()
    return { value: y.value, gradient: x.grad ?? zeros(0, 0), dtype: y.dtype }
  }
  return run(pass, prediction)
}

/** Terms, one an entry of the result, reduced by plain loops. */
function reduced(terms: readonly number[], rows: number, cols: number, reduction: Reduction): Matrix {
  const sum = terms.reduce((total, each) => total + each, 0)
  if (reduction === 'none') return new Matrix(Float64Array.from(terms), rows, cols)
  return matrix([[reduction === 'sum' ? sum : sum / terms.length]], { dtype: 'float64' })
}

/** What each term's gradient is multiplied by when the terms are reduced. */
const share = (reduction: Reduction, terms: number): number => (reduction === 'mean' ? 1 / terms : 1)

const logSumExp = (row: readonly number[]): number => {
  const top = Math.max(...row)
  return top + Math.log(row.reduce((total, x) => total + Math.exp(x - top), 0))
}

const size = fc.integer({ min: 1, max: 12 })
const setting = [size, size, fc.constantFrom(...REDUCTIONS), fc.constantFrom(...DTYPES), fc.integer()] as const

// Twelve columns and twelve rows of numbers up to 3: a sum of 144 terms, each off by a few units, is off by less than
// 100 units of the largest.
const BOUND = 100

describe('against a plain loop, within 100 units', () => {
  test('mseLoss', () => {
    fc.assert(
      fc.property(...setting, (rows, cols, reduction, dtype, seed) => {
        const random = noise(seed)
        const [p, t] = [0, 1].map(() => sample(rows, cols, random, { dtype, low: -3, high: 3 }))
        const got = both((x) => mseLoss(x, t, { reduction }), p)
        const differences = Array.from(p.data, (each, i) => each - t.data[i])
        const bound = BOUND * UNIT[dtype]
        expect(got.dtype).toBe(dtype)
        const terms = differences.map((d) => d ** 2)
        expectClose(got.value, reduced(terms, rows, cols, reduction), bound)
        const factor = 2 * share(reduction, p.size)
        const gradient = new Matrix(
          Float64Array.from(differences, (d) => factor * d),
          rows,
          cols,
        )
        expectClose(got.gradient, gradient, bound)
      }),
    )
  })

  test('binaryCrossEntropyWithLogits, with posWeight and without', () => {
    fc.assert(
      fc.property(...setting, fc.boolean(), (rows, cols, reduction, dtype, seed, weighted) => {
        const random = noise(seed)
        const x = sample(rows, cols, random, { dtype, low: -3, high: 3 })
        const t = sample(rows, cols, random, { dtype, low: 0, high: 1 })
        const posWeight = sample(1, cols, random, { dtype, low: 0.1, high: 4 })
        const options = weighted ? { reduction, posWeight } : { reduction }
        const got = both((logits) => binaryCrossEntropyWithLogits(logits, t, options), x)
        const weightOf = (i: number): number => (weighted ? posWeight.data[i % cols] : 1)
        const terms = Array.from(
          x.data,
          (z, i) => weightOf(i) * t.data[i] * Math.log1p(Math.exp(-z)) + (1 - t.data[i]) * Math.log1p(Math.exp(z)),
        )
        const slopes = Array.from(
          x.data,
          (z, i) => -weightOf(i) * (t.data[i] / (1 + Math.exp(z))) + (1 - t.data[i]) / (1 + Math.exp(-z)),
        )
        const bound = BOUND * UNIT[dtype]
        expect(got.dtype).toBe(dtype)
        expectClose(got.value, reduced(terms, rows, cols, reduction), bound)
        const factor = share(reduction, x.size)
        const gradient = new Matrix(
          Float64Array.from(slopes, (each) => factor * each),
          rows,
          cols,
        )
        expectClose(got.gradient, gradient, bound, bound * factor)
      }),
    )
  })

  test('crossEntropy of class indices, with weight and without', () => {
    fc.assert(
      fc.property(...setting, fc.boolean(), (rows, cols, reduction, dtype, seed, weighted) => {
        const random = noise(seed)
        // One column of class indices beside one of logits would be taken for probabilities.
        const count = cols + 1
        const x = sample(rows, count, random, { dtype, low: -3, high: 3 })
        const classes = Array.from({ length: rows }, () => Math.floor(count * random()))
        const weight = sample(1, count, random, { dtype, low: 0.1, high: 4 })
        const target = matrix(classes.map((each) => [each]))
        const options = weighted ? { reduction, weight } : { reduction }
        const got = both((logits) => crossEntropy(logits, target, options), x)
        const weights = classes.map((each) => (weighted ? weight.data[each] : 1))
        const terms = x.toArray().map((row, i) => weights[i] * (logSumExp(row) - row[classes[i]]))
        const divisor = reduction === 'mean' ? weights.reduce((total, each) => total + each, 0) : 1
        const wanted =
          reduction === 'none' ? reduced(terms, rows, 1, 'none') : reduced(terms, rows, 1, 'sum').div(divisor)
        const bound = BOUND * UNIT[dtype]
        expect(got.dtype).toBe(dtype)
        expectClose(got.value, wanted, bound, bound)
        const slopes = x
          .toArray()
          .map((row, i) =>
            row.map((z, j) => ((Math.exp(z - logSumExp(row)) - Number(j === classes[i])) * weights[i]) / divisor),
          )
        expectClose(got.gradient, matrix(slopes, { dtype: 'float64' }), bound, bound / divisor)
      }),
    )
  })
})

interface Case {
  readonly name: string
  readonly loss: keyof typeof losses
  readonly prediction: Stored
  readonly target: Stored
  readonly options: Record<string, unknown>
  readonly value: Stored
  readonly gradient: Stored
}

describe('PyTorch agrees within 1e-12', async () => {
  const cases = await readJson<Case[]>('nn/losses.json')
  const isStored = (value: unknown): value is Stored => typeof value === 'object' && value !== null && 'data' in value

  test('on every loss', () => {
    expect(new Set(cases.map(({ loss }) => loss))).toEqual(new Set(Object.keys(losses)))
    expect(cases.length).toBeGreaterThan(50)
  })

  test.each(cases.map((each) => [`${each.loss}: ${each.name}`, each] as const))('%s', (_title, each) => {
    const options = Object.fromEntries(
      Object.entries(each.options).map(([name, value]) => [name, isStored(value) ? toMatrix(value) : value]),
    )
    const target = toMatrix(each.target)
    const got = both((x) => losses[each.loss](x, target, options as Untyped), toMatrix(each.prediction))
    // Where PyTorch subtracts a probability from 1, a rest below its last digit is lost.
    expectClose(got.value, toMatrix(each.value), 1e-12, 1e-15)
    expectClose(got.gradient, toMatrix(each.gradient), 1e-12, 1e-15)
  })
})

describe.each(DTYPES)('extreme logits in %s', (dtype) => {
  const ln2 = Math.LN2

  test.each([
    [1000, 1, 0, 0],
    [1000, 0, 1000, 1],
    [-1000, 1, 1000, -1],
    [-1000, 0, 0, 0],
    [0, 1, ln2, -0.5],
    [0, 0, ln2, 0.5],
    [0, 0.5, ln2, 0],
  ])('binaryCrossEntropyWithLogits of %s for %s is %s with the gradient %s, within a unit', (x, t, value, slope) => {
    for (const reduction of REDUCTIONS) {
      const got = both(
        (logits) => binaryCrossEntropyWithLogits(logits, matrix([[t]], { dtype }), { reduction }),
        matrix([[x]], { dtype }),
      )
      expect(Math.abs(got.value.item() - value)).toBeLessThanOrEqual(2 * UNIT[dtype] * value)
      expect(Math.abs(got.gradient.item() - slope)).toBeLessThanOrEqual(2 * UNIT[dtype] * Math.abs(slope))
    }
  })

  test('binaryCrossEntropyWithLogits keeps the digits of a small loss, within 4 units', () => {
    const [one, zero] = [1, 0].map((t) => matrix([[t]], { dtype }))
    const wanted = Math.log1p(Math.exp(-40))
    for (const got of [
      both((x) => binaryCrossEntropyWithLogits(x, one), matrix([[40]], { dtype })),
      both((x) => binaryCrossEntropyWithLogits(x, zero), matrix([[-40]], { dtype })),
    ]) {
      expect(Math.abs(got.value.item() - wanted)).toBeLessThanOrEqual(8 * UNIT[dtype] * wanted)
      expect(Math.abs(Math.abs(got.gradient.item()) - wanted)).toBeLessThanOrEqual(8 * UNIT[dtype] * wanted)
    }
  })

  const { POSITIVE_INFINITY: inf } = Number
  // Of ∞ for 1 and −∞ for 0 nothing is lost; half a target is lost at either.
  test.each([
    [inf, 1, 1, 0, 0],
    [-inf, 0, 1, 0, 0],
    [inf, 0, 1, inf, 1],
    [-inf, 1, 1, inf, -1],
    [-inf, 1, 0, 0, 0],
    [inf, 0.5, 1, inf, 0.5],
  ])('binaryCrossEntropyWithLogits of %s for %s with the posWeight %s is %s with the gradient %s', (...numbers) => {
    const [x, t, weight, value, slope] = numbers
    const posWeight = matrix([[weight, 1]], { dtype })
    for (const reduction of REDUCTIONS) {
      const got = both(
        (logits) => binaryCrossEntropyWithLogits(logits, matrix([[t, 0.5]], { dtype }), { reduction, posWeight }),
        matrix([[x, 0]], { dtype }),
      )
      const [terms, slopes] = [
        [value, ln2],
        [slope, 0],
      ]
      expectClose(got.value, reduced(terms, 1, 2, reduction), 2 * UNIT[dtype])
      expect(got.gradient.toArray()).toEqual([slopes.map((each) => each * share(reduction, 2))])
    }
  })

  test.each([
    [[[0, 1, 0]], {}, ln2, [0, -0.5, 0.5]],
    [[[0.5, 0.5, 0]], { weight: matrix([[0, 1, 1]]) }, ln2 / 2, [0, -0.25, 0.25]],
    [[[0.5, 0.5, 0]], {}, inf, [-0.5, 0, 0.5]],
  ])(
    'crossEntropy of [−∞, 0, 0] for the probabilities %o, %o, is %s with the gradient %o, within a unit',
    (t, options, value, slopes) => {
      const weight = 'weight' in options ? { weight: options.weight.astype(dtype) } : {}
      const got = both((x) => crossEntropy(x, matrix(t, { dtype }), weight), matrix([[-inf, 0, 0]], { dtype }))
      if (value === inf) expect(got.value.item()).toBe(inf)
      else expect(Math.abs(got.value.item() - value)).toBeLessThanOrEqual(2 * UNIT[dtype] * value)
      expectClose(got.gradient, matrix([slopes], { dtype }), 2 * UNIT[dtype])
    },
  )

  test.each([
    [[1000, 0, -1000], 0, 0, [0, 0, 0]],
    [[1000, 0, -1000], 1, 1000, [1, -1, 0]],
    [[1000, 0, -1000], 2, 2000, [1, 0, -1]],
    [[-1000, -1000], 1, ln2, [0.5, -0.5]],
    [[0, 0], 0, ln2, [-0.5, 0.5]],
    [[1000, 1000, -1000], 0, ln2, [-0.5, 0.5, 0]],
    [[0, Number.NEGATIVE_INFINITY], 0, 0, [0, 0]],
  ])('crossEntropy of %o for class %s is %s with the gradient %o, within a unit', (logits, number, value, slopes) => {
    for (const reduction of REDUCTIONS) {
      const got = both((x) => crossEntropy(x, matrix([[number]]), { reduction }), matrix([logits], { dtype }))
      expect(Math.abs(got.value.item() - value)).toBeLessThanOrEqual(2 * UNIT[dtype] * value)
      expectClose(got.gradient, matrix([slopes], { dtype }), 2 * UNIT[dtype])
    }
  })
})

describe('by their definition', () => {
  const random = noise(5)
  const x = sample(6, 4, random, { low: -2, high: 2 })
  const t = sample(6, 4, random, { low: 0, high: 1 })
  const classes = matrix([[0], [1], [2], [3], [1], [0]])

  test('mean is the default', () => {
    for (const loss of Object.values(losses)) {
      const target = loss === crossEntropy ? classes : t
      expect(run(loss, x, target).item()).toBe(run(loss, x, target, { reduction: 'mean' }).item())
    }
  })

  test('class indices are the same as probabilities of 0 and 1, within 4 units', () => {
    const hot = classes.oneHot(4, { dtype: 'float64' })
    for (const options of [{}, { weight: matrix([[1, 1, 1, 1]]) }, { labelSmoothing: 0.2 }])
      expectClose(
        run(crossEntropy, x, classes, options).value,
        run(crossEntropy, x, hot, options).value,
        8 * UNIT.float64,
      )
  })

  test('a posWeight of 2 counts a positive sample twice, within 4 units', () => {
    const [positive, negative] = [1, 0].map((value) => matrix([[value]], { dtype: 'float64' }))
    const one = matrix([[0.7]], { dtype: 'float64' })
    const options = { posWeight: matrix([[2]]) }
    const single = run(binaryCrossEntropyWithLogits, one, positive).item()
    const twice = run(binaryCrossEntropyWithLogits, one, positive, options).item()
    expect(Math.abs(twice - 2 * single)).toBeLessThan(8 * UNIT.float64)
    expect(run(binaryCrossEntropyWithLogits, one, negative, options).item()).toBe(
      run(binaryCrossEntropyWithLogits, one, negative).item(),
    )
  })

  test('gradients of orders 1 and 2 agree with differences within 1e-6', () => {
    const options = { weight: matrix([[0.5, 1, 2, 1.5]]), labelSmoothing: 0.1 }
    gradcheck((p, q) => mseLoss(p, q), [x, t], { order: 2 })
    gradcheck((p) => crossEntropy(p, classes, options), [x], { order: 2 })
    gradcheck((p, q) => binaryCrossEntropyWithLogits(p, q, { posWeight: options.weight }), [x, t], { order: 2 })
  })
})

describe('errors', () => {
  const a = zeros(4, 2)
  const column = zeros(4, 1)
  test.each([
    // Shapes that would broadcast are no targets: 4x2 − 4x1 is 4x2 and wrong.
    ['mseLoss of 4x2 and 4x1', mseLoss, [a, column], ShapeError, 'mseLoss: prediction is 4x2, target is 4x1'],
    ['mseLoss of 4x1 and 1x4', mseLoss, [column, zeros(1, 4)], ShapeError, 'target is 1x4, wanted the same'],
    ['mseLoss of 4x2 and 1x1', mseLoss, [a, zeros(1, 1)], ShapeError, 'target is 1x1, wanted the same'],
    ['mseLoss with a number', mseLoss, [a, 3], DTypeError, 'mseLoss: target is 3, wanted a Variable'],
    ['mseLoss of null', mseLoss, [null, a], DTypeError, 'mseLoss: prediction is null'],
    [
      'an unknown reduction',
      mseLoss,
      [a, a, { reduction: 'max' }],
      DTypeError,
      "mseLoss: reduction is \"max\", wanted 'mean', 'sum' or 'none'",
    ],
    [
      'binaryCrossEntropyWithLogits of two shapes',
      binaryCrossEntropyWithLogits,
      [column, a],
      ShapeError,
      'binaryCrossEntropyWithLogits: prediction is 4x1, target is 4x2',
    ],
    [
      'a posWeight that would broadcast to more columns',
      binaryCrossEntropyWithLogits,
      [column, column, { posWeight: zeros(1, 3) }],
      ShapeError,
      'binaryCrossEntropyWithLogits: posWeight is 1x3, wanted a 1x1 Matrix',
    ],
    [
      'a posWeight for each row',
      binaryCrossEntropyWithLogits,
      [a, a, { posWeight: zeros(4, 2) }],
      ShapeError,
      'posWeight is 4x2, wanted a 1x2 Matrix',
    ],
    [
      'a posWeight that is a number',
      binaryCrossEntropyWithLogits,
      [a, a, { posWeight: 2 }],
      DTypeError,
      'posWeight is 2, wanted a Matrix',
    ],
    ['one class', crossEntropy, [column, column], ShapeError, 'crossEntropy: logits are 4x1, one class'],
    ['the probability of one class', crossEntropy, [column, column], ShapeError, 'use binaryCrossEntropyWithLogits'],
    ['a class below 0', crossEntropy, [a, zeros(4, 1).sub(1)], ShapeError, 'class 0 is -1, wanted 0 to 1'],
    ['a class too large', crossEntropy, [a, zeros(4, 1).add(2)], ShapeError, 'class 0 is 2, wanted 0 to 1'],
    ['half a class', crossEntropy, [a, zeros(4, 1).add(0.5)], DTypeError, 'class 0 is 0.5, wanted a whole number'],
    [
      'a class that is no number',
      crossEntropy,
      [a, zeros(4, 1).add(Number.NaN), { labelSmoothing: 0.1 }],
      DTypeError,
      'class 0 is NaN, wanted a whole number',
    ],
    ['too few classes', crossEntropy, [a, zeros(3, 1)], ShapeError, 'logits are 4x2, target is 3x1'],
    ['probabilities of three classes', crossEntropy, [a, zeros(4, 3)], ShapeError, 'target is 4x3, wanted 4x1'],
    ['a weight of another size', crossEntropy, [a, column, { weight: zeros(1, 3) }], ShapeError, 'weight is 1x3'],
    ['too much smoothing', crossEntropy, [a, column, { labelSmoothing: 1.5 }], DTypeError, 'labelSmoothing is 1.5'],
  ] as const)('%s', (_title, loss, operands, kind, message) => {
    const error = errorOf(() => run(loss as Untyped, ...operands))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})
