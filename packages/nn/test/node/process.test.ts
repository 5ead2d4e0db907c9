// What only a process of its own can show: that nothing but the seed matters, and that training does not hold memory.

import { expect, test } from 'vitest'
import { outputOf } from './output.ts'

test('the same seed gives the same bytes in two processes, one compiled and one not', {
  timeout: 120_000,
}, async () => {
  const script = new URL('./seeded.ts', import.meta.url)
  const [first, second] = await Promise.all([outputOf(script), outputOf(script, { args: ['eager'] })])
  expect(first.length).toBeGreaterThan(1e6)
  expect(second === first).toBe(true)
})

test.each([
  ['eager', 100_000],
  ['compiled', 1],
])('90,000 %s training steps grow the heap by less than 2 MB', { timeout: 180_000 }, async (how, wanted) => {
  const output = await outputOf(new URL('./memory.ts', import.meta.url), { args: [how], nodeOptions: ['--expose-gc'] })
  const { grown, loss, runs } = JSON.parse(output)
  expect(runs).toBe(wanted)
  expect(loss).toBeLessThan(1e-6)
  expect(grown).toBeLessThan(2e6)
})
