// What PyTorch calls the parameters and buffers of layers that both have, and the shapes that they have there.

import { Matrix } from '@matgrad/core'
import { elementsOf, itemSize, type Tensor } from '@matgrad/core/internal'
import { BatchNorm1d } from '../layers/batch-norm.ts'
import { LayerNorm } from '../layers/layer-norm.ts'
import { Linear } from '../layers/linear.ts'
import { PReLU } from '../layers/prelu.ts'
import { type Module, namedOf } from '../module.ts'

/** The buffers of `BatchNorm1d`. */
const BUFFERS = { runningMean: 'running_mean', runningVar: 'running_var', numBatchesTracked: 'num_batches_tracked' }

/** A parameter or buffer there. */
interface Counterpart {
  /** The name here. */
  readonly own: string
  readonly name: string
  /** None where PyTorch counts batches and nobody here does. */
  readonly matrix: Matrix | null
  /** Whether it has one dimension. */
  readonly isFlat: boolean
}

/** Those with one dimension, and the buffers by their names, of all layers. */
function looksOf(model: Module): { flat: ReadonlySet<unknown>; buffers: ReadonlyMap<unknown, keyof typeof BUFFERS> } {
  const flat = new Set<unknown>()
  const buffers = new Map<unknown, keyof typeof BUFFERS>()
  for (const layer of model.modules()) {
    if (layer instanceof Linear || layer instanceof LayerNorm || layer instanceof BatchNorm1d) flat.add(layer.bias)
    if (layer instanceof PReLU || layer instanceof LayerNorm || layer instanceof BatchNorm1d) flat.add(layer.weight)
    if (layer instanceof BatchNorm1d)
      for (const own of Object.keys(BUFFERS) as (keyof typeof BUFFERS)[]) buffers.set(layer[own], own)
  }
  return { flat, buffers }
}

function counterpartsOf(operation: string, model: Module): Counterpart[] {
  const { flat, buffers } = looksOf(model)
  const named = namedOf(operation, model)
  return [...named].flatMap(([own, member]): Counterpart[] => {
    const matrix = member instanceof Matrix ? member : member.value
    const buffer = buffers.get(member)
    if (buffer === undefined) return [{ own, name: own, matrix, isFlat: flat.has(member) }]
    const layer = own.slice(0, own.length - buffer.length)
    const itself = { own, name: layer + BUFFERS[buffer], matrix, isFlat: true }
    const count = `${layer}numBatchesTracked`
    if (buffer !== 'runningMean' || named.has(count)) return [itself]
    return [itself, { own: count, name: layer + BUFFERS.numBatchesTracked, matrix: null, isFlat: true }]
  })
}

const isCount = ({ own, name }: Counterpart): boolean => own !== name && name.endsWith(BUFFERS.numBatchesTracked)

/** The tensors of a state dict, as PyTorch's model of these layers has it. */
export const toPyTorch = (operation: string, model: Module): Tensor[] =>
  counterpartsOf(operation, model).map((each) => {
    const { name, matrix, isFlat } = each
    if (matrix === null || isCount(each))
      return { name, shape: [], dtype: 'I64', elements: BigInt64Array.of(BigInt(matrix?.item() ?? 0)) }
    const { rows, cols, dtype } = matrix
    const shape = isFlat ? [cols] : [rows, cols]
    return { name, shape, dtype: `F${8 * itemSize(dtype)}`, elements: elementsOf(operation, matrix) }
  })

/** The same matrices under the names here where they are under PyTorch's, without the numbers of batches that nobody uses. */
export function fromPyTorch(
  operation: string,
  model: Module,
  tensors: Readonly<Record<string, Matrix>>,
): Record<string, Matrix> {
  const found: Record<string, Matrix> = Object.assign(Object.create(null), tensors)
  for (const { own, name, matrix } of counterpartsOf(operation, model)) {
    if (own === name || !Object.hasOwn(found, name) || Object.hasOwn(found, own)) continue
    if (matrix !== null) found[own] = found[name]
    delete found[name]
  }
  return found
}
