import { DTypeError, ShapeError } from '@matgrad/core'
import { describe, didYouMean } from '@matgrad/core/internal'
import { type Member, Module } from '../module.ts'
import { nameOfType } from '../names.ts'

/** A module that names the modules which it holds as `layers` by their numbers or names alone, as PyTorch does. */
export abstract class Container<In extends number = number, Out extends number = number> extends Module<In, Out> {
  protected override *members(): Iterable<[name: string, member: Member]> {
    for (const [name, member] of super.members()) yield [name.replace(/^layers\./, ''), member]
  }
}

/** @throws DTypeError unless a value is a Module. `what` begins the message. */
export function checkPart(what: string, value: unknown): void {
  if (value instanceof Module) return
  const isClass = typeof value === 'function' && value.prototype instanceof Module
  const call = isClass ? `new ${nameOfType(value as { readonly name: string })}()` : 'new Lambda(f)'
  const meant = Array.isArray(value) ? '...layers' : typeof value === 'function' ? call : undefined
  throw new DTypeError(`${what} is ${describe(value)}, wanted a Module${didYouMean(meant)}`)
}

/** Element i of a list, from the end where i is negative. @throws ShapeError where there is none; DTypeError for a fraction. */
export function elementAt<T>(operation: string, list: readonly T[], i: number): T {
  if (!Number.isInteger(i)) throw new DTypeError(`${operation}: at is ${describe(i)}, wanted a whole number`)
  const { length } = list
  if (i < -length || i >= length)
    throw new ShapeError(
      `${operation}: at is ${i} of ${length}${length > 0 ? `, wanted ${-length} to ${length - 1}` : ', wanted at least one'}`,
    )
  return list[i < 0 ? length + i : i]
}
