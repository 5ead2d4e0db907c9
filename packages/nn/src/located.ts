import { MatgradError } from '@matgrad/core'
import { shorten } from '@matgrad/core/internal'
import type { Module } from './module.ts'
import { nameOf } from './names.ts'

/** Longer paths are shown by their ends. */
const MOST_OF_PATH = 80

/** Where an error came up. */
interface Place {
  /** What it said then. */
  readonly message: string
  /** The module whose forward threw it first, and what that is. */
  readonly first: Module
  readonly what: string
  /** The module that it came through last, and the path from there to the first. */
  readonly last: Module
  readonly path: string
}

const places = new WeakMap<MatgradError, Place>()

/** What a module says of itself, which may be somebody's code. */
function describeSafely(module: Module): string {
  try {
    return shorten(String(module.describe()))
  } catch {
    return nameOf(module)
  }
}

function placeIn(module: Module, error: MatgradError, partsOf: (module: Module) => Iterable<[string, unknown]>): Place {
  const before = places.get(error)
  if (before?.last === module) return before
  // Somebody throws the same one again.
  if (!before || before.first === module)
    return {
      message: before?.message ?? error.message,
      first: module,
      what: describeSafely(module),
      last: module,
      path: '',
    }
  let { path } = before
  for (const [name, part] of partsOf(module))
    if (part === before.last) {
      path = path ? `${name}.${path}` : name
      break
    }
  return { ...before, last: module, path: path.length > MOST_OF_PATH ? `…${path.slice(-MOST_OF_PATH)}` : path }
}

/** The message, which may name the module itself. A number alone is the name of a layer of Sequential. */
function messageOf({ message, first, what, path }: Place): string {
  const isNamed = [what, nameOf(first)].some((name) => message.startsWith(`${name}: `))
  const where = [...(path ? [/^\d/.test(path) ? `layers.${path}` : path] : []), ...(isNamed ? [] : [what])]
  if (where.length === 0) return message
  return `in ${where.join(', ')}${isNamed ? ', ' : ': '}${message}`
}

/**
 * Lets an error of this package that comes out of a module's forward say in which layer it came up: its path from the outermost
 * module that it comes through, as in the state, and what it is, `in layers.2, Linear(16 → 8): …`.
 *
 * @param partsOf the parts of a module with their names
 */
export function locate(
  error: unknown,
  module: Module,
  partsOf: (module: Module) => Iterable<[name: string, part: unknown]>,
): void {
  if (!(error instanceof MatgradError) || Object.isFrozen(error)) return
  const place = placeIn(module, error, partsOf)
  places.set(error, place)
  const [before, message] = [error.message, messageOf(place)]
  if (message === before) return
  const { stack } = error
  error.message = message
  // V8 has the message in it.
  if (stack?.includes(before)) error.stack = stack.replace(before, () => message)
}
