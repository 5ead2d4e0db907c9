import type { Matrix } from '@matgrad/core'
import { checkNoMore, formatShape, type KindMaker, oneOf, readerOf, text } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { type ColorMap, colorOf, STRANGE } from './colors.ts'
import { PixelPicture } from './picture.ts'
import { element, hex, moved, pixelPaths, type Sampled } from './svg.ts'
import { type Cell, type Color, joined, labelOf, lineOf } from './text.ts'
import { censusOf, checkRange, formatNumber, partOf, type Range, range, shrunk } from './values.ts'

export interface HeatmapOptions {
  /** @default 'heatmap' */
  readonly title?: string
  /** 'gray' is black where numbers are smallest. @default 'viridis' */
  readonly colorMap?: ColorMap
  /** The numbers with the first and the last colour. @default those of the matrix */
  readonly range?: Range
}

/** Options that are names of colour maps. @internal */
export const colorMap: KindMaker<ColorMap> = oneOf<ColorMap>('viridis', 'gray')

const readHeatmap = readerOf({ title: text('heatmap'), colorMap: colorMap('viridis'), range: range() })

/** The most places of a picture in text, where each takes two characters; in SVG; and in pixels. */
const [IN_TEXT, IN_SVG, IN_PIXELS] = [40, 128, 4096]
const SHADES = ' ░▒▓█'
const shadeOf = (part: number): string => SHADES[Math.min(4, Math.floor(5 * part))]

/** Numbers and the colours that show them. */
export interface Scale {
  readonly range: Range
  colorOf(value: number): Color
  /** What samples in a text, and colours in SVG, stand for; and what is beside the scale. */
  legend(cells?: readonly Cell[], strange?: string, text?: string): (Sampled & { readonly cells?: readonly Cell[] })[]
}

export function scaleOf(map: ColorMap, given: Range | undefined, values: ArrayLike<number>): Scale {
  const { range: found, finite, others } = censusOf(values)
  const range = given ?? found
  const [low, high] = found
  const isCut = finite > 0 && (low < range[0] || high > range[1])
  const bar = barOf(map, range, 32).map((fill, i) =>
    element('rect', { x: 5 * i, y: -6, width: 5, height: 12, fill: hex(fill) }),
  )
  return {
    range,
    colorOf: (value) => (Number.isFinite(value) ? colorOf(map, partOf(value, range)) : STRANGE),
    legend: (cells, strange = '', text = rangeText(range)) => [
      { text, ...(cells ? { cells } : {}), sample: bar.join(''), width: 160 },
      ...(isCut ? [{ text: `the numbers go from ${formatNumber(low)} to ${formatNumber(high)}` }] : []),
      ...(others
        ? [
            {
              text: others,
              cells: [{ text: strange, color: STRANGE }],
              sample: element('rect', { y: -6, width: 22, height: 12, fill: hex(STRANGE) }),
              width: 22,
            },
          ]
        : []),
    ],
  }
}

/** The colours of a scale from one end to the other, which are one where it is one number. */
export const barOf = (map: ColorMap, [low, high]: Range, count: number): Color[] =>
  Array.from({ length: count }, (_, i) => colorOf(map, low === high ? 0.5 : i / (count - 1)))

export const rangeText = ([low, high]: Range): string =>
  low === high ? formatNumber(low) : `${formatNumber(low)} to ${formatNumber(high)}`

/** The colours of a scale in a text. */
export const cellsOf = (map: ColorMap, range: Range): Cell[] =>
  barOf(map, range, 16).map((back) => ({ text: ' ', back }))

/**
 * A matrix as colours: row 0 is at the top. Text has at most 40x40 places, SVG 128x128 and PNG 4096x4096: of larger matrices each is the mean
 * of a square block, which the title says. What is no finite number has a colour of its own, and is counted.
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
  const { rows, cols, data } = matrix.clone()
  const scale = scaleOf(settings.colorMap, settings.range, data)
  const placesIn = (most: number) => {
    const places = shrunk({ rows, cols, data }, most)
    const at = (i: number, j: number): number => places.data[i * places.cols + j]
    const title = joined([labelOf(settings.title), formatShape([rows, cols]), places.note])
    return {
      rows: places.rows,
      cols: places.cols,
      title,
      at,
      colorAt: (i: number, j: number) => scale.colorOf(at(i, j)),
    }
  }
  return new PixelPicture(
    {
      text(colors, width) {
        const { title, at, colorAt, ...places } = placesIn(Math.max(1, Math.min(IN_TEXT, Math.floor(width / 2))))
        const cellAt = (i: number, j: number): Cell => {
          if (!Number.isFinite(at(i, j))) return { text: '??', color: STRANGE }
          if (colors) return { text: '  ', back: colorAt(i, j) }
          return { text: shadeOf(partOf(at(i, j), scale.range)).repeat(2) }
        }
        const lines = Array.from({ length: places.rows }, (_, i) =>
          lineOf(
            Array.from({ length: places.cols }, (_, j) => cellAt(i, j)),
            colors,
          ),
        )
        const isOne = scale.range[0] === scale.range[1]
        const bar = colors ? cellsOf(settings.colorMap, scale.range) : [{ text: isOne ? shadeOf(0.5) : SHADES }]
        return { title, lines, legend: scale.legend(bar, '??') }
      },
      svg() {
        const { title, colorAt, ...places } = placesIn(IN_SVG)
        const side = Math.min(40, Math.max(2, 480 / Math.max(places.cols, places.rows, 1)))
        const body = [moved(0, 0, pixelPaths(places.rows, places.cols, colorAt), side)]
        return { title, width: side * places.cols, height: side * places.rows, body, legend: scale.legend() }
      },
    },
    placesIn(IN_PIXELS),
  )
}
