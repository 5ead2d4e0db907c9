// Runs works on all sides of a suite. A work is a description that every side understands:
//   name, op, dtype, options   what to compute; `op` is the name in the adapters' tables
//   inputs()                   the operands: { data, rows, cols }
//   check(inputs)              gives a function that throws when a result is wrong
//   sides                      the names in sides.js of those that take part, matgrad first

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duration } from './report.js'
import { startSide } from './sides.js'
import { race } from './timing.js'

/** Checks and times works, each on its sides in turns. */
export async function measure(works) {
  const folder = mkdtempSync(join(tmpdir(), 'matgrad-bench-'))
  const started = new Map()
  const sideOf = async (name) => {
    if (!started.has(name)) started.set(name, await startSide(name, folder))
    return started.get(name)
  }
  const results = []
  for (const work of works) {
    const inputs = work.inputs()
    inputs.forEach(({ data }, i) => {
      writeFileSync(join(folder, `input${i}`), data)
    })
    const check = work.check(inputs)
    const request = {
      op: work.op,
      dtype: work.dtype,
      inputs: inputs.map(({ rows, cols }, i) => ({ file: `input${i}`, rows, cols })),
      options: work.options ?? {},
      out: 'output',
    }
    const contenders = []
    for (const name of work.sides) {
      const side = await sideOf(name)
      const result = await side?.prepare(request).catch((error) => {
        console.error(`${name}, ${work.op} ${work.dtype} ${work.name}: ${error.message}`)
      })
      if (!result) continue
      try {
        check(result)
      } catch (error) {
        throw new Error(`${name}, ${work.op} ${work.dtype} ${work.name}: ${error.message}`)
      }
      contenders.push(side)
    }
    if (contenders[0]?.name !== work.sides[0]) throw new Error(`${work.sides[0]} cannot do ${work.op} ${work.name}`)
    const times = await race(contenders)
    results.push({ work, times: Object.fromEntries(contenders.map(({ name }, i) => [name, times[i]])) })
    const shown = contenders.map(
      ({ name }, i) => `${name} ${duration(times[i].median)} (best ${duration(times[i].best)})`,
    )
    console.log(`${work.op} ${work.dtype} ${work.name}: ${shown.join(', ')}`)
  }
  const abouts = [...started.values()].filter(Boolean).map(({ about }) => about)
  for (const side of started.values()) side?.end()
  rmSync(folder, { recursive: true })
  return { results, abouts: [...new Set(abouts)] }
}
