import { DTypeError, type Generator, getDefaultGenerator, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  didYouMean,
  flag,
  formatShape,
  generatorOption,
  isOfAnotherCopy,
  isPlain,
  mark,
  number,
  readerOf,
  suggestion,
  unknownName,
  whole,
} from '@matgrad/core/internal'
import { isAsMade, isPlainGenerator } from '../as-made.ts'
import { checkMatrices } from '../check.ts'

/** Samples, one a row, and what belongs to them: class indices nx1, or values. */
export interface Dataset {
  readonly x: Matrix
  readonly y: Matrix
}

/** @throws DTypeError unless x and y are matrices; ShapeError unless they have as many rows. */
export function checkDataset(operation: string, dataset: Dataset): void {
  if (
    typeof dataset !== 'object' ||
    dataset === null ||
    Array.isArray(dataset) ||
    dataset instanceof Matrix ||
    isOfAnotherCopy(dataset)
  )
    throw new DTypeError(
      `${operation}: the dataset is ${describe(dataset)}, wanted matrices x and y${didYouMean(Array.isArray(dataset) ? '{ x, y }' : undefined)}`,
    )
  const { x, y } = dataset
  for (const [name, value] of Object.entries({ x, y })) {
    const other = Object.keys(dataset).find((each) => each !== name && suggestion(each, ['x', 'y']) === name)
    if (value === undefined && other) throw unknownName(operation, other, ['x', 'y'])
  }
  checkMatrices(operation, { x, y })
  if (x.rows === y.rows) return
  const [name] =
    Object.entries({ y: y.rows === 1 && y.cols === x.rows, x: x.rows === 1 && x.cols === y.rows }).find(
      ([, isRow]) => isRow,
    ) ?? []
  const hint = name ? `: ${name} is a row, ${name}.T the column` : ''
  throw new ShapeError(
    `${operation}: x is ${formatShape(x.shape)}, y is ${formatShape(y.shape)}, wanted as many rows${hint}`,
  )
}

const { slice, gatherRows } = Matrix.prototype

/** Whether rows are taken of a matrix by nobody's code but this package's. */
export const isPlainMatrix = (matrix: Matrix): boolean => matrix.slice === slice && matrix.gatherRows === gatherRows

/** Whether going through a loader runs nobody's code but this package's. */
export const isPlainLoader = (loader: DataLoader): boolean =>
  Object.getPrototypeOf(loader) === DataLoader.prototype &&
  isAsMade(loader) &&
  loader[Symbol.iterator] === iterate &&
  isPlain(loader.dataset) &&
  isAsMade(loader.dataset) &&
  [loader.dataset.x, loader.dataset.y].every(isPlainMatrix) &&
  isPlainGenerator(getDefaultGenerator())

/** The samples with these numbers. */
const select = ({ x, y }: Dataset, index: Matrix): Dataset => ({ x: x.gatherRows(index), y: y.gatherRows(index) })

export interface DataLoaderOptions {
  readonly batchSize?: number
  /** Whether every pass goes through the samples in a new random order. */
  readonly shuffle?: boolean
  /** Whether a last batch that is not full is left out. */
  readonly dropLast?: boolean
  readonly generator?: Generator
}

const readDataLoader = readerOf({
  batchSize: whole(32),
  shuffle: flag(false),
  dropLast: flag(false),
  generator: generatorOption(),
})

/** Goes through a dataset in batches, as often as it is iterated. */
export class DataLoader implements Iterable<Dataset> {
  readonly dataset: Dataset
  readonly batchSize: number
  readonly shuffle: boolean
  readonly dropLast: boolean
  readonly generator: Generator | undefined

