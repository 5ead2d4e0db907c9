// What a model does with samples, however many: it is seen to do the same with one and with several.

import { type Recorded, recordedFrom } from '@matgrad/autograd/internal'
import { fromFunction, Generator, getDefaultDtype, MatgradError, type Matrix, randn, zeros } from '@matgrad/core'
import { forwardOf, type Module } from '../module.ts'

/** So many are several. */
export const AT_ONCE = 8

export type Slot = Recorded['input']
type Step = Recorded['steps'][number]

/** A size that follows the number of samples: that, or another one. */
export const ANY = -1

/** The shape of a value, in which what follows the number of samples is ANY. */
export type Sizes = readonly [rows: number, cols: number]

/** The place behind the last one of lines of any length. */
export const LAST: number = 2 ** 31 - 1

/** An operation's own arguments. */
// biome-ignore lint/suspicious/noExplicitAny: as the operations have them
export type Attributes = any

/** An operation as it is for any number of samples. Its values are those of several, `of` the shapes of its inputs. */
export interface Common {
  readonly name: string
  /** Whether JavaScript computes it. */
  readonly isHost: boolean
  readonly attributes: Attributes
  readonly inputs: readonly Slot[]
  readonly target: Slot
  readonly sizes: Sizes
  readonly of: readonly Sizes[]
}

export const notForAny = (caller: string): MatgradError =>
  new MatgradError(
    `${caller}: what the model computes with depends on how many samples there are, or on the call, wanted the same for any number, such as rows that are repeated by broadcasting`,
  )

export const matrixOf = ({ holder }: Slot): Matrix => holder as Matrix

const sizesOf = (value: Slot): Sizes => matrixOf(value).shape

const between = ([rows, cols]: Sizes, other: Sizes): Sizes => [
  rows === other[0] ? rows : ANY,
  cols === other[1] ? cols : ANY,
]

/** Compares what is done with one sample, step by step, with what was done with several. */
class Comparison {
  private readonly caller: string
  private readonly several: Recorded
  /** What follows several samples, and the same of one. */
  private readonly following = new Map<Slot, Slot>()
  private done = 0

  constructor(caller: string, several: Recorded) {
    this.caller = caller
    this.several = several
  }

  /** The next step for any number of samples; null where it is no operation. */
  next(one: Step): Common | null {
    const several = this.several.steps[this.done++]
    if (several?.kind !== one.kind || several.operation.name !== one.operation.name) throw notForAny(this.caller)
    if (several.inputs.length !== one.inputs.length) throw notForAny(this.caller)
    const of = one.inputs.map((input, i) => this.common(input, several.inputs[i]))
    if (one.kind !== 'operation') return null
    const [[target], [own]] = [several.targets, one.targets]
    this.following.set(target, own)
    const { name, program } = one.operation
    const sizes = between(sizesOf(target), sizesOf(own))
    // Repeated are rows for samples, and nothing else that follows their number.
    const isOther = (i: number): boolean =>
      sizes[i] === ANY && of[0][i] !== ANY && (sizesOf(target)[i] !== AT_ONCE || sizesOf(own)[i] !== 1)
    if (name === 'broadcastTo' && (isOther(0) || isOther(1))) throw notForAny(this.caller)
    const attributes = attributesOf(this.caller, name, one, several)
    return { name, isHost: program === 'host', attributes, inputs: several.inputs, target, sizes, of }
  }

  /** The shape of the results. */
  end({ output }: Recorded): Sizes {
    // A model may go on after an error.
    if (this.done !== this.several.steps.length) throw notForAny(this.caller)
    return this.common(output, this.several.output)
  }

  /** The shape of a value: it follows the samples in the same way, or is the same for each, perhaps in a row for each. */
  private common(one: Slot, several: Slot): Sizes {
    const known = this.following.get(several)
    if (known ? known !== one : !isSame(one, several)) throw notForAny(this.caller)
    return between(sizesOf(several), sizesOf(one))
  }
}

/** Whether both are the samples, or what does not follow them and is the same, perhaps in a row for each. */
function isSame(one: Slot, several: Slot): boolean {
  if (one.kind === 'argument' || several.kind === 'argument') return one.kind === several.kind
  if (one.kind === 'result') return false
  const [own, other] = [matrixOf(one), matrixOf(several)]
  const isRepeated = own.rows === 1 && other.rows === AT_ONCE && own.cols === other.cols
  return own === other || (isRepeated ? own.broadcastTo(AT_ONCE, own.cols) : own).equals(other)
}

