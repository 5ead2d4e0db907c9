import { DTypeError } from '../base/errors.ts'
import { anything, checkNoMore, flag, readerOf } from '../base/options.ts'
import { checkInteger } from '../base/shape.ts'
import { getEngine, isRunnable, setFused, usesFma } from './engine.ts'
import { fmaKernels } from './kernels.generated.ts'
import { MOST_THREADS, restartThreads, threadCount } from './threads.ts'

export interface EngineInfo {
  /** Whether the kernels use 128-bit SIMD: always, it is a condition of running at all. */
  readonly simd: boolean
  /** Whether products use fused multiply-add, whose bits depend on the machine. */
  readonly fma: boolean
  /** How many threads large products use. */
  readonly threads: number
  /** The names of the kernels, but for those of linear algebra. */
  readonly kernels: readonly string[]
}

/** What computes, and how. */
export function engineInfo(...more: []): EngineInfo {
  checkNoMore('engineInfo', '', more)
  return { simd: true, fma: usesFma(), threads: threadCount(), kernels: Object.keys(getEngine().kernels.float64) }
}

export interface EngineOptions {
  /**
   * How many threads large products use, or 'auto', the number of cores but at most 8. They start when the first large
   * product comes, keep no process alive, and change no bits. Where memory cannot be shared with workers, as in a page
   * without cross-origin isolation, it stays at one.
   */
  readonly threads?: number | 'auto'
  /**
   * Whether a product rounds c + x·y once instead of twice: faster and more accurate, but the bits then depend on the
   * machine. Without relaxed SIMD (Node before 21, unless it is given --experimental-wasm-relaxed-simd) it stays off.
   */
  readonly fma?: boolean
}

const readEngine = readerOf({ threads: anything<number | 'auto' | undefined>(undefined), fma: flag() })

/**
 * Changes how the kernels run; what is absent stays as it is, at first { threads: 'auto', fma: false }. `engineInfo` tells
 * what came of it.
 *
 * @throws DTypeError for options that are none or of a wrong kind; ShapeError for less than one thread or more than 64.
 */
export function configure(options: EngineOptions, ...more: []): void {
  checkNoMore('configure', 'options', more)
  if (options === undefined) throw new DTypeError('configure: options are undefined, wanted what to change')
  const { threads, fma } = readEngine('configure', options)
  if (threads !== undefined && threads !== 'auto') checkInteger('configure', 'threads', threads, 1, MOST_THREADS)
  if (fma !== undefined) setFused(fma && isRunnable(fmaKernels) ? fmaKernels : null)
  restartThreads(threads)
}
