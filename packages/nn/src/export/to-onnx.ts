import { type Recorded, recordedFrom } from '@matgrad/autograd/internal'
import { MatgradError, type Matrix } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  elementsOf,
  number,
  readerOf,
  shorten,
  text,
  whole,
} from '@matgrad/core/internal'
import { checkModule, forwardOf, type Module, namedOf } from '../module.ts'
import { inEvaluation } from '../train/forward.ts'
import { featuresOf } from './features.ts'
import { ANY, attributesOf, FLOAT, Nodes, notForAny, type Sizes, translations } from './onnx-nodes.ts'
import { encode, type Message } from './protobuf.ts'
import { AT_ONCE, checkRows, samplesFor } from './samples.ts'

export interface ToOnnxOptions {
  /** @default 'input' */
  readonly inputName?: string
  /** @default 'output' */
  readonly outputName?: string
  /** The version of ONNX's operators, from 14 to 21. @default 17 */
  readonly opset?: number
  /** How many numbers a sample has. @default what the first layer takes */
  readonly features?: number
}

const readToOnnx = readerOf({
  inputName: text('input'),
  outputName: text('output'),
  opset: whole(17),
  features: number(),
})

const FIRST_OPSET = 14
const LAST_OPSET = 21
/** The version of the format that those operators came with. */
const IR_VERSION = 8

/** What a model does is recorded with so many samples, to see what follows their number. */
const [FEW, MANY] = [2, AT_ONCE]

type Slot = Recorded['input']
type Step = Recorded['steps'][number]

const sizesOf = ({ holder }: Slot): Sizes => (holder as Matrix).shape

/** Sizes, of which those that are not the same for other numbers of samples are ANY. */
const between = ([rows, cols]: Sizes, other: Sizes): Sizes => [
  rows === other[0] ? rows : ANY,
  cols === other[1] ? cols : ANY,
]

/**
 * A model as the bytes of an ONNX file: samples as rows of float32, any number of them, to the model's results, which ONNX Runtime computes
 * to the precision of float32, in float32 alone: parameters of float64 are rounded, and LayerNorm, which is computed in float64 here, is
 * less exact where the mean of a sample is many times its deviation. Indices are whole numbers in float32, too, which nothing checks there.
 * Parameters have their names; what is computed of them alone is a constant.
 *
 * Defaults: inputName 'input', outputName 'output', opset 17, features as the first layer has it.
 *
 * @throws MatgradError for an operation on samples that is not in ONNX, such as linear algebra, those of users, and random numbers, for
 * results that depend on more than their own sample, what follows the number of samples, parameters beyond float32, names that are
 * parameters' or the same, an opset beyond 14 to 21, and where features are not known; what the model and `compile` throw.
 */
export function toOnnx(model: Module, options?: ToOnnxOptions, ...more: []): Uint8Array {
  checkNoMore('toOnnx', 'model, options', more)
  checkModule('toOnnx', model)
  const { inputName, outputName, opset, features } = readToOnnx('toOnnx', options)
  checkInteger('toOnnx', 'opset', opset, FIRST_OPSET, LAST_OPSET)
  const parameters = new Map(
    [...namedOf('toOnnx', model)].map(([name, each]) => ['value' in each ? each.value : each, name]),
  )
  const names = [inputName, outputName, ...parameters.values()]
  for (const [i, name] of [inputName, outputName].entries())
    if (name === '' || names.indexOf(name) !== i || names.lastIndexOf(name) !== i)
      throw new MatgradError(
        `toOnnx: ${i === 0 ? 'inputName' : 'outputName'} is ${describe(name)}, wanted a name that nothing else has`,
      )
  return inEvaluation(model, () => {
    const samples = samplesFor('toOnnx', model, featuresOf('toOnnx', model, features))
    checkRows('toOnnx', model, samples)
    const forward = (x: Matrix) => forwardOf('toOnnx', model, x)
    const few = recordedFrom(forward, samples.slice(0, FEW))
    const graph = new Graph(new Nodes(opset, inputName, names), parameters, few, inputName)
    // Errors that come up in the forward of a layer say in which.
    const many = recordedFrom(forward, samples, (step) => graph.step(step))
    graph.end(many, outputName)
    return encode(modelOf(graph, few, { inputName, outputName, opset, name: model.describe() }))
  })
}

/** Writes what was recorded with two numbers of samples, which is to be the same but for what follows that number. */
class Graph {
  readonly nodes: Nodes
  private readonly parameters: ReadonlyMap<unknown, string>
  private readonly few: Recorded
  private readonly inputName: string
  private readonly names = new Map<Slot, string>()
  /** What follows the input: all else is a constant, however it was computed. */
  private readonly computed = new Set<Slot>()
  private done = 0

  constructor(nodes: Nodes, parameters: ReadonlyMap<unknown, string>, few: Recorded, inputName: string) {
    this.nodes = nodes
    this.parameters = parameters
    this.few = few
    this.inputName = inputName
  }

