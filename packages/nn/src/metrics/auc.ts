import type { Matrix } from '@matgrad/core'
import { elementsOf, flag, readerOf } from '@matgrad/core/internal'
import { checkClasses, targetOf } from './classes.ts'
import { type Accumulator, checkColumns, type MetricFunction, metricOf } from './metric.ts'

export interface AucOptions {
  /**
   * Whether columns are logits, such as `crossEntropy` takes, and no probabilities. One column has the same ranks in any case.
   *
   * @default false
   */
  readonly fromLogits?: boolean
}

const readAuc = readerOf({ fromLogits: flag(false) })

/**
 * The area under the receiver operating characteristic: how likely it is that a sample of class 1 has a higher score than one of
 * class 0, where equal scores count one half (Mann & Whitney 1947), exact but for one division. Scores are nx1, or nx2, of which
 * the second column counts; of more columns each is taken for the score of its class against all others, and the result is the mean
 * (scikit-learn's 'ovr', 'macro') over classes that have rows and leave rows to others. Logits are compared by their difference in
 * two columns, by their `logSoftmax` in more. A target is class indices nx1 or a score for each class. A row with NaN is on the
 * wrong side of all others. NaN where all rows are of one class. Defaults: fromLogits false.
 *
 * Ranks are of all samples, so an accumulator keeps their scores: its memory grows with the data.
 *
 * @throws ShapeError for another number of rows or of classes, or a class that is out of range; DTypeError for a class that
 * is not a whole number, and for other options.
 */
export const auc: MetricFunction<AucOptions> = /* @__PURE__ */ metricOf('auc', readAuc, ({ fromLogits }) => ({
  start: () => new Ranking(fromLogits),
  readsProbabilities: (cols) => cols > 1 && !fromLogits,
}))

class Ranking implements Accumulator {
  private readonly fromLogits: boolean
  private cols: number | undefined
  private readonly classes = new Numbers()
  /** Of each row one score, of class 1, or with more than two columns one of each class. */
  private readonly scores = new Numbers()

  constructor(fromLogits: boolean) {
    this.fromLogits = fromLogits
  }

  /** How many scores of a row are kept. */
  private get width(): number {
    return this.cols !== undefined && this.cols > 2 ? this.cols : 1
  }

  add(prediction: Matrix, target: Matrix): void {
    checkClasses('auc', prediction, target)
    checkColumns('auc', prediction, this.cols)
    const { rows, cols } = prediction
    const { fromLogits, classes, scores } = this
    this.cols = cols
    const { width } = this
    const given = fromLogits && cols > 2 ? prediction.astype('float64').logSoftmax(1) : prediction
    const values = elementsOf('auc', given)
    const wanted = elementsOf('auc', target)
    const [from, to] = [scores.grow(rows * width), classes.grow(rows)]
    for (let i = 0; i < rows; i++) {
      const start = i * cols
      const expected = targetOf(wanted, i, target.cols)
      classes.data[to + i] = expected
      let isBroken = expected < 0
      for (let at = start; at < start + cols; at++) if (Number.isNaN(values[at])) isBroken = true
      for (let j = 0; j < width; j++) {
        const column = width === 1 ? cols - 1 : j
        const score = fromLogits && cols === 2 ? values[start + 1] - values[start] : values[start + column]
        scores.data[from + i * width + j] = isBroken ? Number.NaN : score
      }
    }
  }

  result(): number {
    const { width, classes, scores } = this
    let [total, count] = [0, 0]
    for (let j = 0; j < width; j++) {
      const area = areaOf(scores, classes, width, j)
      if (Number.isNaN(area)) continue
      total += area
      count++
    }
    return total / count
  }
}

/** The area by a column of scores, of the class of this number if there are several columns, else of class 1. */
function areaOf({ data }: Numbers, classes: Numbers, width: number, column: number): number {
  const own = width === 1 ? 1 : column
  const [higher, lower] = [new Numbers(), new Numbers()]
  let [ours, others] = [0, 0]
  for (let i = 0; i < classes.length; i++) {
    const isOurs = classes.data[i] === own
    if (isOurs) ours++
    else others++
    const score = data[i * width + column]
    // It is counted, but not among those that are higher than others, or lower.
    if (Number.isNaN(score)) continue
    const side = isOurs ? higher : lower
    const place = side.grow(1)
    side.data[place] = score
  }
  const [above, below] = [higher.sorted(), lower.sorted()]
  let [less, most, wins] = [0, 0, 0]
  for (const score of above) {
    while (less < below.length && below[less] < score) less++
    while (most < below.length && below[most] <= score) most++
    wins += (less + most) / 2
  }
  return wins / (ours * others)
}

/** A list of numbers, without an object each. */
class Numbers {
  data = new Float64Array(16)
  length = 0

  /** Makes room for so many more, and gives the place of the first. */
  grow(count: number): number {
    const start = this.length
    this.length += count
    if (this.length > this.data.length) {
      const before = this.data
      this.data = new Float64Array(Math.max(this.length, 2 * before.length))
      this.data.set(before)
    }
    return start
  }

  sorted(): Float64Array {
    return this.data.subarray(0, this.length).sort()
  }
}
