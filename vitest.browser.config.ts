import { playwright } from '@vitest/browser-playwright'
import { defaultClientConditions } from 'vite'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const provider = playwright({
  launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
})

/** Tests of this name and these files; `isolated` pages may share memory between threads. */
const project = (name: string, isolated: boolean, include: string[]): TestProjectInlineConfiguration => ({
  resolve: { conditions: ['@matgrad/source', ...defaultClientConditions] },
  server: {
    headers: isolated
      ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
      : {},
  },
  test: {
    name,
    include,
    exclude: ['packages/*/test/node/**', 'packages/nn/test/tour.test.ts'],
    provide: { isolated, compiles: false },
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider,
      instances: [{ browser: 'chromium' }],
    },
  },
})

export default defineConfig({
  test: {
    globalSetup: 'packages/nn/test/browser/setup.ts',
    projects: [
      project('isolated', true, ['packages/*/test/**/*.test.ts']),
      project('not isolated', false, ['packages/core/test/**/*.test.ts', 'packages/nn/test/browser/*.test.ts']),
    ],
  },
})
