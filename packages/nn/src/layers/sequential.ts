import type { Variable } from '@matgrad/autograd'
import { type Accepts, type Input, isBuiltIn, type Module, sameElements, variableOf } from '../module.ts'
import { Container, checkPart, elementAt } from './container.ts'
import type { AnyModule, Chain, ElementAt, FirstIn, LastOut } from './types.ts'

/**
 * Layers one after the other, f(x) = fₖ(… f₁(x)), x itself without any; `for … of` gives them. Their numbers are their names:
 * `0.weight`.
 *
 * @throws DTypeError for anything that is not a Module.
 */
export class Sequential<
  const Layers extends readonly AnyModule[] = readonly AnyModule[],
  In extends number = FirstIn<Layers>,
  Out extends number = LastOut<Layers>,
> extends Container<In, Out> {
  static readonly builtIn: string = 'Sequential'

  /** @internal */
  static argumentsOf({ layers }: Sequential): unknown[] {
    return [...layers]
  }

  /** The layer that gives what a model gives. @internal */
  static endOf({ layers }: Sequential): Module | undefined {
    return layers.at(-1)
  }

  readonly layers: Layers

  constructor(...layers: Chain<Layers>) {
    super()
    for (const [i, layer] of layers.entries()) checkPart(`Sequential: layer ${i}`, layer)
    this.layers = layers as unknown as Layers
  }

  get length(): Layers['length'] {
    return this.layers.length
  }

  /** Layer i, from the end where i is negative. @throws ShapeError where there is none. */
  at<const I extends number>(i: I): ElementAt<Layers, I> {
    return elementAt('Sequential', this.layers, i) as ElementAt<Layers, I>
  }

  [Symbol.iterator](): IterableIterator<Layers[number]> {
    return this.layers[Symbol.iterator]()
  }

  protected override unchanged(): (() => boolean) | null {
    // A subclass has properties of its own.
    if (!isBuiltIn(this)) return super.unchanged()
    const { layers } = this
    const same = sameElements(layers)
    return () => this.layers === layers && same()
  }

  override forward<N extends number, F extends number>(x: Input<N, F> & Accepts<F, In>): Variable<N, Out>
  override forward(x: Variable): Variable {
    return variableOf(
      'Sequential',
      this.layers.reduce<Input>((value, layer) => layer.forward(value), x),
    )
  }
}
