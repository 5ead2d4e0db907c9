import alea from 'seedrandom/lib/alea.js'
import { type DType, dtypeOf, getDefaultDtype, type TypedArray } from '../base/dtype.ts'
import { DTypeError, inNameOf, MatgradError } from '../base/errors.ts'
import {
  anything,
  checkNoMore,
  dtypeName,
  dtypeOption,
  flag,
  guardMethods,
  type KindMaker,
  kind,
  type Reader,
  readerOf,
  whole,
} from '../base/options.ts'
import { checkInteger, checkNumber, checkShape, describe, MAX_SIZE } from '../base/shape.ts'
import { allocate } from '../engine/allocate.ts'
import { launch } from '../engine/engine.ts'
import type { Change } from '../ops/operation.ts'
import { change, checkWhole, tracer, withTracer } from '../ops/tracer.ts'
import {
  countOf,
  cumulative,
  differentPlaces,
  type Probabilities,
  placeOf,
  probabilitiesOf,
  weightsOf,
} from './choice.ts'
import type { CreationOptions } from './create.ts'
import { elementsOf, Matrix, owning } from './matrix.ts'

/** The eight 32-bit words of a generator: plain data, for checkpoints. */
export type GeneratorState = readonly number[]

const WORDS = 8

/** The most results that go through a kernel at once: more take their turn in pieces that stay in the cache. */
const PIECE = 16384

const float64 = { dtype: 'float64' } as const

export interface ChoiceOptions {
  /** Whether the same may be chosen again. @default true */
  readonly replace?: boolean
  /** The probability of each. @default all are as likely */
  readonly p?: Probabilities
}

export interface MultinomialOptions {
  /**
   * How many are drawn from each row.
   * @default 1
   */
  readonly count?: number
  /**
   * Whether the same may be drawn from a row again.
   * @default false
   */
  readonly replacement?: boolean
}

const multinomialOptions = { count: whole(1), replacement: flag(false) }
const readMultinomial = readerOf(multinomialOptions)

const readChoice = readerOf({ replace: flag(true), p: anything<Probabilities | undefined>(undefined) })

/** Which words belong to each of the two streams: its first and its second 64 bits, the low half before the high one. */
const STREAMS = [
  [0, 1, 4, 5],
  [2, 3, 6, 7],
] as const

/** Random numbers in place of the second target, from a generator, the first. */
const draw: Change = {
  name: 'draw',
  reads: 1,
  forward([{ elements: words }, { elements }], _inputs, { kernel, parameters }, machine) {
    const numbers = elements as TypedArray
    const most = kernel === 'permutation' ? numbers.length : PIECE
    for (let start = 0; start < numbers.length; start += most) {
      const piece = numbers.length <= most ? numbers : numbers.subarray(start, start + most)
      machine.launch(kernel, dtypeOf(numbers), [words, piece], [], [piece.length, ...parameters], 1)
    }
  },
}

/** Puts the words of a state, as bits in a row of float32, into a generator. */
export const restart: Change = {
  name: 'restart',
  reads: 0,
  forward: ([{ elements }], [words], _attributes, machine) =>
    machine.launch('move', 'float32', [elements], [words.elements], [WORDS]),
}

/**
 * Random numbers from two streams of xoroshiro128++ (Blackman & Vigna, "Scrambled linear pseudorandom number generators",
 * ACM TOMS 47, 2021), side by side: the first two of four 32-bit words are the first stream's, the others the second's. The
 * first starts from four words that the Alea generator of seedrandom makes of the seed, the second 2^64 steps further on in
 * the same sequence, whose period is 2^128 − 1.
 *
 * Uniform numbers have as many random bits as the significand. Normal numbers come from the ziggurat (Marsaglia & Tsang
 * 2000), whole numbers from products with rejection (Lemire 2019), permutations from the Fisher–Yates shuffle.
 * Initialisers, shuffling and dropout draw from the default generator (`manualSeed`) unless they are given one.
 *
 * - The bits depend on the seed and on the calls before, with their sizes, alone: they are the same on every engine.
 * - A generator that is given the `state` of another goes on with the same bits.
 * - A call takes a word of the element's size for each element, in whole vectors of 16 bytes, and after every 16384 elements
 *   further vectors for what it rejects. Several calls therefore give the elements of a single one where all but the last
 *   fill whole vectors and nothing is rejected, as in `uniform` and `bernoulli`, or are of multiples of 16384 elements.
 */
