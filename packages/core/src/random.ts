import alea from 'seedrandom/lib/alea.js'
import type { CreationOptions } from './create.ts'
import { allocate, type DType, dtypeOption } from './dtype.ts'
import { DTypeError, MatgradError } from './errors.ts'
import { launch } from './kernels.ts'
import { Matrix } from './matrix.ts'
import { checkInteger, checkNumber, checkShape, describe } from './shape.ts'

/** The four 32-bit words of a generator: plain data, for checkpoints. */
export type GeneratorState = readonly [number, number, number, number]

/**
 * A stream of random numbers (xoshiro128++, Blackman & Vigna 2019). The same seed gives the same bits on every engine.
 * Initialisers, shuffling and dropout draw from the default generator (`manualSeed`) unless they are given one.
 */
export class Generator {
  private readonly words: Uint32Array<ArrayBuffer> = new Uint32Array(4)

  /** `seed` is any number or string; 1 and '1' are the same seed. @throws DTypeError for anything else. */
  constructor(seed: string | number) {
    if (typeof seed !== 'string' && typeof seed !== 'number')
      throw new DTypeError(`Generator: seed is ${describe(seed)}, wanted a number or a string`)
    const source = alea(String(seed))
    for (let i = 0; i < 4; i++) this.words[i] = source.int32()
    // The one state that the generator cannot leave.
    if (this.words.every((word) => word === 0)) this.words[0] = 1
  }

  get state(): GeneratorState {
    return Array.from(this.words) as unknown as GeneratorState
  }

  /** @throws DTypeError unless it is four whole numbers below 2^32; MatgradError if all are 0. */
  set state(state: GeneratorState) {
    if (!Array.isArray(state) || state.length !== 4)
      throw new DTypeError(`Generator: state is ${describe(state)}, wanted four whole numbers`)
    for (const word of state) checkInteger('Generator', 'a word of the state', word, 0, 2 ** 32 - 1)
    if (state.every((word) => word === 0)) throw new MatgradError('Generator: state is all zeros, wanted another')
    this.words.set(state)
  }

  private fill<R extends number, C extends number>(
    operation: string,
    rows: R,
    cols: C,
    low: number,
    high: number,
    options: CreationOptions | undefined,
  ): Matrix<R, C> {
    checkShape(operation, rows, cols)
    const dtype = dtypeOption(operation, options)
    const out = new Matrix(allocate(dtype, rows * cols), rows, cols)
    launch(operation, dtype, [this.words, out.data], [], [out.size, low, high], 1)
    return out
  }

  /** Uniform on [low, high). @throws DTypeError unless the bounds are numbers; MatgradError unless low < high, both finite. */
  uniform<R extends number, C extends number>(
    rows: R,
    cols: C,
    low = 0,
    high = 1,
    options?: CreationOptions,
  ): Matrix<R, C> {
    checkRange('uniform', low, high, dtypeOption('uniform', options))
    return this.fill('uniform', rows, cols, low, high, options)
  }

  /** Normal: density e^(−(x − mean)² / 2std²) / (std·√2π). @throws MatgradError when std is negative. */
  normal<R extends number, C extends number>(
    rows: R,
    cols: C,
    mean = 0,
    std = 1,
    options?: CreationOptions,
  ): Matrix<R, C> {
    checkNumber('normal', 'mean', mean)
    checkNumber('normal', 'std', std)
    if (!(std >= 0)) throw new MatgradError(`normal: std is ${std}, wanted 0 or more`)
    return this.fill('normal', rows, cols, mean, std, options)
  }

