import { type Variable, variable } from '@matgrad/autograd'
import {
  type DType,
  type Generator,
  getDefaultDtype,
  getDefaultGenerator,
  type Matrix,
  ShapeError,
} from '@matgrad/core'
import {
  announce,
  checkInteger,
  checkNoMore,
  dependsOn,
  dtypeName,
  flag,
  formatShape,
  func,
  generatorOption,
  readerOf,
  tracer,
} from '@matgrad/core/internal'
import { checkInitializer, checkShaped } from '../check.ts'
import * as init from '../init.ts'
import { type Accepts, type Input, type Member, Module, variableOf } from '../module.ts'

export interface LinearOptions {
  /** Whether there is a bias: yes, unless false. */
  readonly bias?: boolean
  readonly init?: init.Initializer
  readonly biasInit?: init.Initializer
  readonly dtype?: DType
  readonly generator?: Generator
}

const readLinear = readerOf({
  bias: flag(true),
  init: func<init.Initializer>()(init.xavierUniform()),
  biasInit: func<init.Initializer>()(init.zeros),
  dtype: dtypeName(),
  generator: generatorOption(),
})

/** x·Wᵀ + b: nxIn → nxOut, with W of OutxIn and b of 1xOut, as in PyTorch. */
export class Linear<In extends number = number, Out extends number = number> extends Module<In, Out> {
  static readonly builtIn = true

  #weight: Variable<Out, In>
  #bias: Variable<1, Out> | null

  /**
   * @throws ShapeError unless both counts are at least 1, or when an initialiser gives another shape; DTypeError for other
   * options, and an initialiser that gives something that is not a Matrix.
   */
  constructor(inFeatures: In, outFeatures: Out, options?: LinearOptions, ...more: []) {
    super()
    checkNoMore('Linear', 'inFeatures, outFeatures, options', more)
    checkInteger('Linear', 'inFeatures', inFeatures, 1, Number.MAX_SAFE_INTEGER)
    checkInteger('Linear', 'outFeatures', outFeatures, 1, Number.MAX_SAFE_INTEGER)
    const { bias, init: weightInit, biasInit, ...settings } = readLinear('Linear', options)
    checkInitializer('Linear: init', weightInit)
    checkInitializer('Linear: biasInit', biasInit)
    const { dtype = getDefaultDtype(), generator = getDefaultGenerator() } = settings
    const parameter = <R extends number, C extends number>(
      name: string,
      initializer: init.Initializer,
      rows: R,
      cols: C,
    ): Variable<R, C> => {
      const value = initializer(rows, cols, generator, dtype)
      checkShaped(`Linear: the initialiser of ${name} gave`, value, [rows, cols])
      const typed = value.dtype === dtype ? value : value.astype(dtype)
      return variable(typed as Matrix<R, C>, { name })
    }
    this.#weight = parameter('weight', weightInit, outFeatures, inFeatures)
    this.#bias = bias ? parameter('bias', biasInit, 1, outFeatures) : null
  }

  // Programs would have to ask at every step of every network whether these are the same: they announce it.

  get weight(): Variable<Out, In> {
    if (tracer !== null) dependsOn(() => this.#weight)
    return this.#weight
  }

  set weight(weight: Variable<Out, In>) {
    this.#weight = weight
    announce()
  }

  get bias(): Variable<1, Out> | null {
    if (tracer !== null) dependsOn(() => this.#bias)
    return this.#bias
  }

  set bias(bias: Variable<1, Out> | null) {
    this.#bias = bias
    announce()
  }

  protected override *members(): Iterable<[name: string, member: Member]> {
    yield ['weight', this.weight as Variable]
    if (this.bias) yield ['bias', this.bias as Variable]
    yield* super.members()
  }

  override forward<N extends number, F extends number>(x: Input<N, F> & Accepts<F, In>): Variable<N, Out> {
    const input = variableOf('Linear', x)
    const weight = this.weight as Variable
    const bias = this.bias as Variable<1, number> | null
    if (input.cols !== weight.cols)
      throw new ShapeError(`${this.describe()}: x is ${formatShape(input.shape)}, wanted ${weight.cols} columns`)
    const y = bias ? input.affine(weight, bias, { transposeB: true }) : input.matmul(weight, { transposeB: true })
    return y as Variable<N, Out>
  }

  override describe(): string {
    return `Linear(${this.weight.cols} → ${this.weight.rows}${this.bias ? '' : ', no bias'})`
  }
}
