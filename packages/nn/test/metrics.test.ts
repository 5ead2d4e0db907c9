// Metrics: their values against scikit-learn and plain loops, that batches do not change them, and what fit and evaluate do with
// them and with those of a user.

import { variable } from '@matgrad/autograd'
import { DTypeError, full, Generator, MatgradError, Matrix, matrix, ones, ShapeError, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import {
  accuracy,
  auc,
  binaryAccuracy,
  binaryCrossEntropyWithLogits,
  confusionMatrix,
  crossEntropy,
  f1,
  Linear,
  type Loss,
  type Metric,
  type Metrics,
  meanAbsoluteError,
  meanSquaredError,
  mseLoss,
  precision,
  r2,
  recall,
  rootMeanSquaredError,
  SGD,
  topK,
} from '@matgrad/nn'
import fc from 'fast-check'
import { describe, expect, inject, test, vi } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { evaluate, fit, predict } from './run.ts'
import { bitsOf, DTYPES, errorFrom, errorOf, noise, type Stored, sample, toMatrix, UNIT } from './support.ts'

// biome-ignore lint/suspicious/noExplicitAny: options from fixtures, and calls that the types forbid
type Untyped = any
const untyped: Untyped = nn

interface Case {
  readonly name: string
  readonly metric: string
  readonly of: number
  readonly options: Untyped
  readonly value: number | Stored
}
const { samples, metrics: cases } = await readJson<{
  samples: { prediction: Stored; target: Stored }[]
  metrics: Case[]
}>('nn/metrics.json')

/** Rows that are cut into batches of these sizes, as often as there are some. */
function batchesOf(x: Matrix, sizes: readonly number[]): Matrix[] {
  const batches: Matrix[] = []
  for (let start = 0, i = 0; start < x.rows; i++) {
    const end = Math.min(x.rows, start + sizes[i % sizes.length])
    batches.push(x.slice(start, end))
    start = end
  }
  return batches
}

/** The metric of what is given to an accumulator of it batch by batch. */
function inBatches(metric: Metric, prediction: Matrix, target: Matrix, sizes: readonly number[]): number {
  const accumulator = metric.accumulator?.()
  if (!accumulator) expect.fail('there is no accumulator')
  const targets = batchesOf(target, sizes)
  for (const [i, batch] of batchesOf(prediction, sizes).entries()) accumulator.add(batch, targets[i])
  return accumulator.result()
}

test('there are cases of every metric', () => {
  const names = new Set(cases.map(({ metric }) => metric))
  expect(names.size).toBe(12)
  for (const { metric } of cases) expect(typeof untyped[metric]).toBe('function')
  expect(cases.length).toBeGreaterThan(150)
})

test.each(cases.map((each) => [`${each.metric} of ${each.name}`, each] as const))(
  '%s is scikit-learn’s within 64 units of roundoff, also in batches',
  (_title, each) => {
    const [prediction, target] = [samples[each.of].prediction, samples[each.of].target].map(toMatrix)
    const options = each.metric === 'r2' || /^(mean|root)/.test(each.metric) ? undefined : each.options
    const value = untyped[each.metric](prediction, target, options)
    if (typeof each.value !== 'number') {
      expect(value.toArray()).toEqual(toMatrix(each.value).toArray())
      return
    }
    expect(Math.abs(value - each.value)).toBeLessThanOrEqual(64 * UNIT.float64 * Math.max(1, Math.abs(each.value)))
    const metric: Metric = untyped[each.metric](options)
    expect(metric(prediction, target)).toBe(value)
    for (const sizes of [[1], [2, 5, 1], [1000]]) expect(inBatches(metric, prediction, target, sizes)).toBe(value)
  },
)

/** Of every kind of samples the metrics that take it, which have different settings. */
const kinds: Readonly<Record<string, { cols: number; classes: number; metrics: Readonly<Record<string, Metric>> }>> = {
  probabilities: {
    cols: 1,
    classes: 2,
    metrics: {
      accuracy,
      binaryAccuracy,
      precision,
      recall,
      f1,
      auc,
      low: accuracy({ threshold: 0.25 }),
      logits: accuracy({ fromLogits: true }),
      each: binaryAccuracy({ threshold: 0.75 }),
      macro: f1({ average: 'macro', threshold: 0.3 }),
    },
  },
  'two scores': { cols: 2, classes: 2, metrics: { accuracy, precision, recall, f1, auc, topK, first: topK({ k: 1 }) } },
  scores: {
    cols: 5,
    classes: 5,
    metrics: {
      accuracy,
      auc,
      logits: auc({ fromLogits: true }),
      topK,
      two: topK({ k: 2 }),
      macro: precision({ average: 'macro' }),
      micro: recall({ average: 'micro' }),
      weighted: f1({ average: 'weighted' }),
    },
  },
}
const regressions = { meanSquaredError, rootMeanSquaredError, meanAbsoluteError, r2 }

const numbers = (rows: number, cols: number) =>
  fc.array(
    fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 8 }).map((i) => i / 8) }, fc.constantFrom(...odd)),
    {
      minLength: rows * cols,
      maxLength: rows * cols,
    },
  )
const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-30, 1e30]

/** Scores, some of them equal and some NaN or infinite, with class indices and where to cut them. */
const samplesOf = (cols: number, classes: number) =>
  fc.integer({ min: 1, max: 25 }).chain((rows) =>
    fc.record({
      prediction: numbers(rows, cols).map((data) => new Matrix(Float64Array.from(data), rows, cols)),
      target: fc
        .array(fc.integer({ min: 0, max: classes - 1 }), { minLength: rows, maxLength: rows })
        .map((data) => new Matrix(Float64Array.from(data), rows, 1)),
      sizes: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
      dtype: fc.constantFrom(...DTYPES),
    }),
  )

