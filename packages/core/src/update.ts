import { dtypeOf, type TypedArray } from './dtype.ts'
import { ShapeError } from './errors.ts'
import { launch } from './kernels.ts'
import type { Matrix } from './matrix.ts'
import { type Change, change } from './operation.ts'
import { formatShape } from './shape.ts'

/** A change of a parameter and what an optimiser remembers of it, all read and written, by a gradient and settings. */
const update = (name: string, reads: number): Change => ({
  name,
  reads,
  forward(targets, [gradient, numbers]) {
    const [{ elements }] = targets
    launch(
      name,
      dtypeOf(elements as TypedArray),
      targets.map((target) => target.elements),
      [gradient.data, numbers.data],
      [elements.length],
      reads,
    )
  },
})

const sgd = update('sgd', 1)
const momentum = update('momentum', 3)
const adam = update('adam', 4)

/**
 * One step of stochastic gradient descent, in place: d = g + weightDecay·p; v = momentum·v + (1 − dampening)·d, d itself
 * at first; p −= lr·v, or lr·(d + momentum·v) with Nesterov's momentum. Without a velocity there is no momentum, v = d.
 *
 * @param step 1x1, float64: how many steps the velocity has seen, which is increased; null without a velocity
 * @param numbers 1x5, float64: lr, momentum, dampening, weightDecay, nesterov (1 or 0)
 * @throws ShapeError unless parameter, velocity and gradient have one shape and dtype, and step and numbers theirs.
 */
export function sgd_(
  parameter: Matrix,
  velocity: Matrix | null,
  step: Matrix | null,
  gradient: Matrix,
  numbers: Matrix,
): void {
  checkAlike('sgd_', parameter, gradient)
  checkFloat64('sgd_', 'numbers', numbers, 5)
  if (!velocity) {
    change(sgd, [parameter], [gradient, numbers], undefined)
    return
  }
  checkAlike('sgd_', parameter, velocity)
  checkFloat64('sgd_', 'step', step, 1)
  change(momentum, [parameter, velocity, step], [gradient, numbers], undefined)
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
  parameter: Matrix,
  first: Matrix,
  second: Matrix,
  step: Matrix,
  gradient: Matrix,
  numbers: Matrix,
): void {
  for (const other of [first, second, gradient]) checkAlike('adam_', parameter, other)
  checkFloat64('adam_', 'step', step, 1)
  checkFloat64('adam_', 'numbers', numbers, 6)
  change(adam, [parameter, first, second, step], [gradient, numbers], undefined)
}

function checkAlike(operation: string, parameter: Matrix, other: Matrix): void {
  if (other.rows !== parameter.rows || other.cols !== parameter.cols || other.dtype !== parameter.dtype)
    throw new ShapeError(
      `${operation}: got ${formatShape(other.shape)} ${other.dtype}, wanted the parameter's ${formatShape(parameter.shape)} ${parameter.dtype}`,
    )
}

function checkFloat64(operation: string, what: string, block: Matrix | null, cols: number): asserts block is Matrix {
  if (block?.rows !== 1 || block.cols !== cols || block.dtype !== 'float64')
    throw new ShapeError(
      `${operation}: ${what} is ${block ? `${formatShape(block.shape)} ${block.dtype}` : 'null'}, wanted 1x${cols} float64`,
    )
}
