import { kernelNames } from './kernels.ts'

export interface EngineInfo {
  /** Whether the kernels use 128-bit SIMD: always, it is a condition of running at all. */
  readonly simd: boolean
  /** Whether they use fused multiply-add, whose bits depend on the machine. */
  readonly fma: boolean
  /** How many threads compute. */
  readonly threads: number
  /** The names of the kernels in the WebAssembly module. */
  readonly kernels: readonly string[]
}

/** What computes, and how. */
export function engineInfo(): EngineInfo {
  return { simd: true, fma: false, threads: 1, kernels: kernelNames() }
}
