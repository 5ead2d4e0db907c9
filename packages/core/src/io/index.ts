export { decodeNpy, encodeNpy } from './npy.ts'
export {
  decodeSafetensors,
  encodeSafetensors,
  type SkippedTensor,
  type TensorOptions,
  type Tensors,
} from './safetensors.ts'
