/**
 * Initialisers: what parameters begin with.
 *
 * @packageDocumentation
 */

import {
  type DType,
  DTypeError,
  eye,
  full as filled,
  Generator,
  getDefaultDtype,
  linalg,
  MatgradError,
  type Matrix,
} from '@matgrad/core'
import {
  checkNoMore,
  checkNumber,
  checkShape,
  describe,
  elementsOf,
  inNameOf,
  number,
  oneOf,
  owning,
  readerOf,
  required,
} from '@matgrad/core/internal'

/**
 * Makes the first values of a parameter of rows x cols. For a layer's weight, rows are the features that come out
 * (fan-out) and cols those that go in (fan-in). Those of `init` give the default dtype unless one is given.
 *
 * @throws Where one of `init` is called: DTypeError unless what draws is given a Generator; DTypeError or ShapeError for sizes that
 * are none; MatgradError for settings of which there is no distribution, such as a negative standard deviation.
 */
export type Initializer = (rows: number, cols: number, generator: Generator, dtype?: DType) => Matrix

/** A nonlinearity that follows a layer, for its gain. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu'

const GAINS: Readonly<Record<Nonlinearity, (slope: number) => number>> = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope * slope)),
  selu: () => 0.75,
}

/**
 * The factor of weights that keeps the variance through a nonlinearity, as PyTorch's calculate_gain has it: 1 for linear and
 * sigmoid, 5/3 for tanh, √2 for relu, √(2 / (1 + slope²)) for leakyRelu, 3/4 for selu. Defaults: slope 0.01.
 *
 * @throws MatgradError for another nonlinearity; DTypeError unless slope is a number.
 */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01, ...more: []): number {
  checkNoMore('init.gainOf', 'nonlinearity, slope', more)
  checkNumber('init.gainOf', 'slope', slope)
  if (!Object.hasOwn(GAINS, nonlinearity))
    throw new MatgradError(
      `init.gainOf: nonlinearity is ${describe(nonlinearity)}, wanted one of ${Object.keys(GAINS).join(', ')}`,
    )
  return GAINS[nonlinearity](slope)
}

/** Options without undefined members, as the generator takes them. */
const as = (dtype?: DType): { dtype?: DType } => (dtype ? { dtype } : {})

/** @throws DTypeError unless all are numbers. */
function checkNumbers(operation: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) checkNumber(operation, name, value)
}

/** @throws MatgradError unless a setting is as it should be, and finite. */
function checkSetting(operation: string, name: string, value: number, isSensible: boolean, wanted: string): void {
  if (!(isSensible && Number.isFinite(value)))
    throw new MatgradError(`${operation}: ${name} is ${value}, wanted ${wanted}`)
}

/** The initialiser that draws. @throws DTypeError when it is called without a generator. */
const drawing =
  (operation: string, draw: Initializer): Initializer =>
  (rows, cols, generator, dtype) => {
    if (!((generator as unknown) instanceof Generator))
      throw new DTypeError(`${operation}: generator is ${describe(generator)}, wanted a Generator`)
    return inNameOf(operation, () => {
      checkShape(operation, rows, cols)
      return draw(rows, cols, generator, dtype)
    })
  }

/** Uniform on [low, high), [0, 1) unless given. @throws DTypeError unless both are numbers. */
export function uniform(low = 0, high = 1, ...more: []): Initializer {
  checkNoMore('init.uniform', 'low, high', more)
  checkNumbers('init.uniform', { low, high })
  return drawing('init.uniform', (rows, cols, generator, dtype) => generator.uniform(rows, cols, low, high, as(dtype)))
}

/** N(mean, std²), N(0, 1) unless given. @throws DTypeError unless both are numbers. */
export function normal(mean = 0, std = 1, ...more: []): Initializer {
  checkNoMore('init.normal', 'mean, std', more)
  checkNumbers('init.normal', { mean, std })
  return drawing('init.normal', (rows, cols, generator, dtype) => generator.normal(rows, cols, mean, std, as(dtype)))
}

export interface TruncatedNormalOptions {
  /** @default 0 */
  readonly mean?: number
  /** @default 1 */
  readonly std?: number
  /** @default -2 */
  readonly low?: number
  /** @default 2 */
  readonly high?: number
}

const readTruncated = readerOf({ mean: number(0), std: number(1), low: number(-2), high: number(2) })

/** How far from the most likely number z, in units of the deviation, the density has less than 2⁻⁵⁸ of its largest value. */
const reachOf = (z: number): number => Math.min(9, 42 / Math.abs(z))

/**
 * So many numbers of N(mean, std²) in [low, high], chosen from those near the most likely one by their density (von Neumann 1951).
 */
