// 3,000 files that are broken where their structure is; `scripts/soak-files.ts` tries as many as one likes.

import { getDefaultGenerator } from '@matgrad/core'
import { expect, test } from 'vitest'
import { survive, targets } from './mutants.ts'
import { noise } from './support.ts'

test.each((await targets()).map((each) => [Math.ceil(each.share * 0.3), each.name, each] as const))(
  '%d of %s: read, or a named error and nothing has changed',
  async (count, _, target) => {
    const generator = getDefaultGenerator()
    const { state } = generator
    const { read, refused } = await survive(target, count, noise(18))
    generator.state = state
    expect(read).toBeGreaterThan(count / 100)
    expect(refused).toBeGreaterThan(count / 4)
  },
)
