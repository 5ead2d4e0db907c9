// Every operation against a plain loop. The table has one row an operation; a new operation without a row does not compile.

import * as core from '@matgrad/core'
import { type Algebra, type DType, Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  between,
  type Draw,
  DTYPES,
  erf,
  exactSum,
  gelu,
  identical,
  lines,
  noise,
  positive,
  round,
  sample,
  seed,
  size,
  sprinkled,
  UNIT,
  ulps,
  whole,
} from './support.ts'

type Op = keyof Algebra<'matrix', number, number>
type Callable = (...args: unknown[]) => Matrix
type Axis = 0 | 1 | undefined

const functions = core as unknown as Record<string, Callable | undefined>
const AXES: readonly Axis[] = [undefined, 0, 1]
const { NaN: nan, POSITIVE_INFINITY: inf, MAX_VALUE: huge } = Number

/** Runs a method; fails if it changes an operand, gives a view of one, or if the function of its name gives something else. */
function call(name: Op, a: Matrix, ...rest: unknown[]): Matrix {
  const operands = [a, ...rest].filter((each) => each instanceof Matrix)
  const copies = operands.map((each) => each.clone())
  const methods = a as unknown as Record<string, Callable>
  const result = name === 'T' ? a.T : methods[name](...rest)
  const again = functions[name]?.(a, ...rest)
  if (again && !identical(again, result)) throw new Error(`the function ${name} differs from the method`)
  for (const [i, operand] of operands.entries()) {
    if (!identical(operand, copies[i])) throw new Error(`${name} changed operand ${i + 1}`)
    if (operand.data.buffer === result.data.buffer) throw new Error(`${name} gave a view of operand ${i + 1}`)
  }
  return result
}

interface Wanted {
  readonly rows: number
  readonly cols: number
  readonly dtype: DType
  readonly data: ArrayLike<number>
}

/** How far an element may be from the reference, given which it is and the reference; exact means the sign of 0 as well. */
type Bound = { readonly ulps: number } | { readonly absolute: (i: number) => number } | 'exact'

function compare(actual: Matrix, wanted: Wanted, bound: Bound): void {
  const { rows, cols, dtype, data } = wanted
  if (actual.rows !== rows || actual.cols !== cols || actual.dtype !== dtype || actual.data.length !== rows * cols)
    throw new Error(`got ${actual.rows}x${actual.cols} ${actual.dtype}, wanted ${rows}x${cols} ${dtype}`)
  for (let i = 0; i < data.length; i++) {
    const [got, want] = [actual.data[i], data[i]]
    if (Object.is(got, want)) continue
    const off = bound !== 'exact' && 'ulps' in bound ? ulps(got, want, dtype) : Math.abs(got - want)
    const limit = bound === 'exact' ? -1 : 'ulps' in bound ? bound.ulps : bound.absolute(i)
    if (!(off <= limit)) throw new Error(`element ${i} is ${got}, wanted ${want}: off by ${off}, allowed ${limit}`)
  }
}

/** One row: what the test's name says of the bound, and the test. */
interface Row {
  readonly bound: string
  check(name: Op, dtype: DType): void
}

const sized = (rows: number, cols: number, f: (i: number, j: number) => number): number[] =>
  Array.from({ length: rows * cols }, (_, at) => f(Math.floor(at / cols), at % cols))

// Element by element, one operand.

interface UnaryOptions {
  /** Steps that float64 may be off; 0 is exact. float32 is computed in float64 and rounded, so it may be off by 1, or 0. */
  readonly ulps?: number
  readonly draw?: Draw
  readonly special?: readonly number[]
  readonly args?: readonly number[]
}

const SPECIAL = [nan, inf, -inf, 0, -0, 0.5, -0.5, 1, -1, 2.5, -2.5, 1e30, -1e30, 1e-30, -1e-30, 2 ** -149, 2 ** 24 + 2]

function unary(f: (x: number, ...args: number[]) => number, options: UnaryOptions = {}): Row {
  const { ulps: most = 0, draw = between(-20, 20), special = SPECIAL, args = [] } = options
  return {
    bound: most ? `float64 within ${most} ulp, float32 within 1 ulp` : 'exact',
    check(name, dtype) {
      const bound: Bound = most === 0 ? 'exact' : { ulps: dtype === 'float32' ? 1 : most }
      const rounded = args.map((arg) => round(arg, dtype))
      fc.assert(
        fc.property(size, size, seed, (rows, cols, seed) => {
          const a = sample(rows, cols, dtype, sprinkled(draw, special), noise(seed))
          const data = Array.from(a.data, (x) => round(f(x, ...rounded), dtype))
          compare(call(name, a, ...args), { rows, cols, dtype, data }, bound)
        }),
        { numRuns: 60 },
      )
    },
  }
}

/** As NumPy rounds: the sign of x stays where the result is 0. */
function halfToEven(x: number): number {
  if (!Number.isFinite(x)) return x
  const low = Math.floor(x)
  const up = x - low > 0.5 || (x - low === 0.5 && low % 2 !== 0)
  const value = low + Number(up)
  return value === 0 && (x < 0 || Object.is(x, -0)) ? -0 : value
}

const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))

// Element by element, two operands.

type Extent = (m: number, n: number) => readonly [number, number]

const SAME: Extent = (m, n) => [m, n]
const ROW: Extent = (_, n) => [1, n]
const COLUMN: Extent = (m) => [m, 1]
const SCALAR: Extent = () => [1, 1]

/** Every way in which two shapes broadcast to m x n. */
const BROADCASTS: readonly (readonly [Extent, Extent])[] = [
  [SAME, SAME],
  ...[ROW, COLUMN, SCALAR].flatMap((small): [Extent, Extent][] => [
    [SAME, small],
    [small, SAME],
  ]),
  [COLUMN, ROW],
  [ROW, COLUMN],
  [SCALAR, SCALAR],
]

/** a[i, j] where a is repeated. */
const repeated = (a: Matrix, i: number, j: number): number =>
  a.data[(a.rows === 1 ? 0 : i) * a.cols + (a.cols === 1 ? 0 : j)]

interface BinaryOptions {
  readonly ulps?: number
  readonly left?: Draw
  readonly right?: Draw
}

const EITHER = sprinkled(between(-20, 20), [nan, inf, -inf, 0, -0, 1, 1, -1, 2, 2, 1e30, 1e-30])

function binary(f: (x: number, y: number) => number, options: BinaryOptions = {}): Row {
  const { ulps: most = 0, left = EITHER, right = EITHER } = options
  return {
    bound: `${most ? `float64 within ${most} ulp, float32 within 1 ulp` : 'exact'}, in every broadcast`,
    check(name, dtype) {
      const bound: Bound = most === 0 ? 'exact' : { ulps: dtype === 'float32' ? 1 : most }
      for (const [leftShape, rightShape] of BROADCASTS)
        fc.assert(
          fc.property(size, size, seed, (m, n, seed) => {
            const random = noise(seed)
            const a = sample(...leftShape(m, n), dtype, left, random)
            const b = sample(...rightShape(m, n), dtype, right, random)
            const rows = a.rows === 1 ? b.rows : a.rows
            const cols = a.cols === 1 ? b.cols : a.cols
            const data = sized(rows, cols, (i, j) => round(f(repeated(a, i, j), repeated(b, i, j)), dtype))
            compare(call(name, a, b), { rows, cols, dtype, data }, bound)
          }),
          { numRuns: 15 },
        )
      fc.assert(
        fc.property(size, size, seed, (rows, cols, seed) => {
          const random = noise(seed)
          const a = sample(rows, cols, dtype, left, random)
          const y = right(random)
          const after = Array.from(a.data, (x) => round(f(x, round(y, dtype)), dtype))
          compare(call(name, a, y), { rows, cols, dtype, data: after }, bound)
          const b = sample(rows, cols, dtype, right, random)
          const x = left(random)
          const before = Array.from(b.data, (each) => round(f(round(x, dtype), each), dtype))
          const ofNumber = functions[name]?.(x, b)
          compare(ofNumber as Matrix, { rows, cols, dtype, data: before }, bound)
        }),
        { numRuns: 30 },
      )
    },
  }
}

