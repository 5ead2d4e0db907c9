import { type DType, full as filled, type Generator, MatgradError, type Matrix } from '@matgrad/core'
import { describe } from '@matgrad/core/internal'

/**
 * Makes the first values of a parameter of rows x cols. For a layer's weight, rows are the features that come out
 * (fan-out) and cols those that go in (fan-in).
 */
export type Initializer = (rows: number, cols: number, generator: Generator, dtype?: DType) => Matrix

/** A nonlinearity that follows a layer, for its gain. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu'

/** √ of what a nonlinearity multiplies the variance by, inverted (PyTorch's calculate_gain). */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  const gains = {
    linear: 1,
    sigmoid: 1,
    tanh: 5 / 3,
    relu: Math.SQRT2,
    leakyRelu: Math.sqrt(2 / (1 + slope ** 2)),
    selu: 0.75,
  }
  if (!Object.hasOwn(gains, nonlinearity))
    throw new MatgradError(
      `init: nonlinearity is ${describe(nonlinearity)}, wanted one of ${Object.keys(gains).join(', ')}`,
    )
  return gains[nonlinearity]
}

/** Options without undefined members, as the generator takes them. */
const as = (dtype?: DType): { dtype?: DType } => (dtype ? { dtype } : {})

/** Uniform on [low, high). */
export const uniform =
  (low = 0, high = 1): Initializer =>
  (rows, cols, generator, dtype) =>
    generator.uniform(rows, cols, low, high, as(dtype))

/** N(mean, std²). */
export const normal =
  (mean = 0, std = 1): Initializer =>
  (rows, cols, generator, dtype) =>
    generator.normal(rows, cols, mean, std, as(dtype))

/** Uniform on ±gain·√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const xavierUniform =
  ({ gain = 1 }: { gain?: number } = {}): Initializer =>
  (rows, cols, generator, dtype) => {
    const bound = gain * Math.sqrt(6 / (rows + cols))
    return generator.uniform(rows, cols, -bound, bound, as(dtype))
  }

/** Normal with the standard deviation gain·√(2 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const xavierNormal =
  ({ gain = 1 }: { gain?: number } = {}): Initializer =>
  (rows, cols, generator, dtype) =>
    generator.normal(rows, cols, 0, gain * Math.sqrt(2 / (rows + cols)), as(dtype))

export interface KaimingOptions {
  readonly nonlinearity?: Nonlinearity
  /** The slope of leakyRelu. */
  readonly slope?: number
  /** Whether to keep the variance of the activations ('fanIn') or of the gradients. */
  readonly mode?: 'fanIn' | 'fanOut'
}

function kaimingStd(
  rows: number,
  cols: number,
  { nonlinearity = 'relu', slope, mode = 'fanIn' }: KaimingOptions,
): number {
  if (mode !== 'fanIn' && mode !== 'fanOut')
    throw new MatgradError(`init: mode is ${describe(mode)}, wanted 'fanIn' or 'fanOut'`)
  return gainOf(nonlinearity, slope) / Math.sqrt(mode === 'fanIn' ? cols : rows)
}

/** Uniform with the standard deviation gain / √fan: bound gain·√(3 / fan) (He et al. 2015). */
export const kaimingUniform =
  (options: KaimingOptions = {}): Initializer =>
  (rows, cols, generator, dtype) => {
    const bound = Math.sqrt(3) * kaimingStd(rows, cols, options)
    return generator.uniform(rows, cols, -bound, bound, as(dtype))
  }

/** Normal with the standard deviation gain / √fan (He et al. 2015). */
export const kaimingNormal =
  (options: KaimingOptions = {}): Initializer =>
  (rows, cols, generator, dtype) =>
    generator.normal(rows, cols, 0, kaimingStd(rows, cols, options), as(dtype))

/** One value everywhere. */
export const constant =
  (value: number): Initializer =>
  (rows, cols, _generator, dtype) =>
    filled(rows, cols, value, as(dtype))

/** Zeros. */
export const zeros: Initializer = constant(0)

/** Ones. */
export const ones: Initializer = constant(1)
