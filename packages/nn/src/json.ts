import { Variable } from '@matgrad/autograd'
import { MatgradError, Matrix, type MatrixJson } from '@matgrad/core'
import { describe, isPlain, shorten, toJsonNumber } from '@matgrad/core/internal'
import type { Member, Module } from './module.ts'
import { builtInName, nameOf } from './names.ts'

/** What a constructor was given, as JSON has it. */
export type ArgumentJson =
  | number
  | string
  | boolean
  | null
  | LayerJson
  | { readonly number: string }
  | readonly ArgumentJson[]
  | { readonly [name: string]: ArgumentJson }

/**
 * A layer: of this package (`layer`) or of a class of one's own (`class`), with the arguments of its constructor if it
 * takes any; or one that was met before, by its number in the order of the text, from 0.
 */
export type LayerJson =
  | { readonly layer: string; readonly arguments?: readonly ArgumentJson[] }
  | { readonly class: string; readonly arguments?: readonly ArgumentJson[] }
  | { readonly same: number }

/** A model as JSON has it: what it is, and its parameters and buffers by name. */
export interface ModelJson {
  readonly format: 'matgrad'
  readonly version: 1
  readonly model: LayerJson
  readonly state: Readonly<Record<string, MatrixJson>>
}

/**
 * By which of its names an object says that it stands for a layer or a number: then the value is a text or a number.
 */
export const SIGNS = ['layer', 'class', 'same', 'number'] as const

/** What only modules know of themselves. */
interface Looks {
  readonly membersOf: (module: Module) => Iterable<[name: string, member: Member]>
  readonly isBuiltIn: (module: Module) => boolean
}

/** A class that says how its layers are made. */
interface Remakable {
  argumentsOf(layer: Module): unknown
}

/** @throws MatgradError for what JSON does not keep. */
export function modelToJson(model: Module, looks: Looks): ModelJson {
  const parts = [...model.modules()]
  checkUnshared(parts, looks)
  const entries = Object.entries(model.stateDict())
  const state = Object.fromEntries(entries.map(([name, value]) => [name, value.toJSON()]))
  return { format: 'matgrad', version: 1, model: new Writer(parts, looks).write(model, 'model') as LayerJson, state }
}

/** @throws MatgradError where a parameter or a buffer is in two layers, or twice in one. */
function checkUnshared(parts: readonly Module[], { membersOf }: Looks): void {
  const owners = new Map<Member, string>()
  for (const part of parts)
    for (const [name, member] of membersOf(part)) {
      if (!(member instanceof Variable || member instanceof Matrix)) continue
      const own = `the ${shorten(name)} of ${part.describe()}`
      const other = owners.get(member)
      if (other !== undefined)
        throw new MatgradError(`toJSON: ${other} is ${own}, too, wanted one for each: ${INSTEAD}`)
      owners.set(member, own)
    }
}

const INSTEAD = 'did you mean saveModel?'

class Writer {
  private readonly parts: ReadonlySet<unknown>
  private readonly looks: Looks
  private readonly numbers = new Map<unknown, number>()
  /** The layers that are being written. */
  private readonly open = new Set<unknown>()

  constructor(parts: readonly Module[], looks: Looks) {
    this.parts = new Set(parts)
    this.looks = looks
  }

  write(value: unknown, path: string): ArgumentJson {
    if (this.parts.has(value)) return this.writeLayer(value as Module, path)
    if (typeof value === 'number') {
      const number = toJsonNumber(value, 'float64')
      return typeof number === 'number' ? number : { number }
    }
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
    if (Array.isArray(value)) return value.map((each, i) => this.write(each, `${path}[${i}]`))
    if (!isPlain(value))
      throw new MatgradError(`toJSON: ${path} is ${describe(value)}, which JSON does not keep: ${INSTEAD}`)
    const entries = Object.entries(value).filter(([, each]) => each !== undefined)
    const sign = SIGNS.find((sign) => Object.hasOwn(value, sign) && !this.parts.has(value[sign]))
    if (sign)
      throw new MatgradError(`toJSON: ${path} has ${sign}, which stands for something else, wanted another name`)
    return Object.fromEntries(entries.map(([name, each]) => [name, this.write(each, `${path}.${name}`)]))
  }

  private writeLayer(layer: Module, path: string): LayerJson {
    const same = this.numbers.get(layer)
    if (same !== undefined && !this.open.has(layer)) return { same }
    if (same !== undefined) throw new MatgradError(`toJSON: ${path} is in itself, which JSON does not keep: ${INSTEAD}`)
    this.numbers.set(layer, this.numbers.size)
    this.open.add(layer)
    const { name, isOurs, given } = this.making(layer, path)
    const written = given.map((each, i) => this.write(each, `${path}.arguments[${i}]`))
    this.open.delete(layer)
    const args = written.length > 0 ? { arguments: written } : {}
    return isOurs ? { layer: name, ...args } : { class: name, ...args }
  }

  /** How a layer is made. */
  private making(layer: Module, path: string): { name: string; isOurs: boolean; given: readonly unknown[] } {
    const type = layer.constructor as typeof layer.constructor & Partial<Remakable>
    const isOurs = builtInName(type) !== undefined
    const name = nameOf(layer)
    if (isOurs && !this.looks.isBuiltIn(layer))
      throw new MatgradError(
        `toJSON: ${path} is ${name} with code of its own, wanted it as it is, or a class: ${INSTEAD}`,
      )
    if (Object.hasOwn(type, 'argumentsOf')) {
      const given = type.argumentsOf?.(layer)
      if (Array.isArray(given)) return { name, isOurs, given }
      throw new MatgradError(`toJSON: argumentsOf of ${name} gave ${describe(given)}, wanted an array`)
    }
    // What has no settings and no parts is made of nothing.
    const isBare = isOurs && Object.keys(layer).length === 0 && [...this.looks.membersOf(layer)].length === 0
    if (isBare) return { name, isOurs, given: [] }
    throw new MatgradError(
      `toJSON: ${path} is ${shorten(name)}, which does not say how it is made, wanted static argumentsOf(layer), ` +
        `the arguments of its constructor: ${INSTEAD}`,
    )
  }
}
