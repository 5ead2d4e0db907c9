import type { Matrix } from '@matgrad/core'
import { checkNoMore, formatShape, type KindMaker, oneOf, readerOf, text } from '@matgrad/core/internal'
import { checkMatrices } from '../check.ts'
import { legendAt, titleAt } from './axes.ts'
import { type ColorMap, colorOf, STRANGE } from './colors.ts'
import { PixelPicture } from './picture.ts'
import { documentOf, element, hex, pixelPaths } from './svg.ts'
import { type Cell, type Color, formatNumber, labelOf, lineOf } from './text.ts'
import { type Census, censusOf, checkRange, joined, partOf, type Range, range, type Shrunk, shrunk } from './values.ts'

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

/** Numbers and the colours that show them. */
export class Scale {
  readonly range: Range
  readonly map: ColorMap
  private readonly census: Census
  private readonly isCut: boolean

  constructor(map: ColorMap, given: Range | undefined, census: Census) {
    this.map = map
    this.census = census
    this.range = given ?? census.range
    const [low, high] = census.range
    this.isCut = census.finite > 0 && (low < this.range[0] || high > this.range[1])
  }

  colorOf(value: number): Color {
    return Number.isFinite(value) ? colorOf(this.map, partOf(value, this.range)) : STRANGE
  }

  /** What there is that the ends of the scale do not say. */
  private get cut(): string {
    const [low, high] = this.census.range
    return this.isCut ? `the numbers go from ${formatNumber(low)} to ${formatNumber(high)}` : ''
  }

  get note(): string {
    return joined([this.cut, this.census.others])
  }

  /** The scale as a bar, and under it what it says. */
  legendAt(x: number, y: number): string {
    const [steps, step] = [32, 5]
    const bar = Array.from({ length: steps }, (_, i) => {
      const fill = hex(colorOf(this.map, i / (steps - 1)))
      return element('rect', { x: x + i * step, y, width: step, height: 12, fill })
    })
    const [low, high] = this.range.map(formatNumber)
    const sample = (left: number, top: number): string =>
      element('rect', { x: left, y: top - 6, width: 22, height: 12, fill: hex(STRANGE) })
    const { cut, census } = this
    const entries = [
      { text: `${low} to ${high}` },
      ...(cut ? [{ text: cut }] : []),
      ...(census.others ? [{ text: census.others, sample }] : []),
    ]
    return [...bar, legendAt(x, y + 28, entries)].join('')
  }

  /** The same on a terminal, where `strange` is what is no finite number. */
  legendOf(colors: boolean, strange: string): string {
    const [low, high] = this.range.map(formatNumber)
    const bar = Array.from({ length: 16 }, (_, i): Cell => ({ text: ' ', back: colorOf(this.map, i / 15) }))
    const ends = colors ? `${low} ${lineOf(bar, true)} ${high}` : `${low} (blank) to ${high} (█)`
    const sample = lineOf([{ text: strange, color: STRANGE }], colors)
    return joined([ends, this.cut, this.census.others && `${this.census.others} (${sample})`])
  }
}

/** What is no finite number. */
const STRANGE_CELL: Cell = { text: '??', color: STRANGE }

/** The title of a picture, and what it shows. */
const factsOf = (title: string, { rows, cols }: Matrix, { note }: Shrunk): string =>
  joined([title, formatShape([rows, cols]), note])

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
  const title = labelOf(settings.title)
  const pixels = shrunk(matrix.clone(), IN_PIXELS, IN_PIXELS)
  const scale = new Scale(settings.colorMap, settings.range, censusOf(matrix.data))
  const colorsOf =
    ({ cols, data }: Shrunk) =>
    (i: number, j: number): Color =>
      scale.colorOf(data[i * cols + j])
  return new PixelPicture(
    {
      text(colors) {
        const places = shrunk(pixels, IN_TEXT, IN_TEXT)
        const colorAt = colorsOf(places)
        const cellAt = (i: number, j: number): Cell => {
          const value = places.data[i * places.cols + j]
          if (!Number.isFinite(value)) return STRANGE_CELL
          if (colors) return { text: '  ', back: colorAt(i, j) }
          return { text: SHADES[Math.min(4, Math.floor(5 * partOf(value, scale.range)))].repeat(2) }
        }
        const lines = Array.from({ length: places.rows }, (_, i) =>
          lineOf(
            Array.from({ length: places.cols }, (_, j) => cellAt(i, j)),
            colors,
          ),
        )
        return [factsOf(title, matrix, places), ...lines, scale.legendOf(colors, STRANGE_CELL.text)].join('\n')
      },
      svg() {
        const places = shrunk(pixels, IN_SVG, IN_SVG)
        const side = Math.min(40, Math.max(2, 480 / Math.max(places.cols, places.rows, 1)))
        const facts = factsOf(title, matrix, places)
        const [width, height] = [side * places.cols, side * places.rows]
        return documentOf(
          Math.max(480, width) + 32,
          height + 120,
          facts,
          joined([`${scale.range.map(formatNumber).join(' to ')}`, scale.note]),
          titleAt(16, facts),
          element(
            'g',
            { transform: `translate(16 34) scale(${side})`, 'shape-rendering': 'crispEdges' },
            ...pixelPaths(places.rows, places.cols, colorsOf(places)),
          ),
          scale.legendAt(16, height + 46),
        )
      },
    },
    { rows: pixels.rows, cols: pixels.cols, colorAt: colorsOf(pixels) },
  )
}
