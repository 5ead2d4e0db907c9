import type { Variable } from '@matgrad/autograd'
import * as ops from '@matgrad/autograd'
import type { Axis } from '@matgrad/core'
import { checkAxis, checkNumber } from '@matgrad/core/internal'
import { type Input, Module } from '../module.ts'

/** A layer that works on each element, or each row, and keeps the number of features, whatever it is. */
export abstract class Activation extends Module {
  /** Tells Sequential's types that what goes in comes out. */
  declare readonly keepsFeatures: true

  abstract override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
}

/** max(x, 0) */
export class ReLU extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.relu(x)
  }
}

/** x where x > 0, else slope·x */
export class LeakyReLU extends Activation {
  static readonly builtIn = true

  readonly slope: number

  constructor(slope = 0.01) {
    super()
    checkNumber('LeakyReLU', 'slope', slope)
    this.slope = slope
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.leakyRelu(x, this.slope)
  }
}

/** x where x > 0, else alpha·(eˣ − 1) */
export class ELU extends Activation {
  static readonly builtIn = true

  readonly alpha: number

  constructor(alpha = 1) {
    super()
    checkNumber('ELU', 'alpha', alpha)
    this.alpha = alpha
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.elu(x, this.alpha)
  }
}

/** x·Φ(x) */
export class GELU extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.gelu(x)
  }
}

/** x·sigmoid(x) */
export class SiLU extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.silu(x)
  }
}

/** tanh x */
export class Tanh extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.tanh(x)
  }
}

/** 1 / (1 + e⁻ˣ) */
export class Sigmoid extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.sigmoid(x)
  }
}

/** ln(1 + eˣ) */
export class Softplus extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.softplus(x)
  }
}

/** eˣ / Σ eˣ along an axis: of each row unless 0 is given */
export class Softmax extends Activation {
  static readonly builtIn = true

  readonly axis: Axis

  constructor(axis: Axis = 1) {
    super()
    checkAxis('Softmax', axis)
    this.axis = axis
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.softmax(x, this.axis)
  }
}

/** ln softmax along an axis: of each row unless 0 is given */
export class LogSoftmax extends Activation {
  static readonly builtIn = true

  readonly axis: Axis

  constructor(axis: Axis = 1) {
    super()
    checkAxis('LogSoftmax', axis)
    this.axis = axis
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return ops.logSoftmax(x, this.axis)
  }
}
