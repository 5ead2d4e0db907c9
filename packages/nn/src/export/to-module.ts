import { MatgradError } from '@matgrad/core'
import { checkNoMore, type Image, imageOf, number, readerOf } from '@matgrad/core/internal'
import { checkModule, type Module } from '../module.ts'
import { inEvaluation } from '../train/forward.ts'
import { featuresOf } from './features.ts'
import { AT_ONCE, type Common, recordedSamples } from './samples.ts'

export interface ToModuleOptions {
  /** How many numbers a sample has. @default what the first layer takes */
  readonly features?: number
}

const readToModule = readerOf({ features: number() })

/** Bytes that a call of `String.fromCharCode` is given at once. */
const PIECE = 4096

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += PIECE) text += String.fromCharCode(...bytes.subarray(i, i + PIECE))
  return btoa(text)
}

/**
 * A model as the source of an ES module without imports: its `predict(rows)` gives what `predict` of this package gives in
 * every bit, in any runtime that has WebAssembly with vectors and compiles it from bytes: not in Cloudflare's Workers, nor on
 * pages whose Content-Security-Policy lacks 'wasm-unsafe-eval'. In it are the parameters as they are now, and those kernels
 * alone that the model uses; what is computed of parameters alone is a constant.
 *
 * `predict` takes samples as arrays of numbers or typed arrays, in an array, and gives an array of numbers for each. Numbers
 * are rounded to the dtype of the model's first parameter. It throws TypeError for samples of other lengths and what are no
 * numbers, RangeError for an index out of range.
 *
 * Default: features as the first layer has it.
 *
 * @throws MatgradError where a result depends on more than its own sample or on how many there are, as seen with one and with
 * eight; where an operation on samples is computed in JavaScript (linear algebra, those of users) or changes what goes on from
 * call to call (random numbers), before it does; where features are not known, and where `configure({ fma: true })` holds; what
 * the model and `compile` throw.
 */
export function toModule(model: Module, options?: ToModuleOptions, ...more: []): string {
  checkNoMore('toModule', 'model, options', more)
  checkModule('toModule', model)
  const { features } = readToModule('toModule', options)
  return inEvaluation(model, () => {
    const width = featuresOf('toModule', model, features)
    const { steps, input, output } = recordedSamples('toModule', model, width, checkKernel).recorded
    return textOf(imageOf('toModule', steps, input, output), model.describe())
  })
}

function checkKernel({ name, isHost }: Common): void {
  if (isHost)
    throw new MatgradError(`toModule: ${name} is computed in JavaScript, wanted operations that are kernels alone`)
}

const arrayOf = ({ address, rows, cols, dtype }: Image['input']): string =>
  `new ${dtype === 'float32' ? 'Float32Array' : 'Float64Array'}(memory.buffer, ${address}, ${rows * cols})`

function textOf({ kernels, workspace, program, pages, kept, input, output, checks }: Image, name: string): string {
  return `// ${name.replace(/\s+/g, ' ')}, written by matgrad. predict(rows) gives what the model gives for samples.

function bytes(base64) {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

const memory = new WebAssembly.Memory({ initial: ${pages}, maximum: 65536 })
const checks = ${JSON.stringify(checks)}
const env = {
  memory,
  host(i) {
    throw new RangeError(\`predict: \${checks[i]}: an index is no whole number in range\`)
  },
}
const load = (base64) => new WebAssembly.Instance(new WebAssembly.Module(bytes(base64)), { env }).exports
const kernels = load('${base64(kernels)}')
kernels.workspace.value = ${workspace}
Object.assign(env, kernels)
const program = load('${base64(program)}')
new Uint8Array(memory.buffer).set(bytes('${base64(kept.bytes)}'), ${kept.address})
const input = ${arrayOf(input)}
const output = ${arrayOf(output)}

function place(row, i, at) {
  if (row?.length !== ${input.cols}) throw new TypeError(\`predict: row \${i} has \${row?.length ?? 'no'} numbers, wanted ${input.cols}\`)
  for (let j = 0; j < ${input.cols}; j++) {
    if (typeof row[j] !== 'number') throw new TypeError(\`predict: number \${j} of row \${i} is \${String(row[j])}, wanted a number\`)
    input[at + j] = row[j]
  }
}

/**
 * @param {ArrayLike<ArrayLike<number>>} rows samples of ${input.cols} numbers
 * @returns {number[][]} ${output.cols} numbers for each
 */
export function predict(rows) {
  if (!(rows?.length >= 0)) throw new TypeError('predict: wanted an array of samples')
  const results = []
  for (let start = 0; start < rows.length; start += ${AT_ONCE}) {
    const count = Math.min(${AT_ONCE}, rows.length - start)
    input.fill(0)
    for (let i = 0; i < count; i++) place(rows[start + i], start + i, i * ${input.cols})
    program[0]()
    for (let i = 0; i < count; i++) results.push(Array.from(output.subarray(i * ${output.cols}, (i + 1) * ${output.cols})))
  }
  return results
}
`
}
