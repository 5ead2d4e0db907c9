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
  const guard = new Guard(node, tracer)
  const given = withTracer(guard, rule)
  guard.refuse(given?.matrix)
  return given
}

/** Sees everything that a rule does with matrices, does it, and refuses those that have changed. */
class Guard implements Tracer {
  private readonly node: Variable
  private readonly outer: Tracer | null

  constructor(node: Variable, outer: Tracer | null) {
    this.node = node
    this.outer = outer
  }

  get isWatching(): boolean {
    return this.outer?.isWatching ?? false
  }

  refuse(holder: Holder | undefined): void {
    if (!holder || holder.version <= this.node.created) return
    const { op, inputs } = this.node.origin as Origin
    const i = inputs.findIndex(({ matrix }) => matrix === holder)
    if (i < 0 && holder !== this.node.matrix) return
    const { name, shape } = i < 0 ? this.node : inputs[i]
    throw new MatgradError(
      `${op.name}: ${i < 0 ? 'the result' : `operand ${i + 1}`} (${name ? `${name}, ` : ''}${formatShape(shape)}) was changed in place ` +
        'after the forward pass, and the gradient needs what it was, wanted the gradient before the change, or a clone()',
    )
  }

  evaluate(operation: Operation, inputs: readonly Matrix[], attributes: Attributes): Matrix {
    for (const input of inputs) this.refuse(input)
    return withTracer(this.outer, () => evaluate(operation, inputs, attributes))
  }

  change(change: Change, targets: readonly Holder[], inputs: readonly Matrix[], attributes: Attributes): void {
    for (const holder of [...targets, ...inputs]) this.refuse(holder)
    withTracer(this.outer, () => changeNow(change, targets, inputs, attributes))
  }

  touched(holder: Holder): void {
    this.refuse(holder)
    this.outer?.touched(holder)
  }

  created(holder: Holder): void {
    this.outer?.created(holder)
  }

  assume(holds: () => boolean): void {
    this.outer?.assume(holds)
  }

  watch(object: object, look: () => (() => boolean) | null): void {
    this.outer?.watch(object, look)
  }

  keep(matrix: Matrix): void {
    this.outer?.keep(matrix)
  }
}
