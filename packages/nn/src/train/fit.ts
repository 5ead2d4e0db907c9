import { checkNoMore } from '@matgrad/core/internal'
import type { Module } from '../module.ts'
import { throwFirst } from './callbacks.ts'
import { Clock } from './clock.ts'
import type { Dataset } from './data.ts'
import { END } from './given.ts'
import { giveHistory, type HistoryOf, TrainingError, type Validation } from './history.ts'
import { Loop } from './loop.ts'
import { type FitOptions, planOf, type StopSignal, type TrainingData } from './plan.ts'

/** How long, in milliseconds, training may keep timers, requests and signals waiting. */
const PATIENCE = 100

/** Lets whatever waits for the event loop run. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/**
 * Trains a model: for each batch, the gradient of the loss and a step of the optimiser. Timers, requests and signals wait for
 * it, for about a tenth of a second at a time: a callback that awaits something lets them have their turn earlier.
 *
 * Parameters of the optimiser that the loss does not depend on, those of a head that is not used, say, have no gradient and
 * stay as they are. So do those before a layer that cuts the history (value, detach, constant, noGrad), and where others learn
 * nobody can tell which is meant: `parameter.grad` after a step is null.
 *
 * The model learns (`train`) but for parts of it that were out of learning while it was in it, a BatchNorm that is frozen, say;
 * it is left so.
 *
 * Defaults: initialEpoch 0, batchSize 32, shuffle true, metrics {}, stopOnNaN true, callbacks [], compile true.
 *
 * @returns the loss and the metrics of every epoch: those of the training data as they were met, during the epoch
 * @throws DTypeError or MatgradError for options that make no sense, before the first step, and for a metric that gives no
 * number; ShapeError or DTypeError, before it too, for batches and targets, of the validation as well, that layers and losses
 * of this package will not take, and MatgradError for an optimiser without any parameter of the model, or for one that was made
 * with the parameters of a layer that was replaced since, and DTypeError for iterators that give no batches; TrainingError for
 * a loss that is NaN or infinite, with `stopOnNaN`, after the step of its batch; what the loss, a metric or a callback throws;
 * the signal's reason. Of several errors it is the first: what `onTrainEnd` throws after it is in its `suppressed`.
 */
export async function fit<
  M extends object = Record<never, never>,
  V extends Validation = undefined,
  S extends number | undefined = undefined,
>(model: Module, data: TrainingData, options: FitOptions<M, V, S>, ...more: []): Promise<HistoryOf<M, V, S>> {
  checkNoMore('fit', 'model, data, options', more)
  const plan = planOf(model, data, options)
  const { history, callbacks, signal } = plan
  const loop = new Loop(plan)
  const { training } = loop
  const clock = new Clock(PATIENCE)
  signal?.throwIfAborted()
  const errors: unknown[] = []
  // There is no `await` where control need not be given away: whoever gets it may change anything.
  try {
    for (const callback of callbacks) await callback.onTrainBegin?.(training)
    while (!loop.isOver) {
      const { epoch } = training
      signal?.throwIfAborted()
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch, training)
      if (loop.isStopped) break
      // Before the order is drawn, which a checkpoint would not know of.
      signal?.throwIfAborted()
      for (const given of loop.batches()) {
        let samples = given as Dataset
        if (loop.isAsync) {
          const arrived = await orAborted(given as Promise<Dataset | typeof END>, signal)
          loop.giveBackAll()
          if (arrived === END) break
          samples = arrived
        }
        signal?.throwIfAborted()
        loop.step(samples)
        if (loop.isWatchedInEpochs) {
          for (const result of loop.endBatch()) await result
          loop.giveBack()
        }
        if (loop.isStopped) break
        if (clock.isDue()) {
          await pause()
          loop.giveBackAll()
          clock.start()
        }
      }
      signal?.throwIfAborted()
      const measured = loop.endEpoch()
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, Object.fromEntries(measured), training)
    }
    signal?.throwIfAborted()
  } catch (error) {
    if (error instanceof TrainingError || (signal?.aborted && error === signal.reason)) giveHistory(error, history)
    errors.push(error)
  }
  loop.rest()
  for (const callback of callbacks)
    try {
      await callback.onTrainEnd?.(training)
    } catch (error) {
      errors.push(error)
    }
  throwFirst(errors)
  return history as HistoryOf<M, V, S>
}

/** What a promise gives; rejects where the signal comes first, which batches that never come would not hear. */
function orAborted<T>(promise: PromiseLike<T>, signal: StopSignal | undefined): PromiseLike<T> {
  if (!(signal instanceof AbortSignal)) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).then(() => signal.removeEventListener('abort', abort))
  })
}
