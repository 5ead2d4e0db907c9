import type { Variable } from './variable.ts'

/** What operations take in the place of variables: null but while a model is called with other parameters. */
export let substitutes: ReadonlyMap<unknown, Variable> | null = null

/**
 * The result of `run`, whose operations take other variables in the place of some; the former state comes back whatever happens.
 */
export function withSubstitutes<T>(others: ReadonlyMap<Variable, Variable>, run: () => T): T {
  const before = substitutes
  substitutes = new Map([...(before ?? []), ...others])
  try {
    return run()
  } finally {
    substitutes = before
  }
}
