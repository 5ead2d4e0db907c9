import type { Matrix } from '@matgrad/core'
import { type Image, imageOf as imageOfSteps, type Slot, type Step, withTracer } from '@matgrad/core/internal'
import type { Variable } from '../variable.ts'
import { programOf } from './program.ts'
import { Trace } from './trace.ts'

/** The steps of a function of a matrix, and where what it is given and what it gives are in them. */
export interface Recorded {
  readonly steps: readonly Step[]
  readonly input: Slot
  readonly output: Slot
}

/** Shows each step to somebody, who may throw where the function makes it. */
class ShownTrace extends Trace {
  private readonly show: (step: Step) => void

  constructor(show: (step: Step) => void) {
    super()
    this.show = show
  }

  protected override add(step: Step): void {
    super.add(step)
    withTracer(null, () => this.show(this.steps[this.steps.length - 1]))
  }
}

/**
 * What a function does with a matrix.
 *
 * @param show is called with each step while the function makes it
 * @throws what `compile` throws for functions that it cannot trace, and what `show` throws
 */
export function recordedFrom(fn: (x: Matrix) => Variable, x: Matrix, show?: (step: Step) => void): Recorded {
  const { trace, result } = programOf(fn, [x], show && new ShownTrace(show))
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