  /** Writes the next step, as it is with many samples. */
  step(step: Step): void {
    const few = this.few.steps[this.done]
    const { kind, operation } = step
    if (few?.kind !== kind || few.operation.name !== operation.name) throw notForAny()
    if (kind === 'change')
      throw new MatgradError(
        `toOnnx: ${operation.name} changes what goes on from call to call, such as random numbers, wanted a function of the samples`,
      )
    if (kind === 'operation' && step.inputs.some((input) => this.isComputed(input))) this.operation(few, step)
    this.done++
  }

  private isComputed(value: Slot): boolean {
    return value.kind === 'argument' || this.computed.has(value)
  }

  private operation(few: Step, { operation, attributes, inputs, targets: [target] }: Step): void {
    const { name } = operation
    if (!Object.hasOwn(translations, name) || ('program' in operation && operation.program === 'host'))
      throw new MatgradError(`toOnnx: ${name} has no counterpart in ONNX, wanted another operation`)
    const own = { attributes, sizes: sizesOf(target), of: inputs.map(sizesOf) }
    const other = { attributes: few.attributes, sizes: sizesOf(few.targets[0]), of: few.inputs.map(sizesOf) }
    const [sizes, of] = [between(own.sizes, other.sizes), own.of.map((each, i) => between(each, other.of[i]))]
    // Repeated are rows for samples, and nothing else that follows their number.
    const isOther = (i: number): boolean =>
      sizes[i] === ANY && of[0][i] !== ANY && (own.sizes[i] !== MANY || other.sizes[i] !== FEW)
    if (name === 'broadcastTo' && (isOther(0) || isOther(1))) throw notForAny()
    const names = inputs.map((input, i) => this.nameOf(input, few.inputs[i]))
    this.names.set(target, translations[name](this.nodes, names, attributesOf(name, other, own), sizes, of))
    this.computed.add(target)
  }

  /** Names the result. */
  end({ steps, output }: Recorded, name: string): void {
    // A model may go on after an error.
    if (this.done !== steps.length || this.done !== this.few.steps.length) throw notForAny()
    this.nodes.write('Identity', [this.nameOf(output, this.few.output)], [name])
  }

  private nameOf(value: Slot, few: Slot): string {
    if (value.kind === 'argument') return this.inputName
    const known = this.names.get(value)
    if (known !== undefined) return known
    const written = this.constant(value, few.holder as Matrix)
    this.names.set(value, written)
    return written
  }

  /** A parameter, or a constant, perhaps one of a row for each sample that is the same for all. */
  private constant({ kind, holder }: Slot, few: Matrix): string {
    const matrix = holder as Matrix
    const { rows, cols } = matrix
    const row = matrix.slice(0, Math.min(1, rows))
    const isRepeated = rows === MANY && few.rows === FEW && few.cols === cols
    if (isRepeated ? !row.broadcastTo(MANY, cols).equals(matrix) : !few.equals(matrix)) throw notForAny()
    if (isRepeated && !row.broadcastTo(FEW, cols).equals(few)) throw notForAny()
    const name = this.parameters.get(matrix)
    const numbers = elementsOf('toOnnx', isRepeated ? row : matrix)
    const elements = Float32Array.from(numbers)
    // Numbers in the code may be limits that float64 alone comes to.
    if (
      kind !== 'constant' &&
      elements.some((each, i) => Math.abs(each) === Infinity && Math.abs(numbers[i]) !== Infinity)
    )
      throw new MatgradError(
        `toOnnx: ${name ?? 'what is computed of parameters'} has elements beyond the range of float32, wanted smaller ones`,
      )
    if (name !== undefined) return this.nodes.tensor(name, [rows, cols], elements)
    if (!isRepeated) return this.nodes.constant([rows, cols], elements)
    return this.nodes.expand(this.nodes.constant([1, cols], elements), [ANY, cols], [1, cols])
  }
}

/** `ValueInfoProto` of rows x cols numbers: name 1, type 2; `TypeProto`: tensor_type 1; its elem_type 1, shape 2; dim 1; dim_value 1, dim_param 2. */
const valueInfo = (name: string, cols: number): Message => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, FLOAT],
          [
            2,
            [
              [1, [[2, 'samples']]],
              [1, [[1, cols]]],
            ],
          ],
        ],
      ],
    ],
  ],
]

/** `ModelProto`: ir_version 1, producer_name 2, graph 7, opset_import 8; `GraphProto`: node 1, name 2, initializer 5, input 11, output 12. */
function modelOf(
  { nodes: { nodes, initializers } }: Graph,
  { input, output }: Recorded,
  { inputName, outputName, opset, name }: { inputName: string; outputName: string; opset: number; name: string },
): Message {
  const graph: Message = [
    ...nodes.map((node) => [1, node] as const),
    [2, shorten(name)],
    ...initializers.map((each) => [5, each] as const),
    [11, valueInfo(inputName, sizesOf(input)[1])],
    [12, valueInfo(outputName, sizesOf(output)[1])],
  ]
  return [
    [1, IR_VERSION],
    [2, 'matgrad'],
    [7, graph],
    [
      8,
      [
        [1, ''],
        [2, opset],
      ],
    ],
  ]
}
