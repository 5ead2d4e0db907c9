import { MatgradError, Matrix, ShapeError } from '@matgrad/core'
import { checkInteger, checkNoMore, elementsOf, formatShape, oneOf, readerOf, whole } from '@matgrad/core/internal'
import {
  areProbabilities,
  checkClasses,
  checkIndices,
  classesIn,
  classOf,
  type ThresholdOptions,
  targetOf,
  thresholdOf,
  thresholdOptions,
} from './classes.ts'
import { type Accumulator, checkColumns, type MetricFunction, metricOf } from './metric.ts'

export interface AverageOptions extends ThresholdOptions {
  /**
   * Which classes count: of two class 1 alone ('binary'), or all, by the mean of their scores ('macro'), by the mean weighted with
   * how many samples each has ('weighted'), or by their rows together ('micro').
   *
   * @default 'binary'
   */
  readonly average?: 'binary' | 'macro' | 'micro' | 'weighted'
}

const readAverage = readerOf({ ...thresholdOptions, average: oneOf('binary', 'macro', 'micro', 'weighted')('binary') })
type Average = ReturnType<typeof readAverage>['average']

/** A score of how many rows were rightly said to be of a class, how many were said to be, and how many are. */
type Score = (right: number, said: number, are: number) => number

/** scikit-learn's zero_division. */
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** Counts of each class, from which its score is made. */
class ClassCounts implements Accumulator {
  private readonly name: string
  private readonly score: Score
  private readonly average: Average
  private readonly threshold: number
  private cols: number | undefined
  private right = new Float64Array(0)
  private said = new Float64Array(0)
  private are = new Float64Array(0)

  constructor(name: string, score: Score, average: Average, threshold: number) {
    this.name = name
    this.score = score
    this.average = average
    this.threshold = threshold
  }

  add(prediction: Matrix, target: Matrix): void {
    const { name, threshold } = this
    checkClasses(name, prediction, target)
    checkColumns(name, prediction, this.cols)
    const { rows, cols } = prediction
    if (this.average === 'binary' && cols > 2)
      throw new ShapeError(
        `${name}: prediction is ${formatShape(prediction.shape)}, wanted 1 or 2 columns, or average 'macro', 'micro' or 'weighted'`,
      )
    if (this.cols === undefined) this.start(cols)
    const { right, said, are } = this
    const predicted = elementsOf(name, prediction)
    const wanted = elementsOf(name, target)
    for (let i = 0; i < rows; i++) {
      const own = classOf(predicted, i, cols, threshold)
      const expected = targetOf(wanted, i, target.cols)
      if (own >= 0) said[own]++
      if (expected >= 0) are[expected]++
      if (own === expected && own >= 0) right[own]++
    }
  }

  private start(cols: number): void {
    this.cols = cols
    const classes = classesIn(cols)
    this.right = new Float64Array(classes)
    this.said = new Float64Array(classes)
    this.are = new Float64Array(classes)
  }

  result(): number {
    const { score, average, right, said, are } = this
    if (average === 'binary') return right.length === 0 ? 0 : score(right[1], said[1], are[1])
    if (average === 'micro') return score(sumOf(right), sumOf(said), sumOf(are))
    let [total, weights] = [0, 0]
    for (let j = 0; j < right.length; j++) {
      const weight = average === 'weighted' ? are[j] : Number(said[j] + are[j] > 0)
      total += weight * score(right[j], said[j], are[j])
      weights += weight
    }
    return ratio(total, weights)
  }
}

const sumOf = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0)

/** The metric that is a score of each class, averaged. */
const averageOf = (name: string, score: Score): MetricFunction<AverageOptions> =>
  metricOf(name, readAverage, (settings) => {
    const threshold = thresholdOf(name, settings)
    return {
      start: () => new ClassCounts(name, score, settings.average, threshold),
      readsProbabilities: (cols) => cols === 1 && areProbabilities(settings),
    }
  })

/**
 * The fraction of the rows said to be of a class that are: right / said, 0 where none is said to be. Predictions and targets are
 * those of `accuracy`; the rules are scikit-learn's, whose default average, 'binary', is for two classes alone. 'macro' leaves out
 * classes that no row is of or is said to be. A row with NaN is said to be of no class. Defaults: average 'binary', threshold
 * 0.5, or 0 with fromLogits; fromLogits false.
 *
 * @throws ShapeError for another number of rows or of classes, a class that is out of range, or more than two without another
 * average; DTypeError for a class that is not a whole number, and for other options; MatgradError for `threshold` beside
 * `fromLogits`, or NaN.
 */
