// Pictures as SVG: elements as text, without ids, scripts and anything from elsewhere, so that many can stand in one page.

import type { Color } from './text.ts'

type Attributes = Readonly<Record<string, string | number>>

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character])

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

export const hex = (color: Color): string =>
  `#${((1 << 24) | (color[0] << 16) | (color[1] << 8) | color[2]).toString(16).slice(1)}`

/** A whole picture: its title and description are what those get who do not see it. */
export function documentOf(
  width: number,
  height: number,
  title: string,
  description: string,
  ...body: readonly string[]
): string {
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${round(width)} ${round(height)}`,
      width,
      height,
      role: 'img',
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
      fill: '#222222',
    },
    `\n${textElement('title', {}, title)}`,
    `\n${textElement('desc', {}, description)}`,
    `\n${element('rect', { width, height, fill: '#ffffff' })}`,
    ...body.map((each) => `\n${each}`),
    '\n',
  )}\n`
}

/** A picture of pixels as rectangles, one path for each colour. */
export function pixelPaths(rows: number, cols: number, colorAt: (i: number, j: number) => Color): readonly string[] {
  const paths = new Map<string, string[]>()
  for (let i = 0; i < rows; i++) {
    const fills = Array.from({ length: cols }, (_, j) => hex(colorAt(i, j)))
    for (let j = 0, end = 0; j < cols; j = end) {
      for (end = j + 1; end < cols && fills[end] === fills[j]; ) end++
      const path = paths.get(fills[j]) ?? []
      paths.set(fills[j], path)
      path.push(`M${j} ${i}h${end - j}v1h${j - end}z`)
    }
  }
  return Array.from(paths, ([fill, path]) => element('path', { fill, d: path.join('') }))
}
