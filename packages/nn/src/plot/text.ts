// Pictures as text: numbers and labels, and characters in colours.

/** Red, green and blue, from 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number]

/** One place of a line. */
export interface Cell {
  readonly text: string
  readonly color?: Color
  readonly back?: Color
}

/** What steers terminals, changes the direction of text, or is no character in XML. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu

/** The most characters of a label. */
const LONGEST = 60

/** A text from outside on one line, without what cannot be shown. */
export function labelOf(text: string): string {
  const [...characters] = text.slice(0, 2 * LONGEST + 2).replace(UNPRINTABLE, '�')
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join('')}…` : characters.join('')
}

/** What takes two places on a terminal: East Asian letters and emoji, by blocks of Unicode. */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
const characters = new Intl.Segmenter()

/** How many places a label takes on a terminal. */
const widthOf = (label: string): number =>
  [...characters.segment(label)].reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0)

export const padEnd = (label: string, width: number): string => label + ' '.repeat(Math.max(0, width - widthOf(label)))
export const padStart = (label: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(label))) + label
export const widestOf = (labels: readonly string[]): number => Math.max(0, ...labels.map(widthOf))

const withoutMinusZero = (text: string): string => (Number(text) === 0 ? text.replace('-', '') : text)

/** A number in four digits, the same everywhere. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞'
  const rounded = Number(value.toPrecision(4))
  const size = Math.abs(rounded)
  const isPlain = size === 0 || (size >= 1e-4 && size < 1e6) || Number.isSafeInteger(value)
  return withoutMinusZero(isPlain ? String(Number.isInteger(value) ? value : rounded) : rounded.toExponential())
}

/** A number beside others that are `step` apart, with the digits that tell them from each other. */
export function formatStep(value: number, step: number): string {
  if (!(step > 0 && Number.isFinite(step))) return formatNumber(value)
  const size = Math.max(Math.abs(value), step)
  const isPlain = size < 1e6 && step >= 1e-5
  const digits = isPlain ? -Math.log10(step) : Math.log10(size / step)
  const count = Math.min(20, Math.max(0, Math.ceil(digits - 1e-9)))
  return withoutMinusZero(isPlain ? value.toFixed(count) : value.toExponential(count))
}

/** How many of what: 1 point, 2 points. */
export const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** The nearest of a terminal's 256 colours that is in its cube of 6x6x6, or among its greys. */
function indexOf([red, green, blue]: Color): number {
  if (red === green && green === blue && red > 3 && red < 243) return 232 + Math.round((red - 8) / 10)
  const [r, g, b] = [red, green, blue].map((part) => (part < 48 ? 0 : part < 115 ? 1 : Math.floor((part - 35) / 40)))
  return 16 + 36 * r + 6 * g + b
}

const RESET = '\x1b[0m'

/** A line of places, in colours if they are wanted. */
export function lineOf(cells: readonly Cell[], colors: boolean): string {
  if (!colors)
    return cells
      .map(({ text }) => text)
      .join('')
      .trimEnd()
  let line = ''
  let present = ''
  for (const { text, color, back } of cells) {
    const codes = [...(color ? [`38;5;${indexOf(color)}`] : []), ...(back ? [`48;5;${indexOf(back)}`] : [])]
    const style = codes.length > 0 ? `\x1b[${codes.join(';')}m` : ''
    if (style !== present) line += (present && RESET) + style
    line += text
    present = style
  }
  return line + (present && RESET)
}
