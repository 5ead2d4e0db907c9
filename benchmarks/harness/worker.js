// The process of a JavaScript library: `worker.js ADAPTER SETTINGS` speaks as sides.js says.
//
// An adapter exports `start(settings)`, which answers with
//   about                    what the library is, with its version
//   input(data, rows, cols)  an operand
//   ops                      by name: binds operands and options, and gives the call that is timed, or its promise, or
//                            nothing where the library lacks something; its property `many`, if there is one, makes so many
//                            calls at once
//   output(part)             the elements of a result, or of each part of one that is an array
//   release(part)            where results must be freed by hand

import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [adapter, settings] = process.argv.slice(2)
// Answers alone go to the standard output; libraries greet on the console.
console.log = console.info = console.warn = () => {}
const { about, input, ops, output, release } = await import(`../peers/${adapter}`)
  .then(({ start }) => start(JSON.parse(settings)))
  .catch((error) => {
    console.error(error.message)
    process.exit(1)
  })

const arrays = { float32: Float32Array, float64: Float64Array }
const read = (file, dtype) => new arrays[dtype](new Uint8Array(readFileSync(file)).buffer)

const partsOf = (result) => (Array.isArray(result) ? result : [result])

function releaseAll(result) {
  if (release) for (const part of partsOf(result)) release(part)
}

let call

async function prepare({ op, dtype, inputs, options, calls, out }) {
  if (!ops[op]) return 'missing'
  const operands = inputs.map(({ file, rows, cols }) => input(read(file, dtype), rows, cols))
  call = await ops[op](...operands, options)
  if (!call) return 'missing'
  const results = []
  for (let i = 0; i < calls; i++) {
    const result = await call()
    results.push(...partsOf(result).map((part) => Buffer.from(arrays[dtype].from(output(part)).buffer)))
    releaseAll(result)
  }
  writeFileSync(out, Buffer.concat(results))
  return 'ready'
}

async function run(calls) {
  const began = performance.now()
  if (call.many) await call.many(calls)
  else
    for (let i = 0; i < calls; i++) {
      let result = call()
      if (result instanceof Promise) result = await result
      releaseAll(result)
    }
  return (performance.now() - began) / 1000
}

const reply = (line) => process.stdout.write(`${line}\n`)
reply(about)
for await (const line of createInterface({ input: process.stdin })) {
  const at = line.indexOf(' ')
  const argument = line.slice(at + 1)
  try {
    reply(line.slice(0, at) === 'prepare' ? await prepare(JSON.parse(argument)) : await run(Number(argument)))
  } catch (error) {
    reply(`${error.name}: ${error.message}`.replaceAll('\n', ' '))
  }
}
