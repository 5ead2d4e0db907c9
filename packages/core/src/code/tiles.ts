// Loops over a product of matrices: sums of a tile stay in registers until what follows has been computed of them.

import { type DType, itemSize } from '../base/dtype.ts'
import {
  type AddressOf,
  COLUMN,
  computeAt,
  FIRST_OF_TILES,
  get,
  IN_MATRIX,
  IN_ROW,
  type Loop,
  load,
  loadColumns,
  loadConstants,
  plus,
  repeat,
  repeatUntil,
  set,
  termLocal,
  zero,
} from './loop.ts'
import { arithmetic, LOAD, simd, type Vector, vectors } from './simd.ts'
import type { Code } from './wasm.ts'

/** Vectors of sums in a tile: on 128-bit registers so many leave room for the factors. */
const SUMS = 8
/** The most rows of a tile. */
const ROWS = 4
/** Larger products are the kernel's, which packs blocks for the caches; it divides sums of more terms. */
const MOST_MULTIPLICATIONS = 64 ** 3
const DEEPEST = 256

/** Whether a product of rows x depth by depth x cols is one for loops. */
export const loopsProduct = (rows: number, cols: number, depth: number): boolean =>
  rows * cols * depth <= MOST_MULTIPLICATIONS && depth <= DEEPEST

/** The factors of a product in memory: where op(A) and op(B) begin, and the bytes from row to row and column to column. */
export interface Factors {
  readonly depth: number
  readonly a: number
  readonly aRow: number
  readonly aCol: number
  readonly b: number
  readonly bRow: number
  /** From the columns of B in one tile to those in the next. */
  readonly bPanel: number
  /** Whether a product and a sum are rounded once. */
  readonly fused: boolean
}

/** Whether the columns of B that a tile needs stay in registers while the rows of A pass, one after the other. */
const isShallow = (depth: number): boolean => depth <= 4

/** How many vectors of the result are side by side in a tile. */
export function vectorsAcross(rows: number, cols: number, depth: number, dtype: DType): number {
  const most = isShallow(depth) ? 2 : Math.max(2, Math.floor(SUMS / rows))
  return Math.min(Math.ceil((cols * itemSize(dtype)) / 16), most)
}

// Locals: the bytes to the rows of A and the columns of B in the tile, those to the present term, and where terms end.
const A_TILE = FIRST_OF_TILES
const B_TILE = FIRST_OF_TILES + 1
const A_TERM = FIRST_OF_TILES + 2
const B_TERM = FIRST_OF_TILES + 3
const END = FIRST_OF_TILES + 4

/** The vectors that it needs beside those of the terms: sums, columns of B and an element of A. */
export const TILE_LOCALS: number = 2 * SUMS + 1

/**
 * The code of a loop whose first term is a product. An element's sum runs through its terms in order, as that of the kernel
 * does, of which this is the form for small products of known sizes: nothing is called, and A read where it is.
 */
export const encodeTiles = (loop: Loop, factors: Factors, addressOf: AddressOf): Code =>
  new Tiles(loop, factors, addressOf).encode()

class Tiles {
  private readonly loop: Loop
  private readonly factors: Factors
  private readonly addressOf: AddressOf
  private readonly vectors: Vector
  /** Bytes of an element. */
  private readonly size: number
  /** Vectors of the result side by side, in all tiles but the last. */
  private readonly across: number
  private readonly isShallow: boolean
  /** The locals of the sums begin here, then those of the columns of B, then that of an element of A. */
  private readonly sums: number

  constructor(loop: Loop, factors: Factors, addressOf: AddressOf) {
    const { rows, cols, dtype, terms } = loop
    this.loop = loop
    this.factors = factors
    this.addressOf = addressOf
    this.vectors = vectors[dtype]
    this.size = itemSize(dtype)
    this.across = vectorsAcross(rows, cols, factors.depth, dtype)
    this.isShallow = isShallow(factors.depth)
    this.sums = termLocal(terms.length)
  }

  private sumAt(i: number, j: number): number {
    return this.sums + i * this.across + j
  }

  private columnAt(p: number, wide: number, j: number): number {
    return this.sums + SUMS + p * wide + j
  }

  private multiplyAdd(x: Code, y: Code, sum: Code): Code {
    const v = this.vectors
    if (this.factors.fused) return [x, y, sum, simd(v.fusedMultiplyAdd)]
    return arithmetic(v, 'add', sum, arithmetic(v, 'mul', x, y))
  }

