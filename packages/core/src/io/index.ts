export { decodeNpy, encodeNpy } from './npy.ts'
export { decodeSafetensors, encodeSafetensors, type Tensors } from './safetensors.ts'