const truth = (holds: (x: number, y: number) => boolean): Row => binary((x, y) => Number(holds(x, y)))

/** Python's %: JavaScript's, which is exact, with the sign of y. */
function remainder(x: number, y: number): number {
  const rest = x % y
  if (rest === 0) return y < 0 ? -0 : 0
  return rest < 0 === y < 0 ? rest : rest + y
}

/** Of all magnitudes, whole ones and halves among them, so that quotients are large and small and have no rest. */
const DIVIDED = sprinkled(
  (random) => (random() < 0.5 ? Math.round(random() * 80 - 40) / 4 : (random() - 0.5) * 10 ** (80 * random() - 40)),
  [nan, inf, -inf, 0, -0, 1, -1, 1e30, 1e-30, -(2 ** -149)],
)

const logAddExp = (x: number, y: number): number =>
  Math.max(x, y) + Math.log1p(Math.exp(x === y ? 0 : -Math.abs(x - y)))

/** C's pow, which NumPy has too. */
const power = (x: number, p: number): number => (x === 1 || (x === -1 && Math.abs(p) === inf) ? 1 : x ** p)

// Along an axis.

const magnitude = (terms: readonly number[]): number => exactSum(terms.map(Math.abs))

/** How many additions a term goes through at most in a pairwise sum with blocks of 64. */
const depth = (n: number): number => Math.min(n, 64) + Math.ceil(Math.log2(Math.max(1, n / 64)))

interface ReductionOptions {
  readonly bound?: string
  /** How far the result may be from the reference: u is the unit roundoff. */
  readonly off?: (line: readonly number[], u: number) => number
  readonly draw?: Draw
  readonly sizes?: fc.Arbitrary<number>
  readonly rest?: readonly unknown[]
  readonly result?: DType
  /** What the operations in the dtype itself cost, in its u and of the result. */
  readonly last?: number
}

/** f gives one number a line. */
function reduction(f: (line: readonly number[], dtype: DType) => number, options: ReductionOptions = {}): Row {
  const { bound = 'exact', off, draw = between(-20, 20), sizes = size, rest = [], result } = options
  return {
    bound,
    check(name, dtype) {
      for (const axis of AXES)
        fc.assert(
          fc.property(sizes, sizes, seed, (m, n, seed) => {
            const a = sample(m, n, dtype, draw, noise(seed))
            const all = lines(m, n, axis).map((positions) => positions.map((at) => a.data[at]))
            const type = result ?? dtype
            const data = all.map((line) => round(f(line, dtype), type))
            const [rows, cols] = axis === undefined ? [1, 1] : axis === 0 ? [1, n] : [m, 1]
            const allowed: Bound = off
              ? { absolute: (i) => off(all[i], UNIT[dtype]) + Math.abs(data[i]) * UNIT[dtype] }
              : 'exact'
            compare(call(name, a, axis, ...rest), { rows, cols, dtype: type, data }, allowed)
          }),
          { numRuns: 40 },
        )
    },
  }
}

/** f gives as many numbers as the line has. */
function scan(f: (line: readonly number[], dtype: DType) => readonly number[], options: ReductionOptions = {}): Row {
  const { bound = 'exact', off, draw = between(-20, 20), result, last = 2 } = options
  return {
    bound,
    check(name, dtype) {
      for (const axis of AXES)
        fc.assert(
          fc.property(size, size, seed, (rows, cols, seed) => {
            const a = sample(rows, cols, dtype, draw, noise(seed))
            const type = result ?? dtype
            const data = new Array<number>(rows * cols)
            const limits = new Array<number>(rows * cols)
            for (const positions of lines(rows, cols, axis)) {
              const line = positions.map((at) => a.data[at])
              const values = f(line, dtype)
              for (const [i, at] of positions.entries()) {
                data[at] = round(values[i], type)
                limits[at] = (off?.(line, UNIT.float64) ?? 0) + (off ? last * UNIT[dtype] * Math.abs(data[at]) : 0)
              }
            }
            const allowed: Bound = off ? { absolute: (i) => limits[i] } : 'exact'
            compare(call(name, a, axis), { rows, cols, dtype: type, data }, allowed)
          }),
          { numRuns: 40 },
        )
    },
  }
}

const mean = (line: readonly number[]): number => exactSum(line) / line.length

const variance = (line: readonly number[], ddof: number): number => {
  const center = mean(line)
  return exactSum(line.map((x) => (x - center) ** 2)) / Math.max(0, line.length - ddof)
}

/**
 * Each deviation is off by (depth + 2)u(|x| + mean|x|) at most, its square by twice that times |x| + mean|x|, and the sum
 * by depth·u times its terms.
 */
function varianceError(line: readonly number[], u: number, ddof: number): number {
  const center = magnitude(line) / line.length
  const squares = exactSum(line.map((x) => (Math.abs(x) + center) ** 2))
  return ((3 * depth(line.length) + 8) * u * squares) / Math.max(0, line.length - ddof)
}

const ascending = (x: number, y: number): number =>
  Number.isNaN(x) ? Number(!Number.isNaN(y)) : Number.isNaN(y) ? -1 : Number(x > y) - Number(x < y)

/** An insertion sort, stable by construction. */
function order(line: readonly number[]): number[] {
  const places: number[] = []
  for (const [i, x] of line.entries()) {
    let at = places.length
    while (at > 0 && ascending(line[places[at - 1]], x) > 0) at--
    places.splice(at, 0, i)
  }
  return places
}

function median(line: readonly number[], dtype: DType): number {
  if (line.some(Number.isNaN)) return nan
  const sorted = order(line).map((i) => line[i])
  const half = sorted.length / 2
  return Number.isInteger(half) ? round(sorted[half - 1] * 0.5 + sorted[half] * 0.5, dtype) : sorted[Math.floor(half)]
}

function quantile(line: readonly number[], q: number): number {
  if (line.some(Number.isNaN)) return nan
  const sorted = order(line).map((i) => line[i])
  const place = q * (line.length - 1)
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  if (low === high) return low
  const part = place - Math.floor(place)
  return low * (1 - part) + high * part
}

/** Each sum up to an element, exact but for its rounding. */
const runningSums = (line: readonly number[]): number[] => line.map((_, i) => exactSum(line.slice(0, i + 1)))

/** The first place of the element that `better` finds, or of the first NaN. */
function bestPlace(line: readonly number[], better: (x: number, y: number) => boolean): number {
  const invalid = line.findIndex(Number.isNaN)
  if (invalid >= 0) return invalid
  let best = 0
  for (const [i, x] of line.entries()) if (better(x, line[best])) best = i
  return best
}

function logSumExp(line: readonly number[]): number {
  const shift = Math.max(...line)
  return Math.abs(shift) === inf ? shift : shift + Math.log(exactSum(line.map((x) => Math.exp(x - shift))))
}

const largestSize = (line: readonly number[]): number => Math.max(0, ...line.filter(Number.isFinite).map(Math.abs))

/** n terms of a few ulp each, summed one after another, and a subtraction of numbers as large as the largest. */
const logSumExpError = (line: readonly number[], u: number): number =>
  (line.length + 4 + 2 * (largestSize(line) + Math.log(line.length + 1))) * u

const TIED = sprinkled(whole(-3, 3), [nan, inf, -inf, -0])
const LOGITS = sprinkled(between(-30, 30), [-inf, 1e4, -1e4])

// Moving elements.

interface Moved {
  readonly args: readonly unknown[]
  readonly rows: number
  readonly cols: number
  readonly dtype?: DType
  readonly of: (i: number, j: number) => number
}

const below = (random: () => number, n: number): number => Math.floor(random() * n)

