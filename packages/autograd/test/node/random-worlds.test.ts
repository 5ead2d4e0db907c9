// Random worlds, eager and compiled: exact. Here since one engine setting needs a flag of V8 before Node 21.

import { setFlagsFromString } from 'node:v8'
import { beforeAll, expect, test, vi } from 'vitest'
import { runWorld, type Scale } from '../random-worlds.ts'

beforeAll(() => {
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  // Functions are traced again and again here.
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})

test.each<[count: number, scale: Scale]>([
  [10, 'small'],
  [14, 'medium'],
  [12, 'large'],
])('%i %s worlds: the same results, state, gradients and random numbers after every event', async (count, scale) => {
  let replays = 0
  for (let seed = 1; seed <= count; seed++) {
    const report = await runWorld(seed, scale)
    expect(report.difference).toBe(null)
    replays += report.replays
  }
  expect(replays).toBeGreaterThan(5 * count)
})
