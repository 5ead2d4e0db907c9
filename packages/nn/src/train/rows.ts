import { type DType, DTypeError, getDefaultDtype, MatgradError, Matrix, matrix, ShapeError } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  didYouMean,
  dtypeName,
  elementsOf,
  formatShape,
  isPlain,
  kind,
  listNames,
  names,
  readerOf,
  required,
  shorten,
  suggestion,
} from '@matgrad/core/internal'
import type { Dataset } from './data.ts'

/** A sample as an object, such as a line of a table. */
export type Row = Readonly<Record<string, number | string>>

export interface FromRowsOptions {
  /** The names of the columns of x, numbers. @default all but those of the target */
  readonly features?: readonly string[]
  /** The name of the column of y, numbers or the names of classes; or the names of several, numbers. */
  readonly target: string | readonly string[]
  /**
   * The names of the classes, such as those of another dataset, so that class i is the same in both.
   *
   * @default those in the rows, sorted
   */
  readonly classes?: readonly string[] | undefined
  /** @default the default dtype */
  readonly dtype?: DType
}

const readFromRows = readerOf({
  features: names(),
  classes: names(),
  target: required(
    kind<string | readonly string[]>(
      'a name or an array of names',
      (value) => typeof value === 'string' || names().accepts(value),
    )(),
  ),
  dtype: dtypeName(),
})

/**
 * Samples and targets of rows, the names of the features, and of the classes where the target are names: class i is `classes[i]`.
 */
export interface RowsDataset extends Dataset {
  readonly features: readonly string[]
  readonly classes?: readonly string[] | undefined
}

/**
 * A dataset of rows that are objects, such as `readCsv` gives: x (n x features) and y (nx1, or a column for each target). A
 * target of strings becomes the numbers of classes, in alphabetical order unless `classes` has another.
 *
 * Default: features all but the target, in the order of the first row.
 *
 * @throws DTypeError for rows that are no objects, other options, a feature that is no number, which `oneHot` may be made of,
 * and a target some of whose strings are numbers, unless `classes` names them; MatgradError for no rows, and for a name that a
 * row does not have, or `classes`.
 */
export function fromRows(rows: readonly Row[], options: FromRowsOptions, ...more: []): RowsDataset {
  checkNoMore('fromRows', 'rows, options', more)
  const { features: asked, classes: known, target, dtype = getDefaultDtype() } = readFromRows('fromRows', options)
  if (!Array.isArray(rows)) throw new DTypeError(`fromRows: rows are ${describe(rows)}, wanted an array of objects`)
  if (rows.length === 0) throw new MatgradError('fromRows: got no rows, wanted at least one')
  for (const [i, row] of rows.entries())
    if (!isPlain(row)) throw new DTypeError(`fromRows: row ${i} is ${describe(row)}, wanted an object`)
  const targets = typeof target === 'string' ? [target] : target
  const isNamed = known !== undefined || (targets.length === 1 && typeof cellOf(rows[0], 0, targets[0]) === 'string')
  const named = isNamed ? classesOf(rows, targets, known, dtype) : { y: numbersOf(rows, targets, dtype, '') }
  const features = asked ?? Object.keys(rows[0]).filter((name) => !targets.includes(name))
  const x = numbersOf(
    rows,
    features,
    dtype,
    ': make a column for each of its values, as oneHot does, or leave it out of features',
  )
  return { x, features, ...named }
}

/** A number as CSV has them, with spaces around it. */
export const isNumber = (cell: string): boolean => /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(cell.trim())

/** The numbers of classes by their names. */
function classesOf(
  rows: readonly Row[],
  [target, ...others]: readonly string[],
  known: readonly string[] | undefined,
  dtype: DType,
): Pick<RowsDataset, 'y' | 'classes'> {
  if (others.length > 0)
    throw new MatgradError(`fromRows: got classes and ${others.length + 1} targets, wanted classes of one`)
  const names = rows.map((row, i) => nameOf(cellOf(row, i, target), i, target))
  const classes = known ?? [...new Set(names)].sort()
  const number = classes.find(isNumber)
  const word = classes.find((name) => !isNumber(name))
  if (known === undefined && number !== undefined && word !== undefined)
    throw new DTypeError(
      `fromRows: ${shorten(target)} is ${describe(number)} and ${describe(word)}, wanted numbers alone, names of classes alone, or the option classes`,
    )
  const indices = new Map(classes.map((name, index) => [name, index]))
  const y = names.map((name, i) => {
    const index = indices.get(name)
    if (index !== undefined) return [index]
    throw new MatgradError(
      `fromRows: ${shorten(target)} of row ${i} is ${describe(name)}, wanted one of ${listNames(classes)}`,
    )
  })
  return { y: matrix(y, { dtype }), classes }
}

