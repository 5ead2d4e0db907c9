import { Variable } from '@matgrad/autograd'
import { Generator, getDefaultGenerator, MatgradError, Matrix } from '@matgrad/core'
import { describe, shorten } from '@matgrad/core/internal'
import type { Module } from './module.ts'
import { builtInName, nameOf } from './names.ts'

/** What only modules know of themselves. */
interface Looks {
  readonly Base: abstract new () => Module
  readonly isContainer: (value: unknown) => value is object
  readonly registeredOf: (module: Module) => ReadonlyMap<string, unknown>
}

/** A class that says how its layers are made. */
type Type = (abstract new (...args: never) => Module) & { argumentsOf?(layer: Module): unknown }

/** What a value is copied to that is neither data nor a part. */
const NONE = Symbol('none')

/** Gives what there is in the place of a value that is neither data nor a part, at a path, or throws. */
type Otherwise = (value: object, path: string) => unknown

const asItIs: Otherwise = (value) => value

/**
 * A module of the same structure, with matrices of its own: that of each class which says how its layers are made
 * (`argumentsOf`) by its constructor, of any other property by property. Neither the default generator nor one of the model's
 * draws anything by it.
 *
 * @returns the copies of all modules, parameters, buffers and containers
 * @throws MatgradError for what is in a property of such another and not known to be data.
 */
export function copyOf(model: Module, looks: Looks): ReadonlyMap<unknown, unknown> {
  const generators = new Set([getDefaultGenerator()])
  for (const module of model.modules())
    for (const value of within(module, looks)) if (value instanceof Generator) generators.add(value)
  const states = [...generators].map((generator) => [generator, generator.state] as const)
  // New layers draw numbers, which the originals' replace.
  const restore = (): void => {
    for (const [generator, state] of states) generator.state = state
  }
  try {
    const copier = new Copier(looks, restore)
    copier.module(model)
    return copier.copies
  } finally {
    restore()
  }
}

/** What is in the properties of a module, and in containers in them. */
function within(module: Module, { isContainer }: Looks): Set<unknown> {
  const met = new Set<unknown>(dataOf(module))
  // A Set goes on to what is added to it.
  for (const value of met)
    if (isContainer(value)) {
      const entries = value instanceof Map || value instanceof Set ? [...value.entries()].flat() : []
      for (const each of [...entries, ...dataOf(value)]) met.add(each)
    }
  return met
}

/** The values of all properties that are no accessors. */
const dataOf = (object: object): unknown[] =>
  Reflect.ownKeys(object).map((name) => Object.getOwnPropertyDescriptor(object, name)?.value)

class Copier {
  /** Undefined while a module is being made. */
  readonly copies = new Map<unknown, unknown>()
  private readonly looks: Looks
  private readonly restore: () => void
  /** What constructors made, and is a copy. */
  private readonly taken = new Set<unknown>()
  /** Generators with their copies, from which constructors may have drawn. */
  private readonly generators: (readonly [Generator, Generator])[] = []

  constructor(looks: Looks, restore: () => void) {
    this.looks = looks
    this.restore = restore
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
    if (!isTold && this.looks.registeredOf(module).size > 0) throw unknown(module, 'what is registered', 'not public')
    if (!isTold && hasPrivateFields(type, this.looks.Base)) throw unknown(module, 'a #private field', 'not public')
    const args = maker === this.looks.Base ? [] : maker.argumentsOf?.(module)
    if (!Array.isArray(args))
      throw new MatgradError(`clone: argumentsOf of ${nameOf(module)} gave ${describe(args)}, wanted an array`)
    const given = args.map((each, i) => this.of(each, String(i), asItIs))
    const copy = Reflect.construct(maker as never, given, type as never) as Module
    this.restore()
    for (const [generator, other] of this.generators) other.state = generator.state
    this.copies.set(module, copy)
    const pairs: (readonly [Module, Module])[] = [[module, copy]]
    this.pair(this.looks.registeredOf(module), this.looks.registeredOf(copy), module, pairs)
    for (const [original, made] of pairs) this.fill(original, made)
    return copy
  }

  /**
   * What is registered stands in #private fields, where nothing can be put: the copies are what the constructor made, as far as
   * they are of the same classes.
   */
  private pair(value: unknown, made: unknown, owner: Module, pairs: (readonly [Module, Module])[]): void {
    const known = this.copies.get(value)
    if (known !== undefined && known === made) return
    if (known !== undefined || this.taken.has(made)) throw otherParts(owner)
    if (!isObject(value) || !isObject(made)) {
      if (Object.is(value, made) || typeof value === 'function') return
      throw otherParts(owner)
    }
    if (value === made || Object.getPrototypeOf(value) !== Object.getPrototypeOf(made)) throw otherParts(owner)
    this.copies.set(value, made)
    this.taken.add(made)
    if (value instanceof Generator) this.follow(value, made as Generator)
    if (value instanceof this.looks.Base) {
      if (shapesOf(value) !== shapesOf(made as Module)) throw otherParts(owner)
      pairs.push([value, made as Module])
      this.pair(this.looks.registeredOf(value), this.looks.registeredOf(made as Module), value, pairs)
    } else if (this.looks.isContainer(value)) {
      const [own, others] = [elementsOf(value), elementsOf(made)]
      if (own.length !== others.length) throw otherParts(owner)
      for (const [i, each] of own.entries()) this.pair(each, others[i], owner, pairs)
    }
  }

