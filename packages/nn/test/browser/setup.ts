// Computes the seeded results in Node, for browsers to compare theirs with.

import type { TestProject } from 'vitest/node'
import { outputOf } from '../../../core/test/node/output.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether the pages are cross-origin isolated. */
    readonly isolated: boolean
    /** The seeded results of Node: safetensors in base64. */
    readonly seededInNode: string
  }
}

export async function setup({ provide }: TestProject): Promise<void> {
  provide('seededInNode', await outputOf(new URL('../node/seeded.ts', import.meta.url)))
}
