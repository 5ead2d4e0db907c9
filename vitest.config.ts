import { defaultServerConditions } from 'vite'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

// Tests run against the sources, without a build.
const conditions = ['@matgrad/source', ...defaultServerConditions]

const project = (name: string, test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, ...test },
})

/** The tests of a package, with those of its types. */
const packageOf = (name: string): TestProjectInlineConfiguration =>
  project(name, {
    include: [`packages/${name}/test/**/*.test.ts`],
    typecheck: { enabled: true, include: [`packages/${name}/test/**/*.test-d.ts`], tsconfig: './tsconfig.check.json' },
  })

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    exclude: ['**/node_modules/**', 'packages/*/test/browser/**'],
    testTimeout: 60_000,
    provide: { compiles: false },
    // Left to itself vitest keeps a core free: of two, that is half of them.
    maxWorkers: '100%',
    projects: [
      ...['core', 'autograd', 'nn'].map(packageOf),
      project('nn compiled', {
        include: ['packages/nn/test/**/*.test.ts'],
        // These compute nothing, or both ways.
        exclude: ['data', 'init', 'schedules', 'compiled-training', 'node/process'].map(
          (name) => `packages/nn/test/${name}.test.ts`,
        ),
        provide: { compiles: true },
        setupFiles: 'packages/nn/test/count-replays.ts',
      }),
      project('examples', { include: ['examples/**/*.test.ts'] }),
    ],
  },
})
