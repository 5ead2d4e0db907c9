import { MatgradError, ShapeError } from './errors.ts'
import { collect, place } from './kernels.ts'
import { type Block, type Operation, run } from './operation.ts'
import { BIAS, multiply, RELU, type Region, stepsOf } from './product.ts'
import { describe, formatShape } from './shape.ts'
import { strassen, strassenRoom } from './strassen.ts'
import { engineFor } from './threads.ts'

export interface MatmulOptions {
  /** Multiply by the transpose of the left matrix, without forming it. */
  readonly transposeA?: boolean
  /** Multiply by the transpose of the right matrix, without forming it. */
  readonly transposeB?: boolean
  /**
   * 'strassen' is faster for large matrices: from 2048 rows and columns on, it takes seven eighths of the multiplications
   * for each time that the sizes can be halved above 1024. Its error is bounded by the largest elements of A and B instead
   * of by those that meet in an element of C (Higham 2002, §23.2.2, Winograd's form, for n x n divided down to n₀):
   * |C − Ĉ| ≤ ((n/n₀)^log₂18·(n₀² + 6n₀) − 6n)·u·max|A|·max|B|, where the default has |C − Ĉ| ≤ n·u·|A|·|B|.
   */
  readonly algorithm?: 'auto' | 'strassen'
}

const sides = (transposeA?: boolean, transposeB?: boolean): string =>
  transposeA || transposeB ? ` (${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'})` : ''

/** C = op(A)·op(B), where op(X) is X or Xᵀ. */
export const matmul: Operation = {
  name: 'matmul',
  shape([a, b], { transposeA, transposeB, algorithm }: MatmulOptions) {
    if (algorithm !== undefined && algorithm !== 'auto' && algorithm !== 'strassen')
      throw new MatgradError(`matmul: algorithm is ${describe(algorithm)}, wanted 'auto' or 'strassen'`)
    const [rows, inner] = transposeA ? [a.cols, a.rows] : a.shape
    const [other, cols] = transposeB ? [b.cols, b.rows] : b.shape
    if (inner !== other)
      throw new ShapeError(
        `matmul: left is ${formatShape(a.shape)}, right is ${formatShape(b.shape)}${sides(transposeA, transposeB)}, ` +
          `wanted ${inner} and ${other} to be equal`,
      )
    return [rows, cols]
  },
  forward: (out, [a, b], attributes: MatmulOptions) => product(out, a, b, undefined, attributes, 0),
}

/** op(A)·op(B) + bias, a row, and then max(x, 0) where `relu`: what programs make of the three operations. */
export const affine: Operation = {
  name: 'affine',
  shape: ([a, b], attributes) => matmul.shape([a, b], attributes),
  forward(out, [a, b, bias], attributes: MatmulOptions & { relu: boolean }) {
    product(out, a, b, bias, attributes, attributes.relu ? BIAS | RELU : BIAS)
  },
}

/** The product, with what `mode` says. */
function product(
  out: Block,
  a: Block,
  b: Block,
  bias: Block | undefined,
  { transposeA, transposeB, algorithm }: MatmulOptions,
  mode: number,
): void {
  const size = { m: out.rows, n: out.cols, k: transposeA ? a.rows : a.cols }
  const [aRow, aCol] = stepsOf(a, transposeA)
  const [bRow, bCol] = stepsOf(b, transposeB)
  const engine = engineFor(size.m * size.n * size.k)
  const room = algorithm === 'strassen' ? strassenRoom(size) * out.data.BYTES_PER_ELEMENT : 0
  if (engine.threads === 1 && room === 0 && !bias) {
    run('gemm', out.dtype, out, [a, b], [0, size.m, size.n, size.k, size.n, aRow, aCol, bRow, bCol, mode])
    return
  }
  const addresses: number[] = []
  const free = place(engine, 'matmul', [out.data], [a.data, b.data, bias?.data ?? nothing], 0, room, addresses)
  const [c, addressA, addressB, addressBias] = addresses
  const regions: [Region, Region, Region] = [
    { address: c, row: out.cols, col: 1 },
    { address: addressA, row: aRow, col: aCol },
    { address: addressB, row: bRow, col: bCol },
  ]
  if (room > 0) strassen(engine, out.dtype, ...regions, size, false, free)
  else multiply(engine, out.dtype, ...regions, size, mode, addressBias)
  collect(engine, [out.data], addresses)
}

const nothing = new Float64Array()
