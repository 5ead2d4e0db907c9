import type { Variable } from '@matgrad/autograd'
import { CompiledFunction, Guided, gradientReads } from '@matgrad/autograd/internal'
import { getDefaultGenerator, MatgradError, type Matrix } from '@matgrad/core'
import { isPlainGenerator, isPlainVariable } from '../as-made.ts'
import { isKnownLoss, type Loss } from '../loss.ts'
import { forwardOf, isBuiltIn, type Module, stateOf } from '../module.ts'
import { clipGradNorm } from '../optim/clip.ts'
import { isBuiltInOptimizer, isShared, type Optimizer } from '../optim/optimizer.ts'
import { bytesOf, Copy, FEW_BYTES, Rows } from './batches.ts'
import type { Dataset } from './data.ts'
import { lossOf } from './options.ts'
import { weighedLoss, withoutWeights } from './weights.ts'

// What is of this package may be compiled: a program asks what it depends on. What is a user's may do anything at any time, so
// that it runs in every call, guided by what it did before, and a program computes what it is seen to do again.

/** Whether a model is made of layers and parameters of this package alone. */
export function isKnown(model: Module): boolean {
  // Before its own `modules` is asked, which may be somebody's.
  if (!isBuiltIn(model)) return false
  for (const module of model.modules()) if (!isBuiltIn(module)) return false
  return model.parameters().every(isPlainVariable) && isPlainGenerator(getDefaultGenerator())
}

interface Computed {
  readonly prediction: Variable
  readonly loss: Variable
  /** The batch's targets, where they are not what was given. */
  readonly target?: Matrix
}

/** What a step of training gives, with the batch's targets; the next step overwrites it. */
export type StepResult = Required<Computed>

interface TrainingSettings {
  readonly optimizer: Optimizer
  readonly loss: Loss
  readonly clipNorm: number | undefined
  /** Whether the last column of the targets has the weights of the samples. */
  readonly weighs: boolean
  readonly compile: boolean
}

/** A step of training: the gradient of the loss of a batch, scaled down where it is too large, and the optimiser's update. */
export class TrainingStep {
  private readonly model: Module
  private readonly optimizer: Optimizer
  private readonly loss: Loss
  private readonly clipNorm: number | undefined
  private readonly weighs: boolean
  private readonly compiles: boolean
  private readonly compiled = new CompiledFunction((x: Matrix, y: Matrix) => this.asItIs(x, y))
  /** The same, which gathers the batch itself. */
  private gathering = this.gather()
  private readonly guided = new Guided<[Matrix, Matrix], Computed>({
    first: (x, y) => this.forward(x, y),
    rest: (result) => this.backward(result),
    root: ({ loss }) => loss,
    isRestKnown: (result) => isBuiltInOptimizer(this.optimizer) && (!result || isPlainVariable(result.loss)),
  })
  private copy: Copy | null = null
  /** Whether it runs nobody's code but this package's. */
  isKnown = false
  /** How often gradients had been looked at when the last step was over. */
  private reads = 0

  /** @param clipNorm the most that the norm of the gradients of all the optimiser's parameters together may be */
  constructor(model: Module, { optimizer, loss, clipNorm, weighs, compile }: TrainingSettings) {
    this.model = model
    this.optimizer = optimizer
    this.loss = loss
    this.clipNorm = clipNorm
    this.weighs = weighs
    this.compiles = compile
  }

  /** Whether it is the step of a training. */
  isOf(model: Module, { optimizer, loss, clipNorm, weighs, compile }: TrainingSettings): boolean {
    return (
      this.model === model &&
      this.optimizer === optimizer &&
      this.loss === loss &&
      this.clipNorm === clipNorm &&
      this.weighs === weighs &&
      this.compiles === compile
    )
  }

  private gather(): CompiledFunction<[Copy, Matrix], StepResult> {
    return new CompiledFunction(({ x, y }, rows) => {
      const target = y.gatherRows(rows)
      return { target, ...this.asItIs(x.gatherRows(rows), target) }
    })
  }

