import { type DType, itemSize } from './dtype.ts'
import type { Attributes, Block } from './operation.ts'
import { constant, I32_CONST, LOCAL_GET, LOCAL_SET, signed, unsigned } from './wasm.ts'

/** One step of a loop: it loads a block, or computes an operation of terms before it, given by their numbers. */
export type Term =
  | { readonly load: Block }
  | { readonly operation: string; readonly inputs: readonly number[]; readonly attributes: Attributes }

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
  readonly stores: readonly { readonly term: number; readonly block: Block }[]
}

type Code = readonly number[]

/** The instructions of a dtype; those of float64 are numbered as those of float32, in most places so many further on. */
interface Vector {
  readonly splat: (value: number) => Code
  readonly loadSplat: number
  readonly compare: number
  readonly arithmetic: number
  readonly floor: number
  readonly nearest: number
}

const simd = (code: number): Code => [0xfd, ...unsigned(code)]
const LOAD = 0x00
const STORE = 0x0b
const AND = 0x4e
const BITSELECT = 0x52
const STORE_LANE = { 4: 0x5a, 8: 0x5b }

const vectors: Readonly<Record<DType, Vector>> = {
  float32: {
    splat: (value) => [...constant('f', value), ...simd(0x13)],
    loadSplat: 0x09,
    compare: 0x41,
    arithmetic: 0xe0,
    floor: 0x68,
    nearest: 0x6a,
  },
  float64: {
    splat: (value) => [...constant('F', value), ...simd(0x14)],
    loadSplat: 0x0a,
    compare: 0x47,
    arithmetic: 0xec,
    floor: 0x75,
    nearest: 0x94,
  },
}

/** Places after `compare` and `arithmetic`. */
const COMPARE = { equal: 0, notEqual: 1, less: 2, greater: 3, lessEqual: 4, greaterEqual: 5 }
const ARITHMETIC = { abs: 0, neg: 1, sqrt: 3, add: 4, sub: 5, mul: 6, div: 7, minimum: 8, maximum: 9 }

