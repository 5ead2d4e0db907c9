import { fromFunction, Generator, getDefaultDtype, MatgradError, type Matrix, randn, zeros } from '@matgrad/core'
import { forwardOf, type Module } from '../module.ts'

/** So many samples a model is seen to compute at once. */
export const AT_ONCE = 8

/** Samples to compare results by: any numbers, or where a layer wants indices the first two, or the first alone. */
export function samplesFor(operation: string, model: Module, features: number): Matrix {
  const dtype = model.parameters()[0]?.dtype ?? getDefaultDtype()
  const any = randn(AT_ONCE, features, { dtype, generator: new Generator(operation) })
  for (const samples of [any, fromFunction(AT_ONCE, features, (i, j) => (i + j) % 2, { dtype })])
    try {
      forwardOf(operation, model, samples)
      return samples
    } catch {
      // The model throws it again, for the last ones, where it takes none.
    }
  return zeros(AT_ONCE, features, { dtype })
}

/** @throws MatgradError unless each row of the results is that of the same sample alone. */
export function checkRows(operation: string, model: Module, samples: Matrix): void {
  const together = forwardOf(operation, model, samples).value.toArray()
  const alone = together.map((_, i) => forwardOf(operation, model, samples.slice(i, i + 1)).value.toArray())
  const isAlone = together.every(
    (row, i) => alone[i].length === 1 && row.every((each, j) => Object.is(each, alone[i][0][j])),
  )
  if (together.length !== samples.rows || !isAlone)
    throw new MatgradError(
      `${operation}: the results for ${samples.rows} samples are not those for each alone, wanted a row for a sample that ` +
        'depends on that alone',
    )
}
