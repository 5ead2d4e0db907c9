/**
 * NumPy's and safetensors files, from and to bytes.
 *
 * @packageDocumentation
 */

export { decodeNpy, encodeNpy, type NpyOptions } from './npy.ts'
export { decodeNpz, encodeNpz, type NpzOptions } from './npz.ts'
export {
  decodeSafetensors,
  encodeSafetensors,
  type SkippedTensor,
  type Tensors,
} from './safetensors.ts'
export type { TensorOptions } from './tensor-options.ts'
