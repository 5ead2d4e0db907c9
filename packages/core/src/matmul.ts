import { ShapeError } from './errors.ts'
import { type Operation, run } from './operation.ts'
import { formatShape } from './shape.ts'

export interface MatmulOptions {
  /** Multiply by the transpose of the left matrix, without forming it. */
  readonly transposeA?: boolean
  /** Multiply by the transpose of the right matrix, without forming it. */
  readonly transposeB?: boolean
}

const sides = (transposeA?: boolean, transposeB?: boolean): string =>
  transposeA || transposeB ? ` (${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'})` : ''

/** C = op(A)·op(B), where op(X) is X or Xᵀ. */
export const matmul: Operation = {
  name: 'matmul',
  shape([a, b], { transposeA, transposeB }: MatmulOptions) {
    const [rows, inner] = transposeA ? [a.cols, a.rows] : a.shape
    const [other, cols] = transposeB ? [b.cols, b.rows] : b.shape
    if (inner !== other)
      throw new ShapeError(
        `matmul: left is ${formatShape(a.shape)}, right is ${formatShape(b.shape)}${sides(transposeA, transposeB)}, ` +
          `wanted ${inner} and ${other} to be equal`,
      )
    return [rows, cols]
  },
  forward(out, [a, b], { transposeA, transposeB }: MatmulOptions) {
    const inner = transposeA ? a.rows : a.cols
    const stepsOfA = transposeA ? [1, a.cols] : [a.cols, 1]
    const stepsOfB = transposeB ? [1, b.cols] : [b.cols, 1]
    run('gemm', out.dtype, out, [a, b], [out.rows, out.cols, inner, ...stepsOfA, ...stepsOfB, 0])
  },
}
