/**
 * Variables and their derivatives, to any order; functions compiled to one program each.
 *
 * @packageDocumentation
 */

import { sparse } from '@matgrad/core'

export { linalg } from '@matgrad/core'
export * from '@matgrad/core/functions'
export { type Compiled, type CompileOptions, compile } from './compile/compile.ts'
export { type CrossEntropyOptions, crossEntropy, type NllLossOptions, nllLoss } from './cross-entropy.ts'
export { defineOp } from './define.ts'
export { detectAnomaly } from './detect-anomaly.ts'
export { type GradcheckOptions, gradcheck } from './gradcheck.ts'
export type { Op, Rule } from './op.ts'
export { noGrad } from './recording.ts'
export type { PartialLoss, Reduction } from './reduction.ts'
export { type Tape, type TapeOptions, tape } from './tape-graph.ts'
export {
  type Argument,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  type ScalarFunction,
  valueAndGrad,
  vjp,
} from './transforms.ts'
export { constant, type Origin, Variable, type VariableOptions, variable } from './variable.ts'

/** A·x for a sparse A, with derivatives by x and by the stored values. */
export const spmm: typeof sparse.spmm = sparse.spmm
