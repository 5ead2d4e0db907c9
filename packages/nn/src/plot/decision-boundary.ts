import { DTypeError, MatgradError } from '@matgrad/core'
import { checkNoMore, describe, flag, names, number, readerOf, text } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { checkClasses, classesIn, classOf, targetOf, thresholdOf } from '../metrics/classes.ts'
import { checkModule, type Module } from '../module.ts'
import type { Dataset } from '../train/data.ts'
import { predict } from '../train/evaluate.ts'
import { PALETTE } from './colors.ts'
import { PixelPicture } from './picture.ts'
import { checkPoints, drawPlane, type Group, groundOf, MARKS, viewOf } from './plane.ts'
import { labelOf } from './text.ts'
import { checkCount } from './values.ts'

export interface BoundaryOptions {
  /** @default 'decision boundary' */
  readonly title?: string
  /** What the first column of x is. @default 'x' */
  readonly xLabel?: string
  /** What the second column of x is. @default 'y' */
  readonly yLabel?: string
  /** What the classes are called. @default their indices */
  readonly classes?: readonly string[]
  /** From it on one value says class 1. @default 0.5, or 0 where `fromLogits` is true */
  readonly threshold?: number
  /** Whether the model gives one logit, and no probability. @default false */
  readonly fromLogits?: boolean
}

const readBoundary = readerOf({
  title: text('decision boundary'),
  xLabel: text('x'),
  yLabel: text('y'),
  classes: names(),
  threshold: number(),
  fromLogits: flag(false),
})

/**
 * The class that a model gives each place of the plane, and samples on it with the classes that they have. A model of one
 * column says class 1 from `threshold` on, one of several the class of the largest.
 *
 * Defaults: title 'decision boundary', xLabel 'x', yLabel 'y', fromLogits false.
 *
 * @param data x nx2, and y class indices nx1 or a column for each class
 * @throws DTypeError or ShapeError for other data; MatgradError for more than 10 classes; what the model throws.
 */
export function decisionBoundary(model: Module, data: Dataset, options?: BoundaryOptions, ...more: []): PixelPicture {
  checkNoMore('decisionBoundary', 'model, data, options', more)
  checkModule('decisionBoundary', model)
  const { title, xLabel, yLabel, classes, ...settings } = readBoundary('decisionBoundary', options)
  const threshold = thresholdOf('decisionBoundary', settings)
  if (typeof data !== 'object' || data === null)
    throw new DTypeError(`decisionBoundary: data is ${describe(data)}, wanted { x, y }`)
  const { x, y } = data
  checkMatrices('decisionBoundary', { x, y })
  checkPoints('decisionBoundary', 'x', x)
  const prediction = predict(model, x)
  checkClasses('decisionBoundary', prediction, y)
  const count = classesIn(prediction.cols)
  if (count > PALETTE.length)
    throw new MatgradError(`decisionBoundary: got ${count} classes, wanted at most ${PALETTE.length}`)
  checkCount('decisionBoundary', 'classes', classes, count)
  const view = viewOf([x])
  const rows = groundOf(view, (places) => {
    const { data, cols, rows } = predict(model, places.astype(x.dtype))
    return Array.from({ length: rows }, (_, i) => classOf(data, i, cols, threshold))
  })
  const called = Array.from({ length: count }, (_, k) => labelOf(classes?.[k] ?? `class ${k}`))
  const groups = called.map((name, k): Group => {
    const rows = Array.from({ length: x.rows }, (_, i) => i).filter((i) => targetOf(y.data, i, y.cols) === k)
    return { name: `${name} in the data`, mark: MARKS[k], points: x.gatherRows(rows) }
  })
  const plane = drawPlane({ title, xLabel, yLabel, view, groups, ground: { names: called, rows } })
  return new PixelPicture(plane, plane)
}
