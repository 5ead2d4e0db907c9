import {
  type Arena,
  type Block,
  gather,
  type Holder,
  MatgradError,
  Matrix,
  type Operation,
  ProgramWriter,
  usesFma,
} from '@matgrad/core'
import type { Input } from './arguments.ts'
import type { Layout } from './plan.ts'
import { isChange, isFusion, matrixOf, type Step, type Value } from './trace.ts'

/** A program at its addresses in an arena. */
export interface Bound {
  readonly arena: Arena
  readonly fma: boolean
  /** Runs it on what is in the places of the arguments. */
  readonly step: () => void
}

/** Calls an operation that has no kernels, or checks the elements of its inputs, when the program comes to it. */
function callback({ operation, attributes }: Step, out: Matrix, inputs: readonly Block[]): () => void {
  const { name, program } = operation as Operation
  return () => {
    const [rows, cols] = (operation as Operation).shape(inputs, attributes)
    if (rows !== out.rows || cols !== out.cols)
      throw new MatgradError(
        `${name}: the result is ${rows}x${cols} and was ${out.rows}x${out.cols} when the function was traced, ` +
          'wanted a shape that depends on the shapes of the inputs alone',
      )
    if (program === null) (operation as Operation).forward(out, inputs, attributes)
  }
}

/** Gives a program memory: everything that it keeps in one arena, and its calls with the addresses there. */
export function bind(steps: readonly Step[], inputs: readonly { input: Input; value: Value }[], layout: Layout): Bound {
  const holders = new Set<Holder>()
  for (const { inputs: read, targets } of steps)
    for (const { kind, holder } of [...read, ...targets])
      if (kind === 'state' || kind === 'constant') holders.add(holder)
  const fma = usesFma()
  for (let room = 0; ; ) {
    const arena = gather([...holders], layout.bytes + room, fma)
    const base = arena.scratch(layout.bytes + room)
    const writer = new ProgramWriter(arena, base + layout.bytes)
    const blocks = new Map<Value, Matrix>()
    const blockOf = (value: Value): Matrix => {
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
    for (const { input, value } of inputs) input.place = blockOf(value).elements
    return { arena, fma, step: writer.finish() }
  }
}

function write(writer: ProgramWriter, step: Step, blockOf: (value: Value) => Matrix): void {
  const { operation, attributes } = step
  const inputs = step.inputs.map(blockOf)
  if (isChange(operation)) {
    const targets = step.targets.map((target) => (target.holder instanceof Matrix ? blockOf(target) : target.holder))
    writer.record(() => (operation.program ?? operation.forward).call(operation, targets, inputs, attributes))
    return
  }
  if (isFusion(operation)) {
    const { rows, cols, dtype, terms, stores } = operation
    writer.loop({
      ...{ rows, cols, dtype },
      terms: terms.map((term) => ('load' in term ? { load: inputs[term.load] } : term)),
      stores: stores.map((term, i) => ({ term, block: blockOf(step.targets[i]) })),
    })
    return
  }
  const out = blockOf(step.targets[0])
  if (operation.checksElements || operation.program === null) writer.callback(callback(step, out, inputs))
  const { program } = operation
  if (program !== null) writer.record(() => (program ?? operation.forward).call(operation, out, inputs, attributes))
}
