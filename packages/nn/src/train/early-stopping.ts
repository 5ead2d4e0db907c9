import { checkInteger, checkNoMore, flag, number, oneOf, readerOf, text, whole } from '@matgrad/core/internal'
import { checkSetting } from '../check.ts'
import type { Mode } from '../mode.ts'
import type { StateDict } from '../module.ts'
import type { Callback } from './callbacks.ts'
import { type Monitor, monitorOf } from './monitor.ts'

export interface EarlyStoppingOptions {
  /**
   * What is watched, by its name in the logs.
   *
   * @default 'valLoss', or 'loss' without validation data
   */
  readonly monitor?: string
  /**
   * How many epochs without anything better are waited for; the last of them ends the training. 0 is as 1.
   *
   * @default 0
   */
  readonly patience?: number
  /**
   * By how much a value must be better at least.
   *
   * @default 0
   */
  readonly minDelta?: number
  /**
   * Whether less ('min') or more ('max') is better.
   *
   * @default what the name says: 'min' where it ends with loss or error, 'max' with accuracy, auc, f1, precision, recall
   * or r2
   */
  readonly mode?: Mode
  /**
   * Whether the model has the weights and buffers of the best epoch when the training is over, however it ends.
   *
   * @default false
   */
  readonly restoreBest?: boolean
  /**
   * The first epoch that is looked at.
   *
   * @default 0
   */
  readonly startFromEpoch?: number
}

/** What it saw in the training that runs, or the last one; null where there was none. Epochs count from 0. */
export interface EarlyStopping extends Callback {
  /** The best value. */
  readonly best: number | null
  readonly bestEpoch: number | null
  /** The epoch that it ended the training after. */
  readonly stoppedEpoch: number | null
}

const readEarlyStopping = readerOf({
  monitor: text(),
  patience: whole(0),
  minDelta: number(0),
  mode: oneOf('min', 'max')(),
  restoreBest: flag(false),
  startFromEpoch: whole(0),
})

/**
 * Ends a training when what is watched has not become better for `patience` epochs, by the rule of Keras: better is less
 * than the best − minDelta, or more than the best + minDelta; NaN never is. The first epoch ends nothing. It begins anew
 * with every training; one that is resumed from a checkpoint it goes on with, unless it is to restore the best, which is then
 * that of the epochs since. Of the optimiser nothing is restored.
 *
 * Defaults: monitor 'valLoss' or 'loss', patience 0, minDelta 0, mode by the name, restoreBest false, startFromEpoch 0.
 *
 * @throws ShapeError for a negative patience or epoch; MatgradError for another minDelta; DTypeError for other options.
 * When a training begins, MatgradError for a name that is not in its logs, and for one that does not say what is better.
 */
export function earlyStopping(options?: EarlyStoppingOptions, ...more: []): EarlyStopping {
  checkNoMore('earlyStopping', 'options', more)
  const settings = readEarlyStopping('earlyStopping', options)
  const { patience, minDelta, restoreBest, startFromEpoch } = settings
  checkInteger('earlyStopping', 'patience', patience, 0, Number.MAX_SAFE_INTEGER)
  checkInteger('earlyStopping', 'startFromEpoch', startFromEpoch, 0, Number.MAX_SAFE_INTEGER)
  checkSetting('earlyStopping', 'minDelta', minDelta, (minDelta) => minDelta >= 0, '0 or more')
  let monitor: Monitor
  let waited = 0
  let best: number | null = null
  let bestEpoch: number | null = null
  let stoppedEpoch: number | null = null
  let state: StateDict | undefined
  /** Whether what was measured in an epoch is the best so far. */
  const see = (epoch: number, value: number): boolean => {
    const isBest = monitor.isBetter(value, best, minDelta)
    waited = isBest ? 0 : waited + 1
    if (isBest) [best, bestEpoch] = [value, epoch]
    return isBest
  }
  return {
    get best() {
      return best
    },
    get bestEpoch() {
      return bestEpoch
    },
    get stoppedEpoch() {
      return stoppedEpoch
    },
    onTrainBegin(training) {
      waited = 0
      best = null
      bestEpoch = null
      stoppedEpoch = null
      monitor = monitorOf('earlyStopping', training, settings.monitor, settings.mode)
      // A training that goes on was measured before; of its best epoch nothing can be restored.
      const before = restoreBest ? [] : training.history[monitor.name]
      for (const [i, value] of before.entries()) {
        const epoch = training.epoch - before.length + i
        if (epoch >= startFromEpoch) see(epoch, value)
      }
    },
    onEpochEnd(epoch, logs, training) {
      if (epoch < startFromEpoch) return
      if (see(epoch, logs[monitor.name])) {
        if (restoreBest) state = training.model.stateDict()
        return
      }
      if (waited < patience || epoch === 0) return
      stoppedEpoch = epoch
      training.stop()
    },
    onTrainEnd({ model }) {
      if (state) model.loadStateDict(state)
      state = undefined
    },
  }
}
