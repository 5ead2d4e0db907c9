import { type Attributes, MatgradError, type Matrix, type Operation } from '@matgrad/core'
import {
  type Change,
  change as changeNow,
  evaluate,
  formatShape,
  type Holder,
  type Tracer,
  tracer,
  withTracer,
} from '@matgrad/core/internal'
import { whereComputed } from './detector.ts'
import type { Origin, Variable } from './variable.ts'

/** Whether an input or the result of the op that gave `node` has changed in place since. */
export function isStale({ matrix, created }: Variable, inputs: readonly Variable[]): boolean {
  if (matrix.version > created) return true
  for (let i = 0; i < inputs.length; i++) if (inputs[i].matrix.version > created) return true
  return false
}

/**
 * The result of `rule`, a rule of the op that gave `node`.
 *
 * @throws MatgradError where it uses elements that have changed in place since the op was computed. Those that it does not
 * use may have.
 */
export function withoutStale(node: Variable, rule: () => Variable): Variable {
  if (!isStale(node, (node.origin as Origin).inputs)) return rule()
  const given = withTracer(guardOf(node, tracer), rule)
  refuse(node, given?.matrix)
  return given
}

/** @throws MatgradError for an input or the result of the op that gave `node`, if it has changed in place since. */
function refuse(node: Variable, holder: Holder | undefined): void {
  if (!holder || holder.version <= node.created) return
  const { op, inputs } = node.origin as Origin
  const i = inputs.findIndex(({ matrix }) => matrix === holder)
  if (i < 0 && holder !== node.matrix) return
  const { name, shape } = i < 0 ? node : inputs[i]
  throw new MatgradError(
    `${op.name}: ${i < 0 ? 'the result' : `operand ${i + 1}`} (${name ? `${name}, ` : ''}${formatShape(shape)}) was changed in place ` +
      'after the forward pass, and the gradient needs what it was, wanted the gradient before the change, or a clone()' +
      whereComputed(node),
  )
}

/** Sees everything that a rule does with matrices, has `outer` do it, and refuses those that have changed. */
const guardOf = (node: Variable, outer: Tracer | null): Tracer => ({
  evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes): Matrix {
    for (const input of inputs) refuse(node, input)
    return withTracer(outer, () => evaluate(operation, inputs, attributes))
  },
  change(change: Change, targets: readonly Holder[], inputs: readonly Matrix[], attributes: Attributes): void {
    for (const holder of [...targets, ...inputs]) refuse(node, holder)
    withTracer(outer, () => changeNow(change, targets, inputs, attributes))
  },
  touched(holder, operation) {
    refuse(node, holder)
    outer?.touched(holder, operation)
  },
  created: (holder) => outer?.created(holder),
  assume: (holds) => outer?.assume(holds),
  isWatching: outer?.isWatching ?? false,
  watch: (object, look) => outer?.watch(object, look),
  keep: (matrix) => outer?.keep(matrix),
})