function truncated(
  { mean, std, low, high }: Required<TruncatedNormalOptions>,
  size: number,
  generator: Generator,
): Float64Array {
  const found = new Float64Array(size)
  const [from, to] = [(low - mean) / std, (high - mean) / std]
  const nearest = Math.min(Math.max(0, from), to)
  const start = nearest === from ? low : nearest === to ? high : mean
  const reach = reachOf(nearest)
  const [least, most] = [Math.max(from - nearest, -reach), Math.min(to - nearest, reach)]
  for (let count = 0; count < size; ) {
    const rows = size - count
    const distance = generator.uniform(rows, 1, least, most, { dtype: 'float64' })
    const chance = generator.uniform(rows, 1, 0, 1, { dtype: 'float64' })
    const density = distance
      .mul(distance.add(2 * nearest))
      .mul(-0.5)
      .exp()
    const [distances, chances, densities] = [distance, chance, density].map((each) => elementsOf('uniform', each))
    for (let i = 0; i < rows; i++)
      if (chances[i] < densities[i]) found[count++] = Math.min(Math.max(start + std * distances[i], low), high)
  }
  return found
}

/**
 * N(mean, std²) without what is below low or above high (PyTorch's trunc_normal_), which are numbers and no multiples of std.
 *
 * Defaults: mean 0, std 1, low -2, high 2.
 *
 * @throws MatgradError unless std is positive, mean and std are finite, and low is less than high; DTypeError for other options.
 */
export function truncatedNormal(options?: TruncatedNormalOptions, ...more: []): Initializer {
  checkNoMore('init.truncatedNormal', 'options', more)
  const settings = readTruncated('init.truncatedNormal', options)
  const { mean, std, low, high } = settings
  checkSetting('init.truncatedNormal', 'mean', mean, true, 'a finite number')
  checkSetting('init.truncatedNormal', 'std', std, std > 0, 'a positive number')
  if (!(low < high))
    throw new MatgradError(`init.truncatedNormal: low is ${low}, high is ${high}, wanted the first below the second`)
  return drawing('init.truncatedNormal', (rows, cols, generator, dtype = getDefaultDtype()) => {
    return owning(truncated(settings, rows * cols, generator), rows, cols).astype(dtype)
  })
}

export interface GainOptions {
  /**
   * What all is multiplied by, for the nonlinearity that follows.
   * @default 1
   */
  readonly gain?: number
}

const readGain = readerOf({ gain: number(1) })

/**
 * Uniform on ±gain·√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). Defaults: gain 1.
 *
 * @throws DTypeError for other options.
 */
export function xavierUniform(options?: GainOptions, ...more: []): Initializer {
  checkNoMore('init.xavierUniform', 'options', more)
  const { gain } = readGain('init.xavierUniform', options)
  return drawing('init.xavierUniform', (rows, cols, generator, dtype) => {
    const bound = gain * Math.sqrt(6 / (rows + cols))
    return generator.uniform(rows, cols, -bound, bound, as(dtype))
  })
}

/**
 * N(0, std²) with std = gain·√(2 / (fanIn + fanOut)) (Glorot & Bengio 2010). Defaults: gain 1.
 *
 * @throws DTypeError for other options.
 */
export function xavierNormal(options?: GainOptions, ...more: []): Initializer {
  checkNoMore('init.xavierNormal', 'options', more)
  const { gain } = readGain('init.xavierNormal', options)
  return drawing('init.xavierNormal', (rows, cols, generator, dtype) =>
    generator.normal(rows, cols, 0, gain * Math.sqrt(2 / (rows + cols)), as(dtype)),
  )
}

export interface KaimingOptions {
  /** @default 'relu' */
  readonly nonlinearity?: Nonlinearity
  /**
   * The slope of leakyRelu.
   * @default 0.01
   */
  readonly slope?: number
  /**
   * Whether to keep the variance of the activations ('fanIn') or of the gradients.
   * @default 'fanIn'
   */
  readonly mode?: 'fanIn' | 'fanOut'
}

const readKaiming = readerOf({
  nonlinearity: oneOf(...(Object.keys(GAINS) as Nonlinearity[]))('relu'),
  slope: number(),
  mode: oneOf('fanIn', 'fanOut')('fanIn'),
})

/** gain / √fan for a parameter of rows x cols. */
function kaimingStd(operation: string, options: KaimingOptions | undefined): (rows: number, cols: number) => number {
  const { nonlinearity, slope, mode } = readKaiming(operation, options)
  const gain = gainOf(nonlinearity, slope)
  return (rows, cols) => gain / Math.sqrt(mode === 'fanIn' ? cols : rows)
}

