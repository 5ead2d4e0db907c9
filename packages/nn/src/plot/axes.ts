import { element, textElement } from './svg.ts'
import { formatStep } from './text.ts'
import { partOf, type Range } from './values.ts'

/** A rectangle of an SVG picture. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** An axis with about `count` ticks is divided by 1, 2 or 5 times a power of 10. */
function ticksOf([low, high]: Range, count: number, leastStep: number): { step: number; values: number[] } {
  const power = 10 ** Math.floor(Math.log10((high - low) / count))
  const step = Math.max(leastStep, power * ([1, 2, 5].find((each) => each * power * count >= high - low) ?? 10))
  if (!(step > 0 && Number.isFinite(step))) return { step, values: [low, high] }
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  const length = Math.max(0, Math.min(2 * count, last - first) + 1)
  return { step, values: Array.from({ length }, (_, i) => (first + i) * step) }
}

const GRID = '#dddddd'

export interface Axes {
  readonly markup: string
  x(value: number): number
  y(value: number): number
}

/** Axes around a rectangle, and where numbers are in it. */
export function axesOf(box: Box, xs: Range, ys: Range, leastStep = 0): Axes {
  const right = box.left + box.width
  const bottom = box.top + box.height
  const x = (value: number): number => box.left + partOf(value, xs) * box.width
  const y = (value: number): number => bottom - partOf(value, ys) * box.height
  const across = ticksOf(xs, 8, leastStep)
  const upwards = ticksOf(ys, 5, 0)
  const grid = [
    ...across.values.map((value) => `M${x(value).toFixed(1)} ${box.top}V${bottom}`),
    ...upwards.values.map((value) => `M${box.left} ${y(value).toFixed(1)}H${right}`),
  ]
  const markup = [
    element('path', { d: grid.join(''), stroke: GRID, fill: 'none' }),
    element('rect', { x: box.left, y: box.top, width: box.width, height: box.height, stroke: '#888888', fill: 'none' }),
    ...across.values.map((value) =>
      textElement('text', { x: x(value), y: bottom + 16, 'text-anchor': 'middle' }, formatStep(value, across.step)),
    ),
    ...upwards.values.map((value) =>
      textElement('text', { x: box.left - 6, y: y(value) + 4, 'text-anchor': 'end' }, formatStep(value, upwards.step)),
    ),
  ].join('')
  return { markup, x, y }
}

/** A title over a picture. */
export const titleAt = (x: number, title: string): string =>
  textElement('text', { x, y: 20, 'font-size': 14, 'font-weight': 'bold' }, title)

/** Lines of a legend, from `top` down, each with the sample of what it names before it. */
export const legendAt = (
  x: number,
  top: number,
  entries: readonly { readonly sample?: (x: number, y: number) => string; readonly text: string }[],
): string =>
  entries
    .map(({ sample, text }, i) => {
      const y = top + 18 * i
      return (sample?.(x, y - 4) ?? '') + textElement('text', { x: sample ? x + 28 : x, y }, text)
    })
    .join('')