/** `prepare` draws the arguments and says what each element of the result is. */
function arrange(
  prepare: (a: Matrix, random: () => number) => Moved,
  options: { rows?: fc.Arbitrary<number>; cols?: fc.Arbitrary<number>; draw?: Draw; runs?: number } = {},
): Row {
  const { rows: sizesOfRows = size, cols: sizesOfCols = size, draw = TIED, runs = 100 } = options
  return {
    bound: 'exact',
    check(name, dtype) {
      fc.assert(
        fc.property(sizesOfRows, sizesOfCols, seed, (m, n, seed) => {
          const random = noise(seed)
          const a = sample(m, n, dtype, draw, random)
          const { args, rows, cols, dtype: type = dtype, of } = prepare(a, random)
          compare(call(name, a, ...args), { rows, cols, dtype: type, data: sized(rows, cols, of) }, 'exact')
        }),
        { numRuns: runs },
      )
    },
  }
}

const at = (a: Matrix, i: number, j: number): number => a.data[i * a.cols + j]

/** An index of n whole numbers below `limit`, as one of the three things that may be one. */
function someIndex(random: () => number, n: number, limit: number): { index: unknown; chosen: number[] } {
  const chosen = Array.from({ length: n }, () => below(random, limit))
  const kind = below(random, 3)
  const data = kind === 0 ? Float32Array.from(chosen) : Float64Array.from(chosen)
  return { index: kind === 2 ? chosen : matrix(data, n, 1), chosen }
}

const TRUTHS: Draw = (random) => [0, 0, -0, 1, 1, 1, -2, 1e-30, nan, inf][below(random, 10)]

const someDiagonal = (random: () => number): number | undefined =>
  [undefined, 0, 1, -1, 3, -3, 40, -40][below(random, 8)]

/** The elements a[i, i + k]. */
const diagonalOf = (a: Matrix, k: number): number[] =>
  Array.from(a.data).filter((_, place) => (place % a.cols) - Math.floor(place / a.cols) === k)

const triangle = (keep: (distance: number, k: number) => boolean): Row =>
  arrange((a, random) => {
    const k = someDiagonal(random)
    return {
      args: [k],
      rows: a.rows,
      cols: a.cols,
      of: (i, j) => (keep(j - i, k ?? 0) ? at(a, i, j) : 0),
    }
  })

const transposed: Row = arrange((a) => ({ args: [], rows: a.cols, cols: a.rows, of: (i, j) => at(a, j, i) }))

type Sized = fc.IPropertyWithHooks<[number, number, number, number]>

/** Products and what is built from them. */
const particular = (bound: string, runs: number, property: (dtype: DType, name: Op) => Sized): Row => ({
  bound,
  check: (name, dtype) => fc.assert(property(dtype, name), { numRuns: runs }),
})

/** For three sizes and a source of random numbers. */
const sizes = (f: (m: number, n: number, k: number, random: () => number) => void): Sized =>
  fc.property(size, size, size, seed, (m, n, k, seed) => f(m, n, k, noise(seed)))

