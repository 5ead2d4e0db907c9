import { Variable } from '@matgrad/autograd'
import { DTypeError } from '@matgrad/core'
import { checkNoMore, describe, readerOf, shorten, text } from '@matgrad/core/internal'
import { type Accepts, type Input, Module } from '../module.ts'

export interface LambdaOptions {
  /**
   * What it is called when it is printed.
   *
   * @default the name of f
   */
  readonly name?: string
}

const readLambda = readerOf({ name: text() })

/**
 * f(x), a function of a variable as a layer: `new Lambda((x) => x.square())`. It has no parameters: what f uses of others is
 * neither trained nor saved. `fit` runs f in every step, as it does a module of one's own.
 *
 * @throws DTypeError unless f is a function, and for other options.
 */
export class Lambda<In extends number = number, Out extends number = number> extends Module<In, Out> {
  static readonly builtIn: string = 'Lambda'

  readonly f: (x: Variable<number, In>) => Variable<number, Out>
  readonly name: string

  constructor(f: (x: Variable<number, In>) => Variable<number, Out>, options?: LambdaOptions, ...more: []) {
    super()
    checkNoMore('Lambda', 'f, options', more)
    if (typeof f !== 'function') throw new DTypeError(`Lambda: f is ${describe(f)}, wanted a function`)
    this.f = f
    this.name = readLambda('Lambda', options).name ?? f.name
  }

  /** @throws DTypeError where f gives no Variable. */
  override forward<N extends number, F extends number>(x: Input<N, F> & Accepts<F, In>): Variable<N, Out>
  override forward(x: Variable): Variable {
    const y: unknown = this.f(x as Variable<number, In>)
    if (y instanceof Variable) return y
    throw new DTypeError(`${this.describe()}: f gave ${describe(y)}, wanted a Variable`)
  }

  override describe(): string {
    return this.name ? `Lambda(${shorten(this.name)})` : 'Lambda'
  }
}
