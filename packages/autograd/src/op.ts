import type { Rule as AnyRule, Operation } from '@matgrad/core'
import {
  binaryCrossEntropy,
  classes,
  crossEntropy,
  crossEntropyGradient,
  crossEntropyOfClasses,
  hot,
  ofClass,
  operations,
  spmmOperation,
} from '@matgrad/core/internal'
import type { Variable } from './variable.ts'

/** The cotangent of one input of an op, computed with variables. */
export type Rule = AnyRule<Variable>

/** An operation whose rules are written for variables, which have more methods than all values have. */
export type Op = Operation<Variable>

const builtIn: ReadonlySet<Operation> = new Set([
  ...(Object.values(operations) as Operation[]),
  ...[
    binaryCrossEntropy,
    classes,
    crossEntropy,
    crossEntropyGradient,
    crossEntropyOfClasses,
    hot,
    ofClass,
    spmmOperation,
  ],
])

/** Whether an operation is one of core's, and not a user's. */
export const isBuiltIn = (operation: Operation): boolean => builtIn.has(operation)

/** The rule of input i, or null. */
export const ruleOf = ({ vjp }: Operation, i: number): AnyRule | null => vjp[Math.min(i, vjp.length - 1)] ?? null
