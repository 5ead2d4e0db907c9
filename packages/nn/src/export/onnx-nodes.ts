// What operations are in ONNX (https://onnx.ai/onnx/operators), by their names: a table of functions that write nodes.

import { Float, type Message } from './protobuf.ts'

/** Elements as ONNX counts their types. */
export const FLOAT = 1
const BOOL = 9
const INT64 = 7

/** An attribute of a node: a whole number, a number, or whole numbers. */
type Attribute = number | Float | readonly number[]

/** From this version of the operators on, the axes of a reduction are an input. */
const AXES_AS_INPUT = 18

/** A size that follows the number of samples: that, or another one. */
export const ANY = -1

/** The shape of a value, in which what follows the number of samples is ANY. */
export type Sizes = readonly [rows: number, cols: number]

/** Writes the nodes and constants of a graph. */
export class Nodes {
  readonly nodes: Message[] = []
  readonly initializers: Message[] = []
  readonly opset: number
  private readonly input: string
  private readonly names: Set<string>
  private made = 0
  private count: string | undefined

  /** @param names those of inputs, outputs and parameters, which nothing else may have */
  constructor(opset: number, input: string, names: readonly string[]) {
    this.opset = opset
    this.input = input
    this.names = new Set(names)
  }

  /** A name that nothing has. */
  private fresh(): string {
    for (;;) {
      const name = `v${this.made++}`
      if (!this.names.has(name)) return name
    }
  }

  /** The result of a node. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = this.fresh()
    this.write(type, inputs, output, attributes)
    return output
  }

  write(
    type: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    this.nodes.push([
      ...inputs.map((name) => [1, name] as const),
      [2, output],
      [4, type],
      ...Object.entries(attributes).map(([name, value]) => [5, attributeOf(name, value)] as const),
    ])
  }

  /** A constant of float32. */
  tensor(name: string, sizes: readonly number[], elements: Float32Array): string {
    return this.initializer(
      name,
      FLOAT,
      sizes,
      littleEndian(elements, (view, i) => view.setFloat32(4 * i, elements[i], true), 4),
    )
  }

  constant(sizes: readonly number[], elements: Float32Array): string {
    return this.tensor(this.fresh(), sizes, elements)
  }

  number(value: number): string {
    return this.constant([], Float32Array.of(value))
  }

  numbers(...values: number[]): string {
    return this.constant([values.length], Float32Array.from(values))
  }

  /** Whole numbers. */
  integers(...values: number[]): string {
    const bytes = littleEndian(values, (view, i) => view.setBigInt64(8 * i, BigInt(values[i]), true), 8)
    return this.initializer(this.fresh(), INT64, [values.length], bytes)
  }

  private initializer(name: string, type: number, sizes: readonly number[], bytes: Uint8Array): string {
    this.initializers.push([...sizes.map((size) => [1, size] as const), [2, type], [8, name], [9, bytes]])
    return name
  }

  /** 1 where a condition holds, else 0. */
  flags(condition: string): string {
    return this.node('Cast', [condition], { to: FLOAT })
  }

  /** Whether elements are not 0. */
  truth(x: string): string {
    return this.node('Cast', [x], { to: BOOL })
  }

  /** A column of indices as a list. */
  indices(x: string): string {
    return this.node('Cast', [this.node('Reshape', [x, this.integers(-1)])], { to: INT64 })
  }

  reduce(type: string, x: string, axis: number | undefined): string {
    const axes = axis === undefined ? [0, 1] : [axis]
    const isInput = type === 'ReduceSum' || this.opset >= AXES_AS_INPUT
    return isInput
      ? this.node(type, [x, this.integers(...axes)], { keepdims: 1 })
      : this.node(type, [x], { axes, keepdims: 1 })
  }

  /** Rows, columns or elements repeated to sizes, where ANY is the number of samples. */
  expand(x: string, sizes: Sizes, of: Sizes): string {
    // 1 keeps a size, whatever it is.
    const repeated = sizes.map((size, i) => (size === of[i] ? 1 : size))
    return this.node('Expand', [
      x,
      this.node(
        'Concat',
        repeated.map((size) => this.size(size)),
        { axis: 0 },
      ),
    ])
  }

  private size(size: number): string {
    if (size !== ANY) return this.integers(size)
    this.count ??= this.node('Slice', [this.node('Shape', [this.input]), this.integers(0), this.integers(1)])
    return this.count
  }
}

function littleEndian(
  values: ArrayLike<number>,
  set: (view: DataView, i: number) => void,
  size: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * size)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) set(view, i)
  return bytes
}

