import { DTypeError } from './errors.ts'
import { describe } from './shape.ts'

/**
 * What the elements of a matrix are. Of a float32 and a float64 matrix an operation makes float64; a number is of the matrix's
 * dtype.
 */
export type DType = 'float32' | 'float64'

/** The storage of a matrix, row-major. */
export type TypedArray = Float32Array | Float64Array

let defaultDType: DType = 'float32'

/** The dtype of matrices made from arrays, sizes and random numbers when none is given. */
export function getDefaultDtype(): DType {
  return defaultDType
}

/**
 * Sets the dtype of matrices made without one: 'float32' at the start.
 *
 * @throws DTypeError for any other name.
 */
export function setDefaultDtype(dtype: DType, ...more: []): void {
  // Not by the check of options, which have dtypes themselves.
  const [given] = more as readonly unknown[]
  if (given !== undefined)
    throw new DTypeError(`setDefaultDtype: got ${describe(given)} in excess, wanted setDefaultDtype(dtype)`)
  defaultDType = checkDType('setDefaultDtype', dtype)
}

/** `dtype` itself. @throws DTypeError unless it is the name of a dtype. */
export function checkDType(operation: string, dtype: DType): DType {
  if (dtype !== 'float32' && dtype !== 'float64')
    throw new DTypeError(`${operation}: dtype is ${describe(dtype)}, wanted 'float32' or 'float64'`)
  return dtype
}

export const dtypeOf = (data: TypedArray): DType => (data instanceof Float32Array ? 'float32' : 'float64')

/** The dtype of indices: exact up to 2⁵³. */
export const exactIndex = (): DType => 'float64'

/** Bytes of one element. */
export const itemSize = (dtype: DType): 4 | 8 => (dtype === 'float32' ? 4 : 8)

/** Zeros in a buffer of their own. */
export const zeroArray = (dtype: DType, size: number): TypedArray =>
  dtype === 'float32' ? new Float32Array(size) : new Float64Array(size)
