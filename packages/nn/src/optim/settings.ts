import { type DType, full, type Matrix } from '@matgrad/core'
import { announce, elementsOf, flag, type Kind, number, numbers, readerOf, required } from '@matgrad/core/internal'

/** What a setting may be. */
type Setting = number | boolean | readonly number[]

function kindLike(value: Setting): Kind<Setting> {
  if (typeof value === 'object') return numbers(value.length)(value)
  return typeof value === 'boolean' ? flag(value) : number(value)
}

/** How settings of the types of `values` are read: those that are absent are what they are there or, `whole`, missed. */
export function readerLike<Settings extends object>(
  values: Settings,
  whole: boolean,
): (operation: string, given: object) => Settings {
  const kinds = Object.entries(values).map(([name, value]) => [name, kindLike(value as Setting)] as const)
  const read = readerOf(Object.fromEntries(whole ? kinds.map(([name, each]) => [name, required(each)]) : kinds))
  return (operation, given) => read(operation, given) as Settings
}

/** Settings and where their values are. */
export interface StoredSettings<Settings> {
  readonly settings: Settings
  /**
   * The value of a setting, 1 for true and 0 for false, as a 1x1 to compute with: what was compiled finds the present one there.
   *
   * @param i which number of a list
   */
  number(name: keyof Settings, dtype: DType, i?: number): Matrix<1, 1>
}

const numbersIn = (setting: Setting): number[] => (typeof setting === 'object' ? [...setting] : [Number(setting)])

/** Settings that are set together, once they are found to make sense. */
export interface Changeable<Settings> extends StoredSettings<Settings> {
  assign(settings: Settings): void
}

/**
 * Settings, plain properties to a user, whose values are in matrices.
 *
 * @param check throws for settings that make no sense, before one of them changes
 */
export function storeSettings<Settings extends object>(
  values: Settings,
  check: (settings: Settings) => void,
): Changeable<Settings> {
  const stored = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      numbersIn(value).map((number) => ({
        float64: full(1, 1, number, { dtype: 'float64' }),
        float32: full(1, 1, number, { dtype: 'float32' }),
      })),
    ]),
  )
  const write = (name: string, value: Setting): void => {
    for (const [i, number] of numbersIn(value).entries())
      for (const matrix of Object.values(stored[name][i])) matrix.assign(full(1, 1, number, { dtype: matrix.dtype }))
  }
  const settings = {} as Settings
  for (const [name, value] of Object.entries(values) as [string, Setting][]) {
    const read = (): number[] => stored[name].map(({ float64 }) => elementsOf(name, float64)[0])
    Object.defineProperty(settings, name, {
      enumerable: true,
      get(): Setting {
        if (typeof value === 'object') return Object.freeze(read())
        return typeof value === 'boolean' ? read()[0] === 1 : read()[0]
      },
      set(next: Setting) {
        check({ ...settings, [name]: next })
        write(name, next)
        announce()
      },
    })
  }
  return {
    // A misspelt name must not pass for a setting.
    settings: Object.seal(settings),
    number: (name, dtype, i = 0) => stored[name as string][i][dtype],
    assign(others) {
      for (const [name, value] of Object.entries(others) as [string, Setting][]) write(name, value)
      announce()
    },
  }
}
