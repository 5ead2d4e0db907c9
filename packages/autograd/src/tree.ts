import { DTypeError, Matrix } from '@matgrad/core'
import { describe, isPlain } from '@matgrad/core/internal'
import { Variable } from './variable.ts'

/** Arrays and plain objects, nested: what is in them are branches again, or leaves. */
export type Branch = Readonly<Record<string, unknown>>

/** So many arrays and objects may be in one another. */
const DEEPEST = 1000

export const isBranch = (value: unknown): value is Branch => Array.isArray(value) || isPlain(value)

/** What a part of a branch is called in messages: `argument 0.w`, `argument 0[1]`. */
export const nameOf = (what: string, branch: Branch, key: string): string =>
  Array.isArray(branch) ? `${what}[${key}]` : `${what}.${key}`

/** A branch of the same kind with these keys. */
export const branchOf = (branch: Branch, keys: readonly string[], parts: readonly unknown[]): Branch =>
  (Array.isArray(branch) ? [...parts] : Object.fromEntries(keys.map((key, i) => [key, parts[i]]))) as Branch

/** The keys of a branch. @throws DTypeError where they are not all that there is. */
export function keysOf(operation: string, branch: Branch, what: string): string[] {
  if (Object.getOwnPropertySymbols(branch).length > 0)
    throw new DTypeError(`${operation}: ${what} has a symbol as a key, wanted strings`)
  const keys = Object.keys(branch)
  if (Array.isArray(branch)) {
    for (let i = 0; i < branch.length; i++)
      if (!Object.hasOwn(branch, i)) throw new DTypeError(`${operation}: ${what} has a hole at ${i}, wanted an element`)
    if (keys.length > branch.length)
      throw new DTypeError(
        `${operation}: ${what} is an array with a property ${keys[branch.length]}, wanted elements alone`,
      )
  }
  for (const [key, { get, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(branch))) {
    if (get) throw new DTypeError(`${operation}: ${what} has a getter for ${key}, wanted a value`)
    if (!enumerable && !Array.isArray(branch))
      throw new DTypeError(`${operation}: ${what} has ${key}, which is not enumerable, wanted properties that are`)
  }
  return keys
}

/** @throws DTypeError for a branch that contains itself, or is in too many others. */
export function checkDepth(operation: string, branch: Branch, what: string, above: readonly unknown[]): void {
  if (above.includes(branch)) throw new DTypeError(`${operation}: ${what} contains itself, wanted an end`)
  if (above.length >= DEEPEST)
    throw new DTypeError(
      `${operation}: ${what.split(/[.[]/, 1)[0]} has more than ${DEEPEST} arrays and objects in one another, or contains itself`,
    )
}

/**
 * The same arrays and objects with other leaves, anew.
 *
 * @param what what the tree is called in messages
 * @param leaf what becomes of a leaf, which is called `name` in messages
 * @throws DTypeError for a branch that has holes, symbols or getters, or contains itself.
 */
export function mapTree(
  operation: string,
  what: string,
  tree: unknown,
  leaf: (value: unknown, name: string) => unknown,
  above: readonly unknown[] = [],
): unknown {
  if (!isBranch(tree)) return leaf(tree, what)
  checkDepth(operation, tree, what, above)
  const keys = keysOf(operation, tree, what)
  const inside = [...above, tree]
  const parts = keys.map((key) => mapTree(operation, nameOf(what, tree, key), tree[key], leaf, inside))
  return branchOf(tree, keys, parts)
}

/** Whether a leaf is one that `holds`; branches that contain themselves end. */
export function someLeaf(
  operation: string,
  what: string,
  tree: unknown,
  holds: (value: unknown) => boolean,
  above: readonly unknown[] = [],
): boolean {
  if (!isBranch(tree)) return holds(tree)
  if (above.includes(tree)) return false
  checkDepth(operation, tree, what, above)
  return Object.values(tree).some((each) => someLeaf(operation, what, each, holds, [...above, tree]))
}

/** The leaves of a tree in the order of its keys, and how to make the same tree of others. */
export interface Flat<Leaf> {
  readonly leaves: readonly Leaf[]
  /** What each is called in messages. */
  readonly names: readonly string[]
  /** The same tree with other leaves. */
  build(leaves: readonly unknown[]): unknown
}

/** @param toLeaf makes a leaf of what is one, or throws. @throws as mapTree does. */
export function flatten<Leaf>(
  operation: string,
  what: string,
  tree: unknown,
  toLeaf: (value: unknown, name: string) => Leaf,
): Flat<Leaf> {
  const leaves: Leaf[] = []
  const names: string[] = []
  const copy = mapTree(operation, what, tree, (value, name) => {
    names.push(name)
    return leaves.push(toLeaf(value, name)) - 1
  })
  return {
    leaves,
    names,
    build: (others) => mapTree(operation, what, copy, (at) => others[at as number]),
  }
}

/**
 * The leaves of a tree in the order of the keys of another, `like`.
 *
 * @throws DTypeError unless both have the same arrays and objects.
 */
export function leavesLike(operation: string, what: string, tree: unknown, like: unknown): unknown[] {
  if (!isBranch(like)) return [tree]
  const isKind = Array.isArray(like) ? Array.isArray(tree) : isPlain(tree)
  if (!isBranch(tree) || !isKind)
    throw new DTypeError(
      `${operation}: ${what} is ${describe(tree)}, wanted ${Array.isArray(like) ? 'an array' : 'an object'}`,
    )
  const [keys, given] = [Object.keys(like), keysOf(operation, tree, what)]
  if (keys.length !== given.length || keys.some((key) => !Object.hasOwn(tree, key)))
    throw new DTypeError(
      `${operation}: ${what} has ${Array.isArray(like) ? `${given.length} elements` : given.join(', ') || 'nothing'}, ` +
        `wanted ${Array.isArray(like) ? keys.length : keys.join(', ') || 'nothing'}`,
    )
  return keys.flatMap((key) => leavesLike(operation, nameOf(what, tree, key), tree[key], like[key]))
}

/** The matrices of a tree, alone or in variables; others than plain branches are no part of it. */
export function* matricesOf(tree: unknown): Generator<Matrix> {
  if (tree instanceof Matrix) yield tree
  else if (tree instanceof Variable) yield tree.matrix
  else if (isBranch(tree)) for (const each of Object.values(tree)) yield* matricesOf(each)
}

/** Whether a variable is in a tree, which may contain itself; others than plain branches are no part of it. */
export function contains(tree: unknown, variable: Variable, met: Set<unknown> = new Set()): boolean {
  if (tree === variable) return true
  if (!isBranch(tree) || met.has(tree)) return false
  met.add(tree)
  return Object.values(tree).some((each) => contains(each, variable, met))
}
