import { MatgradError, type Matrix } from '@matgrad/core'
import { checkNoMore, describe, readerOf, text } from '@matgrad/core/internal'
import { Picture } from './picture.ts'
import { checkPoints, drawPlane, type Group, MARKS, viewOf } from './plane.ts'
import { labelOf, widestOf } from './text.ts'
import { checkGroups, checkRange, type Range, range } from './values.ts'

export interface ScatterOptions {
  /** @default '' */
  readonly title?: string
  /** A character for each group, in text. @default 'ox+*abcdef' */
  readonly marks?: string
  /** What the first column is. @default 'x' */
  readonly xLabel?: string
  /** What the second column is. @default 'y' */
  readonly yLabel?: string
  /** The part of the plane that is shown. @default that of the points */
  readonly xRange?: Range
  /** The part of the plane that is shown. @default that of the points */
  readonly yRange?: Range
}

const readScatter = readerOf({
  title: text(''),
  marks: text(MARKS),
  xLabel: text('x'),
  yLabel: text('y'),
  xRange: range(),
  yRange: range(),
})

/**
 * Points of the plane in groups, those of later groups on top. SVG has at most 2000 points of each group, evenly from all, and
 * says so.
 *
 * Defaults: title '', marks 'ox+*abcdef', xLabel 'x', yLabel 'y'.
 *
 * @param groups 1 to 10 matrices of points by name, nx2
 * @throws DTypeError for other than matrices, ShapeError unless they have two columns; MatgradError for no groups or more, for
 * marks that are not as many single characters, and a range that is none.
 */
export function scatter(groups: Readonly<Record<string, Matrix>>, options?: ScatterOptions, ...more: []): Picture {
  checkNoMore('scatter', 'groups, options', more)
  const { marks, xRange, yRange, ...settings } = readScatter('scatter', options)
  const entries = checkGroups('scatter', 'groups', groups)
  const characters = [...marks]
  const areMarks = characters.every((mark) => labelOf(mark) === mark && widestOf([mark]) === 1)
  if (characters.length < entries.length || !areMarks)
    throw new MatgradError(
      `scatter: marks are ${describe(marks)}, wanted a character for each of ${entries.length} groups`,
    )
  checkRange('scatter', 'xRange', xRange)
  checkRange('scatter', 'yRange', yRange)
  const list = entries.map(([name, points], i): Group => {
    checkPoints('scatter', name, points)
    return { name: labelOf(name), mark: characters[i], points: points.clone() }
  })
  const [x, y] = viewOf(list.map(({ points }) => points))
  return new Picture(drawPlane({ ...settings, view: [xRange ?? x, yRange ?? y], groups: list }))
}
