import { isOfAnotherCopy } from './copies.ts'
import { DTypeError, ShapeError } from './errors.ts'

/** Rows and columns of a matrix. */
export type Shape<R extends number = number, C extends number = number> = readonly [rows: R, cols: C]

/** Reductions run down the rows (0, result 1xn), along the columns (1, result mx1) or over everything (absent, 1x1). */
export type Axis = 0 | 1

export const formatShape = ([rows, cols]: Shape): string => `${rows}x${cols}`

/** The most characters of a text, and names of a list, that a message shows. */
const SHOWN_CHARACTERS = 80
const SHOWN_NAMES = 10

/** A text from outside, as an error message shows it: its beginning, on one line. */
export function shorten(text: string): string {
  const start = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
  return JSON.stringify(start).slice(1, -1)
}

/** The first of some names, and how many more there are. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map(shorten)
  const more = names.length > SHOWN_NAMES ? [`${names.length - SHOWN_NAMES} more`] : []
  return [...shown, ...more].join(', ') || 'none'
}

/** What a value from an untyped caller is, for an error message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `"${shorten(value)}"`
  if (typeof value === 'bigint') return `${shorten(String(value))}n`
  if (typeof value === 'function') return value.name ? `the function ${shorten(value.name)}` : 'a function'
  if (value === null || typeof value !== 'object') return shorten(String(value))
  if (Array.isArray(value)) return 'an array'
  const name = shorten(String(value.constructor?.name || 'an object'))
  return isOfAnotherCopy(value) ? `${name} from another copy of @matgrad/core, of which two are loaded` : name
}

/** @throws DTypeError unless `value` is a whole number; ShapeError unless it is in [low, high]. */
export function checkInteger(operation: string, what: string, value: number, low: number, high: number): void {
  if (!(Number.isInteger(value) && value >= low && value <= high)) throw integerError(operation, what, value, low, high)
}

/** Apart from the check, which every new matrix makes: V8 inlines what is short. */
function integerError(operation: string, what: string, value: number, low: number, high: number): Error {
  if (!Number.isInteger(value))
    return new DTypeError(`${operation}: ${what} is ${describe(value)}, wanted a whole number`)
  const wanted = high === Number.MAX_SAFE_INTEGER ? `at least ${low}` : `${low} to ${high}`
  return new ShapeError(`${operation}: ${what} is ${value}, wanted ${wanted}`)
}

/**
 * What is wrong with an index that is none below `limit`; `which` says where it stands: `row 3 has class`. A fraction gets a hint.
 */
export function indexError(operation: string, which: string, value: number, limit: number, hint = ''): Error {
  const got = `${operation}: ${which} ${value}`
  if (limit === 0) return new ShapeError(`${got} of 0, wanted at least one to choose from`)
  const wanted = limit === 1 ? '0' : limit === 2 ? '0 or 1' : `0 to ${limit - 1}`
  if (Number.isInteger(value)) return new ShapeError(`${got}, wanted ${wanted}`)
  const isFraction = Number.isFinite(value)
  return new DTypeError(
    `${got}, wanted a whole number${limit > 2 ? ` from ${wanted}` : `, ${wanted}`}${isFraction ? hint : ''}`,
  )
}

/** The most elements a matrix may have: a float64 matrix of this size fills the 4 GiB that WebAssembly can address. */
export const MAX_SIZE: number = 2 ** 29

/** @throws DTypeError or ShapeError unless rows and cols are whole numbers from 0 and their product can be addressed. */
export function checkShape(operation: string, rows: number, cols: number): void {
  checkInteger(operation, 'the number of rows', rows, 0, Number.MAX_SAFE_INTEGER)
  checkInteger(operation, 'the number of columns', cols, 0, Number.MAX_SAFE_INTEGER)
  if (rows * cols > MAX_SIZE)
    throw new ShapeError(`${operation}: ${rows}x${cols} is ${rows * cols} elements, wanted at most ${MAX_SIZE}`)
}

/** @throws DTypeError unless `value` is a number (NaN and the infinities are numbers). */
export function checkNumber(operation: string, what: string, value: number): void {
  if (typeof value !== 'number') throw new DTypeError(`${operation}: ${what} is ${describe(value)}, wanted a number`)
}

/** @throws ShapeError unless `axis` is 0, 1 or absent. */
export function checkAxis(operation: string, axis: Axis | undefined): void {
  if (axis !== undefined && axis !== 0 && axis !== 1)
    throw new ShapeError(`${operation}: axis is ${describe(axis)}, wanted 0, 1 or none${meantBy(operation, axis)}`)
}

