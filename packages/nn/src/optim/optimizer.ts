import { Variable } from '@matgrad/autograd'
import { checkNumber, DTypeError, describe, formatShape, MatgradError, Matrix, ShapeError } from '@matgrad/core'

export interface LearningRate {
  /** The learning rate. */
  lr: number
}

/** Parameters that share settings of their own. */
export type Group<Settings> = { readonly params: readonly Variable[] } & Partial<Settings>

/** The parameters that an optimiser changes, all with the same settings or in groups. */
export type Parameters<Settings> = readonly Variable[] | readonly Group<Settings>[]

/** A snapshot of an optimiser: the settings of each group, and its matrices as `<name>.<number of the parameter>`. */
export interface OptimizerState<Settings> {
  readonly groups: readonly Settings[]
  readonly matrices: Readonly<Record<string, Matrix>>
}

/** Changes parameters in place by their gradients. A subclass says how it updates one parameter. */
export abstract class Optimizer<Settings extends LearningRate = LearningRate> {
  /** The parameters and their settings; each step reads the settings anew. */
  readonly groups: readonly { readonly params: readonly Variable[]; readonly settings: Settings }[]
  /** The parameters of all groups. */
  private readonly parameters: readonly Variable[]
  /** What the optimiser remembers of a parameter, by name: its velocity, say. */
  private readonly memory: Map<Variable, Map<string, Matrix>> = new Map()

  /**
   * @throws DTypeError for a parameter that is not a Variable; MatgradError for no parameter, or one that is named twice;
   * what `check` throws.
   */
  constructor(parameters: Parameters<Settings>, defaults: Settings) {
    const name = this.constructor.name
    if (!Array.isArray(parameters))
      throw new DTypeError(`${name}: params is ${describe(parameters)}, wanted an array of variables or groups`)
    const grouped = parameters.every((each) => !(each instanceof Variable) && Array.isArray(each?.params))
    const groups: Group<Settings>[] = grouped ? [...parameters] : [{ params: parameters } as unknown as Group<Settings>]
    this.groups = groups.map(({ params, ...own }) => ({ params: [...params], settings: { ...defaults, ...own } }))
    const all = this.groups.flatMap(({ params }) => params)
    this.parameters = all
    if (all.length === 0) throw new MatgradError(`${name}: got no parameters, wanted at least one`)
    for (const [i, parameter] of all.entries())
      if (!(parameter instanceof Variable))
        throw new DTypeError(`${name}: parameter ${i} is ${describe(parameter)}, wanted a Variable`)
    if (new Set(all).size < all.length) throw new MatgradError(`${name}: a parameter is named twice, wanted once`)
    for (const { settings } of this.groups) this.check(settings)
  }

  /** @throws MatgradError for settings that make no sense. */
  protected abstract check(settings: Settings): void

  /** Changes `parameter` in place; `gradient` has its shape and dtype. */
  protected abstract update(parameter: Variable, gradient: Matrix, settings: Settings): void

  /** The learning rate of the first group; setting it sets that of all. */
  get lr(): number {
    return this.groups[0].settings.lr
  }

  set lr(lr: number) {
    checkSetting(this.constructor.name, 'lr', lr, lr >= 0, '0 or more')
    for (const { settings } of this.groups) settings.lr = lr
  }

  /** One update of every parameter that has a gradient. @throws ShapeError when one has the wrong shape, before any update. */
  step(): void {
    for (const parameter of this.parameters) {
      const { grad } = parameter
      if (grad && !((grad as unknown) instanceof Matrix))
        throw new DTypeError(`${this.constructor.name}: a gradient is ${describe(grad)}, wanted a Matrix`)
      if (grad && (grad.rows !== parameter.rows || grad.cols !== parameter.cols))
        throw new ShapeError(
          `${this.constructor.name}: the gradient is ${formatShape(grad.shape)}, the parameter ${formatShape(parameter.shape)}, wanted the same`,
        )
    }
    for (const { params, settings } of this.groups)
      for (const parameter of params) {
        const { grad, dtype } = parameter
        if (grad) this.update(parameter, grad.dtype === dtype ? grad : grad.astype(dtype), settings)
      }
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.grad = null
  }

  /** What the optimiser remembers of a parameter under a name. */
  protected recall(parameter: Variable, name: string): Matrix | undefined {
    return this.memory.get(parameter)?.get(name)
  }

  /** Remembers a matrix of a parameter under a name, and returns it. */
  protected remember(parameter: Variable, name: string, matrix: Matrix): Matrix {
    const own = this.memory.get(parameter) ?? new Map<string, Matrix>()
    this.memory.set(parameter, own.set(name, matrix))
    return matrix
  }

  /** A snapshot, which later steps do not change. */
  stateDict(): OptimizerState<Settings> {
    const matrices: Record<string, Matrix> = {}
    for (const [i, parameter] of this.parameters.entries())
      for (const [name, matrix] of this.memory.get(parameter) ?? []) matrices[`${name}.${i}`] = matrix.clone()
    return { groups: this.groups.map(({ settings }) => ({ ...settings })), matrices }
  }

  /**
   * Goes back to a snapshot of an optimiser of the same kind over parameters of the same shapes, wholly or not at all.
   *
   * @throws MatgradError for another number of groups or an unknown parameter; ShapeError for a matrix of another shape;
   * DTypeError for what is no snapshot.
   */
  loadStateDict(state: OptimizerState<Settings>): void {
    const name = this.constructor.name
    if (!Array.isArray(state?.groups) || typeof state.matrices !== 'object' || state.matrices === null)
      throw new DTypeError(`${name}: the state is ${describe(state)}, wanted a snapshot by stateDict`)
    if (state.groups.length !== this.groups.length)
      throw new MatgradError(`${name}: the state has ${state.groups.length} groups, wanted ${this.groups.length}`)
    for (const settings of state.groups) this.check(settings)
    const all = this.parameters
    const entries = Object.entries(state.matrices).map(([key, matrix]) => {
      const [, remembered, number] = /^(.+)\.(\d+)$/.exec(key) ?? []
      const parameter = all[Number(number)]
      if (!parameter) throw new MatgradError(`${name}: the state has ${key}, wanted one of ${all.length} parameters`)
      if (!(matrix instanceof Matrix) || matrix.rows !== parameter.rows || matrix.cols !== parameter.cols)
        throw new ShapeError(
          `${name}: ${key} is ${matrix instanceof Matrix ? formatShape(matrix.shape) : describe(matrix)}, wanted ${formatShape(parameter.shape)}`,
        )
      return { parameter, key: remembered, matrix: matrix.astype(parameter.dtype) }
    })
    this.memory.clear()
    for (const { parameter, key, matrix } of entries) this.remember(parameter, key, matrix)
    for (const [i, { settings }] of this.groups.entries()) Object.assign(settings, state.groups[i])
  }
}

/** @throws DTypeError unless a setting is a number; MatgradError unless it is `sensible`. */
export function checkSetting(operation: string, what: string, value: number, sensible: boolean, wanted: string): void {
  checkNumber(operation, what, value)
  if (!sensible || !Number.isFinite(value))
    throw new MatgradError(`${operation}: ${what} is ${value}, wanted ${wanted}`)
}
