import { DTypeError, type Generator, getDefaultGenerator, MatgradError, Matrix, ShapeError } from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  didYouMean,
  elementsOf,
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
      `${operation}: the dataset is ${describe(dataset)}, wanted matrices x and y${didYouMean(Array.isArray(dataset) || dataset instanceof Matrix ? '{ x, y }' : undefined)}`,
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
export const select = ({ x, y }: Dataset, index: Matrix | number[]): Dataset => ({
  x: x.gatherRows(index),
  y: y.gatherRows(index),
})

export interface DataLoaderOptions {
  /** How many samples a batch has. @default 32 */
  readonly batchSize?: number
  /** Whether every pass goes through the samples in a new random order. @default false */
  readonly shuffle?: boolean
  /** Whether a last batch that is not full is left out. @default false */
  readonly dropLast?: boolean
  /** Draws the orders. @default the default generator */
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

  /**
   * Defaults: batchSize 32, shuffle false, dropLast false, the default generator.
   *
   * @throws ShapeError unless x and y have as many rows and batchSize is at least 1; DTypeError for other options.
   */
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

export interface SplitOptions {
  /**
   * How many rows the second dataset gets: a number of them, or a part between 0 and 1.
   *
   * @default 0.25
   */
  readonly testSize?: number
  /**
   * Whether both datasets have each class of `y`, class indices nx1, in the proportion that all rows have it in, as nearly as whole
   * rows can.
   *
   * @default false
   */
  readonly stratify?: boolean
  /** Draws the rows, as the default generator does when absent. */
  readonly generator?: Generator
}

const readSplit = readerOf({ testSize: number(0.25), stratify: flag(false), generator: generatorOption() })

/**
 * Two datasets that share out the rows at random, `testSize` of them in the second: a number of rows if it is a whole number,
 * and otherwise a part of them, as in scikit-learn. Defaults: testSize 0.25, stratify false.
 *
 * @throws MatgradError unless both get at least one row, and with `stratify` at least one for each class, which has at least two;
 * ShapeError and DTypeError for `y` that is no class indices then; DTypeError for other options.
 */
export function trainTestSplit(
  dataset: Dataset,
  options?: SplitOptions,
  ...more: []
): { train: Dataset; test: Dataset } {
  checkNoMore('trainTestSplit', 'dataset, options', more)
  checkDataset('trainTestSplit', dataset)
  const { testSize, stratify, generator = getDefaultGenerator() } = readSplit('trainTestSplit', options)
  const { rows } = dataset.x
  const isPart = testSize > 0 && testSize < 1
  const count = isPart ? Math.round(rows * testSize) : testSize
  if (!(Number.isInteger(count) && count >= 1 && count < rows))
    throw new MatgradError(
      `trainTestSplit: testSize is ${testSize} of ${rows} rows, wanted a part between 0 and 1, or a number of rows, ` +
        'that leaves at least one row to each dataset',
    )
  const left = stratify ? sharesOf(dataset.y, count) : null
  const order = generator.permutation(rows)
  if (left === null)
    return { train: select(dataset, order.slice(count, rows)), test: select(dataset, order.slice(0, count)) }
  const classes = elementsOf('trainTestSplit', dataset.y)
  const [train, test]: [number[], number[]] = [[], []]
  for (const row of elementsOf('trainTestSplit', order)) {
    const share = left.get(classes[row]) as number
    left.set(classes[row], share - 1)
    if (share > 0) test.push(row)
    else train.push(row)
  }
  return { train: select(dataset, train), test: select(dataset, test) }
}

/**
 * How many rows each class has, in the order in which they come.
 *
 * @throws ShapeError or DTypeError unless y is class indices nx1.
 */
export function sizesOf(operation: string, y: Matrix): Map<number, number> {
  if (y.cols !== 1)
    throw new ShapeError(`${operation}: y is ${formatShape(y.shape)}, wanted class indices nx1 to stratify by`)
  const sizes = new Map<number, number>()
  for (const each of elementsOf(operation, y)) {
    checkInteger(operation, 'a class', each, 0, Number.MAX_SAFE_INTEGER)
    sizes.set(each, (sizes.get(each) ?? 0) + 1)
  }
  return sizes
}

/**
 * How many of `count` rows each class gets: its part rounded down, and one more for those that lost most by it, of equal ones the
 * first.
 */
function sharesOf(y: Matrix, count: number): Map<number, number> {
  const sizes = sizesOf('trainTestSplit', y)
  for (const [each, size] of sizes)
    if (size < 2) throw new MatgradError(`trainTestSplit: class ${each} has 1 row, wanted at least 2 to stratify by`)
  const { rows } = y
  if (Math.min(count, rows - count) < sizes.size)
    throw new MatgradError(
      `trainTestSplit: of ${rows} rows ${count} are for the test, wanted at least as many rows in each dataset as there are ` +
        `classes to stratify by, ${sizes.size}`,
    )
  // In whole numbers: size·count = share·rows + lost.
  const shares = new Map([...sizes].map(([each, size]) => [each, Math.floor((size * count) / rows)]))
  const lost = (each: number): number => (sizes.get(each) as number) * count - (shares.get(each) as number) * rows
  const byLost = [...sizes.keys()].sort((a, b) => lost(b) - lost(a) || a - b)
  const missing = count - [...shares.values()].reduce((sum, share) => sum + share, 0)
  for (const each of byLost.slice(0, missing)) shares.set(each, (shares.get(each) as number) + 1)
  return shares
}

/** Columns that were shifted and scaled, and the same for other samples. */
export interface Scaling {
  readonly x: Matrix
  /** Shifts and scales new samples as those of `x`. NaN stays NaN. @throws ShapeError for another number of columns */
  readonly transform: (x: Matrix) => Matrix
  /** Takes it back. @throws ShapeError for another number of columns */
  readonly inverse: (x: Matrix) => Matrix
}

type Change = (samples: Matrix) => Matrix

/** @throws ShapeError for no rows, and in the functions for another number of columns; DTypeError unless they are matrices. */
function scalingOf(operation: string, x: Matrix, change: Change, back: Change): Scaling {
  const checked =
    (run: Change): Change =>
    (samples) => {
      checkMatrices(operation, { samples })
      if (samples.cols !== x.cols)
        throw new ShapeError(`${operation}: samples are ${formatShape(samples.shape)}, wanted ${x.cols} columns`)
      return run(samples)
    }
  return { x: change(x), transform: checked(change), inverse: checked(back) }
}

/** @throws DTypeError unless x is a Matrix; ShapeError for no rows. */
function checkRows(operation: string, x: Matrix): void {
  checkMatrices(operation, { x })
  if (x.rows === 0) throw new ShapeError(`${operation}: x is ${formatShape(x.shape)}, wanted at least one row`)
}

/** @throws MatgradError for a column of which `what` is NaN or infinite, as it is where one of its numbers is. */
function checkFinite(operation: string, what: string, values: Matrix): void {
  const column = elementsOf(operation, values).findIndex((each) => !Number.isFinite(each))
  if (column >= 0)
    throw new MatgradError(
      `${operation}: the ${what} of column ${column} is ${values.get(0, column)}, wanted columns of finite numbers`,
    )
}

/**
 * Columns with mean 0 and standard deviation 1: (x − mean) / std. A constant column becomes 0. The same shift and scale can be
 * given to new samples by `transform`, and taken back by `inverse`: x·std + mean, where a constant column has its value again.
 *
 * @throws ShapeError for no rows, or for samples with another number of columns; DTypeError unless they are matrices; MatgradError
 * for columns with NaN or infinities.
 */
export function standardize(x: Matrix, ...more: []): Scaling & { readonly mean: Matrix; readonly std: Matrix } {
  checkNoMore('standardize', 'x', more)
  checkRows('standardize', x)
  // The mean of equal numbers is rounded, too: divided by a deviation of that size, they would become ±1.
  const low = x.min(0)
  const constant = low.equal(x.max(0))
  const mean = constant.where(low, x.mean(0))
  const std = constant.where(0, x.std(0))
  checkFinite('standardize', 'mean', mean)
  checkFinite('standardize', 'standard deviation', std)
  const divisor = std.equal(0).where(1, std)
  const scaling = scalingOf(
    'standardize',
    x,
    (samples) => samples.sub(mean).div(divisor),
    (samples) => samples.mul(divisor).add(mean),
  )
  return { ...scaling, mean, std }
}

export interface MinMaxOptions {
  /**
   * What the least number of a column becomes.
   *
   * @default 0
   */
  readonly low?: number
  /**
   * What the largest number of a column becomes.
   *
   * @default 1
   */
  readonly high?: number
}

const readMinMax = readerOf({ low: number(0), high: number(1) })

/**
 * Columns from `low` to `high`: low + (x − min)·(high − low) / (max − min), as scikit-learn's MinMaxScaler. A constant column
 * becomes `low`. The same shift and scale can be given to new samples by `transform`, which go beyond where they are beyond,
 * and taken back by `inverse`. Defaults: low 0, high 1.
 *
 * @throws ShapeError for no rows, or for samples with another number of columns; DTypeError unless they are matrices, and for other
 * options; MatgradError unless low < high, and for columns with NaN or infinities.
 */
export function minMaxScale(
  x: Matrix,
  options?: MinMaxOptions,
  ...more: []
): Scaling & { readonly min: Matrix; readonly max: Matrix } {
  checkNoMore('minMaxScale', 'x, options', more)
  checkRows('minMaxScale', x)
  const { low, high } = readMinMax('minMaxScale', options)
  if (!(low < high && Number.isFinite(high - low)))
    throw new MatgradError(`minMaxScale: low is ${low}, high is ${high}, wanted finite numbers in this order`)
  const [min, max] = [x.min(0), x.max(0)]
  const range = max.sub(min)
  checkFinite('minMaxScale', 'range', range)
  const constant = range.equal(0)
  const divisor = constant.where(1, range)
  const top = constant.where(min.add(1), max)
  // Their rounded distance from the lower end does not always lead to the upper one.
  const between = (part: Matrix, from: Matrix | number, distance: Matrix | number, to: Matrix | number): Matrix =>
    part.equal(1).where(to, part.mul(distance).add(from))
  const scaling = scalingOf(
    'minMaxScale',
    x,
    (samples) => between(samples.sub(min).div(divisor), low, high - low, high),
    (samples) => between(samples.sub(low).div(high - low), min, divisor, top),
  )
  return { ...scaling, min, max }
}