function cellOf(row: Row, i: number, name: string): number | string {
  if (Object.hasOwn(row, name)) return row[name]
  throw new MatgradError(
    `fromRows: row ${i} has no ${shorten(name)}, wanted one of ${listNames(Object.keys(row))}${didYouMean(suggestion(name, Object.keys(row)))}`,
  )
}

function nameOf(value: unknown, i: number, name: string): string {
  if (typeof value === 'string') return value
  throw new DTypeError(`fromRows: ${shorten(name)} of row ${i} is ${describe(value)}, wanted the name of a class`)
}

/** A column for each name. `instead` ends the message for what is no number. */
function numbersOf(rows: readonly Row[], names: readonly string[], dtype: DType, instead: string): Matrix {
  const data = new Float64Array(rows.length * names.length)
  for (const [i, row] of rows.entries())
    for (const [j, name] of names.entries()) {
      const value = cellOf(row, i, name)
      if (typeof value !== 'number')
        throw new DTypeError(`fromRows: ${shorten(name)} of row ${i} is ${describe(value)}, wanted a number${instead}`)
      data[i * names.length + j] = value
    }
  return matrix(data, rows.length, names.length).astype(dtype)
}

export interface ToRowsOptions {
  /** The names of the classes whose numbers the matrix has, such as those of `fromRows`. @default none: rows of numbers */
  readonly classes?: readonly string[] | undefined
}

/** What cells are with these classes: either, where there may be none. */
type Cell<Classes> = Classes extends readonly string[] ? string : number

/** A name for each column, or a message that no names are assignable to. */
type NamesFor<Names extends readonly string[], C extends number> = number extends C | Names['length']
  ? unknown
  : Names['length'] extends C
    ? unknown
    : `toRows: got ${Names['length']} names, the matrix has ${C} columns`

const readToRows = readerOf({ classes: names() })

/**
 * The rows of a matrix, such as predictions, as objects with a name for each column; with `classes` it has their numbers, as y
 * of `fromRows` and `argmax(1)` do, and the objects their names.
 *
 * Default: classes none.
 *
 * @throws ShapeError for more or fewer names than columns, and a number that no class has; DTypeError for one that is not
 * whole, what is no matrix or names, and other options; MatgradError for a name twice.
 */
export function toRows<
  C extends number,
  const Names extends readonly string[],
  Options extends ToRowsOptions = { readonly classes?: undefined },
>(
  a: Matrix<number, C>,
  columns: Names & NamesFor<Names, C>,
  options?: Options,
  ...more: []
): Record<Names[number], Cell<Options['classes']>>[]
export function toRows(a: Matrix, columns: readonly string[], options?: ToRowsOptions, ...more: []): Row[] {
  checkNoMore('toRows', 'a, columns, options', more)
  const { classes } = readToRows('toRows', options)
  if (!(a instanceof Matrix)) throw new DTypeError(`toRows: a is ${describe(a)}, wanted a Matrix`)
  if (!names().accepts(columns))
    throw new DTypeError(`toRows: columns are ${describe(columns)}, wanted an array of names`)
  if (columns.length !== a.cols)
    throw new ShapeError(`toRows: got ${columns.length} names, a is ${formatShape(a.shape)}, wanted ${a.cols}`)
  const twice = columns.find((name, j) => columns.indexOf(name) !== j)
  if (twice !== undefined)
    throw new MatgradError(`toRows: ${shorten(twice)} is there twice, wanted a name for each column`)
  const elements = elementsOf('toRows', a)
  const cellOf = (i: number, j: number): number | string => {
    const value = elements[i * columns.length + j]
    if (classes === undefined) return value
    checkInteger('toRows', `${shorten(columns[j])} of row ${i}`, value, 0, classes.length - 1)
    return classes[value]
  }
  return Array.from({ length: a.rows }, (_, i) => Object.fromEntries(columns.map((name, j) => [name, cellOf(i, j)])))
}