const table: Record<Op, Row> = {
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  // As in NumPy, the sign of −0 is 0.
  sign: unary((x) => Math.sign(x) + 0),
  exp: unary(Math.exp, { ulps: 2 }),
  log: unary(Math.log, { ulps: 2, draw: between(0, 20) }),
  log1p: unary(Math.log1p, { ulps: 2, draw: between(-1, 20) }),
  // 2 ulp, and one of Math.log2 and Math.log10.
  log2: unary(Math.log2, { ulps: 3, draw: between(0, 20) }),
  log10: unary(Math.log10, { ulps: 3, draw: between(0, 20) }),
  expm1: unary(Math.expm1, { ulps: 2 }),
  sqrt: unary(Math.sqrt),
  square: unary((x) => x * x),
  reciprocal: unary((x) => 1 / x),
  sin: unary(Math.sin, { ulps: 2 }),
  cos: unary(Math.cos, { ulps: 2 }),
  tan: unary(Math.tan, { ulps: 3 }),
  // A quotient of two expm1, here and in the reference.
  asin: unary(Math.asin, { ulps: 2, draw: between(-1.1, 1.1) }),
  acos: unary(Math.acos, { ulps: 2, draw: between(-1.1, 1.1) }),
  atan: unary(Math.atan, { ulps: 2 }),
  sinh: unary(Math.sinh, { ulps: 2 }),
  cosh: unary(Math.cosh, { ulps: 2 }),
  tanh: unary(Math.tanh, { ulps: 4, draw: between(-5, 5) }),
  sigmoid: unary(sigmoid, { ulps: 4 }),
  // −0 stays, as in PyTorch.
  relu: unary((x) => (x === 0 ? x : Math.max(x, 0))),
  leakyRelu: unary((x, slope) => (x > 0 ? x : x * slope), { args: [0.3] }),
  elu: unary((x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)), { ulps: 3, args: [1.3] }),
  // 2 ulp, and one of the reference; so is erf.
  gelu: unary(gelu, { ulps: 3, draw: between(-6, 6), special: [0, 0.5, -0.5, 1, -1, 3, -3] }),
  silu: unary((x) => (x === -inf ? -0 : x * sigmoid(x)), { ulps: 4 }),
  softplus: unary((x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))), { ulps: 4 }),
  erf: unary(erf, { ulps: 3, draw: between(-6, 6), special: [0, 0.5, -0.5, 1, -1, 3, -3] }),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  trunc: unary(Math.trunc),
  isNaN: unary((x) => Number(Number.isNaN(x))),
  isFinite: unary((x) => Number(Number.isFinite(x))),
  round: unary(halfToEven, { draw: (random) => Math.round(random() * 80 - 40) / 4 }),
  clip: unary((x, low, high) => Math.min(Math.max(x, low), high), { args: [-1.3, 2.7] }),

  add: binary((x, y) => x + y),
  sub: binary((x, y) => x - y),
  mul: binary((x, y) => x * y),
  div: binary((x, y) => x / y),
  mod: binary(remainder, { left: DIVIDED, right: DIVIDED }),
  pow: binary(power, {
    ulps: 2,
    left: sprinkled(between(0, 20), [nan, inf, -inf, 0, -0, 1, -1, -2]),
    right: sprinkled(between(-5, 5), [nan, inf, -inf, 0, -0, 1, 2, 3, -1, -2, -3, 0.5]),
  }),
  atan2: binary(Math.atan2, { ulps: 2 }),
  logAddExp: binary(logAddExp, {
    ulps: 3,
    left: sprinkled(between(0, 20), [nan, inf, -inf, 0, 1, 1e30]),
    right: sprinkled(between(0, 20), [nan, inf, -inf, 0, 1, 1e30]),
  }),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  less: truth((x, y) => x < y),
  lessEqual: truth((x, y) => x <= y),
  greater: truth((x, y) => x > y),
  greaterEqual: truth((x, y) => x >= y),
  equal: truth((x, y) => x === y),
  notEqual: truth((x, y) => x !== y),

  where: particular('exact, in every broadcast', 60, (dtype, name) =>
    sizes((m, n, kind, random) => {
      const shapes = [SAME, ROW, COLUMN, SCALAR]
      const some = (): readonly [number, number] => shapes[below(random, 4)](m, n)
      const conditionType = DTYPES[kind % 2]
      const condition = sample(...some(), conditionType, sprinkled(whole(0, 1), [nan, -0, inf]), random)
      const operand = (): Matrix | number =>
        random() < 0.2 ? EITHER(random) : sample(...some(), dtype, EITHER, random)
      const [a, b] = [sample(...some(), dtype, EITHER, random), operand()]
      const swap = random() < 0.5
      const all = [condition, a, b].filter((each) => each instanceof Matrix)
      const rows = all.find((each) => each.rows !== 1)?.rows ?? 1
      const cols = all.find((each) => each.cols !== 1)?.cols ?? 1
      const value = (x: Matrix | number, i: number, j: number): number =>
        x instanceof Matrix ? repeated(x, i, j) : round(x, dtype)
      const [yes, no] = swap ? [b, a] : [a, b]
      const data = sized(rows, cols, (i, j) => value(repeated(condition, i, j) !== 0 ? yes : no, i, j))
      compare(call(name, condition, yes, no), { rows, cols, dtype, data }, 'exact')
    }),
  ),
  broadcastTo: particular('exact, in every broadcast', 60, (dtype, name) =>
    sizes((rows, cols, _, random) => {
      const a = sample(...[SAME, ROW, COLUMN, SCALAR][below(random, 4)](rows, cols), dtype, TIED, random)
      const data = sized(rows, cols, (i, j) => repeated(a, i, j))
      compare(call(name, a, rows, cols), { rows, cols, dtype, data }, 'exact')
    }),
  ),

  sum: reduction((line) => exactSum(line), {
    bound: 'within (64 + log₂ n) u Σ|x|',
    off: (line, u) => depth(line.length) * u * magnitude(line),
  }),
  mean: reduction(mean, {
    bound: 'within (65 + log₂ n) u Σ|x| / n',
    off: (line, u) => ((depth(line.length) + 1) * u * magnitude(line)) / line.length,
  }),
  prod: reduction((line) => line.reduce((total, x) => total * x, 1), {
    bound: 'within n u Π|x|',
    draw: (random) => (random() < 0.5 ? -1 : 1) * (0.9 + 0.2 * random()),
    off: (line, u) => 2 * line.length * u * line.reduce((total, x) => total * Math.abs(x), 1),
  }),
  max: reduction((line) => Math.max(...line), { sizes: positive, draw: TIED }),
  min: reduction((line) => Math.min(...line), { sizes: positive, draw: TIED }),
  variance: reduction((line) => variance(line, 1), {
    bound: 'within (200 + 3 log₂ n) u Σ(|x| + mean|x|)² / (n − ddof)',
    rest: [{ ddof: 1 }],
    sizes: fc.constantFrom(2, 3, 4, 5, 8, 16, 17, 33),
    off: (line, u) => varianceError(line, u, 1),
  }),
  std: reduction((line) => Math.sqrt(variance(line, 0)), {
    bound: 'within the variance’s bound over std',
    sizes: fc.constantFrom(2, 3, 4, 5, 8, 16, 17, 33),
    off: (line, u) => {
      const error = varianceError(line, u, 0)
      return Math.min(Math.sqrt(error), error / Math.sqrt(variance(line, 0)))
    },
  }),
  median: reduction(median, { sizes: positive, draw: sprinkled(whole(-9, 9), [nan, inf, -inf, 1e30]) }),
  quantile: particular('within 4 u of the larger neighbour', 100, (dtype, name) =>
    fc.property(positive, positive, size, seed, (m, n, _, seed) => {
      const random = noise(seed)
      const a = sample(m, n, dtype, sprinkled(between(-9, 9), [0, 1, 2, inf, -inf, nan, 1e30]), random)
      const q = [0, 1, 0.25, 0.5, random()][below(random, 5)]
      for (const axis of AXES) {
        const all = lines(m, n, axis).map((positions) => positions.map((at) => a.data[at]))
        const data = all.map((line) => round(quantile(line, q), dtype))
        const [rows, cols] = axis === undefined ? [1, 1] : axis === 0 ? [1, n] : [m, 1]
        const off = (i: number): number =>
          4 * UNIT[dtype] * Math.max(...all[i].filter(Number.isFinite).map(Math.abs), 0)
        compare(call(name, a, q, axis), { rows, cols, dtype, data }, { absolute: off })
      }
    }),
  ),
  argmax: reduction((line) => bestPlace(line, (x, y) => x > y), { sizes: positive, draw: TIED, result: 'float64' }),
  argmin: reduction((line) => bestPlace(line, (x, y) => x < y), { sizes: positive, draw: TIED, result: 'float64' }),
  logSumExp: reduction(logSumExp, {
    // Terms of float32 are exact to 2⁻³⁰.
    bound: 'within (n + 4 + 2 (max|x| + log n)) u of float64 (float32: and 2⁻³⁰), then rounded',
    draw: LOGITS,
    off: (line, u) =>
      logSumExpError(line, UNIT.float64) + (u > UNIT.float64 ? 2 ** -30 : 0) + u * Math.abs(logSumExp(line)),
  }),
  cumsum: scan(runningSums, {
    bound: 'within n u Σ|x| in float64, rounded to the dtype',
    off: (line, u) => line.length * u * magnitude(line),
    last: 1,
  }),
  softmax: scan(
    (line) => {
      const shift = Math.max(...line)
      const total = exactSum(line.map((x) => Math.exp(x - shift)))
      return line.map((x) => (shift === -inf ? nan : Math.exp(x - shift) / total))
    },
    // Of the dtype are the exponential, off by 0.9 ulp or 1.8 u, the rounded sum and the quotient.
    {
      bound: 'within (n + 6) u of float64, then 4 u',
      draw: LOGITS,
      off: (line, u) => (line.length + 6) * u,
      last: 4,
    },
  ),
  logSoftmax: scan(
    (line) => {
      const shift = Math.max(...line)
      const total = Math.log(exactSum(line.map((x) => Math.exp(x - shift))))
      return line.map((x) => (shift === -inf ? nan : x - shift - total))
    },
    { bound: 'within (n + 4 + 2 (max|x| + log n)) u of float64, then rounded', draw: LOGITS, off: logSumExpError },
  ),
  cumprod: scan((line, dtype) => {
    let total = 1
    return line.map((x) => {
      total *= x
      return round(total, dtype)
    })
  }),
  all: reduction((line) => Number(line.every((x) => x !== 0)), { draw: TRUTHS }),
  any: reduction((line) => Number(line.some((x) => x !== 0)), { draw: TRUTHS }),
  diff: arrange(
    (a, random) => {
      const axis = ([undefined, 0, 1] as const)[below(random, 3)]
      const n = [undefined, 0, 1, 2, 3, 40][below(random, 6)]
      let lines = a.toArray()
      const turn = (all: number[][], count: number): number[][] =>
        Array.from({ length: count }, (_, j) => all.map((line) => line[j]))
      if (axis === 0) lines = turn(lines, a.cols)
      const length = Math.max(0, (axis === 0 ? a.rows : a.cols) - (n ?? 1))
      for (let k = 0; k < (n ?? 1); k++)
        lines = lines.map((line) => line.slice(1).map((x, i) => round(x - line[i], a.dtype)))
      const [rows, cols] = axis === 0 ? [length, a.cols] : [a.rows, length]
      return { args: [axis, n], rows, cols, of: (i, j) => (axis === 0 ? lines[j][i] : lines[i][j]) }
    },
    { draw: between(-20, 20) },
  ),
  trace: particular('within n u Σ|a[i, i + k]|', 100, (dtype, name) =>
    sizes((m, n, _, random) => {
      const a = sample(m, n, dtype, between(-20, 20), random)
      const k = someDiagonal(random)
      const line = diagonalOf(a, k ?? 0)
      const off = (depth(line.length) + 1) * UNIT[dtype] * magnitude(line)
      compare(call(name, a, k), { rows: 1, cols: 1, dtype, data: [exactSum(line)] }, { absolute: () => off })
    }),
  ),

  // Its sizes and transposes have a file of their own, matmul.test.ts.
  matmul: particular('within k u |A||B|', 40, (dtype, name) =>
    sizes((m, n, k, random) => {
      const a = sample(m, k, dtype, between(-20, 20), random)
      const b = sample(k, n, dtype, between(-20, 20), random)
      const terms = (i: number, j: number): number[] => Array.from({ length: k }, (_, p) => at(a, i, p) * at(b, p, j))
      const data = sized(m, n, (i, j) => exactSum(terms(i, j)))
      const limits = sized(m, n, (i, j) => (k + 1) * UNIT[dtype] * magnitude(terms(i, j)))
      compare(call(name, a, b), { rows: m, cols: n, dtype, data }, { absolute: (i) => limits[i] })
    }),
  ),
  affine: particular('within (k + 1) u (|A||B| + |bias|)', 40, (dtype, name) =>
    sizes((m, n, k, random) => {
      const a = sample(m, k, dtype, between(-20, 20), random)
      const b = sample(k, n, dtype, between(-20, 20), random)
      const bias = sample(1, n, dtype, between(-20, 20), random)
      const terms = (i: number, j: number): number[] => [
        ...Array.from({ length: k }, (_, p) => at(a, i, p) * at(b, p, j)),
        at(bias, 0, j),
      ]
      const data = sized(m, n, (i, j) => exactSum(terms(i, j)))
      const limits = sized(m, n, (i, j) => (k + 2) * UNIT[dtype] * magnitude(terms(i, j)))
      compare(call(name, a, b, bias), { rows: m, cols: n, dtype, data }, { absolute: (i) => limits[i] })
    }),
  ),
  outer: particular('exact', 60, (dtype, name) =>
    sizes((m, n, kind, random) => {
      const a = sample(...(kind % 2 ? ROW(m, m) : COLUMN(m, m)), dtype, EITHER, random)
      const b = sample(...(kind % 3 ? ROW(n, n) : COLUMN(n, n)), dtype, EITHER, random)
      const data = sized(m, n, (i, j) => round(a.data[i] * b.data[j], dtype))
      compare(call(name, a, b), { rows: m, cols: n, dtype, data }, 'exact')
    }),
  ),
  kron: particular('exact', 60, (dtype, name) =>
    sizes((m, n, kind, random) => {
      const a = sample(m % 6, n % 6, dtype, EITHER, random)
      const b = sample(kind % 5, (m + n) % 5, dtype, EITHER, random)
      const { rows: p, cols: q } = b
      const of = (i: number, j: number): number =>
        round(at(a, Math.floor(i / p), Math.floor(j / q)) * at(b, i % p, j % q), dtype)
      const [rows, cols] = [a.rows * p, a.cols * q]
      compare(call(name, a, b), { rows, cols, dtype, data: sized(rows, cols, of) }, 'exact')
    }),
  ),
  cov: particular('within (200 + 2n) u Σ(|x| + mean|x|)(|y| + mean|y|) / (n − ddof)', 40, (dtype, name) =>
    sizes((m, n, kind, random) => {
      const cols = n + 2
      const a = sample(m, cols, dtype, between(-20, 20), random)
      const ddof = kind % 2
      const rows = lines(m, cols, 1).map((positions) => positions.map((at) => a.data[at]))
      const bigger = rows.map((line) => line.map((x) => Math.abs(x) + magnitude(line) / cols))
      const dot = (x: number[], y: number[]): number => exactSum(x.map((each, i) => each * y[i]))
      const centered = rows.map((line) => line.map((x) => x - mean(line)))
      const data = sized(m, m, (i, j) => dot(centered[i], centered[j]) / (cols - ddof))
      const limit = (2 * depth(cols) + 2 * cols + 8) * UNIT[dtype]
      const limits = sized(m, m, (i, j) => (limit * dot(bigger[i], bigger[j])) / (cols - ddof))
      compare(call(name, a, { ddof }), { rows: m, cols: m, dtype, data }, { absolute: (i) => limits[i] })
    }),
  ),
  corrcoef: particular('within 64 n u for rows whose deviation is not small', 40, (dtype, name) =>
    sizes((m, n, _, random) => {
      const cols = n + 4
      // Alternating signs keep every variance near 100, so that dividing by it loses nothing.
      let count = 0
      const a = sample(m, cols, dtype, () => (count++ % 2 ? 10 : -10) + random() - 0.5 + (count % 7), random)
      const rows = lines(m, cols, 1).map((positions) => positions.map((at) => a.data[at]))
      const centered = rows.map((line) => line.map((x) => x - mean(line)))
      const dot = (x: number[], y: number[]): number => exactSum(x.map((each, i) => each * y[i]))
      const data = sized(m, m, (i, j) => {
        const [x, y] = [centered[i], centered[j]]
        return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
      })
      compare(call(name, a), { rows: m, cols: m, dtype, data }, { absolute: () => 64 * cols * UNIT[dtype] })
    }),
  ),

  T: transposed,
  transpose: transposed,
  astype: arrange((a, random) => {
    const dtype = DTYPES[below(random, 2)]
    return { args: [dtype], rows: a.rows, cols: a.cols, dtype, of: (i, j) => round(at(a, i, j), dtype) }
  }),
  reshape: arrange((a, random) => {
    const total = a.rows * a.cols
    const divisors = Array.from({ length: total }, (_, i) => i + 1).filter((d) => total % d === 0)
    const rows = total === 0 ? 0 : divisors[below(random, divisors.length)]
    const cols = total === 0 ? below(random, 5) : total / rows
    const args =
      total === 0
        ? [rows, cols]
        : [
            [rows, cols],
            [-1, cols],
            [rows, -1],
          ][below(random, 3)]
    return { args, rows, cols, of: (i, j) => a.data[i * cols + j] }
  }),
  slice: arrange((a, random) => {
    const range = (n: number): [number, number] => {
      const start = below(random, n + 1)
      return [start, start + below(random, n - start + 1)]
    }
    const [top, bottom] = range(a.rows)
    const [left, right] = random() < 0.3 ? [0, a.cols] : range(a.cols)
    const whole = left === 0 && right === a.cols
    /** The same position from the end, now and then: there is no such name for the end itself. */
    const from = (i: number, n: number): number => (i < n && random() < 0.4 ? i - n : i)
    const ends = [from(top, a.rows), from(bottom, a.rows), from(left, a.cols), from(right, a.cols)]
    const args =
      whole && bottom === a.rows && random() < 0.5
        ? ends.slice(0, 1)
        : ends.slice(0, whole ? 2 : right === a.cols && random() < 0.5 ? 3 : 4)
    return { args, rows: bottom - top, cols: right - left, of: (i, j) => at(a, top + i, left + j) }
  }),
  row: arrange(
    (a, random) => {
      const i = below(random, a.rows)
      return { args: [random() < 0.5 ? i : i - a.rows], rows: 1, cols: a.cols, of: (_, j) => at(a, i, j) }
    },
    { rows: positive },
  ),
  col: arrange(
    (a, random) => {
      const j = below(random, a.cols)
      return { args: [random() < 0.5 ? j : j - a.cols], rows: a.rows, cols: 1, of: (i) => at(a, i, j) }
    },
    { cols: positive },
  ),
  gatherRows: arrange(
    (a, random) => {
      const { index, chosen } = someIndex(random, below(random, 20), a.rows)
      return { args: [index], rows: chosen.length, cols: a.cols, of: (i, j) => at(a, chosen[i], j) }
    },
    { rows: positive },
  ),
  gatherCols: arrange(
    (a, random) => {
      const { index, chosen } = someIndex(random, below(random, 20), a.cols)
      return { args: [index], rows: a.rows, cols: chosen.length, of: (i, j) => at(a, i, chosen[j]) }
    },
    { cols: positive },
  ),
  filterRows: arrange((a, random) => {
    const holds = Array.from({ length: a.rows }, () => random() < 0.5)
    const column = new Matrix(Float32Array.from(holds, Number), a.rows, 1)
    const mask = [holds, holds.map(Number), column, column.astype('float64')][below(random, 4)]
    const chosen = holds.flatMap((each, i) => (each ? [i] : []))
    return { args: [mask], rows: chosen.length, cols: a.cols, of: (i, j) => at(a, chosen[i], j) }
  }),
  pad: arrange((a, random) => {
    const [top, bottom, left, right] = Array.from({ length: 4 }, () => below(random, 4))
    const value = [undefined, 0, -1, 0.1, nan, inf][below(random, 6)]
    const inside = (i: number, j: number): boolean => i >= 0 && i < a.rows && j >= 0 && j < a.cols
    const of = (i: number, j: number): number =>
      inside(i - top, j - left) ? at(a, i - top, j - left) : round(value ?? 0, a.dtype)
    const [rows, cols] = [top + a.rows + bottom, left + a.cols + right]
    return { args: [top, bottom, left, right, value], rows, cols, of }
  }),
  tile: arrange((a, random) => {
    const [m, n] = [below(random, 4), below(random, 4)]
    return { args: [m, n], rows: m * a.rows, cols: n * a.cols, of: (i, j) => at(a, i % a.rows, j % a.cols) }
  }),
  scatterAddRows: arrange(
    (a, random) => {
      const rows = 1 + below(random, 10)
      const { index, chosen } = someIndex(random, a.rows, rows)
      const sum = (i: number, j: number): number =>
        chosen.reduce((total, each, from) => (each === i ? total + at(a, from, j) : total), 0)
      return { args: [index, rows], rows, cols: a.cols, of: sum }
    },
    { draw: whole(-2000, 2000) },
  ),
  pick: arrange(
    (a, random) => {
      const { index, chosen } = someIndex(random, a.rows, a.cols)
      return { args: [index], rows: a.rows, cols: 1, of: (i) => at(a, i, chosen[i]) }
    },
    { cols: positive },
  ),
  oneHot: arrange(
    (a, random) => {
      const count = 5 + below(random, 6)
      const dtype = random() < 0.5 ? undefined : DTYPES[below(random, 2)]
      const rest = dtype === undefined ? [] : [{ dtype }]
      const of = (i: number, j: number): number => Number(a.data[i] === j)
      return { args: [count, ...rest], rows: a.rows, cols: count, dtype: dtype ?? a.dtype, of }
    },
    { cols: fc.constant(1), draw: whole(0, 4) },
  ),
  place: arrange((a, random) => {
    const [top, left] = [below(random, 4), below(random, 4)]
    const [rows, cols] = [top + a.rows + below(random, 4), left + a.cols + below(random, 4)]
    const inside = (i: number, j: number): boolean => i >= 0 && i < a.rows && j >= 0 && j < a.cols
    const of = (i: number, j: number): number => (inside(i - top, j - left) ? at(a, i - top, j - left) : 0)
    return { args: [rows, cols, top, left], rows, cols, of }
  }),
  diag: arrange(
    (a, random) => {
      const k = someDiagonal(random)
      const n = a.rows + Math.abs(k ?? 0)
      const of = (i: number, j: number): number => (j - i === (k ?? 0) ? a.data[Math.min(i, j)] : 0)
      return { args: [k], rows: n, cols: n, of }
    },
    { cols: fc.constant(1) },
  ),
  diagonal: arrange((a, random) => {
    const k = someDiagonal(random)
    const line = diagonalOf(a, k ?? 0)
    return { args: [k], rows: line.length, cols: 1, of: (i) => line[i] }
  }),
  tril: triangle((distance, k) => distance <= k),
  triu: triangle((distance, k) => distance >= k),
  flipRows: arrange((a) => ({ args: [], rows: a.rows, cols: a.cols, of: (i, j) => at(a, a.rows - 1 - i, j) })),
  flipCols: arrange((a) => ({ args: [], rows: a.rows, cols: a.cols, of: (i, j) => at(a, i, a.cols - 1 - j) })),
  sort: scan((line) => order(line).map((i) => line[i]), { draw: TIED }),
  argsort: scan(order, { draw: TIED, result: 'float64' }),
}

