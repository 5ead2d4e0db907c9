import { DTypeError } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  formatShape,
  isPlain,
  readerOf,
  shorten,
  whole,
} from '@matgrad/core/internal'
import { Variable } from './variable.ts'

export interface TapeOptions {
  /**
   * How many operations and variables are shown at most: of more than these the first and the last.
   *
   * @default 200
   */
  readonly limit?: number
}

/** What was recorded of a value, to look at. */
export interface Tape {
  /** A line for each operation and variable, which `console.log` prints: `%3 = matmul(%1 2x3, %2 3x4) → 2x4`. */
  toString(): string
  /** The source of a Mermaid flowchart, from the variables to the value. */
  toMermaid(): string
  /** The same for Graphviz. */
  toDot(): string
}

const readTape = readerOf({ limit: whole(200) })

/** So many operands of one operation are written down. */
const MOST_OPERANDS = 10

/** What a variable is: a `variable` requires a gradient, a `constant` does not. */
type Kind = 'operation' | 'variable' | 'constant' | 'gap'

interface Node {
  /** Counted from the oldest, 1; 0 for what stands for those that are left out. */
  readonly number: number
  readonly kind: Kind
  readonly label: string
  readonly shape: string
  /** The numbers of its operands. */
  readonly inputs: readonly number[]
}

/** All that a value was computed from, itself included, newest first, as the backward pass goes. */
function variablesOf(value: Variable): Variable[] {
  const found = new Set([value])
  // A Set goes on to what is added to it.
  for (const { origin } of found) if (origin) for (const input of origin.inputs) found.add(input)
  return [...found].sort((a, b) => b.created - a.created)
}

