import { constant, type Variable } from '@matgrad/autograd'
import { MatgradError, type Matrix, ShapeError, zeros } from '@matgrad/core'
import { formatShape } from '@matgrad/core/internal'
import { inPlace } from '../check.ts'
import { checkEnd, isKnownLoss, type Loss, refuses } from '../loss.ts'
import { isKnownMetric, type Metric } from '../metrics/metric.ts'
import { isBuiltIn, type Module } from '../module.ts'
import { nameOf } from '../names.ts'
import type { Optimizer } from '../optim/optimizer.ts'
import { type DataLoader, isPlainLoader } from './data.ts'
import { inEvaluation, inMode } from './forward.ts'
import { checkLogits } from './metrics.ts'
import { isKnown } from './step.ts'

// An error in the middle of a training leaves a model that is half trained. What can be known before the first step is asked
// here; of a user's loader, layer or loss nothing is known, and none of their code but `train` and `eval` is run for it.

interface Plan {
  readonly model: Module
  readonly optimizer: Optimizer
  readonly loss: Loss
  readonly metrics: Readonly<Record<string, Metric>>
  /** Undefined where batches come one after another, of which nothing is known. */
  readonly loader: DataLoader | undefined
  /** What the validation data are gone through by. */
  readonly validation: DataLoader | undefined
}

/** @throws MatgradError or ShapeError for what would throw, or train nothing, after the first step. */
export function checkBeforehand({ model, optimizer, loss, metrics, loader, validation }: Plan): void {
  const known: Check[] = Object.values(metrics).filter(isKnownMetric)
  if (known.length > 0) known.unshift((prediction) => checkLogits('fit', loss, metrics, prediction))
  checkParameters(model, optimizer)
  checkEnd('fit', model, loss)
  if (loader && isPlainLoader(loader)) {
    inMode(model, true, () => checkBatches('data', model, loader))
    // All else that may be wrong is wrong in the first step.
    checkTargets(model, refuses(loss, 'target') ? [asCheck(loss), ...known] : known, loader)
    if (refuses(loss, 'prediction')) checkPredictions(model, loss, loader)
  }
  if (!validation || !isPlainLoader(validation)) return
  const [own, other] = [loader?.dataset.x, validation.dataset.x]
  if (own && own.cols !== other.cols)
    throw new ShapeError(
      `fit: x is ${formatShape(own.shape)}, x of the validation is ${formatShape(other.shape)}, wanted as many columns`,
    )
  inMode(model, false, () => checkBatches('validation data', model, validation))
  inValidation(() => checkTargets(model, isKnownLoss(loss) ? [asCheck(loss), ...known] : known, validation))
}

/** The result of `run`, whose errors of this package say that they are of the validation. */
export const inValidation = <T>(run: () => T): T => inPlace('fit: validation', run)

/** What throws for results and targets that do not belong together. */
type Check = (prediction: Matrix, target: Matrix) => void

const asCheck =
  (loss: Loss): Check =>
  (prediction, target) =>
    void loss(constant(prediction), target)

/**
 * An optimiser may have parameters that are no part of the model, the loss's say, and a model some that are not to learn. Where
 * it was made with the list of the model's parameters itself, and both are there, a layer was replaced since.
 */
function checkReplaced(own: ReadonlySet<Variable>, optimizer: Optimizer): void {
  const updated = optimizer.groups.flatMap(({ params }) => params)
  const known = new Set(updated)
  const lost = updated.filter((each) => each.requiresGrad && !own.has(each))
  const missed = [...own].filter((each) => each.requiresGrad && !known.has(each))
  if (lost.length > 0 && missed.length > 0)
    throw new MatgradError(
      `fit: ${lost.length} of the optimizer's parameters are no part of the model any more, and ${missed.length} of the model's none of ` +
        "the optimizer's: a layer was replaced after the optimizer was made, wanted one that is made afterwards",
    )
}

function checkParameters(model: Module, optimizer: Optimizer): void {
  const own = new Set(model.parameters())
  if (optimizer.owners.includes(model)) checkReplaced(own, optimizer)
  if (optimizer.groups.some(({ params }) => params.some((each) => own.has(each)))) return
  if (own.size > 0)
    throw new MatgradError(
      `fit: the optimizer has none of the model's ${own.size} parameters, wanted those of model.parameters()`,
    )
  throw new MatgradError(
    `fit: ${nameOf(model)} has no parameters, wanted some: those in #private fields it must register`,
  )
}

/** How many rows the last batch of a loader has. */
function lastOf({ dataset, batchSize, dropLast }: DataLoader): number {
  const left = dataset.x.rows % batchSize
  return left === 0 || dropLast ? batchSize : left
}

/**
 * Whether all batches of a loader have the rows that every layer of the model wants, in its present mode. A layer of this package
 * in a model that is not: nobody knows which rows reach it, or whether it runs at all.
 */
function checkBatches(what: string, model: Module, loader: DataLoader): void {
  const { batchSize, dataset } = loader
  const last = lastOf(loader)
  for (const module of model.modules()) {
    if (module.leastRows <= last || (isBuiltIn(module) && !isKnown(model))) continue
    const wanted = `${module.describe()} wants at least ${module.leastRows} in a batch`
    const got = `${dataset.x.rows} rows of ${what} in batches of ${batchSize}: the last has ${last}`
    const instead =
      Math.min(batchSize, dataset.x.rows) < module.leastRows
        ? 'a larger batchSize, and as many rows'
        : 'a DataLoader with dropLast: true, or another batchSize'
    throw new ShapeError(`fit: got ${got}, ${wanted}; wanted ${instead}`)
  }
}

/**
 * Gives a loss and metrics of this package what has the shape of the results of a model that is of it, too, with the targets of a
 * batch and with those that they may not take.
 */
function checkTargets(model: Module, checks: readonly Check[], { dataset: { x, y }, batchSize }: DataLoader): void {
  if (checks.length === 0 || !isKnown(model)) return
  inEvaluation(model, () => {
    const rows = Math.min(batchSize, x.rows)
    const { cols, dtype } = resultOf(model, x, rows)
    for (const check of checks) {
      const of = (targets: Matrix): void => check(zeros(targets.rows, cols, { dtype }), targets)
      of(y.slice(0, rows))
      try {
        of(telling(y))
      } catch (error) {
        // Where all are there, the error says which one is wrong.
        of(y)
        throw error
      }
    }
  })
}

/** Gives a loss of this package what a model that is of it, too, makes of the first batch. */
function checkPredictions(model: Module, loss: Loss, { dataset: { x, y }, batchSize }: DataLoader): void {
  if (!isKnown(model)) return
  const rows = Math.min(batchSize, x.rows)
  inEvaluation(model, () => loss(model.forward(x.slice(0, rows)), y.slice(0, rows)))
}

/**
 * What a model makes of the first row, which takes little time; of the first `rows` where that is an error, which has their shape.
 */
function resultOf(model: Module, x: Matrix, rows: number): Variable {
  try {
    return model.forward(x.slice(0, 1))
  } catch {
    return model.forward(x.slice(0, rows))
  }
}

/**
 * Rows of the targets: of the least and the largest number, the one nearest to 0, the one farthest above a whole number, and
 * those of the least and the largest sum.
 */
function telling(y: Matrix): Matrix {
  const places = [y.argmin(), y.argmax(), y.abs().argmin(), y.sub(y.floor()).argmax()]
  const rows = places.map((place) => Math.floor(place.item() / y.cols))
  const sums = y.cols > 1 ? y.sum(1) : undefined
  return y.gatherRows(sums ? [...rows, sums.argmin().item(), sums.argmax().item()] : rows)
}
