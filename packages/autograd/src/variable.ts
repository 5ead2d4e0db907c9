import {
  type Algebra,
  type Attributes,
  type DType,
  DTypeError,
  MatgradError,
  Matrix,
  type MatrixJson,
  type Operation,
  ones,
  type Shape,
  ShapeError,
  type TypedArray,
} from '@matgrad/core'
import {
  announce,
  checkNoMore,
  describe,
  evaluate,
  flag,
  formatShape,
  installMethods,
  notApplied,
  operations,
  readerOf,
  scalar,
  settle,
  taped,
  text,
  tick,
  toInputs,
} from '@matgrad/core/internal'
import { whereComputed } from './detector.ts'
import { ruleOf } from './op.ts'
import { gradientWatch, isRecording, noGrad } from './recording.ts'
import { substitutes } from './substitutes.ts'
import { history, pullBack } from './tape.ts'

declare module '@matgrad/core' {
  interface Results<R extends number, C extends number> {
    variable: Variable<R, C>
  }
}

/** How a variable came about: value = op(inputs, attributes). */
export interface Origin {
  readonly op: Operation
  readonly inputs: readonly Variable[]
  readonly attributes: Attributes
}

let reads = 0

/** How often gradients were looked at, so that whoever overwrites some knows whether anybody may hold them. */
export const gradientReads = (): number => reads

let writes = 0

/** How often gradients were set, so that whoever set some knows whether anybody may have set others. */
export const gradientWrites = (): number => writes

/** A number larger than that of every variable there was so far, and smaller than those of all that will be. */
export const variablesMade = (): number => tick()

