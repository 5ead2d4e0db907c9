import { type GeneratorState, MatgradError } from '@matgrad/core'
import { inPlace } from '../check.ts'
import { Module } from '../module.ts'
import type { Scheduler } from '../optim/scheduler.ts'
import { Batches } from './batches.ts'
import { inValidation } from './beforehand.ts'
import type { Callback, Training } from './callbacks.ts'
import {
  betweenEpochs,
  generatorsOf,
  type Position,
  type Progress,
  passOf,
  positionOf,
  statesOf,
} from './checkpoint.ts'
import { type Dataset, isPlainLoader } from './data.ts'
import { checked, type END, isPromise, promisesOf, without } from './given.ts'
import { TrainingError } from './history.ts'
import { areKnown, areWatching, type Logs, type Measured, Measurement } from './metrics.ts'
import { lookAt } from './options.ts'
import type { Plan, StopSignal } from './plan.ts'
import { type StepResult, stepOf, type TrainingStep } from './step.ts'
import { ignoresAll } from './weights.ts'

const { throwIfAborted } = AbortSignal.prototype

/** Whether asking a signal runs nobody's code. */
const isPlainSignal = (signal: StopSignal): boolean =>
  Object.getPrototypeOf(signal) === AbortSignal.prototype && signal.throwIfAborted === throwIfAborted

/** A training as it goes on, but for what it waits for: `fit` calls this, and gives control to others in between. */
export class Loop {
  readonly training: Training
  isStopped = false
  /** Whether the last epoch was ended before its last batch, and where the training was before what follows an epoch. */
  private isCut = false
  private cut: Position | undefined
  /** Whether batches are promises, which have to be waited for. */
  readonly isAsync: boolean
  private readonly plan: Plan
  private readonly stepper: TrainingStep
  private readonly resident: Batches | null
  /** The parts that are not to learn though the model does. */
  private readonly resting: ReadonlySet<object>
  /** Whether somebody's code runs between two epochs. There may be callbacks that were not there at the start. */
  private readonly hasOthers: boolean
  /** Whether a metric of somebody's runs in each batch. */
  private readonly areSeen: boolean
  /** How wide the first batch was that somebody else gave. */
  private first: { readonly x: number; readonly y: number } | undefined
  /** What was measured in this epoch. */
  private seen: Seen | undefined
  /** The schedules that make a step after each batch. */
  private readonly byBatch: readonly Scheduler[]
  private epoch: number
  /** How many batches of the epoch are over. */
  private batch: number
  /** The states that generators had when the epoch began, and the order of its samples was drawn. */
  private order: readonly GeneratorState[] | null = null
  /** What generators go on with, until the order is drawn again. */
  private resume: Progress | null
  /** Whether nobody's code runs between two batches. */
  private isPlain = false
  /** Whether others had control since the epoch began, and may have changed anything. */
  private wasGiven = true
  private readonly isKnown = (): boolean => this.stepper.isKnown

  constructor(plan: Plan) {
    const { model, optimizer, epochs, loader, history, compile, schedulers, metrics, resume, first, stream } = plan
    this.plan = plan
    this.stepper = stepOf(model, plan)
    const step = this.stepper
    this.resident = loader ? new Batches('fit', loader, compile ? (data) => step.copyOf(data) : null) : null
    this.resting = new Set(model.training ? [...model.modules()].filter(({ training }) => !training) : [])
    this.hasOthers = schedulers.length > 0 || !areKnown(metrics)
    this.areSeen = areWatching(metrics)
    this.isAsync = stream !== undefined && Symbol.asyncIterator in stream
    this.byBatch = schedulers.filter(({ by }) => by === 'batch')
    this.epoch = first
    this.batch = resume?.batch ?? 0
    this.resume = resume?.progress ?? null
    const drawsFrom = loader ? loader.generator : plan.generator
    const loop = this
    this.training = {
      model,
      optimizer,
      scheduler: schedulers,
      ...(drawsFrom && { generator: drawsFrom }),
      epochs,
      batches: loader?.length,
      samples: loader && Math.min(loader.dataset.x.rows, loader.length * loader.batchSize),
      history,
      get epoch() {
        return loop.epoch
      },
      get batch() {
        return loop.batch
      },
      get position() {
        return loop.cut ?? positionOf(loop.training, loop.progress)
      },
      get isCut() {
        return loop.isCut
      },
      stop: () => {
        this.isStopped = true
      },
    }
    if (this.resume) this.restore(this.resume.generators)
  }

  get isOver(): boolean {
    return this.isStopped || this.epoch >= this.plan.epochs
  }

