import { mark } from './copies.ts'
import { type DType, getDefaultDtype } from './dtype.ts'
import { DTypeError } from './errors.ts'
import { describe, listNames } from './shape.ts'

/** What an option may be, and what it is where it is absent. */
export interface Kind<T> {
  readonly wanted: string
  readonly accepts: (value: unknown) => boolean
  readonly otherwise: T
  readonly required?: boolean
}

/** A kind of options with a default, or undefined where they are absent. */
export interface KindMaker<T> {
  (): Kind<T | undefined>
  <Own extends T>(otherwise: Own): Kind<T>
}

/** a, b or c */
const list = (names: readonly string[]): string => names.join(', ').replace(/, ([^,]*)$/, ' or $1')

/** Options that are `wanted` and that `accepts` tells apart from others. */
export const kind =
  <T>(wanted: string, accepts: (value: unknown) => boolean): KindMaker<T> =>
  (otherwise?: T) =>
    ({ wanted, accepts, otherwise }) as Kind<T>

export const flag: KindMaker<boolean> = kind('true or false', (value) => typeof value === 'boolean')
export const number: KindMaker<number> = kind('a number', (value) => typeof value === 'number')
export const whole: KindMaker<number> = kind('a whole number', Number.isInteger)
export const text: KindMaker<string> = kind('a string', (value) => typeof value === 'string')

/** A list of so many numbers. */
export const numbers = (count: number): KindMaker<readonly number[]> =>
  kind(`${count} numbers`, (value) => Array.isArray(value) && value.length === count)

export const names: KindMaker<readonly string[]> = kind(
  'an array of names',
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
)

/** One of some strings. */
export const oneOf = <T extends string>(...names: readonly T[]): KindMaker<T> =>
  kind(list(names.map((name) => `'${name}'`)), (value) => names.includes(value as T))

export const dtypeName: KindMaker<DType> = oneOf('float32', 'float64')

/** A function of this type, which nobody can ask it for. */
export const func = <T extends (...args: never[]) => unknown>(): KindMaker<T> =>
  kind('a function', (value) => typeof value === 'function')

/** What the operation checks itself. */
export const anything = <T>(otherwise: T): Kind<T> => ({ wanted: 'something', accepts: () => true, otherwise })

/** An option that must be there. */
export const required = <T>(option: Kind<T>): Kind<Exclude<T, undefined>> =>
  ({ ...option, required: true }) as Kind<Exclude<T, undefined>>

type Kinds = Readonly<Record<string, Kind<unknown>>>

/** What options of these kinds are once they are read: complete. */
export type Settings<K extends Kinds> = { [Name in keyof K]: K[Name] extends Kind<infer T> ? T : never }

/** What gives the settings of an operation for the options that its caller gave. */
export type Reader<S> = (operation: string, given: unknown) => S

/**
 * How an operation reads its options: (operation, what the caller gave) → every option, by its default where it is absent
 * or undefined. Nothing else reads options.
 *
 * @throws DTypeError for what is no plain object, a name that is not known, a value of another kind, and where an option
 * is required that is absent.
 */
export function readerOf<const K extends Kinds>(kinds: K): Reader<Settings<K>> {
  const names = Object.keys(kinds)
  // Without a prototype no name is known but these.
  const known: Record<string, Kind<unknown> | undefined> = Object.assign(Object.create(null), kinds)
  const needed = names.filter((name) => kinds[name].required)
  const defaults: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, kinds[name].otherwise]))
  const absent = Object.freeze({ ...defaults }) as Settings<K>
  return (operation, given) => {
    if (given === undefined && needed.length === 0) return absent
    if (!isPlain(given)) {
      // An option alone, as others take it.
      const isOne = ['number', 'boolean', 'function'].includes(typeof given)
      const meant = isOne ? names.find((name) => kinds[name].accepts(given)) : undefined
      const hint = didYouMean(meant && `{ ${meant}: ${typeof given === 'function' ? given.name || '…' : given} }`)
      throw new DTypeError(`${operation}: options are ${describe(given)}, wanted an object with ${list(names)}${hint}`)
    }
    const settings = { ...defaults }
    for (const name in given) {
      const option = known[name]
      if (option === undefined) {
        if (!Object.hasOwn(given, name)) continue
        throw unknownName(operation, name, names)
      }
      const value = given[name]
      if (value === undefined) continue
      if (!option.accepts(value)) throw wrongKind(operation, name, value, option)
      settings[name] = value
    }
    for (const name of needed)
      if (settings[name] === undefined) throw wrongKind(operation, name, undefined, kinds[name])
    return settings as Settings<K>
  }
}

