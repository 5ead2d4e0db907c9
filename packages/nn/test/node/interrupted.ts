// Trains with a progress bar on what says that it is a terminal, and is interrupted as its arguments say: by a signal, which comes
// twice or to a listener of its own, too, or by the end of the process; in a batch of the first epoch, which waits, or without
// waiting in the last batch of an epoch or at the end of the last epoch.

import { type Callback, fit, Linear, mseLoss, predict, SGD } from '@matgrad/nn'
import { progress } from '@matgrad/nn/node'
import { noise, sample } from '../support.ts'

const [how, when = 'batch', besides] = process.argv.slice(2)
Object.assign(process.stdout, { isTTY: true, columns: 100 })
const model = new Linear(1, 1)
const data = { x: sample(300, 1, noise(1)), y: sample(300, 1, noise(2)) }
const controller = new AbortController()
if (besides === 'listens') process.on(how, () => controller.abort())
const listeners = (): number => process.listenerCount('SIGINT') + process.listenerCount('exit')
const before = listeners()
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
let batches = 0
const interrupt: Callback = {
  async onBatchEnd(batch) {
    batches++
    if (when === 'end of a batch' && batch === 299) process.kill(process.pid, how)
    if (when !== 'batch' || batch !== 1) return
    if (how === 'exit') process.exit(7)
    if (how === 'throw')
      setTimeout(() => {
        throw new Error('thrown apart')
      }, 0)
    else process.kill(process.pid, how)
    await wait(500)
    if (besides === 'twice') process.kill(process.pid, how)
    await wait(500)
  },
  onEpochEnd(epoch, _logs, { epochs }) {
    if (when === 'last' && epoch === epochs - 1) process.kill(process.pid, how)
  },
}
const optimizer = new SGD(model.parameters(), { lr: 0.1 })
const callbacks = [progress(), interrupt]
const history = await fit(model, data, {
  loss: mseLoss,
  optimizer,
  epochs: when === 'batch' ? 2 : 6,
  batchSize: 1,
  callbacks,
  signal: controller.signal,
}).catch(() => console.log('aborted'))
if (history) {
  const isUsable = Number.isFinite(predict(model, data.x).sum().item())
  console.log(`${history.loss.length} epochs, ${batches} batches, ${isUsable ? 'usable' : 'unusable'}`)
}
console.log(`went on, ${listeners() - before} listeners more`)
