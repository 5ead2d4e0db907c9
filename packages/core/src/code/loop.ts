import { type DType, itemSize } from '../base/dtype.ts'
import type { Attributes, Block } from '../ops/operation.ts'
import { compute, LOAD, maskOf, STORE, STORE_LANE, simd, vectors } from './simd.ts'
import { type Code, I32_CONST, LOCAL_GET, LOCAL_SET, signed, unsigned } from './wasm.ts'

/** What a loop reads and writes. */
export type Area = Pick<Block, 'rows' | 'cols' | 'elements'>

/**
 * One step of a loop: it loads a block, or computes an operation of terms before it, given by their numbers. The first may
 * be a product.
 */
export type Term =
  | { readonly load: Area }
  | { readonly operation: string; readonly inputs: readonly number[]; readonly attributes: Attributes }
  | Product

/** op(A)·op(B), where op(X) is X or Xᵀ. */
export interface Product {
  readonly product: readonly [Block, Block]
  readonly transposeA: boolean
  readonly transposeB: boolean
}

/**
 * Elementwise operations that run together over the elements of rows x cols: what one computes stays in a register for the
 * next. Blocks that are loaded may be one row, column or element, which is repeated.
 */
export interface Loop {
  readonly rows: number
  readonly cols: number
  readonly dtype: DType
  readonly terms: readonly Term[]
  /** What is stored: the value of a term, in a block of rows x cols. */
  readonly stores: readonly { readonly term: number; readonly block: Area }[]
}

// Locals of the function that loops are written into: the byte of the row where a column operand is, that in the row, that in
// the matrix; those of tiles; then the values of terms.
export const COLUMN = 0
export const IN_ROW = 1
export const IN_MATRIX = 2
export const FIRST_OF_TILES = 3
export const INTEGER_LOCALS = 8

export const get = (local: number): Code => [LOCAL_GET, unsigned(local)]
export const set = (local: number, value: Code): Code => [value, LOCAL_SET, unsigned(local)]

/** The local with the value of a term. */
export const termLocal = (term: number): number => INTEGER_LOCALS + term

export const zero: Code = [I32_CONST, 0]
export const plus = (local: number, step: number): Code => [get(local), I32_CONST, signed(step), 0x6a]

/** Repeats code while `local`, which it changes, is less than what `end` gives. */
export const repeatUntil = (local: number, end: Code, body: Code): Code => [
  [0x03, 0x40, body],
  [get(local), end, 0x49],
  [0x0d, 0, 0x0b],
]

/** Runs code with the local 0, step, 2·step, …, so many times, at least once. */
export function repeat(local: number, step: number, times: number, body: Code): Code {
  const turn = [body, set(local, plus(local, step))]
  return [set(local, zero), times === 1 ? turn : repeatUntil(local, [I32_CONST, signed(times * step)], turn)]
}

/** An instruction that reads or writes memory at `address` plus what `base` gives. */
export const load = (code: number, base: Code, address: number): Code => [base, simd(code), 0, unsigned(address)]
const store = (base: Code, value: Code, code: number, address: number, lane: Code = []): Code => [
  [base, value, simd(code), 0],
  [unsigned(address), lane],
]

/** Says where a block is in memory. */
export type AddressOf = (block: Area) => number

/** How a block that is loaded moves: not at all, with the rows, with the columns, or with both. */
const motionOf = ({ rows, cols }: Area, loop: Loop): 'none' | 'rows' | 'columns' | 'both' => {
  if (rows * cols === 1) return loop.rows * loop.cols === 1 ? 'both' : 'none'
  if (rows === loop.rows && cols === loop.cols) return 'both'
  return cols === 1 ? 'rows' : 'columns'
}

/** The loads of blocks that move so, or not at all, in all lanes: at what `base` gives, and so many bytes further. */
function splats(loop: Loop, addressOf: AddressOf, motion: 'none' | 'rows', base: Code, more = 0): Code {
  const { loadSplat } = vectors[loop.dtype]
  return loop.terms.map((term, number) =>
    'load' in term && motionOf(term.load, loop) === motion
      ? set(termLocal(number), load(loadSplat, base, addressOf(term.load) + more))
      : [],
  )
}

/** Loads the elements that are the same everywhere. */
export const loadConstants = (loop: Loop, addressOf: AddressOf): Code => splats(loop, addressOf, 'none', zero)

