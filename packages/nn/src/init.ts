import { type DType, DTypeError, full as filled, Generator, MatgradError, type Matrix } from '@matgrad/core'
import { checkNoMore, checkNumber, describe, number, oneOf, readerOf } from '@matgrad/core/internal'

/**
 * Makes the first values of a parameter of rows x cols. For a layer's weight, rows are the features that come out
 * (fan-out) and cols those that go in (fan-in).
 */
export type Initializer = (rows: number, cols: number, generator: Generator, dtype?: DType) => Matrix

/** A nonlinearity that follows a layer, for its gain. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu'

const GAINS: Readonly<Record<Nonlinearity, (slope: number) => number>> = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope ** 2)),
  selu: () => 0.75,
}

/** √ of what a nonlinearity multiplies the variance by, inverted (PyTorch's calculate_gain). */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  if (!Object.hasOwn(GAINS, nonlinearity))
    throw new MatgradError(
      `init: nonlinearity is ${describe(nonlinearity)}, wanted one of ${Object.keys(GAINS).join(', ')}`,
    )
  return GAINS[nonlinearity](slope)
}

/** Options without undefined members, as the generator takes them. */
const as = (dtype?: DType): { dtype?: DType } => (dtype ? { dtype } : {})

/** @throws DTypeError unless all are numbers. */
function checkNumbers(operation: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) checkNumber(operation, name, value)
}

/** The initialiser that draws. @throws DTypeError when it is called without a generator. */
const drawing =
  (operation: string, draw: Initializer): Initializer =>
  (rows, cols, generator, dtype) => {
    if ((generator as unknown) instanceof Generator) return draw(rows, cols, generator, dtype)
    throw new DTypeError(`${operation}: generator is ${describe(generator)}, wanted a Generator`)
  }

/** Uniform on [low, high). */
export function uniform(low = 0, high = 1, ...more: []): Initializer {
  checkNoMore('init.uniform', 'low, high', more)
  checkNumbers('init.uniform', { low, high })
  return drawing('init.uniform', (rows, cols, generator, dtype) => generator.uniform(rows, cols, low, high, as(dtype)))
}

/** N(mean, std²). */
export function normal(mean = 0, std = 1, ...more: []): Initializer {
  checkNoMore('init.normal', 'mean, std', more)
  checkNumbers('init.normal', { mean, std })
  return drawing('init.normal', (rows, cols, generator, dtype) => generator.normal(rows, cols, mean, std, as(dtype)))
}

const readXavier = readerOf({ gain: number(1) })

/** Uniform on ±gain·√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export function xavierUniform(options?: { gain?: number }, ...more: []): Initializer {
  checkNoMore('init.xavierUniform', 'options', more)
  const { gain } = readXavier('init.xavierUniform', options)
  return drawing('init.xavierUniform', (rows, cols, generator, dtype) => {
    const bound = gain * Math.sqrt(6 / (rows + cols))
    return generator.uniform(rows, cols, -bound, bound, as(dtype))
  })
}

/** Normal with the standard deviation gain·√(2 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export function xavierNormal(options?: { gain?: number }, ...more: []): Initializer {
  checkNoMore('init.xavierNormal', 'options', more)
  const { gain } = readXavier('init.xavierNormal', options)
  return drawing('init.xavierNormal', (rows, cols, generator, dtype) =>
    generator.normal(rows, cols, 0, gain * Math.sqrt(2 / (rows + cols)), as(dtype)),
  )
}

export interface KaimingOptions {
  readonly nonlinearity?: Nonlinearity
  /** The slope of leakyRelu. */
  readonly slope?: number
  /** Whether to keep the variance of the activations ('fanIn') or of the gradients. */
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

/** Uniform with the standard deviation gain / √fan: bound gain·√(3 / fan) (He et al. 2015). */
export function kaimingUniform(options?: KaimingOptions, ...more: []): Initializer {
  checkNoMore('init.kaimingUniform', 'options', more)
  const std = kaimingStd('init.kaimingUniform', options)
  return drawing('init.kaimingUniform', (rows, cols, generator, dtype) => {
    const bound = Math.sqrt(3) * std(rows, cols)
    return generator.uniform(rows, cols, -bound, bound, as(dtype))
  })
}

/** Normal with the standard deviation gain / √fan (He et al. 2015). */
export function kaimingNormal(options?: KaimingOptions, ...more: []): Initializer {
  checkNoMore('init.kaimingNormal', 'options', more)
  const std = kaimingStd('init.kaimingNormal', options)
  return drawing('init.kaimingNormal', (rows, cols, generator, dtype) =>
    generator.normal(rows, cols, 0, std(rows, cols), as(dtype)),
  )
}

/** One value everywhere. */
export function constant(value: number, ...more: []): Initializer {
  checkNoMore('init.constant', 'value', more)
  checkNumbers('init.constant', { value })
  return (rows, cols, _generator, dtype) => filled(rows, cols, value, as(dtype))
}

/** Zeros. */
export const zeros: Initializer = constant(0)

/** Ones. */
export const ones: Initializer = constant(1)
