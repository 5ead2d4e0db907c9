// Fails a file of tests that replays no compiled function, whether it compiles itself or `fit` does.

import { afterAll, expect, type RunnerTask, vi } from 'vitest'

const count = vi.hoisted(() => ({ replays: 0 }))

vi.mock('@matgrad/autograd', async (original) => {
  const autograd = await original<typeof import('@matgrad/autograd')>()
  const compile: typeof autograd.compile = (fn) => {
    let traces = false
    const compiled = autograd.compile<Parameters<typeof fn>, ReturnType<typeof fn>>((...args) => {
      traces = true
      return fn(...args)
    })
    const counted = (...args: Parameters<typeof fn>): ReturnType<typeof fn> => {
      traces = false
      const result = compiled(...args)
      if (!traces) count.replays++
      return result
    }
    return Object.assign(counted, { program: compiled.program })
  }
  return { ...autograd, compile }
})

/** Whether no test of a file was left out by name. */
const isWhole = (task: Readonly<RunnerTask>): boolean =>
  'tasks' in task ? task.tasks.every(isWhole) : task.mode === 'run'

// biome-ignore lint/correctness/noEmptyPattern: vitest reads in it which fixtures are wanted
afterAll(({}, file) => {
  if (isWhole(file)) expect(count.replays, 'replays of compiled functions').toBeGreaterThan(0)
})
