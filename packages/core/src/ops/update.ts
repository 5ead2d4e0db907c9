import { itemSize } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { formatShape } from '../base/shape.ts'
import { launch, place } from '../engine/engine.ts'
import { engineFor } from '../engine/threads.ts'
import type { Change, Stored } from './operation.ts'
import { change } from './tracer.ts'

/** What takes longer than waking the threads: this many multiplications are as much work as an element of an update. */
const WORK = 16
/** Elements of a part are a multiple of this: whole vectors of any dtype, and cache lines. */
const GRAIN = 64

/**
 * A change of a parameter and what an optimiser remembers of it, by a gradient and settings. After the matrices of the
 * parameter's shape it may have a count of steps, which one call of the kernel increases.
 */
function update(name: string, alike: number, counts: boolean): Change {
  const reads = alike + Number(counts)
  return {
    name,
    reads,
    forward(targets, [gradient, numbers]) {
      const operands = targets.map((target) => target.elements)
      const size = operands[0].length
      const parameters = counts ? [size, 1] : [size]
      launch(name, gradient.dtype, operands, [gradient.elements, numbers.elements], parameters, reads)
    },
    program(targets, inputs) {
      const [gradient, numbers] = inputs
      const operands = targets.map((target) => target.elements)
      const size = operands[0].length
      const engine = engineFor(size * WORK)
      if (engine.threads === 1) {
        this.forward(targets, inputs, undefined)
        return
      }
      const addresses: number[] = []
      place(engine, name, operands, [gradient.elements, numbers.elements], reads, 0, addresses)
      const length = Math.ceil(size / engine.threads / GRAIN) * GRAIN
      const calls = Array.from({ length: Math.ceil(size / length) }, (_, part) => {
        const start = part * length
        const moved = addresses.map((address, i) =>
          i < alike || i === reads ? address + start * itemSize(gradient.dtype) : address,
        )
        return [...moved, Math.min(length, size - start), ...(counts ? [0] : [])]
      })
      engine.run(name, gradient.dtype, calls)
      if (counts) launch('count', 'float64', [operands[alike]], [], [], 1)
    },
  }
}

const sgd = update('sgd', 1, false)
const momentum = update('momentum', 2, true)
const adam = update('adam', 3, true)

/**
 * One step of stochastic gradient descent, in place: d = g + weightDecay·p; v = momentum·v + (1 − dampening)·d, d itself
 * at first; p −= lr·v, or lr·(d + momentum·v) with Nesterov's momentum. Without a velocity there is no momentum, v = d.
 *
 * @param step 1x1, float64: how many steps the velocity has seen, which is increased; null without a velocity
 * @param numbers 1x5, float64: lr, momentum, dampening, weightDecay, nesterov (1 or 0)
 * @throws ShapeError unless parameter, velocity and gradient have one shape and dtype, and step and numbers theirs.
 */
export function sgd_(
  parameter: Stored,
  velocity: Stored | null,
  step: Stored | null,
  gradient: Stored,
  numbers: Stored,
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
  parameter: Stored,
  first: Stored,
  second: Stored,
  step: Stored,
  gradient: Stored,
  numbers: Stored,
): void {
  for (const other of [first, second, gradient]) checkAlike('adam_', parameter, other)
  checkFloat64('adam_', 'step', step, 1)
  checkFloat64('adam_', 'numbers', numbers, 6)
  change(adam, [parameter, first, second, step], [gradient, numbers], undefined)
}

function checkAlike(operation: string, parameter: Stored, other: Stored): void {
  if (other.rows !== parameter.rows || other.cols !== parameter.cols || other.dtype !== parameter.dtype)
    throw new ShapeError(
      `${operation}: got ${formatShape(other.shape)} ${other.dtype}, wanted the parameter's ${formatShape(parameter.shape)} ${parameter.dtype}`,
    )
}

function checkFloat64(operation: string, what: string, block: Stored | null, cols: number): asserts block is Stored {
  if (block?.rows !== 1 || block.cols !== cols || block.dtype !== 'float64')
    throw new ShapeError(
      `${operation}: ${what} is ${block ? `${formatShape(block.shape)} ${block.dtype}` : 'null'}, wanted 1x${cols} float64`,
    )
}
