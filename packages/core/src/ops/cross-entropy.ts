import { itemSize, type TypedArray } from '../base/dtype.ts'
import { checkRows } from '../base/shape.ts'
import type { Machine } from '../engine/machine.ts'
import { weighed } from './elementwise.ts'
import { type Block, type Change, type Operation, runWithRoom, wide } from './operation.ts'
import { checkIndices } from './rearrange.ts'

const nothing = new Float64Array()
const none: Block = { rows: 0, cols: 0, shape: [0, 0], dtype: 'float64', data: nothing, elements: nothing }

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

/** out[i] = −ln softmax(x[i, :])[target[i]], for n x C logits x and the class of each row. */
export const crossEntropy: Operation = {
  name: 'crossEntropy',
  vjp: [(g, _y, [x, t]) => x.apply(crossEntropyGradient, [x, t, g], undefined), null],
  selector: 1,
  indices: ([x, target]) => ({ index: target, limit: x.cols }),
  shape([x, target]) {
    checkIndices('crossEntropy', 'class', target, x.cols)
    checkRows('crossEntropy', 'logits are', x.shape, 'target is', target.shape)
    return [x.rows, 1]
  },
  forward: (out, [x, target], _attributes, machine) => run(machine, out.elements, nothing, x, target),
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
    (h, _y, [x, t]) => h.mul(x.softmax(1).sub(t.oneHot(x.cols, { dtype: x.dtype }))).sum(1),
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
