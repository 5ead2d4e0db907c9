import type { Color } from './text.ts'

/** Of groups: those of Okabe and Ito (2008), which people with any colour vision tell apart, and three more. */
export const PALETTE: readonly Color[] = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
  [204, 121, 167],
  [230, 159, 0],
  [86, 180, 233],
  [240, 228, 66],
  [128, 128, 128],
  [140, 86, 75],
  [94, 60, 153],
]

export const WHITE: Color = [255, 255, 255]

/** Of what is no finite number, in none of the scales. */
export const STRANGE: Color = [216, 27, 96]

/** Matplotlib's viridis at each eighth (van der Walt and Smith, 2015): evenly brighter, for any colour vision. */
const VIRIDIS: readonly Color[] = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
]

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
