// Pictures as SVG: elements as text, without ids, scripts and anything from elsewhere, so that many can stand in one page.

import { type Color, joined, widestOf } from './text.ts'

export type Attributes = Readonly<Record<string, string | number>>

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** A coordinate, to a hundredth. */
export const round = (value: number): number => Math.round(100 * value) / 100 + 0

/** An element that holds other elements. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escaped(value)}"`,
  )
  return `<${name}${list.join('')}${children.length > 0 ? `>${children.join('')}</${name}>` : '/>'}`
}

/** An element that holds a text. */
export const textElement = (name: string, attributes: Attributes, text: string): string =>
  element(name, attributes, escaped(text))

/** Elements moved to a place, and enlarged. */
export const moved = (x: number, y: number, children: readonly string[], scale = 1): string =>
  element('g', { transform: `translate(${round(x)} ${round(y)})${scale === 1 ? '' : ` scale(${scale})`}` }, ...children)

export const hex = (color: Color): string =>
  `#${((1 << 24) | (color[0] << 16) | (color[1] << 8) | color[2]).toString(16).slice(1)}`

/** How much room the widest of some texts may take. */
export const roomFor = (texts: readonly string[]): number => 7.2 * widestOf(texts)

/** What a legend says, after a sample. */
export interface Sampled {
  readonly text: string
  readonly sample?: string
  /** The width of the sample. */
  readonly width?: number
}

/** A sample of a colour. */
export const patch = (color: Color): { readonly sample: string; readonly width: number } => ({
  sample: element('rect', { y: -6, width: 22, height: 12, fill: hex(color) }),
  width: 22,
})

/** A picture as SVG: a title over elements in a rectangle from 0, and a legend under them. */
export interface Figure {
  readonly title: string
  readonly width: number
  readonly height: number
  readonly body: readonly string[]
  readonly legend: readonly Sampled[]
  /** What is not said by title and legend, for those who do not see the picture. */
  readonly description?: string
}

export function documentOf({ title, width, height, body, legend, description = '' }: Figure): string {
  const [left, top, line] = [16, 34, 18]
  const room = Math.max(width, 1.4 * roomFor([title]), ...legend.map(({ text, width = 0 }) => roomFor([text]) + width))
  const size = { width: Math.ceil(room + 2 * left), height: Math.ceil(top + height + line * legend.length + 20) }
  const entries = legend.map(({ text, sample, width = 0 }, i) =>
    moved(left, top + height + line * (i + 1), [
      ...(sample ? [sample] : []),
      textElement('text', { x: width && width + 6, y: 4 }, text),
    ]),
  )
  const told = joined([description, ...legend.map(({ text }) => text)], '; ')
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${size.width} ${size.height}`,
      ...size,
      role: 'img',
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
      fill: '#222222',
    },
    `\n${textElement('title', {}, title)}`,
    `\n${textElement('desc', {}, told)}`,
    `\n${element('rect', { ...size, fill: '#ffffff' })}`,
    `\n${textElement('text', { x: left, y: 20, 'font-size': 14, 'font-weight': 'bold' }, title)}`,
    `\n${moved(
      left,
      top,
      body.map((each) => `\n${each}`),
    )}`,
    ...entries.map((each) => `\n${each}`),
    '\n',
  )}\n`
}

/** Rows of pixels as rectangles, one path for each colour. */
export function pixelPaths(rows: readonly (readonly Color[])[]): readonly string[] {
  const paths = new Map<string, string>()
  for (const [i, row] of rows.entries()) {
    const fills = row.map(hex)
    for (let j = 0, end = 0; j < fills.length; j = end) {
      for (end = j + 1; fills[end] === fills[j]; ) end++
      paths.set(fills[j], `${paths.get(fills[j]) ?? ''}M${j} ${i}h${end - j}v1h${j - end}z`)
    }
  }
  return Array.from(paths, ([fill, d]) => element('path', { fill, d, 'shape-rendering': 'crispEdges' }))
}