/**
 * A matrix that knows how it was computed. It is the tape's node, too: there is no list of them, so what nobody
 * differentiates is collected like any other object.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: installMethods below gives the class what the interface declares
export class Variable<R extends number = number, C extends number = number> {
  /** The value, perhaps in memory that the rest of the tape shares. @internal */
  readonly matrix: Matrix<R, C>
  private requires: boolean
  /** What it is called in messages, and where it is printed. */
  readonly name: string | undefined
  /** The operation that it was computed by, and its operands; null where none was recorded. */
  readonly origin: Origin | null
  /** When it was made: matrices with a later version have changed since. @internal */
  readonly created: number = tick()
  /** Where it is in the history that was searched last of those it is in. @internal */
  position = 0
  private gradient: Matrix<R, C> | null = null

  constructor(value: Matrix<R, C>, requiresGrad: boolean, origin: Origin | null = null, name?: string) {
    if (!((value as unknown) instanceof Matrix))
      throw new DTypeError(`Variable: value is ${describe(value)}, wanted a Matrix`)
    this.matrix = value
    this.requires = requiresGrad
    this.origin = origin
    this.name = name
  }

  /** The value itself, not a copy. */
  get value(): Matrix<R, C> {
    settle(this.matrix as unknown as Matrix)
    return this.matrix
  }

  /** Whether gradients flow to it. A variable without origin may change it: a layer that is frozen, or let go again. */
  get requiresGrad(): boolean {
    return this.requires
  }

  /** @throws DTypeError unless it is true or false; MatgradError for a variable that was computed. */
  set requiresGrad(requiresGrad: boolean) {
    if (typeof requiresGrad !== 'boolean')
      throw new DTypeError(`requiresGrad: got ${describe(requiresGrad)}, wanted true or false`)
    if (this.origin !== null)
      throw new MatgradError('requiresGrad: the variable was computed by an operation, wanted one made by `variable`')
    this.requires = requiresGrad
    announce()
  }

  /** The sum of the gradients of all backward passes since it was last null. Only a variable without origin has one. */
  get grad(): Matrix<R, C> | null {
    reads++
    if (gradientWatch !== null) gradientWatch.usedGradient(this as unknown as Variable, this.gradient, true)
    return this.gradient
  }

  /** The same, but nobody is told that it was looked at. @internal */
  get present(): Matrix<R, C> | null {
    return this.gradient
  }

  set grad(gradient: Matrix<R, C> | null) {
    writes++
    if (gradientWatch !== null) gradientWatch.usedGradient(this as unknown as Variable, this.gradient, false)
    this.gradient = gradient
  }

  /** How many rows its value has. */
  get rows(): R {
    return this.matrix.rows
  }

  /** How many columns its value has. */
  get cols(): C {
    return this.matrix.cols
  }

  /** [rows, cols] */
  get shape(): Shape<R, C> {
    return this.matrix.shape
  }

  /** How many elements its value has: rows·cols. */
  get size(): number {
    return this.matrix.size
  }

  /** What the elements of its value are. */
  get dtype(): DType {
    return this.matrix.dtype
  }

  /** The elements of the value, as `Matrix.data` gives them. */
  get data(): TypedArray {
    return this.matrix.data
  }

  /** a[i, j] of the value; negative positions count from the end. @throws ShapeError when it lies outside. */
  get(i: number, j: number): number {
    return this.matrix.get(i, j)
  }

  /** The only element. @throws ShapeError unless the variable is 1x1. */
  item(): number {
    return this.matrix.item()
  }

  toArray(): number[][] {
    return this.matrix.toArray()
  }

  /** What `JSON.stringify` writes: the value's `{ rows, cols, dtype, data }`. */
  toJSON(): MatrixJson {
    return this.matrix.toJSON()
  }

  toString(): string {
    const [, ...rows] = this.matrix.toString().split('\n')
    const head = `Variable ${this.rows}x${this.cols} ${this.dtype}${this.requiresGrad ? '' : ' constant'}`
    return [this.name ? `${head} ${this.name}` : head, ...rows].join('\n')
  }

  /** The same value without its history: no gradient flows through it. */
  detach(): Variable<R, C> {
    return new Variable(this.value, false)
  }

  /**
   * Adds to `grad`, of every variable without origin that this one was computed from and that requires it, the gradient of this
   * 1x1 variable; or of Σ gradient∘this, for any shape, when `gradient` is given. A `grad` that is there is changed in place,
   * as in PyTorch. The history stays (PyTorch's `retain_graph`); gradients with derivatives (`create_graph`) are those of
   * `grad`.
   *
   * @throws MatgradError when nothing that this was computed from requires a gradient, or a derivative needs elements that have
   * changed in place since they were computed with; ShapeError when it is not 1x1, or `gradient` not of its shape.
   */
  backward(gradient?: Matrix<R, C>): void {
    if (!this.requiresGrad)
      throw new MatgradError(
        `backward: nothing that the value was computed from requires a gradient, wanted a variable that ` +
          'does: was the history lost (noGrad, detach, value, constant), or has an operation no derivative, or are all frozen ' +
          `(requiresGrad)?${whereComputed(this as unknown as Variable)}`,
      )
    const seed = seedOf('backward', this, gradient)
    const gradients = noGrad(() => pullBack(history(this), seed))
    for (const [leaf, { cotangent, own }] of gradients) {
      const { matrix: value } = cotangent
      const { grad } = leaf
      if (grad !== null) {
        checkGradient(grad, leaf)
        grad.assign(grad.add(value))
      }
      // A program has what it keeps written when nothing can throw any more, which takes a copy.
      else if (own && gradientWatch === null) leaf.grad = value
      // The operation clones into a buffer shared with others, which is made faster than the method's own.
      else leaf.grad = evaluate(operations.clone, [value], undefined)
    }
  }

  /** Runs an operation on operands, this variable one of them. The result remembers them if one requires a gradient. */
  apply(operation: Operation, operands: readonly unknown[], attributes: Attributes): Variable {
    if (typeof operation !== 'object' || operands === undefined) throw notApplied(operation, operands)
    return applyOp(operation, operands, attributes)
  }
}

/** @throws DTypeError or ShapeError unless what somebody set as a gradient is one. */
function checkGradient(grad: unknown, { name, shape: [rows, cols] }: Variable): void {
  const whose = `backward: the gradient of a ${rows}x${cols} variable${name ? `, ${name},` : ''}`
  if (!(grad instanceof Matrix)) throw new DTypeError(`${whose} is ${describe(grad)}, wanted a Matrix or null`)
  if (grad.rows !== rows || grad.cols !== cols)
    throw new ShapeError(`${whose} is ${formatShape(grad.shape)}, wanted the variable's shape`)
}

export interface Variable<R extends number, C extends number> extends Algebra<'variable', R, C> {}

installMethods(Variable.prototype, { item: '', toArray: '', detach: '', backward: 'gradient' })

Object.defineProperty(Variable.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value: Variable.prototype.toString,
})

/** The cotangent that a backward pass starts from: `gradient`, or 1 for a 1x1. */
export function seedOf(operation: string, { shape, dtype }: Variable, gradient?: Matrix): Variable {
  if (gradient !== undefined && !(gradient instanceof Matrix))
    throw new DTypeError(`${operation}: gradient is ${describe(gradient)}, wanted a Matrix`)
  const [rows, cols] = gradient ? gradient.shape : [1, 1]
  if (rows !== shape[0] || cols !== shape[1])
    throw new ShapeError(
      `${operation}: the value is ${formatShape(shape)}, wanted ${gradient ? `the gradient's shape, ${rows}x${cols}` : '1x1, as sum() or mean() gives; `jacobian` differentiates all elements'}`,
    )
  return new Variable(gradient ? gradient.astype(dtype) : ones(1, 1, { dtype }), false)
}