const names = Object.keys(table) as Op[]

describe.each(DTYPES)('%s', (dtype) => {
  test.each(names.map((name) => [name, table[name].bound]))('%s: %s', (name) =>
    table[name as Op].check(name as Op, dtype),
  )
})

describe('the list of operations', () => {
  test.each(names)('%s is a method', (name) => {
    const a = zeros(1, 1) as unknown as Record<string, unknown>
    if (name === 'T') expect(a.T).toBeInstanceOf(Matrix)
    else expect(a[name]).toBeTypeOf('function')
  })

  test('all but T, row, col, astype and place are functions as well', () => {
    expect(names.filter((name) => typeof functions[name] !== 'function').sort()).toEqual(
      ['T', 'astype', 'col', 'place', 'row'].sort(),
    )
  })

  test('the class has no method that is neither an operation nor named here', () => {
    const own = [
      'constructor',
      'data',
      'shape',
      'size',
      'position',
      'get',
      'set',
      'item',
      'clone',
      'assign',
      'toArray',
      'toJSON',
    ]
    const others = [...own, 'equals', 'allClose', 'toString', 'apply']
    const present = Object.getOwnPropertyNames(Matrix.prototype)
    expect(present.filter((name) => !others.includes(name)).sort()).toEqual([...names].sort())
  })
})

