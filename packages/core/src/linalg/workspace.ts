// What every factorisation begins with and ends with: operands are checked and copied to the engine's memory as float64,
// with room behind them for results and work, and results are copied out as matrices.

import type { DType, TypedArray } from '../base/dtype.ts'
import { DTypeError, LinAlgError } from '../base/errors.ts'
import { describe } from '../base/shape.ts'
import { allocate } from '../engine/allocate.ts'
import { type Engine, extend, getEngine, place } from '../engine/engine.ts'
import { elementsOf, Matrix, owning } from '../matrix/matrix.ts'
import { linalgKernels } from './kernels.generated.ts'

/** The distance from 1 to the next number of each dtype. */
export const EPSILON: Readonly<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 }

/** Largest elements within 2^±400 can be squared and summed without care. */
export const SQUARED = 400
/** Largest elements within 2^±960 can be eliminated with: they grow, but are not multiplied by one another. */
export const LINEAR = 960
/** Nothing is scaled. */
export const UNSCALED: number = Number.POSITIVE_INFINITY

/** @throws DTypeError unless `a` is a matrix. */
export function checkMatrix(operation: string, what: string, a: Matrix): void {
  if (!((a as unknown) instanceof Matrix))
    throw new DTypeError(`${operation}: ${what} is ${describe(a)}, wanted a Matrix`)
}

function throwNotFinite(operation: string, what: string, { elements: data, cols }: Matrix): never {
  const at = data.findIndex((x) => !Number.isFinite(x))
  throw new LinAlgError(
    `${operation}: ${what}[${Math.floor(at / cols)}, ${at % cols}] is ${data[at]}, wanted finite numbers`,
  )
}

const bits = new Float64Array(1)
const words = new Int32Array(bits.buffer)

/** e for 2^e ≤ |x| < 2^(e + 1), −1023 for what is smaller than normal numbers. */
export function exponentOf(x: number): number {
  bits[0] = x
  return ((words[1] >>> 20) & 0x7ff) - 1023
}

/** x·2^k for any whole k, rounded once. */
export function shifted(x: number, k: number): number {
  if (x === 0) return x
  // Normal numbers first: 2^54 takes every subnormal one among them.
  const normal = Math.abs(x) < 2 ** -1022 ? x * 2 ** 54 : x
  const own = exponentOf(normal)
  const exponent = own + k - (normal === x ? 0 : 54)
  const significand = normal * 2 ** -own
  if (exponent > 1023) return significand * Number.POSITIVE_INFINITY
  if (exponent >= -1022) return significand * 2 ** exponent
  return significand * 2 ** -1000 * 2 ** Math.max(-100, exponent + 1000)
}

/**
 * The power of two that brings a size above 2^range near that, so that as little as can be vanishes beside it, and one below
 * 2^−range near 1; else 1. 2^1000 makes normal numbers of subnormal ones.
 */
export function scaleFor(size: number, range: number): number {
  if (size === 0 || (size <= 2 ** range && size >= 2 ** -range)) return 1
  return 2 ** Math.min(1000, (size > 1 ? range : 0) - exponentOf(size))
}

/** The largest |a|, NaN where there is one. */
export function largestOf({ elements: data }: Matrix): number {
  let most = 0
  for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i]))
  return most
}

export interface Workspace {
  readonly engine: Engine
  readonly kernels: Engine['kernels']['float64']
  /** The addresses of the operands, then of the rooms. */
  readonly at: readonly number[]
  /** What each operand was multiplied by. */
  readonly scales: readonly number[]
  /** The largest element of each operand, as it was multiplied. */
  readonly sizes: readonly number[]
}

const OPERANDS = ['a', 'b']

function float64Data(operation: string, a: Matrix): TypedArray {
  const elements = elementsOf(operation, a)
  return a.dtype === 'float64' ? elements : new Float64Array(elements)
}

/** Copies the operands into the engine's memory and makes room for blocks of so many elements behind them. */
export function arrange(
  operation: string,
  operands: readonly Matrix[],
  rooms: readonly number[],
): Omit<Workspace, 'scales' | 'sizes'> & { top: number } {
  const engine = getEngine()
  const at: number[] = []
  let bytes = 16
  for (let i = 0; i < rooms.length; i++) bytes += 8 * (rooms[i] + 1)
  const data = operands.map((operand) => float64Data(operation, operand))
  let top = place(engine, operation, [], data, 0, bytes, at)
  for (let i = 0; i < rooms.length; i++) {
    at.push(top)
    top += 8 * (rooms[i] + (rooms[i] & 1))
  }
  return { engine, kernels: extend(engine, linalgKernels).float64, at, top }
}

