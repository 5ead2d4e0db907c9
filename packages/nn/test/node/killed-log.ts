// Logs a training and is killed in its fourth epoch: the path is its argument.

import { fit, Linear, mseLoss, SGD } from '@matgrad/nn'
import { csvLogger } from '@matgrad/nn/node'
import { xor } from '../support.ts'

const model = new Linear(2, 1)
const optimizer = new SGD(model.parameters(), { lr: 0.1 })
const kill = {
  onBatchEnd: (_batch: number, _logs: object, { history }: { history: { loss: number[] } }) => {
    if (history.loss.length === 3) process.kill(process.pid, 'SIGKILL')
  },
}
await fit(model, xor(), { loss: mseLoss, optimizer, epochs: 5, callbacks: [csvLogger(process.argv[2]), kill] })