const readDtype = readerOf({ dtype: dtypeName() })

/** The dtype that options with nothing else in them ask for, `otherwise` if they ask for none. */
export const dtypeOption = (operation: string, given: unknown, otherwise: DType = getDefaultDtype()): DType =>
  readDtype(operation, given).dtype ?? otherwise

/** Whether a value is an object as a literal makes it, of this realm or another. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

const wrongKind = (operation: string, name: string, value: unknown, { wanted }: Kind<unknown>): DTypeError =>
  new DTypeError(`${operation}: ${name} is ${describe(value)}, wanted ${wanted}`)

/** The error for a name that is none of `names`. */
export const unknownName = (operation: string, name: string, names: readonly string[]): DTypeError =>
  new DTypeError(`${operation}: got ${name}, wanted ${list(names)}${didYouMean(suggestion(name, names))}`)

/** The end of a message about something that is close to `meant`. */
export const didYouMean = (meant: string | undefined): string => (meant ? `: did you mean ${meant}?` : '')

/** The error for an argument after those of a call, which is written as it should be: `a.sort(axis)`. */
function inExcess(operation: string, call: string, given: unknown): DTypeError {
  const names = isPlain(given) ? Object.keys(given) : []
  const taken = call.match(/\w+/g) ?? []
  const meant = names.map((name) => suggestion(name, taken)).find((name) => name !== undefined)
  const got = names.length > 0 ? `{ ${listNames(names)} }` : describe(given)
  return new DTypeError(`${operation}: got ${got} in excess, wanted ${call}${didYouMean(meant)}`)
}

const NOTHING = Symbol()

/** What JavaScript's own iteration found under a key, an index where it went through an array; NOTHING if it did not. */
export function elementUnder(key: unknown, all: unknown): unknown {
  if (all instanceof Map || all instanceof Set) return !all.has(key) ? NOTHING : all instanceof Map ? all.get(key) : key
  const list = Array.isArray(all) || ArrayBuffer.isView(all) ? (all as ArrayLike<unknown>) : []
  return isIndex(key) && key < list.length ? list[key] : NOTHING
}

const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0

