import { constant, noGrad } from '@matgrad/autograd'
import { concat, MatgradError, type Matrix } from '@matgrad/core'
import { checkInteger, flag, readerOf, whole } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import type { Loss } from '../losses.ts'
import { checkModule, type Module } from '../module.ts'
import { DataLoader, type Dataset, isPlainLoader } from './data.ts'
import { checkMetrics, type Logs, type Metric, measure } from './metrics.ts'
import { lossOf, lossOption, metricsOption } from './options.ts'
import { passOf } from './step.ts'

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

/** So many samples are evaluated at a time unless told. */
export const EVALUATED = 256

const readEvaluate = readerOf({
  loss: lossOption(),
  metrics: metricsOption({}),
  batchSize: whole(EVALUATED),
  compile: flag(true),
})

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
  return inEvaluation(model, () => {
    const predictions: Matrix[] = []
    const targets: Matrix[] = []
    const isPlain = isPlainLoader(loader)
    let forward = passOf('evaluate', model, compiles)
    for (const { x, y } of loader) {
      // Whoever gives the batches may have changed the model.
      if (!isPlain) forward = passOf('evaluate', model, compiles)
      predictions.push(forward(x).value.clone())
      targets.push(y)
    }
    const [prediction, target] = [concat(predictions, 0), concat(targets, 0)]
    const logs: Logs = loss ? { loss: lossOf('evaluate', loss, constant(prediction), target).item() } : {}
    return { ...logs, ...measure('evaluate', metrics, prediction, target) }
  })
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
    return concat(parts, 0)
  })
}
