import type { Color } from './text.ts'

/** Colours by red, green and blue in two hexadecimal digits each. */
const parsed = (...codes: readonly string[]): readonly Color[] =>
  codes.map((code) => [0, 2, 4].map((i) => Number.parseInt(code.slice(i, i + 2), 16)) as [number, number, number])

/** Of groups: those of Okabe and Ito (2008), which people with any colour vision tell apart, and three more. */
export const PALETTE: readonly Color[] = [
  ...parsed('0072b2', 'd55e00', '009e73', 'cc79a7', 'e69f00', '56b4e9', 'f0e442'),
  ...parsed('808080', '8c564b', '5e3c99'),
]

export const WHITE: Color = [255, 255, 255]

/** Of what is no finite number, in none of the scales. */
export const STRANGE: Color = [216, 27, 96]

/** Matplotlib's viridis at each eighth (van der Walt and Smith, 2015): evenly brighter, for any colour vision. */
const VIRIDIS = parsed('440154', '472d7b', '3b528b', '2c728e', '21918c', '28ae80', '5ec962', 'addc30', 'fde725')

export const mix = (a: Color, b: Color, part: number): Color => [
  Math.round(a[0] + part * (b[0] - a[0])),
  Math.round(a[1] + part * (b[1] - a[1])),
  Math.round(a[2] + part * (b[2] - a[2])),
]

const brighter = (part: number): readonly Color[] => PALETTE.map((color) => mix(color, WHITE, part))
/** On a terminal: whether it is dark or light is not known. */
export const INKS: readonly Color[] = brighter(0.3)
/** Under others. */
export const PALE: readonly Color[] = brighter(0.65)

export type ColorMap = 'viridis' | 'gray'

/** The colour of a part of a scale, from 0 to 1. */
export function colorOf(map: ColorMap, part: number): Color {
  if (map === 'gray') return mix([0, 0, 0], WHITE, part)
  const at = Math.min(VIRIDIS.length - 2, Math.floor(8 * part))
  return mix(VIRIDIS[at], VIRIDIS[at + 1], 8 * part - at)
}
