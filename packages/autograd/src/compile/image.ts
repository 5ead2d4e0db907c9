import { MatgradError, type Matrix } from '@matgrad/core'
import { type Change, keepingName, type Slot, type Step, withTracer } from '@matgrad/core/internal'
import type { Variable } from '../variable.ts'
import { programOf } from './program.ts'
import { Trace } from './trace.ts'

/** What a function makes of a matrix: the steps that follow it, and where what it is given and what it gives are in them. */
export interface Recorded {
  readonly steps: readonly Step[]
  readonly input: Slot
  readonly output: Slot
}

/** Of what follows the argument: all else, the parameters and what is computed of them alone, is state as it is now. */
class PureTrace extends Trace {
  private readonly operation: string
  private readonly show: (step: Step) => void
  private readonly following = new Set<Slot>()
  /** What was thrown, which the function may have caught. */
  refusal: MatgradError | null = null

  constructor(operation: string, show: (step: Step) => void) {
    super()
    this.operation = operation
    this.show = show
  }

  protected override add(step: Step): void {
    const { inputs, targets } = step
    if (!inputs.some((input) => input.kind === 'argument' || this.following.has(input))) {
      for (const target of targets) target.kind = 'state'
      return
    }
    for (const target of targets) this.following.add(target)
    super.add(step)
    withTracer(null, () => this.show(this.steps[this.steps.length - 1]))
  }

  override change({ name }: Change): void {
    this.refusal = keepingName(
      new MatgradError(
        `${this.operation}: ${name} changes what goes on from call to call, such as random numbers, wanted a function of the samples`,
      ),
    )
    throw this.refusal
  }
}

/**
 * What a function does with a matrix, which changes nothing.
 *
 * @param show is called with each step while the function makes it
 * @throws MatgradError, before anything is changed, where the function would; what `compile` throws for functions that it cannot
 * trace, and what `show` throws.
 */
export function recordedFrom(
  operation: string,
  fn: (x: Matrix) => Variable,
  x: Matrix,
  show: (step: Step) => void = () => {},
): Recorded {
  const trace = new PureTrace(operation, show)
  const { result } = programOf(fn, [x], trace)
  if (trace.refusal) throw trace.refusal
  return { steps: trace.steps, input: trace.args[0], output: trace.valueOf(result.matrix) }
}
