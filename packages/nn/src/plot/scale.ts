import { type KindMaker, oneOf } from '@matgrad/core/internal'
import { type ColorMap, colorOf, STRANGE } from './colors.ts'
import type { Entry } from './picture.ts'
import { element, hex, patch } from './svg.ts'
import type { Cell, Color } from './text.ts'
import { censusOf, formatNumber, partOf, type Range } from './values.ts'

/** Options that are names of colour maps. @internal */
export const colorMap: KindMaker<ColorMap> = oneOf<ColorMap>('viridis', 'gray')

/** Numbers and the colours that show them. */
export interface Scale {
  readonly range: Range
  readonly colorOf: (value: number) => Color
  /** What the colours stand for, or `samples` in a text without them; and what is beside the scale. */
  legend(isColored: boolean, samples?: string, strange?: string): Entry[]
}

export function scaleOf(map: ColorMap, given: Range | undefined, values: ArrayLike<number>): Scale {
  const { range: found, finite, others } = censusOf(values)
  const range = given ?? found
  const isOne = range[0] === range[1]
  const ends = (isOne ? range.slice(1) : range).map(formatNumber).join(' to ')
  const isCut = finite > 0 && (found[0] < range[0] || found[1] > range[1])
  /** The colours from one end to the other, which are one where the ends are. */
  const bar = (count: number): Color[] =>
    Array.from({ length: count }, (_, i) => colorOf(map, isOne ? 0.5 : i / (count - 1)))
  return {
    range,
    colorOf: (value) => (Number.isFinite(value) ? colorOf(map, partOf(value, range)) : STRANGE),
    legend: (isColored, samples = '', strange = '') => [
      {
        text: ends,
        cells: isColored ? bar(16).map((back): Cell => ({ text: ' ', back })) : [{ text: samples }],
        sample: bar(32)
          .map((fill, i) => element('rect', { x: 5 * i, y: -6, width: 5, height: 12, fill: hex(fill) }))
          .join(''),
        width: 160,
      },
      ...(isCut ? [{ text: `the numbers go from ${found.map(formatNumber).join(' to ')}` }] : []),
      ...(others ? [{ text: others, cells: [{ text: strange, color: STRANGE }], ...patch(STRANGE) }] : []),
    ],
  }
}
