import { type Matrix, type TypedArray, zeros } from '@matgrad/core'
import {
  announce,
  elementsOf,
  flag,
  type Kind,
  type KindMaker,
  kind,
  number,
  type Reader,
  readerOf,
  required,
} from '@matgrad/core/internal'

/** What a setting may be. */
type Setting = number | boolean | readonly number[]

/** A list of so many numbers, which are checked as numbers are. */
export const numbers = (count: number): KindMaker<readonly number[]> =>
  kind(`${count} numbers`, (value) => Array.isArray(value) && value.length === count)

function kindLike(value: Setting): Kind<Setting> {
  if (typeof value === 'object') return numbers(value.length)(value)
  return typeof value === 'boolean' ? flag(value) : number(value)
}

/** How settings of the types of `values` are read: those that are absent are what they are there or, `whole`, missed. */
export function readerLike<Settings extends object>(
  values: Settings,
  names: readonly (keyof Settings & string)[],
  whole: boolean,
): Reader<Settings> {
  const kinds = names.map((name) => [name, kindLike(values[name] as Setting)] as const)
  const read = readerOf(Object.fromEntries(whole ? kinds.map(([name, each]) => [name, required(each)]) : kinds))
  return (operation, given) => read(operation, given) as Settings
}

/** Settings and where their values are. */
export interface StoredSettings<Settings> {
  readonly settings: Settings
  /** The values one after the other, as kernels read them: a row of float64, with 1 for true and 0 for false. */
  readonly numbers: Matrix<1, number>
}

/** Settings as numbers, those of lists one by one, in the order of `names`. */
export const numbersOf = (settings: object, names: readonly string[]): number[] =>
  names.flatMap((name) => (settings as Record<string, Setting>)[name]).map(Number)

/**
 * Settings, plain properties to a user, whose values are in a matrix: what was compiled finds the present ones there.
 *
 * @param names the names of the settings in their order in the matrix
 * @param check throws for settings that make no sense, before one of them changes
 */
export function storeSettings<Settings extends object>(
  values: Settings,
  names: readonly (keyof Settings & string)[],
  check: (settings: Settings) => void,
): StoredSettings<Settings> {
  const all = numbersOf(values, names)
  const numbers = zeros(1, all.length, { dtype: 'float64' })
  numbers.elements.set(all)
  const present = (): TypedArray => elementsOf('settings', numbers)
  const settings = {} as Settings
  let end = 0
  for (const name of names) {
    const value = values[name] as Setting
    const start = end
    end += typeof value === 'object' ? value.length : 1
    const length = end - start
    Object.defineProperty(settings, name, {
      enumerable: true,
      get(): Setting {
        if (typeof value === 'object') return Object.freeze(Array.from(present().subarray(start, start + length)))
        return typeof value === 'boolean' ? present()[start] === 1 : present()[start]
      },
      set(next: Settings[keyof Settings]) {
        const changed = { ...settings, [name]: next }
        check(changed)
        present().set(numbersOf(changed, [name]), start)
        announce()
      },
    })
  }
  // A misspelt name must not pass for a setting.
  return { settings: Object.seal(settings), numbers }
}
