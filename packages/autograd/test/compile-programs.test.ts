// Random programs, compiled and not: exact.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareTwins, recipe } from './random-programs.ts'

test('100 random programs give the same results, state, gradients and random numbers', () => {
  fc.assert(
    fc.property(recipe, (recipe) => {
      expect(compareTwins(recipe).difference).toBe(null)
    }),
    { numRuns: 100 },
  )
})
