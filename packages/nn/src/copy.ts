import { Variable } from '@matgrad/autograd'
import { Generator, getDefaultGenerator, MatgradError, Matrix } from '@matgrad/core'
import { describe, shorten } from '@matgrad/core/internal'
import type { Module } from './module.ts'
import { builtInName, nameOf } from './names.ts'

/** What only modules know of themselves. */
interface Looks {
  readonly Base: abstract new () => Module
  readonly isContainer: (value: unknown) => value is object
  readonly isRegistering: (module: Module) => boolean
}

/** A class that says how its layers are made. */
type Type = (abstract new (...args: never) => Module) & { argumentsOf?(layer: Module): unknown }

/** What a value is copied to that is neither data nor a part. */
const NONE = Symbol('none')

/**
 * A module of the same structure, with matrices of its own: that of each class which says how its layers are made (`argumentsOf`) by
 * its constructor, of any other property by property. The default generator draws nothing by it.
 *
 * @throws MatgradError for what is in a property of such another and not known to be data.
 */
export function copyOf<M extends Module>(model: M, looks: Looks): M {
  const generator = getDefaultGenerator()
  const { state } = generator
  try {
    return new Copier(looks).module(model) as M
  } finally {
    // New layers have drawn the numbers that the originals' replace.
    generator.state = state
  }
}

class Copier {
  private readonly looks: Looks
  /** Undefined while a module is being made. */
  private readonly copies = new Map<unknown, unknown>()

  constructor(looks: Looks) {
    this.looks = looks
  }

  module(module: Module): Module {
    if (this.copies.has(module)) {
      const known = this.copies.get(module)
      if (known !== undefined) return known as Module
      throw new MatgradError(`clone: ${module.describe()} is among the arguments of its own constructor`)
    }
    this.copies.set(module, undefined)
    const type = module.constructor as Type
    let maker = type
    while (maker !== this.looks.Base && !Object.hasOwn(maker, 'argumentsOf')) maker = Object.getPrototypeOf(maker)
    const isTold = maker === type && builtInName(type) === undefined
    if (!isTold && this.looks.isRegistering(module)) throw unknown(module, 'what is registered', 'not public')
    if (!isTold && hasPrivateFields(type, this.looks.Base)) throw unknown(module, 'a #private field', 'not public')
    const args = maker === this.looks.Base ? [] : maker.argumentsOf?.(module)
    if (!Array.isArray(args))
      throw new MatgradError(`clone: argumentsOf of ${nameOf(module)} gave ${describe(args)}, wanted an array`)
    const given = args.map((each) => this.shared(each))
    const copy = Reflect.construct(maker as never, given, type as never) as Module
    this.copies.set(module, copy)
    this.fill(module, copy, builtInName(type) !== undefined)
    return copy
  }

  /**
   * Gives a copy all properties of the original, where its constructor has made others, too: what it was given, and what was changed
   * since. Functions are those that the constructor gives again, or a layer of this package was given: others may know the original.
   */
  private fill(module: Module, copy: Module, isOurs: boolean): void {
    for (const name of Reflect.ownKeys(module)) {
      const descriptor = Object.getOwnPropertyDescriptor(module, name) as PropertyDescriptor
      const there = Object.getOwnPropertyDescriptor(copy, name)
      if (!('value' in descriptor)) {
        if (there && !('value' in there)) continue
        throw unknown(module, String(name), 'an accessor')
      }
      const { value } = descriptor
      const own = this.of(value)
      if (own !== NONE) Object.defineProperty(copy, name, { ...descriptor, value: own })
      else if (there?.value === value || (isOurs && !(name in Object.getPrototypeOf(module))))
        Object.defineProperty(copy, name, descriptor)
      else throw unknown(module, String(name), describe(value))
    }
    // Those of layers of this package, which may be shared, are accessors.
    for (const name of ['weight', 'bias'] as const) {
      const value: unknown = Object.hasOwn(module, name) ? undefined : Reflect.get(module, name)
      if (value instanceof Variable) Reflect.set(copy, name, this.of(value))
    }
  }

  /** A copy, or the value itself where there is none. */
  private shared(value: unknown): unknown {
    const own = this.of(value)
    return own === NONE ? value : own
  }

  private of(value: unknown): unknown {
    if (typeof value === 'function') return NONE
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof this.looks.Base) return this.module(value)
    const known = this.copies.get(value)
    if (known !== undefined) return known
    const copy = this.data(value)
    this.copies.set(value, copy)
    if (copy !== NONE) this.within(value, copy as object)
    return copy
  }

  private data(value: object): unknown {
    if (value instanceof Matrix) return value.clone()
    if (value instanceof Variable) {
      return new Variable(this.of(value.value) as Matrix, value.origin === null && value.requiresGrad, null, value.name)
    }
    if (value instanceof Generator) return Object.assign(new Generator(0), { state: value.state })
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return (value as Float64Array).slice()
    if (!this.looks.isContainer(value)) return NONE
    if (Array.isArray(value)) return []
    return value instanceof Map ? new Map() : value instanceof Set ? new Set() : {}
  }

  /** Fills the copy of a container, which may be in itself. */
  private within(value: object, copy: object): void {
    if (copy instanceof Map)
      for (const [key, each] of value as Map<unknown, unknown>) copy.set(this.shared(key), this.shared(each))
    else if (copy instanceof Set) for (const each of value as Set<unknown>) copy.add(this.shared(each))
    else if (Array.isArray(copy)) for (const each of value as unknown[]) copy.push(this.shared(each))
    else if (this.looks.isContainer(copy))
      for (const [name, each] of Object.entries(value)) Object.assign(copy, { [name]: this.shared(each) })
  }
}

/** Whether the source of a class of somebody else, or of one that it extends, has private fields, which no other object can have. */
function hasPrivateFields(type: Type, Base: unknown): boolean {
  for (let each = type; each !== Base && builtInName(each) === undefined; each = Object.getPrototypeOf(each))
    if (/[\w)\]]\s*\??\.\s*#\w/.test(Function.prototype.toString.call(each))) return true
  return false
}

const unknown = (module: Module, name: string, what: string): MatgradError =>
  new MatgradError(
    `clone: ${shorten(name)} of ${nameOf(module)} is ${what}, wanted static argumentsOf(layer), the arguments of its constructor`,
  )
