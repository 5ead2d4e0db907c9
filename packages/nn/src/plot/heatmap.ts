import type { Matrix } from '@matgrad/core'
import { checkNoMore, formatShape, readerOf, text } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { type ColorMap, STRANGE } from './colors.ts'
import { PixelPicture } from './picture.ts'
import { colorMap, scaleOf } from './scale.ts'
import { moved, pixelPaths } from './svg.ts'
import { type Cell, joined, labelOf, lineOf } from './text.ts'
import { checkRange, partOf, type Range, range, type Shrunk, shrunk } from './values.ts'

export interface HeatmapOptions {
  /** @default 'heatmap' */
  readonly title?: string
  /** 'gray' is black where numbers are smallest. @default 'viridis' */
  readonly colorMap?: ColorMap
  /** The numbers with the first and the last colour. @default those of the matrix */
  readonly range?: Range
}

const readHeatmap = readerOf({ title: text('heatmap'), colorMap: colorMap('viridis'), range: range() })

/** The most places of a picture in text, where each takes two characters, and in SVG. */
const [IN_TEXT, IN_SVG] = [40, 128]
const SHADES = ' ░▒▓█'
const shadeOf = (part: number): string => SHADES[Math.min(4, Math.floor(5 * part))]

/**
 * A matrix as colours: row 0 is at the top. Text has at most 40x40 places, and SVG 128x128: of larger matrices each is the mean
 * of a square block, which the title says; PNG has a pixel for each element. What is no finite number has a colour of its own,
 * and is counted.
 *
 * Defaults: title 'heatmap', colorMap 'viridis'.
 *
 * @throws DTypeError for other than a Matrix; MatgradError for a range that is none.
 */
export function heatmap(matrix: Matrix, options?: HeatmapOptions, ...more: []): PixelPicture {
  checkNoMore('heatmap', 'matrix, options', more)
  checkMatrices('heatmap', { matrix })
  const settings = readHeatmap('heatmap', options)
  checkRange('heatmap', 'range', settings.range)
  const { rows, cols, data, shape } = matrix.clone()
  const scale = scaleOf(settings.colorMap, settings.range, data)
  const titleOf = ({ note }: Shrunk): string => joined([labelOf(settings.title), formatShape(shape), note])
  return new PixelPicture(
    {
      text(colors, width) {
        const places = shrunk(rows, cols, data, Math.max(1, Math.min(IN_TEXT, Math.floor(width / 2))))
        const cellOf = (value: number): Cell => {
          if (!Number.isFinite(value)) return { text: '??', color: STRANGE }
          if (colors) return { text: '  ', back: scale.colorOf(value) }
          return { text: shadeOf(partOf(value, scale.range)).repeat(2) }
        }
        const lines = places.grid.map((row) => lineOf(row.map(cellOf), colors))
        const shades = scale.range[0] === scale.range[1] ? shadeOf(0.5) : SHADES
        return { title: titleOf(places), lines, legend: scale.legend(colors, shades, '??') }
      },
      svg() {
        const places = shrunk(rows, cols, data, IN_SVG)
        const side = Math.min(40, Math.max(2, 480 / Math.max(places.cols, places.rows, 1)))
        const body = [moved(0, 0, pixelPaths(places.grid.map((row) => row.map(scale.colorOf))), side)]
        const size = { width: side * places.cols, height: side * places.rows }
        return { title: titleOf(places), ...size, body, legend: scale.legend(true) }
      },
    },
    { rows, cols, colorAt: (i, j) => scale.colorOf(data[i * cols + j]) },
  )
}
