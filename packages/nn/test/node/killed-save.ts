// Saves a model and is killed when half of it is written: the path is its argument.

import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { Linear } from '@matgrad/nn'
import { saveModel } from '@matgrad/nn/node'

const { open } = promises
promises.open = async (...args) => {
  const file = await open(...args)
  const { writeFile } = file
  file.writeFile = async (data) => {
    const bytes = data as Uint8Array
    await writeFile.call(file, bytes.subarray(0, bytes.length / 2))
    process.kill(process.pid, 'SIGKILL')
  }
  return file
}
syncBuiltinESMExports()
await saveModel(process.argv[2], new Linear(20, 20))
