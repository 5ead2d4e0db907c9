// Broken files of every format, as many as wanted: [count] [seed], 10⁶ from seed 1 on. No part of `test`.

import { readFileSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { largeTargets, survive, targets } from '../packages/nn/test/mutants.ts'
import { noise } from '../packages/nn/test/support.ts'

const [count = 1e6, seed = 1] = process.argv.slice(2).map(Number)
/** The most milliseconds that one may take. */
const MOST = 1000
/** The most memory that one may take at any moment: for a byte of the file, and beside, where code and garbage are as well. */
const GROWTH = 4
const BESIDE = 128 * 2 ** 20
/** So many are read before memory is looked at: the system knows the most in between. */
const BATCH = 200

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** The most memory that the process had since it was asked to begin again, on Linux; elsewhere nobody says. */
const canReset = process.platform === 'linux'
function mostSince(): number {
  const kibibytes = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
  return Number(kibibytes?.[1]) * 1024
}

const lists = [
  [await targets(), BATCH],
  [await largeTargets(), 1],
] as const
collect()
// What is free is not given back: what one takes is counted from the beginning.
const before = process.memoryUsage.rss()
for (const [list, batch] of lists)
  for (const target of list) {
    const random = noise(seed)
    const total = { read: 0, refused: 0, slowest: 0, memory: 0 }
    const share = Math.ceil((count * target.share) / 10_000)
    for (let begin = 0; begin < share; begin += batch) {
      collect()
      if (canReset) writeFileSync('/proc/self/clear_refs', '5')
      const { read, refused, slowest, largest } = await survive(target, Math.min(batch, share - begin), random)
      const memory = canReset ? mostSince() - before : 0
      total.read += read
      total.refused += refused
      total.slowest = Math.max(total.slowest, slowest)
      total.memory = Math.max(total.memory, memory)
      if (slowest > MOST || memory > GROWTH * largest + BESIDE) process.exitCode = 1
    }
    const { read, refused, slowest, memory } = total
    const mebibytes = Math.round(memory / 2 ** 20)
    console.log(
      `${target.name}: ${read} read, ${refused} refused, ${slowest.toFixed(0)} ms and ${mebibytes} MiB more at most`,
    )
  }
