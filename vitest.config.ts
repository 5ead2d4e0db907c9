import { availableParallelism } from 'node:os'
import { defaultServerConditions } from 'vite'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

// Tests run against the sources, without a build.
const conditions = ['@matgrad/source', ...defaultServerConditions]

/** What sets up all projects: a debug build proves at every run of a program what it writes. */
const setupFiles = process.env.MATGRAD_DEBUG ? ['packages/core/test/debug.ts'] : []

/** What depends on what an engine did before, and has workers of its own for that. */
const ofEngine = ['threads', 'node/engine'].map((name) => `packages/core/test/${name}.test.ts`)

const project = (name: string, test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, setupFiles, ...test },
})

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    exclude: ['**/node_modules/**', 'packages/*/test/browser/**'],
    testTimeout: 60_000,
    provide: { compiles: false },
    // More than there are cores, as some tests wait: for a process, or a clock.
    maxWorkers: availableParallelism() + 1,
    projects: [
      ...['core', 'autograd', 'nn'].map((name) =>
        project(name, { include: [`packages/${name}/test/**/*.test.ts`], exclude: ofEngine, isolate: false }),
      ),
      project('core engine', { include: ofEngine }),
      project('nn compiled', {
        include: ['packages/nn/test/**/*.test.ts'],
        isolate: false,
        // These compute nothing, or both ways, or the same here.
        exclude: [
          'checkpoint',
          'compile-modules',
          'detect-anomaly',
          'functional-call',
          'k-fold',
          'located',
          'read-while-compiled',
          'data',
          'golden',
          'init',
          'schedules',
          'compiled-training',
          'indistinguishable',
          'linalg',
          'mutants',
          'plot',
          'to-module',
          'tour',
          'node/arguments',
          'node/checkpoint',
          'node/copies',
          'node/csv',
          'node/csv-logger',
          'node/defaults',
          'node/files',
          'node/module-tables',
          'node/plot',
          'node/progress',
          'node/process',
          'node/onnx',
          'node/pytorch',
          'node/options',
        ].map((name) => `packages/nn/test/${name}.test.ts`),
        provide: { compiles: true },
        setupFiles: ['packages/nn/test/compiled.ts', ...setupFiles],
      }),
      project('examples', { include: ['examples/**/*.test.ts'] }),
    ],
  },
})