/** Operation, arguments, elements in, elements out. */
const specials: readonly (readonly [Op, readonly unknown[], readonly number[], readonly number[]])[] = [
  ['exp', [], [nan, inf, -inf, 0, -0, 1000, -1000], [nan, inf, 0, 1, 1, inf, 0]],
  ['expm1', [], [nan, inf, -inf, 0, -0], [nan, inf, -1, 0, -0]],
  ['log', [], [nan, inf, 0, -0, -1, 1], [nan, inf, -inf, -inf, nan, 0]],
  [
    'log2',
    [],
    [nan, inf, 0, -0, -1, 1, 8, 0.125, 2 ** -149, 2 ** 127],
    [nan, inf, -inf, -inf, nan, 0, 3, -3, -149, 127],
  ],
  ['log10', [], [nan, inf, 0, -0, -1, 1, 10, 1e10, 1e-3, 1e-10], [nan, inf, -inf, -inf, nan, 0, 1, 10, -3, -10]],
  ['log1p', [], [nan, inf, -1, -2, 0, -0], [nan, inf, -inf, nan, 0, -0]],
  ['sqrt', [], [nan, inf, -1, 0, -0], [nan, inf, nan, 0, -0]],
  ['reciprocal', [], [nan, inf, -inf, 0, -0], [nan, 0, -0, inf, -inf]],
  ['sin', [], [nan, inf, -inf, 0, -0], [nan, nan, nan, 0, -0]],
  ['cos', [], [nan, inf, -inf, 0, -0], [nan, nan, nan, 1, 1]],
  ['tan', [], [nan, inf, -inf, 0, -0], [nan, nan, nan, 0, -0]],
  ['asin', [], [nan, inf, -inf, 0, -0, 1.5, -1.5], [nan, nan, nan, 0, -0, nan, nan]],
  ['acos', [], [nan, inf, -inf, 1, 1.5, -1.5], [nan, nan, nan, 0, nan, nan]],
  ['atan', [], [nan, 0, -0], [nan, 0, -0]],
  ['sinh', [], [nan, inf, -inf, 0, -0, 1e4, -1e4], [nan, inf, -inf, 0, -0, inf, -inf]],
  ['cosh', [], [nan, inf, -inf, 0, -0, 1e4, -1e4], [nan, inf, inf, 1, 1, inf, inf]],
  ['atan2', [0], [nan, 0, -0], [nan, 0, -0]],
  ['logAddExp', [-inf], [nan, inf, -inf, 0, 5], [nan, inf, -inf, 0, 5]],
  ['logAddExp', [inf], [nan, inf, -inf, 0, 5], [nan, inf, inf, inf, inf]],
  ['tanh', [], [nan, inf, -inf, 0, -0], [nan, 1, -1, 0, -0]],
  ['sigmoid', [], [nan, inf, -inf, 0, 1e4, -1e4], [nan, 1, 0, 0.5, 1, 0]],
  ['relu', [], [nan, inf, -inf, -1, 2], [nan, inf, 0, 0, 2]],
  ['elu', [], [nan, inf, -inf, 0, -0], [nan, inf, -1, 0, -0]],
  ['gelu', [], [nan, inf, -inf, 0, -0, 1e4, -1e4], [nan, inf, -0, 0, -0, 1e4, -0]],
  ['gelu', [{ approximate: 'tanh' }], [nan, inf, -inf, 0, -0, 1e4, -1e4], [nan, inf, -0, 0, -0, 1e4, -0]],
  ['silu', [], [nan, inf, -inf, 0, -0, 1e4, -1e4], [nan, inf, -0, 0, -0, 1e4, -0]],
  ['softplus', [], [nan, inf, -inf, 1e4, -1e4], [nan, inf, 0, 1e4, 0]],
  ['erf', [], [nan, inf, -inf, 0, -0, 1e4, -1e4], [nan, 1, -1, 0, -0, 1, -1]],
  ['round', [], [nan, inf, -inf, 0.5, 1.5, 2.5, -0.5, -1.5], [nan, inf, -inf, 0, 2, 2, -0, -2]],
  ['floor', [], [nan, inf, -inf, -0.5, -0], [nan, inf, -inf, -1, -0]],
  ['ceil', [], [nan, inf, -inf, -0.5, -0], [nan, inf, -inf, -0, -0]],
  ['trunc', [], [nan, inf, -inf, -0.5, 1.5], [nan, inf, -inf, -0, 1]],
  ['isNaN', [], [nan, inf, -inf, 0], [1, 0, 0, 0]],
  ['isFinite', [], [nan, inf, -inf, 0], [0, 0, 0, 1]],
  ['mod', [3], [7, -7, 6, -6, 0, -0, inf, nan], [1, 2, 0, 0, 0, 0, nan, nan]],
  ['mod', [-3], [7, -7, 6, -6, 0], [-2, -1, -0, -0, -0]],
  ['mod', [inf], [5, -5, 0, inf], [5, inf, 0, nan]],
  ['mod', [0], [5, 0, -5], [nan, nan, nan]],
  ['sign', [], [nan, inf, -inf], [nan, 1, -1]],
  ['clip', [-1, 1], [nan, inf, -inf], [nan, 1, -1]],
  ['clip', [2, 1], [0, 5], [1, 1]],
  ['pow', [0], [nan, inf, 0, -3], [1, 1, 1, 1]],
  ['pow', [nan], [1, 0, nan], [1, nan, nan]],
  ['pow', [inf], [-1, 1, 2, 0.5, -2], [1, 1, inf, 0, inf]],
  ['pow', [-inf], [-1, 1, 2, 0.5], [1, 1, 0, inf]],
  ['pow', [0.5], [-4, -inf, -0], [nan, inf, 0]],
  ['pow', [-1], [0, -0], [inf, -inf]],
  ['maximum', [0], [nan, inf, -inf], [nan, inf, 0]],
  ['maximum', [nan], [1, inf], [nan, nan]],
  ['minimum', [nan], [1, -inf], [nan, nan]],
  ['equal', [nan], [nan, 1], [0, 0]],
  ['notEqual', [nan], [nan, 1], [1, 1]],
  ['equal', [0], [-0], [1]],
  ['sum', [], [1, nan], [nan]],
  ['sum', [], [inf, -inf], [nan]],
  ['max', [], [1, nan, inf], [nan]],
  ['min', [], [1, nan, -inf], [nan]],
  ['max', [], [-inf, -inf], [-inf]],
  ['argmax', [], [3, nan, 5, nan], [1]],
  ['argmin', [], [3, nan, -5, nan], [1]],
  ['argmax', [], [1, 7, 7], [1]],
  ['argmax', [], [-inf, -inf], [0]],
  ['median', [], [1, nan, 2], [nan]],
  ['median', [], [inf, 1, 2], [2]],
  ['sort', [], [3, nan, -inf, inf, nan, 1], [-inf, 1, 3, inf, nan, nan]],
  ['argsort', [], [3, nan, -inf, inf, nan, 1], [2, 5, 0, 3, 1, 4]],
  ['logSumExp', [], [-inf, -inf], [-inf]],
  ['logSumExp', [], [inf, 1], [inf]],
  ['logSumExp', [], [1e4, -inf], [1e4]],
  ['logSumExp', [], [1, nan], [nan]],
  ['softmax', [], [1e4, -1e4, -inf], [1, 0, 0]],
  ['softmax', [], [-1e30, -1e30], [0.5, 0.5]],
  ['softmax', [], [-inf, -inf], [nan, nan]],
  ['softmax', [], [1, nan], [nan, nan]],
  ['logSoftmax', [], [1e4, -inf, 0], [0, -inf, -1e4]],
]