/** `AttributeProto`: name 1, f 2, i 3, ints 8, type 20. */
function attributeOf(name: string, value: Attribute): Message {
  if (value instanceof Float)
    return [
      [1, name],
      [2, value],
      [20, 1],
    ]
  if (typeof value === 'number')
    return [
      [1, name],
      [3, value],
      [20, 2],
    ]
  return [[1, name], ...value.map((each) => [8, each] as const), [20, 7]]
}

/** An operation's own arguments: numbers, of which those that follow the number of samples are ANY, and others. */
// biome-ignore lint/suspicious/noExplicitAny: as the operations have them
type Attributes = any

/** Writes the nodes of an operation on inputs, and gives their result; `sizes` are its own, `of` those of its inputs. */
type Translation = (
  g: Nodes,
  inputs: readonly string[],
  attributes: Attributes,
  sizes: Sizes,
  of: readonly Sizes[],
) => string

const one =
  (type: string): Translation =>
  (g, [x]) =>
    g.node(type, [x])
const two =
  (type: string): Translation =>
  (g, [x, y]) =>
    g.node(type, [x, y])
const comparison =
  (type: string): Translation =>
  (g, [x, y]) =>
    g.flags(g.node(type, [x, y]))
const reduction =
  (type: string): Translation =>
  (g, [x], { axis }) =>
    g.reduce(type, x, axis)
const extreme =
  (type: string): Translation =>
  (g, [x], { axis }) =>
    axis === undefined
      ? g.flags(g.node(type, [g.node('Reshape', [x, g.integers(1, -1)])], { axis: 1, keepdims: 1 }))
      : g.flags(g.node(type, [x], { axis, keepdims: 1 }))
const same: Translation = (g, [x]) => g.node('Identity', [x])
const times = (g: Nodes, x: string, factor: number): string => g.node('Mul', [x, g.number(factor)])
const plus = (g: Nodes, x: string, term: number): string => g.node('Add', [x, g.number(term)])
const rows: Translation = (g, [x, index]) => g.node('Gather', [x, g.indices(index)], { axis: 0 })
const product = (g: Nodes, x: string, transposed: boolean): string =>
  transposed ? g.node('Transpose', [x], { perm: [1, 0] }) : x
const LAST = 2 ** 31 - 1
/** A part of x from a place to the end or before, in steps, along an axis. */
const part = (g: Nodes, x: string, [start, end, step]: readonly [number, number, number], axis: number): string =>
  g.node('Slice', [x, g.integers(start), g.integers(end), g.integers(axis), g.integers(step)])

/** √(8/π)·(x + 0.044715·x³), twice what tanh is taken of. */
const TANH_SLOPE = Math.sqrt(8 / Math.PI)

