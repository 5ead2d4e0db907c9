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
import { arithmetic, LOAD, simd, vectors } from './simd.ts'
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
export function encodeTiles(loop: Loop, factors: Factors, addressOf: AddressOf): Code {
  const tiling = tilingOf(loop, factors, addressOf)
  const { across, size } = tiling
  const bytes = loop.cols * size
  const lanes = (bytes % 16) / size || undefined
  const panels = Math.floor(bytes / (16 * across))
  const rest = Math.ceil((bytes - panels * 16 * across) / 16)
  const next = set(B_TILE, plus(B_TILE, factors.bPanel))
  return [
    [loadConstants(loop, addressOf), set(B_TILE, zero)],
    panels > 0 ? repeat(IN_ROW, 16 * across, panels, [panel(tiling, across), next]) : set(IN_ROW, zero),
    rest > 0 ? panel(tiling, rest, lanes) : [],
  ]
}

type Tiling = ReturnType<typeof tilingOf>

function tilingOf(loop: Loop, factors: Factors, addressOf: AddressOf) {
  const { rows, cols, dtype, terms } = loop
  /** Vectors of the result side by side, in all tiles but the last. */
  const across = vectorsAcross(rows, cols, factors.depth, dtype)
  const sums = termLocal(terms.length)
  return {
    ...factors,
    ...{ loop, addressOf, across, v: vectors[dtype], size: itemSize(dtype), shallow: isShallow(factors.depth) },
    /** The locals of the sums, of the columns of B, and of an element of A. */
    sumAt: (i: number, j: number): number => sums + i * across + j,
    columnAt: (p: number, wide: number, j: number): number => sums + SUMS + p * wide + j,
    element: sums + 2 * SUMS,
  }
}

const multiplyAdd = ({ v, fused }: Tiling, x: Code, y: Code, sum: Code): Code =>
  fused ? [x, y, sum, simd(v.fusedMultiplyAdd)] : arithmetic(v, 'add', sum, arithmetic(v, 'mul', x, y))

const loadColumn = ({ columnAt, b, bRow }: Tiling, wide: number, from: number, p: number): Code =>
  times(wide, (j) => set(columnAt(p, wide, j), load(LOAD, get(from), b + p * bRow + 16 * j)))

/** Adds term p, counted from what the local `from` says, whose columns of B are in their locals. */
function addTerm(tiling: Tiling, down: number, wide: number, from: number, p: number): Code {
  const { v, a, aRow, aCol, element, sumAt, columnAt } = tiling
  const addAt = (i: number, j: number): Code =>
    set(sumAt(i, j), multiplyAdd(tiling, get(element), get(columnAt(p, wide, j)), get(sumAt(i, j))))
  return times(down, (i) => [
    set(element, load(v.loadSplat, get(from), a + i * aRow + p * aCol)),
    times(wide, (j) => addAt(i, j)),
  ])
}

function addTerms(tiling: Tiling, down: number, wide: number): Code {
  const { depth, aCol, bRow } = tiling
  if (tiling.shallow) return times(depth, (p) => addTerm(tiling, down, wide, A_TILE, p))
  const together = wide === 1 ? 2 : 1
  const turns = Math.floor(depth / together)
  const loadAndAdd = (p: number): Code => [loadColumn(tiling, wide, B_TERM, p), addTerm(tiling, down, wide, A_TERM, p)]
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
function tile(tiling: Tiling, down: number, wide: number, lanes?: number): Code {
  const { loop, addressOf, size, sumAt, v } = tiling
  return [
    times(down, (i) => times(wide, (j) => set(sumAt(i, j), v.splat(0)))),
    addTerms(tiling, down, wide),
    times(down, (i) => [
      loadColumns(loop, addressOf, i * size),
      times(wide, (j) => [
        set(termLocal(0), get(sumAt(i, j))),
        computeAt(loop, addressOf, {
          matrix: [get(IN_MATRIX), i * loop.cols * size + 16 * j],
          row: [get(IN_ROW), 16 * j],
          ...(j === wide - 1 && lanes !== undefined && { lanes }),
        }),
      ]),
    ]),
  ]
}

/** The tiles below one another. */
function panel(tiling: Tiling, wide: number, lanes?: number): Code {
  const { loop, size, shallow, depth, aRow } = tiling
  const { rows, cols } = loop
  const down = shallow ? 1 : Math.min(rows, ROWS, Math.floor(SUMS / wide))
  const next = [set(IN_MATRIX, plus(IN_MATRIX, down * cols * size)), set(A_TILE, plus(A_TILE, down * aRow))]
  return [
    [set(IN_MATRIX, get(IN_ROW)), set(A_TILE, zero)],
    shallow ? times(depth, (p) => loadColumn(tiling, wide, B_TILE, p)) : [],
    repeat(COLUMN, down * size, Math.floor(rows / down), [tile(tiling, down, wide, lanes), next]),
    rows % down > 0 ? tile(tiling, rows % down, wide, lanes) : [],
  ]
}

const times = (count: number, code: (i: number) => Code): Code => Array.from({ length: count }, (_, i) => code(i))
