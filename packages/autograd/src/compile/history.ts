import type { Matrix, Operation } from '@matgrad/core'
import type { Slot } from '@matgrad/core/internal'
import { history } from '../tape.ts'
import type { Origin, Variable } from '../variable.ts'

/** What knows the matrices and variables of a call. */
interface Knowing {
  /** Whether a variable was there before the call. */
  isFromOutside(variable: Variable): boolean
}

/** How a variable came about in a call that was recorded. */
export interface Node {
  readonly value: Slot
  readonly operation: Operation | undefined
  /** The numbers of its inputs, −1 for those that no gradient flows to. */
  readonly inputs: readonly number[]
  /** The variable itself, where it is one from outside. */
  readonly leaf: Variable | null
}

/** The variables that gradients flow to on their way back from `root`. */
export const historyOf = (root: Variable | undefined): readonly Variable[] => (root?.requiresGrad ? history(root) : [])

const numberOf = ({ requiresGrad, position }: Variable): number => (requiresGrad ? position : -1)

const leafOf = (variable: Variable, call: Knowing): Variable | null =>
  variable.origin === null && call.isFromOutside(variable) ? variable : null

export const nodesOf = (
  variables: readonly Variable[],
  call: Knowing & { valueOf(matrix: Matrix): Slot },
): readonly Node[] =>
  variables.map((variable) => ({
    value: call.valueOf(variable.matrix),
    operation: variable.origin?.op,
    inputs: variable.origin?.inputs.map(numberOf) ?? [],
    leaf: leafOf(variable, call),
  }))

/** Whether a variable that the call made has a gradient already, which a walk back would add to. */
export const hasGradient = (variables: readonly Variable[], call: Knowing): boolean =>
  variables.some((variable) => variable.present !== null && !call.isFromOutside(variable))

/**
 * Whether gradients flow as they did: the same operations on the same matrices may have been recorded, or detached, or
 * something else that was computed too is what they flow back from.
 */
export function isLike(
  variables: readonly Variable[],
  nodes: readonly Node[],
  call: Knowing & { is(matrix: Matrix, value: Slot): boolean },
): boolean {
  if (variables.length !== nodes.length) return false
  for (let i = 0; i < nodes.length; i++) {
    const variable = variables[i]
    const { origin } = variable
    const { value, operation, inputs, leaf } = nodes[i]
    if (origin?.op !== operation || leafOf(variable, call) !== leaf) return false
    if (leaf === null && !call.is(variable.matrix, value)) return false
    for (let k = 0; k < inputs.length; k++) if (numberOf((origin as Origin).inputs[k]) !== inputs[k]) return false
  }
  return true
}
