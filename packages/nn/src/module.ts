import { constant, noGrad, Variable } from '@matgrad/autograd'
import {
  Generator as Draws,
  DTypeError,
  getDefaultDtype,
  getDefaultGenerator,
  MatgradError,
  Matrix,
  type Shape,
  zeros,
} from '@matgrad/core'
import {
  announce,
  checkNoMore,
  dependsOn,
  describe,
  flag,
  guardMethods,
  isOfAnotherCopy,
  isPlain,
  listNames,
  readerOf,
  registerPackage,
  shorten,
  tracer,
  watch,
  withTracer,
} from '@matgrad/core/internal'
import { isAsMade } from './as-made.ts'
import { checkShaped } from './check.ts'
import { copyOf, otherParts } from './copy.ts'
import { type ModelJson, modelToJson } from './json.ts'
import { locate } from './located.ts'
import { builtInName, nameOf } from './names.ts'
import { ownedBy } from './owners.ts'
import { type InputShape, nested, type Place, readInputShape, table } from './summary.ts'

/** What a layer takes: n samples of `Features` numbers, one a row. */
export type Input<N extends number = number, Features extends number = number> =
  | Variable<N, Features>
  | Matrix<N, Features>

/** `unknown` where samples of F features may enter a layer that takes `In`, else a message that no input is assignable to. */
export type Accepts<F extends number, In extends number> = number extends F | In
  ? unknown
  : F extends In
    ? unknown
    : `forward: got ${F} features, wanted ${In}`

/** A snapshot of parameters and buffers by name. */
export type StateDict = Record<string, Matrix>

registerPackage(() => new Error().stack)

const readLoading = readerOf({ strict: flag(true) })

export type Member = Variable | Matrix | Module

/** Longer paths are shown by their ends. */
const MOST_OF_PATH = 80

/** The parameters, buffers and parts of a module with their names, as `members` gives them. */
let membersOf: (module: Module) => Iterable<[name: string, member: Member]>
/** The matrices of all parameters and buffers. */
export let stateOf: (module: Module) => Matrix[]
/** The parameters and buffers themselves by name. @throws MatgradError where two have the same. */
export let namedOf: (operation: string, module: Module) => Map<string, Variable | Matrix>
let watchForward: (type: { readonly prototype: Module }) => void

/** Sees what each forward gives, while shapes are looked for. */
let observer: ((module: Module, result: unknown) => void) | null = null

function observed(module: Module, result: unknown): unknown {
  if (observer !== null) observer(module, result)
  return result
}

/** What a user's forward gave. @throws DTypeError for a Matrix, through which nothing would be learned, and for nothing. */
function checked(module: Module, result: unknown): unknown {
  if (result === undefined || result instanceof Matrix)
    throw new DTypeError(`${nameOf(module)}: forward gave ${describe(result)}, wanted a Variable`)
  return observed(module, result)
}

/** The functions that do so, with the prototypes whose they are. */
const watching = new WeakMap<object, object>()

/**
 * Whether a module is a layer of this package as it is: its class says so itself, and nobody gave it, or its class, code of
 * their own.
 */
export function isBuiltIn(module: Module): boolean {
  if (builtInName(module.constructor) === undefined || !isAsMade(module)) return false
  const owner = watching.get(module.forward)
  return owner !== undefined && Object.prototype.isPrototypeOf.call(owner, module)
}

