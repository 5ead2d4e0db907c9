import { loops } from '../code/simd.ts'
import { loopsProduct } from '../code/tiles.ts'
import { crossEntropy, crossEntropyGradient, crossEntropyWithGradient } from '../ops/cross-entropy.ts'
import * as operations from '../ops/index.ts'
import type { Operation } from '../ops/operation.ts'
import { depthOf, does, type FusedTerm, matrixOf, mayThrow, readsOf, type Slot, type Step, sameForm } from './step.ts'

/** The most operations in one loop: each holds a register. */
const MOST_FUSED = 24

/** Whether a step can be part of a loop over the elements of its result. */
function loopable(step: Step): boolean {
  if (step.kind !== 'operation' || !loops(step.operation.name) || step.operation.program === 'host') return false
  const [out] = step.targets
  return matrixOf(out).size > 0 && step.inputs.every((input) => matrixOf(input).dtype === matrixOf(out).dtype)
}

/** Whether a step is a product, perhaps with a row added, with elements, that what follows may be joined with. */
const isProduct = (step: Step): boolean =>
  (does(step, operations.matmul) || does(step, operations.affine)) &&
  step.attributes?.algorithm !== 'strassen' &&
  matrixOf(step.targets[0]).size > 0

/** Whether it is one that can begin a loop. */
function isSmallProduct(step: Step): boolean {
  if (!isProduct(step)) return false
  const { rows, cols } = matrixOf(step.targets[0])
  return loopsProduct(rows, cols, depthOf(step.inputs[0], step.attributes?.transposeA))
}

const beginsLoop = (step: Step): boolean => loopable(step) || isSmallProduct(step)

/** Whether two steps must keep their order. */
const conflict = (a: Step, b: Step): boolean =>
  (mayThrow(a) && b.targets.some(({ kind }) => kind === 'state')) ||
  a.targets.some((value) => b.targets.includes(value) || readsOf(b).includes(value)) ||
  readsOf(a).some((value) => b.targets.includes(value))

/**
 * Joins elementwise steps over one shape into loops: each goes up to the last loop of its shape, if nothing in between
 * needs it where it is. A small product begins a loop.
 */
export function fuseLoops(steps: readonly Step[]): Step[] {
  const groups: Step[][] = []
  for (const step of steps) {
    const home = loopable(step) ? findHome(groups, step) : undefined
    if (home) home.push(step)
    else groups.push([step])
  }
  const usedBy = new Map<Slot, Set<Step[]>>()
  for (const group of groups)
    for (const step of group)
      for (const value of readsOf(step)) usedBy.set(value, (usedBy.get(value) ?? new Set()).add(group))
  const isUsedOutside = (value: Slot, group: Step[]): boolean =>
    [...(usedBy.get(value) ?? [])].some((user) => user !== group)
  return groups.map((group) => (beginsLoop(group[0]) ? fuse(group, (value) => isUsedOutside(value, group)) : group[0]))
}

function findHome(groups: readonly Step[][], step: Step): Step[] | undefined {
  for (const group of groups.toReversed()) {
    const [first] = group
    // A product reads its operands until the loop ends.
    const overwrites = !loopable(first) && first.inputs.includes(step.targets[0])
    const fits = beginsLoop(first) && sameForm(first.targets[0], step.targets[0]) && !overwrites
    if (fits && group.length < MOST_FUSED) return group
    if (group.some((other) => conflict(other, step))) return undefined
  }
  return undefined
}