export class Generator {
  /** The state. It stands where programs that draw from this generator have it. @internal */
  elements: Uint32Array = new Uint32Array(WORDS)
  /** @internal */
  readonly size: number = WORDS
  /** @internal */
  version = 0
  /** @internal */
  readonly pinned: boolean = false

  /** `seed` is any number or string; 1 and '1' are the same seed. @throws DTypeError for anything else. */
  constructor(seed: string | number, ...more: []) {
    checkNoMore('Generator', 'seed', more)
    if (typeof seed !== 'string' && typeof seed !== 'number')
      throw new DTypeError(`Generator: seed is ${describe(seed)}, wanted a number or a string`)
    const source = alea(String(seed))
    for (const word of STREAMS[0]) this.elements[word] = source.int32()
    // The one state that a stream cannot leave.
    if (this.elements.every((word) => word === 0)) this.elements[0] = 1
    launch('jump', 'float64', [this.elements], [], [], 1)
    if (tracer !== null) tracer.created(this)
  }

  /**
   * Where its streams are, eight words of 32 bits: a generator that is given them goes on with the same bits.
   *
   * @throws DTypeError unless it is eight whole numbers; ShapeError for one over 2^32 − 1; MatgradError for a stream of zeros.
   */
  get state(): GeneratorState {
    if (tracer !== null) tracer.touched(this, 'state')
    return Array.from(this.elements)
  }

  set state(state: GeneratorState) {
    if (!Array.isArray(state) || state.length !== WORDS)
      throw new DTypeError(`Generator: state is ${describe(state)}, wanted ${WORDS} whole numbers`)
    for (const word of state) checkInteger('Generator', 'a word of the state', word, 0, 2 ** 32 - 1)
    for (const stream of STREAMS)
      if (stream.every((word) => state[word] === 0))
        throw new MatgradError(`Generator: words ${stream.join(', ')} of the state are zeros, wanted one that is not`)
    if (tracer !== null) tracer.touched(this, 'state')
    this.elements.set(state)
  }

  /** Runs the kernel `operation`, which takes some parameters, on the elements of a new matrix. */
  private fill<R extends number, C extends number>(
    operation: string,
    dtype: DType,
    rows: R,
    cols: C,
    ...parameters: number[]
  ): Matrix<R, C> {
    checkShape(operation, rows, cols)
    const out = owning(allocate(dtype, rows * cols), rows, cols)
    change(draw, [this, out], [], { kernel: operation, parameters })
    return out
  }

  /**
   * Uniform on [low, high), [0, 1) unless given.
   *
   * @throws DTypeError unless the bounds are numbers; MatgradError unless low < high, both finite.
   */
  uniform<R extends number, C extends number>(
    rows: R,
    cols: C,
    low = 0,
    high = 1,
    options?: CreationOptions,
  ): Matrix<R, C> {
    const dtype = dtypeOption('uniform', options)
    checkRange('uniform', low, high, dtype)
    return this.fill('uniform', dtype, rows, cols, low, high)
  }

  /**
   * N(mean, std²), of the density e^(−(x − mean)² / 2std²) / (std·√2π), N(0, 1) unless given.
   *
   * @throws DTypeError unless both are numbers; MatgradError unless both are finite in the dtype and std is 0 or more.
   */
  normal<R extends number, C extends number>(
    rows: R,
    cols: C,
    mean = 0,
    std = 1,
    options?: CreationOptions,
  ): Matrix<R, C> {
    checkNumber('normal', 'mean', mean)
    checkNumber('normal', 'std', std)
    const dtype = dtypeOption('normal', options)
    if (!([mean, std].map(roundingTo(dtype)).every(Number.isFinite) && std >= 0))
      throw new MatgradError(
        `normal: got mean ${mean} and std ${std} in ${dtype}, wanted finite numbers, std 0 or more`,
      )
    return this.fill('normal', dtype, rows, cols, mean, std)
  }

