import { debugs } from '../base/debug.ts'
import type { TypedArray } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import { formatShape, type Shape } from '../base/shape.ts'
import { type Arena, gather } from '../code/arena.ts'
import { proving } from '../code/proof.ts'
import { ProgramWriter } from '../code/writer.ts'
import { threadsFor } from '../engine/threads.ts'
import { Matrix } from '../matrix/matrix.ts'
import type { Attributes, Block, Holder, Operation } from '../ops/operation.ts'
import type { Layout } from './plan.ts'
import { isChange, isCheck, isFusion, matrixOf, type Slot, type Step } from './step.ts'

/** A program at its addresses in an arena. */
export interface Bound {
  readonly arena: Arena
  /** For how many threads it is. */
  readonly threads: number
  /** Runs it on what is in the places of the arguments. */
  readonly step: () => void
}

/** A function that calls the `shape` of an operation, which throws if the elements of the inputs are not what they should. */
function checkOf(
  operation: Operation,
  [rows, cols]: Shape,
  inputs: readonly Block[],
  attributes: Attributes,
): () => void {
  return () => {
    const wanted = operation.shape(inputs, attributes)
    if (wanted[0] !== rows || wanted[1] !== cols)
      throw new MatgradError(
        `${operation.name}: the result is ${formatShape(wanted)} and was ${rows}x${cols} when the function was traced, ` +
          'wanted a shape that depends on the shapes of the inputs alone',
      )
  }
}

/** Gives a program memory: everything that it keeps in one arena, and its calls with the addresses there. */
export function bind(
  steps: readonly Step[],
  inputs: readonly { input: { place: TypedArray }; value: Slot }[],
  layout: Layout,
): Bound {
  const holders = new Set<Holder>()
  for (const { inputs: read, targets } of steps)
    for (const { kind, holder } of [...read, ...targets])
      if (kind === 'state' || kind === 'constant') holders.add(holder)
  const threads = threadsFor(layout.work)
  for (let room = 0; ; ) {
    const { arena, base } = gather([...holders], layout.bytes + room, threads)
    const writer = new ProgramWriter(arena, base + layout.bytes, threads)
    const blocks = new Map<Slot, Matrix>()
    const blockOf = (value: Slot): Matrix => {
      const { rows, cols, dtype, size } = matrixOf(value)
      const offset = layout.offsets.get(value)
      const known = blocks.get(value)
      if (known || offset === undefined) return known ?? matrixOf(value)
      const block = new Matrix(arena.at(dtype, base + offset, size), rows, cols)
      blocks.set(value, block)
      return block
    }
    for (const step of steps) write(writer, step, blockOf)
    if (writer.wanted > room) {
      room = writer.wanted
      continue
    }
    const places = inputs.map(({ value }) => blockOf(value).elements)
    for (const [i, { input }] of inputs.entries()) input.place = places[i]
    const step = writer.finish()
    return { arena, threads, step: debugs ? proving(step, arena, base, places, () => changedBy(steps)) : step }
  }
}

/** The matrices and generators that go on from call to call and that steps write. */
const changedBy = (steps: readonly Step[]): Holder[] =>
  steps.flatMap(({ targets }) => targets.filter(({ kind }) => kind === 'state').map(({ holder }) => holder))

function write(
  writer: ProgramWriter,
  { operation, attributes, ...step }: Step,
  blockOf: (value: Slot) => Matrix,
): void {
  const inputs = step.inputs.map(blockOf)
  if (isCheck(operation)) {
    const { of, indices, shape } = operation
    writer.callbackUnlessIndices(indices(inputs, attributes), checkOf(of, shape, inputs, attributes))
  } else if (isChange(operation)) {
    const targets = step.targets.map((target) => (target.holder instanceof Matrix ? blockOf(target) : target.holder))
    writer.record(() => (operation.program ?? operation.forward).call(operation, targets, inputs, attributes))
  } else if (isFusion(operation)) {
    const { rows, cols, dtype, terms, stores } = operation
    writer.loop({
      ...{ rows, cols, dtype },
      terms: terms.map((term) => {
        if ('load' in term) return { load: inputs[term.load] }
        return 'product' in term ? { ...term, product: [inputs[term.product[0]], inputs[term.product[1]]] } : term
      }),
      stores: stores.map((term, i) => ({ term, block: blockOf(step.targets[i]) })),
    })
  } else {
    const out = blockOf(step.targets[0])
    const { program } = operation
    if (program !== null) {
      writer.record(() => (program ?? operation.forward).call(operation, out, inputs, attributes))
      return
    }
    const check = checkOf(operation, out.shape, inputs, attributes)
    writer.callback(() => {
      check()
      // As a new matrix has it.
      out.elements.fill(0)
      operation.forward(out, inputs, attributes)
    })
  }
}