  /** What a checkpoint needs beside the numbers that are learned. */
  private get progress(): Progress {
    const generators = statesOf(this.training)
    const { order, batch, seen, resume } = this
    const { loader } = this.plan
    if (resume) return resume
    if (batch === 0 || seen === undefined) return betweenEpochs(generators)
    if (order === null)
      throw new MatgradError('checkpoint: the epoch began without callbacks, wanted one that is there when it begins')
    return { order, generators, total: seen.total, samples: seen.samples, pass: loader ? passOf(loader) : null }
  }

  private get isWatched(): boolean {
    return this.hasOthers || this.plan.callbacks.length > 0
  }

  /** Whether others had control since the last epoch, or have code between batches. */
  private get mayBeOther(): boolean {
    return this.isWatched || this.wasGiven || !this.isPlain || !this.stepper.isKnown
  }

  /** Others had control, and may have changed anything. */
  giveBack(): void {
    this.stepper.giveBack()
    this.resident?.giveBack()
  }

  /** Others had control while the training waited for them. */
  giveBackAll(): void {
    this.wasGiven = true
    this.giveBack()
    this.isPlain = this.isQuiet()
  }

  private isQuiet(): boolean {
    const { loader, signal } = this.plan
    return (
      loader !== undefined &&
      isPlainLoader(loader) &&
      !this.stepper.changes(loader.dataset) &&
      (!signal || isPlainSignal(signal))
    )
  }

  /** Lets the model learn, but for what was out of learning in a model that did learn. */
  private learn(): void {
    const { model } = this.plan
    // One of the model's own may do more.
    if (model.training && model.train === Module.prototype.train) return
    model.train()
    for (const module of model.modules()) if (this.resting.has(module)) module.training = false
  }

  /** Begins an epoch: gives its batches, or promises of them, which have to be waited for, and are END at last. */
  batches(): Iterable<Dataset | Promise<Dataset | typeof END>> {
    const { plan, resume } = this
    const { loader, stream, callbacks } = plan
    this.seen = new Seen(plan, resume)
    if (this.mayBeOther) {
      this.learn()
      this.giveBack()
      this.isPlain = this.isQuiet()
      this.wasGiven = false
    }
    if (resume) this.restore(resume.order ?? resume.generators)
    if (!resume?.order) this.resume = null
    if (callbacks.length > 0) this.order = statesOf(this.training)
    const begun = this.batch
    if (this.resident && this.isPlain && this.stepper.isKnown) return this.resident.pass(this.isKnown, begun)
    const goOn = (): void => this.resumeDrawing()
    if (this.isAsync) return promisesOf(stream as AsyncIterable<Dataset>, begun, goOn)
    if (loader && this.isPlain) return without(loader, begun, goOn)
    return without(checked('fit', (loader ?? stream) as Iterable<Dataset>), begun, goOn)
  }

  private restore(states: readonly GeneratorState[]): void {
    for (const [i, generator] of generatorsOf(this.training).entries()) generator.state = states[i]
  }

  /** The order is drawn again: what is drawn next is what was drawn after the checkpoint. */
  private resumeDrawing(): void {
    if (this.resume === null) return
    this.restore(this.resume.generators)
    this.resume = null
  }

  step(given: Dataset): void {
    const { plan, stepper, epoch, batch } = this
    if (this.resume !== null) this.resumeDrawing()
    const samples = this.isPlain ? given : this.look(given)
    const result = this.isPlain ? stepper.run(samples) : this.runOther(samples)
    const loss = (this.seen as Seen).add(result)
    if (this.areSeen) this.giveBack()
    this.batch++
    if (plan.stopOnNaN && !Number.isFinite(loss)) {
      const got = `fit: the loss is ${loss} in batch ${batch} of epoch ${epoch}, wanted a finite number`
      throw new TrainingError(`${got}: ${this.reasonOf(samples, result)}; stopOnNaN: false goes on`, epoch, batch)
    }
    if (this.byBatch.length === 0) return
    for (const scheduler of this.byBatch) scheduler.step(loss)
    this.giveBack()
  }

  /** Why a loss may be no finite number. */
  private reasonOf({ x, y }: Dataset, { prediction, target }: StepResult): string {
    for (const [name, values] of Object.entries({ x, y }))
      if (values.isFinite().all().item() === 0) return `${name} has NaN or infinities`
    if (ignoresAll(this.plan.loss, target)) return 'no row counts: all have the class of ignoreIndex'
    try {
      lookAt(this.plan.loss, prediction.value.clone(), target.clone())
    } catch (error) {
      if (error instanceof MatgradError) return error.message
    }
    return 'detectAnomaly(() => fit(…)) finds the operation; a smaller lr, or clipNorm, may help'
  }