/** From the first row or column, or where that follows the number of samples from the last, in negative numbers. */
function position(caller: string, key: string, axis: number, one: Step, several: Step): number {
  const [at, other] = [one.attributes[key], several.attributes[key]]
  if (at === other) return at
  const fromEnd = at - sizesOf(one.inputs[0])[axis]
  if (fromEnd !== other - sizesOf(several.inputs[0])[axis]) throw notForAny(caller)
  return fromEnd === 0 ? LAST : fromEnd
}

function margins({ attributes, inputs: [input], targets: [target] }: Step): Attributes {
  const { rowStart: above, colStart: before, value } = attributes
  const [[rows, cols], [ownRows, ownCols]] = [sizesOf(target), sizesOf(input)]
  return { above, before, below: rows - above - ownRows, behind: cols - before - ownCols, value }
}

function unlessOther(caller: string, one: Attributes = {}, several: Attributes = {}): Attributes {
  for (const key in one) if (!Object.is(one[key], several[key])) throw notForAny(caller)
  return one
}

/** The attributes of an operation for any number of samples. @throws MatgradError where they follow it. */
function attributesOf(caller: string, name: string, one: Step, several: Step): Attributes {
  // The sizes of the result say it.
  if (name === 'reshape' || name === 'broadcastTo') return {}
  if (name === 'place') return unlessOther(caller, margins(one), margins(several))
  if (name !== 'slice') return unlessOther(caller, one.attributes, several.attributes)
  return {
    rowStart: position(caller, 'rowStart', 0, one, several),
    rowEnd: position(caller, 'rowEnd', 0, one, several),
    colStart: position(caller, 'colStart', 1, one, several),
    colEnd: position(caller, 'colEnd', 1, one, several),
  }
}

/**
 * What a model does with AT_ONCE samples, which is the same for any number, and the shape of the results for any number.
 *
 * @param show is called with each operation while the model makes it, so that what it throws says in which layer
 * @throws MatgradError where something depends on how many samples there are, or a row of the results on more than its own
 * sample; what `recordedFrom` throws, and `show`.
 */
export function recordedSamples(
  caller: string,
  model: Module,
  features: number,
  show: (operation: Common) => void,
): { recorded: Recorded; sizes: Sizes } {
  const record = (x: Matrix, each?: (step: Step) => void): Recorded =>
    recordedFrom(caller, (own) => forwardOf(caller, model, own), x, each)
  const { samples, recorded } = severalOf(caller, model, features, record)
  const comparison = new Comparison(caller, recorded)
  const one = record(samples.slice(0, 1), (step) => {
    const operation = comparison.next(step)
    if (operation) show(operation)
  })
  const sizes = comparison.end(one)
  const rowsOf = ({ output }: Recorded): number[][] => matrixOf(output).toArray()
  const together = rowsOf(recorded)
  const isAlone = together.every((row, i) => {
    const alone = rowsOf(i === 0 ? one : record(samples.slice(i, i + 1)))
    return alone.length === 1 && row.every((each, j) => Object.is(each, alone[0][j]))
  })
  if (together.length !== AT_ONCE || !isAlone)
    throw new MatgradError(
      `${caller}: the results for ${AT_ONCE} samples are not those for each alone, wanted a row for a sample that depends on that alone`,
    )
  return { recorded, sizes }
}

/** Samples that a model takes: any numbers, or where a layer wants indices the first two, or the first alone. */
function severalOf(
  caller: string,
  model: Module,
  features: number,
  record: (x: Matrix) => Recorded,
): { samples: Matrix; recorded: Recorded } {
  const dtype = model.parameters()[0]?.dtype ?? getDefaultDtype()
  const any = randn(AT_ONCE, features, { dtype, generator: new Generator(caller) })
  for (const samples of [any, fromFunction(AT_ONCE, features, (i, j) => (i + j) % 2, { dtype })])
    try {
      return { samples, recorded: record(samples) }
    } catch {
      // The model throws it again, for the last ones, where it takes none.
    }
  const samples = zeros(AT_ONCE, features, { dtype })
  return { samples, recorded: record(samples) }
}
