import { Variable } from '@matgrad/autograd'
import { CompiledFunction } from '@matgrad/autograd/internal'
import { type DType, DTypeError, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import {
  announce,
  checkWhole,
  dependsOn,
  describe,
  didYouMean,
  formatShape,
  guardMethods,
  isPlain,
  keep,
  shorten,
  tracer,
  withTracer,
} from '@matgrad/core/internal'
import { checkMethods, checkSetting } from '../check.ts'
import type { Module } from '../module.ts'
import { nameOf } from '../names.ts'
import { ownerOf } from '../owners.ts'
import { type Changeable, readerLike, type StoredSettings, storeSettings } from './settings.ts'

/** So many steps with gradients of the same parameters are made operation by operation first. */
const PLAIN = 50
/** So many sets of parameters that have gradients are told apart: the one that came first goes when there is one more. */
const MOST_FORMS = 8

export interface LearningRate {
  /** The learning rate. */
  lr: number
}

/** Parameters that share settings of their own. */
export type Group<Settings> = { readonly params: readonly Variable[] } & Partial<Settings>

/** The parameters that an optimiser changes, all with the same settings or in groups. */
export type Parameters<Settings> = readonly Variable[] | readonly Group<Settings>[]

/** What an optimiser remembers of a parameter, by name: its velocity, say. */
export type Memory = Readonly<Record<string, Matrix>>

/** Changes a parameter in place by its gradient. */
export type Update = (parameter: Variable, gradient: Matrix) => void

/** A snapshot of an optimiser: the settings of each group, and its matrices as `<name>.<number of the parameter>`. */
export interface OptimizerState<Settings> {
  readonly groups: readonly Settings[]
  readonly matrices: Readonly<Record<string, Matrix>>
}

/**
 * Lets a schedule begin before learning rates are next read or set, or a step is made.
 *
 * @returns the learning rate of each group that schedules of an optimiser start from: those when the first was made, unless one
 * had others
 */
export let follow: (optimizer: Optimizer, begin: () => void) => readonly number[]

/** Has schedules that are made from now on start from other rates. */
export let rebase: (optimizer: Optimizer, lrs: readonly number[]) => void

/** Lets the schedules that have not begun do so. */
export let beginSchedules: (optimizer: Optimizer) => void

/** A function after which an optimiser remembers the matrices that it does now, and no others; not the numbers in them. */
export let forgetterOf: (optimizer: Optimizer) => () => void

/**
 * Changes parameters in place by their gradients. A subclass says how it updates one parameter, what it remembers of it,
 * and which settings it has: numbers, switches and lists of numbers.
 */
export abstract class Optimizer<Settings extends LearningRate = LearningRate, Remembered extends Memory = Memory> {
  /** The parameters and their settings; each step reads the settings anew. A setting that makes no sense is refused. */
  readonly groups: readonly ({ readonly params: readonly Variable[] } & StoredSettings<Settings>)[]
  private readonly stored: readonly Changeable<Settings>[]
  /** Reads settings that must all be there. */
  private readonly read: (operation: string, given: object) => Settings
  /** The parameters of all groups. */
  private readonly parameters: readonly Variable[]
  /** The modules whose `parameters()` it was made with. @internal */
  readonly owners: readonly Module[]
  private readonly memory: Map<Variable, Remembered> = new Map()
  /** The dtypes that gradients have had, and in how many steps outside compiled functions. */
  private readonly forms: { readonly dtypes: readonly (DType | undefined)[]; steps: number }[] = []
  private readonly compiled: CompiledFunction<(Matrix | null)[], void> = new CompiledFunction((...gradients) =>
    this.updateAll(gradients),
  )
  /** What schedules that were made do before they have any effect, in their order. */
  private begins: (() => void)[] = []
  private isBeginning = false
  /** The learning rates that schedules start from. */
  private initialLrs: readonly number[] | null = null

  static {
    follow = (optimizer, begin) => {
      optimizer.initialLrs ??= optimizer.groups.map(({ settings }) => settings.lr)
      optimizer.begins.push(begin)
      // A program asks whether one has to begin.
      announce()
      return optimizer.initialLrs
    }
    rebase = (optimizer, lrs) => {
      optimizer.initialLrs = lrs
    }
    beginSchedules = (optimizer) => optimizer.settle()
    forgetterOf = ({ memory }) => {
      const before = [...memory]
      return () => {
        memory.clear()
        for (const [parameter, remembered] of before) memory.set(parameter, remembered)
      }
    }
  }

  /**
   * A schedule cannot set its first rates when it is made: the fields of a subclass are not there yet. So it does when one
   * might see them.
   */
  private settle(): void {
    dependsOn(this.begin)
  }

  private readonly begin = (): true => {
    // What a schedule does reads and sets rates, too.
    if (this.isBeginning) return true
    this.isBeginning = true
    try {
      for (let next = this.begins.shift(); next; next = this.begins.shift()) next()
    } finally {
      this.isBeginning = false
    }
    return true
  }

  /**
   * @param defaults the settings of every group that has none of its own
   * @throws DTypeError for a parameter that is not a Variable, or a group's setting of another name or type; MatgradError
   * for no parameter, or one that is named twice; what `check` throws.
   */
  constructor(parameters: Parameters<Settings>, defaults: Settings) {
    const name = nameOf(this)
    checkMethods(this, 'check')
    if (!Array.isArray(parameters))
      throw new DTypeError(
        `${name}: params is ${describe(parameters)}, wanted an array of variables or groups${didYouMean(called(parameters))}`,
      )
    const grouped = parameters.every((each) => isPlain(each) && 'params' in each)
    for (const [i, { params }] of grouped ? parameters.entries() : [])
      if (!Array.isArray(params))
        throw new DTypeError(
          `${name}: params of group ${i} is ${describe(params)}, wanted an array of variables${didYouMean(called(params))}`,
        )
    const groups: Group<Settings>[] = grouped ? [...parameters] : [{ params: parameters } as unknown as Group<Settings>]
    const all = groups.flatMap(({ params }) => params)
    if (all.length === 0) throw new MatgradError(`${name}: got no parameters, wanted at least one`)
    for (const [i, parameter] of all.entries())
      if (!(parameter instanceof Variable))
        throw new DTypeError(`${name}: parameter ${i} is ${describe(parameter)}, wanted a Variable`)
    for (const [i, { origin }] of all.entries())
      if (origin !== null)
        throw new MatgradError(
          `${name}: parameter ${i} was computed by ${origin.op.name}, wanted what it was computed from, made by \`variable\``,
        )
    if (new Set(all).size < all.length) throw new MatgradError(`${name}: a parameter is named twice, wanted once`)
    this.parameters = all
    this.owners = groups.flatMap(({ params }) => ownerOf(params) ?? [])
    this.read = readerLike(defaults, true)
    const readGroup = readerLike(defaults, false)
    this.stored = groups.map(({ params: _, ...given }, i) => {
      const values = readGroup(groups.length > 1 ? `${name}: group ${i}` : name, given)
      this.check(values)
      return storeSettings(
        values,
        (settings) => this.check(this.read(name, settings)),
        () => this.settle(),
      )
    })
    // Frozen, so that nobody expects a step to see another parameter.
    const own = groups.map(({ params }, i) => {
      const group = { params: Object.freeze([...params]), ...this.stored[i] }
      for (const setting of Object.keys(group.settings)) {
        const refuse = (): never => {
          throw new MatgradError(`${name}: got groups[${i}].${setting}, wanted groups[${i}].settings.${setting}`)
        }
        Object.defineProperty(group, setting, { get: refuse, set: refuse })
      }
      return Object.freeze(group)
    })
    this.groups = Object.freeze(own)
  }

  /** @throws MatgradError for settings that make no sense. */
  protected abstract check(settings: Settings): void

  /** What is remembered of a parameter before its first update. */
  protected abstract start(parameter: Variable, settings: Settings): Remembered

  /** The names of what is remembered only of parameters whose update asks for it by this name. */
  protected get optional(): readonly string[] {
    return []
  }

  /**
   * What changes a parameter of the group in place, by a gradient that has its shape and dtype, with operations on matrices. It
   * computes with the group's `number`s: a compiled step does the same again, with the present ones. What it does otherwise by
   * a setting it asks by `dependsOn`.
   */
  protected abstract updateOf(group: StoredSettings<Settings>): Update

  /** The learning rate of the first group; setting it sets that of all. */
  get lr(): number {
    return this.groups[0].settings.lr
  }

  set lr(lr: number) {
    checkSetting(nameOf(this), 'lr', lr, (lr) => lr >= 0, '0 or more')
    for (const { settings } of this.groups) settings.lr = lr
  }

  /**
   * One update of every parameter that has a gradient, unless it is frozen: whose `requiresGrad` is false stays as it is, with
   * the gradient of a time before, too.
   *
   * @throws ShapeError when a gradient has the wrong shape, before any update.
   */
  step(): void {
    this.settle()
    const gradients = this.parameters.map((each) => (isTrained(each) ? each.grad : null))
    for (const [i, grad] of gradients.entries()) {
      const parameter = this.parameters[i]
      if (grad !== null && !((grad as unknown) instanceof Matrix))
        throw new DTypeError(`${nameOf(this)}: a gradient is ${describe(grad)}, wanted a Matrix`)
      if (grad && (grad.rows !== parameter.rows || grad.cols !== parameter.cols))
        throw new ShapeError(
          `${nameOf(this)}: the gradient is ${formatShape(grad.shape)}, the parameter ${formatShape(parameter.shape)}, wanted the same`,
        )
      if (grad) checkWhole(nameOf(this), grad)
    }
    if (tracer === null && isBuiltInOptimizer(this) && this.isUsual(gradients)) this.compiled.call(gradients)
    else this.updateAll(gradients)
  }

  /**
   * Whether a program should make the step: it is faster than the operations one by one, but takes as long as hundreds of them to
   * make, and none changes what it is given.
   */
  private isUsual(gradients: readonly (Matrix | null)[]): boolean {
    const { forms } = this
    let form = forms.find(({ dtypes }) => gradients.every((grad, i) => grad?.dtype === dtypes[i]))
    if (!form) {
      form = { dtypes: gradients.map((grad) => grad?.dtype), steps: 0 }
      if (forms.push(form) > MOST_FORMS) forms.shift()
    }
    return form.steps++ >= PLAIN && !gradients.some((grad) => grad && isValueOf(this.parameters, grad))
  }

  private updateAll(gradients: readonly (Matrix | null)[]): void {
    checkMethods(this, 'start', 'updateOf')
    let i = 0
    for (const group of this.groups) {
      const update = this.updateOf(group)
      for (const parameter of group.params) {
        const gradient = gradients[i++]
        if (gradient)
          update(parameter, gradient.dtype === parameter.dtype ? gradient : gradient.astype(parameter.dtype))
      }
    }
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.grad = null
  }

  /** What is remembered of a parameter, with what is optional if it is named: matrices that the updates change in place. */
  protected recall(parameter: Variable, ...names: readonly string[]): Remembered {
    const known = this.memory.get(parameter)
    if (known && names.every((name) => Object.hasOwn(known, name))) return known
    const started = Object.entries(this.startOf(parameter)).filter(
      ([name]) => !known?.[name] && (names.includes(name) || !this.optional.includes(name)),
    )
    for (const [, matrix] of started) keep(matrix)
    const remembered = { ...known, ...Object.fromEntries(started) } as Remembered
    this.memory.set(parameter, remembered)
    return remembered
  }

  private startOf(parameter: Variable, loaded?: readonly Settings[]): Remembered {
    const i = this.groups.findIndex(({ params }) => params.includes(parameter))
    // What is compiled starts once: the settings of that time are no part of it.
    return this.start(parameter, loaded?.[i] ?? withTracer(null, () => ({ ...this.groups[i].settings })))
  }

  /** A snapshot, which later steps do not change. */
  stateDict(): OptimizerState<Settings> {
    const matrices: Record<string, Matrix> = {}
    for (const [i, parameter] of this.parameters.entries())
      for (const [name, matrix] of Object.entries(this.memory.get(parameter) ?? {}))
        matrices[`${name}.${i}`] = matrix.clone()
    return { groups: this.groups.map(({ settings }) => ({ ...settings })), matrices }
  }

  /**
   * Goes back to a snapshot of an optimiser of the same kind over parameters of the same shapes, wholly or not at all. What
   * the snapshot does not know of a parameter starts anew.
   *
   * @throws MatgradError for another number of groups, an unknown parameter or name, or a parameter of which a matrix is
   * missing; ShapeError for a matrix of another shape; DTypeError for what is no snapshot.
   */
  loadStateDict(state: OptimizerState<Settings>): void {
    const name = nameOf(this)
    if (!Array.isArray(state?.groups) || !isPlain(state.matrices))
      throw new DTypeError(`${name}: the state is ${describe(state)}, wanted a snapshot by stateDict`)
    if (state.groups.length !== this.groups.length)
      throw new MatgradError(`${name}: the state has ${state.groups.length} groups, wanted ${this.groups.length}`)
    const loadedSettings = state.groups.map((settings) => this.read(name, settings))
    for (const settings of loadedSettings) this.check(settings)
    const loaded = this.parameters.map((parameter) => this.startOf(parameter, loadedSettings))
    for (const [key, matrix] of Object.entries(state.matrices)) {
      const [, remembered, number] = /^(.+)\.(\d+)$/.exec(key) ?? []
      const memory = loaded[Number(number)]
      if (!memory)
        throw new MatgradError(`${name}: the state has ${shorten(key)}, wanted one of ${loaded.length} parameters`)
      if (!Object.hasOwn(memory, remembered))
        throw new MatgradError(`${name}: the state has ${shorten(key)}, wanted ${Object.keys(memory).join(' or ')}`)
      const target = memory[remembered]
      if (!(matrix instanceof Matrix) || matrix.rows !== target.rows || matrix.cols !== target.cols)
        throw new ShapeError(
          `${name}: ${shorten(key)} is ${matrix instanceof Matrix ? formatShape(matrix.shape) : describe(matrix)}, wanted ${formatShape(target.shape)}`,
        )
      const missing = Object.keys(memory).find(
        (other) => !this.optional.includes(other) && !Object.hasOwn(state.matrices, `${other}.${number}`),
      )
      if (missing) throw new MatgradError(`${name}: the state has ${shorten(key)}, wanted ${missing}.${number} with it`)
      target.assign(matrix)
    }
    this.settle()
    for (const [i, parameter] of this.parameters.entries()) {
      const own = this.memory.get(parameter)
      for (const [remembered, matrix] of Object.entries(own ?? {})) matrix.assign(loaded[i][remembered])
      const isNew = ([remembered]: [string, Matrix]): boolean =>
        own?.[remembered] === undefined && Object.hasOwn(state.matrices, `${remembered}.${i}`)
      const others = Object.entries(loaded[i]).filter(isNew)
      if (others.length > 0) this.memory.set(parameter, { ...own, ...Object.fromEntries(others) } as Remembered)
    }
    for (const [i, stored] of this.stored.entries()) stored.assign(loadedSettings[i])
  }

  /** Its settings, by groups; so does `console.log` print it. */
  toString(): string {
    const groups = this.groups.map(({ params, settings }) => {
      const all = Object.entries(settings).map(([setting, value]) => `${setting} ${value}`)
      return `  ${all.join(', ')}: ${params.length} parameters`
    })
    return [nameOf(this), ...groups].join('\n')
  }
}

Object.defineProperty(Optimizer.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Optimizer): string {
    return this.toString()
  },
})

