// Pictures as text: labels, and characters in colours.

/** Red, green and blue, from 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number]

/** One place of a line, or some that look the same. */
export interface Cell {
  readonly text: string
  readonly color?: Color
  readonly back?: Color
}

/** What steers terminals, changes the direction of text, or is no character in XML. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu

/** The most characters of a label. */
const LONGEST = 60

/** A label in so many characters at most. */
export function cut(label: string, most: number): string {
  const characters = [...label]
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : label
}

/** A text from outside on one line, without what cannot be shown. */
export const labelOf = (text: string): string => cut(text.slice(0, 2 * LONGEST + 2).replace(UNPRINTABLE, '�'), LONGEST)

/** What changes the emoji before it: another one that is joined to it, or a tone of skin. */
const CHANGING = /\u200d\p{Extended_Pictographic}|[\u{1f3fb}-\u{1f3ff}]/gu
/** What takes two places on a terminal: flags, emoji, and East Asian letters by blocks of Unicode. */
const WIDE =
  /\p{RI}{2}|.\ufe0f|\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/gu
/** What takes none. */
const EMPTY = /[\p{Mn}\p{Me}\p{Cf}]/gu

/** How many places a label takes on a terminal. */
const widthOf = (label: string): number =>
  [...label.replace(CHANGING, '').replace(WIDE, '  ').replace(EMPTY, '')].length

export const padEnd = (label: string, width: number): string => label + ' '.repeat(Math.max(0, width - widthOf(label)))
export const padStart = (label: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(label))) + label
export const widestOf = (labels: readonly string[]): number => Math.max(0, ...labels.map(widthOf))

/** Texts that say something, one after the other. */
export const joined = (parts: readonly string[], separator = ', '): string => parts.filter(Boolean).join(separator)

/** How many of what: 1 point, 2 points. */
export const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** The nearest of a terminal's 256 colours that is in its cube of 6x6x6, or among its greys. */
function indexOf([red, green, blue]: Color): number {
  if (red === green && green === blue && red > 3 && red < 243) return 232 + Math.round((red - 8) / 10)
  const [r, g, b] = [red, green, blue].map((part) => (part < 48 ? 0 : part < 115 ? 1 : Math.floor((part - 35) / 40)))
  return 16 + 36 * r + 6 * g + b
}

const RESET = '\x1b[0m'

/** A line of cells, in colours if they are wanted. */
export function lineOf(cells: readonly Cell[], colors: boolean): string {
  let line = ''
  let present = ''
  for (const { text, color, back } of cells) {
    const codes = [...(color ? [`38;5;${indexOf(color)}`] : []), ...(back ? [`48;5;${indexOf(back)}`] : [])]
    const style = colors && codes.length > 0 ? `\x1b[${codes.join(';')}m` : ''
    if (style !== present) line += (present && RESET) + style
    line += text
    present = style
  }
  return present ? line + RESET : line.trimEnd()
}

/** Rows of cells as lines: those of the first column at its left, and of the others at the right of theirs. */
export function tableOf(rows: readonly (readonly Cell[])[], colors: boolean): string[] {
  const widths = rows[0].map((_, j) => widestOf(rows.map((row) => row[j].text)))
  const padded = ({ text, ...style }: Cell, j: number): Cell[] =>
    j === 0 ? [{ text: padEnd(text, widths[0]) }] : [{ text: '  ' }, { text: padStart(text, widths[j]), ...style }]
  return rows.map((row) => lineOf(row.flatMap(padded), colors))
}
