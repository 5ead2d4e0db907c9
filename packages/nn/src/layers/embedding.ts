import type { Variable } from '@matgrad/autograd'
import { type DType, type Generator, getDefaultDtype, getDefaultGenerator, type Operation } from '@matgrad/core'
import {
  checkIndices,
  checkInteger,
  checkNoMore,
  dtypeName,
  func,
  generatorOption,
  operations,
  readerOf,
  whole,
} from '@matgrad/core/internal'
import { checkInitializer } from '../check.ts'
import * as init from '../init.ts'
import type { Input } from '../module.ts'
import { parameter, Weighted } from './weighted.ts'

export interface EmbeddingOptions {
  /** @default init.normal(0, 1) */
  readonly init?: init.Initializer
  /**
   * The index, or one from the end where it is negative, whose vector begins as zeros and has the gradient 0.
   *
   * @default none
   */
  readonly paddingIndex?: number
  /** @default the default dtype */
  readonly dtype?: DType
  /** @default the default generator */
  readonly generator?: Generator
}

const readEmbedding = readerOf({
  init: func<init.Initializer>()(init.normal(0, 1)),
  paddingIndex: whole(),
  dtype: dtypeName(),
  generator: generatorOption(),
})

/** gatherRows with a name of its own, which programs say when an index is wrong. */
const embed: Operation = {
  ...operations.gatherRows,
  name: 'Embedding',
  shape([weight, index]) {
    checkIndices('Embedding', 'index', index, weight.rows)
    return [index.rows, weight.cols]
  },
}

/**
 * A vector for each index, row i of the weight for i: indices nxk → nx(k·Features), the k vectors of a sample side by side. The
 * weight is CountxFeatures, as in PyTorch.
 *
 * Defaults: init `init.normal(0, 1)`, no paddingIndex.
 *
 * @throws ShapeError unless both counts are at least 1, for a paddingIndex that is no index, or when the initialiser gives another
 * shape; DTypeError for other options, and an initialiser that gives something that is not a Matrix.
 */
export class Embedding<Count extends number = number, Features extends number = number> extends Weighted<
  Variable<Count, Features>
> {
  static readonly builtIn: string = 'Embedding'

  /** @internal */
  static argumentsOf({ weight, paddingIndex }: Embedding): unknown[] {
    const settings = { dtype: weight.dtype, ...(paddingIndex !== undefined && { paddingIndex }) }
    return [weight.rows, weight.cols, settings]
  }

  /** Tells Sequential's types that indices go in, not features. */
  declare readonly takesIndices: true
  readonly paddingIndex: number | undefined

  constructor(count: Count, features: Features, options?: EmbeddingOptions, ...more: []) {
    checkNoMore('Embedding', 'count, features, options', more)
    checkInteger('Embedding', 'count', count, 1, Number.MAX_SAFE_INTEGER)
    checkInteger('Embedding', 'features', features, 1, Number.MAX_SAFE_INTEGER)
    const { init: weightInit, paddingIndex, ...settings } = readEmbedding('Embedding', options)
    checkInitializer('Embedding: init', weightInit)
    if (paddingIndex !== undefined) checkInteger('Embedding', 'paddingIndex', paddingIndex, -count, count - 1)
    const { dtype = getDefaultDtype(), generator = getDefaultGenerator() } = settings
    const weight = parameter('Embedding', 'weight', weightInit, [count, features], generator, dtype)
    super(weight)
    if (paddingIndex === undefined) return
    this.paddingIndex = paddingIndex < 0 ? count + paddingIndex : paddingIndex
    for (let j = 0; j < features; j++) weight.value.set(this.paddingIndex, j, 0)
  }

  /** @throws DTypeError for indices that are no whole numbers; ShapeError for those outside 0 … count − 1. */
  override forward<N extends number, K extends number>(
    indices: Input<N, K>,
  ): Variable<N, number extends K ? number : K extends 1 ? Features : number>
  override forward(indices: Variable): Variable {
    const weight: Variable = this.weight
    const { rows, cols } = indices
    const index = cols === 1 ? indices : indices.reshape(rows * cols, 1)
    const vectors = weight.apply(embed, [weight, index], undefined)
    const { paddingIndex } = this
    const trained = paddingIndex === undefined ? vectors : index.equal(paddingIndex).where(vectors.detach(), vectors)
    return trained.reshape(rows, cols * weight.cols)
  }

  override describe(): string {
    const { rows, cols } = this.weight
    return `Embedding(${rows} → ${cols}${this.paddingIndex === undefined ? '' : `, padding ${this.paddingIndex}`})`
  }
}
