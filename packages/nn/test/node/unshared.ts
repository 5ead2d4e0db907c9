// Trains where there are no shared buffers, as on a page that is not isolated.

Reflect.deleteProperty(globalThis, 'SharedArrayBuffer')
const { manualSeed } = await import('@matgrad/core')
const { fit, Linear, mseLoss, Sequential, SGD, Tanh } = await import('@matgrad/nn')
const { xor } = await import('../support.ts')

manualSeed(1)
const model = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1))
const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
const { loss } = await fit(model, xor(), { loss: mseLoss, optimizer, epochs: 500, batchSize: 4 })
console.log(JSON.stringify({ loss: loss.at(-1) }))
