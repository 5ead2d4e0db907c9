import { DTypeError, FormatError } from '../base/errors.ts'
import { checkNoMore, isPlain } from '../base/options.ts'
import { describe, shorten } from '../base/shape.ts'
import { elementsOf, Matrix, owning } from './matrix.ts'

/** A matrix in a message: its elements row by row, a copy. */
export interface MatrixMessage {
  readonly rows: number
  readonly cols: number
  readonly data: Float32Array | Float64Array
}

/** Matrices, alone or in arrays and plain objects, beside other data. */
export type Messages<T> = T extends Matrix ? MatrixMessage : T extends object ? { [K in keyof T]: Messages<T[K]> } : T

/** So many arrays and objects may be in one another. */
const DEEPEST = 1000

function mapped(
  operation: string,
  value: unknown,
  leaf: (value: unknown, path: string) => unknown,
  path = 'value',
  depth = 0,
  met = new Map<unknown, unknown>(),
): unknown {
  if (met.has(value)) return met.get(value)
  const replaced = leaf(value, path)
  if (replaced !== value) {
    met.set(value, replaced)
    return replaced
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (depth > DEEPEST)
    throw new DTypeError(`${operation}: ${path.slice(0, 20)}… contains itself, or too many objects in one another`)
  if (Array.isArray(value)) {
    const list = value.map((each, i) => mapped(operation, each, leaf, `${path}[${i}]`, depth + 1, met))
    met.set(value, list)
    return list
  }
  if (!isPlain(value))
    throw new DTypeError(
      `${operation}: ${shorten(path)} is ${describe(value)}, wanted matrices, arrays, plain objects and data in them`,
    )
  const entries = Object.entries(value).map(
    ([key, each]) => [key, mapped(operation, each, leaf, `${path}.${key}`, depth + 1, met)] as const,
  )
  const object = Object.fromEntries(entries)
  met.set(value, object)
  return object
}

/**
 * Matrices, such as a state dict, as plain data that `postMessage` and `structuredClone` take, which know no classes: a copy,
 * in arrays and plain objects as the value has them; what is in it twice is so in the copy. `transfer` are the buffers of the
 * copies, which `postMessage(message, transfer)` hands over without another one.
 *
 * @throws DTypeError for objects of other classes, functions, symbols, and objects of rows, cols and data, which stand for a
 * matrix there; MatgradError where data were detached or resized.
 */
export function toMessage<T>(value: T, ...more: []): { message: Messages<T>; transfer: ArrayBuffer[] } {
  checkNoMore('toMessage', 'value', more)
  const transfer: ArrayBuffer[] = []
  const message = mapped('toMessage', value, (each, path) => {
    if (typeof each === 'function' || typeof each === 'symbol')
      throw new DTypeError(`toMessage: ${shorten(path)} is a ${typeof each}, wanted data`)
    if (isMessage(each))
      throw new DTypeError(`toMessage: ${shorten(path)} has rows, cols and data, wanted a Matrix or other names`)
    if (!(each instanceof Matrix)) return each
    const data = elementsOf('toMessage', each).slice()
    transfer.push(data.buffer as ArrayBuffer)
    return { rows: each.rows, cols: each.cols, data }
  })
  return { message: message as Messages<T>, transfer }
}

/** Whether data are a matrix in a message. */
const isMessage = (value: unknown): value is MatrixMessage =>
  isPlain(value) && Object.keys(value).length === 3 && 'rows' in value && 'cols' in value && 'data' in value

/** Whether data are what `postMessage` makes of a Matrix itself, which has lost its class. */
const isBare = (value: unknown): boolean =>
  isPlain(value) && 'elements' in value && 'version' in value && 'pinned' in value

/**
 * What `toMessage` was given, from its message, bit for bit. The matrices have the arrays of the message for their own.
 *
 * @throws FormatError for sizes that are not those of the elements, and a matrix that did not go through `toMessage`;
 * DTypeError for objects of other classes.
 */
export function fromMessage<T = unknown>(message: unknown, ...more: []): T {
  checkNoMore('fromMessage', 'message', more)
  return mapped('fromMessage', message, (each, path) => {
    if (isBare(each))
      throw new FormatError(
        `fromMessage: ${shorten(path)} is a Matrix that was sent as it is, wanted what toMessage gives`,
      )
    if (!isMessage(each)) return each
    const { rows, cols, data } = each
    const isData = data instanceof Float32Array || data instanceof Float64Array
    if (!isData || ![rows, cols].every((size) => Number.isInteger(size) && size >= 0) || rows * cols !== data.length)
      throw new FormatError(
        `fromMessage: ${shorten(path)} is ${describe(rows)}x${describe(cols)} of ${describe(data)}, wanted as many floats`,
      )
    return owning(data, rows, cols)
  }) as T
}
