import type { Matrix } from '../matrix/matrix.ts'
import { largestExponents, negated, scaledBy } from './equilibrate.ts'
import { checkRange, create, enter, leave, SQUARED, shifted, UNSCALED } from './workspace.ts'

/**
 * What the kernel takes for m x n with `cols` columns of Q, k = min(m, n): the factorisation by halves 2·m·k + k², then V
 * (m x k) with two products of k x (n − k), or with one of k x cols.
 */
export function roomForQr(m: number, n: number, cols: number): number {
  const k = Math.min(m, n)
  return Math.max(2 * m * k + k * k, m * k + k * Math.max(2 * (n - k), cols))
}

/** A = Q·R by Householder's reflectors, all m columns of Q if `complete`, else min(m, n). */
export function factorise(operation: string, a: Matrix, complete: boolean): { Q: Matrix; R: Matrix } {
  const { rows: m, cols: n, dtype } = a
  const k = Math.min(m, n)
  const cols = complete ? m : k
  const rooms = [k * k, m * cols, roomForQr(m, n, cols)]
  let workspace = enter(operation, [a], rooms, SQUARED)
  let exponents: Int32Array = new Int32Array(n)
  if (workspace.scales[0] !== 1) {
    // Each column by itself, which changes no Q, and so small ones do not vanish beside others.
    const none = new Int32Array(m)
    exponents = largestExponents(a, none, true)
    workspace = enter(operation, [scaledBy(a, none, negated(exponents))], rooms, UNSCALED)
  }
  const { engine, kernels, at } = workspace
  const [address, t, q, work] = at
  kernels.qr(address, t, q, work, m, n, cols)
  const R = create(dtype, cols, n)
  for (let i = 0; i < k; i++)
    for (let j = i; j < n; j++) R.elements[i * n + j] = shifted(engine.f64[address / 8 + i * n + j], exponents[j])
  return { Q: leave(workspace, q, m, cols, dtype, 1), R: checkRange(operation, R, 'R') }
}