/**
 * Uniform on ±gain·√(3 / fan), of the standard deviation gain / √fan, with the gain of `gainOf` (He et al. 2015).
 *
 * Defaults: nonlinearity 'relu', slope 0.01, mode 'fanIn'.
 *
 * @throws DTypeError for other options.
 */
export function kaimingUniform(options?: KaimingOptions, ...more: []): Initializer {
  checkNoMore('init.kaimingUniform', 'options', more)
  const std = kaimingStd('init.kaimingUniform', options)
  return drawing('init.kaimingUniform', (rows, cols, generator, dtype) => {
    const bound = Math.sqrt(3) * std(rows, cols)
    return generator.uniform(rows, cols, -bound, bound, as(dtype))
  })
}

/**
 * N(0, std²) with std = gain / √fan and the gain of `gainOf` (He et al. 2015).
 *
 * Defaults: nonlinearity 'relu', slope 0.01, mode 'fanIn'.
 *
 * @throws DTypeError for other options.
 */
export function kaimingNormal(options?: KaimingOptions, ...more: []): Initializer {
  checkNoMore('init.kaimingNormal', 'options', more)
  const std = kaimingStd('init.kaimingNormal', options)
  return drawing('init.kaimingNormal', (rows, cols, generator, dtype) =>
    generator.normal(rows, cols, 0, std(rows, cols), as(dtype)),
  )
}

/**
 * Orthonormal columns, or rows where there are fewer of them, times gain: uniform over all such matrices (Saxe, McClelland &
 * Ganguli 2014, PyTorch's orthogonal_).
 *
 * Defaults: gain 1.
 *
 * @throws DTypeError for other options.
 */
export function orthogonal(options?: GainOptions, ...more: []): Initializer {
  checkNoMore('init.orthogonal', 'options', more)
  const { gain } = readGain('init.orthogonal', options)
  return drawing('init.orthogonal', (rows, cols, generator, dtype = getDefaultDtype()) =>
    linalg.orthogonal(rows, cols, { generator, dtype: 'float64' }).mul(gain).astype(dtype),
  )
}

export interface SparseOptions {
  /** The fraction of each column that is 0: of m rows, the next whole number from sparsity·m on. */
  readonly sparsity: number
  /**
   * The standard deviation of all else.
   * @default 0.01
   */
  readonly std?: number
}

const readSparse = readerOf({ sparsity: required(number()), std: number(0.01) })

/**
 * N(0, std²), but for a fraction of each column, its places drawn anew for each, which is 0 (Martens 2010, PyTorch's sparse_).
 *
 * Defaults: std 0.01.
 *
 * @throws MatgradError unless 0 ≤ sparsity ≤ 1 and std is 0 or more; DTypeError for other options.
 */
export function sparse(options: SparseOptions, ...more: []): Initializer {
  checkNoMore('init.sparse', 'options', more)
  const { sparsity, std } = readSparse('init.sparse', options)
  checkSetting('init.sparse', 'sparsity', sparsity, sparsity >= 0 && sparsity <= 1, '0 to 1')
  checkSetting('init.sparse', 'std', std, std >= 0, '0 or more')
  return drawing('init.sparse', (rows, cols, generator, dtype) => {
    const drawn = generator.normal(rows, cols, 0, std, as(dtype))
    const elements = elementsOf('init.sparse', drawn)
    const count = Math.ceil(sparsity * rows)
    for (let j = 0; j < cols; j++) {
      const places = elementsOf('init.sparse', generator.permutation(rows))
      for (let i = 0; i < count; i++) elements[places[i] * cols + j] = 0
    }
    return drawn
  })
}

/** The initialiser of this name that gives one value everywhere. */
const filling =
  (operation: string, value: number): Initializer =>
  (rows, cols, _generator, dtype) =>
    inNameOf(operation, () => filled(rows, cols, value, as(dtype)))

/** One value everywhere. @throws DTypeError unless it is a number. */
export function constant(value: number, ...more: []): Initializer {
  checkNoMore('init.constant', 'value', more)
  checkNumbers('init.constant', { value })
  return filling('init.constant', value)
}

/** Zeros. */
export const zeros: Initializer = /* @__PURE__ */ filling('init.zeros', 0)

/** Ones. */
export const ones: Initializer = /* @__PURE__ */ filling('init.ones', 1)

/** 1 on the diagonal, else 0 (PyTorch's eye_). An initialiser itself, as zeros and ones are: `init: init.identity`. */
export const identity: Initializer = (rows, cols, _generator, dtype) =>
  inNameOf('init.identity', () => eye(rows, cols, as(dtype)))
