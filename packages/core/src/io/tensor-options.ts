import { MatgradError, ShapeError } from '../base/errors.ts'
import { didYouMean, isPlain, kind, names as listOfNames, readerOf, suggestion } from '../base/options.ts'
import { describe, listNames, shorten } from '../base/shape.ts'

/** Which tensors of a file are read, and how. */
export interface TensorOptions {
  /** @default all */
  readonly names?: readonly string[]
  /**
   * The rows and columns of tensors, above all of more than two dimensions, whose elements go row by row; one of them may be
   * −1, which is then found from the others.
   *
   * @default as the file has it
   */
  readonly shapes?: Readonly<Record<string, readonly [rows: number, cols: number]>>
}

const readOptions = readerOf({
  names: listOfNames(),
  shapes: kind<NonNullable<TensorOptions['shapes']>>('[rows, cols] by name', isPlain)(),
})

/** Such options, complete. @throws DTypeError for others. */
export function readTensorOptions(
  operation: string,
  options: unknown,
): { names: TensorOptions['names'] | undefined; shapes: NonNullable<TensorOptions['shapes']> } {
  const { names, shapes = {} } = readOptions(operation, options)
  return { names, shapes }
}

/** @throws MatgradError for a name that a file does not have among its own. */
export function checkNames(operation: string, what: string, names: readonly string[], own: readonly string[]): void {
  const known = new Set(own)
  for (const name of names)
    if (!known.has(name))
      throw new MatgradError(
        `${operation}: the file has no ${what} ${shorten(name)}, wanted one of ${listNames(own)}${didYouMean(suggestion(name, own))}`,
      )
}

/** Rows and columns for as many elements as a tensor of this shape has. @throws ShapeError where there are none. */
export function sizesFor(
  operation: string,
  name: string,
  wanted: unknown,
  shape: readonly number[],
): readonly number[] {
  const size = shape.reduce((product, each) => product * each, 1)
  if (!Array.isArray(wanted) || wanted.length !== 2)
    throw new ShapeError(`${operation}: the shape of ${shorten(name)} is ${describe(wanted)}, wanted [rows, cols]`)
  const [rows, cols] = wanted.map((each, i) => (each === -1 ? size / wanted[1 - i] : each))
  if (![rows, cols].every((each) => Number.isInteger(each) && each >= 0) || rows * cols !== size)
    throw new ShapeError(
      `${operation}: ${shorten(name)} is (${shorten(shape.join(', '))}), wanted sizes of ${size} elements, not [${wanted.join(', ')}]`,
    )
  return [rows, cols]
}