  private loadColumn(wide: number, from: number, p: number): Code {
    const { b, bRow } = this.factors
    return times(wide, (j) => set(this.columnAt(p, wide, j), load(LOAD, get(from), b + p * bRow + 16 * j)))
  }

  /** Adds term p, counted from what the local `from` says, whose columns of B are in their locals. */
  private addTerm(down: number, wide: number, from: number, p: number): Code {
    const { a, aRow, aCol } = this.factors
    const element = this.sums + 2 * SUMS
    return times(down, (i) => [
      set(element, load(this.vectors.loadSplat, get(from), a + i * aRow + p * aCol)),
      times(wide, (j) => {
        const sum = this.sumAt(i, j)
        return set(sum, this.multiplyAdd(get(element), get(this.columnAt(p, wide, j)), get(sum)))
      }),
    ])
  }

  private addTerms(down: number, wide: number): Code {
    const { depth, aCol, bRow } = this.factors
    if (this.isShallow) return times(depth, (p) => this.addTerm(down, wide, A_TILE, p))
    const together = wide === 1 ? 2 : 1
    const turns = Math.floor(depth / together)
    const loadAndAdd = (p: number): Code => [this.loadColumn(wide, B_TERM, p), this.addTerm(down, wide, A_TERM, p)]
    return [
      [set(A_TERM, get(A_TILE)), set(B_TERM, get(B_TILE)), set(END, plus(A_TILE, turns * together * aCol))],
      repeatUntil(A_TERM, get(END), [
        times(together, loadAndAdd),
        [set(A_TERM, plus(A_TERM, together * aCol)), set(B_TERM, plus(B_TERM, together * bRow))],
      ]),
      times(depth % together, loadAndAdd),
    ]
  }

  /** A tile of `down` rows and `wide` vectors, of whose last so many lanes are stored. */
  private tile(down: number, wide: number, lanes?: number): Code {
    const { loop, addressOf, size } = this
    const zeros = times(down, (i) => times(wide, (j) => set(this.sumAt(i, j), this.vectors.splat(0))))
    const stored = times(down, (i) => [
      loadColumns(loop, addressOf, i * size),
      times(wide, (j) => [
        set(termLocal(0), get(this.sumAt(i, j))),
        computeAt(loop, addressOf, {
          matrix: [get(IN_MATRIX), i * loop.cols * size + 16 * j],
          row: [get(IN_ROW), 16 * j],
          ...(j === wide - 1 && lanes !== undefined && { lanes }),
        }),
      ]),
    ])
    return [zeros, this.addTerms(down, wide), stored]
  }

  /** The tiles below one another. */
  private panel(wide: number, lanes?: number): Code {
    const { size } = this
    const { rows, cols } = this.loop
    const { depth, aRow } = this.factors
    const down = this.isShallow ? 1 : Math.min(rows, ROWS, Math.floor(SUMS / wide))
    const next = [set(IN_MATRIX, plus(IN_MATRIX, down * cols * size)), set(A_TILE, plus(A_TILE, down * aRow))]
    return [
      [set(IN_MATRIX, get(IN_ROW)), set(A_TILE, zero)],
      this.isShallow ? times(depth, (p) => this.loadColumn(wide, B_TILE, p)) : [],
      repeat(COLUMN, down * size, Math.floor(rows / down), [this.tile(down, wide, lanes), next]),
      rows % down > 0 ? this.tile(rows % down, wide, lanes) : [],
    ]
  }

  encode(): Code {
    const { loop, across } = this
    const bytes = loop.cols * this.size
    const lanes = (bytes % 16) / this.size || undefined
    const panels = Math.floor(bytes / (16 * across))
    const rest = Math.ceil((bytes - panels * 16 * across) / 16)
    const next = set(B_TILE, plus(B_TILE, this.factors.bPanel))
    return [
      [loadConstants(loop, this.addressOf), set(B_TILE, zero)],
      panels > 0 ? repeat(IN_ROW, 16 * across, panels, [this.panel(across), next]) : set(IN_ROW, zero),
      rest > 0 ? this.panel(rest, lanes) : [],
    ]
  }
}

const times = (count: number, code: (i: number) => Code): Code => Array.from({ length: count }, (_, i) => code(i))
