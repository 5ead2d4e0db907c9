import { itemSize, type TypedArray } from '../base/dtype.ts'
import type { Machine } from '../engine/machine.ts'
import type { Value } from './algebra.ts'
import { weighed, where } from './elementwise.ts'
import { type Block, type Change, type Operation, rowStep, run as runKernel, runWithRoom, wide } from './operation.ts'
import { checkIndices, oneHot } from './rearrange.ts'
import { formula } from './statistics.ts'

const nothing = new Float64Array()
const none: Block = { rows: 0, cols: 0, shape: [0, 0], dtype: 'float64', data: nothing, elements: nothing }

/**
 * The target's classes, and 0 in the place of those that are ignored, where `kept` is 0. They are checked here alone, where
 * they come from, for operations that take them as they are: errors name the loss.
 */
export const classes: Operation = {
  ...where,
  name: 'classes',
  vjp: [],
  shape([, target], { operation, count, ignoreIndex }) {
    checkIndices(operation, 'class', target, count, ignoreIndex)
    return target.shape
  },
  indices: ([, target], { count }) => ({ index: target, limit: count }),
}

/** The classes of a target of nx1, and 1 for each that is not `ignoreIndex`, if there is one, else 0. @throws as checkIndices */
export function classesOf<V extends Value>(
  operation: string,
  target: V,
  count: number,
  ignoreIndex?: number,
): { index: V; kept: V | undefined } {
  // Nothing equals NaN.
  const kept = target.notEqual(ignoreIndex ?? Number.NaN) as V
  const index = target.apply(classes, [kept, target, 0], { operation, count, ignoreIndex }) as V
  return { index, kept: ignoreIndex === undefined ? undefined : kept }
}

/** 1 at the class of each row, else 0. */
export const hot: Operation = (({ indices: _, method: __, ...operation }) => ({
  ...operation,
  name: 'hotClass',
  shape: ([index]: readonly Block[], { count }: { count: number }) => [index.rows, count] as const,
}))(oneHot)

/** out[i] = a[i, index[i]], for n x C numbers, or one row of them for all, and the class of each row. */
export const ofClass: Operation = {
  name: 'ofClass',
  vjp: [(g, _y, [x, index]) => index.apply(hot, [index], { count: x.cols, dtype: x.dtype }).where(g, 0), null],
  selector: 1,
  shape: ([, index]) => [index.rows, 1],
  forward: (out, inputs, _attributes, machine) =>
    runKernel(machine, 'pick', out.dtype, out, inputs, [out.rows, rowStep(inputs[0]), wide(inputs[1])]),
}

/** How many rows, a multiple of four, are worked on at a time: their exponentials stay in the first-level cache. */
const blockOf = (rows: number, cols: number): number =>
  Math.max(4, Math.min(Math.ceil(rows / 4), 16, Math.floor(1024 / cols)) * 4)

/** Runs the kernel on n x C logits for what is asked of it: losses, gradients, or both. */
function run(
  machine: Machine,
  losses: TypedArray,
  gradient: TypedArray,
  x: Block,
  target: Block,
  g: Block = none,
): void {
  const { dtype, rows, cols } = x
  const block = blockOf(rows, cols)
  // Four numbers of each row and its logits; of these, whole vectors are stored.
  const room = (block * (4 + cols) + 12) * itemSize(dtype)
  const parts = Number(losses.length > 0) + 2 * Number(gradient.length > 0)
  const parameters = [rows, cols, block, wide(target), Number(g.rows > 1), parts]
  runWithRoom(machine, 'crossEntropy', dtype, [losses, gradient], [x, target, g], room, parameters)
}

/** out[i] = −ln softmax(x[i, :])[target[i]], for n x C logits x and what `classes` gives. */
export const crossEntropyOfClasses: Operation = {
  name: 'crossEntropy',
  vjp: [(g, _y, [x, t]) => x.apply(crossEntropyGradient, [x, t, g], undefined), null],
  selector: 1,
  shape: ([x]) => [x.rows, 1],
  forward: (out, [x, target], _attributes, machine) => run(machine, out.elements, nothing, x, target),
}

/** The same for a target that was not checked before. */
export const crossEntropy: Operation = {
  ...crossEntropyOfClasses,
  indices: ([x, target]) => ({ index: target, limit: x.cols }),
  shape([x, target]) {
    checkIndices('crossEntropy', 'class', target, x.cols)
    return [x.rows, 1]
  },
}

/** out[i, :] = (softmax(x[i, :]) − onehot(target[i]))·g[i]: the gradient of the above, for valid classes. */
export const crossEntropyGradient: Operation = {
  name: 'crossEntropyGradient',
  vjp: [
    (h, _y, [x, , g]) => {
      const p = x.softmax(1)
      const hg = h.mul(g)
      const total = weighed(hg, p).sum(1)
      return weighed(p, hg.sub(total))
    },
    null,
    (h, _y, [x, t]) => h.mul(x.softmax(1).sub(t.apply(hot, [t], { count: x.cols, dtype: x.dtype }))).sum(1),
  ],
  selector: 1,
  shape: ([x]) => x.shape,
  forward: (out, [x, target, g], _attributes, machine) => run(machine, nothing, out.elements, x, target, g),
}

/** Both at once, which takes the exponentials only once: what programs make of the two. */
export const crossEntropyWithGradient: Change = {
  name: 'crossEntropyWithGradient',
  reads: 0,
  forward([losses, gradient], [x, target, g], _attributes, machine) {
    run(machine, losses.elements as TypedArray, gradient.elements as TypedArray, x, target, g)
  },
}

/** ln p and ln(1 − p), at least −100, where they have no derivative. */
export function clampedLogs(p: Value): [ofOne: Value, ofZero: Value] {
  const [isZero, isOne] = [p.equal(0), p.equal(1)]
  return [
    isZero.where(-100, isZero.where(1, p).log().maximum(-100)),
    isOne.where(-100, isOne.where(0, p).neg().log1p().maximum(-100)),
  ]
}

/** What PyTorch, which has it in float32, divides by where p·(1 − p) is less. */
const LEAST = Math.fround(1e-12)

/** −t·ln p − (1 − t)·ln(1 − p), with PyTorch's derivative, which ends where the logarithms do: (p − t) / max(p·(1 − p), 10⁻¹²). */
export const binaryCrossEntropy: Operation = formula(
  'binaryCrossEntropy',
  (g, _y, [, p, t]) => g.mul(p.sub(t)).div(p.neg().add(1).mul(p).maximum(LEAST)),
  (g, _y, [, p]) => {
    const [ofOne, ofZero] = clampedLogs(p)
    return g.mul(ofZero.sub(ofOne))
  },
)
