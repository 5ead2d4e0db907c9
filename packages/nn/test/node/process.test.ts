// What only a process of its own can show: that nothing but the seed matters, and that training does not hold memory.

import { expect, test } from 'vitest'
import { outputOf } from '../../../core/test/node/output.ts'

test('the same seed gives the same bytes in two processes, one compiled and one not', {
  timeout: 120_000,
}, async () => {
  const script = new URL('./seeded.ts', import.meta.url)
  const [first, second] = await Promise.all([outputOf(script), outputOf(script, { args: ['eager'] })])
  expect(first.length).toBeGreaterThan(1e6)
  expect(second === first).toBe(true)
})

test('everything loads and trains where there are no shared buffers', { timeout: 60_000 }, async () => {
  const { loss } = JSON.parse(await outputOf(new URL('./unshared.ts', import.meta.url)))
  expect(loss).toBeLessThan(1e-3)
})

test('50,000 compiled steps grow the heap by less than 100 kB, 150 compiled functions that are dropped by less than 3 MB', {
  timeout: 180_000,
}, async () => {
  const output = await outputOf(new URL('./compiled-memory.ts', import.meta.url), { nodeOptions: ['--expose-gc'] })
  const { replays, one, many } = JSON.parse(output)
  expect(replays).toBeLessThan(100e3)
  for (const { rss, external, heap } of [one, many]) {
    expect(heap).toBeLessThan(3e6)
    expect(external).toBeLessThan(3e6)
    // The arenas alone of 150 models take 300 MB.
    expect(rss).toBeLessThan(64e6)
  }
})

test('15,000 training steps grow the heap by less than 600 kB, 25,000 batches of fit by less than 400 kB', {
  timeout: 180_000,
}, async () => {
  const output = await outputOf(new URL('./memory.ts', import.meta.url), { nodeOptions: ['--expose-gc'] })
  const { grown, fitted, loss } = JSON.parse(output)
  expect(loss).toBeLessThan(1e-6)
  expect(grown).toBeLessThan(600e3)
  expect(fitted).toBeLessThan(400e3)
})

test('small results that are kept, of any kind, hold less than four times their bytes', {
  timeout: 120_000,
}, async () => {
  const output = await outputOf(new URL('./kept.ts', import.meta.url), { nodeOptions: ['--expose-gc'] })
  const factors = Object.entries(JSON.parse(output) as Record<string, number>)
  expect(factors.length).toBeGreaterThan(0)
  for (const [name, factor] of factors) {
    expect(factor, name).toBeGreaterThan(0.9)
    expect(factor, name).toBeLessThan(4)
  }
})
