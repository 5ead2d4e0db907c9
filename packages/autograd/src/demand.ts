import { MatgradError, type Matrix } from '@matgrad/core'
import { elementsOf, mayLook } from '@matgrad/core/internal'
import type { Variable } from './variable.ts'

let looks = true

/** The result of `run`, in which losses look at no number: what they give is then what programs give. */
export function withoutLooking<T>(run: () => T): T {
  const before = looks
  looks = false
  try {
    return run()
  } finally {
    looks = before
  }
}

/** Whether losses look at numbers: not where a function is traced, or replayed. */
export const isLooking = (): boolean => looks && mayLook()

/** A demand on each number of an operand, which is made where it can be seen. */
export interface Demand {
  readonly accepts: (value: number) => boolean
  readonly wanted: string
}

/** NaN is no probability either: its loss is NaN. */
export const PROBABILITY: Demand = { accepts: (value) => !(value < 0 || value > 1), wanted: '0 to 1' }

/**
 * In float32 x − logSumExp(x) is wrong by roundoff of x, which is below 2⁻¹⁰ for x below 2¹³: so much may a logarithm of a
 * probability be above 0.
 */
export const LOG_PROBABILITY: Demand = {
  accepts: (value) => !(value > 2 ** -10),
  wanted: '0 or less, the logarithm of a probability, such as LogSoftmax gives',
}

/** @throws MatgradError for a number that is not as demanded */
export function checkNumbers(operation: string, name: string, { value }: Variable, { accepts, wanted }: Demand): void {
  const elements = elementsOf(operation, value)
  for (let i = 0; i < elements.length; i++)
    if (!accepts(elements[i])) {
      const [row, col] = [Math.floor(i / value.cols), i % value.cols]
      throw new MatgradError(`${operation}: ${name} ${row}, ${col} is ${elements[i]}, wanted ${wanted}`)
    }
}

/** So far off may be what was rounded by hand, to tenths of three classes say, or to bytes, or averaged in float32 for long. */
const MOST_OFF = 0.1
/** So far below 0 may be what was computed as 1 less the others. */
const MOST_BELOW = 1e-3

/**
 * @param otherwise what to do where classes do not exclude each other
 * @param mayBeEmpty whether a row of zeros may be there, which counts nothing, as padding
 * @throws MatgradError for a row that is no distribution, by more than rounding: one with a number below 0, or whose sum is not 1.
 */
export function checkDistributions(
  operation: string,
  name: string,
  value: Matrix,
  otherwise: string,
  mayBeEmpty: boolean,
): void {
  const elements = elementsOf(operation, value)
  const { rows, cols } = value
  for (let i = 0; i < rows; i++) {
    let [sum, largest] = [0, 0]
    for (let at = i * cols; at < (i + 1) * cols; at++) {
      if (elements[at] < -MOST_BELOW)
        throw new MatgradError(`${operation}: ${name} ${i}, ${at - i * cols} is ${elements[at]}, wanted a probability`)
      sum += elements[at]
      largest = Math.max(largest, Math.abs(elements[at]))
    }
    if (Math.abs(sum - 1) > MOST_OFF && !(mayBeEmpty && largest === 0))
      throw new MatgradError(
        `${operation}: row ${i} of ${name} has the sum ${sum}, wanted probabilities, whose sum is 1: ${
          sum > 0 && sum < 2 ? 'divide by the sums of rows, t.div(t.sum(1)), or ' : ''
        }for classes that do not exclude each other ${otherwise}`,
      )
  }
}
