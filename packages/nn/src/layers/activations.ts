import type { Variable } from '@matgrad/autograd'
import type { Axis } from '@matgrad/core'
import { checkAxis, checkNoMore, checkNumber } from '@matgrad/core/internal'
import { type Input, Module, variableOf } from '../module.ts'

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
    return variableOf('ReLU', x).relu()
  }
}

/** x where x > 0, else slope·x */
export class LeakyReLU extends Activation {
  static readonly builtIn = true

  readonly slope: number

  constructor(slope = 0.01, ...more: []) {
    super()
    checkNoMore('LeakyReLU', 'slope', more)
    checkNumber('LeakyReLU', 'slope', slope)
    this.slope = slope
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('LeakyReLU', x).leakyRelu(this.slope)
  }
}

/** x where x > 0, else alpha·(eˣ − 1) */
export class ELU extends Activation {
  static readonly builtIn = true

  readonly alpha: number

  constructor(alpha = 1, ...more: []) {
    super()
    checkNoMore('ELU', 'alpha', more)
    checkNumber('ELU', 'alpha', alpha)
    this.alpha = alpha
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('ELU', x).elu(this.alpha)
  }
}

/** x·Φ(x) */
export class GELU extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('GELU', x).gelu()
  }
}

/** x·sigmoid(x) */
export class SiLU extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('SiLU', x).silu()
  }
}

/** tanh x */
export class Tanh extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('Tanh', x).tanh()
  }
}

/** 1 / (1 + e⁻ˣ) */
export class Sigmoid extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('Sigmoid', x).sigmoid()
  }
}

/** ln(1 + eˣ) */
export class Softplus extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('Softplus', x).softplus()
  }
}

/** eˣ / Σ eˣ along an axis: of each row unless 0 is given */
export class Softmax extends Activation {
  static readonly builtIn = true

  readonly axis: Axis

  constructor(axis: Axis = 1, ...more: []) {
    super()
    checkNoMore('Softmax', 'axis', more)
    checkAxis('Softmax', axis)
    this.axis = axis
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('Softmax', x).softmax(this.axis)
  }
}

/** ln softmax along an axis: of each row unless 0 is given */
export class LogSoftmax extends Activation {
  static readonly builtIn = true

  readonly axis: Axis

  constructor(axis: Axis = 1, ...more: []) {
    super()
    checkNoMore('LogSoftmax', 'axis', more)
    checkAxis('LogSoftmax', axis)
    this.axis = axis
  }

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('LogSoftmax', x).logSoftmax(this.axis)
  }
}
