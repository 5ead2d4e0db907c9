// Prints by how many bytes the heap grew in 50,000 replays of a training step, and memory by many compiled functions, over
// one model and over as many, that were dropped. Its own process, because a collection has to be forced
// (--expose-gc) and nothing else may live on the heap.

import { setImmediate, setTimeout } from 'node:timers/promises'
import { compile } from '@matgrad/autograd'
import { Generator, matrix } from '@matgrad/core'
import { Linear, type Module, mseLoss, Sequential, SGD, Tanh } from '@matgrad/nn'

const [WARM_UP, STEPS] = [50_000, 50_000]
/** How many functions are made before memory is measured, and after. */
const [FIRST, MORE] = [50, Number(process.argv[2] ?? 150)]
/** For how many tenths of a second memory may take to be collected. */
const PATIENCE = 100
const generator = new Generator('memory')
const x = matrix([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])
const y = matrix([[0], [1], [1], [0]])

const newModel = (): Module =>
  new Sequential(new Linear(2, 8, { generator }), new Tanh(), new Linear(8, 1, { generator }))

function stepOf(model: Module) {
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
  return compile((inputs: typeof x, targets: typeof y) => {
    optimizer.zeroGrad()
    const loss = mseLoss(model.forward(inputs), targets)
    loss.backward()
    optimizer.step()
    return loss
  })
}

function collect(): void {
  if (!globalThis.gc) throw new Error('run with --expose-gc')
  globalThis.gc()
}

/**
 * How much the heap grows without a collection: the least of several times, up to 24 until it is a byte a step, because the
 * engine has work of its own.
 */
function replays(): number {
  const step = stepOf(newModel())
  for (let i = 0; i < WARM_UP; i++) step(x, y)
  let least = Number.POSITIVE_INFINITY
  for (let n = 0; n < 24 && least > STEPS; n++) {
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < STEPS; i++) step(x, y)
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return least
}

type Memory = Record<'rss' | 'external' | 'heap', number>

/** Memory of all kinds once what can be collected is. */
async function settled(): Promise<Memory> {
  for (let i = 0; i < 5; i++) {
    collect()
    await setImmediate()
  }
  const { rss, external, heapUsed } = process.memoryUsage()
  return { rss, external, heap: heapUsed }
}

/**
 * How much memory grows by compiled functions, after some. It is given time to fall back to where it was: on a busy
 * machine some memories outlive five collections, but what is held by a leak stays for good.
 */
async function dropped(model: () => Module): Promise<Memory> {
  const make = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      stepOf(model())(x, y)
      if (i % 20 === 19) await setImmediate()
    }
  }
  await make(FIRST)
  const before = await settled()
  await make(MORE)
  let after = await settled()
  for (let i = 0; after.external > before.external && i < PATIENCE; i++) {
    await setTimeout(100)
    after = await settled()
  }
  return { rss: after.rss - before.rss, external: after.external - before.external, heap: after.heap - before.heap }
}

const model = newModel()
const grown = { replays: replays(), one: await dropped(() => model), many: await dropped(newModel) }
console.log(JSON.stringify(grown))
