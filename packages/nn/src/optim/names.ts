/** A class, as far as its name is asked. */
export interface NamedType {
  readonly name: string
  readonly builtIn?: string | { readonly name: string }
}

/**
 * What messages call an object of a class: what a class of this package says itself, since bundlers shorten the names of
 * classes, and a user's by its own name.
 */
export const nameOf = (object: object): string => nameOfType(object.constructor as unknown as NamedType)

/** The same of the class itself. */
export function nameOfType(type: NamedType): string {
  const builtIn = Object.hasOwn(type, 'builtIn') ? type.builtIn : undefined
  return (typeof builtIn === 'object' ? builtIn.name : builtIn) ?? type.name
}
