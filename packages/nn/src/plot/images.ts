import { type Matrix, ShapeError } from '@matgrad/core'
import { checkInteger, checkNoMore, readerOf, text, whole } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { titleAt } from './axes.ts'
import type { ColorMap } from './colors.ts'
import { colorMap, Scale } from './heatmap.ts'
import { PixelPicture } from './picture.ts'
import { documentOf, element, pixelPaths, textElement } from './svg.ts'
import { type Cell, type Color, formatNumber, labelOf, lineOf, padEnd, widestOf } from './text.ts'
import { censusOf, checkCount, checkRange, joined, labels, type Range, range, type Shrunk, shrunk } from './values.ts'

export interface ImagesOptions {
  /** Of pixels in an image. @default those of a square */
  readonly rows?: number
  /** Of pixels in an image. @default those of a square */
  readonly cols?: number
  /** How many images are side by side. @default 4 */
  readonly perRow?: number
  /** @default 'images' */
  readonly title?: string
  /** What stands above each image, in text and SVG. @default nothing */
  readonly titles?: readonly string[]
  /** 'gray' is black where numbers are smallest. @default 'gray' */
  readonly colorMap?: ColorMap
  /** The numbers with the first and the last colour. @default those of the matrix */
  readonly range?: Range
}

const readImages = readerOf({
  rows: whole(),
  cols: whole(),
  perRow: whole(4),
  title: text('images'),
  titles: labels(),
  colorMap: colorMap('gray'),
  range: range(),
})

/** The most images that are drawn, and the most pixels of one in text and SVG, in each direction. */
const [MOST_IMAGES, IN_TEXT, IN_SVG] = [100, 64, 128]

/** The size of an image of so many pixels. */
function sizeOf(pixels: number, rows: number | undefined, cols: number | undefined): readonly [number, number] {
  const side = Math.sqrt(pixels)
  const height = rows ?? (cols === undefined ? side : pixels / cols)
  const width = cols ?? pixels / height
  for (const [name, value] of Object.entries({ rows, cols }))
    if (value !== undefined) checkInteger('images', name, value, 1, Number.MAX_SAFE_INTEGER)
  if (!(Number.isInteger(height) && Number.isInteger(width) && height * width === pixels))
    throw new ShapeError(
      `images: an image has ${pixels} pixels and is ${rows ?? '?'}x${cols ?? '?'}, wanted rows and cols of that product`,
    )
  return [height, width]
}

/** Two rows of pixels in one of characters: in colours the upper half of a block on another, without them ink or none. */
function halfBlocks({ rows, cols, data }: Shrunk, scale: Scale, colors: boolean): string[] {
  const middle = scale.range[0] / 2 + scale.range[1] / 2
  const cellAt = (i: number, j: number): Cell => {
    const [upper, lower] = [data[i * cols + j], i + 1 < rows ? data[(i + 1) * cols + j] : undefined]
    if (colors)
      return { text: '▀', color: scale.colorOf(upper), ...(lower === undefined ? {} : { back: scale.colorOf(lower) }) }
    if (!(Number.isFinite(upper) && Number.isFinite(lower ?? 0))) return { text: '?' }
    return { text: ' ▄▀█'[2 * Number(upper > middle) + Number(lower !== undefined && lower > middle)] }
  }
  return Array.from({ length: Math.ceil(rows / 2) }, (_, half) =>
    lineOf(
      Array.from({ length: cols }, (_, j) => cellAt(2 * half, j)),
      colors,
    ),
  )
}

/**
 * Images, each a row of a matrix, `perRow` of them side by side; the first 100, and the title says of how many. Larger images are made
 * smaller in text and SVG by means of square blocks. PNG has the pixels alone, one image at the other.
 *
 * Defaults: perRow 4, title 'images', colorMap 'gray'.
 *
 * @throws DTypeError for other than a Matrix; ShapeError unless rows·cols is the number of columns, and for other than a title for each
 * image; MatgradError for a range that is none.
 */
