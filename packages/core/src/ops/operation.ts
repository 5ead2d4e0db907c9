import type { DType, TypedArray } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { type Axis, checkInteger, formatShape, type Shape } from '../base/shape.ts'
import type { Machine } from '../engine/machine.ts'
import * as opcodes from '../engine/opcodes.generated.ts'
import type { Value } from './algebra.ts'

/** Dense row-major numbers and their shape: what an operation reads and writes. A Matrix is one. */
export interface Block {
  readonly rows: number
  readonly cols: number
  readonly shape: Shape
  readonly dtype: DType
  /** The elements, as a matrix gives them to users: what users' operations read and write. */
  readonly data: TypedArray
  /** The same where they are at present, perhaps in a buffer with others: what the operations here read and write. @internal */
  readonly elements: TypedArray
}

/**
 * What keeps numbers that operations change in place: a matrix, a random generator. Its elements may move, unless it is
 * pinned.
 */
export interface Holder {
  elements: TypedArray | Uint32Array
  /** How many elements there are, unless somebody detached or resized their buffer. */
  readonly size: number
  /** The `tick` of its last change in place, 0 if there was none. */
  version: number
  /** Whether somebody has the array of the elements, which then stay in it. */
  readonly pinned: boolean
}

/** What operations compute with: a matrix, that is. */
export interface Stored extends Block, Holder {
  elements: TypedArray
}

/** An operation's own arguments: an axis, the bounds of a slice, a slope. */
// biome-ignore lint/suspicious/noExplicitAny: each operation reads the attributes that its own methods pass
export type Attributes = any

/** How the cotangent g of a result y changes as y moves, with what else g was computed from where it is. */
export interface Slope<V = Value> {
  /** The derivative of g as y moves along a direction, and inputs after the first along others. */
  along(...directions: (Stored | V)[]): V
  /** The largest derivative of ⟨g, direction⟩ by what both y and g were computed from, but not g by way of y: a 1x1. */
  aside(direction: V): V
}

/**
 * The cotangent of one input: g is the cotangent of the result, y the result, then the inputs and attributes of the call
 * and the number of the input. Written with operations, so that it has derivatives itself. It may have the shape that the
 * input was broadcast to: the tape sums it down. Where the operation asks for it, `slope` tells how g changes as y moves.
 */
export type Rule<V = Value> = {
  // A method, so that a rule may name the class that it is written for.
  of(g: V, y: V, inputs: readonly V[], attributes: Attributes, index: number, slope?: Slope<V>): V
}['of']

/**
 * What a matrix operation is: everything there is to know about it. Matrix methods, Variable methods and every program that runs
 * operations later read it; none of them knows a particular operation.
 */
export interface Operation<V = Value> {
  /** The name users call it by; error messages begin with it. */
  readonly name: string
  /**
   * The input that selects (row indices, a condition) rather than computes: it keeps its own dtype and takes no part in
   * the promotion of the others.
   */
  readonly selector?: number
  /** The dtype of the result where it is not that of the inputs. */
  dtype?(attributes: Attributes): DType
  /** The shape of the result, and the one place that throws: when it returns, `forward` cannot fail. */
  shape(inputs: readonly Block[], attributes: Attributes): Shape
  /** Overwrites `out`, which has the shape that `shape` gave, by kernels of the machine; the computing inputs share one dtype. */
  forward(out: Block, inputs: readonly Block[], attributes: Attributes, machine: Machine): void
  /**
   * What a compiled program does, if that is not what `forward` does: the same by kernels alone, where `forward` is more than
   * launching some; or 'host', a call of `forward` in JavaScript, where there is no such way.
   */
  readonly program?: Operation['forward'] | 'host'
  /**
   * The input that must be indices, whole numbers from 0 to `limit` − 1, where there is one. `shape` throws if they are not,
   * and compiled programs call it then.
   */
  indices?(inputs: readonly Block[], attributes: Attributes): { readonly index: Block; readonly limit: number }
  /** Whether out[i] depends on element i alone of each input that has the size of out, so that it may overwrite one. */
  readonly elementwise?: boolean
  /**
   * A rule for each input: vᵢ = gᵀ·∂y/∂xᵢ. Inputs beyond the last rule share it, which takes the index of its input then; `null`
   * means that there is no derivative with respect to that input, and none at all where there is no rule.
   */
  readonly vjp: readonly (Rule<V> | null)[]
  /** Whether the rules want `slope` at this result. */
  asksSlope?(result: Block, inputs: readonly Block[]): boolean
  /** How it is called as a method and as a function of this name; only from within where it is absent. */
  readonly method?: Method
}