  /** Makes a step with a batch that somebody else gave: an error for one that is not as wide as the first says which it is. */
  private runOther(samples: Dataset): StepResult {
    const { epoch, batch, stepper } = this
    this.first ??= { x: samples.x.cols, y: samples.y.cols }
    const [name] = (['x', 'y'] as const).filter((each) => samples[each].cols !== this.first?.[each])
    if (name === undefined) return stepper.run(samples)
    const place = `fit: batch ${batch} of epoch ${epoch}, whose ${name} has ${samples[name].cols} columns, not ${this.first[name]} as the first`
    return inPlace(place, () => stepper.run(samples))
  }

  /** A batch that somebody else gave, with its weights. @throws what is wrong with them */
  private look(given: Dataset): Dataset {
    const { weigh } = this.plan
    const samples = weigh ? weigh(given) : given
    this.stepper.giveBack(samples)
    return samples
  }

  get isWatchedInEpochs(): boolean {
    return this.plan.callbacks.some(hasBatchEnd)
  }

  /** Ends a batch for all callbacks; gives what they make one wait for, as to wait for nothing takes longer than many a step. */
  *endBatch(): Iterable<PromiseLike<unknown>> {
    const { loss } = this.seen as Seen
    for (const callback of this.plan.callbacks) {
      const result: unknown = callback.onBatchEnd?.(this.batch - 1, { loss }, this.training)
      if (isPromise(result)) yield result
    }
  }

  /** Ends an epoch: validates, and makes the schedules' steps. @throws MatgradError where there was no batch. */
  endEpoch(): Measured[] {
    const { evaluation, namesOfValidation, schedulers, history, loader } = this.plan
    if (this.batch === 0 && !this.isStopped)
      throw new MatgradError(
        `fit: the data gave no batch in epoch ${this.epoch}, wanted some in each: a generator is gone through once, where ` +
          'an object whose [Symbol.iterator] makes one begins anew',
      )
    this.resumeDrawing()
    this.isCut = this.isStopped && !(loader && this.batch === loader.length)
    if (this.isCut && this.order) this.cut = positionOf(this.training, this.progress)
    const measured = (this.seen as Seen).measured()
    if (evaluation) {
      const validated = inValidation(() => evaluation.run(this.mayBeOther))
      for (const [name, value] of validated) measured.push([namesOfValidation.get(name) as string, value])
      if (!evaluation.isAlone) this.wasGiven = true
    }
    for (const scheduler of schedulers)
      if (!this.byBatch.includes(scheduler)) scheduler.step(monitored(scheduler, Object.fromEntries(measured)))
    for (const [name, value] of measured) history[name].push(value)
    if (this.isCut) return measured
    this.epoch++
    this.batch = 0
    return measured
  }

  /** The training is over. */
  rest(): void {
    this.stepper.rest()
  }
}

/** What a schedule may go by: the loss, of the validation data if there are some, unless it says another name. */
function monitored(scheduler: Scheduler & { readonly monitor?: string | undefined }, logs: Logs): number {
  const { monitor = 'valLoss' in logs ? 'valLoss' : 'loss' } = scheduler
  return logs[monitor]
}

const hasBatchEnd = (callback: Callback): boolean => 'onBatchEnd' in callback

/** The mean loss of the samples seen so far, and what metrics say of them. */
class Seen {
  private readonly measurement: Measurement | null
  total: number
  samples: number

  /** The names of metrics that are not known, as a part of the epoch was measured before a checkpoint. */
  private readonly unknown: readonly string[]

  constructor({ loss, metrics, namesOfValidation }: Plan, before?: Progress | null) {
    this.unknown = before && before.samples > 0 ? Object.keys(metrics) : []
    this.measurement =
      namesOfValidation.size > 1 && this.unknown.length === 0 ? new Measurement('fit', loss, metrics) : null
    this.total = before?.total ?? 0
    this.samples = before?.samples ?? 0
  }

  /** The loss of a batch. */
  add({ prediction, target, loss }: StepResult): number {
    const value = loss.value.item()
    this.total += value * target.rows
    this.samples += target.rows
    this.measurement?.add(prediction.value, target)
    return value
  }

  get loss(): number {
    return this.total / this.samples
  }

  measured(): Measured[] {
    const loss: Measured = ['loss', this.loss]
    const unknown = this.unknown.map((name): Measured => [name, Number.NaN])
    return this.measurement ? [loss, ...this.measurement.results()] : [loss, ...unknown]
  }
}
