import { type Attributes, DTypeError, describe } from '@matgrad/core'
import type { Op } from './op.ts'
import { applyOp, type Variable } from './variable.ts'

/**
 * A function on variables from an op with the contract of the built-in ones: its inputs in a list, then its attributes.
 *
 * @throws DTypeError when a part of the contract is missing.
 */
export function defineOp(op: Op): (inputs: readonly unknown[], attributes?: Attributes) => Variable {
  if (typeof op.name !== 'string' || op.name === '') throw new DTypeError('defineOp: the op has no name')
  for (const part of ['shape', 'forward'] as const)
    if (typeof op[part] !== 'function')
      throw new DTypeError(`defineOp: ${part} of ${op.name} is ${describe(op[part])}, wanted a function`)
  if (!Array.isArray(op.vjp))
    throw new DTypeError(`defineOp: vjp of ${op.name} is ${describe(op.vjp)}, wanted a list of rules`)
  return (inputs, attributes) => applyOp(op, inputs, attributes)
}
