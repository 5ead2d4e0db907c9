import { ShapeError } from '@matgrad/core'
import { checkInteger, checkNoMore, flag, readerOf, whole } from '@matgrad/core/internal'
import { documentOf, type Figure, type Sampled } from './svg.ts'
import { type Cell, type Color, lineOf } from './text.ts'

export interface TextOptions {
  /** Whether there are colours in it, by the codes of terminals. @default false */
  readonly colors?: boolean
  /** The most places of a line, but for titles, legends and tables: smaller pictures for narrow terminals. @default 120 */
  readonly width?: number
}

export interface PngOptions {
  /** How many pixels of the file, in each direction, are one of the picture. @default 1 */
  readonly scale?: number
}

/** What a legend says, after a sample in text and one in SVG of what it says it of. */
export interface Entry extends Sampled {
  readonly cells?: readonly Cell[]
}

/** A picture as text: a title over lines, and a legend under them. */
export interface Lettering {
  readonly title: string
  readonly lines: readonly string[]
  readonly legend: readonly Entry[]
}

/** How a picture is drawn. */
export interface Drawing {
  text(colors: boolean, width: number): Lettering
  svg(): Figure
}

/** Pixels of a picture. */
export interface Pixels {
  readonly rows: number
  readonly cols: number
  colorAt(i: number, j: number): Color
}

const readText = readerOf({ colors: flag(false), width: whole(120) })
const readPng = readerOf({ scale: whole(1) })

const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** A file has at most so many pixels. */
const MOST_PIXELS = 2 ** 26

/**
 * A picture of something as it was when the picture was made. In Node `console.log` shows its text, in colours where the
 * terminal has them.
 */
export class Picture {
  readonly #drawing: Drawing

  /** @internal */
  constructor(drawing: Drawing) {
    this.#drawing = drawing
    Object.defineProperty(this, INSPECT, {
      value: (_depth: unknown, inspection?: { readonly colors?: unknown }) =>
        this.toString({ colors: inspection?.colors === true }),
    })
  }

  /**
   * The picture in characters, with a legend.
   *
   * Defaults: colors false, width 120.
   *
   * @throws ShapeError for a width below 1.
   */
  toString(options?: TextOptions, ...more: []): string {
    checkNoMore('toString', 'options', more)
    const { colors, width } = readText('toString', options)
    checkInteger('toString', 'width', width, 1, Number.MAX_SAFE_INTEGER)
    const { title, lines, legend } = this.#drawing.text(colors, width)
    const entries = legend.map(({ cells, text }) => (cells ? `${lineOf(cells, colors)} ${text}` : text))
    return [...(title ? [title] : []), ...lines, ...entries].join('\n')
  }

  /** An SVG file: by itself, without scripts, and with a title and a description for those who do not see it. */
  toSVG(...more: []): string {
    checkNoMore('toSVG', '', more)
    return documentOf(this.#drawing.svg())
  }
}

/** A picture of pixels. */
export class PixelPicture extends Picture {
  readonly #pixels: Pixels

  /** @internal */
  constructor(drawing: Drawing, pixels: Pixels) {
    super(drawing)
    this.#pixels = pixels
  }

  /**
   * The pixels alone as a PNG file, without title and legend, by the package `fast-png`, which is loaded for it.
   *
   * Defaults: scale 1.
   *
   * @throws ShapeError where there is no pixel, and for more than 2²⁶.
   */
  async toPNG(options?: PngOptions, ...more: []): Promise<Uint8Array> {
    checkNoMore('toPNG', 'options', more)
    const { scale } = readPng('toPNG', options)
    const { rows, cols, colorAt } = this.#pixels
    checkInteger('toPNG', 'scale', scale, 1, MOST_PIXELS)
    const size = rows * cols * scale ** 2
    if (size === 0 || size > MOST_PIXELS)
      throw new ShapeError(`toPNG: ${rows * scale}x${cols * scale} is ${size} pixels, wanted 1 to ${MOST_PIXELS}`)
    const data = new Uint8Array(3 * size)
    for (let i = 0, at = 0; i < rows * scale; i++)
      for (let j = 0; j < cols * scale; j++, at += 3)
        data.set(colorAt(Math.floor(i / scale), Math.floor(j / scale)), at)
    const { encode } = await import('fast-png')
    return encode({ width: cols * scale, height: rows * scale, data, channels: 3, depth: 8 })
  }
}