/** What holds parts: an array, a Map or a Set, or an object as a literal makes it. */
type Container =
  | readonly unknown[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Readonly<Record<string, unknown>>

const isContainer = (value: unknown): value is Container =>
  typeof value === 'object' &&
  value !== null &&
  (Array.isArray(value) || value instanceof Map || value instanceof Set || isPlain(value))

type See = (name: string | number, value: unknown) => void

/** Calls `see` with the name and the value of each property that is no accessor: what is computed when read is not looked at. */
function eachProperty(object: object, see: See): void {
  for (const name of Object.keys(object)) see(name, Object.getOwnPropertyDescriptor(object, name)?.value)
}

/** Calls `see` with all that is in a container and its name there: a number in an array or a Set, and for an object as a key. */
function eachIn(container: Container, see: See): void {
  let i = 0
  // Not by what a subclass may have in the place of these methods.
  if (container instanceof Map)
    Map.prototype.forEach.call(container, (value: unknown, key: unknown) => {
      see(typeof key === 'object' || typeof key === 'function' ? i : String(key), value)
      i++
    })
  else if (container instanceof Set) Set.prototype.forEach.call(container, (value: unknown) => see(i++, value))
  else if (Array.isArray(container)) for (; i < container.length; i++) see(i, container[i])
  else eachProperty(container, see)
}

/**
 * Calls `see` with the parts that are in a container, and the paths to them, `heads.left.0`. A container that is met twice is
 * gone through once.
 */
function eachMember(owner: Module, path: string, value: Container, see: (path: string, member: Member) => void): void {
  // What most have, and every epoch goes through.
  if (Array.isArray(value) && value.every(isMember)) {
    for (let i = 0; i < value.length; i++) see(`${path}.${i}`, value[i])
    return
  }
  const met = new Set<Container>()
  // Not by recursion, so that no depth is too much.
  const pending: [path: string, value: Member | Container][] = [[path, value]]
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [path, value] = next
    if (isMember(value)) see(path, value)
    if (isMember(value) || met.has(value)) continue
    met.add(value)
    const first = pending.length
    eachIn(value, (name, each) => {
      if (isMember(each) || isContainer(each)) pending.push([`${path}.${name}`, each])
      else checkCopy(owner, `${path}.${name}`, each)
    })
    // The last is taken first.
    for (let i = first, j = pending.length - 1; i < j; i++, j--) [pending[i], pending[j]] = [pending[j], pending[i]]
  }
}

/** @throws DTypeError for what would be a part if it were of this copy of the package: it would be neither trained nor saved. */
function checkCopy(owner: Module, path: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || !isOfAnotherCopy(value)) return
  if (!('forward' in value || 'gatherRows' in value)) return
  const got = `${shorten(path)} is ${describe(value)}`
  throw new DTypeError(`${nameOf(owner)}: ${got}, wanted a Variable, a Matrix or a Module of the same copy`)
}

/** A function that tells whether objects have the properties that they have now, and the containers in them what they hold. */
function sameProperties(...objects: readonly object[]): () => boolean {
  const met = new Set<object>(objects)
  const checks: (() => boolean)[] = []
  // A Set goes on to what is added to it.
  for (const object of met) {
    checks.push(sameWithin(object))
    const values = object instanceof Map || object instanceof Set ? object.values() : Object.values(object)
    for (const value of values) if (isContainer(value)) met.add(value)
  }
  return () => {
    for (let i = 0; i < checks.length; i++) if (!checks[i]()) return false
    return true
  }
}

/** The same of one object, without what is in its containers. */
function sameWithin(object: object): () => boolean {
  if (Array.isArray(object)) return sameElements(object)
  if (object instanceof Map || object instanceof Set) return sameEntries(object)
  const properties = object as Readonly<Record<string, unknown>>
  const names = Object.keys(object)
  const values = names.map((name) => properties[name])
  return () => {
    let count = 0
    for (const _ in object) count++
    if (count !== names.length) return false
    for (let i = 0; i < names.length; i++) if (!Object.is(properties[names[i]], values[i])) return false
    return true
  }
}

/** A function that tells whether an array has the elements that it has now. */
export function sameElements(array: readonly unknown[]): () => boolean {
  const elements = [...array]
  return () => {
    if (array.length !== elements.length) return false
    for (let i = 0; i < elements.length; i++) if (!Object.is(array[i], elements[i])) return false
    return true
  }
}

/** A function that tells whether a Map or a Set has the entries that it has now, in their order. */
function sameEntries(entries: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>): () => boolean {
  const before = [...entries.entries()].flat()
  return () => {
    if (2 * entries.size !== before.length) return false
    let i = 0
    for (const [key, value] of entries.entries())
      if (!Object.is(key, before[i++]) || !Object.is(value, before[i++])) return false
    return true
  }
}

