// Every operation as a function of its first operand.

import { DTypeError, ShapeError } from '../base/errors.ts'
import { checkNoMore } from '../base/options.ts'
import { type Axis, describe } from '../base/shape.ts'
import type { Value } from '../ops/algebra.ts'
import { concat as concatenate } from '../ops/rearrange.ts'
import type { ConcatFunction } from './function.ts'
import { isValue } from './matrix.ts'

export * from './functions.generated.ts'

/**
 * The values below one another (axis 0, as many columns) or side by side (axis 1, as many rows).
 *
 * @throws ShapeError for an empty list or sizes that differ across the axis.
 */
export const concat: ConcatFunction = (list: readonly Value[], axis: Axis, ...more: []): never => {
  checkNoMore('concat', 'list, axis', more)
  if (!Array.isArray(list)) throw new DTypeError(`concat: got ${describe(list)}, wanted an array of matrices`)
  for (const [i, each] of list.entries())
    if (!isValue(each)) throw new DTypeError(`concat: operand ${i + 1} is ${describe(each)}, wanted a Matrix`)
  if (list.length === 0) throw new ShapeError('concat: got an empty list, wanted at least one matrix')
  // What is put off keeps it, and the caller may change its own.
  return list[0].apply(concatenate, [...list], { axis }) as never
}
