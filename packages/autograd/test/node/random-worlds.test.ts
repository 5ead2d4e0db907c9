// Random worlds, eager and compiled: exact. Here since one engine setting needs a flag of V8 before Node 21.

import { setFlagsFromString } from 'node:v8'
import { beforeAll, expect, test, vi } from 'vitest'
import { runWorld, type Scale } from '../random-worlds.ts'

beforeAll(() => {
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  // Functions are traced again and again here.
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})

// Among the medium and large ones are some that claim memory of one another where an arena lets them.
test.each<[count: number, scale: Scale, first: number]>([
  [4, 'small', 1],
  [10, 'medium', 42],
  [3, 'large', 113],
])(
  '%i %s worlds: the same results, state, gradients and random numbers after every event',
  async (count, scale, first) => {
    let replays = 0
    for (let seed = first; seed < first + count; seed++) {
      const report = await runWorld(seed, scale)
      expect(report.difference).toBe(null)
      replays += report.replays
    }
    expect(replays).toBeGreaterThan(5 * count)
  },
)
