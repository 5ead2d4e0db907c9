import { ShapeError } from './errors.ts'
import { launch } from './kernels.ts'
import type { Block } from './operation.ts'
import { formatShape } from './shape.ts'

/** The numbers of one step of stochastic gradient descent. */
export interface SgdStep {
  readonly lr: number
  readonly momentum: number
  readonly dampening: number
  readonly weightDecay: number
  readonly nesterov: boolean
}

const nothing = new Uint32Array()

/**
 * One step of stochastic gradient descent, in place: d = g + weightDecay·p; v = momentum·v + (1 − dampening)·d, d itself
 * at first; p −= lr·v, or lr·(d + momentum·v) with Nesterov's momentum. Without momentum there is no velocity, v = d.
 *
 * @param first whether `velocity` holds nothing yet
 * @throws ShapeError unless parameter, velocity and gradient have one shape and dtype.
 */
export function sgd_(
  parameter: Block,
  velocity: Block | null,
  gradient: Block,
  { lr, momentum, dampening, weightDecay, nesterov }: SgdStep,
  first = false,
): void {
  checkAlike(parameter, gradient)
  if (velocity) checkAlike(parameter, velocity)
  const numbers = [lr, velocity ? momentum : 0, dampening, weightDecay, Number(nesterov), Number(first)]
  const outputs = [parameter.data, velocity ? velocity.data : nothing]
  launch('sgd', parameter.dtype, outputs, [gradient.data], [parameter.data.length, ...numbers], 2)
}

function checkAlike(parameter: Block, other: Block): void {
  if (other.rows !== parameter.rows || other.cols !== parameter.cols || other.dtype !== parameter.dtype)
    throw new ShapeError(
      `sgd_: got ${formatShape(other.shape)} ${other.dtype}, wanted the parameter's ${formatShape(parameter.shape)} ${parameter.dtype}`,
    )
}
