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
import { ANY, FLOAT, Nodes, type Sizes, translations } from './onnx-nodes.ts'
import { encode, type Message } from './protobuf.ts'
import { checkRows, samplesFor } from './samples.ts'

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
const [FEW, MANY] = [2, 3]

type Slot = Recorded['input']
type Step = Recorded['steps'][number]

const sizesOf = ({ holder }: Slot): readonly [number, number] => (holder as Matrix).shape

/** Sizes, of which those that are not the same for other numbers of samples are ANY. */
const between = ([rows, cols]: readonly [number, number], other: readonly [number, number]): Sizes => [
  rows === other[0] ? rows : ANY,
  cols === other[1] ? cols : ANY,
]

/**
 * A model as the bytes of an ONNX file: samples as rows of float32, any number of them, to the model's results, which ONNX Runtime computes
 * to the precision of float32; parameters of float64 are rounded. Indices are whole numbers in float32, too. Parameters have their
 * names.
 *
 * Defaults: inputName 'input', outputName 'output', opset 17, features as the first layer has it.
 *
 * @throws MatgradError for an operation that is not in ONNX, such as linear algebra, those of users, and random numbers, for results that depend
 * on more than their own sample, names that are parameters' or the same, an opset beyond 14 to 21, and where features are not known; what
 * the model and `compile` throw.
 */
export function toOnnx(model: Module, options?: ToOnnxOptions, ...more: []): Uint8Array<ArrayBuffer> {
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
    const [few, many] = [FEW, MANY].map((rows) => recordedFrom(forward, samples.slice(0, rows)))
    const graph = new Graph(new Nodes(opset, inputName, names), parameters)
    graph.write(few, many, inputName, outputName)
    return encode(modelOf(graph, few, { inputName, outputName, opset, name: model.describe() }))
  })
}

class Graph {
  readonly nodes: Nodes
  private readonly parameters: ReadonlyMap<unknown, string>
  private readonly names = new Map<Slot, string>()

  constructor(nodes: Nodes, parameters: ReadonlyMap<unknown, string>) {
    this.nodes = nodes
    this.parameters = parameters
  }

  /** Writes what was recorded with two numbers of samples, which is to be the same but for what follows that number. */
  write(few: Recorded, many: Recorded, inputName: string, outputName: string): void {
    this.names.set(few.input, inputName)
    if (few.steps.length !== many.steps.length) throw notForAny()
    for (const [i, step] of few.steps.entries()) if (step.kind !== 'check') this.step(step, many.steps[i])
    this.nodes.write('Identity', [this.nameOf(few.output, many.output)], outputName)
  }

  private step(step: Step, other: Step): void {
    const { kind, operation } = step
    if (other.operation.name !== operation.name || other.kind !== kind) throw notForAny()
    const translate = Object.hasOwn(translations, operation.name) ? translations[operation.name] : undefined
    const isOwn = kind === 'operation' && operation.program !== 'host'
    if (translate === undefined || !isOwn)
      throw new MatgradError(`toOnnx: ${operation.name} has no counterpart in ONNX, wanted another operation`)
    const inputs = step.inputs.map((input, i) => this.nameOf(input, other.inputs[i]))
    const attributes = Object.fromEntries(
      Object.entries(step.attributes ?? {}).map(([key, value]) => [
        key,
        Object.is(value, other.attributes[key]) ? value : ANY,
      ]),
    )
    const of = step.inputs.map((input, i) => between(sizesOf(input), sizesOf(other.inputs[i])))
    const [target] = step.targets
    const sizes = between(sizesOf(target), sizesOf(other.targets[0]))
    // Repeated are rows for samples, and nothing else that follows their number.
    const isRepeated = (i: number): boolean => sizes[i] === ANY && of[0][i] !== ANY
    const counts = sizesOf(target)
    if (operation.name === 'broadcastTo' && [0, 1].some((i) => isRepeated(i) && counts[i] !== FEW)) throw notForAny()
    this.names.set(target, translate(this.nodes, inputs, attributes, sizes, of))
  }

  private nameOf(value: Slot, other: Slot): string {
    const known = this.names.get(value)
    if (known !== undefined) return known
    const written = this.constant(value.holder as Matrix, other.holder as Matrix)
    this.names.set(value, written)
    return written
  }

  /** A parameter, or a constant, perhaps one of a row for each sample that is the same for all. */
  private constant(matrix: Matrix, other: Matrix): string {
    const { rows, cols } = matrix
    const name = this.parameters.get(matrix)
    const row = other.slice(0, Math.min(1, rows))
    const isRepeated = rows === FEW && other.rows === MANY && row.cols === cols
    const all = isRepeated ? row.broadcastTo(MANY, cols) : matrix
    if (!all.equals(other) || (isRepeated && !matrix.equals(other.slice(0, FEW)))) throw notForAny()
    const elements = Float32Array.from(elementsOf('toOnnx', isRepeated ? row : matrix))
    if (name !== undefined) return this.nodes.tensor(name, [rows, cols], elements)
    if (!isRepeated) return this.nodes.constant([rows, cols], elements)
    return this.nodes.expand(this.nodes.constant([1, cols], elements), [ANY, cols], [1, cols])
  }
}

const notForAny = (): MatgradError =>
  new MatgradError(
    'toOnnx: what the model computes with depends on how many samples there are, wanted the same for any number, such as rows that are repeated by broadcasting',
  )

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
