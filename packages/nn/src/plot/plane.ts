import { concat, DTypeError, fromFunction, Matrix, ShapeError } from '@matgrad/core'
import { describe, formatShape } from '@matgrad/core/internal'
import { acrossAxis, framed, linearAxis } from './axes.ts'
import { INKS, PALE, PALETTE, STRANGE, WHITE } from './colors.ts'
import type { Drawing, Pixels } from './picture.ts'
import { element, hex, moved, patch, pixelPaths } from './svg.ts'
import { type Cell, type Color, countOf, joined, labelOf, lineOf } from './text.ts'
import { between, censusOf, formatNumber, partOf, type Range, roomy, widened } from './values.ts'

/** Of groups, and of places that belong to them, in text. */
export const MARKS = 'ox+*abcdef'
const GROUNDS = '·░▒▓ABCDEF'

/** The most characters of the plane side by side, and how many rows there are for each; in SVG, and in pixels. */
const [WIDTH, ASPECT] = [72, 26 / 72]
const BOX = { width: 480, height: 360 }

/** Pixels of the ground, in each direction; each is a square of 3 in SVG. */
const FINENESS = 3
const [COLS, ROWS] = [BOX.width / FINENESS, BOX.height / FINENESS]

/** The most points of a group that SVG has. */
const MOST_POINTS = 2000
const RADIUS = 4

export interface Group {
  readonly name: string
  readonly mark: string
  /** nx2 */
  readonly points: Matrix
}

/** What each field of the plane belongs to, row by row, by a number, or a negative one for nothing that is known. */
export interface Ground {
  readonly names: readonly string[]
  readonly rows: readonly (readonly number[])[]
}

export interface Plane {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly view: View
  readonly groups: readonly Group[]
  readonly ground?: Ground
}

/** The part of the plane that is shown. */
export type View = readonly [x: Range, y: Range]

/** The part of the plane where points are, with a little room around it. */
export function viewOf(points: readonly Matrix[]): View {
  const all = concat(points, 0)
  const around = (j: number): Range => {
    const [low, high] = widened(censusOf(all.col(j).data).range)
    return roomy([low, high], high / 20 - low / 20)
  }
  return [around(0), around(1)]
}

/** The rows of what a function gives for the middles of all fields, as nx2. */
export function groundOf([x, y]: View, classesAt: (places: Matrix) => readonly number[]): number[][] {
  const coordinate = (i: number, axis: number): number =>
    axis === 0 ? between(x, ((i % COLS) + 0.5) / COLS) : between(y, 1 - (Math.floor(i / COLS) + 0.5) / ROWS)
  const classes = classesAt(fromFunction(COLS * ROWS, 2, coordinate, { dtype: 'float64' }))
  return Array.from({ length: ROWS }, (_, i) => classes.slice(i * COLS, (i + 1) * COLS))
}

const groundColor = (group: number): Color => PALE[group] ?? STRANGE

