import { DTypeError, FormatError, getDefaultGenerator, MatgradError, Matrix } from '@matgrad/core'
import {
  checkNoMore,
  describe,
  didYouMean,
  fromJsonNumber,
  isPlain,
  kind,
  listNames,
  readerOf,
  shorten,
  suggestion,
} from '@matgrad/core/internal'
import { DEPTH, type ModelJson, PLACES, SIGNS } from '../json.ts'
import { Module, type StateDict } from '../module.ts'
import * as layers from './index.ts'
import { withRoom } from './room.ts'

// biome-ignore lint/suspicious/noExplicitAny: a class is given what its own argumentsOf gave
type LayerClass = new (...args: any[]) => Module

export interface FromJsonOptions {
  /**
   * The classes of one's own that the model has layers of, by their names.
   *
   * @default {}
   */
  readonly classes?: Readonly<Record<string, LayerClass>>
}

const readFromJson = readerOf({ classes: kind<Readonly<Record<string, LayerClass>>>('classes by name', isPlain)({}) })

const isLayerClass = (value: unknown): value is LayerClass =>
  typeof value === 'function' && value.prototype instanceof Module

/** The layers of this package, by the names that they are exported with. */
const OURS: ReadonlyMap<string, LayerClass> = new Map(
  Object.entries(layers as Readonly<Record<string, unknown>>).filter((entry): entry is [string, LayerClass] =>
    isLayerClass(entry[1]),
  ),
)

/** So many elements new layers may have for one of the state, and beside: a class may leave out what a layer of it has. */
const GROWTH = 2
const BESIDE = 2 ** 20

/**
 * The model that `toJSON` wrote, made anew: `fromJSON(JSON.parse(text))`. It learns, as every new one does, and draws
 * nothing from the default generator. What is in the text is only data: nothing of it is run.
 *
 * Defaults: classes {}.
 *
 * @throws FormatError, which says where, for what `toJSON` does not write, and for layers that are not known; DTypeError
 * for other options.
 */
export function fromJSON(json: unknown, options?: FromJsonOptions, ...more: []): Module {
  checkNoMore('fromJSON', 'json, options', more)
  const { classes } = readFromJson('fromJSON', options)
  for (const [name, type] of Object.entries(classes))
    if (!isLayerClass(type))
      throw new DTypeError(`fromJSON: class ${shorten(name)} is ${describe(type)}, wanted a class of Module`)
  const hint = typeof json === 'string' ? didYouMean('fromJSON(JSON.parse(text))') : ''
  if (!isPlain(json)) throw new FormatError(`fromJSON: json is ${describe(json)}, wanted an object${hint}`)
  const {
    format,
    version,
    model: description,
    state,
  } = read<ModelJson>(json, 'json', ['format', 'version', 'model', 'state'])
  if (format !== 'matgrad') throw wrong('format', format, '"matgrad"')
  if (version !== 1) throw wrong('version', version, '1')
  const values = readState(state)
  const generator = getDefaultGenerator()
  const { state: drawn } = generator
  try {
    // A text of a few bytes must not make a layer of a gigabyte.
    const size = Object.values(values).reduce((sum, { size }) => sum + size, 0)
    const model = withRoom(GROWTH * size + BESIDE, () =>
      new Reader(new Map(Object.entries(classes))).read(description, 'model', 0),
    )
    if (!(model instanceof Module)) throw wrong('model', model, 'a layer')
    load(model, values)
    return model
  } finally {
    // New layers have drawn the numbers that the state replaces.
    generator.state = drawn
  }
}

const wrong = (path: string, value: unknown, wanted: string): FormatError =>
  new FormatError(`fromJSON: ${shorten(path)} is ${describe(value)}, wanted ${wanted}`)

/** An object with these names and no others. */
function read<T>(
  value: unknown,
  path: string,
  names: readonly (keyof T & string)[],
): { readonly [K in keyof T]: unknown } {
  if (!isPlain(value)) throw wrong(path, value, `an object with ${names.join(', ')}`)
  const other = Object.keys(value).find((name) => !(names as readonly string[]).includes(name))
  if (other !== undefined)
    throw new FormatError(
      `fromJSON: ${shorten(path)} has ${shorten(other)}, wanted ${names.join(', ')}${didYouMean(suggestion(other, names))}`,
    )
  return Object.fromEntries(names.map((name) => [name, Object.hasOwn(value, name) ? value[name] : undefined])) as T
}

function readState(state: unknown): StateDict {
  if (!isPlain(state)) throw wrong('state', state, 'matrices by name')
  return Object.fromEntries(Object.entries(state).map(([name, each]) => [name, readMatrix(each, `state['${name}']`)]))
}