test.each(Object.entries(kinds))(
  'metrics of %s are the same bits in any batches',
  (_title, { cols, classes, metrics }) => {
    fc.assert(
      fc.property(samplesOf(cols, classes), ({ prediction, target, sizes, dtype }) => {
        const x = prediction.astype(dtype)
        for (const [name, metric] of Object.entries(metrics))
          expect(inBatches(metric, x, target, sizes), name).toBe(metric(x, target))
        if (cols > 1) expect(accuracy(x, target.oneHot(classes))).toBe(accuracy(x, target))
      }),
    )
  },
)

test('metrics of errors are the same bits in any batches, and those of a plain loop within 64 units', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 4 }), fc.integer(), (rows, cols, seed) => {
      const random = noise(seed)
      const [prediction, target] = [sample(rows, cols, random), sample(rows, cols, random, { low: 9, high: 10 })]
      for (const [name, metric] of Object.entries(regressions))
        for (const sizes of [[1], [3, 1, 4]])
          expect(inBatches(metric, prediction, target, sizes), name).toBe(metric(prediction, target))
      const errors = [...prediction.data].map((each, i) => each - target.data[i])
      const mean = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0) / list.length
      const square = mean(errors.map((each) => each * each))
      const scores = Array.from({ length: cols }, (_, j) => {
        const own = [...target.col(j).data]
        const squares = errors.filter((_each, i) => i % cols === j).map((each) => each * each)
        return 1 - mean(squares) / mean(own.map((each) => (each - mean(own)) ** 2))
      })
      const close = (got: number, wanted: number, scale = 1) =>
        expect(Math.abs(got - wanted)).toBeLessThanOrEqual(64 * UNIT.float64 * scale * Math.max(1, Math.abs(wanted)))
      close(meanSquaredError(prediction, target), square)
      close(rootMeanSquaredError(prediction, target), Math.sqrt(square))
      close(meanAbsoluteError(prediction, target), mean(errors.map(Math.abs)))
      // Targets near 10 have lost 200 times as much of their distance from the mean.
      close(r2(prediction, target), mean(scores), 200)
    }),
  )
})

