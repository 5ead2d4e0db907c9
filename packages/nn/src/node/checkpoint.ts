import { constants } from 'node:fs'
import { access, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MatgradError } from '@matgrad/core'
import { checkInteger, checkNoMore, oneOf, readerOf, text, whole } from '@matgrad/core/internal'
import type { Mode } from '../mode.ts'
import type { Callback, Training } from '../train/callbacks.ts'
import { type Checkpoint, type Checkpointed, decodeCheckpoint, encodeCheckpoint } from '../train/checkpoint.ts'
import type { Logs } from '../train/metrics.ts'
import { type Monitor, monitorOf } from '../train/monitor.ts'
import { checkPath, decodeFile, type FileUrl, inFile, shown, writeAtomically } from './files.ts'

/**
 * Saves a checkpoint, as `encodeCheckpoint` makes it at the call. The file is replaced as by `saveModel`: whenever the process
 * ends, the old or the new one is there.
 *
 * @throws DTypeError for what is no path; what `encodeCheckpoint` throws; MatgradError, with its code, for what the file system
 * refuses: the existing file then stays.
 */
export async function saveCheckpoint(path: string | FileUrl, of: Checkpointed, ...more: []): Promise<void> {
  checkNoMore('saveCheckpoint', 'path, of', more)
  const file = checkPath('saveCheckpoint', path)
  await writeAtomically('saveCheckpoint', file, encodeCheckpoint(of))
}

/**
 * Loads a checkpoint into a model, an optimiser, schedules and generators like those that it was made of, all or nothing.
 *
 * @returns where the training stood: `fit(model, data, { …, resume })` goes on there
 * @throws what `decodeCheckpoint` throws, with the name of the file; MatgradError, with its code, for what the file system refuses.
 */
export async function loadCheckpoint(path: string | FileUrl, into: Checkpointed, ...more: []): Promise<Checkpoint> {
  checkNoMore('loadCheckpoint', 'path, into', more)
  const file = checkPath('loadCheckpoint', path)
  return decodeFile('loadCheckpoint', file, (bytes) => decodeCheckpoint(bytes, into))
}

export interface CheckpointOptions {
  /**
   * After how many epochs, or batches, a file is written; after the last whole epoch one is in any case, however the training ends.
   *
   * @default 1
   */
  readonly every?: number
  /**
   * What `every` counts.
   *
   * @default 'epoch'
   */
  readonly by?: 'epoch' | 'batch'
  /**
   * How many files of the training stay, where `{epoch}` in the path gives each another name: the last ones.
   *
   * @default all
   */
  readonly keep?: number
  /**
   * A name in the logs: a file is written only where its value is the best so far.
   *
   * @default none: always
   */
  readonly monitor?: string
  /**
   * Whether less ('min') or more ('max') of it is better.
   *
   * @default what the name says, as for earlyStopping
   */
  readonly mode?: Mode
}

const readCheckpoint = readerOf({
  every: whole(1),
  by: oneOf('epoch', 'batch')('epoch'),
  keep: whole(),
  monitor: text(),
  mode: oneOf('min', 'max')(),
})

/** In a path it stands for how many epochs are over. */
const EPOCH = '{epoch}'

/**
 * Saves checkpoints while a model is trained: in one file, which the next one replaces, or, where the path has `{epoch}`, in a
 * file for each number of epochs that are over. An epoch that `stop` ends before its last batch has none, as a training that
 * goes on from there would leave out its rest.
 *
 * Defaults: every 1, by 'epoch'.
 *
 * @throws DTypeError for what is no path, and for other options; ShapeError unless every and keep are at least 1; MatgradError
 * for keep without `{epoch}` in the path, and for a monitor by batch. When a training begins, MatgradError for a name that is
 * not in its logs, and for a folder that cannot be written to. What `saveCheckpoint` throws ends the training.
 */
export function checkpoint(path: string | FileUrl, options?: CheckpointOptions, ...more: []): Callback {
  checkNoMore('checkpoint', 'path, options', more)
  const pattern = checkPath('checkpoint', path)
  const { every, by, keep = Number.POSITIVE_INFINITY, monitor, mode } = readCheckpoint('checkpoint', options)
  checkInteger('checkpoint', 'every', every, 1, Number.MAX_SAFE_INTEGER)
  if (keep < Number.POSITIVE_INFINITY) {
    checkInteger('checkpoint', 'keep', keep, 1, Number.MAX_SAFE_INTEGER)
    if (!pattern.includes(EPOCH))
      throw new MatgradError(`checkpoint: keep is ${keep}, path is ${shown(pattern)}, wanted ${EPOCH} in the path`)
  }
  if (by === 'batch' && monitor !== undefined)
    throw new MatgradError("checkpoint: got monitor and by: 'batch', wanted by: 'epoch': batches are not measured")
  let watched: Monitor | undefined
  let best: number | null = null
  let written: string[] = []
  let batches = 0
  /** After how many epochs the last file at the end of one was written. */
  let last = 0
  const save = async (training: Training): Promise<void> => {
    if (training.batch === 0) last = training.epoch
    const file = pattern.replaceAll(EPOCH, String(training.epoch))
    await writeAtomically('checkpoint', file, encodeCheckpoint(training))
    written = [...written.filter((each) => each !== file), file]
    while (written.length > keep) {
      const old = written.shift() as string
      await inFile('checkpoint', old, () => rm(old, { force: true }))
    }
  }
  /** Whether the epoch that is over has a file. */
  const isDue = (logs: Readonly<Logs>, { epoch, epochs, isCut }: Training): boolean => {
    // Who went on from there would leave out the rest of it.
    if (isCut) return false
    if (watched === undefined) return (by === 'epoch' && epoch % every === 0) || epoch === epochs
    const value = logs[watched.name]
    if (epoch % every !== 0 || !watched.isBetter(value, best)) return false
    best = value
    return true
  }
  return {
    async onTrainBegin(training) {
      watched = monitor === undefined ? undefined : monitorOf('checkpoint', training, monitor, mode)
      best = null
      // A training that goes on has been measured before.
      const before: readonly number[] = watched ? training.history[watched.name] : []
      for (const value of before) if (watched?.isBetter(value, best)) best = value
      written = []
      batches = 0
      last = training.epoch
      await inFile('checkpoint', pattern, () => access(dirname(pattern), constants.W_OK))
    },
    ...(by === 'batch' && {
      onBatchEnd(_batch: number, _logs: object, training: Training) {
        batches++
        return batches % every === 0 ? save(training) : undefined
      },
    }),
    onEpochEnd: (_epoch, logs, training) => (isDue(logs, training) ? save(training) : undefined),
    onTrainEnd(training) {
      const { epoch, batch, isCut } = training
      return watched || isCut || batch > 0 || epoch === last ? undefined : save(training)
    },
  }
}
