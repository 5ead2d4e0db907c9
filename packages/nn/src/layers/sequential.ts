import type { Variable } from '@matgrad/autograd'
import { DTypeError } from '@matgrad/core'
import { describe } from '@matgrad/core/internal'
import { type Accepts, type Input, isBuiltIn, type Member, Module, sameElements, variableOf } from '../module.ts'
import type { Activation } from './activations.ts'

// biome-ignore lint/suspicious/noExplicitAny: a module of any sizes
type AnyModule = Module<any, any>

type InOf<M> = M extends Activation ? number : M extends Module<infer In, number> ? In : never
/** The features that leave M when `Before` arrive. */
type After<M, Before extends number> = M extends Activation ? Before : M extends Module<number, infer Out> ? Out : never

/** The features that reach layer number I. */
type Reaching<
  Layers extends readonly unknown[],
  I,
  Passed extends unknown[] = [],
  Before extends number = number,
> = `${Passed['length']}` extends I
  ? Before
  : Layers extends readonly [infer First, ...infer Rest]
    ? Reaching<Rest, I, [...Passed, First], After<First, Before>>
    : number

type Fits<M, Before extends number> = number extends Before | InOf<M>
  ? unknown
  : Before extends InOf<M>
    ? unknown
    : `Sequential: ${Before} features reach a layer that takes ${InOf<M>}`

/** Each layer, or a message that no layer is assignable to where its features do not fit. */
type Chain<Layers extends readonly AnyModule[]> = {
  [I in keyof Layers]: Layers[I] & Fits<Layers[I], Reaching<Layers, I>>
}

/** The features that the first layer which fixes them takes. */
type FirstIn<Layers extends readonly unknown[]> = Layers extends readonly [infer First, ...infer Rest]
  ? First extends Activation
    ? FirstIn<Rest>
    : InOf<First>
  : number

/** The features that leave the last layer. */
type LastOut<Layers extends readonly unknown[]> = Reaching<Layers, `${Layers['length']}`>

/** Layers one after the other. Their numbers are their names: `0.weight`. */
export class Sequential<const Layers extends readonly AnyModule[] = readonly AnyModule[]> extends Module<
  FirstIn<Layers>,
  LastOut<Layers>
> {
  static readonly builtIn = true

  readonly layers: readonly AnyModule[]

  /** @throws DTypeError for anything that is not a Module. */
  constructor(...layers: Chain<Layers>) {
    super()
    for (const [i, layer] of layers.entries())
      if (!((layer as unknown) instanceof Module))
        throw new DTypeError(`Sequential: layer ${i} is ${describe(layer)}, wanted a Module`)
    this.layers = layers as readonly AnyModule[]
  }

  protected override *members(): Iterable<[name: string, member: Member]> {
    for (const [name, member] of super.members()) yield [name.replace(/^layers\./, ''), member]
  }

  protected override unchanged(): (() => boolean) | null {
    // A subclass has properties of its own.
    if (!isBuiltIn(this)) return super.unchanged()
    const { layers } = this
    const same = sameElements(layers)
    return () => this.layers === layers && same()
  }

  override forward<N extends number, F extends number>(
    x: Input<N, F> & Accepts<F, FirstIn<Layers>>,
  ): Variable<N, LastOut<Layers>> {
    const result = this.layers.reduce<Input>((value, layer) => layer.forward(value), x as Input)
    return variableOf('Sequential', result) as Variable<N, LastOut<Layers>>
  }
}