/**
 * A function with parameters, and how one writes a layer:
 *
 *     class Centre extends Module {
 *       scale = variable(ones(1, 4))
 *       forward(x: Variable) {
 *         return x.sub(x.mean(1)).mul(this.scale)
 *       }
 *     }
 *
 * The `forward` of a class is always handed variables: every Matrix among its arguments, from `fit`, `predict`, another layer
 * or any other caller, becomes a constant first. A `forward` that is a property of its own (an arrow function) gets from `fit`,
 * `evaluate`, `predict` and `Sequential` a Variable, too, and from others what they give. For types, callers give what
 * `forward` declares: of `forward(x: Variable)` a `constant(matrix)`. An overload above it lets them give a Matrix,
 * `forward(x: Input): Variable`. In the place of both, `Input` alone would not do: its methods give a Matrix for all that types
 * know, so that a result of them is none of a layer.
 *
 * Properties of a subclass are found by what they hold: a Variable, unless it was computed, is a parameter, a Matrix a
 * buffer (state that is saved but not trained), a Module a part; arrays, Maps, Sets and plain objects, in one another too, hold
 * any of these. Names join with dots, as in PyTorch: `hidden.weight`, `blocks.0.1.bias`, `heads.left.weight`.
 *
 * What is elsewhere is neither trained nor saved: in a `#private` field, which nobody can see, in an accessor or in an object
 * of another class. `register` makes it known: `#layer = this.register('layer', new Linear(2, 1))`.
 *
 * A part may refer to one that it is in. Where parts do, each of them has one name alone, the first on the way from the top.
 *
 * The type parameters are the numbers of features of a sample that go in and come out, where they are known.
 */
export abstract class Module<In extends number = number, Out extends number = number> {
  /** Tells Sequential's types what goes in and comes out. */
  declare readonly features: readonly [In, Out]

  #learns = true
  /** Whether programs were traced that depend on it. */
  #isAsked = false
  /** What `register` was given, by name. */
  readonly #registered: Map<string, unknown> = new Map()

  constructor(...more: []) {
    // Arguments come here where a class has no constructor.
    const name = builtInName(new.target)
    if (name !== undefined) checkNoMore(name, '', more)
    watchForward(new.target)
  }