/** The result of an op on variables, matrices and numbers, at least one of them not a number, in a list that nobody changes. */
export function applyOp(op: Operation, given: readonly unknown[], attributes: Attributes): Variable {
  const operands = substitutes === null ? given : given.map((each) => substitutes?.get(each) ?? each)
  const { length } = operands
  // `map` takes longer, here where every operation passes.
  const matrices: unknown[] = Array(length)
  for (let i = 0; i < length; i++) matrices[i] = matrixOf(operands[i])
  const inputs = toInputs(op, matrices)
  if (gradientWatch !== null)
    for (const operand of operands) if (operand instanceof Variable) gradientWatch.usedVariable(operand)
  if (!isRecording() || !differentiates(op, operands)) return new Variable(evaluate(op, inputs, attributes), false)
  const value = evaluate(op, inputs, attributes, taped)
  // Nothing was converted where they are the same list.
  const variables =
    inputs === matrices && areVariables(operands) ? operands : operands.map((operand, i) => nodeOf(operand, inputs[i]))
  return new Variable(value, true, { op, inputs: variables, attributes })
}

function areVariables(operands: readonly unknown[]): operands is readonly Variable[] {
  for (let i = 0; i < operands.length; i++) if (!(operands[i] instanceof Variable)) return false
  return true
}

/** The matrix of a variable; anything else is what it was. */
const matrixOf = (operand: unknown): unknown => (operand instanceof Variable ? operand.matrix : operand)

/** Whether the result has a derivative with respect to an operand that requires one. */
function differentiates(op: Operation, operands: readonly unknown[]): boolean {
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]
    if (operand instanceof Variable && operand.requiresGrad && ruleOf(op, i) !== null) return true
  }
  return false
}

/** An operand that the op computed with as `input`: its conversion is on the tape, so that rules see one dtype, too. */
function nodeOf(operand: unknown, input: Matrix): Variable {
  if (!(operand instanceof Variable)) return new Variable(input, false)
  if (operand.matrix === input) return operand
  const origin = { op: operations.astype, inputs: [operand], attributes: { dtype: input.dtype } }
  return new Variable(input, operand.requiresGrad, operand.requiresGrad ? origin : null)
}

export interface VariableOptions {
  /** Whether gradients flow to it. @default true */
  readonly requiresGrad?: boolean
  /** Shown when it is printed, and in messages. */
  readonly name?: string
}

const readVariable = readerOf({ requiresGrad: flag(true), name: text() })

/**
 * A variable to differentiate with respect to. It holds `value` itself, not a copy: an optimiser's step changes it.
 *
 * Defaults: requiresGrad true.
 *
 * @throws DTypeError unless value is a Matrix, and for options of other names or types.
 */
export function variable<R extends number, C extends number>(
  value: Matrix<R, C>,
  options?: VariableOptions,
  ...more: []
): Variable<R, C> {
  checkNoMore('variable', 'value, options', more)
  checkValue('variable', value)
  const { requiresGrad, name } = readVariable('variable', options)
  return new Variable(value, requiresGrad, null, name)
}

/** A variable that requires no gradient. @throws DTypeError unless value is a Matrix. */
export function constant<R extends number, C extends number>(value: Matrix<R, C>, ...more: []): Variable<R, C> {
  checkNoMore('constant', 'value', more)
  checkValue('constant', value)
  return new Variable(value, false)
}

function checkValue(operation: string, value: unknown): void {
  if (!(value instanceof Matrix)) throw new DTypeError(`${operation}: value is ${describe(value)}, wanted a Matrix`)
}

/** A Variable, Matrix or number as a Variable; a number takes the given dtype. @throws DTypeError for anything else. */
export function toVariable(operation: string, value: unknown, dtype: DType): Variable {
  if (value instanceof Variable) return value
  if (value instanceof Matrix) return constant(value)
  if (typeof value === 'number') return constant(scalar(value, dtype))
  throw new DTypeError(`${operation}: operand is ${describe(value)}, wanted a Variable, a Matrix or a number`)
}

/** What stands at the beginning of the history of a compiled function's result: its own is cut off. */
const compiled: Operation = { name: 'compile', shape: ([a]) => a.shape, forward: () => {}, vjp: [] }

/** A variable that has a history which is not known: to go back through it is an error. */
export const cutOff = (value: Matrix): Variable =>
  new Variable(value, true, { op: compiled, inputs: [], attributes: undefined })

/** Whether the history of a variable was cut off by a compiled function. */
export const isCut = ({ origin }: Variable): boolean => origin?.op === compiled
