import { Matrix, type TypedArray } from '@matgrad/core'
import { isRecording } from '../recording.ts'
import { Variable } from '../variable.ts'

/** Up to this many elements a loop copies faster than `set`. */
const SMALL = 12

/** A matrix among the arguments: whatever has its shape may be given, and is copied to where the program reads it. */
export interface Input {
  readonly matrix: Matrix
  place: TypedArray
}

/**
 * What an argument must be for a program to serve: a matrix of one shape, alone or in a constant variable; an array or
 * object of such; or the same as it was.
 */
export type Pattern =
  | { readonly kind: 'matrix'; readonly input: Input; readonly variable: boolean }
  | {
      readonly kind: 'parts'
      readonly keys: readonly string[]
      readonly parts: readonly Pattern[]
      readonly list: boolean
    }
  | { readonly kind: 'same'; readonly value: unknown }

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
    const { elements, rows, cols } = argument instanceof Matrix ? argument : argument.value
    const matrix = new Matrix(elements, rows, cols)
    const input = { matrix, place: elements }
    inputs.push(input)
    const variable = argument instanceof Variable
    return [{ kind: 'matrix', input, variable }, variable ? new Variable(matrix, false) : matrix]
  }
  if (!Array.isArray(argument) && !isPlain(argument)) return [{ kind: 'same', value: argument }, argument]
  const keys = Object.keys(argument)
  const pairs = keys.map((key) => patternOf((argument as Record<string, unknown>)[key], inputs))
  const list = Array.isArray(argument)
  const own = list ? pairs.map(([, each]) => each) : Object.fromEntries(pairs.map(([, each], i) => [keys[i], each]))
  return [{ kind: 'parts', keys, parts: pairs.map(([pattern]) => pattern), list }, own]
}

/** Whether an argument has this pattern. */
export function matches(pattern: Pattern, argument: unknown): boolean {
  if (pattern.kind === 'same') return Object.is(argument, pattern.value)
  if (pattern.kind === 'matrix') {
    const { rows, cols, dtype } = pattern.input.matrix
    const given = pattern.variable ? isConstant(argument) && argument.value : argument
    return given instanceof Matrix && given.rows === rows && given.cols === cols && given.dtype === dtype
  }
  if (Array.isArray(argument) !== pattern.list || (!pattern.list && !isPlain(argument))) return false
  const { keys, parts } = pattern
  let count = 0
  for (const _ in argument as object) count++
  if (count !== keys.length) return false
  for (let i = 0; i < keys.length; i++)
    if (!matches(parts[i], (argument as Record<string, unknown>)[keys[i]])) return false
  return true
}

/** Copies the matrices of an argument that matches to where the program reads them. */
export function copyIn(pattern: Pattern, argument: unknown): void {
  if (pattern.kind === 'matrix') {
    const { elements } = pattern.variable ? (argument as Variable).value : (argument as Matrix)
    const { place } = pattern.input
    if (place.length > SMALL) place.set(elements)
    else for (let i = 0; i < place.length; i++) place[i] = elements[i]
  } else if (pattern.kind === 'parts')
    for (let i = 0; i < pattern.keys.length; i++)
      copyIn(pattern.parts[i], (argument as Record<string, unknown>)[pattern.keys[i]])
}