/** What somebody meant who gave an axis in an object, or counted from the end. */
function meantBy(operation: string, axis: unknown): string {
  const [number] = Object(axis) === axis ? Object.values(axis as object) : [axis]
  const meant = number === -1 ? 1 : number === -2 ? 0 : number
  return meant === 0 || meant === 1 ? `: did you mean ${operation}(${meant})?` : ''
}

/** @throws ShapeError unless `a` and `b` have as many rows; before each stands what it is. */
export function checkRows(operation: string, left: string, a: Shape, right: string, b: Shape): void {
  if (a[0] !== b[0])
    throw new ShapeError(`${operation}: ${left} ${formatShape(a)}, ${right} ${formatShape(b)}, wanted as many rows`)
}

/** The shape that a reduction along `axis` leaves. */
export const reducedShape = ([rows, cols]: Shape, axis?: Axis): Shape =>
  axis === undefined ? [1, 1] : axis === 0 ? [1, cols] : [rows, 1]

/** How many elements of a matrix of this shape lie on one line along `axis`. */
export const lineLength = (shape: Shape, axis?: Axis): number =>
  axis === undefined ? shape[0] * shape[1] : shape[axis]

/** The lines along `axis`: their number, the step between their starts, their length, the step within. */
export function lineLayout([rows, cols]: Shape, axis?: Axis): [number, number, number, number] {
  if (axis === undefined) return [1, 0, rows * cols, 1]
  return axis === 0 ? [cols, 1, rows, cols] : [rows, cols, cols, 1]
}

/**
 * The shape that `a` and `b` broadcast to: in each direction the sizes match or one of them is 1.
 *
 * @throws ShapeError when they do not.
 */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  const fits = (m: number, n: number): boolean => m === n || m === 1 || n === 1
  if (!fits(a[0], b[0]) || !fits(a[1], b[1]))
    throw new ShapeError(
      `${operation}: left is ${formatShape(a)}, right is ${formatShape(b)}, wanted sizes that match or are 1`,
    )
  return [a[0] === 1 ? b[0] : a[0], a[1] === 1 ? b[1] : a[1]]
}

/** The size that A and B broadcast to, as a type. */
export type BroadcastSize<A extends number, B extends number> = number extends A
  ? number extends B
    ? number
    : B extends 1
      ? number
      : B
  : A extends 1
    ? B
    : A

/** `unknown` where sizes broadcast, as every size does with itself and 1, or may be to, else the message. */
type CheckFit<A extends number, B extends number, Message extends string> = number extends A | B
  ? unknown
  : [A] extends [B | 1]
    ? unknown
    : [B] extends [1]
      ? unknown
      : Message

/** `unknown` where the shapes broadcast; where they do not, a message that no operand is assignable to. */
export type CheckBroadcast<
  Name extends string,
  R1 extends number,
  C1 extends number,
  R2 extends number,
  C2 extends number,
  Message extends string = `${Name}: left is ${R1}x${C1}, right is ${R2}x${C2}`,
> = CheckFit<R1, R2, Message> & CheckFit<C1, C2, Message>

/** `unknown` where sizes are the same, which one type parameter is with itself, or may be, else the message. */
type CheckSame<A extends number, B extends number, Message extends string> = number extends A | B
  ? unknown
  : [A] extends [B]
    ? unknown
    : [A & B] extends [never]
      ? Message
      : unknown

/** `unknown` where `Inner` columns can meet `Other` rows in a product, else a message that no operand is assignable to. */
export type CheckMatmul<Inner extends number, Other extends number> = CheckSame<
  Inner,
  Other,
  `matmul: left has ${Inner} columns, right has ${Other} rows`
>

/** `unknown` where a matrix is square, or may be, else a message that no operand is assignable to. */
export type CheckSquare<Name extends string, R extends number, C extends number> = CheckSame<
  R,
  C,
  `${Name}: a is ${R}x${C}, wanted a square matrix`
>

/** `unknown` where a and b have as many rows, or may have, else a message that no operand is assignable to. */
export type CheckRows<
  Name extends string,
  R1 extends number,
  C1 extends number,
  R2 extends number,
  C2 extends number,
> = CheckSame<R1, R2, `${Name}: a is ${R1}x${C1}, b is ${R2}x${C2}, wanted as many rows`>

/** The size of a reduced direction: 1 where `A` covers it. */
export type ReducedRows<R extends number, A> = A extends 1 ? R : A extends 0 | undefined ? 1 : number
export type ReducedCols<C extends number, A> = A extends 0 ? C : A extends 1 | undefined ? 1 : number
