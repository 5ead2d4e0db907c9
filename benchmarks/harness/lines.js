// Processes that answer each line with one.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** The environment of a peer that computes on so many threads, with these kernels of OpenBLAS, or those it finds best. */
export function withThreads(count, kernels) {
  const { OPENBLAS_CORETYPE: _, ...env } = process.env
  if (kernels) env.OPENBLAS_CORETYPE = kernels
  return { ...env, OPENBLAS_NUM_THREADS: String(count), OMP_NUM_THREADS: String(count) }
}

/** Starts one. `answer` is its next line, `ask` writes a line first; both fail when it has ended. */
export function lineProcess(command, args, { env = process.env, cwd } = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env, cwd })
  // A process that could not start or has ended shows when its answer is missing.
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} has ended`)
    return value
  }
  return {
    answer,
    ask(line) {
      child.stdin.write(`${line}\n`)
      return answer()
    },
    // It may be busy, and deaf to the end of its input.
    end: () => child.kill(),
  }
}
