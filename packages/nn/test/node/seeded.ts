// Prints every bit of the seeded results: safetensors in base64.

import { io } from '@matgrad/core'
import { seeded } from '../seeded.ts'

process.stdout.write(Buffer.from(io.encodeSafetensors(await seeded())).toString('base64'))
