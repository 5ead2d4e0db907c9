import { DTypeError, MatgradError, Matrix, type TypedArray } from '@matgrad/core'
import { describe, formatShape, type Holder, isPlain } from '@matgrad/core/internal'
import { isRecording } from '../recording.ts'
import { branchOf, checkDepth, isBranch, keysOf, nameOf, someLeaf } from '../tree.ts'
import { isCut, Variable } from '../variable.ts'

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
  /** The matrix that it was made for. */
  readonly source: Matrix
  place: TypedArray
  /** What was given last, which `copyIn` copies. */
  given: Matrix
  /** What may not be given, because the function changes it under another name. */
  refused: ReadonlySet<Holder> | null = null
  private readonly size: number
  /** Only float32: the loop is faster where it sees arrays of one type. */
  private readonly isFew: boolean

  constructor(source: Matrix) {
    const { elements, rows, cols } = source
    this.source = source
    this.matrix = new Matrix(elements, rows, cols)
    this.place = elements
    this.given = this.matrix
    this.size = elements.length
    this.isFew = this.size <= FEW && this.matrix.dtype === 'float32'
  }

  /** Whether this may be given. */
  accepts(argument: unknown): boolean {
    if (argument === this.given) return true
    const { rows, cols, dtype } = this.matrix
    if (!(argument instanceof Matrix) || argument.rows !== rows || argument.cols !== cols || argument.dtype !== dtype)
      return false
    // What has never been changed has no version.
    return argument.version === 0 || !this.refused?.has(argument)
  }

  /** Takes what it accepts. */
  give(argument: unknown): void {
    this.given = argument as Matrix
  }

  /** Copies what was given. @throws MatgradError if its elements were taken away. */
  copyIn(): void {
    const { place, size } = this
    const { elements } = this.given
    if (elements.length !== size) throw lost(this.given)
    if (this.isFew) copyFew(place, elements, size)
    else place.set(elements)
  }
}

const lost = ({ shape }: Matrix): MatgradError =>
  new MatgradError(`compile: the elements of an argument, ${formatShape(shape)}, were detached or resized`)

/** What an argument must be for a program to serve. */
export interface Pattern {
  /** That of a matrix by itself, which may be asked in place of the pattern: V8 then knows whom it calls. */
  readonly input?: Input
  /** Whether it is: a matrix of one shape, alone or in a constant variable; an array or object of such; or the same as it was. */
  accepts(argument: unknown): boolean
  /** Gives the matrices in it, which is accepted, to their inputs. */
  give(argument: unknown): void
  /** Why it is not, for people. */
  differs(argument: unknown): string
}

/** An argument as a traced function gets it, which cannot tell it apart from others of its pattern. */
export interface Stand {
  readonly pattern: Pattern
  readonly own: unknown
  /** Whether the function left arrays and objects as they were. */
  isIntact(): boolean
}

/** A variable that is computed with but never differentiated: it stands for its value. */
const isConstant = (value: unknown): value is Variable =>
  value instanceof Variable && (!value.requiresGrad || isCut(value))

/** Whether an argument has a history that a compiled function would cut off. */
export const hasHistory = (value: unknown): boolean =>
  someLeaf(
    'compile',
    'an argument',
    value,
    (leaf) => leaf instanceof Variable && leaf.origin !== null && isRecording() && !isCut(leaf),
  )

const formOf = (value: unknown): string =>
  value instanceof Matrix || value instanceof Variable ? `${formatShape(value.shape)} ${value.dtype}` : describe(value)

/** A matrix, or a constant variable of one. */
function standForMatrix(argument: Matrix | Variable, inputs: Input[]): Stand {
  const input = new Input(argument instanceof Matrix ? argument : argument.value)
  inputs.push(input)
  const own = argument instanceof Matrix ? input.matrix : new Variable(input.matrix, false)
  const differs = (given: unknown): string => `is ${formOf(given)} after ${formOf(argument)}`
  const pattern: Pattern =
    argument instanceof Matrix
      ? { input, accepts: (given) => input.accepts(given), give: (given) => input.give(given), differs }
      : {
          accepts: (given) => isConstant(given) && input.accepts(given.value),
          give: (given) => input.give((given as Variable).value),
          differs,
        }
  return { pattern, own, isIntact: () => true }
}

