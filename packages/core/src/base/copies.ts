// A program may load this package twice, in two versions or from two folders. What one copy makes is of no class of the other.

const COPY = Symbol.for('@matgrad/core')
const THIS = {}

/** Marks what has this prototype as of this copy of the package. */
export function mark(prototype: object): void {
  Object.defineProperty(prototype, COPY, { value: THIS })
}

/** Whether an object is marked by this copy. */
export const isOurs = (value: object): boolean => (value as Record<symbol, unknown>)[COPY] === THIS

/** Whether an object is marked by another copy. */
export const isOfAnotherCopy = (value: object): boolean => COPY in value && !isOurs(value)
