import { DTypeError, MatgradError } from '@matgrad/core'
import { checkNoMore, describe, didYouMean, isPlain, listNames, shorten, suggestion } from '@matgrad/core/internal'
import type { Module } from '../module.ts'
import { Container, checkPart, elementAt } from './container.ts'

/** @throws MatgradError */
function refuseForward(name: string): never {
  throw new MatgradError(
    `${name}: got samples, wanted a forward of the module that has it: it holds modules and computes nothing`,
  )
}

/**
 * Modules in a list, for a module that computes with them: it has no forward of its own. Their numbers are their names, as in
 * PyTorch: `blocks.0.weight`.
 *
 * @throws DTypeError for anything that is not a Module.
 */
export class ModuleList<Item extends Module = Module> extends Container {
  static readonly builtIn: string = 'ModuleList'

  /** @internal */
  static argumentsOf({ layers }: ModuleList): unknown[] {
    return [layers]
  }

  readonly layers: readonly Item[]

  constructor(modules: Iterable<Item> = [], ...more: []) {
    super()
    checkNoMore('ModuleList', 'modules', more)
    if (typeof modules !== 'object' || modules === null || !(Symbol.iterator in modules))
      throw new DTypeError(`ModuleList: modules is ${describe(modules)}, wanted an array of modules`)
    this.layers = [...modules]
    for (const [i, module] of this.layers.entries()) checkPart(`ModuleList: module ${i}`, module)
  }

  get length(): number {
    return this.layers.length
  }

  /** Module i, from the end where i is negative. @throws ShapeError where there is none. */
  at(i: number): Item {
    return elementAt('ModuleList', this.layers, i)
  }

  /** Adds a module at the end. @throws DTypeError for anything that is not a Module. */
  append(module: Item): this {
    checkPart(`ModuleList: module ${this.length}`, module)
    ;(this.layers as Item[]).push(module)
    return this
  }

  [Symbol.iterator](): IterableIterator<Item> {
    return this.layers[Symbol.iterator]()
  }

  /** @throws MatgradError always. */
  override forward(): never {
    return refuseForward('ModuleList')
  }
}

/**
 * Modules by name, for a module that computes with them: it has no forward of its own. `for … of` gives names and modules in the
 * order in which they were set, as of a Map.
 *
 * @throws DTypeError for anything that is not a Module; MatgradError for a name that is empty or has a dot.
 */
export class ModuleDict<Items extends Readonly<Record<string, Module>> = Record<string, Module>> extends Container {
  static readonly builtIn: string = 'ModuleDict'

  /** @internal */
  static argumentsOf({ layers }: ModuleDict): unknown[] {
    return [Object.fromEntries(layers)]
  }

  readonly layers: ReadonlyMap<string, Module>

  constructor(modules: Items = {} as Items, ...more: []) {
    super()
    checkNoMore('ModuleDict', 'modules', more)
    if (!isPlain(modules)) throw new DTypeError(`ModuleDict: modules is ${describe(modules)}, wanted modules by name`)
    this.layers = new Map()
    for (const [name, module] of Object.entries(modules)) this.set(name, module as Items[string])
  }

  get size(): number {
    return this.layers.size
  }

  has(name: string): boolean {
    return this.layers.has(name)
  }

  /** @throws MatgradError where there is none of this name. */
  get<Name extends keyof Items & string>(name: Name): Items[Name] {
    const module = this.layers.get(name)
    if (module) return module as Items[Name]
    const names = [...this.layers.keys()]
    const meant = typeof name === 'string' ? suggestion(name, names) : undefined
    throw new MatgradError(`ModuleDict: got ${describe(name)}, wanted ${listNames(names)}${didYouMean(meant)}`)
  }

  /** Adds a module, or puts it in the place of the one of this name. @throws what the constructor throws. */
  set<Name extends keyof Items & string>(name: Name, module: Items[Name]): this {
    if (typeof name !== 'string') throw new DTypeError(`ModuleDict: name is ${describe(name)}, wanted a string`)
    if (name === '' || name.includes('.'))
      throw new MatgradError(`ModuleDict: name is ${describe(name)}, wanted one without dots`)
    checkPart(`ModuleDict: ${shorten(name)}`, module)
    ;(this.layers as Map<string, Module>).set(name, module)
    return this
  }

  [Symbol.iterator](): IterableIterator<[name: string, module: Items[keyof Items]]> {
    return this.layers.entries() as IterableIterator<[string, Items[keyof Items]]>
  }

  /** @throws MatgradError always. */
  override forward(): never {
    return refuseForward('ModuleDict')
  }
}