/** What holds contents that may change unseen. Pages that are not isolated have no shared buffers. */
const CONTAINERS = [
  ...[Map, Set, Date, ArrayBuffer],
  ...(typeof SharedArrayBuffer === 'undefined' ? [] : [SharedArrayBuffer]),
]

/** What counts by its identity: a number, a string, a variable that requires a gradient, an object of a class. */
function standForItself(argument: unknown, what: string): Stand {
  if (CONTAINERS.some((type) => argument instanceof type) || ArrayBuffer.isView(argument))
    throw new DTypeError(
      `compile: ${what} is ${describe(argument)}, whose contents may change unseen, wanted a Matrix, an array or a plain object`,
    )
  const accepts = (given: unknown): boolean => Object.is(given, argument)
  const differs = (given: unknown): string =>
    typeof given === 'number' && typeof argument === 'number'
      ? `is a number that changes, ${given} after ${argument}`
      : `is ${describe(given)} after another ${describe(argument)}`
  return { pattern: { accepts, give() {}, differs }, own: argument, isIntact: () => true }
}

/**
 * What stands for an argument while a function is traced; its matrices are added to `inputs`.
 *
 * @param what what it is, for messages
 * @param above the arrays and objects that it is in
 * @throws DTypeError for what may change unseen, has holes or symbols, or contains itself.
 */
export function standFor(argument: unknown, inputs: Input[], what: string, above: readonly unknown[] = []): Stand {
  if (argument instanceof Matrix || isConstant(argument)) return standForMatrix(argument, inputs)
  if (!isBranch(argument)) return standForItself(argument, what)
  checkDepth('compile', argument, what, above)
  const keys = keysOf('compile', argument, what)
  const isArray = Array.isArray(argument)
  const inside = [...above, argument]
  const parts = keys.map((key) => standFor(argument[key], inputs, nameOf(what, argument, key), inside))
  const patterns = parts.map(({ pattern }) => pattern)
  const owns = parts.map(({ own }) => own)
  const own = branchOf(argument, keys, owns)
  const isKind = (given: unknown): given is Record<string, unknown> => (isArray ? Array.isArray(given) : isPlain(given))
  return {
    pattern: {
      accepts: (given) => isKind(given) && fit(patterns, given, keys),
      give(given) {
        for (const [i, key] of keys.entries()) patterns[i].give((given as Record<string, unknown>)[key])
      },
      differs: (given) => (isKind(given) ? whyUnfit(patterns, given, keys) : `is ${describe(given)}`),
    },
    own,
    isIntact: () =>
      Object.keys(own).length === keys.length &&
      keys.every((key, i) => Object.is(own[key], owns[i])) &&
      parts.every((part) => part.isIntact()),
  }
}

/** Whether the parts of an array or object have these keys, in this order and no others, and these patterns. */
function fit(patterns: readonly Pattern[], parts: object, keys: readonly string[]): boolean {
  let count = 0
  for (const key in parts) if (key !== keys[count++]) return false
  if (count !== keys.length || (Array.isArray(parts) && parts.length !== count)) return false
  const all = Reflect.ownKeys(parts).length
  if (all !== (Array.isArray(parts) ? count + 1 : count)) return false
  for (let i = 0; i < keys.length; i++)
    if (!patterns[i].accepts((parts as Record<string, unknown>)[keys[i]])) return false
  return true
}

function whyUnfit(patterns: readonly Pattern[], parts: Record<string, unknown>, keys: readonly string[]): string {
  const present = Object.keys(parts)
  if (present.length !== keys.length || keys.some((key, i) => key !== present[i]))
    return `has ${present.join(', ') || 'nothing'} after ${keys.join(', ') || 'nothing'}`
  const i = patterns.findIndex((pattern, at) => !pattern.accepts(parts[keys[at]]))
  return i < 0 ? 'is the same' : `has ${keys[i]}, which ${patterns[i].differs(parts[keys[i]])}`
}
