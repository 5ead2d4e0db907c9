import { constant, Variable } from '@matgrad/autograd'
import { DTypeError, MatgradError, Matrix } from '@matgrad/core'
import {
  announce,
  dependsOn,
  describe,
  flag,
  formatShape,
  isPlain,
  listNames,
  readerOf,
  shorten,
  tracer,
  watch,
} from '@matgrad/core/internal'
import { isAsMade } from './as-made.ts'
import { checkShaped } from './check.ts'

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

const readLoading = readerOf({ strict: flag(true) })

export type Member = Variable | Matrix | Module

let watchForward: (type: { readonly prototype: Module }) => void

/** The functions that do so, with the prototypes whose they are. */
const watching = new WeakMap<object, object>()

/**
 * Whether a module is a layer of this package as it is: its class says so itself, and nobody gave it, or its class, code of
 * their own.
 */
export function isBuiltIn(module: Module): boolean {
  if (!(Object.hasOwn(module.constructor, 'builtIn') && isAsMade(module))) return false
  const owner = watching.get(module.forward)
  return owner !== undefined && Object.prototype.isPrototypeOf.call(owner, module)
}

/**
 * A function that tells whether an object has the properties that it has now, arrays among them their elements, and plain
 * objects their properties.
 */
function sameProperties(object: object, above: readonly object[] = []): () => boolean {
  const properties = object as Readonly<Record<string, unknown>>
  const names = Object.keys(object)
  const values = names.map((name) => properties[name])
  const inside = [...above, object]
  const lists = values.flatMap((value) => {
    if (Array.isArray(value)) return sameElements(value)
    return isPlain(value) && !inside.includes(value) ? sameProperties(value, inside) : []
  })
  return () => {
    let count = 0
    for (const _ in object) count++
    if (count !== names.length) return false
    for (let i = 0; i < names.length; i++) if (!Object.is(properties[names[i]], values[i])) return false
    for (let i = 0; i < lists.length; i++) if (!lists[i]()) return false
    return true
  }
}

/** A function that tells whether an array has the elements that it has now. */
export function sameElements(array: readonly unknown[]): () => boolean {
  const elements = [...array]
  return () => {
    if (array.length !== elements.length) return false
    for (let i = 0; i < elements.length; i++) if (array[i] !== elements[i]) return false
    return true
  }
}

/**
 * A function with parameters. Properties of a subclass are found by what they hold: a Variable is a parameter, a Matrix a
 * buffer (state that is saved but not trained), a Module or an array of them a part. Names join with dots, as in PyTorch:
 * `hidden.weight`, `layers.0.bias`.
 *
 * The type parameters are the numbers of features of a sample that go in and come out, where they are known.
 */
export abstract class Module<In extends number = number, Out extends number = number> {
  /** Tells Sequential's types what goes in and comes out. */
  declare readonly features: readonly [In, Out]

  #learns = true

  constructor() {
    watchForward(new.target)
  }