export const precision: MetricFunction<AverageOptions> = /* @__PURE__ */ averageOf('precision', (right, said) =>
  ratio(right, said),
)

/**
 * The fraction of the rows of a class that are said to be: right / are, 0 where there is none. Predictions and targets are those
 * of `accuracy`; the rules are scikit-learn's, whose default average, 'binary', is for two classes alone. 'macro' leaves out
 * classes that no row is of or is said to be. A row with NaN is said to be of no class. Defaults: average 'binary', threshold
 * 0.5, or 0 with fromLogits; fromLogits false.
 *
 * @throws ShapeError for another number of rows or of classes, a class that is out of range, or more than two without another
 * average; DTypeError for a class that is not a whole number, and for other options; MatgradError for `threshold` beside
 * `fromLogits`, or NaN.
 */
export const recall: MetricFunction<AverageOptions> = /* @__PURE__ */ averageOf('recall', (right, _said, are) =>
  ratio(right, are),
)

/**
 * The harmonic mean of `precision` and `recall` of a class: 2·right / (said + are), 0 where that is 0 / 0. Predictions and targets
 * are those of `accuracy`; the rules are scikit-learn's, whose default average, 'binary', is for two classes alone. 'macro' leaves
 * out classes that no row is of or is said to be. A row with NaN is said to be of no class. Defaults: average 'binary', threshold
 * 0.5, or 0 with fromLogits; fromLogits false.
 *
 * @throws ShapeError for another number of rows or of classes, a class that is out of range, or more than two without another
 * average; DTypeError for a class that is not a whole number, and for other options; MatgradError for `threshold` beside
 * `fromLogits`, or NaN.
 */
export const f1: MetricFunction<AverageOptions> = /* @__PURE__ */ averageOf('f1', (right, said, are) =>
  ratio(2 * right, said + are),
)

export interface ConfusionOptions extends ThresholdOptions {
  /** Of how many classes the prediction has the indices, nx1; absent, it has scores or probabilities, as for `accuracy`. */
  readonly classes?: number
}

const readConfusion = readerOf({ ...thresholdOptions, classes: whole() })

/**
 * How many rows of class i, by the target, are said to be of class j, by the prediction, in row i and column j: CxC, float64.
 * Predictions and targets are those of `accuracy`; with `classes` a prediction may be class indices nx1, such as `argmax(1)`. A row
 * with NaN is in no cell. It is no metric for `fit`, which wants numbers. Defaults: threshold 0.5, or 0 with fromLogits; fromLogits
 * false.
 *
 * @throws ShapeError for another number of rows or of classes, or a class that is out of range; DTypeError for a class that is
 * not a whole number, and for other options; MatgradError for options that say different things, or NaN.
 */
export function confusionMatrix(prediction: Matrix, target: Matrix, options?: ConfusionOptions, ...more: []): Matrix {
  const name = 'confusionMatrix'
  checkNoMore(name, 'prediction, target, options', more)
  const settings = readConfusion(name, options)
  const threshold = thresholdOf(name, settings)
  if (settings.classes !== undefined) checkInteger(name, 'classes', settings.classes, 1, Number.MAX_SAFE_INTEGER)
  checkClasses(name, prediction, target, settings.classes)
  const { rows, cols } = prediction
  const { classes = classesIn(cols) } = settings
  const areIndices = settings.classes !== undefined && cols === 1
  if (areIndices && !areProbabilities(settings))
    throw new MatgradError(`${name}: got classes beside threshold or fromLogits, wanted one of them`)
  if (!areIndices && classes !== classesIn(cols))
    throw new ShapeError(
      `${name}: prediction is ${formatShape(prediction.shape)}, wanted ${classes} columns, or indices`,
    )
  const predicted = elementsOf(name, prediction)
  const wanted = elementsOf(name, target)
  if (areIndices) checkIndices(name, 'prediction', prediction, predicted, classes)
  const counts = new Float64Array(classes * classes)
  for (let i = 0; i < rows; i++) {
    const own = areIndices ? predicted[i] : classOf(predicted, i, cols, threshold)
    const expected = targetOf(wanted, i, target.cols)
    if (own >= 0 && expected >= 0) counts[expected * classes + own]++
  }
  return new Matrix(counts, classes, classes)
}
