export { decodeNpy, encodeNpy } from './npy.ts'
export { decodeSafetensors, encodeSafetensors, type SkippedTensor, type Tensors } from './safetensors.ts'
