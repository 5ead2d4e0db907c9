import { DTypeError, MatgradError, Matrix } from '@matgrad/core'
import { checkNumber, describe } from '@matgrad/core/internal'

/** @throws DTypeError that names the first of `values` which is not a Matrix. */
export function checkMatrices(operation: string, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (!(value instanceof Matrix)) throw new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted a Matrix`)
}

/** @throws DTypeError unless a setting is a number; MatgradError unless it is finite and `isSensible` gives true. */
export function checkSetting(
  operation: string,
  what: string,
  value: number,
  isSensible: (value: number) => boolean,
  wanted: string,
): void {
  checkNumber(operation, what, value)
  if (!isSensible(value) || !Number.isFinite(value))
    throw new MatgradError(`${operation}: ${what} is ${value}, wanted ${wanted}`)
}
