import type { Variable } from '@matgrad/autograd'
import { type Input, variableOf } from '../module.ts'
import { Activation } from './activations.ts'

/** x */
export class Identity extends Activation {
  static readonly builtIn = true

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F> {
    return variableOf('Identity', x)
  }
}
