import { Matrix, type TypedArray } from '@matgrad/core'
import { isRecording } from '../recording.ts'
import { Variable } from '../variable.ts'

/** Up to this many elements of float32 a loop copies faster than `set`. */
const FEW = 15

/** to = from, four elements a turn, since V8 checks in each turn of a loop anew what arrays these are. */
function copyFew(to: TypedArray, from: TypedArray, size: number): void {
  let i = 0
  for (; i + 3 < size; i += 4) {
    to[i] = from[i]
    to[i + 1] = from[i + 1]
    to[i + 2] = from[i + 2]
    to[i + 3] = from[i + 3]
  }
  for (; i < size; i++) to[i] = from[i]
}

/** A matrix among the arguments: whatever has its shape may be given, and is copied to where the program reads it. */
export class Input {
  readonly matrix: Matrix
  place: TypedArray
  /** What was given last. */
  private given: Matrix
  private readonly size: number
  /** Only float32: the loop is faster where it sees arrays of one type. */
  private readonly isFew: boolean

  constructor({ elements, rows, cols }: Matrix) {
    this.matrix = new Matrix(elements, rows, cols)
    this.place = elements
    this.given = this.matrix
    this.size = elements.length
    this.isFew = this.size <= FEW && this.matrix.dtype === 'float32'
  }

  /** Whether this may be given, and then it is. */
  accepts(argument: unknown): boolean {
    if (argument === this.given) return true
    const { rows, cols, dtype } = this.matrix
    if (!(argument instanceof Matrix) || argument.rows !== rows || argument.cols !== cols || argument.dtype !== dtype)
      return false
    this.given = argument
    return true
  }

  /** Copies what was given. */
  copyIn(): void {
    const { place, size } = this
    const { elements } = this.given
    if (this.isFew) copyFew(place, elements, size)
    else place.set(elements)
  }
}

/**
 * Whether an argument is what it must be for a program to serve: a matrix of one shape, alone or in a constant variable; an
 * array or object of such; or the same as it was. Its matrices are given to the inputs.
 */
export type Pattern = (argument: unknown) => boolean

/** Whether a value is an object without a class. */
export const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** A variable that is computed with but never differentiated: it stands for its value. */
const isConstant = (value: unknown): value is Variable => value instanceof Variable && !value.requiresGrad

/** Whether an argument has a history that a compiled function would cut off. */
export const hasHistory = (value: unknown): boolean =>
  value instanceof Variable
    ? value.origin !== null && isRecording()
    : Array.isArray(value)
      ? value.some(hasHistory)
      : isPlain(value) && Object.values(value).some(hasHistory)

/**
 * The pattern of an argument, and the same argument with matrices of its own, so that the traced function cannot tell it
 * apart from others of its pattern.
 */
export function patternOf(argument: unknown, inputs: Input[]): [pattern: Pattern, own: unknown] {
  if (argument instanceof Matrix || isConstant(argument)) {
    const input = new Input(argument instanceof Matrix ? argument : argument.value)
    inputs.push(input)
    return argument instanceof Matrix
      ? [(given) => input.accepts(given), input.matrix]
      : [(given) => isConstant(given) && input.accepts(given.value), new Variable(input.matrix, false)]
  }
  if (!Array.isArray(argument) && !isPlain(argument)) return [(given) => Object.is(given, argument), argument]
  const keys = Object.keys(argument)
  const pairs = keys.map((key) => patternOf((argument as Record<string, unknown>)[key], inputs))
  const patterns = pairs.map(([pattern]) => pattern)
  return Array.isArray(argument)
    ? [(given) => Array.isArray(given) && fit(patterns, given, keys), pairs.map(([, own]) => own)]
    : [
        (given) => isPlain(given) && fit(patterns, given, keys),
        Object.fromEntries(pairs.map(([, own], i) => [keys[i], own])),
      ]
}

/** Whether the parts of an array or object have these keys and patterns. */
function fit(patterns: readonly Pattern[], parts: object, keys: readonly string[]): boolean {
  let count = 0
  for (const _ in parts) count++
  if (count !== keys.length) return false
  for (let i = 0; i < keys.length; i++) if (!patterns[i]((parts as Record<string, unknown>)[keys[i]])) return false
  return true
}