/** Operations without an entry have none in ONNX, or one that is not worth having for models. */
export const translations: Readonly<Record<string, Translation>> = {
  neg: one('Neg'),
  abs: one('Abs'),
  sign: one('Sign'),
  exp: one('Exp'),
  log: one('Log'),
  sqrt: one('Sqrt'),
  sin: one('Sin'),
  cos: one('Cos'),
  tan: one('Tan'),
  tanh: one('Tanh'),
  sigmoid: one('Sigmoid'),
  relu: one('Relu'),
  softplus: one('Softplus'),
  erf: one('Erf'),
  floor: one('Floor'),
  ceil: one('Ceil'),
  round: one('Round'),
  reciprocal: one('Reciprocal'),
  log1p: (g, [x]) => g.node('Log', [plus(g, x, 1)]),
  log2: (g, [x]) => times(g, g.node('Log', [x]), Math.LOG2E),
  log10: (g, [x]) => times(g, g.node('Log', [x]), Math.LOG10E),
  expm1: (g, [x]) => plus(g, g.node('Exp', [x]), -1),
  square: (g, [x]) => g.node('Mul', [x, x]),
  trunc: (g, [x]) => g.node('Mul', [g.node('Sign', [x]), g.node('Floor', [g.node('Abs', [x])])]),
  leakyRelu: (g, [x], { slope }) => g.node('LeakyRelu', [x], { alpha: new Float(slope) }),
  elu: (g, [x], { alpha }) => g.node('Elu', [x], { alpha: new Float(alpha) }),
  silu: (g, [x]) => g.node('Mul', [x, g.node('Sigmoid', [x])]),
  gelu: (g, [x]) => {
    const distribution = times(g, plus(g, g.node('Erf', [times(g, x, Math.SQRT1_2)]), 1), 0.5)
    return g.node('Mul', [x, distribution])
  },
  geluTanh: (g, [x]) => {
    const inside = times(g, plus(g, times(g, g.node('Mul', [x, x]), 0.044715), 1), TANH_SLOPE)
    return g.node('Mul', [x, g.node('Sigmoid', [g.node('Mul', [x, inside])])])
  },
  clip: (g, [x], { low, high }) => g.node('Clip', [x, g.number(low), g.number(high)]),
  isNaN: (g, [x]) => g.flags(g.node('IsNaN', [x])),
  isFinite: (g, [x]) => g.flags(g.node('Less', [g.node('Abs', [x]), g.number(Number.POSITIVE_INFINITY)])),
  /** Any power of two of about this size does. */
  binade: (g, [x]) => {
    const size = g.node('Max', [g.node('Abs', [x]), g.number(2 ** -126)])
    const exponent = g.node('Floor', [times(g, g.node('Log', [size]), Math.LOG2E)])
    return g.node('Pow', [g.number(2), exponent])
  },
  add: two('Add'),
  sub: two('Sub'),
  mul: two('Mul'),
  div: two('Div'),
  pow: two('Pow'),
  maximum: two('Max'),
  minimum: two('Min'),
  mod: (g, [a, b]) => g.node('Sub', [a, g.node('Mul', [b, g.node('Floor', [g.node('Div', [a, b])])])]),
  less: comparison('Less'),
  lessEqual: comparison('LessOrEqual'),
  greater: comparison('Greater'),
  greaterEqual: comparison('GreaterOrEqual'),
  equal: comparison('Equal'),
  notEqual: (g, [a, b]) => g.flags(g.node('Not', [g.node('Equal', [a, b])])),
  where: (g, [condition, a, b]) => g.node('Where', [g.truth(condition), a, b]),
  broadcastTo: (g, [x], _attributes, sizes, [of]) => g.expand(x, sizes, of),
  sum: reduction('ReduceSum'),
  mean: reduction('ReduceMean'),
  prod: reduction('ReduceProd'),
  max: reduction('ReduceMax'),
  min: reduction('ReduceMin'),
  logSumExp: reduction('ReduceLogSumExp'),
  argmax: extreme('ArgMax'),
  argmin: extreme('ArgMin'),
  cumsum: (g, [x], { axis }) => g.node('CumSum', [x, g.integers(axis)]),
  softmax: (g, [x], { axis }) => g.node('Softmax', [x], { axis }),
  logSoftmax: (g, [x], { axis }) => g.node('LogSoftmax', [x], { axis }),
  variance: same,
  std: same,
  transpose: (g, [x]) => product(g, x, true),
  clone: same,
  astype: same,
  reshape: (g, [x], _attributes, sizes) => g.node('Reshape', [x, g.integers(...sizes)]),
  slice: (g, [x], { rowStart, rowEnd, colStart, colEnd }) =>
    part(g, part(g, x, [rowStart, rowEnd === ANY ? LAST : rowEnd, 1], 0), [colStart, colEnd, 1], 1),
  place: (g, [x], { rowStart, colStart, value }, [rows, cols], [[ownRows, ownCols]]) => {
    const [below, behind] = [rows === ownRows ? 0 : rows - rowStart - ownRows, cols - colStart - ownCols]
    return g.node('Pad', [x, g.integers(rowStart, colStart, below, behind), g.number(value)])
  },
  concat: (g, inputs, { axis }) => g.node('Concat', inputs, { axis }),
  gatherRows: rows,
  Embedding: rows,
  gatherCols: (g, [x, index]) => g.node('Gather', [x, g.indices(index)], { axis: 1 }),
  pick: (g, [x, index]) => g.node('GatherElements', [x, g.node('Cast', [index], { to: INT64 })], { axis: 1 }),
  oneHot: (g, [index], { count }) =>
    g.node('OneHot', [g.indices(index), g.integers(count), g.numbers(0, 1)], { axis: 1 }),
  flipCols: (g, [x]) => part(g, x, [-1, -LAST, -1], 1),
  matmul: (g, [a, b], { transposeA, transposeB }) =>
    g.node('MatMul', [product(g, a, transposeA), product(g, b, transposeB)]),
  affine: (g, [a, b, bias], { transposeA, transposeB }) =>
    g.node('Gemm', [a, b, bias], { transA: Number(transposeA), transB: Number(transposeB) }),
}