describe.each(DTYPES)('special values as NumPy has them, %s', (dtype) => {
  const show = (numbers: readonly unknown[]): string =>
    numbers.map((x) => (Object.is(x, -0) ? '-0' : String(x))).join(', ')
  const titled = specials.map(
    (row) => [`${row[0]}(${show(row[1])}) of ${show(row[2])} is exactly ${show(row[3])}`, row] as const,
  )
  test.each(titled)('%s', (_, [name, args, input, output]) => {
    const result = call(name, matrix([[...input]], { dtype }), ...args)
    expect(Array.from(result.data)).toEqual(output)
  })

  test.each([
    ['logSumExp', 700, 700 + Math.log(3)],
    ['logSumExp', -800, -800 + Math.log(3)],
  ] as const)('%s of three times %d is %d within 1 ulp', (name, x, wanted) => {
    expect(ulps(call(name, matrix([[x, x, x]], { dtype })).item(), round(wanted, dtype), dtype)).toBeLessThanOrEqual(1)
  })
})

describe('numbers that do not fit the next formula', () => {
  test.each([
    ['float64', huge],
    ['float32', 2 ** 127],
  ] as const)('%s: logSumExp and softmax of the largest numbers are finite', (dtype, x) => {
    const a = matrix([[x, x, -x]], { dtype })
    expect(Array.from(a.softmax().data)).toEqual([0.5, 0.5, 0])
    expect(a.logSumExp().item()).toBe(x)
  })

  test('log2 of every power of 2 and log10 of every power of 10 that a dtype has are whole', () => {
    for (const [dtype, lowest, highest] of [
      ['float32', -149, 127],
      ['float64', -1074, 1023],
    ] as const)
      for (let k = lowest; k <= highest; k++)
        expect(
          core
            .full(1, 1, 2 ** k, { dtype })
            .log2()
            .item(),
        ).toBe(k)
    for (const [dtype, lowest, highest] of [
      ['float32', -37, 38],
      ['float64', -307, 308],
    ] as const)
      for (let k = lowest; k <= highest; k++)
        expect(
          core
            .full(1, 1, Number(`1e${k}`), { dtype })
            .log10()
            .item(),
        ).toBe(k)
  })

  test('mod of 2¹⁰⁰⁰ by 3, 10 and 0.1 is exact: 1, 6 and what BigInt says', () => {
    const a = matrix([[2 ** 1000]], { dtype: 'float64' })
    expect(a.mod(3).item()).toBe(1)
    expect(a.mod(10).item()).toBe(6)
    const tenth = BigInt(0.1 * 2 ** 55)
    expect(a.mod(0.1).item()).toBe(Number(2n ** 1055n % tenth) / 2 ** 55)
    expect(a.neg().mod(10).item()).toBe(4)
  })

  test('a sum of a million tenths in float32 is within 84 u of the exact one, and the last of their running sums within u', () => {
    const a = core.full(1000, 1000, 0.1)
    const wanted = Math.fround(0.1) * 1e6
    for (const total of [a.sum().item(), a.sum(0).sum().item(), a.sum(1).sum().item()])
      expect(Math.abs(total - wanted)).toBeLessThanOrEqual(84 * UNIT.float32 * wanted)
    expect(Math.abs(a.cumsum().data[999999] - wanted)).toBeLessThanOrEqual(UNIT.float32 * wanted)
  })

  test('the variance of numbers near a billion is within 10⁻⁶ of that of their distances', () => {
    const a = matrix([[1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]], { dtype: 'float64' })
    expect(Math.abs(a.variance(undefined, { ddof: 1 }).item() - 30)).toBeLessThan(3e-5)
  })

  test('an index beyond 2²⁴ is exact, whatever the dtype of the matrix', () => {
    const a = zeros(1, 2 ** 24 + 4)
    a.data[2 ** 24 + 1] = 1
    expect(a.argmax().item()).toBe(2 ** 24 + 1)
  })
})

