import type { Rule as AnyRule, Operation } from '@matgrad/core'
import type { Variable } from './variable.ts'

/** The cotangent of one input of an op, computed with variables. */
export type Rule = AnyRule<Variable>

/** An operation whose rules are written for variables, which have more methods than all values have. */
export type Op = Operation<Variable>

/** The rule of input i, or null. */
export const ruleOf = ({ vjp }: Operation, i: number): AnyRule | null => vjp[Math.min(i, vjp.length - 1)] ?? null
