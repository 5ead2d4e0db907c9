import { MatgradError } from '@matgrad/core'
import type { Metric } from '../metrics/metric.ts'
import type { DataLoader, Dataset } from './data.ts'

/** What was measured in every epoch so far, by name. */
export type History = { loss: number[] } & Record<string, number[]>

/** Metrics by name. */
export type Metrics = Readonly<Record<string, Metric>>

/** What a training is validated with. */
export type Validation = Dataset | DataLoader | undefined

type Measured<M extends object> = 'loss' | (keyof M & string)

type Validated<M extends object, V extends Validation, S extends number | undefined> = [V, S] extends [
  undefined,
  undefined,
]
  ? never
  : `val${Capitalize<Measured<M>>}`

/** The history that metrics and validation give: with these names alone, where they are known. */
export type HistoryOf<M extends object, V extends Validation, S extends number | undefined> = string extends keyof M
  ? History
  : { [Name in Measured<M> | Validated<M, V, S>]: number[] }

/** What an evaluation gives that has a loss: a number for it and for each metric. */
export type Evaluated<M extends object> = string extends keyof M
  ? Record<string, number>
  : { [Name in Measured<M>]: number }

/** A training that cannot go on. What was measured in the epochs before is on it. */
export class TrainingError extends MatgradError {
  override name = 'TrainingError'
  /** The epoch and the batch in it, from 0. */
  readonly epoch: number
  readonly batch: number
  declare readonly history: History

  constructor(message: string, epoch: number, batch: number) {
    super(message)
    this.epoch = epoch
    this.batch = batch
  }
}

/** Puts the history on an error, if something can be put on it; it may be anything that a user throws. */
export function giveHistory(error: unknown, history: History): void {
  if (typeof error === 'object' && error !== null && Object.isExtensible(error)) Object.assign(error, { history })
}
