// Broken files of every format, as many as wanted: [count] [seed], 10⁶ from seed 1 on. No part of `test`.

import { survive, targets } from '../packages/nn/test/mutants.ts'
import { noise } from '../packages/nn/test/support.ts'

const [count = 1e6, seed = 1] = process.argv.slice(2).map(Number)
/** The most milliseconds that one may take. */
const MOST = 1000
for (const target of await targets()) {
  const share = Math.ceil((count * target.share) / 10_000)
  const { read, refused, slowest } = await survive(target, share, noise(seed))
  if (slowest > MOST) process.exitCode = 1
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(`${target.name}: ${read} read, ${refused} refused, ${slowest.toFixed(0)} ms at most, ${memory} MiB`)
}
