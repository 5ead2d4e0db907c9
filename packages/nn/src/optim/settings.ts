import { type DType, full, type Matrix } from '@matgrad/core'
import {
  announce,
  checkNoMore,
  elementsOf,
  flag,
  type KindMaker,
  number,
  numbers,
  type Reader,
  readerOf,
  required,
} from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import { nameOfType } from '../names.ts'

/** What a setting may be. */
type Setting = number | boolean | readonly number[]

function kindLike(value: Setting): KindMaker<Setting> {
  if (typeof value === 'object') return numbers(value.length)
  return typeof value === 'boolean' ? flag : number
}

/** How settings of the types of `values` are read: those that are absent are what they are there or, `whole`, missed. */
export function readerLike<Settings extends object>(
  values: Settings,
  whole: boolean,
): (operation: string, given: object) => Settings {
  const kinds = Object.entries(values as Record<string, Setting>).map(([name, value]) => {
    const kind = kindLike(value)
    return [name, whole ? required(kind()) : kind(value)] as const
  })
  const read = readerOf(Object.fromEntries(kinds))
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
  /** 1 − the value of a setting, computed in float64: what an average takes of the new where it keeps so much of the old. */
  complement(name: keyof Settings, dtype: DType, i?: number): Matrix<1, 1>
}

const numbersIn = (setting: Setting): number[] => (typeof setting === 'object' ? [...setting] : [Number(setting)])

/** Settings that are set together, once they are found to make sense. */
export interface Changeable<Settings> extends StoredSettings<Settings> {
  assign(settings: Settings): void
}

type InBoth = Readonly<Record<DType, Matrix<1, 1>>>

const inBoth = (number: number): InBoth => ({
  float64: full(1, 1, number, { dtype: 'float64' }),
  float32: full(1, 1, number, { dtype: 'float32' }),
})

function assign(matrices: InBoth, number: number): void {
  for (const matrix of Object.values(matrices)) matrix.assign(full(1, 1, number, { dtype: matrix.dtype }))
}

/**
 * Settings, plain properties to a user, whose values are in matrices.
 *
 * @param check throws for settings that make no sense, before one of them changes
 * @param settle called before a setting is read or set
 */
export function storeSettings<Settings extends object>(
  values: Settings,
  check: (settings: Settings) => void,
  settle: () => void,
): Changeable<Settings> {
  const stored = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      numbersIn(value).map((number) => ({ number: inBoth(number), complement: inBoth(1 - number) })),
    ]),
  )
  const write = (name: string, value: Setting): void => {
    for (const [i, number] of numbersIn(value).entries()) {
      assign(stored[name][i].number, number)
      assign(stored[name][i].complement, 1 - number)
    }
  }
  const settings = {} as Settings
  for (const [name, value] of Object.entries(values) as [string, Setting][]) {
    const what = `the setting ${name}`
    const read = (): number[] => stored[name].map(({ number }) => elementsOf(what, number.float64)[0])
    Object.defineProperty(settings, name, {
      enumerable: true,
      get(): Setting {
        settle()
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
    number: (name, dtype, i = 0) => stored[name as string][i].number[dtype],
    complement: (name, dtype, i = 0) => stored[name as string][i].complement[dtype],
    assign(others) {
      for (const [name, value] of Object.entries(others) as [string, Setting][]) write(name, value)
      announce()
    },
  }
}

/** The settings that a constructor of this package's was given. @internal @throws DTypeError for others, and for more arguments. */
export function givenSettings<Settings>(
  type: { readonly name: string },
  read: Reader<Settings>,
  settings: unknown,
  more: readonly unknown[],
): Settings {
  const name = nameOfType(type)
  checkNoMore(name, 'params, settings', more)
  return read(name, settings)
}

interface Bounds {
  /** Settings that may be negative. */
  readonly signed?: readonly string[]
  /** Settings that are at most 1. */
  readonly upTo1?: readonly string[]
}

/**
 * What settings of this package's optimisers have in common: numbers are finite and 0 or more, each of a list below 1.
 *
 * @throws MatgradError for one that is not, DTypeError for what is no number.
 */
export function checkSettings(operation: string, settings: object, { signed = [], upTo1 = [] }: Bounds = {}): void {
  for (const [name, value] of Object.entries(settings) as [string, Setting][])
    if (typeof value === 'object')
      for (const each of value)
        checkSetting(operation, `one of ${name}`, each, (each) => each >= 0 && each < 1, '0 or more and below 1')
    else if (typeof value === 'boolean') continue
    else if (signed.includes(name)) checkSetting(operation, name, value, () => true, 'a finite number')
    else if (upTo1.includes(name))
      checkSetting(operation, name, value, (value) => value >= 0 && value <= 1, '0 or more and at most 1')
    else checkSetting(operation, name, value, (value) => value >= 0, '0 or more')
}
