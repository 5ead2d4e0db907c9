import { DTypeError, type Matrix } from '@matgrad/core'
import { checkInteger, checkNoMore, describe, readerOf, text, whole } from '@matgrad/core/internal'
import { axesOf, legendAt, titleAt } from './axes.ts'
import { INKS, PALETTE } from './colors.ts'
import { Picture } from './picture.ts'
import { documentOf, element, hex, round } from './svg.ts'
import { type Cell, formatNumber, formatStep, labelOf, lineOf, padStart, widestOf } from './text.ts'
import {
  between,
  type Census,
  censusOf,
  checkGroups,
  joined,
  numbersOf,
  partOf,
  type Range,
  widened,
} from './values.ts'

export interface LinesOptions {
  /** @default '' */
  readonly title?: string
  /** What the numbers are counted by: 'epoch', say. @default 'index' */
  readonly xLabel?: string
  /** The index of the first numbers. @default 0 */
  readonly start?: number
}

const readLines = readerOf({ title: text(''), xLabel: text('index'), start: whole(0) })

/** A line, as text and as SVG: six characters for flat, upright and the corners; a dash. */
const STYLES: readonly (readonly [glyphs: string, dash: string])[] = [
  ['─│╭╮╰╯', 'none'],
  ['═║╔╗╚╝', '6 3'],
  ['╌╎╭╮╰╯', '2 3'],
  ['━┃┏┓┗┛', '10 3 2 3'],
  ...[...'efghij'].map((letter, i): [string, string] => [letter.repeat(6), `${3 + 2 * i} 2`]),
]

/** Places of a chart in characters, and the most points of a line in SVG. */
const [WIDTH, HEIGHT, MOST_POINTS] = [60, 10, 1000]

interface Line {
  readonly name: string
  readonly values: ArrayLike<number>
  readonly census: Census
}

/** What a line has at each of `count` places that `total` indices are spread over. */
function atPlaces(values: ArrayLike<number>, total: number, count: number): number[] {
  const places: number[] = []
  for (let place = 0; place < count; place++) {
    if (total > count) {
      const start = Math.floor((place * total) / count)
      const end = Math.min(values.length, Math.floor(((place + 1) * total) / count))
      if (start >= end) break
      let mean = 0
      for (let i = start; i < end; i++) mean += values[i] / (end - start)
      places.push(mean)
    } else {
      const at = (place * (total - 1)) / Math.max(1, count - 1)
      const left = Math.floor(at)
      if (at > values.length - 1) break
      const part = at - left
      places.push(part === 0 ? values[left] : values[left] * (1 - part) + values[left + 1] * part)
    }
  }
  return places
}

/** The parts of a line whose numbers are finite, as first index and length. */
function* finiteParts(values: readonly number[]): Iterable<[start: number, end: number]> {
  for (let start = 0, end = 0; start < values.length; start = end + 1) {
    for (end = start; Number.isFinite(values[end]); ) end++
    if (end > start) yield [start, end]
  }
}

/** What is said of a line: where it begins and ends, and what of it is not drawn. */
function factsOf({ values, census }: Line): string {
  if (values.length === 0) return 'no values'
  const ends = `${formatNumber(values[0])}${values.length > 1 ? ` to ${formatNumber(values[values.length - 1])}` : ''}`
  return joined([ends, census.others && `${census.others} not drawn`])
}

class Chart {
  readonly title: string
  readonly lines: readonly Line[]
  readonly total: number
  readonly start: number

  constructor(title: string, lines: readonly Line[], xLabel: string, start: number) {
    this.lines = lines
    this.start = start
    this.total = Math.max(0, ...lines.map(({ values }) => values.length))
    const last = start + this.total - 1
    const what = `${labelOf(xLabel)} ${this.total > 1 ? `${start} to ${last}` : start}`
    this.title = joined([labelOf(title), this.total > 0 ? what : 'no values'])
  }

  /** The lines at so many places at most, the numbers in them, and what was done. */
  private placed(most: number, count: number): { drawn: number[][]; range: Range; note: string } {
    const drawn = this.lines.map(({ values }) => atPlaces(values, this.total, this.total > most ? most : count))
    const { range } = censusOf(drawn.flat())
    const note = this.total > most ? `each place the mean of up to ${Math.ceil(this.total / most)}` : ''
    return { drawn, range, note }
  }

