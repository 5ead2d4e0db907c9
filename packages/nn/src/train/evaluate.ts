import { constant, noGrad, type Variable } from '@matgrad/autograd'
import { MatgradError, type Matrix } from '@matgrad/core'
import { checkInteger, flag, readerOf, whole } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import type { Loss } from '../losses.ts'
import { checkModule, type Module } from '../module.ts'
import { Batches, joined } from './batches.ts'
import { DataLoader, type Dataset, isPlainLoader } from './data.ts'
import { checkMetrics, type Logs, type Measured, type Metric, measure } from './metrics.ts'
import { lossOf, lossOption, metricsOption } from './options.ts'
import { isKnown, passOf } from './step.ts'

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

export interface EvaluateOptions {
  readonly loss?: Loss
  readonly metrics?: Readonly<Record<string, Metric>>
  readonly batchSize?: number
  /** Whether to compile the forward pass, as unless false. */
  readonly compile?: boolean
}

/** What an evaluation gives, and whether it compiles the forward pass. */
interface EvaluationSettings {
  readonly loss: Loss | undefined
  readonly metrics: Readonly<Record<string, Metric>>
  readonly compiles: boolean
}

/** So many samples are evaluated at a time unless told. */
export const EVALUATED = 256

const readEvaluate = readerOf({
  loss: lossOption(),
  metrics: metricsOption({}),
  batchSize: whole(EVALUATED),
  compile: flag(true),
})

/** The evaluation of a model on a loader's data, as often as it is made. */
export class Evaluation {
  private readonly operation: string
  private readonly model: Module
  private readonly loader: DataLoader
  private readonly settings: EvaluationSettings
  private readonly batches: Batches
  /** What was found when others last had control: the parts of a model of this package, and its function of samples. */
  private found: { readonly modules: readonly Module[]; readonly forward: (x: Matrix) => Variable } | undefined

  /** @param operation whose errors are thrown */
  constructor(operation: string, model: Module, loader: DataLoader, settings: EvaluationSettings) {
    this.operation = operation
    this.model = model
    this.loader = loader
    this.settings = settings
    this.batches = new Batches(operation, loader)
  }

  /** Whether the last one ran nobody's code but this package's. */
  get isAlone(): boolean {
    return this.found !== undefined
  }

  /**
   * @param wasGiven whether others may have had control since the last time
   * @throws what the model, the loss and the metrics throw; DTypeError for a metric that gives no number
   */
  run(wasGiven: boolean): Measured[] {
    const { operation, model, settings } = this
    if (wasGiven) this.found = undefined
    if (this.found === undefined && isKnown(model) && isPlainLoader(this.loader))
      this.found = { modules: [...model.modules()], forward: passOf(operation, model, settings.compiles) }
    if (this.found === undefined) return inEvaluation(model, () => this.go(this.loader, undefined))
    const { modules, forward } = this.found
    const learning = modules.filter(({ training }) => training)
    try {
      for (const module of learning) module.training = false
      return noGrad(() => this.go(this.batches.pass(isTrue), forward))
    } finally {
      for (const module of learning) module.training = true
    }
  }

  /** @param forward the model's function of samples, where nobody else's code runs between batches */
  private go(batches: Iterable<Dataset>, forward: ((x: Matrix) => Variable) | undefined): Measured[] {
    const { operation, model, settings } = this
    const { loss, metrics, compiles } = settings
    const predictions: Matrix[] = []
    const targets: Matrix[] = []
    for (const { x, y } of batches) {
      // Whoever gives the batches may have changed the model.
      const predicted = (forward ?? passOf(operation, model, compiles))(x).value
      predictions.push(predicted.clone())
      targets.push(y.clone())
    }
    const [prediction, target] = [joined(predictions), joined(targets)]
    const value = loss && lossOf(operation, loss, constant(prediction), target).item()
    const measured = measure(operation, metrics, prediction, target)
    if (value !== undefined) measured.unshift(['loss', value])
    return measured
  }
}

const isTrue = (): boolean => true

/**
 * The loss over a dataset, if there is one, and metrics by name, with the model out of learning: of all predictions
 * together, so that the size of the batches does not change them.
 *
 * @throws DTypeError or MatgradError for options that make no sense, and a metric that gives no number; what they throw.
 */
export function evaluate(model: Module, data: Dataset | DataLoader, options?: EvaluateOptions): Logs {
  checkModule('evaluate', model)
  const { loss, metrics, batchSize, compile: compiles } = readEvaluate('evaluate', options)
  checkMetrics('evaluate', metrics)
  const loader = data instanceof DataLoader ? data : new DataLoader(data, { batchSize })
  if (loader.length === 0) throw new MatgradError('evaluate: the data have no batch, wanted at least one')
  return Object.fromEntries(new Evaluation('evaluate', model, loader, { loss, metrics, compiles }).run(true))
}

const readPredict = readerOf({ batchSize: whole(EVALUATED), compile: flag(true) })

/** The model's values for samples, one a row, computed in batches with the model out of learning. */
export function predict(model: Module, x: Matrix, options?: { batchSize?: number; compile?: boolean }): Matrix {
  checkModule('predict', model)
  checkMatrices('predict', { x })
  const { batchSize, compile: compiles } = readPredict('predict', options)
  checkInteger('predict', 'batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER)
  return inEvaluation(model, () => {
    const forward = passOf('predict', model, compiles)
    const parts: Matrix[] = []
    for (let start = 0; start === 0 || start < x.rows; start += batchSize)
      parts.push(forward(x.slice(start, Math.min(x.rows, start + batchSize))).value.clone())
    return joined(parts)
  })
}