/** Loads the elements of columns in the row whose place in a column is in COLUMN, or so many bytes further. */
export const loadColumns = (loop: Loop, addressOf: AddressOf, more = 0): Code =>
  splats(loop, addressOf, 'rows', get(COLUMN), more)

/** Where a vector is: the bytes in the matrix and in its row, each as what code gives and an offset. */
interface VectorPlace {
  readonly matrix: readonly [base: Code, offset: number]
  readonly row: readonly [base: Code, offset: number]
  /** How many lanes are stored, where not all. */
  readonly lanes?: number
}

/** The lanes where a term is not 0. What a comparison gives is asked for once more, not made of its ones: V8 sees that. */
function maskOfTerm({ terms, dtype }: Loop, number: number): Code {
  const term = terms[number]
  const [operation, inputs] = 'operation' in term ? [term.operation, term.inputs] : [undefined, []]
  const values = inputs.map((input) => get(termLocal(input)))
  return maskOf(vectors[dtype], operation, values, get(termLocal(number)))
}

/** Loads, computes and stores a vector. Elements that are repeated, and a product, are in the locals of their terms. */
export function computeAt(loop: Loop, addressOf: AddressOf, { matrix, row, lanes }: VectorPlace): Code {
  const { dtype, terms, stores } = loop
  const size = itemSize(dtype)
  const values = terms.map((term, number) => {
    if ('product' in term) return []
    if ('operation' in term) {
      const inputs = term.inputs.map((input, i) =>
        term.operation === 'where' && i === 0 ? maskOfTerm(loop, input) : get(termLocal(input)),
      )
      return set(termLocal(number), compute(vectors[dtype], term.operation, inputs, term.attributes))
    }
    const motion = motionOf(term.load, loop)
    if (motion === 'none' || motion === 'rows') return []
    const [base, offset] = motion === 'both' ? matrix : row
    return set(termLocal(number), load(LOAD, base, addressOf(term.load) + offset))
  })
  const [base, offset] = matrix
  const stored = stores.map(({ term, block }) => {
    const value = get(termLocal(term))
    const at = addressOf(block) + offset
    if (lanes === undefined) return store(base, value, STORE, at)
    const pair = size === 4 && lanes >= 2 ? store(base, value, STORE_LANE[8], at, [0]) : []
    const lane = size === 4 && lanes === 3 ? 2 : 0
    const last = lanes % 2 === 1 || size === 8 ? store(base, value, STORE_LANE[size], at + lane * size, [lane]) : []
    return [pair, last]
  })
  return [values, stored]
}

/** The code of a loop without a product, which leaves the locals as it likes. `addressOf` says where a block is. */
export function encodeLoop(loop: Loop, addressOf: AddressOf): Code {
  const { rows, cols, dtype, terms } = loop
  const size = itemSize(dtype)
  const at = get(IN_MATRIX)
  const moves = terms.map((term) => ('load' in term ? motionOf(term.load, loop) : 'none'))
  if (rows === 1 || moves.every((motion) => motion === 'none' || motion === 'both')) {
    // Every block has room for whole vectors.
    const trips = Math.ceil((rows * cols * size) / 16)
    const vectorAt = (base: Code, offset: number): Code =>
      computeAt(loop, addressOf, { matrix: [base, offset], row: [base, offset] })
    const body =
      trips <= 2
        ? Array.from({ length: trips }, (_, i) => vectorAt(zero, 16 * i))
        : repeat(IN_MATRIX, 16, trips, vectorAt(at, 0))
    return [loadConstants(loop, addressOf), body]
  }
  const lanes = ((cols * size) % 16) / size
  const whole = Math.floor((cols * size) / 16)
  const place = { matrix: [at, 0], row: [get(IN_ROW), 0] } as const
  const vector = [computeAt(loop, addressOf, place), set(IN_MATRIX, plus(IN_MATRIX, 16))]
  const rest = [computeAt(loop, addressOf, { ...place, lanes }), set(IN_MATRIX, plus(IN_MATRIX, lanes * size))]
  const row = [
    loadColumns(loop, addressOf),
    whole > 0 ? repeat(IN_ROW, 16, whole, vector) : set(IN_ROW, zero),
    lanes > 0 ? rest : [],
  ]
  return [loadConstants(loop, addressOf), set(IN_MATRIX, zero), repeat(COLUMN, size, rows, row)]
}
