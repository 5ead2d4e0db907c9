// Operands that are larger than one piece of an element-wise operation, in every way that two can meet.

import { Generator, type Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { DTYPES } from './support.ts'

type Shape = readonly [number, number]

const cases: (readonly [Shape, Shape])[] = [
  [
    [1, 16385],
    [1, 16385],
  ],
  [
    [16385, 1],
    [16385, 1],
  ],
  [
    [300, 131],
    [300, 131],
  ],
  [
    [300, 131],
    [1, 131],
  ],
  [
    [1, 131],
    [300, 131],
  ],
  [
    [300, 131],
    [300, 1],
  ],
  [
    [300, 1],
    [300, 131],
  ],
  [
    [300, 131],
    [1, 1],
  ],
  [
    [1, 1],
    [300, 131],
  ],
  [
    [300, 1],
    [1, 131],
  ],
  [
    [1, 131],
    [300, 1],
  ],
  [
    [40_001, 1],
    [1, 1],
  ],
  [
    [1, 40_001],
    [1, 1],
  ],
  [
    [2, 20_001],
    [2, 1],
  ],
  [
    [2, 20_001],
    [1, 20_001],
  ],
  [
    [20_001, 2],
    [20_001, 1],
  ],
  [
    [20_001, 3],
    [1, 3],
  ],
  [
    [1, 20_001],
    [3, 1],
  ],
]

const at = (a: Matrix, i: number, j: number): number => a.data[(a.rows === 1 ? 0 : i) * a.cols + (a.cols === 1 ? 0 : j)]

describe.each(DTYPES)('%s', (dtype) => {
  const generator = new Generator(5)
  const random = ([rows, cols]: Shape): Matrix => generator.uniform(rows, cols, 0.5, 2, { dtype })
  const round = dtype === 'float32' ? Math.fround : (x: number): number => x

  test.each(cases)('%j − %j is exact, and its power has the bits of the same elements in small matrices', (m, n) => {
    const [a, b] = [random(m), random(n)]
    const difference = a.sub(b)
    const power = a.pow(b)
    const wrong: string[] = []
    for (let i = 0; i < difference.rows; i++)
      for (let j = 0; j < difference.cols; j++)
        if (difference.data[i * difference.cols + j] !== round(at(a, i, j) - at(b, i, j))) wrong.push(`${i}, ${j}`)
    expect(wrong).toEqual([])
    expect([difference.rows, difference.cols]).toEqual([Math.max(m[0], n[0]), Math.max(m[1], n[1])])
    for (let sample = 0; sample < 50; sample++) {
      const [i, j] = [Math.floor((sample / 50) * power.rows), (sample * 397) % power.cols]
      const [x, y] = [power.slice(0, 1, 0, 1), power.slice(0, 1, 0, 1)]
      x.set(0, 0, at(a, i, j))
      y.set(0, 0, at(b, i, j))
      expect(power.get(i, j)).toBe(x.pow(y).item())
    }
  })

  test.each(['exp', 'neg', 'relu', 'sqrt'] as const)('%s of 40,001 elements has the bits of each alone', (name) => {
    const a = random([1, 40_001])
    const whole = a[name]()
    for (const j of [0, 1, 2, 3, 16_383, 16_384, 16_385, 32_767, 32_768, 39_999, 40_000])
      expect(whole.get(0, j)).toBe(
        a
          .slice(0, 1, j, j + 1)
          [name]()
          .item(),
      )
  })
})
