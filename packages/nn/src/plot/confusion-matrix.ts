import { DTypeError, MatgradError, type Matrix, ShapeError } from '@matgrad/core'
import { checkNoMore, describe, formatShape, names } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { mix, PALETTE, WHITE } from './colors.ts'
import { Picture } from './picture.ts'
import { element, hex, roomFor, textElement } from './svg.ts'
import { type Cell, type Color, cut, labelOf, tableOf } from './text.ts'
import { checkCount, formatNumber } from './values.ts'

/** The most classes whose counts can be read. */
const MOST = 40

const BLACK: Color = [0, 0, 0]

/**
 * What `confusionMatrix` gives as a table with the names of the classes: a row for each class as it is, a column for each as it
 * was predicted. In colours, and in SVG, a field is the fuller the larger a part of its row it is.
 *
 * @param matrix nxn
 * @param labels the names, in the order of the classes' indices; the indices unless they are given
 * @throws ShapeError for a matrix that is not square, and for other than n labels; DTypeError for labels that are no strings;
 * MatgradError for more than 40 classes.
 */
export function confusionMatrix(matrix: Matrix, labels?: readonly string[], ...more: []): Picture {
  checkNoMore('confusionMatrix', 'matrix, labels', more)
  checkMatrices('confusionMatrix', { matrix })
  if (matrix.rows !== matrix.cols || matrix.rows === 0)
    throw new ShapeError(
      `confusionMatrix: matrix is ${formatShape(matrix.shape)}, wanted a row and a column for each class`,
    )
  if (matrix.rows > MOST)
    throw new MatgradError(`confusionMatrix: got ${matrix.rows} classes, wanted at most ${MOST}: heatmap shows more`)
  if (labels !== undefined && !names().accepts(labels))
    throw new DTypeError(`confusionMatrix: labels are ${describe(labels)}, wanted an array of strings`)
  checkCount('confusionMatrix', 'labels', labels, matrix.rows)
  const counts = matrix.toArray()
  const classes = counts.map((_, i) => labelOf(labels?.[i] ?? `class ${i}`))
  /** A count and its colours, white on blue or black where it is no part of a sum. */
  const fields = counts.map((row) => {
    const sum = row.reduce((a, b) => a + b, 0)
    return row.map((count) => {
      const part = count > 0 && sum < Number.POSITIVE_INFINITY ? Math.min(1, count / sum) || 0 : 0
      const back = mix(WHITE, PALETTE[0], Math.sqrt(part))
      return { text: formatNumber(count), part, back, color: part > 0.4 ? WHITE : BLACK }
    })
  })
  return new Picture({
    text(colors) {
      const head = ['is \\ read as', ...classes].map((text): Cell => ({ text }))
      const rows = fields.map((row, i) => [
        { text: classes[i] },
        ...row.map(({ part, text, ...style }): Cell => (part > 0 ? { text, ...style } : { text })),
      ])
      return { title: '', lines: tableOf([head, ...rows], colors), legend: [] }
    },
    svg() {
      const [left, top, height] = [Math.max(30, roomFor(classes)) + 8, 42, 36]
      const heads = classes.map((name) => cut(name, 20))
      const width = Math.max(36, roomFor([...heads, ...fields.flat().map(({ text }) => text)]) + 10)
      const middle = { 'text-anchor': 'middle' }
      const body = [
        textElement('text', { x: left, y: 12, fill: '#666666' }, 'read as'),
        textElement('text', { x: left - 8, y: top - 8, fill: '#666666', 'text-anchor': 'end' }, 'is'),
        ...fields.flatMap((row, i) =>
          row.flatMap(({ text, back, color }, j) => {
            const [x, y] = [left + j * width, top + height * i]
            return [
              element('rect', { x, y, width, height, fill: hex(back), stroke: '#dddddd' }),
              textElement('text', { x: x + width / 2, y: y + 22, ...middle, fill: hex(color) }, text),
            ]
          }),
        ),
        ...classes.flatMap((name, i) => [
          textElement('text', { x: left - 8, y: top + height * i + 22, 'text-anchor': 'end' }, name),
          textElement('text', { x: left + (i + 0.5) * width, y: top - 8, ...middle }, heads[i]),
        ]),
      ]
      const description = fields
        .map((row, i) => `${classes[i]}: ${row.map(({ text }, j) => `${text} read as ${classes[j]}`).join(', ')}`)
        .join('; ')
      const size = { width: left + width * classes.length, height: top + height * classes.length }
      return { title: 'confusion matrix', ...size, body, legend: [], description }
    },
  })
}
