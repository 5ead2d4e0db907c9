// Saves a model of 1 MB: the path is its argument.

import { Linear } from '@matgrad/nn'
import { saveModel } from '@matgrad/nn/node'

await saveModel(process.argv[2], new Linear(500, 500))
