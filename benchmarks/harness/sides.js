// Who takes part: matgrad, its peers and the limit, each in a process of its own that answers lines:
//   (at the start)   what it is, with its version
//   prepare WORK     reads the operands, writes the results of so many calls into the file `out`, answers "ready", or
//                    "missing" if it cannot
//   run CALLS        answers with the seconds that so many calls took
// In WORK a matrix is the name of a file of raw elements, by rows, in the folder where the processes run.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lineProcess, withThreads } from './lines.js'

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))

/** A JavaScript library through its adapter in peers/. */
const javascript = (file, settings = {}) => ({
  command: () => [process.execPath, [path('harness/worker.js'), file, JSON.stringify(settings)]],
})

const python = (find, file, threads, kernels, ...words) => ({
  command: () => [find(), [path(file), ...words]],
  env: withThreads(threads, kernels),
})

const numpy = (threads) => python(() => process.env.PYTHON ?? 'python3', 'peers/numpy-peer.py', threads)

/** The first Python that has PyTorch, or the usual one, which will say what it lacks. */
function findPyTorch() {
  const candidates = [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter(Boolean)
  const hasTorch = (command) => spawnSync(command, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0
  return candidates.find(hasTorch) ?? 'python3'
}
/** Its products use vectors of 256 bits (AVX2), unless other kernels are named. */
const pytorch = (threads, kernels = 'Haswell', ...words) =>
  python(findPyTorch, 'peers/pytorch.py', threads, kernels, ...words)

/** A program in C of the folder limit/, which takes a work as words. */
const limit = (name, describe) => ({
  command(folder) {
    const flags = ['-O3', '-mavx2', '-mno-fma', '-ffp-contract=off', '-fno-math-errno']
    execFileSync('gcc', [...flags, path(`limit/${name}.c`), '-o', join(folder, name), '-lm'])
    return [join(folder, name), []]
  },
  describe: (work) => describe(work).join(' '),
})

/** It knows square and transposed products of sizes that fit its tiles. */
const limitOfProducts = limit('gemm', ({ dtype, inputs: [a, b], options: { transposeA, transposeB }, out }) => {
  const [m, k] = transposeA ? [a.cols, a.rows] : [a.rows, a.cols]
  const n = transposeB ? b.rows : b.cols
  return [dtype, m, n, k, Number(transposeA ?? false), Number(transposeB ?? false), a.file, b.file, out]
})

/** It knows the networks of steps.js. */
const limitOfSteps = limit('steps', ({ inputs, calls, options: { network, optimizer, lr, batches }, out }) => {
  return [network, optimizer, lr, calls, batches, ...inputs.map(({ file }) => file), out]
})

const known = {
  matgrad: javascript('matgrad.js'),
  'matgrad, two threads': javascript('matgrad.js', { threads: 2 }),
  'matgrad, Strassen': javascript('matgrad.js', { algorithm: 'strassen' }),
  'matgrad, compiled': javascript('matgrad.js', { compiled: true }),
  'matgrad, compiled, two threads': javascript('matgrad.js', { compiled: true, threads: 2 }),
  'matgrad, forward': javascript('matgrad.js', { forward: true }),
  'matgrad, compiled, forward': javascript('matgrad.js', { compiled: true, forward: true }),
  limit: limitOfProducts,
  'limit of steps': limitOfSteps,
  NumPy: numpy(1),
  'NumPy, two threads': numpy(2),
  PyTorch: pytorch(1),
  'PyTorch, AVX-512': pytorch(1, 'SkylakeX'),
  'PyTorch, two threads': pytorch(2),
  'PyTorch, forward': pytorch(1, 'Haswell', 'forward'),
  'tfjs-wasm': javascript('tfjs.js'),
  'jax-js': javascript('jax.js'),
  'numpy-ts': javascript('numpy-ts.js'),
  'ml-matrix': javascript('ml-matrix.js'),
  'ONNX Runtime': javascript('onnxruntime.js'),
  'brain.js': javascript('brain.js'),
}

/** Seconds in which a call gives its result, or the work fails. */
const PATIENCE = 20

/** What is promised, or an error after so many seconds. */
function inTime(promise, seconds) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, 1000 * seconds, new Error(`no answer in ${seconds} seconds`))
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Starts the side of that name in a folder; nothing where what it needs is not installed. */
export async function startSide(name, folder) {
  const { command, describe = JSON.stringify, env } = known[name]
  try {
    const { answer, ask, end } = lineProcess(...command(folder), { env, cwd: folder })
    const about = await answer()
    return {
      name,
      about,
      /** Computes the results to check. @returns their elements, or nothing where the side has no such operation */
      async prepare(work) {
        const reply = await inTime(ask(`prepare ${describe(work)}`), PATIENCE * work.calls)
        if (reply === 'missing') return undefined
        if (reply !== 'ready') throw new Error(reply)
        const { buffer } = new Uint8Array(readFileSync(join(folder, work.out)))
        return work.dtype === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer)
      },
      async run(calls) {
        const reply = await ask(`run ${calls}`)
        if (!(Number(reply) > 0)) throw new Error(reply)
        return Number(reply)
      },
      end,
    }
  } catch (error) {
    console.error(`${name} takes no part: ${error.message}`)
  }
}