  text(colors: boolean): string {
    const { drawn, range, note } = this.placed(WIDTH, this.total > 1 ? WIDTH : this.total)
    const height = range[0] === range[1] ? 0 : HEIGHT
    const step = range[1] / HEIGHT - range[0] / HEIGHT
    const cells = Array.from({ length: height + 1 }, () => Array<Cell>(WIDTH).fill({ text: ' ' }))
    for (const [k, line] of drawn.entries()) {
      const [flat, upright, up, down, bottom, top] = STYLES[k][0]
      const color = INKS[k]
      const put = (row: number, column: number, text: string): void => {
        cells[row][column] = { text, color }
      }
      const rows = line.map((value) => Math.round(height * (1 - partOf(value, range))))
      for (const [start, end] of finiteParts(line)) {
        if (end === start + 1) put(rows[start], start, '•')
        for (let i = start; i + 1 < end; i++) {
          const [from, to] = [rows[i], rows[i + 1]]
          for (let row = Math.min(from, to) + 1; row < Math.max(from, to); row++) put(row, i, upright)
          put(from, i, from === to ? flat : from > to ? top : down)
          if (from !== to) put(to, i, from > to ? up : bottom)
        }
      }
    }
    const labels = cells.map((_, row) => formatStep(between(range, 1 - row / HEIGHT), step / 10))
    const width = widestOf(labels)
    const chart = cells.map((row, i) => `${padStart(labels[i], width)} ┤${lineOf(row, colors)}`)
    const legend = this.lines.map((line, k) => {
      const sample = { text: STYLES[k][0][0].repeat(2), color: INKS[k] }
      return `${lineOf([sample], colors)} ${line.name}: ${factsOf(line)}`
    })
    const hasPoints = drawn.some((line) => line.some(Number.isFinite))
    return [joined([this.title, note]), ...(hasPoints ? chart : []), ...legend].join('\n')
  }

  svg(): string {
    const { drawn, range, note } = this.placed(MOST_POINTS, this.total)
    const box = { left: 70, top: 34, width: 550, height: 240 }
    const xs = widened([this.start, this.start + Math.max(0, this.total - 1)])
    const axes = axesOf(box, xs, widened(range), 1)
    const curves = drawn.flatMap((line, k) => {
      const stroke = { stroke: hex(PALETTE[k]), 'stroke-width': 2, 'stroke-dasharray': STYLES[k][1], fill: 'none' }
      const perPlace = this.total / Math.min(this.total, MOST_POINTS)
      const point = (i: number): [number, number] => [
        round(axes.x(this.start + i * perPlace + (perPlace - 1) / 2)),
        round(axes.y(line[i])),
      ]
      return [...finiteParts(line)].map(([start, end]) => {
        const points = Array.from({ length: end - start }, (_, i) => point(start + i))
        const [[cx, cy]] = points
        if (points.length === 1) return element('circle', { cx, cy, r: 3, fill: hex(PALETTE[k]) })
        return element('polyline', { points: points.map((each) => each.join(',')).join(' '), ...stroke })
      })
    })
    const legend = this.lines.map((line, k) => ({
      text: `${line.name}: ${factsOf(line)}`,
      sample: (x: number, y: number) =>
        element('path', {
          d: `M${x} ${y}h22`,
          stroke: hex(PALETTE[k]),
          'stroke-width': 2,
          'stroke-dasharray': STYLES[k][1],
        }),
    }))
    const title = joined([this.title, note])
    const height = 310 + 18 * legend.length
    return documentOf(
      640,
      height,
      title,
      legend.map((each) => each.text).join('; '),
      titleAt(16, title),
      axes.markup,
      ...curves,
      legendAt(box.left, 316, legend),
    )
  }
}

function pictureOf(
  operation: string,
  given: unknown,
  { title, xLabel, start }: { readonly title: string; readonly xLabel: string; readonly start: number },
): Picture {
  const lines = checkGroups(operation, 'lines', given).map(([name, list]): Line => {
    const values = Float64Array.from(numbersOf(operation, name, list))
    return { name: labelOf(name), values, census: censusOf(values) }
  })
  return new Picture(new Chart(title, lines, xLabel, start))
}

/**
 * Lists of numbers as lines over their index. Text has 60 places and SVG 1000: of longer lists each is the mean of neighbours, which
 * the title says. What is no finite number is a gap, which the legend counts.
 *
 * Defaults: title '', xLabel 'index', start 0.
 *
 * @param lines 1 to 10, by name
 * @throws DTypeError for other than numbers; MatgradError for no lines or more of them; ShapeError for a start below 0.
 */
export function lines(
  lines: Readonly<Record<string, ArrayLike<number> | Matrix>>,
  options?: LinesOptions,
  ...more: []
): Picture {
  checkNoMore('lines', 'lines, options', more)
  const settings = readLines('lines', options)
  checkInteger('lines', 'start', settings.start, 0, Number.MAX_SAFE_INTEGER)
  return pictureOf('lines', lines, settings)
}

/**
 * The loss of every epoch as a line, and the validation's if there is one: what `fit` gives, `${plot.lossCurve(history)}`.
 *
 * @throws DTypeError for what is no history.
 */
export function lossCurve(
  history: { readonly loss: readonly number[]; readonly valLoss?: readonly number[] },
  ...more: []
): Picture {
  checkNoMore('lossCurve', 'history', more)
  const { loss, valLoss } = Object(history) as { loss?: unknown; valLoss?: unknown }
  if (!Array.isArray(loss)) throw new DTypeError(`lossCurve: history is ${describe(history)}, wanted what fit gives`)
  const curves = valLoss === undefined ? { loss } : { training: loss, validation: valLoss }
  return pictureOf('lossCurve', curves, { title: 'loss', xLabel: 'epoch', start: 1 })
}
