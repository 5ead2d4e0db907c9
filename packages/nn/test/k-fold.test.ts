// The parts of cross-validation against scikit-learn's.

import { Generator, MatgradError, matrix, ShapeError, zeros } from '@matgrad/core'
import { type Dataset, kFold } from '@matgrad/nn'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../fixtures/read.ts'
import { errorOf } from './support.ts'

interface Case {
  readonly classes: readonly number[]
  readonly k: number
  readonly stratify: boolean
  readonly tests: readonly (readonly number[])[]
}

/** Rows with their numbers for x. */
const rowsOf = (classes: readonly number[]): Dataset => ({
  x: matrix(classes.map((_, i) => [i])),
  y: matrix(classes.map((each) => [each])),
})

const numbers = ({ x }: Dataset): number[] => x.toArray().flat()
const sizesOf = (parts: readonly (readonly number[])[]): number[] => parts.map(({ length }) => length)
const counts = (classes: readonly number[], part: readonly number[]): number[] =>
  [0, 1, 2, 3, 4].map((each) => part.filter((row) => classes[row] === each).length)

describe('kFold', async () => {
  const cases = await readJson<readonly Case[]>('nn/k-fold.json')

  test.each(cases.map((each) => [each.classes.length, each.k, each.stratify, each] as const))(
    'of %d rows in %d parts, stratify %s, has the rows of scikit-learn, and shuffled its sizes',
    (rows, k, stratify, { classes, tests }) => {
      const data = rowsOf(classes)
      const pairs = kFold(data, k, { stratify })
      expect(pairs.map(([, test]) => numbers(test))).toEqual(tests)
      const shuffled = kFold(data, k, { stratify, shuffle: true, generator: new Generator(1) })
      const parts = shuffled.map(([, test]) => numbers(test))
      expect(sizesOf(parts)).toEqual(sizesOf(tests))
      if (stratify)
        expect(parts.map((each) => counts(classes, each))).toEqual(tests.map((each) => counts(classes, each)))
      if (rows > 10 && k < rows) expect(parts).not.toEqual(tests)
    },
  )

  test('each row is in one test and all other training data, in its order, with its target', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 9, max: 40 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        (rows, shuffle, stratify, seed) => {
          const classes = Array.from({ length: rows }, (_, i) => (i * i) % 3)
          const k = 2 + (Math.abs(seed) % Math.max(1, Math.floor(rows / 3) - 1))
          const pairs = kFold(rowsOf(classes), Math.min(k, rows), { shuffle, stratify, generator: new Generator(seed) })
          for (const [train, test] of pairs) {
            const [own, others] = [numbers(test), numbers(train)]
            expect([...own, ...others].sort((a, b) => a - b)).toEqual(classes.map((_, i) => i))
            for (const list of [own, others]) expect(list).toEqual([...list].sort((a, b) => a - b))
            for (const each of [train, test])
              expect(each.y.toArray().flat()).toEqual(numbers(each).map((row) => classes[row]))
          }
          const all = pairs.flatMap(([, test]) => numbers(test)).sort((a, b) => a - b)
          expect(all).toEqual(classes.map((_, i) => i))
        },
      ),
    )
  })

  test('draws nothing in order, and the same from the same seed', () => {
    const data = rowsOf(Array(20).fill(0))
    const generator = new Generator(4)
    const { state } = generator
    kFold(data, 5, { generator })
    expect(generator.state).toEqual(state)
    const drawn = [1, 1, 2].map((seed) =>
      kFold(data, 5, { shuffle: true, generator: new Generator(seed) }).map(([, test]) => numbers(test)),
    )
    expect(drawn[1]).toEqual(drawn[0])
    expect(drawn[2]).not.toEqual(drawn[0])
  })

  test.each([
    ['one part', rowsOf([0, 1]), 1, {}, ShapeError, 'kFold: k is 1, wanted at least 2'],
    ['more parts than rows', rowsOf([0, 1, 2]), 4, {}, ShapeError, 'kFold: k is 4, wanted 2 to 3'],
    ['one row', rowsOf([0]), 2, {}, MatgradError, 'kFold: x has 1 rows, wanted at least 2'],
    [
      ...['classes that are all too small', rowsOf([0, 1, 2, 0]), 3, { stratify: true }],
      ...[MatgradError, 'kFold: no class has more than 2 rows, wanted at least k, 3'],
    ],
    [
      ...['scores for classes', { x: zeros(4, 1), y: zeros(4, 2) }, 2, { stratify: true }],
      ...[ShapeError, 'kFold: y is 4x2, wanted class indices nx1'],
    ],
  ] as [string, Dataset, number, object, new () => Error, string][])(
    '%s is an error',
    (_title, data, k, options, kind, message) => {
      const error = errorOf(() => kFold(data, k, options))
      expect(error).toBeInstanceOf(kind)
      expect(error.message).toContain(message)
    },
  )
})
