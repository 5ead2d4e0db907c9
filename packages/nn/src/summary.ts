import type { Variable } from '@matgrad/autograd'
import { DTypeError, type Matrix, type Shape } from '@matgrad/core'
import { checkInteger, describe, formatShape } from '@matgrad/core/internal'
import type { Module } from './module.ts'

/** How many features samples have, or how many rows and features. */
export type InputShape = number | readonly [rows: number, features: number]

/** A module where it is in another. */
export interface Place {
  readonly module: Module
  readonly name: string
  /** Its name from the top. */
  readonly path: string
  readonly depth: number
  /** Whether it was somewhere before. */
  readonly isRepeated: boolean
}

interface Line extends Place {
  readonly own: readonly (readonly [name: string, parameter: Variable])[]
  /** Those of them that no line before has. */
  readonly parameters: readonly Variable[]
  readonly shape: Shape | undefined
}

interface Samples {
  readonly rows: number
  readonly features: number
  /** Whether any number of rows is meant. */
  readonly isAny: boolean
}

/** So many rows stand for any number: more than a layer wants, and than what has one row for all gives. */
const SOME = 3
/** Modules that are deeper are indented as much. */
const DEEPEST = 20

/** @throws DTypeError for what is neither a number nor two; ShapeError for numbers that are no size. */
export function readInputShape(shape: InputShape): Samples {
  const isPair = Array.isArray(shape) && shape.length === 2
  if (typeof shape !== 'number' && !isPair)
    throw new DTypeError(`summary: inputShape is ${describe(shape)}, wanted a number of features or [rows, features]`)
  const [rows, features] = typeof shape === 'number' ? [SOME, shape] : shape
  checkInteger('summary', 'rows', rows, 1, Number.MAX_SAFE_INTEGER)
  checkInteger('summary', 'features', features, 1, Number.MAX_SAFE_INTEGER)
  return { rows, features, isAny: !isPair }
}

const indented = (depth: number): string => '  '.repeat(Math.min(depth, DEEPEST))

const sizeOf = (values: readonly { readonly rows: number; readonly cols: number }[]): number =>
  values.reduce((total, { rows, cols }) => total + rows * cols, 0)

const isFrozen = ({ requiresGrad }: Variable): boolean => !requiresGrad

/** The numbers of these parameters, and those of them that are not trained. */
function countOf(parameters: readonly Variable[]): string {
  if (parameters.length === 0) return ''
  const frozen = sizeOf(parameters.filter(isFrozen))
  return `${sizeOf(parameters)}${frozen > 0 ? ` (${frozen} frozen)` : ''}`
}

/** A line for each module, and one for all of them. */
export function table(lines: readonly Line[], state: ReadonlySet<Matrix>, input: Samples | undefined): string {
  const rows = lines.map(({ module, path, depth, isRepeated, own, parameters, shape }) => {
    const title = `${indented(depth)}${path && `${path}: `}${module.describe()}${isRepeated ? ' (again)' : ''}`
    const [height, width] = shape ?? []
    const result = shape && (input?.isAny && height === input.rows ? `nx${width}` : formatShape(shape))
    const shapes = own.map(([name, parameter]) => `${name} ${formatShape(parameter.shape)}`).join(', ')
    return [title, ...(input ? [result ?? ''] : []), shapes, countOf(parameters)]
  })
  const widths = rows[0].map((_, column) => rows.reduce((most, row) => Math.max(most, row[column].length), 0))
  const parameters = lines.flatMap((line) => line.parameters)
  const trainable = sizeOf(parameters.filter((each) => !isFrozen(each)))
  const bytes = [...state].reduce((total, { size, dtype }) => total + size * (dtype === 'float32' ? 4 : 8), 0)
  return [
    ...rows.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    ),
    `${sizeOf(parameters)} parameters, ${trainable} of them trainable; ${bytes} bytes`,
  ].join('\n')
}

/** Modules in one another, in brackets. */
export function nested(places: Iterable<Place>): string {
  const lines: string[] = []
  let open = 0
  const closeTo = (depth: number): void => {
    while (open > depth) lines.push(`${indented(--open)})`)
  }
  for (const { module, name, depth, isRepeated } of places) {
    if (depth > open) {
      lines[lines.length - 1] += '('
      open = depth
    } else closeTo(depth)
    lines.push(`${indented(depth)}${name && `${name}: `}${module.describe()}${isRepeated ? ' (again)' : ''}`)
  }
  closeTo(0)
  return lines.join('\n')
}