/** A name on one line. */
const named = (name: string): string => shorten(name).replace(/\\(["\\])/g, '$1')

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Settings of an operation: `axis 0`. */
function settingsOf(attributes: unknown): string {
  if (attributes === undefined || attributes === false) return ''
  if (Array.isArray(attributes) || ArrayBuffer.isView(attributes)) return ''
  if (!isPlain(attributes)) return shorten(String(attributes))
  return Object.entries(attributes as object)
    .filter(([, setting]) => ['number', 'string', 'boolean'].includes(typeof setting) && setting !== false)
    .map(([name, setting]) => (setting === true ? name : `${name} ${shorten(String(setting))}`))
    .join(', ')
}

class TapeGraph implements Tape {
  readonly #variables: readonly Variable[]
  readonly #numbers: ReadonlyMap<Variable, number>
  readonly #limit: number

  constructor(value: Variable, limit: number) {
    this.#variables = variablesOf(value)
    const { length } = this.#variables
    this.#numbers = new Map(this.#variables.map((each, i) => [each, length - i]))
    this.#limit = limit
  }

  #numberOf(variable: Variable): number {
    return this.#numbers.get(variable) as number
  }

  /** The first and the last variables that are shown, and how many there are between them. */
  #parts(): { first: readonly Variable[]; last: readonly Variable[]; left: number } {
    const all = this.#variables
    if (all.length <= this.#limit) return { first: all, last: [], left: 0 }
    const half = Math.ceil(this.#limit / 2)
    const last = this.#limit - half
    return {
      first: all.slice(0, half),
      last: last > 0 ? all.slice(-last) : [],
      left: all.length - this.#limit,
    }
  }

  #count(kind: (variable: Variable) => boolean): number {
    return this.#variables.reduce((count, variable) => count + Number(kind(variable)), 0)
  }

  #line(variable: Variable): string {
    const { origin, requiresGrad, name, shape } = variable
    const number = `%${this.#numberOf(variable)}`
    if (origin === null) {
      const kind = requiresGrad ? 'requires a gradient' : 'constant'
      return name
        ? `${number} = ${named(name)} ${formatShape(shape)}, ${kind}`
        : `${number} = ${requiresGrad ? `variable ${formatShape(shape)}, ${kind}` : `constant ${formatShape(shape)}`}`
    }
    const { op, inputs, attributes } = origin
    const operands = inputs
      .slice(0, MOST_OPERANDS)
      .map((input) => `%${this.#numberOf(input)} ${formatShape(input.shape)}`)
    if (inputs.length > MOST_OPERANDS) operands.push(`… ${inputs.length - MOST_OPERANDS} more`)
    const settings = settingsOf(attributes)
    const given = [operands.join(', '), ...(settings ? [settings] : [])].join('; ')
    return `${number} = ${named(op.name)}(${given}) → ${formatShape(shape)}`
  }

  toString(): string {
    const { first, last, left } = this.#parts()
    const [value] = this.#variables
    const operations = this.#count(({ origin }) => origin !== null)
    const variables = this.#count(({ origin, requiresGrad }) => origin === null && requiresGrad)
    const constants = this.#variables.length - operations - variables
    return [
      `tape of ${formatShape(value.shape)}: ${counted(operations, 'operation')}, ${counted(variables, 'variable')}, ${counted(constants, 'constant')}`,
      ...first.map((each) => `  ${this.#line(each)}`),
      ...(left > 0 ? [`  … ${left} more`] : []),
      ...last.map((each) => `  ${this.#line(each)}`),
    ].join('\n')
  }

  /** What is drawn: a node for each variable that is shown, and one for all others. */
  #nodes(): Node[] {
    const { first, last, left } = this.#parts()
    const shown = new Set([...first, ...last].map((each) => this.#numberOf(each)))
    const drawn = (variable: Variable): number => {
      const number = this.#numberOf(variable)
      return shown.has(number) ? number : 0
    }
    const nodeOf = (variable: Variable): Node => {
      const { origin, requiresGrad, name, shape } = variable
      const kind: Kind = origin ? 'operation' : requiresGrad ? 'variable' : 'constant'
      const inputs = (origin?.inputs ?? []).map(drawn)
      const own = inputs.filter((number) => number > 0)
      return {
        number: this.#numberOf(variable),
        kind,
        label: named(origin?.op.name ?? name ?? kind),
        shape: formatShape(shape),
        // Those that are left out are one.
        inputs: own.length < inputs.length ? [...own, 0] : own,
      }
    }
    if (left === 0) return first.map(nodeOf)
    const behind = new Set<number>()
    for (const variable of this.#variables.slice(first.length, first.length + left))
      for (const input of variable.origin?.inputs ?? []) behind.add(drawn(input))
    behind.delete(0)
    const gap: Node = { number: 0, kind: 'gap', label: `… ${left} more`, shape: '', inputs: [...behind] }
    return [...first.map(nodeOf), gap, ...last.map(nodeOf)]
  }

  toMermaid(): string {
    const nodes = this.#nodes()
    const boxes: Readonly<Record<Kind, readonly [string, string]>> = {
      operation: ['["', '"]'],
      variable: ['(["', '"])'],
      constant: ['("', '")'],
      gap: ['["', '"]'],
    }
    return [
      'flowchart TD',
      ...nodes.map(({ number, kind, label, shape }) => {
        const [open, close] = boxes[kind]
        return `  n${number}${open}${forMermaid(label)}${shape && `<br>${shape}`}${close}`
      }),
      ...edgesOf(nodes).map(([from, to]) => `  n${from} --> n${to}`),
    ].join('\n')
  }

  toDot(): string {
    const nodes = this.#nodes()
    const styles: Readonly<Record<Kind, string>> = {
      operation: 'box',
      variable: 'ellipse',
      constant: 'ellipse, style=dashed',
      gap: 'plain',
    }
    return [
      'digraph tape {',
      ...nodes.map(
        ({ number, kind, label, shape }) =>
          `  n${number} [label="${forDot(label)}${shape && `\\n${shape}`}", shape=${styles[kind]}]`,
      ),
      ...edgesOf(nodes).map(([from, to]) => `  n${from} -> n${to}`),
      '}',
    ].join('\n')
  }
}

Object.defineProperty(TapeGraph.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value: TapeGraph.prototype.toString,
})

const edgesOf = (nodes: readonly Node[]): [from: number, to: number][] =>
  nodes.flatMap(({ number, inputs }) => inputs.map((input): [number, number] => [input, number]))

/** A text between quotes in Mermaid, where all that may mean something is written as its number. */
const forMermaid = (text: string): string =>
  text.replace(/[^\p{L}\p{N} _.,:()…-]/gu, (character) => `#${character.codePointAt(0)};`)

/** A text between quotes in DOT, where `&` begins an entity, and `\` what stands for something else. */
const forDot = (text: string): string => text.replace(/["\\]/g, '\\$&').replaceAll('&', '&amp;')

/**
 * What was recorded while a value was computed, to look at: operations with their operands and shapes, and the variables and
 * constants that they began with, in the order in which the backward pass goes through them. `console.log` prints it:
 *
 *     tape of 1x1: 2 operations, 1 variable, 1 constant
 *       %4 = sum(%3 2x4) → 1x1
 *       %3 = matmul(%1 2x3, %2 3x4) → 2x4
 *       %2 = weight 3x4, requires a gradient
 *       %1 = constant 2x3
 *
 * `toMermaid` and `toDot` give the same as a picture's source. What a compiled function did is in its `program()`.
 *
 * Defaults: limit 200.
 *
 * @throws DTypeError unless value is a Variable, and for other options; ShapeError unless limit is at least 1.
 */
export function tape(value: Variable, options?: TapeOptions, ...more: []): Tape {
  checkNoMore('tape', 'value, options', more)
  if (!((value as unknown) instanceof Variable))
    throw new DTypeError(`tape: value is ${describe(value)}, wanted a Variable`)
  const { limit } = readTape('tape', options)
  checkInteger('tape', 'limit', limit, 1, Number.MAX_SAFE_INTEGER)
  return new TapeGraph(value, limit)
}