  /** Whether layers that behave differently while they learn, such as Dropout, do so. Set by `train` and `eval`. */
  get training(): boolean {
    if (tracer === null) return this.#learns
    this.#isAsked = true
    return dependsOn(() => this.#learns)
  }

  set training(training: boolean) {
    if (typeof training !== 'boolean')
      throw new DTypeError(`${nameOf(this)}: training is ${describe(training)}, wanted true or false`)
    if (training === this.#learns) return
    this.#learns = training
    if (this.#isAsked) announce()
  }

  /** The fewest rows that `forward` takes in the present mode: `fit` refuses smaller batches before its first step. */
  get leastRows(): number {
    return 1
  }

  /**
   * The layer's function of samples, one a row: nxIn → nxOut. Callers may give a Variable or a Matrix; the method of a class
   * always gets variables, each Matrix among its arguments as a constant. One that `fit` does not call may take more of them.
   * For types a class that declares `forward(x: Variable)` alone wants variables of callers, too; an overload
   * `forward(x: Input): Variable` says both.
   */
  abstract forward(x: Input, ...others: never[]): Variable<number, Out>

  /**
   * A function that tells whether this module still is what it is now: whether `forward` would do the same with the same
   * numbers, its parts aside; null where nothing can change. Compiled functions that went through the module ask it before
   * each call. It compares all properties, what arrays, Maps, Sets and plain objects in them hold, and what is registered.
   */
  protected unchanged(): (() => boolean) | null {
    return isBuiltIn(this) && Object.keys(this).length === 0 ? null : sameProperties(this, this.#registered)
  }

  /** Makes a program that is being traced depend on what this module and its parts are. */
  #watch(): void {
    for (const module of this.modules()) {
      const { forward } = module
      tracer?.assume(() => module.forward === forward)
      watch(module, () => module.unchanged())
    }
  }

  /**
   * Makes the forward of a class, and of those above it, take variables in the place of matrices, tell the program that is being
   * traced which modules it is of, and announce when another takes its place.
   */
  static {
    watchForward = (type) => {
      for (let { prototype } = type; prototype !== Module.prototype; prototype = Object.getPrototypeOf(prototype)) {
        const forward: unknown = Object.hasOwn(prototype, 'forward') ? prototype.forward : undefined
        if (typeof forward !== 'function' || watching.has(forward)) continue
        const name = builtInName(prototype.constructor)
        const operand = (x: unknown): unknown => variableOf(name as string, x as Input)
        const watched = {
          forward(this: Module, x: unknown): unknown {
            if (tracer?.isWatching) this.#watch()
            // Rest parameters are an array, which every layer would make in every step.
            // biome-ignore lint/complexity/noArguments: see above
            const given = arguments
            try {
              if (name === undefined) return checked(this, forward.apply(this, Array.from(given, asVariable)))
              if (given.length === 1) return observed(this, forward.call(this, x instanceof Variable ? x : operand(x)))
              checkNoMore(name, 'x', Array.from(given).slice(1), 'forward(x)')
              return forward.call(this, operand(x))
            } catch (error) {
              locate(error, this, membersOf)
              throw error
            }
          },
        }
        watching.set(watched.forward, prototype)
        let present: unknown = watched.forward
        Object.defineProperty(prototype, 'forward', {
          configurable: true,
          get: () => present,
          set(value: unknown) {
            const own = { value, writable: true, enumerable: true, configurable: true }
            if (this === prototype) present = value
            else Object.defineProperty(this, 'forward', own)
            announce()
          },
        })
      }
    }
  }

  /**
   * Makes known a parameter, a buffer, a part or a container of them that is in no public property, under a name of its own;
   * the same name again replaces it. A compiled function sees that it was replaced when the new one is registered.
   *
   * @returns `part` itself
   * @throws DTypeError for a name that is no string, or empty, and for what holds no parts.
   */
  protected register<Part extends object>(name: string, part: Part): Part {
    const operation = `${nameOf(this)}: register`
    if (typeof name !== 'string' || name === '')
      throw new DTypeError(`${operation}: name is ${describe(name)}, wanted a string`)
    if (!isMember(part) && !isContainer(part))
      throw new DTypeError(
        `${operation}: ${shorten(name)} is ${describe(part)}, wanted a Variable, a Matrix or a Module, or an array, Map, Set or object of them`,
      )
    this.#registered.set(name, part)
    return part
  }

  /** @throws MatgradError where a module has something of its own in the place of the method. */
  static {
    membersOf = (module) => {
      if (typeof module.members === 'function') return module.members()
      const got = `members is ${describe(module.members)}`
      throw new MatgradError(`${nameOf(module)}: ${got}, wanted the method of Module: give it another name`)
    }
  }

  /** The parameters, buffers and parts with their names, in the order of their definition; those that are registered last. */
  protected members(): Iterable<[name: string, member: Member]> {
    const members: [string, Member][] = []
    const see: See = (name, value) => {
      if (isMember(value)) members.push([String(name), value])
      else if (isContainer(value)) eachMember(this, String(name), value, (path, member) => members.push([path, member]))
      else checkCopy(this, String(name), value)
    }
    eachProperty(this, see)
    if (this.#registered.size > 0) for (const [name, value] of this.#registered) see(name, value)
    return members
  }

  /** This module and all its parts, each once. */
  *modules(): Generator<Module> {
    const seen = new Set<Module>()
    const pending: Module[] = [this]
    for (let module = pending.shift(); module; module = pending.shift()) {
      if (seen.has(module)) continue
      seen.add(module)
      yield module
      for (const [, member] of membersOf(module)) if (member instanceof Module) pending.push(member)
    }
  }

  /** The parameters and buffers with their names: all of them, or `once`, where a part is in itself, one for each part. */
  #named(once = false): [name: string, value: Variable | Matrix][] {
    const found: [string, Variable | Matrix][] = []
    const met = new Set<Module>()
    // Not by recursion, so that no depth is too much.
    const path: { module: Module; prefix: string; members: Iterator<[string, Member]> }[] = []
    const enter = (module: Module, prefix: string): void => {
      met.add(module)
      path.push({ module, prefix, members: membersOf(module)[Symbol.iterator]() })
    }
    enter(this, '')
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const next = last.members.next()
      if (next.done) {
        path.pop()
        if (!once) met.delete(last.module)
        continue
      }
      const [name, member] = next.value
      if (!isMember(member)) continue
      if (!(member instanceof Module)) found.push([last.prefix + name, member])
      else if (!met.has(member)) enter(member, `${last.prefix}${name}.`)
      else if (!once) return this.#named(true)
    }
    return found
  }

  static {
    stateOf = (module) => module.#named(true).map(([, value]) => matrixOf(value))
    namedOf = (operation, module) => module.#byName(operation)
  }

  /** The same by name. @throws MatgradError where two have the same. */
  #byName(operation: string): Map<string, Variable | Matrix> {
    const found = new Map<string, Variable | Matrix>()
    for (const [name, value] of this.#named()) {
      if ((found.get(name) ?? value) !== value)
        throw new MatgradError(`${operation}: two members are called ${shorten(name)}, wanted a name for each`)
      found.set(name, value)
    }
    return found
  }

  /** The parameters with their names, each once: one that is shared has the first of them, as in PyTorch; `stateDict` has all. */
  namedParameters(): [name: string, parameter: Variable][] {
    const met = new Set<unknown>()
    return this.#named().filter((entry): entry is [string, Variable] => {
      if (met.has(entry[1])) return false
      met.add(entry[1])
      return entry[1] instanceof Variable
    })
  }

  /** The parameters, each once: what an optimiser takes. */
  parameters(): Variable[] {
    const list = [...new Set(this.namedParameters().map(([, parameter]) => parameter))]
    return ownedBy(this, list)
  }

  /**
   * Copies of all parameters and buffers, which later training does not change.
   *
   * @throws MatgradError where two have the same name, such as `heads['a.b']` and `heads.a.b`.
   */
  stateDict(): StateDict {
    return Object.fromEntries([...this.#byName('stateDict')].map(([name, value]) => [name, matrixOf(value).clone()]))
  }

  /**
   * Copies values by name into the parameters and buffers, all or, if anything is wrong, none.
   *
   * Defaults: strict true.
   *
   * @param options.strict whether every name must be present on both sides
   * @returns the names that were missing from `state`, and those that this module does not have
   * @throws MatgradError for a name without counterpart when strict; ShapeError for a value of another shape; DTypeError
   * for one that is not a Matrix, and for other options.
   */
  loadStateDict(
    state: Readonly<StateDict>,
    options?: { strict?: boolean },
  ): { missing: string[]; unexpected: string[] } {
    if (!isPlain(state)) throw new DTypeError(`loadStateDict: state is ${describe(state)}, wanted matrices by name`)
    const { strict } = readLoading('loadStateDict', options)
    const own = this.#byName('loadStateDict')
    const missing = [...own.keys()].filter((name) => !Object.hasOwn(state, name))
    const unexpected = Object.keys(state).filter((name) => !own.has(name))
    if (strict && missing.length + unexpected.length > 0)
      throw new MatgradError(`loadStateDict: missing ${listNames(missing)}; unexpected ${listNames(unexpected)}`)
    const pairs = [...own].filter(([name]) => Object.hasOwn(state, name))
    for (const [name, { shape }] of pairs) checkShaped(`loadStateDict: ${shorten(name)} is`, state[name], shape)
    for (const [name, value] of pairs) matrixOf(value).assign(state[name])
    return { missing, unexpected }
  }

  /**
   * What `JSON.stringify` writes, and `fromJSON` makes a model of again: the layers with the arguments of their
   * constructors, and the parameters and buffers with every bit, as numbers. It is for small models; `saveModel` writes
   * the parameters and buffers alone, in bytes.
   *
   * Not in it are the settings of a moment (what is frozen, gradients, `training`) and what only makes new numbers:
   * initialisers, generators. A layer that is used twice stays one. A class of one's own has a static method
   * `argumentsOf`, which gives for a layer what its constructor must be given to make one of the same structure: `static
   * argumentsOf(layer: Centre) { return [layer.size] }`.
   *
   * @throws MatgradError for a layer that does not say how it is made, has code of its own, or anything that its constructor
   * does not make of those arguments; where one parameter is in two layers, and for a layer that is in itself.
   */
  toJSON(): ModelJson {
    return modelToJson(this, { membersOf, isBuiltIn })
  }

  /**
   * A copy with parameters, buffers and generators of its own, whose values are those of this module (PyTorch's
   * `copy.deepcopy`): what is trained, frozen or drawn by one does not change the other. A part, parameter or buffer that is
   * used twice stays one; gradients, what is frozen and `training` are as here. The function of a Lambda is the same.
   *
   * A class of one's own is copied property by property, without its constructor. One that has functions, `#private` fields or
   * objects of other classes has `static argumentsOf(layer)`, the arguments of its constructor, as for `toJSON`; all other
   * properties, and what is registered, are as in this module then, too; a `#private` field that holds anything else is as the
   * constructor makes it.
   *
   * @throws MatgradError for a layer with a property that nobody knows how to copy.
   */
  clone(): this {
    const copies = copyOf(this, { Base: Module, isContainer, registeredOf: (module) => module.#registered })
    const copy = copies.get(this) as this
    const [own, others] = [this.#byName('clone'), copy.#byName('clone')]
    const lost = [...own].filter(([name, value]) => others.get(name)?.shape.join() !== value.shape.join())
    if (lost.length > 0 || others.size > own.size)
      throw new MatgradError(
        `clone: the constructors made others than ${listNames(lost.length > 0 ? lost.map(([name]) => name) : [...own.keys()])}, wanted the same by argumentsOf`,
      )
    for (const [name, value] of own) {
      const other = others.get(name) as Variable | Matrix
      matrixOf(other).assign(matrixOf(value))
      if (!(value instanceof Variable && other instanceof Variable)) continue
      if (other.origin === null) other.requiresGrad = value.requiresGrad
      other.grad = value.grad?.clone() ?? null
    }
    const parts = new Set(copy.modules())
    for (const module of this.modules()) {
      const other = copies.get(module) as Module | undefined
      if (other === undefined || !parts.delete(other)) throw otherParts(module)
      other.#learns = module.#learns
    }
    if (parts.size > 0) throw otherParts(this)
    return copy
  }

  /**
   * Freezes all parameters, `model.layers[0].requiresGrad_(false)`, or lets them go again (PyTorch's `requires_grad_`): frozen
   * ones get no gradient, and optimisers and gradient clipping leave them out.
   *
   * Defaults: requiresGrad true.
   *
   * @throws DTypeError unless it is true or false.
   */
  requiresGrad_(requiresGrad = true): this {
    const parameters = this.parameters()
    if (typeof requiresGrad !== 'boolean')
      throw new DTypeError(`requiresGrad_: got ${describe(requiresGrad)}, wanted true or false`)
    for (const parameter of parameters) parameter.requiresGrad = requiresGrad
    return this
  }

  /**
   * Switches this module and its parts to learning, or out of it. `fit` switches its model to learning, but for parts that were
   * out of it while the model was in it, such as a BatchNorm1d whose statistics should stay.
   */
  train(training = true): this {
    for (const module of this.modules()) module.training = training
    return this
  }

  /** Switches this module and its parts out of learning. */
  eval(): this {
    return this.train(false)
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null
  }

  /** One line on this layer, such as `Linear(2 → 16)`. */
  describe(): string {
    return nameOf(this)
  }

  /** This module and all its parts by every name, depth first; what is in a part is gone through once. */
  *#places(): Generator<Place> {
    const met = new Set<Module>()
    const inside: { path: string; members: Iterator<[string, Member]> }[] = []
    const enter = (module: Module, name: string, path: string): Place => {
      const place = { module, name, path, depth: inside.length, isRepeated: met.has(module) }
      met.add(module)
      if (!place.isRepeated) inside.push({ path: path && `${path}.`, members: membersOf(module)[Symbol.iterator]() })
      return place
    }
    yield enter(this, '', '')
    for (let last = inside.at(-1); last; last = inside.at(-1)) {
      const next = last.members.next()
      if (next.done) inside.pop()
      else if (next.value[1] instanceof Module) {
        const [name, module] = next.value
        // Where a thousand modules are in one another, paths would take a thousand times as long.
        yield enter(module, name, last.path.length < MOST_OF_PATH ? last.path + name : `…${name}`)
      }
    }
  }

  /**
   * The shapes of what this module and its parts give, out of learning, for zeros of a shape; the last of a part that is used
   * several times. Generators and all that is in the state are afterwards what they were.
   *
   * @throws what forward throws.
   */
  #shapesFor(rows: number, features: number): Map<Module, Shape> {
    const modules = [...this.modules()]
    const learning = modules.filter((module) => module.#learns)
    const state = modules.every(isBuiltIn) ? [] : stateOf(this).map((matrix) => [matrix, matrix.clone()] as const)
    const generators = new Set([getDefaultGenerator()])
    for (const module of modules)
      eachProperty(module, (_name, value) => {
        if (value instanceof Draws) generators.add(value)
      })
    const states = [...generators].map((generator) => [generator, generator.state] as const)
    const shapes = new Map<Module, Shape>()
    const before = observer
    observer = (module, result) => {
      if (result instanceof Variable || result instanceof Matrix) shapes.set(module, result.shape)
    }
    try {
      // Nobody is told: it is as before when others ask.
      for (const module of learning) module.#learns = false
      const dtype = this.parameters().at(0)?.dtype ?? getDefaultDtype()
      withTracer(null, () => noGrad(() => this.forward(zeros(rows, features, { dtype }))))
    } finally {
      observer = before
      for (const module of learning) module.#learns = true
      for (const [matrix, values] of state) if (!matrix.equals(values)) matrix.assign(values)
      for (const [generator, was] of states)
        if (generator.state.some((word, i) => word !== was[i])) generator.state = was
    }
    return shapes
  }

  /**
   * A table of this module and its parts, with their names in the state, the shapes of their parameters and how many numbers these
   * are, each parameter counted once; below it all of them, and the bytes of parameters and buffers.
   *
   * @param inputShape how many features samples have, or [rows, features]: the table then has the shapes that come out, n for
   * as many rows as go in. They are found by a forward pass of zeros out of learning, which changes neither the state nor
   * generators.
   * @throws DTypeError or ShapeError for another inputShape; what forward throws.
   */
  summary(inputShape?: InputShape): string {
    const input = inputShape === undefined ? undefined : readInputShape(inputShape)
    const shapes = input && this.#shapesFor(input.rows, input.features)
    const counted = new Set<Variable>()
    const state = new Set<Matrix>()
    const lines = [...this.#places()].map((place) => {
      const own: [string, Variable][] = []
      for (const [name, member] of place.isRepeated ? [] : membersOf(place.module)) {
        if (member instanceof Variable) own.push([name, member])
        if (!(member instanceof Module)) state.add(matrixOf(member))
      }
      const parameters = own.map(([, parameter]) => parameter).filter((each) => !counted.has(each))
      for (const parameter of parameters) counted.add(parameter)
      return { ...place, own, parameters, shape: shapes?.get(place.module) }
    })
    return table(lines, state, input)
  }

  /** Its parts in one another, as PyTorch prints them; so does `console.log`. */
  toString(): string {
    return nested(this.#places())
  }
}

Object.defineProperty(Module.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Module): string {
    return this.toString()
  },
})

guardMethods(
  Module.prototype,
  {
    ...{ modules: '', parameters: '', namedParameters: '', stateDict: '', loadStateDict: 'state, options' },
    ...{ train: 'training', eval: '', zeroGrad: '', describe: '', summary: 'inputShape' },
    ...{ clone: '', requiresGrad_: 'requiresGrad' },
  },
  'model',
)

/** @throws DTypeError unless `model` is a Module. */
export function checkModule(operation: string, model: Module): void {
  if (!((model as unknown) instanceof Module))
    throw new DTypeError(`${operation}: model is ${describe(model)}, wanted a Module`)
  if (typeof (model as Partial<Module>).forward !== 'function')
    throw new DTypeError(`${operation}: ${nameOf(model)} has no method forward, wanted one`)
}

/** What a model gives for samples, which it gets as a Variable. @throws DTypeError unless it gives one. */
export function forwardOf(operation: string, model: Module, x: Matrix): Variable {
  const prediction: unknown = model.forward(constant(x))
  if (prediction instanceof Variable) return prediction
  const gave = `the forward of ${nameOf(model)} gave ${describe(prediction)}`
  throw new DTypeError(`${operation}: ${gave}, wanted a Variable`)
}

/** A Matrix as a constant; anything else as it is. */
const asVariable = (x: unknown): unknown => (x instanceof Matrix ? constant(x) : x)

/** What goes into a layer or loss of this name, as a variable. @throws DTypeError for what is neither Variable nor Matrix. */
export function variableOf<N extends number, F extends number>(name: string, x: Input<N, F>): Variable<N, F> {
  if (x instanceof Variable) return x
  if (!((x as unknown) instanceof Matrix))
    throw new DTypeError(`${name}: operand is ${describe(x)}, wanted a Variable or a Matrix`)
  return constant(x)
}

/** A variable that was computed is what some forward left: no parameter, which steps would change in vain. */
const isMember = (value: unknown): value is Member =>
  value instanceof Variable ? value.origin === null : value instanceof Matrix || value instanceof Module

const matrixOf = (value: Variable | Matrix): Matrix => (value instanceof Variable ? value.value : value)
