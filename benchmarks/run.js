// Times matgrad beside its peers in one run and writes the table to RESULTS.md. Run it with `pnpm run bench`.

import { writeFile } from 'node:fs/promises'
import { arch, cpus, platform } from 'node:os'
import { sparseTable } from './sparse.js'
import { trainingTable } from './training.js'

const machine = `${cpus().length} x ${cpus()[0].model}, ${platform()} ${arch()}, Node ${process.version}`
const report = `# Benchmarks

Written by \`pnpm run bench\` on ${machine}.

What is compared runs in turns, in slices, on one thread; figures are medians and ratios are of medians. Each side's result
is checked against the other's before it is timed.

${await trainingTable()}

${sparseTable()}
`
await writeFile(new URL('RESULTS.md', import.meta.url), report)
console.log(report)