  /** What data are copied to, which its programs gather from: the same as long as they have the same form. */
  copyOf(data: Dataset): Copy {
    if (this.copy?.fits(data)) return this.copy
    this.gathering = this.gather()
    this.copy = new Copy(data)
    return this.copy
  }

  /** A training is over: what is small stays for the next one. */
  rest(): void {
    if (this.copy === null || bytesOf(this.copy) <= FEW_BYTES) return
    this.gathering = this.gather()
    this.copy = null
  }

  /** Whether samples or targets are what a step changes: parameters, or buffers of the model. */
  changes({ x, y }: Dataset): boolean {
    const { model, optimizer } = this
    const parameters = optimizer.groups.flatMap(({ params }) => params.map(({ value }) => value))
    return [...parameters, ...stateOf(model)].some((state) => [x, y].some((each) => isShared(state, each)))
  }

  /** Control was given to others, who may have changed anything, and made the next batch of anything. */
  giveBack(batch?: Dataset): void {
    const { model, optimizer, loss } = this
    this.isKnown =
      isKnownLoss(loss) && isBuiltInOptimizer(optimizer) && isKnown(model) && !(batch && this.changes(batch))
    if (this.reads === gradientReads()) return
    // Somebody may hold a gradient, which the next step would overwrite.
    for (const program of [this.compiled, this.gathering, this.guided]) program.release()
  }

  /** Whether setting the gradients of parameters runs nobody's code, which would see what a program does. */
  private get isUnseen(): boolean {
    for (const { params } of this.optimizer.groups) for (const each of params) if (!isPlainVariable(each)) return false
    return true
  }

  run(batch: Dataset): StepResult {
    if (batch instanceof Rows) {
      const result = this.gathering.call([batch.copy, batch.index])
      this.reads = gradientReads()
      return result
    }
    const { x, y } = batch
    const { prediction, loss, target = y } = this.compiles ? this.call(x, y) : this.asItIs(x, y)
    this.reads = gradientReads()
    return { prediction, loss, target }
  }

  private call(x: Matrix, y: Matrix): Computed {
    if (this.isKnown) return this.compiled.call([x, y])
    return this.isUnseen ? this.guided.call(x, y) : this.asItIs(x, y)
  }

  private asItIs(x: Matrix, y: Matrix): Computed {
    const result = this.forward(x, y)
    this.backward(result)
    return result
  }

  private forward(x: Matrix, y: Matrix): Computed {
    this.optimizer.zeroGrad()
    const prediction = forwardOf('fit', this.model, x)
    if (this.weighs) return { prediction, loss: weighedLoss(this.loss, prediction, y), target: withoutWeights(y) }
    return { prediction, loss: lossOf('fit', this.loss, prediction, y) }
  }

  private backward({ loss }: Computed): void {
    if (!loss.requiresGrad) throw nothingReached()
    loss.backward()
    if (this.optimizer.groups.every(({ params }) => params.every(({ grad }) => grad === null))) throw nothingReached()
    if (this.clipNorm !== undefined)
      clipGradNorm(
        this.optimizer.groups.flatMap(({ params }) => params),
        this.clipNorm,
      )
    this.optimizer.step()
  }
}

/** The error for a step that would train nothing. */
const nothingReached = (): MatgradError =>
  new MatgradError(
    "fit: the loss depends on none of the optimizer's parameters, wanted some that it does: are they frozen (requiresGrad), or was " +
      'the history lost (value, detach, constant, noGrad)?',
  )

/** The last step of each optimiser. */
const steps = new WeakMap<Optimizer, TrainingStep>()

/** The step of a training, the one before if nothing but the data are others. */
export function stepOf(model: Module, settings: TrainingSettings): TrainingStep {
  const known = steps.get(settings.optimizer)
  const step = known?.isOf(model, settings) ? known : new TrainingStep(model, settings)
  steps.set(settings.optimizer, step)
  return step
}
