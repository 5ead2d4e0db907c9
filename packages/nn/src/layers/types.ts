import type { Module } from '../module.ts'

// How numbers of features go through layers, as types.

// biome-ignore lint/suspicious/noExplicitAny: a module of any sizes
export type AnyModule = Module<any, any>

/** What says that as many features come out of it as go in, whatever their number. */
interface Keeping {
  readonly keepsFeatures: true
}

/** What says that indices go into it. */
interface Indexed {
  readonly takesIndices: true
}

/** The features that go into M. */
export type InOf<M> = M extends Module<infer In, number> ? In : never

/** The features that leave M, where nothing is known of those that arrive. */
export type OutOf<M> = M extends Module<number, infer Out> ? Out : never

/** The features that leave M when `Before` arrive. */
export type After<M, Before extends number> = M extends Keeping ? (number extends Before ? OutOf<M> : Before) : OutOf<M>

/** The features that reach layer number I. */
export type Reaching<
  Layers extends readonly unknown[],
  I,
  Passed extends unknown[] = [],
  Before extends number = number,
> = `${Passed['length']}` extends I
  ? Before
  : Layers extends readonly [infer First, ...infer Rest]
    ? Reaching<Rest, I, [...Passed, First], After<First, Before>>
    : number

type Fits<M, Before extends number> = number extends Before
  ? unknown
  : M extends Indexed
    ? `Sequential: ${Before} features reach a layer that takes indices`
    : number extends InOf<M>
      ? unknown
      : Before extends InOf<M>
        ? unknown
        : `Sequential: ${Before} features reach a layer that takes ${InOf<M>}`

/** Each layer, or a message that no layer is assignable to where its features do not fit. */
export type Chain<Layers extends readonly AnyModule[]> = {
  [I in keyof Layers]: Layers[I] & Fits<Layers[I], Reaching<Layers, I>>
}

/** The features that the first layer which fixes them takes. */
export type FirstIn<Layers extends readonly unknown[]> = Layers extends readonly [infer First, ...infer Rest]
  ? number extends InOf<First>
    ? First extends Keeping
      ? FirstIn<Rest>
      : number
    : InOf<First>
  : number

/** The features that leave the last layer. */
export type LastOut<Layers extends readonly unknown[]> = Reaching<Layers, `${Layers['length']}`>

/** `unknown` where as many features leave M as go in, or may, else a message that no module is assignable to. */
export type Keeps<M> = number extends InOf<M> | OutOf<M>
  ? unknown
  : [InOf<M>] extends [OutOf<M>]
    ? unknown
    : `Residual: inner takes ${InOf<M>} features and gives ${OutOf<M>}`

/** The element of a list at I, one of all where I is not known, or counts from the end. */
export type ElementAt<List extends readonly unknown[], I extends number> =
  List extends Readonly<Record<`${I}`, infer Element>> ? Element : List[number]