describe('accuracy', () => {
  const scores = matrix([
    [0.1, 0.7, 0.2],
    [0.5, 0.3, 0.2],
    [0.2, 0.2, 0.6],
    [0.4, 0.4, 0.2],
  ])

  test('of scores for class indices: the largest counts, the first of equal ones', () => {
    expect(accuracy(scores, matrix([[1], [0], [2], [0]]))).toBe(1)
    expect(accuracy(scores, matrix([[1], [0], [2], [1]]))).toBe(0.75)
    expect(accuracy(scores, matrix([[0], [1], [1], [2]]))).toBe(0)
  })

  test('of scores for scores', () => {
    expect(accuracy(scores, matrix([[1], [0], [2], [0]]).oneHot(3))).toBe(1)
    expect(accuracy(scores, matrix([[0], [0], [2], [2]]).oneHot(3))).toBe(0.5)
    expect(accuracy(scores, scores)).toBe(1)
  })

  test('of a probability counts 0.5 as the second class', () => {
    const probabilities = matrix([[0.5], [0.4999], [0.9], [0.1]])
    expect(accuracy(probabilities, matrix([[1], [0], [1], [0]]))).toBe(1)
    expect(accuracy(probabilities, matrix([[0], [1], [1], [0]]))).toBe(0.5)
  })

  test('of a logit has the threshold 0', () => {
    const logits = matrix([[0], [-0.1], [3], [0.2]])
    expect(accuracy(logits, matrix([[1], [0], [1], [1]]), { threshold: 0 })).toBe(1)
    expect(accuracy(logits, matrix([[1], [0], [1], [1]]))).toBe(0.5)
  })

  test('does not mix up precisions', () => {
    expect(accuracy(scores.astype('float64'), matrix([[1], [0], [2], [0]]))).toBe(1)
    expect(accuracy(scores, matrix([[1], [0], [2], [0]], { dtype: 'float64' }))).toBe(1)
  })

  test('of one sample', () => {
    expect(accuracy(matrix([[1, 2]]), matrix([[1]]))).toBe(1)
  })

  test('never counts NaN as right, of whichever class', () => {
    const { NaN: nan } = Number
    const broken = matrix([
      [nan, 1, 0],
      [0, nan, 1],
      [nan, nan, nan],
      [0, 2, 1],
    ])
    for (const number of [0, 1, 2]) expect(accuracy(broken, full(4, 1, number))).toBe(number === 1 ? 0.25 : 0)
    expect(accuracy(broken, broken)).toBe(0.25)
    expect(accuracy(scores, matrix([[nan, 1, 0]]).broadcastTo(4, 3))).toBe(0)
    const column = matrix([[nan], [nan], [nan], [1]])
    for (const number of [0, 1]) expect(accuracy(column, full(4, 1, number))).toBe(number / 4)
    expect(accuracy(full(2, 1, nan), full(2, 1, 0), { threshold: -1 })).toBe(0)
  })

  test.each([
    ['other rows', zeros(4, 3), zeros(3, 1), ShapeError, 'accuracy: prediction is 4x3, target is 3x1'],
    ['other columns', zeros(4, 3), zeros(4, 2), ShapeError, 'accuracy: prediction is 4x3, target is 4x2'],
    ['scores for one', zeros(4, 1), zeros(4, 3), ShapeError, 'accuracy: prediction is 4x1, target is 4x3'],
    [
      'a class too large',
      zeros(1, 3),
      matrix([[3]]),
      ShapeError,
      'accuracy: row 0 of target has class 3, wanted 0 to 2',
    ],
    [
      'a class below 0',
      zeros(1, 3),
      matrix([[-1]]),
      ShapeError,
      'accuracy: row 0 of target has class -1, wanted 0 to 2',
    ],
    [
      'a third class of two',
      zeros(1, 1),
      matrix([[2]]),
      ShapeError,
      'accuracy: row 0 of target has class 2, wanted 0 or 1',
    ],
    [
      'half a class',
      zeros(1, 3),
      matrix([[0.5]]),
      DTypeError,
      'accuracy: row 0 of target has class 0.5, wanted a whole number',
    ],
    ['a class that is NaN', zeros(1, 3), matrix([[Number.NaN]]), DTypeError, 'accuracy: row 0 of target has class NaN'],
    ['an array', [[1, 2]], zeros(1, 1), DTypeError, 'accuracy: prediction is an array, wanted a Matrix'],
    ['null', zeros(1, 1), null, DTypeError, 'accuracy: target is null, wanted a Matrix'],
  ] as const)('of %s throws', (_title, prediction, target, kind, message) => {
    const error = errorOf(() => accuracy(prediction as Untyped, target as Untyped))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})

describe('of classes, against plain loops', () => {
  /** The classes by descending score, of equal ones the first; null where there is NaN. */
  const order = (row: readonly number[]): number[] | null =>
    row.some(Number.isNaN)
      ? null
      : row.map((_, j) => j).sort((a, b) => (row[a] === row[b] ? a - b : row[b] > row[a] ? 1 : -1))
  const rate = (bits: readonly boolean[]): number => bits.filter(Boolean).length / bits.length

  test.each([2, 5])('accuracy, topK and confusionMatrix of %i columns', (cols) => {
    fc.assert(
      fc.property(samplesOf(cols, cols), ({ prediction, target }) => {
        const orders = prediction.toArray().map(order)
        const wanted = [...target.data]
        const confusion = zeros(cols, cols, { dtype: 'float64' })
        for (const [i, each] of orders.entries())
          if (each) confusion.set(wanted[i], each[0], confusion.get(wanted[i], each[0]) + 1)
        expect(accuracy(prediction, target)).toBe(rate(orders.map((each, i) => each?.[0] === wanted[i])))
        for (const k of [1, 2, 3, 4, 9])
          expect(topK(prediction, target, { k })).toBe(
            rate(orders.map((each, i) => each?.slice(0, k).includes(wanted[i]) ?? false)),
          )
        expect(confusionMatrix(prediction, target).toArray()).toEqual(confusion.toArray())
        expect(confusionMatrix(prediction, target.oneHot(cols)).toArray()).toEqual(confusion.toArray())
      }),
    )
  })

  test.each([1, 2, 4])('precision, recall and f1 of %i columns', (cols) => {
    const classes = Math.max(2, cols)
    fc.assert(
      fc.property(samplesOf(cols, classes), ({ prediction, target }) => {
        const wanted = [...target.data]
        const said = prediction
          .toArray()
          .map((row) => (cols > 1 ? (order(row)?.[0] ?? -1) : Number.isNaN(row[0]) ? -1 : Number(row[0] >= 0.5)))
        const over = (a: number, b: number) => (b === 0 ? 0 : a / b)
        const scores = Array.from({ length: classes }, (_, c) => {
          const right = wanted.filter((each, i) => each === c && said[i] === c).length
          const [own, are] = [said, wanted].map((list) => list.filter((each) => each === c).length)
          return {
            own,
            are,
            right,
            precision: over(right, own),
            recall: over(right, are),
            f1: over(2 * right, own + are),
          }
        })
        const present = scores.filter(({ own, are }) => own + are > 0)
        const close = (got: number, value: number) => expect(Math.abs(got - value)).toBeLessThanOrEqual(1e-15)
        for (const name of ['precision', 'recall', 'f1'] as const) {
          const metric: typeof f1 = untyped[name]
          if (classes === 2) expect(metric(prediction, target)).toBe(scores[1][name])
          const all = present.reduce((sum, each) => sum + each[name], 0)
          close(metric(prediction, target, { average: 'macro' }), over(all, present.length))
          const weighted = scores.reduce((sum, each) => sum + each.are * each[name], 0)
          close(metric(prediction, target, { average: 'weighted' }), weighted / wanted.length)
        }
        const right = scores.reduce((sum, each) => sum + each.right, 0)
        const named = said.filter((each) => each >= 0).length
        expect(recall(prediction, target, { average: 'micro' })).toBe(right / wanted.length)
        expect(precision(prediction, target, { average: 'micro' })).toBe(over(right, named))
        expect(f1(prediction, target, { average: 'micro' })).toBe((2 * right) / (named + wanted.length))
      }),
    )
  })

  test('binaryAccuracy of any columns', () => {
    fc.assert(
      fc.property(samplesOf(3, 2), fc.constantFrom(0, 0.5, 0.75), ({ prediction, target }, threshold) => {
        const wanted = target.broadcastTo(target.rows, 3).clone()
        const bits = [...prediction.data].map(
          (each, i) => !Number.isNaN(each) && Number(each >= threshold) === wanted.data[i],
        )
        expect(binaryAccuracy(prediction, wanted, { threshold })).toBe(rate(bits))
      }),
    )
  })

  /** Pairs of a row of the class and another in which it has the higher score; NaN is on the wrong side. */
  const pairs = (scores: readonly number[], isOurs: readonly boolean[]): number => {
    let [wins, count] = [0, 0]
    for (const [i, own] of scores.entries())
      for (const [j, other] of scores.entries()) {
        if (!isOurs[i] || isOurs[j]) continue
        count++
        wins += own > other ? 1 : own === other ? 0.5 : 0
      }
    return wins / count
  }

  test.each([1, 2, 5])('auc of %i columns', (cols) => {
    const classes = Math.max(2, cols)
    fc.assert(
      fc.property(samplesOf(cols, classes), ({ prediction, target }) => {
        const rows = prediction.toArray().map((row) => (row.some(Number.isNaN) ? row.map(() => Number.NaN) : row))
        const wanted = [...target.data]
        const areas = (cols > 2 ? rows[0].map((_, j) => j) : [1])
          .map((c) =>
            pairs(
              rows.map((row) => row[Math.min(c, cols - 1)]),
              wanted.map((each) => each === c),
            ),
          )
          .filter((each) => !Number.isNaN(each))
        const mean = areas.length === 0 ? Number.NaN : areas.reduce((sum, each) => sum + each, 0) / areas.length
        expect(auc(prediction, target)).toBe(mean)
        if (cols !== 2) return
        const differences = rows.map(([a, b]) => b - a)
        expect(auc(prediction, target, { fromLogits: true })).toBe(
          pairs(
            differences,
            wanted.map((each) => each === 1),
          ),
        )
      }),
    )
  })
})

test('auc of two logits far apart keeps their order, where probabilities are all 1', () => {
  const logits = matrix(
    [
      [0, 90],
      [0, 100],
      [0, 110],
      [0, 95],
    ],
    { dtype: 'float64' },
  )
  const y = matrix([[0], [1], [1], [0]])
  expect(auc(logits, y, { fromLogits: true })).toBe(1)
  expect(auc(logits.softmax(1), y)).toBe(0.5)
})

test('topK with k = 1 is accuracy, and with all classes all rows without NaN', () => {
  const x = sample(50, 7, noise(1))
  x.set(3, 2, Number.NaN)
  const y = matrix(Array.from({ length: 50 }, (_, i) => [i % 7]))
  expect(topK(x, y, { k: 1 })).toBe(accuracy(x, y))
  expect(topK(x, y, { k: 7 })).toBe(0.98)
  expect(topK(x, y, { k: 70 })).toBe(0.98)
  expect(topK(zeros(50, 7), y, { k: 2 })).toBe(15 / 50)
})

test.skipIf(inject('compiles'))(
  '100,000 rows of 300 classes, and as many scores, are counted as a plain loop does',
  () => {
    const [rows, cols] = [100_000, 300]
    const random = noise(7)
    const x = sample(rows, cols, random, { dtype: 'float32' })
    const { data } = x
    const wanted = Float32Array.from({ length: rows }, (_, i) => (i * 7919) % cols)
    for (let i = 0; i < rows; i += 3) data[i * cols + wanted[i]] = 0.99
    const y = new Matrix(wanted, rows, 1)
    const said = x.argmax(1).data
    const confusion = new Float64Array(cols * cols)
    let named = 0
    for (let i = 0; i < rows; i++) {
      confusion[wanted[i] * cols + said[i]]++
      let larger = 0
      for (let j = 0; j < cols; j++) if (data[i * cols + j] > data[i * cols + wanted[i]]) larger++
      named += Number(larger < 5)
    }
    const isTheirs = (each: number, at: number): boolean => each === confusion[at]
    const right = confusion.reduce((sum, each, at) => sum + (at % (cols + 1) === 0 ? each : 0), 0)
    expect(right).toBeGreaterThan(1000)
    expect(accuracy(x, y)).toBe(right / rows)
    expect(f1(x, y, { average: 'micro' })).toBe(right / rows)
    expect(topK(x, y)).toBe(named / rows)
    expect(confusionMatrix(x, y).data.every(isTheirs)).toBe(true)
    expect(confusionMatrix(x.argmax(1), y, { classes: cols }).data.every(isTheirs)).toBe(true)
    // One column: 0 … 99,999 in another order, of which every third is of class 1, plus 10,000 for those.
    const order = new Generator(1).permutation(rows).data
    const scores = Float64Array.from(order, (each) => each + (each % 3 === 0 ? 10_000 : 0))
    const isOurs = Float32Array.from(order, (each) => Number(each % 3 === 0))
    const [ones, others] = [1, 0].map((side) => scores.filter((_, i) => isOurs[i] === side).sort())
    let [wins, less, most] = [0, 0, 0]
    for (const each of ones) {
      while (less < others.length && others[less] < each) less++
      while (most < others.length && others[most] <= each) most++
      wins += less + 0.5 * (most - less)
    }
    expect(auc(new Matrix(scores, rows, 1), new Matrix(isOurs, rows, 1))).toBe(wins / (ones.length * others.length))
  },
)

describe('edges', () => {
  const { NaN: nan } = Number

  test('where there is nothing to divide by: 0 for scores of classes, NaN for means and ranks', () => {
    const [p, y] = [matrix([[0.1], [0.2]]), zeros(2, 1)]
    expect([precision(p, y), recall(p, y), f1(p, y)]).toEqual([0, 0, 0])
    expect(auc(p, y)).toBeNaN()
    expect(auc(zeros(2, 3), zeros(2, 1))).toBeNaN()
    const none = [zeros(0, 1), zeros(0, 1)] as const
    for (const metric of [accuracy, binaryAccuracy, auc, r2, meanSquaredError, rootMeanSquaredError, meanAbsoluteError])
      expect(metric(...none), metric.name).toBeNaN()
    for (const metric of [precision, recall, f1]) expect(metric(...none), metric.name).toBe(0)
    for (const average of ['macro', 'micro', 'weighted'] as const) expect(f1(...none, { average })).toBe(0)
    expect(topK(zeros(0, 3), zeros(0, 1))).toBeNaN()
    expect(confusionMatrix(...none).equals(zeros(2, 2))).toBe(true)
    expect(r2(ones(1, 1), ones(1, 1))).toBeNaN()
    expect(accuracy.accumulator().result()).toBeNaN()
    expect(f1.accumulator().result()).toBe(0)
    expect(auc.accumulator().result()).toBeNaN()
  })

  test('NaN in a row is never right', () => {
    const broken = matrix([
      [nan, 1],
      [0, nan],
      [0, 1],
      [1, 0],
    ])
    const y = matrix([[1], [1], [1], [0]])
    expect(recall(broken, y)).toBe(1 / 3)
    expect(precision(broken, y)).toBe(1)
    expect(topK(broken, y)).toBe(0.5)
    expect(auc(broken, y)).toBe(1 / 3)
    expect(auc(broken, y, { fromLogits: true })).toBe(1 / 3)
    expect(confusionMatrix(broken, y).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ])
    // In the target no row is of any class.
    expect(accuracy(broken.slice(2, 4), broken.slice(0, 2))).toBe(0)
    expect(recall(broken.slice(2, 4), broken.slice(0, 2))).toBe(0)
    expect(precision(broken.slice(2, 4), broken.slice(0, 2))).toBe(0)
    expect(
      auc(
        matrix([
          [1, 0],
          [0, 1],
          [0, 2],
        ]),
        matrix([
          [nan, 0],
          [0, 1],
          [1, 0],
        ]),
      ),
    ).toBe(0)
    expect(binaryAccuracy(matrix([[nan, 0.5]]), matrix([[1, 1]]))).toBe(0.5)
    expect(binaryAccuracy(matrix([[nan, 0.4]]), zeros(1, 2))).toBe(0.5)
    for (const metric of Object.values(regressions)) {
      expect(metric(matrix([[nan], [1]]), matrix([[0], [1]])), metric.name).toBeNaN()
      expect(metric(matrix([[0], [1]]), matrix([[nan], [1]])), metric.name).toBeNaN()
    }
    expect(r2(matrix([[nan], [1]]), matrix([[1], [1]]))).toBeNaN()
  })

  test('r2 of targets that are all the same is 1 if they are met, and else 0, whatever number they are', () => {
    const exactly = full(30, 1, 0.1, { dtype: 'float64' })
    expect(r2(exactly, exactly)).toBe(1)
    expect(r2(exactly.add(1e-9), exactly)).toBe(0)
    expect(r2(full(2, 1, Number.POSITIVE_INFINITY), ones(2, 1))).toBe(0)
  })

  test('the threshold itself says class 1, that of probabilities and that of logits', () => {
    const y = ones(1, 1)
    for (const metric of [accuracy, binaryAccuracy, precision, recall, f1]) {
      expect(metric(matrix([[0.5]]), y), metric.name).toBe(1)
      expect(metric(matrix([[0.4999]]), y), metric.name).toBe(0)
      expect(metric(zeros(1, 1), y, { fromLogits: true }), metric.name).toBe(1)
      expect(metric(matrix([[-1e-9]]), y, { fromLogits: true }), metric.name).toBe(0)
      expect(metric(matrix([[0.2]]), y, { threshold: 0.2 + 1e-9 }), metric.name).toBe(1)
      expect(metric(matrix([[0.2]]), y, { threshold: 0.21, fromLogits: false }), metric.name).toBe(0)
    }
    expect(confusionMatrix(zeros(1, 1), y, { fromLogits: true }).get(1, 1)).toBe(1)
  })

  test('sums are in float64, of float32 numbers too', () => {
    const p = new Matrix(new Float32Array(100_000).fill(0.1), 100_000, 1)
    expect(meanAbsoluteError(p, zeros(100_000, 1))).toBeCloseTo(Math.fround(0.1), 12)
  })
})

describe('are called', () => {
  const x = sample(9, 1, noise(1), { low: 0 })
  const y = matrix([[0], [1], [1], [0], [1], [0], [1], [1], [0]])
  const names = ['accuracy', 'binaryAccuracy', 'precision', 'recall', 'f1', 'auc', ...Object.keys(regressions)]

  test.each(names)('%s by samples, by options and by nothing', (name) => {
    const metric = untyped[name]
    const value = metric(x, y)
    expect(metric()(x, y)).toBe(value)
    expect(metric(undefined)(x, y)).toBe(value)
    expect(inBatches(metric, x, y, [4])).toBe(value)
    expect([metric.name, metric().name]).toEqual([name, name])
    expect(Object.isFrozen(metric) && Object.isFrozen(metric())).toBe(true)
    // As JavaScript's own iteration calls them.
    expect([x].map((each) => metric(each, y))).toEqual([value])
  })

  test('accumulators of one metric know nothing of each other', () => {
    const [a, b] = [accuracy.accumulator(), accuracy.accumulator()]
    a.add(ones(2, 1), ones(2, 1))
    b.add(ones(2, 1), zeros(2, 1))
    expect([a.result(), b.result()]).toEqual([1, 0])
  })

  test('a batch that is refused leaves an accumulator as it was', () => {
    for (const metric of [accuracy, binaryAccuracy, precision, recall, f1, auc, r2, meanSquaredError]) {
      const accumulator = metric.accumulator()
      accumulator.add(x, y)
      const before = accumulator.result()
      for (const wrong of [zeros(3, 1), metric === r2 || metric === meanSquaredError ? zeros(9, 2) : full(9, 1, 2)])
        expect(() => accumulator.add(x, wrong), metric.name).toThrow(MatgradError)
      expect(accumulator.result(), metric.name).toBe(before)
    }
  })

  const shapes: readonly (readonly [string, () => unknown, typeof MatgradError, string])[] = [
    [
      'precision of others',
      () => precision(zeros(4, 1), zeros(3, 1)),
      ShapeError,
      'precision: prediction is 4x1, target is 3x1',
    ],
    ['no columns', () => accuracy(zeros(4, 0), zeros(4, 1)), ShapeError, 'accuracy: prediction is 4x0, target is 4x1'],
    [
      'a score of three classes',
      () => f1(zeros(4, 3), zeros(4, 1)),
      ShapeError,
      "f1: prediction is 4x3, wanted 1 or 2 columns, or average 'macro', 'micro' or 'weighted'",
    ],
    [
      'topK of one column',
      () => topK(zeros(4, 1), zeros(4, 1)),
      ShapeError,
      'topK: prediction is 4x1, wanted a column',
    ],
    ['no place', () => topK({ k: 0 }), ShapeError, 'topK: k is 0, wanted at least 1'],
    [
      'half a place',
      () => topK(untyped.zeros, ones(1, 1), { k: 0.5 }),
      DTypeError,
      'topK: k is 0.5, wanted a whole number',
    ],
    [
      'bits of a wrong shape',
      () => binaryAccuracy(zeros(4, 2), zeros(4, 1)),
      ShapeError,
      'prediction is 4x2, target is 4x1',
    ],
    [
      'half a bit',
      () => binaryAccuracy(zeros(1, 1), full(1, 1, 0.5)),
      DTypeError,
      'binaryAccuracy: row 0 of target has class 0.5',
    ],
    [
      'a bit of 2',
      () => binaryAccuracy(zeros(1, 1), full(1, 1, 2)),
      ShapeError,
      'binaryAccuracy: row 0 of target has class 2, wanted 0 or 1',
    ],
    ['auc of others', () => auc(zeros(2, 3), zeros(2, 2)), ShapeError, 'auc: prediction is 2x3, target is 2x2'],
    [
      'auc of a third class',
      () => auc(zeros(1, 1), full(1, 1, 2)),
      ShapeError,
      'auc: row 0 of target has class 2, wanted 0 or 1',
    ],
    [
      'r2 of others',
      () => r2(zeros(2, 3), zeros(2, 1)),
      ShapeError,
      'r2: prediction is 2x3, target is 2x1, wanted the same',
    ],
    [
      'an array',
      () => untyped.meanSquaredError([1], zeros(1, 1)),
      DTypeError,
      'meanSquaredError: prediction is an array',
    ],
    [
      'a variable',
      () => untyped.r2(variable(zeros(1, 1)), zeros(1, 1)),
      DTypeError,
      'r2: prediction is Variable, wanted a Matrix',
    ],
    ['no target', () => untyped.auc(zeros(1, 1)), DTypeError, 'auc: target is undefined, wanted a Matrix'],
    ['an option in its place', () => untyped.topK(3), DTypeError, 'topK: options are 3, wanted an object with k'],
    ['options of none', () => untyped.r2({ squared: true }), DTypeError, 'r2: got { squared } in excess'],
    ['options of none, after samples', () => untyped.r2(x, x, {}), DTypeError, 'r2: got Object in excess'],
    ['more than options', () => untyped.auc({}, undefined, 3), DTypeError, 'auc: got 3 in excess'],
    ['more than samples', () => untyped.accuracy({})(x, y, {}), DTypeError, 'accuracy(options)(prediction, target)'],
    [
      'another average',
      () => untyped.f1({ average: 'samples' }),
      DTypeError,
      "wanted 'binary', 'macro', 'micro' or 'weighted'",
    ],
    [
      'two thresholds',
      () => accuracy({ threshold: 0.5, fromLogits: true }),
      MatgradError,
      'accuracy: threshold is 0.5 and fromLogits is true, whose threshold is 0: wanted one of them',
    ],
    [
      'no threshold',
      () => recall({ threshold: Number.NaN }),
      MatgradError,
      'recall: threshold is NaN, wanted a number',
    ],
    [
      'columns that change',
      () => changing(recall({ average: 'micro' })),
      ShapeError,
      'recall: prediction is 2x3, wanted 2 columns',
    ],
    [
      'scores that change',
      () => changing(auc),
      ShapeError,
      'auc: prediction is 2x3, wanted 2 columns as in earlier batches',
    ],
    [
      'confusion of other columns',
      () => confusionMatrix(zeros(2, 3), zeros(2, 1), { classes: 4 }),
      ShapeError,
      'wanted 4 columns',
    ],
    [
      'no classes',
      () => confusionMatrix(zeros(2, 1), zeros(2, 1), { classes: 0 }),
      ShapeError,
      'classes is 0, wanted at least 1',
    ],
    [
      'an index',
      () => confusionMatrix(full(2, 1, 3), zeros(2, 1), { classes: 3 }),
      ShapeError,
      'row 0 of prediction has class 3, wanted 0 to 2',
    ],
    [
      'a score',
      () => confusionMatrix(full(2, 1, 0.5), zeros(2, 1), { classes: 2 }),
      DTypeError,
      'row 0 of prediction has class 0.5',
    ],
    [
      'indices and a threshold',
      () => confusionMatrix(ones(2, 1), zeros(2, 1), { classes: 2, threshold: 0.5 }),
      MatgradError,
      'confusionMatrix: got classes beside threshold or fromLogits',
    ],
    ['a matrix of nothing', () => untyped.confusionMatrix(), DTypeError, 'confusionMatrix: prediction is undefined'],
  ]
  const changing = (metric: Metric): void => {
    const accumulator = metric.accumulator?.()
    accumulator?.add(zeros(2, 2), zeros(2, 1))
    accumulator?.add(zeros(2, 3), zeros(2, 1))
  }

  test.each(shapes)('with %s, which is an error', (_title, run, kind, message) => {
    const error = errorOf(run)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(message)
  })
})

test('operands in the order of scikit-learn are refused where they can be known by it', () => {
  const [p, y] = [matrix([[0.2], [0.9]]), matrix([[0], [1]])]
  const scores = matrix([
    [0.2, 0.5, 0.3],
    [0.9, 0.1, 0],
  ])
  for (const metric of [accuracy, precision, recall, f1, auc, binaryAccuracy, confusionMatrix]) {
    const error = errorOf(() => metric(y, p))
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toBe(
      `${metric.name}: row 0 of target has class ${Math.fround(0.2)}, wanted a whole number, 0 or 1: ` +
        `the target comes second, ${metric.name}(prediction, target)`,
    )
  }
  for (const metric of [accuracy, topK] as readonly Metric[]) {
    const error = errorOf(() => metric(y, scores))
    expect(error).toBeInstanceOf(ShapeError)
    expect(error.message).toContain(`: the target comes second, ${metric.name}(prediction, target)`)
  }
})

describe('in fit and evaluate', () => {
  const rows = 37
  const x = sample(rows, 4, noise(3), { dtype: 'float32' })
  const classes = matrix(Array.from({ length: rows }, (_, i) => [i % 3]))
  const bits = matrix(Array.from({ length: rows }, (_, i) => [i % 2]))
  const model = (outputs: number) => new Linear(4, outputs, { generator: new Generator(1) })
  const train = (
    net: Linear,
    y: Matrix,
    loss: Loss,
    metrics: Readonly<Record<string, Metric>>,
    more: object = {},
    lr = 0,
  ) =>
    fit(
      net,
      { x, y },
      { loss, metrics, optimizer: new SGD(net.parameters(), { lr }), epochs: 2, batchSize: 8, ...more },
    )
  /** What there is of each kind of model: its targets, a loss, and all metrics. */
  const worlds: readonly (readonly [string, number, Matrix, Loss, Readonly<Record<string, Metric>>])[] = [
    [
      'logits of two classes',
      1,
      bits,
      binaryCrossEntropyWithLogits,
      {
        accuracy: accuracy({ fromLogits: true }),
        binaryAccuracy: binaryAccuracy({ fromLogits: true }),
        f1: f1({ fromLogits: true }),
        macro: f1({ threshold: 0, average: 'macro' }),
        auc,
      },
    ],
    [
      'logits of several classes',
      3,
      classes,
      crossEntropy,
      { accuracy, topK: topK({ k: 2 }), recall: recall({ average: 'macro' }), auc: auc({ fromLogits: true }) },
    ],
    ['values', 3, sample(rows, 3, noise(5)), mseLoss, regressions],
  ]

  test.each(worlds)(
    'metrics of %s are those of all predictions, with a last batch that is not full',
    async (_title, outputs, y, loss, metrics) => {
      const net = model(outputs)
      const history = await train(net, y, loss, metrics, { shuffle: false, validation: { x, y } })
      const prediction = predict(net, x)
      for (const [name, metric] of Object.entries(metrics)) {
        const value = metric(prediction, y)
        expect(value, name).toBeGreaterThan(-3)
        expect(history[name], name).toEqual([value, value])
        expect(history[`val${name[0].toUpperCase()}${name.slice(1)}`], name).toEqual([value, value])
        for (const batchSize of [1, 5, 36, 37, 1000])
          expect(evaluate(net, { x, y }, { metrics, batchSize })[name]).toBe(value)
      }
      expect(evaluate(net, { x, y }, { metrics, loss })).toEqual(
        evaluate(net, { x, y }, { metrics, loss, batchSize: 4 }),
      )
    },
  )

  test('those of this package keep no copy of a prediction, and a function alone is given all of them', () => {
    const net = model(3)
    const clone = vi.spyOn(Matrix.prototype, 'clone')
    const clonesOf = (metrics: Readonly<Record<string, Metric>>): number => {
      const before = clone.mock.calls.length
      nn.evaluate(net, { x, y: classes }, { metrics, batchSize: 8 })
      return clone.mock.calls.length - before
    }
    try {
      const none = clonesOf({ accuracy, topK, auc, recall: recall({ average: 'micro' }) })
      expect([none, clonesOf({ accuracy, rows: (p) => p.rows })]).toEqual([0, 10])
    } finally {
      clone.mockRestore()
    }
  })

  test.each([
    ['accuracy', 1, accuracy],
    ['accuracy', 1, accuracy()],
    ['accuracy', 1, accuracy({ fromLogits: false })],
    ['precision', 1, precision({ average: 'macro' })],
    ['recall', 1, recall],
    ['f1', 1, f1],
    ['binaryAccuracy', 1, binaryAccuracy],
    ['binaryAccuracy', 3, binaryAccuracy],
    ['auc', 3, auc],
  ] as const)(
    '%s of logits in %i columns, by the loss, is refused before the first step',
    async (name, outputs, metric) => {
      const net = model(outputs)
      const before = bitsOf(net)
      const [y, loss]: [Matrix, Loss] =
        name === 'auc'
          ? [classes, crossEntropy]
          : [bits.broadcastTo(rows, outputs).clone(), binaryCrossEntropyWithLogits]
      const message = `${name} takes probabilities, and ${loss.name} logits: wanted ${name}({ fromLogits: true })`
      const error = await errorFrom(train(net, y, loss, { measure: metric }, {}, 1))
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message).toContain(`fit: ${message}`)
      expect(bitsOf(net)).toEqual(before)
      for (let i = 0; i < 3; i++)
        expect(() => evaluate(net, { x, y }, { loss, metrics: { measure: metric } })).toThrow(`evaluate: ${message}`)
      const right = untyped[name]({ fromLogits: true })
      expect((await train(net, y, loss, { measure: right })).measure).toHaveLength(2)
      expect(evaluate(net, { x, y }, { loss, metrics: { measure: right } }).measure).toBe(right(predict(net, x), y))
    },
  )

  test.each([
    [
      'several logits of a class each',
      3,
      bits.broadcastTo(rows, 3).clone(),
      binaryCrossEntropyWithLogits,
      { accuracy },
    ],
    ['a threshold that is given', 1, bits, binaryCrossEntropyWithLogits, { accuracy: accuracy({ threshold: 0 }) }],
    ['the ranks of one column', 1, bits, binaryCrossEntropyWithLogits, { auc }],
    ['the largest logit', 3, classes, crossEntropy, { accuracy, recall: recall({ average: 'macro' }) }],
    ['a loss that tells nothing', 1, bits, mseLoss, { accuracy, binaryAccuracy }],
  ] as const)('%s is not refused', async (_title, outputs, y, loss, metrics) => {
    expect(Object.keys(await train(model(outputs), y, loss, metrics))).toEqual(['loss', ...Object.keys(metrics)])
  })

  test('a third class of two, and three classes without an average, are errors before the first step', async () => {
    const cases: readonly [number, Metrics, string][] = [
      [1, { recall }, 'recall: row 2 of target has class 2, wanted 0 or 1'],
      [3, { accuracy, f1 }, 'f1: prediction is 8x3, wanted 1 or 2 columns'],
    ]
    for (const [outputs, metrics, message] of cases) {
      const net = model(outputs)
      const before = bitsOf(net)
      const loss: Loss = outputs === 1 ? mseLoss : crossEntropy
      const error = await errorFrom(
        fit(
          net,
          { x, y: classes },
          { loss, metrics, optimizer: new SGD(net.parameters(), { lr: 1 }), epochs: 1, batchSize: 8 },
        ),
      )
      expect(error.message).toContain(message)
      expect(bitsOf(net)).toEqual(before)
    }
  })

  test('an accumulator of a user is given each batch in matrices of its own, and asked once', async () => {
    const log: string[] = []
    const kept: Matrix[] = []
    const counted: Metric = Object.assign(() => expect.fail('it was called'), {
      accumulator() {
        log.push('new')
        let count = 0
        return {
          add(prediction: Matrix, target: Matrix) {
            kept.push(prediction, target)
            count += target.rows
          },
          result() {
            log.push(`result of ${count}`)
            return count
          },
        }
      },
    })
    const net = model(1)
    const history = await train(
      net,
      bits,
      mseLoss,
      { counted, accuracy },
      { shuffle: false, validation: { x, y: bits } },
    )
    expect([history.counted, history.valCounted]).toEqual([
      [37, 37],
      [37, 37],
    ])
    expect(log).toEqual(['new', 'result of 37', 'new', 'result of 37', 'new', 'result of 37', 'new', 'result of 37'])
    expect(kept).toHaveLength(2 * 2 * (5 + 1))
    const prediction = predict(net, x)
    for (let i = 0; i < 5; i++) {
      expect(kept[2 * i].data).toEqual(prediction.slice(8 * i, Math.min(rows, 8 * i + 8)).data)
      expect(kept[2 * i + 1].data).toEqual(bits.slice(8 * i, Math.min(rows, 8 * i + 8)).data)
    }
    expect(history.accuracy[0]).toBe(accuracy(prediction, bits))
    expect(evaluate(net, { x, y: bits }, { metrics: { counted }, batchSize: 10 })).toEqual({ counted: 37 })
  })

  test.each([
    ['a number', () => 3, 'accumulator() of metric own gave 3, wanted an object with add and result'],
    ['nothing', () => undefined, 'accumulator() of metric own gave undefined'],
    ['what cannot add', () => ({ result: () => 1 }), 'accumulator() of metric own gave Object'],
    ['what has no result', () => ({ add() {} }), 'accumulator() of metric own gave Object'],
    ['what gives a matrix', () => ({ add() {}, result: () => ones(1, 1) }), 'metric own gave Matrix, wanted a number'],
    ['no function', 3, 'accumulator of own is 3, wanted a function'],
  ])('an accumulator that is %s is an error', async (_title, accumulator, message) => {
    const own: Untyped = Object.assign(() => 1, { accumulator })
    const error = await errorFrom(train(model(1), bits, mseLoss, { own }))
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toContain(`fit: ${message}`)
    expect(errorOf(() => evaluate(model(1), { x, y: bits }, { metrics: { own } })).message).toContain(
      `evaluate: ${message}`,
    )
  })

  test('confusionMatrix is no metric', async () => {
    const metrics: Untyped = { confusion: confusionMatrix }
    const message =
      'confusion is the function confusionMatrix, which gives a Matrix, wanted a function that gives a number'
    const error = await errorFrom(train(model(1), bits, mseLoss, metrics))
    expect(error).toBeInstanceOf(DTypeError)
    expect(error.message).toContain(`fit: ${message}`)
    expect(() => evaluate(model(1), { x, y: bits }, { metrics })).toThrow(`evaluate: ${message}`)
  })
})
