import { inspect } from 'node:util'
import { matrix } from '@matgrad/core'
import { expect, test } from 'vitest'

test('node prints what toString gives, within other objects as well', () => {
  const a = matrix([
    [1, 2, 3],
    [4, 5, 6],
  ])
  expect(inspect(a)).toBe(a.toString())
  expect(inspect({ a: matrix([[1]]) })).toContain('Matrix 1x1 float32')
})
