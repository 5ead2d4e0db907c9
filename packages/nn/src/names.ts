// Bundlers shorten the names of classes: what is of this package says itself what it is called.

/** A class, as far as its name is asked. */
interface NamedType {
  readonly name: string
}

/** What a class of this package is called, as its own `builtIn` says; undefined for a user's. */
export function builtInName(type: object): string | undefined {
  if (!Object.hasOwn(type, 'builtIn')) return undefined
  const { builtIn } = type as { readonly builtIn: string | { readonly name: string } | undefined }
  return typeof builtIn === 'object' ? builtIn.name : builtIn
}

/** What messages call a class: what it says itself, or a user's by its own name. */
export const nameOfType = (type: NamedType): string => builtInName(type) ?? type.name

/** The same of an object's class. */
export const nameOf = (object: object): string => nameOfType(object.constructor)