/** Calls of functions of matrices alone, but no method, and none of those to which others give a number: decimals, a base. */
const OF_ELEMENTS = /^(?!(round|log|forward)\()\w+\((a|x|value|bytes)(, b)?\)$/

/**
 * Whether arguments after those of a call are what JavaScript's own iteration passes after an element: its index or key, and
 * what is gone through, both after the element itself where the call takes nothing; the index alone, as `Array.from` does, only
 * after the elements of a function, since a method that is given a number was meant to do something with it.
 */
export function isIterations(more: readonly unknown[], call: string): boolean {
  const [key, all] = more.slice(-2)
  if (more.length === 1) return isIndex(key) && OF_ELEMENTS.test(call)
  const element = more.length > 3 ? NOTHING : elementUnder(key, all)
  return element !== NOTHING && (more.length === 2 || Object.is(element, more[0]))
}

/**
 * What a call that takes no more refuses: arguments that are neither undefined nor those of JavaScript's own iteration.
 *
 * @throws DTypeError
 */
export function checkNoMore(
  operation: string,
  takes: string,
  more: readonly unknown[],
  call: string = `${operation}(${takes})`,
): void {
  const given = more.find((each) => each !== undefined)
  if (given !== undefined && !isIterations(more, call)) throw inExcess(operation, call, given)
}

/**
 * Marks a prototype as of this copy of the package, and makes its methods, which take the arguments that are named, refuse more;
 * `receiver` is what messages call their object.
 */
export function guardMethods(object: object, takes: Readonly<Record<string, string>>, receiver = 'a'): void {
  mark(object)
  for (const [name, names] of Object.entries(takes)) {
    const method: (this: unknown, ...args: unknown[]) => unknown = Reflect.get(object, name)
    const most = names.split(', ').length - Number(names === '')
    const check = (more: readonly unknown[]): void => checkNoMore(name, names, more, `${receiver}.${name}(${names})`)
    // Without rest parameters, which are an array in each call.
    const bare = function (this: unknown, first: unknown, second: unknown, third: unknown): unknown {
      if (first !== undefined) check(second === undefined && third === undefined ? [first] : [first, second, third])
      return method.call(this)
    }
    const full = function (this: unknown, ...args: unknown[]): unknown {
      if (args.length > most) check(args.splice(most))
      return method.apply(this, args)
    }
    const value = Object.defineProperty(most === 0 ? bare : full, 'name', { value: name })
    Object.defineProperty(object, name, { value, writable: true, configurable: true })
  }
}

/** What options are called in PyTorch, Keras, NumPy, scikit-learn and Matplotlib, as `plain` makes it, and here. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['learningrate', 'lr'],
  ['beta1', 'betas'],
  ['beta2', 'betas'],
  ['epsilon', 'eps'],
  ['decay', 'weightDecay'],
  ['l2', 'weightDecay'],
  ['usebias', 'bias'],
  ['kernelinitializer', 'init'],
  ['weightinit', 'init'],
  ['biasinitializer', 'biasInit'],
  ['scale', 'affine'],
  ['negativeslope', 'slope'],
  ['trainable', 'requiresGrad'],
  ['correction', 'ddof'],
  ['unbiased', 'ddof'],
  ['sizeaverage', 'reduction'],
  ['classweight', 'weight'],
  ['smoothing', 'labelSmoothing'],
  ['dropremainder', 'dropLast'],
  ['seed', 'generator'],
  ['rng', 'generator'],
  ['randomstate', 'generator'],
  ['precision', 'dtype'],
  ['validationdata', 'validation'],
  ['valdata', 'validation'],
  ['criterion', 'loss'],
  ['lossfn', 'loss'],
  ['lrscheduler', 'scheduler'],
  ['maxnorm', 'clipNorm'],
  ['maxgradnorm', 'clipNorm'],
  ['numepochs', 'epochs'],
  ['decayfactor', 'gamma'],
  ['minlr', 'etaMin'],
  ['noversamples', 'oversampling'],
  ['niter', 'powerIterations'],
  ['numthreads', 'threads'],
  ['restorebestweights', 'restoreBest'],
  ['savebestonly', 'monitor'],
  ['rho', 'alpha'],
  ['stepsperepoch', 'totalSteps'],
  ['batch', 'batchSize'],
  ['onepochstart', 'onEpochBegin'],
  ['ontrainstart', 'onTrainBegin'],
  ['vmin', 'range'],
  ['vmax', 'range'],
  ['cmap', 'colorMap'],
  ['xlim', 'xRange'],
  ['ylim', 'yRange'],
  ['logy', 'yScale'],
])

const plain = (name: string): string => name.replace(/[_-]/g, '').toLowerCase()

/** Which of `names` is meant by one that is none of them: the same in another spelling, another library's, or nearly one. */
export function suggestion(name: string, names: readonly string[]): string | undefined {
  const own = plain(name)
  const elsewhere = ELSEWHERE.get(own)
  if (elsewhere !== undefined && names.includes(elsewhere)) return elsewhere
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(own.length / 3)) + 1
  for (const each of names) {
    const distance = distanceOf(own, plain(each))
    if (distance < least) [nearest, least] = [each, distance]
  }
  return nearest
}

/** How many letters are added, left out, replaced or exchanged with their neighbours between two words. */
function distanceOf(a: string, b: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + Number(a[i - 1] !== b[j - 1])
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforeLast[j - 2] + 1 : replaced
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, replaced, exchanged))
    }
    ;[beforeLast, last] = [last, row]
  }
  return last[b.length]
}
