import { type Generator, getDefaultGenerator, MatgradError, type Matrix } from '@matgrad/core'
import { checkInteger, checkNoMore, elementsOf, flag, generatorOption, readerOf } from '@matgrad/core/internal'
import { checkDataset, type Dataset, select, sizesOf } from './data.ts'

export interface KFoldOptions {
  /**
   * Whether the rows are shared out at random; else the parts are as the rows come.
   *
   * @default false
   */
  readonly shuffle?: boolean
  /**
   * Whether each part has as many rows of each class of `y`, class indices nx1, as nearly as whole rows can.
   *
   * @default false
   */
  readonly stratify?: boolean
  /** Draws the parts, as the default generator does when absent. */
  readonly generator?: Generator
}

const readKFold = readerOf({ shuffle: flag(false), stratify: flag(false), generator: generatorOption() })

/**
 * Cross-validation: pairs [train, test], one for each of k parts of the rows, which is the test of one pair and in the training
 * data of all others (scikit-learn's KFold, or with `stratify` StratifiedKFold). Of n rows the first n mod k parts have
 * ⌊n / k⌋ + 1, the others ⌊n / k⌋; rows keep their order.
 *
 * Defaults: shuffle false, stratify false.
 *
 * @throws ShapeError unless 2 ≤ k ≤ n; MatgradError where each class has fewer than k rows to stratify; ShapeError and DTypeError
 * for `y` that is no class indices then; DTypeError for other options.
 */
export function kFold(
  dataset: Dataset,
  k: number,
  options?: KFoldOptions,
  ...more: []
): [train: Dataset, test: Dataset][] {
  checkNoMore('kFold', 'dataset, k, options', more)
  checkDataset('kFold', dataset)
  const { shuffle, stratify, generator = getDefaultGenerator() } = readKFold('kFold', options)
  const { rows } = dataset.x
  checkInteger('kFold', 'k', k, 2, Number.MAX_SAFE_INTEGER)
  checkInteger('kFold', 'k', k, 2, Math.max(2, rows))
  if (rows < 2) throw new MatgradError(`kFold: x has ${rows} rows, wanted at least 2 to share out`)
  const draw = shuffle ? (n: number) => elementsOf('kFold', generator.permutation(n)) : range
  const parts = stratify ? stratified(dataset.y, k, draw) : plain(rows, k, draw)
  return range(k).map((part) => {
    const of = (isTest: boolean): Dataset =>
      select(
        dataset,
        range(rows).filter((row) => (parts[row] === part) === isTest),
      )
    return [of(false), of(true)]
  })
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

type Draw = (n: number) => ArrayLike<number>

/** The part of each of n rows: the first rows of an order are the first part. */
function plain(n: number, k: number, draw: Draw): number[] {
  const parts: number[] = Array(n)
  const [least, left] = [Math.floor(n / k), n % k]
  const order = draw(n)
  for (let i = 0; i < n; i++) {
    const inLarger = left * (least + 1)
    parts[order[i]] = i < inLarger ? Math.floor(i / (least + 1)) : left + Math.floor((i - inLarger) / least)
  }
  return parts
}

/**
 * The part of each row, by its class: sorted by class, the rows are dealt to the parts one after another, which says how many
 * of a class each part has.
 */
function stratified(y: Matrix, k: number, draw: Draw): number[] {
  const sizes = sizesOf('kFold', y)
  const most = Math.max(...sizes.values())
  if (most < k)
    throw new MatgradError(`kFold: no class has more than ${most} rows, wanted at least k, ${k}, in one to stratify by`)
  const classes = elementsOf('kFold', y)
  const parts: number[] = Array(y.rows)
  let dealt = 0
  for (const [each, size] of sizes) {
    const own = range(size).map((i) => (dealt + i) % k)
    own.sort((a, b) => a - b)
    dealt += size
    const order = draw(size)
    let i = 0
    for (let row = 0; row < y.rows; row++) if (classes[row] === each) parts[row] = own[order[i++]]
  }
  return parts
}
