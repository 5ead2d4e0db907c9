import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// Tests run against the sources, without a build.
const conditions = ['@matgrad/source', ...defaultServerConditions]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'packages/*/test/browser/**'],
    typecheck: { enabled: true, include: ['packages/*/test/**/*.test-d.ts'], tsconfig: './tsconfig.check.json' },
    testTimeout: 60_000,
    // Left to itself vitest keeps a core free: of two, that is half of them.
    maxWorkers: '100%',
  },
})
