import type { Matrix } from '@matgrad/core'
import { type Image, imageOf as imageOfSteps, type Slot, type Step } from '@matgrad/core/internal'
import type { Variable } from '../variable.ts'
import { programOf } from './program.ts'

/** The steps of a function of a matrix, and where what it is given and what it gives are in them. */
export interface Recorded {
  readonly steps: readonly Step[]
  readonly input: Slot
  readonly output: Slot
}

/** What a function does with a matrix. @throws what `compile` throws for functions that it cannot trace. */
export function recordedFrom(fn: (x: Matrix) => Variable, x: Matrix): Recorded {
  const { trace, result } = programOf(fn, [x])
  return { steps: trace.steps, input: trace.args[0], output: trace.valueOf(result.matrix) }
}

/**
 * What a function makes of a matrix, as bytes that run elsewhere, with the parameters as they are now.
 *
 * @throws what `compile` throws for functions that it cannot trace; MatgradError for operations that are not kernels alone.
 */
export function imageOf(operation: string, fn: (x: Matrix) => Variable, x: Matrix): Image {
  const { steps, input, output } = recordedFrom(fn, x)
  return imageOfSteps(operation, steps, input, output)
}
