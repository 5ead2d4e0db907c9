import { noGrad, type Variable } from '@matgrad/autograd'
import { CompiledFunction, Guided } from '@matgrad/autograd/internal'
import type { Matrix } from '@matgrad/core'
import { checkWhole } from '@matgrad/core/internal'
import { forwardOf, type Module } from '../module.ts'
import { isPlainMatrix } from './data.ts'
import { isKnown } from './step.ts'

/** The result of `run` with all parts of the model learning, or out of it; each goes back to what it was. */
export function inMode<T>(model: Module, learns: boolean, run: () => T): T {
  const states = [...model.modules()].map((module) => [module, module.training] as const)
  try {
    if (learns) model.train()
    else model.eval()
    return run()
  } finally {
    for (const [module, training] of states) module.training = training
  }
}

/** The same out of learning, and without recording. */
export const inEvaluation = <T>(model: Module, run: () => T): T => inMode(model, false, () => noGrad(run))

/** The same of modules that are this package's: what `model.modules()` gave. */
export function quietly<T>(modules: readonly Module[], run: () => T): T {
  let learning: Module[] | null = null
  for (let i = 0; i < modules.length; i++)
    if (modules[i].training) {
      learning ??= []
      learning.push(modules[i])
    }
  if (learning === null) return noGrad(run)
  try {
    for (const module of learning) module.training = false
    return noGrad(run)
  } finally {
    for (const module of learning) module.training = true
  }
}

/** A model's function of samples out of learning, with the programs of it. A result is overwritten by the next one. */
export class ForwardPass {
  private readonly model: Module
  private readonly compiled: CompiledFunction<[Matrix], Variable>
  private readonly guided: Guided<[Matrix], Variable>
  /** Whose errors are thrown. */
  private operation = ''
  /** What was found when a program was last asked for of a model of this package. */
  private found: Found | null = null

  constructor(model: Module) {
    const first = (x: Matrix): Variable => forwardOf(this.operation, model, x)
    this.model = model
    this.compiled = new CompiledFunction(first, { isSparing: true })
    this.guided = new Guided({ first, isRestKnown: () => true })
  }

  /** Begins an evaluation: gives the function, until control is given to others. */
  begin(operation: string): (x: Matrix) => Variable {
    this.operation = operation
    this.found = isKnown(this.model) ? new Found(this.model) : null
    return this.found ? (x) => this.compiled.call([x]) : (x) => this.guided.call(x)
  }

  /**
   * What a program gives that was made before, and still does what the model does; null where there is none.
   *
   * @throws MatgradError where the samples were detached or resized.
   */
  again(operation: string, x: Matrix): Variable | null {
    const { found } = this
    if (found === null || !found.holds() || !isPlainMatrix(x)) return null
    checkWhole(operation, x)
    this.operation = operation
    const args = [x]
    return quietly(found.modules, () => this.compiled.again(args)) ?? null
  }
}

/** A model of this package as it was found: what its program does not ask, before it is used again. */
class Found {
  readonly modules: readonly Module[]
  private readonly model: Module
  private readonly eval: Module['eval']
  private readonly train: Module['train']
  private readonly all: Module['modules']
  /** The accessors of layers, in whose place somebody may put something of theirs. */
  private readonly accessors: readonly (readonly [module: Module, name: string])[]

  constructor(model: Module) {
    this.model = model
    this.modules = [...model.modules()]
    this.eval = model.eval
    this.train = model.train
    this.all = model.modules
    this.accessors = this.modules.flatMap((module) => accessorsOf(module).map((name) => [module, name] as const))
  }

  holds(): boolean {
    const { model, accessors } = this
    if (model.eval !== this.eval || model.train !== this.train || model.modules !== this.all) return false
    for (let i = 0; i < accessors.length; i++) if (Object.hasOwn(accessors[i][0], accessors[i][1])) return false
    return true
  }
}

/** By the prototype of the class. */
const accessors = new WeakMap<object, readonly string[]>()

/** The names of what the class of a layer, or one above it, computes when it is read, and can be set. */
function accessorsOf(module: Module): readonly string[] {
  const prototype: object = Object.getPrototypeOf(module)
  const known = accessors.get(prototype)
  if (known) return known
  const names: string[] = []
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each))
    for (const [name, { get, set }] of Object.entries(Object.getOwnPropertyDescriptors(each)))
      if (get && set && name !== 'forward') names.push(name)
  accessors.set(prototype, names)
  return names
}

const passes = new WeakMap<Module, ForwardPass>()

/** The forward pass of a model, always the same. */
export function passOf(model: Module): ForwardPass {
  const known = passes.get(model)
  if (known) return known
  const pass = new ForwardPass(model)
  passes.set(model, pass)
  return pass
}

/** A model's function of samples for one evaluation, which may overwrite its last result. */
export const forwardFor = (operation: string, model: Module, compiles: boolean): ((x: Matrix) => Variable) =>
  compiles ? passOf(model).begin(operation) : (x) => forwardOf(operation, model, x)
