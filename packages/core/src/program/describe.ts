import { formatShape } from '../base/shape.ts'
import { Matrix } from '../matrix/matrix.ts'
import { type Layout, workOf } from './plan.ts'
import { depthOf, keptBy, type Slot, type Step } from './step.ts'

const shapeOf = ({ holder }: Slot): string => (holder instanceof Matrix ? formatShape(holder.shape) : 'random state')

/** Multiplications and additions, or one operation for each element that is read or written. */
function flopsOf(step: Step): number {
  const { inputs, targets } = step
  const sizes = [...inputs, ...targets].map(({ holder }) => holder.elements.length)
  if (step.kind === 'loop') {
    const { terms, rows, cols } = step.operation
    const each = terms.map((term) => {
      if ('product' in term) return 2 * depthOf(inputs[term.product[0]], term.transposeA)
      return Number('operation' in term)
    })
    return each.reduce((total, count) => total + count, 0) * rows * cols
  }
  return 2 * workOf(step) || Math.max(...sizes)
}

/** A program as text. */
export function describeProgram(steps: readonly Step[], args: readonly Slot[], { bytes, unplanned }: Layout): string {
  const keptBytes = keptBy(steps).reduce((total, { holder }) => total + holder.elements.byteLength, 0)
  const lines = steps.map(
    (step) =>
      `  ${step.operation.name} ${step.inputs.map(shapeOf).join(', ')} → ${step.targets.map(shapeOf).join(', ')}`,
  )
  const flops = steps.reduce((total, step) => total + flopsOf(step), 0)
  return [
    `program of ${args.map(shapeOf).join(', ') || 'no matrices'}: ${steps.length} operations, ${flops} flops`,
    ...lines,
    `memory: ${unplanned} bytes of arguments and results in ${bytes}, ${keptBytes} bytes kept`,
  ].join('\n')
}
