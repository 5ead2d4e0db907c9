// Pictures made of characters.

import type { Matrix } from '@matgrad/core'
import type { History } from '@matgrad/nn'
import asciichart from 'asciichart'

/** Characters in a row of the loss chart, which shows any number of epochs. */
const CHART_WIDTH = 60

/** The loss of every epoch as a line, validation loss too if there is one. */
export function lossChart(history: History): string {
  const series = [history.loss, history.valLoss].filter((losses) => losses !== undefined)
  const hasColors = process.stdout.isTTY && !process.env.NO_COLOR
  const names = hasColors ? 'training in blue, validation in yellow' : 'training and validation'
  const legend = history.valLoss ? `loss by epoch: ${names}` : 'loss by epoch'
  const stretched = series.map((losses) => stretch(losses, CHART_WIDTH))
  const colors = hasColors ? { colors: [asciichart.blue, asciichart.yellow] } : {}
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