/** The code of each operation that loops have, from the code that gives its inputs: what the kernel of its name does. */
const operations: Readonly<Record<string, (v: Vector, inputs: readonly Code[], attributes: Attributes) => Code>> = {
  ...Object.fromEntries(
    Object.entries(ARITHMETIC).map(([name, at]) => [
      name,
      (v: Vector, xs: readonly Code[]) => [...xs.flat(), ...simd(v.arithmetic + at)],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(COMPARE).map(([name, at]) => [
      name,
      (v: Vector, xs: readonly Code[]) => [...xs.flat(), ...simd(v.compare + at), ...v.splat(1), ...simd(AND)],
    ]),
  ),
  square: (v, [x]) => [...x, ...x, ...simd(v.arithmetic + ARITHMETIC.mul)],
  reciprocal: (v, [x]) => [...v.splat(1), ...x, ...simd(v.arithmetic + ARITHMETIC.div)],
  relu: (v, [x]) => [...x, ...v.splat(0), ...simd(v.arithmetic + ARITHMETIC.maximum)],
  floor: (v, [x]) => [...x, ...simd(v.floor)],
  round: (v, [x]) => [...x, ...simd(v.nearest)],
  leakyRelu(v, [x], { slope }) {
    const scaled = [...x, ...v.splat(slope), ...simd(v.arithmetic + ARITHMETIC.mul)]
    return [...x, ...scaled, ...x, ...v.splat(0), ...simd(v.compare + COMPARE.greater), ...simd(BITSELECT)]
  },
  clip(v, [x], { low, high }) {
    const raised = [...x, ...v.splat(low), ...simd(v.arithmetic + ARITHMETIC.maximum)]
    return [...raised, ...v.splat(high), ...simd(v.arithmetic + ARITHMETIC.minimum)]
  },
  where: (v, [condition, a, b]) => [
    ...[...a, ...b, ...condition, ...v.splat(0), ...simd(v.compare + COMPARE.notEqual)],
    ...simd(BITSELECT),
  ],
  broadcastTo: (_v, [x]) => x,
  clone: (_v, [x]) => x,
}

/** Whether loops can compute the operation of this name. */
export const loops = (operation: string): boolean => Object.hasOwn(operations, operation)

// Locals of the function that loops are written into: the byte of the row where a column operand is, that in the row, that in
// the matrix; then the values of terms.
const COLUMN = 0
const IN_ROW = 1
const IN_MATRIX = 2
export const INTEGER_LOCALS = 3

const get = (local: number): Code => [LOCAL_GET, ...unsigned(local)]
const set = (local: number): Code => [LOCAL_SET, ...unsigned(local)]
const read = (term: number): Code => get(INTEGER_LOCALS + term)

/** An instruction that reads or writes memory at `address` plus what is on the stack. */
const access = (code: number, address: number): Code => [...simd(code), 0, ...unsigned(address)]
const zero: Code = [I32_CONST, 0]

/** local += step */
const advance = (local: number, step: number): Code => [...get(local), I32_CONST, ...signed(step), 0x6a, ...set(local)]

/** Repeats `body` until the local, which it advances, has reached `end`. */
const repeat = (local: number, end: number, body: Code): Code => [
  ...[0x03, 0x40, ...body],
  ...[...get(local), I32_CONST, ...signed(end), 0x49],
  ...[0x0d, 0, 0x0b],
]

/** How a block that is loaded moves: not at all, with the rows, with the columns, or with both. */
const motionOf = ({ rows, cols }: Block, loop: Loop): 'none' | 'rows' | 'columns' | 'both' => {
  if (rows * cols === 1) return loop.rows * loop.cols === 1 ? 'both' : 'none'
  if (rows === loop.rows && cols === loop.cols) return 'both'
  return cols === 1 ? 'rows' : 'columns'
}

/** The code of a loop, which leaves the locals as it likes. `addressOf` says where a block is. */
export function encodeLoop(loop: Loop, addressOf: (block: Block) => number): Code {
  const { rows, cols, dtype, terms, stores } = loop
  const vector = vectors[dtype]
  const size = itemSize(dtype)
  const loadAt = (block: Block, code: number, base: Code, more = 0): Code => [
    ...base,
    ...access(code, addressOf(block) + more),
  ]
  const define = (number: number, code: Code): Code => [...code, ...set(INTEGER_LOCALS + number)]

  /** Loads, computes and stores at a place; only so many lanes where `lanes` says so. */
  const body = (inMatrix: Code, inRow: Code, more: number, lanes?: number): Code => [
    ...terms.flatMap((term, number) => {
      if ('operation' in term)
        return define(number, operations[term.operation](vector, term.inputs.map(read), term.attributes))
      const motion = motionOf(term.load, loop)
      if (motion === 'both') return define(number, loadAt(term.load, LOAD, inMatrix, more))
      return motion === 'columns' ? define(number, loadAt(term.load, LOAD, inRow, more)) : []
    }),
    ...stores.flatMap(({ term, block }) => {
      const value = read(term)
      if (lanes === undefined) return [...inMatrix, ...value, ...access(STORE, addressOf(block) + more)]
      const pair =
        size === 4 && lanes >= 2 ? [...inMatrix, ...value, ...access(STORE_LANE[8], addressOf(block)), 0] : []
      const single = lanes % 2 === 1 || size === 8
      const lane = size === 4 && lanes === 3 ? 2 : 0
      const last = single
        ? [...inMatrix, ...value, ...access(STORE_LANE[size], addressOf(block) + lane * size), lane]
        : []
      return [...pair, ...last]
    }),
  ]
  const splats = (motion: 'none' | 'rows', base: Code): Code =>
    terms.flatMap((term, number) =>
      'load' in term && motionOf(term.load, loop) === motion
        ? define(number, loadAt(term.load, vector.loadSplat, base))
        : [],
    )

  const loads = terms.flatMap((term) => ('load' in term ? [motionOf(term.load, loop)] : []))
  const flat = rows === 1 || loads.every((motion) => motion === 'none' || motion === 'both')
  const vectorsIn = (count: number): number => Math.ceil((count * size) / 16)
  if (flat) {
    // Every block has room for whole vectors.
    const trips = vectorsIn(rows * cols)
    if (trips <= 2)
      return [...splats('none', zero), ...Array.from({ length: trips }, (_, i) => body(zero, zero, 16 * i)).flat()]
    const at = get(IN_MATRIX)
    return [
      ...[...splats('none', zero), ...zero, ...set(IN_MATRIX)],
      ...repeat(IN_MATRIX, trips * 16, [...body(at, at, 0), ...advance(IN_MATRIX, 16)]),
    ]
  }
  const lanes = (cols * size) % 16
  const whole = cols * size - lanes
  const at = get(IN_MATRIX)
  const inRow = get(IN_ROW)
  const tail = lanes === 0 ? [] : [...body(at, inRow, 0, lanes / size), ...advance(IN_MATRIX, lanes)]
  const vectorsOfRow =
    whole === 0 ? [] : repeat(IN_ROW, whole, [...body(at, inRow, 0), ...advance(IN_MATRIX, 16), ...advance(IN_ROW, 16)])
  return [
    ...[...splats('none', zero), ...zero, ...set(IN_MATRIX), ...zero, ...set(COLUMN)],
    ...repeat(COLUMN, rows * size, [
      ...[...splats('rows', get(COLUMN)), ...zero, ...set(IN_ROW)],
      ...[...vectorsOfRow, ...tail, ...advance(COLUMN, size)],
    ]),
  ]
}
