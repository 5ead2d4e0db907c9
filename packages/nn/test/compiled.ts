// Fails a file of tests that replays no compiled function, whether it compiles itself or `fit` does.

import { replays } from '@matgrad/autograd/internal'
import * as fc from 'fast-check'
import { afterAll, expect, type RunnerTask } from 'vitest'

// Each run compiles anew. All hundred are drawn where the same tests compute directly.
fc.configureGlobal({ numRuns: 10 })

// Read anew for each file, as this is: a worker takes several.
const before = replays()

/** Whether no test of a file was left out by name. */
const isWhole = (task: Readonly<RunnerTask>): boolean =>
  'tasks' in task ? task.tasks.every(isWhole) : task.mode === 'run'

// biome-ignore lint/correctness/noEmptyPattern: vitest reads in it which fixtures are wanted
afterAll(({}, file) => {
  if (isWhole(file)) expect(replays() - before, 'replays of compiled functions').toBeGreaterThan(0)
})
