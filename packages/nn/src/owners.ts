import type { Variable } from '@matgrad/autograd'
import type { Module } from './module.ts'

const owners = new WeakMap<readonly unknown[], Module>()

/** The same list, which is known to be that of all parameters of a module. */
export function ownedBy(module: Module, parameters: Variable[]): Variable[] {
  owners.set(parameters, module)
  return parameters
}

/** The module that gave this very list of its parameters. */
export const ownerOf = (parameters: readonly unknown[]): Module | undefined => owners.get(parameters)
