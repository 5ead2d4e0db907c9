import { DTypeError, fromFunction, Matrix, ShapeError } from '@matgrad/core'
import { describe, formatShape } from '@matgrad/core/internal'
import { axesOf, legendAt, titleAt } from './axes.ts'
import { INKS, mix, PALETTE, STRANGE } from './colors.ts'
import type { Drawing, Pixels } from './picture.ts'
import { documentOf, element, hex, pixelPaths } from './svg.ts'
import { type Cell, type Color, countOf, formatNumber, labelOf, lineOf } from './text.ts'
import { between, censusOf, joined, partOf, type Range, widened } from './values.ts'

/** Of groups, in text. */
export const MARKS = 'ox+*abcdef'

/** The size of the plane in characters, in SVG, and in pixels. */
const [WIDTH, HEIGHT] = [72, 26]
const BOX = { left: 60, top: 34, width: 480, height: 360 }

/** The most points of a group that SVG has. */
const MOST_POINTS = 2000
const RADIUS = 4

export interface Group {
  readonly name: string
  readonly mark: string
  readonly points: Matrix
}

/** What each place of the plane belongs to, by a number, or a negative one for nothing that is known. */
export interface Ground {
  readonly names: readonly string[]
  readonly marks: string
  /** The same at places in the middle of the characters, and of the pixels. */
  readonly ofText: ArrayLike<number>
  readonly ofPixels: ArrayLike<number>
}

/** Pixels of the ground, in each direction; each is a square of 3 in SVG. */
const FINENESS = 3
const [FINE_WIDTH, FINE_HEIGHT] = [BOX.width / FINENESS, BOX.height / FINENESS]

/** A part of the plane. */
export interface View {
  readonly x: Range
  readonly y: Range
}

/** The range of some columns with a little room around it. */
function around(values: ArrayLike<number>): Range {
  const [low, high] = widened(censusOf(values).range)
  const room = high / 20 - low / 20
  return Number.isFinite(high - low) ? [low - room, high + room] : [low, high]
}

/** The part of the plane where points are. */
export const viewOf = (points: readonly Matrix[]): View => {
  const column = (j: number): number[] => points.flatMap((each) => (each.rows > 0 ? Array.from(each.col(j).data) : []))
  return { x: around(column(0)), y: around(column(1)) }
}

/** The middles of the fields that a view has, row by row from the top: nx2. */
function placesIn({ x, y }: View, width: number, height: number): Matrix {
  return fromFunction(
    width * height,
    2,
    (i, axis) =>
      axis === 0 ? between(x, ((i % width) + 0.5) / width) : between(y, 1 - (Math.floor(i / width) + 0.5) / height),
    { dtype: 'float64' },
  )
}

/** The ground that a function gives for places of the plane. */
export const groundOf = (
  view: View,
  names: readonly string[],
  marks: string,
  classesAt: (places: Matrix) => ArrayLike<number>,
): Ground => ({
  names,
  marks,
  ofText: classesAt(placesIn(view, WIDTH, HEIGHT)),
  ofPixels: classesAt(placesIn(view, FINE_WIDTH, FINE_HEIGHT)),
})

const notDrawn = (count: number, why: string): string => (count > 0 ? `${countOf(count, 'point')} ${why}` : '')

const WHITE: Color = [255, 255, 255]
const PALE = PALETTE.map((color) => mix(color, WHITE, 0.65))
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

export class Plane implements Drawing, Pixels {
  readonly rows: number = BOX.height
  readonly cols: number = BOX.width
  private readonly title: string
  private readonly view: View
  private readonly groups: readonly Group[]
  private readonly ground: Ground | undefined
  /** The points of each group that are in the view, as parts of it, and the others. */
  private readonly inside: readonly (readonly (readonly [x: number, y: number])[])[]
  private readonly outside: number
  private readonly strange: number
  private pixels: readonly Color[] | undefined

  constructor(title: string, view: View, groups: readonly Group[], ground?: Ground) {
    this.title = labelOf(title)
    this.view = view
    this.groups = groups
    this.ground = ground
    let [outside, strange] = [0, 0]
    const isIn = (value: number, [low, high]: Range): boolean => value >= low && value <= high
    this.inside = groups.map(({ points: { data, rows } }) => {
      const inside: [number, number][] = []
      for (let i = 0; i < rows; i++) {
        const [x, y] = [data[2 * i], data[2 * i + 1]]
        if (isIn(x, view.x) && isIn(y, view.y)) inside.push([partOf(x, view.x), 1 - partOf(y, view.y)])
        else if (Number.isFinite(x) && Number.isFinite(y)) outside++
        else strange++
      }
      return inside
    })
    this.outside = outside
    this.strange = strange
  }

  private get size(): string {
    const { x, y } = this.view
    const part = ([low, high]: Range): string => `${formatNumber(low)} to ${formatNumber(high)}`
    return joined([
      `x from ${part(x)}, y from ${part(y)}`,
      notDrawn(this.outside, 'outside'),
      notDrawn(this.strange, 'not finite'),
    ])
  }

  private nameOf(group: number): string {
    return `${this.groups[group].name}, ${countOf(this.inside[group].length, 'point')}`
  }

