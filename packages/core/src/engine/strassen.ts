import { type DType, itemSize } from '../base/dtype.ts'
import type { Engine } from './engine.ts'
import { ACCUMULATE, multiply, type ProductSize, type Region } from './product.ts'

// Strassen's algorithm (1969) in Winograd's form: seven products of halves instead of eight, with fifteen sums. Odd sizes are
// peeled: the last row, column or term is added by products of its own (Huss-Lederman et al. 1996).

/** Below this size in any direction, what the sums cost is more than what an eighth of the product saves. */
const CROSSOVER = 1024

/** Rows of a block that are summed in one call. */
const ROWS = 64

const halved = ({ m, n, k }: ProductSize): ProductSize => ({ m: m >> 1, n: n >> 1, k: k >> 1 })

const divides = ({ m, n, k }: ProductSize): boolean => Math.min(m, n, k) >= CROSSOVER

/** How many elements of scratch memory a product of this size takes. */
export function strassenRoom(size: ProductSize): number {
  if (!divides(size)) return 0
  const { m, n, k } = halved(size)
  return m * k + k * n + 2 * m * n + strassenRoom(halved(size))
}

/** The part of a region that begins at its element [i, j]. */
const at = (x: Region, i: number, j: number, dtype: DType): Region => ({
  ...x,
  address: x.address + (i * x.row + j * x.col) * itemSize(dtype),
})

/** The four parts of a region of twice as many rows and columns. */
const quarters = (x: Region, rows: number, cols: number, dtype: DType): Region[] =>
  [0, rows].flatMap((i) => [0, cols].map((j) => at(x, i, j, dtype)))

/** out = x + y, or x − y where `minus`. All lie the same way round, by rows or by columns. */
function combine(
  engine: Engine,
  dtype: DType,
  [out, x, y]: readonly Region[],
  rows: number,
  cols: number,
  minus: 0 | 1,
): void {
  const [lines, length] = x.col === 1 ? [rows, cols] : [cols, rows]
  const step = (z: Region): number => (z.col === 1 ? z.row : z.col)
  const calls: number[][] = []
  for (let i = 0; i < lines; i += ROWS) {
    const addresses = [out, x, y].map((z) => z.address + i * step(z) * itemSize(dtype))
    calls.push([...addresses, Math.min(ROWS, lines - i), length, step(out), step(x), step(y), minus])
  }
  engine.run('combine', dtype, calls)
}

/** C = A·B or C += A·B, as `multiply`; `free` is the address of scratch memory. */
export function strassen(
  engine: Engine,
  dtype: DType,
  c: Region,
  a: Region,
  b: Region,
  size: ProductSize,
  accumulate: boolean,
  free: number,
): void {
  if (divides(size)) {
    multiplyHalves(engine, dtype, [c, a, b], halved(size), accumulate, free)
    multiplyRest(engine, dtype, [c, a, b], size, accumulate)
  } else multiply(engine, dtype, c, a, b, size, accumulate ? ACCUMULATE : 0)
}

/** The product of even sizes, twice those of `half`. */
function multiplyHalves(
  engine: Engine,
  dtype: DType,
  [c, a, b]: readonly Region[],
  half: ProductSize,
  accumulate: boolean,
  free: number,
): void {
  const { m, n, k } = half
  let next = free
  /** Room for a block in scratch memory, stored the way round that `like` is. */
  const temporary = (rows: number, cols: number, like: Region): Region => {
    const address = next
    next += rows * cols * itemSize(dtype)
    return like.col === 1 ? { address, row: cols, col: 1 } : { address, row: 1, col: rows }
  }
  const [a11, a12, a21, a22] = quarters(a, m, k, dtype)
  const [b11, b12, b21, b22] = quarters(b, k, n, dtype)
  const [c11, c12, c21, c22] = quarters(c, m, n, dtype)
  const [s, t] = [temporary(m, k, a), temporary(k, n, b)]
  const [u, v] = [temporary(m, n, c), temporary(m, n, c)]
  const product = (out: Region, x: Region, y: Region, add: boolean): void =>
    strassen(engine, dtype, out, x, y, half, add, next)
  const sumOfA = (x: Region, y: Region, minus: 0 | 1): void => combine(engine, dtype, [s, x, y], m, k, minus)
  const sumOfB = (x: Region, y: Region, minus: 0 | 1): void => combine(engine, dtype, [t, x, y], k, n, minus)
  const sumOfC = (out: Region, x: Region, y: Region): void => combine(engine, dtype, [out, x, y], m, n, 0)

  product(u, a11, b11, false)
  product(c11, a12, b21, accumulate)
  sumOfC(c11, c11, u)

  sumOfA(a21, a22, 0)
  sumOfB(b12, b11, 1)
  product(v, s, t, false)

  sumOfA(s, a11, 1)
  sumOfB(b22, t, 1)
  product(u, s, t, true)

  sumOfA(a12, s, 1)
  product(c12, s, b22, accumulate)
  sumOfC(c12, c12, u)
  sumOfC(c12, c12, v)

  sumOfB(b21, t, 1)
  product(c21, a22, t, accumulate)
  sumOfA(a11, a21, 1)
  sumOfB(b22, b12, 1)
  product(u, s, t, true)
  sumOfC(c21, c21, u)

  if (accumulate) sumOfC(c22, c22, u)
  sumOfC(c22, accumulate ? c22 : u, v)
}

/** What an odd size leaves: the last term of the sums, then the last column and the last row. */
function multiplyRest(
  engine: Engine,
  dtype: DType,
  [c, a, b]: readonly Region[],
  { m, n, k }: ProductSize,
  accumulate: boolean,
): void {
  const [evenM, evenN, evenK] = [m, n, k].map((size) => size & ~1)
  const multiplyAt = (i: number, j: number, p: number, part: ProductSize, add: boolean): void =>
    multiply(engine, dtype, at(c, i, j, dtype), at(a, i, p, dtype), at(b, p, j, dtype), part, add ? ACCUMULATE : 0)
  if (evenK < k) multiplyAt(0, 0, evenK, { m: evenM, n: evenN, k: 1 }, true)
  if (evenN < n) multiplyAt(0, evenN, 0, { m: evenM, n: 1, k }, accumulate)
  if (evenM < m) multiplyAt(evenM, 0, 0, { m: 1, n, k }, accumulate)
}
