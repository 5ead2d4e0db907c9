// Prints every bit of the seeded results, those of training compiled or, with `eager`, not: safetensors in base64.

import { io } from '@matgrad/core'
import { seeded } from '../seeded.ts'

process.stdout.write(
  Buffer.from(io.encodeSafetensors(await seeded({ compile: process.argv[2] !== 'eager' }))).toString('base64'),
)
