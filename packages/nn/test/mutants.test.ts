// 10,000 files that are broken where their structure is; `scripts/soak-files.ts` tries as many as one likes.

import { getDefaultGenerator } from '@matgrad/core'
import { expect, test } from 'vitest'
import { survive, targets } from './mutants.ts'
import { noise } from './support.ts'

test.each((await targets()).map((each) => [each.share, each.name, each] as const))(
  '%d of %s: read, or a named error and nothing has changed',
  async (share, _, target) => {
    const generator = getDefaultGenerator()
    const { state } = generator
    const { read, refused } = await survive(target, share, noise(18))
    generator.state = state
    expect(read).toBeGreaterThan(share / 100)
    expect(refused).toBeGreaterThan(share / 4)
  },
)
