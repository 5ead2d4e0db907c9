import { checkNoMore, oneOf, readerOf } from '../base/options.ts'
import type { Matrix } from '../matrix/matrix.ts'
import { largestExponents, negated, scaledBy } from './equilibrate.ts'
import { checkMatrix, checkRange, create, enter, leave, SQUARED, shifted, UNSCALED } from './workspace.ts'

export interface QrOptions {
  /** Whether Q has min(m, n) columns or all m of them. @default 'reduced' */
  readonly mode?: 'reduced' | 'complete'
}

const readQr = readerOf({ mode: oneOf('reduced', 'complete')('reduced') })

/**
 * What the kernel takes for m x n with `cols` columns of Q, k = min(m, n): the factorisation by halves 2·m·k + k², then V
 * (m x k) with two products of k x (n − k), or with one of k x cols.
 */
export function roomForQr(m: number, n: number, cols: number): number {
  const k = Math.min(m, n)
  return Math.max(2 * m * k + k * k, m * k + k * Math.max(2 * (n - k), cols))
}

/**
 * A = Q·R for an m x n matrix by Householder's reflectors (LAPACK's dgeqrt3; Elmroth & Gustavson 2000), with LAPACK's signs:
 * the diagonal of R may be negative. With k = min(m, n), Q is m x k with QᵀQ = I and R k x n upper trapezoidal; in the mode
 * 'complete' Q is m x m and R m x n.
 *
 * Defaults: mode 'reduced'.
 *
 * @throws DTypeError unless a is a matrix, and for another mode; LinAlgError for NaN and infinities, and where an element of R
 * lies beyond the range of the dtype.
 */
export function qr(a: Matrix, options?: QrOptions, ...more: []): { Q: Matrix; R: Matrix } {
  checkNoMore('qr', 'a, options', more)
  checkMatrix('qr', 'a', a)
  const { mode } = readQr('qr', options)
  const { rows: m, cols: n, dtype } = a
  const k = Math.min(m, n)
  const cols = mode === 'reduced' ? k : m
  const rooms = [k * k, m * cols, roomForQr(m, n, cols)]
  let workspace = enter('qr', [a], rooms, SQUARED)
  let exponents: Int32Array = new Int32Array(n)
  if (workspace.scales[0] !== 1) {
    // Each column by itself, which changes no Q, and so small ones do not vanish beside others.
    const none = new Int32Array(m)
    exponents = largestExponents(a, none, true)
    workspace = enter('qr', [scaledBy(a, none, negated(exponents))], rooms, UNSCALED)
  }
  const { engine, kernels, at } = workspace
  const [address, t, q, work] = at
  kernels.qr(address, t, q, work, m, n, cols)
  const R = create(dtype, cols, n)
  for (let i = 0; i < k; i++)
    for (let j = i; j < n; j++) R.elements[i * n + j] = shifted(engine.f64[address / 8 + i * n + j], exponents[j])
  return { Q: leave(workspace, q, m, cols, dtype, 1), R: checkRange('qr', R, 'R') }
}
