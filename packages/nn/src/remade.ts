import { Variable } from '@matgrad/autograd'
import { Generator, Matrix } from '@matgrad/core'
import { describe, formatShape, isPlain, shorten } from '@matgrad/core/internal'
import type { Member, Module } from './module.ts'
import { nameOf } from './names.ts'

/** What only modules know of themselves. */
export interface Looks {
  readonly membersOf: (module: Module) => Iterable<[name: string, member: Member]>
  readonly isBuiltIn: (module: Module) => boolean
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** What is compared as a member, or is not kept: what only makes new numbers, and what was computed. */
const isApart = (value: unknown): boolean =>
  value instanceof Generator || value instanceof Variable || value instanceof Matrix

/** Whether two properties say the same, as far as data say anything. */
function sameData(own: unknown, made: unknown): boolean {
  if (Object.is(own, made) || isApart(own) || isApart(made)) return true
  if (Array.isArray(own) && Array.isArray(made))
    return own.length === made.length && own.every((each, i) => sameData(each, made[i]))
  if (isPlain(own) && isPlain(made))
    return Object.keys({ ...own, ...made }).every((name) => sameData(own[name], made[name]))
  return isObject(own) && isObject(made) && own.constructor === made.constructor
}

/** A parameter, a buffer or a part in words. */
function shown(member: Member | undefined): string {
  if (member instanceof Variable || member instanceof Matrix) return `${formatShape(member.shape)} ${member.dtype}`
  return member === undefined ? 'missing' : nameOf(member)
}

/** In what a layer differs from one that its constructor made, but for the numbers in its matrices; undefined where in nothing. */
export function differenceOf(layer: Module, made: Module, looks: Looks): string | undefined {
  // Parts that the constructor was given are their own counterparts.
  const pairs: [layer: Module, made: Module, path: string][] = [[layer, made, '']]
  const met = new Set<Module>()
  for (const [own, other, path] of pairs) {
    if (own === other || met.has(own)) continue
    met.add(own)
    if (looks.isBuiltIn(other) && !looks.isBuiltIn(own)) return `${path || 'it'} has code of its own`
    const [members, others] = [own, other].map((each) => new Map(looks.membersOf(each)))
    for (const name of new Set([...members.keys(), ...others.keys()])) {
      const [member, counterpart] = [members.get(name), others.get(name)]
      const place = `${path}${path && '.'}${name}`
      if (shown(member) !== shown(counterpart))
        return `${shorten(place)} is ${shown(member)}, its constructor makes it ${shown(counterpart)}`
      if (isModule(member) && isModule(counterpart)) pairs.push([member, counterpart, place])
    }
    const [data, otherData] = [own, other] as unknown as Readonly<Record<string, unknown>>[]
    for (const name of new Set([...Object.keys(own), ...Object.keys(other)]))
      if (!sameData(data[name], otherData[name]))
        return `${shorten(`${path}${path && '.'}${name}`)} is ${describe(data[name])}, its constructor makes it ${describe(otherData[name])}`
  }
  return undefined
}

const isModule = (member: Member | undefined): member is Module =>
  member !== undefined && !(member instanceof Variable || member instanceof Matrix)
