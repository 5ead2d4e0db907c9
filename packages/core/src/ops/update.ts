import { itemSize, type TypedArray } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { formatShape } from '../base/shape.ts'
import type { Block, Change, Holder, Stored } from './operation.ts'
import { change } from './tracer.ts'

/** What takes longer than waking the threads: this many multiplications are as much work as an element of an update. */
const WORK = 16
/** Elements of a part are a multiple of this: whole vectors of any dtype, and cache lines. */
const GRAIN = 64

/** The settings of Adam, each 1x1 of float64: the last is 1 or 0. They are the kernel's last operands, in this order. */
const SETTINGS = ['lr', 'beta1', 'beta2', 'eps', 'weightDecay', 'decoupled'] as const

export type AdamNumbers = Readonly<Record<(typeof SETTINGS)[number], Stored>>

/** The parameter and both moments, which have its shape, come before the count of steps. */
const ALIKE = 3
const TARGETS = ALIKE + 1

const elementsOf = (operands: readonly Holder[] | readonly Block[]): TypedArray[] =>
  operands.map(({ elements }) => elements as TypedArray)

/**
 * The update as one kernel: beside the loops that programs make of matrix operations it takes half the time for a small
 * network, where most of them compute one number.
 */
const adam: Change = {
  name: 'adam',
  reads: TARGETS,
  forward(targets, inputs, _attributes, machine) {
    const operands = elementsOf(targets)
    machine.launch('adam', inputs[0].dtype, operands, elementsOf(inputs), [operands[0].length, 1], TARGETS)
  },
  program(targets, inputs, attributes, machine) {
    const operands = elementsOf(targets)
    const size = operands[0].length
    const { dtype } = inputs[0]
    const engine = machine.engineFor(size * WORK)
    if (engine.threads === 1) {
      this.forward(targets, inputs, attributes, machine)
      return
    }
    const addresses: number[] = []
    machine.place(engine, 'adam', operands, elementsOf(inputs), TARGETS, 0, addresses)
    const length = Math.ceil(size / engine.threads / GRAIN) * GRAIN
    const calls = Array.from({ length: Math.ceil(size / length) }, (_, part) => {
      const start = part * length
      const isLong = (i: number): boolean => i < ALIKE || i === TARGETS
      const moved = addresses.map((address, i) => (isLong(i) ? address + start * itemSize(dtype) : address))
      return [...moved, Math.min(length, size - start), 0]
    })
    engine.run('adam', dtype, calls)
    machine.launch('count', 'float64', [operands[ALIKE]], [], [], 1)
  },
}

/**
 * One step of Adam, in place, t being its number: m = β₁·m + (1 − β₁)·d; v = β₂·v + (1 − β₂)·d²;
 * p −= lr/(1 − β₁ᵗ)·m / (√v/√(1 − β₂ᵗ) + eps), where d = g + weightDecay·p, or, with decoupled decay, d = g after
 * p *= 1 − lr·weightDecay. The corrections by t are computed in float64.
 *
 * @param first m, zeros at first
 * @param second v, zeros at first
 * @param step 1x1, float64: how many steps there were, which is increased
 * @throws ShapeError unless parameter, first, second and gradient have one shape and dtype, and step and settings theirs.
 */
export function adam_(
  parameter: Stored,
  first: Stored,
  second: Stored,
  step: Stored,
  gradient: Stored,
  settings: AdamNumbers,
): void {
  for (const other of [first, second, gradient]) checkAlike(parameter, other)
  checkNumber('step', step)
  for (const name of SETTINGS) checkNumber(name, settings[name])
  const numbers = SETTINGS.map((name) => settings[name])
  change(adam, [parameter, first, second, step], [gradient, ...numbers], undefined)
}

function checkAlike(parameter: Stored, other: Stored): void {
  if (other.rows !== parameter.rows || other.cols !== parameter.cols || other.dtype !== parameter.dtype)
    throw new ShapeError(
      `adam_: got ${formatShape(other.shape)} ${other.dtype}, wanted the parameter's ${formatShape(parameter.shape)} ${parameter.dtype}`,
    )
}

function checkNumber(what: string, block: Stored): void {
  if (block.rows !== 1 || block.cols !== 1 || block.dtype !== 'float64')
    throw new ShapeError(`adam_: ${what} is ${formatShape(block.shape)} ${block.dtype}, wanted 1x1 float64`)
}
