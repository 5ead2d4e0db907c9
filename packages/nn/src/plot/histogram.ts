import type { Matrix } from '@matgrad/core'
import { checkInteger, checkNoMore, readerOf, text, whole } from '@matgrad/core/internal'
import { acrossAxis, framed, linearAxis } from './axes.ts'
import { INKS, PALETTE } from './colors.ts'
import { Picture } from './picture.ts'
import { element, hex } from './svg.ts'
import { countOf, joined, labelOf, lineOf, padStart, widestOf } from './text.ts'
import {
  censusOf,
  checkRange,
  formatNumber,
  formatOf,
  numbersOf,
  partOf,
  type Range,
  range,
  widened,
} from './values.ts'

export interface HistogramOptions {
  /** @default 'histogram' */
  readonly title?: string
  /** @default ⌈log₂ n⌉ + 1, by Sturges' rule */
  readonly bins?: number
  /** Where the first bin begins and the last ends. @default from the smallest number to the largest */
  readonly range?: Range
}

const readHistogram = readerOf({ title: text('histogram'), bins: whole(), range: range() })

const [MOST_BINS, BAR] = [200, 50]
const BOX = { width: 560, height: 240 }

/** A bar of so many eighths of a character. */
const barOf = (eighths: number): string => '█'.repeat(Math.floor(eighths / 8)) + ['', ...'▏▎▍▌▋▊▉'][eighths % 8]

/** ⌈log₂ n⌉ + 1, exactly. */
function sturges(count: number): number {
  let bins = 1
  for (let size = 1; size < count; size *= 2) bins++
  return bins
}

/**
 * How many numbers there are in each of some intervals of one length, [from, to), and [from, to] for the last, as NumPy's
 * `histogram` counts them. What is not in them, and what is no finite number, is counted beside them.
 *
 * Defaults: title 'histogram'.
 *
 * @param values a Matrix, whose elements are meant, or any list of numbers
 * @throws DTypeError for other than numbers; ShapeError unless there are 1 to 200 bins; MatgradError for a range that is none.
 */
export function histogram(values: Matrix | ArrayLike<number>, options?: HistogramOptions, ...more: []): Picture {
  checkNoMore('histogram', 'values, options', more)
  const numbers = numbersOf('histogram', 'values', values)
  const settings = readHistogram('histogram', options)
  checkRange('histogram', 'range', settings.range)
  const { finite, others, range: found } = censusOf(numbers)
  const bins = settings.bins ?? sturges(finite)
  checkInteger('histogram', 'bins', bins, 1, MOST_BINS)
  const [low, high] = settings.range ?? widened(found)
  const step = Number.isFinite(high - low) ? (high - low) / bins : high / bins - low / bins
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i < bins ? low + i * step : high))
  const counts = Array<number>(bins).fill(0)
  let [outside, mean] = [0, 0]
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]
    if (!Number.isFinite(value)) continue
    mean += value / finite
    if (value < low || value > high) {
      outside++
      continue
    }
    let bin = Math.min(bins - 1, Math.floor(partOf(value, [low, high]) * bins))
    // By the edges themselves, which rounding may have put a number on the wrong side of.
    while (value < edges[bin]) bin--
    while (bin + 1 < bins && value >= edges[bin + 1]) bin++
    counts[bin]++
  }
  const most = Math.max(1, ...counts)
  const title = joined([labelOf(settings.title), countOf(numbers.length, 'number')])
  const facts = joined([
    finite > 0
      ? `${formatNumber(found[0])} to ${formatNumber(found[1])}, mean ${formatNumber(mean)}`
      : 'no finite number',
    others,
    outside > 0 ? `${outside} outside` : '',
  ])
  return new Picture({
    text(colors, width) {
      const labels = edges.map(formatOf([low, high], step / 10))
      const [room, digits] = [widestOf(labels), String(most).length]
      const longest = Math.max(1, Math.min(BAR, width - 2 * room - digits - 6))
      const lines = counts.map((count, i) => {
        const interval = `[${padStart(labels[i], room)}, ${padStart(labels[i + 1], room)}${i === bins - 1 ? ']' : ')'}`
        const bar = { text: barOf(Math.round((8 * longest * count) / most)), color: INKS[0] }
        return lineOf([{ text: `${interval} ${padStart(String(count), digits)} ` }, ...(bar.text ? [bar] : [])], colors)
      })
      return { title, lines: finite > 0 ? lines : [], legend: [{ text: facts }] }
    },
    svg() {
      const axes = [acrossAxis([low, high], BOX.width), linearAxis([0, most], 7, 1)] as const
      const bars = counts.map((count, i) => {
        const [left, right] = [edges[i], edges[i + 1]].map((edge) => BOX.width * axes[0].part(edge))
        const height = BOX.height * axes[1].part(count)
        const place = { x: left, y: BOX.height - height, width: right - left, height }
        return element('rect', { ...place, fill: hex(PALETTE[0]), stroke: '#ffffff', 'stroke-width': 0.5 })
      })
      return { title, ...framed(BOX, axes, ['', 'count'], bars), legend: [{ text: facts }] }
    },
  })
}
