export { decodeNpy, encodeNpy } from './npy.ts'
export { decodeNpz, encodeNpz, type NpzOptions } from './npz.ts'
export {
  decodeSafetensors,
  encodeSafetensors,
  type SkippedTensor,
  type TensorOptions,
  type Tensors,
} from './safetensors.ts'
