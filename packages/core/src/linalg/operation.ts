// What makes functions of linear algebra operations, so that values of every class, such as a tape's variables, go through them.

import type { TypedArray } from '../base/dtype.ts'
import { DTypeError, ShapeError } from '../base/errors.ts'
import { checkRows, describe, formatShape, type Shape } from '../base/shape.ts'
import { isValue, Matrix } from '../matrix/matrix.ts'
import type { ClassOf, ColsIn, Results, RowsIn, Value } from '../ops/algebra.ts'
import type { Attributes, Block, Operation } from '../ops/operation.ts'
import { mayLook, tracer } from '../ops/tracer.ts'
import { create } from './workspace.ts'

/**
 * What is a number for a Matrix: for other values a 1x1 of their class. A number is one while a function is traced as well,
 * which then reads elements.
 */
export type Scalar<V> = V extends unknown ? (ClassOf<V> extends 'matrix' ? number : Results<1, 1>[ClassOf<V>]) : never

/** A result that is square as V is. */
export type SquareOf<V> = Results<RowsIn<V> & ColsIn<V>, RowsIn<V> & ColsIn<V>>[ClassOf<V>]

/** @throws DTypeError unless `a` is a Matrix, or another value that operations compute with. */
export function checkValue(operation: string, what: string, a: unknown): asserts a is Value {
  if (!isValue(a)) throw new DTypeError(`${operation}: ${what} is ${describe(a)}, wanted a Matrix`)
}

/** @throws DTypeError unless `a` is a value; ShapeError unless it is square. */
export function checkSquare(operation: string, a: unknown): asserts a is Value {
  checkValue(operation, 'a', a)
  if (a.rows !== a.cols) throw new ShapeError(`${operation}: a is ${formatShape(a.shape)}, wanted a square matrix`)
}

/** @throws DTypeError unless `a` and `b` are values; ShapeError unless they have as many rows. */
export function checkSystem(operation: string, a: unknown, b: unknown): void {
  checkValue(operation, 'a', a)
  checkValue(operation, 'b', b)
  checkRows(operation, 'a is', a.shape, 'b is', b.shape)
}

/** Whether `a` is a Matrix whose elements may be read now: what is computed with it need not be an operation. */
export const isAtHand = (a: unknown): a is Matrix => a instanceof Matrix && mayLook()

/** An operation that is a function of matrices, which may throw a LinAlgError. */
export interface Computed extends Operation {
  compute(inputs: readonly Matrix[], attributes: Attributes): Matrix
}

/** Such an operation: its operands are checked where it is called, and a compiled program calls it in JavaScript. */
export const computed = (
  name: string,
  shape: (inputs: readonly Block[], attributes: Attributes) => Shape,
  compute: Computed['compute'],
  vjp: Operation['vjp'],
  asksSlope?: Operation['asksSlope'],
): Computed => ({
  name,
  shape,
  compute,
  forward: (out, inputs, attributes) =>
    out.elements.set(compute(inputs as readonly Block[] as readonly Matrix[], attributes).elements),
  program: 'host',
  vjp,
  ...(asksSlope && { asksSlope }),
})

/** The shape of the first operand. */
export const asFirst = ([a]: readonly Block[]): Shape => a.shape

/** The result of an operation on operands that were checked. */
export function resultOf(operation: Computed, operands: readonly Value[], attributes?: Attributes): Value {
  if (tracer === null && operands.every(isAtHand))
    return operation.compute(operands as readonly Value[] as readonly Matrix[], attributes) as unknown as Value
  return operands[0].apply(operation, operands, attributes)
}

/** Matrices of one dtype and as many columns below one another: what an operation gives that has several results. */
export function stacked(...parts: readonly Matrix[]): Matrix {
  const rows = parts.reduce((total, part) => total + part.rows, 0)
  const out = create(parts[0].dtype, rows, parts[0].cols)
  let start = 0
  for (const { elements, size } of parts) {
    out.elements.set(elements, start)
    start += size
  }
  return out
}

/** The elements of a row. */
export const rowAt = (block: Block, i: number): TypedArray =>
  block.elements.subarray(i * block.cols, (i + 1) * block.cols)

let walks = 0

/** Says that a walk back through a tape begins: what rules have computed in another is not what they compute now. */
export function startWalk(): void {
  walks++
}

const shared = new WeakMap<Value, { readonly y: Value; readonly value: Value; readonly walk: number }>()

/** What the rules of an operation all compute from the cotangent g of its result y: once in a walk. */
export function once(g: Value, y: Value, compute: () => Value): Value {
  const known = shared.get(g)
  if (known?.y === y && known.walk === walks) return known.value
  const walk = walks
  const value = compute()
  shared.set(g, { y, value, walk })
  return value
}
