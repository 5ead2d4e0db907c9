// Pictures made of characters.

import { fromFunction, type Matrix } from '@matgrad/core'
import type { History } from '@matgrad/nn'
import asciichart from 'asciichart'

/** Characters in a row of a chart, which shows any number of epochs. */
const CHART_WIDTH = 60

/** The colours of its lines, in their order. */
const COLORS = ['blue', 'yellow', 'green'] as const

/** The loss of every epoch as a line, validation loss too if there is one. */
export function lossChart({ loss, valLoss }: History): string {
  return lineChart('loss by epoch', valLoss ? { training: loss, validation: valLoss } : { loss })
}

/** Lists of numbers as lines, with their names if there are several; in colours where the terminal has them. */
export function lineChart(title: string, lines: Readonly<Record<string, readonly number[]>>): string {
  const hasColors = process.stdout.isTTY && !process.env.NO_COLOR
  const names = Object.keys(lines).map((name, i) => (hasColors ? `${name} in ${COLORS[i]}` : name))
  const list = hasColors ? names.join(', ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  const legend = names.length > 1 ? `${title}: ${list}` : title
  const stretched = Object.values(lines).map((values) => stretch(values, CHART_WIDTH))
  const colors = hasColors ? { colors: COLORS.map((color) => asciichart[color]) } : {}
  return `${legend}\n${asciichart.plot(stretched, { height: 10, ...colors })}`
}

/** `values` at `count` evenly spaced places, with straight lines between them. */
function stretch(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const at = (i * (values.length - 1)) / (count - 1)
    const left = Math.floor(at)
    const right = Math.min(left + 1, values.length - 1)
    return values[left] + (at - left) * (values[right] - values[left])
  })
}

/** Two rows of pixels in one row of characters; a pixel is ink where it is above the threshold. */
export function picture(pixels: Matrix, threshold = 0.4): string[] {
  const ink = (i: number, j: number): boolean => i < pixels.rows && pixels.get(i, j) > threshold
  return Array.from({ length: Math.ceil(pixels.rows / 2) }, (_, half) =>
    Array.from(
      { length: pixels.cols },
      (_, j) => ' ▄▀█'[Number(ink(2 * half, j)) * 2 + Number(ink(2 * half + 1, j))],
    ).join(''),
  )
}

/** Blocks of lines side by side, each with a title above it. */
export function sideBySide(blocks: readonly { title: string; lines: readonly string[] }[]): string {
  const height = Math.max(...blocks.map(({ lines }) => lines.length))
  const columns = blocks.map(({ title, lines }) => {
    const width = Math.max(title.length, ...lines.map((line) => line.length))
    return [title, ...lines, ...Array(height - lines.length).fill('')].map((line) => line.padEnd(width))
  })
  return Array.from({ length: height + 1 }, (_, i) =>
    columns
      .map((column) => column[i])
      .join('  ')
      .trimEnd(),
  ).join('\n')
}

/** A rectangle of the plane, and how many characters show it. */
export interface View {
  /** The lower left and the upper right corner, 1x2. */
  readonly low: Matrix
  readonly high: Matrix
  readonly width: number
  readonly height: number
}

/**
 * Points of the plane as marks, those of later groups on top; points outside are left out. The rest is blank, or what
 * `shade` says of all places together, nx2: a character for each.
 */
export function scatterPlot(
  { low, high, width, height }: View,
  groups: readonly { mark: string; points: Matrix }[],
  shade?: (places: Matrix) => readonly string[],
): string {
  const size = high.sub(low)
  const places = fromFunction(width * height, 2, (i, axis) => {
    const part = axis === 0 ? ((i % width) + 0.5) / width : 1 - (Math.floor(i / width) + 0.5) / height
    return low.get(0, axis) + part * size.get(0, axis)
  })
  const cells = shade ? [...shade(places)] : Array<string>(width * height).fill(' ')
  for (const { mark, points } of groups) {
    const parts = points.sub(low).div(size)
    for (let i = 0; i < parts.rows; i++) {
      const column = Math.floor(parts.get(i, 0) * width)
      const row = height - 1 - Math.floor(parts.get(i, 1) * height)
      if (column >= 0 && column < width && row >= 0 && row < height) cells[row * width + column] = mark
    }
  }
  return Array.from({ length: height }, (_, i) =>
    cells
      .slice(i * width, (i + 1) * width)
      .join('')
      .trimEnd(),
  ).join('\n')
}