  /** Whole numbers in [low, high), each as likely. @throws MatgradError for more of them, or larger ones, than the dtype holds. */
  integers<R extends number, C extends number>(
    rows: R,
    cols: C,
    low: number,
    high: number,
    options?: CreationOptions,
  ): Matrix<R, C> {
    checkInteger('integers', 'low', low, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    checkInteger('integers', 'high', high, low + 1, Number.MAX_SAFE_INTEGER)
    const exact = dtypeOption('integers', options) === 'float32' ? 2 ** 24 : 2 ** 53
    if (low < -exact || high - 1 > exact || high - low > 2 ** 53)
      throw new MatgradError(`integers: ${low} to ${high} is more than the dtype holds exactly, wanted ±${exact}`)
    return this.fill('integers', rows, cols, low, high, options)
  }

  /** 1 with probability p, else 0. @throws MatgradError unless 0 ≤ p ≤ 1. */
  bernoulli<R extends number, C extends number>(rows: R, cols: C, p: number, options?: CreationOptions): Matrix<R, C> {
    checkNumber('bernoulli', 'p', p)
    if (!(p >= 0 && p <= 1)) throw new MatgradError(`bernoulli: p is ${p}, wanted 0 to 1`)
    return this.fill('uniform', rows, cols, 0, 1, options).less(p)
  }

  /** The numbers 0 … n − 1 in random order, an nx1 column of float64: an index for gatherRows. */
  permutation(n: number): Matrix<number, 1> {
    checkShape('permutation', n, 1)
    const out = new Matrix(new Float64Array(n), n, 1)
    launch('permutation', 'float64', [this.words, out.data], [], [n], 1)
    return out
  }

  /** The rows of `a` in random order. */
  shuffle<R extends number, C extends number>(a: Matrix<R, C>): Matrix<R, C> {
    if (!((a as unknown) instanceof Matrix)) throw new DTypeError(`shuffle: got ${describe(a)}, wanted a Matrix`)
    return a.gatherRows(this.permutation(a.rows)) as Matrix<R, C>
  }
}

/** The bounds must differ once they are rounded to the dtype: no number of it lies between them otherwise. */
function checkRange(operation: string, low: number, high: number, dtype: DType): void {
  checkNumber(operation, 'low', low)
  checkNumber(operation, 'high', high)
  const [first, last] = dtype === 'float32' ? [Math.fround(low), Math.fround(high)] : [low, high]
  if (!(first < last && Number.isFinite(last - first)))
    throw new MatgradError(
      `${operation}: got ${low} to ${high} in ${dtype}, wanted finite bounds, the first below the second`,
    )
}

let defaultGenerator: Generator | undefined

/** The generator that everything random uses when it is given none; it starts from seed 0. */
export function getDefaultGenerator(): Generator {
  defaultGenerator ??= new Generator(0)
  return defaultGenerator
}

/** Starts the default generator anew. @throws DTypeError unless the seed is a number or a string. */
export function manualSeed(seed: string | number): Generator {
  defaultGenerator = new Generator(seed)
  return defaultGenerator
}

export interface RandomOptions extends CreationOptions {
  /** Where the numbers come from; the default generator when absent. */
  readonly generator?: Generator
}

const source = (options?: RandomOptions): Generator => options?.generator ?? getDefaultGenerator()

/** Uniform on [0, 1). */
export const rand = <R extends number, C extends number>(rows: R, cols: C, options?: RandomOptions): Matrix<R, C> =>
  source(options).uniform(rows, cols, 0, 1, options)

/** N(0, 1). */
export const randn = <R extends number, C extends number>(rows: R, cols: C, options?: RandomOptions): Matrix<R, C> =>
  source(options).normal(rows, cols, 0, 1, options)

/** Uniform on [low, high). */
export const uniform = <R extends number, C extends number>(
  rows: R,
  cols: C,
  low: number,
  high: number,
  options?: RandomOptions,
): Matrix<R, C> => source(options).uniform(rows, cols, low, high, options)

/** N(mean, std²). */
export const normal = <R extends number, C extends number>(
  rows: R,
  cols: C,
  mean: number,
  std: number,
  options?: RandomOptions,
): Matrix<R, C> => source(options).normal(rows, cols, mean, std, options)

/** Whole numbers in [low, high). */
export const randint = <R extends number, C extends number>(
  rows: R,
  cols: C,
  low: number,
  high: number,
  options?: RandomOptions,
): Matrix<R, C> => source(options).integers(rows, cols, low, high, options)

/** The numbers 0 … n − 1 in random order, as an nx1 column. */
export const permutation = (n: number, options?: Pick<RandomOptions, 'generator'>): Matrix<number, 1> =>
  source(options).permutation(n)