  /**
   * Whole numbers in [low, high), each as likely.
   *
   * @throws DTypeError unless the bounds are whole numbers; ShapeError unless low < high; MatgradError for more of them, or
   * larger ones, than the dtype holds.
   */
  integers<R extends number, C extends number>(
    rows: R,
    cols: C,
    low: number,
    high: number,
    options?: CreationOptions,
  ): Matrix<R, C> {
    checkInteger('integers', 'low', low, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    checkInteger('integers', 'high', high, low + 1, Number.MAX_SAFE_INTEGER)
    const dtype = dtypeOption('integers', options)
    const exact = dtype === 'float32' ? 2 ** 24 : 2 ** 53
    if (low < -exact || high - 1 > exact || high - low > 2 ** 53)
      throw new MatgradError(`integers: ${low} to ${high} is more than the dtype holds exactly, wanted ±${exact}`)
    return this.fill('integers', dtype, rows, cols, low, high)
  }

  /** 1 with probability p, to 31 bits of it in float32 and 53 in float64, else 0. @throws MatgradError unless 0 ≤ p ≤ 1. */
  bernoulli<R extends number, C extends number>(rows: R, cols: C, p: number, options?: CreationOptions): Matrix<R, C> {
    checkNumber('bernoulli', 'p', p)
    if (!(p >= 0 && p <= 1)) throw new MatgradError(`bernoulli: p is ${p}, wanted 0 to 1`)
    return this.fill('bernoulli', dtypeOption('bernoulli', options), rows, cols, p, 1)
  }

  /**
   * The numbers 0 … n − 1 in random order, an nx1 column of float64: an index for gatherRows.
   *
   * @throws DTypeError or ShapeError for another n.
   */
  permutation(n: number): Matrix<number, 1> {
    return this.fill('permutation', 'float64', n, 1)
  }

  /** One number, uniform on [0, 1), of 53 random bits. */
  next(): number {
    return this.uniform(1, 1, 0, 1, float64).item()
  }

  /**
   * `size` of the numbers 0 … n − 1, a column of float64 that is an index for gatherRows, or of the rows of a matrix: with or
   * without replacement, each as likely or with the probabilities `p`.
   *
   * Without `p` they are `integers`, or the first of a `permutation`. With `p` a uniform number x chooses the first whose running
   * sum of probabilities is more than x; without replacement as NumPy's Generator.choice does.
   *
   * Defaults: size 1, replace true.
   *
   * @throws MatgradError unless there are as many to choose from; what is wrong with `p` throws as well.
   */
  choice(n: number, size?: number, options?: ChoiceOptions): Matrix<number, 1>
  choice<C extends number>(a: Matrix<number, C>, size?: number, options?: ChoiceOptions): Matrix<number, C>
  choice(a: number | Matrix, size = 1, options?: ChoiceOptions): Matrix {
    const rows = a instanceof Matrix
    if (!rows && typeof a !== 'number')
      throw new DTypeError(`choice: got ${describe(a)}, wanted a number or a Matrix to choose rows from`)
    const n = rows ? a.rows : a
    checkShape('choice', n, 1)
    checkShape('choice', size, rows ? a.cols : 1)
    const { replace, p: given } = readChoice('choice', options)
    const p = given === undefined ? undefined : probabilitiesOf('choice', given, n)
    const available = p ? countOf(p) : n
    if (size > (replace && n > 0 ? Infinity : available))
      throw new MatgradError(`choice: size is ${size}, wanted at most ${available}, as many as can be chosen`)
    if (rows && tracer === null) checkWhole('choice', a)
    const index = this.places(n, size, replace, p)
    return rows ? a.gatherRows(index) : index
  }

  /** What `choice` chooses by. */
  private places(n: number, size: number, replace: boolean, p: Float64Array | undefined): Matrix<number, 1> {
    if (size === 0) return owning(allocate('float64', 0), 0, 1)
    if (!p)
      return replace ? this.integers(size, 1, 0, n, float64) : (this.permutation(n).slice(0, size) as Matrix<number, 1>)
    const draw = (count: number): TypedArray => elementsOf('choice', this.uniform(count, 1, 0, 1, float64))
    if (!replace) return owning(differentPlaces(p, size, draw), size, 1)
    const sums = cumulative(p)
    return owning(Float64Array.from(draw(size), (x) => placeOf(sums, x)) as TypedArray, size, 1)
  }

  /**
   * For each row of weights, mxn, `count` of the numbers 0 … n − 1, each as likely as its weight's part of the row's sum (PyTorch's
   * multinomial): m x count of float64. A uniform number chooses as in `choice`, and without replacement they do as there.
   *
   * With a number in the first place: how often each of some things came in `n` trials, in which they have the probabilities `p`, a
   * row of float64 (NumPy's Generator.multinomial). Each trial is one of `choice`.
   *
   * Defaults: count 1, replacement false.
   *
   * @throws MatgradError for a weight that is negative or not finite, a row of zeros, and without replacement for one with fewer
   * weights that are more than 0 than are drawn; ShapeError for a count below 0; DTypeError for other options. What is wrong with
   * `p` throws as in `choice`.
   */
  multinomial<R extends number>(weights: Matrix<R, number>, options?: MultinomialOptions): Matrix<R, number>
  multinomial(n: number, p: Probabilities): Matrix<1, number>
  multinomial(first: Matrix | number, second?: MultinomialOptions | Probabilities): Matrix {
    if (first instanceof Matrix) return this.drawRows(first, second)
    if (typeof first !== 'number')
      throw new DTypeError(
        `multinomial: weights are ${describe(first)}, wanted a Matrix, or how often to draw by probabilities`,
      )
    return this.countDraws(first, second)
  }

  private drawRows(weights: Matrix, options: unknown): Matrix {
    const settings = readMultinomial('multinomial', options)
    const { count } = settings
    // Of one it makes no difference.
    const replacement = settings.replacement || count === 1
    checkShape('multinomial', weights.rows, count)
    const rows = weightsOf('multinomial', weights)
    for (const [i, row] of rows.entries())
      if (!replacement && count > countOf(row))
        throw new MatgradError(
          `multinomial: count is ${count} without replacement, wanted at most ${countOf(row)}, the weights of row ${i} that are not 0`,
        )
    const drawn = owning(allocate('float64', weights.rows * count), weights.rows, count)
    const draw = (size: number): TypedArray => elementsOf('multinomial', this.uniform(size, 1, 0, 1, float64))
    const numbers = replacement ? draw(drawn.size) : null
    for (const [i, row] of rows.entries()) {
      if (numbers === null) drawn.elements.set(differentPlaces(row, count, draw), i * count)
      else {
        const sums = cumulative(row)
        for (let at = i * count; at < (i + 1) * count; at++) drawn.elements[at] = placeOf(sums, numbers[at])
      }
    }
    return drawn
  }

  private countDraws(n: number, p: unknown): Matrix<1, number> {
    checkInteger('multinomial', 'n', n, 0, MAX_SIZE)
    const sums = cumulative(probabilitiesOf('multinomial', p))
    const counts = owning(allocate('float64', sums.length), 1, sums.length)
    for (let left = n; left > 0; left -= PIECE) {
      const numbers = this.uniform(Math.min(left, PIECE), 1, 0, 1, float64)
      for (const x of elementsOf('multinomial', numbers)) counts.elements[placeOf(sums, x)]++
    }
    return counts
  }

  /** The rows of `a` in random order, a copy. @throws DTypeError unless it is a Matrix. */
  shuffle<R extends number, C extends number>(a: Matrix<R, C>): Matrix<R, C> {
    if (!((a as unknown) instanceof Matrix)) throw new DTypeError(`shuffle: got ${describe(a)}, wanted a Matrix`)
    return a.gatherRows(this.permutation(a.rows)) as Matrix<R, C>
  }
}

guardMethods(
  Generator.prototype,
  {
    ...{ uniform: 'rows, cols, low, high, options', normal: 'rows, cols, mean, std, options', next: '' },
    ...{ integers: 'rows, cols, low, high, options', bernoulli: 'rows, cols, p, options', permutation: 'n' },
    ...{ choice: 'a, size, options', multinomial: 'weights, options', shuffle: 'a' },
  },
  'generator',
)

/** What an element of a dtype holds of a number. */
const roundingTo = (dtype: DType): ((x: number) => number) => (dtype === 'float32' ? Math.fround : Number)

/** The bounds, and how far they are apart, must be finite and differ in the dtype: no number lies between them otherwise. */
function checkRange(operation: string, low: number, high: number, dtype: DType): void {
  checkNumber(operation, 'low', low)
  checkNumber(operation, 'high', high)
  const rounded = roundingTo(dtype)
  const range = rounded(rounded(high) - rounded(low))
  if (!(range > 0 && range < Infinity))
    throw new MatgradError(
      `${operation}: got ${low} to ${high} in ${dtype}, wanted bounds at a finite distance, the first below the second`,
    )
}

let defaultGenerator: Generator | undefined

/** The generator that everything random uses when it is given none; it starts from seed 0. */
export function getDefaultGenerator(): Generator {
  // It goes on from call to call of a function that is being traced.
  defaultGenerator ??= withTracer(null, () => new Generator(0))
  return defaultGenerator
}

/**
 * Starts the default generator anew, from `new Generator(seed)`'s state, and returns it.
 *
 * @throws DTypeError unless the seed is a number or a string.
 */
export function manualSeed(seed: string | number, ...more: []): Generator {
  checkNoMore('manualSeed', 'seed', more)
  const { state } = inNameOf('manualSeed', () => new Generator(seed))
  return Object.assign(getDefaultGenerator(), { state })
}

export interface RandomOptions extends CreationOptions {
  /** Where the numbers come from. @default the default generator */
  readonly generator?: Generator
}

/** An option that is a generator. */
export const generatorOption: KindMaker<Generator> = kind('a Generator', (value) => value instanceof Generator)

export const readRandom: Reader<{ dtype: DType | undefined; generator: Generator | undefined }> = readerOf({
  dtype: dtypeName(),
  generator: generatorOption(),
})

/** What `draw` gives for the generator that options name and their dtype. @throws DTypeError for more than the function takes. */
function drawn<T>(
  operation: string,
  takes: string,
  options: RandomOptions | undefined,
  more: readonly unknown[],
  draw: (source: Generator, options: CreationOptions) => T,
): T {
  checkNoMore(operation, `rows, cols, ${takes}options`, more)
  const { dtype = getDefaultDtype(), generator = getDefaultGenerator() } = readRandom(operation, options)
  return inNameOf(operation, () => draw(generator, { dtype }))
}

/** rows x cols, uniform on [0, 1). @throws as `zeros`; DTypeError for other options. */
export const rand = <R extends number, C extends number>(
  rows: R,
  cols: C,
  options?: RandomOptions,
  ...more: []
): Matrix<R, C> => drawn('rand', '', options, more, (source, own) => source.uniform(rows, cols, 0, 1, own))

/** rows x cols of N(0, 1). @throws as `zeros`; DTypeError for other options. */
export const randn = <R extends number, C extends number>(
  rows: R,
  cols: C,
  options?: RandomOptions,
  ...more: []
): Matrix<R, C> => drawn('randn', '', options, more, (source, own) => source.normal(rows, cols, 0, 1, own))

/** rows x cols, uniform on [low, high). @throws as `rand`, and what the method of a Generator throws for the bounds. */
export const uniform = <R extends number, C extends number>(
  rows: R,
  cols: C,
  low: number,
  high: number,
  options?: RandomOptions,
  ...more: []
): Matrix<R, C> =>
  drawn('uniform', 'low, high, ', options, more, (source, own) => source.uniform(rows, cols, low, high, own))

/** rows x cols of N(mean, std²). @throws as `rand`, and what the method of a Generator throws for mean and std. */
export const normal = <R extends number, C extends number>(
  rows: R,
  cols: C,
  mean: number,
  std: number,
  options?: RandomOptions,
  ...more: []
): Matrix<R, C> =>
  drawn('normal', 'mean, std, ', options, more, (source, own) => source.normal(rows, cols, mean, std, own))

/**
 * rows x cols whole numbers in [low, high), each as likely.
 *
 * @throws as `rand`, and what `integers` of a Generator throws for the bounds.
 */
export const randint = <R extends number, C extends number>(
  rows: R,
  cols: C,
  low: number,
  high: number,
  options?: RandomOptions,
  ...more: []
): Matrix<R, C> =>
  drawn('randint', 'low, high, ', options, more, (source, own) => source.integers(rows, cols, low, high, own))

const readSource = readerOf({ generator: generatorOption() })

/**
 * The numbers 0 … n − 1 in random order, an nx1 column of float64.
 *
 * @throws as the method of a Generator; DTypeError for other options.
 */
export function permutation(n: number, options?: Pick<RandomOptions, 'generator'>, ...more: []): Matrix<number, 1> {
  checkNoMore('permutation', 'n, options', more)
  const { generator = getDefaultGenerator() } = readSource('permutation', options)
  return generator.permutation(n)
}

const readDrawing = readerOf({ ...multinomialOptions, generator: generatorOption() })

/**
 * For each row of weights, mxn, `count` of the numbers 0 … n − 1, each as likely as its weight's part of the row's sum: m x count
 * of float64, a column that is an index for gatherRows where one is drawn.
 *
 * Defaults: count 1, replacement false, the default generator.
 *
 * @throws as the method of a Generator.
 */
export function multinomial<R extends number>(
  weights: Matrix<R, number>,
  options?: MultinomialOptions & Pick<RandomOptions, 'generator'>,
  ...more: []
): Matrix<R, number> {
  checkNoMore('multinomial', 'weights, options', more)
  if (!((weights as unknown) instanceof Matrix))
    throw new DTypeError(`multinomial: weights are ${describe(weights)}, wanted a Matrix`)
  const { generator = getDefaultGenerator(), ...settings } = readDrawing('multinomial', options)
  return generator.multinomial(weights, settings)
}
