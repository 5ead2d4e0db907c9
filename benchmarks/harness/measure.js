// Runs works on all sides of a suite. A work is a description that every side understands:
//   name, op, dtype, options   what to compute; `op` is the name in the adapters' tables
//   inputs()                   the operands: { data, rows, cols }
//   calls                      how many results to check: that of the first call, unless given
//   check(inputs)              gives a function that throws when results, their parts one after the other, are wrong; it
//                              is told the name of the side, too
//   slice                      the seconds of a slice, if not the usual ones
//   sides                      the names in sides.js of those that take part, matgrad first

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duration } from './report.js'
import { startSide } from './sides.js'
import { race } from './timing.js'

/**
 * Checks and times works, each on its sides in turns.
 * @returns the abouts of the sides, and for each work its times and the verdict, "fails" or "wrong", on who has none
 */
export async function measure(works) {
  const folder = mkdtempSync(join(tmpdir(), 'matgrad-bench-'))
  const started = new Map()
  const abouts = new Set()
  const sideOf = async (name) => {
    if (!started.has(name)) started.set(name, await startSide(name, folder))
    const side = started.get(name)
    if (side) abouts.add(side.about)
    return side
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
      calls: work.calls ?? 1,
      out: 'output',
    }
    const contenders = []
    const verdicts = {}
    for (const name of work.sides) {
      const side = await sideOf(name)
      let verdict = 'fails'
      try {
        const result = await side?.prepare(request)
        if (!result) continue
        verdict = 'wrong'
        check(result, name)
        contenders.push(side)
      } catch (error) {
        console.error(`${name} ${verdict}, ${work.op} ${work.dtype} ${work.name}: ${error.message}`)
        verdicts[name] = verdict
        if (verdict === 'wrong') continue
        // It may be computing still.
        side.end()
        started.delete(name)
      }
    }
    if (contenders[0]?.name !== work.sides[0]) throw new Error(`${work.sides[0]} cannot do ${work.op} ${work.name}`)
    const times = await race(contenders, work.slice)
    results.push({ work, times: Object.fromEntries(contenders.map(({ name }, i) => [name, times[i]])), verdicts })
    const shown = contenders.map(
      ({ name }, i) => `${name} ${duration(times[i].median)} (best ${duration(times[i].best)})`,
    )
    console.log(`${work.op} ${work.dtype} ${work.name}: ${shown.join(', ')}`)
  }
  for (const side of started.values()) side?.end()
  rmSync(folder, { recursive: true })
  return { results, abouts: [...abouts] }
}
