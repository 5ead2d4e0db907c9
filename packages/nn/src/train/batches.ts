import { concat, type Matrix, ShapeError, zeros } from '@matgrad/core'
import { checkWhole, copyRows, formatShape } from '@matgrad/core/internal'
import { type DataLoader, type Dataset, orderOf } from './data.ts'

/** The batches of a loader of this package, as often as they are gone through; those of one size are in the same matrices. */
export class Batches {
  private readonly operation: string
  private readonly loader: DataLoader
  /** What the batches were made for, which somebody may exchange in the dataset. */
  private made: Dataset
  /** By the number of rows: a pass has at most two. */
  private readonly batches = new Map<number, Dataset>()

  /** @param operation whose errors are thrown */
  constructor(operation: string, loader: DataLoader) {
    this.operation = operation
    this.loader = loader
    this.made = { ...loader.dataset }
  }

  /**
   * Goes through the data once.
   *
   * @param mayOverwrite whether nobody but this package has had the batches so far: else the next one is in matrices of its own
   * @throws MatgradError where data were detached or resized; ShapeError where there are other data, of another number of rows
   */
  *pass(mayOverwrite: () => boolean): Generator<Dataset> {
    const { operation } = this
    const { dataset, batchSize, length } = this.loader
    const { rows } = dataset.x
    const order = orderOf(this.loader)?.elements ?? null
    for (let i = 0; i < length; i++) {
      const first = i * batchSize
      const { x, y } = dataset
      if (x.rows !== rows || y.rows !== rows)
        throw new ShapeError(
          `${operation}: x is ${formatShape(x.shape)}, y is ${formatShape(y.shape)}, wanted ${rows} rows as when the pass began`,
        )
      checkWhole(operation, x)
      checkWhole(operation, y)
      const batch = this.batchFor(dataset, Math.min(batchSize, rows - first), mayOverwrite())
      copyRows(batch.x, x, order, first)
      copyRows(batch.y, y, order, first)
      yield batch
    }
  }

  private batchFor({ x, y }: Dataset, rows: number, mayOverwrite: boolean): Dataset {
    const { batches, made } = this
    if (made.x !== x || made.y !== y) {
      batches.clear()
      this.made = { x, y }
    }
    const known = mayOverwrite ? batches.get(rows) : undefined
    if (known !== undefined) return known
    const batch = { x: like(x, rows), y: like(y, rows) }
    if (mayOverwrite) batches.set(rows, batch)
    return batch
  }
}

const like = ({ cols, dtype }: Matrix, rows: number): Matrix => zeros(rows, cols, { dtype })

/** Matrices below one another: itself where there is one. */
export const joined = (parts: readonly Matrix[]): Matrix => (parts.length === 1 ? parts[0] : concat(parts, 0))
