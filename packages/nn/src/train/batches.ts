import { type Matrix, ShapeError, type TypedArray, zeros } from '@matgrad/core'
import { checkWhole, copyRows, formatShape, tick } from '@matgrad/core/internal'
import { type DataLoader, type Dataset, orderOf } from './data.ts'

/**
 * The most bytes of data that are copied: of more, which take long to copy where somebody may have changed them, a program is given
 * batch after batch.
 */
const MOST_COPIED = 2 ** 23
/** Data of up to so many bytes are copied for a first pass, too, and stay when a training is over. */
export const FEW_BYTES: number = 2 ** 20

/** A copy of data, which nobody has but a program that gathers rows of it. Trainings on data of its form may share it. */
export class Copy {
  readonly x: Matrix
  readonly y: Matrix
  /** Whose it has been last, and when. */
  private from: Dataset | null = null
  private at = 0

  constructor({ x, y }: Dataset) {
    this.x = like(x, x.rows)
    this.y = like(y, y.rows)
  }

  /** Whether data have its shapes and dtypes. */
  fits({ x, y }: Dataset): boolean {
    return hasForm(x, this.x) && hasForm(y, this.y)
  }

  /** Whether it is known to have what these data have. */
  isOf({ x, y }: Dataset): boolean {
    const { from, at } = this
    return from?.x === x && from.y === y && [x, y].every(({ pinned, version }) => !pinned && version < at)
  }

  take(data: Dataset): void {
    this.x.assign(data.x)
    this.y.assign(data.y)
    this.from = data
    this.at = tick()
  }
}

const hasForm = (a: Matrix, b: Matrix): boolean => a.rows === b.rows && a.cols === b.cols && a.dtype === b.dtype

/** A batch that is rows of a copy. */
export class Rows implements Dataset {
  readonly copy: Copy
  /** Their numbers. */
  readonly index: Matrix

  constructor(copy: Copy, count: number) {
    this.copy = copy
    this.index = zeros(count, 1, { dtype: 'float64' })
  }

  get x(): Matrix {
    return this.copy.x.gatherRows(this.index)
  }

  get y(): Matrix {
    return this.copy.y.gatherRows(this.index)
  }
}

/** The batches of a loader of this package, as often as they are gone through; those of one size are in the same matrices. */
export class Batches {
  private readonly operation: string
  private readonly loader: DataLoader
  private readonly copyOf: ((data: Dataset) => Copy) | null
  /** What the batches were made for, which somebody may exchange in the dataset. */
  private made: Dataset
  /** By the number of rows: a pass has at most two. */
  private readonly batches = new Map<number, Dataset>()
  private readonly rows = new Map<number, Rows>()
  private copy: Copy | null = null
  /** Whether the copy has what the data have. */
  private isFresh = false
  private passes = 0
  /** How many batches the copy has served since it was made. */
  private served = Number.POSITIVE_INFINITY

  /**
   * @param operation whose errors are thrown
   * @param copyOf gives a copy of data, if batches may be rows of one
   */
  constructor(operation: string, loader: DataLoader, copyOf: ((data: Dataset) => Copy) | null) {
    const { x, y } = loader.dataset
    this.operation = operation
    this.loader = loader
    this.copyOf = copyOf
    this.made = { x, y }
  }

  /** Control was given to others, who may have changed the data. */
  giveBack(): void {
    this.isFresh = false
  }

  /**
   * Goes through the data once.
   *
   * @param begun how many batches of the pass are left out, as they were trained before
   * @param mayOverwrite whether nobody but this package has had the batches so far: else the next one is in matrices of its own
   * @throws MatgradError where data were detached or resized; ShapeError where there are other data, of another number of rows
   */
  *pass(mayOverwrite: () => boolean, begun = 0): Generator<Dataset> {
    const { batchSize, length, dataset } = this.loader
    const { rows } = dataset.x
    const order = orderOf(this.loader)?.elements ?? null
    for (let i = begun; i < length; i++) {
      const first = i * batchSize
      const count = Math.min(batchSize, rows - first)
      const isOurs = mayOverwrite()
      if (!(isOurs && this.isFresh)) this.look(rows, isOurs && i === begun)
      if (isOurs && this.isFresh) yield this.rowsFrom(first, count, order)
      else if (isOurs && order === null && count === rows) yield this.made
      else yield this.samplesFrom(first, count, order, isOurs)
    }
    this.passes++
  }

  /** Looks at the data that others may have changed, and copies them again where a pass begins. */
  private look(rows: number, begins: boolean): void {
    const { operation, made } = this
    const { x, y } = this.loader.dataset
    if (x.rows !== rows || y.rows !== rows)
      throw new ShapeError(
        `${operation}: x is ${formatShape(x.shape)}, y is ${formatShape(y.shape)}, wanted ${rows} rows as when the pass began`,
      )
    checkWhole(operation, x)
    checkWhole(operation, y)
    if (made.x !== x || made.y !== y) {
      this.batches.clear()
      this.made = { x, y }
    }
    this.isFresh = this.copy?.isOf(this.made) ?? false
    if (this.isFresh || !(begins && this.copyOf && this.isWorthCopying())) return
    if (!this.copy?.fits(this.made)) {
      this.rows.clear()
      this.copy = this.copyOf(this.made)
    }
    this.copy.take(this.made)
    this.served = 0
    this.isFresh = true
  }

  /** Whether a copy is no larger than is good, and serves more batches than it takes as long to make as. */
  private isWorthCopying(): boolean {
    const bytes = bytesOf(this.made)
    return bytes <= MOST_COPIED && (this.passes > 0 || bytes <= FEW_BYTES) && 2 * this.served >= this.loader.length
  }

  private rowsFrom(first: number, count: number, order: TypedArray | null): Rows {
    const { rows, copy } = this
    const batch = rows.get(count) ?? new Rows(copy as Copy, count)
    rows.set(count, batch)
    this.served++
    const { elements } = batch.index
    for (let i = 0; i < count; i++) elements[i] = order === null ? first + i : order[first + i]
    return batch
  }

  private samplesFrom(first: number, count: number, order: TypedArray | null, isOurs: boolean): Dataset {
    const { batches, made } = this
    const known = isOurs ? batches.get(count) : undefined
    const batch = known ?? { x: like(made.x, count), y: like(made.y, count) }
    if (isOurs) batches.set(count, batch)
    copyRows(batch.x, made.x, order, first)
    copyRows(batch.y, made.y, order, first)
    return batch
  }
}

/** How many bytes data have, as far as they are there. */
export const bytesOf = ({ x, y }: Dataset): number => x.elements.byteLength + y.elements.byteLength

const like = ({ cols, dtype }: Matrix, rows: number): Matrix => zeros(rows, cols, { dtype })
