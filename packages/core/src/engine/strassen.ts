import type { DType } from '../base/dtype.ts'
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
  if (!divides(size)) {
    multiply(engine, dtype, c, a, b, size, accumulate ? ACCUMULATE : 0)
    return
  }
  const bytes = dtype === 'float32' ? 4 : 8
  const half = halved(size)
  const at = (x: Region, i: number, j: number): Region => ({
    ...x,
    address: x.address + (i * x.row + j * x.col) * bytes,
  })
  const quarters = (x: Region, rows: number, cols: number): Region[] => [
    at(x, 0, 0),
    at(x, 0, cols),
    at(x, rows, 0),
    at(x, rows, cols),
  ]

  /** Room for a block in scratch memory, stored the way round that `like` is. */
  const temporary = (rows: number, cols: number, like: Region): Region => {
    const address = free
    free += rows * cols * bytes
    return like.col === 1 ? { address, row: cols, col: 1 } : { address, row: 1, col: rows }
  }
  const combine = (out: Region, x: Region, y: Region, rows: number, cols: number, minus: 0 | 1): void => {
    const [lines, length] = x.col === 1 ? [rows, cols] : [cols, rows]
    const step = (z: Region): number => (z.col === 1 ? z.row : z.col)
    const calls: number[][] = []
    for (let i = 0; i < lines; i += ROWS) {
      const addresses = [out, x, y].map((z) => z.address + i * step(z) * bytes)
      calls.push([...addresses, Math.min(ROWS, lines - i), length, step(out), step(x), step(y), minus])
    }
    engine.run('combine', dtype, calls)
  }
  const product = (out: Region, x: Region, y: Region, add: boolean): void =>
    strassen(engine, dtype, out, x, y, half, add, free)

  const { m, n, k } = half
  const [a11, a12, a21, a22] = quarters(a, m, k)
  const [b11, b12, b21, b22] = quarters(b, k, n)
  const [c11, c12, c21, c22] = quarters(c, m, n)
  const [s, t] = [temporary(m, k, a), temporary(k, n, b)]
  const [u, v] = [temporary(m, n, c), temporary(m, n, c)]
  const sumOfA = (x: Region, y: Region, minus: 0 | 1): void => combine(s, x, y, m, k, minus)
  const sumOfB = (x: Region, y: Region, minus: 0 | 1): void => combine(t, x, y, k, n, minus)
  const addTo = (out: Region, x: Region): void => combine(out, out, x, m, n, 0)

  product(u, a11, b11, false)
  product(c11, a12, b21, accumulate)
  addTo(c11, u)

  sumOfA(a21, a22, 0)
  sumOfB(b12, b11, 1)
  product(v, s, t, false)

  sumOfA(s, a11, 1)
  sumOfB(b22, t, 1)
  product(u, s, t, true)

  sumOfA(a12, s, 1)
  product(c12, s, b22, accumulate)
  addTo(c12, u)
  addTo(c12, v)

  sumOfB(b21, t, 1)
  product(c21, a22, t, accumulate)
  sumOfA(a11, a21, 1)
  sumOfB(b22, b12, 1)
  product(u, s, t, true)
  addTo(c21, u)

  if (accumulate) addTo(c22, u)
  else combine(c22, u, v, m, n, 0)
  if (accumulate) addTo(c22, v)

  // What an odd size leaves: the last term of the sums, then the last column and the last row.
  const [evenM, evenN, evenK] = [2 * m, 2 * n, 2 * k]
  const [lastM, lastN, lastK] = [size.m - evenM, size.n - evenN, size.k - evenK]
  const peeled = (i: number, j: number, p: number, part: ProductSize, add: boolean): void =>
    multiply(engine, dtype, at(c, i, j), at(a, i, p), at(b, p, j), part, add ? ACCUMULATE : 0)
  if (lastK) peeled(0, 0, evenK, { m: evenM, n: evenN, k: 1 }, true)
  if (lastN) peeled(0, evenN, 0, { m: evenM, n: 1, k: size.k }, accumulate)
  if (lastM) peeled(evenM, 0, 0, { m: 1, n: size.n, k: size.k }, accumulate)
}
