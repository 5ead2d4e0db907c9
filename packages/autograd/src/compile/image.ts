import type { Matrix } from '@matgrad/core'
import { type Image, imageOf as imageOfSteps } from '@matgrad/core/internal'
import type { Variable } from '../variable.ts'
import { programOf } from './program.ts'

/**
 * What a function makes of a matrix, as bytes that run elsewhere, with the parameters as they are now.
 *
 * @throws what `compile` throws for functions that it cannot trace; MatgradError for operations that are not kernels alone.
 */
export function imageOf(operation: string, fn: (x: Matrix) => Variable, x: Matrix): Image {
  const { trace, result } = programOf(fn, [x])
  const [input] = trace.args
  return imageOfSteps(operation, trace.steps, input, trace.valueOf(result.matrix))
}
