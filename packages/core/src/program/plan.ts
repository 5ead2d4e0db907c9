import { itemSize } from '../base/dtype.ts'
import { align } from '../code/arena.ts'
import { startOf } from '../engine/engine.ts'
import * as operations from '../ops/index.ts'
import { depthOf, does, isInPlace, matrixOf, mayThrow, readsOf, type Slot, type Step, sameForm } from './step.ts'

const bytesOf = (value: Slot): number => {
  const { size, dtype } = matrixOf(value)
  return size * itemSize(dtype)
}

/** Steps whose results nobody needs are left out. */
export function withoutDead(steps: readonly Step[]): Step[] {
  const needed = new Set<Slot>()
  const alive: Step[] = []
  for (const step of steps.toReversed()) {
    const isNeeded =
      step.kind === 'check' || step.targets.some((target) => target.kind === 'state' || needed.has(target))
    if (!isNeeded) continue
    for (const value of readsOf(step)) needed.add(value)
    alive.push(step)
  }
  return alive.reverse()
}

/** When each value is used, as numbers of steps. */
function usesOf(steps: readonly Step[]): Map<Slot, number[]> {
  const uses = new Map<Slot, number[]>()
  for (const [i, { inputs, targets }] of steps.entries())
    for (const value of new Set([...inputs, ...targets])) {
      const known = uses.get(value)
      if (known) known.push(i)
      else uses.set(value, [i])
    }
  return uses
}

/**
 * Lets the step that computes a value write it where it would be copied to (`clone`, `assign`), if the value has no other
 * use afterwards and what it overwrites none in between. State changes after what may throw.
 */
export function withoutCopies(steps: readonly Step[]): Step[] {
  const result = [...steps]
  const done = new Set<number>()
  const uses = usesOf(steps)
  for (const [i, copy] of steps.entries()) {
    if (!does(copy, operations.clone) && !does(copy, operations.assign)) continue
    const [source] = copy.inputs
    const [target] = copy.targets
    const sourceUses = uses.get(source) as number[]
    const [producer] = sourceUses
    const step = result[producer]
    if (source.kind !== 'result' || sourceUses.at(-1) !== i || !sameForm(source, target)) continue
    if (step.kind !== 'operation' || step.targets[0] !== source) continue
    const between = (uses.get(target) as number[]).filter((use) => use >= producer && use < i)
    const inPlace = isInPlace(step) && between.every((use) => use === producer)
    if (between.length > 0 && !inPlace) continue
    if (target.kind === 'state' && steps.slice(producer, i).some(mayThrow)) continue
    for (const use of sourceUses) {
      const { inputs, targets } = result[use]
      const replaced = (values: readonly Slot[]): Slot[] => values.map((each) => (each === source ? target : each))
      result[use] = { ...result[use], inputs: replaced(inputs), targets: replaced(targets) }
    }
    uses.set(
      target,
      [...new Set([...(uses.get(target) as number[]), ...sourceUses])].sort((a, b) => a - b),
    )
    uses.delete(source)
    done.add(i)
  }
  return result.filter((_, i) => !done.has(i))
}

/** Bytes that one or several values have, one after the other. */
interface Room {
  readonly bytes: number
  readonly first: number
  last: number
  offset: number
}

/** Where arguments and results are in the scratch memory. */
export interface Layout {
  readonly offsets: ReadonlyMap<Slot, number>
  /** The bytes of scratch memory in all. */
  readonly bytes: number
  /** The bytes that arguments and results would take if nothing were used twice. */
  readonly unplanned: number
  /** The multiplications of the largest product. */
  readonly work: number
}

/** The multiplications of a product; 0 for anything else. */
export function workOf(step: Step): number {
  if (!does(step, operations.affine) && !does(step, operations.matmul)) return 0
  return matrixOf(step.targets[0]).size * depthOf(step.inputs[0], step.attributes?.transposeA)
}

/** The inputs whose elements a step needs no more once it has written the element in their place. */
function readOnce(step: Step): readonly Slot[] {
  const { inputs } = step
  if (step.kind !== 'loop') return isInPlace(step) ? inputs : []
  const operands = step.operation.terms.flatMap((term) => ('product' in term ? term.product.map((i) => inputs[i]) : []))
  return inputs.filter((input) => !operands.includes(input))
}

/** Gives arguments and results their places: one whose last use is over makes room for others. */
export function layOut(steps: readonly Step[], args: readonly Slot[]): Layout {
  const uses = usesOf(steps)
  const lastUse = (value: Slot): number => uses.get(value)?.at(-1) ?? -1
  const places = new Map<Slot, Room>()
  let top = 0
  for (const value of args) {
    const bytes = bytesOf(value)
    const offset = startOf(top, bytes)
    places.set(value, { bytes, first: -1, last: lastUse(value), offset })
    top = align(offset + bytes)
  }
  const results: Room[] = []
  let unplanned = top
  for (const [i, step] of steps.entries())
    for (const target of step.targets) {
      if (target.kind !== 'result' || places.has(target)) continue
      const overwritten = readOnce(step).find((each) => places.get(each)?.last === i && sameForm(each, target))
      const place = overwritten
        ? (places.get(overwritten) as Room)
        : { bytes: bytesOf(target), first: i, last: i, offset: 0 }
      place.last = lastUse(target)
      places.set(target, place)
      if (!overwritten) results.push(place)
      unplanned += align(bytesOf(target))
    }
  const bytes = pack(results, top)
  const offsets = new Map([...places].map(([value, { offset }]) => [value, offset]))
  return { offsets, bytes, unplanned, work: Math.max(0, ...steps.map(workOf)) }
}

/**
 * Gives each place the lowest offset above `base` at which it meets no other that is in use at the same time, the largest
 * first (Pisarchyk & Lee 2020, greedy by size); returns where they end.
 */
function pack(places: readonly Room[], base: number): number {
  const packed: Room[] = []
  let end = base
  for (const place of places.toSorted((a, b) => b.bytes - a.bytes)) {
    const rivals = packed.filter((other) => other.first <= place.last && place.first <= other.last)
    place.offset = base
    for (const rival of rivals.sort((a, b) => a.offset - b.offset))
      if (place.offset + align(place.bytes) > rival.offset)
        place.offset = Math.max(place.offset, rival.offset + align(rival.bytes))
    packed.push(place)
    end = Math.max(end, place.offset + align(place.bytes))
  }
  return end
}
