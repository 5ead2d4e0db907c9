import { MatgradError } from '@matgrad/core'
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
import { checkModule, type Module, namedOf } from '../module.ts'
import { inEvaluation } from '../train/forward.ts'
import { featuresOf } from './features.ts'
import { FLOAT, Nodes, translations } from './onnx-nodes.ts'
import { encode, type Message } from './protobuf.ts'
import { ANY, type Common, matrixOf, recordedSamples, type Sizes, type Slot } from './samples.ts'

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

/**
 * A model as the bytes of an ONNX file: samples as rows of float32, any number of them, to the model's results, which ONNX
 * Runtime computes to the precision of float32, in float32 alone: parameters of float64 are rounded, and LayerNorm, which is
 * computed in float64 here, is less exact where the mean of a sample is many times its deviation: off by some 2e-5, at worst
 * 1e-4, at a thousand times. Indices are whole numbers in float32, too, which nothing checks there. Parameters have their
 * names; what is computed of them alone is a constant.
 *
 * Defaults: inputName 'input', outputName 'output', opset 17, features as the first layer has it.
 *
 * @throws MatgradError for an operation on samples that is not in ONNX, such as linear algebra, those of users, and random
 * numbers, for results that depend on more than their own sample, what follows the number of samples, as seen with one and with
 * eight, parameters beyond float32, names that are parameters' or the same, an opset beyond 14 to 21, and where features are
 * not known; what the model and `compile` throw.
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
    const graph = new Graph(new Nodes(opset, inputName, names), parameters, inputName)
    const width = featuresOf('toOnnx', model, features)
    const { recorded, sizes } = recordedSamples('toOnnx', model, width, (operation) => graph.operation(operation))
    graph.end(recorded.output, sizes, outputName)
    return encode(
      modelOf(graph.nodes, opset, model.describe(), [
        [11, valueInfo(inputName, width)],
        [12, valueInfo(outputName, sizes[1])],
      ]),
    )
  })
}

/** Writes what a model does with any number of samples. */
class Graph {
  readonly nodes: Nodes
  private readonly parameters: ReadonlyMap<unknown, string>
  private readonly inputName: string
  private readonly names = new Map<Slot, string>()

  constructor(nodes: Nodes, parameters: ReadonlyMap<unknown, string>, inputName: string) {
    this.nodes = nodes
    this.parameters = parameters
    this.inputName = inputName
  }

  operation({ name, isHost, attributes, inputs, target, sizes, of }: Common): void {
    if (!Object.hasOwn(translations, name) || isHost)
      throw new MatgradError(`toOnnx: ${name} has no counterpart in ONNX, wanted another operation`)
    const names = inputs.map((input, i) => this.nameOf(input, of[i]))
    this.names.set(target, translations[name](this.nodes, names, attributes, sizes, of))
  }

  /** Names the result. */
  end(output: Slot, sizes: Sizes, name: string): void {
    this.nodes.write('Identity', [this.nameOf(output, sizes)], [name])
  }

  private nameOf(value: Slot, sizes: Sizes): string {
    if (value.kind === 'argument') return this.inputName
    const known = this.names.get(value)
    if (known !== undefined) return known
    const written = this.constant(value, sizes)
    this.names.set(value, written)
    return written
  }

  /** A parameter, or a constant, perhaps one of a row for each sample that is the same for all. */
  private constant(value: Slot, [rows, cols]: Sizes): string {
    const matrix = matrixOf(value)
    const name = this.parameters.get(matrix)
    const numbers = elementsOf('toOnnx', rows === ANY ? matrix.slice(0, 1) : matrix)
    const elements = Float32Array.from(numbers)
    // Numbers in the code may be limits that float64 alone comes to.
    if (
      value.kind !== 'constant' &&
      elements.some((each, i) => Math.abs(each) === Infinity && Math.abs(numbers[i]) !== Infinity)
    )
      throw new MatgradError(
        `toOnnx: ${name ?? 'what is computed of parameters'} has elements beyond the range of float32, wanted smaller ones`,
      )
    if (name !== undefined) return this.nodes.tensor(name, [rows, cols], elements)
    if (rows !== ANY) return this.nodes.constant([rows, cols], elements)
    return this.nodes.expand(this.nodes.constant([1, cols], elements), [ANY, cols], [1, cols])
  }
}

/**
 * `ValueInfoProto` of rows x cols numbers: name 1, type 2; `TypeProto`: tensor_type 1; its elem_type 1, shape 2; dim 1;
 * dim_value 1, dim_param 2.
 */
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

/**
 * `ModelProto`: ir_version 1, producer_name 2, graph 7, opset_import 8; `GraphProto`: node 1, name 2, initializer 5, input 11,
 * output 12.
 *
 * @param ends fields 11 and 12
 */
function modelOf({ nodes, initializers }: Nodes, opset: number, name: string, ends: Message): Message {
  const graph: Message = [
    ...nodes.map((node) => [1, node] as const),
    [2, shorten(name)],
    ...initializers.map((each) => [5, each] as const),
    ...ends,
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
