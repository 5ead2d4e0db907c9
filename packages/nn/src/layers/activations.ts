import type { Variable } from '@matgrad/autograd'
import type { Axis, GeluOptions } from '@matgrad/core'
import { checkAxis, checkNoMore, checkNumber, oneOf, readerOf } from '@matgrad/core/internal'
import { type Input, Module } from '../module.ts'

/** A layer that works on each element, or each row, and keeps the number of features, whatever it is. */
export abstract class Activation extends Module {
  /** Tells Sequential's types that what goes in comes out. */
  declare readonly keepsFeatures: true

  abstract override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
}

/** max(x, 0), of the derivative 0 at 0 (Nair & Hinton 2010). */
export class ReLU extends Activation {
  static readonly builtIn: string = 'ReLU'

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.relu()
  }
}

/**
 * x where x > 0, else slope·x, of the derivative slope at 0 (Maas et al. 2013). Defaults: slope 0.01.
 *
 * @throws DTypeError unless slope is a number.
 */
export class LeakyReLU extends Activation {
  static readonly builtIn: string = 'LeakyReLU'

  /** @internal */
  static argumentsOf({ slope }: LeakyReLU): unknown[] {
    return [slope]
  }

  readonly slope: number

  constructor(slope = 0.01, ...more: []) {
    super()
    checkNoMore('LeakyReLU', 'slope', more)
    checkNumber('LeakyReLU', 'slope', slope)
    this.slope = slope
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.leakyRelu(this.slope)
  }
}

/**
 * x where x > 0, else alpha·(eˣ − 1), of the derivative alpha at 0 (Clevert et al. 2016). Defaults: alpha 1.
 *
 * @throws DTypeError unless alpha is a number.
 */
export class ELU extends Activation {
  static readonly builtIn: string = 'ELU'

  /** @internal */
  static argumentsOf({ alpha }: ELU): unknown[] {
    return [alpha]
  }

  readonly alpha: number

  constructor(alpha = 1, ...more: []) {
    super()
    checkNoMore('ELU', 'alpha', more)
    checkNumber('ELU', 'alpha', alpha)
    this.alpha = alpha
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.elu(this.alpha)
  }
}

/**
 * scale·x where x > 0, else scale·alpha·(eˣ − 1), with scale ≈ 1.0507 and alpha ≈ 1.6733, which keep the mean 0 and the variance 1
 * (Klambauer et al. 2017).
 */
export class SELU extends Activation {
  static readonly builtIn: string = 'SELU'

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.elu(1.6732632423543772).mul(1.0507009873554805)
  }
}

const readGelu = readerOf({ approximate: oneOf('none', 'tanh')('none') })

/**
 * x·Φ(x), Φ the normal distribution function, or with 'tanh' x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 (Hendrycks & Gimpel 2016).
 *
 * Defaults: approximate 'none'.
 *
 * @throws DTypeError for other options.
 */
export class GELU extends Activation {
  static readonly builtIn: string = 'GELU'

  /** @internal */
  static argumentsOf({ approximate }: GELU): unknown[] {
    return [{ approximate }]
  }

  readonly approximate: 'none' | 'tanh'

  constructor(options?: GeluOptions, ...more: []) {
    super()
    checkNoMore('GELU', 'options', more)
    this.approximate = readGelu('GELU', options).approximate
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.gelu({ approximate: this.approximate })
  }
}

/** x / (1 + e⁻ˣ) (Elfwing, Uchibe & Doya 2018). */
export class SiLU extends Activation {
  static readonly builtIn: string = 'SiLU'

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.silu()
  }
}

/** tanh x */
export class Tanh extends Activation {
  static readonly builtIn: string = 'Tanh'

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.tanh()
  }
}

/** 1 / (1 + e⁻ˣ) */
export class Sigmoid extends Activation {
  static readonly builtIn: string = 'Sigmoid'

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.sigmoid()
  }
}

/** ln(1 + eˣ) */
export class Softplus extends Activation {
  static readonly builtIn: string = 'Softplus'

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.softplus()
  }
}

/** eˣ / Σ eˣ along an axis. Defaults: axis 1, each row. @throws ShapeError unless axis is 0 or 1. */
export class Softmax extends Activation {
  static readonly builtIn: string = 'Softmax'

  /** @internal */
  static argumentsOf({ axis }: Softmax): unknown[] {
    return [axis]
  }

  readonly axis: Axis

  constructor(axis: Axis = 1, ...more: []) {
    super()
    checkNoMore('Softmax', 'axis', more)
    checkAxis('Softmax', axis)
    this.axis = axis
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.softmax(this.axis)
  }
}

/** x − ln Σ eˣ along an axis. Defaults: axis 1, each row. @throws ShapeError unless axis is 0 or 1. */
export class LogSoftmax extends Activation {
  static readonly builtIn: string = 'LogSoftmax'

  /** @internal */
  static argumentsOf({ axis }: LogSoftmax): unknown[] {
    return [axis]
  }

  readonly axis: Axis

  constructor(axis: Axis = 1, ...more: []) {
    super()
    checkNoMore('LogSoftmax', 'axis', more)
    checkAxis('LogSoftmax', axis)
    this.axis = axis
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x.logSoftmax(this.axis)
  }
}