describe('empty matrices, as NumPy has them', () => {
  const values: readonly (readonly [Op, number])[] = [
    ['sum', 0],
    ['prod', 1],
    ['all', 1],
    ['any', 0],
    ['mean', nan],
    ['variance', nan],
    ['std', nan],
    ['logSumExp', -inf],
  ]
  test.each(values)('%s of nothing is %d', (name, value) => {
    for (const [rows, cols] of [
      [0, 0],
      [0, 3],
      [3, 0],
    ])
      expect(Array.from(call(name, zeros(rows, cols)).data)).toEqual([value])
    expect(call(name, zeros(0, 3), 0).toArray()).toEqual([[value, value, value]])
    expect(call(name, zeros(2, 0), 1).toArray()).toEqual([[value], [value]])
    expect(call(name, zeros(0, 3), 1).shape).toEqual([0, 1])
    expect(call(name, zeros(3, 0), 0).shape).toEqual([1, 0])
  })

  const choosing = ['max', 'min', 'argmax', 'argmin', 'median'] as const
  test.each(choosing)('%s of nothing is a ShapeError, of no lines is empty', (name) => {
    expect(() => call(name, zeros(0, 3))).toThrow(ShapeError)
    expect(() => call(name, zeros(0, 3), 0)).toThrow(ShapeError)
    expect(() => call(name, zeros(3, 0), 1)).toThrow(ShapeError)
    expect(call(name, zeros(0, 3), 1).shape).toEqual([0, 1])
    expect(call(name, zeros(3, 0), 0).shape).toEqual([1, 0])
  })
})

describe('dtypes', () => {
  const pairs = ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'less', 'equal', 'matmul', 'kron'] as const
  test.each(pairs)('%s of float32 and float64 computes in float64', (name) => {
    const narrow = matrix([
      [0.1, 2],
      [3, 0.7],
    ])
    const wide = matrix(
      [
        [0.3, 1 / 3],
        [2, 0.2],
      ],
      { dtype: 'float64' },
    )
    const widened = narrow.astype('float64')
    expect(identical(call(name, narrow, wide), call(name, widened, wide))).toBe(true)
    expect(identical(call(name, wide, narrow), call(name, wide, widened))).toBe(true)
    expect(call(name, narrow, wide).dtype).toBe('float64')
  })

  test('outer, where and concat promote as well; a condition does not take part', () => {
    const [narrow, wide] = [matrix([[0.1, 2]]), matrix([[0.3, 1]], { dtype: 'float64' })]
    expect(narrow.outer(wide).dtype).toBe('float64')
    expect(narrow.where(wide, narrow).dtype).toBe('float64')
    expect(wide.where(narrow, narrow).dtype).toBe('float32')
    expect(wide.where(narrow, 0.1).dtype).toBe('float32')
    expect(core.concat([narrow, wide], 0).toArray()).toEqual([
      [Math.fround(0.1), 2],
      [0.3, 1],
    ])
  })

  test('an index does not change the dtype of what it selects', () => {
    const index = matrix([[0]], { dtype: 'float64' })
    expect(matrix([[1]]).gatherRows(index).dtype).toBe('float32')
    expect(matrix([[1]]).pick(index).dtype).toBe('float32')
    expect(matrix([[1]]).scatterAddRows(index, 1).dtype).toBe('float32')
  })

  test('two numbers make a 1x1 of the default dtype', () => {
    expect(core.add(1, 2).dtype).toBe('float32')
    expect(core.exp(0).toArray()).toEqual([[1]])
  })
})

describe('defaults', () => {
  const a = matrix([[-2, -0.5, 3]], { dtype: 'float64' })
  test('leakyRelu’s slope is 0.01, elu’s alpha 1', () => {
    expect(identical(a.leakyRelu(), a.leakyRelu(0.01))).toBe(true)
    expect(identical(a.elu(), a.elu(1))).toBe(true)
  })

  test('ddof is 0 in variance and std, 1 in cov', () => {
    expect(identical(a.variance(), a.variance(undefined, { ddof: 0 }))).toBe(true)
    expect(identical(a.std(1), a.std(1, { ddof: 0 }))).toBe(true)
    expect(identical(a.cov(), a.cov({ ddof: 1 }))).toBe(true)
  })
})

describe('what moves elements at the size of a data set', () => {
  const a = core.fromFunction(2000, 61, (i, j) => i + j / 64)
  const mask = core.fromFunction(2000, 1, (i) => Number(i % 3 === 0))

  test('filterRows, gatherCols, tile, pad, diff and cumprod are what their formulas say, exactly', () => {
    expect(identical(a.filterRows(mask), a.gatherRows(Array.from({ length: 667 }, (_, i) => 3 * i)))).toBe(true)
    expect(a.gatherCols([60, 0]).get(-1, 0)).toBe(1999 + 60 / 64)
    expect(a.tile(3, 2).get(-1, -1)).toBe(1999 + 60 / 64)
    expect(a.pad(1, 2, 3, 4, -7).get(-2, -4)).toBe(-7)
    expect(a.pad(1, 2, 3, 4, -7).get(-3, -5)).toBe(1999 + 60 / 64)
    expect(a.diff(0).equals(core.ones(1999, 61))).toBe(true)
    expect(a.diff().equals(core.full(2000, 60, 1 / 64))).toBe(true)
    expect(core.full(2, 1000, 2).cumprod(1).slice(0, 2, 0, 128).log2().get(-1, -1)).toBe(Number.POSITIVE_INFINITY)
    expect(core.full(1000, 2, 2, { dtype: 'float64' }).cumprod(0).log2().get(-1, -1)).toBe(1000)
  })

  test('a running product in float32 is rounded once: it goes through what float32 does not hold', () => {
    expect(
      matrix([[2 ** 100, 2 ** 100, 2 ** -100]])
        .cumprod()
        .toArray(),
    ).toEqual([[2 ** 100, inf, 2 ** 100]])
  })

  test('diff has no axis but 0 and 1, and NumPy’s last where there is none', () => {
    expect(
      matrix([[1, 3, 6]])
        .diff()
        .toArray(),
    ).toEqual([[2, 3]])
    expect(
      matrix([[1, 3, 6]])
        .diff(1, 2)
        .toArray(),
    ).toEqual([[1]])
    expect(matrix([[1, 3, 6]]).diff(0).shape).toEqual([0, 3])
  })
})

describe('concat: exact', () => {
  test.each([0, 1] as const)('along axis %d', (axis) => {
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 4 }), size, seed, (lengths, across, seed) => {
        const random = noise(seed)
        const parts = lengths.map((n) =>
          sample(axis === 0 ? n : across, axis === 0 ? across : n, 'float64', TIED, random),
        )
        const copies = parts.map((part) => part.clone())
        const joined = core.concat(parts, axis)
        const total = lengths.reduce((sum, n) => sum + n, 0)
        const [rows, cols] = axis === 0 ? [total, across] : [across, total]
        const data = sized(rows, cols, (i, j) => {
          let place = axis === 0 ? i : j
          const part = parts.find((each) => {
            const length = each.shape[axis]
            if (place < length) return true
            place -= length
            return false
          }) as Matrix
          return axis === 0 ? at(part, place, j) : at(part, i, place)
        })
        compare(joined, { rows, cols, dtype: 'float64', data }, 'exact')
        expect(parts.every((part, i) => identical(part, copies[i]))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
