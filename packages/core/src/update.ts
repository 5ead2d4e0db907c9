import { ShapeError } from './errors.ts'
import { launch } from './kernels.ts'
import type { Block } from './operation.ts'
import { formatShape } from './shape.ts'

/**
 * One step of stochastic gradient descent, in place: d = g + weightDecay·p; v = momentum·v + (1 − dampening)·d, d itself
 * at first; p −= lr·v, or lr·(d + momentum·v) with Nesterov's momentum. Without a velocity there is no momentum, v = d.
 *
 * @param step 1x1, float64: how many steps the velocity has seen, which is increased; null without a velocity
 * @param numbers 1x5, float64: lr, momentum, dampening, weightDecay, nesterov (1 or 0)
 * @throws ShapeError unless parameter, velocity and gradient have one shape and dtype, and step and numbers theirs.
 */
export function sgd_(
  parameter: Block,
  velocity: Block | null,
  step: Block | null,
  gradient: Block,
  numbers: Block,
): void {
  checkAlike('sgd_', parameter, gradient)
  checkFloat64('sgd_', 'numbers', numbers, 5)
  const inputs = [gradient.data, numbers.data]
  if (!velocity) {
    launch('sgd', parameter.dtype, [parameter.data], inputs, [parameter.data.length], 1)
    return
  }
  checkAlike('sgd_', parameter, velocity)
  checkFloat64('sgd_', 'step', step, 1)
  const outputs = [parameter.data, velocity.data, step.data]
  launch('momentum', parameter.dtype, outputs, inputs, [parameter.data.length], 3)
}

/**
 * One step of Adam, in place, t being its number: m = β₁·m + (1 − β₁)·d; v = β₂·v + (1 − β₂)·d²;
 * p −= lr/(1 − β₁ᵗ)·m / (√v/√(1 − β₂ᵗ) + eps), where d = g + weightDecay·p, or, with decoupled decay, d = g after
 * p *= 1 − lr·weightDecay. The corrections by t are computed in float64.
 *
 * @param first m, zeros at first
 * @param second v, zeros at first
 * @param step 1x1, float64: how many steps there were, which is increased
 * @param numbers 1x6, float64: lr, β₁, β₂, eps, weightDecay, decoupled (1 or 0)
 * @throws ShapeError unless parameter, first, second and gradient have one shape and dtype, and step and numbers theirs.
 */
export function adam_(
  parameter: Block,
  first: Block,
  second: Block,
  step: Block,
  gradient: Block,
  numbers: Block,
): void {
  for (const other of [first, second, gradient]) checkAlike('adam_', parameter, other)
  checkFloat64('adam_', 'step', step, 1)
  checkFloat64('adam_', 'numbers', numbers, 6)
  const outputs = [parameter.data, first.data, second.data, step.data]
  launch('adam', parameter.dtype, outputs, [gradient.data, numbers.data], [parameter.data.length], 4)
}

function checkAlike(operation: string, parameter: Block, other: Block): void {
  if (other.rows !== parameter.rows || other.cols !== parameter.cols || other.dtype !== parameter.dtype)
    throw new ShapeError(
      `${operation}: got ${formatShape(other.shape)} ${other.dtype}, wanted the parameter's ${formatShape(parameter.shape)} ${parameter.dtype}`,
    )
}

function checkFloat64(operation: string, what: string, block: Block | null, cols: number): asserts block is Block {
  if (block?.rows !== 1 || block.cols !== cols || block.dtype !== 'float64')
    throw new ShapeError(
      `${operation}: ${what} is ${block ? `${formatShape(block.shape)} ${block.dtype}` : 'null'}, wanted 1x${cols} float64`,
    )
}
