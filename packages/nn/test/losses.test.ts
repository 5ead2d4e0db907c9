// The losses against plain loops, PyTorch, and what they must be for logits that overflow a careless formula.

import { compile, type Variable, variable } from '@matgrad/autograd'
import {
  type DType,
  DTypeError,
  full,
  Generator,
  MatgradError,
  Matrix,
  matrix,
  ones,
  ShapeError,
  zeros,
} from '@matgrad/core'
import * as nn from '@matgrad/nn'
import {
  Adam,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  hingeLoss,
  huberLoss,
  init,
  klDiv,
  Lambda,
  Linear,
  LogSoftmax,
  type Loss,
  l1Loss,
  type Module,
  mseLoss,
  nllLoss,
  type Reduction,
  Sequential,
  Sigmoid,
  Softmax,
  smoothL1Loss,
  Tanh,
} from '@matgrad/nn'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { isKnownLoss } from '../src/loss.ts'
import { evaluate, fit, gradcheck, predict, run } from './run.ts'
import { DTYPES, errorOf, expectClose, noise, type Stored, sample, toMatrix, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: options from fixtures, and calls that the types forbid
type Untyped = any

const REDUCTIONS: readonly Reduction[] = ['mean', 'sum', 'none']
/** Of elements, and of the classes of rows. */
const elementwise = {
  ...{ mseLoss, l1Loss, huberLoss, smoothL1Loss, hingeLoss, binaryCrossEntropy, binaryCrossEntropyWithLogits, klDiv },
}
const ofClasses = { crossEntropy, nllLoss }
const losses = { ...elementwise, ...ofClasses }
/** What takes logarithms of probabilities. */
const ofLogarithms = ['klDiv', 'nllLoss']

test('every loss of the package is in the tables above', () => {
  const all = Object.entries(nn).filter(([, each]) => typeof each === 'function' && isKnownLoss(each as Loss))
  expect(all.map(([name]) => name).sort()).toEqual(Object.keys(losses).sort())
})

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

interface Kind {
  readonly loss: (prediction: Variable | Matrix, target: Matrix, options?: Untyped) => Variable
  readonly options: object
  /** The bounds of predictions and targets. */
  readonly x: readonly [low: number, high: number]
  readonly t: readonly [low: number, high: number]
  /** A target of a number within its bounds. */
  readonly target?: (t: number) => number
  /** The loss and its derivative. */
  readonly of: (x: number, t: number) => readonly [loss: number, slope: number]
}

/** The loss is as large as it may be where units of its terms, or of logarithms, are counted. */
const kinds: Readonly<Record<string, Kind>> = {
  l1Loss: { loss: l1Loss, options: {}, x: [-3, 3], t: [-3, 3], of: (x, t) => [Math.abs(x - t), Math.sign(x - t)] },
  'huberLoss, delta 0.7': {
    ...{ loss: huberLoss, options: { delta: 0.7 }, x: [-3, 3], t: [-3, 3] },
    of: (x, t) =>
      Math.abs(x - t) < 0.7 ? [(x - t) ** 2 / 2, x - t] : [0.7 * (Math.abs(x - t) - 0.35), 0.7 * Math.sign(x - t)],
  },
  'smoothL1Loss, beta 0.7': {
    ...{ loss: smoothL1Loss, options: { beta: 0.7 }, x: [-3, 3], t: [-3, 3] },
    of: (x, t) =>
      Math.abs(x - t) < 0.7 ? [(x - t) ** 2 / 1.4, (x - t) / 0.7] : [Math.abs(x - t) - 0.35, Math.sign(x - t)],
  },
  'hingeLoss, margin 0.5': {
    ...{ loss: hingeLoss, options: { margin: 0.5 }, x: [-3, 3], t: [-1, 1], target: (t: number) => (t < 0 ? -1 : 1) },
    of: (x, t) => [Math.max(0, 0.5 - t * x), t * x < 0.5 ? -t : 0],
  },
  binaryCrossEntropy: {
    ...{ loss: binaryCrossEntropy, options: {}, x: [0.1, 0.9], t: [0, 1] },
    of: (x, t) => [-t * Math.log(x) - (1 - t) * Math.log1p(-x), (x - t) / (x * (1 - x))],
  },
  klDiv: {
    ...{ loss: klDiv, options: {}, x: [-3, 0], t: [0.01, 1] },
    of: (x, t) => [t * (Math.log(t) - x), -t],
  },
  'klDiv of logarithms': {
    ...{ loss: klDiv, options: { logTarget: true }, x: [-3, 0], t: [-3, 0] },
    of: (x, t) => [Math.exp(t) * (t - x), -Math.exp(t)],
  },
}

/** Operands of such a size, and what should come of them. */
function expected({ x, t, target = (t) => t, of }: Kind, rows: number, cols: number, seed: number, dtype: DType) {
  const random = noise(seed)
  const prediction = sample(rows, cols, random, { dtype, low: x[0], high: x[1] })
  const numbers = sample(rows, cols, random, { dtype, low: t[0], high: t[1] })
  const targets = new Matrix(numbers.data.map(target), rows, cols)
  const pairs = Array.from(prediction.data, (each, i) => of(each, targets.data[i]))
  return { prediction, targets, terms: pairs.map(([loss]) => loss), slopes: pairs.map(([, slope]) => slope) }
}

describe.each(Object.entries(kinds))('%s against a plain loop', (_title, kind) => {
  // No number is larger than 6 and no slope than 9.
  test('within 100 units of the largest', () => {
    fc.assert(
      fc.property(...setting, (rows, cols, reduction, dtype, seed) => {
        const { prediction, targets, terms, slopes } = expected(kind, rows, cols, seed, dtype)
        const got = both((p) => kind.loss(p, targets, { ...kind.options, reduction }), prediction)
        const bound = BOUND * UNIT[dtype]
        expect(got.dtype).toBe(dtype)
        const wanted = reduced(terms, rows, cols, reduction)
        expectClose(got.value, wanted, bound, 10 * bound * (reduction === 'sum' ? prediction.size : 1))
        const factor = share(reduction, prediction.size)
        const gradient = new Matrix(
          Float64Array.from(slopes, (each) => factor * each),
          rows,
          cols,
        )
        expectClose(got.gradient, gradient, bound, 10 * bound * factor)
      }),
    )
  })

  // A sum of n terms is off by no more than n units of their sum; each is off by few units of 10.
  test.each(DTYPES)('200x300 in %s, within 300,000 units for the mean and 100 for each', (dtype) => {
    const [rows, cols] = [200, 300]
    const { prediction, targets, terms, slopes } = expected(kind, rows, cols, 1, dtype)
    const total = terms.reduce((sum, each) => sum + Math.abs(each), 0)
    for (const reduction of ['mean', 'none'] as const) {
      const got = both((p) => kind.loss(p, targets, { ...kind.options, reduction }), prediction)
      const wanted = reduced(terms, rows, cols, reduction)
      const factor = share(reduction, prediction.size)
      if (reduction === 'none') expectClose(got.value, wanted, BOUND * UNIT[dtype], 10 * BOUND * UNIT[dtype])
      else expectClose(got.value, wanted, 0, prediction.size * UNIT[dtype] * total * factor)
      const gradient = new Matrix(
        Float64Array.from(slopes, (each) => factor * each),
        rows,
        cols,
      )
      expectClose(got.gradient, gradient, BOUND * UNIT[dtype], 10 * BOUND * UNIT[dtype] * factor)
    }
  })
})

describe.each(DTYPES)('losses of the classes of 200x300 in %s, within 1000 units', (dtype) => {
  const random = noise(2)
  const [rows, cols] = [200, 300]
  const numbers = sample(rows, cols, random, { dtype, low: -3, high: 3 })
  const weight = sample(1, cols, random, { dtype, low: 0.1, high: 4 })
  const classes = Array.from({ length: rows }, (_, i) => (i % 7 === 3 ? -100 : Math.floor(cols * random())))
  const target = matrix(classes.map((each) => [each]))

  test.each(['crossEntropy', 'nllLoss'] as const)('%s', (name) => {
    const logits = name === 'nllLoss' ? numbers.sub(3) : numbers
    for (const weighted of [false, true]) {
      const weights = classes.map((each) => (each < 0 ? 0 : weighted ? weight.data[each] : 1))
      const divisor = weights.reduce((sum, each) => sum + each, 0)
      const of = logits.toArray().map((row, i) => {
        if (classes[i] < 0) return [0, row.map(() => 0)] as const
        const total = logSumExp(row)
        const slopes = row.map((x, j) => (name === 'nllLoss' ? 0 : Math.exp(x - total)) - Number(j === classes[i]))
        const loss = (name === 'nllLoss' ? 0 : total) - row[classes[i]]
        return [weights[i] * loss, slopes.map((each) => (weights[i] * each) / divisor)] as const
      })
      const got = both((x) => losses[name](x, target, { ignoreIndex: -100, ...(weighted && { weight }) }), logits)
      const wanted = of.reduce((sum, [loss]) => sum + loss, 0) / divisor
      expectClose(got.value, matrix([[wanted]], { dtype: 'float64' }), 0, 1000 * UNIT[dtype] * 10)
      const gradient = matrix(
        of.map(([, slopes]) => [...slopes]),
        { dtype: 'float64' },
      )
      expectClose(got.gradient, gradient, 1000 * UNIT[dtype], (BOUND * UNIT[dtype]) / divisor)
      expect(got.dtype).toBe(dtype)
    }
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
    expect(cases.length).toBeGreaterThan(140)
  })

  test.each(cases.map((each) => [`${each.loss}: ${each.name}`, each] as const))('%s', (_title, each) => {
    const options = Object.fromEntries(
      Object.entries(each.options).map(([name, value]) => [name, isStored(value) ? toMatrix(value) : value]),
    )
    const target = toMatrix(each.target)
    const loss: Kind['loss'] = losses[each.loss]
    const got = both((x) => loss(x, target, options), toMatrix(each.prediction))
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
    for (const [name, loss] of Object.entries<Kind['loss']>(losses)) {
      const target = name in ofClasses ? classes : name === 'hingeLoss' ? t.round().mul(2).sub(1) : t
      const prediction = name === 'binaryCrossEntropy' ? t : ofLogarithms.includes(name) ? x.sub(2) : x
      expect(run(loss, prediction, target).item()).toBe(run(loss, prediction, target, { reduction: 'mean' }).item())
    }
  })

  test('nllLoss of LogSoftmax is crossEntropy within 8 units, with every option', () => {
    for (const options of [{}, { weight: matrix([[1, 0, 3, 2]]) }, { ignoreIndex: 1 }, { reduction: 'sum' } as const])
      expectClose(
        run((z) => nllLoss(new LogSoftmax().forward(z), classes, options), x).value,
        run(crossEntropy, x, classes, options).value,
        8 * UNIT.float64,
      )
  })

  test('batchMean is the sum over the rows; huberLoss is delta times smoothL1Loss, and for small beta l1Loss', () => {
    const q = x.logSoftmax(1)
    const sum = run(klDiv, q, t, { reduction: 'sum' } as const).value
    expect(run(klDiv, q, t, { reduction: 'batchMean' } as const).item()).toBe(sum.div(6).item())
    const half = run(smoothL1Loss, x, t, { beta: 0.5 }).value.mul(0.5)
    expectClose(run(huberLoss, x, t, { delta: 0.5 }).value, half, 8 * UNIT.float64)
    expect(run(smoothL1Loss, x, t, { beta: 0 }).item()).toBe(run(l1Loss, x, t).item())
    expectClose(run(smoothL1Loss, x, t, { beta: 1e-300 }).value, run(l1Loss, x, t).value, 8 * UNIT.float64)
  })

  test('rows that are ignored are as if they were not there, bit for bit, whatever is in them', () => {
    const rows = [0, 3, 4]
    const q = x.sub(2)
    const some = matrix([[0], [-100], [-100], [3], [1], [-100]])
    const holes = q.clone()
    for (const j of [0, 1, 2, 3]) holes.set(1, j, [Number.NaN, -1e300, -Infinity, 0][j])
    const options = [{}, { weight: matrix([[0.5, 1, 2, 1.5]], { dtype: 'float64' }) }, { reduction: 'sum' } as const]
    for (const own of [...options, { labelSmoothing: 0.1 }]) {
      const each = { ...own, ignoreIndex: -100 }
      for (const loss of 'labelSmoothing' in each ? [crossEntropy] : [crossEntropy, nllLoss]) {
        const wanted = both((z) => loss(z, some.gatherRows(rows), each), q.gatherRows(rows))
        const got = both((z) => loss(z, some, each), q)
        expect(got.value.data).toEqual(wanted.value.data)
        expect(got.gradient.gatherRows(rows).data).toEqual(wanted.gradient.data)
        expect([...got.gradient.gatherRows([1, 2, 5]).data].map((z) => z + 0)).toEqual(Array(12).fill(0))
        expect(run(loss, holes, some, each).value.data).toEqual(wanted.value.data)
      }
    }
    // Without a class to ignore the mean is that of the rows.
    const none = run(crossEntropy, x, classes, { reduction: 'none' } as const)
    expect(none.value.mean().item()).toBe(run(crossEntropy, x, classes).item())
  })

  test('of rows that are all ignored the mean is NaN and the sum 0, as of no rows', () => {
    for (const loss of [crossEntropy, nllLoss])
      for (const of of [classes.mul(0).sub(100), classes.slice(0, 0)]) {
        const logits = x.sub(2).slice(0, of.rows)
        const ignoreIndex = -100
        expect(run(loss, logits, of, { ignoreIndex }).item()).toBeNaN()
        expect(run(loss, logits, of, { ignoreIndex, reduction: 'sum' } as const).item()).toBe(0)
        expect(run(loss, logits, of, { ignoreIndex, reduction: 'none' } as const).shape).toEqual([of.rows, 1])
      }
  })

  test('a loss has the dtype of its logits, whichever the classes have', () => {
    for (const dtype of DTYPES)
      for (const loss of [crossEntropy, nllLoss])
        for (const of of [classes.astype('float32'), classes.astype('float64')])
          expect(run(loss, x.sub(2).astype(dtype), of).dtype).toBe(dtype)
  })

  test.each(Object.entries(elementwise))('%s of no rows is NaN, its sum 0, and of one row a number', (name, loss) => {
    const [none, one] = [zeros(0, 3), matrix([[0.5, 0.25, 1]])]
    const prediction = name === 'klDiv' ? one.log() : one
    expect(run(loss, none, none).item()).toBeNaN()
    expect(run(loss, none, none, { reduction: 'sum' } as const).item()).toBe(0)
    expect(run(loss, none, none, { reduction: 'none' } as const).shape).toEqual([0, 3])
    expect(run(loss, prediction, name === 'hingeLoss' ? one.mul(0).add(1) : one).item()).not.toBeNaN()
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
    const some = matrix([[0], [-100], [2], [3], [-100], [0]])
    gradcheck((p) => crossEntropy(p, some, { ...options, ignoreIndex: -100 }), [x], { order: 2 })
    for (const reduction of REDUCTIONS) {
      const weight = { weight: options.weight, ignoreIndex: -100, reduction }
      gradcheck((p) => nllLoss(p.square().neg(), some, weight), [x], { order: 2 })
      gradcheck((p, q) => l1Loss(p.square(), q, { reduction }), [x, t], { order: 2 })
      gradcheck((p, q) => huberLoss(p, q, { delta: 0.7, reduction }), [x, t], { order: 2 })
      gradcheck((p, q) => smoothL1Loss(p, q, { beta: 0.7, reduction }), [x, t], { order: 2 })
      gradcheck((p) => hingeLoss(p.square(), classes.less(2).mul(2).sub(1).tile(1, 4), { reduction }), [x], {
        order: 2,
      })
      gradcheck((p, q) => binaryCrossEntropy(p, q, { reduction }), [t.mul(0.8).add(0.1), t], { order: 2 })
    }
    for (const reduction of [...REDUCTIONS, 'batchMean'] as const) {
      gradcheck((p, q) => klDiv(p, q, { reduction }), [x.sub(3), t.mul(0.8).add(0.1)], { order: 2 })
      gradcheck((p, q) => klDiv(p, q, { reduction, logTarget: true }), [x.sub(3), t.sub(2)], { order: 2 })
    }
  })
})

describe.each(DTYPES)('extreme numbers in %s', (dtype) => {
  const { POSITIVE_INFINITY: inf, NaN: nan } = Number
  const one = (x: number): Matrix => matrix([[x]], { dtype })
  /** The value and both gradients, the order in which they are written below. */
  function of(loss: Kind['loss'], x: number, t: number, options: object): number[] {
    const results = (from: Matrix, to: Matrix): [Matrix, ...(Matrix | null)[]] => {
      const [p, q] = [from, to].map((each) => variable(each))
      const y = loss(p, q as Untyped, options)
      y.sum().backward()
      return [y.value, p.grad, q.grad]
    }
    return run(results, one(x), one(t)).map((each) => (each as Matrix).item() + 0)
  }

  test.each([
    ['l1Loss', 1000, -1000, {}, 2000, 1, -1],
    ['l1Loss', inf, 0, {}, inf, 1, -1],
    ['l1Loss', 0, inf, {}, inf, -1, 1],
    ['l1Loss', 2, 2, {}, 0, 0, 0],
    ['huberLoss', 1000, -1000, {}, 1999.5, 1, -1],
    ['huberLoss', -inf, 0, {}, inf, -1, 1],
    ['huberLoss', inf, 0, { delta: 2 }, inf, 2, -2],
    ['huberLoss', 0, 2, { delta: 2 }, 2, -2, 2],
    ['huberLoss', 0, 0, {}, 0, 0, 0],
    ['smoothL1Loss', 1000, -1000, { beta: 2 }, 1999, 1, -1],
    ['smoothL1Loss', -inf, 0, { beta: 2 }, inf, -1, 1],
    ['smoothL1Loss', 0, 2, { beta: 2 }, 1, -1, 1],
    ['hingeLoss', 1000, 1, {}, 0, 0, 0],
    ['hingeLoss', -1000, 1, {}, 1001, -1, 1000],
    ['hingeLoss', inf, 1, {}, 0, 0, 0],
    ['hingeLoss', inf, -1, {}, inf, 1, -inf],
    ['hingeLoss', 0, -1, {}, 1, 1, 0],
    ['binaryCrossEntropy', 1, 1, {}, 0, 0, -100],
    ['binaryCrossEntropy', 0, 0, {}, 0, 0, 100],
    ['binaryCrossEntropy', 0, 1, {}, 100, -1 / Math.fround(1e-12), 100],
    ['binaryCrossEntropy', 1, 0, {}, 100, 1 / Math.fround(1e-12), -100],
    ['klDiv', -1000, 1, {}, 1000, -1, 1001],
    ['klDiv', -1000, 0, {}, 0, 0, 0],
    ['klDiv', -inf, 0, {}, 0, 0, 0],
    ['klDiv', -inf, 1, {}, inf, -1, inf],
    ['klDiv', 0, 0, {}, 0, 0, 0],
    ['klDiv', -1000, -inf, { logTarget: true }, 0, 0, 0],
    ['klDiv', -inf, -inf, { logTarget: true }, 0, 0, 0],
    ['klDiv', -inf, 0, { logTarget: true }, inf, -1, inf],
    ['klDiv', 0, -1000, { logTarget: true }, 0, 0, 0],
  ] as const)('%s of %s for %s, %o, is %s with the gradients %s and %s', (name, x, t, options, ...wanted) => {
    const got = of(losses[name], x, t, options)
    for (const [i, each] of (wanted as readonly number[]).entries())
      if (!Number.isFinite(each)) expect(got[i]).toBe(each)
      else expect(Math.abs(got[i] - each)).toBeLessThanOrEqual(4 * UNIT[dtype] * Math.abs(each))
  })

  test.each(Object.entries<Kind['loss']>(elementwise))('%s of NaN is NaN', (name, loss) => {
    expect(run(loss, one(nan), one(1)).item()).toBeNaN()
    if (name !== 'hingeLoss') expect(run(loss, one(name === 'klDiv' ? -0.5 : 0.5), one(nan)).item()).toBeNaN()
  })

  test('nllLoss of −∞, −1000, −1 and 0: a class without weight has no part', () => {
    const x = matrix([[-inf, -1000, -1, 0]], { dtype })
    const weight = matrix([[0, 1, 2, 0]], { dtype })
    for (const [number, loss, own] of [
      [0, inf, 0],
      [1, 1000, 1000],
      [2, 1, 2],
      [3, 0, 0],
    ]) {
      expect(run(nllLoss, x, one(number)).item() + 0).toBe(loss)
      const got = both((p) => nllLoss(p, one(number), { weight, reduction: 'sum' }), x)
      expect(got.value.item() + 0).toBe(own)
      expect(got.gradient.toArray()[0].map((z) => z + 0)).toEqual(
        [0, 1, 2, 3].map((j) => (j === number ? -weight.get(0, j) + 0 : 0)),
      )
    }
  })
})

describe('a model that is trained with it loses at least half of its loss', () => {
  const generator = new Generator('training')
  const x = generator.normal(60, 3)
  const sums = x.sum(1)
  const signs = sums.greater(0).mul(2).sub(1)
  const distribution = x.mul(2).softmax(1)
  const end: Record<string, readonly Module[]> = {
    binaryCrossEntropy: [new Sigmoid()],
    klDiv: [new LogSoftmax()],
    nllLoss: [new LogSoftmax()],
  }
  const targets: Record<string, Matrix> = {
    hingeLoss: signs,
    binaryCrossEntropy: sums.greater(0),
    binaryCrossEntropyWithLogits: sums.greater(0),
    klDiv: distribution,
    crossEntropy: x.argmax(1),
    nllLoss: x.argmax(1),
  }
  test.each(Object.entries<Loss>(losses))('%s', async (name, loss) => {
    const target = targets[name] ?? sums
    const out = name === 'klDiv' || name in ofClasses ? 3 : 1
    const options = { generator: new Generator(name) }
    const layers = [new Linear(3, 8, options), new Tanh(), new Linear(8, out, options), ...(end[name] ?? [])]
    const model = new Sequential(...(layers as [Module]))
    const optimizer = new Adam(model.parameters(), { lr: 0.02 })
    const history = await fit(model, { x, y: target }, { loss, optimizer, epochs: 40, batchSize: 16, shuffle: false })
    expect(history.loss[39]).toBeLessThan(history.loss[0] / 2)
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
    ['a class below 0', crossEntropy, [a, zeros(4, 1).sub(1)], ShapeError, 'row 0 has class -1, wanted 0 or 1'],
    ['a class too large', crossEntropy, [a, zeros(4, 1).add(2)], ShapeError, 'row 0 has class 2, wanted 0 or 1'],
    ['half a class', crossEntropy, [a, zeros(4, 1).add(0.5)], DTypeError, 'row 0 has class 0.5, wanted a whole number'],
    [
      'a class that is no number',
      crossEntropy,
      [a, zeros(4, 1).add(Number.NaN), { labelSmoothing: 0.1 }],
      DTypeError,
      'row 0 has class NaN, wanted a whole number',
    ],
    ['too few classes', crossEntropy, [a, zeros(3, 1)], ShapeError, 'logits are 4x2, target is 3x1'],
    ['probabilities of three classes', crossEntropy, [a, zeros(4, 3)], ShapeError, 'target is 4x3, wanted 4x1'],
    ['a weight of another size', crossEntropy, [a, column, { weight: zeros(1, 3) }], ShapeError, 'weight is 1x3'],
    [
      'a class to ignore beside probabilities',
      crossEntropy,
      [a, a, { ignoreIndex: 1 }],
      MatgradError,
      'crossEntropy: ignoreIndex is 1 and target 4x2, probabilities, wanted class indices',
    ],
    ['half a class to ignore', crossEntropy, [a, column, { ignoreIndex: 0.5 }], DTypeError, 'ignoreIndex is 0.5'],
    ['a class -100 that is not ignored', crossEntropy, [a, column.sub(100)], ShapeError, '-100'],
    [
      'a class -100 where another is ignored',
      crossEntropy,
      [a, column.sub(100), { ignoreIndex: 1 }],
      ShapeError,
      '-100',
    ],
    [
      'nllLoss of a row of classes',
      nllLoss,
      [a, zeros(1, 4)],
      ShapeError,
      'nllLoss: logProbabilities are 4x2, classes are',
    ],
    ['nllLoss of probabilities', nllLoss, [a, a], ShapeError, 'classes are 4x2, wanted 4x1'],
    [
      'nllLoss of a class too large',
      nllLoss,
      [a, column.add(2)],
      ShapeError,
      'nllLoss: row 0 has class 2, wanted 0 or 1',
    ],
    [
      'nllLoss of half a class',
      nllLoss,
      [a, column.add(0.5)],
      DTypeError,
      'nllLoss: row 0 has class 0.5, wanted a whole',
    ],
    ['nllLoss of a number', nllLoss, [a, 'x'], DTypeError, 'nllLoss: operand is "x"'],
    [
      'a weight of nllLoss',
      nllLoss,
      [a, column, { weight: zeros(2, 1) }],
      ShapeError,
      'nllLoss: weight is 2x1, wanted',
    ],
    ['delta 0', huberLoss, [a, a, { delta: 0 }], MatgradError, 'huberLoss: delta is 0, wanted a positive number'],
    ['delta without end', huberLoss, [a, a, { delta: Infinity }], MatgradError, 'huberLoss: delta is Infinity'],
    ['beta below 0', smoothL1Loss, [a, a, { beta: -1 }], MatgradError, 'smoothL1Loss: beta is -1, wanted 0 or more'],
    ['beta NaN', smoothL1Loss, [a, a, { beta: Number.NaN }], MatgradError, 'smoothL1Loss: beta is NaN'],
    ['margin NaN', hingeLoss, [a, a.add(1), { margin: Number.NaN }], MatgradError, 'hingeLoss: margin is NaN'],
    [
      'a batchMean of another',
      mseLoss,
      [a, a, { reduction: 'batchMean' }],
      DTypeError,
      "wanted 'mean', 'sum' or 'none'",
    ],
    ['too much smoothing', crossEntropy, [a, column, { labelSmoothing: 1.5 }], DTypeError, 'labelSmoothing is 1.5'],
  ] as const)('%s', (_title, loss, operands, kind, message) => {
    const error = errorOf(() => run(loss as Untyped, ...operands))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })

  test.each(Object.entries<Untyped>(elementwise))('%s wants the same shape, and no number', (name, loss) => {
    for (const target of [column, zeros(4, 1), zeros(1, 2), zeros(1, 1), zeros(2, 4)]) {
      const error = errorOf(() => run(loss, a, target))
      expect(error).toBeInstanceOf(ShapeError)
      const [rows, cols] = target.shape
      expect(error.message).toBe(`${name}: prediction is 4x2, target is ${rows}x${cols}, wanted the same`)
    }
    expect(errorOf(() => loss(a, 3)).message).toBe(`${name}: target is 3, wanted a Variable or a Matrix`)
    expect(errorOf(() => loss(a, a, {}, 1)).message).toContain(`${name}: got 1 in excess`)
    expect(loss.name).toBe(name)
  })

  test.each([
    ['binaryCrossEntropy', binaryCrossEntropy, 1.5, 0.5, 'prediction 1, 0 is 1.5, wanted 0 to 1'],
    ['binaryCrossEntropy', binaryCrossEntropy, -0.5, 0.5, 'prediction 1, 0 is -0.5, wanted 0 to 1'],
    [
      'nllLoss',
      nllLoss,
      0.5,
      0,
      'logProbabilities 1, 0 is 0.5, wanted 0 or less, the logarithm of a probability, such as LogSoftmax gives',
    ],
    [
      'klDiv',
      klDiv,
      0.5,
      1,
      'prediction 1, 0 is 0.5, wanted 0 or less, the logarithm of a probability, such as LogSoftmax gives',
    ],
    ['klDiv', klDiv, -0.5, 1.5, 'target 1, 0 is 1.5, wanted 0 to 1'],
    ['hingeLoss', hingeLoss, 0.5, 0, 'target 1, 0 is 0, wanted -1 or 1'],
    ['hingeLoss', hingeLoss, 0.5, Number.NaN, 'target 1, 0 is NaN, wanted -1 or 1'],
  ] as const)('%s refuses numbers that it can see', (name, loss, x, t, message) => {
    const p = matrix([[ofLogarithms.includes(name) ? 0 : 1], [x]])
    const q = matrix([[loss === nllLoss ? 0 : 1], [t]])
    const error = errorOf(() => (loss as Untyped)(p, q))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toBe(`${name}: ${message}`)
    // A program cannot see them.
    const result = compile((x, t) => (loss as Untyped)(x, t).value as Matrix)(p, q).item()
    if (loss === binaryCrossEntropy) expect(result).toBeNaN()
  })

  test.each([
    [
      'labels that do not exclude each other',
      [1, 1, 0],
      'row 1 of target has the sum 2, wanted probabilities, whose sum is 1',
    ],
    [
      'a part',
      [0.5, 0, 0],
      'row 1 of target has the sum 0.5, wanted probabilities, whose sum is 1: divide by the sums of rows',
    ],
    ['a negative number', [-0.5, 1, 0.5], 'target 1, 0 is -0.5, wanted a probability'],
    ['a sum that is too large', [0.5, 0.61, 0], 'row 1 of target has the sum 1.1'],
    ['a sum that is too small', [0.5, 0.39, 0], 'row 1 of target has the sum 0.89'],
    ['logits', [2.5, -1, 0.5], 'target 1, 1 is -1, wanted a probability'],
  ])('crossEntropy refuses %s for probabilities where it can see them', (_title, row, message) => {
    const target = matrix([[0, 1, 0], row], { dtype: 'float64' })
    const error = errorOf(() => crossEntropy(zeros(2, 3), target))
    expect(error).toBeInstanceOf(MatgradError)
    expect(error.message).toContain(`crossEntropy: ${message}`)
    compile((x, t) => crossEntropy(x, t).value)(zeros(2, 3), target)
  })

  test('crossEntropy takes distributions of up to 10,000 classes that float32 made, mixed and smoothed', () => {
    const random = noise(12)
    for (const cols of [2, 3, 10, 100, 1000, 10_000]) {
      const [p, q] = [0, 1].map(() => sample(4, cols, random, { dtype: 'float32', low: -30, high: 30 }).softmax(1))
      const sums = p.exp()
      for (const t of [p, p.mul(0.3).add(q.mul(0.7)), p.mul(0.9).add(0.1 / cols), sums.div(sums.sum(1))])
        crossEntropy(zeros(4, cols), t)
    }
    crossEntropy(zeros(1, 2), matrix([[Number.NaN, 0.5]]))
  })

  test.each(Object.entries({ crossEntropy, nllLoss, mseLoss, huberLoss }))(
    '%s of nothing says how it is given to fit',
    (name, loss) => {
      const error = errorOf(() => (loss as unknown as () => unknown)())
      expect(error).toBeInstanceOf(DTypeError)
      expect(error.message).toContain(
        `${name}: got nothing, wanted a prediction and a target: the loss with its defaults is ${name},`,
      )
    },
  )

  test.each([
    ['written with two digits', [0.33, 0.33, 0.33]],
    ['of bytes', [85 / 255, 86 / 255, 85 / 255]],
    ['that are 1 less the others', [1 + 1e-7, -1e-7, 0]],
    ['of padding', [0, 0, 0]],
  ])('crossEntropy takes rows %s', (_title, row) => {
    expect(crossEntropy(zeros(1, 3), matrix([row])).item()).toBeCloseTo(
      row.reduce((sum, p) => sum + p * Math.log(3), 0),
      5,
    )
  })

  test('crossEntropy takes predictions that were averaged in float32 for 10,000 steps', () => {
    let average: Matrix = full(1, 10, 0.1)
    const random = noise(13)
    for (let i = 0; i < 10_000; i++) average = average.mul(0.999).add(sample(1, 10, random).softmax(1).mul(0.001))
    crossEntropy(zeros(1, 10), average)
  })

  test.each([
    [
      'labels that do not exclude each other',
      crossEntropy,
      matrix([
        [1, 0],
        [1, 1],
        [0, 1],
      ]),
      'crossEntropy: row 1 of target has the sum 2',
    ],
    [
      'rows of too little',
      crossEntropy,
      matrix([
        [1, 0],
        [0, 1],
        [0.5, 0],
      ]),
      'crossEntropy: row 2 of target has the sum 0.5',
    ],
    ['numbers above 0 for logarithms', nllLoss, zeros(3, 1), 'nllLoss: logProbabilities 0, 0 is 1, wanted 0 or less'],
    ['the same for klDiv', klDiv, ones(3, 2).div(2), 'klDiv: prediction 0, 0 is 1, wanted 0 or less'],
    [
      'numbers above 1 for probabilities',
      binaryCrossEntropy,
      zeros(3, 2),
      'binaryCrossEntropy: prediction 0, 0 is 2, wanted 0 to 1',
    ],
  ] as const)('fit refuses %s before its first step', async (_title, loss, y, message) => {
    const bias = loss === binaryCrossEntropy ? 2 : 1
    const model = new Linear(2, 2, { init: init.zeros, biasInit: init.constant(bias) })
    const optimizer = new Adam(model.parameters())
    const before = model.stateDict()
    const training = fit(model, { x: zeros(3, 2), y }, { loss, optimizer, epochs: 1 })
    await expect(training).rejects.toThrow(message)
    expect(model.stateDict()).toEqual(before)
    expect(optimizer.stateDict()).toEqual(new Adam(model.parameters()).stateDict())
  })

  test.each([
    [
      'crossEntropy',
      crossEntropy,
      new Softmax(),
      'leave Softmax out, for logits, or end in LogSoftmax and use nllLoss',
    ],
    ['crossEntropy with options', crossEntropy({ labelSmoothing: 0.1 }), new Softmax(), 'leave Softmax out'],
    ['nllLoss', nllLoss, new Softmax(), 'end in LogSoftmax'],
    ['klDiv', klDiv, new Softmax(), 'end in LogSoftmax'],
    ['binaryCrossEntropyWithLogits', binaryCrossEntropyWithLogits, new Sigmoid(), 'or use binaryCrossEntropy'],
  ] as const)(
    'fit and evaluate refuse a model for %s that ends in what it does not take',
    async (_title, loss, end, message) => {
      const y = loss.name === 'klDiv' || loss.name.startsWith('binary') ? ones(3, 2).div(2) : zeros(3, 1)
      const data = { x: zeros(3, 2), y }
      const inner = new Sequential(new Tanh(), end)
      const model = new Sequential(new Linear(2, 2), inner)
      const optimizer = new Adam(model.parameters())
      const before = model.stateDict()
      const name = end.describe()
      await expect(fit(model, data, { loss, optimizer, epochs: 1 })).rejects.toThrow(
        `fit: the model ends in ${name}, whose values are not what ${loss.name} takes: `,
      )
      await expect(fit(model, data, { loss, optimizer, epochs: 1 })).rejects.toThrow(message)
      expect(model.stateDict()).toEqual(before)
      predict(model, data.x)
      expect(errorOf(() => evaluate(model, data, { loss })).message).toContain(`evaluate: the model ends in ${name}`)
      // What fits is taken; of what somebody else made nothing is known.
      const own = new Lambda((x) => (end instanceof Softmax ? x.softmax(1) : x.sigmoid()))
      for (const last of loss.name === 'nllLoss' || loss.name === 'klDiv'
        ? [new LogSoftmax()]
        : [new LogSoftmax(), own])
        expect(evaluate(new Sequential(new Linear(2, 2), last), data, { loss }).loss).not.toBeNaN()
    },
  )

  test('fit refuses labels 0 and 1 for hingeLoss, and classes out of range for nllLoss, before its first step', async () => {
    for (const [loss, bad, message] of [
      [hingeLoss, 0, 'hingeLoss: target 1, 0 is 0, wanted -1 or 1'],
      [nllLoss, 1, 'nllLoss: row 1 has class 1, wanted 0'],
    ] as const) {
      const model = new Linear(2, 1)
      const before = model.weight.value.clone()
      const optimizer = new Adam(model.parameters())
      const y = matrix([[loss === nllLoss ? 0 : 1], [bad], [loss === nllLoss ? 0 : -1]])
      await expect(fit(model, { x: zeros(3, 2), y }, { loss, optimizer, epochs: 1 })).rejects.toThrow(message)
      expect(model.weight.value.equals(before)).toBe(true)
    }
  })
})
