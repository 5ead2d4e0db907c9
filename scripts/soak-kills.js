// Kills a process that saves a model again and again, at a random moment of each: whatever the moment, the file is one save,
// the last that was over or the one after it, and at most one more is beside it. `node scripts/soak-kills.js [kills]`, after a
// build.

import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Linear } from '../packages/nn/dist/index.js'
import { loadModel, saveModel } from '../packages/nn/dist/node/index.js'

const [argument = '200', path] = process.argv.slice(2)
/** Some megabytes, so that most of the time passes while the file is written. */
const make = () => new Linear(1000, 800)

if (argument === 'save') await saveForever()
else await soak(Number(argument))

/** Saves models that are filled with 1, 2, … after what is there, and says the number of each when it is over. */
async function saveForever() {
  const model = make()
  let number = 0
  await loadModel(path, model).then(() => {
    number = model.weight.value.get(0, 0)
  })
  for (;;) {
    number++
    for (const parameter of model.parameters()) parameter.value.data.fill(number)
    await saveModel(path, model)
    process.stdout.write(`${number}\n`)
  }
}

async function soak(kills) {
  const folder = await mkdtemp(join(tmpdir(), 'matgrad-kills-'))
  const file = join(folder, 'model.safetensors')
  const model = make()
  for (const parameter of model.parameters()) parameter.value.data.fill(0)
  await saveModel(file, model)
  const [counts, beside] = [
    { last: 0, next: 0 },
    { none: 0, one: 0 },
  ]
  try {
    for (let kill = 0; kill < kills; kill++) {
      const before = model.weight.value.get(0, 0)
      const last = Math.max(before, await numberWhenKilled(file, 300 * Math.random()))
      await loadModel(file, model)
      const number = model.weight.value.get(0, 0)
      if (!model.parameters().every(({ value }) => value.data.every((each) => each === number)))
        throw new Error(`kill ${kill}: the file is of two saves`)
      if (number !== last && number !== last + 1)
        throw new Error(`kill ${kill}: the file is save ${number}, not ${last} or the next`)
      counts[number === last ? 'last' : 'next']++
      const names = await readdir(folder)
      if (names.length > 2) throw new Error(`kill ${kill}: there are ${names.join(', ')}`)
      beside[names.length === 1 ? 'none' : 'one']++
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  console.log(`${kills} kills: the file was the last save ${counts.last} times, the next ${counts.next} times;`)
  console.log(`there was no file beside it ${beside.none} times, one ${beside.one} times.`)
}

/** The last number that a process said which was killed so many milliseconds after its first save. */
function numberWhenKilled(file, milliseconds) {
  return new Promise((resolve, reject) => {
    const args = [fileURLToPath(import.meta.url), 'save', file]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let [text, waits] = ['', false]
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (waits) return
      waits = true
      setTimeout(() => child.kill('SIGKILL'), milliseconds)
    })
    child.on('error', reject)
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the process ended by ${signal}`))
      else resolve(Number(text.trim().split('\n').at(-1)))
    })
  })
}
