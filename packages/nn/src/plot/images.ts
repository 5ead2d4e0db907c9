import { type Matrix, ShapeError } from '@matgrad/core'
import { checkInteger, checkNoMore, names, readerOf, text, whole } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { type ColorMap, WHITE } from './colors.ts'
import { PixelPicture } from './picture.ts'
import { colorMap, type Scale, scaleOf } from './scale.ts'
import { moved, pixelPaths, roomFor, textElement } from './svg.ts'
import { type Cell, cut, joined, labelOf, lineOf, padEnd, widestOf } from './text.ts'
import { between, checkCount, checkRange, formatNumber, type Range, range, type Shrunk, shrunk } from './values.ts'

export interface ImagesOptions {
  /** Of pixels in an image. @default those of a square */
  readonly rows?: number
  /** Of pixels in an image. @default those of a square */
  readonly cols?: number
  /** How many images are side by side; in text no more than there is room for. @default 4 */
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
  titles: names(),
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
function halfBlocks({ cols, grid }: Shrunk, scale: Scale, middle: number, colors: boolean): string[] {
  const cellOf = (upper: number, lower: number | undefined): Cell => {
    if (colors)
      return { text: '▀', color: scale.colorOf(upper), ...(lower === undefined ? {} : { back: scale.colorOf(lower) }) }
    if (!(Number.isFinite(upper) && Number.isFinite(lower ?? 0))) return { text: '?' }
    return { text: ' ▄▀█'[2 * Number(upper > middle) + Number(lower !== undefined && lower > middle)] }
  }
  const lines = grid.map((row, i) => row.map((upper, j) => cellOf(upper, grid[i + 1]?.[j])))
  return lines.filter((_, i) => i % 2 === 0).map((cells) => padEnd(lineOf(cells, colors), colors ? 0 : cols))
}

/**
 * Images, each a row of a matrix, `perRow` of them side by side; the first 100, and the title says of how many. Larger images
 * are made smaller in text and SVG by means of square blocks. PNG has the pixels alone, one image at the other.
 *
 * Defaults: perRow 4, title 'images', colorMap 'gray'.
 *
 * @throws DTypeError for other than a Matrix; ShapeError unless rows·cols is the number of columns, and for other than a title
 * for each image; MatgradError for a range that is none.
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
  const { data } = matrix.slice(0, count)
  const scale = scaleOf(settings.colorMap, settings.range, data)
  const labels = titles?.slice(0, count).map(labelOf)
  const across = Math.min(perRow, count)
  const down = Math.ceil(count / perRow)

  /** The images in so many pixels at most, and what is said of them. */
  const imagesIn = (most: number): { title: string; size: Shrunk; list: Shrunk[] } => {
    const shrink = (data: ArrayLike<number>): Shrunk => shrunk(height, width, data, most)
    const size = shrink(new Float32Array(matrix.cols))
    const number = count < matrix.rows ? `the first ${count} of ${matrix.rows}` : String(count)
    return {
      title: joined([labelOf(settings.title), `${number} of ${height}x${width}`, size.note]),
      size,
      list: Array.from({ length: count }, (_, k) => shrink(data.subarray(k * matrix.cols, (k + 1) * matrix.cols))),
    }
  }

  return new PixelPicture(
    {
      text(colors, most) {
        const { title, size, list } = imagesIn(Math.min(IN_TEXT, most))
        const middle = between(scale.range, 0.5)
        const room = Math.max(size.cols, widestOf(labels ?? []))
        const blocks = list.map((image, k) => {
          const pixels = halfBlocks(image, scale, middle, colors).map((line) => line + ' '.repeat(room - size.cols))
          return labels ? [padEnd(labels[k], room), ...pixels] : pixels
        })
        const beside = Math.max(1, Math.min(perRow, Math.floor((most + 2) / (room + 2))))
        const lines = blocks.flatMap((_, k) => {
          const strip = k % beside === 0 ? blocks.slice(k, k + beside) : []
          return (strip[0] ?? []).map((_, i) =>
            strip
              .map((block) => block[i])
              .join('  ')
              .trimEnd(),
          )
        })
        const legend = scale.legend(colors, `█ above ${formatNumber(middle)} of`, colors ? '▀' : '?')
        return { title, lines, legend }
      },
      svg() {
        const { title, size, list } = imagesIn(IN_SVG)
        const side = Math.max(1, Math.min(16, Math.round(112 / Math.max(size.rows, size.cols, 1))))
        const [gap, head] = [6, labels ? 20 : 0]
        const [w, h] = [size.cols * side + gap, size.rows * side + gap + head]
        const room = Math.max(1, Math.floor((w - gap) / roomFor(['x'])))
        const body = list.map((image, k) => {
          const paths = pixelPaths(image.grid.map((row) => row.map(scale.colorOf)))
          const label = labels ? [textElement('text', { y: 13 }, cut(labels[k], room))] : []
          return moved((k % perRow) * w, Math.floor(k / perRow) * h, [...label, moved(0, head, paths, side)])
        })
        const description = labels?.join(', ') ?? ''
        return { title, width: across * w, height: down * h, body, legend: scale.legend(true), description }
      },
    },
    {
      rows: down * height,
      cols: across * width,
      colorAt(i, j) {
        const k = Math.floor(i / height) * perRow + Math.floor(j / width)
        // Where the last row ends early.
        return k < count ? scale.colorOf(data[k * matrix.cols + (i % height) * width + (j % width)]) : WHITE
      },
    },
  )
}