/** One step that does what several loopable ones do. */
function fuse(group: readonly Step[], isUsedOutside: (value: Slot) => boolean): Step {
  const inputs: Slot[] = []
  const terms: FusedTerm[] = []
  const termOf = new Map<Slot, number>()
  const written = new Set<Slot>()
  const termFor = (value: Slot): number => {
    const known = termOf.get(value)
    if (known !== undefined) return known
    termOf.set(value, terms.push({ load: inputs.push(value) - 1 }) - 1)
    return terms.length - 1
  }
  /** Adds the terms of a step, and gives the number of the last. */
  const termOfStep = (step: Step): number => {
    const { operation, attributes } = step
    if (!isSmallProduct(step))
      return terms.push({ operation: operation.name, inputs: step.inputs.map(termFor), attributes }) - 1
    const { transposeA = false, transposeB = false } = attributes ?? {}
    const [a, b, bias] = step.inputs
    const product = terms.push({ product: [inputs.push(a) - 1, inputs.push(b) - 1], transposeA, transposeB }) - 1
    if (!bias) return product
    return terms.push({ operation: operations.add.name, inputs: [product, termFor(bias)], attributes: undefined }) - 1
  }
  for (const step of group) {
    const [target] = step.targets
    termOf.set(target, termOfStep(step))
    written.add(target)
  }
  const targets = [...written].filter((value) => value.kind === 'state' || isUsedOutside(value))
  const { rows, cols, dtype } = matrixOf(group[0].targets[0])
  const stores = targets.map((value) => termOf.get(value) as number)
  const name = group.map(({ operation }) => operation.name).join(' ')
  return { kind: 'loop', operation: { name, rows, cols, dtype, terms, stores }, attributes: undefined, inputs, targets }
}

/** Lets products that are no loops add a row to what they give, and take max(x, 0), where only these use it. */
export function fuseProducts(steps: readonly Step[]): Step[] {
  const result: (Step | null)[] = [...steps]
  const users = (value: Slot): number[] => steps.flatMap((step, i) => (step.inputs.includes(value) ? [i] : []))
  /** The only step that uses a result, if it is this operation with it in the first place. */
  const only = (value: Slot, operation: Operation): number | undefined => {
    const [i, ...others] = users(value)
    const fits = i !== undefined && others.length === 0 && value.kind === 'result' && isOnlyWrittenOnce(value)
    return fits && does(steps[i], operation) && steps[i].inputs[0] === value ? i : undefined
  }
  const isOnlyWrittenOnce = (value: Slot): boolean =>
    steps.filter(({ targets }) => targets.includes(value)).length === 1
  /** The step that adds a row to a product and does nothing else. */
  const sumOf = (product: Slot): number | undefined => {
    const sum = only(product, operations.add)
    if (sum === undefined) return undefined
    const bias = steps[sum].inputs[1]
    const { rows, cols, dtype } = matrixOf(bias)
    const isRow = rows === 1 && cols === matrixOf(product).cols && dtype === matrixOf(product).dtype
    return bias !== product && isRow ? sum : undefined
  }
  for (const [i, step] of steps.entries()) {
    if (!isProduct(step) || isSmallProduct(step)) continue
    const sum = does(step, operations.affine) ? i : sumOf(step.targets[0])
    if (sum === undefined) continue
    const relu = only(steps[sum].targets[0], operations.relu)
    const last = relu ?? sum
    if (last === i) continue
    const inputs = sum === i ? step.inputs : [...step.inputs, steps[sum].inputs[1]]
    const isWrittenBefore = inputs.some((value) =>
      steps.slice(i + 1, last).some(({ targets }) => targets.includes(value)),
    )
    if (isWrittenBefore) continue
    result[i] = null
    result[sum] = null
    result[last] = {
      kind: 'operation',
      operation: operations.affine,
      attributes: { ...step.attributes, relu: relu !== undefined },
      inputs,
      targets: steps[last].targets,
    }
  }
  return result.filter((step) => step !== null)
}

/** Computes the cross-entropy and its gradient at once where both are wanted of the same logits and classes. */
export function fuseCrossEntropy(steps: readonly Step[]): Step[] {
  const result: Step[] = []
  for (const step of steps) {
    const { inputs, targets } = step
    const [x, target] = inputs
    const at = does(step, crossEntropyGradient)
      ? result.findLastIndex((other) => does(other, crossEntropy) && sameInputs(other.inputs, [x, target]))
      : -1
    const isMovable = at >= 0 && !result.slice(at).some((other) => conflict(other, step))
    if (isMovable)
      result[at] = {
        ...{ kind: 'change', operation: crossEntropyWithGradient, attributes: undefined },
        ...{ inputs, targets: [...result[at].targets, ...targets] },
      }
    else result.push(step)
  }
  return result
}

const sameInputs = (a: readonly Slot[], b: readonly Slot[]): boolean => a.every((value, i) => value === b[i])
