import { DTypeError, MatgradError, type Matrix, ShapeError } from '@matgrad/core'
import { checkNoMore, describe, formatShape } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { titleAt } from './axes.ts'
import { mix, PALETTE } from './colors.ts'
import { Picture } from './picture.ts'
import { documentOf, element, hex, textElement } from './svg.ts'
import { type Cell, type Color, formatNumber, labelOf, lineOf, padEnd, padStart, widestOf } from './text.ts'
import { checkCount } from './values.ts'

/** The most classes whose counts can be read. */
const MOST = 40

const [BLACK, WHITE]: readonly Color[] = [
  [0, 0, 0],
  [255, 255, 255],
]

const TITLE = 'confusion matrix'
const CORNER = 'is \\ read as'

/**
 * What `confusionMatrix` gives as a table with the names of the classes: a row for each class as it is, a column for each as it was predicted.
 * In colours, and in SVG, a field is the fuller the larger a part of its row it is.
 *
 * @param matrix nxn
 * @param labels the names, in the order of the classes' indices; the indices unless they are given
 * @throws ShapeError for a matrix that is not square, and for other than n labels; DTypeError for labels that are no strings; MatgradError for more than 40 classes.
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
  if (labels !== undefined && !(Array.isArray(labels) && labels.every((each) => typeof each === 'string')))
    throw new DTypeError(`confusionMatrix: labels are ${describe(labels)}, wanted an array of strings`)
  checkCount('confusionMatrix', 'labels', labels, matrix.rows)
  const counts = matrix.toArray()
  const names = counts.map((_, i) => labelOf(labels?.[i] ?? `class ${i}`))
  const cells = counts.map((row) => row.map(formatNumber))
  const colors = counts.map((row) => {
    const sum = row.reduce((a, b) => a + b, 0)
    return row.map((count) => {
      const part = sum > 0 && count >= 0 ? count / sum : 0
      return { part, color: mix(WHITE, PALETTE[0], Math.sqrt(part)) }
    })
  })
  return new Picture({
    text(isColored) {
      const width = widestOf([...names, ...cells.flat()])
      const left = widestOf([...names, CORNER])
      const head = [padEnd(CORNER, left), ...names.map((name) => padStart(name, width))].join('  ')
      const lines = cells.map((row, i) => {
        const places = row.flatMap((text, j): Cell[] => {
          const { part, color } = colors[i][j]
          const ink = part > 0 ? { back: color, color: part > 0.4 ? WHITE : BLACK } : {}
          return [{ text: '  ' }, { text: padStart(text, width), ...(isColored ? ink : {}) }]
        })
        return lineOf([{ text: padEnd(names[i], left) }, ...places], isColored)
      })
      return [head.trimEnd(), ...lines].join('\n')
    },
    svg() {
      const widest = 7 * widestOf(names)
      const [left, top] = [Math.max(40, widest) + 24, 76]
      const side = Math.max(36, 7 * widestOf(cells.flat()) + 10, widest + 10)
      const size = side * cells.length
      const fields = cells.flatMap((row, i) =>
        row.flatMap((text, j) => {
          const { part, color } = colors[i][j]
          const [x, y] = [left + j * side, top + 36 * i]
          return [
            element('rect', { x, y, width: side, height: 36, fill: hex(color), stroke: '#dddddd' }),
            textElement(
              'text',
              { x: x + side / 2, y: y + 22, 'text-anchor': 'middle', fill: part > 0.4 ? '#ffffff' : '#222222' },
              text,
            ),
          ]
        }),
      )
      const rowNames = names.map((name, i) =>
        textElement('text', { x: left - 8, y: top + 36 * i + 22, 'text-anchor': 'end' }, name),
      )
      const columnNames = names.map((name, j) =>
        textElement('text', { x: left + (j + 0.5) * side, y: top - 8, 'text-anchor': 'middle' }, name),
      )
      const description = cells.map(
        (row, i) => `${names[i]}: ${row.map((text, j) => `${text} read as ${names[j]}`).join(', ')}`,
      )
      return documentOf(
        Math.max(320, left + size + 16),
        top + 36 * cells.length + 16,
        TITLE,
        description.join('; '),
        titleAt(16, TITLE),
        textElement('text', { x: left, y: 46, fill: '#666666' }, 'read as'),
        textElement('text', { x: left - 8, y: top - 8, fill: '#666666', 'text-anchor': 'end' }, 'is'),
        ...fields,
        ...rowNames,
        ...columnNames,
      )
    },
  })
}
