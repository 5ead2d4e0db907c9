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
  /** Whether `velocity` holds nothing yet. */
  readonly first: boolean
}

/**
 * One step of stochastic gradient descent, in place: d = g + weightDecay·p; v = momentum·v + (1 − dampening)·d, d itself
 * at first; p −= lr·v, or lr·(d + momentum·v) with Nesterov's momentum. Without momentum there is no velocity, v = d.
 *
 * @throws ShapeError unless parameter, velocity and gradient have one shape and dtype.
 */
export function sgd_(parameter: Block, velocity: Block | null, gradient: Block, step: SgdStep): void {
  for (const other of velocity ? [velocity, gradient] : [gradient])
    if (other.rows !== parameter.rows || other.cols !== parameter.cols || other.dtype !== parameter.dtype)
      throw new ShapeError(
        `sgd_: got ${formatShape(other.shape)} ${other.dtype}, wanted the parameter's ${formatShape(parameter.shape)} ${parameter.dtype}`,
      )
  const { lr, momentum, dampening, weightDecay, nesterov, first } = step
  const outputs = [parameter.data, velocity?.data ?? new Uint32Array()]
  const numbers = [lr, velocity ? momentum : 0, dampening, weightDecay, Number(nesterov), Number(first)]
  const kernel = parameter.dtype === 'float32' ? 'sgd_f32' : 'sgd_f64'
  launch(kernel, outputs, [gradient.data], [parameter.data.length, ...numbers], 2)
}
