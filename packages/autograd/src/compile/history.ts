import type { Attributes, Matrix, Operation } from '@matgrad/core'
import type { Slot } from '@matgrad/core/internal'
import { history } from '../tape.ts'
import type { Variable } from '../variable.ts'
import { asItIs, same } from './attributes.ts'

/** What knows the matrices and variables of a call. */
interface Knowing {
  /** Whether a variable was there before the call. */
  isFromOutside(variable: Variable): boolean
}

/** How a variable came about in a call that was recorded. */
export interface Node {
  readonly value: Slot
  readonly operation: Operation | undefined
  readonly attributes: Attributes
  /** The numbers of its inputs, or the values of those that no gradient flows to. */
  readonly inputs: readonly (number | Slot)[]
  /** The variable itself, where it is one from outside. */
  readonly leaf: Variable | null
}

/** The variables that gradients flow to on their way back from `root`. */
export const historyOf = (root: Variable | undefined): readonly Variable[] => (root?.requiresGrad ? history(root) : [])

const leafOf = (variable: Variable, call: Knowing): Variable | null =>
  variable.origin === null && call.isFromOutside(variable) ? variable : null

export const nodesOf = (
  variables: readonly Variable[],
  call: Knowing & { valueOf(matrix: Matrix): Slot },
): readonly Node[] =>
  variables.map((variable) => ({
    value: call.valueOf(variable.matrix),
    operation: variable.origin?.op,
    attributes: asItIs(variable.origin?.attributes),
    inputs: (variable.origin?.inputs ?? []).map(({ requiresGrad, position, matrix }) =>
      requiresGrad ? position : call.valueOf(matrix),
    ),
    leaf: leafOf(variable, call),
  }))

/** Whether a variable that the call made has a gradient already, which a walk back would add to. */
export const hasGradient = (variables: readonly Variable[], call: Knowing): boolean =>
  variables.some((variable) => variable.present !== null && !call.isFromOutside(variable))

/**
 * Whether gradients flow as they did: the same operations on the same matrices may have been recorded, or detached, or
 * something else that was computed too is what they flow back from. What is computed of constants alone is no step, so that
 * its other inputs and its attributes may be others this time.
 */
export function isLike(
  variables: readonly Variable[],
  nodes: readonly Node[],
  call: Knowing & { is(matrix: Matrix, value: Slot): boolean },
): boolean {
  if (variables.length !== nodes.length) return false
  return nodes.every(({ value, operation, attributes, inputs, leaf }, i) => {
    const variable = variables[i]
    const { origin, matrix } = variable
    if (origin?.op !== operation || leafOf(variable, call) !== leaf) return false
    if (leaf === null && !call.is(matrix, value)) return false
    if (!same(origin?.attributes, attributes)) return false
    return (origin?.inputs ?? []).every((input, k) => {
      const before = inputs[k]
      if (typeof before === 'number') return input.requiresGrad && input.position === before
      return !input.requiresGrad && call.is(input.matrix, before)
    })
  })
}
