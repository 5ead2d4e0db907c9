import { noGrad, type Variable } from '@matgrad/autograd'
import { CompiledFunction, Guided } from '@matgrad/autograd/internal'
import type { Matrix } from '@matgrad/core'
import { forwardOf, type Module } from '../module.ts'
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
  /** The parts of a model of this package, when a program was last asked for. */
  private modules: readonly Module[] = []

  constructor(model: Module) {
    const first = (x: Matrix): Variable => forwardOf(this.operation, model, x)
    this.model = model
    this.compiled = new CompiledFunction(first, { isSparing: true })
    this.guided = new Guided({ first, isRestKnown: () => true })
  }

  /** Begins an evaluation: gives the function, until control is given to others. */
  begin(operation: string): (x: Matrix) => Variable {
    this.operation = operation
    if (!isKnown(this.model)) return (x) => this.guided.call(x)
    this.modules = [...this.model.modules()]
    return (x) => this.compiled.call([x])
  }

  /** What a program gives that was made before, and still does what the model does; null where there is none. */
  again(x: Matrix): Variable | null {
    const args = [x]
    return quietly(this.modules, () => {
      const program = this.compiled.find(args)
      return program && this.compiled.run(program, args)
    })
  }
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