export function images(matrix: Matrix, options?: ImagesOptions, ...more: []): PixelPicture {
  checkNoMore('images', 'matrix, options', more)
  checkMatrices('images', { matrix })
  const { rows, cols, perRow, titles, ...settings } = readImages('images', options)
  const [height, width] = sizeOf(matrix.cols, rows, cols)
  checkInteger('images', 'perRow', perRow, 1, Number.MAX_SAFE_INTEGER)
  checkCount('images', 'titles', titles, matrix.rows)
  checkRange('images', 'range', settings.range)
  const count = Math.min(MOST_IMAGES, matrix.rows)
  const shown = matrix.slice(0, count)
  const scale = new Scale(settings.colorMap, settings.range, censusOf(shown.data))
  const across = Math.min(perRow, count)
  const down = across === 0 ? 0 : Math.ceil(count / perRow)
  const number = count < matrix.rows ? `the first ${count} of ${matrix.rows}` : String(count)
  const heading = (note: string): string => joined([labelOf(settings.title), `${number} of ${height}x${width}`, note])
  const names = titles?.slice(0, count).map(labelOf)

  const imageAt = (k: number, most: number): Shrunk =>
    shrunk({ rows: height, cols: width, data: shown.data.subarray(k * matrix.cols, (k + 1) * matrix.cols) }, most, most)
  const noteOf = (most: number): string => shrunk({ rows: height, cols: width, data: [] }, most, most).note

  /** The indices of the images in each row. */
  const strips = Array.from({ length: down }, (_, row) =>
    Array.from({ length: Math.min(perRow, count - row * perRow) }, (_, column) => row * perRow + column),
  )

  return new PixelPicture(
    {
      text(colors) {
        const lines = strips.flatMap((strip) => {
          const blocks = strip.map((k) => {
            const image = imageAt(k, IN_TEXT)
            const title = names?.[k]
            const room = Math.max(image.cols, widestOf([title ?? '']))
            const pixels = halfBlocks(image, scale, colors)
            const trailing = ' '.repeat(room - image.cols)
            const padded = pixels.map((line) => (colors ? line + trailing : line.padEnd(room)))
            return title === undefined ? padded : [padEnd(title, room), ...padded]
          })
          return blocks[0].map((_, i) =>
            blocks
              .map((block) => block[i])
              .join('  ')
              .trimEnd(),
          )
        })
        return [heading(noteOf(IN_TEXT)), ...lines, scale.legendOf(colors, colors ? '▀' : '?')].join('\n')
      },
      svg() {
        const [gap, head] = [6, names ? 20 : 0]
        const side = Math.max(1, Math.min(16, Math.round(112 / Math.max(1, Math.min(IN_SVG, Math.max(height, width))))))
        const first = imageAt(0, IN_SVG)
        const [w, h] = [first.cols * side + gap, first.rows * side + gap + head]
        const drawn = strips.flatMap((strip, row) =>
          strip.map((k, column) => {
            const image = imageAt(k, IN_SVG)
            const paths = pixelPaths(image.rows, image.cols, (i, j) => scale.colorOf(image.data[i * image.cols + j]))
            const room = Math.max(1, Math.floor((w - gap) / 6.5))
            const title = names?.[k] ?? ''
            return element(
              'g',
              { transform: `translate(${16 + column * w} ${34 + row * h})` },
              ...(names
                ? [textElement('text', { y: 13 }, title.length > room ? `${title.slice(0, room - 1)}…` : title)]
                : []),
              element(
                'g',
                { transform: `translate(0 ${head}) scale(${side})`, 'shape-rendering': 'crispEdges' },
                ...paths,
              ),
            )
          }),
        )
        const title = heading(noteOf(IN_SVG))
        return documentOf(
          Math.max(480, across * w) + 32,
          down * h + 120,
          title,
          joined([scale.range.map(formatNumber).join(' to '), scale.note, ...(names ?? [])]),
          titleAt(16, title),
          ...drawn,
          scale.legendAt(16, down * h + 46),
        )
      },
    },
    {
      rows: down * height,
      cols: across * width,
      colorAt(i, j): Color {
        const k = Math.floor(i / height) * perRow + Math.floor(j / width)
        const value = shown.data[k * matrix.cols + (i % height) * width + (j % width)]
        // Where the last row ends early.
        return k < count ? scale.colorOf(value) : [255, 255, 255]
      },
    },
  )
}
