import { DTypeError, describe, Matrix } from '@matgrad/core'

/** @throws DTypeError that names the first of `values` which is not a Matrix. */
export function checkMatrices(operation: string, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (!(value instanceof Matrix)) throw new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted a Matrix`)
}