/**
 * Arranges the operands, scaled by powers of two where the largest element of the first lies outside 2^±range, and that of the
 * second outside 2^±other, which is exact but for elements that vanish beside it.
 *
 * @throws LinAlgError where an operand has an element that is not finite.
 */
export function enter(
  operation: string,
  operands: readonly Matrix[],
  rooms: readonly number[],
  range: number,
  other: number = range,
): Workspace {
  const { engine, kernels, at, top } = arrange(operation, operands, rooms)
  const scales: number[] = []
  const sizes: number[] = []
  for (let i = 0; i < operands.length; i++) {
    const { size } = operands[i]
    kernels.largest(top, at[i], size)
    const largest = engine.f64[top / 8]
    if (!Number.isFinite(largest)) throwNotFinite(operation, OPERANDS[i], operands[i])
    const scale = scaleFor(largest, i === 0 ? range : other)
    scales.push(scale)
    sizes.push(largest * scale)
    if (scale !== 1) for (let j = at[i] / 8; j < at[i] / 8 + size; j++) engine.f64[j] *= scale
  }
  return { engine, kernels, at, scales, sizes }
}

/** Whether all elements are finite numbers. */
export function allFinite(operation: string, a: Matrix): boolean {
  const data = elementsOf(operation, a)
  // 0·x is 0, or NaN for what is not finite.
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]
  return sum === 0
}

/** @throws LinAlgError where `a` has an element that is not finite. */
export function checkFinite(operation: string, what: string, a: Matrix): void {
  if (!allFinite(operation, a)) throwNotFinite(operation, what, a)
}

/** @throws LinAlgError where some of the n values that an iteration was to find are missing. */
export function checkConverged(operation: string, values: string, missing: number, n: number): void {
  if (missing > 0)
    throw new LinAlgError(`${operation}: ${missing} ${values} have not converged, wanted all ${n} of them`)
}

/** @throws LinAlgError where an element of a result lies beyond the range of its dtype. */
export function checkRange<A extends Matrix>(operation: string, result: A, name = 'the result'): A {
  const { elements: data, cols, dtype } = result
  if (!allFinite(operation, result)) {
    const at = data.findIndex((x) => !Number.isFinite(x))
    const where = `[${Math.floor(at / cols)}, ${at % cols}]`
    throw new LinAlgError(
      `${operation}: element ${where} of ${name} is beyond the range of ${dtype}, wanted a smaller one`,
    )
  }
  return result
}

export function create(dtype: DType, rows: number, cols: number): Matrix {
  return owning(allocate(dtype, rows * cols), rows, cols)
}

/** The elements at an address as a matrix, divided by a scale. */
export function leave(
  { engine }: Workspace,
  address: number,
  rows: number,
  cols: number,
  dtype: DType,
  scale: number,
): Matrix {
  const out = create(dtype, rows, cols)
  const start = address / 8
  if (out.size > 0) out.elements.set(engine.f64.subarray(start, start + out.size))
  if (scale !== 1) for (let i = 0; i < out.size; i++) out.elements[i] = engine.f64[start + i] / scale
  return out
}

/** Vectors that are rows in memory, `ld` elements apart, as the columns of a matrix: column j is row order[j]. */
export function leaveColumns(
  { engine }: Workspace,
  address: number,
  ld: number,
  length: number,
  order: ArrayLike<number>,
  dtype: DType,
): Matrix {
  const cols = order.length
  const out = create(dtype, length, cols)
  const { elements: data } = out
  const { f64 } = engine
  for (let j = 0; j < cols; j++) {
    const start = address / 8 + order[j] * ld
    for (let i = 0; i < length; i++) data[i * cols + j] = f64[start + i]
  }
  return out
}

/** 0 … n − 1. */
export const inOrder = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i)

/** 0 … n − 1 in the ascending order of values[0 … n − 1]; equal ones keep theirs. */
export const ascending = (values: ArrayLike<number>, n: number): Int32Array =>
  inOrder(n).sort((i, j) => values[i] - values[j] || i - j)

/** The number of elements of an even row: rotations work on whole vectors. */
export const even = (n: number): number => n + (n & 1)

/** What `formQ` takes: blocks of 32 reflectors of `size`, their T, and two products of 32 x cols. */
export const roomForQ = (size: number, cols: number): number => 32 * (32 + size + 2 * cols)

/** What records of 48 sweeps of rotations take, each with its 3 numbers and 2 for a rotation. */
export const roomForRotations = (n: number): number => 4 + 48 * (2 * n + 3)

/** A matrix in a dtype, itself if it has it. */
export const toDtype = (a: Matrix, dtype: DType): Matrix => (a.dtype === dtype ? a : a.astype(dtype))
