import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { FormatError, MatgradError } from '@matgrad/core'
import { checkNoMore, describe, flag, listNames, readerOf, text } from '@matgrad/core/internal'
import type { Callback, Training } from '../train/callbacks.ts'
import { checkPath, type FileUrl, inFile, shown } from './files.ts'

export interface CsvLoggerOptions {
  /**
   * Whether to go on with the file, if there is one, which must have the same columns.
   *
   * @default false
   */
  readonly append?: boolean
  /**
   * The character between two columns.
   *
   * @default ','
   */
  readonly separator?: string
}

const readCsvLogger = readerOf({ append: flag(false), separator: text(',') })

/** What can be in a number or a name, or is a sign of its own. */
const NO_SEPARATOR = /[\w.+\-"\r\n]/

/** The shortest text that is read as this number. */
const textOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** A name as a cell: in quotation marks where it has signs of its own (RFC 4180). */
const cellOf = (name: string, separator: string): string =>
  name.includes(separator) || /["\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name

/** Where the last lines begin that are of this epoch or later ones. */
function endOf(table: Buffer, epoch: number, separator: string): number {
  const [header, ...lines] = table.toString().split('\n').slice(0, -1)
  let count = lines.length
  while (count > 0 && Number(lines[count - 1].split(separator)[0]) >= epoch) count--
  return Buffer.byteLength([header, ...lines.slice(0, count), ''].join('\n'))
}

/**
 * Writes a table, a line for each epoch: its number, from 0, and what is in its logs, by columns with their names. A line
 * is in the file when the epoch is over, so that the end of the process loses none; numbers are as short as they can be
 * and be read as the same, others are `NaN`, `Infinity` and `-Infinity`. A line that was not finished is removed before
 * the file is gone on with, and those of epochs that a training which goes on from a checkpoint makes again.
 *
 * Defaults: append false, separator ','.
 *
 * @throws DTypeError for what is no path, and for other options; MatgradError for another separator. Before the first
 * step, FormatError for a file with other columns, which stays as it is, and MatgradError for what the file system
 * refuses, with its code.
 */
export function csvLogger(path: string | FileUrl, options?: CsvLoggerOptions, ...more: []): Callback {
  checkNoMore('csvLogger', 'path, options', more)
  const file = checkPath('csvLogger', path)
  const { append, separator } = readCsvLogger('csvLogger', options)
  if (separator.length !== 1 || NO_SEPARATOR.test(separator))
    throw new MatgradError(`csvLogger: separator is ${describe(separator)}, wanted one character such as , or ;`)
  let names: readonly string[] = []
  /** Goes on with a file. @returns whether it has anything. */
  const resume = (header: string, epoch: number): boolean => {
    const former = readFileSync(file, { flag: 'a+' })
    // What follows the last end of a line was not finished.
    const whole = former.lastIndexOf('\n') + 1
    if (whole === 0 && header.startsWith(former.toString())) return false
    const [first] = former.toString().split(/\r?\n/, 1)
    if (`${first}\n` !== header) refuse(first, header)
    truncateSync(file, epoch === 0 ? whole : endOf(former.subarray(0, whole), epoch, separator))
    return true
  }
  const refuse = (got: string, header: string): never => {
    const columns = (line: string): string => listNames(line.trimEnd().split(separator))
    throw new FormatError(`csvLogger: ${shown(file)} has the columns ${columns(got)}, wanted ${columns(header)}`)
  }
  const begin = ({ history, epoch }: Training): void => {
    names = Object.keys(history)
    const header = `${['epoch', ...names].map((name) => cellOf(name, separator)).join(separator)}\n`
    if (!(append && resume(header, epoch))) writeFileSync(file, header)
  }
  return {
    onTrainBegin: (training) => inFile('csvLogger', file, () => begin(training)),
    onEpochEnd: (epoch, logs) =>
      inFile('csvLogger', file, () => {
        const cells = [epoch, ...names.map((name) => logs[name])].map(textOf)
        appendFileSync(file, `${cells.join(separator)}\n`)
      }),
  }
}
