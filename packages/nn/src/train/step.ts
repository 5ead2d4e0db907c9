import type { Variable } from '@matgrad/autograd'
import { CompiledFunction, Guided, gradientReads } from '@matgrad/autograd/internal'
import { getDefaultGenerator, type Matrix } from '@matgrad/core'
import { isPlainGenerator, isPlainVariable } from '../as-made.ts'
import { binaryCrossEntropyWithLogits, crossEntropy, type Loss, mseLoss } from '../losses.ts'
import { forwardOf, isBuiltIn, type Module } from '../module.ts'
import { clipGradNorm } from '../optim/clip.ts'
import { isBuiltInOptimizer, isValueOf, type Optimizer } from '../optim/optimizer.ts'
import { lossOf } from './options.ts'

// What is of this package may be compiled: a program asks what it depends on. What is a user's may do anything at any time, so
// that it runs in every call, guided by what it did before, and a program computes what it is seen to do again.

const losses: ReadonlySet<unknown> = new Set<Loss>([mseLoss, crossEntropy, binaryCrossEntropyWithLogits])

export const isKnownLoss = (loss: Loss): boolean => losses.has(loss)

/** Whether a model is made of layers and parameters of this package alone. */
export function isKnown(model: Module): boolean {
  // Before its own `modules` is asked, which may be somebody's.
  if (!isBuiltIn(model)) return false
  for (const module of model.modules()) if (!isBuiltIn(module)) return false
  return model.parameters().every(isPlainVariable) && isPlainGenerator(getDefaultGenerator())
}

/** What a step of training gives; the next step overwrites it. */
export interface StepResult {
  readonly prediction: Variable
  readonly loss: Variable
}

/** A step of training: the gradient of the loss of a batch, scaled down where it is too large, and the optimiser's update. */
export class TrainingStep {
  private readonly model: Module
  private readonly optimizer: Optimizer
  private readonly loss: Loss
  private readonly clipNorm: number | undefined
  private readonly compiled = new CompiledFunction((x: Matrix, y: Matrix) => this.asItIs(x, y))
  private readonly guided = new Guided<[Matrix, Matrix], StepResult>({
    first: (x, y) => this.forward(x, y),
    rest: (result) => this.backward(result),
    root: ({ loss }) => loss,
    isRestKnown: (result) => isBuiltInOptimizer(this.optimizer) && (!result || isPlainVariable(result.loss)),
  })
  /** Whether it runs nobody's code but this package's. */
  isKnown = false
  /** How often gradients had been looked at when the last step was over. */
  private reads = 0

  /** @param clipNorm the most that the norm of the gradients of all the optimiser's parameters together may be */
  constructor(model: Module, optimizer: Optimizer, loss: Loss, clipNorm: number | undefined) {
    this.model = model
    this.optimizer = optimizer
    this.loss = loss
    this.clipNorm = clipNorm
    this.giveBack()
  }

  /** Control was given to others, who may have changed anything, and made the next batch of anything. */
  giveBack(...batch: readonly Matrix[]): void {
    const { model, optimizer, loss } = this
    this.isKnown =
      isKnownLoss(loss) &&
      isBuiltInOptimizer(optimizer) &&
      isKnown(model) &&
      !batch.some((each) => optimizer.groups.some(({ params }) => isValueOf(params, each)))
    if (this.reads === gradientReads()) return
    // Somebody may hold a gradient, which the next step would overwrite.
    this.compiled.release()
    this.guided.release()
  }

  /** Whether setting the gradients of parameters runs nobody's code, which would see what a program does. */
  private get isUnseen(): boolean {
    for (const { params } of this.optimizer.groups) for (const each of params) if (!isPlainVariable(each)) return false
    return true
  }

  run(x: Matrix, y: Matrix): StepResult {
    const result = this.call(x, y)
    this.reads = gradientReads()
    return result
  }

  private call(x: Matrix, y: Matrix): StepResult {
    if (this.isKnown) return this.compiled.call([x, y])
    return this.isUnseen ? this.guided.call(x, y) : this.asItIs(x, y)
  }

  /** The same without a program. */
  asItIs(x: Matrix, y: Matrix): StepResult {
    const result = this.forward(x, y)
    this.backward(result)
    return result
  }

  private forward(x: Matrix, y: Matrix): StepResult {
    this.optimizer.zeroGrad()
    const prediction = forwardOf('fit', this.model, x)
    return { prediction, loss: lossOf('fit', this.loss, prediction, y) }
  }

  private backward({ loss }: StepResult): void {
    loss.backward()
    if (this.clipNorm !== undefined)
      clipGradNorm(
        this.optimizer.groups.flatMap(({ params }) => params),
        this.clipNorm,
      )
    this.optimizer.step()
  }
}

/**
 * Begins an evaluation for an operation, whose errors are thrown: gives a function of samples, which may overwrite its last
 * result, until control is given to others.
 */
type ForwardPass = (operation: string) => (x: Matrix) => Variable

/** The forward pass of a model out of learning. */
function forwardPass(model: Module): ForwardPass {
  let operation = ''
  const first = (x: Matrix): Variable => forwardOf(operation, model, x)
  const compiled = new CompiledFunction<[Matrix], Variable>(first)
  const guided = new Guided<[Matrix], Variable>({ first, isRestKnown: () => true })
  return (present) => {
    operation = present
    return isKnown(model) ? (x) => compiled.call([x]) : (x) => guided.call(x)
  }
}

/** The forward pass of each model that was evaluated. */
const passes = new WeakMap<Module, ForwardPass>()

/** A model's function of samples for one evaluation, which may overwrite its last result. */
export function passOf(operation: string, model: Module, compiles: boolean): (x: Matrix) => Variable {
  if (!compiles) return (x) => forwardOf(operation, model, x)
  const pass = passes.get(model) ?? forwardPass(model)
  passes.set(model, pass)
  return pass(operation)
}
