import { DTypeError, type Matrix } from '@matgrad/core'
import { checkInteger, checkNoMore, describe, oneOf, readerOf, text, whole } from '@matgrad/core/internal'
import { acrossAxis, framed, linearAxis, logAxis } from './axes.ts'
import { INKS, PALETTE } from './colors.ts'
import { Picture } from './picture.ts'
import { element, hex, round } from './svg.ts'
import { type Cell, joined, labelOf, lineOf, padStart, widestOf } from './text.ts'
import { censusOf, checkGroups, formatNumber, numbersOf, type Range, widened } from './values.ts'

export interface LinesOptions {
  /** @default '' */
  readonly title?: string
  /** What the numbers are counted by: 'epoch', say. @default 'index' */
  readonly xLabel?: string
  /** What the numbers are, beside their axis in SVG. @default '' */
  readonly yLabel?: string
  /** How far up numbers are; those that are not positive are not drawn where it is 'log'. @default 'linear' */
  readonly yScale?: 'linear' | 'log'
  /** The index of the first numbers. @default 0 */
  readonly start?: number
}

export interface LossCurveOptions extends Omit<LinesOptions, 'start' | 'xLabel'> {
  /** @default 'loss' */
  readonly title?: string
  /** How many epochs there were before the first one, as in `fit`. @default 0 */
  readonly initialEpoch?: number
}

const yScale = oneOf<'linear' | 'log'>('linear', 'log')

const readLines = readerOf({
  title: text(''),
  xLabel: text('index'),
  yLabel: text(''),
  yScale: yScale('linear'),
  start: whole(0),
})
const readLoss = readerOf({ title: text('loss'), yLabel: text(''), yScale: yScale('linear'), initialEpoch: whole(0) })

/** A line, as text and as SVG: six characters for flat, upright and the corners; a dash. */
const STYLES: readonly (readonly [glyphs: string, dash: string])[] = [
  ['─│╭╮╰╯', 'none'],
  ['═║╔╗╚╝', '6 3'],
  ['╌╎╭╮╰╯', '2 3'],
  ['━┃┏┓┗┛', '10 3 2 3'],
  ...[...'efghij'].map((letter, i): [string, string] => [letter.repeat(6), `${3 + 2 * i} 2`]),
]

/** The most places of a chart in characters, its rows, and the most points of a line in SVG. */
const [WIDTH, HEIGHT, MOST_POINTS] = [60, 10, 1000]
const BOX = { width: 550, height: 240 }

interface Line {
  readonly values: Float64Array
  /** Its name, where it begins and ends, and what of it is not drawn. */
  readonly legend: string
}

function lineFrom(name: string, values: Float64Array, isLog: boolean): Line {
  const ends = values.length > 1 ? [values[0], values[values.length - 1]] : [...values]
  const below = isLog ? values.filter((value) => value <= 0 && Number.isFinite(value)).length : 0
  const missing = joined([censusOf(values).others, below > 0 ? `${below} not positive` : ''])
  const said = joined([ends.map(formatNumber).join(' to ') || 'no values', missing && `${missing} not drawn`])
  return {
    values: isLog ? values.map((value) => (value > 0 ? value : Number.NaN)) : values,
    legend: `${labelOf(name)}: ${said}`,
  }
}

/** What a line has at each of `count` places that `total` indices are spread over: the mean of what is there. */
function meansOf(values: Float64Array, total: number, count: number): number[] {
  const means: number[] = []
  for (let start = 0; start < values.length; ) {
    const end = Math.min(values.length, Math.floor(((means.length + 1) * total) / count))
    // The mean of equal numbers is that number, and none overflows.
    let mean = values[start]
    for (let i = start + 1; i < end; i++) mean += values[i] / (end - start) - values[start] / (end - start)
    means.push(mean)
    start = end
  }
  return means
}

/** The parts of a line whose numbers are finite, as first index and the one after the last. */
function* finiteParts(values: readonly number[]): Iterable<[start: number, end: number]> {
  for (let start = 0, end = 0; start < values.length; start = end + 1) {
    for (end = start; Number.isFinite(values[end]); ) end++
    if (end > start) yield [start, end]
  }
}

