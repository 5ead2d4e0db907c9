// Random worlds of all sizes, as many as wanted: [count] [firstSeed], 1000 from seed 1 on. No part of `test`.

import { setFlagsFromString } from 'node:v8'
import { runWorld, type Scale } from '../packages/autograd/test/random-worlds.ts'

setFlagsFromString('--experimental-wasm-relaxed-simd')
// Functions are traced again and again here.
console.warn = () => {}

const [count = 1000, first = 1] = process.argv.slice(2).map(Number)
const scales: readonly Scale[] = ['small', 'medium', 'medium', 'large']
const PROGRESS = 100
const start = performance.now()
let [events, traces, replays, differences] = [0, 0, 0, 0]
for (let i = 0; i < count; i++) {
  const report = await runWorld(first + i, scales[(first + i) % scales.length])
  events += report.events
  traces += report.traces
  replays += report.replays
  if (report.difference !== null) {
    differences++
    console.log(report.difference)
  }
  if ((i + 1) % PROGRESS === 0 || i + 1 === count) {
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    const what = `${events} events, ${traces} programs, ${replays} replays, ${differences} differences`
    console.log(`worlds ${first} to ${first + i}: ${what}, ${seconds} s`)
  }
}
process.exitCode = Number(differences > 0)
