import { Variable } from '@matgrad/autograd'
import { Generator } from '@matgrad/core'

// What is of this package is compiled, and its own code is then not run in every call: nobody's code must be reachable from
// it. These are for objects that are about to be compiled with, not for every step.

/** Whether nobody gave an array methods, or elements that are computed when they are read. */
const isPlainArray = (array: readonly unknown[]): boolean =>
  Object.getPrototypeOf(array) === Array.prototype && Reflect.ownKeys(array).length === array.length + 1

function isPlainProperty(value: unknown): boolean {
  if (typeof value === 'function') return false
  if (Array.isArray(value)) return isPlainArray(value) && !value.some(Array.isArray)
  return !(value instanceof Generator) || isPlainGenerator(value)
}

/**
 * Whether an object is as its class made it: it has no property that runs code when it is read, that is hidden, or that stands
 * in the place of a method or accessor of its class, and no function; nor have the arrays and generators in it.
 */
export function isAsMade(object: object): boolean {
  const above: object | null = Object.getPrototypeOf(object)
  for (const name of Reflect.ownKeys(object)) {
    const { enumerable, get, set, value } = Object.getOwnPropertyDescriptor(object, name) as PropertyDescriptor
    if (!enumerable || get || set || (above && name in above) || !isPlainProperty(value)) return false
  }
  return true
}

/** Whether a generator draws what this package's does. */
export const isPlainGenerator = (generator: Generator): boolean =>
  Object.getPrototypeOf(generator) === Generator.prototype && isAsMade(generator)

const { backward } = Variable.prototype

/** Whether a variable does what this package's does: nobody sees that its gradient is set, or goes back from it. */
export const isPlainVariable = (variable: Variable): boolean =>
  Object.getPrototypeOf(variable) === Variable.prototype &&
  !Object.hasOwn(variable, 'grad') &&
  variable.backward === backward