  /**
   * Gives a copy all properties of the original, where its constructor has made others, too: what it was given, and what was
   * changed since. Functions are those that the constructor gives again, or a layer of this package was given: others may know
   * the original.
   */
  private fill(module: Module, copy: Module): void {
    const isOurs = builtInName(module.constructor) !== undefined
    const given = within(copy, this.looks)
    for (const name of Reflect.ownKeys(copy)) if (!Object.hasOwn(module, name)) Reflect.deleteProperty(copy, name)
    for (const name of Reflect.ownKeys(module)) {
      const descriptor = Object.getOwnPropertyDescriptor(module, name) as PropertyDescriptor
      const there = Object.getOwnPropertyDescriptor(copy, name)
      if (!('value' in descriptor)) {
        if (there && !('value' in there)) continue
        throw unknown(module, String(name), 'an accessor')
      }
      const isSetting = isOurs && !(name in Object.getPrototypeOf(module))
      const value = this.of(descriptor.value, String(name), (each, path) => {
        if (given.has(each) || (isSetting && each === descriptor.value)) return each
        throw unknown(module, path, describe(each))
      })
      Object.defineProperty(copy, name, { ...descriptor, value })
    }
    // Those of layers of this package, which may be shared, are accessors.
    for (const name of ['weight', 'bias'] as const) {
      const value: unknown = Object.hasOwn(module, name) ? undefined : Reflect.get(module, name)
      if (value instanceof Variable) Reflect.set(copy, name, this.of(value, name, asItIs))
    }
  }
  private of(value: unknown, path: string, otherwise: Otherwise): unknown {
    if (!isObject(value) && typeof value !== 'function') return value
    if (value instanceof this.looks.Base) return this.module(value)
    const known = this.copies.get(value)
    if (known !== undefined) return known
    const copy = this.data(value, path, otherwise)
    if (copy === NONE) return otherwise(value, path)
    this.copies.set(value, copy)
    if (this.looks.isContainer(value)) this.put(value, copy as object, path, otherwise)
    return copy
  }

  private data(value: object, path: string, otherwise: Otherwise): unknown {
    const copy = this.like(value, path, otherwise)
    // What a subclass has of its own, nobody knows.
    return copy !== NONE && Object.getPrototypeOf(copy) === Object.getPrototypeOf(value) ? copy : NONE
  }

  private like(value: object, path: string, otherwise: Otherwise): unknown {
    if (value instanceof Matrix) return value.clone()
    if (value instanceof Variable) {
      const own = this.of(value.value, `${path}.value`, otherwise) as Matrix
      return new Variable(own, value.origin === null && value.requiresGrad, null, value.name)
    }
    if (value instanceof Generator) return this.follow(value, new Generator(0))
    // Not by the method of Node's Buffer, which shares what it gives.
    if (ArrayBuffer.isView(value) && !(value instanceof DataView))
      return Float64Array.prototype.slice.call(value as Float64Array)
    if (typeof value === 'function' || !this.looks.isContainer(value)) return NONE
    if (Array.isArray(value)) return []
    return value instanceof Map
      ? new Map()
      : value instanceof Set
        ? new Set()
        : Object.create(Object.getPrototypeOf(value))
  }

  private follow(generator: Generator, copy: Generator): Generator {
    copy.state = generator.state
    this.generators.push([generator, copy])
    return copy
  }

  /** Fills the copy of a container, which may be in itself. */
  private put(value: object, copy: object, path: string, otherwise: Otherwise): void {
    const own = (each: unknown, name: unknown): unknown => this.of(each, `${path}.${String(name)}`, otherwise)
    if (copy instanceof Map)
      for (const [key, each] of value as Map<unknown, unknown>) copy.set(own(key, 'key'), own(each, 'value'))
    else if (copy instanceof Set) for (const each of value as Set<unknown>) copy.add(own(each, 'value'))
    for (const name of Reflect.ownKeys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, name) as PropertyDescriptor
      // What is computed when it is read may be computed of the original.
      const { get, set } = descriptor
      if (get || set) otherwise((get ?? set) as object, `${path}.${String(name)}`)
      else descriptor.value = own(descriptor.value, name)
      Object.defineProperty(copy, name, descriptor)
    }
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const shapesOf = (module: Module): string =>
  module
    .namedParameters()
    .map(([name, { shape }]) => `${name} ${shape}`)
    .join()

/** All that is in a container, with its keys. */
const elementsOf = (container: object): unknown[] =>
  container instanceof Map || container instanceof Set
    ? [...container.entries()].flat()
    : Object.entries(container).flat()

/** The error where a constructor made other parts than a module has. */
export const otherParts = (module: Module): MatgradError =>
  new MatgradError(`clone: the constructors made other parts than ${module.describe()}, wanted the same by argumentsOf`)

/**
 * Whether the source of a class of somebody else, or of one that it extends, has private fields, which no other object can have.
 */
function hasPrivateFields(type: Type, Base: unknown): boolean {
  for (let each = type; each !== Base && builtInName(each) === undefined; each = Object.getPrototypeOf(each))
    if (/[\w$)\]]\s*\??\.\s*#[a-z_$]|#[a-z_$][\w$]*\s+in\b/i.test(Function.prototype.toString.call(each))) return true
  return false
}

function unknown(module: Module, name: string, what: string): MatgradError {
  const isTold = Object.hasOwn(module.constructor, 'argumentsOf')
  const wanted = isTold
    ? 'it from argumentsOf as it is, or in a #private field that the constructor fills'
    : 'static argumentsOf(layer), the arguments of its constructor'
  return new MatgradError(`clone: ${shorten(name)} of ${nameOf(module)} is ${what}, wanted ${wanted}`)
}
