import { Variable, variable } from '@matgrad/autograd'
import { type DType, DTypeError, type Generator, Matrix } from '@matgrad/core'
import { announce, dependsOn, describe, tracer } from '@matgrad/core/internal'
import { checkShaped } from '../check.ts'
import type { Initializer } from '../init.ts'
import { type Member, Module } from '../module.ts'
import { nameOf } from '../names.ts'
import { takeRoom } from './room.ts'

/**
 * A parameter whose first values an initialiser makes.
 *
 * @throws ShapeError or DTypeError when it gives something else than a matrix of the shape.
 */
export function parameter<R extends number, C extends number>(
  layer: string,
  name: string,
  initializer: Initializer,
  shape: readonly [R, C],
  generator: Generator,
  dtype: DType,
): Variable<R, C> {
  takeRoom(layer, ...shape)
  const value = initializer(...shape, generator, dtype)
  checkShaped(`${layer}: the initialiser of ${name} gave`, value, shape)
  const typed = value.dtype === dtype ? value : value.astype(dtype)
  return variable(typed as Matrix<R, C>, { name })
}

/** @throws DTypeError for a Matrix in the place of a parameter, which nobody would train, and for whatever else is none. */
function checkParameter(layer: Module, name: string, value: unknown, isOptional: boolean): void {
  if (value instanceof Variable || (isOptional && value === null)) return
  const instead = value instanceof Matrix ? `: use ${name}.value.assign(matrix) or variable(matrix)` : ''
  throw new DTypeError(
    `${nameOf(layer)}: ${name} is ${describe(value)}, wanted a Variable${isOptional ? ' or null' : ''}${instead}`,
  )
}

// Programs would have to ask at every step of every network whether parameters are the same: they announce it.

/** A layer with a weight. */
export abstract class Weighted<
  Weight extends Variable | null,
  In extends number = number,
  Out extends number = number,
> extends Module<In, Out> {
  #weight: Weight
  readonly #isOptional: boolean

  /** @param isOptional whether the weight may be null */
  constructor(weight: Weight, isOptional = false) {
    super()
    this.#weight = weight
    this.#isOptional = isOptional
  }

  get weight(): Weight {
    if (tracer !== null) dependsOn(() => this.#weight)
    return this.#weight
  }

  /** @throws DTypeError for a Matrix, which would not be trained: assign it to the weight's value, or make a variable of it. */
  set weight(weight: Weight) {
    checkParameter(this, 'weight', weight, this.#isOptional)
    this.#weight = weight
    announce()
  }

  protected override *members(): Iterable<[name: string, member: Member]> {
    if (this.weight) yield ['weight', this.weight]
    yield* this.others()
    yield* super.members()
  }

  /** What comes after the weight. */
  protected others(): Iterable<[name: string, member: Member]> {
    return []
  }
}

/** A layer with a weight and a bias, which may be null. */
export abstract class Biased<
  Weight extends Variable | null,
  Bias extends Variable | null,
  In extends number = number,
  Out extends number = number,
> extends Weighted<Weight, In, Out> {
  #bias: Bias

  constructor(weight: Weight, bias: Bias, isOptional = false) {
    super(weight, isOptional)
    this.#bias = bias
  }

  get bias(): Bias {
    if (tracer !== null) dependsOn(() => this.#bias)
    return this.#bias
  }

  /** @throws DTypeError for a Matrix, as of the weight. */
  set bias(bias: Bias) {
    checkParameter(this, 'bias', bias, true)
    this.#bias = bias
    announce()
  }

  protected override *others(): Iterable<[name: string, member: Member]> {
    if (this.bias) yield ['bias', this.bias]
  }
}