function readMatrix(json: unknown, path: string): Matrix {
  const { rows, cols, dtype, data } = read<ModelJson['state'][string]>(json, path, ['rows', 'cols', 'dtype', 'data'])
  if (dtype !== 'float32' && dtype !== 'float64') throw wrong(`${path}.dtype`, dtype, "'float32' or 'float64'")
  if (!Array.isArray(data)) throw wrong(`${path}.data`, data, 'an array of numbers')
  const elements = dtype === 'float32' ? new Float32Array(data.length) : new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const number = fromJsonNumber(data[i])
    if (number === undefined) throw wrong(`${path}.data[${i}]`, data[i], 'a number')
    elements[i] = number
  }
  return at(path, () => new Matrix(elements, rows as number, cols as number))
}

/** What `work` gives. @throws FormatError that says where, for an error of this package. */
function at<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof MatgradError)) throw error
    throw new FormatError(`fromJSON: ${shorten(path)}: ${error.message}`, { cause: error })
  }
}

/** Gives a new model its numbers. */
function load(model: Module, values: StateDict): void {
  const own = model.stateDict()
  for (const [name, { dtype }] of Object.entries(values))
    if (Object.hasOwn(own, name) && own[name].dtype !== dtype)
      throw wrong(`state['${name}'].dtype`, dtype, `'${own[name].dtype}'`)
  at('state', () => model.loadStateDict(values))
}

class Reader {
  private readonly classes: ReadonlyMap<string, LayerClass>
  /** The layers so far, by their numbers, and in how many places they and their parts are; undefined while they are being made. */
  private readonly made: ({ readonly layer: Module; readonly places: number } | undefined)[] = []
  private places = 0

  constructor(classes: ReadonlyMap<string, LayerClass>) {
    this.classes = classes
  }

  read(json: unknown, path: string, depth: number): unknown {
    if (depth > DEPTH) throw new FormatError(`fromJSON: ${shorten(path)} is too deep, wanted at most ${DEPTH} levels`)
    if (typeof json !== 'object' || json === null) return json
    if (Array.isArray(json)) return json.map((each, i) => this.read(each, `${path}[${i}]`, depth + 1))
    if (!isPlain(json)) throw wrong(path, json, 'what JSON has')
    const sign = SIGNS.find((sign) => Object.hasOwn(json, sign) && typeof json[sign] !== 'object')
    if (sign === 'number') return this.readNumber(json, path)
    if (sign === 'same') return this.readSame(json, path)
    if (sign !== undefined) return this.make(json, sign, path, depth)
    const entries = Object.entries(json).map(([name, each]) => [name, this.read(each, `${path}.${name}`, depth + 1)])
    return Object.fromEntries(entries)
  }

  private readNumber(json: unknown, path: string): number {
    const { number } = read<{ number: string }>(json, path, ['number'])
    return fromJsonNumber(number) ?? fail(wrong(`${path}.number`, number, 'a number'))
  }

  private readSame(json: unknown, path: string): Module {
    const { same } = read<{ same: number }>(json, path, ['same'])
    const made = typeof same === 'number' ? this.made[same] : undefined
    if (!made) throw wrong(`${path}.same`, same, 'the number of a layer before it')
    this.places += made.places
    if (this.places > PLACES)
      throw new FormatError(`fromJSON: ${shorten(path)}: layers are in ${this.places} places, wanted at most ${PLACES}`)
    return made.layer
  }

  private make(json: unknown, sign: 'layer' | 'class', path: string, depth: number): Module {
    const { [sign]: name, arguments: given = [] } = read<{ layer: string; class: string; arguments: [] }>(json, path, [
      sign,
      'arguments',
    ])
    const Type = this.classOf(name, sign, path)
    if (!Array.isArray(given)) throw wrong(`${path}.arguments`, given, 'an array')
    const number = this.made.push(undefined) - 1
    const before = this.places++
    const args = given.map((each, i) => this.read(each, `${path}.arguments[${i}]`, depth + 1))
    const layer = at(path, () => new Type(...args))
    this.made[number] = { layer, places: this.places - before }
    return layer
  }

  private classOf(name: unknown, sign: 'layer' | 'class', path: string): LayerClass {
    const known = sign === 'layer' ? OURS : this.classes
    const found = known.get(name as string)
    if (found) return found
    const names = [...known.keys()]
    const wanted =
      sign === 'layer'
        ? `a layer of this package${didYouMean(suggestion(String(name), names))}`
        : `one of the option classes, which has ${listNames(names)}`
    throw wrong(`${path}.${sign}`, name, wanted)
  }
}

function fail(error: Error): never {
  throw error
}