guardMethods(Optimizer.prototype, { step: '', zeroGrad: '', stateDict: '', loadStateDict: 'state' }, 'optimizer')

/** How what gives parameters gives them: `model.parameters()` for the method, or for the model. */
const called = (given: unknown): string | undefined =>
  typeof given === 'function'
    ? given.name === 'parameters'
      ? 'model.parameters()'
      : `${given.name || 'it'}()`
    : typeof (given as { parameters?: unknown } | null)?.parameters === 'function'
      ? 'model.parameters()'
      : undefined

/** Whether a matrix is the value of one of the parameters, or has its elements, which only what is pinned can share. */
const isValueOf = (parameters: readonly Variable[], matrix: Matrix): boolean =>
  parameters.some(({ value }) => isShared(value, matrix))

/** Whether a matrix is this one, or may look at the same array. */
export const isShared = (a: Matrix, b: Matrix): boolean =>
  a === b || (b.pinned && a.elements.buffer === b.elements.buffer)

/** Whether a parameter is not frozen. What is compiled asks again when one is frozen, or let go. */
export const isTrained = (parameter: Variable): boolean => dependsOn(() => parameter.requiresGrad)

/** What a class of this package is called, whatever a bundler called it, and how it updates. */
export interface BuiltIn {
  readonly name: string
  readonly updateOf: unknown
}

/** What an optimiser of this package has as methods, beside the `updateOf` that its class has in `builtIn`. */
type Methods = Readonly<Record<'step' | 'zeroGrad' | 'recall' | 'updateOf' | 'start', unknown>>

const { step, zeroGrad, recall } = Optimizer.prototype as unknown as Methods

/** Whether an optimiser is one of this package as it is: its class says so itself, and nobody replaced its methods. */
export function isBuiltInOptimizer(optimizer: Optimizer): boolean {
  const { constructor: type } = optimizer as unknown as { readonly constructor: { readonly builtIn: BuiltIn } }
  const methods = optimizer as unknown as Methods
  return (
    Object.hasOwn(type, 'builtIn') &&
    methods.updateOf === type.builtIn.updateOf &&
    methods.step === step &&
    methods.zeroGrad === zeroGrad &&
    methods.recall === recall &&
    !Object.hasOwn(optimizer, 'start') &&
    !Object.hasOwn(optimizer, 'optional')
  )
}
