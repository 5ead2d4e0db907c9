// How long a process takes that imports the packages as they are published.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digits, duration, table } from './report.js'
import { median } from './timing.js'

const TURNS = 21

const programs = {
  'node alone': '',
  '@matgrad/core': "import '@matgrad/core'",
  '@matgrad/nn': "import '@matgrad/nn'",
  'a training of XOR': `import { matrix } from '@matgrad/core'
import { fit, Linear, mseLoss, Sequential, SGD, Tanh } from '@matgrad/nn'
const x = matrix([[0, 0], [0, 1], [1, 0], [1, 1]])
const y = matrix([[0], [1], [1], [0]])
const model = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1))
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
await fit(model, { x, y }, { loss: mseLoss, optimizer, epochs: 300 })`,
}

/** A folder with the packages as npm would install them. */
function install() {
  const folder = mkdtempSync(join(tmpdir(), 'matgrad-start-'))
  for (const name of ['core', 'autograd', 'nn']) {
    const from = fileURLToPath(new URL(`../../packages/${name}/`, import.meta.url))
    const to = join(folder, 'node_modules/@matgrad', name)
    mkdirSync(to, { recursive: true })
    cpSync(`${from}dist`, join(to, 'dist'), { recursive: true })
    const { publishConfig, ...manifest } = JSON.parse(readFileSync(`${from}package.json`, 'utf8'))
    writeFileSync(join(to, 'package.json'), JSON.stringify({ ...manifest, ...publishConfig }))
  }
  return folder
}

/** A table of the times of processes, which start in turns. */
export async function startUps() {
  const folder = install()
  const names = Object.keys(programs)
  const times = new Map(names.map((name) => [name, []]))
  for (const [i, name] of names.entries()) writeFileSync(join(folder, `${i}.mjs`), programs[name])
  for (let turn = 0; turn < TURNS; turn++)
    for (const [i, name] of names.entries()) {
      const began = performance.now()
      execFileSync(process.execPath, [join(folder, `${i}.mjs`)])
      times.get(name).push((performance.now() - began) / 1000)
    }
  rmSync(folder, { recursive: true })
  const [bare] = times.values()
  return table(
    ['program', 'time', 'best', "above node alone, of node's time", 'of the best'],
    names.map((name) => {
      const own = times.get(name)
      const above = own.map((time, turn) => (time - bare[turn]) / bare[turn])
      const best = Math.min(...own)
      const least = Math.min(...bare)
      return [
        name,
        duration(median(own)),
        duration(best),
        name === names[0] ? '' : `${digits(median(above), 2)}x${name === names.at(-1) ? ', wanted 0.7x' : ''}`,
        name === names[0] ? '' : `${digits((best - least) / least, 2)}x`,
      ]
    }),
  )
}
