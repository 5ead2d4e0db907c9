import { Variable } from '@matgrad/autograd'
import { getDefaultGenerator, MatgradError, Matrix, type MatrixJson } from '@matgrad/core'
import { describe, isPlain, shorten, toJsonNumber } from '@matgrad/core/internal'
import type { Member, Module } from './module.ts'
import { builtInName, nameOf } from './names.ts'
import { differenceOf, type Looks } from './remade.ts'

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

/** How many layers, arrays and objects may be in one another. */
export const DEPTH = 200
/** In so many places layers may be that are met again: twice in one another sixty times, they would be in 2⁶⁰. */
export const PLACES = 65_536

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
  const generator = getDefaultGenerator()
  const { state: drawn } = generator
  try {
    return { format: 'matgrad', version: 1, model: new Writer(parts, looks).write(model, 'model') as LayerJson, state }
  } finally {
    // The layers that others were compared with have drawn numbers.
    generator.state = drawn
  }
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
  /**
   * The layers so far with their numbers, and in how many places they and their parts are; undefined while they are being written.
   */
  private readonly written = new Map<unknown, { readonly number: number; readonly places: number | undefined }>()
  private places = 0

  constructor(parts: readonly Module[], looks: Looks) {
    this.parts = new Set(parts)
    this.looks = looks
  }

  write(value: unknown, path: string, depth = 0): ArgumentJson {
    if (depth > DEPTH)
      throw new MatgradError(`toJSON: ${shorten(path)} is too deep, wanted at most ${DEPTH} levels: ${INSTEAD}`)
    if (this.parts.has(value)) return this.writeLayer(value as Module, path, depth)
    if (typeof value === 'number') {
      const number = toJsonNumber(value, 'float64')
      return typeof number === 'number' ? number : { number }
    }
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
    if (Array.isArray(value)) return value.map((each, i) => this.write(each, `${path}[${i}]`, depth + 1))
    if (!isPlain(value))
      throw new MatgradError(`toJSON: ${path} is ${describe(value)}, which JSON does not keep: ${INSTEAD}`)
    const entries = Object.entries(value).filter(([, each]) => each !== undefined)
    const sign = SIGNS.find((sign) => Object.hasOwn(value, sign) && !this.parts.has(value[sign]))
    if (sign)
      throw new MatgradError(`toJSON: ${path} has ${sign}, which stands for something else, wanted another name`)
    return Object.fromEntries(entries.map(([name, each]) => [name, this.write(each, `${path}.${name}`, depth + 1)]))
  }

  private writeLayer(layer: Module, path: string, depth: number): LayerJson {
    const met = this.written.get(layer)
    if (met) return this.writeSame(met.number, met.places, path)
    const [number, before] = [this.written.size, this.places++]
    this.written.set(layer, { number, places: undefined })
    const { name, isOurs, given } = this.making(layer, path)
    this.checkMade(layer, path, given)
    const written = given.map((each, i) => this.write(each, `${path}.arguments[${i}]`, depth + 1))
    this.written.set(layer, { number, places: this.places - before })
    const args = written.length > 0 ? { arguments: written } : {}
    return isOurs ? { layer: name, ...args } : { class: name, ...args }
  }

  private writeSame(same: number, places: number | undefined, path: string): LayerJson {
    if (places === undefined)
      throw new MatgradError(`toJSON: ${shorten(path)} is in itself, which JSON does not keep: ${INSTEAD}`)
    this.places += places
    if (this.places > PLACES)
      throw new MatgradError(`toJSON: layers are in ${this.places} places, wanted at most ${PLACES}: ${INSTEAD}`)
    return { same }
  }

  /** @throws MatgradError for a layer that would be another one, made of these arguments. */
  private checkMade(layer: Module, path: string, given: readonly unknown[]): void {
    let why: string | undefined
    try {
      const Type = layer.constructor as new (...args: readonly unknown[]) => Module
      why = differenceOf(layer, new Type(...given), this.looks)
    } catch (error) {
      why = `its constructor refuses its arguments (${error instanceof Error ? error.message : error})`
    }
    if (why) throw new MatgradError(`toJSON: ${path} is ${shorten(nameOf(layer))}: ${why}: ${INSTEAD}`)
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