function pictureOf(operation: string, given: unknown, settings: ReturnType<typeof readLines>): Picture {
  const { start, xLabel } = settings
  const isLog = settings.yScale === 'log'
  const lines = checkGroups(operation, 'lines', given).map(([name, list]) =>
    lineFrom(name, Float64Array.from(numbersOf(operation, name, list)), isLog),
  )
  const total = Math.max(0, ...lines.map(({ values }) => values.length))
  const indices = `${labelOf(xLabel)} ${start}${total > 1 ? ` to ${start + total - 1}` : ''}`

  /** The lines at so many places at most. */
  const drawnAt = (most: number): { drawn: number[][]; range: Range; finite: number; title: string } => {
    const count = Math.min(total, most)
    const drawn = lines.map(({ values }) => meansOf(values, total, count))
    const note = total > most ? `each place the mean of up to ${Math.ceil(total / most)}` : ''
    const scale = isLog ? 'logarithmic' : ''
    const title = joined([labelOf(settings.title), total > 0 ? indices : 'no values', scale, note])
    const { range, finite } = censusOf(drawn.flat())
    return { drawn, range: finite > 0 ? range : [1, 1], finite, title }
  }
  const strokeOf = (k: number) => ({
    stroke: hex(PALETTE[k]),
    'stroke-width': 2,
    'stroke-dasharray': STYLES[k][1],
    fill: 'none',
  })
  const legend = lines.map((line, k) => ({
    text: line.legend,
    cells: [{ text: STYLES[k][0][0].repeat(2), color: INKS[k] }],
    sample: element('path', { d: 'M0 0h22', ...strokeOf(k) }),
    width: 22,
  }))
  const axisOf = (range: Range) => (isLog ? logAxis(range, 7) : linearAxis(range, 7))

  return new Picture({
    text(colors, width) {
      const labelled = (columns: number) => {
        const { range, ...rest } = drawnAt(columns)
        const height = range[0] === range[1] ? 0 : HEIGHT
        const axis = axisOf(range)
        const labels = Array.from({ length: height + 1 }, (_, row) => axis.labelAt(1 - row / HEIGHT))
        return { ...rest, height, axis, labels, room: widestOf(labels) }
      }
      const most = Math.max(1, Math.min(WIDTH, width - labelled(WIDTH).room - 2))
      const { drawn, finite, title, height, axis, labels, room } = labelled(most)
      const apart = Math.max(1, Math.floor((most - 1) / Math.max(1, Math.min(total, most) - 1)))
      const cells = labels.map(() => Array<Cell>(most).fill({ text: ' ' }))
      for (const [k, line] of drawn.entries()) {
        const [flat, upright, up, down, bottom, top] = STYLES[k][0]
        const put = (row: number, column: number, text: string): void => {
          cells[row][column] = { text, color: INKS[k] }
        }
        const parts = line.map(axis.part)
        const rowAt = (column: number): number => {
          const [i, part] = [Math.floor(column / apart), (column % apart) / apart]
          return Math.round(height * (1 - (part === 0 ? parts[i] : parts[i] * (1 - part) + parts[i + 1] * part)))
        }
        for (const [first, end] of finiteParts(line)) {
          const last = (end - 1) * apart
          put(rowAt(last), last, first + 1 === end ? '•' : flat)
          for (let column = first * apart; column < last; column++) {
            const [from, to] = [rowAt(column), rowAt(column + 1)]
            for (let row = Math.min(from, to) + 1; row < Math.max(from, to); row++) put(row, column, upright)
            put(from, column, from === to ? flat : from > to ? top : down)
            if (from !== to) put(to, column, from > to ? up : bottom)
          }
        }
      }
      const chart = cells.map((row, i) => `${padStart(labels[i], room)} ┤${lineOf(row, colors)}`)
      return { title, lines: finite > 0 ? chart : [], legend }
    },
    svg() {
      const { drawn, range, title } = drawnAt(MOST_POINTS)
      const xs = acrossAxis(widened([start, start + Math.max(0, total - 1)]), BOX.width, 1)
      const [low, high] = range
      const ys = axisOf(isLog && low === high ? [low / 2 || low, Math.min(2 * high, Number.MAX_VALUE)] : widened(range))
      const perPlace = total / Math.min(total, MOST_POINTS)
      const curves = drawn.flatMap((line, k) =>
        [...finiteParts(line)].map(([first, end]) => {
          const points = line.slice(first, end).map((value, i) => {
            const x = xs.part(start + (first + i) * perPlace + (perPlace - 1) / 2)
            return [round(BOX.width * x), round(BOX.height * (1 - ys.part(value)))] as const
          })
          const [[cx, cy]] = points
          return points.length === 1
            ? element('circle', { cx, cy, r: 3, fill: hex(PALETTE[k]) })
            : element('polyline', { points: points.map((each) => each.join(',')).join(' '), ...strokeOf(k) })
        }),
      )
      return { title, ...framed(BOX, [xs, ys], [labelOf(xLabel), labelOf(settings.yLabel)], curves), legend }
    },
  })
}

/**
 * Lists of numbers as lines over their index. Text has 60 places and SVG 1000: of longer lists each is the mean of neighbours,
 * which the title says. What is no finite number is a gap, which the legend counts.
 *
 * Defaults: title '', xLabel 'index', yLabel '', yScale 'linear', start 0.
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
 * Defaults: title 'loss', yLabel '', yScale 'linear', initialEpoch 0.
 *
 * @throws DTypeError for what is no history; ShapeError for an initialEpoch below 0.
 */
export function lossCurve(
  history: { readonly loss: readonly number[]; readonly valLoss?: readonly number[] },
  options?: LossCurveOptions,
  ...more: []
): Picture {
  checkNoMore('lossCurve', 'history, options', more)
  const { initialEpoch, ...settings } = readLoss('lossCurve', options)
  checkInteger('lossCurve', 'initialEpoch', initialEpoch, 0, Number.MAX_SAFE_INTEGER)
  const { loss, valLoss } = Object(history) as { loss?: unknown; valLoss?: unknown }
  if (!Array.isArray(loss)) throw new DTypeError(`lossCurve: history is ${describe(history)}, wanted what fit gives`)
  const curves = valLoss === undefined ? { loss } : { training: loss, validation: valLoss }
  return pictureOf('lossCurve', curves, { ...settings, xLabel: 'epoch', start: initialEpoch + 1 })
}
