import type { DType, TypedArray } from './dtype.ts'
import { ShapeError } from './errors.ts'
import { launch } from './kernels.ts'
import type { Block, Change, Operation } from './operation.ts'
import { checkIndices } from './rearrange.ts'
import { formatShape } from './shape.ts'

const nothing = new Float64Array()

/** Runs the kernel on n x C logits for what is asked of it: losses, gradients, or both. */
function run(dtype: DType, losses: TypedArray, gradient: TypedArray, x: Block, target: Block, g?: Block): void {
  if (x.data.length === 0) return
  const inputs = [x.data, target.data, g ? g.data : nothing]
  const parts = Number(losses.length > 0) + 2 * Number(gradient.length > 0)
  const numbers = [x.rows, x.cols, Number(target.dtype === 'float64'), Number(g !== undefined && g.rows > 1), parts]
  launch('crossEntropy', dtype, [losses, gradient], inputs, numbers)
}

/** out[i] = −ln softmax(x[i, :])[target[i]], for n x C logits x and the class of each row. */
export const crossEntropy: Operation = {
  name: 'crossEntropy',
  selector: 1,
  checksElements: true,
  shape([x, target]) {
    checkIndices('crossEntropy', 'class', target, x.cols)
    if (target.rows !== x.rows)
      throw new ShapeError(
        `crossEntropy: logits are ${formatShape(x.shape)}, target is ${formatShape(target.shape)}, wanted as many rows`,
      )
    return [x.rows, 1]
  },
  forward: (out, [x, target]) => run(out.dtype, out.data, nothing, x, target),
}

/** out[i, :] = (softmax(x[i, :]) − onehot(target[i]))·g[i]: the gradient of the above, for valid classes. */
export const crossEntropyGradient: Operation = {
  name: 'crossEntropyGradient',
  selector: 1,
  shape: ([x]) => x.shape,
  forward: (out, [x, target, g]) => run(out.dtype, nothing, out.data, x, target, g),
}

/** Both at once, which takes the exponentials only once: what programs make of the two. */
export const crossEntropyWithGradient: Change = {
  name: 'crossEntropyWithGradient',
  reads: 0,
  forward([losses, gradient], [x, target, g]) {
    run(x.dtype, losses.elements as TypedArray, gradient.elements as TypedArray, x, target, g)
  },
}