  /** @throws ShapeError unless x and y have as many rows and batchSize is at least 1; DTypeError for other options. */
  constructor(dataset: Dataset, options?: DataLoaderOptions, ...more: []) {
    checkNoMore('DataLoader', 'dataset, options', more)
    checkDataset('DataLoader', dataset)
    const { batchSize, shuffle, dropLast, generator } = readDataLoader('DataLoader', options)
    checkInteger('DataLoader', 'batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER)
    this.dataset = dataset
    this.batchSize = batchSize
    this.shuffle = shuffle
    this.dropLast = dropLast
    this.generator = generator
  }

  /** The number of batches in a pass. */
  get length(): number {
    const batches = this.dataset.x.rows / this.batchSize
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  *[Symbol.iterator](): Iterator<Dataset> {
    const { dataset, batchSize, length } = this
    const order = orderOf(this)
    for (let i = 0; i < length; i++) {
      const start = i * batchSize
      const end = Math.min(dataset.x.rows, start + batchSize)
      if (order) yield select(dataset, order.slice(start, end))
      else yield { x: dataset.x.slice(start, end), y: dataset.y.slice(start, end) }
    }
  }
}

mark(DataLoader.prototype)

const { [Symbol.iterator]: iterate } = DataLoader.prototype

/** Draws the order of a pass: the numbers of the samples, null where that is their own. */
export const orderOf = ({ dataset, shuffle, generator }: DataLoader): Matrix | null =>
  shuffle ? (generator ?? getDefaultGenerator()).permutation(dataset.x.rows) : null

const readSplit = readerOf({ testSize: number(0.25), generator: generatorOption() })

/**
 * Two datasets that share out the rows at random, `testSize` of them in the second: a number of rows if it is a whole number,
 * and otherwise a part of them, as in scikit-learn.
 *
 * @throws MatgradError unless both get at least one row; DTypeError for other options.
 */
export function trainTestSplit(
  dataset: Dataset,
  options?: { testSize?: number; generator?: Generator },
  ...more: []
): { train: Dataset; test: Dataset } {
  checkNoMore('trainTestSplit', 'dataset, options', more)
  checkDataset('trainTestSplit', dataset)
  const { testSize, generator = getDefaultGenerator() } = readSplit('trainTestSplit', options)
  const { rows } = dataset.x
  const isPart = testSize > 0 && testSize < 1
  const count = isPart ? Math.round(rows * testSize) : testSize
  if (!(Number.isInteger(count) && count >= 1 && count < rows))
    throw new MatgradError(
      `trainTestSplit: testSize is ${testSize} of ${rows} rows, wanted a part between 0 and 1, or a number of rows, ` +
        'that leaves at least one row to each dataset',
    )
  const order = generator.permutation(rows)
  return { train: select(dataset, order.slice(count, rows)), test: select(dataset, order.slice(0, count)) }
}

/**
 * Columns with mean 0 and standard deviation 1: (x − mean) / std. A constant column becomes 0. The same shift and scale
 * can be given to new samples by `transform`.
 *
 * @throws ShapeError for no rows, or for samples with another number of columns; DTypeError unless they are matrices.
 */
export function standardize(
  x: Matrix,
  ...more: []
): { x: Matrix; mean: Matrix; std: Matrix; transform: (x: Matrix) => Matrix } {
  checkNoMore('standardize', 'x', more)
  checkMatrices('standardize', { x })
  if (x.rows === 0) throw new ShapeError(`standardize: x is ${formatShape(x.shape)}, wanted at least one row`)
  // The mean of equal numbers is rounded, too: divided by a deviation of that size, they would become ±1.
  const low = x.min(0)
  const constant = low.equal(x.max(0))
  const mean = constant.where(low, x.mean(0))
  const std = constant.where(0, x.std(0))
  const divisor = std.equal(0).where(1, std)
  const transform = (samples: Matrix): Matrix => {
    checkMatrices('standardize', { samples })
    if (samples.cols !== x.cols)
      throw new ShapeError(`standardize: samples are ${formatShape(samples.shape)}, wanted ${x.cols} columns`)
    return samples.sub(mean).div(divisor)
  }
  return { x: transform(x), mean, std, transform }
}
