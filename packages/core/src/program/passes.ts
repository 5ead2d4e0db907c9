import { fuseCrossEntropy, fuseLoops, fuseProducts } from './fuse.ts'
import { withoutCopies, withoutDead } from './plan.ts'
import type { Step } from './step.ts'

/** What makes a program of steps faster, in this order: each sees what those before it gave, and does the same. */
const passes: readonly ((steps: readonly Step[]) => readonly Step[])[] = [
  // What nobody needs, such as the gradient of a constant, is left out.
  withoutDead,
  // A large product adds a row and takes max(x, 0) while its results are in registers.
  fuseProducts,
  // The cross-entropy and its gradient take the same exponentials.
  fuseCrossEntropy,
  // What would be copied to a place is computed there: a gradient, a result, an assigned parameter.
  withoutCopies,
  // Element-wise steps over one shape, and a small product before them, are one loop.
  fuseLoops,
]

/** Steps that do the same, faster. */
export const optimised = (steps: readonly Step[]): readonly Step[] => passes.reduce((given, pass) => pass(given), steps)
