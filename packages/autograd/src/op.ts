import type { Attributes, Operation } from '@matgrad/core'
import type { Variable } from './variable.ts'

/**
 * The cotangent of one input: g is the cotangent of the result, y the result, then the inputs and attributes of the call
 * and the number of the input. Written with operations on variables, so that it has derivatives itself. It may have the
 * shape that the input was broadcast to: the tape sums it down.
 */
export type Rule = (
  g: Variable,
  y: Variable,
  inputs: readonly Variable[],
  attributes: Attributes,
  index: number,
) => Variable

/** An operation and its derivative: everything there is to know about it. */
export interface Op extends Operation {
  /**
   * A rule for each input: vᵢ = gᵀ·∂y/∂xᵢ. Inputs beyond the last rule share it; `null` means that there is no derivative
   * with respect to that input.
   */
  readonly vjp: readonly (Rule | null)[]
}

/** The rule of input i, or null. */
export const ruleOf = ({ vjp }: Op, i: number): Rule | null => vjp[Math.min(i, vjp.length - 1)] ?? null
