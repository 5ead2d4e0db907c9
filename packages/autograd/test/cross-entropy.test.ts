// The cross-entropy of classes and its gradient against exact values, which fixtures/autograd/cross_entropy.py wrote.

import { crossEntropy, variable } from '@matgrad/autograd'
import { concat, type DType, full, io, type Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readBytes } from '../../../fixtures/read.ts'

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number

/** The unit roundoff, and what of an exponential may be missing where it is smaller. */
const LIMITS = { float32: { unit: 2 ** -24, least: Math.exp(-87) }, float64: { unit: 2 ** -53, least: Math.exp(-708) } }
const DTYPES = ['float32', 'float64'] as const

/** The losses of rows of logits, and the gradient of their sum. */
function differentiate(logits: Matrix, classes: Matrix): [losses: Matrix, gradient: Matrix] {
  const x = variable(logits)
  const losses = crossEntropy(x, classes, { reduction: 'none' })
  losses.sum().backward()
  return [losses.value, x.grad as Matrix]
}

describe.each(DTYPES)('%s', (dtype: keyof typeof LIMITS) => {
  const { unit, least } = LIMITS[dtype]
  const row = (...logits: number[]): Matrix => matrix([logits], { dtype })

  // Units of roundoff u: an exponential is off by 1.8, the compensated sum of the others by 2 and its terms' 1.8, and 1 more
  // where it is made from several maxima. Each rounding that follows adds 1; ln(1 + s), off by 2 itself, and s / (1 + s)
  // do not enlarge the relative error of s.
  test.each([2, 3, 10, 67])(
    'of %d classes, losses are within 8 and gradients within 10 units of roundoff, however certain the class is',
    async (count) => {
      const table: Matrix = io.decodeNpy(await readBytes(`autograd/cross-entropy-${dtype}-${count}.npy`))
      const width = count + 1
      const part = (at: number): Matrix => table.slice(0, table.rows, at, at + width)
      const [logits, classes] = [table.slice(0, table.rows, 0, count).astype(dtype), table.col(count)]
      const [wanted, rest] = [part(width), part(2 * width)]
      const got = concat(differentiate(logits, classes), 1)
      expect(got.shape).toEqual(wanted.shape)
      for (let i = 0; i < got.rows; i++)
        for (let j = 0; j < width; j++) {
          const [y, off] = [wanted.get(i, j), Math.abs(got.get(i, j) - wanted.get(i, j) - rest.get(i, j))]
          if (!(off <= (j === 0 ? 8 : 10) * unit * Math.abs(y) + count * least))
            expect.fail(
              `row ${i}, column ${j}: got ${got.get(i, j)}, wanted ${y}, ${off / Math.abs(y) / unit} units off`,
            )
        }
    },
  )

  test('the error does not grow with the number of classes: 30,001 are within 8 and 10 units of roundoff', () => {
    const cols = 30001
    const logits = matrix([Array.from({ length: cols }, (_, j) => (j % 2 === 0 ? 0 : -1))], { dtype })
    const [loss, gradient] = differentiate(concat([logits, logits, logits, logits, logits], 0), full(5, 1, 1))
    const total = 15001 + 15000 * Math.exp(-1)
    for (let i = 0; i < 5; i++) {
      expect(Math.abs(loss.get(i, 0) / (Math.log(total) + 1) - 1)).toBeLessThanOrEqual(8 * unit)
      expect(Math.abs(gradient.get(i, 0) * total - 1)).toBeLessThanOrEqual(10 * unit)
      expect(Math.abs(gradient.get(i, 1) / (Math.exp(-1) / total - 1) - 1)).toBeLessThanOrEqual(10 * unit)
      expect(gradient.get(i, cols - 1)).toBe(gradient.get(i, 0))
    }
  })

  test('a row has the same bits alone, among others, and with a class of either dtype', () => {
    const logits = concat(
      Array.from({ length: 15 }, (_, k) => row(k, 0.3 * k - 2, -40 * k, 1, k % 4)),
      0,
    )
    const many = concat(
      Array.from({ length: 9 }, () => logits),
      0,
    )
    const classes = Array.from({ length: many.rows }, (_, i) => [(i * 7) % 5])
    const all = (['float32', 'float64'] as DType[]).map((of) => differentiate(many, matrix(classes, { dtype: of })))
    for (let i = 0; i < many.rows; i++) {
      const alone = differentiate(many.row(i), matrix([classes[i]]))
      for (const [losses, gradient] of all) {
        expect(losses.row(i).data).toEqual(alone[0].data)
        expect(gradient.row(i).data).toEqual(alone[1].data)
      }
    }
  })

  // As PyTorch 1.13 has them.
  test.each([
    { logits: [-infinity, 0], loss: infinity, gradient: [-1, 1] },
    { logits: [0, -infinity], loss: 0, gradient: [0, 0] },
    { logits: [infinity, 0], loss: nan, gradient: [nan, nan] },
    { logits: [0, infinity], loss: nan, gradient: [nan, nan] },
    { logits: [-infinity, -infinity], loss: nan, gradient: [nan, nan] },
    { logits: [nan, 0], loss: nan, gradient: [nan, nan] },
    { logits: [0, nan], loss: nan, gradient: [nan, nan] },
    { logits: [0, -1000], loss: 0, gradient: [0, 0] },
    { logits: [-1000, 0], loss: 1000, gradient: [-1, 1] },
  ])('of $logits and the first class the loss is $loss, and its neighbours stay', ({ logits, loss, gradient }) => {
    const plain = row(1, 2)
    const rows = concat([plain, row(...logits), plain], 0)
    const [losses, gradients] = differentiate(rows, matrix([[0], [0], [0]]))
    const [own, slopes] = differentiate(plain, matrix([[0]]))
    expect(losses.toArray()).toEqual([[own.item()], [loss], [own.item()]])
    expect(gradients.row(0)).toEqual(slopes)
    expect(gradients.row(2)).toEqual(slopes)
    expect(gradients.toArray()[1].map((x) => x + 0)).toEqual(gradient)
  })
})

test('with all of its weight smoothed away, a class whose logit is −∞ has its part of the sum alone', () => {
  const x = variable(matrix([[Number.NEGATIVE_INFINITY, 1, 2]], { dtype: 'float64' }))
  const loss = crossEntropy(x, matrix([[0]]), { labelSmoothing: 1 })
  expect(loss.item()).toBe(Number.POSITIVE_INFINITY)
})