/** What a call means: `operands` values, the first of them the receiver of a method, and then what makes the attributes. */
export interface Method {
  readonly operands: number
  /** What a method takes, as its declaration in Algebra names it: 'b, options'. */
  readonly takes: string
  /** The attributes of a call with these arguments, none where it is absent. */
  // biome-ignore lint/suspicious/noExplicitAny: what the declaration in Algebra says
  attributes?(this: Value, ...args: any[]): Attributes
}

/** f(a) */
export const unaryMethod: Method = { operands: 1, takes: '' }
/** f(a, b) */
export const binaryMethod: Method = { operands: 2, takes: 'b' }
/** f(a, axis) */
export const axialMethod: Method = { operands: 1, takes: 'axis', attributes: (axis?: Axis) => ({ axis }) }

/**
 * The number by which the kernels know an operation, which is generated from its row; until it is, one that they stop at.
 */
export const opcodeOf = (name: string): number =>
  (opcodes as Readonly<Record<string, number>>)[name.replace(/[A-Z]/g, '_$&').toUpperCase()] ?? -1

/** What changes holders of numbers in place, such as an optimiser's update. */
export interface Change {
  readonly name: string
  /** How many of the targets, from the first, are read as well as written. */
  readonly reads: number
  forward(targets: readonly Holder[], inputs: readonly Block[], attributes: Attributes, machine: Machine): void
  /** As in Operation. */
  readonly program?: Change['forward']
}

/** Runs the kernel of this name that computes in `dtype`. */
export function run(
  machine: Machine,
  kernel: string,
  dtype: DType,
  out: Block,
  inputs: readonly Block[],
  parameters: readonly number[],
): void {
  // `map` takes longer, here where most operations pass.
  const data: TypedArray[] = Array(inputs.length)
  for (let i = 0; i < inputs.length; i++) data[i] = inputs[i].elements
  runOn(machine, kernel, dtype, out.elements, data, parameters)
}

/** The same, on parts of the operands. */
export function runOn(
  machine: Machine,
  kernel: string,
  dtype: DType,
  out: TypedArray,
  inputs: readonly TypedArray[],
  parameters: readonly number[],
): void {
  if (out.length > 0) machine.launch(kernel, dtype, [out], inputs, parameters)
}

/** @throws ShapeError unless `a` is a row or a column. */
export function vectorLength(operation: string, a: Pick<Block, 'rows' | 'cols' | 'shape'>): number {
  if (a.rows !== 1 && a.cols !== 1)
    throw new ShapeError(`${operation}: got ${formatShape(a.shape)}, wanted a row or a column`)
  return a.rows * a.cols
}

/**
 * Where something is among `count`, from 0: a negative position counts from the end, as in JavaScript's `at`.
 *
 * @throws as checkInteger.
 */
export function position(operation: string, what: string, i: number, count: number): number {
  if (count === 0 && Number.isInteger(i))
    throw new ShapeError(`${operation}: ${what} is ${i} of 0, wanted at least one to choose from`)
  checkInteger(operation, what, i, -count, count - 1)
  return i < 0 ? i + count : i
}

/** 1 where a selector is float64, as the kernels that read one expect. */
export const wide = (selector: Block): number => Number(selector.dtype === 'float64')

/** Runs a kernel that takes the address of so many bytes of room behind those of its operands. */
export function runWithRoom(
  machine: Machine,
  kernel: string,
  dtype: DType,
  outputs: readonly TypedArray[],
  inputs: readonly Block[],
  bytes: number,
  parameters: readonly number[],
): void {
  if (outputs.every(({ length }) => length === 0)) return
  const engine = machine.engineFor(0)
  const args: number[] = []
  const data = inputs.map(({ elements }) => elements)
  args.push(machine.place(engine, kernel, outputs, data, 0, bytes, args), ...parameters)
  engine.run(kernel, dtype, [args])
  machine.collect(engine, outputs, args)
}

/** The distance in elements to the next row of `block` when it is broadcast. */
export const rowStep = (block: Block): number => (block.rows === 1 ? 0 : block.cols)

/** The distance in elements to the next column of `block` when it is broadcast. */
export const colStep = (block: Block): number => (block.cols === 1 ? 0 : 1)
