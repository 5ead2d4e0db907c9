import { ShapeError } from '../base/errors.ts'
import { flag, oneOf, readerOf } from '../base/options.ts'
import { formatShape, type Shape } from '../base/shape.ts'
import type { Machine } from '../engine/machine.ts'
import { BIAS, multiply, RELU, type Region, stepsOf } from '../engine/product.ts'
import { strassen, strassenRoom } from '../engine/strassen.ts'
import type { MatmulOptions, Value } from './algebra.ts'
import { add } from './elementwise.ts'
import { type Block, type Operation, runOn } from './operation.ts'

const readMatmul = readerOf({
  transposeA: flag(false),
  transposeB: flag(false),
  algorithm: oneOf('auto', 'strassen')('auto'),
})

const sides = (transposeA?: boolean, transposeB?: boolean): string =>
  transposeA || transposeB ? ` (${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'})` : ''

type Sized = Pick<Block, 'rows' | 'cols' | 'shape'>

/** The shape of op(A)·op(B). @throws ShapeError where the sizes do not fit. */
export function productShape(operation: string, a: Sized, b: Sized, { transposeA, transposeB }: MatmulOptions): Shape {
  const [rows, inner] = transposeA ? [a.cols, a.rows] : a.shape
  const [other, cols] = transposeB ? [b.cols, b.rows] : b.shape
  if (inner !== other)
    throw new ShapeError(
      `${operation}: left is ${formatShape(a.shape)}, right is ${formatShape(b.shape)}${sides(transposeA, transposeB)}, ` +
        `wanted ${inner} and ${other} to be equal`,
    )
  return [rows, cols]
}

/** op(A)·op(B) without reading options, which every step backwards would do. */
const times = (a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value =>
  a.apply(matmul, [a, b], { transposeA, transposeB, algorithm: 'auto' })

/** C = op(A)·op(B), where op(X) is X or Xᵀ: Ā = G·Bᵀ and B̄ = Aᵀ·G; a transposed operand has its cotangent transposed. */
export const matmul: Operation = {
  name: 'matmul',
  method: { operands: 2, takes: 'b, options', attributes: (options?: MatmulOptions) => readMatmul('matmul', options) },
  vjp: [
    (g, _y, [, b], { transposeA, transposeB }) =>
      transposeA ? times(b, g, transposeB, true) : times(g, b, false, !transposeB),
    (g, _y, [a], { transposeA, transposeB }) =>
      transposeB ? times(g, a, true, transposeA) : times(a, g, !transposeA, false),
  ],
  shape: ([a, b], options: MatmulOptions) => productShape('matmul', a, b, options),
  forward: product,
}

/**
 * op(A)·op(B) + bias, a row, and then max(x, 0) where `relu`, which programs alone ask for, and not of Strassen's product.
 * The bits are those of the three operations.
 */
export const affine: Operation = {
  name: 'affine',
  method: {
    operands: 3,
    takes: 'b, bias, options',
    attributes: (options?: MatmulOptions) => readMatmul('affine', options),
  },
  vjp: [...matmul.vjp, (g) => g],
  shape([a, b, bias], attributes: MatmulOptions) {
    const shape = productShape('affine', a, b, attributes)
    if (bias.rows !== 1 || bias.cols !== shape[1])
      throw new ShapeError(`affine: bias is ${formatShape(bias.shape)}, wanted 1x${shape[1]}`)
    return shape
  },
  forward: product,
}

type ProductAttributes = MatmulOptions & { readonly relu?: boolean }

/** The product of the first two inputs, with a third added if there is one. */
function product(out: Block, inputs: readonly Block[], attributes: ProductAttributes, machine: Machine): void {
  const [a, b] = inputs
  const bias: Block | undefined = inputs[2]
  const { transposeA, transposeB, algorithm, relu } = attributes
  const mode = (bias ? BIAS : 0) | (relu ? RELU : 0)
  const size = { m: out.rows, n: out.cols, k: transposeA ? a.rows : a.cols }
  const [aRow, aCol] = stepsOf(a, transposeA)
  const [bRow, bCol] = stepsOf(b, transposeB)
  const engine = machine.engineFor(size.m * size.n * size.k)
  const room = algorithm === 'strassen' ? strassenRoom(size) * out.elements.BYTES_PER_ELEMENT : 0
  const operands = [a.elements, b.elements, bias?.elements ?? nothing]
  if (engine.threads === 1 && room === 0) {
    const numbers = [size.m, size.n, size.k, out.cols, aRow, aCol, bRow, bCol, mode]
    runOn(machine, 'gemm', out.dtype, out.elements, operands, numbers)
    return
  }
  const addresses: number[] = []
  const free = machine.place(engine, 'matmul', [out.elements], operands, 0, room, addresses)
  const [c, addressA, addressB, addressBias] = addresses
  const regions: [Region, Region, Region] = [
    { address: c, row: out.cols, col: 1 },
    { address: addressA, row: aRow, col: aCol },
    { address: addressB, row: bRow, col: bCol },
  ]
  if (room > 0) strassen(engine, out.dtype, ...regions, size, false, free)
  else multiply(engine, out.dtype, ...regions, size, mode, addressBias)
  machine.collect(engine, [out.elements], addresses)
  if (room > 0 && bias) add.forward(out, [out, bias], undefined, machine)
}

const nothing = new Float64Array()
