import { DTypeError, MatgradError, Matrix, type Shape, ShapeError } from '@matgrad/core'
import { checkNumber, describe, didYouMean, formatShape } from '@matgrad/core/internal'
import {
  constant,
  kaimingNormal,
  kaimingUniform,
  normal,
  sparse,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
} from './init.ts'
import { nameOf } from './names.ts'

/** Without `orthogonal`, which would bring linear algebra into every program. */
const MAKERS = {
  constant,
  kaimingNormal,
  kaimingUniform,
  normal,
  sparse,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
}

/** @throws DTypeError for a function that makes an initialiser, in the place of one. `what` begins the message. */
export function checkInitializer(what: string, initializer: unknown): void {
  const [name] = Object.entries(MAKERS).find(([, maker]) => maker === initializer) ?? []
  const isOrthogonal = typeof initializer === 'function' && initializer.name === 'orthogonal'
  if (name || isOrthogonal)
    throw new DTypeError(
      `${what} is ${describe(initializer)}, which makes an initialiser${didYouMean(`init.${name ?? 'orthogonal'}()`)}`,
    )
}

/** @throws DTypeError that names the first of `values` which is not a Matrix. */
export function checkMatrices(operation: string, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (!(value instanceof Matrix)) throw new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted a Matrix`)
}

/** @throws DTypeError unless a value is a Matrix; ShapeError unless it has the shape. `given` begins the message: 'x is', say. */
export function checkShaped(given: string, value: unknown, [rows, cols]: Shape): void {
  if (!(value instanceof Matrix)) throw new DTypeError(`${given} ${describe(value)}, wanted a Matrix`)
  if (value.rows !== rows || value.cols !== cols)
    throw new ShapeError(`${given} ${formatShape(value.shape)}, wanted ${rows}x${cols}`)
}

/** @throws DTypeError unless an object of a class that leaves them to its subclasses has these methods. */
export function checkMethods(object: object, ...names: readonly string[]): void {
  const missing = names.find((name) => typeof Reflect.get(object, name) !== 'function')
  if (missing === undefined) return
  const got = `${missing} is ${describe(Reflect.get(object, missing))}`
  throw new DTypeError(`${nameOf(object)}: ${got}, wanted the method of a subclass`)
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

/** The result of `run`, whose errors of this package begin with a place. */
export function inPlace<T>(place: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof MatgradError)) throw error
    throw new (error.constructor as typeof MatgradError)(`${place}: ${error.message}`, { cause: error })
  }
}
