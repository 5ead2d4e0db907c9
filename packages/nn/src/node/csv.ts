import { FormatError, MatgradError } from '@matgrad/core'
import {
  checkNoMore,
  describe,
  didYouMean,
  flag,
  isPlain,
  kind,
  listNames,
  oneOf,
  readerOf,
  shorten,
  suggestion,
  text,
} from '@matgrad/core/internal'
import { isNumber, type Row } from '../train/rows.ts'
import { checkPath, decodeFile, type FileUrl } from './files.ts'

type ColumnType = 'number' | 'string'

export interface CsvOptions {
  /** What is between two cells. @default ',' */
  readonly delimiter?: string
  /** Whether the first line has the names of the columns; they are '0', '1', … otherwise. @default true */
  readonly header?: boolean
  /** What columns are. @default numbers where all cells are */
  readonly types?: Readonly<Record<string, ColumnType>>
  /** Whether an empty cell in a column of numbers is an error, or NaN. @default 'error' */
  readonly missing?: 'error' | 'nan'
}

const readOptions = readerOf({
  delimiter: text(','),
  header: flag(true),
  types: kind<NonNullable<CsvOptions['types']>>(
    "'number' or 'string' by name",
    (value) => isPlain(value) && Object.values(value).every((each) => each === 'number' || each === 'string'),
  )(),
  missing: oneOf('error', 'nan')('error'),
})

/** The ends of lines, in the order in which they are looked for. */
const ENDS = ['\r\n', '\n', '\r']
/** What csvLogger writes where a number has no digits. */
const NAMED: readonly string[] = ['NaN', 'Infinity', '-Infinity']

/** The digits of a number that say which one it is. */
const digitsOf = (number: string): string =>
  number
    .replace(/e.*/, '')
    .replace(/\D/g, '')
    .replace(/^0+|0+$/g, '')

/** Whether a whole number, such as that of an account, would have other digits as a float64. */
const losesDigits = (text: string, x: number): boolean =>
  !Number.isSafeInteger(x) &&
  /^[+-]?\d+$/.test(text) &&
  BigInt(text) !== BigInt(x) &&
  digitsOf(text) !== digitsOf(String(x))

/** The number that a cell has, with spaces around it; undefined where it has none that float64 holds. */
function numberIn(cell: string): number | undefined {
  const text = cell.trim()
  if (NAMED.includes(text)) return Number(text)
  const x = isNumber(text) ? Number(text) : Number.POSITIVE_INFINITY
  return Number.isFinite(x) && !losesDigits(text, x) ? x : undefined
}

/**
 * The lines of a CSV file (RFC 4180: quotes, any ends of lines; UTF-8, with a byte order mark or without) as objects of numbers
 * and strings, which `fromRows` makes a dataset of. A number is a decimal one, `NaN`, `Infinity` or `-Infinity`, as `csvLogger`
 * writes them, but none beyond float64, and no whole number of more digits than it holds, which an identifier may be.
 *
 * Defaults: delimiter ',', header true, missing 'error'.
 *
 * @throws FormatError for a line with more or fewer cells than the first, quotes that do not end, another encoding, a column
 * with the name of another, a header of numbers alone that do not count from 0, or with a fraction, unless `types` says what a
 * column is, and a cell that is no number where the type says so; MatgradError for a delimiter of quotes or ends of lines, a
 * type of a column that is not there, and, with its code, for what the file system refuses. All name the file.
 */
export async function readCsv(path: string | FileUrl, options?: CsvOptions, ...more: []): Promise<Row[]> {
  checkNoMore('readCsv', 'path, options', more)
  const file = checkPath('readCsv', path)
  const { delimiter, header, types = {}, missing } = readOptions('readCsv', options)
  if (delimiter === '' || /["\r\n]/.test(delimiter))
    throw new MatgradError(`readCsv: delimiter is ${describe(delimiter)}, wanted what is between two cells of a line`)
  const { parse } = await import('csv-parse/sync')
  return decodeFile('readCsv', file, (bytes) => {
    const lines = parseWith(() => {
      const table = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
      const settings = { delimiter, record_delimiter: ENDS }
      const [first = []]: string[][] = parse(table, { ...settings, to: 1, skip_empty_lines: true })
      // Where there is one column, an empty line is a cell without anything, but for those before the names and at the end.
      if (first.length === 1) return parse(withinEnds(table, header), settings) as string[][]
      return parse(table, { ...settings, skip_empty_lines: true }) as string[][]
    })
    const names = header ? (lines.shift() ?? []) : (lines[0] ?? []).map((_, i) => String(i))
    if (isOfNumbers(names) && Object.keys(types).length === 0)
      throw new FormatError(`the first line is ${listNames(names)}, wanted names of columns, or header: false`)
    for (const [i, name] of names.entries())
      if (names.indexOf(name) !== i)
        throw new FormatError(`two columns are called ${shorten(name)}, wanted a name for each`)
    for (const name of Object.keys(types))
      if (!names.includes(name))
        throw new MatgradError(
          `types has ${shorten(name)}, wanted names of columns, ${listNames(names)}${didYouMean(suggestion(name, names))}`,
        )
    const columns = names.map((name, j) => {
      const type = Object.hasOwn(types, name) ? types[name] : typeOf(lines, j)
      return (cell: string, i: number) =>
        type === 'string' ? cell : numberOf(cell, name, i + (header ? 2 : 1), missing)
    })
    return lines.map((cells, i) => Object.fromEntries(cells.map((cell, j) => [names[j], columns[j](cell, i)])))
  })
}

/** Whether names are rather a sample: a fraction is among them, or numbers alone, which do not count from 0. */
const isOfNumbers = (names: readonly string[]): boolean =>
  names.some((name) => isNumber(name) && name.includes('.')) ||
  (names.every(isNumber) && names.some((name, i) => name !== String(i)))

/** Lines, or an error that says where the text is none. */
function parseWith(parse: () => string[][]): string[][] {
  try {
    return parse()
  } catch (error) {
    throw new FormatError((error as Error).message)
  }
}

/** A table without ends of lines at its end, and where it has names before them. */
function withinEnds(table: string, header: boolean): string {
  let [start, end] = [0, table.length]
  while (header && ENDS.includes(table[start])) start++
  while (end > start && ENDS.includes(table[end - 1])) end--
  return table.slice(start, end)
}

/** Numbers where all cells are, some of which may be empty. */
const typeOf = (lines: readonly (readonly string[])[], j: number): ColumnType =>
  lines.some((cells) => cells[j].trim() !== '') &&
  lines.every((cells) => cells[j].trim() === '' || numberIn(cells[j]) !== undefined)
    ? 'number'
    : 'string'

function numberOf(cell: string, name: string, line: number, missing: 'error' | 'nan'): number {
  const x = numberIn(cell)
  if (x !== undefined) return x
  if (cell.trim() === '' && missing === 'nan') return Number.NaN
  const what =
    cell.trim() === '' ? "empty, wanted a number, or missing: 'nan'" : `${describe(cell)}, wanted a number of float64`
  throw new FormatError(`${shorten(name)} of record ${line} is ${what}`)
}
