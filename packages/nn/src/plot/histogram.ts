import type { Matrix } from '@matgrad/core'
import { checkInteger, checkNoMore, readerOf, text, whole } from '@matgrad/core/internal'
import { axesOf, titleAt } from './axes.ts'
import { INKS, PALETTE } from './colors.ts'
import { Picture } from './picture.ts'
import { documentOf, element, hex, textElement } from './svg.ts'
import { countOf, formatNumber, formatStep, labelOf, lineOf, padStart, widestOf } from './text.ts'
import { between, censusOf, checkRange, joined, numbersOf, partOf, type Range, range, widened } from './values.ts'

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

/** A bar of so many eighths of a character. */
const barOf = (eighths: number): string => '█'.repeat(Math.floor(eighths / 8)) + ['', ...'▏▎▍▌▋▊▉'][eighths % 8]

/**
 * How many numbers there are in each of some intervals of one length, [from, to), and [from, to] for the last. What is not in them, and what is no
 * finite number, is counted beside them.
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
  const bins = settings.bins ?? Math.min(MOST_BINS, Math.ceil(Math.log2(Math.max(1, finite))) + 1)
  checkInteger('histogram', 'bins', bins, 1, MOST_BINS)
  const [low, high] = settings.range ?? widened(found)
  const edgeAt = (i: number): number => between([low, high], i / bins)
  const counts = Array<number>(bins).fill(0)
  let outside = 0
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]
    if (!Number.isFinite(value)) continue
    if (value < low || value > high) {
      outside++
      continue
    }
    let bin = Math.min(bins - 1, Math.floor(partOf(value, [low, high]) * bins))
    // By the edges themselves, which rounding may have put a number on the wrong side of.
    if (value < edgeAt(bin)) bin--
    else if (bin + 1 < bins && value >= edgeAt(bin + 1)) bin++
    counts[bin]++
  }
  const most = counts.reduce((a, b) => Math.max(a, b), 0)
  const mean = Array.from(numbers).reduce((sum, value) => (Number.isFinite(value) ? sum + value / finite : sum), 0)
  const title = joined([labelOf(settings.title), countOf(numbers.length, 'number')])
  const facts = joined([
    finite > 0
      ? `${formatNumber(found[0])} to ${formatNumber(found[1])}, mean ${formatNumber(mean)}`
      : 'no finite number',
    others,
    outside > 0 ? `${outside} outside` : '',
  ])
  const step = high / bins - low / bins
  const edges = Array.from({ length: bins + 1 }, (_, i) => formatStep(edgeAt(i), step / 10))
  return new Picture({
    text(colors) {
      const width = widestOf(edges)
      const countWidth = String(most).length
      const lines = counts.map((count, i) => {
        const bar = barOf(Math.round((8 * BAR * count) / Math.max(1, most)))
        const interval = `[${padStart(edges[i], width)}, ${padStart(edges[i + 1], width)}${i === bins - 1 ? ']' : ')'}`
        const before = `${interval} ${padStart(String(count), countWidth)}`
        return bar ? `${before} ${lineOf([{ text: bar, color: INKS[0] }], colors)}` : before
      })
      return [title, ...(finite > 0 ? lines : []), facts].join('\n')
    },
    svg() {
      const axes = axesOf({ left: 60, top: 34, width: 560, height: 240 }, [low, high], [0, Math.max(1, most)])
      const bars = counts.map((count, i) => {
        const [left, right, top] = [axes.x(edgeAt(i)), axes.x(edgeAt(i + 1)), axes.y(count)]
        const place = { x: left, y: top, width: right - left, height: axes.y(0) - top }
        return element('rect', { ...place, fill: hex(PALETTE[0]), stroke: '#ffffff', 'stroke-width': 0.5 })
      })
      return documentOf(
        640,
        330,
        title,
        facts,
        titleAt(16, title),
        axes.markup,
        ...bars,
        textElement('text', { x: 60, y: 316 }, facts),
      )
    },
  })
}
