// What operations are in ONNX (https://onnx.ai/onnx/operators), by their names: a table of functions that write nodes.

import { writeElements } from '@matgrad/core/internal'
import { Float, type Message } from './protobuf.ts'
import { ANY, type Attributes, LAST, notForAny, type Sizes } from './samples.ts'

/** Elements as ONNX counts their types. */
export const FLOAT = 1
const BOOL = 9
const INT64 = 7

/** An attribute of a node: a whole number, a number, or whole numbers. */
type Attribute = number | Float | readonly number[]

/** From this version of the operators on, the axes of a reduction are an input. */
const AXES_AS_INPUT = 18

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
    this.write(type, inputs, [output], attributes)
    return output
  }

  write(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    this.nodes.push([
      ...inputs.map((name) => [1, name] as const),
      ...outputs.map((name) => [2, name] as const),
      [4, type],
      ...Object.entries(attributes).map(([name, value]) => [5, attributeOf(name, value)] as const),
    ])
  }

  /** A constant of float32. */
  tensor(name: string, sizes: readonly number[], elements: Float32Array): string {
    return this.initializer(name, FLOAT, sizes, elements)
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
    return this.initializer(this.fresh(), INT64, [values.length], BigInt64Array.from(values, BigInt))
  }

  private initializer(
    name: string,
    type: number,
    sizes: readonly number[],
    elements: Float32Array | BigInt64Array,
  ): string {
    const bytes = new Uint8Array(elements.byteLength)
    writeElements(bytes, 0, elements)
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

  /** The `count` smallest elements of each line in ascending order, and where they are. */
  smallest(x: string, count: number, axis: number): { values: string; places: string } {
    const [values, places] = [this.fresh(), this.fresh()]
    this.write('TopK', [x, this.integers(count)], [values, places], { axis, largest: 0, sorted: 1 })
    return { values, places }
  }

  reshape(x: string, sizes: Sizes): string {
    if (sizes[0] === ANY && sizes[1] === ANY) throw notForAny('toOnnx')
    // The one that is −1 is found, too.
    return this.node('Reshape', [x, this.integers(...sizes)])
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

/** `AttributeProto`: name 1, f 2, i 3, ints 8, type 20. */
function attributeOf(name: string, value: Attribute): Message {
  const [fields, type]: [Message, number] =
    value instanceof Float
      ? [[[2, value]], 1]
      : typeof value === 'number'
        ? [[[3, value]], 2]
        : [value.map((each) => [8, each] as const), 7]
  return [[1, name], ...fields, [20, type]]
}

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
/** Along an axis, or through all elements row by row. */
const along =
  (write: (g: Nodes, x: string, axis: number, attributes: Attributes, of: Sizes) => string): Translation =>
  (g, [x], attributes, sizes, [of]) => {
    const { axis } = attributes
    if (axis !== undefined) return write(g, x, axis, attributes, of)
    const size = of.includes(ANY) ? ANY : of[0] * of[1]
    return g.reshape(write(g, g.reshape(x, [1, ANY]), 1, attributes, [1, size]), sizes)
  }
const extreme = (type: string): Translation => along((g, x, axis) => g.flags(g.node(type, [x], { axis, keepdims: 1 })))
/** The length of lines along an axis, which is the same for any number of samples. */
function lengthOf(of: Sizes, axis: number): number {
  if (of[axis] === ANY) throw notForAny('toOnnx')
  return of[axis]
}
const same: Translation = (g, [x]) => g.node('Identity', [x])
const times = (g: Nodes, x: string, factor: number): string => g.node('Mul', [x, g.number(factor)])
const plus = (g: Nodes, x: string, term: number): string => g.node('Add', [x, g.number(term)])
const rows: Translation = (g, [x, index]) => g.node('Gather', [x, g.indices(index)], { axis: 0 })
const product = (g: Nodes, x: string, transposed: boolean): string =>
  transposed ? g.node('Transpose', [x], { perm: [1, 0] }) : x
/** A part of x from a place to the end or before, in steps, along an axis. */
const part = (g: Nodes, x: string, [start, end, step]: readonly [number, number, number], axis: number): string =>
  g.node('Slice', [x, g.integers(start), g.integers(end), g.integers(axis), g.integers(step)])

/** Lines in reverse order. */
const flip =
  (axis: number): Translation =>
  (g, [x]) =>
    part(g, x, [-1, -LAST, -1], axis)

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
  asin: one('Asin'),
  acos: one('Acos'),
  atan: one('Atan'),
  sinh: one('Sinh'),
  cosh: one('Cosh'),
  tanh: one('Tanh'),
  sigmoid: one('Sigmoid'),
  relu: one('Relu'),
  softplus: one('Softplus'),
  erf: one('Erf'),
  floor: one('Floor'),
  ceil: one('Ceil'),
  round: one('Round'),
  reciprocal: one('Reciprocal'),
  /** ln u·x/(u − 1), in which the error of u = 1 + x cancels; x where u is 1, ln u where there is none, for ∞ too. */
  log1p: (g, [x]) => {
    const u = plus(g, x, 1)
    const [log, rest] = [g.node('Log', [u]), plus(g, u, -1)]
    const corrected = g.node('Div', [g.node('Mul', [log, x]), rest])
    const where = (value: string, chosen: string, other: string): string =>
      g.node('Where', [g.node('Equal', [rest, value]), chosen, other])
    return where(g.number(0), x, where(x, log, corrected))
  },
  log2: (g, [x]) => times(g, g.node('Log', [x]), Math.LOG2E),
  log10: (g, [x]) => times(g, g.node('Log', [x]), Math.LOG10E),
  /** (u − 1)·x/ln u, in which the error of u = eˣ cancels; x where u is 1, u − 1 where that is far from it. */
  expm1: (g, [x]) => {
    const u = g.node('Exp', [x])
    const rest = plus(g, u, -1)
    const corrected = g.node('Div', [g.node('Mul', [rest, x]), g.node('Log', [u])])
    const isNear = g.node('Less', [g.node('Abs', [x]), g.number(1)])
    const near = g.node('Where', [g.node('Equal', [rest, g.number(0)]), x, corrected])
    return g.node('Where', [isNear, near, rest])
  },
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
  /** The exact remainder has the sign of a. */
  mod: (g, [a, b]) => {
    const rest = g.node('Mod', [a, b], { fmod: 1 })
    const product = g.node('Mul', [g.node('Sign', [rest]), g.node('Sign', [b])])
    return g.node('Where', [g.node('Less', [product, g.number(0)]), g.node('Add', [rest, b]), rest])
  },
  /** The smaller of the two is divided by the other, so that no quotient is infinite; beside 0 and 0 stands 0/1. */
  atan2: (g, [y, x]) => {
    const side = g.node('Where', [g.node('Less', [y, g.number(0)]), g.number(-1), g.number(1)])
    const steep = g.node('Sub', [times(g, side, Math.PI / 2), g.node('Atan', [g.node('Div', [x, y])])])
    const divisor = g.node('Where', [g.node('Equal', [x, g.number(0)]), g.number(1), x])
    const turn = times(g, g.node('Mul', [side, g.flags(g.node('Less', [x, g.number(0)]))]), Math.PI)
    const flat = g.node('Add', [g.node('Atan', [g.node('Div', [y, divisor])]), turn])
    return g.node('Where', [g.node('Less', [g.node('Abs', [x]), g.node('Abs', [y])]), steep, flat])
  },
  /** max(a, b) + ln(1 + e^−|a − b|), where equal infinities have no difference. */
  logAddExp: (g, [a, b]) => {
    const distance = g.node('Abs', [g.node('Sub', [a, b])])
    const sum = g.node('Add', [g.node('Max', [a, b]), g.node('Softplus', [g.node('Neg', [distance])])])
    return g.node('Where', [g.node('Equal', [a, b]), plus(g, a, Math.LN2), sum])
  },
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
  cumsum: along((g, x, axis) => g.node('CumSum', [x, g.integers(axis)])),
  softmax: along((g, x, axis) => g.node('Softmax', [x], { axis })),
  logSoftmax: along((g, x, axis) => g.node('LogSoftmax', [x], { axis })),
  sort: along((g, x, axis, _attributes, of) => g.smallest(x, lengthOf(of, axis), axis).values),
  argsort: along((g, x, axis, _attributes, of) => g.flags(g.smallest(x, lengthOf(of, axis), axis).places)),
  kthValue: along((g, x, axis, { k }) => part(g, g.smallest(x, k + 1, axis).values, [k, k + 1, 1], axis)),
  variance: same,
  std: same,
  transpose: (g, [x]) => product(g, x, true),
  clone: same,
  astype: same,
  reshape: (g, [x], _attributes, sizes) => g.reshape(x, sizes),
  slice: (g, [x], { rowStart, rowEnd, colStart, colEnd }) =>
    part(g, part(g, x, [rowStart, rowEnd, 1], 0), [colStart, colEnd, 1], 1),
  place: (g, [x], { above, before, below, behind, value }) =>
    g.node('Pad', [x, g.integers(above, before, below, behind), g.number(value)]),
  concat: (g, inputs, { axis }) => g.node('Concat', inputs, { axis }),
  gatherRows: rows,
  Embedding: rows,
  gatherCols: (g, [x, index]) => g.node('Gather', [x, g.indices(index)], { axis: 1 }),
  pick: (g, [x, index]) => g.node('GatherElements', [x, g.node('Cast', [index], { to: INT64 })], { axis: 1 }),
  oneHot: (g, [index], { count }) =>
    g.node('OneHot', [g.indices(index), g.integers(count), g.numbers(0, 1)], { axis: 1 }),
  flipRows: flip(0),
  flipCols: flip(1),
  matmul: (g, [a, b], { transposeA, transposeB }) =>
    g.node('MatMul', [product(g, a, transposeA), product(g, b, transposeB)]),
  affine: (g, [a, b, bias], { transposeA, transposeB }) =>
    g.node('Gemm', [a, b, bias], { transA: Number(transposeA), transB: Number(transposeB) }),
}