  /** Whether layers that behave differently while they learn, such as Dropout, do so. Set by `train` and `eval`. */
  get training(): boolean {
    return dependsOn(() => this.#learns)
  }

  set training(training: boolean) {
    if (typeof training !== 'boolean')
      throw new DTypeError(`${this.constructor.name}: training is ${describe(training)}, wanted true or false`)
    if (training === this.#learns) return
    this.#learns = training
    announce()
  }

  /** The layer's function of samples, one a row: nxIn → nxOut. */
  abstract forward(x: Input): Variable<number, Out>

  /**
   * A function that tells whether this module still is what it is now: whether `forward` would do the same with the same
   * numbers, its parts aside; null where nothing can change. Compiled functions that went through the module ask it before
   * each call. It compares all properties, and the elements of those that are arrays.
   */
  protected unchanged(): (() => boolean) | null {
    return isBuiltIn(this) && Object.keys(this).length === 0 ? null : sameProperties(this)
  }

  /** Makes a program that is being traced depend on what this module and its parts are. */
  private watch(): void {
    for (const module of this.modules()) {
      const { forward } = module
      tracer?.assume(() => module.forward === forward)
      watch(module, () => module.unchanged())
    }
  }

  /**
   * Makes the forward of a class, and of those above it, tell the program that is being traced which modules it is of, and
   * announce when another takes its place.
   */
  static {
    watchForward = (type) => {
      for (let { prototype } = type; prototype !== Module.prototype; prototype = Object.getPrototypeOf(prototype)) {
        const forward: unknown = Object.hasOwn(prototype, 'forward') ? prototype.forward : undefined
        if (typeof forward !== 'function' || watching.has(forward)) continue
        const watched = {
          forward(this: Module, x: unknown): unknown {
            if (tracer?.isWatching) this.watch()
            // Rest parameters are an array, which every layer would make in every step.
            // biome-ignore lint/complexity/noArguments: see above
            return arguments.length === 1 ? forward.call(this, x) : forward.apply(this, arguments)
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

  /** The parameters, buffers and parts with their names, in the order of their definition. */
  protected *members(): Iterable<[name: string, member: Member]> {
    for (const name of Object.keys(this)) {
      // What is computed when it is read is none of them, and nobody expects it to be computed for this.
      const value: unknown = Object.getOwnPropertyDescriptor(this, name)?.value
      if (isMember(value)) yield [name, value]
      else if (Array.isArray(value))
        for (const [i, each] of value.entries()) if (isMember(each)) yield [`${name}.${i}`, each]
    }
  }

  /** This module and all its parts, each once. */
  *modules(): Generator<Module> {
    const seen = new Set<Module>()
    const pending: Module[] = [this]
    for (let module = pending.shift(); module; module = pending.shift()) {
      if (seen.has(module)) continue
      seen.add(module)
      yield module
      for (const [, member] of module.members()) if (member instanceof Module) pending.push(member)
    }
  }

  private *named(prefix = ''): Generator<[name: string, value: Variable | Matrix]> {
    for (const [name, member] of this.members())
      if (member instanceof Module) yield* member.named(`${prefix}${name}.`)
      else yield [prefix + name, member]
  }

  /** The parameters with their names; one that is shared has several. */
  namedParameters(): [name: string, parameter: Variable][] {
    return [...this.named()].filter((entry): entry is [string, Variable] => entry[1] instanceof Variable)
  }

  /** The parameters, each once: what an optimiser takes. */
  parameters(): Variable[] {
    return [...new Set(this.namedParameters().map(([, parameter]) => parameter))]
  }

  /** Copies of all parameters and buffers, which later training does not change. */
  stateDict(): StateDict {
    return Object.fromEntries([...this.named()].map(([name, value]) => [name, matrixOf(value).clone()]))
  }

  /**
   * Copies values by name into the parameters and buffers, all or, if anything is wrong, none.
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
    if (typeof state !== 'object' || state === null)
      throw new DTypeError(`loadStateDict: state is ${describe(state)}, wanted matrices by name`)
    const { strict } = readLoading('loadStateDict', options)
    const own = new Map(this.named())
    const missing = [...own.keys()].filter((name) => !Object.hasOwn(state, name))
    const unexpected = Object.keys(state).filter((name) => !own.has(name))
    if (strict && missing.length + unexpected.length > 0)
      throw new MatgradError(`loadStateDict: missing ${listNames(missing)}; unexpected ${listNames(unexpected)}`)
    const pairs = [...own].filter(([name]) => Object.hasOwn(state, name))
    for (const [name, { shape }] of pairs) checkShaped(`loadStateDict: ${shorten(name)} is`, state[name], shape)
    for (const [name, value] of pairs) matrixOf(value).assign(state[name])
    return { missing, unexpected }
  }

  /** Switches this module and its parts to learning, or out of it. */
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
    return this.constructor.name
  }

  /** A table of the parts with the shapes of their parameters and how many numbers they learn. */
  summary(): string {
    const rows = [...this.modules()].map((module) => {
      const own = [...module.members()].filter((entry): entry is [string, Variable] => entry[1] instanceof Variable)
      const shapes = own.map(([name, { shape }]) => `${name} ${formatShape(shape)}`)
      return [module.describe(), shapes.join(', '), String(countOf(own.map(([, parameter]) => parameter)) || '')]
    })
    const [first, second] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)))
    const lines = rows.map(([layer, shapes, count]) =>
      `${layer.padEnd(first)}  ${shapes.padEnd(second)}  ${count}`.trimEnd(),
    )
    return [...lines, `${countOf(this.parameters())} parameters`].join('\n')
  }
}

const countOf = (parameters: readonly Variable[]): number =>
  parameters.reduce((total, { rows, cols }) => total + rows * cols, 0)

/** @throws DTypeError unless `model` is a Module. */
export function checkModule(operation: string, model: Module): void {
  if (!((model as unknown) instanceof Module))
    throw new DTypeError(`${operation}: model is ${describe(model)}, wanted a Module`)
  if (typeof (model as Partial<Module>).forward !== 'function')
    throw new DTypeError(`${operation}: ${model.constructor.name} has no method forward, wanted one`)
}

/** What a model gives for samples. @throws DTypeError unless it is a Variable. */
export function forwardOf(operation: string, model: Module, x: Matrix): Variable {
  const prediction: unknown = model.forward(x)
  if (prediction instanceof Variable) return prediction
  const gave = `the forward of ${model.constructor.name} gave ${describe(prediction)}`
  throw new DTypeError(`${operation}: ${gave}, wanted a Variable`)
}

/** What goes into a layer or loss of this name, as a variable. @throws DTypeError for what is neither Variable nor Matrix. */
export function variableOf<N extends number, F extends number>(name: string, x: Input<N, F>): Variable<N, F> {
  if (x instanceof Variable) return x
  if (!((x as unknown) instanceof Matrix))
    throw new DTypeError(`${name}: operand is ${describe(x)}, wanted a Variable or a Matrix`)
  return constant(x)
}

const isMember = (value: unknown): value is Member =>
  value instanceof Variable || value instanceof Matrix || value instanceof Module

const matrixOf = (value: Variable | Matrix): Matrix => (value instanceof Variable ? value.value : value)