/** Shapes of points, so that groups differ by more than colour. */
const SHAPES: readonly ((x: number, y: number, r: number) => string)[] = [
  (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (x, y, r) => `M${x} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`,
  (x, y, r) => `M${x} ${y - r}l${r} ${2 * r}h${-2 * r}z`,
]

const shape = (group: number, x: number, y: number): string =>
  element('path', {
    d: SHAPES[group % SHAPES.length](Math.round(10 * x) / 10, Math.round(10 * y) / 10, RADIUS),
    fill: hex(PALETTE[group]),
    stroke: '#ffffff',
    'stroke-width': 0.75,
  })

/** A disc with a white edge, as offsets of its pixels. */
const DISC = Array.from({ length: (2 * RADIUS + 3) ** 2 }, (_, at) => {
  const [i, j] = [Math.floor(at / (2 * RADIUS + 3)) - RADIUS - 1, (at % (2 * RADIUS + 3)) - RADIUS - 1]
  return { i, j, square: i * i + j * j }
}).filter(({ square }) => square <= (RADIUS + 1) ** 2)

export function drawPlane({ title, xLabel, yLabel, view: [xs, ys], groups, ground }: Plane): Drawing & Pixels {
  let [outside, strange] = [0, 0]
  const isIn = (value: number, [low, high]: Range): boolean => value >= low && value <= high
  /** The points of each group that are in the view, as parts of it from its left and its top. */
  const inside = groups.map(({ points: { data, rows } }) => {
    const parts: (readonly [x: number, y: number])[] = []
    for (let i = 0; i < rows; i++) {
      const [x, y] = [data[2 * i], data[2 * i + 1]]
      if (isIn(x, xs) && isIn(y, ys)) parts.push([partOf(x, xs), 1 - partOf(y, ys)])
      else if (Number.isFinite(x) && Number.isFinite(y)) outside++
      else strange++
    }
    return parts
  })
  const [xName, yName] = [labelOf(xLabel), labelOf(yLabel)]
  const part = ([low, high]: Range): string => `${formatNumber(low)} to ${formatNumber(high)}`
  const size = joined([
    `${xName} from ${part(xs)}`,
    `${yName} from ${part(ys)}`,
    outside > 0 ? `${countOf(outside, 'point')} outside` : '',
    strange > 0 ? `${countOf(strange, 'point')} not finite` : '',
  ])
  const markCells = groups.map(({ mark }, k): Cell => ({ text: mark, color: INKS[k] }))
  const groundCell = (group: number): Cell =>
    group < 0 ? { text: '?', color: STRANGE } : { text: GROUNDS[group], color: INKS[group] }
  const groundAt = (x: number, y: number): number => ground?.rows[Math.floor(y * ROWS)][Math.floor(x * COLS)] ?? 0

  /** What there is of groups, and of a ground. */
  const legendOf = (found: Iterable<number>, most: number) => [
    { text: size },
    ...groups.map(({ name }, k) => {
      const count = inside[k].length
      return {
        text: joined([`${name}, ${countOf(count, 'point')}`, count > most ? `${most} of them drawn` : '']),
        cells: [markCells[k]],
        sample: shape(k, 12, 0),
        width: 22,
      }
    }),
    ...[...new Set(found)]
      .sort((a, b) => (a < 0 ? 1 : b < 0 ? -1 : a - b))
      .map((k) => ({
        text: `the model says ${k < 0 ? 'NaN' : ground?.names[k]}`,
        cells: [groundCell(k)],
        ...patch(groundColor(k)),
      })),
  ]

  /** The ground, and discs on it. */
  const paint = (): Color[] => {
    const { width, height } = BOX
    const pixels = Array.from({ length: width * height }, (_, at) =>
      ground ? groundColor(groundAt((at % width) / width, Math.floor(at / width) / height)) : WHITE,
    )
    for (const [k, points] of inside.entries())
      for (const [x, y] of points)
        for (const { i, j, square } of DISC) {
          const [row, column] = [Math.floor(y * height) + i, Math.floor(x * width) + j]
          if (row >= 0 && row < height && column >= 0 && column < width)
            pixels[row * width + column] = square > RADIUS ** 2 ? WHITE : PALETTE[k]
        }
    return pixels
  }
  let pixels: Color[] | undefined

  return {
    text(colors, width) {
      const cols = Math.min(WIDTH, width)
      const rows = Math.max(1, Math.round(ASPECT * cols))
      const placed = Array.from({ length: rows * cols }, (_, at) =>
        groundAt(((at % cols) + 0.5) / cols, (Math.floor(at / cols) + 0.5) / rows),
      )
      const cells = placed.map((group): Cell => (ground ? groundCell(group) : { text: ' ' }))
      for (const [k, points] of inside.entries())
        for (const [x, y] of points)
          cells[Math.min(rows - 1, Math.floor(y * rows)) * cols + Math.min(cols - 1, Math.floor(x * cols))] =
            markCells[k]
      const lines = Array.from({ length: rows }, (_, i) => lineOf(cells.slice(i * cols, (i + 1) * cols), colors))
      return { title: labelOf(title), lines, legend: legendOf(ground ? placed : [], Number.POSITIVE_INFINITY) }
    },
    svg() {
      const fields = ground ? [moved(0, 0, pixelPaths(ground.rows.map((row) => row.map(groundColor))), FINENESS)] : []
      const points = inside.flatMap((all, k) =>
        Array.from({ length: Math.min(all.length, MOST_POINTS) }, (_, i) => {
          const [x, y] = all[Math.floor(i * Math.max(1, all.length / MOST_POINTS))]
          return shape(k, x * BOX.width, y * BOX.height)
        }),
      )
      return {
        title: labelOf(title) || 'points of the plane',
        ...framed(BOX, [acrossAxis(xs, BOX.width), linearAxis(ys, 7)], [xName, yName], points, fields),
        legend: legendOf(ground?.rows.flat() ?? [], MOST_POINTS),
      }
    },
    rows: BOX.height,
    cols: BOX.width,
    colorAt(i, j) {
      pixels ??= paint()
      return pixels[i * BOX.width + j]
    },
  }
}

/** @throws DTypeError or ShapeError unless a value is a matrix of points of the plane. */
export function checkPoints(operation: string, what: string, points: unknown): asserts points is Matrix {
  if (!(points instanceof Matrix)) throw new DTypeError(`${operation}: ${what} is ${describe(points)}, wanted a Matrix`)
  if (points.cols !== 2)
    throw new ShapeError(`${operation}: ${what} is ${formatShape(points.shape)}, wanted 2 columns, x and y`)
}