  /** What of the ground there is in a picture. */
  private grounds(list: ArrayLike<number>): number[] {
    return [...new Set(Array.from(list))].sort((a, b) => (a < 0 ? 1 : b < 0 ? -1 : a - b))
  }

  private groundName(group: number): string {
    return group < 0 ? 'the model says NaN' : `the model says ${this.ground?.names[group]}`
  }

  text(colors: boolean): string {
    const groundCell = (group: number): Cell =>
      group < 0 ? { text: '?', color: STRANGE } : { text: this.ground?.marks[group] ?? ' ', color: INKS[group] }
    const cells: Cell[] = this.ground
      ? Array.from(this.ground.ofText, groundCell)
      : Array<Cell>(WIDTH * HEIGHT).fill({ text: ' ' })
    const markCell = (k: number): Cell => ({ text: this.groups[k].mark, color: INKS[k] })
    for (const [k, points] of this.inside.entries())
      for (const [x, y] of points) {
        const column = Math.min(WIDTH - 1, Math.floor(x * WIDTH))
        cells[Math.min(HEIGHT - 1, Math.floor(y * HEIGHT)) * WIDTH + column] = markCell(k)
      }
    const lines = Array.from({ length: HEIGHT }, (_, i) => lineOf(cells.slice(i * WIDTH, (i + 1) * WIDTH), colors))
    const legend = [
      ...this.groups.map((_, k) => [markCell(k), this.nameOf(k)] as const),
      ...(this.ground ? this.grounds(this.ground.ofText) : []).map((k) => [groundCell(k), this.groundName(k)] as const),
    ].map(([cell, name]) => `${lineOf([cell], colors)} ${name}`)
    return [...(this.title ? [this.title] : []), ...lines, this.size, ...legend].join('\n')
  }

  svg(): string {
    const { ground } = this
    const axes = axesOf(BOX, this.view.x, this.view.y)
    const fields = ground
      ? pixelPaths(FINE_HEIGHT, FINE_WIDTH, (i, j) => groundColor(ground.ofPixels[i * FINE_WIDTH + j]))
      : []
    const drawn = this.inside.map((points) => {
      const step = Math.max(1, points.length / MOST_POINTS)
      return Array.from({ length: Math.min(points.length, MOST_POINTS) }, (_, i) => points[Math.floor(i * step)])
    })
    const legend = [
      ...this.groups.map((_, k) => ({
        text: joined([
          this.nameOf(k),
          drawn[k].length < this.inside[k].length ? `${drawn[k].length} of them drawn` : '',
        ]),
        sample: (x: number, y: number) => shape(k, x + 12, y),
      })),
      ...(ground ? this.grounds(ground.ofPixels) : []).map((k) => ({
        text: this.groundName(k),
        sample: (x: number, y: number) =>
          element('rect', { x, y: y - 6, width: 22, height: 12, fill: hex(groundColor(k)) }),
      })),
    ]
    const title = this.title || 'points of the plane'
    return documentOf(
      560,
      450 + 18 * legend.length,
      title,
      joined([this.size, ...legend.map((each) => each.text)], '; '),
      titleAt(16, title),
      element('g', { transform: `translate(${BOX.left} ${BOX.top}) scale(${FINENESS})` }, ...fields),
      axes.markup,
      ...drawn.flatMap((points, k) =>
        points.map(([x, y]) => shape(k, BOX.left + x * BOX.width, BOX.top + y * BOX.height)),
      ),
      legendAt(16, 438, [{ text: this.size }, ...legend]),
    )
  }

  colorAt = (i: number, j: number): Color => {
    this.pixels ??= this.paint()
    return this.pixels[i * this.cols + j]
  }

  /** The ground, and discs with white edges on it. */
  private paint(): Color[] {
    const { ground, cols, rows } = this
    const pixels = Array.from({ length: rows * cols }, (_, at): Color => {
      const [i, j] = [Math.floor(at / cols / FINENESS), Math.floor((at % cols) / FINENESS)]
      return ground ? groundColor(ground.ofPixels[i * FINE_WIDTH + j]) : WHITE
    })
    for (const [k, points] of this.inside.entries())
      for (const [x, y] of points)
        for (let i = -RADIUS - 1; i <= RADIUS + 1; i++)
          for (let j = -RADIUS - 1; j <= RADIUS + 1; j++) {
            const [row, column] = [Math.floor(y * rows) + i, Math.floor(x * cols) + j]
            const distance = Math.hypot(i, j)
            if (distance > RADIUS + 1 || row < 0 || row >= rows || column < 0 || column >= cols) continue
            pixels[row * cols + column] = distance > RADIUS ? WHITE : PALETTE[k]
          }
    return pixels
  }
}

/** @throws DTypeError or ShapeError unless a value is a matrix of points of the plane. */
export function checkPoints(operation: string, what: string, points: unknown): asserts points is Matrix {
  if (!(points instanceof Matrix)) throw new DTypeError(`${operation}: ${what} is ${describe(points)}, wanted a Matrix`)
  if (points.cols !== 2)
    throw new ShapeError(`${operation}: ${what} is ${formatShape(points.shape)}, wanted 2 columns, x and y`)
}
