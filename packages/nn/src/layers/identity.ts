import type { Variable } from '@matgrad/autograd'
import type { Input } from '../module.ts'
import { Activation } from './activations.ts'

/** x */
export class Identity extends Activation {
  static readonly builtIn: string = 'Identity'

  override forward<N extends number, F extends number>(x: Input<N, F>): Variable<N, F>
  override forward(x: Variable): Variable {
    return x
  }
}
