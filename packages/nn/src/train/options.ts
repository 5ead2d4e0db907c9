import { constant, Variable } from '@matgrad/autograd'
import { withoutLooking } from '@matgrad/autograd/internal'
import { DTypeError, type Matrix, ShapeError } from '@matgrad/core'
import { describe, formatShape, isPlain, type KindMaker, kind } from '@matgrad/core/internal'
import type { Loss } from '../loss.ts'
import type { Metric } from '../metrics/metric.ts'

/** An option that is a loss. */
export const lossOption: KindMaker<Loss> = kind(
  'a function of predictions and targets',
  (value) => typeof value === 'function',
)

/** An option that has metrics by name. */
export const metricsOption: KindMaker<Readonly<Record<string, Metric>>> = kind('functions by name', isPlain)

/** What a loss gives. @throws DTypeError unless it is a variable; ShapeError unless it is one number. */
export function lossOf(operation: string, loss: Loss, prediction: Variable, target: Matrix): Variable {
  const value: unknown = withoutLooking(() => loss(prediction, target))
  if (!(value instanceof Variable))
    throw new DTypeError(`${operation}: loss gave ${describe(value)}, wanted a Variable`)
  if (value.rows !== 1 || value.cols !== 1)
    throw new ShapeError(`${operation}: loss gave ${formatShape(value.shape)}, wanted 1x1, such as its mean()`)
  return value
}

/** Lets a loss look at the numbers that it gave NaN for. @throws what it throws for them */
export function lookAt(loss: Loss, prediction: Matrix, target: Matrix): void {
  loss(constant(prediction), target)
}
