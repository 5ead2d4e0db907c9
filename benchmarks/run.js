// Times matgrad beside its peers and writes the tables to RESULTS.md: all suites, or those named on the command line,
// whose sections alone are written anew. Run it with `pnpm run bench [SUITE…]`.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'
import { derivatives } from './derivatives.js'
import { elementwise } from './elementwise.js'
import { fitting } from './fit.js'
import { linearAlgebra } from './linalg.js'
import { products } from './products.js'
import { sparse } from './sparse.js'
import { steps } from './steps.js'

/** Each runs its works and gives the text of its section and what took part. */
const suites = [
  { name: 'products', title: 'Matrix products', run: products },
  { name: 'elementwise', title: 'Element-wise functions', run: elementwise },
  { name: 'linalg', title: 'Linear algebra, float64', run: linearAlgebra },
  { name: 'derivatives', title: 'Derivatives, float64', run: derivatives },
  { name: 'sparse', title: 'Sparse times dense', run: sparse },
  { name: 'steps', title: 'Training steps, float32', run: steps },
  { name: 'fit', title: 'Training and predicting, float32', run: fitting },
]

const HEAD = `# Benchmarks

Written by \`pnpm run bench\`. What is compared runs in turns, in slices of a few milliseconds, on one thread unless the
table says otherwise. Times are medians of the slices, for one call whose result is new. A number with an x is how many
times as fast matgrad is: the peer's time over matgrad's in the same round of turns, the median of all rounds, which holds
where the machine changes its speed meanwhile. Each result is checked before it is timed: one that is
not what it should be is "wrong", and a peer "fails" that throws or takes more than 20 seconds. A dash stands for what a
peer lacks, or what is not installed.`

const file = new URL('RESULTS.md', import.meta.url)
const machine = `${cpus().length} x ${cpus()[0].model}, ${platform()} ${arch()}, Node ${process.version}`
const chosen = process.argv.slice(2)
const unknown = chosen.find((name) => !suites.some((suite) => suite.name === name))
if (unknown) throw new Error(`no suite ${unknown}: there are ${suites.map(({ name }) => name).join(', ')}`)

/** The sections of the file by their titles, from the last time. */
const sections = new Map(
  (existsSync(file) ? readFileSync(file, 'utf8') : '')
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), `## ${section.trimEnd()}`]),
)

for (const { name, title, run } of suites) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const { text, abouts } = await run()
  sections.set(title, `## ${title}\n\nOn ${machine}: ${abouts.join(', ')}.\n\n${text}`)
  const all = suites.map((suite) => sections.get(suite.title)).filter(Boolean)
  writeFileSync(file, `${[HEAD, ...all].join('\n\n')}\n`)
}
