import type { Variable } from '@matgrad/autograd'
import { ShapeError } from '@matgrad/core'
import { checkNoMore, formatShape } from '@matgrad/core/internal'
import { type Accepts, type Input, Module, variableOf } from '../module.ts'
import { checkPart } from './container.ts'
import type { AnyModule, InOf, Keeps, OutOf } from './types.ts'

/**
 * x + inner(x): nxF → nxF (He et al. 2016).
 *
 * @throws DTypeError unless inner is a Module.
 */
export class Residual<Inner extends AnyModule = AnyModule> extends Module<InOf<Inner>, OutOf<Inner>> {
  static readonly builtIn: string = 'Residual'

  /** @internal */
  static argumentsOf({ inner }: Residual): unknown[] {
    return [inner]
  }

  /** Tells Sequential's types that what goes in comes out. */
  declare readonly keepsFeatures: true
  readonly inner: Inner

  constructor(inner: Inner & Keeps<Inner>, ...more: []) {
    super()
    checkNoMore('Residual', 'inner', more)
    checkPart('Residual: inner', inner)
    this.inner = inner
  }

  /** @throws ShapeError where inner does not keep the shape. */
  override forward<N extends number, F extends number>(
    x: Input<N, F> & Accepts<F, InOf<Inner>>,
  ): Variable<N, F & OutOf<Inner>>
  override forward(x: Variable): Variable {
    const y: Variable = variableOf('Residual', this.inner.forward(x))
    if (y.rows !== x.rows || y.cols !== x.cols)
      throw new ShapeError(
        `Residual: x is ${formatShape(x.shape)}, inner gives ${formatShape(y.shape)}, wanted the same`,
      )
    return x.add(y)
  }
}
